"""Asymmetric diffusion map modelling: fit on some worms, place any worm on the manifold.

Eigenvectors of the kernel give phase and branch; bins of both hold what happens there.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.ndimage import gaussian_filter1d
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs
from sklearn.cluster import KMeans

from wormgnn.admm.kernel import (
    Codes,
    Floats,
    Kernel,
    Parameters,
    Points,
    collect,
    embed_worm,
    local_noise,
    require_neurons,
)
from wormgnn.errors import ChoiceError, TrainingError
from wormgnn.features import Features

Complex = NDArray[np.complex128]
Readout = Literal["spread", "position"]
_STEPS = 8
"""The solver sees this power of the matrix: same eigenvectors, eigenvalues further apart."""


@dataclass(frozen=True)
class Spectrum:
    """Leading right eigenvectors of the kernel, the constant one left out.

    `values` are eigenvalues per frame, by falling modulus, shape (modes,); of a complex pair only
    the one with positive imaginary part, whose eigenvector turns forward in time. `vectors` has
    shape (points, modes).
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

    def coordinates(self, vectors: Complex) -> Floats:
        """Real diffusion coordinates, shape (points, modes + complex modes).

        Modes in order; a complex one gives its real and its imaginary part.
        """
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

        def steps(vector: Floats) -> Floats:
            for _ in range(_STEPS):
                vector = transition @ vector
            return vector

        power = LinearOperator(transition.shape, matvec=steps)
        try:
            krylov = min(n_points - 1, 4 * wanted)
            _, vectors = eigs(power, wanted, v0=start, ncv=krylov, maxiter=200, tol=1e-8)
        except ArpackNoConvergence as error:
            raise TrainingError(
                f"no spectrum ({error}): raise n_neighbours or bandwidth"
            ) from error
        # of one step, by Rayleigh's quotient
        moved = vectors.conj() * (transition @ vectors)
        values = moved.sum(axis=0) / (np.abs(vectors) ** 2).sum(axis=0)
    order = np.argsort(-np.abs(values), kind="stable")
    kept = [i for i in order if values[i].imag > -1e-9][1 : n_modes + 1]
    return Spectrum(values[kept].astype(np.complex128), _canonical(vectors[:, kept]))


def _canonical(vectors: Complex) -> Complex:
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])]
    turned = vectors * (np.abs(largest) / largest)
    return np.asarray(turned / np.sqrt((np.abs(turned) ** 2).mean(axis=0)), dtype=np.complex128)


def phase_bin(phase: Floats, n_phases: int) -> Codes:
    """Bin of each angle between -pi and pi, shape of `phase`."""
    turn = np.floor((phase + np.pi) / (2 * np.pi) * n_phases).astype(np.int64)
    return np.clip(turn, 0, n_phases - 1)


def branches(spectrum: Spectrum, params: Parameters) -> Codes:
    """Loop of each point, shape (points,): k-means of the diffusion coordinates.

    Coordinates count by the modulus of their eigenvalue after a tenth of a cycle, so slow
    separations (different loops) matter and fast ones (noise) fade. Branches are numbered by
    falling size.
    """
    if params.n_branches == 1:
        return np.zeros(len(spectrum.vectors), dtype=np.int64)
    turn = abs(np.angle(spectrum.values[spectrum.cyclic]))
    steps = 0.2 * np.pi / max(turn, 0.01)
    coordinates = spectrum.coordinates(spectrum.vectors * np.abs(spectrum.values) ** steps)
    means = KMeans(params.n_branches, n_init=4, random_state=params.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer distinct points than branches
        found = means.fit_predict(coordinates)
    by_size = np.argsort(-np.bincount(found, minlength=params.n_branches), kind="stable")
    return np.asarray(np.argsort(by_size)[found], dtype=np.int64)


def _markov(points: Points, members: sparse.csr_array) -> Floats:
    """Observed transitions between bins within one frame; an unvisited bin stays where it is.

    The kernel's own steps, averaged over bins, would do too, but each of them hops between
    passes of the trajectory, and over many steps that blurs the phase.
    """
    now = np.flatnonzero(points.is_followed)
    count = (members[now].T @ members[now + 1]).toarray()
    unvisited = np.flatnonzero(count.sum(axis=1) == 0)
    count[unvisited, unvisited] = 1.0
    return np.asarray(count / count.sum(axis=1, keepdims=True))


def _occupancy(members: sparse.csr_array, y: Codes, n_states: int, params: Parameters) -> Floats:
    """Counts of states in bins, smoothed along the phase, with one count of the prior added."""
    labels = (y[:, None] == np.arange(n_states)).astype(float)
    counts = (members.T @ labels).reshape(params.n_branches, params.n_phases, n_states)
    sigma_bins = params.phase_smoothing * params.n_phases / (2 * np.pi)
    if sigma_bins > 0:  # the phase is a circle
        counts = gaussian_filter1d(counts, sigma_bins, axis=1, mode="wrap")
    prior = labels.sum(axis=0) / max(labels.sum(), 1.0)
    flat = counts.reshape(-1, n_states) + prior
    return np.asarray(flat / flat.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class Model:
    """A fitted manifold, and the maps from a worm's activity onto it.

    `kernel` and `spectrum` are the transition probabilities between training points and their
    eigenvectors; `neurons` stand in the order of the features' columns. The points lie in bins,
    `branch * n_phases + phase bin`: `members`, shape (points, bins), has one 1 in each row,
    `markov`, (bins, bins), is the probability to move within one frame, and `occupancy`, (bins,
    states), that of each state.
    """

    params: Parameters
    neurons: tuple[str, ...]
    kernel: Kernel
    spectrum: Spectrum
    members: sparse.csr_array
    markov: Floats
    occupancy: Floats

    def weights(self, worm: Features) -> sparse.csr_array:
        """Probability of each training point at each frame, shape (frames, points).

        NeuronError if the worm's neurons are not the model's.
        """
        require_neurons(worm, self.neurons, "the model's")
        x = embed_worm(worm, self.params)
        return self.kernel.weights(x, local_noise(x, self.params.noise_frames))

    def bins(self, worm: Features) -> Floats:
        """Probability of each manifold bin at each frame, shape (frames, bins)."""
        return np.asarray((self.weights(worm) @ self.members).toarray())

    def predict_proba(self, worm: Features) -> Floats:
        """Probability of each state at each frame, shape (frames, states)."""
        return self.bins(worm) @ self.occupancy

    def predict_states(self, worm: Features, readout: Readout = "spread") -> Codes:
        """Most probable state at each frame, shape (frames,).

        `spread` averages the occupancy over all bins where the frame may be; `position`
        takes the one bin of its phase and branch, the two variables of the original.
        """
        if readout == "spread":
            return self.predict_proba(worm).argmax(axis=1)
        if readout == "position":
            return self.occupancy[self.position(worm)].argmax(axis=1)
        raise ChoiceError("readout", readout, ("spread", "position"))

    def position(self, worm: Features) -> Codes:
        """Bin of the phase and the most probable branch at each frame, shape (frames,)."""
        n_phases = self.params.n_phases
        return self.branch(worm) * n_phases + phase_bin(self.phase(worm), n_phases)

    def predict_ahead(self, worm: Features, horizon_frames: int) -> Floats:
        """Probability of each state `horizon_frames` after each frame, shape (frames, states).

        The bins' probabilities times the Markov matrix to that power, then each bin's
        occupancy. Row t uses frames up to t and tells of frame t + horizon.
        """
        power = np.linalg.matrix_power(self.markov, horizon_frames)
        return self.bins(worm) @ (power @ self.occupancy)

    def space(self, worm: Features) -> Floats:
        """Where each frame lies in the three coordinates that figures draw, shape (frames, 3)."""
        return self.spectrum.space(self.weights(worm) @ self.spectrum.vectors)

    def phase(self, worm: Features) -> Floats:
        """Angle on the cycle at each frame, from -pi to pi, shape (frames,)."""
        angle = np.angle(self.weights(worm) @ self.spectrum.vectors[:, self.spectrum.cyclic])
        return np.asarray(angle, dtype=np.float64)

    def branch(self, worm: Features) -> Codes:
        """Most probable branch at each frame, shape (frames,)."""
        p = self.bins(worm).reshape(worm.n_frames, -1, self.params.n_phases).sum(axis=2)
        return p.argmax(axis=1)


def fit(
    features: Sequence[Features],
    params: Parameters | None = None,
    use: Sequence[NDArray[np.bool_]] | None = None,
) -> Model:
    """Fit the manifold on worms with the same neurons, in the same order, and states.

    Brennan and Proekt 2019, eLife 8:e46814: delay embedding, asymmetric diffusion map, its
    first complex eigenvector as phase, trajectories grouped into loops, and activity and
    behaviour averaged along them.

    The defaults of `params` were chosen on training worms alone. `use` tells for each worm which
    frames may be used, shape (frames,), all if None: a point needs its own frame and the next.
    Errors as of `kernel.collect`.
    """
    params = params or Parameters()
    points = collect(features, params, use)
    kernel = Kernel(points, params)
    modes = spectrum(kernel.transition, params.n_dimensions, params.seed)
    in_phase = phase_bin(modes.phase(), params.n_phases)
    code = branches(modes, params) * params.n_phases + in_phase
    ones, shape = np.ones(len(code)), (len(code), params.n_branches * params.n_phases)
    members = sparse.csr_array((ones, (np.arange(len(code)), code)), shape=shape)
    occupancy = _occupancy(members, points.y, features[0].n_states, params)
    markov = _markov(points, members)
    return Model(params, features[0].neurons, kernel, modes, members, markov, occupancy)
