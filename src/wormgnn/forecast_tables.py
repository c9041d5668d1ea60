"""Errors of forecasts beside persistence: skill, intervals over worms, tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wormgnn.statistics import bootstrap_interval, paired_comparison

MEASURES = ("mse", "mse_trace", "mse_derivative")
KEYS = ["model", "n_neurons", "n_train", "subset", "worm", "step"]
SIMPLE = ("Persistence", "Constant derivative", "Mean", "Ridge, one frame", "VAR, four frames")
"""Models that are no networks."""


def over_folds(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean error of the members of one subset over folds, for each worm and frame ahead.

    Columns `KEYS`, folds, windows, diverged (windows, of all folds together), mse, mse_trace,
    mse_derivative (means), mse_sd (over folds).
    """
    if "folds" in rows:
        return rows
    grouped = rows.groupby(KEYS, sort=False)
    return grouped.agg(
        folds=("fold", "nunique"),
        windows=("windows", "first"),
        diverged=("diverged", "sum"),
        **{measure: (measure, "mean") for measure in MEASURES},
        mse_sd=("mse", "std"),
    ).reset_index()


def skill(
    rows: pd.DataFrame,
    baseline: str = "Persistence",
    measure: str = "mse",
    level: float = 0.95,
) -> pd.DataFrame:
    """Errors and skill of each model at each frame ahead, with intervals over worms.

    Skill is `1 - MSE / MSE of the baseline` on the same worm: 0 is as good as the baseline, 1
    is perfect. Members that are forecast on one worm are averaged first, so that worms are
    the sample.

    Parameters
    ----------
    rows
        Rows of `forecast_experiments.run`, or `over_folds` of them.
    baseline
        Model that the others are compared with.
    measure
        One of `MEASURES`.
    level
        Coverage of the bootstrap intervals.

    Returns
    -------
    table
        Columns model, n_train, step, mse, mse_low, mse_high, skill, skill_low, skill_high,
        worms, members (subsets x worms) and diverged (windows). Infinite or missing where forecasts
        diverged.
    """
    rows = over_folds(rows)
    keys = ["model", "n_train", "step", "worm"]
    by_worm = rows.groupby(keys, sort=False)[measure].mean()
    plain = by_worm.xs(baseline, level="model").rename("plain")
    joined = by_worm.rename("error").reset_index().merge(plain.reset_index(), how="left")
    joined["skill"] = 1 - joined["error"] / joined["plain"]
    members = rows.groupby(keys[:3], sort=False).agg(
        members=("worm", "size"), diverged=("diverged", "sum")
    )
    lines = [
        {**dict(zip(keys[:3], key, strict=True)), **_line(group, level)}
        for key, group in joined.groupby(keys[:3], sort=False)
    ]
    return pd.DataFrame(lines).merge(members.reset_index(), on=keys[:3])


def _line(group: pd.DataFrame, level: float) -> dict[str, float]:
    """Means over worms with their intervals."""
    line: dict[str, float] = {}
    for name, column in (("mse", "error"), ("skill", "skill")):
        values = group[column].to_numpy()
        finite = np.isfinite(values).all()
        mean, low, high = bootstrap_interval(values, level) if finite else (values.mean(),) * 3
        line |= {name: float(mean), f"{name}_low": float(low), f"{name}_high": float(high)}
    return line | {"worms": len(group)}


def at_steps(table: pd.DataFrame, steps: Sequence[int] = (1, 8, 16)) -> pd.DataFrame:
    """Figure 4D: a row for each model and number of training worms, MSE and skill at some steps.

    MSE is given in units of 1e-4 (features lie in [0, 1]), skill in percent.
    """
    chosen = table[table["step"].isin(steps)].copy()
    chosen["MSE"] = chosen["mse"].map(_in_1e_4)
    chosen["skill (%)"] = [
        _in_percent(s, low, high)
        for s, low, high in zip(
            chosen["skill"], chosen["skill_low"], chosen["skill_high"], strict=True
        )
    ]
    wide = chosen.pivot(index=["model", "n_train"], columns="step", values=["MSE", "skill (%)"])
    order = pd.MultiIndex.from_frame(chosen[["model", "n_train"]].drop_duplicates())
    return wide.reindex(order)


def _in_1e_4(error: float) -> str:
    return f"{1e4 * error:.1f}" if np.isfinite(error) else "diverged"


def for_page(table: pd.DataFrame, steps: Sequence[int] = (1, 8, 16)) -> pd.DataFrame:
    """`at_steps` with plain columns, and how many worms and members each row rests on."""
    wide = at_steps(table, steps)
    wide.columns = [f"{name}, {step}" for name, step in wide.columns]
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
        missing where one diverged), p_worms, n_worms, n_pairs.
    """
    keys = ["n_train", "step", "subset", "worm"]
    wide = over_folds(rows).pivot(index=keys, columns="model", values=measure)
    wide = wide[wide.index.isin(steps, level="step")]
    lines = [
        {"A": a, "B": b, "n_train": n_train, "step": step, **_difference(part[a], part[b], rng)}
        for a, b in pairs
        if {a, b} <= set(wide)
        for (n_train, step), part in wide.groupby(level=["n_train", "step"])
    ]
    columns = ["A", "B", "n_train", "step", "difference", "low", "high", "p_worms"]
    return pd.DataFrame(lines, columns=[*columns, "n_worms", "n_pairs"])


def _difference(a: pd.Series, b: pd.Series, rng: int) -> dict[str, float]:
    worms = a.index.get_level_values("worm")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return {"n_worms": worms.nunique(), "n_pairs": len(a)}
    found = paired_comparison(1e4 * a, 1e4 * b, list(worms), rng)
    names = ("difference", "low", "high", "p_worms", "n_worms", "n_pairs")
    return {name: getattr(found, name) for name in names}


def beside(
    first: pd.DataFrame, second: pd.DataFrame, names: tuple[str, str], step: int = 8
) -> pd.DataFrame:
    """Skill of each model in two tables of `skill`, in percent, at one number of frames ahead.

    Models of the second; columns model, n_train and one for each name, as `at_steps` prints it.
    """
    columns = [
        at_steps(table, (step,))[("skill (%)", step)].rename(name)
        for table, name in zip((second, first), names[::-1], strict=True)
    ]
    return columns[0].to_frame().join(columns[1], how="left")[list(names)].reset_index()


def _in_percent(skill: float, low: float, high: float) -> str:
    if not np.isfinite(skill):
        return "diverged"
    interval = f" [{100 * low:.0f}, {100 * high:.0f}]" if np.isfinite(low) else ""  # of one worm
    return f"{100 * skill:.0f}{interval}"
