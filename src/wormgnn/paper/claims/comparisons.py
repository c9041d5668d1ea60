"""What a claim is, and from it and the reference tables to differences with their intervals."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from wormgnn.comparison import CompareError, compare, percent, select
from wormgnn.errors import ChoiceError, WormgnnError
from wormgnn.paper.experiments import experiment_of
from wormgnn.paper.studies.forecasts import worm_skill
from wormgnn.paper.studies.mixing import gains
from wormgnn.results import read

EVERY = "every value"
"""Stands for all values that a table holds in a column."""

Rows = str | Mapping[str, Any] | tuple[str | Mapping[str, Any], ...]
"""Which rows: a model, or from a column to its value; or several of them. A tuple of values is
taken one by one, each a comparison of its own."""


@dataclass(frozen=True)
class Claim:
    """One sentence of the paper that can be checked, or that ought to be: A minus B, and a rule."""

    key: str
    sentence: str  # what it says, in our words
    measure: str  # what is compared, for a reader; the words of the rule follow
    rule: str = ""  # one of `judges.RULES`, or empty
    A: Rows = field(default_factory=dict)
    B: Rows | None = None
    """The rows to subtract, or None for A alone. Tuples on both sides go in pairs."""
    _: KW_ONLY
    section: str  # where the paper says it
    place: str  # chapter and name of the figure with the evidence: `14_model_zoo#fig-zoo`
    table: str | tuple[str, ...] = ()
    """Reference tables, whose rows are taken together; Kato's where no dataset is named."""
    by: Mapping[str, Any] | tuple[Mapping[str, Any], ...] = field(default_factory=dict)
    """Columns that A and B share, with their values as in A; or several such selections."""
    score: str | tuple[str, ...] = "accuracy"
    """Column to compare, or one of `DERIVED`; a tuple is taken one by one."""
    over: tuple[str, ...] = ()
    """Columns over which scores are averaged before rows are paired. No pair may be lost then."""
    against: float = 0.0
    """A number that is subtracted from the difference: one that somebody printed, or chance."""
    unit: str | tuple[str, ...] = "worm"  # the independent unit that is resampled
    scale: float = 100.0  # factor on scores: 100 turns fractions into percentage points
    group: str = ""
    """Column by whose values comparisons are counted, where their numbers are not printed."""
    beside: Mapping[str, Any] = field(default_factory=dict)
    """Rows in the place of A or B that the page shows, too, and that do not decide."""
    judge: Callable[[Claim, Evidence], Any] | None = None
    """What finds the gaps, or the finding itself (see `judges`), where no A and B say it."""
    paper: str = ""  # the paper's number, empty where it gives none
    universal: bool = False
    """Whether it speaks of all or none, so that one comparison against it refutes it."""
    reason: str = ""  # why numbers do not decide it
    verdict: str = ""  # the verdict where numbers do not decide it, if it is tested at all

    @property
    def tables(self) -> tuple[str, ...]:
        """Full names of its reference tables."""
        names = (self.table,) if isinstance(self.table, str) else self.table
        return tuple(name if "." in name else f"{name}.kato" for name in names)


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


MOST_NAMED = 3
"""Of comparisons without a number, so many are named."""


class NotComputed(WormgnnError):
    """Reference tables, or lines of them, that are not there, and what computes them."""

    def __init__(self, names: Sequence[str], tables: Sequence[str]) -> None:
        self.names = names
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        experiments = (experiment_of(table.partition(".")[0]) for table in tables)
        commands = dict.fromkeys(experiment.command for experiment in experiments if experiment)
        said = f"{'; '.join(names[:MOST_NAMED])}{more} ({' and '.join(commands)})"
        super().__init__(f"not computed: {said}")


def reference_table(name: str) -> pd.DataFrame | None:
    """The rows of a reference table in `results/`, or None."""
    return stored.table if (stored := read(name)) else None


@dataclass(frozen=True)
class Evidence:
    """The reference tables that claims are judged by, each read once, and what they gave so far."""

    read: Callable[[str], pd.DataFrame | None] = reference_table
    """From the name of a reference table to its rows, or None where there is none."""
    compared: dict[str, tuple[list[Gap], list[str]]] = field(default_factory=dict, repr=False)
    """By claim; no margin changes it."""
    _kept: dict[str, pd.DataFrame | None] = field(default_factory=dict, repr=False)

    def rows(self, claim: Claim, **fixed: Any) -> pd.DataFrame:
        """Rows of a claim's tables that have some values; NotComputed if there are none."""
        for name in claim.tables:
            if name not in self._kept:
                self._kept[name] = self.read(name)
        tables = [table for name in claim.tables if (table := self._kept[name]) is not None]
        if not tables:
            raise NotComputed([" and ".join(claim.tables)], claim.tables)
        rows = pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0]
        return _selected(rows, fixed, claim) if fixed else rows


def _selected(table: pd.DataFrame, wanted: Mapping[str, Any], claim: Claim) -> pd.DataFrame:
    try:
        return select(table, wanted)
    except ChoiceError:
        raise NotComputed([_words(wanted)], claim.tables) from None


def comparisons(claim: Claim, evidence: Evidence) -> tuple[list[Gap], list[str]]:
    """A gap for each comparison that can be made, and what the others lack.

    NotComputed where none can be made.
    """
    if claim.key in evidence.compared:
        return evidence.compared[claim.key]
    table = evidence.rows(claim)
    gaps: list[Gap] = []
    missing: list[str] = []
    for case in _cases(table, claim):
        try:
            gaps.append(_gap(table, claim, *case))
        except NotComputed as absent:
            missing += absent.names
    missing = list(dict.fromkeys(missing))
    if not gaps:
        raise NotComputed(missing[:1], claim.tables)
    absent_lines = [str(NotComputed(missing, claim.tables))] if missing else []
    evidence.compared[claim.key] = gaps, absent_lines
    return gaps, absent_lines


Selection = dict[str, Any]
"""One value for each column."""


def _cases(table: pd.DataFrame, claim: Claim) -> Iterator[tuple[Selection, Selection | None, str]]:
    """Rows of A, rows of B and the score of every comparison of a claim."""
    sides: Iterable[tuple[Rows, Rows | None]] = [(claim.A, claim.B)]
    if isinstance(claim.A, tuple) and isinstance(claim.B, tuple):
        sides = zip(claim.A, claim.B, strict=True)
    for A, B in sides:
        for by in _several(claim.by):
            for shared in _expanded(table, {}, by):
                firsts = _expanded(table, shared, A)
                seconds = [None] if B is None else _expanded(table, shared, B)
                yield from itertools.product(firsts, seconds, _several(claim.score))


def _several(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _expanded(table: pd.DataFrame, shared: Selection, rows: Rows) -> list[Selection]:
    """Selections with one value for each column, from one with tuples and `EVERY`."""
    selections = [shared]
    for column, values in (rows if isinstance(rows, Mapping) else {"model": rows}).items():
        longer = []
        for fixed in selections:
            if values == EVERY:
                there = table[(table[list(fixed)] == pd.Series(fixed)).all(axis=1)][column]
                longer += [{**fixed, column: value} for value in there.unique()]
            else:
                longer += [{**fixed, column: value} for value in _several(values)]
        selections = longer
    return selections


PAIR = ("subset", "fold", "worm", "sim_seed")
"""What the two rows of a pair share, where a table has it; all else a claim sets."""


def _gap(table: pd.DataFrame, claim: Claim, a: Selection, b: Selection | None, score: str) -> Gap:
    """A minus B with its interval; NotComputed for rows that are not there."""
    if score in DERIVED:
        try:
            table = DERIVED[score](table)
        except ChoiceError as error:
            raise NotComputed([str(error)], claim.tables) from error
    unit = _several(claim.unit)
    on = [name for name in dict.fromkeys((*PAIR, *unit)) if name in {*table} - {*claim.over}]

    def side(rows: Selection) -> pd.DataFrame:
        scores = _selected(table, rows, claim)[[*on, score]].rename(columns={score: "value"})
        return scores.groupby(on, sort=False).mean().reset_index() if claim.over else scores

    first = side(a)
    second = first.assign(value=0.0) if b is None else side(b)
    both = pd.concat([first.assign(side="A"), second.assign(side="B")])
    sides = {"side": "A"}, {"side": "B"}
    try:
        row = compare(both, *sides, "value", on=on, unit=unit, scale=claim.scale).iloc[0]
    except CompareError:
        if any(rows.duplicated(on).any() for rows in (first, second)):
            raise  # a row twice: the table is broken, not incomplete
        raise NotComputed([f"pairs of {_words(a)} and {_words(b or {})}"], claim.tables) from None
    if claim.over and (lost := len(second) - row["n_pairs"]):
        pairs = f"{lost} of the pairs of {_words(b or {})} with {_words(a)}"
        raise NotComputed([pairs], claim.tables)
    label = _label(a, b, score)
    if claim.against and b is None:
        label += f": {percent(row['a'], claim.scale * first['value'].std())}"
    elif claim.against:
        label += f": {row['difference']:.1f}"
    elif b is not None and score == "spread":
        sds = (100 * select(table, rows)["accuracy"].std() for rows in (a, b))
        label += " (sd {:.1f} against {:.1f})".format(*sds)
    label += f"; minus {claim.against:g}" if claim.against else ""
    middle, low, high = (row[name] - claim.against for name in ("difference", "low", "high"))
    n = f"{row['n_worms']} worms"
    if unit == ("subset",):
        n += " trained on"
    elif row["n_pairs"] != row["n_worms"]:
        n += f", {row['n_pairs']} pairs"
    return Gap(label, middle, low, high, n, _words({claim.group: a.get(claim.group)}))


# --- what else can be compared, from the rows of a table


def _above_majority(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(above_majority=table["accuracy"] - table["majority"])


def _loss(table: pd.DataFrame) -> pd.DataFrame:
    """Loss on unseen worms: a member's accuracy there, taken from its mean over its own worms."""
    member = ["line", "subset", "fold"]
    home = table[table["seen"]].groupby(member)["accuracy"].mean().rename("home")
    abroad = table[~table["seen"]].merge(home.reset_index(), on=member)
    return abroad.assign(loss=abroad["home"] - abroad["accuracy"])


def _spread(table: pd.DataFrame) -> pd.DataFrame:
    """Distance of an accuracy from its model's mean, as in Levene's test."""
    means = table.groupby(["line", "seen"])["accuracy"].transform("mean")
    return table.assign(spread=(table["accuracy"] - means).abs())


def _relative(table: pd.DataFrame) -> pd.DataFrame:
    """Error in units of each worm's persistence, which is averaged over all frames ahead."""
    plain = table[table["model"] == "Persistence"].groupby("worm")["mse"].mean()
    return table.assign(relative=table["mse"] / table["worm"].map(plain))


def _skill(table: pd.DataFrame) -> pd.DataFrame:
    return worm_skill(table, ["model"])


DERIVED: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    **{"above_majority": _above_majority, "loss": _loss, "spread": _spread},
    **{"gain": gains, "relative": _relative, "skill": _skill},
}
"""Scores that are made from a table's own, by the name of the column."""


# --- labels

_NAMES: dict[str, dict[Any, str]] = {
    "neurons": {"paper": "15 neurons", "three": "three neurons"},
    "kind": {"loadings": "mixing of loadings", "neurons": "mixing of neurons"},
    "peak": {True: "scaled by peak fluorescence", False: "mean 0, variance 1"},
    "standardised": {True: "mean 0, variance 1", False: "as measured"},
    "default": {True: "default", False: ""},
    "seen": {True: "same worm", False: "unseen"},
}
"""Values that are not written as they are."""

_WORDS = {
    **{"model": "{}", "neurons": "{}", "view": "{}", "n_states": "{} states"},
    **{"rivals": "softmax over {}", "factor": "factor {:g}", "kind": "{}", "family": "{}"},
    **{"mixing": "at {:g}", "projection": "{}", "peak": "{}"},
    **{"smoothing_s": "derivative over {:g} s", "decoder": "{}", "standardised": "{}"},
    **{"parameter": "{}", "value": "{}", "default": "{}", "horizon_s": "{:g} s ahead"},
    **{"step": "frame {}", "seen": "{}", "n_train": "{} trained on", "fact": "{}"},
}
"""A column's value in words, in the order of a label; other columns are not named."""

_USUAL = {"neurons": "paper", "view": "as recorded"}
"""Values that a label does not name where A and B share them."""

_SCORES = {
    **{"loss": "loss on unseen worms", "gain": "gain from the true map", "skill": "skill, %"},
    **{"knn_within": "within a worm", "knn_across": "across worms"},
    **{"balanced_accuracy": "balanced accuracy", "above_majority": "above the majority class"},
}
"""Scores that a label names."""


def _words(rows: Mapping[str, Any]) -> str:
    named = {name: _NAMES.get(name, {}).get(value, value) for name, value in rows.items()}
    words = (form.format(named[name]) for name, form in _WORDS.items() if name in named)
    return ", ".join(filter(None, words))


def _label(a: Selection, b: Selection | None, score: str) -> str:
    """What minus what, and in brackets what both share."""
    if b is None:
        apart = {next(name for name in _WORDS if name in a)}
    else:
        apart = {name for name in {*a, *b} if a.get(name) != b.get(name)}
    sides = [
        _words({name: value for name, value in side.items() if name in apart})
        for side in (a, b)
        if side is not None
    ]
    unnamed = {name for name in _USUAL if a.get(name) == _USUAL[name]} | apart
    shared = _words({name: value for name, value in a.items() if name not in unnamed})
    aside = ", ".join(filter(None, (_SCORES.get(score, ""), shared)))
    return " − ".join(sides) + (f" ({aside})" if aside else "")
