"""How well the decoder does on worms that it was not trained on: the numbers of its model card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d
from sklearn.metrics import roc_auc_score

from wormgnn.decoder import BehaviourDecoder
from wormgnn.decoding import decode, score
from wormgnn.errors import StateError
from wormgnn.neurons import LABEL_DEFINING as AVA
from wormgnn.recording import NO_STATE, Recording
from wormgnn.states import merge

BOTH = "all laboratories"
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


def published(name: str) -> pd.DataFrame:
    """`scores`, `reliability`, `robustness`, `choices` or `third`, of this package's decoder."""
    file = resources.files("wormgnn") / "weights" / f"{name}.csv"
    with resources.as_file(file) as path:
        return pd.read_csv(path)


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


def against_ava(recordings: Sequence[Recording]) -> pd.DataFrame:
    """Whether decoders without AVA say *reverse* when AVA is high: a check that needs no labels.

    AVA is the mean z-scored trace of AVAL and AVAR; it is high above the middle between its 5th and
    95th percentile. Columns worm, then areas under the ROC curve of the decoders of this package:
    local (of Kato's worms) and general.
    """
    package, rows = BehaviourDecoder.load(), []
    for worm in recordings:
        ava = worm.select([name for name in AVA if name in worm.identified]).traces
        ava = ((ava - ava.mean(axis=0)) / ava.std(axis=0)).mean(axis=1)
        high = ava > np.quantile(ava, (0.05, 0.95)).mean()
        rest = worm.select([name for name in worm.identified if name not in AVA])
        row: dict[str, object] = {"worm": worm.worm}
        for how, like in (("local", "kato"), ("general", "general")):
            table = package.set_params(like=like).predict_proba(rest)
            row[how] = roc_auc_score(high, table["reverse"])
        rows.append(row)
    return pd.DataFrame(rows)


def write_scores(laboratories: Mapping[str, Sequence[Recording]], folder: Path) -> list[Path]:
    """Write `scores.csv`, `reliability.csv`, `robustness.csv` and `choices.csv`; some minutes.

    Of the first laboratory's worms, whether they stand disturbance.
    """
    pairs = [evaluate(laboratories, n_states) for n_states in (2, 4)]
    tables = {
        "scores": pd.concat([scores for scores, _ in pairs]),
        "reliability": pd.concat([bins for _, bins in pairs]),
        "robustness": robustness(next(iter(laboratories.values()))),
        "choices": choices(laboratories),
    }
    paths = [folder / f"{name}.csv" for name in tables]
    for path, table in zip(paths, tables.values(), strict=True):
        table.to_csv(path, index=False, float_format="%.5f")
    return paths
