"""Freely moving animals in the JSON form of WormWideWeb (Atanas 2023, Dag 2023, ...).

One file holds one animal:

`trace_original`
    Fluorescence over its baseline, (neurons, frames): what is read. `trace_array` is the
    same, z-scored, and stands in where `trace_original` is missing; the scaling of each
    worm to [0, 1] makes them one.
`labeled`
    From the number of a neuron (from 1) to its label and how confident the annotator was
    (1 to 5). A label with a question mark or an unknown side (`SAAD?`) is no identity; of
    two neurons with one label, the more confident keeps it.
`timestamp_confocal`
    Seconds of each frame (else `avg_timestep`, minutes between frames).
`reversal_events`
    [start, stop) frames, counted from 0, in which the animal reverses.
`velocity`
    Forward speed. A frame outside all reversals is *forward* where it is positive; where
    it is not (pauses, and moments of backing too short for a reversal) there is no state.
    Without a velocity, every frame outside the reversals is *forward*.

The site's files of 2026 (`.json`, or `.json.bz2`) hold the same under other names, in groups:
`gcamp.trace_array_original`, `label`, `timing.timestamp_confocal`, `behavior.velocity`,
`behavior.reversal_events`; and `timing.mean_timestep`, in seconds. So does the HDF5 (`UID-data.h5`)
that the laboratory of Atanas 2023 and Dag 2023 keeps itself, with the axes of arrays turned,
without labels, and with times that may go on past the end of the traces (1,600 of 1,137 frames in
2022-05-02-01): they are cut off there, with a warning.

Reversals may go on past the end of the traces, as in one animal of Dag 2023 whose traces were
shortened: they are cut off there, with a warning, if they are in order and do not overlap.

Read as [start, stop), every frame of every reversal in the four animals of Dag 2023 has a
negative velocity; with an end more on either side 1 to 7 in 100 have not.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from wormgnn.datasets.hdf5 import Source
from wormgnn.errors import SourceError, building, reading
from wormgnn.files import check_regular, read_text
from wormgnn.recording import NO_STATE, Recording, frames_per_second, most_confident_names
from wormgnn.states import TWO

Floats = NDArray[np.float64]

_SECONDS_PER_MINUTE = 60.0
GROUPS = ("gcamp", "timing", "behavior")
"""Of the laboratory's own HDF5, which is told by them."""

_PLACES = {
    "trace_original": "gcamp.trace_array_original",
    "trace_array": "gcamp.trace_array",
    "timestamp_confocal": "timing.timestamp_confocal",
    "avg_timestep": "timing.mean_timestep",
    "velocity": "behavior.velocity",
    "reversal_events": "behavior.reversal_events",
}


def read(path: Path | str) -> list[Recording]:
    """The one recording in a file; the worm is named after the file.

    SourceError for no JSON, or a field that is missing or of the wrong kind or size; RecordingError
    for values that no recording may have (NaN or constant traces, times that do not rise).
    """
    path = Path(path)
    text = read_text(path, "a JSON file")
    with reading(path, "", "a JSON file"):
        content = json.loads(text)
    if not isinstance(content, dict):
        raise SourceError(path, "", f"expected a JSON object, found {type(content).__name__}")
    animal = _Animal(path, _flat(path, content) if "gcamp" in content else content)
    return [animal.recording(path.name.removesuffix(".bz2").removesuffix(".json"))]


def read_hdf5(path: Path | str) -> list[Recording]:
    """The one recording in the laboratory's own HDF5, without names.

    The worm is its UID, from the file's name. Errors as of `read`; SourceError also for a link out
    of the file.
    """
    path = Path(path)
    check_regular(path)
    with reading(path, "", f"an HDF5 file with the groups {', '.join(GROUPS)}"):
        animal = _Animal(path, _flat(path, _groups(path)) | {"labeled": {}})
    times, frames = animal.value("timestamp_confocal"), len(animal.traces())
    if len(np.atleast_1d(times)) > frames:
        warnings.warn(
            f"{path}: field 'timing/timestamp_confocal': {len(times)} times for {frames} frames: "
            "those after the end were cut off",
            stacklevel=2,
        )
        animal.content["timestamp_confocal"] = times[:frames]
    return [animal.recording(path.stem.removesuffix("-data"))]


def _groups(path: Path) -> dict[str, dict[str, NDArray[Any]]]:
    """Numbers of the laboratory's HDF5 by group and name, axes as in the JSON."""
    groups: dict[str, dict[str, NDArray[Any]]] = {}
    with h5py.File(path, "r") as file:
        source = Source(path)
        for group, members in source.members(file).items():
            nodes = source.members(members) if group in GROUPS else {}
            for name in {place.partition(".")[2] for place in _PLACES.values()} & set(nodes):
                with reading(path, f"{group}/{name}", "numbers"):
                    if nodes[name].dtype.kind not in "iuf":
                        raise TypeError(f"type {nodes[name].dtype}")
                    groups.setdefault(group, {})[name] = source.values(nodes[name]).T
    return groups


def _flat(path: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Fields of a file of 2026 under the names of the older ones."""
    flat = {"labeled": content["label"]} if "label" in content else {}
    for field, place in _PLACES.items():
        group, _, name = place.partition(".")
        values = content.get(group, {})
        if not isinstance(values, dict):
            raise SourceError(path, group, f"expected an object, found {type(values).__name__}")
        if name in values:
            flat[field] = values[name]
    if "avg_timestep" in flat:
        with reading(path, _PLACES["avg_timestep"], "seconds"):
            flat["avg_timestep"] = float(flat["avg_timestep"]) / _SECONDS_PER_MINUTE
    return flat


@dataclass(frozen=True)
class _Animal:
    """The fields of one animal, under the names of the older JSON."""

    path: Path
    content: dict[str, Any]

    def recording(self, worm: str) -> Recording:
        """Its recording; errors as of `read`."""
        traces = self.traces()
        frames, neurons = traces.shape
        names, confidence = self.names(neurons)
        times, fps = self.times(frames)
        with building(self.path):
            return Recording(
                worm=worm,
                dataset="wormwideweb",
                traces=np.ascontiguousarray(traces),
                neurons=names,
                fps=fps,
                states=self.states(frames),
                vocabulary=TWO,
                times=times,
                confidence=confidence,
            )

    def value(self, field: str) -> Any:
        """A field that must be there."""
        if field not in self.content:
            found = ", ".join(sorted(self.content)) or "none"
            raise SourceError(self.path, field, f"expected this field, found the fields: {found}")
        return self.content[field]

    def array(self, field: str, axes: int, frames: int | None = None) -> Floats:
        """A field of numbers on so many axes, the first of them as long as the traces."""
        value = self.value(field)
        with reading(self.path, field, f"numbers on {axes} axes"):
            array = np.array(value, dtype=np.float64)
        if array.ndim != axes:
            raise SourceError(self.path, field, f"expected {axes} axes, found shape {array.shape}")
        if frames not in (None, len(array) if axes else None):
            raise SourceError(self.path, field, f"expected {frames} frames, found {len(array)}")
        return array

    def traces(self) -> Floats:
        """Traces as they are, or z-scored ones, shape (frames, neurons)."""
        original = "trace_original" in self.content
        return self.array("trace_original" if original else "trace_array", 2).T

    def names(self, neurons: int) -> tuple[tuple[str, ...], Floats]:
        """Names and confidences; an unlabelled neuron has confidence 0."""
        labels, confidence = [""] * neurons, np.zeros(neurons)
        with reading(self.path, "labeled", f"labels of the neurons 1 to {neurons}"):
            for number, entry in self.value("labeled").items():
                column = int(number) - 1
                if not 0 <= column < neurons:
                    raise IndexError(f"neuron {number}")
                labels[column] = str(entry["label"])
                confidence[column] = float(entry.get("confidence") or 0.0)
            if not np.isfinite(confidence).all():
                raise ValueError("a confidence that is no number")
        return most_confident_names(labels, confidence), confidence

    def times(self, frames: int) -> tuple[Floats, float]:
        """Seconds since the first frame, shape (frames,), and frames per second."""
        field = "timestamp_confocal"
        if field in self.content:
            times = self.array(field, 1, frames)
        else:
            field = "avg_timestep"
            step_s = self.array(field, 0) * _SECONDS_PER_MINUTE
            times = np.arange(frames, dtype=np.float64) * np.float64(step_s)
        with reading(self.path, field, "seconds that rise over two frames or more"):
            if not np.isfinite(times).all():
                raise ValueError("NaN or infinity")
            return times - times[0], frames_per_second(times - times[0])

    def states(self, frames: int) -> NDArray[np.int64]:
        """Code of each frame; reversals that go on past the end are cut off there."""
        forward = np.ones(frames, dtype=bool)
        if self.content.get("velocity") is not None:
            forward = self.array("velocity", 1, frames) > 0
        events = self.value("reversal_events")
        with reading(self.path, "reversal_events", f"pairs of frames from 0 to {frames}"):
            bounds = np.array(events, dtype=np.float64)
            if bounds.size and (bounds.ndim != 2 or bounds.shape[1] != 2):
                raise ValueError(f"shape {bounds.shape}")
            start, stop = bounds.reshape(-1, 2).T
            past = stop > frames
            if past.any() and (start < stop).all() and (stop[:-1] <= start[1:]).all():
                warnings.warn(
                    f"{self.path}: field 'reversal_events': {past.sum()} of {len(past)} end past "
                    f"the {frames} frames, from [{start[past][0]:g}, {stop[past][0]:g}] on: cut "
                    "off there",
                    stacklevel=2,
                )
                start, stop = start[start < frames], np.minimum(stop, frames)[start < frames]
            bad = np.flatnonzero(~((start >= 0) & (start < stop) & (stop <= frames)))
            if bad.size:
                raise ValueError(f"[{start[bad[0]]:g}, {stop[bad[0]]:g}]")
            return crawling(forward, inside(start, stop, frames))


def inside(start: NDArray[Any], stop: NDArray[Any], frames: int) -> NDArray[np.bool_]:
    """Which frames lie in one of the intervals [start, stop), given in frames, shape (frames,)."""
    starts, stops = (np.bincount(x.astype(np.int64), minlength=frames + 1) for x in (start, stop))
    return np.asarray(np.cumsum(starts - stops)[:frames] > 0)


def crawling(forward: NDArray[np.bool_], reversing: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Codes of `TWO`, shape (frames,): what is neither forward nor reversing has no state."""
    codes = [TWO.index("reverse"), TWO.index("forward")]
    return np.select([reversing, forward], codes, NO_STATE)
