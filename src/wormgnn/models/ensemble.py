"""The tensors of an ensemble, all members in one flat array."""

from __future__ import annotations

import hashlib
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
    """Named tensors with a leading member axis, held in one flat `(members, values)` tensor.

    Gathering, stepping and keeping the best of some members are then one operation each.
    """

    def __init__(self, named: Mapping[str, Tensor]) -> None:
        self.names = list(named)
        self.shapes = [tensor.shape[1:] for tensor in named.values()]
        self.sizes = [shape.numel() for shape in self.shapes]
        self.flat = (
            torch.cat([t.detach().flatten(1) for t in named.values()], dim=1) if named else None
        )

    def rows(self, members: Tensor) -> Tensor:
        """Flat values of some members; empty where there is nothing to hold."""
        if self.flat is None:
            return torch.empty(len(members), 0)
        return self.flat.index_select(0, members)

    def put(self, members: Tensor, rows: Tensor) -> None:
        """Write the values of some members back."""
        if self.flat is not None:
            self.flat.index_copy_(0, members, rows)

    def named(self, flat: Tensor) -> dict[str, Tensor]:
        """Views of flat values under their names and shapes."""
        if not self.names:
            return {}
        parts = flat.split(self.sizes, dim=1)
        return {
            name: part.view(len(flat), *shape)
            for name, part, shape in zip(self.names, parts, self.shapes, strict=True)
        }


def flat_state(model: nn.Module) -> dict[str, NDArray[np.float32]]:
    """Parameters and statistics of an ensemble, each as one `(members, values)` array."""
    stacks = {
        "parameters": Stack(dict(model.named_parameters())),
        "statistics": Stack(dict(model.named_buffers())),
    }
    return {name: s.flat.cpu().numpy() for name, s in stacks.items() if s.flat is not None}


def load_flat_state(model: nn.Module, state: Mapping[str, NDArray[np.float32]]) -> None:
    """Put what `flat_state` gave back into a model of the same shape."""
    named: dict[str, Tensor] = {}
    for name, tensors in (
        ("parameters", dict(model.named_parameters())),
        ("statistics", dict(model.named_buffers())),
    ):
        if tensors:
            named |= Stack(tensors).named(torch.from_numpy(state[name]))
    model.load_state_dict(named)
    model.eval()
