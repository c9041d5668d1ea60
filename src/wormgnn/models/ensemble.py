"""The tensors of an ensemble, all members in one flat array."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


def seed_of(*what: object) -> int:
    """A seed made of what it is for, plain JSON: the same on any machine and in any company."""
    digest = hashlib.sha256(json.dumps(what).encode()).digest()
    return int.from_bytes(digest[:4], "big")


def initialised(build: Callable[[int], Network], seeds: Sequence[int]) -> Network:
    """An ensemble of which each member is the network alone that its seed gives.

    `build` makes an ensemble of so many members, with parameters that have a leading member axis.
    Torch's global generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        network, rows = build(len(seeds)), []
        for seed in seeds:
            torch.manual_seed(seed)
            rows.append(dict(build(1).named_parameters()))
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(torch.cat([row[name] for row in rows]))
    return network


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
