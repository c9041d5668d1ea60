"""Choosing an interpretation for a worm without looking at it."""

import itertools

import numpy as np
import pandas as pd
import pytest

from wormgnn.errors import ChoiceError
from wormgnn.paper.studies.interpretations import (
    beside_mlp,
    by_training_worms,
    choices,
    leave_one_worm_out,
    of_choice,
    procedure,
)

WORMS = "abcd"


@pytest.fixture(scope="module")
def rows():
    """Readings of two networks, all subsets of one and of two of four worms, random accuracies."""
    random = np.random.default_rng(3)
    return pd.DataFrame(
        [
            {
                "model": model,
                "line": line,
                "n_train": n,
                "subset": "+".join(subset),
                "fold": 0,
                "worm": worm,
            }
            | {"seen": worm in subset, "accuracy": random.random()}
            for line, model in (("one", "first"), ("two", "first"), ("three", "second"))
            for n in (1, 2)
            for subset in itertools.combinations(WORMS, n)
            for worm in WORMS
        ]
    )


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
    assert set(chosen.loc[chosen["model"] == "second", "line"]) == {"three"}
    for (model, worm), picked in chosen.groupby(["model", "held_out"]):
        rivals = table[(table["held_out"] == worm) & (table["model"] == model)]
        inner = {line: own["inner"].mean() for line, own in rivals.groupby("line")}
        (line,) = picked["line"].unique()
        assert line == max(inner, key=inner.get)
        assert picked["inner"].tolist() == pytest.approx([inner[line]] * 2)
        outer = rivals[rivals["line"] == line].set_index("n_train")["outer"]
        assert picked.set_index("n_train")["outer"].to_dict() == outer.to_dict()


def test_sizes_without_a_worm_to_compare_on_are_scored_and_choose_nothing(rows):
    most = rows[rows["n_train"] == 2].assign(n_train=3, subset="a+b+c", seen=rows["worm"] != "d")
    most.loc[most["seen"], "accuracy"] = np.nan
    both = pd.concat([rows, most.drop_duplicates(["line", "worm"])])
    chosen, few = choices(leave_one_worm_out(both)), choices(leave_one_worm_out(rows))
    assert chosen[chosen["n_train"] < 3]["line"].tolist() == few["line"].tolist()
    assert chosen[chosen["n_train"] == 3]["held_out"].tolist() == ["d", "d"]


def test_the_rows_of_a_choice_are_unseen_worms_by_what_was_chosen_for_them(rows):
    chosen = choices(leave_one_worm_out(rows))
    scored = of_choice(rows, chosen)
    assert not scored["seen"].any()
    means = scored.groupby(["model", "worm", "n_train"])["accuracy"].mean()
    wanted = chosen.set_index(["model", "held_out", "n_train"])["outer"]
    for place, mean in means.items():
        assert mean == pytest.approx(wanted[place])
    assert len(means) == len(wanted)
    with pytest.raises(ChoiceError, match=r"reading 'three'.*one, two"):
        of_choice(rows[rows["model"] == "first"], chosen)


def test_a_table_by_factors_has_their_means(rows):
    both = rows.assign(scaling=rows["line"].map({"one": "x", "two": "x", "three": "y"}))
    table = by_training_worms(both, ("model", "scaling"))
    assert table.index.tolist() == [("first", "x"), ("second", "y")]
    assert table["members"].tolist() == [2 * 10, 10]  # subsets of one and of two of four worms
    own = both[(both["model"] == "second") & (both["n_train"] == 1) & ~both["seen"]]["accuracy"]
    wanted = f"{100 * own.mean():.1f}\u00a0±\u00a0{100 * own.std():.1f}"
    assert table.loc[("second", "y"), "trained on 1"] == wanted
    assert by_training_worms(rows).index.tolist() == ["one", "two", "three"]


def test_the_procedure_shows_what_was_chosen_and_what_that_scores(rows):
    chosen = choices(leave_one_worm_out(rows))
    table, scored = procedure(rows, chosen), of_choice(rows, chosen)
    assert table.index.tolist() == [*WORMS, *(f"trained on {n}" for n in (1, 2, "any number"))]
    picked = chosen[(chosen["model"] == "first") & (chosen["held_out"] == "c")]["line"].iloc[0]
    own = scored[(scored["model"] == "first") & (scored["worm"] == "c")]["accuracy"]
    assert table.loc["c", "first"] == f"{picked} ({100 * own.mean():.1f})"
    first, second = (100 * scored[scored["model"] == m]["accuracy"] for m in ("first", "second"))
    told = table.loc["trained on any number"]
    assert told["second"] == f"{second.mean():.1f}\u00a0±\u00a0{second.std():.1f}"
    difference = told["first \u2212 second"].split(" ")[0]
    assert float(difference) == pytest.approx(first.mean() - second.mean(), abs=0.051)
    alone = procedure(rows, chosen[chosen["model"] == "second"])
    assert alone.columns.tolist() == ["second"]


def test_networks_beside_the_mlp_by_batch_norm(rows):
    """Three networks, two norms: one's second norm has its accuracies turned round."""
    models = {"one": "MLP", "two": "GNN (b)", "three": "GNN (a)"}
    first = rows.assign(model=rows["line"].map(models), norm="none")
    second = first.assign(norm="last", accuracy=1 - 0.5 * first["accuracy"])
    both = pd.concat([first, second])
    table = beside_mlp(both)
    assert table.index.tolist() == ["none", "last"]
    graphs = ["GNN (b)", "GNN (a)"]
    assert table.columns.tolist() == ["MLP", *graphs, *(f"{m} \u2212 MLP" for m in graphs)]
    unseen = both[~both["seen"]].groupby(["norm", "model"])["accuracy"]
    means, spread = 100 * unseen.mean(), 100 * unseen.std()
    for place in means.index:
        assert table.loc[place] == f"{means[place]:.1f}\u00a0±\u00a0{spread[place]:.1f}"
        if place[1] != "MLP":
            told = table.loc[place[0], f"{place[1]} \u2212 MLP"].split(" ")[0]
            gap = means[place] - means[place[0], "MLP"]
            assert float(told) == pytest.approx(gap, abs=0.051)
