"""Tables of numbers as coloured cells, confusion matrices among them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from wormgnn.states import LABELS


def number_matrix(
    table: pd.DataFrame,
    axes: Axes,
    label: str | None = None,
    limits: tuple[float, float] = (0, 100),
    cmap: str = "RdBu",
    texts: ArrayLike | None = None,
    dots: ArrayLike | None = None,
) -> Axes:
    """A table as coloured cells with its numbers in them; index and columns name the lines.

    Colours end at `limits`; with `RdBu` white lies halfway and blue is high. `texts` stand in the
    cells instead of the numbers, `dots` instead of text where they hold, both of shape (rows,
    columns). With a `label`, a colour bar says what the values are.
    """
    values = table.to_numpy(dtype=float)
    if texts is None and dots is None:
        texts = [[f"{value:.0f}" for value in row] for row in values]
    sns.heatmap(
        values,
        vmin=limits[0],
        vmax=limits[1],
        cmap=cmap,
        annot=None if texts is None else np.asarray(texts),
        fmt="",
        annot_kws={"fontsize": 8},
        cbar=bool(label),
        cbar_kws={"label": label, "pad": 0.02, "fraction": 0.04} if label else None,
        xticklabels=list(table.columns),
        yticklabels=list(table.index),
        ax=axes,
    )
    if dots is not None:
        row, column = np.nonzero(np.asarray(dots))
        axes.plot(column + 0.5, row + 0.5, "o", color="black", ms=4)
    axes.tick_params(length=0)
    axes.tick_params(axis="y", labelrotation=0)
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
