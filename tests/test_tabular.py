from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wormgnn.errors import RecordingError, SourceError, WormgnnError
from wormgnn.recording import NO_STATE
from wormgnn.sources import tabular

TABLE = """time_s,state,AVAL,vb1,17
0.0,forward,1.0,2.0,0
0.5,,1.5,1.0,0
1.0,reverse,2.5,0.0,0
"""


def csv(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding="utf-8")
    return path


def npz(tmp_path: Path, **fields: object) -> Path:
    path = tmp_path / "mine.npz"
    whole = {
        "traces": np.arange(6.0).reshape(3, 2),
        "neurons": np.array(["AVAL", "VB1"]),
        "fps": 2.0,
        "states": np.array(["forward", "", "reverse"]),
    }
    whole |= fields
    np.savez(path, **{k: v for k, v in whole.items() if v is not None})  # type: ignore[arg-type]
    return path


def test_csv(tmp_path: Path) -> None:
    (worm,) = tabular.read(csv(tmp_path, TABLE))
    assert worm.worm == "mine"
    assert worm.neurons == ("AVAL", "VB01", "")
    assert worm.fps == 2.0
    assert worm.vocabulary == ("forward", "reverse")
    assert worm.states.tolist() == [0, NO_STATE, 1]
    np.testing.assert_array_equal(worm.traces[:, 0], [1.0, 1.5, 2.5])
    np.testing.assert_array_equal(worm.times, [0.0, 0.5, 1.0])


def test_csv_without_states_and_times(tmp_path: Path) -> None:
    path = csv(tmp_path, "AVAL,RID\n1,2\n2,3\n")
    worm = tabular.read(path, fps=4.0)[0]
    assert worm.vocabulary == ()
    assert worm.states.tolist() == [NO_STATE, NO_STATE]
    np.testing.assert_array_equal(worm.times, [0.0, 0.25])
    with pytest.raises(SourceError, match=r"mine\.csv: field 'time_s': expected seconds"):
        tabular.read(path)


def test_npz(tmp_path: Path) -> None:
    (worm,) = tabular.read(npz(tmp_path))
    assert worm.neurons == ("AVAL", "VB01")
    assert worm.states.tolist() == [0, NO_STATE, 1]
    assert worm.fps == 2.0
    timed = tabular.read(npz(tmp_path, fps=None, times_s=np.array([0.0, 1.0, 2.0])))[0]
    assert timed.fps == 1.0


def test_pickles_are_refused(tmp_path: Path) -> None:
    path = npz(tmp_path, neurons=np.array(["AVAL", None], dtype=object))
    with pytest.raises(SourceError, match=r"mine\.npz: expected a NumPy archive without pickled"):
        tabular.read(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a header and frames, found 0 rows"),
        ("AVAL,RID\n", "found 1 rows"),
        ("time_s,state\n0,forward\n1,reverse\n", "a column for a neuron"),
        ("time_s,AVAL\n0,1\n1\n", "expected 2 columns in row 3"),
        ("time_s,AVAL\n0,1\n1,fast\n", "field 'AVAL': expected a number in every frame"),
        ("time_s,AVAL\n0,1\n1,\n", "field 'AVAL': expected a number"),
        ("time_s,AVAL\n0,1\n0,2\n", "field 'time_s': expected seconds that rise"),
        ("time_s,AVAL\n0,1\nnan,2\n", "field 'time_s': expected seconds"),
    ],
)
def test_bad_csv(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=rf"mine\.csv: .*{message}"):
        tabular.read(csv(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time_s,VB1,VB01\n0,1,2\n1,2,3\n", "VB01 repeats"),
        ("time_s,AVAL\n0,1\n1,nan\n", "NaN or infinite trace of AVAL"),
        ("time_s,AVAL\n0,1\n1,1\n", "constant trace of AVAL"),
    ],
)
def test_csv_that_breaks_a_rule(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RecordingError, match=rf"mine\.csv: mine: .*{message}"):
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
    ],
)
def test_bad_npz(tmp_path: Path, fields: dict[str, object], message: str) -> None:
    with pytest.raises(WormgnnError, match=rf"mine\.npz: (mine: )?{message}"):
        tabular.read(npz(tmp_path, **fields))


def test_absent_and_binary_files(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.csv"):
        tabular.read(tmp_path / "none.csv")
    path = tmp_path / "bytes.csv"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(SourceError, match=r"bytes\.csv: expected a CSV table"):
        tabular.read(path)


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_corrupted_files_give_a_recording_or_a_typed_error(
    tmp_path: Path, data: st.DataObject
) -> None:
    source = data.draw(st.sampled_from([csv(tmp_path, TABLE), npz(tmp_path)]))
    content = bytearray(source.read_bytes())
    for _ in range(data.draw(st.integers(0, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    corrupt = tmp_path / f"corrupt{source.suffix}"
    corrupt.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        tabular.read(corrupt)
    except WormgnnError as error:
        assert corrupt.name in str(error)
