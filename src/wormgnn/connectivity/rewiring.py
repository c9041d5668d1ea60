"""Random graphs with the degrees of a given one: what a connectome's degrees alone explain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wormgnn.statistics import Random

Graphs = NDArray[np.bool_]

_PICKED = 3
"""Edges that trade ends at a time: with two, a directed cycle of three could never turn round."""


def rewired(
    present: Graphs,
    count: int,
    rng: Random = 0,
    symmetric: bool = False,
    allowed: Graphs | None = None,
    rounds: int = 10,
) -> Graphs:
    """Graphs in which every neuron keeps how many partners it has, shape (count, N, N).

    Independent Markov chains, all from the given graph: at each step three edges trade
    their receivers in a random order, and go back where that makes a self edge, a double
    one, or one that is not allowed (an edge drawn twice counts as a failure, too). Each
    step is as likely as its reverse, so graphs that can be reached become equally likely.
    Without `allowed`, all graphs with these degrees can be reached.

    Parameters
    ----------
    present
        Edges, receiver first, shape (N, N); the diagonal is ignored.
    count, rng
        Number of graphs, random generator or seed.
    symmetric
        Whether edges have no direction; `present` is then symmetric.
    allowed
        Where an edge may be, shape (N, N); everywhere but on the diagonal if None.
    rounds
        Steps taken, for each edge.
    """
    random = np.random.default_rng(rng)
    off = ~np.eye(len(present), dtype=bool)
    allowed = off if allowed is None else off & allowed
    to, of = np.nonzero(np.tril(present & off) if symmetric else present & off)
    ends = np.tile(np.stack([to, of]), (count, 1, 1))
    graphs = np.tile(present & off, (count, 1, 1))
    if len(to) > 1:
        for _ in range(rounds * len(to)):
            _step(graphs, ends, allowed, symmetric, random)
    return graphs


def _step(
    graphs: Graphs,
    ends: NDArray[np.int64],
    allowed: Graphs,
    symmetric: bool,
    random: np.random.Generator,
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
    _set(graphs, rows, old, False, symmetric)
    sound = allowed[new[:, 0], new[:, 1]] & ~graphs[rows, new[:, 0], new[:, 1]]
    once = (np.diff(np.sort(picked, axis=1), axis=1) > 0).all(axis=1)
    kept = once & sound.all(axis=1) & _distinct(new, len(allowed), symmetric)
    new = np.where(kept[:, None, None], new, old)
    _set(graphs, rows, new, True, symmetric)
    np.put_along_axis(ends, picked[:, None], new, axis=2)


def _set(
    graphs: Graphs, rows: NDArray[np.int64], ends: NDArray[np.int64], to: bool, symmetric: bool
) -> None:
    graphs[rows, ends[:, 0], ends[:, 1]] = to
    if symmetric:
        graphs[rows, ends[:, 1], ends[:, 0]] = to


def _distinct(ends: NDArray[np.int64], n_neurons: int, symmetric: bool) -> NDArray[np.bool_]:
    """Whether no two edges of a graph's trade are the same, shape (graphs,)."""
    if symmetric:
        ends = np.sort(ends, axis=1)
    codes = np.sort(ends[:, 0] * n_neurons + ends[:, 1], axis=1)
    return np.asarray((np.diff(codes, axis=1) > 0).all(axis=1))


def n_distinct(graphs: Graphs) -> int:
    """How many of the graphs differ from each other."""
    return len(np.unique(np.packbits(graphs.reshape(len(graphs), -1), axis=1), axis=0))
