"""How well the decoder does on worms that it was not trained on: the numbers of its model card.

Among them a third laboratory's worms, with names and without labels.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter1d
from sklearn.linear_model import RidgeCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, cross_val_predict

from wormgnn.datasets import registry
from wormgnn.decoder import BehaviourDecoder, Trust
from wormgnn.decoding import Decoded, decode, score
from wormgnn.errors import DatasetUnavailableError, StateError
from wormgnn.linear import alike
from wormgnn.neurons import LABEL_DEFINING as AVA
from wormgnn.plots.style import use_style
from wormgnn.plots.timeline import decoding
from wormgnn.recording import NO_STATE, Recording
from wormgnn.runner import Table
from wormgnn.statistics import bootstrap_interval

BOTH = "all laboratories"
LABORATORIES = {"kato": "Kato 2015", "wormwideweb": "Dag 2023"}
"""Names of the training worms' laboratories."""
EDGES = np.array([0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
"""Of the bins of the probability of the state that was named."""
INTERVAL = ["mean", "low", "high"]
MINUTES = 10.0
"""Length of each recording of the third laboratory; its files hold no times."""

Laboratories = Mapping[str, Sequence[Recording]]
"""Worms by the dataset that they are from; those that train the paper's models come first."""


def intervals(
    rows: pd.DataFrame, by: Sequence[str], score: str = "balanced_accuracy"
) -> pd.DataFrame:
    """Columns `by`, n (rows), mean, low and high: a score in percent, with its 95 % interval."""
    groups = rows.groupby(list(by), sort=False)[score]
    ends = [100 * np.array(bootstrap_interval(values)) for _, values in groups]
    return groups.size().rename("n").reset_index().join(pd.DataFrame(ends, columns=INTERVAL))


def without(worm: Recording, worms: Sequence[Recording], **parameters: Any) -> BehaviourDecoder:
    """A decoder that was trained on all of the worms but one."""
    return BehaviourDecoder(**parameters).fit([other for other in worms if other is not worm])


def unseen(
    laboratories: Laboratories, n_states: int
) -> Iterator[tuple[str, BehaviourDecoder, Recording]]:
    """Trained on what, the decoder, and a worm that it has not seen, for every such pair.

    Training on each laboratory alone: its own worms left out in turn, and every other worm. Then on
    all of them, leaving each worm out. Whatever the decoder chooses, it chooses without that worm.
    """
    everyone = [worm for worms in laboratories.values() for worm in worms]
    for name, worms in [*laboratories.items(), (BOTH, everyone)]:
        try:
            whole = BehaviourDecoder(n_states).fit(worms)
        except StateError:  # its labels lack some of the states
            continue
        for worm in everyone:
            own = any(other is worm for other in worms)
            yield name, without(worm, worms, n_states=n_states) if own else whole, worm


def _facts(trust: Trust) -> dict[str, object]:
    facts = {"decoder": trust.decoder, "distance": trust.distance, "limit": trust.limit}
    return {**facts, "n_neurons": len(trust.neurons), "expected": trust.expected}


def evaluate(laboratories: Laboratories, n_states: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of every unseen worm, and counts for reliability curves.

    Scores: n_states, trained_on, worm, laboratory, decoder, distance, limit, n_neurons, expected,
    unsure, sure_accuracy (of frames that are not unsure), and those of `decoding.score`. Counts:
    n_states, trained_on, worm, probability (mean of the bin), right (fraction of frames; states
    weigh alike), frames.
    """
    rows, bins = [], []
    for trained_on, decoder, worm in unseen(laboratories, n_states):
        found = decode(worm, decoder)
        known = found.labelled != NO_STATE
        right, best = found.states == found.labelled, found.probabilities.max(axis=1)
        about = {"n_states": n_states, "trained_on": trained_on, "worm": worm.worm}
        sure = {"unsure": found.unsure[known].mean()}
        sure["sure_accuracy"] = right[known & ~found.unsure].mean()
        facts = {"laboratory": worm.dataset, **_facts(found.trust)}
        rows.append({**about, **facts, **sure, **score(found)})
        labels, right, best = found.labelled[known], right[known], best[known]
        weights, place = alike(labels), np.digitize(best, EDGES[1:-1])
        for index in np.unique(place):
            here = place == index
            probability, share = (np.average(x[here], weights=weights[here]) for x in (best, right))
            bins.append({**about, "probability": probability, "right": share, "frames": here.sum()})
    return pd.DataFrame(rows), pd.DataFrame(bins)


def calibration_error(reliability: pd.DataFrame) -> pd.Series[float]:
    """Expected calibration error of each worm: mean gap of probability and fraction right."""
    gap = (reliability["probability"] - reliability["right"]).abs() * reliability["frames"]
    keys = [reliability[name] for name in ("n_states", "trained_on", "worm")]
    return gap.groupby(keys).sum() / reliability["frames"].groupby(keys).sum()


_BALANCED = {"balanced": ("balanced_accuracy", "mean"), "lowest": ("balanced_accuracy", "min")}


def by_laboratory(scores: pd.DataFrame) -> pd.DataFrame:
    """Means over animals of `scores`, a row for each n_states, trained_on and laboratory.

    Columns animals, balanced, lowest (balanced accuracies), accuracy, majority, unsure, sure.
    """
    keys = ["n_states", "trained_on", "laboratory"]
    means = {name: (name, "mean") for name in ("accuracy", "majority", "unsure")}
    means["sure"] = ("sure_accuracy", "mean")
    groups = scores.groupby(keys, sort=False, as_index=False)
    return groups.agg(animals=("worm", "size"), **_BALANCED, **means)


def by_disturbance(robustness: pd.DataFrame) -> pd.DataFrame:
    """Means over worms of `robustness`, a row for each disturbance.

    Columns worms, neurons, distance (over the limit), local (worms that the local decoder took),
    balanced, lowest (balanced accuracies).
    """
    ratio = robustness["distance"] / robustness["limit"]
    rows = robustness.assign(local=robustness["decoder"] == "local", distance=ratio)
    means = {"neurons": ("n_neurons", "mean"), "distance": ("distance", "mean")}
    groups = rows.groupby("disturbance", sort=False, as_index=False)
    return groups.agg(worms=("worm", "size"), **means, local=("local", "sum"), **_BALANCED)


DISTURBANCES: Mapping[str, Mapping[str, float]] = {
    "as recorded": {},
    "1 frame per second": {"fps": 1.0},
    "5 frames per second": {"fps": 5.0},
    "3 in 10 neurons unnamed": {"unnamed": 0.3},
    "6 in 10 neurons unnamed": {"unnamed": 0.6},
    "drift, half a standard deviation": {"drift": 0.5},
    "drift, one standard deviation": {"drift": 1.0},
    "noise, half a standard deviation": {"noise": 0.5},
    "noise, one standard deviation": {"noise": 1.0},
}
"""What `disturbed` does to a worm."""


def disturbed(
    worm: Recording,
    rng: np.random.Generator,
    fps: float = 0.0,
    unnamed: float = 0.0,
    drift: float = 0.0,
    noise: float = 0.0,
) -> Recording:
    """A worm with slow drift and white noise of so many standard deviations of each trace.

    Drift varies over 80 s, in each neuron by itself. Then a fraction of the neurons is taken
    away, and the rest brought to `fps` frames per second, if that is not zero.
    """
    traces = worm.traces / worm.traces.std(axis=0)
    slow = gaussian_filter1d(rng.normal(size=traces.shape), 80.0 * worm.fps, axis=0, mode="wrap")
    traces = traces + drift * (slow - slow.mean(axis=0)) / slow.std(axis=0)
    traces = traces + noise * rng.normal(size=traces.shape)
    kept = [name for name in worm.identified if rng.random() >= unnamed]
    changed = replace(worm, traces=traces, derivatives=None).select(kept)
    return changed.resample(fps) if fps else changed


def robustness(worms: Sequence[Recording], seed: int = 0) -> pd.DataFrame:
    """Left-out worms that are disturbed in several ways, two states.

    Columns disturbance, worm, decoder, distance, limit, n_neurons, expected, balanced_accuracy.
    """
    rows = []
    for worm in worms:
        decoder = without(worm, worms)
        for name, how in DISTURBANCES.items():
            changed = disturbed(worm, np.random.default_rng(seed), **how)
            facts = {"disturbance": name, "worm": worm.worm, **_facts(decoder.trust(changed))}
            rows.append(facts | {"balanced_accuracy": decoder.score(changed)})
    return pd.DataFrame(rows)


CHOICES: Mapping[str, Mapping[str, Any]] = {
    "as shipped": {},
    **{f"{band:g} s alone": {"bands_s": (band,)} for band in (4.0, 8.0, 12.0, 20.0, 40.0)},
    "no smoothing": {"smooth_s": 0.0},
    "penalty of a third": {"C": 9e-4},
    "penalty threefold": {"C": 1e-4},
}
"""Parameters of the decoder that were chosen with all animals in view, and others."""


def choices(laboratories: Laboratories) -> pd.DataFrame:
    """Balanced accuracy by other parameters than those shipped, two states.

    Columns choice, trained_on (the first laboratory, or `BOTH` without this animal), worm,
    balanced_accuracy; for the worms of all laboratories but the first.
    """
    first, *_ = laboratories
    everyone = [worm for worms in laboratories.values() for worm in worms]
    rows = []
    for name, parameters in CHOICES.items():
        abroad = BehaviourDecoder(**parameters).fit(laboratories[first])
        for worm in everyone[len(laboratories[first]) :]:
            both = without(worm, everyone, **parameters)
            for trained_on, decoder in ((first, abroad), (BOTH, both)):
                about = {"choice": name, "trained_on": trained_on, "worm": worm.worm}
                rows.append(about | {"balanced_accuracy": decoder.score(worm)})
    return pd.DataFrame(rows)


def third_laboratory(folder: Path) -> list[Recording]:
    """The three worms without labels, `sjtu/*.csv` in a data folder.

    DatasetUnavailableError where there is none.
    """
    paths = sorted(folder.glob("sjtu/*.csv"))
    if not paths:
        raise DatasetUnavailableError(f"the third laboratory: no sjtu/*.csv in {folder}")
    worms = [registry.read(path, fps=1.0)[0] for path in paths]
    return [replace(w, fps=w.n_frames / (60 * MINUTES), times=np.empty(0)) for w in worms]


def against_ava(recordings: Sequence[Recording]) -> pd.DataFrame:
    """Whether decoders without AVA say *reverse* when AVA is high: a check that needs no labels.

    AVA is the mean z-scored trace of AVAL and AVAR; it is high above the middle between its 5th and
    95th percentile. Columns worm, frames, n_neurons (without AVA), distance, limit, decoder (which
    the recording picks), and areas under the ROC curve: local (Kato's decoder), general, picked,
    and ridge (to AVA's trace from the worm's other neurons, each fifth predicted by the rest).
    """
    package, rows = BehaviourDecoder.load(), []
    for worm in recordings:
        ava = worm.select([name for name in AVA if name in worm.identified]).traces
        ava = ((ava - ava.mean(axis=0)) / ava.std(axis=0)).mean(axis=1)
        high = ava > np.quantile(ava, (0.05, 0.95)).mean()
        rest = worm.select([name for name in worm.identified if name not in AVA])
        trust = package.set_params(like="").trust(rest)
        row: dict[str, object] = {"worm": worm.worm, "frames": worm.n_frames}
        row |= {"n_neurons": len(rest.neurons), "distance": trust.distance}
        row |= {"limit": trust.limit, "decoder": trust.decoder}
        for how, like in (("local", "kato"), ("general", "general")):
            table = package.set_params(like=like).predict_proba(rest)
            row[how] = roc_auc_score(high, table["reverse"])
        x = (rest.traces - rest.traces.mean(axis=0)) / rest.traces.std(axis=0)
        ridge = RidgeCV(np.geomspace(1, 1e4, 9))
        row["picked"] = row[trust.decoder]
        row["ridge"] = roc_auc_score(high, cross_val_predict(ridge, x, ava, cv=KFold(5)))
        rows.append(row)
    return pd.DataFrame(rows)


def laboratories(table: Table) -> dict[str, list[Recording]]:
    """Worms of a run by the dataset that they are from; those that train come first."""
    worms, datasets = table.recordings, dict.fromkeys(worm.dataset for worm in table.recordings)
    return {name: [worm for worm in worms if worm.dataset == name] for name in datasets}


@functools.lru_cache(maxsize=1)  # two tables need it
def evaluated(table: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores and reliability of a run's worms, as of `evaluate`, in two and in four states."""
    scores, counts = zip(*(evaluate(laboratories(table), n) for n in (2, 4)), strict=True)
    return pd.concat(scores, ignore_index=True), pd.concat(counts, ignore_index=True)


@functools.lru_cache(maxsize=1)  # a table and a picture need it
def animal(table: Table) -> Decoded:
    """The first animal of the last laboratory, by two states, trained on everyone but it."""
    worms = laboratories(table)
    first, everyone = list(worms.values())[-1][0], [w for group in worms.values() for w in group]
    return decode(first, without(first, everyone))


def animal_frames(table: Table) -> pd.DataFrame:
    """`Decoded.table` of `animal`, with its labels: worm, time_s, labelled, state, p_, unsure."""
    frames = animal(table).table(labelled=True).round(4)
    return frames.assign(frame=animal(table).recording.worm).rename(columns={"frame": "worm"})


def animal_picture(table: Table) -> Figure:
    """`animal` with the traces of its neurons."""
    use_style()
    return decoding(animal(table), plt.figure(figsize=(9, 5), layout="constrained"))


TABLES: Mapping[str, Callable[[Table], pd.DataFrame]] = {
    "decoder_scores": lambda table: evaluated(table)[0],
    "decoder_reliability": lambda table: evaluated(table)[1],
    "decoder_robustness": lambda table: robustness(
        next(iter(laboratories(table).values())), table.seed
    ),
    "decoder_choices": lambda table: choices(laboratories(table)),
    "decoder_third": lambda table: against_ava(third_laboratory(registry.data_folder())),
}
"""Reference tables of the experiment `decoder`; some minutes."""
