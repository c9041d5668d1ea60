"""How alike two matrices among the same neurons are, against nulls that keep their structure.

The entries of a matrix are not independent: a neuron gives its whole row and column. So the
null exchanges neurons (the Mantel test), or rewires a connectome and keeps its degrees. A test's
power says what it could have found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from wormgnn.statistics import Random

Array = NDArray[np.float64]
Graphs = NDArray[np.bool_]
Codes = NDArray[np.int64]

LEVEL = 0.05
"""Significance of every test."""

POWER = 0.8
"""Share of tests that should find a correlation that is called detectable."""

STRENGTHS = tuple(round(0.05 * step, 2) for step in range(17))
"""True correlations tried for the power, 0 to 0.8."""

_CHUNK = 2_500
"""Orders of neurons taken at a time, so that memory stays small."""

_SAME = 1e-9
"""Draws nearer to the observed value than this are as extreme."""

_PICKED = 3
"""Edges that trade ends at a time: with two, a directed cycle of three could never turn round."""


class Agreement(NamedTuple):
    """A statistic, the interval that holds 95 % of its null draws, and a two-sided p-value."""

    value: float
    low: float
    high: float
    p: float


def entries(matrices: NDArray[Any]) -> NDArray[Any]:
    """Off-diagonal entries, row by row: `(..., N, N)` to `(..., N (N - 1))`.

    A symmetric matrix gives each pair twice; no correlation of ranks, and no AUROC, is
    changed by that.
    """
    return matrices[..., ~np.eye(matrices.shape[-1], dtype=bool)]


def node_orders(n_neurons: int, count: int, rng: Random = 0) -> Codes:
    """The neurons' own order, then random ones, shape (1 + count, neurons)."""
    own = np.tile(np.arange(n_neurons), (1 + count, 1))
    own[1:] = np.random.default_rng(rng).permuted(own[1:], axis=1)
    return own


def unit_ranks(values: Array) -> Array:
    """Ranks along the last axis with mean 0 and length 1; NaN stay NaN and take no rank.

    The dot product of two is Spearman's correlation. All zero where all values are the same.
    """
    return unit(rankdata(values, axis=-1, nan_policy="omit"))


def unit(values: Array) -> Array:
    """Values along the last axis minus their mean, divided by their length; NaN are left out."""
    centred = values - np.nanmean(values, axis=-1, keepdims=True)
    length = np.sqrt(np.nansum(centred**2, axis=-1, keepdims=True))
    flat = np.where(np.isnan(centred), np.nan, 0.0)
    return np.divide(centred, length, out=flat, where=length > 0)


def residual(values: Array, given: Array) -> Array:
    """What a straight line through `given` leaves of `values`, both ranked, shape (entries,)."""
    y, x = unit_ranks(values), unit_ranks(np.where(np.isnan(values), np.nan, given))
    return unit(y - np.nansum(x * y) * x)


def correlations(edges: Array, reference: Array, orders: Codes) -> Array:
    """Correlation of edges with a reference whose neurons are exchanged, (matrices, orders).

    `edges` are entries (see `entries`) of matrices without gaps, shape (matrices, entries); ranks
    for Spearman's correlation. `reference` are those of one matrix, shape (entries,), NaN where
    nothing was measured: rows and columns move together, and what was not measured moves along.
    `orders`, (orders, neurons), as from `node_orders`.
    """
    n_neurons = orders.shape[1]
    index = np.zeros((n_neurons, n_neurons), dtype=np.int64)
    index[~np.eye(n_neurons, dtype=bool)] = np.arange(n_neurons * (n_neurons - 1))
    measured = np.isfinite(reference)
    values = np.where(measured, unit(reference), 0.0)
    spread = ((edges - edges.mean(axis=1, keepdims=True)) ** 2).sum(axis=1, keepdims=True)
    chunks = []
    for chunk in np.split(orders, range(_CHUNK, len(orders), _CHUNK)):
        moved = entries(index[chunk[:, :, None], chunk[:, None, :]])  # (orders, entries)
        products = edges @ values[moved].T
        if not measured.all():  # the spread is that of the entries under measured ones
            seen = measured[moved].T.astype(np.float64)
            spread = (edges**2) @ seen - (edges @ seen) ** 2 / measured.sum()
        length = np.sqrt(np.where(spread > 1e-12, spread, np.inf))
        chunks.append(products / length)
    return np.concatenate(chunks, axis=1)


def mantel(edges: Array, references: Array, orders: Codes, absolute: bool = False) -> Agreement:
    """Spearman's correlation of edges with a reference, averaged over networks and worms.

    `edges` `([networks,] worms, neurons, neurons)` are compared with `references` `(worms, neurons,
    neurons)`, in the same `orders` of neurons for all worms (see `node_orders`). `absolute` takes
    the absolute value for each network, where the sign of its edges is arbitrary.
    """
    networks = edges.reshape(-1, *edges.shape[-3:])
    means = []
    for worm, reference in enumerate(references):
        ranks, wanted = unit_ranks(entries(networks[:, worm])), unit_ranks(entries(reference))
        drawn = correlations(ranks, wanted, orders)
        means.append((np.abs(drawn) if absolute else drawn).mean(axis=0))
    return judge(np.mean(means, axis=0))


def judge(draws: Array) -> Agreement:
    """The first draw, which is the observed one, against the others.

    The p-value is the doubled share of draws (the observed one among them) at least as far
    in its tail; it cannot fall below `2 / len(draws)`.
    """
    value, null = draws[0], draws[1:]
    tails = np.mean(draws >= value - _SAME), np.mean(draws <= value + _SAME)
    low, high = np.quantile(null, [0.025, 0.975])
    return Agreement(float(value), float(low), float(high), float(min(1.0, 2 * min(tails))))


def auroc(edges: Array, present: Graphs, measured: Graphs) -> Array:
    """Probability that a pair with an edge outweighs one without; a tie counts one half.

    `edges` are entries, shape (worms, entries), of which the mean over worms is given; `present`
    tells which pairs have an edge, shape (graphs, entries), and `measured` which could have one,
    (entries,). The area under the receiver operating characteristic of each graph, shape
    (graphs,), is NaN where no pair, or every pair, has an edge.
    """
    wins = np.mean([(e[:, None] > e) + 0.5 * (e[:, None] == e) for e in edges], axis=0)
    positive = (present & measured).astype(np.float64)
    negative = (~present & measured).astype(np.float64)
    count = positive.sum(axis=1) * negative.sum(axis=1)
    won = ((positive @ wins) * negative).sum(axis=1)
    return np.divide(won, count, out=np.full(len(count), np.nan), where=count > 0)


def rewired(
    present: Graphs,
    count: int,
    rng: Random = 0,
    symmetric: bool = False,
    allowed: Graphs | None = None,
    rounds: int = 10,
) -> Graphs:
    """Graphs in which every neuron keeps how many partners it has, shape (count, N, N).

    Independent Markov chains from `present`, edges with the receiver first, shape (N, N), symmetric
    if they have no direction: at each step three edges trade their receivers in a random order, and
    go back where that makes a self edge, a double one, or one that is not `allowed`, (N, N) (an
    edge drawn twice counts as a failure, too). Each step is as likely as its reverse, so graphs
    that can be reached become equally likely; without `allowed` these are all with the same
    degrees. Each of the `count` chains takes `rounds` steps for each edge.
    """
    random = np.random.default_rng(rng)
    off = ~np.eye(len(present), dtype=bool)
    allowed = off if allowed is None else off & allowed
    to, of = np.nonzero(np.tril(present & off) if symmetric else present & off)
    ends = np.tile(np.stack([to, of]), (count, 1, 1))
    graphs = np.tile(present & off, (count, 1, 1))
    if len(to) > 1:
        for _ in range(rounds * len(to)):
            _trade(graphs, ends, allowed, symmetric, random)
    return graphs


def _trade(
    graphs: Graphs, ends: Codes, allowed: Graphs, symmetric: bool, random: np.random.Generator
) -> None:
    """Let some edges of every graph trade ends, in place; `ends` has shape (graphs, 2, edges)."""
    chains, _, n_edges = ends.shape
    k = min(_PICKED, n_edges)
    picked = random.integers(n_edges, size=(chains, k))
    old = np.take_along_axis(ends, picked[:, None], axis=2)
    if symmetric:  # either end may be the one that is traded
        old = np.where(random.random((chains, 1, k)) < 0.5, old, old[:, ::-1])
    new = old.copy()
    new[:, 0] = np.take_along_axis(old[:, 0], random.random((chains, k)).argsort(axis=1), axis=1)
    rows = np.arange(chains)[:, None]

    def mark(edges: Codes, to: bool) -> None:
        graphs[rows, edges[:, 0], edges[:, 1]] = to
        if symmetric:
            graphs[rows, edges[:, 1], edges[:, 0]] = to

    def all_differ(values: Codes) -> Graphs:
        return np.asarray((np.diff(np.sort(values, axis=1), axis=1) > 0).all(axis=1))

    mark(old, False)
    receiver, sender = new.swapaxes(0, 1)
    sound = (allowed[receiver, sender] & ~graphs[rows, receiver, sender]).all(axis=1)
    first, second = np.sort(new, axis=1).swapaxes(0, 1) if symmetric else (receiver, sender)
    kept = all_differ(picked) & sound & all_differ(first * len(allowed) + second)
    new = np.where(kept[:, None, None], new, old)
    mark(new, True)
    np.put_along_axis(ends, picked[:, None], new, axis=2)


def n_distinct(graphs: Graphs) -> int:
    """How many of the graphs differ from each other."""
    return len(np.unique(np.packbits(graphs.reshape(len(graphs), -1), axis=1), axis=0))


def power(
    reference: Array,
    noise: Array | None,
    strengths: Sequence[float] = STRENGTHS,
    trials: int = 300,
    permutations: int = 499,
    rng: Random = 0,
) -> pd.DataFrame:
    """Share of simulated edges that the test finds, for each true correlation: columns r, power.

    Edges are `r` times the reference's ranks plus noise, both of unit length, with the
    weight of the noise `sqrt(1 - r^2)`, and are ranked again. `reference` has the shape (N, N), NaN
    where not measured (edges carry noise alone there). Of `noise`, (N, N), neurons are put into a
    random order for each trial, so that it has the structure of real edges; None is independent
    noise. Each strength has so many trials, each test so many permutations of neurons.
    """
    random, n_neurons = np.random.default_rng(rng), len(reference)
    ranks = unit_ranks(entries(reference))
    orders = node_orders(n_neurons, permutations, random)
    if noise is None:  # drawn once for all strengths: the curve is smooth
        drawn = random.normal(size=(trials, n_neurons, n_neurons))
    else:
        moves = node_orders(n_neurons, trials, random)[1:]
        drawn = noise[moves[:, :, None], moves[:, None]]
    if np.array_equal(reference, reference.T, equal_nan=True):
        drawn = drawn + drawn.swapaxes(1, 2)
    drawn = unit_ranks(entries(drawn))
    rows = []
    for r in strengths:
        edges = unit_ranks(r * np.nan_to_num(ranks) + np.sqrt(1 - r**2) * drawn)
        draws = correlations(edges, ranks, orders)
        above, below = (draws >= draws[:, :1]).mean(axis=1), (draws <= draws[:, :1]).mean(axis=1)
        rows.append({"r": r, "power": float(np.mean(2 * np.minimum(above, below) < LEVEL))})
    return pd.DataFrame(rows)


def detectable(curve: pd.DataFrame) -> float:
    """Smallest true correlation found so often as `POWER`, between the curve's points; or NaN."""
    r, found = curve["r"].to_numpy(), np.maximum.accumulate(curve["power"].to_numpy())
    if found[-1] < POWER:
        return float("nan")
    at = int(np.argmax(found >= POWER))
    if at == 0:
        return float(r[0])
    step = (POWER - found[at - 1]) / (found[at] - found[at - 1])
    return float(r[at - 1] + step * (r[at] - r[at - 1]))
