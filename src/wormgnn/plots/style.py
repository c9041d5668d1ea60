"""Colours and style that all figures share."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import as_file, files

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from wormgnn.states import LABELS

# The palette of Okabe and Ito, which colour-blind readers can tell apart (its yellow darkened,
# to be seen on white): blues for forward, yellow to red for reverse, green and purple for turns.
STATE_COLOURS = {
    "fwd": "#0072B2",
    "slow": "#56B4E9",
    "rev1": "#E3D200",
    "rev2": "#E69F00",
    "revsus": "#D55E00",
    "dt": "#009E73",
    "vt": "#CC79A7",
    "forward": "#0072B2",
    "reverse": "#D55E00",
    "dorsal turn": "#009E73",
    "ventral turn": "#CC79A7",
    "turn": "#8C6D31",
    "quiescence": "#404040",
}
"""Colour of each state in the vocabularies of seven, four and two; a merged one keeps its own."""

NO_STATE_COLOUR = "#C8C8C8"

WORM_COLOURS = (
    "#332288", "#44AA99", "#999933", "#CC6677", "#882255", "#88CCEE", "#117733", "#DDCC77",
    "#AA4499",
)  # fmt: skip
"""Colours of worms in the order of their dataset (Tol's muted scheme); see `worm_colour`."""


def use_style() -> None:
    """Apply the package's matplotlib style to all figures from here on."""
    with as_file(files("wormgnn") / "paper.mplstyle") as path:
        plt.style.use(str(path))


def worm_colour(index: int) -> str:
    """Colour of the worm at a place in its dataset; colours repeat after nine worms."""
    return WORM_COLOURS[index % len(WORM_COLOURS)]


def state_legend(
    axes: Axes, states: Iterable[str], unlabelled: bool = False, columns: int = 4
) -> Axes:
    """Legend of states beneath the figure; with an entry for frames without one if wanted."""
    handles = [Patch(color=STATE_COLOURS[name], label=LABELS.get(name, name)) for name in states]
    if unlabelled:
        handles.append(Patch(color=NO_STATE_COLOUR, label="no state"))
    assert axes.figure is not None
    axes.figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=columns,
        handlelength=1.0,
        columnspacing=1.0,
    )
    return axes
