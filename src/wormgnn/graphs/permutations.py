"""How near a matrix of edges is to a permutation matrix, and how much it lets through.

Matrices have the receiver first. Every measure takes any number of them at once, shape
(..., neurons, neurons), and gives one number each, shape (...).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import xlogy

from wormgnn.statistics import Random

Array = NDArray[np.float64]

NUMERICAL = 0.01
"""Singular values below this part of the largest do not count towards `rank`."""


def decided(weights: Array) -> Array:
    """Mean of max(w, 1 - w): 1/2 where every edge is undecided, 1 where all are one or zero."""
    return np.asarray(np.maximum(weights, 1 - weights).mean(axis=(-2, -1)))


def largest_share(weights: Array) -> Array:
    """Mean of a receiver's largest weight: 1/neurons where all senders are equal, at most 1."""
    return np.asarray(weights.max(axis=-1).mean(axis=-1))


def pair_bits(weights: Array) -> Array:
    """Mean entropy of a pair's two edge types, in bits: 1 where undecided, 0 where one-hot."""
    return -(xlogy(weights, weights) + xlogy(1 - weights, 1 - weights)).mean((-2, -1)) / np.log(2)


def sender_bits(weights: Array) -> Array:
    """Mean entropy of a receiver's senders, in bits: log2(neurons) if all are equal."""
    return np.asarray(-xlogy(weights, weights).sum(axis=-1).mean(axis=-1) / np.log(2))


def assigned(weights: Array) -> Array:
    """Largest weight that one permutation can collect: `max_P sum(P * W)`."""
    matrices = weights.reshape(-1, *weights.shape[-2:])
    sums = [w[linear_sum_assignment(w, maximize=True)].sum() for w in matrices]
    return np.array(sums).reshape(weights.shape[:-2])


def share(weights: Array) -> Array:
    """Part of all weight that lies on the best permutation; 1 for a scaled permutation matrix."""
    total = weights.sum(axis=(-2, -1))
    return np.divide(assigned(weights), total, out=np.zeros_like(total), where=total > 0)


def distance(weights: Array) -> Array:
    """Frobenius distance to the nearest permutation matrix, in lengths of one.

    `min_P |W - P| / sqrt(neurons)`: 0 for a permutation, 1 for no edges at all, more for
    many. With non-negative weights the nearest permutation is the one of `assigned`, since
    `|W - P|^2 = |W|^2 + neurons - 2 sum(P * W)`.
    """
    n = weights.shape[-1]
    squares = (weights**2).sum(axis=(-2, -1))
    return np.asarray(np.sqrt(np.maximum(squares + n - 2 * assigned(weights), 0) / n))


def scaled_distance(weights: Array) -> Array:
    """The same to the nearest multiple of a permutation matrix, in lengths of the matrix.

    `min_cP |W - c P| / |W|`, between 0 and 1: the best c is `sum(P * W) / neurons`.
    """
    squares = np.asarray((weights**2).sum(axis=(-2, -1)))
    missed = squares - assigned(weights) ** 2 / weights.shape[-1]
    part = np.divide(missed, squares, out=np.ones_like(squares), where=squares > 0)
    return np.asarray(np.sqrt(np.maximum(part, 0)))


def distinct(weights: Array) -> Array:
    """Number of neurons that are some receiver's strongest sender."""
    strongest = np.sort(weights.argmax(axis=-1), axis=-1)
    return np.asarray(1.0 + (np.diff(strongest, axis=-1) > 0).sum(axis=-1))


def degree(weights: Array) -> Array:
    """Mean number of senders whose weight is above one half; 1 in a permutation."""
    return np.asarray((weights > 0.5).sum(axis=-1).mean(axis=-1))


def effective_rank(weights: Array) -> Array:
    """Dimensions that messages keep: exp of the entropy of the singular values.

    Between 1, where all receivers get the same, and the number of neurons, which a
    permutation reaches (Roy and Vetterli 2007, EUSIPCO).
    """
    values = np.linalg.svd(weights, compute_uv=False)
    total = values.sum(axis=-1, keepdims=True)
    part = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    return np.asarray(np.exp(-xlogy(part, part).sum(axis=-1)))


def rank(weights: Array) -> Array:
    """Number of singular values above `NUMERICAL` of the largest."""
    values = np.linalg.svd(weights, compute_uv=False)
    return np.asarray((values > NUMERICAL * values[..., :1]).sum(axis=-1).astype(np.float64))


def binary(density: Array, neurons: int, count: int, rng: Random = 0) -> Array:
    """Random matrices of zeros and ones, shape (count, ..., neurons, neurons).

    `density` is the probability of a one, shape (...).
    """
    draws = np.random.default_rng(rng).random((count, *density.shape, neurons, neurons))
    return (draws < density[..., None, None]).astype(np.float64)


def one_sender(shape: tuple[int, ...], neurons: int, rng: Random = 0) -> Array:
    """Random matrices in which each receiver has one sender, shape (*shape, neurons, neurons)."""
    senders = np.random.default_rng(rng).integers(neurons, size=(*shape, neurons))
    return np.asarray(np.eye(neurons)[senders])
