from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from recordings import small_worms
from wormgnn import reference, sharing, transfer
from wormgnn.cli import main
from wormgnn.datasets import registry
from wormgnn.datasets.simulated import simulate_other_lab
from wormgnn.errors import ChoiceError, DatasetUnavailableError, NeuronError, RecordingError
from wormgnn.profiles import Profile
from wormgnn.protocol import Classification
from wormgnn.recording import PAPER_NEURONS, Recording, at_one_rate
from wormgnn.store import Store
from wormgnn.transfer_tables import essential, left_out_training_worms, per_animal, side_by_side

SCALE = Profile("tiny", subsets_per_size=None, folds=(0, 1), epochs=3)
PLANS = {
    "SVM": Classification("svm", sizes=(1, 2, 3)),
    "MLP": Classification("mlp", sizes=(1, 2, 3)),
}


@pytest.fixture(scope="module")
def train() -> list[Recording]:
    return small_worms(3, duration_s=100.0)


@pytest.fixture(scope="module")
def animals() -> list[Recording]:
    return simulate_other_lab(n_worms=3, duration_s=150.0)


@pytest.fixture(scope="module")
def rows(
    train: list[Recording], animals: list[Recording], tmp_path_factory: pytest.TempPathFactory
) -> pd.DataFrame:
    store = Store(tmp_path_factory.mktemp("store"))
    return transfer.transfer(train, animals, PLANS, SCALE, store, device="cpu")


def test_one_rate(train: list[Recording], animals: list[Recording]) -> None:
    lowest = min(r.fps for r in animals)
    for group in at_one_rate(train, animals):
        for worm in group:
            np.testing.assert_allclose(np.diff(worm.times), 1 / lowest)
            assert worm.derivatives is None


def test_rules(animals: list[Recording]) -> None:
    chosen = {rule: sharing.neurons_by_rule(rule, PAPER_NEURONS, animals) for rule in sharing.RULES}
    own = {a.worm: set(PAPER_NEURONS) & set(a.identified) for a in animals}
    assert {worm: set(names) for worm, names in chosen["own"].items()} == own
    assert [len(names) for names in own.values()] == [11, 12, 12]
    assert {frozenset(n) for n in chosen["common"].values()} == {
        frozenset(set.intersection(*own.values()))
    }
    assert own["other-2"] - set(chosen["confident"]["other-2"]) == {"RIML", "AIBR"}
    assert all(list(n) == sorted(n) for rule in chosen.values() for n in rule.values())


def test_confidence_not_told_is_no_doubt(train: list[Recording]) -> None:
    assert sharing.doubtful(train[0]) == ()
    assert len(sharing.neurons_by_rule("confident", PAPER_NEURONS, train)["simulated-1"]) == 15


def test_nothing_left(animals: list[Recording]) -> None:
    with pytest.raises(NeuronError, match=r"other-1, .*: none of the neurons XYZ is left by rule"):
        sharing.neurons_by_rule("own", ["XYZ"], animals)
    with pytest.raises(ChoiceError, match="unknown rule 'best': choose one of own, common"):
        sharing.neurons_by_rule("best", PAPER_NEURONS, animals)


def test_rows(rows: pd.DataFrame, animals: list[Recording]) -> None:
    """Each animal once for each rule, model, subset and fold, by the neurons it has."""
    of_animals = rows[rows["worm"].str.startswith("other")]
    keys = ["rule", "model", "worm"]
    counts = of_animals.groupby(keys).size()
    assert (counts == 7 * 2).all()  # 3 subsets of one, 3 of two, 1 of three; 2 folds
    assert len(counts) == 3 * 2 * 3
    sizes = of_animals[of_animals["rule"] == "own"].groupby("worm")["n_neurons"].unique()
    assert {worm: n.tolist() for worm, n in sizes.items()} == {
        "other-1": [11],
        "other-2": [12],
        "other-3": [12],
    }


def test_no_row_of_a_worm_that_trained(rows: pd.DataFrame) -> None:
    pairs = zip(rows["worm"], rows["subset"], strict=True)
    assert not any(worm in subset.split("+") for worm, subset in pairs)


def test_one_training_for_animals_with_the_same_neurons(
    train: list[Recording], animals: list[Recording], tmp_path: Path
) -> None:
    store = Store(tmp_path)
    plans = {"SVM": PLANS["SVM"]}
    found = transfer.transfer(train, animals, plans, SCALE, store, ("common",), "cpu")
    assert found["animals"].unique().tolist() == ["other-1+other-2+other-3"]
    assert len(list(tmp_path.rglob("*.npz"))) == len(SCALE.folds)


def test_per_animal(rows: pd.DataFrame) -> None:
    summary = per_animal(rows)
    assert set(summary["worm"]) == {"other-1", "other-2", "other-3"}
    line = summary.query("rule == 'own' and model == 'SVM' and n_train == 3 and worm == 'other-1'")
    members = rows.query("rule == 'own' and model == 'SVM' and n_train == 3 and worm == 'other-1'")
    assert line["members"].item() == len(members) == 2
    assert line["accuracy"].item() == pytest.approx(members["accuracy"].mean())
    assert line["sd"].item() == pytest.approx(members["accuracy"].std())
    wide = side_by_side(summary.query("rule == 'own' and n_train == 3"))
    assert wide["model"].tolist() == ["SVM", "MLP", "majority class"]
    assert wide["other-1"].iloc[2] == f"{100 * line['majority'].item():.1f}"


def test_left_out_training_worms(rows: pd.DataFrame) -> None:
    at_home = left_out_training_worms(rows)
    wanted = rows[rows["worm"].str.startswith("simulated") & (rows["model"] == "SVM")]
    wanted = wanted[(wanted["rule"] == "common") & (wanted["n_train"] == 2)]
    line = at_home.query("rule == 'common' and model == 'SVM' and n_train == 2")
    assert line["accuracy"].item() == pytest.approx(wanted["accuracy"].mean())


def test_essential_rows_give_the_same_tables(rows: pd.DataFrame) -> None:
    kept = essential(rows)
    assert len(kept) < 0.6 * len(rows)
    for summary, sizes in ((per_animal, [1, 3]), (left_out_training_worms, [2])):
        whole, some = summary(rows), summary(kept)
        whole = whole[whole["n_train"].isin(sizes)].reset_index(drop=True)
        pd.testing.assert_frame_equal(whole, some)


def test_decoder_reads_the_other_lab(rows: pd.DataFrame) -> None:
    """Simulated animals share the species' loadings: what is learned must carry over."""
    found = per_animal(rows).query("rule == 'own' and model == 'SVM' and n_train == 3")
    assert found["balanced"].mean() > 0.65


def test_derivatives_take_the_place_of_traces(
    train: list[Recording], animals: list[Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Recording] = []
    monkeypatch.setattr(
        transfer, "transfer", lambda a, b, *_: seen.extend([*a, *b]) or pd.DataFrame()
    )
    rows = transfer.from_derivatives(train, animals, {}, SCALE, Store(Path("none")))
    assert "rule" in rows
    level = at_one_rate(train, animals)[0][0]
    slope = np.gradient(level.traces, level.times, axis=0)
    corr = np.corrcoef(seen[0].traces[:, 0], slope[:, 0])[0, 1]
    assert corr > 0.5 > abs(np.corrcoef(seen[0].traces[:, 0], level.traces[:, 0])[0, 1])


def test_within_leaves_one_out(animals: list[Recording], tmp_path: Path) -> None:
    found = transfer.within(animals, {"SVM": PLANS["SVM"]}, SCALE, Store(tmp_path), "cpu")
    assert (found["n_train"] == 2).all()
    assert sorted(found["worm"].unique()) == ["other-1", "other-2", "other-3"]
    assert len(found) == 3 * 2
    assert len(per_animal(found)) == 3
    with pytest.raises(RecordingError, match="two animals or more, found 1"):
        transfer.within(animals[:1], PLANS, SCALE, Store(tmp_path))


def test_tuning_finds_the_wrong_name(animals: list[Recording]) -> None:
    """`RIML` of the second animal is another neuron, which falls in reversals."""
    table = sharing.tuning(animals, ["AVER", "RIML", "XYZ"]).set_index(["worm", "neuron"])
    assert table.loc[("other-2", "RIML"), "trace"] < 0 < table.loc[("other-2", "AVER"), "trace"]
    assert table.loc[("other-2", "RIML"), "confidence"] == 2.0
    assert ("other-1", "RIML") not in table.index


def test_tuning_of_a_perfect_neuron(train: list[Recording]) -> None:
    worm = train[0]
    reversing = np.isin(worm.states, [worm.vocabulary.index(s) for s in ("rev1", "rev2", "revsus")])
    perfect = replace(worm, traces=np.where(reversing, 2.0, -1.0)[:, None], neurons=("AVAL",))
    assert sharing.tuning([perfect], ["AVAL"])["trace"].item() == pytest.approx(1.0)


def test_plans_by_label() -> None:
    assert list(transfer.plans(["GNN"], seed=3)) == ["GNN"]
    assert transfer.plans(["GNN"], seed=3)["GNN"].seed == 3
    assert list(transfer.plans()) == list(transfer.PLANS)
    with pytest.raises(ChoiceError, match="unknown model 'RNN'"):
        transfer.plans(["RNN"])


def test_reference(
    rows: pd.DataFrame, train: list[Recording], animals: list[Recording],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("WORMGNN_RESULTS", str(tmp_path))
    path = transfer.write_reference(rows, train, animals, SCALE, 0, "wormgnn run transfer")
    assert len(pd.read_csv(path)) == len(essential(rows))
    manifest = json.loads(path.with_name(path.stem + ".manifest.json").read_text())
    assert manifest["neurons"]["own"]["other-1"] == sorted(
        set(PAPER_NEURONS) & set(animals[0].identified)
    )
    assert set(manifest["data"]) == {r.worm for r in [*train, *animals]}


def test_command(
    train: list[Recording], animals: list[Recording],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("WORMGNN_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("WORMGNN_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(registry, "load", lambda _: train)
    monkeypatch.setattr(registry, "other_lab", lambda _: animals)
    monkeypatch.setattr(transfer, "PLANS", {"SVM": PLANS["SVM"]})
    options = ["--profile", "smoke", "--reference"]
    result = CliRunner().invoke(main, ["run", "transfer", *options])
    assert result.exit_code == 0, result.output
    name = "transfer.simulated-elsewhere"
    found = reference.read(name, tmp_path / "results")
    assert found is not None
    assert set(found.table["train"]) == {"simulated", "elsewhere"}
    assert set(found.table["rule"]) == {*sharing.RULES, "derivative"}
    assert "other-3" in result.output


def test_other_lab_of_real_worms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORMGNN_DATA", str(tmp_path))
    assert registry.other_lab("simulated")[0].dataset == "elsewhere"
    with pytest.raises(DatasetUnavailableError, match="wormwideweb"):
        registry.other_lab("kato")


def test_real_animals(dag_folder: Path) -> None:
    found = [r for path in sorted(dag_folder.glob("*.json")) for r in registry.read(path)]
    own = sharing.neurons_by_rule("own", PAPER_NEURONS, found)
    assert [len(names) for names in own.values()] == [11, 12, 11, 11]
    assert len(sharing.neurons_by_rule("common", PAPER_NEURONS, found)[found[0].worm]) == 8
    assert set(sharing.doubtful(found[1])) & set(PAPER_NEURONS) == {"AVBL", "RIML", "RIMR"}
