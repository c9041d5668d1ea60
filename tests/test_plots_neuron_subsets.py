"""Tests of the figures of fewer neurons and single neurons."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from wormgnn.plots.neuron_subsets import (
    accuracy_by_worm,
    neuron_by_worm,
    score_by_number,
    single_neuron_legend,
    single_neurons,
)
from wormgnn.plots.scores import MODEL_COLOURS


def by_number() -> pd.DataFrame:
    lines = [
        {"method": method, "n_neurons": n, "mean": mean, "majority": 0.55}
        for method, means in {"A": (0.6, 0.8, 0.9), "B": (0.5, 0.7, 0.95)}.items()
        for n, mean in zip((1, 5, 15), means, strict=True)
    ]
    return pd.DataFrame(lines).assign(sd_worms=0.05, sd_sets=[0.1, 0.02, np.nan] * 2)


def by_neuron() -> pd.DataFrame:
    return pd.DataFrame(
        {"method": method, "seen": seen, "neurons": name, "mean": mean + 0.1 * seen, "sd": 0.02}
        for method in ("A", "B")
        for seen in (True, False)
        for name, mean in {"AVAL": 0.8, "RMED": 0.6}.items()
    )


def test_a_line_for_each_method_and_one_for_the_majority(axes: Axes) -> None:
    score_by_number(by_number(), axes, ["B", "A"])
    lines = {line.get_label(): line for line in axes.lines}
    np.testing.assert_allclose(lines["A"].get_ydata(), [60, 80, 90])
    np.testing.assert_allclose(lines["B"].get_ydata(), [50, 70, 95])
    np.testing.assert_allclose(lines["A"].get_xdata(), [1, 5, 15], atol=0.2)
    assert lines["B"].get_color() == MODEL_COLOURS[0]
    np.testing.assert_allclose(lines["majority class"].get_ydata(), 55)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "5", "15"]


def test_thin_bars_over_worms_thick_ones_over_sets(axes: Axes) -> None:
    score_by_number(by_number(), axes, ["A"])
    thin, thick = (container.lines[2][0] for container in axes.containers)
    lengths = [[np.ptp(s[:, 1]) for s in bars.get_segments()] for bars in (thin, thick)]
    np.testing.assert_allclose(lengths, [[10, 10, 10], [20, 4, 0]], atol=1e-9)
    assert thick.get_linewidth()[0] > thin.get_linewidth()[0]


def test_neurons_from_top_to_bottom_in_the_order_given(axes: Axes) -> None:
    single_neurons(by_neuron(), axes, ["AVAL", "RMED"], ["A", "B"])
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["AVAL", "RMED"]
    assert axes.yaxis_inverted()
    unseen = axes.containers[0].lines[0]
    np.testing.assert_allclose(unseen.get_xdata(orig=False), [80, 60])
    np.testing.assert_allclose(unseen.get_ydata(orig=False), [0, 1], atol=0.5)


def test_same_worm_is_hollow_and_unseen_filled(axes: Axes) -> None:
    single_neurons(by_neuron(), axes, ["AVAL", "RMED"], ["A", "B"])
    faces = [to_hex(c.lines[0].get_markerfacecolor()) for c in axes.containers]
    first, second = (colour.lower() for colour in MODEL_COLOURS[:2])
    assert faces == [first, "#ffffff", second, "#ffffff"]
    heights = [c.lines[0].get_ydata(orig=False)[0] for c in axes.containers]
    assert len(set(np.round(heights, 6))) == 4


def test_bars_end_at_a_hundred(axes: Axes) -> None:
    score_by_number(by_number().assign(sd_worms=0.2), axes, ["A"])
    ends = [s[:, 1] for s in axes.containers[0].lines[2][0].get_segments()]
    np.testing.assert_allclose(ends, [[40, 80], [60, 100], [70, 100]])


def test_a_point_for_each_worm_and_model(axes: Axes) -> None:
    summary = pd.DataFrame(
        {"model": list("AABB"), "worm": ["w2", "w1"] * 2, "accuracy": [0.9, 0.8, 0.7, 0.6]}
    ).assign(sd=[0.05, np.nan, 0.1, 0.2])
    accuracy_by_worm(summary, axes)
    points = {c.get_label(): c.lines[0].get_ydata(orig=False) for c in axes.containers}
    np.testing.assert_allclose(points["A"], [80, 90])
    np.testing.assert_allclose(points["B"], [60, 70])
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["w1", "w2"]


def test_every_neuron_and_worm_has_its_percentage(axes: Axes) -> None:
    scores = pd.DataFrame({"w1": [0.98, 0.5], "w2": [0.51, 0.4]}, index=["AVAL", "ALA"])
    neuron_by_worm(scores, axes, "accuracy (%)")
    assert [text.get_text() for text in axes.texts] == ["98", "51", "50", "40"]
    assert [text.get_color() for text in axes.texts] == ["white", "black", "black", "black"]
    assert axes.images[0].get_clim() == (0, 100)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["AVAL", "ALA"]


def test_legend_names_every_marker(axes: Axes) -> None:
    single_neuron_legend(axes, ["A", "B"])
    (legend,) = axes.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        *["A: unseen worms", "A: same worm", "B: unseen worms", "B: same worm"],
        "chance",
    ]
