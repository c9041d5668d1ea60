"""Figures to zoom, turn and play in a page, each with a static picture for who has no script.

They are drawn by plotly's script and ours, `SCRIPTS`, which the book keeps beside its pages and the
page of a decoded recording in itself: neither asks anything of the network.
"""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wormgnn.plots.style import AGREEMENT_COLOURS, NO_STATE_COLOUR, STATE_COLOURS
from wormgnn.states import LABELS

if TYPE_CHECKING:
    from IPython.display import HTML

MARK = "wormgnn-interactive"
"""Class of every interactive figure: pages that hold it get plotly's script."""

SCRIPTS = {
    "plotly.min.js": files("plotly") / "package_data" / "plotly.min.js",
    "interactive.js": files("wormgnn") / "plots" / "interactive.js",
}
"""Scripts that such a page needs, from the installed packages."""

TAIL_S = 30.0
"""Seconds of a running worm's path that are drawn behind it."""


def show(figure: Mapping[str, Any], still: Figure | bytes, alt: str) -> HTML:
    """The figure as the output of a notebook's cell; arguments as of `as_html`."""
    from IPython.display import HTML

    return HTML(as_html(figure, still, alt))


def as_html(figure: Mapping[str, Any], still: Figure | bytes, alt: str) -> str:
    """A figure for a page: `still` until, or unless, the page's scripts draw the interactive one.

    `figure` has `data` and `layout` as in plotly's JSON, the layout with a height in pixels; and
    perhaps `run`, a path to run along (x, y, z, colour, state and seconds of every step, steps of
    the tail, and the numbers of the two traces, tail and head, that it moves), or `choices`, of
    which one is shown (label, visible for every trace, and a note). `still` is a figure, which is
    closed, or a PNG; `alt` says what it shows.
    """
    if not isinstance(still, bytes):
        image = io.BytesIO()
        still.savefig(image, format="png")
        plt.close(still)
        still = image.getvalue()
    source = base64.b64encode(still).decode()
    told = json.dumps(figure, separators=(",", ":"), allow_nan=False)
    told = told.replace("<", "\\u003c")  # so that no tag begins in a name
    return (
        f'<div class="{MARK}"><img style="max-width: 100%" alt="{html.escape(alt)}" '
        f'src="data:image/png;base64,{source}">'
        f'<script type="application/json">{told}</script></div>'
    )


def _turning(camera: Mapping[str, Any], **legend: Any) -> dict[str, Any]:
    """Layout of a figure to turn: a cube without axes, its legend beneath."""
    axis = {"visible": False, "showspikes": False}
    scene = {"xaxis": axis, "yaxis": axis, "zaxis": axis, "aspectmode": "cube", "camera": camera}
    return {
        "height": 480,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "scene": scene,
        "legend": {"orientation": "h", "y": -0.02, **legend},
        "uirevision": "kept",
    }


def _xyz(rows: pd.DataFrame) -> dict[str, list[float]]:
    return {name: rows[name].round(3).tolist() for name in "xyz"}


def manifold_run(paths: pd.DataFrame) -> dict[str, Any]:
    """The manifold of some worms to turn, and another worm that runs on it, for `show`.

    `paths` as the reference table `manifold_paths`: worm, seen, time_s, state, x, y, z.
    """
    known, worm = paths[paths["seen"] & paths["state"].notna()], paths[~paths["seen"]]
    dots = [
        {
            **{"type": "scatter3d", "mode": "markers", "name": LABELS.get(state, state)},
            "marker": {"size": 2, "color": colour, "opacity": 0.35},
            **{"hoverinfo": "name", **_xyz(known[known["state"] == state])},
        }
        for state, colour in STATE_COLOURS.items()
        if (known["state"] == state).any()
    ]
    unseen = {"type": "scatter3d", "showlegend": False, "hoverinfo": "skip"}
    unseen |= {"x": [], "y": [], "z": []}
    tail = {"mode": "lines", "line": {"width": 7}}
    head = {"mode": "markers", "marker": {"size": 7, "line": {"width": 1}}, "line": {}}
    run = {
        **_xyz(worm),
        "colour": worm["state"].map(STATE_COLOURS).fillna(NO_STATE_COLOUR).tolist(),
        "state": worm["state"].map(LABELS).fillna("no state").tolist(),
        "seconds": worm["time_s"].tolist(),
        "tail": round(TAIL_S / float(np.median(np.diff(worm["time_s"])))),
        "traces": [len(dots), len(dots) + 1],
    }
    camera = {"eye": {"x": 0.62, "y": -1.1, "z": 0.78}, "center": {"x": 0, "y": 0, "z": 0.05}}
    layout = _turning(camera, itemsizing="constant")
    return {"data": [*dots, unseen | tail, unseen | head], "layout": layout, "run": run}


def edge_map(
    pairs: pd.DataFrame, neurons: Sequence[str], positions: NDArray[np.float64]
) -> dict[str, Any]:
    """Pairs of neurons that inferred edges and a reference share, on the worm to turn, for `show`.

    `pairs` has columns reference, a, b (neurons) and kind, a key of `AGREEMENT_COLOURS`;
    `positions`, shape (neurons, 3), say where cell bodies lie, as from `graphs.matrices`.
    """
    at = dict(zip(neurons, positions.round(4).tolist(), strict=True))
    first = pairs["reference"].iloc[0]
    traces, owners = [], []
    for (reference, kind), rows in pairs.groupby(["reference", "kind"], sort=False):
        ends = zip(rows["a"], rows["b"], strict=True)
        joined = [place for a, b in ends for place in (at[a], at[b], [None] * 3)]
        line = {
            **{"type": "scatter3d", "mode": "lines", "name": f"{kind} ({len(rows)})"},
            **dict(zip("xyz", map(list, zip(*joined, strict=True)), strict=True)),
            **{"hoverinfo": "skip", "visible": reference == first},
            "line": {"color": AGREEMENT_COLOURS[str(kind)], "width": 5 if kind == "both" else 2},
        }
        traces.append(line)
        owners.append(reference)
    nodes = {
        **{"type": "scatter3d", "mode": "markers+text", "text": list(neurons)},
        **dict(zip("xyz", positions.T.round(4).tolist(), strict=True)),
        **{"hoverinfo": "text", "showlegend": False},
        **{"textposition": "top center", "textfont": {"size": 11}},
        "marker": {"size": 5, "color": "#0072B2"},
    }
    choices = []
    for reference, kinds in pairs.groupby("reference", sort=False)["kind"]:
        both, of = (kinds == "both").sum(), (kinds != "inferred only").sum()
        note = f"{both} of the {of} pairs are among the {of} strongest inferred edges."
        visible = [*(owner == reference for owner in owners), True]
        choices.append({"label": str(reference), "visible": visible, "note": note})
    layout = _turning({"eye": {"x": 0.3, "y": -1.5, "z": 0.7}})
    return {"data": [*traces, nodes], "layout": layout, "choices": choices}
