"""How far training goes past its best epoch: `python -m wormgnn.overfitting`.

Every stored fold holds the validation loss of each epoch. A network that overfits has its
best epoch early and a loss that rises behind it.
"""

from __future__ import annotations

import sys
from typing import Any

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn import reference
from wormgnn.datasets.registry import load
from wormgnn.experiment_lines import Experiment, experiment_named
from wormgnn.experiments import run
from wormgnn.profiles import Profile, profile_named
from wormgnn.protocol import code_of
from wormgnn.store import Arrays, Remembering, Store


def overfitting(
    experiment: Experiment, dataset: str, profile: Profile, store: Store, seed: int = 0
) -> pd.DataFrame:
    """Best epoch and rise of the validation loss, of every member of every network.

    Returns
    -------
    table
        One row for each line, fold and member: model, n_states, fold, n_train, subset, epochs,
        best_epoch (from 0), best_loss (lowest validation loss, nats a frame), rise (loss of
        the last epoch less the lowest, nats a frame).
    """
    tables = []
    for line in experiment.runs:
        if line.plan.model == "svm":
            continue
        kept = Remembering(store.folder)
        one = Experiment(experiment.title, (line,), experiment.unseen)
        rows = run(one, dataset, profile, kept, seed).rows
        for (fold, part), arrays in zip(rows.groupby("fold"), kept.given, strict=True):
            members = part.drop_duplicates("subset")[["n_train", "subset"]]
            table = members.assign(model=line.label, n_states=line.plan.n_states, fold=fold)
            tables.append(table.assign(**training_curve(arrays)))
    return pd.concat(tables, ignore_index=True)


def training_curve(arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Columns epochs, best_epoch, best_loss and rise from what is stored of one fold."""
    loss = arrays["validation"].astype(np.float64)
    best = loss[arrays["best_epoch"], np.arange(loss.shape[1])]
    return {
        "epochs": np.full(loss.shape[1], len(loss)),
        "best_epoch": arrays["best_epoch"],
        "best_loss": best,
        "rise": loss[-1] - best,
    }


def table_name(experiment: str, dataset: str) -> str:
    """Name of the reference table; the zoo's, which the book shows, has none of its experiment."""
    return (
        f"overfitting.{dataset}" if experiment == "zoo" else f"overfitting-{experiment}.{dataset}"
    )


@click.command()
@click.option("--experiment", default="zoo", show_default=True)
@click.option("--dataset", default="kato", show_default=True)
@click.option("--profile", default="reduced", show_default=True)
@click.option("--folds", type=int, help="Only so many of the profile's folds.")
@click.option("--seed", default=0, show_default=True)
def main(experiment: str, dataset: str, profile: str, folds: int | None, seed: int) -> None:
    """Write the table into results/; networks that the store lacks are trained."""
    plan, scale = experiment_named(experiment), profile_named(profile).with_folds(folds)
    table = overfitting(plan, dataset, scale, Store(), seed)
    command = " ".join(["python -m wormgnn.overfitting", *sys.argv[1:]])
    code = (*code_of(line.plan.model for line in plan.runs), "wormgnn.overfitting")
    about = reference.about(
        command, dataset, load(dataset), seed, code, scale, experiment=experiment
    )
    click.echo(reference.write(table_name(experiment, dataset), table, about))


if __name__ == "__main__":
    main()
