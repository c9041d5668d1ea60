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

_SECONDS_PER_MINUTE = 60.0
_GROUPS = ("gcamp", "timing", "behavior")
_PLACES = {
    "trace_original": "gcamp.trace_array_original",
    "trace_array": "gcamp.trace_array",
    "labeled": "label",
    "timestamp_confocal": "timing.timestamp_confocal",
    "avg_timestep": "timing.mean_timestep",
    "velocity": "behavior.velocity",
    "reversal_events": "behavior.reversal_events",
}


def read(path: Path | str) -> list[Recording]:
    """The one recording in a file; the worm is named after the file.

    Raises
    ------
    SourceError
        No JSON, a missing field, or a field of the wrong kind or size.
    RecordingError
        Values that no recording may have (NaN or constant traces, times that do not rise).
    """
    path = Path(path)
    text = read_text(path, "a JSON file")
    with reading(path, "", "a JSON file"):
        content = json.loads(text)
    if not isinstance(content, dict):
        raise SourceError(path, "", f"expected a JSON object, found {type(content).__name__}")
    worm = path.name.removesuffix(".bz2").removesuffix(".json")
    return [recording(path, worm, _flat(path, content) if "gcamp" in content else content)]


def is_hdf5(path: Path) -> bool:
    """Whether an HDF5 file has the groups of the laboratory's own files."""
    with reading(path, "", "an HDF5 file"), h5py.File(path, "r") as file:
        return set(_GROUPS) <= set(file)


def read_hdf5(path: Path | str) -> list[Recording]:
    """The one recording in the laboratory's own HDF5, without names.

    The worm is its UID, from the file's name. Errors as of `read`; SourceError also for a link out
    of the file.
    """
    path = Path(path)
    check_regular(path)
    with reading(path, "", f"an HDF5 file with the groups {', '.join(_GROUPS)}"):
        content = _flat(path, _groups(path)) | {"labeled": {}}
    times, field = _value(path, content, "timestamp_confocal"), _traces_of(content)
    frames = _array(path, content, field, 2).shape[1]
    if len(np.atleast_1d(times)) > frames:
        warnings.warn(
            f"{path}: field 'timing/timestamp_confocal': {len(times)} times for {frames} frames: "
            "those after the end were cut off",
            stacklevel=2,
        )
        content["timestamp_confocal"] = times[:frames]
    return [recording(path, path.stem.removesuffix("-data"), content)]


def _groups(path: Path) -> dict[str, dict[str, NDArray[Any]]]:
    """Numbers of the laboratory's HDF5 by group and name, axes as in the JSON."""
    with h5py.File(path, "r") as file:
        source = Source(path)
        found: dict[str, dict[str, NDArray[Any]]] = {}
        for group, members in source.members(file).items():
            nodes = source.members(members) if group in _GROUPS else {}
            for name in {place.partition(".")[2] for place in _PLACES.values()} & set(nodes):
                with reading(path, f"{group}/{name}", "numbers"):
                    if nodes[name].dtype.kind not in "iuf":
                        raise TypeError(f"type {nodes[name].dtype}")
                    found.setdefault(group, {})[name] = source.values(nodes[name]).T
    return found


def _flat(path: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Fields of a file of 2026 under the names of the older ones."""
    flat: dict[str, Any] = {}
    for field, place in _PLACES.items():
        group, _, name = place.partition(".")
        if group not in content:
            continue
        values = content[group]
        if not isinstance(values, dict):
            raise SourceError(path, group, f"expected an object, found {type(values).__name__}")
        if not name or name in values:
            flat[field] = values[name] if name else values
    if "avg_timestep" in flat:
        with reading(path, _PLACES["avg_timestep"], "seconds"):
            flat["avg_timestep"] = float(flat["avg_timestep"]) / _SECONDS_PER_MINUTE
    return flat


def recording(path: Path, worm: str, content: dict[str, Any]) -> Recording:
    """A worm's recording from the fields of the older JSON; errors as of `read`."""
    traces = _array(path, content, _traces_of(content), 2).T
    frames, neurons = traces.shape
    names, confidence = _names(path, content, neurons)
    times, fps = _times(path, content, frames)
    with building(path):
        return Recording(
            worm=worm,
            dataset="wormwideweb",
            traces=np.ascontiguousarray(traces),
            neurons=names,
            fps=fps,
            states=_states(path, content, frames),
            vocabulary=TWO,
            times=times,
            confidence=confidence,
        )


def _traces_of(content: dict[str, Any]) -> str:
    return "trace_original" if "trace_original" in content else "trace_array"


def _value(path: Path, content: dict[str, Any], field: str) -> Any:
    if field not in content:
        found = ", ".join(sorted(content)) or "none"
        raise SourceError(path, field, f"expected this field, found the fields: {found}")
    return content[field]


def _array(path: Path, content: dict[str, Any], field: str, axes: int) -> NDArray[np.float64]:
    value = _value(path, content, field)
    with reading(path, field, f"numbers on {axes} axes"):
        array = np.array(value, dtype=np.float64)
    if array.ndim != axes:
        raise SourceError(path, field, f"expected {axes} axes, found shape {array.shape}")
    return array


def _names(
    path: Path, content: dict[str, Any], neurons: int
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Names and confidences of all neurons; an unlabelled one has confidence 0."""
    labels, confidence = [""] * neurons, np.zeros(neurons)
    field = "labeled"
    with reading(path, field, f"labels of the neurons 1 to {neurons}"):
        for number, entry in _value(path, content, field).items():
            column = int(number) - 1
            if not 0 <= column < neurons:
                raise IndexError(f"neuron {number}")
            labels[column] = str(entry["label"])
            confidence[column] = float(entry.get("confidence") or 0.0)
        if not np.isfinite(confidence).all():
            raise ValueError("a confidence that is no number")
    return most_confident_names(labels, confidence), confidence


def _times(path: Path, content: dict[str, Any], frames: int) -> tuple[NDArray[np.float64], float]:
    """Seconds since the first frame, shape (frames,), and frames per second."""
    field = "timestamp_confocal"
    if field in content:
        times = _per_frame(path, content, field, frames)
    else:
        field = "avg_timestep"
        step_s = _array(path, content, field, 0) * _SECONDS_PER_MINUTE
        times = np.arange(frames, dtype=np.float64) * np.float64(step_s)
    with reading(path, field, "seconds that rise over two frames or more"):
        if not np.isfinite(times).all():
            raise ValueError("NaN or infinity")
        return times - times[0], frames_per_second(times - times[0])


def _states(path: Path, content: dict[str, Any], frames: int) -> NDArray[np.int64]:
    states = np.zeros(frames, dtype=np.int64)
    if content.get("velocity") is not None:
        states[~(_per_frame(path, content, "velocity", frames) > 0)] = NO_STATE
    events = _value(path, content, "reversal_events")
    with reading(path, "reversal_events", f"pairs of frames from 0 to {frames}"):
        bounds = np.array(events, dtype=np.float64)
        if bounds.size and (bounds.ndim != 2 or bounds.shape[1] != 2):
            raise ValueError(f"shape {bounds.shape}")
        start, stop = bounds.reshape(-1, 2).T
        past = stop > frames
        if past.any() and (start < stop).all() and (stop[:-1] <= start[1:]).all():
            warnings.warn(
                f"{path}: field 'reversal_events': {past.sum()} of {len(past)} end past the "
                f"{frames} frames, from [{start[past][0]:g}, {stop[past][0]:g}] on: cut off there",
                stacklevel=2,
            )
            start, stop = start[start < frames], np.minimum(stop, frames)[start < frames]
        bad = np.flatnonzero(~((start >= 0) & (start < stop) & (stop <= frames)))
        if bad.size:
            raise ValueError(f"[{start[bad[0]]:g}, {stop[bad[0]]:g}]")
        changes = np.zeros(frames + 1, dtype=np.int64)
        np.add.at(changes, start.astype(np.int64), 1)
        np.add.at(changes, stop.astype(np.int64), -1)
        states[np.cumsum(changes[:-1]) > 0] = TWO.index("reverse")
    return states


def _per_frame(path: Path, content: dict[str, Any], field: str, frames: int) -> NDArray[np.float64]:
    values = _array(path, content, field, 1)
    if values.size != frames:
        raise SourceError(path, field, f"expected {frames} frames, found {values.size}")
    return values
