"""What the book shows of real worms: coordinates, pictures, the map of edges, thumbnails."""

from __future__ import annotations

from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cycles import CYCLE
from tiny import tiny_worms
from wormgnn import results
from wormgnn.errors import NeuronError
from wormgnn.graphs.positions import positions
from wormgnn.paper import thumbnails
from wormgnn.paper.studies import coordinates, edge_map, pictures
from wormgnn.recording import PAPER_NEURONS


@pytest.fixture(scope="module")
def worms():
    return tiny_worms(3, n_frames=150, neurons=PAPER_NEURONS)


def test_the_last_worm_is_placed_on_a_manifold_that_has_not_met_it(worms):
    paths = coordinates.on_manifold(worms, CYCLE)
    assert paths.groupby("worm")["seen"].all().to_dict() == {
        "worm-1": True,
        "worm-2": True,
        "worm-3": False,
    }
    last = paths[~paths["seen"]]
    assert len(last) == 75
    np.testing.assert_allclose(last["time_s"], np.arange(0, 150, 2) / 3, atol=0.051)
    states = coordinates.names(worms[-1].states[::2])
    assert last["state"].where(last["state"].notna(), None).tolist() == states
    assert np.isfinite(paths[[*coordinates.SPACE, "phase"]]).all(axis=None)
    others = coordinates.on_manifold([*worms[:2], tiny_worms(4, neurons=PAPER_NEURONS)[3]], CYCLE)
    same = ["worm", *coordinates.SPACE]
    assert others.loc[others["seen"], same].equals(paths.loc[paths["seen"], same])


def test_components_have_one_row_for_every_third_frame(worms):
    paths = coordinates.on_components(worms)
    assert paths.groupby("worm").size().to_dict() == {worm.worm: 50 for worm in worms}
    first = paths.groupby("worm")["own_1"].std()
    assert ((first > 0.8) & (first < 1.2)).all()  # its own unit


def test_pictures_show_every_neuron(worms):
    figure = pictures.whole_brain(worms)
    heat = figure.axes[1]
    assert heat.get_images()[0].get_array().shape == (len(PAPER_NEURONS), 50)
    shown = [name for name in pictures.TRACES if name in PAPER_NEURONS]
    assert [axes.get_ylabel() for axes in figure.axes[2:]] == shown
    whole = pictures.hero(worms, CYCLE)
    assert {"forward", "backward"} <= {text.get_text() for text in whole.axes[-1].texts}
    plt.close("all")


def test_shared_pairs_are_counted_against_as_many_strongest_edges():
    edges = np.array([[0, 9, 2], [9, 0, 5], [4, 5, 0]])  # pairs AB 9, AC 3, BC 5
    graph = np.array([[0, 0, 1], [0, 0, 0], [0, 1, 0]])  # AC and BC
    pairs = edge_map.shared_pairs(edges, {"wiring": graph}, ["A", "B", "C"])
    found = {kind: "".join(rows["a"] + rows["b"]) for kind, rows in pairs.groupby("kind")}
    assert found == {"both": "BC", "inferred only": "AB", "reference only": "AC"}
    assert edge_map.strongest(edges, 1).tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]


def test_cell_bodies_lie_where_anatomy_has_them():
    tail, right, up = positions(["AVAL", "AVAR", "RID", "VB02", "RMED"]).T
    assert right[0] < right[1]
    assert up[2] > up[3], "RID is dorsal, VB02 in the ventral cord"
    assert tail[4] < tail[0] < tail[3], "from the nose to the tail"
    with pytest.raises(NeuronError, match="no neuron XXX"):
        positions(["AVAL", "XXX"])


@pytest.mark.slow
def test_thumbnails_are_of_chapters_and_not_blank(tmp_path):
    chapters = {path.stem for path in (results.default_folder().parent / "book").glob("[0-9]*.py")}
    assert set(thumbnails.THUMBNAILS) <= chapters
    for path in thumbnails.draw(tmp_path):
        image = plt.imread(BytesIO(path.read_bytes()))
        assert image[..., :3].std() > 0.05, path.name
        assert image.shape[1] / image.shape[0] == pytest.approx(2.3 / 1.4, rel=0.02)
