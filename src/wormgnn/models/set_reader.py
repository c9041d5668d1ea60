"""A reader of any set of named neurons: what each says, averaged, then read (Deep Sets)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wormgnn.models.layers import Linear

_SILENT = 1e4
"""Taken from a neuron's activations to switch it off: far beyond what weights can make up."""


class SetReader(nn.Module):
    """State scores from the neurons that a recording has, in whatever order they come.

    `h_i = relu(W_x x_i + W_e e_i + b)`, a layer on `[x_i; e_i]` in two parts, for each neuron
    with embedding `e_i` of its name; `H = mean_i h_i` over the neurons that are present; scores
    `= g(H)` with one hidden layer (Zaheer et al. 2017, "Deep Sets"; a second linear map in front
    of the mean would be one with the first of `g`). In training every frame of every step meets
    its own random subset of the neurons, so that the network learns to read any of them.

    Parameters
    ----------
    members
        Networks in the ensemble.
    neurons
        Size of the vocabulary of names.
    outputs
        Number of states.
    features, hidden, embedding
        Sizes of a neuron's input, of the hidden layers and of a name's embedding.
    known
        Names that each member may use, shape (members, neurons): those of its training
        worms. All if None.
    dropping
        Whether neurons are dropped in training.
    seed
        Of the dropping; initial weights follow torch's generator, as in `models.layers`.
    """

    known: Tensor

    def __init__(
        self,
        members: int,
        neurons: int,
        outputs: int,
        features: int = 2,
        hidden: int = 32,
        embedding: int = 16,
        known: Tensor | None = None,
        dropping: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.values = Linear(members, features, hidden)
        self.names = Linear(members, embedding, hidden)
        self.embedding = nn.Parameter(torch.randn(members, embedding, neurons))
        self.rho = Linear(members, hidden, hidden)
        self.readout = Linear(members, hidden, outputs)
        everything = torch.ones(members, neurons)
        self.register_buffer("known", everything if known is None else known.float())
        self.dropping, self.draws = dropping, torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor, present: Tensor) -> Tensor:
        """Scores `(members, outputs, frames)` from the neurons that are present.

        `x` `(features, neurons, frames)` is in the order of the vocabulary, `present`
        `(neurons,)` is true where a neuron was recorded; values of the others are not read.
        """
        which = torch.nonzero(present).flatten()
        return self.read(x[:, which], which)

    def read(self, x: Tensor, which: Tensor) -> Tensor:
        """Scores from a set of neurons: `x` `(features, set, frames)`, `which` their numbers.

        Nothing is said by an empty set: its scores are `g(0)`, the same at every frame.
        """
        dropping = self.training and self.dropping and len(which) > 0
        kept = random_subsets(x, self._draws_of_step()) if dropping else torch.ones_like(x[0])
        known = self.known[:, which]
        total = self._said(x, which, kept, known).sum(0)
        count = (known @ kept).clamp(min=1)  # none known: the scores of an empty set
        mean = total.view(len(known), -1, x.shape[-1]) / count[:, None]
        scores: Tensor = self.readout(torch.relu(self.rho(mean)))
        return scores

    def _draws_of_step(self) -> torch.Generator:
        """A generator of its own for each step: no worm's length moves the draws of another."""
        seed = torch.randint(2**31, (), generator=self.draws)
        return torch.Generator().manual_seed(int(seed))

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
