"""Models of a fixed set of neurons, as neurons are dropped.

Retrained for each subset, or trained on all and given the mean for each neuron that is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from wormgnn.baselines.svm import evaluate_svm
from wormgnn.classification import (
    Evaluation,
    Subset,
    Worm,
    batches,
    evaluate,
    negative_log_likelihood,
)
from wormgnn.ensemble import flat_state, load_flat_state
from wormgnn.folds import Role
from wormgnn.neuron_subsets.cohort import Cohort
from wormgnn.neuron_subsets.draws import Neurons
from wormgnn.neuron_subsets.masked import MaskedMLP, filled
from wormgnn.neuron_subsets.scoring import rows_of
from wormgnn.optimiser import Schedule
from wormgnn.store import Arrays, Store
from wormgnn.training import History, fit

CODE = ("wormgnn.neuron_subsets.masked", "wormgnn.neuron_subsets.dropping")
SVM_CODE = ("wormgnn.baselines.svm",)

CHUNK = 8
"""Neuron subsets trained at once, for every worm subset: what one core does fastest."""


def retrained_mlp(
    cohort: Cohort, draws: Sequence[Neurons], store: Store, chunk: int = CHUNK
) -> pd.DataFrame:
    """An MLP trained anew for each subset of the neurons; rows as `scoring.rows_of`."""
    tables = []
    for fold in cohort.profile.folds:
        parts = [draws[start : start + chunk] for start in range(0, len(draws), chunk)]
        for part in tqdm(parts, desc=f"MLP, fold {fold}", disable=None, leave=False):
            arrays = _trained(cohort, part, fold, store)
            tables.append(rows_of(cohort, part, fold, arrays["counts"], arrays["seen"]))
    return pd.concat(tables, ignore_index=True).assign(method="MLP, retrained")


def retrained_svm(cohort: Cohort, draws: Sequence[Neurons], store: Store) -> pd.DataFrame:
    """A support vector machine trained anew for each subset; rows as `scoring.rows_of`."""
    tables = []
    for fold in cohort.profile.folds:
        for draw in tqdm(draws, desc=f"SVM, fold {fold}", disable=None, leave=False):
            inputs = {
                "task": "neuron subsets: SVM",
                "draw": list(draw),
                **cohort.inputs(fold, SVM_CODE),
            }
            arrays = store.compute(inputs, partial(_run_svm, cohort, draw, fold))
            tables.append(rows_of(cohort, [draw], fold, arrays["counts"], arrays["seen"]))
    return pd.concat(tables, ignore_index=True).assign(method="SVM, retrained")


def filled_mlp(cohort: Cohort, draws: Sequence[Neurons], store: Store) -> pd.DataFrame:
    """The MLP of all neurons, each missing one at its mean over the training frames."""
    tables = []
    for fold in cohort.profile.folds:
        arrays = _trained(cohort, [cohort.neurons], fold, store)
        full = network(cohort, [cohort.neurons], fold)
        load_flat_state(full, arrays)
        found = evaluate_filled(cohort, full, draws, fold)
        tables.append(rows_of(cohort, draws, fold, found.counts, found.seen))
    return pd.concat(tables, ignore_index=True).assign(method="MLP, mean filled in")


def evaluate_filled(
    cohort: Cohort, full: MaskedMLP, draws: Sequence[Neurons], fold: int
) -> Evaluation:
    """Confusion counts of networks of all neurons where only those of a draw are there."""
    worms = cohort.in_fold(fold)
    model = filled(full, training_means(worms, cohort.subsets), masks(cohort.neurons, draws))
    return evaluate(model, worms, _members(cohort, draws), cohort.n_states)


def training_means(worms: Sequence[Worm], subsets: Sequence[Subset]) -> NDArray[np.float32]:
    """Mean of each feature over the training frames of each subset of worms.

    Shape (subsets, features, neurons). Labels play no part.
    """
    frames = {worm.name: worm.x[..., worm.roles == Role.TRAIN].numpy() for worm in worms}
    parts = [np.concatenate([frames[name] for name in subset], axis=-1) for subset in subsets]
    return np.stack([part.mean(axis=-1, dtype=np.float64) for part in parts]).astype(np.float32)


def masks(neurons: Sequence[str], draws: Sequence[Neurons]) -> NDArray[np.bool_]:
    """True where a draw holds a neuron, shape (draws, neurons)."""
    return np.array([[name in draw for name in neurons] for draw in draws])


def network(cohort: Cohort, draws: Sequence[Neurons], fold: int) -> MaskedMLP:
    """Untrained networks in the order (draw, worm subset)."""
    members = len(cohort.subsets)
    mask = masks(cohort.neurons, draws)
    return MaskedMLP(np.repeat(mask, members, axis=0), cohort.n_states, _seeds(cohort, mask, fold))


def _seeds(cohort: Cohort, mask: NDArray[np.bool_], fold: int) -> list[int]:
    """A seed for every draw and worm subset, the same in whatever company it trains."""
    base = 1000 * cohort.seed + fold
    numbers = [int(sum(1 << place for place in np.flatnonzero(row))) for row in mask]
    count = len(cohort.subsets)
    sequences = ([base, number, row] for number in numbers for row in range(count))
    return [int(np.random.SeedSequence(s).generate_state(1)[0]) for s in sequences]


def _trained(cohort: Cohort, draws: Sequence[Neurons], fold: int, store: Store) -> Arrays:
    inputs = {
        "task": "neuron subsets: MLP",
        "draws": [list(draw) for draw in draws],
        **cohort.inputs(fold, CODE),
    }
    return store.compute(inputs, partial(_run_mlp, cohort, draws, fold))


def _run_mlp(cohort: Cohort, draws: Sequence[Neurons], fold: int) -> Arrays:
    model, found, _ = fitted(cohort, draws, fold)
    return {"counts": found.counts, "seen": found.seen, **flat_state(model)}


def fitted(
    cohort: Cohort,
    draws: Sequence[Neurons],
    fold: int,
    rate: float = Schedule.learning_rate,
    name: str = "MLP",
) -> tuple[MaskedMLP, Evaluation, History]:
    """Trained networks in the order (draw, worm subset), and how they did.

    `rate` is the learning rate, `name` what the progress bar says. NeuronError for a worm
    that lacks a neuron.
    """
    worms, members = cohort.complete().in_fold(fold), _members(cohort, draws)
    model = network(cohort, draws, fold)
    history = fit(
        model,
        batches(worms, members, Role.TRAIN),
        batches(worms, members, Role.VALIDATION),
        negative_log_likelihood,
        Schedule(epochs=cohort.profile.epochs, learning_rate=rate),
        1000 * cohort.seed + fold,
        f"{name} on {len(draws)} sets of neurons, fold {fold}",
    )
    return model, evaluate(model, worms, members, cohort.n_states), history


def _run_svm(cohort: Cohort, draw: Neurons, fold: int) -> Arrays:
    columns = np.flatnonzero(masks(cohort.neurons, [draw])[0])
    worms = [
        replace(worm, x=worm.x[:, columns], present=worm.present[columns])
        for worm in cohort.complete().in_fold(fold)
    ]
    found = evaluate_svm(worms, cohort.subsets, cohort.n_states)
    return {"counts": found.counts, "seen": found.seen}


def _members(cohort: Cohort, draws: Sequence[Neurons]) -> list[Subset]:
    """Worms that each member trains on, in the order (draw, worm subset)."""
    return [subset for _ in draws for subset in cohort.subsets]
