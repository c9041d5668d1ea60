"""One road from an experiment to its table, whatever reads the worms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tiny import NEURONS, count_folds, tiny_worm, tiny_worms
from wormgnn.cohort import OTHER_LAB
from wormgnn.comparison import IDENTITY
from wormgnn.datasets import registry
from wormgnn.errors import ChoiceError, NeuronError, RecordingError
from wormgnn.features import derivative
from wormgnn.folds import Role
from wormgnn.plan import PROFILES, Experiment, Line, Plan, Profile
from wormgnn.runner import run
from wormgnn.store import Store
from wormgnn.tasks import states, traces

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
    assert [column for column in rows.columns if column in IDENTITY] == list(IDENTITY)
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
    assert table.manifest(name, 1)["seconds"] > 0
    with pytest.raises(ChoiceError, match="fold 7: choose one of 0, 1"):
        table.arrays(name, 7)


@pytest.mark.parametrize("model", ["var", "mlp-rnn"])
def test_members_stored_by_themselves_are_those_of_the_fold_and_go_on_where_they_stopped(
    model, store, monkeypatch
):
    forecast, profile = line(Plan(model, "traces", sizes=(1, 2))), replace(SCALE, folds=(0,))
    alone = replace(profile, stored_singly=True)
    together = ran(forecast, store=store, profile=profile)
    asked, run_fold = [], traces.run_fold

    def killed(plan, cohort, fold, device):
        asked.append(cohort.only)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return run_fold(plan, cohort, fold, device)

    monkeypatch.setattr(traces, "run_fold", killed)
    with pytest.raises(KeyboardInterrupt):
        ran(forecast, store=store, profile=alone)
    few = ran(line(Plan(model, "traces", sizes=(1,))), store=store, profile=alone)
    resumed = ran(forecast, store=store, profile=alone)
    subsets = together.subsets(model)
    assert asked == [*subsets, subsets[-1]] and len(subsets) == 4
    pd.testing.assert_frame_equal(resumed.rows, together.rows, rtol=1e-4)
    pd.testing.assert_frame_equal(few.rows, resumed.rows.query("n_train == 1"))
    for name, wanted in together.arrays(model, 0).items():
        np.testing.assert_allclose(resumed.arrays(model, 0)[name], wanted, rtol=1e-3, atol=1e-5)


CHANGES = {"n_states": 4, "options": {"hidden": 8}, "split": "blocked", "scaling": "causal"}
CHANGES |= {"edge_frames": 10, "learning_rate": 1e-2, "epochs": 3}


def test_whatever_changes_is_computed_again(store, folds, monkeypatch):
    worms, scale = tiny_worms(2, n_frames=900), replace(SCALE, epochs=1, folds=(0,))
    relabelled = replace(worms[1], states=np.roll(worms[1].states, 1))

    def again(worms=worms, seed=0, neurons=NEURONS, **changes):
        one = line(replace(Plan("gnn", sizes=(1,)), **changes), neurons=neurons)
        run(experiment(one), worms, scale, store, seed)

    again()
    for name, value in CHANGES.items():
        again(**{name: value})
    again(neurons=NEURONS[::-1])
    again(seed=1)
    again([worms[0], relabelled])
    again(worms[::-1])  # their order decides the folds
    again()
    monkeypatch.setattr(states, "VERSION", states.VERSION + 1)
    again()
    assert len(folds) == 1 + len(CHANGES) + 4 + 1


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
    assert {worm.fps for worm in table.recordings} == {3.0, 2.0}  # as they were loaded
    for names, part in zip(sets, table.runs["svm"], strict=True):
        assert part.cohort.worms[3:] == tuple(names.split("+"))
        assert len(part.cohort.neurons) == sets[names]
        assert {worm.fps for worm in part.cohort.recordings} == {2.0}  # they meet at one rate
        assert part.arrays(0)["counts"].shape[1] == len(part.cohort.worms)
    abroad = rows[rows["worm"].str.startswith("far")]
    assert not abroad["seen"].any() and set(abroad["worm"]) == {"far-1", "far-2"}
    # They can train, and the others be left out.
    alone = line(Plan("svm", sizes=(1,)), neurons=rule, train=OTHER_LAB, alone=True)
    rows = run(experiment(alone, unseen=OTHER_LAB), tiny_worms(3), SCALE, store).rows
    assert set(rows["worm"]) == {"far-1", "far-2"} and set(rows["train"]) == {"far"}
    assert set(rows["animals"]) == {"far-1+far-2"}


def test_a_named_dataset_can_train_or_be_unseen(store, monkeypatch):
    named = {
        "mine": tiny_worms(3),
        "theirs": [replace(tiny_worm("other", seed=9), dataset="other")],
    }
    monkeypatch.setattr(registry, "load", named.get)
    one = experiment(line(PLANS["mlp"]), unseen="theirs")
    table, given = (run(one, worms, SCALE, store) for worms in ("mine", tiny_worms(3)))
    assert table.dataset == "mine"
    pd.testing.assert_frame_equal(table.rows, given.rows)
    assert not table.rows["subset"].str.contains("other").any()
    assert not table.rows.loc[table.rows["worm"] == "other", "seen"].any()
    named["theirs"] = tiny_worms(3)[1:]
    with pytest.raises(RecordingError, match="worm-2, worm-3 repeats"):
        run(one, "mine", SCALE, store)


def test_a_pool_of_worms_trains_on_a_view_and_the_last_are_unseen(store):
    worms = tiny_worms(4)
    few = line(Plan("svm", sizes=(2,)), pool=(2, 1), view="derivative")
    table = ran(few, store=store, worms=worms)
    assert set(table.rows["subset"]) == {"worm-1+worm-2"}
    assert table.rows.loc[~table.rows["seen"], "worm"].unique().tolist() == ["worm-4"]
    seen, worm = table.cohort("svm").recordings[-1], worms[-1]
    np.testing.assert_array_equal(seen.traces, derivative(worm))
    assert worm.digest == tiny_worms(4)[-1].digest  # nothing changed in place


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


@pytest.mark.parametrize(
    ("plan", "changes", "message"),
    [
        (Plan("cnn"), {}, "model 'cnn': choose one of svm"),
        (Plan("cnn", task="traces"), {}, "model 'cnn'"),
        (Plan("svm", task="smells"), {}, "task 'smells': choose one of states, traces"),
        (Plan("svm"), {"neurons": "best"}, "set of neurons 'best'"),
        (Plan("svm"), {"view": "smooth"}, "view 'smooth': choose one of as recorded"),
        (Plan("svm"), {"view": "aligned"}, "view 'aligned'"),
    ],
)
def test_unknown_names_are_refused_before_anything_runs(plan, changes, message, store, folds):
    with pytest.raises(ChoiceError, match=message):
        ran(line(plan, **changes), store=store)
    assert folds == []


@pytest.mark.parametrize("name", [name for name in PLANS if name != "set-reader"])
def test_a_fixed_set_wants_every_neuron_in_every_worm(name, store):
    worms = [tiny_worm("worm-1"), tiny_worm("worm-2", seed=1, neurons=("AVAL", "VB01"))]
    with pytest.raises(NeuronError, match="worm-2: no neuron named AVAR, RIML"):
        ran(line(PLANS[name]), store=store, worms=worms)


def test_nothing_to_run_is_an_empty_table_and_a_profile_has_a_name(store):
    table = ran(store=store, profile="smoke")
    assert table.rows.empty and table.confusion is None and table.profile == PROFILES["smoke"]
    assert [worm.worm for worm in table.recordings] == ["worm-1", "worm-2", "worm-3"]
    with pytest.raises(ChoiceError, match="smoke, quick"):
        ran(store=store, profile="smok")
