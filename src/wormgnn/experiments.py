"""Run what `experiment_lines` describes, and write its reference tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wormgnn import reference
from wormgnn.datasets.registry import load
from wormgnn.experiment_lines import EXPERIMENTS, Experiment, Run, experiment_named
from wormgnn.neuron_sets import neuron_set
from wormgnn.profiles import Profile
from wormgnn.protocol import classify, code_of
from wormgnn.recording import at_one_rate, shared_neurons
from wormgnn.store import Store

__all__ = [
    "EXPERIMENTS",
    "Experiment",
    "Results",
    "Run",
    "experiment_named",
    "run",
    "write_reference",
]


@dataclass(frozen=True)
class Results:
    """What an experiment gave.

    Attributes
    ----------
    rows
        One row for each model, fold, subset and worm; see `scored.Scored`.
    confusion
        Counts pooled over folds and subsets: columns model, n_states, n_neurons, n_train,
        seen, worm, labelled, predicted (codes of states), count.
    """

    rows: pd.DataFrame
    confusion: pd.DataFrame


def run(
    experiment: Experiment,
    dataset: str,
    profile: Profile,
    store: Store,
    seed: int = 0,
    device: str = "auto",
) -> Results:
    """Run all lines of an experiment on a dataset; what the store holds is not run again."""
    recordings, unseen = load(dataset), [] if experiment.unseen is None else load(experiment.unseen)
    if unseen:
        recordings, unseen = at_one_rate(recordings, unseen)
    tables: list[pd.DataFrame] = []
    confusions: list[pd.DataFrame] = []
    for line in experiment.runs:
        neurons = (
            shared_neurons([*recordings, *unseen])
            if unseen
            else neuron_set(line.neurons, recordings)
        )
        plan = replace(line.plan, seed=seed)
        scored = classify(plan, recordings, neurons, profile, store, unseen, device)
        for table, found in (
            (scored.rows, tables),
            (_pooled(scored.rows, scored.counts), confusions),
        ):
            found.append(
                table.assign(model=line.label, n_states=plan.n_states, n_neurons=len(neurons))
            )
    return Results(pd.concat(tables, ignore_index=True), pd.concat(confusions, ignore_index=True))


def _pooled(rows: pd.DataFrame, counts: np.ndarray) -> pd.DataFrame:
    n_states = counts.shape[-1]
    keys = ["n_train", "seen", "worm"]
    cells = pd.DataFrame(
        counts.reshape(len(counts), -1), index=pd.MultiIndex.from_frame(rows[keys])
    )
    long = (
        cells.groupby(level=keys).sum().melt(ignore_index=False, value_name="count").reset_index()
    )
    cell = long.pop("variable").astype(int)
    return long.assign(labelled=cell // n_states, predicted=cell % n_states)


def write_reference(
    name: str, results: Results, dataset: str, profile: Profile, seed: int, command: str
) -> list[Path]:
    """Write an experiment's two tables into `results/`; returns their paths.

    Lines that the results lack stay as they are in the tables, so that an experiment can be
    written line by line, each with its own number of folds.

    Raises
    ------
    StoreError
        Lines would stay that come from other code, worms or epochs; see
        `reference.with_other_lines`.
    """
    experiment = EXPERIMENTS[name]
    worms = [w for source in (dataset, experiment.unseen) if source for w in load(source)]
    code = code_of(line.plan.model for line in experiment.runs)
    about = reference.about(command, dataset, worms, seed, code, profile, experiment=name)
    lines = {line.label: defined(line) for line in experiment.runs}
    tables = {f"{name}.{dataset}": results.rows, f"{name}.{dataset}.confusion": results.confusion}
    whole = {
        key: reference.with_other_lines(key, table, about, lines) for key, table in tables.items()
    }
    rows, _ = whole[f"{name}.{dataset}"]
    folds = rows.groupby("model")["fold"].nunique()
    done = {label: int(folds[label]) for label in lines if label in folds}
    return [
        reference.write(key, in_order(table, list(lines)), {**manifest, "folds": done})
        for key, (table, manifest) in whole.items()
    ]


def defined(line: Run) -> dict[str, Any]:
    """What a line is, as plain JSON: its plan and its neurons."""
    return {"neurons": line.neurons, **asdict(line.plan), "options": dict(line.plan.options)}


def in_order(table: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """A table's rows by the order of their lines."""
    place = {label: number for number, label in enumerate(labels)}
    return table.sort_values("model", key=lambda column: column.map(place), kind="stable")
