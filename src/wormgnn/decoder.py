"""Train networks on all worms of a dataset, to decode other recordings with.

The networks are those of `protocol.classify`: for each fold one that learned from all
training worms, and for each training worm those that never met it, which tell what to expect
of a worm that nobody has labelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from torch import nn

from wormgnn.ensemble import load_flat_state
from wormgnn.errors import ChoiceError, NeuronError
from wormgnn.profiles import Profile
from wormgnn.protocol import Classification, build, classify
from wormgnn.readings import CHOSEN, READINGS
from wormgnn.recording import PAPER_NEURONS, Recording, at_one_rate, shared_neurons
from wormgnn.scored import Scored
from wormgnn.states import vocabulary
from wormgnn.store import Arrays, Remembering, Store

MODEL = "mlp"
"""Decoder unless told otherwise: the best on worms left out of training (Kato's five)."""

MODELS: dict[str, Classification] = {
    network: Classification(network, options=READINGS[CHOSEN[network]].options)
    for network in ("mlp", "gnn")
}
"""Decoders by name. An SVM is not among them: it gives no probabilities."""

READABLE = ("paper", "shared")
"""Which of the training worms' neurons a decoder may read; see `usable_neurons`."""

MIN_NEURONS = 3
"""Fewest neurons that a recording must have in common with the training worms."""

MIN_MEMBERS = 5
"""Fewest networks that decide together: a profile with fewer folds runs so many."""


@dataclass(frozen=True)
class Decoder:
    """An ensemble that was trained on all worms of a dataset.

    Attributes
    ----------
    plan
        Model, number of states, scaling.
    neurons
        Names of the neurons it reads.
    fps
        Frames per second at which it reads them.
    model
        The networks, with a leading member axis.
    members
        Their number.
    left_out
        Scores on each training worm of networks that were not trained on it, one row for
        each fold and worm: columns of `scored.Scored.rows`.
    """

    plan: Classification
    neurons: tuple[str, ...]
    fps: float
    model: nn.Module
    members: int
    left_out: pd.DataFrame

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states, in the order of their codes."""
        return vocabulary(self.plan.n_states)


def plan_named(model: str, n_states: int, seed: int = 0) -> Classification:
    """The plan of a decoder by its name; ChoiceError for an unknown model or number of states."""
    if model not in MODELS:
        raise ChoiceError("model", model, MODELS)
    vocabulary(n_states)
    return replace(MODELS[model], n_states=n_states, seed=seed)


def usable_neurons(
    train: Sequence[Recording], recording: Recording, neurons: str = "paper"
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names by which a recording can be decoded, and those of the training worms that it lacks.

    `neurons` is `paper`, the paper's among those that all training worms share, or `shared`,
    all that they share. NeuronError if fewer than `MIN_NEURONS` can be used.
    """
    if neurons not in READABLE:
        raise ChoiceError("set of neurons", neurons, READABLE)
    wanted = shared_neurons(train)
    if neurons == "paper":
        wanted = tuple(name for name in wanted if name in PAPER_NEURONS)
    used = tuple(name for name in wanted if name in recording.identified)
    if len(used) < MIN_NEURONS:
        raise NeuronError(
            f"{recording.worm}: expected {MIN_NEURONS} or more of the neurons "
            f"{', '.join(wanted)}; found {', '.join(used) or 'none'} among the "
            f"{len(recording.identified)} that are named there"
        )
    return used, tuple(name for name in wanted if name not in used)


def train_decoder(
    train: Sequence[Recording],
    neurons: Sequence[str],
    plan: Classification,
    profile: Profile,
    store: Store,
    device: str = "auto",
) -> Decoder:
    """Train a decoder, or take it from the store.

    All worms are brought to the lowest frame rate among them. Features are derivatives per
    second and their filter is in seconds, so a recording of another rate can be read too.
    """
    (worms,) = at_one_rate(train)
    plan = replace(plan, sizes=(len(worms) - 1, len(worms)))
    kept = Remembering(store.folder)
    scored = classify(plan, worms, neurons, _enough_folds(profile), kept, (), device)
    # The subset of all worms is the only one of its size, and the last.
    state = _last_members(kept.given)
    members = len(kept.given)
    model = build(plan, members, neurons, plan.seed)
    load_flat_state(model, state)
    return Decoder(
        plan, tuple(neurons), worms[0].fps, model, members, _left_out(scored, len(worms))
    )


def _enough_folds(profile: Profile) -> Profile:
    wanted = range(min(MIN_MEMBERS, profile.n_folds))
    return replace(profile, folds=tuple(sorted({*profile.folds, *wanted})))


def _last_members(folds: Sequence[Arrays]) -> Arrays:
    names = [name for name in ("parameters", "statistics") if name in folds[0]]
    return {name: np.concatenate([arrays[name][-1:] for arrays in folds]) for name in names}


def _left_out(scored: Scored, n_worms: int) -> pd.DataFrame:
    rows = scored.rows
    return rows[~rows["seen"] & (rows["n_train"] == n_worms - 1)].reset_index(drop=True)
