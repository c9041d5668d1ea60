"""Predictors with a memory: an LSTM before the two-layer MLP ("Model Implementation")."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from wormgnn.models.layers import Norm, affine
from wormgnn.models.predictors import (
    GNNPredictor,
    Head,
    Memory,
    NodeLinear,
    Predictor,
    flat,
    silent,
)


def lstm_update(gates: Tensor, cell: Tensor | None) -> Memory:
    """Next `(h, c)`, each `(..., hidden, windows)`, from the four gates before squashing.

    `gates` `(..., 4 * hidden, windows)` are input, forget, candidate and output gate, in the
    order of torch; a `cell` of None is all zeros.
    """
    take, keep, candidate, show = gates.chunk(4, dim=-2)
    new = torch.sigmoid(take) * torch.tanh(candidate)
    if cell is not None:
        new = new + torch.sigmoid(keep) * cell
    return torch.sigmoid(show) * torch.tanh(new), new


class LSTMCell(nn.Module):
    """One step of an LSTM for each member; equations and initialisation of `torch.nn.LSTMCell`.

    Parameters
    ----------
    members, inputs, hidden
        Sizes.
    """

    def __init__(self, members: int, inputs: int, hidden: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(hidden)

        def uniform(columns: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(members, 4 * hidden, columns).uniform_(-bound, bound))

        self.weight_ih, self.weight_hh = uniform(inputs), uniform(hidden)
        self.bias_ih, self.bias_hh = uniform(1), uniform(1)

    def forward(self, x: Tensor, state: Memory | None = None) -> Memory:
        """`([members,] inputs, windows)` and `(h, c)`, or None for zeros, to the next `(h, c)`.

        Each part of the state is `(members, hidden, windows)`.
        """
        gates = affine(self.weight_ih, self.bias_ih, x)
        if state is None:
            return lstm_update(gates + self.bias_hh, None)
        hidden, cell = state
        return lstm_update(gates + affine(self.weight_hh, self.bias_hh, hidden), cell)


class NodeLSTMCell(nn.Module):
    """One step of an LSTM of its own for each neuron, for each member.

    Parameters
    ----------
    members, neurons, inputs, hidden
        Sizes.
    """

    def __init__(self, members: int, neurons: int, inputs: int, hidden: int) -> None:
        super().__init__()
        self.from_input = NodeLinear(members, neurons, inputs, 4 * hidden)
        self.from_hidden = NodeLinear(members, neurons, hidden, 4 * hidden)
        bound = 1 / math.sqrt(hidden)  # torch's LSTM scales by its hidden size, not its inputs
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-bound, bound)

    def forward(self, x: Tensor, state: Memory | None = None) -> Memory:
        """`([members,] neurons, inputs, windows)` and `(h, c)`, or None, to the next `(h, c)`.

        Each part of the state is `(members, neurons, hidden, windows)`.
        """
        gates = self.from_input(x)
        if state is None:
            return lstm_update(gates + self.from_hidden.bias, None)
        hidden, cell = state
        return lstm_update(gates + self.from_hidden(hidden), cell)


class MLPRNNPredictor(Predictor):
    """An LSTM over all neurons' features concatenated, then two layers.

    Parameters
    ----------
    members, neurons, features, hidden, norm
        See `Head`; the LSTM has `hidden` units.
    """

    recurrent = True

    def __init__(
        self, members: int, neurons: int, features: int = 2, hidden: int = 256, norm: Norm = "none"
    ) -> None:
        super().__init__(features, hidden)
        self.lstm = LSTMCell(members, features * neurons, hidden)
        self.head = Head(members, hidden, neurons, features, hidden, norm)

    def forward(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """See `Predictor.forward`; the memory is `(h, c)` of `LSTMCell`."""
        memory = self.lstm(flat(x), memory)
        return self.head(memory[0]), memory

    def values(self, neurons: int) -> int:
        """`2 F N + 10 H`."""
        return 2 * self.features * neurons + 10 * self.hidden


class NodeMLPRNNPredictor(Predictor):
    """Each neuron by an LSTM and an MLP of its own, which see no other neuron.

    Parameters
    ----------
    members, neurons, features, hidden
        Sizes; `hidden` units and channels for each neuron.
    """

    recurrent = True

    def __init__(self, members: int, neurons: int, features: int = 2, hidden: int = 256) -> None:
        super().__init__(features, hidden)
        self.lstm = NodeLSTMCell(members, neurons, features, hidden)
        self.first = NodeLinear(members, neurons, hidden, hidden)
        self.readout = silent(NodeLinear(members, neurons, hidden, features))

    def forward(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """See `Predictor.forward`; the memory is `(h, c)` of `NodeLSTMCell`."""
        memory = self.lstm(x.transpose(-3, -2), memory)
        change: Tensor = self.readout(torch.relu(self.first(memory[0])))
        return change.transpose(1, 2), memory

    def values(self, neurons: int) -> int:
        """`N (8 H + 2 F)`."""
        return neurons * (8 * self.hidden + 2 * self.features)


class GNNRNNPredictor(GNNPredictor):
    """Messages along inferred edges, an LSTM over them concatenated, then two layers.

    The recurrent graph network that the paper leaves to future work.

    Parameters
    ----------
    members, neurons, features, hidden, norm, edges
        See `GNNPredictor`; the LSTM has `hidden` units.
    """

    recurrent = True

    def __init__(
        self,
        members: int,
        neurons: int,
        features: int = 2,
        hidden: int = 256,
        norm: Norm = "none",
        edges: Literal["frame", "after", "before"] = "frame",
    ) -> None:
        super().__init__(members, neurons, features, hidden, norm, edges)
        self.lstm = LSTMCell(members, features * neurons, hidden)
        self.head = Head(members, hidden, neurons, features, hidden, norm)

    def forward(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """See `Predictor.forward`; the memory is `(h, c)` of `LSTMCell`."""
        memory = self.lstm(flat(self.messages(x, edges)), memory)
        return self.head(memory[0]), memory

    def values(self, neurons: int) -> int:
        """What `GNNPredictor` keeps, and `8 H`."""
        return super().values(neurons) + 8 * self.hidden
