"""Figures of scores: against what was varied, model by model, state by state."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from wormgnn.plots.style import GUIDE, palette
from wormgnn.statistics import bootstrap_interval

AXIS_LABELS = {
    "n_train": "training worms",
    "n_neurons": "neurons",
    "factor": "factor within the softmax",
    "worm": "evaluated worm",
    "step": "frames ahead",
    "horizon_s": "seconds ahead",
}
"""What axes are called that show a column of the tables."""

WORMS = {True: "same worm, test fold", False: "unseen worms"}
"""How figures call the evaluated worms, by `seen`."""


def _interval(values: ArrayLike) -> tuple[float, float]:
    """The bootstrap interval of the mean: ours, so that figures and tables agree."""
    _, low, high = bootstrap_interval(np.asarray(values, dtype=float))
    return float(low), float(high)


def accuracy_against(
    rows: pd.DataFrame,
    axes: Axes,
    x: str = "n_train",
    hue: str = "model",
    style: str | None = None,
    seen: bool = False,
    score: str = "accuracy",
    order: Sequence[str] | None = None,
    log: bool = False,
    points: bool = True,
    units: Sequence[str] = ("worm",),
) -> Axes:
    """A score in percent against what was varied, one line for each model.

    Means and 95 % bootstrap intervals are over evaluated worms: all members that were evaluated
    on a worm count as one. Against `worm` itself they are over members, with their standard
    deviation. Dotted is what a model reaches that knows nothing: the majority class for
    accuracy, one over the number of states for balanced accuracy.

    Parameters
    ----------
    rows
        Rows of `run` or of a reference table: worm, seen, the score, and the columns named.
    axes
        Where to draw. Lines are labelled, not explained: `figure_legend` does.
    x, hue, style
        Columns of what was varied (along a logarithmic axis with `log`), of colours (the values in
        `order`, all if None) and of dashes.
    seen, score
        The test fold of the training worms, or the unseen worms; the column of fractions.
    points
        Whether every evaluated worm (or every member) is a small point.
    units
        Columns that say which worm it is: simulated ones need their seed too.
    """
    rows = rows[rows["seen"] == seen] if "seen" in rows else rows
    by_worm, order = x == "worm", order or list(dict.fromkeys(rows[hue]))
    means = rows.assign(**{score: 100 * rows[score]}).sort_values("worm", kind="stable")
    if not by_worm:
        keys = [key for key in (x, hue, style, *units) if key]
        means = means.groupby(keys, sort=False)[score].mean().reset_index()
    errorbar = "sd" if by_worm else _interval
    curves(means, axes, x, score, hue, style, errorbar, order, log, points)
    floor = _know_nothing(rows, x, score)
    if by_worm and floor is not None:
        at = np.arange(len(floor))
        axes.hlines(floor, at - 0.42, at + 0.42, GUIDE, ":", label=str(floor.name))
    elif floor is not None:
        axes.plot(floor.index, floor, ":", color=GUIDE, label=str(floor.name), zorder=0)
    axes.set_ylabel(f"{score.replace('_', ' ')} (%)")
    return axes


def accuracy_by(
    rows: pd.DataFrame,
    axes: Axes,
    y: str = "model",
    hue: str | None = None,
    seen: bool | None = None,
    score: str = "accuracy",
    order: Sequence[str] | None = None,
) -> Axes:
    """A score in percent of each model, neuron or line `y`, from top to bottom.

    Small points are evaluated worms; the large one is their mean, with its 95 % bootstrap
    interval over worms. Colours are of `hue`, or of `y` if it is None; `order` is of `y`. With
    `seen` None, unseen worms are filled and the same worms' test folds hollow. Other arguments
    as in `accuracy_against`.
    """
    both = seen is None and "seen" in rows
    rows = rows if both or "seen" not in rows else rows[rows["seen"] == seen]
    keys = list(dict.fromkeys([y, hue or y, *["seen"] * both, "worm"]))
    means = rows.groupby(keys, sort=False)[score].mean().mul(100).reset_index()
    stripes(means, axes, score, y, hue, "seen" if both else None, _interval, "mean", order)
    floor = _know_nothing(rows.assign(all=0), "all", score)
    if floor is not None:
        axes.axvline(floor.mean(), color=GUIDE, ls=":", lw=1.2, label=floor.name, zorder=0)
    axes.set_xlabel(f"{score.replace('_', ' ')} (%)")
    return axes


def curves(
    table: pd.DataFrame,
    axes: Axes,
    x: str,
    y: str,
    hue: str | None = None,
    style: str | None = None,
    errorbar: Any = "sd",
    order: Sequence[str] | None = None,
    log: bool = False,
    points: bool = False,
    ends: tuple[str, str] | None = None,
    null: str | None = None,
) -> Axes:
    """Mean of a column against another, with bars, one line for each value of `hue` and `style`.

    Arguments as in `accuracy_against`; `points` draws every row, and `errorbar` is seaborn's.
    `ends` names columns of ends of bars that are known already, for tables with one row a point;
    `null` one of what chance would give, a dotted line. Names along x are not joined by lines.
    """
    table, at = table.dropna(subset=[y]), x
    names = [] if pd.api.types.is_numeric_dtype(table[x]) else list(dict.fromkeys(table[x]))
    if names:
        table, at = table.assign(place=table[x].map(names.index)), "place"
    table, colours, kinds = _series(table, hue, style, order)
    dashes = ["none"] if names else ["-", "--", ":", "-."]
    bars = None if ends else errorbar
    moved = _draw(axes, table, colours, kinds, (at, y), dashes, bars, points, log)
    for name, part in moved.sort_values(at).groupby("series", sort=False):
        if ends:
            axes.vlines(part[at], part[ends[0]], part[ends[1]], colours[str(name)], lw=1.2)
        if null and part[null].notna().any():
            axes.plot(part[at], part[null], ":", color=colours[str(name)], lw=1.2, zorder=1)
    if names:
        axes.set_xticks(range(len(names)), names)
    elif log or table[x].nunique() <= 8:  # a tick at every value
        ticks = np.sort(table[x].unique().astype(float))
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xticks([], minor=True)
    axes.set(xlabel=AXIS_LABELS.get(x, x), ylabel=y.replace("_", " "))
    return axes


def stripes(
    table: pd.DataFrame,
    axes: Axes,
    x: str,
    y: str,
    hue: str | None = None,
    hollow: str | None = None,
    errorbar: Any = None,
    centre: Literal["mean", "median"] = "mean",
    order: Sequence[str] | None = None,
) -> Axes:
    """Every row a small point on the line of its `y`, and their mean or median a large one.

    `hollow` is a column of booleans: where it holds, large points are hollow and aside. Other
    arguments as in `accuracy_by`.
    """
    lines = list(dict.fromkeys(table[y])) if order is None else list(order)
    table = table[table[y].isin(lines)]
    table, colours, kinds = _series(table, hue or (None if hollow else y), hollow)
    own = hue is None and hollow is None  # then each name has its line for itself
    table = table.assign(place=table[y].map(lines.index))
    _draw(axes, table, colours, kinds, (x, "place"), ["none"], errorbar, True, False, centre, own)
    axes.set_yticks(range(len(lines)), [str(line) for line in lines])
    axes.set(ylim=(len(lines) - 0.5, -0.5), ylabel="", xlabel=x.replace("_", " "))
    axes.grid(axis="y", color="0.93", lw=0.6)
    axes.set_axisbelow(True)
    return axes


def _series(
    table: pd.DataFrame, hue: str | None, style: str | None, order: Sequence[str] | None = None
) -> tuple[pd.DataFrame, dict[str, str], list[int]]:
    """Rows with a column `series` that names their line; colour and place of style of each line."""
    values = list(dict.fromkeys(table[hue])) if hue and order is None else list(order or [""])
    kinds = list(dict.fromkeys(table[style])) if style else [""]
    kinds = kinds if isinstance(kinds[0], str) else sorted(kinds)
    hues, styles = (table[c] if c else pd.Series("", table.index) for c in (hue, style))
    there = set(zip(hues, styles, strict=True))
    pairs = [(v, k) for v in values for k in kinds if (v, k) in there]
    texts = {pair: _entry({hue: pair[0], style: pair[1]}) for pair in pairs}
    shades = palette(values) if hue else {"": "0.25"}
    keys = pd.Series(list(zip(hues, styles, strict=True)), table.index, dtype=object)
    table = table.assign(series=keys.map(texts)).dropna(subset=["series"])
    colours = {text: shades[value] for (value, _), text in texts.items()}
    return table, colours, [kinds.index(kind) for _, kind in pairs]


def _draw(
    axes: Axes,
    table: pd.DataFrame,
    colours: Mapping[str, str],
    kinds: Sequence[int],
    columns: tuple[str, str],
    dashes: Sequence[str],
    errorbar: Any,
    points: bool,
    log: bool,
    centre: str = "mean",
    own: bool = False,
) -> pd.DataFrame:
    """Means with bars, labelled, and rows as small points; returns the rows where they are drawn.

    Along the axis of positions (x, or y for a column `place`), each series lies a little aside,
    so that bars do not hide each other, unless it has its own lines.
    """
    upright, names = columns[1] != "place", list(colours)
    at = columns[0] if upright else columns[1]
    values = np.log10(table[at].astype(float)) if log else table[at].astype(float)
    gaps = np.diff(np.unique(values))
    step = (0.4 if dashes[0] != "none" else 0.75) * min([1.0, *gaps]) / len(names)
    aside = 0 * values if own else step * (table["series"].map(names.index) - (len(names) - 1) / 2)
    table = table.assign(**{at: 10 ** (values + aside) if log else values + aside})
    shared = {"data": table, "x": columns[0], "y": columns[1], "hue": "series", "hue_order": names}
    shared |= {"palette": dict(colours), "legend": False, "ax": axes}
    if points:
        many = len(table) > 1000  # too heavy as a vector
        sns.scatterplot(**shared, alpha=0.45, s=9, linewidth=0, zorder=1, rasterized=many)
    before = len(axes.lines)
    look = {"marker": "o", "markersize": 5, "markeredgewidth": 1, "linewidth": 1.4, "zorder": 3}
    look |= {"err_style": "bars", "err_kws": {"elinewidth": 1.2}, "errorbar": errorbar}
    with warnings.catch_warnings():  # seaborn hands matplotlib a Series for a line of one point
        warnings.filterwarnings("ignore", "Calling float on a single element", FutureWarning)
        sns.lineplot(**shared, **look, estimator=centre, orient="x" if upright else "y")
    means = [line for line in axes.lines[before:] if line.get_marker() == "o"]  # the rest: bars
    for name, kind, line in zip(names, kinds, means, strict=True):
        hollow = not upright and kind == 1
        line.set(linestyle=dashes[kind % len(dashes)], markeredgecolor=colours[name])
        line.set_markerfacecolor("white" if hollow else colours[name])
        line.set_label("_" + name if own else name)
    if log:
        axes.set_xscale("log")
    return table


def _entry(values: Mapping[str | None, object]) -> str:
    """What the legend says of a line: `GNN, unseen worms`, `types, trained on 4`."""
    said = {"n_train": "trained on {}".format, "seen": lambda seen: WORMS[bool(seen)]}
    return ", ".join(said.get(c, str)(value) for c, value in values.items() if c)


def _know_nothing(rows: pd.DataFrame, by: str, score: str) -> pd.Series | None:
    """Percent by a column that the majority class reaches, or chance; None where unknown."""
    if score == "accuracy" and "majority" in rows:
        worms = rows.groupby([by, "worm"] if by != "worm" else "worm")["majority"].mean()
        return (100 * worms.groupby(level=0).mean()).rename("majority class")
    if score == "balanced_accuracy" and "n_states" in rows and rows["n_states"].nunique() == 1:
        chance = 100 / int(rows["n_states"].iloc[0])
        return pd.Series(chance, index=sorted(rows[by].unique()), name="chance")
    return None
