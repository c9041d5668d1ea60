"""The second task: predict every neuron's features frame by frame, on its own predictions.

Paper, eq. 4-5 and "Neuron-level Trajectory Prediction": `X(t+1) = X(t) + f(X(t))`, trained on
windows of 8 frames and evaluated 16 frames ahead; scheduled sampling for Markovian models, for
recurrent ones a burn-in of four frames before the eight that they predict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from wormgnn.cohort import Cohort
from wormgnn.errors import ChoiceError, RecordingError
from wormgnn.features import WINDOW_FRAMES
from wormgnn.folds import fold_of_window
from wormgnn.models import MODELS, PREDICTORS, predictor
from wormgnn.models.networks import LaggedMLP
from wormgnn.plan import Plan
from wormgnn.recording import Recording
from wormgnn.store import Arrays
from wormgnn.tasks.frames import member_seeds
from wormgnn.tasks.rollout import (
    BURN_IN_FRAMES,
    HORIZON_FRAMES,
    Members,
    Rollout,
    Traces,
    evaluate,
    mean_square_error,
    scheduled_sampling,
    starts,
)
from wormgnn.tasks.simple_forecasts import FORECASTS, Autoregression, Windows, fit_ridge
from wormgnn.training import History, Schedule, fit, seed_of, torch_device

VERSION: int = 1
"""Raised by hand when a result of this task is meant to change; stored results carry it."""

COLUMNS = (
    *("subset", "n_train", "fold", "worm", "seen", "step"),
    *("mse", "mse_trace", "mse_derivative", "windows", "diverged"),
)
"""Of `rows`."""


def check(plan: Plan, cohort: Cohort) -> None:
    """Refuse what cannot run, before anything runs.

    ChoiceError for an unknown model, or a constant derivative whose features are not scaled over
    the whole recording; RecordingError for a worm too short for the horizon, or no worm to
    forecast; NeuronError for a worm that lacks a neuron: there is no truth to forecast.
    """
    if plan.model not in {*FORECASTS, *PREDICTORS}:
        raise ChoiceError("model", plan.model, [*FORECASTS, *PREDICTORS])
    if plan.model == "constant-derivative" and plan.scaling != "whole":
        raise ChoiceError("scaling of the constant derivative", plan.scaling, ["whole"])
    for recording in cohort.recordings:
        starts(recording.n_frames)
    if (other := plan.options.get("averaged_with", "mean")) not in FORECASTS:
        raise ChoiceError("averaged_with", other, FORECASTS)
    if (whose := plan.options.get("edges_of", "another worm")) != "another worm":
        raise ChoiceError("edges_of", whose, ["another worm"])
    subsets(plan, cohort)
    cohort.complete()


def version(plan: Plan) -> list[int]:
    """Versions of the task and of the model: what a stored result's key is made of.

    Simple forecasts have no version of their own: they change with the task.
    """
    return [VERSION, MODELS[plan.model].version if plan.model in MODELS else 1]


def subsets(plan: Plan, cohort: Cohort) -> list[tuple[str, ...]]:
    """Training worms of each member: every subset that leaves a worm to forecast.

    RecordingError if there is none.
    """
    n_worms = len(cohort.recordings)
    members = [worms for worms in cohort.subsets(plan.sizes) if len(worms) < n_worms]
    if not members:
        raise RecordingError(
            f"expected another worm than those that train: {n_worms} worms, of which "
            f"{plan.sizes or 'any number'} train"
        )
    return members


def run_fold(plan: Plan, cohort: Cohort, fold: int, device: str = "auto") -> Arrays:
    """Train all members on one fold, and forecast every worm that they never met.

    Two options are of the forecast, not of the network. With `averaged_with`, a key of `FORECASTS`,
    it is the mean of the network's and of that one's. With `edges_of` as `another worm`, edges that
    hold for a recording come from the next worm's, a control.

    Arrays; errors and forecasts are NaN, and no window has diverged, where the worm was seen.

    - `seen`: whether the member was trained on the worm, shape (members, worms).
    - `mse`: mean square error over windows, shape (members, worms, features, neurons, frames
      ahead); infinite where a prediction was not finite.
    - `diverged`: windows with a prediction beyond `DIVERGED` or not finite, (members, worms).
    - `examples`: some forecasts, shape (members, worms, features, neurons, `N_EXAMPLES`, frames);
      see `example_starts`.
    - `free`: one free roll-out, shape (members, worms, features, neurons, `FREE_FRAMES`); see
      `free_start`.
    - `validation`: lowest MSE on the validation windows of the training worms, shape (members,):
      what a choice between models of one kind may rest on (recurrent ones have seen four frames,
      not one). NaN where nothing was trained.

    TrainingError where training diverges: the message names the members and the epoch.
    """
    members, worms = subsets(plan, cohort), worm_traces(plan, cohort, fold, device)
    if plan.model in FORECASTS:
        ensembles = [_simple(plan.model, cohort, worms, members)]
        validation = np.full(len(members), np.nan, dtype=np.float32)
    else:
        model, history = train(plan, cohort, worms, members, fold)
        ensembles, validation = [[model] * len(worms)], history.validation.amin(0).numpy()
        if "edges_of" in plan.options:
            following = [*worms[1:], worms[0]]
            worms = [
                replace(worm, edges_from=other.x)
                for worm, other in zip(worms, following, strict=True)
            ]
        if "averaged_with" in plan.options:
            ensembles.append(_simple(plan.options["averaged_with"], cohort, worms, members))
    return {**evaluate(worms, members, *ensembles), "validation": validation}


def rows(plan: Plan, cohort: Cohort, fold: int, arrays: Arrays) -> pd.DataFrame:
    """One row for each member, worm that it never met, and frame ahead.

    `COLUMNS`: subset (worms joined by "+"), seen (never), step (frames ahead), mse (mean over
    neurons and both features), windows and diverged (numbers of windows).
    """
    members, recordings = subsets(plan, cohort), cohort.recordings
    member, worm = np.nonzero(~arrays["seen"])
    mse = arrays["mse"][member, worm].mean(axis=2)  # over neurons
    pairs = pd.DataFrame(
        {
            "subset": ["+".join(members[m]) for m in member],
            "n_train": [len(members[m]) for m in member],
            "fold": fold,
            "worm": [recordings[w].worm for w in worm],
            "seen": False,
            "windows": [len(starts(recordings[w].n_frames)) for w in worm],
            "diverged": arrays["diverged"][member, worm],
        }
    )
    table = pairs.loc[pairs.index.repeat(HORIZON_FRAMES)].reset_index(drop=True)
    table = table.assign(
        step=np.tile(np.arange(1, HORIZON_FRAMES + 1), len(member)),
        mse=mse.mean(axis=1).ravel(),
        mse_trace=mse[:, 0].ravel(),
        mse_derivative=mse[:, 1].ravel(),
    )
    return table[list(COLUMNS)]


def window_frames(plan: Plan) -> int:
    """Length of training windows: eight frames, and before them what a memory is warmed up on."""
    network = MODELS[plan.model].network if plan.model in MODELS else None
    return WINDOW_FRAMES + BURN_IN_FRAMES * getattr(network, "recurrent", False)


def worm_traces(plan: Plan, cohort: Cohort, fold: int, device: str = "auto") -> list[Traces]:
    """All worms of a cohort; `fold` validates, and there is no test fold (paper)."""
    target, n_folds, length = torch_device(device), cohort.profile.n_folds, window_frames(plan)
    trained = {worm for worms in subsets(plan, cohort) for worm in worms}
    traces = []
    for number, worm in enumerate(cohort.features(2, plan.scaling)):
        validates = np.zeros(0, dtype=np.bool_)
        if worm.worm in trained:
            seed = 100 * plan.seed + number
            folds = fold_of_window(worm.n_frames, n_folds, plan.split, seed, length)
            validates = folds == fold % n_folds
        x, causal = torch.from_numpy(worm.x).to(target), plan.scaling == "causal"
        traces.append(Traces(worm.worm, x, validates, length, causal))
    return traces


def train(
    plan: Plan, cohort: Cohort, worms: Sequence[Traces], members: Members, fold: int
) -> tuple[Rollout, History]:
    """An ensemble of networks, one for each member, trained."""
    epochs = plan.epochs or cohort.profile.epochs
    options = {"hidden": cohort.profile.hidden, **plan.options}
    for of_forecast in ("averaged_with", "edges_of"):
        options.pop(of_forecast, None)
    seeds = member_seeds(plan, fold, members)
    model = Rollout(predictor(plan.model, seeds, len(cohort.neurons), **options))
    network = model.predictor
    if isinstance(network, LaggedMLP) and network.linear is not None:
        fitted = [fit_ridge(*_windows_of(worms, names), lags=network.lags) for names in members]
        weights, biases = (torch.from_numpy(np.stack(own)) for own in zip(*fitted, strict=True))
        network.begin(weights, biases)
    model.to(worms[0].x.device)
    met = [(worm, [n for n, names in enumerate(members) if worm.name in names]) for worm in worms]
    training, validation = (
        [batch for worm, rows in met for batch in worm.batches(rows, model, validates)]
        for validates in (False, True)
    )
    # A recurrent network has its burn-in in place of true frames.
    end = 0 if model.predictor.recurrent else round(plan.sampling_end * epochs)
    history = fit(
        model,
        training,
        validation,
        mean_square_error,
        Schedule(epochs, plan.learning_rate),
        seed_of(plan.seed, fold),
        f"{plan.model}, fold {fold}",
        scheduled_sampling(end),
    )
    return model, history


def _windows_of(worms: Sequence[Traces], names: Sequence[str]) -> tuple[Windows, Windows]:
    """Training and validation windows of a member's worms."""
    own = [worm for worm in worms if worm.name in names]
    training, validation = (
        [worm.windows(validates).cpu().numpy() for worm in own] for validates in (False, True)
    )
    return training, validation


def _simple(name: str, cohort: Cohort, worms: Sequence[Traces], members: Members) -> list[Rollout]:
    """A key of `FORECASTS`, fitted on the windows that networks train on, for each worm."""
    windows = [_windows_of(worms, names) for names in members]

    def model(worm: Recording) -> Rollout:
        fitted = [FORECASTS[name](*both, worm, cohort.neurons) for both in windows]
        return Rollout(Autoregression(fitted)).to(worms[0].x.device)

    if name == "constant-derivative":
        return [model(worm) for worm in cohort.recordings]
    return [model(cohort.recordings[0])] * len(worms)  # the evaluated worm plays no part
