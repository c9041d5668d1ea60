"""Matrices among neurons and their agreement: against brute force, scipy, sklearn and cect."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from sklearn.metrics import roc_auc_score

from wormgnn.connectome import adjacency
from wormgnn.errors import ChoiceError, NeuronError
from wormgnn.graphs import agreement, matrices
from wormgnn.graphs.agreement import entries, n_distinct, node_orders, rewired, unit_ranks
from wormgnn.graphs.matrices import Matrix, functional
from wormgnn.paper.studies.one_hot import measures, permutation
from wormgnn.recording import PAPER_NEURONS

HEAD = PAPER_NEURONS[:-2]
EVERY = np.array([np.eye(4)[list(order)] for order in itertools.permutations(range(4))])
WEIGHTS = arrays(np.float64, (4, 4), elements=st.floats(0, 1))


def structured(rng, n=8):
    """A matrix whose entries hang together: every neuron has a row and a column effect."""
    return rng.normal(size=(n, 1)) + rng.normal(size=(1, n)) + 0.5 * rng.normal(size=(n, n))


@pytest.mark.parametrize("share_missing", [0.0, 0.3])
def test_permuted_correlations_are_those_of_a_loop(share_missing):
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
    assert (orders[0] == np.arange(8)).all()
    assert (np.sort(orders, axis=1) == np.arange(8)).all() and len(np.unique(orders, axis=0)) > 25


@pytest.mark.parametrize("sign", [1, -1])
def test_a_matrix_agrees_with_itself_and_against_its_negative(sign):
    a = structured(np.random.default_rng(2), 10)
    found = agreement.mantel(a[None], sign * a[None], node_orders(10, 199))
    assert found.value == pytest.approx(sign)
    assert found.p == pytest.approx(2 / 200)
    both = np.stack([a, -a])[:, None]  # single networks count whatever their sign
    assert agreement.mantel(both, a[None], node_orders(10, 9)).value == pytest.approx(0)
    single = agreement.mantel(both, a[None], node_orders(10, 9), absolute=True)
    assert single.value == pytest.approx(1)
    b = structured(np.random.default_rng(1), 10)
    value = agreement.mantel(a[None], b[None], node_orders(10, 5)).value
    assert value == pytest.approx(stats.spearmanr(entries(a), entries(b)).statistic)


def test_mantel_p_values_are_uniform_where_nothing_agrees():
    rng = np.random.default_rng(3)
    p = [
        agreement.mantel(structured(rng)[None], structured(rng)[None], node_orders(8, 99, rng)).p
        for _ in range(300)
    ]
    assert 0.02 < np.mean(np.array(p) <= 0.05) < 0.085
    assert stats.kstest(p, "uniform").pvalue > 1e-3


def test_auroc_is_sklearns_with_ties_and_gaps():
    rng = np.random.default_rng(5)
    edges = rng.integers(0, 6, size=(1, 60)).astype(float)
    present, measured = rng.random((4, 60)) < 0.3, rng.random(60) < 0.8
    found = agreement.auroc(edges, present, measured)
    expected = [roc_auc_score(p[measured], edges[0, measured]) for p in present]
    np.testing.assert_allclose(found, expected)
    assert np.isnan(agreement.auroc(edges, np.zeros((1, 60), bool), measured)[0])


@pytest.mark.parametrize("symmetric", [False, True])
def test_rewiring_keeps_degrees_and_stays_where_edges_are_allowed(symmetric):
    rng = np.random.default_rng(6)

    def graph(share):
        found = rng.random((9, 9)) < share
        found = found | found.T if symmetric else found
        return found & ~np.eye(9, dtype=bool)

    present, allowed = graph(0.3), graph(0.7)
    graphs = rewired(present, 50, 0, symmetric)
    assert (graphs.sum(axis=1) == present.sum(axis=0)).all()
    assert (graphs.sum(axis=2) == present.sum(axis=1)).all()
    assert not graphs[:, range(9), range(9)].any()
    assert (graphs == graphs.swapaxes(1, 2)).all() == symmetric
    assert n_distinct(graphs) > 45
    graphs = rewired(graph(0.4) & allowed, 50, 0, symmetric, allowed)
    assert not (graphs & ~allowed).any() and n_distinct(graphs) > 20


def all_graphs(present):
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
def test_rewiring_reaches_every_graph_equally_often(edges):
    present = np.zeros((4, 4), dtype=bool)
    present[tuple(np.array(edges).T)] = True
    expected = all_graphs(present)
    reached = [graph.tobytes() for graph in rewired(present, 2000, 0, rounds=40)]
    assert set(reached) == expected
    counts = [reached.count(graph) for graph in expected]
    assert stats.chisquare(counts).pvalue > 1e-3


def test_atlas_holds_what_cect_holds_and_what_it_drops():
    found = functional(PAPER_NEURONS)
    kept = adjacency(PAPER_NEURONS, "randi2023", "functional", self_edges=False)
    off = ~np.eye(15, dtype=bool)
    assert found.present is not None
    np.testing.assert_allclose(np.where(found.present & off, found.weights[0], 0), kept)
    assert (found.measured.sum(), (found.present & off).sum()) == (151, 12)
    with pytest.raises(NeuronError, match="XYZ1"):
        functional(["AVAL", "XYZ1"])


def test_equal_wiring_is_one_matrix_and_witvliet_has_no_cord():
    found = matrices.structural(PAPER_NEURONS)
    gaps = {m.name: m.neurons for m in found if m.kind == "gap"}
    assert len(gaps) == 4 and "White 1986 = Varshney 2011, gap" in gaps
    assert gaps["Witvliet 2021, animal 8, gap"] == HEAD
    assert all((m.weights == m.weights.swapaxes(1, 2)).all() for m in found if m.symmetric)
    assert [m.n_pairs for m in found][:2] == [210, 210] and found[-1].n_pairs == 78
    with pytest.raises(NeuronError, match=r"VB01, VB02"):
        matrices.structural(["AVAL", "AVAR", "VB01", "VB02"], ["witvliet2021-8"])


def test_parts_of_a_matrix():
    weights = np.array([[0.0, 2.0, np.nan], [0.0, 0.0, 4.0], [6.0, np.nan, 0.0]])
    m = Matrix("m", "atlas", ("A", "B", "C"), weights[None], False, weights > 1)
    np.testing.assert_array_equal(m.part("transposed").weights[0], weights.T)
    both = m.part("symmetric")
    np.testing.assert_array_equal(both.weights[0], [[0, 1, 6], [1, 0, 4], [6, 4, 0]])
    assert both.present is not None and (both.present == both.present.T).all()
    assert (m.n_pairs, both.n_pairs) == (4, 3)
    with pytest.raises(ChoiceError, match="symmetric"):
        both.part("as is")


@given(WEIGHTS)
def test_assignment_and_distances_are_the_best_of_all_permutations_and_scales(w):
    collected = (EVERY * w).sum(axis=(1, 2))
    missed = np.sqrt(((w - EVERY) ** 2).sum(axis=(1, 2)))
    share, distance, scaled = permutation(w)
    assert distance == pytest.approx(missed.min() / 2, abs=1e-7)
    if w.sum() > 0:
        assert share == pytest.approx(collected.max() / w.sum())
    length = np.sqrt((w**2).sum())
    if length > 1e-6:
        scales = collected[:, None, None] / 4  # where the derivative vanishes
        missed = ((w - scales * EVERY) ** 2).sum(axis=(1, 2))
        assert scaled**2 == pytest.approx(missed.min() / length**2, abs=1e-9)


ONE_SENDER = np.tile(np.eye(4)[2], (4, 1))
TWO_OF_SIX = np.random.default_rng(0).random((6, 2)) @ np.arange(12.0).reshape(2, 6)
ONE = {"share": 0.25, "distinct": 1, "rank": 1, "effective_rank": 1, "degree": 1}
KNOWN = [
    (ONE_SENDER, "senders", {**ONE, "one_hot": 1, "bits": 0}),
    (np.zeros((4, 4)), "senders", {"share": 0, "scaled_distance": 1, "distance": 1, "rank": 0}),
    (np.full((4, 4), 0.5), "types", {"one_hot": 0.5, "bits": 1}),
    (np.full((4, 4), 0.25), "senders", {"one_hot": 0.25, "bits": 2}),
    (np.array([[0.0, 1.0], [1.0, 1.0]]), "types", {"one_hot": 1, "bits": 0}),
    (TWO_OF_SIX, "senders", {"rank": 2}),
    (TWO_OF_SIX + 1e-6 * np.random.default_rng(1).random((6, 6)), "senders", {"rank": 2}),
]


@pytest.mark.parametrize(("w", "rivals", "known"), KNOWN)
def test_measures_of_known_matrices(w, rivals, known):
    found = measures(w, rivals)
    assert {name: float(found[name]) for name in known} == pytest.approx(known)
