"""What the book shows of real worms: how alike a neuron is in them (Fig. 1C, 1D), facts, pictures.

Facts are plain numbers that the paper's sentences on its data are held against: lengths,
labels, what an eight-frame window holds, and what a test window shares with training ones.
Pictures are rendered once: traces are shown, and not given away.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import lru_cache

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wormgnn.admm import Parameters
from wormgnn.features import WINDOW_FRAMES, Features, derivative, n_windows, scale
from wormgnn.folds import Role
from wormgnn.paper.studies import components, manifold
from wormgnn.plots.manifold import label_states
from wormgnn.plots.manifold import manifold_paths as draw_paths
from wormgnn.plots.recordings import coloured_trace, ethogram, neural_activity, onset_activity
from wormgnn.plots.style import figure_legend, state_legend, use_style
from wormgnn.recording import NO_STATE, PAPER_NEURONS, Recording
from wormgnn.runner import Table
from wormgnn.states import SEVEN, Bout, around, bouts_of, merge, vocabulary
from wormgnn.statistics import holm, same_distribution

Floats = NDArray[np.float64]

LEVEL = 0.05
"""Significance of every test."""

MIN_BOUTS = 5
"""Fewest bouts of a state in each of two worms for which they are compared."""

TESTS = {"shuffled bouts": "p", "independent frames": "p_frames"}
"""Columns of p-values."""

SHUFFLES = 9999
"""Shuffles of each test of consistency, as in the chapter on the recordings at full scale."""

TRACES = ("AVAL", "RIML", "AVBL", "SMDVR")
"""Neurons of single traces: two of backward crawling, one of forward, one of turns."""

_LABELLED = {"fwd": "forward", "revsus": "backward", "dt": "dorsal turn", "vt": "ventral turn"}
"""What the hero calls four of the seven states."""

ONSET_S: Floats = np.arange(-4, 8.01, 0.25, dtype=np.float64)
"""Seconds since an onset, of the picture of onsets."""


def activity_at_onset(
    recording: Recording, neuron: str, state: str, lags_s: Floats, n_states: int = 4
) -> Floats:
    """Activity scaled to [0, 1] so many seconds after each onset of a state, (bouts, lags).

    A bout that the recording begins with has no onset and is left out.
    """
    trace, bouts = _activity(recording, neuron, state, n_states)
    onsets = np.array([bout.start for bout in bouts if bout.start > 0], dtype=np.int64)
    return around(trace, recording.times, onsets, lags_s)


def _activity(
    recording: Recording, neuron: str, state: str, n_states: int
) -> tuple[Floats, list[Bout]]:
    """A neuron's trace, scaled over the recording, shape (frames,); and the bouts of a state."""
    code = vocabulary(n_states).index(state)
    trace = scale(recording.select([neuron]).traces)[:, 0]
    return trace, bouts_of(merge(recording, n_states), code)


def compare_worms(
    recordings: Sequence[Recording],
    neurons: Sequence[str],
    n_states: int = 4,
    n: int = 499,
    seed: int = 0,
) -> pd.DataFrame:
    """Test for every neuron, state and pair of worms whether the activity is distributed alike.

    Columns neuron, state, worm_a, worm_b, statistic, p (of `n` shuffles) and p_frames (see
    `SameDistribution`). Pairs in which a worm has less than `MIN_BOUTS` of the state have no row.
    """
    random = np.random.default_rng(seed)
    rows = []
    for neuron, state in itertools.product(neurons, vocabulary(n_states)):
        worms = {}
        for recording in recordings:
            trace, bouts = _activity(recording, neuron, state, n_states)
            if len(bouts) >= MIN_BOUTS:
                worms[recording.worm] = [trace[bout.start : bout.stop] for bout in bouts]
        for a, b in itertools.combinations(worms, 2):
            test = same_distribution(worms[a], worms[b], n, random)
            rows.append((neuron, state, a, b, *test))
    columns = ["neuron", "state", "worm_a", "worm_b", "statistic", "p", "p_frames"]
    return pd.DataFrame(rows, columns=columns)


def consistent(tests: pd.DataFrame, p: str = "p") -> pd.DataFrame:
    """Which neurons (rows) behave alike in all worms, in each state (columns); or missing.

    A neuron is consistent in a state if no pair of worms differs at `LEVEL`, with p-values
    adjusted for the number of pairs (Holm). No difference found does not mean the same:
    fewer bouts make more neurons consistent.
    """
    groups = tests.groupby(["neuron", "state"], sort=False)[p]
    table = groups.apply(lambda values: bool((holm(values) >= LEVEL).all())).unstack()
    return table.reindex(index=tests["neuron"].unique(), columns=tests["state"].unique())


def tally(tests: pd.DataFrame) -> pd.DataFrame:
    """How many neurons are consistent: by shuffled bouts, and by frames taken as independent.

    `tests` as from `compare_worms`. A neuron that no pair of worms could be tested on in a state
    is not consistent in it.
    """
    rows = []
    for name, p in TESTS.items():
        alike = consistent(tests, p).eq(True)
        always = alike.index[alike.all(axis=1)]
        rows.append(
            {
                "test": name,
                "pairs that differ (%)": 100 * (tests[p] < LEVEL).mean(),
                "consistent in a state": f"{alike.to_numpy().sum()} of {alike.size}",
                "consistent in every state": f"{len(always)} of {len(alike)}",
                "which": ", ".join(always) or "none",
            }
        )
    return pd.DataFrame(rows)


def pair_matrix(tests: pd.DataFrame, neuron: str, state: str, worms: Sequence[str]) -> Floats:
    """P-values of one neuron in one state, (worms, worms); NaN where a pair was not tested."""
    rows = tests[(tests["neuron"] == neuron) & (tests["state"] == state)]
    half = rows.pivot(index="worm_a", columns="worm_b", values="p")
    upper = half.reindex(index=list(worms), columns=list(worms)).to_numpy(dtype=np.float64)
    return np.where(np.isnan(upper), upper.T, upper)


def facts(recordings: Sequence[Recording], n: int = SHUFFLES, seed: int = 0) -> pd.DataFrame:
    """Facts of worms that have all of the paper's neurons, and of these neurons.

    Columns fact, unit (worm or neuron) and value. A neuron is consistent if it is alike in every
    state, by shuffled bouts (`n` in each test) or by single frames.
    """
    rows: list[tuple[str, str, float]] = []
    for recording in recordings:
        runs, change = runs_of(recording)
        short = runs <= WINDOW_FRAMES
        of_worm = {
            "frames": recording.n_frames,
            "minutes": recording.n_frames / recording.fps / 60,
            "neurons": len(recording.neurons),
            "paper's neurons named": len(set(PAPER_NEURONS) & set(recording.identified)),
            "unlabelled (%)": 100 * float((recording.states == NO_STATE).mean()),
            "window (s)": WINDOW_FRAMES / recording.fps,
            "runs within a window (%)": 100 * float(short.mean()),
            "change within a window (%)": 100 * float(change[short].sum() / change.sum()),
        }
        rows += [(fact, recording.worm, value) for fact, value in of_worm.items()]
    tests = compare_worms(recordings, PAPER_NEURONS, n_states=4, n=n, seed=seed)
    for fact, p in (("consistent, bouts", "p"), ("consistent, frames", "p_frames")):
        always = consistent(tests, p).eq(True).all(axis=1)  # a state that no pair shows is no yes
        rows += [(fact, str(neuron), float(yes)) for neuron, yes in always.items()]
    return pd.DataFrame(rows, columns=["fact", "unit", "value"])


def runs_of(recording: Recording) -> tuple[NDArray[np.int64], Floats]:
    """Stretches over which the derivative of one of the paper's neurons keeps its sign.

    Frames of each run, of all neurons one after the other; and how far the trace moves from its
    first frame to its last, as a share of its range.
    """
    worm = recording.select(PAPER_NEURONS)
    frames, change = [], []
    for slope, trace in zip(derivative(worm).T, worm.traces.T, strict=True):
        edges = np.flatnonzero(np.diff(slope > 0)) + 1
        starts, stops = np.r_[0, edges], np.r_[edges, len(trace)]
        frames.append(stops - starts)
        change.append(np.abs(trace[stops - 1] - trace[starts]) / np.ptp(trace))
    return np.concatenate(frames), np.concatenate(change)


def frames_to_training(roles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Distance in frames from each test window's nearer edge to the nearest training frame.

    `roles` has shape (frames,), as from `folds.roles`; the result has shape (test windows,),
    and is 1 for a test window that touches a training window.
    """
    training = np.flatnonzero(roles == Role.TRAIN)
    starts = np.arange(n_windows(len(roles))) * WINDOW_FRAMES
    starts = starts[roles[starts] == Role.TEST]
    ends = starts + WINDOW_FRAMES - 1
    after = np.searchsorted(training, ends)
    padded = np.concatenate([[-(10**9)], training, [10**9]])
    return np.minimum(starts - padded[after], padded[after + 1] - ends)


def window_correlation(features: Features, max_lag: int = 12) -> Floats:
    """Correlation of a window's mean trace with that of the window `lag` windows later.

    Shape (max_lag + 1,): averaged over neurons; lag 0 gives 1. Features are those of one
    worm, shape (2, neurons, frames), and the trace alone is used.
    """
    windows = n_windows(features.n_frames)
    kept = features.x[0, :, : windows * WINDOW_FRAMES].astype(np.float64)
    means = kept.reshape(len(features.neurons), windows, WINDOW_FRAMES).mean(axis=2)
    lags = range(max_lag + 1)
    at = [[np.corrcoef(x[: windows - lag], x[lag:])[0, 1] for x in means] for lag in lags]
    return np.asarray(np.mean(at, axis=1))


# --- pictures


@lru_cache(maxsize=1)  # a picture shows what the table holds
def manifold_paths(table: Table) -> pd.DataFrame:
    """The last worm of a run on the manifold of the others: see `manifold.on_manifold`."""
    return manifold.on_manifold(table.recordings, Parameters(seed=table.seed))[1]


def hero(recordings: Sequence[Recording], paths: pd.DataFrame) -> Figure:
    """A whole head in action, and the same worm on the manifold of the others (`paths`)."""
    use_style()
    figure = plt.figure(figsize=(10, 4.4))
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 1), height_ratios=(0.05, 1))
    strip, heat = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
    _head(recordings[-1], strip, heat)
    strip.set_title("a worm: its behaviour, and all recorded neurons")
    place = figure.add_subplot(grid[0, 1])
    place.set_axis_off()
    place.set_title("the same worm on the manifold of four others")
    space = figure.add_axes((0.47, -0.4, 0.56, 1.58), projection="3d")
    space.patch.set_visible(False)
    label_states(paths, _LABELLED, draw_paths(paths, space))
    return figure


def whole_brain(recordings: Sequence[Recording]) -> Figure:
    """Behaviour, all neurons, and single traces of the first worm."""
    use_style()
    worm = recordings[0]
    shown = [name for name in TRACES if name in worm.neurons]
    ratios = (0.05, 1.4, *[0.24] * len(shown))
    figure, (strip, heat, *rows) = plt.subplots(
        len(ratios), 1, figsize=(8, 6.4), height_ratios=ratios, sharex=True
    )
    _head(worm, strip, heat)
    heat.set_xlabel("")
    for name, axes in zip(shown, rows, strict=True):
        coloured_trace(worm, name, axes)
        axes.set(xlabel="", ylabel=name)
    rows[-1].set_xlabel("time (s)")
    state_legend(rows[-1], SEVEN, unlabelled=True)
    return figure


def _head(worm: Recording, strip: Axes, heat: Axes) -> None:
    """A strip of states above the activity of all neurons."""
    ethogram(worm, strip)
    strip.tick_params(bottom=False, labelbottom=False)
    neural_activity(worm, heat)


def onsets(recordings: Sequence[Recording]) -> Figure:
    """The paper's two neurons around the onset of two states, in every worm (its Fig. 1C)."""
    use_style()
    names = [recording.worm for recording in recordings]
    figure, grid = plt.subplots(2, 2, figsize=(8, 4.6), sharex=True, sharey="row")
    for neuron, row in zip(("ALA", "RIML"), grid, strict=True):
        for state, axes in zip(("reverse", "dorsal turn"), row, strict=True):
            own = (activity_at_onset(r, neuron, state, ONSET_S) for r in recordings)
            onset_activity(dict(zip(names, own, strict=True)), ONSET_S, axes)
            axes.set(title=f"{neuron}: {state}", ylabel="scaled activity")
            axes.label_outer()
    return figure_legend(figure)


TABLES: dict[str, Callable[[Table], pd.DataFrame]] = {
    "manifold_paths": manifold_paths,
    "component_paths": lambda t: components.on_components(t.recordings),
    "consistency": lambda t: compare_worms(
        t.recordings, PAPER_NEURONS, n_states=4, n=SHUFFLES, seed=t.seed
    ),
}
"""Reference tables of the experiment `worms`."""

PICTURES: dict[str, Callable[[Table], Figure]] = {
    "hero": lambda t: hero(t.recordings, manifold_paths(t)),
    "whole_brain": lambda t: whole_brain(t.recordings),
    "onsets": lambda t: onsets(t.recordings),
}
"""Pictures of the experiment `worms`."""
