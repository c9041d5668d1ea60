"""Accuracy along the dial of individual variability, and where worms sit on it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

_PLACED = "#FDF0D5"
_REAL = "#BB5500"
_TRUE = ", true alignment"
_MAJORITY = "majority class"
_NARROW = 0.006
"""Offset between curves that would hide each other's bars, in units of the dial."""

KIND_STYLES = {"loadings": ("#4477AA", "o"), "neurons": ("#AA3377", "s")}
"""Colour and marker of each kind of mixing."""


_COLOURS = {
    "SVM": "#777777",
    "MLP": "#66CCEE",
    "MLP, no norm": "#4477AA",
    "GNN": "#EE6677",
}


def model_styles(models: list[str]) -> dict[str, tuple[str, str]]:
    """Colour and line of each model: one with true alignment is dashed, in its model's colour."""
    return {
        name: (_COLOURS[name.removesuffix(_TRUE)], "--" if name.endswith(_TRUE) else "-")
        for name in models
    }


def dial_curves(rows: pd.DataFrame, axes: Axes) -> Axes:
    """Accuracy of each model on unseen worms along the dial: mean and sd over worms, in percent.

    `rows` as from `mixing.dial.run`, of one kind of mixing and one number of training worms.
    """
    unseen = rows[~rows["seen"]]
    styles = model_styles(list(unseen["model"].unique()))
    for place, (model, (colour, line)) in enumerate(styles.items()):
        mean, sd = _percent(unseen[unseen["model"] == model], "mixing")
        at = mean.index.to_numpy() + _NARROW * (place - len(styles) / 2)
        bars = None if line == "--" else sd
        axes.errorbar(at, mean, bars, color=colour, ls=line, marker=".", capsize=2, elinewidth=0.7)
    majority = 100 * unseen.groupby("mixing")["majority"].mean()
    axes.plot(majority.index, majority, color="0.5", ls=":", lw=1)
    axes.set_xlabel("mixing")
    axes.set_ylabel("accuracy on unseen worms (%)")
    return axes


def _percent(rows: pd.DataFrame, along: str) -> tuple[pd.Series[float], pd.Series[float]]:
    """Mean and sd of accuracy at each value of a column, in percent; sd 0 for a single row."""
    by = rows.groupby(along)["accuracy"]
    return 100 * by.mean(), 100 * by.std().fillna(0)


def dial_legend(models: list[str], axes: Axes, columns: int = 4) -> None:
    """Legend of `dial_curves` beneath the figure."""
    handles = [
        Line2D([], [], color=colour, ls=line, marker=".", label=name)
        for name, (colour, line) in model_styles(models).items()
    ]
    handles.append(Line2D([], [], color="0.5", ls=":", lw=1, label=_MAJORITY))
    assert axes.figure is not None
    axes.figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def difference_curve(
    differences: pd.DataFrame,
    axes: Axes,
    placed: tuple[float, float] | None = None,
    real: Mapping[str, float] | None = None,
) -> Axes:
    """GNN less MLP along the dial, in percentage points, with intervals over worms.

    Parameters
    ----------
    differences
        Rows of `mixing.differences.differences` with one kind and number of training worms;
        one line for each `other`.
    axes
        Where to draw.
    placed
        Part of the dial where real worms sit, shaded.
    real
        Their own difference, low and high, drawn in the middle of `placed`.
    """
    for place, (other, part) in enumerate(differences.groupby("other", sort=False)):
        ends = [part["difference"] - part["low"], part["high"] - part["difference"]]
        axes.errorbar(
            part["mixing"] + _NARROW * place,
            100 * part["difference"],
            100 * np.array(ends),
            color=_COLOURS[str(other)],
            marker="o",
            ms=3.5,
            capsize=2,
            elinewidth=0.8,
            label=f"GNN - {other}",
        )
    axes.axhline(0, color="0.5", lw=0.8, zorder=0)
    if placed is not None:
        axes.axvspan(*placed, color=_PLACED, zorder=-1, lw=0)
    if placed is not None and real is not None:
        _real_point(float(np.mean(placed)), real, axes)
    axes.set_xlabel("mixing")
    axes.set_ylabel("difference (points)")
    return axes


def _real_point(at: float, real: Mapping[str, float], axes: Axes) -> None:
    middle = 100 * real["difference"]
    ends = [[middle - 100 * real["low"]], [100 * real["high"] - middle]]
    axes.errorbar([at], [middle], ends, fmt="*", ms=9, color=_REAL, capsize=3, label="real worms")


def calibration_curves(
    calibration: pd.DataFrame, axes: Axes, value: float | None = None, label: str = "real worms"
) -> Axes:
    """One statistic along the dial, mean and sd over seeds for each kind of mixing.

    Parameters
    ----------
    calibration
        Rows of `mixing.calibration.calibrate` with one statistic and physics.
    axes
        Where to draw.
    value, label
        The statistic of the worms that are placed, a horizontal line.
    """
    for kind, part in calibration.groupby("kind", sort=False):
        by = part.groupby("mixing")["value"]
        colour, marker = KIND_STYLES[str(kind)]
        mean, sd = by.mean(), by.std().fillna(0)
        axes.errorbar(
            mean.index, mean, sd, color=colour, marker=marker, ms=3, capsize=2, elinewidth=0.8,
            label=f"mixing of {kind}",
        )  # fmt: skip
    if value is not None:
        axes.axhline(value, color=_REAL, lw=1.2, ls="--", label=label)
    axes.set_xlabel("mixing")
    return axes


def legibility_curves(table: pd.DataFrame, axes: Axes) -> Axes:
    """How well a linear map reads what worms share from traces, and from messages.

    `table` as from `mixing.edges.legible`, of one kind and number of training worms; mean and
    sd over unseen worms.
    """
    for what, colour in (("traces", _COLOURS["MLP, no norm"]), ("messages", _COLOURS["GNN"])):
        by = table.groupby("mixing")[what]
        axes.errorbar(
            by.mean().index, by.mean(), by.std().fillna(0), color=colour, marker=".", capsize=2,
            elinewidth=0.7, label=what,
        )  # fmt: skip
    axes.axhline(0, color="0.5", lw=0.8, zorder=0)
    axes.set_xlabel("mixing")
    axes.set_ylabel("correlation")
    return axes


def training_worm_curves(rows: pd.DataFrame, axes: Axes) -> Axes:
    """Accuracy on the same unseen worms against the number of training worms, in percent.

    `rows` as from `mixing.checks.many_worms`, of one kind; mean and sd over evaluated worms.
    """
    unseen = rows[~rows["seen"] & (rows["worm"] > rows["n_train"].max())]
    for model, (colour, line) in model_styles(list(unseen["model"].unique())).items():
        mean, sd = _percent(unseen[unseen["model"] == model], "n_train")
        axes.errorbar(
            mean.index, mean, sd, color=colour, ls=line, marker=".", capsize=2, label=model
        )
    majority = 100 * unseen["majority"].mean()
    axes.axhline(majority, color="0.5", ls=":", lw=1, label=_MAJORITY)
    axes.set_xscale("log")
    counts = sorted(unseen["n_train"].unique())
    axes.set_xticks(counts, [str(n) for n in counts])
    axes.minorticks_off()
    axes.set_xlabel("training worms")
    axes.set_ylabel("accuracy on unseen worms (%)")
    return axes
