"""The first task: name the behavioural state from the neurons at one frame (eq. 1-3).

Networks, and the `READERS` that are no ensemble of networks on one set of neurons, are fitted on
the training frames of a fold, one member for each subset of worms (and each set of neurons), and
counted on the test frames of their own worms and on all frames of others.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from wormgnn import statistics
from wormgnn.admm import Parameters, embed_worm
from wormgnn.admm import fit as fit_manifold
from wormgnn.cohort import Cohort, Subset
from wormgnn.connectome import adjacency
from wormgnn.errors import ChoiceError, chosen
from wormgnn.features import Features
from wormgnn.folds import Role, roles
from wormgnn.models import CLASSIFIERS, MODELS, classifier, initialised
from wormgnn.models.networks import Network
from wormgnn.models.subsets import MaskedMLP, SetReader, random_subsets
from wormgnn.neurons import Neurons, masks
from wormgnn.plan import Plan
from wormgnn.store import Arrays
from wormgnn.tasks.frames import (
    curve,
    evaluate,
    inferred_edges,
    member_seeds,
    trained,
    worms_of,
)
from wormgnn.training import Batch, flat_state, torch_device

VERSION = 1  # raised by hand when a change is meant to change results of this task

_WIRING = ("connectome", "synapses", "weighting", "self_edges")
"""Options of `gnn-connectome` that choose its edges; the others are the network's."""

DRAWS_AT_ONCE = 8
"""Sets of neurons trained together, for every worm subset: what one core does fastest."""

_CPU = torch.device("cpu")

Mask: TypeAlias = NDArray[np.bool_]
Decode: TypeAlias = Callable[[Features, Mask], NDArray[np.int64]]
"""From a worm and some of its frames to codes of states."""

Fit: TypeAlias = Callable[[list[Features], list[Mask]], Decode]
"""From training worms and their training frames to what decodes others."""


def check(plan: Plan, cohort: Cohort) -> None:
    """Refuse what cannot run before anything is trained: ChoiceError for an unknown model."""
    if plan.model not in {*READERS, *CLASSIFIERS}:
        raise ChoiceError("model", plan.model, [*READERS, *CLASSIFIERS])


def version(plan: Plan) -> list[int]:
    """Versions of the task and of the model: what a stored result's key is made of."""
    model = READERS[plan.model] if plan.model in READERS else MODELS[plan.model]
    return [VERSION, model.version]


def subsets(plan: Plan, cohort: Cohort) -> list[Subset]:
    """Worms that each member trains on."""
    return cohort.subsets(plan.sizes)


def run_fold(plan: Plan, cohort: Cohort, fold: int, device: str) -> Arrays:
    """Train and count all members on one fold; a network on the device, all else on the CPU.

    Arrays `counts` (members, worms, labelled state, predicted state) and `seen` (members,
    worms); of networks also `edges`, `validation`, `best_epoch` and their parameters. Members
    come in the order (set of neurons, subset of worms).
    """
    target, seen = torch_device(device), _seen(plan, cohort)
    if plan.model in READERS:
        return {"seen": seen, **READERS[plan.model].run(plan, cohort, fold)}
    worms, members = worms_of(plan, cohort.complete(), fold, target), subsets(plan, cohort)
    model = network(plan, member_seeds(plan, fold, members), cohort.neurons).to(target)
    history = trained(plan, cohort, model, worms, members, fold)
    counts, edges = evaluate(model, worms, members, plan.n_states), inferred_edges(model, worms)
    return {"seen": seen, "counts": counts, "edges": edges, **curve(history), **flat_state(model)}


def rows(plan: Plan, cohort: Cohort, fold: int, arrays: Arrays) -> pd.DataFrame:
    """One row for each set of neurons, subset and worm; no score where no frame was counted.

    Columns subset, n_train, fold, worm, seen, n_neurons, those of `statistics.scores`; with draws
    also `neurons` (joined by `+`); of a model of any set of neurons n_neurons counts those
    that its training worms have too, and n_present all that the worm has.
    """
    members = _members(plan, cohort)
    places = [(*member, worm) for member in members for worm in cohort.worms]
    counts = arrays["counts"].reshape(len(places), plan.n_states, plan.n_states)
    table = pd.DataFrame(
        {
            "subset": ["+".join(subset) for _, subset, _ in places],
            "n_train": [len(subset) for _, subset, _ in places],
            "fold": fold,
            "worm": [worm for _, _, worm in places],
            "seen": arrays["seen"].ravel(),
            "n_neurons": [len(draw) for draw, _, _ in places],
            **statistics.scores(counts),
        }
    )
    if "draws" in plan.options:
        table["neurons"] = ["+".join(draw) for draw, _, _ in places]
    elif plan.model == "set-reader":
        own = cohort.known(subsets(plan, cohort)).astype(int) @ cohort.present.astype(int).T
        table["n_neurons"] = own.ravel()
        table["n_present"] = np.tile(cohort.present.sum(axis=1), len(members))
    return table


def _draws_of(plan: Plan, cohort: Cohort) -> list[Neurons]:
    """Sets of neurons that members read: the plan's option `draws`, else all of the cohort's."""
    return [tuple(draw) for draw in plan.options.get("draws", [cohort.neurons])]


def _members(plan: Plan, cohort: Cohort) -> list[tuple[Neurons, Subset]]:
    """What each member reads, and the worms that it trains on."""
    return list(itertools.product(_draws_of(plan, cohort), subsets(plan, cohort)))


def _seen(plan: Plan, cohort: Cohort) -> NDArray[np.bool_]:
    """Whether each member is trained on each worm, shape (members, worms)."""
    members = _members(plan, cohort)
    return np.array([[worm in subset for worm in cohort.worms] for _, subset in members])


def network(plan: Plan, seeds: Sequence[int], neurons: Sequence[str]) -> Network:
    """The plan's network, untrained, one member for each seed."""
    options = dict(plan.options)
    if plan.model == "gnn-connectome":
        wiring = {name: options.pop(name) for name in _WIRING if name in options}
        options["adjacency"] = adjacency(neurons, **wiring)
    return classifier(plan.model, seeds, len(neurons), plan.n_states, **options)


def _svm(plan: Plan, cohort: Cohort, fold: int) -> Arrays:
    """Support vector machines through scikit-learn, one for each set of neurons and subset.

    The validation frames are left out of training here too, so that all models learn from the
    same frames. `kernel`, `c` and `gamma` are scikit-learn's defaults unless told otherwise: the
    paper names none. `seen` is `both` (trace and derivative) or `trace`.
    """
    options = {"seen": "both", "kernel": "rbf", "c": 1.0, "gamma": "scale", **plan.options}
    seen = chosen("features seen", options["seen"], {"both": 2, "trace": 1})
    fit = _classifying(
        lambda: SVC(kernel=options["kernel"], C=options["c"], gamma=options["gamma"]),
        lambda worm: worm.x[:seen].reshape(-1, worm.n_frames).T,
    )
    use = [cohort.roles(number, fold, plan.split) for number in range(len(cohort.worms))]
    return _counted(plan, cohort, use, fit)


_PLAIN_CLASSIFIERS = {
    "logistic regression": lambda: LogisticRegression(C=0.01, max_iter=500),
    "nearest neighbours": lambda: KNeighborsClassifier(25, algorithm="brute"),
}


def _standardised(plan: Plan, cohort: Cohort, fold: int) -> Arrays:
    """What the manifold has to beat: a plain classifier of the same standardised activity.

    Trace and derivative are standardised over each worm's recording, as for the manifold, and
    only the present frame is seen.
    """
    build = chosen("classifier", plan.options["classifier"], _PLAIN_CLASSIFIERS)
    present = Parameters(n_delays=0)
    fit = _classifying(build, lambda worm: embed_worm(worm, present))
    return _counted(plan, cohort, _dealt_alike(plan, cohort, fold), fit)


def _manifold(plan: Plan, cohort: Cohort, fold: int) -> Arrays:
    """The asymmetric diffusion map of Brennan and Proekt (2019); `options` are its parameters.

    The option `readout` chooses how a state is taken from the manifold.
    """
    options = dict(plan.options)
    readout = options.pop("readout", "spread")
    parameters = Parameters(**{"seed": plan.seed, **options})

    def fit(train: list[Features], frames: list[Mask]) -> Decode:
        model = fit_manifold(train, parameters, frames)
        return lambda worm, used: model.predict_states(worm, readout)[used]

    return _counted(plan, cohort, _dealt_alike(plan, cohort, fold), fit)


def _classifying(build: Callable[[], Any], see: Callable[[Features], NDArray[Any]]) -> Fit:
    """A classifier of scikit-learn on labelled frames; `see` gives rows of what it sees of them."""

    def fit(train: list[Features], frames: list[Mask]) -> Decode:
        used = [mask & (worm.y >= 0) for worm, mask in zip(train, frames, strict=True)]
        x = np.concatenate([see(worm)[mask] for worm, mask in zip(train, used, strict=True)])
        y = np.concatenate([worm.y[mask] for worm, mask in zip(train, used, strict=True)])
        fitted = build().fit(x, y)
        return lambda worm, used: fitted.predict(see(worm)[used])

    return fit


def _dealt_alike(plan: Plan, cohort: Cohort, fold: int) -> list[NDArray[np.int64]]:
    """Roles of every worm's frames, its folds dealt with the plan's own seed."""
    if plan.split == "none":
        return [cohort.roles(number, fold, "none") for number in range(len(cohort.worms))]
    n_folds = cohort.profile.n_folds
    return [roles(w.n_frames, fold, n_folds, plan.split, plan.seed) for w in cohort.recordings]


def _counted(plan: Plan, cohort: Cohort, use: Sequence[NDArray[np.int64]], fit: Fit) -> Arrays:
    """Confusion counts of a model of each set of neurons and subset, given the roles of frames."""
    features = cohort.complete().features(plan.n_states, plan.scaling)
    members, seen = _members(plan, cohort), _seen(plan, cohort)
    counts = np.zeros((*seen.shape, plan.n_states, plan.n_states), dtype=np.int64)
    for row, (draw, subset) in enumerate(members):
        (mask,) = masks(cohort.neurons, [draw])
        worms = [replace(worm, x=worm.x[:, mask]) for worm in features]
        own = [cohort.worms.index(worm) for worm in subset]
        decode = fit([worms[n] for n in own], [use[n] == Role.TRAIN for n in own])
        for column, worm in enumerate(worms):
            used = (worm.y >= 0) & ((use[column] == Role.TEST) | ~seen[row, column])
            if used.any():
                codes = decode(worm, used)[None]
                counts[row, column] = statistics.confusion(codes, worm.y[used], plan.n_states)
    return {"counts": counts}


def _masked(plan: Plan, cohort: Cohort, fold: int) -> Arrays:
    """An MLP trained anew for each set of neurons and subset of worms."""
    worms = worms_of(plan, cohort.complete(), fold, _CPU)
    subsets, draws = cohort.subsets(plan.sizes), _draws_of(plan, cohort)
    counts, best = [], []
    for start in range(0, len(draws), DRAWS_AT_ONCE):
        some = draws[start : start + DRAWS_AT_ONCE]
        model, members = _masked_mlp(plan, cohort, some, fold), subsets * len(some)
        best.append(trained(plan, cohort, model, worms, members, fold).best_epoch)
        counts.append(evaluate(model, worms, members, plan.n_states))
    return {"counts": np.concatenate(counts), "best_epoch": torch.cat(best).numpy()}


def _masked_mlp(plan: Plan, cohort: Cohort, draws: Sequence[Neurons], fold: int) -> MaskedMLP:
    """Untrained networks in the order (draw, worm subset)."""
    subsets, mask = cohort.subsets(plan.sizes), masks(cohort.neurons, draws)
    own = replace(plan, model="masked-mlp")  # of which `filled-mlp` is one on all neurons
    seeds = [seed for draw in draws for seed in member_seeds(own, fold, subsets, draw)]
    return MaskedMLP(np.repeat(mask, len(subsets), axis=0), plan.n_states, seeds)


def _filled(plan: Plan, cohort: Cohort, fold: int) -> Arrays:
    """The MLP of all neurons, each missing one at its mean over the training frames."""
    worms, subsets = worms_of(plan, cohort.complete(), fold, _CPU), cohort.subsets(plan.sizes)
    full = _masked_mlp(plan, cohort, [cohort.neurons], fold)
    trained(plan, cohort, full, worms, subsets, fold)
    frames = {worm.name: worm.x[..., worm.roles == Role.TRAIN].numpy() for worm in worms}
    joined = [np.concatenate([frames[name] for name in subset], axis=-1) for subset in subsets]
    means = np.stack([x.mean(axis=-1, dtype=np.float64) for x in joined]).astype(np.float32)
    draws = masks(cohort.neurons, _draws_of(plan, cohort))
    counts = [evaluate(full.filled(means, d), worms, subsets, plan.n_states) for d in draws]
    return {"counts": np.concatenate(counts)}


def _set_reader(plan: Plan, cohort: Cohort, fold: int) -> Arrays:
    """The reader of any set of named neurons, trained once and evaluated on each draw."""
    subsets, draws = cohort.subsets(plan.sizes), masks(cohort.neurons, _draws_of(plan, cohort))
    every = zip(worms_of(plan, cohort, fold, _CPU), torch.from_numpy(cohort.present), strict=True)
    worms = [replace(worm, present=here) for worm, here in every]
    model = initialised(
        lambda members: SetReader(members, len(cohort.neurons), plan.n_states),
        member_seeds(plan, fold, subsets),
    )
    model.known.copy_(torch.from_numpy(cohort.known(subsets)))
    dropping = drop_neurons if plan.options.get("dropping", True) else None
    history = trained(plan, cohort, model, worms, subsets, fold, dropping)
    counts = []
    for draw in torch.from_numpy(draws):
        some = [replace(worm, present=worm.present & draw) for worm in worms]
        counts.append(evaluate(model, some, subsets, plan.n_states))
    return {"counts": np.concatenate(counts), **curve(history), **flat_state(model)}


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

    run: Callable[[Plan, Cohort, int], Arrays]
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
