"""The graph network: infer edges between neurons, pass messages, read out (eq. 8-14)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from wormgnn.errors import ChoiceError
from wormgnn.models.frame_edges import frame_edge_scores
from wormgnn.models.layers import Block, Linear, Norm, affine
from wormgnn.models.pairs import mean_over_frames, rectified_norm

Edges = Literal["before", "after", "frame"]
Rivals = Literal["types", "senders"]
Aggregation = Literal["concat", "sum"]


class EdgeEncoder(nn.Module):
    """Weights of the edges between all pairs of neurons, from their activity.

    `h_i = g_enc(x_i)` (eq. 8), `H_ij = g([h_i; h_j])` (eq. 9), `w_ij = softmax(V H_ij)_2`
    (eq. 10-11). The first layer of `g` is factored, `W [h_i; h_j] = W_a h_i + W_b h_j`, so
    that it costs one product a neuron and not one a pair.

    Parameters
    ----------
    members, features, hidden
        Sizes.
    edges
        Where activity is averaged over time: `before` g, `after` g, or not at all (`frame`).
    hidden_layers, norm
        How the two-layer `g` is read, and where batch norm sits in it; see `Block`.
    self_edges
        Whether a neuron sends to itself.
    use_running
        Whether evaluation normalises by running statistics, or by the worm at hand.
    sharpness
        Factor within the softmax (paper, "One-hot encoding of edges"): the larger, the nearer
        its probabilities are to one and zero.
    rivals
        What the softmax is over: the two `types` of an edge (eq. 10), each pair of neurons by
        itself, or all `senders` of a neuron, whose weights then sum to one.
    """

    def __init__(
        self,
        members: int,
        features: int = 2,
        hidden: int = 16,
        hidden_layers: int = 1,
        edges: Edges = "after",
        norm: Norm = "last",
        self_edges: bool = True,
        use_running: bool = True,
        sharpness: float = 1.0,
        rivals: Rivals = "types",
    ) -> None:
        super().__init__()
        if rivals not in ("types", "senders"):
            raise ChoiceError("rivals of the softmax", rivals, ("types", "senders"))
        if not sharpness > 0:
            raise ChoiceError("sharpness", sharpness, ["numbers above 0"])
        self.node = Block(members, features, hidden, 2, norm, use_running)
        self.pair = Block(members, 2 * hidden, hidden, hidden_layers, norm, use_running)
        self.readout = Linear(members, hidden, 2)
        self.edges = edges
        self.self_edges = self_edges
        self.sharpness, self.rivals = sharpness, rivals

    def forward(self, context: Tensor) -> Tensor:
        """Shared `(features, neurons, frames)` to weights `(members, neurons, neurons[, frames])`.

        `weights[m, i, j]` is the edge from neuron j to neuron i.
        """
        _, neurons, frames = context.shape
        nodes = self.node(context.flatten(1))
        nodes = nodes.view(*nodes.shape[:2], neurons, frames)
        if self.edges == "before":
            nodes = nodes.mean(-1, keepdim=True)
        return self._weights(self._scores(*self._halves(nodes)))

    def _scores(self, to_i: Tensor, from_j: Tensor) -> Tensor:
        """Log odds of the second edge type, `(members, neurons, neurons, frames or 1)`."""
        neurons = to_i.shape[2]
        if self.edges == "frame" and self.pair.hidden_layers == 1:
            return self._scores_at_frames(to_i, from_j)
        if self.edges == "after":
            hidden = mean_over_frames(self.pair, to_i, from_j)
        else:
            hidden = self.pair.rest((to_i[:, :, :, None] + from_j[:, :, None]).flatten(2))
        scores = self.readout(hidden)
        return (scores[:, 1] - scores[:, 0]).view(len(scores), neurons, neurons, -1)

    def _scores_at_frames(self, to_i: Tensor, from_j: Tensor) -> Tensor:
        """The same for every frame: batch norm, affine given its statistics, joins the readout."""
        weight = self.readout.weight[:, 1] - self.readout.weight[:, 0]
        scale, shift = rectified_norm(self.pair.first_norm, to_i, from_j)
        bias = self.readout.bias[:, 1] - self.readout.bias[:, 0] + (weight * shift).sum(1)[:, None]
        return frame_edge_scores(to_i, from_j, weight * scale) + bias[..., None, None]

    def _halves(self, nodes: Tensor) -> tuple[Tensor, Tensor]:
        """Both terms of the factored first layer, each `(members, hidden, neurons, frames)`."""
        first = self.pair.first
        receive, send = first.weight.chunk(2, dim=2)
        to_i = affine(receive, first.bias, nodes.flatten(2))
        from_j = torch.bmm(send, nodes.flatten(2))
        return to_i.view_as(nodes), from_j.view_as(nodes)

    def _weights(self, scores: Tensor) -> Tensor:
        """The second type's probability (eq. 10-11), or the share of each sender."""
        scores = self.sharpness * scores
        if not self.self_edges:
            itself = torch.eye(scores.shape[1], dtype=torch.bool, device=scores.device)
            scores = scores.masked_fill(itself[..., None], -torch.inf)
        weights = scores.sigmoid() if self.rivals == "types" else scores.softmax(2)
        return weights if self.edges == "frame" else weights.squeeze(-1)


class GNN(nn.Module):
    """State scores after message passing along inferred edges.

    `H_i = sum_j w_ij x_j` (eq. 12), `H_out = g(aggregate(H_i))` (eq. 13). With edges that
    hold for the whole recording the message passing is folded into the first layer of `g`:
    `W (A x) = (W A) x`, so that it costs nothing per frame.

    Parameters
    ----------
    members, neurons, outputs, features, hidden
        Sizes.
    hidden_layers, edges, norm, self_edges, use_running, sharpness, rivals
        See `EdgeEncoder`.
    encoder_norm
        Batch norm in the edge encoder, where it differs from `norm`.
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
        self_edges: bool = True,
        use_running: bool = True,
        aggregation: Aggregation = "concat",
        steps: int = 1,
        sharpness: float = 1.0,
        rivals: Rivals = "types",
    ) -> None:
        super().__init__()
        self.encoder = EdgeEncoder(
            members,
            features,
            hidden,
            hidden_layers,
            edges,
            encoder_norm or norm,
            self_edges,
            use_running,
            sharpness,
            rivals,
        )
        width = features * (neurons if aggregation == "concat" else 1)
        self.block = Block(members, width, hidden, hidden_layers, norm)
        self.readout = Linear(members, hidden, outputs)
        self.aggregation = aggregation
        self.steps = steps

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Shared `(features, neurons, frames)` to scores `(members, outputs, frames)`.

        Edges come from `context`, frames of the same worm, `(features, neurons, any)`;
        from `x` itself if None, and always with edges per frame.
        """
        if self.encoder.edges == "frame" or context is None:
            context = x
        return self.classify(x, self.encoder(context))

    def classify(self, x: Tensor, weights: Tensor) -> Tensor:
        """Scores given the edges, `(members, neurons, neurons[, frames])`."""
        if weights.dim() == 3:
            activation = self._folded(x, weights)
        else:
            activation = self.block.first(self._aggregate(self._pass(x, weights)))
        return self.readout(self.block.rest(activation))

    def _folded(self, x: Tensor, weights: Tensor) -> Tensor:
        """First layer of `g` on `A^steps x`, with the edges moved into the layer's weights."""
        features, neurons, _ = x.shape
        first = self.block.first
        per_node = first.weight.unflatten(2, (features, -1))
        if self.aggregation == "sum":
            per_node = per_node.expand(-1, -1, -1, neurons)
        per_node = per_node.flatten(1, 2)
        for _ in range(self.steps):
            per_node = torch.bmm(per_node, weights)
        return affine(per_node.view(*first.weight.shape[:2], -1), first.bias, x.flatten(0, 1))

    def _pass(self, x: Tensor, weights: Tensor) -> Tensor:
        """Messages with edges of each frame: `(members, features, neurons, frames)`."""
        messages = torch.einsum("mijt,fjt->mfit", weights, x)
        for _ in range(self.steps - 1):
            messages = torch.einsum("mijt,mfjt->mfit", weights, messages)
        return messages

    def _aggregate(self, messages: Tensor) -> Tensor:
        return messages.sum(2) if self.aggregation == "sum" else messages.flatten(1, 2)
