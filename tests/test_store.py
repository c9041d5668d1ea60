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
from wormgnn.errors import StoreError
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


def test_a_result_is_computed_once_and_comes_back_as_it_was(store):
    assert store.get(INPUTS) is None
    with pytest.raises(StoreError, match="manifest"):
        store.manifest(INPUTS)
    calls = []
    for _ in range(2):
        found = store.compute(INPUTS, lambda: calls.append(1) or ARRAYS)
        assert same(found)
        assert all(found[name].dtype == array.dtype for name, array in ARRAYS.items())
    assert len(calls) == 1 and files(store) == [store.path(INPUTS)]
    manifest = store.manifest(INPUTS)
    assert manifest["inputs"] == INPUTS and manifest["seconds"] >= 0
    assert (manifest["wormgnn"], manifest["code"]) == (wormgnn.__version__, code_hash())
    assert manifest["packages"]["numpy"] == np.__version__
    other = INPUTS | {"seed": 1}  # a renamed file counts as absent
    store.path(other).parent.mkdir(parents=True, exist_ok=True)
    store.path(INPUTS).rename(store.path(other))
    with pytest.raises(StoreError, match="other inputs"):
        store.manifest(other)
    with pytest.warns(UserWarning, match="other inputs"):
        assert store.compute(other, lambda: {"counts": np.array([7])})["counts"] == [7]
    assert store.get(other)["counts"] == [7]


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


@pytest.mark.parametrize("value", [np.int64(1), {1, 2}, Path("a"), float("nan"), {("a", "b"): 1}])
def test_what_cannot_come_back_is_refused(store, value):
    with pytest.raises(StoreError, match="plain JSON"):
        key_of({"value": value})
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
