from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings import PAPER, assert_same, edit, replace_cell, small_worms
from wormgnn.errors import RecordingError, SourceError, WormgnnError
from wormgnn.recording import NO_STATE, UNIDENTIFIED, shared_neurons
from wormgnn.sources import kato, nichols
from wormgnn.sources.layouts import write_kato, write_nichols
from wormgnn.states import merge

ROOT = "n2_prelet"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "n2_prelet.mat"
    write_nichols(small_worms(duration_s=60.0), path)
    return path


def test_round_trip(path: Path) -> None:
    worms = nichols.read(path)
    assert [worm.worm for worm in worms] == ["n2_prelet-1", "n2_prelet-2"]
    for found, wanted in zip(worms, small_worms(duration_s=60.0), strict=True):
        assert found.dataset == "nichols"
        assert found.vocabulary == ("reverse", "forward", "quiescence", "turn")
        assert_same(found, wanted)
        np.testing.assert_array_equal(merge(found, 2), merge(wanted, 2))
        is_turn = np.isin(wanted.states, [kato.STATES.index(name) for name in ("dt", "vt")])
        np.testing.assert_array_equal(found.states == nichols.STATES.index("turn"), is_turn)
        np.testing.assert_array_equal(found.states == NO_STATE, wanted.states == NO_STATE)


def test_reading_and_writing_again_changes_nothing(path: Path) -> None:
    worms = nichols.read(path)
    write_nichols(worms, path)
    for found, wanted in zip(nichols.read(path), worms, strict=True):
        assert_same(found, wanted)
        np.testing.assert_array_equal(found.states, wanted.states)


def test_neurons_shared_with_kato(tmp_path: Path) -> None:
    """Intersect Kato's 15 with worms that name three of them, as Nichols's 21 worms do."""
    kept = {"AIBR", "AVAL", "VB02"}
    worms = small_worms()
    write_kato(worms, tmp_path / "WT_NoStim.mat")
    fewer = [
        replace(worm, neurons=tuple(n if n in kept else UNIDENTIFIED for n in worm.neurons))
        for worm in worms
    ]
    write_nichols(fewer, tmp_path / "n2_prelet.mat")
    both = kato.read(tmp_path / "WT_NoStim.mat"), nichols.read(tmp_path / "n2_prelet.mat")
    assert set(PAPER) <= set(shared_neurons(both[0]))
    assert shared_neurons([*both[0], *both[1]]) == ("AIBR", "AVAL", "VB02")


def test_a_plain_vector_of_codes_with_zero_and_nan(path: Path) -> None:
    frames = nichols.read(path)[0].n_frames
    codes = np.resize([1.0, 2, 3, 4, 0, np.nan], (1, frames))
    edit(path, lambda file: replace_cell(file, f"{ROOT}/FourStates", 0, codes))
    assert nichols.read(path)[0].states[:6].tolist() == [0, 1, 2, 3, NO_STATE, NO_STATE]


def _with_names(file: h5py.File, names: list[str]) -> None:
    heap = file["#refs#"]
    for worm in range(2):
        texts = [
            heap.create_dataset(f"n{worm}{n}", data=np.array([[ord(c)] for c in name], "u2")).ref
            for n, name in enumerate(names)
        ]
        heap.create_dataset(f"names{worm}", data=np.array(texts, h5py.ref_dtype)[:, None])
    references = [heap[f"names{worm}"].ref for worm in range(2)]
    file[ROOT].create_dataset("FourStatesNames", data=np.array(references, h5py.ref_dtype)[:, None])


def test_names_of_the_states(path: Path) -> None:
    names = ["Forward", "Reversal", "Quiescence", "Turn"]
    edit(path, lambda file: _with_names(file, names))
    worm = nichols.read(path)[0]
    assert worm.vocabulary == ("forward", "reverse", "quiescence", "turn")


@pytest.mark.parametrize("names", [["Forward", "Swim"], ["Turn", "Turn"]])
def test_unknown_names_of_states(path: Path, names: list[str]) -> None:
    edit(path, lambda file: _with_names(file, names))
    with pytest.raises(SourceError, match=r"n2_prelet\.mat: field .*FourStatesNames': expected"):
        nichols.read(path)


def test_flags_tell_dorsal_from_ventral_turns(path: Path) -> None:
    frames = nichols.read(path)[0].n_frames
    codes = np.full((1, frames), 4.0)
    codes[0, 0] = 2
    dorsal = np.zeros((1, frames))
    dorsal[0, :5] = 1

    def change(file: h5py.File) -> None:
        replace_cell(file, f"{ROOT}/FourStates", 0, codes)
        flags = file["#refs#"].create_group("flags")
        flags["dt"], flags["vt"] = dorsal, np.zeros((1, frames))
        references = np.array([flags.ref, flags.ref], h5py.ref_dtype)[:, None]
        file[ROOT].create_dataset("States", data=references)
        frames_2 = file[file[f"{ROOT}/timeVectorSeconds"][1, 0]].size
        del flags["dt"], flags["vt"]
        flags["dt"], flags["vt"] = dorsal, np.zeros((1, frames))
        if frames_2 != frames:
            for field in file[ROOT]:
                only = file[ROOT][field][:1]
                del file[ROOT][field]
                file[ROOT].create_dataset(field, data=only)

    worm = nichols.read(edit(path, change))[0]
    assert worm.vocabulary[4:] == ("dorsal turn", "ventral turn")
    assert [worm.vocabulary[code] for code in worm.states[:6]] == [
        "forward",
        *["dorsal turn"] * 4,
        "turn",
    ]


@pytest.mark.parametrize("field", ["traces", "IDs", "timeVectorSeconds", "FourStates"])
def test_missing_field(path: Path, field: str) -> None:
    edit(path, lambda file: file[ROOT].pop(field))
    with pytest.raises(SourceError, match=f"n2_prelet.mat: field '.*{field}': expected"):
        nichols.read(path)


def test_bad_codes(path: Path) -> None:
    frames = nichols.read(path)[0].n_frames
    for codes, message in (
        (np.full((1, frames), 5.0), "unknown state 5: expected a code from 0 to 4"),
        (np.full((1, frames), np.inf), "unknown state"),
        (np.ones((1, 3)), "expected .* frames as in the times, found 3"),
    ):
        copy = path.with_name("copy.mat")
        copy.write_bytes(path.read_bytes())
        with pytest.raises(SourceError, match=f"copy.mat: .*FourStates': {message}"):
            nichols.read(edit(copy, lambda f, c=codes: replace_cell(f, f"{ROOT}/FourStates", 0, c)))


def test_bad_traces(path: Path) -> None:
    traces = nichols.read(path)[0].traces.T.copy()
    traces[:, 4] = np.nan
    edit(path, lambda file: replace_cell(file, f"{ROOT}/traces", 0, traces))
    with pytest.raises(RecordingError, match=r"n2_prelet\.mat: n2_prelet-1: field 'traces': NaN"):
        nichols.read(path)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    places=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=20),
    kept=st.floats(0, 1) | st.just(1.0),
)
def test_corrupted_bytes_give_recordings_or_typed_errors(
    path: Path, places: list[tuple[float, int]], kept: float
) -> None:
    content = bytearray(path.read_bytes())
    for place, value in places:
        content[int(place * len(content))] = value
    corrupt = path.with_name("corrupt.mat")
    corrupt.write_bytes(content[: int(kept * len(content))])
    try:
        nichols.read(corrupt)
    except WormgnnError as error:
        assert corrupt.name in str(error)
