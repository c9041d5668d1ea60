"""Recordings as WormWideWeb JSON, CSV and NPZ. Damaged ones: fuzz.py."""

import bz2
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recordings import digests, small_worms
from wormgnn.datasets import registry, tabular, wormwideweb
from wormgnn.datasets.layouts import write_wormwideweb
from wormgnn.errors import RecordingError, SourceError, WormgnnError
from wormgnn.recording import NO_STATE, PAPER_NEURONS
from wormgnn.states import TWO, merge

TABLE = """time_s,state,AVAL,vb1,17
0.0,forward,1.0,2.0,0
0.5,,1.5,1.0,0
1.0,reverse,2.5,0.0,0
"""


@pytest.fixture
def animal(tmp_path):
    path = tmp_path / "animal.json"
    write_wormwideweb(small_worms(1, duration_s=60.0)[0], path)
    return path


def change(path, edit):
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))
    return path


def csv(tmp_path, text):
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding="utf-8")
    return path


def npz(tmp_path, **fields):
    whole = {
        "traces": np.arange(6.0).reshape(3, 2),
        "neurons": np.array(["AVAL", "VB1"]),
        "fps": 2.0,
        "states": np.array(["forward", "", "reverse"]),
    }
    path = tmp_path / "mine.npz"
    np.savez(path, **{k: v for k, v in (whole | fields).items() if v is not None})
    return path


@pytest.mark.real_data
def test_real_animals(dag_folder):
    paths = sorted(dag_folder.glob("*.json"))
    worms = [worm for path in paths for worm in wormwideweb.read(path)]
    names = ["2022-07-26-31", "2022-07-26-38", "2022-07-27-45", "2022-08-02-38"]
    assert [worm.worm for worm in worms] == names
    assert [worm.traces.shape for worm in worms] == [(800, 146), (800, 141), (800, 140), (800, 139)]
    assert [len(worm.identified) for worm in worms] == [99, 87, 107, 105]
    assert all(round(worm.fps, 2) == 1.66 for worm in worms)
    assert [len(set(worm.identified) & set(PAPER_NEURONS)) for worm in worms] == [11, 12, 11, 11]
    counts = [np.bincount(worm.states + 1).tolist() for worm in worms]
    assert counts == [[155, 461, 184], [186, 513, 101], [81, 543, 176], [244, 475, 81]]
    confidence = worms[1].confidence
    assert confidence is not None
    assert confidence[worms[1].columns(["RIML"])[0]] == 2.5
    for path, worm in zip(paths, worms, strict=True):  # reversals are half open, from zero
        velocity = np.array(json.loads(path.read_text())["velocity"])
        assert (velocity[worm.states == TWO.index("reverse")] < 0).all()


def test_wormwideweb_round_trip(animal):
    wanted = small_worms(1, duration_s=60.0)[0]
    (found,) = wormwideweb.read(animal)
    assert digests([replace(found, fps=wanted.fps)], [wanted]) == digests([wanted])
    assert (found.worm, found.dataset, found.vocabulary) == ("animal", "wormwideweb", TWO)
    assert found.fps == pytest.approx(wanted.fps)
    np.testing.assert_array_equal(found.states, merge(wanted, 2))
    confidence = np.array([1.5 if name else 0.0 for name in wanted.neurons])
    write_wormwideweb(replace(wanted, confidence=confidence), animal)
    np.testing.assert_array_equal(wormwideweb.read(animal)[0].confidence, confidence)


def test_ambiguous_labels_identify_nobody(animal):
    labels = {
        "1": ("SAAD?", "3.0"),
        "2": ("XXXL", "2.0"),
        "3": ("XXXL", "3.0"),
        "4": ("YYYR", "3.0"),
        "5": ("YYYR", "3.0"),
        "6": ("vb1", None),
    }
    entries = {key: {"label": label, "confidence": c} for key, (label, c) in labels.items()}
    change(animal, lambda content: content.update(labeled=entries))
    assert wormwideweb.read(animal)[0].neurons[:7] == ("", "", "XXXL", "", "", "VB01", "")


def test_slow_frames_outside_reversals_have_no_state(animal):
    def edit(content):
        content["velocity"] = [0.1, 0.0, -0.1, None] + [0.1] * (content["max_t"] - 4)
        content["reversal_events"] = [[5, 7]]

    states, none = wormwideweb.read(change(animal, edit))[0].states, NO_STATE
    assert states[:8].tolist() == [0, none, none, none, 0, 1, 1, 0]
    change(animal, lambda content: content.pop("velocity"))
    assert wormwideweb.read(animal)[0].states[:8].tolist() == [0, 0, 0, 0, 0, 1, 1, 0]


def test_stand_ins_for_traces_and_times(animal):
    def edit(content):
        content["trace_array"] = content.pop("trace_original")
        del content["timestamp_confocal"]
        content["avg_timestep"] = 0.01

    wanted = wormwideweb.read(animal)[0]
    found = wormwideweb.read(change(animal, edit))[0]
    np.testing.assert_array_equal(found.traces, wanted.traces)
    assert (found.fps, found.times[1]) == pytest.approx((1 / 0.6, 0.6))
    still = [0.0, *wanted.times[:-1].tolist()]
    change(animal, lambda content: content.update(timestamp_confocal=still))
    with pytest.raises(RecordingError, match=r"animal\.json: animal: field 'times'"):
        wormwideweb.read(animal)


def test_the_layout_of_2026(animal, tmp_path):
    """As wormwideweb.org serves it since then."""
    old = json.loads(animal.read_text())
    new = {
        "timing": {"timestamp_confocal": old["timestamp_confocal"], "max_t": 1},
        "gcamp": {"trace_array_original": old["trace_original"]},
        "behavior": {name: old[name] for name in ("velocity", "reversal_events")},
        "metadata": {"uid": "x"},
        "label": old["labeled"],
    }
    text = json.dumps(new).encode()
    for name, content in {"new.json": text, "new.json.bz2": bz2.compress(text)}.items():
        (tmp_path / name).write_bytes(content)
        (found,) = registry.read(tmp_path / name)
        assert found.worm == "new" and found.digest == wormwideweb.read(animal)[0].digest
        (tmp_path / name).write_bytes(content[:50])
        with pytest.raises(SourceError, match=rf"{name}: expected a JSON"):
            registry.read(tmp_path / name)


@pytest.mark.real_data
def test_real_files_of_2026(dag_folder):
    (wanted,) = registry.read(dag_folder / "2022-07-26-31.json")
    for path in (dag_folder.parent / "wormwideweb2026").glob("*.json*"):
        assert registry.read(path)[0].digest == wanted.digest


@pytest.mark.parametrize("content", ["", "[1, 2]", "{", '{"a": NaN'])
def test_no_json_object(tmp_path, content):
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(SourceError, match=r"bad\.json: expected a JSON"):
        wormwideweb.read(tmp_path / "bad.json")


ABSENT = object()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("trace_original", ABSENT, "expected this field"),
        ("trace_original", [[1.0, 2.0], [1.0]], "numbers on 2 axes"),
        ("trace_original", [1.0, 2.0], "expected 2 axes"),
        ("timestamp_confocal", [0.0, 1.0], "frames, found 2"),
        ("timestamp_confocal", [0.0] * 172, "expected seconds that rise"),
        ("velocity", [0.0], "frames, found 1"),
        ("velocity", "fast", "numbers on 1 axes"),
        ("labeled", ABSENT, "expected this field"),
        ("labeled", {"999": {"label": "AVAL"}}, "labels of the neurons 1 to"),
        ("labeled", {"1": "AVAL"}, "labels of the neurons"),
        ("labeled", [], "labels of the neurons"),
        ("labeled", {"1": {"label": "AVAL", "confidence": "nan"}}, "confidence that is no number"),
        ("reversal_events", ABSENT, "expected this field"),
        ("reversal_events", [[3, 1]], "pairs of frames"),
        ("reversal_events", [[0, 10**6]], "pairs of frames"),
        ("reversal_events", [3], "pairs of frames"),
    ],
)
def test_bad_field_of_json(animal, field, value, message):
    def edit(content):
        del content[field]
        content |= {} if value is ABSENT else {field: value}

    where = ".*" if value is ABSENT else field  # `trace_array` stands in for `trace_original`
    with pytest.raises(SourceError, match=rf"animal\.json: field '{where}': .*{message}"):
        wormwideweb.read(change(animal, edit))


def test_csv_and_npz(tmp_path):
    (worm,) = tabular.read(csv(tmp_path, TABLE))
    assert worm.neurons == ("AVAL", "VB01", "")
    np.testing.assert_array_equal(worm.traces[:, 0], [1.0, 1.5, 2.5])
    np.testing.assert_array_equal(worm.times, [0.0, 0.5, 1.0])
    (other,) = tabular.read(npz(tmp_path))
    assert other.neurons == ("AVAL", "VB01")
    for found in (worm, other):
        assert (found.worm, found.fps, found.vocabulary) == ("mine", 2.0, ("forward", "reverse"))
        assert found.states.tolist() == [0, NO_STATE, 1]
    timed = tabular.read(npz(tmp_path, fps=None, times_s=np.array([0.0, 1.0, 2.0])))[0]
    assert timed.fps == 1.0


def test_csv_without_states_and_times(tmp_path):
    for text in ("AVAL,RID\n1,2\n2,3\n", ",0,1\nAVAL,1,2\nRID,2,3\n"):  # as it is, and turned
        path = csv(tmp_path, text)
        worm = tabular.read(path, fps=4.0)[0]
        assert (worm.vocabulary, worm.states.tolist()) == ((), [NO_STATE, NO_STATE])
        np.testing.assert_array_equal(worm.traces, [[1, 2], [2, 3]])
        np.testing.assert_array_equal(worm.times, [0.0, 0.25])
        with pytest.raises(SourceError, match=r"mine\.csv: field 'time_s': expected seconds"):
            tabular.read(path)


FRAME = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 3)), columns=["AVAL", "RID", "VB01"])
FRAME.insert(0, "time_s", np.arange(20) / 2)


@pytest.mark.parametrize(
    "options",
    [
        {"encoding": "utf-8-sig"},
        {"sep": ";"},
        {"sep": "\t"},
        {"sep": ";", "decimal": ","},
        {"sep": "\t", "decimal": ",", "encoding": "utf-8-sig"},
        {"header": False},  # and turned
    ],
    ids=str,
)
def test_tables_of_every_kind_are_read_alike(tmp_path, options):
    turned = "header" in options
    (FRAME.T if turned else FRAME).to_csv(tmp_path / "mine.csv", index=turned, **options)
    (found,) = tabular.read(tmp_path / "mine.csv")
    assert found.neurons == ("AVAL", "RID", "VB01")
    np.testing.assert_allclose(np.column_stack([found.times, found.traces]), FRAME)


def test_short_gaps_are_filled_and_long_ones_refused(tmp_path):
    path, table = tmp_path / "mine.csv", FRAME.copy()
    table.loc[10:12, "AVAL"] = np.nan
    table.to_csv(path, index=False)
    with pytest.warns(UserWarning, match=r"mine\.csv: field 'AVAL': 3 empty cells were"):
        (found,) = tabular.read(path)
    trace = found.traces[:, 0]
    np.testing.assert_allclose(trace[9:14], np.linspace(trace[9], trace[13], 5))
    table.loc[13, "AVAL"] = np.nan
    table.to_csv(path, index=False)
    wanted = r"mine\.csv: field 'AVAL': expected 3 empty .*, found 4 empty cells from row 12"
    with pytest.raises(SourceError, match=wanted):
        tabular.read(path)
    FRAME.assign(time_s=FRAME["time_s"].mask(FRAME.index == 5)).to_csv(path, index=False)
    with pytest.raises(SourceError, match=r"field 'time_s': expected a number in every frame"):
        tabular.read(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a header and frames, found 0 rows"),
        ("AVAL,RID\n", "found 1 rows"),
        ("time_s,state\n0,forward\n1,reverse\n", "a column for a neuron"),
        ("time_s,AVAL\n0,1\n1\n", "expected 2 columns in row 3"),
        ("time_s,AVAL\n0,1\n1,fast\n", "field 'AVAL': expected a number in row 3, found"),
        ("time_s,AVAL\n0,1\n0,2\n", "field 'time_s': expected seconds that rise"),
        ("time_s,AVAL\n0,1\nnan,2\n", "field 'time_s': expected seconds"),
        ("time_s,VB1,VB01\n0,1,2\n1,2,3\n", "mine: .*VB01 repeats"),
        ("time_s,AVAL\n0,1\n1,nan\n", "mine: .*NaN or infinite trace of AVAL"),
        ("time_s,AVAL\n0,1\n1,1\n", "mine: .*constant trace of AVAL"),
    ],
)
def test_bad_csv(tmp_path, text, message):
    kind = RecordingError if message.startswith("mine") else SourceError
    with pytest.raises(kind, match=rf"mine\.csv: .*{message}"):
        tabular.read(csv(tmp_path, text))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"traces": None}, "field 'traces': expected this field"),
        ({"neurons": None}, "field 'neurons': expected this field"),
        ({"neurons": np.array([1, 2])}, "field 'neurons': expected text"),
        ({"traces": np.array([["a", "b"]])}, "field 'traces': expected numbers"),
        ({"fps": np.array([1.0, 2.0])}, "field 'fps': expected one number"),
        ({"fps": 0.0}, "field 'fps': expected frames per second > 0"),
        ({"fps": None}, "field 'time_s': expected seconds"),
        ({"states": np.array(["forward"])}, "field 'states': expected shape"),
        ({"neurons": np.array(["AVAL"])}, "field 'neurons': expected shape"),
        ({"times_s": np.zeros((3, 1))}, "field 'time_s'"),
        ({"neurons": np.array(["X", None])}, "expected a NumPy archive without pickled objects"),
    ],
)
def test_bad_npz(tmp_path, fields, message):
    with pytest.raises(WormgnnError, match=rf"mine\.npz: (mine: )?{message}"):
        tabular.read(npz(tmp_path, **fields))


def test_absent_and_binary_files(tmp_path):
    with pytest.raises(SourceError, match=r"none\.csv"):
        tabular.read(tmp_path / "none.csv")
    path = tmp_path / "bytes.csv"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(SourceError, match=r"bytes\.csv: expected a CSV table"):
        tabular.read(path)
