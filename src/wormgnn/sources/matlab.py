"""MATLAB v7.3 files (HDF5) that hold a struct array with one element per worm.

MATLAB writes such an array in one of four ways, and all are read here:

- a group whose fields are datasets of object references, one for each worm
  (a struct array, or a scalar struct of cells);
- a group whose fields are the values themselves (one worm);
- a dataset of references to one group for each worm (a cell of structs);
- any of these without an enclosing group (`save -struct`).

Text is uint16, an empty array is a pair of sizes with the attribute `MATLAB_empty`, and
HDF5 shows every matrix transposed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from wormgnn.errors import SourceError
from wormgnn.sources.guard import reading

_MAX_DEPTH = 6
_REAL = "biuf"
# Deflate shrinks no more than 1032-fold: a larger field is a damaged size, not data.
_MAX_EXPANSION = 1032


@dataclass(frozen=True)
class Fields:
    """The fields of one struct: one worm, or a struct inside it.

    Parameters
    ----------
    path, prefix
        The file, and where in it the struct sits, e.g. `WT_NoStim(3).`; for messages.
    nodes
        HDF5 object of each field.
    """

    path: Path
    prefix: str
    nodes: dict[str, Any]

    def __contains__(self, field: str) -> bool:
        return field in self.nodes

    def first_of(self, *fields: str) -> str:
        """The first of these names that the struct has; SourceError if it has none."""
        for field in fields:
            if field in self.nodes:
                return field
        wanted = " or ".join(map(repr, fields))
        found = ", ".join(sorted(map(str, self.nodes))) or "none"
        raise self.error(fields[0], f"expected a field {wanted}, found the fields: {found}")

    def error(self, field: str, expected: str) -> SourceError:
        """A SourceError about one field of this struct."""
        return SourceError(self.path, self.prefix + field, expected)

    def is_struct(self, field: str) -> bool:
        """Whether the field is a struct of its own."""
        return isinstance(self.nodes[self.first_of(field)], h5py.Group)

    def struct(self, field: str) -> Fields:
        """The struct in a field."""
        node = self.nodes[self.first_of(field)]
        with reading(self.path, self.prefix + field, "a struct"):
            return Fields(self.path, f"{self.prefix}{field}.", _members(node))

    def matrix(self, field: str) -> NDArray[np.float64]:
        """A numeric field as HDF5 shows it, float64, two axes."""
        node = self.nodes[self.first_of(field)]
        with reading(self.path, self.prefix + field, "a numeric array"):
            if _is_empty(node):
                return np.empty((0, 0))
            if node.dtype.kind not in _REAL:
                raise TypeError(f"type {node.dtype}")
            return np.atleast_2d(_values(node).astype(np.float64))

    def vector(self, field: str) -> NDArray[np.float64]:
        """A numeric field with one long axis, shape (length,)."""
        matrix = self.matrix(field)
        if matrix.ndim != 2 or min(matrix.shape) > 1:
            raise self.error(field, f"expected a vector, found an array of shape {matrix.shape}")
        return matrix.ravel()

    def seconds(self, *fields: str) -> NDArray[np.float64]:
        """The first of these fields, as the time of each frame, shape (frames,)."""
        field = self.first_of(*fields)
        return self.finite(field, self.vector(field))

    def number(self, field: str) -> float:
        """A numeric field with one value."""
        vector = self.vector(field)
        if vector.size != 1:
            raise self.error(field, f"expected one number, found {vector.size}")
        return float(vector[0])

    def frames_by_neurons(self, field: str, frames: int, neurons: int) -> NDArray[np.float64]:
        """A matrix with an axis for frames and one for neurons, as (frames, neurons).

        HDF5 shows MATLAB's frames x neurons as (neurons, frames), which goes first where
        both numbers are the same.
        """
        matrix = self.matrix(field)
        if matrix.shape == (neurons, frames):
            return np.ascontiguousarray(matrix.T)
        if matrix.shape == (frames, neurons):
            return matrix
        wanted = f"{neurons} neurons x {frames} frames"
        raise self.error(field, f"expected {wanted}, found shape {matrix.shape}")

    def finite(self, field: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """`values` of a field that may hold neither NaN nor infinity."""
        if not np.isfinite(values).all():
            raise self.error(field, "expected finite numbers, found NaN or infinity")
        return values

    def frame_rate(self, times: NDArray[np.float64]) -> float:
        """Frames per second: the field `fps`, else from the frame times in seconds."""
        if "fps" in self:
            return self.number("fps")
        if times.size < 2 or not times[-1] > times[0]:
            raise self.error("fps", f"expected it, or rising times; found {times.size} times")
        return float((times.size - 1) / (times[-1] - times[0]))

    def texts(self, field: str) -> list[list[str]]:
        """A cell array: for each cell the texts in it, however deep they sit."""
        node = self.nodes[self.first_of(field)]
        with reading(self.path, self.prefix + field, "a cell array of text"):
            return [_texts(cell) for cell in _cells(node)]


@contextmanager
def open_worms(path: Path, probes: Sequence[str]) -> Iterator[list[Fields]]:
    """Open a file and give the fields of each worm.

    Parameters
    ----------
    path
        A MATLAB v7.3 file.
    probes
        Names that the traces may have: they show where the worms are, and how many.

    Raises
    ------
    SourceError
        No HDF5 file, or none of `probes` anywhere in it.
    """
    with reading(path, "", "a MATLAB v7.3 (HDF5) file"):
        if not Path(path).is_file():
            raise SourceError(path, "", "expected a file, found none")
        file = h5py.File(path, "r")
    with file:
        with reading(path, "", "a struct array with one element per worm"):
            worms = _find_worms(Path(path), file, probes)
        yield worms


def _find_worms(path: Path, file: h5py.File, probes: Sequence[str]) -> list[Fields]:
    for name, root in [*_members(file).items(), ("", file)]:
        if isinstance(root, h5py.Group):
            probe = next((probe for probe in probes if probe in root), None)
            worms = [] if probe is None else _elements(path, name, root, probe)
        else:
            worms = _cell_of_structs(path, name, root, probes)
        if worms:
            return worms
    wanted = " or ".join(map(repr, probes))
    raise SourceError(path, probes[0], f"expected a struct with the field {wanted}, found none")


def _cell_of_structs(
    path: Path, name: str, root: h5py.Dataset, probes: Sequence[str]
) -> list[Fields]:
    structs = _cells(root) if root.dtype == h5py.ref_dtype else []
    if not all(isinstance(node, h5py.Group) and any(p in node for p in probes) for node in structs):
        return []
    return [
        Fields(path, f"{name}({number}).", _members(struct))
        for number, struct in enumerate(structs, start=1)
    ]


def _elements(path: Path, name: str, group: h5py.Group, probe: str) -> list[Fields]:
    """Fields of each element of a struct array that is stored field by field."""
    members = _members(group)
    if group[probe].dtype != h5py.ref_dtype:
        return [Fields(path, f"{name}." if name else "", members)]
    count = group[probe].size
    columns = {}
    for field, node in members.items():
        if isinstance(node, h5py.Dataset) and node.dtype == h5py.ref_dtype:
            columns[field] = _cells(node)
            if len(columns[field]) != count:
                expected = f"expected {count} worms as in {probe!r}, found {len(columns[field])}"
                raise SourceError(path, f"{name}.{field}" if name else field, expected)
    return [
        Fields(path, f"{name}({worm + 1}).", {key: cells[worm] for key, cells in columns.items()})
        for worm in range(count)
    ]


def _members(group: h5py.Group) -> dict[str, Any]:
    """Members by name, but MATLAB's own; a damaged name is bytes, and made text here."""
    return {str(name): group[name] for name in group if not str(name).startswith("#")}


def _values(node: h5py.Dataset) -> NDArray[Any]:
    size = node.size * node.dtype.itemsize
    limit = Path(node.file.filename).stat().st_size * _MAX_EXPANSION
    if size > limit:
        raise ValueError(f"{size} bytes, more than the file can hold")
    return np.asarray(node[()])


def _is_empty(node: Any) -> bool:
    return "MATLAB_empty" in node.attrs and bool(np.all(node.attrs["MATLAB_empty"]))


def _cells(node: Any) -> list[Any]:
    """What the references of a cell array point at, in MATLAB's order."""
    if _is_empty(node):
        return []
    if not isinstance(node, h5py.Dataset) or node.dtype != h5py.ref_dtype:
        raise TypeError(f"{type(node).__name__} without references")
    return [node.file[reference] for reference in _values(node).ravel()]


def _texts(node: Any, depth: int = 0) -> list[str]:
    if depth > _MAX_DEPTH:
        raise ValueError(f"cells nested more than {_MAX_DEPTH} deep")
    if _is_empty(node):
        return []
    if node.dtype == h5py.ref_dtype:
        return [text for cell in _cells(node) for text in _texts(cell, depth + 1)]
    if node.dtype.kind not in _REAL:
        raise TypeError(f"type {node.dtype}")
    values = _values(node).ravel()
    if node.dtype.kind == "u":
        return ["".join(map(chr, values.tolist()))]
    return [format(value, "g") for value in values.tolist()]
