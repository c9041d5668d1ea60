"""The worms of a comparison, and their use in each fold, the same for every way of reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wormgnn.classification import Subset, Worm
from wormgnn.errors import NeuronError
from wormgnn.features import Features, features
from wormgnn.folds import Role, roles
from wormgnn.profiles import Profile
from wormgnn.recording import Recording, check_names
from wormgnn.store import code_version
from wormgnn.training import Batch

CODE = (
    "wormgnn.recording",
    "wormgnn.states",
    "wormgnn.features",
    "wormgnn.folds",
    "wormgnn.ensemble",
    "wormgnn.optimiser",
    "wormgnn.training",
    "wormgnn.classification",
    "wormgnn.models.layers",
    "wormgnn.neuron_subsets.cohort",
)
"""Modules whose code decides what any of the readers here gives."""


@dataclass(frozen=True)
class PartlyNamed(Worm):
    """A worm that lacks some neurons of the vocabulary; `present` has shape (neurons,)."""

    present: Tensor = field(default_factory=lambda: torch.ones(0, dtype=torch.bool))

    def batch(self, members: Sequence[int], role: Role | None) -> Batch:
        """As `Worm.batch`, with which neurons are present in the place of frames for edges."""
        whole = super().batch(members, role)
        return Batch(whole.members, (whole.inputs[0], self.present), whole.target)


@dataclass(frozen=True)
class Cohort:
    """Worms that train in every subset of some sizes, and worms that never do.

    Attributes
    ----------
    neurons
        Vocabulary of names.
    features
        What is seen of each worm, in the order of the vocabulary; zero where it lacks a neuron.
    present
        Which neurons each worm has, shape (worms, neurons).
    data
        Name and digest of each recording.
    subsets
        Worms that each member trains on.
    profile
        Folds and epochs.
    n_states
        7, 4 or 2.
    seed
        Of folds, initial weights and the order of training.
    """

    neurons: tuple[str, ...]
    features: tuple[Features, ...]
    present: NDArray[np.bool_]
    data: tuple[tuple[str, str], ...]
    subsets: tuple[Subset, ...]
    profile: Profile
    n_states: int = 2
    seed: int = 0

    @property
    def worms(self) -> tuple[str, ...]:
        """Names of the worms."""
        return tuple(f.worm for f in self.features)

    def in_fold(self, fold: int) -> list[PartlyNamed]:
        """The worms with the roles of their frames, as `protocol.classify` deals them."""
        cpu = torch.device("cpu")
        dealt: list[PartlyNamed] = []
        for number, (seen, present) in enumerate(zip(self.features, self.present, strict=True)):
            role = roles(seen.n_frames, fold, self.profile.n_folds, seed=100 * self.seed + number)
            plain = Worm.of(seen, role, cpu)
            here = torch.from_numpy(present)
            dealt.append(PartlyNamed(plain.name, plain.x, plain.y, plain.roles, present=here))
        return dealt

    def known(self) -> NDArray[np.bool_]:
        """Names found in the training worms of each member, shape (members, neurons)."""
        rows = [[self.worms.index(worm) for worm in subset] for subset in self.subsets]
        return np.stack([self.present[row].any(axis=0) for row in rows])

    def complete(self) -> Cohort:
        """The cohort itself; NeuronError names the first worm that lacks a neuron."""
        for worm, present in zip(self.worms, self.present, strict=True):
            lacking = [n for n, here in zip(self.neurons, present, strict=True) if not here]
            if lacking:
                raise NeuronError(f"{worm}: no neuron named {', '.join(lacking)}")
        return self

    def inputs(self, fold: int, code: Sequence[str]) -> dict[str, Any]:
        """What any reader's result on a fold depends on, as plain JSON."""
        return {
            "neurons": list(self.neurons),
            "subsets": [list(subset) for subset in self.subsets],
            "fold": fold,
            "n_folds": self.profile.n_folds,
            "epochs": self.profile.epochs,
            "n_states": self.n_states,
            "seed": self.seed,
            "data": [list(pair) for pair in self.data],  # their order decides the folds
            "code": code_version((*CODE, *code)),
        }


def cohort(
    recordings: Sequence[Recording],
    neurons: Sequence[str],
    profile: Profile,
    sizes: Sequence[int] | None = (1, 4),
    unseen: Sequence[Recording] = (),
    n_states: int = 2,
    seed: int = 0,
) -> Cohort:
    """The worms, each with those of the named neurons that it has.

    Parameters
    ----------
    recordings
        Worms that train, in subsets of the `sizes` (all if None).
    neurons
        Vocabulary.
    profile
        Folds, epochs, and how many worm subsets.
    unseen
        Worms that are evaluated but never train.
    n_states, seed
        See `Cohort`.

    Raises
    ------
    RecordingError
        Two worms of one name.
    NeuronError
        A worm that has none of the neurons.
    """
    worms = [*recordings, *unseen]
    check_names(worms)
    present = np.array([[n in worm.identified for n in neurons] for worm in worms])
    seen = [_spread(w, neurons, here, n_states) for w, here in zip(worms, present, strict=True)]
    subsets = profile.subsets([worm.worm for worm in recordings], sizes)
    data = tuple((worm.worm, worm.digest) for worm in worms)
    return Cohort(
        tuple(neurons), tuple(seen), present, data, tuple(subsets), profile, n_states, seed
    )


def vocabulary(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Every name in any of the recordings, sorted."""
    return tuple(sorted({name for recording in recordings for name in recording.identified}))


def _spread(
    worm: Recording, neurons: Sequence[str], here: NDArray[np.bool_], n_states: int
) -> Features:
    """Features of the neurons that are here, each in its place of the vocabulary."""
    if not here.any():
        raise NeuronError(f"{worm.worm}: none of the {len(neurons)} neurons of the vocabulary")
    found = features(worm, [n for n, there in zip(neurons, here, strict=True) if there], n_states)
    x = np.zeros((len(found.x), len(neurons), found.n_frames), dtype=np.float32)
    x[:, here] = found.x
    return replace(found, neurons=tuple(neurons), x=x)
