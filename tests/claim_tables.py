"""Made-up reference tables for the tests of the claims."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pandas as pd

WORMS = ("a", "b", "c", "d", "e")
STEP = {worm: 0.001 * place for place, worm in enumerate(WORMS)}
"""Worms differ a little, the same way in every line."""

Level = float | tuple[float, float]


def accuracies(lines: Mapping[str, Level], sizes: tuple[int, ...] = (1, 4)) -> pd.DataFrame:
    """A table like those of `wormgnn run`.

    A line has one accuracy, or one for the same worm and one for unseen worms.
    """
    rows = [
        _row(label, level if isinstance(level, tuple) else (level, level), subset, fold, worm)
        for label, level in lines.items()
        for size in sizes
        for subset in itertools.combinations(WORMS, size)
        for fold in (0, 1)
        for worm in WORMS
    ]
    return pd.DataFrame(rows)


def _row(
    label: str, level: tuple[float, float], subset: tuple[str, ...], fold: int, worm: str
) -> dict[str, object]:
    seen = worm in subset
    accuracy = level[0 if seen else 1] + STEP[worm]
    return {
        "model": label,
        "n_train": len(subset),
        "subset": "+".join(subset),
        "fold": fold,
        "worm": worm,
        "seen": seen,
        "accuracy": accuracy,
        "balanced_accuracy": accuracy,
        "macro_f1": accuracy,
        "majority": 0.5,
    }


def two_and_four(levels: Mapping[str, Level]) -> dict[str, Level]:
    """Lines for two and for four states."""
    return {f"{label}: {n} states": level for label, level in levels.items() for n in (2, 4)}


def one_and_four(levels: Mapping[str, Level]) -> dict[str, Level]:
    """Lines that name how many worms they were trained on."""
    return {f"{label}: trained on {n}": level for label, level in levels.items() for n in (1, 4)}
