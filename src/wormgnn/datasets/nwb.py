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

from wormgnn.datasets.hdf5 import Source
from wormgnn.datasets.wormwideweb import crawling, inside
from wormgnn.errors import SourceError, building, reading
from wormgnn.files import check_regular
from wormgnn.recording import NO_STATE, Recording, frames_per_second, unique_names
from wormgnn.states import TWO

PREFERRED = ("SignalCalciumImResponseSeries", "CalciumFluorescence", "GCaMP_activity")
"""Names of the series, or of what holds it, in the order in which they are looked for."""


def read(path: Path | str) -> list[Recording]:
    """The one recording in a file; the worm is named after the file.

    SourceError for no pynwb, no NWB, a link to another file, no or several series of traces, or a
    field of the wrong size; RecordingError for values that no recording may have.
    """
    path = Path(path)
    check_regular(path)
    try:
        import pynwb
    except ImportError as error:
        raise SourceError(
            path, "", "expected pynwb to read NWB with, found none: pip install 'wormgnn[nwb]'"
        ) from error
    with reading(path, "", "an NWB file"):
        source = Source(path)
        with h5py.File(path, "r") as file:
            source.check_inside(file)  # pynwb follows links, and reads what it caches whole
        with pynwb.NWBHDF5IO(str(path), "r", load_namespaces=True) as opened:
            return [_recording(source, opened.read())]


def _recording(source: Source, content: Any) -> Recording:
    series = _series(source.path, content)
    if len(series.data.shape) != 2:
        found = f"expected (frames, neurons), found shape {series.data.shape}"
        raise SourceError(source.path, series.name, found)
    with reading(source.path, series.name, "numbers"):
        traces = np.asarray(source.values(series.data), dtype=np.float64)
    times = _times(source, series, len(traces))
    with reading(source.path, series.name, "timestamps that rise over two frames or more"):
        fps = frames_per_second(times)
    names = _names(source, content, series, traces.shape[1])
    with building(source.path):
        return Recording(
            worm=source.path.stem,
            dataset="nwb",
            traces=traces,
            neurons=unique_names([[name] for name in names]),
            fps=fps,
            states=_states(source, content, times),
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


def _times(source: Source, series: Any, frames: int) -> NDArray[np.float64]:
    """Seconds of each frame on the file's clock, shape (frames,)."""
    if series.timestamps is None:
        start = series.starting_time or 0.0
        return np.asarray(start + np.arange(frames) / series.rate, dtype=np.float64)
    times = np.asarray(source.values(series.timestamps), dtype=np.float64)
    if times.shape != (frames,):
        found = f"expected {frames} timestamps, one for each frame, found shape {times.shape}"
        raise SourceError(source.path, series.name, found)
    return times


def _names(source: Source, content: Any, series: Any, neurons: int) -> Sequence[str]:
    field, labels = "NeuronIDs", None
    for thing in content.objects.values():
        if thing.name == "NeuronIDs" and hasattr(thing, "labels"):
            labels = source.values(thing.labels.data)
    if labels is None:
        field, table = "ID_labels", series.rois.table
        if field not in table.colnames:
            found = f"found the columns: {', '.join(table.colnames) or 'none'}"
            raise SourceError(source.path, field, f"expected names of neurons, {found}")
        rows = np.asarray(source.values(series.rois.data), dtype=np.int64)
        labels = source.values(table[field].data)[rows]
    names = [label.decode() if isinstance(label, bytes) else str(label) for label in labels]
    if len(names) != neurons:
        raise SourceError(source.path, field, f"expected {neurons} names, found {len(names)}")
    return names


def _states(source: Source, content: Any, times: NDArray[np.float64]) -> NDArray[np.int64]:
    module = content.processing.get("Behavior")
    named = {thing.name: thing for thing in content.objects.values() if _is_in(thing, module)}
    events, velocity = named.get("reversal_events"), named.get("velocity")
    if events is None:
        return np.full(len(times), NO_STATE, dtype=np.int64)
    with reading(source.path, "velocity", "a number and a time for each sample"):
        forward = np.ones(len(times), dtype=bool)
        if velocity is not None:
            forward = _at(source, velocity, times) > 0
    expected = "intervals in seconds, or a number for each frame"
    with reading(source.path, "reversal_events", expected):
        return crawling(forward, _reversing(source, events, times))


def _is_in(thing: Any, module: Any) -> bool:
    while thing is not None and thing is not module:
        thing = thing.parent
    return thing is not None


def _reversing(source: Source, events: Any, times: NDArray[np.float64]) -> NDArray[np.bool_]:
    if hasattr(events, "colnames"):  # a table of intervals
        starts, stops = (source.values(events[f"{end}_time"].data) for end in ("start", "stop"))
    elif type(events).__name__ == "IntervalSeries":  # 1 where one starts, -1 where it stops
        signs, at = source.values(events.data), source.values(events.timestamps)
        starts, stops = at[signs > 0], at[signs < 0]
    else:
        return np.asarray(_at(source, events, times) > 0.5)
    if len(starts) != len(stops):
        raise ValueError(f"{len(starts)} starts and {len(stops)} stops")
    return inside(np.searchsorted(times, starts), np.searchsorted(times, stops), len(times))


def _at(source: Source, series: Any, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of a time series at some times."""
    values = np.asarray(source.values(series.data), dtype=np.float64)
    return np.interp(times, _times(source, series, len(values)), values)
