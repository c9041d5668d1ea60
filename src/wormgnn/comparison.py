"""One model minus another over worms, and the means that tables show.

`compare` is the only place of the package that subtracts scores. Rows pair by who trained, on which
fold, and which worm is evaluated; intervals resample evaluated worms, because five worms are five
independent pieces of evidence, however many networks were trained on them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from wormgnn.errors import ChoiceError, WormgnnError
from wormgnn.statistics import cluster_interval, signed_rank

IDENTITY = (
    *("experiment", "line", "model", "task", "n_states", "neurons", "view", "scaling", "split"),
    *("train", "subset", "n_train", "fold", "worm", "seen"),
)
"""Columns that say what a row is, in the order of tables."""

FACTORS = ("rivals", "factor", "kind", "mixing", "sim_seed", "seed", "check", "animals", "step")
"""Further columns of identity that some experiments have."""

NAMES = ("experiment", "line", "model")
"""Columns of identity that name what is compared: rows never pair by them."""

SEEN = {True: "same worm", False: "unseen worms"}
"""`same worm`: the test fold of the worms trained on (the paper's "Training Set")."""

MARGIN = 2.0  # percentage points within which a difference of accuracy is not noticeable

SAME, DIFFERENT, OPEN = "same within the margin", "different", "not decided"
"""The three answers of `answer`."""

Selection = Mapping[str, Any]
"""From a column to the value that its rows have, or to a list of values."""


class CompareError(WormgnnError, ValueError):
    """Two selections of rows that cannot be compared: one is empty, or no rows pair."""


def select(table: pd.DataFrame, selection: Selection) -> pd.DataFrame:
    """Rows with the wanted values; ChoiceError for a column or a value that is not there."""
    for column, wanted in selection.items():
        if column not in table:
            raise ChoiceError("column", column, table.columns)
        values = list(wanted) if _is_list(wanted) else [wanted]
        rows = table[table[column].isin(values)]
        if rows.empty:
            raise ChoiceError(column, wanted, table[column].unique())
        table = rows
    return table


def _is_list(wanted: object) -> bool:
    return isinstance(wanted, Collection) and not isinstance(wanted, str)


def compare(
    table: pd.DataFrame,
    A: Selection,
    B: Selection,
    score: str = "accuracy",
    by: Sequence[str] = (),
    on: Sequence[str] | None = None,
    unit: str | Sequence[str] = "worm",
    scale: float = 100.0,
) -> pd.DataFrame:
    """A minus B, pair by pair, with intervals over worms.

    - `table`: rows with columns of identity and scores, as `Table.rows` or a reference table. Two
      tables are compared by concatenating them first.
    - `A`, `B`: which rows, e.g. `dict(model="GNN", seen=False)`.
    - `score`, `scale`: column to compare, and a factor on it: 100 turns fractions into percentage
      points.
    - `by`: columns that make a row of the result; together if empty. Where A and B set one apart
      (`A=dict(model=["GIN-0", "GAT"])`, `B=dict(model="GNN")`), rows are those of the side that
      lists values, of A if both do or neither.
    - `on`: columns that a pair shares, beside those of `by`: by default all of `IDENTITY` and
      `FACTORS` that the table has, but `NAMES` and those that A and B set to different values.
    - `unit`: column (or columns) of the independent unit that the bootstrap resamples.

    One row for each group: the columns `by`, a, b (means over pairs), difference, low, high (95 %
    over units), sd (of the pairs' differences), p_worms (Wilcoxon over units, which cannot fall
    below 0.0625 with five), p_pairs (over pairs: too small, since pairs share worms), n_pairs,
    n_worms (units), n_folds, majority (mean share of the commonest state in A's rows, NaN without
    such a column), answer, text (`with_interval`). A difference that is not finite has no interval.

    ChoiceError for a column or value that the table lacks; CompareError for no pair, or rows of one
    side that are the same by `on`.
    """
    apart = {name for name in {*A, *B} if A.get(name) != B.get(name)}
    of_b = [n for n in by if n in apart and _is_list(B.get(n)) and not _is_list(A.get(n))]
    of_a = [name for name in by if name in apart and name not in of_b]
    shared = [name for name in by if name not in apart]
    if on is None:  # what A and B set apart cannot be shared
        left_out = {*apart, *NAMES} - set(shared)
        on = [n for n in (*IDENTITY, *FACTORS) if n in table and n not in left_out]
    keys = list(dict.fromkeys((*on, *shared)))
    a = _side(select(table, A), [*keys, *of_a], score, A)
    b = _side(select(table, B), [*keys, *of_b], score, B).drop(columns="majority")
    pairs = a.merge(b, on=keys, suffixes=("_a", "_b"))
    pairs = pairs.dropna(subset=["score_a", "score_b"])
    if pairs.empty:
        raise CompareError(f"no rows of {dict(A)} and {dict(B)} share {', '.join(keys)}")
    groups = pairs.groupby(list(by), sort=False) if by else [((), pairs)]
    units = [unit] if isinstance(unit, str) else list(unit)
    return pd.DataFrame(
        dict(zip(by, group, strict=True)) | _difference(part, units, scale)
        for group, part in groups
    )


def _side(
    rows: pd.DataFrame, keys: Sequence[str], score: str, selection: Selection
) -> pd.DataFrame:
    """One side of the pairs: its keys, its score, and the majority class."""
    repeated = rows.duplicated(list(keys))
    if repeated.any():
        example = rows.loc[repeated, [*keys]].iloc[0].to_dict()
        raise CompareError(f"{dict(selection)} has two rows with {example}: select more narrowly")
    majority = rows.get("majority", np.nan)
    return rows[list(keys)].assign(score=rows[score], majority=majority)


def _difference(pairs: pd.DataFrame, units: Sequence[str], scale: float) -> dict[str, Any]:
    a, b = (scale * pairs[side] for side in ("score_a", "score_b"))
    keys = pairs[list(units)].astype(str).agg("/".join, axis=1)
    names, unit = np.unique(keys, return_inverse=True)
    finite = np.isfinite(a).all() and np.isfinite(b).all()
    p_worms = p_pairs = sd = np.nan
    if finite:
        gap = a - b
        sums, counts = np.bincount(unit, gap), np.bincount(unit)
        difference, low, high = map(float, cluster_interval(sums, counts))
        p_worms, p_pairs, sd = signed_rank(sums / counts), signed_rank(gap.to_numpy()), gap.std()
    else:
        with np.errstate(invalid="ignore"):
            difference = low = high = float(a.mean() - b.mean())
    row = {
        "a": a.mean(),
        "b": b.mean(),
        "majority": scale * pairs["majority"].mean(),
        "difference": difference,
        "low": low,
        "high": high,
        "p_worms": p_worms,
        "p_pairs": p_pairs,
        "n_pairs": len(a),
        "n_worms": len(names),
        "sd": sd,
        "n_folds": pairs["fold"].nunique() if "fold" in pairs else np.nan,
        "answer": answer(low, high) if finite else OPEN,
    }
    return row | {"text": with_interval(row)}


def answer(low: float, high: float) -> str:
    """What an interval says of a difference: `SAME`, `DIFFERENT` or `OPEN`.

    Same: the whole interval lies within `MARGIN` on both sides of zero (an equivalence test,
    stricter than two one-sided tests at 5 %, which take the interval of 90 %), even where it
    leaves zero out: then the difference is real and too small to be noticed.
    Different: it leaves out zero, and is not within the margin. Not decided: it holds zero,
    and differences beyond the margin; or there is no interval.
    """
    if np.isnan(low) or np.isnan(high):
        return OPEN
    if low > -MARGIN and high < MARGIN:
        return SAME
    return DIFFERENT if low > 0 or high < 0 else OPEN


def summarise(rows: pd.DataFrame, by: Sequence[str] = ("model",)) -> pd.DataFrame:
    """Accuracy of each model on the worms it was trained on and on unseen ones.

    `rows` are those of a run. Columns `by` (add `n_train` to split by training worms), worms (kind
    of worm), mean, sd, lowest, balanced, macro_f1, majority (all as fractions; a score that the
    rows lack is left out), n (members x worms), members.
    """
    kinds = rows.assign(
        worms=rows["seen"].map(SEEN), member=rows["subset"] + "/" + rows["fold"].astype(str)
    )
    means = {"balanced": "balanced_accuracy", "macro_f1": "macro_f1", "majority": "majority"}
    return (
        kinds.groupby([*by, "worms"], sort=False)
        .agg(
            mean=("accuracy", "mean"),
            sd=("accuracy", "std"),
            lowest=("accuracy", "min"),
            n=("accuracy", "size"),
            members=("member", "nunique"),
            **{name: (column, "mean") for name, column in means.items() if column in kinds},
        )
        .reset_index()
    )


def percent(mean: float, sd: float | None = None) -> str:
    """`97.7 ± 3.1`, or `83.0` without a spread; a dash where there is no number."""
    if pd.isna(mean):
        return "–"
    return f"{mean:.1f}" if sd is None or pd.isna(sd) else f"{mean:.1f}\u00a0±\u00a0{sd:.1f}"


def with_interval(row: Mapping[str, Any] | pd.Series[Any], digits: int = 1) -> str:
    """`-0.3 [-1.1, +0.4]` from a row of `compare`; `diverged` where it is not finite."""
    if not np.isfinite(row["difference"]):
        return "diverged"
    middle, low, high = (f"{row[name]:+.{digits}f}" for name in ("difference", "low", "high"))
    return middle if np.isnan(row["low"]) else f"{middle} [{low}, {high}]"
