"""The manifold of neural activity: Fig. 1E, 2B, 2C and S1, and how far it predicts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from mpl_toolkits.mplot3d import Axes3D  # type: ignore[import-untyped]
from mpl_toolkits.mplot3d.art3d import Line3DCollection  # type: ignore[import-untyped]
from numpy.typing import NDArray

from wormgnn.baselines.admm import Model
from wormgnn.features import Features
from wormgnn.plots.style import NO_STATE_COLOUR, STATE_COLOURS
from wormgnn.states import LABELS

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
_SHORT = {
    "average of other worms": "average worm",
    "other worms, not averaged": "other worms",
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
    axes.set_box_aspect((1, 1, 0.85), zoom=1.0)
    return axes


MIN_MEMBERS = 10
"""Fewest training frames in a bin that is drawn."""


def figure_legend(figure: Figure, vocabulary: Sequence[str]) -> None:
    """Legend of the states beneath all panels."""
    handles = [
        Patch(color=STATE_COLOURS[name], label=LABELS.get(name, name)) for name in vocabulary
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=len(vocabulary),
        handlelength=0.8,
        columnspacing=0.9,
        fontsize=7,
    )


def manifold3d(
    model: Model, vocabulary: Sequence[str], axes: Axes3D, grey: bool = False, arrows: int = 14
) -> Axes3D:
    """The manifold as flow: every bin joined to the bins that it feeds most.

    Links have the colour of the commonest state in the bin that they leave, and grow wider
    with the time that worms spend there; arrows point forward in time. `grey` draws it pale, to
    lay a worm on it.
    """
    xyz, members = bin_positions(model)
    links = main_links(model.manifold.markov, members >= MIN_MEMBERS)
    state = model.manifold.occupancy.argmax(axis=1)
    palette = [NO_STATE_COLOUR if grey else STATE_COLOURS[name] for name in vocabulary]
    width = 1.0 + 4.5 * np.sqrt(members / members.max())
    for a, b in links:
        colour = palette[state[a]]
        axes.plot(*xyz[[a, b]].T, color=colour, lw=width[a], solid_capstyle="round")
    if not grey:
        _arrows(xyz, links, axes, arrows)
    return limits(model.spectrum.space(), axes)


def bin_positions(model: Model) -> tuple[Floats, Floats]:
    """Mean position of each bin's frames, shape (bins, 3), and their number, shape (bins,)."""
    members = np.asarray(model.manifold.members.sum(axis=0)).ravel()
    total = model.manifold.members.T @ model.spectrum.space()
    return np.asarray(total / np.maximum(members, 1)[:, None]), members


def main_links(markov: Floats, shown: NDArray[np.bool_]) -> Codes:
    """Pairs of bins joined by the strongest flow out of each, shape (links, 2).

    The strongest target other than the bin itself, and any other that gets half as much.
    """
    leaving = markov * shown * shown[:, None]
    np.fill_diagonal(leaving, 0)
    strongest = leaving.max(axis=1, keepdims=True)
    strong = (leaving >= strongest * 0.999) | (leaving > strongest / 2)
    return np.argwhere(strong & (strongest > 0))


def _arrows(xyz: Floats, links: Codes, axes: Axes3D, count: int) -> None:
    """Black arrows on some of those links that go furthest."""
    step = xyz[links[:, 1]] - xyz[links[:, 0]]
    length = np.linalg.norm(step, axis=1)
    far = np.flatnonzero(length >= np.quantile(length, 0.6)) if len(links) else links[:0, 0]
    for index in far[:: max(1, len(far) // count)]:
        arrow = step[index] / length[index] * 0.4
        start = xyz[links[index, 0]]
        axes.quiver(*start, *arrow, color="black", linewidth=0.9, arrow_length_ratio=0.5, zorder=9)


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
    axes.scatter(*xyz.T, c=colours, s=4, alpha=0.5, linewidths=0, rasterized=True)
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
    axes.set(xlabel="time since onset (s)", ylim=(0, 1), title=_SHORT.get(decoder, decoder))
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
    names = [_SHORT.get(name, name).replace(" ", "\n") for name in decoders]
    axes.set_xticks(places, names, fontsize=7)
    axes.set(xlim=(-0.5, len(decoders) - 0.5), ylim=(0.4, 1.02), ylabel="area under the ROC curve")
    return axes


def horizon_curves(table: pd.DataFrame, axes: Axes, metric: str = "accuracy") -> Axes:
    """Score against seconds ahead: mean over worms, shade from the worst worm to the best.

    `table` as `wormgnn.baselines.admm.horizon.horizon` returns it.
    """
    for name, rows in table.groupby("model", sort=False):
        by_horizon = rows.groupby("horizon_s")[metric]
        colour, x = SERIES_COLOURS[str(name)], by_horizon.mean().index
        axes.plot(x, by_horizon.mean(), color=colour, marker="o", markersize=3, label=str(name))
        axes.fill_between(x, by_horizon.min(), by_horizon.max(), color=colour, alpha=0.12, lw=0)
    axes.set(xlabel="seconds ahead", ylabel=metric.replace("_", " "), ylim=(0, 1))
    return axes


def sensitivity_panels(
    table: pd.DataFrame, panels: Sequence[Axes], metric: str = "balanced_accuracy"
) -> None:
    """One panel per parameter: dots are worms left out, the line their mean, a ring the default.

    `table` as `wormgnn.baselines.admm.evaluation.sensitivity` returns it.
    """
    for spare in panels[table["parameter"].nunique() :]:
        spare.set_visible(False)
    means = table.groupby(["parameter", "value", "worm"])[metric].mean()
    low, high = float(means.min()), float(means.max())
    for axes, (name, rows) in zip(panels, table.groupby("parameter", sort=False), strict=False):
        texts = rows["value"].astype(str)
        values = list(dict.fromkeys(texts))
        place = texts.map(values.index)
        mean = rows.groupby(place)[metric].mean()
        worms = rows.assign(place=place).groupby(["place", "worm"], as_index=False)[metric].mean()
        axes.scatter(worms["place"], worms[metric], s=8, color="0.65", linewidths=0)
        axes.plot(mean.index, mean, color="#0072B2", marker="o", markersize=3.5)
        default = place[rows["default"].astype(bool)].unique()
        axes.scatter(default, mean[default], s=70, facecolors="none", edgecolors="#D55E00")
        labels = [value.replace(" + ", "\n+ ") for value in values]
        axes.set_xticks(range(len(values)), labels, fontsize=7)
        axes.set(title=name, ylim=(low - 0.03, high + 0.03), xlim=(-0.4, len(values) - 0.6))
