import io
import json
import multiprocessing
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wormgnn
from wormgnn.errors import OutputError, StoreError
from wormgnn.files import write_atomically
from wormgnn.store import Store, code_hash, default_folder, key_of

INPUTS = {"version": [1, 1], "data": [["worm", "d"]], "plan": {"rate": 0.1, "sizes": [1, 2]}}
ARRAYS = {"counts": np.arange(6).reshape(2, 3), "seen": np.array([True, False])}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture(scope="module")
def entry(tmp_path_factory):
    """A store with one entry, and the bytes of its file."""
    store = Store(tmp_path_factory.mktemp("damaged"))
    store.put(INPUTS, ARRAYS, 1.0)
    return store, store.path(INPUTS).read_bytes()


def files(store):
    return [path for path in store.folder.rglob("*") if path.is_file()]


def same(found):
    return found.keys() == ARRAYS.keys() and all(
        np.array_equal(found[name], ARRAYS[name]) for name in ARRAYS
    )


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
    assert same(found)
    assert {name: array.dtype for name, array in found.items()} == {
        name: array.dtype for name, array in ARRAYS.items()
    }
    assert files(store) == [store.path(INPUTS)]


def test_the_manifest_says_what_a_result_was_computed_from(store):
    store.put(INPUTS, ARRAYS, seconds=1.5)
    manifest = store.manifest(INPUTS)
    assert (manifest["inputs"], manifest["seconds"]) == (INPUTS, 1.5)
    assert (manifest["wormgnn"], manifest["code"]) == (wormgnn.__version__, code_hash())
    assert manifest["packages"]["numpy"] == np.__version__


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
        assert same(store.compute(INPUTS, lambda: calls.append(1) or ARRAYS))
    assert len(calls) == 1
    assert store.manifest(INPUTS)["seconds"] >= 0


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255), st.integers(1, 40))
def test_changed_bytes_are_noticed_or_harmless(entry, where, mask, length):
    store, content = entry
    start = int(where * len(content))
    changed = bytes(byte ^ mask for byte in content[start : start + length])
    store.path(INPUTS).write_bytes(content[:start] + changed + content[start + length :])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = store.get(INPUTS)
    assert same(found) if found is not None else "cannot be read" in str(told[0].message)


def npy(array, **options):
    content = io.BytesIO()
    np.lib.format.write_array(content, np.asarray(array), **options)
    return content.getvalue()


def manifest_of(**changes):
    return npy(json.dumps({"inputs": INPUTS, "arrays": ["counts"], **changes}))


NOT_TOKENS = b"\x93NUMPY\x01\x00\x10\x00" + b"(" * 15 + b"\n"


@pytest.mark.parametrize(
    "members",
    [
        {"manifest": manifest_of()},  # an array lost
        {"counts": npy([1])},  # the manifest lost
        {"counts": NOT_TOKENS, "manifest": manifest_of()},
        {"counts": npy([1]), "manifest": NOT_TOKENS},
        {"counts": npy([1, None], allow_pickle=True), "manifest": manifest_of()},
        {"counts": npy([1]), "manifest": npy(b"\xff\xfe{")},
        {"counts": npy([1]), "manifest": npy("[]")},
        {"counts": npy([1]), "manifest": npy("{}")},
        {"counts": npy([1]), "manifest": npy("1" * 10)},
        {"counts": npy([1]), "manifest": manifest_of(arrays=None)},
        {"counts": npy([1]), "manifest": manifest_of(inputs={"seed": 2})},
    ],
)
def test_an_archive_with_the_wrong_content_is_computed_again(store, members):
    path = store.path(INPUTS)
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    with pytest.warns(UserWarning, match="cannot be read"):
        assert same(store.compute(INPUTS, lambda: ARRAYS))
    assert same(store.get(INPUTS))


def test_a_renamed_entry_counts_as_absent(store):
    other = INPUTS | {"seed": 1}
    store.put(INPUTS, ARRAYS, 1.0)
    store.path(other).parent.mkdir(parents=True, exist_ok=True)
    store.path(INPUTS).rename(store.path(other))
    with pytest.raises(StoreError, match="other inputs"):
        store.manifest(other)
    with pytest.warns(UserWarning, match="other inputs"):
        assert store.compute(other, lambda: {"counts": np.array([7])})["counts"] == [7]
    assert store.get(other)["counts"] == [7]


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

    with pytest.raises(OutputError, match="disk full"):
        write_atomically(path, half)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_arrays_of_objects_are_refused(store):
    with pytest.raises(StoreError, match="plain values: names"):
        store.put(INPUTS, {"names": np.array(["a", None], dtype=object)}, 1.0)
    assert files(store) == []


def write_and_read(folder):
    store = Store(folder)  # each looks for leftovers while the others write
    store.put(INPUTS, ARRAYS, 1.0)
    return same(store.get(INPUTS))


def test_processes_that_write_one_result_do_not_disturb_each_other(store):
    with multiprocessing.get_context("fork").Pool(8) as pool:
        assert all(pool.map(write_and_read, [store.folder] * 80))
    assert files(store) == [store.path(INPUTS)]


def test_the_folder_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("WORMGNN_STORE", str(tmp_path))
    assert default_folder() == tmp_path == Store().folder
    monkeypatch.delenv("WORMGNN_STORE")
    assert default_folder().name == "store"
