"""Statistics that say how much worms differ, for simulated and for real recordings alike.

Each is a matrix over pairs of worms and a number made from it. None needs the dial, and
each falls (or rises) as the dial is turned, so that each can place worms on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn.errors import chosen
from wormgnn.features import Features, features
from wormgnn.profiles import Profile
from wormgnn.protocol import Classification, classify
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.store import Store

Array = NDArray[np.float64]
TUNING_STATES = 4
"""Vocabulary of the tuning: forward, reverse, dorsal and ventral turn."""


def tuning(worm: Features) -> Array:
    """Mean scaled trace and derivative of each neuron in each state, shape (2, neurons, states).

    Less each neuron's mean over states: what is left is how the states move the neuron. NaN
    for a state that the worm never shows.
    """
    masks = np.stack([worm.y == state for state in range(worm.n_states)], axis=1)
    frames = masks.sum(axis=0)
    sums = worm.x.astype(np.float64) @ masks
    means = np.divide(sums, frames, out=np.full(sums.shape, np.nan), where=frames > 0)
    return np.asarray(means - np.nanmean(means, axis=-1, keepdims=True))


def correlations(worm: Features) -> Array:
    """Correlation of the traces of each pair of different neurons, shape (pairs,)."""
    matrix = np.corrcoef(worm.x[0].astype(np.float64))
    return np.asarray(matrix[np.triu_indices(len(matrix), 1)])


def likeness(described: Sequence[Array]) -> Array:
    """Correlation of each two worms' descriptions over all their entries, shape (worms, worms)."""
    flat = np.stack([values.ravel() for values in described])
    return np.asarray(np.corrcoef(flat[:, np.isfinite(flat).all(axis=0)]))


def between(matrix: Array) -> float:
    """Mean over pairs of different worms."""
    return float(matrix[~np.eye(len(matrix), dtype=bool)].mean())


def drop(matrix: Array) -> float:
    """Mean over worms (the diagonal) less the mean over pairs of different worms."""
    return float(np.diag(matrix).mean()) - between(matrix)


Matrix = Callable[[Sequence[Recording], Profile, Store], Array]


@dataclass(frozen=True)
class Statistic:
    """One way to say how much worms differ.

    Attributes
    ----------
    text
        What it is, for tables.
    matrix
        From recordings to a matrix (worms, worms).
    summary
        From the matrix to one number.
    trains
        Whether a classifier has to be trained for it.
    """

    text: str
    matrix: Matrix
    summary: Callable[[Array], float]
    trains: bool = False


def _described(describe: Callable[[Features], Array]) -> Matrix:
    def matrix(worms: Sequence[Recording], _profile: Profile, _store: Store) -> Array:
        return likeness([describe(features(w, PAPER_NEURONS, TUNING_STATES)) for w in worms])

    return matrix


def _transfer(n_states: int) -> Matrix:
    def matrix(worms: Sequence[Recording], profile: Profile, store: Store) -> Array:
        plan = Classification("svm", n_states, sizes=(1,))
        every = replace(profile.with_folds(1), subsets_per_size=None)
        rows = classify(plan, worms, PAPER_NEURONS, every, store).rows
        wide = rows.pivot(index="subset", columns="worm", values="balanced_accuracy")
        names = [worm.worm for worm in worms]
        return wide.loc[names, names].to_numpy()

    return matrix


STATISTICS = {
    "tuning": Statistic(
        "correlation of two worms' tuning (neurons x states)", _described(tuning), between
    ),
    "correlations": Statistic(
        "correlation of two worms' neuron x neuron correlations",
        _described(correlations),
        between,
    ),
    "SVM drop, 2 states": Statistic(
        "SVM: balanced accuracy, same worm less another, two states", _transfer(2), drop, True
    ),
    "SVM drop, 4 states": Statistic(
        "SVM: balanced accuracy, same worm less another, four states", _transfer(4), drop, True
    ),
}


def measure(
    worms: Sequence[Recording], name: str, profile: Profile, store: Store, each: bool = False
) -> pd.DataFrame:
    """A statistic of some worms: columns statistic, without, value.

    With `each`, further rows leave one worm out (`without` names it; empty otherwise).
    ChoiceError for an unknown statistic.
    """
    statistic = chosen("statistic", name, STATISTICS)
    matrix = statistic.matrix(worms, profile, store)
    rows = [{"statistic": name, "without": "", "value": statistic.summary(matrix)}]
    for place, worm in enumerate(worms if each else []):
        kept = np.delete(np.delete(matrix, place, axis=0), place, axis=1)
        rows.append({"statistic": name, "without": worm.worm, "value": statistic.summary(kept)})
    return pd.DataFrame(rows)


def roughness(worms: Sequence[Recording]) -> float:
    """Noise of the traces, as a share of their spread: median over neurons, mean over worms.

    Spread of second differences over sqrt(6), which is what white noise would give.
    """
    traces = [worm.select(PAPER_NEURONS).traces for worm in worms]
    shares = [np.diff(x, n=2, axis=0).std(axis=0) / np.sqrt(6) / x.std(axis=0) for x in traces]
    return float(np.mean([np.median(share) for share in shares]))


def dimension(worms: Sequence[Recording]) -> float:
    """Effective number of dimensions of the traces (participation ratio), mean over worms."""
    traces = [worm.select(PAPER_NEURONS).traces for worm in worms]
    spectra = [np.linalg.eigvalsh(np.corrcoef(x.T)) for x in traces]
    return float(np.mean([s.sum() ** 2 / (s**2).sum() for s in spectra]))


def describe(worms: Sequence[Recording]) -> pd.DataFrame:
    """Roughness and dimension of some worms, as `measure` gives statistics."""
    found = {"roughness": roughness(worms), "dimension": dimension(worms)}
    return pd.DataFrame({"statistic": list(found), "without": "", "value": list(found.values())})
