"""Where worms sit on the dial of individual variability, by statistics that need no truth.

Each statistic is a matrix over pairs of worms and a number made from it, for simulated and real
worms alike. It changes as the dial is turned: calibrated on simulated worms, it is read backwards.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from wormgnn.datasets.simulated import MIXINGS, Mixing, Physics, Simulation
from wormgnn.errors import ChoiceError, RecordingError
from wormgnn.features import Features, features
from wormgnn.paper.studies.mixing import PHYSICS as DIAL_PHYSICS
from wormgnn.plan import Experiment, Line, Plan, Profile
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.runner import Table, run
from wormgnn.store import Store

Array = NDArray[np.float64]

PHYSICS = {
    "default": DIAL_PHYSICS,
    "quiet": replace(DIAL_PHYSICS, noise=0.016),
    "noisy": replace(DIAL_PHYSICS, noise=0.24),
    "Kato-like": replace(DIAL_PHYSICS, noise=0.016, own_loading=0.25),
}
"""Physics that a placement is tried with; the axis depends on it. `default` is the dial's own. The
last makes traces as smooth and as low-dimensional as Kato's (`describe`)."""

PLACES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
TRAINED_PLACES = (0.0, 0.1, 0.2, 0.35, 0.6)
"""Of the calibration: of statistics that train nothing, and of those that train a classifier."""

# --- statistics ----------------------------------------------------------------------------------


def tuning(worm: Features) -> Array:
    """Mean scaled trace and derivative of each neuron in each state, shape (2, neurons, states).

    Minus each neuron's mean over states: what is left is how the states move the neuron. NaN
    for a state that the worm never shows.
    """
    masks = np.stack([worm.y == state for state in range(worm.n_states)], axis=1)
    frames = masks.sum(axis=0)
    sums = worm.x.astype(np.float64) @ masks
    means = np.divide(sums, frames, out=np.full(sums.shape, np.nan), where=frames > 0)
    return np.asarray(means - np.nanmean(means, axis=-1, keepdims=True))


def correlations(worm: Features) -> Array:
    """Correlation of the traces of each pair of different neurons, shape (pairs,)."""
    matrix = np.corrcoef(worm.x[0].astype(np.float64))
    return np.asarray(matrix[np.triu_indices(len(matrix), 1)])


DESCRIPTIONS = {"tuning": tuning, "correlations": correlations}
"""Statistics that train nothing: correlation of two worms' descriptions, mean over pairs."""

SVM_DROPS = {"SVM drop, 2 states": 2, "SVM drop, 4 states": 4}
"""Numbers of states of the others: balanced accuracy of a support vector machine that is lost from
its training worm to another."""

STATISTICS = (*DESCRIPTIONS, *SVM_DROPS)


def measure(
    worms: Sequence[Recording],
    name: str,
    profile: Profile,
    store: Store | None = None,
    each: bool = False,
) -> pd.DataFrame:
    """A statistic of some worms: columns statistic, without, value.

    With `each`, further rows leave one worm out (`without` names it; empty otherwise).
    ChoiceError for an unknown statistic.
    """
    if name in DESCRIPTIONS:  # of the four states: forward, reverse, dorsal and ventral turn
        seen = [features(worm, PAPER_NEURONS, 4) for worm in worms]
        described = np.stack([DESCRIPTIONS[name](worm).ravel() for worm in seen])
        matrix = np.corrcoef(described[:, np.isfinite(described).all(axis=0)])
    elif name in SVM_DROPS:  # from who trains to who is evaluated
        machine = Line("SVM", Plan("svm", n_states=SVM_DROPS[name], sizes=(1,)))
        every = replace(profile.with_folds(1), subsets_per_size=None)
        rows = run(Experiment("placement", "", (machine,)), worms, every, store).rows
        wide = rows.pivot(index="subset", columns="worm", values="balanced_accuracy")
        order = [worm.worm for worm in worms]
        matrix = wide.loc[order, order].to_numpy()
    else:
        raise ChoiceError("statistic", name, STATISTICS)
    values = []
    for left_out in [None, *range(len(worms))] if each else [None]:
        kept = [number for number in range(len(worms)) if number != left_out]
        part = matrix[np.ix_(kept, kept)]
        between = part[~np.eye(len(part), dtype=bool)].mean()
        values.append(between if name in DESCRIPTIONS else np.diag(part).mean() - between)
    names = ["", *(worm.worm for worm in worms)][: len(values)]
    return pd.DataFrame({"statistic": name, "without": names, "value": values})


def describe(worms: Sequence[Recording]) -> pd.DataFrame:
    """What traces are like, means over worms: columns statistic, without, value, as of `measure`.

    `roughness`: noise as a share of their spread, median over neurons; noise is the spread of
    second differences over sqrt(6), which is what white noise would give. `dimension`: effective
    number of dimensions (participation ratio).
    """
    traces = [worm.select(PAPER_NEURONS).traces for worm in worms]
    shares = [np.diff(x, n=2, axis=0).std(axis=0) / np.sqrt(6) / x.std(axis=0) for x in traces]
    spectra = [np.linalg.eigvalsh(np.corrcoef(x.T)) for x in traces]
    roughness = np.mean([np.median(share) for share in shares])
    dimension = np.mean([s.sum() ** 2 / (s**2).sum() for s in spectra])
    values = {"statistic": ["roughness", "dimension"], "value": [roughness, dimension]}
    return pd.DataFrame(values).assign(without="")[["statistic", "without", "value"]]


# --- reference tables ----------------------------------------------------------------------------


@functools.lru_cache(maxsize=1)  # both tables need it
def calibration(table: Table) -> pd.DataFrame:
    """The reference table `mixing_calibration`: simulated worms like those of the run.

    Statistics that train nothing have more places, seeds and physics than the others.
    """
    of_run, default = (table.recordings, table.profile), {"default": PHYSICS["default"]}
    quick = calibrate(*of_run, PLACES, range(8), tuple(DESCRIPTIONS))
    slow = calibrate(*of_run, TRAINED_PLACES, range(4), tuple(SVM_DROPS), default)
    return pd.concat([quick, slow], ignore_index=True)


def placement(table: Table) -> pd.DataFrame:
    """The reference table `mixing_placement`: where the worms of the run sit.

    `placements` of all of them and without each, and what `describe` says of their traces.
    """
    worms = table.recordings
    measured = pd.concat(measure(worms, name, table.profile, each=True) for name in STATISTICS)
    placed = placements(calibration(table), measured)
    return pd.concat([placed, describe(worms)], ignore_index=True)


TABLES: Mapping[str, Callable[[Table], pd.DataFrame]] = {
    "mixing_calibration": calibration,
    "mixing_placement": placement,
}
"""Reference tables of the experiment `mixing-placement`."""

# --- calibration ---------------------------------------------------------------------------------


def calibrate(
    like: Sequence[Recording],
    profile: Profile,
    dial: Sequence[float],
    seeds: Sequence[int],
    statistics: Sequence[str] = STATISTICS,
    physics: Mapping[str, Physics] = PHYSICS,
    kinds: Sequence[Mixing] = MIXINGS,
) -> pd.DataFrame:
    """Statistics of simulated worms: as many, as long and as fast as some recordings.

    Columns statistic, value, physics, kind, mixing, sim_seed, and those of `describe`.
    RecordingError for fewer than two recordings.
    """
    if len(like) < 2:
        raise RecordingError(f"a placement compares worms: expected two or more, got {len(like)}")
    seconds = float(np.mean([worm.n_frames / worm.fps for worm in like]))
    size = len(like), seconds, float(np.mean([worm.fps for worm in like]))
    tables = []
    for name, kind, mixing, seed in itertools.product(physics, kinds, dial, seeds):
        worms = Simulation(mixing, kind, seed, *size, physics[name]).recordings()
        values = pd.concat([measure(worms, s, profile) for s in statistics])
        values = values.drop(columns="without").assign(physics=name, kind=kind, mixing=mixing)
        traces = describe(worms).set_index("statistic")["value"]
        tables.append(values.assign(sim_seed=seed, **traces))
    return pd.concat(tables, ignore_index=True)


def place(values: ArrayLike, simulated: pd.DataFrame) -> pd.DataFrame:
    """Where on the dial values of a statistic lie: columns mixing, low, high, beyond.

    `simulated` are the rows of `calibrate` with that statistic, one physics and one kind. Their
    mean over seeds is made monotone, in the direction of its ends, and interpolated. `mixing` is
    where it has the value (an end of the dial if it never does; then `beyond` says which: `start`
    or `end`). `low` to `high` are the places whose simulated sets of worms spread so far that this
    value is no surprise (95 % prediction interval of Student's t over seeds); NaN if there is none.
    """
    by = simulated.groupby("mixing")["value"]
    mean, sd, n = by.mean(), by.std(ddof=1), int(by.size().min())
    sign = 1.0 if mean.iloc[-1] > mean.iloc[0] else -1.0
    dial = mean.index.to_numpy()
    at = np.linspace(dial[0], dial[-1], 501)
    height = np.interp(at, dial, np.maximum.accumulate(sign * mean))  # it rises
    reach = np.interp(at, dial, sd) * stats.t.isf(0.025, n - 1) * np.sqrt(1 + 1 / n)
    signed = sign * np.asarray(values, dtype=np.float64)
    inside = [at[np.abs(height - value) <= reach] for value in signed]
    ends = {"low": [min(near, default=np.nan) for near in inside]}
    ends["high"] = [max(near, default=np.nan) for near in inside]
    beyond = np.select([signed < height[0], signed > height[-1]], ["start", "end"], "")
    return pd.DataFrame({"mixing": np.interp(signed, height, at), **ends, "beyond": beyond})


AXIS = ["physics", "kind", "statistic"]
"""What a calibrated axis is of."""


def placements(calibration: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Places of measured values on every calibrated axis.

    `measured` as from `measure`. One row for each physics, kind, statistic and worm left out:
    value, and what `place` gives.
    """
    tables = []
    for key, simulated in calibration.groupby(AXIS, sort=False):
        axis = dict(zip(AXIS, map(str, key), strict=True))
        values = measured[measured["statistic"] == axis["statistic"]].reset_index(drop=True)
        tables.append(values.join(place(values["value"], simulated)).assign(**axis))
    table = pd.concat(tables, ignore_index=True)
    return table[[*AXIS, *table.columns.drop(AXIS)]]


def recovery(calibration: pd.DataFrame) -> pd.DataFrame:
    """How well simulated worms are placed by the other seeds: the truth is known.

    Columns physics, kind, statistic, error (mean absolute, of the dial), covered (share of
    intervals that hold the truth), n; over places of the dial up to one half, beyond which the
    statistics go flat.
    """
    tables = []
    for _, simulated in calibration.groupby(AXIS, sort=False):
        for seed, own in simulated[simulated["mixing"] <= 0.5].groupby("sim_seed"):
            placed = place(own["value"], simulated[simulated["sim_seed"] != seed])
            known = own[[*AXIS, "mixing"]].reset_index(drop=True)
            error = (placed["mixing"] - known["mixing"]).abs()
            covered = known["mixing"].between(placed["low"], placed["high"])
            tables.append(known.assign(error=error, covered=covered))
    by = pd.concat(tables).groupby(AXIS, sort=False)
    named = {"error": ("error", "mean"), "covered": ("covered", "mean"), "n": ("error", "size")}
    return by.agg(**named).reset_index()


def where(placements: pd.DataFrame) -> pd.DataFrame:
    """Where the statistics place all worms together, one row for each physics and kind.

    `first` to `last`: least and greatest place over the statistics. `agree`: whether some
    place lies within the intervals of all of them, from `low` to `high`.
    """
    whole = placements[placements["without"].fillna("") == ""]
    by = whole.dropna(subset="kind").groupby(["physics", "kind"], sort=False)
    table = by.agg(
        statistics=("statistic", "nunique"),
        first=("mixing", "min"),
        last=("mixing", "max"),
        # A statistic without any fitting place has NaN, which no other may hide.
        low=("low", lambda low: low.max(skipna=False)),
        high=("high", lambda high: high.min(skipna=False)),
    ).reset_index()
    return table.assign(agree=table["low"] <= table["high"])
