"""Figures of accuracies: spread over members, worms and states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from wormgnn.plots.style import WORM_COLOURS, worm_colour

MODEL_COLOURS = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#777777")
"""Colours of models in the order in which they appear (Tol's bright scheme)."""


def accuracy_by_training_worms(
    rows: pd.DataFrame, axes: Axes, seen: bool = False, models: Sequence[str] | None = None
) -> Axes:
    """Accuracy against the number of training worms: every member a point, mean and sd a bar.

    Parameters
    ----------
    rows
        Rows of `experiments.run`: columns model, n_train, seen, accuracy, majority.
    axes
        Where to draw.
    seen
        The test fold of the training worms, or the unseen worms.
    models
        Which models, in which order; all if None.
    """
    chosen = rows[rows["seen"] == seen]
    models = list(models if models is not None else rows["model"].unique())
    counts = sorted(chosen["n_train"].unique())
    width = 0.8 / len(models)
    jitter = np.random.default_rng(0)
    for place, model in enumerate(models):
        colour = MODEL_COLOURS[place % len(MODEL_COLOURS)]
        for x, n_train in enumerate(counts):
            picked = chosen[(chosen["model"] == model) & (chosen["n_train"] == n_train)]
            values = 100 * picked["accuracy"].to_numpy()
            centre = x + (place - (len(models) - 1) / 2) * width
            spread = jitter.uniform(-0.3, 0.3, len(values)) * width
            axes.plot(centre + spread, values, ".", color=colour, alpha=0.35, ms=4, mew=0, zorder=1)
            axes.errorbar(
                centre,
                values.mean(),
                values.std(ddof=1) if len(values) > 1 else 0,
                fmt="o",
                ms=4,
                color=colour,
                ecolor="black",
                mec="black",
                mew=0.6,
                capsize=2,
                zorder=3,
                label=model if x == 0 else None,
            )
    axes.axhline(100 * chosen["majority"].mean(), color="0.5", ls=":", lw=1, label="majority class")
    axes.set_xticks(range(len(counts)), [str(n) for n in counts])
    axes.set(
        xlabel="training worms",
        ylabel="accuracy (%)",
        title="same worms, test fold" if seen else "unseen worms",
    )
    return axes


def accuracy_by_worm(rows: pd.DataFrame, axes: Axes, models: Sequence[str] | None = None) -> Axes:
    """Accuracy on each unseen worm, a box for each model over all members that never met it."""
    unseen = rows[~rows["seen"]]
    worms = sorted(unseen["worm"].unique())
    models = list(models if models is not None else rows["model"].unique())
    width = 0.8 / len(models)
    for place, model in enumerate(models):
        values = [
            100 * unseen[(unseen["model"] == model) & (unseen["worm"] == worm)]["accuracy"]
            for worm in worms
        ]
        centres = np.arange(len(worms)) + (place - (len(models) - 1) / 2) * width
        colour = MODEL_COLOURS[place % len(MODEL_COLOURS)]
        axes.boxplot(
            values,
            positions=centres,
            widths=0.85 * width,
            manage_ticks=False,
            patch_artist=True,
            boxprops={"facecolor": colour, "alpha": 0.7, "lw": 0.6},
            medianprops={"color": "black"},
            flierprops={"marker": ".", "ms": 2, "mec": colour},
        )
        axes.plot([], [], "s", color=colour, alpha=0.7, label=model)
    majority = [100 * unseen[unseen["worm"] == worm]["majority"].mean() for worm in worms]
    axes.hlines(majority, np.arange(len(worms)) - 0.45, np.arange(len(worms)) + 0.45, "0.5", ":")
    axes.set_xticks(range(len(worms)), worms)
    axes.set(xlabel="evaluated worm, never trained on", ylabel="accuracy (%)")
    return axes


def confusion_matrix(counts: np.ndarray, states: Sequence[str], axes: Axes) -> Axes:
    """Percent of each labelled state that was predicted as each state, with counts (Fig. 4B).

    `counts` has shape (labelled state, predicted state).
    """
    share = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(share, vmin=0, vmax=100, cmap="Blues")
    for labelled, predicted in np.ndindex(counts.shape):
        value = share[labelled, predicted]
        axes.text(
            predicted,
            labelled,
            f"{value:.0f}%\n{_thousands(int(counts[labelled, predicted]))}",
            ha="center",
            va="center",
            fontsize="x-small",
            color="white" if value > 55 else "black",
        )
    ticks = range(len(states))
    axes.set_xticks(ticks, states, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, states)
    axes.set(xlabel="predicted", ylabel="labelled")
    axes.grid(False)
    return axes


def _thousands(count: int) -> str:
    return f"{count / 1000:.1f}k" if count >= 1000 else str(count)


def differences(comparisons: pd.DataFrame, axes: Axes) -> Axes:
    """Differences of accuracy with their intervals, one line each.

    `comparisons` has an index of labels and columns difference, low, high, in percent points.
    """
    places = np.arange(len(comparisons))[::-1]
    errors = np.abs(
        comparisons[["low", "high"]].to_numpy().T - comparisons["difference"].to_numpy()
    )
    axes.errorbar(comparisons["difference"], places, xerr=errors, fmt="o", capsize=3, color="black")
    axes.axvline(0, color="0.5", lw=1, ls=":")
    axes.set_yticks(places, list(comparisons.index))
    axes.set(xlabel="difference of accuracy (percentage points)", ylim=(-0.5, len(places) - 0.5))
    return axes


def readings_by_validation(table: pd.DataFrame, axes: Axes) -> Axes:
    """Inner against outer accuracy of every reading, one point for each held-out worm.

    `table` is one number of training worms of `readings.leave_one_worm_out`'s table.
    """
    for number, (name, part) in enumerate(table.groupby("reading", sort=False)):
        marker = "os^Dv"[number // len(WORM_COLOURS) % 5]
        axes.plot(
            100 * part["inner"],
            100 * part["outer"],
            color=worm_colour(number),
            marker=marker,
            ls="none",
            ms=5,
            label=str(name),
        )
    low = 100 * table[["inner", "outer"]].to_numpy().min() - 2
    axes.plot([low, 101], [low, 101], color="0.7", lw=0.8, zorder=0)
    axes.set(
        xlabel="validation: unseen training worms (%)",
        ylabel="evaluation: held-out worm (%)",
    )
    axes.set_aspect("equal", adjustable="box")
    return axes
