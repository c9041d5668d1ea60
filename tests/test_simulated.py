from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from wormgnn.datasets import kato
from wormgnn.datasets.measured import DWELL_LOG_S, FOLLOWS, TRANSITIONS, behaviour, neuron_class
from wormgnn.datasets.simulated import (
    N_TASK,
    Physics,
    _latent,
    _relax,
    rotation_of_neurons,
    simulate,
)
from wormgnn.errors import ChoiceError
from wormgnn.paper.studies import placement
from wormgnn.plan import Profile
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


def test_bad_arguments():
    for arguments in ({"mixing": 1.5}, {"mixing": -0.1}, {"duration_s": 1.0}):
        with pytest.raises(ValueError, match="expected a mixing from 0 to 1 and ten frames"):
            simulate(1, **arguments)
    with pytest.raises(ChoiceError, match=r"unknown kind of mixing 'cells': .* loadings, neurons"):
        simulate(1, kind="cells")
    with pytest.raises(ChoiceError, match=r"unknown loadings 'dag': choose one of kato, groups"):
        Physics(loadings="dag")


def test_neurons_are_mixed_by_a_rotation_that_begins_with_none():
    kept = []
    for mixing in (0.0, 0.35, 0.7, 1.0):
        rotations = [rotation_of_neurons(40, mixing, seed) for seed in range(20)]
        kept.append(np.mean([np.diag(rotation) for rotation in rotations]))
        for rotation in rotations:
            np.testing.assert_allclose(rotation @ rotation.T, np.eye(40), atol=1e-12)
            np.testing.assert_allclose(np.linalg.det(rotation), 1)
        assert mixing == 0 or np.abs(rotations[0] - rotations[1]).max() > 0.1
    assert kept == sorted(kept, reverse=True) and kept[0] == 1 and abs(kept[-1]) < 0.05


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


def in_reversal(worm, neuron):
    labelled = worm.states != NO_STATE
    reversal = np.isin(worm.states, [SEVEN.index(name) for name in ("rev1", "rev2", "revsus")])
    trace = worm.select([neuron]).traces[:, 0]
    return np.corrcoef(trace[labelled], reversal[labelled])[0, 1]


def looks_like_kato(worms):
    """What Kato's worms have: left and right alike, AVA high in reversal, each neuron's sign."""
    for pair, least in (("AVA", 0.9), ("RIM", 0.9), ("AIB", 0.9), ("RME", 0.65)):
        sides = [worm.select([pair + "L", pair + "R"]).traces for worm in worms]
        assert min(np.corrcoef(both.T)[0, 1] for both in sides) > least, pair
    ava = [in_reversal(worm, "AVAL") for worm in worms]
    assert min(ava) > 0.65 and max(ava) < 0.95
    for neuron in ("AVAL", "AVAR", "AVER", "RIML", "RIMR", "AIBL", "AIBR"):
        assert np.mean([in_reversal(worm, neuron) for worm in worms]) > 0.5, neuron
    for neuron in ("AVBL", "RID", "RMED", "RMEL", "RMER", "VB01", "VB02"):
        assert np.mean([in_reversal(worm, neuron) for worm in worms]) < -0.2, neuron
    assert abs(np.mean([in_reversal(worm, "ALA") for worm in worms])) < 0.3
    described = placement.describe(worms).set_index("statistic")["value"]
    assert 0.05 < described["roughness"] < 0.1 and 1.7 < described["dimension"] < 2.7


@pytest.mark.parametrize("seed", range(4))
def test_default_worms_look_like_katos(seed):
    worms = simulate(seed=seed)
    looks_like_kato(worms)
    profile = Profile("smoke", subsets_per_size=2, folds=(0,), epochs=1)
    value = placement.measure(worms, "tuning", profile)["value"].item()
    assert 0.85 < value < 0.93  # as of the dial's worms at a mixing of 0.05 to 0.2; Kato's 0.886


@pytest.mark.real_data
def test_so_do_katos_and_they_follow_what_simulated_neurons_follow(kato_file):
    worms = kato.read(kato_file)
    looks_like_kato(worms)
    simulated = {name for worm in simulate(8, 10.0) for name in worm.identified}
    fits = {name: [] for name in FOLLOWS}
    for worm in worms:
        physics = Physics(latent_noise=0.0)
        states = np.where(worm.states == NO_STATE, SEVEN.index("slow"), worm.states)
        latent = _latent(states, worm.fps, physics, np.random.default_rng(0))[:, :N_TASK]
        calcium = _relax(_relax(latent, physics.rise_s, worm.fps), physics.decay_s, worm.fps)
        design = np.column_stack([calcium, np.ones(len(calcium))])
        for name in simulated & {*worm.identified}:
            trace = stats.zscore(worm.select([name]).traces[:, 0])
            weights = np.linalg.lstsq(design, trace, rcond=None)[0]
            rest = (trace - design @ weights).std()
            fits[neuron_class(name)].append([*weights[:N_TASK], rest])
    for name, rows in fits.items():
        np.testing.assert_allclose(np.mean(rows, axis=0), FOLLOWS[name], atol=0.06, err_msg=name)
