"""Fit an ensemble of independent networks at once; knows nothing of worms.

Paper, "Model Implementation": Adam with learning rate 1e-3, multiplied by 0.25 when the loss
has not improved for 50 epochs, 800 epochs, and the parameters with the lowest validation
loss kept. All of it happens for each member by itself.
"""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor, nn
from torch.func import functional_call
from tqdm import tqdm

from wormgnn.errors import ChoiceError, TrainingError
from wormgnn.models.ensemble import Stack, seed_of

Loss = Callable[[Tensor, Tensor], Tensor]
"""From outputs `(members, ...)` and target to the mean loss of each member, `(members,)`."""

Draw = Callable[["Batch", int, torch.Generator], "Batch"]
"""From a training batch, the epoch and random numbers to what is trained on in its place."""


@dataclass(frozen=True)
class Batch:
    """Samples that some members of an ensemble meet together.

    Attributes
    ----------
    members
        Rows of the ensemble that meet these samples, shape (rows,).
    inputs
        Arguments of the model, without member axis.
    target
        What the loss compares the outputs with.
    name
        Whose samples these are: what is drawn for them follows from it.
    """

    members: Tensor
    inputs: tuple[Tensor, ...]
    target: Tensor
    name: str

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        inputs = tuple(x.to(device) for x in self.inputs)
        return replace(
            self, members=self.members.to(device), inputs=inputs, target=self.target.to(device)
        )


@dataclass(frozen=True)
class History:
    """What happened in training.

    Attributes
    ----------
    validation
        Validation loss, shape (epochs, members).
    best_epoch
        Epoch (from 0) whose parameters were kept, shape (members,).
    """

    validation: Tensor
    best_epoch: Tensor


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


class Trainer:
    """The state of a training run: parameters, statistics and optimiser of all members."""

    def __init__(self, model: nn.Module, loss: Loss, schedule: Schedule) -> None:
        self.model, self.loss = model, loss
        self.parameters = Stack(dict(model.named_parameters()))
        self.statistics = Stack(dict(model.named_buffers()))
        if self.parameters.flat is None:
            raise TrainingError(f"{type(model).__name__} has no parameters to train")
        flat = self.parameters.flat
        self.adam = Adam(flat, schedule.learning_rate)
        self.plateau = Plateau(len(flat), schedule, flat.device)

    def step(self, batch: Batch) -> None:
        """One step of the optimiser for the members that meet the batch."""
        self.model.train()
        rows = self.parameters.rows(batch.members).requires_grad_()
        statistics = self.statistics.rows(batch.members)
        named = self.parameters.named(rows) | self.statistics.named(statistics)
        outputs = functional_call(self.model, named, batch.inputs)
        (gradient,) = torch.autograd.grad(self.loss(outputs, batch.target).sum(), rows)
        self.parameters.put(batch.members, self.adam.step(batch.members, rows.detach(), gradient))
        self.statistics.put(batch.members, statistics)

    @torch.no_grad()
    def validate(self, batches: Sequence[Batch]) -> Tensor:
        """Loss of each member over the samples of all its batches, shape (members,)."""
        self.model.eval()
        total = torch.zeros_like(self.plateau.best)
        count = torch.zeros_like(total)
        for batch in batches:
            named = self.parameters.named(self.parameters.rows(batch.members))
            named |= self.statistics.named(self.statistics.rows(batch.members))
            loss = self.loss(functional_call(self.model, named, batch.inputs), batch.target)
            total.index_add_(0, batch.members, loss * len(batch.target))
            count.index_add_(0, batch.members, torch.full_like(loss, len(batch.target)))
        return total / count


def fit(
    model: nn.Module,
    train: Sequence[Batch],
    validation: Sequence[Batch],
    loss: Loss,
    schedule: Schedule,
    seed: int,
    label: str = "",
    draw: Draw | None = None,
) -> History:
    """Train an ensemble in place; afterwards it holds each member's best parameters.

    Everything random follows from the seed, the epoch and the name of a batch, so that a member
    meets the same samples in the same order, whatever other members train beside it.

    Parameters
    ----------
    model
        Module whose parameters and buffers all have a leading member axis.
    train, validation
        Batches; each epoch takes one step on every training batch, in an order drawn anew: by one
        lot for each name.
    loss
        Mean loss of each member.
    schedule
        Epochs and learning rate.
    seed
        Of the order of the batches, and of what is drawn for them.
    label
        Words beside the progress bar, which is silent unless on a terminal.
    draw
        What is drawn anew for a training batch at every epoch; nothing if None.

    Raises
    ------
    TrainingError
        Nothing to train on, a member that no validation batch meets, or a loss that is
        not finite (the message names the epoch and the members).
    """
    keep_freed_memory()
    trainer = Trainer(model, loss, schedule)
    _check_coverage(train, validation, len(trainer.plateau.best))
    if schedule.epochs < 1:
        raise TrainingError(f"expected at least one epoch, got {schedule.epochs}")
    best = _Best(trainer)
    curve = []
    silent = bool(os.environ.get("TQDM_DISABLE")) or None  # None: silent unless on a terminal
    for epoch in tqdm(range(schedule.epochs), desc=label, disable=silent, leave=False):
        lots = {batch.name: seed_of("order", seed, epoch, batch.name) for batch in train}
        for batch in sorted(train, key=lambda batch: lots[batch.name]):
            if draw is not None:
                random = torch.Generator().manual_seed(seed_of("draw", seed, epoch, batch.name))
                batch = draw(batch, epoch, random)
            trainer.step(batch)
        curve.append(trainer.validate(validation))
        _check_finite(curve[-1], epoch)
        best.update(curve[-1], epoch)
        trainer.plateau.step(curve[-1], trainer.adam.rate)
    best.load_into(model)
    return History(torch.stack(curve).cpu(), best.epoch.cpu())


class _Best:
    """Parameters and statistics at each member's lowest validation loss."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.stacks = [trainer.parameters, trainer.statistics]
        self.loss = torch.full_like(trainer.plateau.best, torch.inf)
        self.epoch = torch.zeros_like(self.loss, dtype=torch.long)
        self.flats = [None if s.flat is None else s.flat.clone() for s in self.stacks]

    def update(self, loss: Tensor, epoch: int) -> None:
        better = loss < self.loss
        self.loss = torch.where(better, loss, self.loss)
        self.epoch[better] = epoch
        for kept, stack in zip(self.flats, self.stacks, strict=True):
            if kept is not None and stack.flat is not None:
                kept[better] = stack.flat[better]

    def load_into(self, model: nn.Module) -> None:
        named: dict[str, Tensor] = {}
        for kept, stack in zip(self.flats, self.stacks, strict=True):
            named |= {} if kept is None else stack.named(kept)
        model.load_state_dict(named)
        model.eval()


def _check_coverage(train: Sequence[Batch], validation: Sequence[Batch], members: int) -> None:
    for what, batches in (("training", train), ("validation", validation)):
        met = {row for batch in batches for row in batch.members.tolist() if len(batch.target)}
        lacking = sorted(set(range(members)) - met)
        if lacking:
            raise TrainingError(f"no {what} samples for members {lacking}")


def _check_finite(loss: Tensor, epoch: int) -> None:
    if not torch.isfinite(loss).all():
        members = torch.nonzero(~torch.isfinite(loss)).flatten().tolist()
        raise TrainingError(f"validation loss of members {members} is not finite at epoch {epoch}")


@cache
def keep_freed_memory() -> None:
    """Let glibc keep what is freed for the next step, where it is the C library.

    Otherwise each step gives its activations back to the system and asks for them again, page by
    page. An old glibc takes no more than 32 MiB an array.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(-1, 2**30)  # M_TRIM_THRESHOLD of malloc.h
        if not libc.mallopt(-3, 2**28):  # M_MMAP_THRESHOLD
            libc.mallopt(-3, 2**25)


def torch_device(name: str) -> torch.device:
    """`auto` (CUDA where there is one), `cpu` or `cuda`; ChoiceError for what is not here."""
    cuda = torch.cuda.is_available()
    choices = ("auto", "cpu", "cuda") if cuda else ("auto", "cpu")
    if name not in choices:
        raise ChoiceError("device", name, choices)
    return torch.device(("cuda" if cuda else "cpu") if name == "auto" else name)
