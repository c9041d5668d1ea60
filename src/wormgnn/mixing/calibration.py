"""From a statistic of worms to a place on the dial: calibrate on simulated worms, and invert."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from wormgnn.datasets.simulated import MIXINGS, Mixing, Physics
from wormgnn.datasets.simulated import Simulation as Setting
from wormgnn.errors import RecordingError
from wormgnn.mixing.checks import KATO_LIKE
from wormgnn.mixing.placement import STATISTICS, dimension, measure, roughness
from wormgnn.profiles import Profile
from wormgnn.recording import Recording
from wormgnn.store import Store

Array = NDArray[np.float64]

PHYSICS = {
    "default": Physics(),
    "quiet": Physics(noise=0.016),
    "noisy": Physics(noise=0.24),
    "Kato-like": KATO_LIKE,
}
"""Physics that a placement is tried with; the axis depends on it."""

N_FINE = 501
"""Number of places at which a calibration is read off."""


def calibrate(
    like: Sequence[Recording],
    profile: Profile,
    store: Store,
    dial: Sequence[float],
    seeds: Sequence[int],
    statistics: Sequence[str] = tuple(STATISTICS),
    physics: Mapping[str, Physics] = PHYSICS,
    kinds: Sequence[Mixing] = MIXINGS,
) -> pd.DataFrame:
    """Statistics of simulated worms: as many, as long and as fast as some recordings.

    Columns physics, kind, mixing, sim_seed, statistic, value; and roughness and dimension of
    the traces, which say how like the recordings the simulated worms are.
    """
    size = _size(like)
    tables = []
    for name, kind, mixing, seed in itertools.product(physics, kinds, dial, seeds):
        worms = Setting(mixing, kind, seed, *size, physics[name]).recordings()
        found = pd.concat([measure(worms, s, profile, store) for s in statistics])
        traces = {"roughness": roughness(worms), "dimension": dimension(worms)}
        found = found.drop(columns="without").assign(physics=name, kind=kind, mixing=mixing)
        tables.append(found.assign(sim_seed=seed, **traces))
    return pd.concat(tables, ignore_index=True)


def _size(like: Sequence[Recording]) -> tuple[int, float, float]:
    """Number of worms, mean seconds, mean frames per second."""
    if len(like) < 2:
        raise RecordingError(f"a placement compares worms: expected two or more, got {len(like)}")
    seconds = float(np.mean([worm.n_frames / worm.fps for worm in like]))
    return len(like), seconds, float(np.mean([worm.fps for worm in like]))


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


def place(value: float, along: Curve, level: float = 0.95) -> dict[str, object]:
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


BY = ["physics", "kind", "statistic"]


def placements(calibration: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Places of measured values on every calibrated axis.

    `measured` as from `placement.measure`. One row for each physics, kind, statistic and worm
    left out: value, and what `place` gives.
    """
    rows = []
    for key, part in calibration.groupby(BY, sort=False):
        along = curve(part)
        named = _named(key)
        values = measured[measured["statistic"] == named["statistic"]]
        for without, value in zip(values["without"], values["value"], strict=True):
            row = {**named, "without": without, "value": value}
            rows.append({**row, **place(value, along)})
    return pd.DataFrame(rows)


def recovery(calibration: pd.DataFrame) -> pd.DataFrame:
    """How well simulated worms are placed by the other seeds: the truth is known.

    Columns physics, kind, statistic, error (mean absolute, of the dial), covered (share of
    intervals that hold the truth), n; over places of the dial up to one half, beyond which the
    statistics go flat.
    """
    rows = []
    for key, part in calibration.groupby(BY, sort=False):
        found = pd.concat([_blind(part, seed) for seed in part["sim_seed"].unique()])
        inside = (found["low"] <= found["truth"]) & (found["truth"] <= found["high"])
        error = (found["mixing"] - found["truth"]).abs().mean()
        named = _named(key)
        rows.append({**named, "error": error, "covered": inside.mean(), "n": len(found)})
    return pd.DataFrame(rows)


def _named(key: object) -> dict[str, object]:
    """A group's key by the names of its columns."""
    assert isinstance(key, tuple)
    return dict(zip(BY, key, strict=True))


def _blind(part: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Places of one seed's values by the curve of the others."""
    along = curve(part[part["sim_seed"] != seed])
    held = part[(part["sim_seed"] == seed) & (part["mixing"] <= 0.5)]
    rows = [
        {"truth": mixing, **place(value, along)}
        for mixing, value in zip(held["mixing"], held["value"], strict=True)
    ]
    return pd.DataFrame(rows)
