"""The table of inferred edges against other matrices: alignment, reliability, power, families."""

import numpy as np
import pandas as pd
import pytest

from tiny import tiny_worms
from wormgnn.graphs import matrices
from wormgnn.graphs.agreement import detectable, power
from wormgnn.graphs.inferred import Inferred, aligned, averages, bound, matrix, of_average
from wormgnn.graphs.matrices import Matrix
from wormgnn.paper.studies import connectomes
from wormgnn.paper.studies.connectomes import by_kind, connectome_table, own_worm
from wormgnn.recording import PAPER_NEURONS
from wormgnn.statistics import holm

NAMES = tuple("ABCDEF")


def networks(flips, noise=0.02, n=6):
    """Networks that infer one pattern, or its complement, for two worms."""
    rng = np.random.default_rng(9)
    pattern = 0.2 + 0.5 * rng.random((n, n))
    np.fill_diagonal(pattern, 0.8)
    edges = pattern + noise * rng.normal(size=(len(flips), 2, n, n))
    return np.where((flips < 0)[:, None, None, None], 1 - edges, edges)


@pytest.mark.parametrize("turn", [1, -1])
def test_alignment_finds_the_flipped_networks(turn):
    flips = turn * np.array([1, -1, -1, 1, 1, -1])
    edges = networks(flips)
    np.testing.assert_allclose(aligned(edges), networks(np.ones(6)), atol=1e-12)


def test_power_rises_and_says_what_is_detectable():
    rng = np.random.default_rng(10)
    a, b = rng.normal(size=(2, 12, 1)) + rng.normal(size=(2, 12, 12))
    curve = power(a, b, (0.0, 0.9), 200, 199)
    assert curve["power"][0] < 0.12
    assert curve["power"][1] > 0.95
    curve = pd.DataFrame({"r": [0.0, 0.2, 0.4], "power": [0.05, 0.6, 1.0]})
    assert detectable(curve) == pytest.approx(0.3)
    assert np.isnan(detectable(curve[:2]))


@pytest.mark.parametrize(("n_worms", "smallest"), [(4, 1 / 24), (12, 1 / 5041)])
def test_edges_of_another_worm_fit_worse(n_worms, smallest):
    """All orders of four worms are tried; those of twelve are drawn at random."""
    rng = np.random.default_rng(11)
    weights = np.array([np.corrcoef(rng.normal(size=(6, 9))) for _ in range(n_worms)])
    own = Matrix("own", "correlation", NAMES, weights, True)
    assert own_worm(weights, own)["p"] == pytest.approx(smallest)
    assert own_worm(np.roll(weights, -1, axis=0), own)["p"] > 0.2


def test_edges_that_are_correlations_are_found_out(monkeypatch):
    """Edges made from each worm's correlation, half of them flipped: the table says so."""
    curve = pd.DataFrame({"r": [0.0, 0.2, 0.4], "power": [0.05, 0.6, 1.0]})
    monkeypatch.setattr(connectomes, "power", lambda *_, **__: curve)
    worms = tiny_worms(4, neurons=PAPER_NEURONS, n_frames=400)
    own = matrices.correlations(worms, PAPER_NEURONS)[0].weights
    flips = np.array([1, -1, 1, -1, -1])[:, None, None, None]
    edges = (1 + flips * 0.9 * own) / 2
    found = Inferred(edges[None], PAPER_NEURONS, tuple(w.worm for w in worms))
    table = connectome_table(found, worms, 1999, 49)
    assert set(table.columns) == set(connectomes.COLUMNS)
    row = table[(table["family"] == "main") & (table["matrix"] == "Correlation, of traces")].iloc[0]
    assert row["value"] == pytest.approx(1, abs=1e-3)  # equal weights may round apart
    assert row["p"] == pytest.approx(2 / 2000) and row["p_holm"] < 0.05
    kinds = by_kind(table)
    assert list(kinds.index) == list(connectomes.KINDS)
    assert kinds.loc["correlation", "rho_high"] == pytest.approx(1, abs=1e-3)
    assert kinds.loc["gap", "n_neurons"] == 13
    assert list(kinds["detectable"]) == pytest.approx([0.3] * 4)
    for _, family in table.groupby("family"):
        np.testing.assert_allclose(family["p_holm"], holm(family["p"]))


def test_averages_as_matrices_have_the_receiver_in_rows():
    worms = tiny_worms(2, neurons=PAPER_NEURONS)
    edges = np.random.default_rng(0).random((2, 2, 2, 15, 15))
    inferred = Inferred(edges, PAPER_NEURONS, tuple(w.worm for w in worms))
    assert inferred.networks.shape == (4, 2, 15, 15)
    table = averages(inferred, worms)
    own = matrix(table, "correlation")
    assert tuple(own.index) == tuple(own.columns) == PAPER_NEURONS
    np.testing.assert_allclose(own, own.T)
    np.testing.assert_allclose(matrix(table, "average"), edges.mean(axis=(0, 1, 2)))


def test_the_reliability_of_an_average_bounds_what_it_can_agree_with():
    assert of_average(0.5) == pytest.approx(2 / 3)
    assert bound(0.6) == pytest.approx(0.75**0.5) and bound(-0.1) == 0
