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
TRACES, TIMES, STATES = (f"{ROOT}/{field}" for field in ("deltaFOverF_bc", "tv", "States"))
FOUR, FRAMES = f"{NICHOLS}/FourStates", "expected .* frames as in the times"


def _written(name, write, **worms):
    """A fixture: the path of a file of small worms."""

    @pytest.fixture
    def path(tmp_path):
        write(small_worms(**worms), tmp_path / name)
        return tmp_path / name

    return path


current = _written("WT_NoStim.mat", write_kato)
older = _written("older.mat", write_kato_older)
prelet = _written("n2_prelet.mat", write_nichols, duration_s=60.0)


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


def test_traces_the_other_way_round_and_a_nan_in_an_unidentified_neuron(current):
    worm = kato.read(current)[0]
    edit(current, replace_cell(TRACES, worm.traces))
    assert kato.read(current)[0].digest == worm.digest
    traces = worm.traces.T.copy()
    traces[worm.neurons.index(""), 3] = np.nan
    edit(current, replace_cell(TRACES, lambda _: traces))
    assert np.isnan(kato.read(current)[0].traces).sum() == 1


def _without(field):
    return lambda file: file[ROOT if ROOT in file else NICHOLS].pop(field)


def _flags(**values):
    def change(file):
        flags = file[file[STATES][0, 0]]
        shape = flags["fwd"].shape
        for name, value in values.items():
            if name in flags:
                del flags[name]
            flags[name] = value if np.ndim(value) else np.full(shape, float(value))

    return change


def _shorten(file):
    first = file[f"{ROOT}/tv"][:1]
    del file[f"{ROOT}/tv"]
    file[ROOT].create_dataset("tv", data=first)


def _infinite_derivative(file):
    shape = file[file[TRACES][0, 0]].shape
    node = file["#refs#"].create_dataset("derivative", data=np.full(shape, np.inf))
    file[ROOT].create_dataset("deltaFOverF_deriv", data=_references([node.ref] * 2))


def _with_names(*names):
    def change(file):
        cell = _references([_text(file, name) for name in names])
        node = file["#refs#"].create_dataset("names", data=cell)
        file[NICHOLS].create_dataset("FourStatesNames", data=_references([node.ref] * 2))

    return change


@pytest.mark.parametrize(
    ("layout", "change", "message"),
    [
        *(
            (layout, _without(field), f"field '.*{field}': expected")
            for layout, fields in {
                "current": ("deltaFOverF_bc", "NeuronNames", "States", "tv"),
                "prelet": ("traces", "IDs", "timeVectorSeconds", "FourStates"),
            }.items()
            for field in fields
        ),
        ("current", _flags(slow=[[0.0] * 3]), f"States.slow': {FRAMES}, found 3"),
        ("current", _flags(slow=1, fwd=1), "one state at each frame, found both at 0"),
        ("current", _flags(slow=0.5), "only 0 and 1"),
        ("current", _flags(swim=1), "swim': unknown state"),
        ("older", replace_cell(STATES, lambda old: old * 0 + 9), "States': unknown state 9"),
        ("older", replace_cell(STATES, lambda codes: codes[:, :-1]), f"States': {FRAMES}"),
        ("prelet", replace_cell(FOUR, lambda old: old * 0 + 5), "unknown state 5: .* from 0 to 4"),
        ("prelet", replace_cell(FOUR, lambda old: old * np.inf), "FourStates': unknown state"),
        ("prelet", replace_cell(FOUR, lambda x: x[:, :3]), f"FourStates': {FRAMES}, found 3"),
        ("prelet", _with_names("Forward", "Swim"), "FourStatesNames': expected"),
        ("prelet", _with_names("Turn", "Turn"), "FourStatesNames': expected"),
        ("current", replace_cell(TRACES, lambda old: old * np.nan), "kato-1.*'traces': NaN.*AVAL"),
        ("current", replace_cell(TRACES, np.zeros_like), "kato-1.*'traces': constant.*AVAL"),
        ("prelet", replace_cell(f"{NICHOLS}/traces", lambda old: old * np.nan), "'traces': NaN"),
        (
            "current",
            replace_cell(TRACES, lambda traces: traces[:, :-1]),
            r"WT_NoStim\(1\)\.deltaFOverF_bc': expected",
        ),
        ("current", replace_cell(TIMES, lambda _: np.array([b"x"])), "tv': expected a numeric"),
        ("current", _shorten, "tv': expected 2 worms"),
        ("current", _infinite_derivative, "deltaFOverF_deriv': expected finite numbers"),
    ],
)
def test_what_is_wrong_is_named(request, layout, change, message):
    path = edit(request.getfixturevalue(layout), change)
    kind = RecordingError if "'traces'" in message else SourceError
    with pytest.raises(kind, match=rf"{path.name}: .*{message}"):
        (nichols if layout == "prelet" else kato).read(path)


def test_frames_without_a_state(current, prelet):
    (worm, _) = kato.read(edit(current, _flags(**dict.fromkeys((*SEVEN, "nostate"), 0))))
    assert (worm.states == NO_STATE).all()
    codes = [1.0, 2, 3, 4, 0, np.nan]  # a plain vector
    change = replace_cell(FOUR, lambda old: np.resize(codes, old.shape))
    (worm, _) = nichols.read(edit(prelet, change))
    assert worm.states[:6].tolist() == [0, 1, 2, 3, NO_STATE, NO_STATE]


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


def test_states_have_the_names_that_the_file_gives(prelet):
    edit(prelet, _with_names("Forward", "Reversal", "Quiescence", "Turn"))
    assert nichols.read(prelet)[0].vocabulary == ("forward", "reverse", "quiescence", "turn")


def test_flags_tell_dorsal_from_ventral_turns(tmp_path):
    def change(file):
        (frames,) = file[file[f"{NICHOLS}/timeVectorSeconds"][0, 0]].shape[1:]
        codes = np.where(np.arange(frames) == 0, 2.0, 4.0)[None]
        replace_cell(FOUR, codes)(file)
        flags = file["#refs#"].create_group("flags")
        flags["dt"], flags["vt"] = (np.arange(frames) < 5)[None] * 1.0, 0 * codes
        file[NICHOLS].create_dataset("States", data=_references([flags.ref]))

    path = tmp_path / "n2_prelet.mat"
    write_nichols(small_worms(1), path)
    (worm,) = nichols.read(edit(path, change))
    assert worm.vocabulary[4:] == ("dorsal turn", "ventral turn")
    seen = [worm.vocabulary[code] for code in worm.states[:6]]
    assert seen == ["forward", *["dorsal turn"] * 4, "turn"]
