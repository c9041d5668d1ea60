"""Figures to turn and to play in a page, each with a static picture for whoever has no script.

They are drawn by plotly's script and ours, which the book keeps beside its pages
(`wormgnn.paper.assets`): a page asks nothing of the network.
"""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wormgnn.plots.style import AGREEMENT_COLOURS, NO_STATE_COLOUR, STATE_COLOURS
from wormgnn.states import LABELS

MARK = "wormgnn-interactive"
"""Class of every interactive figure: pages that hold it get plotly's script."""

TAIL_S = 30.0
"""Seconds of a running worm's path that are drawn behind it."""


@dataclass(frozen=True)
class Interactive:
    """What plotly's script draws: traces, layout, and what can be played or chosen.

    Attributes
    ----------
    data, layout
        As in plotly's JSON; the layout has a height in pixels.
    run
        A path to run along: x, y, z, colour, state and seconds of every step, steps of the tail,
        and the numbers of the two traces (tail and head) that it moves.
    choices
        Of which one is shown: label, visible (of every trace) and a note.
    """

    data: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]
    run: Mapping[str, Any] = field(default_factory=dict)
    choices: Sequence[Mapping[str, Any]] = ()

    def to_json(self) -> str:
        """Everything as JSON that may stand inside of a page's script element."""
        told: dict[str, Any] = {"data": list(self.data), "layout": dict(self.layout)}
        told |= {"run": self.run} if self.run else {}
        told |= {"choices": list(self.choices)} if self.choices else {}
        return json.dumps(told, separators=(",", ":")).replace("<", "\\u003c")


@dataclass(frozen=True)
class Shown:
    """HTML that displays itself in a notebook."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


def show(figure: Interactive, still: Figure | bytes, alt: str) -> Shown:
    """A figure for a page: `still` until, or unless, the page's scripts draw the interactive one.

    `still` is a figure, which is closed, or a PNG; `alt` says in words what it shows.
    """
    image = still if isinstance(still, bytes) else _png(still)
    source = base64.b64encode(image).decode()
    return Shown(
        f'<div class="{MARK}"><img style="max-width: 100%" alt="{html.escape(alt)}" '
        f'src="data:image/png;base64,{source}">'
        f'<script type="application/json">{figure.to_json()}</script></div>'
    )


def _png(figure: Figure) -> bytes:
    image = io.BytesIO()
    figure.savefig(image, format="png")
    plt.close(figure)
    return image.getvalue()


def _colours(states: pd.Series) -> list[str]:
    return [STATE_COLOURS.get(str(name), NO_STATE_COLOUR) for name in states]


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


def manifold_run(paths: pd.DataFrame) -> Interactive:
    """The manifold of some worms to turn, and another worm that runs on it.

    `paths` as the reference table `manifold_paths`: worm, seen, time_s, state, x, y, z.
    """
    known, worm = paths[paths["seen"] & paths["state"].notna()], paths[~paths["seen"]]
    dots = [
        {
            "type": "scatter3d",
            "mode": "markers",
            "name": LABELS.get(str(state), str(state)),
            "marker": {"size": 2, "color": STATE_COLOURS[str(state)], "opacity": 0.35},
            "hoverinfo": "name",
            **_xyz(known[known["state"] == state]),
        }
        for state in STATE_COLOURS
        if (known["state"] == state).any()
    ]
    line = {"type": "scatter3d", "mode": "lines", "showlegend": False, "hoverinfo": "skip"}
    tail = {**line, "line": {"width": 7}, "x": [], "y": [], "z": []}
    head = {**line, "mode": "markers", "marker": {"size": 7, "line": {"width": 1}}, "line": {}}
    step_s = float(np.median(np.diff(worm["time_s"])))
    run = {
        **_xyz(worm),
        "colour": _colours(worm["state"]),
        "state": [LABELS.get(str(s), "no state") for s in worm["state"]],
        "seconds": worm["time_s"].tolist(),
        "tail": round(TAIL_S / step_s),
        "traces": [len(dots), len(dots) + 1],
    }
    camera = {"eye": {"x": 0.62, "y": -1.1, "z": 0.78}, "center": {"x": 0, "y": 0, "z": 0.05}}
    layout = _turning(camera, itemsizing="constant")
    return Interactive([*dots, tail, {**head, "x": [], "y": [], "z": []}], layout, run)


def edge_map(
    pairs: pd.DataFrame, neurons: Sequence[str], positions: NDArray[np.float64]
) -> Interactive:
    """Pairs of neurons that inferred edges and a reference share, on the worm, to turn.

    Parameters
    ----------
    pairs
        Columns reference, a, b (neurons) and kind, a key of `AGREEMENT_COLOURS`.
    neurons, positions
        Names, and where the cell bodies lie: shape (neurons, 3), as from `graphs.positions`.
    """
    at = dict(zip(neurons, positions.round(4).tolist(), strict=True))
    traces: list[dict[str, Any]] = []
    owners: list[str] = []
    for (reference, kind), rows in pairs.groupby(["reference", "kind"], sort=False):
        ends = zip(rows["a"], rows["b"], strict=True)
        joined = [place for a, b in ends for place in (at[a], at[b], [None] * 3)]
        x, y, z = (list(values) for values in zip(*joined, strict=True))
        width = 5 if kind == "both" else 2
        traces.append(
            {
                **{"type": "scatter3d", "mode": "lines", "name": f"{kind} ({len(rows)})"},
                **{"x": x, "y": y, "z": z, "hoverinfo": "skip", "visible": not owners},
                "line": {"color": AGREEMENT_COLOURS[str(kind)], "width": width},
            }
        )
        owners.append(str(reference))
    x, y, z = (list(values) for values in positions.T.round(4).tolist())
    traces.append(
        {
            **{"type": "scatter3d", "mode": "markers+text", "text": list(neurons)},
            **{"x": x, "y": y, "z": z, "hoverinfo": "text", "showlegend": False},
            **{"textposition": "top center", "textfont": {"size": 11}},
            "marker": {"size": 5, "color": "#0072B2"},
        }
    )
    choices = []
    for reference, rows in pairs.groupby("reference", sort=False):
        kinds = rows["kind"].value_counts()
        both = int(kinds.get("both", 0))
        of = both + int(kinds.get("reference only", 0))
        note = f"{both} of the {of} pairs are among the {of} strongest inferred edges."
        visible = [owner == reference for owner in owners] + [True]
        choices.append({"label": str(reference), "visible": visible, "note": note})
    layout = _turning({"eye": {"x": 0.3, "y": -1.5, "z": 0.7}})
    return Interactive(traces, layout, choices=choices)
