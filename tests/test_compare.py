"""One model minus another: pairs are those of a loop, intervals resample worms."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wormgnn.comparison import (
    DIFFERENT,
    OPEN,
    SAME,
    CompareError,
    answer,
    compare,
    percent,
    select,
    summarise,
    with_interval,
)
from wormgnn.errors import ChoiceError
from wormgnn.statistics import paired_comparison

WORMS = ("w1", "w2", "w3", "w4", "w5")


def rows(model, folds=2, seed=0, better=0.0):
    """One member for each worm and fold, scored on every worm: worms differ, folds hardly."""
    keys = list(itertools.product(WORMS, range(folds), WORMS))
    table = pd.DataFrame(keys, columns=["subset", "fold", "worm"])
    place, noise = (
        table["worm"].map(WORMS.index),
        np.random.default_rng(seed).normal(size=len(keys)),
    )
    table = table.assign(line=f"{model}, as anything", model=model, n_states=2, n_train=1)
    return table.assign(
        seen=table["worm"] == table["subset"],
        accuracy=0.6 + 0.05 * place + better + 0.001 * noise,
        balanced_accuracy=0.5 + better,
        majority=0.4 + 0.1 * place,
    )


A, B = {"model": "a"}, {"model": "b"}


def test_pairs_are_those_of_a_loop_whatever_the_order_and_the_folds():
    a, b = rows("a", folds=3, seed=1), rows("b", folds=2, seed=2)
    table = pd.concat([a, b]).sample(frac=1, random_state=0)
    (result,) = compare(table, A, B).to_dict("records")
    expected = [
        (100 * x["accuracy"], 100 * y["accuracy"], x["worm"])
        for x in a.to_dict("records")
        for y in b.to_dict("records")
        if all(x[k] == y[k] for k in ("subset", "fold", "worm"))
    ]
    one, other, worms = zip(*expected, strict=True)
    direct = paired_comparison(one, other, worms)
    assert result["n_pairs"] == len(expected) == 50
    assert (result["n_worms"], result["n_folds"]) == (5, 2)
    assert result["a"] == pytest.approx(np.mean(one))
    for name in ("difference", "low", "high", "p_worms"):
        assert result[name] == pytest.approx(getattr(direct, name))
    assert result["majority"] == pytest.approx(60)


def test_each_group_is_compared_by_itself():
    table = pd.concat([rows("a", better=0.1), rows("b")])
    result = compare(table, A, B, by=["seen"]).set_index("seen")
    assert result.loc[True, "n_pairs"] == 10
    assert result.loc[False, "n_pairs"] == 40
    assert result["difference"].to_numpy() == pytest.approx([10, 10], abs=0.2)


@pytest.mark.parametrize("reverse", [False, True])
def test_rows_are_those_of_the_side_that_lists_values(reverse):
    table = pd.concat([rows("a", better=0.1), rows("b"), rows("c", better=0.3)])
    sides = A, {"model": ["b", "c"]}
    result = compare(table, *sides[:: -1 if reverse else 1], by=["model", "seen"])
    assert sorted(zip(result["model"], result["seen"], strict=True)) == [
        ("b", False), ("b", True), ("c", False), ("c", True)
    ]  # fmt: skip
    sign = -1 if reverse else 1
    found = result.groupby("model")["difference"].mean().to_dict()
    assert found == pytest.approx({"b": 10 * sign, "c": -20 * sign}, abs=0.2)


def test_a_row_that_is_there_twice_is_refused():
    with pytest.raises(CompareError, match=r"two rows with .*w1"):
        compare(pd.concat([rows("a"), rows("a"), rows("b")]), A, B)


def test_a_worm_that_is_seen_never_pairs_with_itself_unseen():
    other = rows("b").assign(seen=lambda table: ~table["seen"])
    with pytest.raises(CompareError, match=r"no rows .* share"):
        compare(pd.concat([rows("a"), other]), A, B)


def test_missing_scores_make_no_pair_and_diverged_ones_no_interval():
    table = pd.concat([rows("a"), rows("b")], ignore_index=True)
    table.loc[3, "accuracy"] = np.nan
    assert compare(table, A, B)["n_pairs"].item() == 49
    table.loc[4, "accuracy"] = np.inf
    (result,) = compare(table, A, B).to_dict("records")
    assert result["difference"] == np.inf
    assert result["answer"] == OPEN
    assert with_interval(result) == "diverged"


def test_unknown_columns_and_values_are_named():
    with pytest.raises(ChoiceError, match="column 'modell'"):
        select(rows("a"), {"modell": "a"})
    with pytest.raises(ChoiceError, match="model 'c': choose one of a"):
        compare(rows("a"), {"model": "c"}, A)


@given(st.floats(-20, 20), st.floats(0, 20), st.floats(0.1, 5))
def test_the_three_answers(low, width, margin):
    high = low + width
    said = answer(low, high, margin)
    inside, outside = -margin < low and high < margin, low > 0 or high < 0
    assert said == (SAME if inside else DIFFERENT if outside else OPEN)


def test_answers_without_an_interval_or_a_margin():
    assert answer(np.nan, np.nan) == OPEN
    with pytest.raises(ChoiceError, match="margin"):
        answer(0, 1, margin=0)


def test_summaries_are_means_spreads_and_counts():
    table = summarise(pd.concat([rows("a"), rows("b", better=0.1)]))
    line = table.set_index(["model", "worms"]).loc[("b", "unseen worms")]
    assert line["mean"] == pytest.approx(0.8, abs=1e-3)
    assert (line["n"], line["members"]) == (40, 10)
    assert line["balanced"] == pytest.approx(0.6)
    assert line["lowest"] < line["mean"] - line["sd"]


@pytest.mark.parametrize(
    ("mean", "sd", "text"),
    [(97.71, 3.14, "97.7\u00a0±\u00a03.1"), (83, None, "83.0"), (float("nan"), 1.0, "–")],
)
def test_percent(mean, sd, text):
    assert percent(mean, sd) == text


def test_a_difference_as_text():
    row = {"difference": -0.31, "low": -1.12, "high": 0.4}
    assert with_interval(row) == "-0.3 [-1.1, +0.4]"
    assert with_interval({**row, "low": np.nan}) == "-0.3"
