"""NWB files in the layouts of DANDI, written with pynwb."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from recordings import edit, small_worms
from wormgnn.datasets import nwb, registry
from wormgnn.errors import SourceError

pynwb = pytest.importorskip("pynwb")
from hdmf.common import DynamicTable, VectorData  # noqa: E402
from pynwb.behavior import BehavioralTimeSeries, IntervalSeries  # noqa: E402
from pynwb.epoch import TimeIntervals  # noqa: E402
from pynwb.ophys import Fluorescence, ImageSegmentation, RoiResponseSeries  # noqa: E402

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def worm():
    return small_worms(1)[0]


def written(
    path, worm, *, names="NeuronIDs", holder="SignalRawFluor",
    series="SignalCalciumImResponseSeries", events=None, rate=False, extra=(),
):  # fmt: skip
    """A recording as NWB; `names` says where the names are, `events` how reversals are told."""
    file = pynwb.NWBFile(session_description="a worm", identifier="x", session_start_time=START)
    plane = file.create_imaging_plane(
        name="plane",
        optical_channel=pynwb.ophys.OpticalChannel(
            name="c", description="c", emission_lambda=500.0
        ),
        description="head", device=file.create_device(name="microscope"), excitation_lambda=488.0,
        indicator="GCaMP6s", location="head", imaging_rate=worm.fps,
    )  # fmt: skip
    module = file.create_processing_module(name="CalciumActivity", description="traces")
    segmentation = ImageSegmentation()
    module.add(segmentation)
    table = segmentation.create_plane_segmentation(
        name="ROIs", description="neurons", imaging_plane=plane
    )
    for place in range(len(worm.neurons)):
        table.add_roi(pixel_mask=[(place, 0, 1.0)])
    if names == "ID_labels":
        table.add_column(name="ID_labels", description="names", data=list(worm.neurons))
    elif names:
        labels = VectorData(name="labels", description="names", data=list(worm.neurons))
        module.add(DynamicTable(name="NeuronIDs", description="names", columns=[labels]))
    region = table.create_roi_table_region(region=list(range(len(worm.neurons))), description="all")
    clock = {"rate": worm.fps, "starting_time": 5.0} if rate else {"timestamps": worm.times + 5}
    for name in (series, *extra):
        module.add(
            Fluorescence(
                name=holder if name == series else name,
                roi_response_series=RoiResponseSeries(
                    name=name, data=worm.traces, unit="F", rois=region, **clock
                ),
            )
        )
    if events is not None:
        behaviour = file.create_processing_module(name="Behavior", description="movement")
        behaviour.add(events)
        velocity = BehavioralTimeSeries(name="Speed")
        behaviour.add(velocity)
        moving = np.where(np.arange(worm.n_frames) % 10 == 0, -1.0, 1.0)
        velocity.create_timeseries(
            name="velocity", data=moving, unit="mm/s", timestamps=worm.times + 5
        )
    with pynwb.NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    return path


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
    (found,) = registry.read(written(tmp_path / "mine.nwb", worm, **layout))
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
    (found,) = registry.read(written(tmp_path / "mine.nwb", worm, events=events(worm)))
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
        registry.read(written(tmp_path / "mine.nwb", worm, **layout))


def test_a_damaged_file_is_refused(worm, tmp_path):
    path = written(tmp_path / "mine.nwb", worm)
    series = "processing/CalciumActivity/SignalRawFluor/SignalCalciumImResponseSeries/timestamps"
    edit(path, lambda file: file.__delitem__(series))
    with pytest.raises(SourceError, match=r"mine\.nwb: "):
        registry.read(path)


def test_without_pynwb(worm, tmp_path, monkeypatch):
    path = written(tmp_path / "mine.nwb", worm)
    monkeypatch.setitem(__import__("sys").modules, "pynwb", None)
    with pytest.raises(SourceError, match=r"mine\.nwb: .*pip install 'wormgnn\[nwb\]'"):
        nwb.read(path)
