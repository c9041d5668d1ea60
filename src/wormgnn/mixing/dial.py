"""Accuracy of each model as the dial of individual variability is turned.

The paper's Discussion holds that worms are linear transformations of something shared, and
that messages along inferred edges, `H = A X` (eq. 14), undo them. Simulated worms have a dial
for that, and a truth: `simulate` at a mixing of 0 gives what the same worm would have been.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn.datasets.simulated import Mixing
from wormgnn.datasets.simulated import Simulation as Setting
from wormgnn.profiles import Profile
from wormgnn.protocol import Classification, classify
from wormgnn.readings import CHOSEN, READINGS
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.store import Store

DIAL = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
"""Values of the dial in the reference."""

SIZES = (1, 4)
"""Numbers of training worms."""

ALIGNED = ", true alignment"
"""Ends the label of a model that sees worms aligned with the truth."""

MODELS = {
    "SVM": Classification("svm", sizes=SIZES),
    "MLP": Classification("mlp", sizes=SIZES),
    "MLP, no norm": Classification("mlp", options=READINGS[CHOSEN["mlp"]].options, sizes=SIZES),
    "GNN": Classification("gnn", options=READINGS[CHOSEN["gnn"]].options, sizes=SIZES),
}
"""As in Table 1. `MLP, no norm` has the GNN's classifier, so the two differ in the edges alone."""

ORACLES = {name + ALIGNED: MODELS[name] for name in ("SVM", "MLP, no norm")}
"""Models that see the worms aligned with the truth. The second is the GNN with true edges."""

COLUMNS = (
    *("kind", "mixing", "sim_seed", "model", "n_states", "n_train", "seen", "worm", "n"),
    *("accuracy", "balanced_accuracy", "majority"),
)


def alignment(worm: Recording, shared: Recording, neurons: Sequence[str]) -> NDArray[np.float64]:
    """Linear map from a worm's traces to the shared ones by least squares, (neurons + 1, neurons).

    The last row is the constant. No label plays a part, but the truth does: this is what edges
    could do at best, not what anyone could infer.
    """
    own, wanted = worm.select(neurons).traces, shared.select(neurons).traces
    return np.asarray(np.linalg.lstsq(_with_constant(own), wanted, rcond=None)[0])


def aligned(
    worms: Sequence[Recording], shared: Sequence[Recording], neurons: Sequence[str]
) -> list[Recording]:
    """Each worm's traces after its `alignment`: `H = A X` (eq. 14) with the true A."""
    maps = [alignment(worm, other, neurons) for worm, other in zip(worms, shared, strict=True)]
    chosen = [worm.select(neurons) for worm in worms]
    return [
        replace(worm, traces=_with_constant(worm.traces) @ found)
        for worm, found in zip(chosen, maps, strict=True)
    ]


def grid(
    kinds: Sequence[Mixing], dial: Sequence[float], seeds: Sequence[int], **changes: object
) -> list[Setting]:
    """Settings at every place of the dial; `changes` are further fields of `Setting`."""
    places = itertools.product(kinds, dial, seeds)
    return [Setting(mixing, kind, seed, **changes) for kind, mixing, seed in places]  # type: ignore[arg-type]


def _with_constant(traces: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([traces, np.ones(len(traces))])


def run(
    settings: Sequence[Setting],
    plans: Mapping[str, Classification],
    profile: Profile,
    store: Store,
    seed: int = 0,
) -> pd.DataFrame:
    """Accuracy of every plan at every setting, averaged over training subsets and folds.

    Parameters
    ----------
    settings, profile, store
        Worms, how much of the protocol to run, and where folds are kept.
    plans
        By label; one that ends in `ALIGNED` sees the worms aligned with the truth.
    seed
        Of folds, initial weights and the order of training.

    Returns
    -------
    table
        `COLUMNS`: one row for each setting, plan, number of training worms, kind of worm
        (seen or not) and evaluated worm; `n` networks are averaged.
    """
    tables = []
    for setting in settings:
        worms = setting.recordings()
        views = {False: worms, True: aligned(worms, setting.shared(), PAPER_NEURONS)}
        for label, plan in plans.items():
            recordings = views[label.endswith(ALIGNED)]
            wanted = replace(plan, seed=seed)
            rows = classify(wanted, recordings, PAPER_NEURONS, profile, store).rows
            tables.append(averaged(rows, setting, label, plan.n_states))
    return pd.concat(tables, ignore_index=True)


def averaged(rows: pd.DataFrame, setting: Setting, label: str, n_states: int) -> pd.DataFrame:
    """Rows of `classify` as `run` gives them."""
    grouped = rows.groupby(["n_train", "seen", "worm"], sort=False)
    means = grouped[["accuracy", "balanced_accuracy", "majority"]].mean()
    table = means.assign(n=grouped.size()).reset_index()
    table["worm"] = table["worm"].str.removeprefix("simulated-").astype(int)
    place = {"kind": setting.kind, "mixing": setting.mixing, "sim_seed": setting.seed}
    return table.assign(**place, model=label, n_states=n_states)[list(COLUMNS)]
