"""Adam and the decay of its rate, for each member of an ensemble by itself.

Paper, "Model Implementation": learning rate 1e-3, multiplied by 0.25 when the loss has not
improved for 50 epochs, 800 epochs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train (defaults: the paper's).

    Attributes
    ----------
    epochs
        Passes over all batches; each batch is one step of the optimiser.
    learning_rate
        Adam's, at the start.
    factor, patience_epochs
        The rate is multiplied by `factor` when the validation loss has not improved by a
        relative 1e-4 for more than `patience_epochs` epochs.
    """

    epochs: int = 800
    learning_rate: float = 1e-3
    factor: float = 0.25
    patience_epochs: int = 50


class Adam:
    """Adam (Kingma and Ba 2015) with a learning rate and a step count for each member."""

    betas, eps = (0.9, 0.999), 1e-8

    def __init__(self, flat: Tensor, learning_rate: float) -> None:
        self.rate = torch.full((len(flat), 1), learning_rate, device=flat.device)
        self.steps = torch.zeros(len(flat), 1, device=flat.device)
        self.mean = torch.zeros_like(flat)
        self.square = torch.zeros_like(flat)

    def step(self, members: Tensor, rows: Tensor, gradient: Tensor) -> Tensor:
        """New values of some members' parameters, given their gradient."""
        first, second = self.betas
        steps = self.steps[members] + 1
        mean = self.mean[members].lerp_(gradient, 1 - first)
        square = self.square[members].mul_(second).addcmul_(gradient, gradient, value=1 - second)
        self.steps[members], self.mean[members], self.square[members] = steps, mean, square
        size = self.rate[members] / (1 - first**steps)
        spread = (square / (1 - second**steps)).sqrt_().add_(self.eps)
        return rows - size * mean / spread


class Plateau:
    """Learning-rate decay of each member, as `torch.optim.lr_scheduler.ReduceLROnPlateau`."""

    threshold = 1e-4

    def __init__(self, members: int, schedule: Schedule, device: torch.device) -> None:
        self.best = torch.full((members,), torch.inf, device=device)
        self.waited = torch.zeros(members, device=device)
        self.schedule = schedule

    def step(self, loss: Tensor, rate: Tensor) -> None:
        """Take one epoch's loss `(members,)` and lower `rate` `(members, 1)` in place."""
        better = loss < self.best * (1 - self.threshold)
        self.best = torch.where(better, loss, self.best)
        self.waited = torch.where(better, 0, self.waited + 1)
        tired = self.waited > self.schedule.patience_epochs
        rate[tired] *= self.schedule.factor
        self.waited[tired] = 0
