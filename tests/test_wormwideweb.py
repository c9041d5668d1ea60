from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings import PAPER, assert_same, small_worms
from wormgnn.errors import RecordingError, SourceError, WormgnnError
from wormgnn.recording import NO_STATE
from wormgnn.sources import wormwideweb
from wormgnn.sources.layouts import write_wormwideweb
from wormgnn.states import merge


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "animal.json"
    write_wormwideweb(small_worms(1, duration_s=60.0)[0], path)
    return path


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> Path:
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))
    return path


@pytest.mark.real_data
def test_real_animals(dag_folder: Path) -> None:
    worms = [worm for path in sorted(dag_folder.glob("*.json")) for worm in wormwideweb.read(path)]
    assert [worm.worm for worm in worms] == [
        "2022-07-26-31",
        "2022-07-26-38",
        "2022-07-27-45",
        "2022-08-02-38",
    ]
    assert [worm.traces.shape for worm in worms] == [(800, 146), (800, 141), (800, 140), (800, 139)]
    assert [len(worm.identified) for worm in worms] == [99, 87, 107, 105]
    assert all(round(worm.fps, 2) == 1.66 for worm in worms)
    assert [len(set(worm.identified) & set(PAPER)) for worm in worms] == [11, 12, 11, 11]
    counts = [np.bincount(worm.states + 1).tolist() for worm in worms]
    assert counts == [[155, 461, 184], [186, 513, 101], [81, 543, 176], [244, 475, 81]]
    confidence = worms[1].confidence
    assert confidence is not None
    assert confidence[worms[1].columns(["RIML"])[0]] == 2.5


@pytest.mark.real_data
def test_real_reversals_are_half_open_from_zero(dag_folder: Path) -> None:
    for path in dag_folder.glob("*.json"):
        velocity = np.array(json.loads(path.read_text())["velocity"])
        states = wormwideweb.read(path)[0].states
        assert (velocity[states == wormwideweb.STATES.index("reverse")] < 0).all()


def test_round_trip(path: Path) -> None:
    wanted = small_worms(1, duration_s=60.0)[0]
    (found,) = wormwideweb.read(path)
    assert found.worm == "animal"
    assert found.dataset == "wormwideweb"
    assert found.vocabulary == ("forward", "reverse")
    assert_same(replace(found, fps=wanted.fps), wanted)
    assert found.fps == pytest.approx(wanted.fps)
    np.testing.assert_array_equal(found.states, merge(wanted, 2))


def test_confidence_is_kept_and_zero_without_a_label(tmp_path: Path) -> None:
    worm = small_worms(1)[0]
    confidence = np.array([1.5 if name else 0.0 for name in worm.neurons])
    write_wormwideweb(replace(worm, confidence=confidence), tmp_path / "a.json")
    found = wormwideweb.read(tmp_path / "a.json")[0].confidence
    assert found is not None
    np.testing.assert_array_equal(found, confidence)


def test_ambiguous_labels_identify_nobody(path: Path) -> None:
    labels = {
        "1": ("SAAD?", "3.0"),
        "2": ("XXXL", "2.0"),
        "3": ("XXXL", "3.0"),
        "4": ("YYYR", "3.0"),
        "5": ("YYYR", "3.0"),
        "6": ("vb1", None),
    }
    entries = {key: {"label": label, "confidence": c} for key, (label, c) in labels.items()}
    change(path, lambda content: content.update(labeled=entries))
    neurons = wormwideweb.read(path)[0].neurons
    assert neurons[:7] == ("", "", "XXXL", "", "", "VB01", "")


def test_slow_frames_outside_reversals_have_no_state(path: Path) -> None:
    def edit(content: dict[str, Any]) -> None:
        frames = content["max_t"]
        content["velocity"] = [0.1, 0.0, -0.1, None] + [0.1] * (frames - 4)
        content["reversal_events"] = [[5, 7]]

    states = wormwideweb.read(change(path, edit))[0].states
    none = NO_STATE
    assert states[:8].tolist() == [0, none, none, none, 0, 1, 1, 0]
    change(path, lambda content: content.pop("velocity"))
    assert wormwideweb.read(path)[0].states[:8].tolist() == [0, 0, 0, 0, 0, 1, 1, 0]


def test_stand_ins_for_traces_and_times(path: Path) -> None:
    wanted = wormwideweb.read(path)[0]

    def edit(content: dict[str, Any]) -> None:
        content["trace_array"] = content.pop("trace_original")
        del content["timestamp_confocal"]
        content["avg_timestep"] = 0.01

    found = wormwideweb.read(change(path, edit))[0]
    np.testing.assert_array_equal(found.traces, wanted.traces)
    assert found.fps == pytest.approx(1 / 0.6)
    assert found.times[1] == pytest.approx(0.6)


@pytest.mark.parametrize("content", ["", "[1, 2]", "{", '{"a": NaN'])
def test_no_json_object(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(SourceError, match=r"bad\.json: expected a JSON"):
        wormwideweb.read(path)


BAD: list[tuple[str, Any, str]] = [
    ("trace_original", [[1.0, 2.0], [1.0]], "numbers on 2 axes"),
    ("trace_original", [1.0, 2.0], "expected 2 axes"),
    ("timestamp_confocal", [0.0, 1.0], "frames, found 2"),
    ("velocity", [0.0], "frames, found 1"),
    ("velocity", "fast", "numbers on 1 axes"),
    ("labeled", {"999": {"label": "AVAL"}}, "labels of the neurons 1 to"),
    ("labeled", {"1": "AVAL"}, "labels of the neurons"),
    ("labeled", [], "labels of the neurons"),
    ("labeled", {"1": {"label": "AVAL", "confidence": "nan"}}, "confidence that is no number"),
    ("reversal_events", [[3, 1]], "pairs of frames"),
    ("reversal_events", [[0, 10**6]], "pairs of frames"),
    ("reversal_events", [3], "pairs of frames"),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD)
def test_bad_field(path: Path, field: str, value: object, message: str) -> None:
    change(path, lambda content: content.update({field: value}))
    with pytest.raises(SourceError, match=rf"animal\.json: field '{field}': .*{message}"):
        wormwideweb.read(path)


@pytest.mark.parametrize("field", ["trace_original", "labeled", "reversal_events"])
def test_missing_field(path: Path, field: str) -> None:
    change(path, lambda content: content.pop(field))
    with pytest.raises(SourceError, match=r"animal\.json: field '.*': expected this field"):
        wormwideweb.read(path)


def test_times_that_stand_still(path: Path) -> None:
    def edit(content: dict[str, Any]) -> None:
        content["timestamp_confocal"][1] = content["timestamp_confocal"][0]

    with pytest.raises(RecordingError, match=r"animal\.json: animal: field 'times'"):
        wormwideweb.read(change(path, edit))


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_corrupted_files_give_a_recording_or_a_typed_error(path: Path, data: st.DataObject) -> None:
    text = path.read_text()
    if data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(text)))
        text = text[:place] + data.draw(st.text(max_size=3)) + text[place + 1 :]
    else:
        content = json.loads(text)
        field = data.draw(st.sampled_from(sorted(content)))
        junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
        content[field] = data.draw(
            junk | st.lists(junk, max_size=3) | st.dictionaries(st.text(max_size=2), junk)
        )
        text = json.dumps(content)
    corrupt = path.with_name("corrupt.json")
    corrupt.write_text(text, encoding="utf-8")
    try:
        wormwideweb.read(corrupt)
    except WormgnnError as error:
        assert corrupt.name in str(error)
