"""Support vector machine on the same frames (Table 1), through scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.svm import SVC

from wormgnn.classification import Evaluation, Subset, Worm
from wormgnn.folds import Role


def evaluate_svm(
    worms: Sequence[Worm],
    subsets: Sequence[Subset],
    n_states: int,
    kernel: str = "rbf",
    c: float = 1.0,
) -> Evaluation:
    """Train one SVM for each subset and count its confusions as `classification.evaluate` does.

    Parameters
    ----------
    worms, subsets, n_states
        As for the networks; the validation frames are left out of training here too, so
        that all models learn from the same frames.
    kernel, c
        scikit-learn's; its defaults (`rbf`, 1.0, gamma `scale`) unless told otherwise. The
        paper names neither.
    """
    by_name = {worm.name: worm for worm in worms}
    shape = (len(subsets), len(worms), n_states, n_states)
    counts = np.zeros(shape, dtype=np.int64)
    for row, subset in enumerate(subsets):
        parts = [_samples(by_name[name], Role.TRAIN) for name in subset]
        x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        machine = SVC(kernel=kernel, C=c).fit(x, y)
        for column, worm in enumerate(worms):
            x, y = _samples(worm, Role.TEST if worm.name in subset else None)
            np.add.at(counts[row, column], (y, machine.predict(x)), 1)
    seen = np.array([[worm.name in subset for worm in worms] for subset in subsets])
    return Evaluation(tuple(by_name), counts, seen)


def _samples(worm: Worm, role: Role | None) -> tuple[np.ndarray, np.ndarray]:
    """Features `(frames, features * neurons)` and states `(frames,)` of labelled frames."""
    batch = worm.batch([0], role)
    return batch.inputs[0].flatten(0, 1).T.cpu().numpy(), batch.target.cpu().numpy()
