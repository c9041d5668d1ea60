"""The findings on all claims, and how a page shows them."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd
from pandas.io.formats.style import Styler

if TYPE_CHECKING:
    from pandas.io.formats.style_render import CSSDict

from wormgnn.errors import chosen
from wormgnn.paper.claims.comparisons import Evidence
from wormgnn.paper.claims.judges import judged
from wormgnn.paper.claims.rules import VERDICTS
from wormgnn.paper.claims.sentences import CLAIMS, TOPICS
from wormgnn.paper.pages import table
from wormgnn.plots.style import VERDICT_COLOURS


def check(
    evidence: Evidence | None = None,
    topics: Iterable[str] | None = None,
    keys: Iterable[str] | None = None,
) -> pd.DataFrame:
    """The findings on claims.

    Parameters
    ----------
    evidence
        Where numbers come from; the reference tables in `results/` if None.
    topics, keys
        Some of `sentences.TOPICS`, some of `sentences.CLAIMS`; all if None.

    Returns
    -------
    table
        One row for each claim: topic, key, claim, where (in the paper), paper (its number),
        ours (lines of text), criterion, verdict, link.

    Raises
    ------
    ChoiceError
        An unknown topic or key.
    """
    tables = evidence or Evidence()
    wanted = {key: chosen("claim", key, CLAIMS) for key in (CLAIMS if keys is None else keys)}
    rows = []
    for topic in TOPICS if topics is None else topics:
        for claim in chosen("topic", topic, TOPICS):
            if claim.key in wanted:
                finding = judged(claim, tables)
                rows.append(
                    {
                        **{"topic": topic, "key": claim.key, "claim": claim.sentence},
                        **{"where": claim.section, "paper": claim.paper},
                        "ours": "\n".join(finding.ours),
                        "criterion": claim.criterion(tables.margin),
                        "verdict": finding.verdict,
                        "link": claim.place.replace("#", ".html#"),
                    }
                )
    return pd.DataFrame(rows)


def counts(findings: pd.DataFrame) -> pd.DataFrame:
    """Number of each verdict (columns, in the order of `VERDICTS`) in each topic (rows)."""
    tally = pd.crosstab(findings["topic"], findings["verdict"])
    return tally.reindex(index=findings["topic"].unique(), columns=list(VERDICTS), fill_value=0)


WIDTHS = {"claim": 24, "paper": 12, "ours": 34, "judged by": 18, "verdict": 12}
"""Columns of the table and their widths in percent."""

_STYLES: list[CSSDict] = [
    {  # on a narrow screen the table scrolls, rather than breaking words
        "selector": "",
        "props": "table-layout: fixed; width: 100%; min-width: 46rem; border-collapse: collapse",
    },
    {
        "selector": "td.data",
        "props": "white-space: normal; vertical-align: top; text-align: left; "
        "border-bottom: 1px solid var(--pst-color-border, #ddd); padding: 0.35em 0.5em; "
        "font-size: 78%; line-height: 1.3",
    },
    {"selector": "th", "props": "text-align: left"},
]


def claims_table(rows: pd.DataFrame, caption: str = "") -> Styler:
    """Rows of `check` as a table of five columns.

    Under each claim stands where the paper makes it, and under each verdict a link to the
    chapter and figure with the evidence.
    """
    texts = rows.map(lambda text: html.escape(text, quote=False))
    muted = '<br><span style="color: var(--pst-color-text-muted, #666); font-size: 90%">'
    where = muted + texts["where"] + "</span>"
    chapter = rows["link"].str.extract(r"^\d+_(.*)\.html#", expand=False).str.replace("_", " ")
    link = '<br><a href="' + rows["link"] + '">' + chapter + "</a>"
    shown = pd.DataFrame(
        {
            "claim": texts["claim"] + where,
            "paper": texts["paper"].replace("", "–"),
            "ours": texts["ours"].str.replace("\n", "<br>"),
            "judged by": texts["criterion"],
            "verdict": rows["verdict"].map(badge) + link,
        }
    )
    styler = table(shown, caption, markup=True)
    # All tables of a page have the same columns; their ids must differ all the same.
    styler.set_uuid(hashlib.sha256(repr(tuple(rows["key"])).encode()).hexdigest()[:12])
    widths: list[CSSDict] = [
        {"selector": f"th.col{place}", "props": f"width: {width}%"}
        for place, width in enumerate(WIDTHS.values())
    ]
    return styler.set_table_styles([*_STYLES, *widths], overwrite=False)


def badge(verdict: str) -> str:
    """A verdict as HTML: its colour, and the word."""
    colour = VERDICT_COLOURS[verdict]
    return (
        f'<span style="border-left: 0.7em solid {colour}; padding-left: 0.4em; '
        f'font-weight: 600">{verdict}</span>'
    )
