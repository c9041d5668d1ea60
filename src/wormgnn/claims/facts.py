"""Plain facts of recordings that the paper's sentences on its data are held against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn.features import WINDOW_FRAMES, derivative
from wormgnn.individuality import compare_worms, consistent
from wormgnn.recording import NO_STATE, PAPER_NEURONS, Recording

SHUFFLES = 9999
"""Shuffles of each test of consistency, as in the chapter on the recordings at full scale."""


def facts(recordings: Sequence[Recording], n: int = SHUFFLES, seed: int = 0) -> pd.DataFrame:
    """Facts of worms, and of the paper's neurons.

    Parameters
    ----------
    recordings
        Worms that have all of the paper's neurons.
    n, seed
        Shuffles of each test of consistency, and the seed of all.

    Returns
    -------
    table
        Columns fact, unit (worm or neuron) and value.
    """
    rows = [
        {"fact": fact, "unit": recording.worm, "value": value}
        for recording in recordings
        for fact, value in _of_worm(recording).items()
    ]
    return pd.concat([pd.DataFrame(rows), consistency(recordings, n, seed)], ignore_index=True)


def _of_worm(recording: Recording) -> dict[str, float]:
    runs, change = runs_of(recording)
    short = runs <= WINDOW_FRAMES
    return {
        "frames": recording.n_frames,
        "minutes": recording.n_frames / recording.fps / 60,
        "neurons": len(recording.neurons),
        "paper's neurons named": len(set(PAPER_NEURONS) & set(recording.identified)),
        "unlabelled (%)": 100 * float((recording.states == NO_STATE).mean()),
        "window (s)": WINDOW_FRAMES / recording.fps,
        "runs within a window (%)": 100 * float(short.mean()),
        "change within a window (%)": 100 * float(change[short].sum() / change.sum()),
    }


def runs_of(recording: Recording) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Stretches over which the derivative of one of the paper's neurons keeps its sign.

    Returns
    -------
    frames
        Length of each run, of all neurons one after the other.
    change
        How far the trace moves from its first frame to its last, in the trace's own unit
        over its range.
    """
    chosen = recording.select(PAPER_NEURONS)
    parts = [_runs(*pair) for pair in zip(derivative(chosen).T, chosen.traces.T, strict=True)]
    frames, change = zip(*parts, strict=True)
    return np.concatenate(frames), np.concatenate(change)


def _runs(
    slope: NDArray[np.float64], trace: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    rising = slope > 0
    edges = np.flatnonzero(np.diff(rising)) + 1
    starts, stops = np.r_[0, edges], np.r_[edges, len(trace)]
    moved = np.abs(trace[stops - 1] - trace[starts]) / np.ptp(trace)
    return stops - starts, moved


def consistency(recordings: Sequence[Recording], n: int, seed: int) -> pd.DataFrame:
    """Whether each neuron is alike in every state, by shuffled bouts and by single frames."""
    tests = compare_worms(recordings, PAPER_NEURONS, n_states=4, n=n, seed=seed)
    rows = []
    for fact, p in (("consistent, bouts", "p"), ("consistent, frames", "p_frames")):
        table = consistent(tests, p)
        for neuron in table.index:
            always = bool((table.loc[neuron] == True).all())  # noqa: E712
            rows.append({"fact": fact, "unit": neuron, "value": float(always)})
    return pd.DataFrame(rows)
