"""Simulated worms: the behaviour's statistics from Kato et al. 2015, all else made up.

Behaviour is a semi-Markov chain over Kato's seven states. It drives a cyclic latent of a
few dimensions, which each worm mixes into its neurons by loadings that are partly its own:
the individual variability that the paper speaks of, with a dial. Calcium kinetics,
bleaching and noise follow. No number computed on these worms says anything about
*C. elegans*; they serve to try the code, and to ask where a model's assumptions pay off.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from wormgnn.errors import ChoiceError
from wormgnn.recording import UNIDENTIFIED, Recording
from wormgnn.sources.behaviour import behaviour, with_gaps
from wormgnn.sources.kato import STATES
from wormgnn.sources.layouts import (
    write_kato,
    write_kato_older,
    write_nichols,
    write_wormwideweb,
)
from wormgnn.sources.mixture import MIXINGS, Mixing, rotation_of_neurons

__all__ = ["simulate", "write_kato", "write_kato_older", "write_nichols", "write_wormwideweb"]

# Where each state sits in the latent: an angle on the cycle that worms run through, then
# forward speed, and the side of a turn (or which of the two reversals began it).
_LATENT = {
    "fwd": (0, 1.0, 0.0),
    "slow": (30, -0.5, 0.0),
    "rev1": (135, 0.0, 0.4),
    "rev2": (135, 0.0, -0.4),
    "revsus": (180, 0.0, 0.0),
    "dt": (270, 0.0, 1.0),
    "vt": (270, 0.0, -1.0),
}
N_TASK, N_NUISANCE = 4, 2
_DIMENSIONS = N_TASK + N_NUISANCE

# The paper's 15 neurons (first line of each group) and others, by what they follow here.
_GROUPS = {
    "reverse": "AIBL AIBR AVAL AVAR AVER RIML RIMR AVEL VA01 DA01 RIFR SABVL",
    "forward": "AVBL RID RMED RMEL RMER VB01 VB02 AVBR RIBL RIBR DB01 RMEV",
    "turn": "RIVL RIVR SMDVL SMDVR SMDDL SMDDR",
    "none": "ALA ASKL ASKR OLQDL OLQDR RIS AVFL AVFR",
}
_DIRECTIONS = {
    "reverse": (-1.0, 0.1, 0.0, 0.0),
    "forward": (0.8, 0.0, 0.6, 0.0),
    "turn": (0.1, -0.9, 0.0, 0.5),
    "none": (0.0, 0.0, 0.0, 0.0),
}
_PAPER = "AIBL AIBR ALA AVAL AVAR AVBL AVER RID RIML RIMR RMED RMEL RMER VB01 VB02"
PAPER_NEURONS = tuple(_PAPER.split())
"""The neurons that the paper found in all of Kato's worms; every simulated worm has them."""
_OTHERS = tuple(sorted(set(" ".join(_GROUPS.values()).split()) - set(PAPER_NEURONS)))


@dataclass(frozen=True)
class Physics:
    """What happens between behaviour and fluorescence; times in seconds."""

    latent_s: float = 0.8
    latent_noise: float = 0.35
    nuisance_s: float = 12.0
    own_loading: float = 0.5
    rise_s: float = 0.4
    decay_s: float = 1.8
    bleach_s: float = 500.0
    bleach_fraction: float = 0.15
    noise: float = 0.06
    named_fraction: float = 0.5
    n_unidentified: int = 30


def simulate(
    n_worms: int = 5,
    duration_s: float = 360.0,
    fps: float = 2.9,
    seed: int = 0,
    mixing: float = 0.4,
    physics: Physics | None = None,
    kind: Mixing = "loadings",
) -> list[Recording]:
    """Simulated recordings, the same for the same arguments; worm k depends on no other worm.

    Parameters
    ----------
    n_worms, duration_s, fps
        Worms; seconds of each; frames per second, from which each worm's own rate departs
        by up to 4 in 100, as in Kato's.
    seed
        Seed of all randomness.
    mixing
        Individual variability, from 0 (every worm mixes the latent into its neurons
        alike) to 1 (each in its own way: nothing carries over from worm to worm).
    physics
        Time constants, noise and number of neurons.
    kind
        What `mixing` mixes; see `mixture.Mixing`. Behaviour, latent and noise do not depend on it,
        nor on `mixing`: the same worm at another mixing is what it would have been.

    Raises
    ------
    ChoiceError
        An unknown kind.
    ValueError
        A `mixing` outside [0, 1], or a duration under ten frames.
    """
    if not 0 <= mixing <= 1 or duration_s * fps < 10:
        found = f"mixing {mixing}, {duration_s} s at {fps} frames per second"
        raise ValueError(f"expected a mixing from 0 to 1 and ten frames or more, found {found}")
    if kind not in MIXINGS:
        raise ChoiceError("kind of mixing", kind, MIXINGS)
    physics, of_neurons = physics or Physics(), kind == "neurons"
    worms = []
    for number in range(1, n_worms + 1):
        # A generator of its own: the mixture takes no draw from the rest of the worm.
        rotation = rotation_of_neurons(
            len(PAPER_NEURONS), mixing if of_neurons else 0.0, [seed, number, 1]
        )
        loadings = 0.0 if of_neurons else mixing
        random = np.random.default_rng([seed, number])
        worms.append(_worm(number, duration_s, fps, loadings, rotation, physics, random))
    return worms


def _worm(
    number: int,
    duration_s: float,
    fps: float,
    mixing: float,
    rotation: NDArray[np.float64],
    physics: Physics,
    random: np.random.Generator,
) -> Recording:
    fps = round(fps * random.uniform(0.96, 1.04), 4)
    n_frames = round(duration_s * fps)
    states = behaviour(n_frames, fps, random)
    neurons = _neurons(physics, random)
    latent = _latent(states, fps, physics, random)
    drive = latent @ _loadings(neurons, mixing, physics, random).T
    columns = np.array([neurons.index(name) for name in PAPER_NEURONS])
    return Recording(
        worm=f"simulated-{number}",
        dataset="simulated",
        traces=_fluorescence(drive, fps, columns, rotation, physics, random),
        neurons=neurons,
        fps=fps,
        states=with_gaps(states, random),
        vocabulary=STATES,
    )


def _latent(
    states: NDArray[np.int64], fps: float, physics: Physics, random: np.random.Generator
) -> NDArray[np.float64]:
    """Latent activity, shape (frames, dimensions): task dimensions, then nuisance."""
    targets = np.array([_target(name) for name in STATES])[states]
    wobble = physics.latent_noise * _drift(targets.shape, 2.0, fps, random)
    task = _relax(targets + wobble, physics.latent_s, fps)
    nuisance = _drift((len(states), N_NUISANCE), physics.nuisance_s, fps, random)
    return np.concatenate([task, nuisance], axis=1)


def _target(name: str) -> tuple[float, float, float, float]:
    degrees, speed, side = _LATENT[name]
    angle = np.deg2rad(degrees)
    return float(np.cos(angle)), float(np.sin(angle)), speed, side


def _neurons(physics: Physics, random: np.random.Generator) -> tuple[str, ...]:
    """The paper's 15, some of the others, and unidentified ones, in a random order."""
    others = [name for name in _OTHERS if random.random() < physics.named_fraction]
    names = [*PAPER_NEURONS, *others, *[UNIDENTIFIED] * physics.n_unidentified]
    return tuple(names[column] for column in random.permutation(len(names)))


def _loadings(
    neurons: tuple[str, ...], mixing: float, physics: Physics, random: np.random.Generator
) -> NDArray[np.float64]:
    """Weight of each latent dimension in each neuron, shape (neurons, dimensions).

    A rotation by `mixing` quarter turns leads from what the species shares to what is the
    worm's own, so that the size of the weights stays the same.
    """
    size = len(neurons), _DIMENSIONS
    own = random.normal(0, 0.5, size)
    unnamed = random.normal(0, 0.5, size)
    shared = np.array(
        [
            _species_loading(name, physics) if name != UNIDENTIFIED else unnamed[column]
            for column, name in enumerate(neurons)
        ]
    )
    angle = mixing * np.pi / 2
    return np.asarray(np.cos(angle) * shared + np.sin(angle) * own)


def _species_loading(name: str, physics: Physics) -> NDArray[np.float64]:
    """Loading of a named neuron that all worms share: its group's, and its own part."""
    group = next(group for group, names in _GROUPS.items() if name in names.split())
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    loading = physics.own_loading * np.random.default_rng(seed).normal(0, 0.6, _DIMENSIONS)
    loading[:N_TASK] += _DIRECTIONS[group]
    return np.asarray(loading)


def _fluorescence(
    drive: NDArray[np.float64],
    fps: float,
    mixed: NDArray[np.int64],
    rotation: NDArray[np.float64],
    physics: Physics,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """dF/F0 of each neuron, shape (frames, neurons); `rotation` mixes the columns `mixed`."""
    frames, neurons = drive.shape
    rate = np.logaddexp(0, 2.0 * (drive - random.normal(0.2, 0.2, neurons)))
    calcium = _relax(_relax(rate, physics.rise_s, fps), physics.decay_s, fps)
    calcium[:, mixed] = calcium[:, mixed] @ rotation.T
    calcium *= random.lognormal(-1.2, 0.4, neurons)
    seconds = np.arange(frames)[:, None] / fps
    bleaching = physics.bleach_fraction * random.uniform(0, 2, neurons)
    kept = 1 - bleaching * (1 - np.exp(-seconds / physics.bleach_s))
    return np.asarray((1 + calcium) * kept - 1 + random.normal(0, physics.noise, drive.shape))


def _relax(values: NDArray[np.float64], time_s: float, fps: float) -> NDArray[np.float64]:
    """First-order low-pass along frames, begun at rest at the first frame's value."""
    keep = np.exp(-1 / (time_s * fps))
    start = keep * values[:1]
    return np.asarray(lfilter([1 - keep], [1, -keep], values, axis=0, zi=start)[0])


def _drift(
    shape: tuple[int, ...], time_s: float, fps: float, random: np.random.Generator
) -> NDArray[np.float64]:
    """Ornstein-Uhlenbeck noise of unit variance, shape (frames, dimensions)."""
    keep = np.exp(-1 / (time_s * fps))
    steps = random.normal(0, np.sqrt(1 - keep**2), shape)
    steps[0] = random.normal(0, 1, shape[1:])
    return np.asarray(lfilter([1], [1, -keep], steps, axis=0))
