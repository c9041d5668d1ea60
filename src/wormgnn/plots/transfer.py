"""Another laboratory's animals: what their neurons do, and how well they are read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from wormgnn.plots.scores import MODEL_COLOURS
from wormgnn.plots.style import worm_colour


def tuning(
    table: pd.DataFrame, home: Sequence[str], axes: Axes, column: str, least_confidence: float
) -> Axes:
    """Correlation of each neuron with reversing: training worms a grey span, animals points.

    Parameters
    ----------
    table
        Of `sharing.tuning`.
    home
        Names of the training worms; their range over worms is the grey span.
    axes
        Where to draw.
    column
        `trace` or `derivative`.
    least_confidence
        Identities below it are drawn hollow.
    """
    neurons = sorted(table["neuron"].unique())
    place = {neuron: number for number, neuron in enumerate(neurons)}
    at_home = table[table["worm"].isin(home)].groupby("neuron")[column]
    low, high = at_home.min(), at_home.max()
    spans = [place[name] for name in low.index]
    axes.bar(spans, high - low, 0.8, bottom=low, color="0.85", label="training worms, range")
    animals = [worm for worm in table["worm"].unique() if worm not in set(home)]
    for number, animal in enumerate(animals):
        found = table[table["worm"] == animal]
        x = found["neuron"].map(place) + 0.16 * (number - (len(animals) - 1) / 2)
        doubtful = (found["confidence"] < least_confidence).to_numpy()
        colour = worm_colour(number)
        axes.plot(x[~doubtful], found[column][~doubtful], "o", ms=4, color=colour, label=animal)
        axes.plot(x[doubtful], found[column][doubtful], "o", ms=4, mec=colour, mfc="white")
    axes.axhline(0, color="0.5", lw=0.8, zorder=0)
    axes.use_sticky_edges = False
    axes.autoscale_view()
    axes.set_xticks(range(len(neurons)), neurons, rotation=60, ha="right", rotation_mode="anchor")
    axes.set_ylabel(f"r ({column}, reversing)")
    return axes


def accuracy_by_animal(
    summary: pd.DataFrame, axes: Axes, column: str = "accuracy", sd: str = "sd"
) -> Axes:
    """Mean and standard deviation over members for each animal and model.

    `summary` is a table of `transfer_tables.per_animal` with one row for each animal and model. A
    dotted line marks the majority class, or, for balanced accuracy, chance.
    """
    animals, models = sorted(summary["worm"].unique()), list(summary["model"].unique())
    width = 0.8 / len(models)
    for number, model in enumerate(models):
        rows = summary[summary["model"] == model].set_index("worm").loc[animals]
        x = np.arange(len(animals)) + (number - (len(models) - 1) / 2) * width
        axes.errorbar(
            x,
            100 * rows[column],
            100 * rows[sd].fillna(0),
            fmt="o",
            ms=4,
            capsize=2,
            color=MODEL_COLOURS[number % len(MODEL_COLOURS)],
            label=model,
        )
    by_animal = summary.drop_duplicates("worm").set_index("worm").loc[animals]
    lines = 100 * by_animal["majority"] if column == "accuracy" else [50.0] * len(animals)
    what = "majority class" if column == "accuracy" else "chance"
    places = np.arange(len(animals))
    axes.hlines(lines, places - 0.45, places + 0.45, "0.3", ":", label=what)
    axes.set_xticks(places, animals)
    axes.set_ylabel(f"{'balanced ' if column != 'accuracy' else ''}accuracy (%)")
    return axes
