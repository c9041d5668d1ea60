"""Forecasts against each other: which wins, by how much, and the tables that a page shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wormgnn.forecast_experiments import SIMPLE
from wormgnn.forecast_tables import KEYS, MEASURES, at_steps, over_folds
from wormgnn.statistics import paired_comparison


def for_page(table: pd.DataFrame, steps: Sequence[int] = (1, 8, 16)) -> pd.DataFrame:
    """`at_steps` with plain columns, and how many worms and members each row rests on."""
    wide = at_steps(table, steps)
    wide.columns = pd.Index([f"{column[0]}, {column[1]}" for column in wide.columns])
    counts = table.groupby(["model", "n_train"], sort=False)[["worms", "members"]].first()
    diverged = table.groupby(["model", "n_train"], sort=False)["diverged"].max()
    return wide.join(counts).join(diverged).reset_index()


def best_models(table: pd.DataFrame, steps: Sequence[int] = (1, 8, 16)) -> pd.DataFrame:
    """Which model has the lowest MSE, and whether it is a network.

    `table` as `skill` returns it. Columns n_train, step, best simple forecast and best network,
    each with its MSE (1e-4) and its skill (percent), and lowest MSE (`network` or `simple`).
    Models whose forecasts diverged are no candidates.
    """
    finite = table[np.isfinite(table["mse"]) & table["step"].isin(steps)]
    lines = []
    for (n_train, step), part in finite.groupby(["n_train", "step"]):
        simple = part["model"].isin(SIMPLE)
        best = {"simple": _best(part[simple]), "network": _best(part[~simple])}
        line: dict[str, object] = {"n_train": n_train, "step": step}
        for kind, (model, mse, skilled) in best.items():
            line |= {kind: model, f"MSE, {kind}": 1e4 * mse, f"skill (%), {kind}": 100 * skilled}
        lowest = min(best, key=lambda kind: np.nan_to_num(best[kind][1], nan=np.inf))
        lines.append({**line, "lowest MSE": lowest})
    return pd.DataFrame(lines)


def _best(part: pd.DataFrame) -> tuple[str, float, float]:
    if part.empty:
        return "none", float("nan"), float("nan")
    row = part.loc[part["mse"].idxmin()]
    return str(row["model"]), float(row["mse"]), float(row["skill"])


def over_steps(rows: pd.DataFrame) -> pd.DataFrame:
    """`over_folds` of rows, averaged over the frames ahead; the column step is 0."""
    rows = over_folds(rows)
    keys = [key for key in KEYS if key != "step"]
    means = rows.groupby(keys, sort=False)[list(MEASURES)].mean()
    counts = rows.groupby(keys, sort=False)["diverged"].max()
    return means.join(counts).reset_index().assign(step=0, folds=rows["folds"].max())


def comparisons(
    rows: pd.DataFrame,
    pairs: Sequence[tuple[str, str]],
    steps: Sequence[int] = (1, 8, 16),
    measure: str = "mse",
    rng: int = 0,
) -> pd.DataFrame:
    """Errors of A less those of B on the same training and evaluated worms.

    Parameters
    ----------
    rows
        Rows of `forecast_experiments.run`, `over_folds` of them, or `over_steps` of them.
    pairs
        Models A and B; pairs of which one is not in the rows are left out.
    steps
        Frames ahead.
    measure
        One of `MEASURES`.
    rng
        Seed of the bootstrap over worms.

    Returns
    -------
    table
        Columns A, B, n_train, step, difference, low, high (1e-4; negative where A is better;
        infinite where one diverged, missing where both did), p_worms, n_worms, n_pairs.
        Training and evaluated worms that one of the two was not run on do not count.
    """
    keys = ["n_train", "step", "subset", "worm"]
    wide = over_folds(rows).pivot(index=keys, columns="model", values=measure)
    wide = wide[wide.index.isin(steps, level="step")]
    lines = [
        {"A": a, "B": b, "n_train": n_train, "step": step, **_difference(part[a], part[b], rng)}
        for a, b in pairs
        if {a, b} <= set(wide)
        for (n_train, step), part in wide[[a, b]].dropna().groupby(level=["n_train", "step"])
    ]
    columns = ["A", "B", "n_train", "step", "difference", "low", "high", "p_worms"]
    return pd.DataFrame(lines, columns=[*columns, "n_worms", "n_pairs"])


def _difference(a: pd.Series, b: pd.Series, rng: int) -> dict[str, float]:
    worms = a.index.get_level_values("worm")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        with np.errstate(invalid="ignore"):
            gap = float(a.mean() - b.mean())
        ends = {"difference": gap, "low": gap, "high": gap}
        return {**ends, "n_worms": worms.nunique(), "n_pairs": len(a)}
    found = paired_comparison(1e4 * a, 1e4 * b, list(worms), rng)
    names = ("difference", "low", "high", "p_worms", "n_worms", "n_pairs")
    return {name: getattr(found, name) for name in names}


def with_interval(middle: float, low: float, high: float) -> str:
    """A difference and its interval as text; `diverged` where it is not finite."""
    if not np.isfinite(middle):
        return "diverged"
    return f"{middle:+.1f}" + (f" [{low:.1f}, {high:.1f}]" if np.isfinite(low) else "")


def differences_for_page(table: pd.DataFrame) -> pd.DataFrame:
    """`comparisons` with a row for each pair and number of training worms, a column a step."""
    numbers = zip(table["difference"], table["low"], table["high"], strict=True)
    text = [with_interval(*values) for values in numbers]
    named = table.assign(text=text, pair=table["A"] + " − " + table["B"])
    keys = ["pair", "n_train", "n_worms", "n_pairs"]
    wide = named.pivot(index=keys, columns="step", values="text")
    order = pd.MultiIndex.from_frame(named[keys].drop_duplicates())
    wide = wide.reindex(order).add_prefix("step ").rename_axis(columns=None).reset_index()
    return wide[[name for name in wide if name not in keys[2:]] + keys[2:]]


def beside(
    first: pd.DataFrame,
    second: pd.DataFrame,
    names: tuple[str, str],
    steps: Sequence[int] = (1, 8, 16),
) -> pd.DataFrame:
    """Skill of each model in two tables of `skill`, in percent, as `at_steps` prints it.

    Models of the second table, in its order; columns model, n_train and two for each step.
    """
    one, two = (at_steps(table, steps)["skill (%)"] for table in (first, second))
    columns = {
        f"{name}, {step}": table[step].reindex(two.index)
        for step in steps
        for name, table in zip(names, (one, two), strict=True)
    }
    return pd.DataFrame(columns).reset_index()
