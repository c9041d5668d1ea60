"""Scores of an ensemble as a tidy table with its confusion counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn import metrics
from wormgnn.classification import Evaluation


@dataclass(frozen=True)
class Scored:
    """Scores of every member on every worm.

    Attributes
    ----------
    rows
        One row for each (fold, subset, worm): columns n_train, subset, fold, worm, seen,
        n_frames, accuracy, balanced_accuracy, macro_f1, majority.
    counts
        Confusion counts of each row, shape (rows, labelled state, predicted state).
    """

    rows: pd.DataFrame
    counts: NDArray[np.int64]


def tidy(evaluation: Evaluation, subsets: Sequence[tuple[str, ...]], fold: int) -> Scored:
    """Scores of an evaluation, one row for each member (subset of worms) and worm."""
    places = list(_places(subsets, evaluation.worms))
    counts = evaluation.counts.reshape(len(places), *evaluation.counts.shape[2:])
    rows = pd.DataFrame(
        {
            "n_train": [len(subset) for subset, _ in places],
            "subset": ["+".join(subset) for subset, _ in places],
            "fold": fold,
            "worm": [worm for _, worm in places],
            "seen": evaluation.seen.ravel(),
            **metrics.scores(counts),
        }
    )
    return Scored(rows, counts)


def _places(subsets: Sequence[tuple[str, ...]], worms: Sequence[str]) -> Iterator[tuple[Any, str]]:
    for subset in subsets:
        for worm in worms:
            yield subset, worm
