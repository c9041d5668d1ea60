"""Recordings: heat map, coloured trace and ethogram (Fig. 1A and 1B)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from wormgnn.plots.style import NO_STATE_COLOUR, STATE_COLOURS
from wormgnn.recording import NO_STATE, Recording
from wormgnn.states import bouts

REFERENCE = "AVAL"
"""Neuron that orders the rows of a heat map: a command neuron of reverse crawling."""

SHARED_HEIGHT = 3.0
"""Height of a shared neuron's row in a heat map, so that its name can be read."""


def heatmap(
    recording: Recording, shared: Sequence[str], axes: Axes, colourbar: bool = True
) -> Axes:
    """All neurons of one worm over time, the shared ones on top above a red line.

    The rows beneath the line go by their correlation with `REFERENCE`, or with the first
    principal component where that neuron is not identified. Colours span the 2nd to the
    98th percentile of all values, in dF/F0. Shared rows are `SHARED_HEIGHT` times as high.
    """
    order = heatmap_order(recording, shared)
    values = recording.traces[:, order].T
    low, high = np.nanpercentile(values, (2, 98))
    start, stop = float(recording.times[0]), float(recording.times[-1])
    line = SHARED_HEIGHT * len(shared)
    bottom = line + len(order) - len(shared)
    parts = ((values[: len(shared)], 0.0, line), (values[len(shared) :], line, bottom))
    for part, above, below in parts:
        if len(part):
            extent = (start, stop, below, above)
            image = axes.imshow(part, aspect="auto", extent=extent, vmin=low, vmax=high)
    axes.set_ylim(bottom, 0)
    axes.axhline(line, color="red", linewidth=1.2)
    axes.set_yticks(SHARED_HEIGHT * (np.arange(len(shared)) + 0.5), shared, fontsize=5.5)
    axes.tick_params(axis="y", length=0, pad=1)
    axes.set_xlabel("time (s)")
    axes.set_ylabel(f"{len(order)} neurons")
    if colourbar and axes.figure is not None:
        bar = axes.figure.colorbar(image, ax=axes, pad=0.01, fraction=0.03)
        bar.set_label("ΔF/F$_0$")
    return axes


def heatmap_order(recording: Recording, shared: Sequence[str]) -> NDArray[np.int64]:
    """Columns of a recording in the order of the heat map's rows, shape (neurons,)."""
    top = recording.columns(shared)
    others = np.setdiff1d(np.arange(len(recording.neurons)), top)
    traces = recording.traces - np.nanmean(recording.traces, axis=0)
    traces = np.nan_to_num(traces)
    if REFERENCE in recording.neurons:
        reference = traces[:, recording.columns([REFERENCE])[0]]
    else:
        reference = np.linalg.svd(traces, full_matrices=False)[0][:, 0]
    norms = np.linalg.norm(traces, axis=0) * np.linalg.norm(reference)
    correlation = traces.T @ reference / np.where(norms > 0, norms, 1.0)
    return np.concatenate([top, others[np.argsort(-correlation[others], kind="stable")]])


def ethogram(recording: Recording, axes: Axes) -> Axes:
    """Behavioural state over time as a strip of colours; frames without one are grey."""
    edges = np.append(recording.times, recording.times[-1] + 1 / recording.fps)
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
    axes.add_collection(LineCollection(list(segments), colors=colours, linewidths=1.2))
    axes.autoscale()
    axes.margins(x=0)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("ΔF/F$_0$")
    return axes


def _colour(recording: Recording, state: int) -> str:
    if state == NO_STATE:
        return NO_STATE_COLOUR
    return STATE_COLOURS.get(recording.vocabulary[state], NO_STATE_COLOUR)
