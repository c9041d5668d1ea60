"""Figure 4C-D: errors of forecasts beside persistence, and where models go when left to run.

A free roll-out of `FREE_FRAMES` frames is laid beside the true path of its worm on the
principal components of that worm's true traces (paper, Discussion: the manifold of each worm).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wormgnn.errors import ChoiceError
from wormgnn.paper.readings import leave_one_worm_out
from wormgnn.paper.studies.another_lab import of_animals
from wormgnn.paper.studies.components import axes_of
from wormgnn.plots.forecasts import example_forecasts, free_paths
from wormgnn.plots.style import figure_legend, use_style
from wormgnn.statistics import bootstrap_interval
from wormgnn.tasks.rollout import BURN_IN_FRAMES, FREE_FRAMES, example_starts, free_start

if TYPE_CHECKING:
    from wormgnn.features import Features
    from wormgnn.runner import Table

Floats = NDArray[np.float64]

MEASURES = ("mse", "mse_trace", "mse_derivative")
STEPS = (1, 8, 16)  # frames ahead that tables show

FATES = ("cycles", "drifts", "stops", "runs away")
STILL = 0.1  # of the true standard deviation: a roll-out that moves less at its end has stopped
RETURNS = 3  # crossings of its own mean that make a late roll-out a cycle: there and back


def errors(table: Table) -> pd.DataFrame:
    """Rows of a run as a reference table: `over_folds` of the worms that a line is about.

    Where other animals are forecast, the training worms' own forecasts are left out.
    """
    rows = table.rows
    if "animals" in rows:
        rows = rows[of_animals(rows)].drop(columns="animals")
    return over_folds(rows)


def over_folds(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean error of the members of one subset over folds, for each worm and frame ahead.

    Columns of identity of the rows but the fold, then folds, windows, diverged (windows, of
    all folds together), mse, mse_trace, mse_derivative (means), mse_sd (over folds).
    """
    if "folds" in rows:
        return rows
    keys = [name for name in rows if name not in {"fold", "windows", "diverged", *MEASURES}]
    counts = {"folds": ("fold", "nunique"), "windows": ("windows", "first")}
    means = {"diverged": ("diverged", "sum"), **{name: (name, "mean") for name in MEASURES}}
    grouped = rows.groupby(keys, sort=False, dropna=False)
    return grouped.agg(**counts, **means, mse_sd=("mse", "std")).reset_index()


def over_steps(rows: pd.DataFrame) -> pd.DataFrame:
    """`over_folds` of rows, averaged over the frames ahead; the column step is 0."""
    rows = over_folds(rows)
    scores = {"step", "folds", "windows", "diverged", "mse_sd", *MEASURES}
    grouped = rows.groupby([n for n in rows if n not in scores], sort=False, dropna=False)
    means = grouped[list(MEASURES)].mean().join(grouped["diverged"].max())
    return means.reset_index().assign(step=0, folds=rows["folds"].max())


def skill(rows: pd.DataFrame, baseline: str = "Persistence", measure: str = "mse") -> pd.DataFrame:
    """Errors and skill of each line at each frame ahead, with 95 % intervals over worms.

    Skill is `1 - MSE / MSE of the baseline` on the same worm: 0 is as good as the baseline, 1 is
    perfect. `rows` are those of an experiment or `over_folds` of them, `measure` one of `MEASURES`.
    Members that are forecast on one worm are averaged first, so that worms are the sample.

    Columns line, model, n_train, step, mse, mse_low, mse_high, skill, skill_low, skill_high, worms,
    members (subsets x worms) and diverged (windows). Infinite where a forecast was not finite; ends
    of intervals are missing where there is one worm. ChoiceError for an unknown baseline.
    """
    rows = over_folds(rows)
    if baseline not in set(rows["line"]):
        raise ChoiceError("baseline", baseline, rows["line"].unique())
    keys = ["line", "model", "n_train", "step"]
    by_worm = worm_skill(rows, keys[:2], baseline, measure)
    sizes = {"members": ("worm", "size"), "diverged": ("diverged", "sum")}
    counts = rows.groupby(keys, sort=False).agg(**sizes).reset_index()
    curves = [_curve(group) for _, group in by_worm.groupby(keys[:3], sort=False)]
    return pd.concat(curves).merge(counts, on=keys)


def worm_skill(
    rows: pd.DataFrame, line: list[str], baseline: str = "Persistence", measure: str = "mse"
) -> pd.DataFrame:
    """Error and skill of each line (its columns), number of training worms, step and worm."""
    place = ["n_train", "step", "worm"]
    errors = rows.groupby([*line, *place], sort=False)[measure].mean().rename("mse").reset_index()
    plain = errors.loc[errors[line[0]] == baseline, [*place, "mse"]]
    both = errors.merge(plain, how="left", on=place, suffixes=("", "_plain"))
    return both.assign(skill=1 - both["mse"] / both["mse_plain"])


def _curve(group: pd.DataFrame) -> pd.DataFrame:
    """Means over worms with their intervals, a row for each frame ahead."""
    curve = group[["line", "model", "n_train", "step"]].drop_duplicates().sort_values("step")
    for name in ("mse", "skill"):
        by_worm = group.pivot(index="worm", columns="step", values=name).to_numpy()
        mean, finite = by_worm.mean(axis=0), np.isfinite(by_worm).all(axis=0)
        _, *ends = bootstrap_interval(by_worm)
        curve[name] = mean
        curve[f"{name}_low"], curve[f"{name}_high"] = (np.where(finite, e, mean) for e in ends)
    return curve.assign(worms=len(by_worm))


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    """`skill` with the columns `MSE` (1e-4; features lie in [0, 1]) and `skill (%)` as text."""
    skills = 100 * table[["skill", "skill_low", "skill_high"]].to_numpy()
    ends = [
        f" [{_short(low)}, {_short(high)}]" if np.isfinite([middle, low]).all() else ""
        for middle, low, high in skills  # no interval over a single worm
    ]
    text = [_short(middle) + end for middle, end in zip(skills[:, 0], ends, strict=True)]
    return table.assign(MSE=[_short(1e4 * mse, 1) for mse in table["mse"]], **{"skill (%)": text})


def _short(value: float, digits: int = 0) -> str:
    """Fixed digits, or an exponent for what ran away."""
    if not np.isfinite(value):
        return "diverged"
    return f"{value:z.{digits}f}" if abs(value) < 1e5 else f"{value:.0e}"


def at_steps(table: pd.DataFrame, steps: Sequence[int] = STEPS) -> pd.DataFrame:
    """Figure 4D: `as_text` at some steps, and how many worms and members each row rests on.

    Index line and number of training worms; columns `MSE, 8`, ..., `skill (%), 8`, ..., worms,
    members and diverged.
    """
    at, keys = as_text(table[table["step"].isin(steps)]), ["line", "n_train"]
    wide = at.pivot(index=keys, columns="step", values=["MSE", "skill (%)"])
    wide.columns = pd.Index(["{}, {}".format(*names) for names in wide.columns])
    counts = {"worms": ("worms", "first"), "members": ("members", "first")}
    sizes = table.groupby(keys, sort=False).agg(**counts, diverged=("diverged", "max"))
    return wide.reindex(sizes.index).join(sizes)


def beside(tables: Mapping[str, pd.DataFrame], step: int = 8) -> pd.DataFrame:
    """Skill (percent) of each line in several tables of `skill`, at one frame ahead.

    Columns line, trained on (`fewest` or `most` of the numbers of training worms of its table),
    and one for each table, as `at_steps` prints it; missing where the table lacks the line.
    """
    columns: dict[str, pd.Series[str]] = {}
    for name, table in tables.items():
        few, many = table["n_train"].min(), table["n_train"].max()
        at = as_text(table[(table["step"] == step) & table["n_train"].isin([few, many])])
        trained = np.where(at["n_train"] == many, "most", "fewest")
        index = pd.MultiIndex.from_arrays([at["line"], trained], names=["line", "trained on"])
        columns[name] = at.set_index(index)["skill (%)"]
    order = list(dict.fromkeys(key for column in columns.values() for key in column.index))
    wide = pd.DataFrame({name: column.reindex(order) for name, column in columns.items()})
    return wide.reset_index()


def search(rows: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Every line less a baseline, as the training worms show it and on a worm left out.

    `rows` are of members trained on all worms but one, and on all but two. MSE (1e-4, mean over
    frames ahead) less the baseline's, by line and held_out: `inner` of members that have nothing to
    do with that worm, on the other worms that they never met; `outer` of members that all other
    worms train, on the worm itself.
    """
    table = leave_one_worm_out(over_steps(rows), score="mse")
    gaps = {}
    for side, n in zip(("inner", "outer"), sorted(table["n_train"].unique()), strict=True):
        some = table[table["n_train"] == n]
        mse = some.pivot(index="line", columns="held_out", values=side)
        gaps[side] = (1e4 * (mse - mse.loc[baseline]).drop(index=baseline)).stack()
    order = list(rows["line"].unique())
    return (
        pd.DataFrame(gaps).reset_index().sort_values("line", key=lambda own: own.map(order.index))
    )


class FreeRun(NamedTuple):
    """One roll-out beside the truth, on a `worm` that its member, trained on `subset`, never met.

    `truth` and `path` are scores on the worm's components, shape (frames, 3); the path is not
    finite where the roll-out was not.
    """

    subset: tuple[str, ...]
    worm: str
    truth: Floats
    path: Floats

    @property
    def fate(self) -> str:
        """One of `FATES`: what the roll-out does in the end.

        `runs away`: a score leaves the range of the true path by more than twice its width;
        `stops`: its last quarter moves less than `STILL`; `cycles`: its second half has
        `RETURNS`; `drifts`: none of these.
        """
        low, high = self.truth.min(axis=0), self.truth.max(axis=0)
        far = 2 * (high - low)
        if not ((self.path >= low - far) & (self.path <= high + far)).all():
            return "runs away"
        half, end = self.path[len(self.path) // 2 :, 0], self.path[-len(self.path) // 4 :]
        if end.std(axis=0).max() < STILL * self.truth[:, 0].std():
            return "stops"
        crossings = np.count_nonzero(np.diff(half > half.mean()))
        return "cycles" if crossings >= RETURNS else "drifts"

    @property
    def variance(self) -> float:
        """Variance of the second half, as a share of the truth's; missing where it runs away."""
        if self.fate == "runs away":  # and need not be finite
            return float("nan")
        late = self.path[len(self.path) // 2 :]
        return float(late.var(axis=0).sum() / self.truth.var(axis=0).sum())


def free_runs(table: Table, line: str) -> list[FreeRun]:
    """All roll-outs of a line in its first fold, one for each member and worm it never met."""
    members, runs = table.subsets(line), []
    arrays = table.arrays(line, table.profile.folds[0])
    for column, worm in enumerate(_features(table, line)):
        traces = worm.x[0].T.astype(np.float64)
        mean = traces.mean(axis=0)
        axes = axes_of(traces - mean)
        begin = free_start(worm.n_frames) + BURN_IN_FRAMES
        truth = (traces[begin : begin + FREE_FRAMES] - mean) @ axes
        for row in np.flatnonzero(~arrays["seen"][:, column]):
            free = arrays["free"][row, column, 0].T.astype(np.float64)
            with np.errstate(invalid="ignore", over="ignore"):
                path = (free - mean) @ axes
            runs.append(FreeRun(members[row], worm.worm, truth, path))
    return runs


def _features(table: Table, line: str) -> tuple[Features, ...]:
    """Features of every worm, as a line sees them."""
    return table.cohort(line).features(2, table.runs[line][0].plan.scaling)


def describe_free_runs(table: Table, lines: Sequence[str] = ()) -> pd.DataFrame:
    """Number of roll-outs of each fate, and their median variance; of all lines if none is named.

    Columns line, n_train, one for each of `FATES`, roll-outs, variance (of those that stay).
    """
    runs = pd.DataFrame(
        {"line": n, "n_train": len(r.subset), "fate": r.fate, "variance": r.variance}
        for n in lines or table.runs
        for r in free_runs(table, n)
    )
    counted = runs.assign(**{fate: runs["fate"] == fate for fate in FATES})
    totals = {fate: (fate, "sum") for fate in FATES}
    totals |= {"roll-outs": ("fate", "size"), "variance": ("variance", "median")}
    return counted.groupby(["line", "n_train"], sort=False).agg(**totals).reset_index()


def free_run(table: Table, line: str) -> FreeRun:
    """The roll-out of the `member_for_show`."""
    row, column = member_for_show(table, line)
    subset, worm = table.subsets(line)[row], table.cohort(line).worms[column]
    return next(r for r in free_runs(table, line) if (r.subset, r.worm) == (subset, worm))


def gallery(
    table: Table, lines: Sequence[str], neurons: Sequence[str]
) -> tuple[Floats, NDArray[np.int64], dict[str, Floats]]:
    """Every second forecast that lines of the same members keep, of the `member_for_show`.

    True scaled traces (neurons, frames), the first known frame of each forecast, and by line the
    forecasts (neurons, starts, frames ahead).
    """
    row, column = member_for_show(table, lines[0])
    worm, kept = _features(table, lines[0])[column], slice(1, None, 2)
    places, fold = [worm.neurons.index(name) for name in neurons], table.profile.folds[0]
    examples = {n: table.arrays(n, fold)["examples"][row, column, 0][places, kept] for n in lines}
    return worm.x[0, places].astype(np.float64), example_starts(worm.n_frames)[kept], examples


def member_for_show(table: Table, line: str) -> tuple[int, int]:
    """Row and column of a member with most training worms and the first worm it never met."""
    members = table.subsets(line)
    seen = table.arrays(line, table.profile.folds[0])["seen"]
    most = max(map(len, members))
    rows = [row for row, worms in enumerate(members) if len(worms) == most]
    return min(((row, int(np.argmin(seen[row]))) for row in rows), key=lambda pair: pair[1])


FORECAST = ("VAR, four frames", "MLP", "GNN, self edge")
"""Lines whose forecasts are shown; the first decides on the member and the worm."""


def forecast_examples(table: Table) -> Figure:
    """True traces of an unseen worm, and what models predict from evenly spaced starts."""
    use_style()
    names = ("AVAL", "AVBL", "RMED", "VB02")
    truth, starts, examples = gallery(table, FORECAST, names)
    size: dict[str, Any] = {"figsize": (9, 6), "layout": "constrained"}
    figure, grid = plt.subplots(len(names), len(starts), sharex=True, sharey=True, **size)
    example_forecasts(truth, starts.tolist(), examples, names, grid)
    return figure_legend(figure)


def free_roll_outs(table: Table) -> Figure:
    """The true path of an unseen worm beside that of models which run on their own predictions."""
    use_style()
    size: dict[str, Any] = {"figsize": (9, 3), "layout": "constrained"}
    figure, row = plt.subplots(1, len(FORECAST), sharex=True, sharey=True, **size)
    for axes, line in zip(row, FORECAST, strict=True):
        free = free_run(table, line)
        free_paths(free.truth, {line: free.path}, axes)
        axes.set_title(f"{line}: {free.fate}")
        axes.label_outer()
    return figure
