"""Which support vector machine gives Table 1's row: accuracy at home and on unseen worms."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from wormgnn.comparison import percent, summarise

MACHINE = ["seen_by", "scaling", "kernel", "c", "gamma"]
"""Columns that say which machine it is, and what it sees."""


def both_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each machine, in percent.

    Parameters
    ----------
    rows
        Rows of the experiment `svm-row`.

    Returns
    -------
    table
        Columns `MACHINE` (gamma as text), same, same_sd, unseen, unseen_sd: means and standard
        deviations over members and worms.
    """
    texts = rows.assign(gamma=rows["gamma"].map(lambda g: f"{float(g):g}" if g != "scale" else g))
    means = summarise(texts, MACHINE).set_index([*MACHINE, "worms"])[["mean", "sd"]].mul(100)
    same, unseen = (means.xs(kind, level="worms") for kind in ("same worm", "unseen worms"))
    columns = {"same": same["mean"], "same_sd": same["sd"]}
    columns |= {"unseen": unseen["mean"], "unseen_sd": unseen["sd"]}
    return pd.DataFrame(columns).reset_index()


def nearest(table: pd.DataFrame, printed: Sequence[Sequence[float]], n: int) -> pd.DataFrame:
    """The `n` machines nearest to the paper's two means, for reading.

    Distances on own worms count tenfold: there the paper's spread is a tenth and less.
    """
    (same, _), (unseen, _) = printed[:2]
    far = (10 * (table["same"] - same)) ** 2 + (table["unseen"] - unseen) ** 2
    close = table.loc[far.sort_values().index[:n]]
    pairs = {"same worm": ("same", "same_sd"), "unseen worms": ("unseen", "unseen_sd")}
    cells = {
        kind: [percent(*row) for row in close[list(names)].to_numpy()]
        for kind, names in pairs.items()
    }
    return close[MACHINE].rename(columns={"seen_by": "sees", "c": "C"}).assign(**cells)


def draw(table: pd.DataFrame, printed: Sequence[Sequence[float]], axes: Axes) -> Axes:
    """One point for each machine of `both_numbers`, and the paper's row as a star."""
    shown = table.rename(columns={"seen_by": "sees"})
    sns.scatterplot(shown, x="same", y="unseen", hue="kernel", style="sees", s=45, ax=axes)
    (same, _), (unseen, _) = printed[:2]
    axes.scatter([same], [unseen], marker="*", s=220, color="black", zorder=3)
    axes.annotate("paper", (same, unseen), xytext=(-10, -4), textcoords="offset points", ha="right")
    axes.set(xlabel="accuracy on the same worms (%)", ylabel="accuracy on unseen worms (%)")
    sns.move_legend(axes, "center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return axes
