"""The manifold beside plain classifiers, by parameter, how far ahead it sees, and where worms lie.

Lines of scores run through `runner.run` with the readers `manifold` and `standardised`. Here are
the choice of parameters among those lines, and the two tables that no reader gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from wormgnn import statistics
from wormgnn.admm import Model, Parameters, fit
from wormgnn.admm.kernel import Codes, Floats
from wormgnn.errors import RecordingError, TrainingError
from wormgnn.features import Features, features
from wormgnn.folds import worm_subsets
from wormgnn.paper.readings import choices, leave_one_worm_out, of_choice
from wormgnn.paper.studies import components
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.runner import Table

CHOICE = "ADMM (chosen)"
"""Line of the parameters that are chosen on training worms alone, among `GRID_POINTS`."""

GRID_POINTS: list[dict[str, Any]] = [
    {"n_delays": delays, "n_neighbours": neighbours, "scale": scale}
    for delays in (1, 4)
    for neighbours in (3, 10)
    for scale in ("neighbour", "noise")
]

SENSITIVITY: dict[str, tuple[Any, ...]] = {
    "n_delays": (0, 1, 2, 4, 6),
    "delay_frames": (1, 2, 5, 8),
    "signals": (("trace",), ("derivative",), ("trace", "derivative")),
    "n_neighbours": (3, 5, 10, 30),
    "scale": ("neighbour", "noise"),
    "bandwidth": (0.5, 1.0, 2.0, 4.0),
    "density_exponent": (0.0, 0.5, 1.0),
    "n_phases": (4, 15, 60, 120),
    "n_branches": (1, 2, 4, 8),
}
"""Values tried one parameter at a time."""

HORIZONS_S = (0.0, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 25.0, 30.0)


EVERY_PLACED = 2
"""One frame in so many of a worm that is placed on the manifold of others is kept."""

SPACE = ["x", "y", "z"]
"""Columns of a position: plane of the cyclic mode of the manifold, and the slowest other mode."""


def of(
    recordings: Sequence[Recording], n_states: int, neurons: Sequence[str] = PAPER_NEURONS
) -> list[Features]:
    """Features of each recording."""
    return [features(recording, neurons, n_states) for recording in recordings]


def score(predicted: Codes, y: Codes) -> dict[str, float]:
    """Every score of `statistics.scores`; frames with a negative code in `y` are ignored.

    RecordingError if none is left.
    """
    known = y >= 0
    if not known.any():
        raise RecordingError("no frame carries a state to score against")
    size = int(max(y.max(), predicted.max())) + 1
    counts = statistics.confusion(predicted[None, known], y[known], size)
    return {name: values.item() for name, values in statistics.scores(counts).items()}


def two_states(table: Table) -> pd.DataFrame:
    """Every line of the run, with the choice of parameters in the place of the grid's lines.

    Each worm left out is decoded by a model of all others, with the parameters that did best
    (mean balanced accuracy, the first in case of a tie) when one of those others was left out in
    its turn: the worm that a choice is for never takes part in making it. A model with folds is
    scored on its own worms alone, where they have labelled test frames; the others on unseen ones.
    """
    rows = table.rows[table.rows["n_frames"] > 0]
    rows = rows[rows["seen"] == (rows["split"] != "none")]
    rows = rows.drop(columns=["macro_f1", "information_bits"])
    grid = rows["model"] == CHOICE
    if not grid.any():
        return rows
    tried = rows[grid]
    scored = tried.assign(accuracy=tried["balanced_accuracy"])  # what the choice goes by
    chosen = of_choice(tried, choices(leave_one_worm_out(scored)))
    chosen = chosen[chosen["n_train"] == chosen["n_train"].max()]
    both = pd.concat([rows[~grid], chosen.assign(line=CHOICE)])
    return both.drop(columns="choice").reset_index(drop=True)


def sensitivity(
    features: Sequence[Features],
    params: Parameters,
    vary: Mapping[str, Sequence[Any]] = SENSITIVITY,
    n_train: int | None = None,
) -> pd.DataFrame:
    """Accuracy on worms left out as one parameter varies and the others stay.

    Models of `n_train` worms, all but one if None. Columns parameter, value (text), default (is it
    the value of `params`), n_states, subset, n_train, worm, accuracy, balanced_accuracy: these two
    are missing where the spectrum did not converge.
    """
    size = n_train or len(features) - 1
    base, tables = _left_out(features, params, size), []
    for name, value in ((name, value) for name, values in vary.items() for value in values):
        table, default = base, getattr(params, name) == value
        if not default:
            try:
                table = _left_out(features, replace(params, **{name: value}), size)
            except TrainingError:
                table = base.assign(accuracy=np.nan, balanced_accuracy=np.nan)
        label = " + ".join(value) if isinstance(value, tuple) else str(value)
        tables.append(table.assign(parameter=name, value=label, default=default))
    return pd.concat(tables, ignore_index=True)[["parameter", "value", "default", *base]]


def _left_out(features: Sequence[Features], params: Parameters, size: int) -> pd.DataFrame:
    """Scores of a model of each subset of so many worms on each worm left out."""
    rows = []
    for subset in worm_subsets([worm.worm for worm in features], [size]):
        model = fit([worm for worm in features if worm.worm in subset], params)
        for worm in (worm for worm in features if worm.worm not in subset):
            about = {"n_states": worm.n_states, "subset": "+".join(subset), "n_train": size}
            found = score(model.predict_states(worm), worm.y)
            kept = {name: found[name] for name in ("accuracy", "balanced_accuracy")}
            rows.append(about | {"worm": worm.worm} | kept)
    return pd.DataFrame(rows)


def horizon(
    features: Sequence[Features],
    params: Parameters,
    fps: Mapping[str, float],
    horizons_s: Sequence[float] = HORIZONS_S,
) -> pd.DataFrame:
    """State ahead on each worm left out, by the frames per second of each worm.

    Columns model, worm, horizon_s, and the scores of `statistics.scores`. Models: `manifold` (the
    Markov matrix's power); `persistence` (the true state now, which a decoder would first have to
    know); `dwell times` (the commonest state so long after the true state now, in the training
    worms); `marginal` (their commonest state). All are scored on the same frames: those with a
    state now and then. Of two states the turns would be left out: take four or seven.
    """
    rows = []
    for worm in features:
        others = [other for other in features if other is not worm]
        model = fit(others, params)
        for seconds in horizons_s:
            steps = max(round(seconds * fps[other.worm]) for other in others)  # of training worms
            ahead = round(seconds * fps[worm.worm])  # of this one
            now, then = worm.y[: worm.n_frames - ahead], worm.y[ahead:]
            after = following(others, steps, worm.n_states)
            guesses = {
                "manifold": model.predict_ahead(worm, steps)[: len(now)].argmax(axis=1),
                "persistence": now,
                "dwell times": after.argmax(axis=1)[now],
                "marginal": np.full(len(now), after.sum(axis=0).argmax()),
            }
            truth = np.where(now >= 0, then, -1)
            rows += [
                {"model": name, "worm": worm.worm, "horizon_s": seconds} | score(guess, truth)
                for name, guess in guesses.items()
            ]
    return pd.DataFrame(rows)


def following(worms: Sequence[Features], steps: int, n_states: int) -> Floats:
    """Counts of the state `steps` frames after each state, shape (states, states)."""
    counts = np.zeros((n_states, n_states))
    for worm in worms:
        now, then = worm.y[: worm.n_frames - steps], worm.y[steps:]
        both = (now >= 0) & (then >= 0)
        np.add.at(counts, (now[both], then[both]), 1)
    return counts


def on_manifold(
    recordings: Sequence[Recording], params: Parameters, unseen: int = -1
) -> tuple[Model, pd.DataFrame]:
    """The manifold of all worms but one, and where all of them are on it, the unseen worm last.

    Columns worm, seen (did the manifold learn from it), time_s, state (name, or none), x, y, z (as
    in `SPACE`), phase (angle on the cycle, -pi to pi). Ordered in time.
    """
    others = list(recordings)
    last = others.pop(unseen)
    *worms, placed = of([*others, last], 7)
    model = fit(worms, params)
    points, space, phase = model.kernel.points, model.spectrum.space(), model.spectrum.phase()
    tables = []
    for number, recording in enumerate(others):
        at = points.worm == number
        place = np.column_stack([space[at], phase[at]])
        path = _path(recording, points.frame[at], points.y[at], place)
        tables.append(path[:: components.EVERY_FRAMES].assign(seen=True))
    place = np.column_stack([model.space(placed), model.phase(placed)])
    path = _path(last, np.arange(placed.n_frames), placed.y, place)
    tables.append(path[::EVERY_PLACED].assign(seen=False))
    columns = ["worm", "seen", "time_s", "state", *SPACE, "phase"]
    return model, pd.concat(tables, ignore_index=True)[columns]


def _path(recording: Recording, frames: Codes, y: Codes, place: Floats) -> pd.DataFrame:
    table = pd.DataFrame(place.round(2), columns=[*SPACE, "phase"])
    seconds = (recording.times[frames] - recording.times[0]).round(1)
    return table.assign(worm=recording.worm, time_s=seconds, state=components.STATE_NAMES[y])


def _horizon(table: Table) -> pd.DataFrame:
    fps = {recording.worm: recording.fps for recording in table.recordings}
    ahead = horizon(of(table.recordings, 4), Parameters(seed=table.seed), fps)
    return ahead.drop(columns=["macro_f1", "information_bits"])


TABLES: dict[str, Callable[[Table], pd.DataFrame]] = {
    "admm_two_states": two_states,
    "admm_sensitivity": lambda t: sensitivity(
        of(t.recordings, 4), Parameters(seed=t.seed), n_train=1
    ),
    "admm_horizon": _horizon,
    "onset": lambda t: pd.concat(
        components.decode_onsets(t.recordings, seed=t.seed, standardise=standardise)[0]
        for standardise in (True, False)
    ),
    "components": lambda t: pd.concat(
        components.describe(t.recordings, peak=peak) for peak in (False, True)
    ),
    "components_variance": lambda t: components.variance(t.recordings),
}
"""Reference tables of the experiment `manifold`."""
