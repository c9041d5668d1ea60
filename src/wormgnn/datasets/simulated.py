"""Simulated worms: behaviour and tuning measured on Kato's worms (2015), all else made up.

Behaviour is a semi-Markov chain over Kato's seven states. It drives a cyclic latent of a
few dimensions, which each worm mixes into its neurons by loadings that are partly its own:
the individual variability that the paper speaks of, with a dial. Slow signals of each pair of
neurons, calcium kinetics, bleaching and noise follow. What these worms show was put into them:
no number computed on them says anything about *C. elegans*. They serve to try the code, and to
ask where a model's assumptions pay off.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm
from scipy.signal import lfilter

from wormgnn.datasets.measured import FOLLOWS, behaviour, neuron_class, with_gaps
from wormgnn.errors import ChoiceError
from wormgnn.recording import PAPER_NEURONS, UNIDENTIFIED, Recording
from wormgnn.states import SEVEN

Floats = NDArray[np.float64]
Random = np.random.Generator

Mixing = Literal["loadings", "neurons"]
"""`loadings`: each neuron's weights on the latent, before a nonlinearity, so that no linear map
undoes it to the letter. `neurons`: the named signals among themselves, `A X` (eq. 14) with a
rotation A of each worm, which its transpose undoes but for the noise."""

MIXINGS: tuple[Mixing, ...] = get_args(Mixing)

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

Loadings = Literal["kato", "groups"]
"""What named neurons follow: `kato`, what their class follows in Kato's worms, so that left and
right are alike, in what is the worm's own, too; `groups`, one of four directions, and left and
right each have their own part (the worms of the chapter on mixing)."""

# The paper's 15 neurons (first line of each group) and others, by what they follow there.
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
_OTHERS = tuple(sorted(set(" ".join(_GROUPS.values()).split()) - set(PAPER_NEURONS)))

_FIRST_ZERO = 3.83
"""Of the Bessel function J1."""


@dataclass(frozen=True)
class Physics:
    """What happens between behaviour and fluorescence; times in seconds.

    The defaults make worms that look like Kato's. `loadings` says what named neurons follow;
    beside it stand the spread of a neuron's own weights in all worms (`own_loading`), of what
    is the worm's own at a mixing of 1 (`worm_loading`), and of unidentified neurons
    (`unnamed_loading`). `drift` is the size of each neuron's slow signal beside behaviour, as a
    share of what Kato's neurons have there. ChoiceError for unknown loadings.
    """

    loadings: Loadings = "kato"
    latent_s: float = 0.4
    latent_noise: float = 0.15
    nuisance_s: float = 12.0
    own_loading: float = 0.05
    worm_loading: float = 0.75
    unnamed_loading: float = 0.1
    drift: float = 0.4
    rise_s: float = 0.4
    decay_s: float = 1.5
    bleach_s: float = 500.0
    bleach_fraction: float = 0.02
    noise: float = 0.016
    named_fraction: float = 0.5
    n_unidentified: int = 30

    def __post_init__(self) -> None:
        if self.loadings not in get_args(Loadings):
            raise ChoiceError("loadings", self.loadings, get_args(Loadings))


_KATO_LIKE = Physics()


@dataclass(frozen=True)
class Simulation:
    """Simulated worms, of the size of Kato's five unless said otherwise.

    Parameters
    ----------
    mixing, kind
        Individual variability, from 0 (every worm mixes the latent into its neurons alike) to 1
        (each in its own way: nothing carries over from worm to worm), and what is mixed; see
        `Mixing`. Behaviour, latent and noise do not depend on them: the same worm at another
        mixing is what it would have been.
    n_worms, duration_s, fps
        Worms; seconds of each; frames per second, from which each worm's own rate departs
        by up to 4 in 100. Kato's worms have 1080 s at 2.8 to 3.1 frames per second.

    ChoiceError for an unknown kind, ValueError for a `mixing` outside [0, 1] or a duration under
    ten frames.
    """

    mixing: float
    kind: Mixing = "loadings"
    seed: int = 0
    n_worms: int = 5
    duration_s: float = 1080.0
    fps: float = 2.9
    physics: Physics = _KATO_LIKE

    def __post_init__(self) -> None:
        if not 0 <= self.mixing <= 1 or self.duration_s * self.fps < 10:
            found = f"mixing {self.mixing}, {self.duration_s} s at {self.fps} frames per second"
            raise ValueError(f"expected a mixing from 0 to 1 and ten frames or more, found {found}")
        if self.kind not in MIXINGS:
            raise ChoiceError("kind of mixing", self.kind, MIXINGS)

    def recordings(self) -> list[Recording]:
        """The worms, the same for the same simulation; worm k depends on no other worm."""
        return [_worm(self, number) for number in range(1, self.n_worms + 1)]

    def shared(self) -> list[Recording]:
        """The same worms before mixing, without noise: what they have in common."""
        quiet = replace(self.physics, noise=0.0)
        return replace(self, mixing=0.0, physics=quiet).recordings()


def simulate(
    n_worms: int = 5,
    duration_s: float = 360.0,
    fps: float = 2.9,
    seed: int = 0,
    mixing: float = 0.1,
    physics: Physics = _KATO_LIKE,
    kind: Mixing = "loadings",
) -> list[Recording]:
    """Recordings of a `Simulation`, by default the worms of the dataset `simulated`."""
    return Simulation(mixing, kind, seed, n_worms, duration_s, fps, physics).recordings()


def _worm(simulation: Simulation, number: int) -> Recording:
    physics, of_neurons = simulation.physics, simulation.kind == "neurons"
    # A generator of its own: the mixture takes no draw from the rest of the worm.
    own, mixing = [simulation.seed, number, 1], simulation.mixing if of_neurons else 0.0
    rotation = rotation_of_neurons(len(PAPER_NEURONS), mixing, own)
    random = np.random.default_rng([simulation.seed, number])
    fps = round(simulation.fps * random.uniform(0.96, 1.04), 4)
    states = behaviour(round(simulation.duration_s * fps), fps, random)
    neurons = _neurons(physics, random)
    latent = _latent(states, fps, physics, random)
    loadings = _loadings(neurons, 0.0 if of_neurons else simulation.mixing, physics, random)
    columns = np.array([neurons.index(name) for name in PAPER_NEURONS])
    drive = latent @ loadings.T
    if physics.drift:
        other = np.random.default_rng([simulation.seed, number, 2])
        drive += physics.drift * _slow_signals(neurons, len(states), fps, physics, other)
    return Recording(
        worm=f"simulated-{number}",
        dataset="simulated",
        traces=_fluorescence(drive, fps, columns, rotation, physics, random),
        neurons=neurons,
        fps=fps,
        states=with_gaps(states, random),
        vocabulary=SEVEN,
    )


def rotation_of_neurons(size: int, mixing: float, seed: int | Sequence[int]) -> Floats:
    """Rotation that mixes the signals of neurons, shape (size, size); the identity at 0.

    `exp(mixing K)`, where the random antisymmetric K is so large that at a mixing of 1 a
    neuron keeps next to nothing of its own signal: the spectrum of K is a semicircle of
    radius r = 3.83, for which the mean diagonal, `2 J1(r) / r`, is zero.
    """
    drawn = np.random.default_rng(seed).normal(0, 1, (size, size))
    radius = np.sqrt(8 * size)  # of the spectrum of drawn - drawn.T
    generator = (drawn - drawn.T) * _FIRST_ZERO / radius
    return np.asarray(expm(mixing * generator))


def _latent(states: NDArray[np.int64], fps: float, physics: Physics, random: Random) -> Floats:
    """Latent activity, shape (frames, dimensions): task dimensions, then nuisance."""
    degrees, speed, side = np.array([_LATENT[name] for name in SEVEN]).T
    angle = np.deg2rad(degrees)
    targets = np.stack([np.cos(angle), np.sin(angle), speed, side], axis=1)[states]
    wobble = physics.latent_noise * _drift(targets.shape, 2.0, fps, random)
    task = _relax(targets + wobble, physics.latent_s, fps)
    nuisance = _drift((len(states), N_NUISANCE), physics.nuisance_s, fps, random)
    return np.concatenate([task, nuisance], axis=1)


def _neurons(physics: Physics, random: Random) -> tuple[str, ...]:
    """The paper's 15, some of the others, and unidentified ones, in a random order."""
    others = [name for name in _OTHERS if random.random() < physics.named_fraction]
    names = [*PAPER_NEURONS, *others, *[UNIDENTIFIED] * physics.n_unidentified]
    return tuple(names[column] for column in random.permutation(len(names)))


def _loadings(neurons: tuple[str, ...], mixing: float, physics: Physics, random: Random) -> Floats:
    """Weight of each latent dimension in each neuron, shape (neurons, dimensions).

    A rotation by `mixing` quarter turns leads from what the species shares to what is the
    worm's own, so that the size of the weights stays the same.
    """
    size = len(neurons), _DIMENSIONS
    own = random.normal(0, physics.worm_loading, size)
    if physics.loadings == "kato":
        own = _alike_in_pairs(own, neurons, axis=0)
    unnamed = zip(neurons, random.normal(0, physics.unnamed_loading, size), strict=True)
    shared = np.array([_species_loading(name, physics) if name else row for name, row in unnamed])
    angle = mixing * np.pi / 2
    return np.asarray(np.cos(angle) * shared + np.sin(angle) * own)


def _species_loading(name: str, physics: Physics) -> Floats:
    """Loading of a named neuron that all worms share: its class's or group's, and its own part."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    loading = physics.own_loading * np.random.default_rng(seed).normal(0, 0.6, _DIMENSIONS)
    if physics.loadings == "kato":
        loading[:N_TASK] += FOLLOWS[neuron_class(name)][:N_TASK]
    else:
        group = next(group for group, names in _GROUPS.items() if name in names.split())
        loading[:N_TASK] += _DIRECTIONS[group]
    return np.asarray(loading)


def _alike_in_pairs(values: Floats, neurons: tuple[str, ...], axis: int) -> Floats:
    """Values of which all but a fifth of the variance is common to a class, along an axis."""
    # A neuron without a name is alone in its class.
    classes = [neuron_class(name) if name else column for column, name in enumerate(neurons)]
    of_class = values.take([classes.index(name) for name in classes], axis)
    return np.asarray(np.sqrt(0.8) * of_class + np.sqrt(0.2) * values)


def _slow_signals(
    neurons: tuple[str, ...], n_frames: int, fps: float, physics: Physics, random: Random
) -> Floats:
    """What neurons do beside behaviour, as much as Kato's; shape (frames, neurons)."""
    spread = [FOLLOWS[neuron_class(n)][-1] if n else physics.unnamed_loading for n in neurons]
    drift = _drift((n_frames, len(neurons)), physics.nuisance_s, fps, random)
    return np.asarray(spread * _alike_in_pairs(drift, neurons, axis=1))


def _fluorescence(
    drive: Floats,
    fps: float,
    mixed: NDArray[np.int64],
    rotation: Floats,
    physics: Physics,
    random: Random,
) -> Floats:
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


def _relax(values: Floats, time_s: float, fps: float) -> Floats:
    """First-order low-pass along frames, begun at rest at the first frame's value."""
    keep = np.exp(-1 / (time_s * fps))
    start = keep * values[:1]
    return np.asarray(lfilter([1 - keep], [1, -keep], values, axis=0, zi=start)[0])


def _drift(shape: tuple[int, ...], time_s: float, fps: float, random: Random) -> Floats:
    """Ornstein-Uhlenbeck noise of unit variance, shape (frames, dimensions)."""
    keep = np.exp(-1 / (time_s * fps))
    steps = random.normal(0, np.sqrt(1 - keep**2), shape)
    steps[0] = random.normal(0, 1, shape[1:])
    return np.asarray(lfilter([1], [1, -keep], steps, axis=0))


_PHYSICS = Physics(
    decay_s=5.0, noise=0.03, bleach_fraction=0.1, named_fraction=0.4, n_unidentified=40
)
_UNNAMED = (
    ("AVBL", "RIML", "VB01", "VB02"),
    ("ALA", "VB01", "VB02"),
    ("ALA", "RMED", "VB01"),
    ("AVBL", "VB02"),
)
"""Neurons of the paper that nobody named, one group for each animal in turn."""

_MISTAKEN = ("RIML", "VB02")
"""The second animal: the name, and the neuron of the paper that carries it by mistake."""

_SURE, _UNSURE = 5.0, 2.0


def simulate_other_lab(
    n_worms: int = 4, duration_s: float = 480.0, seed: int = 100
) -> list[Recording]:
    """Simulated animals of another laboratory; the same for the same arguments.

    They are imaged at another frame rate, with a slower indicator, more bleaching and more noise;
    some of the paper's neurons are not named, and in the second animal one name is given to the
    wrong neuron, with low confidence.
    """
    worms = simulate(n_worms, duration_s, fps=1.7, seed=seed, mixing=0.2, physics=_PHYSICS)
    return [_relabelled(worm, number) for number, worm in enumerate(worms)]


def _relabelled(worm: Recording, number: int) -> Recording:
    """The worm under its laboratory's name, with the identities that were called there."""
    mistaken = dict([_MISTAKEN[::-1]]) if number == 1 else {}
    unnamed = {*_UNNAMED[number % len(_UNNAMED)], *mistaken.values()} - {*mistaken}
    names = [mistaken.get(n, UNIDENTIFIED if n in unnamed else n) for n in worm.neurons]
    doubtful = {*mistaken.values(), PAPER_NEURONS[number]}
    confidence = [_UNSURE if n in doubtful else _SURE for n in names]
    return replace(
        worm,
        worm=f"other-{number + 1}",
        dataset="elsewhere",
        neurons=tuple(names),
        confidence=np.array([c if n else 0.0 for n, c in zip(names, confidence, strict=True)]),
    )
