"""Gaps between lines of the tables of accuracies, in percentage points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wormgnn.claims.claim import Evidence, NotComputed
from wormgnn.claims.rules import Gap, Maker
from wormgnn.paired import KEYS, pairs
from wormgnn.statistics import paired_comparison


@dataclass(frozen=True)
class Line:
    """One line of a table of accuracies, on the worms trained on or on others.

    Attributes
    ----------
    table
        Reference table, without the dataset.
    label
        As in its column `model`.
    seen
        Test fold of the training worms, or unseen worms.
    n_train
        Number of training worms; None takes all numbers together.
    """

    table: str
    label: str
    seen: bool = False
    n_train: int | None = None

    def rows(self, evidence: Evidence) -> pd.DataFrame:
        """Rows of the line with accuracies in percent; NotComputed if there are none."""
        rows = evidence.table(self.table)
        chosen = rows[(rows["model"] == self.label) & (rows["seen"] == self.seen)]
        if self.n_train is not None:
            chosen = chosen[chosen["n_train"] == self.n_train]
        if chosen.empty:
            raise NotComputed(f"{self.label} ({self.table})", self.table)
        return chosen.assign(accuracy=100 * chosen["accuracy"], majority=100 * chosen["majority"])

    def what(self) -> str:
        """Worms that it is evaluated on, and how many trained it, for a label."""
        worms = "same worm" if self.seen else "unseen"
        if self.n_train is None:
            return worms
        return f"{worms}, {self.n_train} trained on"


def side_by_side(a: Line, b: Line, evidence: Evidence) -> pd.DataFrame:
    """Pairs of rows as `paired.pairs` gives them; NotComputed if no row has a partner."""
    return partners(a.rows(evidence), b.rows(evidence), f"{a.label} and {b.label}", a.table)


def partners(
    a: pd.DataFrame, b: pd.DataFrame, what: str, table: str, keys: Sequence[str] = KEYS
) -> pd.DataFrame:
    """`paired.pairs`; NotComputed (pairs of `what`, in `table`) if no row has a partner."""
    try:
        return pairs(a, b, keys=keys)
    except pd.errors.MergeError:  # a row twice: the table is broken, not incomplete
        raise
    except ValueError:
        raise NotComputed(f"pairs of {what}", table) from None


def less(a: Line, b: Line, label: str = "") -> Maker:
    """A less B over the same training worms, folds and evaluated worms.

    `label` is printed in the place of both labels.
    """

    def make(evidence: Evidence) -> Gap:
        both = side_by_side(a, b, evidence)
        found = paired_comparison(both["changed"], both["plain"], list(both["worm"]))
        return Gap.of(f"{label or f'{a.label} − {b.label}'} ({a.what()})", found)

    return make


def spread_less(a: Line, b: Line) -> Maker:
    """Distance of accuracies from their model's mean, A less B (as in Levene's test)."""

    def make(evidence: Evidence) -> Gap:
        both = side_by_side(a, b, evidence)
        a_far, b_far = ((both[side] - both[side].mean()).abs() for side in ("changed", "plain"))
        found = paired_comparison(a_far, b_far, list(both["worm"]))
        sds = " against ".join(f"{both[side].std():.1f}" for side in ("changed", "plain"))
        return Gap.of(f"{a.label} − {b.label} ({a.what()}; sd {sds})", found)

    return make


def beyond_number(a: Line, number: float) -> Maker:
    """A less a number that somebody printed."""

    def make(evidence: Evidence) -> Gap:
        rows = a.rows(evidence)
        found = paired_comparison(rows["accuracy"], _all(rows, number), list(rows["worm"]))
        mean = f"{rows['accuracy'].mean():.1f} ± {rows['accuracy'].std():.1f}"
        return Gap.of(f"{a.label}, {a.what()}: {mean}; less {number:g}", found)

    return make


def beyond_majority(a: Line) -> Maker:
    """A less what naming the commonest state of the worm would score."""

    def make(evidence: Evidence) -> Gap:
        rows = a.rows(evidence)
        found = paired_comparison(rows["accuracy"], rows["majority"], list(rows["worm"]))
        return Gap.of(f"{a.label} − majority class ({a.what()})", found)

    return make


def more_worms(table: str, label: str) -> Maker:
    """The largest training sets less the smallest, on the same unseen worms."""

    def make(evidence: Evidence) -> Gap:
        rows = Line(table, label).rows(evidence)
        sizes = sorted(rows["n_train"].unique())
        by_worm = rows.groupby(["n_train", "worm"])["accuracy"].mean().unstack("n_train").dropna()
        if len(sizes) < 2 or by_worm.empty:
            raise NotComputed(f"{label} with other numbers of training worms", table)
        few, many = by_worm[sizes[0]], by_worm[sizes[-1]]
        found = paired_comparison(many, few, list(by_worm.index))
        name = f"{label}, {sizes[-1]} − {sizes[0]} trained on"
        return Gap(name, found.difference, found.low, found.high, f"{found.n_worms} worms")

    return make


def in_states(model: str, n_states: int) -> tuple[str, str]:
    """Table and label of a model of Table 1 (two states) or Figure 4A (four, seven)."""
    return ("table1", model) if n_states == 2 else ("figure4a", f"{model}: {n_states} states")


def _all(rows: pd.DataFrame, number: float) -> np.ndarray:
    return np.full(len(rows), float(number))
