"""How alike one neuron's activity is in different worms that do the same thing (Fig. 1C, 1D)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from wormgnn.features import scale
from wormgnn.recording import Recording
from wormgnn.states import around, bouts_of, merge, vocabulary
from wormgnn.statistics import same_distribution

MIN_BOUTS = 5
"""Fewest bouts of a state in each of two worms for which they are compared."""


def activity(recording: Recording, neuron: str) -> NDArray[np.float64]:
    """Trace of one neuron scaled to [0, 1] over the recording, shape (frames,)."""
    return scale(recording.select([neuron]).traces)[:, 0]


def activity_by_bout(
    recording: Recording, neuron: str, state: str, n_states: int = 4
) -> list[NDArray[np.float64]]:
    """Scaled activity in each bout of a state, each of shape (frames of the bout,)."""
    trace = activity(recording, neuron)
    code = vocabulary(n_states).index(state)
    return [trace[bout.start : bout.stop] for bout in bouts_of(merge(recording, n_states), code)]


def activity_at_onset(
    recording: Recording,
    neuron: str,
    state: str,
    lags_s: NDArray[np.float64],
    n_states: int = 4,
) -> NDArray[np.float64]:
    """Scaled activity around each onset of a state, shape (bouts, lags).

    `lags_s` holds seconds since the onset. A bout that the recording begins with has no
    onset and is left out.
    """
    code = vocabulary(n_states).index(state)
    found = bouts_of(merge(recording, n_states), code)
    onsets = np.array([bout.start for bout in found if bout.start > 0], dtype=np.int64)
    return around(activity(recording, neuron), recording.times, onsets, lags_s)


def compare_worms(
    recordings: Sequence[Recording],
    neurons: Sequence[str],
    n_states: int = 4,
    n: int = 499,
    seed: int = 0,
) -> pd.DataFrame:
    """Test for every neuron, state and pair of worms whether the activity is distributed alike.

    Parameters
    ----------
    recordings, neurons
        Worms, and the neurons wanted; each worm must have them.
    n_states
        Vocabulary of the states: 7, 4 or 2.
    n, seed
        Shuffles of each test, and the seed of all.

    Returns
    -------
    tests
        One row for each test, with columns neuron, state, worm_a, worm_b, statistic, p and
        p_frames (see `SameDistribution`). Pairs in which a worm has fewer than `MIN_BOUTS`
        bouts of the state have no row.
    """
    random = np.random.default_rng(seed)
    rows = []
    for neuron, state in itertools.product(neurons, vocabulary(n_states)):
        worms = {r.worm: activity_by_bout(r, neuron, state, n_states) for r in recordings}
        enough = [worm for worm, found in worms.items() if len(found) >= MIN_BOUTS]
        for a, b in itertools.combinations(enough, 2):
            test = same_distribution(worms[a], worms[b], n, random)
            rows.append((neuron, state, a, b, *test))
    columns = ["neuron", "state", "worm_a", "worm_b", "statistic", "p", "p_frames"]
    return pd.DataFrame(rows, columns=columns)


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Holm's adjustment of p-values for their number, shape (tests,); a NaN is no test."""
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p)
    tests = np.isfinite(p).sum()
    raised = p[order] * np.maximum(tests - np.arange(len(p)), 1)
    adjusted = np.full_like(p, np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return adjusted


def consistent(tests: pd.DataFrame, p: str = "p", level: float = 0.05) -> pd.DataFrame:
    """Which neurons behave alike in all worms, in each state.

    A neuron is consistent in a state if no pair of worms differs at `level`, with p-values
    adjusted for the number of pairs (Holm). Not to be told apart is not to be the same:
    fewer bouts make more neurons consistent.

    Returns
    -------
    table
        True or False for each neuron (rows) and state (columns), in order of appearance;
        missing where no pair could be tested.
    """
    groups = tests.groupby(["neuron", "state"], sort=False)[p]
    table = groups.apply(lambda values: bool((holm(values) >= level).all())).unstack()
    return table.reindex(index=tests["neuron"].unique(), columns=tests["state"].unique())


def pair_matrix(
    tests: pd.DataFrame, neuron: str, state: str, worms: Sequence[str], p: str = "p"
) -> NDArray[np.float64]:
    """P-values of one neuron in one state, shape (worms, worms).

    Symmetric, 1 on the diagonal, NaN where a pair was not tested.
    """
    matrix = np.full((len(worms), len(worms)), np.nan)
    np.fill_diagonal(matrix, 1.0)
    index = {worm: row for row, worm in enumerate(worms)}
    chosen = tests[(tests["neuron"] == neuron) & (tests["state"] == state)]
    for a, b, value in zip(chosen["worm_a"], chosen["worm_b"], chosen[p], strict=True):
        matrix[index[a], index[b]] = matrix[index[b], index[a]] = value
    return matrix
