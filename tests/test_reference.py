from __future__ import annotations

import pandas as pd
import pytest

from wormgnn import reference
from wormgnn.errors import StoreError

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
