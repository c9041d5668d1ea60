"""Principal components of the derivatives: each worm's own, and those of all worms pooled.

Paper, Background and Figure S1, after Kato et al. 2015: three components carry about 65 % of
the variance, and the trajectory runs in loops that match behaviour; pooled over worms the
structure is said to be lost. Here that loss is a number.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier

from wormgnn.errors import RecordingError
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.states import merge

Floats = NDArray[np.float64]
N_COMPONENTS = 3
SMOOTHING_S = 1.5
"""Standard deviation of the Gaussian that differentiates. Kato et al. regularised the total
variation instead, which our file does not hold; how much this matters: see `variance`."""
NEIGHBOURS = 15
N_BLOCKS = 10


@dataclass(frozen=True)
class Projection:
    """One worm's derivatives on three components.

    Attributes
    ----------
    worm
        Its name.
    scores
        Coordinates, shape (frames, 3).
    variance
        Share of the worm's variance that each component carries, shape (3,).
    states
        State codes, shape (frames,).
    """

    worm: str
    scores: Floats
    variance: Floats
    states: NDArray[np.int64]


def smooth_derivatives(
    recording: Recording,
    neurons: Sequence[str] | None = None,
    peak: bool = False,
    smoothing_s: float = SMOOTHING_S,
) -> Floats:
    """Time derivatives with their mean removed, shape (frames, neurons).

    All neurons of the worm, named or not, when `neurons` is None: Kato et al. used all. The
    trace is convolved with the derivative of a Gaussian of `smoothing_s` seconds. With
    `peak` each trace is first divided by its largest modulus. Constant traces, and those
    with gaps, are left out.
    """
    chosen = recording if neurons is None else recording.select(neurons)
    whole = np.isfinite(chosen.traces).all(axis=0)
    traces = chosen.traces[:, whole & (np.ptp(chosen.traces, axis=0) > 0)]
    if peak:
        traces = traces / np.abs(traces).max(axis=0)
    sigma_frames = smoothing_s * recording.fps
    slope = gaussian_filter1d(traces, sigma_frames, axis=0, order=1, mode="nearest")
    return np.asarray((slope - slope.mean(axis=0)) * recording.fps)


def axes_of(values: Floats) -> Floats:
    """First three principal axes, shape (columns, 3); the largest entry of each is positive.

    RecordingError for fewer than three columns.
    """
    if values.shape[1] < N_COMPONENTS:
        raise RecordingError(f"expected {N_COMPONENTS} neurons or more, got {values.shape[1]}")
    _, vectors = np.linalg.eigh(values.T @ values)
    found = vectors[:, ::-1][:, :N_COMPONENTS]
    largest = found[np.abs(found).argmax(axis=0), np.arange(N_COMPONENTS)]
    return np.asarray(found * np.sign(largest))


def own(
    recordings: Sequence[Recording],
    n_states: int = 7,
    neurons: Sequence[str] | None = None,
    peak: bool = False,
) -> list[Projection]:
    """Each worm on its own components; all of its neurons unless some are named."""
    parts = [smooth_derivatives(recording, neurons, peak) for recording in recordings]
    return [_project(r, x, axes_of(x), n_states) for r, x in zip(recordings, parts, strict=True)]


def pooled(
    recordings: Sequence[Recording],
    n_states: int = 7,
    neurons: Sequence[str] = PAPER_NEURONS,
    peak: bool = False,
) -> list[Projection]:
    """Each worm on the components of all worms' frames together, over shared neurons."""
    parts = [smooth_derivatives(recording, neurons, peak) for recording in recordings]
    axes = axes_of(np.concatenate(parts))
    return [_project(r, x, axes, n_states) for r, x in zip(recordings, parts, strict=True)]


def variance(
    recordings: Sequence[Recording], smoothings_s: Sequence[float] = (0.7, 1.5, 3.0)
) -> pd.DataFrame:
    """Share of variance of three own components over all neurons, as the derivative varies.

    Columns: worm, smoothing_s, peak (were traces divided by their peak), variance.
    """
    rows = []
    for recording, peak, smoothing_s in itertools.product(recordings, (False, True), smoothings_s):
        x = smooth_derivatives(recording, None, peak, smoothing_s)
        share = float(((x @ axes_of(x)) ** 2).sum() / (x**2).sum())
        row = {"worm": recording.worm, "smoothing_s": smoothing_s, "peak": peak, "variance": share}
        rows.append(row)
    return pd.DataFrame(rows)


def _project(recording: Recording, x: Floats, axes: Floats, n_states: int) -> Projection:
    scores = x @ axes
    variance = (scores**2).sum(axis=0) / (x**2).sum()
    return Projection(recording.worm, scores, variance, merge(recording, n_states))


def describe(
    recordings: Sequence[Recording], n_states: int = 4, peak: bool = False
) -> pd.DataFrame:
    """Variance and separability of states, per worm and way of projecting.

    Returns
    -------
    table
        Columns: projection, peak, worm, variance (share of three components), silhouette (of the
        states, -1 to 1), knn_within (balanced accuracy of nearest neighbours between blocks of
        the same worm), knn_across (the same from the other worms to this one; chance is
        1 / states). Coordinates are divided by their standard deviation.
    """
    ways = {
        "own axes, all neurons": own(recordings, n_states, peak=peak),
        "own axes, shared neurons": own(recordings, n_states, PAPER_NEURONS, peak),
        "pooled axes, shared neurons": pooled(recordings, n_states, peak=peak),
    }
    rows = [
        {
            "projection": way,
            "peak": peak,
            "worm": one.worm,
            "variance": float(one.variance.sum()),
            "silhouette": silhouette([one]),
            "knn_within": knn_within(one),
            "knn_across": knn_across(one, [other for other in worms if other is not one]),
        }
        for way, worms in ways.items()
        for one in worms
    ]
    return pd.DataFrame(rows)


def silhouette(worms: Sequence[Projection], every_frames: int = 3) -> float:
    """Silhouette of the states in three dimensions, over the frames of all the worms given."""
    x = np.concatenate([_standard(one)[::every_frames] for one in worms])
    y = np.concatenate([one.states[::every_frames] for one in worms])
    return float(silhouette_score(x[y >= 0], y[y >= 0]))


def knn_within(one: Projection) -> float:
    """Balanced accuracy of nearest neighbours, each tenth of the recording from the others."""
    block = np.arange(len(one.states)) * N_BLOCKS // len(one.states)
    x, guess = _standard(one), np.full(len(one.states), -1)
    for k in range(N_BLOCKS):
        train = (block != k) & (one.states >= 0)
        guess[block == k] = _knn(x[train], one.states[train], x[block == k])
    return _balanced(guess, one.states)


def knn_across(one: Projection, others: Sequence[Projection]) -> float:
    """Balanced accuracy of nearest neighbours among the frames of other worms."""
    x = np.concatenate([_standard(other) for other in others])
    y = np.concatenate([other.states for other in others])
    return _balanced(_knn(x[y >= 0], y[y >= 0], _standard(one)), one.states)


def _knn(x: Floats, y: NDArray[np.int64], new: Floats) -> NDArray[np.int64]:
    return np.asarray(KNeighborsClassifier(NEIGHBOURS).fit(x, y).predict(new))


def _standard(one: Projection) -> Floats:
    return one.scores / one.scores.std(axis=0)


def _balanced(guess: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    states = np.unique(truth[truth >= 0])
    return float(np.mean([(guess[truth == state] == state).mean() for state in states]))
