"""Networks for both tasks: states from the neurons at a frame, or their change to the next one.

Every network is an ensemble (see `layers`) and gives `outputs` numbers for each sample: scores
of states, or the change of every neuron's features, `f` in `X(t+1) = X(t) + f(X(t))` (eq. 4-5), in
the order (feature, neuron).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from wormgnn.models.layers import Head, Linear, LSTMCell, Memory, silent


class Network(nn.Module):
    """An ensemble of networks on the features of all neurons.

    It is built from the sizes `members`, `neurons`, `outputs`, `features` (of a neuron) and
    `hidden` (channels), and options. A subclass defines `forward`; one that predicts frames also
    `values`, and one with a memory also `step`, with `recurrent` true.
    """

    recurrent = False

    def edges(self, context: Tensor) -> Tensor | None:
        """Edges that hold for a whole recording, `(members, neurons, neurons)`, receiver first.

        None from a network that infers none, or infers them anew at each frame. `context` are
        frames of the worm, shared `(features, neurons, frames)`.
        """
        return None

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Shared `(features, neurons, samples)` to `(members, outputs, samples)`.

        `context` are frames of the same worm from which edges are inferred; `x` if None.
        """
        raise NotImplementedError

    def step(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """Outputs `(members, outputs, windows)` at one frame of windows, and what to carry along.

        `x` is shared `(features, neurons, windows)`, or `(members, features, neurons, windows)`;
        `memory` what the call for the frame before returned, None at the first frame; `edges` what
        `edges` returned for this worm.
        """
        return self(x), None

    def values(self, neurons: int) -> int:
        """Numbers kept for the backward pass at each window and frame, of one member.

        A bound, in hidden channels H, features F and neurons N: how memory grows.
        """
        raise NotImplementedError(f"{type(self).__name__} does not predict frames")


def last_frames(x: Tensor, memory: Memory | None, members: int, lags: int) -> Memory:
    """So many frames of each member, `(members, features * neurons, windows)`, the latest first.

    `x` is the present frame and `memory` what this returned for the frame before; see
    `Network.step`. Before there are so many, the first frame stands for those that lack.
    """
    now = x.flatten(-3, -2).expand(members, -1, -1)
    return (now, *(memory or (now,) * lags))[:lags]


class Gathering(Network):
    """What the paper's networks share: they gather what neurons say, and read it with `Head`.

    A subclass defines `gathered`, and `build`, which takes the options and adds the layers. In a
    `recurrent` one an LSTM stands between the two, before the MLP ("Model Implementation"). A call
    may be for some of the members alone, whose tensors are then put in.
    """

    build: Callable[..., None]
    head: Head
    lstm: LSTMCell | None

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
        self.members, self.neurons, self.outputs = members, neurons, outputs
        self.features, self.hidden = features, hidden
        self.build(**options)

    def read(self, inputs: int, by_neuron: bool = False, **options: Any) -> None:
        """Add what reads so many inputs, of each neuron if it is to be `by_neuron`.

        `options` are those of `Head`.
        """
        members, outputs, hidden, neurons = self.members, self.outputs, self.hidden, None
        if by_neuron:
            neurons, outputs = self.neurons, self.outputs // self.neurons
        self.lstm = LSTMCell(members, inputs, hidden, neurons) if self.recurrent else None
        inputs = hidden if self.recurrent else inputs
        self.head = Head(members, inputs, outputs, hidden, neurons=neurons, **options)
        self.kept = self.head.values + 7 * hidden * self.recurrent
        """Bound on the numbers kept behind what was gathered; see `values`."""

    def gathered(self, x: Tensor, edges: Tensor | None = None) -> Tensor:
        """What is read, `([members,] [neurons,] inputs, windows)`; arguments as of `step`."""
        raise NotImplementedError

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """See `Network.forward`; an `x` for each member will do, too."""
        return self.step(x, None, self.edges(x if context is None else context))[0]

    def step(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """See `Network.step`; the memory is `(h, c)` of `LSTMCell`."""
        gathered = self.gathered(x, edges)
        if self.lstm is not None:
            memory = self.lstm(gathered, memory)
            gathered = memory[0]
        return self.head(gathered), memory


class MLP(Gathering):
    """The structure-agnostic network: neurons concatenated, two layers, readout.

    `H = concat(x_1, ..., x_n)` (eq. 6), `H_out = g(H)` (eq. 7), with 16 hidden channels for
    classification. `options` are those of `Head`.
    """

    def build(self, **options: Any) -> None:
        """See `Gathering.build`."""
        self.read(self.features * self.neurons, **options)

    def gathered(self, x: Tensor, edges: Tensor | None = None) -> Tensor:
        """`H`, in the order (feature, neuron)."""
        return x.flatten(-3, -2)

    def values(self, neurons: int) -> int:
        """`2 F N + 3 H`, the batch norm included, and `7 H` of an LSTM."""
        return 2 * self.features * neurons + self.kept


class MLPRNN(MLP):
    """An LSTM over all neurons' features concatenated, then two layers."""

    recurrent = True


class ConnectomeGNN(MLP):
    """Message passing along edges that are given: `H = A X` (eq. 14), then `g` (eq. 13).

    With fixed edges the graph network is an MLP on the messages. `adjacency` holds the weights of
    the edges, shape (neurons, neurons), receiver first; the rest is as for `MLP`.
    """

    def build(self, **options: Any) -> None:
        """See `Gathering.build`."""
        self.adjacency = torch.from_numpy(options.pop("adjacency")).float()
        super().build(**options)

    def gathered(self, x: Tensor, edges: Tensor | None = None) -> Tensor:
        """As `MLP.gathered`, of the messages."""
        return super().gathered(torch.einsum("ij,...jt->...it", self.adjacency.to(x), x))


class NodeMLP(Gathering):
    """Each neuron by an MLP of its own, which sees no other ("Model Implementation").

    `outputs` are those of all neurons, in the order (output, neuron), and each neuron has `hidden`
    channels; `starts_silent` as for `Head`.
    """

    def build(self, starts_silent: bool = False) -> None:
        """See `Gathering.build`."""
        self.read(self.features, by_neuron=True, norm="none", starts_silent=starts_silent)

    def gathered(self, x: Tensor, edges: Tensor | None = None) -> Tensor:
        """The features of each neuron."""
        return x.transpose(-3, -2)

    def step(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """See `Gathering.step`."""
        outputs, memory = super().step(x, memory, edges)
        return outputs.transpose(1, 2).flatten(1, 2), memory

    def values(self, neurons: int) -> int:
        """`N (H + 2 F)`, and `7 N H` of LSTMs."""
        return neurons * ((1 + 7 * self.recurrent) * self.hidden + 2 * self.features)


class NodeMLPRNN(NodeMLP):
    """Each neuron by an LSTM and an MLP of its own, which see no other neuron."""

    recurrent = True


class LaggedMLP(Gathering):
    """Two layers on the last frames, all that a vector autoregression sees; it may begin as one.

    `X(t + 1) - X(t) = W [X(t), ..., X(t - lags + 1)] + b + g([X(t), ..., X(t - lags + 1)])`

    It sees so many `lags`; before there are, the first frame stands for those that lack. `linear`
    tells whether there are W and b, which begin as a fitted autoregression (see `begin`); `options`
    are further ones of `Head`.
    """

    recurrent = True

    def build(self, lags: int = 4, linear: bool = False, **options: Any) -> None:
        """See `Gathering.build`."""
        self.lags, width = lags, lags * self.features * self.neurons
        self.linear = silent(Linear(self.members, width, self.outputs)) if linear else None
        self.head = Head(self.members, width, self.outputs, self.hidden, **options)

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
        frames = last_frames(x, memory, len(self.head.readout.weight), self.lags)
        seen = torch.cat(frames, dim=1)
        change: Tensor = self.head(seen)
        return change if self.linear is None else change + self.linear(seen), frames

    def values(self, neurons: int) -> int:
        """`2 L F N + 3 H` for L lags."""
        return 2 * self.lags * self.features * neurons + self.head.values
