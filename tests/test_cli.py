import numpy as np
import pytest
from click.testing import CliRunner

import wormgnn
from recordings import as_csv
from wormgnn import results
from wormgnn.cli import main
from wormgnn.datasets.registry import read as read_any
from wormgnn.datasets.simulated import simulate
from wormgnn.paper.experiments import EXPERIMENTS
from wormgnn.recording import PAPER_NEURONS, shared_neurons
from wormgnn.states import merge


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


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("run", "table7"), "table1"),
        (("run", "table1", "--dataset", "mouse"), "kato"),
        (("run", "table1", "--profile", "huge"), "smoke"),
        (("run", "table1", "--line", "CNN"), "MLP"),
        (("run", "table1", "--folds", "0"), "1 to"),
        (
            ("run", "table1", "--dataset", "simulated", "--profile", "smoke", "--device", "tpu"),
            "auto",
        ),
        (("data", "simulate", "x.mat", "--layout", "mouse"), "nichols"),
        (("data", "simulate", "x.mat", "--layout", "csv"), "ends in .csv, found .mat"),
        (("data", "simulate", "x", "--worms", "1"), "found no ending"),
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


def test_a_run_prints_its_summary(call):
    words = ("--dataset", "simulated", "--profile", "smoke", "--line", "SVM")
    result = call("run", "table1", *words)
    assert result.exit_code == 0, result.output
    assert EXPERIMENTS["table1"].title in result.output
    assert "unseen worms" in result.output and "SVM, linear" not in result.output
    finer = call("run", "controls", *words)
    assert finer.exit_code == 0 and "SVM: causal scaling" in finer.output


def test_a_run_takes_a_folder_of_tables(call, tmp_path):
    lab = tmp_path / "lab"
    lab.mkdir()
    for worm in simulate(3, duration_s=120.0):
        as_csv(worm, lab / f"{worm.worm}.csv")
    words = ("run", "table1", "--dataset", lab, "--profile", "smoke", "--line", "SVM")
    result = call(*words)
    assert result.exit_code == 0 and "unseen worms" in result.output, result.output
    refused = call(*words, "--reference")
    assert refused.exit_code == 1 and "choose one of simulated, kato" in refused.output


def test_the_last_column_of_table_1_takes_the_neurons_of_both_datasets(call, tmp_path):
    (tmp_path / "data" / "nichols2017").mkdir(parents=True)
    call("data", "simulate", tmp_path / "data" / "WT_NoStim.mat", "--worms", 3)
    for seed, name in enumerate(("n2_prelet", "npr1_prelet"), start=1):
        path = tmp_path / "data" / "nichols2017" / f"{name}.mat"
        words = ("--layout", "nichols", "--worms", 2, "--seed", seed)
        assert call("data", "simulate", path, *words).exit_code == 0
    result = call("run", "table1-nichols", "--profile", "smoke", "--line", "SVM", "--reference")
    assert result.exit_code == 0, result.output
    found = results.read("table1-nichols.kato", tmp_path / "results")
    assert found is not None
    away = found.table[found.table["worm"].str.contains("prelet")]
    assert away["worm"].nunique() == 4
    assert not away["seen"].any()
    assert set(found.manifest["data"]) == set(found.table["worm"])


@pytest.mark.parametrize(
    ("ending", "layout"), [("csv", "csv"), ("npz", "npz"), ("json", "wormwideweb")]
)
def test_one_file_a_worm_is_read_back(call, tmp_path, ending, layout):
    result = call("data", "simulate", tmp_path / f"w.{ending}", "--worms", 2, "--seed", 3)
    assert result.exit_code == 0, result.output
    wanted = simulate(2, seed=3)
    files = [tmp_path / f"w-{worm.worm}.{ending}" for worm in wanted]
    assert result.output.split() == [str(path) for path in files]
    for path, worm in zip(files, wanted, strict=True):
        (found,) = wormgnn.read(path)
        assert found.neurons == worm.neurons
        np.testing.assert_allclose(found.traces, worm.traces, rtol=1e-5)
        np.testing.assert_allclose(found.times, worm.times, atol=1e-4)
        assert found.fps == pytest.approx(worm.fps, rel=1e-5)
        states = 2 if layout == "wormwideweb" else 7
        labelled = merge(worm, states)
        np.testing.assert_array_equal(merge(found, states), labelled)
    one = call("data", "simulate", tmp_path / f"one.{ending}", "--layout", layout, "--worms", 1)
    assert one.output.split() == [str(tmp_path / f"one.{ending}")]


def test_simulated_worms_overwrite_nothing_without_force(call, tmp_path):
    words = ("data", "simulate", tmp_path / "w.csv", "--worms", 1)
    assert call(*words).exit_code == 0
    before = (tmp_path / "w.csv").read_bytes()
    refused = call(*words, "--seed", 1)
    assert refused.exit_code == 1
    assert f"not overwritten without --force: {tmp_path / 'w.csv'}" in refused.output
    assert (tmp_path / "w.csv").read_bytes() == before
    assert call(*words, "--seed", 1, "--force").exit_code == 0
    assert (tmp_path / "w.csv").read_bytes() != before


def test_every_command_that_writes_files_says_the_same_of_force():
    helps = {
        name: option.help
        for group in (main, main.commands["data"])
        for name, command in group.commands.items()
        for option in command.params
        if option.name == "force"
    }
    assert set(helps) == {"decode", "train", "simulate"} and len(set(helps.values())) == 1
