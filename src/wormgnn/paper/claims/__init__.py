"""Sentences of the paper held against the reference tables: findings, and how a page shows them."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from jinja2 import Environment, PackageLoader

from wormgnn.comparison import MARGIN
from wormgnn.errors import ChoiceError, chosen
from wormgnn.paper.claims.comparisons import Evidence
from wormgnn.paper.claims.judges import VERDICTS, criterion, judged
from wormgnn.paper.claims.sentences import CLAIMS, TOPICS
from wormgnn.plots.style import VERDICT_COLOURS

MARK = "wormgnn-filter"
"""Class of the table's box: pages that hold it get the script."""


def check(
    evidence: Evidence | None = None,
    margin: float = MARGIN,
    topics: Iterable[str] | None = None,
    keys: Iterable[str] | None = None,
) -> pd.DataFrame:
    """The findings on some claims (all if None), by the reference tables in `results/` if None.

    Two accuracies within `margin` percentage points are taken as equal. One row for each claim:
    topic, key, claim, where (in the paper), paper (its number), ours (lines of text), criterion,
    verdict, link. ChoiceError for an unknown topic or key, or a margin not above 0, into which no
    interval fits.
    """
    if not margin > 0:
        raise ChoiceError("margin", margin, ["numbers above 0"])
    tables = evidence or Evidence()
    wanted = {key: chosen("claim", key, CLAIMS) for key in (CLAIMS if keys is None else keys)}
    rows = []
    for topic in TOPICS if topics is None else topics:
        for claim in (c for c in chosen("topic", topic, TOPICS) if c.key in wanted):
            finding = judged(claim, tables, margin)
            rows.append(
                {
                    **{"topic": topic, "key": claim.key, "claim": claim.sentence},
                    **{"where": claim.section, "paper": claim.paper},
                    **{"ours": "\n".join(finding.ours), "criterion": criterion(claim, margin)},
                    **{"verdict": finding.verdict, "link": claim.place.replace("#", ".html#")},
                }
            )
    return pd.DataFrame(rows)


def counts(findings: pd.DataFrame) -> pd.DataFrame:
    """Number of each verdict (columns, in the order of `VERDICTS`) in each topic (rows)."""
    tally = pd.crosstab(findings["topic"], findings["verdict"])
    return tally.reindex(index=findings["topic"].unique(), columns=list(VERDICTS), fill_value=0)


def claims_table(findings: pd.DataFrame) -> str:
    """HTML of rows of `check`: a table that a reader filters and sorts.

    It is whole without a script; the form is hidden until the script has come. Each claim links to
    the figure with its evidence, and where the paper makes it stands below.
    """
    templates = Environment(loader=PackageLoader("wormgnn", "templates"), autoescape=True)
    return templates.get_template("claims.html").render(
        mark=MARK,
        rows=findings.to_dict("records"),
        verdicts=list(VERDICTS),
        colours=VERDICT_COLOURS,
    )
