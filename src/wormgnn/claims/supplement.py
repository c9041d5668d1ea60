"""Claims on the additional experiments: without AVA, one-hot edges, the connectome."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from wormgnn.claims.claim import Claim, Evidence, Finding, NotComputed, verdict_of
from wormgnn.claims.lines import Line, in_states, less
from wormgnn.claims.rules import Gap, Maker, above, below, compared, counted, equal
from wormgnn.connectivity.verdict import LEVEL, QUESTIONS, verdicts
from wormgnn.experiment_lines import EXPERIMENTS, SHARPNESS
from wormgnn.one_hot import described
from wormgnn.one_hot_verdict import NEAR, base

NO_AVA = "Supplement, experiments without AVA"
ONE_HOT = "Supplement, one-hot encoding of edges"
CONNECTOME = "Supplement, inferred edges and connectome"


def without(neurons: str) -> Iterator[Maker]:
    """Every classification experiment without some neurons, less the same with all."""
    for run in EXPERIMENTS["without-ava"].runs:
        if run.neurons == neurons:
            table, label = in_states(run.model, run.plan.n_states)
            for seen in (True, False):
                yield less(Line("without-ava", run.label, seen), Line(table, label, seen))


def sharper(seen: bool) -> Iterator[Maker]:
    """Both readings with the largest factor within the softmax, less the main text's GNN."""
    for rivals in ("types", "senders"):
        for n_train in (1, 4):
            label = f"GNN: softmax over {rivals}, factor {SHARPNESS[-1]}"
            yield _less_main(Line("one-hot", label, seen, n_train))


def _less_main(line: Line) -> Maker:
    """A line less the one that the chapter on one-hot edges compares with, too."""

    def make(evidence: Evidence) -> Gap:
        rows = described(evidence.table("one-hot"))
        if not ((rows["rivals"] == "types") & (rows["factor"] == SHARPNESS[0])).any():
            raise NotComputed("the main text's GNN (one-hot)", "one-hot")
        main = base(rows)
        return less(line, replace(line, label=main), f"{line.label} − main text's")(evidence)

    return make


def permutation(rivals: str) -> Maker:
    """Percent of a matrix's weight on one permutation less `NEAR`, at the largest factor.

    Each network counts once, on the worms that it was not trained on. The ends are two standard
    deviations over networks: the table has no single worms.
    """

    def make(evidence: Evidence) -> Gap:
        rows = evidence.table("one_hot_edges")
        rows = rows[(rows["rivals"] == rivals) & ~rows["seen"].astype(bool)]
        rows = rows[rows["factor"] == rows["factor"].max()]
        if rows.empty:
            raise NotComputed(f"edges with a softmax over {rivals}", "one_hot_edges")
        mean, sd = (_weighted(rows, name) for name in ("share", "share_sd"))
        near = 100 * NEAR
        label = (
            f"softmax over {rivals}, factor {rows['factor'].max():g}: {mean:.0f} %; less {near:g}"
        )
        n = f"± 2 sd over {rows['n_members'].sum()} networks"
        return Gap(label, mean - near, mean - 2 * sd - near, mean + 2 * sd - near, n)

    return make


def _weighted(rows: pd.DataFrame, column: str) -> float:
    """Mean over groups of networks, in percent."""
    weight = rows["n_members"] / rows["n_members"].sum()
    return float(100 * (weight * rows[column].fillna(0)).sum())


def unlike_wiring(evidence: Evidence) -> Finding:
    """Mantel's tests against synapses and gap junctions: a resemblance speaks against it.

    An opposite pattern is no resemblance, and leaves it open.
    """
    return _mantel(evidence, ("chemical", "gap"), like=-1, opposite=0)


def like_activity(evidence: Evidence) -> Finding:
    """Mantel's tests against the worm's own correlations: a resemblance speaks for it.

    An opposite pattern speaks against it.
    """
    return _mantel(evidence, ("correlation",), like=1, opposite=-1)


def _mantel(evidence: Evidence, kinds: tuple[str, ...], like: int, opposite: int) -> Finding:
    """What significant tests say, by the sign of rho: `like` above 0, `opposite` below."""
    table = evidence.table("connectivity")
    words = {row["edges against"]: row for row in verdicts(table).to_dict("records")}
    tests = table[
        (table["family"] == "main") & (table["statistic"] == "spearman") & table["kind"].isin(kinds)
    ]
    if tests.empty:
        raise NotComputed(f"tests against {' and '.join(kinds)}", "connectivity")
    found = zip(tests["p_holm"] < LEVEL, tests["value"] > 0, strict=True)
    signs = [(like if alike else opposite) if clear else 0 for clear, alike in found]
    texts = (_text(words[QUESTIONS[kind]]) for kind in kinds)
    return Finding(verdict_of(signs), (*texts, *counted(signs)), tuple(signs))


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
    signs = (int(row["p"] < LEVEL),)
    return Finding(verdict_of(signs), (ours,), signs)


CLAIMS = (
    Claim(
        "without-ava",
        NO_AVA,
        "Without the neurons AVA there is no noticeable difference in performance",
        "without − with AVAL and AVAR, all models and states: interval within ± {margin:g} points",
        "without AVA",
        compared(equal, *without("without AVA")),
        universal=True,
    ),
    Claim(
        "without-reversal",
        NO_AVA,
        "The same, more strictly (ours): without all neurons that move with AVA",
        "without − with AIB, AVA, AVE and RIM: interval within ± {margin:g} points",
        "without reversal neurons",
        compared(equal, *without("without reversal neurons")),
        universal=True,
    ),
    Claim(
        "one-hot-same",
        ONE_HOT,
        "With one-hot edges accuracy on the same worm is similar",
        "both readings, largest factor − the main text's GNN (softmax over types, factor 1), "
        "same worm: interval within ± {margin:g} points",
        "one-hot",
        compared(equal, *sharper(True)),
    ),
    Claim(
        "one-hot-unseen",
        ONE_HOT,
        "With one-hot edges the GNN fails to generalise",
        "both readings, largest factor − the main text's GNN, unseen worms: interval below 0",
        "one-hot",
        compared(below, *sharper(False)),
    ),
    Claim(
        "permutation",
        ONE_HOT,
        "One-hot edges are in effect a permutation matrix",
        f"weight on the best permutation, unseen worms, mean ± 2 sd over networks: above "
        f"{100 * NEAR:g} %",
        "one-hot edges",
        compared(above, permutation("types"), permutation("senders")),
    ),
    Claim(
        "no-similarity",
        CONNECTOME,
        "Inferred edges have no similarity with the connectome",
        "Mantel's tests against synapses and gap junctions: rho above 0, p below 0.05 after Holm "
        "speaks against it; all others, an opposite pattern too, leave it open",
        "connectomes",
        unlike_wiring,
        universal=True,
    ),
    Claim(
        "functional",
        f"{CONNECTOME}; Results",
        "Inferred edges stand for functional connectivity instead",
        "Mantel's tests against the worm's own correlations, p below 0.05 after Holm: for it with "
        "rho above 0, against it with rho below 0",
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
