"""Worms without names: their names play no part, and labels none but where the page says so."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from wormgnn.datasets.simulated import simulate, simulate_other_lab
from wormgnn.linear import views
from wormgnn.paper.studies import nameless
from wormgnn.paper.studies.nameless import SIDED, SKEWNESS, STATISTICS, TOLD, UNNAMED


@pytest.fixture(scope="module")
def train():
    return simulate(3, duration_s=150.0, mixing=0.0)


@pytest.fixture(scope="module")
def animals():
    return simulate_other_lab(n_worms=2, duration_s=150.0)


@pytest.fixture(scope="module")
def rows(train, animals):
    return nameless.scores(train, {"elsewhere": animals})


def test_neither_names_nor_the_order_of_neurons_play_a_part_and_labels_tell_but_the_side(train):
    worm = train[0]
    order = np.random.default_rng(0).permutation(len(worm.neurons))
    nameless_neurons = {"derivatives": None, "neurons": ("",) * len(worm.neurons)}
    dealt = replace(worm, traces=worm.traces[:, order], **nameless_neurons)
    blind = replace(worm, states=np.roll(worm.states, 100))
    others = [nameless.bare(one) for one in train[1:]]
    one, two, three = (nameless.frames(nameless.bare(w), others) for w in (worm, dealt, blind))
    for way in (TOLD, SIDED, STATISTICS):
        np.testing.assert_allclose(one[way], two[way], atol=1e-6)
    for way in (SKEWNESS, SIDED, STATISTICS):
        np.testing.assert_allclose(one[way], three[way])


def test_features_are_those_of_the_decoder(train):
    worm = train[0]
    has = [name for name in worm.neurons if name]
    wanted = views(worm, has, 20.0).reshape(worm.n_frames, -1, 2)
    np.testing.assert_allclose(nameless.bare(worm).features[1][:, worm.columns(has)], wanted)


def test_worms_that_are_alike_are_read_and_the_page_shows_means(rows):
    mean = rows[rows["laboratory"] == "simulated"].groupby("way")["balanced_accuracy"].mean()
    assert mean[TOLD] > 0.75 and mean[TOLD] > mean[STATISTICS]
    assert len(rows) == 4 * 5 and rows["balanced_accuracy"].between(0, 1).all()
    line = nameless.by_way(rows).set_index(["way", "laboratory"]).loc[(TOLD, "elsewhere")]
    part = rows[(rows["way"] == TOLD) & (rows["laboratory"] == "elsewhere")]
    assert line["n"] == 2 and line["mean"] == pytest.approx(100 * part["balanced_accuracy"].mean())
    assert line["low"] <= line["mean"] <= line["high"]


def test_unnamed_animals_come_from_the_data_folder(train, animals, tmp_path, monkeypatch):
    monkeypatch.setenv("WORMGNN_DATA", str(tmp_path))
    (tmp_path / "dag2023_unnamed").mkdir()
    (tmp_path / "dag2023_unnamed" / "x-data.h5").write_bytes(b"")
    unnamed = replace(animals[0], worm="x", neurons=("",) * len(animals[0].neurons))
    monkeypatch.setattr(nameless.registry, "read", lambda path: [unnamed])
    found = nameless.of_table(SimpleNamespace(recordings=(*train, *animals[1:])))
    assert found.groupby("laboratory")["worm"].nunique().to_dict() == {
        "simulated": 3, "elsewhere": 1, UNNAMED: 1,
    }  # fmt: skip
