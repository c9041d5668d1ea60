"""The comparisons of the chapter: fewer neurons, whole recordings, another laboratory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd

from wormgnn.errors import chosen
from wormgnn.neuron_subsets.cohort import Cohort, cohort, vocabulary
from wormgnn.neuron_subsets.draws import Neurons
from wormgnn.neuron_subsets.dropping import filled_mlp, retrained_mlp, retrained_svm
from wormgnn.neuron_subsets.rates import faster_mlp
from wormgnn.neuron_subsets.reading import read_recordings, read_subsets
from wormgnn.profiles import Profile
from wormgnn.recording import PAPER_NEURONS, Recording, at_one_rate, shared_neurons
from wormgnn.store import Store

Method = Callable[[Cohort, Sequence[Neurons], Store], pd.DataFrame]

METHODS: dict[str, Method] = {
    "SVM, retrained": retrained_svm,
    "MLP, retrained": retrained_mlp,
    "MLP, mean filled in": filled_mlp,
    "set reader": read_subsets,
}
"""Ways to read a recording that lacks neurons."""

ABLATION: dict[str, Method] = {
    "set reader, no dropping": partial(read_subsets, dropping=False),
    "MLP, retrained, faster": faster_mlp,
}
"""What the reader owes to dropping neurons in training, and what to its learning rate."""

VOCABULARIES = ("paper's 15", "all named")
"""Names that the set reader is trained on."""


def fewer_neurons(
    worms: Cohort, draws: Sequence[Neurons], store: Store, methods: Sequence[str] = tuple(METHODS)
) -> pd.DataFrame:
    """Rows of `scoring.rows_of` for every method, with its label in `method`.

    ChoiceError for an unknown method.
    """
    readers = [chosen("method", name, {**METHODS, **ABLATION}) for name in methods]
    return pd.concat([read(worms, draws, store) for read in readers], ignore_index=True)


def whole_recordings(
    recordings: Sequence[Recording],
    profile: Profile,
    store: Store,
    sizes: Sequence[int] = (1, 4),
    seed: int = 0,
    ablation: bool = True,
) -> pd.DataFrame:
    """Each recording read by the neurons it has, beside models of a fixed set.

    Parameters
    ----------
    recordings, profile, store, sizes, seed
        As for `cohort.cohort`.
    ablation
        Whether to train the reader without dropping neurons too.

    Returns
    -------
    rows
        Those of `reading.read_recordings`, with method and `names`, the set of neurons.
    """
    fixed = {"paper's 15": PAPER_NEURONS, "shared": shared_neurons(recordings)}
    tables = []
    for names, neurons in fixed.items():
        worms = cohort(recordings, neurons, profile, sizes, seed=seed)
        for read in (retrained_svm, retrained_mlp):
            rows = read(worms, [neurons], store).drop(columns="neurons")
            tables.append(rows.assign(names=names, n_present=len(neurons)))
    for names in VOCABULARIES:
        worms = cohort(recordings, _names(names, recordings), profile, sizes, seed=seed)
        tables.append(_read(worms, store, names, True))
        if ablation:
            tables.append(_read(worms, store, names, False))
    return pd.concat(tables, ignore_index=True)


def another_lab(
    train: Sequence[Recording],
    animals: Sequence[Recording],
    profile: Profile,
    store: Store,
    sizes: Sequence[int] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Each animal of another laboratory read by the neurons it has.

    All recordings are brought to one frame rate first, as in `transfer.transfer`. Members
    train on one worm and on all of them unless `sizes` says otherwise.

    Returns the rows of `reading.read_recordings` on worms that were not trained on, with
    method and `names`.
    """
    train, animals = at_one_rate(train, animals)
    sizes = (1, len(train)) if sizes is None else sizes
    tables = []
    for names in VOCABULARIES:
        worms = cohort(train, _names(names, train), profile, sizes, animals, seed=seed)
        rows = _read(worms, store, names, True)
        tables.append(rows[~rows["seen"]])
    return pd.concat(tables, ignore_index=True)


def _names(names: str, recordings: Sequence[Recording]) -> tuple[str, ...]:
    every = vocabulary(recordings)
    if names == "all named":
        return every
    return tuple(name for name in PAPER_NEURONS if name in every)


def _read(worms: Cohort, store: Store, names: str, dropping: bool) -> pd.DataFrame:
    method = "set reader" if dropping else "set reader, no dropping"
    return read_recordings(worms, store, dropping).assign(method=method, names=names)
