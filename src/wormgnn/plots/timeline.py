"""A decoded recording as an interactive figure: data for plotly, one time axis for all rows."""

from __future__ import annotations

import html
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from wormgnn.plots.style import NO_STATE_COLOUR, STATE_COLOURS
from wormgnn.recording import NO_STATE, Recording
from wormgnn.states import LABELS, bouts_of

if TYPE_CHECKING:
    from wormgnn.decoding import Decoded

MOST_COLUMNS = 4000
"""Most frames that are drawn one by one; of longer recordings, means over neighbours are."""

HEATMAP_COLOURS = tuple(to_hex(colormaps["viridis"](level)) for level in np.linspace(0, 1, 9))
"""Colours of z-scored traces, from low to high."""

_REVERSE = ("reverse", "rev1", "rev2", "revsus")
_FAINT = "rgba(127,127,127,0.12)"
_STRIP, _GAP, _PROBABILITY, _TICKS, _HEATMAP = 26, 5, 120, 34, 420  # pixels
_TOP, _BOTTOM = 30, 44


@dataclass(frozen=True)
class _Course:
    """What was decoded of each frame, without the recording.

    Seconds at which frames begin and the last one ends, shape (frames + 1,); names of the states;
    codes of the states decoded and labelled, whether unsure, shape (frames,); and probabilities,
    shape (frames, states).
    """

    edges: NDArray[np.float64]
    vocabulary: Sequence[str]
    states: NDArray[np.int64]
    labelled: NDArray[np.int64]
    unsure: NDArray[np.bool_]
    probabilities: NDArray[np.float64]

    @property
    def times(self) -> NDArray[np.float64]:
        return self.edges[:-1]

    @property
    def step(self) -> int:
        """Frames that are drawn as one."""
        return -(-len(self.states) // MOST_COLUMNS)


@dataclass(frozen=True)
class _Row:
    """One row of the figure: its height and the gap beneath it in pixels, y axis and traces."""

    height: int
    gap: int
    axis: dict[str, Any]
    traces: list[dict[str, Any]]


def timeline(decoded: Decoded) -> dict[str, Any]:
    """States, labels if any, unsure frames, probabilities and traces of the neurons used over time.

    Returns
    -------
    figure
        `data` and `layout` as plotly takes them, of plain lists and numbers. All rows share `x`;
        `x2` repeats its ticks beneath the probabilities. Names are escaped.

    Notes
    -----
    Neurons go from those most active with reversing down to those most active without it.
    """
    course = _Course(
        frame_edges(decoded.recording),
        decoded.vocabulary,
        decoded.states,
        decoded.labelled,
        decoded.unsure,
        decoded.probabilities,
    )
    # Plotly shows no axis without a trace; that of an own row does not take the others' hover.
    ticks = {"type": "scatter", "x": [], "y": [], "xaxis": "x2"}
    between = _Row(1, _TICKS, {"visible": False}, [ticks])
    rows = [*_strips(course), _probabilities(course), between, _neurons(decoded, course)]
    figure = _figure(rows, course)
    again = {"anchor": _axis("y", len(rows) - 1), "matches": "x"}
    figure["layout"]["xaxis2"] = _time(course) | again
    return figure


def timeline_of(table: pd.DataFrame) -> dict[str, Any]:
    """The same without traces, of a table alone.

    `table` as from `Decoded.table`, with a column `labelled` of the states' names, empty where
    there is none.
    """
    times = table["time_s"].to_numpy(dtype=np.float64)
    columns = [name for name in table if str(name).startswith("p_")]
    states = [str(name).removeprefix("p_").replace("_", " ") for name in columns]
    codes = {
        name: pd.Categorical(table[name], states).codes.astype(np.int64)  # no state is -1
        for name in ("state", "labelled")
    }
    course = _Course(
        np.append(times, times[-1] + np.median(np.diff(times))),
        states,
        codes["state"],
        codes["labelled"],
        table["unsure"].to_numpy(dtype=np.bool_),
        table[columns].to_numpy(dtype=np.float64),
    )
    return _figure([*_strips(course), _probabilities(course)], course)


def frame_edges(recording: Recording) -> NDArray[np.float64]:
    """Seconds at which frames begin, and the last one ends, shape (frames + 1,)."""
    return np.append(recording.times, recording.times[-1] + 1 / recording.fps)


def _axis(letter: str, number: int) -> str:
    return letter if number == 1 else f"{letter}{number}"


def _figure(rows: Sequence[_Row], course: _Course) -> dict[str, Any]:
    data = [
        {"xaxis": "x"} | trace | {"yaxis": _axis("y", number)}
        for number, row in enumerate(rows, 1)
        for trace in row.traces
    ]
    data.reverse()  # plotly's hover lists the last trace first
    return {"data": data, "layout": _layout(rows, course)}


_QUIET = {"zeroline": False, "showgrid": False}


def _time(course: _Course) -> dict[str, Any]:
    """An axis of seconds that ends where the recording does."""
    span = [float(course.edges[0]), float(course.edges[-1])]
    return _QUIET | {
        "range": span,
        "minallowed": span[0],
        "maxallowed": span[1],
        "ticks": "outside",
        "ticklen": 4,
        "nticks": 9,
        "hoverformat": ".1f",
        "ticksuffix": " s",
        "showticksuffix": "last",
    }


def _layout(rows: Sequence[_Row], course: _Course) -> dict[str, Any]:
    inner = sum(row.height + row.gap for row in rows)
    axes: dict[str, Any] = {}
    top = inner
    for number, row in enumerate(rows, 1):
        domain = [(top - row.height) / inner, top / inner]
        axes[_axis("yaxis", number)] = _QUIET | {"domain": domain, "fixedrange": True} | row.axis
        top -= row.height + row.gap
    spike = {"showspikes": True, "spikemode": "across", "spikesnap": "cursor"}
    spike |= {"spikethickness": 1, "spikedash": "solid"}
    title = {"text": "time (s)"}
    axes["xaxis"] = _time(course) | spike | {"anchor": _axis("y", len(rows)), "title": title}
    return axes | {
        "height": inner + _TOP + _BOTTOM,
        "margin": {"l": 68, "r": 12, "t": _TOP, "b": _BOTTOM},
        "showlegend": False,
        "modebar": {"bgcolor": "rgba(0,0,0,0)"},
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    }


def _strips(course: _Course) -> list[_Row]:
    """Decoded states, labels where there are any, and frames that are unsure."""
    colours = [STATE_COLOURS[name] for name in course.vocabulary]
    names = [LABELS.get(name, name) for name in course.vocabulary]
    rows = {"decoded": course.states, "labelled": course.labelled}
    rows = {name: codes for name, codes in rows.items() if (codes != NO_STATE).any()}
    frames, step, edges = len(course.states), course.step, course.edges
    hovered = np.minimum(np.arange(0, frames, step) + (step - 1) // 2, frames - 1)
    strips = [
        _Row(
            _STRIP,
            _GAP,
            _label(row),
            [
                _strip(codes, edges, [NO_STATE_COLOUR, *colours]),
                _told(row, codes, edges, names, hovered),
            ],
        )
        for row, codes in rows.items()
    ]
    unsure = _strip(np.where(course.unsure, 0, NO_STATE), edges, [_FAINT, "#7F7F7F"])
    return [*strips, _Row(_STRIP // 2, 3 * _GAP, _label("unsure"), [unsure])]


def _label(row: str) -> dict[str, Any]:
    return {"tickvals": [0], "ticktext": [row], "ticks": "", "range": [-0.5, 0.5]}


def _edges_of(codes: NDArray[np.int64]) -> list[int]:
    """First frame of each stretch of one code, and the number of frames."""
    return [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]


def _strip(
    codes: NDArray[np.int64], edges: NDArray[np.float64], colours: Sequence[str]
) -> dict[str, Any]:
    """Stretches of one code as bricks of a row; the first colour is that of `NO_STATE`."""
    steps = _edges_of(codes)
    bricks = [int(codes[start]) for start in steps[:-1]]
    shades = [
        [(place + side) / len(colours), colour]
        for place, colour in enumerate(colours)
        for side in (0, 1)
    ]
    limits = {"zmin": NO_STATE - 0.5, "zmax": len(colours) - 1.5, "hoverinfo": "skip"}
    x = [round(float(edges[step]), 3) for step in steps]
    return _heatmap(x, [0], [bricks], shades) | limits


def _told(
    row: str,
    codes: NDArray[np.int64],
    edges: NDArray[np.float64],
    states: Sequence[str],
    frames: NDArray[np.int64],
) -> dict[str, Any]:
    """An unseen line that tells state, start, end and duration of the bout wherever one hovers."""
    steps = _edges_of(codes)
    texts = [
        f"{[*states, 'none'][codes[a]]}, {edges[a]:.1f} to {edges[b]:.1f} s "
        f"({edges[b] - edges[a]:.1f} s)"
        for a, b in itertools.pairwise(steps)
    ]
    places = np.searchsorted(steps, frames, side="right") - 1
    centres = (edges[frames] + edges[frames + 1]) / 2
    return {
        "type": "scatter",
        "mode": "lines",
        "name": row,
        "x": centres.round(3).tolist(),
        "y": [0] * len(frames),
        "text": [texts[place] for place in places],
        "hovertemplate": "%{text}",
        "line": {"width": 0, "color": "rgba(0,0,0,0)"},
    }


def _heatmap(x: object, y: object, z: object, colorscale: object) -> dict[str, Any]:
    about = {"type": "heatmap", "showscale": False}
    return about | {"x": x, "y": y, "z": z, "colorscale": colorscale}


def _probabilities(course: _Course) -> _Row:
    """The states' probabilities, stacked; those of reversing at the bottom."""
    times = _seconds(course)
    means = _means(course.probabilities, course.step).T
    values = dict(zip(course.vocabulary, means, strict=True))
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"p({LABELS.get(name, name)})",
            "x": times,
            "y": [round(value, 3) for value in values[name].tolist()],
            "stackgroup": "probability",
            "line": {"width": 0, "color": STATE_COLOURS[name]},
            "fillcolor": STATE_COLOURS[name],
            "hovertemplate": "%{y:.2f}",
        }
        for name in sorted(values, key=lambda name: name in _REVERSE)
    ]
    axis = {"range": [0, 1], "tickvals": [0, 0.5, 1], "title": {"text": "probability"}}
    return _Row(_PROBABILITY, 0, axis, traces)


def _neurons(decoded: Decoded, course: _Course) -> _Row:
    """Z-scored traces to one decimal; colours span the 2nd to the 98th percentile of all values."""
    names = _by_reversing(decoded)
    traces = decoded.recording.select(names).traces
    z = _means((traces - traces.mean(axis=0)) / traces.std(axis=0), course.step).T.round(1)
    last = len(HEATMAP_COLOURS) - 1
    shades = [[place / last, colour] for place, colour in enumerate(HEATMAP_COLOURS)]
    labels = [html.escape(name, quote=False) for name in names]
    heat = _heatmap(_seconds(course), labels, z.tolist(), shades)
    low, high = np.percentile(z, (2, 98)).round(1).tolist()
    heat |= {"name": "", "zmin": low, "zmax": high, "hovertemplate": "%{y}: z = %{z:.1f}"}
    axis = {"type": "category", "range": [len(names) - 0.5, -0.5], "dtick": 1, "ticks": ""}
    height = int(np.clip(_HEATMAP // len(names), 11, 16)) * len(names)
    return _Row(height, 0, axis | {"tickfont": {"size": 9}}, [heat])


def _seconds(course: _Course) -> list[float]:
    return [round(value, 3) for value in _means(course.times, course.step).tolist()]


def _by_reversing(decoded: Decoded) -> list[str]:
    """The neurons used, by the correlation of their trace with the probability of reversing."""
    names = list(decoded.trust.neurons)
    codes = [code for code, name in enumerate(decoded.vocabulary) if name in _REVERSE]
    reversing = decoded.probabilities[:, codes].sum(axis=1)
    traces = decoded.recording.select(names).traces
    aligned = (traces - traces.mean(axis=0)).T @ (reversing - reversing.mean()) / traces.std(axis=0)
    return [names[place] for place in np.argsort(-aligned, kind="stable")]


def _means(values: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    """Means over `step` frames each, along the first axis; the last may have fewer."""
    if step == 1:
        return values
    starts = np.arange(0, len(values), step)
    counts = np.diff(np.append(starts, len(values)))
    sums = np.add.reduceat(values, starts, axis=0)
    return np.asarray(sums / counts.reshape(-1, *[1] * (values.ndim - 1)))


def bout_table(decoded: Decoded) -> list[dict[str, Any]]:
    """For each state: name, colour, fraction of frames, bouts, and median duration in seconds."""
    edges, rows = frame_edges(decoded.recording), []
    for code, name in enumerate(decoded.vocabulary):
        lasting = [edges[b.stop] - edges[b.start] for b in bouts_of(decoded.states, code)]
        rows.append(
            {
                "name": LABELS.get(name, name),
                "colour": STATE_COLOURS[name],
                "fraction": float((decoded.states == code).mean()),
                "bouts": len(lasting),
                "median_s": float(np.median(lasting)) if lasting else None,
            }
        )
    return rows
