"""The readings of the text as data; and choosing one for a worm without looking at it."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wormgnn.errors import ChoiceError
from wormgnn.models import classifier
from wormgnn.paper.experiments import EXPERIMENTS, MODELS
from wormgnn.paper.readings import (
    AXES,
    BARE_SUM,
    CHOSEN,
    FINALISTS,
    LITERAL,
    READINGS,
    SEEDS,
    SIXTH,
    choices,
    leave_one_worm_out,
    of_choice,
    procedure,
)
from wormgnn.runner import json_of

_EVERY = (*EXPERIMENTS["readings"].lines, *EXPERIMENTS["decomposition"].lines)
LINES = {line.label: line for line in _EVERY}


@pytest.mark.parametrize("label", LINES)
def test_a_readings_columns_say_what_its_network_is(label):
    line = LINES[label]
    options, axes = dict(line.plan.options), {**line.factors, "scaling": line.plan.scaling}
    assert axes.keys() == {*AXES, "literal"}
    given = {"adjacency": np.eye(2)} if options.pop("weighting", None) else {}
    network = classifier(line.plan.model, [0], 2, 2, **options, **given)
    block = network.head.block
    own = getattr(block.norm, "use_running", None)
    assert block.hidden_layers == (1 if axes["blocks"] == "paper" else 2)
    assert own == {"last": True, "own": False}.get(axes["norm"])
    if line.model == "GNN":
        encoder = network.encoder
        assert encoder.edges == axes["edges"]
        assert (encoder.rivals == "senders") == (axes["message"] == "senders")
        own = getattr(encoder.node.norm, "use_running", None)
        assert own == {"last": True, "encoder": True, "own": False}.get(axes["norm"])
    for axis, values in AXES.items():
        assert axes[axis] in {*values, "", "connectome"}


def test_no_two_readings_are_the_same_network():
    plans = [json_of(line.plan) for line in READINGS.values()]
    assert all(plan not in plans[:number] for number, plan in enumerate(plans))
    literal = [label for label, line in READINGS.items() if line.factors["literal"]]
    assert literal == [line.label for line in LITERAL.values()]
    runs = (*LITERAL.values(), *CHOSEN.values(), BARE_SUM, *SIXTH)
    assert {line.label for line in runs} <= {line.label for line in FINALISTS} <= set(READINGS)
    assert MODELS["GNN"] == CHOSEN["gnn"].plan and MODELS["GNN, bare sum"] == BARE_SUM.plan
    assert MODELS["MLP, no norm"] == CHOSEN["mlp"].plan and MODELS["MLP"] == LITERAL["mlp"].plan


def test_finalists_differ_from_their_readings_by_the_seed_alone():
    lines = EXPERIMENTS["finalists"].lines
    for line in lines:
        seed, whole = line.factors["seed"], READINGS[line.factors["reading"]]
        assert line.plan == replace(whole.plan, seed=seed)
    found = {(line.factors["reading"], line.factors["seed"]) for line in lines}
    several = {(line.label, seed) for line in SIXTH for seed in SEEDS}
    assert found >= {(line.label, SEEDS[0]) for line in FINALISTS} | several
    assert len(found) == len(lines)


# --- the choice among them

WORMS = "abcd"


@pytest.fixture(scope="module")
def rows():
    """Readings of two networks, all subsets of one and of two of four worms, random accuracies."""
    random = np.random.default_rng(3)
    readings = (("one", "first"), ("two", "first"), ("three", "second"))
    subsets = [subset for n in (1, 2) for subset in itertools.combinations(WORMS, n)]
    places = itertools.product(readings, subsets, WORMS)
    columns = ["line", "model", "n_train", "subset", "worm", "seen", "accuracy"]
    table = pd.DataFrame(
        [
            (*reading, len(subset), "+".join(subset), worm, worm in subset, random.random())
            for reading, subset, worm in places
        ],
        columns=columns,
    )
    return table.assign(fold=0)


def test_inner_and_outer_accuracies_are_the_written_out_means(rows):
    table = leave_one_worm_out(rows)
    assert len(table) == 3 * 4 * 2
    for line in table.itertuples():
        inner, outer = [], []
        same = (rows["line"] == line.line) & (rows["n_train"] == line.n_train)
        for row in rows[same].itertuples():
            trained = row.subset.split("+")
            if row.worm in trained or line.held_out in trained:
                continue
            (outer if row.worm == line.held_out else inner).append(row.accuracy)
        assert line.inner == pytest.approx(np.mean(inner))
        assert line.outer == pytest.approx(np.mean(outer))


def test_the_held_out_worm_cannot_influence_the_choice(rows):
    involved = rows["subset"].str.contains("c") | (rows["worm"] == "c") | rows["seen"]
    other = rows.assign(accuracy=rows["accuracy"].where(~involved, 1 - rows["accuracy"]))
    tables = [leave_one_worm_out(r).query("held_out == 'c'") for r in (rows, other)]
    np.testing.assert_array_equal(tables[0]["inner"], tables[1]["inner"])
    assert (tables[0]["outer"] != tables[1]["outer"]).all()


def test_a_choice_takes_the_best_inner_reading_for_every_worm(rows):
    table = leave_one_worm_out(rows)
    chosen = choices(table)
    assert len(chosen) == 2 * 4 * 2  # networks, worms, numbers of training worms
    for (model, worm), picked in chosen.groupby(["model", "held_out"]):
        rivals = table[(table["held_out"] == worm) & (table["model"] == model)]
        inner = {line: own["inner"].mean() for line, own in rivals.groupby("line")}
        (line,) = picked["line"].unique()
        assert line == max(inner, key=inner.get)
        assert picked["inner"].tolist() == pytest.approx([inner[line]] * 2)
        outer = rivals[rivals["line"] == line].set_index("n_train")["outer"]
        assert picked.set_index("n_train")["outer"].to_dict() == outer.to_dict()


def test_unseen_worms_are_scored_by_what_was_chosen_for_them(rows):
    chosen = choices(leave_one_worm_out(rows))
    scored, table = of_choice(rows, chosen), procedure(rows, chosen)
    means = scored.groupby(["model", "worm", "n_train"])["accuracy"].mean()
    wanted = chosen.set_index(["model", "held_out", "n_train"])["outer"].sort_index()
    assert means.to_numpy() == pytest.approx(wanted.to_numpy()) and not scored["seen"].any()
    with pytest.raises(ChoiceError, match=r"line 'three'.*one, two"):
        of_choice(rows[rows["model"] == "first"], chosen)
    picked = chosen[(chosen["model"] == "first") & (chosen["held_out"] == "c")]["line"].iloc[0]
    own = scored[(scored["model"] == "first") & (scored["worm"] == "c")]["accuracy"]
    assert table.loc["c", "first"] == f"{picked} ({100 * own.mean():.1f})"
    first, second = (scored.loc[scored["model"] == m, "accuracy"] for m in ("first", "second"))
    difference = table.loc["trained on any number", "first \u2212 second"].split(" ")[0]
    assert float(difference) == pytest.approx(100 * (first.mean() - second.mean()), abs=0.051)
