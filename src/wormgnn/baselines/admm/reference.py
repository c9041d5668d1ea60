"""Reference tables of the manifold on a dataset: `python -m wormgnn.baselines.admm.reference`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from wormgnn import reference
from wormgnn.baselines import components, onset
from wormgnn.baselines.admm import evaluation
from wormgnn.baselines.admm.controls import without_manifold
from wormgnn.baselines.admm.horizon import horizon
from wormgnn.baselines.admm.parameters import Parameters
from wormgnn.datasets import registry
from wormgnn.errors import ChoiceError
from wormgnn.features import Features, features
from wormgnn.neuron_sets import LABEL_DEFINING
from wormgnn.recording import PAPER_NEURONS, Recording


def of(
    recordings: Sequence[Recording], n_states: int, neurons: Sequence[str] = PAPER_NEURONS
) -> list[Features]:
    """Features of each recording."""
    return [features(recording, neurons, n_states) for recording in recordings]


def classified(
    recordings: Sequence[Recording], params: Parameters, n_states: int = 2, seed: int = 0
) -> pd.DataFrame:
    """Every number of the classification: unseen worms, same worm, choices; tidy.

    Models: `ADMM` (default parameters), `ADMM (position)` (phase and branch alone),
    `ADMM (chosen)` (parameters from the training worms), `ADMM (without AVA)`,
    `ADMM (causal scaling)`, `ADMM (present frame)` (no delays), and `ADMM (shuffled)`,
    `ADMM (blocked)` on the worm itself; and classifiers without a manifold.
    """
    worms = of(recordings, n_states)
    chosen = evaluation.select(worms, params)
    rest = tuple(name for name in PAPER_NEURONS if name not in LABEL_DEFINING)
    causal = [features(r, PAPER_NEURONS, n_states, "causal") for r in recordings]
    present = replace(params, n_delays=0)
    tables = [
        evaluation.seen(worms, params, "shuffled", seed=seed, model="ADMM (shuffled)"),
        evaluation.seen(worms, params, "blocked", seed=seed, model="ADMM (blocked)"),
        evaluation.unseen(worms, params, range(1, len(worms))),
        evaluation.unseen(worms, params, readouts=("position",)),
        evaluation.nested(worms, chosen, "ADMM (chosen)"),
        evaluation.unseen(of(recordings, n_states, rest), params, model="ADMM (without AVA)"),
        evaluation.unseen(causal, params, model="ADMM (causal scaling)"),
        evaluation.unseen(worms, present, model="ADMM (present frame)"),
        without_manifold(worms, params),
    ]
    table = pd.concat(tables, ignore_index=True)
    table.attrs["chosen"] = {worm: found.as_dict() for worm, found in chosen.items()}
    return table


def _sensitivity(recordings: Sequence[Recording], params: Parameters, seed: int) -> pd.DataFrame:
    worms = of(recordings, 4)
    return evaluation.sensitivity(worms, params, n_train=1).assign(n_states=4)


def _horizon(recordings: Sequence[Recording], params: Parameters, seed: int) -> pd.DataFrame:
    fps = {recording.worm: recording.fps for recording in recordings}
    return horizon(of(recordings, 4), params, fps)


_MODULE = "wormgnn.baselines.admm.reference"

CODE = (
    "wormgnn.recording",
    "wormgnn.states",
    "wormgnn.features",
    "wormgnn.folds",
    "wormgnn.metrics",
    "wormgnn.neuron_sets",
    "wormgnn.baselines.components",
    "wormgnn.baselines.onset",
    "wormgnn.baselines.admm.*",
)
"""Modules whose code decides a table of this module."""

Table = Callable[[Sequence[Recording], Parameters, int], pd.DataFrame]
TABLES: dict[str, Table] = {
    "admm_two_states": lambda r, p, s: classified(r, p, 2, s),
    "admm_sensitivity": _sensitivity,
    "admm_horizon": _horizon,
    "onset": lambda r, p, s: pd.concat(
        [onset.decode_all(r, seed=s, standardise=standard)[0] for standard in (True, False)]
    ),
    "components": lambda r, p, s: pd.concat(
        [components.describe(r, peak=peak) for peak in (False, True)]
    ),
    "components_variance": lambda r, p, s: components.variance(r),
}


def write(name: str, dataset: str, folder: Path | None = None, seed: int = 0) -> Path:
    """Compute one table and write it with its manifest; returns the CSV's path.

    ChoiceError for an unknown table or dataset.
    """
    if name not in TABLES:
        raise ChoiceError("table", name, TABLES)
    recordings, params = registry.load(dataset), Parameters(seed=seed)
    start = time.perf_counter()
    table = TABLES[name](recordings, params, seed)
    about = reference.about(
        f"python -m {_MODULE} {name} --dataset {dataset} --seed {seed}",
        dataset,
        recordings,
        seed,
        CODE,
        neurons=list(PAPER_NEURONS),
        parameters=params.as_dict(),
        chosen_parameters=table.attrs.get("chosen", {}),
        seconds=round(time.perf_counter() - start, 1),
    )
    return reference.write(f"{name}.{dataset}", table, about, folder)


def main() -> None:
    """Write the reference tables that the command line names, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", help=f"some of {', '.join(TABLES)}; all by default")
    parser.add_argument("--dataset", default="kato")
    parser.add_argument("--out", type=Path, default=None, help="folder; results/ by default")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for name in args.tables or TABLES:
        print(write(name, args.dataset, args.out, args.seed))


if __name__ == "__main__":
    main()
