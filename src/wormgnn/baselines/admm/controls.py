"""What the manifold has to beat: classifiers without one, on the same standardised activity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from wormgnn.baselines.admm.embedding import embed_worm
from wormgnn.baselines.admm.evaluation import COLUMNS, score
from wormgnn.baselines.admm.parameters import Parameters
from wormgnn.features import Features


def classifiers() -> dict[str, ClassifierMixin]:
    """A linear classifier and nearest neighbours, by the names that tables give them."""
    return {
        "logistic regression": LogisticRegression(C=0.01, max_iter=500),
        "nearest neighbours": KNeighborsClassifier(25, algorithm="brute"),
    }


def without_manifold(features: Sequence[Features], params: Parameters) -> pd.DataFrame:
    """Each worm scored by classifiers of the present frame, trained on all other worms.

    Trace and derivative are standardised over each worm's recording, as for the manifold;
    no delays. Columns as in `evaluation.COLUMNS`.
    """
    present = replace(params, n_delays=0)
    x = {worm.worm: embed_worm(worm, present) for worm in features}
    rows = []
    for worm in features:
        others = [other for other in features if other is not worm]
        train = np.concatenate([x[other.worm][other.y >= 0] for other in others])
        y = np.concatenate([other.y[other.y >= 0] for other in others])
        for name, classifier in classifiers().items():
            guess = classifier.fit(train, y).predict(x[worm.worm])
            about = {"model": name, "n_train": len(others), "fold": -1, "seen": False}
            subset = " ".join(other.worm for other in others)
            rows.append(about | {"subset": subset, "worm": worm.worm} | score(guess, worm.y))
    return pd.DataFrame(rows, columns=COLUMNS)
