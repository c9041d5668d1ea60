"""Forecasts of unseen worms: roll-outs, sampling, training and errors against plain loops."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch

from tiny import NEURONS, randomise, tiny_worm, tiny_worms
from wormgnn.cohort import Cohort
from wormgnn.datasets import kato
from wormgnn.errors import ChoiceError, NeuronError, RecordingError, TrainingError
from wormgnn.features import WINDOW_FRAMES, features
from wormgnn.folds import fold_of_window
from wormgnn.models import PREDICTORS, predictor
from wormgnn.plan import Plan, Profile, profile_named
from wormgnn.recording import PAPER_NEURONS
from wormgnn.tasks import rollout as rollouts
from wormgnn.tasks import traces
from wormgnn.tasks.rollout import BURN_IN_FRAMES, Rollout
from wormgnn.tasks.simple_forecasts import FORECASTS, Autoregression, fit_ridge
from wormgnn.training import flat_state

MEMBERS, WINDOWS, FRAMES = 2, 5, 8
MARKOVIAN = [("mlp", {}), ("node-mlp", {}), ("gnn", {}), ("gnn", {"edges": "after"}), ("gat", {})]
RECURRENT = [("mlp-rnn", {}), ("gnn-rnn", {"edges": "after"})]
LEARNERS = [("mlp", {}), ("gnn", {"edges": "after"}), ("gnn-rnn", {"edges": "before"})]
EVALUATED = [("mlp", {"norm": "last"}), ("gnn", {"edges": "after"}), ("node-mlp-rnn", {})]
SMOKE = profile_named("smoke")
EVERY = replace(SMOKE, subsets_per_size=None)
TWO_FOLDS = Profile("two folds", subsets_per_size=2, folds=(0, 1), epochs=2, hidden=4)
N_FRAMES, FOLDS = 203, 10
SUBSETS = [("worm-1",), ("worm-2",), ("worm-1", "worm-2")]
PLACE = ["subset", "worm", "fold", "step"]


def plan_of(model, **more):
    return Plan(model, "traces", **more)


def cohort_of(pool, profile=SMOKE, others=(), neurons=NEURONS):
    return Cohort.of(pool, neurons, profile, others)


def forecast(plan, cohort):
    """Rows and arrays of all folds."""
    traces.check(plan, cohort)
    folds = cohort.profile.folds
    arrays = [traces.run_fold(plan, cohort, fold, "cpu") for fold in folds]
    tables = [traces.rows(plan, cohort, *one) for one in zip(folds, arrays, strict=True)]
    return pd.concat(tables, ignore_index=True), arrays


def network(name, members, **options):
    return predictor(name, range(members), len(NEURONS), **options)


def rollout(name, members=MEMBERS, **options):
    model = network(name, members, hidden=6, **options)
    return Rollout(randomise(model, scale=0.3).double())


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
    for own, shown in zip(windows.split(1, dim=2), teacher, strict=True):
        x, memory, predicted = own[..., 0], None, []
        for frame in range(1, own.shape[-1]):
            change, memory = model.predictor.step(x, memory, edges)
            guess = x + change.unflatten(1, x.shape[-3:-1])
            if frame >= model.known_frames:
                predicted.append(guess)
            x = own[..., frame] if frame < model.known_frames or shown[frame] else guess
        every.append(torch.stack(predicted, dim=-1))
    return torch.cat(every, dim=3)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name, options", MARKOVIAN + RECURRENT)
def test_rollouts_are_those_of_plain_loops(name, options, share):
    model, teacher = rollout(name, **options), mask(share)
    windows, context = some_windows()
    result = model(windows, context, teacher)
    assert result.shape == (MEMBERS, 2, len(NEURONS), WINDOWS, FRAMES - model.known_frames)
    torch.testing.assert_close(result, by_loops(model, windows, context, teacher))
    others = [model(windows, context, mask(s)) for s in (0.0, 0.5, 1.0) if s != share]
    assert all((result - other).abs().max() > 1e-3 for other in others)


@pytest.mark.parametrize("name, options", MARKOVIAN + RECURRENT)
def test_a_free_run_rests_on_the_known_frames_alone(name, options):
    model, (windows, context) = rollout(name, **options), some_windows()
    assert model.known_frames == (BURN_IN_FRAMES if (name, options) in RECURRENT else 1)
    result = model(windows, context, mask(0.0))
    for frame in range(FRAMES):
        other = windows.clone()
        other[..., frame] += 0.5
        moved = (model(other, context, mask(0.0)) - result).abs().amax((0, 1, 2, 3))
        assert (moved > 1e-4).all() if frame < model.known_frames else not moved.any()


def numbered(fold, split="shuffled", model="mean"):
    """A worm that trains, whose features are the numbers of its frames."""
    pool = [tiny_worm(n_frames=N_FRAMES), tiny_worm("worm-2")]
    cohort = cohort_of(pool, replace(EVERY, n_folds=FOLDS))
    plan = plan_of(model, sizes=(1,), split=split, seed=5)
    worm = traces.worm_traces(plan, cohort, fold, "cpu")[0]
    return replace(worm, x=torch.arange(N_FRAMES).expand(2, len(NEURONS), -1))


def first_frames(windows, length):
    assert (windows == windows[..., :1] + torch.arange(length)).all()
    return windows[0, 0, :, 0].tolist()


@pytest.mark.parametrize("model, length", [("mean", 8), ("mlp", 8), ("mlp-rnn", 12)])
@pytest.mark.parametrize("split", ["shuffled", "blocked"])
def test_training_and_validation_share_out_all_whole_windows(split, model, length):
    """Recurrent networks predict eight frames behind their burn-in of four."""
    every, validated = list(range(0, N_FRAMES - length + 1, length)), []
    for fold in range(FOLDS):
        worm = numbered(fold, split=split, model=model)
        train, validation = (first_frames(worm.windows(use), length) for use in (False, True))
        assert sorted(train + validation) == every
        assert 1 <= len(validation) <= 3
        validated += validation
    assert sorted(validated) == every
    first, again = (numbered(fold, split=split, model=model).windows(True) for fold in (0, FOLDS))
    assert torch.equal(first, again)


def test_static_edges_rest_on_training_windows_or_on_all_of_an_unseen_worm():
    worm, count = numbered(fold=3), rollouts.CONTEXT_FRAMES
    train = worm.windows(False)[0, 0].flatten().tolist()
    for validation in (False, True):
        (batch,) = worm.batches([0], rollout("mlp"), validation)
        edges = batch.inputs[1][0, 0].tolist()
        assert set(edges) <= set(train) and (edges[0], edges[-1]) == (train[0], train[-1])
        assert len(edges) == count and edges == sorted(set(edges))
    every = worm.context(0)[1, 2]
    assert (len(every), every[0], every[-1]) == (count, 0, N_FRAMES - 1)
    assert set(every.diff().tolist()) == {1, 2}
    short = replace(worm, x=torch.arange(90.0).expand(2, len(NEURONS), -1))
    assert short.context(0)[0, 0].tolist() == list(range(90))
    past = replace(worm, causal=True, x=torch.arange(600.0).expand(2, len(NEURONS), -1))
    for start, known in ((0, 200), (150, 200), (400, 404)):
        edges = past.context(start)[0, 0]
        assert (len(edges), edges[0], edges[-1]) == (count, 0, known - 1)


def trained(worms, name="mlp", subsets=SUBSETS, epochs=1, sampling_end=1.0, **options):
    plan = plan_of(name, options=options, sampling_end=sampling_end, epochs=epochs)
    return traces.train(plan, cohort_of([]), worms, subsets, fold=0)


def weights(model):
    return np.concatenate(list(flat_state(model).values()), axis=1)


def three():
    return traces.worm_traces(plan_of("mean"), cohort_of(tiny_worms(3), EVERY), 0, "cpu")


def spoiled(worm, which):
    """The worm with other features in the windows where `which` is true."""
    frames = torch.from_numpy(np.repeat(which, WINDOW_FRAMES))
    frames = torch.cat([frames, frames.new_ones(worm.x.shape[-1] - len(frames))])
    return replace(worm, x=torch.where(frames, 1 - worm.x, worm.x))


@pytest.mark.parametrize("name, options", LEARNERS)
def test_members_learn_from_the_training_windows_of_their_worms_alone(name, options):
    worms = three()
    model, curve = trained(worms, name, **options)
    for column, learns in ((0, [True, False, True]), (1, [False, True, True]), (2, [False] * 3)):
        others = list(worms)
        others[column] = spoiled(worms[column], ~worms[column].validates)
        changed = (weights(trained(others, name, **options)[0]) != weights(model)).any(axis=1)
        assert changed.tolist() == learns
    others = [spoiled(worm, worm.validates) for worm in worms]  # these choose, and do not train
    same, other_curve = trained(others, name, **options)
    np.testing.assert_array_equal(weights(same), weights(model))
    assert (curve.validation != other_curve.validation).all()


@pytest.fixture
def teachers(monkeypatch):
    """Whether a forward pass trained, and its mask, of every pass."""
    seen, forward = [], Rollout.forward

    def watched(self, windows, context, teacher):
        seen.append((self.training, teacher))
        return forward(self, windows, context, teacher)

    monkeypatch.setattr(Rollout, "forward", watched)
    return seen


@pytest.mark.parametrize(
    "name, end, shares",
    [("mlp", 0.5, (1, 0.5, 0, 0)), ("mlp", 0, (0,) * 4), ("mlp-rnn", 1, (0,) * 4)],
)
def test_training_shows_true_frames_as_planned_and_validation_none(teachers, name, end, shares):
    trained(three(), name, epochs=4, sampling_end=end)
    validation = [mask for training, mask in teachers if not training]
    assert [mask.any() for mask in validation] == [False] * 4 * 2  # epochs x worms with members
    train = [mask.double().mean().item() for training, mask in teachers if training]
    for share, wanted in zip(train, np.repeat(shares, 2), strict=True):
        assert share == pytest.approx(wanted, abs=0.15 if wanted == 0.5 else 0)


def bytes_of(model, neurons, windows, frames):
    return 4 * windows * (frames - 1) * model.predictor.values(neurons)


@pytest.mark.parametrize("name, options", LEARNERS)
def test_members_that_train_in_turn_end_as_those_that_train_together(monkeypatch, name, options):
    worms, subsets = three()[:1], [("worm-1",)] * 3
    plan = {"subsets": subsets, "epochs": 5, "sampling_end": 0.0, **options}
    together, curve = trained(worms, name, **plan)
    one = bytes_of(together, *worms[0].windows(False).shape[1:])
    monkeypatch.setattr(rollouts, "MEMORY_BUDGET_BYTES", int(2.5 * one))
    groups = worms[0].batches([0, 1, 2], together, validation=False)
    assert [group.members.tolist() for group in groups] == [[0, 1], [2]]
    in_turn, other_curve = trained(worms, name, **plan)
    np.testing.assert_allclose(weights(in_turn), weights(together), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(other_curve.validation, curve.validation)


def test_what_cannot_roll_out_is_refused(monkeypatch):
    for name, frames in (("mlp", 1), ("mlp-rnn", 4)):
        model = rollout(name)
        assert model(*some_windows(frames + 1), mask(frames=frames + 1)).shape[-1] == 1
        with pytest.raises(TrainingError, match=rf"windows of {frames} frames .* {frames} known"):
            model(*some_windows(frames), mask(frames=frames))
    model = rollout("gnn", 1)
    one = bytes_of(model, 4, 20, 8)
    monkeypatch.setattr(rollouts, "MEMORY_BUDGET_BYTES", one)
    assert model.members_at_once(4, 20, 8) == 1
    monkeypatch.setattr(rollouts, "MEMORY_BUDGET_BYTES", one - 1)
    with pytest.raises(TrainingError, match=r"20 windows of 8 frames of 4 neurons .*fewer hidden"):
        model.members_at_once(4, 20, 8)


def cut_worms():
    """Three worms of 200, 97 and 150 frames."""
    lengths = (200, 97, 150)
    return [replace(w, x=w.x[..., :n]) for w, n in zip(three(), lengths, strict=True)]


def ensemble(name, **options):
    model = network(name, len(SUBSETS), hidden=4, **options)
    return Rollout(randomise(model, scale=0.2)).eval()


@pytest.mark.parametrize("horizon", [0, 1, 16, 40])
def test_windows_start_every_eight_frames_as_long_as_they_fit(horizon):
    for n_frames in range(120):
        wanted = [t for t in range(0, n_frames, 8) if t + BURN_IN_FRAMES + horizon <= n_frames]
        if wanted and horizon:
            assert rollouts.starts(n_frames, horizon).tolist() == wanted
        else:
            with pytest.raises(RecordingError, match=rf"horizon of {horizon} .*{n_frames} frames"):
                rollouts.starts(n_frames, horizon)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf, 1e38, 11.0, -11.0, 9.9, 10.0])
def test_errors_are_means_over_windows_and_what_is_far_out_has_diverged(value):
    random = np.random.default_rng(0)
    predicted, truth = random.random((2, 2, 3, 5, 4)), random.random((2, 3, 5, 4))
    predicted[1, 0, 2, 3, 1] = value
    wanted = ((predicted - truth) ** 2).mean(axis=3)
    wanted[1, 0, 2, 1] = wanted[1, 0, 2, 1] if np.isfinite(value) else np.inf
    result = rollouts.square_error(torch.from_numpy(predicted), torch.from_numpy(truth))
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, wanted)
    diverged = np.zeros((2, 5), dtype=bool)
    diverged[1, 3] = value not in (9.9, rollouts.DIVERGED)
    assert np.array_equal(rollouts.diverged(torch.from_numpy(predicted)), diverged)


@torch.no_grad()
def one_by_one(model, m, worm, start, horizon_frames):
    """Forecast of one member from the known frames of one window, (features, neurons, frames)."""
    first = start + BURN_IN_FRAMES - model.known_frames
    known = worm.x[..., None, first : start + BURN_IN_FRAMES]
    window = torch.cat([known, known.new_zeros(*known.shape[:3], horizon_frames)], dim=-1)
    nothing = torch.zeros(1, window.shape[-1], dtype=torch.bool)
    return by_loops(model, window, worm.context(start), nothing)[m, :, :, 0]


@pytest.mark.parametrize("name, options", EVALUATED)
def test_errors_examples_and_free_runs_are_those_of_one_window_at_a_time(
    name, options, monkeypatch
):
    model, worms = ensemble(name, **options), cut_worms()
    result = rollouts.evaluate(worms, SUBSETS, [model] * 3)
    assert result["seen"].astype(int).tolist() == [[1, 0, 0], [0, 1, 0], [1, 1, 0]]
    for field in ("mse", "examples", "free"):
        unseen = np.isfinite(result[field]).all(axis=tuple(range(2, result[field].ndim)))
        assert (unseen == ~result["seen"]).all(), field
    close = {"rtol": 1e-3, "atol": 1e-5}
    for m, column in ((0, 1), (1, 2)):
        worm, horizon = worms[column], rollouts.HORIZON_FRAMES
        n_frames, errors = worm.x.shape[-1], []
        for start in rollouts.starts(n_frames):
            truth = worm.x[..., start + BURN_IN_FRAMES :][..., :horizon]
            errors.append((one_by_one(model, m, worm, start, horizon) - truth).square())
        np.testing.assert_allclose(result["mse"][m, column], torch.stack(errors).mean(0), **close)
        for k, start in list(enumerate(rollouts.example_starts(n_frames)))[::4]:
            wanted = one_by_one(model, m, worm, start, horizon)
            np.testing.assert_allclose(result["examples"][m, column, :, :, k], wanted, **close)
        wanted = one_by_one(model, m, worm, rollouts.free_start(n_frames), rollouts.FREE_FRAMES)
        np.testing.assert_allclose(result["free"][m, column], wanted, **close)
    assert np.ptp(result["free"][0, 1], axis=-1).max() > 1e-2  # it does move
    one = bytes_of(model, len(NEURONS), len(rollouts.starts(150)), 2)
    monkeypatch.setattr(rollouts, "MEMORY_BUDGET_BYTES", int(2.5 * one))  # members take turns
    for field, in_turn in rollouts.evaluate(worms, SUBSETS, [model] * 3).items():
        np.testing.assert_allclose(in_turn, result[field], rtol=1e-4, atol=1e-6, err_msg=field)


@pytest.mark.parametrize("causal", [True, False])
def test_causal_forecasts_know_nothing_of_the_frames_behind_them(causal):
    model, worm = ensemble("gnn", edges="after"), tiny_worm(n_frames=900)
    cohort = cohort_of([worm, tiny_worm("worm-2")], EVERY)
    plan = plan_of("gnn", sizes=(1,), scaling="causal")
    seen = replace(traces.worm_traces(plan, cohort, 0, "cpu")[0], causal=causal, name="other")
    other = replace(seen, x=torch.where(torch.arange(900) < 500, seen.x, 1 - seen.x))
    first, changed = (rollouts.evaluate([w], SUBSETS, [model])["examples"] for w in (seen, other))
    early = rollouts.example_starts(900) + BURN_IN_FRAMES <= 500
    same = (first == changed).all(axis=(0, 1, 2, 3, 5))
    assert (same == early).all() if causal else not same.any()


@pytest.mark.parametrize("model", ["persistence", "ridge", "mlp", "gnn-rnn"])
def test_rows_are_every_member_unseen_worm_and_frame_ahead(model):
    pool, others = tiny_worms(4, n_frames=120), [tiny_worm("other", 203, seed=9)]
    plan, cohort = plan_of(model, sizes=(1, 3)), cohort_of(pool, TWO_FOLDS, others)
    (rows, arrays), members = forecast(plan, cohort), traces.subsets(plan, cohort)
    assert tuple(rows.columns) == traces.COLUMNS and len(members) == 4
    wanted = [
        ("+".join(names), worm, fold, step)
        for fold, names, worm, step in product((0, 1), members, cohort.worms, range(1, 17))
        if worm not in names
    ]
    assert list(rows[PLACE].itertuples(index=False, name=None)) == wanted
    assert (rows["n_train"] == rows["subset"].str.count("worm")).all() and not rows["seen"].any()
    assert (rows["windows"] == np.where(rows["worm"] == "other", 23, 13)).all()
    assert np.isfinite(rows["mse"]).all() and (rows["diverged"] == 0).all()
    np.testing.assert_allclose(rows["mse"], rows[["mse_trace", "mse_derivative"]].mean(axis=1))
    for row in rows.iloc[::37].itertuples():
        member = members.index(tuple(row.subset.split("+")))
        mse = arrays[row.fold]["mse"][member, cohort.worms.index(row.worm), ..., row.step - 1]
        assert (row.mse_trace, row.mse_derivative) == pytest.approx(tuple(mse.mean(axis=1)))
    learned = [np.isfinite(one["validation"]).all() for one in arrays]
    assert learned == [model in PREDICTORS] * 2


@pytest.mark.parametrize("model", ["var", "mlp", "gnn-rnn"])
def test_unseen_worms_play_no_part_in_training_and_do_not_influence_each_other(model):
    worms = tiny_worms(3)
    mirrored = replace(worms[2], traces=worms[2].traces[::-1].copy())
    first, other = (
        forecast(plan_of(model, sizes=(1,)), cohort_of(trio, EVERY))[0].set_index(PLACE)["mse"]
        for trio in (worms, [*worms[:2], mirrored])
    )
    for (subset, worm, _, _), equal in (first == other).items():
        assert equal == ("worm-3" not in (subset, worm)), (subset, worm)


def on(simple, windows):
    """Forecasts of windows from their first four frames."""
    x = torch.from_numpy(windows[..., 4 - simple.known_frames :])
    with torch.no_grad():
        return simple(x, x[..., 0], torch.zeros(x.shape[2:], dtype=torch.bool))[0].numpy()


@pytest.mark.parametrize("name", FORECASTS)
@pytest.mark.parametrize("seed", [0, 2])
def test_simple_forecasts_are_fitted_on_the_windows_of_their_training_worms(name, seed):
    """The same windows train and validate as do for networks; the evaluated worm only tests."""
    worms, fold = tiny_worms(3, n_frames=200), 1
    cohort = cohort_of(worms, replace(EVERY, folds=(fold,)))
    _, (arrays,) = forecast(plan_of(name, sizes=(2,), seed=seed), cohort)
    xs = [features(worm, NEURONS, 2).x.astype(float) for worm in worms]
    windows = {True: [], False: []}
    for number, x in enumerate(xs[:2]):
        validates = fold_of_window(200, 10, "shuffled", 100 * seed + number) == fold
        every = np.stack(np.split(x, 25, axis=-1), axis=2)
        for use, kept in windows.items():
            kept.append(every[:, :, validates == use])
    simple = Rollout(
        Autoregression([FORECASTS[name](windows[False], windows[True], worms[2], NEURONS)])
    )
    known = np.stack([xs[2][..., t : t + 20] for t in rollouts.starts(200)], axis=2)
    wanted = on(simple, known)
    np.testing.assert_allclose(arrays["mse"][0, 2], ((wanted - known[..., 4:]) ** 2).mean(2), 1e-4)
    np.testing.assert_allclose(arrays["examples"][0, 2][:, :, 0], wanted[:, :, 0], rtol=1e-4)


def test_a_lagged_mlp_begins_as_the_autoregression_of_its_windows():
    cohort = cohort_of(tiny_worms(3), replace(EVERY, folds=(0,)))
    options = {"hidden": 4, "linear": True}
    plan = plan_of("mlp-lags", options=options, sizes=(1, 2), epochs=1, learning_rate=0.0)
    worms, members = traces.worm_traces(plan, cohort, 0, "cpu"), traces.subsets(plan, cohort)
    _, (arrays,) = forecast(plan, cohort)
    for row, names in enumerate(members):
        training, validation = (
            [w.windows(use).double().numpy() for w in worms if w.name in names]
            for use in (False, True)
        )
        assert training[0].shape[-1] == 12
        simple = Rollout(Autoregression([fit_ridge(training, validation, lags=4)]))
        for column in np.flatnonzero(~arrays["seen"][row]):
            known = worms[column].frames(rollouts.example_starts(203), 20).double().numpy()
            wanted = on(simple, known)
            np.testing.assert_allclose(arrays["examples"][row, column], wanted, 1e-3, 1e-4)


def test_a_forecast_can_be_the_mean_of_a_networks_and_a_simple_one():
    cohort = cohort_of(tiny_worms(3), replace(EVERY, folds=(0,)))
    arrays = [
        forecast(plan_of(model, options=options, sizes=(1,)), cohort)[1][0]
        for model, options in (("gnn", {}), ("var", {}), ("gnn", {"averaged_with": "var"}))
    ]
    for field in ("examples", "free"):
        own, simple, mean = (one[field] for one in arrays)
        np.testing.assert_allclose(mean, (own + simple) / 2, rtol=1e-4, atol=1e-6)
    with pytest.raises(ChoiceError, match=r"averaged_with 'mlp'.*var"):
        traces.check(plan_of("gnn", options={"averaged_with": "mlp"}), cohort)


def test_edges_of_another_worm_are_that_worms_and_no_others():
    """As if the evaluated worm's frames had never given an edge."""
    cohort = cohort_of(tiny_worms(3), replace(EVERY, folds=(0,)))
    options = {"edges": "after", "message": "self"}
    own = plan_of("gnn", options=options, sizes=(2,), learning_rate=0.01, epochs=20)
    swapped = own.with_options(edges_of="another worm")
    (arrays,), (usual,) = (forecast(plan, cohort)[1] for plan in (swapped, own))
    members, worms = traces.subsets(own, cohort), traces.worm_traces(own, cohort, 0, "cpu")
    model, _ = traces.train(own, cohort, worms, members, 0)
    for column, worm in enumerate(worms):
        row = np.flatnonzero(~arrays["seen"][:, column])
        other = worms[(column + 1) % 3]
        first = rollouts.example_starts(worm.x.shape[-1])
        known = torch.nn.functional.pad(worm.frames(first, 4)[..., -1:], (0, 16))
        nothing = torch.zeros(known.shape[2:], dtype=torch.bool)
        with torch.no_grad():
            wanted = model.eval()(known, other.context(0), nothing)[row]
        np.testing.assert_allclose(arrays["examples"][row, column], wanted, 0, 5e-6)
    assert (
        np.nanmax(np.abs(arrays["examples"] - usual["examples"])) > 5e-5
    )  # tiny worms are much alike
    with pytest.raises(ChoiceError, match=r"edges_of 'nobody'.*another worm"):
        traces.check(replace(own, options={"edges_of": "nobody"}), cohort)


def test_members_are_all_subsets_that_leave_a_worm_and_bad_input_is_refused():
    alone, beside = (cohort_of(tiny_worms(2), EVERY, more) for more in ((), [tiny_worm("o")]))
    assert traces.subsets(plan_of("mean"), alone) == [("worm-1",), ("worm-2",)]
    assert traces.subsets(plan_of("mean", sizes=(2,)), beside) == [("worm-1", "worm-2")]
    traces.check(plan_of("mlp"), alone)
    short, lacking = ([worm] for worm in (tiny_worm("s", 19), tiny_worm("l", neurons=NEURONS[:3])))
    causal = plan_of("constant-derivative", scaling="causal")
    for error, match, plan, others in (
        (ChoiceError, "model 'cnn'.*persistence.*gnn-rnn", plan_of("cnn"), ()),
        (ChoiceError, "constant derivative 'causal'.*whole", causal, ()),
        (RecordingError, "horizon of 16 frames.*19 frames", plan_of("mlp"), short),
        (RecordingError, r"another worm than .*: 2 worms.*\(2,\)", plan_of("mlp", sizes=(2,)), ()),
        (NeuronError, "l: no neuron named VB01", plan_of("mlp"), lacking),
    ):
        with pytest.raises(error, match=match):
            traces.check(plan, cohort_of(tiny_worms(2), SMOKE, others))


@pytest.mark.real_data
@pytest.mark.parametrize(
    "model, wanted",
    [("persistence", [10.46, 129.99, 249.97]), ("constant-derivative", [9.34, 110.79, 282.71])],
)
def test_forecasts_of_katos_worms(kato_file, model, wanted):
    cohort = cohort_of(kato.read(kato_file), neurons=PAPER_NEURONS)
    rows, _ = forecast(plan_of(model, sizes=(1,)), cohort)
    by_worm = rows.groupby(["worm", "step"])["mse"].mean()
    assert len(by_worm) == 5 * 16
    mse = 1e4 * by_worm.groupby("step").mean().loc[[1, 8, 16]]
    assert mse.tolist() == pytest.approx(wanted, rel=1e-3)
