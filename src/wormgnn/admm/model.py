"""Asymmetric diffusion map modelling: fit on some worms, place any worm on the manifold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from wormgnn.admm.embedding import (
    Codes,
    Floats,
    Parameters,
    collect,
    embed_worm,
    local_noise,
    require_neurons,
)
from wormgnn.admm.kernel import Kernel
from wormgnn.admm.manifold import Manifold, Spectrum, build, phase_bin, spectrum
from wormgnn.errors import ChoiceError
from wormgnn.features import Features

Readout = Literal["spread", "position"]


@dataclass(frozen=True)
class Model:
    """A fitted manifold, and the maps from a worm's activity onto it.

    Attributes
    ----------
    params
        What it was fitted with.
    neurons
        Names, in the order of the features' columns.
    kernel, spectrum, manifold
        Transition probabilities between training points, their eigenvectors, and the
        coarse grain made of both.
    """

    params: Parameters
    neurons: tuple[str, ...]
    kernel: Kernel
    spectrum: Spectrum
    manifold: Manifold

    def weights(self, worm: Features) -> sparse.csr_array:
        """Probability of each training point at each frame, shape (frames, points).

        NeuronError if the worm's neurons are not the model's.
        """
        require_neurons(worm, self.neurons, "the model's")
        x = embed_worm(worm, self.params)
        return self.kernel.weights(x, local_noise(x, self.params.noise_frames))

    def bins(self, worm: Features) -> Floats:
        """Probability of each manifold bin at each frame, shape (frames, bins)."""
        return np.asarray((self.weights(worm) @ self.manifold.members).toarray())

    def predict_proba(self, worm: Features) -> Floats:
        """Probability of each state at each frame, shape (frames, states)."""
        return self.bins(worm) @ self.manifold.occupancy

    def predict_states(self, worm: Features, readout: Readout = "spread") -> Codes:
        """Most probable state at each frame, shape (frames,).

        `spread` averages the occupancy over all bins where the frame may be; `position`
        takes the one bin of its phase and branch, the two variables of the original.
        """
        if readout == "spread":
            return self.predict_proba(worm).argmax(axis=1)
        if readout == "position":
            return self.manifold.occupancy[self.position(worm)].argmax(axis=1)
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
        power = np.linalg.matrix_power(self.manifold.markov, horizon_frames)
        return self.bins(worm) @ (power @ self.manifold.occupancy)

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
    """Fit the manifold on one worm or several.

    Brennan and Proekt 2019, eLife 8:e46814: delay embedding, asymmetric diffusion map, its
    first complex eigenvector as phase, trajectories grouped into loops, and activity and
    behaviour averaged along them.

    Parameters
    ----------
    features
        Worms with the same neurons, in the same order, and the same vocabulary of states.
    params
        The method's choices; the defaults were chosen on training worms alone.
    use
        For each worm the frames that may be used, shape (frames,); all if None.

    Raises
    ------
    NeuronError
        Worms whose neurons differ.
    RecordingError
        A worm with too few frames for the delays.
    """
    params = params or Parameters()
    points = collect(features, params, use)
    kernel = Kernel(points, params)
    found = spectrum(kernel.transition, params.n_dimensions, params.seed)
    manifold = build(points, found, features[0].n_states, params)
    return Model(params, features[0].neurons, kernel, found, manifold)
