"""From features to points in phase space: standardised, delayed, with a local scale of noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from wormgnn.errors import ChoiceError, NeuronError, RecordingError
from wormgnn.features import Features

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Scale = Literal["neighbour", "noise"]
Signal = Literal["trace", "derivative"]
SIGNALS: tuple[Signal, ...] = ("trace", "derivative")
SCALES: tuple[Scale, ...] = ("neighbour", "noise")

_LOWEST: dict[str, float] = {
    **dict.fromkeys(("n_delays", "return_frames", "density_exponent", "phase_smoothing"), 0),
    **dict.fromkeys(("delay_frames", "n_neighbours", "n_phases", "n_branches"), 1),
    **{"noise_frames": 2, "n_dimensions": 3, "bandwidth": 1e-6},
}
"""Least value of each number."""


@dataclass(frozen=True)
class Parameters:
    """What the method leaves to choose; lengths in time are in frames.

    "Authors" below means the program that Brennan and Proekt published with eLife 8:e46814,
    read for its choices; "ours" marks what had to be chosen because theirs is written for
    one recording or is not stated.

    Parameters
    ----------
    n_delays
        Delayed copies beside the present frame. Authors: a free choice, ten in their example.
    delay_frames
        Frames between copies. Authors: a free choice, five in their example.
    signals
        Which of trace and derivative are embedded. Authors: both.
    n_neighbours
        Trajectory passes that each point is linked to in each worm (authors: 20 in all,
        from one recording). None links all pairs: a dense matrix.
    return_frames
        A second visit counts as another pass after so many frames. Authors: 10.
    scale
        What sets the kernel's local width: `noise`, the spread of velocities around the
        frame (authors, per coordinate; here one number per frame), or `neighbour`, the
        distance to the last of the `n_neighbours` (Zelnik-Manor and Perona 2004).
    noise_frames
        Past frames over which the local noise is taken. Authors: four on either side;
        here the past alone, so that prediction knows no future.
    bandwidth
        Factor on the local width. Ours; 1 is the authors' width for `noise`.
    density_exponent
        Weights are divided by the density of their target to this power. Authors: 1/2.
    n_dimensions
        Eigenvectors kept. Authors: 50 computed, of which the phase uses one.
    n_phases
        Bins of phase around the cycle. Authors: 125.
    n_branches
        Loops that differ at one phase. Authors: found by modularity; ours: k-means of this size.
    phase_smoothing
        Standard deviation, in radians, of the smoothing of occupancy along the phase.
        Authors: 2 pi / 20.
    max_bytes
        Memory that a dense matrix may take. Ours.
    seed
        Seed of the eigensolver's first vector and of k-means.

    Raises
    ------
    ChoiceError
        A signal or a scale that does not exist, or a number out of its range.
    """

    n_delays: int = 4
    delay_frames: int = 5
    signals: tuple[Signal, ...] = SIGNALS
    n_neighbours: int | None = 10
    return_frames: int = 10
    scale: Scale = "neighbour"
    noise_frames: int = 8
    bandwidth: float = 1.0
    density_exponent: float = 0.5
    n_dimensions: int = 8
    n_phases: int = 60
    n_branches: int = 4
    phase_smoothing: float = 0.1
    max_bytes: int = 2_000_000_000
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "signals", tuple(self.signals))
        if not self.signals or set(self.signals) - set(SIGNALS):
            raise ChoiceError("signals", self.signals, SIGNALS)
        if self.scale not in SCALES:
            raise ChoiceError("scale", self.scale, SCALES)
        for name, low in _LOWEST.items():
            value = getattr(self, name)
            if value is not None and value < low:
                raise ChoiceError(name, value, [f"{low} or more"])

    @property
    def span_frames(self) -> int:
        """Past frames that one embedded point needs."""
        return self.n_delays * self.delay_frames


@dataclass(frozen=True)
class Points:
    """Embedded frames of several worms.

    Attributes
    ----------
    x
        Coordinates, shape (points, dimensions).
    following
        Coordinates one frame later, shape (points, dimensions): where the kernel is centred.
    noise, following_noise
        Local noise at the point and one frame later, shape (points,).
    worm, frame, y
        Number of the worm, frame in its recording, and state code; shape (points,).
    """

    x: Floats
    following: Floats
    noise: Floats
    following_noise: Floats
    worm: Codes
    frame: Codes
    y: Codes


def delay_embed(x: Floats, n_delays: int, delay_frames: int) -> Floats:
    """Each frame with its delayed copies, shape (frames, columns * (n_delays + 1)).

    Delays that reach before the first frame repeat it, so row t stands for frame t; rows
    from `n_delays * delay_frames` on hold recorded values alone. Takens 1981.
    """
    frames = np.arange(len(x))
    copies = [x[np.maximum(frames - k * delay_frames, 0)] for k in range(n_delays + 1)]
    return np.concatenate(copies, axis=1)


def local_noise(x: Floats, noise_frames: int) -> Floats:
    """Spread of the velocity over the past `noise_frames` frames, shape (frames,).

    Root of the summed variances of the coordinates' differences; the first frames borrow
    the first full window.
    """
    velocity = np.diff(x, axis=0, prepend=x[:1])
    to_past = (noise_frames - 1) // 2
    mean, square = (
        uniform_filter1d(v, noise_frames, axis=0, origin=to_past, mode="nearest")
        for v in (velocity, velocity**2)
    )
    noise = np.sqrt(np.maximum(square - mean**2, 0).sum(axis=1))
    noise[:noise_frames] = noise[min(noise_frames, len(noise) - 1)]
    floor = 1e-3 * float(np.median(noise)) or 1.0
    return np.asarray(np.maximum(noise, floor))


def embed_worm(worm: Features, params: Parameters) -> Floats:
    """Delay embedding of one worm, shape (frames, dimensions).

    Every neuron's signals are standardised over the worm's recording, so that the [0, 1]
    scaling of the features cancels.

    Raises
    ------
    RecordingError
        Fewer frames than the delays and one step need.
    """
    needed = params.span_frames + max(params.noise_frames, 2)
    if worm.n_frames < needed:
        raise RecordingError(
            f"{worm.worm}: {worm.n_frames} frames are too few for {params.n_delays} delays of "
            f"{params.delay_frames} frames: expected {needed} or more"
        )
    chosen = worm.x[[SIGNALS.index(signal) for signal in params.signals]].astype(np.float64)
    columns = chosen.reshape(-1, worm.n_frames).T
    deviation = columns.std(axis=0)
    standard = (columns - columns.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    return delay_embed(standard, params.n_delays, params.delay_frames)


def collect(
    worms: Sequence[Features], params: Parameters, use: Sequence[NDArray[np.bool_]] | None = None
) -> Points:
    """Points of all worms that have recorded delays and a next frame.

    `use` tells for each worm which frames may be used, shape (frames,): a point needs its
    own frame and the next. Transitions never cross from worm to worm.

    Raises
    ------
    NeuronError
        Worms whose neurons differ.
    RecordingError
        A worm that is too short, or that `use` leaves without a point.
    """
    if not worms:
        raise NeuronError("asymmetric diffusion maps need at least one worm")
    for worm in worms[1:]:
        require_neurons(worm, worms[0].neurons, f"those of {worms[0].worm}")
    masks = [np.ones(worm.n_frames, bool) for worm in worms] if use is None else use
    parts = [
        _points(worm, n, params, m) for n, (worm, m) in enumerate(zip(worms, masks, strict=True))
    ]
    names = Points.__dataclass_fields__
    return Points(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})


def _points(worm: Features, number: int, params: Parameters, use: NDArray[np.bool_]) -> Points:
    x = embed_worm(worm, params)
    noise = local_noise(x, params.noise_frames)
    recorded = np.arange(worm.n_frames - 1) >= params.span_frames
    frame = np.flatnonzero(recorded & use[:-1] & use[1:])
    if not frame.size:
        raise RecordingError(f"{worm.worm}: no frame with recorded delays and a next frame is left")
    return Points(
        x=x[frame],
        following=x[frame + 1],
        noise=noise[frame],
        following_noise=noise[frame + 1],
        worm=np.full(len(frame), number),
        frame=frame,
        y=worm.y[frame],
    )


def require_neurons(worm: Features, neurons: tuple[str, ...], whose: str) -> None:
    """NeuronError unless a worm has these neurons in this order."""
    if worm.neurons != neurons:
        raise NeuronError(
            f"{worm.worm}: neurons {', '.join(worm.neurons)} differ from {whose}: "
            f"{', '.join(neurons)}"
        )
