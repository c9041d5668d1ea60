"""Inferred edges beside wiring, responses, and the worms' own correlations; a map of the worm."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn.graphs import agreement, matrices
from wormgnn.graphs.agreement import (
    LEVEL,
    STRENGTHS,
    Agreement,
    Array,
    detectable,
    entries,
    node_orders,
    power,
    unit_ranks,
)
from wormgnn.graphs.inferred import Inferred, aligned, averages, histogram, reliability
from wormgnn.graphs.matrices import Matrix
from wormgnn.recording import Recording
from wormgnn.runner import Table
from wormgnn.statistics import holm

Row = dict[str, object]

PERMUTATIONS = 9_999
"""Exchanges of neurons, and rewirings, in each test."""

COLUMNS = (
    *("family", "matrix", "kind", "part", "edges", "statistic", "null", "value", "low", "high"),
    *("p", "p_holm", "n_neurons", "n_pairs", "detectable", "n_rewired"),
)
"""Columns of `connectome_table`: see there."""

KINDS = {
    "chemical": "chemical synapses",
    "gap": "gap junctions",
    "atlas": "signal propagation",
    "correlation": "the worm's own correlations",
}
"""Kinds of matrices, and what they stand for."""

_MOST_WORMS = 7
"""Most worms of which all orders are tried."""


@dataclass(frozen=True)
class _Tests:
    """What all tests share: the neurons of the edges, the number of draws, the seed."""

    neurons: tuple[str, ...]
    permutations: int
    rewirings: int
    seed: int

    def orders(self, matrix: Matrix) -> NDArray[np.int64]:
        """Exchanges of a matrix's neurons."""
        return node_orders(len(matrix.neurons), self.permutations, self.seed)

    def among(self, edges: Array, matrix: Matrix) -> Array:
        """Edges `(..., N, N)` among a matrix's neurons; without direction if it has none."""
        places = [self.neurons.index(neuron) for neuron in matrix.neurons]
        among = edges[..., places, :][..., places]
        return (among + among.swapaxes(-1, -2)) / 2 if matrix.symmetric else among

    def per_worm(self, edges: Array, matrix: Matrix) -> Array:
        """Edges `(worms, N, N)` as a matrix asks for: of each worm, or averaged, (1, N, N)."""
        each = edges if len(matrix.weights) > 1 else edges.mean(axis=0, keepdims=True)
        return self.among(each, matrix)

    def mantel(
        self, family: str, name: str, edges: Array, references: Sequence[Matrix]
    ) -> Iterator[Row]:
        """Mantel's test of edges against every part of every reference.

        Of an average `(worms, N, N)`, or of single networks `(networks, worms, N, N)`: then the
        mean absolute correlation, since the sign of one network is arbitrary.
        """
        single = edges.ndim == 4
        for matrix, part in _parts(references):
            weights = matrix.weights
            if single:
                weights = np.broadcast_to(weights, (edges.shape[1], *weights.shape[1:]))
            tested = self.among(edges, matrix) if single else self.per_worm(edges, matrix)
            result = agreement.mantel(tested, weights, self.orders(matrix), absolute=single)
            statistic = "mean abs(spearman)" if single else "spearman"
            yield _row(family, matrix, part, name, result, statistic)

    def auroc(self, average: Array, wired: Sequence[Matrix]) -> Iterator[Row]:
        """Presence of an edge, against graphs that keep every neuron's degrees."""
        for matrix, part in _parts(wired):
            assert matrix.present is not None
            limits = matrix.symmetric, matrix.measured
            graphs = agreement.rewired(matrix.present, self.rewirings, self.seed, *limits)
            present = entries(np.concatenate([matrix.present[None], graphs]))
            tested = entries(self.per_worm(average, matrix))
            result = agreement.judge(agreement.auroc(tested, present, entries(matrix.measured)))
            row = _row("main", matrix, part, "aligned average", result, "auroc", "degrees")
            yield {**row, "n_rewired": agreement.n_distinct(graphs)}

    def given_correlation(
        self, average: Array, own: Matrix, wired: Sequence[Matrix]
    ) -> Iterator[Row]:
        """Partial Mantel test: edges and reference, each minus what the correlation explains."""
        for matrix in (m.part("symmetric") for m in wired):
            correlation = entries(self.among(own.weights.mean(axis=0), matrix))
            left = agreement.residual(entries(matrix.weights[0]), correlation)
            rest = agreement.residual(entries(self.per_worm(average, matrix)[0]), correlation)
            draws = agreement.correlations(rest[None], left, self.orders(matrix))[0]
            about = ("given correlation", matrix, "symmetric", "aligned average")
            yield _row(*about, agreement.judge(draws), "partial spearman")

    def controls(self, recordings: Sequence[Recording], wired: Sequence[Matrix]) -> Iterator[Row]:
        """Two halves of a recording, and two connectomes: matrices that must agree."""
        traces = [worm.select(self.neurons).traces for worm in recordings]
        halves = zip(*(np.split(x, [len(x) // 2]) for x in traces), strict=True)
        first, second = (np.array([np.corrcoef(x.T) for x in half]) for half in halves)
        late = Matrix("Correlation, second half", "correlation", self.neurons, second, True)
        pairs = [("correlation, first half", first, late)]
        whole = [m for m in wired if m.neurons == self.neurons]
        alike = ((a, b) for a, b in itertools.combinations(whole, 2) if a.kind == b.kind)
        pairs += [(a.name, a.weights, b) for a, b in alike]
        for name, weights, matrix in pairs:
            result = agreement.mantel(weights, matrix.weights, self.orders(matrix))
            yield _row("control", matrix, matrix.parts[0], name, result)


def _parts(references: Sequence[Matrix]) -> Iterator[tuple[Matrix, str]]:
    """Every part of every matrix, with the part's name."""
    return ((matrix.part(part), part) for matrix in references for part in matrix.parts)


def _row(
    family: str,
    matrix: Matrix,
    part: str,
    edges: str,
    result: Agreement,
    statistic: str = "spearman",
    null: str = "neurons",
) -> Row:
    about = {"family": family, "matrix": matrix.name, "kind": matrix.kind, "part": part}
    about |= {"edges": edges, "statistic": statistic, "null": null}
    sizes = {"n_neurons": len(matrix.neurons), "n_pairs": matrix.n_pairs}
    return {**about, **result._asdict(), **sizes}


def connectome_table(
    inferred: Inferred,
    recordings: Sequence[Recording],
    permutations: int = PERMUTATIONS,
    rewirings: int = PERMUTATIONS,
    seed: int = 0,
) -> pd.DataFrame:
    """Agreement of inferred edges with wiring, responses and correlations, a row for each test.

    `family` is what Holm's adjustment `p_holm` runs over: `main` (average of the networks with
    aligned signs), `single networks`, `plain` (average of the networks as they are), `development`
    (larvae), `given correlation` (what is left when the own correlation is taken out of both),
    `without homologues` (without pairs like AVAL and AVAR, alike in every respect), `correlation`
    (the worms' correlation in place of edges), `control` (matrices that must agree), `own worm`.
    `edges` says what is compared with `matrix`; `statistic` is `spearman`, `partial spearman`,
    `mean abs(spearman)` or `auroc`; `low` and `high` hold 95 % of the null, which exchanges
    `neurons` (or `worms`) or keeps `degrees`. `detectable` is the true correlation that the test
    would find four times in five, `n_rewired` how many different graphs the null of degrees has.
    """
    tests = _Tests(inferred.neurons, permutations, rewirings, seed)
    networks, plain = aligned(inferred.networks), inferred.networks.mean(axis=0)
    average = networks.mean(axis=0)
    references = matrices.references(recordings, inferred.neurons)
    wired = [m for m in references if m.present is not None]
    own = next(m for m in references if m.kind == "correlation")
    larvae = matrices.structural(inferred.neurons, matrices.LARVAE)
    rows = [
        *tests.mantel("main", "aligned average", average, references),
        *tests.auroc(average, wired),
        *tests.mantel("single networks", "single networks", networks, references),
        *tests.mantel("plain", "average", plain, references),
        *tests.mantel("development", "aligned average", average, larvae),
        *tests.given_correlation(average, own, wired),
        *tests.mantel("without homologues", "aligned average", average, _not_homologous(wired)),
        *tests.mantel("correlation", "correlation of traces", own.weights, wired),
        *tests.controls(recordings, wired),
        own_worm(average, own),
    ]
    table = pd.DataFrame(rows)
    table["p_holm"] = table.groupby("family", sort=False)["p"].transform(lambda p: holm(p))
    smallest = {}
    for matrix, part in _parts(references):
        noise = tests.among(average.mean(axis=0), matrix)
        curve = power(matrix.weights.mean(axis=0), noise, STRENGTHS[::2], rng=seed)
        smallest[matrix.name, part] = detectable(curve)
    tested = (table["family"] == "main") & (table["statistic"] == "spearman")
    keys = zip(table["matrix"], table["part"], strict=True)
    table["detectable"] = pd.Series([smallest.get(key, np.nan) for key in keys]).where(tested)
    return table.reindex(columns=list(COLUMNS))


def _not_homologous(wired: Sequence[Matrix]) -> list[Matrix]:
    """Symmetric parts in which pairs of a left and a right neuron count as not measured."""
    rest = []
    for matrix in (m.part("symmetric") for m in wired):
        stems = np.array([name[:-1] if name[-1] in "LR" else name for name in matrix.neurons])
        weights = np.where(stems[:, None] == stems, np.nan, matrix.weights)
        rest.append(replace(matrix, weights=weights))
    return rest


def own_worm(average: Array, own: Matrix) -> Row:
    """Whether edges fit the worm's own correlation better than other worms', by the mean fit.

    Worms are dealt the correlations of others: in every order, their own first, or in random ones
    where there are too many. The p-value is one-sided: only a better fit speaks for the own worm.
    """
    ranks = unit_ranks(entries((average + average.swapaxes(1, 2)) / 2))
    fit = ranks @ unit_ranks(entries(own.weights)).T
    n_worms = len(fit)
    if n_worms <= _MOST_WORMS:
        orders = np.array(list(itertools.permutations(range(n_worms))))
    else:
        orders = node_orders(n_worms, math.factorial(_MOST_WORMS))
    draws = np.array([fit[range(n_worms), order].mean() for order in orders])
    result = agreement.judge(draws)._replace(p=float(np.mean(draws >= draws[0] - 1e-9)))
    return _row("own worm", own, "symmetric", "aligned average", result, null="worms")


def by_kind(table: pd.DataFrame) -> pd.DataFrame:
    """What Mantel's tests of `connectome_table` say of each kind of matrix that was tested.

    Columns tests, significant (after Holm's adjustment), rho_low and rho_high (range over the
    tests), n_neurons (fewest over the tests), detectable (largest over the tests: every test would
    find so strong a true correlation four times in five), partial_rho and partial_p (given the own
    correlation: the rho that is farthest from 0, and the least p after Holm).
    """
    tests = table[(table["family"] == "main") & (table["statistic"] == "spearman")]
    kinds = tests.groupby("kind", sort=False).agg(
        tests=("value", "size"),
        significant=("p_holm", lambda p: (p < LEVEL).sum()),
        rho_low=("value", "min"),
        rho_high=("value", "max"),
        n_neurons=("n_neurons", "min"),
        detectable=("detectable", "max"),
    )
    partial = table[table["family"] == "given correlation"].groupby("kind")
    farthest = partial["value"].agg(lambda rho: rho.loc[rho.abs().idxmax()])
    return kinds.assign(partial_rho=farthest, partial_p=partial["p_holm"].min())


def shared_pairs(
    edges: Array, references: Mapping[str, Array], neurons: Sequence[str]
) -> pd.DataFrame:
    """Every pair that is an edge of a reference, or one of as many strongest inferred edges.

    Of inferred weights `(N, N)` a pair has the mean of its two directions; in a reference `(N, N)`
    it is an edge if either direction is more than zero. Columns reference, a, b (neurons), and
    kind: `both`, `inferred only` or `reference only`.
    """
    rows, columns = np.triu_indices(len(neurons), k=1)
    ends = {"a": np.array(neurons)[rows], "b": np.array(neurons)[columns]}
    mean, tables = (edges + edges.T) / 2, []
    for name, graph in references.items():
        there = ((graph > 0) | (graph.T > 0))[rows, columns]
        picked = strongest(mean, there.sum())[rows, columns] > 0
        cases = {"both": picked & there, "inferred only": picked, "reference only": there}
        kind = np.select(list(cases.values()), list(cases), "")
        table = pd.DataFrame({"reference": name, **ends, "kind": kind})
        tables.append(table[kind != ""].sort_values("kind", kind="stable"))
    return pd.concat(tables, ignore_index=True)


def strongest(values: Array, count: int) -> Array:
    """A graph (1 or 0) of the pairs with the largest values of a symmetric matrix (N, N)."""
    rows, columns = np.triu_indices(len(values), k=1)
    order = np.argsort(-values[rows, columns], kind="stable")[:count]
    graph = np.zeros(values.shape)
    graph[rows[order], columns[order]] = 1
    return graph


def inferred(table: Table) -> Inferred:
    """Edges of the run's only line, of every fold."""
    (line,) = table.experiment.lines
    edges = [table.arrays(line.label, fold)["edges"] for fold in table.profile.folds]
    cohort = table.cohort(line.label)
    return Inferred(np.stack(edges).astype(np.float64), cohort.neurons, cohort.worms)


TABLES = {
    "connectivity": lambda t: connectome_table(inferred(t), t.recordings, seed=t.seed),
    "edge_reliability": lambda t: reliability(inferred(t), t.seed),
    "edge_pairs": lambda t: histogram(inferred(t)),
    "connectivity_matrices": lambda t: averages(inferred(t), t.recordings),
}
"""Reference tables of the experiment `connectomes`."""
