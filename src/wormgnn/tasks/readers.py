"""Readers of behavioural states that are no ensemble of networks on one set of neurons.

Each goes from a plan, a cohort and a fold to the arrays that `tasks.states.run_fold` describes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from torch import nn

from wormgnn.admm import Parameters, embed_worm
from wormgnn.admm import fit as fit_manifold
from wormgnn.connectome import adjacency
from wormgnn.errors import chosen
from wormgnn.features import Features
from wormgnn.folds import Role, roles
from wormgnn.models import classifier
from wormgnn.models.ensemble import flat_state, initialised
from wormgnn.models.subsets import MaskedMLP, SetReader, filled, random_subsets
from wormgnn.neurons import Neurons, masks
from wormgnn.tasks.frames import (
    Arrays,
    Worm,
    confusion,
    curve,
    evaluate,
    inferred_edges,
    member_seeds,
    trained,
    trained_on,
    worms_of,
)
from wormgnn.training import Batch

if TYPE_CHECKING:
    from wormgnn.cohort import Cohort, Subset
    from wormgnn.plan import Plan

WIRING = ("connectome", "synapses", "weighting", "self_edges")
"""Options of `gnn-connectome` that choose its edges; the others are the network's."""

DRAWS_AT_ONCE = 8
"""Sets of neurons trained together, for every worm subset: what one core does fastest."""


Mask: TypeAlias = NDArray[np.bool_]
Codes: TypeAlias = NDArray[np.int64]
Predict: TypeAlias = Callable[[list[Features], list[Mask], list[Features]], list[Codes]]
"""From training worms, their training frames and worms to decode to codes of states."""


def draws_of(plan: Plan, cohort: Cohort) -> list[Neurons]:
    """Sets of neurons that members read: the plan's option `draws`, else all of the cohort's."""
    return [tuple(draw) for draw in plan.options.get("draws", [cohort.neurons])]


def network(plan: Plan, seeds: Sequence[int], neurons: Sequence[str]) -> nn.Module:
    """The plan's network, untrained, one member for each seed."""
    options = dict(plan.options)
    if plan.model == "gnn-connectome":
        wiring = {name: options.pop(name) for name in WIRING if name in options}
        options["adjacency"] = adjacency(neurons, **wiring)
    return classifier(plan.model, seeds, len(neurons), plan.n_states, **options)


def networks(plan: Plan, cohort: Cohort, fold: int, device: torch.device) -> Arrays:
    """An ensemble with one network for each subset of worms."""
    worms = worms_of(plan, cohort.complete(), fold, device)
    subsets = cohort.subsets(plan.sizes)
    model = network(plan, member_seeds(plan, fold, subsets), cohort.neurons).to(device)
    history = trained(plan, cohort, model, worms, subsets, fold)
    return {
        "counts": evaluate(model, worms, subsets, plan.n_states),
        "seen": trained_on(worms, subsets),
        "edges": inferred_edges(model, worms),
        **curve(history),
        **flat_state(model),
    }


def _svm(plan: Plan, cohort: Cohort, fold: int, device: torch.device) -> Arrays:
    """Support vector machines through scikit-learn, one for each set of neurons and subset.

    The validation frames are left out of training here too, so that all models learn from the
    same frames. `kernel`, `c` and `gamma` are scikit-learn's defaults unless told otherwise: the
    paper names none. `seen` is `both` (trace and derivative) or `trace`.
    """
    worms = worms_of(plan, cohort.complete(), fold, torch.device("cpu"))
    if chosen("features seen", plan.options.get("seen", "both"), {"both": False, "trace": True}):
        worms = [replace(worm, x=worm.x[:1]) for worm in worms]
    subsets, draws = cohort.subsets(plan.sizes), draws_of(plan, cohort)
    kernel, c = plan.options.get("kernel", "rbf"), plan.options.get("c", 1.0)
    gamma = plan.options.get("gamma", "scale")
    shape = (len(draws) * len(subsets), len(worms), plan.n_states, plan.n_states)
    counts = np.zeros(shape, dtype=np.int64)
    members = [(mask, subset) for mask in masks(cohort.neurons, draws) for subset in subsets]
    for row, (mask, subset) in enumerate(members):
        by_name = {worm.name: replace(worm, x=worm.x[:, np.flatnonzero(mask)]) for worm in worms}
        parts = [_samples(by_name[name], Role.TRAIN) for name in subset]
        x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        machine = SVC(kernel=kernel, C=c, gamma=gamma).fit(x, y)
        for column, worm in enumerate(by_name.values()):
            x, y = _samples(worm, Role.TEST if worm.name in subset else None)
            np.add.at(counts[row, column], (y, machine.predict(x)), 1)
    return {"counts": counts, "seen": trained_on(worms, [subset for _, subset in members])}


def _samples(worm: Worm, role: Role | None) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Features `(frames, features * neurons)` and states `(frames,)` of labelled frames."""
    batch = worm.batch([0], role)
    return batch.inputs[0].flatten(0, 1).T.cpu().numpy(), batch.target.cpu().numpy()


def _manifold(plan: Plan, cohort: Cohort, fold: int, device: torch.device) -> Arrays:
    """The asymmetric diffusion map of Brennan and Proekt (2019); `options` are its parameters.

    The option `readout` chooses how a state is taken from the manifold.
    """
    options = dict(plan.options)
    readout = options.pop("readout", "spread")
    parameters = Parameters(**{"seed": plan.seed, **options})

    def predict(train: list[Features], frames: list[Mask], worms: list[Features]) -> list[Codes]:
        model = fit_manifold(train, parameters, frames)
        return [model.predict_states(worm, readout) for worm in worms]

    return _counted(plan, cohort, fold, predict)


def _standardised(plan: Plan, cohort: Cohort, fold: int, device: torch.device) -> Arrays:
    """What the manifold has to beat: a plain classifier of the same standardised activity.

    Trace and derivative are standardised over each worm's recording, as for the manifold, and
    only the present frame is seen.
    """
    build = chosen("classifier", plan.options["classifier"], PLAIN_CLASSIFIERS)
    present = Parameters(n_delays=0)

    def predict(train: list[Features], frames: list[Mask], worms: list[Features]) -> list[Codes]:
        used = [(worm.y >= 0) & mask for worm, mask in zip(train, frames, strict=True)]
        x = [embed_worm(worm, present)[mask] for worm, mask in zip(train, used, strict=True)]
        y = [worm.y[mask] for worm, mask in zip(train, used, strict=True)]
        classifier = build().fit(np.concatenate(x), np.concatenate(y))
        return [classifier.predict(embed_worm(worm, present)) for worm in worms]

    return _counted(plan, cohort, fold, predict)


PLAIN_CLASSIFIERS = {
    "logistic regression": lambda: LogisticRegression(C=0.01, max_iter=500),
    "nearest neighbours": lambda: KNeighborsClassifier(25, algorithm="brute"),
}


def _counted(plan: Plan, cohort: Cohort, fold: int, predict: Predict) -> Arrays:
    """Confusion counts of a model that takes whole worms with masks of their frames.

    Every worm's folds are dealt with the plan's own seed.
    """
    features = list(cohort.complete().features(plan.n_states, plan.scaling))
    roles_of = [
        np.full(worm.n_frames, Role.TRAIN)
        if plan.split == "none"
        else roles(worm.n_frames, fold, cohort.profile.n_folds, plan.split, plan.seed)
        for worm in features
    ]
    subsets = cohort.subsets(plan.sizes)
    counts = np.zeros((len(subsets), len(features), plan.n_states, plan.n_states), dtype=np.int64)
    for row, subset in enumerate(subsets):
        own = [number for number, worm in enumerate(cohort.worms) if worm in subset]
        frames = [roles_of[number] == Role.TRAIN for number in own]
        codes = predict([features[number] for number in own], frames, features)
        for column, worm in enumerate(features):
            test = column not in own or roles_of[column] == Role.TEST
            used = (worm.y >= 0) & test
            if used.any():
                counts[row, column] = confusion(
                    codes[column][None, used], worm.y[used], plan.n_states
                )
    seen = np.array([[worm in subset for worm in cohort.worms] for subset in subsets])
    return {"counts": counts, "seen": seen}


def _masked(plan: Plan, cohort: Cohort, fold: int, device: torch.device) -> Arrays:
    """An MLP trained anew for each set of neurons and subset of worms."""
    worms = worms_of(plan, cohort.complete(), fold, torch.device("cpu"))
    subsets, draws = cohort.subsets(plan.sizes), draws_of(plan, cohort)
    results = []
    for start in range(0, len(draws), DRAWS_AT_ONCE):
        some = draws[start : start + DRAWS_AT_ONCE]
        members = [subset for _ in some for subset in subsets]
        model = masked_mlp(plan, cohort, some, fold)
        history = trained(plan, cohort, model, worms, members, fold)
        counts = evaluate(model, worms, members, plan.n_states)
        results.append({"counts": counts, "best_epoch": history.best_epoch.numpy()})
    arrays = {name: np.concatenate([part[name] for part in results]) for name in results[0]}
    return {**arrays, "seen": trained_on(worms, [s for _ in draws for s in subsets])}


def masked_mlp(plan: Plan, cohort: Cohort, draws: Sequence[Neurons], fold: int) -> MaskedMLP:
    """Untrained networks in the order (draw, worm subset)."""
    subsets, mask = cohort.subsets(plan.sizes), masks(cohort.neurons, draws)
    own = replace(plan, model="masked-mlp")  # of which `filled-mlp` is one on all neurons
    seeds = [seed for draw in draws for seed in member_seeds(own, fold, subsets, draw)]
    return MaskedMLP(np.repeat(mask, len(subsets), axis=0), plan.n_states, seeds)


def _filled(plan: Plan, cohort: Cohort, fold: int, device: torch.device) -> Arrays:
    """The MLP of all neurons, each missing one at its mean over the training frames."""
    worms = worms_of(plan, cohort.complete(), fold, torch.device("cpu"))
    subsets, draws = cohort.subsets(plan.sizes), draws_of(plan, cohort)
    full = masked_mlp(plan, cohort, [cohort.neurons], fold)
    trained(plan, cohort, full, worms, subsets, fold)
    members = [subset for _ in draws for subset in subsets]
    model = filled(full, training_means(worms, subsets), masks(cohort.neurons, draws))
    counts = evaluate(model, worms, members, plan.n_states)
    return {"counts": counts, "seen": trained_on(worms, members)}


def training_means(worms: Sequence[Worm], subsets: Sequence[Subset]) -> NDArray[np.float32]:
    """Mean of each feature over the training frames of each subset of worms.

    Shape (subsets, features, neurons). Labels play no part.
    """
    frames = {worm.name: worm.x[..., worm.roles == Role.TRAIN].numpy() for worm in worms}
    joined = [np.concatenate([frames[name] for name in subset], axis=-1) for subset in subsets]
    return np.stack([x.mean(axis=-1, dtype=np.float64) for x in joined]).astype(np.float32)


def _set_reader(plan: Plan, cohort: Cohort, fold: int, device: torch.device) -> Arrays:
    """The reader of any set of named neurons, trained once and evaluated on each draw."""
    subsets = cohort.subsets(plan.sizes)
    here = torch.from_numpy(cohort.present)
    every = worms_of(plan, cohort, fold, torch.device("cpu"))
    worms = [replace(worm, present=own) for worm, own in zip(every, here, strict=True)]
    model = initialised(
        lambda members: SetReader(members, len(cohort.neurons), plan.n_states),
        member_seeds(plan, fold, subsets),
    )
    model.known.copy_(torch.from_numpy(cohort.known(subsets)))
    dropping = drop_neurons if plan.options.get("dropping", True) else None
    history = trained(plan, cohort, model, worms, subsets, fold, dropping)
    counts = [
        evaluate(
            model,
            [
                replace(worm, present=own & torch.from_numpy(mask))
                for worm, own in zip(worms, here, strict=True)
            ],
            subsets,
            plan.n_states,
        )
        for mask in masks(cohort.neurons, draws_of(plan, cohort))
    ]
    seen = np.tile(trained_on(worms, subsets), (len(counts), 1))
    return {"counts": np.concatenate(counts), "seen": seen, **curve(history), **flat_state(model)}


def drop_neurons(batch: Batch, epoch: int, random: torch.Generator) -> Batch:
    """The batch with a random subset of a worm's neurons kept at every frame; see `SetReader`."""
    x, present = batch.inputs
    kept = torch.zeros_like(x[0])
    if present.any():
        kept[present] = random_subsets(x[:, present], random)
    return replace(batch, inputs=(x, present, kept))


@dataclass(frozen=True)
class Reader:
    """How a model is fitted and counted in a fold, and the version of its results."""

    run: Callable[[Plan, Cohort, int, torch.device], Arrays]
    version: int = 1


READERS = {
    "svm": Reader(_svm),
    "manifold": Reader(_manifold),
    "standardised": Reader(_standardised),
    "masked-mlp": Reader(_masked, version=2),
    "filled-mlp": Reader(_filled, version=2),
    "set-reader": Reader(_set_reader, version=2),
}
"""Models that are no networks of `models.MODELS`, or that use one in a way of their own."""
