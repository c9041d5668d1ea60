"""Small recordings, and their files, for the tests of the readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from wormgnn.datasets import kato, nichols
from wormgnn.datasets.layouts import MatWriter, write_kato, write_mat, write_wormwideweb
from wormgnn.datasets.simulated import Physics, simulate
from wormgnn.recording import NO_STATE, Recording
from wormgnn.states import SEVEN, merge


def small_worms(n_worms: int = 2, duration_s: float = 20.0, seed: int = 1) -> list[Recording]:
    """A few short simulated worms, with unidentified neurons among the named."""
    physics = Physics(n_unidentified=3, named_fraction=0.2)
    return simulate(n_worms, duration_s=duration_s, seed=seed, physics=physics)


def as_csv(recording: Recording, path: Path) -> Path:
    """Write the named neurons of a recording, its times and its states as a table."""
    states = [recording.vocabulary[s] if s != NO_STATE else "" for s in recording.states]
    columns = {n: recording.traces[:, i] for i, n in enumerate(recording.neurons) if n}
    table = pd.DataFrame({"time_s": recording.times, "state": states, **columns})
    table.to_csv(path, index=False)
    return path


def write_kato_older(recordings: Sequence[Recording], path: Path) -> None:
    """Recordings with Kato's seven states, as their older release holds them."""
    codes = np.array([kato.OLDER_CODES.index(name) + 1.0 for name in (*SEVEN, "nostate")])
    fields = ("traces", "tracesDif", "timVectorSeconds")
    _with_candidates(recordings, path, "WT_NoStim", fields, "States", lambda w: codes[w.states])


def write_nichols(recordings: Sequence[Recording], path: Path) -> None:
    """Recordings merged to Nichols's four states; the struct is named as the file."""

    def four(worm: Recording) -> np.ndarray:
        if worm.vocabulary[:4] == nichols.STATES:
            return np.array([*range(1, len(worm.vocabulary) + 1), np.nan])[worm.states]
        return np.array([2.0, 1.0, 4.0, 4.0, np.nan])[merge(worm, 4)]

    fields = ("traces", "tracesDif", "timeVectorSeconds")
    _with_candidates(recordings, path, path.stem, fields, "FourStates", four)


def _with_candidates(
    recordings: Sequence[Recording],
    path: Path,
    root: str,
    fields: tuple[str, str, str],
    states: str,
    codes: Callable[[Recording], np.ndarray],
) -> None:
    """A struct array in which up to three candidates stand for each neuron's name."""
    complete = all(worm.derivatives is not None for worm in recordings)

    def fields_of(mat: MatWriter, _: int, worm: Recording) -> dict[str, h5py.Reference]:
        texts = [[mat.text(name or "---"), mat.text(""), mat.text("")] for name in worm.neurons]
        coded = codes(worm)[None]
        values = [worm.traces.T, worm.derivatives.T if complete else None, worm.times[None]]
        return {
            "IDs": mat.cell([mat.cell(cell) for cell in texts]),
            "fps": mat.matrix([[worm.fps]]),
            states: mat.struct({"four": coded}) if states == "FourStates" else mat.matrix(coded),
        } | {f: mat.matrix(v) for f, v in zip(fields, values, strict=True) if v is not None}

    write_mat(recordings, path, root, fields_of)


def write_flavell(worm: Recording, path: Path) -> Path:
    """A recording in the HDF5 of Dag's laboratory: axes, types and groups as in the real files."""
    forward, reverse = (merge(worm, 2) == code for code in range(2))
    edges = np.flatnonzero(np.diff(reverse.astype(int), prepend=0, append=0))
    with h5py.File(path, "w") as file:
        file["gcamp/trace_array_original"] = worm.traces
        file["gcamp/trace_array"] = (worm.traces - worm.traces.mean(0)) / worm.traces.std(0)
        file["gcamp/idx_splits"] = [[1], [worm.n_frames]]
        file["timing/timestamp_confocal"] = worm.times + 600_000
        file["timing/time_food_encounter"] = 250
        file["behavior/velocity"] = 0.1 * forward - 0.1 * reverse
        file["behavior/reversal_events"] = edges.reshape(-1, 2).T
    return path


def write_nwb(
    worm, path, *, names="NeuronIDs", holder="SignalRawFluor",
    series="SignalCalciumImResponseSeries", events=None, rate=False, extra=(),
):  # fmt: skip
    """A recording as NWB; `names` says where the names are, `events` how reversals are told."""
    import pynwb
    from hdmf.common import DynamicTable, VectorData
    from pynwb.ophys import Fluorescence, RoiResponseSeries
    from pynwb.testing.mock.file import mock_NWBFile
    from pynwb.testing.mock.ophys import mock_PlaneSegmentation

    file, n_neurons = mock_NWBFile(), len(worm.neurons)
    table = mock_PlaneSegmentation(n_rois=n_neurons, mask_type="pixel_mask", nwbfile=file)
    module = file.create_processing_module(name="CalciumActivity", description="traces")
    labels = {"description": "names", "data": list(worm.neurons)}
    if names == "ID_labels":
        table.add_column(name="ID_labels", **labels)
    elif names:
        columns = [VectorData(name="labels", **labels)]
        module.add(DynamicTable(name="NeuronIDs", description="names", columns=columns))
    region = table.create_roi_table_region(region=list(range(n_neurons)), description="all")
    clock = {"rate": worm.fps, "starting_time": 5.0} if rate else {"timestamps": worm.times + 5}
    for name in (series, *extra):
        one = RoiResponseSeries(name=name, data=worm.traces, unit="F", rois=region, **clock)
        whose = holder if name == series else name
        module.add(Fluorescence(name=whose, roi_response_series=one))
    if events is not None:
        behaviour = file.create_processing_module(name="Behavior", description="movement")
        behaviour.add(events)
        velocity = pynwb.behavior.BehavioralTimeSeries(name="Speed")
        behaviour.add(velocity)
        data = np.where(np.arange(worm.n_frames) % 10 == 0, -1.0, 1.0)
        clock = {"timestamps": worm.times + 5}
        velocity.create_timeseries(name="velocity", data=data, unit="mm/s", **clock)
    with pynwb.NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    return path


WRITERS: dict[str, Callable[[list[Recording], Path], None]] = {
    "kato": write_kato,
    "kato-older": write_kato_older,
    "nichols": write_nichols,
    "wormwideweb": lambda worms, path: write_wormwideweb(worms[0], path),
}
"""A file in each layout of a laboratory; WormWideWeb's holds the first worm."""


def edit(path: Path, change: Callable[[h5py.File], object]) -> Path:
    """Change an HDF5 file in place."""
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def replace_cell(field: str, value: object) -> Callable[[h5py.File], None]:
    """A change that lets the first worm's element of a field, `root/name`, be another value.

    It may be a function of what was there; a struct of one field counts as that field.
    """

    def change(file: h5py.File) -> None:
        old = file[file[field][0, 0]]
        old = next(iter(old.values())) if isinstance(old, h5py.Group) else old
        data = value(old[()]) if callable(value) else value
        heap = file["#refs#"]
        file[field][0, 0] = heap.create_dataset(f"new{len(heap)}", data=data).ref

    return change


def digests(worms: Iterable[Recording], states_of: Sequence[Recording] = ()) -> list[str]:
    """Digests of all that a file keeps; with the states of other recordings, if given."""
    pairs = zip(worms, states_of, strict=True) if states_of else ((worm, worm) for worm in worms)
    return [
        replace(worm, states=other.states, vocabulary=other.vocabulary).digest
        for worm, other in pairs
    ]
