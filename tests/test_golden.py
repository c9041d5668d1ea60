"""Results of every kind of plan, pinned: a change of structure must not change a number.

A case is a function that runs something small and returns a few numbers; `golden.json` holds
what it returned before. After a change that was MEANT to change results, say so where it is
committed, and rewrite the cases it is about:

    python tests/test_golden.py --write NAME...     (or `all`)

Everything runs on one thread of the CPU. Another processor may round otherwise, and then a frame
may be read otherwise: compare before and after on one machine.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
import torch

from recordings import small_worms
from tiny import tiny_worm, tiny_worms
from wormgnn.admm import Parameters
from wormgnn.cohort import OTHER_LAB
from wormgnn.comparison import SEEN, compare, summarise
from wormgnn.datasets import registry
from wormgnn.datasets.simulated import simulate_other_lab
from wormgnn.features import SCALINGS, features
from wormgnn.folds import roles
from wormgnn.models import PREDICTORS
from wormgnn.models.pyg import LAYERS
from wormgnn.neurons import draw_subsets
from wormgnn.paper import experiments, readings
from wormgnn.paper.studies import (
    any_neurons,
    components,
    connectomes,
    forecasts,
    manifold,
    mixing,
    model_zoo,
    one_hot,
    placement,
    real_worms,
)
from wormgnn.plan import Experiment, Line, Plan, Profile
from wormgnn.recording import PAPER_NEURONS
from wormgnn.runner import run
from wormgnn.store import Store
from wormgnn.tasks.simple_forecasts import FORECASTS as SIMPLE

GOLDEN = Path(__file__).with_name("golden.json")
FOLDER = tempfile.TemporaryDirectory(prefix="golden-")
SCALE = Profile("golden", subsets_per_size=2, folds=(0, 1), epochs=3, hidden=4)
FIVE = PAPER_NEURONS[:5]
_TWO = (1, 2)
"""Numbers of training worms."""

Numbers = dict[str, Any]
"""Name to a number, or a list of numbers."""


# --- what cases share -----------------------------------------------------------------------


@functools.cache
def tiny():
    return tuple(tiny_worms(3, n_frames=240, neurons=PAPER_NEURONS))


@functools.cache
def long():
    """Long enough for a blocked split to leave something in each role."""
    return tuple(tiny_worms(3, n_frames=800, neurons=FIVE))


@functools.cache
def simulated():
    return tuple(small_worms(3, duration_s=150.0))


@functools.cache
def animals():
    return tuple(simulate_other_lab(n_worms=2, duration_s=100.0))


def store():
    return Store(Path(FOLDER.name))


def run_lines(lines, worms=tiny, unseen=(), profile=SCALE, seed=0):
    """A run of some lines; `unseen` stands for the other dataset of an experiment."""
    experiment = Experiment("golden", "", tuple(lines), unseen=OTHER_LAB if unseen else None)
    with patch.object(registry, "other_lab", lambda _: list(unseen)):
        return run(experiment, worms(), profile, store(), seed, "cpu")


def ran(name, *lines, **where):
    """Lines of an experiment of the book, on tiny worms."""
    chosen = experiments.experiment_named(name).only(lines or None).where(**where)
    return run(chosen.trained_on(_TWO), tiny(), SCALE, store(), device="cpu")


def values(numbers):
    return np.asarray(numbers).ravel().tolist()


def moments(numbers):
    """Mean and spread of what is finite."""
    flat = np.asarray(numbers, dtype=np.float64).ravel()
    flat = flat[np.isfinite(flat)]
    if not len(flat):
        return [0.0]
    return [float(f(flat)) for f in (np.mean, np.std)]


def of_table(table, *by, name=""):
    """Moments of every column of numbers, in each group of rows; the order of rows is no matter."""
    groups = table.groupby(list(by), sort=False) if by else [((), table)]
    found: Numbers = {"rows": len(table)}
    for key, part in groups:
        for column in part.select_dtypes(["number", "bool"]):
            if column not in by:
                found[", ".join(map(str, (*key, column)))] = moments(part[column])
    return {f"{name}: {key}": numbers for key, numbers in found.items()} if name else found


def of_training(folds):
    """What folds keep of training: losses, best epochs, weights and edges."""
    trained = [fold for fold in folds if "validation" in fold]
    if not trained:
        return {}
    found = {
        "last validation loss": values(np.concatenate([f["validation"][-1] for f in trained])),
        "best epoch": values(np.concatenate([f["best_epoch"] for f in trained])),
        "parameters": moments(np.concatenate([f["parameters"].ravel() for f in trained])),
    }
    if trained[0].get("edges", np.empty(0)).size:
        found["edges"] = moments([fold["edges"] for fold in trained])
    return found


# --- one behavioural state a frame ----------------------------------------------------------

GNN = readings.BARE_SUM.plan.options

PLANS = {
    "svm": Plan("svm"),
    "svm, linear": Plan("svm", options={"kernel": "linear"}),
    "mlp, no norm": Plan("mlp", options={"norm": "none"}),
    "gnn, edges before": Plan("gnn", options={**GNN, "edges": "before"}),
    "gnn, edges a frame": Plan("gnn", options={**GNN, "edges": "frame"}),
    "gnn, two steps": Plan("gnn", options={**GNN, "steps": 2}),
    "gnn, sum": Plan("gnn", options={**GNN, "aggregation": "sum"}),
    "gnn, few edge frames": Plan("gnn", options=GNN, edge_frames=16),
    "gnn, seed": Plan("gnn", options=GNN, seed=1),
    "gnn-connectome": Plan("gnn-connectome", options={"weighting": "normalised", "norm": "none"}),
    "gnn-connectome, norm": Plan("gnn-connectome"),
    "mlp, causal": Plan("mlp", scaling="causal"),
    **{
        f"gnn, sharp {rivals}": Plan("gnn", options={**GNN, "sharpness": 30, "rivals": rivals})
        for rivals in ("types", "senders")
    },
    **{
        f"{model}, {n} states": Plan(model, n_states=n, options=options)
        for model, options in (("mlp", {}), ("gnn", GNN))
        for n in (2, 4, 7)
    },
    **{f"zoo, {layer}": Plan("zoo", n_states=4, options={"layer": layer}) for layer in LAYERS},
    **{
        f"reading: {name}": line.plan
        for name, line in readings.READINGS.items()
        if line.plan.scaling == "whole" and line not in (readings.BARE_SUM, readings.CHOSEN["mlp"])
    },
}


def classified(plan, unseen=(), worms=tiny, neurons=PAPER_NEURONS):
    line = Line("line", replace(plan, sizes=_TWO), neurons=tuple(neurons))
    table = run_lines([line], worms, unseen)
    folds = [table.arrays("line", fold) for fold in SCALE.folds]
    counts = np.concatenate([fold["counts"].reshape(-1, plan.n_states**2) for fold in folds])
    rows = table.rows.sort_values(["fold", "subset", "worm"])
    return {
        "right": int(counts[:, :: plan.n_states + 1].sum()),
        "frames": int(counts.sum()),
        "accuracy": values(rows["accuracy"]),
        "balanced accuracy": moments(rows["balanced_accuracy"]),
        "macro F1": moments(rows["macro_f1"]),
        **of_training(folds),
    }


def inputs():
    found: Numbers = {}
    for name, worms in (("tiny", tiny()), ("simulated", simulated()), ("animals", animals())):
        found[f"{name}, traces"] = moments([w.traces[:200].mean() for w in worms])
        found[f"{name}, states"] = values([np.bincount(w.states + 1, minlength=8) for w in worms])
    for scaling in SCALINGS:
        found[f"features, {scaling}"] = moments(features(tiny()[0], FIVE, 2, scaling).x)
    for split in ("shuffled", "blocked"):
        found[f"roles, {split}"] = values(np.bincount(roles(400, 1, 10, split, 3) + 1))
        found[f"leakage, {split}"] = values(real_worms.frames_to_training(roles(400, 1, 10, split)))
    correlation = real_worms.window_correlation(features(tiny()[0], FIVE, 2))
    return found | {"window correlation": values(correlation)}


# --- every neuron, frames ahead -------------------------------------------------------------

FORECASTS: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in (*SIMPLE, *PREDICTORS)},
    "gnn, edges after": ("gnn", {"options": {"edges": "after"}}),
    "mlp, no teacher": ("mlp", {"sampling_end": 0.0}),
    "mlp, norm": ("mlp", {"options": {"norm": "last"}}),
    "mlp, causal": ("mlp", {"scaling": "causal"}),
    "mlp, blocked": ("mlp", {"split": "blocked"}),
    "ridge, causal": ("ridge", {"scaling": "causal"}),
}


def forecast(*names):
    plans = [Plan(model, "traces", sizes=_TWO, **more) for model, more in map(FORECASTS.get, names)]
    named = zip(map(str.capitalize, names), plans, strict=True)
    return run_lines([Line(name, plan, neurons=FIVE) for name, plan in named])


def forecasted(name):
    table = forecast(name)
    rows, folds = table.rows, [table.arrays(name.capitalize(), fold) for fold in SCALE.folds]
    trained = [fold["validation"] for fold in folds]
    at = {s: rows[rows["step"] == s].sort_values(["fold", "subset", "worm"]) for s in (1, 8, 16)}
    return {
        **{f"step {step}": moments(part["mse"]) for step, part in at.items()},
        "members, step 16": values(at[16]["mse"]),
        "derivative": moments(rows["mse_derivative"]),
        "diverged": int(rows["diverged"].sum()),
        "validation": values(trained) if np.isfinite(trained).all() else [],
        "free": moments([fold["free"] for fold in folds]),
        "examples": moments([fold["examples"] for fold in folds]),
    }


def forecast_tables():
    rows = forecast("persistence", "ridge", "mlp", "gnn").rows
    skill, found = forecasts.skill(rows), {}
    shown = forecasts.over_folds(rows[rows["step"].isin(forecasts.STEPS)])
    pairs = (("Mlp", "Gnn"), ("Gnn", "Persistence"))
    for by, table in ((["A", "B", "step"], shown), (["A", "B"], forecasts.over_steps(rows))):
        gaps = [
            compare(table, {"model": A}, {"model": B}, "mse", ["n_train", "step"], scale=1e4)
            .assign(A=A, B=B)
            for A, B in pairs
        ]  # fmt: skip
        found |= of_table(pd.concat(gaps), *by)
    return {**of_table(skill[skill["step"].isin((1, 16))], "model", "n_train"), **found}


_FORECAST_LINES = ("Persistence", "MLP", "Damped persistence")


@functools.cache
def forecast_run(name):
    experiment = experiments.experiment_named(name).only(_FORECAST_LINES)
    with patch.object(registry, "other_lab", lambda _: list(animals())):
        return run(experiment.trained_on(_TWO), simulated(), SCALE, store(), device="cpu")


def forecast_experiment(name):
    rows = forecast_run(name).rows
    if "animals" in rows:
        rows = rows[[w in a for w, a in zip(rows["worm"], rows["animals"], strict=True)]]
    return of_table(rows[rows["step"].isin((1, 16))], "model", "n_train", "step")


# --- the manifold, onsets, components -------------------------------------------------------

VARIED: dict[str, Any] = {
    "n_delays": (0, 4),
    "signals": (("trace",), ("derivative",)),
    "bandwidth": (2.0,),
}
SMALL: dict[str, Any] = {"n_neighbours": 4, "n_dimensions": 4, "n_phases": 12, "n_branches": 2}


def in_two_states():
    own, whole = Plan("manifold", options=SMALL, sizes=(1,)), {"split": "none", "sizes": (2,)}
    others = Plan("manifold", options=SMALL, **whole)
    plain = {
        name: Plan("standardised", options={"classifier": name}, **whole)
        for name in ("logistic regression", "nearest neighbours")
    }
    grid = [{"n_delays": delays, "n_neighbours": n} for delays in (1, 4) for n in (3, 6)]
    lines = {
        "ADMM": replace(others, sizes=_TWO),
        "ADMM (position)": replace(others.with_options(readout="position"), sizes=_TWO),
        "noise": others.with_options(scale="noise"),
        "dense": others.with_options(n_neighbours=None),
        **plain,
    }
    chosen = []
    for number, point in enumerate(grid):
        plan, about = replace(others.with_options(**point), sizes=_TWO), {"choice": number}
        chosen += [Line(f"choice {number}", plan, manifold.CHOICE, FIVE, factors=about)]
    folds = Profile("golden", None, tuple(range(4)), epochs=1, n_folds=4)
    seen = [
        Line(split, replace(own, split=split), neurons=FIVE) for split in ("shuffled", "blocked")
    ]
    within = run_lines(seen, lambda: tiny()[:2], profile=folds)
    between = run_lines(
        [*(Line(n, p, neurons=FIVE) for n, p in lines.items()), *chosen], profile=folds
    )
    rows = pd.concat([manifold.two_states(between), manifold.two_states(within)])
    return of_table(rows, "line", "n_train")


def manifold_ahead():
    table = manifold.horizon(
        manifold.of(tiny(), 4, FIVE),
        Parameters(**SMALL),
        {w.worm: w.fps for w in tiny()},
        (0.0, 2.0, 5.0),
    )
    return of_table(table, "model", "horizon_s")


def onsets(standardise):
    worms = tiny_worms(3, n_frames=900, neurons=FIVE)
    scores, curves = components.decode_onsets(worms, FIVE, standardise=standardise)
    return of_table(scores, "decoder") | {"curves": moments(curves["probability"])}


def principal():
    parts = [of_table(components.describe(tiny(), peak=p), name=f"peak {p}") for p in (False, True)]
    variance = of_table(components.variance(tiny()), name="variance")
    return {**parts[0], **parts[1], **variance}


# --- inferred edges -------------------------------------------------------------------------


@functools.cache
def inferred():
    (line,) = experiments.experiment_named("connectomes").lines
    return connectomes.inferred(run_lines([line]))


def compared():
    with patch.object(connectomes, "STRENGTHS", (0.0, 0.0, 0.4, 0.4, 0.8)):
        table = connectomes.connectome_table(inferred(), tiny(), 19, 9)
    return of_table(table, "family", "statistic")


def reliable():
    return {
        **of_table(connectomes.reliability(inferred()), "pairs"),
        **of_table(connectomes.histogram(inferred()), "pairs", name="histogram"),
        **of_table(connectomes.averages(inferred(), tiny()), name="averages"),
    }


def frames_of_edges():
    (line,) = experiments.experiment_named("edge-frames").lines
    table = run_lines([line], profile=SCALE.with_folds(1))
    return of_table(model_zoo.edge_frames(table), "frames")


@functools.cache
def sharpened():
    return ran("one-hot", factor=[1, 100])


def one_hot_rows():
    examples = one_hot.examples(sharpened())
    rows = of_table(sharpened().rows, "rivals", "factor")
    return {**rows, **of_table(examples, "rivals", "factor")}


# --- any neurons ----------------------------------------------------------------------------


def fewer_neurons():
    draws = draw_subsets(FIVE, (1, 3, 5), 2)
    lines = [replace(line, neurons=FIVE) for line in any_neurons.lines(draws, _TWO)]
    rows = run_lines(lines).rows
    means = any_neurons.by_set(rows)
    chosen = any_neurons.kept(any_neurons.chosen_neuron(rows), n=100)
    number, unseen = any_neurons.by_number(means), means[~means["seen"]]
    others = {"model": [name for name in any_neurons.METHODS if name != "SVM, retrained"]}
    minus = compare(
        unseen, others, {"model": "SVM, retrained"}, by=["model", "n_train", "n_neurons"]
    )
    return {
        "draws": len(draws),
        **of_table(rows, "model", "n_neurons"),
        **of_table(number, "model", "n_train", name="by number"),
        **of_table(minus, "model", name="against SVM"),
        **of_table(chosen, "model", "sense", name="kept"),
    }


def whole_recordings():
    lines = experiments.experiment_named("whole-recordings").trained_on(_TWO).lines
    table = run_lines(lines, simulated)
    rows = table.rows.assign(n_present=table.rows["n_present"].fillna(table.rows["n_neurons"]))
    return of_table(rows, "model", "neurons", "seen") | of_training(kept(table))


def another_lab():
    lines = experiments.experiment_named("readers-abroad").only(["set reader"]).trained_on((1, 3))
    table = run_lines(lines.lines, simulated, animals())
    return of_table(any_neurons.unseen_rows(table), "model", "neurons") | of_training(kept(table))


def kept(table):
    """What is stored of every line and fold."""
    places = itertools.product(table.experiment.lines, table.profile.folds)
    return [table.arrays(line.label, fold) for line, fold in places]


# --- the dial of individual variability -----------------------------------------------------

SHORT: dict[str, Any] = {"n_worms": 3, "duration_s": 60.0}


def on_dial(*places, sizes=_TWO, models=()):
    worlds = mixing.grid(("loadings", "neurons"), places, (0,), **SHORT)
    lines = experiments.dial(worlds, sizes)
    chosen = [line for line in lines if not models or line.model in models]
    return run_lines(chosen, profile=SCALE.with_folds(1))


def dial_differences():
    rows = mixing.over_members(on_dial(0.0, 0.4))
    gnn = {"model": "GNN", "view": "as recorded", "seen": False}
    by, mlps = ["model", "kind", "mixing", "n_train"], {"model": ["MLP, no norm", "MLP"]}
    gaps = compare(rows, gnn, gnn | mlps, by=by, unit=mixing.WORM).rename(columns={"model": "base"})
    plain = rows[(rows["model"] == "MLP, no norm") & (rows["mixing"] == 0) & ~rows["seen"]]
    sides = {"view": "aligned"}, {"view": "as recorded"}
    noise = compare(plain, *sides, by=["kind", "n_train"], unit=mixing.WORM)
    found = {
        **of_table(gaps, "base", "kind"),
        **of_table(mixing.room(rows), "kind", name="room"),
        **of_table(noise, "kind", name="noise alone"),
    }
    points = ("a", "b", "difference", "low", "high", "majority")
    return {
        name: [number / 100 for number in numbers] if name.endswith(points) else numbers
        for name, numbers in found.items()
    }


def placed(name):
    table = placement.measure(simulated(), name, SCALE, store(), each=True)
    return of_table(pd.concat([table, placement.describe(simulated())]), "statistic")


def calibrated():
    names, physics = ("tuning", "correlations"), {"default": placement.PHYSICS["default"]}
    seeds, dial = (0, 1, 2), (0.0, 0.5, 1.0)
    rows = placement.calibrate(simulated(), SCALE, dial, seeds, names, physics, ("loadings",))
    measured = pd.concat([placement.measure(simulated(), name, SCALE) for name in names])
    places = placement.placements(rows, measured)
    return {
        **of_table(rows, "statistic", "mixing"),
        **of_table(places, name="place"),
        **of_table(placement.recovery(rows), name="recovery"),
    }


# --- another laboratory ---------------------------------------------------------------------


def transferred(by, *lines, worms=simulated):
    away = {"MLP": experiments.MODELS["MLP, no norm"], "SVM": experiments.MODELS["SVM"]}
    every = [
        replace(line, label=f"{label}: {line.label}", model=label, plan=replace(plan, sizes=_TWO))
        if not line.alone
        else replace(line, label=label, plan=replace(plan, sizes=(1,)))
        for label, plan in away.items()
        for line in lines
    ]
    rows = run_lines(every, worms, animals()).rows
    return of_table(rows[~rows["seen"]], "model", by, "n_train")


def _away(neurons, **changes):
    return Line(f"{neurons} {changes}", Plan("mlp"), neurons=neurons, **changes)


# --- experiments, and what is made of their rows --------------------------------------------


@functools.cache
def with_and_without():
    """Rows and confusion counts of some lines without AVA, and of the same with all neurons."""
    lines = [f"{line}, without AVA" for line in ("SVM: 2 states", "MLP: 4 states", "GNN: 2 states")]
    parts = [
        ran("without-ava", *lines),
        ran("table1", "SVM", "GNN"),
        ran("figure4a", "MLP: 4 states"),
    ]
    rows, counts = zip(*((part.rows, part.confusion) for part in parts), strict=True)
    return pd.concat(rows), pd.concat(counts)


def table_1():
    found = ran("table1", "SVM", "GNN")
    assert found.confusion is not None
    counts = found.confusion.groupby(["model", "seen", "labelled", "predicted"])["count"].sum()
    return {"counts": values(counts), **of_table(summarise(found.rows), "model", "worms")}


WITHOUT, WITH = {"neurons": "without AVA"}, {"neurons": "paper"}


def effects():
    by, rows = ["model", "n_states", "seen"], with_and_without()[0]
    tables = [
        compare(rows, WITHOUT, WITH, score=score, by=by).assign(score=score)
        for score in ("accuracy", "balanced_accuracy")
    ]
    table = pd.concat(tables)
    return of_table(table.assign(worms=table["seen"].map(SEEN)), "model", "worms", "score")


def recalls():
    table = any_neurons.recalls(with_and_without()[1])
    by = ["model", "n_states", "state"]
    return of_table(compare(table, WITHOUT, WITH, "recall", by), "model", "state")


def chosen_reading():
    lines = [readings.mlp().label, readings.mlp(norm="last").label]
    table = readings.leave_one_worm_out(ran("readings", *lines).rows)
    chosen = readings.choices(table)
    return of_table(table, "line", "n_train") | {"chosen": moments(chosen["outer"])}


# --- the cases, and the test ----------------------------------------------------------------

CASES: dict[str, Callable[[], Numbers]] = {
    "inputs": inputs,
    **{f"classify: {name}": functools.partial(classified, plan) for name, plan in PLANS.items()},
    **{
        f"classify, unseen: {m}": functools.partial(
            classified, Plan(m), [tiny_worm("other", 200, 9, PAPER_NEURONS)]
        )
        for m in ("svm", "mlp", "gnn")
    },
    **{
        f"classify, blocked: {name}": functools.partial(
            classified, replace(PLANS[name], split="blocked"), (), long, FIVE
        )
        for name in ("svm", "mlp, 2 states", "gnn, 4 states")
    },
    **{f"forecast: {name}": functools.partial(forecasted, name) for name in FORECASTS},
    "forecast tables": forecast_tables,
    **{
        f"forecast experiment: {name}": functools.partial(forecast_experiment, name)
        for name in ("figure4c", "figure4c-abroad")
    },
    "free runs": lambda: of_table(
        forecasts.describe_free_runs(forecast_run("figure4c"), ["MLP"]), "n_train"
    ),
    "manifold": in_two_states,
    "manifold, ahead": manifold_ahead,
    "manifold, sensitivity": lambda: of_table(
        manifold.sensitivity(manifold.of(tiny(), 4, FIVE), Parameters(**SMALL), VARIED, 1),
        "parameter",
    ),
    "onsets": functools.partial(onsets, True),
    "onsets, as recorded": functools.partial(onsets, False),
    "components": principal,
    "neuron subsets": fewer_neurons,
    "neuron subsets, whole recordings": whole_recordings,
    "neuron subsets, another lab": another_lab,
    "mixing: dial": lambda: of_table(
        mixing.over_members(on_dial(0.0, 0.4)), "model", "view", "kind", "mixing"
    ),
    "mixing: differences": dial_differences,
    "mixing: legible edges": lambda: of_table(
        mixing.legible(on_dial(0.4, sizes=(1, 4), models=["GNN"])), "kind"
    ),
    **{f"mixing: {name}": functools.partial(placed, name) for name in placement.STATISTICS},
    "mixing: calibration": calibrated,
    "connectivity: comparison": compared,
    "connectivity: reliability": reliable,
    "edge frames": frames_of_edges,
    "one-hot: rows": one_hot_rows,
    "one-hot: matrices": lambda: of_table(
        one_hot.edges_table(sharpened()).drop(columns="fold"), "rivals", "factor", "seen"
    ),
    "transfer": lambda: transferred("neurons", *map(_away, ("own", "common", "confident"))),
    "transfer: within": lambda: transferred(
        "neurons", _away("common", train=OTHER_LAB, alone=True)
    ),
    "transfer: derivatives": lambda: transferred("view", _away("own", view="derivative")),
    "experiment": table_1,
    "paired effects": effects,
    "recalls": recalls,
    "overfitting": lambda: of_table(model_zoo.overfitting(ran("zoo", "GIN-0")), "line", "n_train"),
    "readings, chosen": chosen_reading,
    "individuality": lambda: of_table(
        real_worms.compare_worms(tiny(), FIVE[:2], 4, n=49), "neuron", "state"
    ),
}


@contextmanager
def one_thread():
    """One thread, no GPU."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with patch("torch.cuda.is_available", lambda: False):
            yield
    finally:
        torch.set_num_threads(before)


def measured(name):
    with one_thread():
        return CASES[name]()


def golden():
    return json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}


@pytest.mark.parametrize("name", CASES)
def test_results_are_those_of_before(name):
    wanted, found = golden()[name], measured(name)
    assert set(wanted) <= set(found)
    for what, numbers in wanted.items():
        exact = all(isinstance(number, int) for number in np.ravel(numbers).tolist())
        rtol, atol = (0, 0) if exact else (1e-4, 1e-6)
        np.testing.assert_allclose(found[what], numbers, rtol, atol, err_msg=f"{name}: {what}")


def test_every_pinned_case_is_run():
    assert set(golden()) == set(CASES)


def write(names):
    """Replace what is pinned of some cases; each number on a line of its own name."""
    kept = golden() | {name: measured(name) for name in names}
    cases = (f"{json.dumps(name)}: {_lines(kept[name])}" for name in CASES if name in kept)
    GOLDEN.write_text("{\n" + ",\n".join(cases) + "\n}\n", encoding="utf-8")


def _lines(numbers):
    def short(value):
        if isinstance(value, list):
            return [short(one) for one in value]
        return float(f"{value:.7g}") if isinstance(value, float) else value

    lines = (f"  {json.dumps(k)}: {json.dumps(short(v))}" for k, v in numbers.items())
    return "{\n" + ",\n".join(lines) + "\n }"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", nargs="+", metavar="NAME", required=True)
    wanted_names = parser.parse_args().write
    write(list(CASES) if wanted_names == ["all"] else wanted_names)
