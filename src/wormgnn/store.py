"""Results on disk, found by what they were computed from: atomic, resumable, self-describing.

A result's key is a hash of its inputs: what was run, on which data, at which scale, and the
versions of task and model, which are raised by hand when a change is meant to change results.
The hash of the code stands in the manifest to say where a number comes from; it is no part of the
key. A run that was killed finds what it had finished and goes on from there.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import io
import json
import os
import platform
import time
import warnings
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pooch
from numpy.typing import NDArray

import wormgnn
from wormgnn.errors import StoreError
from wormgnn.files import check_writable, remove_leftovers, write_atomically

Arrays = dict[str, NDArray[Any]]

_MANIFEST = "manifest"


def key_of(inputs: Mapping[str, Any]) -> str:
    """Hash of a result's inputs; StoreError for anything that is not plain JSON."""
    try:
        text = json.dumps(inputs, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StoreError(f"inputs of a result must be plain JSON: {error}") from error
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def code_hash() -> str:
    """Hash of this package's source files, for manifests."""
    folder, sha = Path(wormgnn.__file__).parent, hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        sha.update(f"{path.relative_to(folder).as_posix()}\n".encode() + path.read_bytes())
    return sha.hexdigest()


def environment() -> dict[str, Any]:
    """Code, versions and time, for a manifest."""
    packages = ("numpy", "scipy", "scikit-learn", "torch")
    return {
        "wormgnn": wormgnn.__version__,
        "code": code_hash(),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in packages},
        "machine": platform.machine(),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def default_folder() -> Path:
    """`$WORMGNN_STORE`, else a folder in the user's cache."""
    return Path(os.environ.get("WORMGNN_STORE") or Path(pooch.os_cache("wormgnn")) / "store")


class Store:
    """A folder of results; `default_folder()` if None."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()
        self._prepared = False

    def path(self, inputs: Mapping[str, Any]) -> Path:
        """File that holds, or would hold, the result of these inputs."""
        key = key_of(inputs)
        return self.folder / key[:2] / f"{key}.npz"

    def get(self, inputs: Mapping[str, Any]) -> Arrays | None:
        """The stored arrays, or None.

        A file that is damaged, or that holds the result of other inputs, counts as absent, with a
        warning: it never stops a run.
        """
        path = self.path(inputs)
        if not path.exists():
            return None
        try:
            with zipfile.ZipFile(path) as stored:
                names = _checked(stored, path)["arrays"]
                return {name: _array(stored, name) for name in names}
        except Exception as error:  # flipped bytes make numpy, zipfile and json raise anything
            warnings.warn(f"{path} cannot be read ({error}): computed again", stacklevel=2)
            return None

    def manifest(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What a stored result was computed from, by which versions, when and in how many seconds.

        StoreError if there is none, or none that can be read.
        """
        path = self.path(inputs)
        try:
            with zipfile.ZipFile(path) as stored:
                return _checked(stored, path)
        except Exception as error:
            raise StoreError(f"{path}: field 'manifest': expected JSON text ({error})") from error

    def put(self, inputs: Mapping[str, Any], arrays: Arrays, seconds: float) -> None:
        """Write a result under its key, whole or not at all.

        StoreError for arrays of objects, OutputError where nothing can be written.
        """
        objects = [name for name, array in arrays.items() if np.asarray(array).dtype.hasobject]
        if objects:  # numpy would pickle them, and could not read them back
            raise StoreError(f"arrays of a result must hold plain values: {', '.join(objects)}")
        self.prepare()
        path = self.path(inputs)
        known = {"inputs": inputs, "seconds": seconds, "arrays": list(arrays), **environment()}
        stored: dict[str, Any] = {**arrays, _MANIFEST: np.array(json.dumps(known, sort_keys=True))}
        write_atomically(path, lambda temporary: np.savez_compressed(temporary, **stored))

    def compute(self, inputs: Mapping[str, Any], function: Callable[[], Arrays]) -> Arrays:
        """The stored result, or `function()`'s, which is then stored.

        OutputError where nothing can be written, before anything is computed.
        """
        stored = self.get(inputs)
        if stored is not None:
            return stored
        self.prepare()
        start = time.perf_counter()
        arrays = function()
        self.put(inputs, arrays, time.perf_counter() - start)
        return arrays

    def prepare(self) -> None:
        """Make sure that results can be written, and remove what killed writers left.

        Once for each store object, since it looks into every folder. OutputError where nothing can
        be written.
        """
        if not self._prepared:
            check_writable(self.folder)
            remove_leftovers(self.folder, "*/.*.npz")
            self._prepared = True


def _array(stored: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """One array; its bytes are read whole, so that their checksum is known before their header."""
    content = io.BytesIO(stored.read(f"{name}.npy"))
    array: NDArray[Any] = np.lib.format.read_array(content, allow_pickle=False)
    return array


def _checked(stored: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    """The manifest of an open file; StoreError if its inputs do not belong to the file's name."""
    manifest: dict[str, Any] = json.loads(str(_array(stored, _MANIFEST)))
    if key_of(manifest["inputs"]) != path.stem:
        raise StoreError("it holds the result of other inputs")
    return manifest
