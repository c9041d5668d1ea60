"""Labels of experiments without some neurons, recalls by state, and the verdict in words."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from wormgnn.errors import ChoiceError
from wormgnn.experiments import EXPERIMENTS
from wormgnn.paired import DIFFERENT, OPEN, SAME
from wormgnn.without_neurons import (
    by_training_worms,
    described,
    extremes,
    listed,
    of_states,
    partners,
    parts,
    recalls,
    verdict,
    with_all_neurons,
)


def test_every_line_has_its_partner_with_all_neurons() -> None:
    runs = EXPERIMENTS["without-ava"].runs
    known = {run.label: run for name in ("table1", "figure4a") for run in EXPERIMENTS[name].runs}
    found = partners(run.label for run in runs)
    for run in runs:
        other = known[found[run.label]]
        assert run.plan == other.plan  # neurons are all that differs
        assert (other.neurons, run.neurons) == ("paper", parts(run.label)[2])
        assert run.plan.n_states == parts(run.label)[1]


def test_described_takes_labels_apart() -> None:
    table = described(
        pd.DataFrame({"model": ["SVM, linear: 2 states, without AVA"], "n_states": 9})
    )
    assert table.to_dict("records") == [
        {"model": "SVM, linear", "n_states": 2, "neurons": "without AVA"}
    ]


def counts(model: str, right: dict[str, float], folds: int) -> pd.DataFrame:
    """Confusion of two states: `right` is the recall of `reverse` in each unseen worm."""
    return pd.DataFrame(
        [
            {
                "model": model,
                "n_train": n_train,
                "seen": seen,
                "worm": worm,
                "labelled": labelled,
                "predicted": predicted,
                "count": 100 * folds * (part if predicted == labelled else 1 - part),
            }
            for worm, recall in right.items()
            for n_train, labelled, predicted in itertools.product((1, 2), (0, 1), (0, 1))
            for seen, part in ((True, 0.5), (False, recall if labelled else 1.0))
        ]
    )


def test_recalls_are_of_unseen_worms_state_by_state() -> None:
    fewer, every = {"w1": 0.5, "w2": 0.7, "w3": 0.6}, {"w1": 0.8, "w2": 0.8, "w3": 0.8}
    label = "MLP: 2 states, without AVA"
    found = recalls(counts(label, fewer, folds=2), counts("MLP", every, folds=10), {label: "MLP"})
    forward, reverse = found.to_dict("records")
    assert (forward["state"], forward["difference"]) == ("forward", pytest.approx(0))
    assert reverse["state"] == "reverse"
    assert reverse["changed"] == pytest.approx(60) and reverse["plain"] == pytest.approx(80)
    assert reverse["difference"] == pytest.approx(-20)
    assert reverse["low"] < -20 < reverse["high"] and reverse["n_worms"] == 3


def test_a_state_that_a_worm_never_shows_leaves_the_worm_out() -> None:
    label, right = "MLP: 2 states, without AVA", {"w1": 0.5, "w2": 0.7, "w3": 0.6}
    changed, plain = counts(label, right, 1), counts("MLP", right, 1)
    for table in (changed, plain):
        table.loc[(table["worm"] == "w1") & (table["labelled"] == 1), "count"] = 0
    found = recalls(changed, plain, {label: "MLP"}).set_index("state")
    assert found["n_worms"].to_dict() == {"forward": 3, "reverse": 2}


def comparisons(*intervals: tuple[float, float, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "model": f"m{place}",
                "n_states": 4,
                "worms": "unseen worms",
                "difference": np.mean([low, high]),
                "low": low,
                "high": high,
                "answer": said,
            }
            for place, (low, high, said) in enumerate(intervals)
        ]
    )


def test_verdict_in_words() -> None:
    same, unclear, small = (-1, 1, SAME), (-9, 9, OPEN), (-3, -1, DIFFERENT)
    assert verdict(comparisons(same, same)).startswith("**no noticeable difference**")
    assert verdict(comparisons(same, unclear)).startswith("**not shown either way**")
    assert verdict(comparisons(same, small)).startswith("**not shown either way**")
    text = verdict(comparisons(same, small, (-9, -4, DIFFERENT)))
    assert text.startswith("**a noticeable difference**")
    assert "different: 2 (by more than the margin: 1)" in text
    assert "for m2 (4 states, unseen worms): of 3" in text
    assert "for 5 lines" in verdict(comparisons(*[(-9, -4, DIFFERENT)] * 5))


def test_extremes_are_the_largest_loss_and_gain() -> None:
    text = extremes(comparisons((-4, -2, DIFFERENT), (-1, 1, SAME), (1, 3, DIFFERENT)))
    assert text == (
        "from -3.0 (-4.0 to -2.0) points for m0, 4 states, unseen worms "
        "to +2.0 (+1.0 to +3.0) points for m2, 4 states, unseen worms"
    )


def test_listed_has_both_scores_in_a_line() -> None:
    table = comparisons((-4, -2, DIFFERENT), (-1, 1, SAME)).assign(
        plain=90.0, changed=87.0, majority=55.0, p_worms=0.0625, n_pairs=20, n_folds=2
    )
    both = pd.concat(
        [
            table.assign(score="accuracy"),
            table.assign(score="balanced_accuracy", difference=9.0)[::-1],
        ]
    )
    first, second = listed(both).to_dict("records")
    assert (first["model"], first["difference"], first["answer"]) == (
        "m0",
        "-3.0 (-4.0 to -2.0)",
        DIFFERENT,
    )
    assert second["balanced accuracy"].startswith("+9.0 (-1.0") and second["its answer"] == SAME


def test_only_the_lines_that_are_compared_are_run_with_all_neurons() -> None:
    some = EXPERIMENTS["without-ava"].only(["SVM", "GNN: 7 states, without AVA"])
    assert [run.label for run in with_all_neurons(some).runs] == ["SVM", "GNN: 7 states"]


def test_numbers_of_training_worms_have_columns_of_their_own() -> None:
    label, worms = "MLP: 4 states, without AVA", ("w1", "w2", "w3", "w4", "w5")
    plain = pd.DataFrame(
        [
            {
                "model": "MLP: 4 states",
                "n_train": n_train,
                "subset": "+".join(worms[:n_train]),
                "fold": 0,
                "worm": worm,
                "seen": worm in worms[:n_train],
                "accuracy": 0.9,
                "majority": 0.5,
            }
            for n_train in (1, 3, 5)
            for worm in worms
        ]
    )
    loss = plain["n_train"].map({1: 0.1, 3: 0.02, 5: 0.5})
    changed = plain.assign(model=label, accuracy=plain["accuracy"] - loss)
    (row,) = by_training_worms(changed, plain).to_dict("records")
    assert row == {
        "model": "MLP",
        "n_states": 4,
        "neurons": "without AVA",
        "trained on 1": "-10.0 (-10.0 to -10.0)",
        "trained on 3": "-2.0 (-2.0 to -2.0)",
    }


def test_some_numbers_of_states() -> None:
    every = EXPERIMENTS["without-ava"]
    assert {run.plan.n_states for run in of_states(every, [2, 4]).runs} == {2, 4}
    assert len(of_states(every, [7]).runs) == 6 and of_states(every, []) == every
    with pytest.raises(ChoiceError, match="unknown number of states '4': choose one of 2"):
        of_states(every.only(["SVM"]), [4])
