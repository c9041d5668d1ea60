"""What the book shows of real worms: where they are in few dimensions, and pictures.

Three coordinates and a state tell how activity runs, and cannot be turned back into traces; only
some frames are kept. Pictures are rendered once: traces are shown, and not given away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wormgnn.admm import Model, Parameters, fit
from wormgnn.admm.kernel import Codes, Floats
from wormgnn.paper.studies import components, individuality, manifold
from wormgnn.plots.manifold import label_states
from wormgnn.plots.manifold import manifold_paths as draw_paths
from wormgnn.plots.recordings import (
    coloured_trace,
    ethogram,
    neural_activity,
    onset_activity,
)
from wormgnn.plots.style import figure_legend, state_legend, use_style
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.results import Table
from wormgnn.states import SEVEN

EVERY_FRAMES, EVERY_PLACED = 3, 2
"""One frame in so many is kept; of a worm that is placed on the manifold of others, more."""

SPACE = ["x", "y", "z"]
"""Columns of a position: plane of the cyclic mode of the manifold, and the slowest other mode."""

OWN, POOLED = ["own_1", "own_2", "own_3"], ["pooled_1", "pooled_2", "pooled_3"]
"""Columns of a worm's own components (all neurons), and of those of all worms (shared neurons)."""


_NAMES = np.array([*SEVEN, None], dtype=object)
"""Names of the codes of the seven states; the last, of -1, is none."""

TRACES = ("AVAL", "RIML", "AVBL", "SMDVR")
"""Neurons of single traces: two of backward crawling, one of forward, one of turns."""

_LABELLED = {"fwd": "forward", "revsus": "backward", "dt": "dorsal turn", "vt": "ventral turn"}
"""What the hero calls four of the seven states."""

_LAGS_S: Floats = np.arange(-4, 8.01, 0.25, dtype=np.float64)


def on_manifold(
    recordings: Sequence[Recording], params: Parameters, unseen: int = -1
) -> tuple[Model, pd.DataFrame]:
    """The manifold of all worms but one, and that one placed on it by its activity.

    Returns
    -------
    model
        Of the other worms.
    table
        Columns worm, seen (did the manifold learn from it), time_s, state (name, none where there
        is none), x, y, z (as in `SPACE`), phase (angle on the cycle, -pi to pi). Ordered in time,
        the unseen worm last.
    """
    others = list(recordings)
    last = others.pop(unseen)
    *worms, placed = manifold.of([*others, last], 7)
    model = fit(worms, params)
    points, space, phase = model.kernel.points, model.spectrum.space(), model.spectrum.phase()
    tables = []
    for number, recording in enumerate(others):
        at = points.worm == number
        place = np.column_stack([space[at], phase[at]])
        path = _path(recording, points.frame[at], points.y[at], place)
        tables.append(path[::EVERY_FRAMES].assign(seen=True))
    place = np.column_stack([model.space(placed), model.phase(placed)])
    path = _path(last, np.arange(placed.n_frames), placed.y, place)
    tables.append(path[::EVERY_PLACED].assign(seen=False))
    columns = ["worm", "seen", "time_s", "state", *SPACE, "phase"]
    return model, pd.concat(tables, ignore_index=True)[columns]


def _path(recording: Recording, frames: Codes, y: Codes, place: Floats) -> pd.DataFrame:
    table = pd.DataFrame(place.round(2), columns=[*SPACE, "phase"])
    seconds = (recording.times[frames] - recording.times[0]).round(1)
    return table.assign(worm=recording.worm, time_s=seconds, state=_NAMES[y])


def on_components(recordings: Sequence[Recording]) -> pd.DataFrame:
    """Derivatives of each worm on its own components, and on those of all worms together.

    Returns
    -------
    table
        Columns worm, state, and those of `OWN` (in units of the worm's standard deviation on the
        first) and of `POOLED` (of all worms' on the first). Ordered in time.
    """
    own = components.project(recordings)
    pooled = components.project(recordings, PAPER_NEURONS, pooled=True)
    unit = np.concatenate([one.scores[:, 0] for one in pooled]).std()
    tables = []
    for alone, together in zip(own, pooled, strict=True):
        table = pd.DataFrame({"worm": alone.worm, "state": _NAMES[alone.states]})
        table[OWN] = (alone.scores / alone.scores[:, 0].std()).round(2)
        table[POOLED] = (together.scores / unit).round(2)
        tables.append(table[::EVERY_FRAMES])
    return pd.concat(tables, ignore_index=True)


@lru_cache(maxsize=1)  # a picture shows what the table holds
def manifold_paths(table: Table) -> pd.DataFrame:
    """The last worm of a run on the manifold of the others: see `on_manifold`."""
    return on_manifold(table.recordings, Parameters(seed=table.seed))[1]


def hero(recordings: Sequence[Recording], paths: pd.DataFrame) -> Figure:
    """A whole head in action, and the same worm on the manifold of the others.

    `paths` as from `on_manifold`.
    """
    use_style()
    figure = plt.figure(figsize=(10, 4.4))
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 1), height_ratios=(0.05, 1))
    strip, heat = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
    _head(recordings[-1], strip, heat)
    strip.set_title("a worm: its behaviour, and all recorded neurons")
    place = figure.add_subplot(grid[0, 1])
    place.set_axis_off()
    place.set_title("the same worm on the manifold of four others")
    space = figure.add_axes((0.47, -0.4, 0.56, 1.58), projection="3d")
    space.patch.set_visible(False)
    label_states(paths, _LABELLED, draw_paths(paths, space))
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
    neural_activity(worm, heat)


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


TABLES: dict[str, Callable[[Table], pd.DataFrame]] = {
    "manifold_paths": manifold_paths,
    "component_paths": lambda t: on_components(t.recordings),
    "consistency": lambda t: individuality.compare_worms(
        t.recordings, PAPER_NEURONS, n_states=4, n=individuality.SHUFFLES, seed=t.seed
    ),
}
"""Reference tables of the experiment `worms`."""

PICTURES: dict[str, Callable[[Table], Figure]] = {
    "hero": lambda t: hero(t.recordings, manifold_paths(t)),
    "whole_brain": lambda t: whole_brain(t.recordings),
    "onsets": lambda t: onsets(t.recordings),
}
"""Pictures of the experiment `worms`."""
