"""Where models go on their own predictions: onto a cycle, to a fixed point, or away.

A roll-out of `rollouts.FREE_FRAMES` frames is laid beside the true path of its worm on the
principal components of that worm's true traces (paper, Discussion: the manifold of each worm).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn.baselines.components import axes_of
from wormgnn.features import features
from wormgnn.forecast import Forecasted
from wormgnn.forecast_experiments import Found
from wormgnn.rollouts import FREE_FRAMES, free_start
from wormgnn.trajectory import BURN_IN_FRAMES

Floats = NDArray[np.float64]

FATES = ("cycles", "drifts", "stops", "runs away")
STILL = 0.1
"""A roll-out has stopped when its last quarter has less than this share of the true standard
deviation."""
RETURNS = 3
"""Crossings of its own mean in its second half that make a roll-out a cycle: there and back."""


@dataclass(frozen=True)
class FreeRun:
    """One roll-out beside the truth.

    Attributes
    ----------
    subset
        Training worms of the member.
    worm
        Worm that it ran on, which it never met.
    truth, path
        Scores on the worm's components, shape (frames, 3); the path is not finite where
        the roll-out was not.
    """

    subset: tuple[str, ...]
    worm: str
    truth: Floats
    path: Floats

    @property
    def fate(self) -> str:
        """One of `FATES`: what the roll-out does in the end.

        `runs away`: a score leaves the range of the true path by more than twice its width;
        `stops`: see `STILL`; `cycles`: see `RETURNS`; `drifts`: none of these.
        """
        low, high = self.truth.min(axis=0), self.truth.max(axis=0)
        far = 2 * (high - low)
        if not ((self.path >= low - far) & (self.path <= high + far)).all():
            return "runs away"
        half, end = self.path[len(self.path) // 2 :, 0], self.path[-len(self.path) // 4 :]
        if end.std(axis=0).max() < STILL * self.truth[:, 0].std():
            return "stops"
        crossings = np.count_nonzero(np.diff(half > half.mean()))
        return "cycles" if crossings >= RETURNS else "drifts"

    @property
    def variance(self) -> float:
        """Variance of the roll-out's second half as a share of the whole true path's."""
        late = self.path[len(self.path) // 2 :]
        return float(late.var(axis=0).sum() / self.truth.var(axis=0).sum())


def free_runs(found: Found, label: str) -> list[FreeRun]:
    """All roll-outs of a line in its first fold, one for each member and worm it never met.

    For lines whose features are scaled over the whole recording, as the true path is here.
    """
    line, runs = found.lines[label], []
    forecasts = line.folds[0]
    for column, recording in enumerate(found.recordings):
        traces = features(recording, found.neurons, 2).x[0].T.astype(np.float64)
        mean, axes = traces.mean(axis=0), axes_of(traces - traces.mean(axis=0))
        begin = free_start(recording.n_frames) + BURN_IN_FRAMES
        truth = (traces[begin : begin + FREE_FRAMES] - mean) @ axes
        for row in np.flatnonzero(~forecasts.seen[:, column]):
            free = forecasts.free[row, column, 0].T.astype(np.float64)
            with np.errstate(invalid="ignore", over="ignore"):
                path = (free - mean) @ axes
            runs.append(FreeRun(line.subsets[row], recording.worm, truth, path))
    return runs


def describe(found: Found, labels: Sequence[str]) -> pd.DataFrame:
    """Number of roll-outs of each fate, and their median variance.

    Columns model, n_train, one for each of `FATES`, roll-outs, variance (median over those
    that do not run away; see `FreeRun.variance`).
    """
    rows = [_line(label, run) for label in labels for run in free_runs(found, label)]
    lines = []
    for (model, n_train), part in pd.DataFrame(rows).groupby(["model", "n_train"], sort=False):
        fates = {fate: int((part["fate"] == fate).sum()) for fate in FATES}
        line = {"model": model, "n_train": n_train, **fates, "roll-outs": len(part)}
        lines.append({**line, "variance": float(part["variance"].dropna().median())})
    return pd.DataFrame(lines)


def _line(label: str, run: FreeRun) -> dict[str, object]:
    fate = run.fate  # a path that ran away need not be finite
    variance = np.nan if fate == "runs away" else run.variance
    return {"model": label, "n_train": len(run.subset), "fate": fate, "variance": variance}


def member_for_show(line: Forecasted) -> tuple[int, int]:
    """Row and column of a member with most training worms and the first worm it never met."""
    most = max(len(subset) for subset in line.subsets)
    pairs = [
        (row, int(np.argmin(line.folds[0].seen[row])))
        for row, subset in enumerate(line.subsets)
        if len(subset) == most
    ]
    return min(pairs, key=lambda pair: pair[1])
