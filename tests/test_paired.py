"""Pairs of two experiments by subset, fold and worm, and the three answers of an interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wormgnn.errors import ChoiceError
from wormgnn.experiments import EXPERIMENTS
from wormgnn.paired import (
    DIFFERENT,
    OPEN,
    SAME,
    answer,
    beyond,
    check_unseen,
    effects,
    pairs,
    trained_on,
)

WORMS = ("w1", "w2", "w3", "w4", "w5")


def rows(model: str, folds: int = 2, seed: int = 0, better: float = 0.0) -> pd.DataFrame:
    """One member for each worm and fold, scored on every worm: worms differ, folds hardly."""
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        [
            {
                "model": model,
                "subset": subset,
                "fold": fold,
                "worm": worm,
                "seen": worm == subset,
                "accuracy": 0.6 + 0.05 * place + better + 0.001 * random.normal(),
                "balanced_accuracy": 0.5 + better,
                "majority": 0.4 + 0.1 * place,
            }
            for subset in WORMS
            for fold in range(folds)
            for place, worm in enumerate(WORMS)
        ]
    )


def test_pairs_are_those_of_a_loop_whatever_the_order_and_the_folds() -> None:
    changed = rows("a", folds=3, seed=1).sample(frac=1, random_state=0)
    plain = rows("b", folds=2, seed=2).sample(frac=1, random_state=1)
    found = pairs(changed, plain).set_index(["subset", "fold", "worm"]).sort_index()
    expected = {
        (a["subset"], a["fold"], a["worm"]): (a["accuracy"], b["accuracy"])
        for a in changed.to_dict("records")
        for b in plain.to_dict("records")
        if (a["subset"], a["fold"], a["worm"]) == (b["subset"], b["fold"], b["worm"])
    }
    assert len(found) == len(expected) == 50
    assert {row[0]: row[1:] for row in found[["changed", "plain"]].itertuples()} == expected


def test_a_worm_that_is_seen_is_never_paired_with_itself_unseen() -> None:
    plain = rows("b").assign(seen=lambda table: ~table["seen"])
    with pytest.raises(ValueError, match="share subset, fold, worm, seen"):
        pairs(rows("a"), plain)


def test_a_row_that_is_there_twice_is_refused() -> None:
    twice = pd.concat([rows("a"), rows("a")])
    with pytest.raises(pd.errors.MergeError):
        pairs(twice, rows("b"))


def test_missing_scores_make_no_pair() -> None:
    plain = rows("b")
    plain.loc[3, "accuracy"] = np.nan
    assert len(pairs(rows("a"), plain)) == 49


def test_effect_is_the_mean_difference_in_points_with_its_sample() -> None:
    changed, plain = rows("a: x", folds=2, better=-0.03), rows("a", folds=10, seed=5)
    table = effects(changed, plain, {"a: x": "a"}, ("accuracy", "balanced_accuracy"))
    assert list(table["worms"].unique()) == ["same worm", "unseen worms"]
    unseen = table[(table["worms"] == "unseen worms") & (table["score"] == "accuracy")].iloc[0]
    assert unseen["difference"] == pytest.approx(-3, abs=0.1)
    assert unseen["difference"] == pytest.approx(unseen["changed"] - unseen["plain"])
    assert (unseen["n_pairs"], unseen["n_worms"], unseen["n_folds"]) == (40, 5, 2)
    assert unseen["majority"] == pytest.approx(60)
    assert unseen["p_worms"] == pytest.approx(0.0625)
    assert (table["answer"] == DIFFERENT).all() and beyond(table).all()
    balanced = table[table["score"] == "balanced_accuracy"]
    assert balanced["difference"].tolist() == pytest.approx([-3, -3])


def test_differences_that_change_sign_between_worms_decide_nothing() -> None:
    changed, plain = rows("a: x"), rows("a", seed=1)
    changed.loc[changed["worm"].isin(["w1", "w2"]), "accuracy"] += 0.1
    changed.loc[changed["worm"] == "w5", "accuracy"] -= 0.1
    table = effects(changed, plain, {"a: x": "a"})
    assert (table["answer"] == OPEN).all() and not beyond(table).any()


def test_equal_experiments_are_the_same() -> None:
    table = effects(rows("a: x", seed=1), rows("a", seed=2), {"a: x": "a"})
    assert (table["answer"] == SAME).all()


def test_one_worm_gives_no_interval_and_no_answer() -> None:
    one = rows("a").query("worm == 'w1'")
    table = effects(one.assign(model="a: x"), one, {"a: x": "a"})
    assert table["low"].isna().all() and (table["answer"] == OPEN).all()


def test_kinds_of_worms_that_neither_has_are_left_out() -> None:
    changed, plain = (rows(name).query("seen") for name in ("a: x", "a"))
    table = effects(changed, plain, {"a: x": "a"})
    assert table["worms"].tolist() == ["same worm"]
    with pytest.raises(ChoiceError, match="kind of worms 'unseen worms': choose one of same worm"):
        effects(changed, plain, {"a: x": "a"}, seen=[False])
    with pytest.raises(ValueError, match="share subset"):  # one side has them
        effects(rows("a: x"), plain, {"a: x": "a"})


def test_some_worm_must_stay_unseen() -> None:
    for fine in ([], [4], [1, 5]):
        check_unseen(fine, 5)
    with pytest.raises(ChoiceError, match="training worms '5, 6': choose one of 1 to 4"):
        check_unseen([5, 6], 5)


def test_unknown_label_names_the_known_ones() -> None:
    with pytest.raises(ChoiceError, match="unknown line 'b': choose one of a"):
        effects(rows("a"), rows("a"), {"a": "b"})


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-1, 1, SAME),
        (0.5, 1.5, SAME),
        (-2, 1, OPEN),
        (-1, 2.1, OPEN),
        (-9, 9, OPEN),
        (0.1, 2.5, DIFFERENT),
        (-5, -0.1, DIFFERENT),
        (3, 4, DIFFERENT),
        (np.nan, np.nan, OPEN),
    ],
)
def test_answers(low: float, high: float, expected: str) -> None:
    assert answer(low, high, 2.0) == expected


def test_margin_must_be_above_zero() -> None:
    with pytest.raises(ChoiceError, match="margin 0"):
        answer(-1, 1, 0)


@given(st.floats(-20, 20), st.floats(0, 20), st.floats(0.1, 5))
def test_answers_do_not_depend_on_the_sign(low: float, width: float, margin: float) -> None:
    high = low + width
    assert answer(low, high, margin) == answer(-high, -low, margin)


def test_trained_on_changes_the_sizes_alone() -> None:
    table1 = EXPERIMENTS["table1"]
    thinned = trained_on(table1, [1, 4])
    assert {run.plan.sizes for run in thinned.runs} == {(1, 4)}
    assert [run.label for run in thinned.runs] == [run.label for run in table1.runs]
    assert thinned.runs[0].plan.model == "svm"
    assert trained_on(table1, []) is table1
