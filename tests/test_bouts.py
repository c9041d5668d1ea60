"""Bouts, and a trace around their onsets."""

from __future__ import annotations

import numpy as np
import pytest

from wormgnn.bouts import Bout, around, bouts, bouts_of


def test_bouts_cover_every_frame_with_a_state() -> None:
    states = np.array([2, 2, -1, 0, 0, 0, 2])
    assert bouts(states) == [Bout(0, 2, 2), Bout(3, 6, 0), Bout(6, 7, 2)]
    assert bouts_of(states, 2) == [Bout(0, 2, 2), Bout(6, 7, 2)]
    assert bouts_of(states, 1) == []


@pytest.mark.parametrize("states", [[], [-1, -1]])
def test_no_states_no_bouts(states: list[int]) -> None:
    assert bouts(np.array(states, dtype=np.int64)) == []


def test_around_interpolates_and_marks_what_was_not_recorded() -> None:
    times = np.arange(6) * 0.5
    found = around(times * 10, times, np.array([1, 5]), np.array([-1.0, -0.25, 0.0, 1.0]))
    expected = [[np.nan, 2.5, 5.0, 15.0], [15.0, 22.5, 25.0, np.nan]]
    np.testing.assert_allclose(found, expected)
