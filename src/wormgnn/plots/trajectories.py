"""Figures of forecasts: error and skill against frames ahead, examples, free roll-outs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wormgnn.plots.style import worm_colour

Array = NDArray[np.floating]

# Colour tells what a model sees of the other neurons, dashes how far it looks back.
FORECAST_STYLES: dict[str, dict[str, Any]] = {
    "Persistence": {"color": "black", "ls": (0, (4, 2))},
    "Constant derivative": {"color": "0.45", "ls": (0, (1, 1))},
    "Damped persistence": {"color": "0.25", "ls": (0, (5, 1))},
    "Mean": {"color": "0.65", "ls": (0, (6, 1.5, 1, 1.5))},
    "Ridge, one frame": {"color": "#8C6D31", "ls": "-"},
    "VAR, four frames": {"color": "#8C6D31", "ls": (0, (4, 2))},
    "MLP": {"color": "#0072B2", "ls": "-"},
    "Node MLP": {"color": "#009E73", "ls": "-"},
    "GNN": {"color": "#D55E00", "ls": "-"},
    "GNN, static edges": {"color": "#E69F00", "ls": "-"},
    "GAT": {"color": "#CC79A7", "ls": "-"},
    "MLP-RNN": {"color": "#0072B2", "ls": (0, (4, 2))},
    "Node MLP-RNN": {"color": "#009E73", "ls": (0, (4, 2))},
    "GNN-RNN": {"color": "#D55E00", "ls": (0, (4, 2))},
}
"""Line of each model, the same in every figure."""

FORECAST_GROUPS: dict[str, tuple[str, ...]] = {
    "simple forecasts": (
        *("Damped persistence", "Constant derivative", "Mean"),
        *("Ridge, one frame", "VAR, four frames"),
    ),
    "Markovian networks": ("MLP", "Node MLP", "GNN", "GNN, static edges", "GAT"),
    "recurrent networks": ("MLP-RNN", "Node MLP-RNN", "GNN-RNN"),
}
"""Models that share a panel."""

_TICKS = (1, 4, 8, 12, 16)
SKILL_LIMITS = (-70.0, 80.0)
"""Range of skill shown, in percent."""


def forecast_style(model: str) -> dict[str, Any]:
    """Colour and dashes of a model; one without its own gets a colour from its name."""
    own = {"color": worm_colour(sum(map(ord, model))), "ls": "-"}
    return FORECAST_STYLES.get(model, own)


def error_curves(
    table: pd.DataFrame, axes: Axes, n_train: int, models: Sequence[str] | None = None
) -> Axes:
    """MSE against frames ahead, with bands (Fig. 4C), on a logarithmic scale.

    Parameters
    ----------
    table
        As `forecast_tables.skill` returns it.
    axes
        Where to draw; models whose forecasts diverged are named in a corner.
    n_train
        Number of training worms.
    models
        Which models, in which order; all if None.
    """
    chosen = _chosen(table, n_train, models)
    for model, part in chosen.groupby("model", sort=False):
        _line(part, axes, str(model), "mse", 1e4)
    axes.set_xticks(_TICKS)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="frames ahead", ylabel="MSE (1e-4)", title=_trained_on(n_train))
    return _note(axes, _diverged(chosen))


def skill_curves(
    table: pd.DataFrame,
    axes: Axes,
    n_train: int,
    models: Sequence[str] | None = None,
    limits: tuple[float, float] = SKILL_LIMITS,
) -> Axes:
    """Skill in percent against frames ahead, with bands; arguments as `error_curves`.

    Models that fall below `limits` are named in a corner, each with its worst skill.
    """
    chosen = _chosen(table, n_train, models)
    for model, part in chosen.groupby("model", sort=False):
        _line(part, axes, str(model), "skill", 100)
    axes.axhline(0, **FORECAST_STYLES["Persistence"], lw=0.8, zorder=1)
    axes.set_xticks(_TICKS)
    axes.set(ylim=limits, xlabel="frames ahead", ylabel="skill (%)", title=_trained_on(n_train))
    return _note(axes, out_of_view(chosen, limits[0]))


def skill_grid(table: pd.DataFrame, grid: NDArray[Any]) -> NDArray[Any]:
    """Skill by number of training worms (rows of axes) and `groups_of` the table (columns)."""
    for row, n_train in zip(grid, sorted(table["n_train"].unique()), strict=True):
        for axes, (group, models) in zip(row, groups_of(table).items(), strict=True):
            skill_curves(table, axes, n_train, models)
            axes.set_title(f"{group}\n{_trained_on(n_train)}")
            axes.label_outer()
    return grid


def groups_of(table: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Those of `FORECAST_GROUPS` that the table has a model of; then models of no group."""
    there = list(dict.fromkeys(table["model"]))
    known = {"Persistence", *(model for group in FORECAST_GROUPS.values() for model in group)}
    every = FORECAST_GROUPS | {"others": tuple(model for model in there if model not in known)}
    return {name: models for name, models in every.items() if set(models) & set(there)}


def out_of_view(table: pd.DataFrame, floor: float) -> list[str]:
    """Models whose skill falls below a floor in percent, each with its worst skill."""
    texts = []
    for model, part in table.groupby("model", sort=False):
        values = 100 * part["skill"].to_numpy()
        if not np.isfinite(values).all():
            texts.append(f"{model}: diverged")
        elif values.min() < floor:
            lowest = values.min()
            texts.append(f"{model}: down to {lowest:{'.0f' if lowest > -1e5 else '.0e'}} %")
    return texts


def forecast_legend(figure: Figure, columns: int = 5) -> Figure:
    """One legend beneath the figure for the models in all of its panels."""
    named: dict[str, Any] = {}
    for axes in figure.axes:
        named |= dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    order = [model for model in FORECAST_STYLES if model in named]
    order += [model for model in named if model not in FORECAST_STYLES]
    figure.legend(
        [named[model] for model in order], order, loc="outside lower center", ncols=columns
    )
    return figure


def example_forecasts(
    truth: Array,
    first: Sequence[int],
    forecasts: Mapping[str, Array],
    neurons: Sequence[str],
    grid: NDArray[Any],
    known_frames: int = 4,
) -> NDArray[Any]:
    """Predicted against true traces: a row of axes for each neuron, a column for each start.

    Parameters
    ----------
    truth
        Scaled traces, shape (neurons, frames).
    first
        First known frame of each forecast, shape (starts,).
    forecasts
        By model, shape (neurons, starts, frames ahead).
    neurons
        Names of the rows.
    grid
        Axes, shape (neurons, starts).
    known_frames
        Frames that the models were given.
    """
    for row, (neuron, panels) in enumerate(zip(neurons, grid, strict=True)):
        for column, (start, axes) in enumerate(zip(first, panels, strict=True)):
            predicted = {model: values[row, column] for model, values in forecasts.items()}
            _example(truth[row, start:], predicted, axes, known_frames)
            if row == 0:
                axes.set_title(f"frame {start}", loc="center")
        panels[0].set_ylabel(neuron)
    for axes in grid[-1]:
        axes.set_xlabel("frames ahead")
    return grid


def free_paths(truth: Array, paths: Mapping[str, Array], axes: Axes, margin: float = 0.25) -> Axes:
    """Roll-outs beside the true path on its first two principal components.

    `truth` and every path have shape (frames, 2 or more); limits follow the true path,
    with a margin in parts of its range, and dots mark where each starts.
    """
    axes.plot(truth[:, 0], truth[:, 1], color="0.7", lw=0.9, label="true", zorder=1)
    for model, path in paths.items():
        style = forecast_style(model)
        axes.plot(path[:, 0], path[:, 1], **style, lw=1.1, label=model, zorder=2)
        axes.plot(*path[0, :2], "o", color=style["color"], ms=3, zorder=3)
        axes.plot(*path[-1, :2], "s", color=style["color"], ms=4, mec="black", mew=0.5, zorder=3)
    low, high = truth.min(axis=0), truth.max(axis=0)
    pad = margin * (high - low)
    axes.set(xlim=(low[0] - pad[0], high[0] + pad[0]), ylim=(low[1] - pad[1], high[1] + pad[1]))
    axes.set(xlabel="component 1", ylabel="component 2")
    return axes


def _chosen(table: pd.DataFrame, n_train: int, models: Sequence[str] | None) -> pd.DataFrame:
    wanted = list(table["model"].unique()) if models is None else models
    return table[(table["n_train"] == n_train) & table["model"].isin(wanted)]


def _line(part: pd.DataFrame, axes: Axes, model: str, column: str, factor: float) -> None:
    style, x = forecast_style(model), part["step"].to_numpy()
    middle, low, high = (
        factor * part[name].replace([np.inf, -np.inf], np.nan).to_numpy()
        for name in (column, f"{column}_low", f"{column}_high")
    )
    axes.plot(x, middle, **style, label=model, zorder=3)
    axes.fill_between(x, low, high, color=style["color"], alpha=0.1, lw=0, zorder=2)


def _trained_on(n_train: int) -> str:
    return f"{n_train} training worm{'' if n_train == 1 else 's'}"


def _diverged(table: pd.DataFrame) -> list[str]:
    finite = table.groupby("model", sort=False)["mse"].agg(lambda mse: np.isfinite(mse).all())
    return [f"{model}: diverged" for model in finite.index[~finite.to_numpy(dtype=bool)]]


def _note(axes: Axes, lines: Sequence[str]) -> Axes:
    """Text in the lower right corner; nothing for no lines."""
    if lines:
        axes.annotate(
            "leaves the panel:\n" + "\n".join(lines),
            (0.99, 0.02),
            xycoords="axes fraction",
            ha="right",
            va="bottom",
            fontsize="x-small",
            zorder=4,
            bbox={"boxstyle": "square,pad=0.2", "facecolor": "white", "alpha": 0.8, "lw": 0},
        )
    return axes


def _example(truth: Array, predicted: Mapping[str, Array], axes: Axes, known_frames: int) -> None:
    horizon = max(len(values) for values in predicted.values())
    shown = truth[: known_frames + horizon]
    axes.plot(np.arange(len(shown)) - known_frames + 1, shown, color="0.7", lw=2.5, label="true")
    for model, values in predicted.items():
        joined = np.concatenate([truth[known_frames - 1 : known_frames], values])
        axes.plot(np.arange(len(joined)), joined, **forecast_style(model), label=model)
    axes.axvline(0, color="0.8", lw=0.6, zorder=0)
    axes.set_ylim(-0.15, 1.15)
    axes.label_outer()
