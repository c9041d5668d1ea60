"""How much a test window has in common with the training windows around it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wormgnn.features import WINDOW_FRAMES, Features, n_windows
from wormgnn.folds import Role


def frames_to_training(roles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Distance in frames from each test window's nearer edge to the nearest training frame.

    `roles` has shape (frames,), as from `folds.roles`; the result has shape (test windows,),
    and is 1 for a test window that touches a training window.
    """
    training = np.flatnonzero(roles == Role.TRAIN)
    starts = np.arange(n_windows(len(roles))) * WINDOW_FRAMES
    starts = starts[roles[starts] == Role.TEST]
    ends = starts + WINDOW_FRAMES - 1
    after = np.searchsorted(training, ends)
    padded = np.concatenate([[-(10**9)], training, [10**9]])
    return np.minimum(starts - padded[after], padded[after + 1] - ends)


def window_correlation(features: Features, max_lag: int = 12) -> NDArray[np.float64]:
    """Correlation of a window's mean trace with that of the window `lag` windows later.

    Shape (max_lag + 1,): averaged over neurons; lag 0 gives 1. Features are those of one
    worm, shape (2, neurons, frames), and the trace alone is used.
    """
    windows = n_windows(features.n_frames)
    kept = features.x[0, :, : windows * WINDOW_FRAMES].astype(np.float64)
    means = kept.reshape(len(features.neurons), windows, WINDOW_FRAMES).mean(axis=2)
    found = [
        [_correlation(row[: windows - lag], row[lag:]) for row in means]
        for lag in range(max_lag + 1)
    ]
    return np.asarray(np.mean(found, axis=1))


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.corrcoef(a, b)[0, 1])
