from __future__ import annotations

import json
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import wormgnn
from wormgnn.errors import StoreError
from wormgnn.store import Store, code_version, default_folder, key_of, write_atomically

INPUTS = {"code": "c", "data": [["worm", "d"]], "plan": {"rate": 0.1, "sizes": [1, 2]}, "seed": 0}
ARRAYS = {"counts": np.arange(6).reshape(2, 3), "seen": np.array([True, False])}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def files(store):
    return [path for path in store.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "change",
    [
        {"code": "C"},
        {"data": [["worm", "D"]]},
        {"plan": {"rate": 0.2, "sizes": [1, 2]}},
        {"plan": {"rate": 0.1, "sizes": [2, 1]}},
        {"seed": 1},
        {"further": None},
    ],
)
def test_every_input_changes_the_key(change):
    assert key_of(INPUTS | change) != key_of(INPUTS)


def test_the_order_of_names_does_not_change_the_key():
    assert key_of(dict(reversed(INPUTS.items()))) == key_of(INPUTS)


@pytest.mark.parametrize(
    "value", [np.int64(1), np.zeros(2), {1, 2}, Path("a"), float("nan"), {("a", "b"): 1}, object()]
)
def test_inputs_that_are_not_json_are_refused(value):
    with pytest.raises(StoreError, match="plain JSON"):
        key_of({"value": value})


def test_arrays_come_back_as_they_were(store):
    assert store.get(INPUTS) is None
    store.put(INPUTS, ARRAYS, seconds=1.0)
    found = store.get(INPUTS)
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
    assert files(store) == [store.path(INPUTS)]


def test_the_manifest_says_what_a_result_was_computed_from(store):
    store.put(INPUTS, ARRAYS, seconds=1.5)
    manifest = store.manifest(INPUTS)
    assert manifest["inputs"] == INPUTS
    assert manifest["seconds"] == 1.5
    assert manifest["wormgnn"] == wormgnn.__version__
    assert manifest["packages"]["numpy"] == np.__version__
    assert key_of(json.loads(json.dumps(manifest))["inputs"]) == key_of(INPUTS)


def test_a_manifest_that_is_not_there_is_an_error(store):
    with pytest.raises(StoreError, match="manifest"):
        store.manifest(INPUTS)
    store.put(INPUTS, ARRAYS, 1.0)
    store.path(INPUTS).write_bytes(b"")
    with pytest.raises(StoreError, match="manifest"):
        store.manifest(INPUTS)


def test_a_result_is_computed_once(store):
    calls = []
    for _ in range(2):
        found = store.compute(INPUTS, lambda: calls.append(1) or ARRAYS)
        np.testing.assert_array_equal(found["counts"], ARRAYS["counts"])
    assert len(calls) == 1
    assert store.manifest(INPUTS)["seconds"] >= 0


def damage_by_truncation(content):
    return content[: len(content) // 2]


def damage_by_emptying(content):
    return b""


def damage_by_flipping(content):
    start = content.index(b"counts.npy") + len(b"counts.npy")
    flipped = bytes(255 - byte for byte in content[start : start + 60])
    return content[:start] + flipped + content[start + 60 :]


def damage_by_replacing(content):
    return b"not an archive at all"


@pytest.mark.parametrize(
    "damage",
    [damage_by_truncation, damage_by_emptying, damage_by_flipping, damage_by_replacing],
)
def test_a_damaged_file_is_computed_again_with_a_warning(store, damage):
    store.put(INPUTS, ARRAYS, 1.0)
    path = store.path(INPUTS)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match=r"\.npz cannot be read"):
        found = store.compute(INPUTS, lambda: {"counts": np.array([7])})
    assert found["counts"] == [7]
    np.testing.assert_array_equal(store.get(INPUTS)["counts"], [7])


def test_every_flipped_byte_is_noticed_or_harmless(store):
    store.put(INPUTS, ARRAYS, 1.0)
    path, rng = store.path(INPUTS), np.random.default_rng(0)
    content = path.read_bytes()
    for place in rng.integers(len(content), size=60):
        path.write_bytes(content[:place] + bytes([255 - content[place]]) + content[place + 1 :])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = store.get(INPUTS) or {}
        for name in found.keys() & ARRAYS.keys():
            np.testing.assert_array_equal(found[name], ARRAYS[name])


def test_interruption_leaves_nothing(store, monkeypatch):
    def killed():
        raise KeyboardInterrupt

    def killed_half_way(file, **arrays):
        Path(file).write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.compute(INPUTS, killed)
    monkeypatch.setattr(np, "savez_compressed", killed_half_way)
    with pytest.raises(KeyboardInterrupt):
        store.compute(INPUTS, lambda: ARRAYS)
    assert files(store) == []
    assert store.get(INPUTS) is None


def test_interruption_leaves_the_old_file(tmp_path):
    path = tmp_path / "table.csv"
    write_atomically(path, lambda temporary: temporary.write_text("old"))

    def half(temporary):
        temporary.write_text("ne")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, half)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_arrays_of_objects_are_refused(store):
    with pytest.raises(StoreError, match="plain values: names"):
        store.put(INPUTS, {"names": np.array(["a", None], dtype=object)}, 1.0)
    assert files(store) == []


def test_writers_of_one_result_do_not_disturb_each_other(store):
    def write(_):
        store.put(INPUTS, ARRAYS, 1.0)
        np.testing.assert_array_equal(store.get(INPUTS)["counts"], ARRAYS["counts"])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    assert files(store) == [store.path(INPUTS)]


def test_the_folder_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("WORMGNN_STORE", str(tmp_path))
    assert default_folder() == tmp_path == Store().folder
    monkeypatch.delenv("WORMGNN_STORE")
    assert default_folder().name == "store"


SOURCE = '''"""A module."""

LIMIT = 3
"""An attribute's docstring."""


class Thing:
    """A class."""

    def double(self, x):
        """A method."""
        return 2 * x  # twice
'''


@pytest.fixture
def version(tmp_path, monkeypatch):
    """Code version of a package whose one module has the given source."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    made = iter(range(100))

    def of(source, everything=False):
        name = f"made_up_{tmp_path.name}_{next(made)}".replace("-", "_")
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
        (tmp_path / name / "module.py").write_text(source)
        return code_version((f"{name}.*" if everything else f"{name}.module",))

    return of


@pytest.mark.parametrize(
    "before, after",
    [
        ("  # twice", ""),
        ("A module.", "Another text."),
        ("A class.", "Another text."),
        ("A method.", "Another text."),
        ("An attribute's docstring.", "Another text."),
        ('        """A method."""\n', ""),
        ('"""An attribute\'s docstring."""\n', ""),
        ("2 * x", "(2   *   x)"),
        ("\n\n\n", "\n"),
    ],
)
def test_words_and_layout_do_not_change_the_code_version(version, before, after):
    assert before in SOURCE
    assert version(SOURCE.replace(before, after)) == version(SOURCE)


@pytest.mark.parametrize("before, after", [("2 * x", "3 * x"), ("= 3", "= 4"), ("double", "twice")])
@pytest.mark.parametrize("everything", [False, True])
def test_code_changes_the_code_version(version, before, after, everything):
    assert version(SOURCE.replace(before, after), everything) != version(SOURCE, everything)


def test_a_module_that_is_not_there_is_named():
    for name in ("wormgnn.nowhere", "no_such_package.module", "no_such_package.*"):
        with pytest.raises(StoreError, match=name.removesuffix(".*")):
            code_version((name,))
