"""What a claim is, and how the differences that it rests on become a verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from wormgnn.paper.claims.comparisons import Evidence

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

EVERY = "every value"
"""Stands for all values that a table holds in a column."""

Rows = str | tuple[str, ...] | Mapping[str, Any]
"""Which rows: a model, several of them, or from a column to its value. A tuple of values is taken
one by one, each a comparison of its own."""


@dataclass(frozen=True)
class Claim:
    """One sentence of the paper that can be checked, or that ought to be: A minus B, and a rule."""

    key: str
    sentence: str
    """What it says, in our words."""
    measure: str
    """What is compared, for a reader; the words of the rule follow."""
    rule: str = ""
    """One of `RULES`, or empty."""
    A: Rows = field(default_factory=dict)
    B: Rows | None = None
    """The rows to subtract, or None for A alone. Tuples on both sides go in pairs."""
    _: KW_ONLY
    section: str
    """Where the paper says it."""
    place: str
    """Chapter and name of the figure with the evidence: `14_model_zoo#fig-zoo`."""
    table: str | tuple[str, ...] = ()
    """Reference tables, whose rows are taken together; Kato's where no dataset is named."""
    by: Mapping[str, Any] | tuple[Mapping[str, Any], ...] = field(default_factory=dict)
    """Columns that A and B share, with their values as in A; or several such selections."""
    score: str | tuple[str, ...] = "accuracy"
    """Column to compare, or one of `comparisons.DERIVED`; a tuple is taken one by one."""
    over: tuple[str, ...] = ()
    """Columns over which scores are averaged before rows are paired. No pair may be lost then."""
    against: float = 0.0
    """A number that is subtracted from the difference: one that somebody printed, or chance."""
    unit: str | tuple[str, ...] = "worm"
    """The independent unit that is resampled."""
    scale: float = 100.0
    """Factor on scores: 100 turns fractions into percentage points."""
    group: str = ""
    """Column by whose values comparisons are counted, where their numbers are not printed."""
    beside: Mapping[str, Any] = field(default_factory=dict)
    """Rows in the place of A or B that the page shows, too, and that do not decide."""
    judge: Callable[[Claim, Evidence], Sequence[Gap] | Finding] | None = None
    """What finds the comparisons, or the finding itself, where no A and B say it."""
    paper: str = ""
    """The paper's number, empty where it gives none."""
    universal: bool = False
    """Whether it speaks of all or none, so that one comparison against it refutes it."""
    reason: str = ""
    """Why numbers do not decide it."""
    verdict: str = NOT_TESTED
    """The verdict where numbers do not decide it."""

    def criterion(self, margin: float) -> str:
        """What we take the sentence to ask."""
        words = f"{self.measure}: {RULES[self.rule].words}" if self.rule else self.measure
        of_all = "; of all or none, so that one against it is enough" if self.universal else ""
        return words.format(margin=margin) + of_all

    @property
    def tables(self) -> tuple[str, ...]:
        """Full names of its reference tables."""
        names = (self.table,) if isinstance(self.table, str) else self.table
        return tuple(name if "." in name else f"{name}.kato" for name in names)


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


class Gap(NamedTuple):
    """A difference with its 95 % interval over worms.

    `label` says what minus what, `n` what it rests on, and `group` under which words it is counted.
    The ends are NaN where there is one worm, and all three infinite where a forecast diverged.
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
        middle, low, high = map(signed, self[1:4])
        ends = "" if np.isnan(self.low) else f"\u00a0[{low},\u00a0{high}]"
        return f"{self.label}: {middle}{ends}"


def signed(value: float) -> str:
    """`+1.2` or `−1.2`."""
    return f"{value:+.1f}".replace("-", "−")


class Finding(NamedTuple):
    """Our answer to a claim: one of `VERDICTS`, and our numbers, one line each.

    `signs` holds what each comparison said: 1 for, -1 against, 0 neither.
    """

    verdict: str
    ours: tuple[str, ...]
    signs: tuple[int, ...] = ()


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
    if len(signs) < 2:
        return []
    return [f"({signs.count(1)} for, {signs.count(-1)} against, {signs.count(0)} open)"]


def _texts(gaps: Sequence[Gap]) -> list[str]:
    """A line for each gap; what they rest on stands in each, or once at the end if it is one."""
    common = {gap.n for gap in gaps}
    if len(common) == 1 < len(gaps):
        return [*map(str, gaps), f"({common.pop()} each)"]
    return [f"{gap} ({gap.n})" for gap in gaps]
