"""One animal in an HDF5 file: NWB in the layouts of DANDI, and the files of Dag's laboratory."""

from __future__ import annotations

import os

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from recordings import edit, small_worms, write_flavell, write_nwb
from wormgnn.cli import main
from wormgnn.datasets import nwb, registry
from wormgnn.errors import SourceError
from wormgnn.states import merge

pynwb = pytest.importorskip("pynwb")
from pynwb.behavior import IntervalSeries  # noqa: E402
from pynwb.epoch import TimeIntervals  # noqa: E402

SERIES = "processing/CalciumActivity/SignalRawFluor/SignalCalciumImResponseSeries"
LABELS = "processing/CalciumActivity/NeuronIDs/labels"
TIMES, EVENTS = "timing/timestamp_confocal", "behavior/reversal_events"
REVERSING = [10, 11, 12, 20, 21]


@pytest.fixture
def worm():
    return small_worms(1)[0]


@pytest.fixture
def flavell(worm, tmp_path):
    return write_flavell(worm, tmp_path / "2026-01-02-03-data.h5")


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
def test_layouts_of_nwb(worm, tmp_path, layout):
    (found,) = registry.read(write_nwb(worm, tmp_path / "mine.nwb", **layout))
    assert found.worm == "mine" and found.neurons == worm.neurons
    np.testing.assert_allclose(found.traces, worm.traces)
    np.testing.assert_allclose(found.times, worm.times, atol=1e-9)
    assert found.fps == pytest.approx(worm.fps) and (found.states == -1).all()


def as_table(times):
    table = TimeIntervals(name="reversal_events", description="reversals")
    for start, stop in ((10, 13), (20, 22)):
        table.add_interval(start_time=times[start], stop_time=times[stop])
    return table


def as_series(times):
    signs, at = np.array([1, -1, 1, -1], dtype=np.int8), times[[10, 13, 20, 22]]
    return IntervalSeries(name="reversal_events", data=signs, timestamps=at)


def as_frames(times):
    data = np.isin(np.arange(len(times)), REVERSING).astype(float)
    return pynwb.TimeSeries(name="reversal_events", data=data, unit="n.a.", timestamps=times)


@pytest.mark.parametrize("events", [as_table, as_series, as_frames])
def test_behaviour_in_nwb(worm, tmp_path, events):
    path = write_nwb(worm, tmp_path / "mine.nwb", events=events(worm.times + 5))
    (found,) = registry.read(path)
    assert np.flatnonzero(found.states == 1).tolist() == REVERSING
    still = [frame for frame in range(0, worm.n_frames, 10) if frame not in REVERSING]
    assert np.flatnonzero(found.states == -1).tolist() == still


def test_flavells_files_are_read(worm, flavell):
    (found,) = registry.read(flavell)
    assert found.worm == "2026-01-02-03" and found.dataset == "wormwideweb"
    assert found.identified == () and len(found.neurons) == len(worm.neurons)
    np.testing.assert_array_equal(found.traces, worm.traces)
    np.testing.assert_allclose(found.times, worm.times, atol=1e-9)
    np.testing.assert_array_equal(found.states, merge(worm, 2))
    (found,) = registry.read(edit(flavell, put("gcamp/trace_array_original", None)))
    np.testing.assert_allclose(found.traces.std(axis=0), 1)  # the z-scored stand in


def test_what_goes_on_past_the_end_is_cut_off(worm, flavell):
    n = worm.n_frames
    edit(flavell, put(TIMES, np.arange(n + 20) / worm.fps))
    edit(flavell, put(EVENTS, [[2, n - 1, n + 4], [5, n + 1, n + 9]]))
    with pytest.warns(UserWarning) as warned:
        (found,) = registry.read(flavell)
    texts = " ".join(str(one.message) for one in warned)
    assert f"{n + 20} times for {n} frames" in texts and "2 of 3 end past" in texts
    assert np.flatnonzero(found.states == 1).tolist() == [2, 3, 4, n - 1]


def put(field, value, **options):
    """A change of a file: another value, an array that is only promised, or nothing."""

    def change(file):
        if field in file:
            del file[field]
        if options:
            file.create_dataset(field, **options)
        elif value is not None:
            file[field] = value

    return change


def elsewhere(file):
    frames = file[f"{SERIES}/timestamps"].size
    outside = [("/etc/hostname", 0, 8 * frames)]
    put(f"{SERIES}/timestamps", None, shape=(frames,), dtype="f8", external=outside)(file)


def virtual(file):
    layout = h5py.VirtualLayout(file[f"{SERIES}/data"].shape, "f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", layout.shape)
    del file[f"{SERIES}/data"]
    file.create_virtual_dataset(f"{SERIES}/data", layout)


def huge_specification(file):
    name = next(iter(file["specifications/core"].values())).name + "/namespace"
    put(name, None, shape=(10**9, 2), dtype="f8", chunks=(1000, 2))(file)


PIPE = h5py.ExternalLink("pipe", "/")
HUGE = put(LABELS, None, shape=(10**9,), dtype="S1", chunks=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put(TIMES, None), "'timestamp_confocal': expected this"),
        (put(TIMES, [0.0, 1.0]), "expected .* frames, found 2"),
        (put("gcamp/trace_array_original", [["a"]]), "'gcamp/trace_array_original': .*object"),
        (put("gcamp/trace_array_original", PIPE), "a link to somewhere"),
        (put("behavior", h5py.SoftLink("/pipe")), "'behavior', a link to somewhere"),
        (put(EVENTS, [[5], [2]]), "pairs of frames"),
    ],
)
def test_what_is_wrong_in_flavells_files_is_named(flavell, change, message):
    os.mkfifo(flavell.with_name("pipe"))  # whoever opens it waits for ever
    with pytest.raises(SourceError, match=rf"-data\.h5: .*{message}"):
        registry.read(edit(flavell, change))


def unchanged(file):
    pass


UNNAMED, SEVERAL = {"names": ""}, {"holder": "a", "series": "b", "extra": ("c",)}


@pytest.mark.parametrize(
    ("layout", "change", "message"),
    [
        (UNNAMED, unchanged, "'ID_labels': expected names of neurons, found the columns"),
        (SEVERAL, unchanged, "'RoiResponseSeries': expected one of traces, found a/b, c/c"),
        ({}, put(f"{SERIES}/timestamps", None), ""),
        ({}, put(f"{SERIES}/timestamps", PIPE), "a link to somewhere else"),
        ({}, elsewhere, "values that lie in another file"),
        ({}, virtual, "values that lie in another file"),
        ({}, HUGE, "1000000000 bytes, more than the file can hold"),
        ({}, huge_specification, "16000000000 bytes, more than the file can hold"),
    ],
)
def test_what_is_wrong_in_nwb_is_named(worm, tmp_path, layout, change, message):
    os.mkfifo(tmp_path / "pipe")
    path = edit(write_nwb(worm, tmp_path / "mine.nwb", **layout), change)
    with pytest.raises(SourceError, match=rf"mine\.nwb: .*{message}"):
        registry.read(path)


def test_nwb_without_pynwb(worm, tmp_path, monkeypatch):
    path = write_nwb(worm, tmp_path / "mine.nwb")
    monkeypatch.setitem(__import__("sys").modules, "pynwb", None)
    with pytest.raises(SourceError, match=r"mine\.nwb: .*pip install 'wormgnn\[nwb\]'"):
        nwb.read(path)


def test_decode_says_that_no_neuron_is_named(flavell, tmp_path):
    result = CliRunner().invoke(main, ["decode", "--output", str(tmp_path / "out"), str(flavell)])
    assert result.exit_code == 1
    assert "2026-01-02-03: expected 3 or more of the neurons" in result.output
    assert "found none among the 0 that are named there" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore:.*(end past|times for)")
@pytest.mark.parametrize("uid", ["2022-01-16-01", "2022-05-02-01"])
def test_real_animals_are_the_same_in_both_forms(dag_folder, uid):
    folder = dag_folder.parent / "dag2023_unnamed"
    if not folder.exists():
        pytest.skip("the animals without names are not on this machine")
    paths = folder / f"{uid}-data.h5", folder / f"{uid}.json"
    (found,), (json,) = map(registry.read, paths)
    assert found.worm == json.worm == uid
    np.testing.assert_allclose(found.traces, json.traces, atol=1e-4)
    np.testing.assert_allclose(found.times, json.times, atol=2e-3)
    # The JSON rounds velocities: 21 frames that hardly move are not forward there.
    assert ((found.states == 1) == (json.states == 1)).all()
    assert (found.states != json.states).mean() < 0.03
