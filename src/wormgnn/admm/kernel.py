"""The asymmetric kernel: transition probabilities from a Gaussian centred on the next frame."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.ndimage import minimum_filter1d

from wormgnn.admm.embedding import Codes, Floats, Parameters, Points

_CHUNK_BYTES = 64_000_000
_SELF_TUNING_RANK = 7
"""Rank of the neighbour that sets the width in a dense matrix (Zelnik-Manor and Perona 2004)."""


def dense_bytes(n_points: int) -> int:
    """Bytes of a dense float64 transition matrix: 8 points², 1.96 GB for Kato's 15,662 frames.

    A sparse one takes 12 bytes (value and 32-bit column) per link: `12 * points * links`,
    with links = neighbours x worms; 9.4 MB for the same frames with 50 links.
    """
    return 8 * n_points**2


def squared_distances(a: Floats, b: Floats) -> Floats:
    """Squared Euclidean distances of all pairs, shape (len(a), len(b))."""
    squares = (a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1)
    return np.asarray(np.maximum(squares, 0))


def n_links(params: Parameters, worm: Codes) -> int | None:
    """Neighbours per worm, or None for all pairs: those asked for, fewer where memory ends."""
    n_points, n_worms = len(worm), len(np.unique(worm))
    if params.n_neighbours is not None:
        return params.n_neighbours
    if dense_bytes(n_points) <= params.max_bytes:
        return None
    return max(1, params.max_bytes // (12 * n_points * n_worms))


def neighbours(
    centres: Floats, x: Floats, worm: Codes, k: int, return_frames: int
) -> tuple[Codes, Floats]:
    """Nearest passes of each worm's trajectory by each centre.

    A pass is a point that no point within `return_frames` of it (in its worm) is nearer
    than: without this the neighbours of a point would be the frames beside it.

    Returns
    -------
    index, squared distance
        Shape (centres, links), -1 and infinity where a worm has fewer than `k` passes.
    """
    starts = np.flatnonzero(np.diff(worm, prepend=-1))
    stops = np.append(starts[1:], len(worm))
    size = max(1, _CHUNK_BYTES // (8 * int((stops - starts).max())))  # bounds the memory
    rows = []
    for first in range(0, len(centres), size):
        chunk = centres[first : first + size]
        passes = [
            _nearest(chunk, x[start:stop], int(start), k, return_frames)
            for start, stop in zip(starts, stops, strict=True)
        ]
        rows.append([np.concatenate(parts, axis=1) for parts in zip(*passes, strict=True)])
    index, squared = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return index, squared


def _nearest(
    centres: Floats, x: Floats, start: int, k: int, return_frames: int
) -> tuple[Codes, Floats]:
    squared = squared_distances(centres, x)
    if return_frames:
        lowest = minimum_filter1d(squared, 2 * return_frames + 1, axis=1, mode="nearest")
        squared[squared > lowest] = np.inf
    k_here = min(k, len(x))
    index = np.argpartition(squared, k_here - 1, axis=1)[:, :k_here]
    found = np.take_along_axis(squared, index, axis=1)
    index = np.where(np.isfinite(found), index + start, -1)
    pad = ((0, 0), (0, k - k_here))
    return np.pad(index, pad, constant_values=-1), np.pad(found, pad, constant_values=np.inf)


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
    """Gaussian weights between any embedded frame and the points it was built from.

    Attributes
    ----------
    points
        The training points.
    scale
        Local width at each point, shape (points,).
    density
        Divisor of each target, shape (points,).
    transition
        Row-stochastic matrix over points, shape (points, points): row i is centred on
        the frame after point i. Brennan and Proekt 2019, asymmetric diffusion map.
    """

    def __init__(self, points: Points, params: Parameters) -> None:
        self.points, self.params = points, params
        self._links = n_links(params, points.worm)
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
        points = self.points
        if self._links is None:
            index = np.tile(np.arange(len(points.x)), (len(centres), 1))
            return index, squared_distances(centres, points.x)
        return neighbours(centres, points.x, points.worm, self._links, self.params.return_frames)

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
    step = (np.diff(points.frame) == 1) & (np.diff(points.worm) == 0)
    known = np.append(step, False)
    extra = np.flatnonzero(~known)
    row = np.arange(1, len(known) + 1)
    row[extra] = len(known) + np.arange(len(extra))
    return row, extra
