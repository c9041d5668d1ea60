"""Linear decoders on features of named neurons, and how far a recording is from a laboratory's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from scipy.special import log_softmax
from scipy.stats import t as student

from wormgnn.errors import TrainingError
from wormgnn.features import SMOOTHING_S
from wormgnn.recording import NO_STATE, Recording
from wormgnn.states import merge

Array = NDArray[np.float64]

WHOLE = 0.0  # in place of a running mean: the trace as it is, for the local decoders
MIN_NEURONS = 3  # fewest of the decoder's neurons that a recording must name

_WORM_FRAMES = 3000.0  # weight of one worm in the fit, in frames; about one of Kato's
_NEVER = -30.0  # log-odds


@dataclass(frozen=True)
class Linear:
    """Linear decoders of one kind, one for each running mean, whose logits are averaged.

    Each takes away a running mean of so many `seconds` (`WHOLE` for none) and reads the named
    `neurons`: `coef` are the weights of two features of each, shape (decoders, states, neurons, 2),
    `intercept` (decoders, states). Logits are divided by `temperature`, fitted to worms left out
    of training.
    """

    neurons: tuple[str, ...]
    seconds: tuple[float, ...]
    coef: Array
    intercept: Array
    temperature: float = 1.0

    def weights(self) -> dict[str, float]:
        """Share of the squared weights by neuron, the largest first."""
        size = (self.coef**2).sum(axis=(0, 1, 3))
        return {self.neurons[n]: float(size[n] / size.sum()) for n in np.argsort(-size)}

    def share(self, neurons: Sequence[str]) -> float:
        """Share of the squared weights that belongs to these neurons."""
        weights = self.weights()
        return sum(weights.get(name, 0.0) for name in neurons)

    def logits(self, recording: Recording) -> Array:
        """Mean logits, not yet divided by the temperature, shape (frames, states)."""
        decoders = zip(self.seconds, self.coef, self.intercept, strict=True)
        every = [
            views(recording, self.neurons, seconds) @ coef.reshape(len(coef), -1).T + intercept
            for seconds, coef, intercept in decoders
        ]
        return cast(Array, np.mean(every, axis=0))


def views(recording: Recording, neurons: Sequence[str], seconds: float) -> Array:
    """Two features of each named neuron, shape (frames, neurons times 2); zero where it lacks.

    The trace, z-scored over the recording, minus its running mean over `seconds` (and then
    z-scored again), or as it is for `WHOLE`; and its derivative, z-scored. The filters are in
    seconds, so recordings of any frame rate give the same features.
    """
    has = [name for name in neurons if name in set(recording.neurons)]
    traces = _zscore(recording.traces[:, recording.columns(has)])
    sigma = SMOOTHING_S * recording.fps
    slope = _zscore(gaussian_filter1d(traces, sigma, axis=0, order=1, mode="nearest"))
    if seconds != WHOLE:
        width = max(2, round(seconds * recording.fps))
        traces = _zscore(traces - uniform_filter1d(traces, width, axis=0, mode="nearest"))
    out = np.zeros((len(traces), len(neurons), 2))
    out[:, [list(neurons).index(name) for name in has]] = np.stack([traces, slope], axis=-1)
    return out.reshape(len(out), -1)


def _zscore(values: Array) -> Array:
    spread = values.std(axis=0)
    return cast(Array, (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def fit_linear(
    train: Sequence[Recording],
    neurons: tuple[str, ...],
    seconds: Sequence[float],
    n_states: int,
    C: float,
) -> Linear:
    """Multinomial logistic regressions, one for each running mean in `seconds`.

    Each worm weighs alike, and so does each state that it has; frames without a state are left out.
    TrainingError if the worms show one state alone.
    """
    from sklearn.linear_model import LogisticRegression

    codes = [merge(worm, n_states) for worm in train]
    known = [code != NO_STATE for code in codes]
    labels = [code[rows] for code, rows in zip(codes, known, strict=True)]
    counts = [np.bincount(own, minlength=n_states) for own in labels]
    weights = [
        _WORM_FRAMES / (count > 0).sum() / count[own]
        for count, own in zip(counts, labels, strict=True)
    ]
    y = np.concatenate(labels)
    if len(np.unique(y)) < 2:
        worms = ", ".join(worm.worm for worm in train)
        raise TrainingError(f"expected two states or more to tell from each other, in {worms}")
    coefs, intercepts = [], []
    for window in seconds:
        seen = [views(worm, neurons, window)[r] for worm, r in zip(train, known, strict=True)]
        x = np.concatenate(seen)
        model = LogisticRegression(C=C, max_iter=1000)
        model.fit(x, y, sample_weight=np.concatenate(weights))
        coef = np.zeros((n_states, x.shape[1]))
        intercept = np.full(n_states, _NEVER)  # of a state that these worms do not show
        coef[model.classes_], intercept[model.classes_] = model.coef_, model.intercept_
        if len(model.classes_) == 2:  # one row of log-odds: half for, half against
            signs = np.array([-0.5, 0.5])
            coef[model.classes_] *= signs[:, None]
            intercept[model.classes_] *= signs
        coefs.append(coef.reshape(n_states, len(neurons), 2))
        intercepts.append(intercept)
    return Linear(neurons, tuple(seconds), np.array(coefs), np.array(intercepts))


def alike(codes: NDArray[np.int64]) -> Array:
    """Weights by which all states that occur weigh alike, of frames with these codes."""
    return np.asarray(1.0 / np.bincount(codes)[codes])


def temperature_of(held: Sequence[tuple[Array, NDArray[np.int64]]]) -> float:
    """Temperature of least log loss on left-out worms; worms and their states weigh alike."""
    grid = np.geomspace(0.2, 20.0, 93)
    losses = []
    for logits, codes in held:
        known = np.flatnonzero(codes != NO_STATE)
        named = log_softmax(logits[known] / grid[:, None, None], axis=2)
        own = named[:, np.arange(len(known)), codes[known]]
        losses.append(-np.average(own, axis=1, weights=alike(codes[known])))
    return float(grid[np.mean(losses, axis=0).argmin()]) if held else 1.0


@dataclass(frozen=True)
class Laboratory:
    """What is kept of a laboratory's training worms.

    Names and digests of the recordings, the names of `neurons` that all of them have, and the
    correlations between the traces of those, shape (worms, neurons, neurons). `local` is its local
    decoder, or None where the general one does better on worms left out.
    """

    worms: tuple[str, ...]
    digests: tuple[str, ...]
    neurons: tuple[str, ...]
    correlations: NDArray[np.float32]
    local: Linear | None = None

    def distance(
        self, recording: Recording, level: float = 0.99, without: int | None = None
    ) -> tuple[float, float]:
        """Distance of a recording and the limit, as in `Trust`; `without` leaves one worm out.

        A worm's angle is that between its leading mode of activity (the first principal component
        of its z-scored traces) and that of the other worms. The distance is the recording's angle
        over the mean angle of the laboratory's worms, each from the others, over the neurons that
        recording and laboratory share. Noise and drift that neurons do not share turn it little.
        """
        has = set(recording.neurons)
        places = [place for place, name in enumerate(self.neurons) if name in has]
        kept = [worm for worm in range(len(self.worms)) if worm != without]
        if len(places) < MIN_NEURONS or len(kept) < 2:
            return np.nan, np.nan
        every = self.correlations[kept][:, places][:, :, places].astype(np.float64)
        own = np.array([_angle(np.delete(every, k, axis=0), one) for k, one in enumerate(every)])
        found = _angle(every, _correlations(recording, [self.neurons[p] for p in places]))
        above = student.ppf(level, len(own) - 1) * own.std(ddof=1) * np.sqrt(1 + 1 / len(own))
        return float(found / own.mean()), float(1 + above / own.mean())


def laboratory_of(worms: Sequence[Recording]) -> Laboratory:
    """What is kept of worms of one laboratory, yet without a local decoder."""
    shared = tuple(sorted(set.intersection(*(set(worm.identified) for worm in worms))))
    return Laboratory(
        tuple(worm.worm for worm in worms),
        tuple(worm.digest for worm in worms),
        shared,
        np.array([_correlations(worm, shared) for worm in worms], dtype=np.float32),
    )


def _correlations(worm: Recording, neurons: Sequence[str]) -> Array:
    traces = _zscore(worm.traces[:, worm.columns(neurons)])
    return traces.T @ traces / len(traces)


def _angle(others: Array, own: Array) -> float:
    """Angle between the leading modes of one worm and of others, in radians.

    From correlations, shape (neurons, neurons), of the others (worms, neurons, neurons).
    """
    cosine = np.linalg.eigh(others.mean(axis=0))[1][:, -1] @ np.linalg.eigh(own)[1][:, -1]
    return float(np.arccos(min(abs(cosine), 1.0)))
