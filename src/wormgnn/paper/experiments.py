"""Each table and figure of the book as data: its lines, its worms, and the scale of its reference.

`wormgnn run NAME` runs one; `--reference` writes its tables into `results/`. A new experiment is
one entry of `EXPERIMENTS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from wormgnn.datasets.simulated import MIXINGS, Simulation
from wormgnn.errors import chosen
from wormgnn.neurons import VOCABULARIES, draw_subsets
from wormgnn.paper.studies import (
    another_lab,
    any_neurons,
    connectomes,
    forecasts,
    individuality,
    manifold,
    mixing,
    model_zoo,
    one_hot,
    placement,
)
from wormgnn.plan import Experiment, Line, Plan
from wormgnn.recording import PAPER_NEURONS
from wormgnn.runner import OTHER_LAB

FEW_AND_MANY = (1, 4)
"""Numbers of training worms of experiments that compare many models."""

ROWS, CONFUSION = attrgetter("rows"), attrgetter("confusion")
"""Reference tables that are a run's own."""

# --- interpretations of the paper's equations 6 to 14 -----------------------------------------


def _mlp(**options: Any) -> Plan:
    return Plan("mlp", options=options)


def _gnn(edges: str, **options: Any) -> Plan:
    return Plan("gnn", options={"edges": edges, **options})


_NORM_IN_ENCODER = {"norm": "none", "encoder_norm": "last"}
_OWN_STATISTICS = "the same; batch norm of the encoder uses each worm's own statistics"
_ITS_OWN_STATISTICS = "the same; that batch norm uses each worm's own statistics"

INTERPRETATIONS = {
    "mlp": ("g: one hidden layer with batch norm, then the scores", _mlp()),
    "mlp, two hidden": ("g: two hidden layers, batch norm behind them", _mlp(hidden_layers=2)),
    "mlp, no norm": ("g: one hidden layer, no batch norm", _mlp(norm="none")),
    "before g": ("h averaged over time before g (eq. 9 to the letter)", _gnn("before")),
    "before g, worm's statistics": (_OWN_STATISTICS, _gnn("before", use_running=False)),
    "after g": ("hidden edge features averaged over time after g", _gnn("after")),
    "after g, worm's statistics": (_OWN_STATISTICS, _gnn("after", use_running=False)),
    "after g, two hidden": (
        "after g; two hidden layers in each g",
        _gnn("after", hidden_layers=2),
    ),
    "after g, two hidden, norm each": (
        "the same; batch norm behind each layer",
        _gnn("after", hidden_layers=2, norm="each"),
    ),
    "after g, no norm": ("after g; no batch norm anywhere", _gnn("after", norm="none")),
    "after g, norm in encoder": (
        "after g; batch norm in the edge encoder alone",
        _gnn("after", **_NORM_IN_ENCODER),
    ),
    "after g, norm in encoder, worm's statistics": (
        _ITS_OWN_STATISTICS,
        _gnn("after", **_NORM_IN_ENCODER, use_running=False),
    ),
    "before g, norm in encoder": (
        "before g; batch norm in the edge encoder alone",
        _gnn("before", **_NORM_IN_ENCODER),
    ),
    "before g, norm in encoder, worm's statistics": (
        _ITS_OWN_STATISTICS,
        _gnn("before", **_NORM_IN_ENCODER, use_running=False),
    ),
    "after g, no self edges": (
        "after g; a neuron does not send to itself",
        _gnn("after", self_edges=False),
    ),
    "after g, sum": ("after g; messages summed over neurons", _gnn("after", aggregation="sum")),
    "after g, two steps": ("after g; two message-passing steps", _gnn("after", steps=2)),
}
"""What each interpretation takes the text to mean, and its network."""

MLPS, GNNS = (
    {name: plan for name, (_, plan) in INTERPRETATIONS.items() if plan.model == model}
    for model in ("mlp", "gnn")
)

CHOSEN = {"gnn": "after g, norm in encoder", "mlp": "mlp, no norm"}
"""The interpretations that the rest of the book uses. They were chosen with all worms in view: the
appendix gives what a choice without looking reaches."""

# --- models --------------------------------------------------------------------------------------

MODELS = {
    "SVM": Plan("svm"),
    "SVM, linear": Plan("svm", options={"kernel": "linear"}),
    "MLP": Plan("mlp"),
    "MLP, no norm": MLPS[CHOSEN["mlp"]],
    "GNN (connectome)": Plan("gnn-connectome", options={"weighting": "normalised", "norm": "none"}),
    "GNN": GNNS[CHOSEN["gnn"]],
}
"""Rows of Table 1. `MLP` follows the paper's text; the others have the chosen interpretations, so
that the graph networks and `MLP, no norm` share their classifier and differ in the edges alone."""

_MLP, _GNN = MODELS["MLP, no norm"], MODELS["GNN"]

_LAYERS = {"GIN-0": "gin-0", "GIN-eps": "gin-eps", "GraphSAGE": "sage", "GAT": "gat"}
_LAYERS["Global attention"] = "global-attention"
ZOO = {"MLP, no norm": _MLP, "GNN": _GNN} | {
    name: Plan("zoo", options={"layer": layer}) for name, layer in _LAYERS.items()
}
STRUCTURE = {
    "GNN": _GNN,
    "GNN, sum": _GNN.with_options(aggregation="sum"),
    "GNN, two steps": _GNN.with_options(steps=2),
    "GNN, three steps": _GNN.with_options(steps=3),
    "GNN, edges per frame": _GNN.with_options(edges="frame"),
    "GNN, 256 hidden": _GNN.with_options(hidden=256),
    "MLP, no norm": _MLP,
    "MLP, no norm, 256 hidden": _MLP.with_options(hidden=256),
}

SIMPLE = {
    "Persistence": "persistence",
    "Damped persistence": "damped",
    "Constant derivative": "constant-derivative",
    "Mean": "mean",
    "Ridge, one frame": "ridge",
    "VAR, four frames": "var",
}
"""Forecasts without a network."""

_NETWORKS = {
    "MLP": "mlp",
    "Node MLP": "node-mlp",
    "GNN": "gnn",
    "GNN, static edges": "gnn",
    "GAT": "gat",
    "MLP-RNN": "mlp-rnn",
    "Node MLP-RNN": "node-mlp-rnn",
    "GNN-RNN": "gnn-rnn",
}
FORECASTERS = {
    label: Plan(model, "traces", sizes=FEW_AND_MANY)
    for label, model in {**SIMPLE, **_NETWORKS}.items()
}
FORECASTERS["GNN, static edges"] = FORECASTERS["GNN"].with_options(edges="after")

# --- lines ---------------------------------------------------------------------------------------

_LINE_FIELDS = ("neurons", "view", "train", "alone", "factors")


def lines(plans: Mapping[str, Plan], suffix: str = "", **changes: Any) -> tuple[Line, ...]:
    """A line for each model; `changes` are fields of its plan or of the line."""
    of_line = {name: changes.pop(name) for name in _LINE_FIELDS if name in changes}
    return tuple(
        Line(label + suffix, plan, model=label, **of_line)
        for label, plan in changed(plans, **changes).items()
    )


def changed(plans: Mapping[str, Plan], **changes: Any) -> dict[str, Plan]:
    """The same models with other fields of their plans."""
    return {label: replace(plan, **changes) for label, plan in plans.items()}


def by_states(
    plans: Mapping[str, Plan], numbers: Sequence[int], suffix: str = ": {} states", **changes: Any
) -> tuple[Line, ...]:
    """Lines for each number of states, which the suffix has in place of `{}`."""
    return sum((lines(plans, suffix.format(n), n_states=n, **changes) for n in numbers), ())


def some(*labels: str) -> dict[str, Plan]:
    """Some of the models of Table 1."""
    return {label: MODELS[label] for label in labels}


_CONTROLLED = some("SVM", "MLP, no norm", "GNN")
_ALL_STATES = some("MLP", "MLP, no norm", "GNN")
_SEVEN_AND_FOUR = by_states(_ALL_STATES, (7, 4))


def _without(neurons: str) -> tuple[Line, ...]:
    """All classification experiments of the paper with a smaller set of neurons."""
    suffix = f": {{}} states, {neurons}"
    two = by_states(MODELS, (2,), suffix, neurons=neurons)
    return two + by_states(_ALL_STATES, (4, 7), suffix, neurons=neurons)


SHARPNESS = (1, 3, 10, 30, 100)
"""Factors within the softmax of the edges."""


def _one_hot(rivals: str) -> tuple[Line, ...]:
    """The GNN with ever sharper edges."""
    return tuple(
        Line(
            f"GNN: softmax over {rivals}, factor {factor}",
            replace(_GNN.with_options(sharpness=factor, rivals=rivals), sizes=FEW_AND_MANY),
            model="GNN",
            factors={"rivals": rivals, "factor": factor},
        )
        for factor in SHARPNESS
    )


def _transfer() -> tuple[Line, ...]:
    """Kato's worms train, another laboratory's animals are decoded; and what those give alone."""
    plans = some("SVM", "MLP", "MLP, no norm")
    plans |= {"MLP, no norm, causal": replace(_MLP, scaling="causal"), "GNN": _GNN}
    result: tuple[Line, ...] = ()
    for neurons in ("own", "common", "confident"):
        result += lines(plans, f": {neurons}", neurons=neurons, sizes=(1, 4, 5))
    slopes = {"neurons": "own", "view": "derivative", "sizes": (1, 4, 5)}
    result += lines(plans, ": own, derivative", **slopes)
    result += lines(plans, ": within", neurons="common", sizes=(3,), train=OTHER_LAB, alone=True)
    return tuple(
        replace(line, model="MLP, no norm") if line.plan.scaling == "causal" else line
        for line in result
    )


def _manifold() -> tuple[Line, ...]:
    """The method of row (18), on its own worm and on others, and what it has to beat."""
    whole, own = Plan("manifold", split="none", sizes=(4,)), Plan("manifold", sizes=(1,))
    plain = replace(whole, model="standardised")
    grid = (
        Line(
            f"choice {number}",
            replace(whole.with_options(**point), sizes=(3, 4)),
            model=manifold.CHOICE,
            factors={"choice": number},
        )
        for number, point in enumerate(manifold.GRID_POINTS)
    )
    return (
        Line("ADMM (shuffled)", own),
        Line("ADMM (blocked)", replace(own, split="blocked")),
        Line("ADMM", replace(whole, sizes=(1, 2, 3, 4))),
        Line("ADMM (position)", whole.with_options(readout="position")),
        Line("ADMM (without AVA)", whole, neurons="without AVA"),
        Line("ADMM (causal scaling)", replace(whole, scaling="causal")),
        Line("ADMM (present frame)", whole.with_options(n_delays=0)),
        *(
            Line(name, plain.with_options(classifier=name))
            for name in ("logistic regression", "nearest neighbours")
        ),
        *grid,
    )


def _readers(
    models: Sequence[str], sets: Sequence[str], sizes: tuple[int, ...] = FEW_AND_MANY
) -> tuple[Line, ...]:
    """Recordings read by the neurons that each set names."""
    plans = {name: any_neurons.METHODS[name] for name in models}
    each = (lines(plans, f": {neurons}", neurons=neurons, sizes=sizes) for neurons in sets)
    return sum(each, ())


def dial(worms: Sequence[Simulation], sizes: Sequence[int] = FEW_AND_MANY) -> tuple[Line, ...]:
    """Models on simulated worms whose variability is known, and on the same worms aligned."""
    plans = changed(some("SVM", "MLP", "MLP, no norm", "GNN"), sizes=tuple(sizes))
    oracles = {label: plans[label] for label in ("SVM", "MLP, no norm")}
    return mixing.lines(plans, worms) + mixing.lines(oracles, worms, "aligned")


def _mixing_checks() -> tuple[Line, ...]:
    """Second ways to ask: each changes one thing in the dial's runs."""
    pair = changed(some("MLP, no norm", "GNN"), sizes=FEW_AND_MANY)
    half = mixing.grid(MIXINGS, (0.35,), (0,))
    others = {
        n: GNNS[n] for n in ("before g, worm's statistics", "after g, no norm", "after g, sum")
    }
    others = {"MLP, no norm": _MLP, **others}
    like_kato = placement.PHYSICS["Kato-like"]
    alike = mixing.grid(MIXINGS[:1], (0.1, 0.2), (0, 1), physics=like_kato)
    n_worms = max(mixing.MANY) + mixing.N_UNSEEN
    crowd = mixing.grid(MIXINGS, (0.5,), (0,), n_worms=n_worms, duration_s=360.0)
    many = tuple(
        replace(line, label=f"{line.label}, {count} worms", pool=(count, mixing.N_UNSEEN))
        for count in mixing.MANY
        for line in mixing.lines(changed(pair, sizes=(count,)), crowd, check="many worms")
    )
    return (
        mixing.lines(changed(pair, n_states=4), half, check="four states")
        + mixing.lines(changed(pair, epochs=800), half, check="longer training")
        + mixing.lines(changed(others, sizes=FEW_AND_MANY), half, check="other readings")
        + mixing.lines(pair, alike, check="Kato-like")
        + many
    )


# --- experiments ---------------------------------------------------------------------------------

_REDUCED: dict[str, Any] = {"profile": "reduced", "folds": 1}
_SIMULATED: dict[str, Any] = {"dataset": "simulated", **_REDUCED}
_ONLY_GNN = tuple(line for line in lines(MODELS) if line.model == "GNN")
_SAMPLING = {
    "Persistence": FORECASTERS["Persistence"],
    "MLP": FORECASTERS["MLP"],
    "MLP, own predictions only": replace(FORECASTERS["MLP"], sampling_end=0.0),
    "MLP, true frames only": replace(FORECASTERS["MLP"], sampling_end=1e9),
    "MLP, batch norm": FORECASTERS["MLP"].with_options(norm="last"),
}


def _forecast(
    name: str,
    title: str,
    plans: Mapping[str, Plan] = FORECASTERS,
    unseen: str | None = None,
    **changes: Any,
) -> Experiment:
    tables = {name: forecasts.errors}
    return Experiment(
        name, title, lines(plans, **changes), unseen=unseen, tables=tables, **_REDUCED
    )


_EXPERIMENTS = (
    Experiment("table1", "Table 1: forward and reverse crawling", lines(MODELS)),
    Experiment(
        "table1-nichols",
        "Table 1, last column: the neurons that both datasets share",
        lines(MODELS, neurons="shared"),
        unseen="nichols",
    ),
    Experiment("figure4a", "Figure 4A-B: seven and four states", _SEVEN_AND_FOUR),
    Experiment(
        "figure4a-nichols",
        "Figure 4A-B, right: four states on another session's worms",
        by_states(_ALL_STATES, (4,), neurons="shared"),
        unseen="nichols",
    ),
    Experiment(
        "controls",
        "Beyond the paper: blocked split, causal scaling",
        lines(_CONTROLLED, ": blocked split", split="blocked")
        + lines(_CONTROLLED, ": causal scaling", scaling="causal"),
    ),
    Experiment(
        "without-ava",
        "Supplement: without the neurons that define the labels, or move with them",
        _without("without AVA") + _without("without reversal neurons"),
    ),
    Experiment(
        "one-hot",
        "Supplement: one-hot encoding of edges",
        _one_hot("types") + _one_hot("senders"),
        folds=2,
        tables={
            "one-hot": ROWS,
            "one-hot-confusion": CONFUSION,
            "one_hot_edges": one_hot.edges_table,
            "one_hot_examples": one_hot.examples,
        },
    ),
    Experiment(
        "zoo",
        "Supplement: established graph layers",
        by_states(ZOO, (2, 4), sizes=FEW_AND_MANY),
        profile="reduced",
        folds=2,
        tables={"zoo": ROWS, "zoo-confusion": CONFUSION, "overfitting": model_zoo.overfitting},
    ),
    Experiment(
        "zoo-longer",
        "Supplement: the same, to see what more epochs bring",
        lines(ZOO, ": trained on 1", n_states=4, sizes=(1,))
        + lines(ZOO, ": trained on 4", n_states=4, sizes=(4,)),
        folds=1,
    ),
    Experiment(
        "structure",
        "Model section and supplement: aggregation, steps, edges, hidden channels, neurons",
        by_states(STRUCTURE, (2, 4), sizes=FEW_AND_MANY)
        + by_states(_CONTROLLED, (2, 4), ", three: {} states", neurons="three", sizes=FEW_AND_MANY),
        profile="reduced",
        folds=2,
    ),
    Experiment(
        "readings",
        "Appendix: the interpretations that the text allows",
        lines({**MLPS, **GNNS}, sizes=(1, 3, 4)),
        folds=1,
    ),
    Experiment(
        "transfer",
        "Beyond the paper: another laboratory's animals",
        _transfer(),
        unseen=OTHER_LAB,
        folds=2,
        tables={"transfer": another_lab.essential},
    ),
    _forecast("figure4c", "Figure 4C-D: unseen worms"),
    _forecast(
        "figure4c-three",
        "Figure 4C-D with the three neurons of both data sets",
        neurons="three",
    ),
    _forecast(
        "figure4c-nichols",
        "Figure 4C-D: worms of another session",
        unseen="nichols",
        neurons="three",
        sizes=(1, 5),
    ),
    _forecast(
        "figure4c-abroad",
        "Figure 4C-D: another laboratory's animals",
        unseen=OTHER_LAB,
        neurons="common",
        sizes=(1, 5),
    ),
    _forecast(
        "figure4c-causal",
        "Beyond the paper: scale and derivative from the past alone",
        {label: plan for label, plan in FORECASTERS.items() if label in forecasts.CAUSAL},
        scaling="causal",
    ),
    _forecast("sampling", "Beyond the paper: what scheduled sampling and batch norm do", _SAMPLING),
    Experiment(
        "manifold",
        "Table 1, row (18): the manifold of Brennan and Proekt; components; onsets",
        _manifold(),
        tables=manifold.TABLES,
    ),
    Experiment(
        "connectomes",
        "Supplement: inferred edges beside the connectome",
        _ONLY_GNN,
        tables=connectomes.TABLES,
    ),
    Experiment(
        "edge-frames",
        "How many frames the edges of a whole recording need",
        _ONLY_GNN,
        folds=1,
        tables={"edge_frames": model_zoo.edge_frames},
    ),
    Experiment(
        "compute",
        "What training takes: seconds of every fold of Table 1 and Figure 4A",
        lines(MODELS) + _SEVEN_AND_FOUR,
        tables={"compute": model_zoo.compute},
    ),
    Experiment(
        "any-neurons",
        "Beyond the paper: fewer neurons",
        any_neurons.lines(draw_subsets(PAPER_NEURONS, (1, 2, 3, 5, 9, 14, 15), 10), FEW_AND_MANY),
        folds=1,
        tables=any_neurons.TABLES,
    ),
    Experiment(
        "whole-recordings",
        "Beyond the paper: each recording read by the neurons it has",
        _readers(any_neurons.RETRAINED, ("paper", "shared"))
        + _readers(("set reader", "set reader, no dropping"), VOCABULARIES),
        folds=1,
        tables={"neuron_readers": ROWS},
    ),
    Experiment(
        "readers-abroad",
        "Beyond the paper: another laboratory's animals read by the neurons they have",
        _readers(("set reader",), VOCABULARIES, (1, 5)),
        unseen=OTHER_LAB,
        folds=1,
        tables={"neuron_readers-abroad": any_neurons.unseen_rows},
    ),
    Experiment(
        "mixing",
        "Beyond the paper: the hypothesis on simulated worms",
        dial(mixing.grid(MIXINGS, mixing.DIAL, (0, 1))),
        tables={"mixing": mixing.over_members, "mixing_edges": mixing.legible},
        **_SIMULATED,
    ),
    Experiment(
        "mixing-checks",
        "Beyond the paper: second ways to ask whether inferred edges help",
        _mixing_checks(),
        tables={"mixing_checks": mixing.over_members},
        **_SIMULATED,
    ),
    Experiment(
        "mixing-placement",
        "Beyond the paper: where real worms sit on the dial of individual variability",
        by_states(some("SVM"), (2, 4), sizes=(1,)),
        tables=placement.TABLES,
        **_REDUCED,
    ),
    Experiment(
        "recordings",
        "Facts of the recordings that the paper's sentences are checked against",
        (),
        tables={"recordings": lambda table: individuality.facts(table.recordings, seed=table.seed)},
    ),
)
EXPERIMENTS = {experiment.name: experiment for experiment in _EXPERIMENTS}


def experiment_named(name: str) -> Experiment:
    """The experiment of this name; ChoiceError names the choices."""
    return chosen("experiment", name, EXPERIMENTS)


def experiment_of(table: str) -> Experiment | None:
    """The experiment that writes a reference table (named without its dataset), or None."""
    return next((e for e in EXPERIMENTS.values() if table in e.makers), None)
