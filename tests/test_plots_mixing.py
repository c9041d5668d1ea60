"""What is on the axes of the figures about the dial."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer

from wormgnn.plots import mixing


def rows(along: str = "mixing", places: tuple[float, ...] = (0.0, 0.5)) -> pd.DataFrame:
    """Two models; unseen worms at 60 and 80 %, and a seen one that must not count."""
    return pd.DataFrame(
        [
            (model, place, seen, worm, 1.0 if seen else accuracy, 0.55, 4)
            for model in ("MLP", "MLP, true alignment")
            for place in places
            for seen, worm, accuracy in ((False, 51, 0.6), (False, 52, 0.8), (True, 1, 0.0))
        ],
        columns=["model", along, "seen", "worm", "accuracy", "majority", "n"],
    )


def bars(axes: Axes) -> list[ErrorbarContainer]:
    return [c for c in axes.containers if isinstance(c, ErrorbarContainer)]


def heights(container: ErrorbarContainer) -> list[float]:
    assert container.lines[0] is not None
    return [float(y) for y in np.asarray(container.lines[0].get_ydata())]


def test_accuracy_is_the_mean_over_unseen_worms(axes: Axes) -> None:
    mixing.dial_curves(rows(), axes)
    np.testing.assert_allclose([heights(c) for c in bars(axes)], 70)
    majority = axes.get_lines()[-1]
    np.testing.assert_allclose(majority.get_ydata(), 55)
    plain, true = (c.lines[0] for c in bars(axes))
    assert (plain.get_linestyle(), true.get_linestyle()) == ("-", "--")
    assert plain.get_color() == true.get_color()


def test_the_legend_names_all_models_and_the_majority(axes: Axes) -> None:
    mixing.dial_legend(["MLP", "MLP, true alignment"], axes)
    assert axes.figure is not None
    texts = [t.get_text() for t in axes.figure.legends[0].get_texts()]
    assert texts == ["MLP", "MLP, true alignment", "majority class"]


def differences() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "other": ["MLP", "MLP"],
            "mixing": [0.0, 0.5],
            "difference": [-0.1, 0.02],
            "low": [-0.2, -0.01],
            "high": [0.0, 0.06],
        }
    )


def test_differences_are_in_points_with_their_own_ends(axes: Axes) -> None:
    mixing.difference_curve(differences(), axes)
    (container,) = bars(axes)
    assert heights(container) == pytest.approx([-10, 2])
    ends = [segment[:, 1].tolist() for segment in container.lines[2][0].get_segments()]
    np.testing.assert_allclose(ends, [[-20, 0], [-1, 6]], atol=1e-9)


def test_real_worms_stand_in_the_middle_of_their_place(axes: Axes) -> None:
    real = {"difference": -0.05, "low": -0.1, "high": 0.01}
    mixing.difference_curve(differences(), axes, (0.1, 0.2), real)
    point = bars(axes)[-1]
    assert heights(point) == pytest.approx([-5])
    assert float(np.asarray(point.lines[0].get_xdata())[0]) == pytest.approx(0.15)
    assert axes.patches[0].get_x() == pytest.approx(0.1)  # type: ignore[attr-defined]


def test_without_a_place_nothing_real_is_drawn(axes: Axes) -> None:
    mixing.difference_curve(differences(), axes, None, {"difference": 0, "low": 0, "high": 0})
    assert len(bars(axes)) == 1 and not axes.patches


def test_a_statistic_has_one_curve_for_each_kind_and_the_worms_value(axes: Axes) -> None:
    table = pd.DataFrame(
        [
            (k, m, s, 1 - m + 0.1 * s)
            for k in ("loadings", "neurons")
            for m in (0, 1)
            for s in (0, 1)
        ],
        columns=["kind", "mixing", "sim_seed", "value"],
    )
    mixing.calibration_curves(table, axes, 0.9)
    np.testing.assert_allclose([heights(c) for c in bars(axes)], [[1.05, 0.05]] * 2)
    level = next(line for line in axes.get_lines() if line.get_label() == "real worms")
    assert list(level.get_ydata()) == [0.9, 0.9]  # type: ignore[arg-type]


def test_only_worms_that_no_network_met_are_shown(axes: Axes) -> None:
    table = rows("n_train", (4, 48))
    extra = table[(table["n_train"] == 4) & ~table["seen"]].assign(worm=9, accuracy=0.0)
    mixing.training_worm_curves(pd.concat([table, extra]), axes)
    assert heights(bars(axes)[0]) == pytest.approx([70, 70])
    assert [t.get_text() for t in axes.get_xticklabels()] == ["4", "48"]


def test_traces_and_messages_have_a_curve_each(axes: Axes) -> None:
    table = pd.DataFrame(
        {"mixing": [0.0, 0.0, 1.0], "traces": [0.8, 1.0, 0.2], "messages": [0.6, 0.4, 0.1]}
    )
    mixing.legibility_curves(table, axes)
    np.testing.assert_allclose([heights(c) for c in bars(axes)], [[0.9, 0.2], [0.5, 0.1]])
    assert [t.get_text() for t in axes.legend().get_texts()] == ["traces", "messages"]
