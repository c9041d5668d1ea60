"""A small picture of each chapter for the landing page, drawn from the reference tables."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wormgnn import results
from wormgnn.graphs.inferred import matrix
from wormgnn.graphs.matrices import similarity_order
from wormgnn.paper.claims.page import check
from wormgnn.paper.claims.rules import VERDICTS
from wormgnn.paper.pages import paper_reported
from wormgnn.paper.studies.decoder import BOTH, published
from wormgnn.paper.studies.svm_row import both_numbers
from wormgnn.plots.manifold import manifold_paths
from wormgnn.plots.style import GUIDE, VERDICT_COLOURS, palette, use_style

FOLDER = "_build/thumbnails"
"""Where the pictures lie, below the book's folder."""

_SIZE = (2.3, 1.4)
"""Inches: small, so that eight points can be read in a card."""


def draw(folder: Path, names: Sequence[str] | None = None) -> list[Path]:
    """Draw the picture of each chapter (or of some) as `NAME.png` into a folder."""
    use_style()
    plt.rcParams.update({"axes.labelsize": 7, "xtick.labelsize": 6, "ytick.labelsize": 6})
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in names or THUMBNAILS:
        figure = THUMBNAILS[name]()
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1], dpi=220)
        plt.close(figure)
    return paths


def _table(name: str) -> pd.DataFrame:
    reference = results.read(name)
    assert reference is not None, f"results/{name}.csv is missing"
    return reference.table


def _axes(**more: Any) -> tuple[Figure, Axes]:
    return plt.subplots(figsize=_SIZE, **more)


def _unseen(name: str, **fixed: Any) -> pd.DataFrame:
    """Rows of a table on unseen worms that have these values, with the accuracy in percent."""
    rows = _table(name)
    rows = rows[~rows["seen"]]
    for column, value in fixed.items():
        rows = rows[rows[column].isin(value if isinstance(value, list) else [value])]
    shares = ["accuracy", "balanced_accuracy"]
    return rows.assign(**{share: 100 * rows[share] for share in shares})


def _dots(
    rows: pd.DataFrame, by: str = "model", score: str = "accuracy", label: str = "% right"
) -> Figure:
    """One dot for the mean of each model, with a line to the range of its worms."""
    figure, axes = _axes()
    worms = rows.groupby([by, "worm"], sort=False)[score].mean().unstack()
    means = worms.mean(axis=1).sort_values()
    colours = palette(means.index)
    for place, name in enumerate(means.index):
        axes.plot([worms.loc[name].min(), worms.loc[name].max()], [place] * 2, color="0.8", lw=2)
        axes.plot(means[name], place, "o", ms=6, color=colours[name])
    axes.set_yticks(range(len(means)), list(means.index))
    axes.set_xlabel(label)
    return figure


def _lines(rows: pd.DataFrame, x: str, hue: str, score: str, label: str, xlabel: str) -> Figure:
    """A line of means for each value of `hue`, named at its right end."""
    figure, axes = _axes()
    means = rows.groupby([x, hue])[score].mean().unstack()
    colours = palette(means.columns)
    for name in means:
        line = means[name].dropna()
        axes.plot(line.index, line, "o-", ms=3, color=colours[name], label=str(name))
    axes.legend(loc="best", fontsize=6, handlelength=1, labelspacing=0.2)
    axes.set(xlabel=xlabel, ylabel=label)
    return figure


def _recording() -> Figure:
    figure, axes = plt.subplots(figsize=_SIZE)
    whole = plt.imread(io.BytesIO(results.picture("whole_brain.kato")))
    height, width = whole.shape[:2]
    axes.imshow(whole[: int(0.47 * height), int(0.07 * width) :], aspect="auto")
    axes.set_axis_off()
    return figure


def _manifold() -> Figure:
    figure = plt.figure(figsize=_SIZE, layout="none")
    axes = figure.add_axes((0.0, -0.42, 1.0, 1.75), projection="3d")
    manifold_paths(_table("manifold_paths.kato"), axes, linewidth=0.7)
    return figure


def _confusion() -> Figure:
    figure, axes = _axes()
    counts = _table("figure4a-confusion.kato")
    counts = counts[(counts["line"] == "MLP: 7 states") & ~counts["seen"]]
    cells = counts.pivot_table("count", "labelled", "predicted", "sum").to_numpy()
    axes.imshow(cells / cells.sum(axis=1, keepdims=True), cmap="Blues", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[], xlabel="predicted", ylabel="labelled")
    return figure


def _errors() -> Figure:
    models = ["Persistence", "MLP", "GNN"]
    rows = _table("figure4c.kato")
    rows = rows[rows["model"].isin(models) & ~rows["seen"] & (rows["n_train"] == 4)]
    figure = _lines(rows, "step", "model", "mse", "error (MSE)", "frames ahead")
    figure.axes[0].set_yscale("log")
    return figure


def _changed(
    others: pd.DataFrame, column: str, names: dict[str, str], models: Sequence[str]
) -> Figure:
    """Accuracy as in Table 1 and after each change, which a column names, of some models."""
    before = _unseen("table1.kato").assign(**{column: "paper"})
    rows = pd.concat([before, others], ignore_index=True)
    rows = rows[rows["model"].isin(models)]
    rows = rows.assign(change=rows[column].map(list(names).index))
    figure = _lines(rows, "change", "model", "accuracy", "% right", "")
    figure.axes[0].set_xticks(range(len(names)), list(names.values()))
    return figure


def _neuron_sets() -> Figure:
    names = {"paper": "all", "without AVA": "no AVA", "without reversal neurons": "no reversal"}
    others = _unseen("without-ava.kato", n_states=2)
    return _changed(others, "neurons", names, ["SVM", "MLP", "GNN"])


def _controls() -> Figure:
    names = {"paper": "paper", "blocked": "blocked", "causal": "past alone"}
    rows = _unseen("controls.kato")
    control = rows["split"].where(rows["split"] == "blocked", rows["scaling"])
    return _changed(rows.assign(control=control), "control", names, ["SVM", "MLP, no norm", "GNN"])


def _edges() -> Figure:
    edges = _table("connectivity_matrices.kato")
    shown = {name: matrix(edges, name).to_numpy() for name in ("correlation", "aligned")}
    order = similarity_order(shown["correlation"])
    figure, panels = plt.subplots(1, 2, figsize=_SIZE)
    for axes, (name, values) in zip(panels, shown.items(), strict=True):
        axes.imshow(values[np.ix_(order, order)], cmap="viridis")
        axes.set(xticks=[], yticks=[])
        axes.set_title("inferred edges" if name == "aligned" else "correlation", fontsize=7)
    return figure


def _decoder() -> Figure:
    rows = published("scores")
    rows = rows[(rows["n_states"] == 2) & (rows["trained_on"] == BOTH)]
    rows = rows.assign(score=100 * rows["balanced_accuracy"])
    return _dots(rows, "laboratory", "score", "balanced accuracy (%)")


def _sharpness() -> Figure:
    rows = _unseen("one-hot.kato", rivals="types")
    rows = rows.assign(trained=rows["n_train"].map("trained on {}".format))
    return _lines(rows, "factor", "trained", "accuracy", "% right", "sharpness of edges")


def _dial() -> Figure:
    rows = _unseen("mixing.simulated", n_train=4, view="as recorded")
    rows = rows[rows["model"].isin(["SVM", "MLP", "GNN"])]
    return _lines(rows, "mixing", "model", "accuracy", "% right", "how much worms differ")


def _verdicts() -> Figure:
    figure, axes = _axes()
    counts = check()["verdict"].value_counts().reindex(list(VERDICTS)).fillna(0)
    colours = [VERDICT_COLOURS[name] for name in counts.index]
    axes.barh(range(len(counts)), counts, color=colours)
    axes.set_yticks(range(len(counts)), list(counts.index))
    axes.invert_yaxis()
    axes.set_xlabel("sentences of the paper")
    return figure


def _interpretations() -> Figure:
    figure, axes = _axes()
    rows = _unseen("readings.kato")
    rows = rows[rows["model"] == "GNN"]
    means = rows.groupby("line")["accuracy"].mean().sort_values().to_numpy()
    axes.plot(means, range(len(means)), "o", ms=4, color=palette(["GNN"])["GNN"])
    printed = paper_reported()["table1_two_state_accuracy_percent"]["GNN"][1][0]
    axes.axvline(printed, color=GUIDE, ls="--")
    axes.annotate("printed", (printed, 0), (-3, 0), textcoords="offset points", ha="right", size=7)
    axes.set(yticks=[], xlabel="% right", ylabel="interpretations")
    return figure


def _machines() -> Figure:
    figure, axes = _axes()
    table = both_numbers(_table("svm-row.kato"))
    axes.plot(table["same"], table["unseen"], "o", ms=3, color=palette(["SVM"])["SVM"])
    (same, _), (unseen, _) = paper_reported()["table1_two_state_accuracy_percent"]["SVM"][:2]
    axes.plot([same], [unseen], "*", ms=9, color="black")
    axes.set(xlim=(96, 100), xlabel="% right, own worms", ylabel="% right, unseen")
    return figure


THUMBNAILS: dict[str, Callable[[], Figure]] = {
    "01_data": _recording,
    "02_two_states": lambda: _dots(
        _unseen("table1.kato").replace({"model": {"GNN": "GNN, bare sum"}})
    ),
    "03_all_states": _confusion,
    "04_manifold": _manifold,
    "05_controls": _controls,
    "06_another_lab": lambda: _dots(
        _unseen("transfer.kato", neurons="common", n_train=5),
        *("model", "balanced_accuracy", "balanced accuracy (%)"),
    ),
    "07_decode": _decoder,
    "08_trajectories": _errors,
    "09_connectomes": _edges,
    "10_without_ava": _neuron_sets,
    "11_one_hot": _sharpness,
    "12_any_neurons": lambda: _lines(
        _neuron_counts(), "neurons", "model", "accuracy", "% right", "neurons"
    ),
    "13_mixing": _dial,
    "14_model_zoo": lambda: _dots(_unseen("zoo.kato", n_states=4, n_train=4)),
    "15_claims": _verdicts,
    "90_readings": _interpretations,
    "91_svm": _machines,
}
"""What draws the picture of each chapter."""


def _neuron_counts() -> pd.DataFrame:
    """Accuracy on unseen worms by the number of neurons of each random set."""
    sizes = _table("neuron_draws.kato").set_index("draw")["n_neurons"]
    rows = _unseen("neuron_subsets.kato", n_train=4)
    rows = rows[rows["model"].isin(["SVM, retrained", "set reader"])]
    return rows.assign(neurons=rows["draw"].map(sizes))
