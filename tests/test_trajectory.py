"""Roll-outs, scheduled sampling and the windows of a worm, against plain loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tiny import NEURONS, randomise, tiny_worm, tiny_worms
from wormgnn import forecast_fold, trajectory
from wormgnn.ensemble import flat_state
from wormgnn.errors import ChoiceError, TrainingError
from wormgnn.features import WINDOW_FRAMES, features
from wormgnn.forecast_fold import Forecast
from wormgnn.models.forecasters import network
from wormgnn.profiles import profile_named
from wormgnn.training import Batch
from wormgnn.trajectory import (
    BURN_IN_FRAMES,
    CONTEXT_FRAMES,
    Rollout,
    ScheduledSampling,
    Traces,
    mean_square_error,
    members_at_once,
    rollout_bytes,
)

MEMBERS, WINDOWS, FRAMES = 2, 5, 8
MARKOVIAN = [("mlp", {}), ("node-mlp", {}), ("gnn", {}), ("gnn", {"edges": "after"}), ("gat", {})]
RECURRENT = [("mlp-rnn", {}), ("gnn-rnn", {"edges": "after"})]
MODELS = MARKOVIAN + RECURRENT
SMOKE = profile_named("smoke")
CPU = torch.device("cpu")


def rollout(name, members=MEMBERS, **options):
    predictor = network(name, members, len(NEURONS), 0, hidden=6, **options)
    return Rollout(randomise(predictor, scale=0.3).double())


def some_windows(frames=FRAMES, seed=0):
    random = torch.Generator().manual_seed(seed)
    shape = (2, len(NEURONS), WINDOWS, frames)
    context = torch.rand(2, len(NEURONS), 20, generator=random, dtype=torch.double)
    return torch.rand(shape, generator=random, dtype=torch.double), context


def mask(share=0.5, frames=FRAMES):
    return torch.rand(WINDOWS, frames, generator=torch.Generator().manual_seed(1)) < share


def by_loops(model, windows, context, teacher):
    """Every window by itself, every frame after the other."""
    edges, every = model.predictor.edges(context), []
    for w in range(windows.shape[2]):
        own = windows[:, :, w : w + 1]
        x, memory, predicted = own[..., 0], None, []
        for frame in range(1, own.shape[-1]):
            change, memory = model.predictor(x, memory, edges)
            guess = x + change
            if frame >= model.known_frames:
                predicted.append(guess)
            shown = frame < model.known_frames or bool(teacher[w, frame])
            x = own[..., frame] if shown else guess
        every.append(torch.stack(predicted, dim=-1))
    return torch.cat(every, dim=3)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name, options", MODELS)
def test_rollouts_are_those_of_plain_loops(name, options, share):
    model, teacher = rollout(name, **options), mask(share)
    windows, context = some_windows()
    found = model(windows, context, teacher)
    assert found.shape == (MEMBERS, 2, len(NEURONS), WINDOWS, FRAMES - model.known_frames)
    torch.testing.assert_close(found, by_loops(model, windows, context, teacher))
    others = [model(windows, context, mask(s)) for s in (0.0, 0.5, 1.0) if s != share]
    assert all((found - other).abs().max() > 1e-3 for other in others)


@pytest.mark.parametrize("name, options", MARKOVIAN)
def test_true_inputs_give_forecasts_of_one_frame(name, options):
    model, (windows, context) = rollout(name, **options), some_windows()
    found = model(windows, context, mask(1.0))
    edges = model.predictor.edges(context)
    for frame in range(FRAMES - 1):
        x = windows[..., frame]
        torch.testing.assert_close(found[..., frame], x + model.predictor(x, None, edges)[0])


@pytest.mark.parametrize("name, options", MODELS)
def test_a_free_run_rests_on_the_known_frames_alone(name, options):
    model, (windows, context) = rollout(name, **options), some_windows()
    assert model.known_frames == (BURN_IN_FRAMES if (name, options) in RECURRENT else 1)
    found = model(windows, context, mask(0.0))
    for frame in range(FRAMES):
        other = windows.clone()
        other[..., frame] += 0.5
        moved = (model(other, context, mask(0.0)) - found).abs().amax((0, 1, 2, 3))
        assert (moved > 1e-4).all() if frame < model.known_frames else not moved.any()


@pytest.mark.parametrize("name, options", MODELS)
def test_no_window_sees_the_frames_of_another(name, options):
    model, (windows, context) = rollout(name, **options), some_windows()
    other = windows.clone()
    other[:, :, 2] = 1 - other[:, :, 2]
    change = model(other, context, mask()) - model(windows, context, mask())
    moved = change.abs().amax((0, 1, 2, 4))
    assert moved[2] > 1e-2
    assert moved[[0, 1, 3, 4]].max() < 1e-12


@pytest.mark.parametrize("name, frames", [("mlp", 1), ("mlp-rnn", 4)])
def test_windows_with_nothing_to_predict_are_refused(name, frames):
    model, (windows, context) = rollout(name), some_windows(frames)
    with pytest.raises(TrainingError, match=rf"windows of {frames} frames .* {frames} known"):
        model(windows, context, mask(frames=frames))
    windows, context = some_windows(frames + 1)
    assert model(windows, context, mask(frames=frames + 1)).shape[-1] == 1


def test_mean_square_error_is_the_mean_of_each_member():
    random = np.random.default_rng(0)
    predicted, target = random.random((MEMBERS, 2, 3, 5, 4)), random.random((5, 2, 3, 4))
    found = mean_square_error(torch.from_numpy(predicted), torch.from_numpy(target))
    for m in range(MEMBERS):
        errors = [
            (predicted[m, f, n, w, t] - target[w, f, n, t]) ** 2
            for f, n, w, t in np.ndindex(2, 3, 5, 4)
        ]
        assert found[m].item() == pytest.approx(np.mean(errors))


def batches(count=3, windows=50):
    teacher = torch.zeros(windows, FRAMES, dtype=torch.bool)
    inputs = (torch.rand(2, 1, windows, FRAMES), torch.rand(2, 1, 7), teacher)
    return [Batch(torch.tensor([i]), inputs, torch.rand(windows, 2, 1, 7)) for i in range(count)]


def drawn(sampling, epochs):
    """Masks of each epoch, drawn as `training.fit` draws its batches."""
    return [[sampling[i].inputs[2] for i in range(len(sampling))] for _ in range(epochs)]


def test_true_frames_fade_out_linearly_over_epochs():
    sampling = ScheduledSampling(batches(), end_epochs=4, seed=0)
    for epoch in range(7):
        share = max(0.0, 1 - epoch / 4)
        masks = []
        for i in (1, 2, 0):
            assert sampling.share == share
            masks.append(sampling[i].inputs[2])
        assert torch.stack(masks).double().mean() == pytest.approx(share, abs=0.05)
        assert share not in (0, 1) or torch.stack(masks).unique().tolist() == [share]


def test_sampling_changes_nothing_but_the_teacher():
    plain = batches()
    batch = ScheduledSampling(plain, 4, seed=0)[2]
    assert batch.members is plain[2].members and batch.target is plain[2].target
    assert batch.inputs[:2] == plain[2].inputs[:2]
    assert batch.inputs[2].all() and not plain[2].inputs[2].any()


def test_no_epochs_of_sampling_show_no_true_frame():
    assert not any(m.any() for masks in drawn(ScheduledSampling(batches(), 0, 0), 2) for m in masks)


def test_looking_at_the_batches_draws_nothing():
    plain = batches()
    looked, untouched = (ScheduledSampling(plain, 2, seed=3) for _ in range(2))
    assert [batch is own for batch, own in zip(looked, plain, strict=True)] == [True] * 3
    assert len(looked) == 3 and looked.share == 1.0
    for masks, wanted in zip(drawn(looked, 3), drawn(untouched, 3), strict=True):
        torch.testing.assert_close(masks, wanted)


def test_the_seed_decides_what_is_drawn():
    first, again, other = (drawn(ScheduledSampling(batches(), 2, seed), 2) for seed in (0, 0, 1))
    torch.testing.assert_close(first, again)
    assert not torch.equal(first[1][0], other[1][0])
    assert not torch.equal(first[1][0], first[1][1])  # anew for every batch


N_FRAMES, FOLDS = 203, 10


def traces_of(worm=None, fold=3, n_folds=FOLDS, split="shuffled", seed=5):
    prepared = features(worm or tiny_worm(n_frames=N_FRAMES), NEURONS, 2)
    return Traces.of(prepared, fold, n_folds, split, seed, CPU)


def numbered(fold, **changes):
    """A worm whose features are the numbers of its frames."""
    found = traces_of(fold=fold, **changes)
    return replace(found, x=torch.arange(N_FRAMES).expand(2, len(NEURONS), -1))


def first_frames(windows):
    assert (windows == windows[..., :1] + torch.arange(WINDOW_FRAMES)).all()
    return windows[0, 0, :, 0].tolist()


@pytest.mark.parametrize("split", ["shuffled", "blocked"])
def test_training_and_validation_share_out_all_whole_windows(split):
    every, validated = list(range(0, N_FRAMES - 7, 8)), []
    for fold in range(FOLDS):
        worm = numbered(fold, split=split)
        train, validation = (first_frames(worm.windows(part)) for part in (False, True))
        assert sorted(train + validation) == every
        assert 2 <= len(validation) <= 3
        validated += validation
    assert sorted(validated) == every
    assert first_frames(numbered(FOLDS, split=split).windows(True)) == first_frames(
        numbered(0, split=split).windows(True)
    )


def test_the_seed_of_a_worm_deals_out_its_windows():
    found = [first_frames(numbered(0, seed=seed).windows(True)) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("name", ["mlp", "mlp-rnn"])
@pytest.mark.parametrize("validation", [False, True])
def test_a_batch_holds_the_windows_of_its_use(name, validation):
    worm, model = traces_of(), rollout(name)
    (batch,) = worm.batches([0, 1], model, validation)
    windows, _, teacher = batch.inputs
    assert batch.members.tolist() == [0, 1]
    torch.testing.assert_close(windows, worm.windows(validation))
    for w in range(windows.shape[2]):
        torch.testing.assert_close(batch.target[w], windows[:, :, w, model.known_frames :])
    assert teacher.shape == windows.shape[2:] and not teacher.any()
    assert worm.batches([], model, validation) == []


@pytest.mark.parametrize("validation", [False, True])
def test_edges_of_a_training_worm_come_from_its_training_windows(validation):
    worm = numbered(fold=3)
    (batch,) = worm.batches([0], rollout("mlp"), validation)
    found = batch.inputs[1][0, 0].tolist()
    train = worm.windows(False)[0, 0].flatten().tolist()
    assert len(found) == CONTEXT_FRAMES
    assert set(found) <= set(train) and (found[0], found[-1]) == (train[0], train[-1])
    assert found == sorted(set(found))


def test_edges_of_an_unseen_worm_come_from_all_of_it():
    found = numbered(fold=0).context[1, 2]
    steps = found.diff()
    assert (len(found), found[0], found[-1]) == (CONTEXT_FRAMES, 0, N_FRAMES - 1)
    assert set(steps.tolist()) == {1, 2}
    short = replace(numbered(fold=0), x=torch.arange(90.0).expand(2, len(NEURONS), -1))
    assert short.context[0, 0].tolist() == list(range(90))


def test_more_folds_than_windows_are_refused():
    with pytest.raises(ChoiceError, match="number of folds 10"):
        traces_of(tiny_worm(n_frames=79))


def test_memory_is_the_formulas():
    model = rollout("gnn")
    values = model.predictor.values(len(NEURONS))
    assert rollout_bytes(model, len(NEURONS), windows=9, frames=8) == 4 * 9 * 7 * values


SUBSETS = [("worm-1",), ("worm-2",), ("worm-1", "worm-2")]


def trained(worms, name="mlp", subsets=SUBSETS, epochs=1, sampling_end=1.0, **options):
    plan = Forecast(name, options, sampling_end=sampling_end)
    return forecast_fold._train(plan, worms, subsets, replace(SMOKE, epochs=epochs), fold=0)


def weights(model):
    return np.concatenate(list(flat_state(model).values()), axis=1)


def three():
    return [traces_of(worm, fold=0, seed=i) for i, worm in enumerate(tiny_worms(3))]


def spoiled(worm, which):
    """The worm with other features in the windows where `which` is true."""
    frames = torch.from_numpy(np.repeat(which, WINDOW_FRAMES))
    frames = torch.cat([frames, frames.new_ones(worm.x.shape[-1] - len(frames))])
    return replace(worm, x=torch.where(frames, 1 - worm.x, worm.x))


LEARNERS = [("mlp", {}), ("gnn", {"edges": "after"}), ("gnn-rnn", {"edges": "before"})]


@pytest.mark.parametrize("name, options", LEARNERS)
def test_validation_windows_choose_but_do_not_train(name, options):
    worms = three()
    others = [spoiled(worm, worm.validates) for worm in worms]
    assert any((a.x != b.x).any() for a, b in zip(worms, others, strict=True))
    (found, curve), (wanted, other_curve) = (trained(w, name, **options) for w in (others, worms))
    np.testing.assert_array_equal(weights(found), weights(wanted))
    assert (curve.validation != other_curve.validation).all()


@pytest.mark.parametrize("name, options", LEARNERS)
def test_members_learn_from_the_training_windows_of_their_worms_alone(name, options):
    worms = three()
    wanted = weights(trained(worms, name, **options)[0])
    for column, learns in ((0, [True, False, True]), (1, [False, True, True]), (2, [False] * 3)):
        others = list(worms)
        others[column] = spoiled(worms[column], ~worms[column].validates)
        changed = (weights(trained(others, name, **options)[0]) != wanted).any(axis=1)
        assert changed.tolist() == learns


@pytest.fixture
def teachers(monkeypatch):
    """Whether a forward pass trained, and its mask, of every pass."""
    seen, forward = [], Rollout.forward

    def watched(self, windows, context, teacher):
        seen.append((self.training, teacher))
        return forward(self, windows, context, teacher)

    monkeypatch.setattr(Rollout, "forward", watched)
    return seen


def test_training_shows_true_frames_as_planned_and_validation_none(teachers):
    trained(three(), epochs=4, sampling_end=0.5)
    train = [mask.double().mean().item() for training, mask in teachers if training]
    validation = [mask for training, mask in teachers if not training]
    assert len(train) == len(validation) == 4 * 2  # epochs x worms with members
    assert not any(mask.any() for mask in validation)
    assert train[:2] == [1.0, 1.0]
    assert train[2:4] == pytest.approx([0.5, 0.5], abs=0.15)
    assert train[4:] == [0.0] * 4


@pytest.mark.parametrize("name, sampling_end", [("mlp-rnn", 1.0), ("mlp", 0.0)])
def test_recurrent_networks_and_those_without_sampling_see_no_true_frame(
    teachers, name, sampling_end
):
    trained(three(), name, epochs=2, sampling_end=sampling_end)
    assert len(teachers) == 8
    assert not any(mask.any() for _, mask in teachers)


def budget_for(members, name, **options):
    """Bytes that so many members take on the training windows of one worm, and a little more."""
    windows = traces_of(tiny_worm(), fold=0, seed=0).windows(False)
    model = Rollout(network(name, 1, len(NEURONS), 0, hidden=SMOKE.hidden, **options))
    return int((members + 0.5) * rollout_bytes(model, *windows.shape[1:]))


@pytest.mark.parametrize("name, options", LEARNERS)
def test_members_that_train_in_turn_end_as_those_that_train_together(monkeypatch, name, options):
    worms, subsets = three()[:1], [("worm-1",)] * 3
    given = {"subsets": subsets, "epochs": 5, "sampling_end": 0.0, **options}
    together, curve = trained(worms, name, **given)
    monkeypatch.setattr(trajectory, "MEMORY_BUDGET_BYTES", budget_for(2, name, **options))
    parts = worms[0].batches([0, 1, 2], together, validation=False)
    assert [part.members.tolist() for part in parts] == [[0, 1], [2]]
    for part in parts:
        torch.testing.assert_close(part.inputs[0], worms[0].windows(False))
    in_turn, other_curve = trained(worms, name, **given)
    np.testing.assert_allclose(weights(in_turn), weights(together), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(other_curve.validation, curve.validation)
    untrained = network(name, 3, len(NEURONS), 0, hidden=SMOKE.hidden, **options)
    assert (np.abs(weights(together) - weights(untrained)).max(axis=1) > 5e-4).all()


def test_a_network_beyond_the_budget_is_refused(monkeypatch):
    model, one = rollout("gnn", 1), rollout_bytes(rollout("gnn", 1), 4, 20, 8)
    monkeypatch.setattr(trajectory, "MEMORY_BUDGET_BYTES", one)
    assert members_at_once(model, 4, 20, 8) == 1
    monkeypatch.setattr(trajectory, "MEMORY_BUDGET_BYTES", one - 1)
    wanted = r"20 windows of 8 frames of 4 neurons keeps .* MiB.*fewer hidden"
    with pytest.raises(TrainingError, match=wanted):
        members_at_once(model, 4, 20, 8)
    monkeypatch.setattr(trajectory, "MEMORY_BUDGET_BYTES", 1000)
    with pytest.raises(TrainingError, match="fewer hidden"):
        trained(three())


def test_a_worm_without_windows_takes_no_memory():
    assert members_at_once(rollout("mlp"), 4, 0, 8) == trajectory.MEMORY_BUDGET_BYTES
