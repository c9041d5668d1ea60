"""What the paper says of its forecasts, each sentence beside what our numbers say.

Its Figure 4D is an image, so there are no numbers to compare with, only sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from wormgnn.forecast_comparisons import SIMPLE, comparisons, over_steps, with_interval
from wormgnn.forecast_tables import over_folds, skill
from wormgnn.statistics import paired_comparison

RIVALS = ("MLP", "Node MLP", "MLP-RNN", "Node MLP-RNN")
"""The paper's "all MLP models and their derived RNN variants"."""

Answer = tuple[str, str]
"""What was measured, and the verdict."""


def claims(rows: pd.DataFrame) -> pd.DataFrame:
    """The paper's sentences on trajectories, judged.

    `rows` as `forecast_tables.over_folds` takes them. Columns claim, asked (what we take it to
    mean), measured, verdict: `holds`, `in part`, `does not hold` or `not run`. A claim holds if
    it does for every model and number of training worms; where a difference is asked for, only
    an interval over worms that excludes zero counts.
    """
    rows = over_folds(rows)
    return pd.DataFrame(
        [
            dict(zip(("claim", "asked", "measured", "verdict"), (*text, *judge(rows)), strict=True))
            for text, judge in _CLAIMS.items()
        ]
    )


def _learn(rows: pd.DataFrame) -> Answer:
    """Skill of all networks 8 frames ahead."""
    table = skill(rows)
    table = table[(table["step"] == 8) & ~table["model"].isin(SIMPLE)]
    if table.empty:
        return "", "not run"
    better = table["skill_low"] > 0
    counts = better.groupby(table["n_train"]).agg(["sum", "size"])
    texts = [f"{n} trained on: {k} of {of} networks" for n, (k, of) in counts.iterrows()]
    return "; ".join(texts), _verdict(int(better.sum()), len(better))


def _more_worms(rows: pd.DataFrame) -> Answer:
    """MSE of the largest training sets less that of the smallest, on the same worms."""
    few, many = rows["n_train"].min(), rows["n_train"].max()
    by_worm = over_steps(rows).groupby(["model", "n_train", "worm"])["mse"].mean().unstack("worm")
    models = [m for m in ("MLP", "GNN") if {(m, few), (m, many)} <= set(by_worm.index)]
    if not models or few == many:
        return "", "not run"
    texts, lower = [], 0
    for model in models:
        after, before = (1e4 * by_worm.loc[[(model, n)]].to_numpy()[0] for n in (many, few))
        if not (np.isfinite(after).all() and np.isfinite(before).all()):
            texts.append(f"{model}: diverged")
            continue
        found = paired_comparison(after, before, list(by_worm.columns))
        texts.append(f"{model}: {with_interval(found.difference, found.low, found.high)}")
        lower += found.high < 0
    return "; ".join(texts), _verdict(lower, len(models), 2 - len(models))


def _better_than(a: str, others: Sequence[str]) -> Callable[[pd.DataFrame], Answer]:
    """Whether A has a lower MSE than each of the others, for each number of training worms."""

    def judge(rows: pd.DataFrame) -> Answer:
        found = comparisons(over_steps(rows), [(a, b) for b in others], steps=(0,))
        if found.empty:
            return "", "not run"
        lower, missing = int((found["high"] < 0).sum()), len(others) - found["B"].nunique()
        return _texts(found), _verdict(lower, len(found), missing)

    return judge


def _equal(rows: pd.DataFrame) -> Answer:
    """Whether the interval of GAT - GNN holds zero."""
    found = comparisons(over_steps(rows), [("GAT", "GNN")], steps=(0,))
    if found.empty:
        return "", "not run"
    same = int(((found["low"] <= 0) & (found["high"] >= 0)).sum())
    return _texts(found), _verdict(same, len(found))


def _sixteen(rows: pd.DataFrame) -> Answer:
    """Skill of the GNN in the sixteenth frame."""
    table = skill(rows)
    table = table[(table["step"] == 16) & (table["model"] == "GNN")]
    if table.empty:
        return "", "not run"
    percent = 100 * table[["skill", "skill_low", "skill_high"]].to_numpy()
    texts = [
        f"{n} trained on: skill in percent {with_interval(*values)}"
        for n, values in zip(table["n_train"], percent, strict=True)
    ]
    return "; ".join(texts), _verdict(int((table["skill_low"] > 0).sum()), len(table))


def _texts(found: pd.DataFrame) -> str:
    """A difference for each row of `comparisons`."""
    numbers = found[["difference", "low", "high"]].to_numpy(dtype=np.float64)
    names = found["B"].astype(str) + ", " + found["n_train"].astype(str)
    parts = zip(names, numbers, strict=True)
    return "; ".join(f"− {name} trained on: {with_interval(*values)}" for name, values in parts)


def _verdict(true: int, of: int, missing: int = 0) -> str:
    """How many of the comparisons came out; says so where models were not run."""
    verdict = "holds" if true == of else f"in part: {true} of {of}" if true else "does not hold"
    return f"{verdict} ({missing} of the models not run)" if missing else verdict


_CLAIMS: dict[tuple[str, str], Callable[[pd.DataFrame], Answer]] = {
    (
        "all deep learning models learn transitions",
        "skill over persistence 8 frames ahead above 0",
    ): _learn,
    (
        "more training worms improve MLP and GNN",
        "MSE (1e-4, mean over 16 frames), most less fewest worms, below 0",
    ): _more_worms,
    (
        "the Markovian GNN outperforms all MLP and RNN variants",
        "MSE of the GNN less theirs (1e-4, mean over 16 frames) below 0",
    ): _better_than("GNN", RIVALS),
    (
        "the GNN predicts for at least 16 frames",
        "skill of the GNN at 16 frames above 0",
    ): _sixteen,
    (
        "a GAT performs equally",
        "MSE of the GAT less the GNN's: interval holds 0",
    ): _equal,
    (
        "edges inferred at each frame do better",
        "MSE of the GNN less that with static edges below 0",
    ): _better_than("GNN", ("GNN, static edges",)),
}
