"""Recordings: what worms did (Fig. 1A-D), how they differ, and what models see (Fig. 3A)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from wormgnn.features import Features
from wormgnn.folds import Role
from wormgnn.plots.style import NO_STATE_COLOUR, STATE_COLOURS, name_lines, worm_colour
from wormgnn.recording import NO_STATE, Recording
from wormgnn.states import bouts
from wormgnn.statistics import bootstrap_interval

REFERENCE = "AVAL"
"""Neuron that orders the rows of a heat map: a command neuron of reverse crawling."""

SECOND_FRAMES = 3
"""Frames that a column of a picture of all neurons averages, about one second."""

MIN_ROWS = 3
"""Fewest bouts for which a mean and its interval are drawn."""

ROLE_COLOURS = {
    Role.TRAIN: ("training", "#D9D9D9"),
    Role.VALIDATION: ("validation", "#E69F00"),
    Role.TEST: ("test", "#0072B2"),
    Role.UNUSED: ("unused", "#FFFFFF"),
}
"""Name and colour of each role of a frame."""

_HIGHLIGHT = "#D55E00"


def neural_activity(recording: Recording, axes: Axes) -> Axes:
    """All neurons of one worm over time, each over its own range, in `heatmap_order`.

    Means over `SECOND_FRAMES`. A neuron's colours span its 1st to 99th percentile, or the median
    span of all neurons where its own is smaller: what hardly moves stays dark.
    """
    count = len(recording.neurons)
    whole = len(recording.traces) // SECOND_FRAMES * SECOND_FRAMES
    ordered = recording.traces[:whole, heatmap_order(recording)]
    values = ordered.reshape(-1, SECOND_FRAMES, count).mean(axis=1).T
    low, high = np.nanpercentile(values, (1, 99), axis=1, keepdims=True)
    span = np.maximum(high - low, np.nanmedian(high - low))
    extent = (float(recording.times[0]), float(recording.times[whole - 1]), count, 0)
    scaled = np.clip((values - low) / span, 0, 1)
    axes.imshow(scaled, aspect="auto", extent=extent, cmap="magma", interpolation="nearest")
    axes.set(xlabel="time (s)", ylabel=f"{count} neurons", yticks=[])
    return axes


def heatmap_order(recording: Recording) -> NDArray[np.int64]:
    """Columns by falling correlation with `REFERENCE` (or the first component), (neurons,)."""
    traces = np.nan_to_num(recording.traces - np.nanmean(recording.traces, axis=0))
    if REFERENCE in recording.neurons:
        reference = traces[:, recording.columns([REFERENCE])[0]]
    else:
        reference = np.linalg.svd(traces, full_matrices=False)[0][:, 0]
    norms = np.linalg.norm(traces, axis=0)
    return np.argsort(-(traces.T @ reference) / np.where(norms > 0, norms, 1.0), kind="stable")


def frame_edges(recording: Recording) -> NDArray[np.float64]:
    """Seconds at which frames begin, and the last one ends, shape (frames + 1,)."""
    return np.append(recording.times, recording.times[-1] + 1 / recording.fps)


def ethogram(recording: Recording, axes: Axes) -> Axes:
    """Behavioural state over time as a strip of colours; frames without one are grey."""
    edges = frame_edges(recording)
    axes.set_facecolor(NO_STATE_COLOUR)
    for bout in bouts(recording.states):
        start, stop = edges[bout.start], edges[bout.stop]
        axes.axvspan(start, stop, color=_colour(recording, bout.state), linewidth=0)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    return axes


def coloured_trace(recording: Recording, neuron: str, axes: Axes) -> Axes:
    """Trace of one neuron in dF/F0 over time, coloured by the behavioural state."""
    points = np.column_stack([recording.times, recording.select([neuron]).traces[:, 0]])
    segments = np.stack([points[:-1], points[1:]], axis=1)
    colours = [_colour(recording, state) for state in recording.states[:-1]]
    # Thousands of pieces: too heavy as a vector.
    lines = LineCollection(list(segments), colors=colours, linewidths=1.2, rasterized=True)
    axes.add_collection(lines)
    axes.autoscale()
    axes.margins(x=0)
    axes.set(xlabel="time (s)", ylabel="ΔF/F$_0$")
    return axes


def _colour(recording: Recording, state: int) -> str:
    name = "" if state == NO_STATE else recording.vocabulary[state]
    return STATE_COLOURS.get(name, NO_STATE_COLOUR)


def onset_activity(
    activity: Mapping[str, NDArray[np.float64]],
    lags_s: NDArray[np.float64],
    axes: Axes,
    seed: int = 0,
) -> Axes:
    """Mean activity around the onset of a state: one line per worm, and the mean over worms.

    `activity` is that of one neuron around each onset, shape (bouts, lags), by worm; `lags_s` the
    seconds since the onset, shape (lags,). Shades are 95 % bootstrap intervals over bouts.
    """
    means = []
    for index, (worm, values) in enumerate(activity.items()):
        few = np.isfinite(values).sum(axis=0) < MIN_ROWS
        mean, low, high = np.where(few, np.nan, bootstrap_interval(values, rng=seed))
        colour = worm_colour(index)
        axes.plot(lags_s, mean, color=colour, label=worm)
        axes.fill_between(lags_s, low, high, color=colour, alpha=0.13, linewidth=0)
        means.append(mean)
    over_worms = pd.DataFrame(means).mean()  # of those that have one
    axes.plot(lags_s, over_worms, color="black", linestyle="--", label="mean over worms")
    axes.axvline(0, color="0.6", linewidth=0.8, zorder=0)
    axes.set(xlim=(lags_s[0], lags_s[-1]), xlabel="time since onset (s)")
    return axes


def node_features(features: Features, neuron: str, frame: int, fps: float, axes: Axes) -> Axes:
    """Scaled trace and derivative of one neuron, with a dashed line at frame t' = t + 1.

    The two values that the line crosses are the node's features at that frame. Seconds
    are counted from the first frame drawn, ten seconds before the line.
    """
    start, stop = np.clip(frame + 1 + round(10 * fps) * np.array([-1, 1]), 0, features.n_frames)
    seconds, at = np.arange(stop - start) / fps, frame + 1 - start
    trace, slope = features.x[:, features.neurons.index(neuron), start:stop]
    # One above the other on one pair of axes: both features lie in [0, 1].
    for shift, values, label in ((1.25, trace, "trace"), (0.0, slope, "derivative")):
        axes.plot(seconds, values + shift, color="0.25")
        axes.plot(seconds[at], values[at] + shift, "o", color=_HIGHLIGHT, markersize=5)
        axes.text(seconds[-1], shift + 1.02, label, fontsize=8, va="bottom", ha="right")
    axes.axvline(seconds[at], color=_HIGHLIGHT, linestyle="--", linewidth=1)
    axes.set_yticks([0, 1, 1.25, 2.25], ["0", "1", "0", "1"])
    axes.set(ylim=(-0.05, 2.5), xlabel="time (s)")
    axes.margins(x=0)
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
    rings = [_HIGHLIGHT if name == highlight else "0.4" for name in features.neurons]
    look: dict[str, Any] = {"s": 70, "vmin": 0, "vmax": 1, "edgecolors": rings, "zorder": 3}
    for column, frame in enumerate(frames):
        centre = np.array([3.4 * column, 0.0])
        nodes = circle + centre
        axes.add_collection(LineCollection(list(nodes[pairs]), colors="0.88", linewidths=0.4))
        axes.scatter(nodes[:, 0], nodes[:, 1], c=features.x[0, :, frame], **look)
        for (x, y), name in zip(1.34 * circle + centre, features.neurons, strict=True):
            axes.text(x, y, name, fontsize=7, ha="center", va="center")
        title = f"$t+{frame - frames[0]}$" if column else "$t$"
        axes.text(centre[0], -1.6, title, ha="center", va="top")
    axes.set(xlim=(-1.5, centre[0] + 1.5), ylim=(-1.9, 1.5), aspect="equal")
    axes.set_axis_off()
    return axes


def fold_strips(roles: Mapping[str, NDArray[np.int64]], fps: float, axes: Axes) -> Axes:
    """Role of every frame as a strip of colours, one strip for each way to split.

    `roles` holds the roles of the frames, shape (frames,), by the name of the split.
    """
    colours = np.array([to_rgb(ROLE_COLOURS[role][1]) for role in sorted(ROLE_COLOURS)])
    for row, frames in enumerate(roles.values()):
        extent = (0.0, len(frames) / fps, row + 0.35, row - 0.35)
        strip = colours[frames + 1][None]
        axes.imshow(strip, extent=extent, aspect="auto", interpolation="nearest")
    for name, colour in ROLE_COLOURS.values():
        axes.fill([], [], facecolor=colour, edgecolor="0.6", linewidth=0.5, label=name)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.22), ncols=4)
    axes.set_xlabel("time (s)")
    return name_lines(axes, list(roles))
