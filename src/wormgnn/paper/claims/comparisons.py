"""From reference tables and contrasts to differences with intervals, and what is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from wormgnn.comparison import MARGIN, CompareError, compare, percent, select
from wormgnn.errors import ChoiceError, WormgnnError
from wormgnn.paper.claims.rules import EVERY, FEWEST, MOST, Contrast, Gap
from wormgnn.paper.experiments import experiment_of
from wormgnn.results import read


class NotComputed(WormgnnError):
    """A reference table, or a line of it, that is not there: what, and which tables hold it."""

    def __init__(self, missing: str, *tables: str) -> None:
        self.missing, self.tables = missing, tables
        super().__init__(_not_computed([missing], tables))


MOST_NAMED = 3
"""Of comparisons without a number, so many are named."""


def lacking(missing: Sequence[NotComputed]) -> list[str]:
    """A line for each table that lacks something: what, and the command that computes it."""
    by_tables: dict[tuple[str, ...], dict[str, None]] = {}
    for absent in missing:
        by_tables.setdefault(absent.tables, {})[absent.missing] = None
    return [_not_computed(list(names), tables) for tables, names in by_tables.items()]


def _not_computed(names: Sequence[str], tables: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    experiments = (experiment_of(table.partition(".")[0]) for table in tables)
    commands = dict.fromkeys(experiment.command for experiment in experiments if experiment)
    return f"not computed: {'; '.join(names[:MOST_NAMED])}{more} ({' and '.join(commands)})"


def reference_table(name: str) -> pd.DataFrame | None:
    """The rows of a reference table in `results/`, or None."""
    return stored.table if (stored := read(name)) else None


@dataclass(frozen=True)
class Evidence:
    """The reference tables that claims are judged by; ChoiceError for a margin not above 0.

    Attributes
    ----------
    read
        From the name of a reference table to its rows, or None where there is none.
    margin
        Percentage points within which two accuracies are taken as equal.
    gaps
        What was compared so far, by claim; no margin changes it.
    """

    read: Callable[[str], pd.DataFrame | None] = reference_table
    margin: float = MARGIN
    gaps: dict[str, tuple[list[Gap], list[NotComputed]]] = field(default_factory=dict, repr=False)
    _kept: dict[str, pd.DataFrame | None] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Refuse a margin that no interval fits into."""
        if not self.margin > 0:
            raise ChoiceError("margin", self.margin, ["numbers above 0"])

    @property
    def used(self) -> tuple[str, ...]:
        """Names of the reference tables that were read and found, sorted."""
        return tuple(sorted(name for name, table in self._kept.items() if table is not None))

    def within(self, margin: float) -> Evidence:
        """The same evidence with another margin; nothing is read or computed again."""
        return replace(self, margin=margin)

    def rows(self, *names: str) -> pd.DataFrame:
        """Rows of reference tables together; NotComputed where none of them is there."""
        full = [name if "." in name else f"{name}.kato" for name in names]
        for name in full:
            if name not in self._kept:
                self._kept[name] = self.read(name)
        there = [table for name in full if (table := self._kept[name]) is not None]
        if not there:
            raise NotComputed(" and ".join(full), *full)
        return pd.concat(there, ignore_index=True) if len(there) > 1 else there[0]


def all_gaps(
    contrasts: Sequence[Contrast], evidence: Evidence
) -> tuple[list[Gap], list[NotComputed]]:
    """A gap for each comparison that can be made, and what the others lack."""
    gaps: list[Gap] = []
    missing: list[NotComputed] = []
    for contrast in contrasts:
        try:
            table = evidence.rows(*contrast.tables)
        except NotComputed as absent:
            missing.append(absent)
            continue
        for case in cases(table, contrast):
            try:
                gaps.append(gap(table, contrast, *case))
            except NotComputed as absent:
                missing.append(absent)
    return gaps, missing


Case = tuple[dict[str, Any], dict[str, Any], str]
"""Rows of A and of B, one value for each column, and the score."""


def cases(table: pd.DataFrame, contrast: Contrast) -> Iterator[Case]:
    """Every comparison of a contrast."""
    scores = (contrast.score,) if isinstance(contrast.score, str) else contrast.score
    b_open = contrast.B if isinstance(contrast.B, Mapping) else {}
    for shared in _expanded(table, {}, contrast.by):
        for a in _expanded(table, shared, contrast.A):
            for b in _expanded(table, shared, b_open):
                yield from ((a, b, score) for score in scores)


def _expanded(
    table: pd.DataFrame, fixed: Mapping[str, Any], wanted: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Selections with one value for each column, from those with tuples and `Values`."""
    if not wanted:
        yield dict(fixed)
        return
    (column, values), *rest = wanted.items()
    if values in (EVERY, MOST, FEWEST):
        rows = table
        for name, value in fixed.items():
            rows = rows[rows[name] == value]
        if rows.empty:  # whoever selects these rows says what is missing
            yield from _expanded(table, fixed, dict(rest))
            return
        there = rows[column]
        values = {EVERY: tuple(there.unique()), MOST: there.max(), FEWEST: there.min()}[values]
    for value in values if isinstance(values, tuple) else (values,):
        yield from _expanded(table, {**fixed, column: value}, dict(rest))


PAIR = ("subset", "fold", "worm", "sim_seed")
"""What the two rows of a pair share, where a table has it; all else a contrast sets."""


def gap(
    table: pd.DataFrame, contrast: Contrast, a: dict[str, Any], b: dict[str, Any], score: str
) -> Gap:
    """A minus B with its interval; NotComputed for rows that are not there."""
    if score in DERIVED:
        table = DERIVED[score](table)
    unit = [contrast.unit] if isinstance(contrast.unit, str) else [*contrast.unit]
    on = [name for name in dict.fromkeys((*PAIR, *unit)) if name in {*table} - {*contrast.over}]
    first = _side(table, a, score, on, contrast)
    if isinstance(contrast.B, Mapping):
        second = _side(table, b, score, on, contrast)
        if a == b:
            other = f"{_words(a)} with other numbers of training worms"
            raise NotComputed(other, *contrast.tables)
    elif contrast.B is None:
        second = first.assign(value=0.0)
    else:
        second = _side(table, a, contrast.B, on, contrast)
    both = pd.concat([first.assign(side="A"), second.assign(side="B")])
    sides = {"side": "A"}, {"side": "B"}
    try:
        row = compare(both, *sides, "value", on=on, unit=unit, scale=contrast.scale).iloc[0]
    except CompareError:
        if any(side.duplicated(on).any() for side in (first, second)):
            raise  # a row twice: the table is broken, not incomplete
        raise NotComputed(f"pairs of {_words(a)} and {_words(b)}", *contrast.tables) from None
    if contrast.whole and row["n_pairs"] < len(second):
        lost = f"{len(second) - row['n_pairs']} of the pairs of {_words(b)} with {_words(a)}"
        raise NotComputed(lost, *contrast.tables)
    label = _label(contrast, a, b, score)
    if contrast.B is None and contrast.against:
        mean, sd = row["a"], contrast.scale * first["value"].std()
        label += f": {percent(mean, sd)}; minus {contrast.against:g}"
    elif contrast.against:
        label += f": {row['difference']:.1f}; minus {contrast.against:g}"
    elif score == "spread":
        sds = (100 * select(table, chosen)["accuracy"].std() for chosen in (a, b))
        label += " (sd {:.1f} against {:.1f})".format(*sds)
    middle, low, high = (row[name] - contrast.against for name in ("difference", "low", "high"))
    n = f"{row['n_worms']} worms"
    if unit == ["subset"]:
        n += " trained on"
    elif row["n_pairs"] != row["n_worms"]:
        n += f", {row['n_pairs']} pairs"
    group = _words({contrast.group: a[contrast.group]}) if contrast.group else ""
    return Gap(label, middle, low, high, n, group)


def _side(
    table: pd.DataFrame, chosen: Mapping[str, Any], score: str, on: list[str], contrast: Contrast
) -> pd.DataFrame:
    """One side of the pairs: the columns `on`, and the score as `value`."""
    try:
        rows = select(table, chosen)
    except ChoiceError:
        raise NotComputed(_words(chosen), *contrast.tables) from None
    side = rows[on].assign(value=rows[score])
    return side.groupby(on, sort=False)["value"].mean().reset_index() if contrast.over else side


# --- what else can be compared, from the rows of a table


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
    **{"loss": _loss, "spread": _spread, "gain": _gain, "relative": _relative, "skill": _skill}
}
"""Scores that are made from a table's own, by the name of the column."""


# --- labels

_NAMES: dict[str, dict[Any, str]] = {
    "neurons": {"paper": "15 neurons", "three": "three neurons"},
    "peak": {True: "scaled by peak fluorescence", False: "mean 0, variance 1"},
    "standardised": {True: "mean 0, variance 1", False: "as measured"},
    "default": {True: "default", False: ""},
    "seen": {True: "same worm", False: "unseen"},
}
"""Values that are not written as they are."""

_WORDS = {
    **{"model": "{}", "neurons": "{}", "view": "{}", "n_states": "{} states"},
    **{"rivals": "softmax over {}", "factor": "factor {:g}", "kind": "mixing of {}"},
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
    "balanced_accuracy": "balanced accuracy",
}
"""Scores that a label names."""


def _words(selection: Mapping[str, Any]) -> str:
    shown = {name: selection[name] for name in _WORDS if name in selection}
    named = {name: _NAMES.get(name, {}).get(value, value) for name, value in shown.items()}
    return ", ".join(filter(None, (_WORDS[name].format(value) for name, value in named.items())))


def _label(contrast: Contrast, a: dict[str, Any], b: dict[str, Any], score: str) -> str:
    """What minus what, and in brackets what both share."""
    if isinstance(contrast.B, Mapping):
        apart = {name for name in {*a, *b} if a.get(name) != b.get(name)}
        sides = [_words({k: v for k, v in side.items() if k in apart}) for side in (a, b)]
    else:
        apart = {next(name for name in _WORDS if name in a)}
        sides = [_words({name: a[name] for name in apart})]
        sides += ["majority class"] if contrast.B == "majority" else []
    unnamed = {name for name in _USUAL if a.get(name) == _USUAL[name]} | apart
    shared = {name: value for name, value in a.items() if name not in unnamed}
    aside = ", ".join(filter(None, (_SCORES.get(score, ""), _words(shared))))
    return " − ".join(sides) + (f" ({aside})" if aside else "")
