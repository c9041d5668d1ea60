"""The paper's sentences about one-hot edges, checked on tables made to hold and to break them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from wormgnn.experiments import EXPERIMENTS
from wormgnn.one_hot import described, levels
from wormgnn.one_hot_verdict import base, changes, headline, pooled, verdicts

WORMS = ("w1", "w2", "w3", "w4", "w5")
LABELS = {
    (run.plan.options["rivals"], run.plan.options["sharpness"]): run.label
    for run in EXPERIMENTS["one-hot"].runs
}


def rows(same: float = 0.0, unseen: float = 0.0) -> pd.DataFrame:
    """Factors 1 and 100 of both readings; 100 changes accuracy by so many points."""
    random = np.random.default_rng(0)
    return described(
        pd.DataFrame(
            [
                {
                    "model": LABELS[rivals, factor],
                    "n_train": 1,
                    "subset": subset,
                    "fold": fold,
                    "worm": worm,
                    "seen": worm == subset,
                    "accuracy": 0.9
                    + (factor == 100) * (same if worm == subset else unseen) / 100
                    + 0.001 * random.normal(),
                    "majority": 0.6,
                }
                for rivals in ("types", "senders")
                for factor in (1, 100)
                for fold in (0, 1)
                for subset in WORMS
                for worm in WORMS
            ]
        )
    )


def edges(share: float = 0.95) -> pd.DataFrame:
    """Two folds with three and one networks: at factor 100 the second has all on a permutation."""
    return pd.DataFrame(
        [
            {
                "model": LABELS[rivals, factor],
                "rivals": rivals,
                "factor": factor,
                "fold": fold,
                "n_train": 1,
                "seen": seen,
                "n_members": n,
                "n_matrices": 4 * n,
                "share": (share if fold == 0 else 1.0) if factor == 100 else 0.1,
                "null_share": 0.65,
                "distinct": np.nan if rivals == "types" else 12.0,
                "null_distinct": 9.7,
                "same": 0.3,
                "chance": 0.1,
            }
            for rivals in ("types", "senders")
            for factor in (1, 100)
            for fold, n in ((0, 3), (1, 1))
            for seen in (True, False)
        ]
    )


def test_other_lines_are_compared_with_the_network_of_the_main_text() -> None:
    assert base(rows()) == LABELS["types", 1]
    table = changes(rows(unseen=-10))
    assert LABELS["types", 1] not in set(table["model"]) and len(table) == 3 * 2
    unseen = table[table["worms"] == "unseen worms"].set_index(["rivals", "factor"])
    assert unseen.loc[("senders", 100), "difference"] == pytest.approx(-10, abs=0.1)
    assert unseen.loc[("senders", 1), "difference"] == pytest.approx(0, abs=0.1)
    assert unseen["n_pairs"].eq(40).all()


def test_numbers_of_training_worms_are_not_mixed() -> None:
    four = rows(unseen=-10).assign(n_train=4, subset=lambda t: t["subset"] + "+others")
    table = changes(pd.concat([rows(), four]))
    unseen = table[(table["worms"] == "unseen worms") & (table["factor"] == 100)]
    found = unseen.groupby("n_train")["difference"].mean()
    assert found.loc[1] == pytest.approx(0, abs=0.1) and found.loc[4] == pytest.approx(-10, abs=0.1)


def test_pooled_weighs_networks_and_leaves_seen_worms_out() -> None:
    table = edges(share=0.8)
    table.loc[table["seen"], "share"] = 99
    found = pooled(table).set_index(["rivals", "factor"])
    assert found.loc[("types", 100), "share"] == pytest.approx((3 * 0.8 + 1.0) / 4)
    assert found.loc[("types", 100), ["n_members", "n_matrices"]].tolist() == [4, 16]
    assert np.isnan(found.loc[("types", 100), "distinct"])
    assert found.loc[("senders", 1), "distinct"] == 12


@pytest.mark.parametrize(
    ("same", "unseen", "expected"),
    [
        (0, -10, ["holds", "breaks down"]),
        (-10, 0, ["falls", "does not"]),
        (10, 10, ["rises", "rises"]),
    ],
)
def test_verdicts_on_accuracy(same: float, unseen: float, expected: list[str]) -> None:
    table = verdicts(changes(rows(same, unseen)), edges())
    for _, part in table.groupby("softmax over"):
        assert part["verdict"].tolist() == [*expected, "yes"]
        assert part["factor"].eq(100).all()


def test_a_small_loss_is_not_a_breakdown() -> None:
    changed = changes(rows(0, -2.5), margin=2.6)
    assert verdicts(changed, edges(), 2.6)["verdict"].tolist()[1] == "does not"
    mixed = changed.assign(low=-4.0, high=-1.0, answer="different")
    assert verdicts(mixed, edges())["verdict"].tolist()[:2] == ["falls", "falls"]
    open_ = changed.assign(low=-4.0, high=1.0, answer="not decided")
    assert verdicts(open_, edges())["verdict"].tolist()[:2] == ["not decided"] * 2


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.9, "yes"), (0.7, "no: 36 % of the way from random to one"), (0.5, "no: no nearer")],
)
def test_verdict_on_permutations(share: float, expected: str) -> None:
    table = verdicts(changes(rows()), edges(share)).query("`trained on` == 'all'")
    assert all(said.startswith(expected) for said in table["verdict"])
    assert "12.0 senders chosen (random: 9.7)" in table["found"].iloc[1]
    assert "senders" not in table["found"].iloc[0]


def test_headline_names_both_readings_and_their_verdicts() -> None:
    types, senders = headline(changes(rows(0, -10)), edges()).split("\n\n")
    assert types.startswith("**Softmax over types, factor 100.**")
    assert "*breaks down* (trained on 1)" in senders and "*yes*" in senders
    assert "30 % of its choices" in senders and "10 % by chance" in senders


def test_levels_are_of_the_same_members_and_worms() -> None:
    ours = rows().query("not seen and fold == 0")
    others = pd.concat(
        [
            ours.drop_duplicates(["subset", "worm"]).assign(model="MLP", accuracy=0.8),
            rows().query("seen or fold == 1").assign(model="MLP", accuracy=0.1),
            rows().assign(model="SVM"),
        ]
    ).drop_duplicates(["model", "subset", "fold", "worm"])
    assert levels(ours, others, ["MLP", "not there"]) == {
        "MLP": pytest.approx(0.8),
        "majority class": pytest.approx(0.6),
    }
