"""From a claim and the reference tables to differences with intervals, and what is not there."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from wormgnn.comparison import CompareError, compare, percent, select
from wormgnn.errors import ChoiceError, WormgnnError
from wormgnn.paper.claims.rules import EVERY, Claim, Gap, Rows
from wormgnn.paper.experiments import experiment_of
from wormgnn.results import read

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
    """The reference tables that claims are judged by, each read once.

    Attributes
    ----------
    read
        From the name of a reference table to its rows, or None where there is none.
    compared
        What was compared so far, by claim; no margin changes it.
    """

    read: Callable[[str], pd.DataFrame | None] = reference_table
    compared: dict[str, tuple[list[Gap], list[str]]] = field(default_factory=dict, repr=False)
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
        table = DERIVED[score](table)
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


def _gain(table: pd.DataFrame) -> pd.DataFrame:
    """What the true linear map adds to a model on simulated worms: aligned minus as recorded."""
    keys = ["model", "kind", "mixing", "sim_seed", "n_states", "n_train", "worm", "seen"]
    views = [table[table["view"] == view] for view in ("aligned", "as recorded")]
    both = views[0].merge(views[1][[*keys, "accuracy"]], on=keys, suffixes=("", "_recorded"))
    return both.assign(gain=both["accuracy"] - both["accuracy_recorded"])


def _relative(table: pd.DataFrame) -> pd.DataFrame:
    """Error in units of each worm's persistence, which is averaged over all frames ahead."""
    plain = table[table["model"] == "Persistence"].groupby("worm")["mse"].mean()
    return table.assign(relative=table["mse"] / table["worm"].map(plain))


def _skill(table: pd.DataFrame) -> pd.DataFrame:
    """1 - MSE / MSE of persistence, of each worm, so many frames ahead."""
    keys = ["n_train", "step", "worm"]
    errors = table.groupby(["model", *keys], sort=False)["mse"].mean().reset_index()
    plain = errors[errors["model"] == "Persistence"]
    both = errors.merge(plain[[*keys, "mse"]], on=keys, suffixes=("", "_plain"))
    return both.assign(skill=1 - both["mse"] / both["mse_plain"])


DERIVED: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    **{"above_majority": _above_majority, "loss": _loss, "spread": _spread},
    **{"gain": _gain, "relative": _relative, "skill": _skill},
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
