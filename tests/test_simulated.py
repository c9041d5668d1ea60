from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from sklearn.svm import SVC

from wormgnn.datasets.simulated import (
    DWELL_LOG_S,
    TRANSITIONS,
    Physics,
    behaviour,
    rotation_of_neurons,
    simulate,
)
from wormgnn.errors import ChoiceError
from wormgnn.features import features
from wormgnn.recording import NO_STATE, PAPER_NEURONS, shared_neurons
from wormgnn.states import SEVEN


def test_the_same_arguments_give_the_same_worms() -> None:
    worms, again = simulate(), simulate(6, duration_s=360.0)
    assert [worm.digest for worm in worms] == [worm.digest for worm in again[:5]]
    other = simulate(seed=1)
    assert {worm.digest for worm in worms}.isdisjoint(worm.digest for worm in other)
    assert [worm.worm for worm in worms] == [f"simulated-{n}" for n in range(1, 6)]
    assert all(1000 <= worm.n_frames <= 1100 and 2.7 < worm.fps < 3.1 for worm in worms)
    assert all(worm.vocabulary == SEVEN for worm in worms)
    assert set(PAPER_NEURONS) <= set(shared_neurons(worms))
    assert len({worm.identified for worm in worms}) == len(worms)
    assert all(worm.neurons.count("") == 30 for worm in worms)


def test_behaviour_has_katos_dwell_times_and_transitions() -> None:
    fps = 3.0
    states = behaviour(100_000, fps, np.random.default_rng(0))
    starts = np.flatnonzero(np.diff(states, prepend=-2))
    bouts = [(SEVEN[states[a]], (b - a) / fps) for a, b in pairwise(starts)]
    seen = {pair for pair in pairwise(name for name, _ in bouts)}
    assert seen == {(a, b) for a, following in TRANSITIONS.items() for b in following}
    for name in ("rev1", "rev2", "revsus", "dt", "vt"):
        dwell_s = np.array([seconds for state, seconds in bouts if state == name])
        mean, deviation = DWELL_LOG_S[name]
        assert np.exp(mean + deviation**2 / 2) == pytest.approx(dwell_s.mean(), rel=0.1)
    assert all(sum(row.values()) == pytest.approx(1) for row in TRANSITIONS.values())
    marked = np.concatenate([worm.states for worm in simulate(10)])
    assert 0.001 < (marked == NO_STATE).mean() < 0.03


def test_traces_are_smooth_bleached_and_noisy_as_asked() -> None:
    quiet = simulate(1, duration_s=60.0, physics=Physics(noise=0.0))[0]
    noisy = simulate(1, duration_s=60.0, physics=Physics(noise=0.5))[0]
    steps = [np.diff(worm.traces, axis=0).std() for worm in (quiet, noisy)]
    assert steps[1] == pytest.approx(0.5 * np.sqrt(2), rel=0.05)
    assert steps[0] < 0.2 * quiet.traces.std()
    bleached = simulate(1, duration_s=60.0, physics=Physics(bleach_fraction=0.9, bleach_s=20.0))[0]
    assert bleached.traces[-30:].mean() < quiet.traces[-30:].mean() - 0.3


def _accuracy_on_unseen_worms(mixing: float) -> float:
    """Mean accuracy of an RBF SVM trained on one worm and tested on each other, two states."""
    worms = simulate(4, duration_s=360.0, mixing=mixing)
    scores = []
    for train, test in permutations([features(worm, PAPER_NEURONS, 2) for worm in worms], 2):
        (x, y), (u, v) = (
            (part.x.reshape(30, -1)[:, part.y >= 0].T, part.y[part.y >= 0])
            for part in (train, test)
        )
        scores.append((SVC().fit(x[::4], y[::4]).predict(u[::2]) == v[::2]).mean())
    return float(np.mean(scores))


def test_the_dial_of_individual_variability() -> None:
    alike, default, unlike = (_accuracy_on_unseen_worms(mixing) for mixing in (0.0, 0.4, 1.0))
    assert alike > 0.88
    assert 0.83 < default < 0.95
    assert unlike < 0.7


@pytest.mark.parametrize("arguments", [{"mixing": 1.5}, {"mixing": -0.1}, {"duration_s": 1.0}])
def test_bad_arguments(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected a mixing from 0 to 1 and ten frames"):
        simulate(1, **arguments)  # type: ignore[arg-type]
    with pytest.raises(ChoiceError, match=r"unknown kind of mixing 'cells': .* loadings, neurons"):
        simulate(1, kind="cells")  # type: ignore[arg-type]


def test_neurons_are_mixed_by_a_rotation_that_begins_with_none() -> None:
    np.testing.assert_array_equal(rotation_of_neurons(15, 0.0, 3), np.eye(15))
    rotations = [rotation_of_neurons(15, 0.7, seed) for seed in range(3)]
    for rotation in rotations:
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(15), atol=1e-12)
        np.testing.assert_allclose(np.linalg.det(rotation), 1)
    assert np.abs(rotations[0] - rotations[1]).max() > 0.1
    kept = [
        np.mean([np.diag(rotation_of_neurons(40, mixing, seed)).mean() for seed in range(20)])
        for mixing in (0.0, 0.35, 0.7, 1.0)
    ]
    assert kept == sorted(kept, reverse=True)
    assert abs(kept[-1]) < 0.05


@pytest.mark.parametrize("kind", ["loadings", "neurons"])
def test_mixing_changes_neither_behaviour_nor_noise(kind: str) -> None:
    before, after = (simulate(2, 30.0, mixing=m, kind=kind)[1] for m in (0.0, 0.8))  # type: ignore[arg-type]
    assert before.digest == simulate(2, 30.0, mixing=0.0)[1].digest
    np.testing.assert_array_equal(before.states, after.states)
    assert (before.neurons, before.fps) == (after.neurons, after.fps)
    quiet = Physics(noise=0.0)
    noise = [
        worm.traces - simulate(2, 30.0, mixing=m, kind=kind, physics=quiet)[1].traces  # type: ignore[arg-type]
        for m, worm in ((0.0, before), (0.8, after))
    ]
    np.testing.assert_allclose(*noise, atol=1e-12)


def test_mixed_neurons_are_the_rotated_signals_and_the_others_stay() -> None:
    plain = Physics(noise=0.0, bleach_fraction=0.0)
    before, after = (
        simulate(2, 30.0, seed=5, mixing=m, kind="neurons", physics=plain)[1] for m in (0.0, 0.6)
    )
    others = [c for c, name in enumerate(before.neurons) if name not in PAPER_NEURONS]
    np.testing.assert_array_equal(before.traces[:, others], after.traces[:, others])
    own, shared = (worm.select(PAPER_NEURONS).traces for worm in (after, before))
    found = np.linalg.lstsq(shared, own, rcond=None)[0].T  # gains @ rotation @ 1 / gains
    rotation = rotation_of_neurons(15, 0.6, [5, 2, 1])
    np.testing.assert_allclose(found * found.T, rotation * rotation.T, atol=1e-5)
