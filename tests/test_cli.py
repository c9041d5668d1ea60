from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import wormgnn
from recordings import as_csv, write_nichols
from wormgnn import results
from wormgnn.cli import main
from wormgnn.datasets.simulated import simulate
from wormgnn.paper.experiments import EXPERIMENTS
from wormgnn.states import merge


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Run the command with its data, store and results below a temporary folder."""
    for name in ("DATA", "STORE", "RESULTS"):
        monkeypatch.setenv(f"WORMGNN_{name}", str(tmp_path / name.lower()))
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


def test_status_tells_what_is_absent_and_a_run_how_to_get_it(call):
    result = call("data", "status")
    assert result.exit_code == 0 and "simulated" in result.output and "absent" in result.output
    result = call("run", "table1", "--dataset", "kato")
    assert result.exit_code == 1 and "wormgnn data fetch" in result.output


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
        (("data", "simulate", "x", "--worms", "1"), "ends in .mat, .csv, .npz, .json, found no"),
    ],
)
def test_a_wrong_choice_is_one_line_that_names_the_choices(call, words, named):
    result = call(*words)
    assert result.exit_code == 1
    assert named in result.output
    assert "Traceback" not in result.output


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
        write_nichols(simulate(2, seed=seed), path)
    result = call("run", "table1-nichols", "--profile", "smoke", "--line", "SVM", "--reference")
    assert result.exit_code == 0, result.output
    found = results.read("table1-nichols.kato", tmp_path / "results")
    assert found is not None
    away = found.table[found.table["worm"].str.contains("prelet")]
    assert away["worm"].nunique() == 4
    assert not away["seen"].any()
    assert set(found.manifest["data"]) == set(found.table["worm"])


@pytest.mark.parametrize("ending", [".mat", ".csv", ".npz", ".json"])
def test_simulated_worms_are_read_back(call, tmp_path, ending):
    result = call("data", "simulate", tmp_path / f"w{ending}", "--worms", 2, "--seed", 3)
    assert result.exit_code == 0, result.output
    files, wanted = [Path(name) for name in result.output.split()], simulate(2, seed=3)
    if ending != ".mat":
        assert files == [tmp_path / f"w-{worm.worm}{ending}" for worm in wanted]
    found = [worm for path in files for worm in wormgnn.read(path)]
    for worm, made in zip(found, wanted, strict=True):
        names = [name for name in made.neurons if name]
        assert set(names) <= set(worm.neurons)
        ours, theirs = (one.select(names).traces for one in (made, worm))
        np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(worm.times, made.times, atol=1e-4)
        states = 2 if ending == ".json" else 7
        np.testing.assert_array_equal(merge(worm, states), merge(made, states))


def test_simulated_worms_overwrite_nothing_without_force(call, tmp_path):
    words = ("data", "simulate", tmp_path / "w.csv", "--worms", 1)
    assert call(*words).output.split() == [str(tmp_path / "w.csv")]  # one worm, the name as given
    before = (tmp_path / "w.csv").read_bytes()
    refused = call(*words, "--seed", 1)
    assert refused.exit_code == 1
    assert f"not overwritten without --force: {tmp_path / 'w.csv'}" in refused.output
    assert (tmp_path / "w.csv").read_bytes() == before
    assert call(*words, "--seed", 1, "--force").exit_code == 0
    assert (tmp_path / "w.csv").read_bytes() != before
