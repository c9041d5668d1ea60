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


def frames_of(role, n_frames, fold, split, seed):
    return np.flatnonzero(roles(n_frames, fold, split=split, seed=seed) == role)


def distance(held_out, others):
    """Fewest frames between two sets; infinite where one is empty."""
    return min((np.abs(others - frame).min(initial=10**9) for frame in held_out), default=10**9)


@few
@any_split
def test_folds_partition_the_windows_evenly(n_frames, split, seed):
    folds = fold_of_window(n_frames, 10, split, seed)
    assert len(folds) == n_frames // WINDOW_FRAMES
    sizes = np.bincount(folds, minlength=10)
    assert len(sizes) == 10
    assert sizes.max() - sizes.min() <= 1


@few
@any_split
def test_every_window_tests_and_validates_once(n_frames, split, seed):
    tested = np.zeros(n_frames, dtype=int)
    validated = np.zeros(n_frames, dtype=int)
    for fold in range(10):
        tested[frames_of(Role.TEST, n_frames, fold, split, seed)] += 1
        validated[frames_of(Role.VALIDATION, n_frames, fold, split, seed)] += 1
    whole = n_frames // WINDOW_FRAMES * WINDOW_FRAMES
    assert (tested[:whole] == 1).all()
    assert (tested[whole:] == 0).all()
    if split == "shuffled":
        np.testing.assert_array_equal(validated, tested)


@few
@any_split
def test_a_shuffled_window_is_never_split(n_frames, split, seed):
    found = roles(n_frames, seed % 10, split="shuffled", seed=seed)
    whole = n_frames // WINDOW_FRAMES * WINDOW_FRAMES
    windows = found[:whole].reshape(-1, WINDOW_FRAMES)
    assert (windows == windows[:, :1]).all()
    assert (found[whole:] == Role.UNUSED).all()
    assert (found[:whole] != Role.UNUSED).all()


@few
@given(n_frames=st.integers(80, 3500), fold=st.integers(0, 9))
def test_a_blocked_split_keeps_its_distance(n_frames, fold):
    train, validation, test = (frames_of(role, n_frames, fold, "blocked", 0) for role in range(3))
    assert (np.diff(test) == 1).all()
    assert distance(test, train) > PURGE_FRAMES
    assert distance(test, validation) > PURGE_FRAMES
    assert distance(validation, train) > PURGE_FRAMES


@few
@given(fold=st.integers(0, 9), n_frames=st.integers(1000, 3500))
def test_a_blocked_split_wastes_no_more_than_the_gaps(fold, n_frames):
    unused = np.count_nonzero(roles(n_frames, fold, split="blocked") == Role.UNUSED)
    assert unused <= 4 * PURGE_FRAMES + WINDOW_FRAMES


def test_blocks_are_contiguous_and_ignore_the_seed():
    folds = fold_of_window(1000, 10, "blocked", 0)
    assert (np.diff(folds) >= 0).all()
    np.testing.assert_array_equal(folds, fold_of_window(1000, 10, "blocked", 1))


def test_the_seed_decides_a_shuffled_split():
    one, again, other = (fold_of_window(1000, 10, "shuffled", seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


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
