"""Where the cell bodies of neurons lie in the worm, for figures; and where the atlases lie."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wormgnn.errors import NeuronError, SourceError
from wormgnn.recording import canonical_name

_FILE = "anatlas_neuron_positions.txt"


def atlas_file(name: str) -> Path:
    """A data file that the package wormneuroatlas (a dependency of cect's) installs.

    The package itself is not imported. SourceError if it is not installed.
    """
    inside = f"wormneuroatlas/data/{name}"
    try:
        path = importlib.metadata.distribution("wormneuroatlas").locate_file(inside)
    except importlib.metadata.PackageNotFoundError as error:
        raise SourceError(inside, "", "expected the package wormneuroatlas, found none") from error
    return Path(str(path))


def positions(neurons: Sequence[str]) -> NDArray[np.float64]:
    """Position of each neuron's cell body: towards the tail, to the right, up; shape (neurons, 3).

    Of the anatomical atlas (see `atlas_file`), in its units, the middle of the neurons at zero.
    Seen with the nose on the left, the animal shows its left side.

    Raises
    ------
    NeuronError
        Neurons that the atlas does not have.
    SourceError
        The data file is not installed, or is not what it should be.
    """
    atlas = _atlas(atlas_file(_FILE))
    absent = [name for name in neurons if canonical_name(name) not in atlas]
    if absent:
        raise NeuronError(f"the anatomical atlas has no neuron {', '.join(absent)}")
    left_tail_up = np.array([atlas[canonical_name(name)] for name in neurons])
    left_tail_up -= left_tail_up.mean(axis=0)
    return np.asarray(left_tail_up[:, [1, 0, 2]] * (1, -1, 1))


@cache
def _atlas(path: Path) -> dict[str, NDArray[np.float64]]:
    """Left, tail and up of each neuron by canonical name."""
    try:
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        places = np.array([line.split() for line in lines], dtype=np.float64)
    except (OSError, ValueError) as error:
        raise SourceError(str(path), "", f"expected three numbers a line ({error})") from error
    names = header.lstrip("#").split()
    if places.shape != (len(names), 3):
        found = "x".join(map(str, places.shape))
        raise SourceError(str(path), "", f"expected {len(names)}x3 numbers, found {found}")
    return {canonical_name(name): place for name, place in zip(names, places, strict=True)}
