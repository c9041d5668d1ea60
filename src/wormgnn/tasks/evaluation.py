"""Forecasts of whole recordings of unseen worms, and how wrong they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call

from wormgnn.errors import RecordingError
from wormgnn.features import WINDOW_FRAMES
from wormgnn.models.ensemble import Stack
from wormgnn.store import Arrays
from wormgnn.tasks.rollout import BURN_IN_FRAMES, Rollout, members_at_once

if TYPE_CHECKING:
    from wormgnn.tasks.traces import Traces

HORIZON_FRAMES = 16  # frames predicted in evaluation
DIVERGED = 10.0  # a prediction beyond this, where features lie in [0, 1], has diverged
FREE_FRAMES = 256  # length of the one free roll-out that is kept of each member and worm
N_EXAMPLES = 12  # forecasts kept of each member and worm, for looking at

Members = Sequence[tuple[str, ...]]
"""Training worms of each member of an ensemble."""

Forecast = Callable[[Sequence[int], int, int, Tensor, int], Tensor]
"""From members, a worm's number, the first known frame of all, known frames `(features, neurons,
windows, 4)` and a horizon in frames to predictions `(members, features, neurons, windows,
horizon)`."""


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
        begin = free_start(n_frames)
        shown = np.searchsorted(starts(n_frames), example_starts(n_frames))
        blocks = [(b[0], _frames_from(worm.x, b, BURN_IN_FRAMES)) for b in worm.blocks()]
        truth = _frames_from(worm.x, starts(n_frames) + BURN_IN_FRAMES, HORIZON_FRAMES)
        start = worm.x[:, :, None, begin : begin + BURN_IN_FRAMES]
        strangers = np.flatnonzero(~seen[:, column]).tolist()
        for i in range(0, len(strangers), at_once[column]):
            group = strangers[i : i + at_once[column]]
            parts = [forecast(group, column, first, x, HORIZON_FRAMES) for first, x in blocks]
            predicted = torch.cat(parts, dim=3)
            free = forecast(group, column, begin, start, FREE_FRAMES)
            arrays["mse"][group, column] = square_error(predicted, truth)
            arrays["diverged"][group, column] = diverged(predicted).sum(-1).cpu().numpy()
            arrays["examples"][group, column] = predicted[..., shown, :].cpu().numpy()
            arrays["free"][group, column] = free[:, :, :, 0].cpu().numpy()
    return arrays


def _frames_from(x: Tensor, first: NDArray[np.int64], count: int) -> Tensor:
    """So many frames from each first one on, (features, neurons, firsts, count)."""
    return x[..., torch.from_numpy(first[:, None] + np.arange(count)).to(x.device)]


def square_error(predicted: Tensor, truth: Tensor) -> NDArray[np.float64]:
    """Mean over windows: `(members, features, neurons, frames)`; infinite for no number.

    `predicted` `(members, features, neurons, windows, frames)`; `truth` without members.
    """
    error = (predicted - truth).double().square().mean(dim=3)
    return torch.nan_to_num(error, nan=torch.inf, posinf=torch.inf).cpu().numpy()


def diverged(predicted: Tensor) -> Tensor:
    """Which windows hold a prediction beyond `DIVERGED` or none at all, `(members, windows)`."""
    return ~(predicted.abs() <= DIVERGED).all(dim=-1).all(dim=2).all(dim=1)


def evaluate_networks(
    model: Rollout, worms: Sequence[Traces], members: Members, beside: Forecast | None = None
) -> Arrays:
    """Forecasts of an ensemble of networks, as many members at once as memory allows.

    The mean of theirs and of those of `beside`, if there is one.
    """
    model.eval()
    stack = Stack(model)

    def forecast(
        group: Sequence[int], column: int, start: int, known: Tensor, horizon_frames: int
    ) -> Tensor:
        at = torch.tensor(group, device=known.device)
        unknown = known.new_zeros(*known.shape[:-1], horizon_frames)
        windows = torch.cat([known[..., -model.known_frames :], unknown], dim=-1)
        teacher = torch.zeros(windows.shape[2:], dtype=torch.bool)
        inputs = windows, worms[column].context(start), teacher
        own: Tensor = functional_call(model, stack.of(at), inputs)
        if beside is None:
            return own
        return (own + beside(group, column, start, known, horizon_frames)) / 2

    shapes = [worm.x.shape[1:] for worm in worms]
    at_once = [members_at_once(model, neurons, len(starts(n)), 2) for neurons, n in shapes]
    return evaluate(worms, members, forecast, at_once)
