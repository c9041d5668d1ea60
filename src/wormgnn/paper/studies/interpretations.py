"""The readings that the paper's text allows: the choice among them without looking, as tables.

The choice is made by leave-one-worm-out inside the training worms: to judge an evaluation worm,
readings are compared only on members that neither trained nor were evaluated on it. Rows are those
of a run or of a reference table; their column `line` names the reading, `model` the network.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wormgnn.comparison import compare, percent, select


def leave_one_worm_out(rows: pd.DataFrame, score: str = "accuracy") -> pd.DataFrame:
    """Inner and outer score of every reading for every held-out worm.

    One row for each (n_train, model, line, held_out): `inner`, mean score on unseen worms of
    members that have nothing to do with the held-out worm (NaN where all others train: no worm is
    left to compare on); `outer`, mean score on the held-out worm of members that were not
    trained on it.
    """
    unseen, by = rows[~rows["seen"]], ["n_train", "model", "line"]
    subsets, tables = unseen["subset"].str.split("+"), []
    for worm in sorted(unseen["worm"].unique()):
        own = unseen["worm"] == worm
        apart = np.array([worm not in subset for subset in subsets])
        groups = {"inner": unseen[apart & ~own], "outer": unseen[own]}
        means = {name: group.groupby(by)[score].mean() for name, group in groups.items()}
        tables.append(pd.DataFrame(means).reset_index().assign(held_out=worm))
    return pd.concat(tables, ignore_index=True)


def choices(table: pd.DataFrame) -> pd.DataFrame:
    """For every held-out worm and network the reading with the best inner accuracy.

    `table` is from `leave_one_worm_out`; numbers of training worms count alike, where there is a
    worm left to compare on. Its rows of what is chosen, one for each network, held-out worm and
    n_train, with `inner` the mean that it was chosen by: `outer` is the accuracy of a choice that
    never saw the worm.
    """
    each = ["model", "held_out", "line"]
    means = table.groupby(each, sort=False)["inner"].mean().dropna().reset_index()
    best = means.loc[means.groupby(["model", "held_out"], sort=False)["inner"].idxmax()]
    return best.merge(table.drop(columns="inner"), on=each)


def of_choice(rows: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Rows of unseen worms, each by what was chosen without that worm.

    Their mean is what the procedure scores, choice included. `chosen` is from `choices`; the rows
    may be those of a longer run. ChoiceError for a choice that they lack.
    """
    for line in chosen["line"].unique():
        select(rows, {"line": line})
    picks = chosen[["model", "line", "held_out"]].drop_duplicates()
    return rows[~rows["seen"]].merge(picks.rename(columns={"held_out": "worm"}))


# --- for reading ---------------------------------------------------------------------------------


def spreads(rows: pd.DataFrame, by: Sequence[str]) -> pd.Series:
    """Accuracy in percent, mean ± standard deviation over members and worms, as text."""
    cells = 100 * rows.groupby(list(by))["accuracy"].agg(["mean", "std"])
    return cells.apply(lambda cell: percent(*cell), axis=1)


def procedure(rows: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """What was chosen for each held-out worm, and what the choices score in percent.

    `rows` and `chosen` as in `of_choice`. A column for each network, and for the first less each
    other one. A row for each held-out worm, with the reading and its accuracy on that worm; then
    one for each number of training worms and one for all, with `spreads`, and the difference with
    its 95 % interval over worms.
    """
    scored = of_choice(rows, chosen)
    own = scored.groupby(["worm", "model", "line"])["accuracy"].mean().mul(100).reset_index("line")
    table = (own["line"] + own["accuracy"].map(" ({:.1f})".format)).unstack("model")
    first, *others = list(table)
    on = [name for name in ("subset", "fold", "worm", "seed") if name in scored]
    for n in (*scored["n_train"].unique(), "any number"):
        part = scored if n == "any number" else scored[scored["n_train"] == n]
        table.loc[f"trained on {n}"] = spreads(part, ["model"])
        for other in others:
            (text,) = compare(part, {"model": first}, {"model": other}, on=on)["text"]
            table.loc[f"trained on {n}", f"{first} \u2212 {other}"] = text
    return table.rename_axis(index=None, columns=None)


def by_training_worms(rows: pd.DataFrame, by: Sequence[str] = ("line",)) -> pd.DataFrame:
    """Accuracy of each reading in percent.

    Index `by`, in order of appearance; `same worm` (mean over members), `spreads` on unseen worms
    for each number of training worms, the worst accuracy of a member on an unseen worm, and the
    number of members.
    """
    keys = list(by)
    unseen = rows[~rows["seen"]]
    table = spreads(unseen, [*keys, "n_train"]).unstack().rename(columns="trained on {}".format)
    table.columns.name = None
    same = 100 * rows[rows["seen"]].groupby(keys)["accuracy"].mean()
    table.insert(0, "same worm", same.map(percent))
    table["lowest"] = (100 * unseen.groupby(keys)["accuracy"].min()).map(percent)
    members = rows[list(dict.fromkeys([*keys, "line", "subset", "fold"]))].drop_duplicates()
    table["members"] = members.groupby(keys).size()
    return table.loc[rows[keys].drop_duplicates().set_index(keys).index]
