"""From a recording to what models see: trace and derivative per neuron, scaled to [0, 1].

Paper, "Data Processing": calcium trace and derivative of each neuron are normalised to
[0, 1] over the worm's entire recording, and cut into windows of 8 frames. What that means for the
derivative can be read in more than one way: see `SCALINGS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter

from wormgnn.errors import RecordingError, chosen
from wormgnn.recording import Recording
from wormgnn.states import merge

WINDOW_FRAMES = 8
"""Frames in a window (paper: about three seconds, the time of a behavioural change)."""

SMOOTHING_S = 0.7
"""Standard deviation, in seconds, of the Gaussian whose derivative differentiates traces."""

WARMUP_FRAMES = 200
"""Frames at the start of a recording that share one range where the past alone scales."""

Scaling = Literal["whole", "causal", "derived", "zero-kept", "z-scored"]  # a key of `SCALINGS`
Values = NDArray[np.float64]  # one column for each neuron, shape (frames, neurons)


@dataclass(frozen=True)
class Features:
    """What a model sees of one worm.

    `x` holds scaled trace (feature 0) and derivative (feature 1), shape (2, neurons, frames), in
    the order of the named `neurons`; `y` the state codes, shape (frames,), of a vocabulary of
    `n_states`; -1 is ignored.
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


def derivative(recording: Recording) -> Values:
    """Time derivative of each trace in dF/F0 per second, shape (frames, neurons).

    The source's own where it has one; else the trace convolved with the derivative of a
    Gaussian of `SMOOTHING_S` seconds (a plain difference would be mostly shot noise).
    """
    if recording.derivatives is not None:
        return recording.derivatives
    sigma_frames = SMOOTHING_S * recording.fps
    smooth = gaussian_filter1d(recording.traces, sigma_frames, axis=0, order=1, mode="nearest")
    return np.asarray(smooth * recording.fps)


def trailing_derivative(recording: Recording) -> Values:
    """Time derivative from the past alone, in dF/F0 per second, shape (frames, neurons).

    Mean of the last `SMOOTHING_S` seconds less the mean of as many before, over the time
    between them. The source's own derivative is left aside: its smoothing may look ahead.
    """
    width = max(1, round(SMOOTHING_S * recording.fps))
    kernel = np.repeat([1.0, -1.0], width) * recording.fps / width**2
    before = np.repeat(recording.traces[:1], 2 * width - 1, axis=0)
    padded = np.concatenate([before, recording.traces])
    return np.asarray(lfilter(kernel, 1.0, padded, axis=0)[len(before) :])


def spans(values: Values) -> Values:
    """Range of each column over the whole recording, shape (neurons,).

    RecordingError for a column that is constant: it has none.
    """
    span: Values = values.max(axis=0) - values.min(axis=0)
    if not span.all():
        columns = ", ".join(map(str, np.flatnonzero(span == 0)))
        raise RecordingError(f"cannot scale to [0, 1]: column {columns} is constant")
    return span


def scale(values: Values) -> Values:
    """Each column to [0, 1] over the whole recording, shape (frames, neurons).

    RecordingError for a column that is constant: it has no range.
    """
    return np.asarray((values - values.min(axis=0)) / spans(values))


def scale_causally(values: Values, warmup_frames: int = WARMUP_FRAMES) -> Values:
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


def standardise(values: Values) -> Values:
    """Each column with mean zero and standard deviation one over the whole recording.

    RecordingError for a column that is constant.
    """
    spans(values)
    return np.asarray((values - values.mean(axis=0)) / values.std(axis=0))


def _derived(recording: Recording) -> tuple[Values, Values]:
    # To derive is linear, so that the source's own derivative serves as well as ours.
    per_frame = derivative(recording) / spans(recording.traces) / recording.fps
    return scale(recording.traces), per_frame


def _zero_kept(recording: Recording) -> tuple[Values, Values]:
    slopes = derivative(recording)
    return scale(recording.traces), slopes / spans(slopes)


SCALINGS: dict[str, Callable[[Recording], tuple[Values, Values]]] = {
    "whole": lambda worm: (scale(worm.traces), scale(derivative(worm))),
    "causal": lambda worm: (
        scale_causally(worm.traces),
        scale_causally(trailing_derivative(worm)),
    ),
    "derived": _derived,
    "zero-kept": _zero_kept,
    "z-scored": lambda worm: (standardise(worm.traces), standardise(derivative(worm))),
}
"""Scaled traces and derivatives of a recording, each (frames, neurons).

- `whole`: each to [0, 1] by its own range over the recording. A derivative of zero then lies
  where the worm's fastest rise and fall put it.
- `causal`: the same by the past alone, derivative included.
- `derived`: the trace to [0, 1], and the derivative of that scaled trace, per frame.
- `zero-kept`: the trace to [0, 1], and the derivative divided by its range, so that zero stays
  zero.
- `z-scored`: each with mean zero and standard deviation one over the recording.
"""


def features(
    recording: Recording,
    neurons: Sequence[str],
    n_states: int,
    scaling: Scaling = "whole",
) -> Features:
    """Scaled traces and derivatives of the named neurons, in that order, with 7, 4 or 2 states.

    ChoiceError for a scaling that is no key of `SCALINGS`, RecordingError for a neuron whose trace
    or derivative is constant: it cannot be scaled.
    """
    scaled = chosen("scaling", scaling, SCALINGS)
    both = scaled(recording.select(neurons))
    return Features(
        worm=recording.worm,
        neurons=tuple(neurons),
        x=np.stack([part.T for part in both]).astype(np.float32),
        y=merge(recording, n_states),
        n_states=n_states,
    )


def n_windows(n_frames: int, window_frames: int = WINDOW_FRAMES) -> int:
    """Whole windows in a recording; the frames left over at its end belong to none."""
    return n_frames // window_frames
