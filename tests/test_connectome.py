"""Adjacency from cect: direction, symmetry, weights, and golden numbers of the paper's neurons."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from wormgnn.connectome import CONNECTOMES, adjacency, cells_in
from wormgnn.errors import ChoiceError, NeuronError

ROOT = Path(__file__).resolve().parents[1]
PAPER = (
    *("AIBL", "AIBR", "ALA", "AVAL", "AVAR", "AVBL", "AVER", "RID", "RIML", "RIMR"),
    *("RMED", "RMEL", "RMER", "VB01", "VB02"),
)
HEAD = PAPER[:-2]  # Witvliet's volumes end before the ventral cord, where VB01 and VB02 are
STRUCTURAL = [name for name in CONNECTOMES if name != "randi2023"]


def neurons_for(connectome: str) -> tuple[str, ...]:
    return HEAD if connectome.startswith("witvliet") else PAPER


def edge(sender: str, receiver: str, connectome: str, synapses: str) -> float:
    return float(adjacency([receiver, sender], connectome, synapses, self_edges=False)[0, 1])


@pytest.mark.parametrize("connectome", ["white1986", "varshney2011", "cook2019", "witvliet2021-8"])
def test_receiver_comes_first(connectome: str) -> None:
    """The chemical synapse ALA -> AVER has no counterpart AVER -> ALA in any of these."""
    a = adjacency(["ALA", "AVER"], connectome, "chemical", self_edges=False)
    assert a[1, 0] > 0
    assert a[0, 1] == 0


def test_message_passing_moves_activity_from_sender_to_receiver() -> None:
    a = adjacency(PAPER, synapses="chemical", self_edges=False)
    active = np.eye(len(PAPER))[PAPER.index("ALA")]
    reached = {PAPER[i]: v for i, v in enumerate(a @ active) if v}
    assert reached == {"AVAL": 1, "AVER": 2}


@pytest.mark.parametrize(
    ("sender", "receiver", "synapses", "white", "varshney", "cook"),
    [
        ("AVER", "AVAR", "chemical", 16, 16, 33),
        ("AVAR", "AVER", "chemical", 2, 2, 3),
        ("AIBR", "RIML", "chemical", 16, 16, 47),
        ("AVAL", "AVAR", "gap", 5, 5, 18),
        ("VB1", "VB02", "gap", 4, 4, 2),
        ("RMED", "RMER", "both", 0, 0, 0),
    ],
)
def test_known_weights(
    sender: str, receiver: str, synapses: str, white: int, varshney: int, cook: int
) -> None:
    found = [edge(sender, receiver, c, synapses) for c in ("white1986", "varshney2011", "cook2019")]
    assert found == [white, varshney, cook]


@pytest.mark.parametrize(
    ("connectome", "chemical", "gap_pairs"),
    [
        ("white1986", 27, 13),
        ("varshney2011", 27, 13),
        ("cook2019", 39, 17),
        ("witvliet2021-1", 11, 0),
        ("witvliet2021-2", 10, 4),
        ("witvliet2021-3", 11, 3),
        ("witvliet2021-4", 12, 7),
        ("witvliet2021-5", 13, 11),
        ("witvliet2021-6", 11, 8),
        ("witvliet2021-7", 17, 12),
        ("witvliet2021-8", 19, 14),
    ],
)
def test_edges_among_the_papers_neurons(connectome: str, chemical: int, gap_pairs: int) -> None:
    neurons = neurons_for(connectome)
    directed = adjacency(neurons, connectome, "chemical", "binary", self_edges=False)
    gap = adjacency(neurons, connectome, "gap", "binary", self_edges=False)
    assert (directed.sum(), np.triu(gap).sum()) == (chemical, gap_pairs)


def test_functional_atlas() -> None:
    a = adjacency(PAPER, "randi2023", self_edges=False)
    assert np.count_nonzero(a) == 12
    assert edge("AVER", "AVAR", "randi2023", "functional") == pytest.approx(0.2044, abs=1e-4)
    assert edge("AVAR", "RID", "randi2023", "both") == pytest.approx(0.0881, abs=1e-4)
    assert edge("RID", "AVAR", "randi2023", "both") == 0


@pytest.mark.parametrize("connectome", STRUCTURAL)
def test_gap_junctions_are_symmetric(connectome: str) -> None:
    gap = adjacency(cells_in(connectome), connectome, "gap")
    np.testing.assert_array_equal(gap, gap.T)
    assert gap.sum() > len(gap)


@pytest.mark.parametrize("connectome", CONNECTOMES)
def test_agrees_with_a_loop_over_cects_connections(connectome: str) -> None:
    from cect.ConnectomeDataset import get_cache_filename, load_connectome_dataset_file

    dataset = load_connectome_dataset_file(get_cache_filename(CONNECTOMES[connectome].cached))
    neurons = neurons_for(connectome)[::-1]  # not the order of cect
    theirs = [n.replace("VB0", "VB") for n in neurons]
    expected = np.eye(len(neurons))
    for connection in dataset.get_current_connection_info_list():
        if connection.pre_cell in theirs and connection.post_cell in theirs:
            to, start = theirs.index(connection.post_cell), theirs.index(connection.pre_cell)
            expected[to, start] += connection.number
    np.testing.assert_array_equal(adjacency(neurons, connectome), expected)


@pytest.mark.parametrize(("synapses", "kind"), [("chemical", "chemical"), ("gap", "electrical")])
def test_agrees_with_the_published_list_of_white_1986(synapses: str, kind: str) -> None:
    """The list that cect made its copy from, so a turned copy would show."""
    import cect

    path = Path(cect.__file__).parent / "data" / "aconnectome_white_1986_whole.csv"
    theirs = [n.replace("VB0", "VB") for n in PAPER]
    expected = np.zeros((len(PAPER), len(PAPER)))
    with path.open(newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if row["type"] == kind and row["pre"] in theirs and row["post"] in theirs:
                i, j = theirs.index(row["post"]), theirs.index(row["pre"])
                expected[i, j] = int(row["synapses"])
                if kind == "electrical":
                    expected[j, i] = expected[i, j]
    np.fill_diagonal(expected, 0)
    assert expected.any()
    np.testing.assert_array_equal(adjacency(PAPER, synapses=synapses, self_edges=False), expected)


def test_a_result_can_be_changed_without_harm() -> None:
    neurons = cells_in("white1986")
    first = adjacency(neurons, synapses="gap")
    kept = first.copy()
    first[:] = -1
    np.testing.assert_array_equal(adjacency(neurons, synapses="gap"), kept)


def test_self_edges() -> None:
    with_self, without = adjacency(PAPER), adjacency(PAPER, self_edges=False)
    assert not without.diagonal().any()
    # RID has a gap junction with itself in White's reconstruction
    expected = [2.0 if n == "RID" else 1.0 for n in PAPER]
    np.testing.assert_array_equal(with_self - without, np.diag(expected))


@pytest.mark.parametrize("connectome", ["white1986", "randi2023"])
def test_binary_marks_the_same_edges(connectome: str) -> None:
    neurons = cells_in(connectome)
    count = adjacency(neurons, connectome)
    binary = adjacency(neurons, connectome, weighting="binary")
    assert set(np.unique(binary)) == {0.0, 1.0}
    np.testing.assert_array_equal(binary != 0, count != 0)


@pytest.mark.parametrize("connectome", ["white1986", "randi2023"])
def test_normalised_rows_are_means(connectome: str) -> None:
    neurons = cells_in(connectome)
    count = adjacency(neurons, connectome, self_edges=False)
    mean = adjacency(neurons, connectome, weighting="normalised", self_edges=False)
    has_input = count.any(axis=1)
    assert not has_input.all()
    np.testing.assert_allclose(np.abs(mean[has_input]).sum(axis=1), 1)
    assert not mean[~has_input].any()
    np.testing.assert_allclose(mean * np.abs(count).sum(axis=1, keepdims=True), count)


def test_normalised_takes_the_self_edge_in() -> None:
    """AVBL hears 1 contact of AVAR, so AVAR's edge and AVBL's own weigh a half each."""
    a = adjacency(["AVAR", "AVBL"], synapses="chemical", weighting="normalised")
    np.testing.assert_allclose(a, [[1 / 8, 7 / 8], [1 / 2, 1 / 2]])


def test_one_and_two_digits_are_the_same_neuron() -> None:
    long, short = adjacency(["AVBL", "VB01", "VB02"]), adjacency(["avbl", "VB1", "vb2"])
    np.testing.assert_array_equal(long, short)
    assert long[1, 0] == 1
    assert {"VB01", "VB11", "DA01"} <= set(cells_in("white1986"))


def test_absent_neurons_are_named() -> None:
    with pytest.raises(NeuronError, match=r"'witvliet2021-8' has no neuron VB01, VB02$"):
        adjacency(PAPER, "witvliet2021-8")
    with pytest.raises(NeuronError, match=r"'white1986' has no neuron 17$"):
        adjacency(["AVAL", "17"])


def test_repeated_and_no_neurons() -> None:
    with pytest.raises(NeuronError, match=r"found twice VB01$"):
        adjacency(["VB1", "AVAL", "VB01"])
    with pytest.raises(NeuronError, match="at least one"):
        adjacency([])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"connectome": "emmons"}, r"connectome 'emmons': choose one of white1986, varshney2011"),
        ({"synapses": "all"}, r"synapses of .*'all': choose one of both, chemical, gap$"),
        ({"weighting": "log"}, r"weighting 'log': choose one of count, binary, normalised$"),
        (
            {"connectome": "randi2023", "synapses": "gap"},
            r"'randi2023' 'gap': choose one of both, functional$",
        ),
    ],
)
def test_unknown_choices(wrong: dict[str, str], message: str) -> None:
    with pytest.raises(ChoiceError, match=message):
        adjacency(PAPER, **wrong)


def test_cells_of_an_unknown_connectome() -> None:
    with pytest.raises(ChoiceError, match="'emmons'"):
        cells_in("emmons")


def test_every_connectome_is_in_the_bibliography() -> None:
    bibliography = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    for connectome in CONNECTOMES.values():
        start = bibliography.index(f"{{{connectome.reference},")
        entry = bibliography[start : bibliography.find("\n@", start)]
        assert connectome.citation.rsplit("doi:", 1)[1].lower() in entry.lower()


def test_cect_is_imported_late_silently_and_offline() -> None:
    code = """
import socket, sys
def refuse(*args, **kwargs): raise AssertionError("went online")
socket.getaddrinfo = socket.create_connection = socket.socket.connect = refuse
import wormgnn.connectome as c
assert not any(m.split(".")[0] == "cect" for m in sys.modules)
for name in c.CONNECTOMES: c.adjacency(["AVAL", "AVER"], name)
assert "wormneuroatlas" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
