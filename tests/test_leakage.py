"""Distances of test windows to training frames, and correlation of windows."""

from __future__ import annotations

import numpy as np
import pytest

from wormgnn.features import WINDOW_FRAMES, Features
from wormgnn.folds import PURGE_FRAMES, Role, roles
from wormgnn.leakage import frames_to_training, window_correlation


def test_frames_to_training_known_case() -> None:
    T, V, E, U = Role.TRAIN, Role.VALIDATION, Role.TEST, Role.UNUSED
    windows = [T, E, E, V, E, V, T, E, U, E]
    frames = np.repeat(windows, WINDOW_FRAMES)
    steps = 1 + WINDOW_FRAMES * np.array([0, 1, 1, 0, 2])
    assert frames_to_training(frames).tolist() == steps.tolist()


@pytest.mark.parametrize("fold", range(10))
def test_blocked_split_keeps_its_distance(fold: int) -> None:
    blocked = frames_to_training(roles(2000, fold, 10, "blocked"))
    assert blocked.min() > PURGE_FRAMES
    shuffled = frames_to_training(roles(2000, fold, 10, "shuffled", seed=fold))
    assert np.mean(shuffled == 1) > 0.65


def features(trace: np.ndarray) -> Features:
    x = np.stack([trace, np.zeros_like(trace)])[:, None].astype(np.float32)
    return Features("w", ("A",), x, np.zeros(len(trace), dtype=np.int64), 2)


def test_window_correlation_of_noise_and_of_a_wave() -> None:
    random = np.random.default_rng(0)
    noise = window_correlation(features(random.normal(size=16_000)), max_lag=3)
    assert noise[0] == pytest.approx(1)
    assert np.abs(noise[1:]).max() < 0.1
    wave = np.cos(2 * np.pi * np.arange(1600) / (4 * WINDOW_FRAMES))
    assert window_correlation(features(wave), max_lag=4) == pytest.approx(
        [1, 0, -1, 0, 1], abs=0.02
    )
