"""The protocol of the second task on tiny worms, and persistence on real ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tiny import NEURONS, count_folds, tiny_worm, tiny_worms
from wormgnn import forecast as protocol
from wormgnn.baselines.forecasts import BASELINES
from wormgnn.baselines.persistence import Persistence
from wormgnn.datasets import kato
from wormgnn.errors import ChoiceError, RecordingError, TrainingError
from wormgnn.features import features
from wormgnn.folds import fold_of_window
from wormgnn.forecast import forecast
from wormgnn.forecast_fold import Forecast
from wormgnn.models.forecasters import NETWORKS
from wormgnn.profiles import Profile, profile_named
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.rollouts import starts
from wormgnn.store import Store
from wormgnn.trajectory import mean_square_error

SMOKE = profile_named("smoke")
TWO_FOLDS = Profile("two folds", subsets_per_size=2, folds=(0, 1), epochs=2, hidden=4)
COLUMNS = "n_train subset fold worm windows diverged step mse mse_trace mse_derivative"
PLACE = ["subset", "worm", "fold", "step"]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.fixture
def runs(monkeypatch):
    """Folds that were computed, not found, in the order of their computation."""
    return count_folds(monkeypatch, protocol, "run_fold")


@pytest.mark.parametrize("model", ["persistence", "ridge", "mlp", "gnn-rnn"])
def test_rows_are_every_member_unseen_worm_and_frame_ahead(store, model):
    worms = tiny_worms(4, n_frames=120)
    others = [tiny_worm("other", 203, seed=9)]
    found = forecast(Forecast(model, sizes=(1, 3)), worms, NEURONS, TWO_FOLDS, store, others)
    rows, subsets = found.rows, found.subsets
    assert list(rows.columns) == COLUMNS.split()
    assert list(subsets) == TWO_FOLDS.subsets([worm.worm for worm in worms], (1, 3))
    wanted = [
        ("+".join(subset), worm, fold, step)
        for fold in (0, 1)
        for subset in subsets
        for worm in ("worm-1", "worm-2", "worm-3", "worm-4", "other")
        if worm not in subset
        for step in range(1, 17)
    ]
    assert len(wanted) == 2 * (4 + 4 + 2 + 2) * 16
    assert list(rows[PLACE].itertuples(index=False, name=None)) == wanted
    assert (rows["n_train"] == rows["subset"].str.count("worm")).all()
    assert (rows["windows"] == rows["worm"].map(lambda name: 23 if name == "other" else 13)).all()
    assert np.isfinite(rows["mse"]).all() and (rows["diverged"] == 0).all()
    np.testing.assert_allclose(rows["mse"], rows[["mse_trace", "mse_derivative"]].mean(axis=1))
    for row in rows.iloc[::37].itertuples():
        member = subsets.index(tuple(row.subset.split("+")))
        fold = found.folds[row.fold]
        mse = fold.mse[member, fold.worms.index(row.worm), ..., row.step - 1]
        assert (row.mse_trace, row.mse_derivative) == pytest.approx(tuple(mse.mean(axis=1)))
    learned = [np.isfinite(fold.validation).all() for fold in found.folds]
    assert learned == [model in NETWORKS] * 2


def test_a_rerun_reads_the_store(store, runs):
    plan, worms = Forecast("mlp", sizes=(1,)), tiny_worms(3)
    first = forecast(plan, worms, NEURONS, TWO_FOLDS, store)
    again = forecast(plan, worms, NEURONS, TWO_FOLDS, store)
    assert runs == [("mlp", 0), ("mlp", 1)]
    pd.testing.assert_frame_equal(first.rows, again.rows)
    for name in ("seen", "mse", "diverged", "examples", "free", "validation"):
        for one, other in zip(first.folds, again.folds, strict=True):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_killed_run_goes_on_from_its_last_fold(store, runs, monkeypatch):
    plan, worms, run_fold = Forecast("mlp", sizes=(1,)), tiny_worms(3), protocol.run_fold

    def killed(*given):
        if given[-2] == 1:
            raise KeyboardInterrupt
        return run_fold(*given)

    with monkeypatch.context() as patch:
        patch.setattr(protocol, "run_fold", killed)
        with pytest.raises(KeyboardInterrupt):
            forecast(plan, worms, NEURONS, TWO_FOLDS, store)
    resumed = forecast(plan, worms, NEURONS, TWO_FOLDS, store)
    assert runs == [("mlp", 0), ("mlp", 1)]
    fresh = forecast(plan, worms, NEURONS, TWO_FOLDS, Store(store.folder / "fresh"))
    pd.testing.assert_frame_equal(resumed.rows, fresh.rows)


def test_whatever_changes_is_computed_again(store, runs):
    plan, worms, once = Forecast("mlp", sizes=(1,)), tiny_worms(2), replace(SMOKE, epochs=1)
    changes = [
        {"options": {"hidden": 3}},
        {"split": "blocked"},
        {"scaling": "causal"},
        {"sampling_end": 0.0},
        {"seed": 1},
    ]
    for changed in (plan, *(replace(plan, **change) for change in changes)):
        forecast(changed, worms, NEURONS, once, store)
    for profile in (replace(once, epochs=2), replace(once, hidden=3), replace(once, n_folds=9)):
        forecast(plan, worms, NEURONS, profile, store)
    forecast(plan, worms, NEURONS[::-1], once, store)
    forecast(plan, [worms[0], tiny_worm("worm-2", seed=7)], NEURONS, once, store)
    forecast(plan, worms, NEURONS, once, store, [tiny_worm("other")])
    assert len(runs) == 1 + len(changes) + 3 + 3


def mirrored(worm: Recording) -> Recording:
    return replace(worm, traces=worm.traces[::-1].copy())


@pytest.mark.parametrize("model", ["var", "mlp", "gnn-rnn"])
def test_unseen_worms_play_no_part_in_training_and_do_not_influence_each_other(store, model):
    plan, worms = Forecast(model, sizes=(1,)), tiny_worms(3)
    profile = replace(SMOKE, subsets_per_size=None)
    tables = [
        forecast(plan, trio, NEURONS, profile, store).rows.set_index(PLACE)["mse"]
        for trio in (worms, [*worms[:2], mirrored(worms[2])])
    ]
    same = tables[0] == tables[1]
    for (subset, worm, _, _), equal in same.items():
        assert equal == ("worm-3" not in (subset, worm)), (subset, worm)


@pytest.mark.parametrize("model", ["mean", "mlp"])
def test_further_worms_are_forecast_and_change_nothing_else(store, model):
    plan, worms, other = Forecast(model, sizes=(1,)), tiny_worms(3), tiny_worm("other", seed=9)
    alone = forecast(plan, worms, NEURONS, SMOKE, store).rows
    rows = forecast(plan, worms, NEURONS, SMOKE, store, [other]).rows
    assert set(rows.loc[rows["worm"] == "other", "subset"]) == set(alone["subset"])
    rest = rows[rows["worm"] != "other"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, alone)


def oscillations(name, seed, n_frames=240):
    """Two damped oscillations with kicks, seen by four neurons; every frame follows linearly."""
    random = np.random.default_rng(seed)
    steps = 0.97 * np.exp(2j * np.pi / np.array([24, 13]))
    state, states = np.ones(2, dtype=complex), []
    for _ in range(n_frames):
        state = steps * state + 0.05 * random.normal(size=2)
        states.append([state[0].real, state[0].imag, state[1].real, state[1].imag])
    plain = tiny_worm(name, n_frames)
    return replace(plain, traces=np.array(states))


@pytest.mark.parametrize("model", ["mlp", "mlp-rnn"])
def test_networks_learn_a_linear_system(store, model):
    """Untrained they are persistence, so that is what training has to beat."""
    worms = [oscillations(f"worm-{i}", seed=i) for i in (1, 2)]
    profile = Profile("some", None, (0,), epochs=200, hidden=16)

    def error(plan):
        rows = forecast(plan, worms, NEURONS, profile, store).rows
        return rows.groupby("step")["mse"].mean()

    trained, plain = error(Forecast(model, sizes=(1,))), error(Forecast("persistence", sizes=(1,)))
    assert trained[1] < 0.7 * plain[1]
    assert trained[8] < 0.5 * plain[8]
    assert error(Forecast("ridge", sizes=(1,)))[8] < 0.5 * plain[8]


def test_persistence_is_the_last_known_frame(store):
    worms = tiny_worms(2, n_frames=120)
    plan = Forecast("persistence", sizes=(1,))
    found = forecast(plan, worms, NEURONS, SMOKE, store)
    rows = found.rows.set_index(["worm", "step"])["mse"]
    for number, worm in enumerate(worms):
        x = features(worm, NEURONS, 2).x.astype(float)
        for step in range(1, 17):
            errors = [(x[..., t + 3 + step] - x[..., t + 3]) ** 2 for t in starts(120)]
            assert rows[worm.worm, step] == pytest.approx(np.mean(errors), rel=1e-5)
        known = np.stack([x[..., t : t + 4] for t in starts(120)], axis=2)
        wanted = Persistence().forecast(known, 16)[:, :, [0, -1]]
        examples = found.folds[0].examples[1 - number, number][:, :, [0, -1]]
        np.testing.assert_allclose(examples, wanted, rtol=1e-6)


@pytest.mark.parametrize("name", ["constant-derivative", "mean", "ridge", "var"])
@pytest.mark.parametrize("seed", [0, 2])
def test_baselines_are_fitted_on_the_windows_of_their_training_worms(store, name, seed):
    """The same windows train and validate as do for networks; the evaluated worm only tests."""
    worms, fold = tiny_worms(3, n_frames=200), 1
    profile = replace(SMOKE, folds=(fold,), subsets_per_size=None)
    found = forecast(Forecast(name, sizes=(2,), seed=seed), worms, NEURONS, profile, store)
    xs = [features(worm, NEURONS, 2).x.astype(float) for worm in worms]
    parts = {True: [], False: []}
    for number, x in enumerate(xs[:2]):
        validates = fold_of_window(200, 10, "shuffled", 100 * seed + number) == fold
        cut = np.stack(np.split(x, 25, axis=-1), axis=2)
        for part, windows in parts.items():
            windows.append(cut[:, :, validates == part])
    baseline = BASELINES[name](parts[False], parts[True], worms[2], NEURONS)
    known, truth = (
        np.stack([xs[2][..., t + a : t + b] for t in starts(200)], axis=2)
        for a, b in ((0, 4), (4, 20))
    )
    wanted = ((baseline.forecast(known, 16) - truth) ** 2).mean(axis=2)
    assert found.subsets[0] == ("worm-1", "worm-2")
    np.testing.assert_allclose(found.folds[0].mse[0, 2], wanted, rtol=1e-4)


def test_the_fold_decides_which_windows_validate(store):
    plan = Forecast("mean", sizes=(1,))
    rows = forecast(plan, tiny_worms(2), NEURONS, TWO_FOLDS, store).rows
    by_fold = rows.pivot(index=["subset", "worm", "step"], columns="fold", values="mse")
    assert (by_fold[0] != by_fold[1]).all()


@pytest.mark.parametrize("model, counted", [("persistence", False), ("mlp", True)])
def test_the_seed_decides_networks(store, model, counted):
    plan, worms = Forecast(model, sizes=(1,)), tiny_worms(2)
    one, other = (
        forecast(replace(plan, seed=seed), worms, NEURONS, SMOKE, store).rows["mse"]
        for seed in (0, 1)
    )
    assert (one != other).all() == (one != other).any() == counted


def test_bad_input_is_refused_before_anything_runs(store, runs):
    worms = tiny_worms(2)

    def refused(error, match, plan, given=worms, unseen=()):
        with pytest.raises(error, match=match):
            forecast(plan, given, NEURONS, SMOKE, store, unseen)

    mlp = Forecast("mlp")
    refused(ChoiceError, "model 'cnn'.*persistence.*gnn-rnn", Forecast("cnn"))
    refused(RecordingError, "worm-2 repeats", mlp, unseen=worms[1:])
    causal = Forecast("constant-derivative", scaling="causal")
    refused(ChoiceError, "constant derivative 'causal'.*whole", causal)
    short = tiny_worm("short", 19)
    for given, unseen in (([*worms, short], ()), (worms, [short])):
        refused(RecordingError, "horizon of 16 frames.*19 frames", mlp, given, unseen)
    assert runs == []


def test_a_short_worm_can_be_forecast_where_the_horizon_fits(store):
    short = tiny_worm("short", 60)
    rows = forecast(Forecast("mean"), tiny_worms(2), NEURONS, SMOKE, store, [short]).rows
    assert (rows.loc[rows["worm"] == "short", "windows"] == 6).all()


def test_training_that_runs_away_is_named(store, monkeypatch):
    """The message has the members and the epoch, and nothing is stored."""

    def diverges(predicted, target):
        return mean_square_error(predicted, target) * np.nan

    monkeypatch.setattr("wormgnn.forecast_fold.mean_square_error", diverges)
    with pytest.raises(TrainingError, match=r"members \[0, 1\] is not finite at epoch 0"):
        forecast(Forecast("node-mlp", sizes=(2,)), tiny_worms(3), NEURONS, SMOKE, store)
    assert not list(store.folder.rglob("*.npz"))


@pytest.mark.real_data
def test_persistence_on_katos_worms(kato_file, store):
    worms = kato.read(kato_file)
    rows = forecast(Forecast("persistence", sizes=(1,)), worms, PAPER_NEURONS, SMOKE, store).rows
    by_worm = rows.groupby(["worm", "step"])["mse"].mean()
    assert len(by_worm) == 5 * 16
    found = 1e4 * by_worm.groupby("step").mean().loc[[1, 8, 16]]
    assert found.tolist() == pytest.approx([10.46, 129.99, 249.97], rel=1e-3)
