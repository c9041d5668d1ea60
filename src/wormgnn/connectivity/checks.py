"""What stands beside the main comparison: controls, confounders, and whose edges they are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wormgnn.connectivity import agreement, matrices
from wormgnn.connectivity.agreement import Agreement, Array, entries
from wormgnn.connectivity.matrices import Matrix
from wormgnn.recording import Recording

Row = dict[str, object]

_MOST_WORMS = 7
"""Most worms of which all orders are tried."""


@dataclass(frozen=True)
class Setting:
    """What all tests share: the neurons of the edges, the number of draws, the seed."""

    neurons: tuple[str, ...]
    permutations: int
    rewirings: int
    seed: int

    def orders(self, matrix: Matrix) -> NDArray[np.int64]:
        """Exchanges of a matrix's neurons."""
        return agreement.node_orders(len(matrix.neurons), self.permutations, self.seed)

    def among(self, edges: Array, matrix: Matrix) -> Array:
        """Edges `(..., N, N)` among a matrix's neurons; without direction if it has none."""
        places = [self.neurons.index(neuron) for neuron in matrix.neurons]
        chosen = edges[..., places, :][..., places]
        return (chosen + chosen.swapaxes(-1, -2)) / 2 if matrix.symmetric else chosen

    def per_worm(self, edges: Array, matrix: Matrix) -> Array:
        """Edges `(worms, N, N)` as a matrix asks for: of each worm, or averaged, (1, N, N)."""
        each = edges if len(matrix.weights) > 1 else edges.mean(axis=0, keepdims=True)
        return self.among(each, matrix)


def pairs(references: Sequence[Matrix]) -> list[tuple[Matrix, str]]:
    """Every part of every matrix, with the part's name."""
    return [(m.part(part), part) for m in references for part in m.parts]


def row(
    family: str,
    matrix: Matrix,
    part: str,
    edges: str,
    result: Agreement,
    statistic: str = "spearman",
    null: str = "neurons",
) -> Row:
    """One row of the comparison's table; see `comparison.compare`."""
    return {
        "family": family,
        "matrix": matrix.name,
        "kind": matrix.kind,
        "part": part,
        "edges": edges,
        "statistic": statistic,
        "null": null,
        **result._asdict(),
        "n_neurons": len(matrix.neurons),
        "n_pairs": matrix.n_pairs,
    }


def given_correlation(
    average: Array, own: Matrix, wired: Sequence[Matrix], setting: Setting
) -> list[Row]:
    """Partial Mantel test: edges and reference, each less what the correlation explains."""
    rows = []
    for matrix, part in pairs(wired):
        if part == "symmetric":
            given = entries(setting.among(own.weights.mean(axis=0), matrix))
            edges = entries(setting.per_worm(average, matrix)[0])
            left = agreement.residual(entries(matrix.weights[0]), given)
            rest = agreement.residual(edges, given)[None]
            draws = agreement.correlations(rest, left, setting.orders(matrix))[0]
            result = agreement.judge(draws)
            rows.append(
                row(
                    "given correlation", matrix, part, "aligned average", result, "partial spearman"
                )
            )
    return rows


def without_homologues(average: Array, wired: Sequence[Matrix], setting: Setting) -> list[Row]:
    """Mantel's test that leaves out pairs like AVAL and AVAR, alike in every respect."""
    rows = []
    for matrix, part in pairs(wired):
        if part == "symmetric":
            stems = np.array([name[:-1] if name[-1] in "LR" else name for name in matrix.neurons])
            weights = np.where(stems[:, None] == stems, np.nan, matrix.weights)
            rest = replace(matrix, weights=weights)
            edges = setting.per_worm(average, rest)
            result = agreement.mantel(edges, rest.weights, setting.orders(rest))
            rows.append(row("without homologues", rest, part, "aligned average", result))
    return rows


def controls(
    recordings: Sequence[Recording], wired: Sequence[Matrix], setting: Setting
) -> list[Row]:
    """Two halves of a recording, and two connectomes: matrices that must agree."""
    first, second = matrices.halves(recordings, setting.neurons)
    half = Matrix("Correlation, second half", "correlation", setting.neurons, second, True)
    result = agreement.mantel(first, second, setting.orders(half))
    rows = [row("control", half, "symmetric", "correlation, first half", result)]
    whole = [m for m in wired if m.neurons == setting.neurons]
    for a, b in itertools.combinations(whole, 2):
        if a.kind == b.kind:
            result = agreement.mantel(a.weights, b.weights, setting.orders(b))
            rows.append(row("control", b, "symmetric" if b.symmetric else "as is", a.name, result))
    return rows


def own_worm(average: Array, own: Matrix) -> Row:
    """Whether edges fit the worm's own correlation better than other worms'.

    The mean fit of a worm's edges with its own correlation, against the fit when worms are
    dealt the correlations of others, the real order first (see `_worm_orders`). The
    p-value is one-sided: only a better fit speaks for the own worm.
    """
    ranks = agreement.unit_ranks(entries((average + average.swapaxes(1, 2)) / 2))
    fit = ranks @ agreement.unit_ranks(entries(own.weights)).T
    draws = np.array([fit[range(len(fit)), order].mean() for order in _worm_orders(len(fit))])
    result = agreement.judge(draws)._replace(p=float(np.mean(draws >= draws[0] - 1e-9)))
    return row("own worm", own, "symmetric", "aligned average", result, null="worms")


def _worm_orders(n_worms: int) -> NDArray[np.int64]:
    """Every order of the worms, their own first; random ones where there are too many."""
    if n_worms <= _MOST_WORMS:
        return np.array(list(itertools.permutations(range(n_worms))))
    return agreement.node_orders(n_worms, math.factorial(_MOST_WORMS))
