"""The table of the comparison: each matrix and part, each statistic, with nulls and power."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wormgnn.connectivity import agreement, checks, matrices
from wormgnn.connectivity.agreement import Array, entries
from wormgnn.connectivity.checks import Row, Setting, pairs, row
from wormgnn.connectivity.edges import Inferred, aligned
from wormgnn.connectivity.matrices import Matrix
from wormgnn.connectivity.power import STRENGTHS, detectable, power
from wormgnn.connectivity.rewiring import n_distinct, rewired
from wormgnn.individuality import holm
from wormgnn.recording import Recording

PERMUTATIONS = 9_999
"""Exchanges of neurons, and rewirings, in each test."""

COLUMNS = (
    *("family", "matrix", "kind", "part", "edges", "statistic", "null", "value", "low", "high"),
    *("p", "p_holm", "n_neurons", "n_pairs", "detectable", "n_rewired"),
)
"""Columns of `compare`'s table: see there."""


def compare(
    found: Inferred,
    recordings: Sequence[Recording],
    permutations: int = PERMUTATIONS,
    rewirings: int = PERMUTATIONS,
    seed: int = 0,
) -> pd.DataFrame:
    """Agreement of inferred edges with wiring, responses and correlations.

    Returns
    -------
    table
        One row for each test. `family` is what Holm's adjustment `p_holm` runs over:
        `main` (average of the networks with aligned signs), `single networks`, `plain`
        (average of the networks as they are), `development` (larvae), `given correlation`
        (what is left when the own correlation is taken out of both), `without homologues`,
        `correlation` (the worms' correlation in place of edges), `control` (matrices that
        must agree), `own worm`. `edges` says what is compared with `matrix`; `statistic`
        is `spearman`, `partial spearman`, `mean abs(spearman)` or `auroc`; `low` and `high`
        hold 95 % of the null, which exchanges `neurons` (or `worms`) or keeps `degrees`.
        `detectable` is the true correlation that the test would find four times in five,
        and `n_rewired` how many different graphs the null of degrees has.
    """
    setting = Setting(found.neurons, permutations, rewirings, seed)
    networks, plain = aligned(found.networks), found.networks.mean(axis=0)
    average = networks.mean(axis=0)
    references = matrices.references(recordings, found.neurons)
    wired = [m for m in references if m.present is not None]
    own = next(m for m in references if m.kind == "correlation")
    larvae = matrices.structural(found.neurons, matrices.LARVAE)
    rows = [
        *_tests("main", "aligned average", average, references, setting),
        *_aurocs(average, wired, setting),
        *_single(networks, references, setting),
        *_tests("plain", "average", plain, references, setting),
        *_tests("development", "aligned average", average, larvae, setting),
        *checks.given_correlation(average, own, wired, setting),
        *checks.without_homologues(average, wired, setting),
        *_tests("correlation", "correlation of traces", own.weights, wired, setting),
        *checks.controls(recordings, wired, setting),
        checks.own_worm(average, own),
    ]
    table = pd.DataFrame(rows)
    table["p_holm"] = table.groupby("family", sort=False)["p"].transform(lambda p: holm(p))
    table["detectable"] = _detectable(table, average, references, setting)
    return table.reindex(columns=list(COLUMNS))


def _tests(
    family: str, name: str, edges: Array, references: Sequence[Matrix], setting: Setting
) -> list[Row]:
    """Mantel's test of averages `(worms, N, N)` against every part of every reference."""
    rows = []
    for matrix, part in pairs(references):
        chosen = setting.per_worm(edges, matrix)
        result = agreement.mantel(chosen, matrix.weights, setting.orders(matrix))
        rows.append(row(family, matrix, part, name, result))
    return rows


def _single(networks: Array, references: Sequence[Matrix], setting: Setting) -> list[Row]:
    """Mean absolute correlation of single networks with every part of every reference."""
    rows = []
    for matrix, part in pairs(references):
        weights = np.broadcast_to(matrix.weights, (networks.shape[1], *matrix.weights.shape[1:]))
        chosen = setting.among(networks, matrix)
        result = agreement.mantel_of_networks(chosen, weights, setting.orders(matrix))
        name = "single networks"
        rows.append(row(name, matrix, part, name, result, "mean abs(spearman)"))
    return rows


def _aurocs(average: Array, wired: Sequence[Matrix], setting: Setting) -> list[Row]:
    """Presence of an edge, against graphs that keep every neuron's degrees."""
    rows = []
    for matrix, part in pairs(wired):
        assert matrix.present is not None
        graphs = rewired(
            matrix.present, setting.rewirings, setting.seed, matrix.symmetric, matrix.measured
        )
        present = entries(np.concatenate([matrix.present[None], graphs]))
        chosen = entries(setting.per_worm(average, matrix))
        result = agreement.judge(agreement.auroc(chosen, present, entries(matrix.measured)))
        built = row("main", matrix, part, "aligned average", result, "auroc", "degrees")
        rows.append({**built, "n_rewired": n_distinct(graphs)})
    return rows


def _detectable(
    table: pd.DataFrame, average: Array, references: Sequence[Matrix], setting: Setting
) -> pd.Series[float]:
    """For each Mantel test of the main family; NaN elsewhere."""
    smallest = {}
    for matrix, part in pairs(references):
        noise = setting.among(average.mean(axis=0), matrix)
        curve = power(matrix.weights.mean(axis=0), noise, STRENGTHS[::2], rng=setting.seed)
        smallest[matrix.name, part] = detectable(curve)
    tested = (table["family"] == "main") & (table["statistic"] == "spearman")
    values = [smallest.get(key, np.nan) for key in zip(table["matrix"], table["part"], strict=True)]
    return pd.Series(values, index=table.index).where(tested)
