"""A decoded recording over time: a still figure, and one for plotly with one axis for all rows."""

from __future__ import annotations

import html
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wormgnn.features import scale
from wormgnn.plots.recordings import ethogram
from wormgnn.plots.style import NO_STATE_COLOUR, STATE_COLOURS, state_legend
from wormgnn.recording import NO_STATE, PAPER_NEURONS, Recording
from wormgnn.states import LABELS, bouts_of

if TYPE_CHECKING:
    from wormgnn.decoding import Decoded

MOST_SHOWN = 25
"""Most traces in a still figure."""

MOST_COLUMNS = 4000
"""Most frames that are drawn one by one; of longer recordings, means over neighbours are."""

_LEVELS = np.linspace(0, 1, 9).tolist()
HEATMAP_COLOURS = tuple(to_hex(colormaps["viridis"](level)) for level in _LEVELS)
"""Colours of z-scored traces, from low to high."""

_REVERSE = ("reverse", "rev1", "rev2", "revsus")
_FAINT, _CLEAR = "rgba(127,127,127,0.12)", "rgba(0,0,0,0)"
_STRIP, _GAP, _PROBABILITY, _TICKS, _HEATMAP = 26, 5, 120, 34, 420  # pixels
_TOP, _BOTTOM = 30, 44
_QUIET = {"zeroline": False, "showgrid": False}


# --- still ---------------------------------------------------------------------------------------


def decoding(decoded: Decoded, figure: Figure) -> Figure:
    """Decoded states, labels where there are any, neurons used, and probabilities over time.

    Labels are shown in the decoder's states; those that it cannot express are grey. Traces, of the
    paper's neurons if many are used, are scaled to [0, 1]. The dotted line is an even chance.
    """
    states, recording, used = decoded.vocabulary, decoded.recording, decoded.trust.neurons
    shown = used if len(used) <= MOST_SHOWN else tuple(n for n in used if n in PAPER_NEURONS)
    shown = shown or used[:MOST_SHOWN]
    heights = [*[0.3] * len(decoded.strips), 0.16 * len(shown) + 0.6, 1.2]
    *above, heat, below = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    for axes, (name, codes) in zip(above, decoded.strips.items(), strict=True):
        ethogram(replace(recording, states=codes, vocabulary=states), axes)
        axes.set_ylabel(name, rotation=0, ha="right", va="center")
        axes.tick_params(bottom=False, labelbottom=False)
    title = recording.worm.replace("$", r"\$")  # else it would be read as a formula
    above[0].set_title(f"{title}: {len(used)} neurons used")
    times = recording.times
    extent = (float(times[0]), float(times[-1]), len(shown), 0.0)
    traces = scale(recording.select(shown).traces).T
    image = heat.imshow(traces, aspect="auto", extent=extent, interpolation="nearest")
    heat.set_yticks(np.arange(len(shown)) + 0.5, shown, fontsize="x-small")
    heat.tick_params(axis="y", length=0)
    figure.colorbar(image, ax=heat, pad=0.01, fraction=0.03).set_label("scaled trace")
    colours = [STATE_COLOURS[name] for name in states]
    below.stackplot(times, decoded.probabilities.T, colors=colours, linewidth=0)
    below.axhline(0.5, color="white", lw=0.8, ls=":")
    below.set(xlabel="time (s)", ylabel="probability", ylim=(0, 1), xlim=(times[0], times[-1]))
    state_legend(below, states, unlabelled=len(decoded.strips) > 1)
    return figure


# --- to zoom -------------------------------------------------------------------------------------


def drawn_as_one(n_frames: int) -> int:
    """How many frames of a recording of so many are drawn as one."""
    return -(-n_frames // MOST_COLUMNS)


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
    edges = frame_edges(decoded.recording)
    # Plotly shows no axis without a trace; that of an own row does not take the others' hover.
    ticks = {"type": "scatter", "x": [], "y": [], "xaxis": "x2"}
    between = _Row(1, _TICKS, {"visible": False}, [ticks])
    rows = [*_rows(decoded.table(labelled=True), edges), between, _neurons(decoded)]
    figure = _figure(rows, edges)
    again = {"anchor": _axis("y", len(rows) - 1), "matches": "x"}
    figure["layout"]["xaxis2"] = _time(edges) | again
    return figure


def timeline_of(table: pd.DataFrame) -> dict[str, Any]:
    """The same without traces, of a table alone, as from `Decoded.table` with labels."""
    times = table["time_s"].to_numpy(dtype=np.float64)
    edges = np.append(times, times[-1] + np.median(np.diff(times)))
    return _figure(_rows(table, edges), edges)


def frame_edges(recording: Recording) -> NDArray[np.float64]:
    """Seconds at which frames begin, and the last one ends, shape (frames + 1,)."""
    return np.append(recording.times, recording.times[-1] + 1 / recording.fps)


def _axis(letter: str, number: int) -> str:
    return letter if number == 1 else f"{letter}{number}"


def _time(edges: NDArray[np.float64]) -> dict[str, Any]:
    """An axis of seconds that ends where the recording does."""
    first, last = float(edges[0]), float(edges[-1])
    span = {"range": [first, last], "minallowed": first, "maxallowed": last}
    ticks = {"ticks": "outside", "ticklen": 4, "nticks": 9, "hoverformat": ".1f"}
    return _QUIET | span | ticks | {"ticksuffix": " s", "showticksuffix": "last"}


def _figure(rows: Sequence[_Row], edges: NDArray[np.float64]) -> dict[str, Any]:
    """Rows from the top down, on one axis of time."""
    inner = top = sum(row.height + row.gap for row in rows)
    axes: dict[str, Any] = {}
    data = []
    for number, row in enumerate(rows, 1):
        domain = [(top - row.height) / inner, top / inner]
        axes[_axis("yaxis", number)] = _QUIET | {"domain": domain, "fixedrange": True} | row.axis
        data += [{"xaxis": "x"} | trace | {"yaxis": _axis("y", number)} for trace in row.traces]
        top -= row.height + row.gap
    spike = {"showspikes": True, "spikemode": "across", "spikesnap": "cursor"}
    spike |= {"spikethickness": 1, "spikedash": "solid"}
    title = {"text": "time (s)"}
    axes["xaxis"] = _time(edges) | spike | {"anchor": _axis("y", len(rows)), "title": title}
    layout = axes | {
        "height": inner + _TOP + _BOTTOM,
        "margin": {"l": 68, "r": 12, "t": _TOP, "b": _BOTTOM},
        "showlegend": False,
        "modebar": {"bgcolor": _CLEAR},
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "paper_bgcolor": _CLEAR,
        "plot_bgcolor": _CLEAR,
    }
    return {"data": data[::-1], "layout": layout}  # plotly's hover lists the last trace first


def _rows(table: pd.DataFrame, edges: NDArray[np.float64]) -> list[_Row]:
    """Decoded states, labels where there are any, unsure frames, and stacked probabilities."""
    columns = [name for name in table if str(name).startswith("p_")]
    states = [str(name).removeprefix("p_").replace("_", " ") for name in columns]
    told = [LABELS.get(name, name) for name in states]
    colours = [NO_STATE_COLOUR, *(STATE_COLOURS[name] for name in states)]
    frames, step = len(table), drawn_as_one(len(table))
    hovered = np.minimum(np.arange(0, frames, step) + (step - 1) // 2, frames - 1)
    rows = []
    for name, column in {"decoded": "state", "labelled": "labelled"}.items():
        codes = pd.Categorical(table[column], states).codes.astype(np.int64)  # no state is -1
        if (codes != NO_STATE).any():
            traces = [_strip(codes, edges, colours), _told(name, codes, edges, told, hovered)]
            rows.append(_Row(_STRIP, _GAP, _label(name), traces))
    unsure = np.where(table["unsure"], 0, NO_STATE)
    strip = _strip(unsure, edges, [_FAINT, "#7F7F7F"])
    probabilities = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"p({told[place]})",
            "x": _rounded(edges[:-1]),
            "y": _rounded(table[columns[place]]),
            "stackgroup": "probability",
            "line": {"width": 0, "color": STATE_COLOURS[states[place]]},
            "fillcolor": STATE_COLOURS[states[place]],
            "hovertemplate": "%{y:.2f}",
        }
        for place in sorted(range(len(states)), key=lambda place: states[place] in _REVERSE)
    ]
    axis = {"range": [0, 1], "tickvals": [0, 0.5, 1], "title": {"text": "probability"}}
    return [
        *rows,
        _Row(_STRIP // 2, 3 * _GAP, _label("unsure"), [strip]),
        _Row(_PROBABILITY, 0, axis, probabilities),
    ]


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
    shades = [
        [(place + side) / len(colours), colour]
        for place, colour in enumerate(colours)
        for side in (0, 1)
    ]
    limits = {"zmin": NO_STATE - 0.5, "zmax": len(colours) - 1.5, "hoverinfo": "skip"}
    x, bricks = edges[steps].round(3).tolist(), codes[steps[:-1]].tolist()
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
    return {
        "type": "scatter",
        "mode": "lines",
        "name": row,
        "x": ((edges[frames] + edges[frames + 1]) / 2).round(3).tolist(),
        "y": [0] * len(frames),
        "text": [texts[place] for place in places],
        "hovertemplate": "%{text}",
        "line": {"width": 0, "color": _CLEAR},
    }


def _heatmap(x: object, y: object, z: object, colorscale: object) -> dict[str, Any]:
    about = {"type": "heatmap", "showscale": False}
    return about | {"x": x, "y": y, "z": z, "colorscale": colorscale}


def _neurons(decoded: Decoded) -> _Row:
    """Z-scored traces to one decimal; colours span the 2nd to the 98th percentile of all values.

    Neurons stand by the correlation of their trace with the probability of reversing.
    """
    used = decoded.trust.neurons
    traces = decoded.recording.select(used).traces
    traces = (traces - traces.mean(axis=0)) / traces.std(axis=0)
    codes = [code for code, name in enumerate(decoded.vocabulary) if name in _REVERSE]
    reversing = decoded.probabilities[:, codes].sum(axis=1)
    order = np.argsort(-(traces.T @ (reversing - reversing.mean())), kind="stable")
    z = _means(traces[:, order]).T.round(1)
    shades = [*zip(_LEVELS, HEATMAP_COLOURS, strict=True)]
    labels = [html.escape(used[place], quote=False) for place in order]
    heat = _heatmap(_rounded(decoded.recording.times), labels, z.tolist(), shades)
    low, high = np.percentile(z, (2, 98)).round(1).tolist()
    heat |= {"name": "", "zmin": low, "zmax": high, "hovertemplate": "%{y}: z = %{z:.1f}"}
    axis = {"type": "category", "range": [len(used) - 0.5, -0.5], "dtick": 1, "ticks": ""}
    height = int(np.clip(_HEATMAP // len(used), 11, 16)) * len(used)
    return _Row(height, 0, axis | {"tickfont": {"size": 9}}, [heat])


def _rounded(values: object) -> list[float]:
    return [round(value, 3) for value in _means(np.asarray(values, dtype=np.float64)).tolist()]


def _means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over the frames that are drawn as one, along the first axis."""
    starts = np.arange(0, len(values), drawn_as_one(len(values)))
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
