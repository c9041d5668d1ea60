"""One worm's recording: traces, neuron names, behavioural states and frame times."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from wormgnn.errors import NeuronError, RecordingError

# The largest recording at hand has 3,311 frames of 135 neurons. These are far above it, and far
# below what a computer holds.
MAX_FRAMES = 1_000_000
MAX_NEURONS = 10_000  # traces, identified or not
MAX_VALUES = 20_000_000  # frames times neurons: 160 MB
MAX_SECONDS = 1e6  # eleven days
MAX_FPS = 1_000.0  # the fewest are one in `MAX_SECONDS`
MAX_STATES = 1_000

UNIDENTIFIED = ""  # name of a neuron that nobody has identified
NO_STATE = -1  # code of a frame that carries no behavioural state

PAPER_NEURONS = (
    *("AIBL", "AIBR", "ALA", "AVAL", "AVAR", "AVBL", "AVER", "RID"),
    *("RIML", "RIMR", "RMED", "RMEL", "RMER", "VB01", "VB02"),
)
"""The paper's 15 neurons ("Data Processing"): uniquely identified in all five Kato worms."""

_NUMBERED = re.compile(r"(VA|VB|VC|VD|DA|DB|DD|AS)(\d{1,2})")


def canonical_name(name: str) -> str:
    """Canonical form of a neuron's name: upper case, motor neurons with two digits.

    `VB1`, `vb01` and ` VB01 ` are all `VB01`. Digits alone, `---`, `?` and the
    empty string mean an unidentified neuron and give `UNIDENTIFIED`.
    """
    name = name.strip().upper()
    if not name or not name[0].isalpha() or "?" in name:
        return UNIDENTIFIED
    numbered = _NUMBERED.fullmatch(name)
    return f"{numbered[1]}{int(numbered[2]):02d}" if numbered else name


def unique_names(candidates: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Canonical name of each neuron that has exactly one, and no other neuron has it.

    `candidates` holds the labels of each neuron. Digits, `---` and empty text name nobody;
    two different names leave the neuron unidentified; so does a name that occurs twice.
    """
    found = [{canonical_name(text) for text in texts} - {UNIDENTIFIED} for texts in candidates]
    names = [next(iter(names)) if len(names) == 1 else UNIDENTIFIED for names in found]
    counts = Counter(names)
    return tuple(name if counts[name] == 1 else UNIDENTIFIED for name in names)


def most_confident_names(labels: Sequence[str], confidence: NDArray[np.float64]) -> tuple[str, ...]:
    """Canonical names, each given to the most confident of the neurons that carry it.

    The others of the same name become unidentified, and so do all of them on a tie for
    first place, since then nothing tells them apart. `confidence` has shape (neurons,).
    """
    names = [canonical_name(label) for label in labels]
    ranked = list(zip(names, confidence.tolist(), strict=True))
    best, counts = dict(sorted(ranked)), Counter(ranked)  # the last of a name is the surest
    return tuple(
        name if sure == best[name] and counts[name, sure] == 1 else UNIDENTIFIED
        for name, sure in ranked
    )


@dataclass(frozen=True)
class Recording:
    """Calcium imaging of one worm.

    - `worm`: identifier, unique within its dataset, e.g. `kato-1`.
    - `dataset`: name of the dataset, e.g. `kato`.
    - `traces`: fluorescence change dF/F0, shape (frames, neurons).
    - `neurons`: canonical name of each column, `UNIDENTIFIED` where nobody knows.
    - `fps`: frames per second.
    - `states`: code of the behavioural state at each frame, shape (frames,): an index into
      `vocabulary`, or `NO_STATE`.
    - `vocabulary`: names of the states, in the order of their codes.
    - `times`: seconds since the start, shape (frames,). Evenly spaced at `fps` if left out.
    - `derivatives`: the source's own time derivative of `traces`, shape (frames, neurons), or None.
    - `confidence`: how sure the identification of each neuron is, shape (neurons,), or None.

    RecordingError for shapes that do not fit together, a NaN or constant named trace, a repeated
    name, a state code outside the vocabulary, more than the limits above allow.
    """

    worm: str
    dataset: str
    traces: NDArray[np.float64]
    neurons: tuple[str, ...]
    fps: float
    states: NDArray[np.int64]
    vocabulary: tuple[str, ...]
    times: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    derivatives: NDArray[np.float64] | None = None
    confidence: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if not 1 / MAX_SECONDS <= self.fps <= MAX_FPS:
            raise RecordingError(
                f"{self.worm}: field 'fps': expected frames per second > 0, at least "
                f"{1 / MAX_SECONDS:g} and at most {MAX_FPS:g}, got {self.fps:g}"
            )
        if not self.times.size and self.traces.ndim == 2:
            object.__setattr__(self, "times", np.arange(len(self.traces)) / self.fps)
        _check_shapes(self)
        _check_values(self)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.traces)

    @property
    def identified(self) -> tuple[str, ...]:
        """Names of the identified neurons, sorted."""
        return tuple(sorted(name for name in self.neurons if name != UNIDENTIFIED))

    @property
    def digest(self) -> str:
        """SHA-256 of everything that a result can depend on."""
        sha = hashlib.sha256(repr((self.neurons, self.vocabulary, self.fps)).encode())
        for array in (self.traces, self.states, self.times, self.derivatives):
            sha.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
        return sha.hexdigest()

    def columns(self, neurons: Sequence[str]) -> NDArray[np.int64]:
        """Column of each named neuron; NeuronError names those that are not here."""
        index = {name: column for column, name in enumerate(self.neurons)}
        missing = [name for name in neurons if name not in index]
        if missing:
            raise NeuronError(f"{self.worm}: no neuron named {', '.join(missing)}")
        return np.array([index[name] for name in neurons], dtype=np.int64)

    def select(self, neurons: Sequence[str]) -> Recording:
        """The same recording with the named neurons alone, in the order given."""
        columns = self.columns(neurons)
        return replace(
            self,
            traces=self.traces[:, columns],
            neurons=tuple(neurons),
            derivatives=None if self.derivatives is None else self.derivatives[:, columns],
            confidence=None if self.confidence is None else self.confidence[columns],
        )

    def resample(self, fps: float) -> Recording:
        """The recording at another frame rate.

        Traces are interpolated linearly at the new frame times; a state is taken from
        the nearest old frame. The source's derivative is dropped, since its scale and
        smoothing belong to the old rate. RecordingError for more frames than a recording may have.
        """
        seconds = float(self.times[-1] - self.times[0])
        if not 0 <= seconds * fps < min(MAX_FRAMES, MAX_VALUES / len(self.neurons)):
            raise RecordingError(
                f"{self.worm}: {seconds:g} seconds at {fps:g} frames per second are more than "
                f"{MAX_FRAMES} frames, or {MAX_VALUES} values"
            )
        times = np.arange(self.times[0], self.times[-1] + 1e-9, 1.0 / fps)
        nearest = np.searchsorted((self.times[1:] + self.times[:-1]) / 2, times)
        traces = np.stack([np.interp(times, self.times, trace) for trace in self.traces.T], axis=1)
        return replace(
            self,
            traces=traces,
            states=self.states[nearest],
            times=times,
            fps=fps,
            derivatives=None,
        )


def shared_neurons(recordings: Iterable[Recording]) -> tuple[str, ...]:
    """Names identified in every recording, sorted; NeuronError if there are none."""
    recordings = list(recordings)
    if not recordings:
        raise NeuronError("shared neurons need at least one recording")
    shared = set.intersection(*(set(recording.identified) for recording in recordings))
    if not shared:
        worms = ", ".join(recording.worm for recording in recordings)
        raise NeuronError(f"no identified neuron is shared by {worms}")
    return tuple(sorted(shared))


def check_names(recordings: Sequence[Recording]) -> None:
    """Refuse two worms of one name: the second would pass for one that was trained on."""
    if repeated := _repeated(recording.worm for recording in recordings):
        raise RecordingError(f"each worm's name once, but {repeated} repeats")


def frames_per_second(times: NDArray[np.float64]) -> float:
    """Mean rate of frame times in seconds, shape (frames,); ValueError if they do not rise."""
    if times.ndim != 1 or times.size < 2 or not 0 < times[-1] - times[0] < np.inf:
        raise ValueError(f"times of shape {times.shape} that do not rise")
    return float((times.size - 1) / (times[-1] - times[0]))


def _repeated(names: Iterable[str]) -> str:
    return ", ".join(sorted(name for name, count in Counter(names).items() if count > 1))


def _check_shapes(recording: Recording) -> None:
    name, traces = recording.worm, recording.traces
    if traces.ndim != 2 or 0 in traces.shape:
        raise RecordingError(
            f"{name}: field 'traces': expected (frames, neurons), got {traces.shape}"
        )
    frames, neurons = traces.shape
    for what, found, most in (
        ("frames", frames, MAX_FRAMES),
        ("neurons", neurons, MAX_NEURONS),
        ("values", frames * neurons, MAX_VALUES),
        ("states", len(recording.vocabulary), MAX_STATES),
    ):
        if found > most:
            raise RecordingError(f"{name}: expected {most} {what} at most, got {found}")
    for field_name, wanted in {
        "neurons": (neurons,),
        "states": (frames,),
        "times": (frames,),
        "derivatives": (frames, neurons),
        "confidence": (neurons,),
    }.items():
        values = getattr(recording, field_name)
        if values is not None and np.shape(values) != wanted:
            raise RecordingError(
                f"{name}: field {field_name!r}: expected shape {wanted} to match traces "
                f"{traces.shape}, got {np.shape(values)}"
            )


def _check_values(recording: Recording) -> None:
    def refuse(field_name: str, expected: str) -> None:
        raise RecordingError(f"{recording.worm}: field {field_name!r}: {expected}")

    times, traces, n_states = recording.times, recording.traces, len(recording.vocabulary)
    if repeated := _repeated(recording.identified):
        refuse("neurons", f"each name once, but {repeated} repeats")
    if recording.n_frames > 1 and not (np.diff(times) > 0).all():
        refuse("times", "expected seconds that increase")
    if not times[-1] - times[0] <= MAX_SECONDS:
        refuse("times", f"expected {MAX_SECONDS:g} seconds at most")
    for code in np.setdiff1d(recording.states, np.arange(NO_STATE, n_states)):
        refuse("states", f"code {code} is not in the vocabulary of {n_states} states")
    named = np.array([neuron != UNIDENTIFIED for neuron in recording.neurons])
    for what, broken in (
        ("NaN or infinite", ~np.isfinite(traces).all(axis=0)),
        ("constant", (traces == traces[:1]).all(axis=0)),
    ):
        columns = np.flatnonzero(broken & named)
        if columns.size:
            neurons = ", ".join(recording.neurons[column] for column in columns)
            finite = np.isfinite(traces[:, columns[0]])
            where = "" if finite.all() else f", first in frame {int(finite.argmin())}"
            found = f"{what} trace of {neurons}{where}"
            refuse("traces", f"{found}; expected finite numbers that vary")
