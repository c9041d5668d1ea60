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

from wormgnn.recording import NO_STATE, Recording
from wormgnn.sources.guard import building
from wormgnn.sources.identity import unique_names
from wormgnn.sources.matlab import Fields, open_worms

STATES = ("fwd", "slow", "rev1", "rev2", "revsus", "dt", "vt")
"""Forward, slowing, reversal 1, reversal 2, sustained reversal, dorsal turn, ventral turn."""

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
    current release is named VB01, as in the older one.

    Raises
    ------
    SourceError
        No MATLAB v7.3 file, a missing field, or a field of the wrong kind or size.
    RecordingError
        Values that no recording may have (NaN or constant traces, times that do not rise).
    """
    path = Path(path)
    with open_worms(path, TRACES) as worms:
        return [_recording(fields, number) for number, fields in enumerate(worms, start=1)]


def _recording(fields: Fields, number: int) -> Recording:
    names_field = fields.first_of(*NAMES)
    neurons = unique_names(fields.texts(names_field))
    times = fields.seconds(*TIMES)
    size = len(times), len(neurons)
    if names_field == NAMES[0]:
        neurons = _corrected(neurons, number)
    with building(fields.path):
        return Recording(
            worm=f"kato-{number}",
            dataset="kato",
            traces=fields.frames_by_neurons(fields.first_of(*TRACES), *size),
            neurons=neurons,
            fps=fields.frame_rate(times),
            states=_states(fields, len(times)),
            vocabulary=STATES,
            times=times,
            derivatives=_derivatives(fields, *size),
        )


def _derivatives(fields: Fields, frames: int, neurons: int) -> NDArray[np.float64] | None:
    """The file's own derivative, shape (frames, neurons), or None if it has none."""
    field = next((name for name in DERIVATIVES if name in fields), None)
    if field is None:
        return None
    return fields.finite(field, fields.frames_by_neurons(field, frames, neurons))


def _corrected(neurons: tuple[str, ...], number: int) -> tuple[str, ...]:
    worm, count, column, name = CORRECTION
    if number != worm or len(neurons) != count or name in neurons or neurons[column]:
        return neurons
    return (*neurons[:column], name, *neurons[column + 1 :])


def _states(fields: Fields, frames: int) -> NDArray[np.int64]:
    if fields.is_struct("States"):
        return _states_from_flags(fields.struct("States"), frames)
    return _states_from_codes(fields, frames)


def _states_from_flags(flags: Fields, frames: int) -> NDArray[np.int64]:
    """Codes from one 0/1 vector for each state, of which a frame sets at most one."""
    unknown = sorted(set(flags.nodes) - {*STATES, "nostate"})
    if unknown:
        raise flags.error(unknown[0], f"unknown state: expected {', '.join(STATES)} or nostate")
    table = np.stack([_flag(flags, state, frames) for state in STATES])
    overlap = np.flatnonzero(table.sum(axis=0) > 1)
    if overlap.size:
        both = ", ".join(np.array(STATES)[table[:, overlap[0]]])
        raise flags.error(both, f"expected one state at each frame, found both at {overlap[0]}")
    return np.where(table.any(axis=0), table.argmax(axis=0), NO_STATE)


def _flag(flags: Fields, state: str, frames: int) -> NDArray[np.bool_]:
    flag = flags.vector(state)
    if flag.shape != (frames,):
        raise flags.error(state, f"expected {frames} frames as in the times, found {flag.size}")
    if not np.isin(flag, (0, 1)).all():
        raise flags.error(state, "expected only 0 and 1")
    return flag.astype(bool)


def _states_from_codes(fields: Fields, frames: int) -> NDArray[np.int64]:
    """Codes into `STATES` from the older release's codes 1 to 8."""
    codes = fields.vector("States")
    if codes.shape != (frames,):
        expected = f"expected {frames} frames as in the times"
        raise fields.error("States", f"{expected}, found {codes.size}")
    unknown = codes[~np.isin(codes, np.arange(1, len(OLDER_CODES) + 1))]
    if unknown.size:
        raise fields.error("States", f"unknown state {unknown[0]:g}: expected a code from 1 to 8")
    ours = [STATES.index(name) if name in STATES else NO_STATE for name in OLDER_CODES]
    return np.array(ours)[codes.astype(np.int64) - 1]
