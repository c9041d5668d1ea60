"""Best epochs and rising validation losses, from what folds leave in the store."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from recordings import small_worms
from wormgnn import overfitting as module
from wormgnn.experiment_lines import Experiment, Run
from wormgnn.overfitting import overfitting, training_curve
from wormgnn.profiles import profile_named
from wormgnn.protocol import Classification
from wormgnn.store import Store


def test_a_curve_is_read_as_its_lowest_and_last_value():
    loss = np.array([[3.0, 1.0], [1.0, 2.0], [2.5, 3.0]], dtype=np.float32)
    found = training_curve({"validation": loss, "best_epoch": np.array([1, 0])})
    np.testing.assert_allclose(found["best_loss"], [1.0, 1.0])
    np.testing.assert_allclose(found["rise"], [1.5, 2.0])
    assert found["epochs"].tolist() == [3, 3] and found["best_epoch"].tolist() == [1, 0]


def test_the_table_has_a_row_for_each_trained_network(tmp_path, monkeypatch):
    monkeypatch.setattr("wormgnn.experiments.load", lambda name: small_worms(2, 200.0))
    lines = [Run(f"{m}: 2 states", Classification(m, sizes=(1,))) for m in ("mlp", "svm")]
    smoke = replace(profile_named("smoke"), folds=(0, 1), epochs=3)
    table = overfitting(Experiment("", tuple(lines)), "small", smoke, Store(tmp_path))
    assert set(table["model"]) == {"mlp: 2 states"}  # an SVM has no epochs
    assert len(table) == 2 * 2 and set(table["fold"]) == {0, 1}
    assert (table["rise"] >= 0).all() and (table["best_epoch"] < 3).all()
    assert table.groupby("fold")["subset"].nunique().tolist() == [2, 2]


def test_another_experiment_does_not_overwrite_the_zoo():
    names = {module.table_name(e, "kato") for e in ("zoo", "structure", "one-hot")}
    assert names == {"overfitting.kato", "overfitting-structure.kato", "overfitting-one-hot.kato"}


def test_the_command_names_its_experiment(tmp_path, monkeypatch):
    monkeypatch.setenv("WORMGNN_RESULTS", str(tmp_path))
    monkeypatch.setattr(module, "overfitting", lambda *_: pd.DataFrame({"model": ["a"]}))
    monkeypatch.setattr(module, "load", lambda name: small_worms(2, 200.0))
    done = CliRunner().invoke(module.main, ["--experiment", "structure", "--dataset", "small"])
    assert done.exit_code == 0, done.output
    assert [path.name for path in tmp_path.glob("*.csv")] == ["overfitting-structure.small.csv"]


def test_what_the_store_lacks_is_trained_once(tmp_path, monkeypatch):
    monkeypatch.setattr("wormgnn.experiments.load", lambda name: small_worms(2, 200.0))
    one = Experiment("", (Run("mlp: 2 states", Classification("mlp", sizes=(1,))),))
    smoke = replace(profile_named("smoke"), epochs=2)
    first = overfitting(one, "small", smoke, Store(tmp_path))
    monkeypatch.setattr("wormgnn.protocol._run_fold", lambda *_: pytest.fail("trained again"))
    assert overfitting(one, "small", smoke, Store(tmp_path)).equals(first)
    assert module.experiment_named("zoo").runs
