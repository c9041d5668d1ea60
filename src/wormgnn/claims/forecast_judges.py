"""Judges of forecasts: from errors by worm and frame ahead to a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property

import numpy as np
import pandas as pd

from wormgnn.claims.claim import NOT_TESTED, Evidence, Finding, verdict_of
from wormgnn.claims.rules import Gap, Rule, above, below, concluded, counted
from wormgnn.forecast_comparisons import comparisons, over_steps
from wormgnn.forecast_tables import over_folds, skill
from wormgnn.statistics import paired_comparison

RIVALS = ("MLP", "Node MLP", "MLP-RNN", "Node MLP-RNN")
"""The paper's "all MLP models and their derived RNN variants"."""

PAPER_NETWORKS = ("GNN", *RIVALS)
"""Networks of the paper's Figure 4C; those that we add are not what its sentences are about."""

PERSISTENCE, DAMPED, LINEAR = "Persistence", "Damped persistence", "Ridge, one frame"


class Errors:
    """Errors of forecasts, and what several claims take from them, computed once.

    `rows` as `forecast_tables.over_folds` takes them.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = over_folds(rows)

    @cached_property
    def means(self) -> pd.DataFrame:
        """`over_steps` of the rows."""
        return over_steps(self.rows)

    @cached_property
    def skills(self) -> pd.DataFrame:
        """`skill` of the paper's networks in the frames that claims ask for."""
        models = self.rows["model"].isin([PERSISTENCE, *PAPER_NETWORKS])
        return skill(self.rows[models & self.rows["step"].isin([8, 16])])


@cache
def errors_of(table: str) -> Callable[[Evidence], Errors]:
    """Errors of a reference table; one function for a table, so that evidence keeps them."""
    return lambda evidence: Errors(evidence.table(table))


Answer = Callable[[Errors, float], Finding]
"""From errors, and a margin in points of skill, to a finding."""


def beyond(baseline: str) -> Answer:
    """Whether the paper's networks have a lower MSE than a simple forecast."""

    def answer(errors: Errors, margin: float) -> Finding:
        pairs = [(model, baseline) for model in PAPER_NETWORKS]
        gaps = list(_gaps(comparisons(errors.means, pairs, steps=(0,))))
        return _counted(gaps, below, margin, _not_run(errors, [baseline, *PAPER_NETWORKS]))

    return answer


def learn(errors: Errors, margin: float) -> Finding:
    """Skill of the paper's networks 8 frames ahead."""
    gaps = [gap for model in PAPER_NETWORKS for gap in _skills(errors, model, 8)]
    return _counted(gaps, above, margin, _not_run(errors, PAPER_NETWORKS))


def sixteen(errors: Errors, margin: float) -> Finding:
    """Skill of the GNN in the sixteenth frame."""
    return _judged(list(_skills(errors, "GNN", 16)), above, margin, _not_run(errors, ["GNN"]))


def more_worms(errors: Errors, margin: float) -> Finding:
    """MSE of the largest training sets less that of the smallest, on the same worms."""
    few, many = errors.rows["n_train"].min(), errors.rows["n_train"].max()
    by_worm = errors.means.groupby(["n_train", "model", "worm"])["mse"].mean().unstack("worm")
    pairs = {
        model: 1e4 * by_worm.loc[[(many, model), (few, model)]].dropna(axis=1)
        for model in ("MLP", "GNN")
        if few < many and {(few, model), (many, model)} <= set(by_worm.index)
    }
    gaps = [_change(model, pair) for model, pair in pairs.items() if pair.size]
    missing = [f"{m}: not run" for m in ("MLP", "GNN") if m not in pairs or not pairs[m].size]
    return _judged(gaps, below, margin, missing)


def _change(model: str, pair: pd.DataFrame) -> Gap:
    """Difference of two rows over worms with its interval; missing if a row diverged."""
    after, before = pair.to_numpy()
    n = f"{len(pair.columns)} worms"
    if not np.isfinite(pair.to_numpy()).all():
        return Gap(model, np.nan, np.nan, np.nan, n)
    found = paired_comparison(after, before, list(pair.columns))
    return Gap(model, found.difference, found.low, found.high, n)


def against(rule: Rule, a: str, others: Sequence[str], step: int = 0) -> Answer:
    """MSE of A less that of each of the others; step 0 is the mean over 16 frames."""

    def answer(errors: Errors, margin: float) -> Finding:
        scored = errors.rows if step else errors.means
        found = comparisons(scored, [(a, b) for b in others], steps=(step,))
        return _judged(list(_gaps(found)), rule, margin, _not_run(errors, [a, *others]))

    return answer


def in_skill(rule: Rule, a: str, others: Sequence[str]) -> Answer:
    """As `against`, in percent of each worm's persistence: points of skill."""

    def answer(errors: Errors, margin: float) -> Finding:
        means = errors.means
        plain = means[means["model"] == PERSISTENCE].groupby("worm")["mse"].mean()
        # `comparisons` gives units of 1e-4, so that a hundredth of the ratio comes out in percent.
        scaled = means.assign(mse=means["mse"] / means["worm"].map(plain) / 100)
        found = comparisons(scaled, [(a, b) for b in others], steps=(0,))
        return _judged(list(_gaps(found)), rule, margin, _not_run(errors, [a, *others]))

    return answer


def _gaps(found: pd.DataFrame) -> Iterator[Gap]:
    """A gap for each row of `comparisons`."""
    for row in found.to_dict("records"):
        label = f"{row['A']} − {row['B']}, {row['n_train']} trained on"
        yield Gap.read(label, row)


def _skills(errors: Errors, model: str, step: int) -> Iterator[Gap]:
    """Skill in percent of one model, for each number of training worms."""
    table = errors.skills
    for row in table[(table["step"] == step) & (table["model"] == model)].to_dict("records"):
        label = f"skill (%), {row['n_train']} trained on"
        yield Gap.read(label, row, ("skill", "skill_low", "skill_high"), scale=100)


def _not_run(errors: Errors, wanted: Sequence[str]) -> list[str]:
    missing = [model for model in wanted if model not in set(errors.rows["model"])]
    return [f"not run: {', '.join(missing)}"] if missing else []


def _judged(gaps: Sequence[Gap], rule: Rule, margin: float, missing: Sequence[str] = ()) -> Finding:
    if not gaps:
        return Finding(NOT_TESTED, tuple(missing) or ("not run",))
    return concluded(gaps, rule, margin, missing)


def _counted(gaps: Sequence[Gap], rule: Rule, margin: float, missing: Sequence[str]) -> Finding:
    """As `_judged`, with counts of networks in the place of many numbers."""
    if not gaps:
        return Finding(NOT_TESTED, tuple(missing) or ("not run",))
    trained = [gap.label.rsplit(", ", 1)[1] for gap in gaps]
    signs = pd.Series([rule(gap, margin) for gap in gaps], index=trained)
    texts = [
        f"{size}: {(part == 1).sum()} of {len(part)} networks better, {(part == -1).sum()} worse"
        for size, part in signs.groupby(level=0)
    ]
    n = sorted({gap.n for gap in gaps})
    found = verdict_of(signs.tolist(), complete=not missing)
    lines = (*texts, f"({' or '.join(n)})", *counted(signs.tolist()), *missing)
    return Finding(found, lines, tuple(signs))
