"""Claims that the paper takes over from earlier work: components, onset, manifold."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from wormgnn.claims.claim import Claim, Evidence, Finding, NotComputed, verdict_of
from wormgnn.claims.reported import said
from wormgnn.claims.rules import (
    Gap,
    Maker,
    above,
    apart,
    below,
    compared,
    concluded,
    counted,
    equal,
    over_worms,
)
from wormgnn.statistics import paired_comparison

BACKGROUND = "Background, citing Kato et al. and (18)"
CHANCE = 25.0
"""Balanced accuracy of naming one of four states, percent."""

MOST = 50.0

_VARIANCE = said("three_components_variance_percent")
_AHEAD = said("manifold_ahead_s")
_WAYS = {False: "mean 0, variance 1", True: "scaled by peak fluorescence"}


def _components(projection: str, peak: bool, column: str) -> Callable[[Evidence], pd.Series]:
    """A column of the table of components in percent, by worm."""

    def values(evidence: Evidence) -> pd.Series:
        rows = evidence.table("components")
        rows = rows[(rows["projection"] == projection) & (rows["peak"] == peak)]
        if rows.empty:
            raise NotComputed(projection, "components")
        return 100 * rows.set_index("worm")[column]

    return values


def variance(evidence: Evidence) -> Finding:
    """Variance of three components, for every scaling and width of the derivative."""
    rows = evidence.table("components_variance")
    gaps = []
    for (peak, width), part in rows.groupby(["peak", "smoothing_s"]):
        values = 100 * part.set_index("worm")["variance"]
        way = f"{_WAYS[bool(peak)]}, derivative over {width:g} s"
        label = f"{way}: {values.mean():.0f} ± {values.std():.0f} %; less {MOST:g}"
        gaps.append(over_worms(label, values, MOST))
    if not gaps:
        raise NotComputed("variance of three components", "components_variance")
    return concluded(gaps, above, 0.0)


def pooled_less_own(column: str) -> Maker:
    """What neighbours know of states on pooled components less on a worm's own."""
    words = {"knn_within": "within a worm", "knn_across": "across worms"}

    def make(evidence: Evidence) -> Gap:
        pooled = _components("pooled axes, shared neurons", False, column)(evidence)
        own = _components("own axes, all neurons", False, column)(evidence)
        return over_worms(f"pooled − own ({words[column]})", (pooled - own).dropna())

    return make


def still_there(column: str) -> Maker:
    """What neighbours know on pooled components, beyond chance."""
    words = {"knn_within": "within a worm", "knn_across": "across worms"}

    def make(evidence: Evidence) -> Gap:
        values = _components("pooled axes, shared neurons", False, column)(evidence)
        return over_worms(f"pooled − chance ({words[column]})", values, CHANCE)

    return make


def in_own_loops(evidence: Evidence) -> Finding:
    """What neighbours know on a worm's own components beyond chance: the mean, and each worm."""
    values = _components("own axes, all neurons", False, "knn_within")(evidence)
    gap = over_worms("balanced accuracy − chance", values, CHANCE)
    least = values.min() - CHANCE
    signs = (above(gap), 1 if least > 0 else -1)
    worst = f"least worm ({values.idxmin()}): " + f"{least:+.1f}".replace("-", "−")
    return Finding(verdict_of(signs), (f"{gap} ({gap.n})", worst), signs)


def averaged_onset(standardised: bool) -> Maker:
    """Area under the curve of the average worm less that of a worm's own neurons."""
    words = "mean 0, variance 1" if standardised else "as measured"

    def make(evidence: Evidence) -> Gap:
        rows = evidence.table("onset")
        rows = rows[rows["standardised"] == standardised]
        wide = 100 * rows.pivot(index="worm", columns="decoder", values="auc")
        gap = _gap(wide, "average of other worms", "own neurons", "onset")
        return over_worms(f"activity {words}: average − own", gap)

    return make


def ahead(other: str) -> Maker:
    """Accuracy of the manifold so many seconds ahead, less another forecast's."""

    def make(evidence: Evidence) -> Gap:
        rows = evidence.table("admm_horizon")
        rows = rows[rows["horizon_s"] == _AHEAD]
        if rows.empty:
            raise NotComputed(f"forecasts {_AHEAD:g} s ahead", "admm_horizon")
        wide = 100 * rows.pivot(index="worm", columns="model", values="accuracy")
        gap = _gap(wide, "manifold", other, "admm_horizon")
        return over_worms(f"manifold − {other}", gap)

    return make


def _gap(wide: pd.DataFrame, a: str, b: str, table: str) -> pd.Series[float]:
    """Column A less column B, by worm; NotComputed where no worm has both."""
    lacking = [name for name in (a, b) if name not in wide]
    if lacking:
        raise NotComputed(f"{lacking[0]} ({table})", table)
    gap: pd.Series[float] = (wide[a] - wide[b]).dropna()
    if gap.empty:
        raise NotComputed(f"pairs of {a} and {b}", table)
    return gap


def parameters(evidence: Evidence) -> Finding:
    """How many tried values of the manifold's parameters change much, better or worse."""
    gaps = list(_parameters(evidence.table("admm_sensitivity")))
    if not gaps:
        raise NotComputed("other values of the manifold's parameters", "admm_sensitivity")
    signs = tuple(apart(gap, evidence.margin) for gap in gaps)
    worse = sum(sign == 1 and gap.high < 0 for sign, gap in zip(signs, gaps, strict=True))
    counts = f"{worse} of {len(signs)} tried values worse, {signs.count(1) - worse} better"
    worst, best = (pick(gaps, key=lambda gap: gap.mean) for pick in (min, max))
    ends = f"the worst, {worst} ({worst.n})", f"the best, {best} ({best.n})"
    return Finding(verdict_of(signs), (counts, *ends, *counted(signs)), signs)


def _parameters(rows: pd.DataFrame) -> Iterator[Gap]:
    """Balanced accuracy of each value less the default's, for each parameter."""
    for name, part in rows.groupby("parameter", sort=False):
        keys = ["n_train", "subset", "worm"]
        default = part[part["default"]].set_index(keys)["balanced_accuracy"]
        for value, other in part[~part["default"]].groupby("value", sort=False):
            both = pd.concat(
                [100 * other.set_index(keys)["balanced_accuracy"], 100 * default],
                axis=1,
                join="inner",
                keys=["a", "b"],
            )
            worms = list(both.index.get_level_values("worm"))
            found = paired_comparison(both["a"], both["b"], worms)
            yield Gap.of(f"{name} = {value}", found)


CLAIMS = (
    Claim(
        "three-components",
        BACKGROUND,
        "Three principal components hold most of the variance of a worm's derivatives",
        f"share of the variance − {MOST:g} %, for each scaling and width of derivative: interval "
        "above 0",
        "own components",
        variance,
        f"~{_VARIANCE:g} %",
    ),
    Claim(
        "own-loops",
        BACKGROUND,
        "On a worm's own components the states lie apart, in every worm",
        "state told from neighbours, balanced accuracy − chance (four states): interval above 0, "
        "and the least worm above 0",
        "own components",
        in_own_loops,
        universal=True,
    ),
    Claim(
        "pooled-lost",
        f"{BACKGROUND}; Discussion",
        "On components of all worms pooled that structure is not seen any more",
        "the same, pooled components − a worm's own: interval below 0",
        "components",
        compared(below, pooled_less_own("knn_within"), pooled_less_own("knn_across")),
    ),
    Claim(
        "pooled-nothing",
        "Discussion",
        "There is no meaningful structure at all on shared components",
        "pooled components − chance: interval within ± {margin:g} points",
        "components",
        compared(equal, still_there("knn_within"), still_there("knn_across")),
        universal=True,
    ),
    Claim(
        "onset-average",
        "Figure 1E, from (18)",
        "Averages of the other worms decode the onset of a reversal worse than own neurons",
        "area under the ROC curve (%), average − own: interval below 0",
        "onset",
        compared(below, averaged_onset(True), averaged_onset(False)),
    ),
    Claim(
        "manifold-ahead",
        BACKGROUND,
        "The manifold predicts motor states well ahead",
        f"accuracy {_AHEAD:g} s ahead, manifold − commonest state, − persistence, − dwell times: "
        "interval above 0",
        "horizon",
        compared(above, ahead("marginal"), ahead("persistence"), ahead("dwell times")),
        f"up to {_AHEAD:g} s",
    ),
    Claim(
        "manifold-parameters",
        BACKGROUND,
        "The manifold method depends heavily on its parameters",
        "balanced accuracy on unseen worms (four states), each tried value of a parameter "
        "− default, better or worse: interval beyond ± {margin:g} points; against, if within them",
        "sensitivity",
        parameters,
    ),
)
