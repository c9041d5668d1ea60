"""What can be read of worms whose neurons have no names: only their activity tells them apart.

Every neuron gives the features of the general decoder: its trace minus the running mean, and its
derivative. They are weighed without names, in one of two ways:

- by the first principal component of all features. It does not say which of its sides is *reverse*.
  That is *told* by the labels (a bound, not a way), or guessed by its *skewness* (where reversals
  are rare, they reach further from the mean), or by the weights of the second way;
- by *statistics* of each neuron's activity: a ridge regression, trained on other worms, says from
  them how the neuron's features follow reversals.

A frame's score, standardised over the recording, is *reverse* above one threshold, which worms of
the training laboratory set when left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kurtosis, skew
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from wormgnn.datasets import registry
from wormgnn.decoder import BANDS_S
from wormgnn.decoder.recordings import balanced_accuracy
from wormgnn.linear import Array, views
from wormgnn.paper.studies.decoder import LABORATORIES, laboratories
from wormgnn.recording import NO_STATE, Recording
from wormgnn.results import Table
from wormgnn.states import TWO, merge
from wormgnn.statistics import bootstrap_interval

TOLD, SKEWNESS = "component, side told", "component, side by skewness"
SIDED, STATISTICS = "component, side by statistics", "statistics"
UNNAMED = "without names"
"""Laboratory of the animals that have no names."""

_LAGS_S = (1.0, 3.0, 10.0)  # of autocorrelations
_THRESHOLDS = np.linspace(-1.5, 1.5, 61)


@dataclass(frozen=True)
class Bare:
    """A worm without its names.

    Attributes
    ----------
    codes
        States, shape (frames,).
    features
        For each of `BANDS_S`, shape (frames, neurons, 2).
    components
        Scores of their first principal component, shape (frames,), of arbitrary sign.
    statistics
        Of each neuron, `describe`.
    follows
        Correlation of each neuron's features with reversing, shape (neurons, 2).
    """

    codes: NDArray[np.int64]
    features: list[Array]
    components: list[Array]
    statistics: list[Array]
    follows: list[Array]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which frames have a state."""
        return self.codes != NO_STATE


def bare(worm: Recording) -> Bare:
    """All that the two ways need of a worm, without names."""
    numbered = tuple(f"N{column}" for column in range(len(worm.neurons)))
    unnamed, found = replace(worm, neurons=numbered), Bare(merge(worm, 2), [], [], [], [])
    reversing = _standard((found.codes[found.known] == TWO.index("reverse")).astype(np.float64))
    for seconds in BANDS_S:
        flat = views(unnamed, numbered, seconds)
        features = flat.reshape(worm.n_frames, -1, 2)
        component = flat @ np.linalg.eigh(flat.T @ flat)[1][:, -1]
        found.features.append(features)
        found.components.append(component)
        found.statistics.append(describe(features, component, worm.fps))
        found.follows.append(_correlation(reversing, features[found.known]))
    return found


def describe(features: Array, component: Array, fps: float) -> Array:
    """Statistics of each neuron, shape (neurons, statistics).

    Of its trace and of its derivative: skewness, kurtosis, autocorrelation at three lags, and the
    correlation, with its sign and without, with the mean trace and the mean derivative of all
    neurons and with their first component, turned so that it is skewed to above.
    """
    columns = [skew(features, axis=0), kurtosis(features, axis=0)]
    for lag_s in _LAGS_S:
        lag = min(max(1, round(lag_s * fps)), len(features) - 1)
        columns.append((features[lag:] * features[:-lag]).mean(axis=0))
    means = features.mean(axis=1)
    for shared in (means[:, 0], means[:, 1], component * np.sign(skew(component))):
        likeness = _correlation(_standard(shared), features)
        columns += [likeness, np.abs(likeness)]
    return np.concatenate(columns, axis=1)


def frames(worm: Bare, train: Sequence[Bare]) -> dict[str, Array]:
    """Score of each frame by each way, standardised, shape (frames,), after training worms."""
    total = dict.fromkeys((TOLD, SKEWNESS, SIDED, STATISTICS), np.zeros(len(worm.codes)))
    for band, (features, component) in enumerate(zip(worm.features, worm.components, strict=True)):
        model = make_pipeline(StandardScaler(), RidgeCV(np.geomspace(1, 1e4, 9)))
        model.fit(
            np.concatenate([other.statistics[band] for other in train]),
            np.concatenate([other.follows[band] for other in train]),
        )
        weights = model.predict(worm.statistics[band])
        weighed = _standard(np.tensordot(features, weights, axes=2))
        told = np.corrcoef(component[worm.known], worm.codes[worm.known])[0, 1]
        sides = {TOLD: told, SKEWNESS: skew(component), SIDED: component @ weighed}
        for way, side in sides.items():
            total[way] = total[way] + _standard(component) * np.sign(side)
        total[STATISTICS] = total[STATISTICS] + weighed
    return {way: _standard(score) for way, score in total.items()}


def scores(train: Sequence[Recording], others: Mapping[str, Sequence[Recording]]) -> pd.DataFrame:
    """How well each way decodes: training worms, each left out in turn, and those of others.

    Columns laboratory, worm, n_neurons, way, threshold, balanced_accuracy, majority.
    """
    known = [bare(worm) for worm in train]
    rows = []
    for laboratory, worms in {train[0].dataset: train, **others}.items():
        for worm in worms:
            own = [k for k, other in zip(known, train, strict=True) if other is not worm]
            here = bare(worm)
            held = [frames(one, [k for k in own if k is not one]) for one in own]
            about = {"laboratory": laboratory, "worm": worm.worm, "n_neurons": len(worm.neurons)}
            majority = np.bincount(here.codes[here.known]).max() / here.known.sum()
            for way, score in frames(here, own).items():
                threshold = _threshold(own, [one[way] for one in held])
                right = _right(here, score, threshold)
                scored = {"way": way, "threshold": threshold, "balanced_accuracy": right}
                rows.append({**about, **scored, "majority": majority})
    return pd.DataFrame(rows)


def by_way(rows: pd.DataFrame) -> pd.DataFrame:
    """Balanced accuracies of `scores` in percent, a row for each way and laboratory.

    Columns way, laboratory, n, mean, low, high: a 95 % interval over worms.
    """
    lines = []
    for (way, laboratory), part in rows.groupby(["way", "laboratory"], sort=False):
        mean, low, high = 100 * np.array(bootstrap_interval(part["balanced_accuracy"]))
        about = {"way": way, "laboratory": LABORATORIES.get(str(laboratory), laboratory)}
        lines.append(about | {"n": len(part), "mean": mean, "low": low, "high": high})
    return pd.DataFrame(lines)


def of_table(table: Table) -> pd.DataFrame:
    """`scores` of the worms of a run, and of the animals without names that are in the data folder.

    The first dataset trains.
    """
    train, *others = laboratories(table).values()
    paths = sorted((registry.data_folder() / "dag2023_unnamed").glob("*.h5"))
    unnamed = [worm for path in paths for worm in registry.read(path)]
    return scores(train, {worms[0].dataset: worms for worms in others} | {UNNAMED: unnamed})


def _standard(values: Array) -> Array:
    return np.asarray((values - values.mean()) / values.std())


def _correlation(standard: Array, features: Array) -> Array:
    """Of standardised values, shape (frames,), with each feature, shape (neurons, 2)."""
    spread = features.std(axis=0)
    product = np.tensordot(standard, features - features.mean(axis=0), axes=(0, 0))
    return np.asarray(product / len(features) / np.where(spread > 0, spread, 1.0))


def _threshold(worms: Sequence[Bare], scores: Sequence[Array]) -> float:
    """Above which frames are best called *reverse*, on average over worms."""
    pairs = zip(worms, scores, strict=True)
    right = [[_right(worm, score, t) for t in _THRESHOLDS] for worm, score in pairs]
    return float(_THRESHOLDS[np.mean(right, axis=0).argmax()])


def _right(worm: Bare, score: Array, threshold: float) -> float:
    return balanced_accuracy(worm.codes, (score > threshold).astype(np.int64), 2)
