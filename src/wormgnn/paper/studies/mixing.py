"""The paper's hypothesis on simulated worms whose individual variability is known.

Its Discussion holds that worms are linear transformations of something shared, and that messages
along inferred edges, `H = A X` (eq. 14), undo them. Simulated worms have a dial for that, and a
truth: the same worm at a mixing of 0 is what it would have been.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from wormgnn.comparison import compare, select
from wormgnn.datasets.simulated import Mixing, Physics, Simulation
from wormgnn.errors import ChoiceError
from wormgnn.features import scale
from wormgnn.models.gnn import MESSAGES
from wormgnn.runner import Table

Array = NDArray[np.float64]

DIAL = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
"""Places of the dial in the reference."""

PHYSICS = Physics(
    loadings="groups",
    latent_s=0.8,
    latent_noise=0.35,
    nuisance_s=12.0,
    own_loading=0.5,
    worm_loading=0.5,
    unnamed_loading=0.5,
    drift=0.0,
    rise_s=0.4,
    decay_s=1.8,
    bleach_s=500.0,
    bleach_fraction=0.15,
    noise=0.06,
    named_fraction=0.5,
    n_unidentified=30,
)
"""Of the dial's worms, another kind than the simulator's default ones, which look like Kato's: here
left and right differ, and much of what a neuron does is its own. Written out, so that the reference
tables keep their worms whatever becomes of the defaults."""

MANY, N_UNSEEN = (4, 16, 48), 8
"""Numbers of training worms in the check `many worms`, and of further worms to evaluate on."""

WORM = ["sim_seed", "worm"]
"""A worm of a set is one unit. Worms of one set share their training worms, so that intervals
over these units are rather too narrow."""


def grid(
    kinds: Sequence[Mixing], dial: Sequence[float], seeds: Sequence[int], **changes: Any
) -> list[Simulation]:
    """Simulated worms at every place of the dial; `changes` are further fields of `Simulation`.

    Their physics are `PHYSICS`, unless `changes` says otherwise.
    """
    fields = {"physics": PHYSICS, **changes}
    places = itertools.product(kinds, dial, seeds)
    return [Simulation(mixing, kind, seed, **fields) for kind, mixing, seed in places]


# --- reference tables ----------------------------------------------------------------------------


def over_members(table: Table) -> pd.DataFrame:
    """The reference tables `mixing` and `mixing_checks`: mean over training subsets and folds.

    One row for each model, place, number of training worms and evaluated worm (by its number);
    `n` networks are averaged.
    """
    rows, scores = table.rows, ["accuracy", "balanced_accuracy", "majority"]
    place = ["model", "view", "check", "kind", "mixing", "sim_seed", "n_states"]
    keys = [name for name in (*place, "n_train", "seen", "worm") if name in rows]
    members = rows.groupby(keys, sort=False)
    means = members[scores].mean().assign(n=members.size()).reset_index()
    means["worm"] = means["worm"].str.removeprefix("simulated-").astype(int)
    return means[[*keys, "n", *scores]]


def legible(table: Table) -> pd.DataFrame:
    """The reference table `mixing_edges`: what traces and messages show of the shared signals.

    A linear map is fitted from the messages `H = A X` of the training worms to the signals that all
    worms share, and applied to an unseen worm; A is what the GNN makes of its edges (`MESSAGES`).
    What A has in common for all worms changes nothing, the map absorbs it, unless A loses signals;
    edges that undo what is each worm's own make the shared signals legible.
    One row for each GNN of the dial, number of training worms and unseen worm (mean over
    networks): columns n_train, worm, traces, messages (mean correlations, see `legibility`), n,
    kind, mixing, sim_seed. ChoiceError for a table without a GNN.
    """
    tables = []
    for line in table.experiment.lines:
        if line.plan.model != "gnn" or not isinstance(line.train, Simulation):
            continue
        cohort = table.cohort(line.label)
        carried = MESSAGES[line.plan.options.get("message", "sum")]
        own = [worm.x[0].T.astype(float) for worm in cohort.features(line.plan.n_states, "whole")]
        shared = [scale(worm.select(cohort.neurons).traces) for worm in line.train.shared()]
        rows = []
        for fold in table.profile.folds:
            edges = torch.from_numpy(table.arrays(line.label, fold)["edges"])
            for member, subset in enumerate(table.subsets(line.label)):
                each = carried(edges[member, ..., None])[..., 0].numpy()
                messages = [x @ a.T for x, a in zip(own, each, strict=True)]
                train = [cohort.worms.index(worm) for worm in subset]
                for worm in sorted({*range(len(own))} - {*train}):
                    shown = [
                        legibility([(x[k], shared[k]) for k in train], x[worm], shared[worm])
                        for x in (own, messages)
                    ]
                    rows.append((len(train), worm + 1, *shown))
        scores = pd.DataFrame(rows, columns=["n_train", "worm", "traces", "messages"])
        members = scores.groupby(["n_train", "worm"])
        means = members.mean().assign(n=members.size()).reset_index()
        tables.append(means.assign(**line.factors))
    if not tables:
        raise ChoiceError("model", "gnn", [line.model_name for line in table.experiment.lines])
    return pd.concat(tables, ignore_index=True)


RIDGES = (1e-8, 1e-6, 1e-4, 1e-2, 1.0)
"""Penalties of the linear map, as shares of the mean variance of the signals. Messages along
edges that are nearly alike are nearly collinear, and some penalty must be able to bear that."""


def legibility(train: Sequence[tuple[Array, Array]], signals: Array, shared: Array) -> float:
    """Mean correlation over neurons of an unseen worm's shared signals with their prediction.

    The best over `RIDGES` on that worm: an upper bound, for every kind of signals alike. `train`
    are the signals and shared signals of each training worm, both (frames, neurons); `signals`
    and `shared` those of the unseen worm.
    """
    x, y = (np.concatenate(parts) for parts in zip(*train, strict=True))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    gram, cross = x.T @ x, x.T @ y
    size = np.trace(gram) / len(gram)
    correlations = []
    for ridge in RIDGES:
        linear = np.linalg.solve(gram + ridge * size * np.eye(len(gram)), cross)
        a, b = (values - values.mean(axis=0) for values in (signals @ linear, shared))
        norms = np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0)
        correlations.append(float(np.mean((a * b).sum(axis=0) / norms)))
    return max(correlations)


# --- comparisons ---------------------------------------------------------------------------------


def gains(rows: pd.DataFrame) -> pd.DataFrame:
    """Aligned rows, with what the true linear map adds to the accuracy of the same model (`gain`).

    ChoiceError for rows that lack either view.
    """
    keys = ["model", "kind", "mixing", "n_states", "n_train", "seen", *WORM]
    aligned, plain = (select(rows, {"view": view}) for view in ("aligned", "as recorded"))
    both = aligned.merge(plain[[*keys, "accuracy"]], on=keys, suffixes=("", "_recorded"))
    return both.assign(gain=both["accuracy"] - both["accuracy_recorded"])


def room(rows: pd.DataFrame) -> pd.DataFrame:
    """What undoing the mixture adds to the MLP on unseen worms: the room for edges to help.

    Of *MLP, no norm*, which has the GNN's classifier. The true alignment is fitted to traces
    without noise, so that it takes noise away too, where there is nothing to undo. The gain of each
    worm is therefore taken minus its own gain at mixing 0, where behaviour, latent activity and
    noise are the same.

    The table of `comparison.compare` for each place above 0 of the dial; `a` is the gain there, `b`
    the gain at 0. ChoiceError where the table lacks mixing 0 or the aligned model.
    """
    gained = gains(select(rows, {"model": "MLP, no norm", "seen": False}))
    mixed = {"mixing": [place for place in gained["mixing"].unique() if place > 0]}
    on, place = ["kind", "n_train", "n_states", *WORM], ["kind", "mixing", "n_train"]
    return compare(gained, mixed, {"mixing": 0.0}, "gain", place, on=on, unit=WORM)


def distinct(table: pd.DataFrame) -> pd.DataFrame:
    """Without the second kind of mixing at 0, where both kinds are the same worms."""
    return table[(table["mixing"] > 0) | (table["kind"] == table["kind"].iloc[0])]
