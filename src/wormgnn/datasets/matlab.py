"""MATLAB v7.3 files (HDF5) that hold a struct array with one element per worm.

MATLAB writes such an array in one of four ways, and all are read here:

- a group whose fields are datasets of object references, one for each worm
  (a struct array, or a scalar struct of cells);
- a group whose fields are the values themselves (one worm);
- a dataset of references to one group for each worm (a cell of structs);
- any of these without an enclosing group (`save -struct`).

Text is uint16, an empty array is a pair of sizes with the attribute `MATLAB_empty`, and
HDF5 shows every matrix transposed.

Our own reader: pymatreader 1.3 leaves unresolved references in the names of a single worm,
follows links to other files, and its errors name no field.
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

from wormgnn.datasets.hdf5 import Source
from wormgnn.errors import SourceError, building, reading
from wormgnn.files import check_regular
from wormgnn.limits import MAX_CHARACTERS, MAX_DEPTH
from wormgnn.recording import Recording, frames_per_second

_REAL = "biuf"


@dataclass(frozen=True)
class Fields:
    """The fields of one struct: one worm, or a struct inside it.

    Parameters
    ----------
    source, prefix
        The file, and where in it the struct sits, e.g. `WT_NoStim(3).`; for messages.
    nodes
        HDF5 object of each field.
    """

    source: _Source
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

    def texts(self, field: str) -> list[list[str]]:
        """A cell array: for each cell the texts in it, however deep they sit."""
        node = self.nodes[self.first_of(field)]
        with reading(self.path, self.prefix + field, "a cell array of text"):
            return [self.source.texts(cell) for cell in self.source.cells(node)]

    def recording(
        self,
        worm: str,
        dataset: str,
        traces: Sequence[str],
        derivatives: Sequence[str],
        neurons: tuple[str, ...],
        times: NDArray[np.float64],
        states: NDArray[np.int64],
        vocabulary: tuple[str, ...],
    ) -> Recording:
        """A Recording of this struct; `traces`, `derivatives`: names that fields may have.

        Derivatives may be absent. Without a field `fps`, the frame rate comes from the times.
        """
        size = len(times), len(neurons)
        derivative = next((field for field in derivatives if field in self), None)
        with building(self.path):
            return Recording(
                worm,
                dataset,
                self._frames_by_neurons(self.first_of(*traces), *size),
                neurons,
                self._frame_rate(times),
                states,
                vocabulary,
                times,
                None
                if derivative is None
                else self._finite(derivative, self._frames_by_neurons(derivative, *size)),
            )

    def _frames_by_neurons(self, field: str, frames: int, neurons: int) -> NDArray[np.float64]:
        matrix = self.matrix(field)
        # HDF5 shows MATLAB's frames x neurons transposed: that goes first where both are as many.
        if matrix.shape == (neurons, frames):
            return np.ascontiguousarray(matrix.T)
        if matrix.shape == (frames, neurons):
            return matrix
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
        No HDF5 file, none of `probes` anywhere in it, or a link that leads out of it.
    """
    with reading(path, "", "a MATLAB v7.3 (HDF5) file"):
        check_regular(path)
        file = h5py.File(path, "r")
    with file:
        with reading(path, "", "a struct array with one element per worm"):
            worms = _find_worms(_Source(path), file, probes)
        yield worms


def _find_worms(source: _Source, file: h5py.File, probes: Sequence[str]) -> list[Fields]:
    for name, root in [*source.members(file).items(), ("", file)]:
        if isinstance(root, h5py.Group):
            members = source.members(root)
            probe = next((probe for probe in probes if probe in members), None)
            worms = [] if probe is None else _elements(source, name, members, probe)
        else:
            cells = source.cells(root) if _is_cell(root) else []
            structs = [source.members(node) for node in cells]
            whole = all(any(probe in struct for probe in probes) for struct in structs)
            worms = [
                Fields(source, f"{name}({number}).", struct)
                for number, struct in enumerate(structs if whole else [], start=1)
            ]
        if worms:
            return worms
    wanted = " or ".join(map(repr, probes))
    raise SourceError(
        source.path, probes[0], f"expected a struct with the field {wanted}, found none"
    )


def _elements(source: _Source, name: str, members: dict[str, Any], probe: str) -> list[Fields]:
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


class _Source(Source):
    """MATLAB's cells and texts in a file."""

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


def _is_empty(node: Any) -> bool:
    if "MATLAB_empty" not in node.attrs:
        return False
    mark = node.attrs.get_id("MATLAB_empty")
    if mark.shape not in ((), (1,)) or mark.dtype.kind not in _REAL:
        raise TypeError("an attribute MATLAB_empty that is no number")
    return bool(np.all(node.attrs["MATLAB_empty"]))


def _is_cell(node: Any) -> bool:
    return isinstance(node, h5py.Dataset) and node.dtype == h5py.ref_dtype
