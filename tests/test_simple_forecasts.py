"""Simple forecasts against plain loops, normal equations and real worms."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wormgnn.errors import TrainingError
from wormgnn.features import features
from wormgnn.recording import Recording
from wormgnn.tasks.simple_forecasts import (
    ALPHAS,
    ConstantDerivative,
    Damped,
    Ridge,
    fit_damped,
    fit_ridge,
    persistence,
)

N, K = 3, 5
"""Neurons and known frames."""


def windows_of(rng, windows=6, frames=8):
    return rng.uniform(size=(2, N, windows, frames))


def ridge_of(rng, lags):
    return Ridge(0.1 * rng.normal(size=(2, N, lags, 2, N)), 0.1 * rng.normal(size=(2, N)), 1.0)


def all_forecasts(seed):
    rng = np.random.default_rng(seed)
    return {
        "persistence": persistence([windows_of(rng)]),
        "constant derivative": ConstantDerivative(rng.uniform(size=N), -rng.uniform(size=N)),
        "damped": Damped(rng.uniform(size=(2, N)), rng.uniform(0.5, 1.0, (2, N))),
        "mean": Damped(rng.uniform(size=(2, N)), np.zeros((2, N))),
        "ridge 1": ridge_of(rng, 1),
        "ridge 4": ridge_of(rng, 4),
    }


def one_frame(model, past):
    """The next frame (features, neurons) of one window; `past` ends in the last one."""
    last = past[-1]
    if isinstance(model, Damped):
        return model.mean + model.decay * (last - model.mean)
    if isinstance(model, ConstantDerivative):
        return np.stack([last[0] + model.gain * last[1] + model.offset, last[1]])
    assert isinstance(model, Ridge)
    after = last + model.intercept
    for f, n, lag, g, m in np.ndindex(2, N, model.lags, 2, N):
        after[f, n] += model.weight[f, n, lag, g, m] * past[-1 - lag][g, m]
    return after


def by_loops(model, known, horizon_frames):
    out = np.empty((*known.shape[:3], horizon_frames))
    for window in range(known.shape[2]):
        past = list(np.moveaxis(known[:, :, window], -1, 0))
        for step in range(horizon_frames):
            past.append(one_frame(model, past))
            out[:, :, window, step] = past[-1]
    return out


@pytest.mark.parametrize("name", all_forecasts(0))
@pytest.mark.parametrize("horizon_frames", [1, 16])
def test_forecasts_are_those_of_plain_loops(name, horizon_frames):
    model, known = all_forecasts(1)[name], windows_of(np.random.default_rng(2), 4, K)
    before = known.copy()
    result = model.forecast(known, horizon_frames)
    assert result.shape == (2, N, 4, horizon_frames)
    np.testing.assert_allclose(result, by_loops(model, known, horizon_frames), rtol=1e-9)
    np.testing.assert_array_equal(known, before)


@pytest.mark.parametrize("start", [3, 40, 61, 90])
def test_constant_derivative_is_exact_on_straight_flanks(start):
    up = np.arange(60)[:, None] / 2.5 * np.array([0.3, -4.0]) + [1.0, -7.0]
    traces = np.concatenate([up, up[-2::-1]])  # triangles, in dF/F0 per second
    states = np.zeros(len(traces), dtype=np.int64)
    worm = Recording("w", "d", traces, ("AVAL", "AVAR"), 2.5, states, ("fwd",))
    worm = replace(worm, derivatives=np.gradient(traces, 1 / 2.5, axis=0))
    x = features(worm, worm.neurons, 2).x[:, :, None].astype(np.float64)
    model = ConstantDerivative.of(worm, worm.neurons)
    forecast = model.forecast(x[..., start - 2 : start + 1], 16)
    np.testing.assert_allclose(forecast, x[..., start + 1 : start + 17], atol=1e-5)


def test_the_damped_fit_is_least_squares_without_crossing_windows():
    rng = np.random.default_rng(1)
    worms = [windows_of(rng, 7), windows_of(rng, 5)]
    worms[0][:, :, 3] += 5  # a window far away: a transition into it would be seen
    result, both = fit_damped(worms), np.concatenate(worms, axis=2)
    for f, n in np.ndindex(2, N):
        mean = both[f, n].mean()
        now, ahead = both[f, n, :, :-1].ravel() - mean, both[f, n, :, 1:].ravel() - mean
        slope = np.linalg.lstsq(now[:, None], ahead, rcond=None)[0][0]
        assert (result.mean[f, n], result.decay[f, n]) == pytest.approx((mean, slope))
    still = fit_damped([np.full((1, 1, 3, 8), 0.4)])  # a constant feature stays
    assert still.forecast(np.full((1, 1, 2, 1), 0.4), 5) == pytest.approx(0.4)


def linear_windows(windows, lags, seed, frames=8):
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
    result = fit_ridge([train[:, :, :30], train[:, :, 30:]], [validation], lags, [1e-10, 1e3])
    assert result.alpha == 1e-10
    np.testing.assert_allclose(result.weight, truth.weight, atol=1e-6)
    np.testing.assert_allclose(result.intercept, truth.intercept, atol=1e-6)
    unseen, _ = linear_windows(5, lags, 2, frames=lags + 16)
    forecast = result.forecast(unseen[..., :lags], 16)
    np.testing.assert_allclose(forecast, unseen[..., lags:], atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), alpha=st.sampled_from([0.01, 1.0, 30.0]))
def test_one_lag_is_ridge_by_the_normal_equations(seed, alpha):
    x = windows_of(np.random.default_rng(seed))
    frames = (x[..., :-1], x[..., 1:])
    now, after = (each.transpose(2, 3, 0, 1).reshape(-1, 2 * N) for each in frames)
    design = np.column_stack([now, np.ones(len(now))])
    penalty = alpha * np.diag([1.0] * (2 * N) + [0.0])
    wanted = np.linalg.solve(design.T @ design + penalty, design.T @ (after - now)).T
    result = fit_ridge([x], [x], 1, [alpha])
    np.testing.assert_allclose(result.weight.reshape(2 * N, 2 * N), wanted[:, :-1], atol=1e-9)
    np.testing.assert_allclose(result.intercept.ravel(), wanted[:, -1], atol=1e-9)


@pytest.mark.parametrize("lags", [1, 4])
def test_alpha_is_the_one_whose_free_roll_out_is_best(lags):
    rng = np.random.default_rng(6)
    train, validation = [windows_of(rng, 12)], windows_of(rng, 12)
    models = [fit_ridge(train, [validation], lags, [alpha]) for alpha in ALPHAS]
    forecasts = np.array([by_loops(m, validation[..., :lags], 8 - lags) for m in models])
    errors = ((forecasts - validation[..., lags:]) ** 2).mean(axis=(1, 2, 3, 4))
    assert len(set(errors.round(6))) > 3
    assert fit_ridge(train, [validation], lags).alpha == ALPHAS[errors.argmin()]


def test_divergence_neither_warns_nor_crashes_and_its_alpha_loses():
    exploding = np.random.default_rng(7).normal(size=(1, 2, 20, 1)) * 100.0 ** np.arange(8)
    signs = np.array([[1.0, 1.0], [1.0, -1.0]])  # infinity minus infinity is NaN
    calm = np.repeat(0.5 * signs[None, :, :, None], 300, axis=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        forecast = fit_ridge([exploding], [exploding], 1, [0.0]).forecast(exploding[..., :1], 400)
        assert fit_ridge([exploding], [calm], 1, [0.0, 1e40, 1.0]).alpha == 1e40
        with pytest.raises(TrainingError, match=r"1 lags: .* diverge for every alpha"):
            fit_ridge([exploding], [calm], 1, [0.0, 1.0])
    assert np.isfinite(forecast[..., :100]).all() and not np.isfinite(forecast[..., -1]).any()


GOOD = windows_of(np.random.default_rng(0))


@pytest.mark.parametrize(
    "message, train, validation",
    [
        ("validation: expected windows, got none", [GOOD], []),
        ("validation: expected windows, got none", [GOOD], [GOOD[:, :, :0]]),
        ("train: expected windows, got none", [], [GOOD]),
    ],
)
def test_no_windows_are_named(message, train, validation):
    with pytest.raises(TrainingError, match=message):
        fit_ridge(train, validation)
