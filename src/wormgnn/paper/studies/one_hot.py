"""Edges under a factor within the softmax: how near one-hot, how near a permutation matrix.

Paper, "One-hot encoding of edges". Takes the edges that every network of the experiment `one-hot`
infers for every worm from its whole recording. Matrices have the receiver first. Every measure
takes any number of them at once, shape (..., neurons, neurons), and gives one number each, (...).
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import xlogy

from wormgnn.results import Table
from wormgnn.statistics import Random

Array = NDArray[np.float64]

GROUP = ["line", "model", "rivals", "factor", "fold", "n_train", "seen"]
NULLS, WITH_NULL = 10, ("share", "distance", "scaled_distance", "effective_rank", "distinct")
"""Random matrices drawn beside each matrix of edges, and what is measured of them."""

NUMERICAL = 0.01
"""Singular values below this part of the largest do not count towards `rank`."""


def edges_table(table: Table) -> pd.DataFrame:
    """The reference table `one_hot_edges`: means over networks, and their spread.

    One row for each of `GROUP`: n_members, n_matrices, and for every column of `matrices` its mean
    over networks (each the mean over its worms) and, under the name with `_sd`, the standard
    deviation.
    """
    every = matrices(table)
    names = every.columns.difference([*GROUP, "member"], sort=False)
    groups = every.groupby([*GROUP, "member"], sort=False)[names].mean().groupby(GROUP, sort=False)
    sd = groups.std().drop(columns=[n for n in names if n.startswith("null_") or n == "chance"])
    sizes = every.groupby(GROUP, sort=False)["member"].agg(n_members="nunique", n_matrices="size")
    return sizes.join(groups.mean()).join(sd.add_suffix("_sd")).reset_index()


def matrices(table: Table) -> pd.DataFrame:
    """Every measure of every matrix of edges: one row for each network and worm.

    Columns `GROUP`, member, `measures`, the same of random matrices (null_...: zeros and ones with
    the matrix's own mean, or one random sender for each receiver), same and chance (see
    `same_choice`).
    """
    random = np.random.default_rng(table.seed)
    tables = []
    for line, fold in itertools.product(table.experiment.lines, table.profile.folds):
        arrays, rivals = table.arrays(line.label, fold), line.factors["rivals"]
        edges, seen = arrays["edges"].astype(np.float64), arrays["seen"].astype(bool)
        members, worms, neurons, _ = edges.shape
        if rivals == "senders":
            null = one_sender((NULLS, members, worms), neurons, random)
        else:
            null = binary(edges.mean(axis=(-2, -1)), neurons, NULLS, random)
        values, of_null = measures(edges, rivals), measures(null, rivals)
        values |= {f"null_{n}": of_null[n].mean(axis=0) for n in WITH_NULL if n in of_null}
        values["same"], values["chance"] = same_choice(edges, seen, rivals)
        rows = pd.DataFrame({name: value.ravel() for name, value in values.items()})
        of_member = {"n_train": seen.sum(axis=1), "member": np.arange(members)}
        repeated = {name: np.repeat(value, worms) for name, value in of_member.items()}
        known = {"line": line.label, "model": line.model_name, "fold": fold, **line.factors}
        tables.append(rows.assign(**known, **repeated, seen=seen.ravel()))
    return pd.concat(tables, ignore_index=True)


def measures(edges: Array, rivals: str) -> dict[str, Array]:
    """What is measured of matrices (..., neurons, neurons), each of shape (...).

    An edge type and its absence serve a network alike (chapter "Inferred edges and the
    connectome"), so that with the rivals `types` the nearer one of W and 1 - W is taken.
    """
    if rivals == "senders":
        values = {
            "one_hot": largest_share(edges),
            "bits": sender_bits(edges),
            "distinct": distinct(edges),
            "share": share(edges),
            "distance": distance(edges),
            "scaled_distance": scaled_distance(edges),
        }
    else:
        pair = np.stack([edges, 1 - edges])
        values = {
            "one_hot": decided(edges),
            "bits": pair_bits(edges),
            "share": share(pair).max(axis=0),
            "distance": distance(pair).min(axis=0),
            "scaled_distance": scaled_distance(pair).min(axis=0),
        }
    shared = effective_rank, rank, degree
    return values | {measure.__name__: measure(edges) for measure in shared}


def same_choice(edges: Array, seen: NDArray[np.bool_], rivals: str) -> tuple[Array, Array]:
    """Whether a network makes the same choices in a worm as in its (other) training worms.

    A choice is the edge type of a pair of neurons (rivals `types`), or a receiver's strongest
    sender (`senders`). `edges` has shape (members, worms, neurons, neurons), `seen` (members,
    worms). Share of choices that are the same, and the share expected if they were as frequent in
    each worm but fell anywhere; both of shape (members, worms), NaN for the only worm that a
    network was trained on.
    """
    senders = rivals == "senders"
    choices = edges.argmax(-1) if senders else (edges > 0.5).reshape(*seen.shape, -1)
    options = edges.shape[-1] if senders else 2
    equal = (choices[:, :, None] == choices[:, None]).mean(axis=-1)
    often = np.stack([(choices == option).mean(axis=-1) for option in range(options)], axis=-1)
    known = seen[:, None] & ~np.eye(seen.shape[1], dtype=bool)
    count = known.sum(axis=-1)
    same, chance = (
        np.where(known, shares, 0.0).sum(axis=-1) / np.where(count > 0, count, np.nan)
        for shares in (equal, often @ often.swapaxes(1, 2))
    )
    return same, chance


def examples(table: Table) -> pd.DataFrame:
    """The reference table `one_hot_examples`: edges of one network of each line for one worm.

    It is the first network of the first fold among those with most training worms, and its
    first unseen worm: picked by place, not by looks. One row for each line and receiver: rivals,
    factor, n_train, worm, receiver, and a column for each sender.
    """
    tables = []
    for line in table.experiment.lines:
        cohort, arrays = table.cohort(line.label), table.arrays(line.label, table.profile.folds[0])
        seen, neurons = arrays["seen"].astype(bool), list(cohort.neurons)
        n_train = np.where(seen.all(axis=1), 0, seen.sum(axis=1))
        member = int(n_train.argmax())
        worm = int((~seen[member]).argmax())
        known = {**line.factors, "n_train": n_train[member], "worm": cohort.worms[worm]}
        edges = pd.DataFrame(arrays["edges"][member, worm], columns=neurons)
        tables.append(pd.DataFrame({**known, "receiver": neurons}).join(edges))
    return pd.concat(tables, ignore_index=True)


# --- measures of a matrix ------------------------------------------------------------------------


def decided(weights: Array) -> Array:
    """Mean of max(w, 1 - w): 1/2 where every edge is undecided, 1 where all are one or zero."""
    return np.asarray(np.maximum(weights, 1 - weights).mean(axis=(-2, -1)))


def largest_share(weights: Array) -> Array:
    """Mean of a receiver's largest weight: 1/neurons where all senders are equal, at most 1."""
    return np.asarray(weights.max(axis=-1).mean(axis=-1))


def pair_bits(weights: Array) -> Array:
    """Mean entropy of a pair's two edge types, in bits: 1 where undecided, 0 where one-hot."""
    return -(xlogy(weights, weights) + xlogy(1 - weights, 1 - weights)).mean((-2, -1)) / np.log(2)


def sender_bits(weights: Array) -> Array:
    """Mean entropy of a receiver's senders, in bits: log2(neurons) if all are equal."""
    return np.asarray(-xlogy(weights, weights).sum(axis=-1).mean(axis=-1) / np.log(2))


def assigned(weights: Array) -> Array:
    """Largest weight that one permutation can collect: `max_P sum(P * W)`."""
    matrices = weights.reshape(-1, *weights.shape[-2:])
    sums = [w[linear_sum_assignment(w, maximize=True)].sum() for w in matrices]
    return np.array(sums).reshape(weights.shape[:-2])


def share(weights: Array) -> Array:
    """Part of all weight that lies on the best permutation; 1 for a scaled permutation matrix."""
    total = weights.sum(axis=(-2, -1))
    return np.divide(assigned(weights), total, out=np.zeros_like(total), where=total > 0)


def distance(weights: Array) -> Array:
    """Frobenius distance to the nearest permutation matrix, in lengths of one.

    `min_P |W - P| / sqrt(neurons)`: 0 for a permutation, 1 for no edges at all, more for
    many. With non-negative weights the nearest permutation is the one of `assigned`, since
    `|W - P|^2 = |W|^2 + neurons - 2 sum(P * W)`.
    """
    n = weights.shape[-1]
    squares = (weights**2).sum(axis=(-2, -1))
    return np.asarray(np.sqrt(np.maximum(squares + n - 2 * assigned(weights), 0) / n))


def scaled_distance(weights: Array) -> Array:
    """The same to the nearest multiple of a permutation matrix, in lengths of the matrix.

    `min_cP |W - c P| / |W|`, between 0 and 1: the best c is `sum(P * W) / neurons`.
    """
    squares = np.asarray((weights**2).sum(axis=(-2, -1)))
    missed = squares - assigned(weights) ** 2 / weights.shape[-1]
    part = np.divide(missed, squares, out=np.ones_like(squares), where=squares > 0)
    return np.asarray(np.sqrt(np.maximum(part, 0)))


def distinct(weights: Array) -> Array:
    """Number of neurons that are some receiver's strongest sender."""
    strongest = np.sort(weights.argmax(axis=-1), axis=-1)
    return np.asarray(1.0 + (np.diff(strongest, axis=-1) > 0).sum(axis=-1))


def degree(weights: Array) -> Array:
    """Mean number of senders whose weight is above one half; 1 in a permutation."""
    return np.asarray((weights > 0.5).sum(axis=-1).mean(axis=-1))


def effective_rank(weights: Array) -> Array:
    """Dimensions that messages keep: exp of the entropy of the singular values.

    Between 1, where all receivers get the same, and the number of neurons, which a
    permutation reaches (Roy and Vetterli 2007, EUSIPCO).
    """
    values = np.linalg.svd(weights, compute_uv=False)
    total = values.sum(axis=-1, keepdims=True)
    part = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    return np.asarray(np.exp(-xlogy(part, part).sum(axis=-1)))


def rank(weights: Array) -> Array:
    """Number of singular values above `NUMERICAL` of the largest."""
    values = np.linalg.svd(weights, compute_uv=False)
    return np.asarray((values > NUMERICAL * values[..., :1]).sum(axis=-1).astype(np.float64))


def binary(density: Array, neurons: int, count: int, rng: Random = 0) -> Array:
    """Random matrices of zeros and ones, shape (count, ..., neurons, neurons).

    `density` is the probability of a one, shape (...).
    """
    draws = np.random.default_rng(rng).random((count, *density.shape, neurons, neurons))
    return (draws < density[..., None, None]).astype(np.float64)


def one_sender(shape: tuple[int, ...], neurons: int, rng: Random = 0) -> Array:
    """Random matrices in which each receiver has one sender, shape (*shape, neurons, neurons)."""
    senders = np.random.default_rng(rng).integers(neurons, size=(*shape, neurons))
    return np.asarray(np.eye(neurons)[senders])
