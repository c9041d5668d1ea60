"""The retrained MLP at the learning rate of the set reader.

The reader learns five times as fast as the paper's networks. A comparison with an MLP that is
still on its way would flatter it, so the MLP is trained at that rate too.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd

from wormgnn.neuron_subsets import dropping
from wormgnn.neuron_subsets.cohort import Cohort
from wormgnn.neuron_subsets.draws import Neurons
from wormgnn.neuron_subsets.reading import LEARNING_RATE
from wormgnn.neuron_subsets.scoring import rows_of
from wormgnn.store import Arrays, Store

CODE = (*dropping.CODE, "wormgnn.neuron_subsets.rates")


def faster_mlp(cohort: Cohort, draws: Sequence[Neurons], store: Store) -> pd.DataFrame:
    """As `dropping.retrained_mlp`, at the reader's learning rate."""
    tables = []
    for fold in cohort.profile.folds:
        for start in range(0, len(draws), dropping.CHUNK):
            part = draws[start : start + dropping.CHUNK]
            inputs = {
                "task": "neuron subsets: faster MLP",
                "learning_rate": LEARNING_RATE,
                "draws": [list(draw) for draw in part],
                **cohort.inputs(fold, CODE),
            }
            arrays = store.compute(inputs, partial(_run, cohort, part, fold))
            tables.append(rows_of(cohort, part, fold, arrays["counts"], arrays["seen"]))
    return pd.concat(tables, ignore_index=True).assign(method="MLP, retrained, faster")


def _run(cohort: Cohort, draws: Sequence[Neurons], fold: int) -> Arrays:
    _, found, history = dropping.fitted(cohort, draws, fold, LEARNING_RATE, "faster MLP")
    best = history.best_epoch.numpy()
    return {"counts": found.counts, "seen": found.seen, "best_epoch": best}
