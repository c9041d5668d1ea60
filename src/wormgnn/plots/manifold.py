"""The manifold of neural activity: Fig. 2B, 2C and S1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from mpl_toolkits.mplot3d import Axes3D, proj3d  # type: ignore[import-untyped]
from mpl_toolkits.mplot3d.art3d import Line3DCollection  # type: ignore[import-untyped]
from numpy.typing import NDArray

from wormgnn.admm import Model
from wormgnn.plots.style import NO_STATE_COLOUR, STATE_COLOURS, state_legend
from wormgnn.states import SEVEN

Floats = NDArray[np.float64]

MIN_MEMBERS = 10
"""Fewest training frames in a bin that is drawn."""


def _colours(states: pd.Series, alpha: float) -> Floats:
    """Colour of each named state, grey where there is none."""
    colours = states.map(STATE_COLOURS).fillna(NO_STATE_COLOUR)
    return np.asarray(to_rgba_array(list(colours), alpha), dtype=np.float64)


def _path(xyz: Floats, states: pd.Series, axes: Axes3D, alpha: float, linewidth: float) -> None:
    """A trajectory, shape (frames, 3), each step in the colour of the state that it starts in."""
    steps = np.stack([xyz[:-1], xyz[1:]], axis=1)
    colours = _colours(states, alpha)[:-1]
    lines = Line3DCollection(list(steps), colors=colours, linewidths=linewidth)
    lines.set_rasterized(True)  # thousands of pieces: too heavy as a vector
    axes.add_collection3d(lines)


def _limits(xyz: Floats, axes: Axes3D) -> None:
    """Limits around the middle 99 % of points of shape (points, 3), and no tick labels."""
    low, high = np.nanquantile(xyz, (0.005, 0.995), axis=0)
    margin = 0.05 * np.maximum(high - low, 1e-9)
    for name, a, b in zip("xyz", low - margin, high + margin, strict=True):
        axes.set(**{f"{name}lim": (a, b), f"{name}ticks": []})
        getattr(axes, f"{name}axis").set_pane_color((1, 1, 1, 0))


def component_paths(
    paths: pd.DataFrame, projections: Mapping[str, Sequence[str]], figure: Figure
) -> Figure:
    """Trajectories on three components: a row for each projection, a column for each worm.

    `paths` as the reference table `component_paths`: worm, state, and the three columns that each
    projection names.
    """
    worms = list(paths.groupby("worm", sort=False))
    panels = [(name, columns, *worm) for name, columns in projections.items() for worm in worms]
    for place, (name, columns, worm, rows) in enumerate(panels, 1):
        axes = figure.add_subplot(len(projections), len(worms), place, projection="3d")
        xyz = rows[list(columns)].to_numpy(np.float64)
        _path(xyz, rows["state"], axes, 0.7, 0.6)
        _limits(xyz, axes)
        axes.set_xlabel("PC 1", labelpad=-14, fontsize=7)
        axes.set_ylabel("PC 2", labelpad=-14, fontsize=7)
        axes.view_init(elev=25, azim=-60)
        axes.set_box_aspect((1, 1, 0.85), zoom=1.0)
        axes.set_title(f"{worm}: {name}", loc="center")
    state_legend(figure.axes[0], SEVEN, columns=len(SEVEN))
    return figure


def manifold_paths(paths: pd.DataFrame, axes: Axes3D, linewidth: float = 1.2) -> Axes3D:
    """A worm's path over the points of the worms that the manifold is made of, without axes.

    `paths` as the reference table `manifold_paths`: seen, state, x, y and z.
    """
    known, worm = paths[paths["seen"]], paths[~paths["seen"]]
    dots = {"c": _colours(known["state"], 0.25), "s": 3, "linewidths": 0, "rasterized": True}
    axes.scatter(known["x"], known["y"], known["z"], **dots)
    _path(worm[["x", "y", "z"]].to_numpy(), worm["state"], axes, 0.9, linewidth)
    return _seen_from_the_side(known[["x", "y", "z"]].to_numpy(), axes)


def _seen_from_the_side(xyz: Floats, axes: Axes3D) -> Axes3D:
    axes.set_axis_off()
    axes.view_init(elev=34, azim=-58)
    _limits(xyz, axes)
    return axes


def manifold_flow(model: Model, axes: Axes3D) -> Axes3D:
    """The manifold of seven states as flow: every bin joined to the bins that it feeds most.

    Links have the colour of the commonest state in the bin that they leave, and grow wider
    with the time that worms spend there; some 14 arrows point forward in time.
    """
    members = model.members
    count, points = members.sum(axis=0), model.spectrum.space()
    xyz = members.T @ points / np.maximum(count, 1)[:, None]  # mean position of a bin's frames
    links = main_links(model.markov, count >= MIN_MEMBERS)
    state = model.occupancy.argmax(axis=1)
    width = 1.0 + 4.5 * np.sqrt(count / count.max())
    for a, b in links:
        colour = STATE_COLOURS[SEVEN[state[a]]]
        axes.plot(*xyz[[a, b]].T, color=colour, lw=width[a], solid_capstyle="round")
    step = xyz[links[:, 1]] - xyz[links[:, 0]]
    length = np.linalg.norm(step, axis=1)
    far = np.flatnonzero(length >= (np.quantile(length, 0.6) if len(links) else 0))
    for link in far[:: max(1, len(far) // 14)]:
        start, arrow = xyz[links[link, 0]], step[link] / length[link] * 0.4
        axes.quiver(*start, *arrow, color="black", linewidth=0.9, arrow_length_ratio=0.5, zorder=9)
    return _seen_from_the_side(points, axes)


def main_links(markov: Floats, shown: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Pairs of bins joined by the strongest flow out of each, shape (links, 2).

    The strongest target other than the bin itself, and any other that gets half as much.
    """
    leaving = markov * shown * shown[:, None]
    np.fill_diagonal(leaving, 0)
    strongest = leaving.max(axis=1, keepdims=True)
    strong = (leaving >= strongest * 0.999) | (leaving > strongest / 2)
    return np.argwhere(strong & (strongest > 0))


def label_states(paths: pd.DataFrame, names: Mapping[str, str], axes: Axes3D) -> Axes3D:
    """Names beside the middle of their states' points, outside of the cloud, where they fit.

    `paths` as for `manifold_paths`; `names` gives the text for some states.
    """
    axes.figure.canvas.draw()  # projections need the final place of the axes
    known = paths[paths["seen"]]
    xyz = known[["x", "y", "z"]].to_numpy().T
    flat = pd.DataFrame(dict(zip("xy", proj3d.proj_transform(*xyz, axes.get_proj()), strict=False)))
    centre = flat.median()
    middles = flat.groupby(known["state"].to_numpy()).median().reindex(list(names)).dropna()
    lowest = np.inf
    places = (centre + 1.12 * (middles - centre)).sort_values("y", ascending=False)
    for state, across, up in places.itertuples():
        lowest = up = min(up, lowest - 0.008)
        side = "left" if across > centre["x"] else "right"
        style = {"fontweight": "bold", "ha": side, "va": "center", "color": STATE_COLOURS[state]}
        text = axes.annotate(names[state], (across, up), fontsize=10, **style)
        text.set_path_effects([withStroke(linewidth=3, foreground="white")])
    return axes
