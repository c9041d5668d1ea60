"""The readings that the paper's text allows of its networks, and the choice among them.

The choice is made by leave-one-worm-out inside the training worms: to judge an evaluation
worm, readings are compared only on members that neither trained nor were evaluated on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from wormgnn.errors import ChoiceError
from wormgnn.protocol import Classification


@dataclass(frozen=True)
class Reading:
    """One way to read equations 6-14.

    Attributes
    ----------
    model
        `mlp` or `gnn`.
    text
        What is read how, for the table.
    options
        Arguments of the model.
    """

    model: str
    text: str
    options: dict[str, Any] = field(default_factory=dict)

    def plan(self, seed: int = 0) -> Classification:
        """The reading on two states, with one, three and four training worms."""
        return Classification(self.model, options=self.options, sizes=(1, 3, 4), seed=seed)


READINGS = {
    "mlp": Reading("mlp", "g: one hidden layer with batch norm, then the scores"),
    "mlp, two hidden": Reading(
        "mlp", "g: two hidden layers, batch norm behind them", {"hidden_layers": 2}
    ),
    "mlp, no norm": Reading("mlp", "g: one hidden layer, no batch norm", {"norm": "none"}),
    "before g": Reading(
        "gnn", "h averaged over time before g (eq. 9 to the letter)", {"edges": "before"}
    ),
    "before g, worm's statistics": Reading(
        "gnn",
        "the same; batch norm of the encoder uses each worm's own statistics",
        {"edges": "before", "use_running": False},
    ),
    "after g": Reading(
        "gnn", "hidden edge features averaged over time after g", {"edges": "after"}
    ),
    "after g, worm's statistics": Reading(
        "gnn",
        "the same; batch norm of the encoder uses each worm's own statistics",
        {"edges": "after", "use_running": False},
    ),
    "after g, two hidden": Reading(
        "gnn", "after g; two hidden layers in each g", {"edges": "after", "hidden_layers": 2}
    ),
    "after g, two hidden, norm each": Reading(
        "gnn",
        "the same; batch norm behind each layer",
        {"edges": "after", "hidden_layers": 2, "norm": "each"},
    ),
    "after g, no norm": Reading(
        "gnn", "after g; no batch norm anywhere", {"edges": "after", "norm": "none"}
    ),
    "after g, norm in encoder": Reading(
        "gnn",
        "after g; batch norm in the edge encoder alone",
        {"edges": "after", "norm": "none", "encoder_norm": "last"},
    ),
    "after g, norm in encoder, worm's statistics": Reading(
        "gnn",
        "the same; that batch norm uses each worm's own statistics",
        {"edges": "after", "norm": "none", "encoder_norm": "last", "use_running": False},
    ),
    "before g, norm in encoder": Reading(
        "gnn",
        "before g; batch norm in the edge encoder alone",
        {"edges": "before", "norm": "none", "encoder_norm": "last"},
    ),
    "before g, norm in encoder, worm's statistics": Reading(
        "gnn",
        "the same; that batch norm uses each worm's own statistics",
        {"edges": "before", "norm": "none", "encoder_norm": "last", "use_running": False},
    ),
    "after g, no self edges": Reading(
        "gnn", "after g; a neuron does not send to itself", {"edges": "after", "self_edges": False}
    ),
    "after g, sum": Reading(
        "gnn", "after g; messages summed over neurons", {"edges": "after", "aggregation": "sum"}
    ),
    "after g, two steps": Reading(
        "gnn", "after g; two message-passing steps", {"edges": "after", "steps": 2}
    ),
}


CHOSEN = {"gnn": "after g, norm in encoder", "mlp": "mlp, no norm"}
"""The readings that the rest of the book uses. They were chosen with all worms in view: the
appendix gives what a choice without looking reaches."""


def leave_one_worm_out(rows: pd.DataFrame) -> pd.DataFrame:
    """Inner and outer accuracy of every reading for every held-out worm.

    Parameters
    ----------
    rows
        Rows of `protocol.classify` with a further column `reading`.

    Returns
    -------
    table
        One row for each (n_train, held-out worm, reading): `inner`, mean accuracy on unseen
        worms of members that have nothing to do with the held-out worm; `outer`, mean
        accuracy on the held-out worm of members that were not trained on it.
    """
    unseen = rows[~rows["seen"]]
    tables = [_held_out(unseen, worm) for worm in sorted(unseen["worm"].unique())]
    return pd.concat(tables, ignore_index=True)


def _held_out(unseen: pd.DataFrame, worm: str) -> pd.DataFrame:
    trained = unseen["subset"].str.split("+").map(lambda subset: worm in subset)
    inner = unseen[~trained & (unseen["worm"] != worm)]
    outer = unseen[unseen["worm"] == worm]
    by = ["n_train", "reading"]
    table = pd.DataFrame(
        {
            "inner": inner.groupby(by)["accuracy"].mean(),
            "outer": outer.groupby(by)["accuracy"].mean(),
        }
    ).reset_index()
    return table.assign(held_out=worm)


def choose(
    table: pd.DataFrame, among: list[str], n_train: int, judged_at: int | None = None
) -> pd.DataFrame:
    """For every held-out worm the reading with the best inner accuracy, among some.

    Parameters
    ----------
    table
        From `leave_one_worm_out`.
    among
        Readings that stand for election.
    n_train
        Number of training worms at which inner accuracies are compared.
    judged_at
        Number of training worms of the rows returned; `n_train` if None. All worms but the
        held-out one leave no other to compare on: choose with fewer, judge with all.

    Returns
    -------
    chosen
        One row of the table for each held-out worm: its `outer` accuracy is that of a
        choice that never saw the worm.

    Raises
    ------
    ChoiceError
        A number of training worms for which there are no inner accuracies.
    """
    among_them = table[table["reading"].isin(among)]
    comparable = among_them.dropna(subset="inner")
    fits = comparable[comparable["n_train"] == n_train]
    if fits.empty:
        raise ChoiceError("n_train", n_train, sorted(comparable["n_train"].unique()))
    best = fits.loc[fits.groupby("held_out")["inner"].idxmax(), ["held_out", "reading"]]
    judged = among_them[among_them["n_train"] == (n_train if judged_at is None else judged_at)]
    return best.merge(judged, on=["held_out", "reading"])[table.columns]
