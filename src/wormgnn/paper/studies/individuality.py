"""How alike one neuron is in different worms (Fig. 1C, 1D), and other facts of recordings.

Facts are plain numbers that the paper's sentences on its data are held against: lengths,
labels, what an eight-frame window holds, and what a test window shares with training ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn.features import WINDOW_FRAMES, Features, derivative, n_windows, scale
from wormgnn.folds import Role
from wormgnn.recording import NO_STATE, PAPER_NEURONS, Recording
from wormgnn.states import Bout, around, bouts_of, merge, vocabulary
from wormgnn.statistics import holm, same_distribution

Floats = NDArray[np.float64]

LEVEL = 0.05
"""Significance of every test."""

MIN_BOUTS = 5
"""Fewest bouts of a state in each of two worms for which they are compared."""

SHUFFLES = 9999
"""Shuffles of each test of consistency, as in the chapter on the recordings at full scale."""


def activity_at_onset(
    recording: Recording, neuron: str, state: str, lags_s: Floats, n_states: int = 4
) -> Floats:
    """Activity scaled to [0, 1] around each onset of a state, shape (bouts, lags).

    `lags_s` holds seconds since the onset. A bout that the recording begins with has no
    onset and is left out.
    """
    trace, bouts = _activity(recording, neuron, state, n_states)
    onsets = np.array([bout.start for bout in bouts if bout.start > 0], dtype=np.int64)
    return around(trace, recording.times, onsets, lags_s)


def _activity(
    recording: Recording, neuron: str, state: str, n_states: int
) -> tuple[Floats, list[Bout]]:
    """A neuron's trace, scaled over the recording, shape (frames,); and the bouts of a state."""
    code = vocabulary(n_states).index(state)
    trace = scale(recording.select([neuron]).traces)[:, 0]
    return trace, bouts_of(merge(recording, n_states), code)


def compare_worms(
    recordings: Sequence[Recording],
    neurons: Sequence[str],
    n_states: int = 4,
    n: int = 499,
    seed: int = 0,
) -> pd.DataFrame:
    """Test for every neuron, state and pair of worms whether the activity is distributed alike.

    Returns
    -------
    tests
        One row for each test (of `n` shuffles), with columns neuron, state, worm_a, worm_b,
        statistic, p and p_frames (see `SameDistribution`). Pairs in which a worm has fewer than
        `MIN_BOUTS` bouts of the state have no row.
    """
    random = np.random.default_rng(seed)
    rows = []
    for neuron, state in itertools.product(neurons, vocabulary(n_states)):
        worms = {}
        for recording in recordings:
            trace, bouts = _activity(recording, neuron, state, n_states)
            if len(bouts) >= MIN_BOUTS:
                worms[recording.worm] = [trace[bout.start : bout.stop] for bout in bouts]
        for a, b in itertools.combinations(worms, 2):
            test = same_distribution(worms[a], worms[b], n, random)
            rows.append((neuron, state, a, b, *test))
    columns = ["neuron", "state", "worm_a", "worm_b", "statistic", "p", "p_frames"]
    return pd.DataFrame(rows, columns=columns)


def consistent(tests: pd.DataFrame, p: str = "p") -> pd.DataFrame:
    """Which neurons behave alike in all worms, in each state.

    A neuron is consistent in a state if no pair of worms differs at `LEVEL`, with p-values
    adjusted for the number of pairs (Holm). No difference found does not mean the same:
    fewer bouts make more neurons consistent.

    Returns
    -------
    table
        True or False for each neuron (rows) and state (columns), in order of appearance;
        missing where no pair could be tested.
    """
    groups = tests.groupby(["neuron", "state"], sort=False)[p]
    table = groups.apply(lambda values: bool((holm(values) >= LEVEL).all())).unstack()
    return table.reindex(index=tests["neuron"].unique(), columns=tests["state"].unique())


def tally(tests: pd.DataFrame) -> pd.DataFrame:
    """How many neurons are consistent: by shuffled bouts, and by frames taken as independent.

    `tests` as from `compare_worms`. A neuron that no pair of worms could be tested on in a state
    is not consistent in it.
    """
    rows = []
    for name, p in (("shuffled bouts", "p"), ("independent frames", "p_frames")):
        alike = consistent(tests, p).eq(True)
        always = alike.index[alike.all(axis=1)]
        rows.append(
            {
                "test": name,
                "pairs that differ (%)": 100 * (tests[p] < LEVEL).mean(),
                "consistent in a state": f"{alike.to_numpy().sum()} of {alike.size}",
                "consistent in every state": f"{len(always)} of {len(alike)}",
                "which": ", ".join(always) or "none",
            }
        )
    return pd.DataFrame(rows)


def pair_matrix(tests: pd.DataFrame, neuron: str, state: str, worms: Sequence[str]) -> Floats:
    """P-values of one neuron in one state, shape (worms, worms).

    Symmetric; NaN on the diagonal, and where a pair was not tested.
    """
    rows = tests[(tests["neuron"] == neuron) & (tests["state"] == state)]
    half = rows.pivot(index="worm_a", columns="worm_b", values="p")
    upper = half.reindex(index=list(worms), columns=list(worms)).to_numpy(dtype=np.float64)
    return np.where(np.isnan(upper), upper.T, upper)


def facts(recordings: Sequence[Recording], n: int = SHUFFLES, seed: int = 0) -> pd.DataFrame:
    """Facts of worms that have all of the paper's neurons, and of these neurons.

    Columns fact, unit (worm or neuron) and value. A neuron is consistent if it is alike in every
    state, by shuffled bouts (`n` in each test) or by single frames.
    """
    rows: list[tuple[str, str, float]] = []
    for recording in recordings:
        runs, change = runs_of(recording)
        short = runs <= WINDOW_FRAMES
        of_worm = {
            "frames": recording.n_frames,
            "minutes": recording.n_frames / recording.fps / 60,
            "neurons": len(recording.neurons),
            "paper's neurons named": len(set(PAPER_NEURONS) & set(recording.identified)),
            "unlabelled (%)": 100 * float((recording.states == NO_STATE).mean()),
            "window (s)": WINDOW_FRAMES / recording.fps,
            "runs within a window (%)": 100 * float(short.mean()),
            "change within a window (%)": 100 * float(change[short].sum() / change.sum()),
        }
        rows += [(fact, recording.worm, value) for fact, value in of_worm.items()]
    tests = compare_worms(recordings, PAPER_NEURONS, n_states=4, n=n, seed=seed)
    for fact, p in (("consistent, bouts", "p"), ("consistent, frames", "p_frames")):
        always = consistent(tests, p).eq(True).all(axis=1)  # a state that no pair shows is no yes
        rows += [(fact, str(neuron), float(yes)) for neuron, yes in always.items()]
    return pd.DataFrame(rows, columns=["fact", "unit", "value"])


def runs_of(recording: Recording) -> tuple[NDArray[np.int64], Floats]:
    """Stretches over which the derivative of one of the paper's neurons keeps its sign.

    Frames of each run, of all neurons one after the other; and how far the trace moves from its
    first frame to its last, as a share of its range.
    """
    worm = recording.select(PAPER_NEURONS)
    frames, change = [], []
    for slope, trace in zip(derivative(worm).T, worm.traces.T, strict=True):
        edges = np.flatnonzero(np.diff(slope > 0)) + 1
        starts, stops = np.r_[0, edges], np.r_[edges, len(trace)]
        frames.append(stops - starts)
        change.append(np.abs(trace[stops - 1] - trace[starts]) / np.ptp(trace))
    return np.concatenate(frames), np.concatenate(change)


def frames_to_training(roles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Distance in frames from each test window's nearer edge to the nearest training frame.

    `roles` has shape (frames,), as from `folds.roles`; the result has shape (test windows,),
    and is 1 for a test window that touches a training window.
    """
    training = np.flatnonzero(roles == Role.TRAIN)
    starts = np.arange(n_windows(len(roles))) * WINDOW_FRAMES
    starts = starts[roles[starts] == Role.TEST]
    ends = starts + WINDOW_FRAMES - 1
    after = np.searchsorted(training, ends)
    padded = np.concatenate([[-(10**9)], training, [10**9]])
    return np.minimum(starts - padded[after], padded[after + 1] - ends)


def window_correlation(features: Features, max_lag: int = 12) -> Floats:
    """Correlation of a window's mean trace with that of the window `lag` windows later.

    Shape (max_lag + 1,): averaged over neurons; lag 0 gives 1. Features are those of one
    worm, shape (2, neurons, frames), and the trace alone is used.
    """
    windows = n_windows(features.n_frames)
    kept = features.x[0, :, : windows * WINDOW_FRAMES].astype(np.float64)
    means = kept.reshape(len(features.neurons), windows, WINDOW_FRAMES).mean(axis=2)
    lags = range(max_lag + 1)
    at = [[np.corrcoef(x[: windows - lag], x[lag:])[0, 1] for x in means] for lag in lags]
    return np.asarray(np.mean(at, axis=1))
