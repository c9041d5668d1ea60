"""Which subsets of the neurons are tried."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from wormgnn.errors import ChoiceError

Neurons = tuple[str, ...]


def draw_subsets(
    neurons: Sequence[str], sizes: Sequence[int], per_size: int, seed: int = 0
) -> list[Neurons]:
    """Subsets of some sizes: all of a size if they are few, else `per_size` at random.

    Few means no more than `per_size`, or than there are neurons (each alone, all but each).
    At random means balanced: of one size, each neuron appears about as often as any other.
    Names keep the order of `neurons`.

    Parameters
    ----------
    neurons
        Names to draw from.
    sizes
        Numbers of neurons.
    per_size
        Subsets of each size.
    seed
        Of the draws; those of a size do not depend on the other sizes.

    ChoiceError for a size that is not 1 to the number of neurons.
    """
    wrong = [size for size in sizes if not 1 <= size <= len(neurons)]
    if wrong:
        raise ChoiceError("number of neurons", wrong[0], [f"1 to {len(neurons)}"])
    return [subset for size in sizes for subset in _of_size(neurons, size, per_size, seed)]


def _of_size(neurons: Sequence[str], size: int, per_size: int, seed: int) -> list[Neurons]:
    if math.comb(len(neurons), size) <= max(per_size, len(neurons)):
        return list(itertools.combinations(neurons, size))
    rng = np.random.default_rng([seed, size])
    used = np.zeros(len(neurons))
    drawn: dict[Neurons, None] = {}
    while len(drawn) < per_size:
        subset = _least_used(used, size, rng)
        names = tuple(neurons[place] for place in subset)
        if names in drawn:  # the least used may make a subset that is there already
            used = used + 0.25 * rng.random(len(neurons))
            continue
        drawn[names] = None
        used[subset] += 1
    return list(drawn)


def _least_used(used: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Places of the least used neurons, in order, ties broken at random."""
    return np.sort(np.lexsort((rng.random(len(used)), used))[:size])
