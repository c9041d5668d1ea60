"""NWB files in the layouts of DANDI, written with pynwb."""

from __future__ import annotations

import os

import h5py
import numpy as np
import pytest

from recordings import edit, small_worms, write_nwb
from wormgnn.datasets import nwb, registry
from wormgnn.errors import SourceError

pynwb = pytest.importorskip("pynwb")
from pynwb.behavior import IntervalSeries  # noqa: E402
from pynwb.epoch import TimeIntervals  # noqa: E402


@pytest.fixture
def worm():
    return small_worms(1)[0]


@pytest.mark.parametrize(
    "layout",
    [
        {},
        {"names": "ID_labels", "rate": True},
        {"holder": "CalciumFluorescence", "series": "traces"},
        {"holder": "Fluorescence", "series": "GCaMP_activity", "extra": ("other",)},
        {"holder": "anything", "series": "whatever"},
    ],
    ids=str,
)
def test_layouts(worm, tmp_path, layout):
    (found,) = registry.read(write_nwb(worm, tmp_path / "mine.nwb", **layout))
    assert found.worm == "mine" and found.neurons == worm.neurons
    np.testing.assert_allclose(found.traces, worm.traces)
    np.testing.assert_allclose(found.times, worm.times, atol=1e-9)
    assert found.fps == pytest.approx(worm.fps) and (found.states == -1).all()


def as_table(worm):
    table = TimeIntervals(name="reversal_events", description="reversals")
    for start, stop in ((10, 13), (20, 22)):
        table.add_interval(start_time=worm.times[start] + 5, stop_time=worm.times[stop] + 5)
    return table


def as_series(worm):
    at = worm.times[[10, 13, 20, 22]] + 5
    return IntervalSeries(
        name="reversal_events", data=np.array([1, -1, 1, -1], dtype=np.int8), timestamps=at
    )


def as_frames(worm):
    reversing = np.isin(np.arange(worm.n_frames), [10, 11, 12, 20, 21]).astype(float)
    return pynwb.TimeSeries(
        name="reversal_events", data=reversing, unit="n.a.", timestamps=worm.times + 5
    )


@pytest.mark.parametrize("events", [as_table, as_series, as_frames])
def test_behaviour(worm, tmp_path, events):
    (found,) = registry.read(write_nwb(worm, tmp_path / "mine.nwb", events=events(worm)))
    assert np.flatnonzero(found.states == 1).tolist() == [10, 11, 12, 20, 21]
    assert np.flatnonzero(found.states == -1).tolist() == list(range(0, worm.n_frames, 10))[
        0:1
    ] + list(range(30, worm.n_frames, 10))


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"names": ""}, r"field 'ID_labels': expected names of neurons, found the columns"),
        (
            {"holder": "a", "series": "b", "extra": ("c",)},
            r"'RoiResponseSeries': expected one of traces, found a/b, c/c",
        ),
    ],
)
def test_what_is_missing_is_named(worm, tmp_path, layout, message):
    with pytest.raises(SourceError, match=rf"mine\.nwb: .*{message}"):
        registry.read(write_nwb(worm, tmp_path / "mine.nwb", **layout))


SERIES = "processing/CalciumActivity/SignalRawFluor/SignalCalciumImResponseSeries"


def external_link(file):
    del file[f"{SERIES}/timestamps"]
    file[f"{SERIES}/timestamps"] = h5py.ExternalLink("pipe", "/x")


def another_files_values(file):
    frames = file[f"{SERIES}/timestamps"].size
    del file[f"{SERIES}/timestamps"]
    outside = [("/etc/hostname", 0, 8 * frames)]
    file.create_dataset(f"{SERIES}/timestamps", (frames,), "f8", external=outside)


def virtual(file):
    layout = h5py.VirtualLayout(file[f"{SERIES}/data"].shape, "f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", layout.shape)
    del file[f"{SERIES}/data"]
    file.create_virtual_dataset(f"{SERIES}/data", layout)


def huge(file):
    del file["processing/CalciumActivity/NeuronIDs/labels"]
    file.create_dataset("processing/CalciumActivity/NeuronIDs/labels", (10**9,), "S1", chunks=True)


def huge_specification(file):
    name = next(iter(file["specifications/core"].values())).name + "/namespace"
    del file[name]
    file.create_dataset(name, (10**9, 2), "f8", chunks=(1000, 2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (huge_specification, "16000000000 bytes, more than the file can hold"),
        (lambda file: file.__delitem__(f"{SERIES}/timestamps"), ""),
        (external_link, "a link to somewhere else"),
        (another_files_values, "values that lie in another file"),
        (virtual, "values that lie in another file"),
        (huge, "1000000000 bytes, more than the file can hold"),
    ],
)
def test_a_damaged_file_is_refused(worm, tmp_path, change, message):
    os.mkfifo(tmp_path / "pipe")  # whoever opens it waits for ever
    path = edit(write_nwb(worm, tmp_path / "mine.nwb"), change)
    with pytest.raises(SourceError, match=rf"mine\.nwb: .*{message}"):
        registry.read(path)


def test_without_pynwb(worm, tmp_path, monkeypatch):
    path = write_nwb(worm, tmp_path / "mine.nwb")
    monkeypatch.setitem(__import__("sys").modules, "pynwb", None)
    with pytest.raises(SourceError, match=r"mine\.nwb: .*pip install 'wormgnn\[nwb\]'"):
        nwb.read(path)
