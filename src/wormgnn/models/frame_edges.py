"""Scores of the edges between all pairs of neurons at every frame (eq. 9-11).

Written out, the pair's hidden layer takes members x hidden x neurons^2 x windows values (1.2 GiB
for 16 members, 256 channels, 15 neurons, 350 windows), to be summed over the channels at once.
Here it exists slice by slice: a few members and channels, one receiving neuron, all sending
ones, small enough for a core's cache. The backward pass computes each slice again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

SLICE_BYTES = 2**20
"""Bytes of a slice on the CPU: about a core's own cache."""

DEVICE_SLICE_BYTES = 2**28
"""Bytes of a slice on any other device, which wants few and large operations."""


class _FrameEdgeScores(torch.autograd.Function):
    """See `frame_edge_scores`; saves its inputs and nothing else."""

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
    - while it runs, `score_bytes`: about `SLICE_BYTES + 4 M N^2 T` on the CPU.

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


def score_bytes(members: int, neurons: int, windows: int, hidden: int) -> int:
    """Most bytes that `frame_edge_scores` holds beyond its inputs, outputs and their gradients.

    In single precision on the CPU: a slice, and in the backward pass a copy of the gradient
    of the scores, if that arrives in another order of axes (as it does from an einsum).
    """
    rows, channels = _steps(members, hidden, neurons * windows, SLICE_BYTES // 4)
    slice_values = rows * channels * neurons * windows
    return 4 * (slice_values + members * neurons**2 * windows)
