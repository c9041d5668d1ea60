"""Networks that run on their own predictions, and true frames that fade out as they learn to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from wormgnn.errors import TrainingError
from wormgnn.models.networks import Predictor
from wormgnn.training import Batch

BURN_IN_FRAMES = 4  # true frames that a recurrent model sees before its own predictions
MEMORY_BUDGET_BYTES = 2**30  # activations of one step; members that do not fit train in turn


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
            guess, truth, shown = x + change, windows[..., frame], teacher[:, frame]
            if frame >= self.known_frames:
                predicted.append(guess)
            if frame < self.known_frames or shown.all():
                x = truth
            else:
                x = torch.where(shown, truth, guess) if shown.any() else guess
        return torch.stack(predicted, dim=-1)


def mean_square_error(predicted: Tensor, target: Tensor) -> Tensor:
    """MSE of each member, shape (members,).

    `predicted` `(members, features, neurons, windows, frames)`, `target` `(windows, features,
    neurons, frames)`.
    """
    return (predicted - target.permute(1, 2, 0, 3)).square().mean(dim=(1, 2, 3, 4))


@dataclass(frozen=True)
class ScheduledSampling:
    """True frames that give way to predicted ones (Bengio et al. 2015), as `training.Draw`.

    At every input a true frame is shown with a probability that falls linearly from 1 to 0.

    Attributes
    ----------
    end_epochs
        Epoch from which no true frame is shown; 0 shows none at all.
    """

    end_epochs: int

    def __call__(self, batch: Batch, epoch: int, random: torch.Generator) -> Batch:
        """The batch, whose inputs are those of `Rollout.forward`, with true frames drawn."""
        windows, context, teacher = batch.inputs
        shown = torch.rand(teacher.shape, generator=random) < self.share(epoch)
        return replace(batch, inputs=(windows, context, shown.to(windows.device)))

    def share(self, epoch: int) -> float:
        """Probability that a true frame is shown."""
        return max(0.0, 1 - epoch / self.end_epochs) if self.end_epochs else 0.0


def members_at_once(model: Rollout, neurons: int, windows: int, frames: int) -> int:
    """Members whose activations fit `MEMORY_BUDGET_BYTES`; TrainingError if not even one does.

    One member keeps `4 * windows * (frames - 1) * values` bytes, where `values` are what the
    predictor keeps for the backward pass at each window and frame; see `Predictor.values`.
    """
    one = 4 * windows * (frames - 1) * model.predictor.values(neurons)
    if one > MEMORY_BUDGET_BYTES:
        raise TrainingError(
            f"one network on {windows} windows of {frames} frames of {neurons} neurons keeps "
            f"{one / 2**20:.0f} MiB, more than {MEMORY_BUDGET_BYTES / 2**20:.0f}: "
            "take fewer hidden channels"
        )
    return MEMORY_BUDGET_BYTES // max(one, 1)
