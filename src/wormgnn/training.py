"""Fit an ensemble of independent networks at once; knows nothing of worms.

Paper, "Model Implementation": Adam with learning rate 1e-3, multiplied by 0.25 when the loss
has not improved for 50 epochs, 800 epochs, and the parameters with the lowest validation
loss kept. All of it happens for each member by itself.
"""

from __future__ import annotations

import ctypes
import hashlib
import itertools
import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call
from tqdm import tqdm

from wormgnn.errors import ChoiceError, TrainingError

Loss = Callable[[Tensor, Tensor], Tensor]
"""From outputs `(members, ...)` and target to the mean loss of each member, `(members,)`."""

Draw = Callable[["Batch", int, torch.Generator], "Batch"]
"""From a training batch, the epoch and random numbers to what is trained on in its place."""


@dataclass(frozen=True)
class Batch:
    """Samples that some members of an ensemble meet together.

    `members` are their rows in the ensemble, `inputs` arguments of the model without member axis,
    `target` what the loss compares the outputs with, and `name` says whose samples these are: what
    is drawn for them follows from it.
    """

    members: Tensor
    inputs: tuple[Tensor, ...]
    target: Tensor
    name: str


@dataclass(frozen=True)
class History:
    """Validation loss `(epochs, members)`, and the epoch (from 0) that was kept, `(members,)`."""

    validation: Tensor
    best_epoch: Tensor


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train (defaults: the paper's).

    `epochs` pass over all batches, each of which is one step of Adam, at `learning_rate` at the
    start; the rate is multiplied by `factor` when the validation loss has not improved by a
    relative 1e-4 for more than `patience_epochs`.
    """

    epochs: int = 800
    learning_rate: float = 1e-3
    factor: float = 0.25
    patience_epochs: int = 50


def seed_of(*what: object) -> int:
    """A seed made of what it is for, plain JSON: the same on any machine and in any company."""
    digest = hashlib.sha256(json.dumps(what).encode()).digest()
    return int.from_bytes(digest[:4], "big")


class Stack:
    """Parameters and statistics of an ensemble, each in one flat `(members, values)` tensor.

    Gathering, stepping and keeping the best of some members are then one operation each.
    """

    def __init__(self, model: nn.Module) -> None:
        kinds: list[dict[str, Tensor]] = [dict(model.named_parameters())]
        kinds.append(dict(model.named_buffers()))
        one = next(itertools.chain(model.parameters(), model.buffers()), torch.empty(0))
        self.shapes = [{name: t.shape[1:] for name, t in kind.items()} for kind in kinds]
        self.flats = [
            torch.cat([t.detach().flatten(1) for t in kind.values()], dim=1)
            if kind
            else one.new_empty(len(one), 0)
            for kind in kinds
        ]

    def rows(self, members: Tensor) -> list[Tensor]:
        """Flat parameters and statistics of some members."""
        return [flat.index_select(0, members) for flat in self.flats]

    def put(self, members: Tensor, rows: Sequence[Tensor]) -> None:
        """Write those of some members back."""
        for flat, values in zip(self.flats, rows, strict=True):
            flat.index_copy_(0, members, values)

    def named(self, rows: Sequence[Tensor]) -> dict[str, Tensor]:
        """Views of flat parameters and statistics under their names and shapes."""
        return {
            name: part.view(len(flat), *shape)
            for flat, shapes in zip(rows, self.shapes, strict=True)
            for (name, shape), part in zip(
                shapes.items(), flat.split([s.numel() for s in shapes.values()], dim=1), strict=True
            )
        }

    def of(self, members: Tensor) -> dict[str, Tensor]:
        """Tensors of some members, by name."""
        return self.named(self.rows(members))


def flat_state(model: nn.Module) -> dict[str, NDArray[np.float32]]:
    """Parameters and statistics of an ensemble, each (if any) as one `(members, values)` array."""
    flats = zip(("parameters", "statistics"), Stack(model).flats, strict=True)
    return {name: flat.cpu().numpy() for name, flat in flats if flat.numel()}


def load_flat_state(model: nn.Module, state: Mapping[str, NDArray[np.float32]]) -> None:
    """Put what `flat_state` gave back into a model of the same shape."""
    stack = Stack(model)
    kinds = zip(("parameters", "statistics"), stack.flats, strict=True)
    rows = [torch.from_numpy(state[name]) if flat.numel() else flat for name, flat in kinds]
    model.load_state_dict(stack.named(rows))
    model.eval()


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
        self.stack = Stack(model)
        parameters = self.stack.flats[0]
        if not parameters.numel():
            raise TrainingError(f"{type(model).__name__} has no parameters to train")
        self.adam = Adam(parameters, schedule.learning_rate)
        self.plateau = Plateau(len(parameters), schedule, parameters.device)

    def step(self, batch: Batch) -> None:
        """One step of the optimiser for the members that meet the batch."""
        self.model.train()
        parameters, statistics = self.stack.rows(batch.members)
        named = self.stack.named([parameters.requires_grad_(), statistics])
        outputs = functional_call(self.model, named, batch.inputs)
        (gradient,) = torch.autograd.grad(self.loss(outputs, batch.target).sum(), parameters)
        stepped = self.adam.step(batch.members, parameters.detach(), gradient)
        self.stack.put(batch.members, [stepped, statistics])

    @torch.no_grad()
    def validate(self, batches: Sequence[Batch]) -> Tensor:
        """Loss of each member over the samples of all its batches, shape (members,)."""
        self.model.eval()
        total = torch.zeros_like(self.plateau.best)
        count = torch.zeros_like(total)
        for batch in batches:
            outputs = functional_call(self.model, self.stack.of(batch.members), batch.inputs)
            loss = self.loss(outputs, batch.target)
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

    - `model`: module whose parameters and buffers all have a leading member axis.
    - `train`, `validation`: batches; each epoch takes one step on every training batch, in an order
      drawn anew: by one lot for each name.
    - `loss`, `schedule`, `seed`: mean loss of each member; epochs and learning rate; of all that is
      drawn.
    - `label`: words beside the progress bar, which is silent unless on a terminal.
    - `draw`: what is drawn anew for a training batch at every epoch; nothing if None.

    TrainingError for nothing to train on, a member that no validation batch meets, or a loss that
    is not finite (the message names the epoch and the members).
    """
    keep_freed_memory()
    trainer = Trainer(model, loss, schedule)
    _check_coverage(train, validation, len(trainer.plateau.best))
    if schedule.epochs < 1:
        raise TrainingError(f"expected at least one epoch, got {schedule.epochs}")
    best = torch.full_like(trainer.plateau.best, torch.inf)
    best_epoch = torch.zeros_like(best, dtype=torch.long)
    kept = [flat.clone() for flat in trainer.stack.flats]
    curve = []
    silent = bool(os.environ.get("TQDM_DISABLE")) or None  # None: silent unless on a terminal
    for epoch in tqdm(range(schedule.epochs), desc=label, disable=silent, leave=False):
        lots = {batch.name: seed_of("order", seed, epoch, batch.name) for batch in train}
        for batch in sorted(train, key=lambda batch: lots[batch.name]):
            if draw is not None:
                random = torch.Generator().manual_seed(seed_of("draw", seed, epoch, batch.name))
                batch = draw(batch, epoch, random)
            trainer.step(batch)
        loss_now = trainer.validate(validation)
        _check_finite(loss_now, epoch)
        curve.append(loss_now)
        better = loss_now < best
        best = torch.where(better, loss_now, best)
        best_epoch[better] = epoch
        for own, flat in zip(kept, trainer.stack.flats, strict=True):
            own[better] = flat[better]
        trainer.plateau.step(loss_now, trainer.adam.rate)
    model.load_state_dict(trainer.stack.named(kept))
    model.eval()
    return History(torch.stack(curve).cpu(), best_epoch.cpu())


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
