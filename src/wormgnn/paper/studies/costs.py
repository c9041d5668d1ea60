"""What training costs: time and memory of a step against members, neurons and frames."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from wormgnn.plan import Plan
from wormgnn.results import Table
from wormgnn.tasks.frames import negative_log_likelihood
from wormgnn.tasks.readers import network
from wormgnn.training import Batch, Schedule, Trainer

USUAL = {"members": 31, "neurons": 15, "frames": 2500}
"""Every subset of five worms, the paper's neurons, training frames of one of Kato's worms."""

VARIED: dict[str, tuple[int, ...]] = {
    "members": (1, 3, 10, 31, 100, 310),
    "neurons": (5, 15, 50),
    "frames": (250, 1000, 2500, 8000),
}
"""Sizes, of which one at a time is not the usual one. 310 members are every fold at once."""

STEPS = 5
"""Steps of training, of which the first, that fills caches, does not count."""


def costs(table: Table) -> pd.DataFrame:
    """The reference table `costs`: networks of the run's lines at each size.

    Each is measured in a process of its own, since memory that is given back is not seen to fall.

    Returns
    -------
    table
        One row for each line and size: line, varied (which of the sizes), members, neurons, frames,
        cpu_s (of one core, for a step on one worm), cpu_ms_each (for a member), memory_mib.
    """
    rows = []
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as alone:
        for line in table.experiment.lines:
            for varied, values in VARIED.items():
                for value in values:
                    sizes = {**USUAL, varied: value}
                    cpu_s, memory_mib = alone.submit(measure, line.plan, **sizes).result()
                    each = {"cpu_s": cpu_s, "cpu_ms_each": 1000 * cpu_s / sizes["members"]}
                    known = {"line": line.label, "varied": varied, **sizes}
                    rows.append({**known, **each, "memory_mib": memory_mib})
    return pd.DataFrame(rows)


def measure(plan: Plan, members: int, neurons: int, frames: int) -> tuple[float, float]:
    """A step of training on one worm, by one thread: CPU seconds (median), and peak memory in MiB.

    Memory is what model, optimiser and step add to a process that has its worm; NaN where the
    system does not tell.
    """
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(0)
    x = torch.rand(2, neurons, frames, generator=random)
    y = torch.randint(0, plan.n_states, (frames,), generator=random)
    before = _peak_mib()
    model = network(plan, range(members), [str(number) for number in range(neurons)])
    trainer = Trainer(model, negative_log_likelihood, Schedule())
    batch = Batch(torch.arange(members), (x, x[..., : plan.edge_frames]), y, "worm")
    taken = []
    for _ in range(STEPS):
        start = time.process_time()  # whatever else the machine does
        trainer.step(batch)
        taken.append(time.process_time() - start)
    return float(np.median(taken[1:])), _peak_mib() - before


def _peak_mib() -> float:
    """Most memory that this process has held."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def totals(compute: pd.DataFrame) -> pd.DataFrame:
    """Of the reference table `compute`, by line: folds, networks, minutes, networks_a_minute."""
    by = compute.groupby("line", sort=False)
    table = by.agg(folds=("fold", "nunique"), networks=("networks", "sum"), s=("seconds", "sum"))
    minutes = table.pop("s") / 60
    return table.assign(
        minutes=minutes, networks_a_minute=table["networks"] / minutes
    ).reset_index()
