"""The comparison in plain words: one row for each kind of matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd

LEVEL = 0.05

QUESTIONS = {
    "chemical": "chemical synapses",
    "gap": "gap junctions",
    "atlas": "signal propagation",
    "correlation": "the worm's own correlations",
}
"""Kinds of matrices, and what they stand for."""


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """What Mantel's tests say of each kind of matrix.

    Parameters
    ----------
    table
        As from `comparison.compare`.

    Returns
    -------
    table
        Columns edges against, tests, significant (after Holm's adjustment), rho low and
        rho high (range over the tests), n (neurons), detectable (largest over the tests:
        every test would find so strong a true correlation four times in five), given own
        correlation (the partial rho that is farthest from 0, and the least p after Holm),
        verdict.
    """
    tests = table[(table["family"] == "main") & (table["statistic"] == "spearman")]
    left = table[table["family"] == "given correlation"]
    return pd.DataFrame(
        [_row(kind, tests[tests["kind"] == kind], left[left["kind"] == kind]) for kind in QUESTIONS]
    )


def headline(table: pd.DataFrame, reliability: pd.DataFrame) -> str:
    """The answer in a few sentences, with its numbers; arguments as the tables written."""
    row = table[
        (table["family"] == "main")
        & (table["matrix"] == "Correlation, of traces")
        & (table["statistic"] == "spearman")
    ].iloc[0]
    own = table[table["family"] == "own worm"].iloc[0]
    words = {v["edges against"]: v["verdict"] for v in verdicts(table).to_dict("records")}
    rest = "; ".join(f"{name}: {words[name]}" for name in list(QUESTIONS.values())[:-1])
    return (
        f"{_sign_sentence(reliability)} With signs aligned, edges follow the worm's own "
        f"correlation of traces with rho = {row['value']:.2f} (95 % of the null from "
        f"{row['low']:.2f} to {row['high']:.2f}), and fit their own worm's "
        f"{'better' if own['p'] < LEVEL else 'no better'} than another's (p = {own['p']:.3f}). "
        f"Against the others, after adjustment: {rest}."
    )


def _sign_sentence(reliability: pd.DataFrame) -> str:
    pairs = reliability[reliability["pairs"].str.startswith("same worm")].iloc[0]
    return (
        f"Two networks that infer the edges of the same worm correlate with "
        f"{pairs['mean']:.2f} on average ({100 * pairs['negative']:.0f} % of pairs below zero), "
        f"but with {pairs['mean_abs']:.2f} whatever the sign (chance: {pairs['chance_abs']:.2f})."
    )


def _row(kind: str, tests: pd.DataFrame, left: pd.DataFrame) -> dict[str, object]:
    found = tests["p_holm"] < LEVEL
    n = tests["n_neurons"]
    return {
        "edges against": QUESTIONS[kind],
        "tests": len(tests),
        "significant": int(found.sum()),
        "rho low": tests["value"].min(),
        "rho high": tests["value"].max(),
        "n": str(n.min()) if n.min() == n.max() else f"{n.min()} or {n.max()}",
        "detectable": tests["detectable"].max(),
        "partial rho": _farthest(left["value"]),
        "partial p": left["p_holm"].min() if len(left) else np.nan,
        "verdict": _words(kind, tests, left),
    }


def _farthest(values: pd.Series[float]) -> float:
    return float(values.loc[values.abs().idxmax()]) if len(values) else float("nan")


def _words(kind: str, tests: pd.DataFrame, left: pd.DataFrame) -> str:
    significant = tests[tests["p_holm"] < LEVEL]
    if significant.empty:
        return _nothing(tests)
    if (significant["value"] > 0).all():
        like = "resemblance"
    elif (significant["value"] < 0).all():
        like = "opposite pattern"
    else:
        like = "some alike, some opposite"
    share = (
        "" if len(significant) == len(tests) else f" in {len(significant)} of {len(tests)} tests"
    )
    if kind == "correlation":
        return f"{like}{share}"
    if (left["p_holm"] < LEVEL).any():
        return f"{like}{share}, beyond what the worm's own correlations explain"
    return f"{like}{share}, but nothing found beyond the worm's own correlations"


def _nothing(tests: pd.DataFrame) -> str:
    hints = int((tests["p"] < LEVEL).sum())
    if not hints:
        return "no resemblance beyond chance"
    return f"weak at most: {hints} of {len(tests)} tests below 0.05 before adjustment, none after"
