"""Scores of a classifier; intervals and tests whose units are independent: bouts or worms.

Neighbouring frames of a calcium trace say nearly the same thing, and so do models that
share their evaluation worm. Here frames are resampled by whole bouts, and accuracies by
whole worms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Random = np.random.Generator | int  # a random generator, or the seed of one


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


def confusion(predicted: NDArray[np.int64], target: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Counts `(members, labelled state, predicted state)` from codes `(members, frames)`."""
    counts = [np.bincount(row, minlength=n**2) for row in target * n + predicted]
    return np.stack(counts).reshape(-1, n, n)


def scores(counts: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Every score of counts `(..., labelled state, predicted state)`, by name, each `(...)`.

    NaN, but for the first and the last, where there is no frame:

    - `n_frames`: number of frames.
    - `accuracy`: share of frames whose predicted state is the labelled one.
    - `balanced_accuracy`: mean recall over the states that occur.
    - `macro_f1`: mean F1 over the states that occur in labels or predictions.
    - `majority`: accuracy of always naming the state that is most frequent in the same frames.
    - `information_bits`: mutual information of labelled and predicted state, the plug-in estimate
      from the counts; 0 where there is no frame.
    """
    hits, frames = np.diagonal(counts, axis1=-2, axis2=-1), counts.sum((-2, -1))
    labelled, predicted = counts.sum(-1), counts.sum(-2)
    joint = counts / np.maximum(frames, 1)[..., None, None]
    apart = joint.sum(-1, keepdims=True) * joint.sum(-2, keepdims=True)
    ratio = np.divide(joint, apart, out=np.ones_like(joint), where=joint > 0)
    return {
        "n_frames": frames,
        "accuracy": _ratio(hits.sum(-1), frames),
        "balanced_accuracy": _mean(_ratio(hits, labelled)),
        "macro_f1": _mean(_ratio(2 * hits, labelled + predicted)),
        "majority": _ratio(labelled.max(-1), frames),
        "information_bits": np.asarray((joint * np.log2(ratio)).sum((-2, -1))),
    }


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last axis of what is not NaN; NaN (and no warning) where nothing is."""
    return _ratio(np.nansum(values, axis=-1), np.isfinite(values).sum(axis=-1))


def bootstrap_interval(
    values: ArrayLike, level: float = 0.95, n: int = 2000, rng: Random = 0
) -> Interval:
    """Bootstrap interval of the mean over rows: worms, or bouts, that are independent.

    `values` have the shape (rows, ...), and each part of the interval (...). A NaN is left out of
    its own column's mean; the ends are NaN where fewer than two rows have a value. `level` is the
    nominal coverage, `n` the number of resamples.
    """
    values = np.asarray(values, dtype=np.float64)
    present = np.isfinite(values)
    return cluster_interval(np.where(present, values, 0.0), present, level, n, rng)


def cluster_interval(
    sums: ArrayLike, counts: ArrayLike, level: float = 0.95, n: int = 2000, rng: Random = 0
) -> Interval:
    """As `bootstrap_interval`, of a mean over values that come in clusters: those are resampled.

    `sums` and `counts` of the values in each cluster have the shape (clusters, ...). The
    percentiles are widened for the number of clusters, since plain ones are too narrow for a
    handful (the expanded percentile interval of Hesterberg 2015, American Statistician 69:371).
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
    grid_points: int = 128,
) -> SameDistribution:
    """Probability of so large a difference if both sets of bouts had one distribution.

    The two-sample Kolmogorov-Smirnov statistic over frames, against a null that deals the
    whole bouts out anew: a bout stays in one piece, so the null has the autocorrelation
    that the frames have. Bouts themselves are taken as exchangeable.

    Each bout is an array of its frames' values; ValueError if there is none on one side. The
    distributions are compared at `grid_points` quantiles of all frames, or at every frame's value
    if there are fewer. With `n` shuffles the smallest p-value is 1 / (n + 1).
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


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """NaN where there is nothing to divide by."""
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)


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


def signed_rank(differences: NDArray[np.float64]) -> float:
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
