"""The manifold of neural activity: Fig. 1E, 2B, 2C and S1, and how far it predicts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Line3DCollection
from numpy.typing import NDArray

from wormgnn.baselines.admm import Model
from wormgnn.features import Features
from wormgnn.plots.style import NO_STATE_COLOUR, STATE_COLOURS

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

SERIES_COLOURS = {
    "manifold": "#0072B2",
    "persistence": "#D55E00",
    "dwell times": "#009E73",
    "marginal": "#808080",
    "own neurons": "#0072B2",
    "average of other worms": "#D55E00",
    "other worms, not averaged": "#009E73",
}


def path3d(
    xyz: Floats,
    states: Codes,
    vocabulary: Sequence[str],
    axes: Axes3D,
    alpha: float = 0.7,
    linewidth: float = 0.8,
) -> Axes3D:
    """A trajectory in three dimensions, each step in the colour of its state.

    Parameters
    ----------
    xyz
        Shape (frames, 3).
    states
        Code of each frame, shape (frames,); negative is grey.
    vocabulary
        Names of the codes.
    axes
        Where to draw; limits are set to the middle 99 % of the points.
    alpha, linewidth
        Of the line.
    """
    palette = [STATE_COLOURS[name] for name in vocabulary] + [NO_STATE_COLOUR]
    colours = [to_rgba(palette[max(code, -1)], alpha) for code in states[:-1]]
    steps = np.stack([xyz[:-1], xyz[1:]], axis=1)
    axes.add_collection3d(Line3DCollection(list(steps), colors=colours, linewidths=linewidth))
    return limits(xyz, axes)


def limits(xyz: Floats, axes: Axes3D) -> Axes3D:
    """Limits around the middle 99 % of points of shape (points, 3), and no tick labels."""
    low, high = np.nanquantile(xyz, (0.005, 0.995), axis=0)
    margin = 0.05 * np.maximum(high - low, 1e-9)
    for name, a, b in zip("xyz", low - margin, high + margin, strict=True):
        getattr(axes, f"set_{name}lim")(a, b)
        getattr(axes, f"set_{name}ticks")([])
        getattr(axes, f"{name}axis").set_pane_color((1, 1, 1, 0))
    return axes


def label3d(axes: Axes3D, names: Sequence[str], view: tuple[float, float] = (25, -60)) -> Axes3D:
    """Names of the three axes close to them, and the direction of view in degrees."""
    for axis, name in zip("xyz", names, strict=True):
        getattr(axes, f"set_{axis}label")(name, labelpad=-14, fontsize=7)
    axes.view_init(*view)
    axes.set_box_aspect((1, 1, 0.8), zoom=1.15)
    return axes


def manifold3d(
    model: Model, vocabulary: Sequence[str], axes: Axes3D, grey: bool = False, arrows: int = 3
) -> Axes3D:
    """Averaged trajectory of every branch, in the colour of the commonest state of each bin.

    Width grows with the time that worms spend there, and arrows point forward in time.
    `grey` draws it pale, to lay a worm on it.
    """
    manifold = model.manifold
    mean = manifold.average(model.spectrum.space(), 1.5)
    n_branches, n_phases, _ = mean.shape
    state = manifold.occupancy.argmax(axis=1).reshape(n_branches, n_phases)
    share = np.asarray(manifold.members.sum(axis=0)).reshape(n_branches, n_phases)
    width = 1.0 + 7 * np.sqrt(share / share.max())
    for trajectory, codes, widths in zip(mean, state, width, strict=True):
        closed = np.vstack([trajectory, trajectory[:1]])
        steps = np.stack([closed[:-1], closed[1:]], axis=1)
        drawn = np.isfinite(steps).all(axis=(1, 2))
        colours = [
            to_rgba(NO_STATE_COLOUR if grey else STATE_COLOURS[vocabulary[code]], 0.9)
            for code in codes[drawn]
        ]
        lines = Line3DCollection(list(steps[drawn]), colors=colours, linewidths=widths[drawn])
        lines.set_capstyle("round")
        axes.add_collection3d(lines)
        if not grey and drawn.any():
            _arrows(steps[drawn], axes, arrows)
    return limits(model.spectrum.space(), axes)


def _arrows(steps: Floats, axes: Axes3D, count: int) -> None:
    """Black arrows at evenly spaced steps."""
    for index in np.linspace(0, len(steps) - 1, count, endpoint=False).astype(int):
        start, direction = steps[index, 0], steps[index, 1] - steps[index, 0]
        size = np.linalg.norm(direction)
        if size > 0:
            arrow = direction / size * 0.35
            axes.quiver(*start, *arrow, color="black", linewidth=1.0, arrow_length_ratio=0.5)


def worm_on_manifold(
    model: Model, worm: Features, vocabulary: Sequence[str], axes: Axes3D, smooth_frames: int = 5
) -> Axes3D:
    """A worm's path over the pale manifold, its steps coloured by the worm's own states."""
    manifold3d(model, vocabulary, axes, grey=True)
    kernel = np.ones(smooth_frames) / smooth_frames
    path = np.stack([np.convolve(c, kernel, mode="same") for c in model.space(worm).T], axis=1)
    path3d(path, worm.y, vocabulary, axes, alpha=0.55, linewidth=0.7)
    return limits(model.spectrum.space(), axes)


def points_on_manifold(model: Model, vocabulary: Sequence[str], axes: Axes3D) -> Axes3D:
    """Every training point where the spectrum puts it, coloured by its state."""
    xyz, y = model.spectrum.space(), model.kernel.points.y
    palette = [STATE_COLOURS[name] for name in vocabulary] + [NO_STATE_COLOUR]
    colours = np.array([to_rgba(colour) for colour in palette])[np.maximum(y, -1)]
    axes.scatter(*xyz.T, c=colours, s=1.2, alpha=0.35, linewidths=0, rasterized=True)
    return limits(xyz, axes)


def onset_curves(curves: pd.DataFrame, decoder: str, axes: Axes) -> Axes:
    """Mean decoded probability of onset against time: thin lines are worms, the thick their mean.

    `curves` as `wormgnn.baselines.onset.decode_all` returns it.
    """
    chosen = curves[curves["decoder"] == decoder]
    wide = chosen.pivot(index="lag_s", columns="worm", values="probability")
    colour = SERIES_COLOURS[decoder]
    axes.plot(wide.index, wide.to_numpy(), color=colour, alpha=0.35, linewidth=0.9)
    axes.plot(wide.index, wide.mean(axis=1), color=colour, linewidth=2.2)
    axes.axvline(0, color="0.6", linewidth=0.8, zorder=0)
    axes.set(xlabel="time since onset (s)", ylim=(0, 1), title=decoder)
    return axes


def onset_scores(scores: pd.DataFrame, axes: Axes, metric: str = "auc") -> Axes:
    """One dot per worm and decoder, lines join a worm's dots, bars mark the means."""
    wide = scores.pivot(index="worm", columns="decoder", values=metric)
    decoders = list(dict.fromkeys(scores["decoder"]))
    places = np.arange(len(decoders))
    axes.plot(places, wide[decoders].to_numpy().T, color="0.8", linewidth=0.8, zorder=1)
    for place, decoder in zip(places, decoders, strict=True):
        colour = SERIES_COLOURS[decoder]
        axes.scatter(np.full(len(wide), place), wide[decoder], s=16, color=colour, zorder=3)
        axes.hlines(wide[decoder].mean(), place - 0.25, place + 0.25, color=colour, linewidth=2)
    axes.axhline(0.5, color="0.6", linestyle=":", linewidth=1)
    names = [name.replace(" of ", "\nof ").replace(", ", ",\n") for name in decoders]
    axes.set_xticks(places, names, fontsize=7)
    axes.set(xlim=(-0.5, len(decoders) - 0.5), ylim=(0.4, 1.02), ylabel="area under the ROC curve")
    return axes


def horizon_curves(table: pd.DataFrame, axes: Axes, metric: str = "accuracy") -> Axes:
    """Score against seconds ahead: mean over worms, shade from the worst worm to the best.

    `table` as `wormgnn.baselines.admm.horizon.horizon` returns it.
    """
    for name, rows in table.groupby("model", sort=False):
        by_horizon = rows.groupby("horizon_s")[metric]
        colour = SERIES_COLOURS[str(name)]
        x = by_horizon.mean().index
        axes.plot(x, by_horizon.mean(), color=colour, marker="o", markersize=3, label=str(name))
        axes.fill_between(x, by_horizon.min(), by_horizon.max(), color=colour, alpha=0.12, lw=0)
    axes.set(xlabel="seconds ahead", ylabel=metric.replace("_", " "), ylim=(0, 1))
    return axes


def sensitivity_panels(
    table: pd.DataFrame, panels: Sequence[Axes], metric: str = "balanced_accuracy"
) -> None:
    """One panel per parameter: dots are worms, the line their mean, a ring the default.

    `table` as `wormgnn.baselines.admm.evaluation.sensitivity` returns it.
    """
    low = float(table[metric].min())
    for axes, (name, rows) in zip(panels, table.groupby("parameter", sort=False), strict=False):
        values = list(dict.fromkeys(rows["value"].astype(str)))
        place = rows["value"].astype(str).map(values.index)
        mean = rows.groupby(place)[metric].mean()
        axes.scatter(place, rows[metric], s=8, color="0.65", linewidths=0)
        axes.plot(mean.index, mean, color="#0072B2", marker="o", markersize=3.5)
        default = place[rows["default"].astype(bool)].iloc[0]
        axes.scatter([default], [mean[default]], s=70, facecolors="none", edgecolors="#D55E00")
        labels = [value.replace(" + ", "\n+ ") for value in values]
        axes.set_xticks(range(len(values)), labels, fontsize=7)
        axes.set(title=name, ylim=(low - 0.03, 1.0), xlim=(-0.4, len(values) - 0.6))
