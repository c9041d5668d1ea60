"""Worms on a limit cycle, whose phase and states are known."""

from __future__ import annotations

import numpy as np

from wormgnn.admm import Parameters
from wormgnn.features import Features

PERIOD = 50
CYCLE = Parameters(
    n_delays=2, delay_frames=3, n_neighbours=5, n_phases=20, n_branches=1, n_dimensions=3
)


def cycle(worm: str = "a", n_frames: int = 600, noise: float = 0.05, seed: int = 0) -> Features:
    """Four neurons on a limit cycle of 50 frames; state 0 in its first half, 1 in its second."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(n_frames) / PERIOD
    trace = np.stack([np.cos(angle - shift) for shift in (0.0, 0.7, 1.5, 3.0)])
    trace += noise * rng.standard_normal(trace.shape)
    x = np.stack([trace, np.gradient(trace, axis=1)]).astype(np.float32)
    y = (np.arange(n_frames) % PERIOD >= PERIOD // 2).astype(np.int64)
    return Features(worm, ("AVAL", "AVAR", "RIML", "RIMR"), x, y, 2)
