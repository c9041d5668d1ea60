"""How far predictions of trajectories are from the truth, frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call

from wormgnn.ensemble import Stack
from wormgnn.errors import RecordingError
from wormgnn.features import WINDOW_FRAMES
from wormgnn.trajectory import (
    BURN_IN_FRAMES,
    HORIZON_FRAMES,
    Rollout,
    Traces,
    members_at_once,
)

DIVERGED = 10.0
"""A prediction beyond this, where features lie in [0, 1], counts as diverged."""

FREE_FRAMES = 256
"""Length of the one free roll-out that is kept of each member and worm."""

N_EXAMPLES = 12
"""Forecasts kept of each member and worm, for looking at."""

Forecaster = Callable[[Tensor, int], Tensor]
"""From known frames `(features, neurons, windows, 4)` and a horizon in frames to predictions
`(members, features, neurons, windows, horizon)`."""


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


def cut(x: Tensor, first: NDArray[np.int64], length: int) -> Tensor:
    """Windows of `(features, neurons, frames)`: `(features, neurons, windows, length)`."""
    frames = torch.from_numpy(first[:, None] + np.arange(length)).to(x.device)
    return x[..., frames]


@dataclass(frozen=True)
class Forecasts:
    """How an ensemble's forecasts did on every worm that it never met.

    Attributes
    ----------
    worms
        Names of the worms.
    seen
        Whether the member was trained on the worm, shape (members, worms); errors and
        forecasts are NaN there, and no window counts as diverged.
    mse
        Mean square error over windows, shape (members, worms, features, neurons, frames
        ahead); infinite where a prediction was not finite.
    diverged
        Windows with a prediction beyond `DIVERGED` or not finite, shape (members, worms).
    examples
        Some forecasts, shape (members, worms, features, neurons, `N_EXAMPLES`, frames); see
        `example_starts`.
    free
        One free roll-out, shape (members, worms, features, neurons, `FREE_FRAMES`); see
        `free_start`.
    validation
        Lowest MSE on the validation windows of the training worms, shape (members,): what a
        choice between models of one kind may rest on (recurrent ones are judged on fewer
        frames). NaN where nothing was trained.
    """

    worms: tuple[str, ...]
    seen: NDArray[np.bool_]
    mse: NDArray[np.float64]
    diverged: NDArray[np.int64]
    examples: NDArray[np.float32]
    free: NDArray[np.float32]
    validation: NDArray[np.float32]

    @classmethod
    def empty(cls, traces: Sequence[Traces], subsets: Sequence[tuple[str, ...]]) -> Forecasts:
        """Nothing forecast yet."""
        seen = np.array([[worm.name in subset for worm in traces] for subset in subsets])
        features, neurons, _ = traces[0].x.shape
        nothing = np.full((*seen.shape, features, neurons, N_EXAMPLES, HORIZON_FRAMES), np.nan)
        return cls(
            worms=tuple(worm.name for worm in traces),
            seen=seen,
            mse=np.full((*seen.shape, features, neurons, HORIZON_FRAMES), np.nan),
            diverged=np.zeros(seen.shape, dtype=np.int64),
            examples=nothing.astype(np.float32),
            free=np.full((*seen.shape, features, neurons, FREE_FRAMES), np.nan, dtype=np.float32),
            validation=np.full(len(subsets), np.nan, dtype=np.float32),
        )

    @torch.no_grad()
    def fill(self, rows: Sequence[int], column: int, worm: Traces, forecaster: Forecaster) -> None:
        """Forecast every window of a worm with some members, which never met it."""
        first = starts(worm.x.shape[-1])
        windows = cut(worm.x, first, BURN_IN_FRAMES + HORIZON_FRAMES)
        known, truth = windows[..., :BURN_IN_FRAMES], windows[..., BURN_IN_FRAMES:]
        predicted = forecaster(known, HORIZON_FRAMES)
        chosen = np.searchsorted(first, example_starts(worm.x.shape[-1]))
        begin = free_start(worm.x.shape[-1])
        free = forecaster(worm.x[:, :, None, begin : begin + BURN_IN_FRAMES], FREE_FRAMES)
        self.mse[rows, column] = square_error(predicted, truth)
        self.diverged[rows, column] = diverged(predicted).sum(-1).cpu().numpy()
        self.examples[rows, column] = predicted[..., chosen, :].cpu().numpy()
        self.free[rows, column] = free[:, :, :, 0].cpu().numpy()


def square_error(predicted: Tensor, truth: Tensor) -> NDArray[np.float64]:
    """Mean over windows: `(members, features, neurons, frames)`; infinite for no number.

    `predicted` `(members, features, neurons, windows, frames)`; `truth` without members.
    """
    error = (predicted - truth).double().square().mean(dim=3)
    return torch.nan_to_num(error, nan=torch.inf, posinf=torch.inf).cpu().numpy()


def diverged(predicted: Tensor) -> Tensor:
    """Which windows hold a prediction beyond `DIVERGED` or none at all, `(members, windows)`."""
    return ~(predicted.abs() <= DIVERGED).all(dim=-1).all(dim=2).all(dim=1)


def example_starts(n_frames: int) -> NDArray[np.int64]:
    """First known frame of each kept forecast, shape (`N_EXAMPLES`,)."""
    first = starts(n_frames)
    return first[np.linspace(0, len(first) - 1, N_EXAMPLES).round().astype(int)]


def free_start(n_frames: int) -> int:
    """First known frame of the free roll-out: a quarter into the recording."""
    return n_frames // 4


def evaluate(
    model: Rollout, traces: Sequence[Traces], subsets: Sequence[tuple[str, ...]]
) -> Forecasts:
    """Forecasts of an ensemble of networks; see `Forecasts`."""
    model.eval()
    found = Forecasts.empty(traces, subsets)
    stacks = [Stack(dict(model.named_parameters())), Stack(dict(model.named_buffers()))]
    for column, worm in enumerate(traces):
        rows = torch.from_numpy(np.flatnonzero(~found.seen[:, column]))
        neurons, frames = worm.x.shape[1:]
        step = members_at_once(model, neurons, len(starts(frames)), 2)
        for part in rows.split(step) if len(rows) else ():
            found.fill(part.tolist(), column, worm, _Members(model, stacks, part, worm.context))
    return found


class _Members:
    """Some members of an ensemble as a `Forecaster` of one worm."""

    def __init__(
        self, model: Rollout, stacks: Sequence[Stack], rows: Tensor, context: Tensor
    ) -> None:
        self.model, self.context = model, context
        at = rows.to(context.device)
        self.named = {k: v for stack in stacks for k, v in stack.named(stack.rows(at)).items()}

    def __call__(self, known: Tensor, horizon_frames: int) -> Tensor:
        last = known[..., -self.model.known_frames :]
        unknown = known.new_zeros(*known.shape[:-1], horizon_frames)
        windows = torch.cat([last, unknown], dim=-1)
        teacher = torch.zeros(windows.shape[2:], dtype=torch.bool)
        return functional_call(self.model, self.named, (windows, self.context, teacher))
