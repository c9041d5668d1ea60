"""What a model sees of a worm, and which frames of it train, validate and test."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiny import NEURONS, tiny_worm
from wormgnn.errors import ChoiceError, NeuronError, RecordingError
from wormgnn.features import (
    SCALINGS,
    WINDOW_FRAMES,
    derivative,
    features,
    scale,
    scale_causally,
    trailing_derivative,
)
from wormgnn.folds import PURGE_FRAMES, Role, fold_of_window, roles
from wormgnn.states import merge


@pytest.mark.parametrize("fps", [2.0, 3.0, 10.0])
def test_derivatives_are_in_units_per_second(fps):
    frequency, times = 0.05, np.arange(int(100 * fps)) / fps
    phase = 2 * np.pi * frequency * times
    worm = tiny_worm(n_frames=len(times), neurons=("AVAL",))
    worm = replace(worm, traces=np.sin(phase)[:, None], fps=fps, times=times)
    slope = 2 * np.pi * frequency * np.cos(phase)
    inner = slice(int(5 * fps), -int(5 * fps))
    smoothed = np.exp(-((2 * np.pi * frequency * 0.7) ** 2) / 2)  # a Gaussian's effect on a sine
    np.testing.assert_allclose(derivative(worm)[inner, 0], smoothed * slope[inner], atol=2e-3)
    ramp = replace(worm, traces=0.25 * times[:, None])
    np.testing.assert_allclose(trailing_derivative(ramp)[50:], 0.25)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**16), warmup=st.integers(0, 30), after=st.integers(0, 58))
def test_causal_scaling_does_not_know_the_future(seed, warmup, after):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(60, 2))
    now = max(after, warmup - 1)
    changed = values.copy()
    changed[now + 1 :] = 100 * rng.normal(size=changed[now + 1 :].shape)
    scaled = scale_causally(values, warmup)
    np.testing.assert_array_equal(scale_causally(changed, warmup)[: now + 1], scaled[: now + 1])
    assert scaled.min() >= 0 and scaled.max() <= 1
    np.testing.assert_allclose(scaled[-1], scale(values)[-1])  # all is known at the end


@pytest.mark.parametrize("now", [220, 260, 298])
def test_causal_features_do_not_know_the_future(now):
    worm = tiny_worm(n_frames=300)
    later = np.arange(300)[:, None] > now
    other = replace(worm, traces=worm.traces + later * np.random.default_rng(0).normal(size=4))
    before, after = (features(w, NEURONS, 2, "causal").x[..., : now + 1] for w in (worm, other))
    np.testing.assert_allclose(before, after, atol=1e-6)


@pytest.mark.parametrize("own", [True, False])
def test_every_scaling_is_the_one_that_is_written(own):
    traces = tiny_worm().traces
    slopes = np.random.default_rng(0).normal(size=traces.shape) if own else None
    worm = replace(tiny_worm(), derivatives=slopes)
    slopes = derivative(worm)
    unit = (traces - traces.min(0)) / (traces.max(0) - traces.min(0))
    wanted = {
        "whole": (unit, (slopes - slopes.min(0)) / (slopes.max(0) - slopes.min(0))),
        "derived": (unit, slopes / (traces.max(0) - traces.min(0)) / worm.fps),
        "zero-kept": (unit, slopes / (slopes.max(0) - slopes.min(0))),
        "z-scored": tuple((v - v.mean(0)) / v.std(0) for v in (traces, slopes)),
    }
    for scaling, values in wanted.items():
        found = features(worm, ["VB01", "AVAL"], 4, scaling)
        assert found.x.dtype == np.float32 and found.n_frames == 200
        columns = [value.T[[3, 0]] for value in values]
        np.testing.assert_allclose(found.x, columns, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(found.y, merge(worm, 4))


@pytest.mark.parametrize("scaling", SCALINGS)
def test_a_linear_gauge_of_the_traces_changes_no_feature(scaling):
    worm = tiny_worm()
    other = replace(worm, traces=3 * worm.traces - 7)
    x, moved = (features(w, NEURONS, 2, scaling).x for w in (worm, other))
    np.testing.assert_allclose(moved, x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scaling", ["whole", "zero-kept", "z-scored"])
def test_what_cannot_be_scaled_is_named(scaling):
    slopes = np.random.default_rng(0).normal(size=tiny_worm().traces.shape)
    slopes[:, 1] = 2.0
    with pytest.raises(RecordingError, match="column 1 is constant"):
        features(replace(tiny_worm(), derivatives=slopes), NEURONS, 2, scaling)
    with pytest.raises(ChoiceError, match=r"scaling 'none'.*whole, causal"):
        features(tiny_worm(), NEURONS, 2, "none")
    with pytest.raises(NeuronError, match=r"worm-1.*ZZZ"):
        features(tiny_worm(), ["ZZZ"], 2)


any_split = given(
    n_frames=st.integers(80, 3500),
    split=st.sampled_from(["shuffled", "blocked"]),
    seed=st.integers(0, 2**16),
)
few = settings(max_examples=30, deadline=None)


def distance(held_out, others):
    """Fewest frames between two sets; infinite where one is empty."""
    return min((np.abs(others - frame).min(initial=10**9) for frame in held_out), default=10**9)


@few
@any_split
def test_every_window_tests_and_validates_once(n_frames, split, seed):
    folds = fold_of_window(n_frames, 10, split, seed)
    assert len(folds) == n_frames // WINDOW_FRAMES
    assert np.ptp(np.bincount(folds, minlength=10)) <= 1
    whole = n_frames // WINDOW_FRAMES * WINDOW_FRAMES
    found = np.array([roles(n_frames, fold, split=split, seed=seed) for fold in range(10)])
    assert ((found[:, :whole] == Role.TEST).sum(0) == 1).all()
    assert (found[:, whole:] == Role.UNUSED).all()
    if split == "shuffled":  # and no window is split, nor wasted
        assert ((found[:, :whole] == Role.VALIDATION).sum(0) == 1).all()
        windows = found[:, :whole].reshape(10, -1, WINDOW_FRAMES)
        assert (windows == windows[..., :1]).all() and (windows != Role.UNUSED).all()
    other = fold_of_window(n_frames, 10, split, seed + 1)
    if split == "blocked":
        assert (np.diff(folds) >= 0).all() and (other == folds).all()
    elif n_frames > 1000:
        assert (other != folds).any()


@few
@given(n_frames=st.integers(80, 3500), fold=st.integers(0, 9))
def test_a_blocked_split_keeps_its_distance_and_wastes_no_more(n_frames, fold):
    found = roles(n_frames, fold, split="blocked")
    unused, train, validation, test = (np.flatnonzero(found == role) for role in Role)
    assert (np.diff(test) == 1).all()
    assert distance(test, train) > PURGE_FRAMES
    assert distance(test, validation) > PURGE_FRAMES
    assert distance(validation, train) > PURGE_FRAMES
    assert n_frames < 1000 or len(unused) <= 4 * PURGE_FRAMES + WINDOW_FRAMES


def test_wrong_choices_are_named():
    with pytest.raises(ChoiceError, match=r"split 'random'.*shuffled, blocked"):
        fold_of_window(1000, 10, "random", 0)
    with pytest.raises(ChoiceError, match=r"folds 10.*2 to 5 \(windows\)"):
        fold_of_window(40, 10, "blocked", 0)
    with pytest.raises(ChoiceError, match="folds 1"):
        fold_of_window(1000, 1, "blocked", 0)
