"""How well the manifold tells states: worms seen and unseen, parameter by parameter, ahead."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from wormgnn import metrics
from wormgnn.baselines.admm.embedding import Codes
from wormgnn.baselines.admm.model import Model, Readout, fit, relabel
from wormgnn.baselines.admm.parameters import Parameters
from wormgnn.errors import ChoiceError, RecordingError, TrainingError
from wormgnn.features import Features
from wormgnn.folds import Role, Split, roles, worm_subsets

COLUMNS = [
    *("model", "n_train", "subset", "fold", "worm", "seen"),
    *("accuracy", "balanced_accuracy", "majority", "n_frames"),
]
GRID: dict[str, tuple[Any, ...]] = {
    "n_delays": (1, 4),
    "n_neighbours": (3, 10),
    "scale": ("neighbour", "noise"),
}
"""The small grid that `select` searches, on training worms alone."""

SENSITIVITY: dict[str, tuple[Any, ...]] = {
    "n_delays": (0, 1, 2, 4, 6),
    "delay_frames": (1, 2, 5, 8),
    "signals": (("trace",), ("derivative",), ("trace", "derivative")),
    "n_neighbours": (3, 5, 10, 30),
    "scale": ("neighbour", "noise"),
    "bandwidth": (0.5, 1.0, 2.0, 4.0),
    "density_exponent": (0.0, 0.5, 1.0),
    "n_phases": (4, 15, 60, 120),
    "n_branches": (1, 2, 4, 8),
}
"""Values tried one parameter at a time."""


def score(predicted: Codes, y: Codes) -> dict[str, float]:
    """Accuracy, balanced accuracy, share of the commonest state, number of frames.

    Frames with a negative code in `y` are ignored. RecordingError if none is left.
    """
    known = y >= 0
    if not known.any():
        raise RecordingError("no frame carries a state to score against")
    size = int(max(y.max(), predicted.max())) + 1
    counts = np.bincount(y[known] * size + predicted[known], minlength=size**2)
    counts = counts.reshape(size, size)
    return {
        "accuracy": float(metrics.accuracy(counts)),
        "balanced_accuracy": float(metrics.balanced_accuracy(counts)),
        "majority": float(metrics.majority(counts)),
        "n_frames": int(known.sum()),
    }


def unseen(
    features: Sequence[Features],
    params: Parameters,
    sizes: Iterable[int] | None = None,
    readouts: Sequence[Readout] = ("spread",),
    model: str = "ADMM",
    fitted: Mapping[tuple[str, ...], Model] | None = None,
) -> pd.DataFrame:
    """Fit on every subset of the worms of the given sizes, score each worm left out.

    `sizes` defaults to all but one worm. Columns as in `COLUMNS`; `fold` is -1, and the readout
    `position` is named behind the model. `fitted` holds models that exist, by subset; they
    are relabelled with the states of `features`.
    """
    by_name = {worm.worm: worm for worm in features}
    rows = []
    for subset in worm_subsets(tuple(by_name), sizes or [len(features) - 1]):
        manifold = fit_or_relabel([by_name[name] for name in subset], params, fitted)
        left_out = [name for name in by_name if name not in subset]
        for name, readout in itertools.product(left_out, readouts):
            scores = score(manifold.predict_states(by_name[name], readout), by_name[name].y)
            label = model if readout == "spread" else f"{model} ({readout})"
            rows.append(_row(label, subset, -1, name, False, scores))
    return pd.DataFrame(rows, columns=COLUMNS)


def fit_or_relabel(
    worms: Sequence[Features],
    params: Parameters,
    fitted: Mapping[tuple[str, ...], Model] | None = None,
) -> Model:
    """The fitted model of these worms with their states if there is one, else a new fit."""
    known = (fitted or {}).get(tuple(worm.worm for worm in worms))
    return fit(worms, params) if known is None else relabel(known, worms)


def leave_one_out(features: Sequence[Features], params: Parameters) -> dict[tuple[str, ...], Model]:
    """For each worm a model of all others, by the names of those others."""
    groups = itertools.combinations(features, len(features) - 1)
    return {tuple(worm.worm for worm in group): fit(group, params) for group in groups}


def seen(
    features: Sequence[Features],
    params: Parameters,
    split: Split,
    n_folds: int = 10,
    seed: int = 0,
    model: str = "ADMM",
) -> pd.DataFrame:
    """Fit on the training frames of one worm, score its test frames; every worm and fold.

    Columns as in `COLUMNS`. Folds without a labelled test frame are left out.
    """
    rows = []
    for worm, fold in itertools.product(features, range(n_folds)):
        role = roles(worm.n_frames, fold, n_folds, split, seed)
        y = np.where(role == Role.TEST, worm.y, -1)
        if (y >= 0).any():
            fitted = fit([worm], params, [role == Role.TRAIN])
            scores = score(fitted.predict_states(worm), y)
            rows.append(_row(model, (worm.worm,), fold, worm.worm, True, scores))
    return pd.DataFrame(rows, columns=COLUMNS)


def select(
    features: Sequence[Features],
    params: Parameters,
    grid: Mapping[str, Sequence[Any]] = GRID,
) -> dict[str, Parameters]:
    """Parameters for each worm left out, chosen by leaving one out among the *other* worms.

    The grid point with the best mean balanced accuracy on the inner worms wins, the first
    in case of a tie. The worm that a choice is for never takes part in making it.
    ChoiceError for fewer than three worms.
    """
    if len(features) < 3:
        raise ChoiceError("number of worms", len(features), ["3 or more"])
    points = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    tables = [unseen(features, replace(params, **p), [len(features) - 2]) for p in points]
    chosen = {}
    for worm in features:
        means = []
        for table in tables:
            inner = table[(table.worm != worm.worm) & ~table.subset.map(_names(worm.worm))]
            means.append(inner.balanced_accuracy.mean())
        chosen[worm.worm] = replace(params, **points[int(np.argmax(means))])
    return chosen


def nested(
    features: Sequence[Features], chosen: Mapping[str, Parameters], model: str
) -> pd.DataFrame:
    """Each worm scored by a model of all the others, with the parameters chosen for it."""
    tables = []
    for worm in features:
        others = [other for other in features if other is not worm]
        scores = score(fit(others, chosen[worm.worm]).predict_states(worm), worm.y)
        subset = tuple(other.worm for other in others)
        tables.append(_row(model, subset, -1, worm.worm, False, scores))
    return pd.DataFrame(tables, columns=COLUMNS)


def sensitivity(
    features: Sequence[Features],
    params: Parameters,
    vary: Mapping[str, Sequence[Any]] = SENSITIVITY,
    n_train: int | None = None,
) -> pd.DataFrame:
    """Accuracy on worms left out as one parameter varies and the others stay.

    Models of `n_train` worms, all but one if None. Columns: parameter, value (text),
    default (is it the value of `params`), n_train, subset, worm, accuracy, balanced_accuracy.
    Scores are missing where the spectrum did not converge.
    """
    sizes = None if n_train is None else [n_train]
    base = unseen(features, params, sizes)
    tables = []
    for name, values in vary.items():
        for value in values:
            same = getattr(params, name) == value
            try:
                varied = replace(params, **{name: value})
                table = base if same else unseen(features, varied, sizes)
            except TrainingError:
                table = base.assign(accuracy=np.nan, balanced_accuracy=np.nan)
            label = " + ".join(value) if isinstance(value, tuple) else str(value)
            tables.append(table.assign(parameter=name, value=label, default=same))
    kept = ["parameter", "value", "default", "n_train", "subset", "worm"]
    kept += ["accuracy", "balanced_accuracy"]
    return pd.concat(tables, ignore_index=True)[kept]


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over pairs of model and worm, in percent.

    Columns: model, trained on (number of worms), accuracy, sd, lowest, balanced, majority, n.
    """
    percent = table.assign(
        **{name: 100 * table[name] for name in ("accuracy", "balanced_accuracy", "majority")}
    )
    grouped = percent.groupby(["model", "n_train"], sort=False)
    return grouped.agg(
        accuracy=("accuracy", "mean"),
        sd=("accuracy", "std"),
        lowest=("accuracy", "min"),
        balanced=("balanced_accuracy", "mean"),
        majority=("majority", "mean"),
        n=("accuracy", "size"),
    ).reset_index(names=["model", "trained on"])


def _row(
    model: str,
    subset: tuple[str, ...],
    fold: int,
    worm: str,
    is_seen: bool,
    scores: dict[str, float],
) -> dict[str, object]:
    described = {"model": model, "n_train": len(subset), "subset": " ".join(subset)}
    return described | {"fold": fold, "worm": worm, "seen": is_seen} | scores


def _names(worm: str) -> Any:
    return lambda subset: worm in subset.split()
