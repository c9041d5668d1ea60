"""A decoded recording: its neurons, the states, and how sure the decoder is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wormgnn.features import scale
from wormgnn.plots.recordings import ethogram
from wormgnn.plots.style import STATE_COLOURS, state_legend
from wormgnn.recording import NO_STATE, PAPER_NEURONS

if TYPE_CHECKING:  # the decoder draws its own figure, so it imports this module
    from wormgnn.decoding import Decoded

MOST_SHOWN = 25
"""Most traces in a figure."""


def decoding(decoded: Decoded, figure: Figure) -> Figure:
    """Decoded states, labels where there are any, neurons used, and probabilities over time.

    Labels are shown in the decoder's states; those that it cannot express are grey.
    """
    states, recording = decoded.vocabulary, decoded.recording
    strips = {"decoded": decoded.states, "labelled": decoded.labelled}
    strips = {name: codes for name, codes in strips.items() if (codes != NO_STATE).any()}
    rows = 0.16 * len(_shown(decoded)) + 0.6
    heights = [*[0.3] * len(strips), rows, 1.2]
    grid = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    for axes, (name, codes) in zip(grid, strips.items(), strict=False):
        ethogram(replace(recording, states=codes, vocabulary=states), axes)
        axes.set_ylabel(name, rotation=0, ha="right", va="center")
        axes.tick_params(bottom=False, labelbottom=False)
    name = recording.worm.replace("$", r"\$")  # else it would be read as a formula
    grid[0].set_title(f"{name}: {len(decoded.trust.neurons)} neurons used")
    scaled_neurons(decoded, grid[-2])
    probabilities(decoded, grid[-1])
    state_legend(grid[-1], states, unlabelled=len(strips) > 1)
    return figure


def scaled_neurons(decoded: Decoded, axes: Axes) -> Axes:
    """Trace of each neuron used (of the paper's, if many are), scaled to [0, 1]."""
    recording, names = decoded.recording, _shown(decoded)
    values = scale(recording.select(names).traces).T
    extent = (float(recording.times[0]), float(recording.times[-1]), len(names), 0.0)
    image = axes.imshow(values, aspect="auto", extent=extent, interpolation="nearest")
    axes.set_yticks(np.arange(len(names)) + 0.5, names, fontsize="x-small")
    axes.tick_params(axis="y", length=0)
    assert axes.figure is not None
    axes.figure.colorbar(image, ax=axes, pad=0.01, fraction=0.03).set_label("scaled trace")
    return axes


def probabilities(decoded: Decoded, axes: Axes) -> Axes:
    """Probability of each state over time, stacked; the dotted line is an even chance."""
    colours = [STATE_COLOURS[name] for name in decoded.vocabulary]
    times = decoded.recording.times
    axes.stackplot(times, decoded.probabilities.T, colors=colours, linewidth=0)
    axes.axhline(0.5, color="white", lw=0.8, ls=":")
    axes.set(xlabel="time (s)", ylabel="probability", ylim=(0, 1), xlim=(times[0], times[-1]))
    return axes


def _shown(decoded: Decoded) -> tuple[str, ...]:
    used = decoded.trust.neurons
    paper = tuple(name for name in used if name in PAPER_NEURONS)
    return used if len(used) <= MOST_SHOWN else paper or used[:MOST_SHOWN]
