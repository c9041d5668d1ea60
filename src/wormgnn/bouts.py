"""Bouts: stretches of frames in one behavioural state, and what a trace does around them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormgnn.recording import NO_STATE


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

    Parameters
    ----------
    trace, times
        Value and time in seconds of each frame, shape (frames,).
    onsets
        Frame of each onset, shape (onsets,).
    lags_s
        Seconds since the onset, shape (lags,).

    Returns
    -------
    values
        Shape (onsets, lags); NaN before the recording's first and after its last frame.
    """
    wanted = times[np.asarray(onsets, dtype=np.int64)][:, None] + lags_s
    return np.interp(wanted, times, trace, left=np.nan, right=np.nan)
