"""From a claim and the reference tables to a finding: its comparisons, or another statistic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from wormgnn.comparison import MARGIN, select
from wormgnn.paper.claims.comparisons import Evidence, NotComputed, comparisons
from wormgnn.paper.claims.rules import (
    FAILS,
    Claim,
    Finding,
    Gap,
    by_rule,
    concluded,
    counted,
    signed,
)
from wormgnn.paper.studies.any_neurons import chosen_neuron, kept

LEVEL = 0.05
"""Of significance, for tests after Holm's adjustment."""

BESIDE = "beside it, and not judged:"
"""What stands before comparisons that a row shows and that do not decide."""


def judged(claim: Claim, evidence: Evidence, margin: float = MARGIN) -> Finding:
    """The finding on a claim; `NOT_TESTED`, with the reason, where the evidence is not there."""
    if not claim.table:
        return Finding(claim.verdict, (claim.reason,))
    try:
        judge = claim.judge or partial(_by_comparisons, margin)
        answer = judge(claim, evidence)
    except NotComputed as missing:
        return Finding(claim.verdict, (claim.reason or str(missing),))
    if isinstance(answer, Finding):
        finding = answer
    else:
        finding = concluded(*by_rule(answer, claim.rule, margin))
    if claim.reason:
        return Finding(claim.verdict, (claim.reason, *finding.ours))
    refuted = claim.universal and -1 in finding.signs
    return finding._replace(verdict=FAILS) if refuted else finding


def _by_comparisons(margin: float, claim: Claim, evidence: Evidence) -> Finding:
    gaps, absent = comparisons(claim, evidence)
    finding = concluded(*by_rule(gaps, claim.rule, margin), absent)
    if claim.beside:
        beside = replace(claim, key=f"{claim.key}, beside", beside={}, **claim.beside)
        try:
            _, lines = by_rule(comparisons(beside, evidence)[0], claim.rule, margin)
        except NotComputed:
            return finding
        return finding._replace(ours=(*finding.ours, BESIDE, *lines))
    return finding


def in_range(
    fact: str, low: float, high: float, words: str, claim: Claim, evidence: Evidence
) -> Finding:
    """Every worm's value of a fact lies between two ends; `words` stand behind the values."""
    values = evidence.rows(claim, fact=fact)["value"]
    least, most = values.min(), values.max()
    span = f"{least:.4g}" if least == most else f"{least:.4g} to {most:.4g}"
    sign = 1 if values.between(low, high).all() else -1
    return concluded([sign], [f"{span} {words} ({len(values)} worms)"])


def few(most: int, facts: Mapping[str, str], claim: Claim, evidence: Evidence) -> Finding:
    """No more than so many neurons for which a fact is true, by each of several tests."""
    tests = {test: evidence.rows(claim, fact=fact)["value"] for test, fact in facts.items()}
    lines = [f"{test}: {true.sum():.0f} of {len(true)}" for test, true in tests.items()]
    return concluded([1 if all(t.sum() <= most for t in tests.values()) else -1], lines)


def every_worm(claim: Claim, evidence: Evidence) -> Finding:
    """The mean of a score above a number, and the least worm's too."""
    gaps, _ = comparisons(claim, evidence)
    signs, lines = by_rule(gaps, "above", MARGIN)
    assert isinstance(claim.A, Mapping) and isinstance(claim.score, str)
    rows = select(evidence.rows(claim), claim.A).set_index("worm")
    values = claim.scale * rows[claim.score] - claim.against
    signs.append(1 if values.min() > 0 else -1)
    return concluded(signs, [*lines, f"least worm ({values.idxmin()}): {signed(values.min())}"])


def share_kept(claim: Claim, evidence: Evidence) -> list[Gap]:
    """Share of the information that the best neuron keeps, chosen on the training worms."""
    shares = kept(chosen_neuron(evidence.rows(claim)))
    gaps = []
    for row in shares[shares["sense"] == "information"].to_dict("records"):
        share, *ends = (100 * row[name] for name in ("share", "low", "high"))
        who = f"{row['model']}, {row['n_train']} trained on"
        label = f"{who}: {share:.0f} % of the information; minus {claim.against:g}"
        middle, low, high = (value - claim.against for value in (share, *ends))
        gaps.append(Gap(label, middle, low, high, f"{row['worms']} worms"))
    return gaps


def permutation(claim: Claim, evidence: Evidence) -> list[Gap]:
    """Percent of a matrix's weight on one permutation, at the largest factor.

    Each network counts once, on the worms that it was not trained on. The ends are two standard
    deviations over networks: the table has no single worms.
    """
    gaps = []
    for rivals, rows in evidence.rows(claim, seen=False).groupby("rivals", sort=False):
        factor = rows["factor"].max()
        sharpest = rows[rows["factor"] == factor].fillna({"share": 0, "share_sd": 0})
        n = sharpest["n_members"]
        mean, sd = (100 * np.average(sharpest[name], weights=n) for name in ("share", "share_sd"))
        label = f"softmax over {rivals}, factor {factor:g}: {mean:.0f} %; minus {claim.against:g}"
        middle, low, high = (mean - claim.against + k * sd for k in (0, -2, 2))
        gaps.append(Gap(label, middle, low, high, f"± 2 sd over {n.sum()} networks"))
    return gaps


def mantel(
    alike: int, opposite: int, kinds: Mapping[str, str], claim: Claim, evidence: Evidence
) -> Finding:
    """What significant Mantel tests say, by the sign of rho: `alike` above 0, `opposite` below."""
    signs: list[int] = []
    lines = []
    table = evidence.rows(claim)
    for kind, words in kinds.items():
        tests = evidence.rows(claim, family="main", statistic="spearman", kind=kind)
        clear = tests["p_holm"] < LEVEL
        signs += np.where(clear, np.where(tests["value"] > 0, alike, opposite), 0).tolist()
        partial = table[(table["family"] == "given correlation") & (table["kind"] == kind)]
        given = f"{(partial['p_holm'] < LEVEL).sum()} of {len(partial)}"
        beyond = f"; given the worm's own correlations {given}" if len(partial) else ""
        rho, neurons = tests["value"], " or ".join(map(str, sorted(tests["n_neurons"].unique())))
        lines.append(
            f"{words}: rho {rho.min():.2f} to {rho.max():.2f}, {clear.sum()} of {len(tests)} tests "
            f"below {LEVEL} after Holm, {(tests['p'] < LEVEL).sum()} before{beyond} "
            f"(n = {neurons} neurons; detectable: {tests['detectable'].max():.2f})"
        )
    return concluded(signs, [*(line.replace("-", "−") for line in lines), *counted(signs)])


def own_worm(claim: Claim, evidence: Evidence) -> Finding:
    """Whether edges fit their own worm's correlations better than another worm's."""
    row = evidence.rows(claim, family="own worm").iloc[0]
    ours = (
        f"rho {row['value']:.3f} with their own worm; 95 % of other orders of the worms "
        f"{row['low']:.3f} to {row['high']:.3f}; p = {row['p']:.4f} (5 worms)"
    )
    return concluded([int(row["p"] < LEVEL)], [ours])


def slowest(claim: Claim, evidence: Evidence) -> Finding:
    """Hours that the slowest model of Table 1 and Figure 4A took here."""
    table = evidence.rows(claim)
    hours = table.groupby("line")["seconds"].sum() / 3600
    rows = table[table["line"] == hours.idxmax()]
    ours = (
        f"it took at most {hours.max():.1f} h ({hours.idxmax()}: {rows['networks'].sum()} "
        f"networks, {len(rows)} folds, {rows['processor'].iloc[0]}); forecasts are not "
        "among them"
    )
    return concluded([], [ours])
