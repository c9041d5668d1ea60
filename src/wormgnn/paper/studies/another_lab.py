"""Another laboratory's animals: what their neurons do there, and how well they are decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn.comparison import compare
from wormgnn.features import derivative
from wormgnn.neurons import RULES, doubtful, neurons_by_rule
from wormgnn.recording import NO_STATE, PAPER_NEURONS, Recording, shared_neurons
from wormgnn.results import Table
from wormgnn.states import TWO, bouts_of, merge


def wanted_neurons(train: Sequence[Recording]) -> list[str]:
    """The paper's neurons that all training worms have."""
    shared = shared_neurons(train)
    return [name for name in PAPER_NEURONS if name in shared]


def describe(train: Sequence[Recording], animals: Sequence[Recording]) -> pd.DataFrame:
    """A row for each worm: what was recorded, and by how many neurons it is decoded.

    Columns worm, frames, fps, reversing (fraction of the frames labelled forward or reverse),
    reversals, median_reversal_s, lacks (the paper's neurons that it lacks), then, for animals
    alone, the number of neurons by each of `neurons.RULES`, and doubtful (names that the
    annotator was not sure of).
    """
    wanted = wanted_neurons(train)
    numbers = {rule: neurons_by_rule(rule, wanted, animals) for rule in RULES}
    of_animals = {
        animal.worm: {rule: len(names[animal.worm]) for rule, names in numbers.items()}
        | {"doubtful": " ".join(name for name in doubtful(animal) if name in wanted)}
        for animal in animals
    }
    rows = []
    for worm in (*train, *animals):
        states, reverse = merge(worm, 2), TWO.index("reverse")
        reversals = [bout.stop - bout.start for bout in bouts_of(states, reverse)]
        about = {
            "worm": worm.worm,
            "frames": worm.n_frames,
            "fps": worm.fps,
            "reversing": (states[states != NO_STATE] == reverse).mean(),
            "reversals": len(reversals),
            "median_reversal_s": np.median(reversals) / worm.fps if reversals else np.nan,
            "lacks": " ".join(name for name in PAPER_NEURONS if name not in worm.identified),
        }
        rows.append(about | of_animals.get(worm.worm, {}))
    return pd.DataFrame(rows).astype(dict.fromkeys(RULES, "Int64"))


def tuning(recordings: Sequence[Recording], neurons: Sequence[str]) -> pd.DataFrame:
    """How each neuron's trace and its derivative correlate with reversing.

    Columns worm, neuron, confidence (NaN where none is told), trace, derivative: correlations
    over the frames that are labelled forward or reverse. Neurons that a worm lacks have no row.
    """
    rows = []
    for recording in recordings:
        own = recording.select([n for n in neurons if n in recording.identified])
        states = merge(own, 2)
        known = states != NO_STATE
        reversing = states[known] == TWO.index("reverse")
        slopes = derivative(own)
        for column, neuron in enumerate(own.neurons):
            trace, slope = own.traces[known, column], slopes[known, column]
            rows.append(
                {
                    "worm": own.worm,
                    "neuron": neuron,
                    "confidence": np.nan if own.confidence is None else own.confidence[column],
                    "trace": np.corrcoef(trace, reversing)[0, 1],
                    "derivative": np.corrcoef(slope, reversing)[0, 1],
                }
            )
    return pd.DataFrame(rows)


def opposite_signs(tuned: pd.DataFrame, home: Sequence[str]) -> pd.DataFrame:
    """Rows of `tuning` whose derivative has the sign that no training worm's has: doubtful names.

    `home` names the training worms; neurons whose sign differs among them are left out.
    """
    at_home = tuned["worm"].isin(home)
    sign = tuned.assign(sign=np.sign(tuned["derivative"]))
    among = sign[at_home].groupby("neuron")["sign"].agg(["min", "max"])
    rows = sign[~at_home].join(among, on="neuron")
    odd = (rows["min"] == rows["max"]) & (rows["sign"] == -rows["min"])
    return tuned.loc[rows.index[odd]].reset_index(drop=True)


def of_animals(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows evaluate an animal of the other laboratory, shape (rows,)."""
    pairs = zip(rows["worm"], rows["animals"], strict=True)
    return np.array([worm in animals.split("+") for worm, animals in pairs], dtype=bool)


def essential(table: Table) -> pd.DataFrame:
    """The unseen rows worth keeping as a reference, about a third.

    Of animals, members trained on the fewest and on the most worms; of training worms, members
    trained on all others.
    """
    rows = table.rows[~table.rows["seen"]]
    abroad = of_animals(rows)
    n_train = rows.assign(abroad=abroad).groupby(["train", "abroad"])["n_train"]
    most, fewest = n_train.transform("max"), n_train.transform("min")
    kept = (rows["n_train"] == most) | (abroad & (rows["n_train"] == fewest))
    return rows[kept].reset_index(drop=True)


ABROAD, WITHIN, HOME = "another laboratory", "their own laboratory", "training worms, left out"
"""Values of `case`: animals by models trained on the training worms, animals by models trained on
the other animals, and training worms by models trained on the other training worms."""

AS_RECORDED: Mapping[str, Any] = {"neurons": "own", "view": "as recorded", "scaling": "whole"}
"""The main choice: each animal's own neurons, their traces, scaled by the whole recording."""

FEATURES = {
    "as recorded": "trace, derivative",
    "derivative": "derivative, second derivative",
}
"""What the two features of a neuron are, by view."""

_CHOICE = ["model", "neurons", "view", "scaling"]


def by_worm(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over members for each unseen worm, of members trained on the most worms of each case.

    Columns case, model, neurons, view, scaling, worm, seen, members, accuracy, balanced_accuracy,
    majority, n_states. Training worms are averaged over sets of neurons too: animals have one each.
    """
    rows = rows[~rows["seen"]]
    trained = zip(rows["subset"], rows["animals"], strict=True)
    there = [subset.split("+")[0] in animals.split("+") for subset, animals in trained]
    case = np.where(there, WITHIN, np.where(of_animals(rows), ABROAD, HOME))
    rows = rows.assign(case=case)
    rows = rows[rows["n_train"] == rows.groupby("case")["n_train"].transform("max")]
    return (
        rows.groupby(["case", *_CHOICE, "worm", "seen", "n_states"], sort=False)
        .agg(
            members=("accuracy", "size"),
            accuracy=("accuracy", "mean"),
            balanced_accuracy=("balanced_accuracy", "mean"),
            majority=("majority", "first"),
        )
        .reset_index()
    )


def changes(means: pd.DataFrame, score: str = "accuracy") -> pd.DataFrame:
    """What the change of laboratory costs each model, and what it does to leave traces out.

    A table of `compare` over worms of `by_worm`, with a column `change`.
    """
    main = {"case": ABROAD, **AS_RECORDED}
    pairs: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "trained on another laboratory minus on their own": (
            main,
            {"case": WITHIN, "scaling": "whole"},
        ),
        "derivatives minus traces, animals": (main | {"view": "derivative"}, main),
        "derivatives minus traces, training worms": (
            main | {"view": "derivative", "case": HOME},
            main | {"case": HOME},
        ),
    }
    tables = [
        compare(means, a, b, score, by=["model"], on=["worm"]).assign(change=change)
        for change, (a, b) in pairs.items()
    ]
    return pd.concat(tables, ignore_index=True)


def by_condition(means: pd.DataFrame) -> pd.DataFrame:
    """Percentages of `by_worm` for a page: a row for each case, choice and model.

    Accuracy, and balanced accuracy in parentheses, of each animal, then their mean over left-out
    training worms. The last row is the majority class.
    """
    rows, scores = ["case", *_CHOICE], ["accuracy", "balanced_accuracy"]
    animals = means[means["case"] != HOME]
    home = means[means["case"] == HOME].groupby(_CHOICE)[scores].mean().reset_index()
    # The same models as those that decode the animals: they share a row.
    cells = pd.concat([animals, home.assign(case=ABROAD, worm=HOME)])
    texts = [f"{100 * a:.1f} ({100 * b:.1f})" for a, b in cells[scores].to_numpy()]
    wide = cells.assign(text=texts).pivot(index=rows, columns="worm", values="text")
    wide = wide.reindex(animals.set_index(rows).index.unique()).reset_index()
    majority = animals.groupby("worm")["majority"].first().map("{:.1%}".format).str.rstrip("%")
    last = majority.to_frame().T.assign(case="", model="majority class")
    wide = pd.concat([wide.assign(view=wide["view"].map(FEATURES)), last]).fillna("")
    columns = [*rows, *sorted(animals["worm"].unique()), HOME]
    return wide[columns].rename(columns={"case": "trained on", "view": "features"})
