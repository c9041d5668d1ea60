from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from wormgnn import plots
from wormgnn.readings import leave_one_worm_out

WORMS = ("w1", "w2", "w3", "w4")


def rows(models: tuple[str, ...] = ("MLP", "GNN")) -> pd.DataFrame:
    """Every subset of one and two worms, evaluated on every worm."""
    random = np.random.default_rng(0)
    lines = [
        {
            "model": model,
            "n_train": len(subset),
            "subset": "+".join(subset),
            "fold": 0,
            "worm": worm,
            "seen": worm in subset,
            "accuracy": random.uniform(0.6, 1),
            "majority": 0.6,
        }
        for model in models
        for n in (1, 2)
        for subset in itertools.combinations(WORMS, n)
        for worm in WORMS
    ]
    return pd.DataFrame(lines)


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def test_every_member_is_a_point_and_every_mean_a_marker(axes):
    table = rows()
    plots.accuracy_by_training_worms(table, axes, seen=False)
    unseen = table[~table["seen"]]
    drawn = np.concatenate([line.get_ydata() for line in axes.lines if line.get_marker() == "."])
    np.testing.assert_allclose(np.sort(drawn), np.sort(100 * unseen["accuracy"]))
    means = [c.lines[0].get_ydata()[0] for c in axes.containers]
    expected = 100 * unseen.groupby(["model", "n_train"])["accuracy"].mean()
    np.testing.assert_allclose(np.sort(means), np.sort(expected))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2"]


def test_a_box_for_each_model_and_unseen_worm(axes):
    plots.accuracy_by_worm(rows(), axes)
    assert [label.get_text() for label in axes.get_xticklabels()] == list(WORMS)
    assert len(axes.patches) == 2 * len(WORMS)


def test_confusion_shows_percent_of_the_label_and_counts(axes):
    plots.confusion_matrix(np.array([[30, 10], [0, 1500]]), ("forward", "reverse"), axes)
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["75%\n30", "25%\n10", "0%\n0", "100%\n1.5k"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "labelled")


def test_differences_are_drawn_in_the_order_given(axes):
    table = pd.DataFrame({"difference": [1.0, -2.0], "low": [0.5, -3], "high": [2, 0]}, ["a", "b"])
    plots.differences(table, axes)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    centres = dict(zip(axes.get_yticks(), table["difference"], strict=True))
    x, y = axes.containers[0].lines[0].get_data()
    assert dict(zip(y, x, strict=True)) == centres


def test_every_reading_has_a_point_for_each_held_out_worm(axes):
    table = leave_one_worm_out(rows(("mlp", "after g")).rename(columns={"model": "reading"}))
    plots.readings_by_validation(table[table["n_train"] == 2], axes)
    points = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert {line.get_label() for line in points} == {"mlp", "after g"}
    assert all(len(line.get_xdata()) == len(WORMS) for line in points)
