from dataclasses import replace

import numpy as np
import pytest

from tiny import tiny_worm
from wormgnn.errors import ChoiceError, StateError
from wormgnn.states import FOUR, SEVEN, TWO, Bout, around, bouts, bouts_of, merge, vocabulary

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
