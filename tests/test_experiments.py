"""The protocol, experiments and readings on tiny worms."""

from __future__ import annotations

import ast
import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tiny import NEURONS, count_folds, tiny_worm, tiny_worms
from wormgnn import experiments, protocol
from wormgnn.errors import ChoiceError, RecordingError
from wormgnn.models import CLASSIFIERS
from wormgnn.neuron_sets import NEURON_SETS
from wormgnn.profiles import Profile, profile_named
from wormgnn.protocol import Classification, classify
from wormgnn.readings import READINGS, choose, leave_one_worm_out
from wormgnn.recording import PAPER_NEURONS
from wormgnn.states import SEVEN
from wormgnn.store import Store

SMOKE = profile_named("smoke")
TWO_FOLDS = Profile("two folds", subsets_per_size=2, folds=(0, 1), epochs=2)
COLUMNS = "n_train subset fold worm seen n_frames accuracy balanced_accuracy macro_f1 majority"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.fixture
def runs(monkeypatch):
    """Folds that were computed, not found, in the order of their computation."""
    return count_folds(monkeypatch, protocol, "_run_fold")


@pytest.mark.parametrize("model", ["svm", "mlp", "gnn"])
@pytest.mark.parametrize("n_states", [2, 7])
def test_rows_are_every_subset_and_worm(store, model, n_states):
    worms, unseen = tiny_worms(4), [tiny_worm("other", seed=9)]
    scored = classify(Classification(model, n_states), worms, NEURONS, SMOKE, store, unseen)
    rows = scored.rows
    assert list(rows.columns) == COLUMNS.split()
    subsets = SMOKE.subsets([worm.worm for worm in worms])
    assert len(rows) == len(subsets) * 5
    assert list(rows["subset"].unique()) == ["+".join(subset) for subset in subsets]
    members = rows["subset"].str.split("+")
    assert (rows["n_train"] == members.str.len()).all()
    wanted = [worm in subset for worm, subset in zip(rows["worm"], members, strict=True)]
    assert rows["seen"].tolist() == wanted
    assert not rows.loc[rows["worm"] == "other", "seen"].any()
    assert scored.counts.shape == (len(rows), n_states, n_states)
    np.testing.assert_array_equal(scored.counts.sum((1, 2)), rows["n_frames"])
    hits = np.trace(scored.counts, axis1=1, axis2=2)
    np.testing.assert_allclose(rows["accuracy"], hits / rows["n_frames"])
    labelled = (worms[1].states >= 0) & (worms[1].states < (5 if n_states == 2 else 7))
    frames = rows.loc[~rows["seen"] & (rows["worm"] == "worm-2"), "n_frames"]
    assert (frames == np.count_nonzero(labelled)).all()


def test_models_learn_what_can_be_learned(store):
    profile = replace(SMOKE, epochs=150, subsets_per_size=1)
    for model in ("svm", "mlp", "gnn"):
        plan = Classification(model, sizes=(1,))
        rows = classify(plan, tiny_worms(2, n_frames=400), NEURONS, profile, store).rows
        seen = rows[rows["seen"]]
        assert (seen["accuracy"] > seen["majority"] + 0.1).all(), model


def test_a_rerun_reads_the_store(store, runs):
    plan, worms = Classification("mlp"), tiny_worms(3)
    first = classify(plan, worms, NEURONS, TWO_FOLDS, store)
    again = classify(plan, worms, NEURONS, TWO_FOLDS, store)
    assert runs == [("mlp", 0), ("mlp", 1)]
    pd.testing.assert_frame_equal(first.rows, again.rows)
    np.testing.assert_array_equal(first.counts, again.counts)


def test_a_killed_run_goes_on_from_its_last_fold(store, runs, monkeypatch):
    plan, worms, run_fold = Classification("mlp"), tiny_worms(3), protocol._run_fold

    def killed(plan, prepared, subsets, profile, fold, device):
        if fold == 1:
            raise KeyboardInterrupt
        return run_fold(plan, prepared, subsets, profile, fold, device)

    with monkeypatch.context() as patch:
        patch.setattr(protocol, "_run_fold", killed)
        with pytest.raises(KeyboardInterrupt):
            classify(plan, worms, NEURONS, TWO_FOLDS, store)
    resumed = classify(plan, worms, NEURONS, TWO_FOLDS, store)
    assert runs == [("mlp", 0), ("mlp", 1)]
    fresh = classify(plan, worms, NEURONS, TWO_FOLDS, Store(store.folder / "fresh"))
    pd.testing.assert_frame_equal(resumed.rows, fresh.rows)


@pytest.mark.parametrize(
    "change",
    [
        {"n_states": 4},
        {"options": {"hidden": 8}},
        {"split": "blocked"},
        {"scaling": "causal"},
        {"edge_frames": 10},
        {"seed": 1},
    ],
)
def test_whatever_changes_is_computed_again(store, runs, change):
    plan, worms = Classification("gnn", sizes=(1,)), tiny_worms(2, n_frames=900)
    profile = replace(SMOKE, epochs=1)
    classify(plan, worms, NEURONS, profile, store)
    classify(replace(plan, **change), worms, NEURONS, profile, store)
    assert len(runs) == 2


def test_other_worms_neurons_or_epochs_are_computed_again(store, runs):
    plan, worms = Classification("mlp", sizes=(1,)), tiny_worms(2)
    classify(plan, worms, NEURONS, SMOKE, store)
    classify(plan, worms, NEURONS[::-1], SMOKE, store)
    classify(plan, worms, NEURONS, replace(SMOKE, epochs=3), store)
    relabelled = replace(worms[1], states=np.roll(worms[1].states, 1))
    classify(plan, [worms[0], relabelled], NEURONS, SMOKE, store)
    assert len(runs) == 4


@pytest.mark.parametrize("model", ["svm", "mlp", "gnn", "gnn-connectome", "zoo"])
def test_a_models_key_covers_every_module_that_it_runs_through(model):
    """Found by following imports from the model's class; what only chooses is left out."""
    aside = {"wormgnn.errors"} | {  # they share a file with what the model needs
        "zoo": {"wormgnn.models.gnn", "wormgnn.models.predictors"},
        "svm": {"wormgnn.models.gnn", "wormgnn.ensemble", "wormgnn.training"},
    }.get(model, set())
    root = "wormgnn.baselines.svm" if model == "svm" else CLASSIFIERS[model].__module__
    found = {root}
    while new := {name for module in found for name in imported(module)} - found - aside:
        found |= new
    assert len(found) > 1 and found <= set(protocol.code_of([model]))


def imported(module: str) -> set[str]:
    tree = ast.parse(Path(importlib.import_module(module).__file__).read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {node.module for node in nodes if node.module.split(".")[0] == "wormgnn"}


def test_a_change_to_one_model_leaves_the_others_results_valid():
    assert "wormgnn.models.gnn" not in protocol.code_of(["mlp"])
    assert "wormgnn.models.mlp" not in protocol.code_of(["svm"])
    both = protocol.code_of(["mlp", "svm"])
    assert set(both) == {*protocol.code_of(["mlp"]), *protocol.code_of(["svm"])}
    with pytest.raises(ChoiceError, match="model 'rnn'"):
        protocol.code_of(["rnn"])


def test_worms_in_another_order_keep_their_own_scores(store):
    plan, worms = Classification("svm", sizes=(1,)), tiny_worms(3)
    first, *others = worms
    tables = [
        classify(plan, [first], NEURONS, SMOKE, store, unseen).rows.set_index("worm")
        for unseen in (others, others[::-1])
    ]
    assert tables[0]["n_frames"].nunique() > 1
    pd.testing.assert_frame_equal(tables[0].sort_index(), tables[1].sort_index())


def test_two_worms_of_one_name_are_refused(store):
    worms = tiny_worms(2)
    with pytest.raises(RecordingError, match="worm-2 repeats"):
        classify(Classification("svm"), worms, NEURONS, SMOKE, store, unseen=worms[1:])


@pytest.mark.parametrize("model", ["svm", "mlp", "gnn"])
def test_unseen_worms_do_not_influence_each_other(store, model):
    plan, worms = Classification(model, sizes=(2,)), tiny_worms(3)
    other = replace(worms[2], traces=worms[2].traces[::-1].copy(), states=worms[2].states[::-1])
    tables = [
        classify(plan, trio, NEURONS, SMOKE, store).rows.set_index(["subset", "worm"])
        for trio in (worms, [*worms[:2], other])
    ]
    for place in (("worm-1+worm-2", "worm-1"), ("worm-1+worm-2", "worm-2")):
        pd.testing.assert_series_equal(tables[0].loc[place], tables[1].loc[place])


def test_unknown_models_name_the_choices(store):
    with pytest.raises(ChoiceError, match="model 'cnn'"):
        classify(Classification("cnn"), tiny_worms(2), NEURONS, SMOKE, store)


def paper_worms(n=3):
    return tiny_worms(n, neurons=(*PAPER_NEURONS, "ASKL"))


def test_a_table_runs_line_by_line_and_resumes(store, runs, monkeypatch):
    monkeypatch.setattr(experiments, "load", lambda dataset: paper_worms())
    table = experiments.experiment_named("table1").only(["SVM", "MLP", "GNN"])
    results = experiments.run(table, "tiny", SMOKE, store)
    again = experiments.run(table, "tiny", SMOKE, store)
    assert runs == [("svm", 0), ("mlp", 0), ("gnn", 0)]
    pd.testing.assert_frame_equal(results.rows, again.rows)
    assert list(results.rows["model"].unique()) == ["SVM", "MLP", "GNN"]
    assert (results.rows["n_neurons"] == 15).all()
    pooled = results.confusion.groupby("model")["count"].sum()
    np.testing.assert_array_equal(pooled, results.rows.groupby("model")["n_frames"].sum())


def test_pooled_confusion_is_the_sum_over_folds_and_subsets():
    keys = {"n_train": [1, 1, 1], "seen": [False] * 3, "worm": ["a", "a", "b"]}
    counts = np.arange(12).reshape(3, 2, 2)
    found = experiments._pooled(pd.DataFrame(keys), counts).set_index("worm")
    for worm, wanted in (("a", counts[:2].sum(0)), ("b", counts[2])):
        part = found.loc[worm]
        for _, cell in part.iterrows():
            assert cell["count"] == wanted[cell["labelled"], cell["predicted"]]
        assert len(part) == 4


def test_every_experiment_names_known_models_and_neurons():
    for name in experiments.EXPERIMENTS:
        experiment = experiments.experiment_named(name)
        assert len({line.label for line in experiment.runs}) == len(experiment.runs)
        for line in experiment.runs:
            assert line.plan.model in {"svm", *protocol.classifier.__globals__["CLASSIFIERS"]}
            assert line.neurons in NEURON_SETS
    with pytest.raises(ChoiceError, match=r"experiment 'table9'.*table1"):
        experiments.experiment_named("table9")
    with pytest.raises(ChoiceError, match=r"model 'RNN': .*'SVM, linear', 'MLP', "):
        experiments.experiment_named("table1").only(["RNN"])


def test_lines_are_chosen_by_label_or_by_model():
    controls = experiments.experiment_named("controls")
    models = ["SVM", "MLP, no norm", "GNN"]
    assert list(dict.fromkeys(run.model for run in controls.runs)) == models
    gnn = [run.label for run in controls.only(["GNN"]).runs]
    assert gnn == [run.label for run in controls.runs if run.label.startswith("GNN: ")]
    assert [run.label for run in controls.only([gnn[1], "GNN"]).runs] == [
        *(gnn[1], gnn[0]),
        *gnn[2:],
    ]
    assert controls.only(None) is controls
    with pytest.raises(ChoiceError, match=r"'MLP, no norm', 'GNN', 'SVM: blocked split'"):
        controls.only(["MLP"])


@pytest.mark.parametrize("name", READINGS)
def test_every_reading_can_be_built_and_trained(name, store):
    plan = replace(READINGS[name].plan(), sizes=(1,))
    profile = replace(SMOKE, epochs=1, subsets_per_size=1)
    rows = classify(plan, tiny_worms(2), NEURONS, profile, store).rows
    assert rows["accuracy"].between(0, 1).all()


def readings_rows(seed=0):
    """Made-up accuracies of two readings: every subset of one and two of four worms."""
    rng, worms = np.random.default_rng(seed), ["a", "b", "c", "d"]
    subsets = Profile("all", None, (0,), 1).subsets(worms, (1, 2))
    return pd.DataFrame(
        {
            "reading": reading,
            "n_train": len(subset),
            "subset": "+".join(subset),
            "worm": worm,
            "seen": worm in subset,
            "accuracy": rng.random(),
        }
        for reading in ("one", "two")
        for subset in subsets
        for worm in worms
    )


def test_inner_and_outer_accuracies_are_the_written_out_means():
    rows = readings_rows()
    table = leave_one_worm_out(rows)
    assert len(table) == 2 * 4 * 2
    for line in table.itertuples():
        inner, outer = [], []
        for row in rows[
            (rows.reading == line.reading) & (rows.n_train == line.n_train)
        ].itertuples():
            trained = row.subset.split("+")
            if row.worm in trained or line.held_out in trained:
                continue
            (outer if row.worm == line.held_out else inner).append(row.accuracy)
        assert line.inner == pytest.approx(np.mean(inner))
        assert line.outer == pytest.approx(np.mean(outer))


def test_the_held_out_worm_cannot_influence_the_choice():
    rows = readings_rows()
    involved = rows["subset"].str.contains("c") | (rows["worm"] == "c") | rows["seen"]
    other = rows.assign(accuracy=rows["accuracy"].where(~involved, 1 - rows["accuracy"]))
    tables = [leave_one_worm_out(r).query("held_out == 'c'") for r in (rows, other)]
    np.testing.assert_array_equal(tables[0]["inner"], tables[1]["inner"])
    assert (tables[0]["outer"] != tables[1]["outer"]).all()


def test_choose_takes_the_best_inner_reading_for_every_worm():
    table = leave_one_worm_out(readings_rows())
    chosen = choose(table, ["one", "two"], n_train=1)
    assert chosen["held_out"].tolist() == ["a", "b", "c", "d"]
    for line in chosen.itertuples():
        rivals = table[(table["held_out"] == line.held_out) & (table["n_train"] == 1)]
        assert line.inner == rivals["inner"].max()
    assert set(choose(table, ["two"], 2)["reading"]) == {"two"}


def test_a_choice_can_be_judged_with_more_training_worms():
    table = leave_one_worm_out(readings_rows())
    few, many = choose(table, ["one", "two"], 1), choose(table, ["one", "two"], 1, judged_at=2)
    assert (many["n_train"] == 2).all()
    assert many["held_out"].tolist() == few["held_out"].tolist()
    assert many["reading"].tolist() == few["reading"].tolist()
    for line in many.itertuples():
        same = (table["held_out"] == line.held_out) & (table["reading"] == line.reading)
        assert line.outer == table[same & (table["n_train"] == 2)]["outer"].item()


def test_a_choice_needs_worms_to_choose_by():
    """Four training worms of five leave nobody to compare readings on but the held-out one."""
    rows = readings_rows()
    three = rows.assign(n_train=3)[rows["worm"].isin(["a", "b"]) & (rows["n_train"] == 1)]
    table = leave_one_worm_out(three[three["subset"].isin(["a", "b"])])
    with pytest.raises(ValueError, match="n_train 3"):
        choose(table, ["one", "two"], n_train=3)


def test_seven_states_are_all_in_the_tiny_worms():
    assert set(tiny_worm().states) == set(range(-1, len(SEVEN)))


def test_wiring_changes_the_connectome_line_alone():
    table1 = experiments.EXPERIMENTS["table1"]
    wired = table1.wired(connectome="cook2019", synapses="gap")
    for before, after in zip(table1.runs, wired.runs, strict=True):
        if before.plan.model == "gnn-connectome":
            assert after.plan.options["connectome"] == "cook2019"
            assert after.plan.options["weighting"] == before.plan.options["weighting"]
        else:
            assert after == before
