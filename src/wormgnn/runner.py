"""The one runner: from an experiment to its table, each fold kept as soon as it is done."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from wormgnn import parallel
from wormgnn.cohort import Cohort, Subset, Worms
from wormgnn.comparison import FACTORS, IDENTITY
from wormgnn.errors import ChoiceError, chosen
from wormgnn.plan import Experiment, Line, Plan, Profile, profile_named
from wormgnn.recording import Recording
from wormgnn.store import Arrays, Store
from wormgnn.tasks import states, traces

TASKS: dict[str, ModuleType] = {"states": states, "traces": traces}
"""A task has `check`, `version`, `subsets`, `run_fold` and `rows`."""


@dataclass(frozen=True)
class LineRun:
    """One line on one cohort: what is run, and where its folds are kept."""

    line: Line
    cohort: Cohort
    store: Store
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
        """The cohort; or one for each member, where they are stored one by one."""
        if self.plan.task != "traces" or not self.cohort.profile.stored_singly:
            return [self.cohort]
        return [replace(self.cohort, only=subset) for subset in self.subsets]

    def job(self, fold: int, group: Cohort) -> parallel.Job:
        """A fold to compute, for one of the `groups`."""
        epochs = self.plan.epochs or group.profile.epochs
        members = len(self.task.subsets(self.plan, group))
        members *= len(self.plan.options.get("draws", [()]))
        compute = partial(self.computed, fold, group)
        return parallel.Job(self.line.label, self.line.model_name, members * epochs, compute)

    def arrays(self, fold: int) -> Arrays:
        """What is stored of a fold; computed where the store lacks it."""
        first, *others = (self.computed(fold, group) for group in self.groups)
        if not others:
            return first
        return {n: np.concatenate([first[n], *(other[n] for other in others)]) for n in first}

    def computed(self, fold: int, group: Cohort) -> Arrays:
        """The same of one of its `groups`."""
        compute = partial(self.task.run_fold, self.plan, group, fold, self.device)
        return self.store.compute(self.inputs(fold, group), compute)

    def inputs(self, fold: int, group: Cohort) -> dict[str, Any]:
        """Everything that a result depends on, as plain JSON: the store's key."""
        profile, subsets = group.profile, self.task.subsets(self.plan, group)
        # A member is the same, whatever others were asked for.
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
        line, plan, cohort = self.line, self.plan, self.cohort
        folds = {fold: self.arrays(fold) for fold in self.folds}
        tables = [self.task.rows(plan, cohort, *one) for one in folds.items()]
        rows = pd.concat(tables, ignore_index=True)
        known: dict[str, Any] = {
            "experiment": experiment.name,
            "line": line.label,
            "model": line.model_name,
            "task": plan.task,
            "neurons": line.neurons_name,
            "n_neurons": len(cohort.neurons),
            "view": line.view,
            "train": cohort.recordings[0].dataset,
            "scaling": plan.scaling,
            "split": plan.split,
        }
        if plan.task == "states":
            known["n_states"] = plan.n_states
        if experiment.unseen is not None:
            known["animals"] = "+".join(cohort.worms[0 if line.alone else cohort.n_pool :])
        known |= line.factors
        rows = rows.assign(**{k: v for k, v in known.items() if k not in rows})
        order = dict.fromkeys([*IDENTITY, *FACTORS, *line.factors, *rows])
        rows = rows[[name for name in order if name in rows]]
        counts = [arrays["counts"] for arrays in folds.values() if "counts" in arrays]
        return rows, _pooled(rows, np.concatenate(counts)) if counts else None


@dataclass(frozen=True, eq=False)
class Table:
    """What an experiment gave; what several reference tables need of it can be cached by it.

    - `rows`: one row for each line, fold, member and worm (and frame ahead, for traces): columns of
      identity (`comparison.IDENTITY`), the lines' factors, then scores.
    - `confusion`: counts pooled over folds and subsets: columns of identity, labelled, predicted
      (codes of states), count. None if no line tells states.
    - `recordings`: worms that train and worms that are evaluated only, as they were loaded; none
      where all are simulated for a line.
    - `runs`: each line's runs by its label: one, or one for each set of neurons.
    """

    rows: pd.DataFrame
    confusion: pd.DataFrame | None
    experiment: Experiment
    dataset: str | Sequence[Recording]
    profile: Profile
    seed: int = 0
    recordings: Sequence[Recording] = ()
    runs: Mapping[str, Sequence[LineRun]] = field(default_factory=dict, repr=False)

    def arrays(self, line: str, fold: int) -> Arrays:
        """What the store keeps of a fold: counts, seen, edges, validation, best_epoch, ...

        `fold` is -1 where every frame trains. ChoiceError for a line or fold that was not run. Here
        and below, a line with several sets of neurons is told by its first.
        """
        run = self._run(line)
        if fold not in run.folds:
            raise ChoiceError("fold", fold, run.folds)
        return run.arrays(fold)

    def subsets(self, line: str) -> list[Subset]:
        """Worms that each member of a line trained on, in the order of its arrays."""
        return self._run(line).subsets

    def cohort(self, line: str) -> Cohort:
        """Worms, neurons and features of a line."""
        return self._run(line).cohort

    def manifest(self, line: str, fold: int) -> dict[str, Any]:
        """What the store knows of a fold: inputs, seconds, versions, when it was written.

        Of its first member alone, where they are stored one by one.
        """
        run = self._run(line)
        return run.store.manifest(run.inputs(fold, run.groups[0]))

    def _run(self, line: str) -> LineRun:
        return chosen("line", line, self.runs)[0]


def run(
    experiment: Experiment,
    dataset: str | Sequence[Recording] | None = None,
    profile: str | Profile | None = None,
    store: Store | None = None,
    seed: int = 0,
    device: str = "auto",
    jobs: int | None = None,
) -> Table:
    """Run all lines of an experiment; what the store holds is not run again.

    Folds run side by side where that pays (`parallel.finish`), with the same results, to the bit.

    - `experiment`, `dataset`: what to run, and worms that train in the place of its own: a dataset
      or recordings.
    - `profile`: scale, or its name; that of the experiment's reference if None.
    - `store`: where finished folds are kept; the default store if None.
    - `seed`: of folds, initial weights and the order of training, of every line.
    - `device`, `jobs`: `auto` takes a CUDA device where there is one; processes at once,
      `$WORMGNN_JOBS`, else one for each core, if None.

    DatasetUnavailableError, ChoiceError, NeuronError, RecordingError or TrainingError for worms
    that are not here, unknown names, neurons or worms that do not fit, training that diverged.
    """
    source = experiment.dataset if dataset is None else dataset
    usual = profile_named(experiment.profile).with_folds(experiment.folds)
    scale = profile_named(profile) if isinstance(profile, str) else profile or usual
    worms, store = Worms(experiment, source, scale, seed), store or Store()
    runs = {}
    for line in experiment.lines:
        seeded = replace(line, plan=replace(line.plan, seed=seed + line.plan.seed))
        runs[line.label] = [LineRun(seeded, c, store, device) for c in worms.cohorts(line)]
    every = [one for own in runs.values() for one in own]
    _compute_lacking(experiment.name, every, jobs)
    rows, counts = [pd.DataFrame()], []
    for one in every:
        table, confusion = one.table(experiment)
        rows.append(table)
        counts += [] if confusion is None else [confusion]
    return Table(
        pd.concat(rows[1:] or rows, ignore_index=True),
        pd.concat(counts, ignore_index=True) if counts else None,
        experiment,
        source,
        scale,
        seed,
        tuple(worms.recordings()),
        runs,
    )


def _compute_lacking(name: str, runs: Sequence[LineRun], jobs: int | None) -> None:
    """Compute the folds that the store lacks, each once."""
    wanted = {}
    for one in runs:
        one.task.check(one.plan, one.cohort)
        for fold, group in itertools.product(one.folds, one.groups):
            wanted[one.store.path(one.inputs(fold, group))] = one, (fold, group)
    lacking = [one.job(*place) for path, (one, place) in wanted.items() if not path.exists()]
    if lacking:
        runs[0].store.prepare()
        processes = parallel.processes(jobs, runs[0].device)
        parallel.finish(name, lacking, processes, len(wanted) - len(lacking))


def json_of(plan: Plan) -> dict[str, Any]:
    """A plan as plain JSON."""
    return {**dataclasses.asdict(plan), "options": dict(plan.options)}


def _pooled(rows: pd.DataFrame, counts: np.ndarray) -> pd.DataFrame:
    """Confusion counts of a line, pooled over folds and subsets: a row for each pair of states."""
    n_states = counts.shape[-1]
    same = ["subset", "fold"]
    known = [n for n in (*IDENTITY, *FACTORS, "n_neurons") if n in rows and n not in same]
    cells = pd.DataFrame(counts.reshape(len(rows), -1))
    long = (
        pd.concat([rows[known].reset_index(drop=True), cells], axis=1)
        .groupby(known, sort=False)
        .sum()
        .melt(ignore_index=False, value_name="count")
        .reset_index()
    )
    cell = long.pop("variable").astype(int)
    return long.assign(labelled=cell // n_states, predicted=cell % n_states)
