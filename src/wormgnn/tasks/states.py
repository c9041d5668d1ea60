"""The first task: name the behavioural state from the neurons at one frame (eq. 1-3).

Networks, support vector machines, the manifold, and models of any set of neurons are readers of
one task: each is fitted on the training frames of a fold, one member for each subset of worms (and
each set of neurons), and counted on the test frames of its own worms and on all frames of others.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wormgnn import metrics
from wormgnn.errors import ChoiceError
from wormgnn.models import CLASSIFIERS, MODELS
from wormgnn.tasks.frames import Arrays
from wormgnn.tasks.readers import READERS, draws_of, networks
from wormgnn.training import torch_device

if TYPE_CHECKING:
    from wormgnn.cohort import Cohort, Subset
    from wormgnn.plan import Plan

VERSION = 1
"""Raised by hand when a change is meant to change results of this task."""


def check(plan: Plan, cohort: Cohort) -> None:
    """Refuse what cannot run before anything is trained: ChoiceError for an unknown model."""
    if plan.model not in {*READERS, *CLASSIFIERS}:
        raise ChoiceError("model", plan.model, [*READERS, *CLASSIFIERS])


def version(plan: Plan) -> list[int]:
    """Versions of the task and of the model: what a stored result's key is made of."""
    reader = READERS.get(plan.model)
    return [VERSION, reader.version if reader else MODELS[plan.model].version]


def subsets(plan: Plan, cohort: Cohort) -> list[Subset]:
    """Worms that each member trains on."""
    return cohort.subsets(plan.sizes)


def run_fold(plan: Plan, cohort: Cohort, fold: int, device: str) -> Arrays:
    """Train and count all members on one fold.

    Arrays `counts` (members, worms, labelled state, predicted state) and `seen` (members,
    worms); of networks also `edges`, `validation`, `best_epoch` and their parameters. Members
    come in the order (set of neurons, subset of worms).
    """
    reader = READERS.get(plan.model)
    run = reader.run if reader else networks
    return run(plan, cohort, fold, torch_device(device))


def rows(plan: Plan, cohort: Cohort, fold: int, arrays: Arrays) -> pd.DataFrame:
    """One row for each set of neurons, subset and worm; no score where no frame was counted.

    Columns subset, n_train, fold, worm, seen, n_neurons, the scores of `metrics.scores`; with draws
    also `neurons` (joined by `+`); of a model of any set of neurons n_neurons counts those
    that its training worms have too, and n_present all that the worm has.
    """
    members = list(itertools.product(draws_of(plan, cohort), subsets(plan, cohort)))
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
            **metrics.scores(counts),
        }
    )
    if "draws" in plan.options:
        table["neurons"] = ["+".join(draw) for draw, _, _ in places]
    elif plan.model == "set-reader":
        own = cohort.known(subsets(plan, cohort)).astype(int) @ cohort.present.astype(int).T
        table["n_neurons"] = own.ravel()
        table["n_present"] = np.tile(cohort.present.sum(axis=1), len(members))
    return table
