"""Small recordings and damaged files for the tests of the readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from wormgnn.datasets.simulated import Physics, simulate
from wormgnn.recording import Recording


def small_worms(n_worms: int = 2, duration_s: float = 20.0, seed: int = 1) -> list[Recording]:
    """A few short simulated worms, with unidentified neurons among the named."""
    physics = Physics(n_unidentified=3, named_fraction=0.2)
    return simulate(n_worms, duration_s=duration_s, seed=seed, physics=physics)


def edit(path: Path, change: Callable[[h5py.File], object]) -> Path:
    """Change an HDF5 file in place."""
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def replace_cell(field: str, value: np.ndarray) -> Callable[[h5py.File], None]:
    """A change that lets the first worm's element of a field, `root/name`, be another value."""

    def change(file: h5py.File) -> None:
        file["#refs#"].create_dataset("new", data=value)
        file[field][0, 0] = file["#refs#/new"].ref

    return change


def assert_same(found: Recording, wanted: Recording, states: bool = True) -> None:
    """Everything that a file keeps is as it was written; `states` alike, too."""
    assert (found.neurons, found.fps) == (wanted.neurons, wanted.fps)
    for field in ("traces", "times", "derivatives", *(("states",) if states else ())):
        np.testing.assert_array_equal(getattr(found, field), getattr(wanted, field))
