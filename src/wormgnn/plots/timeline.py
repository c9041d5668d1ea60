"""A decoded recording over time: a still figure, and one for plotly with one axis for all rows."""

from __future__ import annotations

import html
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wormgnn.features import scale
from wormgnn.plots.recordings import ethogram, frame_edges
from wormgnn.plots.style import NO_STATE_COLOUR, STATE_COLOURS, state_legend
from wormgnn.recording import NO_STATE, PAPER_NEURONS
from wormgnn.states import LABELS, bouts_of

if TYPE_CHECKING:
    from wormgnn.decoding import Decoded

MOST_SHOWN = 25
"""Most traces in a still figure."""

MOST_COLUMNS = 4000
"""Most frames that are drawn one by one; of longer recordings, means over neighbours are."""

HEATMAP_COLOURS = tuple(to_hex(colour) for colour in colormaps["viridis"](np.linspace(0, 1, 9)))
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


class _Row(NamedTuple):
    """One row of the figure: its height and the gap beneath it in pixels, y axis and traces."""

    height: int
    gap: int
    axis: dict[str, Any]
    traces: list[dict[str, Any]]


def timeline(decoded: Decoded) -> dict[str, Any]:
    """States, labels if any, unsure frames, probabilities and traces of the neurons used over time.

    Gives `data` and `layout` as plotly takes them, of plain lists and numbers, with names escaped.
    All rows share `x`; `x2` repeats its ticks beneath the probabilities. Neurons go from those most
    active with reversing down to those most active without it.
    """
    edges = frame_edges(decoded.recording)
    # Plotly shows no axis without a trace; that of an own row does not take the others' hover.
    ticks = {"type": "scatter", "x": [], "y": [], "xaxis": "x2"}
    between = _Row(1, _TICKS, {"visible": False}, [ticks])
    rows = [*_rows(decoded.table(labelled=True), edges), between, _neurons(decoded)]
    figure = _figure(rows, edges)
    figure["layout"]["xaxis2"] = _time(edges) | {"anchor": f"y{len(rows) - 1}", "matches": "x"}
    return figure


def timeline_of(table: pd.DataFrame) -> dict[str, Any]:
    """The same without traces, of a table alone, as from `Decoded.table` with labels."""
    times = table["time_s"].to_numpy(dtype=np.float64)
    edges = np.append(times, times[-1] + np.median(np.diff(times)))
    return _figure(_rows(table, edges), edges)


def _time(edges: NDArray[np.float64]) -> dict[str, Any]:
    """An axis of seconds that ends where the recording does."""
    first, last = float(edges[0]), float(edges[-1])
    span = {"range": [first, last], "minallowed": first, "maxallowed": last}
    ticks = {"ticks": "outside", "ticklen": 4, "nticks": 9, "hoverformat": ".1f"}
    return _QUIET | span | ticks | {"ticksuffix": " s", "showticksuffix": "last"}


def _figure(rows: Sequence[_Row], edges: NDArray[np.float64]) -> dict[str, Any]:
    """Rows from the top down, on one axis of time."""
    inner = top = sum(row.height + row.gap for row in rows)
    spike = {"showspikes": True, "spikemode": "across", "spikesnap": "cursor"}
    spike |= {"spikethickness": 1, "spikedash": "solid"}
    time = {"anchor": f"y{len(rows)}", "title": {"text": "time (s)"}}
    layout = {
        "height": inner + _TOP + _BOTTOM,
        "margin": {"l": 68, "r": 12, "t": _TOP, "b": _BOTTOM},
        "showlegend": False,
        "modebar": {"bgcolor": _CLEAR},
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "xaxis": _time(edges) | spike | time,
    }
    data = []
    for number, row in enumerate(rows, 1):
        name = "" if number == 1 else str(number)  # as plotly calls axes
        domain = [(top - row.height) / inner, top / inner]
        layout[f"yaxis{name}"] = _QUIET | {"domain": domain, "fixedrange": True} | row.axis
        data += [{"xaxis": "x"} | trace | {"yaxis": f"y{name}"} for trace in row.traces]
        top -= row.height + row.gap
    return {"data": data[::-1], "layout": layout}  # plotly's hover lists the last trace first


def _rows(table: pd.DataFrame, edges: NDArray[np.float64]) -> list[_Row]:
    """Decoded states, labels where there are any, unsure frames, and stacked probabilities."""
    names = [str(name) for name in table.filter(regex="^p_")]
    columns = {name[2:].replace("_", " "): table[name] for name in names}
    colours = [NO_STATE_COLOUR, *(STATE_COLOURS[name] for name in columns)]
    rows = []
    for name, column in {"decoded": "state", "labelled": "labelled"}.items():
        codes = pd.Categorical(table[column], [*columns]).codes.astype(np.int64)  # no state is -1
        if (codes != NO_STATE).any():
            told = [*(LABELS.get(state, state) for state in columns), "none"]
            rows.append(_strip(name, codes, edges, colours, told))
    unsure = np.where(table["unsure"], 0, NO_STATE)
    rows.append(_strip("unsure", unsure, edges, [_FAINT, "#7F7F7F"]))
    probabilities = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"p({LABELS.get(state, state)})",
            "x": _rounded(edges[:-1]),
            "y": _rounded(columns[state]),
            "stackgroup": "probability",
            "line": {"width": 0, "color": STATE_COLOURS[state]},
            "fillcolor": STATE_COLOURS[state],
            "hovertemplate": "%{y:.2f}",
        }
        for state in sorted(columns, key=_REVERSE.__contains__)
    ]
    axis = {"range": [0, 1], "tickvals": [0, 0.5, 1], "title": {"text": "probability"}}
    return [*rows, _Row(_PROBABILITY, 0, axis, probabilities)]


def _strip(
    name: str,
    codes: NDArray[np.int64],
    edges: NDArray[np.float64],
    colours: Sequence[str],
    told: Sequence[str] = (),
) -> _Row:
    """Stretches of one code as bricks of a row; the first colour is that of `NO_STATE`.

    With `told`, what codes are called, an unseen line tells state, start, end and duration of the
    bout wherever one hovers.
    """
    steps = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    levels = np.repeat(np.arange(len(colours) + 1) / len(colours), 2)[1:-1]
    bricks = {
        **{"type": "heatmap", "showscale": False, "hoverinfo": "skip"},
        **{"x": edges[steps].round(3).tolist(), "y": [0], "z": [codes[steps[:-1]].tolist()]},
        "colorscale": [*zip(levels.tolist(), np.repeat(colours, 2).tolist(), strict=True)],
        **{"zmin": NO_STATE - 0.5, "zmax": len(colours) - 1.5},
    }
    axis = {"tickvals": [0], "ticktext": [name], "ticks": "", "range": [-0.5, 0.5]}
    if not told:
        return _Row(_STRIP // 2, 3 * _GAP, axis, [bricks])
    texts = [
        f"{told[codes[a]]}, {edges[a]:.1f} to {edges[b]:.1f} s ({edges[b] - edges[a]:.1f} s)"
        for a, b in itertools.pairwise(steps)
    ]
    step = drawn_as_one(len(codes))
    frames = np.minimum(np.arange(0, len(codes), step) + (step - 1) // 2, len(codes) - 1)
    bouts = np.searchsorted(steps, frames, side="right") - 1
    line = {
        **{"type": "scatter", "mode": "lines", "name": name},
        "x": ((edges[frames] + edges[frames + 1]) / 2).round(3).tolist(),
        "y": [0] * len(frames),
        **{"text": [texts[bout] for bout in bouts], "hovertemplate": "%{text}"},
        "line": {"width": 0, "color": _CLEAR},
    }
    return _Row(_STRIP, _GAP, axis, [bricks, line])


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
    low, high = np.percentile(z, (2, 98)).round(1).tolist()
    levels = np.linspace(0, 1, len(HEATMAP_COLOURS)).tolist()
    heat = {
        **{"type": "heatmap", "showscale": False, "name": ""},
        "x": _rounded(decoded.recording.times),
        "y": [html.escape(used[place], quote=False) for place in order],
        **{"z": z.tolist(), "zmin": low, "zmax": high, "hovertemplate": "%{y}: z = %{z:.1f}"},
        "colorscale": [*zip(levels, HEATMAP_COLOURS, strict=True)],
    }
    axis = {"type": "category", "range": [len(used) - 0.5, -0.5], "dtick": 1, "ticks": ""}
    height = int(np.clip(_HEATMAP // len(used), 11, 16)) * len(used)
    return _Row(height, 0, axis | {"tickfont": {"size": 9}}, [heat])


def _rounded(values: object) -> list[float]:
    return [round(value, 3) for value in _means(np.asarray(values, dtype=np.float64)).tolist()]


def _means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over the frames that are drawn as one, along the first axis."""
    groups = np.arange(len(values)) // drawn_as_one(len(values))
    means = pd.DataFrame(values).groupby(groups).mean().to_numpy()
    return means.reshape(-1, *values.shape[1:])


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
