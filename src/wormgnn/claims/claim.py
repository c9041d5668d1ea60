"""A claim of the paper, what it is judged by, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import pandas as pd

from wormgnn import reference
from wormgnn.claims.commands import command
from wormgnn.errors import WormgnnError
from wormgnn.paired import MARGIN

Value = TypeVar("Value")

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


NICHOLS = "the recordings of Nichols et al. are not here"
"""Why a claim on them is not tested."""


class NotComputed(WormgnnError):
    """A judge lacks a reference table, or a line of it.

    Parameters
    ----------
    missing
        What is not there.
    table
        Reference table that would hold it, by its name without the dataset.
    """

    def __init__(self, missing: str, table: str) -> None:
        self.missing, self.table = missing, table
        super().__init__(f"{missing} not computed: {command(table)}")


def reference_table(name: str) -> pd.DataFrame | None:
    """The rows of a reference table in `results/`, or None."""
    found = reference.read(name)
    return None if found is None else found.table


@dataclass(frozen=True)
class Evidence:
    """What judges see.

    Attributes
    ----------
    read
        From the name of a reference table to its rows, or None where there is none.
    margin
        Percentage points within which two accuracies are taken as equal.
    """

    read: Callable[[str], pd.DataFrame | None] = reference_table
    margin: float = MARGIN
    _kept: dict[str, pd.DataFrame] = field(default_factory=dict, compare=False, repr=False)
    _made: dict[Callable[..., Any], Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def used(self) -> tuple[str, ...]:
        """Names of the reference tables that were read and found, sorted."""
        return tuple(sorted(self._kept))

    def within(self, margin: float) -> Evidence:
        """The same evidence with another margin; nothing is read or computed again."""
        return replace(self, margin=margin)

    def made(self, make: Callable[[Evidence], Value]) -> Value:
        """What `make` gives on this evidence, which must not depend on the margin; kept."""
        if make not in self._made:
            self._made[make] = make(self)
        found: Value = self._made[make]
        return found

    def table(self, name: str, dataset: str = "kato") -> pd.DataFrame:
        """A reference table of a dataset; NotComputed where there is none."""
        full = f"{name}.{dataset}"
        if full not in self._kept:
            rows = self.read(full)
            if rows is None:
                raise NotComputed(full, name)
            self._kept[full] = rows
        return self._kept[full]


@dataclass(frozen=True)
class Finding:
    """Our answer to a claim.

    Attributes
    ----------
    verdict
        One of `VERDICTS`.
    ours
        Our numbers, one line each.
    signs
        What each comparison said: 1 for, -1 against, 0 neither; empty where there is none.
    """

    verdict: str
    ours: tuple[str, ...]
    signs: tuple[int, ...] = ()


Judge = Callable[[Evidence], Finding]


@dataclass(frozen=True)
class Claim:
    """One sentence of the paper that can be checked, or that ought to be.

    Attributes
    ----------
    key
        Short and unique.
    section
        Where the paper says it.
    sentence
        What it says, in our words.
    criterion
        What we take it to ask; `{margin:g}` stands for the margin.
    place
        A name in `places.PLACES`: chapter and figure that show the evidence.
    judge
        From the evidence to a finding.
    paper
        The paper's number, empty where it gives none.
    universal
        Whether it speaks of all or none, so that one comparison against it refutes it.
    """

    key: str
    section: str
    sentence: str
    criterion: str
    place: str
    judge: Judge
    paper: str = ""
    universal: bool = False

    def asked(self, evidence: Evidence) -> str:
        """The criterion with the margin filled in."""
        more = "; of all or none, so that one against it is enough" if self.universal else ""
        return self.criterion.format(margin=evidence.margin) + more

    def check(self, evidence: Evidence) -> Finding:
        """The finding; `NOT_TESTED`, with the reason, where the evidence is not there."""
        try:
            found = self.judge(evidence)
        except NotComputed as missing:
            return Finding(NOT_TESTED, (str(missing),))
        refuted = self.universal and -1 in found.signs
        return replace(found, verdict=FAILS) if refuted else found


def cannot(reason: str) -> Judge:
    """A judge of what cannot be tested here."""
    return lambda _evidence: Finding(NOT_TESTED, (reason,))


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
