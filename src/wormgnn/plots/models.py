"""Figures that compare many models: one line each, intervals over worms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from wormgnn.plots.scores import MODEL_COLOURS
from wormgnn.statistics import bootstrap_interval

_KINDS = {True: ("same worm, test fold", "white"), False: ("unseen worms", None)}
_PLACE = 0.19


def accuracy_of_models(
    rows: pd.DataFrame, axes: Axes, models: Mapping[str, str], score: str = "accuracy"
) -> Axes:
    """A score of each model with its interval over evaluated worms.

    Parameters
    ----------
    rows
        Rows of `experiments.run`: columns model, n_train, seen, worm, majority and the score.
    axes
        Where to draw.
    models
        Labels in `rows` to the names shown, from the top.
    score
        `accuracy` or `balanced_accuracy`.
    """
    counts = sorted(rows["n_train"].unique())
    for place, label in enumerate(models):
        for shift, (n_train, seen) in enumerate((n, s) for n in counts for s in (True, False)):
            chosen = (rows["model"] == label) & (rows["n_train"] == n_train)
            part = rows[chosen & (rows["seen"] == seen)]
            if part.empty:
                continue
            by_worm = 100 * part.groupby("worm")[score].mean()
            mean, low, high = map(float, bootstrap_interval(by_worm.to_numpy()))
            kind, face = _KINDS[seen]
            colour = MODEL_COLOURS[counts.index(n_train) % len(MODEL_COLOURS)]
            axes.errorbar(
                mean,
                place + (shift - len(counts) + 0.5) * _PLACE,
                xerr=None if np.isnan(low) else [[mean - low], [min(high, 100.0) - mean]],
                fmt="o",
                ms=4,
                color=colour,
                mfc=face or colour,
                lw=1,
                label=f"{kind}, trained on {n_train}" if place == 0 else None,
            )
    if score == "accuracy":
        unseen = rows.loc[~rows["seen"], "majority"]
        axes.axvline(100 * unseen.mean(), color="0.5", ls=":", lw=1, label="majority class")
    axes.set_yticks(range(len(models)), list(models.values()))
    axes.set_ylim(len(models) - 0.5, -0.5)
    axes.set(xlabel=f"{score.replace('_', ' ')} (%)")
    return axes


def training_rises(table: pd.DataFrame, axes: Axes, models: Sequence[str]) -> Axes:
    """Rise of the validation loss behind its best epoch: each member a point, the median a bar.

    `table` as `overfitting.overfitting` returns it, with the names shown in `model`.
    """
    jitter = np.random.default_rng(0)
    for place, model in enumerate(models):
        for side, (n_train, part) in enumerate(table[table["model"] == model].groupby("n_train")):
            centre = place + 0.3 * (side - 0.5)
            colour = MODEL_COLOURS[side % len(MODEL_COLOURS)]
            spread = centre + jitter.uniform(-0.08, 0.08, len(part))
            label = f"trained on {n_train}" if place == 0 else None
            axes.plot(part["rise"], spread, ".", color=colour, ms=5, alpha=0.6, label=label)
            middle = part["rise"].median()
            axes.plot([middle, middle], [centre - 0.13, centre + 0.13], color=colour, lw=2)
    axes.set_yticks(range(len(models)), list(models))
    axes.set_ylim(len(models) - 0.5, -0.5)
    axes.set_xscale("symlog", linthresh=1e-3)
    axes.set_xlim(left=-2e-4)
    axes.set(xlabel="last validation loss less the lowest (nats a frame)")
    return axes
