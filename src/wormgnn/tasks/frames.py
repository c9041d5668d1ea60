"""Labelled frames of worms as tensors: what an ensemble trains on, and how it is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from wormgnn.cohort import Cohort, Subset
from wormgnn.features import WINDOW_FRAMES
from wormgnn.folds import Role
from wormgnn.models.networks import Network
from wormgnn.plan import Plan
from wormgnn.statistics import confusion
from wormgnn.store import Arrays
from wormgnn.training import Batch, Draw, History, Schedule, Stack, fit, seed_of


def negative_log_likelihood(scores: Tensor, target: Tensor) -> Tensor:
    """Mean NLL of each member: scores `(members, states, frames)`, target `(frames,)`."""
    return cross_entropy(scores, target.expand(len(scores), -1), reduction="none").mean(dim=1)


@dataclass(frozen=True)
class Worm:
    """One worm's features as tensors, and the use of its frames in one fold.

    `x` has the shape (features, neurons, frames); each frame has in `y` the state's code (-1 is
    ignored), and in `roles` its `Role`. Edges that hold for a whole recording average over
    `edge_frames`, evenly spaced (all where there are fewer); with `windows` every window of 8
    frames gives edges of its own. `present` says which neurons the worm has, for a model of any set
    of neurons, and takes the place of the frames that give edges; None for other models.
    """

    name: str
    x: Tensor
    y: Tensor
    roles: Tensor
    edge_frames: int = 128
    present: Tensor | None = None
    windows: bool = False

    def batch(self, members: Sequence[int] | NDArray[np.intp], role: Role | None) -> Batch:
        """Labelled frames of a role for some members.

        Edges come from the training frames, labelled or not. With `role` None the worm is
        unseen: all its labelled frames are taken, and all its frames give edges. Labels
        never play a part in edges.
        """
        used = self.y >= 0 if role is None else (self.y >= 0) & (self.roles == role)
        rows = torch.as_tensor(members, dtype=torch.long, device=self.x.device)
        x, y = self.x[..., used], self.y[used]
        if self.windows:
            return Batch(rows, (x, *self._windows(used)), y, self.name)
        context = self.present if self.present is not None else self.context(role)
        return Batch(rows, (x, context), y, self.name)

    def _windows(self, used: Tensor) -> tuple[Tensor, Tensor]:
        """The windows in which the used frames lie, and which of them each one lies in.

        Shapes (features, neurons, windows, `WINDOW_FRAMES`) and (used frames,).

        A window has one role, so that no other role's frames come in. Frames behind the last
        whole window lie in no other, and count to it.
        """
        last = self.x.shape[-1] // WINDOW_FRAMES - 1
        own = (torch.nonzero(used).flatten() // WINDOW_FRAMES).clamp(max=last)
        taken, place = own.unique(return_inverse=True)
        whole = self.x[..., : (last + 1) * WINDOW_FRAMES].unflatten(-1, (-1, WINDOW_FRAMES))
        return whole[:, :, taken], place

    def context(self, role: Role | None) -> Tensor:
        """Frames that give edges, evenly spaced: of training, or of all the worm if unseen."""
        frames = self.x if role is None else self.x[..., self.roles == Role.TRAIN]
        return spaced(frames, self.edge_frames)


def spaced(frames: Tensor, count: int) -> Tensor:
    """So many frames at even distances, along the last axis; all where there are fewer."""
    last, count = frames.shape[-1] - 1, min(count, frames.shape[-1])
    return frames[..., torch.linspace(0, last, count, device=frames.device).round().long()]


def worms_of(plan: Plan, cohort: Cohort, fold: int, device: torch.device) -> list[Worm]:
    """The worms of a cohort with the roles of their frames in a fold."""
    windows, worms = plan.options.get("edges") == "window", []
    for number, seen in enumerate(cohort.features(plan.n_states, plan.scaling)):
        arrays = seen.x, seen.y, cohort.roles(number, fold, plan.split)
        x, y, roles = (torch.from_numpy(array).to(device) for array in arrays)
        worms.append(Worm(seen.worm, x, y, roles, plan.edge_frames, windows=windows))
    return worms


def batches(worms: Sequence[Worm], subsets: Sequence[Subset], role: Role) -> list[Batch]:
    """One batch a worm: its frames of a role, for the members whose subset holds it."""
    met = zip(worms, trained_on(worms, subsets).T, strict=True)
    built = [worm.batch(np.flatnonzero(members), role) for worm, members in met]
    return [batch for batch in built if len(batch.members) and len(batch.target)]


def trained_on(worms: Sequence[Worm], subsets: Sequence[Subset]) -> NDArray[np.bool_]:
    """Whether each member was trained on each worm, shape (members, worms)."""
    return np.array([[worm.name in subset for worm in worms] for subset in subsets])


@torch.no_grad()
def evaluate(
    model: nn.Module, worms: Sequence[Worm], subsets: Sequence[Subset], n_states: int
) -> NDArray[np.int64]:
    """Confusion counts of each member on each worm.

    Shape (members, worms, labelled state, predicted state): on the test fold of a worm that the
    member was trained on, on all labelled frames of others.
    """
    model.eval()
    stack = Stack(model)
    counts = np.zeros((len(subsets), len(worms), n_states, n_states), dtype=np.int64)
    for column, (worm, seen) in enumerate(zip(worms, trained_on(worms, subsets).T, strict=True)):
        for members, role in ((seen, Role.TEST), (~seen, None)):
            batch = worm.batch(np.flatnonzero(members), role)
            if len(batch.members) and len(batch.target):
                scores = functional_call(model, stack.of(batch.members), batch.inputs)
                codes = scores.argmax(1).cpu().numpy()
                counts[members, column] = confusion(codes, batch.target.cpu().numpy(), n_states)
    return counts


@torch.no_grad()
def inferred_edges(model: Network, worms: Sequence[Worm]) -> NDArray[np.float32]:
    """Edges that each member infers for each worm from its whole recording.

    Shape (members, worms, neurons, neurons), receiver first; empty for a model that infers
    none, or one for each frame.
    """
    model.eval()
    found = (model.edges(worm.context(None)) for worm in worms)
    edges = [each for each in found if each is not None]
    return torch.stack(edges, dim=1).cpu().numpy() if edges else np.empty(0, dtype=np.float32)


def trained(
    plan: Plan,
    cohort: Cohort,
    model: nn.Module,
    worms: Sequence[Worm],
    subsets: Sequence[Subset],
    fold: int,
    draw: Draw | None = None,
) -> History:
    """Train an ensemble in place, one member for each subset; see `training.fit`."""
    train, validation = (batches(worms, subsets, r) for r in (Role.TRAIN, Role.VALIDATION))
    schedule = Schedule(plan.epochs or cohort.profile.epochs, plan.learning_rate)
    seed, label = seed_of(plan.seed, fold), f"{plan.model}, fold {fold}"
    return fit(model, train, validation, negative_log_likelihood, schedule, seed, label, draw)


def member_seeds(
    plan: Plan, fold: int, subsets: Sequence[Subset], *others: Sequence[str]
) -> list[int]:
    """Seed of each member's initial weights, from what it is and not from its place.

    `others` tells apart members of the same worms, such as those on other neurons.
    """
    own = [plan.seed, fold, plan.model, *map(sorted, others)]
    return [seed_of(*own, sorted(subset)) for subset in subsets]


def curve(history: History) -> Arrays:
    """Validation loss (epochs, members) and the epoch that was kept."""
    validation = history.validation.numpy().astype(np.float32)
    return {"validation": validation, "best_epoch": history.best_epoch.numpy()}
