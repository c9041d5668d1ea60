"""The second task: predict every neuron's features frame by frame, on its own predictions.

Paper, eq. 4-5 and "Neuron-level Trajectory Prediction": `X(t+1) = X(t) + f(X(t))`, trained on
windows of 8 frames and evaluated 16 frames ahead; scheduled sampling for Markovian models, a
burn-in of four frames for recurrent ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call

from wormgnn.errors import ChoiceError, RecordingError
from wormgnn.features import WINDOW_FRAMES
from wormgnn.folds import fold_of_window
from wormgnn.models import MODELS, PREDICTORS, predictor
from wormgnn.models.ensemble import Stack, seed_of
from wormgnn.store import Arrays
from wormgnn.tasks.frames import member_seeds
from wormgnn.tasks.rollout import (
    BURN_IN_FRAMES,
    Rollout,
    ScheduledSampling,
    mean_square_error,
    members_at_once,
)
from wormgnn.tasks.simple_forecasts import FORECASTS, SimpleForecast
from wormgnn.training import Batch, History, Schedule, fit, torch_device

if TYPE_CHECKING:
    from wormgnn.cohort import Cohort
    from wormgnn.plan import Plan

VERSION: int = 1
"""Raised by hand when a result of this task is meant to change; stored results carry it."""

HORIZON_FRAMES = 16  # frames predicted in evaluation
CONTEXT_FRAMES = 128  # evenly spaced frames that give edges which hold for a whole recording
DIVERGED = 10.0  # a prediction beyond this, where features lie in [0, 1], has diverged
FREE_FRAMES = 256  # length of the one free roll-out that is kept of each member and worm
N_EXAMPLES = 12  # forecasts kept of each member and worm, for looking at

COLUMNS = (
    *("subset", "n_train", "fold", "worm", "seen", "step"),
    *("mse", "mse_trace", "mse_derivative", "windows", "diverged"),
)
"""Of `rows`."""

Members = Sequence[tuple[str, ...]]
"""Training worms of each member of an ensemble."""

Forecast = Callable[[Sequence[int], int, Tensor, int], Tensor]
"""From members, a worm's number, known frames `(features, neurons, windows, 4)` and a horizon in
frames to predictions `(members, features, neurons, windows, horizon)`."""


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
        (members,): what a choice between models of one kind may rest on (recurrent ones are
        judged on fewer frames). NaN where nothing was trained.

    TrainingError where training diverges: the message names the members and the epoch.
    """
    members = subsets(plan, cohort)
    worms = worm_traces(plan, cohort, fold, device)
    if plan.model in FORECASTS:
        return _evaluate_simple(plan.model, cohort, worms, members)
    model, history = train(plan, cohort, worms, members, fold)
    arrays = evaluate_networks(model, worms, members)
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
        Which of its windows of 8 frames validate, shape (windows,); the others train. Empty
        for a worm that is only forecast, however short it is.
    """

    name: str
    x: Tensor
    validates: NDArray[np.bool_]

    @property
    def context(self) -> Tensor:
        """Evenly spaced frames of the recording, (features, neurons, at most `CONTEXT_FRAMES`)."""
        return _spaced(self.x)

    def windows(self, validation: bool) -> Tensor:
        """Windows of one use, shape (features, neurons, windows, 8)."""
        whole = len(self.validates) * WINDOW_FRAMES
        every = self.x[..., :whole].unflatten(-1, (-1, WINDOW_FRAMES))
        return every[:, :, torch.from_numpy(self.validates == validation).to(every.device)]

    def batches(self, members: Sequence[int], model: Rollout, validation: bool) -> list[Batch]:
        """The worm's windows of one use, for so many members at once as memory allows."""
        if not members:
            return []
        windows = self.windows(validation)
        target = windows[..., model.known_frames :].permute(2, 0, 1, 3)
        teacher = torch.zeros(windows.shape[2:], dtype=torch.bool, device=windows.device)
        # Validation windows choose the epoch that is kept, so no edge may come from them.
        inputs = (windows, _spaced(self.windows(validation=False).flatten(2)), teacher)
        index = torch.tensor(members, dtype=torch.long, device=windows.device)
        at_once = members_at_once(model, *windows.shape[1:])
        return [Batch(group, inputs, target, self.name) for group in index.split(at_once)]


def _spaced(frames: Tensor) -> Tensor:
    count = min(CONTEXT_FRAMES, frames.shape[-1])
    return frames[..., torch.linspace(0, frames.shape[-1] - 1, count).round().long()]


def worm_traces(plan: Plan, cohort: Cohort, fold: int, device: str = "auto") -> list[Traces]:
    """All worms of a cohort; `fold` validates, and there is no test fold (paper)."""
    target, n_folds = torch_device(device), cohort.profile.n_folds
    trained = {worm for worms in subsets(plan, cohort) for worm in worms}
    traces = []
    for number, worm in enumerate(cohort.features(2, plan.scaling)):
        validates = np.zeros(0, dtype=np.bool_)
        if worm.worm in trained:
            seed = 100 * plan.seed + number
            folds = fold_of_window(worm.n_frames, n_folds, plan.split, seed)
            validates = folds == fold % n_folds
        traces.append(Traces(worm.worm, torch.from_numpy(worm.x).to(target), validates))
    return traces


def train(
    plan: Plan, cohort: Cohort, worms: Sequence[Traces], members: Members, fold: int
) -> tuple[Rollout, History]:
    """An ensemble of networks, one for each member, trained."""
    epochs = plan.epochs or cohort.profile.epochs
    options = {"hidden": cohort.profile.hidden, **plan.options}
    seeds = member_seeds(plan, fold, members)
    model = Rollout(predictor(plan.model, seeds, len(cohort.neurons), **options))
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


def starts(n_frames: int, horizon_frames: int = HORIZON_FRAMES) -> NDArray[np.int64]:
    """First known frame of each evaluation window, every 8 frames, shape (windows,).

    RecordingError for a recording that is shorter than burn-in and horizon.
    """
    length = BURN_IN_FRAMES + horizon_frames
    if horizon_frames < 1 or n_frames < length:
        raise RecordingError(
            f"a horizon of {horizon_frames} frames behind {BURN_IN_FRAMES} known ones does not "
            f"fit a recording of {n_frames} frames"
        )
    return np.arange(0, n_frames - length + 1, WINDOW_FRAMES)


def example_starts(n_frames: int) -> NDArray[np.int64]:
    """First known frame of each kept forecast, shape (`N_EXAMPLES`,)."""
    first = starts(n_frames)
    return first[np.linspace(0, len(first) - 1, N_EXAMPLES).round().astype(int)]


def free_start(n_frames: int) -> int:
    """First known frame of the free roll-out: a quarter into the recording."""
    return n_frames // 4


@torch.no_grad()
def evaluate(
    worms: Sequence[Traces], members: Members, forecast: Forecast, at_once: Sequence[int]
) -> Arrays:
    """Forecast each worm by the members that never met it, `at_once` for it: see `run_fold`."""
    seen = np.array([[worm.name in names for worm in worms] for names in members])
    shape = (*seen.shape, *worms[0].x.shape[:2])
    arrays = {
        "seen": seen,
        "mse": np.full((*shape, HORIZON_FRAMES), np.nan),
        "diverged": np.zeros(seen.shape, dtype=np.int64),
        "examples": np.full((*shape, N_EXAMPLES, HORIZON_FRAMES), np.nan, dtype=np.float32),
        "free": np.full((*shape, FREE_FRAMES), np.nan, dtype=np.float32),
        "validation": np.full(len(members), np.nan, dtype=np.float32),
    }
    for column, worm in enumerate(worms):
        n_frames = worm.x.shape[-1]
        first, begin = starts(n_frames), free_start(n_frames)
        shown = np.searchsorted(first, example_starts(n_frames))
        frames = first[:, None] + np.arange(BURN_IN_FRAMES + HORIZON_FRAMES)
        windows = worm.x[..., torch.from_numpy(frames).to(worm.x.device)]
        known, truth = windows[..., :BURN_IN_FRAMES], windows[..., BURN_IN_FRAMES:]
        start = worm.x[:, :, None, begin : begin + BURN_IN_FRAMES]
        strangers = np.flatnonzero(~seen[:, column]).tolist()
        for i in range(0, len(strangers), at_once[column]):
            group = strangers[i : i + at_once[column]]
            predicted = forecast(group, column, known, HORIZON_FRAMES)
            free = forecast(group, column, start, FREE_FRAMES)
            arrays["mse"][group, column] = square_error(predicted, truth)
            arrays["diverged"][group, column] = diverged(predicted).sum(-1).cpu().numpy()
            arrays["examples"][group, column] = predicted[..., shown, :].cpu().numpy()
            arrays["free"][group, column] = free[:, :, :, 0].cpu().numpy()
    return arrays


def square_error(predicted: Tensor, truth: Tensor) -> NDArray[np.float64]:
    """Mean over windows: `(members, features, neurons, frames)`; infinite for no number.

    `predicted` `(members, features, neurons, windows, frames)`; `truth` without members.
    """
    error = (predicted - truth).double().square().mean(dim=3)
    return torch.nan_to_num(error, nan=torch.inf, posinf=torch.inf).cpu().numpy()


def diverged(predicted: Tensor) -> Tensor:
    """Which windows hold a prediction beyond `DIVERGED` or none at all, `(members, windows)`."""
    return ~(predicted.abs() <= DIVERGED).all(dim=-1).all(dim=2).all(dim=1)


def evaluate_networks(model: Rollout, worms: Sequence[Traces], members: Members) -> Arrays:
    """Forecasts of an ensemble of networks, as many members at once as memory allows."""
    model.eval()
    stacks = [Stack(dict(model.named_parameters())), Stack(dict(model.named_buffers()))]

    def forecast(group: Sequence[int], column: int, known: Tensor, horizon_frames: int) -> Tensor:
        at = torch.tensor(group, device=known.device)
        tensors = {k: v for stack in stacks for k, v in stack.named(stack.rows(at)).items()}
        unknown = known.new_zeros(*known.shape[:-1], horizon_frames)
        windows = torch.cat([known[..., -model.known_frames :], unknown], dim=-1)
        teacher = torch.zeros(windows.shape[2:], dtype=torch.bool)
        return functional_call(model, tensors, (windows, worms[column].context, teacher))

    shapes = [worm.x.shape[1:] for worm in worms]
    at_once = [members_at_once(model, neurons, len(starts(n)), 2) for neurons, n in shapes]
    return evaluate(worms, members, forecast, at_once)


def _evaluate_simple(
    name: str, cohort: Cohort, worms: Sequence[Traces], members: Members
) -> Arrays:
    """Forecasts of a key of `FORECASTS`, fitted on the windows that networks train on."""
    by_name = {worm.name: worm for worm in worms}

    @cache
    def fitted(row: int, column: int) -> SimpleForecast:
        training, validation = (
            [_float64(by_name[worm].windows(validates)) for worm in members[row]]
            for validates in (False, True)
        )
        recording = cohort.recordings[column]
        return FORECASTS[name](training, validation, recording, cohort.neurons)

    def forecast(group: Sequence[int], column: int, known: Tensor, horizon_frames: int) -> Tensor:
        # Only a constant derivative depends on the worm that is forecast.
        simple = fitted(group[0], column if name == "constant-derivative" else 0)
        return torch.from_numpy(simple.forecast(_float64(known), horizon_frames)).to(known)[None]

    return evaluate(worms, members, forecast, [1] * len(worms))


def _float64(x: Tensor) -> NDArray[np.float64]:
    return x.cpu().numpy().astype(np.float64)
