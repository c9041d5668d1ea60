"""Each worm by itself, and worms pooled: principal components, and the onset of reversals.

Paper, Background and Figure S1, after Kato et al. 2015: three components of the derivatives
carry about 65 % of the variance, and the trajectory runs in loops that match behaviour;
pooled over worms the structure is said to be lost. Here that loss is a number.

Paper, Figure 1E, after Brennan and Proekt 2019: a worm's own neurons tell the onset of
backward crawling, neurons averaged over the other worms do not. The decoder there is not
described in the paper; here it is logistic regression on trace and derivative at one moment.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score, roc_auc_score, silhouette_score
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from wormgnn.errors import RecordingError
from wormgnn.features import derivative
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.states import FOUR, SEVEN, around, bouts_of, merge

Floats = NDArray[np.float64]

N_COMPONENTS, NEIGHBOURS, N_BLOCKS, N_FOLDS = 3, 15, 10, 5
SMOOTHING_S = 1.5
"""Standard deviation of the Gaussian that differentiates. Kato et al. regularised the total
variation instead, which our file does not hold; how much this matters: see `variance`."""

WIDTHS_S = (0.7, SMOOTHING_S, 3.0)
"""Of `variance`."""

OWN, POOLED = ["own_1", "own_2", "own_3"], ["pooled_1", "pooled_2", "pooled_3"]
"""Columns of a worm's own components (all neurons), and of those of all worms (shared neurons)."""

EVERY_FRAMES = 3
"""One frame in so many is kept: three coordinates and a state tell how activity runs, and cannot be
turned back into traces."""

STATE_NAMES = np.array([*SEVEN, None], dtype=object)
"""Names of the codes of the seven states; the last, of -1, is none."""

LAGS_S: Floats = np.arange(-10.0, 10.25, 0.5, dtype=np.float64)
"""Seconds since the onset at which activity is looked at."""
NEAR_S, FAR_S = 1.0, 4.0
"""Lags up to `NEAR_S` are onset, lags from `FAR_S` are not; those between are left out."""
MIN_ONSETS = 5
DECODERS = ("own neurons", "average of other worms", "other worms, not averaged")

_ONSET = np.abs(LAGS_S) <= NEAR_S
_SCORED = _ONSET | (np.abs(LAGS_S) >= FAR_S)


class Projection(NamedTuple):
    """One worm's derivatives on three components, and the share of its variance that each has."""

    worm: str
    scores: Floats  # (frames, 3)
    variance: Floats  # (3,)
    states: NDArray[np.int64]  # codes, (frames,)


def smooth_derivatives(
    recording: Recording,
    neurons: Sequence[str] | None = None,
    peak: bool = False,
    smoothing_s: float = SMOOTHING_S,
) -> Floats:
    """Time derivatives (by a Gaussian) with their mean removed, shape (frames, neurons).

    All neurons of the worm, named or not, when `neurons` is None: Kato et al. used all. With `peak`
    each trace is first divided by its largest modulus. Constant traces, and those with gaps, are
    left out.
    """
    traces = (recording if neurons is None else recording.select(neurons)).traces
    traces = traces[:, np.isfinite(traces).all(axis=0) & (np.ptp(traces, axis=0) > 0)]
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
    leading = vectors[:, ::-1][:, :N_COMPONENTS]
    largest = leading[np.abs(leading).argmax(axis=0), np.arange(N_COMPONENTS)]
    return np.asarray(leading * np.sign(largest))


def project(
    recordings: Sequence[Recording],
    neurons: Sequence[str] | None = None,
    pooled: bool = False,
    n_states: int = 7,
    peak: bool = False,
) -> list[Projection]:
    """Each worm on its own components, or on those of all worms' frames together (`pooled`).

    Of all of its neurons unless some are named; worms share the neurons that are pooled.
    """
    slopes = [smooth_derivatives(recording, neurons, peak) for recording in recordings]
    shared = axes_of(np.concatenate(slopes)) if pooled else None
    projections = []
    for recording, x in zip(recordings, slopes, strict=True):
        scores = x @ (axes_of(x) if shared is None else shared)
        shares = (scores**2).sum(axis=0) / (x**2).sum()
        states = merge(recording, n_states)
        projections.append(Projection(recording.worm, scores, shares, states))
    return projections


def on_components(recordings: Sequence[Recording]) -> pd.DataFrame:
    """Derivatives of each worm on its own components, and on those of all worms together.

    Columns worm, state, and those of `OWN` (in units of the worm's standard deviation on the
    first) and of `POOLED` (of all worms' on the first). Ordered in time.
    """
    own = project(recordings)
    pooled = project(recordings, PAPER_NEURONS, pooled=True)
    unit = np.concatenate([one.scores[:, 0] for one in pooled]).std()
    tables = []
    for alone, together in zip(own, pooled, strict=True):
        table = pd.DataFrame({"worm": alone.worm, "state": STATE_NAMES[alone.states]})
        table[OWN] = (alone.scores / alone.scores[:, 0].std()).round(2)
        table[POOLED] = (together.scores / unit).round(2)
        tables.append(table[::EVERY_FRAMES])
    return pd.concat(tables, ignore_index=True)


def variance(recordings: Sequence[Recording]) -> pd.DataFrame:
    """Share of variance of three own components over all neurons, as the derivative varies.

    Columns: worm, smoothing_s, peak (were traces divided by their peak), variance.
    """
    rows = []
    for recording, peak, smoothing_s in itertools.product(recordings, (False, True), WIDTHS_S):
        x = smooth_derivatives(recording, None, peak, smoothing_s)
        share = float(((x @ axes_of(x)) ** 2).sum() / (x**2).sum())
        rows.append((recording.worm, smoothing_s, peak, share))
    return pd.DataFrame(rows, columns=["worm", "smoothing_s", "peak", "variance"])


WAYS: dict[str, tuple[Sequence[str] | None, bool]] = {
    "own axes, all neurons": (None, False),
    "own axes, shared neurons": (PAPER_NEURONS, False),
    "pooled axes, shared neurons": (PAPER_NEURONS, True),
}
"""Ways to project: which neurons, and whether worms are pooled."""


def describe(
    recordings: Sequence[Recording], n_states: int = 4, peak: bool = False
) -> pd.DataFrame:
    """Variance and separability of states, per worm and way of projecting.

    Columns projection (of `WAYS`), peak, worm, variance (share of three components), silhouette (of
    the states, -1 to 1), knn_within (balanced accuracy of nearest neighbours between blocks of the
    same worm), knn_across (the same from the other worms to this one; chance is 1 / states).
    Coordinates are divided by their standard deviation.
    """
    rows = []
    for way, how in WAYS.items():
        worms = project(recordings, *how, n_states, peak)
        known = [one.states >= 0 for one in worms]
        x = [(one.scores / one.scores.std(axis=0))[k] for one, k in zip(worms, known, strict=True)]
        y = [one.states[k] for one, k in zip(worms, known, strict=True)]
        for n, one in enumerate(worms):
            frame, neighbours = np.flatnonzero(known[n]), KNeighborsClassifier(NEIGHBOURS)
            some = frame % 3 == 0
            blocks = PredefinedSplit(frame * N_BLOCKS // len(one.states))
            within = cross_val_predict(neighbours, x[n], y[n], cv=blocks)
            rest_x, rest_y = (np.concatenate(part[:n] + part[n + 1 :]) for part in (x, y))
            across = neighbours.fit(rest_x, rest_y).predict(x[n])
            balanced = {"labels": np.unique(y[n]), "average": "macro"}
            scores = {
                "variance": one.variance.sum(),
                "silhouette": silhouette_score(x[n][some], y[n][some]),
                "knn_within": float(recall_score(y[n], within, **balanced)),
                "knn_across": float(recall_score(y[n], across, **balanced)),
            }
            rows.append({"projection": way, "peak": peak, "worm": one.worm} | scores)
    return pd.DataFrame(rows)


def trials(
    recording: Recording, neurons: Sequence[str] = PAPER_NEURONS, standardise: bool = True
) -> Floats:
    """Trace and derivative around onsets of backward crawling, (onsets, lags, 2 * neurons).

    Onsets are those whose lags all lie within the recording. Each signal has mean 0 and variance 1
    over the recording, or stays as it is in dF/F0 and dF/F0 per second without `standardise`.
    RecordingError for fewer than `MIN_ONSETS` of them.
    """
    worm = recording.select(neurons)
    signals = np.concatenate([worm.traces, derivative(worm)], axis=1)
    if standardise:
        signals = (signals - signals.mean(axis=0)) / signals.std(axis=0)
    bouts = bouts_of(merge(recording, 4), FOUR.index("reverse"))
    onsets = np.array([bout.start for bout in bouts if bout.start > 0], dtype=np.int64)
    x = np.stack([around(s, recording.times, onsets, LAGS_S) for s in signals.T], axis=2)
    x = x[np.isfinite(x).all(axis=(1, 2))]
    if len(x) < MIN_ONSETS:
        raise RecordingError(
            f"{recording.worm}: {len(x)} onsets of backward crawling with {LAGS_S[-1]:.0f} s on "
            f"either side: expected {MIN_ONSETS} or more"
        )
    return x


def decode_onsets(
    recordings: Sequence[Recording],
    neurons: Sequence[str] = PAPER_NEURONS,
    seed: int = 0,
    standardise: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Decode every worm's onsets from its own neurons and from the other worms'.

    Scores of each worm and decoder: worm, decoder, standardised, n_onsets, auc (area under the ROC
    curve) and balanced_accuracy (at the decoder's own threshold), of both of which 0.5 is chance.
    And the mean decoded probability of onset: worm, decoder, lag_s, probability.
    """
    worms = {r.worm: trials(r, neurons, standardise) for r in recordings}
    scores, curves = [], []
    for worm, x in worms.items():
        others = [other for name, other in worms.items() if name != worm]
        probabilities = _decoded(x, others, np.random.default_rng(seed))
        for decoder, probability in zip(DECODERS, probabilities, strict=True):
            row = {"worm": worm, "decoder": decoder}
            onset, rest = probability[:, _ONSET], probability[:, _SCORED & ~_ONSET]
            truth = np.repeat([True, False], [onset.size, rest.size])
            auc = roc_auc_score(truth, np.concatenate([onset.ravel(), rest.ravel()]))
            balanced = ((onset >= 0.5).mean() + (rest < 0.5).mean()) / 2
            about = {"standardised": standardise, "n_onsets": len(x)}
            scores.append(row | about | {"auc": auc, "balanced_accuracy": balanced})
            curves.append(pd.DataFrame(row | {"lag_s": LAGS_S, "probability": probability.mean(0)}))
    return pd.DataFrame(scores), pd.concat(curves, ignore_index=True)


def _decoded(
    own: Floats, others: Sequence[Floats], rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Probability of onset from each of `DECODERS`, shape (onsets, lags).

    An onset of the average worm is the mean over worms of one onset of each, drawn without
    replacement as far as a worm's onsets go; as many as the worm with the most has.
    """

    def probability(train: Floats, test: Floats) -> Floats:
        x, y = train[:, _SCORED].reshape(-1, train.shape[2]), np.tile(_ONSET[_SCORED], len(train))
        model = LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000).fit(x, y)
        flat = model.predict_proba(test.reshape(-1, test.shape[2]))[:, 1]
        return np.asarray(flat.reshape(test.shape[:2]))

    fold = rng.permutation(np.arange(len(own)) % N_FOLDS)
    by_own = np.empty(own.shape[:2])
    for k in np.unique(fold):
        by_own[fold == k] = probability(own[fold != k], own[fold == k])
    most = max(map(len, others))
    drawn = [other[np.resize(rng.permutation(len(other)), most)] for other in others]
    average, unlike = np.mean(drawn, axis=0), np.concatenate(others)
    return by_own, probability(average, own), probability(unlike, own)
