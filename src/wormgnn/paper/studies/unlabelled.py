"""A third laboratory's worms, with names and without labels: what can be checked all the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, cross_val_predict

from wormgnn.datasets import registry
from wormgnn.decoder import BehaviourDecoder
from wormgnn.errors import DatasetUnavailableError
from wormgnn.neurons import LABEL_DEFINING as AVA
from wormgnn.recording import Recording

MINUTES = 10.0
"""Length of each recording of the third laboratory; its files hold no times."""


def third_laboratory(folder: Path) -> list[Recording]:
    """The three worms without labels, `sjtu/*.csv` in a data folder.

    DatasetUnavailableError where there is none.
    """
    paths = sorted(folder.glob("sjtu/*.csv"))
    if not paths:
        raise DatasetUnavailableError(f"the third laboratory: no sjtu/*.csv in {folder}")
    worms = [registry.read(path, fps=1.0)[0] for path in paths]
    return [replace(w, fps=w.n_frames / (60 * MINUTES), times=np.empty(0)) for w in worms]


def against_ava(recordings: Sequence[Recording]) -> pd.DataFrame:
    """Whether decoders without AVA say *reverse* when AVA is high: a check that needs no labels.

    AVA is the mean z-scored trace of AVAL and AVAR; it is high above the middle between its 5th and
    95th percentile. Columns worm, frames, n_neurons (without AVA), distance, limit, decoder (which
    the recording picks), and areas under the ROC curve: local (Kato's decoder), general, picked,
    and ridge (to AVA's trace from the worm's other neurons, each fifth predicted by the rest).
    """
    package, rows = BehaviourDecoder.load(), []
    for worm in recordings:
        ava = worm.select([name for name in AVA if name in worm.identified]).traces
        ava = ((ava - ava.mean(axis=0)) / ava.std(axis=0)).mean(axis=1)
        high = ava > np.quantile(ava, (0.05, 0.95)).mean()
        rest = worm.select([name for name in worm.identified if name not in AVA])
        trust = package.set_params(like="").trust(rest)
        row: dict[str, object] = {
            "worm": worm.worm,
            "frames": worm.n_frames,
            "n_neurons": len(rest.neurons),
            "distance": trust.distance,
            "limit": trust.limit,
            "decoder": trust.decoder,
        }
        for how, like in (("local", "kato"), ("general", "general")):
            table = package.set_params(like=like).predict_proba(rest)
            row[how] = roc_auc_score(high, table["reverse"])
        x = (rest.traces - rest.traces.mean(axis=0)) / rest.traces.std(axis=0)
        ridge = RidgeCV(np.geomspace(1, 1e4, 9))
        row["picked"] = row[trust.decoder]
        row["ridge"] = roc_auc_score(high, cross_val_predict(ridge, x, ava, cv=KFold(5)))
        rows.append(row)
    return pd.DataFrame(rows)
