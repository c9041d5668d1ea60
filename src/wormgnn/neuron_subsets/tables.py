"""Tables from the rows of `study`: by number of neurons, and one method against another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from wormgnn.statistics import Comparison, bootstrap_interval, paired_comparison

MEASURES = ("accuracy", "balanced_accuracy", "information_bits", "majority")


def over_members(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over members and folds for each method, set of neurons and evaluated worm.

    Columns method, n_train, n_neurons, neurons, seen, worm, `MEASURES` and members.
    """
    keys = ["method", "n_train", "n_neurons", "neurons", "seen", "worm"]
    grouped = rows.groupby(keys, sort=False)
    return grouped[list(MEASURES)].mean().assign(members=grouped.size()).reset_index()


def by_number(table: pd.DataFrame, measure: str = "accuracy", seed: int = 0) -> pd.DataFrame:
    """A score on unseen worms against the number of neurons, from the table of `over_members`.

    Columns method, n_train, n_neurons, mean, low, high (95 % interval over worms), sd_worms
    (of the worms' means over sets), sd_sets (of the sets' means over worms; NaN for one
    set), sets, worms and majority.
    """
    lines = []
    unseen = table[~table["seen"]]
    by = ["method", "n_train", "n_neurons"]
    for _, group in unseen.groupby(by, sort=False):
        worms = group.groupby("worm")[measure].mean()
        sets = group.groupby("neurons")[measure].mean()
        mean, low, high = (float(part) for part in bootstrap_interval(worms, rng=seed))
        lines.append(
            {
                **{name: group[name].iloc[0] for name in by},
                **{"mean": mean, "low": low, "high": high},
                "sd_worms": worms.std(),
                "sd_sets": sets.std(),
                "sets": len(sets),
                "worms": len(worms),
                "majority": group.groupby("worm")["majority"].mean().mean(),
            }
        )
    return pd.DataFrame(lines)


def with_names(table: pd.DataFrame, sets: pd.DataFrame) -> pd.DataFrame:
    """The reference table `neuron_subsets` with the names of each draw, as `over_members` has it.

    `sets` is the reference table `neuron_draws`: columns draw, neurons, n_neurons.
    """
    return table.merge(sets, on="draw").assign(seen=False)


def enough(summary: pd.DataFrame, within: float = 0.01) -> pd.DataFrame:
    """Least number of neurons from which on a method is near what it has with all.

    `summary` is of `by_number`. Columns method, n_train, enough: from there on no mean lies
    more than `within` below the mean with the most neurons.
    """
    lines = []
    for (method, n_train), group in summary.groupby(["method", "n_train"], sort=False):
        ordered = group.sort_values("n_neurons")
        far = ordered["mean"].to_numpy() < ordered["mean"].iloc[-1] - within
        first = len(far) - int(np.argmax(far[::-1])) if far.any() else 0
        number = int(ordered["n_neurons"].iloc[first])
        lines.append({"method": method, "n_train": n_train, "enough": number})
    return pd.DataFrame(lines)


def against(table: pd.DataFrame, base: str, seed: int = 0) -> pd.DataFrame:
    """Every method less `base` on the same sets of neurons and unseen worms, in points.

    `table` is of `over_members`. Columns n_train, n_neurons, method, difference, low, high,
    p_worms, n_pairs, n_worms.
    """
    lines = []
    for (n_train, number), group in table.groupby(["n_train", "n_neurons"]):
        for method in group["method"].unique():
            if method != base:
                found = versus(
                    group,
                    group["method"] == method,
                    group["method"] == base,
                    ("neurons", "worm"),
                    seed=seed,
                )
                place = {"n_train": n_train, "n_neurons": number, "method": method}
                lines.append(place | _compared(found))
    return pd.DataFrame(lines)


def readers(rows: pd.DataFrame, base: tuple[str, str], seed: int = 0) -> pd.DataFrame:
    """Whole recordings: each method and its names on unseen worms, beside one of them.

    Parameters
    ----------
    rows
        Of `study.whole_recordings`, and of other models with the same columns.
    base
        Method and names that the others are compared with, on the same members and worms.

    Returns
    -------
    table
        Columns n_train, method, names, neurons (mean number used), accuracy, sd (over worms'
        means), worst (the worst worm's mean), balanced, majority, and of the comparison
        difference, low, high, p_worms, n_pairs, n_worms (NaN for the base).
    """
    lines = []
    for (n_train, method, names), group in rows.groupby(["n_train", "method", "names"], sort=False):
        unseen = group[~group["seen"]]
        worms = unseen.groupby("worm")["accuracy"].mean()
        line = {"n_train": n_train, "method": method, "names": names}
        line |= {
            "neurons": unseen["n_neurons"].mean(),
            "accuracy": worms.mean(),
            "sd": worms.std(),
            "worst": worms.min(),
            "balanced": unseen.groupby("worm")["balanced_accuracy"].mean().mean(),
            "majority": unseen.groupby("worm")["majority"].mean().mean(),
        }
        if (method, names) != base:
            same = rows[rows["n_train"] == n_train]
            mine = (same["method"] == method) & (same["names"] == names)
            other = (same["method"] == base[0]) & (same["names"] == base[1])
            line |= _compared(versus(same, mine, other, ("subset", "fold", "worm"), seed=seed))
        lines.append(line)
    return pd.DataFrame(lines)


def _compared(found: Comparison) -> dict[str, Any]:
    names = ("difference", "low", "high", "p_worms", "n_pairs", "n_worms")
    return {name: getattr(found, name) for name in names}


def versus(
    rows: pd.DataFrame,
    a: pd.Series,
    b: pd.Series,
    keys: Sequence[str] = ("n_train", "subset", "fold", "worm"),
    measure: str = "accuracy",
    seed: int = 0,
) -> Comparison:
    """Whether the rows picked by `a` beat those picked by `b`, on unseen worms, in points.

    `a` and `b` are boolean; rows pair by `keys`. Differences are percentage points.
    """
    parts = [rows[picked & ~rows["seen"]].set_index(list(keys))[measure] for picked in (a, b)]
    pair = pd.concat([100 * part for part in parts], axis=1, join="inner", keys=["a", "b"])
    return paired_comparison(pair["a"], pair["b"], list(pair.index.get_level_values("worm")), seed)
