"""Simple forecasts against plain loops, normal equations and real worms."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wormgnn.errors import TrainingError
from wormgnn.features import features
from wormgnn.recording import Recording
from wormgnn.tasks.rollout import Rollout
from wormgnn.tasks.simple_forecasts import (
    ALPHAS,
    Autoregression,
    constant_derivative,
    fit_damped,
    fit_mean,
    fit_ridge,
    persistence,
)

N = 3
"""Neurons, of two features each."""


def windows_of(rng, windows=6, frames=8):
    return rng.uniform(size=(2, N, windows, frames))


def linear_map(rng, lags, scale=0.1):
    return scale * rng.normal(size=(2 * N, lags * 2 * N)), scale * rng.normal(size=2 * N)


def forecast(linear, known, horizon_frames):
    """What follows known frames, as `Rollout` gives it."""
    model = Rollout(Autoregression([linear]))
    known = known[..., -model.known_frames :]
    unknown = np.zeros((*known.shape[:3], horizon_frames))
    windows = torch.from_numpy(np.concatenate([known, unknown], axis=3))
    with torch.no_grad():
        found = model(windows, windows[..., 0], torch.zeros(windows.shape[2:], dtype=torch.bool))
    return found[0].numpy()


def by_loops(linear, known, horizon_frames):
    (weight, intercept), (features, neurons, windows, _) = linear, known.shape
    lags, out = weight.shape[1] // weight.shape[0], []
    for window in range(windows):
        past = list(known[:, :, window].reshape(features * neurons, -1).T)
        for _ in range(horizon_frames):
            seen = np.concatenate(past[: -lags - 1 : -1])
            past.append(past[-1] + weight @ seen + intercept)
        out.append(np.array(past[-horizon_frames:]).T.reshape(features, neurons, -1))
    return np.stack(out, axis=2)


@pytest.mark.parametrize("lags", [1, 4])
def test_forecasts_are_those_of_plain_loops(lags):
    rng = np.random.default_rng(1)
    linear, known = linear_map(rng, lags), windows_of(rng, frames=5)
    found = forecast(linear, known, 16)
    np.testing.assert_allclose(found, by_loops(linear, known, 16), rtol=1e-9)


def test_what_stays_and_what_returns_to_its_mean():
    rng = np.random.default_rng(1)
    worms, known = [windows_of(rng, 7), windows_of(rng, 5)], windows_of(rng)
    worms[0][:, :, 3] += 5  # a window far away: a transition into it would be seen
    both, last = np.concatenate(worms, axis=2), known[..., -1:]
    mean = both.mean(axis=(2, 3))[..., None, None]
    now, ahead = both[..., :-1] - mean, both[..., 1:] - mean
    slope = (now * ahead).sum((2, 3)) / (now**2).sum((2, 3))
    left = slope[..., None, None] ** np.arange(1, 17)
    for linear, wanted in (
        (persistence(worms), np.repeat(last, 16, axis=3)),
        (fit_mean(worms), np.broadcast_to(mean, (2, N, 6, 16))),
        (fit_damped(worms), mean + left * (last - mean)),
    ):
        np.testing.assert_allclose(forecast(linear, known, 16), wanted, rtol=1e-9)
    still = fit_damped([np.full((1, 1, 3, 8), 0.4)])  # a constant feature stays
    assert forecast(still, np.full((1, 1, 2, 1), 0.4), 5) == pytest.approx(0.4)


@pytest.mark.parametrize("start", [3, 40, 61, 90])
def test_constant_derivative_is_exact_on_straight_flanks(start):
    up = np.arange(60)[:, None] / 2.5 * np.array([0.3, -4.0]) + [1.0, -7.0]
    traces = np.concatenate([up, up[-2::-1]])  # triangles, in dF/F0 per second
    states = np.zeros(len(traces), dtype=np.int64)
    worm = Recording("w", "d", traces, ("AVAL", "AVAR"), 2.5, states, ("fwd",))
    worm = replace(worm, derivatives=np.gradient(traces, 1 / 2.5, axis=0))
    x = features(worm, worm.neurons, 2).x[:, :, None].astype(np.float64)
    found = forecast(constant_derivative(worm, worm.neurons), x[..., start - 2 : start + 1], 16)
    np.testing.assert_allclose(found, x[..., start + 1 : start + 17], atol=1e-5)


@pytest.mark.parametrize("lags", [1, 2, 4])
def test_ridge_recovers_a_linear_system(lags):
    weight, intercept = linear_map(np.random.default_rng(5), lags)
    weight[:, : 2 * N] -= 0.5 * np.eye(2 * N)  # stable
    start = np.random.default_rng(0).uniform(size=(2, N, 85, lags))
    x = np.concatenate([start, by_loops((weight, intercept), start, 8 - lags)], axis=3)
    train, validation = [x[:, :, :30], x[:, :, 30:80]], [x[:, :, 80:]]
    found = fit_ridge(train, validation, lags, [1e-10, 1e3])
    np.testing.assert_allclose(found[0], weight, atol=1e-6)
    np.testing.assert_allclose(found[1], intercept, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), alpha=st.sampled_from([0.01, 1.0, 30.0]))
def test_one_lag_is_ridge_by_the_normal_equations(seed, alpha):
    x = windows_of(np.random.default_rng(seed))
    frames = (x[..., :-1], x[..., 1:])
    now, after = (each.transpose(2, 3, 0, 1).reshape(-1, 2 * N) for each in frames)
    design = np.column_stack([now, np.ones(len(now))])
    penalty = alpha * np.diag([1.0] * (2 * N) + [0.0])
    wanted = np.linalg.solve(design.T @ design + penalty, design.T @ (after - now)).T
    np.testing.assert_allclose(np.column_stack(fit_ridge([x], [x], 1, [alpha])), wanted, atol=1e-9)


@pytest.mark.parametrize("lags", [1, 4])
def test_alpha_is_the_one_whose_free_roll_out_is_best(lags):
    rng = np.random.default_rng(6)
    train, validation = [windows_of(rng, 12)], windows_of(rng, 12)
    models = [fit_ridge(train, [validation], lags, [alpha]) for alpha in ALPHAS]
    forecasts = np.array([by_loops(m, validation[..., :lags], 8 - lags) for m in models])
    errors = ((forecasts - validation[..., lags:]) ** 2).mean(axis=(1, 2, 3, 4))
    assert len(set(errors.round(6))) > 3
    best = fit_ridge(train, [validation], lags)
    np.testing.assert_array_equal(best[0], models[errors.argmin()][0])


def test_divergence_neither_warns_nor_crashes_and_its_alpha_loses():
    exploding = np.random.default_rng(7).normal(size=(1, 2, 20, 1)) * 100.0 ** np.arange(8)
    signs = np.array([[1.0, 1.0], [1.0, -1.0]])  # infinity minus infinity is NaN
    calm = np.repeat(0.5 * signs[None, :, :, None], 300, axis=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        linear = fit_ridge([exploding], [exploding], 1, [0.0])
        found = forecast(linear, exploding[..., :1], 400)
        tame = fit_ridge([exploding], [calm], 1, [0.0, 1e40, 1.0])
        with pytest.raises(TrainingError, match=r"1 lags: .* diverge for every alpha"):
            fit_ridge([exploding], [calm], 1, [0.0, 1.0])
    assert abs(tame[0]).max() < 1e-3 < abs(linear[0]).max()
    assert np.isfinite(found[..., :100]).all() and not np.isfinite(found[..., -1]).any()


def test_no_windows_are_named():
    good = windows_of(np.random.default_rng(0))
    for what, train, validation in (
        ("validation", [good], []),
        ("validation", [good], [good[:, :, :0]]),
        ("train", [], [good]),
    ):
        with pytest.raises(TrainingError, match=f"{what}: expected windows, got none"):
            fit_ridge(train, validation)
