"""Networks that run on their own predictions: their training, and forecasts of whole worms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import pad

from wormgnn.errors import RecordingError, TrainingError
from wormgnn.features import WARMUP_FRAMES, WINDOW_FRAMES
from wormgnn.models.networks import Network
from wormgnn.store import Arrays
from wormgnn.tasks.frames import spaced
from wormgnn.training import Batch, Draw, Stack

BURN_IN_FRAMES = 4  # true frames that a recurrent model sees before its own predictions
HORIZON_FRAMES = 16  # frames predicted in evaluation
DIVERGED = 10.0  # a prediction beyond this, where features lie in [0, 1], has diverged
FREE_FRAMES = 256  # length of the one free roll-out that is kept of each member and worm
N_EXAMPLES = 12  # forecasts kept of each member and worm, for looking at
CONTEXT_FRAMES = 128  # evenly spaced frames that give edges which hold for a whole recording
CONTEXT_WINDOWS = 32  # that many forecasts in a row have the same edges, where these are causal
MEMORY_BUDGET_BYTES = 2**30  # activations of one step; members that do not fit take turns
Members = Sequence[tuple[str, ...]]  # training worms of each member of an ensemble


class Rollout(nn.Module):
    """A predictor applied again and again to its own predictions.

    Its outputs are the change of one frame: of each feature of each neuron, in this order.
    """

    def __init__(self, predictor: Network) -> None:
        super().__init__()
        self.predictor = predictor
        self.known_frames = BURN_IN_FRAMES if predictor.recurrent else 1

    def forward(self, windows: Tensor, context: Tensor, teacher: Tensor) -> Tensor:
        """Predict every frame of some windows behind the known ones.

        `windows` are true frames, shared `(features, neurons, windows, frames)`, `context` frames
        of the worm for edges that hold for a whole recording, `(features, neurons, any)`; `teacher`
        `(windows, frames)` says where the true frame stands in for the predicted one as the next
        input. Gives `(members, features, neurons, windows, frames - known_frames)`.

        TrainingError for windows with nothing to predict behind the known frames.
        """
        if windows.shape[-1] <= self.known_frames:
            raise TrainingError(
                f"windows of {windows.shape[-1]} frames leave nothing to predict behind "
                f"{self.known_frames} known ones"
            )
        edges = self.predictor.edges(context)
        x, memory, predicted = windows[..., 0], None, []
        for frame in range(1, windows.shape[-1]):
            change, memory = self.predictor.step(x, memory, edges)
            guess = x + change.unflatten(1, x.shape[-3:-1])
            truth, shown = windows[..., frame], teacher[:, frame]
            if frame >= self.known_frames:
                predicted.append(guess)
            if frame < self.known_frames or shown.all():
                x = truth
            else:
                x = torch.where(shown, truth, guess) if shown.any() else guess
        return torch.stack(predicted, dim=-1)

    def members_at_once(self, neurons: int, windows: int, frames: int) -> int:
        """Members whose activations fit `MEMORY_BUDGET_BYTES`; TrainingError if not even one does.

        One member keeps `4 * windows * (frames - 1) * values` bytes, where `values` are what the
        predictor keeps for the backward pass at each window and frame; see `Network.values`.
        """
        one = 4 * windows * (frames - 1) * self.predictor.values(neurons)
        if one > MEMORY_BUDGET_BYTES:
            raise TrainingError(
                f"one network on {windows} windows of {frames} frames of {neurons} neurons keeps "
                f"{one / 2**20:.0f} MiB, more than {MEMORY_BUDGET_BYTES / 2**20:.0f}: "
                "take fewer hidden channels"
            )
        return MEMORY_BUDGET_BYTES // max(one, 1)


def mean_square_error(predicted: Tensor, target: Tensor) -> Tensor:
    """MSE of each member, shape (members,).

    `predicted` `(members, features, neurons, windows, frames)`, `target` `(windows, features,
    neurons, frames)`.
    """
    return (predicted - target.permute(1, 2, 0, 3)).square().mean(dim=(1, 2, 3, 4))


def scheduled_sampling(end_epochs: int) -> Draw:
    """True frames that give way to predicted ones (Bengio et al. 2015), in batches of windows.

    At every input a true frame is shown with a probability that falls linearly from 1 to 0 at
    epoch `end_epochs`; at 0 none is ever shown.
    """

    def draw(batch: Batch, epoch: int, random: torch.Generator) -> Batch:
        windows, context, teacher = batch.inputs
        share = max(0.0, 1 - epoch / end_epochs) if end_epochs else 0.0
        shown = torch.rand(teacher.shape, generator=random) < share
        return replace(batch, inputs=(windows, context, shown.to(windows.device)))

    return draw


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


@dataclass(frozen=True)
class Traces:
    """One worm's features as a tensor, and which of its windows validate in a fold.

    - `name`: identifier of the worm.
    - `x`: shape (features, neurons, frames).
    - `validates`: which of its windows validate, shape (windows,); the others train. Empty for a
      worm that is only forecast, however short it is.
    - `window_frames`: length of its windows.
    - `causal`: whether a forecast's edges come from the frames before it alone, as its features do.
    - `edges_from`: features of the worm whose frames give its edges; its own if None.
    """

    name: str
    x: Tensor
    validates: NDArray[np.bool_]
    window_frames: int = WINDOW_FRAMES
    causal: bool = False
    edges_from: Tensor | None = None

    def context(self, start: int) -> Tensor:
        """Frames for the edges of forecasts from `start` on, evenly spaced.

        (features, neurons, at most `CONTEXT_FRAMES`), of the whole recording; of a causal one what
        is known by then, or the first `WARMUP_FRAMES`, which share one scale.
        """
        known = max(start + BURN_IN_FRAMES, WARMUP_FRAMES)
        x = self.x if self.edges_from is None else self.edges_from
        return spaced(x[..., :known] if self.causal else x, CONTEXT_FRAMES)

    def blocks(self) -> list[NDArray[np.int64]]:
        """First known frames of the forecasts, of those together that have the same `context`."""
        first = starts(self.x.shape[-1])
        at_once = CONTEXT_WINDOWS if self.causal else len(first)
        return [first[i : i + at_once] for i in range(0, len(first), at_once)]

    def frames(self, first: NDArray[np.int64], count: int) -> Tensor:
        """So many frames from each first one on, (features, neurons, firsts, count)."""
        return self.x[..., torch.from_numpy(first[:, None] + np.arange(count)).to(self.x.device)]

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
        groups = index.split(model.members_at_once(*windows.shape[1:]))
        return [Batch(group, inputs, target, self.name) for group in groups]


@torch.no_grad()
def evaluate(worms: Sequence[Traces], members: Members, *ensembles: Sequence[Rollout]) -> Arrays:
    """Forecast each worm by the members that never met it; see `traces.run_fold`.

    An ensemble is given as its model for each worm; the forecast is the mean over ensembles.
    """
    seen = np.array([[worm.name in names for worm in worms] for names in members])
    shape = (*seen.shape, *worms[0].x.shape[:2])
    arrays = {
        "seen": seen,
        "mse": np.full((*shape, HORIZON_FRAMES), np.nan),
        "diverged": np.zeros(seen.shape, dtype=np.int64),
        "examples": np.full((*shape, N_EXAMPLES, HORIZON_FRAMES), np.nan, dtype=np.float32),
        "free": np.full((*shape, FREE_FRAMES), np.nan, dtype=np.float32),
    }
    for column, (worm, *models) in enumerate(zip(worms, *ensembles, strict=True)):
        strangers = np.flatnonzero(~seen[:, column])
        if not len(strangers):
            continue
        n_frames, at = worm.x.shape[-1], (strangers, column)
        predicted = torch.cat([_forecast(models, strangers, worm, b) for b in worm.blocks()], dim=3)
        truth = worm.frames(starts(n_frames) + BURN_IN_FRAMES, HORIZON_FRAMES)
        shown = np.searchsorted(starts(n_frames), example_starts(n_frames))
        begin = np.array([free_start(n_frames)])
        free = _forecast(models, strangers, worm, begin, FREE_FRAMES)
        arrays["mse"][at] = square_error(predicted, truth)
        arrays["diverged"][at] = diverged(predicted).sum(-1).cpu().numpy()
        arrays["examples"][at] = predicted[..., shown, :].cpu().numpy()
        arrays["free"][at] = free[:, :, :, 0].cpu().numpy()
    return arrays


def _forecast(
    models: Sequence[Rollout],
    members: NDArray[np.int64],
    worm: Traces,
    first: NDArray[np.int64],
    horizon_frames: int = HORIZON_FRAMES,
) -> Tensor:
    """From first known frames to the models' mean, (members, features, neurons, firsts, horizon).

    Of some members of each, as many at once as memory allows.
    """
    known, context, every = worm.frames(first, BURN_IN_FRAMES), worm.context(int(first[0])), []
    for model in models:
        stack = Stack(model.eval())
        windows = pad(known[..., -model.known_frames :], (0, horizon_frames)).to(stack.flats[0])
        inputs = windows, context, torch.zeros(windows.shape[2:], dtype=torch.bool)
        at_once = model.members_at_once(windows.shape[1], windows.shape[2], 2)
        groups = torch.from_numpy(members).to(known.device).split(at_once)
        each = [functional_call(model, stack.of(group), inputs) for group in groups]
        every.append(torch.cat(each).to(known))
    return torch.stack(every).mean(dim=0)


def square_error(predicted: Tensor, truth: Tensor) -> NDArray[np.float64]:
    """Mean over windows: `(members, features, neurons, frames)`; infinite for no number.

    `predicted` `(members, features, neurons, windows, frames)`; `truth` without members.
    """
    error = (predicted - truth).double().square().mean(dim=3)
    return torch.nan_to_num(error, nan=torch.inf, posinf=torch.inf).cpu().numpy()


def diverged(predicted: Tensor) -> Tensor:
    """Which windows hold a prediction beyond `DIVERGED` or none at all, `(members, windows)`."""
    return ~(predicted.abs() <= DIVERGED).all(dim=-1).all(dim=2).all(dim=1)
