"""The table of inferred edges against other matrices: alignment, reliability, power, families."""

import numpy as np
import pandas as pd
import pytest

from tiny import tiny_worms
from wormgnn.errors import NeuronError
from wormgnn.graphs import matrices
from wormgnn.graphs.agreement import detectable, power
from wormgnn.graphs.inferred import Inferred, aligned
from wormgnn.graphs.matrices import Matrix, positions
from wormgnn.paper.studies import connectomes
from wormgnn.paper.studies.connectomes import by_kind, connectome_table, own_worm
from wormgnn.recording import PAPER_NEURONS
from wormgnn.statistics import holm

NAMES = tuple("ABCDEF")
CURVE = pd.DataFrame({"r": [0.0, 0.2, 0.4], "power": [0.05, 0.6, 1.0]})


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
    assert curve["power"][0] < 0.12 and curve["power"][1] > 0.95
    assert detectable(CURVE) == pytest.approx(0.3) and np.isnan(detectable(CURVE[:2]))


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
    monkeypatch.setattr(connectomes, "power", lambda *_, **__: CURVE)
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


def test_shared_pairs_are_counted_against_as_many_strongest_edges():
    edges = np.array([[0, 9, 2], [9, 0, 5], [4, 5, 0]])  # pairs AB 9, AC 3, BC 5
    graph = np.array([[0, 0, 1], [0, 0, 0], [0, 1, 0]])  # AC and BC
    pairs = connectomes.shared_pairs(edges, {"wiring": graph}, ["A", "B", "C"])
    found = {kind: "".join(rows["a"] + rows["b"]) for kind, rows in pairs.groupby("kind")}
    assert found == {"both": "BC", "inferred only": "AB", "reference only": "AC"}
    assert connectomes.strongest(edges, 1).tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]


def test_cell_bodies_lie_where_anatomy_has_them():
    tail, right, up = positions(["AVAL", "AVAR", "RID", "VB02", "RMED"]).T
    assert right[0] < right[1]
    assert up[2] > up[3], "RID is dorsal, VB02 in the ventral cord"
    assert tail[4] < tail[0] < tail[3], "from the nose to the tail"
    with pytest.raises(NeuronError, match="no neuron XXX"):
        positions(["AVAL", "XXX"])
