"""The first task: read the behavioural state from the neurons at one frame (eq. 1-3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from wormgnn.ensemble import Stack
from wormgnn.features import Features
from wormgnn.folds import Role
from wormgnn.models.gnn import GNN
from wormgnn.training import Batch

Subset = tuple[str, ...]


def negative_log_likelihood(scores: Tensor, target: Tensor) -> Tensor:
    """Mean NLL of each member: scores `(members, states, frames)`, target `(frames,)`."""
    log_p = torch.log_softmax(scores, dim=1)
    picked = log_p.gather(1, target.expand(len(scores), 1, -1))
    return -picked.mean(dim=(1, 2))


def confusion(predicted: Tensor, target: Tensor, n_states: int) -> NDArray[np.int64]:
    """Counts `(members, labelled state, predicted state)` from codes `(members, frames)`."""
    codes = (target * n_states + predicted).cpu().numpy()
    counts = [np.bincount(row, minlength=n_states**2) for row in codes]
    return np.stack(counts).reshape(-1, n_states, n_states)


@dataclass(frozen=True)
class Worm:
    """One worm's features as tensors, and the use of its frames in one fold.

    Attributes
    ----------
    name
        Identifier of the worm.
    x
        Shape (features, neurons, frames).
    y
        State codes, shape (frames,); -1 is ignored.
    roles
        `Role` of each frame, shape (frames,).
    edge_frames
        Edges that hold for a whole recording average over so many frames, evenly spaced
        (all where there are fewer).
    """

    name: str
    x: Tensor
    y: Tensor
    roles: Tensor
    edge_frames: int = 128

    @classmethod
    def of(
        cls,
        features: Features,
        roles: NDArray[np.int64],
        device: torch.device,
        edge_frames: int = 128,
    ) -> Worm:
        """From numpy to a device."""
        x, y, r = (torch.from_numpy(a).to(device) for a in (features.x, features.y, roles))
        return cls(features.worm, x, y, r, edge_frames)

    def batch(self, members: Sequence[int], role: Role | None) -> Batch:
        """Labelled frames of a role for some members.

        Edges come from the training frames, labelled or not. With `role` None the worm is
        unseen: all its labelled frames are taken, and all its frames give edges. Labels
        never play a part in edges.
        """
        used = self.y >= 0 if role is None else (self.y >= 0) & (self.roles == role)
        context = self.x if role is None else self.x[..., self.roles == Role.TRAIN]
        rows = torch.tensor(members, dtype=torch.long, device=self.x.device)
        count = min(self.edge_frames, context.shape[-1])
        spaced = (
            torch.linspace(0, context.shape[-1] - 1, count, device=self.x.device).round().long()
        )
        return Batch(rows, (self.x[..., used], context[..., spaced]), self.y[used])


def batches(worms: Sequence[Worm], subsets: Sequence[Subset], role: Role) -> list[Batch]:
    """One batch a worm: its frames of a role, for the members whose subset holds it."""
    built = [worm.batch(_rows(subsets, worm.name, seen=True), role) for worm in worms]
    return [batch for batch in built if len(batch.members) and len(batch.target)]


def _rows(subsets: Sequence[Subset], worm: str, seen: bool) -> list[int]:
    return [row for row, subset in enumerate(subsets) if (worm in subset) == seen]


@dataclass(frozen=True)
class Evaluation:
    """How an ensemble did on every worm.

    Attributes
    ----------
    worms
        Names of the worms.
    counts
        Confusion counts, shape (members, worms, labelled state, predicted state): on the
        test fold of a worm that the member was trained on, on all labelled frames of others.
    seen
        Whether the member was trained on the worm, shape (members, worms).
    """

    worms: tuple[str, ...]
    counts: NDArray[np.int64]
    seen: NDArray[np.bool_]


@torch.no_grad()
def inferred_edges(model: nn.Module, worms: Sequence[Worm]) -> NDArray[np.float32]:
    """Edges that each member infers for each worm from its whole recording.

    Shape (members, worms, neurons, neurons), receiver first; empty for a model that infers
    none, or one for each frame.
    """
    if not isinstance(model, GNN) or model.encoder.edges == "frame":
        return np.empty(0, dtype=np.float32)
    model.eval()
    edges = [model.encoder(worm.batch([], None).inputs[1]) for worm in worms]
    return torch.stack(edges, dim=1).cpu().numpy()


@torch.no_grad()
def evaluate(
    model: nn.Module, worms: Sequence[Worm], subsets: Sequence[Subset], n_states: int
) -> Evaluation:
    """Confusion counts of each member on each worm; see `Evaluation`."""
    model.eval()
    parameters, buffers = Stack(dict(model.named_parameters())), Stack(dict(model.named_buffers()))
    shape = (len(subsets), len(worms))
    counts = np.zeros((*shape, n_states, n_states), dtype=np.int64)
    seen = np.zeros(shape, dtype=bool)
    for column, worm in enumerate(worms):
        for trained, role in ((True, Role.TEST), (False, None)):
            rows = _rows(subsets, worm.name, trained)
            if not rows:
                continue
            batch = worm.batch(rows, role)
            named = parameters.named(parameters.rows(batch.members))
            named |= buffers.named(buffers.rows(batch.members))
            predicted = functional_call(model, named, batch.inputs).argmax(1)
            counts[rows, column] = confusion(predicted, batch.target, n_states)
            seen[rows, column] = trained
    return Evaluation(tuple(worm.name for worm in worms), counts, seen)
