"""Inferred edges against other matrices: statistics against brute force, nulls, and sources."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import stats
from sklearn.metrics import roc_auc_score

from tiny import tiny_worms
from wormgnn import reference
from wormgnn.connectivity import agreement, comparison, matrices
from wormgnn.connectivity import reference as command
from wormgnn.connectivity.agreement import entries, node_orders, unit_ranks
from wormgnn.connectivity.atlas import atlas
from wormgnn.connectivity.checks import own_worm
from wormgnn.connectivity.comparison import compare
from wormgnn.connectivity.edges import Inferred, aligned, inferred, signs
from wormgnn.connectivity.matrices import Matrix
from wormgnn.connectivity.power import detectable, power
from wormgnn.connectivity.reliability import bound, histogram, of_average, reliability
from wormgnn.connectivity.rewiring import n_distinct, rewired
from wormgnn.connectivity.verdict import headline, verdicts
from wormgnn.connectome import adjacency
from wormgnn.errors import ChoiceError, NeuronError
from wormgnn.individuality import holm
from wormgnn.profiles import Profile
from wormgnn.recording import PAPER_NEURONS
from wormgnn.store import Store

HEAD = PAPER_NEURONS[:-2]
TINY = Profile("smoke", subsets_per_size=1, folds=(0, 1), epochs=1)


def structured(rng: np.random.Generator, n: int = 8) -> np.ndarray:
    """A matrix whose entries hang together: every neuron has a row and a column effect."""
    return rng.normal(size=(n, 1)) + rng.normal(size=(1, n)) + 0.5 * rng.normal(size=(n, n))


@pytest.mark.parametrize("share_missing", [0.0, 0.3])
def test_permuted_correlations_are_those_of_a_loop(share_missing: float) -> None:
    rng = np.random.default_rng(0)
    edges, other = np.array([structured(rng), structured(rng)]), structured(rng).round()
    other[rng.random(other.shape) < share_missing] = np.nan
    ranked, orders = np.full(other.shape, np.nan), node_orders(8, 30, 1)
    off = ~np.eye(8, dtype=bool)
    ranked[off] = stats.rankdata(other[off], nan_policy="omit")
    found = agreement.correlations(unit_ranks(entries(edges)), unit_ranks(entries(other)), orders)
    for k, (edge, order) in enumerate(itertools.product(range(2), orders)):
        moved = ranked[np.ix_(order, order)][off]
        seen = np.isfinite(moved)
        loop = np.corrcoef(stats.rankdata(edges[edge][off])[seen], moved[seen])[0, 1]
        assert found[edge, k % 31] == pytest.approx(loop)


def test_without_gaps_it_is_spearmans_correlation() -> None:
    rng = np.random.default_rng(1)
    a, b = structured(rng), structured(rng)
    found = agreement.mantel(a[None], b[None], node_orders(8, 5))
    assert found.value == pytest.approx(stats.spearmanr(entries(a), entries(b)).statistic)


def test_first_order_is_the_neurons_own() -> None:
    orders = node_orders(6, 20, 3)
    assert (orders[0] == np.arange(6)).all()
    assert (np.sort(orders, axis=1) == np.arange(6)).all() and len(np.unique(orders, axis=0)) > 15


@pytest.mark.parametrize("sign", [1, -1])
def test_a_matrix_agrees_with_itself_and_against_its_negative(sign: int) -> None:
    a = structured(np.random.default_rng(2), 10)
    found = agreement.mantel(a[None], sign * a[None], node_orders(10, 199))
    assert found.value == pytest.approx(sign)
    assert found.p == pytest.approx(2 / 200)


def test_mantel_p_values_are_uniform_where_nothing_agrees() -> None:
    rng = np.random.default_rng(3)
    p = [
        agreement.mantel(structured(rng)[None], structured(rng)[None], node_orders(8, 99, rng)).p
        for _ in range(300)
    ]
    assert 0.02 < np.mean(np.array(p) <= 0.05) < 0.085
    assert stats.kstest(p, "uniform").pvalue > 1e-3


def test_naive_p_values_of_the_same_matrices_are_not() -> None:
    rng = np.random.default_rng(3)
    p = [
        stats.spearmanr(entries(structured(rng)), entries(structured(rng))).pvalue
        for _ in "x" * 300
    ]
    assert np.mean(np.array(p) <= 0.05) > 0.15


def test_residual_has_nothing_left_of_what_is_given() -> None:
    rng = np.random.default_rng(4)
    given = rng.normal(size=40)
    values = given + rng.normal(size=40)
    left = agreement.residual(values, given)
    assert left @ unit_ranks(given) == pytest.approx(0, abs=1e-12)
    assert left @ unit_ranks(values) > 0.3


def test_auroc_is_sklearns_with_ties_and_gaps() -> None:
    rng = np.random.default_rng(5)
    edges = rng.integers(0, 6, size=(1, 60)).astype(float)
    present, measured = rng.random((4, 60)) < 0.3, rng.random(60) < 0.8
    found = agreement.auroc(edges, present, measured)
    expected = [roc_auc_score(p[measured], edges[0, measured]) for p in present]
    np.testing.assert_allclose(found, expected)
    assert np.isnan(agreement.auroc(edges, np.zeros((1, 60), bool), measured)[0])


@pytest.mark.parametrize("symmetric", [False, True])
def test_rewiring_keeps_degrees(symmetric: bool) -> None:
    rng = np.random.default_rng(6)
    present = rng.random((9, 9)) < 0.3
    present = present | present.T if symmetric else present
    np.fill_diagonal(present, False)
    graphs = rewired(present, 50, 0, symmetric)
    assert (graphs.sum(axis=1) == present.sum(axis=0)).all()
    assert (graphs.sum(axis=2) == present.sum(axis=1)).all()
    assert not graphs[:, range(9), range(9)].any()
    assert (graphs == graphs.swapaxes(1, 2)).all() == symmetric
    assert n_distinct(graphs) > 45


def test_rewiring_stays_where_edges_are_allowed() -> None:
    rng = np.random.default_rng(7)
    allowed = rng.random((9, 9)) < 0.7
    present = allowed & (rng.random((9, 9)) < 0.4)
    np.fill_diagonal(present, False)
    graphs = rewired(present, 50, 0, allowed=allowed)
    assert not (graphs & ~allowed).any()
    assert n_distinct(graphs) > 40


def all_graphs(present: np.ndarray) -> set[bytes]:
    """Every directed graph without self edges that has the same degrees, by brute force."""
    n = len(present)
    off = np.argwhere(~np.eye(n, dtype=bool))
    found = set()
    for chosen in itertools.combinations(range(len(off)), int(present.sum())):
        graph = np.zeros((n, n), dtype=bool)
        graph[tuple(off[list(chosen)].T)] = True
        if (graph.sum(0) == present.sum(0)).all() and (graph.sum(1) == present.sum(1)).all():
            found.add(graph.tobytes())
    return found


@pytest.mark.parametrize(
    "edges",
    [[(1, 0), (2, 1), (0, 2)], [(1, 0), (2, 0), (3, 1), (0, 2)], [(1, 0), (0, 1), (2, 3), (3, 2)]],
    ids=["cycle of three", "four edges", "two mutual pairs"],
)
def test_rewiring_reaches_every_graph_equally_often(edges: list[tuple[int, int]]) -> None:
    present = np.zeros((4, 4), dtype=bool)
    present[tuple(np.array(edges).T)] = True
    expected = all_graphs(present)
    reached = [graph.tobytes() for graph in rewired(present, 2000, 0, rounds=40)]
    assert set(reached) == expected
    counts = [reached.count(graph) for graph in expected]
    assert stats.chisquare(counts).pvalue > 1e-3


def test_holm_by_hand() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])


def test_atlas_holds_what_cect_holds_and_what_it_drops() -> None:
    found = atlas(PAPER_NEURONS)
    kept = adjacency(PAPER_NEURONS, "randi2023", "functional", self_edges=False)
    off = ~np.eye(15, dtype=bool)
    np.testing.assert_allclose(np.where(found.significant & off, found.response, 0), kept)
    assert (found.measured & off).sum() == 151
    assert (found.significant & off).sum() == 12
    assert (found.events[found.measured] > 0).all()


def test_unknown_neurons_are_named() -> None:
    with pytest.raises(NeuronError, match="XYZ1"):
        atlas(["AVAL", "XYZ1"])
    with pytest.raises(NeuronError, match=r"VB01, VB02"):
        matrices.structural(["AVAL", "AVAR", "VB01", "VB02"], ["witvliet2021-8"])


def test_equal_wiring_is_one_matrix_and_witvliet_has_no_cord() -> None:
    found = matrices.structural(PAPER_NEURONS)
    assert [m.name for m in found if m.kind == "gap"] == [
        "White 1986 = Varshney 2011, gap",
        "Cook 2019, gap",
        "Witvliet 2021, animal 7, gap",
        "Witvliet 2021, animal 8, gap",
    ]
    assert {m.name: m.neurons for m in found}["Witvliet 2021, animal 8, gap"] == HEAD
    assert all((m.weights == m.weights.swapaxes(1, 2)).all() for m in found if m.symmetric)
    assert [m.n_pairs for m in found][:2] == [210, 210] and found[-1].n_pairs == 78


def test_parts_of_a_matrix() -> None:
    weights = np.array([[0.0, 2.0, np.nan], [0.0, 0.0, 4.0], [6.0, np.nan, 0.0]])
    m = Matrix("m", "atlas", ("A", "B", "C"), weights[None], False, weights > 1)
    np.testing.assert_array_equal(m.part("transposed").weights[0], weights.T)
    both = m.part("symmetric")
    np.testing.assert_array_equal(both.weights[0], [[0, 1, 6], [1, 0, 4], [6, 4, 0]])
    assert both.present is not None and (both.present == both.present.T).all()
    assert (m.n_pairs, both.n_pairs) == (4, 3)
    with pytest.raises(ChoiceError, match="symmetric"):
        both.part("as is")


def test_partial_correlation_by_regression() -> None:
    x = np.random.default_rng(8).normal(size=(200, 3))
    x[:, 0] += x[:, 2]
    x[:, 1] += x[:, 2]
    x -= x.mean(axis=0)
    left = [v - x[:, 2] * (v @ x[:, 2]) / (x[:, 2] @ x[:, 2]) for v in (x[:, 0], x[:, 1])]
    found = matrices.partial(np.corrcoef(x.T))
    assert found[0, 1] == pytest.approx(np.corrcoef(left)[0, 1])
    np.testing.assert_allclose(found, found.T)


def networks(flips: np.ndarray, noise: float = 0.02, n: int = 6) -> np.ndarray:
    """Networks that infer one pattern, or its complement, for two worms."""
    rng = np.random.default_rng(9)
    pattern = 0.2 + 0.5 * rng.random((n, n))
    np.fill_diagonal(pattern, 0.8)
    edges = pattern + noise * rng.normal(size=(len(flips), 2, n, n))
    return np.where((flips < 0)[:, None, None, None], 1 - edges, edges)


@pytest.mark.parametrize("turn", [1, -1])
def test_alignment_finds_the_flipped_networks(turn: int) -> None:
    flips = turn * np.array([1, -1, -1, 1, 1, -1])
    edges = networks(flips)
    np.testing.assert_array_equal(signs(edges), flips)
    np.testing.assert_allclose(aligned(edges), networks(np.ones(6)), atol=1e-12)


def test_reliability_sees_one_pattern_with_two_signs() -> None:
    edges = networks(np.array([1, -1, 1, -1])).reshape(2, 2, 2, 6, 6)
    found = Inferred(edges, tuple("ABCDEF"), ("worm-1", "worm-2"))
    table = reliability(found).set_index("pairs")
    folds = table.loc["same worm and training worms, other fold"]
    assert (folds["n"], folds["negative"]) == (4, 0)  # members 1 and 3 share a sign
    subsets = table.loc["same worm and fold, other training worms"]
    assert subsets["negative"] == 1 and subsets["mean_abs"] > 0.9 > subsets["chance_abs"]
    assert table.loc["aligned averages of two halves of the networks", "mean_abs"] > 0.95
    shares = histogram(found).groupby("pairs")["share"].sum()
    np.testing.assert_allclose(shares, 1)


def test_one_fold_has_no_pairs_of_folds() -> None:
    edges = networks(np.array([1, -1, 1])).reshape(1, 3, 2, 6, 6)
    table = reliability(Inferred(edges, tuple("ABCDEF"), ("worm-1", "worm-2")))
    assert not table["pairs"].str.contains("other fold").any()


def test_reliability_of_an_average_by_hand() -> None:
    assert of_average(0.5) == pytest.approx(2 / 3)
    assert bound(0.6) == pytest.approx(0.75**0.5)
    assert bound(-0.1) == 0


def test_power_rises_from_the_level_to_one() -> None:
    rng = np.random.default_rng(10)
    curve = power(structured(rng, 12), structured(rng, 12), (0.0, 0.9), 200, 199)
    assert curve["power"][0] < 0.12
    assert curve["power"][1] > 0.95


def test_detectable_lies_between_two_points() -> None:
    curve = pd.DataFrame({"r": [0.0, 0.2, 0.4], "power": [0.05, 0.6, 1.0]})
    assert detectable(curve) == pytest.approx(0.3)
    assert np.isnan(detectable(curve[:2]))


def test_edges_of_another_worm_fit_worse() -> None:
    rng = np.random.default_rng(11)
    weights = np.array([np.corrcoef(rng.normal(size=(6, 9))) for _ in range(4)])
    own = Matrix("own", "correlation", tuple("ABCDEF"), weights, True)
    assert own_worm(weights, own)["p"] == pytest.approx(1 / 24)
    assert own_worm(weights[[1, 2, 3, 0]], own)["p"] > 0.2


def test_many_worms_are_dealt_at_random() -> None:
    rng = np.random.default_rng(12)
    weights = np.array([np.corrcoef(rng.normal(size=(6, 9))) for _ in range(12)])
    own = Matrix("own", "correlation", tuple("ABCDEF"), weights, True)
    assert own_worm(weights, own)["p"] == pytest.approx(1 / 5041)


@pytest.fixture
def quick_power(monkeypatch: pytest.MonkeyPatch) -> None:
    def few(matrix: np.ndarray, noise: np.ndarray | None, *_: object, rng: int) -> pd.DataFrame:
        return power(matrix, noise, (0.0, 0.8), 10, 49, rng)

    monkeypatch.setattr(comparison, "power", few)


@pytest.mark.usefixtures("quick_power")
def test_edges_that_are_correlations_are_found_out() -> None:
    """Edges made from each worm's correlation, half of them flipped: the table says so."""
    worms = tiny_worms(4, neurons=PAPER_NEURONS, n_frames=400)
    own = matrices.correlations(worms, PAPER_NEURONS)[0].weights
    flips = np.array([1, -1, 1, -1, -1])[:, None, None, None]
    edges = (1 + flips * 0.9 * own) / 2
    found = Inferred(edges[None], PAPER_NEURONS, tuple(w.worm for w in worms))
    table = compare(found, worms, 1999, 49)
    assert set(table.columns) == set(comparison.COLUMNS)
    row = table[(table["family"] == "main") & (table["matrix"] == "Correlation, of traces")].iloc[0]
    assert row["value"] == pytest.approx(1, abs=1e-3)  # equal weights may round apart
    assert row["p"] == pytest.approx(2 / 2000) and row["p_holm"] < 0.05
    verdict = verdicts(table).set_index("edges against")
    assert verdict.loc["the worm's own correlations", "verdict"].startswith("resemblance")
    assert verdict.loc["gap junctions", "n"] == "13 or 15"
    assert "rho = 1.00" in headline(table, reliability(found))
    for _, family in table.groupby("family"):
        np.testing.assert_allclose(family["p_holm"], holm(family["p"]))


def verdict_table(kind: str, values: list[float], p: list[float], partial_p: float) -> pd.DataFrame:
    rows = [
        {"family": "main", "statistic": "spearman", "kind": kind, "value": v, "p": q, "p_holm": q}
        for v, q in zip(values, p, strict=True)
    ]
    left = {"family": "given correlation", "statistic": "partial spearman", "kind": kind}
    table = pd.DataFrame([*rows, {**left, "value": 0.1, "p": partial_p, "p_holm": partial_p}])
    return table.assign(n_neurons=15, detectable=0.3)


@pytest.mark.parametrize(
    ("values", "p", "partial_p", "words"),
    [
        ([0.4, 0.5], [0.01, 0.01], 0.5, "resemblance, but nothing found beyond"),
        ([0.4, 0.5], [0.01, 0.3], 0.01, "resemblance in 1 of 2 tests, beyond what"),
        ([-0.4, -0.5], [0.01, 0.01], 0.5, "opposite pattern"),
        ([0.1, 0.0], [0.4, 0.9], 0.5, "no resemblance beyond chance"),
    ],
)
def test_verdict_in_words(
    values: list[float], p: list[float], partial_p: float, words: str
) -> None:
    found = verdicts(verdict_table("gap", values, p, partial_p)).set_index("edges against")
    assert words in found.loc["gap junctions", "verdict"]


def test_edges_come_from_the_store(tmp_path: Path) -> None:
    worms = tiny_worms(2, neurons=PAPER_NEURONS)
    found = inferred(worms, TINY, Store(tmp_path))
    assert found.edges.shape == (2, 2, 2, 15, 15)
    assert found.networks.shape == (4, 2, 15, 15)
    stored = sorted(tmp_path.rglob("*.npz"))
    again = inferred(worms, TINY, Store(tmp_path))
    np.testing.assert_array_equal(found.edges, again.edges)
    assert sorted(tmp_path.rglob("*.npz")) == stored and len(stored) == 2
    other = inferred(worms, TINY, Store(tmp_path), seed=1)
    assert not np.allclose(other.edges, found.edges)


@pytest.mark.usefixtures("quick_power")
def test_command_writes_four_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worms = tiny_worms(2, neurons=PAPER_NEURONS)
    monkeypatch.setattr(command, "load", lambda name: worms)
    monkeypatch.setattr(command, "profile_named", lambda name: TINY)
    monkeypatch.setenv("WORMGNN_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("WORMGNN_RESULTS", str(tmp_path))
    done = CliRunner().invoke(command.main, ["--dataset", "tiny", "--permutations", "19"])
    assert done.exit_code == 0, done.output
    found = reference.read("connectivity.tiny")
    assert found is not None and found.manifest["networks"] == 4
    assert list(found.table.columns) == list(comparison.COLUMNS)
    assert reference.read("edge_reliability.tiny") is not None
    assert reference.read("edge_pairs.tiny") is not None
    mean = reference.read("connectivity_matrices.tiny")
    assert mean is not None
    matrix = command.matrix(mean.table, "correlation")
    assert tuple(matrix.index) == tuple(matrix.columns) == PAPER_NEURONS
    np.testing.assert_allclose(matrix, matrix.T)
