"""One road from an experiment to its table, whatever reads the worms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tiny import NEURONS, count_folds, tiny_worm, tiny_worms
from wormgnn import runner
from wormgnn.comparison import IDENTITY
from wormgnn.datasets import registry
from wormgnn.errors import ChoiceError, NeuronError, RecordingError
from wormgnn.folds import Role
from wormgnn.plan import Experiment, Line, Plan, Profile
from wormgnn.runner import OTHER_LAB, run
from wormgnn.store import Store
from wormgnn.tasks import states

SCALE = Profile("tiny", subsets_per_size=2, folds=(0, 1), epochs=2, hidden=4)
MANIFOLD = {"n_neighbours": 4, "n_dimensions": 4, "n_phases": 12, "n_branches": 2}
PLANS = {
    "svm": Plan("svm"),
    "mlp": Plan("mlp", n_states=4),
    "gnn": Plan("gnn", n_states=7),
    "manifold": Plan("manifold", options=MANIFOLD),
    "standardised": Plan("standardised", options={"classifier": "logistic regression"}),
    "masked-mlp": Plan("masked-mlp"),
    "filled-mlp": Plan("filled-mlp"),
    "set-reader": Plan("set-reader"),
}
READ_OFF = ("manifold", "standardised")
"""Readers that count whole worms by one fold of their own."""


def line(plan, **changes):
    return Line(**{"label": plan.model, "plan": plan, "neurons": NEURONS, **changes})


def experiment(*lines, **changes):
    return Experiment("tiny", "Tiny worms", lines, **changes)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.fixture
def folds(monkeypatch):
    """Model and fold of what was computed, not found, in the order of computation."""
    return count_folds(monkeypatch, states, "run_fold")


def ran(*lines, store, worms=(), profile=SCALE):
    return run(experiment(*lines), worms or tiny_worms(3), profile, store, device="cpu")


@pytest.mark.parametrize("name", PLANS)
def test_every_reader_gives_a_row_for_each_fold_subset_and_worm(name, store):
    plan = PLANS[name]
    table = ran(line(plan), store=store)
    rows, subsets = table.rows, table.subsets(name)
    assert len(rows) == len(subsets) * len(SCALE.folds) * 3
    assert list(rows.columns[:3]) == ["experiment", "line", "model"]
    known = [column for column in rows.columns if column in IDENTITY]
    assert known == [column for column in IDENTITY if column in rows]
    assert set(IDENTITY) == set(known)
    assert set(rows["n_states"]) == {plan.n_states} and set(rows["task"]) == {"states"}
    assert set(rows["neurons"]) == {"+".join(NEURONS)} and set(rows["train"]) == {"tiny"}
    assert list(rows["subset"].unique()) == ["+".join(subset) for subset in subsets]
    members = rows["subset"].str.split("+")
    assert (rows["n_train"] == members.str.len()).all()
    pairs = zip(rows["worm"], members, strict=True)
    assert rows["seen"].tolist() == [worm in subset for worm, subset in pairs]
    counts = np.concatenate([table.arrays(name, fold)["counts"] for fold in SCALE.folds])
    counts = counts.reshape(-1, plan.n_states, plan.n_states)
    np.testing.assert_array_equal(counts.sum((1, 2)), rows["n_frames"])
    hits = np.trace(counts, axis1=1, axis2=2)
    np.testing.assert_allclose(rows["accuracy"], hits / rows["n_frames"])


def test_models_learn_what_can_be_learned(store):
    profile = replace(SCALE, folds=(0,), epochs=150, subsets_per_size=1)
    lines = [line(Plan(model, sizes=(1,))) for model in ("svm", "mlp", "gnn")]
    rows = ran(*lines, store=store, worms=tiny_worms(2, n_frames=400), profile=profile).rows
    seen = rows[rows["seen"]]
    assert (seen["accuracy"] > seen["majority"] + 0.1).all()


def test_a_rerun_reads_the_store(store, folds):
    lines = [line(PLANS[name]) for name in ("svm", "mlp", "set-reader")]
    first, again = (ran(*lines, store=store) for _ in range(2))
    assert folds == [(name, fold) for name in ("svm", "mlp", "set-reader") for fold in (0, 1)]
    pd.testing.assert_frame_equal(first.rows, again.rows)
    pd.testing.assert_frame_equal(first.confusion, again.confusion)
    more = ran(*lines, line(PLANS["gnn"]), store=store)  # a line is added, nothing else runs
    assert folds[6:] == [("gnn", 0), ("gnn", 1)]
    pd.testing.assert_frame_equal(more.rows[more.rows["line"] != "gnn"], first.rows)


def test_a_killed_run_goes_on_from_its_last_fold(store, folds, monkeypatch):
    run_fold = states.run_fold

    def killed(plan, cohort, fold, device):
        if fold == 1:
            raise KeyboardInterrupt
        return run_fold(plan, cohort, fold, device)

    with monkeypatch.context() as patch:
        patch.setattr(states, "run_fold", killed)
        with pytest.raises(KeyboardInterrupt):
            ran(line(PLANS["mlp"]), store=store)
    resumed = ran(line(PLANS["mlp"]), store=store)
    assert folds == [("mlp", 0), ("mlp", 1)]
    fresh = ran(line(PLANS["mlp"]), store=Store(store.folder / "fresh"))
    pd.testing.assert_frame_equal(resumed.rows, fresh.rows)


CHANGES = {"n_states": 4, "options": {"hidden": 8}, "split": "blocked", "scaling": "causal"}
CHANGES |= {"edge_frames": 10, "learning_rate": 1e-2, "epochs": 3}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_is_computed_again(store, folds, change):
    plan, worms = Plan("gnn", sizes=(1,)), tiny_worms(2, n_frames=900)
    for one in (plan, replace(plan, **{change: CHANGES[change]})):
        ran(line(one), store=store, worms=worms, profile=replace(SCALE, folds=(0,), epochs=1))
    assert len(folds) == 2


def test_other_worms_neurons_seeds_or_versions_are_computed_again(store, folds, monkeypatch):
    plan, worms, scale = Plan("mlp", sizes=(1,)), tiny_worms(2), replace(SCALE, folds=(0,))
    one = experiment(line(plan))
    run(one, worms, scale, store)
    run(experiment(line(plan, neurons=NEURONS[::-1])), worms, scale, store)
    run(one, worms, scale, store, seed=1)
    relabelled = replace(worms[1], states=np.roll(worms[1].states, 1))
    run(one, [worms[0], relabelled], scale, store)
    run(one, worms[::-1], scale, store)  # their order decides the folds
    monkeypatch.setattr(states, "VERSION", states.VERSION + 1)
    run(one, worms, scale, store)
    assert len(folds) == 6


def test_what_the_store_keeps_of_a_fold(store):
    table = ran(line(PLANS["gnn"]), line(PLANS["svm"]), store=store)
    kept = table.arrays("gnn", 0)
    members = len(table.subsets("gnn"))
    assert kept["edges"].shape == (members, 3, len(NEURONS), len(NEURONS))
    assert kept["validation"].shape == (SCALE.epochs, members)
    assert {"parameters", "statistics", "best_epoch", "seen"} <= set(kept)
    assert set(table.arrays("svm", 0)) == {"counts", "seen"}
    assert table.manifest("gnn", 1)["seconds"] > 0 and table.cohort("gnn").neurons == NEURONS
    with pytest.raises(ChoiceError, match="fold 7: choose one of 0, 1"):
        table.arrays("gnn", 7)


@pytest.fixture
def animals(monkeypatch):
    """Two animals of another laboratory: slower, the second without RIML and in doubt of AVAR."""
    found = []
    for number, names in enumerate((NEURONS, ("AVAL", "AVAR", "VB01")), start=1):
        worm = tiny_worm(f"far-{number}", 200, 8 + number, names)
        sure = np.array([2.0 if number == 2 and n == "AVAR" else 5.0 for n in names])
        found.append(
            replace(worm, dataset="far", fps=2.0, times=np.arange(200) / 2, confidence=sure)
        )
    monkeypatch.setattr(registry, "other_lab", lambda _: found)
    return found


@pytest.mark.parametrize(
    ("rule", "sets"),
    [
        ("common", {"far-1+far-2": 3}),
        ("own", {"far-1": 4, "far-2": 3}),
        ("confident", {"far-1": 4, "far-2": 2}),
    ],
)
def test_a_rule_gives_a_run_for_each_set_of_neurons(rule, sets, animals, store):
    plan = Plan("svm", sizes=(2,))
    table = run(experiment(line(plan, neurons=rule), unseen=OTHER_LAB), tiny_worms(3), SCALE, store)
    rows = table.rows
    assert rows.groupby("animals")["n_neurons"].first().to_dict() == sets
    assert set(rows["neurons"]) == {rule}
    for number, (names, n_neurons) in enumerate(sets.items()):
        cohort = table.cohort("svm", number)
        assert cohort.worms[3:] == tuple(names.split("+"))
        assert len(cohort.neurons) == n_neurons
        assert table.arrays("svm", 0, number)["counts"].shape[1] == 3 + len(names.split("+"))
    abroad = rows[rows["worm"].str.startswith("far")]
    assert not abroad["seen"].any() and set(abroad["worm"]) == {"far-1", "far-2"}
    with pytest.raises(ChoiceError, match="set of neurons 2"):
        table.arrays("svm", 0, 2)


def test_two_datasets_meet_at_one_rate(animals, store):
    table = run(
        experiment(line(Plan("svm", sizes=(1,)), neurons="common"), unseen=OTHER_LAB),
        tiny_worms(2), SCALE, store,
    )  # fmt: skip
    assert {worm.fps for worm in table.cohort("svm").recordings} == {2.0}
    assert {worm.fps for worm in table.recordings} == {3.0, 2.0}  # as they were loaded


def test_other_animals_can_train_and_be_left_out(animals, store):
    alone = line(Plan("svm", sizes=(1,)), neurons="common", train=OTHER_LAB, alone=True)
    rows = run(experiment(alone, unseen=OTHER_LAB), tiny_worms(3), SCALE, store).rows
    assert set(rows["worm"]) == {"far-1", "far-2"} and set(rows["train"]) == {"far"}
    assert set(rows["animals"]) == {"far-1+far-2"}


def test_an_unseen_dataset_is_never_trained_on(store, monkeypatch):
    other = [replace(tiny_worm("other", seed=9), dataset="other")]
    monkeypatch.setattr(registry, "load", lambda name: {"theirs": other}[name])
    rows = run(experiment(line(PLANS["mlp"]), unseen="theirs"), tiny_worms(3), SCALE, store).rows
    assert not rows["subset"].str.contains("other").any()
    assert not rows.loc[rows["worm"] == "other", "seen"].any()
    with pytest.raises(RecordingError, match="worm-2, worm-3 repeats"):
        monkeypatch.setattr(registry, "load", lambda name: tiny_worms(3)[1:])
        run(experiment(line(PLANS["mlp"]), unseen="theirs"), tiny_worms(3), SCALE, store)


def test_a_pool_of_worms_trains_and_the_last_are_unseen(store):
    few = line(Plan("svm", sizes=(2,)), pool=(2, 1))
    rows = ran(few, store=store, worms=tiny_worms(4)).rows
    assert set(rows["subset"]) == {"worm-1+worm-2"}
    assert rows.loc[~rows["seen"], "worm"].unique().tolist() == ["worm-4"]


def test_a_view_is_what_models_see(store):
    worms = tiny_worms(2)
    table = ran(line(Plan("svm"), view="derivative"), store=store, worms=worms)
    assert not np.allclose(table.cohort("svm").recordings[0].traces, worms[0].traces)
    with pytest.raises(ChoiceError, match="view 'smooth': choose one of as recorded"):
        ran(line(Plan("svm"), view="smooth"), store=store)
    with pytest.raises(ChoiceError, match="view 'aligned'"):
        ran(line(Plan("svm"), view="aligned"), store=store)


LONGER = replace(SCALE, folds=(0,), epochs=25)
"""Epochs after which a network's states depend on what it learned."""


def fast(name, size):
    return line(replace(PLANS[name], sizes=(size,), learning_rate=1e-2))


@pytest.mark.parametrize("name", PLANS)
def test_an_evaluation_worm_changes_nothing_of_the_others(name, store):
    worms = tiny_worms(3)
    noise = np.random.default_rng(99).normal(size=worms[2].traces.shape)
    states = np.where(np.arange(worms[2].n_frames) < 60, -1, np.roll(worms[2].states, 57))
    other = replace(worms[2], traces=noise, states=states)
    trios = (worms, [*worms[:2], other])
    tables = [ran(fast(name, 2), store=store, worms=trio, profile=LONGER) for trio in trios]
    before, after = (table.arrays(name, 0) for table in tables)
    row = tables[0].subsets(name).index(("worm-1", "worm-2"))
    np.testing.assert_array_equal(before["counts"][row, :2], after["counts"][row, :2])
    assert (before["counts"][row, 2] != after["counts"][row, 2]).any()
    for kept in {"parameters", "validation", "best_epoch"} & set(before):
        axis = 1 if kept == "validation" else 0
        np.testing.assert_array_equal(*(np.take(a[kept], row, axis) for a in (before, after)))


@pytest.mark.parametrize("name", [name for name in PLANS if name not in READ_OFF])
@pytest.mark.parametrize("role", [Role.TEST, Role.TRAIN])
def test_test_frames_change_scores_alone_and_training_frames_the_model(name, role, store):
    worms = tiny_worms(2)
    table = ran(fast(name, 1), store=store, worms=worms, profile=LONGER)
    frames = table.cohort(name).roles(0, 0, "shuffled") == role
    labels = np.where(frames, np.roll(worms[0].states, 7), worms[0].states)
    changed = [replace(worms[0], states=labels), worms[1]]
    again = ran(fast(name, 1), store=store, worms=changed, profile=LONGER)
    row = table.subsets(name).index(("worm-1",))
    before, after = (t.arrays(name, 0)["counts"][row, 1] for t in (table, again))
    assert np.array_equal(before, after) == (role == Role.TEST)  # on the unseen worm


def test_unknown_names_are_refused_before_anything_runs(store, folds):
    with pytest.raises(ChoiceError, match="model 'cnn': choose one of svm"):
        ran(line(Plan("cnn")), store=store)
    with pytest.raises(ChoiceError, match="task 'smells': choose one of states, traces"):
        ran(line(Plan("svm", task="smells")), store=store)
    with pytest.raises(ChoiceError, match="set of neurons 'best'"):
        ran(line(Plan("svm"), neurons="best"), store=store)
    with pytest.raises(ChoiceError, match="model 'cnn'"):
        ran(line(Plan("cnn", task="traces")), store=store)
    assert folds == []


@pytest.mark.parametrize("name", [name for name in PLANS if name != "set-reader"])
def test_a_fixed_set_wants_every_neuron_in_every_worm(name, store):
    worms = [tiny_worm("worm-1"), tiny_worm("worm-2", seed=1, neurons=("AVAL", "VB01"))]
    with pytest.raises(NeuronError, match="worm-2: no neuron named AVAR, RIML"):
        ran(line(PLANS[name]), store=store, worms=worms)
    with pytest.raises(NeuronError, match="worm-1: none of the neurons ZZZ"):
        ran(line(PLANS[name], neurons=("ZZZ",)), store=store)


def test_a_dataset_is_named_or_given(store, monkeypatch):
    monkeypatch.setattr(registry, "load", lambda name: {"mine": tiny_worms(2)}[name])
    one = experiment(line(Plan("svm")))
    assert run(one, "mine", SCALE, store).dataset == "mine"
    named, given = run(one, "mine", SCALE, store), run(one, tiny_worms(2), SCALE, store)
    pd.testing.assert_frame_equal(named.rows, given.rows)
    assert runner.json_of(Plan("svm", sizes=(1,)))["sizes"] == (1,)


def test_nothing_to_run_is_an_empty_table(store):
    table = ran(store=store)
    assert table.rows.empty and table.confusion is None
    assert [worm.worm for worm in table.recordings] == ["worm-1", "worm-2", "worm-3"]
