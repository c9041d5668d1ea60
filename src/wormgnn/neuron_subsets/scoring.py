"""Scores of every set of neurons, worm subset and worm as one table."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn import metrics
from wormgnn.neuron_subsets.cohort import Cohort
from wormgnn.neuron_subsets.draws import Neurons


def rows_of(
    cohort: Cohort,
    draws: Sequence[Neurons],
    fold: int,
    counts: NDArray[np.int64],
    seen: NDArray[np.bool_],
) -> pd.DataFrame:
    """One row for each set of neurons, worm subset and worm.

    Parameters
    ----------
    cohort, draws, fold
        What was evaluated.
    counts
        Confusion counts, shape (draws * subsets, worms, labelled state, predicted state).
    seen
        Whether the member trained on the worm, shape (draws * subsets, worms).

    Returns
    -------
    rows
        Columns neurons (joined by `+`), n_neurons, n_train, subset, fold, worm, seen, the
        scores of `metrics.scores`, and information_bits.
    """
    places = itertools.product(draws, cohort.subsets, cohort.worms)
    drawn, subsets, worms = zip(*places, strict=True)
    flat = counts.reshape(-1, *counts.shape[-2:])
    return pd.DataFrame(
        {
            "neurons": ["+".join(draw) for draw in drawn],
            "n_neurons": [len(draw) for draw in drawn],
            "n_train": [len(subset) for subset in subsets],
            "subset": ["+".join(subset) for subset in subsets],
            "fold": fold,
            "worm": worms,
            "seen": seen.ravel(),
            **metrics.scores(flat),
            "information_bits": information_bits(flat),
        }
    )


def information_bits(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mutual information of labelled and predicted state, in bits, shape (...).

    The plug-in estimate from confusion counts (..., labelled, predicted); 0 where none.
    """
    total = counts.sum((-2, -1), keepdims=True)
    joint = counts / np.maximum(total, 1)
    apart = joint.sum(-1, keepdims=True) * joint.sum(-2, keepdims=True)
    ratio = np.divide(joint, apart, out=np.ones_like(joint), where=joint > 0)
    return np.asarray((joint * np.log2(ratio)).sum((-2, -1)))
