"""What the paper's text can be read to mean, as lines: equations 6 to 14, and their features.

A reading takes a side on five questions, the columns `AXES` of every table of readings. No code
takes a label apart. The choice among readings is made by leave-one-worm-out inside the training
worms: to judge an evaluation worm, they are compared only on members that neither trained nor were
evaluated on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from wormgnn.comparison import compare, percent, select
from wormgnn.features import Scaling
from wormgnn.plan import Line, Plan

AXES: Mapping[str, Mapping[str, str]] = {
    "message": {
        "sum": "the sum of what all neurons send (eq. 12)",
        "mean": "their mean",
        "self": "their mean, and what the neuron itself has: a self edge of one",
        "row": "a mean weighted by the edges",
        "symmetric": "edges and self edges divided by the root of both neurons' sums",
        "senders": "a sum by edges whose softmax is over all senders",
    },
    "scaling": {
        "whole": "trace and derivative each to [0, 1] by its own range",
        "derived": "trace to [0, 1], and the derivative of that, per frame",
        "zero-kept": "trace to [0, 1], derivative divided by its range: zero stays zero",
        "z-scored": "trace and derivative with mean zero and spread one",
    },
    "edges": {
        "before": "activity averaged over the recording before g (eq. 9)",
        "after": "after g",
        "window": "after g in each window of 8 frames",
        "frame": "not at all: edges anew at every frame",
    },
    "norm": {
        "last": "batch norm behind the two layers of every g",
        "encoder": "batch norm in the edge encoder alone",
        "own": "batch norm everywhere, by the statistics of the worm at hand",
        "none": "no batch norm",
    },
    "blocks": {
        "paper": "one hidden layer with ReLU, then the scores",
        "two hidden": "two hidden layers with ReLU, then the scores",
        "nri": "two hidden layers as in neural relational inference (ELU, Xavier, biases of 0.1)",
    },
}
"""What each column of a reading can be, and what that means."""

_NORMS: Mapping[str, Mapping[str, Any]] = {
    "last": {},
    "encoder": {"norm": "none", "encoder_norm": "last"},
    "none": {"norm": "none"},
    "own": {"use_running": False},
}
_BLOCKS: Mapping[str, Mapping[str, Any]] = {
    "paper": {},
    "two hidden": {"hidden_layers": 2},
    "nri": {"blocks": "nri"},
}
_SAID = {
    "last": "norm as written",
    "encoder": "",
    "none": "no norm",
    "own": "own statistics",
    "before": "before g",
    "after": "",
    "window": "a window",
    "frame": "a frame",
    "paper": "",
}
"""Words of a label, where its value is no word itself or goes without saying."""


def _line(model: str, plan: Plan, literal: bool, **factors: str) -> Line:
    label = ", ".join(word for word in (_SAID.get(f, f) for f in factors.values()) if word)
    del factors["scaling"]  # a column of every table
    return Line(f"{model}: {label}", plan, model, factors={**factors, "literal": literal})


def gnn(
    message: str = "sum",
    scaling: Scaling = "whole",
    edges: str = "after",
    norm: str = "encoder",
    blocks: str = "paper",
) -> Line:
    """A reading of the graph network: one value of each of `AXES`."""
    sent = {"sum": {}, "senders": {"rivals": "senders"}}.get(message, {"message": message})
    own = {"head_use_running": False} if norm == "own" else {}
    options = {"edges": edges, **_NORMS[norm], **own, **_BLOCKS[blocks], **sent}
    literal = (message, scaling, edges, norm, blocks) == ("sum", "whole", "before", "last", "paper")
    values = {"message": message, "scaling": scaling, "edges": edges, "norm": norm}
    plan = Plan("gnn", options=options, scaling=scaling)
    return _line("GNN", plan, literal, **values, blocks=blocks)


def mlp(scaling: Scaling = "whole", norm: str = "none", blocks: str = "paper") -> Line:
    """A reading of the MLP; it has no messages and no edges."""
    literal = (scaling, norm, blocks) == ("whole", "last", "paper")
    plan = Plan("mlp", options={**_NORMS[norm], **_BLOCKS[blocks]}, scaling=scaling)
    line = _line("MLP", plan, literal, scaling=scaling, norm=norm, blocks=blocks)
    return replace(line, factors={"message": "", "edges": "", **line.factors})


def _screened() -> Iterable[Line]:
    scalings: tuple[Scaling, ...] = ("whole", "derived", "zero-kept", "z-scored")
    few = scalings[:2]
    yield gnn(edges="before", norm="last")
    for message, scaling in itertools.product(AXES["message"], scalings):
        yield gnn(message, scaling)
    for message, scaling in itertools.product(("sum", "self"), few):
        yield gnn(message, scaling, "before")
        yield from (gnn(message, scaling, norm=norm) for norm in ("last", "own", "none"))
    for message, scaling in (("sum", "whole"), ("self", "derived")):  # five times the work
        yield gnn(message, scaling, norm="last", blocks="nri")
    # Twenty times the work. Edges of each window take twice that, and are left out.
    yield from (gnn(message, edges="frame") for message in ("sum", "self"))
    for scaling, norm in itertools.product(scalings, ("last", "own", "none")):
        yield mlp(scaling, norm)
    for scaling, blocks in itertools.product(few, ("two hidden", "nri")):
        yield mlp(scaling, "last", blocks)


READINGS = {line.label: line for line in _screened()}
"""Every reading that is screened, by its label."""

LITERAL = {"gnn": gnn(edges="before", norm="last"), "mlp": mlp(norm="last")}
"""The text to the letter."""

CHOSEN = {"gnn": gnn("self"), "mlp": mlp()}
"""The readings of Table 1's rows `GNN` and `MLP, no norm`, and of every other experiment. They have
the features of the text and one classifier, and differ in the graph alone."""

BARE_SUM = gnn()
"""The row `GNN, bare sum`: messages are summed, and a neuron keeps nothing of its own."""

FINALISTS = (
    LITERAL["gnn"],
    BARE_SUM,
    CHOSEN["gnn"],
    gnn("self", norm="own"),
    gnn("senders", "zero-kept"),
    gnn("senders", "z-scored"),
    gnn("symmetric", "z-scored"),
    LITERAL["mlp"],
    CHOSEN["mlp"],
    mlp(norm="own"),
    mlp("z-scored"),
    mlp("z-scored", "last"),
)
"""Readings that are run whole: the literal ones, the book's, and all that the screen chooses for
any worm without looking at it."""

SIXTH = (gnn("symmetric", "z-scored"), mlp("z-scored"))
"""What the procedure takes for a sixth worm, with all five to choose by."""

SEEDS = (0, 1, 2)
"""Of initial weights and order of training, where a reading has several; the folds stay the same.
Finalists have the first alone, but for those of `SIXTH`."""


def finalists() -> tuple[Line, ...]:
    """A line for each finalist and seed; the column `reading` joins its seeds."""
    return tuple(
        replace(
            line,
            label=f"{line.label}, seed {seed}",
            plan=replace(line.plan, seed=seed),
            factors={**line.factors, "reading": line.label, "seed": seed},
        )
        for line in FINALISTS
        for seed in (SEEDS if line in SIXTH else SEEDS[:1])
    )


def decomposition() -> tuple[Line, ...]:
    """Networks that differ in the graph alone, each with every kind of batch norm."""
    norms = ("last", "own", "none")
    connectome = Plan("gnn-connectome", options={"weighting": "normalised"})
    given = (
        Line(
            f"GNN (connectome): {_SAID[norm]}",
            connectome.with_options(**_NORMS[norm]),
            "GNN (connectome)",
            factors={**mlp(norm=norm).factors, "message": "connectome"},
        )
        for norm in norms
    )
    return (
        *(mlp(norm=norm) for norm in norms),
        *given,
        *(gnn("self", norm=norm) for norm in norms),
    )


# --- the choice among them: of rows of a run or of a reference table, by `line` and `model` -------


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
