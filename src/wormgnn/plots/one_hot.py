"""Figures of edges under a factor within the softmax."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from wormgnn.plots.scores import MODEL_COLOURS
from wormgnn.statistics import cluster_interval

RIVAL_COLOURS = {"types": MODEL_COLOURS[0], "senders": MODEL_COLOURS[1]}
"""Colour of each reading of the softmax."""

_ASIDE = {"types": 0.93, "senders": 1.075}
"""Factors are drawn a little to the left and to the right, so that bars stay apart."""

_DASHES = ("-", "--", ":")


def accuracy_by_factor(
    rows: pd.DataFrame, axes: Axes, levels: Mapping[str, float] | None = None
) -> Axes:
    """Accuracy against the factor: mean with its interval over worms, every network a point.

    Parameters
    ----------
    rows
        Rows of `one_hot.run`, of one kind of worms and one number of training worms.
    axes
        Where to draw; its x axis becomes logarithmic.
    levels
        Accuracies, as fractions, to draw as horizontal lines, by name.
    """
    for rivals, part in rows.groupby("rivals", sort=False):
        colour, aside = RIVAL_COLOURS[str(rivals)], _ASIDE[str(rivals)]
        networks = 100 * part.groupby(["factor", "subset", "fold"])["accuracy"].mean()
        places = aside * networks.index.get_level_values("factor").to_numpy(dtype=float)
        axes.plot(places, networks, ".", color=colour, alpha=0.5, ms=5, mew=0, zorder=1)
        found = [(factor, *_interval(some)) for factor, some in part.groupby("factor")]
        x, mean, low, high = np.array(found, dtype=float).T
        axes.errorbar(
            aside * x,
            100 * mean,
            100 * np.abs(np.array([mean - low, high - mean])),
            fmt="o-",
            ms=4,
            lw=1.2,
            capsize=2,
            color=colour,
            label=f"softmax over {rivals}",
            zorder=3,
        )
    for place, (name, value) in enumerate((levels or {}).items()):
        style = _DASHES[1 + place % 2]
        axes.axhline(100 * value, color="0.45", ls=style, lw=1, zorder=0, label=name)
    factor_axis(axes, rows["factor"].unique())
    axes.set_ylabel("accuracy (%)")
    return axes


def factor_axis(axes: Axes, factors: Iterable[float]) -> None:
    """A logarithmic x axis with a tick at every factor."""
    ticks = sorted(float(factor) for factor in factors)
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(ticks[0] / 1.5, 1.5 * ticks[-1])
    axes.set_xlabel("factor within the softmax")


def _interval(rows: pd.DataFrame) -> tuple[float, float, float]:
    """Mean accuracy and the ends of its interval, which resamples evaluated worms."""
    worms = rows.groupby("worm")["accuracy"].agg(["sum", "size"])
    mean, low, high = (float(part) for part in cluster_interval(worms["sum"], worms["size"]))
    return mean, low, high


def edge_measure(edges: pd.DataFrame, axes: Axes, measure: str, null: str | None = None) -> Axes:
    """A measure of edges against the factor: mean and standard deviation over networks.

    Parameters
    ----------
    edges
        As from `one_hot_verdict.pooled` by rivals, factor and n_train: a line for each
        reading and number of training worms.
    axes
        Where to draw; its x axis becomes logarithmic.
    measure, null
        Columns to draw; the null is dotted and has no spread.
    """
    sizes = sorted(edges["n_train"].unique())
    for (rivals, n_train), part in edges.groupby(["rivals", "n_train"], sort=False):
        part = part.sort_values("factor").dropna(subset=[measure])
        if part.empty:
            continue
        colour, aside = RIVAL_COLOURS[str(rivals)], _ASIDE[str(rivals)]
        x = aside * part["factor"].to_numpy(dtype=float)
        axes.errorbar(
            x,
            part[measure],
            part[f"{measure}_sd"].fillna(0),
            fmt="o",
            ls=_DASHES[sizes.index(n_train) % 2],
            ms=3.5,
            lw=1.2,
            elinewidth=0.8,
            capsize=2,
            color=colour,
            label=f"{rivals}, trained on {n_train}",
        )
        if null is not None:
            axes.plot(x, part[null], ":", color=colour, lw=1.2, zorder=0)
    factor_axis(axes, edges["factor"].unique())
    return axes


def example_edges(table: pd.DataFrame, axes: Axes, ticks: bool = False) -> AxesImage:
    """One matrix of edges, receivers down and senders across, from white (0) to black (1).

    Parameters
    ----------
    table
        Rows of one line of `one_hot.examples`.
    axes
        Where to draw.
    ticks
        Whether to name the neurons.
    """
    names = list(table["receiver"])
    image = axes.imshow(table[names].to_numpy(dtype=float), vmin=0, vmax=1, cmap="Greys")
    shown = names if ticks else []
    axes.set_xticks(range(len(shown)), shown, rotation=90, fontsize=6)
    axes.set_yticks(range(len(shown)), shown, fontsize=6)
    axes.tick_params(length=0, pad=1)
    axes.grid(False)
    return image
