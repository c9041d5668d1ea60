"""What each neuron tells alone, and how much the best of them keeps of what all tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wormgnn.neuron_subsets.tables import MEASURES
from wormgnn.statistics import cluster_interval


def by_neuron(rows: pd.DataFrame, measure: str = "balanced_accuracy") -> pd.DataFrame:
    """Score of each single neuron, by method, n_train, and same or unseen worm.

    `rows` has one row for each member and worm. Columns method, n_train, seen, neurons, mean
    and sd over worms, worms, majority.
    """
    single = rows[rows["n_neurons"] == 1]
    keys = ["method", "n_train", "seen", "neurons"]
    per_worm = single.groupby([*keys, "worm"], sort=False)[[measure, "majority"]]
    means = per_worm.mean().reset_index().rename(columns={measure: "score"})
    grouped = means.groupby(keys, sort=False)
    return grouped.agg(
        mean=("score", "mean"),
        sd=("score", "std"),
        worms=("score", "size"),
        majority=("majority", "mean"),
    ).reset_index()


def by_worm(
    rows: pd.DataFrame, method: str, n_train: int, measure: str = "balanced_accuracy"
) -> pd.DataFrame:
    """Score of each single neuron on each unseen worm, mean over members.

    Index the neurons, best mean first; columns the worms.
    """
    mine = (rows["method"] == method) & (rows["n_train"] == n_train) & (rows["n_neurons"] == 1)
    wide = rows[mine & ~rows["seen"]].pivot_table(measure, "neurons", "worm")
    return wide.loc[wide.mean(axis=1).sort_values(ascending=False).index]


def chosen_neuron(rows: pd.DataFrame, without: Sequence[str] = ()) -> pd.DataFrame:
    """What the best neuron does on unseen worms, if it is chosen on the training worms.

    For each member the neuron with the highest balanced accuracy on the test folds of its
    own training worms, among those not in `without`. Columns method, n_train, subset, fold,
    worm, neuron, and for each of `MEASURES` the neuron's and, with the suffix `_all`, that of
    all neurons.
    """
    member = ["method", "n_train", "subset", "fold"]
    single = rows[(rows["n_neurons"] == 1) & ~rows["neurons"].isin(without)]
    home = single[single["seen"]].groupby([*member, "neurons"])["balanced_accuracy"].mean()
    best = home.groupby(member).idxmax().map(lambda place: place[-1]).rename("neurons")
    keys = [*member, "worm"]
    abroad = single[~single["seen"]].merge(best.reset_index(), on=[*member, "neurons"])
    most = rows["n_neurons"].max()
    every = rows[(rows["n_neurons"] == most) & ~rows["seen"]]
    both = abroad[[*keys, "neurons", *MEASURES]].merge(
        every[[*keys, *MEASURES]], on=keys, suffixes=("", "_all")
    )
    return both.rename(columns={"neurons": "neuron"})


def kept(chosen: pd.DataFrame, seed: int = 0, n: int = 2000) -> pd.DataFrame:
    """How much of all neurons' score the chosen one keeps, in four senses, from `chosen_neuron`.

    `accuracy`: ratio of mean accuracies. `above majority`, `above chance`: the same after
    the majority class's accuracy (the same worms) or one half (balanced accuracy) is taken
    away. `information`: ratio of mean mutual informations of label and prediction. Columns
    method, n_train, sense, one, all, share, low, high (bootstrap over worms), worms.
    """
    lines = []
    for (method, n_train), group in chosen.groupby(["method", "n_train"], sort=False):
        means = group.groupby("worm").mean(numeric_only=True)
        for sense, (one, every) in _senses(means).items():
            share, low, high = map(float, cluster_interval(one, every, n=n, rng=seed))
            lines.append(
                {
                    **{"method": method, "n_train": n_train, "sense": sense},
                    **{"one": one.mean(), "all": every.mean()},
                    **{"share": share, "low": low, "high": high, "worms": len(means)},
                }
            )
    return pd.DataFrame(lines)


def _senses(means: pd.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """One neuron's and all neurons' score of each worm, for each sense of keeping."""

    def pair(measure: str, less: pd.Series | float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        parts = (means[measure] - less, means[f"{measure}_all"] - less)
        return parts[0].to_numpy(), parts[1].to_numpy()

    return {
        "accuracy": pair("accuracy"),
        "above majority": pair("accuracy", means["majority"]),
        "above chance": pair("balanced_accuracy", 0.5),
        "information": pair("information_bits"),
    }
