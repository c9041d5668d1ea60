"""What the manifold's figures draw: links, colours, limits, panels."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from wormgnn.plots import manifold as draw
from wormgnn.plots.style import NO_STATE_COLOUR, STATE_COLOURS


@pytest.fixture(autouse=True)
def closed_figures() -> object:
    yield
    plt.close("all")


def test_links_go_where_most_flows_and_skip_what_is_not_shown() -> None:
    markov = np.array(
        [[0.5, 0.4, 0.1, 0], [0, 0.2, 0.5, 0.3], [0.9, 0, 0.1, 0], [0.2, 0.2, 0.2, 0.4]]
    )
    shown = np.array([True, True, True, False])
    links = draw.main_links(markov, shown).tolist()
    assert links == [[0, 1], [1, 2], [2, 0]]
    every = draw.main_links(markov, np.ones(4, bool)).tolist()
    assert [1, 3] in every and [0, 2] not in every  # more than half of the strongest, or less


def test_steps_have_the_colour_of_their_state() -> None:
    axes = plt.figure().add_subplot(projection="3d")
    xyz = np.arange(12.0).reshape(4, 3)
    draw.path3d(xyz, np.array([0, 1, -1, 0]), ("forward", "reverse"), axes)
    colours = [to_hex(colour) for colour in axes.collections[0].get_colors()]
    expected = [STATE_COLOURS["forward"], STATE_COLOURS["reverse"], NO_STATE_COLOUR]
    assert colours == [colour.lower() for colour in expected]


def test_sensitivity_panels_mark_the_default_and_hide_the_rest() -> None:
    table = pd.DataFrame(
        {
            "parameter": ["k"] * 4,
            "value": ["1", "1", "2", "2"],
            "default": [False, False, True, True],
            "worm": ["a", "b"] * 2,
            "balanced_accuracy": [0.4, 0.6, 0.7, 0.9],
        }
    )
    _, panels = plt.subplots(1, 2)
    draw.sensitivity_panels(table, panels)
    line = panels[0].lines[0]
    np.testing.assert_allclose(line.get_ydata(), [0.5, 0.8])
    np.testing.assert_allclose(panels[0].collections[1].get_offsets(), [[1, 0.8]])
    assert panels[0].get_visible() and not panels[1].get_visible()


def test_horizon_is_the_mean_over_worms() -> None:
    table = pd.DataFrame(
        {"model": "manifold", "worm": ["a", "b"], "horizon_s": 5.0, "accuracy": [0.2, 0.6]}
    )
    axes = draw.horizon_curves(table, plt.figure().add_subplot())
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0.4])
