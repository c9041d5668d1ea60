"""Another laboratory's animals: by whom, and how well, they are decoded; and worms without names.

Only their activity tells the neurons of those apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

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
from wormgnn.paper.studies import decoder
from wormgnn.paper.studies.decoder import BOTH, LABORATORIES, intervals
from wormgnn.recording import NO_STATE, Recording
from wormgnn.runner import Table
from wormgnn.states import TWO, merge


def of_animals(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows evaluate an animal of the other laboratory, shape (rows,)."""
    pairs = zip(rows["worm"], rows["animals"], strict=True)
    return np.array([worm in animals.split("+") for worm, animals in pairs], dtype=bool)


def essential(table: Table) -> pd.DataFrame:
    """The unseen rows worth keeping as a reference, about a third.

    Of animals, members trained on the fewest and on the most worms; of training worms, members
    trained on all others.
    """
    rows = table.rows[~table.rows["seen"]]
    abroad = of_animals(rows)
    n_train = rows.assign(abroad=abroad).groupby(["train", "abroad"])["n_train"]
    most, fewest = n_train.transform("max"), n_train.transform("min")
    kept = (rows["n_train"] == most) | (abroad & (rows["n_train"] == fewest))
    return rows[kept].reset_index(drop=True)


ABROAD, WITHIN, HOME = "another laboratory", "their own laboratory", "training worms, left out"
"""Values of `case`: animals by models trained on the training worms, animals by models trained on
the other animals, and training worms by models trained on the other training worms."""

AS_RECORDED: Mapping[str, Any] = {"neurons": "own", "view": "as recorded", "scaling": "whole"}
"""The main choice: each animal's own neurons, their traces, scaled by the whole recording."""


def by_worm(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over members for each unseen worm, of members trained on the most worms of each case.

    Columns case, model, neurons, view, scaling, worm, seen, n_states, members, accuracy,
    balanced_accuracy, majority. Training worms are averaged over sets of neurons too: animals have
    one each.
    """
    rows = rows[~rows["seen"]]
    there = of_animals(rows.assign(worm=rows["subset"].str.partition("+")[0]))
    rows = rows.assign(case=np.select([there, of_animals(rows)], [WITHIN, ABROAD], HOME))
    rows = rows[rows["n_train"] == rows.groupby("case")["n_train"].transform("max")]
    keys = ["case", "model", *AS_RECORDED, "worm", "seen", "n_states"]
    means = {score: (score, "mean") for score in ("accuracy", "balanced_accuracy")}
    means = {"members": ("accuracy", "size"), **means, "majority": ("majority", "first")}
    return rows.groupby(keys, sort=False).agg(**means).reset_index()


HERE, THERE = LABORATORIES.values()
"""Laboratories of the table: of the worms that train the paper's models, and of the animals."""

_NAMES = LABORATORIES | {BOTH: "both"}


def decoders(means: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Unseen worms by every decoder, a row each, two states.

    `means` is a table of `by_worm`, of which the main choice is taken; `scores` that of
    `decoder.evaluate`. Columns decoder, trained_on, laboratory, worm, seen, n_states, accuracy,
    balanced_accuracy, majority.
    """
    models = means[(means[list(AS_RECORDED)] == pd.Series(AS_RECORDED)).all(axis=1)]
    models = models[models["case"] != WITHIN].assign(
        decoder=models["model"],
        trained_on=HERE,
        laboratory=models["case"].map({HOME: HERE, ABROAD: THERE}),
    )
    own = scores[scores["n_states"] == 2]
    own = own.assign(
        decoder="BehaviourDecoder",
        trained_on=own["trained_on"].map(_NAMES),
        laboratory=own["laboratory"].map(_NAMES),
        seen=False,
    )
    columns = ["decoder", "trained_on", "laboratory", "worm", "seen", "n_states"]
    columns += ["accuracy", "balanced_accuracy", "majority"]
    return pd.concat([models[columns], own[columns]], ignore_index=True)


def laboratories(rows: pd.DataFrame) -> pd.DataFrame:
    """Laboratories by decoders, of `decoders`: a line for each decoder and what trained it.

    For each laboratory: balanced accuracy in percent with its 95 % interval over worms, and
    accuracy. The last line is the majority class, whose balanced accuracy is that of chance.
    """
    majority = rows.drop_duplicates("worm").assign(decoder="majority class", trained_on="")
    majority = majority.assign(accuracy=majority["majority"], balanced_accuracy=1 / 2)
    every, keys = pd.concat([rows, majority]), ["decoder", "trained_on"]
    means = 100 * every.groupby([*keys, "laboratory"])["accuracy"].mean()
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for _, line, trained_on, lab, n, *ends in intervals(every, [*keys, "laboratory"]).itertuples():
        cells = lines.setdefault((line, trained_on), {"decoder": line, "trained_on": trained_on})
        cells[f"{lab} (n = {n})"] = "{:.1f} [{:.1f}, {:.1f}]".format(*ends)
        cells[f"{lab}, accuracy"] = f"{means[line, trained_on, lab]:.1f}"
    table = pd.DataFrame(lines.values())
    return table[[*keys, *sorted(table.columns.drop(keys), key=lambda n: n.startswith(THERE))]]


def by_distance(scores: pd.DataFrame, robustness: pd.DataFrame) -> pd.DataFrame:
    """Recordings of unseen worms by Kato's decoder of two states, as recorded and disturbed.

    Columns laboratory, worm, disturbance, decoder, distance, limit, balanced_accuracy.
    """
    two = scores[(scores["n_states"] == 2) & (scores["trained_on"] == "kato")]
    plain = two.assign(disturbance="as recorded")
    changed = robustness[robustness["disturbance"] != "as recorded"].assign(laboratory="kato")
    columns = ["laboratory", "worm", "disturbance", "decoder", "distance", "limit"]
    return pd.concat([plain, changed], ignore_index=True)[[*columns, "balanced_accuracy"]]


def beside_limit(recordings: pd.DataFrame, third: pd.DataFrame) -> pd.DataFrame:
    """Distances over their limits (`ratio`), and whose recordings (`recordings`), for a figure.

    `recordings` as of `by_distance`, `third` as of `decoder.against_ava`.
    """
    whose = recordings["laboratory"].map(LABORATORIES)
    plain = recordings["disturbance"] == "as recorded"
    own = recordings.assign(recordings=whose.where(plain, whose + ", disturbed"))
    every = pd.concat([own, third.assign(recordings="third laboratory")])
    return every.assign(ratio=every["distance"] / every["limit"])[["recordings", "ratio"]]


def distance_predicts(recordings: pd.DataFrame, n: int = 2000, seed: int = 0) -> dict[str, float]:
    """Rank correlation of distance and balanced accuracy, with a 95 % bootstrap over worms.

    `recordings` as of `by_distance`. Keys correlation, low, high, recordings, worms.
    """
    worms = [part for _, part in recordings.groupby("worm")]
    rng = np.random.default_rng(seed)

    def correlation(numbers: Iterable[int]) -> float:
        pairs = pd.concat([worms[k] for k in numbers])[["distance", "balanced_accuracy"]]
        return float(pairs.corr(method="spearman").to_numpy()[0, 1])

    drawn = [correlation(rng.integers(len(worms), size=len(worms))) for _ in range(n)]
    low, high = map(float, np.nanquantile(drawn, (0.025, 0.975)))
    ends = {"correlation": correlation(range(len(worms))), "low": low, "high": high}
    return ends | {"recordings": len(recordings), "worms": len(worms)}


# --- worms without names
#
# Every neuron gives the features of the general decoder: its trace minus the running mean, and its
# derivative. They are weighed without names, in one of two ways:
#
# - by the first principal component of all features. It does not say which of its sides is reverse.
#   That is told by the labels (a bound, not a way), or guessed by its skewness (where reversals are
#   rare, they reach further from the mean), or by the weights of the second way;
# - by statistics of each neuron's activity: a ridge regression, trained on other worms, says from
#   them how the neuron's features follow reversals.
#
# A frame's score, standardised over the recording, is reverse above one threshold, which worms of
# the training laboratory set when left out.

TOLD, SKEWNESS = "component, side told", "component, side by skewness"
SIDED, STATISTICS = "component, side by statistics", "statistics"
UNNAMED = "without names"
"""Laboratory of the animals that have no names."""

_LAGS_S = (1.0, 3.0, 10.0)  # of autocorrelations
_THRESHOLDS = np.linspace(-1.5, 1.5, 61)


class Band(NamedTuple):
    """What is left of a worm when one of the running means of `BANDS_S` is taken away."""

    features: Array  # (frames, neurons, 2)
    component: Array  # scores of their first principal component, (frames,), of arbitrary sign
    statistics: Array  # of each neuron, `describe`
    follows: Array  # correlation of each neuron's features with reversing, (neurons, 2)


class Bare(NamedTuple):
    """A worm without its names: its states, shape (frames,), which are known, and its bands."""

    codes: NDArray[np.int64]
    known: NDArray[np.bool_]
    bands: list[Band]


def bare(worm: Recording) -> Bare:
    """All that the two ways need of a worm, without names."""
    numbered = tuple(f"N{column}" for column in range(len(worm.neurons)))
    unnamed, codes, bands = replace(worm, neurons=numbered), merge(worm, 2), []
    known = codes != NO_STATE
    reversing = _standard((codes[known] == TWO.index("reverse")).astype(np.float64))
    for seconds in BANDS_S:
        flat = views(unnamed, numbered, seconds)
        features = flat.reshape(worm.n_frames, -1, 2)
        component = flat @ np.linalg.eigh(flat.T @ flat)[1][:, -1]
        statistics = describe(features, component, worm.fps)
        bands.append(
            Band(features, component, statistics, _correlation(reversing, features[known]))
        )
    return Bare(codes, known, bands)


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
    for band, *others in zip(worm.bands, *(other.bands for other in train), strict=True):
        model = make_pipeline(StandardScaler(), RidgeCV(np.geomspace(1, 1e4, 9)))
        follows = np.concatenate([other.follows for other in others])
        model.fit(np.concatenate([other.statistics for other in others]), follows)
        weighed = _standard(np.tensordot(band.features, model.predict(band.statistics), axes=2))
        told = np.corrcoef(band.component[worm.known], worm.codes[worm.known])[0, 1]
        sides = {TOLD: told, SKEWNESS: skew(band.component), SIDED: band.component @ weighed}
        for way, side in sides.items():
            total[way] = total[way] + _standard(band.component) * np.sign(side)
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


def of_table(table: Table) -> pd.DataFrame:
    """`scores` of the worms of a run, and of the animals without names that are in the data folder.

    The first dataset trains.
    """
    train, *others = decoder.laboratories(table).values()
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
