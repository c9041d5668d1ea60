"""Figures of scores and of their differences: against what was varied, and line by line."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from wormgnn.plots.style import BAND, GUIDE, name_lines, palette
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

_MARKERS, _DASHES = "osD^v", ("-", "--", ":", "-.")


def _interval(values: ArrayLike) -> tuple[float, float]:
    """The bootstrap interval of the mean: ours, so that figures and tables agree."""
    _, low, high = bootstrap_interval(np.asarray(values, dtype=float))
    return float(low), float(high)


_ENDS: Mapping[str, Callable[[pd.Series[float]], tuple[float, float]]] = {
    "sd": lambda values: (values.mean() - values.std(), values.mean() + values.std()),
    "range": lambda values: (values.min(), values.max()),
    "interval": _interval,
}
"""Ends of bars that show how values of one place differ."""


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
    accuracy, one over the number of states for balanced accuracy. Lines are labelled, for
    `figure_legend`.

    `rows` are of `run` or of a reference table: worm, seen, `score` (a fraction), and the columns
    `x` of what was varied (along a logarithmic axis with `log`), `hue` of colours (the values in
    `order`, all if None) and `style` of dashes. `seen` takes the training worms' test fold, else
    the unseen worms. With `points` every evaluated worm, or member, is a small point. `units` are
    columns that say which worm it is: simulated ones need their seed too.
    """
    rows = rows[rows["seen"] == seen] if "seen" in rows else rows
    by_worm, order = x == "worm", order or list(dict.fromkeys(rows[hue]))
    means = rows.assign(**{score: 100 * rows[score]}).sort_values("worm", kind="stable")
    if not by_worm:
        keys = [key for key in (x, hue, style, *units) if key]
        means = means.groupby(keys, sort=False)[score].mean().reset_index()
    errorbar = "sd" if by_worm else "interval"
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
    floor = _know_nothing(rows, "worm", score)
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
    errorbar: str | None = "sd",
    order: Sequence[str] | None = None,
    log: bool = False,
    points: bool = False,
    ends: tuple[str, str] | None = None,
    null: str | None = None,
) -> Axes:
    """Mean of a column against another, with bars, one line for each value of `hue` and `style`.

    Arguments as in `accuracy_against`; `points` draws every row. Bars are the standard deviation,
    the `range` or the bootstrap `interval` of the mean; `ends` names columns of ends that are known
    already, for tables with one row a point; `null` one of what chance would give, a dotted line.
    Names along x are not joined by lines.
    """
    table, looks = _series(table.dropna(subset=[y]), hue, style, order)
    names = [] if pd.api.types.is_numeric_dtype(table[x]) else list(dict.fromkeys(table[x]))
    at = (table[x].map(names.index) if names else table[x]).to_numpy(dtype=float)
    at = np.log10(at) if log else at
    width = 0.75 if names else 0.4 * min([1.0, *np.diff(np.unique(at))])
    step = width / len(looks)  # so that bars do not hide each other
    at = at + step * (table["series"].map([*looks].index) - (len(looks) - 1) / 2).to_numpy()
    table = table.assign(at=10**at if log else at)
    for name, (colour, kind) in looks.items():
        rows = table[table["series"] == name].sort_values("at", kind="stable")
        groups = rows.groupby("at")[y]
        mean, dash = groups.mean(), "none" if names else _DASHES[kind % 4]
        axes.plot(mean, marker="o", ms=5, ls=dash, lw=1.4, color=colour, zorder=3, label=name)
        if ends:
            axes.vlines(rows["at"], rows[ends[0]], rows[ends[1]], colour, lw=1.2)
        elif errorbar:
            low, high = np.transpose([_ENDS[errorbar](values) for _, values in groups])
            axes.vlines(mean.index, low, high, colour, lw=1.2)
        if points:
            many = len(rows) > 200  # too heavy as a vector
            (dots,) = axes.plot(rows["at"], rows[y], "o", ms=3, mew=0, color=colour, alpha=0.45)
            dots.set(zorder=1, rasterized=many)
        if null and rows[null].notna().any():
            axes.plot(rows["at"], rows[null], ":", color=colour, lw=1.2, zorder=1)
    if log:
        axes.set_xscale("log")
    if names:
        axes.set_xticks(range(len(names)), names)
    elif log or table[x].nunique() <= 8:  # a tick at every value
        ticks = np.sort(table[x].unique().astype(float))
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xticks([], minor=True)
    axes.set(xlabel=AXIS_LABELS.get(x, x), ylabel=y.replace("_", " "))
    for axis in (axes.xaxis, axes.yaxis):  # of shared ones, the outermost are named
        axis.label.set_visible(any(tick.get_visible() for tick in axis.get_ticklabels()))
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
    own = hue is None and hollow is None  # then each name has its line for itself
    table, looks = _series(table[table[y].isin(lines)], y if own else hue, hollow)
    n_beside = 1 if own else len(looks)
    shared = {"data": table, "x": x, "y": y, "order": lines, "orient": "y", "ax": axes}
    shared |= {"hue": "series", "hue_order": [*looks], "legend": False}
    shared["palette"] = {name: colour for name, (colour, _) in looks.items()}
    sns.stripplot(**shared, dodge=n_beside > 1, jitter=False, alpha=0.45, size=3, zorder=1)
    look = {"errorbar": errorbar, "err_kws": {"linewidth": 1.2}, "linestyle": "none", "zorder": 3}
    look |= {"marker": "o", "markersize": 5, "markeredgewidth": 1, "estimator": centre}
    beside = 0.8 * (1 - 1 / n_beside)  # as seaborn lays the small points
    before = len(axes.lines)
    sns.pointplot(**shared, **look, dodge=beside)
    means = [line for line in axes.lines[before:] if line.get_marker() == "o"]  # the others: bars
    for (name, (colour, kind)), line in zip(looks.items(), means, strict=True):
        line.set(label="_" * own + name, markeredgecolor=colour)
        line.set_markerfacecolor("white" if hollow and kind == 1 else colour)
    axes.set(ylabel="", xlabel=x.replace("_", " "))
    axes.grid(axis="y", color="0.93", lw=0.6)
    axes.set_axisbelow(True)
    return axes


def differences(
    table: pd.DataFrame,
    axes: Axes,
    y: str = "model",
    hue: str | None = None,
    group: str | None = None,
    margin: float | None = None,
    values: bool = False,
    label: str = "difference (percentage points)",
) -> Axes:
    """Differences with their intervals, one line for each value of `y`, from top to bottom.

    `table` is of `compare`: difference, low, high, answer where it is known, and the columns `y`
    that names a line (a model, a state, a change), `hue` of what shares a line, with legend entries
    (colours by model or state, else by order; markers too), and `group` of headings above lines.
    Rows keep their order. A marker is hollow where the answer is not "different".

    `margin` is half the width of the grey band of differences that are too small to notice;
    `values` writes each difference and its interval at the right; `label` says what differs, with
    its unit.
    """
    if margin is not None:
        axes.axvspan(-margin, margin, color=BAND, zorder=0, lw=0)
    axes.axvline(0, color=GUIDE, lw=0.8, zorder=1)
    colours = palette(table[hue or y])
    kinds = list(dict.fromkeys(table[hue])) if hue else [None]
    names: list[str] = []
    headings: list[int] = []
    for heading, rows in table.groupby(group, sort=False) if group else [("", table)]:
        if group:
            headings.append(len(names))
            names.append(str(heading))
        lines = list(dict.fromkeys(rows[y]))
        for row in rows.to_dict("records"):
            place = kinds.index(row[hue]) if hue else 0
            height = len(names) + lines.index(row[y]) + 0.64 * ((place + 0.5) / len(kinds) - 0.5)
            colour, marker = colours[row[hue or y]], _MARKERS[place % 5]
            face = colour if row.get("answer", "different") == "different" else "white"
            axes.plot([row["low"], row["high"]], [height] * 2, color=colour, lw=1.4, zorder=2)
            axes.plot(row["difference"], height, marker, ms=5, color=colour, mfc=face, zorder=3)
            if values:
                text = f"{row['difference']:+.1f} [{row['low']:.1f}, {row['high']:.1f}]"
                at = axes.get_yaxis_transform()
                axes.text(1.02, height, text, transform=at, fontsize=8, va="center")
        names += map(str, lines)
    for place, kind in enumerate(kinds if hue else []):
        axes.plot([], [], _MARKERS[place % 5], color=colours[kind], ms=4.5, label=str(kind))
    name_lines(axes, names, headings)
    axes.set_xlabel(label)
    return axes


def differences_against(
    table: pd.DataFrame, axes: Axes, x: str, hue: str = "model", margin: float | None = None
) -> Axes:
    """Differences with their intervals against what was varied, a line for each value of `hue`.

    `table` is one of `compare`, with columns `x`, `hue`, difference, low and high; `margin` is half
    the width of a band around zero. Arguments as in `accuracy_against`.
    """
    if margin is not None:
        axes.axhspan(-margin, margin, color=BAND, zorder=-2, lw=0)
    axes.axhline(0, color=GUIDE, lw=0.8, zorder=0)
    curves(table, axes, x, "difference", hue, ends=("low", "high"))
    axes.set_ylabel("difference (points)")
    return axes


_Looks = Mapping[str, tuple[str, int]]
"""Colour of each line, and the place of its style, by what the legend says of it."""


def _series(
    table: pd.DataFrame, hue: str | None, style: str | None, order: Sequence[str] | None = None
) -> tuple[pd.DataFrame, _Looks]:
    """Rows with a column `series` that names their line, and how lines look."""
    values = list(order or dict.fromkeys(table[hue])) if hue else [""]
    kinds = list(dict.fromkeys(table[style])) if style else [""]
    kinds = kinds if isinstance(kinds[0], str) else sorted(kinds)
    shades = palette(values) if hue else {"": "0.25"}
    columns = [table[c] if c else pd.Series("", table.index) for c in (hue, style)]
    keys = list(zip(*columns, strict=True))
    pairs = [pair for pair in itertools.product(values, kinds) if pair in set(keys)]
    texts = {pair: _entry({hue: pair[0], style: pair[1]}) for pair in pairs}
    table = table.assign(series=pd.Series(keys, table.index).map(texts)).dropna(subset=["series"])
    return table, {texts[v, k]: (shades[v], kinds.index(k)) for v, k in pairs}


def _entry(values: Mapping[str | None, object]) -> str:
    """What the legend says of a line: `GNN, unseen worms`, `types, trained on 4`."""
    said = {"n_train": "trained on {}".format, "seen": lambda seen: WORMS[bool(seen)]}
    return ", ".join(said.get(c, str)(value) for c, value in values.items() if c)


def _know_nothing(rows: pd.DataFrame, by: str, score: str) -> pd.Series | None:
    """Percent by a column that the majority class reaches, or chance; None where unknown."""
    if score == "accuracy" and "majority" in rows:
        worms = rows.groupby(list(dict.fromkeys([by, "worm"])))["majority"].mean()
        return (100 * worms.groupby(level=0).mean()).rename("majority class")
    if score == "balanced_accuracy" and "n_states" in rows and rows["n_states"].nunique() == 1:
        chance = 100 / int(rows["n_states"].iloc[0])
        return pd.Series(chance, index=sorted(rows[by].unique()), name="chance")
    return None
