"""Figures of forecasts: error and skill against frames ahead, examples, free roll-outs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from wormgnn.plots.style import model_line, palette

Array = NDArray[np.floating]

FORECAST_GROUPS: dict[str, tuple[str, ...]] = {
    "simple forecasts": (
        *("Damped persistence", "Constant derivative", "Mean"),
        *("Ridge, one frame", "VAR, four frames"),
    ),
    "networks without a graph": ("MLP", "Node MLP", "MLP-RNN", "Node MLP-RNN"),
    "graph networks": ("GNN", "GNN, static edges", "GNN, self edge", "GAT", "GNN-RNN"),
}
"""Models that share a panel."""

KNOWN_FRAMES = 4  # of each forecast, as in the task
SKILL_LIMITS = (-70.0, 80.0)
"""Range of skill shown, in percent."""


def error_curves(table: pd.DataFrame, axes: Axes) -> Axes:
    """MSE against frames ahead, with bands (Fig. 4C), on a logarithmic scale.

    `table` is of `compare.skill`, one number of training worms: model, step, mse, mse_low,
    mse_high. Models whose forecasts diverged are named in a corner.
    """
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    return _against_steps(table, axes, "mse", 1e4, "MSE ($10^{-4}$)")


def skill_curves(table: pd.DataFrame, axes: Axes) -> Axes:
    """Skill in percent against frames ahead, with bands; persistence is the dashed zero.

    Arguments as in `error_curves`, with columns skill, skill_low, skill_high. Models that fall
    below `SKILL_LIMITS` are named in a corner, each with its worst skill.
    """
    axes.axhline(0, **model_line("Persistence"), lw=0.8, zorder=1)
    axes.set_ylim(SKILL_LIMITS)
    others = table[table["model"] != "Persistence"]
    return _against_steps(others, axes, "skill", 100, "skill (%)", SKILL_LIMITS[0])


def _against_steps(
    table: pd.DataFrame, axes: Axes, y: str, factor: float, label: str, floor: float = -np.inf
) -> Axes:
    """A line with its band for each model; a corner names those that diverge or leave the panel."""
    leaving = ["leaves the panel:"]
    colours = palette(table["model"])  # of variants of one model, too
    for model, rows in table.sort_values("step", kind="stable").groupby("model", sort=False):
        columns = rows[[y, f"{y}_low", f"{y}_high"]].replace([np.inf, -np.inf], np.nan)
        middle, low, high = factor * columns.to_numpy(dtype=float).T
        line = model_line(str(model)) | {"color": colours[model]}
        axes.plot(rows["step"], middle, **line, label=model, zorder=3)
        axes.fill_between(rows["step"], low, high, color=line["color"], alpha=0.1, lw=0)
        lowest = np.nanmin(middle, initial=np.inf)
        if np.isnan(middle).any():
            leaving.append(f"{model}: diverged")
        elif lowest < floor:
            leaving.append(f"{model}: down to {lowest:{'.0f' if lowest > -1e5 else '.0e'}} %")
    if len(leaving) > 1:
        ground = {"boxstyle": "square,pad=0.2", "facecolor": "white", "alpha": 0.8, "lw": 0}
        place: dict[str, Any] = {"ha": "right", "va": "bottom", "transform": axes.transAxes}
        text = "\n".join(leaving)
        axes.text(0.99, 0.02, text, **place, fontsize="x-small", zorder=4, bbox=ground)
    axes.set(xticks=(1, 4, 8, 12, 16), xlabel="frames ahead", ylabel=label)
    return axes


def skill_grid(table: pd.DataFrame, grid: NDArray[Any]) -> NDArray[Any]:
    """Skill by number of training worms (rows of axes) and `FORECAST_GROUPS` (columns)."""
    for row, (n_train, part) in zip(grid, table.groupby("n_train"), strict=True):
        for axes, (group, models) in zip(row, FORECAST_GROUPS.items(), strict=True):
            skill_curves(part[part["model"].isin(models)], axes)
            axes.set_title(f"{group}\n{n_train} training worm{'' if n_train == 1 else 's'}")
            axes.label_outer()
    return grid


def example_forecasts(
    truth: Array,
    first: Sequence[int],
    forecasts: Mapping[str, Array],
    neurons: Sequence[str],
    grid: NDArray[Any],
) -> NDArray[Any]:
    """Predicted against true traces on a grid of axes, shape (neurons, starts).

    `truth` are scaled traces, shape (neurons, frames); `first` the first known frame of each
    forecast, shape (starts,); `forecasts` by model have shape (neurons, starts, frames ahead),
    behind `KNOWN_FRAMES` true frames.
    """
    horizon = max(values.shape[2] for values in forecasts.values())
    for row, (neuron, panels) in enumerate(zip(neurons, grid, strict=True)):
        for column, (start, axes) in enumerate(zip(first, panels, strict=True)):
            known = truth[row, start : start + KNOWN_FRAMES + horizon]
            steps = np.arange(len(known)) - KNOWN_FRAMES + 1
            axes.plot(steps, known, color="0.7", lw=2.5, label="true")
            for model, values in forecasts.items():  # from the last known frame on
                joined = [known[KNOWN_FRAMES - 1], *values[row, column]]
                axes.plot(np.arange(len(joined)), joined, **model_line(model), label=model)
            axes.axvline(0, color="0.8", lw=0.6, zorder=0)
            axes.set(ylim=(-0.15, 1.15), xlabel="frames ahead")
            axes.label_outer()
            if row == 0:
                axes.set_title(f"frame {start}", loc="center")
        panels[0].set_ylabel(f"{neuron}\n(scaled)")
    return grid


def free_paths(truth: Array, paths: Mapping[str, Array], axes: Axes) -> Axes:
    """Roll-outs beside the true path on its first two principal components.

    `truth` and every path have shape (frames, 2 or more); limits follow the true path,
    with a margin of a quarter of its range. A dot marks where a path starts, a square its end.
    """
    axes.plot(truth[:, 0], truth[:, 1], color="0.7", lw=0.9, label="true", zorder=1)
    for model, path in paths.items():
        line = model_line(model)
        axes.plot(path[:, 0], path[:, 1], **line, lw=1.1, label=model, zorder=2)
        axes.plot(*path[0, :2], "o", color=line["color"], ms=3, zorder=3)
        axes.plot(*path[-1, :2], "s", color=line["color"], ms=4, mec="black", mew=0.5, zorder=3)
    low, high = truth.min(axis=0), truth.max(axis=0)
    pad = 0.25 * (high - low)
    axes.set(xlim=(low[0] - pad[0], high[0] + pad[0]), ylim=(low[1] - pad[1], high[1] + pad[1]))
    axes.set(xlabel="component 1", ylabel="component 2")
    return axes
