"""What a claim is, and how the differences that it rests on become a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from wormgnn.comparison import Selection

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


class Values(Enum):
    """What stands for values that only a table knows: each, the largest, or the smallest."""

    EVERY, MOST, FEWEST = "every", "most", "fewest"


EVERY, MOST, FEWEST = Values


@dataclass(frozen=True)
class Contrast:
    """Comparisons of A with B in reference tables, one for each value of `by`, of A and of B.

    Attributes
    ----------
    table
        Name of the reference table, or names: their rows are taken together. Of Kato's worms
        where the name has no dataset (`mixing.simulated`).
    A
        Which rows, as in `wormgnn.comparison`; a tuple is taken value by value, each a
        comparison of its own, and `Values` as the rows hold them.
    B
        The rows to subtract; or a column of A's own rows (`majority`); or None for A alone.
    by
        Columns that A and B share, with their values as in A.
    score
        Column to compare, or one of `comparisons.DERIVED`; a tuple is taken one by one.
    over
        Columns over which scores are averaged before rows are paired.
    against
        A number that is subtracted from the difference: one that somebody printed, or chance.
    unit
        The independent unit that is resampled.
    scale
        Factor on scores: 100 turns fractions into percentage points.
    whole
        Whether every row of B needs its partner.
    group
        Column by whose values comparisons are counted, where their numbers are not printed.
    """

    table: str | tuple[str, ...]
    A: Selection = field(default_factory=dict)
    B: Selection | str | None = None
    by: Mapping[str, Any] = field(default_factory=dict)
    score: str | tuple[str, ...] = "accuracy"
    over: tuple[str, ...] = ()
    against: float = 0.0
    unit: str | tuple[str, ...] = "worm"
    scale: float = 100.0
    whole: bool = False
    group: str = ""

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the reference tables."""
        return (self.table,) if isinstance(self.table, str) else self.table


@dataclass(frozen=True)
class Claim:
    """One sentence of the paper that can be checked, or that ought to be.

    Attributes
    ----------
    key
        Short and unique.
    section
        Where the paper says it.
    place
        Chapter and name of the figure with the evidence: `14_model_zoo#fig-zoo`.
    sentence
        What it says, in our words.
    measure
        What is compared, for a reader; the words of the rule follow.
    rule
        One of `RULES`, or empty.
    contrasts
        What is compared; one, or several.
    beside
        What the row shows too, by the same rule, though it does not decide: a rival of ours.
    judge
        One of `judges.JUDGES` where no contrast says it, with its arguments in `options`.
    paper
        The paper's number, empty where it gives none.
    universal
        Whether it speaks of all or none, so that one comparison against it refutes it.
    reason
        Why numbers do not decide it; `verdict` is then its verdict.
    """

    key: str
    section: str
    place: str
    sentence: str
    measure: str
    rule: str = ""
    contrasts: Contrast | tuple[Contrast, ...] = ()
    beside: Contrast | tuple[Contrast, ...] = ()
    judge: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    paper: str = ""
    universal: bool = False
    reason: str = ""
    verdict: str = NOT_TESTED

    def criterion(self, margin: float) -> str:
        """What we take the sentence to ask."""
        words = f"{self.measure}: {RULES[self.rule].words}" if self.rule else self.measure
        of_all = "; of all or none, so that one against it is enough" if self.universal else ""
        return words.format(margin=margin) + of_all

    @property
    def comparisons(self) -> tuple[Contrast, ...]:
        """Every contrast that decides."""
        return (self.contrasts,) if isinstance(self.contrasts, Contrast) else self.contrasts

    @property
    def shown_beside(self) -> tuple[Contrast, ...]:
        """Every contrast that is shown and does not decide."""
        return (self.beside,) if isinstance(self.beside, Contrast) else self.beside


class Rule(NamedTuple):
    """What an interval must look like to speak for a sentence, in words and as a function.

    `sign` makes 1 (for), -1 (against) or 0 of the ends of an interval and a margin. Ends that are
    NaN (one worm) decide nothing. `{margin:g}` stands for the margin in the words.
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


@dataclass(frozen=True)
class Gap:
    """A difference with its 95 % interval over worms.

    Attributes
    ----------
    label
        What minus what.
    mean, low, high
        Difference and the ends of its interval: NaN ends where there is one worm, all three
        infinite where a forecast diverged.
    n
        How many of what it rests on.
    group
        Under which words it is counted where a claim counts its comparisons by groups.
    """

    label: str
    mean: float
    low: float
    high: float
    n: str
    group: str = ""

    def __str__(self) -> str:
        """The difference and its interval, without `n`."""
        if not np.isfinite(self.mean):
            return f"{self.label}: diverged"
        middle, low, high = (signed(value) for value in (self.mean, self.low, self.high))
        ends = "" if np.isnan(self.low) else f"\u00a0[{low},\u00a0{high}]"
        return f"{self.label}: {middle}{ends}"


def signed(value: float) -> str:
    """`+1.2` or `−1.2`."""
    return f"{value:+.1f}".replace("-", "−")


@dataclass(frozen=True)
class Finding:
    """Our answer to a claim: one of `VERDICTS`, and our numbers, one line each.

    `signs` holds what each comparison said: 1 for, -1 against, 0 neither.
    """

    verdict: str
    ours: tuple[str, ...]
    signs: tuple[int, ...] = ()


def verdict_of(signs: Sequence[int], complete: bool = True) -> str:
    """One verdict from many comparisons: 1 for, -1 against, 0 neither.

    `complete` is False where some comparisons of the claim were not computed; it cannot
    hold then, only in part. ValueError for no comparison.
    """
    if not signs:
        raise ValueError("a verdict needs at least one comparison")
    if 1 in signs:
        return HOLDS if complete and set(signs) == {1} else IN_PART
    return FAILS if -1 in signs else OPEN


MOST_LINES = 9
"""More comparisons than this are counted, and only the extremes printed."""


def concluded(
    gaps: Sequence[Gap], rule: str, margin: float, missing: Iterable[str] = ()
) -> Finding:
    """One finding from all gaps of a claim; `missing` has a line for what is not computed."""
    absent = tuple(missing)
    signs = tuple(RULES[rule].sign(gap.low, gap.high, margin) for gap in gaps)
    verdict = verdict_of(signs, complete=not absent)
    tally = counted(signs)
    if gaps[0].group:
        lines = [*_by_group(gaps, signs), *tally]
    elif len(gaps) <= MOST_LINES:
        lines = [*texts(gaps), *tally]
    else:
        lines = tally
        if rule == "apart":
            higher = sum(sign == 1 and gap.mean > 0 for sign, gap in zip(signs, gaps, strict=True))
            lines += [f"for it: {signs.count(1) - higher} lower, {higher} higher"]
        ends = {"least": min, "greatest": max}
        extremes = {name: pick(gaps, key=lambda gap: gap.mean) for name, pick in ends.items()}
        lines += [f"{name}: {gap} ({gap.n})" for name, gap in extremes.items()]
    return Finding(verdict, (*lines, *absent), signs)


def counted(signs: Sequence[int]) -> list[str]:
    """How many comparisons are for, against and open; nothing for a single one."""
    if len(signs) < 2:
        return []
    return [f"({signs.count(1)} for, {signs.count(-1)} against, {signs.count(0)} open)"]


def texts(gaps: Sequence[Gap]) -> list[str]:
    """A line for each gap; what they rest on stands in each, or once at the end if it is one."""
    common = {gap.n for gap in gaps}
    if len(common) == 1 < len(gaps):
        return [*map(str, gaps), f"({common.pop()} each)"]
    return [f"{gap} ({gap.n})" for gap in gaps]


def _by_group(gaps: Sequence[Gap], signs: Sequence[int]) -> list[str]:
    """For each group how many of its comparisons are for the sentence, and against it."""
    groups: dict[tuple[str, str], list[int]] = {}
    for gap, sign in zip(gaps, signs, strict=True):
        groups.setdefault((gap.group, gap.n), []).append(sign)
    return [
        f"{name}: {part.count(1)} of {len(part)} better, {part.count(-1)} worse ({n})"
        for (name, n), part in groups.items()
    ]
