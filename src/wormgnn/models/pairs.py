"""The edge encoder's hot spot: a hidden layer over all pairs of neurons, averaged over frames.

Written out, the layer's activations take members x hidden x neurons^2 x frames values (60 MB
for 16 members, 16 channels, 15 neurons, 260 frames), to be averaged at once. Going through
a few members and one sending neuron at a time, forward and backward, keeps them in the cache.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from wormgnn.models.layers import BatchNorm, Block

SLICE_VALUES = 2**18
"""Values of a slice (a megabyte): small enough for a core's cache."""


class RectifiedMean(torch.autograd.Function):
    """`mean_t relu(a_i + b_j)` for all pairs (i, j), and the mean square over pairs and frames.

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
    step = max(1, SLICE_VALUES // a[0].numel()) if a.device.type == "cpu" else len(a)
    return [slice(start, start + step) for start in range(0, len(a), step)]


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
