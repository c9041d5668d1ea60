"""The HDF5 of Dag's laboratory: groups of arrays, no names, times and reversals past the end."""

from __future__ import annotations

import os

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from recordings import edit, small_worms, write_flavell
from wormgnn.cli import main
from wormgnn.datasets import registry
from wormgnn.errors import SourceError
from wormgnn.states import merge


@pytest.fixture
def worm():
    return small_worms(1)[0]


@pytest.fixture
def path(worm, tmp_path):
    return write_flavell(worm, tmp_path / "2026-01-02-03-data.h5")


def test_it_is_read(worm, path):
    (found,) = registry.read(path)
    assert found.worm == "2026-01-02-03" and found.dataset == "wormwideweb"
    assert found.identified == () and len(found.neurons) == len(worm.neurons)
    np.testing.assert_array_equal(found.traces, worm.traces)
    np.testing.assert_allclose(found.times, worm.times, atol=1e-9)
    np.testing.assert_array_equal(found.states, merge(worm, 2))


def test_z_scored_traces_stand_in(worm, path):
    (found,) = registry.read(edit(path, lambda f: f.__delitem__("gcamp/trace_array_original")))
    np.testing.assert_allclose(found.traces.std(axis=0), 1)


def test_what_goes_on_past_the_end_is_cut_off(worm, path):
    n = worm.n_frames

    def longer(file):
        del file["timing/timestamp_confocal"], file["behavior/reversal_events"]
        file["timing/timestamp_confocal"] = np.arange(n + 20) / worm.fps
        file["behavior/reversal_events"] = [[2, n - 1, n + 4], [5, n + 1, n + 9]]

    with pytest.warns(UserWarning) as warned:
        (found,) = registry.read(edit(path, longer))
    texts = " ".join(str(one.message) for one in warned)
    assert f"{n + 20} times for {n} frames" in texts and "2 of 3 end past" in texts
    assert np.flatnonzero(found.states == 1).tolist() == [2, 3, 4, n - 1]


def put(field, value):
    def change(file):
        if field in file:
            del file[field]
        if value is not None:
            file[field] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            put("timing/timestamp_confocal", None),
            "'timestamp_confocal': expected this",
        ),
        (put("timing/timestamp_confocal", [0.0, 1.0]), "expected .* frames, found 2"),
        (
            put("gcamp/trace_array_original", [["a"]]),
            "'gcamp/trace_array_original': .*object",
        ),
        (put("gcamp/trace_array_original", h5py.ExternalLink("pipe", "/")), "a link to somewhere"),
        (put("behavior", h5py.SoftLink("/pipe")), "'behavior', a link to somewhere"),
        (put("behavior/reversal_events", [[5], [2]]), "pairs of frames"),
    ],
)
def test_what_is_wrong_is_named(path, change, message):
    os.mkfifo(path.with_name("pipe"))  # whoever opens it waits for ever
    with pytest.raises(SourceError, match=rf"-data\.h5: .*{message}"):
        registry.read(edit(path, change))


def test_decode_says_that_no_neuron_is_named(path, tmp_path):
    result = CliRunner().invoke(main, ["decode", "--output", str(tmp_path / "out"), str(path)])
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
    (found,), (json,) = (
        registry.read(folder / f"{uid}-data.h5"),
        registry.read(folder / f"{uid}.json"),
    )
    assert found.worm == json.worm == uid
    np.testing.assert_allclose(found.traces, json.traces, atol=1e-4)
    np.testing.assert_allclose(found.times, json.times, atol=2e-3)
    # The JSON rounds velocities: 21 frames that hardly move are not forward there.
    assert ((found.states == 1) == (json.states == 1)).all()
    assert (found.states != json.states).mean() < 0.03
