"""`BehaviourDecoder`: fit, predict, score, and how far to trust it on a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from wormgnn import __version__
from wormgnn.decoder import archive, tsd
from wormgnn.decoder.recordings import (
    as_recording,
    balanced_accuracy,
    labels,
    steady,
    with_all_states,
)
from wormgnn.decoder.training import Recipe, train
from wormgnn.decoder.trust import Trust, expected
from wormgnn.errors import NeuronError, SourceError, TrainingError, chosen, reading
from wormgnn.linear import MIN_NEURONS, Linear
from wormgnn.recording import Recording, check_names
from wormgnn.states import vocabulary

BANDS_S = (8.0, 20.0, 40.0)
"""Seconds of the running means that the general decoder takes away, unless told otherwise."""

UNSURE = 0.75
"""A frame is unsure where no state's probability is higher."""

CAUTIOUS = 0.8
"""Level for a laboratory without a local decoder: to resemble its worms changes nothing but the
accuracy that is promised, and a few worms resemble much."""

MOST_NAMED = 25
"""Most neurons that a message names."""

_GENERAL = "general"
_SHIPPED = "weights/decoder-{}.npz"


class BehaviourDecoder(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Behavioural states of worms from the calcium traces of whatever neurons are named.

    Parameters
    ----------
    n_states
        2, 4 or 7.
    C
        Inverse strength of the penalty on weights. From 1e-4 to 1e-3 little changes.
    bands_s
        Seconds of the running means that the general decoder takes away, one decoder for each.
    smooth_s
        Standard deviation, in seconds, of the Gaussian that smooths log-odds over time.
    level
        Level of the prediction interval that decides whether a recording resembles a
        laboratory's worms.
    like
        Laboratory whose local decoder is to be used, whatever the distance: who recorded the worm
        knows whether it could move. `general` for the general decoder; if empty, the recording
        decides.

    Attributes
    ----------
    classes_
        Names of the states.
    general_
        The general decoder.
    laboratories_
        `Laboratory` by the name of its dataset.
    version_
        Version of this package that trained it.
    left_out_
        Scores on worms that were left out of training: laboratory, worm, decoder (`local`;
        `general`; `abroad`, the general one without any worm of this laboratory), n_neurons,
        share (of the decoder's squared weights), distance, balanced_accuracy. Where fewer neurons
        than a worm has: drawn at random.

    Notes
    -----
    `X` is a Recording, or a sequence of them; a DataFrame (seconds by neurons) or a pynapple
    `TsdFrame` can be decoded as well. Probabilities hold for states that are equally frequent.
    """

    def __init__(
        self,
        n_states: int = 2,
        C: float = 3e-4,
        bands_s: Sequence[float] = BANDS_S,
        smooth_s: float = 0.7,
        level: float = 0.99,
        like: str = "",
    ) -> None:
        self.like = like
        self.n_states = n_states
        self.bands_s = bands_s
        self.C = C
        self.smooth_s = smooth_s
        self.level = level

    # --- training ------------------------------------------------------------------------------

    def fit(self, X: Sequence[Recording], y: None = None) -> BehaviourDecoder:
        """Train on labelled recordings; worms of one `dataset` are one laboratory's.

        Laboratories whose labels lack some of the states are left aside.

        Raises
        ------
        TrainingError
            Fewer than two worms.
        StateError
            No laboratory whose labels have every state.
        NeuronError
            Fewer than `MIN_NEURONS` names to learn from.
        RecordingError
            A gap between frames, or two worms of one name.
        """
        self.classes_ = np.array(vocabulary(self.n_states))
        worms = [steady(worm) for worm in X]
        check_names(worms)
        groups = with_all_states(worms, self.n_states)
        n_worms = sum(map(len, groups.values()))
        if n_worms < 2:
            raise TrainingError(f"expected two worms or more to train on, found {n_worms}")
        self.general_, self.laboratories_, self.left_out_ = train(self._recipe, groups)
        self.version_ = __version__
        return self

    @property
    def _recipe(self) -> Recipe:
        return Recipe(self.n_states, self.C, self.bands_s, self.smooth_s)

    # --- decoding ------------------------------------------------------------------------------

    def predict_proba(self, X: object) -> Any:
        """Probability of each state in each frame: a DataFrame by seconds, a list for a list.

        A pynapple `TsdFrame` gives another. NeuronError if a recording names fewer than
        `MIN_NEURONS` of the decoder's neurons; RecordingError for gaps longer than `LONGEST_GAP_S`.
        """
        return self._each(X, lambda table: table, tsd.frame)

    def predict(self, X: object) -> Any:
        """Name of the likeliest state in each frame: a Series by seconds, a list for a list.

        A pynapple `TsdFrame` gives a `Tsd` of places in `classes_`. Errors as of `predict_proba`.
        """
        return self._each(X, lambda table: table.idxmax(axis=1).rename("state"), tsd.codes)

    def intervals(self, X: object) -> Any:
        """When a worm is in each state: a pynapple `IntervalSet` by state, a list for a list.

        Errors as of `predict_proba`; ImportError without pynapple.
        """
        return self._each(X, tsd.intervals, tsd.intervals)

    def score(self, X: object, y: None = None, sample_weight: None = None) -> float:
        """Balanced accuracy over labelled frames, the mean over recordings.

        StateError for a recording without labels.
        """
        check_is_fitted(self)
        recordings = [X] if isinstance(X, Recording) else list(cast("Sequence[Recording]", X))
        scores = []
        for recording in recordings:
            codes = np.asarray(self._probabilities(recording)).argmax(axis=1)
            scores.append(balanced_accuracy(labels(recording, self.n_states), codes, self.n_states))
        return float(np.mean(scores))

    def trust(self, X: object) -> Trust:
        """How far to trust the decoder on a recording, without its labels."""
        check_is_fitted(self)
        recording = as_recording(X)
        laboratory, distance, limit = self._nearest(steady(recording))
        near = bool(laboratory) and distance <= limit
        asked = bool(self.like) and self.like != _GENERAL
        how, linear = self._linear(laboratory if near or asked else "")
        used, missing = _used(linear, recording)
        rows = self.left_out_[self.left_out_["decoder"] == (how if near else "abroad")]
        if near:
            rows = rows[rows["laboratory"] == laboratory]
        elif asked:  # on no worm was that tried
            rows = rows.iloc[:0]
        means = expected(rows, linear.share(used))
        return Trust(
            laboratory=laboratory if near or asked else "",
            decoder=how,
            distance=distance,
            limit=limit,
            neurons=used,
            missing=missing,
            expected=float(means.mean()),
            lowest=float(means.min()),
            trained_on=any(recording.digest in lab.digests for lab in self.laboratories_.values()),
        )

    def _linear(self, laboratory: str) -> tuple[str, Linear]:
        """Which decoder decodes a worm like a laboratory's (or like none's): its kind, and it."""
        local = self.laboratories_[laboratory].local if laboratory else None
        if local is None or self.like == _GENERAL:
            return _GENERAL, self.general_
        return "local", local

    def _each(
        self,
        X: object,
        of_table: Callable[[pd.DataFrame], Any],
        of_pynapple: Callable[[pd.DataFrame], Any],
    ) -> Any:
        check_is_fitted(self)
        if isinstance(X, (list, tuple)):
            return [self._each(item, of_table, of_pynapple) for item in X]
        table = self._probabilities(as_recording(X))
        return of_pynapple(table) if tsd.is_pynapple(X) else of_table(table)

    def _probabilities(self, recording: Recording) -> pd.DataFrame:
        _, linear = self._linear(self.trust(recording).laboratory)
        even = steady(recording)
        logits = self._recipe.logits(linear, even) / linear.temperature
        own = [np.interp(recording.times, even.times, column) for column in logits.T]
        table = softmax(np.stack(own, axis=1), axis=1)
        index = pd.Index(recording.times, name="time_s")
        return pd.DataFrame(table, index=index, columns=list(self.classes_))

    def _nearest(self, recording: Recording) -> tuple[str, float, float]:
        """The laboratory that a recording resembles most, its distance, and the limit.

        That of `like`, if it names one. Else those with a local decoder come first, where the
        recording lies within the limit.
        """
        if self.like and self.like != _GENERAL:
            locals_ = {n: lab for n, lab in self.laboratories_.items() if lab.local is not None}
            chosen("laboratory", self.like, {**locals_, _GENERAL: None})
            return self.like, *locals_[self.like].distance(recording, self.level)
        every = []
        for name, laboratory in self.laboratories_.items():
            level = self.level if laboratory.local is not None else min(self.level, CAUTIOUS)
            distance, limit = laboratory.distance(recording, level)
            if np.isfinite(distance):
                inside = distance <= limit
                every.append((not (inside and laboratory.local), distance / limit, name, limit))
        if not every:
            return "", np.nan, np.nan
        _, ratio, name, limit = min(every)
        return name, ratio * limit, limit

    # --- files ---------------------------------------------------------------------------------

    @property
    def digest(self) -> str:
        """SHA-256 of the trained arrays, as in the decoder's file."""
        return archive.digest(self._trained().arrays)

    def _trained(self) -> archive.Trained:
        check_is_fitted(self)
        return archive.Trained(
            self.get_params(), self.general_, self.laboratories_, self.left_out_, self.version_
        )

    def save(self, path: Path | str) -> None:
        """Write the trained decoder to an `.npz` of plain arrays, with a manifest in JSON."""
        archive.write(Path(path), self._trained())

    @classmethod
    def load(cls, path: Path | str | None = None, n_states: int = 2) -> BehaviourDecoder:
        """A trained decoder from a file, or the one that comes with this package.

        `n_states` picks among those of the package. SourceError for a file that is no decoder,
        is damaged, or has another number of states.
        """
        vocabulary(n_states)
        if path is None:
            shipped = resources.files("wormgnn") / _SHIPPED.format(n_states)
            with resources.as_file(shipped) as file:
                return cls.load(file, n_states)
        trained = archive.read(path)
        with reading(path, "parameters", "those of a BehaviourDecoder"):
            decoder = cls(**trained.parameters)
        if decoder.n_states != n_states:
            found = f"expected a decoder of {n_states} states, found {decoder.n_states}"
            raise SourceError(path, "parameters", found)
        decoder.classes_ = np.array(vocabulary(n_states))
        decoder.general_, decoder.laboratories_ = trained.general, trained.laboratories
        decoder.left_out_, decoder.version_ = trained.left_out, trained.version
        return decoder


def _used(linear: Linear, recording: Recording) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Neurons of the decoder that a recording has, and lacks, those of most weight first.

    NeuronError if it has fewer than `MIN_NEURONS`.
    """
    ranked = tuple(linear.weights())
    used = tuple(name for name in ranked if name in set(recording.neurons))
    if len(used) < MIN_NEURONS:
        raise NeuronError(
            f"{recording.worm}: expected {MIN_NEURONS} or more of the neurons "
            f"{', '.join(sorted(ranked[:MOST_NAMED]))}"
            f"{' ...' if len(ranked) > MOST_NAMED else ''}; found "
            f"{', '.join(sorted(used)) or 'none'} among the {len(recording.identified)} that "
            "are named there"
        )
    return used, tuple(name for name in ranked if name not in used)
