"""Colours, lines and legends that all figures share."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib.resources import as_file, files
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
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

MODEL_COLOURS = {
    **{"GNN": "#D55E00", "GNN-RNN": "#D55E00", "GNN (connectome)": "#E69F00"},
    **{"GNN, self edge": "#AA3377", "GNN, bare sum": "#AA3377", "GNN, as written": "#EE99AA"},
    **{"GNN, static edges": "#E69F00", "GAT": "#CC79A7", "Global attention": "#882255"},
    **{"GraphSAGE": "#117733", "GIN-0": "#44AA99"},
    **{"GIN-eps": "#999933", "GIN-ε": "#999933"},
    **{"MLP": "#0072B2", "MLP-RNN": "#0072B2", "MLP, no norm": "#56B4E9"},
    **{"Node MLP": "#009E73", "Node MLP-RNN": "#009E73", "set reader": "#009E73"},
    **{"SVM": "#555555", "SVM, linear": "#A0A0A0", "ADMM": "#8C6D31", "manifold": "#8C6D31"},
    **{"Persistence": "#000000", "persistence": "#000000", "Damped persistence": "#404040"},
    **{"Constant derivative": "#737373", "Mean": "#A6A6A6", "marginal": "#A6A6A6"},
    **{"Ridge, one frame": "#8C6D31", "VAR, four frames": "#8C6D31", "dwell times": "#117733"},
}
"""Colour of each model in every figure of the book: graph networks in reds, purples and greens,
networks without a graph in blues, what is not a network in greys and brown."""

_DASHES: dict[str, tuple[int, tuple[float, ...]]] = {
    **{"GNN-RNN": (0, (4, 2)), "MLP-RNN": (0, (4, 2)), "Node MLP-RNN": (0, (4, 2))},
    **{"Persistence": (0, (4, 2)), "persistence": (0, (4, 2)), "VAR, four frames": (0, (4, 2))},
    **{"Damped persistence": (0, (5, 1)), "Constant derivative": (0, (1, 1))},
    **{"Mean": (0, (6, 1.5, 1, 1.5)), "marginal": (0, (1, 1))},
}

VERDICT_COLOURS = {
    "holds": "#009E73",
    "holds in part": "#8FD3BF",
    "does not hold": "#D55E00",
    "not decided": "#F0C808",
    "not tested": "#D0D0D0",
}
"""Colour of each verdict on a claim; the words stand beside it wherever it is used."""

AGREEMENT_COLOURS = {"both": "#009E73", "inferred only": "#D55E00", "reference only": "#8C8C8C"}
"""Colour of a pair of neurons that two graphs share, or that one of them has."""

WORM_COLOURS = (
    "#332288", "#44AA99", "#999933", "#CC6677", "#882255", "#88CCEE", "#117733", "#DDCC77",
    "#AA4499",
)  # fmt: skip
"""Colours of worms in the order of their dataset (Tol's muted scheme); see `worm_colour`."""

BAND, GUIDE = "#EFEFEF", "0.5"
"""Colours of the band of differences too small to notice, and of lines that only guide the eye."""


def use_style() -> None:
    """Apply the package's matplotlib style to all figures from here on; notebooks show them as SVG.

    A vector is sharp on every screen, knows its own width, and is the same file at each build.
    """
    with as_file(files("wormgnn") / "paper.mplstyle") as path:
        plt.style.use(str(path))
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:  # within a notebook
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", metadata={"Date": None}, dpi=200)


def worm_colour(index: int) -> str:
    """Colour of the worm at a place in its dataset; colours repeat after nine worms."""
    return WORM_COLOURS[index % len(WORM_COLOURS)]


def palette(values: Iterable[object]) -> dict[Any, str]:
    """Colour of each value of a column, by what the values are.

    Models and states have the colour that is theirs in the whole book; a variant of a model,
    such as `GNN, sum`, a lighter shade of its model's, and `GNN minus MLP` the colour of what it
    is compared with. Numbers go from light to dark; all other values take the colours of worms, in
    order.
    """
    values = list(dict.fromkeys(values))
    if values and all(isinstance(v, (int, float, np.number)) for v in values):
        return dict(zip(values, sns.color_palette("crest", len(values)).as_hex(), strict=True))
    colours: dict[object, str] = {}
    shades: dict[str, int] = {}
    for place, value in enumerate(values):
        name = str(value).split(" minus ")[-1]
        family = name.split(", ")[0].split(" (")[0]
        own = MODEL_COLOURS.get(name) or STATE_COLOURS.get(name)
        if own is None and family in MODEL_COLOURS:
            shades[family] = shades.get(family, 0) + 1
            light = sns.light_palette(MODEL_COLOURS[family], 12)
            own = to_hex(light[max(11 - 2 * shades[family], 5)])
        colours[value] = own or worm_colour(place)
    return colours


def model_line(model: str) -> dict[str, Any]:
    """Colour and dashes of a model's line: recurrent networks and simple forecasts have dashes."""
    return {"color": palette([model])[model], "ls": _DASHES.get(model, "-")}


def name_lines(axes: Axes, names: Sequence[object], bold: Sequence[int] = ()) -> Axes:
    """Name the lines 0, 1, ... of axes from top to bottom, some as headings."""
    axes.set_yticks(range(len(names)), [str(name) for name in names])
    for place, tick in enumerate(axes.get_yticklabels()):
        tick.set_fontweight("bold" if place in bold else "normal")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)
    return axes


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


def figure_legend(figure: Figure, columns: int | None = None, order: Sequence[str] = ()) -> Figure:
    """One legend beneath the figure for all that is labelled in any of its panels.

    `order` names the entries that come first. With `columns` None, as many as fit the width.
    """
    named: dict[str, Any] = {}
    for axes in figure.axes:
        handles, names = axes.get_legend_handles_labels()
        named |= {n: h for n, h in zip(names, handles, strict=True) if n not in named}
        if (legend := axes.get_legend()) is not None:
            legend.remove()
    texts = [*(name for name in order if name in named), *(n for n in named if n not in order)]
    if texts:
        widest = 0.55 + 0.075 * max(map(len, texts))  # inches, at the style's 8 points
        fit = min(max(int(figure.get_figwidth() / widest), 1), len(texts))
        handles = [named[name] for name in texts]
        figure.legend(handles, texts, loc="outside lower center", ncols=columns or fit)
    return figure
