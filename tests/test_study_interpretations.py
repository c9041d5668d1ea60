"""Choosing an interpretation for a worm without looking at it."""

import itertools

import numpy as np
import pandas as pd
import pytest

from wormgnn.paper.studies.interpretations import choices, leave_one_worm_out

WORMS = "abcd"


@pytest.fixture(scope="module")
def rows():
    """Two interpretations on all subsets of one and of two of four worms, random accuracies."""
    random = np.random.default_rng(3)
    return pd.DataFrame(
        [
            {"line": line, "n_train": n, "subset": "+".join(subset), "fold": 0, "worm": worm}
            | {"seen": worm in subset, "accuracy": random.random()}
            for line in ("one", "two")
            for n in (1, 2)
            for subset in itertools.combinations(WORMS, n)
            for worm in WORMS
        ]
    )


def test_inner_and_outer_accuracies_are_the_written_out_means(rows):
    table = leave_one_worm_out(rows)
    assert len(table) == 2 * 4 * 2
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


def test_a_choice_takes_the_best_inner_interpretation_for_every_worm(rows):
    table = leave_one_worm_out(rows)
    chosen = choices(table, {"both": ["one", "two"]}, sizes=[1])
    assert chosen["held_out"].tolist() == list(WORMS)
    for line in chosen.itertuples():
        rivals = table[(table["held_out"] == line.held_out) & (table["n_train"] == 1)]
        assert line.inner == rivals["inner"].max()
    every = choices(table, {"both": ["one", "two"], "second": ["two"]}, sizes=(1, 2))
    assert len(every) == 2 * 2 * 4
    first = every[(every["network"] == "both") & (every["n_train"] == 1)]
    assert set(every.loc[every["network"] == "second", "line"]) == {"two"}
    assert first["line"].tolist() == chosen["line"].tolist()
