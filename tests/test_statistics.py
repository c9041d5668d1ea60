"""Intervals hold their coverage and p-values are uniform when frames are autocorrelated."""

import itertools

import numpy as np
import pytest
from scipy import stats

from wormgnn.statistics import (
    bootstrap_interval,
    cluster_interval,
    paired_comparison,
    same_distribution,
)


def bouts(random, n, shift=0.0):
    """Bouts that each sit at a level of their own: frames within are nearly copies."""
    sizes = random.integers(5, 30, n)
    return [shift + random.normal() + 0.2 * random.normal(size=size) for size in sizes]


def test_bootstrap_agrees_with_every_resample():
    values = np.array([1.0, 2.0, 4.0])
    means = np.array([np.mean(rows) for rows in itertools.product(values, repeat=3)])
    tail = stats.norm.sf(np.sqrt(3 / 2) * stats.t.isf(0.25, 2))
    found = bootstrap_interval(values, level=0.5, n=20_000)
    expected = np.quantile(means, [tail, 1 - tail])
    assert found.mean == pytest.approx(7 / 3)
    assert [found.low, found.high] == pytest.approx(expected, abs=0.1)


def test_bootstrap_keeps_shape_and_leaves_nan_out():
    values = np.random.default_rng(0).normal(size=(6, 4, 3))
    values[0, 1, 2] = np.nan
    values[1:, 0, 0] = np.nan
    found = bootstrap_interval(values, n=200)
    assert found.mean.shape == found.low.shape == (4, 3)
    assert found.mean[1, 2] == pytest.approx(values[1:, 1, 2].mean())
    assert found.mean[0, 0] == values[0, 0, 0]
    assert np.isnan([found.low[0, 0], found.high[0, 0]]).all()
    there = np.isfinite(found.low)
    assert there.sum() == 11
    assert (found.low[there] < found.mean[there]).all()
    assert (found.mean[there] < found.high[there]).all()


@pytest.mark.parametrize("clusters", [5, 12])
def test_interval_over_bouts_covers_the_mean(clusters):
    random = np.random.default_rng(clusters)
    hits, naive, trials = 0, 0, 400
    for _ in range(trials):
        parts = bouts(random, clusters)
        frames = np.concatenate(parts)
        sums, counts = [part.sum() for part in parts], [len(part) for part in parts]
        found = cluster_interval(sums, counts, n=400, rng=random)
        hits += found.low < 0 < found.high
        naive += abs(frames.mean()) < 1.96 * frames.std() / np.sqrt(len(frames))
    assert 0.90 < hits / trials < 0.985
    assert naive / trials < 0.6, "frames taken as independent should fail here"


def test_same_distribution_agrees_with_brute_force():
    random = np.random.default_rng(5)
    a, b = bouts(random, 3), bouts(random, 4, shift=1.0)
    parts = [*a, *b]

    def statistic(chosen):
        rest = [part for i, part in enumerate(parts) if i not in chosen]
        first = np.concatenate([parts[i] for i in chosen])
        return float(stats.ks_2samp(first, np.concatenate(rest)).statistic)

    deals = [statistic(chosen) for chosen in itertools.combinations(range(7), 3)]
    found = same_distribution(a, b, n=9999, rng=0, grid_points=10_000)
    assert found.statistic == pytest.approx(deals[0])
    assert found.p == pytest.approx(np.mean(np.array(deals) >= deals[0] - 1e-12), abs=0.02)
    coarse = same_distribution(a, b, n=9, grid_points=64).statistic
    assert coarse == pytest.approx(found.statistic, abs=0.03)


def test_p_is_uniform_when_nothing_differs_and_frames_lie():
    random = np.random.default_rng(6)
    found = [
        same_distribution(bouts(random, 8), bouts(random, 12), n=99, rng=random) for _ in range(300)
    ]
    p = np.array([one.p for one in found])
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert np.mean(p <= 0.05) < 0.09
    assert np.mean([one.p_frames <= 0.05 for one in found]) > 0.8


def test_same_distribution_needs_bouts():
    with pytest.raises(ValueError, match="at least one bout"):
        same_distribution([], [np.ones(3)])


def test_paired_comparison_resamples_worms_not_pairs():
    random = np.random.default_rng(8)
    worms = np.repeat([f"w{i}" for i in range(5)], 40)
    effect = np.repeat(random.normal(0.02, 0.05, 5), 40)
    b = random.uniform(0.7, 0.9, 200)
    found = paired_comparison(b + effect, b, list(worms))
    by_worm = bootstrap_interval(effect[::40])
    assert (found.n_pairs, found.n_worms) == (200, 5)
    assert found.difference == pytest.approx(effect.mean())
    assert [found.low, found.high] == pytest.approx([float(by_worm.low), float(by_worm.high)])
    assert found.p_pairs == pytest.approx(stats.wilcoxon(effect).pvalue)
    assert found.p_worms >= 0.0625 > found.p_pairs


def test_paired_comparison_names_the_lengths():
    with pytest.raises(ValueError, match="3, 2, 3"):
        paired_comparison([1, 2, 3], [1, 2], ["a", "b", "c"])
