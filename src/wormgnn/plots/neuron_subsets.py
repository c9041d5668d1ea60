"""How well states are read from fewer neurons, and from each neuron alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from wormgnn.plots.scores import MODEL_COLOURS

_DODGE = 0.16
"""Neurons between neighbouring methods, so that their bars do not cover each other."""


def score_by_number(
    summary: pd.DataFrame, axes: Axes, methods: Sequence[str], label: str = "accuracy (%)"
) -> Axes:
    """A score on unseen worms against the number of neurons, a line for each method.

    Parameters
    ----------
    summary
        Of `tables.by_number` with one number of training worms.
    axes
        Where to draw. A thin bar is the standard deviation over worms, a thick one over sets
        of neurons of that size; both end at 100 %.
    methods
        Which, in which order.
    label
        What the score is.
    """
    for place, method in enumerate(methods):
        found = summary[summary["method"] == method].sort_values("n_neurons")
        x = found["n_neurons"] + _DODGE * (place - (len(methods) - 1) / 2)
        y, colour = 100 * found["mean"], MODEL_COLOURS[place % len(MODEL_COLOURS)]
        for column, width, alpha in (("sd_worms", 0.8, 1.0), ("sd_sets", 3.0, 0.35)):
            bars = _bars(y, found[column])
            axes.errorbar(x, y, bars, fmt="none", ecolor=colour, elinewidth=width, alpha=alpha)
        axes.plot(x, y, "o-", ms=3.5, lw=1.2, color=colour, label=method)
    majority = 100 * summary["majority"].mean()
    axes.axhline(majority, color="0.5", ls=":", lw=1, label="majority class")
    axes.set(xlabel="neurons", ylabel=label)
    axes.set_xticks(sorted(summary["n_neurons"].unique()))
    return axes


def _bars(percent: pd.Series, sd: pd.Series) -> NDArray[np.float64]:
    """Lengths below and above, shape (2, points), in percent; no score lies above 100."""
    lengths = 100 * sd.fillna(0).to_numpy()
    return np.stack([lengths, np.minimum(lengths, 100 - percent.to_numpy())])


def accuracy_by_worm(summary: pd.DataFrame, axes: Axes) -> Axes:
    """Mean accuracy on each unseen worm, and its standard deviation over members as a bar.

    `summary` has columns model, worm, accuracy and sd (fractions), one row for each.
    """
    worms, models = sorted(summary["worm"].unique()), list(summary["model"].unique())
    width = 0.8 / len(models)
    for place, model in enumerate(models):
        rows = summary[summary["model"] == model].set_index("worm").loc[worms]
        y, colour = 100 * rows["accuracy"], MODEL_COLOURS[place % len(MODEL_COLOURS)]
        x = np.arange(len(worms)) + (place - (len(models) - 1) / 2) * width
        bars = _bars(y, rows["sd"])
        axes.errorbar(x, y, bars, fmt="o", ms=4, lw=0.8, color=colour, label=model)
    axes.set_xticks(range(len(worms)), worms)
    axes.set(xlabel="evaluated worm, never trained on", ylabel="accuracy (%)")
    return axes


def single_neurons(
    summary: pd.DataFrame,
    axes: Axes,
    order: Sequence[str],
    methods: Sequence[str],
    chance: float = 0.5,
    label: str = "balanced accuracy (%)",
) -> Axes:
    """Score of each neuron alone: unseen worms filled, the same worm's test fold hollow.

    Parameters
    ----------
    summary
        Of `tables.by_neuron` with one number of training worms.
    axes
        Where to draw. Bars are standard deviations over worms; they end at 100 %.
    order
        Names of the neurons from top to bottom.
    methods
        Which, in which order.
    chance
        Score of a model that knows nothing, drawn as a dotted line.
    label
        What the score is.
    """
    step = 0.8 / (2 * len(methods))
    row = {name: number for number, name in enumerate(order)}
    for place, method in enumerate(methods):
        colour = MODEL_COLOURS[place % len(MODEL_COLOURS)]
        for kind, seen in enumerate((False, True)):
            found = summary[(summary["method"] == method) & (summary["seen"] == seen)]
            offset = step * (2 * place + kind - len(methods) + 0.5)
            axes.errorbar(
                100 * found["mean"],
                [row[name] + offset for name in found["neurons"]],
                xerr=_bars(100 * found["mean"], found["sd"]),
                fmt="o",
                ms=3.5,
                lw=0.7,
                color=colour,
                mfc="white" if seen else colour,
            )
    axes.axvline(100 * chance, color="0.5", ls=":", lw=1)
    axes.set_yticks(range(len(order)), list(order))
    axes.set(xlabel=label, ylim=(len(order) - 0.4, -0.6))
    axes.grid(axis="y", color="0.93", lw=0.6)
    axes.set_axisbelow(True)
    return axes


def neuron_by_worm(scores: pd.DataFrame, axes: Axes, label: str, chance: float = 0.5) -> Axes:
    """Score of each neuron alone on each unseen worm, as colours with percentages.

    Parameters
    ----------
    scores
        Of `singles.by_worm`: neurons down, worms across, fractions.
    axes
        Where to draw, with a colour bar beside it.
    label
        What the score is.
    chance
        Score that is drawn white; what lies as far below as above has another colour.
    """
    values = 100 * scores.to_numpy()
    limits = (100 * (2 * chance - 1), 100.0)
    image = axes.imshow(values, vmin=limits[0], vmax=limits[1], cmap="RdBu", aspect="auto")
    for row, column in np.ndindex(values.shape):
        dark = abs(values[row, column] - 100 * chance) > 35
        colour = "white" if dark else "black"
        text = f"{values[row, column]:.0f}"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=7)
    axes.set_xticks(range(len(scores.columns)), list(scores.columns), fontsize=7)
    axes.set_yticks(range(len(scores)), list(scores.index), fontsize=7)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    assert axes.figure is not None
    axes.figure.colorbar(image, ax=axes, label=label)
    return axes


def single_neuron_legend(axes: Axes, methods: Sequence[str], columns: int = 5) -> Axes:
    """What the markers and colours of `single_neurons` mean, beneath the figure."""
    handles = []
    for place, method in enumerate(methods):
        colour = MODEL_COLOURS[place % len(MODEL_COLOURS)]
        for text, face in (("unseen worms", colour), ("same worm", "white")):
            marker = Line2D([], [], marker="o", ls="", ms=4, color=colour, mfc=face)
            marker.set_label(f"{method}: {text}")
            handles.append(marker)
    handles.append(Line2D([], [], color="0.5", ls=":", lw=1, label="chance"))
    assert axes.figure is not None
    axes.figure.legend(handles=handles, loc="outside lower center", ncols=columns, fontsize=7)
    return axes
