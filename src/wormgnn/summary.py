"""Means, spreads and sample sizes of scored members, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

SEEN = {True: "same worm", False: "unseen worms"}
"""`same worm`: the test fold of the worms trained on (the paper's "Training Set")."""


def accuracies(rows: pd.DataFrame, by: Sequence[str] = ("model",)) -> pd.DataFrame:
    """Accuracy of each model on the worms it was trained on and on unseen ones.

    Parameters
    ----------
    rows
        Rows of `experiments.run`: one for each model, fold, subset and worm.
    by
        Columns that make a line of the table; add `n_train` to split by training worms.

    Returns
    -------
    table
        Index `by` and the kind of worm; columns mean, sd, n (members x worms), members,
        balanced, macro_f1, majority, all as fractions.
    """
    kinds = rows.assign(
        worms=rows["seen"].map(SEEN), member=rows["subset"] + "/" + rows["fold"].astype(str)
    )
    grouped = kinds.groupby([*by, "worms"], sort=False)
    return grouped.agg(
        mean=("accuracy", "mean"),
        sd=("accuracy", "std"),
        n=("accuracy", "size"),
        members=("member", "nunique"),
        balanced=("balanced_accuracy", "mean"),
        macro_f1=("macro_f1", "mean"),
        majority=("majority", "mean"),
    )


def percent(mean: float, sd: float | None = None) -> str:
    """`97.7 ± 3.1`, or `83.0` without a spread; a dash where there is no number."""
    if pd.isna(mean):
        return "–"
    return f"{mean:.1f}" if sd is None or pd.isna(sd) else f"{mean:.1f}\u00a0±\u00a0{sd:.1f}"


def beside_paper(
    rows: pd.DataFrame, reported: dict[str, Any], names: dict[str, str]
) -> pd.DataFrame:
    """Table 1: the paper's numbers and ours side by side, in percent.

    Parameters
    ----------
    rows
        Rows of `experiments.run`.
    reported
        The paper's table: name of the row to `[[mean, sd], ...]` for the training set,
        Kato and Nichols.
    names
        Our model's label to the paper's name of the row.

    Returns
    -------
    table
        A line for each model; two levels of columns, the kind of worm above paper, ours,
        balanced accuracy, majority class and n.
    """
    ours = accuracies(rows)
    lines = {}
    for label in rows["model"].unique():
        paper = reported.get(names.get(label, label), [None, None, None])
        line: dict[tuple[str, str], Any] = {}
        for column, kind in enumerate(SEEN.values()):
            row = ours.loc[(label, kind)]
            line[kind, "paper"] = percent(*paper[column]) if paper[column] else "–"
            line[kind, "ours"] = percent(100 * row["mean"], 100 * row["sd"])
            line[kind, "balanced"] = percent(100 * row["balanced"])
            line[kind, "majority"] = percent(100 * row["majority"])
            line[kind, "n"] = int(row["n"])
        lines[label] = line
    return pd.DataFrame.from_dict(lines, orient="index")
