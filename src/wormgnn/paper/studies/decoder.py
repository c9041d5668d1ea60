"""How well the decoder does on worms that it was not trained on: the numbers of its model card."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter1d

from wormgnn import results
from wormgnn.datasets import registry
from wormgnn.decoder import BehaviourDecoder
from wormgnn.decoding import Decoded, decode, score
from wormgnn.errors import StateError, StoreError
from wormgnn.paper.studies.unlabelled import against_ava, third_laboratory
from wormgnn.plots.decode import decoding
from wormgnn.plots.style import use_style
from wormgnn.recording import NO_STATE, Recording
from wormgnn.results import Table
from wormgnn.states import merge

BOTH = "all laboratories"
LABORATORIES = {"kato": "Kato 2015", "wormwideweb": "Dag 2023"}
"""Names of the training worms' laboratories."""
EDGES = np.array([0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
"""Of the bins of the probability of the state that was named."""


def unseen(
    laboratories: Mapping[str, Sequence[Recording]], n_states: int
) -> Iterator[tuple[str, BehaviourDecoder, Recording]]:
    """Trained on what, the decoder, and a worm that it has not seen, for every such pair.

    Training on each laboratory alone: its own worms left out in turn, and every other worm. Then on
    all of them, leaving each worm out. Whatever the decoder chooses, it chooses without that worm.
    """
    everyone = [worm for worms in laboratories.values() for worm in worms]
    for name, worms in laboratories.items():
        try:
            whole = BehaviourDecoder(n_states).fit(worms)
        except StateError:  # its labels lack some of the states
            continue
        for worm in everyone:
            own = [other for other in worms if other is not worm]
            yield (
                name,
                whole if len(own) == len(worms) else BehaviourDecoder(n_states).fit(own),
                worm,
            )
    for worm in everyone:
        rest = [other for other in everyone if other is not worm]
        yield BOTH, BehaviourDecoder(n_states).fit(rest), worm


def evaluate(
    laboratories: Mapping[str, Sequence[Recording]], n_states: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of every unseen worm, and counts for reliability curves.

    Returns
    -------
    scores
        Columns n_states, trained_on, laboratory, worm, decoder, distance, limit, n_neurons,
        expected, unsure, sure_accuracy (of frames that are not unsure), and those of
        `decoding.score`.
    reliability
        Columns n_states, trained_on, worm, probability (mean of the bin), right (fraction of
        frames; states weigh alike), frames.
    """
    rows, bins = [], []
    names = {worm.worm: name for name, worms in laboratories.items() for worm in worms}
    for trained_on, decoder, worm in unseen(laboratories, n_states):
        found = decode(worm, decoder)
        wanted = merge(worm, n_states)
        known = wanted != NO_STATE
        right, best = found.states == wanted, found.probabilities.max(axis=1)
        about = {"n_states": n_states, "trained_on": trained_on, "worm": worm.worm}
        rows.append(
            {
                **about,
                "laboratory": names[worm.worm],
                "decoder": found.trust.decoder,
                "distance": found.trust.distance,
                "limit": found.trust.limit,
                "n_neurons": len(found.trust.neurons),
                "expected": found.trust.expected,
                "unsure": found.unsure[known].mean(),
                "sure_accuracy": right[known & ~found.unsure].mean(),
                **score(found),
            }
        )
        weights = 1.0 / np.bincount(wanted[known])[wanted[known]]
        place = np.digitize(best[known], EDGES[1:-1])
        for index in np.unique(place):
            here = place == index
            bins.append(
                {
                    **about,
                    "probability": np.average(best[known][here], weights=weights[here]),
                    "right": np.average(right[known][here], weights=weights[here]),
                    "frames": int(here.sum()),
                }
            )
    return pd.DataFrame(rows), pd.DataFrame(bins)


def calibration_error(reliability: pd.DataFrame) -> pd.Series[float]:
    """Expected calibration error of each worm: mean gap of probability and fraction right."""
    gap = (reliability["probability"] - reliability["right"]).abs() * reliability["frames"]
    keys = [reliability[name] for name in ("n_states", "trained_on", "worm")]
    return gap.groupby(keys).sum() / reliability["frames"].groupby(keys).sum()


def by_laboratory(scores: pd.DataFrame) -> pd.DataFrame:
    """Means over animals of `scores`, a row for each n_states, trained_on and laboratory.

    Columns animals, balanced, lowest (balanced accuracies), accuracy, majority, unsure, sure.
    """
    return (
        scores.groupby(["n_states", "trained_on", "laboratory"], sort=False)
        .agg(
            animals=("worm", "size"),
            balanced=("balanced_accuracy", "mean"),
            lowest=("balanced_accuracy", "min"),
            accuracy=("accuracy", "mean"),
            majority=("majority", "mean"),
            unsure=("unsure", "mean"),
            sure=("sure_accuracy", "mean"),
        )
        .reset_index()
    )


def by_disturbance(robustness: pd.DataFrame) -> pd.DataFrame:
    """Means over worms of `robustness`, a row for each disturbance.

    Columns worms, neurons, distance (over the limit), local (worms that the local decoder took),
    balanced, lowest (balanced accuracies).
    """
    return (
        robustness.assign(
            local=robustness["decoder"] == "local",
            distance=robustness["distance"] / robustness["limit"],
        )
        .groupby("disturbance", sort=False)
        .agg(
            worms=("worm", "size"),
            neurons=("n_neurons", "mean"),
            distance=("distance", "mean"),
            local=("local", "sum"),
            balanced=("balanced_accuracy", "mean"),
            lowest=("balanced_accuracy", "min"),
        )
        .reset_index()
    )


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

    `recordings` as of `by_distance`, `third` as of `unlabelled.against_ava`.
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
    groups = [part for _, part in recordings.groupby("worm")]
    rng = np.random.default_rng(seed)

    def correlation(parts: Sequence[pd.DataFrame]) -> float:
        pairs = pd.concat(parts)[["distance", "balanced_accuracy"]]
        return float(pairs.corr(method="spearman").to_numpy()[0, 1])

    drawn = [
        correlation([groups[k] for k in rng.integers(len(groups), size=len(groups))])
        for _ in range(n)
    ]
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return {
        "correlation": correlation(groups),
        "low": float(low),
        "high": float(high),
        "recordings": len(recordings),
        "worms": len(groups),
    }


def published(name: str) -> pd.DataFrame:
    """A reference table of the experiment `decoder`, by its name behind `decoder_`."""
    reference = results.read(f"decoder_{name}.kato")
    if reference is None:
        raise StoreError(f"results/ lacks decoder_{name}.kato: wormgnn run decoder --reference")
    return reference.table


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
        decoder = BehaviourDecoder().fit([other for other in worms if other is not worm])
        for name, how in DISTURBANCES.items():
            changed = disturbed(worm, np.random.default_rng(seed), **how)
            trust = decoder.trust(changed)
            rows.append(
                {
                    "disturbance": name,
                    "worm": worm.worm,
                    "decoder": trust.decoder,
                    "distance": trust.distance,
                    "limit": trust.limit,
                    "n_neurons": len(trust.neurons),
                    "expected": trust.expected,
                    "balanced_accuracy": decoder.score(changed),
                }
            )
    return pd.DataFrame(rows)


CHOICES: Mapping[str, Mapping[str, Any]] = {
    "as shipped": {},
    **{f"{band:g} s alone": {"bands_s": (band,)} for band in (4.0, 8.0, 12.0, 20.0, 40.0)},
    "no smoothing": {"smooth_s": 0.0},
    "penalty of a third": {"C": 9e-4},
    "penalty threefold": {"C": 1e-4},
}
"""Parameters of the decoder that were chosen with all animals in view, and others."""


def choices(laboratories: Mapping[str, Sequence[Recording]]) -> pd.DataFrame:
    """Balanced accuracy by other parameters than those shipped, two states.

    Columns choice, trained_on (the first laboratory, or `BOTH` without this animal), worm,
    balanced_accuracy; for the worms of all laboratories but the first.
    """
    first, *others = laboratories.values()
    everyone = [worm for worms in laboratories.values() for worm in worms]
    rows = []
    for name, parameters in CHOICES.items():
        abroad = BehaviourDecoder(**parameters).fit(first)
        for worm in (worm for worms in others for worm in worms):
            rest = [other for other in everyone if other is not worm]
            both = BehaviourDecoder(**parameters).fit(rest)
            for trained_on, decoder in ((next(iter(laboratories)), abroad), (BOTH, both)):
                about = {"choice": name, "trained_on": trained_on, "worm": worm.worm}
                rows.append(about | {"balanced_accuracy": decoder.score(worm)})
    return pd.DataFrame(rows)


def laboratories(table: Table) -> dict[str, list[Recording]]:
    """Worms of a run by the dataset that they are from; those that train come first."""
    found: dict[str, list[Recording]] = {}
    for worm in table.recordings:
        found.setdefault(worm.dataset, []).append(worm)
    return found


@functools.lru_cache(maxsize=1)  # two tables need it
def evaluated(table: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores and reliability of a run's worms, as of `evaluate`, in two and in four states."""
    pairs = [evaluate(laboratories(table), n_states) for n_states in (2, 4)]
    scores, reliability = (
        pd.concat(tables, ignore_index=True) for tables in zip(*pairs, strict=True)
    )
    return scores, reliability


@functools.lru_cache(maxsize=1)  # a table and a picture need it
def animal(table: Table) -> Decoded:
    """The first animal of the last laboratory, by two states, trained on everyone but it."""
    *others, (decoded, *rest) = laboratories(table).values()
    known = [worm for worms in (*others, rest) for worm in worms]
    return decode(decoded, BehaviourDecoder().fit(known))


def animal_frames(table: Table) -> pd.DataFrame:
    """`Decoded.table` of `animal`, with its labels: worm, time_s, labelled, state, p_, unsure."""
    decoded = animal(table)
    names = np.array([*decoded.vocabulary, ""])
    frames = decoded.table().drop(columns="frame").round(4)
    frames.insert(1, "labelled", names[decoded.labelled])
    frames.insert(0, "worm", decoded.recording.worm)
    return frames


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
