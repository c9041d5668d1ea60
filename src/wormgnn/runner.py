"""The one runner: from an experiment to its table, each fold kept as soon as it is done."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
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
    profile: str | Profile | None = None,
    store: stores.Store | None = None,
    seed: int = 0,
    device: str = "auto",
    jobs: int | None = None,
) -> Table:
    """Run all lines of an experiment; what the store holds is not run again.

    Folds run side by side where that pays (`parallel.finish`), with the same results, to the bit.

    Parameters
    ----------
    experiment, dataset
        What to run, and worms that train in the place of its own: a dataset or recordings.
    profile
        Scale, or its name; that of the experiment's reference if None.
    store
        Where finished folds are kept; the default store if None.
    seed
        Of folds, initial weights and the order of training, of every line.
    device, jobs
        `auto` takes a CUDA device where there is one; processes at once, `$WORMGNN_JOBS`, else one
        for each core, if None.

    Returns
    -------
    table
        `rows` has one row for each line, fold, member and worm (and frame ahead, for traces), with
        columns of identity (`comparison.IDENTITY`), the lines' factors, and scores.

    DatasetUnavailableError, ChoiceError, NeuronError, RecordingError or TrainingError for worms
    that are not here, unknown names, neurons or worms that do not fit, training that diverged.
    """
    source = experiment.dataset if dataset is None else dataset
    usual = profile_named(experiment.profile).with_folds(experiment.folds)
    scale = profile_named(profile) if isinstance(profile, str) else profile or usual
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
    every = [part for parts in runs.values() for part in parts]
    _compute_lacking(experiment.name, every, jobs)
    tables = [part.table(experiment) for part in every]
    rows = pd.concat([own for own, _ in tables], ignore_index=True) if tables else pd.DataFrame()
    pooled = [counts for _, counts in tables if counts is not None]
    confusion = pd.concat(pooled, ignore_index=True) if pooled else None
    recordings = tuple(worms.recordings())
    return Table(rows, confusion, experiment, source, scale, seed, recordings, runs)


def _compute_lacking(name: str, runs: Sequence[LineRun], jobs: int | None) -> None:
    """Compute the folds that the store lacks, each once."""
    for part in runs:
        part.task.check(part.plan, part.cohort)
    wanted = {
        part.store.path(part.inputs(fold, group)): (part, fold, group)
        for part in runs
        for fold, group in itertools.product(part.folds, part.groups)
    }
    lacking = [
        part.job(fold, group) for path, (part, fold, group) in wanted.items() if not path.exists()
    ]
    if lacking:
        runs[0].store.prepare()
        processes = parallel.processes(jobs, runs[0].device)
        parallel.finish(name, lacking, processes, len(wanted) - len(lacking))


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

    @property
    def groups(self) -> list[Cohort]:
        """The cohort; or, where members of a fold are stored by themselves, one for each group."""
        at_once = self.cohort.profile.stored_together
        if at_once is None or self.plan.task != "traces":
            return [self.cohort]
        subsets = self.subsets
        groups = (subsets[i : i + at_once] for i in range(0, len(subsets), at_once))
        return [replace(self.cohort, only=tuple(group)) for group in groups]

    def job(self, fold: int, group: Cohort) -> parallel.Job:
        """A fold to compute, or a group of its members."""
        epochs = self.plan.epochs or group.profile.epochs
        members = len(self.task.subsets(self.plan, group))
        members *= len(self.plan.options.get("draws", [()]))
        compute = partial(self.computed, fold, group)
        return parallel.Job(self.line.label, self.line.model_name, members * epochs, compute)

    def arrays(self, fold: int) -> stores.Arrays:
        """What is stored of a fold; computed where the store lacks it."""
        first, *others = (self.computed(fold, group) for group in self.groups)
        if not others:
            return first
        return {n: np.concatenate([first[n], *(other[n] for other in others)]) for n in first}

    def computed(self, fold: int, group: Cohort) -> stores.Arrays:
        """The same of one of its `groups`."""
        compute = partial(self.task.run_fold, self.plan, group, fold, self.device)
        return self.store.compute(self.inputs(fold, group), compute)

    def inputs(self, fold: int, group: Cohort) -> dict[str, Any]:
        """Everything that a result depends on, as plain JSON: the store's key."""
        profile, subsets = group.profile, self.task.subsets(self.plan, group)
        # A group is the same, whatever other members were asked for.
        plan = self.plan if group.only is None else replace(self.plan, sizes=None)
        return {
            "plan": json_of(plan),
            "version": self.task.version(self.plan),
            "neurons": list(self.cohort.neurons),
            "subsets": [list(subset) for subset in subsets],
            "fold": fold,
            "n_folds": profile.n_folds,
            "epochs": self.plan.epochs or profile.epochs,
            "hidden": profile.hidden if self.plan.task == "traces" else None,
            "data": self.cohort.data,  # their order decides the folds
        }

    def table(self, experiment: Experiment) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        """Rows of all folds, columns of identity first; confusion counts of what tells states."""
        line, plan = self.line, self.plan
        tables, counts = [], []
        for fold in self.folds:
            arrays = self.arrays(fold)
            tables.append(self.task.rows(plan, self.cohort, fold, arrays))
            if "counts" in arrays:
                counts.append(arrays["counts"].reshape(-1, plan.n_states, plan.n_states))
        rows = pd.concat(tables, ignore_index=True)
        first = 0 if line.alone else self.cohort.n_pool
        animals = {"animals": "+".join(self.cohort.worms[first:])}
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
            **(animals if experiment.unseen is not None else {}),
            **line.factors,
        }
        rows = rows.assign(**{k: v for k, v in known.items() if k not in rows})
        factors = [name for name in FACTORS if name in rows]
        order = [*(n for n in IDENTITY if n in rows), *factors]
        order += [name for name in line.factors if name not in order]
        rows = rows[[*order, *(name for name in rows if name not in order)]]
        return rows, _pooled(rows, np.concatenate(counts)) if counts else None


def json_of(plan: Plan) -> dict[str, Any]:
    """A plan as plain JSON."""
    return {**dataclasses.asdict(plan), "options": dict(plan.options)}


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
