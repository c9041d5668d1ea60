"""Intervals and tests whose units are independent: bouts within a worm, worms among worms.

Neighbouring frames of a calcium trace say nearly the same thing, and so do models that
share their evaluation worm. Here frames are resampled by whole bouts, and accuracies by
whole worms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Random = np.random.Generator | int
"""A random generator, or the seed of one."""

GRID_POINTS = 128
"""Values at which empirical distributions are compared, at most."""


class Interval(NamedTuple):
    """A mean and the ends of its interval, each of the same shape."""

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


class SameDistribution(NamedTuple):
    """How unlike the values of two sets of bouts are.

    `statistic` is the largest difference between the two empirical distribution functions,
    `p` the share of shuffles of whole bouts that are as unlike or more, and `p_frames` the
    Kolmogorov-Smirnov p-value if every frame were independent: far too small.
    """

    statistic: float
    p: float
    p_frames: float


@dataclass(frozen=True)
class Comparison:
    """Accuracies of A minus those of B, over the same members and worms.

    `difference`, `low`, `high`: mean difference and its bootstrap interval over worms.
    `p_worms`: Wilcoxon signed-rank p-value over the worms' mean differences, which cannot
    fall below 0.0625 with five worms. `p_pairs`: the same over pairs; too small, since
    pairs share worms.
    """

    difference: float
    low: float
    high: float
    p_worms: float
    p_pairs: float
    n_pairs: int
    n_worms: int


def bootstrap_interval(
    values: ArrayLike, level: float = 0.95, n: int = 2000, rng: Random = 0
) -> Interval:
    """Bootstrap interval of the mean over rows.

    Parameters
    ----------
    values
        Shape (rows, ...), where rows are independent: worms, or bouts. A NaN is left out
        of its own column's mean.
    level, n, rng
        Nominal coverage, number of resamples, random generator or seed.

    Returns
    -------
    interval
        Each part of shape (...); the ends are NaN where fewer than two rows have a value.
    """
    values = np.asarray(values, dtype=np.float64)
    present = np.isfinite(values)
    return cluster_interval(np.where(present, values, 0.0), present, level, n, rng)


def cluster_interval(
    sums: ArrayLike, counts: ArrayLike, level: float = 0.95, n: int = 2000, rng: Random = 0
) -> Interval:
    """Bootstrap interval of a mean over values that come in clusters, by resampling clusters.

    Parameters
    ----------
    sums, counts
        Sum and number of the values in each cluster, both of shape (clusters, ...).
    level, n, rng
        As for `bootstrap_interval`.

    Notes
    -----
    The percentiles are widened for the number of clusters, since plain ones are too narrow
    for a handful (the expanded percentile interval of Hesterberg 2015, American
    Statistician 69:371).
    """
    sums, counts = np.asarray(sums, np.float64), np.asarray(counts, np.float64)
    shape, clusters = sums.shape[1:], len(sums)
    sums, counts = sums.reshape(clusters, -1), counts.reshape(clusters, -1)
    draws = np.random.default_rng(rng).integers(clusters, size=(n, clusters))
    weights = np.apply_along_axis(np.bincount, 1, draws, minlength=clusters).astype(np.float64)
    means = _ratio(weights @ sums, weights @ counts)
    filled = (counts > 0).sum(axis=0)
    tails = _tail(filled, level)
    # A resample may miss the few clusters that reach a column; the others still tell.
    low, high = (_quantiles(means, tail) for tail in (tails, 1 - tails))
    mean = _ratio(sums.sum(axis=0), counts.sum(axis=0))
    return Interval(*(part.reshape(shape) for part in (mean, low, high)))


def same_distribution(
    a_bouts: Sequence[NDArray[np.float64]],
    b_bouts: Sequence[NDArray[np.float64]],
    n: int = 999,
    rng: Random = 0,
    grid_points: int = GRID_POINTS,
) -> SameDistribution:
    """Probability of so large a difference if both sets of bouts had one distribution.

    The two-sample Kolmogorov-Smirnov statistic over frames, against a null that deals the
    whole bouts out anew: a bout stays in one piece, so the null has the autocorrelation
    that the frames have. Bouts themselves are taken as exchangeable.

    Parameters
    ----------
    a_bouts, b_bouts
        Values of each bout, shape (frames of the bout,). ValueError if either is empty.
    n, rng
        Number of shuffles (the smallest p-value is 1 / (n + 1)), random generator or seed.
    grid_points
        The distributions are compared at this many quantiles of all frames, or at every
        frame's value if there are fewer.
    """
    if not a_bouts or not b_bouts:
        raise ValueError("expected at least one bout in each of the two sets")
    bouts = [np.sort(bout) for bout in (*a_bouts, *b_bouts)]
    frames = np.sort(np.concatenate(bouts))
    if len(frames) > grid_points:
        frames = np.quantile(frames, np.linspace(0, 1, grid_points), method="lower")
    below = np.stack([np.searchsorted(bout, frames, side="right") for bout in bouts])
    sizes = np.array([len(bout) for bout in bouts])
    in_a = np.arange(len(bouts)) < len(a_bouts)
    shuffles = np.random.default_rng(rng).permuted(np.tile(in_a, (n, 1)), axis=1)
    observed = _distances(in_a[None], below, sizes)[0]
    # The observed deal is one of the shuffles that could have been.
    extreme = np.count_nonzero(_distances(shuffles, below, sizes) >= observed - 1e-6)
    naive = stats.ks_2samp(np.concatenate(a_bouts), np.concatenate(b_bouts), method="asymp")
    return SameDistribution(float(observed), (1 + extreme) / (1 + n), float(naive.pvalue))


def paired_comparison(
    a: ArrayLike,
    b: ArrayLike,
    worms: Sequence[object],
    rng: Random = 0,
) -> Comparison:
    """Whether A beats B on the same members and evaluated worms.

    Parameters
    ----------
    a, b
        Accuracies, shape (pairs,): one for each member and worm that it is evaluated on.
    worms
        The evaluated worm of each pair; the bootstrap resamples these, not the pairs.
    rng
        As for `bootstrap_interval`.

    ValueError for lengths that differ.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if not len(a) == len(b) == len(worms):
        raise ValueError(f"a, b and worms differ in length: {len(a)}, {len(b)}, {len(worms)}")
    labels, index = np.unique(np.array([str(worm) for worm in worms]), return_inverse=True)
    sums, counts = np.bincount(index, a - b), np.bincount(index)
    mean, low, high = (float(part) for part in cluster_interval(sums, counts, rng=rng))
    p_worms, p_pairs = _signed_rank(sums / counts), _signed_rank(a - b)
    return Comparison(mean, low, high, p_worms, p_pairs, len(a), len(labels))


def _ratio(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def _tail(clusters: NDArray[np.int64], level: float) -> NDArray[np.float64]:
    """Share of resamples beyond each end of the interval; NaN for fewer than two clusters."""
    clusters = np.where(clusters > 1, clusters, np.nan)
    t = stats.t.isf((1 - level) / 2, clusters - 1)
    return np.asarray(stats.norm.sf(np.sqrt(clusters / (clusters - 1)) * t))


def _quantiles(means: NDArray[np.float64], tails: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantile `tails[i]` of column i, NaN left out; NaN where the tail is NaN."""
    columns = [
        np.nan if np.isnan(tail) else np.nanquantile(column, tail)
        for column, tail in zip(means.T, tails, strict=True)
    ]
    return np.array(columns)


def _distances(
    in_a: NDArray[np.bool_], below: NDArray[np.int64], sizes: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Largest difference of the two distribution functions for each deal, shape (deals,).

    With A of the n frames of a below a value, of T among all N frames, the difference is
    A / n - (T - A) / (N - n) = A N / (n (N - n)) - T / (N - n): one product in all.
    """
    frames, total = np.float32(sizes.sum()), below.sum(axis=0).astype(np.float32)
    dealt = in_a.astype(np.float32)
    in_first = (dealt @ sizes.astype(np.float32))[:, None]
    difference = dealt @ below.astype(np.float32)
    difference *= frames / (in_first * (frames - in_first))
    difference -= total / (frames - in_first)
    return np.asarray(np.abs(difference, out=difference).max(axis=1))


def _signed_rank(differences: NDArray[np.float64]) -> float:
    """Two-sided Wilcoxon p-value; 1 if no difference is different from 0."""
    if not np.any(differences):
        return 1.0
    return float(stats.wilcoxon(differences).pvalue)


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Holm's adjustment of p-values for their number, shape (tests,); a NaN is no test.

    SciPy has the false discovery rate alone.
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p)
    tests = np.isfinite(p).sum()
    raised = p[order] * np.maximum(tests - np.arange(len(p)), 1)
    adjusted = np.full_like(p, np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return adjusted
