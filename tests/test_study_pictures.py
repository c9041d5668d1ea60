"""What the book shows of real worms: coordinates, pictures, the map of edges."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cycles import CYCLE
from tiny import tiny_worms
from wormgnn.errors import NeuronError
from wormgnn.graphs.matrices import positions
from wormgnn.paper.studies import connectomes, real_worms
from wormgnn.recording import PAPER_NEURONS
from wormgnn.states import SEVEN


@pytest.fixture(scope="module")
def worms():
    return tiny_worms(3, n_frames=150, neurons=PAPER_NEURONS)


def test_the_last_worm_is_placed_on_a_manifold_that_has_not_met_it(worms):
    _, paths = real_worms.on_manifold(worms, CYCLE)
    assert paths.groupby("worm")["seen"].all().tolist() == [True, True, False]
    last = paths[~paths["seen"]]
    assert len(last) == 75
    np.testing.assert_allclose(last["time_s"], np.arange(0, 150, 2) / 3, atol=0.051)
    states = [[*SEVEN, None][code] for code in worms[-1].states[::2]]
    assert last["state"].where(last["state"].notna(), None).tolist() == states
    assert np.isfinite(paths[[*real_worms.SPACE, "phase"]]).all(axis=None)
    another = tiny_worms(4, neurons=PAPER_NEURONS)[3]
    _, others = real_worms.on_manifold([worms[0], another, worms[1]], CYCLE, unseen=1)
    same = ["worm", *real_worms.SPACE]
    assert others.loc[others["seen"], same].equals(paths.loc[paths["seen"], same])


def test_pictures_show_every_neuron_and_every_third_frame(worms):
    figure = real_worms.whole_brain(worms)
    assert figure.axes[1].get_images()[0].get_array().shape == (len(PAPER_NEURONS), 50)
    whole = real_worms.hero(worms, real_worms.on_manifold(worms, CYCLE)[1])
    assert {"forward", "backward"} <= {text.get_text() for text in whole.axes[-1].texts}
    plt.close("all")
    paths = real_worms.on_components(worms)
    assert paths.groupby("worm").size().to_dict() == {worm.worm: 50 for worm in worms}
    assert paths.groupby("worm")["own_1"].std().between(0.8, 1.2).all()  # its own unit


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
