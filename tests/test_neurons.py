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
    named_in_any,
    neuron_set,
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


def by_animal(rule, train, animals):
    """Neurons of each animal; those of a rule are sorted."""
    pairs = [(a.worm, names) for names, group in sets_of(rule, train, animals) for a in group]
    assert [worm for worm, _ in pairs] == [animal.worm for animal in animals]
    assert all(list(names) == sorted(names) for _, names in pairs)
    return {worm: set(names) for worm, names in pairs}


def test_rules(train, animals):
    found = {rule: by_animal(rule, train, animals) for rule in RULES}
    own = {a.worm: set(PAPER_NEURONS) & set(a.identified) for a in animals}
    assert found["own"] == own and [len(names) for names in own.values()] == [11, 12, 12]
    assert found["common"] == dict.fromkeys(own, set.intersection(*own.values()))
    assert own["other-2"] - found["confident"]["other-2"] == {"RIML", "AIBR"}
    for rule in RULES:  # the animals themselves
        assert sets_of(rule, train) == [(tuple(sorted(PAPER_NEURONS)), [])]
    nameless = [tiny_worm("far", neurons=("XYZ",))]
    with pytest.raises(NeuronError, match=r"far: none of the neurons AIBL, .* by rule 'own'"):
        sets_of("own", train, nameless)


def test_doubt_is_a_confidence_below_three(train):
    worm = replace(tiny_worm(), confidence=np.array([5.0, 2.9, 3.0, np.nan]))
    assert doubtful(worm) == ("AVAR",)
    assert doubtful(train[0]) == ()  # not told


def test_other_sets_of_a_line(train, animals):
    assert sets_of(("AVAL",), train, animals) == [(("AVAL",), animals)]
    assert sets_of("paper", train) == [(PAPER_NEURONS, [])]
    worms = [tiny_worm("a"), tiny_worm("b", neurons=("AVAL", "YYY"))]
    assert named_in_any(worms) == ("AVAL", "AVAR", "RIML", "VB01", "YYY")
    far = [tiny_worm("far", neurons=("ZZZ",))]
    assert sets_of("all named", worms, far) == [(named_in_any(worms), far)]
    assert sets_of("paper, where named", worms) == [(("AVAL", "AVAR", "RIML", "VB01"), [])]
    with pytest.raises(ChoiceError, match="'paper, where named', 'all named'"):
        sets_of("any", worms)


@pytest.mark.real_data
def test_real_animals(train, dag_folder):
    found = [r for path in sorted(dag_folder.glob("*.json")) for r in registry.read(path)]
    sizes = {rule: list(map(len, by_animal(rule, train, found).values())) for rule in RULES}
    assert (sizes["own"], sizes["common"]) == ([11, 12, 11, 11], [8] * 4)
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
