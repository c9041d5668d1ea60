"""Made-up tables of the dial for its tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

from wormgnn.mixing import dial
from wormgnn.profiles import Profile

TINY = Profile("smoke", subsets_per_size=2, folds=(0,), epochs=1)
SHORT = {"n_worms": 3, "duration_s": 60.0}


def made_up(gnn: float, mlp: float, seeds: int = 3, **changes: object) -> pd.DataFrame:
    """Unseen worms of one place; accuracies vary from worm to worm, their difference hardly."""
    rng = np.random.default_rng(0)
    rows = []
    for seed in range(seeds):
        for worm in range(1, 6):
            base = rng.normal(0, 0.05)
            for model, mean in (
                ("GNN", gnn),
                ("MLP, no norm", mlp),
                ("MLP, no norm" + dial.ALIGNED, 0.9),
            ):
                accuracy = mean + base + rng.normal(0, 0.002)
                rows.append((seed, worm, model, accuracy))
    table = pd.DataFrame(rows, columns=["sim_seed", "worm", "model", "accuracy"])
    place = {"kind": "loadings", "mixing": 0.2, "n_states": 2, "n_train": 1, "seen": False}
    return table.assign(**{**place, "majority": 0.55, **changes})


def calibrated(noise: float = 0.0, seeds: int = 5) -> pd.DataFrame:
    """A statistic that falls evenly from 1 to 0."""
    rng = np.random.default_rng(1)
    named = {"physics": "default", "kind": "loadings", "statistic": "tuning"}
    rows = [
        {**named, "mixing": m, "sim_seed": s, "value": 1 - m + noise * rng.normal()}
        for m in (0.0, 0.25, 0.5, 1.0)
        for s in range(seeds)
    ]
    return pd.DataFrame(rows)
