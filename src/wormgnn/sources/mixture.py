"""What the dial of individual variability turns in simulated worms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

Mixing = Literal["loadings", "neurons"]
"""`loadings`: each neuron's weights on the latent, before a nonlinearity, so that no linear map
undoes it to the letter. `neurons`: the named signals among themselves, `A X` (eq. 14) with a
rotation A of each worm, which its transpose undoes but for the noise."""

MIXINGS: tuple[Mixing, ...] = ("loadings", "neurons")

_FIRST_ZERO = 3.83
"""Of the Bessel function J1."""


def rotation_of_neurons(size: int, mixing: float, seed: int | Sequence[int]) -> NDArray[np.float64]:
    """Rotation that mixes the signals of neurons, shape (size, size); the identity at 0.

    `exp(mixing K)`, where the random antisymmetric K is so large that at a mixing of 1 a
    neuron keeps next to nothing of its own signal: the spectrum of K is a semicircle of
    radius r = 3.83, for which the mean diagonal, `2 J1(r) / r`, is zero.
    """
    drawn = np.random.default_rng(seed).normal(0, 1, (size, size))
    radius = np.sqrt(8 * size)  # of the spectrum of drawn - drawn.T
    generator = (drawn - drawn.T) * _FIRST_ZERO / radius
    return np.asarray(expm(mixing * generator))
