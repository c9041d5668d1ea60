"""Plans, lines, experiments and profiles are data."""

from dataclasses import replace
from itertools import combinations

import pytest

from wormgnn.errors import ChoiceError
from wormgnn.plan import Experiment, Line, Plan, profile_named

WORMS = ["a", "b", "c", "d", "e"]


def test_paper_cuts_nothing():
    paper = profile_named("paper")
    assert (paper.folds, paper.n_folds, paper.epochs) == (tuple(range(10)), 10, 800)
    every = [subset for size in range(1, 6) for subset in combinations(WORMS, size)]
    assert paper.subsets(WORMS) == every


@pytest.mark.parametrize("name", ["smoke", "quick"])
def test_smaller_profiles_take_distinct_subsets_of_every_size(name):
    profile = profile_named(name)
    subsets = profile.subsets(WORMS)
    assert len(set(subsets)) == len(subsets)
    for size in range(1, 6):
        taken = [subset for subset in subsets if len(subset) == size]
        assert len(taken) == min(
            profile.subsets_per_size or 99, len(list(combinations(WORMS, size)))
        )
    assert set(profile.folds) <= set(range(profile.n_folds))


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


def labels(experiment):
    return [line.label for line in experiment.lines]


def test_lines_are_picked_by_label_or_model():
    assert labels(EXPERIMENT.only(["GNN"])) == ["GNN: 2 states", "GNN: 4 states"]
    assert labels(EXPERIMENT.only(["MLP, no norm", "GNN: 4 states"])) == labels(EXPERIMENT)[1:]
    assert EXPERIMENT.only(None) == EXPERIMENT
    with pytest.raises(ChoiceError, match="line 'GIN': choose one of 'GNN', 'MLP, no norm'"):
        EXPERIMENT.only(["GIN"])


def test_lines_are_picked_by_what_they_are():
    assert labels(EXPERIMENT.where(n_states=4)) == ["GNN: 4 states"]
    assert labels(EXPERIMENT.where(model="GNN", factor=[1, 3])) == ["GNN: 2 states"]
    assert labels(EXPERIMENT.where(steps=2)) == ["GNN: 4 states"]
    with pytest.raises(ChoiceError, match="n_states 7: choose one of 2, 4"):
        EXPERIMENT.where(n_states=7)


def test_changes_reach_every_line_and_leave_the_original():
    changed = EXPERIMENT.trained_on([1, 4])
    assert {line.plan.sizes for line in changed.lines} == {(1, 4)}
    assert EXPERIMENT.trained_on([]) == EXPERIMENT
    assert {line.plan.sizes for line in EXPERIMENT.lines} == {None}
    assert EXPERIMENT.lines[2].plan.with_options(hidden=8).options == {"norm": "none", "hidden": 8}


def test_reference_tables_are_rows_and_confusions_unless_told():
    assert list(EXPERIMENT.makers) == ["some", "some-confusion"]
    own = replace(EXPERIMENT, tables={"other": lambda table: table.rows})
    assert list(own.makers) == ["other"]
