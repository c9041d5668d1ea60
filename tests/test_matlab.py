"""Recordings in MATLAB v7.3 files: Kato's two releases, and Nichols's."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings import (
    digests,
    edit,
    replace_cell,
    small_worms,
    write_kato_older,
    write_nichols,
)
from wormgnn.datasets import kato, nichols
from wormgnn.datasets.layouts import write_kato
from wormgnn.errors import RecordingError, SourceError
from wormgnn.recording import NO_STATE, PAPER_NEURONS, UNIDENTIFIED, Recording, shared_neurons
from wormgnn.states import SEVEN, merge

ROOT = "WT_NoStim"
NICHOLS = "n2_prelet"


@pytest.fixture
def current(tmp_path):
    path = tmp_path / "WT_NoStim.mat"
    write_kato(small_worms(), path)
    return path


@pytest.fixture
def older(tmp_path):
    path = tmp_path / "older.mat"
    write_kato_older(small_worms(), path)
    return path


@pytest.fixture
def prelet(tmp_path):
    path = tmp_path / "n2_prelet.mat"
    write_nichols(small_worms(duration_s=60.0), path)
    return path


def _copy(path, change):
    copy = path.with_name("copy.mat")
    copy.write_bytes(path.read_bytes())
    return edit(copy, change)


def _text(file, text):
    codes = np.array([[ord(c)] for c in text], dtype=np.uint16)
    return file["#refs#"].create_dataset(f"t{len(file['#refs#'])}", data=codes).ref


def _references(nodes):
    return np.array(nodes, dtype=h5py.ref_dtype)[:, None]


@pytest.mark.real_data
def test_real_worms(kato_file):
    worms = kato.read(kato_file)
    assert [worm.worm for worm in worms] == [f"kato-{n}" for n in range(1, 6)]
    assert [worm.n_frames for worm in worms] == [3137, 3134, 3059, 3311, 3021]
    assert [len(worm.neurons) for worm in worms] == [109, 135, 131, 125, 129]
    assert [round(worm.fps, 3) for worm in worms] == [2.905, 2.902, 2.832, 3.066, 2.797]
    counts = np.bincount(np.concatenate([worm.states for worm in worms]) + 1)
    assert counts.tolist() == [176, 1448, 5200, 537, 619, 5323, 802, 1557]
    assert worms[3].neurons[-1] == "SMDDR"  # one cell deeper than the others
    assert worms[4].neurons[119] == "VB01"  # the documented correction
    # Identified by the current release alone: the older one, which the paper used, has 15.
    more = ("ASKR", "AVBR", "AVEL", "RIBL", "RIVL", "RIVR", "SMDDR", "SMDVR")
    assert shared_neurons(worms) == tuple(sorted((*PAPER_NEURONS, *more)))


@pytest.mark.real_data
def test_real_worms_are_written_as_they_are(kato_file, tmp_path):
    worms, path = kato.read(kato_file), tmp_path / "WT_NoStim.mat"
    write_kato(worms, path)
    assert digests(kato.read(path)) == digests(worms)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.data())
def test_round_trip_of_any_recordings(tmp_path_factory, data):
    def worm(number):
        frames, neurons = data.draw(st.integers(2, 6)), data.draw(st.integers(1, 5))
        names, unnamed = data.draw(st.permutations(PAPER_NEURONS)), data.draw(st.integers(0, 5))
        random = np.random.default_rng(data.draw(st.integers(0, 99)))
        return Recording(
            f"kato-{number}",
            "kato",
            random.normal(size=(frames, neurons)),
            tuple([*[UNIDENTIFIED] * unnamed, *names][:neurons]),
            data.draw(st.floats(0.5, 10)),
            random.integers(-1, 7, frames),
            SEVEN,
            derivatives=random.normal(size=(frames, neurons)) if with_derivatives else None,
        )

    with_derivatives = data.draw(st.booleans())
    worms = [worm(number) for number in range(1, data.draw(st.integers(2, 5)))]
    path = tmp_path_factory.mktemp("any") / "worms.mat"
    for write in (write_kato, write_kato_older):
        write(worms, path)
        assert digests(kato.read(path)) == digests(worms)
        assert [found.worm for found in kato.read(path)] == [worm.worm for worm in worms]


def test_correction_needs_the_current_release_and_an_unnamed_column(tmp_path):
    worm = replace(
        small_worms(1)[0],
        traces=np.random.default_rng(0).normal(size=(20, 129)),
        neurons=("AVAL",) + ("",) * 128,
        states=np.zeros(20, dtype=np.int64),
        times=np.arange(20.0),
    )
    elsewhere = replace(worm, neurons=("AVAL", "VB01") + ("",) * 127)
    taken = replace(worm, neurons=("AVAL",) + ("",) * 118 + ("RID",) + ("",) * 9)
    path = tmp_path / "five.mat"
    for fifth, name in ((worm, "VB01"), (elsewhere, ""), (taken, "RID")):
        write_kato([worm] * 4 + [fifth], path)
        assert [worm.neurons[119] for worm in kato.read(path)[3:]] == ["", name]
    write_kato_older([worm] * 5, path)
    assert kato.read(path)[4].neurons[119] == ""


def test_repeated_names_and_several_candidates_identify_nobody(current, older):
    def repeat(file):
        names = file[file[f"{ROOT}/NeuronNames"][0, 0]]
        names[0, 0], names[1, 0], names[2, 0] = (_text(file, t) for t in ("vb2", "VB02", "3"))

    def candidates(file):
        for column, texts in enumerate((("XXXL", "XXXR"), ("---", "YYYL"))):
            cell = file[file[file[f"{ROOT}/IDs"][0, 0]][column, 0]]
            cell[0, 0], cell[1, 0] = (_text(file, text) for text in texts)

    assert "VB02" not in kato.read(edit(current, repeat))[0].neurons
    assert kato.read(edit(older, candidates))[0].neurons[:2] == ("", "YYYL")


def test_one_worm_without_references_and_without_a_group(tmp_path, current):
    path = tmp_path / "flat.mat"
    with h5py.File(current) as source, h5py.File(path, "w") as file:
        heap = file.create_group("#refs#")
        for field, references in source[ROOT].items():
            node = source[references[0, 0]]
            if field == "NeuronNames":
                texts = [source[ref][()] for ref in node[:, 0]]
                refs = [heap.create_dataset(str(n), data=t).ref for n, t in enumerate(texts)]
                file.create_dataset(field, data=_references(refs))
            else:
                source.copy(node, file, field)
    assert digests(kato.read(path)) == digests(small_worms()[:1])


def test_cell_of_structs(current):
    def regroup(file):
        groups = [file["#refs#"].create_group(f"worm{number}") for number in range(2)]
        for field, references in file[ROOT].items():
            for number, group in enumerate(groups):
                group[field] = file[references[number, 0]]
        del file[ROOT]
        file.create_dataset(ROOT, data=_references([group.ref for group in groups]))

    assert digests(kato.read(edit(current, regroup))) == digests(small_worms())


def test_traces_the_other_way_round_and_a_nan_in_an_unidentified_neuron(current):
    worm = kato.read(current)[0]
    turned = _copy(current, replace_cell(f"{ROOT}/deltaFOverF_bc", worm.traces))
    assert kato.read(turned)[0].digest == worm.digest
    traces = worm.traces.T.copy()
    traces[worm.neurons.index(""), 3] = np.nan
    edit(current, replace_cell(f"{ROOT}/deltaFOverF_bc", traces))
    assert np.isnan(kato.read(current)[0].traces).sum() == 1


@pytest.mark.parametrize("content", [b"", b"not HDF5 at all", b"MATLAB 5.0 MAT-file" + b"\0" * 600])
def test_no_hdf5(tmp_path, content):
    with pytest.raises(SourceError, match=r"bad\.mat: expected a file"):
        kato.read(tmp_path / "bad.mat")
    (tmp_path / "bad.mat").write_bytes(content)
    with pytest.raises(SourceError, match=r"bad\.mat: expected a MATLAB v7\.3"):
        kato.read(tmp_path / "bad.mat")


def test_missing_field(current, prelet):
    for field in ("deltaFOverF_bc", "NeuronNames", "States", "tv"):
        with pytest.raises(SourceError, match=rf"copy\.mat: field '.*{field}': expected"):
            kato.read(_copy(current, lambda file, field=field: file[ROOT].pop(field)))
    for field in ("traces", "IDs", "timeVectorSeconds", "FourStates"):
        with pytest.raises(SourceError, match=rf"copy\.mat: field '.*{field}': expected"):
            nichols.read(_copy(prelet, lambda file, field=field: file[NICHOLS].pop(field)))


def _flags(**changes):
    def change(file):
        flags = file[file[f"{ROOT}/States"][0, 0]]
        for name, values in changes.items():
            if name in flags:
                del flags[name]
            flags.create_dataset(name, data=values)

    return change


def test_bad_states(current, older, prelet):
    ones = np.ones((1, kato.read(current)[0].n_frames))
    cases = {
        "States.slow': expected .* frames as in the times, found 3": {"slow": np.zeros((1, 3))},
        "one state at each frame, found both at 0": {"slow": ones, "fwd": ones},
        "only 0 and 1": {"slow": ones / 2},
        "swim': unknown state": {"swim": ones},
    }
    for message, changes in cases.items():
        with pytest.raises(SourceError, match=message):
            kato.read(_copy(current, _flags(**changes)))
    nowhere = kato.read(_copy(current, _flags(**dict.fromkeys((*SEVEN, "nostate"), 0 * ones))))
    assert (nowhere[0].states == NO_STATE).all()
    for codes, message in ((9 * ones, "unknown state 9"), (ones[:, :-1], "expected .* frames")):
        with pytest.raises(SourceError, match=rf"copy\.mat: field .*States.*{message}"):
            kato.read(_copy(older, replace_cell(f"{ROOT}/States", codes)))
    ones = np.ones((1, nichols.read(prelet)[0].n_frames))
    for codes, message in (
        (5 * ones, "unknown state 5: expected a code from 0 to 4"),
        (np.inf * ones, "unknown state"),
        (ones[:, :3], "expected .* frames as in the times, found 3"),
    ):
        with pytest.raises(SourceError, match=rf"copy\.mat: .*FourStates': {message}"):
            nichols.read(_copy(prelet, replace_cell(f"{NICHOLS}/FourStates", codes)))
    codes = np.resize([1.0, 2, 3, 4, 0, np.nan], ones.shape)  # a plain vector
    found = nichols.read(edit(prelet, replace_cell(f"{NICHOLS}/FourStates", codes)))[0]
    assert found.states[:6].tolist() == [0, 1, 2, 3, NO_STATE, NO_STATE]


def test_bad_traces_name_file_field_and_neuron(current, prelet):
    worm = kato.read(current)[0]
    for value, what in ((np.nan, "NaN"), (3.0, "constant")):
        traces = worm.traces.T.copy()
        traces[worm.neurons.index("AVAL")] = value
        copy = _copy(current, replace_cell(f"{ROOT}/deltaFOverF_bc", traces))
        with pytest.raises(RecordingError, match=rf"copy\.mat: kato-1.*'traces': {what}.*AVAL"):
            kato.read(copy)
    edit(current, replace_cell(f"{ROOT}/deltaFOverF_bc", worm.traces.T[:, :-1]))
    with pytest.raises(SourceError, match=r"WT_NoStim\(1\)\.deltaFOverF_bc': expected"):
        kato.read(current)
    traces = nichols.read(prelet)[0].traces.T.copy()
    traces[:, 4] = np.nan
    edit(prelet, replace_cell(f"{NICHOLS}/traces", traces))
    with pytest.raises(RecordingError, match=r"n2_prelet\.mat: n2_prelet-1: field 'traces': NaN"):
        nichols.read(prelet)


def _shorten(file):
    first = file[f"{ROOT}/tv"][:1]
    del file[f"{ROOT}/tv"]
    file[ROOT].create_dataset("tv", data=first)


def _empty(file):
    for field in list(file[ROOT]):
        del file[ROOT][field]
        file[ROOT].create_dataset(field, shape=(0, 1), dtype=h5py.ref_dtype)


def _loop(file):
    names = file[file[f"{ROOT}/NeuronNames"][0, 0]]
    names[0, 0] = names.ref


def _infinite_derivative(file):
    shape = file[file[f"{ROOT}/deltaFOverF_bc"][0, 0]].shape
    node = file["#refs#"].create_dataset("derivative", data=np.full(shape, np.inf))
    file[ROOT].create_dataset("deltaFOverF_deriv", data=_references([node.ref] * 2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replace_cell(f"{ROOT}/tv", np.array([b"text"])), "tv': expected a numeric array"),
        (_shorten, "tv': expected 2 worms"),
        (_empty, "expected a struct with the field 'deltaFOverF_bc'"),
        (_loop, "NeuronNames': expected a cell array of text"),
        (_infinite_derivative, "deltaFOverF_deriv': expected finite numbers"),
    ],
)
def test_fields_that_are_not_what_they_should_be(current, change, message):
    with pytest.raises(SourceError, match=rf"WT_NoStim\.mat: .*{message}"):
        kato.read(edit(current, change))


def test_nichols_round_trip(prelet):
    worms, wanted = nichols.read(prelet), small_worms(duration_s=60.0)
    assert [worm.worm for worm in worms] == ["n2_prelet-1", "n2_prelet-2"]
    assert {(worm.dataset, worm.vocabulary) for worm in worms} == {("nichols", nichols.STATES)}
    assert digests(worms, states_of=wanted) == digests(wanted)
    turns = [SEVEN.index(name) for name in ("dt", "vt")]
    for found, other in zip(worms, wanted, strict=True):
        np.testing.assert_array_equal(merge(found, 2), merge(other, 2))
        is_turn = found.states == nichols.STATES.index("turn")
        np.testing.assert_array_equal(is_turn, np.isin(other.states, turns))
        np.testing.assert_array_equal(found.states == NO_STATE, other.states == NO_STATE)
    write_nichols(worms, prelet)  # as read
    assert digests(nichols.read(prelet)) == digests(worms)


def _with_names(*names):
    def change(file):
        cell = _references([_text(file, name) for name in names])
        node = file["#refs#"].create_dataset("names", data=cell)
        file[NICHOLS].create_dataset("FourStatesNames", data=_references([node.ref] * 2))

    return change


def test_names_of_the_states(prelet):
    for names in (["Forward", "Swim"], ["Turn", "Turn"]):
        with pytest.raises(SourceError, match=r"copy\.mat: field .*FourStatesNames': expected"):
            nichols.read(_copy(prelet, _with_names(*names)))
    edit(prelet, _with_names("Forward", "Reversal", "Quiescence", "Turn"))
    assert nichols.read(prelet)[0].vocabulary == ("forward", "reverse", "quiescence", "turn")


def test_flags_tell_dorsal_from_ventral_turns(tmp_path):
    path = tmp_path / "n2_prelet.mat"
    write_nichols(small_worms(1, duration_s=60.0), path)
    codes = np.full((1, nichols.read(path)[0].n_frames), 4.0)
    codes[0, 0] = 2

    def change(file):
        flags = file["#refs#"].create_group("flags")
        flags["dt"] = (np.arange(codes.size) < 5)[None] * 1.0
        flags["vt"] = np.zeros(codes.shape)
        file[NICHOLS].create_dataset("States", data=_references([flags.ref]))

    edit(path, replace_cell(f"{NICHOLS}/FourStates", codes))
    worm = nichols.read(edit(path, change))[0]
    assert worm.vocabulary[4:] == ("dorsal turn", "ventral turn")
    seen = [worm.vocabulary[code] for code in worm.states[:6]]
    assert seen == ["forward", *["dorsal turn"] * 4, "turn"]
