"""The worms of a line: who trains, what is seen of each, how their frames are used."""

import numpy as np
import pytest

from tiny import NEURONS, partly_named, tiny_worm, tiny_worms
from wormgnn.cohort import Cohort
from wormgnn.datasets import kato
from wormgnn.errors import ChoiceError, NeuronError, RecordingError
from wormgnn.features import features
from wormgnn.folds import Role, roles
from wormgnn.neurons import named_in_any
from wormgnn.plan import Profile

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


@pytest.mark.parametrize("seed", [0, 3])
def test_folds_of_a_worm_depend_on_its_place_and_the_seed(seed):
    cohort = Cohort.of(tiny_worms(3), NEURONS, SCALE, seed=seed)
    for worm in range(3):
        own = cohort.roles(worm, 0, "shuffled")
        np.testing.assert_array_equal(own, roles(200, 0, 4, "shuffled", 100 * seed + worm))
    assert set(cohort.roles(0, -1, "none")) == {Role.TRAIN}
    with pytest.raises(ChoiceError, match="split"):
        cohort.roles(0, 0, "random")


@pytest.mark.parametrize(
    ("worms", "neurons", "unseen", "message"),
    [
        ([tiny_worm(), tiny_worm()], NEURONS, (), "worm-1 repeats"),
        ([tiny_worm()], NEURONS, [tiny_worm()], "worm-1 repeats"),
        (tiny_worms(2), ("ZZZ",), (), "worm-1: none of the neurons ZZZ"),
    ],
)
def test_worms_that_do_not_fit_are_refused(worms, neurons, unseen, message):
    with pytest.raises((RecordingError, NeuronError), match=message):
        Cohort.of(worms, neurons, SCALE, unseen=unseen)


@pytest.mark.real_data
def test_all_named_neurons_of_the_kato_worms(kato_file):
    worms = kato.read(kato_file)
    cohort = Cohort.of(worms, named_in_any(worms), SCALE)
    assert len(cohort.neurons) == 58
    assert cohort.present.sum(axis=1).tolist() == [38, 44, 32, 47, 32]
    assert cohort.present.all(axis=0).sum() == 23
