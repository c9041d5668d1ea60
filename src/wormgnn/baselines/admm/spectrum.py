"""Eigenvectors of the asymmetric transition matrix, and the phase that the cyclic one gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs

from wormgnn.baselines.admm.embedding import Floats
from wormgnn.errors import TrainingError

Complex = NDArray[np.complex128]
_STEPS = 8
"""The solver sees this power of the matrix: same eigenvectors, eigenvalues further apart."""


@dataclass(frozen=True)
class Spectrum:
    """Leading right eigenvectors, the constant one left out.

    Attributes
    ----------
    values
        Eigenvalues per frame, by falling modulus, shape (modes,); of a complex pair only the
        one with positive imaginary part, whose eigenvector turns forward in time.
    vectors
        Right eigenvectors, shape (points, modes).
    """

    values: Complex
    vectors: Complex

    @property
    def cyclic(self) -> int:
        """Number of the first complex mode (of mode 0 if there is none)."""
        rotating = np.flatnonzero(self.values.imag > 1e-9)
        return int(rotating[0]) if rotating.size else 0

    def phase(self) -> Floats:
        """Angle of each point in the first complex mode, from -pi to pi, shape (points,)."""
        return np.asarray(np.angle(self.vectors[:, self.cyclic]), dtype=np.float64)

    def space(self, vectors: Complex | None = None) -> Floats:
        """Three coordinates for figures, shape (points, 3).

        The plane of the cyclic mode, and the slowest mode that does not rotate.
        """
        vectors = self.vectors if vectors is None else vectors
        others = [m for m in range(len(self.values)) if m != self.cyclic]
        real = [m for m in others if self.values[m].imag <= 1e-9]
        height = (real or others)[0]
        cycle = vectors[:, self.cyclic]
        return np.stack([cycle.real, cycle.imag, vectors[:, height].real], axis=1)

    def coordinates(self, vectors: Complex | None = None) -> Floats:
        """Real diffusion coordinates, shape (points, modes + complex modes).

        Modes in order; a complex one gives its real and its imaginary part.
        """
        vectors = self.vectors if vectors is None else vectors
        columns = []
        for value, vector in zip(self.values, vectors.T, strict=True):
            columns += [vector.real, vector.imag] if value.imag > 1e-9 else [vector.real]
        return np.stack(columns, axis=1)


def spectrum(transition: sparse.csr_array, n_modes: int, seed: int) -> Spectrum:
    """Leading right eigenvectors of a row-stochastic matrix, signs and rotations fixed.

    Every vector has unit mean square; its entry of largest modulus is real and positive.
    TrainingError where the solver does not converge: with few neighbours the chain is nearly
    deterministic, and its eigenvalues crowd on the unit circle.
    """
    n_points = transition.shape[0]
    wanted = min(2 * n_modes + 2, n_points - 2)
    start = np.random.default_rng(seed).uniform(0.5, 1.5, n_points)
    if n_points <= 400:
        values, vectors = np.linalg.eig(transition.toarray())
    else:
        power = LinearOperator(transition.shape, matvec=lambda v: _apply(transition, v))
        try:
            krylov = min(n_points - 1, 4 * wanted)
            _, vectors = eigs(power, wanted, v0=start, ncv=krylov, maxiter=200, tol=1e-8)
        except ArpackNoConvergence as error:
            raise TrainingError(
                f"no spectrum ({error}): raise n_neighbours or bandwidth"
            ) from error
        values = _rayleigh(transition, vectors)
    order = np.argsort(-np.abs(values), kind="stable")
    kept = [i for i in order if values[i].imag > -1e-9][1 : n_modes + 1]
    return Spectrum(values[kept].astype(np.complex128), _canonical(vectors[:, kept]))


def _apply(transition: sparse.csr_array, vector: Floats) -> Floats:
    for _ in range(_STEPS):
        vector = transition @ vector
    return vector


def _rayleigh(transition: sparse.csr_array, vectors: Complex) -> Complex:
    """Eigenvalue of one step for each eigenvector of the power."""
    moved = transition @ vectors
    return np.asarray((vectors.conj() * moved).sum(axis=0) / (np.abs(vectors) ** 2).sum(axis=0))


def _canonical(vectors: Complex) -> Complex:
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])]
    turned = vectors * (np.abs(largest) / largest)
    return np.asarray(turned / np.sqrt((np.abs(turned) ** 2).mean(axis=0)), dtype=np.complex128)
