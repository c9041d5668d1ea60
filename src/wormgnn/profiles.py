"""How much of the protocol is run: one table, used by every experiment."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wormgnn.errors import ChoiceError, chosen
from wormgnn.folds import worm_subsets


@dataclass(frozen=True)
class Profile:
    """A scale of computation.

    Attributes
    ----------
    name
        A key of `PROFILES`.
    subsets_per_size
        Worm subsets tried of each size; None means all of them.
    folds
        Folds tried, of `n_folds`.
    epochs
        Training epochs.
    n_folds
        Folds that the windows are divided into.
    hidden
        Hidden channels of the networks that predict trajectories (paper: 256).
    """

    name: str
    subsets_per_size: int | None
    folds: tuple[int, ...]
    epochs: int
    n_folds: int = 10
    hidden: int = 256

    def subsets(
        self, worms: Sequence[str], sizes: Sequence[int] | None = None
    ) -> list[tuple[str, ...]]:
        """Worm subsets of the wanted sizes (all if None), thinned evenly where the profile says."""
        every = worm_subsets(worms, sizes)
        groups = (list(group) for _, group in itertools.groupby(every, key=len))
        return [subset for group in groups for subset in self._thin(group)]

    def with_folds(self, count: int | None) -> Profile:
        """The profile with only its first folds (all if None).

        ChoiceError for a count that it does not have.
        """
        if count is None:
            return self
        if not 1 <= count <= len(self.folds):
            raise ChoiceError("number of folds", count, [f"1 to {len(self.folds)}"])
        return replace(self, folds=self.folds[:count])

    def _thin(self, group: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
        wanted = self.subsets_per_size
        if wanted is None or wanted >= len(group):
            return group
        return [group[i * len(group) // wanted] for i in range(wanted)]


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("smoke", subsets_per_size=2, folds=(0,), epochs=4, hidden=4),
        Profile("quick", subsets_per_size=5, folds=(0,), epochs=150, hidden=16),
        Profile("reduced", subsets_per_size=None, folds=tuple(range(10)), epochs=300, hidden=64),
        Profile("paper", subsets_per_size=None, folds=tuple(range(10)), epochs=800),
    )
}


def profile_named(name: str) -> Profile:
    """The profile of this name; ChoiceError names the choices."""
    return chosen("profile", name, PROFILES)
