"""Two experiments member by member: the same worms trained on and evaluated, one thing changed.

Each row of one experiment is paired with the row of the other that has the same training
worms, fold and evaluated worm. Differences are then averaged over pairs, and intervals
resample evaluated worms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from wormgnn.errors import ChoiceError
from wormgnn.experiment_lines import Experiment
from wormgnn.statistics import Random, paired_comparison
from wormgnn.summary import SEEN

KEYS = ("subset", "fold", "worm", "seen")
"""What the two rows of a pair have in common."""

MARGIN = 2.0
"""Percentage points within which a difference of accuracy is not noticeable."""

SAME, DIFFERENT, OPEN = "same within the margin", "different", "not decided"
"""The three answers of `answer`."""


def trained_on(experiment: Experiment, sizes: Sequence[int]) -> Experiment:
    """The experiment with so many training worms only, its own numbers of them if empty."""
    if not sizes:
        return experiment
    runs = (replace(run, plan=replace(run.plan, sizes=tuple(sizes))) for run in experiment.runs)
    return replace(experiment, runs=tuple(runs))


def check_unseen(sizes: Sequence[int], n_worms: int) -> None:
    """Refuse numbers of training worms that leave no worm unseen: ChoiceError names the others."""
    if sizes and not any(size < n_worms for size in sizes):
        known = [f"1 to {n_worms - 1}"]
        raise ChoiceError("number of training worms", ", ".join(map(str, sizes)), known)


def pairs(
    changed: pd.DataFrame, plain: pd.DataFrame, score: str = "accuracy", keys: Sequence[str] = KEYS
) -> pd.DataFrame:
    """Rows of one line of each of two experiments, side by side.

    Parameters
    ----------
    changed, plain
        Rows of `experiments.run`, of one model each.
    score
        Column to compare.
    keys
        Columns that a pair shares.

    Returns
    -------
    table
        The keys, changed, plain, and majority (that of `changed`); rows without a partner, or
        without a score, are left out. ValueError where none is left.
    """
    first = changed[[*keys, "majority"]].assign(changed=changed[score])
    second = plain[list(keys)].assign(plain=plain[score])
    found = first.merge(second, on=list(keys), validate="one_to_one")
    found = found.dropna(subset=["changed", "plain"])
    if found.empty:
        raise ValueError(f"no rows of the two experiments share {', '.join(keys)}")
    return found


def effects(
    changed: pd.DataFrame,
    plain: pd.DataFrame,
    partners: Mapping[str, str],
    scores: Sequence[str] = ("accuracy",),
    margin: float = MARGIN,
    rng: Random = 0,
    seen: Sequence[bool] = tuple(SEEN),
) -> pd.DataFrame:
    """What a change does to each line, on the worms trained on and on unseen ones.

    Parameters
    ----------
    changed, plain
        Rows of `experiments.run`, or of a reference table.
    partners
        For each label of `changed` that is wanted, the label of `plain` to compare it with.
    scores
        Columns to compare.
    margin, rng
        See `answer` and `statistics.paired_comparison`.
    seen
        Kinds of worms: trained on, or not.

    Returns
    -------
    table
        One row for each label, kind of worms and score, all in percent and percentage
        points: model, worms, score, changed, plain (means), majority (mean share of the
        most frequent state), difference (changed less plain), low, high (95 %, over worms),
        sd (of the pairs' differences), p_worms, n_pairs, n_worms, n_folds, answer.

    Raises
    ------
    ChoiceError
        A label that is not there, or no row of any wanted kind of worms. A kind that neither
        line has is left out: no worm is unseen where all of them train.
    ValueError
        Two lines without a pair.
    """
    sides = {
        (label, kind): (_rows(changed, label, kind), _rows(plain, other, kind))
        for label, other in partners.items()
        for kind in seen
    }
    found = {key: both for key, both in sides.items() if not all(rows.empty for rows in both)}
    if sides and not found:
        there = [SEEN[kind] for kind in SEEN if kind in set(changed["seen"])]
        raise ChoiceError("kind of worms", " or ".join(SEEN[kind] for kind in seen), there)
    return pd.DataFrame(
        [
            {"model": label, "worms": SEEN[kind], "score": score}
            | _effect(*both, score, margin, rng)
            for (label, kind), both in found.items()
            for score in scores
        ]
    )


def _rows(table: pd.DataFrame, label: str, seen: bool) -> pd.DataFrame:
    found = table[table["model"] == label]
    if found.empty:
        raise ChoiceError("line", label, table["model"].unique())
    return found[found["seen"] == seen]


def _effect(
    changed: pd.DataFrame, plain: pd.DataFrame, score: str, margin: float, rng: Random
) -> dict[str, object]:
    both = pairs(changed, plain, score)
    a, b = 100 * both["changed"], 100 * both["plain"]
    found = paired_comparison(a, b, list(both["worm"]), rng)
    return {
        "changed": a.mean(),
        "plain": b.mean(),
        "majority": 100 * both["majority"].mean(),
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "sd": (a - b).std(),
        "p_worms": found.p_worms,
        "n_pairs": found.n_pairs,
        "n_worms": found.n_worms,
        "n_folds": both["fold"].nunique(),
        "answer": answer(found.low, found.high, margin),
    }


def answer(low: float, high: float, margin: float = MARGIN) -> str:
    """What an interval says of a difference: `SAME`, `DIFFERENT` or `OPEN`.

    Same: the whole interval lies within the margin on both sides of zero (an equivalence
    test, stricter than two one-sided tests at 5 %, which take the interval of 90 %), even
    where it leaves zero out: then the difference is real and too small to be noticed.
    Different: it leaves out zero, and is not within the margin. Not decided: it holds zero,
    and differences beyond the margin; or there is no interval.
    """
    if not margin > 0:
        raise ChoiceError("margin", margin, ["numbers above 0"])
    if np.isnan(low) or np.isnan(high):
        return OPEN
    if -margin < low and high < margin:
        return SAME
    return DIFFERENT if low > 0 or high < 0 else OPEN


def beyond(table: pd.DataFrame, margin: float = MARGIN) -> pd.Series[bool]:
    """Whether each interval of `effects` lies wholly outside the margin: a noticeable one."""
    return (table["low"] >= margin) | (table["high"] <= -margin)
