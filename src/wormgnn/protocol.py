"""The protocol of the first task: train on worm subsets, fold by fold, and score every worm."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from wormgnn.baselines.svm import evaluate_svm
from wormgnn.classification import (
    Evaluation,
    Worm,
    batches,
    evaluate,
    inferred_edges,
    negative_log_likelihood,
)
from wormgnn.connectome import adjacency
from wormgnn.ensemble import flat_state
from wormgnn.errors import chosen
from wormgnn.features import Features, Scaling, features
from wormgnn.folds import Role, Split, roles
from wormgnn.models import classifier
from wormgnn.optimiser import Schedule
from wormgnn.profiles import Profile
from wormgnn.recording import Recording, check_names
from wormgnn.scored import Scored, tidy
from wormgnn.store import Arrays, Store, code_version
from wormgnn.training import History, fit, torch_device

_SHARED = (
    "wormgnn.recording",
    "wormgnn.states",
    "wormgnn.features",
    "wormgnn.folds",
    "wormgnn.metrics",
    "wormgnn.scored",
    "wormgnn.classification",
    "wormgnn.protocol",
)
_TRAINED = (
    "wormgnn.ensemble",
    "wormgnn.optimiser",
    "wormgnn.training",
    "wormgnn.models.layers",
)
_OWN = {
    "svm": ("wormgnn.baselines.svm",),
    "mlp": (*_TRAINED, "wormgnn.models.mlp"),
    "gnn": (
        *_TRAINED,
        "wormgnn.models.gnn",
        "wormgnn.models.pairs",
        "wormgnn.models.frame_edges",
    ),
    "gnn-connectome": (*_TRAINED, "wormgnn.models.mlp", "wormgnn.connectome"),
    "zoo": (*_TRAINED, "wormgnn.models.zoo", "wormgnn.models.zoo_classifiers"),
}


def code_of(models: Iterable[str]) -> tuple[str, ...]:
    """Modules whose code decides the results of some models; ChoiceError for an unknown one."""
    own = [module for model in models for module in chosen("model", model, _OWN)]
    return tuple(dict.fromkeys((*_SHARED, *own)))


WIRING = ("connectome", "synapses", "weighting", "self_edges")
"""Options of `gnn-connectome` that choose its edges; the others are the network's."""


@dataclass(frozen=True)
class Classification:
    """One model on one question, over worm subsets and folds.

    Attributes
    ----------
    model
        `svm`, or one of `models.CLASSIFIERS`.
    n_states
        7, 4 or 2.
    options
        Arguments of the model (of `connectome.adjacency` for `gnn-connectome`).
    split, scaling
        How windows become folds, and how traces are scaled.
    sizes
        Numbers of training worms; None means every one.
    edge_frames
        Frames over which edges that hold for a whole recording are averaged.
    seed
        Of folds, initial weights and the order of training.
    """

    model: str
    n_states: int = 2
    options: Mapping[str, Any] = field(default_factory=dict)
    split: Split = "shuffled"
    scaling: Scaling = "whole"
    sizes: tuple[int, ...] | None = None
    edge_frames: int = 128
    seed: int = 0


def classify(
    plan: Classification,
    recordings: Sequence[Recording],
    neurons: Sequence[str],
    profile: Profile,
    store: Store,
    unseen: Sequence[Recording] = (),
    device: str = "auto",
) -> Scored:
    """Run a plan, fold by fold, each fold stored as soon as it is done.

    Parameters
    ----------
    plan
        What to run.
    recordings
        Worms that subsets are drawn from.
    neurons
        Names of the neurons used.
    profile
        How much of the protocol to run.
    store
        Where finished folds are kept.
    unseen
        Further worms, evaluated but never trained on.
    device
        `auto` takes a CUDA device where there is one.

    Raises
    ------
    RecordingError
        Two worms of one name.
    """
    worms = [*recordings, *unseen]
    check_names(worms)
    prepared = [features(worm, neurons, plan.n_states, plan.scaling) for worm in worms]
    subsets = profile.subsets([worm.worm for worm in recordings], plan.sizes)
    folds = tqdm(profile.folds, desc=plan.model, unit="fold", disable=None, leave=False)
    scored = []
    for fold in folds:
        inputs = _inputs(plan, worms, neurons, subsets, profile, fold)
        arrays = store.compute(
            inputs, partial(_run_fold, plan, prepared, subsets, profile, fold, device)
        )
        evaluation = Evaluation(tuple(w.worm for w in worms), arrays["counts"], arrays["seen"])
        scored.append(tidy(evaluation, subsets, fold))
    return Scored(
        pd.concat([s.rows for s in scored], ignore_index=True),
        np.concatenate([s.counts for s in scored]),
    )


def _inputs(
    plan: Classification,
    worms: Sequence[Recording],
    neurons: Sequence[str],
    subsets: Sequence[tuple[str, ...]],
    profile: Profile,
    fold: int,
) -> dict[str, Any]:
    """Everything that a fold's result depends on, as plain JSON."""
    return {
        "task": "classification",
        "plan": {**dataclasses.asdict(plan), "options": dict(plan.options)},
        "neurons": list(neurons),
        "subsets": [list(subset) for subset in subsets],
        "fold": fold,
        "n_folds": profile.n_folds,
        "epochs": profile.epochs,
        "data": [[worm.worm, worm.digest] for worm in worms],  # their order decides the folds
        "code": code_version(code_of([plan.model])),
    }


def _run_fold(
    plan: Classification,
    prepared: Sequence[Features],
    subsets: Sequence[tuple[str, ...]],
    profile: Profile,
    fold: int,
    device: str,
) -> Arrays:
    """Train and evaluate all subsets on one fold."""
    target = torch_device(device)
    worms = [
        Worm.of(f, _roles(f, number, plan, profile, fold), target, plan.edge_frames)
        for number, f in enumerate(prepared)
    ]
    if plan.model == "svm":
        evaluation = evaluate_svm(worms, subsets, plan.n_states, **plan.options)
        return {"counts": evaluation.counts, "seen": evaluation.seen}
    model, history = _train(plan, worms, subsets, profile, fold, prepared[0].neurons)
    evaluation = evaluate(model, worms, subsets, plan.n_states)
    return {
        "counts": evaluation.counts,
        "seen": evaluation.seen,
        "edges": inferred_edges(model, worms),
        "validation": history.validation.numpy().astype(np.float32),
        "best_epoch": history.best_epoch.numpy(),
        **flat_state(model),
    }


def _train(
    plan: Classification,
    worms: Sequence[Worm],
    subsets: Sequence[tuple[str, ...]],
    profile: Profile,
    fold: int,
    neurons: Sequence[str],
) -> tuple[nn.Module, History]:
    """An ensemble with one member for each subset, trained."""
    seed = 1000 * plan.seed + fold
    model = build(plan, len(subsets), neurons, seed).to(worms[0].x.device)
    history = fit(
        model,
        batches(worms, subsets, Role.TRAIN),
        batches(worms, subsets, Role.VALIDATION),
        negative_log_likelihood,
        Schedule(epochs=profile.epochs),
        seed,
        f"{plan.model}, fold {fold}",
    )
    return model, history


def build(plan: Classification, members: int, neurons: Sequence[str], seed: int) -> nn.Module:
    """The plan's network, untrained."""
    options = dict(plan.options)
    if plan.model == "gnn-connectome":
        wiring = {name: options.pop(name) for name in WIRING if name in options}
        options["adjacency"] = adjacency(neurons, **wiring)
    return classifier(plan.model, members, len(neurons), plan.n_states, seed, **options)


def _roles(
    worm: Features, number: int, plan: Classification, profile: Profile, fold: int
) -> NDArray[np.int64]:
    seed = 100 * plan.seed + number
    return roles(worm.n_frames, fold, profile.n_folds, plan.split, seed)
