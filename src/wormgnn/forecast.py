"""The protocol of the second task: train on worm subsets, fold by fold, forecast unseen worms."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from wormgnn.baselines.forecasts import BASELINES
from wormgnn.errors import ChoiceError, RecordingError
from wormgnn.forecast_fold import Forecast, run_fold
from wormgnn.models.forecasters import NETWORKS
from wormgnn.profiles import Profile
from wormgnn.recording import Recording, check_names
from wormgnn.rollouts import Forecasts, starts
from wormgnn.store import Store, code_version
from wormgnn.trajectory import HORIZON_FRAMES

CODE = (
    "wormgnn.recording",
    "wormgnn.features",
    "wormgnn.folds",
    "wormgnn.ensemble",
    "wormgnn.optimiser",
    "wormgnn.training",
    "wormgnn.models.layers",
    "wormgnn.models.gnn",
    "wormgnn.models.pairs",
    "wormgnn.models.predictors",
    "wormgnn.models.frame_edges",
    "wormgnn.models.recurrent",
    "wormgnn.models.zoo",
    "wormgnn.models.forecasters",
    "wormgnn.baselines.persistence",
    "wormgnn.baselines.damped",
    "wormgnn.baselines.forecasts",
    "wormgnn.trajectory",
    "wormgnn.rollouts",
    "wormgnn.forecast_fold",
    "wormgnn.forecast",
)
"""Modules whose code decides a forecast."""


@dataclass(frozen=True)
class Forecasted:
    """What a plan gave.

    Attributes
    ----------
    rows
        One row for each fold, subset, unseen worm and frame ahead: columns n_train, subset,
        fold, worm, step (frames ahead), mse, mse_trace, mse_derivative, windows, diverged
        (windows).
    folds
        The forecasts of each fold.
    subsets
        Training worms of each member.
    """

    rows: pd.DataFrame
    folds: tuple[Forecasts, ...]
    subsets: tuple[tuple[str, ...], ...]


def forecast(
    plan: Forecast,
    recordings: Sequence[Recording],
    neurons: Sequence[str],
    profile: Profile,
    store: Store,
    unseen: Sequence[Recording] = (),
    device: str = "auto",
) -> Forecasted:
    """Run a plan, fold by fold, each fold stored as soon as it is done.

    Parameters
    ----------
    plan
        What to run.
    recordings
        Worms that subsets are drawn from; each is forecast by the members that never met it.
    neurons
        Names of the neurons predicted.
    profile
        How much of the protocol to run, and hidden channels.
    store
        Where finished folds are kept.
    unseen
        Further worms, forecast but never trained on.
    device
        `auto` takes a CUDA device where there is one.

    Raises
    ------
    ChoiceError
        An unknown model.
    RecordingError
        Two worms of one name, a worm too short for the horizon, or no worm to forecast.
    TrainingError
        Training that diverged: the message names the members and the epoch.
    """
    worms = [*recordings, *unseen]
    _check(plan, worms)
    subsets = profile.subsets([worm.worm for worm in recordings], plan.sizes)
    if not unseen:  # who met every worm has none left to forecast
        subsets = [subset for subset in subsets if len(subset) < len(recordings)]
    if not subsets:
        raise RecordingError(
            f"expected another worm than those that train: {len(recordings)} worms, of which "
            f"{plan.sizes or 'any number'} train"
        )
    done, tables = [], []
    for fold in tqdm(profile.folds, desc=plan.model, unit="fold", disable=None, leave=False):
        inputs = _inputs(plan, worms, neurons, subsets, profile, fold)
        run = partial(run_fold, plan, worms, neurons, subsets, profile, fold, device)
        arrays = store.compute(inputs, run)
        found = Forecasts(tuple(worm.worm for worm in worms), **arrays)
        done.append(found)
        tables.append(_tidy(found, subsets, fold, [worm.n_frames for worm in worms]))
    return Forecasted(pd.concat(tables, ignore_index=True), tuple(done), tuple(subsets))


def _check(plan: Forecast, worms: Sequence[Recording]) -> None:
    if plan.model not in {*BASELINES, *NETWORKS}:
        raise ChoiceError("model", plan.model, [*BASELINES, *NETWORKS])
    check_names(worms)
    if plan.model == "constant-derivative" and plan.scaling != "whole":
        raise ChoiceError("scaling of the constant derivative", plan.scaling, ["whole"])
    for worm in worms:
        starts(worm.n_frames)


def _inputs(
    plan: Forecast,
    worms: Sequence[Recording],
    neurons: Sequence[str],
    subsets: Sequence[tuple[str, ...]],
    profile: Profile,
    fold: int,
) -> dict[str, Any]:
    """Everything that a fold's result depends on, as plain JSON."""
    return {
        "task": "forecast",
        "plan": {**dataclasses.asdict(plan), "options": dict(plan.options)},
        "neurons": list(neurons),
        "subsets": [list(subset) for subset in subsets],
        "fold": fold,
        "n_folds": profile.n_folds,
        "epochs": profile.epochs,
        "hidden": profile.hidden,
        "data": [[worm.worm, worm.digest] for worm in worms],
        "code": code_version(CODE),
    }


def _tidy(
    found: Forecasts, subsets: Sequence[tuple[str, ...]], fold: int, n_frames: Sequence[int]
) -> pd.DataFrame:
    """One row for each member, worm that it never met, and frame ahead."""
    member, worm = np.nonzero(~found.seen)
    mse = found.mse[member, worm].mean(axis=2)  # over neurons
    known = pd.DataFrame(
        {
            "n_train": [len(subsets[m]) for m in member],
            "subset": ["+".join(subsets[m]) for m in member],
            "fold": fold,
            "worm": [found.worms[w] for w in worm],
            "windows": [len(starts(n_frames[w])) for w in worm],
            "diverged": found.diverged[member, worm],
        }
    )
    rows = known.loc[known.index.repeat(HORIZON_FRAMES)].reset_index(drop=True)
    return rows.assign(
        step=np.tile(np.arange(1, HORIZON_FRAMES + 1), len(known)),
        mse=mse.mean(axis=1).ravel(),
        mse_trace=mse[:, 0].ravel(),
        mse_derivative=mse[:, 1].ravel(),
    )
