"""Tables of numbers, matrices among neurons as coloured cells, and how far matrices agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import BoundaryNorm, ListedColormap, Normalize, PowerNorm
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from wormgnn.plots.style import AGREEMENT_COLOURS, MODEL_COLOURS, VERDICT_COLOURS, name_lines
from wormgnn.states import LABELS

_NOTHING, _DIAGONAL = "#D9D9D9", "#F6E8C3"
"""Where there is no value, on a scale of two signs, and on one of greys."""

P_EDGES = (0.0, 0.01, 0.05, 0.2, 0.5, 1.0)
"""Limits of the colours of a p-value; reds below 0.05, blues above."""

_P_COLOURS = ("#D6604D", "#FBD5C0", "#D1E5F0", "#7FB8DA", "#2166AC")

_PARTS = {"as is": ("o", -0.27), "transposed": ("s", 0.0), "symmetric": ("D", 0.27)}
"""Marker of each part of a matrix, and its place beside the matrix's line."""

_KIND_COLOURS = dict(chemical="#0072B2", gap="#009E73", atlas="#CC79A7", correlation="#E69F00")

_TILT = 1.2
"""How far the right side of a head is drawn above the left."""


def _cells(
    values: NDArray[np.floating], rows: object, columns: object, axes: Axes, **look: Any
) -> Axes:
    """Coloured cells, with names of rows and columns; NaN stays as the ground is."""
    sns.heatmap(values, xticklabels=columns, yticklabels=rows, ax=axes, **look)
    axes.tick_params(length=0)
    axes.tick_params(axis="y", labelrotation=0)
    return axes


def number_matrix(
    table: pd.DataFrame,
    axes: Axes,
    label: str | None = None,
    limits: tuple[float, float] = (0, 100),
    cmap: str = "RdBu",
    texts: ArrayLike | None = None,
) -> Axes:
    """A table as coloured cells with its numbers in them; index and columns name the lines.

    Colours end at `limits`; with `RdBu` white lies halfway and blue is high. `texts`, shape (rows,
    columns), stand in the cells instead of the numbers. With a `label`, a colour bar says what
    the values are.
    """
    values = table.to_numpy(dtype=float)
    if texts is None:
        texts = [[f"{value:.0f}" for value in row] for row in values]
    look = {"vmin": limits[0], "vmax": limits[1], "cmap": cmap, "cbar": bool(label)}
    look |= {"annot": np.asarray(texts), "fmt": "", "annot_kws": {"fontsize": 8}}
    bar = {"label": label, "pad": 0.02, "fraction": 0.04}
    return _cells(values, list(table.index), list(table.columns), axes, **look, cbar_kws=bar)


def verdict_counts(counts: pd.DataFrame, axes: Axes) -> Axes:
    """A strip for each topic, as long as it has claims, cut by verdict.

    `counts` holds numbers of claims, topics as rows and verdicts as columns.
    """
    colours = [VERDICT_COLOURS[verdict] for verdict in counts.columns]
    counts.plot.barh(stacked=True, width=0.72, color=[*colours], legend=False, ax=axes)
    strips: list[Any] = axes.containers
    for verdict, bars in zip(counts.columns, strips, strict=True):
        ink = "white" if verdict in ("holds", "does not hold") else "black"
        texts = [str(number) if number else "" for number in counts[verdict]]
        axes.bar_label(bars, texts, label_type="center", color=ink)
    name_lines(axes, list(counts.index))
    axes.spines["left"].set_visible(False)
    axes.set(xlabel="claims", ylabel="", xlim=(0, counts.sum(axis=1).max()))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(ncols=5, loc="lower right", bbox_to_anchor=(1.0, 1.0), handlelength=1.0)
    return axes


def confusion_matrix(
    counts: pd.DataFrame | NDArray[np.integer], states: Sequence[str], axes: Axes
) -> Axes:
    """Percent of each labelled state that was predicted as each state (Fig. 4B).

    `counts` is a confusion table (labelled, predicted, count; other columns are summed over) or
    of shape (labelled, predicted); `states` names the codes. The label of the axis
    says how many frames there are.
    """
    if isinstance(counts, pd.DataFrame):
        codes = range(len(states))
        sums = counts.pivot_table("count", "labelled", "predicted", "sum", fill_value=0)
        counts = sums.reindex(index=codes, columns=codes, fill_value=0).to_numpy()
    share = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
    names = [LABELS.get(state, state) for state in states]
    number_matrix(pd.DataFrame(share, names, names), axes, None, (0, 100), "Blues")
    axes.set_xticks(axes.get_xticks(), names, rotation=45, ha="right", rotation_mode="anchor")
    label = f"predicted (%), {_thousands(counts.sum())} frames"
    axes.set(xlabel=label, ylabel="labelled", aspect="equal", anchor="N")
    return axes


def _thousands(count: int) -> str:
    """Few digits: 950, 1.5k, 312k, 2.1M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.{0 if count >= 100 * size else 1}f}{letter}"
    return str(count)


def probability_matrix(matrix: NDArray[np.float64], axes: Axes) -> Axes:
    """P-values that two worms' activity has one distribution, as coloured squares.

    `matrix` has shape (worms, worms); NaN, where nothing was tested, is grey. Worms are numbered
    from 1. The squares are `axes.collections[0]`, for a colour bar.
    """
    numbers = range(1, len(matrix) + 1)
    colours = {"cmap": ListedColormap(_P_COLOURS), "norm": BoundaryNorm(P_EDGES, len(_P_COLOURS))}
    _cells(matrix, numbers, numbers, axes, **colours, square=True, cbar=False)
    axes.set_facecolor(_NOTHING)
    axes.tick_params(labelsize=7, pad=1)
    return axes


def connection_matrix(
    matrix: NDArray[np.float64],
    neurons: Sequence[str],
    axes: Axes,
    label: str | None = None,
    limits: tuple[float, float] | None = None,
    diagonal: bool = False,
    ticks: bool = True,
) -> Axes:
    """One matrix, receivers down and senders across; another colour where nothing was measured.

    `matrix` has shape (neurons, neurons), receiver first. With a `label`, a colour bar says what
    colours mean; for one beside many matrices, the cells are `axes.collections[0]`. `limits` are
    the ends of the colours; with two signs, white lies halfway between them. If None, zero and the
    largest value, on the scale of square roots: counts of synapses are few and far apart.
    `diagonal` shows the diagonal, `ticks` names the neurons.
    """
    own = np.eye(len(matrix), dtype=bool) & (not diagonal)
    values = np.where(own, np.nan, np.asarray(matrix, dtype=float))
    signed = limits is not None and limits[0] < 0
    look = {
        "norm": Normalize(*limits) if limits else PowerNorm(0.5, 0.0, float(np.nanmax(values))),
        "cmap": "RdBu_r" if signed else "Greys",
        "cbar": label is not None,
        "cbar_kws": {"label": label, "fraction": 0.046, "pad": 0.03},
    }
    names = list(neurons) if ticks else False
    _cells(values, names, names, axes, **look, square=True, rasterized=True)
    axes.set_facecolor(_NOTHING if signed else _DIAGONAL)
    axes.tick_params(labelsize=7, pad=1)
    return axes


def agreement(table: pd.DataFrame, axes: Axes, neutral: float = 0.0) -> Axes:
    """One statistic for every matrix and part, on the interval that holds 95 % of its null.

    `table` has rows of one statistic, in the order wanted: matrix, kind, part, value, low, high,
    p_holm. A marker is filled where `p_holm` < 0.05; all is labelled for `figure_legend`. `neutral`
    says nothing: 0 for a correlation, 0.5 for an AUROC.
    """
    names = list(dict.fromkeys(table["matrix"]))
    alone = ~table["matrix"].duplicated(keep=False)
    aside = table["part"].map({part: offset for part, (_, offset) in _PARTS.items()})
    heights = table["matrix"].map(names.index) + aside.mask(alone, 0)
    axes.hlines(heights, table["low"], table["high"], "0.82", lw=4, label="95 % of the null")
    for y, row in zip(heights, table.to_dict("records"), strict=True):
        colour = _KIND_COLOURS[row["kind"]]
        face, marker = colour if row["p_holm"] < 0.05 else "white", _PARTS[row["part"]][0]
        axes.plot(row["value"], y, marker, ms=4.5, mfc=face, mec=colour, mew=1.2, zorder=3)
    for part, (marker, _) in _PARTS.items():
        axes.plot([], [], marker, mfc="white", mec="0.3", label=part)
    axes.plot([], [], "o", color="0.3", label="p < 0.05 after Holm")
    axes.axvline(neutral, color="0.5", lw=0.8, zorder=0)
    return name_lines(axes, names)


def shared_edges(
    pairs: pd.DataFrame, neurons: Sequence[str], positions: NDArray[np.float64], axes: Axes
) -> Axes:
    """Pairs that inferred edges and a reference share, on the head seen from the left and above.

    `pairs` has columns a, b and kind (a key of `AGREEMENT_COLOURS`); positions as from
    `graphs.matrices`, shape (neurons, 3): tail, right, up. The right side is drawn higher.
    """
    tail, right, up = positions.T
    at = dict(zip(neurons, np.column_stack([tail, up + _TILT * right]), strict=True))
    for kind, colour in AGREEMENT_COLOURS.items():
        rows = pairs[pairs["kind"] == kind]
        lines = [(at[a], at[b]) for a, b in zip(rows["a"], rows["b"], strict=True)]
        style = {"lw": 2.4, "zorder": 2} if kind == "both" else {"lw": 1.0, "zorder": 1}
        label = f"{kind} ({len(rows)})"
        axes.add_collection(LineCollection(lines, colors=colour, label=label, **style))
    axes.plot(*np.transpose([*at.values()]), "o", ms=5, color=MODEL_COLOURS["MLP"], zorder=3)
    for name, place in at.items():
        axes.annotate(name, place, (3, 3), textcoords="offset points", fontsize=7, zorder=4)
    axes.set_axis_off()
    axes.legend(loc="upper right")
    return axes
