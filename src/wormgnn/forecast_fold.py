"""One fold of the second task: a plan, and its networks trained and evaluated."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wormgnn.baselines.forecasts import BASELINES, evaluate_baseline
from wormgnn.features import Scaling, features
from wormgnn.folds import Split
from wormgnn.models.forecasters import network
from wormgnn.optimiser import Schedule
from wormgnn.profiles import Profile
from wormgnn.recording import Recording
from wormgnn.rollouts import evaluate
from wormgnn.store import Arrays
from wormgnn.training import History, fit, torch_device
from wormgnn.trajectory import Rollout, ScheduledSampling, Traces, mean_square_error

SAMPLING_END = 300 / 800
"""Share of the epochs after which scheduled sampling shows no true frame (the paper's 300 of
800, "timesteps" read as epochs)."""


@dataclass(frozen=True)
class Forecast:
    """One model that predicts trajectories, over worm subsets and folds.

    Attributes
    ----------
    model
        One of `baselines.forecasts.BASELINES` or `models.forecasters.NETWORKS`.
    options
        Arguments of the network.
    sizes
        Numbers of training worms; None means every one.
    split, scaling
        How windows become folds, and how traces are scaled.
    sampling_end
        Share of the epochs over which scheduled sampling fades out; 0 shows networks nothing
        but their own predictions. Recurrent networks have their burn-in instead.
    seed
        Of folds, initial weights, the order of training and of sampling.
    """

    model: str
    options: Mapping[str, Any] = field(default_factory=dict)
    sizes: tuple[int, ...] | None = (1, 4)
    split: Split = "shuffled"
    scaling: Scaling = "whole"
    sampling_end: float = SAMPLING_END
    seed: int = 0


def run_fold(
    plan: Forecast,
    recordings: Sequence[Recording],
    neurons: Sequence[str],
    subsets: Sequence[tuple[str, ...]],
    profile: Profile,
    fold: int,
    device: str,
) -> Arrays:
    """Train and evaluate all subsets on one fold.

    Arrays are the fields of `rollouts.Forecasts`, less the names of the worms.
    """
    trained = {worm for subset in subsets for worm in subset}
    target = torch_device(device)
    traces = []
    for number, recording in enumerate(recordings):
        found = features(recording, neurons, 2, plan.scaling)
        seed = 100 * plan.seed + number
        traces.append(
            Traces.of(found, fold, profile.n_folds, plan.split, seed, target)
            if recording.worm in trained
            else Traces.unseen(found, target)
        )
    if plan.model in BASELINES:
        forecasts = evaluate_baseline(plan.model, traces, recordings, neurons, subsets)
    else:
        model, history = _train(plan, traces, subsets, profile, fold)
        forecasts = evaluate(model, traces, subsets)
        forecasts.validation[:] = history.validation.amin(0).numpy()
    arrays = {f.name: getattr(forecasts, f.name) for f in dataclasses.fields(forecasts)}
    del arrays["worms"]
    return arrays


def _train(
    plan: Forecast,
    traces: Sequence[Traces],
    subsets: Sequence[tuple[str, ...]],
    profile: Profile,
    fold: int,
) -> tuple[Rollout, History]:
    """An ensemble with one member for each subset, trained."""
    seed = 1000 * plan.seed + fold
    options = {"hidden": profile.hidden, **plan.options}
    neurons = traces[0].x.shape[1]
    model = Rollout(network(plan.model, len(subsets), neurons, seed, **options))
    model.to(traces[0].x.device)
    train, validation = (
        [
            batch
            for worm in traces
            for batch in worm.batches(_members(subsets, worm.name), model, validates)
        ]
        for validates in (False, True)
    )
    end = 0 if model.predictor.recurrent else round(plan.sampling_end * profile.epochs)
    history = fit(
        model,
        ScheduledSampling(train, end, seed),
        validation,
        mean_square_error,
        Schedule(epochs=profile.epochs),
        seed,
        f"{plan.model}, fold {fold}",
    )
    return model, history


def _members(subsets: Sequence[tuple[str, ...]], worm: str) -> list[int]:
    return [row for row, subset in enumerate(subsets) if worm in subset]
