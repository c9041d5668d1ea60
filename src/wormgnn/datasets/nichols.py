"""Sleeping and waking worms of Nichols et al. 2017 (Science 356:eaam6851), OSF kbf38.

The layout is the one that the laboratory's export script writes (its fields, their units
and the meaning of the state codes are from there); no file with traces was at hand when
this reader was written, so it is tested on simulated files in that layout alone.

Read from the struct array, one element per worm:

`traces`
    dF/F0 corrected for bleaching, (neurons, frames) as HDF5 shows it.
`IDs`
    For each neuron a cell with up to three candidate names; exactly one makes an identity.
`timeVectorSeconds`, `fps`
    Time of each frame in seconds; frames per second, 2.8 to 4.1 and so different from worm
    to worm: `Recording.resample` them to one rate before cutting windows.
`FourStates`
    The codes 1 to 4 of each frame, or a struct whose first vector they are. A frame with
    code 0 or NaN has no state.
`FourStatesNames`
    Names of the codes, if there; else reversal, forward, quiescence, turn.
`States`
    Flags as in Kato's file, if there: a turn whose flag `dt` or `vt` is set then becomes a
    dorsal or a ventral turn. Without them the file does not tell the two apart.
`tracesDif`
    The laboratory's own derivative, if there.

The laboratory derived these four states from the recording itself (`getFourStates.m` of
Zimmer-lab/Nichols2017): *reverse* while AVAL rises or is high, *turn* while it falls,
*quiescence* by the activity of the whole brain, *forward* otherwise. A decoder that sees
AVAL is thus tested on labels made from one of its inputs.

Oxygen switches, trial names and all else are left unread.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wormgnn.datasets.hdf5 import Fields, open_worms
from wormgnn.recording import NO_STATE, Recording, unique_names

STATES = ("reverse", "forward", "quiescence", "turn")
"""Names of the codes 1 to 4."""

TURNS = {"dt": "dorsal turn", "vt": "ventral turn"}
"""Flags of the laboratory's finer labels that tell turns apart."""

_ALIASES = {"reversal": "reverse", "forwards": "forward", "quiescent": "quiescence"}


def read(path: Path | str) -> list[Recording]:
    """Recordings of all worms in a file, `<file stem>-1` and so on; errors as of `kato.read`."""
    path = Path(path)
    with open_worms(path, ("traces",)) as worms:
        return [_recording(fields, number) for number, fields in enumerate(worms, start=1)]


def _recording(fields: Fields, number: int) -> Recording:
    neurons = unique_names(fields.texts("IDs"))
    times = fields.seconds("timeVectorSeconds", "timVectorSeconds", "tv")
    states, vocabulary = _states(fields, len(times))
    worm = {"worm": f"{fields.path.stem}-{number}", "dataset": "nichols"}
    coded = {"states": states, "vocabulary": vocabulary}
    return fields.recording(("traces",), ("tracesDif",), neurons, times, **worm, **coded)


def _states(fields: Fields, frames: int) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Code of each frame and their names; turns are split where the file has the flags for it."""
    owner, field, names = fields, "FourStates", _names(fields)
    if struct := fields.struct(field):
        if not struct.nodes:
            raise fields.error(field, "expected a struct with a vector, found an empty struct")
        owner, field = struct, next(iter(struct.nodes))
    states = owner.codes(field, frames, 0, len(names)) - 1
    states[states < 0] = NO_STATE
    flags = fields.struct("States") if "turn" in names and "States" in fields else None
    if flags is None:
        return states, names
    is_turn = states == names.index("turn")
    for flag, turn in TURNS.items():
        names = (*names, turn)
        states[is_turn & (flags.vector(flag, frames) == 1)] = len(names) - 1
    return states, names


def _names(fields: Fields) -> tuple[str, ...]:
    if "FourStatesNames" not in fields:
        return STATES
    texts = [" ".join(cell).strip().lower() for cell in fields.texts("FourStatesNames")]
    names = tuple(_ALIASES.get(text, text) for text in texts)
    unknown = [name for name in names if name not in (*STATES, *TURNS.values())]
    if unknown or len(set(names)) != len(names):
        expected = ", ".join((*STATES, *TURNS.values()))
        found = ", ".join(map(repr, names))
        raise fields.error("FourStatesNames", f"expected each of {expected} once, found {found}")
    return names
