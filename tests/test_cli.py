from __future__ import annotations

import pytest
from click.testing import CliRunner

from wormgnn import experiments, reference
from wormgnn.cli import main
from wormgnn.datasets.registry import read as read_any
from wormgnn.recording import PAPER_NEURONS, shared_neurons


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Run the command with its data, store and results below a temporary folder."""
    for name in ("DATA", "STORE", "RESULTS"):
        monkeypatch.setenv(f"WORMGNN_{name}", str(tmp_path / name.lower()))
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


def test_status_tells_what_is_absent(call):
    result = call("data", "status")
    assert result.exit_code == 0
    assert "simulated" in result.output
    assert "absent" in result.output


@pytest.mark.parametrize("layout", ["kato", "kato-older", "nichols"])
def test_simulated_files_are_read_back(call, tmp_path, layout):
    path = tmp_path / "worms.mat"
    assert call("data", "simulate", path, "--layout", layout, "--worms", 2).exit_code == 0
    assert set(PAPER_NEURONS) <= set(shared_neurons(read_any(path)))


def test_simulated_json_is_one_file_a_worm(call, tmp_path):
    result = call("data", "simulate", tmp_path / "w.json", "--layout", "wormwideweb", "--worms", 2)
    assert result.exit_code == 0
    assert [len(read_any(path)) for path in sorted(tmp_path.glob("*.json"))] == [1, 1]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("run", "table7"), "table1"),
        (("run", "table1", "--dataset", "mouse"), "kato"),
        (("run", "table1", "--profile", "huge"), "smoke"),
        (("run", "table1", "--model", "CNN"), "MLP"),
        (("run", "table1", "--folds", "0"), "1 to"),
        (("run", "table1", "--profile", "smoke", "--device", "tpu"), "auto"),
        (("data", "simulate", "x.mat", "--layout", "csv"), "nichols"),
    ],
)
def test_a_wrong_choice_is_one_line_that_names_the_choices(call, words, named):
    result = call(*words)
    assert result.exit_code == 1
    assert named in result.output
    assert "Traceback" not in result.output


def test_absent_recordings_say_how_to_get_them(call):
    result = call("run", "table1", "--dataset", "kato")
    assert result.exit_code == 1
    assert "wormgnn data fetch" in result.output


def test_no_worms_and_half_a_reference_are_refused(call, tmp_path):
    assert call("data", "simulate", tmp_path / "w.mat", "--worms", 0).exit_code == 2
    result = call("run", "transfer", "--model", "SVM", "--reference")
    assert (result.exit_code, "leave --model out" in result.output) == (2, True)
    assert not list(tmp_path.iterdir())


def test_a_run_prints_its_summary(call):
    result = call("run", "table1", "--profile", "smoke", "--model", "SVM")
    assert result.exit_code == 0, result.output
    assert "unseen worms" in result.output


def test_a_reference_holds_scores_and_confusions_that_agree(call, tmp_path, monkeypatch):
    table1 = experiments.EXPERIMENTS["table1"].only(["SVM", "SVM, linear"])
    monkeypatch.setitem(experiments.EXPERIMENTS, "table1", table1)
    result = call("run", "table1", "--profile", "smoke", "--reference")
    assert result.exit_code == 0, result.output
    found = reference.read("table1.simulated", tmp_path / "results")
    counts = reference.read("table1.simulated.confusion", tmp_path / "results")
    assert found is not None
    assert counts is not None
    assert found.manifest["profile"]["name"] == "smoke"
    assert set(found.table["model"]) == {"SVM", "SVM, linear"}
    assert counts.table["count"].sum() == found.table["n_frames"].sum()


def test_a_reference_grows_line_by_line(call, tmp_path):
    words = ("run", "table1", "--profile", "smoke", "--reference", "--model")
    for line in ("SVM, linear", "SVM"):
        assert call(*words, line).exit_code == 0
    for suffix in ("", ".confusion"):
        found = reference.read(f"table1.simulated{suffix}", tmp_path / "results")
        assert found is not None
        assert list(found.table["model"].unique()) == ["SVM", "SVM, linear"]
        assert found.manifest["folds"] == {"SVM": 1, "SVM, linear": 1}
    rows = len(found.table)
    assert call(*words, "SVM").exit_code == 0
    again = reference.read("table1.simulated.confusion", tmp_path / "results")
    assert again is not None and len(again.table) == rows
    other = call(*words, "SVM", "--seed", 1)
    assert other.exit_code == 1 and "SVM, linear would stay" in other.output


def test_the_last_column_of_table_1_takes_the_neurons_of_both_datasets(call, tmp_path):
    (tmp_path / "data" / "nichols2017").mkdir(parents=True)
    call("data", "simulate", tmp_path / "data" / "WT_NoStim.mat", "--worms", 3)
    for seed, name in enumerate(("n2_prelet", "npr1_prelet"), start=1):
        path = tmp_path / "data" / "nichols2017" / f"{name}.mat"
        words = ("--layout", "nichols", "--worms", 2, "--seed", seed)
        assert call("data", "simulate", path, *words).exit_code == 0
    words = ("--dataset", "kato", "--profile", "smoke", "--reference")
    result = call("run", "table1-nichols", *words)
    assert result.exit_code == 0, result.output
    found = reference.read("table1-nichols.kato", tmp_path / "results")
    assert found is not None
    away = found.table[found.table["worm"].str.contains("prelet")]
    assert away["worm"].nunique() == 4
    assert not away["seen"].any()
    assert set(away["model"]) == set(found.table["model"])


def test_run_forecasts_trajectories_and_writes_the_reference(call, tmp_path):
    shown = call("run", "sampling", "--profile", "smoke", "--model", "MLP")
    assert shown.exit_code == 0, shown.output
    assert "Persistence" in shown.output
    assert "MLP, batch norm" not in shown.output
    part = call("run", "sampling", "--profile", "smoke", "--model", "MLP", "--reference")
    assert part.exit_code == 0, part.output
    found = reference.read("sampling.simulated", tmp_path / "results")
    assert found is not None
    assert "MLP, batch norm" in found.manifest["note"]
    written = call("run", "sampling", "--profile", "smoke", "--reference")
    assert written.exit_code == 0, written.output
    found = reference.read("sampling.simulated", tmp_path / "results")
    assert found is not None
    assert "note" not in found.manifest
    assert found.manifest["profile"]["hidden"] == 4
    assert set(found.table["step"]) == set(range(1, 17))


def test_an_unknown_experiment_names_all_of_them(call):
    failed = call("run", "table9")
    assert failed.exit_code == 1
    for name in ("table1", "transfer", "figure4c"):
        assert name in failed.output
