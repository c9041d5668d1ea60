"""Every claim of the paper, and the table of all verdicts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from wormgnn.claims import (
    all_states,
    architecture,
    background,
    forecasts,
    hypothesis,
    recordings,
    supplement,
    two_states,
)
from wormgnn.claims.claim import VERDICTS, Claim, Evidence
from wormgnn.claims.places import href

TOPICS: dict[str, tuple[Claim, ...]] = {
    "The recordings and the protocol": recordings.CLAIMS,
    "Earlier work that the paper builds on": background.CLAIMS,
    "Two states": two_states.CLAIMS,
    "Four and seven states": all_states.CLAIMS,
    "Forecasts": forecasts.CLAIMS,
    "The model and its rivals": architecture.CLAIMS,
    "The hypothesis, and fewer neurons": hypothesis.CLAIMS,
    "Additional experiments": supplement.CLAIMS,
}
"""Claims by topic, in the order of the chapter."""


def check(evidence: Evidence | None = None, topics: Sequence[str] | None = None) -> pd.DataFrame:
    """The findings on all claims.

    Parameters
    ----------
    evidence
        Where numbers come from; the reference tables in `results/` if None.
    topics
        Some of `TOPICS`; all if None.

    Returns
    -------
    table
        One row for each claim: topic, key, claim, where (in the paper), paper (its number),
        ours (lines of text), criterion, verdict, link.
    """
    seen = evidence or Evidence()
    wanted = list(TOPICS) if topics is None else topics
    rows = [_row(topic, claim, seen) for topic in wanted for claim in TOPICS[topic]]
    return pd.DataFrame(rows)


def _row(topic: str, claim: Claim, evidence: Evidence) -> dict[str, str]:
    found = claim.check(evidence)
    return {
        "topic": topic,
        "key": claim.key,
        "claim": claim.sentence,
        "where": claim.section,
        "paper": claim.paper,
        "ours": "\n".join(found.ours),
        "criterion": claim.asked(evidence),
        "verdict": found.verdict,
        "link": href(claim.place),
    }


def counts(table: pd.DataFrame) -> pd.DataFrame:
    """Number of each verdict (columns, in the order of `VERDICTS`) in each topic (rows)."""
    found = pd.crosstab(table["topic"], table["verdict"])
    return found.reindex(index=table["topic"].unique(), columns=list(VERDICTS), fill_value=0)


def changed(table: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    """Keys of the claims whose verdicts differ between two tables of `check`."""
    both = table.set_index("key")["verdict"]
    return list(both.index[both.ne(other.set_index("key")["verdict"].reindex(both.index))])
