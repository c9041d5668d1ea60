"""Choosing an interpretation for a worm without looking at it."""

import itertools

import numpy as np
import pandas as pd
import pytest

from wormgnn.errors import ChoiceError
from wormgnn.paper.studies import interpretations as study

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


def spread(numbers):
    return f"{100 * numbers.mean():.1f}\u00a0±\u00a0{100 * numbers.std():.1f}"


def test_inner_and_outer_accuracies_are_the_written_out_means(rows):
    table = study.leave_one_worm_out(rows)
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
    tables = [study.leave_one_worm_out(r).query("held_out == 'c'") for r in (rows, other)]
    np.testing.assert_array_equal(tables[0]["inner"], tables[1]["inner"])
    assert (tables[0]["outer"] != tables[1]["outer"]).all()


def test_a_choice_takes_the_best_inner_reading_for_every_worm(rows):
    table = study.leave_one_worm_out(rows)
    chosen = study.choices(table)
    assert len(chosen) == 2 * 4 * 2  # networks, worms, numbers of training worms
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
    both = pd.concat([rows, most.drop_duplicates(["line", "worm"])])
    chosen, few = (study.choices(study.leave_one_worm_out(table)) for table in (both, rows))
    assert chosen[chosen["n_train"] < 3]["line"].tolist() == few["line"].tolist()
    assert chosen[chosen["n_train"] == 3]["held_out"].tolist() == ["d", "d"]


def test_unseen_worms_are_scored_by_what_was_chosen_for_them(rows):
    chosen = study.choices(study.leave_one_worm_out(rows))
    scored, table = study.of_choice(rows, chosen), study.procedure(rows, chosen)
    assert not scored["seen"].any()
    means = scored.groupby(["model", "worm", "n_train"])["accuracy"].mean()
    wanted = chosen.set_index(["model", "held_out", "n_train"])["outer"].sort_index()
    assert means.to_numpy() == pytest.approx(wanted.to_numpy())
    with pytest.raises(ChoiceError, match=r"line 'three'.*one, two"):
        study.of_choice(rows[rows["model"] == "first"], chosen)
    picked = chosen[(chosen["model"] == "first") & (chosen["held_out"] == "c")]["line"].iloc[0]
    own = scored[(scored["model"] == "first") & (scored["worm"] == "c")]["accuracy"]
    assert table.loc["c", "first"] == f"{picked} ({100 * own.mean():.1f})"
    first, second = (scored.loc[scored["model"] == m, "accuracy"] for m in ("first", "second"))
    told = table.loc["trained on any number"]
    difference = float(told["first \u2212 second"].split(" ")[0])
    assert difference == pytest.approx(100 * (first.mean() - second.mean()), abs=0.051)
    alone = study.procedure(rows, chosen[chosen["model"] == "second"])
    assert alone.columns.tolist() == ["second"]


def test_a_table_by_factors_has_their_means(rows):
    both = rows.assign(scaling=rows["line"].map({"one": "x", "two": "x", "three": "y"}))
    table = study.by_training_worms(both, ("model", "scaling"))
    assert table.index.tolist() == [("first", "x"), ("second", "y")]
    assert table["members"].tolist() == [2 * 10, 10]  # subsets of one and of two of four worms
    own = both[(both["model"] == "second") & (both["n_train"] == 1) & ~both["seen"]]["accuracy"]
    assert table.loc[("second", "y"), "trained on 1"] == spread(own)
    assert study.by_training_worms(rows).index.tolist() == ["one", "two", "three"]
