"""Measures of every network's edges, their nulls, and the tables they make."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from tiny import tiny_worms
from wormgnn import one_hot, reference
from wormgnn.errors import ChoiceError
from wormgnn.experiments import EXPERIMENTS
from wormgnn.one_hot import examples, some
from wormgnn.one_hot_edges import Trained, matrices, same_choice, summarised
from wormgnn.profiles import Profile
from wormgnn.recording import PAPER_NEURONS

N = 6
TINY = Profile("smoke", subsets_per_size=2, folds=(0, 1), epochs=1)
LINES = {
    run.plan.options["rivals"]: run
    for run in EXPERIMENTS["one-hot"].runs
    if run.plan.options["sharpness"] == 100
}


def trained(edges: np.ndarray, rivals: str = "senders", seen: np.ndarray | None = None) -> Trained:
    members, worms = edges.shape[:2]
    if seen is None:
        seen = np.eye(members, worms, dtype=bool)
    return Trained(LINES[rivals], 0, edges, seen)


def permuted(members: int, worms: int, seed: int = 0) -> np.ndarray:
    """A permutation matrix for every network and worm, each its own."""
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.tile(np.arange(N), (members, worms, 1)), axis=-1)
    return np.eye(N)[orders]


def test_permutations_are_found_out_and_are_nearer_than_chance() -> None:
    table = matrices([trained(permuted(3, 4))])
    assert len(table) == 12 and table["n_train"].eq(1).all()
    assert table["share"].eq(1).all() and table["distinct"].eq(N).all()
    assert table["one_hot"].eq(1).all() and table["bits"].eq(0).all()
    assert table["scaled_distance"].abs().max() < 1e-7
    assert 0.4 < table["null_share"].mean() < 0.8
    assert table["null_effective_rank"].mean() < N - 1


def test_the_absence_of_a_permutation_counts_with_types_alone() -> None:
    absent = 1 - permuted(2, 3)
    table = matrices([trained(absent, "types")])
    assert table["share"].eq(1).all() and table["distance"].abs().max() < 1e-7
    assert table["one_hot"].eq(1).all()
    senders = matrices([trained(absent / (N - 1), "senders")])
    assert senders["share"].max() < 0.5


def test_random_types_are_as_near_to_a_permutation_as_their_null() -> None:
    edges = (np.random.default_rng(0).random((20, 4, N, N)) < 0.3).astype(float)
    table = matrices([trained(edges, "types", np.eye(20, 4, dtype=bool))])
    assert table["share"].mean() == pytest.approx(table["null_share"].mean(), abs=0.03)
    assert table["effective_rank"].mean() == pytest.approx(
        table["null_effective_rank"].mean(), abs=0.25
    )


@pytest.mark.parametrize("rivals", ["types", "senders"])
def test_same_choice_is_that_of_a_loop(rivals: str) -> None:
    rng = np.random.default_rng(0)
    edges, seen = rng.random((3, 4, N, N)), np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]]) > 0
    same, chance = same_choice(trained(edges, rivals, seen))
    for member, worm in np.ndindex(3, 4):
        others = [v for v in range(4) if v != worm and seen[member, v]]
        if not others:
            assert np.isnan(same[member, worm]) and np.isnan(chance[member, worm])
            continue
        a, *bs = (
            [int(np.argmax(r)) for r in edges[member, w]]
            if rivals == "senders"
            else [int(x > 0.5) for x in edges[member, w].flat]
            for w in (worm, *others)
        )
        equal = [np.mean([x == y for x, y in zip(a, b, strict=True)]) for b in bs]
        anywhere = [np.mean([x == y for x in a for y in b]) for b in bs]
        assert same[member, worm] == pytest.approx(np.mean(equal))
        assert chance[member, worm] == pytest.approx(np.mean(anywhere))


def test_edges_that_are_the_same_in_all_worms_are_the_same_choice() -> None:
    edges = np.repeat(permuted(3, 1), 4, axis=1)
    same, chance = same_choice(trained(edges))
    assert np.nanmin(same) == 1 and np.nanmax(chance) == pytest.approx(1 / N)


def test_summary_is_over_networks_each_with_its_worms() -> None:
    edges = np.concatenate([permuted(1, 4), np.full((1, 4, N, N), 1 / N)])
    table = summarised(matrices([trained(edges)])).set_index("seen")
    assert table.loc[False, ["n_members", "n_matrices"]].tolist() == [2, 6]
    assert table.loc[True, ["n_members", "n_matrices"]].tolist() == [2, 2]
    assert table.loc[False, "share"] == pytest.approx((1 + 1 / N) / 2)
    assert table.loc[False, "share_sd"] == pytest.approx(np.std([1, 1 / N], ddof=1))
    assert np.isnan(table.loc[True, "same"])


def test_example_is_an_unseen_worm_of_a_network_with_most_training_worms() -> None:
    seen = np.array([[1, 0, 0], [1, 1, 1], [1, 0, 1]]) > 0
    edges = np.random.default_rng(0).random((3, 3, N, N))
    table = examples([trained(edges, seen=seen)], ["w1", "w2", "w3"], list("abcdef"))
    assert (table["worm"].unique().tolist(), table["n_train"].unique().tolist()) == (["w2"], [2])
    np.testing.assert_array_equal(table[list("abcdef")], edges[2, 1])
    assert table["receiver"].tolist() == list("abcdef")


def test_some_factors_in_both_readings() -> None:
    labels = [run.label for run in some([1, 100]).runs]
    assert len(labels) == 4 and len(set(labels)) == 4
    assert sum("senders" in label for label in labels) == 2
    assert some([]) is EXPERIMENTS["one-hot"]
    with pytest.raises(ChoiceError, match="factor 7"):
        some([7])


def test_command_writes_both_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worms, few = tiny_worms(5, neurons=PAPER_NEURONS), some([1, 100])
    monkeypatch.setattr(one_hot, "load", lambda name: worms)
    monkeypatch.setattr(one_hot.experiments, "load", lambda name: worms)
    monkeypatch.setattr(one_hot, "profile_named", lambda name: TINY)
    monkeypatch.setattr(one_hot, "experiment_named", lambda name: few)
    monkeypatch.setenv("WORMGNN_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("WORMGNN_RESULTS", str(tmp_path))
    done = CliRunner().invoke(one_hot.main, ["--dataset", "tiny", "--folds", "1"])
    assert done.exit_code == 0, done.output
    edges, shown = (reference.read(f"one_hot_{n}.tiny") for n in ("edges", "examples"))
    assert edges is not None and shown is not None
    table = edges.table.set_index(["rivals", "factor", "n_train", "seen"])
    assert len(table) == 2 * 2 * 2 * 2 and table["n_members"].eq(2).all()
    senders = table.xs("senders")
    assert (senders["one_hot"].xs(100) > senders["one_hot"].xs(1)).all()
    assert edges.manifest["profile"]["folds"] == [0] and len(edges.manifest["data"]) == 5
    matrix = shown.table[(shown.table["rivals"] == "senders") & (shown.table["factor"] == 1)]
    assert matrix[list(PAPER_NEURONS)].sum(axis=1).to_numpy() == pytest.approx(np.ones(15))


def test_rows_know_their_factor() -> None:
    rows = one_hot.described(pd.DataFrame({"model": [LINES["types"].label]}))
    assert rows.iloc[0][["rivals", "factor"]].tolist() == ["types", 100]
