"""From a claim and the reference tables to a finding: its comparisons, or another statistic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from wormgnn.comparison import select
from wormgnn.paper.claims.comparisons import Evidence, NotComputed, all_gaps, lacking
from wormgnn.paper.claims.rules import (
    FAILS,
    HOLDS,
    Claim,
    Contrast,
    Finding,
    Gap,
    concluded,
    counted,
    signed,
    texts,
    verdict_of,
)
from wormgnn.paper.studies.any_neurons import chosen_neuron, kept

LEVEL = 0.05
"""Of significance, for tests after Holm's adjustment."""

BESIDE = "beside it, and not judged:"
"""What stands before comparisons that a row shows and that do not decide."""


def judged(claim: Claim, evidence: Evidence) -> Finding:
    """The finding on a claim; `NOT_TESTED`, with the reason, where the evidence is not there."""
    try:
        if claim.judge:
            finding = JUDGES[claim.judge](claim, evidence)
        elif claim.comparisons:
            finding = _by_contrasts(claim, evidence)
        else:
            return Finding(claim.verdict, (claim.reason,))
    except NotComputed as missing:
        return Finding(claim.verdict, (claim.reason or str(missing),))
    if claim.reason:
        return Finding(claim.verdict, (claim.reason, *finding.ours))
    refuted = claim.universal and -1 in finding.signs
    return Finding(FAILS, finding.ours, finding.signs) if refuted else finding


def _by_contrasts(claim: Claim, evidence: Evidence) -> Finding:
    gaps, missing = _gaps_once(claim.key, claim.comparisons, evidence)
    if not gaps:
        raise missing[0]
    if not claim.rule:
        return Finding(claim.verdict, tuple(texts(gaps)))
    finding = concluded(gaps, claim.rule, evidence.margin, lacking(missing))
    beside, _ = _gaps_once(f"{claim.key}, beside", claim.shown_beside, evidence)
    if not beside:
        return finding
    shown = concluded(beside, claim.rule, evidence.margin).ours
    return replace(finding, ours=(*finding.ours, BESIDE, *shown))


def _gaps_once(
    key: str, contrasts: Sequence[Contrast], evidence: Evidence
) -> tuple[list[Gap], list[NotComputed]]:
    """What `all_gaps` gives, kept in the evidence."""
    if key not in evidence.gaps:
        evidence.gaps[key] = all_gaps(contrasts, evidence)
    return evidence.gaps[key]


def _some(rows: pd.DataFrame, what: str, table: str) -> pd.DataFrame:
    """The rows; NotComputed where there are none."""
    if rows.empty:
        raise NotComputed(what, table)
    return rows


def _fact(evidence: Evidence, name: str) -> pd.Series[float]:
    """Values of a fact by worm or neuron."""
    table = evidence.rows("recordings")
    rows = _some(table[table["fact"] == name], name, "recordings")
    return rows.set_index("unit")["value"]


def in_range(claim: Claim, evidence: Evidence) -> Finding:
    """Every worm's value of a fact lies between two ends."""
    values = _fact(evidence, claim.options["fact"])
    low, high = values.min(), values.max()
    span = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
    inside = values.between(claim.options["low"], claim.options["high"]).all()
    ours = f"{span} {claim.options['unit']} ({len(values)} worms)"
    return Finding(HOLDS if inside else FAILS, (ours,))


def few(claim: Claim, evidence: Evidence) -> Finding:
    """No more than so many neurons for which a fact is true, by each of several tests."""
    counts = {test: _fact(evidence, fact) for test, fact in claim.options["facts"].items()}
    ours = tuple(f"{test}: {true.sum():.0f} of {len(true)}" for test, true in counts.items())
    none_more = all(true.sum() <= claim.options["most"] for true in counts.values())
    return Finding(HOLDS if none_more else FAILS, ours)


def every_worm(claim: Claim, evidence: Evidence) -> Finding:
    """The mean of a contrast above 0, and the least worm too."""
    (contrast,) = claim.comparisons
    whole = _by_contrasts(claim, evidence)
    rows = select(evidence.rows(*contrast.tables), contrast.A).set_index("worm")
    values = contrast.scale * rows[contrast.score] - contrast.against
    signs = (*whole.signs, 1 if values.min() > 0 else -1)
    worst = f"least worm ({values.idxmin()}): {signed(values.min())}"
    return Finding(verdict_of(signs), (*whole.ours, worst), signs)


def share_kept(claim: Claim, evidence: Evidence) -> Finding:
    """Share of the information that the best neuron keeps, chosen on the training worms."""
    shares = kept(chosen_neuron(evidence.rows("neuron_singles")))
    rows = _some(
        shares[shares["sense"] == "information"], "single neurons beside all", "neuron_singles"
    )
    against = claim.options["against"]
    gaps = []
    for row in rows.to_dict("records"):
        share, *ends = (100 * row[name] for name in ("share", "low", "high"))
        who = f"{row['model']}, {row['n_train']} trained on"
        label = f"{who}: {share:.0f} % of the information; minus {against:g}"
        middle, low, high = (value - against for value in (share, *ends))
        gaps.append(Gap(label, middle, low, high, f"{row['worms']} worms"))
    return concluded(gaps, claim.rule, evidence.margin)


def permutation(claim: Claim, evidence: Evidence) -> Finding:
    """Percent of a matrix's weight on one permutation, at the largest factor.

    Each network counts once, on the worms that it was not trained on. The ends are two standard
    deviations over networks: the table has no single worms.
    """
    table = evidence.rows("one_hot_edges")
    unseen = _some(table[~table["seen"].astype(bool)], "edges on unseen worms", "one_hot_edges")
    near = claim.options["against"]
    gaps = []
    for rivals, rows in unseen.groupby("rivals", sort=False):
        factor = rows["factor"].max()
        sharpest = rows[rows["factor"] == factor].fillna({"share": 0, "share_sd": 0})
        n = sharpest["n_members"]
        mean, sd = (100 * np.average(sharpest[name], weights=n) for name in ("share", "share_sd"))
        label = f"softmax over {rivals}, factor {factor:g}: {mean:.0f} %; minus {near:g}"
        ends = (mean - near, mean - 2 * sd - near, mean + 2 * sd - near)
        gaps.append(Gap(label, *ends, f"± 2 sd over {n.sum()} networks"))
    return concluded(gaps, claim.rule, evidence.margin)


def mantel(claim: Claim, evidence: Evidence) -> Finding:
    """What significant Mantel tests say, by the sign of rho: `alike` above 0, `opposite` below."""
    table = evidence.rows("connectivity")
    main = table[(table["family"] == "main") & (table["statistic"] == "spearman")]
    signs: list[int] = []
    lines = []
    for kind, words in claim.options["kinds"].items():
        tests = _some(main[main["kind"] == kind], f"tests against {words}", "connectivity")
        clear = tests["p_holm"] < LEVEL
        said = np.where(tests["value"] > 0, claim.options["alike"], claim.options["opposite"])
        signs += [int(sign) for sign in np.where(clear, said, 0)]
        partial = table[(table["family"] == "given correlation") & (table["kind"] == kind)]
        given = f"{(partial['p_holm'] < LEVEL).sum()} of {len(partial)}"
        beyond = f"; given the worm's own correlations {given}" if len(partial) else ""
        rho, neurons = tests["value"], " or ".join(map(str, sorted(tests["n_neurons"].unique())))
        lines.append(
            f"{words}: rho {rho.min():.2f} to {rho.max():.2f}, {clear.sum()} of {len(tests)} tests "
            f"below {LEVEL} after Holm, {(tests['p'] < LEVEL).sum()} before{beyond} "
            f"(n = {neurons} neurons; detectable: {tests['detectable'].max():.2f})"
        )
    ours = (*(line.replace("-", "−") for line in lines), *counted(signs))
    return Finding(verdict_of(signs), ours, tuple(signs))


def own_worm(claim: Claim, evidence: Evidence) -> Finding:
    """Whether edges fit their own worm's correlations better than another worm's."""
    table = evidence.rows("connectivity")
    tests = _some(table[table["family"] == "own worm"], "the test of own worms", "connectivity")
    row = tests.iloc[0]
    ours = (
        f"rho {row['value']:.3f} with their own worm; 95 % of other orders of the worms "
        f"{row['low']:.3f} to {row['high']:.3f}; p = {row['p']:.4f} (5 worms)"
    )
    signs = (int(row["p"] < LEVEL),)
    return Finding(verdict_of(signs), (ours,), signs)


def slowest(claim: Claim, evidence: Evidence) -> Finding:
    """Hours that the slowest model of Table 1 and Figure 4A took here."""
    table = _some(evidence.rows("compute"), "seconds of stored folds", "compute")
    hours = table.groupby("line")["seconds"].sum() / 3600
    rows = table[table["line"] == hours.idxmax()]
    ours = (
        f"it took at most {hours.max():.1f} h ({hours.idxmax()}: {rows['networks'].sum()} "
        f"networks, {len(rows)} folds, {rows['processor'].iloc[0]}); forecasts were not run at "
        "this scale"
    )
    return Finding(claim.verdict, (ours,))


JUDGES: dict[str, Callable[[Claim, Evidence], Finding]] = {
    **{"in range": in_range, "few": few, "every worm": every_worm, "share kept": share_kept},
    **{"permutation": permutation, "mantel": mantel, "own worm": own_worm, "slowest": slowest},
}
"""Every other statistic by its name."""
