"""The simple forecasts on the same worms, windows and folds as the networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from wormgnn.baselines.damped import fit_damped
from wormgnn.baselines.persistence import (
    Baseline,
    ConstantDerivative,
    Floats,
    Persistence,
    fit_mean,
    fit_ridge,
    per_frame,
)
from wormgnn.recording import Recording
from wormgnn.rollouts import Forecasts
from wormgnn.trajectory import Traces

Windows = Sequence[Floats]
"""Windows of each training worm, (features, neurons, windows, frames)."""

Build = Callable[[Windows, Windows, Recording, Sequence[str]], Baseline]
"""From training and validation windows, the evaluated worm and its neurons to a forecast."""

BASELINES: dict[str, Build] = {
    "persistence": lambda train, validation, worm, neurons: Persistence(),
    "constant-derivative": lambda train, validation, worm, neurons: ConstantDerivative(
        *per_frame(worm, neurons)
    ),
    "damped": lambda train, validation, worm, neurons: fit_damped(train),
    "mean": lambda train, validation, worm, neurons: fit_mean(train),
    "ridge": lambda train, validation, worm, neurons: fit_ridge(train, validation, lags=1),
    "var": lambda train, validation, worm, neurons: fit_ridge(train, validation, lags=4),
}
"""`ridge` sees one frame, as the Markovian networks do; `var` the four of a burn-in."""

_LEARNS_FROM_WORMS = {"damped", "mean", "ridge", "var"}


def evaluate_baseline(
    name: str,
    traces: Sequence[Traces],
    recordings: Sequence[Recording],
    neurons: Sequence[str],
    subsets: Sequence[tuple[str, ...]],
) -> Forecasts:
    """Forecasts of a key of `BASELINES`, fitted on each subset; as `rollouts.evaluate`."""
    found = Forecasts.empty(traces, subsets)
    by_name = {worm.name: worm for worm in traces}
    learns = name in _LEARNS_FROM_WORMS
    for row, subset in enumerate(subsets):
        train, validation = (
            [_numpy(by_name[worm].windows(part)) for worm in subset] for part in (False, True)
        )
        baseline: Baseline | None = None
        for column, (worm, recording) in enumerate(zip(traces, recordings, strict=True)):
            if found.seen[row, column]:
                continue
            if baseline is None or not learns:
                baseline = BASELINES[name](train, validation, recording, neurons)
            found.fill([row], column, worm, _Forecaster(baseline))
    return found


class _Forecaster:
    """A baseline in the place of one network."""

    def __init__(self, baseline: Baseline) -> None:
        self.baseline = baseline

    def __call__(self, known: Tensor, horizon_frames: int) -> Tensor:
        predicted = self.baseline.forecast(_numpy(known), horizon_frames)
        return torch.from_numpy(predicted).to(known)[None]


def _numpy(x: Tensor) -> Floats:
    return x.double().cpu().numpy()
