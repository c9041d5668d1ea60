"""The second task: predict every neuron's features frame by frame, on its own predictions.

Paper, eq. 4-5 and "Neuron-level Trajectory Prediction": `X(t+1) = X(t) + f(X(t))`, trained on
windows of 8 frames and evaluated 16 frames ahead; scheduled sampling for Markovian models, for
recurrent ones a burn-in of four frames before the eight that they predict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from wormgnn.errors import ChoiceError, RecordingError
from wormgnn.features import WARMUP_FRAMES, WINDOW_FRAMES
from wormgnn.folds import fold_of_window
from wormgnn.models import MODELS, PREDICTORS, predictor
from wormgnn.models.ensemble import seed_of
from wormgnn.models.recurrent import LaggedMLP
from wormgnn.store import Arrays
from wormgnn.tasks.evaluation import (
    HORIZON_FRAMES,
    Forecast,
    Members,
    evaluate,
    evaluate_networks,
    starts,
)
from wormgnn.tasks.frames import member_seeds, spaced
from wormgnn.tasks.rollout import (
    BURN_IN_FRAMES,
    Rollout,
    ScheduledSampling,
    mean_square_error,
    members_at_once,
)
from wormgnn.tasks.simple_forecasts import FORECASTS, SimpleForecast, fit_ridge
from wormgnn.training import Batch, History, Schedule, fit, torch_device

if TYPE_CHECKING:
    from wormgnn.cohort import Cohort
    from wormgnn.plan import Plan

VERSION: int = 1
"""Raised by hand when a result of this task is meant to change; stored results carry it."""

CONTEXT_FRAMES = 128  # evenly spaced frames that give edges which hold for a whole recording
CONTEXT_WINDOWS = 32  # that many forecasts in a row have the same edges, where these are causal

COLUMNS = (
    *("subset", "n_train", "fold", "worm", "seen", "step"),
    *("mse", "mse_trace", "mse_derivative", "windows", "diverged"),
)
"""Of `rows`."""


def check(plan: Plan, cohort: Cohort) -> None:
    """Refuse what cannot run, before anything runs.

    Raises
    ------
    ChoiceError
        An unknown model; a constant derivative whose features are not scaled over the whole
        recording.
    RecordingError
        A worm too short for the horizon, or no worm to forecast.
    NeuronError
        A worm that lacks a neuron: there is no truth to forecast.
    """
    if plan.model not in {*FORECASTS, *PREDICTORS}:
        raise ChoiceError("model", plan.model, [*FORECASTS, *PREDICTORS])
    if plan.model == "constant-derivative" and plan.scaling != "whole":
        raise ChoiceError("scaling of the constant derivative", plan.scaling, ["whole"])
    for recording in cohort.recordings:
        starts(recording.n_frames)
    if (other := plan.options.get("averaged_with", "mean")) not in FORECASTS:
        raise ChoiceError("averaged_with", other, FORECASTS)
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

    With the option `averaged_with`, a key of `FORECASTS`, the forecast is the mean of a network's
    and of that one's.

    Returns
    -------
    arrays
        Errors and forecasts are NaN, and no window has diverged, where the worm was seen.

        seen : whether the member was trained on the worm, shape (members, worms).
        mse : mean square error over windows, shape (members, worms, features, neurons, frames
        ahead); infinite where a prediction was not finite.
        diverged : windows with a prediction beyond `DIVERGED` or not finite, (members, worms).
        examples : some forecasts, shape (members, worms, features, neurons, `N_EXAMPLES`,
        frames); see `example_starts`.
        free : one free roll-out, shape (members, worms, features, neurons, `FREE_FRAMES`); see
        `free_start`.
        validation : lowest MSE on the validation windows of the training worms, shape
        (members,): what a choice between models of one kind may rest on (recurrent ones have
        seen four frames, not one). NaN where nothing was trained.

    TrainingError where training diverges: the message names the members and the epoch.
    """
    members = subsets(plan, cohort)
    worms = worm_traces(plan, cohort, fold, device)
    if plan.model in FORECASTS:
        simple = _simple(plan.model, cohort, worms, members)
        return evaluate(worms, members, simple, [len(members)] * len(worms))
    model, history = train(plan, cohort, worms, members, fold)
    other = plan.options.get("averaged_with")
    beside = None if other is None else _simple(other, cohort, worms, members)
    arrays = evaluate_networks(model, worms, members, beside)
    return {**arrays, "validation": history.validation.amin(0).numpy()}


def rows(plan: Plan, cohort: Cohort, fold: int, arrays: Arrays) -> pd.DataFrame:
    """One row for each member, worm that it never met, and frame ahead.

    `COLUMNS`: subset (worms joined by "+"), seen (never), step (frames ahead), mse (mean over
    neurons and both features), windows and diverged (numbers of windows).
    """
    members, recordings = subsets(plan, cohort), cohort.recordings
    member, worm = np.nonzero(~arrays["seen"])
    mse = arrays["mse"][member, worm].mean(axis=2)  # over neurons
    ahead = np.repeat(np.arange(len(member)), HORIZON_FRAMES)
    columns = {
        "subset": ["+".join(members[m]) for m in member],
        "n_train": [len(members[m]) for m in member],
        "worm": [recordings[w].worm for w in worm],
        "windows": [len(starts(recordings[w].n_frames)) for w in worm],
        "diverged": arrays["diverged"][member, worm],
    }
    table = pd.DataFrame(columns).loc[ahead].reset_index(drop=True)
    table = table.assign(
        fold=fold,
        seen=False,
        step=np.tile(np.arange(1, HORIZON_FRAMES + 1), len(member)),
        mse=mse.mean(axis=1).ravel(),
        mse_trace=mse[:, 0].ravel(),
        mse_derivative=mse[:, 1].ravel(),
    )
    return table[list(COLUMNS)]


@dataclass(frozen=True)
class Traces:
    """One worm's features as a tensor, and which of its windows validate in a fold.

    Attributes
    ----------
    name
        Identifier of the worm.
    x
        Shape (features, neurons, frames).
    validates
        Which of its windows validate, shape (windows,); the others train. Empty for a worm that
        is only forecast, however short it is.
    window_frames
        Length of its windows.
    causal
        Whether a forecast's edges come from the frames before it alone, as its features do.
    """

    name: str
    x: Tensor
    validates: NDArray[np.bool_]
    window_frames: int = WINDOW_FRAMES
    causal: bool = False

    def context(self, start: int) -> Tensor:
        """Frames for the edges of forecasts from `start` on, evenly spaced.

        (features, neurons, at most `CONTEXT_FRAMES`), of the whole recording; of a causal one what
        is known by then, or the first `WARMUP_FRAMES`, which share one scale.
        """
        known = max(start + BURN_IN_FRAMES, WARMUP_FRAMES)
        return spaced(self.x[..., :known] if self.causal else self.x, CONTEXT_FRAMES)

    def blocks(self) -> list[NDArray[np.int64]]:
        """First known frames of the forecasts, of those together that have the same `context`."""
        first = starts(self.x.shape[-1])
        at_once = CONTEXT_WINDOWS if self.causal else len(first)
        return [first[i : i + at_once] for i in range(0, len(first), at_once)]

    def windows(self, validation: bool) -> Tensor:
        """Windows of one use, shape (features, neurons, windows, `window_frames`)."""
        whole = len(self.validates) * self.window_frames
        every = self.x[..., :whole].unflatten(-1, (-1, self.window_frames))
        return every[:, :, torch.from_numpy(self.validates == validation).to(every.device)]

    def batches(self, members: Sequence[int], model: Rollout, validation: bool) -> list[Batch]:
        """The worm's windows of one use, for so many members at once as memory allows."""
        if not members:
            return []
        windows = self.windows(validation)
        target = windows[..., model.known_frames :].permute(2, 0, 1, 3)
        teacher = torch.zeros(windows.shape[2:], dtype=torch.bool, device=windows.device)
        # Validation windows choose the epoch that is kept, so no edge may come from them.
        known = self.windows(validation=False).flatten(2)
        inputs = (windows, spaced(known, CONTEXT_FRAMES), teacher)
        index = torch.tensor(members, dtype=torch.long, device=windows.device)
        at_once = members_at_once(model, *windows.shape[1:])
        return [Batch(group, inputs, target, self.name) for group in index.split(at_once)]


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
    options.pop("averaged_with", None)
    seeds = member_seeds(plan, fold, members)
    model = Rollout(predictor(plan.model, seeds, len(cohort.neurons), **options))
    network = model.predictor.network
    if isinstance(network, LaggedMLP) and network.linear is not None:
        _begin_as_autoregression(network, worms, members)
    model.to(worms[0].x.device)
    training, validation = (
        [
            batch
            for worm in worms
            for batch in worm.batches(
                [row for row, names in enumerate(members) if worm.name in names], model, validates
            )
        ]
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
        ScheduledSampling(end),
    )
    return model, history


def _begin_as_autoregression(network: LaggedMLP, worms: Sequence[Traces], members: Members) -> None:
    """Give each member the `fit_ridge` of its own windows."""
    fitted = [fit_ridge(*_windows_of(worms, names), lags=network.lags) for names in members]
    weights = np.stack([ridge.weight.reshape(ridge.intercept.size, -1) for ridge in fitted])
    biases = np.stack([ridge.intercept.ravel() for ridge in fitted])
    network.begin(torch.from_numpy(weights), torch.from_numpy(biases))


def _windows_of(
    worms: Sequence[Traces], names: Sequence[str]
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Training and validation windows of a member's worms."""
    own = [worm for worm in worms if worm.name in names]
    training, validation = (
        [worm.windows(validates).cpu().numpy().astype(np.float64) for worm in own]
        for validates in (False, True)
    )
    return training, validation


def _simple(name: str, cohort: Cohort, worms: Sequence[Traces], members: Members) -> Forecast:
    """A key of `FORECASTS`, fitted on the windows that networks train on."""

    @cache
    def fitted(row: int, column: int) -> SimpleForecast:
        windows = _windows_of(worms, members[row])
        return FORECASTS[name](*windows, cohort.recordings[column], cohort.neurons)

    def forecast(
        group: Sequence[int], column: int, start: int, known: Tensor, horizon_frames: int
    ) -> Tensor:
        # Only a constant derivative depends on the worm that is forecast.
        place = column if name == "constant-derivative" else 0
        each = [fitted(row, place).forecast(known.cpu(), horizon_frames) for row in group]
        return torch.from_numpy(np.stack(each)).to(known)

    return forecast
