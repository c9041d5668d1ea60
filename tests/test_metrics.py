import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, recall_score

from wormgnn import metrics


def counted(labelled, predicted, n_states=4):
    counts = np.zeros((n_states, n_states), dtype=np.int64)
    np.add.at(counts, (labelled, predicted), 1)
    return counts


states = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


@settings(max_examples=50, deadline=None)
@given(states)
def test_scores_are_those_of_scikit_learn(pairs):
    labelled, predicted = np.array(pairs).T
    counts = counted(labelled, predicted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sklearn's, about states that were never labelled
        balanced = balanced_accuracy_score(labelled, predicted)
    assert metrics.accuracy(counts) == pytest.approx(accuracy_score(labelled, predicted))
    assert metrics.balanced_accuracy(counts) == pytest.approx(balanced)
    assert metrics.macro_f1(counts) == pytest.approx(f1_score(labelled, predicted, average="macro"))
    assert metrics.majority(counts) == pytest.approx(np.bincount(labelled).max() / len(labelled))
    present = np.unique(labelled)
    np.testing.assert_allclose(
        metrics.recall(counts)[present],
        recall_score(labelled, predicted, labels=present, average=None, zero_division=0),
    )
    assert np.isnan(np.delete(metrics.recall(counts), present)).all()


def test_leading_axes_are_kept():
    counts = np.random.default_rng(0).integers(1, 9, size=(2, 3, 4, 4))
    for score in (metrics.accuracy, metrics.balanced_accuracy, metrics.macro_f1, metrics.majority):
        assert score(counts).shape == (2, 3)
        assert score(counts)[1, 2] == pytest.approx(float(score(counts[1, 2])))


def test_no_frames_give_no_score_and_no_warning():
    counts = np.zeros((2, 3, 3), dtype=np.int64)
    counts[1] = np.eye(3)
    for score in (metrics.accuracy, metrics.balanced_accuracy, metrics.macro_f1, metrics.majority):
        found = score(counts)
        assert np.isnan(found[0])
        assert found[1] > 0


def test_information_of_label_and_prediction():
    counts = np.array([[[5, 0], [0, 5]], [[4, 4], [1, 1]], [[0, 0], [0, 0]], [[3, 1], [1, 3]]])
    entropy = -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))
    np.testing.assert_allclose(metrics.information_bits(counts), [1, 0, 0, 1 - entropy], atol=1e-12)
