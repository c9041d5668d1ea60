"""What the paper says of its forecasts, each sentence beside what our numbers say.

Its Figure 4D is an image, so there are no numbers to compare with, only sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from wormgnn.forecast_comparisons import comparisons, over_steps, with_interval
from wormgnn.forecast_tables import over_folds, skill
from wormgnn.statistics import paired_comparison

RIVALS = ("MLP", "Node MLP", "MLP-RNN", "Node MLP-RNN")
"""The paper's "all MLP models and their derived RNN variants"."""

PAPER_NETWORKS = ("GNN", *RIVALS)
"""Networks of the paper's Figure 4C; those that we add are not what its sentences are about."""

DAMPED, LINEAR = "Damped persistence", "Ridge, one frame"
NOT_RUN, ONE_WORM = "not run", "not judged (one worm has no interval)"

Answer = tuple[str, str]
"""What was measured, and the verdict."""


def claims(rows: pd.DataFrame) -> pd.DataFrame:
    """The paper's sentences on trajectories, judged.

    `rows` as `forecast_tables.over_folds` takes them. Columns claim, asked (what we take it to
    mean), measured, verdict: `holds`, `in part`, `does not hold`, `not contradicted`,
    `not run` or `not judged`. A claim holds if it does for every model and number of training
    worms; where a difference is asked for, only an interval over worms that excludes zero
    counts, so that what does not hold may also be too small for so few worms. That two models
    are equal cannot be shown so; a difference that includes zero does not contradict it.
    """
    rows = over_folds(rows)
    return pd.DataFrame(
        [
            dict(zip(("claim", "asked", "measured", "verdict"), (*text, *judge(rows)), strict=True))
            for text, judge in _CLAIMS.items()
        ]
    )


def _learn(rows: pd.DataFrame) -> Answer:
    """Skill of the paper's networks 8 frames ahead."""
    table = skill(rows)
    table = table[(table["step"] == 8) & table["model"].isin(PAPER_NETWORKS)]
    better = table["skill_low"] > 0
    missing = len(PAPER_NETWORKS) - table["model"].nunique()
    return _counts(table, better), _judge(table, better, "skill", missing)


def _beyond(baseline: str) -> Callable[[pd.DataFrame], Answer]:
    """Whether the paper's networks have a lower MSE than a simple forecast."""

    def judge(rows: pd.DataFrame) -> Answer:
        pairs = [(model, baseline) for model in PAPER_NETWORKS]
        found = comparisons(over_steps(rows), pairs, steps=(0,))
        better = found["high"] < 0
        missing = len(PAPER_NETWORKS) - found["A"].nunique()
        return _counts(found, better), _judge(found, better, "difference", missing)

    return judge


def _more_worms(rows: pd.DataFrame) -> Answer:
    """MSE of the largest training sets less that of the smallest, on the same worms."""
    few, many = rows["n_train"].min(), rows["n_train"].max()
    by_worm = over_steps(rows).groupby(["n_train", "model", "worm"])["mse"].mean().unstack("worm")
    pairs = {
        model: 1e4 * by_worm.loc[[(many, model), (few, model)]].dropna(axis=1)
        for model in ("MLP", "GNN")
        if few < many and {(few, model), (many, model)} <= set(by_worm.index)
    }
    found = {model: _change(pair) for model, pair in pairs.items() if pair.size}
    table = pd.DataFrame(found.values(), columns=["difference", "low", "high"], dtype=np.float64)
    texts = [f"{model}: {with_interval(*change)}" for model, change in found.items()]
    return "; ".join(texts), _judge(table, table["high"] < 0, "difference", 2 - len(found))


def _change(pair: pd.DataFrame) -> tuple[float, float, float]:
    """Difference of two rows over worms with its interval; missing if a row diverged."""
    after, before = pair.to_numpy()
    if not np.isfinite(pair.to_numpy()).all():
        return np.nan, np.nan, np.nan
    compared = paired_comparison(after, before, list(pair.columns))
    return compared.difference, compared.low, compared.high


def _better_than(a: str, others: Sequence[str]) -> Callable[[pd.DataFrame], Answer]:
    """Whether A has a lower MSE than each of the others, for each number of training worms."""

    def judge(rows: pd.DataFrame) -> Answer:
        found = comparisons(over_steps(rows), [(a, b) for b in others], steps=(0,))
        missing = len(others) - found["B"].nunique()
        return _texts(found), _judge(found, found["high"] < 0, "difference", missing)

    return judge


def _equal(rows: pd.DataFrame) -> Answer:
    """Whether the interval of GAT - GNN holds zero."""
    found = comparisons(over_steps(rows), [("GAT", "GNN")], steps=(0,))
    same = (found["low"] <= 0) & (found["high"] >= 0)
    verdict = _judge(found, same, "difference").replace("does not hold", "contradicted")
    return _texts(found), verdict.replace("holds", "not contradicted")


def _sixteen(rows: pd.DataFrame) -> Answer:
    """Skill of the GNN in the sixteenth frame."""
    table = skill(rows)
    table = table[(table["step"] == 16) & (table["model"] == "GNN")]
    percent = 100 * table[["skill", "skill_low", "skill_high"]].to_numpy()
    texts = [
        f"{n} trained on: skill in percent {with_interval(*values)}"
        for n, values in zip(table["n_train"], percent, strict=True)
    ]
    return "; ".join(texts), _judge(table, table["skill_low"] > 0, "skill")


def _texts(found: pd.DataFrame) -> str:
    """A difference for each row of `comparisons`."""
    numbers = found[["difference", "low", "high"]].to_numpy(dtype=np.float64)
    names = found["B"].astype(str) + ", " + found["n_train"].astype(str)
    parts = zip(names, numbers, strict=True)
    return "; ".join(f"− {name} trained on: {with_interval(*values)}" for name, values in parts)


def _counts(table: pd.DataFrame, better: pd.Series) -> str:
    """How many networks did better, for each number of training worms."""
    counts = better.groupby(table["n_train"]).agg(["sum", "size"])
    return "; ".join(f"{n} trained on: {k} of {of} networks" for n, (k, of) in counts.iterrows())


def _judge(table: pd.DataFrame, true: pd.Series, middle: str, missing: int = 0) -> str:
    """Verdict on the rows of a table; a finite value without an interval cannot be judged."""
    low = "skill_low" if middle == "skill" else "low"
    judged = table[low].notna() | ~np.isfinite(table[middle].astype(np.float64))
    if table.empty:
        return NOT_RUN
    return _verdict(int(true.sum()), int(judged.sum()), missing) if judged.any() else ONE_WORM


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
        "the same, more strictly: more than a return to the mean",
        f"MSE less that of {DAMPED} (1e-4, mean over 16 frames) below 0",
    ): _beyond(DAMPED),
    (
        "the same, more strictly: better than a linear map",
        f"MSE less that of {LINEAR} (1e-4, mean over 16 frames) below 0",
    ): _beyond(LINEAR),
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
