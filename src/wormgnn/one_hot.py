"""Edges under a factor within the softmax: `python -m wormgnn.one_hot`.

Paper, "One-hot encoding of edges". Takes the edges that every network of the experiment
`one-hot` infers for every worm (from its whole recording), and asks how near they are to
one-hot, how near to a permutation matrix, what they let through, and whether a network
chooses the same edges in a worm that it was not trained on. Writes `one_hot_edges` and
`one_hot_examples` of a dataset into results/.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click
import numpy as np
import pandas as pd

from wormgnn import experiments, reference
from wormgnn.datasets.registry import load
from wormgnn.experiment_lines import Experiment, experiment_named
from wormgnn.neuron_sets import neuron_set
from wormgnn.one_hot_edges import Trained, matrices, summarised
from wormgnn.paired import KEYS
from wormgnn.profiles import Profile, profile_named
from wormgnn.protocol import code_of
from wormgnn.statistics import Random
from wormgnn.store import Remembering, Store


def some(factors: Sequence[float]) -> Experiment:
    """The experiment with these factors only, all if empty; ChoiceError for an unknown one."""
    every = experiment_named("one-hot")
    if not factors:
        return every
    rivals = dict.fromkeys(str(run.plan.options["rivals"]) for run in every.runs)
    return every.only([f"GNN: softmax over {r}, factor {f}" for r in rivals for f in factors])


def run(
    experiment: Experiment, dataset: str, profile: Profile, store: Store, seed: int = 0
) -> tuple[pd.DataFrame, list[Trained]]:
    """Rows of `experiments.run` with columns rivals and factor, and every network's edges."""
    kept = Remembering(store.folder)
    rows = experiments.run(experiment, dataset, profile, kept, seed).rows
    places = [(line, fold) for line in experiment.runs for fold in profile.folds]
    trained = [
        Trained(line, fold, arrays["edges"].astype(np.float64), arrays["seen"])
        for (line, fold), arrays in zip(places, kept.given, strict=True)
    ]
    return described(rows), trained


def described(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the experiment with columns rivals and factor, taken from their labels."""
    options = {run.label: run.plan.options for run in experiment_named("one-hot").runs}
    return rows.assign(
        rivals=[options[label]["rivals"] for label in rows["model"]],
        factor=[options[label]["sharpness"] for label in rows["model"]],
    )


def levels(rows: pd.DataFrame, others: pd.DataFrame, labels: Sequence[str]) -> dict[str, float]:
    """Mean accuracies of other models on the same subsets, folds and worms, as fractions.

    `rows` and `others` are rows of `experiments.run`; the majority class comes last. A model
    without such rows is left out.
    """
    places = rows[list(KEYS)].drop_duplicates()
    met = others.merge(places, on=list(KEYS))
    found = met[met["model"].isin(labels)].groupby("model", sort=False)["accuracy"].mean()
    listed = {str(label): float(value) for label, value in found.items()}
    return {**listed, "majority class": float(rows["majority"].mean())}


def examples(
    trained: Sequence[Trained], worms: Sequence[str], neurons: Sequence[str]
) -> pd.DataFrame:
    """Edges of one network of each line for a worm that it was not trained on.

    It is the first network of the first fold among those with most training worms, and its
    first unseen worm: chosen by place, not by looks.

    Returns
    -------
    table
        One row for each line and receiver: rivals, factor, n_train, worm, receiver, and a
        column for each sender.
    """
    first = [part for part in trained if part.fold == min(p.fold for p in trained)]
    return pd.concat([_example(part, worms, neurons) for part in first], ignore_index=True)


def _example(part: Trained, worms: Sequence[str], neurons: Sequence[str]) -> pd.DataFrame:
    n_train = np.where(part.seen.all(axis=1), 0, part.seen.sum(axis=1))
    member = int(n_train.argmax())
    worm = int((~part.seen[member]).argmax())
    table = pd.DataFrame(part.edges[member, worm], columns=list(neurons))
    about: dict[str, Any] = {
        "rivals": part.rivals,
        "factor": part.factor,
        "n_train": n_train[member],
        "worm": worms[worm],
        "receiver": list(neurons),
    }
    return pd.concat([pd.DataFrame(about), table], axis=1)


def tables(
    experiment: Experiment, trained: Sequence[Trained], dataset: str, rng: Random = 0
) -> Iterator[tuple[str, pd.DataFrame]]:
    """The two tables of this module, by name."""
    recordings = load(dataset)
    neurons = neuron_set(experiment.runs[0].neurons, recordings)
    yield "one_hot_edges", summarised(matrices(trained, rng))
    yield "one_hot_examples", examples(trained, [worm.worm for worm in recordings], neurons)


@click.command()
@click.option("--dataset", default="kato", show_default=True)
@click.option("--profile", default="paper", show_default=True)
@click.option("--folds", type=int, help="Only so many of the profile's folds.")
@click.option("--seed", default=0, show_default=True)
def main(dataset: str, profile: str, folds: int | None, seed: int) -> None:
    """Measure the edges, train what the store lacks, and write both tables into results/."""
    scale, experiment = profile_named(profile).with_folds(folds), experiment_named("one-hot")
    _, trained = run(experiment, dataset, scale, Store(), seed)
    command = " ".join(["python -m wormgnn.one_hot", *sys.argv[1:]])
    own = ("experiment_lines", "permutations", "one_hot_edges", "one_hot")
    code = (*code_of(["gnn"]), *(f"wormgnn.{name}" for name in own))
    about = reference.about(command, dataset, load(dataset), seed, code, scale)
    for name, table in tables(experiment, trained, dataset, seed):
        click.echo(reference.write(f"{name}.{dataset}", table, about))


if __name__ == "__main__":
    main()
