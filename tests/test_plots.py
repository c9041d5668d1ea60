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
from wormgnn.plots.manifold import main_links
from wormgnn.plots.recordings import ROLE_COLOURS
from wormgnn.recording import PAPER_NEURONS
from wormgnn.states import VOCABULARIES
from wormgnn.statistics import bootstrap_interval

WORM = small_worms(1, duration_s=60.0)[0]
WORMS = ("w1", "w2", "w3")


@pytest.fixture
def rows():
    """Two models, two sizes, three worms, two folds, seen and unseen."""
    keys = list(itertools.product(("GNN", "MLP"), (1, 4), WORMS, (0, 1), (True, False)))
    table = pd.DataFrame(keys, columns=["model", "n_train", "worm", "fold", "seen"])
    scores = np.random.default_rng(0).uniform(0.6, 1, (2, len(keys)))
    return table.assign(accuracy=scores[0], balanced_accuracy=scores[1], majority=0.55, n_states=2)


def labelled(axes):
    lines = {str(line.get_label()): line for line in axes.lines}
    return {name: line for name, line in lines.items() if not name.startswith("_")}


def ticks(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def hexes(colours):
    return [to_hex(colour).upper() for colour in colours]


def test_states_and_models_have_colours_of_their_own_and_variants_are_shades():
    colours, models = plots.STATE_COLOURS, plots.MODEL_COLOURS
    for states in (nichols.STATES, *VOCABULARIES.values()):
        assert len({colours[s] for s in states} | {plots.NO_STATE_COLOUR}) == len(states) + 1
    assert (colours["forward"], colours["reverse"]) == (colours["fwd"], colours["revsus"])
    found = plots.palette(["MLP", "GNN", "GNN, sum", "GNN, two steps", "somebody else's"])
    assert (found["MLP"], found["GNN"]) == (models["MLP"], models["GNN"])
    assert len(set(found.values())) == 5
    known = {"GNN": models["GNN"], "GNN minus MLP": models["MLP"], "reverse": colours["reverse"]}
    assert {name: plots.palette([name])[name] for name in known} == known


def test_accuracy_against_shows_worms_their_means_and_the_intervals_of_the_tables(rows, axes):
    plots.accuracy_against(rows, axes)
    worms = 100 * rows[~rows["seen"]].groupby(["model", "n_train", "worm"])["accuracy"].mean()
    lines, means = labelled(axes), worms.groupby(level=[0, 1]).mean()
    for model in ("GNN", "MLP"):
        np.testing.assert_allclose(lines[model].get_ydata(), means[model])
    np.testing.assert_allclose(lines["majority class"].get_ydata(), 55)
    points = np.concatenate([line.get_ydata() for line in axes.lines if line.get_alpha()])
    np.testing.assert_allclose(np.sort(points), np.sort(worms))
    _, low, high = bootstrap_interval(worms["GNN", 4].to_numpy())
    ends = axes.collections[0].get_segments()[1][:, 1]
    np.testing.assert_allclose(ends, [float(low), float(high)])


def test_accuracy_by_model_fills_the_unseen(rows, axes):
    plots.accuracy_by(rows, axes, hue="n_train", score="balanced_accuracy", order=["MLP", "GNN"])
    assert ticks(axes) == ["MLP", "GNN"]
    lines = labelled(axes)
    same, unseen = (lines[f"trained on 1, {on}"] for on in ("same worm, test fold", "unseen worms"))
    assert to_hex(same.get_markerfacecolor()) == "#ffffff" != to_hex(unseen.get_markerfacecolor())
    heights = np.concatenate([lines[name].get_ydata() for name in lines if "worm" in name])
    assert len(set(np.round(heights, 6))) == 2 * 4, "every mean has a height of its own"
    seen = rows[(rows["n_train"] == 1) & rows["seen"]]
    means = 100 * seen.groupby("model")["balanced_accuracy"].mean()[["MLP", "GNN"]]
    np.testing.assert_allclose(same.get_xdata(), means)


def test_differences_have_headings_intervals_and_a_margin(axes):
    columns = ["model", "states", "difference", "low", "high", "answer"]
    values = [
        ("GNN", "2 states", 3.0, 1.0, 5, "different"),
        ("MLP", "2 states", -1.0, -2.0, 1, "same within the margin"),
        ("GNN", "4 states", 5.0, -1.0, 9, "not decided"),
    ]
    table = pd.DataFrame(values, columns=columns)
    plots.differences(table, axes, group="states", margin=2, values=True)
    assert ticks(axes) == ["2 states", "GNN", "MLP", "4 states", "GNN"]
    marks = [line for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose([line.get_xydata()[0] for line in marks], [[3, 1], [-1, 2], [5, 4]])
    filled = [to_hex(line.get_markerfacecolor()) != "#ffffff" for line in marks]
    assert filled == [True, False, False], "only what is different"
    assert axes.texts[0].get_text() == "+3.0 [1.0, 5.0]"


def test_errors_are_in_their_unit_and_what_diverged_is_named(axes):
    lines = [("Persistence", 0, 1), ("Mean", -3, 1), ("MLP", 0.2, 1), ("GNN", -np.inf, 1)]
    table = pd.DataFrame([*lines, ("MLP", 0.4, 4)], columns=["model", "skill", "n_train"])
    table = table.assign(mse=np.where(np.isfinite(table["skill"]), 0.01, np.inf))
    ends = {f"{name}_{end}": table[name] for name in ("mse", "skill") for end in ("low", "high")}
    table = table.assign(**ends).merge(pd.DataFrame({"step": np.arange(1, 17)}), how="cross")
    plots.error_curves(table[table["n_train"] == 1], axes)
    np.testing.assert_allclose(labelled(axes)["MLP"].get_ydata(), 100)
    assert axes.texts[0].get_text() == "leaves the panel:\nGNN: diverged"
    figure, grid = plt.subplots(2, 3)
    plots.skill_grid(table, grid)
    texts = [text.get_text() for axes in grid[0] for text in axes.texts]
    assert texts == ["leaves the panel:\nMean: down to -300 %", "leaves the panel:\nGNN: diverged"]
    np.testing.assert_allclose(labelled(grid[1, 1])["MLP"].get_ydata(), 40)
    plt.close(figure)


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


def test_onset_activity_averages_bouts_then_worms(axes):
    activity = {"a": np.ones((4, 2)), "b": np.tile([2.0, np.nan], (5, 1)), "c": np.ones((2, 2))}
    plots.onset_activity(activity, np.array([0.0, 1.0]), axes)
    lines = labelled(axes)
    np.testing.assert_allclose(lines["b"].get_ydata(), [2, np.nan])
    np.testing.assert_allclose(lines["mean over worms"].get_ydata(), [1.5, 1])
    assert np.isnan(lines["c"].get_ydata()).all(), "two bouts are too few"


def test_a_picture_of_all_neurons_keeps_dim_ones_dark(axes):
    order = plots.heatmap_order(WORM)
    assert WORM.neurons[order[0]] == "AVAL"
    dim = WORM.traces.copy()
    dim[:, order[-1]] *= 1e-3
    plots.neural_activity(replace(WORM, traces=dim), axes)
    shown = np.asarray(axes.get_images()[0].get_array())
    assert shown.shape == (len(WORM.neurons), WORM.n_frames // 3)
    assert shown[-1].max() < 0.05 < 0.9 < shown[0].max()


def test_traces_and_strips_have_the_colours_of_states_and_roles(axes):
    plots.coloured_trace(WORM, "RIML", axes)
    names = [*WORM.vocabulary, None]
    expected = [plots.STATE_COLOURS.get(names[s], plots.NO_STATE_COLOUR) for s in WORM.states[:-1]]
    assert hexes(axes.collections[0].get_colors()) == expected
    axes.clear()
    splits = {split: roles(400, 1, 10, split) for split in ("shuffled", "blocked")}
    plots.fold_strips(splits, 3.0, axes)
    strip = np.asarray(axes.get_images()[1].get_array())[0]
    for role, (_, colour) in ROLE_COLOURS.items():
        assert set(hexes(strip[splits["blocked"] == role])) == {colour}


def test_paths_of_every_projection_and_worm():
    paths = pd.DataFrame(np.random.default_rng(0).normal(size=(8, 6)), columns=[*"xyzabc"])
    paths["state"] = ["fwd", "revsus", None, "dt"] * 2
    paths["worm"] = ["w1"] * 4 + ["w2"] * 4
    figure = plots.component_paths(paths, {"own": [*"xyz"], "pooled": [*"abc"]}, plt.figure())
    expected = [plots.STATE_COLOURS["fwd"], plots.STATE_COLOURS["revsus"], plots.NO_STATE_COLOUR]
    assert all(hexes(a.collections[0].get_colors()) == expected for a in figure.axes)
    assert figure.axes[3].get_title() == "w2: pooled"
    steps = np.asarray(figure.axes[3].collections[0]._segments3d)
    np.testing.assert_allclose(steps[:, 0], paths.loc[4:6, [*"abc"]])
    plt.close(figure)


def drawn(axes):
    """Numbers that are on the axes: of lines, bars, points, images and texts."""
    parts = [np.ravel(line.get_xydata()) for line in axes.lines]
    for collection in axes.collections:
        parts += [np.ravel(collection.get_offsets())]
        parts += [np.ravel(collection.get_array())] if collection.get_array() is not None else []
        parts += list(map(np.ravel, getattr(collection, "get_segments", list)()))
    parts += [np.ma.filled(image.get_array().astype(float), np.nan) for image in axes.images]
    parts += [p.get_data().values for p in axes.patches if hasattr(p, "get_data")]
    parts += [[p.get_height(), p.get_width()] for p in axes.patches if hasattr(p, "get_height")]
    numbers = [float(t.get_text()) for t in axes.texts if t.get_text().replace(".", "").isdigit()]
    return np.concatenate([np.ravel(part).astype(float) for part in [*parts, numbers]])


PAIRS = np.array([[np.nan, 0.01, 0.5], [0.01, np.nan, np.nan], [0.5, np.nan, np.nan]])
WIRING = np.array([[9.0, 1.0], [4.0, 9.0]])
RISE = pd.DataFrame({"model": ["GNN"] * 3, "n_train": 1, "rise": [0.0, 0.1, 0.9]})
VERDICTS = pd.DataFrame({"holds": [2, 1], "does not hold": [0, 3]}, ["Edges", "Table 1"])
COUNTS = pd.DataFrame({"labelled": [0, 0, 1], "predicted": [0, 1, 1], "count": [30, 10, 1500]})
ENDS = pd.DataFrame({"x": [1, 10], "y": [1.0, 2.0], "kind": "a", "low": 0.5, "high": 3, "no": 0.25})
GAP = pd.DataFrame({"x": [0.5, 0.0], "b": "MLP", "difference": [2.0, -7.0], "low": -20, "high": 6})
AGREED = pd.DataFrame({"matrix": ["one", "two"], "kind": "gap", "part": ["as is", "transposed"]})
AGREED = AGREED.assign(value=[0.5, 0.1], p_holm=[0.01, 0.5], low=-0.2, high=0.2)
INPUTS = features(WORM, PAPER_NEURONS, 4)
FIGURES = {
    "stripes": (lambda axes: plots.stripes(RISE, axes, "rise", "model", centre="median"), [0.1]),
    "numbers": (
        lambda axes: plots.number_matrix(pd.DataFrame([[98.2]], ["A"], ["w"]), axes, ""),
        [98],
    ),
    "verdicts": (lambda axes: plots.verdict_counts(VERDICTS, axes), [1, 2, 3]),
    "free paths": (lambda axes: plots.free_paths(np.eye(2), {"GNN": 7 * np.eye(2)}, axes), [7]),
    "probabilities": (lambda axes: plots.probability_matrix(PAIRS, axes), [0.01, 0.5]),
    "wiring": (lambda axes: plots.connection_matrix(WIRING, ["A", "B"], axes), [1, 4]),
    "percent": (lambda axes: plots.confusion_matrix(COUNTS, ("f", "r"), axes), [75, 25, 0, 100]),
    "curves": (
        lambda axes: plots.curves(ENDS, axes, "x", "y", "kind", ends=("low", "high"), null="no"),
        [1, 2, 0.5, 3, 0.25],
    ),
    "differences": (
        lambda axes: plots.differences_against(GAP, axes, "x", hue="b", margin=2),
        [2, -7, -20, 6],
    ),
    "agreement": (lambda axes: plots.agreement(AGREED, axes), [0.5, 0.1]),
    "inputs": (
        lambda axes: plots.node_features(INPUTS, "RIML", 60, WORM.fps, axes),
        [INPUTS.x[1, PAPER_NEURONS.index("RIML"), 61]],
    ),
    "graph": (lambda axes: plots.temporal_graph(INPUTS, [3, 4], axes), INPUTS.x[0, :, 4]),
}


@pytest.mark.parametrize("draw, numbers", FIGURES.values(), ids=FIGURES)
def test_a_figure_shows_its_numbers(draw, numbers, axes):
    draw(axes)
    for number in numbers:
        assert np.isclose(drawn(axes), number).any(), number
    assert not np.isclose(drawn(axes), 9.0).any()  # a diagonal is not shown


def test_legends_name_what_is_drawn_once(rows):
    figure, panels = plt.subplots(1, 2, layout="constrained")
    for axes in panels:
        plots.accuracy_against(rows, axes)
    plots.figure_legend(figure, order=["majority class"])
    plots.state_legend(panels[0], ["fwd", "dt"], unlabelled=True)
    named = [[text.get_text() for text in legend.texts] for legend in figure.legends]
    assert named == [["majority class", "GNN", "MLP"], ["forward", "dorsal turn", "no state"]]
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
