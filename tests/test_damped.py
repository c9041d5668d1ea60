from __future__ import annotations

import numpy as np
import pytest

from wormgnn.baselines.damped import Damped, fit_damped
from wormgnn.errors import NeuronError, TrainingError


def test_a_forecast_is_the_recursion_written_out():
    rng = np.random.default_rng(0)
    mean, decay = rng.random((2, 3)), rng.uniform(0.5, 1.0, (2, 3))
    known = rng.random((2, 3, 5, 4))
    found = Damped(mean, decay).forecast(known, 6)
    for f, n, w in np.ndindex(2, 3, 5):
        x = known[f, n, w, -1]
        for h in range(6):
            x = mean[f, n] + decay[f, n] * (x - mean[f, n])
            assert found[f, n, w, h] == pytest.approx(x)


def test_the_fit_is_least_squares_without_crossing_windows():
    rng = np.random.default_rng(1)
    worms = [rng.random((2, 3, 7, 8)), rng.random((2, 3, 5, 8))]
    worms[0][:, :, 3] += 5  # a window far away: a transition into it would be seen
    found = fit_damped(worms)
    both = np.concatenate(worms, axis=2)
    for f, n in np.ndindex(2, 3):
        mean = both[f, n].mean()
        now, ahead = both[f, n, :, :-1].ravel() - mean, both[f, n, :, 1:].ravel() - mean
        slope = np.linalg.lstsq(now[:, None], ahead, rcond=None)[0][0]
        assert found.mean[f, n] == pytest.approx(mean)
        assert found.decay[f, n] == pytest.approx(slope)


def test_it_recovers_a_decay():
    start = np.random.default_rng(2).normal(size=(1, 2, 200, 1))
    worm = 0.9 ** np.arange(8) * start
    found = fit_damped([worm, -worm])  # their mean is zero
    assert found.decay == pytest.approx(0.9)


def test_a_constant_feature_stays():
    found = fit_damped([np.full((1, 1, 3, 8), 0.4)])
    assert found.forecast(np.full((1, 1, 2, 1), 0.4), 5) == pytest.approx(0.4)


def test_what_does_not_fit_is_named():
    with pytest.raises(NeuronError, match=r"expected \(features, neurons\) \(2, 3\)"):
        Damped(np.zeros((2, 3)), np.ones((2, 3))).forecast(np.zeros((2, 4, 1, 1)), 2)
    with pytest.raises(TrainingError, match="expected windows"):
        fit_damped([np.zeros((2, 3, 0, 8))])
