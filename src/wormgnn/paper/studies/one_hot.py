"""Edges under a factor within the softmax: how near one-hot, how near a permutation matrix.

Paper, "One-hot encoding of edges". Takes the edges that every network of the experiment `one-hot`
infers for every worm from its whole recording.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn.graphs import permutations
from wormgnn.graphs.permutations import Array
from wormgnn.plan import Line
from wormgnn.results import Table

GROUP = ("line", "model", "rivals", "factor", "fold", "n_train", "seen")
NULLS = 10
"""Random matrices drawn beside each matrix of edges."""


def _either(measure: Callable[[Array], Array], nearer: np.ufunc) -> Callable[[Array], Array]:
    """The nearer one of W and 1 - W."""
    return lambda weights: np.asarray(nearer(measure(weights), measure(1 - weights)))


_SHARED: dict[str, Callable[[Array], Array]] = {
    "effective_rank": permutations.effective_rank,
    "rank": permutations.rank,
    "degree": permutations.degree,
}
MEASURES: dict[str, dict[str, Callable[[Array], Array]]] = {
    "types": {
        "one_hot": permutations.decided,
        "bits": permutations.pair_bits,
        "share": _either(permutations.share, np.maximum),
        "distance": _either(permutations.distance, np.minimum),
        "scaled_distance": _either(permutations.scaled_distance, np.minimum),
        **_SHARED,
    },
    "senders": {
        "one_hot": permutations.largest_share,
        "bits": permutations.sender_bits,
        "distinct": permutations.distinct,
        "share": permutations.share,
        "distance": permutations.distance,
        "scaled_distance": permutations.scaled_distance,
        **_SHARED,
    },
}
"""What is measured, for each interpretation of the softmax. An edge type and its absence serve a
network alike (chapter "Inferred edges and the connectome"), so that with `types` the nearer
one of W and 1 - W is taken."""

_WITH_NULL = ("share", "distance", "scaled_distance", "effective_rank", "distinct")


def edges_table(table: Table) -> pd.DataFrame:
    """Every measure of the edges, as means over networks: the reference table `one_hot_edges`."""
    return over_networks(matrices(table))


def matrices(table: Table) -> pd.DataFrame:
    """Every measure of every matrix of edges.

    Returns
    -------
    table
        One row for each network and worm: `GROUP`, member, the measures of `MEASURES`,
        the same of random matrices (null_...: zeros and ones with the matrix's own mean,
        or one random sender for each receiver), same and chance (see `same_choice`).
    """
    random = np.random.default_rng(table.seed)
    return pd.concat(
        [
            _measured(line, fold, table.arrays(line.label, fold), random)
            for line in table.experiment.lines
            for fold in table.profile.folds
        ],
        ignore_index=True,
    )


def _measured(
    line: Line, fold: int, arrays: dict[str, NDArray[np.float64]], random: np.random.Generator
) -> pd.DataFrame:
    edges, seen = arrays["edges"].astype(np.float64), arrays["seen"].astype(bool)
    rivals = line.factors["rivals"]
    members, worms = seen.shape
    neurons, measures = edges.shape[-1], MEASURES[rivals]
    null = (  # random matrices beside each one, (draws, members, worms, neurons, neurons)
        permutations.one_sender((NULLS, members, worms), neurons, random)
        if rivals == "senders"
        else permutations.binary(edges.mean(axis=(-2, -1)), neurons, NULLS, random)
    )
    same, chance = same_choice(edges, seen, rivals)
    values = {name: measure(edges) for name, measure in measures.items()}
    for name in _WITH_NULL:
        if name in measures:
            values[f"null_{name}"] = measures[name](null).mean(axis=0)
    values |= {"same": same, "chance": chance}
    known = {
        "line": line.label,
        "model": line.model_name,
        "rivals": rivals,
        "factor": line.factors["factor"],
        "fold": fold,
        "n_train": np.repeat(seen.sum(axis=1), worms),
        "seen": seen.ravel(),
        "member": np.repeat(np.arange(members), worms),
    }
    return pd.DataFrame({**known, **{name: value.ravel() for name, value in values.items()}})


def same_choice(edges: Array, seen: NDArray[np.bool_], rivals: str) -> tuple[Array, Array]:
    """Whether a network makes the same choices in a worm as in its (other) training worms.

    A choice is the edge type of a pair of neurons, or a receiver's strongest sender.

    Parameters
    ----------
    edges, seen
        Shapes (members, worms, neurons, neurons) and (members, worms).
    rivals
        `types` or `senders`.

    Returns
    -------
    same, chance
        Share of choices that are the same, and the share expected if they were as frequent
        in each worm but fell anywhere; both of shape (members, worms), NaN for the only
        worm that a network was trained on.
    """
    senders = rivals == "senders"
    choices = edges.argmax(-1) if senders else (edges > 0.5).reshape(*seen.shape, -1)
    options = edges.shape[-1] if senders else 2
    equal = (choices[:, :, None] == choices[:, None]).mean(axis=-1)
    often = np.stack([(choices == option).mean(axis=-1) for option in range(options)], axis=-1)
    by_chance = often @ often.swapaxes(1, 2)
    known = seen[:, None] & ~np.eye(seen.shape[1], dtype=bool)
    return _mean_over(equal, known), _mean_over(by_chance, known)


def _mean_over(values: Array, known: NDArray[np.bool_]) -> Array:
    """Mean over the last axis where known, NaN where nothing is."""
    count = known.sum(axis=-1)
    sums = np.where(known, values, 0.0).sum(axis=-1)
    return np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0)


def over_networks(table: pd.DataFrame) -> pd.DataFrame:
    """Means over networks, and their spread, from `matrices`.

    One row for each of `GROUP`: n_members, n_matrices, and for every measure its mean over
    networks (each the mean over its worms) and, under the name with `_sd`, the standard deviation.
    """
    names = [name for name in table.columns if name not in (*GROUP, "member")]
    by_member = table.groupby([*GROUP, "member"], sort=False)[names].mean()
    groups = by_member.groupby(level=list(GROUP), sort=False)
    sd = groups.std().drop(columns=[n for n in names if n.startswith("null_") or n == "chance"])
    sizes = table.groupby(list(GROUP), sort=False)["member"].agg(["nunique", "size"])
    sizes.columns = pd.Index(["n_members", "n_matrices"])
    return sizes.join(groups.mean()).join(sd.add_suffix("_sd")).reset_index()


def pooled(edges: pd.DataFrame, by: Sequence[str] = ("rivals", "factor")) -> pd.DataFrame:
    """Means over all networks, on worms that they were not trained on.

    `edges` as from `over_networks`. Columns `by`, n_members, n_matrices, and each measure; a
    measure that an interpretation lacks is NaN.
    """
    groups = list(by)
    table = edges[~edges["seen"]].set_index(groups)
    numbers, members = table.select_dtypes("float"), table["n_members"]
    weights = numbers.notna().mul(members, axis=0).groupby(level=groups, sort=False).sum()
    sums = numbers.mul(members, axis=0).groupby(level=groups, sort=False).sum(min_count=1)
    sizes = table[["n_members", "n_matrices"]].groupby(level=groups, sort=False).sum()
    return sizes.join(sums / weights).reset_index()


def examples(table: Table) -> pd.DataFrame:
    """Edges of one network of each line for a worm that it was not trained on.

    It is the first network of the first fold among those with most training worms, and its
    first unseen worm: picked by place, not by looks. One row for each line and receiver: rivals,
    factor, n_train, worm, receiver, and a column for each sender.
    """
    first = min(table.profile.folds)
    rows = []
    for line in table.experiment.lines:
        cohort, arrays = table.cohort(line.label), table.arrays(line.label, first)
        seen = arrays["seen"].astype(bool)
        n_train = np.where(seen.all(axis=1), 0, seen.sum(axis=1))
        member = int(n_train.argmax())
        worm = int((~seen[member]).argmax())
        known = {
            "rivals": line.factors["rivals"],
            "factor": line.factors["factor"],
            "n_train": n_train[member],
            "worm": cohort.worms[worm],
            "receiver": list(cohort.neurons),
        }
        senders = zip(cohort.neurons, arrays["edges"][member, worm].T, strict=True)
        rows.append(pd.DataFrame({**known, **dict(senders)}))
    return pd.concat(rows, ignore_index=True)
