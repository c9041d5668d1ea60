"""What the simulator takes from Kato's worms (2015): behaviour, and what neurons follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wormgnn.recording import NO_STATE
from wormgnn.states import SEVEN

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

# What the neurons of each class follow: regression of their z-scored traces on the latent of
# `simulated.py` that the labelled states drive (with the time constants of `Physics`, without
# noise), mean over worms, left and right. The four numbers are the weights of the latent's task
# dimensions; the last is the standard deviation of what is left. Same recordings.
FOLLOWS = {
    "AIB": (-1.0, -0.1, 0.0, -0.2, 0.5),
    "ALA": (-0.1, -0.1, 0.1, 0.0, 1.0),
    "ASK": (-0.4, -0.3, -0.1, -0.2, 0.9),
    "AVA": (-1.2, 0.5, 0.2, -0.1, 0.4),
    "AVB": (0.6, 0.0, -0.2, -0.2, 0.8),
    "AVE": (-1.1, 0.2, 0.0, 0.0, 0.5),
    "AVF": (0.3, -0.6, -0.1, -0.1, 0.9),
    "DA01": (-0.9, -0.5, 0.1, 0.0, 0.4),
    "DB01": (0.9, 0.1, 0.0, -0.3, 0.7),
    "OLQD": (-0.5, -0.7, -0.2, 0.0, 0.8),
    "RIB": (0.9, 0.0, 0.0, 0.0, 0.7),
    "RID": (0.5, -0.2, -0.1, -0.2, 0.9),
    "RIF": (0.3, -0.3, -0.1, -0.8, 0.9),
    "RIM": (-1.1, 0.4, 0.1, -0.1, 0.5),
    "RIS": (0.5, 0.3, -0.3, 0.1, 0.9),
    "RIV": (-0.3, -0.7, -0.2, -1.0, 0.8),
    "RME": (0.9, 0.1, 0.1, 0.2, 0.6),
    "RMED": (0.9, 0.1, -0.1, 0.7, 0.5),
    "RMEV": (0.8, 0.2, -0.4, -0.6, 0.6),
    "SABV": (-0.8, -0.3, 0.0, -0.2, 0.7),
    "SMDD": (0.4, -1.0, -0.1, 1.7, 0.7),
    "SMDV": (-0.2, -0.6, -0.3, -1.1, 0.8),
    "VA01": (-0.9, -0.2, 0.0, 0.0, 0.6),
    "VB01": (0.9, 0.2, 0.4, -0.1, 0.7),
    "VB02": (0.9, 0.3, 0.5, 0.0, 0.7),
}


def behaviour(n_frames: int, fps: float, random: np.random.Generator) -> NDArray[np.int64]:
    """State codes of a semi-Markov chain with Kato's dwell times, shape (n_frames,)."""
    bouts: list[NDArray[np.int64]] = []
    state, frames = "slow", 0
    while frames < n_frames:
        dwell_s = min(random.lognormal(*DWELL_LOG_S[state]), LONGEST_DWELL_S)
        bouts.append(np.full(max(1, round(dwell_s * fps)), SEVEN.index(state)))
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


def neuron_class(name: str) -> str:
    """Class of one of the simulator's named neurons: the name without its side, L or R."""
    return name if name in FOLLOWS else name[:-1]
