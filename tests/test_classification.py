from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tiny import NEURONS, tiny_worms
from wormgnn.classification import (
    Worm,
    batches,
    confusion,
    evaluate,
    inferred_edges,
    negative_log_likelihood,
)
from wormgnn.ensemble import flat_state
from wormgnn.features import features
from wormgnn.folds import Role, roles
from wormgnn.models import classifier
from wormgnn.optimiser import Schedule
from wormgnn.training import fit

STATES = 4
SUBSETS = [("worm-1",), ("worm-1", "worm-2")]
MODELS = ["mlp", "gnn"]


@pytest.fixture
def worms():
    prepared = [features(worm, NEURONS, STATES) for worm in tiny_worms(3)]
    uses = [roles(f.n_frames, fold=0, seed=i) for i, f in enumerate(prepared)]
    cpu = torch.device("cpu")
    return [Worm.of(f, use, cpu, edge_frames=50) for f, use in zip(prepared, uses, strict=True)]


def trained(worms, name, epochs=3):
    model = classifier(name, len(SUBSETS), len(NEURONS), STATES, seed=0)
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


def test_nll_is_torchs():
    scores, target = torch.randn(3, STATES, 10), torch.arange(10) % STATES
    for found, one in zip(negative_log_likelihood(scores, target), scores, strict=True):
        wanted = torch.nn.functional.nll_loss(one.T.log_softmax(1), target)
        torch.testing.assert_close(found, wanted)


def test_confusion_counts_every_frame():
    rng = np.random.default_rng(0)
    predicted, target = rng.integers(0, 3, (2, 20)), rng.integers(0, 3, 20)
    found = confusion(torch.from_numpy(predicted), torch.from_numpy(target), 3)
    wanted = np.zeros((2, 3, 3), dtype=int)
    for member in range(2):
        for labelled, guess in zip(target, predicted[member], strict=True):
            wanted[member, labelled, guess] += 1
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("role", list(Role)[1:])
def test_a_batch_holds_the_labelled_frames_of_its_role(worms, role):
    worm = worms[0]
    batch = worm.batch([1], role)
    frames = np.flatnonzero((worm.roles.numpy() == role) & (worm.y.numpy() >= 0))
    np.testing.assert_array_equal(batch.inputs[0], worm.x[..., frames])
    np.testing.assert_array_equal(batch.target, worm.y[frames])
    assert batch.members.tolist() == [1]


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


def test_edges_never_know_labels(worms):
    for role in (None, *list(Role)[1:]):
        unlabelled = replace(worms[0], y=torch.full_like(worms[0].y, -1))
        context = worms[0].batch([0], role).inputs[1]
        torch.testing.assert_close(unlabelled.batch([0], role).inputs[1], context)


def test_an_unseen_worm_gives_all_its_labelled_frames(worms):
    worm = replace(worms[2], edge_frames=10**6)
    batch = worm.batch([0], None)
    np.testing.assert_array_equal(batch.target, worm.y[worm.y >= 0])
    np.testing.assert_array_equal(batch.inputs[1], worm.x)


def test_batches_bring_members_and_their_worms_together(worms):
    found = batches(worms, SUBSETS, Role.TRAIN)
    assert [batch.members.tolist() for batch in found] == [[0, 1], [1]]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("what", ["labels", "features"])
def test_test_frames_play_no_part_in_training(worms, model, what):
    others = [spoiled(worm, worm.roles == Role.TEST, what) for worm in worms]
    np.testing.assert_array_equal(weights(trained(others, model)), weights(trained(worms, model)))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("what", ["labels", "features"])
def test_validation_frames_choose_but_do_not_train(worms, model, what):
    others = [spoiled(worm, worm.roles == Role.VALIDATION, what) for worm in worms]
    one_epoch = [weights(trained(w, model, epochs=1)) for w in (others, worms)]
    np.testing.assert_array_equal(*one_epoch)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("what", ["labels", "features"])
def test_unseen_worms_play_no_part_in_training(worms, model, what):
    others = [*worms[:2], spoiled(worms[2], torch.tensor(True), what)]
    np.testing.assert_array_equal(weights(trained(others, model)), weights(trained(worms, model)))
    member = [worms[0], spoiled(worms[1], torch.tensor(True), what), worms[2]]
    found, wanted = weights(trained(member, model)), weights(trained(worms, model))
    np.testing.assert_array_equal(found[0], wanted[0])  # never meets worm 2
    assert (found[1] != wanted[1]).any()  # does


@pytest.mark.parametrize("what", ["labels", "features"])
def test_training_frames_do_play_a_part(worms, what):
    others = [spoiled(worm, worm.roles == Role.TRAIN, what) for worm in worms]
    assert (weights(trained(others, "mlp")) != weights(trained(worms, "mlp"))).any()


@pytest.mark.parametrize("name", MODELS)
def test_evaluation_takes_test_frames_of_seen_worms_and_all_of_others(worms, name):
    model = trained(worms, name)
    found = evaluate(model, worms, SUBSETS, STATES)
    assert found.worms == ("worm-1", "worm-2", "worm-3")
    assert found.seen.tolist() == [[True, False, False], [True, True, False]]
    for member, column in np.ndindex(2, 3):
        worm, seen = worms[column], found.seen[member, column]
        used = (worm.y >= 0) & ((worm.roles == Role.TEST) if seen else (worm.y >= -1))
        context = worm.batch([member], Role.TEST if seen else None).inputs[1]
        predicted = model(worm.x[..., used], context).argmax(1)
        wanted = confusion(predicted, worm.y[used], STATES)[member]
        np.testing.assert_array_equal(found.counts[member, column], wanted)


def test_inferred_edges_are_those_of_the_whole_recording(worms):
    model = trained(worms, "gnn")
    edges = inferred_edges(model, worms)
    assert edges.shape == (2, 3, len(NEURONS), len(NEURONS))
    with torch.no_grad():
        wanted = model.encoder(worms[2].batch([], None).inputs[1])
    np.testing.assert_allclose(edges[:, 2], wanted)
    assert inferred_edges(trained(worms, "mlp"), worms).size == 0
