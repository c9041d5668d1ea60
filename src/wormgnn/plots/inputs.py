"""What models see: node features on a temporal graph, scaling, windows and folds (Fig. 3A)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Patch
from numpy.typing import NDArray

from wormgnn.features import Features
from wormgnn.folds import Role
from wormgnn.plots.style import worm_colour

ROLE_COLOURS = {
    Role.TRAIN: "#D9D9D9",
    Role.VALIDATION: "#E69F00",
    Role.TEST: "#0072B2",
    Role.UNUSED: "#FFFFFF",
}
_ROLE_LABELS = {
    Role.TRAIN: "training",
    Role.VALIDATION: "validation",
    Role.TEST: "test",
    Role.UNUSED: "unused",
}

_GRAPH_SPACING = 3.4


def node_features(features: Features, neuron: str, frame: int, fps: float, axes: Axes) -> Axes:
    """Scaled trace and derivative of one neuron, with a dashed line at frame t' = t + 1.

    The two values that the line crosses are the node's features at that frame. Seconds
    are counted from the first frame drawn, ten seconds before the line.
    """
    before, after = round(10 * fps), round(10 * fps)
    start, stop = max(frame + 1 - before, 0), min(frame + 1 + after, features.n_frames)
    seconds = (np.arange(start, stop) - start) / fps
    trace, slope = features.x[:, features.neurons.index(neuron), start:stop]
    at = frame + 1 - start
    # One above the other on one pair of axes: both features lie in [0, 1].
    for shift, values, label in ((1.25, trace, "trace"), (0.0, slope, "derivative")):
        axes.plot(seconds, values + shift, color="0.25")
        axes.plot(seconds[at], values[at] + shift, "o", color="#D55E00", markersize=5)
        axes.text(seconds[-1], shift + 1.02, label, fontsize=8, va="bottom", ha="right")
    axes.axvline(seconds[at], color="#D55E00", linestyle="--", linewidth=1)
    axes.set_yticks([0, 1, 1.25, 2.25], ["0", "1", "0", "1"])
    axes.set_ylim(-0.05, 2.5)
    axes.margins(x=0)
    axes.set_xlabel("time (s)")
    return axes


def temporal_graph(
    features: Features, frames: Sequence[int], axes: Axes, highlight: str | None = None
) -> Axes:
    """The graph of all neurons at some frames, side by side, nodes shaded by their trace.

    Every pair of neurons may be joined; which are, and how strongly, is for a model to say.
    `highlight` rings one neuron.
    """
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(features.neurons)) / len(features.neurons)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    pairs = np.transpose(np.triu_indices(len(circle), k=1))
    for column, frame in enumerate(frames):
        centre = np.array([_GRAPH_SPACING * column, 0.0])
        nodes = circle + centre
        axes.add_collection(LineCollection(list(nodes[pairs]), colors="0.88", linewidths=0.4))
        rings = ["#D55E00" if name == highlight else "0.4" for name in features.neurons]
        shade = features.x[0, :, frame]
        axes.scatter(
            nodes[:, 0], nodes[:, 1], c=shade, s=70, vmin=0, vmax=1, edgecolors=rings, zorder=3
        )
        for (x, y), name in zip(1.34 * circle + centre, features.neurons, strict=True):
            axes.text(x, y, name, fontsize=5, ha="center", va="center")
        offset = frame - frames[0]
        title = "$t$" if not offset else f"$t+{offset}$"
        axes.text(centre[0], -1.6, title, ha="center", va="top")
    axes.set_xlim(-1.5, _GRAPH_SPACING * (len(frames) - 1) + 1.5)
    axes.set_ylim(-1.9, 1.5)
    axes.set_aspect("equal")
    axes.set_axis_off()
    return axes


def scalings(
    whole: NDArray[np.floating], causal: NDArray[np.floating], fps: float, axes: Axes
) -> Axes:
    """One trace scaled by its whole recording and by its past alone, each of shape (frames,)."""
    seconds = np.arange(len(whole)) / fps
    axes.plot(seconds, causal, color="#E69F00", label="by the past alone", linewidth=1)
    axes.plot(seconds, whole, color="#0072B2", label="by the whole recording", linewidth=1)
    axes.margins(x=0)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("scaled trace")
    axes.legend(loc="upper right", bbox_to_anchor=(1, 1.2), ncols=2)
    return axes


def fold_strips(roles: Mapping[str, NDArray[np.int64]], fps: float, axes: Axes) -> Axes:
    """Role of every frame as a strip of colours, one strip for each way to split.

    `roles` holds the roles of the frames, shape (frames,), by the name of the split.
    """
    colours = np.zeros((len(Role), 3))
    for role, colour in ROLE_COLOURS.items():
        colours[role + 1] = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    for row, frames in enumerate(roles.values()):
        extent = (0.0, len(frames) / fps, row + 0.35, row - 0.35)
        strip = colours[frames + 1][None]
        axes.imshow(strip, extent=extent, aspect="auto", interpolation="nearest")
    axes.set_ylim(len(roles) - 0.5, -0.5)
    axes.set_yticks(range(len(roles)), list(roles))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("time (s)")
    handles = [
        Patch(facecolor=ROLE_COLOURS[role], edgecolor="0.6", linewidth=0.5, label=label)
        for role, label in _ROLE_LABELS.items()
    ]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 1.22), ncols=4)
    return axes


def window_correlations(
    by_worm: Mapping[str, NDArray[np.float64]], window_s: float, axes: Axes
) -> Axes:
    """Correlation of a window with the one so many windows later, one line for each worm.

    `by_worm` holds arrays of shape (lags,), from lag 0 on; `window_s` is a window's length.
    """
    for index, (worm, correlation) in enumerate(by_worm.items()):
        seconds = np.arange(len(correlation)) * window_s
        axes.plot(seconds, correlation, "o-", color=worm_colour(index), label=worm, markersize=3)
    axes.axhline(0, color="0.6", linewidth=0.8, zorder=0)
    axes.set_xlabel("distance between windows (s)")
    axes.set_ylabel("correlation")
    axes.legend(loc="upper right")
    return axes
