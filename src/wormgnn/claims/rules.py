"""From a difference and its interval to what it says of a claim: for, against, or neither."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wormgnn.claims.claim import Evidence, Finding, Judge, NotComputed, verdict_of
from wormgnn.claims.commands import command
from wormgnn.paired import DIFFERENT, SAME, answer
from wormgnn.statistics import Comparison, paired_comparison


@dataclass(frozen=True)
class Gap:
    """A difference with its 95 % interval over worms.

    Attributes
    ----------
    label
        What less what.
    mean, low, high
        Difference and the ends of its interval; NaN ends where there is one worm.
    n
        How many of what it rests on.
    digits
        Decimals to print.
    """

    label: str
    mean: float
    low: float
    high: float
    n: str
    digits: int = 1

    @classmethod
    def of(cls, label: str, found: Comparison, what: str = "pairs") -> Gap:
        """From `statistics.paired_comparison`."""
        n = f"{found.n_worms} worms, {found.n_pairs} {what}"
        return cls(label, found.difference, found.low, found.high, n)

    @classmethod
    def read(
        cls,
        label: str,
        row: Mapping[Hashable, Any],
        names: Sequence[str] = ("difference", "low", "high"),
        scale: float = 1.0,
        less: float = 0.0,
    ) -> Gap:
        """From a row with a middle and two ends, times `scale`, and `n_worms` or `worms`."""
        middle, low, high = (scale * float(row[name]) - less for name in names)
        n = row["n_worms"] if "n_worms" in row else row["worms"]
        return cls(label, middle, low, high, f"{n} worms")

    def __str__(self) -> str:
        """The difference and its interval, without `n`."""
        if not np.isfinite(self.mean):
            return f"{self.label}: diverged"
        if np.isnan(self.low):
            return f"{self.label}: {self._text(self.mean)}"
        ends = f"[{self._text(self.low)},\u00a0{self._text(self.high)}]"
        return f"{self.label}: {self._text(self.mean)}\u00a0{ends}"

    def _text(self, value: float) -> str:
        return f"{value:+.{self.digits}f}".replace("-", "−")


MOST_LINES = 9
"""More comparisons than this are counted, and only the extremes printed."""

MOST_NAMED = 3
"""Of comparisons without a number, so many are named."""

Rule = Callable[[Gap, float], int]
"""From a gap and a margin to 1 (for), -1 (against) or 0."""


def above(gap: Gap, margin: float = 0.0) -> int:
    """For if the whole interval is above zero, against if it is below."""
    return int(gap.low > 0) - int(gap.high < 0)


def below(gap: Gap, margin: float = 0.0) -> int:
    """For if the whole interval is below zero, against if it is above."""
    return -above(gap)


def equal(gap: Gap, margin: float) -> int:
    """For if the whole interval is within the margin, against if it leaves out zero (else)."""
    found = answer(gap.low, gap.high, margin)
    return int(found == SAME) - int(found == DIFFERENT)


def at_least(gap: Gap, margin: float) -> int:
    """For if nothing worse than minus the margin is in the interval, against if zero is not."""
    return 1 if gap.low > -margin else -int(gap.high < 0)


def at_most(gap: Gap, margin: float) -> int:
    """For if nothing more than the margin is in the interval, against if zero is not in it."""
    return 1 if gap.high < margin else -int(gap.low > 0)


def apart(gap: Gap, margin: float) -> int:
    """For if the whole interval is beyond the margin, on either side; against if within it."""
    if gap.low >= margin or gap.high <= -margin:
        return 1
    return -int(-margin < gap.low and gap.high < margin)


def concluded(
    gaps: Sequence[Gap], rule: Rule, margin: float, missing: Iterable[str] = ()
) -> Finding:
    """One finding from all gaps of a claim; `missing` names comparisons without a number."""
    absent = tuple(missing)
    signs = [rule(gap, margin) for gap in gaps]
    short = len(gaps) <= MOST_LINES
    lines = [*texts(gaps), *counted(signs)] if short else brief(gaps, signs)
    verdict = verdict_of(signs, complete=not absent)
    return Finding(verdict, (*lines, *absent), tuple(signs))


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


def brief(gaps: Sequence[Gap], signs: Sequence[int]) -> list[str]:
    """Counts of comparisons for and against, the least difference and the greatest."""
    least, most = (pick(gaps, key=lambda gap: gap.mean) for pick in (min, max))
    return [
        f"{signs.count(1)} of {len(signs)} comparisons for, {signs.count(-1)} against, "
        f"{signs.count(0)} open",
        f"least: {least} ({least.n})",
        f"greatest: {most} ({most.n})",
    ]


Maker = Callable[[Evidence], Gap]


def compared(rule: Rule, *makers: Maker) -> Judge:
    """A judge of all gaps that can be made; NotComputed if none can."""

    def judge(evidence: Evidence) -> Finding:
        gaps, missing = [], []
        for make in makers:
            try:
                gaps.append(evidence.made(make))
            except NotComputed as absent:
                missing.append(absent)
        if not gaps:
            raise missing[0]
        return concluded(gaps, rule, evidence.margin, lacking(missing))

    return judge


def lacking(missing: Sequence[NotComputed]) -> list[str]:
    """A line for each table that lacks something: what, and the command that computes it."""
    lines = []
    for table in dict.fromkeys(absent.table for absent in missing):
        names = list(dict.fromkeys(a.missing for a in missing if a.table == table))
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        named = ", ".join(names[:MOST_NAMED])
        lines.append(f"not computed: {named}{more}; {command(table)}")
    return lines


def over_worms(label: str, values: pd.Series, against: float = 0.0) -> Gap:
    """Values less a number, one value for each worm (the index)."""
    less = np.full(len(values), against)
    found = paired_comparison(values.to_numpy(), less, list(values.index))
    return Gap(label, found.difference, found.low, found.high, f"{found.n_worms} worms")
