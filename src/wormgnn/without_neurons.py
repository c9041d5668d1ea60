"""Experiments with fewer neurons beside the same ones with all: labels, recalls, a verdict."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from wormgnn.errors import ChoiceError
from wormgnn.experiment_lines import Experiment, experiment_named
from wormgnn.paired import DIFFERENT, MARGIN, OPEN, SAME, beyond, effects
from wormgnn.states import LABELS, vocabulary
from wormgnn.statistics import Random, bootstrap_interval


def partners(labels: Iterable[str]) -> dict[str, str]:
    """The line with all neurons for each line without some.

    `GNN: 4 states, without AVA` has `GNN: 4 states`, and `GNN: 2 states, without AVA` has
    `GNN`, as Table 1 calls it.
    """
    found = {}
    for label in labels:
        model, n_states, _ = parts(label)
        found[label] = model if n_states == 2 else f"{model}: {n_states} states"
    return found


def parts(label: str) -> tuple[str, int, str]:
    """Model, number of states and set of neurons of a label."""
    model, rest = label.split(": ")
    states, neurons = rest.split(", ")
    return model, int(states.split()[0]), neurons


def with_all_neurons(experiment: Experiment) -> Experiment:
    """The lines of Table 1 and Figure 4A that an experiment's lines are compared with."""
    known = {
        run.label: run for name in ("table1", "figure4a") for run in experiment_named(name).runs
    }
    labels = dict.fromkeys(partners(run.label for run in experiment.runs).values())
    return Experiment("With all neurons", tuple(known[label] for label in labels))


def of_states(experiment: Experiment, states: Sequence[int]) -> Experiment:
    """The lines with these numbers of states; all if empty, ChoiceError where there is none."""
    runs = tuple(run for run in experiment.runs if not states or run.plan.n_states in states)
    if not runs:
        known = dict.fromkeys(run.plan.n_states for run in experiment.runs)
        raise ChoiceError("number of states", ", ".join(map(str, states)), known)
    return replace(experiment, runs=runs)


def described(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose `model` is a label, with it taken apart: model, n_states, neurons."""
    columns = pd.DataFrame(
        [parts(label) for label in table["model"]],
        columns=["model", "n_states", "neurons"],
        index=table.index,
    )
    return pd.concat([columns, table.drop(columns=list(columns), errors="ignore")], axis=1)


def recalls(
    changed: pd.DataFrame, plain: pd.DataFrame, partners: Mapping[str, str], rng: Random = 0
) -> pd.DataFrame:
    """How well each state of unseen worms is recognised with and without some neurons.

    Parameters
    ----------
    changed, plain
        Pooled confusion counts, as `experiments.Results.confusion`. On unseen worms every
        member is scored on the same frames, so that differing numbers of folds weigh
        alike; members themselves are not paired here.
    partners
        As from `partners`.
    rng
        For the intervals.

    Returns
    -------
    table
        One row for each label and state: model, state, changed, plain (mean recall over
        worms, percent), difference, low, high (95 %, over worms), n_worms.
    """
    return pd.DataFrame(
        [
            row
            for label, other in partners.items()
            for row in _recalls(label, other, changed, plain, rng)
        ]
    )


def _recalls(
    label: str, other: str, changed: pd.DataFrame, plain: pd.DataFrame, rng: Random
) -> list[dict[str, object]]:
    with_fewer, with_all = (
        _by_worm(t[t["model"] == name]) for t, name in ((changed, label), (plain, other))
    )
    difference = (with_fewer - with_all).dropna(how="all", axis=1)
    interval = bootstrap_interval(difference.to_numpy(), rng=rng)
    states = vocabulary(parts(label)[1])
    return [
        {
            "model": label,
            "state": LABELS.get(states[code], states[code]),
            "changed": with_fewer[code].mean(),
            "plain": with_all[code].mean(),
            "difference": interval.mean[place],
            "low": interval.low[place],
            "high": interval.high[place],
            "n_worms": int(difference[code].notna().sum()),
        }
        for place, code in enumerate(int(column) for column in difference.columns)
    ]


def _by_worm(counts: pd.DataFrame) -> pd.DataFrame:
    """Recall in percent on unseen worms: a row for each worm, a column for each state's code."""
    unseen = counts[~counts["seen"]]
    hits = unseen[unseen["labelled"] == unseen["predicted"]]
    every, right = (t.groupby(["worm", "labelled"])["count"].sum() for t in (unseen, hits))
    return (100 * right / every).unstack("labelled")


def verdict(table: pd.DataFrame, margin: float = MARGIN) -> str:
    """Whether there is `no noticeable difference`, in a sentence with its counts.

    `table` is `paired.effects` of one set of neurons and one score.
    """
    count = {name: int((table["answer"] == name).sum()) for name in (SAME, DIFFERENT, OPEN)}
    noticeable = table[beyond(table, margin)]
    tally = (
        f"of {len(table)} comparisons, same within {margin:g} points: {count[SAME]}, "
        f"different: {count[DIFFERENT]} (by more than the margin: {len(noticeable)}), "
        f"not decided: {count[OPEN]}"
    )
    if count[SAME] == len(table):
        return f"**no noticeable difference**: {tally}"
    if len(noticeable):
        return f"**a noticeable difference** for {_named(noticeable)}: {tally}"
    return f"**not shown either way**: {tally}"


def _named(table: pd.DataFrame) -> str:
    """Up to four lines by name, more by their number."""
    if len(table) > 4:
        return f"{len(table)} lines"
    rows = zip(table["model"], table["n_states"], table["worms"], strict=True)
    return ", ".join(f"{model} ({n} states, {worms})" for model, n, worms in rows)


def by_training_worms(changed: pd.DataFrame, plain: pd.DataFrame, rng: Random = 0) -> pd.DataFrame:
    """Differences of accuracy on unseen worms for each number of training worms.

    `changed` and `plain` are rows of `experiments.run` with fewer neurons and with all. One
    row for each label: neurons, n_states, model, and a column of text for each number.
    """
    columns = {}
    for n_train, part in changed[~changed["seen"]].groupby("n_train"):
        others = partners(part["model"].unique())
        found = effects(part, plain, others, rng=rng, seen=[False])
        columns[f"trained on {n_train}"] = found.set_index("model").apply(interval_text, axis=1)
    return described(pd.DataFrame(columns).rename_axis("model").reset_index())


def listed(table: pd.DataFrame) -> pd.DataFrame:
    """`paired.effects` of one set of neurons for a page: a line for each model and kind of worms.

    Differences are text, `-0.3 (-1.1 to +0.4)`; p and n are those of the accuracy.
    """
    keys = ["worms", "n_states", "model"]
    accuracy, balanced = (
        table[table["score"] == score].set_index(keys)
        for score in ("accuracy", "balanced_accuracy")
    )
    columns = {
        "majority (%)": accuracy["majority"],
        "all neurons (%)": accuracy["plain"],
        "fewer (%)": accuracy["changed"],
        "difference": accuracy.apply(interval_text, axis=1),
        "answer": accuracy["answer"],
        "p (Wilcoxon)": accuracy["p_worms"],
        "balanced accuracy": balanced.apply(interval_text, axis=1),
        "its answer": balanced["answer"],
        "n pairs": accuracy["n_pairs"],
        "folds": accuracy["n_folds"],
    }
    return pd.DataFrame(columns).reset_index().rename(columns={"n_states": "states"})


def interval_text(row: Mapping[Hashable, object] | pd.Series[float]) -> str:
    """`-0.3 (-1.1 to +0.4)`."""
    return f"{row['difference']:+.1f} ({row['low']:+.1f} to {row['high']:+.1f})"


def extremes(table: pd.DataFrame) -> str:
    """The largest loss and the largest gain of `paired.effects`, with their intervals."""
    ordered = table.sort_values("difference", kind="stable")
    worst, best = ordered.iloc[0], ordered.iloc[-1]
    return f"from {_words(worst.to_dict())} to {_words(best.to_dict())}"


def _words(row: Mapping[Hashable, object]) -> str:
    return (
        f"{interval_text(row)} points for {row['model']}, {row['n_states']} states, {row['worms']}"
    )
