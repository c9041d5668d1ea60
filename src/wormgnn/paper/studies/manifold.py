"""The manifold beside plain classifiers, parameter by parameter, and how far ahead it sees.

Lines of scores run through `runner.run` with the readers `manifold` and `standardised`. Here are
the choice of parameters among those lines, and the two tables that no reader gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from wormgnn import metrics
from wormgnn.admm import Parameters, fit
from wormgnn.admm.embedding import Codes, Floats
from wormgnn.errors import RecordingError, TrainingError
from wormgnn.features import Features, features
from wormgnn.folds import worm_subsets
from wormgnn.paper.studies import components
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.results import Table

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


def of(
    recordings: Sequence[Recording], n_states: int, neurons: Sequence[str] = PAPER_NEURONS
) -> list[Features]:
    """Features of each recording."""
    return [features(recording, neurons, n_states) for recording in recordings]


def score(predicted: Codes, y: Codes) -> dict[str, float]:
    """Every score of `metrics.scores`; frames with a negative code in `y` are ignored.

    RecordingError if none is left.
    """
    known = y >= 0
    if not known.any():
        raise RecordingError("no frame carries a state to score against")
    size = int(max(y.max(), predicted.max())) + 1
    counts = np.bincount(y[known] * size + predicted[known], minlength=size**2)
    return {k: v.item() for k, v in metrics.scores(counts.reshape(1, size, size)).items()}


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
    choices = [_chosen(rows[grid & ~rows["seen"]], worm) for worm in rows["worm"].unique()]
    both = pd.concat([rows[~grid], *(row.assign(line=CHOICE) for row in choices)])
    return both.drop(columns="choice").reset_index(drop=True)


def _chosen(unseen: pd.DataFrame, worm: str) -> pd.DataFrame:
    """The row of a worm left out by the parameters that did best on the others."""
    met = unseen["subset"].str.split("+").map(lambda subset: worm in subset)
    few, many = sorted(unseen["n_train"].unique())
    inner = unseen[~met & (unseen["worm"] != worm) & (unseen["n_train"] == few)]
    best = inner.groupby("choice")["balanced_accuracy"].mean().idxmax()
    own = (unseen["worm"] == worm) & (unseen["n_train"] == many)
    return unseen[own & (unseen["choice"] == best)]


def sensitivity(
    features: Sequence[Features],
    params: Parameters,
    vary: Mapping[str, Sequence[Any]] = SENSITIVITY,
    n_train: int | None = None,
) -> pd.DataFrame:
    """Accuracy on worms left out as one parameter varies and the others stay.

    Models of `n_train` worms, all but one if None. Columns: parameter, value (text), default
    (is it the value of `params`), n_states, subset, n_train, worm, accuracy,
    balanced_accuracy. Scores are missing where the spectrum did not converge.
    """
    sizes = [n_train or len(features) - 1]
    base = _left_out(features, params, sizes)
    tables = []
    for name, value in ((name, value) for name, values in vary.items() for value in values):
        default = getattr(params, name) == value
        try:
            table = (
                base if default else _left_out(features, replace(params, **{name: value}), sizes)
            )
        except TrainingError:
            table = base.assign(accuracy=np.nan, balanced_accuracy=np.nan)
        label = " + ".join(value) if isinstance(value, tuple) else str(value)
        tables.append(table.assign(parameter=name, value=label, default=default))
    table = pd.concat(tables, ignore_index=True)
    return table[["parameter", "value", "default", *base.columns]]


def _left_out(
    features: Sequence[Features], params: Parameters, sizes: Iterable[int]
) -> pd.DataFrame:
    """Scores of a model of each subset of the worms on each worm left out."""
    by_name = {worm.worm: worm for worm in features}
    rows = []
    for subset in worm_subsets(tuple(by_name), sizes):
        model = fit([by_name[name] for name in subset], params)
        about = {"n_states": features[0].n_states, "subset": "+".join(subset)}
        for worm in (worm for name, worm in by_name.items() if name not in subset):
            scores = score(model.predict_states(worm), worm.y)
            rows.append(about | {"n_train": len(subset), "worm": worm.worm} | scores)
    names = ["n_states", "subset", "n_train", "worm", "accuracy", "balanced_accuracy"]
    return pd.DataFrame(rows)[names]


def horizon(
    features: Sequence[Features],
    params: Parameters,
    fps: Mapping[str, float],
    horizons_s: Sequence[float] = HORIZONS_S,
) -> pd.DataFrame:
    """State ahead on each worm left out, beside three baselines.

    Parameters
    ----------
    features
        Worms; four states or seven leave few frames out, two leave out the turns.
    params
        Of the model.
    fps
        Frames per second of each worm, by name.
    horizons_s
        Seconds ahead.

    Returns
    -------
    table
        Columns: model, worm, horizon_s, and the scores of `metrics.scores`.
        Models: `manifold` (the Markov matrix's power); `persistence` (the true state now,
        which a decoder would first have to know); `dwell times` (the commonest
        state so long after the true state now, in the training worms); `marginal` (the
        training worms' commonest state). All are scored on the same frames: those with a
        state now and then.
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


def _horizon(table: Table) -> pd.DataFrame:
    fps = {recording.worm: recording.fps for recording in table.recordings}
    ahead = horizon(of(table.recordings, 4), Parameters(seed=table.seed), fps)
    return ahead.drop(columns=["macro_f1", "information_bits"])


def _both(make: Callable[[bool], pd.DataFrame], first: bool) -> pd.DataFrame:
    """One table of what is made with an option and without it."""
    return pd.concat([make(first), make(not first)], ignore_index=True)


TABLES: dict[str, Callable[[Table], pd.DataFrame]] = {
    "admm_two_states": two_states,
    "admm_sensitivity": lambda t: sensitivity(
        of(t.recordings, 4), Parameters(seed=t.seed), n_train=1
    ),
    "admm_horizon": _horizon,
    "onset": lambda t: _both(
        lambda scaled: components.decode_onsets(t.recordings, seed=t.seed, standardise=scaled)[0],
        first=True,
    ),
    "components": lambda t: _both(
        lambda peak: components.describe(t.recordings, peak=peak), first=False
    ),
    "components_variance": lambda t: components.variance(t.recordings),
}
"""Reference tables of the experiment `manifold`."""
