"""Claims on the additional experiments: without AVA, one-hot edges, the connectome."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from wormgnn.claims.claim import Claim, Evidence, Finding, NotComputed, verdict_of
from wormgnn.claims.lines import Line, in_states, less
from wormgnn.claims.rules import Gap, Maker, above, below, compared, equal
from wormgnn.connectivity.verdict import LEVEL, QUESTIONS, verdicts
from wormgnn.experiment_lines import EXPERIMENTS, SHARPNESS

NO_AVA = "Supplement, experiments without AVA"
ONE_HOT = "Supplement, one-hot encoding of edges"
CONNECTOME = "Supplement, inferred edges and connectome"
NEAR = 90.0
"""Percent of all weight on one permutation from which edges count as a permutation matrix."""


def without(neurons: str) -> Iterator[Maker]:
    """Every classification experiment without some neurons, less the same with all."""
    for run in EXPERIMENTS["without-ava"].runs:
        if run.neurons == neurons:
            table, label = in_states(run.model, run.plan.n_states)
            for seen in (True, False):
                yield less(Line("without-ava", run.label, seen), Line(table, label, seen))


def sharper(seen: bool) -> Iterator[Maker]:
    """The GNN with the largest factor within the softmax less the one with the factor one."""
    for rivals in ("types", "senders"):
        labels = [f"GNN: softmax over {rivals}, factor {f}" for f in SHARPNESS]
        for n_train in (1, 4):
            first, last = (Line("one-hot", labels[k], seen, n_train) for k in (0, -1))
            yield less(last, first, f"{labels[-1]} − {SHARPNESS[0]}")


def permutation(rivals: str) -> Maker:
    """Percent of a matrix's weight on one permutation less `NEAR`, at the largest factor.

    The ends are two standard deviations over networks: the table has no single worms.
    """

    def make(evidence: Evidence) -> Gap:
        rows = evidence.table("one_hot_edges")
        rows = rows[(rows["rivals"] == rivals) & (rows["factor"] == rows["factor"].max())]
        if rows.empty:
            raise NotComputed(f"edges with a softmax over {rivals}", "one_hot_edges")
        mean, sd = (_weighted(rows, name) for name in ("share", "share_sd"))
        label = (
            f"softmax over {rivals}, factor {rows['factor'].max():g}: {mean:.0f} %; less {NEAR:g}"
        )
        n = f"± 2 sd over {rows['n_members'].sum()} networks"
        return Gap(label, mean - NEAR, mean - 2 * sd - NEAR, mean + 2 * sd - NEAR, n)

    return make


def _weighted(rows: pd.DataFrame, column: str) -> float:
    """Mean over groups of networks, in percent."""
    weight = rows["n_members"] / rows["n_members"].sum()
    return float(100 * (weight * rows[column].fillna(0)).sum())


def unlike_wiring(evidence: Evidence) -> Finding:
    """Mantel's tests against synapses and gap junctions: a resemblance speaks against it."""
    return _mantel(evidence, ("chemical", "gap"), like=-1)


def like_activity(evidence: Evidence) -> Finding:
    """Mantel's tests against the worm's own correlations: a resemblance speaks for it."""
    return _mantel(evidence, ("correlation",), like=1)


def _mantel(evidence: Evidence, kinds: tuple[str, ...], like: int) -> Finding:
    table = evidence.table("connectivity")
    words = {row["edges against"]: row for row in verdicts(table).to_dict("records")}
    tests = table[
        (table["family"] == "main") & (table["statistic"] == "spearman") & table["kind"].isin(kinds)
    ]
    if tests.empty:
        raise NotComputed(f"tests against {' and '.join(kinds)}", "connectivity")
    signs = [like if p < LEVEL else 0 for p in tests["p_holm"]]
    return Finding(verdict_of(signs), tuple(_text(words[QUESTIONS[kind]]) for kind in kinds))


def _text(row: Mapping[Hashable, Any]) -> str:
    return (
        f"{row['edges against']}: rho {row['rho low']:.2f} to {row['rho high']:.2f}, "
        f"{row['significant']} of {row['tests']} tests below {LEVEL} after Holm "
        f"(n = {row['n']} neurons; detectable: {row['detectable']:.2f}); {row['verdict']}"
    ).replace("-", "−")


def own_worm(evidence: Evidence) -> Finding:
    """Whether edges fit their own worm's correlations better than another worm's."""
    table = evidence.table("connectivity")
    rows = table[table["family"] == "own worm"]
    if rows.empty:
        raise NotComputed("the test of own worms", "connectivity")
    row = rows.iloc[0]
    ours = (
        f"rho {row['value']:.3f} with their own worm; 95 % of other orders of the worms "
        f"{row['low']:.3f} to {row['high']:.3f}; p = {row['p']:.4f} (5 worms)"
    )
    return Finding(verdict_of([int(row["p"] < LEVEL)]), (ours,))


CLAIMS = (
    Claim(
        "without-ava",
        NO_AVA,
        "Without the neurons AVA there is no noticeable difference in performance",
        "without − with AVAL and AVAR, all models and states: interval within ± {margin:g} points",
        "without AVA",
        compared(equal, *without("without AVA")),
    ),
    Claim(
        "without-reversal",
        NO_AVA,
        "The same, more strictly (ours): without all neurons that move with AVA",
        "without − with AIB, AVA, AVE and RIM: interval within ± {margin:g} points",
        "without reversal neurons",
        compared(equal, *without("without reversal neurons")),
    ),
    Claim(
        "one-hot-same",
        ONE_HOT,
        "With one-hot edges accuracy on the same worm is similar",
        "largest factor − factor 1, same worm: interval within ± {margin:g} points",
        "one-hot",
        compared(equal, *sharper(True)),
    ),
    Claim(
        "one-hot-unseen",
        ONE_HOT,
        "With one-hot edges the GNN fails to generalise",
        "largest factor − factor 1, unseen worms: interval below 0",
        "one-hot",
        compared(below, *sharper(False)),
    ),
    Claim(
        "permutation",
        ONE_HOT,
        "One-hot edges are in effect a permutation matrix",
        f"weight on the best permutation, mean ± 2 sd over networks: above {NEAR:g} %",
        "one-hot edges",
        compared(above, permutation("types"), permutation("senders")),
    ),
    Claim(
        "no-similarity",
        CONNECTOME,
        "Inferred edges have no similarity with the connectome",
        "Mantel's tests against synapses and gap junctions: one below 0.05 after Holm speaks "
        "against it, all others leave it open",
        "connectomes",
        unlike_wiring,
    ),
    Claim(
        "functional",
        f"{CONNECTOME}; Results",
        "Inferred edges stand for functional connectivity instead",
        "Mantel's tests against the worm's own correlations: below 0.05 after Holm",
        "connectomes",
        like_activity,
    ),
    Claim(
        "individual-edges",
        CONNECTOME,
        "Functional connectivity, and so the edges, are an individual's own",
        "edges fit their own worm's correlations better than another's: p below 0.05",
        "connectomes",
        own_worm,
    ),
)
