"""Which pairs of neurons inferred edges and another graph share, for a map of the worm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def shared_pairs(
    edges: Floats, references: Mapping[str, Floats], neurons: Sequence[str]
) -> pd.DataFrame:
    """Every pair that is an edge of a reference, or one of as many strongest inferred edges.

    Parameters
    ----------
    edges
        Inferred weights, shape (N, N); a pair has the mean of its two directions.
    references
        Graphs by name, shape (N, N); a pair is an edge if either direction is more than zero.
    neurons
        Names of rows and columns.

    Returns
    -------
    table
        Columns reference, a, b and kind: `both`, `inferred only` or `reference only`.
    """
    rows, columns = np.triu_indices(len(neurons), k=1)
    weights = ((edges + edges.T) / 2)[rows, columns]
    tables = []
    for name, graph in references.items():
        there = ((graph > 0) | (graph.T > 0))[rows, columns]
        strongest = np.zeros(len(weights), dtype=bool)
        strongest[np.argsort(-weights, kind="stable")[: there.sum()]] = True
        kinds = {"inferred only": strongest & ~there, "reference only": there & ~strongest}
        for kind, pairs in {**kinds, "both": strongest & there}.items():
            ends = {"a": np.array(neurons)[rows[pairs]], "b": np.array(neurons)[columns[pairs]]}
            tables.append(pd.DataFrame({"reference": name, **ends, "kind": kind}))
    return pd.concat(tables, ignore_index=True)


def strongest(values: Floats, count: int) -> Floats:
    """A graph (1 or 0) of the pairs with the largest values of a symmetric matrix (N, N)."""
    rows, columns = np.triu_indices(len(values), k=1)
    order = np.argsort(-values[rows, columns], kind="stable")[:count]
    graph = np.zeros_like(values)
    graph[rows[order], columns[order]] = 1
    return graph
