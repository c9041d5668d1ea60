"""Where worms sit on the dial of individual variability, by statistics that need no truth.

Each statistic is a matrix over pairs of worms and a number made from it, for simulated and real
worms alike. It changes as the dial is turned: calibrated on simulated worms, it is read backwards.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from wormgnn.datasets.simulated import MIXINGS, Mixing, Physics, Simulation
from wormgnn.errors import ChoiceError, RecordingError
from wormgnn.features import Features, features
from wormgnn.paper.studies.mixing import PHYSICS as DIAL_PHYSICS
from wormgnn.plan import Experiment, Line, Plan, Profile
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.results import Table
from wormgnn.runner import run
from wormgnn.store import Store

Array = NDArray[np.float64]

TUNING_STATES = 4
"""Vocabulary of the tuning: forward, reverse, dorsal and ventral turn."""

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

TRAINED = ("default",)
"""Physics with which the statistics that train a classifier are calibrated too."""

N_FINE = 501
"""Number of places at which a calibration is read off."""

NEAR = 0.2
"""Mixing up to which simulated traces are compared with those of the worms placed."""


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


def likeness(described: Sequence[Array]) -> Array:
    """Correlation of each two worms' descriptions over all their entries, shape (worms, worms)."""
    flat = np.stack([values.ravel() for values in described])
    return np.asarray(np.corrcoef(flat[:, np.isfinite(flat).all(axis=0)]))


def between(matrix: Array) -> float:
    """Mean over pairs of different worms."""
    return float(matrix[~np.eye(len(matrix), dtype=bool)].mean())


def drop(matrix: Array) -> float:
    """Mean over worms (the diagonal) minus the mean over pairs of different worms."""
    return float(np.diag(matrix).mean()) - between(matrix)


DESCRIPTIONS: dict[str, Callable[[Features], Array]] = {
    "tuning": tuning,
    "correlations": correlations,
}
"""Statistics that train nothing: how alike the descriptions of two worms are, `between` them."""

SVM_DROPS = {"SVM drop, 2 states": 2, "SVM drop, 4 states": 4}
"""Numbers of states of the others: balanced accuracy of a support vector machine that is lost from
its training worm to another."""

STATISTICS = (*DESCRIPTIONS, *SVM_DROPS)


def pairs_of_worms(
    name: str, worms: Sequence[Recording], profile: Profile, store: Store | None = None
) -> Array:
    """Matrix (worms, worms) of a statistic: likeness, or from who trains to who is evaluated.

    ChoiceError for an unknown statistic.
    """
    if name in DESCRIPTIONS:
        seen = [features(worm, PAPER_NEURONS, TUNING_STATES) for worm in worms]
        return likeness([DESCRIPTIONS[name](worm) for worm in seen])
    if name not in SVM_DROPS:
        raise ChoiceError("statistic", name, STATISTICS)
    machine = Plan("svm", n_states=SVM_DROPS[name], sizes=(1,))
    every = replace(profile.with_folds(1), subsets_per_size=None)
    rows = run(Experiment("placement", "", (Line("SVM", machine),)), worms, every, store).rows
    wide = rows.pivot(index="subset", columns="worm", values="balanced_accuracy")
    names = [worm.worm for worm in worms]
    return wide.loc[names, names].to_numpy()


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
    matrix = pairs_of_worms(name, worms, profile, store)
    summary = between if name in DESCRIPTIONS else drop
    rows = [{"statistic": name, "without": "", "value": summary(matrix)}]
    for place, worm in enumerate(worms if each else []):
        others = np.delete(np.delete(matrix, place, axis=0), place, axis=1)
        rows.append({"statistic": name, "without": worm.worm, "value": summary(others)})
    return pd.DataFrame(rows)


def describe(worms: Sequence[Recording]) -> pd.DataFrame:
    """What traces are like, means over worms: columns statistic, without, value, as of `measure`.

    `roughness`: noise as a share of their spread, median over neurons; noise is the spread of
    second differences over sqrt(6), which is what white noise would give. `dimension`: effective
    number of dimensions (participation ratio).
    """
    traces = [worm.select(PAPER_NEURONS).traces for worm in worms]
    shares = [np.diff(x, n=2, axis=0).std(axis=0) / np.sqrt(6) / x.std(axis=0) for x in traces]
    spectra = [np.linalg.eigvalsh(np.corrcoef(x.T)) for x in traces]
    values = {
        "roughness": np.mean([np.median(share) for share in shares]),
        "dimension": np.mean([s.sum() ** 2 / (s**2).sum() for s in spectra]),
    }
    return pd.DataFrame({"statistic": list(values), "without": "", "value": list(values.values())})


# --- reference tables ----------------------------------------------------------------------------


@functools.lru_cache(maxsize=1)  # both tables need it
def calibration(table: Table) -> pd.DataFrame:
    """The reference table `mixing_calibration`: simulated worms like those of the run.

    Statistics that train nothing have more places, seeds and physics than the others.
    """
    like, scale = table.recordings, table.profile
    physics = {name: PHYSICS[name] for name in TRAINED}
    tables = [
        calibrate(like, scale, PLACES, range(8), tuple(DESCRIPTIONS)),
        calibrate(like, scale, TRAINED_PLACES, range(4), tuple(SVM_DROPS), physics),
    ]
    return pd.concat(tables, ignore_index=True)


def placement(table: Table) -> pd.DataFrame:
    """The reference table `mixing_placement`: where the worms of the run sit.

    `placements` of all of them and without each, and what `describe` says of their traces.
    """
    worms = table.recordings
    measured = [measure(worms, name, table.profile, each=True) for name in STATISTICS]
    placed = placements(calibration(table), pd.concat(measured, ignore_index=True))
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
    store: Store | None = None,
) -> pd.DataFrame:
    """Statistics of simulated worms: as many, as long and as fast as some recordings.

    Columns statistic, value, physics, kind, mixing, sim_seed; and roughness and dimension of
    the traces, which say how like the recordings the simulated worms are. RecordingError for
    fewer than two recordings.
    """
    if len(like) < 2:
        raise RecordingError(f"a placement compares worms: expected two or more, got {len(like)}")
    seconds = float(np.mean([worm.n_frames / worm.fps for worm in like]))
    size = len(like), seconds, float(np.mean([worm.fps for worm in like]))
    tables = []
    for name, kind, mixing, seed in itertools.product(physics, kinds, dial, seeds):
        worms = Simulation(mixing, kind, seed, *size, physics[name]).recordings()
        values = pd.concat([measure(worms, s, profile, store) for s in statistics])
        values = values.drop(columns="without").assign(physics=name, kind=kind, mixing=mixing)
        traces = describe(worms)
        like_traces = dict(zip(traces["statistic"], traces["value"], strict=True))
        tables.append(values.assign(sim_seed=seed, **like_traces))
    return pd.concat(tables, ignore_index=True)


@dataclass(frozen=True)
class Curve:
    """A statistic along the dial: mean and spread over `n` seeds, at `N_FINE` places."""

    at: Array
    mean: Array
    sd: Array
    n: int


def curve(rows: pd.DataFrame) -> Curve:
    """From rows of `calibrate` with one statistic, physics and kind.

    The mean is made monotone, in the direction of its ends; between places of the dial it is
    interpolated.
    """
    by = rows.groupby("mixing")["value"]
    mean, sd, n = by.mean(), by.std(ddof=1), int(by.size().min())
    rising = mean.iloc[-1] > mean.iloc[0]
    ordered = np.maximum.accumulate(mean) if rising else np.minimum.accumulate(mean)
    dial = mean.index.to_numpy()
    at = np.linspace(dial[0], dial[-1], N_FINE)
    return Curve(at, np.interp(at, dial, ordered), np.interp(at, dial, sd), n)


def place(value: float, along: Curve, level: float = 0.95) -> dict[str, Any]:
    """Where on the dial a value lies: mixing, low, high, beyond.

    `mixing` is where the mean curve has the value (an end of the dial if it never does; then
    `beyond` says which: `start` or `end`). `low` to `high` are the places whose simulated sets
    of worms spread so far that this value is no surprise (prediction interval of Student's t
    over seeds); both NaN if there is no such place.
    """
    sign = 1.0 if along.mean[-1] > along.mean[0] else -1.0
    height = sign * along.mean
    mixing = float(np.interp(sign * value, height, along.at))
    reach = stats.t.isf((1 - level) / 2, along.n - 1) * along.sd * np.sqrt(1 + 1 / along.n)
    inside = along.at[np.abs(along.mean - value) <= reach]
    low, high = (inside.min(), inside.max()) if inside.size else (np.nan, np.nan)
    before, behind = sign * value < height[0], sign * value > height[-1]
    beyond = "start" if before else "end" if behind else ""
    return {"mixing": mixing, "low": float(low), "high": float(high), "beyond": beyond}


AXIS = ["physics", "kind", "statistic"]
"""What a calibrated axis is of."""


def placements(calibration: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Places of measured values on every calibrated axis.

    `measured` as from `measure`. One row for each physics, kind, statistic and worm left out:
    value, and what `place` gives.
    """
    rows = []
    for key, simulated in calibration.groupby(AXIS, sort=False):
        along, axis = curve(simulated), dict(zip(AXIS, key, strict=True))
        values = measured[measured["statistic"] == axis["statistic"]]
        for without, value in zip(values["without"], values["value"], strict=True):
            rows.append({**axis, "without": without, "value": value, **place(value, along)})
    return pd.DataFrame(rows)


def recovery(calibration: pd.DataFrame) -> pd.DataFrame:
    """How well simulated worms are placed by the other seeds: the truth is known.

    Columns physics, kind, statistic, error (mean absolute, of the dial), covered (share of
    intervals that hold the truth), n; over places of the dial up to one half, beyond which the
    statistics go flat.
    """
    rows = []
    for key, simulated in calibration.groupby(AXIS, sort=False):
        axis = dict(zip(AXIS, key, strict=True))
        for seed, own in simulated[simulated["mixing"] <= 0.5].groupby("sim_seed"):
            along = curve(simulated[simulated["sim_seed"] != seed])
            for truth, value in zip(own["mixing"], own["value"], strict=True):
                placed = place(value, along)
                error = abs(placed["mixing"] - truth)
                covered = placed["low"] <= truth <= placed["high"]
                rows.append({**axis, "error": error, "covered": covered})
    by = pd.DataFrame(rows).groupby(AXIS, sort=False)
    return by.agg(
        error=("error", "mean"), covered=("covered", "mean"), n=("error", "size")
    ).reset_index()


# --- what placements say -------------------------------------------------------------------------


def where(placements: pd.DataFrame) -> pd.DataFrame:
    """Where the statistics place all worms together, one row for each physics and kind.

    `first` to `last`: least and greatest place over the statistics. `agree`: whether some
    place lies within the intervals of all of them, from `low` to `high`.
    """
    whole = placements[placements["without"].isna() | (placements["without"] == "")]
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


def nearest_physics(calibration: pd.DataFrame, placements: pd.DataFrame) -> str:
    """The physics whose traces are most like those of the worms placed.

    By roughness and dimension (see `describe`) up to `NEAR` on the dial: least sum of the
    absolute logarithms of their ratios.
    """
    near = calibration[calibration["mixing"] <= NEAR]
    traces = near.groupby("physics", sort=False)[["roughness", "dimension"]].mean()
    own = placements[placements["kind"].isna()].set_index("statistic")["value"]
    ratios = traces / own[["roughness", "dimension"]]
    return str(ratios.apply(np.log).abs().sum(axis=1).idxmin())
