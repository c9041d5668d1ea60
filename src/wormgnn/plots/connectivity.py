"""Matrices among neurons side by side, and how far they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from wormgnn.plots.scores import MODEL_COLOURS

_NOTHING = "#D9D9D9"
_DIAGONAL = "#F6E8C3"
"""Where there is no value, on a scale of two signs, and on one of greys."""
_PARTS = {"as is": ("o", -0.27), "transposed": ("s", 0.0), "symmetric": ("D", 0.27)}
"""Marker of each part, and its place beside the matrix's line."""

_KIND_COLOURS = {
    "chemical": "#4477AA",
    "gap": "#228833",
    "atlas": "#AA3377",
    "correlation": "#EE6677",
}


def connection_matrix(
    matrix: NDArray[np.float64],
    neurons: Sequence[str],
    axes: Axes,
    label: str,
    limits: tuple[float, float] | None = None,
) -> AxesImage:
    """One matrix, receivers down and senders across; grey: the diagonal, and not measured.

    Parameters
    ----------
    matrix
        Shape (neurons, neurons), receiver first.
    neurons
        Names of rows and columns.
    axes
        Where to draw, with a colour bar beside it.
    label
        What the colours mean.
    limits
        Ends of the colours; with two signs, white lies halfway between them. If None, zero
        and the largest value, on the scale of square roots: counts of synapses are few and
        far apart.
    """
    values = np.where(np.eye(len(matrix), dtype=bool), np.nan, matrix)
    signed = limits is not None and limits[0] < 0
    norm = Normalize(*limits) if limits else PowerNorm(0.5, 0.0, float(np.nanmax(values)))
    image = axes.imshow(values, norm=norm, cmap="RdBu_r" if signed else "Greys")
    axes.set_facecolor(_NOTHING if signed else _DIAGONAL)
    axes.set_xticks(range(len(neurons)), list(neurons), rotation=90, fontsize=6)
    axes.set_yticks(range(len(neurons)), list(neurons), fontsize=6)
    axes.tick_params(length=0, pad=1)
    axes.spines[:].set_visible(False)
    assert axes.figure is not None
    bar = axes.figure.colorbar(image, ax=axes, fraction=0.046, pad=0.03)
    bar.set_label(label, fontsize=7)
    bar.ax.tick_params(labelsize=6)
    return image


def agreement(table: pd.DataFrame, axes: Axes, neutral: float = 0.0, level: float = 0.05) -> Axes:
    """One statistic for every matrix and part, on the interval that holds 95 % of its null.

    Parameters
    ----------
    table
        Rows of `connectivity.comparison.compare` with one statistic, in the order wanted.
    axes
        Where to draw. A marker is filled where `p_holm` is below `level`.
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
        face = colour if row["p_holm"] < level else "white"
        axes.plot(row["value"], y, marker, ms=4.5, mfc=face, mec=colour, mew=1.2, zorder=3)
    axes.axvline(neutral, color="0.5", lw=0.8, zorder=0)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    return axes


def agreement_legend(axes: Axes) -> None:
    """Legend of `agreement` beneath the figure."""
    parts = [
        Line2D([], [], marker=m, ls="", mfc="white", mec="0.3", label=name)
        for name, (m, _) in _PARTS.items()
    ]
    filled = Line2D([], [], marker="o", ls="", color="0.3", label="p < 0.05 after Holm")
    null = Patch(color="0.8", label="95 % of the null")
    assert axes.figure is not None
    axes.figure.legend(handles=[*parts, filled, null], loc="outside lower center", ncols=5)


def power_curves(curves: Mapping[str, pd.DataFrame], axes: Axes, wanted: float = 0.8) -> Axes:
    """Share of simulated edges that the test finds, against the true correlation.

    `curves` are tables of `connectivity.power.power`, by what they were simulated with.
    """
    for place, (name, curve) in enumerate(curves.items()):
        colour = MODEL_COLOURS[place % len(MODEL_COLOURS)]
        axes.plot(curve["r"], curve["power"], "o-", ms=3, color=colour, label=name)
    axes.axhline(wanted, color="0.5", ls=":", lw=1)
    axes.axhline(0.05, color="0.5", ls=":", lw=1)
    axes.set_xlabel("true correlation")
    axes.set_ylabel("share of tests with p < 0.05")
    axes.set_ylim(0, 1.02)
    axes.legend()
    return axes


def network_pairs(histogram: pd.DataFrame, axes: Axes) -> Axes:
    """How the correlations between two networks' edges are spread, one line for each kind.

    `histogram` as from `connectivity.reliability.histogram`.
    """
    for place, (name, part) in enumerate(histogram.groupby("pairs", sort=False)):
        edges = [*part["low"], part["high"].iloc[-1]]
        colour = MODEL_COLOURS[place % len(MODEL_COLOURS)]
        axes.stairs(part["share"], edges, color=colour, lw=1.4, label=str(name))
    axes.axvline(0, color="0.6", lw=0.8, zorder=0)
    axes.set_xlim(-1, 1)
    axes.set_xlabel("Spearman's correlation of edges")
    axes.set_ylabel("share of pairs")
    axes.legend()
    return axes
