"""Each table and figure of the paper as data: which models, neurons, states and worms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from wormgnn import reference
from wormgnn.errors import ChoiceError, NeuronError
from wormgnn.profiles import Profile
from wormgnn.protocol import CODE, Classification, classify
from wormgnn.readings import CHOSEN, READINGS
from wormgnn.recording import PAPER_NEURONS, Recording, at_one_rate, shared_neurons
from wormgnn.sources.registry import load
from wormgnn.store import Store, code_version

LABEL_DEFINING = ("AVAL", "AVAR")
"""Neurons whose activity Kato et al. segmented into states (of the paper's 15)."""

REVERSAL_COMMAND = (*LABEL_DEFINING, "AIBL", "AIBR", "AVER", "RIML", "RIMR")
"""Those, and the neurons that rise and fall with them: the stricter control."""

NEURON_SETS = ("paper", "shared", "without AVA", "without reversal neurons")


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
        One of `NEURON_SETS`.
    """

    label: str
    plan: Classification
    neurons: str = "paper"


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

    def only(self, labels: Sequence[str] | None) -> Experiment:
        """The experiment with some of its lines; ChoiceError for an unknown label."""
        if labels is None:
            return self
        known = {run.label: run for run in self.runs}
        for label in labels:
            if label not in known:
                raise ChoiceError("model", label, known)
        return replace(self, runs=tuple(known[label] for label in labels))

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
        _variants(("MLP", "MLP, no norm", "GNN"), "7 states", n_states=7)
        + _variants(("MLP", "MLP, no norm", "GNN"), "4 states", n_states=4),
    ),
    "figure4a-nichols": Experiment(
        "Figure 4A-B, right: four states on another session's worms",
        _variants(("MLP", "MLP, no norm", "GNN"), "4 states", n_states=4),
        unseen="nichols",
    ),
    "controls": Experiment(
        "Beyond the paper: blocked split, causal scaling, neurons that define the labels removed",
        _variants(("SVM", "MLP, no norm", "GNN"), "blocked split", split="blocked")
        + _variants(("SVM", "MLP, no norm"), "causal scaling", scaling="causal")
        + _variants(("SVM", "MLP, no norm", "GNN"), "without AVA", "without AVA")
        + _variants(
            ("SVM", "MLP, no norm"), "without reversal neurons", "without reversal neurons"
        ),
    ),
    "readings": Experiment(
        "Appendix: the readings that the text allows",
        tuple(Run(name, reading.plan()) for name, reading in READINGS.items()),
    ),
}


def experiment_named(name: str) -> Experiment:
    """The experiment of this name; ChoiceError names the choices."""
    if name not in EXPERIMENTS:
        raise ChoiceError("experiment", name, EXPERIMENTS)
    return EXPERIMENTS[name]


def neuron_set(name: str, recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Neurons of a named set, found among those that all recordings share.

    `paper` is the paper's 15 (the older release of the Kato file identifies no others in all
    worms; the current one shares 23), `shared` whatever is shared, and the others take
    neurons away from the paper's.

    Raises
    ------
    ChoiceError
        An unknown set.
    NeuronError
        Neurons of the paper's that are not shared.
    """
    if name not in NEURON_SETS:
        raise ChoiceError("set of neurons", name, NEURON_SETS)
    shared = shared_neurons(recordings)
    if name == "shared":
        return shared
    missing = sorted(set(PAPER_NEURONS) - set(shared))
    if missing:
        raise NeuronError(f"not shared by all recordings: {', '.join(missing)}")
    left_out = {"without AVA": LABEL_DEFINING, "without reversal neurons": REVERSAL_COMMAND}
    return tuple(n for n in PAPER_NEURONS if n not in left_out.get(name, ()))


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
    manifest = {
        "experiment": name,
        "command": command,
        "dataset": dataset,
        "data": {worm.worm: worm.digest for worm in load(dataset)},
        "profile": asdict(profile),
        "seed": seed,
        "code": code_version(CODE),
    }
    return [
        reference.write(f"{name}.{dataset}", results.rows, manifest),
        reference.write(f"{name}.{dataset}.confusion", results.confusion, manifest),
    ]
