"""What is on the axes, not how it looks."""

import itertools
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from recordings import small_worms
from wormgnn import plots
from wormgnn.datasets import nichols
from wormgnn.features import features
from wormgnn.folds import roles
from wormgnn.plots.forecasts import SKILL_LIMITS, groups_of
from wormgnn.plots.manifold import main_links
from wormgnn.plots.recordings import ROLE_COLOURS
from wormgnn.recording import NO_STATE, PAPER_NEURONS
from wormgnn.states import VOCABULARIES
from wormgnn.statistics import bootstrap_interval

WORM = small_worms(1, duration_s=60.0)[0]
WORMS = ("w1", "w2", "w3")
GNN = plots.MODEL_COLOURS["GNN"]


@pytest.fixture
def rows():
    """Two models, two sizes, three worms, two folds, seen and unseen."""
    keys = list(itertools.product(("GNN", "MLP"), (1, 4), WORMS, (0, 1), (True, False)))
    table = pd.DataFrame(keys, columns=["model", "n_train", "worm", "fold", "seen"])
    scores = np.random.default_rng(0).uniform(0.6, 1, (2, len(keys)))
    return table.assign(accuracy=scores[0], balanced_accuracy=scores[1], majority=0.55, n_states=2)


@pytest.fixture
def compared():
    columns = ["model", "states", "difference", "low", "high", "answer"]
    values = [
        ("GNN", "2 states", 3.0, 1.0, 5, "different"),
        ("MLP", "2 states", -1.0, -2.0, 1, "same within the margin"),
        ("GNN", "4 states", 5.0, -1.0, 9, "not decided"),
    ]
    return pd.DataFrame(values, columns=columns)


def labelled(axes):
    lines = {str(line.get_label()): line for line in axes.lines}
    return {name: line for name, line in lines.items() if not name.startswith("_")}


def ticks(axes, which="y"):
    return [label.get_text() for label in getattr(axes, f"get_{which}ticklabels")()]


def unseen_means(rows, by="n_train"):
    unseen = rows[~rows["seen"]]
    return (
        100 * unseen.groupby(["model", by, "worm"])["accuracy"].mean().groupby(level=[0, 1]).mean()
    )


def test_every_state_has_its_own_colour():
    known = {*nichols.STATES, *(s for v in VOCABULARIES.values() for s in v)}
    assert known <= set(plots.STATE_COLOURS)
    for states in VOCABULARIES.values():
        colours = [plots.STATE_COLOURS[state] for state in states]
        assert len({*colours, plots.NO_STATE_COLOUR}) == len(states) + 1
    colours = plots.STATE_COLOURS
    assert (colours["forward"], colours["reverse"]) == (colours["fwd"], colours["revsus"])


def test_models_keep_their_colours_and_variants_are_shades_of_them():
    found = plots.palette(["MLP", "GNN", "GNN, sum", "GNN, two steps", "somebody else's"])
    assert (found["MLP"], found["GNN"]) == (plots.MODEL_COLOURS["MLP"], GNN)
    assert len(set(found.values())) == 5
    assert plots.palette(["GNN"]) == {"GNN": GNN}
    assert plots.palette(["GNN minus MLP"]) == {"GNN minus MLP": plots.MODEL_COLOURS["MLP"]}
    assert plots.palette(["reverse"]) == {"reverse": plots.STATE_COLOURS["reverse"]}
    assert len(set(plots.palette([1, 2, 4]).values())) == 3


def test_accuracy_against_shows_means_over_worms(rows, axes):
    assert plots.accuracy_against(rows, axes) is axes
    means, lines = unseen_means(rows), labelled(axes)
    for model in ("GNN", "MLP"):
        np.testing.assert_allclose(lines[model].get_ydata(), means[model])
        np.testing.assert_allclose(lines[model].get_xdata(), [1, 4], atol=0.3)
    np.testing.assert_allclose(lines["majority class"].get_ydata(), 55)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("training worms", "accuracy (%)")
    drawn = np.sort(np.concatenate([c.get_offsets()[:, 1] for c in axes.collections[:1]]))
    worms = rows[~rows["seen"]].groupby(["model", "n_train", "worm"])["accuracy"].mean()
    np.testing.assert_allclose(drawn, np.sort(100 * worms))


def test_bars_are_the_intervals_of_the_tables(rows, axes):
    one = rows[(rows["model"] == "GNN") & ~rows["seen"]]
    plots.accuracy_against(one, axes, points=False)
    by_worm = 100 * one[one["n_train"] == 4].groupby("worm")["accuracy"].mean()
    _, low, high = bootstrap_interval(by_worm.to_numpy())
    ends = axes.collections[0].get_segments()[1][:, 1]
    np.testing.assert_allclose(ends, [float(low), float(high)])


def test_accuracy_by_model_fills_the_unseen(rows, axes):
    plots.accuracy_by(rows, axes, hue="n_train", score="balanced_accuracy", order=["MLP", "GNN"])
    assert ticks(axes) == ["MLP", "GNN"] and axes.yaxis_inverted()
    lines = labelled(axes)
    assert to_hex(lines["trained on 1, same worm, test fold"].get_markerfacecolor()) == "#ffffff"
    unseen = lines["trained on 1, unseen worms"]
    assert to_hex(unseen.get_markerfacecolor()) == to_hex(unseen.get_color())
    heights = np.concatenate([lines[name].get_ydata() for name in lines if "worm" in name])
    assert len(set(np.round(heights, 6))) == 2 * 4, "every mean has a height of its own"
    np.testing.assert_allclose(lines["chance"].get_xdata(), 50)
    seen = rows[(rows["n_train"] == 1) & rows["seen"]]
    means = 100 * seen.groupby("model")["balanced_accuracy"].mean()[["MLP", "GNN"]]
    drawn = lines["trained on 1, same worm, test fold"].get_xdata()
    np.testing.assert_allclose(drawn, means)


def test_curves_take_known_ends_and_a_null(axes):
    table = pd.DataFrame({"factor": [1, 10], "bits": [1.0, 2.0], "kind": "types", "low": 0.5})
    table = table.assign(high=3.0, chance=0.25)
    bars = {"ends": ("low", "high"), "null": "chance"}
    plots.curves(table, axes, "factor", "bits", "kind", log=True, **bars)
    assert [s[:, 1].tolist() for s in axes.collections[-1].get_segments()] == [[0.5, 3]] * 2
    (null,) = [line for line in axes.lines if line.get_linestyle() == ":"]
    np.testing.assert_allclose(null.get_ydata(), 0.25)


def test_confusion_shows_percent_of_the_label_and_the_number_of_frames(axes):
    table = pd.DataFrame({"labelled": [0, 0, 1], "predicted": [0, 1, 1], "count": [30, 10, 1500]})
    plots.confusion_matrix(table, ("forward", "reverse"), axes)
    assert [t.get_text() for t in axes.texts] == ["75", "25", "0", "100"]
    assert all(text.get_fontsize() >= 8 for text in axes.texts)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted (%), 1.5k frames", "labelled")


def test_differences_have_headings_intervals_and_a_margin(compared, axes):
    plots.differences(compared, axes, group="states", margin=2, values=True)
    assert ticks(axes) == ["2 states", "GNN", "MLP", "4 states", "GNN"]
    assert [t.get_fontweight() for t in axes.get_yticklabels()][:2] == ["bold", "normal"]
    marks = [line for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose([line.get_xydata()[0] for line in marks], [[3, 1], [-1, 2], [5, 4]])
    filled = [to_hex(line.get_markerfacecolor()) != "#ffffff" for line in marks]
    assert filled == [True, False, False], "only what is different"
    band = axes.patches[0].get_window_extent().transformed(axes.transData.inverted())
    assert (band.x0, band.x1) == pytest.approx((-2, 2))
    assert axes.texts[0].get_text() == "+3.0 [1.0, 5.0]"


def test_differences_against_have_their_own_ends(axes):
    table = pd.DataFrame({"mixing": [0.5, 0.0], "b": "MLP", "difference": [2.0, -10.0]})
    table = table.assign(low=[-1.0, -20.0], high=[6.0, 0.0])
    plots.differences_against(table, axes, "mixing", hue="b", margin=2)
    np.testing.assert_allclose(labelled(axes)["MLP"].get_ydata(), [-10, 2])
    ends = [segment[:, 1] for segment in axes.collections[-1].get_segments()]
    np.testing.assert_allclose(ends, [[-20, 0], [-1, 6]])


@pytest.fixture
def forecasts():
    lines = [("Persistence", 0, 1), ("Mean", -3, 1), ("MLP", 0.2, 1), ("GNN", -np.inf, 1)]
    table = pd.DataFrame([*lines, ("MLP", 0.4, 4)], columns=["model", "skill", "n_train"])
    table = table.assign(mse=np.where(np.isfinite(table["skill"]), 0.01, np.inf))
    table = table.merge(pd.DataFrame({"step": np.arange(1, 17)}), how="cross")
    ends = {
        f"{c}_{e}": table[c] + s
        for c in ("mse", "skill")
        for e, s in (("low", -0.002), ("high", 0.004))
    }
    return table.assign(**ends)


def test_errors_are_in_their_unit_and_name_what_diverged(forecasts, axes):
    plots.error_curves(forecasts[forecasts["n_train"] == 1], axes)
    np.testing.assert_allclose(labelled(axes)["MLP"].get_ydata(), 100)
    assert axes.get_yscale() == "log"
    assert axes.texts[0].get_text() == "leaves the panel:\nGNN: diverged"


def test_skill_names_what_leaves_the_panel(forecasts):
    _, grid = plt.subplots(2, 2)
    plots.skill_grid(forecasts, grid)
    assert list(groups_of(forecasts)) == ["simple forecasts", "Markovian networks"]
    texts = [text.get_text() for axes in grid[0] for text in axes.texts]
    assert texts == ["leaves the panel:\nMean: down to -300 %", "leaves the panel:\nGNN: diverged"]
    assert grid[0, 0].get_ylim() == SKILL_LIMITS
    np.testing.assert_allclose(labelled(grid[1, 1])["MLP"].get_ydata(), 40)
    assert groups_of(pd.DataFrame({"model": ["MLP, batch norm"]})) == {
        "others": ("MLP, batch norm",)
    }
    plt.close("all")


def test_examples_start_behind_the_last_known_frame():
    truth = np.random.default_rng(0).uniform(size=(2, 60))
    _, grid = plt.subplots(2, 2)
    plots.example_forecasts(
        truth, [0, 8], {"MLP": np.full((2, 2, 16), 0.5)}, ["AVAL", "RIML"], grid
    )
    lines = labelled(grid[1, 1])
    np.testing.assert_allclose(lines["true"].get_xydata().T, [np.arange(-3, 17), truth[1, 8:28]])
    np.testing.assert_allclose(lines["MLP"].get_ydata(), [truth[1, 11], *[0.5] * 16])
    plt.close("all")


def test_a_picture_of_all_neurons_goes_by_the_reversal_neuron_and_keeps_dim_ones_dark(axes):
    order = plots.heatmap_order(WORM, ())
    assert sorted(order) == list(range(len(WORM.neurons)))
    assert WORM.neurons[order[0]] == "AVAL"
    dim = WORM.traces.copy()
    dim[:, order[-1]] *= 1e-3
    plots.neural_activity(replace(WORM, traces=dim), order, axes)
    (image,) = axes.get_images()
    shown = np.asarray(image.get_array())
    assert shown.shape == (len(WORM.neurons), WORM.n_frames // 3)
    assert (shown.min(), shown.max()) == (0, 1)
    assert shown[-1].max() < 0.05 < 0.9 < shown[0].max()


def test_trace_and_ethogram_have_the_colours_of_states(axes):
    plots.coloured_trace(WORM, "RIML", axes)
    names = [*WORM.vocabulary, None]
    expected = [
        plots.NO_STATE_COLOUR if state == NO_STATE else plots.STATE_COLOURS[str(names[state])]
        for state in WORM.states[:-1]
    ]
    assert [to_hex(c).upper() for c in axes.collections[0].get_colors()] == expected
    plots.ethogram(WORM, axes)
    assert axes.get_xlim() == pytest.approx((0, WORM.n_frames / WORM.fps), abs=0.5)


def test_onset_activity_averages_bouts_then_worms(axes):
    activity = {"a": np.ones((4, 2)), "b": np.tile([2.0, np.nan], (5, 1)), "c": np.ones((2, 2))}
    plots.onset_activity(activity, np.array([0.0, 1.0]), axes)
    lines = labelled(axes)
    np.testing.assert_allclose(lines["b"].get_ydata(), [2, np.nan])
    np.testing.assert_allclose(lines["mean over worms"].get_ydata(), [1.5, 1])
    assert np.isnan(lines["c"].get_ydata()).all(), "two bouts are too few"


def test_inputs_of_models_are_those_of_the_features(axes):
    inputs = features(WORM, PAPER_NEURONS, 4)
    plots.node_features(inputs, "RIML", 60, WORM.fps, axes)
    dots = [line.get_ydata()[0] for line in axes.get_lines() if line.get_marker() == "o"]
    trace, slope = inputs.x[:, PAPER_NEURONS.index("RIML"), 61]
    assert dots == pytest.approx([trace + 1.25, slope])
    axes.clear()
    plots.temporal_graph(inputs, [3, 4], axes, highlight="ALA")
    assert {"ALA", "$t$", "$t+1$"} <= {text.get_text() for text in axes.texts}
    nodes = [c for c in axes.collections if not hasattr(c, "get_segments")]
    np.testing.assert_allclose(nodes[1].get_array(), inputs.x[0, :, 4])


@pytest.fixture
def paths():
    """Two worms; three coordinates twice."""
    numbers = np.random.default_rng(0).normal(size=(8, 6))
    columns = ["x", "y", "z", "a", "b", "c"]
    table = pd.DataFrame(numbers, columns=columns)
    table["state"] = ["fwd", "revsus", None, "dt"] * 2
    return table.assign(worm=["w1"] * 4 + ["w2"] * 4, time_s=np.arange(8.0))


def test_steps_have_the_colour_of_their_state(paths):
    rows = {"own": ["x", "y", "z"], "pooled": ["a", "b", "c"]}
    figure = plots.component_paths(paths, rows, plt.figure())
    expected = [plots.STATE_COLOURS["fwd"], plots.STATE_COLOURS["revsus"], plots.NO_STATE_COLOUR]
    for axes in figure.axes:
        assert [to_hex(c).upper() for c in axes.collections[0].get_colors()] == expected
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["w1: own", "w2: own", "w1: pooled", "w2: pooled"]
    steps = np.asarray(figure.axes[3].collections[0]._segments3d)
    np.testing.assert_allclose(steps[:, 0], paths.loc[4:6, ["a", "b", "c"]])
    plt.close(figure)


def test_agreement_is_filled_where_significant(axes):
    table = pd.DataFrame({"matrix": ["one", "one", "two"], "kind": "gap", "value": [0.5, 0.1, 0.2]})
    table = table.assign(
        part=["as is", "transposed", "as is"], p_holm=[0.01, 0.5, 0.9], low=-0.2, high=0.2
    )
    plots.agreement(table, axes)
    marks = [line for line in axes.lines if line.get_marker() in "os" and len(line.get_xdata())]
    assert [float(line.get_xdata()[0]) for line in marks] == [0.5, 0.1, 0.2]
    assert [line.get_markerfacecolor() != "white" for line in marks] == [True, False, False]
    assert float(marks[2].get_ydata()[0]) == 1  # alone, it sits on its line
    assert ticks(axes) == ["one", "two"] and "p < 0.05 after Holm" in labelled(axes)


def drawn(axes):
    """Numbers that are on the axes: of lines, points, bars, images and texts."""
    parts = [np.ravel(line.get_xydata()) for line in axes.lines]
    parts += [np.ravel(c.get_offsets()) for c in axes.collections]
    parts += [np.ravel(c.get_array()) for c in axes.collections if c.get_array() is not None]
    parts += [np.ma.filled(image.get_array().astype(float), np.nan) for image in axes.images]
    parts += [p.get_data().values for p in axes.patches if hasattr(p, "get_data")]
    parts += [[p.get_height(), p.get_width()] for p in axes.patches if hasattr(p, "get_height")]
    numbers = [float(t.get_text()) for t in axes.texts if t.get_text().replace(".", "").isdigit()]
    return np.concatenate([np.ravel(part).astype(float) for part in [*parts, numbers]])


PAIRS = np.array([[1, 0.01, 0.5], [0.01, 1, np.nan], [0.5, np.nan, 1]])
WIRING = np.array([[9.0, 1.0], [4.0, 9.0]])
RISE = pd.DataFrame({"model": ["GNN"] * 3, "n_train": 1, "rise": [0.0, 0.1, 0.9]})
VERDICTS = pd.DataFrame({"holds": [2, 1], "does not hold": [0, 3]}, ["Edges", "Table 1"])
TESTS = pd.DataFrame(
    {"neuron": ["A", "A", "B", "B"], "state": "reverse", "p": [0.01, 0.5, 0.6, 0.7]}
)
SHOWN = pd.DataFrame({"reverse": [False, True]}, index=["A", "B"])
SHARES = pd.DataFrame({"pairs": ["a", "a"], "low": [-1, 0], "high": [0, 1], "share": [0.25, 0.75]})
FIGURES = {
    "stripes": (lambda axes: plots.stripes(RISE, axes, "rise", "model", centre="median"), [0.1]),
    "numbers": (
        lambda axes: plots.number_matrix(pd.DataFrame([[98.2]], ["A"], ["w"]), axes, ""),
        [98],
    ),
    "verdicts": (lambda axes: plots.verdict_counts(VERDICTS, axes), [1, 2, 3]),
    "free paths": (lambda axes: plots.free_paths(np.eye(2), {"GNN": 7 * np.eye(2)}, axes), [7]),
    "probabilities": (lambda axes: plots.probability_matrix(PAIRS, axes), [0.01, 0.5]),
    "consistency": (lambda axes: plots.consistency(TESTS, SHOWN, axes), [0.5, 0]),
    "scalings": (lambda axes: plots.scalings(np.zeros(5), np.full(5, 7), 2.0, axes), [7, 2]),
    "wiring": (lambda axes: plots.connection_matrix(WIRING, ["A", "B"], axes), [1, 4]),
    "pairs": (lambda axes: plots.network_pairs(SHARES, axes), [0.25, 0.75]),
}


@pytest.mark.parametrize("draw, numbers", FIGURES.values(), ids=FIGURES)
def test_a_figure_shows_its_numbers(draw, numbers, axes):
    draw(axes)
    for number in numbers:
        assert np.isclose(drawn(axes), number).any(), number
    assert not np.isclose(drawn(axes), 9.0).any()  # a diagonal is not shown


def test_panels_of_folds_and_of_sensitivity():
    _, (strips, panel, empty) = plt.subplots(1, 3)
    splits = {split: roles(400, 1, 10, split) for split in ("shuffled", "blocked")}
    plots.fold_strips(splits, 3.0, strips)
    strip = np.asarray(strips.get_images()[1].get_array())[0]
    for role, (_, colour) in ROLE_COLOURS.items():
        assert {to_hex(p).upper() for p in strip[splits["blocked"] == role]} == {colour}
    table = pd.DataFrame({"value": [1, 1, 2, 2], "worm": ["a", "b"] * 2, "parameter": "k"})
    table = table.assign(default=table["value"] == 2, balanced_accuracy=[0.4, 0.6, 0.7, 0.9])
    plots.sensitivity_panels(table, np.array([panel, empty]))
    np.testing.assert_allclose(panel.lines[0].get_ydata(), [50, 80])
    assert panel.get_visible() and not empty.get_visible()
    plt.close("all")


def test_legends_name_what_is_drawn_once(rows):
    figure, panels = plt.subplots(1, 2, layout="constrained")
    for axes in panels:
        plots.accuracy_against(rows, axes)
    plots.figure_legend(figure, order=["majority class"])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.texts] == ["majority class", "GNN", "MLP"]
    plots.state_legend(panels[0], ["fwd", "dt"], unlabelled=True)
    states = [text.get_text() for text in figure.legends[1].texts]
    assert states == ["forward", "dorsal turn", "no state"]
    plt.close(figure)


def test_links_go_where_most_flows_and_skip_what_is_not_shown():
    markov = np.array(
        [[0.5, 0.4, 0.1, 0], [0, 0.2, 0.5, 0.3], [0.9, 0, 0.1, 0], [0.2, 0.2, 0.2, 0.4]]
    )
    assert main_links(markov, np.arange(4) < 3).tolist() == [[0, 1], [1, 2], [2, 0]]
    every = main_links(markov, np.ones(4, bool)).tolist()
    assert [1, 3] in every and [0, 2] not in every  # more than half of the strongest, or less


def test_notebooks_show_the_same_vector_each_time(tmp_path):
    plots.use_style()
    for name in ("a", "b"):
        figure, axes = plt.subplots(figsize=(2, 1))
        plots.ethogram(WORM, axes)
        figure.savefig(tmp_path / f"{name}.svg", metadata={"Date": None})
        plt.close(figure)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
