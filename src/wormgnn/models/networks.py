"""Networks for both tasks: states from the neurons at a frame, or their change to the next one.

Every network is an ensemble (see `layers`) and gives `outputs` numbers for each sample: scores
of states, or, through `Predictor`, the change of every neuron's features.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wormgnn.errors import ChoiceError, chosen
from wormgnn.models.edges import EdgeEncoder, Edges, FrameEdges
from wormgnn.models.layers import Blocks, Head, Linear, Norm, affine, silent

Message = Literal["sum", "mean", "self", "row", "symmetric"]
"""A key of `MESSAGES`."""

Aggregation = Literal["concat", "sum"]

Memory = tuple[Tensor, ...]
"""What a recurrent network carries from frame to frame, each with a leading member axis."""


def _with_self(weights: Tensor, share: float = 1.0) -> Tensor:
    """`I + share A`, of edges `(members, neurons, neurons, frames or 1)`."""
    itself = torch.eye(weights.shape[1], dtype=weights.dtype, device=weights.device)
    return itself[..., None] + share * weights


def _symmetric(weights: Tensor) -> Tensor:
    looped = _with_self(weights)
    root = looped.sum(2).rsqrt()  # of what each neuron receives
    return root[:, :, None] * looped * root[:, None]


MESSAGES: dict[str, Callable[[Tensor], Tensor]] = {
    "sum": lambda weights: weights,
    "mean": lambda weights: weights / weights.shape[1],
    "self": lambda weights: _with_self(weights, 1 / weights.shape[1]),
    "row": lambda weights: weights / weights.sum(2, keepdim=True),
    "symmetric": _symmetric,
}
"""How inferred edges carry messages, `H = A X`: from edges w to A, over N neurons.

- `sum`: `A = w` (eq. 12 to the letter).
- `mean`: `A = w / N`.
- `self`: `A = I + w / N`, the mean of the messages and a self edge of one.
- `row`: `A_ij = w_ij / sum_k w_ik`.
- `symmetric`: `A = D^-1/2 (w + I) D^-1/2`, D the row sums of `w + I` (Kipf and Welling 2017).
"""


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


class MLP(Network):
    """The structure-agnostic network: neurons concatenated, two layers, readout.

    `H = concat(x_1, ..., x_n)` (eq. 6), `H_out = g(H)` (eq. 7), with 16 hidden channels for
    classification. `options` are those of `Head`.
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
        self.features = features
        self.head = Head(members, features * neurons, outputs, hidden, **options)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """See `Network.forward`; an `x` for each member will do, too."""
        scores: Tensor = self.head(x.flatten(-3, -2))
        return scores

    def values(self, neurons: int) -> int:
        """`2 F N + 3 H`, the batch norm included."""
        return self.head.values + 2 * self.features * neurons


class ConnectomeGNN(MLP):
    """Message passing along edges that are given: `H = A X` (eq. 14), then `g` (eq. 13).

    With fixed edges the graph network is an MLP on the messages. `adjacency` holds the weights of
    the edges, shape (neurons, neurons), receiver first; the rest is as for `MLP`.
    """

    def __init__(self, adjacency: NDArray[np.float64], **sizes: Any) -> None:
        super().__init__(**sizes)
        self.adjacency = torch.from_numpy(adjacency).float()

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """As `MLP.forward`."""
        return super().forward(torch.einsum("ij,...jt->...it", self.adjacency.to(x), x))


class NodeMLP(Network):
    """Each neuron by an MLP of its own, which sees no other ("Model Implementation").

    `outputs` are those of all neurons, in the order (output, neuron), and each neuron has `hidden`
    channels; `starts_silent` as for `Head`.
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
        self.first = Linear(members, features, hidden, neurons)
        readout = Linear(members, hidden, outputs // neurons, neurons)
        self.readout = silent(readout) if starts_silent else readout

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """See `Network.forward`; an `x` for each member will do, too."""
        outputs: Tensor = self.readout(torch.relu(self.first(x.transpose(-3, -2))))
        return outputs.transpose(1, 2).flatten(1, 2)

    def values(self, neurons: int) -> int:
        """`N (H + 2 F)`."""
        return neurons * (self.hidden + 2 * self.features)


class GNN(Network):
    """Message passing along inferred edges, then two layers and a readout.

    `H_i = sum_j A_ij x_j` (eq. 12, 14), `H_out = g(aggregate(H_i))` (eq. 13), where `message`
    says how A follows from the inferred edges.

    Parameters
    ----------
    hidden_layers, norm, blocks
        Of the two layers and of the edge encoder; see `Block`.
    encoder_norm
        Batch norm in the encoder, where it differs from `norm`.
    head_use_running, starts_silent
        `use_running` and `starts_silent` of `Head`.
    edges, inference
        See `EdgeEncoder`; `inference` are its further arguments.
    lean
        Whether edges of each frame come from `FrameEdges`, as they do in forecasts.
    message
        A key of `MESSAGES`.
    aggregation
        `concat` (eq. 13, the paper's choice) or `sum` over neurons.
    steps
        Number of message-passing steps.
    """

    def __init__(
        self,
        members: int,
        neurons: int,
        outputs: int,
        features: int = 2,
        hidden: int = 16,
        hidden_layers: int = 1,
        edges: Edges = "after",
        norm: Norm = "last",
        encoder_norm: Norm | None = None,
        lean: bool = False,
        aggregation: Aggregation = "concat",
        steps: int = 1,
        starts_silent: bool = False,
        message: Message = "sum",
        head_use_running: bool = True,
        blocks: Blocks = "paper",
        **inference: Any,
    ) -> None:
        super().__init__()
        self.carried = chosen("message", message, MESSAGES)
        if aggregation not in ("concat", "sum"):
            raise ChoiceError("aggregation", aggregation, ("concat", "sum"))
        self.encoder: EdgeEncoder | FrameEdges
        if lean and edges == "frame":
            if blocks != "paper":
                raise ChoiceError("blocks of lean edges", blocks, ["paper"])
            self.encoder = FrameEdges(members, features, hidden, **inference)
        else:
            inner = encoder_norm or norm
            self.encoder = EdgeEncoder(
                members, features, hidden, hidden_layers, edges, inner, blocks=blocks, **inference
            )
        self.features, self.aggregation, self.steps = features, aggregation, steps
        width = features * (neurons if aggregation == "concat" else 1)
        further = norm, starts_silent, head_use_running, blocks
        self.head = Head(members, width, outputs, hidden, hidden_layers, *further)

    def edges(self, context: Tensor) -> Tensor | None:
        """See `Network.edges`."""
        return None if self.encoder.edges in ("frame", "window") else self.encoder(context)

    def forward(
        self, x: Tensor, context: Tensor | None = None, window: Tensor | None = None
    ) -> Tensor:
        """See `Network.forward`; edges of each frame come from `x` alone.

        Edges of windows come from a `context` `(features, neurons, windows, frames)`, of which
        `window` `(samples,)` says in which each sample lies.
        """
        if self.encoder.edges == "frame" or context is None:
            context = x
        weights = self.encoder(context)
        if self.encoder.edges == "window":
            weights = weights[..., window]
        if weights.dim() == 4:
            return self.step(x, None, weights)[0]
        # Message passing moves into the first layer of g, `W (A x) = (W A) x`, and costs
        # nothing per frame.
        first = self.head.block.first
        per_node = first.weight.unflatten(2, (self.features, -1))
        if self.aggregation == "sum":
            per_node = per_node.expand(-1, -1, -1, x.shape[-2])
        per_node, weights = per_node.flatten(1, 2), self._carrying(weights)
        for _ in range(self.steps):
            per_node = torch.bmm(per_node, weights)
        folded = affine(per_node.view(*first.weight.shape[:2], -1), first.bias, x.flatten(0, 1))
        outputs: Tensor = self.head.readout(self.head.block.rest(folded))
        return outputs

    def step(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """See `Network.step`."""
        return self.head(self._aggregated(self.messages(x, edges))), None

    def messages(self, x: Tensor, edges: Tensor | None = None) -> Tensor:
        """`H = A^steps X`: `(members, features, neurons, windows)`; see `Network.step`.

        ChoiceError for edges of windows, which a frame alone does not have.
        """
        if edges is None and self.encoder.edges == "window":
            raise ChoiceError("edges of a forecast", "window", ("before", "after", "frame"))
        weights = self._carrying(self.encoder(x) if edges is None else edges)
        pairs = "mijt" if weights.dim() == 4 else "mij"
        for _ in range(self.steps):
            x = torch.einsum(f"{pairs},{'mfjt' if x.dim() == 4 else 'fjt'}->mfit", weights, x)
        return x

    def _carrying(self, weights: Tensor) -> Tensor:
        """A of `H = A X`, from edges `(members, neurons, neurons[, frames])`."""
        each = weights if weights.dim() == 4 else weights[..., None]
        return self.carried(each).view_as(weights)

    def _aggregated(self, messages: Tensor) -> Tensor:
        return messages.sum(2) if self.aggregation == "sum" else messages.flatten(1, 2)

    def values(self, neurons: int) -> int:
        """`4 F N + 3 H` (`F N` more for each further step), and what the encoder keeps."""
        messages = (3 + self.steps) * self.features * neurons
        return messages + self.head.values + self.encoder.values(neurons)


class Predictor(nn.Module):
    """`f` in `X(t+1) = X(t) + f(X(t))` (eq. 4-5): outputs as the change of each neuron's features.

    The network has an output for each feature of each neuron, in the order (feature, neuron).
    """

    def __init__(self, network: Network, features: int = 2) -> None:
        super().__init__()
        self.network, self.features, self.recurrent = network, features, network.recurrent

    def edges(self, context: Tensor) -> Tensor | None:
        """See `Network.edges`."""
        return self.network.edges(context)

    def forward(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """As `Network.step`; the change is `(members, features, neurons, windows)`."""
        change, memory = self.network.step(x, memory, edges)
        return change.unflatten(1, (self.features, -1)), memory

    def values(self, neurons: int) -> int:
        """See `Network.values`."""
        return self.network.values(neurons)
