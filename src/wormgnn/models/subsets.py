"""Networks for whatever neurons there are: a reader of any set, and MLPs on many sets at once."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wormgnn.errors import NeuronError
from wormgnn.models.layers import Linear, affine
from wormgnn.models.networks import MLP

_SILENT = 1e4
"""Taken from a neuron's activations to switch it off: far beyond what weights can make up."""


class SetReader(nn.Module):
    """State scores from the neurons that a recording has (Zaheer et al. 2017, "Deep Sets").

    `h_i = relu(W_x x_i + W_e e_i + b)`, a layer on `[x_i; e_i]` in two parts, for each neuron
    with embedding `e_i` of its name, of which there are `neurons`; `H = mean_i h_i` over the
    neurons that are present; scores `= g(H)` with one hidden layer (a second linear map in front of
    the mean would be one with the first of `g`). Where training keeps a random subset of the
    neurons at every frame of every step, the network learns to read any of them.
    """

    known: Tensor
    """Names that each member may use, shape (members, neurons): those of its training worms."""

    def __init__(
        self,
        members: int,
        neurons: int,
        outputs: int,
        features: int = 2,
        hidden: int = 32,
        embedding: int = 16,
    ) -> None:
        super().__init__()
        self.values = Linear(members, features, hidden)
        self.names = Linear(members, embedding, hidden)
        self.embedding = nn.Parameter(torch.randn(members, embedding, neurons))
        self.rho = Linear(members, hidden, hidden)
        self.readout = Linear(members, hidden, outputs)
        self.register_buffer("known", torch.ones(members, neurons))

    def forward(self, x: Tensor, present: Tensor, kept: Tensor | None = None) -> Tensor:
        """Scores `(members, outputs, frames)` from the neurons that are present.

        `x` `(features, neurons, frames)` is in the order of the vocabulary, `present`
        `(neurons,)` is true where a neuron was recorded; values of the others are not read.
        `kept` `(neurons, frames)` is zero where a neuron is dropped. Nothing is said by an empty
        set: its scores are `g(0)`, the same at every frame.
        """
        which = torch.nonzero(present).flatten()
        x, known = x[:, which], self.known[:, which]
        kept = torch.ones_like(x[0]) if kept is None else kept[which]
        total = self._said(x, which, kept, known).sum(0)
        count = (known @ kept).clamp(min=1)  # none known: the scores of an empty set
        mean = total.view(len(known), -1, x.shape[-1]) / count[:, None]
        scores: Tensor = self.readout(torch.relu(self.rho(mean)))
        return scores

    def _said(self, x: Tensor, which: Tensor, kept: Tensor, known: Tensor) -> Tensor:
        """`h_i`, zero where a neuron is not kept or known, `(set, members * hidden, frames)`.

        One product for each neuron: what its name says, and what switches it off, ride along
        as inputs that are the same for all members.
        """
        features, shape = len(x), (len(which), self.values.bias.numel(), 1)
        name = self.names(self.embedding[..., which]) + self.values.bias
        name = (name - _SILENT * (1 - known[:, None])).permute(2, 0, 1).reshape(shape)
        shared = self.values.weight.reshape(1, -1, features).expand(len(which), -1, -1)
        weight = torch.cat([shared, name, torch.full_like(name, _SILENT)], dim=2)
        constant = torch.ones_like(kept)[None]
        inputs = torch.cat([x, constant, kept[None] - 1]).transpose(0, 1)
        return torch.bmm(weight, inputs).relu_()


def random_subsets(x: Tensor, draws: torch.Generator) -> Tensor:
    """One where a neuron is kept, else zero, `(set, frames)`: a subset for every frame.

    Every number of neurons is as likely as any other, and one is kept at least.
    """
    lots = torch.rand(x.shape[1:], generator=draws).to(x.device)
    share = torch.rand(x.shape[-1], generator=draws).to(x.device)
    kept = lots <= torch.maximum(share, lots.min(dim=0).values)
    return kept.to(x.dtype)


class MaskedMLP(MLP):
    """`MLP` without batch norm, each member on its own subset of the neurons.

    `mask`, shape (members, neurons), is true where a member sees a neuron. Weights from the other
    neurons are multiplied by zero, so that all members share one matrix product; the initial
    weights are those of the smaller network, drawn by the member's own seed. NeuronError for a
    member without neurons.
    """

    mask: Tensor

    def __init__(
        self,
        mask: NDArray[np.bool_],
        outputs: int,
        seeds: Sequence[int],
        features: int = 2,
        hidden: int = 16,
    ) -> None:
        if not mask.any(axis=1).all():
            raise NeuronError("expected at least one neuron for each member of the ensemble")
        members, neurons = mask.shape
        with torch.random.fork_rng(devices=[]):
            super().__init__(members, neurons, outputs, features, hidden, norm="none")
        inputs = torch.from_numpy(np.tile(mask, features)).float()
        self.register_buffer("mask", inputs[:, None])
        self._initialise(seeds)

    @torch.no_grad()
    def _initialise(self, seeds: Sequence[int]) -> None:
        """Uniform within one over the square root of the inputs that a member really has."""
        for member, seed in enumerate(seeds):
            random = torch.Generator().manual_seed(seed)
            first, readout = self.head.block.first, self.head.readout
            hidden, seen = float(readout.weight.shape[-1]), float(self.mask[member].sum())
            for layer, inputs in ((first, seen), (readout, hidden)):
                for tensor in (layer.weight[member], layer.bias[member]):
                    tensor.uniform_(-(inputs**-0.5), inputs**-0.5, generator=random)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """See `Network.forward`."""
        first = self.head.block.first
        hidden = affine(first.weight * self.mask, first.bias, self.gathered(x))
        scores: Tensor = self.head.readout(self.head.block.rest(hidden))
        return scores

    @torch.no_grad()
    def filled(self, means: NDArray[np.float32], there: NDArray[np.bool_]) -> MaskedMLP:
        """These networks of all neurons where some are missing, and a mean stands for each.

        A constant input is a shift of the bias. `means`, of each member, has the shape (members,
        features, neurons), `there` is true where a neuron is not missing, shape (neurons,).
        """
        model = copy.deepcopy(self)
        model.mask.copy_(torch.from_numpy(np.tile(there, means.shape[1])))
        given = torch.from_numpy(means).flatten(1)[:, None]
        first = model.head.block.first
        first.bias.add_((first.weight * given * (1 - model.mask)).sum(2, keepdim=True))
        return model
