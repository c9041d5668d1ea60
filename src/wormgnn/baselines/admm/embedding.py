"""From features to points in phase space: standardised, delayed, with a local scale of noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from wormgnn.baselines.admm.parameters import SIGNALS, Parameters
from wormgnn.errors import NeuronError, RecordingError
from wormgnn.features import Features

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


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
    _check_neurons(worms)
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


def _check_neurons(worms: Sequence[Features]) -> None:
    if not worms:
        raise NeuronError("asymmetric diffusion maps need at least one worm")
    for worm in worms[1:]:
        if worm.neurons != worms[0].neurons:
            raise NeuronError(
                f"{worm.worm}: neurons {', '.join(worm.neurons)} differ from those of "
                f"{worms[0].worm}: {', '.join(worms[0].neurons)}"
            )
