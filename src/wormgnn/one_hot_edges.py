"""What edges under a factor within the softmax are like: measures of every network's matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn import permutations
from wormgnn.experiment_lines import Run
from wormgnn.permutations import Array
from wormgnn.statistics import Random

GROUP = ("model", "rivals", "factor", "fold", "n_train", "seen")
_NULLS = 10
"""Random matrices drawn beside each matrix of edges."""

_ANY_SIGN: dict[str, Callable[[Array], Array]] = {
    "share": lambda w: np.maximum(permutations.share(w), permutations.share(1 - w)),
    "distance": lambda w: np.minimum(permutations.distance(w), permutations.distance(1 - w)),
    "scaled_distance": lambda w: np.minimum(
        permutations.scaled_distance(w), permutations.scaled_distance(1 - w)
    ),
}
_AS_IS: dict[str, Callable[[Array], Array]] = {
    "share": permutations.share,
    "distance": permutations.distance,
    "scaled_distance": permutations.scaled_distance,
}
_EITHER: dict[str, Callable[[Array], Array]] = {
    "effective_rank": permutations.effective_rank,
    "rank": permutations.rank,
    "degree": permutations.degree,
}
MEASURES: dict[str, dict[str, Callable[[Array], Array]]] = {
    "types": {
        "one_hot": permutations.decided,
        "bits": permutations.pair_bits,
        **_ANY_SIGN,
        **_EITHER,
    },
    "senders": {
        "one_hot": permutations.largest_share,
        "bits": permutations.sender_bits,
        "distinct": permutations.distinct,
        **_AS_IS,
        **_EITHER,
    },
}
"""What is measured, for each reading of the softmax. An edge type and its absence serve a
network alike (chapter "Inferred edges and the connectome"), so that with `types` the nearer
one of W and 1 - W is taken."""

_WITH_NULL = ("share", "distance", "scaled_distance", "effective_rank", "distinct")


@dataclass(frozen=True)
class Trained:
    """Edges of the networks of one line and fold.

    Attributes
    ----------
    line, fold
        Which.
    edges
        Shape (members, worms, neurons, neurons), receiver first.
    seen
        Whether a member was trained on a worm, shape (members, worms).
    """

    line: Run
    fold: int
    edges: Array
    seen: NDArray[np.bool_]

    @property
    def rivals(self) -> str:
        """`types` or `senders`."""
        return str(self.line.plan.options["rivals"])

    @property
    def factor(self) -> float:
        """Factor within the softmax."""
        factor: float = self.line.plan.options["sharpness"]
        return factor


def matrices(trained: Sequence[Trained], rng: Random = 0) -> pd.DataFrame:
    """Every measure of every matrix of edges.

    Returns
    -------
    table
        One row for each network and worm: `GROUP`, member, the measures of `MEASURES`,
        the same of random matrices (null_...: zeros and ones with the matrix's own mean,
        or one random sender for each receiver), same and chance (see `same_choice`).
    """
    random = np.random.default_rng(rng)
    return pd.concat([_measured(part, random) for part in trained], ignore_index=True)


def _measured(part: Trained, random: np.random.Generator) -> pd.DataFrame:
    members, worms = part.seen.shape
    measures = MEASURES[part.rivals]
    null = _null(part, random)
    same, chance = same_choice(part)
    values = {name: measure(part.edges) for name, measure in measures.items()}
    for name in _WITH_NULL:
        if name in measures:
            values[f"null_{name}"] = measures[name](null).mean(axis=0)
    values |= {"same": same, "chance": chance}
    labels = {
        "model": part.line.label,
        "rivals": part.rivals,
        "factor": part.factor,
        "fold": part.fold,
        "n_train": np.repeat(part.seen.sum(axis=1), worms),
        "seen": part.seen.ravel(),
        "member": np.repeat(np.arange(members), worms),
    }
    return pd.DataFrame({**labels, **{name: value.ravel() for name, value in values.items()}})


def _null(part: Trained, random: np.random.Generator) -> Array:
    """Random matrices beside each one, shape (draws, members, worms, neurons, neurons)."""
    neurons = part.edges.shape[-1]
    if part.rivals == "senders":
        return permutations.one_sender((_NULLS, *part.seen.shape), neurons, random)
    return permutations.binary(part.edges.mean(axis=(-2, -1)), neurons, _NULLS, random)


def same_choice(part: Trained) -> tuple[Array, Array]:
    """Whether a network makes the same choices in a worm as in its (other) training worms.

    A choice is the edge type of a pair of neurons, or a receiver's strongest sender.

    Returns
    -------
    same, chance
        Share of choices that are the same, and the share expected if they were as frequent
        in each worm but fell anywhere; both of shape (members, worms), NaN for the only
        worm that a network was trained on.
    """
    senders = part.rivals == "senders"
    chosen = part.edges.argmax(-1) if senders else (part.edges > 0.5).reshape(*part.seen.shape, -1)
    options = part.edges.shape[-1] if senders else 2
    equal = (chosen[:, :, None] == chosen[:, None]).mean(axis=-1)
    often = np.stack([(chosen == option).mean(axis=-1) for option in range(options)], axis=-1)
    by_chance = often @ often.swapaxes(1, 2)
    known = part.seen[:, None] & ~np.eye(part.seen.shape[1], dtype=bool)
    return _mean_over(equal, known), _mean_over(by_chance, known)


def _mean_over(values: Array, known: NDArray[np.bool_]) -> Array:
    """Mean over the last axis where known, NaN where nothing is."""
    count = known.sum(axis=-1)
    sums = np.where(known, values, 0.0).sum(axis=-1)
    return np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0)


def summarised(table: pd.DataFrame) -> pd.DataFrame:
    """Means over networks, and their spread.

    Parameters
    ----------
    table
        As from `matrices`.

    Returns
    -------
    table
        One row for each of `GROUP`: n_members, n_matrices, and for every measure its mean
        over networks (each the mean over its worms) and, under the name with `_sd`, the
        standard deviation over networks.
    """
    names = [name for name in table.columns if name not in (*GROUP, "member")]
    by_member = table.groupby([*GROUP, "member"], sort=False)[names].mean()
    groups = by_member.groupby(level=list(GROUP), sort=False)
    sd = groups.std().drop(columns=[n for n in names if n.startswith("null_") or n == "chance"])
    sizes = table.groupby(list(GROUP), sort=False)["member"].agg(["nunique", "size"])
    sizes.columns = pd.Index(["n_members", "n_matrices"])
    return sizes.join(groups.mean()).join(sd.add_suffix("_sd")).reset_index()
