"""Reference tables of experiments: the command, the scale, and what goes into `results/`."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import Any

import pandas as pd

from wormgnn import results
from wormgnn.comparison import summarise
from wormgnn.paper.experiments import EXPERIMENTS
from wormgnn.paper.studies.forecasts import at_steps, skill
from wormgnn.plan import Experiment, Line, Profile, profile_named
from wormgnn.runner import TASKS, Table, json_of, run
from wormgnn.store import Store


def run_at(
    experiment: Experiment,
    dataset: str | None = None,
    profile: str | None = None,
    folds: int | None = None,
    seed: int = 0,
    device: str = "auto",
    jobs: int | None = None,
) -> Table:
    """Run an experiment at the scale of its reference, or another.

    `folds` counts the profile's first folds; the reference's own number where neither profile nor
    folds are given.
    """
    scale = profile_named(profile or experiment.profile)
    own = experiment.folds if profile is None else None
    wanted = own if folds is None else folds
    return run(experiment, dataset, scale.with_folds(wanted), Store(), seed, device, jobs)


def command(table: Table) -> str:
    """The command line that computes the reference tables of this run again."""
    ran, whole = table.experiment, EXPERIMENTS[table.experiment.name]
    words = ["wormgnn", "run", ran.name]
    if len(ran.lines) < len(whole.lines):
        words += [word for line in ran.lines for word in ("--line", line.label)]
    usual = profile_named(ran.profile).with_folds(ran.folds)
    if table.dataset != ran.dataset:
        words += ["--dataset", str(table.dataset)]
    if table.profile.name != usual.name:
        words += ["--profile", table.profile.name]
        usual = profile_named(table.profile.name)
    if table.profile.folds != usual.folds:
        words += ["--folds", str(len(table.profile.folds))]
    if table.seed:
        words += ["--seed", str(table.seed)]
    return shlex.join([*words, "--reference"])


def write(table: Table, folder: Path | None = None) -> list[Path]:
    """Write every reference table and picture of a run; returns their paths.

    Lines that the run lacks stay as they are, so that a table can be computed line by line, each
    with its own number of folds. A table that is not made line by line is written by a run of all
    lines alone.

    Raises
    ------
    StoreError
        Lines would stay that come from other worms, another scale or another definition.
    """
    experiment = EXPERIMENTS[table.experiment.name]
    about = {
        "command": command(table),
        "dataset": str(table.dataset),
        "data": {worm.worm: worm.digest for worm in table.recordings},
        "seed": table.seed,
        "profile": dataclasses.asdict(table.profile),
        "experiment": experiment.name,
    }
    defined = {line.label: definition(line) for line in experiment.lines}
    paths = []
    for name, make in experiment.makers.items():
        made = make(table)
        lines = defined if "line" in made and set(made["line"]) <= set(defined) else None
        if lines is None and len(table.experiment.lines) < len(experiment.lines):
            continue  # it would lose what the other lines gave
        paths.append(results.write(f"{name}.{table.dataset}", made, about, lines, folder))
    for name, draw in experiment.pictures.items():
        figure = draw(table)
        paths.append(results.write_picture(f"{name}.{table.dataset}", figure, about, folder))
    return paths


def definition(line: Line) -> dict[str, Any]:
    """What a line is, as plain JSON: its plan, what it reads, and the versions behind it."""
    task, model = TASKS[line.plan.task].version(line.plan)
    return {
        "plan": json_of(line.plan),
        "model": line.model_name,
        "neurons": line.neurons if isinstance(line.neurons, str) else list(line.neurons),
        "view": line.view,
        "train": None if line.train is None else str(line.train),
        "alone": line.alone,
        "factors": dict(line.factors),
        "versions": {"task": task, "model": model},
    }


def listing() -> pd.DataFrame:
    """Every experiment: name, lines, dataset, profile, folds, networks to train, tables, title.

    Networks are counted at the reference's scale, for five training worms; what is no network
    counts as one fit.
    """
    rows = []
    for experiment in EXPERIMENTS.values():
        scale = profile_named(experiment.profile).with_folds(experiment.folds)
        unseen = "" if experiment.unseen is None else f" > {experiment.unseen}"
        rows.append(
            {
                "name": experiment.name,
                "lines": len(experiment.lines),
                "worms": experiment.dataset + unseen,
                "profile": scale.name,
                "folds": len(scale.folds),
                "fits": sum(_fits(line, scale) for line in experiment.lines),
                "tables": ", ".join([*experiment.makers, *experiment.pictures]),
                "title": experiment.title,
            }
        )
    return pd.DataFrame(rows)


def _fits(line: Line, scale: Profile) -> int:
    subsets = scale.subsets([str(number) for number in range(5)], line.plan.sizes)
    folds = 1 if line.plan.split == "none" else len(scale.folds)
    return len(subsets) * folds * len(line.plan.options.get("draws", [()]))


def summary(table: Table) -> pd.DataFrame:
    """What a run gave, for a terminal: means by line, or the first of its tables."""
    if table.rows.empty:
        return next(iter(table.experiment.makers.values()))(table).head(40)
    if "mse" in table.rows:
        return at_steps(skill(table.rows)).reset_index()
    varied = [n for n in ("view", "neurons", "n_states") if table.rows[n].nunique() > 1]
    return summarise(table.rows, ["line", *varied])
