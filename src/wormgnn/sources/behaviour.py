"""Simulated behaviour: a semi-Markov chain with the statistics of Kato's worms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wormgnn.recording import NO_STATE
from wormgnn.sources.kato import STATES

# Mean and standard deviation of the logarithm of the dwell times in seconds. Measured on
# WT_NoStim.mat: all bouts of the five worms but the first and the last of each.
DWELL_LOG_S = {
    "fwd": (1.57, 1.09),
    "slow": (0.84, 1.79),
    "rev1": (1.10, 0.31),
    "rev2": (1.23, 0.24),
    "revsus": (2.57, 0.49),
    "dt": (1.95, 0.31),
    "vt": (1.82, 0.37),
}
# The longest bout in those recordings is 141 s; half of it, lest one bout fill a worm.
LONGEST_DWELL_S = 70.0

# Probability of the next state. Same recordings, frames without a state skipped; transitions
# seen once or twice in the 547 (revsus to fwd or slow) left out.
TRANSITIONS = {
    "fwd": {"slow": 0.85, "rev1": 0.03, "rev2": 0.12},
    "slow": {"fwd": 0.24, "rev1": 0.38, "rev2": 0.35, "revsus": 0.03},
    "rev1": {"revsus": 1.0},
    "rev2": {"revsus": 1.0},
    "revsus": {"dt": 0.32, "vt": 0.68},
    "dt": {"fwd": 0.45, "slow": 0.55},
    "vt": {"fwd": 0.15, "slow": 0.85},
}
# Kato's frames without a state: 176 of 15662, in stretches.
NO_STATE_FRACTION = 0.011


def behaviour(n_frames: int, fps: float, random: np.random.Generator) -> NDArray[np.int64]:
    """State codes of a semi-Markov chain with Kato's dwell times, shape (n_frames,)."""
    bouts: list[NDArray[np.int64]] = []
    state, frames = "slow", 0
    while frames < n_frames:
        dwell_s = min(random.lognormal(*DWELL_LOG_S[state]), LONGEST_DWELL_S)
        bouts.append(np.full(max(1, round(dwell_s * fps)), STATES.index(state)))
        frames += len(bouts[-1])
        following = TRANSITIONS[state]
        state = str(random.choice(list(following), p=list(following.values())))
    return np.concatenate(bouts)[:n_frames]


def with_gaps(states: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Some stretches of ten frames lose their state, as annotators leave them."""
    gaps = random.binomial(len(states) // 10, NO_STATE_FRACTION)
    marked = states.copy()
    for start in random.integers(0, len(states) - 9, gaps):
        marked[start : start + 10] = NO_STATE
    return marked
