"""Plans, lines, experiments and profiles are data."""

from collections import Counter
from itertools import combinations

import pytest

from wormgnn.errors import ChoiceError
from wormgnn.plan import Experiment, Line, Plan, profile_named

WORMS = ["a", "b", "c", "d", "e"]


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


def test_lines_that_are_not_there_are_named():
    with pytest.raises(ChoiceError, match="line 'GIN': choose one of 'GNN', 'MLP, no norm'"):
        EXPERIMENT.only(["GIN"])
    with pytest.raises(ChoiceError, match="n_states 7: choose one of 2, 4"):
        EXPERIMENT.where(n_states=7)


def test_changes_reach_every_line_and_leave_the_original():
    changed = EXPERIMENT.trained_on([1, 4])
    assert {line.plan.sizes for line in changed.lines} == {(1, 4)}
    assert EXPERIMENT.trained_on([]) == EXPERIMENT
    assert {line.plan.sizes for line in EXPERIMENT.lines} == {None}
    assert EXPERIMENT.lines[2].plan.with_options(hidden=8).options == {"norm": "none", "hidden": 8}
