"""The GNN less another model at every place of the dial, and the room above them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from wormgnn.mixing.dial import ALIGNED
from wormgnn.statistics import paired_comparison

PLACE = ["kind", "mixing", "n_states", "n_train"]
_WORM = ["sim_seed", "worm"]


def differences(
    table: pd.DataFrame,
    model: str = "GNN",
    others: Sequence[str] = ("MLP, no norm", "MLP"),
    seed: int = 0,
    seen: bool = False,
) -> pd.DataFrame:
    """Accuracy of a model less that of others on the same worms.

    Parameters
    ----------
    table
        As from `dial.run`.
    model, others
        What is compared; others that the table lacks are left out, and without the model
        there is no row.
    seed
        Of the bootstrap.
    seen
        Unseen worms, or the test fold of the worms trained on.

    Returns
    -------
    table
        One row for each place (kind, mixing, n_states, n_train) and other model: `difference`
        with its interval `low` to `high` over worms of all seeds (each worm of each seed is
        one unit: worms of one seed share their training worms, so the interval is rather too
        narrow), `p` (Wilcoxon over worms), `n_worms`, and the model's own mean `accuracy`
        beside that of the `majority` class.
    """
    wanted = table[table["seen"] == seen]
    there = set(wanted["model"])
    present = [other for other in others if {model, other} <= there]
    rows = [
        {
            **dict(zip(PLACE, place, strict=True)),
            "other": other,
            **_compare(part, model, other, seed),
        }
        for other in present
        for place, part in wanted.groupby(PLACE, sort=False)
    ]
    return pd.DataFrame(rows)


def _compare(part: pd.DataFrame, model: str, other: str, seed: int) -> dict[str, float]:
    wide = part.pivot_table(index=_WORM, columns="model", values="accuracy")
    both = wide[[model, other]].dropna()
    its_own = part[part["model"] == model]
    worms = [f"{simulation}/{worm}" for simulation, worm in both.index]
    found = paired_comparison(both[model], both[other], worms, seed)
    return {
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "p": found.p_worms,
        "n_worms": found.n_worms,
        "accuracy": its_own["accuracy"].mean(),
        "majority": its_own["majority"].mean(),
    }


def real_differences(
    rows: pd.DataFrame, other: str = "MLP, no norm", seed: int = 0
) -> pd.DataFrame:
    """The same of real worms, from the rows of Table 1: n_train, difference, low, high, n_worms."""
    unseen = rows[~rows["seen"] & rows["model"].isin(["GNN", other])]
    means = unseen.groupby(["n_train", "model", "worm"])["accuracy"].mean().unstack("model")
    found = {
        n: paired_comparison(part["GNN"], part[other], list(part.index), seed)
        for n, part in means.groupby(level="n_train")
    }
    return pd.DataFrame(
        [
            {
                "n_train": n,
                "difference": c.difference,
                "low": c.low,
                "high": c.high,
                "n_worms": c.n_worms,
            }
            for n, c in found.items()
        ]
    )


def headroom(table: pd.DataFrame, model: str = "MLP, no norm") -> pd.DataFrame:
    """What a true alignment adds to a model on unseen worms: as `differences`."""
    return differences(table, model + ALIGNED, [model])
