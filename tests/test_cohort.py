"""The worms of a line: who trains, what is seen of each, how their frames are used."""

import numpy as np
import pytest

from tiny import NEURONS, partly_named, tiny_worm, tiny_worms
from wormgnn.cohort import VIEWS, Cohort
from wormgnn.datasets import kato
from wormgnn.errors import ChoiceError, NeuronError, RecordingError
from wormgnn.features import derivative, features
from wormgnn.folds import Role, roles
from wormgnn.neurons import named_in_any
from wormgnn.plan import PROFILES, Experiment, Line, Plan, Profile
from wormgnn.runner import run

SCALE = Profile("small", subsets_per_size=None, folds=(0,), epochs=1, n_folds=4)


def test_each_worm_has_its_own_neurons():
    worms = partly_named()
    cohort = Cohort.of(worms, named_in_any(worms), SCALE)
    assert cohort.neurons == ("AVAL", "AVAR", "RIML", "VB01", "XXX")
    wanted = [[1, 1, 1, 1, 0], [1, 1, 0, 1, 0], [1, 1, 1, 1, 1]]
    np.testing.assert_array_equal(cohort.present, wanted)
    subsets = cohort.subsets((1, 2))
    known = dict(zip(subsets, cohort.known(subsets).astype(int).tolist(), strict=True))
    assert known["worm-2",] == [1, 1, 0, 1, 0]
    assert known["worm-1", "worm-2"] == [1, 1, 1, 1, 0]
    alone = features(worms[1], ("AVAL", "AVAR", "VB01"), 2)
    spread = cohort.features(2, "whole")[1]
    np.testing.assert_array_equal(spread.x[:, [0, 1, 3]], alone.x)
    assert not spread.x[:, [2, 4]].any() and spread.neurons == cohort.neurons
    with pytest.raises(NeuronError, match="worm-1: no neuron named XXX"):
        cohort.complete()


def test_evaluation_worms_train_in_no_subset():
    far = tiny_worm("far", seed=9)
    cohort = Cohort.of(tiny_worms(3), NEURONS, SCALE, unseen=[far])
    assert cohort.worms == ("worm-1", "worm-2", "worm-3", "far")
    assert all("far" not in subset for subset in cohort.subsets(None))
    assert len(cohort.subsets(None)) == 7 and len(cohort.subsets((2,))) == 3
    assert cohort.data[-1] == ["far", far.digest]


@pytest.mark.parametrize("seed", [0, 3])
def test_folds_of_a_worm_depend_on_its_place_and_the_seed(seed):
    cohort = Cohort.of(tiny_worms(3), NEURONS, SCALE, seed=seed)
    for worm in range(3):
        own = cohort.roles(worm, 0, "shuffled")
        np.testing.assert_array_equal(own, roles(200, 0, 4, "shuffled", 100 * seed + worm))
    assert set(cohort.roles(0, -1, "none")) == {Role.TRAIN}
    with pytest.raises(ChoiceError, match="split"):
        cohort.roles(0, 0, "random")


def test_worms_that_do_not_fit_are_refused():
    with pytest.raises(RecordingError, match="worm-1 repeats"):
        Cohort.of([tiny_worm(), tiny_worm()], NEURONS, SCALE)
    with pytest.raises(RecordingError, match="worm-1 repeats"):
        Cohort.of([tiny_worm()], NEURONS, SCALE, unseen=[tiny_worm()])
    with pytest.raises(NeuronError, match="worm-1: none of the neurons ZZZ"):
        Cohort.of(tiny_worms(2), ("ZZZ",), SCALE)


def test_derivatives_take_the_place_of_traces():
    worms = tiny_worms(2)
    seen = VIEWS["derivative"](worms, None, NEURONS)
    np.testing.assert_array_equal(seen[1].traces, derivative(worms[1]))
    assert worms[1].digest == tiny_worms(2)[1].digest  # nothing changed in place
    assert VIEWS["as recorded"](worms, None, NEURONS) is worms
    blurred = Line("blurred", Plan("mlp"), neurons=NEURONS, view="blurred")
    with pytest.raises(ChoiceError, match="view 'blurred': choose one of as recorded, derivative"):
        run(Experiment("views", "Views", (blurred,)), worms, PROFILES["smoke"])


@pytest.mark.real_data
def test_all_named_neurons_of_the_kato_worms(kato_file):
    worms = kato.read(kato_file)
    cohort = Cohort.of(worms, named_in_any(worms), SCALE)
    assert len(cohort.neurons) == 58
    assert cohort.present.sum(axis=1).tolist() == [38, 44, 32, 47, 32]
    assert cohort.present.all(axis=0).sum() == 23
