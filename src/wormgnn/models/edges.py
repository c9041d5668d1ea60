"""Edges between all pairs of neurons, inferred from their activity (eq. 8-11).

The encoders come first, then the two kernels that take their time. Written out, the hidden
layer over all pairs takes members x hidden x neurons^2 x frames values (60 MB for 16 members,
16 channels, 15 neurons, 260 frames), to be averaged or summed at once. Both kernels go through
it slice by slice, forward and backward, so that a slice stays in a core's cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from wormgnn.errors import ChoiceError
from wormgnn.models.layers import BatchNorm, Block, Linear, Norm, affine

Edges = Literal["before", "after", "frame"]
Rivals = Literal["types", "senders"]

SLICE_BYTES = 2**20
"""Bytes of a slice on the CPU: about a core's own cache."""

DEVICE_SLICE_BYTES = 2**28
"""Bytes of a slice of `frame_edge_scores` on any other device, which wants few large steps."""


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
        """`([members,] features, neurons, frames)` to `(members, neurons, neurons[, frames])`.

        `weights[m, i, j]` is the edge from neuron j to neuron i.
        """
        nodes = self.node(context.flatten(-2)).unflatten(2, context.shape[-2:])
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

    def values(self, neurons: int) -> int:
        """As `Network.values`; edges that hold for a recording do not grow with the windows."""
        if self.edges != "frame":
            return 0
        hidden = self.readout.weight.shape[-1]
        pairs = 4 * hidden if self.pair.hidden_layers > 1 else 0
        return 6 * hidden * neurons + (4 + pairs) * neurons**2


class FrameEdges(nn.Module):
    """`EdgeEncoder` at each frame, leaner: no batch norm, one score for each pair.

    `h_i = g_enc(x_i)`, `w_ij = softmax(V relu(W [h_i; h_j] + b))_2`. The first layer of the
    pair is factored, `W [h_i; h_j] = W_a h_i + W_b h_j`: one product a neuron, not one a
    pair; and of the softmax over two edge types only the difference of the scores counts.

    Parameters
    ----------
    members, features, hidden
        Sizes.
    """

    edges: Edges = "frame"

    def __init__(self, members: int, features: int = 2, hidden: int = 256) -> None:
        super().__init__()
        self.node = Block(members, features, hidden, 2, "none")
        self.receive = Linear(members, hidden, hidden)
        self.send = nn.Parameter(Linear(members, hidden, hidden).weight.detach())
        self.readout = Linear(members, hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`([members,] features, neurons, windows)` to `(members, neurons, neurons, windows)`.

        `weights[m, i, j]` is the edge from neuron j to neuron i.
        """
        neurons = x.shape[-2]
        nodes = self.node(x.flatten(-2))
        to_i = self.receive(nodes).unflatten(2, (neurons, -1))
        from_j = torch.bmm(self.send, nodes).unflatten(2, (neurons, -1))
        scores = frame_edge_scores(to_i, from_j, self.readout.weight.squeeze(1))
        return torch.sigmoid(scores + self.readout.bias[..., None])

    def values(self, neurons: int) -> int:
        """`4 H N + 2 N^2`, as `Network.values`: the hidden layer of the pairs is not kept."""
        return 4 * self.send.shape[-1] * neurons + 2 * neurons**2


def mean_over_frames(block: Block, to_i: Tensor, from_j: Tensor) -> Tensor:
    """Mean over frames of `block.rest` applied to every pair's `to_i + from_j`.

    Shapes `(members, hidden, neurons, frames)` twice to `(members, hidden, neurons**2)`.
    """
    if block.hidden_layers > 1:
        pairs = to_i[:, :, :, None] + from_j[:, :, None]
        hidden = block.rest(pairs.flatten(2))
        return hidden.unflatten(2, (-1, pairs.shape[-1])).mean(-1)
    mean, square = RectifiedMean.apply(to_i, from_j)
    mean = mean.flatten(2)
    if not isinstance(block.first_norm, BatchNorm):
        return mean
    # Batch norm is affine given its statistics, so it may follow the average over frames.
    scale, shift = _coefficients(block.first_norm, mean, square, mean.shape[-1] * to_i.shape[-1])
    return torch.addcmul(shift, mean, scale)


def rectified_norm(norm: nn.Module, to_i: Tensor, from_j: Tensor) -> tuple[Tensor, Tensor]:
    """Scale and shift, `(members, hidden)`, by which `norm` maps every pair's rectified sum.

    Shapes `(members, hidden, neurons, frames)` twice. Training moves running statistics, as
    the norm itself would; without a norm the scale is one and the shift zero.
    """
    if not isinstance(norm, BatchNorm):
        return to_i.new_ones(to_i.shape[:2]), to_i.new_zeros(to_i.shape[:2])
    mean, square = RectifiedMean.apply(to_i, from_j)
    mean = mean.flatten(2)
    scale, shift = _coefficients(norm, mean, square, mean.shape[-1] * to_i.shape[-1])
    return scale[..., 0], shift[..., 0]


def _coefficients(
    norm: BatchNorm, mean: Tensor, square: Tensor, samples: int
) -> tuple[Tensor, Tensor]:
    """Scale and shift of batch norm from each pair's mean and the mean square."""
    centre = mean.mean(-1, keepdim=True)
    spread = (square[..., None] - centre**2).clamp_min(0)  # rounding can take it below zero
    return norm.coefficients(centre, spread, samples)


class RectifiedMean(torch.autograd.Function):
    """`mean_t relu(a_i + b_j)` for all pairs (i, j), and the mean square over pairs and frames.

    A slice is a few members and one sending neuron.

    Shapes: a and b `(members, hidden, neurons, frames)`; mean `(members, hidden, neurons,
    neurons)`; square `(members, hidden)`.
    """

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Both means."""
        ctx.save_for_backward(a, b)
        neurons = a.shape[2]
        mean = a.new_empty(*a.shape[:3], neurons)
        square = a.new_zeros(a.shape[:2])
        for rows in _slices(a):
            for j in range(neurons):
                rectified = torch.relu_(a[rows] + b[rows, :, j : j + 1])
                mean[rows, ..., j] = rectified.mean(-1)
                square[rows] += torch.linalg.vector_norm(rectified, dim=(2, 3)).square_()
        return mean, square / (neurons * a.shape[2] * a.shape[3])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients with respect to a and b; the activations are computed again."""
        a, b = ctx.saved_tensors
        neurons, frames = a.shape[2:]
        direct = grads[0] / frames
        through_square = (grads[1] * (2 / (neurons**2 * frames)))[:, :, None, None]
        to_a, to_b = torch.zeros_like(a), torch.empty_like(b)
        for rows in _slices(a):
            for j in range(neurons):
                activation = a[rows] + b[rows, :, j : j + 1]
                gradient = torch.addcmul(
                    direct[rows, ..., j, None], activation, through_square[rows]
                )
                gradient = torch.ops.aten.threshold_backward(gradient, activation, 0)
                to_a[rows] += gradient
                to_b[rows, :, j] = gradient.sum(2)
        return to_a, to_b


def _slices(a: Tensor) -> list[slice]:
    """Members to work on at a time."""
    step = max(1, SLICE_BYTES // 4 // a[0].numel()) if a.device.type == "cpu" else len(a)
    return [slice(start, start + step) for start in range(0, len(a), step)]


class _FrameEdgeScores(torch.autograd.Function):
    """See `frame_edge_scores`; saves its inputs and nothing else.

    A slice is a few members and channels, one receiving neuron, all sending ones. The backward
    pass computes each slice again.
    """

    @staticmethod
    def forward(ctx: Any, to_i: Tensor, from_j: Tensor, readout: Tensor) -> Tensor:
        """Scores; every slice of channels adds its part."""
        ctx.save_for_backward(to_i, from_j, readout)
        members, _, neurons, windows = to_i.shape
        scores = to_i.new_zeros(members, neurons, neurons, windows)
        for part, pairs in _parts(to_i):
            receive, send, weights = to_i[part], from_j[part], readout[part][:, None]
            for i in range(neurons):
                torch.add(send, receive[:, :, i : i + 1], out=pairs).relu_()
                # A view, since only the member axis has a stride of its own.
                row = scores[part[0], i].view(len(weights), 1, -1)
                row.baddbmm_(weights, pairs.flatten(2))
        return scores

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of to_i, from_j and readout.

        As `relu(z) = [z > 0] z`, the readout's gradient follows from the sums that the
        other two need, and the activations themselves are not.
        """
        to_i, from_j, readout = ctx.saved_tensors
        grad = grad.contiguous()
        of_i, of_j, of_readout = (torch.zeros_like(each) for each in ctx.saved_tensors)
        for part, pairs in _parts(to_i):
            receive, send, sum_i, sum_j = to_i[part], from_j[part], of_i[part], of_j[part]
            for i in range(to_i.shape[2]):
                torch.add(send, receive[:, :, i : i + 1], out=pairs)
                active = torch.ops.aten.threshold_backward.grad_input
                active(grad[part[0], i, None], pairs, 0, grad_input=pairs)
                sum_j += pairs
                torch.sum(pairs, 2, out=sum_i[:, :, i])
            products = torch.mul(receive, sum_i, out=pairs).addcmul_(send, sum_j)
            torch.sum(products, (2, 3), out=of_readout[part])
            sum_i *= readout[part][..., None, None]
            sum_j *= readout[part][..., None, None]
        return of_i, of_j, of_readout


def _steps(members: int, hidden: int, values: int, budget: int) -> tuple[int, int]:
    """Members and channels of a slice that has `values` a channel, at most `budget` in all."""
    channels = min(hidden, max(1, budget // max(1, values)))
    return min(members, max(1, budget // max(1, values * hidden))), channels


def _parts(like: Tensor) -> Iterator[tuple[tuple[slice, slice], Tensor]]:
    """Members and channels to work on at a time, with room for one receiving neuron's pairs."""
    members, hidden, neurons, windows = like.shape
    budget = SLICE_BYTES if like.device.type == "cpu" else DEVICE_SLICE_BYTES
    rows, channels = _steps(members, hidden, neurons * windows, budget // like.element_size())
    room = like.new_empty(rows * channels * neurons * windows)
    for m in range(0, members, rows):
        for h in range(0, hidden, channels):
            part = slice(m, m + rows), slice(h, h + channels)
            shape = like[part].shape
            yield part, room[: shape.numel()].view(shape)


def frame_edge_scores(to_i: Tensor, from_j: Tensor, readout: Tensor) -> Tensor:
    """Scores of all pairs at all windows from the factored hidden layer of the pair.

    `scores[m, i, j, t] = sum_h readout[m, h] relu(to_i[m, h, i, t] + from_j[m, h, j, t])`.
    It can be differentiated once. In bytes of single precision, with M members, H hidden
    channels, N neurons and T windows:

    - inputs, kept for the backward pass, and as much again for their gradients:
      `16 M H N T + 8 M H`;
    - scores, and as much again for their gradient: `8 M N^2 T`;
    - while it runs: about `SLICE_BYTES + 4 M N^2 T` on the CPU.

    The written-out activations would be `4 M H N^2 T`, and two or three of them.

    Parameters
    ----------
    to_i, from_j
        What the receiving and the sending neuron contribute, `(members, hidden, neurons,
        windows)` each.
    readout
        Weights of the hidden channels, `(members, hidden)`.

    Returns
    -------
    scores
        `(members, neurons, neurons, windows)`, the receiving neuron first.
    """
    scores: Tensor = _FrameEdgeScores.apply(to_i, from_j, readout)
    return scores
