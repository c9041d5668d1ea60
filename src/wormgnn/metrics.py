"""Scores of a classifier, all from confusion counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Scores = NDArray[np.float64]
"""Counts have shape (..., labelled state, predicted state), scores (...)."""


def accuracy(counts: Counts) -> Scores:
    """Share of frames whose predicted state is the labelled one."""
    return _ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum((-2, -1)))


def majority(counts: Counts) -> Scores:
    """Accuracy of always naming the state that is most frequent in the same frames."""
    return _ratio(counts.sum(-1).max(-1), counts.sum((-2, -1)))


def balanced_accuracy(counts: Counts) -> Scores:
    """Mean recall over the states that occur."""
    return _mean(recall(counts))


def macro_f1(counts: Counts) -> Scores:
    """Mean F1 over the states that occur in labels or predictions."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    return _mean(_ratio(2 * hits, counts.sum(-1) + counts.sum(-2)))


def scores(counts: Counts) -> dict[str, NDArray[Any]]:
    """Every score of confusion counts `(rows, states, states)`, by column name."""
    return {
        "n_frames": counts.sum((1, 2)),
        "accuracy": accuracy(counts),
        "balanced_accuracy": balanced_accuracy(counts),
        "macro_f1": macro_f1(counts),
        "majority": majority(counts),
        "information_bits": information_bits(counts),
    }


def information_bits(counts: Counts) -> Scores:
    """Mutual information of labelled and predicted state, in bits; 0 where there is no frame.

    The plug-in estimate from confusion counts.
    """
    total = counts.sum((-2, -1), keepdims=True)
    joint = counts / np.maximum(total, 1)
    apart = joint.sum(-1, keepdims=True) * joint.sum(-2, keepdims=True)
    ratio = np.divide(joint, apart, out=np.ones_like(joint), where=joint > 0)
    return np.asarray((joint * np.log2(ratio)).sum((-2, -1)))


def recall(counts: Counts) -> Scores:
    """Share of each labelled state that was recognised, (..., states); NaN where there is none."""
    return _ratio(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(-1))


def _mean(scores: Scores) -> Scores:
    """Mean over the last axis of what is not NaN; NaN (and no warning) where nothing is."""
    return _ratio(np.nansum(scores, axis=-1), np.isfinite(scores).sum(axis=-1))


def _ratio(part: NDArray[Any], whole: NDArray[np.int64]) -> Scores:
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
