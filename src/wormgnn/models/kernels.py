"""What takes the time of training, as loops compiled for the CPU by numba.

The innermost loop runs over frames, whose values do not meet, or fills `LANES` sums that are
added up afterwards. The order of every sum is thus the one written here, on every processor.
Arrays are of single precision, indexed `[member, hidden channel, (neuron,) frame]`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray
from torch import Tensor, float32, from_numpy

Array: TypeAlias = NDArray[np.float32]

LANES = 32
"""Sums over frames that run side by side."""

STEP = 4 * LANES
"""Frames that are added to them at a time."""

ZERO, ONE = np.float32(0), np.float32(1)

compiled = njit(nogil=True, cache=True, error_model="numpy")


def suit(x: Tensor) -> bool:
    """Whether these loops can take a tensor."""
    return x.device.type == "cpu" and x.dtype == float32


def run(loop: Callable[..., tuple[Array, ...]], *tensors: Tensor) -> list[Tensor]:
    """What a loop gives for some tensors."""
    given = (tensor.detach().contiguous().numpy() for tensor in tensors)
    return [from_numpy(array) for array in loop(*given)]


@compiled
def _relu(value: np.float32) -> np.float32:
    """As torch's, what is not a number stays so."""
    return ZERO if value < ZERO else value


@compiled
def _total(lanes: Array) -> np.float32:
    quarter, total = LANES // 4, ZERO
    for k in range(quarter):
        half = lanes[k] + lanes[k + quarter]
        total += half + (lanes[k + 2 * quarter] + lanes[k + 3 * quarter])
    return total


@compiled
def _sum_of_products(x: Array, y: Array, lanes: Array) -> np.float32:
    lanes[:] = ZERO
    whole = len(x) - len(x) % STEP
    for t in range(0, whole, STEP):
        for k in range(t, t + LANES):
            half = x[k] * y[k] + x[k + LANES] * y[k + LANES]
            other = x[k + 2 * LANES] * y[k + 2 * LANES] + x[k + 3 * LANES] * y[k + 3 * LANES]
            lanes[k - t] += half + other
    for t in range(whole, len(x)):
        lanes[t % LANES] += x[t] * y[t]
    return _total(lanes)


@compiled
def _sum(x: Array, lanes: Array) -> np.float32:
    lanes[:] = ZERO
    whole = len(x) - len(x) % STEP
    for t in range(0, whole, STEP):
        for k in range(t, t + LANES):
            lanes[k - t] += (x[k] + x[k + LANES]) + (x[k + 2 * LANES] + x[k + 3 * LANES])
    for t in range(whole, len(x)):
        lanes[t % LANES] += x[t]
    return _total(lanes)


@compiled
def normalise(eps: float, x: Array, weight: Array, bias: Array) -> tuple[Array, Array, Array]:
    """Batch norm of each row by its own mean and biased variance, which come along."""
    members, hidden, frames = x.shape
    y, mean, var = np.empty_like(x), np.empty_like(weight), np.empty_like(weight)
    lanes = np.empty(LANES, np.float32)
    for m in range(members):
        for h in range(hidden):
            row, out = x[m, h], y[m, h]
            centre = _sum(row, lanes) / np.float32(frames)
            for t in range(frames):
                out[t] = row[t] - centre
            spread = _sum_of_products(out, out, lanes) / np.float32(frames)
            scale, shift = weight[m, h] / np.sqrt(spread + np.float32(eps)), bias[m, h]
            for t in range(frames):
                out[t] = out[t] * scale + shift
            mean[m, h], var[m, h] = centre, spread
    return y, mean, var


@compiled
def normalise_backward(
    eps: float, x: Array, weight: Array, mean: Array, var: Array, grad: Array
) -> tuple[Array, Array, Array]:
    """Gradients of x, weight and bias."""
    members, hidden, frames = x.shape
    of_x, of_weight, of_bias = np.empty_like(x), np.empty_like(weight), np.empty_like(weight)
    lanes = np.empty(LANES, np.float32)
    for m in range(members):
        for h in range(hidden):
            row, out, given, centre = x[m, h], of_x[m, h], grad[m, h], mean[m, h]
            scale = ONE / np.sqrt(var[m, h] + np.float32(eps))
            for t in range(frames):
                out[t] = (row[t] - centre) * scale
            level, slope = _sum(given, lanes), _sum_of_products(given, out, lanes)
            of_bias[m, h], of_weight[m, h] = level, slope
            level, slope = level / np.float32(frames), slope / np.float32(frames)
            scale *= weight[m, h]
            for t in range(frames):
                out[t] = scale * ((given[t] - level) - out[t] * slope)
    return of_x, of_weight, of_bias


@compiled
def rectified_mean(a: Array, b: Array) -> tuple[Array, Array]:
    """Forward pass of `edges.RectifiedMean`."""
    members, hidden, neurons, frames = a.shape
    mean = np.empty((members, hidden, neurons, neurons), np.float32)
    square = np.empty((members, hidden), np.float32)
    whole = frames - frames % STEP
    lanes, squares = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    for m in range(members):
        for h in range(hidden):
            squares[:] = ZERO
            for i in range(neurons):
                x = a[m, h, i]
                for j in range(neurons):
                    y = b[m, h, j]
                    lanes[:] = ZERO
                    for t in range(0, whole, STEP):
                        for k in range(t, t + LANES):
                            p, q = _relu(x[k] + y[k]), _relu(x[k + LANES] + y[k + LANES])
                            r = _relu(x[k + 2 * LANES] + y[k + 2 * LANES])
                            s = _relu(x[k + 3 * LANES] + y[k + 3 * LANES])
                            lanes[k - t] += (p + q) + (r + s)
                            squares[k - t] += (p * p + q * q) + (r * r + s * s)
                    for t in range(whole, frames):
                        p = _relu(x[t] + y[t])
                        lanes[t % LANES] += p
                        squares[t % LANES] += p * p
                    mean[m, h, i, j] = _total(lanes) / np.float32(frames)
            square[m, h] = _total(squares) / np.float32(neurons * neurons * frames)
    return mean, square


@compiled
def rectified_mean_backward(a: Array, b: Array, direct: Array, slope: Array) -> tuple[Array, Array]:
    """Backward pass of `edges.RectifiedMean`.

    The gradient of an active value is `direct[m, h, i, j] + slope[m, h] * value`.
    """
    members, hidden, neurons, _ = a.shape
    of_a, of_b = np.zeros_like(a), np.zeros_like(b)
    for m in range(members):
        for h in range(hidden):
            rise = slope[m, h]
            for i in range(neurons):
                to_i, of_i = a[m, h, i], of_a[m, h, i]
                for j in range(neurons):
                    from_j, of_j, level = b[m, h, j], of_b[m, h, j], direct[m, h, i, j]
                    for t in range(len(to_i)):
                        value = to_i[t] + from_j[t]
                        gradient = level + rise * value if value > ZERO else ZERO
                        of_i[t] += gradient
                        of_j[t] += gradient
    return of_a, of_b


@compiled
def frame_scores(a: Array, b: Array, readout: Array) -> tuple[Array]:
    """Forward pass of `edges.FrameEdgeScores`."""
    members, hidden, neurons, frames = a.shape
    scores = np.zeros((members, neurons, neurons, frames), np.float32)
    for m in range(members):
        for i in range(neurons):
            for h in range(hidden):
                to_i, weight = a[m, h, i], readout[m, h]
                for j in range(neurons):
                    from_j, score = b[m, h, j], scores[m, i, j]
                    for t in range(frames):
                        score[t] += weight * _relu(to_i[t] + from_j[t])
    return (scores,)


@compiled
def frame_scores_backward(
    a: Array, b: Array, readout: Array, grad: Array
) -> tuple[Array, Array, Array]:
    """Backward pass of `edges.FrameEdgeScores`.

    As `relu(z) = [z > 0] z`, the readout's gradient follows from the sums that those of a and b
    need as well.
    """
    members, hidden, neurons, frames = a.shape
    of_a, of_b, of_readout = np.zeros_like(a), np.zeros_like(b), np.empty_like(readout)
    for m in range(members):
        for h in range(hidden):
            for i in range(neurons):
                to_i, of_i = a[m, h, i], of_a[m, h, i]
                for j in range(neurons):
                    from_j, of_j, score = b[m, h, j], of_b[m, h, j], grad[m, i, j]
                    for t in range(frames):
                        active = score[t] if to_i[t] + from_j[t] > ZERO else ZERO
                        of_i[t] += active
                        of_j[t] += active
            total, weight = 0.0, readout[m, h]
            for i in range(neurons):
                for t in range(frames):
                    total += a[m, h, i, t] * of_a[m, h, i, t] + b[m, h, i, t] * of_b[m, h, i, t]
                    of_a[m, h, i, t] *= weight
                    of_b[m, h, i, t] *= weight
            of_readout[m, h] = total
    return of_a, of_b, of_readout
