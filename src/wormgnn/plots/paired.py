"""Figures of two experiments, paired: what a change does to each model, and to each state."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from wormgnn.plots.scores import MODEL_COLOURS

_BAND = "#EFEFEF"
_SCORES = {
    "accuracy": ("o", "black", "accuracy"),
    "balanced_accuracy": ("s", "0.5", "balanced accuracy"),
    "macro_f1": ("D", "0.7", "mean F1"),
}


def grouped_differences(table: pd.DataFrame, axes: Axes, margin: float, group: str) -> Axes:
    """Differences with their intervals, a line for each model under the name of its group.

    Parameters
    ----------
    table
        Columns `group`, model, score, difference, low, high, in percentage points; scores
        of one model and group share a line.
    axes
        Where to draw.
    margin
        Half the width of the grey band: differences too small to notice.
    group
        Column that makes the groups.
    """
    axes.axvspan(-margin, margin, color=_BAND, zorder=0)
    axes.axvline(0, color="0.5", lw=0.8, zorder=1)
    names: list[str] = []
    headings = []
    for heading, part in table.groupby(group, sort=False):
        headings.append(len(names))
        names.append(str(heading))
        for model, rows in part.groupby("model", sort=False):
            _line(rows, axes, len(names))
            names.append(str(model))
    axes.set_yticks(range(len(names)), names)
    for place, label in enumerate(axes.get_yticklabels()):  # none where the axis is shared
        label.set_fontweight("bold" if place in headings else "normal")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.3, -0.7)
    axes.set_xlabel("difference (percentage points)")
    return axes


def _line(rows: pd.DataFrame, axes: Axes, place: int) -> None:
    step = 0.36 if len(rows) > 1 else 0.0
    for number, row in enumerate(rows.to_dict("records")):
        marker, colour, name = _SCORES[row["score"]]
        y = place + step * (number / max(len(rows) - 1, 1) - 0.5)
        axes.plot([row["low"], row["high"]], [y, y], color=colour, lw=1.2, zorder=2)
        axes.plot(row["difference"], y, marker, ms=4, color=colour, zorder=3, label=name)


def recall_changes(table: pd.DataFrame, axes: Axes) -> Axes:
    """Change of each state's recall with its interval, one colour for each model.

    `table` has columns model, state, difference, low, high, in percentage points.
    """
    states, models = (list(dict.fromkeys(table[name])) for name in ("state", "model"))
    axes.axvline(0, color="0.5", lw=0.8, zorder=1)
    for number, (model, rows) in enumerate(table.groupby("model", sort=False)):
        colour = MODEL_COLOURS[number % len(MODEL_COLOURS)]
        aside = 0.22 * (number - (len(models) - 1) / 2)
        y = [states.index(state) + aside for state in rows["state"]]
        axes.hlines(y, rows["low"], rows["high"], colors=colour, lw=1.2, zorder=2)
        axes.plot(rows["difference"], y, "o", ms=4, color=colour, zorder=3, label=str(model))
    axes.set_yticks(range(len(states)), states)
    axes.set_ylim(len(states) - 0.4, -0.6)
    axes.set_xlabel("change of recall (percentage points)")
    return axes
