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
from wormgnn.recording import NO_STATE, UNIDENTIFIED, Recording, shared_neurons
from wormgnn.sources import kato
from wormgnn.sources.layouts import write_kato, write_kato_older

ROOT = "WT_NoStim"


@pytest.fixture
def current(tmp_path: Path) -> Path:
    path = tmp_path / "WT_NoStim.mat"
    write_kato(small_worms(), path)
    return path


@pytest.fixture
def older(tmp_path: Path) -> Path:
    path = tmp_path / "older.mat"
    write_kato_older(small_worms(), path)
    return path


@pytest.mark.real_data
def test_real_worms(kato_file: Path) -> None:
    worms = kato.read(kato_file)
    assert [worm.worm for worm in worms] == [f"kato-{n}" for n in range(1, 6)]
    assert [worm.n_frames for worm in worms] == [3137, 3134, 3059, 3311, 3021]
    assert [len(worm.neurons) for worm in worms] == [109, 135, 131, 125, 129]
    assert [round(worm.fps, 3) for worm in worms] == [2.905, 2.902, 2.832, 3.066, 2.797]
    codes = np.concatenate([worm.states for worm in worms])
    counts = {name: int((codes == code).sum()) for code, name in enumerate(kato.STATES)}
    assert counts == {
        "fwd": 1448,
        "slow": 5200,
        "rev1": 537,
        "rev2": 619,
        "revsus": 5323,
        "dt": 802,
        "vt": 1557,
    }
    assert (codes == NO_STATE).sum() == 176
    assert worms[3].neurons[-1] == "SMDDR"  # one cell deeper than the others
    assert worms[4].neurons[119] == "VB01"  # the documented correction


@pytest.mark.real_data
def test_real_shared_neurons_hold_the_papers_fifteen(kato_file: Path) -> None:
    shared = shared_neurons(kato.read(kato_file))
    more = ("ASKR", "AVBR", "AVEL", "RIBL", "RIVL", "RIVR", "SMDDR", "SMDVR")
    # Identified by the current release alone: the older one, which the paper used, has 15.
    assert shared == tuple(sorted((*PAPER, *more)))


@pytest.mark.real_data
def test_real_files_layout_is_the_one_we_write(kato_file: Path, tmp_path: Path) -> None:
    worms = kato.read(kato_file)
    path = tmp_path / "WT_NoStim.mat"
    write_kato(worms, path)
    for found, wanted in zip(kato.read(path), worms, strict=True):
        assert_same(found, wanted)
        np.testing.assert_array_equal(found.states, wanted.states)
    assert _layout(path) == _layout(kato_file)


def _layout(path: Path) -> dict[str, object]:
    """Shape, type and class of each field of the fourth worm, and of its last name."""
    with h5py.File(path) as file:
        nodes = {field: file[refs[3, 0]] for field, refs in file[ROOT].items()}
        nodes["last name"] = file[nodes["NeuronNames"][-1, 0]]
        nodes["first name"] = file[nodes["NeuronNames"][0, 0]]
        nodes |= {f"States.{name}": flag for name, flag in nodes.pop("States").items()}
        del nodes["dataset"]
        return {k: (v.shape, v.dtype, v.attrs["MATLAB_class"]) for k, v in nodes.items()}


@pytest.mark.parametrize("write", [write_kato, write_kato_older])
@pytest.mark.parametrize("with_derivatives", [False, True])
def test_round_trip(tmp_path: Path, write: object, with_derivatives: bool) -> None:
    worms = small_worms(4)
    if with_derivatives:
        worms = [replace(worm, derivatives=np.gradient(worm.traces, axis=0)) for worm in worms]
    write(worms, tmp_path / "worms.mat")  # type: ignore[operator]
    found = kato.read(tmp_path / "worms.mat")
    assert [worm.worm for worm in found] == ["kato-1", "kato-2", "kato-3", "kato-4"]
    for left, right in zip(found, worms, strict=True):
        assert_same(left, right)
        np.testing.assert_array_equal(left.states, right.states)
        assert left.vocabulary == right.vocabulary


@settings(max_examples=20, deadline=None, derandomize=True)
@given(data=st.data())
def test_round_trip_of_any_recording(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    frames, neurons = data.draw(st.integers(2, 6)), data.draw(st.integers(1, 5))
    names = data.draw(
        st.lists(st.sampled_from(PAPER), min_size=neurons, max_size=neurons, unique=True)
    )
    unnamed = data.draw(st.integers(0, neurons))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    worm = Recording(
        "kato-1",
        "kato",
        random.normal(size=(frames, neurons)),
        tuple([*names[unnamed:], *[UNIDENTIFIED] * unnamed]),
        data.draw(st.floats(0.5, 10)),
        random.integers(-1, 7, frames),
        kato.STATES,
    )
    path = tmp_path_factory.mktemp("any") / "worm.mat"
    for write in (write_kato, write_kato_older):
        write([worm], path)
        (found,) = kato.read(path)
        assert_same(found, worm)
        assert found.digest == worm.digest


def test_correction_needs_the_current_release_and_an_unnamed_column(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    worm = replace(
        small_worms(1)[0],
        traces=random.normal(size=(20, 129)),
        neurons=("AVAL",) + ("",) * 128,
        states=np.zeros(20, dtype=np.int64),
        times=np.arange(20.0),
    )
    elsewhere = replace(worm, neurons=("AVAL", "VB01") + ("",) * 127)
    taken = replace(worm, neurons=("AVAL",) + ("",) * 118 + ("RID",) + ("",) * 9)
    path = tmp_path / "five.mat"
    for fifth, name in ((worm, "VB01"), (elsewhere, ""), (taken, "RID")):
        write_kato([worm] * 4 + [fifth], path)
        worms = kato.read(path)
        assert worms[4].neurons[119] == name
        assert worms[3].neurons[119] == ""
    write_kato_older([worm] * 5, path)
    assert kato.read(path)[4].neurons[119] == ""


def _text(file: h5py.File, text: str) -> h5py.Reference:
    name = f"t{len(file['#refs#'])}"
    codes = np.array([[ord(c)] for c in text], dtype=np.uint16)
    return file["#refs#"].create_dataset(name, data=codes).ref


def test_repeated_names_and_several_candidates_identify_nobody(current: Path, older: Path) -> None:
    def repeat(file: h5py.File) -> None:
        names = file[file[f"{ROOT}/NeuronNames"][0, 0]]
        names[0, 0], names[1, 0], names[2, 0] = (_text(file, t) for t in ("vb2", "VB02", "3"))

    neurons = kato.read(edit(current, repeat))[0].neurons
    assert "VB02" not in neurons

    def candidates(file: h5py.File) -> None:
        cell = file[file[file[f"{ROOT}/IDs"][0, 0]][0, 0]]
        cell[0, 0], cell[1, 0] = _text(file, "XXXL"), _text(file, "XXXR")
        cell = file[file[file[f"{ROOT}/IDs"][0, 0]][1, 0]]
        cell[0, 0], cell[1, 0] = _text(file, "---"), _text(file, "YYYL")

    neurons = kato.read(edit(older, candidates))[0].neurons
    assert neurons[:2] == ("", "YYYL")


def test_one_worm_without_references_and_without_a_group(tmp_path: Path, current: Path) -> None:
    worm = kato.read(current)[0]
    path = tmp_path / "flat.mat"
    with h5py.File(current) as source, h5py.File(path, "w") as file:
        for field, references in source[ROOT].items():
            node = source[references[0, 0]]
            if field == "NeuronNames":
                heap = file.create_group("#refs#")
                texts = [source[ref][()] for ref in node[:, 0]]
                refs = [heap.create_dataset(str(n), data=t).ref for n, t in enumerate(texts)]
                file.create_dataset(field, data=np.array(refs, dtype=h5py.ref_dtype)[:, None])
            else:
                source.copy(node, file, field)
    (found,) = kato.read(path)
    assert_same(found, worm)
    np.testing.assert_array_equal(found.states, worm.states)


def test_cell_of_structs(tmp_path: Path, current: Path) -> None:
    worms = kato.read(current)

    def regroup(file: h5py.File) -> None:
        for number in range(2):
            group = file["#refs#"].create_group(f"worm{number}")
            for field, references in file[ROOT].items():
                group[field] = file[references[number, 0]]
        references = [file[f"#refs#/worm{number}"].ref for number in range(2)]
        del file[ROOT]
        file.create_dataset(ROOT, data=np.array(references, dtype=h5py.ref_dtype)[:, None])

    for found, wanted in zip(kato.read(edit(current, regroup)), worms, strict=True):
        assert_same(found, wanted)


def test_traces_the_other_way_round(current: Path) -> None:
    worm = kato.read(current)[0]
    edit(current, lambda file: replace_cell(file, f"{ROOT}/deltaFOverF_bc", 0, worm.traces))
    np.testing.assert_array_equal(kato.read(current)[0].traces, worm.traces)


def test_a_nan_in_an_unidentified_neuron_is_let_be(current: Path) -> None:
    worm = kato.read(current)[0]
    traces = worm.traces.T.copy()
    traces[worm.neurons.index(""), 3] = np.nan
    edit(current, lambda file: replace_cell(file, f"{ROOT}/deltaFOverF_bc", 0, traces))
    assert np.isnan(kato.read(current)[0].traces).sum() == 1


@pytest.mark.parametrize("content", [b"", b"not HDF5 at all", b"MATLAB 5.0 MAT-file" + b"\0" * 600])
def test_no_hdf5(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.mat"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"bad\.mat: expected a MATLAB v7\.3"):
        kato.read(path)


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.mat: expected a file"):
        kato.read(tmp_path / "none.mat")


@pytest.mark.parametrize("field", ["deltaFOverF_bc", "NeuronNames", "States", "tv"])
def test_missing_field(current: Path, field: str) -> None:
    edit(current, lambda file: file[ROOT].pop(field))
    with pytest.raises(SourceError, match=f"{current.name}: field '.*{field}': expected") as caught:
        kato.read(current)
    assert caught.value.field.endswith(field)


def test_missing_fps_comes_from_the_times(current: Path) -> None:
    wanted = kato.read(current)[0].fps
    edit(current, lambda file: file[ROOT].pop("fps"))
    assert kato.read(current)[0].fps == pytest.approx(wanted)


def _flags(**changes: np.ndarray) -> object:
    def change(file: h5py.File) -> None:
        flags = file[file[f"{ROOT}/States"][0, 0]]
        for name, values in changes.items():
            if name in flags:
                del flags[name]
            flags.create_dataset(name, data=values)

    return change


def test_bad_states(current: Path, older: Path) -> None:
    frames = kato.read(current)[0].n_frames
    cases = {
        "States.slow': expected .* frames as in the times, found 3": {"slow": np.zeros((1, 3))},
        "expected one state at each frame, found both at 0": {
            "slow": np.ones((1, frames)),
            "fwd": np.ones((1, frames)),
        },
        "only 0 and 1": {"slow": np.full((1, frames), 0.5)},
        "swim': unknown state": {"swim": np.ones((1, frames))},
    }
    for message, changes in cases.items():
        copy = current.with_name("copy.mat")
        copy.write_bytes(current.read_bytes())
        with pytest.raises(SourceError, match=message):
            kato.read(edit(copy, _flags(**changes)))  # type: ignore[arg-type]
    for codes, message in (
        (np.full((1, frames), 9.0), "unknown state 9"),
        (np.ones((1, frames - 1)), "expected .* frames"),
    ):
        copy = older.with_name("copy.mat")
        copy.write_bytes(older.read_bytes())
        with pytest.raises(SourceError, match=f"copy.mat: field .*States.*{message}"):
            kato.read(edit(copy, lambda f, c=codes: replace_cell(f, f"{ROOT}/States", 0, c)))


def test_frames_without_any_flag_have_no_state(current: Path) -> None:
    frames = kato.read(current)[0].n_frames
    changes = {name: np.zeros((1, frames)) for name in (*kato.STATES, "nostate")}
    edit(current, _flags(**changes))  # type: ignore[arg-type]
    assert (kato.read(current)[0].states == NO_STATE).all()


def test_bad_traces_name_file_field_and_neuron(current: Path) -> None:
    worm = kato.read(current)[0]
    column = worm.neurons.index("AVAL")
    for value, what in ((np.nan, "NaN"), (3.0, "constant")):
        traces = worm.traces.T.copy()
        traces[column] = value
        copy = current.with_name("copy.mat")
        copy.write_bytes(current.read_bytes())
        edit(copy, lambda f, t=traces: replace_cell(f, f"{ROOT}/deltaFOverF_bc", 0, t))
        with pytest.raises(RecordingError, match=rf"copy\.mat: kato-1.*'traces': {what}.*AVAL"):
            kato.read(copy)
    short = worm.traces.T[:, :-1]
    edit(current, lambda f: replace_cell(f, f"{ROOT}/deltaFOverF_bc", 0, short))
    with pytest.raises(SourceError, match=r"WT_NoStim\(1\)\.deltaFOverF_bc': expected"):
        kato.read(current)


def test_text_where_numbers_belong(current: Path) -> None:
    text = np.array([b"text"])
    edit(current, lambda f: replace_cell(f, f"{ROOT}/tv", 0, text))
    with pytest.raises(SourceError, match="tv': expected a numeric array"):
        kato.read(current)


def test_worms_of_different_number_per_field(current: Path) -> None:
    def shorten(file: h5py.File) -> None:
        first = file[f"{ROOT}/tv"][:1]
        del file[f"{ROOT}/tv"]
        file[ROOT].create_dataset("tv", data=first)

    with pytest.raises(SourceError, match="tv': expected 2 worms"):
        kato.read(edit(current, shorten))


def test_a_flag_whose_name_is_no_text(current: Path) -> None:
    current.write_bytes(current.read_bytes().replace(b"slow\0", b"sl\xffw\0"))
    with pytest.raises(SourceError, match="unknown state: expected fwd, slow"):
        kato.read(current)


def test_derivatives_must_be_finite(current: Path) -> None:
    worms = [replace(worm, derivatives=np.full_like(worm.traces, np.nan)) for worm in small_worms()]
    write_kato(worms, current)
    with pytest.raises(SourceError, match="deltaFOverF_deriv': expected finite numbers"):
        kato.read(current)


def test_no_worms_at_all(current: Path) -> None:
    def empty(file: h5py.File) -> None:
        for field in list(file[ROOT]):
            del file[ROOT][field]
            file[ROOT].create_dataset(field, shape=(0, 1), dtype=h5py.ref_dtype)

    with pytest.raises(SourceError, match="expected a struct with the field 'deltaFOverF_bc'"):
        kato.read(edit(current, empty))


def test_cells_that_contain_themselves(current: Path) -> None:
    def loop(file: h5py.File) -> None:
        names = file[file[f"{ROOT}/NeuronNames"][0, 0]]
        names[0, 0] = names.ref

    with pytest.raises(SourceError, match="NeuronNames': expected a cell array of text"):
        kato.read(edit(current, loop))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("tiny")
    worms = small_worms(duration_s=6.0)
    write_kato(worms, folder / "current.mat")
    write_kato_older(worms, folder / "older.mat")
    return sorted(folder.iterdir())


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_corrupted_bytes_give_recordings_or_typed_errors(
    tiny: list[Path], tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(data.draw(st.sampled_from(tiny)).read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    places = st.tuples(st.integers(0, tiny[0].stat().st_size), st.integers(0, 255))
    for place, value in data.draw(st.lists(places, max_size=20)):
        if place < len(content):
            content[place] = value
    path = tmp_path / "corrupt.mat"
    path.write_bytes(content)
    _reads_or_raises(path)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_changed_fields_give_recordings_or_typed_errors(
    tiny: list[Path], tmp_path: Path, data: st.DataObject
) -> None:
    path = tmp_path / "changed.mat"
    path.write_bytes(data.draw(st.sampled_from(tiny)).read_bytes())
    with h5py.File(path, "r+") as file:
        field = data.draw(st.sampled_from(sorted(file[ROOT])))
        if data.draw(st.booleans()):
            del file[ROOT][field]
        else:
            shape = data.draw(st.lists(st.integers(0, 30), min_size=0, max_size=3))
            kind = data.draw(st.sampled_from(["f8", "u2", "i4", "S3", "c16", "?"]))
            replace_cell(file, f"{ROOT}/{field}", 0, np.ones(shape).astype(kind))
    _reads_or_raises(path)


def _reads_or_raises(path: Path) -> None:
    try:
        worms = kato.read(path)
    except WormgnnError as error:
        assert path.name in str(error)
    else:
        assert all(isinstance(worm, Recording) for worm in worms)
