"""Which neurons a model reads: named sets, rules for animals that lack some, random draws."""

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings import small_worms
from tiny import NEURONS, tiny_worm, tiny_worms
from wormgnn.datasets import registry
from wormgnn.datasets.simulated import simulate_other_lab
from wormgnn.errors import ChoiceError, NeuronError
from wormgnn.neurons import (
    LABEL_DEFINING,
    NEURON_SETS,
    REVERSAL_COMMAND,
    RULES,
    doubtful,
    draw_subsets,
    masks,
    named_in_any,
    neuron_set,
    neurons_by_rule,
    sets_of,
)
from wormgnn.recording import PAPER_NEURONS


@pytest.fixture(scope="module")
def train():
    return small_worms(2)


@pytest.fixture(scope="module")
def animals():
    return simulate_other_lab(n_worms=3, duration_s=60.0)


def test_sets_of_the_paper(train):
    found = {name: neuron_set(name, train) for name in NEURON_SETS}
    assert found["paper"] == PAPER_NEURONS and len(found["three"]) == 3
    assert set(found["paper"]) - set(found["without AVA"]) == set(LABEL_DEFINING)
    assert set(found["paper"]) - set(found["without reversal neurons"]) == set(REVERSAL_COMMAND)
    assert set(found["paper"]) <= set(found["shared"])
    for name in ("without AVA", "without reversal neurons"):
        assert list(found[name]) == [n for n in PAPER_NEURONS if n in found[name]]


def test_a_set_that_worms_do_not_share():
    worms = tiny_worms(2)
    assert neuron_set("shared", worms) == NEURONS
    with pytest.raises(NeuronError, match=r"not shared by all recordings: AIBL, .*VB02"):
        neuron_set("paper", worms)
    with pytest.raises(NeuronError, match=r"not shared by all recordings: AIBR, VB02$"):
        neuron_set("three", worms)
    with pytest.raises(ChoiceError, match="set of neurons 'all': choose one of paper, three"):
        neuron_set("all", worms)


def test_rules(animals):
    chosen = {rule: neurons_by_rule(rule, PAPER_NEURONS, animals) for rule in RULES}
    own = {a.worm: set(PAPER_NEURONS) & set(a.identified) for a in animals}
    assert {worm: set(names) for worm, names in chosen["own"].items()} == own
    assert [len(names) for names in own.values()] == [11, 12, 12]
    everyone = frozenset(set.intersection(*own.values()))
    assert {frozenset(names) for names in chosen["common"].values()} == {everyone}
    assert own["other-2"] - set(chosen["confident"]["other-2"]) == {"RIML", "AIBR"}
    assert all(list(n) == sorted(n) for rule in chosen.values() for n in rule.values())


def test_doubt_is_a_confidence_below_three(train):
    worm = replace(tiny_worm(), confidence=np.array([5.0, 2.9, 3.0, np.nan]))
    assert doubtful(worm) == ("AVAR",)
    assert doubtful(train[0]) == ()  # not told
    assert len(neurons_by_rule("confident", PAPER_NEURONS, train)["simulated-1"]) == 15


def test_nothing_left(animals):
    with pytest.raises(NeuronError, match=r"other-1, .*: none of the neurons XYZ is left by rule"):
        neurons_by_rule("own", ["XYZ"], animals)
    with pytest.raises(ChoiceError, match="unknown rule 'best': choose one of own, common"):
        neurons_by_rule("best", PAPER_NEURONS, animals)


def test_sets_of_a_line(train, animals):
    assert sets_of(("AVAL",), train, animals) == [(("AVAL",), animals)]
    assert sets_of("paper", train) == [(PAPER_NEURONS, [])]
    ((common, group),) = sets_of("common", train, animals)
    assert group == animals and set(common) < set(PAPER_NEURONS)
    own = sets_of("own", train, animals)
    assert [worm.worm for _, group in own for worm in group] == [a.worm for a in animals]
    for names, group in own:
        assert all(set(names) == set(PAPER_NEURONS) & set(a.identified) for a in group)
    assert sets_of("own", train) == [(tuple(sorted(PAPER_NEURONS)), [])]  # the animals themselves


def test_vocabularies_are_names_of_any_training_worm():
    worms = [tiny_worm("a"), tiny_worm("b", neurons=("AVAL", "YYY"))]
    assert named_in_any(worms) == ("AVAL", "AVAR", "RIML", "VB01", "YYY")
    far = [tiny_worm("far", neurons=("ZZZ",))]
    assert sets_of("all named", worms, far) == [(named_in_any(worms), far)]
    assert sets_of("paper, where named", worms) == [(("AVAL", "AVAR", "RIML", "VB01"), [])]
    with pytest.raises(ChoiceError, match="'paper, where named', 'all named'"):
        sets_of("any", worms)


@pytest.mark.real_data
def test_real_animals(dag_folder):
    found = [r for path in sorted(dag_folder.glob("*.json")) for r in registry.read(path)]
    own = neurons_by_rule("own", PAPER_NEURONS, found)
    assert [len(names) for names in own.values()] == [11, 12, 11, 11]
    assert len(neurons_by_rule("common", PAPER_NEURONS, found)[found[0].worm]) == 8
    assert set(doubtful(found[1])) & set(PAPER_NEURONS) == {"AVBL", "RIML", "RIMR"}


def test_few_subsets_are_all_of_them():
    assert draw_subsets("abc", (1, 2, 3), 2) == [
        *[("a",), ("b",), ("c",)],
        *[("a", "b"), ("a", "c"), ("b", "c")],
        ("a", "b", "c"),
    ]


@settings(deadline=None, max_examples=40)
@given(st.integers(4, 12), st.data(), st.integers(1, 12), st.integers(0, 99))
def test_draws_are_distinct_balanced_and_seeded(n, data, per_size, seed):
    names = [f"n{i}" for i in range(n)]
    size = data.draw(st.integers(1, n))
    drawn = draw_subsets(names, (size,), per_size, seed)
    assert drawn == draw_subsets(names, (1, size), per_size, seed)[n:] or size == 1
    assert len(set(drawn)) == len(drawn)
    assert all(len(set(d)) == size and list(d) == sorted(d, key=names.index) for d in drawn)
    counts = Counter(itertools.chain(*drawn))
    assert max(counts.values()) - min(counts[name] for name in names) <= 2


@pytest.mark.parametrize("size", [0, 5])
def test_a_size_that_cannot_be(size):
    with pytest.raises(ChoiceError, match="1 to 4"):
        draw_subsets(NEURONS, (size,), 3)


def test_masks_point_at_the_neurons_of_a_draw():
    wanted = [[True, False, False, False], [False, False, True, True]]
    assert masks(NEURONS, [("AVAL",), ("VB01", "RIML")]).tolist() == wanted
