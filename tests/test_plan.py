"""What to run, as data, and on whom: who trains, what is seen of each, how frames are used."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from tiny import NEURONS, partly_named, tiny_worm, tiny_worms
from wormgnn.cohort import Cohort
from wormgnn.datasets import kato
from wormgnn.errors import ChoiceError, NeuronError, RecordingError
from wormgnn.features import features
from wormgnn.folds import Role, roles
from wormgnn.neurons import named_in_any
from wormgnn.plan import Experiment, Line, Plan, Profile, profile_named

WORMS = ["a", "b", "c", "d", "e"]
SCALE = Profile("small", subsets_per_size=None, folds=(0,), epochs=1, n_folds=4)


@pytest.mark.parametrize("name", ["smoke", "quick", "paper"])
def test_profiles_take_distinct_subsets_of_every_size_and_the_papers_all(name):
    profile = profile_named(name)
    every = [subset for size in range(1, 6) for subset in combinations(WORMS, size)]
    taken = profile.subsets(WORMS)
    assert len({*taken}) == len(taken) and {*taken} <= {*every}
    there, most = Counter(map(len, every)), profile.subsets_per_size or len(every)
    assert Counter(map(len, taken)) == {n: min(number, most) for n, number in there.items()}
    assert {*profile.folds} <= {*range(profile.n_folds)}
    if name == "paper":
        assert (taken, profile.folds, profile.epochs) == (every, tuple(range(10)), 800)


def test_some_of_the_folds_and_no_more_than_there_are():
    assert profile_named("paper").with_folds(2).folds == (0, 1)
    assert profile_named("quick").with_folds(None) == profile_named("quick")
    with pytest.raises(ChoiceError, match="number of folds 3: choose one of 1 to 1"):
        profile_named("quick").with_folds(3)
    with pytest.raises(ChoiceError, match="profile 'huge': choose one of smoke, quick, reduced, p"):
        profile_named("huge")


EXPERIMENT = Experiment(
    "some",
    "Some lines",
    (
        Line("GNN: 2 states", Plan("gnn"), model="GNN", factors={"factor": 1}),
        Line("GNN: 4 states", Plan("gnn", n_states=4, options={"steps": 2}), model="GNN"),
        Line("MLP, no norm", Plan("mlp", options={"norm": "none"})),
    ),
)


@pytest.mark.parametrize(
    ("names", "query", "places"),
    [
        (None, {}, (0, 1, 2)),
        (["GNN"], {}, (0, 1)),
        (["MLP, no norm", "GNN: 4 states"], {}, (1, 2)),
        (None, {"n_states": 4}, (1,)),
        (None, {"model": "GNN", "factor": [1, 3]}, (0,)),
        (None, {"steps": 2}, (1,)),
    ],
)
def test_lines_are_picked_by_label_model_or_what_they_are(names, query, places):
    picked = EXPERIMENT.only(names)
    picked = picked.where(**query) if query else picked
    assert picked.lines == tuple(EXPERIMENT.lines[place] for place in places)


def test_lines_that_are_not_there_are_named_and_changes_reach_every_line():
    with pytest.raises(ChoiceError, match="line 'GIN': choose one of 'GNN', 'MLP, no norm'"):
        EXPERIMENT.only(["GIN"])
    with pytest.raises(ChoiceError, match="n_states 7: choose one of 2, 4"):
        EXPERIMENT.where(n_states=7)
    assert {line.plan.sizes for line in EXPERIMENT.trained_on([1, 4]).lines} == {(1, 4)}
    assert EXPERIMENT.trained_on([]) == EXPERIMENT
    assert EXPERIMENT.lines[2].plan.with_options(hidden=8).options == {"norm": "none", "hidden": 8}


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
    present = Cohort.of(worms, named_in_any(worms), SCALE).present
    assert present.sum(axis=1).tolist() == [38, 44, 32, 47, 32]
    assert (present.shape[1], present.all(axis=0).sum()) == (58, 23)
