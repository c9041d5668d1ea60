"""Which true correlation a Mantel test among so few neurons would find."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wormgnn.connectivity.agreement import (
    Array,
    correlations,
    entries,
    node_orders,
    unit_ranks,
)
from wormgnn.statistics import Random

STRENGTHS = tuple(round(0.05 * step, 2) for step in range(17))
"""True correlations tried, 0 to 0.8."""

WANTED = 0.8
LEVEL = 0.05


def power(
    reference: Array,
    noise: Array | None,
    strengths: Sequence[float] = STRENGTHS,
    trials: int = 300,
    permutations: int = 499,
    rng: Random = 0,
) -> pd.DataFrame:
    """Share of simulated edges that the test finds, for each true correlation.

    Edges are `r` times the reference's ranks plus noise, both of unit length, with the
    weight of the noise `sqrt(1 - r^2)`, and are ranked again.

    Parameters
    ----------
    reference
        Shape (N, N); NaN where not measured (edges carry noise alone there).
    noise
        Matrix of shape (N, N) whose neurons are put into a random order for each trial, so
        that the noise has the structure of real edges; None for independent noise.
    strengths, trials, permutations, rng
        True correlations, trials of each, exchanges of neurons in each test, randomness.

    Returns
    -------
    table
        Columns r, power.
    """
    random = np.random.default_rng(rng)
    signal = np.nan_to_num(unit_ranks(entries(reference)))
    orders = node_orders(len(reference), permutations, random)
    drawn = _noise(noise, reference, trials, random)  # once: the curve is smooth
    rows = []
    for r in strengths:
        mixed = r * signal + np.sqrt(1 - r**2) * drawn
        draws = correlations(unit_ranks(mixed), unit_ranks(entries(reference)), orders)
        rows.append({"r": r, "power": float(np.mean(_p(draws) < LEVEL))})
    return pd.DataFrame(rows)


def _noise(
    noise: Array | None, reference: Array, trials: int, random: np.random.Generator
) -> Array:
    """Entries of unit length, shape (trials, entries); symmetric if the reference is."""
    n_neurons = len(reference)
    if noise is None:
        drawn = random.normal(size=(trials, n_neurons, n_neurons))
    else:
        orders = node_orders(n_neurons, trials, random)[1:]
        drawn = noise[orders[:, :, None], orders[:, None]]
    if np.array_equal(reference, reference.T, equal_nan=True):
        drawn = drawn + drawn.swapaxes(1, 2)
    return unit_ranks(entries(drawn))


def _p(draws: Array) -> Array:
    """Two-sided p-value of each row, as `agreement.judge`."""
    tails = (draws >= draws[:, :1]).mean(axis=1), (draws <= draws[:, :1]).mean(axis=1)
    return np.asarray(np.minimum(2 * np.minimum(*tails), 1.0))


def detectable(curve: pd.DataFrame, wanted: float = WANTED) -> float:
    """Smallest true correlation found so often, between the points of `power`'s curve; or NaN."""
    r, found = curve["r"].to_numpy(), np.maximum.accumulate(curve["power"].to_numpy())
    if found[-1] < wanted:
        return float("nan")
    at = int(np.argmax(found >= wanted))
    if at == 0:
        return float(r[0])
    step = (wanted - found[at - 1]) / (found[at] - found[at - 1])
    return float(r[at - 1] + step * (r[at] - r[at - 1]))
