"""The set reader: trained once for each subset of worms, on whatever neurons each worm has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from wormgnn.classification import batches, evaluate, negative_log_likelihood
from wormgnn.ensemble import flat_state, initialised, load_flat_state
from wormgnn.folds import Role
from wormgnn.models.set_reader import SetReader
from wormgnn.neuron_subsets.cohort import Cohort
from wormgnn.neuron_subsets.draws import Neurons
from wormgnn.neuron_subsets.dropping import masks
from wormgnn.neuron_subsets.scoring import rows_of
from wormgnn.optimiser import Schedule
from wormgnn.store import Arrays, Store
from wormgnn.training import fit

CODE = ("wormgnn.models.set_reader", "wormgnn.neuron_subsets.reading")

LEARNING_RATE = 5e-3
"""Five times the paper's: a network that meets another subset at every step learns slowly."""


def read_subsets(
    cohort: Cohort, draws: Sequence[Neurons], store: Store, dropping: bool = True
) -> pd.DataFrame:
    """The reader, trained once, where only the neurons of a draw are there.

    Rows as `scoring.rows_of`; `n_neurons` is the size of the draw.
    """
    tables = []
    for fold in tqdm(cohort.profile.folds, desc="reader", disable=None, leave=False):
        model = trained(cohort, fold, store, dropping)
        found = [_evaluated(model, cohort, mask, fold) for mask in masks(cohort.neurons, draws)]
        counts, seen = (np.concatenate(part) for part in zip(*found, strict=True))
        tables.append(rows_of(cohort, draws, fold, counts, seen))
    method = "set reader" if dropping else "set reader, no dropping"
    return pd.concat(tables, ignore_index=True).assign(method=method)


def read_recordings(cohort: Cohort, store: Store, dropping: bool = True) -> pd.DataFrame:
    """The reader on every worm with all neurons of the vocabulary that it has.

    Rows as `scoring.rows_of` without `neurons`; `n_neurons` counts those of the worm that
    the member's training worms have too, and `n_present` all of the worm's.
    """
    tables = []
    everything = np.ones(len(cohort.neurons), dtype=bool)
    for fold in tqdm(cohort.profile.folds, desc="reader", disable=None, leave=False):
        model = trained(cohort, fold, store, dropping)
        counts, seen = _evaluated(model, cohort, everything, fold)
        tables.append(rows_of(cohort, [cohort.neurons], fold, counts, seen))
    rows = pd.concat(tables, ignore_index=True).drop(columns="neurons")
    used = cohort.known().astype(int) @ cohort.present.astype(int).T
    folds = len(cohort.profile.folds)
    return rows.assign(
        n_neurons=np.tile(used.ravel(), folds),
        n_present=np.tile(cohort.present.sum(axis=1), len(cohort.subsets) * folds),
    )


def trained(cohort: Cohort, fold: int, store: Store, dropping: bool = True) -> SetReader:
    """The readers of a fold, one for each subset of worms, trained or from the store."""
    inputs = {
        "task": "neuron subsets: set reader",
        "dropping": dropping,
        **cohort.inputs(fold, CODE),
    }
    model = reader(cohort, fold, dropping)
    load_flat_state(model, store.compute(inputs, partial(_train, cohort, fold, dropping)))
    return model


def reader(cohort: Cohort, fold: int, dropping: bool = True) -> SetReader:
    """Untrained readers; each knows the names that its training worms have."""
    seed = 1000 * cohort.seed + fold
    build = partial(
        SetReader,
        members=len(cohort.subsets),
        neurons=len(cohort.neurons),
        outputs=cohort.n_states,
        known=torch.from_numpy(cohort.known()),
        dropping=dropping,
        seed=seed,
    )
    return initialised(build, seed)


def _train(cohort: Cohort, fold: int, dropping: bool) -> Arrays:
    worms, model = cohort.in_fold(fold), reader(cohort, fold, dropping)
    history = fit(
        model,
        batches(worms, cohort.subsets, Role.TRAIN),
        batches(worms, cohort.subsets, Role.VALIDATION),
        negative_log_likelihood,
        Schedule(epochs=cohort.profile.epochs, learning_rate=LEARNING_RATE),
        1000 * cohort.seed + fold,
        f"set reader, fold {fold}",
    )
    validation = history.validation.numpy().astype(np.float32)
    return {"validation": validation, "best_epoch": history.best_epoch.numpy(), **flat_state(model)}


def _evaluated(
    model: SetReader, cohort: Cohort, mask: NDArray[np.bool_], fold: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Counts and seen of every member and worm where only the masked neurons are there."""
    there = torch.from_numpy(mask)
    worms = [replace(worm, present=worm.present & there) for worm in cohort.in_fold(fold)]
    found = evaluate(model, worms, cohort.subsets, cohort.n_states)
    return found.counts, found.seen
