"""States read from fewer neurons, from one, or from whatever neurons a recording names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from wormgnn.comparison import IDENTITY, compare
from wormgnn.errors import ChoiceError
from wormgnn.neurons import Neurons
from wormgnn.paper.studies.another_lab import AS_RECORDED
from wormgnn.plan import Line, Plan
from wormgnn.results import Table
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
    means, sets = by_set(table.rows), draws(table).set_index("neurons")["draw"]
    unseen = means[~means["seen"]].drop(columns="members")
    numbered = unseen.assign(draw=unseen["neurons"].map(sets))
    return numbered.drop(columns=["neurons", "n_neurons"]).round(dict.fromkeys(SCORES, 4))


def draws(table: Table) -> pd.DataFrame:
    """The reference table `neuron_draws`: draw, neurons (joined by `+`), n_neurons."""
    sets = table.rows[["neurons", "n_neurons"]].drop_duplicates().reset_index(drop=True)
    return sets.rename_axis("draw").reset_index()


def singles(table: Table) -> pd.DataFrame:
    """The reference table `neuron_singles`: each neuron alone and all of them, every member."""
    rows = table.rows
    ends = rows["n_neurons"].isin([1, rows["n_neurons"].max()])
    known = [name for name in (*IDENTITY, "n_neurons") if name in rows]
    return rows.loc[ends & rows["model"].isin(RETRAINED), [*known, *SCORES]]


def unseen_rows(table: Table) -> pd.DataFrame:
    """Rows of worms that were not trained on."""
    return table.rows[~table.rows["seen"]]


TABLES = {"neuron_subsets": over_members, "neuron_draws": draws, "neuron_singles": singles}
"""Reference tables of the experiment `any-neurons`."""


# --- fewer neurons -------------------------------------------------------------------------------


def by_set(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over members and folds for each model, set of neurons and evaluated worm.

    Columns of identity, n_neurons, `SCORES` and members.
    """
    known = [name for name in (*IDENTITY, "n_neurons") if name in rows]
    keys = [name for name in known if name not in ("subset", "fold")]
    members = rows.groupby(keys, sort=False)
    return members[SCORES].mean().assign(members=members.size()).reset_index()


def by_number(means: pd.DataFrame, score: str = "accuracy") -> pd.DataFrame:
    """A score on unseen worms against the number of neurons, from the table of `by_set`.

    Columns model, n_train, n_neurons, mean, low, high (95 % interval over worms), sd_worms
    (of the worms' means over sets), sd_sets (of the sets' means over worms; NaN for one
    set), sets, worms and majority.
    """
    summaries, by = [], ["model", "n_train", "n_neurons"]
    for key, rows in means[~means["seen"]].groupby(by, sort=False):
        worms = rows.groupby("worm")[[score, "majority"]].mean()
        sets = rows.groupby("neurons")[score].mean()
        mean, low, high = map(float, bootstrap_interval(worms[score]))
        summaries.append(
            dict(zip(by, key, strict=True))
            | {"mean": mean, "low": low, "high": high}
            | {"sd_worms": worms[score].std(), "sd_sets": sets.std(), "sets": len(sets)}
            | {"worms": len(worms), "majority": worms["majority"].mean()}
        )
    return pd.DataFrame(summaries)


def enough(summary: pd.DataFrame, within: float = 0.01) -> pd.DataFrame:
    """Least number of neurons from which on a model is near what it has with all.

    `summary` is of `by_number`. Columns model, n_train, enough: from there on no mean lies
    more than `within` below the mean with the most neurons.
    """
    results = []
    for (model, n_train), rows in summary.groupby(["model", "n_train"], sort=False):
        means = rows.set_index("n_neurons")["mean"].sort_index()
        near = means >= means.iloc[-1] - within
        stays = near[::-1].cummin()[::-1]
        results.append({"model": model, "n_train": n_train, "enough": int(stays.idxmax())})
    return pd.DataFrame(results)


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
    best = home.groupby(member).idxmax().map(lambda place: place[-1]).rename("neurons")
    keys = [*member, "worm"]
    abroad = single[~single["seen"]].merge(best.reset_index(), on=[*member, "neurons"])
    every = rows[(rows["n_neurons"] == rows["n_neurons"].max()) & ~rows["seen"]]
    both = abroad[[*keys, "neurons", *SCORES]].merge(
        every[[*keys, *SCORES]], on=keys, suffixes=("", "_all")
    )
    return both.rename(columns={"neurons": "neuron"})


def kept(choices: pd.DataFrame, n: int = 2000) -> pd.DataFrame:
    """How much of all neurons' score the chosen one keeps, in four senses, from `chosen_neuron`.

    `accuracy`: ratio of mean accuracies. `above majority`, `above chance`: the same after
    the majority class's accuracy (the same worms) or one half (balanced accuracy) is taken
    away. `information`: ratio of mean mutual informations of label and prediction. Columns
    model, n_train, sense, one, all, share, low, high (bootstrap over worms), worms.
    """
    results = []
    for (model, n_train), members in choices.groupby(["model", "n_train"], sort=False):
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
            results.append(
                {"model": model, "n_train": n_train, "sense": sense}
                | {"one": one.mean(), "all": every.mean()}
                | {"share": share, "low": low, "high": high, "worms": len(worms)}
            )
    return pd.DataFrame(results)


# --- whatever neurons there are ------------------------------------------------------------------


def readers(rows: pd.DataFrame, base: Mapping[str, str]) -> pd.DataFrame:
    """Whole recordings: each model and its neurons on unseen worms, beside one of them.

    Parameters
    ----------
    rows
        Of the experiment `whole-recordings`.
    base
        Columns model and neurons of the one that the others are compared with, on the same
        members and worms.

    Returns
    -------
    table
        Columns n_train, model, neurons, n_neurons (mean number used), accuracy, sd (over worms'
        means), worst (the worst worm's mean), balanced, majority, and of the comparison
        difference, low, high, p_worms, n_pairs, n_worms, answer (NaN for the base).
    """
    unseen, by = rows[~rows["seen"]], ["n_train", "model", "neurons"]
    worms = unseen.groupby([*by, "worm"], sort=False)[["n_neurons", *SCORES]].mean()
    groups = worms.groupby(by, sort=False)
    table = groups[["n_neurons", "accuracy"]].mean()
    table["sd"], table["worst"] = groups["accuracy"].std(), groups["accuracy"].min()
    table[["balanced", "majority"]] = groups[["balanced_accuracy", "majority"]].mean()
    sides = {name: list(unseen[name].unique()) for name in base}
    gaps = compare(unseen, sides, base, by=by)
    gaps = gaps[(gaps[list(base)] != pd.Series(base)).any(axis=1)].set_index(by)
    compared = ["difference", "low", "high", "p_worms", "n_pairs", "n_worms", "answer"]
    return table.join(gaps[compared]).reset_index()


def abroad(readers: pd.DataFrame, transfer: pd.DataFrame) -> pd.DataFrame:
    """Another laboratory's animals: set readers, and models of each animal's own neurons.

    Parameters
    ----------
    readers
        Of the experiment `readers-abroad`.
    transfer
        Of the experiment `transfer`. Taken from it are models that were trained at home on the
        neurons of each animal (`own`), as recorded, on the same folds and numbers of worms.

    Returns
    -------
    rows
        Those of both, of animals that no member trained on. ChoiceError if there are none.
    """
    home = set("+".join(readers["subset"]).split("+"))
    same = transfer["fold"].isin(readers["fold"]) & transfer["n_train"].isin(readers["n_train"])
    same &= (transfer[list(AS_RECORDED)] == pd.Series(AS_RECORDED)).all(axis=1)
    at_home = transfer["subset"].map(lambda subset: set(subset.split("+")) <= home)
    both = pd.concat([readers, transfer[same & at_home]], ignore_index=True)
    animals = both[~both["worm"].isin(home)]
    if animals.empty:
        raise ChoiceError("animals", sorted(home), dict.fromkeys(both["worm"]))
    return animals
