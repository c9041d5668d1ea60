"""Recordings as a decoder takes them: at even frames, with their labels; and pynapple's objects."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn import statistics
from wormgnn.errors import RecordingError, StateError
from wormgnn.recording import NO_STATE, Recording, canonical_name, frames_per_second
from wormgnn.states import bouts_of, merge, vocabulary

LONGEST_GAP_S = 5.0
"""Longest gap between two frames that is interpolated."""


def as_recording(data: object) -> Recording:
    """A Recording; or one without labels, from a DataFrame or a pynapple `TsdFrame`.

    The index of a frame holds seconds, its columns are headed by neurons. TypeError for
    anything else.
    """
    if isinstance(data, Recording):
        return data
    frame = cast(Any, data).as_dataframe() if is_pynapple(data) else data
    if not isinstance(frame, pd.DataFrame):
        found = type(data).__name__
        raise TypeError(f"expected a Recording, a DataFrame or a pynapple TsdFrame, found {found}")
    times = frame.index.to_numpy(dtype=np.float64)
    try:
        fps = frames_per_second(times)
    except ValueError as error:
        raise RecordingError(f"index: expected seconds that rise, found {error}") from error
    return Recording(
        worm="recording",
        dataset="memory",
        traces=frame.to_numpy(dtype=np.float64),
        neurons=tuple(canonical_name(str(name)) for name in frame.columns),
        fps=fps,
        states=np.full(len(times), NO_STATE, dtype=np.int64),
        vocabulary=(),
        times=times,
    )


def steady(recording: Recording) -> Recording:
    """The recording at evenly spaced frames; RecordingError for a long gap or too few frames."""
    if recording.n_frames < 2:
        raise RecordingError(f"{recording.worm}: expected two frames or more, found one")
    steps = np.diff(recording.times)
    longest = int(steps.argmax())
    if steps[longest] > max(LONGEST_GAP_S, 3 * np.median(steps)):
        raise RecordingError(
            f"{recording.worm}: field 'times': a gap of {steps[longest]:.1f} s after "
            f"{recording.times[longest]:.1f} s (frame {longest}); expected {LONGEST_GAP_S} s or "
            "less: cut the recording there, or give times in seconds"
        )
    rate = (recording.n_frames - 1) / (recording.times[-1] - recording.times[0])
    if abs(rate / recording.fps - 1) > 0.05:
        raise RecordingError(
            f"{recording.worm}: field 'times': {rate:.3g} frames per second by the times, "
            f"{recording.fps:.3g} by the frame rate: which one is right? Times are in seconds"
        )
    if np.abs(steps * rate - 1).max() < 0.2:
        return recording
    return recording.resample(float(rate))


# --- labels --------------------------------------------------------------------------------------


def labels(recording: Recording, n_states: int) -> NDArray[np.int64]:
    """The recording's own labels in a vocabulary; StateError if it has none there."""
    codes = merge(recording, n_states)
    if (codes == NO_STATE).all():
        wanted, own = " or ".join(vocabulary(n_states)), ", ".join(recording.vocabulary)
        raise StateError(
            f"{recording.worm}: field 'states': expected frames labelled {wanted} to score with, "
            f"found {own or 'no labels'}"
        )
    return codes


def scores(
    labelled: NDArray[np.int64], named: NDArray[np.int64], n_states: int
) -> dict[str, float]:
    """`statistics.scores` of the states named in labelled frames."""
    known = labelled != NO_STATE
    counts = statistics.confusion(named[None, known], labelled[known], n_states)
    return {name: float(values[0]) for name, values in statistics.scores(counts).items()}


def balanced_accuracy(
    labelled: NDArray[np.int64], named: NDArray[np.int64], n_states: int
) -> float:
    """Mean over labelled states of the fraction of their frames that are named right."""
    return scores(labelled, named, n_states)["balanced_accuracy"]


def with_all_states(worms: Sequence[Recording], n_states: int) -> dict[str, list[Recording]]:
    """Worms that have labels by laboratory, of laboratories whose labels have every state."""
    groups: dict[str, list[Recording]] = {}
    for worm in worms:
        groups.setdefault(worm.dataset, []).append(worm)
    usable = {}
    for name, group in groups.items():
        with contextlib.suppress(StateError):  # where seven states are asked of merged labels
            codes = [set(merge(worm, n_states)) - {NO_STATE} for worm in group]
            if len(set().union(*codes)) == n_states:
                usable[name] = list(itertools.compress(group, codes))
    if not usable:
        wanted = ", ".join(vocabulary(n_states))
        raise StateError(f"expected worms labelled {wanted}; found none with all of them")
    return usable


# --- pynapple, which is imported where it is needed ----------------------------------------------


def is_pynapple(data: object) -> bool:
    """Whether data are a `TsdFrame`."""
    return type(data).__module__.partition(".")[0] == "pynapple" and hasattr(data, "as_dataframe")


def tsd_frame(table: pd.DataFrame) -> Any:
    """Probabilities as a `TsdFrame`, a column for each state."""
    import pynapple

    return pynapple.TsdFrame(table)


def tsd(table: pd.DataFrame) -> Any:
    """Number of the likeliest state in each frame, as a `Tsd`."""
    import pynapple

    return pynapple.Tsd(t=table.index.to_numpy(), d=table.to_numpy().argmax(axis=1))


def intervals(table: pd.DataFrame) -> dict[str, Any]:
    """An `IntervalSet` for each state: from its first frame to the first of the next state."""
    import pynapple

    seconds, states = table.index.to_numpy(), table.to_numpy().argmax(axis=1)
    edges = np.append(seconds, seconds[-1] + np.median(np.diff(seconds)))
    spans = {}
    for code, name in enumerate(table.columns):
        frames = [(bout.start, bout.stop) for bout in bouts_of(states, code)]
        start, end = edges[np.array(frames, dtype=np.int64).reshape(-1, 2)].T
        spans[str(name)] = pynapple.IntervalSet(start, end)
    return spans
