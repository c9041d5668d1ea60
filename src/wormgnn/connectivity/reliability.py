"""How far inferred edges agree with each other: what bounds their agreement with all else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from wormgnn.connectivity.agreement import Array, entries, node_orders, unit_ranks
from wormgnn.connectivity.edges import Inferred, aligned
from wormgnn.statistics import Random

_SPLITS = 20
"""Random halves of the networks that are averaged apart."""

_BINS = np.linspace(-1, 1, 41)

ALIGNED_HALVES = "aligned averages of two halves of the networks"

_KINDS = {
    "same worm and training worms, other fold": "fmwc,gmwc->mwfg",
    "same worm and fold, other training worms": "fmwc,fnwc->fwmn",
    "same network, other worm": "fmwc,fmvc->fmwv",
}
"""What two sets of edges share, and how to multiply ranks (fold, member, worm, entry) for it."""

_AVERAGES: dict[str, Callable[[Array], Array]] = {
    "averages of two halves of the networks": lambda networks: networks,
    ALIGNED_HALVES: aligned,
}


def reliability(found: Inferred, rng: Random = 0) -> pd.DataFrame:
    """Spearman's correlation between the edges of two networks, or of two worms.

    Returns
    -------
    table
        One row for each kind of pair, with columns pairs (what the two share and what
        differs), mean, sd, low, high (5 and 95 %), negative (share below 0), mean_abs,
        chance_abs (the mean absolute correlation when the neurons of one are exchanged at
        random) and n. Members of a fold differ in initial weights, too, and so do folds.
    """
    random = np.random.default_rng(rng)
    chance = _exchanged(found.edges, random)
    rows = [
        _row(name, pairs_of(found.edges, name), pairs_of(found.edges, name, chance))
        for name in _KINDS
    ]
    if len(found.networks) > 1:
        for name, treat in _AVERAGES.items():
            cut = [_halves(found.networks, treat, random) for _ in range(_SPLITS)]
            control = [np.stack([first, _exchanged(second, random)]) for first, second in cut]
            rows.append(_row(name, _agreement(cut), _agreement(control)))
    return pd.DataFrame([row for row in rows if row["n"]])


def pairs_of(edges: Array, kind: str, others: Array | None = None) -> Array:
    """Spearman's correlations of all pairs of a kind, shape (pairs,).

    `edges` has shape (folds, members, worms, neurons, neurons); the second of each pair
    comes from `others` where given.
    """
    first, second = (unit_ranks(entries(e)) for e in (edges, edges if others is None else others))
    products = np.einsum(_KINDS[kind], first, second, optimize=True)
    rows, columns = np.triu_indices(products.shape[-1], 1)
    return np.asarray(products[..., rows, columns].ravel())


def histogram(found: Inferred) -> pd.DataFrame:
    """How the correlations of each kind of pair are spread: columns pairs, low, high, share."""
    tables = []
    for name in _KINDS:
        values = pairs_of(found.edges, name)
        share = np.histogram(values, _BINS)[0] / max(len(values), 1)
        table = pd.DataFrame({"pairs": name, "low": _BINS[:-1], "high": _BINS[1:], "share": share})
        if len(values):
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _agreement(pairs: list[Array]) -> Array:
    """Correlation of two averages for each worm, over all splits, shape (splits * worms,)."""
    return np.concatenate([np.einsum("wc,wc->w", *unit_ranks(entries(pair))) for pair in pairs])


def of_average(halves: float) -> float:
    """Reliability of an average from the correlation of its halves (Spearman and Brown)."""
    return 2 * halves / (1 + halves)


def bound(halves: float) -> float:
    """Largest correlation that a matrix so reliable can be expected to have with another."""
    return float(np.sqrt(max(of_average(halves), 0.0)))


def _exchanged(edges: Array, random: np.random.Generator) -> Array:
    """Every matrix with its own random order of neurons."""
    flat = edges.reshape(-1, *edges.shape[-2:])
    orders = node_orders(edges.shape[-1], len(flat), random)[1:]
    moved = flat[np.arange(len(flat))[:, None, None], orders[:, :, None], orders[:, None]]
    return moved.reshape(edges.shape)


def _halves(networks: Array, treat: Callable[[Array], Array], random: np.random.Generator) -> Array:
    """Averages over two halves of the networks, shape (2, worms, neurons, neurons)."""
    cut = np.array_split(random.permutation(len(networks)), 2)
    return np.stack([treat(networks[half]).mean(axis=0) for half in cut])


def _row(name: str, pairs: Array, control: Array) -> dict[str, object]:
    if not len(pairs):
        return {"pairs": name, "n": 0}
    low, high = np.quantile(pairs, [0.05, 0.95])
    return {
        "pairs": name,
        "mean": pairs.mean(),
        "sd": pairs.std(),
        "low": low,
        "high": high,
        "negative": np.mean(pairs < 0),
        "mean_abs": np.abs(pairs).mean(),
        "chance_abs": np.abs(control).mean(),
        "n": len(pairs),
    }
