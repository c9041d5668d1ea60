"""A decoder of behaviour for any set of named neurons, in the conventions of scikit-learn.

Two kinds of linear decoders (multinomial logistic regressions) share the work.

The *local* one of a laboratory reads each neuron's z-scored trace and its derivative. On worms of
that laboratory it is the better one; elsewhere the slow part of the traces misleads it.

The *general* one reads traces without their slow part: minus their running mean over 8, 20 and 40
seconds (three decoders, whose log-odds are averaged), with the derivative. It learns from all
laboratories.

Which of the two decodes a recording, the recording itself decides, without labels: the local one
if the second moments of its features lie where the laboratory's next worm is expected (`Trust`).

Neurons that a recording lacks count as zero, the mean of every feature; a strong penalty spreads
the weight over neurons, so that few are missed much.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from wormgnn import __version__, metrics
from wormgnn.errors import (
    NeuronError,
    RecordingError,
    SourceError,
    StateError,
    TrainingError,
    chosen,
    reading,
)
from wormgnn.files import write_atomically
from wormgnn.linear import (
    MIN_NEURONS,
    WHOLE,
    Array,
    Laboratory,
    Linear,
    fit_linear,
    laboratory_of,
    temperature_of,
)
from wormgnn.recording import NO_STATE, Recording, canonical_name, check_names, frames_per_second
from wormgnn.states import merge, vocabulary

BANDS_S = (8.0, 20.0, 40.0)
"""Seconds of the running means that the general decoder takes away, unless told otherwise."""

MIN_WORMS = 3
"""Fewest worms of a laboratory for a local decoder: with two, nothing tells how worms differ."""

UNSURE = 0.75
"""A frame is unsure where no state's probability is higher."""

CAUTIOUS = 0.8
"""Level for a laboratory without a local decoder: to resemble its worms changes nothing but the
accuracy that is promised, and a few worms resemble much."""

MOST_NAMED = 25
"""Most neurons that a message names."""

LONGEST_GAP_S = 5.0
"""Longest gap between two frames that is interpolated."""

_SIZES = (3, 5, 8, 12, 20, 40)  # numbers of neurons at which left-out worms are scored
_DRAWS = 3
_FORMAT = 1
_SHIPPED = "weights/decoder-{}.npz"


@dataclass(frozen=True)
class Trust:
    """How far a decoder can be trusted on one recording; nothing here uses its labels.

    Attributes
    ----------
    laboratory
        Whose worms the recording resembles, or is to be decoded like, or `""`: none.
    decoder
        `local` or `general`.
    distance
        From the nearest laboratory's worms, over that of its own worms when left out: 1 is
        typical of them, and a recording beyond `limit` is not one of them (one-sided 99 %
        prediction interval of the next worm; `CAUTIOUS` for a laboratory without a local decoder).
        NaN where too few neurons are shared.
    limit
        Largest distance that the laboratory's next worm is expected to have.
    neurons, missing
        The decoder's neurons that the recording has, and has not, those of most weight first.
    expected, lowest
        Balanced accuracy on unseen worms in the same position by as many neurons, mean and
        lowest; NaN where none were left out.
    trained_on
        Whether the recording is one of the training worms.
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

    def sentence(self) -> str:
        """The same in plain words."""
        if self.trained_on:
            return "The decoder was trained on this recording: nothing follows for other worms."
        if np.isnan(self.distance):
            where = "Too few neurons are named to compare this recording with the training worms."
        elif self.laboratory and self.distance > self.limit:
            where = (
                f"This recording was decoded like a worm of {self.laboratory}, as was asked, but "
                f"is unlike them (distance {self.distance:.2f}, limit {self.limit:.2f})."
            )
        elif self.laboratory:
            where = (
                f"This recording is as near to the training worms of {self.laboratory} as they "
                f"are to each other (distance {self.distance:.2f}, limit {self.limit:.2f})."
            )
        else:
            where = (
                f"This recording is unlike the training worms (distance {self.distance:.2f}, "
                f"limit {self.limit:.2f}), so its slow activity was left aside."
            )
        if np.isnan(self.expected):
            return f"{where} No unseen worms tell what accuracy to expect: label some minutes."
        return (
            f"{where} On unseen worms in that position, by as many neurons, a mean of "
            f"{self.expected:.0%} of the frames of each state were right (lowest worm "
            f"{self.lowest:.0%})."
        )


def as_recording(data: object) -> Recording:
    """A Recording; or one without labels, from a DataFrame or a pynapple `TsdFrame`.

    The index of a frame holds seconds, its columns are headed by neurons. TypeError for
    anything else.
    """
    if isinstance(data, Recording):
        return data
    frame = data.as_dataframe() if hasattr(data, "as_dataframe") else data
    if not isinstance(frame, pd.DataFrame):
        found = type(data).__name__
        raise TypeError(f"expected a Recording, a DataFrame or a pynapple TsdFrame, found {found}")
    times = frame.index.to_numpy(dtype=np.float64)
    try:
        fps = frames_per_second(times)
    except ValueError as error:
        raise RecordingError(f"index: expected seconds that rise, found {error}") from error
    return Recording(
        worm="recording",
        dataset="memory",
        traces=frame.to_numpy(dtype=np.float64),
        neurons=tuple(canonical_name(str(name)) for name in frame.columns),
        fps=fps,
        states=np.full(len(times), NO_STATE, dtype=np.int64),
        vocabulary=(),
        times=times,
    )


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
        worms = [_steady(worm) for worm in X]
        check_names(worms)
        groups = _with_all_states(worms, self.n_states)
        train = [worm for group in groups.values() for worm in group]
        if len(train) < 2:
            raise TrainingError(f"expected two worms or more to train on, found {len(train)}")
        self.general_ = self._general(train)
        self.laboratories_ = {name: laboratory_of(group) for name, group in groups.items()}
        self._leave_out(groups)
        return self

    def _general(self, train: Sequence[Recording]) -> Linear:
        return fit_linear(train, _vocabulary(train), self.bands_s, self.n_states, self.C)

    def _local(self, train: Sequence[Recording]) -> Linear:
        return fit_linear(train, _vocabulary(train), (WHOLE,), self.n_states, self.C)

    def _leave_out(self, groups: Mapping[str, Sequence[Recording]]) -> None:
        """Score worms left out of training; from it, which local decoders stay, and calibrate."""
        train = [worm for group in groups.values() for worm in group]
        rows: list[dict[str, Any]] = []
        kept: dict[str, list[tuple[Array, NDArray[np.int64]]]] = {}

        def note(name: str, how: str, worm: Recording, linear: Linear) -> None:
            if len(set(linear.neurons) & set(worm.neurons)) < MIN_NEURONS:
                return
            codes = merge(worm, self.n_states)
            place = list(groups[name]).index(worm)
            where = self.laboratories_[name].distance(worm, without=place)[0]
            for names in _draws(worm, linear.neurons):
                logits = self._smooth(linear.logits(worm.select(names)), worm)
                if len(names) == len(set(linear.neurons) & set(worm.neurons)):
                    kept.setdefault(f"{name} {how}", []).append((logits, codes))
                rows.append(
                    {
                        "laboratory": name,
                        "worm": worm.worm,
                        "decoder": how,
                        "n_neurons": len(names),
                        "share": linear.share(names),
                        "distance": where,
                        "balanced_accuracy": _score(codes, logits.argmax(1), self.n_states),
                    }
                )

        for name, group in groups.items():
            others = [worm for worm in train if worm not in _Same(group)]
            abroad = self._general(others) if len(others) > 1 else None
            for worm in group:
                rest = [other for other in train if other is not worm]
                note(name, "general", worm, self._general(rest))
                if abroad is not None:
                    note(name, "abroad", worm, abroad)
                if len(group) >= MIN_WORMS:
                    note(name, "local", worm, self._local([w for w in group if w is not worm]))
        self.left_out_ = pd.DataFrame(rows)
        whole = self.left_out_.groupby(["laboratory", "worm", "decoder"])["n_neurons"]
        full = self.left_out_[self.left_out_["n_neurons"] == whole.transform("max")]
        means = full.groupby(["laboratory", "decoder"])["balanced_accuracy"].mean()
        for name, group in groups.items():
            local = means.get((name, "local"), -np.inf)
            if local > means.get((name, "general"), -np.inf):
                temperature = temperature_of(kept[f"{name} local"])
                linear = replace(self._local(group), temperature=temperature)
                self.laboratories_[name] = replace(self.laboratories_[name], local=linear)
        # Of all worms that the general decoder would get; of another laboratory's, if there are.
        how = "abroad" if len(groups) > 1 else "general"
        held = [pair for key, pairs in kept.items() if key.endswith(f" {how}") for pair in pairs]
        self.general_ = replace(self.general_, temperature=temperature_of(held))

    # --- decoding ------------------------------------------------------------------------------

    def predict_proba(self, X: object) -> Any:
        """Probability of each state in each frame: a DataFrame by seconds, a list for a list.

        NeuronError if a recording names fewer than `MIN_NEURONS` of the decoder's neurons;
        RecordingError for gaps longer than `LONGEST_GAP_S`.
        """
        return self._each(X, self._probabilities)

    def predict(self, X: object) -> Any:
        """Name of the likeliest state in each frame: a Series by seconds, a list for a list."""
        return self._each(X, lambda r: self._probabilities(r).idxmax(axis=1).rename("state"))

    def score(self, X: object, y: None = None, sample_weight: None = None) -> float:
        """Balanced accuracy over labelled frames, the mean over recordings.

        StateError for a recording without labels.
        """
        check_is_fitted(self)
        recordings = [X] if isinstance(X, Recording) else list(cast("Sequence[Recording]", X))
        scores = []
        for recording in recordings:
            codes = np.asarray(self._probabilities(recording)).argmax(axis=1)
            scores.append(_score(labels(recording, self.n_states), codes, self.n_states))
        return float(np.mean(scores))

    def trust(self, X: object) -> Trust:
        """How far to trust the decoder on a recording, without its labels."""
        check_is_fitted(self)
        recording = as_recording(X)
        name, distance, limit = self._nearest(_steady(recording))
        locals_ = {n: lab.local for n, lab in self.laboratories_.items() if lab.local is not None}
        if self.like and self.like != "general":
            chosen("laboratory", self.like, locals_)
            name, (distance, limit) = (
                self.like,
                self.laboratories_[self.like].distance(_steady(recording), self.level),
            )
        near = bool(name) and distance <= limit
        told = self.like in locals_
        linear = self.general_
        if told or (near and name in locals_ and self.like != "general"):
            linear = locals_[name]
        ranked = tuple(linear.weights())
        used = tuple(name for name in ranked if name in set(recording.neurons))
        missing = tuple(name for name in ranked if name not in used)
        if len(used) < MIN_NEURONS:
            raise NeuronError(
                f"{recording.worm}: expected {MIN_NEURONS} or more of the neurons "
                f"{', '.join(sorted(ranked[:MOST_NAMED]))}"
                f"{' ...' if len(ranked) > MOST_NAMED else ''}; found "
                f"{', '.join(sorted(used)) or 'none'} among the {len(recording.identified)} that "
                "are named there"
            )
        how = "general" if linear is self.general_ else "local"
        rows = self.left_out_[self.left_out_["decoder"] == (how if near else "abroad")]
        if near:
            rows = rows[rows["laboratory"] == name]
        elif told:  # on no worm was that tried
            rows = rows.iloc[:0]
        means = _expected(rows, linear.share(used))
        return Trust(
            laboratory=name if near or told else "",
            decoder=how,
            distance=distance,
            limit=limit,
            neurons=used,
            missing=missing,
            expected=float(means.mean()),
            lowest=float(means.min()),
            trained_on=any(recording.digest in lab.digests for lab in self.laboratories_.values()),
        )

    def _each(self, X: object, one: Callable[[Recording], Any]) -> Any:
        check_is_fitted(self)
        if isinstance(X, (list, tuple)):
            return [one(as_recording(item)) for item in X]
        return one(as_recording(X))

    def _probabilities(self, recording: Recording) -> pd.DataFrame:
        trust = self.trust(recording)
        local = self.laboratories_[trust.laboratory].local if trust.laboratory else None
        linear = local if trust.decoder == "local" and local is not None else self.general_
        steady = _steady(recording)
        logits = self._smooth(linear.logits(steady), steady) / linear.temperature
        own = [np.interp(recording.times, steady.times, column) for column in logits.T]
        table = softmax(np.stack(own, axis=1), axis=1)
        index = pd.Index(recording.times, name="time_s")
        return pd.DataFrame(table, index=index, columns=list(self.classes_))

    def _smooth(self, logits: Array, recording: Recording) -> Array:
        if not self.smooth_s:
            return logits
        sigma = self.smooth_s * recording.fps
        return cast(Array, gaussian_filter1d(logits, sigma, axis=0, mode="nearest"))

    def _nearest(self, recording: Recording) -> tuple[str, float, float]:
        """The laboratory that a recording resembles most, its distance, and the limit.

        Those with a local decoder come first, where the recording lies within the limit.
        """
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

    def save(self, path: Path | str) -> None:
        """Write the trained decoder to an `.npz` of plain arrays, with a manifest in JSON."""
        check_is_fitted(self)
        arrays: dict[str, NDArray[Any]] = {}
        laboratories = []
        for number, (name, lab) in enumerate(self.laboratories_.items()):
            arrays[f"moments{number}"] = lab.moments
            about = {"name": name, "local": lab.local is not None}
            laboratories.append(
                about | {"worms": lab.worms, "digests": lab.digests, "neurons": lab.neurons}
            )
        linears = {"general": self.general_} | {
            f"local{number}": lab.local
            for number, lab in enumerate(self.laboratories_.values())
            if lab.local is not None
        }
        for key, linear in linears.items():
            arrays[f"{key}_coef"] = linear.coef.astype(np.float32)
            arrays[f"{key}_intercept"] = linear.intercept
        manifest = {
            "format": _FORMAT,
            "wormgnn": __version__,
            "parameters": self.get_params(),
            "laboratories": laboratories,
            "linear": {
                key: {"neurons": v.neurons, "seconds": v.seconds, "temperature": v.temperature}
                for key, v in linears.items()
            },
            "left_out": self.left_out_.to_dict(orient="list"),
            "sha256": _digest(arrays),
        }
        arrays["manifest"] = np.array(json.dumps(manifest))

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                np.savez_compressed(file, **cast("dict[str, Any]", arrays))

        write_atomically(Path(path), write)

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
        with (
            reading(path, "", "a decoder written by `wormgnn train`"),
            np.load(path, allow_pickle=False) as archive,
        ):
            arrays = {name: np.asarray(archive[name]) for name in archive.files}
            manifest = json.loads(str(arrays.pop("manifest")))
            if manifest["format"] != _FORMAT or manifest["sha256"] != _digest(arrays):
                raise SourceError(path, "manifest", "expected the checksum of the arrays inside")
            parameters = manifest["parameters"]
            decoder = cls(**{**parameters, "bands_s": tuple(parameters["bands_s"])})
            decoder.classes_ = np.array(vocabulary(decoder.n_states))
            linears = {
                key: Linear(
                    tuple(about["neurons"]),
                    tuple(about["seconds"]),
                    arrays[f"{key}_coef"].astype(np.float64),
                    arrays[f"{key}_intercept"],
                    about["temperature"],
                )
                for key, about in manifest["linear"].items()
            }
            decoder.general_ = linears["general"]
            decoder.laboratories_ = {
                about["name"]: Laboratory(
                    tuple(about["worms"]),
                    tuple(about["digests"]),
                    tuple(about["neurons"]),
                    moments=arrays[f"moments{number}"],
                    local=linears.get(f"local{number}"),
                )
                for number, about in enumerate(manifest["laboratories"])
            }
            decoder.left_out_ = pd.DataFrame(manifest["left_out"])
        if decoder.n_states != n_states:
            found = f"expected a decoder of {n_states} states, found {decoder.n_states}"
            raise SourceError(path, "parameters", found)
        return decoder


def labels(recording: Recording, n_states: int) -> NDArray[np.int64]:
    """The recording's own labels in a vocabulary; StateError if it has none there."""
    codes = merge(recording, n_states)
    if (codes == NO_STATE).all():
        wanted, own = " or ".join(vocabulary(n_states)), ", ".join(recording.vocabulary)
        raise StateError(
            f"{recording.worm}: field 'states': expected frames labelled {wanted} to score with, "
            f"found {own or 'no labels'}"
        )
    return codes


def confusion(labelled: NDArray[np.int64], named: NDArray[np.int64], n_states: int) -> Any:
    """Counts of labelled by named states over labelled frames, shape (1, states, states)."""
    counts = np.zeros((1, n_states, n_states), dtype=np.int64)
    known = labelled != NO_STATE
    np.add.at(counts[0], (labelled[known], named[known]), 1)
    return counts


def _score(labelled: NDArray[np.int64], named: NDArray[np.int64], n_states: int) -> float:
    return float(metrics.balanced_accuracy(confusion(labelled, named, n_states))[0])


def _steady(recording: Recording) -> Recording:
    """The recording at evenly spaced frames; RecordingError for a long gap or too few frames."""
    if recording.n_frames < 2:
        raise RecordingError(f"{recording.worm}: expected two frames or more, found one")
    steps = np.diff(recording.times)
    longest = int(steps.argmax())
    if steps[longest] > max(LONGEST_GAP_S, 3 * np.median(steps)):
        raise RecordingError(
            f"{recording.worm}: field 'times': a gap of {steps[longest]:.1f} s after "
            f"{recording.times[longest]:.1f} s (frame {longest}); expected {LONGEST_GAP_S} s or "
            "less: cut the recording there, or give times in seconds"
        )
    rate = (recording.n_frames - 1) / (recording.times[-1] - recording.times[0])
    if abs(rate / recording.fps - 1) > 0.05:
        raise RecordingError(
            f"{recording.worm}: field 'times': {rate:.3g} frames per second by the times, "
            f"{recording.fps:.3g} by the frame rate: which one is right? Times are in seconds"
        )
    if np.abs(steps * rate - 1).max() < 0.2:
        return recording
    return recording.resample(float(rate))


class _Same:
    """Membership by identity: recordings hold arrays, which have no one truth."""

    def __init__(self, items: Sequence[object]) -> None:
        self._ids = {id(item) for item in items}

    def __contains__(self, item: object) -> bool:
        return id(item) in self._ids


def _with_all_states(worms: Sequence[Recording], n_states: int) -> dict[str, list[Recording]]:
    """Worms that have labels by laboratory, of laboratories whose labels have every state."""
    groups: dict[str, list[Recording]] = {}
    for worm in worms:
        groups.setdefault(worm.dataset, []).append(worm)
    usable = {}
    for name, group in groups.items():
        try:
            codes = [np.unique(merge(worm, n_states)) for worm in group]
        except StateError:  # seven states asked of merged labels
            continue
        labelled = [w for w, c in zip(group, codes, strict=True) if (c != NO_STATE).any()]
        if set(np.concatenate(codes)) >= set(range(n_states)):
            usable[name] = labelled
    if not usable:
        wanted = ", ".join(vocabulary(n_states))
        raise StateError(f"expected worms labelled {wanted}; found none with all of them")
    return usable


def _vocabulary(train: Sequence[Recording]) -> tuple[str, ...]:
    """Names to learn from: of one laboratory those that all its worms share, else any of two worms.

    What few worms of one laboratory say of a neuron did not carry over to another one.
    """
    counts = pd.Series([name for worm in train for name in worm.identified]).value_counts()
    fewest = len(train) if len({worm.dataset for worm in train}) == 1 else 2
    names = tuple(sorted(counts.index[counts >= fewest]))
    if len(names) < MIN_NEURONS:
        raise NeuronError(
            f"expected {MIN_NEURONS} neurons or more that training worms share, "
            f"found {', '.join(names) or 'none'}"
        )
    return names


def _expected(left_out: pd.DataFrame, share: float) -> pd.Series[float]:
    """Score of each left-out worm by neurons of about so large a share of the weights, or less."""
    fewer = left_out[left_out["share"] <= 1.05 * share]
    most = fewer.groupby("worm")["share"].transform("max")
    return fewer[fewer["share"] >= 0.9 * most].groupby("worm")["balanced_accuracy"].mean()


def _draws(worm: Recording, neurons: Sequence[str]) -> list[tuple[str, ...]]:
    """All of the worm's neurons that a decoder reads, and fewer at random."""
    has = [name for name in neurons if name in set(worm.neurons)]
    rng = np.random.default_rng(0)
    sizes = [size for size in _SIZES if size < len(has) for _ in range(_DRAWS)]
    return [
        tuple(has),
        *(tuple(has[i] for i in sorted(rng.permutation(len(has))[:n])) for n in sizes),
    ]


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    sha = hashlib.sha256()
    for name in sorted(arrays):
        sha.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        sha.update(np.ascontiguousarray(arrays[name]).tobytes())
    return sha.hexdigest()
