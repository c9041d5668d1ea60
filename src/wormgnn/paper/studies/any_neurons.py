"""States read without some neurons, from few or one, or from whatever neurons a recording names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from wormgnn.comparison import IDENTITY, compare
from wormgnn.neurons import Neurons
from wormgnn.paper.studies.decoder import INTERVAL
from wormgnn.plan import Line, Plan
from wormgnn.runner import Table
from wormgnn.states import LABELS, vocabulary
from wormgnn.statistics import bootstrap_interval, cluster_interval

READER_RATE = 5e-3
"""Learning rate of the set reader, five times the paper's: a network that meets another subset at
every step learns slowly."""

METHODS: Mapping[str, Plan] = {
    "SVM, retrained": Plan("svm"),
    "MLP, retrained": Plan("masked-mlp"),
    "MLP, mean filled in": Plan("filled-mlp"),
    "set reader": Plan("set-reader", learning_rate=READER_RATE),
    "set reader, no dropping": Plan(
        "set-reader", options={"dropping": False}, learning_rate=READER_RATE
    ),
    "MLP, retrained, faster": Plan("masked-mlp", learning_rate=READER_RATE),
}
"""Ways to read a recording that lacks neurons. The last two are checks: what the reader owes to
dropping neurons in training, and whether the MLP is only slow (it has the reader's rate)."""

RETRAINED = ("SVM, retrained", "MLP, retrained")
"""Models of which single neurons are kept, member by member."""

SCORES = ["accuracy", "balanced_accuracy", "information_bits", "majority"]


def lines(draws: Sequence[Neurons], sizes: Sequence[int]) -> tuple[Line, ...]:
    """Every method on the same sets of neurons, trained on so many worms."""
    sets = [list(draw) for draw in draws]
    return tuple(
        Line(name, replace(plan, sizes=tuple(sizes)).with_options(draws=sets))
        for name, plan in METHODS.items()
    )


# --- reference tables ----------------------------------------------------------------------------


def over_members(table: Table) -> pd.DataFrame:
    """The reference table `neuron_subsets`: unseen worms, mean over members, draws by number.

    `by_set` without the names of the neurons, which `neuron_draws` holds once; rounded.
    """
    means = by_set(unseen_rows(table)).drop(columns="members")
    means["draw"] = means["neurons"].map(draws(table).set_index("neurons")["draw"])
    return means.drop(columns=["neurons", "n_neurons"]).round(dict.fromkeys(SCORES, 4))


def draws(table: Table) -> pd.DataFrame:
    """The reference table `neuron_draws`: draw, neurons (joined by `+`), n_neurons."""
    sets = table.rows[["neurons", "n_neurons"]].drop_duplicates().reset_index(drop=True)
    return sets.rename_axis("draw").reset_index()


def singles(table: Table) -> pd.DataFrame:
    """The reference table `neuron_singles`: each neuron alone and all of them, every member."""
    rows = table.rows
    ends = rows["n_neurons"].isin([1, rows["n_neurons"].max()])
    return rows.loc[ends & rows["model"].isin(RETRAINED), [*_known(rows), *SCORES]]


def unseen_rows(table: Table) -> pd.DataFrame:
    """Rows of worms that were not trained on."""
    return table.rows[~table.rows["seen"]]


TABLES = {"neuron_subsets": over_members, "neuron_draws": draws, "neuron_singles": singles}
"""Reference tables of the experiment `any-neurons`."""


def _known(rows: pd.DataFrame) -> list[str]:
    return [name for name in (*IDENTITY, "n_neurons") if name in rows]


# --- fewer neurons -------------------------------------------------------------------------------


def recalls(confusion: pd.DataFrame) -> pd.DataFrame:
    """How well each state of each unseen worm is recognised, from `Table.confusion`.

    Counts are pooled: on unseen worms every member is scored on the same frames, so that different
    numbers of folds weigh alike. Columns model, n_states, neurons, worm, state, recall (a
    fraction). States that a worm never shows have no row.
    """
    keys = ["model", "n_states", "neurons", "worm", "labelled"]
    unseen = confusion[~confusion["seen"]]
    right = unseen["count"].where(unseen["labelled"] == unseen["predicted"], 0)
    sums = unseen.assign(right=right).groupby(keys, sort=False)[["count", "right"]].sum()
    sums = sums[sums["count"] > 0].reset_index()
    codes = zip(sums["n_states"], sums["labelled"], strict=True)
    states = pd.Series([vocabulary(n_states)[code] for n_states, code in codes]).replace(LABELS)
    return sums[keys[:4]].assign(state=states, recall=sums["right"] / sums["count"])


def by_set(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over members and folds for each model, set of neurons and evaluated worm.

    Columns of identity, n_neurons, `SCORES` and members.
    """
    keys = [name for name in _known(rows) if name not in ("subset", "fold")]
    members = rows.groupby(keys, sort=False)
    return members[SCORES].mean().assign(members=members.size()).reset_index()


def by_number(means: pd.DataFrame) -> pd.DataFrame:
    """Accuracy on unseen worms against the number of neurons, from the table of `by_set`.

    Columns model, n_train, n_neurons, mean, low, high (95 % interval over worms), sd_worms
    (of the worms' means over sets), sd_sets (of the sets' means over worms; NaN for one
    set), sets, worms and majority.
    """
    summaries, by = [], ["model", "n_train", "n_neurons"]
    for key, rows in means[~means["seen"]].groupby(by, sort=False):
        worms = rows.groupby("worm")[["accuracy", "majority"]].mean()
        sets = rows.groupby("neurons")["accuracy"].mean()
        ends = dict(zip(INTERVAL, map(float, bootstrap_interval(worms["accuracy"])), strict=True))
        spread = {"sd_worms": worms["accuracy"].std(), "sd_sets": sets.std(), "sets": len(sets)}
        about = {"worms": len(worms), "majority": worms["majority"].mean()}
        summaries.append(dict(zip(by, key, strict=True)) | ends | spread | about)
    return pd.DataFrame(summaries)


# --- one neuron ----------------------------------------------------------------------------------


def chosen_neuron(rows: pd.DataFrame, without: Collection[str] = ()) -> pd.DataFrame:
    """What the best neuron does on unseen worms, if it is chosen on the training worms.

    For each member the neuron with the highest balanced accuracy on the test folds of its
    own training worms, among those not in `without`. Columns model, n_train, subset, fold,
    worm, neuron, and for each of `SCORES` the neuron's and, with the suffix `_all`, that of
    all neurons.
    """
    member = ["model", "n_train", "subset", "fold"]
    single = rows[(rows["n_neurons"] == 1) & ~rows["neurons"].isin(without)]
    home = single[single["seen"]].groupby([*member, "neurons"])["balanced_accuracy"].mean()
    best = home.unstack().idxmax(axis=1).rename("neurons").reset_index()
    keys = [*member, "worm"]
    one = single[~single["seen"]].merge(best)[[*keys, "neurons", *SCORES]]
    every = rows[(rows["n_neurons"] == rows["n_neurons"].max()) & ~rows["seen"]]
    both = one.merge(every[[*keys, *SCORES]], on=keys, suffixes=("", "_all"))
    return both.rename(columns={"neurons": "neuron"})


def kept(choices: pd.DataFrame, n: int = 2000) -> pd.DataFrame:
    """How much of all neurons' score the chosen one keeps, in four senses, from `chosen_neuron`.

    `accuracy`: ratio of mean accuracies. `above majority`, `above chance`: the same after
    the majority class's accuracy (the same worms) or one half (balanced accuracy) is taken
    away. `information`: ratio of mean mutual informations of label and prediction. Columns
    model, n_train, sense, one, all, share, low, high (bootstrap over worms), worms.
    """
    results, by = [], ["model", "n_train"]
    for key, members in choices.groupby(by, sort=False):
        worms = members.groupby("worm").mean(numeric_only=True)
        senses: dict[str, tuple[str, Any]] = {
            "accuracy": ("accuracy", 0.0),
            "above majority": ("accuracy", worms["majority"]),
            "above chance": ("balanced_accuracy", 0.5),
            "information": ("information_bits", 0.0),
        }
        for sense, (score, nothing) in senses.items():
            one, every = worms[score] - nothing, worms[f"{score}_all"] - nothing
            share, low, high = map(float, cluster_interval(one, every, n=n))
            means = {"sense": sense, "one": one.mean(), "all": every.mean()}
            ends = {"share": share, "low": low, "high": high, "worms": len(worms)}
            results.append(dict(zip(by, key, strict=True)) | means | ends)
    return pd.DataFrame(results)


# --- whatever neurons there are ------------------------------------------------------------------


def readers(rows: pd.DataFrame, base: Mapping[str, str]) -> pd.DataFrame:
    """Each model and its neurons on unseen worms of `whole-recordings`, beside one of them.

    `base` is the model and the neurons of the one that the others are compared with, on the same
    members and worms. Columns n_train, model, neurons, n_neurons (mean number used), accuracy, sd
    (over worms' means), worst (the worst worm's mean), balanced, majority, and of `compare`
    difference, low, high, answer and text (NaN for the base).
    """
    unseen, by = rows[~rows["seen"]], ["n_train", "model", "neurons"]
    worms = unseen.groupby([*by, "worm"], sort=False)[["n_neurons", *SCORES]].mean()
    means = {"n_neurons": ("n_neurons", "mean"), "accuracy": ("accuracy", "mean")}
    spread = {"sd": ("accuracy", "std"), "worst": ("accuracy", "min")}
    more = {"balanced": ("balanced_accuracy", "mean"), "majority": ("majority", "mean")}
    table = worms.groupby(by, sort=False).agg(**means, **spread, **more)
    sides = {name: list(unseen[name].unique()) for name in base}
    gaps = compare(unseen, sides, base, by=by)
    gaps = gaps[(gaps[list(base)] != pd.Series(base)).any(axis=1)].set_index(by)
    return table.join(gaps[["difference", "low", "high", "answer", "text"]]).reset_index()
