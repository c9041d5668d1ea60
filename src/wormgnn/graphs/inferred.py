"""Edges that networks infer: aligned up to their sign, averaged, and compared with each other.

A network weighs an edge by the probability of the second of two edge types. Nothing says
which type is which: a network can use an edge, or its absence, to the same end. So edges
are compared up to exchanging all weights w for 1 - w in one network (see `aligned`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wormgnn.graphs.agreement import Array, entries, node_orders, unit_ranks
from wormgnn.graphs.matrices import correlations
from wormgnn.recording import Recording
from wormgnn.statistics import Random

PAIRS = {
    "same worm and training worms, other fold": "fmwc,gmwc->mwfg",
    "same worm and fold, other training worms": "fmwc,fnwc->fwmn",
    "same network, other worm": "fmwc,fmvc->fmwv",
}
"""What two sets of edges share, and how to multiply ranks (fold, member, worm, entry) for it."""

ALIGNED_HALVES = "aligned averages of two halves of the networks"
_HALVES = ("averages of two halves of the networks", ALIGNED_HALVES)

_SPLITS = 20
"""Random halves of the networks that are averaged apart."""

_BINS = np.linspace(-1, 1, 41)


@dataclass(frozen=True)
class Inferred:
    """Edges of every network for every worm, receiver first.

    Shape (folds, members, worms, neurons, neurons), with the names of neurons and worms.
    """

    edges: Array
    neurons: tuple[str, ...]
    worms: tuple[str, ...]

    @property
    def networks(self) -> Array:
        """Folds and members as one axis: shape (networks, worms, neurons, neurons)."""
        return self.edges.reshape(-1, *self.edges.shape[2:])


def aligned(networks: Array) -> Array:
    """Networks with w exchanged for 1 - w in some of them, so that their ranks add up the most.

    Shape (networks, worms, neurons, neurons). Which ones are exchanged, the first principal
    component of the ranks of all edges between two neurons says: no reference takes part. The one
    sign that is left, of all networks together, is chosen so that edges from a neuron to itself,
    which are compared with nothing, weigh more than the others.
    """
    ranks = unit_ranks(entries(networks)).reshape(len(networks), -1)
    signs = np.where(np.linalg.svd(ranks, full_matrices=False)[0][:, 0] >= 0, 1, -1)
    to_itself = np.diagonal(networks, axis1=2, axis2=3).mean(axis=(1, 2))
    others = entries(networks).mean(axis=(1, 2))
    flipped = signs < 0 if signs @ (to_itself - others) >= 0 else signs > 0
    return np.where(flipped[:, None, None, None], 1 - networks, networks)


def reliability(inferred: Inferred, rng: Random = 0) -> pd.DataFrame:
    """Spearman's correlation between the edges of two networks, or of two worms.

    One row for each kind of pair, with columns pairs (what the two share and what differs), mean,
    sd, low, high (5 and 95 %), negative (share below 0), mean_abs, chance_abs (the mean absolute
    correlation when the neurons of one are exchanged at random) and n. Members of a fold differ in
    initial weights, too, and so do folds.
    """
    random, edges, networks = np.random.default_rng(rng), inferred.edges, inferred.networks
    mixed = _exchanged(edges, random)
    samples = {kind: (pairs_of(edges, kind), pairs_of(edges, kind, mixed)) for kind in PAIRS}
    for name in _HALVES if len(networks) > 1 else ():
        halves = []
        for _ in range(_SPLITS):
            cut = np.array_split(random.permutation(len(networks)), 2)
            parts = [networks[half] for half in cut]
            parts = [aligned(part) for part in parts] if name == ALIGNED_HALVES else parts
            halves.append(np.stack([part.mean(axis=0) for part in parts]))
        chance = [np.stack([first, _exchanged(second, random)]) for first, second in halves]
        samples[name] = _of_halves(halves), _of_halves(chance)
    rows = []
    for name, (pairs, control) in samples.items():
        if len(pairs):
            low, high = np.quantile(pairs, [0.05, 0.95])
            row = {"pairs": name, "mean": pairs.mean(), "sd": pairs.std(), "low": low, "high": high}
            row |= {"negative": np.mean(pairs < 0), "mean_abs": np.abs(pairs).mean()}
            rows.append(row | {"chance_abs": np.abs(control).mean(), "n": len(pairs)})
    return pd.DataFrame(rows)


def pairs_of(edges: Array, kind: str, others: Array | None = None) -> Array:
    """Spearman's correlations of all pairs of a kind of `PAIRS`, shape (pairs,).

    `edges` has shape (folds, members, worms, neurons, neurons); the second of each pair
    comes from `others` where given.
    """
    first, second = (unit_ranks(entries(e)) for e in (edges, edges if others is None else others))
    products = np.einsum(PAIRS[kind], first, second, optimize=True)
    rows, columns = np.triu_indices(products.shape[-1], 1)
    return np.asarray(products[..., rows, columns].ravel())


def _of_halves(halves: list[Array]) -> Array:
    """Correlation of two averages for each worm, over all splits, shape (splits * worms,)."""
    return np.concatenate([np.einsum("wc,wc->w", *unit_ranks(entries(two))) for two in halves])


def _exchanged(edges: Array, random: np.random.Generator) -> Array:
    """Every matrix with its own random order of neurons."""
    flat = edges.reshape(-1, *edges.shape[-2:])
    orders = node_orders(edges.shape[-1], len(flat), random)[1:]
    moved = flat[np.arange(len(flat))[:, None, None], orders[:, :, None], orders[:, None]]
    return moved.reshape(edges.shape)


def histogram(inferred: Inferred) -> pd.DataFrame:
    """How the correlations of each kind of pair are spread: columns pairs, low, high, share."""
    tables = []
    for name in PAIRS:
        values = pairs_of(inferred.edges, name)
        if len(values):
            share = np.histogram(values, _BINS)[0] / len(values)
            about = {"pairs": name, "low": _BINS[:-1], "high": _BINS[1:], "share": share}
            tables.append(pd.DataFrame(about))
    return pd.concat(tables, ignore_index=True)


def of_average(halves: float) -> float:
    """Reliability of an average from the correlation of its halves (Spearman and Brown)."""
    return 2 * halves / (1 + halves)


def bound(halves: float) -> float:
    """Largest correlation that a matrix so reliable can be expected to have with another."""
    return float(np.sqrt(max(of_average(halves), 0.0)))


def averages(inferred: Inferred, recordings: Sequence[Recording]) -> pd.DataFrame:
    """Edges and correlations averaged over worms, one row for each pair of neurons.

    Columns receiver, sender, average (of all networks as they are), aligned (average of
    networks with aligned signs), sd (of aligned networks and worms), correlation (of
    traces), derivative (correlation of derivatives).
    """
    networks, neurons = aligned(inferred.networks), inferred.neurons
    traces, slopes, _ = (m.weights.mean(axis=0) for m in correlations(recordings, neurons))
    receiver, sender = np.meshgrid(neurons, neurons, indexing="ij")
    columns = {"receiver": receiver, "sender": sender, "average": inferred.networks.mean((0, 1))}
    columns |= {"aligned": networks.mean(axis=(0, 1)), "sd": networks.std(axis=(0, 1))}
    columns |= {"correlation": traces, "derivative": slopes}
    return pd.DataFrame({name: values.ravel() for name, values in columns.items()})


def matrix(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """One column of `averages` as a matrix: receivers are rows, senders columns."""
    order = table["receiver"].unique()
    return table.pivot(index="receiver", columns="sender", values=column).loc[order, order]
