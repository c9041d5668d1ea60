"""Figures that compare models show the means and intervals of the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from wormgnn.plots import accuracy_of_models, training_rises
from wormgnn.statistics import bootstrap_interval


def rows():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "model": model,
            "n_train": n,
            "seen": seen,
            "worm": worm,
            "majority": 0.6,
            "accuracy": rng.uniform(0.5, 1),
            "balanced_accuracy": rng.uniform(0.5, 1),
        }
        for model in ("A: 2 states", "B: 2 states")
        for n in (1, 4)
        for seen in (True, False)
        for worm in "abcde"
    )


@pytest.mark.parametrize("score", ["accuracy", "balanced_accuracy"])
def test_points_are_means_over_worms_with_their_intervals(axes, score):
    table = rows()
    accuracy_of_models(table, axes, {"A: 2 states": "A", "B: 2 states": "B"}, score)
    part = table[(table["model"] == "B: 2 states") & (table["n_train"] == 4) & ~table["seen"]]
    mean, low, high = bootstrap_interval(100 * part.groupby("worm")[score].mean())
    container = axes.containers[-1]
    assert container.lines[0].get_xdata()[0] == pytest.approx(float(mean))
    (ends,) = container.lines[2][0].get_segments()
    assert ends[:, 0] == pytest.approx([float(low), min(float(high), 100)])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A", "B"]
    assert bool([line for line in axes.lines if line.get_linestyle() == ":"]) == (
        score == "accuracy"
    )


def test_kinds_are_told_apart_and_explained_once(axes):
    accuracy_of_models(rows(), axes, {"A: 2 states": "A", "B: 2 states": "B"})
    labels = axes.get_legend_handles_labels()[1]
    assert len(labels) == len(set(labels)) == 5
    faces = {c.lines[0].get_markerfacecolor() for c in axes.containers}
    assert "white" in faces and len(faces) == 3


def test_a_model_without_rows_leaves_its_line_empty(axes):
    accuracy_of_models(rows(), axes, {"A: 2 states": "A", "C: 2 states": "C"})
    assert len(axes.containers) == 4 and len(axes.get_yticks()) == 2


def test_rises_are_drawn_at_their_values(axes):
    table = pd.DataFrame({"model": ["A", "A", "B"], "n_train": [1, 1, 4], "rise": [0.0, 0.5, 0.25]})
    training_rises(table, axes, ["A", "B"])
    drawn = sorted(x for line in axes.lines if line.get_marker() == "." for x in line.get_xdata())
    assert drawn == [0.0, 0.25, 0.5]
    medians = [tuple(line.get_xdata()) for line in axes.lines if line.get_marker() != "."]
    assert medians == [(0.25, 0.25), (0.25, 0.25)]
