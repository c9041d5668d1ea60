from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiny import NEURONS, tiny_worm
from wormgnn.errors import ChoiceError, NeuronError, RecordingError
from wormgnn.features import (
    SCALINGS,
    derivative,
    features,
    scale,
    scale_causally,
    trailing_derivative,
)
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
    traces = worm.traces.copy()
    traces[now + 1 :] += np.random.default_rng(0).normal(size=traces[now + 1 :].shape)
    before = features(worm, NEURONS, 2, "causal").x[..., : now + 1]
    after = features(replace(worm, traces=traces), NEURONS, 2, "causal").x[..., : now + 1]
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
