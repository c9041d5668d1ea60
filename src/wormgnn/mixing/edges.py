"""Whether inferred edges bring worms together, so that messages show what all worms share.

Accuracy says whether edges help, not why. Here a linear map is fitted from the messages
`H = A X` (eq. 14) of the training worms to the signals that all worms share, and applied to
an unseen worm. Edges that are the same for all worms change nothing (the map absorbs them);
edges that undo what is each worm's own make the shared signals legible.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn.datasets.simulated import Simulation as Setting
from wormgnn.features import features, scale
from wormgnn.mixing.dial import MODELS
from wormgnn.profiles import Profile
from wormgnn.protocol import classify
from wormgnn.recording import PAPER_NEURONS
from wormgnn.store import Remembering, Store

Array = NDArray[np.float64]


RIDGES = (1e-8, 1e-6, 1e-4, 1e-2, 1.0)
"""Penalties of the linear map, as shares of the mean variance of the signals. Messages along
edges that are nearly alike are nearly collinear, and some penalty must be able to bear that."""


def legibility(train: Sequence[tuple[Array, Array]], signals: Array, shared: Array) -> float:
    """Mean correlation over neurons of an unseen worm's shared signals with their prediction.

    The best over `RIDGES` on that worm: an upper bound, for every kind of signals alike.

    Parameters
    ----------
    train
        Signals and shared signals of each training worm, both (frames, neurons).
    signals, shared
        The same of the unseen worm.
    """
    x, y = (np.concatenate(parts) for parts in zip(*train, strict=True))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    gram, cross = x.T @ x, x.T @ y
    size = np.trace(gram) / len(gram)
    maps = [np.linalg.solve(gram + r * size * np.eye(len(gram)), cross) for r in RIDGES]
    return max(_mean_correlation(signals @ found, shared) for found in maps)


def _mean_correlation(predicted: Array, wanted: Array) -> float:
    a, b = (part - part.mean(axis=0) for part in (predicted, wanted))
    norms = np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0)
    return float(np.mean((a * b).sum(axis=0) / norms))


def legible(
    settings: Sequence[Setting], profile: Profile, store: Store, seed: int = 0
) -> pd.DataFrame:
    """Legibility of the shared signals in traces and in messages, for every GNN of the dial.

    Trains what the store does not hold. One row for each setting, number of training worms
    and unseen worm (mean over networks): columns kind, mixing, sim_seed, n_train, worm,
    traces, messages, n.
    """
    tables = [_of_setting(setting, profile, store, seed) for setting in settings]
    return pd.concat(tables, ignore_index=True)


def _of_setting(setting: Setting, profile: Profile, store: Store, seed: int) -> pd.DataFrame:
    kept = Remembering(store.folder)
    worms, plan = setting.recordings(), replace(MODELS["GNN"], seed=seed)
    classify(plan, worms, PAPER_NEURONS, profile, kept)
    own = [features(worm, PAPER_NEURONS, plan.n_states).x[0].T.astype(float) for worm in worms]
    shared = [scale(worm.select(PAPER_NEURONS).traces) for worm in setting.shared()]
    names = [worm.worm for worm in worms]
    rows = [
        row
        for arrays in kept.given
        for member, subset in enumerate(profile.subsets(names, plan.sizes))
        for row in _of_member(
            [names.index(n) for n in subset], own, arrays["edges"][member], shared
        )
    ]
    by = pd.DataFrame(rows).groupby(["n_train", "worm"])
    table = by.mean().assign(n=by.size()).reset_index()
    place = {"kind": setting.kind, "mixing": setting.mixing, "sim_seed": setting.seed}
    return table.assign(**place)


def _of_member(
    train: Sequence[int], own: Sequence[Array], edges: Array, shared: Sequence[Array]
) -> Iterator[dict[str, float]]:
    """Legibility in each unseen worm, given one network's edges `(worms, neurons, neurons)`."""
    messages = [x @ a.T for x, a in zip(own, edges, strict=True)]
    for worm in sorted(set(range(len(own))) - set(train)):
        row: dict[str, float] = {"n_train": len(train), "worm": worm + 1}
        for what, signals in (("traces", own), ("messages", messages)):
            met = [(signals[k], shared[k]) for k in train]
            row[what] = legibility(met, signals[worm], shared[worm])
        yield row
