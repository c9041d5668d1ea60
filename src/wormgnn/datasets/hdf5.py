"""HDF5 of strangers: nothing outside the file is read, and no more than the limits below allow.

MATLAB v7.3 files are HDF5. They hold a struct array with one element per worm: a group (with
`save -struct` the file itself) whose fields are datasets of object references, one for each worm,
or for a single worm the values themselves. Text is uint16, an empty array is a pair of sizes with
the attribute `MATLAB_empty`, and HDF5 shows every matrix transposed.

Our own reader: pymatreader 1.3 leaves unresolved references in the names of a single worm,
follows links to other files, and its errors name no field.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from wormgnn.errors import SourceError, building, reading
from wormgnn.files import check_regular
from wormgnn.recording import MAX_VALUES, Recording, frames_per_second

MAX_FILE_VALUES = 60_000_000  # numbers that are read from one file, of all its worms
MAX_REFERENCES = 50_000  # that are followed, and fields; 21 worms of 135 names need 12,000
MAX_FIELDS = 1_000  # of one struct
MAX_CHARACTERS = 10_000  # of one text
MAX_DEPTH = 6  # of cells within cells
# Deflate shrinks no more than 1032-fold: a larger field is a damaged size, not data.
_MAX_EXPANSION = 1032
_REAL = "biuf"


class Source:
    """What is read of one file, counted. Its errors become a `SourceError` in `errors.reading`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._visited = self._read = 0

    def members(self, group: Any) -> dict[str, Any]:
        """Members of a group by name, but MATLAB's own (`#refs#`); of anything else, none."""
        if not isinstance(group, h5py.Group):
            return {}
        if len(group) > MAX_FIELDS:
            raise ValueError(f"a struct of {len(group)} fields")
        self.visit(len(group))
        members = {}
        for name in group:
            if "/" in name or not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"{name!r}, a link to somewhere else")
            if not name.startswith("#"):
                members[name] = group[name]
        return members

    def values(self, node: Any) -> NDArray[Any]:
        """A dataset's values, once it is known that they lie in this file and how many they are.

        Of what a library has read already, an array.
        """
        if not isinstance(node, h5py.Dataset):
            return np.asarray(node)
        if problem := self._problem(node):
            raise ValueError(problem)
        chunk = math.prod(node.chunks or ())
        self._read += node.size
        if max(node.size, chunk) > MAX_VALUES or self._read > MAX_FILE_VALUES:
            raise ValueError(
                f"{max(node.size, chunk)} values, more than {MAX_VALUES}, or {self._read} values "
                f"in all, more than {MAX_FILE_VALUES}"
            )
        return np.asarray(node[()])

    def _problem(self, node: h5py.Dataset) -> str | None:
        """Why a dataset's values cannot lie in this file, or None."""
        if node.external or node.is_virtual:
            return "values that lie in another file"
        size = (node.size or 0) * node.dtype.itemsize
        can_hold = self.path.stat().st_size * _MAX_EXPANSION
        return f"{size} bytes, more than the file can hold" if size > can_hold else None

    def check_inside(self, file: h5py.File) -> None:
        """Refuse a file of which anything lies in another, for a library that would open it."""
        seen = 0

        def wrong(name: str, link: Any) -> str | None:  # what is returned ends the visit
            nonlocal seen
            seen += 1
            if isinstance(link, h5py.ExternalLink):
                return f"{name!r}, a link to somewhere else"
            node = file[name] if isinstance(link, h5py.HardLink) else None
            if isinstance(node, h5py.Dataset) and (problem := self._problem(node)):
                return f"{name!r}, {problem}"
            return f"more than {MAX_REFERENCES} fields" if seen > MAX_REFERENCES else None

        if problem := file.visititems_links(wrong):
            raise ValueError(problem)

    def visit(self, count: int) -> None:
        """Count references and fields that are followed."""
        self._visited += count
        if self._visited > MAX_REFERENCES:
            raise ValueError(f"more than {MAX_REFERENCES} references and fields to follow")

    def cells(self, node: Any) -> list[Any]:
        """What the references of a cell array point at, in MATLAB's order."""
        if _is_empty(node):
            return []
        if not _is_cell(node):
            raise TypeError(f"{type(node).__name__} without references")
        self.visit(node.size)
        return [node.file[reference] for reference in self.values(node).ravel()]

    def texts(self, node: Any, depth: int = 0) -> list[str]:
        """The texts in a cell, however deep they sit; numbers as text."""
        if depth > MAX_DEPTH:
            raise ValueError(f"cells nested more than {MAX_DEPTH} deep")
        if _is_empty(node):
            return []
        if _is_cell(node):
            return [text for cell in self.cells(node) for text in self.texts(cell, depth + 1)]
        if node.dtype.kind not in _REAL:
            raise TypeError(f"type {node.dtype}")
        if node.size > MAX_CHARACTERS:
            raise ValueError(f"a text of {node.size} characters")
        values = self.values(node).ravel()
        if node.dtype.kind == "u":
            return ["".join(map(chr, values.tolist()))]
        return [format(value, "g") for value in values.tolist()]


@dataclass(frozen=True)
class Fields:
    """The fields of one struct, by name: one worm, or a struct inside it.

    `prefix` says in messages where in the file it sits, e.g. `WT_NoStim(3).`.
    """

    source: Source
    prefix: str
    nodes: dict[str, Any]

    @property
    def path(self) -> Path:
        """The file."""
        return self.source.path

    def __contains__(self, field: str) -> bool:
        return field in self.nodes

    def error(self, field: str, expected: str) -> SourceError:
        """A SourceError about one field of this struct."""
        return SourceError(self.path, self.prefix + field, expected)

    def first_of(self, *fields: str) -> str:
        """The first of these names that the struct has; SourceError if it has none."""
        for field in fields:
            if field in self:
                return field
        wanted = " or ".join(map(repr, fields))
        found = ", ".join(sorted(self.nodes)) or "none"
        raise self.error(fields[0], f"expected a field {wanted}, found the fields: {found}")

    def struct(self, field: str) -> Fields | None:
        """The struct in a field, or None if it holds something else."""
        node = self.nodes[self.first_of(field)]
        if not isinstance(node, h5py.Group):
            return None
        with reading(self.path, self.prefix + field, "a struct"):
            return Fields(self.source, f"{self.prefix}{field}.", self.source.members(node))

    def matrix(self, field: str) -> NDArray[np.float64]:
        """A numeric field as HDF5 shows it, float64, two axes."""
        node = self.nodes[self.first_of(field)]
        with reading(self.path, self.prefix + field, "a numeric array"):
            if _is_empty(node):
                return np.empty((0, 0))
            if node.dtype.kind not in _REAL:
                raise TypeError(f"type {node.dtype}")
            return np.atleast_2d(self.source.values(node).astype(np.float64))

    def vector(self, field: str, frames: int | None = None) -> NDArray[np.float64]:
        """A numeric field with one long axis, shape (length,); SourceError if not of `frames`."""
        matrix = self.matrix(field)
        if matrix.ndim != 2 or min(matrix.shape) > 1:
            raise self.error(field, f"expected a vector, found an array of shape {matrix.shape}")
        if frames not in (None, matrix.size):
            expected = f"expected {frames} frames as in the times"
            raise self.error(field, f"{expected}, found {matrix.size}")
        return matrix.ravel()

    def seconds(self, *fields: str) -> NDArray[np.float64]:
        """The first of these fields, as the time of each frame, shape (frames,)."""
        field = self.first_of(*fields)
        return self._finite(field, self.vector(field))

    def codes(self, field: str, frames: int, lowest: int, highest: int) -> NDArray[np.int64]:
        """A field of whole numbers in a range, shape (frames,); NaN is 0."""
        values = np.nan_to_num(self.vector(field, frames), nan=0.0)
        unknown = values[~np.isin(values, np.arange(lowest, highest + 1))]
        if unknown.size:
            expected = f"expected a code from {lowest} to {highest}"
            raise self.error(field, f"unknown state {unknown[0]:g}: {expected}")
        return values.astype(np.int64)

    def texts(self, field: str) -> list[list[str]]:
        """A cell array: for each cell the texts in it, however deep they sit."""
        node = self.nodes[self.first_of(field)]
        with reading(self.path, self.prefix + field, "a cell array of text"):
            return [self.source.texts(cell) for cell in self.source.cells(node)]

    def recording(
        self,
        traces: Sequence[str],
        derivatives: Sequence[str],
        neurons: tuple[str, ...],
        times: NDArray[np.float64],
        **others: Any,
    ) -> Recording:
        """A Recording of this struct; `traces`, `derivatives`: names that these fields may have.

        Derivatives may be absent. Without a field `fps`, the frame rate comes from the times.
        `others` are fields of the Recording as they are.
        """
        size = len(times), len(neurons)
        others["traces"] = self._frames_by_neurons(self.first_of(*traces), *size)
        for field in [name for name in derivatives if name in self][:1]:
            others["derivatives"] = self._finite(field, self._frames_by_neurons(field, *size))
        others["fps"] = self._frame_rate(times)
        with building(self.path):
            return Recording(neurons=neurons, times=times, **others)

    def _frames_by_neurons(self, field: str, frames: int, neurons: int) -> NDArray[np.float64]:
        matrix = self.matrix(field)
        # HDF5 shows MATLAB's frames x neurons transposed: that goes first where both are as many.
        for values in (matrix.T, matrix):
            if values.shape == (frames, neurons):
                return np.ascontiguousarray(values)
        wanted = f"{neurons} neurons x {frames} frames"
        raise self.error(field, f"expected {wanted}, found shape {matrix.shape}")

    def _finite(self, field: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if not np.isfinite(values).all():
            raise self.error(field, "expected finite numbers, found NaN or infinity")
        return values

    def _frame_rate(self, times: NDArray[np.float64]) -> float:
        if "fps" not in self:
            with reading(self.path, f"{self.prefix}fps", "this field, or times that rise"):
                return frames_per_second(times)
        fps = self.vector("fps")
        if fps.size != 1:
            raise self.error("fps", f"expected one number, found {fps.size}")
        return float(fps[0])


@contextmanager
def open_worms(path: Path, probes: Sequence[str]) -> Iterator[list[Fields]]:
    """Open a MATLAB v7.3 file and give the fields of each worm.

    `probes` are names that the traces may have: they show where the worms are, and how many.
    SourceError for no HDF5 file, none of `probes` anywhere in it, or a link that leads out of it.
    """
    with reading(path, "", "a MATLAB v7.3 (HDF5) file"):
        check_regular(path)
        file = h5py.File(path, "r")
    with file:
        with reading(path, "", "a struct array with one element per worm"):
            worms = _find_worms(Source(path), file, probes)
        yield worms


def _find_worms(source: Source, file: h5py.File, probes: Sequence[str]) -> list[Fields]:
    for name, root in [*source.members(file).items(), ("", file)]:
        members = source.members(root)
        probe = next((probe for probe in probes if probe in members), None)
        if probe and (worms := _elements(source, name, members, probe)):
            return worms
    wanted = " or ".join(map(repr, probes))
    raise SourceError(
        source.path, probes[0], f"expected a struct with the field {wanted}, found none"
    )


def _elements(source: Source, name: str, members: dict[str, Any], probe: str) -> list[Fields]:
    """Fields of each element of a struct array that is stored field by field."""
    prefix = f"{name}." if name else ""
    if not _is_cell(members[probe]):
        return [Fields(source, prefix, members)]
    count = members[probe].size or 0
    columns = {field: source.cells(node) for field, node in members.items() if _is_cell(node)}
    for field, cells in columns.items():
        if len(cells) != count:
            expected = f"expected {count} worms as in {probe!r}, found {len(cells)}"
            raise SourceError(source.path, prefix + field, expected)
    return [
        Fields(source, f"{name}({worm + 1}).", {key: cells[worm] for key, cells in columns.items()})
        for worm in range(count)
    ]


def _is_empty(node: Any) -> bool:
    if "MATLAB_empty" not in node.attrs:
        return False
    mark = node.attrs.get_id("MATLAB_empty")
    if mark.shape not in ((), (1,)) or mark.dtype.kind not in _REAL:
        raise TypeError("an attribute MATLAB_empty that is no number")
    return bool(np.all(node.attrs["MATLAB_empty"]))


def _is_cell(node: Any) -> bool:
    return isinstance(node, h5py.Dataset) and node.dtype == h5py.ref_dtype
