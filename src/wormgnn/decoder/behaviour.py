"""`BehaviourDecoder`: fit, predict, score, and how far to trust it on a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from wormgnn import __version__
from wormgnn.decoder import recordings, training
from wormgnn.decoder.recordings import as_recording, steady
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
_Convert = Callable[[pd.DataFrame], Any]


@dataclass(frozen=True)
class Trust:
    """How far a decoder can be trusted on one recording; nothing here uses its labels.

    - `laboratory`: whose worms the recording resembles, or is to be decoded like; `""` for none.
    - `decoder`: `local` or `general`.
    - `distance`: from the nearest laboratory's worms, over that of its own worms when left out: 1
      is typical of them. NaN where too few neurons are shared.
    - `limit`: the largest distance that its next worm is expected to have (one-sided 99 %
      prediction interval; `CAUTIOUS` for a laboratory without a local decoder).
    - `neurons`, `missing`: those that the decoder reads and the recording has, and has not, those
      of most weight first.
    - `expected`, `lowest`: balanced accuracy on unseen worms in the same position by as many
      neurons, mean and lowest; NaN where none were left out.
    - `trained_on`: whether the recording is one of the training worms.
    """

    laboratory: str
    decoder: str
    distance: float
    limit: float
    neurons: tuple[str, ...]
    missing: tuple[str, ...]
    expected: float
    lowest: float
    trained_on: bool

    @property
    def facts(self) -> dict[str, str | float | bool]:
        """What a summary and a JSON tell of it, in their order."""
        names = ("distance", "limit", "expected", "lowest", "trained_on")
        return {"resembles": self.laboratory, **{name: getattr(self, name) for name in names}}

    @property
    def position(self) -> Literal["trained", "unknown", "near", "unlike"]:
        """Whether it is one of the training worms, or how it lies to them."""
        if self.trained_on:
            return "trained"
        if np.isnan(self.distance):
            return "unknown"
        return "near" if self.distance <= self.limit else "unlike"

    def sentence(self) -> str:
        """The same in plain words."""
        if self.position == "trained":
            return "The decoder was trained on this recording: nothing follows for other worms."
        told = f"(distance {self.distance:.2f}, limit {self.limit:.2f})"
        where = {
            "unknown": "Too few neurons are named to compare this recording with the training "
            "worms.",
            "near": f"This recording is as near to the training worms of {self.laboratory} as they "
            f"are to each other {told}.",
            "asked": f"This recording was decoded like a worm of {self.laboratory}, as was asked, "
            f"but is unlike them {told}.",
            "unlike": f"This recording is unlike the training worms {told}, so its slow activity "
            "was left aside.",
        }["asked" if self.position == "unlike" and self.laboratory else self.position]
        if np.isnan(self.expected):
            return f"{where} No unseen worms tell what accuracy to expect: label some minutes."
        return (
            f"{where} On unseen worms in that position, by as many neurons, a mean of "
            f"{self.expected:.0%} of the frames of each state were right (lowest worm "
            f"{self.lowest:.0%})."
        )


class BehaviourDecoder(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Behavioural states of worms from the calcium traces of whatever neurons are named.

    `X` is a Recording, or a sequence of them; a DataFrame (seconds by neurons) or a pynapple
    `TsdFrame` can be decoded as well. Probabilities hold for states that are equally frequent.

    What is chosen:

    - `n_states`: 2, 4 or 7.
    - `C`: inverse strength of the penalty on weights. From 1e-4 to 1e-3 little changes.
    - `bands_s`: seconds of the running means that the general decoder takes away, one decoder for
      each.
    - `smooth_s`: standard deviation, in seconds, of the Gaussian that smooths log-odds over time.
    - `level`: of the prediction interval that decides whether a recording resembles a laboratory's
      worms.
    - `like`: the laboratory whose local decoder is to be used, whatever the distance: who recorded
      the worm knows whether it could move. `general` for the general decoder; if empty, the
      recording decides.

    What is fitted:

    - `classes_`: names of the states; `version_`: of this package that trained it.
    - `general_`: the general decoder; `laboratories_`: `Laboratory` by the name of its dataset.
    - `left_out_`: scores on worms that were left out of training: laboratory, worm, decoder
      (`local`; `general`; `abroad`, the general one without any worm of this laboratory),
      n_neurons, share (of the decoder's squared weights), distance, balanced_accuracy. Where fewer
      neurons than a worm has: drawn at random.
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

    def fit(self, X: Sequence[Recording], y: None = None) -> BehaviourDecoder:
        """Train on labelled recordings; worms of one `dataset` are one laboratory's.

        Laboratories whose labels lack some of the states are left aside. TrainingError for fewer
        than two worms; StateError where no laboratory's labels have every state; NeuronError for
        fewer than `MIN_NEURONS` names to learn from; RecordingError for a gap between frames, or
        two worms of one name.
        """
        self.classes_ = np.array(vocabulary(self.n_states))
        worms = [steady(worm) for worm in X]
        check_names(worms)
        groups = recordings.with_all_states(worms, self.n_states)
        if (n_worms := sum(map(len, groups.values()))) < 2:
            raise TrainingError(f"expected two worms or more to train on, found {n_worms}")
        learned = training.train(groups, self.n_states, self.C, self.bands_s, self.smooth_s)
        self.general_, self.laboratories_, self.left_out_ = learned
        self.version_ = __version__
        return self

    def predict_proba(self, X: object) -> Any:
        """Probability of each state in each frame: a DataFrame by seconds, a list for a list.

        A pynapple `TsdFrame` gives another. NeuronError if a recording names fewer than
        `MIN_NEURONS` of the decoder's neurons; RecordingError for gaps longer than `LONGEST_GAP_S`.
        """
        return self._each(X, lambda table: table, recordings.tsd_frame)

    def predict(self, X: object) -> Any:
        """Name of the likeliest state in each frame: a Series by seconds, a list for a list.

        A pynapple `TsdFrame` gives a `Tsd` of places in `classes_`. Errors as of `predict_proba`.
        """
        return self._each(X, lambda table: table.idxmax(axis=1).rename("state"), recordings.tsd)

    def intervals(self, X: object) -> Any:
        """When a worm is in each state: a pynapple `IntervalSet` by state, a list for a list.

        Errors as of `predict_proba`; ImportError without pynapple.
        """
        return self._each(X, recordings.intervals, recordings.intervals)

    def score(self, X: Recording | Sequence[Recording], y: None = None) -> float:
        """Mean over recordings of the balanced accuracy; StateError for one without labels."""
        check_is_fitted(self)
        scores = []
        for recording in [X] if isinstance(X, Recording) else X:
            codes = self._probabilities(recording).to_numpy().argmax(axis=1)
            labelled = recordings.labels(recording, self.n_states)
            scores.append(recordings.balanced_accuracy(labelled, codes, self.n_states))
        return float(np.mean(scores))

    def trust(self, X: object) -> Trust:
        """How far to trust the decoder on a recording, without its labels."""
        check_is_fitted(self)
        recording = as_recording(X)
        nearest, distance, limit = self._nearest(steady(recording))
        near, asked = distance <= limit, self.like not in ("", _GENERAL)
        laboratory = nearest if near or asked else ""
        how, linear = self._linear(laboratory)
        ranked = tuple(linear.weights())
        used = tuple(name for name in ranked if name in recording.neurons)
        if len(used) < MIN_NEURONS:
            raise NeuronError(
                f"{recording.worm}: expected {MIN_NEURONS} or more of the neurons "
                f"{', '.join(sorted(ranked[:MOST_NAMED]))}"
                f"{' ...' if len(ranked) > MOST_NAMED else ''}; found "
                f"{', '.join(sorted(used)) or 'none'} among the {len(recording.identified)} that "
                "are named there"
            )
        rows = self.left_out_[self.left_out_["decoder"] == (how if near else "abroad")]
        if near:
            rows = rows[rows["laboratory"] == laboratory]
        elif asked:  # on no worm was that tried
            rows = rows.iloc[:0]
        means = training.by_share(rows, linear.share(used))
        return Trust(
            laboratory=laboratory,
            decoder=how,
            distance=distance,
            limit=limit,
            neurons=used,
            missing=tuple(name for name in ranked if name not in used),
            expected=float(means.mean()),
            lowest=float(means.min()),
            trained_on=any(recording.digest in lab.digests for lab in self.laboratories_.values()),
        )

    def _each(self, X: object, of_table: _Convert, of_pynapple: _Convert) -> Any:
        check_is_fitted(self)
        if isinstance(X, (list, tuple)):
            return [self._each(item, of_table, of_pynapple) for item in X]
        table = self._probabilities(as_recording(X))
        return of_pynapple(table) if recordings.is_pynapple(X) else of_table(table)

    def _probabilities(self, recording: Recording) -> pd.DataFrame:
        _, linear = self._linear(self.trust(recording).laboratory)
        even = steady(recording)
        logits = training.logits(linear, even, self.smooth_s) / linear.temperature
        own = [np.interp(recording.times, even.times, column) for column in logits.T]
        table = softmax(np.stack(own, axis=1), axis=1)
        index = pd.Index(recording.times, name="time_s")
        return pd.DataFrame(table, index=index, columns=list(self.classes_))

    def _linear(self, laboratory: str) -> tuple[str, Linear]:
        """Which decoder decodes a worm like a laboratory's (or like none's): its kind, and it."""
        local = self.laboratories_[laboratory].local if laboratory else None
        if local is None or self.like == _GENERAL:
            return _GENERAL, self.general_
        return "local", local

    def _nearest(self, recording: Recording) -> tuple[str, float, float]:
        """The laboratory that a recording resembles most, its distance, and the limit.

        That of `like`, if it names one. Else those with a local decoder come first, where the
        recording lies within the limit. NaN where it can be compared with none.
        """
        if self.like not in ("", _GENERAL):
            local = {name: lab for name, lab in self.laboratories_.items() if lab.local is not None}
            chosen("laboratory", self.like, {**local, _GENERAL: None})
            return self.like, *local[self.like].distance(recording, self.level)
        every = []
        for name, laboratory in self.laboratories_.items():
            level = self.level if laboratory.local is not None else min(self.level, CAUTIOUS)
            distance, limit = laboratory.distance(recording, level)
            if np.isfinite(distance):
                inside = distance <= limit
                every.append((not (inside and laboratory.local), distance / limit, name, limit))
        _, ratio, name, limit = min(every, default=(True, np.nan, "", np.nan))
        return name, ratio * limit, limit

    @property
    def digest(self) -> str:
        """SHA-256 of the trained arrays, as in the decoder's file."""
        return training.digest(self._learned().arrays())

    def save(self, path: Path | str) -> None:
        """Write the trained decoder to an `.npz` of plain arrays, with a manifest in JSON."""
        training.write(Path(path), self._learned(), self.get_params(), self.version_)

    def _learned(self) -> training.Learned:
        check_is_fitted(self)
        return training.Learned(self.general_, self.laboratories_, self.left_out_)

    @classmethod
    def load(cls, path: Path | str | None = None, n_states: int = 2) -> BehaviourDecoder:
        """A trained decoder from a file, or the one that comes with this package.

        `n_states` picks among those of the package. SourceError for a file that is no decoder,
        is damaged, or has another number of states.
        """
        states = np.array(vocabulary(n_states))
        if path is None:
            shipped = resources.files("wormgnn") / "weights" / f"decoder-{n_states}.npz"
            with resources.as_file(shipped) as file:
                return cls.load(file, n_states)
        learned, parameters, version = training.read(path)
        with reading(path, "parameters", "those of a BehaviourDecoder"):
            decoder = cls(**parameters)
        if decoder.n_states != n_states:
            found = f"expected a decoder of {n_states} states, found {decoder.n_states}"
            raise SourceError(path, "parameters", found)
        decoder.general_, decoder.laboratories_, decoder.left_out_ = learned
        decoder.classes_, decoder.version_ = states, version
        return decoder
