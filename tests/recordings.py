"""Small recordings and damaged files for the tests of the readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from wormgnn.recording import Recording
from wormgnn.sources.simulated import Physics, simulate

_PAPER = "AIBL AIBR ALA AVAL AVAR AVBL AVER RID RIML RIMR RMED RMEL RMER VB01 VB02"
PAPER = tuple(_PAPER.split())


def small_worms(n_worms: int = 2, duration_s: float = 20.0, seed: int = 1) -> list[Recording]:
    """A few short simulated worms, with unidentified neurons among the named."""
    physics = Physics(n_unidentified=3, named_fraction=0.2)
    return simulate(n_worms, duration_s=duration_s, seed=seed, physics=physics)


def edit(path: Path, change: Callable[[h5py.File], object]) -> Path:
    """Change an HDF5 file in place."""
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def replace_cell(file: h5py.File, field: str, worm: int, value: np.ndarray) -> None:
    """Let one worm's element of a field point at another value; `field` is `root/name`."""
    file["#refs#"].create_dataset("new", data=value)
    file[field][worm, 0] = file["#refs#/new"].ref


def assert_same(found: Recording, wanted: Recording) -> None:
    """Everything that a file keeps is as it was written."""
    assert found.neurons == wanted.neurons
    assert found.fps == wanted.fps
    np.testing.assert_array_equal(found.traces, wanted.traces)
    np.testing.assert_array_equal(found.times, wanted.times)
    if wanted.derivatives is None:
        assert found.derivatives is None
    else:
        assert found.derivatives is not None
        np.testing.assert_array_equal(found.derivatives, wanted.derivatives)
