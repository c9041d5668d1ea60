"""Each table and figure of the paper as data: which models, neurons, states and worms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from wormgnn import reference
from wormgnn.errors import ChoiceError, chosen
from wormgnn.neuron_sets import neuron_set
from wormgnn.profiles import Profile
from wormgnn.protocol import CODE, Classification, classify
from wormgnn.readings import CHOSEN, READINGS
from wormgnn.recording import at_one_rate, shared_neurons
from wormgnn.sources.registry import load
from wormgnn.store import Store


@dataclass(frozen=True)
class Run:
    """One line of an experiment.

    Attributes
    ----------
    label
        Name in tables and figures.
    plan
        Model, states, splits.
    neurons
        One of `neuron_sets.NEURON_SETS`.
    """

    label: str
    plan: Classification
    neurons: str = "paper"

    @property
    def model(self) -> str:
        """The label up to its colon: `GNN` of `GNN: 7 states`."""
        return self.label.split(": ")[0]


@dataclass(frozen=True)
class Experiment:
    """A table or figure.

    Attributes
    ----------
    title
        What it is in the paper, or beyond it.
    runs
        Its lines.
    unseen
        Dataset whose worms are evaluated too, never trained on; its neurons are then the
        ones that both datasets share, and all worms are resampled to the lowest frame rate.
    """

    title: str
    runs: tuple[Run, ...]
    unseen: str | None = None

    def only(self, names: Sequence[str] | None) -> Experiment:
        """The experiment with some of its lines, by their labels or models; all if None.

        ChoiceError for an unknown name.
        """
        if names is None:
            return self
        lines = {run.label: run for name in names for run in self._lines(name)}
        return replace(self, runs=tuple(lines.values()))

    def _lines(self, name: str) -> list[Run]:
        lines = [run for run in self.runs if name in (run.label, run.model)]
        if not lines:
            known = [*(run.model for run in self.runs), *(run.label for run in self.runs)]
            raise ChoiceError("model", name, dict.fromkeys(known))
        return lines

    def wired(self, **wiring: object) -> Experiment:
        """The experiment with other edges for the connectome GNN.

        `wiring` are arguments of `connectome.adjacency`: connectome, synapses, weighting,
        self_edges.
        """
        return replace(self, runs=tuple(_rewired(run, wiring) for run in self.runs))


def _rewired(run: Run, wiring: Mapping[str, object]) -> Run:
    if run.plan.model != "gnn-connectome":
        return run
    return replace(run, plan=replace(run.plan, options={**run.plan.options, **wiring}))


_MODELS = {
    "SVM": Classification("svm"),
    "SVM, linear": Classification("svm", options={"kernel": "linear"}),
    "MLP": Classification("mlp"),
    "MLP, no norm": Classification("mlp", options=READINGS[CHOSEN["mlp"]].options),
    "GNN (connectome)": Classification(
        "gnn-connectome", options={"weighting": "normalised", "norm": "none"}
    ),
    "GNN": Classification("gnn", options=READINGS[CHOSEN["gnn"]].options),
}
"""Rows of Table 1. `MLP` follows the paper's text; the others have the chosen readings, so that
the graph networks and `MLP, no norm` share their classifier and differ in the edges alone."""

_CONTROLLED = ("SVM", "MLP, no norm", "GNN")
_ALL_STATES = ("MLP", "MLP, no norm", "GNN")


def _variants(
    labels: Sequence[str], name: str, neurons: str = "paper", **changes: object
) -> tuple[Run, ...]:
    return tuple(
        Run(f"{label}: {name}", replace(_MODELS[label], **changes), neurons)  # type: ignore[arg-type]
        for label in labels
    )


EXPERIMENTS = {
    "table1": Experiment(
        "Table 1: forward and reverse crawling",
        tuple(Run(label, plan) for label, plan in _MODELS.items()),
    ),
    "table1-nichols": Experiment(
        "Table 1, last column: the neurons that both datasets share",
        tuple(Run(label, plan) for label, plan in _MODELS.items()),
        unseen="nichols",
    ),
    "figure4a": Experiment(
        "Figure 4A-B: seven and four states",
        _variants(_ALL_STATES, "7 states", n_states=7)
        + _variants(_ALL_STATES, "4 states", n_states=4),
    ),
    "figure4a-nichols": Experiment(
        "Figure 4A-B, right: four states on another session's worms",
        _variants(_ALL_STATES, "4 states", n_states=4),
        unseen="nichols",
    ),
    "controls": Experiment(
        "Beyond the paper: blocked split, causal scaling, neurons that define the labels removed",
        _variants(_CONTROLLED, "blocked split", split="blocked")
        + _variants(_CONTROLLED, "causal scaling", scaling="causal")
        + _variants(_CONTROLLED, "without AVA", "without AVA")
        + _variants(_CONTROLLED, "without reversal neurons", "without reversal neurons"),
    ),
    "readings": Experiment(
        "Appendix: the readings that the text allows",
        tuple(Run(name, reading.plan()) for name, reading in READINGS.items()),
    ),
}


def experiment_named(name: str) -> Experiment:
    """The experiment of this name; ChoiceError names the choices."""
    return chosen("experiment", name, EXPERIMENTS)


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
    """Write an experiment's two tables into `results/`; returns their paths."""
    unseen = EXPERIMENTS[name].unseen
    worms = [worm for source in (dataset, unseen) if source for worm in load(source)]
    about = reference.about(command, dataset, worms, seed, CODE, profile, experiment=name)
    return [
        reference.write(f"{name}.{dataset}", results.rows, about),
        reference.write(f"{name}.{dataset}.confusion", results.confusion, about),
    ]
