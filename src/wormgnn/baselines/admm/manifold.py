"""The manifold: bins of phase on a few branches, what happens in them, and how they follow."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.ndimage import gaussian_filter1d
from sklearn.cluster import KMeans

from wormgnn.baselines.admm.embedding import Codes, Floats, Points
from wormgnn.baselines.admm.parameters import Parameters
from wormgnn.baselines.admm.spectrum import Spectrum


@dataclass(frozen=True)
class Manifold:
    """Coarse grain of the training points: bin = branch * n_phases + phase bin.

    Attributes
    ----------
    phase, branch
        Of each training point, shape (points,); radians from -pi to pi, and a number.
    members
        Membership of points in bins, shape (points, bins), one 1 in each row.
    markov
        Probability to move from bin to bin within one frame, shape (bins, bins).
    occupancy
        Probability of each state in each bin, shape (bins, states).
    n_phases
        Phase bins on a branch.
    """

    phase: Floats
    branch: Codes
    members: sparse.csr_array
    markov: Floats
    occupancy: Floats
    n_phases: int

    def average(self, values: Floats, smoothing_bins: float = 1.0) -> Floats:
        """Mean of per-point values in each bin, shape (branches, phases, columns).

        Smoothed along the phase by a Gaussian of `smoothing_bins`; NaN where a branch has no
        points near. This is the averaged trajectory that figures draw.
        """
        n_branches = self.markov.shape[0] // self.n_phases
        total = (self.members.T @ values).reshape(n_branches, self.n_phases, -1)
        count = np.asarray(self.members.sum(axis=0)).reshape(n_branches, self.n_phases, 1)
        total, count = (_around(part, smoothing_bins) for part in (total, count))
        return np.where(count > 0.5, total / np.maximum(count, 1e-12), np.nan)


def build(points: Points, spectrum: Spectrum, n_states: int, params: Parameters) -> Manifold:
    """Manifold from the training points and their spectrum."""
    phase, branch = spectrum.phase(), branches(spectrum, params)
    code = branch * params.n_phases + phase_bin(phase, params.n_phases)
    n_bins = params.n_branches * params.n_phases
    ones = np.ones(len(code))
    members = sparse.csr_array((ones, (np.arange(len(code)), code)), shape=(len(code), n_bins))
    return Manifold(
        phase=phase,
        branch=branch,
        members=members,
        markov=_markov(points, members),
        occupancy=_occupancy(members, points.y, n_states, params),
        n_phases=params.n_phases,
    )


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
    follows = (np.diff(points.worm) == 0) & (np.diff(points.frame) == 1)
    now = np.flatnonzero(follows)
    count = (members[now].T @ members[now + 1]).toarray()
    leaving = count.sum(axis=1)
    unvisited = np.flatnonzero(leaving == 0)
    count[unvisited, unvisited] = 1.0
    return np.asarray(count / count.sum(axis=1, keepdims=True))


def _occupancy(members: sparse.csr_array, y: Codes, n_states: int, params: Parameters) -> Floats:
    """Counts of states in bins, smoothed along the phase, with one count of the prior added."""
    labels = (y[:, None] == np.arange(n_states)).astype(float)
    counts = (members.T @ labels).reshape(params.n_branches, params.n_phases, n_states)
    smooth = _around(counts, params.phase_smoothing * params.n_phases / (2 * np.pi))
    prior = labels.sum(axis=0) / max(labels.sum(), 1.0)
    flat = smooth.reshape(-1, n_states) + prior
    return np.asarray(flat / flat.sum(axis=1, keepdims=True))


def _around(values: Floats, sigma_bins: float) -> Floats:
    """Smooth along the phase (axis 1), which is a circle."""
    if sigma_bins <= 0:
        return np.asarray(values, dtype=float)
    return np.asarray(gaussian_filter1d(np.asarray(values, float), sigma_bins, axis=1, mode="wrap"))
