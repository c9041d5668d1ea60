"""Recordings and their states: what is refused, selected, resampled and merged."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiny import tiny_worm
from wormgnn.errors import ChoiceError, NeuronError, RecordingError, StateError
from wormgnn.recording import NO_STATE, UNIDENTIFIED, Recording, canonical_name, shared_neurons
from wormgnn.states import FOUR, SEVEN, TWO, Bout, around, bouts, bouts_of, merge, vocabulary


def recording(**changes):
    fields = {
        "worm": "w-1",
        "dataset": "test",
        "traces": np.arange(12.0).reshape(4, 3) ** 2,
        "neurons": ("AVAL", UNIDENTIFIED, "RID"),
        "fps": 2.0,
        "states": np.array([0, 1, NO_STATE, 1]),
        "vocabulary": ("forward", "reverse"),
    }
    return Recording(**{**fields, **changes})


CANONICAL = {"VB1": "VB01", " vb01 ": "VB01", "DB2": "DB02", "as10": "AS10", "AVAL": "AVAL"}
CANONICAL |= {"I2L": "I2L", "VB": "VB"} | dict.fromkeys(["17", "---", "", "AVA?"], UNIDENTIFIED)


def test_canonical_name():
    assert {name: canonical_name(name) for name in CANONICAL} == CANONICAL


@given(st.text(max_size=8))
def test_canonical_name_is_a_projection(name):
    once = canonical_name(name)
    assert canonical_name(once) == once


def test_select_takes_columns_in_the_order_asked():
    whole = recording(
        derivatives=np.arange(12.0).reshape(4, 3), confidence=np.array([1.0, 2.0, 3.0])
    )
    part = whole.select(["RID", "AVAL"])
    np.testing.assert_array_equal(part.traces, whole.traces[:, [2, 0]])
    assert part.derivatives is not None and part.confidence is not None
    np.testing.assert_array_equal(part.derivatives, [[2, 0], [5, 3], [8, 6], [11, 9]])
    np.testing.assert_array_equal(part.confidence, [3.0, 1.0])
    with pytest.raises(NeuronError, match="w-1: no neuron named AVBL"):
        whole.select(["AVAL", "AVBL"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"traces": np.zeros(4)}, "'traces': expected \\(frames, neurons\\)"),
        ({"states": np.zeros(3, dtype=int)}, "'states': expected shape \\(4,\\).*got \\(3,\\)"),
        ({"neurons": ("AVAL", "RID")}, "'neurons': expected shape \\(3,\\)"),
        ({"derivatives": np.zeros((3, 3))}, "'derivatives'"),
        ({"confidence": np.zeros(2)}, "'confidence'"),
        ({"neurons": ("RID", "", "RID")}, "RID repeats"),
        ({"states": np.array([0, 1, 2, 0])}, "code 2 is not in the vocabulary"),
        ({"states": np.array([0, 1, -2, 0])}, "code -2"),
        ({"fps": 0.0, "times": np.arange(4.0)}, "'fps'"),
        ({"times": np.array([0, 1, 1, 2.0])}, "seconds that increase"),
    ],
)
def test_broken_rules_are_named(changes, message):
    with pytest.raises(RecordingError, match=message):
        recording(**changes)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_bad_values_matter_in_named_neurons_alone(value):
    traces = recording().traces.copy()
    traces[1, 1] = value
    recording(traces=traces)
    traces[1, 0] = value
    with pytest.raises(RecordingError, match=r"NaN or infinite.*AVAL"):
        recording(traces=traces)
    with pytest.raises(RecordingError, match="constant trace of AVAL, RID"):
        recording(traces=np.ones((4, 3)))


def test_digest_follows_what_results_depend_on():
    first = recording()
    assert recording(worm="other").digest == first.digest
    changed = [
        {"traces": first.traces + 1e-9},
        {"states": np.array([0, 1, 1, 1])},
        {"fps": 2.1},
        {"neurons": ("AVAR", "", "RID")},
        {"derivatives": np.ones((4, 3))},
    ]
    digests = {replace(first, **change).digest for change in changed}
    assert len(digests | {first.digest}) == len(changed) + 1


def test_resample_interpolates_traces_and_takes_nearest_states():
    worm = recording(
        traces=np.stack([np.arange(4.0), np.arange(4.0), 3 - np.arange(4.0)], axis=1),
        derivatives=np.ones((4, 3)),
        states=np.array([0, 0, 1, 1]),
    ).resample(4.0)
    np.testing.assert_allclose(worm.traces[:, 0], [0, 0.5, 1, 1.5, 2, 2.5, 3])
    assert worm.states.tolist() in ([0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1, 1])
    assert worm.fps == 4.0
    assert worm.derivatives is None


def test_shared_neurons_are_an_intersection_that_names_the_worms_if_empty():
    other, alone = (
        recording(worm="w-2", neurons=neurons) for neurons in (("RID", "ALA", ""), ("ALA", "", ""))
    )
    assert shared_neurons([recording(), other]) == ("RID",)
    with pytest.raises(NeuronError, match="shared by w-1, w-2"):
        shared_neurons([recording(), alone])
    with pytest.raises(NeuronError, match="at least one"):
        shared_neurons([])


ALL = np.arange(-1, len(SEVEN))


def labelled(vocabulary, states):
    worm = tiny_worm(n_frames=len(states))
    return replace(worm, vocabulary=tuple(vocabulary), states=np.asarray(states, dtype=np.int64))


def reverse(codes):
    return np.where(codes < 0, codes, len(SEVEN) - 1 - codes)


MERGED = [  # states of a recording, how many are asked for, and what each becomes
    (SEVEN, ALL, 7, ALL),
    (SEVEN, ALL, 4, [-1, 0, 0, 1, 1, 1, 2, 3]),
    (SEVEN, ALL, 2, [-1, 0, 0, 1, 1, 1, -1, -1]),
    (SEVEN[::-1], reverse(ALL), 7, ALL),
    (SEVEN[::-1], reverse(ALL), 2, [-1, 0, 0, 1, 1, 1, -1, -1]),
    (FOUR, ALL[:5], 4, ALL[:5]),
    (FOUR, ALL[:5], 2, [-1, 0, 1, -1, -1]),
    (("forward", "quiescence", "turn"), [0, 1, 2, -1], 4, [0, -1, -1, -1]),
    ((*SEVEN, "reverse"), ALL, 7, ALL),  # a name that no frame has
]


@pytest.mark.parametrize(("named", "states", "n_states", "wanted"), MERGED)
def test_states_are_merged_as_in_the_paper_in_whatever_order_they_come(
    named, states, n_states, wanted
):
    np.testing.assert_array_equal(merge(labelled(named, states), n_states), wanted)
    assert FOUR == ("forward", "reverse", "dorsal turn", "ventral turn") and FOUR[:2] == TWO


def test_what_cannot_be_merged_is_named():
    with pytest.raises(StateError, match=r"worm-1.*'forward'.*4 or 2"):
        merge(labelled(FOUR, [0, 1] * 2), 7)
    with pytest.raises(StateError, match=r"worm-1.*'dance'"):
        merge(labelled(("fwd", "dance"), [0, 0]), 2)
    with pytest.raises(ChoiceError, match="number of states 3: choose one of 7, 4, 2"):
        vocabulary(3)


def test_bouts_cover_every_frame_with_a_state():
    states = np.array([2, 2, -1, 0, 0, 0, 2])
    assert bouts(states) == [Bout(0, 2, 2), Bout(3, 6, 0), Bout(6, 7, 2)]
    assert bouts_of(states, 2) == [Bout(0, 2, 2), Bout(6, 7, 2)]
    assert bouts_of(states, 1) == bouts(states[:0]) == bouts(states[2:3]) == []


def test_around_interpolates_and_marks_what_was_not_recorded():
    times = np.arange(6) * 0.5
    found = around(times * 10, times, np.array([1, 5]), np.array([-1.0, -0.25, 0.0, 1.0]))
    expected = [[np.nan, 2.5, 5.0, 15.0], [15.0, 22.5, 25.0, np.nan]]
    np.testing.assert_allclose(found, expected)
