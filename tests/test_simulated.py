from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from sklearn.svm import SVC

from recordings import PAPER
from wormgnn.features import features
from wormgnn.recording import NO_STATE, shared_neurons
from wormgnn.sources.behaviour import DWELL_LOG_S, TRANSITIONS, behaviour
from wormgnn.sources.kato import STATES
from wormgnn.sources.simulated import PAPER_NEURONS, Physics, simulate


def test_the_same_arguments_give_the_same_worms() -> None:
    first, again = simulate(2, duration_s=30.0), simulate(3, duration_s=30.0)
    assert [worm.digest for worm in first] == [worm.digest for worm in again[:2]]
    other = simulate(2, duration_s=30.0, seed=1)
    assert {worm.digest for worm in first}.isdisjoint(worm.digest for worm in other)


def test_default_size() -> None:
    worms = simulate()
    assert [worm.worm for worm in worms] == [f"simulated-{n}" for n in range(1, 6)]
    assert all(1000 <= worm.n_frames <= 1100 for worm in worms)
    assert all(2.7 < worm.fps < 3.1 for worm in worms)
    assert all(worm.vocabulary == STATES for worm in worms)


def test_every_worm_names_the_papers_neurons_and_its_own_others() -> None:
    worms = simulate(duration_s=10.0)
    assert PAPER_NEURONS == PAPER
    assert set(PAPER) <= set(shared_neurons(worms))
    assert len({worm.identified for worm in worms}) == len(worms)
    assert all(worm.neurons.count("") == 30 for worm in worms)


def test_behaviour_has_katos_dwell_times_and_transitions() -> None:
    fps = 3.0
    states = behaviour(100_000, fps, np.random.default_rng(0))
    starts = np.flatnonzero(np.diff(states, prepend=-2))
    bouts = [(STATES[states[a]], (b - a) / fps) for a, b in pairwise(starts)]
    seen = {pair for pair in pairwise(name for name, _ in bouts)}
    assert seen == {(a, b) for a, following in TRANSITIONS.items() for b in following}
    for name in ("rev1", "rev2", "revsus", "dt", "vt"):
        dwell_s = np.array([seconds for state, seconds in bouts if state == name])
        mean, deviation = DWELL_LOG_S[name]
        assert np.exp(mean + deviation**2 / 2) == pytest.approx(dwell_s.mean(), rel=0.1)
    assert all(sum(row.values()) == pytest.approx(1) for row in TRANSITIONS.values())


def test_some_frames_carry_no_state() -> None:
    states = np.concatenate([worm.states for worm in simulate(10)])
    assert 0.001 < (states == NO_STATE).mean() < 0.03


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
    for train, test in permutations([features(worm, PAPER, 2) for worm in worms], 2):
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
