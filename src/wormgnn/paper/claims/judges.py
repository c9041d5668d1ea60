"""From differences with their intervals, or other statistics, to the verdict on a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from wormgnn.comparison import MARGIN, select
from wormgnn.paper.claims.comparisons import (
    Claim,
    Evidence,
    Gap,
    NotComputed,
    comparisons,
    signed,
)
from wormgnn.paper.studies.any_neurons import chosen_neuron, kept

HOLDS, IN_PART, FAILS = "holds", "holds in part", "does not hold"
OPEN, NOT_TESTED = "not decided", "not tested"

VERDICTS = {
    HOLDS: "every comparison comes out as the sentence says",
    IN_PART: "some do; others do not, are not decided, or are not computed",
    FAILS: "none does, and at least one comes out against it; where the sentence speaks of all or "
    "none, one that comes out against it is enough",
    OPEN: "no comparison comes out either way: its interval leaves room for both",
    NOT_TESTED: "what it takes is not here; the row says what",
}
"""Every verdict, and what it means."""


class Rule(NamedTuple):
    """What an interval must look like to speak for a sentence, in words and as a function.

    `sign` makes 1 (for), -1 (against) or 0 of the ends of an interval and a margin. Ends that are
    NaN (one worm) decide nothing. The words hold `{margin:g}`.
    """

    words: str
    sign: Callable[[float, float, float], int]


def _equal(low: float, high: float, margin: float) -> int:
    return int(-margin < low and high < margin) - int(low >= margin or high <= -margin)


RULES = {
    "above": Rule("interval above 0", lambda low, high, _: int(low > 0) - int(high < 0)),
    "below": Rule("interval below 0", lambda low, high, _: int(high < 0) - int(low > 0)),
    "equal": Rule("interval within ± {margin:g} points; against, if beyond them", _equal),
    "apart": Rule(
        "interval beyond ± {margin:g} points; against, if within them",
        lambda low, high, margin: -_equal(low, high, margin),
    ),
    "at_least": Rule(
        "interval above −{margin:g} points; against, if it reaches below and leaves out 0",
        lambda low, high, margin: 1 if low > -margin else -int(high < 0),
    ),
    "at_most": Rule(
        "interval below {margin:g} points; against, if it reaches above and leaves out 0",
        lambda low, high, margin: 1 if high < margin else -int(low > 0),
    ),
}
"""Every rule by its name. Only `equal` and `apart` need an interval beyond the margin to speak
the other way: a difference that is real but within it is as good as none."""


class Finding(NamedTuple):
    """Our answer to a claim: one of `VERDICTS`, and our numbers, one line each."""

    verdict: str
    ours: tuple[str, ...]
    signs: tuple[int, ...] = ()
    """What each comparison said: 1 for, -1 against, 0 neither."""


def concluded(signs: Sequence[int], lines: Sequence[str], absent: Sequence[str] = ()) -> Finding:
    """A finding from what each comparison said, and our numbers.

    `absent` has a line for what is not computed; a claim cannot hold then, only in part.
    """
    if 1 in signs:
        verdict = HOLDS if not absent and set(signs) == {1} else IN_PART
    elif signs:
        verdict = FAILS if -1 in signs else OPEN
    else:
        verdict = NOT_TESTED
    return Finding(verdict, (*lines, *absent), tuple(signs))


MOST_LINES = 9
"""More comparisons than this are counted, and only the extremes printed."""


def by_rule(gaps: Sequence[Gap], rule: str, margin: float) -> tuple[list[int], list[str]]:
    """What a rule says of each gap, and all of them in lines; without a rule lines alone."""
    if not rule:
        return [], _texts(gaps)
    signs = [RULES[rule].sign(gap.low, gap.high, margin) for gap in gaps]
    tally = counted(signs)
    if gaps[0].group:
        groups: dict[tuple[str, str], list[int]] = {}
        for gap, sign in zip(gaps, signs, strict=True):
            groups.setdefault((gap.group, gap.n), []).append(sign)
        lines = [
            f"{name}: {part.count(1)} of {len(part)} better, {part.count(-1)} worse ({n})"
            for (name, n), part in groups.items()
        ]
        return signs, lines + tally
    if len(gaps) <= MOST_LINES:
        return signs, _texts(gaps) + tally
    if rule == "apart":
        higher = sum(sign == 1 and gap.mean > 0 for sign, gap in zip(signs, gaps, strict=True))
        tally.append(f"for it: {signs.count(1) - higher} lower, {higher} higher")
    ends = {"least": min, "greatest": max}
    extremes = {name: pick(gaps, key=lambda gap: gap.mean) for name, pick in ends.items()}
    return signs, tally + [f"{name}: {gap} ({gap.n})" for name, gap in extremes.items()]


def counted(signs: Sequence[int]) -> list[str]:
    """How many comparisons are for, against and open; nothing for a single one."""
    tally = f"({signs.count(1)} for, {signs.count(-1)} against, {signs.count(0)} open)"
    return [tally] if len(signs) > 1 else []


def _texts(gaps: Sequence[Gap]) -> list[str]:
    """A line for each gap; what they rest on stands in each, or once at the end if it is one."""
    common = {gap.n for gap in gaps}
    if len(common) == 1 < len(gaps):
        return [*map(str, gaps), f"({common.pop()} each)"]
    return [f"{gap} ({gap.n})" for gap in gaps]


# --- claims

LEVEL = 0.05
"""Of significance, for tests after Holm's adjustment."""

BESIDE = "beside it, and not judged:"
"""What stands before comparisons that a row shows and that do not decide."""


def criterion(claim: Claim, margin: float) -> str:
    """What we take the sentence to ask."""
    words = f"{claim.measure}: {RULES[claim.rule].words}" if claim.rule else claim.measure
    of_all = "; of all or none, so that one against it is enough" if claim.universal else ""
    return words.format(margin=margin) + of_all


def judged(claim: Claim, evidence: Evidence, margin: float = MARGIN) -> Finding:
    """The finding on a claim; `NOT_TESTED`, with the reason, where the evidence is not there."""
    undecided = claim.verdict or NOT_TESTED
    if not claim.table:
        return Finding(undecided, (claim.reason,))
    try:
        answer = (claim.judge or partial(_by_comparisons, margin))(claim, evidence)
    except NotComputed as missing:
        return Finding(undecided, (claim.reason or str(missing),))
    if not isinstance(answer, Finding):
        answer = concluded(*by_rule(answer, claim.rule, margin))
    if claim.reason:
        return Finding(undecided, (claim.reason, *answer.ours))
    refuted = claim.universal and -1 in answer.signs
    return answer._replace(verdict=FAILS) if refuted else answer


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
