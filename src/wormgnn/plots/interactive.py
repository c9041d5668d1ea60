"""Figures to turn and to play in a page, each with a static picture for whoever has no script.

They are drawn by plotly's script and ours, which the book keeps beside its pages
(`wormgnn.paper.book`): a page asks nothing of the network.
"""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import HTML
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wormgnn.plots.style import AGREEMENT_COLOURS, NO_STATE_COLOUR, STATE_COLOURS
from wormgnn.states import LABELS

MARK = "wormgnn-interactive"
"""Class of every interactive figure: pages that hold it get plotly's script."""

TAIL_S = 30.0
"""Seconds of a running worm's path that are drawn behind it."""


def show(figure: Mapping[str, Any], still: Figure | bytes, alt: str) -> HTML:
    """A figure for a page: `still` until, or unless, the page's scripts draw the interactive one.

    Parameters
    ----------
    figure
        `data` and `layout` as in plotly's JSON, the layout with a height in pixels; and perhaps
        `run`, a path to run along (x, y, z, colour, state and seconds of every step, steps of the
        tail, and the numbers of the two traces, tail and head, that it moves), or `choices`, of
        which one is shown (label, visible for every trace, and a note).
    still
        A figure, which is closed, or a PNG.
    alt
        What it shows, in words.
    """
    if not isinstance(still, bytes):
        image = io.BytesIO()
        still.savefig(image, format="png")
        plt.close(still)
        still = image.getvalue()
    source = base64.b64encode(still).decode()
    told = json.dumps(figure, separators=(",", ":")).replace("<", "\\u003c")  # ends no element
    return HTML(
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

    Parameters
    ----------
    pairs
        Columns reference, a, b (neurons) and kind, a key of `AGREEMENT_COLOURS`.
    neurons, positions
        Names, and where the cell bodies lie: shape (neurons, 3), as from `graphs.matrices`.
    """
    at = dict(zip(neurons, positions.round(4).tolist(), strict=True))
    first = pairs["reference"].iloc[0]
    traces: list[dict[str, Any]] = []
    for (reference, kind), rows in pairs.groupby(["reference", "kind"], sort=False):
        ends = zip(rows["a"], rows["b"], strict=True)
        joined = [place for a, b in ends for place in (at[a], at[b], [None] * 3)]
        width = 5 if kind == "both" else 2
        traces.append(
            {
                **{"type": "scatter3d", "mode": "lines", "name": f"{kind} ({len(rows)})"},
                **dict(zip("xyz", map(list, zip(*joined, strict=True)), strict=True)),
                **{"hoverinfo": "skip", "visible": reference == first},
                "line": {"color": AGREEMENT_COLOURS[str(kind)], "width": width},
            }
        )
    nodes = {
        **{"type": "scatter3d", "mode": "markers+text", "text": list(neurons)},
        **dict(zip("xyz", positions.T.round(4).tolist(), strict=True)),
        **{"hoverinfo": "text", "showlegend": False},
        **{"textposition": "top center", "textfont": {"size": 11}},
        "marker": {"size": 5, "color": "#0072B2"},
    }
    owners = pairs.drop_duplicates(["reference", "kind"])["reference"]
    choices = []
    for reference, kinds in pairs.groupby("reference", sort=False)["kind"]:
        both, of = (kinds == "both").sum(), (kinds != "inferred only").sum()
        note = f"{both} of the {of} pairs are among the {of} strongest inferred edges."
        visible = [*(owners == reference).tolist(), True]
        choices.append({"label": str(reference), "visible": visible, "note": note})
    layout = _turning({"eye": {"x": 0.3, "y": -1.5, "z": 0.7}})
    return {"data": [*traces, nodes], "layout": layout, "choices": choices}
