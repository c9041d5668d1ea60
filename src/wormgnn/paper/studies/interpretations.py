"""The choice among the readings that the paper's text allows, without looking.

The choice is made by leave-one-worm-out inside the training worms: to judge an evaluation worm,
readings are compared only on members that neither trained nor were evaluated on it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wormgnn.comparison import compare, percent, with_interval
from wormgnn.errors import ChoiceError


def leave_one_worm_out(rows: pd.DataFrame, reading: str = "line") -> pd.DataFrame:
    """Inner and outer accuracy of every reading for every held-out worm.

    Parameters
    ----------
    rows
        Rows of a run or of a reference table; `model` names the network.
    reading
        Column that names the reading.

    Returns
    -------
    table
        One row for each (n_train, model, reading, held-out worm): `inner`, mean accuracy on unseen
        worms of members that have nothing to do with the held-out worm (NaN where all others
        train: no worm is left to compare on); `outer`, mean accuracy on the held-out worm of
        members that were not trained on it.
    """
    unseen, by = rows[~rows["seen"]], ["n_train", "model", reading]
    subsets, tables = unseen["subset"].str.split("+"), []
    for worm in sorted(unseen["worm"].unique()):
        own = unseen["worm"] == worm
        apart = np.array([worm not in subset for subset in subsets])
        groups = {"inner": unseen[apart & ~own], "outer": unseen[own]}
        means = {name: group.groupby(by)["accuracy"].mean() for name, group in groups.items()}
        tables.append(pd.DataFrame(means).reset_index().assign(held_out=worm))
    return pd.concat(tables, ignore_index=True)


def choices(table: pd.DataFrame, reading: str = "line") -> pd.DataFrame:
    """For every held-out worm and network the reading with the best inner accuracy.

    Numbers of training worms count alike, where there is a worm left to compare on.

    Parameters
    ----------
    table
        From `leave_one_worm_out`.
    reading
        Column that names the reading.

    Returns
    -------
    choices
        The table's rows of what is chosen, one for each network, held-out worm and n_train, with
        `inner` the mean that it was chosen by: `outer` is the accuracy of a choice that never saw
        the worm.
    """
    each = ["model", "held_out", reading]
    means = table.groupby(each, sort=False)["inner"].mean().dropna().reset_index()
    best = means.loc[means.groupby(["model", "held_out"], sort=False)["inner"].idxmax()]
    return best.merge(table.drop(columns="inner"), on=each)


def of_choice(rows: pd.DataFrame, chosen: pd.DataFrame, reading: str = "line") -> pd.DataFrame:
    """Rows of unseen worms, each by what was chosen without that worm.

    Their mean is what the procedure scores, choice included. `chosen` is from `choices`; the rows
    may be those of a longer run. ChoiceError for a choice that they lack.
    """
    picks = chosen[["model", reading, "held_out"]].drop_duplicates()
    for line in picks[reading]:
        if line not in set(rows[reading]):
            raise ChoiceError("reading", line, rows[reading].unique())
    return rows[~rows["seen"]].merge(
        picks.rename(columns={"held_out": "worm"}), on=["model", reading, "worm"]
    )


def procedure(rows: pd.DataFrame, chosen: pd.DataFrame, reading: str = "line") -> pd.DataFrame:
    """What was chosen for each held-out worm, and what the choices score in percent, for reading.

    Parameters
    ----------
    rows
        What the choices are scored on: the rows that they were made on, or those of a longer run.
    chosen
        From `choices`.
    reading
        Column of both that names the reading.

    Returns
    -------
    table
        A column for each network, and for the first less each other one. A row for each held-out
        worm, with the reading and its accuracy on that worm; then one for each number of training
        worms and one for all, with mean and standard deviation over members and worms, and the
        difference with its 95 % interval over worms.
    """
    scored = of_choice(rows, chosen, reading)
    own = 100 * scored.groupby(["worm", "model", reading])["accuracy"].mean()
    lines = own.index.get_level_values(reading)
    cells = [f"{line} ({accuracy:.1f})" for line, accuracy in zip(lines, own, strict=True)]
    table = pd.Series(cells, own.index.droplevel(reading)).unstack("model")
    first, *others = list(table)
    on = [name for name in ("subset", "fold", "worm", "seed") if name in scored]
    for n in (*scored["n_train"].unique(), "any number"):
        part = scored if n == "any number" else scored[scored["n_train"] == n]
        spread = 100 * part.groupby("model")["accuracy"].agg(["mean", "std"])
        label = f"trained on {n}"
        table.loc[label, spread.index] = [percent(*row) for row in spread.to_numpy()]
        for other in others:
            (gap,) = compare(part, {"model": first}, {"model": other}, on=on).to_dict("records")
            table.loc[label, f"{first} \u2212 {other}"] = with_interval(gap)
    return table.rename_axis(index=None, columns=None)


def beside_mlp(rows: pd.DataFrame, by: str = "norm") -> pd.DataFrame:
    """Accuracy on unseen worms in percent of each network, and how far it is from the MLP's.

    Returns
    -------
    table
        A row for each value of `by`; for each network mean and standard deviation over members and
        worms, and for each but the MLP the difference with its 95 % interval over worms.
    """
    unseen = rows[~rows["seen"]]
    spread = 100 * unseen.groupby([by, "model"], sort=False)["accuracy"].agg(["mean", "std"])
    cells = [percent(*row) for row in spread.to_numpy()]
    table = pd.Series(cells, spread.index).unstack("model")
    table = table.loc[unseen[by].unique(), unseen["model"].unique()]
    graphs = {"model": [model for model in table if model != "MLP"]}
    gaps = compare(unseen, graphs, {"model": "MLP"}, by=["model", by])
    for model, own in gaps.groupby("model", sort=False):
        texts = [with_interval(gap) for gap in own.to_dict("records")]
        table[f"{model} \u2212 MLP"] = pd.Series(texts, own[by].to_numpy())
    return table.rename_axis(index=None, columns=None)


def by_training_worms(rows: pd.DataFrame, by: Sequence[str] = ("line",)) -> pd.DataFrame:
    """Accuracy of each reading in percent, for reading.

    Returns
    -------
    table
        Index `by`, in order of appearance; `same worm` (mean over members), mean and standard
        deviation on unseen worms for each number of training worms, the worst accuracy of a
        member on an unseen worm, and the number of members.
    """
    keys = list(by)
    unseen = rows[~rows["seen"]]
    cells = 100 * unseen.groupby([*keys, "n_train"])["accuracy"].agg(["mean", "std"])
    texts = cells.apply(lambda row: percent(row["mean"], row["std"]), axis=1).unstack()
    table = texts.rename(columns=lambda n: f"trained on {n}")
    table.columns.name = None
    same = 100 * rows[rows["seen"]].groupby(keys)["accuracy"].mean()
    table.insert(0, "same worm", same.map(percent))
    table["lowest"] = (100 * unseen.groupby(keys)["accuracy"].min()).map(percent)
    members = rows[list(dict.fromkeys([*keys, "line", "subset", "fold"]))].drop_duplicates()
    table["members"] = members.groupby(keys).size()
    return table.loc[rows[keys].drop_duplicates().set_index(keys).index]
