"""Behavioural states: the seven of Kato et al. 2015, their merging into four and two, and bouts.

Paper, Supplementary Information, "Experimental Procedures": reverse 1, reverse 2 and
sustained reverse become *reverse*; forward crawling and slowing become *forward*; frames
whose state is unknown are ignored in training and in evaluation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormgnn.errors import ChoiceError, StateError
from wormgnn.recording import NO_STATE, Recording

SEVEN = ("fwd", "slow", "rev1", "rev2", "revsus", "dt", "vt")
FOUR = ("forward", "reverse", "dorsal turn", "ventral turn")
TWO = ("forward", "reverse")
VOCABULARIES: dict[int, tuple[str, ...]] = {7: SEVEN, 4: FOUR, 2: TWO}

LABELS = {
    "fwd": "forward",
    "slow": "slowing",
    "rev1": "reverse 1",
    "rev2": "reverse 2",
    "revsus": "sustained reverse",
    "dt": "dorsal turn",
    "vt": "ventral turn",
}
"""How figures spell the seven states."""

_MERGED = {
    "fwd": "forward",
    "slow": "forward",
    "rev1": "reverse",
    "rev2": "reverse",
    "revsus": "reverse",
    "dt": "dorsal turn",
    "vt": "ventral turn",
}

_IGNORED = frozenset({"quiescence", "turn"})
"""States that some laboratories label and that no vocabulary of ours can express."""


def vocabulary(n_states: int) -> tuple[str, ...]:
    """Names of the 7, 4 or 2 states; ChoiceError for another number."""
    if n_states not in VOCABULARIES:
        raise ChoiceError("number of states", n_states, VOCABULARIES)
    return VOCABULARIES[n_states]


def merge(recording: Recording, n_states: int) -> NDArray[np.int64]:
    """States of a recording in the vocabulary of 7, 4 or 2 states, shape (frames,).

    Indices into `vocabulary(n_states)`, or `NO_STATE` where the frame carries no state or one that
    the vocabulary leaves out (turns, when two states are asked for). StateError for a state that is
    known nowhere, or seven states asked of a recording with merged ones.
    """
    wanted = vocabulary(n_states)
    table = np.array([_code(name, wanted, recording) for name in recording.vocabulary] + [NO_STATE])
    return table[recording.states]


def _code(name: str, wanted: tuple[str, ...], recording: Recording) -> int:
    if name in wanted:
        return wanted.index(name)
    merged = _MERGED.get(name, name)
    if merged in wanted:
        return wanted.index(merged)
    occurs = recording.vocabulary.index(name) in recording.states
    if merged in FOUR and wanted is SEVEN and occurs:
        raise StateError(
            f"{recording.worm}: field 'states': {name!r} cannot be told apart into the "
            f"seven states {', '.join(SEVEN)}; ask for 4 or 2 states"
        )
    if merged in FOUR or name in _IGNORED:
        return NO_STATE
    raise StateError(
        f"{recording.worm}: field 'states': unknown state {name!r}; expected one of "
        f"{', '.join((*SEVEN, *FOUR, *sorted(_IGNORED)))}"
    )


class Bout(NamedTuple):
    """Frames from `start` up to, not including, `stop`, all in the state of code `state`."""

    start: int
    stop: int
    state: int


def bouts(states: NDArray[np.int64]) -> list[Bout]:
    """Maximal stretches of one state in order; stretches without a state are left out.

    `states` holds the code of each frame, shape (frames,).
    """
    states = np.asarray(states)
    edges = np.flatnonzero(np.diff(states)) + 1
    starts, stops = [0, *edges.tolist()], [*edges.tolist(), len(states)]
    found = [Bout(a, b, int(states[a])) for a, b in zip(starts, stops, strict=True) if b > a]
    return [bout for bout in found if bout.state != NO_STATE]


def bouts_of(states: NDArray[np.int64], code: int) -> list[Bout]:
    """The bouts of one state."""
    return [bout for bout in bouts(states) if bout.state == code]


def around(
    trace: NDArray[np.float64],
    times: NDArray[np.float64],
    onsets: NDArray[np.int64],
    lags_s: NDArray[np.float64],
) -> NDArray[np.float64]:
    """A trace around each onset, interpolated to common lags, so that worms can be compared.

    From the value and time in seconds of each frame, shape (frames,), the frame of each onset, and
    seconds since it, `lags_s`. Shape (onsets, lags); NaN before the recording's first and after its
    last frame.
    """
    wanted = times[np.asarray(onsets, dtype=np.int64)][:, None] + lags_s
    return np.interp(wanted, times, trace, left=np.nan, right=np.nan)
