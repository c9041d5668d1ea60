"""Studies of the supplement: one-hot edges, overfitting, and what it costs."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from recordings import small_worms
from wormgnn.paper.studies import model_zoo, one_hot
from wormgnn.plan import Experiment, Line, Plan, profile_named
from wormgnn.runner import Table, run
from wormgnn.store import Store

N = 6


def trained(edges, rivals="senders"):
    """What a run keeps of one line's edges, in one fold."""
    seen = np.eye(*edges.shape[:2], dtype=bool)
    line = Line("GNN", Plan("gnn"), factors={"rivals": rivals, "factor": 100})
    return SimpleNamespace(
        experiment=SimpleNamespace(lines=(line,)),
        profile=SimpleNamespace(folds=(0,)),
        seed=0,
        arrays=lambda label, fold: {"edges": edges, "seen": seen},
    )


def permuted(members, worms):
    """A permutation matrix for every network and worm, each its own."""
    rng = np.random.default_rng(0)
    return np.eye(N)[rng.permuted(np.tile(np.arange(N), (members, worms, 1)), axis=-1)]


def test_permutations_and_their_absence_are_found_out_and_random_ones_are_like_their_null():
    table = one_hot.matrices(trained(permuted(3, 4)))
    assert len(table) == 12 and table["n_train"].eq(1).all()
    assert table["share"].eq(1).all() and table["distinct"].eq(N).all()
    assert table["one_hot"].eq(1).all() and table["bits"].eq(0).all()
    assert table["scaled_distance"].abs().max() < 1e-7
    absent = 1 - permuted(2, 3)
    table = one_hot.matrices(trained(absent, "types"))
    assert table["share"].eq(1).all() and table["distance"].abs().max() < 1e-7
    assert one_hot.matrices(trained(absent / (N - 1)))["share"].max() < 0.5
    edges = (np.random.default_rng(0).random((20, 4, N, N)) < 0.3).astype(float)
    table = one_hot.matrices(trained(edges, "types"))
    assert table["share"].mean() == pytest.approx(table["null_share"].mean(), abs=0.03)


@pytest.mark.parametrize("rivals", ["types", "senders"])
def test_same_choice_is_that_of_a_loop(rivals):
    edges = np.random.default_rng(0).random((3, 4, N, N))
    seen = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]]) > 0
    same, chance = one_hot.same_choice(edges, seen, rivals)
    for member, worm in np.ndindex(3, 4):
        others = [v for v in range(4) if v != worm and seen[member, v]]
        if not others:
            assert np.isnan(same[member, worm]) and np.isnan(chance[member, worm])
            continue
        own = edges[member, [worm, *others]]
        choices = own.argmax(-1) if rivals == "senders" else (own > 0.5).reshape(len(own), -1)
        anywhere = choices[1:, :, None] == choices[0]
        assert same[member, worm] == pytest.approx((choices[1:] == choices[0]).mean())
        assert chance[member, worm] == pytest.approx(anywhere.mean())


def test_every_trained_network_has_its_curve_and_every_fold_its_seconds(tmp_path):
    lines = tuple(Line(m, Plan(m, sizes=(1,))) for m in ("mlp", "svm"))
    smoke = replace(profile_named("smoke"), folds=(0, 1), epochs=3)
    worms, store = small_worms(2, 200.0), Store(tmp_path)
    ran = run(Experiment("", "", lines), worms, smoke, store, device="cpu")
    table = model_zoo.overfitting(ran)
    assert set(table["model"]) == {"mlp"}  # an SVM has no epochs
    assert len(table) == 2 * 2 and table["epochs"].eq(3).all()
    for fold, members in table.groupby("fold"):
        loss = ran.arrays("mlp", fold)["validation"]
        assert members["best_epoch"].tolist() == loss.argmin(axis=0).tolist()
        np.testing.assert_allclose(members["rise"], loss[-1] - loss.min(axis=0), atol=1e-9)
    rows = ran.rows[ran.rows["model"] == "mlp"]
    (kinds,) = model_zoo.two_kinds(rows, table).to_dict("records")
    assert kinds["learning"] == 100 * (table["best_epoch"] >= 0.95 * 3).mean()
    means = rows.groupby("seen")["accuracy"].mean()
    assert kinds["gap"] == pytest.approx(100 * (means[True] - means[False]))
    cost = model_zoo.compute(ran)
    assert cost["line"].tolist() == ["mlp", "mlp", "svm", "svm"]
    assert (cost["seconds"] > 0).all() and cost["networks"].eq(2).all()


def test_a_step_is_measured_in_a_process_of_its_own(monkeypatch):
    monkeypatch.setattr(model_zoo, "VARIED", {"members": (2, 40)})
    monkeypatch.setattr(model_zoo, "USUAL", {"members": 3, "neurons": 4, "frames": 3000})
    experiment = Experiment("costs", "", (Line("MLP", Plan("mlp")),))
    table = model_zoo.costs(Table(pd.DataFrame(), None, experiment, "tiny", profile_named("smoke")))
    assert table["members"].tolist() == [2, 40] and set(table["neurons"]) == {4}
    assert (table["cpu_s"] > 0).all()
    if sys.platform == "linux":
        few, many = table["memory_mib"]
        assert many > few + 40 * 3000 * 16 * 4 / 2**20 * 0.9  # a hidden layer of every frame
