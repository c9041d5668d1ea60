"""Studies of the supplement: one-hot edges, overfitting and variants, recalls without AVA."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from recordings import small_worms
from wormgnn.comparison import compare
from wormgnn.paper.studies import model_zoo, one_hot, without_ava
from wormgnn.plan import Experiment, Line, Plan, profile_named
from wormgnn.results import read
from wormgnn.runner import run
from wormgnn.store import Store

N = 6


def trained(edges, rivals="senders", seen=None):
    """What a run keeps of one line's edges, in one fold."""
    members, worms = edges.shape[:2]
    seen = np.eye(members, worms, dtype=bool) if seen is None else seen
    line = Line("GNN", Plan("gnn"), factors={"rivals": rivals, "factor": 100})
    cohort = SimpleNamespace(neurons="abcdef", worms=[f"w{worm}" for worm in range(worms)])
    return SimpleNamespace(
        experiment=SimpleNamespace(lines=(line,)),
        profile=SimpleNamespace(folds=(0,)),
        seed=0,
        arrays=lambda label, fold: {"edges": edges, "seen": seen},
        cohort=lambda label: cohort,
    )


def permuted(members, worms):
    """A permutation matrix for every network and worm, each its own."""
    rng = np.random.default_rng(0)
    return np.eye(N)[rng.permuted(np.tile(np.arange(N), (members, worms, 1)), axis=-1)]


def test_permutations_are_found_out_and_are_nearer_than_chance():
    table = one_hot.matrices(trained(permuted(3, 4)))
    assert len(table) == 12 and table["n_train"].eq(1).all()
    assert table["share"].eq(1).all() and table["distinct"].eq(N).all()
    assert table["one_hot"].eq(1).all() and table["bits"].eq(0).all()
    assert table["scaled_distance"].abs().max() < 1e-7
    assert 0.4 < table["null_share"].mean() < 0.8
    assert table["null_effective_rank"].mean() < N - 1


def test_the_absence_of_a_permutation_counts_with_types_alone():
    absent = 1 - permuted(2, 3)
    table = one_hot.matrices(trained(absent, "types"))
    assert table["share"].eq(1).all() and table["distance"].abs().max() < 1e-7
    assert one_hot.matrices(trained(absent / (N - 1)))["share"].max() < 0.5


def test_random_types_are_as_near_to_a_permutation_as_their_null():
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


def test_means_are_over_networks_each_with_its_worms():
    edges = np.concatenate([permuted(1, 4), np.full((1, 4, N, N), 1 / N)])
    means = one_hot.edges_table(trained(edges))
    table = means.set_index("seen")
    assert table.loc[False, ["n_members", "n_matrices"]].tolist() == [2, 6]
    assert table.loc[False, "share"] == pytest.approx((1 + 1 / N) / 2)
    assert table.loc[False, "share_sd"] == pytest.approx(np.std([1, 1 / N], ddof=1))
    assert np.isnan(table.loc[True, "same"])
    larger = means.assign(fold=1, n_members=6, share=0.0)
    both = one_hot.pooled(pd.concat([means, larger]))
    assert both["share"].item() == pytest.approx(table.loc[False, "share"] * 2 / 8)


def test_example_is_an_unseen_worm_of_a_network_with_most_training_worms():
    seen = np.array([[1, 0, 0], [1, 1, 1], [1, 0, 1]]) > 0
    edges = np.random.default_rng(0).random((3, 3, N, N))
    table = one_hot.examples(trained(edges, seen=seen))
    assert (table["worm"].unique().tolist(), table["n_train"].unique().tolist()) == (["w1"], [2])
    np.testing.assert_array_equal(table[list("abcdef")], edges[2, 1])
    assert table["receiver"].tolist() == list("abcdef")


def test_a_curve_is_its_lowest_and_last_value():
    loss = np.array([[3.0, 1.0], [1.0, 2.0], [2.5, 3.0]], dtype=np.float32)
    found = model_zoo.training_curve({"validation": loss, "best_epoch": np.array([1, 0])})
    np.testing.assert_allclose(found["best_loss"], [1.0, 1.0])
    np.testing.assert_allclose(found["rise"], [1.5, 2.0])
    assert found["epochs"].tolist() == [3, 3] and found["best_epoch"].tolist() == [1, 0]


def test_overfitting_has_a_row_for_each_trained_network(tmp_path):
    worms = small_worms(2, 200.0)
    lines = [Line(m, Plan(m, sizes=(1,))) for m in ("mlp", "svm")]
    smoke = replace(profile_named("smoke"), folds=(0, 1), epochs=3)
    ran = run(Experiment("", "", tuple(lines)), worms, smoke, Store(tmp_path), device="cpu")
    table = model_zoo.overfitting(ran)
    assert set(table["model"]) == {"mlp"}  # an SVM has no epochs
    assert len(table) == 2 * 2 and set(table["fold"]) == {0, 1}
    assert (table["rise"] >= 0).all() and (table["best_epoch"] < 3).all()
    kinds = model_zoo.two_kinds(ran.rows[ran.rows["model"] == "mlp"], table)
    assert kinds["learning"].item() == 100 * (table["best_epoch"] >= 2.85).mean()
    means = ran.rows[ran.rows["model"] == "mlp"].groupby("seen")["accuracy"].mean()
    assert kinds["gap"].item() == pytest.approx(100 * (means[True] - means[False]))
    cost = model_zoo.compute(ran)
    assert cost["line"].tolist() == ["mlp", "mlp", "svm", "svm"]
    assert (cost["seconds"] > 0).all() and cost["networks"].eq(2).all()


def test_variants_are_compared_with_their_own_network():
    reference = read("structure.kato")
    assert reference is not None
    rows = model_zoo.with_variants(reference.table)
    changes = model_zoo.variants(rows)
    assert not changes["variant"].isin(["GNN", "MLP, no norm", "SVM, three"]).any()
    keys = ["n_states", "variant", "n_train", "seen"]
    assert not changes.duplicated(keys).any() and len(changes) == 8 * 8
    gnn = reference.table[reference.table["model"] == "GNN"]
    sides = {"A": {"neurons": "three"}, "B": {"neurons": "paper"}}
    alone = compare(gnn, **sides, by=["n_states", "n_train", "seen"])
    found = changes[changes["variant"] == "GNN, three"]
    np.testing.assert_allclose(found["difference"], alone["difference"])


def confusion(neurons, right):
    """Two worms; state 0 is recognised in `right` of 10 frames, state 1 always and in one worm."""
    cells = [("w1", 0, 0, right), ("w1", 0, 1, 10 - right), ("w1", 1, 1, 5), ("w1", 1, 0, 0)]
    cells += [("w2", 0, 0, 10), ("w2", 0, 1, 0), ("w2", 1, 1, 0), ("w2", 1, 0, 0)]
    table = pd.DataFrame(cells, columns=["worm", "labelled", "predicted", "count"])
    return table.assign(model="MLP", n_states=4, neurons=neurons, seen=False)


def test_recalls_are_of_unseen_worms_that_show_the_state():
    counts = pd.concat([confusion("without AVA", 4), confusion("paper", 8)])
    home = counts.assign(seen=True, count=99)
    sides, by = ({"neurons": "without AVA"}, {"neurons": "paper"}), ["state"]
    recalls = without_ava.recalls(pd.concat([counts, home]))
    table = compare(recalls, *sides, "recall", by).set_index("state")
    assert table.loc["forward", ["a", "b"]].astype(float).tolist() == pytest.approx([70, 90])
    assert table.loc["forward", "difference"] == pytest.approx(-20)
    assert table["n_worms"].tolist() == [2, 1]
