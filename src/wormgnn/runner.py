"""The one runner: from an experiment to its table, each fold kept as soon as it is done."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from wormgnn import parallel
from wormgnn import store as stores
from wormgnn.cohort import VIEWS, Cohort, Subset
from wormgnn.comparison import FACTORS, IDENTITY
from wormgnn.datasets import registry
from wormgnn.datasets.simulated import Simulation
from wormgnn.errors import chosen
from wormgnn.neurons import sets_of
from wormgnn.plan import Experiment, Line, Plan, Profile, profile_named
from wormgnn.recording import Recording, at_one_rate
from wormgnn.results import Table
from wormgnn.tasks import states, traces

TASKS: dict[str, ModuleType] = {"states": states, "traces": traces}
"""A task has `check`, `version`, `subsets`, `run_fold` and `rows`."""

GIVEN = "given recordings"
"""Name of worms that were handed to `run` in the place of a dataset."""

OTHER_LAB = "another lab"
"""Stands for the freely moving animals that go with the training worms."""


def run(
    experiment: Experiment,
    dataset: str | Sequence[Recording] | None = None,
    profile: Profile | None = None,
    store: stores.Store | None = None,
    seed: int = 0,
    device: str = "auto",
    jobs: int | None = None,
) -> Table:
    """Run all lines of an experiment; what the store holds is not run again.

    Folds run side by side where that pays (`parallel.finish`), with the same results, to the bit.

    Parameters
    ----------
    experiment
        What to run.
    dataset
        Worms that train, in the place of the experiment's own: a dataset or recordings.
    profile
        Scale; that of the experiment's reference if None.
    store
        Where finished folds are kept; the default store if None.
    seed
        Of folds, initial weights and the order of training, of every line.
    device
        `auto` takes a CUDA device where there is one.
    jobs
        Processes at once; `$WORMGNN_JOBS`, else one for each core, if None.

    Returns
    -------
    table
        `rows` has one row for each line, fold, member and worm (and frame ahead, for traces), with
        columns of identity (`compare.IDENTITY`), the lines' factors, and scores.

    Raises
    ------
    DatasetUnavailableError, ChoiceError, NeuronError, RecordingError, TrainingError
        Worms that are not here, unknown names, neurons or worms that do not fit, training that
        diverged.
    """
    source = experiment.dataset if dataset is None else dataset
    scale = profile or profile_named(experiment.profile).with_folds(experiment.folds)
    worms = _Worms(experiment, source, scale, seed)
    lines = [
        replace(line, plan=replace(line.plan, seed=seed + line.plan.seed))
        for line in experiment.lines
    ]
    keep = store or stores.Store()
    runs = {
        line.label: [LineRun(line, cohort, keep, device) for cohort in worms.cohorts(line)]
        for line in lines
    }
    _compute_lacking(experiment.name, [part for parts in runs.values() for part in parts], jobs)
    rows, confusion = _joined(experiment, runs)
    recordings = tuple(worms.recordings())
    return Table(rows, confusion, experiment, source, scale, seed, recordings, runs)


def _compute_lacking(name: str, runs: Sequence[LineRun], jobs: int | None) -> None:
    """Compute the folds that the store lacks, each once, and take the rows of all."""
    for part in runs:
        part.task.check(part.plan, part.cohort)
    folds = {part.path(fold): (part, fold) for part in runs for fold in part.folds}
    lacking = [part.job(fold) for path, (part, fold) in folds.items() if not path.exists()]
    if lacking:
        runs[0].store.prepare()
        processes = parallel.processes(jobs, runs[0].device)
        parallel.finish(name, lacking, processes, len(folds) - len(lacking))
    for part in runs:
        part.collect()


class _Worms:
    """Cohorts of an experiment's lines; recordings and their features are made once."""

    def __init__(
        self,
        experiment: Experiment,
        source: str | Sequence[Recording],
        profile: Profile,
        seed: int,
    ) -> None:
        self.experiment, self.profile, self.seed = experiment, profile, seed
        self.loaded: dict[object, list[Recording]] = {}
        self.made: dict[object, Cohort] = {}
        self.source = source if isinstance(source, str) else GIVEN
        if not isinstance(source, str):
            self.loaded[GIVEN] = list(source)

    def cohorts(self, line: Line) -> Iterator[Cohort]:
        """One cohort, or one for each set of neurons that other animals are decoded by."""
        source = line.train or self.source
        train = self._load(source)
        unseen = [] if line.alone else self._load(self.experiment.unseen)
        if line.pool is not None:
            first, last = line.pool
            train, unseen = train[:first], train[-last:]
        if self.experiment.unseen is not None:
            train, unseen = at_one_rate(*([train, unseen] if unseen else [train, train]))
            unseen = [] if line.alone else unseen
        for neurons, group in sets_of(line.neurons, train, unseen):
            decoded = tuple(worm.worm for worm in group)
            key = (source, line.view, line.pool, line.alone, neurons, decoded)
            if key not in self.made:
                view = chosen("view", line.view, VIEWS)
                seen, others = (view(worms, source, neurons) for worms in (train, group))
                self.made[key] = Cohort.of(seen, neurons, self.profile, others, self.seed)
            yield self.made[key]

    def recordings(self) -> list[Recording]:
        """Worms of the experiment's datasets, as loaded; none if all lines have their own."""
        lines = self.experiment.lines
        if lines and all(isinstance(line.train, Simulation) for line in lines):
            return []
        return [*self._load(self.source), *self._load(self.experiment.unseen)]

    def _load(self, source: str | Simulation | None) -> list[Recording]:
        if source is None:
            return []
        if source not in self.loaded:
            self.loaded[source] = (
                registry.other_lab(self.source) if source == OTHER_LAB else registry.load(source)
            )
        return self.loaded[source]


@dataclass
class LineRun:
    """One line on one cohort: what is run, and where its folds are kept."""

    line: Line
    cohort: Cohort
    store: stores.Store
    device: str = "auto"
    tables: list[pd.DataFrame] = field(default_factory=list)
    counts: list[np.ndarray] = field(default_factory=list)

    @property
    def plan(self) -> Plan:
        """What is run."""
        return self.line.plan

    @property
    def task(self) -> ModuleType:
        """The plan's task; ChoiceError for an unknown one."""
        return chosen("task", self.plan.task, TASKS)

    @property
    def folds(self) -> Sequence[int]:
        """Folds of the profile; -1 where every frame trains."""
        return (-1,) if self.plan.split == "none" else self.cohort.profile.folds

    @property
    def subsets(self) -> list[Subset]:
        """Worms that each member trains on."""
        subsets: list[Subset] = self.task.subsets(self.plan, self.cohort)
        return subsets

    def job(self, fold: int) -> parallel.Job:
        """A fold to compute."""
        epochs = self.plan.epochs or self.cohort.profile.epochs
        members = len(self.subsets) * len(self.plan.options.get("draws", [()]))
        compute = partial(self.arrays, fold)
        return parallel.Job(self.line.label, self.line.model_name, members * epochs, compute)

    def collect(self) -> None:
        """Take the rows of every fold."""
        for fold in self.folds:
            arrays = self.arrays(fold)
            self.tables.append(self.task.rows(self.plan, self.cohort, fold, arrays))
            if "counts" in arrays:
                n = self.plan.n_states
                self.counts.append(arrays["counts"].reshape(-1, n, n))

    def arrays(self, fold: int) -> stores.Arrays:
        """What is stored of a fold; computed where the store lacks it."""
        compute = partial(self.task.run_fold, self.plan, self.cohort, fold, self.device)
        return self.store.compute(self.inputs(fold), compute)

    def path(self, fold: int) -> Path:
        """Where the store keeps a fold."""
        return self.store.path(self.inputs(fold))

    def inputs(self, fold: int) -> dict[str, Any]:
        """Everything that a fold's result depends on, as plain JSON: the store's key."""
        profile = self.cohort.profile
        return {
            "plan": json_of(self.plan),
            "version": self.task.version(self.plan),
            "neurons": list(self.cohort.neurons),
            "subsets": [list(subset) for subset in self.subsets],
            "fold": fold,
            "n_folds": profile.n_folds,
            "epochs": self.plan.epochs or profile.epochs,
            "hidden": profile.hidden if self.plan.task == "traces" else None,
            "data": self.cohort.data,  # their order decides the folds
        }

    def identified(self, experiment: Experiment) -> pd.DataFrame:
        """Rows of all folds with their columns of identity first."""
        rows = pd.concat(self.tables, ignore_index=True)
        line, plan = self.line, self.plan
        known: dict[str, Any] = {
            "experiment": experiment.name,
            "line": line.label,
            "model": line.model_name,
            "task": plan.task,
            "neurons": line.neurons_name,
            "n_neurons": len(self.cohort.neurons),
            "view": line.view,
            "train": self.cohort.recordings[0].dataset,
            "scaling": plan.scaling,
            "split": plan.split,
            **({"n_states": plan.n_states} if plan.task == "states" else {}),
            **({"animals": self._animals()} if experiment.unseen is not None else {}),
            **line.factors,
        }
        rows = rows.assign(**{k: v for k, v in known.items() if k not in rows})
        factors = [name for name in FACTORS if name in rows]
        order = [*(n for n in IDENTITY if n in rows), *factors]
        order += [name for name in line.factors if name not in order]
        return rows[[*order, *(name for name in rows if name not in order)]]

    def _animals(self) -> str:
        first = 0 if self.line.alone else self.cohort.n_pool
        return "+".join(self.cohort.worms[first:])


def json_of(plan: Plan) -> dict[str, Any]:
    """A plan as plain JSON."""
    return {**dataclasses.asdict(plan), "options": dict(plan.options)}


def _joined(
    experiment: Experiment, runs: dict[str, list[LineRun]]
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Rows of all lines, and their confusion counts if any line has some."""
    every = [part for parts in runs.values() for part in parts]
    if not every:
        return pd.DataFrame(), None
    rows = [part.identified(experiment) for part in every]
    confusions = [
        _pooled(table, np.concatenate(part.counts))
        for part, table in zip(every, rows, strict=True)
        if part.counts
    ]
    confusion = pd.concat(confusions, ignore_index=True) if confusions else None
    return pd.concat(rows, ignore_index=True), confusion


def _pooled(rows: pd.DataFrame, counts: np.ndarray) -> pd.DataFrame:
    """Confusion counts of a line, pooled over folds and subsets: a row for each pair of states."""
    n_states = counts.shape[-1]
    same = ["subset", "fold"]
    known = [n for n in (*IDENTITY, *FACTORS, "n_neurons") if n in rows and n not in same]
    cells = pd.DataFrame(counts.reshape(len(counts), -1))
    long = (
        pd.concat([rows[known].reset_index(drop=True), cells], axis=1)
        .groupby(known, sort=False)
        .sum()
        .melt(ignore_index=False, value_name="count")
        .reset_index()
    )
    cell = long.pop("variable").astype(int)
    return long.assign(labelled=cell // n_states, predicted=cell % n_states)
