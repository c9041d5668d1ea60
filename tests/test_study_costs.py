"""What training costs: measured steps, and the seconds of stored folds added up."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from wormgnn.paper.studies import costs
from wormgnn.plan import Experiment, Line, Plan, profile_named
from wormgnn.results import Table


def test_a_step_is_measured_in_a_process_of_its_own(monkeypatch):
    monkeypatch.setattr(costs, "VARIED", {"members": (2, 40)})
    monkeypatch.setattr(costs, "USUAL", {"members": 3, "neurons": 4, "frames": 3000})
    experiment = Experiment("costs", "", (Line("MLP", Plan("mlp")),))
    table = costs.costs(Table(pd.DataFrame(), None, experiment, "tiny", profile_named("smoke")))
    assert table["members"].tolist() == [2, 40] and set(table["neurons"]) == {4}
    assert set(table["line"]) == {"MLP"} and set(table["varied"]) == {"members"}
    assert (table["cpu_s"] > 0).all()
    assert table["cpu_ms_each"].tolist() == pytest.approx(
        (500 * table["cpu_s"][0], 25 * table["cpu_s"][1])
    )
    if sys.platform == "linux":
        few, many = table["memory_mib"]
        assert many > few + 40 * 3000 * 16 * 4 / 2**20 * 0.9  # a hidden layer of every frame


def test_seconds_of_folds_add_up():
    folds = {"line": ["GNN", "GNN", "MLP"], "fold": [0, 1, 0], "networks": 31}
    table = costs.totals(pd.DataFrame(folds).assign(seconds=[100.0, 80.0, 30.0]))
    assert table["line"].tolist() == ["GNN", "MLP"] and table["folds"].tolist() == [2, 1]
    assert table["minutes"].tolist() == [3.0, 0.5]
    assert table["networks_a_minute"].tolist() == pytest.approx([62 / 3, 62.0])
