"""How the verdicts on the paper's claims are distributed."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from wormgnn.claims.claim import FAILS, HOLDS, IN_PART, NOT_TESTED, OPEN

VERDICT_COLOURS = {
    HOLDS: "#009E73",
    IN_PART: "#8FD3BF",
    FAILS: "#D55E00",
    OPEN: "#F0C808",
    NOT_TESTED: "#D0D0D0",
}
"""Colour of each verdict; the words stand beside it wherever it is used."""

_DARK = (HOLDS, FAILS)


def verdict_strips(counts: pd.DataFrame, axes: Axes) -> Axes:
    """A strip for each topic, as long as it has claims, cut by verdict.

    Parameters
    ----------
    counts
        Number of claims, topics as rows and verdicts as columns, as from
        `claims.catalogue.counts`.
    axes
        Where to draw.
    """
    places = range(len(counts))
    left = pd.Series(0, index=counts.index)
    for verdict in counts.columns:
        found = counts[verdict]
        axes.barh(places, found, 0.72, left=left, color=VERDICT_COLOURS[verdict], label=verdict)
        for place, number, start in zip(places, found, left, strict=True):
            if number:
                ink = "white" if verdict in _DARK else "black"
                middle = start + number / 2
                axes.text(middle, place, str(number), color=ink, ha="center", va="center")
        left = left + found
    axes.set_yticks(places, counts.index)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("claims")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0, max(int(counts.sum(axis=1).max()), 1))
    axes.legend(ncols=5, loc="lower right", bbox_to_anchor=(1.0, 1.0), handlelength=1.0)
    return axes
