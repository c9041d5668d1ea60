"""What is on the axes, not how it looks."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from recordings import small_worms
from wormgnn import plots
from wormgnn.datasets import nichols
from wormgnn.features import features
from wormgnn.folds import roles
from wormgnn.plots.data import heatmap_order
from wormgnn.recording import NO_STATE, PAPER_NEURONS
from wormgnn.states import VOCABULARIES

matplotlib.use("Agg")
WORM = small_worms(1, duration_s=60.0)[0]


@pytest.fixture
def axes() -> Iterator[Axes]:
    figure, axes = plt.subplots()
    yield axes
    figure.canvas.draw()
    plt.close(figure)


def test_every_state_has_its_own_colour() -> None:
    known = {*nichols.STATES, *(s for v in VOCABULARIES.values() for s in v)}
    assert known <= set(plots.STATE_COLOURS)
    for states in VOCABULARIES.values():
        colours = [plots.STATE_COLOURS[state] for state in states]
        assert len({*colours, plots.NO_STATE_COLOUR}) == len(states) + 1


def test_merged_states_keep_a_colour_of_theirs() -> None:
    colours = plots.STATE_COLOURS
    assert colours["forward"] == colours["fwd"]
    assert colours["reverse"] == colours["revsus"]
    assert (colours["dorsal turn"], colours["ventral turn"]) == (colours["dt"], colours["vt"])


def test_worm_colours_repeat() -> None:
    assert plots.worm_colour(0) == plots.worm_colour(len(plots.WORM_COLOURS))
    assert len(set(plots.WORM_COLOURS)) == len(plots.WORM_COLOURS)


def test_style_is_shipped() -> None:
    with plt.rc_context():
        plots.use_style()
        assert plt.rcParams["axes.spines.top"] is False


def test_heatmap_has_shared_neurons_above_the_line(axes: Axes) -> None:
    shared = PAPER_NEURONS[:4]
    assert plots.heatmap(WORM, shared, axes) is axes
    assert [label.get_text() for label in axes.get_yticklabels()] == list(shared)
    top, rest = (np.asarray(image.get_array()) for image in axes.get_images())
    np.testing.assert_allclose(top, WORM.select(shared).traces.T)
    assert len(top) + len(rest) == len(WORM.neurons)
    line = next(line for line in axes.get_lines() if to_hex(line.get_color()) == "#ff0000")
    assert max(axes.get_yticks()) < line.get_ydata()[0] < axes.get_ylim()[0]


def test_heatmap_rows_go_by_correlation_with_the_reference() -> None:
    order = heatmap_order(WORM, ("RID",))
    assert sorted(order) == list(range(len(WORM.neurons)))
    assert WORM.neurons[order[0]] == "RID"
    assert WORM.neurons[order[1]] == "AVAL", "nothing correlates with AVAL as AVAL does"
    aval = WORM.select(["AVAL"]).traces[:, 0]
    found = [np.corrcoef(WORM.traces[:, column], aval)[0, 1] for column in order[1:]]
    assert found == sorted(found, reverse=True)


def test_heatmap_without_its_reference(axes: Axes) -> None:
    plots.heatmap(WORM.select(["RID", "ALA", "RIML"]), ["RID", "ALA", "RIML"], axes)
    assert len(axes.get_images()) == 1


def test_trace_is_coloured_by_state(axes: Axes) -> None:
    plots.coloured_trace(WORM, "RIML", axes)
    (lines,) = axes.collections
    assert len(lines.get_segments()) == WORM.n_frames - 1
    names = [*WORM.vocabulary, None]
    expected = [
        plots.NO_STATE_COLOUR if state == NO_STATE else plots.STATE_COLOURS[str(names[state])]
        for state in WORM.states[:-1]
    ]
    found = [to_hex(colour).upper() for colour in lines.get_colors()]
    assert found == expected


def test_ethogram_spans_the_recording(axes: Axes) -> None:
    plots.ethogram(WORM, axes)
    changes = np.flatnonzero(np.diff(WORM.states)).size + 1
    stretches = np.flatnonzero(np.diff(WORM.states == NO_STATE, prepend=False)[::1]).size
    assert changes - stretches <= len(axes.patches) <= changes
    assert axes.get_xlim() == pytest.approx((0, WORM.n_frames / WORM.fps), abs=0.5)


def test_state_means_average_bouts_then_worms(axes: Axes) -> None:
    lags_s = np.array([0.0, 1.0])
    activity = {"a": np.full((4, 2), 1.0), "b": np.tile([2.0, np.nan], (5, 1))}
    plots.state_means(activity, lags_s, axes)
    lines = {line.get_label(): line for line in axes.get_lines()}
    np.testing.assert_allclose(lines["a (4 bouts)"].get_ydata(), [1, 1])
    np.testing.assert_allclose(lines["b (5 bouts)"].get_ydata(), [2, np.nan])
    np.testing.assert_allclose(lines["mean over worms"].get_ydata(), [1.5, 1])
    assert lines["mean over worms"].get_linestyle() == "--"
    assert len(axes.collections) == 2


def test_state_means_leave_out_a_worm_with_two_bouts(axes: Axes) -> None:
    plots.state_means({"a": np.ones((2, 3))}, np.arange(3.0), axes)
    assert np.isnan(axes.get_lines()[0].get_ydata()).all()


def test_probability_matrix_masks_what_is_no_test(axes: Axes) -> None:
    image = plots.probability_matrix(
        np.array([[1, 0.01, 0.5], [0.01, 1, np.nan], [0.5, np.nan, 1]]), axes
    )
    shown = np.ma.getmaskarray(image.get_array())
    assert shown.tolist() == [[True, False, False], [False, True, True], [False, True, True]]
    low, high = (image.norm(p) for p in (0.049, 0.051))
    assert low != high
    plots.probability_bar(image, [axes])


def test_consistency_marks_the_consistent(axes: Axes) -> None:
    tests = pd.DataFrame(
        {"neuron": ["A", "A", "B", "B"], "state": ["reverse"] * 4, "p": [0.01, 0.5, 0.6, 0.7]}
    )
    table = pd.DataFrame({"reverse": [False, True]}, index=["A", "B"])
    plots.consistency(tests, table, axes)
    np.testing.assert_allclose(np.asarray(axes.get_images()[0].get_array()), [[0.5, 0.0]])
    assert axes.get_lines()[0].get_xydata().tolist() == [[1, 0]]


def test_node_features_cross_the_line_at_the_next_frame(axes: Axes) -> None:
    inputs = features(WORM, PAPER_NEURONS, 4)
    plots.node_features(inputs, "RIML", 60, WORM.fps, axes)
    dots = [line.get_ydata()[0] for line in axes.get_lines() if line.get_marker() == "o"]
    trace, slope = inputs.x[:, PAPER_NEURONS.index("RIML"), 61]
    assert dots == pytest.approx([trace + 1.25, slope])


def test_temporal_graph_joins_all_pairs(axes: Axes) -> None:
    inputs = features(WORM, PAPER_NEURONS, 4)
    plots.temporal_graph(inputs, [3, 4], axes, highlight="ALA")
    names = [text.get_text() for text in axes.texts]
    assert names.count("ALA") == 2
    assert {"$t$", "$t+1$"} <= set(names)
    edges = [c for c in axes.collections if hasattr(c, "get_segments")]
    assert [len(c.get_segments()) for c in edges] == [15 * 14 // 2] * 2
    nodes = [c for c in axes.collections if not hasattr(c, "get_segments")]
    np.testing.assert_allclose(nodes[1].get_array(), inputs.x[0, :, 4])


def test_fold_strips_show_every_split(axes: Axes) -> None:
    splits = {split: roles(400, 1, 10, split) for split in ("shuffled", "blocked")}
    plots.fold_strips(splits, 3.0, axes)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["shuffled", "blocked"]
    strip = np.asarray(axes.get_images()[1].get_array())[0]
    for role, colour in plots.inputs.ROLE_COLOURS.items():
        found = {to_hex(pixel).upper() for pixel in strip[splits["blocked"] == role]}
        assert found == {colour}


def test_scalings_and_correlations_have_a_line_each(axes: Axes) -> None:
    plots.scalings(np.zeros(5), np.ones(5), 2.0, axes)
    assert [line.get_xdata()[-1] for line in axes.get_lines()] == [2.0, 2.0]
    axes.clear()
    plots.window_correlations({"a": np.array([1, 0.5]), "b": np.array([1, 0.2])}, 3.0, axes)
    assert [line.get_xdata().tolist() for line in axes.get_lines()[:2]] == [[0, 3], [0, 3]]


def test_legend_names_the_states(axes: Axes) -> None:
    plots.state_legend(axes, ["fwd", "dt"], unlabelled=True)
    (legend,) = axes.figure.legends
    assert [t.get_text() for t in legend.get_texts()] == ["forward", "dorsal turn", "no state"]
