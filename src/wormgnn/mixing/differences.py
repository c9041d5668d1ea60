"""The GNN less another model at every place of the dial, and the room above them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from wormgnn.mixing.dial import ALIGNED
from wormgnn.statistics import bootstrap_interval, paired_comparison

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
    found = paired_comparison(both[model], both[other], _units(both.index), seed)
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


def headroom(table: pd.DataFrame, model: str = "MLP, no norm", seed: int = 0) -> pd.DataFrame:
    """What undoing the mixture adds to a model on unseen worms.

    The true alignment is fitted to traces without noise, so that it takes noise away too, where
    there is nothing to undo. The gain of each worm (of its sim_seed, n_train) is therefore taken
    less its own gain at mixing 0, where behaviour, latent activity and noise are the same.

    Parameters
    ----------
    table
        As from `dial.run`, with mixing 0.
    model
        Without the ending `ALIGNED`.
    seed
        Of the bootstrap.

    Returns
    -------
    table
        As `differences`, one row for each place above 0 of the dial, with further columns
        `whole` (the gain itself) and `at_zero`, `at_zero_low`, `at_zero_high` (the gain at 0).
        No row where the table lacks mixing 0 or the aligned model.
    """
    gains = _gains(table[~table["seen"]], model)
    at_zero = gains[gains["mixing"] == 0].drop(columns=["mixing", *_MEANS])
    keys = [name for name in PLACE if name != "mixing"] + _WORM
    both = gains[gains["mixing"] > 0].merge(at_zero, on=keys, suffixes=("", "_at_zero"))
    return pd.DataFrame(
        [
            {**dict(zip(PLACE, place, strict=True)), "other": model, **_net(part, seed)}
            for place, part in both.groupby(PLACE, sort=False)
        ]
    )


_MEANS = ["accuracy", "majority"]


def _gains(unseen: pd.DataFrame, model: str) -> pd.DataFrame:
    """Gain of every worm at every place by its alignment; accuracy with it, and majority."""
    keys = [*PLACE, *_WORM]
    with_it = unseen[unseen["model"] == model + ALIGNED][[*keys, *_MEANS]]
    without = unseen[unseen["model"] == model][[*keys, "accuracy"]]
    both = with_it.merge(without, on=keys, suffixes=("", "_without"), validate="one_to_one")
    gain = both["accuracy"] - both["accuracy_without"]
    return both.assign(gain=gain).drop(columns="accuracy_without")


def _net(part: pd.DataFrame, seed: int) -> dict[str, float]:
    """Gain less the gain at mixing 0, paired by worm."""
    worms = _units(zip(part["sim_seed"], part["worm"], strict=True))
    found = paired_comparison(part["gain"], part["gain_at_zero"], worms, seed)
    zero = bootstrap_interval(part[["gain_at_zero"]].to_numpy(), rng=seed)
    return {
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "p": found.p_worms,
        "n_worms": found.n_worms,
        "whole": part["gain"].mean(),
        "at_zero": float(zero.mean[0]),
        "at_zero_low": float(zero.low[0]),
        "at_zero_high": float(zero.high[0]),
        **{name: part[name].mean() for name in _MEANS},
    }


def _units(places: Iterable[tuple[int, int]]) -> list[str]:
    """Each worm of each set is one unit."""
    return [f"{simulation}/{worm}" for simulation, worm in places]
