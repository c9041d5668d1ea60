"""Readers of states beside what they mean, written out: scikit-learn, smaller networks, loops."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from tiny import NEURONS, tiny_worms
from wormgnn.admm import Parameters, embed_worm
from wormgnn.admm import fit as fit_manifold
from wormgnn.cohort import Cohort
from wormgnn.errors import ChoiceError
from wormgnn.folds import Role, roles
from wormgnn.models import classifier
from wormgnn.models.subsets import SetReader
from wormgnn.plan import Plan, Profile
from wormgnn.statistics import confusion
from wormgnn.tasks import states
from wormgnn.tasks.frames import (
    batches,
    evaluate,
    inferred_edges,
    negative_log_likelihood,
    worms_of,
)
from wormgnn.tasks.states import network
from wormgnn.training import Schedule, fit, flat_state, load_flat_state

SMALL = Profile("small", subsets_per_size=None, folds=(0,), epochs=6, n_folds=4)
DRAWS = [("AVAL",), ("RIML",), ("AVAL", "VB01"), NEURONS]
STATES = 4
SUBSETS = [("worm-1",), ("worm-1", "worm-2")]
MODELS = ["mlp", "gnn", "gnn of windows"]
CPU = torch.device("cpu")


def cohort(worms=(), neurons=NEURONS):
    return Cohort.of(worms or tiny_worms(3), neurons, SMALL)


def rows(plan, worms):
    return states.rows(plan, worms, 0, states.run_fold(plan, worms, 0, "cpu"))


@pytest.fixture
def worms():
    return worms_of(Plan("mlp", n_states=STATES, edge_frames=50), cohort(), 0, CPU)


def trained(worms, name, epochs=3):
    name, _, edges = name.partition(" of ")
    options = {"edges": edges.rstrip("s")} if edges else {}
    model = classifier(name, range(len(SUBSETS)), len(NEURONS), STATES, **options)
    worms = [replace(worm, windows=bool(edges)) for worm in worms]
    train, validation = (batches(worms, SUBSETS, role) for role in (Role.TRAIN, Role.VALIDATION))
    fit(model, train, validation, negative_log_likelihood, Schedule(epochs=epochs), seed=0)
    return model


def weights(model):
    return np.concatenate(list(flat_state(model).values()), axis=1)


def spoiled(worm, frames, what):
    """The worm with the labels or the features of some frames replaced by others."""
    if what == "labels":
        return replace(worm, y=torch.where(frames & (worm.y >= 0), (worm.y + 1) % STATES, worm.y))
    return replace(worm, x=torch.where(frames, 1 - worm.x, worm.x))


@pytest.mark.parametrize("role", list(Role)[1:])
def test_edges_of_a_training_worm_come_from_its_training_frames(worms, role):
    worm = worms[0]
    train = worm.x[..., worm.roles == Role.TRAIN]
    context = worm.batch([0], role).inputs[1]
    assert context.shape[-1] == 50
    np.testing.assert_array_equal(context[..., [0, -1]], train[..., [0, -1]])
    elsewhere = spoiled(worm, worm.roles != Role.TRAIN, "features")
    torch.testing.assert_close(elsewhere.batch([0], role).inputs[1], context)
    every = replace(worm, edge_frames=10**6).batch([0], role).inputs[1]
    np.testing.assert_array_equal(every, train)


def test_an_unseen_worm_gives_all_its_labelled_frames(worms):
    worm = replace(worms[2], edge_frames=10**6)
    batch = worm.batch([0], None)
    np.testing.assert_array_equal(batch.target, worm.y[worm.y >= 0])
    np.testing.assert_array_equal(batch.inputs[1], worm.x)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("what", ["labels", "features"])
def test_frames_of_other_roles_play_no_part_in_training(worms, model, what):
    """Test frames never; validation frames only choose the epoch, and there is one here."""
    for role, epochs in ((Role.TEST, 3), (Role.VALIDATION, 1)):
        others = [spoiled(worm, worm.roles == role, what) for worm in worms]
        found, wanted = (weights(trained(each, model, epochs)) for each in (others, worms))
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("role", [None, *list(Role)[1:]])
def test_a_frames_edges_come_from_its_own_window(worms, role):
    worm = replace(worms[0], windows=True, y=torch.arange(worms[0].x.shape[-1]))
    x, context, window = worm.batch([0], role).inputs
    kept = worm.y if role is None else worm.y[worm.roles == role]
    assert context.shape[3] == 8 and len(window) == x.shape[-1] == len(kept)
    last = worm.x.shape[-1] // 8 - 1
    for frame, number in zip(kept.tolist(), window.tolist(), strict=True):
        start = 8 * min(frame // 8, last)
        torch.testing.assert_close(context[:, :, number], worm.x[..., start : start + 8])
    labelled = replace(worm, y=torch.where(worm.y % 8 == 3, worm.y, -1)).batch([0], role)
    torch.testing.assert_close(labelled.inputs[1], context[:, :, window.unique()])


@pytest.mark.parametrize("name", ["mlp", "gnn"])
def test_evaluation_takes_test_frames_of_seen_worms_and_all_of_others(worms, name):
    model = trained(worms, name)
    found = evaluate(model, worms, SUBSETS, STATES)
    for member, column in np.ndindex(2, 3):
        worm, seen = worms[column], worms[column].name in SUBSETS[member]
        used = (worm.y >= 0) & ((worm.roles == Role.TEST) if seen else (worm.y >= -1))
        context = worm.batch([member], Role.TEST if seen else None).inputs[1]
        predicted = model(worm.x[..., used], context).argmax(1)
        wanted = confusion(predicted.numpy(), worm.y[used].numpy(), STATES)[member]
        np.testing.assert_array_equal(found[member, column], wanted)


def test_inferred_edges_are_those_of_the_whole_recording(worms):
    model = trained(worms, "gnn")
    edges = inferred_edges(model, worms)
    assert edges.shape == (2, 3, len(NEURONS), len(NEURONS))
    with torch.no_grad():
        wanted = model.encoder(worms[2].batch([], None).inputs[1])
    np.testing.assert_allclose(edges[:, 2], wanted)
    assert inferred_edges(trained(worms, "mlp"), worms).size == 0


def test_a_stored_network_is_the_one_that_was_counted():
    plan, some = Plan("gnn", n_states=STATES, sizes=(1, 2)), cohort()
    kept = states.run_fold(plan, some, 0, "cpu")
    subsets = some.subsets(plan.sizes)
    model = network(plan, range(len(subsets)), NEURONS)
    load_flat_state(model, {name: kept[name] for name in ("parameters", "statistics")})
    again = evaluate(model, worms_of(plan, some, 0, CPU), subsets, STATES)
    np.testing.assert_array_equal(again, kept["counts"])


@pytest.mark.parametrize("options", [{}, {"kernel": "linear"}, {"c": 0.1}])
def test_svms_are_those_of_scikit_learn(options):
    some, plan = cohort(), Plan("svm", n_states=4, options=options, sizes=(2,))
    counts = states.run_fold(plan, some, 0, "cpu")["counts"]
    settings = {"kernel": "rbf", **options}
    machine = SVC(kernel=settings["kernel"], C=settings.get("c", 1.0))
    seen = some.features(4, "whole")
    for row, subset in enumerate(some.subsets((2,))):
        use = [some.roles(number, 0, "shuffled") for number in range(3)]
        x = [worm.x.reshape(-1, worm.n_frames).T for worm in seen]
        own = [number for number, worm in enumerate(some.worms) if worm in subset]
        train = [(use[n] == Role.TRAIN) & (seen[n].y >= 0) for n in own]
        machine.fit(
            np.concatenate([x[n][t] for n, t in zip(own, train, strict=True)]),
            np.concatenate([seen[n].y[t] for n, t in zip(own, train, strict=True)]),
        )
        for number, worm in enumerate(seen):
            test = (worm.y >= 0) & ((use[number] == Role.TEST) | (number not in own))
            hits = (machine.predict(x[number][test]) == worm.y[test]).sum()
            assert np.trace(counts[row, number]) == hits
            assert counts[row, number].sum() == test.sum()


def test_a_worm_without_labelled_frames_is_counted_on_none(worms):
    nowhere = replace(worms[0], y=torch.where(worms[0].roles == Role.TEST, -1, worms[0].y))
    counts = evaluate(trained(worms, "gnn"), [nowhere, *worms[1:]], SUBSETS, STATES)
    assert counts[:, 0].sum() == 0 and (counts[:, 2].sum((1, 2)) > 0).all()
    *some, last = tiny_worms(3)
    bare = replace(last, states=np.full(last.n_frames, -1))
    both = Cohort.of(some, NEURONS, SMALL, unseen=[bare])
    counts = states.run_fold(Plan("svm", sizes=(1,)), both, 0, "cpu")["counts"]
    assert counts[:, 2].sum() == 0 and (counts[:, :2].sum((2, 3)) > 0).all()


def test_an_svm_of_some_neurons_is_that_of_worms_with_no_others():
    plan = Plan("svm", options={"draws": [["RIML", "AVAL"]]}, sizes=(1, 2))
    ours = rows(plan, cohort())
    theirs = rows(Plan("svm", sizes=(1, 2)), cohort(neurons=("AVAL", "RIML")))
    pd.testing.assert_frame_equal(ours.drop(columns="neurons"), theirs)
    assert set(ours["neurons"]) == {"RIML+AVAL"}


FEW = {"n_neighbours": 4, "n_dimensions": 4, "n_phases": 12, "n_branches": 2}


@pytest.mark.parametrize("readout", ["spread", "position"])
def test_the_manifold_is_fitted_on_training_frames(readout):
    some = cohort()
    plan = Plan("manifold", options={**FEW, "readout": readout}, sizes=(1,))
    counts = states.run_fold(plan, some, 0, "cpu")["counts"]
    worm, other = some.features(2, "whole")[1], some.features(2, "whole")[2]
    use = roles(worm.n_frames, 0, SMALL.n_folds, "shuffled", plan.seed)
    model = fit_manifold([worm], Parameters(**FEW), [use == Role.TRAIN])
    for seen, test in ((worm, (use == Role.TEST) & (worm.y >= 0)), (other, other.y >= 0)):
        wanted = confusion(model.predict_states(seen, readout)[None, test], seen.y[test], 2)
        np.testing.assert_array_equal(counts[1, some.worms.index(seen.worm)], wanted[0])


def test_a_plain_classifier_of_standardised_activity():
    some = cohort()
    options = {"classifier": "logistic regression"}
    plan = Plan("standardised", options=options, split="none", sizes=(2,))
    counts = states.run_fold(plan, some, -1, "cpu")["counts"]
    *train, last = some.features(2, "whole")
    present = Parameters(n_delays=0)
    x = np.concatenate([embed_worm(worm, present)[worm.y >= 0] for worm in train])
    y = np.concatenate([worm.y[worm.y >= 0] for worm in train])
    guess = LogisticRegression(C=0.01, max_iter=500).fit(x, y).predict(embed_worm(last, present))
    np.testing.assert_array_equal(np.trace(counts[0, 2]), (guess == last.y)[last.y >= 0].sum())
    assert counts[0, :2].sum() == 0  # every frame of these trained
    with pytest.raises(ChoiceError, match="classifier 'tree': choose one of"):
        states.run_fold(replace(plan, options={"classifier": "tree"}), some, -1, "cpu")


def test_a_masked_mlp_trains_alike_in_any_company(monkeypatch):
    plan = Plan("masked-mlp", options={"draws": [list(d) for d in DRAWS]}, sizes=(1, 2))
    together = rows(plan, cohort())
    monkeypatch.setattr("wormgnn.tasks.states.DRAWS_AT_ONCE", 1)
    pd.testing.assert_frame_equal(together, rows(plan, cohort()))


def test_means_filled_in_with_nothing_missing_is_the_full_model():
    filled, full = (rows(Plan(m, sizes=(1, 2)), cohort()) for m in ("filled-mlp", "masked-mlp"))
    pd.testing.assert_frame_equal(filled, full)


def test_a_draw_is_read_as_worms_that_lack_the_rest():
    plan = Plan("set-reader", options={"draws": [["AVAL", "VB01"]]}, sizes=(1, 2))
    some = cohort()
    kept, subsets = states.run_fold(plan, some, 0, "cpu"), some.subsets((1, 2))
    model = SetReader(len(subsets), len(NEURONS), 2)
    load_flat_state(model, {n: kept[n] for n in ("parameters", "statistics")})
    drawn = torch.tensor([True, False, False, True])
    for column, worm in enumerate(worms_of(plan, some, 0, CPU)):
        x, y = worm.x[..., worm.y >= 0], worm.y[worm.y >= 0]
        codes = model(x, drawn).argmax(1)
        members = [row for row, subset in enumerate(subsets) if worm.name not in subset]
        wanted = confusion(codes.numpy(), y.numpy(), 2)[members]
        np.testing.assert_array_equal(kept["counts"][members, column], wanted)


def test_confusion_counts_every_frame():
    rng = np.random.default_rng(0)
    predicted, target = rng.integers(0, 3, (2, 20)), rng.integers(0, 3, 20)
    wanted = np.zeros((2, 3, 3), dtype=int)
    for member, frame in np.ndindex(2, 20):
        wanted[member, target[frame], predicted[member, frame]] += 1
    np.testing.assert_array_equal(confusion(predicted, target, 3), wanted)
