"""Pictures of real worms, rendered once: traces are shown, and not given away."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wormgnn.admm import Parameters, fit
from wormgnn.paper.studies import individuality, manifold
from wormgnn.plots.manifold import portrait
from wormgnn.plots.recordings import (
    coloured_trace,
    ethogram,
    heatmap_order,
    neural_activity,
    onset_activity,
)
from wormgnn.plots.style import figure_legend, state_legend, use_style
from wormgnn.recording import Recording
from wormgnn.results import Table
from wormgnn.states import SEVEN

TRACES = ("AVAL", "RIML", "AVBL", "SMDVR")
"""Neurons of single traces: two of backward crawling, one of forward, one of turns."""

_LABELLED = {0: "forward", 4: "backward", 5: "dorsal turn", 6: "ventral turn"}
"""What the hero calls four of the seven states."""

_LAGS_S: NDArray[np.float64] = np.arange(-4, 8.01, 0.25, dtype=np.float64)


def hero(recordings: Sequence[Recording], params: Parameters) -> Figure:
    """A whole head in action, and the same worm on the manifold of the others."""
    use_style()
    worm, worms = recordings[-1], manifold.of(recordings, 7)
    model = fit(worms[:-1], params)
    figure = plt.figure(figsize=(10, 4.4))
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 1), height_ratios=(0.05, 1))
    strip, heat = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
    _head(worm, strip, heat)
    strip.set_title("a worm: its behaviour, and all recorded neurons")
    place = figure.add_subplot(grid[0, 1])
    place.set_axis_off()
    place.set_title("the same worm on the manifold of four others")
    space = figure.add_axes((0.51, -0.29, 0.48, 1.36), projection="3d")
    space.patch.set_visible(False)
    portrait(model, worms[-1], space, _LABELLED)
    return figure


def whole_brain(recordings: Sequence[Recording]) -> Figure:
    """Behaviour, all neurons, and single traces of the first worm."""
    use_style()
    worm = recordings[0]
    shown = [name for name in TRACES if name in worm.neurons]
    ratios = (0.05, 1.4, *[0.24] * len(shown))
    figure, (strip, heat, *rows) = plt.subplots(
        len(ratios), 1, figsize=(8, 6.4), height_ratios=ratios, sharex=True
    )
    _head(worm, strip, heat)
    heat.set_xlabel("")
    for name, axes in zip(shown, rows, strict=True):
        coloured_trace(worm, name, axes)
        axes.set(xlabel="", ylabel=name)
    rows[-1].set_xlabel("time (s)")
    state_legend(rows[-1], SEVEN, unlabelled=True)
    return figure


def _head(worm: Recording, strip: Axes, heat: Axes) -> None:
    """A strip of states above the activity of all neurons."""
    ethogram(worm, strip)
    strip.tick_params(bottom=False, labelbottom=False)
    neural_activity(worm, heatmap_order(worm, ()), heat)


def onsets(recordings: Sequence[Recording]) -> Figure:
    """The paper's two neurons around the onset of two states, in every worm (its Fig. 1C)."""
    use_style()
    figure, grid = plt.subplots(2, 2, figsize=(8, 4.6), sharex=True, sharey="row")
    for neuron, row in zip(("ALA", "RIML"), grid, strict=True):
        for state, axes in zip(("reverse", "dorsal turn"), row, strict=True):
            activity = {
                r.worm: individuality.activity_at_onset(r, neuron, state, _LAGS_S)
                for r in recordings
            }
            onset_activity(activity, _LAGS_S, axes)
            axes.set(title=f"{neuron}: {state}", ylabel="scaled activity")
            axes.label_outer()
    return figure_legend(figure)


PICTURES: dict[str, Callable[[Table], Figure]] = {
    "hero": lambda t: hero(t.recordings, Parameters(seed=t.seed)),
    "whole_brain": lambda t: whole_brain(t.recordings),
    "onsets": lambda t: onsets(t.recordings),
}
"""Pictures of the experiment `worms`."""
