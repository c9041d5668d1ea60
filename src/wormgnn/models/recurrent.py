"""Networks with a memory: an LSTM before the two-layer MLP ("Model Implementation"), or frames."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from wormgnn.models.layers import Head, Linear, Norm, affine, silent
from wormgnn.models.networks import GNN, Memory, Network, NodeMLP


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
    neurons
        If given, each neuron has an LSTM of its own.
    """

    def __init__(self, members: int, inputs: int, hidden: int, neurons: int | None = None) -> None:
        super().__init__()
        bound = 1 / math.sqrt(hidden)
        each = (members,) if neurons is None else (members, neurons)

        def draw(columns: int) -> nn.Parameter:
            drawn = torch.empty(*each, 4 * hidden, columns).uniform_(-bound, bound)
            return nn.Parameter(drawn)

        if neurons is None:
            self.weight_ih, self.weight_hh = draw(inputs), draw(hidden)
            self.bias_ih, self.bias_hh = draw(1), draw(1)
        else:  # in this order, the second time, are the weights of the published results
            for _ in range(2):
                self.weight_ih, self.bias_ih = draw(inputs), draw(1)
                self.weight_hh, self.bias_hh = draw(hidden), draw(1)

    def forward(self, x: Tensor, state: Memory | None = None) -> Memory:
        """`([members,] [neurons,] inputs, windows)` and `(h, c)` to the next `(h, c)`.

        Each part of the state is `(members, [neurons,] hidden, windows)`; None is all zeros.
        """
        gates = affine(self.weight_ih, self.bias_ih, x)
        if state is None:
            return lstm_update(gates + self.bias_hh, None)
        hidden, cell = state
        return lstm_update(gates + affine(self.weight_hh, self.bias_hh, hidden), cell)


class Recurrent(Network):
    """A network that defines `step`, of which `forward` is the first one, without a memory."""

    recurrent = True

    def forward(
        self, x: Tensor, context: Tensor | None = None, window: Tensor | None = None
    ) -> Tensor:
        """See `Network.forward`; a recurrent network has no edges of windows."""
        return self.step(x, None, self.edges(x if context is None else context))[0]


class MLPRNN(Recurrent):
    """An LSTM over all neurons' features concatenated, then two layers.

    Parameters
    ----------
    members, neurons, outputs, features, hidden
        Sizes; the LSTM has `hidden` units.
    options
        Further arguments of `Head`.
    """

    def __init__(
        self,
        members: int,
        neurons: int,
        outputs: int,
        features: int = 2,
        hidden: int = 16,
        **options: Any,
    ) -> None:
        super().__init__()
        self.features, self.hidden = features, hidden
        self.lstm = LSTMCell(members, features * neurons, hidden)
        self.head = Head(members, hidden, outputs, hidden, **options)

    def step(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """See `Network.step`; the memory is `(h, c)` of `LSTMCell`."""
        memory = self.lstm(x.flatten(-3, -2), memory)
        return self.head(memory[0]), memory

    def values(self, neurons: int) -> int:
        """`2 F N + 10 H`."""
        return 2 * self.features * neurons + 7 * self.hidden + self.head.values


class LaggedMLP(Recurrent):
    """Two layers on the last frames, all that a vector autoregression sees; it may begin as one.

    `X(t + 1) - X(t) = W [X(t), ..., X(t - lags + 1)] + b + g([X(t), ..., X(t - lags + 1)])`

    Parameters
    ----------
    members, neurons, outputs, features, hidden
        Sizes.
    lags
        Frames that it sees; before there are so many, the first stands for those that lack.
    linear
        Whether there are W and b. They begin as a fitted autoregression; see `begin`.
    options
        Further arguments of `Head`.
    """

    def __init__(
        self,
        members: int,
        neurons: int,
        outputs: int,
        features: int = 2,
        hidden: int = 16,
        lags: int = 4,
        linear: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        self.lags, width = lags, lags * features * neurons
        self.linear = silent(Linear(members, width, outputs)) if linear else None
        self.head = Head(members, width, outputs, hidden, **options)

    @torch.no_grad()
    def begin(self, weight: Tensor, bias: Tensor) -> None:
        """Set W, `(members, outputs, lags * features * neurons)`, and b, `(members, outputs)`."""
        assert self.linear is not None
        self.linear.weight.copy_(weight)
        self.linear.bias.copy_(bias[..., None])

    def step(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """See `Network.step`; the memory are the last frames, the latest first."""
        now = x.flatten(-3, -2).expand(len(self.head.readout.weight), -1, -1)
        frames = (now, *(memory or (now,) * self.lags))[: self.lags]
        seen = torch.cat(frames, dim=1)
        change: Tensor = self.head(seen)
        return change if self.linear is None else change + self.linear(seen), frames

    def values(self, neurons: int) -> int:
        """`2 L F N + 3 H` for L lags."""
        return 2 * self.head.block.first.weight.shape[-1] + self.head.values


class NodeMLPRNN(Recurrent):
    """Each neuron by an LSTM and an MLP of its own, which see no other neuron.

    Parameters
    ----------
    members, neurons, outputs, features, hidden, starts_silent
        See `NodeMLP`; each LSTM has `hidden` units.
    """

    def __init__(
        self,
        members: int,
        neurons: int,
        outputs: int,
        features: int = 2,
        hidden: int = 16,
        starts_silent: bool = False,
    ) -> None:
        super().__init__()
        self.features, self.hidden = features, hidden
        self.lstm = LSTMCell(members, features, hidden, neurons)
        self.mlp = NodeMLP(members, neurons, outputs, hidden, hidden, starts_silent)

    def step(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """See `Network.step`; the memory is `(h, c)` of `LSTMCell`."""
        memory = self.lstm(x.transpose(-3, -2), memory)
        return self.mlp(memory[0].transpose(1, 2)), memory

    def values(self, neurons: int) -> int:
        """`N (8 H + 2 F)`."""
        return neurons * (8 * self.hidden + 2 * self.features)


class GNNRNN(Recurrent, GNN):
    """Messages along inferred edges, an LSTM over them aggregated, then two layers.

    The recurrent graph network that the paper leaves to future work.

    Parameters
    ----------
    members, neurons, outputs, features, hidden
        Sizes; the LSTM has `hidden` units.
    hidden_layers, norm, starts_silent
        See `Head`.
    options
        Further arguments of `GNN`.
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
        starts_silent: bool = False,
        **options: Any,
    ) -> None:
        options |= {"hidden_layers": hidden_layers, "norm": norm}
        GNN.__init__(self, members, neurons, outputs, features, hidden, **options)
        self.hidden = hidden
        messages = self.head.block.first.weight.shape[-1]
        self.lstm = LSTMCell(members, messages, hidden)
        # Its input is the LSTM's state: another head in place of the GNN's.
        further = options.get("head_use_running", True), options.get("blocks", "paper")
        self.head = Head(
            members, hidden, outputs, hidden, hidden_layers, norm, starts_silent, *further
        )

    def step(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """See `Network.step`; the memory is `(h, c)` of `LSTMCell`."""
        memory = self.lstm(self._aggregated(self.messages(x, edges)), memory)
        return self.head(memory[0]), memory

    def values(self, neurons: int) -> int:
        """What `GNN` keeps, and `8 H`."""
        return super().values(neurons) + 8 * self.hidden
