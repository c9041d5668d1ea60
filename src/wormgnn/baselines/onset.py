"""Telling the onset of backward crawling from the neurons of one worm, or of an average worm.

Paper, Figure 1E, after Brennan and Proekt 2019: a worm's own neurons tell the onset, neurons
averaged over the other worms do not. The decoder there is not described in the paper; here it
is logistic regression on trace and derivative at one moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from wormgnn.errors import RecordingError
from wormgnn.features import derivative
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.states import FOUR, around, bouts_of, merge

Floats = NDArray[np.float64]
LAGS_S: Floats = np.arange(-10.0, 10.25, 0.5, dtype=np.float64)
"""Seconds since the onset at which activity is looked at."""
NEAR_S, FAR_S = 1.0, 4.0
"""Lags up to `NEAR_S` are onset, lags from `FAR_S` are not; those between are left out."""
MIN_ONSETS = 5
DECODERS = ("own neurons", "average of other worms", "other worms, not averaged")


@dataclass(frozen=True)
class Trials:
    """Activity around each onset of backward crawling in one worm.

    Attributes
    ----------
    worm
        Its name.
    x
        Trace and derivative of each neuron, shape (onsets, lags, 2 * neurons).
    """

    worm: str
    x: Floats


def trials(
    recording: Recording, neurons: Sequence[str] = PAPER_NEURONS, standardise: bool = True
) -> Trials:
    """Activity around each onset whose lags all lie within the recording.

    Each signal has mean 0 and variance 1 over the recording, or stays as it is in dF/F0
    and dF/F0 per second without `standardise`.
    RecordingError for fewer than `MIN_ONSETS` of them.
    """
    chosen = recording.select(neurons)
    signals = np.concatenate([chosen.traces, derivative(chosen)], axis=1)
    if standardise:
        signals = (signals - signals.mean(axis=0)) / signals.std(axis=0)
    found = bouts_of(merge(recording, 4), FOUR.index("reverse"))
    onsets = np.array([bout.start for bout in found if bout.start > 0], dtype=np.int64)
    x = np.stack([around(s, recording.times, onsets, LAGS_S) for s in signals.T], axis=2)
    x = x[np.isfinite(x).all(axis=(1, 2))]
    if len(x) < MIN_ONSETS:
        raise RecordingError(
            f"{recording.worm}: {len(x)} onsets of backward crawling with {LAGS_S[-1]:.0f} s on "
            f"either side: expected {MIN_ONSETS} or more"
        )
    return Trials(recording.worm, x)


def decode_all(
    recordings: Sequence[Recording],
    neurons: Sequence[str] = PAPER_NEURONS,
    n_folds: int = 5,
    seed: int = 0,
    standardise: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Decode every worm's onsets from its own neurons and from the other worms'.

    Returns
    -------
    scores
        One row per worm and decoder: worm, decoder, standardised, n_onsets, auc (area under the ROC
        curve, 0.5 is chance), balanced_accuracy (0.5 is chance) at the decoder's own threshold.
    curves
        Mean decoded probability of onset: worm, decoder, lag_s, probability.
    """
    worms = {r.worm: trials(r, neurons, standardise) for r in recordings}
    scores, curves = [], []
    for name, own in worms.items():
        others = [other for other in worms.values() if other.worm != name]
        for decoder, probability in _decoded(own, others, n_folds, seed).items():
            row = {"worm": name, "decoder": decoder}
            about = {"standardised": standardise, "n_onsets": len(own.x)}
            scores.append(row | about | _score(probability))
            mean = probability.mean(axis=0)
            curves += [
                row | {"lag_s": t, "probability": p} for t, p in zip(LAGS_S, mean, strict=True)
            ]
    return pd.DataFrame(scores), pd.DataFrame(curves)


def averaged(others: Sequence[Trials], rng: np.random.Generator) -> Floats:
    """Trials of an average worm, shape (onsets, lags, features).

    Each is the mean over worms of one onset of each, drawn without replacement as far as
    a worm's onsets go; as many as the worm with the most has.
    """
    most = max(len(other.x) for other in others)
    drawn = [other.x[np.resize(rng.permutation(len(other.x)), most)] for other in others]
    return np.asarray(np.mean(drawn, axis=0))


def _decoded(
    own: Trials, others: Sequence[Trials], n_folds: int, seed: int
) -> Mapping[str, Floats]:
    """Probability of onset from each decoder, shape (onsets, lags)."""
    rng = np.random.default_rng(seed)
    fold = rng.permutation(np.arange(len(own.x)) % n_folds)
    by_own = np.empty(own.x.shape[:2])
    for k in range(min(n_folds, len(own.x))):
        by_own[fold == k] = _probability(own.x[fold != k], own.x[fold == k])
    pooled = np.concatenate([other.x for other in others])
    by_others = (_probability(train, own.x) for train in (averaged(others, rng), pooled))
    return dict(zip(DECODERS, (by_own, *by_others), strict=True))


def _probability(train: Floats, test: Floats) -> Floats:
    known, onset = _labels()
    x = train[:, known].reshape(-1, train.shape[2])
    y = np.tile(onset[known], len(train))
    model = LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000).fit(x, y)
    flat = model.predict_proba(test.reshape(-1, test.shape[2]))[:, 1]
    return np.asarray(flat.reshape(test.shape[:2]))


def _labels() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which lags are scored, and which of all lags are onset."""
    onset = np.abs(LAGS_S) <= NEAR_S
    return onset | (np.abs(LAGS_S) >= FAR_S), onset


def _score(probability: Floats) -> dict[str, float]:
    known, onset = _labels()
    p = probability[:, known].ravel()
    y = np.tile(onset[known], len(probability))
    balanced = ((p[y] >= 0.5).mean() + (p[~y] < 0.5).mean()) / 2
    return {"auc": float(roc_auc_score(y, p)), "balanced_accuracy": float(balanced)}
