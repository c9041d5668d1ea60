"""Each table and figure of the book as data: its lines, its worms, and the scale of its reference.

`wormgnn run NAME` runs one; `--reference` writes its tables into `results/`. A new experiment is
one entry of `EXPERIMENTS`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from wormgnn.cohort import OTHER_LAB
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
    manifold,
    mixing,
    model_zoo,
    one_hot,
    placement,
    real_worms,
)
from wormgnn.paper.studies.any_neurons import METHODS
from wormgnn.plan import Experiment, Line, Plan
from wormgnn.recording import PAPER_NEURONS

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


def some(*labels: str, of: Mapping[str, Plan] = MODELS) -> dict[str, Plan]:
    """Some of the models of Table 1, or of other models."""
    return {label: of[label] for label in labels}


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

_FURTHER = some(*(k for k in SIMPLE if k in CAUSAL), "MLP", "Node MLP", "GNN, self edge", of=CAUSAL)
"""Those that are also run at the paper's size, and on another laboratory's animals."""

# A softmax this flat makes every edge one half: in all worms the same network but for its edges.
_ALIKE = {"sharpness": 1e-6}
_OTHER, _AVERAGED = {"edges_of": "another worm"}, {"averaged_with": "var"}
_SELF = CAUSAL["GNN, self edge"]
_LAGGED = Plan("mlp-lags", "traces", scaling="causal")
_TRIED = {
    "MLP": CAUSAL["MLP"],
    "MLP, 256 hidden": CAUSAL["MLP"].with_options(hidden=256),
    "MLP on four frames": _LAGGED,
    "MLP added to the VAR": _LAGGED.with_options(linear=True),
    "MLP averaged with the VAR": CAUSAL["MLP"].with_options(**_AVERAGED),
    "GNN, self edge": _SELF,
    "GNN, edges alike": _SELF.with_options(**_ALIKE),
    "GNN, another worm's edges": _SELF.with_options(**_OTHER),
    "GNN averaged with the VAR": _SELF.with_options(**_AVERAGED),
    "GNN, edges alike, averaged with the VAR": _SELF.with_options(**_ALIKE, **_AVERAGED),
    "GNN, another worm's edges, averaged with the VAR": _SELF.with_options(**_OTHER, **_AVERAGED),
}
AGAIN = {
    "GNN averaged with the VAR": (1, 2),
    "GNN, edges alike, averaged with the VAR": (1,),
    "GNN, another worm's edges, averaged with the VAR": (1,),
}
"""What is run again with other folds and initial weights, by those seeds."""

SEARCHED = changed(
    {
        **some("Persistence", "VAR, four frames", "MLP", "GNN, self edge", of=CAUSAL),
        **{f"{k}, 75 epochs": replace(plan, epochs=75) for k, plan in _TRIED.items()},
        **{
            f"{k}, seed {seed}": replace(_TRIED[k], epochs=75, seed=seed)
            for k, seeds in AGAIN.items()
            for seed in seeds
        },
    },
    sizes=(3, 4),
)
"""What was tried to beat the linear map of four frames."""

# --- lines ---------------------------------------------------------------------------------------

_LINE_FIELDS = ("neurons", "view", "train", "alone", "factors")


def lines(plans: Mapping[str, Plan], suffix: str = "", **changes: Any) -> tuple[Line, ...]:
    """A line for each model, and for each value of a list among the changes.

    These are of fields of its plan or of the line, which the suffix may name (`{n_states}`).
    """
    each = [value if isinstance(value, list) else [value] for value in changes.values()]
    result: list[Line] = []
    for values in itertools.product(*each):
        fields = dict(zip(changes, values, strict=True))
        end = suffix.format(**fields)
        of_line = {name: fields.pop(name) for name in _LINE_FIELDS if name in fields}
        each_plan = changed(plans, **fields).items()
        result += [Line(label + end, plan, model=label, **of_line) for label, plan in each_plan]
    return tuple(result)


_CONTROLLED = some("SVM", "MLP, no norm", "GNN")
_ALL_STATES = some("MLP", "MLP, no norm", "GNN")
_STATES = ": {n_states} states"
_SEVEN_AND_FOUR = lines(_ALL_STATES, _STATES, n_states=[7, 4])


def _without(neurons: str) -> tuple[Line, ...]:
    """All classification experiments of the paper with a smaller set of neurons."""
    six = some("SVM", "SVM, linear", "MLP", "MLP, no norm", "GNN (connectome)", "GNN")
    two, more = (
        lines(models, f"{_STATES}, {neurons}", n_states=n_states, neurons=neurons)
        for models, n_states in ((six, 2), (_ALL_STATES, [4, 7]))
    )
    return two + more


SHARPNESS = (1, 3, 10, 30, 100)
"""Factors within the softmax of the edges."""


def _one_hot(rivals: str, model: str = "GNN") -> tuple[Line, ...]:
    """A graph network with ever sharper edges."""
    each = (
        lines(
            {model: MODELS[model].with_options(sharpness=factor, rivals=rivals)},
            f": softmax over {rivals}, factor {factor}",
            sizes=FEW_AND_MANY,
            factors={"rivals": rivals, "factor": factor},
        )
        for factor in SHARPNESS
    )
    return sum(each, ())


def _transfer() -> tuple[Line, ...]:
    """Kato's worms train, another laboratory's animals are decoded; and what those give alone."""
    plans = some("SVM", "MLP", "MLP, no norm")
    plans |= {"MLP, no norm, causal": replace(_MLP, scaling="causal"), "GNN": _GNN}
    sets, sizes = ["own", "common", "confident"], (1, 4, 5)
    result = (
        lines(plans, ": {neurons}", neurons=sets, sizes=sizes)
        + lines(plans, ": {neurons}, {view}", neurons="own", view="derivative", sizes=sizes)
        + lines(plans, ": within", neurons="common", sizes=(3,), train=OTHER_LAB, alone=True)
    )
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


def _worlds(
    plans: Mapping[str, Plan],
    worms: Sequence[Simulation],
    view: str = "as recorded",
    **factors: Any,
) -> tuple[Line, ...]:
    """Every plan on every set of worms; its place on the dial, and `factors`, identify a line."""
    more = [*([] if view == "as recorded" else [view]), *map(str, factors.values())]
    each = (
        lines(
            plans,
            f": {', '.join([f'{world.kind} {world.mixing:g}', f'set {world.seed}', *more])}",
            view=view,
            train=world,
            factors={"kind": world.kind, "mixing": world.mixing, "sim_seed": world.seed} | factors,
        )
        for world in worms
    )
    return sum(each, ())


def dial(worms: Sequence[Simulation], sizes: Sequence[int] = FEW_AND_MANY) -> tuple[Line, ...]:
    """Models on simulated worms whose variability is known, and on the same worms aligned."""
    plans = changed(some("SVM", "MLP", "MLP, no norm", "GNN"), sizes=tuple(sizes))
    oracles = {label: plans[label] for label in ("SVM", "MLP, no norm")}
    return _worlds(plans, worms) + _worlds(oracles, worms, "aligned")


def _mixing_checks() -> tuple[Line, ...]:
    """Second ways to ask: each changes one thing in the dial's runs."""
    pair = changed(some("MLP, no norm", "GNN"), sizes=FEW_AND_MANY)
    half = mixing.grid(MIXINGS, (0.35,), (0,))
    others = some("MLP, no norm", "GNN, as written", "GNN, bare sum")
    others["GNN, own statistics"] = gnn("self", norm="own").plan
    others["GNN, edges alike"] = _GNN.with_options(**_ALIKE)
    alike = mixing.grid(MIXINGS[:1], (0.1, 0.2), (0, 1), physics=placement.PHYSICS["Kato-like"])
    n_worms = max(mixing.MANY) + mixing.N_UNSEEN
    crowd = mixing.grid(MIXINGS, (0.5,), (0,), n_worms=n_worms, duration_s=360.0)
    many = tuple(
        replace(line, label=f"{line.label}, {count} worms", pool=(count, mixing.N_UNSEEN))
        for count in mixing.MANY
        for line in _worlds(changed(pair, sizes=(count,)), crowd, check="many worms")
    )
    return (
        _worlds(changed(pair, n_states=4), half, check="four states")
        + _worlds(changed(pair, epochs=800), half, check="longer training")
        + _worlds(changed(others, sizes=FEW_AND_MANY), half, check="other readings")
        + _worlds(pair, alike, check="Kato-like")
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


# The experiments are a table that is read line by line, so its lines are ours.
# fmt: off
_EXPERIMENTS = (
    Experiment("table1", "Table 1: forward and reverse crawling", lines(MODELS)),
    Experiment("table1-nichols", "Table 1, last column: the neurons that both datasets share",
        lines(MODELS, neurons="shared"), unseen="nichols"),
    Experiment("seeds", "Table 1 with other initial weights and orders of training",
        sum((lines(_ALL_STATES, f": seed {n}", seed=n, factors={"seed": n}) for n in SEEDS), ())),
    Experiment("figure4a", "Figure 4A-B: seven and four states", _SEVEN_AND_FOUR),
    Experiment("figure4a-nichols", "Figure 4A-B, right: four states on another session's worms",
        lines(_ALL_STATES, _STATES, n_states=4, neurons="shared"), unseen="nichols"),
    Experiment("controls", "Beyond the paper: blocked split, causal scaling",
        lines(_CONTROLLED, ": blocked split", split="blocked")
        + lines(_CONTROLLED, ": causal scaling", scaling="causal")),
    Experiment("without-ava",
        "Supplement: without the neurons that define the labels, or move with them",
        _without("without AVA") + _without("without reversal neurons"),
        folds=2),  # of networks; the table's SVMs have seven
    Experiment("one-hot", "Supplement: one-hot encoding of edges",
        _one_hot("types") + _one_hot("senders"), folds=2,
        tables={"one-hot": ROWS, "one-hot-confusion": CONFUSION,
            "one_hot_edges": one_hot.edges_table, "one_hot_examples": one_hot.examples}),
    Experiment("one-hot-sum", "Supplement: one-hot encoding of edges, where messages are summed",
        _one_hot("types", "GNN, bare sum"), folds=2, tables={"one-hot-sum": ROWS}),
    Experiment("zoo", "Supplement: established graph layers",
        lines(ZOO, _STATES, n_states=[2, 4], sizes=FEW_AND_MANY), profile="reduced",
        folds=2,  # GAT, and the other layers in two states, have one
        tables={"zoo": ROWS, "zoo-confusion": CONFUSION, "overfitting": model_zoo.overfitting}),
    Experiment("zoo-longer", "Supplement: the same, to see what more epochs bring",
        lines(ZOO, ": trained on 1", n_states=4, sizes=(1,))
        + lines(ZOO, ": trained on 4", n_states=4, sizes=(4,)), folds=1),
    Experiment("structure",
        "Model section and supplement: aggregation, steps, edges, hidden channels, neurons",
        lines(STRUCTURE, _STATES, n_states=[2, 4], sizes=FEW_AND_MANY)
        + lines(_CONTROLLED, ", three: {n_states} states", n_states=[2, 4], neurons="three",
            sizes=FEW_AND_MANY),
        **_REDUCED),
    Experiment("readings", "Appendix: the readings that the text allows",
        tuple(READINGS.values()), folds=1).changed(sizes=(1, 3)),
    Experiment("finalists", "Appendix: the best readings, whole", finalists()),
    Experiment("decomposition",
        "Appendix: graph or batch norm, what networks on the same neurons differ by",
        decomposition(), folds=3).changed(sizes=FEW_AND_MANY),
    Experiment("svm-row", "Table 1: support vector machines tried for its row",
        _svms(), folds=1).changed(sizes=FEW_AND_MANY),
    Experiment("transfer", "Beyond the paper: another laboratory's animals",
        _transfer(), unseen=OTHER_LAB, folds=2, tables={"transfer": another_lab.essential}),
    Experiment("nameless", "Beyond the paper: worms whose neurons have no names",
        (), unseen=OTHER_LAB, tables={"nameless": another_lab.of_table}),
    _forecast("figure4c", "Figure 4C-D: unseen worms, features as in the paper", FORECASTERS),
    replace(
        _forecast("figure4c-causal", "Figure 4C-D: unseen worms, features from the past alone"),
        tables={"figure4c-causal": forecasts.errors,
            "free_forecasts": forecasts.describe_free_runs},
        pictures={"forecasts": forecasts.forecast_examples,
            "free_paths": forecasts.free_roll_outs}),
    Experiment("figure4c-paper",
        "Figure 4C-D: the same at the paper's size and length of training",
        lines({k: plan for k, plan in CAUSAL.items() if k not in ("GNN", "GNN, static edges")}),
        folds=1, tables={"figure4c-paper": forecasts.errors}),
    _forecast("figure4c-nichols", "Figure 4C-D: worms of another session",
        unseen="nichols", neurons="three", sizes=(1, 5)),
    _forecast("figure4c-abroad", "Figure 4C-D: another laboratory's animals",
        _FURTHER, unseen=OTHER_LAB, neurons="common", sizes=(1, 5)),
    _forecast("forecast-search", "Beyond the paper: networks against the linear map", SEARCHED),
    _forecast("sampling", "Beyond the paper: what scheduled sampling and batch norm do", _SAMPLING),
    Experiment("manifold",
        "Table 1, row (18): the manifold of Brennan and Proekt; components; onsets",
        _manifold(), tables=manifold.TABLES),
    Experiment("connectomes", "Supplement: inferred edges beside the connectome",
        _ONLY_GNN, tables=connectomes.TABLES),
    Experiment("edge-frames", "How many frames the edges of a whole recording need",
        _ONLY_GNN, folds=1, tables={"edge_frames": model_zoo.edge_frames}),
    Experiment("compute", "What training takes: seconds of every fold of Table 1 and Figure 4A",
        lines({k: v for k, v in MODELS.items() if v.model != "svm"}) + _SEVEN_AND_FOUR,
        tables={"compute": model_zoo.compute}),
    Experiment("any-neurons", "Beyond the paper: fewer neurons",
        any_neurons.lines(draw_subsets(PAPER_NEURONS, (1, 2, 3, 5, 9, 14, 15), 10), FEW_AND_MANY),
        folds=1, tables=any_neurons.TABLES),
    Experiment("whole-recordings", "Beyond the paper: each recording read by the neurons it has",
        lines(some(*any_neurons.RETRAINED, of=METHODS), ": {neurons}",
            neurons=["paper", "shared"], sizes=FEW_AND_MANY)
        + lines(some("set reader", "set reader, no dropping", of=METHODS), ": {neurons}",
            neurons=list(VOCABULARIES), sizes=FEW_AND_MANY),
        folds=1, tables={"neuron_readers": ROWS}),
    Experiment("readers-abroad",
        "Beyond the paper: another laboratory's animals read by the neurons they have",
        lines(some("set reader", of=METHODS), ": {neurons}",
            neurons=list(VOCABULARIES), sizes=(1, 5)), unseen=OTHER_LAB,
        folds=1, tables={"neuron_readers-abroad": any_neurons.unseen_rows}),
    Experiment("mixing", "Beyond the paper: the hypothesis on simulated worms",
        dial(mixing.grid(MIXINGS, mixing.DIAL, (0, 1))), **_SIMULATED,
        tables={"mixing": mixing.over_members, "mixing_edges": mixing.legible}),
    Experiment("mixing-checks",
        "Beyond the paper: second ways to ask whether inferred edges help",
        _mixing_checks(), **_SIMULATED, tables={"mixing_checks": mixing.over_members}),
    Experiment("mixing-placement",
        "Beyond the paper: where real worms sit on the dial of individual variability",
        lines(some("SVM"), _STATES, n_states=[2, 4], sizes=(1,)), **_REDUCED,
        tables=placement.TABLES),
    Experiment("recordings",
        "Facts of the recordings that the paper's sentences are checked against", (),
        tables={"recordings": lambda table: real_worms.facts(table.recordings, seed=table.seed)}),
    Experiment("decoder",
        "Beyond the paper: the shipped decoder on worms that it was not trained on",
        (), unseen=OTHER_LAB, tables=decoder.TABLES),
    Experiment("animal",
        "Beyond the paper: a freely moving animal, by a decoder that was trained on all others",
        (), unseen=OTHER_LAB, tables={"decoded_animal": decoder.animal_frames},
        pictures={"decoded_traces": decoder.animal_picture}),
    Experiment("costs", "What training takes: time and memory of a step at several sizes",
        lines(some("MLP", "MLP, no norm", "GNN")), dataset="simulated", profile="smoke",
        tables={"costs": model_zoo.costs}),
    Experiment("worms",
        "Real worms as the book shows them: coordinates in few dimensions, and pictures",
        (), tables=real_worms.TABLES, pictures=real_worms.PICTURES),
)
# fmt: on
EXPERIMENTS = {experiment.name: experiment for experiment in _EXPERIMENTS}

_WORMS = "Worms are the sample: another fold trains on nearly the same frames of the same worms."
_ABSENT = "The recordings were not at hand."
CUT: Mapping[str, str] = {
    "table1-nichols": _ABSENT,
    "figure4a-nichols": _ABSENT,
    "without-ava": "A fold takes a quarter of an hour of a core.",
    "one-hot": "A fold takes seven minutes of a core.",
    "one-hot-sum": "As one-hot, beside which it stands.",
    "zoo": "Layers of PyTorch Geometric train one network after the other.",
    "zoo-longer": "As zoo, and nearly three times as long.",
    "structure": "A fold takes 45 minutes, most for 256 channels and for edges of each frame.",
    "readings": "A screen, of over half an hour a fold; what it chooses runs again as finalists.",
    "decomposition": _WORMS,
    "svm-row": "A search; none of its 39 machines is used elsewhere.",
    "transfer": "A fold takes five minutes of a core. " + _WORMS,
    "figure4c": _WORMS,
    "figure4c-causal": _WORMS,
    "figure4c-paper": "A fold takes two hours of a core, without edges of each frame.",
    "figure4c-nichols": _ABSENT,
    "figure4c-abroad": _WORMS,
    "forecast-search": "A search, of 20 minutes a fold, on training worms.",
    "sampling": _WORMS,
    "edge-frames": "It asks about frames of a recording, not about networks.",
    "any-neurons": "A fold has 4,260 networks.",
    "whole-recordings": "A reader is trained for each set of neurons.",
    "readers-abroad": "As whole-recordings.",
    "mixing": "168 lines. Simulated worms are the sample, 20 at each place of the dial.",
    "mixing-checks": "As mixing.",
    "mixing-placement": "It places real worms beside simulated ones, and has no network.",
}
"""Why a reference has fewer than ten folds, fewer than 800 epochs, or does not exist."""


def experiment_named(name: str) -> Experiment:
    """The experiment of this name; ChoiceError names the choices."""
    return chosen("experiment", name, EXPERIMENTS)


def experiment_of(table: str) -> Experiment | None:
    """What writes a reference table or picture (named without its dataset), or None."""
    every = EXPERIMENTS.values()
    return next((e for e in every if table in e.makers or table in e.pictures), None)
