from dataclasses import replace

import numpy as np
import pytest

from tiny import tiny_worm
from wormgnn.errors import ChoiceError, StateError
from wormgnn.recording import NO_STATE
from wormgnn.states import FOUR, SEVEN, TWO, Bout, around, bouts, bouts_of, merge, vocabulary

ALL = np.arange(-1, len(SEVEN))


def labelled(vocabulary, states):
    worm = tiny_worm(n_frames=len(states))
    return replace(worm, vocabulary=tuple(vocabulary), states=np.asarray(states, dtype=np.int64))


def names(codes, vocabulary):
    return [None if code == NO_STATE else vocabulary[code] for code in codes]


def test_merging_of_the_seven_states_is_the_papers():
    seven = labelled(SEVEN, ALL)
    np.testing.assert_array_equal(merge(seven, 7), ALL)
    turns = ["dorsal turn", "ventral turn"]
    four = [None, "forward", "forward", "reverse", "reverse", "reverse", *turns]
    assert names(merge(seven, 4), FOUR) == four
    assert names(merge(seven, 2), TWO) == [*four[:6], None, None]


def test_the_order_of_a_recordings_vocabulary_does_not_matter():
    mixed = labelled(SEVEN[::-1], np.where(ALL < 0, ALL, len(SEVEN) - 1 - ALL))
    for n_states in (7, 4, 2):
        np.testing.assert_array_equal(merge(mixed, n_states), merge(labelled(SEVEN, ALL), n_states))


def test_merged_states_stay_merged():
    four = labelled(FOUR, range(-1, 4))
    np.testing.assert_array_equal(merge(four, 4), range(-1, 4))
    np.testing.assert_array_equal(merge(four, 2), [-1, 0, 1, -1, -1])


def test_states_beyond_every_vocabulary_are_ignored():
    worm = labelled(("forward", "quiescence", "turn"), [0, 1, 2, -1])
    np.testing.assert_array_equal(merge(worm, 4), [0, NO_STATE, NO_STATE, NO_STATE])


def test_seven_states_cannot_be_asked_of_merged_ones():
    with pytest.raises(StateError, match=r"worm-1.*'forward'.*4 or 2"):
        merge(labelled(FOUR, [0, 1] * 2), 7)
    unused = labelled((*SEVEN, "reverse"), ALL)
    np.testing.assert_array_equal(merge(unused, 7), ALL)


def test_unknown_states_and_numbers_are_named():
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
