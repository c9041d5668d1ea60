"""From features to points in phase space, and the asymmetric kernel between them.

Points are standardised activity with delayed copies. The kernel gives transition probabilities
from a Gaussian centred on the next frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from wormgnn.errors import ChoiceError, NeuronError, RecordingError
from wormgnn.features import Features

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Scale = Literal["neighbour", "noise"]
Signal = Literal["trace", "derivative"]
SIGNALS: tuple[Signal, ...] = ("trace", "derivative")
SCALES: tuple[Scale, ...] = ("neighbour", "noise")

_CHUNK_BYTES = 64_000_000
_SELF_TUNING_RANK = 7
"""Rank of the neighbour that sets the width in a dense matrix (Zelnik-Manor and Perona 2004)."""

_LOWEST: dict[str, float] = {
    **dict.fromkeys(("n_delays", "return_frames", "density_exponent", "phase_smoothing"), 0),
    **dict.fromkeys(("delay_frames", "n_neighbours", "n_phases", "n_branches"), 1),
    **{"noise_frames": 2, "n_dimensions": 3, "bandwidth": 1e-6},
}
"""Least value of each number."""


@dataclass(frozen=True)
class Parameters:
    """What the method leaves to choose; lengths in time are in frames.

    "Authors" is the program that Brennan and Proekt published with eLife 8:e46814, read for its
    choices; "ours" is what had to be chosen because theirs is written for one recording or is not
    stated. ChoiceError for a signal or scale that does not exist, or a number out of its range.

    Parameters
    ----------
    n_delays, delay_frames
        Delayed copies beside the present frame, and frames between them. Authors: free choices,
        ten and five in their example.
    signals
        Which of trace and derivative are embedded. Authors: both.
    n_neighbours
        Trajectory passes that each point is linked to in each worm (authors: 20 in all, from one
        recording). None links all pairs: a dense matrix of 8 bytes times points squared, 2 GB for
        Kato's 15,662 frames.
    return_frames
        A second visit counts as another pass after so many frames. Authors: 10.
    scale
        What sets the kernel's local width: `noise`, the spread of velocities around the frame
        (authors, per coordinate; here one number per frame), or `neighbour`, the distance to the
        last of the `n_neighbours` (Zelnik-Manor and Perona 2004).
    noise_frames
        Past frames over which the local noise is taken. Authors: four on either side; here the
        past alone, so that prediction knows no future.
    bandwidth
        Factor on the local width. Ours; 1 is the authors' width for `noise`.
    density_exponent
        Weights are divided by the density of their target to this power. Authors: 1/2.
    n_dimensions
        Eigenvectors kept. Authors: 50 computed, of which the phase uses one.
    n_phases, n_branches
        Bins of phase around the cycle (authors: 125), and loops that differ at one phase (authors:
        found by modularity; ours: k-means of this size).
    phase_smoothing
        Standard deviation, in radians, of the smoothing of occupancy along the phase. Authors:
        2 pi / 20.
    seed
        Seed of the eigensolver's first vector and of k-means.
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


@dataclass(frozen=True)
class Points:
    """Embedded frames of several worms: coordinates (points, dimensions), all else (points,).

    `x` and the local `noise` are those of a frame, the two `following` those of the frame after
    it, where the kernel is centred; beside them the worm's number, the frame in its recording and
    its state code.
    """

    x: Floats
    following: Floats
    noise: Floats
    following_noise: Floats
    worm: Codes
    frame: Codes
    y: Codes

    @property
    def is_followed(self) -> NDArray[np.bool_]:
        """Whether the next point is the next frame, shape (points - 1,)."""
        return np.asarray((np.diff(self.worm) == 0) & (np.diff(self.frame) == 1))


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

    Root of the coordinates' summed variances; the first frames borrow the first full window.
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
    scaling of the features cancels. RecordingError for fewer frames than the delays and one step
    need.
    """
    needed = params.n_delays * params.delay_frames + max(params.noise_frames, 2)
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
    """Points of all worms that have recorded delays and a next frame, of the frames in `use`.

    NeuronError for worms whose neurons differ, RecordingError for one that is too short, or that
    `use` leaves without a point.
    """
    if not worms:
        raise NeuronError("asymmetric diffusion maps need at least one worm")
    masks = [np.ones(worm.n_frames, bool) for worm in worms] if use is None else use
    parts: list[tuple[NDArray[Any], ...]] = []
    for number, (worm, mask) in enumerate(zip(worms, masks, strict=True)):
        require_neurons(worm, worms[0].neurons, f"those of {worms[0].worm}")
        x = embed_worm(worm, params)
        noise = local_noise(x, params.noise_frames)
        recorded = np.arange(worm.n_frames - 1) >= params.n_delays * params.delay_frames
        at = np.flatnonzero(recorded & mask[:-1] & mask[1:])
        if not at.size:
            raise RecordingError(
                f"{worm.worm}: no frame with recorded delays and a next frame is left"
            )
        own = np.full(len(at), number)
        parts.append((x[at], x[at + 1], noise[at], noise[at + 1], own, at, worm.y[at]))
    return Points(*map(np.concatenate, zip(*parts, strict=True)))


def require_neurons(worm: Features, neurons: tuple[str, ...], whose: str) -> None:
    """NeuronError unless a worm has these neurons in this order."""
    if worm.neurons != neurons:
        raise NeuronError(
            f"{worm.worm}: neurons {', '.join(worm.neurons)} differ from {whose}: "
            f"{', '.join(neurons)}"
        )


def squared_distances(a: Floats, b: Floats) -> Floats:
    """Squared Euclidean distances of all pairs, shape (len(a), len(b))."""
    squares = (a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1)
    return np.asarray(np.maximum(squares, 0))


def neighbours(
    centres: Floats, x: Floats, worm: Codes, k: int, return_frames: int
) -> tuple[Codes, Floats]:
    """Nearest passes of each worm's trajectory by each centre.

    A pass is a point that no point within `return_frames` of it (in its worm) is nearer
    than: without this the neighbours of a point would be the frames beside it. Index and squared
    distance, shape (centres, links); -1 and infinity where a worm has fewer than `k` passes.
    """
    starts = np.flatnonzero(np.diff(worm, prepend=-1))
    spans = list(zip(starts, [*starts[1:], len(worm)], strict=True))
    size = max(1, _CHUNK_BYTES // (8 * max(stop - start for start, stop in spans)))
    chunks = np.split(centres, range(size, len(centres), size))  # bounds the memory
    rows = [
        np.concatenate([_nearest(chunk, x[a:b], a, k, return_frames) for a, b in spans], axis=2)
        for chunk in chunks
    ]
    index, squared = np.concatenate(rows, axis=1)
    return index.astype(np.int64), squared


def _nearest(centres: Floats, x: Floats, start: int, k: int, return_frames: int) -> Floats:
    """Index, from `start` on, and squared distance, shape (2, centres, k)."""
    squared = squared_distances(centres, x)
    if return_frames:
        lowest = minimum_filter1d(squared, 2 * return_frames + 1, axis=1, mode="nearest")
        squared[squared > lowest] = np.inf
    here = min(k, len(x))
    index = np.argpartition(squared, here - 1, axis=1)[:, :here]
    nearest = np.full((2, len(centres), k), np.inf)
    nearest[1, :, :here] = np.take_along_axis(squared, index, axis=1)
    nearest[0] = -1
    nearest[0, :, :here] = np.where(np.isfinite(nearest[1, :, :here]), index + start, -1)
    return nearest


def gaussian_rows(
    index: Codes, squared: Floats, scale: Floats, centre_scale: Floats, density: Floats
) -> sparse.csr_array:
    """Rows p_ij ∝ exp(-d_ij² / (s_i s_j)) / density_j that sum to one, shape (centres, points).

    The nearest link's exponent is subtracted in each row, which the normalisation undoes:
    so a centre far from everything goes to its nearest points instead of 0 / 0.
    """
    target = np.maximum(index, 0)
    exponent = -squared / (centre_scale[:, None] * scale[target])
    exponent -= exponent.max(axis=1, keepdims=True)
    weight = np.exp(exponent) / density[target]
    weight /= weight.sum(axis=1, keepdims=True)
    row = np.broadcast_to(np.arange(len(index))[:, None], index.shape)
    keep = (index >= 0) & (weight > 0)
    shape = (len(index), len(scale))
    return sparse.csr_array((weight[keep], (row[keep], index[keep])), shape=shape)


class Kernel:
    """Gaussian weights between any embedded frame and the training points it was built from.

    Of the points, `scale` is the local width and `density` the divisor of a target, shape
    (points,). `transition` is row-stochastic, shape (points, points): row i is centred on the
    frame after point i. Brennan and Proekt 2019, asymmetric diffusion map.
    """

    def __init__(self, points: Points, params: Parameters) -> None:
        self.points, self.params = points, params
        row, extra = _following_rows(points)
        all_index, all_squared = self._find(np.concatenate([points.x, points.following[extra]]))
        index, squared, own = all_index[row], all_squared[row], all_squared[: len(row)]
        self._factor = 1.0
        if params.scale == "noise":
            d = squared / (points.following_noise[:, None] * points.noise[np.maximum(index, 0)])
            self._factor = float(np.sqrt(2 * d[np.isfinite(d)].mean()))
        self.scale = self._width(own, points.noise)
        centre = self._width(squared, points.following_noise)
        self.density = np.ones(len(self.scale))
        plain = gaussian_rows(index, squared, self.scale, centre, self.density)
        total = np.asarray(plain.sum(axis=0)).ravel()
        self.density = np.maximum(total, 1e-3) ** params.density_exponent
        self.transition = gaussian_rows(index, squared, self.scale, centre, self.density)

    def weights(self, x: Floats, noise: Floats) -> sparse.csr_array:
        """Probability of every point for each embedded frame, shape (frames, points).

        The row of `transition` that a point has is the row that `weights` gives to the
        frame after it.
        """
        index, squared = self._find(x)
        centre = self._width(squared, noise)
        return gaussian_rows(index, squared, self.scale, centre, self.density)

    def _find(self, centres: Floats) -> tuple[Codes, Floats]:
        points, count = self.points, self.params.n_neighbours
        if count is None:
            index = np.tile(np.arange(len(points.x)), (len(centres), 1))
            return index, squared_distances(centres, points.x)
        return neighbours(centres, points.x, points.worm, count, self.params.return_frames)

    def _width(self, squared: Floats, noise: Floats) -> Floats:
        """Local width, shape (frames,): noise, or the distance to the last neighbour."""
        if self.params.scale == "noise":
            return self.params.bandwidth * self._factor * noise
        rank = min(self.params.n_neighbours or _SELF_TUNING_RANK, squared.shape[1]) - 1
        finite = np.where(np.isfinite(squared), squared, np.nan)
        nearest = np.sort(finite, axis=1)  # NaN goes last
        width = np.sqrt(np.nanmax(nearest[:, : rank + 1], axis=1))
        return np.asarray(self.params.bandwidth * np.maximum(width, 1e-9))


def _following_rows(points: Points) -> tuple[Codes, Codes]:
    """Where each point's next frame stands behind `points`, and which come extra.

    Nearly every next frame is a point itself, whose neighbours need no second search.
    """
    extra = np.flatnonzero(~np.append(points.is_followed, False))
    row = np.arange(1, len(points.x) + 1)
    row[extra] = len(points.x) + np.arange(len(extra))
    return row, extra
