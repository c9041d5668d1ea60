from __future__ import annotations

import pandas as pd
import pytest

from wormgnn import summary


def rows() -> pd.DataFrame:
    """Two models, two members, two worms; the first worm is the one trained on."""
    lines = []
    for model, better in (("MLP", 0.0), ("GNN", 0.1)):
        for fold in (0, 1):
            for worm, seen in (("w1", True), ("w2", False)):
                accuracy = 0.7 + better + 0.1 * fold + (0.05 if seen else 0)
                lines.append(
                    {
                        "model": model,
                        "n_train": 1,
                        "subset": "w1",
                        "fold": fold,
                        "worm": worm,
                        "seen": seen,
                        "accuracy": accuracy,
                        "balanced_accuracy": accuracy - 0.2,
                        "macro_f1": accuracy - 0.3,
                        "majority": 0.6,
                    }
                )
    return pd.DataFrame(lines)


def test_accuracies_are_means_spreads_and_counts():
    table = summary.accuracies(rows())
    line = table.loc[("GNN", "unseen worms")]
    assert line["mean"] == pytest.approx(0.85)
    assert line["sd"] == pytest.approx(0.1 / 2**0.5)
    assert (line["n"], line["members"]) == (2, 2)
    assert line["balanced"] == pytest.approx(0.65)
    assert table.loc[("MLP", "same worm"), "mean"] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("mean", "sd", "text"),
    [(97.71, 3.14, "97.7\u00a0±\u00a03.1"), (83, None, "83.0"), (float("nan"), 1.0, "–")],
)
def test_percent(mean, sd, text):
    assert summary.percent(mean, sd) == text


def test_the_papers_numbers_stand_beside_ours():
    reported = {"MLP": [[99.3, 0.6], [93.9, 10.3], None], "graph": [[99.5, 0.5], None, None]}
    table = summary.beside_paper(rows(), reported, {"GNN": "graph"})
    same, unseen = table["same worm"], table["unseen worms"]
    assert unseen.loc["MLP", "paper"] == "93.9\u00a0±\u00a010.3"
    assert same.loc["GNN", "paper"] == "99.5\u00a0±\u00a00.5"
    assert unseen.loc["GNN", "paper"] == "–"
    assert unseen.loc["MLP", "ours"] == "75.0\u00a0±\u00a07.1"
    assert unseen.loc["MLP", "n"] == 2
