"""What training curves and longer recordings say of the networks: overfitting, frames for edges."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from wormgnn import metrics
from wormgnn.comparison import compare
from wormgnn.folds import Role
from wormgnn.models.ensemble import load_flat_state
from wormgnn.results import Table
from wormgnn.tasks.frames import Worm, evaluate, inferred_edges, member_seeds, trained_on
from wormgnn.tasks.readers import network

FRAMES = (32, 64, 128, 256, 512, 100_000)
"""Numbers of frames that edges average over; the last stands for all of a recording."""

BASES = ("MLP, no norm", "GNN")
"""Networks whose structure is varied."""

LATE = 0.95
"""Share of the epochs from which a best epoch says that a network was still learning."""


def overfitting(table: Table) -> pd.DataFrame:
    """Best epoch and rise of the validation loss, of every member of every network.

    A network that overfits has its best epoch early and a loss that rises behind it.

    Returns
    -------
    table
        One row for each line, fold and member: line, model, n_states, fold, n_train, subset,
        epochs, best_epoch (from 0), best_loss (lowest validation loss, nats a frame), rise (loss
        of the last epoch minus the lowest, nats a frame). Lines without a curve have no row.
    """
    known = ["line", "model", "n_states", "neurons", "fold", "n_train", "subset"]
    members = table.rows[known].drop_duplicates().groupby(["line", "fold"])
    tables = []
    for line, fold in itertools.product(table.experiment.lines, table.profile.folds):
        arrays = table.arrays(line.label, fold)
        if "validation" in arrays:
            trained = members.get_group((line.label, fold))
            tables.append(trained.assign(**training_curve(arrays)))
    return pd.concat(tables, ignore_index=True)


def training_curve(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Columns epochs, best_epoch, best_loss and rise from what is stored of one fold."""
    loss = arrays["validation"].astype(np.float64)
    best = loss[arrays["best_epoch"], np.arange(loss.shape[1])]
    return {
        "epochs": np.full(loss.shape[1], len(loss)),
        "best_epoch": arrays["best_epoch"],
        "best_loss": best,
        "rise": loss[-1] - best,
    }


def two_kinds(rows: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Whether networks overfit the worms they are trained on, or their frames.

    Parameters
    ----------
    rows, curves
        Rows of an experiment, and its `overfitting`.

    Returns
    -------
    table
        One row for each n_states, model and n_train: gap (accuracy on the same worms minus that on
        unseen ones, points), best_epoch and rise (medians over networks), learning (percent of
        networks whose best epoch is among the last 5 %: they were still learning).
    """
    keys = ["n_states", "model", "n_train"]
    means = 100 * rows.groupby([*keys, "seen"], sort=False)["accuracy"].mean().unstack("seen")
    late = curves.assign(learning=100.0 * (curves["best_epoch"] >= LATE * curves["epochs"]))
    by_line = late.groupby(keys)
    curve = by_line[["best_epoch", "rise"]].median().join(by_line["learning"].mean())
    return (means[True] - means[False]).to_frame("gap").join(curve).reset_index()


def with_variants(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the experiment `structure` with a column variant, and the network it is one of, base.

    A variant is the model, and the set of neurons where it is not the paper's. Its name begins with
    that of its base; what is a variant of none of `BASES` has an empty base.
    """
    model, fewer = rows["model"], rows["neurons"] != "paper"
    bases = [next((b for b in BASES if name.startswith(b)), "") for name in model]
    variant = model.mask(fewer, model + ", " + rows["neurons"].astype(str))
    return rows.assign(variant=variant, base=bases)


def variants(rows: pd.DataFrame) -> pd.DataFrame:
    """What each variant of a network's structure, or fewer neurons, change.

    `rows` as from `with_variants`. The table of `compare`, variant minus base: one row for each
    n_states, variant, n_train and seen.
    """
    others = [name for name in rows["variant"].unique() if name not in BASES]
    by, on = ["n_states", "variant", "n_train", "seen"], ["base", "subset", "fold", "worm"]
    return compare(rows, {"variant": others}, {"variant": BASES}, by=by, on=on)


def compute(table: Table) -> pd.DataFrame:
    """Seconds that every fold took, as the store tells: folds may have run beside other jobs.

    Returns
    -------
    table
        One row for each line and fold: experiment, line, model, n_states, neurons, train, fold,
        networks (members; machines of an SVM), seconds, processor (`CPU`, or what torch was built
        for), written.
    """
    identity = ["experiment", "line", "model", "n_states", "neurons", "train"]
    lines = table.rows.drop_duplicates("line").set_index("line", drop=False)[identity]
    rows = []
    for line, fold in itertools.product(table.experiment.lines, table.profile.folds):
        about = table.manifest(line.label, fold)
        taken: dict[str, Any] = {"fold": fold, "networks": len(table.subsets(line.label))}
        built = about["packages"]["torch"].partition("+")[2].upper()
        taken |= {"seconds": about["seconds"], "processor": built or "unknown"}
        rows.append({**lines.loc[line.label], **taken, "written": about["written"]})
    return pd.DataFrame(rows)


def edge_frames(table: Table) -> pd.DataFrame:
    """Accuracy on unseen worms against the number of frames behind the edges.

    The trained networks of the run's only line, first fold, infer edges of unseen worms from more
    or fewer frames than in training.

    Returns
    -------
    table
        One row for each of `FRAMES`: mean accuracy, its mean and largest absolute change
        against the number used in training, and the mean change of an edge's weight.
    """
    (line,) = table.experiment.lines
    plan, cohort = line.plan, table.cohort(line.label)
    subsets, fold = table.subsets(line.label), table.profile.folds[0]
    model = network(plan, member_seeds(plan, fold, subsets), cohort.neurons)
    load_flat_state(model, table.arrays(line.label, fold))
    accuracy: dict[int, NDArray[np.float64]] = {}
    edges: dict[int, NDArray[np.float32]] = {}
    for frames in sorted({*FRAMES, plan.edge_frames}):
        worms = []
        for seen in cohort.features(plan.n_states, plan.scaling):
            whole = torch.full((seen.n_frames,), int(Role.TRAIN))  # unseen worms need no roles
            x, y = torch.from_numpy(seen.x), torch.from_numpy(seen.y)
            worms.append(Worm(seen.worm, x, y, whole, frames))
        counts = evaluate(model, worms, subsets, plan.n_states)
        accuracy[frames] = metrics.accuracy(counts[~trained_on(worms, subsets)])
        edges[frames] = inferred_edges(model, worms)
    usual = plan.edge_frames
    longest = max(recording.n_frames for recording in cohort.recordings)
    return pd.DataFrame(
        {
            "frames": ["all" if n > longest else str(n) for n in accuracy],
            "accuracy": [a.mean() for a in accuracy.values()],
            "mean change of accuracy": [abs(a - accuracy[usual]).mean() for a in accuracy.values()],
            "largest change": [abs(a - accuracy[usual]).max() for a in accuracy.values()],
            "mean change of an edge": [abs(e - edges[usual]).mean() for e in edges.values()],
            "n": [len(a) for a in accuracy.values()],
        }
    )
