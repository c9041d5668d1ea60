"""Prediction ahead: how much of the state so many seconds from now the manifold knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from wormgnn.baselines.admm.embedding import Codes, Floats
from wormgnn.baselines.admm.evaluation import fit_or_relabel, score
from wormgnn.baselines.admm.model import Model
from wormgnn.baselines.admm.parameters import Parameters
from wormgnn.features import Features

HORIZONS_S = (0.0, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 25.0, 30.0)


def horizon(
    features: Sequence[Features],
    params: Parameters,
    fps: Mapping[str, float],
    horizons_s: Sequence[float] = HORIZONS_S,
    fitted: Mapping[tuple[str, ...], Model] | None = None,
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
    fitted
        Models that exist, by the names of their worms.

    Returns
    -------
    table
        Columns: model, worm, horizon_s, accuracy, balanced_accuracy, majority, n_frames.
        Models: `manifold` (the Markov matrix's power); `persistence` (the true state now,
        which a decoder would first have to know); `dwell times` (the commonest
        state so long after the true state now, in the training worms); `marginal` (the
        training worms' commonest state). All are scored on the same frames: those with a
        state now and then.
    """
    rows = []
    for worm in features:
        others = [other for other in features if other is not worm]
        model = fit_or_relabel(others, params, fitted)
        for seconds in horizons_s:
            steps = max(round(seconds * fps[other.worm]) for other in others)
            guesses = _guesses(model, others, worm, steps, round(seconds * fps[worm.worm]))
            rows += [
                {"model": name, "worm": worm.worm, "horizon_s": seconds} | score(guess, truth)
                for name, (guess, truth) in guesses.items()
            ]
    return pd.DataFrame(rows)


def _guesses(
    model: Model, others: Sequence[Features], worm: Features, steps: int, ahead: int
) -> dict[str, tuple[Codes, Codes]]:
    """Guess and truth of each model; `steps` frames in the training worms, `ahead` in this."""
    now, then = worm.y[: worm.n_frames - ahead], worm.y[ahead:]
    truth = np.where(now >= 0, then, -1)
    after = following(others, steps, worm.n_states)
    common = np.full(len(now), after.sum(axis=0).argmax())
    manifold = model.predict_ahead(worm, steps)[: len(now)].argmax(axis=1)
    return {
        "manifold": (manifold, truth),
        "persistence": (now, truth),
        "dwell times": (after.argmax(axis=1)[now], truth),
        "marginal": (common, truth),
    }


def following(worms: Sequence[Features], steps: int, n_states: int) -> Floats:
    """Counts of the state `steps` frames after each state, shape (states, states)."""
    counts = np.zeros((n_states, n_states))
    for worm in worms:
        now, then = worm.y[: worm.n_frames - steps], worm.y[steps:]
        both = (now >= 0) & (then >= 0)
        np.add.at(counts, (now[both], then[both]), 1)
    return counts
