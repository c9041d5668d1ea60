"""Forecasts of unseen worms against loops over windows and frames."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tiny import NEURONS, randomise, tiny_worms
from wormgnn import trajectory
from wormgnn.errors import RecordingError
from wormgnn.features import features
from wormgnn.models.forecasters import network
from wormgnn.rollouts import (
    DIVERGED,
    FREE_FRAMES,
    N_EXAMPLES,
    Forecasts,
    cut,
    diverged,
    evaluate,
    example_starts,
    free_start,
    square_error,
    starts,
)
from wormgnn.trajectory import BURN_IN_FRAMES, HORIZON_FRAMES, Rollout, Traces, rollout_bytes

SUBSETS = [("worm-1",), ("worm-2",), ("worm-1", "worm-2")]
SEEN = [[True, False, False], [False, True, False], [True, True, False]]
MODELS = [("mlp", {"norm": "last"}), ("gnn", {"edges": "after"}), ("node-mlp-rnn", {})]
ERRORS = ("mse", "examples", "free")


def traces():
    """Three worms of 200, 97 and 150 frames."""
    lengths = (200, 97, 150)
    prepared = [features(worm, NEURONS, 2) for worm in tiny_worms(3)]
    cpu = torch.device("cpu")
    found = [Traces.of(f, 0, 10, "shuffled", i, cpu) for i, f in enumerate(prepared)]
    return [
        Traces(worm.name, worm.x[..., :n], worm.validates)
        for worm, n in zip(found, lengths, strict=True)
    ]


def ensemble(name, **options):
    predictor = network(name, len(SUBSETS), len(NEURONS), 0, hidden=4, **options)
    return Rollout(randomise(predictor, scale=0.2)).eval()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 120), st.integers(1, 40))
def test_windows_start_every_eight_frames_as_long_as_they_fit(n_frames, horizon_frames):
    length = BURN_IN_FRAMES + horizon_frames
    wanted = [t for t in range(0, n_frames, 8) if t + length <= n_frames]
    if n_frames < length:
        with pytest.raises(RecordingError, match=rf"horizon of {horizon_frames}.*{n_frames} fr"):
            starts(n_frames, horizon_frames)
    else:
        assert starts(n_frames, horizon_frames).tolist() == wanted


def test_a_horizon_of_nothing_is_refused():
    with pytest.raises(RecordingError, match="horizon of 0 frames"):
        starts(200, 0)
    assert starts(200).tolist() == starts(200, HORIZON_FRAMES).tolist()


@pytest.mark.parametrize("n_frames, distinct", [(20, 1), (60, 6), (108, 12), (3000, 12)])
def test_examples_are_some_of_the_windows_from_first_to_last(n_frames, distinct):
    found, every = example_starts(n_frames), starts(n_frames)
    assert len(found) == N_EXAMPLES and len(set(found)) == distinct
    assert (found[0], found[-1]) == (every[0], every[-1])
    assert set(found) <= set(every) and (np.diff(found) >= 0).all()


@given(st.integers(20, 4000))
def test_the_free_run_starts_where_four_frames_are_known(n_frames):
    assert 0 <= free_start(n_frames) == n_frames // 4 <= n_frames - BURN_IN_FRAMES


def test_cut_takes_frames_behind_each_start():
    x = torch.rand(2, 3, 30)
    found = cut(x, np.array([0, 7, 25]), 5)
    assert found.shape == (2, 3, 3, 5)
    for w, start in enumerate((0, 7, 25)):
        torch.testing.assert_close(found[:, :, w], x[..., start : start + 5])


def test_square_error_is_the_mean_over_windows():
    random = np.random.default_rng(0)
    predicted, truth = random.random((2, 2, 3, 5, 4)), random.random((2, 3, 5, 4))
    found = square_error(torch.from_numpy(predicted), torch.from_numpy(truth))
    assert found.shape == (2, 2, 3, 4) and found.dtype == np.float64
    for m, f, n, t in np.ndindex(found.shape):
        errors = [(predicted[m, f, n, w, t] - truth[f, n, w, t]) ** 2 for w in range(5)]
        assert found[m, f, n, t] == pytest.approx(np.mean(errors))


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_a_prediction_that_is_no_number_has_an_infinite_error(value):
    predicted = torch.zeros(2, 2, 3, 5, 4)
    predicted[1, 0, 2, 3, 1] = value
    found = square_error(predicted, torch.zeros(2, 3, 5, 4))
    wanted = np.zeros((2, 2, 3, 4))
    wanted[1, 0, 2, 1] = np.inf
    np.testing.assert_array_equal(found, wanted)


def test_a_huge_error_stays_what_it_is():
    predicted = torch.full((1, 1, 1, 1, 1), 1e38)
    assert square_error(predicted, torch.zeros(1, 1, 1, 1)).item() == pytest.approx(1e76)


@pytest.mark.parametrize(
    "value, counts",
    [
        *((value, True) for value in (torch.nan, torch.inf, -torch.inf, 11.0, -11.0)),
        *((value, False) for value in (9.9, -9.9, DIVERGED)),
    ],
)
@pytest.mark.parametrize("place", [(0, 0, 0), (1, 2, 3)])
def test_one_prediction_far_out_makes_its_window_diverged(value, counts, place):
    feature, neuron, frame = place
    predicted = torch.zeros(2, 2, 3, 5, 4)
    predicted[1, feature, neuron, 2, frame] = value
    wanted = torch.zeros(2, 5, dtype=torch.bool)
    wanted[1, 2] = counts
    assert torch.equal(diverged(predicted), wanted)


def test_nothing_is_forecast_yet():
    found = Forecasts.empty(traces(), SUBSETS)
    assert found.worms == ("worm-1", "worm-2", "worm-3")
    assert found.seen.tolist() == SEEN
    assert found.mse.shape == (3, 3, 2, len(NEURONS), HORIZON_FRAMES)
    assert all(np.isnan(getattr(found, name)).all() for name in (*ERRORS, "validation"))
    assert not found.diverged.any()


@pytest.mark.parametrize("name, options", MODELS)
def test_only_worms_that_a_member_never_met_are_forecast(name, options):
    found = evaluate(ensemble(name, **options), traces(), SUBSETS)
    for field in ERRORS:
        values = getattr(found, field)
        assert np.isnan(values[found.seen]).all(), field
        assert np.isfinite(values[~found.seen]).all(), field
    assert found.seen.tolist() == SEEN


def one_by_one(model, m, worm, start, horizon_frames):
    """Forecast of one member from the known frames of one window, (features, neurons, frames)."""
    x, predictor = worm.x, model.predictor
    edges = predictor.edges(worm.context)
    first = start + BURN_IN_FRAMES - model.known_frames
    memory, predicted = None, []
    for frame in range(first, start + BURN_IN_FRAMES - 1):
        _, memory = predictor(x[..., frame, None], memory, edges)
    last = x[..., start + BURN_IN_FRAMES - 1, None]
    for _ in range(horizon_frames):
        change, memory = predictor(last, memory, edges)
        last = last + change
        predicted.append(last[m, :, :, 0])
    return torch.stack(predicted, dim=-1)


@pytest.mark.parametrize("name, options", MODELS)
def test_errors_examples_and_free_runs_are_those_of_one_window_at_a_time(name, options):
    model, worms = ensemble(name, **options), traces()
    found = evaluate(model, worms, SUBSETS)
    close = {"rtol": 1e-3, "atol": 1e-5}
    with torch.no_grad():
        for m, column in ((0, 1), (1, 2)):
            worm = worms[column]
            n_frames = worm.x.shape[-1]
            errors = []
            for start in starts(n_frames):
                ahead = start + BURN_IN_FRAMES
                truth = worm.x[..., ahead : ahead + HORIZON_FRAMES]
                errors.append((one_by_one(model, m, worm, start, HORIZON_FRAMES) - truth).square())
            np.testing.assert_allclose(found.mse[m, column], torch.stack(errors).mean(0), **close)
            for k, start in list(enumerate(example_starts(n_frames)))[::4]:
                wanted = one_by_one(model, m, worm, start, HORIZON_FRAMES)
                np.testing.assert_allclose(found.examples[m, column, :, :, k], wanted, **close)
            wanted = one_by_one(model, m, worm, free_start(n_frames), FREE_FRAMES)
            np.testing.assert_allclose(found.free[m, column], wanted, **close)
    assert np.ptp(found.free[0, 1], axis=-1).max() > 1e-2  # it does move


def test_windows_that_diverge_are_counted_and_the_others_kept():
    model, worms = ensemble("mlp"), traces()
    with torch.no_grad():
        model.predictor.head.readout.weight[1] = 0
        model.predictor.head.readout.bias[1] = 0.7  # beyond 10 in the 15th frame at the latest
    found = evaluate(model, worms, SUBSETS)
    windows = [len(starts(worm.x.shape[-1])) for worm in worms]
    assert found.diverged.tolist() == [[0, 0, 0], [windows[0], 0, windows[2]], [0, 0, 0]]
    assert found.mse[1, 2, ..., -1].mean() > 50


@pytest.mark.parametrize("name, options", MODELS)
def test_members_in_turn_forecast_as_members_together(monkeypatch, name, options):
    model, worms = ensemble(name, **options), traces()
    together, fill, calls = evaluate(model, worms, SUBSETS), Forecasts.fill, []

    def counted(self, rows, column, worm, forecaster):
        calls.append((column, list(rows)))
        fill(self, rows, column, worm, forecaster)

    monkeypatch.setattr(Forecasts, "fill", counted)
    one = rollout_bytes(model, len(NEURONS), len(starts(worms[2].x.shape[-1])), 2)
    monkeypatch.setattr(trajectory, "MEMORY_BUDGET_BYTES", int(2.5 * one))
    in_turn = evaluate(model, worms, SUBSETS)
    assert calls[-2:] == [(2, [0, 1]), (2, [2])]
    for field in (*ERRORS, "diverged"):
        found, wanted = getattr(in_turn, field), getattr(together, field)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6, err_msg=field)


@pytest.mark.parametrize("edges, matters", [("before", True), ("after", True), ("frame", False)])
def test_static_edges_are_inferred_from_the_worm_at_hand(edges, matters):
    """Frames that no window reaches are context and nothing else."""
    model, worms = ensemble("gnn", edges=edges), traces()
    reached = int(starts(150)[-1]) + BURN_IN_FRAMES + HORIZON_FRAMES
    assert reached < 150
    changed = worms[2].x.clone()
    changed[..., reached:] = 1 - changed[..., reached:]
    other = Traces("worm-3", changed, worms[2].validates)
    found, wanted = (evaluate(model, [*worms[:2], w], SUBSETS) for w in (other, worms[2]))
    assert (found.mse[:, 2] != wanted.mse[:, 2]).all(axis=(1, 2, 3)).tolist() == [matters] * 3
    assert np.array_equal(found.free[:, 2], wanted.free[:, 2], equal_nan=True) != matters
    np.testing.assert_array_equal(found.mse[:, :2], wanted.mse[:, :2])
