"""How many frames the edges of a whole recording need: `python -m wormgnn.edge_frames`.

Takes the trained GNNs of Table 1 (first fold) and lets them infer the edges of unseen worms
from more or fewer frames than in training.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from wormgnn import metrics, reference
from wormgnn.classification import Worm, evaluate, inferred_edges
from wormgnn.datasets.registry import load
from wormgnn.ensemble import load_flat_state
from wormgnn.experiments import EXPERIMENTS
from wormgnn.features import Features, features
from wormgnn.folds import Role
from wormgnn.neuron_sets import neuron_set
from wormgnn.profiles import Profile, profile_named
from wormgnn.protocol import build, classify, code_of
from wormgnn.recording import Recording
from wormgnn.store import Remembering, Store

FRAMES = (32, 64, 128, 256, 512, 100_000)
"""Numbers of frames tried; the last stands for all of a recording."""


def edge_frames(recordings: Sequence[Recording], profile: Profile, store: Store) -> pd.DataFrame:
    """Accuracy on unseen worms against the number of frames behind the edges.

    Returns
    -------
    table
        One row for each of `FRAMES`: mean accuracy, its mean and largest absolute change
        against the number used in training, and the mean change of an edge's weight.
    """
    (line,) = EXPERIMENTS["table1"].only(["GNN"]).runs
    neurons, plan = neuron_set(line.neurons, recordings), line.plan
    kept = Remembering(store.folder)
    classify(plan, recordings, neurons, profile.with_folds(1), kept)
    subsets = profile.subsets([worm.worm for worm in recordings], plan.sizes)
    model = build(plan, len(subsets), neurons, plan.seed)
    load_flat_state(model, kept.given[0])
    prepared = [features(worm, neurons, plan.n_states, plan.scaling) for worm in recordings]
    accuracy: dict[int, NDArray[np.float64]] = {}
    edges: dict[int, NDArray[np.float32]] = {}
    for frames in sorted({*FRAMES, plan.edge_frames}):
        worms = [_whole(worm, frames) for worm in prepared]
        evaluation = evaluate(model, worms, subsets, plan.n_states)
        accuracy[frames] = metrics.accuracy(evaluation.counts[~evaluation.seen])
        edges[frames] = inferred_edges(model, worms)
    usual = plan.edge_frames
    longest = max(worm.n_frames for worm in recordings)
    return pd.DataFrame(
        {
            "frames": ["all" if n > longest else str(n) for n in accuracy],
            "accuracy": [a.mean() for a in accuracy.values()],
            "mean change of accuracy": [abs(a - accuracy[usual]).mean() for a in accuracy.values()],
            "largest change": [abs(a - accuracy[usual]).max() for a in accuracy.values()],
            "mean change of an edge": [abs(e - edges[usual]).mean() for e in edges.values()],
            "n": [len(a) for a in accuracy.values()],
        }
    )


def _whole(worm: Features, frames: int) -> Worm:
    """A worm of which no frame is held out: unseen worms need no roles."""
    roles = np.full(worm.n_frames, Role.TRAIN, dtype=np.int64)
    return Worm.of(worm, roles, torch.device("cpu"), frames)


@click.command()
@click.option("--dataset", default="kato", show_default=True)
@click.option("--profile", default="paper", show_default=True)
def main(dataset: str, profile: str) -> None:
    """Compute the table and write it into results/."""
    recordings, scale = load(dataset), profile_named(profile).with_folds(1)
    table = edge_frames(recordings, scale, Store())
    command = " ".join(["python -m wormgnn.edge_frames", *sys.argv[1:]])
    code = (*code_of(["gnn"]), "wormgnn.edge_frames")
    about = reference.about(command, dataset, recordings, 0, code, scale)
    click.echo(reference.write(f"edge_frames.{dataset}", table, about))


if __name__ == "__main__":
    main()
