"""The graph network on inferred edges, and how such edges carry messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from wormgnn.errors import ChoiceError, chosen
from wormgnn.models.edges import EdgeEncoder, Edges, FrameEdges
from wormgnn.models.layers import Blocks, Head, Norm, affine
from wormgnn.models.networks import Gathering

Message = Literal["sum", "mean", "self", "row", "symmetric"]
"""A key of `MESSAGES`."""

Aggregation = Literal["concat", "sum"]


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


class GNN(Gathering):
    """Message passing along inferred edges, then two layers and a readout.

    `H_i = sum_j A_ij x_j` (eq. 12, 14), `H_out = g(aggregate(H_i))` (eq. 13), where `message`
    says how A follows from the inferred edges.

    Parameters
    ----------
    edges, inference
        See `EdgeEncoder`; `inference` are its further arguments.
    norm, encoder_norm
        Batch norm of the two layers, and of the encoder where it differs; see `Block`.
    lean
        Whether edges of each frame come from `FrameEdges`, as they do in forecasts.
    aggregation
        `concat` (eq. 13, the paper's choice) or `sum` over neurons.
    steps
        Number of message-passing steps.
    message
        A key of `MESSAGES`.
    head_use_running, starts_silent
        `use_running` and `starts_silent` of `Head`.
    hidden_layers, blocks
        Of `Head` and of the encoder; see `Block`.
    """

    def build(
        self,
        edges: Edges = "after",
        norm: Norm = "last",
        encoder_norm: Norm | None = None,
        lean: bool = False,
        aggregation: Aggregation = "concat",
        steps: int = 1,
        message: Message = "sum",
        head_use_running: bool = True,
        starts_silent: bool = False,
        hidden_layers: int = 1,
        blocks: Blocks = "paper",
        **inference: Any,
    ) -> None:
        """See `Gathering.build`."""
        self.carried = chosen("message", message, MESSAGES)
        if aggregation not in ("concat", "sum"):
            raise ChoiceError("aggregation", aggregation, ("concat", "sum"))
        sizes = self.members, self.features, self.hidden
        both: dict[str, Any] = {"hidden_layers": hidden_layers, "blocks": blocks}
        self.encoder: EdgeEncoder | FrameEdges
        if lean and edges == "frame":
            if blocks != "paper":
                raise ChoiceError("blocks of lean edges", blocks, ["paper"])
            self.encoder = FrameEdges(*sizes, **inference)
        else:
            inference |= {"edges": edges, "norm": encoder_norm or norm, **both}
            self.encoder = EdgeEncoder(*sizes, **inference)
        self.aggregation, self.steps = aggregation, steps
        width = self.features * (self.neurons if aggregation == "concat" else 1)
        both |= {"norm": norm, "use_running": head_use_running, "starts_silent": starts_silent}
        if self.recurrent:  # took its draws first when the published results were made
            Head(self.members, width, self.outputs, self.hidden, **both)
        self.read(width, **both)

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
        if weights.dim() == 4 or self.recurrent:
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

    def gathered(self, x: Tensor, edges: Tensor | None = None) -> Tensor:
        """The `messages` aggregated: `(members, inputs, windows)`."""
        messages = self.messages(x, edges)
        return messages.sum(2) if self.aggregation == "sum" else messages.flatten(1, 2)

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

    def values(self, neurons: int) -> int:
        """`4 F N + 3 H` (`F N` more for each further step), what the encoder and an LSTM keep."""
        messages = (3 + self.steps) * self.features * neurons
        return messages + self.kept + self.encoder.values(neurons)


class GNNRNN(GNN):
    """Messages along inferred edges, an LSTM over them aggregated, then two layers.

    The recurrent graph network that the paper leaves to future work.
    """

    recurrent = True
