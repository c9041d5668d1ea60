from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tiny import NEURONS, tiny_worm
from wormgnn.baselines.persistence import (
    ALPHAS,
    SLOPE,
    TRACE,
    Baseline,
    ConstantDerivative,
    Mean,
    Persistence,
    Ridge,
    fit_mean,
    fit_ridge,
    per_frame,
)
from wormgnn.datasets import kato
from wormgnn.errors import ChoiceError, NeuronError, RecordingError, TrainingError
from wormgnn.features import features
from wormgnn.folds import fold_of_window
from wormgnn.recording import PAPER_NEURONS, Recording

N, K = 3, 5
"""Neurons and known frames."""


def windows_of(rng: np.random.Generator, windows: int = 6, frames: int = 8) -> np.ndarray:
    return rng.uniform(size=(2, N, windows, frames))


def ridge_of(rng: np.random.Generator, lags: int) -> Ridge:
    return Ridge(0.1 * rng.normal(size=(2, N, lags, 2, N)), 0.1 * rng.normal(size=(2, N)), 1.0)


def all_baselines(seed: int) -> dict[str, Baseline]:
    rng = np.random.default_rng(seed)
    return {
        "persistence": Persistence(),
        "constant derivative": ConstantDerivative(rng.uniform(size=N), -rng.uniform(size=N)),
        "mean": Mean(rng.uniform(size=(2, N))),
        "ridge 1": ridge_of(rng, 1),
        "ridge 4": ridge_of(rng, 4),
    }


def one_frame(model: Baseline, past: list[list[list[float]]]) -> list[list[float]]:
    """The next frame `[feature][neuron]` of one window by plain loops; `past` ends in the last."""
    last = past[-1]
    if isinstance(model, Persistence):
        return last
    if isinstance(model, Mean):
        return model.mean.tolist()
    if isinstance(model, ConstantDerivative):
        change = [model.gain[n] * last[1][n] + model.offset[n] for n in range(N)]
        return [[last[0][n] + change[n] for n in range(N)], last[1]]
    assert isinstance(model, Ridge)
    after = [[last[f][n] + model.intercept[f, n] for n in range(N)] for f in range(2)]
    for f, n, lag, g, m in np.ndindex(2, N, model.lags, 2, N):
        after[f][n] += model.weight[f, n, lag, g, m] * past[-1 - lag][g][m]
    return after


def by_loops(model: Baseline, known: np.ndarray, horizon_frames: int) -> np.ndarray:
    out = np.empty((*known.shape[:3], horizon_frames))
    for window in range(known.shape[2]):
        past = [known[:, :, window, t].tolist() for t in range(known.shape[3])]
        for step in range(horizon_frames):
            past.append(one_frame(model, past))
            out[:, :, window, step] = past[-1]
    return out


@pytest.mark.parametrize("name", all_baselines(0))
@pytest.mark.parametrize("horizon_frames", [1, 16])
def test_forecasts_are_those_of_plain_loops(name, horizon_frames):
    model = all_baselines(1)[name]
    known = windows_of(np.random.default_rng(2), 4, K)
    before = known.copy()
    found = model.forecast(known, horizon_frames)
    assert found.shape == (2, N, 4, horizon_frames)
    np.testing.assert_allclose(found, by_loops(model, known, horizon_frames), rtol=1e-9)
    np.testing.assert_array_equal(known, before)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**16), name=st.sampled_from(sorted(all_baselines(0))))
def test_windows_are_forecast_each_by_itself(seed, name):
    rng = np.random.default_rng(seed)
    model, known = all_baselines(seed)[name], windows_of(rng, 7, K)
    order = rng.permutation(7)
    whole = model.forecast(known, 9)
    np.testing.assert_allclose(
        model.forecast(known[:, :, order], 9), whole[:, :, order], rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(
        model.forecast(known[:, :, :1], 9), whole[:, :, :1], rtol=1e-9, atol=1e-12
    )
    assert model.forecast(known[:, :, :0], 9).shape == (2, N, 0, 9)


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(sorted(all_baselines(0))), more=st.integers(1, 10))
def test_a_longer_horizon_only_adds_frames(name, more):
    model, known = all_baselines(3)[name], windows_of(np.random.default_rng(4), 3, K)
    np.testing.assert_array_equal(
        model.forecast(known, 4 + more)[..., :4], model.forecast(known, 4)
    )


@settings(max_examples=100, deadline=None)
@given(x=arrays(np.float64, (2, 1, 1, 6), elements=st.sampled_from([0.0, 0.5, 1.0])))
def test_persistence_has_no_error_only_where_nothing_changes(x):
    error = Persistence().forecast(x[..., :2], 4) - x[..., 2:]
    stays = (x[..., 1:] == x[..., 1:2]).all()
    assert ((error**2).sum() == 0) == stays


def ramps(slopes: tuple[float, ...], fps: float = 2.5, n_frames: int = 60) -> Recording:
    """A worm whose traces are triangles of straight flanks, in dF/F0 per second."""
    up = np.arange(n_frames)[:, None] / fps * np.array(slopes) + [1.0, -7.0]
    traces = np.concatenate([up, up[-2::-1]])
    own = np.gradient(traces, 1 / fps, axis=0)
    states = np.zeros(len(traces), dtype=np.int64)
    names = ("AVAL", "AVAR")
    return Recording("w", "d", traces, names, fps, states, ("fwd",), derivatives=own)


@pytest.mark.parametrize("start", [3, 40, 61, 90])
def test_constant_derivative_is_exact_on_straight_flanks(start):
    worm = ramps((0.3, -4.0))
    x = features(worm, worm.neurons, 2).x[:, :, None].astype(np.float64)
    baseline = ConstantDerivative(*per_frame(worm, worm.neurons))
    forecast = baseline.forecast(x[..., start - 2 : start + 1], 16)
    np.testing.assert_allclose(forecast, x[..., start + 1 : start + 17], atol=1e-5)


def test_gain_and_offset_follow_the_neurons_asked_for_and_not_the_units():
    worm = tiny_worm()
    gain, offset = per_frame(worm, NEURONS)
    turned = per_frame(worm, NEURONS[::-1])
    np.testing.assert_allclose(turned, (gain[::-1], offset[::-1]))
    brighter = replace(worm, traces=5 * worm.traces)
    np.testing.assert_allclose(per_frame(brighter, NEURONS), (gain, offset))
    assert (gain > 0).all() and (offset < 0).all()
    with pytest.raises(NeuronError, match=r"worm-1.*ZZZ"):
        per_frame(worm, ["ZZZ"])


def test_mean_weighs_every_frame_alike():
    rng = np.random.default_rng(0)
    few, many = windows_of(rng, 2), windows_of(rng, 9) + 3
    total = few.sum(axis=(2, 3)) + many.sum(axis=(2, 3))
    np.testing.assert_allclose(fit_mean([few, many]).mean, total / (11 * 8))


def linear_windows(windows: int, lags: int, seed: int, frames: int = 8) -> tuple[np.ndarray, Ridge]:
    """Windows of a stable linear system without noise, each from a start of its own."""
    truth = ridge_of(np.random.default_rng(5), lags)
    weight = truth.weight.copy()
    for f, n in np.ndindex(2, N):
        weight[f, n, 0, f, n] -= 0.5
    truth = replace(truth, weight=weight)
    start = np.random.default_rng(seed).uniform(size=(2, N, windows, lags))
    return np.concatenate([start, by_loops(truth, start, frames - lags)], axis=3), truth


@pytest.mark.parametrize("lags", [1, 2, 4])
def test_ridge_recovers_a_linear_system(lags):
    train, truth = linear_windows(80, lags, 0)
    validation, _ = linear_windows(5, lags, 1)
    found = fit_ridge([train[:, :, :30], train[:, :, 30:]], [validation], lags, [1e-10, 1e3])
    assert found.alpha == 1e-10
    np.testing.assert_allclose(found.weight, truth.weight, atol=1e-6)
    np.testing.assert_allclose(found.intercept, truth.intercept, atol=1e-6)
    unseen, _ = linear_windows(5, lags, 2, frames=lags + 16)
    forecast = found.forecast(unseen[..., :lags], 16)
    np.testing.assert_allclose(forecast, unseen[..., lags:], atol=1e-6)


@pytest.mark.parametrize("lags", [1, 4])
def test_no_transition_crosses_the_border_of_a_window(lags):
    train, truth = linear_windows(80, lags, 0)
    far, _ = linear_windows(80, lags, 0)
    # Another equilibrium a thousand away: inside windows it moves as the system does.
    stays = np.linalg.solve(
        np.eye(2 * N) - sum(np.split(truth.companion[: 2 * N], lags, axis=1)),
        truth.intercept.ravel(),
    )
    far = 1000 * (far - stays.reshape(2, N, 1, 1)) + stays.reshape(2, N, 1, 1)
    mixed = np.stack([train, far], axis=3).reshape(2, N, 160, 8)
    found = fit_ridge([mixed], [train], lags, [0.0])
    np.testing.assert_allclose(found.weight, truth.weight, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), alpha=st.sampled_from([0.01, 1.0, 30.0]))
def test_one_lag_is_ridge_by_the_normal_equations(seed, alpha):
    x = windows_of(np.random.default_rng(seed))
    inputs, change = [], []
    for window in range(x.shape[2]):
        for t in range(7):
            now, after = x[:, :, window, t].ravel(), x[:, :, window, t + 1].ravel()
            inputs.append([*now, 1.0])
            change.append(after - now)
    design, target = np.array(inputs), np.array(change)
    penalty = alpha * np.diag([1.0] * (2 * N) + [0.0])
    wanted = np.linalg.solve(design.T @ design + penalty, design.T @ target).T
    found = fit_ridge([x], [x], 1, [alpha])
    np.testing.assert_allclose(found.weight.reshape(2 * N, 2 * N), wanted[:, :-1], atol=1e-9)
    np.testing.assert_allclose(found.intercept.ravel(), wanted[:, -1], atol=1e-9)


@pytest.mark.parametrize("lags", [1, 4])
def test_alpha_is_the_one_whose_free_roll_out_is_best(lags):
    rng = np.random.default_rng(6)
    train, validation = windows_of(rng, 12), windows_of(rng, 12)
    errors = []
    for alpha in ALPHAS:
        model = fit_ridge([train], [validation], lags, [alpha])
        forecast = by_loops(model, validation[..., :lags], 8 - lags)
        errors.append(((forecast - validation[..., lags:]) ** 2).mean())
    best = ALPHAS[int(np.argmin(errors))]
    assert len({round(error, 6) for error in errors}) > 3
    assert fit_ridge([train], [validation], lags).alpha == best


def exploding(scale: float) -> np.ndarray:
    """Windows that grow a hundredfold in a frame, from all sides."""
    start = np.random.default_rng(7).normal(size=(1, 2, 20, 1))
    return scale * start * 100.0 ** np.arange(8)


def test_divergence_neither_warns_nor_crashes():
    model = fit_ridge([exploding(1.0)], [exploding(1.0)], 1, [0.0])
    assert model.spectral_radius == pytest.approx(100.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        forecast = model.forecast(exploding(1.0)[..., :1], 400)
    assert np.isfinite(forecast[..., :100]).all()
    assert not np.isfinite(forecast[..., -1]).any()


def test_an_alpha_that_diverges_loses():
    signs = np.array([[1.0, 1.0], [1.0, -1.0]])  # infinity less infinity is NaN
    calm = np.repeat(0.5 * signs[None, :, :, None], 300, axis=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fit_ridge([exploding(1.0)], [calm], 1, [0.0, 1e40, 1.0]).alpha == 1e40
        with pytest.raises(TrainingError, match=r"1 lags: .* diverge for every alpha"):
            fit_ridge([exploding(1.0)], [calm], 1, [0.0, 1.0])


def test_spectral_radius_is_how_fast_roll_outs_grow():
    model = ridge_of(np.random.default_rng(8), 3)
    model = replace(model, intercept=np.zeros((2, N)), weight=model.weight + 0.02)
    long = model.forecast(windows_of(np.random.default_rng(9), 1, 3), 800)
    norms = np.sqrt((long**2).sum(axis=(0, 1, 2)))
    rate = (norms[-1] / norms[399]) ** (1 / 400)
    assert model.spectral_radius > 1
    assert rate == pytest.approx(model.spectral_radius, rel=1e-2)


def test_spectral_radius_of_diagonal_decay():
    weight = np.zeros((2, 1, 1, 2, 1))
    weight[0, 0, 0, 0, 0], weight[1, 0, 0, 1, 0] = -0.1, -1.95
    assert Ridge(weight, np.ones((2, 1)), 1.0).spectral_radius == pytest.approx(0.95)


@pytest.mark.parametrize("name", all_baselines(0))
def test_unfit_known_frames_are_named(name):
    model, known = all_baselines(0)[name], np.full((2, N, 4, K), 0.5)
    holed = known.copy()
    holed[1, 2, 3, 4] = np.nan
    with pytest.raises(RecordingError, match="nan at feature 1, neuron 2, window 3, frame 4"):
        model.forecast(holed, 2)
    with pytest.raises(RecordingError, match=r"expected \(features.*got \(2, 3, 4\)"):
        model.forecast(known[..., 0], 2)
    with pytest.raises(RecordingError, match=r"expected . frames or more, got 0"):
        model.forecast(known[..., :0], 2)
    with pytest.raises(ChoiceError, match="horizon_frames 0"):
        model.forecast(known, 0)
    if name == "persistence":
        return
    with pytest.raises(NeuronError, match=r"\(2, 3\), got \(2, 2\)"):
        model.forecast(known[:, :2], 2)
    with pytest.raises(NeuronError, match=r"\(2, 3\), got \(1, 3\)"):
        model.forecast(known[:1], 2)


def test_four_lags_need_four_known_frames():
    model = ridge_of(np.random.default_rng(0), 4)
    with pytest.raises(RecordingError, match="known: expected 4 frames or more, got 3"):
        model.forecast(np.zeros((2, N, 1, 3)), 2)


def test_unfit_windows_are_named():
    good = windows_of(np.random.default_rng(0))
    bad = good.copy()
    bad[0, 1, 2, 3] = np.inf
    with pytest.raises(TrainingError, match=r"train, worm 1: .*inf at feature 0, neuron 1"):
        fit_ridge([good, bad], [good])
    with pytest.raises(TrainingError, match="train, worm 0: expected 5 frames or more, got 4"):
        fit_ridge([good[..., :4]], [good], lags=4)
    with pytest.raises(TrainingError, match="validation, worm 0: expected 5 frames"):
        fit_ridge([good], [good[..., :4]], lags=4)
    with pytest.raises(TrainingError, match=r"train: expected windows of one length"):
        fit_ridge([good, good[..., :7]], [good])
    with pytest.raises(NeuronError, match=r"train, worm 1: .*\(2, 3\), got \(2, 2\)"):
        fit_ridge([good, good[:, :2]], [good])
    with pytest.raises(NeuronError, match=r"validation, worm 0: .*\(2, 3\), got \(1, 3\)"):
        fit_ridge([good], [good[:1]])
    for none in ([], [good[:, :, :0]]):
        with pytest.raises(TrainingError, match="validation: expected windows, got none"):
            fit_ridge([good], none)
        with pytest.raises(TrainingError, match="train: expected windows, got none"):
            fit_mean(none)


@pytest.mark.parametrize("alphas", [[], [-1.0], [1.0, np.nan], [np.inf]])
def test_unfit_choices_are_named(alphas):
    good = [windows_of(np.random.default_rng(0))]
    with pytest.raises(ChoiceError, match="alpha"):
        fit_ridge(good, good, alphas=alphas)
    with pytest.raises(ChoiceError, match="number of lags 0"):
        fit_ridge(good, good, lags=0)


def every_eighth(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Four known frames and sixteen to forecast, from every eighth frame on."""
    starts = np.arange(0, x.shape[-1] - 19, 8)
    windows = x[..., starts[:, None] + np.arange(20)]
    return windows[..., :4], windows[..., 4:]


@pytest.mark.real_data
def test_real_worms_go_on_along_their_derivative_for_a_while(kato_file: Path) -> None:
    errors = []
    for worm in kato.read(kato_file):
        known, truth = every_eighth(features(worm, PAPER_NEURONS, 4).x.astype(np.float64))
        models = (Persistence(), ConstantDerivative(*per_frame(worm, PAPER_NEURONS)))
        errors.append([((m.forecast(known, 16) - truth) ** 2).mean(axis=(1, 2)) for m in models])
    stays, goes_on = np.moveaxis(np.array(errors), 1, 0)  # each (worms, features, frames)
    np.testing.assert_array_equal(stays[:, SLOPE], goes_on[:, SLOPE])
    assert (goes_on[:, TRACE, 0] < stays[:, TRACE, 0]).all()
    skill = 1 - goes_on[:, TRACE].mean(axis=0) / stays[:, TRACE].mean(axis=0)
    np.testing.assert_allclose(skill[[0, 7, 15]], [0.174, 0.412, -0.271], atol=2e-3)


@pytest.mark.real_data
def test_real_unseen_worm_by_ridge_on_the_others(kato_file: Path) -> None:
    *others, unseen = kato.read(kato_file)
    train, validation = [], []
    for worm in others:
        x = features(worm, PAPER_NEURONS, 4).x
        cut = x[..., : x.shape[-1] // 8 * 8].reshape(2, 15, -1, 8)
        fold = fold_of_window(worm.n_frames, 10, "shuffled", 0)
        train.append(cut[:, :, fold != 0])
        validation.append(cut[:, :, fold == 0])
    model = fit_ridge(train, validation, 1)
    assert model.alpha == 10.0
    assert model.spectral_radius == pytest.approx(0.9863, abs=1e-3)
    known, truth = every_eighth(features(unseen, PAPER_NEURONS, 4).x)
    stays, ridge = (((m.forecast(known, 16) - truth) ** 2).mean() for m in (Persistence(), model))
    assert ridge < stays
