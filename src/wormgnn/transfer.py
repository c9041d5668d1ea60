"""Worms of another laboratory: train on one dataset, evaluate each animal of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from wormgnn import reference
from wormgnn.errors import ChoiceError, RecordingError
from wormgnn.features import derivative
from wormgnn.profiles import Profile
from wormgnn.protocol import Classification, classify, code_of
from wormgnn.readings import CHOSEN, READINGS
from wormgnn.recording import PAPER_NEURONS, Recording, at_one_rate, shared_neurons
from wormgnn.sharing import MIN_CONFIDENCE, RULES, Neurons, neurons_by_rule
from wormgnn.store import Store
from wormgnn.transfer_tables import essential

_SIZES = (1, 4, 5)
"""Numbers of training worms: one, all five, and all but one, which the one left out judges."""

_MLP, _GNN = (dict(READINGS[CHOSEN[network]].options) for network in ("mlp", "gnn"))

PLANS = {
    "SVM": Classification("svm", sizes=_SIZES),
    "MLP": Classification("mlp", sizes=_SIZES),
    "MLP, no norm": Classification("mlp", options=_MLP, sizes=_SIZES),
    "MLP, no norm, causal": Classification("mlp", options=_MLP, scaling="causal", sizes=_SIZES),
    "GNN": Classification("gnn", options=_GNN, sizes=_SIZES),
}
"""Models compared; all tell forward from reverse."""


def transfer(
    train: Sequence[Recording],
    animals: Sequence[Recording],
    plans: Mapping[str, Classification],
    profile: Profile,
    store: Store,
    rules: Sequence[str] = RULES,
    device: str = "auto",
) -> pd.DataFrame:
    """Train on some worms, evaluate the animals of another laboratory.

    Parameters
    ----------
    train, animals
        Recordings of the two laboratories, brought to one frame rate first.
    plans
        Models by label.
    profile, store, device
        As for `protocol.classify`.
    rules
        Some of `RULES`.

    Returns
    -------
    rows
        One row for each model, rule, set of neurons, subset, fold and worm: the columns of
        `scored.Scored.rows`, and model, `train` (dataset), rule, n_neurons and `animals`,
        those that are read by the set. Worms are the animals and, where a subset leaves them
        out, training worms.
    """
    train, animals = at_one_rate(train, animals)
    wanted = _wanted(train)
    tables = []
    for rule in rules:
        for neurons, group in _by_neurons(neurons_by_rule(rule, wanted, animals), animals):
            what = _what(train, rule, neurons, group)
            for label, plan in plans.items():
                scored = classify(plan, train, neurons, profile, store, group, device)
                tables.append(_unseen(scored.rows, label, what))
    return pd.concat(tables, ignore_index=True)


def from_derivatives(
    train: Sequence[Recording],
    animals: Sequence[Recording],
    plans: Mapping[str, Classification],
    profile: Profile,
    store: Store,
    device: str = "auto",
) -> pd.DataFrame:
    """As `transfer` by the rule `own`, with the derivative of each trace in the place of the trace.

    The two features are then the first and the second derivative: models must tell states
    from how activity changes, not from how high it is. The rule is called `derivative`.
    """
    train, animals = (
        [replace(recording, traces=derivative(recording)) for recording in group]
        for group in at_one_rate(train, animals)
    )
    rows = transfer(train, animals, plans, profile, store, ("own",), device)
    return rows.assign(rule="derivative")


def within(
    animals: Sequence[Recording],
    plans: Mapping[str, Classification],
    profile: Profile,
    store: Store,
    device: str = "auto",
) -> pd.DataFrame:
    """Leave one animal out: train on the others of its own laboratory, on their common neurons.

    Returns the columns of `transfer`, with the rule `common`: what can be read from these
    animals at all, by a decoder that knows their kind.
    """
    (animals,) = at_one_rate(animals)
    if len(animals) < 2:
        raise RecordingError(f"leaving one out needs two animals or more, found {len(animals)}")
    shared = set(shared_neurons(animals)) & set(PAPER_NEURONS)
    what = _what(animals, "common", sorted(shared), animals)
    tables = []
    for label, plan in plans.items():
        left_out = replace(plan, sizes=(len(animals) - 1,))
        scored = classify(left_out, animals, sorted(shared), profile, store, (), device)
        tables.append(_unseen(scored.rows, label, what))
    return pd.concat(tables, ignore_index=True)


def everything(
    train: Sequence[Recording],
    animals: Sequence[Recording],
    plans: Mapping[str, Classification],
    profile: Profile,
    store: Store,
    device: str = "auto",
) -> pd.DataFrame:
    """Rows of `transfer` by all rules, of `from_derivatives` and of `within`: the reference."""
    tables = [
        transfer(train, animals, plans, profile, store, RULES, device),
        from_derivatives(train, animals, plans, profile, store, device),
        within(animals, plans, profile, store, device),
    ]
    return pd.concat(tables, ignore_index=True)


def _by_neurons(
    chosen: Mapping[str, Neurons], animals: Sequence[Recording]
) -> Iterator[tuple[Neurons, list[Recording]]]:
    """Sets of neurons, each with the animals that are read by it."""
    for neurons in dict.fromkeys(chosen.values()):
        yield neurons, [animal for animal in animals if chosen[animal.worm] == neurons]


def _what(
    train: Sequence[Recording], rule: str, neurons: Sequence[str], animals: Sequence[Recording]
) -> dict[str, Any]:
    """Columns that are the same in all rows of one set of neurons."""
    names = "+".join(animal.worm for animal in animals)
    known = {"train": train[0].dataset, "rule": rule}
    return {**known, "n_neurons": len(neurons), "animals": names}


def _unseen(rows: pd.DataFrame, label: str, what: Mapping[str, Any]) -> pd.DataFrame:
    """Rows on worms that the member was not trained on, with the model and `_what`."""
    return rows[~rows["seen"]].drop(columns="seen").assign(model=label, **what)


def _wanted(train: Sequence[Recording]) -> list[str]:
    """The paper's neurons among those that all training worms share."""
    return [name for name in PAPER_NEURONS if name in shared_neurons(train)]


def plans(labels: Sequence[str] | None = None, seed: int = 0) -> dict[str, Classification]:
    """`PLANS`, or those with some labels, at a seed; ChoiceError for an unknown label."""
    for label in labels or ():
        if label not in PLANS:
            raise ChoiceError("model", label, PLANS)
    return {label: replace(PLANS[label], seed=seed) for label in labels or PLANS}


def write_reference(
    rows: pd.DataFrame,
    train: Sequence[Recording],
    animals: Sequence[Recording],
    profile: Profile,
    seed: int,
    command: str,
) -> Path:
    """Write the `essential` rows of `everything` into `results/`, with a manifest."""
    wanted = _wanted(train)
    worms = [*train, *animals]
    about = reference.about(
        command,
        train[0].dataset,
        worms,
        seed,
        code_of(plan.model for plan in PLANS.values()),
        profile,
        experiment="transfer",
        animals=animals[0].dataset,
        fps=min(worm.fps for worm in worms),
        neurons={rule: neurons_by_rule(rule, wanted, animals) for rule in RULES},
        min_confidence=MIN_CONFIDENCE,
    )
    return reference.write(reference_name(train, animals), essential(rows), about)


def reference_name(train: Sequence[Recording], animals: Sequence[Recording]) -> str:
    """Name of the reference table for these two laboratories."""
    return f"transfer.{train[0].dataset}-{animals[0].dataset}"
