"""Nearness to a permutation matrix against every permutation of four neurons."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wormgnn import permutations as p

EVERY = np.array([np.eye(4)[list(order)] for order in itertools.permutations(range(4))])
WEIGHTS = arrays(np.float64, (4, 4), elements=st.floats(0, 1))


@given(WEIGHTS)
def test_assignment_and_distances_are_the_best_of_all_permutations(w: np.ndarray) -> None:
    collected = (EVERY * w).sum(axis=(1, 2))
    assert p.assigned(w) == pytest.approx(collected.max())
    missed = np.sqrt(((w - EVERY) ** 2).sum(axis=(1, 2)))
    assert p.distance(w) == pytest.approx(missed.min() / 2, abs=1e-7)
    if w.sum() > 0:
        assert p.share(w) == pytest.approx(collected.max() / w.sum())


@given(WEIGHTS)
def test_scaled_distance_is_the_best_of_all_permutations_and_scales(w: np.ndarray) -> None:
    length = np.sqrt((w**2).sum())
    if length < 1e-6:
        return
    scales = (EVERY * w).sum(axis=(1, 2)) / 4  # where the derivative vanishes
    missed = ((w - scales[:, None, None] * EVERY) ** 2).sum(axis=(1, 2))
    assert p.scaled_distance(w) ** 2 == pytest.approx(missed.min() / length**2, abs=1e-9)
    for scale in (0.9 * scales.max(), 1.1 * scales.max()):  # and no other scale is nearer
        other = ((w - scale * EVERY) ** 2).sum(axis=(1, 2)).min()
        assert other >= missed.min() - 1e-12


@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_a_permutation_is_one_and_its_multiple_nearly(scale: float) -> None:
    w = scale * EVERY
    assert p.share(w) == pytest.approx(np.ones(24))
    assert p.scaled_distance(w) == pytest.approx(np.zeros(24), abs=1e-7)
    assert p.distance(w) == pytest.approx(np.full(24, 1 - scale), abs=1e-7)
    assert p.distinct(w) == pytest.approx(np.full(24, 4))
    assert p.effective_rank(w) == pytest.approx(np.full(24, 4))
    assert (p.rank(w) == 4).all()


def test_one_sender_for_all_is_far_from_a_permutation() -> None:
    w = np.zeros((4, 4))
    w[:, 2] = 1
    assert (p.share(w), p.distinct(w), p.rank(w), p.degree(w)) == (0.25, 1, 1, 1)
    assert p.effective_rank(w) == pytest.approx(1)
    assert p.largest_share(w) == 1 and p.sender_bits(w) == 0


def test_no_edges_at_all() -> None:
    w = np.zeros((4, 4))
    assert (p.share(w), p.scaled_distance(w), p.distance(w), p.rank(w)) == (0, 1, 1, 0)


def test_one_hotness_of_undecided_edges() -> None:
    assert p.decided(np.full((4, 4), 0.5)) == 0.5 and p.pair_bits(np.full((4, 4), 0.5)) == 1
    assert p.largest_share(np.full((4, 4), 0.25)) == 0.25
    assert p.sender_bits(np.full((4, 4), 0.25)) == pytest.approx(2)
    sure = np.array([[0.0, 1.0], [1.0, 1.0]])
    assert p.decided(sure) == 1 and p.pair_bits(sure) == 0


def test_rank_counts_what_passes() -> None:
    rng = np.random.default_rng(0)
    w = rng.normal(size=(6, 2)) @ rng.normal(size=(2, 6))
    assert p.rank(w) == 2 and 1 < p.effective_rank(w) < 2.0001
    assert p.rank(w + 1e-6 * rng.normal(size=(6, 6))) == 2


def test_measures_take_any_number_of_matrices() -> None:
    w = np.random.default_rng(1).random((2, 3, 4, 4))
    for measure in (
        p.share,
        p.distance,
        p.scaled_distance,
        p.distinct,
        p.effective_rank,
        p.rank,
        p.decided,
        p.largest_share,
        p.pair_bits,
        p.sender_bits,
        p.degree,
    ):
        found = measure(w)
        assert found.shape == (2, 3)
        assert found[1, 2] == pytest.approx(float(measure(w[1, 2])))


def test_random_matrices_have_their_density_and_their_sender() -> None:
    ones = p.binary(np.array([0.1, 0.9]), 15, 200, 0)
    assert ones.shape == (200, 2, 15, 15)
    assert ones.mean(axis=(0, 2, 3)) == pytest.approx([0.1, 0.9], abs=0.01)
    single = p.one_sender((300,), 15, 0)
    assert (single.sum(axis=-1) == 1).all()
    # Of 15 senders drawn with replacement, so many are drawn at all.
    assert p.distinct(single).mean() == pytest.approx(15 * (1 - (14 / 15) ** 15), abs=0.2)
    assert p.share(single) == pytest.approx(p.distinct(single) / 15)
