"""How much worms differ: activity at the onset of a state, and matrices of pairs (Fig. 1C, 1D)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from wormgnn.plots.style import worm_colour
from wormgnn.statistics import bootstrap_interval

P_EDGES = (0.0, 0.01, 0.05, 0.2, 0.5, 1.0)
"""Limits of the colours of a p-value; reds below 0.05, blues above."""

_P_COLOURS = ("#D6604D", "#FBD5C0", "#D1E5F0", "#7FB8DA", "#2166AC")
_UNTESTED = "#E8E8E8"

MIN_ROWS = 3
"""Fewest bouts for which a mean and its interval are drawn."""


def state_means(
    activity: Mapping[str, NDArray[np.float64]],
    lags_s: NDArray[np.float64],
    axes: Axes,
    seed: int = 0,
) -> Axes:
    """Mean activity around the onset of a state: one line per worm, and the mean over worms.

    Parameters
    ----------
    activity
        Activity of one neuron around each onset, of shape (bouts, lags), by worm.
    lags_s
        Seconds since the onset, shape (lags,).
    axes
        Where to draw. Shades are 95 % bootstrap intervals over the worm's bouts; the
        dashed line is the mean of the worms' means.
    seed
        Seed of the bootstrap.
    """
    means = []
    for index, (worm, values) in enumerate(activity.items()):
        mean, low, high = bootstrap_interval(values, rng=seed)
        few = np.isfinite(values).sum(axis=0) < MIN_ROWS
        mean, low, high = (np.where(few, np.nan, part) for part in (mean, low, high))
        colour = worm_colour(index)
        axes.plot(lags_s, mean, color=colour, label=f"{worm} ({len(values)} bouts)")
        axes.fill_between(lags_s, low, high, color=colour, alpha=0.13, linewidth=0)
        means.append(mean)
    drawn = np.isfinite(means).any(axis=0)
    over_worms = np.full(len(lags_s), np.nan)
    over_worms[drawn] = np.nanmean(np.array(means)[:, drawn], axis=0)
    axes.plot(lags_s, over_worms, color="black", linestyle="--", label="mean over worms")
    axes.axvline(0, color="0.6", linewidth=0.8, zorder=0)
    axes.set_xlim(lags_s[0], lags_s[-1])
    return axes


def probability_matrix(matrix: NDArray[np.float64], axes: Axes) -> AxesImage:
    """P-values that two worms' activity has one distribution, as coloured squares.

    `matrix` has shape (worms, worms); the diagonal, and NaN, where nothing was tested, are
    grey. Worms are numbered from 1. Returns the image in `axes`, for `probability_bar`.
    """
    norm = BoundaryNorm(P_EDGES, len(_P_COLOURS))
    colours = ListedColormap(list(_P_COLOURS)).with_extremes(bad=_UNTESTED)
    off_diagonal = np.where(np.eye(len(matrix), dtype=bool), np.nan, matrix)
    image = axes.imshow(np.ma.masked_invalid(off_diagonal), cmap=colours, norm=norm)
    numbers = [str(number) for number in range(1, len(matrix) + 1)]
    axes.set_xticks(range(len(matrix)), numbers, fontsize=7)
    axes.set_yticks(range(len(matrix)), numbers, fontsize=7)
    axes.tick_params(length=0, pad=1)
    axes.spines[:].set_visible(False)
    return image


def probability_bar(image: AxesImage, axes: Sequence[Axes]) -> None:
    """Colour bar of a probability matrix beside some axes, with the limits as ticks."""
    figure = axes[0].figure
    assert figure is not None
    bar = figure.colorbar(image, ax=list(axes), spacing="uniform", ticks=P_EDGES, shrink=0.7)
    bar.ax.set_yticklabels([f"{edge:g}" for edge in P_EDGES])
    bar.set_label("probability of one distribution")


def consistency(tests: pd.DataFrame, table: pd.DataFrame, axes: Axes, level: float = 0.05) -> Axes:
    """Share of pairs of worms that differ, for each neuron and state; a dot where consistent.

    `tests` as from `individuality.compare_worms`, `table` from `individuality.consistent`.
    """
    differ = (tests["p"] < level).groupby([tests["neuron"], tests["state"]]).mean().unstack()
    differ = differ.reindex(index=table.index, columns=table.columns)
    image = axes.imshow(differ.T, aspect="auto", vmin=0, vmax=1, cmap="Reds")
    state, neuron = np.nonzero(table.T.to_numpy() == True)  # noqa: E712 (some are missing)
    axes.plot(neuron, state, "o", color="black", markersize=4)
    axes.set_xticks(range(len(differ.index)), [str(name) for name in differ.index], rotation=90)
    axes.set_yticks(range(len(differ.columns)), [str(name) for name in differ.columns])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    assert axes.figure is not None
    bar = axes.figure.colorbar(image, ax=axes, pad=0.02, fraction=0.03)
    bar.set_label(f"share of pairs\nwith p < {level:g}")
    return axes
