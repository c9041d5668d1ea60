"""What is on the axes of the figures of one-hot edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from wormgnn.plots.one_hot import accuracy_by_factor, edge_measure, example_edges


def rows() -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {
                "rivals": rivals,
                "factor": factor,
                "subset": subset,
                "fold": 0,
                "worm": worm,
                "accuracy": random.uniform(0.5, 1),
            }
            for rivals in ("types", "senders")
            for factor in (1, 10, 100)
            for subset in ("w1", "w2")
            for worm in ("w3", "w4", "w5")
        ]
    )


def test_means_networks_and_levels_are_drawn(axes: Axes) -> None:
    table = rows()
    accuracy_by_factor(table, axes, {"MLP": 0.9, "majority class": 0.6})
    assert axes.get_xscale() == "log"
    assert [t.get_text() for t in axes.get_xticklabels()] == ["1", "10", "100"]
    networks = [line for line in axes.lines if line.get_marker() == "."]
    drawn = np.concatenate([line.get_ydata() for line in networks])
    expected = 100 * table.groupby(["rivals", "factor", "subset"])["accuracy"].mean()
    np.testing.assert_allclose(np.sort(drawn), np.sort(expected))
    for container, rivals in zip(axes.containers, ("types", "senders"), strict=True):
        x, y = container.lines[0].get_data()
        mean = 100 * table[table["rivals"] == rivals].groupby("factor")["accuracy"].mean()
        np.testing.assert_allclose(y, mean)
        np.testing.assert_allclose(np.log10(x), [0, 1, 2], atol=0.05)
        for segment, value in zip(container.lines[2][0].get_segments(), mean, strict=True):
            assert segment[0, 1] <= value <= segment[1, 1]
    _, labels = axes.get_legend_handles_labels()
    assert set(labels) == {"MLP", "majority class", "softmax over types", "softmax over senders"}
    assert [line.get_ydata()[0] for line in axes.lines if line.get_label() == "MLP"] == [90]


def test_a_line_for_each_reading_and_size_with_its_null(axes: Axes) -> None:
    edges = pd.DataFrame(
        [
            {
                "rivals": rivals,
                "factor": factor,
                "n_train": n_train,
                "share": 0.1 * n_train,
                "share_sd": np.nan if factor == 1 else 0.05,
                "null_share": 0.6,
                "distinct": 5.0 if rivals == "senders" else np.nan,
                "distinct_sd": 1.0,
            }
            for rivals in ("types", "senders")
            for factor in (100, 1)
            for n_train in (1, 4)
        ]
    )
    edge_measure(edges, axes, "share", "null_share")
    assert len(axes.containers) == 4
    for container in axes.containers:
        assert (np.diff(container.lines[0].get_xdata()) > 0).all()
    styles = [c.lines[0].get_linestyle() for c in axes.containers]
    assert sorted(styles) == ["-", "-", "--", "--"]
    nulls = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert len(nulls) == 4 and all((line.get_ydata() == 0.6).all() for line in nulls)
    before = len(axes.containers)
    edge_measure(edges, axes, "distinct")
    assert len(axes.containers) == before + 2  # types have none


def test_example_has_receivers_down_from_white_to_black(axes: Axes) -> None:
    table = pd.DataFrame({"receiver": ["A", "B"], "A": [0.0, 1.0], "B": [0.25, 0.0]})
    image = example_edges(table, axes, ticks=True)
    np.testing.assert_array_equal(image.get_array(), [[0, 0.25], [1, 0]])
    assert image.get_clim() == (0, 1)
    assert [t.get_text() for t in axes.get_yticklabels()] == ["A", "B"]
    assert image.cmap(image.norm(1.0))[0] < 0.1 < 0.9 < image.cmap(image.norm(0.0))[0]
