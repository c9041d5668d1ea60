"""Edges under a factor within the softmax: how near one-hot, how near a permutation matrix.

Paper, "One-hot encoding of edges". Takes the edges that every network of the experiment `one-hot`
infers for every worm from its whole recording. Matrices have the receiver first.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import xlogy

from wormgnn.runner import Table

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
            null = np.eye(neurons)[random.integers(neurons, size=(NULLS, members, worms, neurons))]
        else:
            density = edges.mean(axis=(-2, -1), keepdims=True)
            null = (random.random((NULLS, *edges.shape)) < density).astype(np.float64)
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

    - `one_hot`: of `types` the mean of max(w, 1 - w), 1/2 where every edge is undecided; of
      `senders` the mean of a receiver's largest weight, 1/neurons where all are equal; at most 1.
    - `bits`: mean entropy, of a pair's two edge types or of a receiver's senders.
    - `distinct`: number of neurons that are some receiver's strongest sender.
    - `share`, `distance`, `scaled_distance`: see `permutation`. An edge type and its absence serve
      a network alike (chapter "Inferred edges and the connectome"), so that of `types` the nearer
      one of W and 1 - W is taken.
    - `effective_rank`: dimensions that messages keep, exp of the entropy of the singular values,
      between 1, where all receivers get the same, and the number of neurons, which a permutation
      reaches (Roy and Vetterli 2007, EUSIPCO).
    - `rank`: number of singular values above `NUMERICAL` of the largest.
    - `degree`: mean number of senders whose weight is above one half; 1 in a permutation.
    """
    surprise = -xlogy(edges, edges)
    if rivals == "senders":
        sides, strongest = edges[None], np.sort(edges.argmax(axis=-1), axis=-1)
        values = {
            "one_hot": edges.max(axis=-1).mean(axis=-1),
            "bits": surprise.sum(axis=-1).mean(axis=-1) / np.log(2),
            "distinct": 1.0 + (np.diff(strongest, axis=-1) > 0).sum(axis=-1),
        }
    else:
        sides = np.stack([edges, 1 - edges])
        values = {
            "one_hot": sides.max(axis=0).mean(axis=(-2, -1)),
            "bits": (surprise - xlogy(1 - edges, 1 - edges)).mean((-2, -1)) / np.log(2),
        }
    share, distance, scaled_distance = permutation(sides)
    values |= {"share": share.max(axis=0), "distance": distance.min(axis=0)}
    singular = np.linalg.svd(edges, compute_uv=False)
    part = _divided(singular, singular.sum(axis=-1, keepdims=True), 0.0)
    return values | {
        "scaled_distance": scaled_distance.min(axis=0),
        "effective_rank": np.exp(-xlogy(part, part).sum(axis=-1)),
        "rank": (singular > NUMERICAL * singular[..., :1]).sum(axis=-1).astype(np.float64),
        "degree": (edges > 0.5).sum(axis=-1).mean(axis=-1),
    }


def permutation(weights: Array) -> tuple[Array, Array, Array]:
    """How near matrices (..., neurons, neurons) are to a permutation P, three times (...).

    `share`: part of all weight that the best permutation collects, `max_P sum(P * W)`, 1 for a
    scaled permutation matrix. `distance`: `min_P |W - P| / sqrt(neurons)`, 0 for a permutation, 1
    for no edges at all, more for many. `scaled_distance`: `min_cP |W - c P| / |W|`, between 0 and
    1, with the best c, `sum(P * W) / neurons`. With non-negative weights one P is best for all of
    them, since `|W - P|^2 = |W|^2 + neurons - 2 sum(P * W)`.
    """
    n, matrices = weights.shape[-1], weights.reshape(-1, *weights.shape[-2:])
    sums = [w[linear_sum_assignment(w, maximize=True)].sum() for w in matrices]
    collected = np.array(sums).reshape(weights.shape[:-2])
    squares = (weights**2).sum(axis=(-2, -1))
    return (
        _divided(collected, weights.sum(axis=(-2, -1)), 0.0),
        np.sqrt(np.maximum(squares + n - 2 * collected, 0) / n),
        np.sqrt(np.maximum(_divided(squares - collected**2 / n, squares, 1.0), 0)),
    )


def _divided(part: NDArray[Any], whole: NDArray[Any], empty: float) -> Array:
    return np.divide(part, whole, out=np.full(part.shape, empty), where=whole > 0)


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
