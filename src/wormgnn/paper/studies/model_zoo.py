"""What the networks need: whether they overfit, frames for their edges, time and memory."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from wormgnn import statistics
from wormgnn.folds import Role
from wormgnn.plan import Plan
from wormgnn.runner import Table
from wormgnn.tasks.frames import (
    Worm,
    evaluate,
    inferred_edges,
    member_seeds,
    negative_log_likelihood,
    trained_on,
)
from wormgnn.tasks.states import network
from wormgnn.training import Batch, Schedule, Trainer, load_flat_state

FRAMES = (32, 64, 128, 256, 512, 100_000)
"""Numbers of frames that edges average over; the last stands for all of a recording."""

USUAL = {"members": 31, "neurons": 15, "frames": 2500}
"""Every subset of five worms, the paper's neurons, training frames of one of Kato's worms."""

VARIED: dict[str, tuple[int, ...]] = {
    "members": (1, 3, 10, 31, 100, 310),
    "neurons": (5, 15, 50),
    "frames": (250, 1000, 2500, 8000),
}
"""Sizes, of which one at a time is not the usual one. 310 members are every fold at once."""


def overfitting(table: Table) -> pd.DataFrame:
    """The reference table `overfitting`: every member of every network that has a training curve.

    A network that overfits has its best epoch early and a loss that rises behind it. Columns line,
    model, n_states, neurons, fold, n_train, subset, epochs, best_epoch (from 0), best_loss (lowest
    validation loss, nats a frame) and rise (loss of the last epoch minus the lowest).
    """
    known = ["line", "model", "n_states", "neurons", "fold", "n_train", "subset"]
    tables, every = [], table.rows[known].drop_duplicates()
    for line, fold in itertools.product(table.experiment.lines, table.profile.folds):
        arrays = table.arrays(line.label, fold)
        if "validation" in arrays:  # a machine has no epochs
            loss, best = arrays["validation"].astype(np.float64), arrays["best_epoch"]
            lowest = loss[best, np.arange(len(best))]
            curve = {"epochs": len(loss), "best_epoch": best, "best_loss": lowest}
            members = every[(every["line"] == line.label) & (every["fold"] == fold)]
            tables.append(members.assign(**curve, rise=loss[-1] - lowest))
    return pd.concat(tables, ignore_index=True)


def two_kinds(rows: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Whether networks overfit the worms they are trained on, or their frames.

    From the rows of an experiment and its `overfitting`, for each n_states, model and n_train: gap
    (accuracy on the same worms minus that on unseen ones, points), best_epoch and rise (medians
    over networks), learning (percent of networks whose best epoch is among the last 5 %).
    """
    keys = ["n_states", "model", "n_train"]
    means = 100 * rows.groupby([*keys, "seen"], sort=False)["accuracy"].mean().unstack("seen")
    late = curves.assign(learning=100.0 * (curves["best_epoch"] >= 0.95 * curves["epochs"]))
    medians = {name: (name, "median") for name in ("best_epoch", "rise")}
    curve = late.groupby(keys).agg(**medians, learning=("learning", "mean"))
    return (means[True] - means[False]).to_frame("gap").join(curve).reset_index()


def compute(table: Table) -> pd.DataFrame:
    """The reference table `compute`: seconds of every fold, which may have run beside other jobs.

    Columns experiment, line, model, n_states, neurons, train, fold, networks (members; machines of
    an SVM), seconds, processor (`CPU`, or what torch was built for) and written.
    """
    known = ["experiment", "line", "model", "n_states", "neurons", "train", "fold"]
    folds = table.rows[known].drop_duplicates(["line", "fold"])
    places = folds[["line", "fold"]].to_numpy().tolist()
    told = [table.manifest(*place) for place in places]
    built = [about["packages"]["torch"].partition("+")[2].upper() for about in told]
    return folds.reset_index(drop=True).assign(
        networks=[len(table.subsets(line)) for line, _ in places],
        seconds=[about["seconds"] for about in told],
        processor=[name or "unknown" for name in built],
        written=[about["written"] for about in told],
    )


def edge_frames(table: Table) -> pd.DataFrame:
    """The reference table `edge_frames`: unseen worms by the number of frames behind the edges.

    The trained networks of the run's only line, first fold, infer edges of unseen worms from more
    or fewer frames than in training. A row for each of `FRAMES`: mean accuracy, its mean and
    largest absolute change against the number used in training, the mean change of an edge, and n.
    """
    (line,) = table.experiment.lines
    plan, cohort = line.plan, table.cohort(line.label)
    subsets, fold = table.subsets(line.label), table.profile.folds[0]
    model = network(plan, member_seeds(plan, fold, subsets), cohort.neurons)
    load_flat_state(model, table.arrays(line.label, fold))
    measured = {}
    for frames in sorted({*FRAMES, plan.edge_frames}):
        worms = []
        for seen in cohort.features(plan.n_states, plan.scaling):
            whole = torch.full((seen.n_frames,), int(Role.TRAIN))  # unseen worms need no roles
            x, y = torch.from_numpy(seen.x), torch.from_numpy(seen.y)
            worms.append(Worm(seen.worm, x, y, whole, frames))
        counts = evaluate(model, worms, subsets, plan.n_states)
        accuracy = statistics.scores(counts[~trained_on(worms, subsets)])["accuracy"]
        measured[frames] = accuracy, inferred_edges(model, worms)
    usual_accuracy, usual_edges = measured[plan.edge_frames]
    longest = max(recording.n_frames for recording in cohort.recordings)
    return pd.DataFrame(
        {
            "frames": "all" if frames > longest else str(frames),
            "accuracy": accuracy.mean(),
            "mean change of accuracy": abs(accuracy - usual_accuracy).mean(),
            "largest change": abs(accuracy - usual_accuracy).max(),
            "mean change of an edge": abs(edges - usual_edges).mean(),
            "n": len(accuracy),
        }
        for frames, (accuracy, edges) in measured.items()
    )


def costs(table: Table) -> pd.DataFrame:
    """The reference table `costs`: networks of the run's lines at each size.

    Each is measured in a process of its own, since memory that is given back is not seen to fall.
    Columns line, varied (which of the sizes), members, neurons, frames, cpu_s (of one core, for a
    step on one worm), cpu_ms_each (for a member), memory_mib.
    """
    rows = []
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as alone:
        for line in table.experiment.lines:
            for varied, size in ((name, size) for name in VARIED for size in VARIED[name]):
                sizes = {**USUAL, varied: size}
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
    for _ in range(5):
        start = time.process_time()  # whatever else the machine does
        trainer.step(batch)
        taken.append(time.process_time() - start)
    return float(np.median(taken[1:])), _peak_mib() - before  # the first step fills caches


def _peak_mib() -> float:
    """Most memory that this process has held."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024
