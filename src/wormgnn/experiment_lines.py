"""Each table and figure as data: which models, neurons, states and worms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wormgnn.errors import ChoiceError, chosen
from wormgnn.protocol import Classification
from wormgnn.readings import CHOSEN, READINGS


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
    labels: Iterable[str], name: str, neurons: str = "paper", **changes: Any
) -> tuple[Run, ...]:
    return tuple(
        Run(f"{label}: {name}", replace(_MODELS[label], **changes), neurons) for label in labels
    )


def _without(neurons: str) -> tuple[Run, ...]:
    """All classification experiments of the paper with a smaller set of neurons."""
    return _variants(_MODELS, f"2 states, {neurons}", neurons) + tuple(
        line
        for n in (4, 7)
        for line in _variants(_ALL_STATES, f"{n} states, {neurons}", neurons, n_states=n)
    )


SHARPNESS = (1, 3, 10, 30, 100)
"""Factors within the softmax of the edges."""

_FEW_AND_MANY = (1, 4)
"""Numbers of training worms of experiments that compare many models."""


def _one_hot(rivals: str) -> tuple[Run, ...]:
    """The GNN with ever sharper edges."""
    own = _MODELS["GNN"].options
    return tuple(
        Run(
            f"GNN: softmax over {rivals}, factor {factor}",
            Classification(
                "gnn", options={**own, "sharpness": factor, "rivals": rivals}, sizes=_FEW_AND_MANY
            ),
        )
        for factor in SHARPNESS
    )


_ZOO = {
    "MLP, no norm": _MODELS["MLP, no norm"],
    "GNN": _MODELS["GNN"],
    "GIN-0": Classification("zoo", options={"layer": "gin-0"}),
    "GIN-eps": Classification("zoo", options={"layer": "gin-eps"}),
    "GraphSAGE": Classification("zoo", options={"layer": "sage"}),
    "GAT": Classification("zoo", options={"layer": "gat"}),
    "Global attention": Classification("zoo", options={"layer": "global-attention"}),
}


def _changed(label: str, **options: Any) -> Classification:
    plan = _MODELS[label]
    return replace(plan, options={**plan.options, **options})


_STRUCTURE = {
    "GNN": _MODELS["GNN"],
    "GNN, sum": _changed("GNN", aggregation="sum"),
    "GNN, two steps": _changed("GNN", steps=2),
    "GNN, three steps": _changed("GNN", steps=3),
    "GNN, edges per frame": _changed("GNN", edges="frame"),
    "GNN, 256 hidden": _changed("GNN", hidden=256),
    "MLP, no norm": _MODELS["MLP, no norm"],
    "MLP, no norm, 256 hidden": _changed("MLP, no norm", hidden=256),
}


def _few_and_many(plans: Mapping[str, Classification], neurons: str = "paper") -> tuple[Run, ...]:
    """Two and four states, trained on one worm and on four."""
    few = f", {neurons}" if neurons != "paper" else ""
    return tuple(
        Run(f"{label}{few}: {n} states", replace(plan, n_states=n, sizes=_FEW_AND_MANY), neurons)
        for n in (2, 4)
        for label, plan in plans.items()
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
        "Beyond the paper: blocked split, causal scaling",
        _variants(_CONTROLLED, "blocked split", split="blocked")
        + _variants(_CONTROLLED, "causal scaling", scaling="causal"),
    ),
    "without-ava": Experiment(
        "Supplement: without the neurons that define the labels, or move with them",
        _without("without AVA") + _without("without reversal neurons"),
    ),
    "one-hot": Experiment(
        "Supplement: one-hot encoding of edges", _one_hot("types") + _one_hot("senders")
    ),
    "zoo": Experiment("Supplement: established graph layers", _few_and_many(_ZOO)),
    "zoo-longer": Experiment(
        "Supplement: the same, to see what more epochs bring",
        tuple(
            Run(f"{label}: trained on {count}", replace(plan, n_states=4, sizes=(count,)))
            for count in _FEW_AND_MANY
            for label, plan in _ZOO.items()
        ),
    ),
    "structure": Experiment(
        "Model section and supplement: aggregation, steps, edges, hidden channels, neurons",
        _few_and_many(_STRUCTURE)
        + _few_and_many({label: _MODELS[label] for label in _CONTROLLED}, "three"),
    ),
    "readings": Experiment(
        "Appendix: the readings that the text allows",
        tuple(Run(name, reading.plan()) for name, reading in READINGS.items()),
    ),
}


def experiment_named(name: str) -> Experiment:
    """The experiment of this name; ChoiceError names the choices."""
    return chosen("experiment", name, EXPERIMENTS)
