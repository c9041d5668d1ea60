"""Reference tables: `python -m wormgnn.neuron_subsets.reference`.

Writes into results/: `neuron_subsets` (every method, set of neurons and worm, mean over
members), `neuron_draws` (the sets), `neuron_singles` (single neurons and all of them, every
member), `neuron_readers` (whole recordings) and `neuron_readers` on another laboratory's
animals. What the store holds is not run again.
"""

from __future__ import annotations

import sys
from typing import Any

import click
import pandas as pd

from wormgnn import reference
from wormgnn.datasets.registry import load
from wormgnn.datasets.registry import other_lab as another_lab
from wormgnn.neuron_subsets import cohort, dropping, rates, reading, study
from wormgnn.neuron_subsets.draws import draw_subsets
from wormgnn.neuron_subsets.tables import over_members
from wormgnn.profiles import Profile, profile_named
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.store import Store

CODE = (
    *(*cohort.CODE, *dropping.SVM_CODE, *rates.CODE, *reading.CODE),
    "wormgnn.metrics",
    *(f"wormgnn.neuron_subsets.{name}" for name in ("scoring", "draws", "study", "tables")),
)
"""Modules named in the manifests: those of the store's keys, and what is made of its results."""

SIZES = (1, 2, 3, 5, 9, 14, 15)
N_TRAIN = (1, 4)

_SINGLES = ["method", "n_neurons", "neurons", "n_train", "subset", "fold", "worm", "seen"]
_SCORES = ["accuracy", "balanced_accuracy", "information_bits", "majority"]


def subset_tables(
    recordings: list[Recording],
    profile: Profile,
    store: Store,
    per_size: int,
    seed: int,
    ablation: bool = False,
) -> dict[str, pd.DataFrame]:
    """The tables on the paper's neurons, by name."""
    methods = [*study.METHODS, *(study.ABLATION if ablation else ())]
    worms = cohort.cohort(recordings, PAPER_NEURONS, profile, N_TRAIN, seed=seed)
    draws = draw_subsets(PAPER_NEURONS, SIZES, per_size, seed)
    rows = study.fewer_neurons(worms, draws, store, methods)
    table = over_members(rows)
    numbers = {"+".join(draw): number for number, draw in enumerate(draws)}
    sets = pd.DataFrame({"draw": numbers.values(), "neurons": numbers.keys()})
    ends = rows["n_neurons"].isin([1, len(PAPER_NEURONS)])
    models = rows["method"].isin(["SVM, retrained", "MLP, retrained"])
    unseen = table[~table["seen"]].assign(draw=table["neurons"].map(numbers))
    return {
        "neuron_subsets": unseen[["method", "n_train", "draw", "worm", *_SCORES]].round(4),
        "neuron_draws": sets.assign(n_neurons=[len(draw) for draw in draws]),
        "neuron_singles": rows.loc[ends & models, [*_SINGLES, *_SCORES]],
    }


def reader_columns(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns of whole recordings that are worth keeping."""
    where = ["names", "n_neurons", "n_present", "n_train", "subset", "fold", "worm", "seen"]
    return rows[["method", *where, "n_frames", *_SCORES]]


@click.command()
@click.option("--dataset", default="kato", show_default=True)
@click.option("--profile", "name", default="paper", show_default=True)
@click.option("--folds", default=1, show_default=True, help="the first so many of the profile's")
@click.option("--per-size", default=10, show_default=True, help="sets of each number of neurons")
@click.option(
    "--ablation",
    is_flag=True,
    help="the checks of the reader too: study.ABLATION",
)
@click.option("--seed", default=0, show_default=True)
def main(dataset: str, name: str, folds: int, per_size: int, ablation: bool, seed: int) -> None:
    """Compute the tables and write them into results/."""
    recordings, animals, store = load(dataset), another_lab(dataset), Store()
    profile = profile_named(name).with_folds(folds)
    command = " ".join(["python -m wormgnn.neuron_subsets.reference", *sys.argv[1:]])

    def write(to: str, table: pd.DataFrame, worms: list[Recording], **more: Any) -> None:
        about = reference.about(command, dataset, worms, seed, CODE, profile, **more)
        click.echo(reference.write(to, table, about))

    whole = study.whole_recordings(recordings, profile, store, N_TRAIN, seed, ablation)
    write(f"neuron_readers.{dataset}", reader_columns(whole), recordings)
    away = study.another_lab(recordings, animals, profile, store, seed=seed)
    fps = min(worm.fps for worm in [*recordings, *animals])
    there = f"neuron_readers.{dataset}-{animals[0].dataset}"
    write(there, reader_columns(away), [*recordings, *animals], fps=fps)
    for title, table in subset_tables(recordings, profile, store, per_size, seed, ablation).items():
        write(f"{title}.{dataset}", table, recordings, sizes=SIZES, per_size=per_size)


if __name__ == "__main__":
    main()
