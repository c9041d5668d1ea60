"""Scores as scikit-learn has them; intervals that cover and p-values that are uniform."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    mutual_info_score,
)

from wormgnn.statistics import bootstrap_interval, cluster_interval, same_distribution, scores


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
    values[0, 1, 2] = values[1:, 0, 0] = np.nan
    found = bootstrap_interval(values, n=200)
    np.testing.assert_allclose(found.mean, np.nanmean(values, axis=0))
    there = np.isfinite(found.low)
    assert there.sum() == 11 and not there[0, 0]  # one value alone has no interval
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
    with pytest.raises(ValueError, match="at least one bout"):
        same_distribution([], b)


def test_p_is_uniform_when_nothing_differs_and_frames_lie():
    random = np.random.default_rng(6)
    found = [
        same_distribution(bouts(random, 8), bouts(random, 12), n=99, rng=random) for _ in range(300)
    ]
    p = np.array([one.p for one in found])
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert np.mean(p <= 0.05) < 0.09
    assert np.mean([one.p_frames <= 0.05 for one in found]) > 0.8


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_scores_are_those_of_scikit_learn(pairs):
    labelled, predicted = np.array(pairs).T
    counts = np.zeros((4, 4), dtype=np.int64)
    np.add.at(counts, (labelled, predicted), 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sklearn's, about states that were never labelled
        balanced = balanced_accuracy_score(labelled, predicted)
    found = scores(counts)
    assert found["n_frames"] == len(pairs)
    assert found["accuracy"] == pytest.approx(accuracy_score(labelled, predicted))
    assert found["balanced_accuracy"] == pytest.approx(balanced)
    assert found["macro_f1"] == pytest.approx(f1_score(labelled, predicted, average="macro"))
    bits = mutual_info_score(labelled, predicted) / np.log(2)
    assert found["information_bits"] == pytest.approx(bits, abs=1e-12)
    assert found["majority"] == pytest.approx(np.bincount(labelled).max() / len(labelled))


def test_leading_axes_are_kept_and_no_frames_give_no_score_and_no_warning():
    counts = np.random.default_rng(0).integers(1, 9, size=(2, 3, 4, 4))
    counts[0, 1] = 0
    for name, score in scores(counts).items():
        assert score.shape == (2, 3)
        assert score[1, 2] == pytest.approx(float(scores(counts[1, 2])[name]))
        empty = 0.0 if name in ("n_frames", "information_bits") else np.nan
        assert score[0, 1] == pytest.approx(empty, nan_ok=True)
