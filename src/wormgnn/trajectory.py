"""The second task: predict every neuron's features frame by frame, on its own predictions.

Paper, eq. 4-5 and "Neuron-level Trajectory Prediction": `X(t+1) = X(t) + f(X(t))`, trained on
windows of 8 frames and evaluated 16 frames ahead; scheduled sampling for Markovian models, a
burn-in of four frames for recurrent ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wormgnn.errors import TrainingError
from wormgnn.features import WINDOW_FRAMES, Features
from wormgnn.folds import Split, fold_of_window
from wormgnn.models.predictors import Predictor
from wormgnn.training import Batch

BURN_IN_FRAMES = 4
"""True frames that a recurrent model sees before it runs on its own predictions."""

HORIZON_FRAMES = 16
"""Frames predicted in evaluation."""

CONTEXT_FRAMES = 128
"""Frames of a recording, evenly spaced, from which edges that hold for all of it are inferred."""

MEMORY_BUDGET_BYTES = 2**30
"""Activations kept for one step of the optimiser; members that do not fit train in turn."""


def mean_square_error(predicted: Tensor, target: Tensor) -> Tensor:
    """MSE of each member, shape (members,).

    `predicted` `(members, features, neurons, windows, frames)`, `target` `(windows, features,
    neurons, frames)`.
    """
    return (predicted - target.permute(1, 2, 0, 3)).square().mean(dim=(1, 2, 3, 4))


class Rollout(nn.Module):
    """A predictor applied again and again to its own predictions.

    Parameters
    ----------
    predictor
        Gives the change of one frame.
    """

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        self.predictor = predictor
        self.known_frames = BURN_IN_FRAMES if predictor.recurrent else 1

    def forward(self, windows: Tensor, context: Tensor, teacher: Tensor) -> Tensor:
        """Predict every frame of some windows behind the known ones.

        Parameters
        ----------
        windows
            True frames, shared `(features, neurons, windows, frames)`.
        context
            Frames of the worm for edges that hold for a whole recording, `(features,
            neurons, any)`.
        teacher
            Where the true frame stands in for the predicted one as the next input,
            `(windows, frames)`.

        Returns
        -------
        predicted
            `(members, features, neurons, windows, frames - known_frames)`.

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
            change, memory = self.predictor(x, memory, edges)
            guess, truth = x + change, windows[..., frame]
            if frame < self.known_frames:
                x = truth
            else:
                predicted.append(guess)
                x = _next_input(guess, truth, teacher[:, frame])
        return torch.stack(predicted, dim=-1)


def _next_input(guess: Tensor, truth: Tensor, teacher: Tensor) -> Tensor:
    if not teacher.any():
        return guess
    return truth if teacher.all() else torch.where(teacher, truth, guess)


class ScheduledSampling(Sequence[Batch]):
    """Training batches whose true frames give way to predicted ones (Bengio et al. 2015).

    At every input a true frame is shown with a probability that falls linearly from 1 to 0
    over `end_epochs` epochs; an epoch is as many items as there are batches.

    Parameters
    ----------
    batches
        What is trained on, with inputs as in `Rollout.forward`.
    end_epochs
        Epoch from which no true frame is shown; 0 shows none at all.
    seed
        Of the draws.
    """

    def __init__(self, batches: Sequence[Batch], end_epochs: int, seed: int) -> None:
        self.batches, self.end_epochs = batches, end_epochs
        self.random = torch.Generator().manual_seed(seed)
        self.drawn = 0

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.batches)

    def __getitem__(self, index: int) -> Batch:  # type: ignore[override]
        batch, share = self.batches[index], self.share
        self.drawn += 1
        windows, context, teacher = batch.inputs
        drawn = torch.rand(teacher.shape, generator=self.random) < share
        return Batch(batch.members, (windows, context, drawn.to(windows.device)), batch.target)

    @property
    def share(self) -> float:
        """Probability that the next batch shows a true frame."""
        epoch = self.drawn // max(len(self.batches), 1)
        return max(0.0, 1 - epoch / self.end_epochs) if self.end_epochs else 0.0


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
        for a worm that is only forecast.
    """

    name: str
    x: Tensor
    validates: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        features: Features,
        fold: int,
        n_folds: int,
        split: Split,
        seed: int,
        device: torch.device,
    ) -> Traces:
        """From features; `fold` validates, and there is no test fold (paper)."""
        folds = fold_of_window(features.n_frames, n_folds, split, seed)
        return cls(features.worm, torch.from_numpy(features.x).to(device), folds == fold % n_folds)

    @classmethod
    def unseen(cls, features: Features, device: torch.device) -> Traces:
        """From features of a worm that is forecast and not trained on, however short."""
        x = torch.from_numpy(features.x).to(device)
        return cls(features.worm, x, np.zeros(0, dtype=np.bool_))

    @property
    def context(self) -> Tensor:
        """Evenly spaced frames of the recording, (features, neurons, at most `CONTEXT_FRAMES`)."""
        return _spaced(self.x)

    def windows(self, validation: bool) -> Tensor:
        """Windows of one use, shape (features, neurons, windows, 8)."""
        whole = len(self.validates) * WINDOW_FRAMES
        cut = self.x[..., :whole].unflatten(-1, (-1, WINDOW_FRAMES))
        return cut[:, :, torch.from_numpy(self.validates == validation).to(cut.device)]

    def batches(self, members: Sequence[int], model: Rollout, validation: bool) -> list[Batch]:
        """The worm's windows of one use, for so many members at once as memory allows."""
        if not members:
            return []
        windows = self.windows(validation)
        target = windows[..., model.known_frames :].permute(2, 0, 1, 3)
        teacher = torch.zeros(windows.shape[2:], dtype=torch.bool, device=windows.device)
        rows = torch.tensor(members, dtype=torch.long, device=windows.device)
        step = members_at_once(model, *windows.shape[1:])
        inputs = (windows, _spaced(self.windows(validation=False).flatten(2)), teacher)
        return [Batch(part, inputs, target) for part in rows.split(step)]


def _spaced(frames: Tensor) -> Tensor:
    count = min(CONTEXT_FRAMES, frames.shape[-1])
    return frames[..., torch.linspace(0, frames.shape[-1] - 1, count).round().long()]


def rollout_bytes(model: Rollout, neurons: int, windows: int, frames: int) -> int:
    """Memory of one member's activations in a training step, in bytes.

    `4 * windows * (frames - 1) * values`, where `values` are what the predictor keeps for the
    backward pass at each window and frame; see `Predictor.values`.
    """
    return 4 * windows * (frames - 1) * model.predictor.values(neurons)


def members_at_once(model: Rollout, neurons: int, windows: int, frames: int) -> int:
    """Members whose activations fit `MEMORY_BUDGET_BYTES`; TrainingError if not even one does."""
    one = rollout_bytes(model, neurons, windows, frames)
    if one > MEMORY_BUDGET_BYTES:
        raise TrainingError(
            f"one network on {windows} windows of {frames} frames of {neurons} neurons keeps "
            f"{one / 2**20:.0f} MiB, more than {MEMORY_BUDGET_BYTES / 2**20:.0f}: "
            "take fewer hidden channels"
        )
    return MEMORY_BUDGET_BYTES // max(one, 1)
