import functools
import json
import os
from dataclasses import asdict

import pandas as pd
import pytest

from wormgnn import results
from wormgnn.errors import StoreError
from wormgnn.plan import profile_named

TABLE = pd.DataFrame(
    {
        "experiment": "table1",
        "line": ["MLP", "MLP", "GNN: 4 states", "GNN: 4 states"],
        "model": ["MLP", "MLP", "GNN", "GNN"],
        "n_states": [2, 2, 4, 4],
        "fold": [0, 1, 0, 1],
        "seen": [True, False, True, False],
        "accuracy": [0.9391, 0.9, 0.977, 0.97],
    }
)
LINES = {
    "MLP": {"plan": {"model": "mlp", "sizes": (1, 4)}, "neurons": "paper"},
    "GNN: 4 states": {"plan": {"model": "gnn"}, "neurons": "paper"},
    "SVM": {"plan": {"model": "svm"}, "neurons": "paper"},
}


def about(command="b", **changes):
    known = {"command": command, "data": {"worm-1": "digest"}, "seed": 3}
    return {**known, "profile": asdict(profile_named("paper")), **changes}


def of_line(line, accuracy):
    rows = TABLE[:1].assign(line=line, model=line.split(":")[0], accuracy=accuracy)
    return rows.reset_index(drop=True)


def accuracies(folder):
    found = results.read("t", folder)
    return {
        line: rows["accuracy"].tolist() for line, rows in found.table.groupby("line", sort=False)
    }


def test_a_table_comes_back_with_its_manifest(tmp_path):
    path = results.write("t", TABLE, {"command": "c", "seed": 3}, folder=tmp_path)
    found = results.read("t", tmp_path)
    assert path == tmp_path / "t.csv"
    pd.testing.assert_frame_equal(found.table, TABLE)
    assert [found.manifest[name] for name in ("command", "seed", "rows")] == ["c", 3, 4]
    assert "torch" in found.manifest["packages"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.csv", "t.manifest.json"]
    pd.testing.assert_frame_equal(results.table("t", tmp_path), TABLE)
    with pytest.raises(StoreError, match=r"lacks u\.kato: .*--reference"):
        results.table("u.kato", tmp_path)


def test_what_holds_for_a_line_stands_in_the_manifest_once(tmp_path):
    path = results.write("t", TABLE, {}, folder=tmp_path)
    assert path.read_text().splitlines()[0] == "line,fold,seen,accuracy"
    assert results.read("t", tmp_path).manifest["identity"] == {
        "experiment": "table1",
        "model": {"MLP": "MLP", "GNN: 4 states": "GNN"},
        "n_states": {"MLP": 2, "GNN: 4 states": 4},
    }
    varying = TABLE.assign(n_neurons=[11, 12, 8, 8], view=["a", "a", "a", "a"])
    results.write("t", varying, {}, folder=tmp_path)
    assert path.read_text().splitlines()[0] == "line,fold,seen,accuracy,n_neurons"
    pd.testing.assert_frame_equal(results.read("t", tmp_path).table, varying)
    plain = pd.DataFrame({"worm": ["a"], "n_neurons": [3]})
    results.write("t", plain, {}, folder=tmp_path)
    pd.testing.assert_frame_equal(results.read("t", tmp_path).table, plain)


def test_lines_that_are_not_written_stay_with_their_command(tmp_path):
    older = {line: {**of, "versions": {"model": 1}} for line, of in LINES.items()}
    results.write("t", TABLE, about("a"), older, tmp_path)
    new = pd.concat([of_line("SVM", 0.6), of_line("GNN: 4 states", 0.5)])
    newer = {line: {**of, "versions": {"model": 2}} for line, of in LINES.items()}
    results.write("t", new, about("b"), newer, tmp_path)
    assert accuracies(tmp_path) == {"MLP": [0.9391, 0.9], "GNN: 4 states": [0.5], "SVM": [0.6]}
    manifest = results.read("t", tmp_path).manifest
    assert manifest["command"] == "a && b"
    assert manifest["folds"] == {"MLP": 2, "GNN: 4 states": 1, "SVM": 1}
    results.write("pooled", new.drop(columns="fold"), about("b"), newer, tmp_path)
    pooled = results.read("pooled", tmp_path).manifest
    assert pooled["folds"] == {"SVM": 10, "GNN: 4 states": 10}
    versions = {line: of["versions"]["model"] for line, of in manifest["lines"].items()}
    assert versions == {"MLP": 1, "GNN: 4 states": 2, "SVM": 2}
    gone = {name: LINES[name] for name in ("GNN: 4 states", "SVM")}
    results.write("t", of_line("SVM", 0.7), about("c"), gone, tmp_path)
    assert accuracies(tmp_path) == {"GNN: 4 states": [0.5], "SVM": [0.7]}
    results.write("t", new, about("d"), gone, tmp_path)
    assert results.read("t", tmp_path).manifest["command"] == "d"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        *((name, ("about",)) for name in ("data", "seed")),
        *((name, ("about", "profile")) for name in ("epochs", "n_folds", "hidden")),
        ("neurons", ("lines", "MLP")),
        ("sizes", ("lines", "MLP", "plan")),
    ],
)
def test_lines_from_elsewhere_do_not_stay(tmp_path, change, where):
    old = json.loads(json.dumps({"about": about("a"), "lines": LINES}))
    functools.reduce(dict.__getitem__, where, old)[change] = [7]
    results.write("t", TABLE, **old, folder=tmp_path)
    new = TABLE[2:].assign(accuracy=0.5)
    with pytest.raises(StoreError, match=rf"would stay.*: MLP \({change}\). Write every line"):
        results.write("t", new, about("b"), LINES, tmp_path)
    assert accuracies(tmp_path)["GNN: 4 states"] == [0.977, 0.97]
    results.write("t", TABLE, about("b"), LINES, tmp_path)  # every line


@pytest.mark.parametrize(
    "damage",
    [
        lambda csv, manifest: manifest.unlink(),
        lambda csv, manifest: csv.unlink(),
        lambda csv, manifest: manifest.write_text("{"),
        lambda csv, manifest: manifest.write_bytes(b"\xff\xfe"),
        lambda csv, manifest: csv.write_text(csv.read_text().replace("0.9391", "0.9392")),
        lambda csv, manifest: csv.write_bytes(b""),
    ],
)
def test_a_pair_that_does_not_fit_is_refused_and_can_be_written_again(tmp_path, damage):
    csv, manifest = tmp_path / "t.kato.csv", tmp_path / "t.kato.manifest.json"
    results.write("t.kato", TABLE, about("a"), LINES, tmp_path)
    damage(csv, manifest)
    with pytest.raises(StoreError, match=r"t\.kato\.csv.*`wormgnn run t --ref.*git checkout"):
        results.read("t.kato", tmp_path)
    with pytest.warns(UserWarning, match="without its other lines"):
        results.write("t.kato", of_line("SVM", 0.6), about("b"), LINES, tmp_path)
    assert results.read("t.kato", tmp_path).table["line"].tolist() == ["SVM"]


@pytest.mark.parametrize("survivors", [0, 1, 2])
def test_a_writer_cut_off_between_its_renames_leaves_a_pair(tmp_path, monkeypatch, survivors):
    results.write("t", TABLE, about("old"), folder=tmp_path)
    rename, left = os.replace, iter(range(survivors))

    def cut_off(*paths):
        if next(left, None) is None:
            raise KeyboardInterrupt
        rename(*paths)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", cut_off)
        with pytest.raises(KeyboardInterrupt):
            results.write("t", TABLE.assign(accuracy=0.5), about("new"), folder=tmp_path)
    for _ in range(2):  # read again after rolling forward
        found = results.read("t", tmp_path)
        expected = ("new", 0.5) if survivors == 2 else ("old", 0.9391)
        assert (found.manifest["command"], found.table["accuracy"][0]) == expected
    results.write("t", TABLE, about("next"), folder=tmp_path)
    assert results.read("t", tmp_path).manifest["command"] == "next"
    for leftover in tmp_path.glob(".*"):
        os.utime(leftover, (0, 0))
    results.write("t", TABLE, about("next"), folder=tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.csv", "t.manifest.json"]
