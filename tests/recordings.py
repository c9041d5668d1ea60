"""Small recordings and damaged files for the tests of the readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from hypothesis import HealthCheck, settings

from wormgnn.datasets.simulated import Physics, simulate
from wormgnn.errors import WormgnnError
from wormgnn.recording import NO_STATE, Recording

damaged = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
"""For tests that read many damaged files."""


def small_worms(n_worms: int = 2, duration_s: float = 20.0, seed: int = 1) -> list[Recording]:
    """A few short simulated worms, with unidentified neurons among the named."""
    physics = Physics(n_unidentified=3, named_fraction=0.2)
    return simulate(n_worms, duration_s=duration_s, seed=seed, physics=physics)


def as_csv(recording: Recording, path: Path) -> Path:
    """Write the named neurons of a recording, its times and its states as a table."""
    states = [recording.vocabulary[s] if s != NO_STATE else "" for s in recording.states]
    columns = {n: recording.traces[:, i] for i, n in enumerate(recording.neurons) if n}
    table = pd.DataFrame({"time_s": recording.times, "state": states, **columns})
    table.to_csv(path, index=False)
    return path


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


def digests(worms: Iterable[Recording], states_of: Sequence[Recording] = ()) -> list[str]:
    """Digests of all that a file keeps; with the states of other recordings, if given."""
    pairs = zip(worms, states_of, strict=True) if states_of else ((worm, worm) for worm in worms)
    return [
        replace(worm, states=other.states, vocabulary=other.vocabulary).digest
        for worm, other in pairs
    ]


def reads_or_raises(read: Callable[[Path], list[Recording]], path: Path) -> None:
    """A file gives recordings, or a typed error that names it."""
    try:
        assert all(isinstance(worm, Recording) for worm in read(path))
    except WormgnnError as error:
        assert path.name in str(error)
