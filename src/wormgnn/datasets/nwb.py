"""Neurodata Without Borders, as DANDI 000776 and its kin hold whole-brain recordings of worms.

Traces
    A `RoiResponseSeries` of shape (frames, neurons): `SignalCalciumImResponseSeries` of
    `SignalRawFluor`, a series of `CalciumFluorescence`, or `GCaMP_activity`; any other where it is
    the only one. Seconds from its `timestamps`, or its `rate`.
Names
    `labels` of the object `NeuronIDs`, or the column `ID_labels` of the series' table of ROIs.
Behaviour
    In the processing module `Behavior`: `reversal_events`, intervals in seconds or one number for
    each frame (not zero: reversing), and `velocity`. As in `wormgnn.datasets.wormwideweb`, a frame
    outside all reversals is *forward* where the velocity is positive, else it has no state.

Files are opened by `pynwb` (`pip install 'wormgnn[nwb]'`), with the extensions cached inside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from wormgnn.errors import SourceError, building, reading
from wormgnn.files import check_regular
from wormgnn.limits import MAX_FRAMES, MAX_NEURONS, MAX_VALUES
from wormgnn.recording import NO_STATE, Recording, frames_per_second, unique_names
from wormgnn.states import TWO

PREFERRED = ("SignalCalciumImResponseSeries", "CalciumFluorescence", "GCaMP_activity")
"""Names of the series, or of what holds it, in the order in which they are looked for."""


def is_nwb(path: Path) -> bool:
    """Whether an HDF5 file says that it is NWB."""
    with reading(path, "", "an HDF5 file"), h5py.File(path, "r") as file:
        return "nwb_version" in file.attrs


def read(path: Path | str) -> list[Recording]:
    """The one recording in a file; the worm is named after the file.

    Raises
    ------
    SourceError
        No pynwb, no NWB, no or several series of traces, a field of the wrong size.
    RecordingError
        Values that no recording may have.
    """
    path = Path(path)
    check_regular(path)
    try:
        import pynwb
    except ImportError as error:
        raise SourceError(
            path, "", "expected pynwb to read NWB with, found none: pip install 'wormgnn[nwb]'"
        ) from error
    with (
        reading(path, "", "an NWB file"),
        pynwb.NWBHDF5IO(str(path), "r", load_namespaces=True) as file,
    ):
        return [_recording(path, file.read())]


def _recording(path: Path, content: Any) -> Recording:
    series = _series(path, content)
    traces = _traces(path, series)
    times = _times(path, series, len(traces))
    with reading(path, series.name, "timestamps that rise over two frames or more"):
        fps = frames_per_second(times)
    names = _names(path, content, series, traces.shape[1])
    with building(path):
        return Recording(
            worm=path.stem,
            dataset="nwb",
            traces=traces,
            neurons=unique_names([[name] for name in names]),
            fps=fps,
            states=_states(path, content, times),
            vocabulary=TWO,
            times=times - times[0],
        )


def _series(path: Path, content: Any) -> Any:
    every = [o for o in content.objects.values() if type(o).__name__ == "RoiResponseSeries"]
    for wanted in PREFERRED:
        named = [s for s in every if wanted in (s.name, getattr(s.parent, "name", ""))]
        if len(named) == 1:
            return named[0]
    if len(every) != 1:
        found = ", ".join(sorted(f"{s.parent.name}/{s.name}" for s in every)) or "none"
        raise SourceError(path, "RoiResponseSeries", f"expected one of traces, found {found}")
    return every[0]


def _traces(path: Path, series: Any) -> NDArray[np.float64]:
    shape = tuple(series.data.shape)
    if len(shape) != 2 or shape[0] > MAX_FRAMES or shape[1] > MAX_NEURONS:
        raise SourceError(path, series.name, f"expected (frames, neurons), found shape {shape}")
    if shape[0] * shape[1] > MAX_VALUES:
        raise SourceError(path, series.name, f"expected {MAX_VALUES} values at most, found {shape}")
    with reading(path, series.name, "numbers"):
        return np.asarray(series.data[:], dtype=np.float64)


def _times(path: Path, series: Any, frames: int) -> NDArray[np.float64]:
    """Seconds of each frame on the file's clock, shape (frames,)."""
    if series.timestamps is None:
        start = series.starting_time or 0.0
        return np.asarray(start + np.arange(frames) / series.rate, dtype=np.float64)
    times = np.asarray(series.timestamps[:], dtype=np.float64)
    if times.shape != (frames,):
        found = f"expected {frames} timestamps, one for each frame, found shape {times.shape}"
        raise SourceError(path, series.name, found)
    return times


def _names(path: Path, content: Any, series: Any, neurons: int) -> Sequence[str]:
    field, labels = "NeuronIDs", None
    for thing in content.objects.values():
        if thing.name == "NeuronIDs":
            labels = getattr(thing, "labels", None)
    if labels is None:
        field, table = "ID_labels", series.rois.table
        if field not in table.colnames:
            found = ", ".join(table.colnames) or "none"
            raise SourceError(path, field, f"expected names of neurons, found the columns: {found}")
        rows = np.asarray(series.rois.data[:], dtype=np.int64)
        labels = np.asarray(table[field].data[:], dtype=object)[rows]
    names = [label.decode() if isinstance(label, bytes) else str(label) for label in labels[:]]
    if len(names) != neurons:
        raise SourceError(path, field, f"expected {neurons} names, found {len(names)}")
    return names


def _states(path: Path, content: Any, times: NDArray[np.float64]) -> NDArray[np.int64]:
    states = np.full(len(times), NO_STATE, dtype=np.int64)
    module = content.processing.get("Behavior")
    found = {thing.name: thing for thing in content.objects.values() if _inside(thing, module)}
    events, velocity = found.get("reversal_events"), found.get("velocity")
    if events is None:
        return states
    with reading(path, "velocity", "a number and a time for each sample"):
        forward = np.ones(len(times), dtype=bool)
        if velocity is not None:
            forward = _at(velocity, times) > 0
    states[forward] = TWO.index("forward")
    with reading(path, "reversal_events", "intervals in seconds, or a number for each frame"):
        states[_reversing(events, times)] = TWO.index("reverse")
    return states


def _inside(thing: Any, module: Any) -> bool:
    while thing is not None and thing is not module:
        thing = thing.parent
    return thing is not None


def _reversing(events: Any, times: NDArray[np.float64]) -> NDArray[np.bool_]:
    if hasattr(events, "colnames"):  # a table of intervals
        starts, stops = (np.asarray(events[name].data[:]) for name in ("start_time", "stop_time"))
    elif type(events).__name__ == "IntervalSeries":  # 1 where one starts, -1 where it stops
        signs, at = np.asarray(events.data[:]), np.asarray(events.timestamps[:])
        starts, stops = at[signs > 0], at[signs < 0]
    else:
        return np.asarray(_at(events, times) > 0.5)
    pairs = zip(starts, stops, strict=True)
    return np.any([(times >= a) & (times < b) for a, b in pairs] or [times < times[0]], axis=0)


def _at(series: Any, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of a time series at some times."""
    values = np.asarray(series.data[:], dtype=np.float64)
    own = _times(Path(series.name), series, len(values))
    return np.interp(times, own, values)
