"""Where real worms are in few dimensions, frame by frame: what a page may draw of them.

Three coordinates and a state tell how activity runs, and cannot be turned back into traces. Only
some frames are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from wormgnn.admm import Parameters, fit
from wormgnn.admm.embedding import Codes, Floats
from wormgnn.features import Features
from wormgnn.paper.studies import components, individuality, manifold
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.results import Table
from wormgnn.states import SEVEN

EVERY_FRAMES, EVERY_PLACED = 3, 2
"""One frame in so many is kept; of a worm that is placed on the manifold of others, more."""

SPACE = ["x", "y", "z"]
"""Columns of a position: plane of the cyclic mode of the manifold, and the slowest other mode."""

OWN, POOLED = ["own_1", "own_2", "own_3"], ["pooled_1", "pooled_2", "pooled_3"]
"""Columns of a worm's own components (all neurons), and of those of all worms (shared neurons)."""


def on_manifold(recordings: Sequence[Recording], params: Parameters) -> pd.DataFrame:
    """The manifold of all worms but the last, and the last one placed on it by its activity.

    Returns
    -------
    table
        Columns worm, seen (did the manifold learn from it), time_s, state (name, none where there
        is none), x, y, z (as in `SPACE`), phase (angle on the cycle, -pi to pi). Ordered in time.
    """
    worms = manifold.of(recordings, 7)
    model = fit(worms[:-1], params)
    points, space, phase = model.kernel.points, model.spectrum.space(), model.spectrum.phase()
    tables = []
    for number, (recording, worm) in enumerate(zip(recordings[:-1], worms, strict=False)):
        at = points.worm == number
        place = np.column_stack([space[at], phase[at]])
        path = _path(recording, worm, points.frame[at], place)
        tables.append(path[::EVERY_FRAMES].assign(seen=True))
    last, frames = worms[-1], np.arange(worms[-1].n_frames)
    place = np.column_stack([model.space(last), model.phase(last)])
    path = _path(recordings[-1], last, frames, place)
    tables.append(path[::EVERY_PLACED].assign(seen=False))
    columns = ["worm", "seen", "time_s", "state", *SPACE, "phase"]
    return pd.concat(tables, ignore_index=True)[columns]


def _path(recording: Recording, worm: Features, frames: Codes, place: Floats) -> pd.DataFrame:
    table = pd.DataFrame(place.round(2), columns=[*SPACE, "phase"])
    table["worm"] = recording.worm
    table["time_s"] = (recording.times[frames] - recording.times[0]).round(1)
    table["state"] = names(worm.y[frames])
    return table


def names(codes: Codes) -> list[str | None]:
    """Name of each code of the seven states, None where it is negative."""
    return [SEVEN[code] if code >= 0 else None for code in codes]


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
        table = pd.DataFrame({"worm": alone.worm, "state": names(alone.states)})
        table[OWN] = (alone.scores / alone.scores[:, 0].std()).round(2)
        table[POOLED] = (together.scores / unit).round(2)
        tables.append(table[::EVERY_FRAMES])
    return pd.concat(tables, ignore_index=True)


TABLES: dict[str, Callable[[Table], pd.DataFrame]] = {
    "manifold_paths": lambda t: on_manifold(t.recordings, Parameters(seed=t.seed)),
    "component_paths": lambda t: on_components(t.recordings),
    "consistency": lambda t: individuality.compare_worms(
        t.recordings, PAPER_NEURONS, n_states=4, n=individuality.SHUFFLES, seed=t.seed
    ),
}
"""Reference tables of the experiment `worms`."""
