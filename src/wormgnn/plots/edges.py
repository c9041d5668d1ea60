"""Matrices among neurons side by side, and how far they agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, PowerNorm
from numpy.typing import NDArray

from wormgnn.plots.style import AGREEMENT_COLOURS, MODEL_COLOURS, worm_colour

_NOTHING = "#D9D9D9"
_DIAGONAL = "#F6E8C3"
"""Where there is no value, on a scale of two signs, and on one of greys."""
_PARTS = {"as is": ("o", -0.27), "transposed": ("s", 0.0), "symmetric": ("D", 0.27)}
"""Marker of each part, and its place beside the matrix's line."""

_TILT = 1.2
"""How far the right side of a head is drawn above the left."""

_KIND_COLOURS = {
    "chemical": "#0072B2",
    "gap": "#009E73",
    "atlas": "#CC79A7",
    "correlation": "#E69F00",
}


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

    Parameters
    ----------
    matrix
        Shape (neurons, neurons), receiver first.
    neurons
        Names of rows and columns.
    axes
        Where to draw, with a colour bar beside it if there is a label. The image is
        `axes.images[0]`, for one colour bar beside many matrices.
    label
        What the colours mean.
    limits
        Ends of the colours; with two signs, white lies halfway between them. If None, zero
        and the largest value, on the scale of square roots: counts of synapses are few and
        far apart.
    diagonal, ticks
        Whether to show the diagonal, and to name the neurons.
    """
    own = np.eye(len(matrix), dtype=bool) & (not diagonal)
    values = np.where(own, np.nan, np.asarray(matrix, dtype=float))
    signed = limits is not None and limits[0] < 0
    norm = Normalize(*limits) if limits else PowerNorm(0.5, 0.0, float(np.nanmax(values)))
    image = axes.imshow(values, norm=norm, cmap="RdBu_r" if signed else "Greys")
    axes.set_facecolor(_NOTHING if signed else _DIAGONAL)
    names = list(neurons) if ticks else []
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.tick_params(length=0, pad=1)
    axes.spines[:].set_visible(False)
    if label is not None and axes.figure is not None:
        bar = axes.figure.colorbar(image, ax=axes, fraction=0.046, pad=0.03)
        bar.set_label(label)
        bar.ax.tick_params(labelsize=7)
    return axes


def agreement(table: pd.DataFrame, axes: Axes, neutral: float = 0.0) -> Axes:
    """One statistic for every matrix and part, on the interval that holds 95 % of its null.

    Parameters
    ----------
    table
        Rows of one statistic, in the order wanted: matrix, kind, part, value, low, high, p_holm.
    axes
        Where to draw, labelled for `figure_legend`. A marker is filled where `p_holm` < 0.05.
    neutral
        Value that says nothing: 0 for a correlation, 0.5 for an AUROC.
    """
    names = list(dict.fromkeys(table["matrix"]))
    single = table["matrix"].value_counts() == 1
    for row in table.to_dict("records"):
        marker, offset = _PARTS[row["part"]]
        y = names.index(row["matrix"]) + (0 if single[row["matrix"]] else offset)
        colour = _KIND_COLOURS[row["kind"]]
        axes.plot([row["low"], row["high"]], [y, y], color="0.82", lw=4, solid_capstyle="butt")
        face = colour if row["p_holm"] < 0.05 else "white"
        axes.plot(row["value"], y, marker, ms=4.5, mfc=face, mec=colour, mew=1.2, zorder=3)
    for part, (marker, _) in _PARTS.items():
        axes.plot([], [], marker, mfc="white", mec="0.3", label=part)
    axes.plot([], [], "o", color="0.3", label="p < 0.05 after Holm")
    axes.plot([], [], color="0.82", lw=4, label="95 % of the null")
    axes.axvline(neutral, color="0.5", lw=0.8, zorder=0)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    return axes


def network_pairs(histogram: pd.DataFrame, axes: Axes) -> Axes:
    """How the correlations between two networks' edges are spread, one line for each kind.

    `histogram` has columns pairs (the kind), low, high (ends of a bin) and share.
    """
    for place, (name, part) in enumerate(histogram.groupby("pairs", sort=False)):
        edges = [*part["low"], part["high"].iloc[-1]]
        axes.stairs(part["share"], edges, color=worm_colour(place), lw=1.4, label=str(name))
    axes.axvline(0, color="0.6", lw=0.8, zorder=0)
    axes.set(xlim=(-1, 1), xlabel="Spearman's correlation of edges", ylabel="share of pairs")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return axes


def shared_edges(
    pairs: pd.DataFrame, neurons: Sequence[str], positions: NDArray[np.float64], axes: Axes
) -> Axes:
    """Pairs that inferred edges and a reference share, on the head seen from the left and above.

    `pairs` has columns a, b and kind (a key of `AGREEMENT_COLOURS`); positions as from
    `graphs.positions`, shape (neurons, 3): tail, right, up. The right side is drawn higher.
    """
    tail, right, up = positions.T
    at = dict(zip(neurons, np.column_stack([tail, up + _TILT * right]), strict=True))
    for kind, colour in AGREEMENT_COLOURS.items():
        rows = pairs[pairs["kind"] == kind]
        lines = [np.array([at[a], at[b]]) for a, b in zip(rows["a"], rows["b"], strict=True)]
        style = {"lw": 2.4 if kind == "both" else 1.0, "zorder": 2 if kind == "both" else 1}
        axes.add_collection(
            LineCollection(lines, colors=colour, label=f"{kind} ({len(rows)})", **style)
        )
    places = np.array(list(at.values()))
    axes.plot(*places.T, "o", ms=5, color=MODEL_COLOURS["MLP"], zorder=3)
    for name, place in at.items():
        axes.annotate(name, place, (3, 3), textcoords="offset points", fontsize=7, zorder=4)
    axes.set_axis_off()
    axes.legend(loc="upper right")
    return axes
