"""The structure-agnostic network: concatenate the neurons, two layers, read out (eq. 6-7)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wormgnn.models.layers import Block, Linear, Norm


class MLP(nn.Module):
    """State scores from all neurons' features at one frame.

    `H = concat(x_1, ..., x_n)` (eq. 6), `H_out = g(H)` (eq. 7).

    Parameters
    ----------
    members
        Networks in the ensemble.
    neurons, features
        Sizes of the input.
    outputs
        Number of states.
    hidden
        Channels of the hidden layers (paper: 16 for classification).
    hidden_layers, norm
        How the two-layer `g` is read, and where batch norm sits in it; see `Block`.
    """

    def __init__(
        self,
        members: int,
        neurons: int,
        outputs: int,
        features: int = 2,
        hidden: int = 16,
        hidden_layers: int = 1,
        norm: Norm = "last",
    ) -> None:
        super().__init__()
        self.block = Block(members, neurons * features, hidden, hidden_layers, norm)
        self.readout = Linear(members, hidden, outputs)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Shared `(features, neurons, frames)` to scores `(members, outputs, frames)`.

        `context` is what the GNN infers edges from; this network needs none.
        """
        return self.readout(self.block(x.flatten(0, 1)))


class ConnectomeGNN(MLP):
    """Message passing along edges that are given: `H = A X` (eq. 14), then `g` (eq. 13).

    With fixed edges the graph network is an MLP on the messages.

    Parameters
    ----------
    adjacency
        Weights of the edges, shape (neurons, neurons), receiver first.
    sizes
        Arguments of `MLP`.
    """

    def __init__(self, adjacency: NDArray[np.float64], **sizes: Any) -> None:
        super().__init__(**sizes)
        self.adjacency = torch.from_numpy(adjacency).float()

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """As `MLP.forward`."""
        return super().forward(torch.einsum("ij,fjt->fit", self.adjacency.to(x), x))
