from __future__ import annotations

import pandas as pd
import pytest

from tiny import tiny_worms
from wormgnn import reference
from wormgnn.baselines.admm import reference as admm
from wormgnn.datasets import registry
from wormgnn.errors import StoreError
from wormgnn.profiles import profile_named
from wormgnn.store import code_version

TABLE = pd.DataFrame({"model": ["MLP", "GNN"], "accuracy": [0.9391, 0.977]})


def test_a_table_comes_back_with_its_manifest(tmp_path):
    path = reference.write("t", TABLE, {"command": "c", "seed": 3}, tmp_path)
    found = reference.read("t", tmp_path)
    assert path == tmp_path / "t.csv"
    assert found is not None
    pd.testing.assert_frame_equal(found.table, TABLE)
    assert (found.manifest["command"], found.manifest["seed"], found.manifest["rows"]) == (
        "c",
        3,
        2,
    )
    assert "torch" in found.manifest["packages"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.csv", "t.manifest.json"]


def test_a_manifest_says_what_a_table_was_computed_from():
    worms, profile = tiny_worms(2), profile_named("paper").with_folds(2)
    made = reference.about("c", "tiny", worms, 3, ["wormgnn.metrics"], profile, fps=2.0)
    assert made["data"] == {worm.worm: worm.digest for worm in worms}
    assert made["code"] == code_version(("wormgnn.metrics",))
    assert (made["profile"]["folds"], made["profile"]["n_folds"]) == ((0, 1), 10)
    assert (made["command"], made["dataset"], made["seed"], made["fps"]) == ("c", "tiny", 3, 2.0)
    assert "profile" not in reference.about("c", "tiny", worms, 3, ["wormgnn.metrics"])


def about(command="b", **changes):
    worms, profile = tiny_worms(2), profile_named("paper")
    return {**reference.about(command, "tiny", worms, 3, ["wormgnn.metrics"], profile), **changes}


LINES = {"MLP": {"sizes": (1, 4)}, "GNN": {}, "SVM": {}}


def test_lines_that_are_not_written_stay_with_their_command(tmp_path):
    def grown(new, name="t", lines=LINES):
        table, manifest = reference.with_other_lines(name, new, about("b"), lines, tmp_path)
        return table.set_index("model")["accuracy"].to_dict(), manifest["command"]

    reference.write("t", TABLE, {**about("a"), "lines": LINES}, tmp_path)
    new = pd.DataFrame({"model": ["GNN", "SVM"], "accuracy": [0.5, 0.6]})
    assert grown(new) == ({"MLP": 0.9391, "GNN": 0.5, "SVM": 0.6}, "a && b")
    assert grown(TABLE.assign(accuracy=0.1)) == ({"MLP": 0.1, "GNN": 0.1}, "b")
    assert grown(new, "another") == ({"GNN": 0.5, "SVM": 0.6}, "b")
    gone = {"GNN": {}, "SVM": {}}  # the MLP is no line of this table any more
    assert grown(new, lines=gone) == ({"GNN": 0.5, "SVM": 0.6}, "b")


@pytest.mark.parametrize("change", ["code", "data", "seed", "epochs", "n_folds", "definition"])
def test_lines_from_elsewhere_do_not_stay(tmp_path, change):
    old = {**about("a"), "lines": dict(LINES)}
    if change in ("epochs", "n_folds"):
        old["profile"] = {**old["profile"], change: 7}
    elif change == "definition":
        old["lines"]["MLP"] = {"sizes": (1, 3)}
    else:
        old[change] = "other"
    reference.write("t", TABLE, old, tmp_path)
    with pytest.raises(StoreError, match=rf"MLP would stay.*other {change}: write"):
        reference.with_other_lines("t", TABLE[1:], about("b"), LINES, tmp_path)


def test_tables_of_the_manifold_name_the_code_that_made_them(tmp_path, monkeypatch):
    worms = tiny_worms(2)
    monkeypatch.setattr(registry, "load", lambda _: worms)
    monkeypatch.setitem(admm.TABLES, "counted", lambda r, p, s: TABLE.assign(worms=len(r)))
    admm.write("counted", "kato", tmp_path, seed=4)
    found = reference.read("counted.kato", tmp_path)
    assert found is not None
    assert found.table["worms"].eq(2).all()
    assert found.manifest["code"] == code_version(admm.CODE)
    assert (found.manifest["seed"], found.manifest["parameters"]["seed"]) == (4, 4)


def test_no_table_is_none_and_half_a_table_is_an_error(tmp_path):
    assert reference.read("t", tmp_path) is None
    reference.write("t", TABLE, {}, tmp_path)
    (tmp_path / "t.manifest.json").unlink()
    with pytest.raises(StoreError, match="manifest"):
        reference.read("t", tmp_path)


def test_a_broken_manifest_names_the_file(tmp_path):
    reference.write("t", TABLE, {}, tmp_path)
    (tmp_path / "t.manifest.json").write_text("{")
    with pytest.raises(StoreError, match=r"t\.csv"):
        reference.read("t", tmp_path)


@pytest.mark.parametrize(
    "path", sorted(reference.default_folder().glob("*.csv")), ids=lambda p: p.stem
)
def test_every_committed_table_has_a_manifest_that_fits(path):
    found = reference.read(path.stem, path.parent)
    assert found is not None
    assert found.manifest["rows"] == len(found.table) > 0
    assert found.manifest["command"]
    assert not found.table.empty
