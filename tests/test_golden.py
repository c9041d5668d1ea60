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
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from wormgnn import (
    decode,
    decoder,
    experiments,
    forecast_comparisons,
    forecast_tables,
    free_runs,
    individuality,
    leakage,
    one_hot,
    overfitting,
    paired,
    readings,
    summary,
    without_neurons,
)
from wormgnn import transfer as other_lab
from wormgnn.baselines import components, onset
from wormgnn.baselines.admm import evaluation
from wormgnn.baselines.admm.controls import without_manifold
from wormgnn.baselines.admm.horizon import horizon
from wormgnn.baselines.admm.parameters import Parameters
from wormgnn.baselines.admm.reference import of
from wormgnn.baselines.forecasts import BASELINES
from wormgnn.connectivity import reference as connectivity
from wormgnn.connectivity.comparison import compare
from wormgnn.connectivity.edges import Inferred, inferred
from wormgnn.connectivity.reliability import histogram, reliability
from wormgnn.datasets.simulated import simulate_other_lab as simulate_another_lab
from wormgnn.edge_frames import edge_frames
from wormgnn.experiment_lines import EXPERIMENTS, Experiment
from wormgnn.features import features
from wormgnn.folds import roles
from wormgnn.forecast import Forecasted, forecast
from wormgnn.forecast_experiments import FORECASTS as FORECAST_EXPERIMENTS
from wormgnn.forecast_experiments import Found
from wormgnn.forecast_experiments import run as forecast_run
from wormgnn.forecast_fold import Forecast
from wormgnn.mixing import calibration, dial, differences, edges, placement
from wormgnn.models.forecasters import NETWORKS
from wormgnn.models.zoo_classifiers import LAYERS
from wormgnn.neuron_subsets import singles, study, tables
from wormgnn.neuron_subsets.cohort import cohort
from wormgnn.neuron_subsets.draws import draw_subsets
from wormgnn.one_hot_edges import matrices, summarised
from wormgnn.profiles import Profile
from wormgnn.protocol import Classification, classify
from wormgnn.readings import CHOSEN, READINGS
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.store import Arrays, Remembering

GOLDEN = Path(__file__).with_name("golden.json")
FOLDER = tempfile.TemporaryDirectory(prefix="golden-")
SCALE = Profile("golden", subsets_per_size=2, folds=(0, 1), epochs=3, hidden=4)
FIVE = PAPER_NEURONS[:5]

Numbers = dict[str, Any]
"""Name to a number, or a list of numbers."""


# --- what cases share -----------------------------------------------------------------------


@functools.cache
def tiny() -> tuple[Recording, ...]:
    return tuple(tiny_worms(3, n_frames=240, neurons=PAPER_NEURONS))


@functools.cache
def long() -> tuple[Recording, ...]:
    """Long enough for a blocked split to leave something in each role."""
    return tuple(tiny_worms(3, n_frames=800, neurons=FIVE))


@functools.cache
def simulated() -> tuple[Recording, ...]:
    return tuple(small_worms(3, duration_s=150.0))


@functools.cache
def animals() -> tuple[Recording, ...]:
    return tuple(simulate_another_lab(n_worms=2, duration_s=100.0))


def store() -> Remembering:
    return Remembering(Path(FOLDER.name))


def values(numbers: Any) -> list[Any]:
    return np.asarray(numbers).ravel().tolist()


def moments(numbers: Any) -> list[float]:
    """Mean and spread of what is finite."""
    flat = np.asarray(numbers, dtype=np.float64).ravel()
    flat = flat[np.isfinite(flat)]
    if not len(flat):
        return [0.0]
    return [float(f(flat)) for f in (np.mean, np.std)]


def of_table(table: pd.DataFrame, *by: str) -> Numbers:
    """Moments of every column of numbers, in each group of rows; the order of rows is no matter."""
    groups = table.groupby(list(by), sort=False) if by else [((), table)]
    found: Numbers = {"rows": len(table)}
    for key, part in groups:
        for column in part.select_dtypes(["number", "bool"]):
            if column not in by:
                found[", ".join(map(str, (*key, column)))] = moments(part[column])
    return found


def of_training(folds: Sequence[Arrays]) -> Numbers:
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

GNN = READINGS[CHOSEN["gnn"]].options
_TWO = (1, 2)
"""Numbers of training worms."""

PLANS = {
    "svm": Classification("svm"),
    "svm, linear": Classification("svm", options={"kernel": "linear"}),
    "mlp, no norm": Classification("mlp", options={"norm": "none"}),
    "gnn, edges before": Classification("gnn", options={**GNN, "edges": "before"}),
    "gnn, edges a frame": Classification("gnn", options={**GNN, "edges": "frame"}),
    "gnn, two steps": Classification("gnn", options={**GNN, "steps": 2}),
    "gnn, sum": Classification("gnn", options={**GNN, "aggregation": "sum"}),
    "gnn, few edge frames": Classification("gnn", options=GNN, edge_frames=16),
    "gnn, seed": Classification("gnn", options=GNN, seed=1),
    "gnn-connectome": Classification(
        "gnn-connectome", options={"weighting": "normalised", "norm": "none"}
    ),
    "gnn-connectome, norm": Classification("gnn-connectome"),
    "mlp, causal": Classification("mlp", scaling="causal"),
    **{
        f"gnn, sharp {rivals}": Classification(
            "gnn", options={**GNN, "sharpness": 30, "rivals": rivals}
        )
        for rivals in ("types", "senders")
    },
    **{
        f"{model}, {n} states": Classification(model, n, options)
        for model, options in (("mlp", {}), ("gnn", GNN))
        for n in (2, 4, 7)
    },
    **{f"zoo, {layer}": Classification("zoo", 4, {"layer": layer}) for layer in LAYERS},
    **{f"reading: {name}": reading.plan() for name, reading in READINGS.items()},
}


_BLOCKED = ("svm", "mlp, 2 states", "gnn, 4 states")


def classified(
    plan: Classification,
    unseen: Sequence[Recording] = (),
    worms: Callable[[], Sequence[Recording]] = tiny,
    neurons: Sequence[str] = PAPER_NEURONS,
) -> Numbers:
    kept, plan = store(), replace(plan, sizes=_TWO)
    scored = classify(plan, worms(), neurons, SCALE, kept, unseen, "cpu")
    rows = scored.rows.sort_values(["fold", "subset", "worm"])
    return {
        "right": int(np.trace(scored.counts, axis1=1, axis2=2).sum()),
        "frames": int(scored.counts.sum()),
        "accuracy": values(rows["accuracy"]),
        "balanced accuracy": moments(rows["balanced_accuracy"]),
        "macro F1": moments(rows["macro_f1"]),
        **of_training(kept.given),
    }


def with_unseen(model: str) -> Numbers:
    return classified(Classification(model), [tiny_worm("other", 200, 9, PAPER_NEURONS)])


def blocked(plan: Classification) -> Numbers:
    return classified(replace(plan, split="blocked"), (), long, FIVE)


def inputs() -> Numbers:
    found: Numbers = {}
    for name, worms in (("tiny", tiny()), ("simulated", simulated()), ("animals", animals())):
        found[f"{name}, traces"] = moments([w.traces[:200].mean() for w in worms])
        found[f"{name}, states"] = values([np.bincount(w.states + 1, minlength=8) for w in worms])
    for scaling in ("whole", "causal"):
        found[f"features, {scaling}"] = moments(features(tiny()[0], FIVE, 2, scaling).x)
    for split in ("shuffled", "blocked"):
        found[f"roles, {split}"] = values(np.bincount(roles(400, 1, 10, split, 3) + 1))
        found[f"leakage, {split}"] = values(leakage.frames_to_training(roles(400, 1, 10, split)))
    found["window correlation"] = values(leakage.window_correlation(features(tiny()[0], FIVE, 2)))
    return found


# --- every neuron, frames ahead -------------------------------------------------------------

FORECASTS = {
    **{name: Forecast(name) for name in (*BASELINES, *NETWORKS)},
    "gnn, edges after": Forecast("gnn", {"edges": "after"}),
    "mlp, no teacher": Forecast("mlp", sampling_end=0.0),
    "mlp, norm": Forecast("mlp", {"norm": "last"}),
    "mlp, causal": Forecast("mlp", scaling="causal"),
    "mlp, blocked": Forecast("mlp", split="blocked"),
    "ridge, causal": Forecast("ridge", scaling="causal"),
}


@functools.cache
def _forecasted(name: str) -> Forecasted:
    plan = replace(FORECASTS[name], sizes=_TWO)
    return forecast(plan, tiny(), FIVE, SCALE, store(), device="cpu")


def forecasted(name: str) -> Numbers:
    found = _forecasted(name)
    rows, trained = found.rows, [fold.validation for fold in found.folds]
    at = {s: rows[rows["step"] == s].sort_values(["fold", "subset", "worm"]) for s in (1, 8, 16)}
    return {
        **{f"step {step}": moments(part["mse"]) for step, part in at.items()},
        "members, step 16": values(at[16]["mse"]),
        "derivative": moments(rows["mse_derivative"]),
        "diverged": int(rows["diverged"].sum()),
        "validation": values(trained) if np.isfinite(trained).all() else [],
        "free": moments([fold.free for fold in found.folds]),
        "examples": moments([fold.examples for fold in found.folds]),
    }


def forecast_rows(*names: str) -> pd.DataFrame:
    every = [_forecasted(n).rows.assign(model=n.capitalize(), n_neurons=5) for n in names]
    return pd.concat(every, ignore_index=True)


def forecast_table() -> Numbers:
    rows = forecast_rows("persistence", "ridge", "mlp", "gnn")
    skill = forecast_tables.skill(rows)
    pairs = [("Mlp", "Gnn"), ("Gnn", "Persistence")]
    over = forecast_comparisons.over_steps(rows)
    return {
        **of_table(skill[skill["step"].isin((1, 16))], "model", "n_train"),
        **of_table(forecast_comparisons.comparisons(rows, pairs), "A", "B", "step"),
        **of_table(forecast_comparisons.comparisons(over, pairs, [0]), "A", "B"),
    }


@functools.cache
def _found(name: str, *labels: str) -> Found:
    chosen = FORECAST_EXPERIMENTS[name].only(labels)
    lines = {label: replace(plan, sizes=_TWO) for label, plan in chosen.lines.items()}
    where = "wormgnn.forecast_experiments"
    with (
        patch(f"{where}.load", lambda _: list(simulated())),
        patch(f"{where}.another_lab", lambda _: list(animals())),
    ):
        return forecast_run(replace(chosen, lines=lines), "tiny", SCALE, store(), device="cpu")


def forecast_experiment(name: str) -> Numbers:
    rows = _found(name, "MLP", "Damped persistence").rows
    return of_table(rows[rows["step"].isin((1, 16))], "model", "n_train", "step")


def free() -> Numbers:
    return of_table(
        free_runs.describe(_found("figure4c", "MLP", "Damped persistence"), ["MLP"]), "n_train"
    )


# --- the manifold, onsets, components -------------------------------------------------------

SMALL = Parameters(n_neighbours=4, n_dimensions=4, n_phases=12, n_branches=2)


def manifold() -> Numbers:
    two = of(tiny(), 2, FIVE)
    chosen = evaluation.select(two, SMALL, {"n_delays": (1, 4), "n_neighbours": (3, 6)})
    every = [
        evaluation.unseen(two, SMALL, [1, 2], ("spread", "position")),
        *(evaluation.seen(two[:2], SMALL, s, 4, model=s) for s in ("shuffled", "blocked")),
        evaluation.nested(two, chosen, "chosen"),
        evaluation.unseen(two, replace(SMALL, scale="noise"), model="noise"),
        evaluation.unseen(two, replace(SMALL, n_neighbours=None), model="dense"),
        without_manifold(two, SMALL),
    ]
    return of_table(pd.concat(every), "model", "n_train")


def manifold_ahead() -> Numbers:
    table = horizon(of(tiny(), 4, FIVE), SMALL, {w.worm: w.fps for w in tiny()}, (0.0, 2.0, 5.0))
    return of_table(table, "model", "horizon_s")


def manifold_varied() -> Numbers:
    vary = {"n_delays": (0, 4), "signals": (("trace",), ("derivative",)), "bandwidth": (2.0,)}
    return of_table(evaluation.sensitivity(of(tiny(), 4, FIVE), SMALL, vary, 1), "parameter")


def onsets(standardise: bool) -> Numbers:
    worms = tiny_worms(3, n_frames=900, neurons=FIVE)
    scores, curves = onset.decode_all(worms, FIVE, standardise=standardise)
    return of_table(scores, "decoder") | {"curves": moments(curves["probability"])}


def principal() -> Numbers:
    found: Numbers = {}
    for peak in (False, True):
        table = components.describe(tiny(), peak=peak)
        found |= {f"peak {peak}: {k}": v for k, v in of_table(table).items()}
    return found | {f"variance: {k}": v for k, v in of_table(components.variance(tiny())).items()}


# --- any neurons ----------------------------------------------------------------------------


def fewer_neurons() -> Numbers:
    worms = cohort(tiny(), FIVE, SCALE, _TWO)
    draws = draw_subsets(FIVE, (1, 3, 5), 2)
    rows = study.fewer_neurons(worms, draws, store(), [*study.METHODS, *study.ABLATION])
    table = tables.over_members(rows)
    found = of_table(rows, "method", "n_neurons") | {"draws": len(draws)}
    number = tables.by_number(table)
    found |= {f"by number: {k}": v for k, v in of_table(number, "method", "n_train").items()}
    against = tables.against(table, "SVM, retrained")
    found |= {f"against SVM: {k}": v for k, v in of_table(against, "method").items()}
    kept = singles.kept(singles.chosen_neuron(rows), n=100)
    return found | {f"kept: {k}": v for k, v in of_table(kept, "method", "sense").items()}


def whole_recordings() -> Numbers:
    kept = store()
    rows = study.whole_recordings(simulated(), SCALE, kept, _TWO)
    return of_table(rows, "method", "names", "seen") | of_training(kept.given)


def another_lab() -> Numbers:
    kept = store()
    rows = study.another_lab(simulated(), animals(), SCALE, kept)
    return of_table(rows, "method", "names") | of_training(kept.given)


# --- the dial of individual variability -----------------------------------------------------

SHORT: dict[str, Any] = {"n_worms": 3, "duration_s": 60.0}


@functools.cache
def _dial() -> pd.DataFrame:
    every = {**dial.MODELS, **dial.ORACLES}
    plans = {label: replace(plan, sizes=_TWO) for label, plan in every.items()}
    settings = dial.grid(("loadings", "neurons"), (0.0, 0.4), (0,), **SHORT)
    return dial.run(settings, plans, SCALE.with_folds(1), store())


def dial_differences() -> Numbers:
    apart, room = differences.differences(_dial()), differences.headroom(_dial())
    return {**of_table(apart, "other", "kind"), **of_table(room, "other", "kind", "mixing")}


def legible() -> Numbers:
    settings = [dial.Setting(0.4, kind, **SHORT) for kind in ("loadings", "neurons")]
    return of_table(edges.legible(settings, SCALE.with_folds(1), store()), "kind")


def placed(name: str) -> Numbers:
    table = placement.measure(simulated(), name, SCALE, store(), each=True)
    return of_table(pd.concat([table, placement.describe(simulated())]), "statistic")


def calibrated() -> Numbers:
    physics = {"default": calibration.PHYSICS["default"]}
    names, kinds = ("tuning", "correlations"), ("loadings",)
    like, scale = list(simulated()), SCALE
    rows = calibration.calibrate(
        like, scale, store(), (0.0, 0.5, 1.0), (0, 1, 2), names, physics, kinds
    )
    measured = pd.concat([placement.measure(like, name, scale, store()) for name in names])
    return {
        **of_table(rows, "statistic", "mixing"),
        **{f"place: {k}": v for k, v in of_table(calibration.placements(rows, measured)).items()},
        **{f"recovery: {k}": v for k, v in of_table(calibration.recovery(rows)).items()},
    }


# --- inferred edges -------------------------------------------------------------------------


@functools.cache
def _inferred() -> Inferred:
    return inferred(tiny(), SCALE, store(), device="cpu")


def compared() -> Numbers:
    with patch("wormgnn.connectivity.comparison.STRENGTHS", (0.0, 0.0, 0.4, 0.4, 0.8)):
        table = compare(_inferred(), tiny(), 19, 9)
    return of_table(table, "family", "statistic")


def reliable() -> Numbers:
    found = _inferred()
    averages = connectivity.averages(found, tiny())
    return {
        **of_table(reliability(found), "pairs"),
        **{f"histogram: {k}": v for k, v in of_table(histogram(found), "pairs").items()},
        **{f"averages: {k}": v for k, v in of_table(averages).items()},
    }


def frames_of_edges() -> Numbers:
    return of_table(edge_frames(tiny(), SCALE, store()), "frames")


@functools.cache
def _one_hot() -> tuple[pd.DataFrame, list[Any]]:
    with patch("wormgnn.experiments.load", lambda _: list(tiny())):
        sharp = paired.trained_on(one_hot.some([1, 100]), _TWO)
        return one_hot.run(sharp, "tiny", SCALE, store())


def one_hot_rows() -> Numbers:
    rows, trained = _one_hot()
    examples = one_hot.examples(trained, [w.worm for w in tiny()], PAPER_NEURONS)
    return {**of_table(rows, "rivals", "factor"), **of_table(examples, "rivals", "factor")}


def one_hot_matrices() -> Numbers:
    table = summarised(matrices(_one_hot()[1]))
    return of_table(table.drop(columns="fold"), "rivals", "factor", "seen")


# --- another laboratory ---------------------------------------------------------------------

AWAY = {
    "MLP": Classification("mlp", options=READINGS[CHOSEN["mlp"]].options, sizes=_TWO),
    "SVM": Classification("svm", sizes=_TWO),
}


def transferred(run: Callable[..., pd.DataFrame], *worms: Sequence[Recording]) -> Numbers:
    return of_table(run(*worms, AWAY, SCALE, store(), device="cpu"), "model", "rule", "n_train")


# --- experiments, and what is made of their rows --------------------------------------------


@functools.cache
def _experiment(name: str, *lines: str) -> experiments.Results:
    chosen = paired.trained_on(EXPERIMENTS[name].only(lines), _TWO)
    with patch("wormgnn.experiments.load", lambda _: list(tiny())):
        return experiments.run(chosen, "tiny", SCALE, store(), device="cpu")


_WITHOUT = (
    "SVM: 2 states, without AVA",
    "MLP: 4 states, without AVA",
    "GNN: 2 states, without AVA",
)


def _with_all() -> tuple[pd.DataFrame, pd.DataFrame]:
    parts = [_experiment("table1", "SVM", "GNN"), _experiment("figure4a", "MLP: 4 states")]
    rows, counts = zip(*((part.rows, part.confusion) for part in parts), strict=True)
    return pd.concat(rows), pd.concat(counts)


def ran() -> Numbers:
    found = _experiment("table1", "SVM", "GNN")
    counts = found.confusion.groupby(["model", "seen", "labelled", "predicted"])["count"].sum()
    wider = summary.accuracies(found.rows).reset_index()
    return {"counts": values(counts), **of_table(wider, "model", "worms")}


def effects() -> Numbers:
    changed, plain = _experiment("without-ava", *_WITHOUT).rows, _with_all()[0]
    partners = without_neurons.partners(_WITHOUT)
    scores = ("accuracy", "balanced_accuracy")
    return of_table(paired.effects(changed, plain, partners, scores), "model", "worms", "score")


def recalls() -> Numbers:
    changed, partners = _experiment("without-ava", *_WITHOUT), without_neurons.partners(_WITHOUT)
    table = without_neurons.recalls(changed.confusion, _with_all()[1], partners)
    return of_table(table, "model", "state")


def overfitted() -> Numbers:
    zoo: Experiment = paired.trained_on(EXPERIMENTS["zoo"].only(["GIN-0"]), _TWO)
    with patch("wormgnn.experiments.load", lambda _: list(tiny())):
        return of_table(overfitting.overfitting(zoo, "tiny", SCALE, store()), "model", "n_train")


def chosen_reading() -> Numbers:
    rows = []
    for name in ("mlp", "mlp, no norm"):
        plan = replace(READINGS[name].plan(), sizes=_TWO)
        found = classify(plan, tiny(), PAPER_NEURONS, SCALE, store(), device="cpu").rows
        rows.append(found.assign(reading=name))
    table = readings.leave_one_worm_out(pd.concat(rows))
    chosen = readings.choose(table, ["mlp", "mlp, no norm"], 1)
    return of_table(table, "reading", "n_train") | {"chosen": moments(chosen["outer"])}


def individuals() -> Numbers:
    tests = individuality.compare_worms(tiny(), FIVE[:2], 4, n=49)
    return of_table(tests, "neuron", "state")


def decoded(model: str, n_states: int) -> Numbers:
    *train, mine = small_worms(4, duration_s=60.0)
    mine = replace(mine.resample(4.3), worm="mine")
    plan = decoder.plan_named(model, n_states)
    trained = decoder.train_decoder(train, FIVE, plan, SCALE, store(), "cpu")
    found = decode.decode(trained, mine)
    return {
        "probabilities": values(found.probabilities[::40]),
        "states": values(np.bincount(found.states, minlength=n_states)),
        "agreement": moments(found.agreement),
        "score": list(decode.score(found).values()),
        "left out": moments(trained.left_out["accuracy"]),
    }


# --- the cases, and the test ----------------------------------------------------------------

CASES: dict[str, Callable[[], Numbers]] = {
    "inputs": inputs,
    **{f"classify: {name}": functools.partial(classified, plan) for name, plan in PLANS.items()},
    **{f"classify, unseen: {m}": functools.partial(with_unseen, m) for m in ("svm", "mlp", "gnn")},
    **{f"classify, blocked: {name}": functools.partial(blocked, PLANS[name]) for name in _BLOCKED},
    **{f"forecast: {name}": functools.partial(forecasted, name) for name in FORECASTS},
    "forecast tables": forecast_table,
    **{
        f"forecast experiment: {name}": functools.partial(forecast_experiment, name)
        for name in ("figure4c", "figure4c-abroad")
    },
    "free runs": free,
    "manifold": manifold,
    "manifold, ahead": manifold_ahead,
    "manifold, sensitivity": manifold_varied,
    "onsets": functools.partial(onsets, True),
    "onsets, as recorded": functools.partial(onsets, False),
    "components": principal,
    "neuron subsets": fewer_neurons,
    "neuron subsets, whole recordings": whole_recordings,
    "neuron subsets, another lab": another_lab,
    "mixing: dial": lambda: of_table(_dial(), "model", "kind", "mixing"),
    "mixing: differences": dial_differences,
    "mixing: legible edges": legible,
    **{f"mixing: {name}": functools.partial(placed, name) for name in placement.STATISTICS},
    "mixing: calibration": calibrated,
    "connectivity: comparison": compared,
    "connectivity: reliability": reliable,
    "edge frames": frames_of_edges,
    "one-hot: rows": one_hot_rows,
    "one-hot: matrices": one_hot_matrices,
    "transfer": lambda: transferred(other_lab.transfer, simulated(), animals()),
    "transfer: within": lambda: transferred(other_lab.within, animals()),
    "transfer: derivatives": lambda: transferred(
        other_lab.from_derivatives, simulated(), animals()
    ),
    "experiment": ran,
    "paired effects": effects,
    "recalls": recalls,
    "overfitting": overfitted,
    "readings, chosen": chosen_reading,
    "individuality": individuals,
    "decode: mlp, 2 states": functools.partial(decoded, "mlp", 2),
    "decode: gnn, 4 states": functools.partial(decoded, "gnn", 4),
}


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread, no GPU."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with patch("torch.cuda.is_available", lambda: False):
            yield
    finally:
        torch.set_num_threads(before)


def measured(name: str) -> Numbers:
    with one_thread():
        return CASES[name]()


def golden() -> dict[str, Numbers]:
    return json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}


@pytest.mark.parametrize("name", CASES)
def test_results_are_those_of_before(name: str) -> None:
    wanted, found = golden()[name], measured(name)
    assert set(found) == set(wanted)
    for what, numbers in wanted.items():
        exact = all(isinstance(number, int) for number in np.ravel(numbers).tolist())
        rtol, atol = (0, 0) if exact else (1e-4, 1e-6)
        np.testing.assert_allclose(found[what], numbers, rtol, atol, err_msg=f"{name}: {what}")


def test_every_pinned_case_is_run() -> None:
    assert set(golden()) == set(CASES)


def write(names: Sequence[str]) -> None:
    """Replace what is pinned of some cases; each number on a line of its own name."""
    kept = golden() | {name: measured(name) for name in names}
    cases = (f"{json.dumps(name)}: {_lines(kept[name])}" for name in CASES if name in kept)
    GOLDEN.write_text("{\n" + ",\n".join(cases) + "\n}\n", encoding="utf-8")


def _lines(numbers: Mapping[str, Any]) -> str:
    def short(value: Any) -> Any:
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
