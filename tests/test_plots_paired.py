"""What is on the axes of the figures of paired experiments."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from wormgnn.plots.paired import grouped_differences, recall_changes


def table() -> pd.DataFrame:
    rows = [
        ("2 states", "SVM", "accuracy", -1.0),
        ("2 states", "SVM", "balanced_accuracy", -1.5),
        ("2 states", "GNN", "accuracy", 0.5),
        ("2 states", "GNN", "balanced_accuracy", 0.25),
        ("4 states", "GNN", "accuracy", -3.0),
        ("4 states", "GNN", "balanced_accuracy", -4.0),
    ]
    found = pd.DataFrame(rows, columns=["group", "model", "score", "difference"])
    return found.assign(low=found["difference"] - 1, high=found["difference"] + 2)


def test_models_stand_under_their_group(axes: Axes) -> None:
    grouped_differences(table(), axes, 2.0, "group")
    labels = [t.get_text() for t in axes.get_yticklabels()]
    assert labels == ["2 states", "SVM", "GNN", "4 states", "GNN"]
    weights = [t.get_fontweight() for t in axes.get_yticklabels()]
    assert weights == ["bold", "normal", "normal", "bold", "normal"]
    points = [line for line in axes.lines if line.get_marker() in ("o", "s")]
    places = {round(float(p.get_xdata()[0]), 3): float(p.get_ydata()[0]) for p in points}
    assert {x: round(y) for x, y in places.items()} == {
        -1.0: 1,
        -1.5: 1,
        0.5: 2,
        0.25: 2,
        -3.0: 4,
        -4.0: 4,
    }
    assert places[-1.0] < places[-1.5]  # the first score above the second
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_intervals_and_margin_are_drawn(axes: Axes) -> None:
    grouped_differences(table(), axes, 2.0, "group")
    bars = [tuple(line.get_xdata()) for line in axes.lines if line.get_marker() == "None"][1:]
    expected = list(table()[["low", "high"]].itertuples(index=False, name=None))
    assert sorted(bars) == sorted(expected)
    band = axes.patches[0].get_extents().transformed(axes.transData.inverted())
    assert (band.x0, band.x1) == pytest.approx((-2, 2))


def test_axes_that_share_their_labels_can_be_drawn() -> None:
    figure, both = plt.subplots(1, 2, sharey=True)
    for ax in both:
        grouped_differences(table(), ax, 2.0, "group")
    assert both[0].get_yticklabels()[0].get_text() == "2 states"
    plt.close(figure)


def test_states_go_down_with_a_colour_for_each_model(axes: Axes) -> None:
    rows = pd.DataFrame(
        [
            {"model": model, "state": state, "difference": d, "low": d - 1, "high": d + 1}
            for model, shift in (("MLP", 0.0), ("GNN", -2.0))
            for state, d in (("forward", shift), ("reverse", shift - 5))
        ]
    )
    recall_changes(rows, axes)
    assert [t.get_text() for t in axes.get_yticklabels()] == ["forward", "reverse"]
    points = {line.get_label(): line for line in axes.lines if line.get_marker() == "o"}
    np.testing.assert_allclose(points["GNN"].get_xdata(), [-2, -7])
    assert np.round(points["GNN"].get_ydata()).tolist() == [0, 1]
    assert points["GNN"].get_color() != points["MLP"].get_color()
