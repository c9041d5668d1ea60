"""Damped persistence: each feature of each neuron goes back to its mean, and sees no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wormgnn.baselines.persistence import Floats, Persistence, fit_mean
from wormgnn.errors import NeuronError


@dataclass(frozen=True)
class Damped:
    """`x(t + h) = m + a^h (x(t) - m)`, an autoregression of each feature by itself.

    What beats persistence and not this has learned that activity returns to its mean.

    Attributes
    ----------
    mean
        m, shape (features, neurons).
    decay
        a, shape (features, neurons): share of a deviation that is left after one frame.
    """

    mean: Floats
    decay: Floats

    def forecast(self, known: ArrayLike, horizon_frames: int) -> Floats:
        """See `persistence.Baseline.forecast`."""
        stays = Persistence().forecast(known, horizon_frames)
        if stays.shape[:2] != self.mean.shape:
            raise NeuronError(
                f"known: expected (features, neurons) {self.mean.shape}, got {stays.shape[:2]}"
            )
        left = self.decay[..., None] ** np.arange(1, horizon_frames + 1)
        mean = self.mean[..., None, None]
        return mean + left[:, :, None] * (stays - mean)


def fit_damped(train: Sequence[ArrayLike]) -> Damped:
    """Fit on the transitions inside training windows, by least squares.

    `train` holds (features, neurons, windows, window_frames) of each worm; no transition joins
    two windows. Errors as for `persistence.fit_ridge`. A constant feature keeps its value.
    """
    mean = fit_mean(train).mean
    away = [np.asarray(worm, dtype=np.float64) - mean[..., None, None] for worm in train]
    now = sum((worm[..., :-1] ** 2).sum(axis=(2, 3)) for worm in away)
    ahead = sum((worm[..., :-1] * worm[..., 1:]).sum(axis=(2, 3)) for worm in away)
    return Damped(mean, np.divide(ahead, now, out=np.ones_like(mean), where=now > 0))
