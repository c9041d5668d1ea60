"""The manifold of neural activity: Fig. 1E, 2B, 2C and S1, and how far it predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from mpl_toolkits.mplot3d import Axes3D, proj3d  # type: ignore[import-untyped]
from mpl_toolkits.mplot3d.art3d import Line3DCollection  # type: ignore[import-untyped]
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from wormgnn.admm import Model
from wormgnn.features import Features
from wormgnn.plots.style import MODEL_COLOURS, NO_STATE_COLOUR, STATE_COLOURS, state_legend
from wormgnn.states import SEVEN

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

MIN_MEMBERS = 10
"""Fewest training frames in a bin that is drawn."""


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
    lines = Line3DCollection(list(steps), colors=colours, linewidths=linewidth)
    lines.set_rasterized(True)  # thousands of pieces: too heavy as a vector
    axes.add_collection3d(lines)
    return limits(xyz, axes)


def component_paths(
    paths: pd.DataFrame, projections: Mapping[str, Sequence[str]], figure: Figure
) -> Figure:
    """Trajectories on three components: a row for each projection, a column for each worm.

    `paths` as the reference table `component_paths`: worm, state, and the three columns that each
    projection names.
    """
    worms = list(paths.groupby("worm", sort=False))
    place = 0
    for name, columns in projections.items():
        for worm, rows in worms:
            place += 1
            axes = figure.add_subplot(len(projections), len(worms), place, projection="3d")
            xyz = rows[list(columns)].to_numpy(np.float64)
            path3d(xyz, codes_of(rows["state"]), SEVEN, axes, linewidth=0.6)
            label3d(axes, ("PC 1", "PC 2", ""))
            axes.set_title(f"{worm}: {name}", loc="center")
    state_legend(figure.axes[0], SEVEN, columns=len(SEVEN))
    return figure


def codes_of(states: pd.Series) -> Codes:
    """Codes of the seven states' names, -1 where there is none."""
    codes = states.map({name: code for code, name in enumerate(SEVEN)}).fillna(-1)
    return np.asarray(codes, dtype=np.int64)


def manifold_paths(paths: pd.DataFrame, axes: Axes3D, linewidth: float = 1.2) -> Axes3D:
    """A worm's path over the points of the worms that the manifold is made of, without axes.

    `paths` as the reference table `manifold_paths`: seen, state, x, y and z.
    """
    known, worm = paths[paths["seen"]], paths[~paths["seen"]]
    palette = [*(STATE_COLOURS[name] for name in SEVEN), NO_STATE_COLOUR]
    colours = [palette[code] for code in codes_of(known["state"])]
    dots = {"c": colours, "s": 3, "alpha": 0.25, "linewidths": 0, "rasterized": True}
    axes.scatter(known["x"], known["y"], known["z"], **dots)
    xyz = worm[["x", "y", "z"]].to_numpy()
    path3d(xyz, codes_of(worm["state"]), SEVEN, axes, alpha=0.9, linewidth=linewidth)
    axes.set_axis_off()
    axes.view_init(elev=34, azim=-58)
    return limits(known[["x", "y", "z"]].to_numpy(), axes)


def limits(xyz: Floats, axes: Axes3D) -> Axes3D:
    """Limits around the middle 99 % of points of shape (points, 3), and no tick labels."""
    low, high = np.nanquantile(xyz, (0.005, 0.995), axis=0)
    margin = 0.05 * np.maximum(high - low, 1e-9)
    for name, a, b in zip("xyz", low - margin, high + margin, strict=True):
        getattr(axes, f"set_{name}lim")(a, b)
        getattr(axes, f"set_{name}ticks")([])
        getattr(axes, f"{name}axis").set_pane_color((1, 1, 1, 0))
    return axes


def label3d(axes: Axes3D, names: Sequence[str]) -> Axes3D:
    """Names of the three axes close to them, and one direction of view for all figures."""
    for axis, name in zip("xyz", names, strict=True):
        getattr(axes, f"set_{axis}label")(name, labelpad=-14, fontsize=7)
    axes.view_init(elev=25, azim=-60)
    axes.set_box_aspect((1, 1, 0.85), zoom=1.0)
    return axes


def manifold3d(model: Model, vocabulary: Sequence[str], axes: Axes3D, grey: bool = False) -> Axes3D:
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
        _arrows(xyz, links, axes)
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


def _arrows(xyz: Floats, links: Codes, axes: Axes3D) -> None:
    """Black arrows on some 14 of those links that go furthest."""
    step = xyz[links[:, 1]] - xyz[links[:, 0]]
    length = np.linalg.norm(step, axis=1)
    far = np.flatnonzero(length >= np.quantile(length, 0.6)) if len(links) else links[:0, 0]
    for index in far[:: max(1, len(far) // 14)]:
        arrow = step[index] / length[index] * 0.4
        start = xyz[links[index, 0]]
        axes.quiver(*start, *arrow, color="black", linewidth=0.9, arrow_length_ratio=0.5, zorder=9)


def worm_on_manifold(
    model: Model, worm: Features, vocabulary: Sequence[str], axes: Axes3D
) -> Axes3D:
    """A worm's path over the pale manifold, its steps coloured by the worm's own states."""
    manifold3d(model, vocabulary, axes, grey=True)
    path = uniform_filter1d(model.space(worm), 5, axis=0, mode="constant")
    path3d(path, worm.y, vocabulary, axes, alpha=0.55, linewidth=0.7)
    return limits(model.spectrum.space(), axes)


def points_on_manifold(
    model: Model, vocabulary: Sequence[str], axes: Axes3D, alpha: float = 0.5
) -> Axes3D:
    """Every training point where the spectrum puts it, coloured by its state."""
    xyz, y = model.spectrum.space(), model.kernel.points.y
    palette = [STATE_COLOURS[name] for name in vocabulary] + [NO_STATE_COLOUR]
    colours = np.array([to_rgba(colour) for colour in palette])[np.maximum(y, -1)]
    axes.scatter(*xyz.T, c=colours, s=4, alpha=alpha, linewidths=0, rasterized=True)
    return limits(xyz, axes)


def portrait(model: Model, worm: Features, axes: Axes3D, names: Mapping[int, str]) -> Axes3D:
    """A worm's path over the manifold's points, without axes; `names` as for `label_states`."""
    points_on_manifold(model, SEVEN, axes, alpha=0.25)
    path = uniform_filter1d(model.space(worm), 3, axis=0)
    path3d(path, worm.y, SEVEN, axes, alpha=0.9, linewidth=1.1)
    axes.set_axis_off()
    axes.view_init(elev=34, azim=-58)
    axes.set_box_aspect((1, 1, 0.85), zoom=1.14)
    return label_states(axes, model.spectrum.space(), model.kernel.points.y, names)


def label_states(axes: Axes3D, xyz: Floats, y: Codes, names: Mapping[int, str]) -> Axes3D:
    """Names beside the middle of their states' points, outside of the cloud, where they fit.

    `names` gives the text for some codes of the seven states, which lends it its colour.
    """
    axes.figure.canvas.draw()  # projections need the final place of the axes
    view = axes.get_proj()
    flat = np.column_stack(proj3d.proj_transform(*xyz.T, view)[:2])
    centre = np.median(flat, axis=0)
    middles = {code: np.median(flat[y == code], axis=0) for code in names if (y == code).any()}
    lowest = np.inf
    for code in sorted(middles, key=lambda code: -middles[code][1]):
        across, up = centre + 1.12 * (middles[code] - centre)
        lowest = up = min(up, lowest - 0.008)
        side = "left" if across > centre[0] else "right"
        style = {"fontsize": 10, "fontweight": "bold", "ha": side, "va": "center"}
        text = axes.annotate(names[code], (across, up), color=STATE_COLOURS[SEVEN[code]], **style)
        text.set_path_effects([withStroke(linewidth=3, foreground="white")])
    return axes


def onset_curves(curves: pd.DataFrame, decoder: str, axes: Axes) -> Axes:
    """Mean decoded probability of onset against time: thin lines are worms, the thick their mean.

    `curves` has columns decoder, worm, lag_s and probability.
    """
    rows = curves[curves["decoder"] == decoder]
    line = {"x": "lag_s", "y": "probability", "color": MODEL_COLOURS["manifold"], "ax": axes}
    sns.lineplot(rows, units="worm", estimator=None, alpha=0.35, lw=0.9, **line)
    sns.lineplot(rows, errorbar=None, lw=2.2, **line)
    axes.axvline(0, color="0.6", linewidth=0.8, zorder=0)
    axes.set(xlabel="time since onset (s)", ylim=(0, 1), title=decoder)
    return axes


def sensitivity_panels(table: pd.DataFrame, panels: Sequence[Axes]) -> Sequence[Axes]:
    """Balanced accuracy, one panel per parameter.

    Dots are worms left out, the line their mean, a ring the default. `table` has columns
    parameter, value, default, worm and balanced_accuracy; spare panels are hidden.
    """
    score = "balanced_accuracy"
    for spare in panels[table["parameter"].nunique() :]:
        spare.set_visible(False)
    for axes, (name, rows) in zip(panels, table.groupby("parameter", sort=False), strict=False):
        rows = rows.assign(place=rows["value"].astype(str).str.replace(" + ", "\n+ "))
        worms = rows.groupby(["place", "worm"], sort=False)[score].mean().mul(100).reset_index()
        shared = {"data": worms, "x": "place", "y": score, "ax": axes}
        sns.stripplot(**shared, size=3, color="0.65", jitter=False)
        look = {"color": MODEL_COLOURS["manifold"], "markersize": 4, "linewidth": 1.2}
        sns.pointplot(**shared, errorbar=None, **look)
        default = rows.loc[rows["default"].astype(bool), "place"].unique()
        mean = worms.groupby("place", sort=False)[score].mean()
        at = [list(mean.index).index(value) for value in default]
        axes.plot(at, mean[default], "o", ms=9, mfc="none", mec="black", zorder=4)
        axes.set(title=name, xlabel="", ylabel="balanced accuracy (%)")
    return panels
