"""What the figures of forecasts draw: curves, bands, what leaves a panel, paths."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from wormgnn import plots
from wormgnn.forecast_experiments import FORECASTS
from wormgnn.plots.trajectories import SKILL_LIMITS

STEPS = np.arange(1, 17)


def curve(model: str, skill: float, n_train: int = 1, mse: float = 0.01) -> pd.DataFrame:
    """A flat line of `forecast_tables.skill`."""
    line = {"model": model, "n_train": n_train, "step": STEPS, "mse": mse, "skill": skill}
    table = pd.DataFrame(line)
    for name in ("mse", "skill"):
        table[f"{name}_low"], table[f"{name}_high"] = table[name] - 0.002, table[name] + 0.004
    return table


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.concat(
        [
            curve("Persistence", 0.0),
            curve("Mean", -3.0),
            curve("MLP", 0.2),
            curve("GNN", -np.inf, mse=np.inf),
            curve("MLP", 0.4, n_train=4),
        ]
    )


@pytest.fixture
def axes() -> Axes:
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def lines(axes: Axes) -> dict[str, np.ndarray]:
    return {line.get_label(): line.get_ydata() for line in axes.lines}


def title(axes: Axes) -> str:
    """Wherever the style in force puts it."""
    return axes.get_title(loc="left") or axes.get_title()


def texts(axes: Axes) -> str:
    return "\n".join(text.get_text() for text in axes.texts)


def test_every_model_of_figure_4c_has_its_own_line_and_its_panel(table: pd.DataFrame) -> None:
    models = list(FORECASTS["figure4c"].lines)
    assert set(models) == set(plots.FORECAST_STYLES)
    drawn = [str(plots.forecast_style(model)) for model in models]
    assert len(set(drawn)) == len(models)
    grouped = [model for group in plots.FORECAST_GROUPS.values() for model in group]
    assert sorted(grouped) == sorted(set(models) - {"Persistence"})


def test_groups_are_those_that_are_there(table: pd.DataFrame) -> None:
    other = pd.concat([table, curve("MLP, batch norm", 0.1)])
    assert list(plots.groups_of(table)) == ["simple forecasts", "Markovian networks"]
    assert plots.groups_of(other)["others"] == ("MLP, batch norm",)


def test_error_is_drawn_in_its_unit_with_its_band(table: pd.DataFrame, axes: Axes) -> None:
    plots.error_curves(table, axes, 1)
    np.testing.assert_allclose(lines(axes)["MLP"], np.full(16, 100.0))
    band = axes.collections[2].get_paths()[0].vertices[:, 1]  # persistence, mean, MLP
    np.testing.assert_allclose([band.min(), band.max()], [80.0, 140.0])
    assert axes.get_yscale() == "log"
    assert texts(axes) == "leaves the panel:\nGNN: diverged"


def test_only_the_wanted_number_of_worms_and_models(table: pd.DataFrame, axes: Axes) -> None:
    plots.skill_curves(table, axes, 4, ["MLP", "GNN"])
    shown = {label: y for label, y in lines(axes).items() if not label.startswith("_")}
    assert list(shown) == ["MLP"]
    np.testing.assert_allclose(shown["MLP"], np.full(16, 40.0))
    assert title(axes) == "4 training worms"
    assert not axes.texts


def test_what_leaves_the_panel_is_named(table: pd.DataFrame, axes: Axes) -> None:
    plots.skill_curves(table, axes, 1)
    assert texts(axes) == "leaves the panel:\nMean: down to -300 %\nGNN: diverged"
    assert axes.get_ylim() == SKILL_LIMITS
    assert plots.out_of_view(table[table["model"] == "MLP"], -60) == []
    assert plots.out_of_view(table[table["model"] == "MLP"], 30) == ["MLP: down to 20 %"]


def test_grid_has_a_row_for_each_number_of_training_worms(table: pd.DataFrame) -> None:
    figure, grid = plt.subplots(2, 2, squeeze=False)
    plots.skill_grid(table, grid)
    assert [title(ax).replace("\n", ", ") for ax in grid.flat] == [
        "simple forecasts, 1 training worm",
        "Markovian networks, 1 training worm",
        "simple forecasts, 4 training worms",
        "Markovian networks, 4 training worms",
    ]
    plots.forecast_legend(figure)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["Mean", "MLP", "GNN"]
    plt.close(figure)


def test_examples_start_behind_the_last_known_frame() -> None:
    truth = np.arange(60.0).reshape(2, 30) / 60
    first, forecasts = [2, 8], {"MLP": np.full((2, 2, 16), 0.5)}
    figure, grid = plt.subplots(2, 2)
    plots.example_forecasts(truth, first, forecasts, ["AVAL", "RIML"], grid)
    true, mlp = grid[1, 1].lines[:2]
    np.testing.assert_allclose(true.get_xdata(), np.arange(-3, 17))
    np.testing.assert_allclose(true.get_ydata(), truth[1, 8:28])
    np.testing.assert_allclose(mlp.get_xdata(), np.arange(17))
    np.testing.assert_allclose(mlp.get_ydata(), [truth[1, 11], *[0.5] * 16])
    assert [row[0].get_ylabel() for row in grid] == ["AVAL", "RIML"]
    assert title(grid[0, 1]) == "frame 8"
    plt.close(figure)


def test_free_paths_keep_the_view_on_the_truth(axes: Axes) -> None:
    truth = np.array([[0.0, 0.0], [1.0, 2.0], [0.5, 1.0]])
    plots.free_paths(truth, {"GNN": 100 * truth}, axes, margin=0.5)
    np.testing.assert_allclose([*axes.get_xlim(), *axes.get_ylim()], [-0.5, 1.5, -1, 3])
    drawn = [line.get_color() for line in axes.lines if line.get_label() == "GNN"]
    assert drawn == [plots.FORECAST_STYLES["GNN"]["color"]]
