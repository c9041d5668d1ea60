"""From a recording to what models see: trace and derivative per neuron, scaled to [0, 1].

Paper, "Data Processing": calcium trace and derivative of each neuron are normalised to
[0, 1] over the worm's entire recording, and cut into windows of 8 frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter

from wormgnn.errors import ChoiceError, RecordingError
from wormgnn.recording import Recording
from wormgnn.states import merge

WINDOW_FRAMES = 8
"""Frames in a window (paper: about three seconds, the time of a behavioural change)."""

SMOOTHING_S = 0.7
"""Standard deviation, in seconds, of the Gaussian whose derivative differentiates traces."""

Scaling = Literal["whole", "causal"]


@dataclass(frozen=True)
class Features:
    """What a model sees of one worm.

    Attributes
    ----------
    worm
        Identifier of the worm.
    neurons
        Names, in the order of the columns.
    x
        Scaled trace (feature 0) and derivative (feature 1), shape (2, neurons, frames).
    y
        State codes, shape (frames,); -1 is ignored.
    n_states
        Number of states in the vocabulary of `y`.
    """

    worm: str
    neurons: tuple[str, ...]
    x: NDArray[np.float32]
    y: NDArray[np.int64]
    n_states: int

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self.x.shape[-1]


def derivative(recording: Recording) -> NDArray[np.float64]:
    """Time derivative of each trace in dF/F0 per second, shape (frames, neurons).

    The source's own where it has one; else the trace convolved with the derivative of a
    Gaussian of `SMOOTHING_S` seconds (a plain difference would be mostly shot noise).
    """
    if recording.derivatives is not None:
        return recording.derivatives
    sigma_frames = SMOOTHING_S * recording.fps
    smooth = gaussian_filter1d(recording.traces, sigma_frames, axis=0, order=1, mode="nearest")
    return np.asarray(smooth * recording.fps)


def trailing_derivative(recording: Recording) -> NDArray[np.float64]:
    """Time derivative from the past alone, in dF/F0 per second, shape (frames, neurons).

    Mean of the last `SMOOTHING_S` seconds less the mean of as many before, over the time
    between them. The source's own derivative is left aside: its smoothing may look ahead.
    """
    width = max(1, round(SMOOTHING_S * recording.fps))
    kernel = np.repeat([1.0, -1.0], width) * recording.fps / width**2
    before = np.repeat(recording.traces[:1], 2 * width - 1, axis=0)
    padded = np.concatenate([before, recording.traces])
    return np.asarray(lfilter(kernel, 1.0, padded, axis=0)[len(before) :])


def scale(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each column to [0, 1] over the whole recording, shape (frames, neurons).

    RecordingError for a column that is constant: it has no range.
    """
    low, high = values.min(axis=0), values.max(axis=0)
    if (high == low).any():
        columns = ", ".join(map(str, np.flatnonzero(high == low)))
        raise RecordingError(f"cannot scale to [0, 1]: column {columns} is constant")
    return np.asarray((values - low) / (high - low))


def scale_causally(values: NDArray[np.float64], warmup_frames: int = 200) -> NDArray[np.float64]:
    """Each column scaled at every frame by the range seen up to that frame.

    Shape (frames, neurons). The first `warmup_frames` frames share the range of the warm-up.
    Every value lies in [0, 1], and unlike `scale` no frame behind the warm-up knows its future.
    """
    low = np.minimum.accumulate(values, axis=0)
    high = np.maximum.accumulate(values, axis=0)
    first = max(min(warmup_frames, len(values)) - 1, 0)
    low[:first], high[:first] = low[first], high[first]
    span = np.where(high > low, high - low, 1.0)
    return np.asarray((values - low) / span)


def features(
    recording: Recording,
    neurons: Sequence[str],
    n_states: int,
    scaling: Scaling = "whole",
) -> Features:
    """Scaled traces and derivatives of the named neurons, with states.

    Parameters
    ----------
    recording
        One worm.
    neurons
        Names of the neurons wanted, in the order wanted.
    n_states
        7, 4 or 2.
    scaling
        `whole`, the paper's: over the entire recording. `causal`: scale and derivative by
        the past alone.
    """
    ways = {"whole": (scale, derivative), "causal": (scale_causally, trailing_derivative)}
    if scaling not in ways:
        raise ChoiceError("scaling", scaling, ways)
    scaler, differentiate = ways[scaling]
    chosen = recording.select(neurons)
    parts = [scaler(part).T for part in (chosen.traces, differentiate(chosen))]
    return Features(
        worm=recording.worm,
        neurons=tuple(neurons),
        x=np.stack(parts).astype(np.float32),
        y=merge(recording, n_states),
        n_states=n_states,
    )


def n_windows(n_frames: int) -> int:
    """Whole windows in a recording; the frames left over at its end belong to none."""
    return n_frames // WINDOW_FRAMES
