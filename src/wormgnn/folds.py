"""Which worms and which windows train, validate and test.

Paper, "Experimental Procedures": every subset of the training worms, and for each a 10-fold
cross-validation over shuffled windows, one fold for testing and one for validation.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from wormgnn.errors import ChoiceError
from wormgnn.features import WINDOW_FRAMES, n_windows

Split = Literal["shuffled", "blocked", "none"]
"""How windows become folds; with `none` there are no folds, and every frame trains."""

PURGE_FRAMES = 32
"""Gap in frames left unused on both sides of a held-out block (about eleven seconds)."""


class Role(IntEnum):
    """What a frame is used for."""

    UNUSED = -1
    TRAIN = 0
    VALIDATION = 1
    TEST = 2


def worm_subsets(worms: Sequence[str], sizes: Iterable[int] | None = None) -> list[tuple[str, ...]]:
    """Every subset of the worms with one of the sizes (all from 1 if None), in order."""
    sizes = range(1, len(worms) + 1) if sizes is None else sizes
    return [subset for size in sizes for subset in itertools.combinations(worms, size)]


def fold_of_window(
    n_frames: int, n_folds: int, split: Split, seed: int, window_frames: int = WINDOW_FRAMES
) -> NDArray[np.int64]:
    """Fold of each window of `window_frames`, shape (windows,).

    `shuffled` (the paper's) deals the windows out at random; `blocked` cuts the recording
    into `n_folds` contiguous blocks. Fold sizes differ by one window at most.
    """
    windows = n_windows(n_frames, window_frames)
    if not 1 < n_folds <= windows:
        raise ChoiceError("number of folds", n_folds, [f"2 to {windows} (windows)"])
    even = np.arange(windows) * n_folds // windows
    if split == "blocked":
        return even
    if split == "shuffled":
        return np.random.default_rng(seed).permutation(even)
    raise ChoiceError("split", split, ("shuffled", "blocked"))


def roles(
    n_frames: int,
    fold: int,
    n_folds: int = 10,
    split: Split = "shuffled",
    seed: int = 0,
) -> NDArray[np.int64]:
    """Role of each frame when `fold` tests and the next fold validates, shape (frames,).

    Frames behind the last whole window are unused. In a blocked split `PURGE_FRAMES` training
    frames next to the held-out blocks are unused too, and so are as many frames of
    the validation block that touch the test block.
    """
    folds = fold_of_window(n_frames, n_folds, split, seed)
    role = np.full(len(folds), Role.TRAIN, dtype=np.int64)
    role[folds == (fold + 1) % n_folds] = Role.VALIDATION
    role[folds == fold % n_folds] = Role.TEST
    frames = np.full(n_frames, Role.UNUSED, dtype=np.int64)
    frames[: len(role) * WINDOW_FRAMES] = np.repeat(role, WINDOW_FRAMES)
    return _purge(frames) if split == "blocked" else frames


def _purge(frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """Drop the frames that lie within `PURGE_FRAMES` of a block held out for a later role."""
    purged = frames.copy()
    for role in (Role.VALIDATION, Role.TEST):
        near = binary_dilation(frames == role, iterations=PURGE_FRAMES)
        purged[near & (frames < role)] = Role.UNUSED
    return purged
