"""The five immobilised worms of Kato et al. 2015 (Cell 163:656), file `WT_NoStim.mat`.

Both releases of the file on OSF (project 2395t) are read; they differ in their field names:

================  ====================  ==============================
what              current release       older release
================  ====================  ==============================
traces            `deltaFOverF_bc`      `traces`
derivatives       `deltaFOverF_deriv`   `tracesDif`
neuron names      `NeuronNames`         `IDs`, up to three candidates
states            struct of 0/1 flags   vector of the codes 1 to 8
times (seconds)   `tv`                  `timVectorSeconds` (sic)
================  ====================  ==============================

Traces and derivatives are (neurons, frames) as HDF5 shows them. The derivatives may be
absent, and then `Recording.derivatives` is None.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wormgnn.datasets.hdf5 import Fields, open_worms
from wormgnn.recording import NO_STATE, Recording, unique_names
from wormgnn.states import SEVEN

OLDER_CODES = ("fwd", "slow", "dt", "vt", "rev1", "rev2", "revsus", "nostate")
"""States of the older release, in the order of its codes 1 to 8."""

TRACES = ("deltaFOverF_bc", "traces")
DERIVATIVES = ("deltaFOverF_deriv", "tracesDif")
NAMES = ("NeuronNames", "IDs")
TIMES = ("tv", "timVectorSeconds", "timeVectorSeconds")

# Worm 5 of the current release leaves one column unnamed that the older release, with the
# same traces, names VB01: number of the worm, its neurons, the column (from 0), the name.
CORRECTION = (5, 129, 119, "VB01")


def read(path: Path | str) -> list[Recording]:
    """Recordings of all worms in a file of either release.

    A neuron whose name repeats within a worm, or that carries several candidate names, has
    no unique identity and becomes `UNIDENTIFIED`. Column 119 (from 0) of worm 5 of the
    current release is named VB01, as in the older one. SourceError for no MATLAB v7.3 file, or a
    field that is missing or of the wrong kind or size; RecordingError for values that no recording
    may have (NaN or constant traces, times that do not rise).
    """
    path = Path(path)
    with open_worms(path, TRACES) as worms:
        return [_recording(fields, number) for number, fields in enumerate(worms, start=1)]


def _recording(fields: Fields, number: int) -> Recording:
    names = fields.first_of(*NAMES)
    neurons = unique_names(fields.texts(names))
    worm, count, column, name = CORRECTION
    unnamed = (number, len(neurons), names) == (worm, count, NAMES[0]) and not neurons[column]
    if unnamed and name not in neurons:
        neurons = (*neurons[:column], name, *neurons[column + 1 :])
    times = fields.seconds(*TIMES)
    if flags := fields.struct("States"):
        states = _from_flags(flags, len(times))
    else:
        ours = [SEVEN.index(name) if name in SEVEN else NO_STATE for name in OLDER_CODES]
        codes = fields.codes("States", len(times), 1, len(OLDER_CODES))
        states = np.array(ours, dtype=np.int64)[codes - 1]
    about = {"worm": f"kato-{number}", "dataset": "kato", "states": states, "vocabulary": SEVEN}
    return fields.recording(TRACES, DERIVATIVES, neurons, times, **about)


def _from_flags(flags: Fields, frames: int) -> NDArray[np.int64]:
    """Codes from one 0/1 vector for each state, of which a frame sets at most one."""
    unknown = sorted(set(flags.nodes) - {*SEVEN, "nostate"})
    if unknown:
        raise flags.error(unknown[0], f"unknown state: expected {', '.join(SEVEN)} or nostate")
    table = np.stack([flags.vector(state, frames) for state in SEVEN])
    for state, flag in zip(SEVEN, table, strict=True):
        if not np.isin(flag, (0, 1)).all():
            raise flags.error(state, "expected only 0 and 1")
    overlap = np.flatnonzero(table.sum(axis=0) > 1)
    if overlap.size:
        both = ", ".join(np.array(SEVEN)[table[:, overlap[0]] == 1])
        raise flags.error(both, f"expected one state at each frame, found both at {overlap[0]}")
    return np.where(table.any(axis=0), table.argmax(axis=0), NO_STATE)
