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
from wormgnn.features import Scaling
from wormgnn.neurons import VOCABULARIES, draw_subsets
from wormgnn.paper.readings import (
    BARE_SUM,
    CHOSEN,
    LITERAL,
    READINGS,
    SEEDS,
    decomposition,
    finalists,
    gnn,
)
from wormgnn.paper.studies import (
    another_lab,
    any_neurons,
    connectomes,
    decoder,
    forecasts,
    individuality,
    manifold,
    mixing,
    model_zoo,
    nameless,
    one_hot,
    placement,
    real_worms,
)
from wormgnn.plan import Experiment, Line, Plan
from wormgnn.recording import PAPER_NEURONS
from wormgnn.runner import OTHER_LAB

FEW_AND_MANY = (1, 4)
"""Numbers of training worms of experiments that compare many models."""

ROWS, CONFUSION = attrgetter("rows"), attrgetter("confusion")
"""Reference tables that are a run's own."""

# --- models --------------------------------------------------------------------------------------

MODELS = {
    "SVM": Plan("svm"),
    "SVM, linear": Plan("svm", options={"kernel": "linear"}),
    "MLP": LITERAL["mlp"].plan,
    "MLP, no norm": CHOSEN["mlp"].plan,
    "GNN (connectome)": Plan("gnn-connectome", options={"weighting": "normalised", "norm": "none"}),
    "GNN, as written": LITERAL["gnn"].plan,
    "GNN, bare sum": BARE_SUM.plan,
    "GNN": CHOSEN["gnn"].plan,
}
"""Rows of Table 1. `MLP` and `GNN, as written` follow the text to the letter. `MLP, no norm` and
the other graph networks share their classifier, and differ in the messages alone."""

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


def changed(plans: Mapping[str, Plan], **changes: Any) -> dict[str, Plan]:
    """The same models with other fields of their plans."""
    return {label: replace(plan, **changes) for label, plan in plans.items()}


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
    "MLP": Plan("mlp"),
    "Node MLP": Plan("node-mlp"),
    "GNN": Plan("gnn"),
    "GNN, static edges": Plan("gnn", options={"edges": "after"}),
    "GNN, self edge": Plan("gnn", options={"edges": "after", "message": "self"}),
    "GAT": Plan("gat"),
    "MLP-RNN": Plan("mlp-rnn"),
}
FORECASTERS = changed(
    {label: Plan(model) for label, model in SIMPLE.items()} | _NETWORKS,
    task="traces",
    sizes=FEW_AND_MANY,
)
"""`GNN` infers its edges at each frame and sums, as the text says; `GNN, self edge` is the network
of Table 1's row."""

CAUSAL = changed(
    {k: plan for k, plan in FORECASTERS.items() if k not in ("Constant derivative", "GAT")},
    scaling="causal",
)
"""Those on features of the past alone; a constant derivative needs one scale for a recording."""

_FURTHER = {k: v for k, v in CAUSAL.items() if k in (*SIMPLE, "MLP", "Node MLP", "GNN, self edge")}
"""Those that are also run at the paper's size, and on another laboratory's animals."""

_LAGGED = Plan("mlp-lags", "traces", scaling="causal")
_TRIED = {
    "MLP": CAUSAL["MLP"],
    "MLP, 256 hidden": CAUSAL["MLP"].with_options(hidden=256),
    "MLP on four frames": _LAGGED,
    "MLP added to the VAR": _LAGGED.with_options(linear=True),
    "MLP averaged with the VAR": CAUSAL["MLP"].with_options(averaged_with="var"),
    "GNN, self edge": CAUSAL["GNN, self edge"],
    "GNN averaged with the VAR": CAUSAL["GNN, self edge"].with_options(averaged_with="var"),
}
SEARCHED = changed(
    {
        **{k: CAUSAL[k] for k in ("Persistence", "VAR, four frames", "MLP", "GNN, self edge")},
        **{f"{k}, 75 epochs": replace(plan, epochs=75) for k, plan in _TRIED.items()},
        **{
            f"GNN averaged with the VAR, seed {seed}": replace(
                _TRIED["GNN averaged with the VAR"], epochs=75, seed=seed
            )
            for seed in (1, 2)
        },
    },
    sizes=(3, 4),
)
"""What was tried to beat the linear map of four frames, and what does so with other folds and
initial weights."""

# --- lines ---------------------------------------------------------------------------------------

_LINE_FIELDS = ("neurons", "view", "train", "alone", "factors")


def lines(plans: Mapping[str, Plan], suffix: str = "", **changes: Any) -> tuple[Line, ...]:
    """A line for each model; `changes` are fields of its plan or of the line."""
    of_line = {name: changes.pop(name) for name in _LINE_FIELDS if name in changes}
    return tuple(
        Line(label + suffix, plan, model=label, **of_line)
        for label, plan in changed(plans, **changes).items()
    )


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
    six = some("SVM", "SVM, linear", "MLP", "MLP, no norm", "GNN (connectome)", "GNN")
    two = by_states(six, (2,), suffix, neurons=neurons)
    return two + by_states(_ALL_STATES, (4, 7), suffix, neurons=neurons)


def _seeds() -> tuple[Line, ...]:
    """Each network of Table 1 as a network without a graph and with one, for every seed."""
    models = some("MLP", "MLP, no norm", "GNN")
    each = (lines(models, f": seed {n}", seed=n, factors={"seed": n}) for n in SEEDS)
    return sum(each, ())


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
    others = some("MLP, no norm", "GNN, as written", "GNN, bare sum")
    others["GNN, own statistics"] = gnn("self", norm="own").plan
    # A softmax this flat makes every edge one half, in every worm: the same network but for edges.
    others["GNN, edges alike"] = _GNN.with_options(sharpness=1e-6)
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


def _svms() -> tuple[Line, ...]:
    """Support vector machines that the text allows: what is seen, how scaled, kernel, C, width."""
    machines: list[dict[str, Any]] = [
        *({"kernel": "linear", "c": c} for c in (0.01, 1, 100)),
        *({"kernel": "rbf", "c": c} for c in (0.01, 1, 100)),
        *({"kernel": "rbf", "c": 1, "gamma": gamma} for gamma in (1, 3, 7, 10, 15)),
        {"kernel": "poly", "c": 1},
        {"kernel": "sigmoid", "c": 1},
    ]
    views: list[tuple[str, Scaling]] = [("both", "whole"), ("trace", "whole"), ("both", "derived")]
    return tuple(
        Line(
            f"{seen}, {scaling}, {machine['kernel']}, C {machine['c']}"
            + (f", gamma {machine['gamma']}" if "gamma" in machine else ""),
            Plan("svm", options={**machine, "seen": seen}, scaling=scaling),
            model="SVM",
            factors={"seen_by": seen, "gamma": "scale", **machine},
        )
        for seen, scaling in views
        for machine in machines
    )


# --- experiments ---------------------------------------------------------------------------------

_REDUCED: dict[str, Any] = {"profile": "reduced", "folds": 1}
_SIMULATED: dict[str, Any] = {"dataset": "simulated", **_REDUCED}
_ONLY_GNN = lines(some("GNN"))
_SAMPLING = {
    "Persistence": CAUSAL["Persistence"],
    "MLP": CAUSAL["MLP"],
    "MLP, own predictions only": replace(CAUSAL["MLP"], sampling_end=0.0),
    "MLP, true frames only": replace(CAUSAL["MLP"], sampling_end=1e9),
    "MLP, batch norm": CAUSAL["MLP"].with_options(norm="last"),
}


def _forecast(
    name: str,
    title: str,
    plans: Mapping[str, Plan] = CAUSAL,
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
    Experiment("seeds", "Table 1 with other initial weights and orders of training", _seeds()),
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
        folds=2,  # of networks; the table's SVMs have all ten
    ),
    Experiment(
        "without-ava",
        "Supplement: without the neurons that define the labels, or move with them",
        _without("without AVA") + _without("without reversal neurons"),
        folds=2,  # of networks; the table's SVMs have seven
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
        folds=2,  # GAT, and the other layers in two states, have one
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
        folds=1,
    ),
    Experiment(
        "readings",
        "Appendix: the readings that the text allows",
        tuple(READINGS.values()),
        folds=1,
    ).changed(sizes=(1, 3)),
    Experiment("finalists", "Appendix: the best readings, whole", finalists(), folds=5),
    Experiment(
        "decomposition",
        "Appendix: graph or batch norm, what networks on the same neurons differ by",
        decomposition(),
        folds=3,
    ).changed(sizes=FEW_AND_MANY),
    Experiment(
        "svm-row", "Table 1: support vector machines tried for its row", _svms(), folds=1
    ).changed(sizes=FEW_AND_MANY),
    Experiment(
        "transfer",
        "Beyond the paper: another laboratory's animals",
        _transfer(),
        unseen=OTHER_LAB,
        folds=2,
        tables={"transfer": another_lab.essential},
    ),
    Experiment(
        "nameless",
        "Beyond the paper: worms whose neurons have no names",
        (),
        unseen=OTHER_LAB,
        tables={"nameless": nameless.of_table},
    ),
    _forecast("figure4c", "Figure 4C-D: unseen worms, features as in the paper", FORECASTERS),
    replace(
        _forecast("figure4c-causal", "Figure 4C-D: unseen worms, features from the past alone"),
        tables={
            "figure4c-causal": forecasts.errors,
            "free_forecasts": forecasts.describe_free_runs,
        },
        pictures={
            "forecasts": forecasts.forecast_examples,
            "free_paths": forecasts.free_roll_outs,
        },
    ),
    Experiment(
        "figure4c-paper",
        "Figure 4C-D: the same at the paper's size and length of training",
        lines({k: v for k, v in _FURTHER.items() if k != "Node MLP"}),
        folds=1,
        tables={"figure4c-paper": forecasts.errors},
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
        _FURTHER,
        unseen=OTHER_LAB,
        neurons="common",
        sizes=(1, 5),
    ),
    _forecast("forecast-search", "Beyond the paper: networks against the linear map", SEARCHED),
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
        lines({label: plan for label, plan in MODELS.items() if plan.model != "svm"})
        + _SEVEN_AND_FOUR,
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
    Experiment(
        "decoder",
        "Beyond the paper: the shipped decoder on worms that it was not trained on",
        (),
        unseen=OTHER_LAB,
        tables=decoder.TABLES,
    ),
    Experiment(
        "animal",
        "Beyond the paper: a freely moving animal, by a decoder that was trained on all others",
        (),
        unseen=OTHER_LAB,
        tables={"decoded_animal": decoder.animal_frames},
        pictures={"decoded_traces": decoder.animal_picture},
    ),
    Experiment(
        "costs",
        "What training takes: time and memory of a step at several sizes",
        lines(some("MLP", "MLP, no norm", "GNN")),
        dataset="simulated",
        profile="smoke",
        tables={"costs": model_zoo.costs},
    ),
    Experiment(
        "worms",
        "Real worms as the book shows them: coordinates in few dimensions, and pictures",
        (),
        tables=real_worms.TABLES,
        pictures=real_worms.PICTURES,
    ),
)
EXPERIMENTS = {experiment.name: experiment for experiment in _EXPERIMENTS}


def experiment_named(name: str) -> Experiment:
    """The experiment of this name; ChoiceError names the choices."""
    return chosen("experiment", name, EXPERIMENTS)


def experiment_of(table: str) -> Experiment | None:
    """What writes a reference table or picture (named without its dataset), or None."""
    every = EXPERIMENTS.values()
    return next((e for e in every if table in e.makers or table in e.pictures), None)
