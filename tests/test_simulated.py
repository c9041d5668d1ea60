from itertools import pairwise

import numpy as np
import pytest

from wormgnn.datasets.simulated import (
    DWELL_LOG_S,
    TRANSITIONS,
    Physics,
    behaviour,
    rotation_of_neurons,
    simulate,
)
from wormgnn.errors import ChoiceError
from wormgnn.recording import NO_STATE, PAPER_NEURONS, shared_neurons
from wormgnn.states import SEVEN


def test_the_same_arguments_give_the_same_worms():
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


def test_behaviour_has_katos_dwell_times_and_transitions():
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


@pytest.mark.parametrize("arguments", [{"mixing": 1.5}, {"mixing": -0.1}, {"duration_s": 1.0}])
def test_bad_arguments(arguments):
    with pytest.raises(ValueError, match="expected a mixing from 0 to 1 and ten frames"):
        simulate(1, **arguments)
    with pytest.raises(ChoiceError, match=r"unknown kind of mixing 'cells': .* loadings, neurons"):
        simulate(1, kind="cells")


def test_neurons_are_mixed_by_a_rotation_that_begins_with_none():
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
def test_mixing_changes_neither_behaviour_nor_noise(kind):
    before, after = (simulate(2, 30.0, mixing=m, kind=kind)[1] for m in (0.0, 0.8))
    assert before.digest == simulate(2, 30.0, mixing=0.0)[1].digest
    np.testing.assert_array_equal(before.states, after.states)
    assert (before.neurons, before.fps) == (after.neurons, after.fps)
    quiet = Physics(noise=0.0)
    noise = [
        worm.traces - simulate(2, 30.0, mixing=m, kind=kind, physics=quiet)[1].traces
        for m, worm in ((0.0, before), (0.8, after))
    ]
    np.testing.assert_allclose(*noise, atol=1e-12)
