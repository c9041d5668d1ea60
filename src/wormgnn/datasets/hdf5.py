"""Read HDF5 of strangers: nothing outside the file, and no more than `wormgnn.limits` allow."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from wormgnn.limits import MAX_FIELDS, MAX_FILE_VALUES, MAX_REFERENCES, MAX_VALUES

# Deflate shrinks no more than 1032-fold: a larger field is a damaged size, not data.
_MAX_EXPANSION = 1032


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

    def values(self, node: h5py.Dataset) -> NDArray[Any]:
        """A dataset's values, once it is known that they lie in this file and how many they are."""
        if node.external or node.is_virtual:
            raise ValueError("values that lie in another file")
        size = node.size * node.dtype.itemsize
        if size > self.path.stat().st_size * _MAX_EXPANSION:
            raise ValueError(f"{size} bytes, more than the file can hold")
        chunk = math.prod(node.chunks or ())
        self._read += node.size
        if max(node.size, chunk) > MAX_VALUES or self._read > MAX_FILE_VALUES:
            raise ValueError(
                f"{max(node.size, chunk)} values, more than {MAX_VALUES}, or {self._read} values "
                f"in all, more than {MAX_FILE_VALUES}"
            )
        return np.asarray(node[()])

    def visit(self, count: int) -> None:
        """Count references and fields that are followed."""
        self._visited += count
        if self._visited > MAX_REFERENCES:
            raise ValueError(f"more than {MAX_REFERENCES} references and fields to follow")
