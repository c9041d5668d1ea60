"""Experiments with fewer neurons: how well each state of each worm is recognised."""

from __future__ import annotations

import pandas as pd

from wormgnn.states import LABELS, vocabulary


def recalls(confusion: pd.DataFrame) -> pd.DataFrame:
    """How well each state of each unseen worm is recognised, from `Table.confusion`.

    Counts are pooled: on unseen worms every member is scored on the same frames, so that different
    numbers of folds weigh alike. Columns model, n_states, neurons, worm, state, recall (a
    fraction). States that a worm never shows have no row.
    """
    keys = ["model", "n_states", "neurons", "worm", "labelled"]
    unseen = confusion[~confusion["seen"]]
    right = unseen["count"].where(unseen["labelled"] == unseen["predicted"], 0)
    sums = unseen.assign(right=right).groupby(keys, sort=False)[["count", "right"]].sum()
    sums = sums[sums["count"] > 0].reset_index()
    codes = zip(sums["n_states"], sums["labelled"], strict=True)
    names = [vocabulary(n_states)[code] for n_states, code in codes]
    states = [LABELS.get(name, name) for name in names]
    return sums[keys[:4]].assign(state=states, recall=sums["right"] / sums["count"])
