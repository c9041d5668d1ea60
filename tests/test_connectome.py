"""Adjacency from cect: direction, symmetry, weights, and golden numbers of the paper's neurons."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from wormgnn.connectome import CONNECTOMES, adjacency, cells_in
from wormgnn.errors import ChoiceError, NeuronError
from wormgnn.recording import PAPER_NEURONS as PAPER

ROOT = Path(__file__).resolve().parents[1]
HEAD = PAPER[:-2]  # Witvliet's volumes end before the ventral cord, where VB01 and VB02 are


@pytest.mark.parametrize("connectome", CONNECTOMES)
def test_agrees_with_a_loop_over_cects_connections(connectome):
    from cect.ConnectomeDataset import get_cache_filename, load_connectome_dataset_file

    dataset = load_connectome_dataset_file(get_cache_filename(CONNECTOMES[connectome]))
    neurons = (HEAD if connectome.startswith("witvliet") else PAPER)[::-1]  # not the order of cect
    theirs = [n.replace("VB0", "VB") for n in neurons]
    expected = np.eye(len(neurons))
    for connection in dataset.get_current_connection_info_list():
        if connection.pre_cell in theirs and connection.post_cell in theirs:
            to, start = theirs.index(connection.post_cell), theirs.index(connection.pre_cell)
            expected[to, start] += connection.number
    np.testing.assert_array_equal(adjacency(neurons, connectome), expected)


@pytest.mark.parametrize(("synapses", "kind"), [("chemical", "chemical"), ("gap", "electrical")])
def test_agrees_with_the_published_list_of_white_1986(synapses, kind):
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


@pytest.mark.parametrize("connectome", ["white1986", "randi2023"])
def test_normalised_rows_are_means(connectome):
    neurons = cells_in(connectome)
    count = adjacency(neurons, connectome, self_edges=False)
    mean = adjacency(neurons, connectome, weighting="normalised", self_edges=False)
    np.testing.assert_allclose(mean * np.abs(count).sum(axis=1, keepdims=True), count)
    sums = np.abs(mean).sum(axis=1)
    np.testing.assert_allclose(sums, count.any(axis=1))
    assert 0 in sums
    # AVBL hears 1 contact of AVAR, so AVAR's edge and AVBL's own weigh a half each.
    a = adjacency(["AVAR", "AVBL"], synapses="chemical", weighting="normalised")
    np.testing.assert_allclose(a, [[1 / 8, 7 / 8], [1 / 2, 1 / 2]])


def test_one_and_two_digits_are_the_same_neuron():
    long, short = adjacency(["AVBL", "VB01", "VB02"]), adjacency(["avbl", "VB1", "vb2"])
    np.testing.assert_array_equal(long, short)
    assert long[1, 0] == 1
    assert {"VB01", "VB11", "DA01"} <= set(cells_in("white1986"))


@pytest.mark.parametrize(
    ("error", "wrong", "message"),
    [
        (NeuronError, {"connectome": "witvliet2021-8"}, r"8' has no neuron VB01, VB02$"),
        (NeuronError, {"neurons": ["AVAL", "17"]}, r"'white1986' has no neuron 17$"),
        (NeuronError, {"neurons": ["VB1", "AVAL", "VB01"]}, r"found twice VB01$"),
        (NeuronError, {"neurons": []}, "at least one"),
        (ChoiceError, {"connectome": "emmons"}, r"connectome 'emmons': choose one of white1986, v"),
        (ChoiceError, {"synapses": "all"}, r"synapses of .*'all': choose one of both, ch.*, gap$"),
        (ChoiceError, {"weighting": "log"}, r"'log': choose one of count, normalised$"),
        (
            ChoiceError,
            {"connectome": "randi2023", "synapses": "gap"},
            r"'randi2023' 'gap': choose one of both, functional$",
        ),
    ],
)
def test_wrong_neurons_and_choices_are_named(error, wrong, message):
    with pytest.raises(error, match=message):
        adjacency(**{"neurons": PAPER, **wrong})
    with pytest.raises(ChoiceError, match="'emmons'"):
        cells_in("emmons")


def test_cect_is_imported_late_silently_and_offline():
    code = """
import socket, sys
def refuse(*args, **kwargs): raise AssertionError("went online")
socket.getaddrinfo = socket.create_connection = socket.socket.connect = refuse
import wormgnn.connectome as c
assert not any(m.split(".")[0] == "cect" for m in sys.modules)
for name in c.CONNECTOMES: c.adjacency(["AVAL", "AVER"], name)
assert "wormneuroatlas" not in sys.modules
"""
    env = {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
