"""Results on disk, found by what they were computed from: atomic, resumable, self-describing.

A result's key is a hash of everything it depends on: the code that computes it, the data,
the parameters and the seed. Whatever changes, the key changes, so a stale number cannot
be shown; a run that was killed finds what it had finished and goes on from there.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import time
import uuid
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pooch
from numpy.typing import NDArray

import wormgnn
from wormgnn.errors import StoreError

Arrays = dict[str, NDArray[Any]]
_MANIFEST = "manifest"
_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What numpy and zipfile raise on a damaged file, found by flipping every byte of one."""


@functools.cache
def code_version(modules: tuple[str, ...]) -> str:
    """Hash of what some modules compute; comments, docstrings and layout do not count.

    A name ending in `.*` stands for all modules of a package. StoreError for a module
    that is not there.
    """
    sha = hashlib.sha256()
    for module in modules:
        for path in _files(module):
            sha.update(_normalised(path).encode())
    return sha.hexdigest()


def _files(module: str) -> list[Path]:
    name = module.removesuffix(".*")
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # of the package that the module should be in
        spec = None
    if spec is None or spec.origin is None:
        raise StoreError(f"no module {name!r} to take a code version of")
    origin = Path(spec.origin)
    return sorted(origin.parent.glob("*.py")) if module.endswith(".*") else [origin]


def _normalised(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [line for line in body if not _is_text(line)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_text(line: ast.stmt) -> bool:
    """Whether a statement is a docstring (of an attribute too), which computes nothing."""
    if not isinstance(line, ast.Expr) or not isinstance(line.value, ast.Constant):
        return False
    return isinstance(line.value.value, str)


def key_of(inputs: Mapping[str, Any]) -> str:
    """Hash of a result's inputs; StoreError for anything that is not plain JSON."""
    try:
        text = json.dumps(inputs, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StoreError(f"inputs of a result must be plain JSON: {error}") from error
    return hashlib.sha256(text.encode()).hexdigest()


def default_folder() -> Path:
    """`$WORMGNN_STORE`, else a folder in the user's cache."""
    return Path(os.environ.get("WORMGNN_STORE") or Path(pooch.os_cache("wormgnn")) / "store")


class Store:
    """A folder of results.

    Parameters
    ----------
    folder
        Where results lie; `default_folder()` if None.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()

    def path(self, inputs: Mapping[str, Any]) -> Path:
        """File that holds, or would hold, the result of these inputs."""
        key = key_of(inputs)
        return self.folder / key[:2] / f"{key}.npz"

    def get(self, inputs: Mapping[str, Any]) -> Arrays | None:
        """The stored arrays, or None; a file that cannot be read counts as absent."""
        path = self.path(inputs)
        if not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
                del arrays[_MANIFEST]  # written last: a file without it has lost its end
                return arrays
        except _UNREADABLE as error:
            warnings.warn(f"{path} cannot be read ({error}): computed again", stacklevel=2)
            return None

    def manifest(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What a stored result was computed from, by which versions, when and how long."""
        path = self.path(inputs)
        try:
            with np.load(path, allow_pickle=False) as stored:
                loaded: dict[str, Any] = json.loads(str(stored[_MANIFEST]))
                return loaded
        except _UNREADABLE as error:
            raise StoreError(f"{path}: field 'manifest': expected JSON text ({error})") from error

    def put(self, inputs: Mapping[str, Any], arrays: Arrays, seconds: float) -> None:
        """Write a result under its key, whole or not at all; StoreError for arrays of objects."""
        objects = [name for name, array in arrays.items() if np.asarray(array).dtype.hasobject]
        if objects:  # numpy would pickle them, and could not read them back
            raise StoreError(f"arrays of a result must hold plain values: {', '.join(objects)}")
        path = self.path(inputs)
        text = json.dumps({"inputs": inputs, "seconds": seconds, **environment()}, sort_keys=True)
        stored: dict[str, Any] = {**arrays, _MANIFEST: np.array(text)}
        write_atomically(path, lambda temporary: np.savez_compressed(temporary, **stored))

    def compute(self, inputs: Mapping[str, Any], function: Callable[[], Arrays]) -> Arrays:
        """The stored result, or `function()`'s, which is then stored."""
        stored = self.get(inputs)
        if stored is not None:
            return stored
        start = time.perf_counter()
        arrays = function()
        self.put(inputs, arrays, time.perf_counter() - start)
        return arrays


class Remembering(Store):
    """A store that also keeps in memory, in order, what it gave."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(folder)
        self.given: list[Arrays] = []

    def compute(self, inputs: Mapping[str, Any], function: Callable[[], Arrays]) -> Arrays:
        """As `Store.compute`."""
        arrays = super().compute(inputs, function)
        self.given.append(arrays)
        return arrays


def environment() -> dict[str, Any]:
    """Versions and time, for a manifest."""
    packages: Sequence[str] = ("numpy", "scipy", "scikit-learn", "torch")
    return {
        "wormgnn": wormgnn.__version__,
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in packages},
        "machine": platform.machine(),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it; on failure leave nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not mkstemp, whose files no other user of a shared store could read.
    temporary = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
