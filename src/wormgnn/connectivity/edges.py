"""The edges that the networks of Table 1 infer, and the sign that they leave open.

A network weighs an edge by the probability of the second of two edge types. Nothing says
which type is which: a network can use an edge, or its absence, to the same end. So edges
are compared up to exchanging all weights w for 1 - w in one network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wormgnn.connectivity.agreement import Array, entries, unit_ranks
from wormgnn.experiments import EXPERIMENTS
from wormgnn.neuron_sets import neuron_set
from wormgnn.profiles import Profile
from wormgnn.protocol import classify
from wormgnn.recording import Recording
from wormgnn.store import Remembering, Store


@dataclass(frozen=True)
class Inferred:
    """Edges of every network for every worm.

    Attributes
    ----------
    edges
        Receiver first, shape (folds, members, worms, neurons, neurons).
    neurons, worms
        Names.
    """

    edges: Array
    neurons: tuple[str, ...]
    worms: tuple[str, ...]

    @property
    def networks(self) -> Array:
        """Folds and members as one axis: shape (networks, worms, neurons, neurons)."""
        return self.edges.reshape(-1, *self.edges.shape[2:])


def inferred(
    recordings: Sequence[Recording],
    profile: Profile,
    store: Store,
    seed: int = 0,
    device: str = "auto",
) -> Inferred:
    """Edges of the line `GNN` of Table 1; trained networks come from the store."""
    (line,) = EXPERIMENTS["table1"].only(["GNN"]).runs
    neurons = neuron_set(line.neurons, recordings)
    kept = Remembering(store.folder)
    classify(replace(line.plan, seed=seed), recordings, neurons, profile, kept, device=device)
    edges = np.stack([arrays["edges"] for arrays in kept.given]).astype(np.float64)
    return Inferred(edges, neurons, tuple(worm.worm for worm in recordings))


def signs(networks: Array) -> NDArray[np.int64]:
    """+1 or -1 for each network, so that their ranks add up the most.

    `networks` has shape (networks, worms, neurons, neurons). The signs are those of the
    first principal component of the ranks of all edges between two neurons: no reference
    takes part. The one sign that is left, of all networks together, is chosen so that edges
    from a neuron to itself, which are compared with nothing, weigh more than the others.
    """
    ranks = unit_ranks(entries(networks)).reshape(len(networks), -1)
    first = np.linalg.svd(ranks, full_matrices=False)[0][:, 0]
    found = np.where(first >= 0, 1, -1)
    to_itself = np.diagonal(networks, axis1=2, axis2=3).mean(axis=(1, 2))
    others = entries(networks).mean(axis=(1, 2))
    return np.asarray(found if found @ (to_itself - others) >= 0 else -found)


def aligned(networks: Array) -> Array:
    """Networks with w exchanged for 1 - w where `signs` is -1, in the shape given."""
    flipped = signs(networks)[:, None, None, None] < 0
    return np.where(flipped, 1 - networks, networks)
