"""Tables of how another laboratory's animals are read, from the rows of `transfer`."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn.summary import percent


def per_animal(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over members, for each animal of the other laboratory.

    Columns train, rule, model, n_train, worm, n_neurons, n_frames, members, accuracy, sd,
    balanced, balanced_sd, majority. Rows of training worms are left out.
    """
    keys = ["train", "rule", "model", "n_train", "worm", "n_neurons"]
    grouped = rows[_of_animals(rows)].groupby(keys, sort=False)
    return grouped.agg(
        n_frames=("n_frames", "first"),
        members=("accuracy", "size"),
        accuracy=("accuracy", "mean"),
        sd=("accuracy", "std"),
        balanced=("balanced_accuracy", "mean"),
        balanced_sd=("balanced_accuracy", "std"),
        majority=("majority", "first"),
    ).reset_index()


def left_out_training_worms(rows: pd.DataFrame) -> pd.DataFrame:
    """Accuracy on unseen worms of the training laboratory by the same models and neurons.

    Columns train, rule, model, animals (those that have these neurons), n_train, n_neurons,
    accuracy, sd and majority: what a new worm of the same kind could expect.
    """
    keys = ["train", "rule", "model", "animals", "n_train", "n_neurons"]
    grouped = rows[~_of_animals(rows)].groupby(keys, sort=False)
    return grouped.agg(
        accuracy=("accuracy", "mean"), sd=("accuracy", "std"), majority=("majority", "mean")
    ).reset_index()


def essential(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows worth keeping as a reference, about a third.

    Of animals, members trained on the fewest and on the most worms; of training worms, members
    trained on all others.
    """
    abroad = _of_animals(rows)
    group = rows.assign(abroad=abroad).groupby(["train", "abroad"])["n_train"]
    most, fewest = group.transform("max"), group.transform("min")
    kept = (rows["n_train"] == most) | (abroad & (rows["n_train"] == fewest))
    return rows[kept].reset_index(drop=True)


def side_by_side(summary: pd.DataFrame, column: str = "accuracy", sd: str = "sd") -> pd.DataFrame:
    """Percentages of `per_animal` for reading: a row for each model, a column for each animal.

    `column` and `sd` name a mean and its spread; the last row is the majority class.
    """
    texts = summary.assign(
        text=[
            percent(100 * mean, 100 * spread)
            for mean, spread in zip(summary[column], summary[sd], strict=True)
        ]
    )
    wide = texts.pivot(index="model", columns="worm", values="text")
    wide = wide.loc[summary["model"].unique(), sorted(summary["worm"].unique())]
    majority = summary.drop_duplicates("worm").set_index("worm")["majority"]
    wide.loc["majority class"] = [percent(100 * majority[worm]) for worm in wide.columns]
    return wide.rename_axis(columns=None).reset_index()


def _of_animals(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows evaluate an animal of the other laboratory, shape (rows,)."""
    pairs = zip(rows["worm"], rows["animals"], strict=True)
    return np.array([worm in animals.split("+") for worm, animals in pairs], dtype=bool)
