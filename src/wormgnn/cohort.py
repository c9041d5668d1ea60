"""The worms of a line: what is seen of each, who trains, how frames are used in a fold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wormgnn.datasets import registry
from wormgnn.datasets.simulated import Simulation
from wormgnn.errors import ChoiceError, NeuronError, chosen
from wormgnn.features import Features, Scaling, derivative, features
from wormgnn.folds import Role, Split, roles
from wormgnn.neurons import sets_of
from wormgnn.plan import Experiment, Line, Profile
from wormgnn.recording import Recording, check_names

Subset = tuple[str, ...]

GIVEN = "given recordings"  # name of worms that were handed to `run` in the place of a dataset
OTHER_LAB = "another lab"  # stands for the freely moving animals that go with the training worms


@dataclass(frozen=True)
class Cohort:
    """Worms of which subsets train, and worms that never do.

    The first `n_pool` recordings may train; the order of all decides the folds, with the seed.
    `neurons` are names in the order of the features' columns, of which a worm may lack some, and
    `profile` says which folds, epochs and worm subsets; `only`, which one of these subsets trains,
    where they do not all.
    """

    recordings: tuple[Recording, ...]
    n_pool: int
    neurons: tuple[str, ...]
    profile: Profile
    seed: int = 0
    only: Subset | None = None
    _features: dict[tuple[int, Scaling], tuple[Features, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @classmethod
    def of(
        cls,
        recordings: Sequence[Recording],
        neurons: Sequence[str],
        profile: Profile,
        unseen: Sequence[Recording] = (),
        seed: int = 0,
    ) -> Cohort:
        """Worms that train, and `unseen` ones, with those of the named neurons that each has.

        RecordingError for two worms of one name, NeuronError for a worm that has no such neuron.
        """
        worms = (*recordings, *unseen)
        check_names(worms)
        cohort = cls(worms, len(recordings), tuple(neurons), profile, seed)
        for worm, present in zip(worms, cohort.present, strict=True):
            if not present.any():
                raise NeuronError(f"{worm.worm}: none of the neurons {', '.join(neurons)}")
        return cohort

    @property
    def worms(self) -> tuple[str, ...]:
        """Names of the worms."""
        return tuple(recording.worm for recording in self.recordings)

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Which neurons each worm has, shape (worms, neurons)."""
        named = [set(worm.identified) for worm in self.recordings]
        return np.array([[name in own for name in self.neurons] for own in named])

    @cached_property
    def data(self) -> list[list[str]]:
        """Name and digest of each recording."""
        return [[recording.worm, recording.digest] for recording in self.recordings]

    def complete(self) -> Cohort:
        """The cohort itself; NeuronError names the first worm that lacks a neuron."""
        for worm, present in zip(self.worms, self.present, strict=True):
            if not present.all():
                lacking = [n for n, here in zip(self.neurons, present, strict=True) if not here]
                raise NeuronError(f"{worm}: no neuron named {', '.join(lacking)}")
        return self

    def subsets(self, sizes: Sequence[int] | None) -> list[Subset]:
        """Worms that each member trains on."""
        subsets = self.profile.subsets(self.worms[: self.n_pool], sizes)
        return [subset for subset in subsets if self.only in (None, subset)]

    def known(self, subsets: Sequence[Subset]) -> NDArray[np.bool_]:
        """Neurons named in any training worm of each subset, shape (subsets, neurons)."""
        rows = [[self.worms.index(worm) for worm in subset] for subset in subsets]
        return np.stack([self.present[row].any(axis=0) for row in rows])

    def features(self, n_states: int, scaling: Scaling) -> tuple[Features, ...]:
        """What models see of each worm; zero where it lacks a neuron. Computed once."""
        key = n_states, scaling
        if key not in self._features:
            self._features[key] = tuple(self._spread(n, *key) for n in range(len(self.worms)))
        return self._features[key]

    def _spread(self, number: int, n_states: int, scaling: Scaling) -> Features:
        """Features of the neurons that a worm has, each in its place among all."""
        worm, here = self.recordings[number], self.present[number]
        own = features(worm, [self.neurons[n] for n in np.flatnonzero(here)], n_states, scaling)
        x = np.zeros((len(own.x), len(self.neurons), own.n_frames), dtype=np.float32)
        x[:, here] = own.x
        return replace(own, neurons=self.neurons, x=x)

    def roles(self, worm: int, fold: int, split: Split) -> NDArray[np.int64]:
        """Use of each frame of a worm in a fold, shape (frames,); all train with split `none`."""
        n_frames = self.recordings[worm].n_frames
        if split == "none":
            return np.full(n_frames, Role.TRAIN, dtype=np.int64)
        return roles(n_frames, fold, self.profile.n_folds, split, 100 * self.seed + worm)


View = Callable[[list[Recording], object, Sequence[str]], list[Recording]]
"""From recordings, what they were loaded from, and neurons, to how a model sees them."""


def aligned(recordings: list[Recording], source: object, neurons: Sequence[str]) -> list[Recording]:
    """Each simulated worm's traces after the true alignment: `H = A X` (eq. 14) with the true A.

    No label plays a part, but the truth does: this is what edges could do at best, not what
    anyone could infer.
    """
    if not isinstance(source, Simulation):
        raise ChoiceError("view", "aligned", [n for n in VIEWS if n != "aligned"])
    worms = [worm.select(neurons) for worm in recordings]
    maps = map(alignment, worms, [worm.select(neurons) for worm in source.shared()])
    return [
        replace(worm, traces=_with_constant(worm.traces) @ linear)
        for worm, linear in zip(worms, maps, strict=True)
    ]


def alignment(worm: Recording, shared: Recording) -> NDArray[np.float64]:
    """Linear map from a worm's traces to the shared ones by least squares, (neurons + 1, neurons).

    The last row is the constant.
    """
    return np.asarray(np.linalg.lstsq(_with_constant(worm.traces), shared.traces, rcond=None)[0])


def _with_constant(traces: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([traces, np.ones(len(traces))])


VIEWS: Mapping[str, View] = {
    "as recorded": lambda recordings, source, neurons: recordings,
    "derivative": lambda recordings, source, neurons: [
        replace(worm, traces=derivative(worm)) for worm in recordings
    ],
    "aligned": aligned,
}
"""How a line sees its recordings.

With `derivative` that of each trace stands in its place. The two features are then the first and
the second derivative: a model must tell states from how activity changes, not from how high it is.
"""


class Worms:
    """The worms of an experiment as they are loaded, and the cohorts of its lines, each made once.

    `source` are the worms that train, a dataset or recordings; `profile` and `seed` are the run's.
    """

    def __init__(
        self,
        experiment: Experiment,
        source: str | Sequence[Recording],
        profile: Profile,
        seed: int,
    ) -> None:
        self.experiment, self.profile, self.seed = experiment, profile, seed
        self.source = source if isinstance(source, str) else GIVEN
        self._loaded: dict[str | Simulation, list[Recording]] = {}
        if not isinstance(source, str):
            self._loaded[GIVEN] = list(source)
        self._made: dict[object, Cohort] = {}

    def cohorts(self, line: Line) -> Iterator[Cohort]:
        """One cohort, or one for each set of neurons that other animals are decoded by."""
        source, others = line.train or self.source, self.experiment.unseen
        train, unseen = self._load(source), self._load(None if line.alone else others)
        if line.pool is not None:
            first, last = line.pool
            train, unseen = train[:first], train[-last:]
        if others is not None:
            # The slowest is resampled too: no worm keeps its source's derivative, so that all
            # derivatives are computed alike.
            fps = min(worm.fps for worm in (*train, *unseen))
            train, unseen = ([worm.resample(fps) for worm in w] for w in (train, unseen))
        for neurons, group in sets_of(line.neurons, train, unseen):
            animals = tuple(worm.worm for worm in group)
            key = (source, line.view, line.pool, line.alone, neurons, animals)
            if key not in self._made:
                view = chosen("view", line.view, VIEWS)
                seen, away = (view(worms, source, neurons) for worms in (train, group))
                self._made[key] = Cohort.of(seen, neurons, self.profile, away, self.seed)
            yield self._made[key]

    def recordings(self) -> list[Recording]:
        """Worms of the experiment's datasets; none where each line has simulated ones of its own.

        An experiment without lines has those of its datasets.
        """
        lines = self.experiment.lines
        if lines and all(isinstance(line.train, Simulation) for line in lines):
            return []
        return [*self._load(self.source), *self._load(self.experiment.unseen)]

    def _load(self, source: str | Simulation | None) -> list[Recording]:
        if source is None:
            return []
        if source not in self._loaded:
            other = source == OTHER_LAB
            loaded = registry.other_lab(self.source) if other else registry.load(source)
            self._loaded[source] = loaded
        return self._loaded[source]
