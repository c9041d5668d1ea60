"""Forecasts that cost nothing or a linear fit: they give a network's error its meaning.

Each is a linear map from the last frames to the change of the next, `Autoregression`, which goes
on from its own forecasts as networks do. Values are scaled to [0, 1] as networks see them
(`wormgnn.features`) and are never clipped to it, just as theirs are not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn import linear_model
from torch import Tensor, nn

from wormgnn.errors import TrainingError
from wormgnn.features import derivative
from wormgnn.models.layers import Memory
from wormgnn.models.networks import Network, last_frames
from wormgnn.recording import Recording
from wormgnn.tasks.rollout import Rollout, mean_square_error

Floats = NDArray[np.float64]
Windows = Sequence[ArrayLike]  # windows of each training worm, (features, neurons, windows, frames)

Linear = tuple[Floats, Floats]
"""W (channels, lags * channels) and b (channels,) of an `Autoregression`.

Channels come in the order (feature, neuron), lags with the present frame first.
"""

ALPHAS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0)  # penalties that `fit_ridge` tries


class Autoregression(Network):
    """`X(t + 1) - X(t) = W [X(t), ..., X(t - lags + 1)] + b`, each member with its own W and b.

    It forecasts in double precision. An unstable one grows without bound, to infinity and NaN: the
    caller has to look.
    """

    def __init__(self, members: Sequence[Linear]) -> None:
        super().__init__()
        both = (torch.from_numpy(np.stack(own)) for own in zip(*members, strict=True))
        self.weight, self.intercept = map(nn.Parameter, both)
        self.lags = self.weight.shape[2] // self.weight.shape[1]
        self.recurrent = self.lags > 1

    def step(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """See `Network.step`; the memory are the last frames, the latest first."""
        frames = last_frames(x, memory, len(self.weight), self.lags)
        return torch.baddbmm(
            self.intercept[..., None], self.weight, torch.cat(frames, dim=1)
        ), frames

    def values(self, neurons: int) -> int:
        """Twice the frames that it sees, in double precision."""
        return 4 * self.weight.shape[2]


def persistence(train: Windows) -> Linear:
    """The last known frame stays: `x(t + h) = x(t)`."""
    channels = int(np.prod(np.shape(train[0])[:2]))
    return np.zeros((channels, channels)), np.zeros(channels)


def fit_mean(train: Windows) -> Linear:
    """Mean over all frames of the windows of all worms, whatever is known: climatology."""
    mean = _pooled("train", train).mean(axis=(2, 3)).ravel()
    return -np.eye(len(mean)), mean


def fit_damped(train: Windows) -> Linear:
    """`x(t + h) = m + a^h (x(t) - m)`, an autoregression of each feature by itself.

    What beats persistence, which has a of one, and not this has learned that activity returns
    to its mean m. Fitted on the transitions inside training windows, by least squares: no
    transition joins two windows. A constant feature keeps its value.
    """
    mean = _pooled("train", train).mean(axis=(2, 3))
    away = [np.asarray(worm, dtype=np.float64) - mean[..., None, None] for worm in train]
    now = sum((worm[..., :-1] ** 2).sum(axis=(2, 3)) for worm in away)
    ahead = sum((worm[..., :-1] * worm[..., 1:]).sum(axis=(2, 3)) for worm in away)
    decay = np.divide(ahead, now, out=np.ones_like(mean), where=now > 0).ravel()
    return np.diag(decay - 1), (1 - decay) * mean.ravel()


def constant_derivative(recording: Recording, neurons: Sequence[str]) -> Linear:
    """The last known derivative stays, and the trace goes on at that slope.

    For a worm whose features were scaled by `features.scale`. NeuronError for a neuron that the
    worm lacks.
    """
    recording = recording.select(neurons)
    slopes, nothing = derivative(recording), np.zeros((len(neurons), len(neurons)))
    one = recording.fps * np.ptp(recording.traces, axis=0)
    gain, offset = np.ptp(slopes, axis=0) / one, slopes.min(axis=0) / one
    weight = np.block([[nothing, np.diag(gain)], [nothing, nothing]])
    return weight, np.concatenate([offset, np.zeros(len(neurons))])


def fit_ridge(
    train: Windows, validation: Windows, lags: int = 1, alphas: Sequence[float] = ALPHAS
) -> Linear:
    """Fit on the transitions inside training windows, with the penalty that forecasts best.

    The next frame is computed from `lags` frames: one sees what a Markovian network sees, more make
    a vector autoregression. `alphas` are penalties on the squared weights (not on the intercept) to
    choose from, by the mean squared error of forecasts of the validation windows, run freely to
    their end.

    TrainingError for no windows, or forecasts of the validation windows that diverge for every
    alpha.
    """
    x, unseen = _pooled("train", train), torch.from_numpy(_pooled("validation", validation))
    fitted = [_fit(x, lags, alpha) for alpha in alphas]
    model, shown = Rollout(Autoregression(fitted)), torch.zeros(unseen.shape[2:], dtype=torch.bool)
    with torch.no_grad():
        guesses = model(unseen, unseen[..., 0], shown)
        truth = unseen[..., model.known_frames :].permute(2, 0, 1, 3)
        errors = mean_square_error(guesses, truth).nan_to_num(torch.inf, torch.inf)
    if not errors.isfinite().any():
        raise TrainingError(f"ridge of {lags} lags: validation forecasts diverge for every alpha")
    return fitted[int(errors.argmin())]


def _fit(x: Floats, lags: int, alpha: float) -> Linear:
    frames, channels = x.shape[3], x.shape[0] * x.shape[1]
    past = [x[..., lags - 1 - lag : frames - 1 - lag] for lag in range(lags)]
    inputs = np.stack(past).reshape(lags * channels, -1).T
    change = np.diff(x[..., lags - 1 :], axis=3).reshape(channels, -1).T
    # Lags are nearly collinear: the normal equations would lose half of the digits.
    model = linear_model.Ridge(alpha=alpha, solver="svd").fit(inputs, change)
    return model.coef_, model.intercept_


FORECASTS: dict[str, Callable[[Windows, Windows, Recording, Sequence[str]], Linear]] = {
    "persistence": lambda train, validation, *_: persistence(train),
    "constant-derivative": lambda train, validation, *worm: constant_derivative(*worm),
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
