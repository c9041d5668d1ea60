"""One model minus another: pairs are those of a loop, intervals resample worms."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from wormgnn.comparison import (
    DIFFERENT,
    MARGIN,
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
from wormgnn.statistics import cluster_interval

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
    gaps = pd.Series(np.subtract(one, other)).groupby(list(worms))
    wanted = cluster_interval(gaps.sum(), gaps.size())
    assert result["n_pairs"] == len(expected) == 50
    assert (result["n_worms"], result["n_folds"]) == (5, 2)
    assert result["a"] == pytest.approx(np.mean(one))
    for name, value in zip(("difference", "low", "high"), wanted, strict=True):
        assert result[name] == pytest.approx(float(value))
    assert result["p_worms"] == pytest.approx(stats.wilcoxon(gaps.mean()).pvalue)
    assert result["p_pairs"] == pytest.approx(stats.wilcoxon(np.subtract(one, other)).pvalue)
    assert result["majority"] == pytest.approx(60)


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
    assert set(zip(result["seen"], result["n_pairs"], strict=True)) == {(False, 40), (True, 10)}


def test_what_cannot_be_compared_is_refused():
    a, b = rows("a"), rows("b")
    turned = b.assign(seen=~b["seen"])  # a worm that is seen never pairs with itself unseen
    for table, message in (
        (pd.concat([a, a, b]), r"two rows with .*w1"),
        (pd.concat([a, turned]), r"no rows .* share"),
    ):
        with pytest.raises(CompareError, match=message):
            compare(table, A, B)
    with pytest.raises(ChoiceError, match="column 'modell'"):
        select(a, {"modell": "a"})
    with pytest.raises(ChoiceError, match="model 'c': choose one of a"):
        compare(a, {"model": "c"}, A)


def test_missing_scores_make_no_pair_and_diverged_ones_no_interval():
    table = pd.concat([rows("a"), rows("b")], ignore_index=True)
    table.loc[3, "accuracy"] = np.nan
    assert compare(table, A, B)["n_pairs"].item() == 49
    table.loc[4, "accuracy"] = np.inf
    (result,) = compare(table, A, B).to_dict("records")
    assert result["difference"] == np.inf
    assert result["answer"] == OPEN
    assert result["text"] == "diverged"


@given(st.floats(-20, 20), st.floats(0, 20))
def test_the_three_answers(low, width):
    high = low + width
    said = answer(low, high)
    inside, outside = low > -MARGIN and high < MARGIN, low > 0 or high < 0
    assert said == (SAME if inside else DIFFERENT if outside else OPEN)
    assert answer(np.nan, np.nan) == OPEN


def test_summaries_are_means_spreads_and_counts():
    table = summarise(pd.concat([rows("a"), rows("b", better=0.1)]))
    line = table.set_index(["model", "worms"]).loc[("b", "unseen worms")]
    assert line["mean"] == pytest.approx(0.8, abs=1e-3)
    assert (line["n"], line["members"]) == (40, 10)
    assert line["balanced"] == pytest.approx(0.6)
    assert line["lowest"] < line["mean"] - line["sd"]


def test_numbers_as_text():
    found = [percent(*of) for of in ((97.71, 3.14), (83, None), (np.nan, 1.0))]
    assert found == ["97.7\u00a0±\u00a03.1", "83.0", "–"]
    row = {"difference": -0.31, "low": -1.12, "high": 0.4}
    assert with_interval(row) == "-0.3 [-1.1, +0.4]"
    assert with_interval({**row, "low": np.nan}) == "-0.3"
