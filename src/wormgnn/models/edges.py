"""Edges between all pairs of neurons, inferred from their activity (eq. 8-11).

The encoders come first, then the two operations that take their time. Written out, the hidden
layer over all pairs takes members x hidden x neurons^2 x frames values (60 MB for 16 members,
16 channels, 15 neurons, 260 frames), to be averaged or summed at once. Neither holds it: on the
CPU they are the loops of `kernels`, elsewhere they take one neuron at a time.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from wormgnn.errors import ChoiceError
from wormgnn.models import kernels
from wormgnn.models.layers import BatchNorm, Block, Linear, affine

Edges = Literal["before", "after", "window", "frame"]
Rivals = Literal["types", "senders"]


class EdgeEncoder(nn.Module):
    """Weights of the edges between all pairs of neurons, from their activity.

    `h_i = g_enc(x_i)` (eq. 8), `H_ij = g([h_i; h_j])` (eq. 9), `w_ij = softmax(V H_ij)_2`
    (eq. 10-11). The first layer of `g` is factored, `W [h_i; h_j] = W_a h_i + W_b h_j`, so
    that it costs one product a neuron and not one a pair.

    Parameters
    ----------
    members, features, hidden
        Sizes.
    hidden_layers, options
        Of the two-layer `g`; see `Block`.
    edges
        Where activity is averaged over time: `before` g, `after` g, after g in each `window`
        by itself, or not at all (`frame`).
    sharpness
        Factor within the softmax (paper, "One-hot encoding of edges"): the larger, the nearer
        its probabilities are to one and zero.
    rivals
        What the softmax is over: the two `types` of an edge (eq. 10), each pair of neurons by
        itself, or all `senders` of a neuron, whose weights then sum to one.

    ChoiceError for unknown edges or rivals, or a sharpness that is not above 0.
    """

    def __init__(
        self,
        members: int,
        features: int = 2,
        hidden: int = 16,
        hidden_layers: int = 1,
        edges: Edges = "after",
        sharpness: float = 1.0,
        rivals: Rivals = "types",
        **options: Any,
    ) -> None:
        super().__init__()
        if edges not in get_args(Edges):
            raise ChoiceError("edges", edges, get_args(Edges))
        if rivals not in get_args(Rivals):
            raise ChoiceError("rivals of the softmax", rivals, get_args(Rivals))
        if not sharpness > 0:
            raise ChoiceError("sharpness", sharpness, ["numbers above 0"])
        self.node = Block(members, features, hidden, 2, **options)
        self.pair = Block(members, 2 * hidden, hidden, hidden_layers, **options)
        self.readout = self.pair.readout(2)
        self.edges, self.sharpness, self.rivals = edges, sharpness, rivals

    def forward(self, context: Tensor) -> Tensor:
        """`([members,] features, neurons, frames)` to `(members, neurons, neurons[, frames])`.

        `weights[m, i, j]` is the edge from neuron j to neuron i. Edges of windows, `(members,
        neurons, neurons, windows)`, come from `(features, neurons, windows, frames)`.
        """
        window_frames = context.shape[-1]
        if self.edges == "window":
            context = context.flatten(-2)
        nodes = self.node(context.flatten(-2)).unflatten(2, context.shape[-2:])
        if self.edges == "before":
            nodes = nodes.mean(-1, keepdim=True)
        scores = self.sharpness * self._scores(*self._halves(nodes), window_frames)
        weights = scores.sigmoid() if self.rivals == "types" else scores.softmax(2)
        return weights if self.edges in ("frame", "window") else weights.squeeze(-1)

    def _scores(self, to_i: Tensor, from_j: Tensor, window_frames: int) -> Tensor:
        """Log odds of the second edge type, `(members, neurons, neurons, frames or windows)`."""
        neurons = to_i.shape[2]
        if self.edges == "frame" and self.pair.hidden_layers == 1:
            return self._scores_at_frames(to_i, from_j)
        if self.edges in ("after", "window"):
            hidden = mean_over_frames(self.pair, to_i, from_j, window_frames)
        else:
            hidden = self.pair.rest((to_i[:, :, :, None] + from_j[:, :, None]).flatten(2))
        scores = self.readout(hidden)
        return (scores[:, 1] - scores[:, 0]).view(len(scores), neurons, neurons, -1)

    def _scores_at_frames(self, to_i: Tensor, from_j: Tensor) -> Tensor:
        """The same for every frame: batch norm, affine given its statistics, joins the readout."""
        weight = self.readout.weight[:, 1] - self.readout.weight[:, 0]
        bias = self.readout.bias[:, 1] - self.readout.bias[:, 0]
        if isinstance(self.pair.norm, BatchNorm):
            mean, square = RectifiedMean.apply(to_i, from_j)
            samples = mean[0, 0].numel() * to_i.shape[-1]
            scale, shift = _coefficients(self.pair.norm, mean.flatten(2), square, samples)
            bias = bias + (weight * shift[..., 0]).sum(1)[:, None]
            weight = weight * scale[..., 0]
        scores: Tensor = FrameEdgeScores.apply(to_i, from_j, weight)
        return scores + bias[..., None, None]

    def _halves(self, nodes: Tensor) -> tuple[Tensor, Tensor]:
        """Both terms of the factored first layer, each `(members, hidden, neurons, frames)`."""
        first = self.pair.first
        receive, send = first.weight.chunk(2, dim=2)
        to_i = affine(receive, first.bias, nodes.flatten(2))
        from_j = torch.bmm(send, nodes.flatten(2))
        return to_i.view_as(nodes), from_j.view_as(nodes)

    def values(self, neurons: int) -> int:
        """As `Network.values`; edges that hold for a recording do not grow with the windows."""
        if self.edges != "frame":
            return 0
        hidden = self.readout.weight.shape[-1]
        pairs = 4 * hidden if self.pair.hidden_layers > 1 else 0
        return 6 * hidden * neurons + (4 + pairs) * neurons**2


class FrameEdges(nn.Module):
    """`EdgeEncoder` at each frame, leaner: no batch norm, one score for each pair.

    `h_i = g_enc(x_i)`, `w_ij = softmax(V relu(W [h_i; h_j] + b))_2`. Of the softmax over two edge
    types only the difference of the scores counts.
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
        scores = FrameEdgeScores.apply(to_i, from_j, self.readout.weight.squeeze(1))
        return torch.sigmoid(scores + self.readout.bias[..., None])

    def values(self, neurons: int) -> int:
        """`4 H N + 2 N^2`, as `Network.values`: the hidden layer of the pairs is not kept."""
        return 4 * self.send.shape[-1] * neurons + 2 * neurons**2


def mean_over_frames(block: Block, to_i: Tensor, from_j: Tensor, window_frames: int) -> Tensor:
    """Mean over frames of `block.rest` applied to every pair's `to_i + from_j`.

    Shapes `(members, hidden, neurons, frames)` twice to `(members, hidden, neurons**2 * windows)`:
    a mean for each window of so many frames, of which there may be one.
    """
    if block.hidden_layers > 1:
        pairs = to_i[:, :, :, None] + from_j[:, :, None]
        return block.rest(pairs.flatten(2)).unflatten(2, (-1, window_frames)).mean(-1)
    # Every window of a member goes through the kernel as a member of its own.
    windows = (x.unflatten(-1, (-1, window_frames)).movedim(3, 1) for x in (to_i, from_j))
    mean, square = RectifiedMean.apply(*(x.flatten(0, 1).contiguous() for x in windows))
    mean = mean.unflatten(0, (len(to_i), -1)).movedim(1, -1).flatten(2)
    if not isinstance(block.norm, BatchNorm):
        return mean
    # Batch norm is affine given its statistics, so it may follow the average over frames.
    square = square.unflatten(0, (len(to_i), -1)).mean(1)
    samples = mean.shape[-1] * window_frames
    scale, shift = _coefficients(block.norm, mean, square, samples)
    return torch.addcmul(shift, mean, scale)


def _coefficients(
    norm: BatchNorm, mean: Tensor, square: Tensor, samples: int
) -> tuple[Tensor, Tensor]:
    """Scale and shift of batch norm from each pair's mean and the mean square."""
    centre = mean.mean(-1, keepdim=True)
    spread = (square[..., None] - centre**2).clamp_min(0)  # rounding can take it below zero
    return norm.coefficients(centre, spread, samples)


class RectifiedMean(torch.autograd.Function):
    """`mean_t relu(a_i + b_j)` for all pairs (i, j), and the mean square over pairs and frames.

    Shapes: a and b `(members, hidden, neurons, frames)`; mean `(members, hidden, neurons,
    neurons)`; square `(members, hidden)`.
    """

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Both means."""
        ctx.save_for_backward(a, b)
        if kernels.suit(a):
            mean, square = kernels.run(kernels.rectified_mean, a, b)
            return mean, square
        neurons = a.shape[2]
        mean = a.new_empty(*a.shape[:3], neurons)
        square = a.new_zeros(a.shape[:2])
        for j in range(neurons):
            rectified = torch.relu_(a + b[:, :, j : j + 1])
            mean[..., j] = rectified.mean(-1)
            square += torch.linalg.vector_norm(rectified, dim=(2, 3)).square_()
        return mean, square / (neurons * a.shape[2] * a.shape[3])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients with respect to a and b; the activations are computed again."""
        a, b = ctx.saved_tensors
        neurons, frames = a.shape[2:]
        direct, slope = grads[0] / frames, grads[1] * (2 / (neurons**2 * frames))
        if kernels.suit(a):
            of_a, of_b = kernels.run(kernels.rectified_mean_backward, a, b, direct, slope)
            return of_a, of_b
        of_a, of_b = torch.zeros_like(a), torch.empty_like(b)
        for j in range(neurons):
            value = a + b[:, :, j : j + 1]
            gradient = torch.addcmul(direct[..., j, None], value, slope[..., None, None])
            gradient = torch.ops.aten.threshold_backward(gradient, value, 0)
            of_a += gradient
            of_b[:, :, j] = gradient.sum(2)
        return of_a, of_b


class FrameEdgeScores(torch.autograd.Function):
    """Scores of all pairs at all windows from the factored hidden layer of the pair.

    `scores[m, i, j, t] = sum_h readout[m, h] relu(to_i[m, h, i, t] + from_j[m, h, j, t])`.
    Kept for the backward pass are the inputs alone: with M members, H channels, N neurons and T
    windows `8 M H N T` bytes of single precision, where the written-out activations would be `4 M H
    N^2 T`, and two or three of them. Beside what comes in and goes out it takes nothing on the CPU,
    elsewhere `12 M H N T`.

    `to_i` and `from_j`, what the receiving and the sending neuron contribute, are `(members,
    hidden, neurons, windows)`, `readout` `(members, hidden)`, scores `(members, neurons, neurons,
    windows)`, the receiving neuron first.
    """

    @staticmethod
    def forward(ctx: Any, to_i: Tensor, from_j: Tensor, readout: Tensor) -> Tensor:
        """Scores."""
        ctx.save_for_backward(to_i, from_j, readout)
        if kernels.suit(to_i):
            return kernels.run(kernels.frame_scores, to_i, from_j, readout)[0]
        members, _, neurons, windows = to_i.shape
        scores = to_i.new_empty(members, neurons, neurons, windows)
        for i, receive in enumerate(to_i.split(1, dim=2)):
            pairs = torch.relu_(from_j + receive).flatten(2)
            torch.bmm(readout[:, None], pairs, out=scores[:, i].view(members, 1, -1))
        return scores

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of to_i, from_j and readout; the activations are computed again.

        As `relu(z) = [z > 0] z`, the readout's gradient follows from the sums that the
        other two need, and the activations themselves are not.
        """
        to_i, from_j, readout = ctx.saved_tensors
        if kernels.suit(to_i):
            gradients = kernels.run(kernels.frame_scores_backward, to_i, from_j, readout, grad)
            return gradients[0], gradients[1], gradients[2]
        of_i, of_j = torch.empty_like(to_i), torch.zeros_like(from_j)
        for i, receive in enumerate(to_i.split(1, dim=2)):
            score = grad[:, None, i].expand_as(from_j)
            active = torch.ops.aten.threshold_backward(score, from_j + receive, 0)
            of_j += active
            torch.sum(active, 2, out=of_i[:, :, i])
        of_readout = (to_i * of_i).addcmul_(from_j, of_j).sum((2, 3))
        weight = readout[..., None, None]
        return of_i.mul_(weight), of_j.mul_(weight), of_readout
