"""Another laboratory's animals: by whom, and how well, they are decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn.paper.studies.decoder import BOTH, LABORATORIES
from wormgnn.results import Table
from wormgnn.statistics import bootstrap_interval


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

_CHOICE = ["model", "neurons", "view", "scaling"]


def by_worm(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over members for each unseen worm, of members trained on the most worms of each case.

    Columns case, model, neurons, view, scaling, worm, seen, members, accuracy, balanced_accuracy,
    majority, n_states. Training worms are averaged over sets of neurons too: animals have one each.
    """
    rows = rows[~rows["seen"]]
    trained = zip(rows["subset"], rows["animals"], strict=True)
    there = [subset.split("+")[0] in animals.split("+") for subset, animals in trained]
    case = np.where(there, WITHIN, np.where(of_animals(rows), ABROAD, HOME))
    rows = rows.assign(case=case)
    rows = rows[rows["n_train"] == rows.groupby("case")["n_train"].transform("max")]
    return (
        rows.groupby(["case", *_CHOICE, "worm", "seen", "n_states"], sort=False)
        .agg(
            members=("accuracy", "size"),
            accuracy=("accuracy", "mean"),
            balanced_accuracy=("balanced_accuracy", "mean"),
            majority=("majority", "first"),
        )
        .reset_index()
    )


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
    keys = ["decoder", "trained_on"]
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for key, part in pd.concat([rows, majority]).groupby([*keys, "laboratory"], sort=False):
        *line, laboratory = map(str, key)
        mean, low, high = 100 * np.array(bootstrap_interval(part["balanced_accuracy"]))
        cells = lines.setdefault(tuple(line), {})
        cells[f"{laboratory} (n = {len(part)})"] = f"{mean:.1f} [{low:.1f}, {high:.1f}]"
        cells[f"{laboratory}, accuracy"] = f"{100 * part['accuracy'].mean():.1f}"
    table = pd.DataFrame([dict(zip(keys, line, strict=True)) | lines[line] for line in lines])
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
