"""The choice among the interpretations that the paper's text allows, without looking.

The choice is made by leave-one-worm-out inside the training worms: to judge an evaluation worm,
interpretations are compared only on members that neither trained nor were evaluated on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from wormgnn.comparison import percent
from wormgnn.errors import ChoiceError


def leave_one_worm_out(rows: pd.DataFrame) -> pd.DataFrame:
    """Inner and outer accuracy of every interpretation for every held-out worm.

    Parameters
    ----------
    rows
        Rows of a run or of a reference table; `line` names the interpretation.

    Returns
    -------
    table
        One row for each (n_train, line, held-out worm): `inner`, mean accuracy on unseen worms
        of members that have nothing to do with the held-out worm; `outer`, mean accuracy on the
        held-out worm of members that were not trained on it.
    """
    unseen, by = rows[~rows["seen"]], ["n_train", "line"]
    subsets, tables = unseen["subset"].str.split("+"), []
    for worm in sorted(unseen["worm"].unique()):
        own = unseen["worm"] == worm
        apart = np.array([worm not in subset for subset in subsets])
        groups = {"inner": unseen[apart & ~own], "outer": unseen[own]}
        means = {name: group.groupby(by)["accuracy"].mean() for name, group in groups.items()}
        tables.append(pd.DataFrame(means).reset_index().assign(held_out=worm))
    return pd.concat(tables, ignore_index=True)


def choices(
    table: pd.DataFrame, networks: Mapping[str, Sequence[str]], sizes: Sequence[int] = (1, 3)
) -> pd.DataFrame:
    """For every held-out worm and network the interpretation with the best inner accuracy.

    Parameters
    ----------
    table
        From `leave_one_worm_out`.
    networks
        Interpretations of each network, by the network's name.
    sizes
        Numbers of training worms at which a choice is made.

    Returns
    -------
    choices
        One row of the table for each network, size and held-out worm, with a further column
        `network`: its `outer` accuracy is that of a choice that never saw the worm.

    Raises
    ------
    ChoiceError
        A number of training worms for which there are no inner accuracies. All worms but the
        held-out one leave no other to compare on.
    """
    tables = []
    for (network, lines), n_train in itertools.product(networks.items(), sizes):
        comparable = table[table["line"].isin(lines)].dropna(subset="inner")
        rivals = comparable[comparable["n_train"] == n_train]
        if rivals.empty:
            raise ChoiceError("n_train", n_train, sorted(comparable["n_train"].unique()))
        best = rivals.loc[rivals.groupby("held_out")["inner"].idxmax()]
        tables.append(best.assign(network=network))
    return pd.concat(tables, ignore_index=True)


def by_training_worms(rows: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of each interpretation in percent, for reading.

    Returns
    -------
    table
        Index `line`, in order of appearance; `same worm` (mean over members), mean and standard
        deviation on unseen worms for each number of training worms, the worst accuracy of a
        member on an unseen worm with the most training worms, and the number of members.
    """
    unseen = rows[~rows["seen"]]
    cells = 100 * unseen.groupby(["line", "n_train"])["accuracy"].agg(["mean", "std"])
    texts = cells.apply(lambda row: percent(row["mean"], row["std"]), axis=1).unstack()
    most = unseen["n_train"].max()
    worst = unseen[unseen["n_train"] == most].groupby("line")["accuracy"].min()
    table = texts.rename(columns=lambda n: f"{n} training worm{'s' * (n > 1)}")
    table.columns.name = None
    same = 100 * rows[rows["seen"]].groupby("line")["accuracy"].mean()
    table.insert(0, "same worm", same.map(percent))
    table[f"worst member and worm ({most})"] = (100 * worst).map(percent)
    members = rows[["line", "subset", "fold"]].drop_duplicates()
    table["members"] = members.groupby("line").size()
    return table.loc[rows["line"].unique()]
