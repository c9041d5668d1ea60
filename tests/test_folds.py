import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wormgnn.errors import ChoiceError
from wormgnn.features import WINDOW_FRAMES
from wormgnn.folds import PURGE_FRAMES, Role, fold_of_window, roles, worm_subsets

any_split = given(
    n_frames=st.integers(80, 3500),
    split=st.sampled_from(["shuffled", "blocked"]),
    seed=st.integers(0, 2**16),
)
few = settings(max_examples=30, deadline=None)


def distance(held_out, others):
    """Fewest frames between two sets; infinite where one is empty."""
    return min((np.abs(others - frame).min(initial=10**9) for frame in held_out), default=10**9)


@few
@any_split
def test_every_window_tests_and_validates_once(n_frames, split, seed):
    folds = fold_of_window(n_frames, 10, split, seed)
    assert len(folds) == n_frames // WINDOW_FRAMES
    assert np.ptp(np.bincount(folds, minlength=10)) <= 1
    whole = n_frames // WINDOW_FRAMES * WINDOW_FRAMES
    found = np.array([roles(n_frames, fold, split=split, seed=seed) for fold in range(10)])
    assert ((found[:, :whole] == Role.TEST).sum(0) == 1).all()
    assert (found[:, whole:] == Role.UNUSED).all()
    if split == "shuffled":  # and no window is split, nor wasted
        assert ((found[:, :whole] == Role.VALIDATION).sum(0) == 1).all()
        windows = found[:, :whole].reshape(10, -1, WINDOW_FRAMES)
        assert (windows == windows[..., :1]).all() and (windows != Role.UNUSED).all()
    other = fold_of_window(n_frames, 10, split, seed + 1)
    if split == "blocked":
        assert (np.diff(folds) >= 0).all() and (other == folds).all()
    elif n_frames > 1000:
        assert (other != folds).any()


@few
@given(n_frames=st.integers(80, 3500), fold=st.integers(0, 9))
def test_a_blocked_split_keeps_its_distance_and_wastes_no_more(n_frames, fold):
    found = roles(n_frames, fold, split="blocked")
    unused, train, validation, test = (np.flatnonzero(found == role) for role in Role)
    assert (np.diff(test) == 1).all()
    assert distance(test, train) > PURGE_FRAMES
    assert distance(test, validation) > PURGE_FRAMES
    assert distance(validation, train) > PURGE_FRAMES
    assert n_frames < 1000 or len(unused) <= 4 * PURGE_FRAMES + WINDOW_FRAMES


def test_wrong_choices_are_named():
    with pytest.raises(ChoiceError, match=r"split 'random'.*shuffled, blocked"):
        fold_of_window(1000, 10, "random", 0)
    with pytest.raises(ChoiceError, match=r"folds 10.*2 to 5 \(windows\)"):
        fold_of_window(40, 10, "blocked", 0)
    with pytest.raises(ChoiceError, match="folds 1"):
        fold_of_window(1000, 1, "blocked", 0)


def test_subsets_are_all_of_them():
    worms = "abcde"
    assert len(worm_subsets(worms)) == 2**5 - 1
    assert worm_subsets(worms, [2]) == list(itertools.combinations(worms, 2))
    assert [len(s) for s in worm_subsets(worms, [1, 4])] == [1] * 5 + [4] * 5
