"""What is on the axes of the figures about connectivity."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from wormgnn import plots


def test_receivers_go_down_and_the_diagonal_is_left_out(axes: Axes) -> None:
    matrix = np.array([[9.0, 1.0], [4.0, 9.0]])
    image = plots.connection_matrix(matrix, ["A", "B"], axes, "sections")
    shown = np.ma.masked_invalid(image.get_array())
    assert shown[1, 0] == 4 and shown.mask[0, 0] and shown.mask[1, 1]
    assert image.get_clim() == (0, 4)
    assert [t.get_text() for t in axes.get_yticklabels()] == ["A", "B"]


def test_signed_matrix_has_white_at_zero(axes: Axes) -> None:
    matrix = np.array([[np.nan, -0.2], [0.0, np.nan]])
    image = plots.connection_matrix(matrix, ["A", "B"], axes, "r", (-1, 1))
    assert image.get_clim() == (-1, 1)
    assert min(image.cmap(image.norm(0.0))[:3]) > 0.95


def table() -> pd.DataFrame:
    rows = [
        ("one", "as is", 0.5, 0.01),
        ("one", "symmetric", 0.1, 0.9),
        ("two", "symmetric", 0.2, 1.0),
    ]
    return pd.DataFrame(rows, columns=["matrix", "part", "value", "p_holm"]).assign(
        kind="gap", low=-0.2, high=0.2
    )


def test_markers_are_filled_where_significant(axes: Axes) -> None:
    plots.agreement(table(), axes)
    markers = [line for line in axes.lines if line.get_marker() in ("o", "s", "D")]
    assert [float(line.get_xdata()[0]) for line in markers] == [0.5, 0.1, 0.2]
    filled = [to_hex(line.get_markerfacecolor()) != "#ffffff" for line in markers]
    assert filled == [True, False, False]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["one", "two"]
    assert float(markers[2].get_ydata()[0]) == 1  # alone, it sits on its line


def test_null_band_is_drawn_for_each_row(axes: Axes) -> None:
    plots.agreement(table(), axes)
    bands = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_lw() > 2]
    assert [tuple(line.get_xdata()) for line in bands] == [(-0.2, 0.2)] * 3
    plots.agreement_legend(axes)
    assert axes.figure is not None
    assert "p < 0.05 after Holm" in [t.get_text() for t in axes.figure.legends[0].texts]


def test_power_curves_are_named(axes: Axes) -> None:
    curve = pd.DataFrame({"r": [0.0, 0.5], "power": [0.05, 0.9]})
    plots.power_curves({"a": curve, "b": curve}, axes)
    legend = axes.get_legend()
    assert legend is not None and [t.get_text() for t in legend.texts] == ["a", "b"]


def test_spread_of_pairs_has_a_line_for_each_kind(axes: Axes) -> None:
    part = pd.DataFrame({"low": [-1.0, 0.0], "high": [0.0, 1.0], "share": [0.25, 0.75]})
    both = pd.concat([part.assign(pairs="a"), part.assign(pairs="b")])
    plots.network_pairs(both, axes)
    steps = [patch.get_data() for patch in axes.patches]
    assert len(steps) == 2
    np.testing.assert_array_equal(steps[0].values, [0.25, 0.75])
    np.testing.assert_array_equal(steps[0].edges, [-1, 0, 1])
