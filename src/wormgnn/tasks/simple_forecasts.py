"""Forecasts that cost nothing or a linear fit: they give a network's error its meaning.

A forecast goes on from the last known frames of each window. Values are scaled to [0, 1] as
networks see them (`wormgnn.features`) and are never clipped to it, just as theirs are not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import linear_model

from wormgnn.errors import TrainingError
from wormgnn.features import derivative
from wormgnn.recording import Recording

Floats = NDArray[np.float64]
Windows = Sequence[ArrayLike]
"""Windows of each training worm, (features, neurons, windows, frames)."""

TRACE, SLOPE = 0, 1  # places of the scaled trace and the scaled derivative among the features
ALPHAS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0)  # penalties that `fit_ridge` tries


class SimpleForecast(Protocol):
    """Whatever forecasts windows."""

    def forecast(self, known: ArrayLike, horizon_frames: int) -> Floats:
        """Frames that follow, shape (features, neurons, windows, horizon_frames).

        `known` are the last known frames of each window in the order of time, shape (features,
        neurons, windows, known_frames).
        """
        ...


@dataclass(frozen=True)
class ConstantDerivative:
    """The last known derivative `s` stays; the trace changes by `gain * s + offset` a frame.

    `gain` and `offset`, shape (neurons,), belong to one worm.
    """

    gain: Floats
    offset: Floats

    @classmethod
    def of(cls, recording: Recording, neurons: Sequence[str]) -> ConstantDerivative:
        """For a worm whose features were scaled by `features.scale`.

        NeuronError for a neuron that the worm lacks.
        """
        recording = recording.select(neurons)
        slopes = derivative(recording)
        one = recording.fps * np.ptp(recording.traces, axis=0)
        return cls(np.ptp(slopes, axis=0) / one, slopes.min(axis=0) / one)

    def forecast(self, known: ArrayLike, horizon_frames: int) -> Floats:
        """See `SimpleForecast.forecast`."""
        last = np.asarray(known, dtype=np.float64)[..., -1:]
        forecast = np.repeat(last, horizon_frames, axis=-1)
        change = self.gain[:, None, None] * last[SLOPE] + self.offset[:, None, None]
        forecast[TRACE] += change * np.arange(1, horizon_frames + 1)
        return forecast


@dataclass(frozen=True)
class Damped:
    """`x(t + h) = m + a^h (x(t) - m)`, an autoregression of each feature by itself.

    What beats persistence, which has a of one, and not this has learned that activity returns
    to its mean.

    Attributes
    ----------
    mean
        m, shape (features, neurons).
    decay
        a, shape (features, neurons): share of a deviation that is left after one frame; at 0
        the forecast is the mean.
    """

    mean: Floats
    decay: Floats

    def forecast(self, known: ArrayLike, horizon_frames: int) -> Floats:
        """See `SimpleForecast.forecast`."""
        last = np.asarray(known, dtype=np.float64)[..., -1:]
        left = self.decay[..., None, None] ** np.arange(1, horizon_frames + 1)
        mean = self.mean[..., None, None]
        return mean + left * (last - mean)


def fit_mean(train: Windows) -> Damped:
    """Mean over all frames of the windows of all worms, whatever is known: climatology."""
    mean = _pooled("train", train).mean(axis=(2, 3))
    return Damped(mean, np.zeros_like(mean))


def persistence(train: Windows) -> Damped:
    """The last known frame stays: `x(t + h) = x(t)`."""
    shape = np.shape(train[0])[:2]
    return Damped(np.zeros(shape), np.ones(shape))


def fit_damped(train: Windows) -> Damped:
    """Fit on the transitions inside training windows, by least squares.

    No transition joins two windows. A constant feature keeps its value.
    """
    mean = fit_mean(train).mean
    away = [np.asarray(worm, dtype=np.float64) - mean[..., None, None] for worm in train]
    now = sum((worm[..., :-1] ** 2).sum(axis=(2, 3)) for worm in away)
    ahead = sum((worm[..., :-1] * worm[..., 1:]).sum(axis=(2, 3)) for worm in away)
    return Damped(mean, np.divide(ahead, now, out=np.ones_like(mean), where=now > 0))


@dataclass(frozen=True)
class Ridge:
    """Linear change of all features of all neurons from their last frames.

    `x(t + 1) - x(t) = W [x(t), ..., x(t - lags + 1)] + b`, rolled out on its own forecasts.
    One lag sees what a Markovian network sees; more make a vector autoregression. An unstable
    one grows without bound, to infinity and NaN, and does not warn: the caller has to look.

    Attributes
    ----------
    weight
        From the last two axes to the first two of (features, neurons, lags, features, neurons);
        lag 0 is the present frame.
    intercept
        Shape (features, neurons).
    alpha
        Penalty on the squared weights (not on the intercept).
    """

    weight: Floats
    intercept: Floats
    alpha: float

    @property
    def lags(self) -> int:
        """Number of known frames that a forecast looks at."""
        return self.weight.shape[2]

    @property
    def companion(self) -> Floats:
        """Square matrix from the last `lags` frames, latest first, to the next; no intercept."""
        channels = self.intercept.size
        matrix = np.eye(self.lags * channels, k=-channels)
        matrix[:channels] = self.weight.reshape(channels, -1)
        matrix[:channels, :channels] += np.eye(channels)
        return matrix

    def forecast(self, known: ArrayLike, horizon_frames: int) -> Floats:
        """See `SimpleForecast.forecast`."""
        x = np.asarray(known, dtype=np.float64)
        recent = x[..., : -self.lags - 1 : -1].transpose(3, 0, 1, 2)
        step = self.companion[: self.intercept.size]
        last = recent.reshape(step.shape[1], x.shape[2])
        frames = []
        with np.errstate(all="ignore"):
            for _ in range(horizon_frames):
                frames.append(step @ last + self.intercept.reshape(-1, 1))
                last = np.concatenate([frames[-1], last])[: len(last)]
        return np.stack(frames, axis=-1).reshape(*x.shape[:3], horizon_frames)


def fit_ridge(
    train: Windows, validation: Windows, lags: int = 1, alphas: Sequence[float] = ALPHAS
) -> Ridge:
    """Fit on the transitions inside training windows, with the penalty that forecasts best.

    Parameters
    ----------
    train, validation
        One array (features, neurons, windows, window_frames) for each worm.
    lags
        Frames that the next is computed from.
    alphas
        Penalties to choose from, by the mean squared error of forecasts of the validation
        windows, run freely from their first `lags` frames to their end.

    Raises
    ------
    TrainingError
        No windows, or forecasts of the validation windows that diverge for every alpha.
    """
    x, unseen = _pooled("train", train), _pooled("validation", validation)
    known, truth = unseen[..., :lags], unseen[..., lags:]
    fitted = [_fit(x, lags, alpha) for alpha in alphas]
    with np.errstate(all="ignore"):  # a model that runs away loses below
        guesses = [model.forecast(known, truth.shape[3]) for model in fitted]
        errors = np.array([((guess - truth) ** 2).mean() for guess in guesses])
    if not np.isfinite(errors).any():
        raise TrainingError(f"ridge of {lags} lags: validation forecasts diverge for every alpha")
    return fitted[int(np.where(np.isfinite(errors), errors, np.inf).argmin())]


def _fit(x: Floats, lags: int, alpha: float) -> Ridge:
    frames, channels = x.shape[3], x.shape[0] * x.shape[1]
    past = [x[..., lags - 1 - lag : frames - 1 - lag] for lag in range(lags)]
    inputs = np.stack(past).reshape(lags * channels, -1).T
    change = np.diff(x[..., lags - 1 :], axis=3).reshape(channels, -1).T
    # Lags are nearly collinear: the normal equations would lose half of the digits.
    model = linear_model.Ridge(alpha=alpha, solver="svd").fit(inputs, change)
    weight = model.coef_.reshape(*x.shape[:2], lags, *x.shape[:2])
    return Ridge(weight, model.intercept_.reshape(x.shape[:2]), float(alpha))


FORECASTS: dict[str, Callable[[Windows, Windows, Recording, Sequence[str]], SimpleForecast]] = {
    "persistence": lambda train, validation, *_: persistence(train),
    "constant-derivative": lambda train, validation, *worm: ConstantDerivative.of(*worm),
    "damped": lambda train, validation, *_: fit_damped(train),
    "mean": lambda train, validation, *_: fit_mean(train),
    "ridge": lambda train, validation, *_: fit_ridge(train, validation, lags=1),
    "var": lambda train, validation, *_: fit_ridge(train, validation, lags=4),
}
"""From training and validation windows, the evaluated worm and its neurons to a forecast.
`ridge` sees one frame, as the Markovian networks do; `var` the four of a burn-in."""


def _pooled(what: str, worms: Windows) -> Floats:
    if not sum(np.shape(worm)[2] for worm in worms):
        raise TrainingError(f"{what}: expected windows, got none")
    return np.concatenate([np.asarray(worm, dtype=np.float64) for worm in worms], axis=2)
