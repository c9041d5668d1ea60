"""How alike two matrices among the same neurons are, against nulls that keep their structure.

The entries of a matrix are not independent: a neuron gives its whole row and column. So the
null exchanges neurons (the Mantel test), or rewires a connectome and keeps its degrees.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from wormgnn.statistics import Random

Array = NDArray[np.float64]

_CHUNK = 2_500
"""Orders of neurons taken at a time, so that memory stays small."""

_SAME = 1e-9
"""Draws nearer to the observed value than this are as extreme."""


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


def node_orders(n_neurons: int, count: int, rng: Random = 0) -> NDArray[np.int64]:
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
    """Values along the last axis less their mean, divided by their length; NaN are left out."""
    centred = values - np.nanmean(values, axis=-1, keepdims=True)
    length = np.sqrt(np.nansum(centred**2, axis=-1, keepdims=True))
    return np.divide(
        centred, length, out=np.where(np.isnan(centred), np.nan, 0.0), where=length > 0
    )


def residual(values: Array, given: Array) -> Array:
    """What a straight line through `given` leaves of `values`, both ranked, shape (entries,)."""
    y, x = unit_ranks(values), unit_ranks(np.where(np.isnan(values), np.nan, given))
    return unit(y - np.nansum(x * y) * x)


def correlations(edges: Array, reference: Array, orders: NDArray[np.int64]) -> Array:
    """Correlation of edges with a reference whose neurons are exchanged.

    Parameters
    ----------
    edges
        Entries (see `entries`) of matrices without gaps, shape (matrices, entries); ranks
        for Spearman's correlation.
    reference
        Entries of one matrix, shape (entries,); NaN where nothing was measured. Rows and
        columns move together, and what was not measured moves along.
    orders
        As from `node_orders`, shape (orders, neurons).

    Returns
    -------
    Correlations over the measured entries, shape (matrices, orders).
    """
    index = _entry_index(orders.shape[1])
    pieces = [
        _correlations(edges, unit(reference), entries(index[o[:, :, None], o[:, None, :]]))
        for o in np.split(orders, range(_CHUNK, len(orders), _CHUNK))
    ]
    return np.concatenate(pieces, axis=1)


def _entry_index(n_neurons: int) -> NDArray[np.int64]:
    """Place of each pair among `entries`, shape (neurons, neurons)."""
    index = np.zeros((n_neurons, n_neurons), dtype=np.int64)
    index[~np.eye(n_neurons, dtype=bool)] = np.arange(n_neurons * (n_neurons - 1))
    return index


def _correlations(edges: Array, reference: Array, moved: NDArray[np.int64]) -> Array:
    """As `correlations`, with a reference of unit length: `moved` is shape (orders, entries)."""
    measured = np.isfinite(reference)
    products = edges @ np.where(measured, reference, 0.0)[moved].T
    if measured.all():
        spread = ((edges - edges.mean(axis=1, keepdims=True)) ** 2).sum(axis=1, keepdims=True)
    else:
        seen = measured[moved].T.astype(np.float64)
        spread = (edges**2) @ seen - (edges @ seen) ** 2 / measured.sum()
    positive = np.broadcast_to(spread > 1e-12, products.shape)
    length = np.sqrt(np.where(spread > 1e-12, spread, 1.0))
    return np.divide(products, length, out=np.zeros_like(products), where=positive)


def mantel(edges: Array, references: Array, orders: NDArray[np.int64]) -> Agreement:
    """Spearman's correlation of edges with a reference, and the mean of it over worms.

    Parameters
    ----------
    edges, references
        Shape (worms, neurons, neurons): a worm's edges, and what they are compared with.
        The same order of neurons is drawn for all worms.
    orders
        As from `node_orders`.
    """
    return judge(mantel_draws(edges[None], references, orders).mean(axis=0))


def mantel_of_networks(edges: Array, references: Array, orders: NDArray[np.int64]) -> Agreement:
    """Mean *absolute* correlation of single networks, whose edges have an arbitrary sign.

    `edges` has shape (networks, worms, neurons, neurons), the rest as for `mantel`.
    """
    return judge(mantel_draws(edges, references, orders, absolute=True).mean(axis=0))


def mantel_draws(
    edges: Array, references: Array, orders: NDArray[np.int64], absolute: bool = False
) -> Array:
    """Mean correlation over networks for each worm and order, shape (worms, orders)."""
    means = []
    for worm, reference in enumerate(references):
        ranks = unit_ranks(entries(edges[:, worm]))
        drawn = correlations(ranks, unit_ranks(entries(reference)), orders)
        means.append((np.abs(drawn) if absolute else drawn).mean(axis=0))
    return np.array(means)


def judge(draws: Array) -> Agreement:
    """The first draw, which is the observed one, against the others.

    The p-value is the doubled share of draws (the observed one among them) at least as far
    in its tail; it cannot fall below `2 / len(draws)`.
    """
    value, null = draws[0], draws[1:]
    tails = np.mean(draws >= value - _SAME), np.mean(draws <= value + _SAME)
    low, high = np.quantile(null, [0.025, 0.975])
    return Agreement(float(value), float(low), float(high), float(min(1.0, 2 * min(tails))))


def auroc(edges: Array, present: NDArray[np.bool_], measured: NDArray[np.bool_]) -> Array:
    """Probability that a pair with an edge outweighs one without; a tie counts one half.

    Parameters
    ----------
    edges
        Entries, shape (worms, entries); the mean over worms is given.
    present
        Which pairs have an edge, shape (graphs, entries).
    measured
        Which pairs could have one, shape (entries,).

    Returns
    -------
    Area under the receiver operating characteristic for each graph, shape (graphs,); NaN
    where no pair, or every pair, has an edge.
    """
    wins = np.mean([(e[:, None] > e) + 0.5 * (e[:, None] == e) for e in edges], axis=0)
    positive = (present & measured).astype(np.float64)
    negative = (~present & measured).astype(np.float64)
    count = positive.sum(axis=1) * negative.sum(axis=1)
    won = ((positive @ wins) * negative).sum(axis=1)
    return np.divide(won, count, out=np.full(len(count), np.nan), where=count > 0)
