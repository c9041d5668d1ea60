"""What one-hot edges do, in plain words: the paper's two sentences, checked for each reading."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from wormgnn.paired import DIFFERENT, MARGIN, OPEN, SAME, effects
from wormgnn.statistics import Random

NEAR = 0.9
"""Part of all weight on one permutation from which edges count as a permutation matrix."""

CLAIMS = (
    "accuracy on the same worms (paper: holds)",
    "accuracy on unseen worms (paper: breaks down)",
    "edges as a permutation matrix (paper: effectively)",
)
"""The paper's sentences, as what they say of the largest factor."""


def base(rows: pd.DataFrame) -> str:
    """Label of the line that others are compared with: the least factor over edge types.

    With factor one it is the graph network of the main text. `rows` as from `one_hot.run`.
    """
    types = rows[rows["rivals"] == "types"]
    return str(types.sort_values("factor", kind="stable")["model"].iloc[0])


def changes(rows: pd.DataFrame, margin: float = MARGIN, rng: Random = 0) -> pd.DataFrame:
    """Accuracy of every line less that of `base`, for each number of training worms.

    Columns rivals, factor, n_train, and those of `paired.effects`.
    """
    plain = base(rows)
    labels = rows[rows["model"] != plain].groupby("model", sort=False)[["rivals", "factor"]].first()
    tables = []
    for n_train, part in rows.groupby("n_train"):
        table = effects(part, part, dict.fromkeys(labels.index, plain), margin=margin, rng=rng)
        tables.append(labels.join(table.set_index("model"), how="right").assign(n_train=n_train))
    return pd.concat(tables).rename_axis("model").reset_index()


def pooled(edges: pd.DataFrame, by: tuple[str, ...] = ("rivals", "factor")) -> pd.DataFrame:
    """Means over all networks that were trained, on worms that they were not trained on.

    `edges` as from `one_hot_edges.summarised`. Columns `by`, n_members, n_matrices, and each
    measure; a measure that a reading lacks is NaN.
    """
    unseen = edges[~edges["seen"]]
    numbers = [n for n in unseen.columns if n not in ("model", "rivals", "factor", "fold", "seen")]
    numbers = [n for n in numbers if n not in (*by, "n_train", "n_members", "n_matrices")]
    weighted = unseen[numbers].mul(unseen["n_members"], axis=0)
    present = unseen[numbers].notna().mul(unseen["n_members"], axis=0)
    keys = [unseen[name] for name in by]
    counts = unseen.groupby(list(by), sort=False)[["n_members", "n_matrices"]].sum()
    totals = present.groupby(keys, sort=False).sum()
    return counts.join(
        weighted.groupby(keys, sort=False).sum() / totals.where(totals > 0)
    ).reset_index()


def verdicts(changed: pd.DataFrame, edges: pd.DataFrame, margin: float = MARGIN) -> pd.DataFrame:
    """The paper's sentences at the largest factor.

    Parameters
    ----------
    changed, edges
        As from `changes` and `one_hot_edges.summarised`.
    margin
        That of `changes`. Accuracy *breaks down* if the whole interval lies below it, and
        *falls* if it lies below zero.

    Returns
    -------
    table
        Columns softmax over, factor, trained on, claim, found, verdict.
    """
    return pd.DataFrame(list(_verdicts(changed, edges, margin)))


def _verdicts(
    changed: pd.DataFrame, edges: pd.DataFrame, margin: float
) -> Iterator[dict[str, object]]:
    means = pooled(edges)
    for rivals in means["rivals"].unique():
        sharpest = means[means["rivals"] == rivals].sort_values("factor").iloc[-1]
        about = {"softmax over": rivals, "factor": sharpest["factor"]}
        rows = changed[(changed["rivals"] == rivals) & (changed["factor"] == sharpest["factor"])]
        for claim, worms in zip(CLAIMS, ("same worm", "unseen worms"), strict=False):
            for row in rows[rows["worms"] == worms].to_dict("records"):
                found = (
                    f"{row['difference']:+.1f} points (95 % {row['low']:+.1f} to "
                    f"{row['high']:+.1f}; {row['n_pairs']} pairs, {row['n_worms']} worms)"
                )
                said = _accuracy_words(worms == "same worm", row, margin)
                trained = f"{row['n_train']}"
                yield {
                    **about,
                    "trained on": trained,
                    "claim": claim,
                    "found": found,
                    "verdict": said,
                }
        yield {**about, "trained on": "all", "claim": CLAIMS[2], **_permutation(sharpest)}


def _accuracy_words(same_worm: bool, row: Mapping[Hashable, Any], margin: float) -> str:
    if row["answer"] == SAME:
        return "holds" if same_worm else "does not"
    if row["answer"] != DIFFERENT:
        return OPEN
    if row["difference"] > 0:
        return "rises"
    return "breaks down" if row["high"] <= -margin and not same_worm else "falls"


def _permutation(row: pd.Series[float]) -> dict[str, object]:
    found = (
        f"{100 * row['share']:.0f} % of the weight on one permutation "
        f"(random: {100 * row['null_share']:.0f} %)"
    )
    if np.isfinite(row.get("distinct", np.nan)):
        found += f", {row['distinct']:.1f} senders chosen (random: {row['null_distinct']:.1f})"
    return {"found": found, "verdict": _nearness_words(row)}


def _nearness_words(row: pd.Series[float]) -> str:
    if row["share"] >= NEAR:
        return "yes"
    part = (row["share"] - row["null_share"]) / (1 - row["null_share"])
    if part <= 0:
        return "no: no nearer than random"
    return f"no: {100 * part:.0f} % of the way from random to one"


def headline(changed: pd.DataFrame, edges: pd.DataFrame, margin: float = MARGIN) -> str:
    """The three verdicts for both readings, in one paragraph each; arguments as for `verdicts`."""
    means = pooled(edges).sort_values("factor").groupby("rivals").tail(1)
    sharpest = {str(row["rivals"]): row for _, row in means.iterrows()}
    return "\n\n".join(
        _sentence(str(rivals), part, sharpest[str(rivals)])
        for rivals, part in verdicts(changed, edges, margin).groupby("softmax over", sort=False)
    )


def _sentence(rivals: str, table: pd.DataFrame, sharpest: pd.Series[float]) -> str:
    said = "; ".join(
        f"{claim}: " + ", ".join(_trained(row) for row in part.to_dict("records"))
        for claim, part in table.groupby("claim", sort=False)
    )
    return (
        f"**Softmax over {rivals}, factor {sharpest['factor']:g}.** {said}. In a worm that it was "
        f"not trained on, a network makes {100 * sharpest['same']:.0f} % of its choices as in its "
        f"training worms ({100 * sharpest['chance']:.0f} % by chance)."
    )


def _trained(row: Mapping[Hashable, object]) -> str:
    aside = "" if row["trained on"] == "all" else f" (trained on {row['trained on']})"
    return f"*{row['verdict']}*{aside}"
