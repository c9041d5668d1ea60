"""Errors of forecasts beside persistence: skill, intervals over worms, tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wormgnn.errors import ChoiceError
from wormgnn.statistics import bootstrap_interval

MEASURES = ("mse", "mse_trace", "mse_derivative")
KEYS = ["model", "n_neurons", "n_train", "subset", "worm", "step"]


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
        worms, members (subsets x worms) and diverged (windows). Infinite where a forecast was
        not finite; ends of intervals are missing where there is one worm.

    Raises
    ------
    ChoiceError
        A baseline that is not among the models.
    """
    rows = over_folds(rows)
    if baseline not in set(rows["model"]):
        raise ChoiceError("baseline", baseline, rows["model"].unique())
    keys = ["model", "n_train", "step", "worm"]
    by_worm = rows.groupby(keys, sort=False)[measure].mean()
    plain = by_worm.xs(baseline, level="model").rename("plain")
    joined = by_worm.rename("error").reset_index().merge(plain.reset_index(), how="left")
    joined["skill"] = 1 - joined["error"] / joined["plain"]
    members = rows.groupby(keys[:3], sort=False).agg(
        members=("worm", "size"), diverged=("diverged", "sum")
    )
    curves = [_curve(group, level) for _, group in joined.groupby(keys[:2], sort=False)]
    return pd.concat(curves).merge(members.reset_index(), on=keys[:3])


def _curve(group: pd.DataFrame, level: float) -> pd.DataFrame:
    """Means over worms with their intervals, a row for each frame ahead."""
    curve = group[["model", "n_train", "step"]].drop_duplicates().sort_values("step")
    for name, column in (("mse", "error"), ("skill", "skill")):
        array = group.pivot(index="worm", columns="step", values=column).to_numpy()
        mean, finite = array.mean(axis=0), np.isfinite(array).all(axis=0)
        _, *ends = bootstrap_interval(array, level)
        curve[name] = mean
        curve[f"{name}_low"], curve[f"{name}_high"] = (np.where(finite, e, mean) for e in ends)
    return curve.assign(worms=len(array))


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
    return _short(1e4 * error, 1) if np.isfinite(error) else "diverged"


def _in_percent(skill: float, low: float, high: float) -> str:
    if not np.isfinite(skill):
        return "diverged"
    middle, *ends = (_short(100 * value, 0) for value in (skill, low, high))
    return middle + (f" [{ends[0]}, {ends[1]}]" if np.isfinite(low) else "")  # none of one worm


def _short(value: float, digits: int) -> str:
    """Fixed digits, or an exponent for what ran away."""
    return f"{value:z.{digits}f}" if abs(value) < 1e5 else f"{value:.0e}"
