"""Figures of `compare` tables: differences with their intervals, and verdicts that rest on them."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from wormgnn.plots.scores import curves
from wormgnn.plots.style import BAND, GUIDE, VERDICT_COLOURS, palette

_MARKERS = "osD^v"


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

    Parameters
    ----------
    table
        Of `compare`: columns `y`, difference, low, high, and answer where it is known. Rows
        keep their order.
    axes
        Where to draw. Lines are labelled at the axis; values of `hue`, which share a line, have
        legend entries. A marker is hollow where the answer is not "different".
    y, hue, group
        Columns that name a line (a model, a state, a change), what shares a line (colours by model
        or state, else by order; markers too), and headings above lines.
    margin
        Half the width of the grey band of differences that are too small to notice.
    values
        Whether to write each difference and its interval at the right.
    label
        What differs, with its unit.
    """
    if margin is not None:
        axes.axvspan(-margin, margin, color=BAND, zorder=0, lw=0)
    axes.axvline(0, color=GUIDE, lw=0.8, zorder=1)
    colours = palette(table[hue or y])
    kinds = list(dict.fromkeys(table[hue])) if hue else [None]
    names: list[str] = []
    headings: list[int] = []
    for heading, part in table.groupby(group, sort=False) if group else [("", table)]:
        if group:
            headings.append(len(names))
            names.append(str(heading))
        for line, rows in part.groupby(y, sort=False):
            for row in rows.to_dict("records"):
                place = kinds.index(row[hue]) if hue else 0
                height = len(names) + 0.64 * ((place + 0.5) / len(kinds) - 0.5)
                colour, marker = colours[row[hue or y]], _MARKERS[place % 5]
                face = colour if row.get("answer", "different") == "different" else "white"
                axes.plot([row["low"], row["high"]], [height] * 2, color=colour, lw=1.4, zorder=2)
                axes.plot(row["difference"], height, marker, ms=5, color=colour, mfc=face, zorder=3)
                if values:
                    text = f"{row['difference']:+.1f} [{row['low']:.1f}, {row['high']:.1f}]"
                    at = axes.get_yaxis_transform()
                    axes.text(1.02, height, text, transform=at, fontsize=8, va="center")
            names.append(str(line))
    for place, kind in enumerate(kinds if hue else []):
        axes.plot([], [], _MARKERS[place % 5], color=colours[kind], ms=4.5, label=str(kind))
    axes.set_yticks(range(len(names)), names)
    for place, tick in enumerate(axes.get_yticklabels()):
        tick.set_fontweight("bold" if place in headings else "normal")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)
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


def verdict_counts(counts: pd.DataFrame, axes: Axes) -> Axes:
    """A strip for each topic, as long as it has claims, cut by verdict.

    `counts` holds numbers of claims, topics as rows and verdicts as columns.
    """
    colours = [VERDICT_COLOURS[verdict] for verdict in counts.columns]
    counts.plot.barh(stacked=True, width=0.72, color=[*colours], legend=False, ax=axes)
    strips: list[Any] = axes.containers
    for verdict, bars in zip(counts.columns, strips, strict=True):
        ink = "white" if verdict in ("holds", "does not hold") else "black"
        texts = [str(number) if number else "" for number in counts[verdict]]
        axes.bar_label(bars, texts, label_type="center", color=ink)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.spines["left"].set_visible(False)
    axes.set(xlabel="claims", ylabel="", xlim=(0, counts.sum(axis=1).max()))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(ncols=5, loc="lower right", bbox_to_anchor=(1.0, 1.0), handlelength=1.0)
    return axes
