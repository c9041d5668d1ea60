"""The table of claims for a page: text that wraps, verdicts in colour, working links."""

from __future__ import annotations

import hashlib
import html
from typing import TYPE_CHECKING

import pandas as pd
from pandas.io.formats.style import Styler

if TYPE_CHECKING:
    from pandas.io.formats.style_render import CSSDict

from wormgnn.claims.claim import VERDICTS
from wormgnn.pages import table
from wormgnn.plots.claims import VERDICT_COLOURS

WIDTHS = {"claim": 24, "paper": 12, "ours": 34, "judged by": 18, "verdict": 12}
"""Columns of the table and their widths in percent."""

_STYLES: list[CSSDict] = [
    {"selector": "", "props": "table-layout: fixed; width: 100%; border-collapse: collapse"},
    {
        "selector": "td",
        "props": "white-space: normal; overflow-wrap: anywhere; vertical-align: top; "
        "text-align: left; border-bottom: 1px solid #ddd; padding: 0.35em 0.5em; "
        "font-size: 78%; line-height: 1.3",
    },
    {"selector": "th", "props": "text-align: left"},
]


def claims_table(rows: pd.DataFrame, caption: str = "") -> Styler:
    """Rows of `catalogue.check` as a table of five columns.

    Under each claim stands where the paper makes it, and under each verdict a link to the
    chapter and figure with the evidence.
    """
    shown = pd.DataFrame(
        {
            "claim": rows["claim"].map(_plain) + rows["where"].map(_small),
            "paper": rows["paper"].map(_plain).replace("", "–"),
            "ours": rows["ours"].map(_plain).str.replace("\n", "<br>"),
            "judged by": rows["criterion"].map(_plain),
            "verdict": rows["verdict"].map(_badge) + "<br>" + rows["link"].map(_link),
        }
    )
    styler = table(shown, caption)
    # All tables of a page have the same columns; their ids must differ all the same.
    styler.set_uuid(hashlib.sha256(repr(tuple(rows["key"])).encode()).hexdigest()[:12])
    widths: list[CSSDict] = [
        {"selector": f"th.col{place}", "props": f"width: {width}%"}
        for place, width in enumerate(WIDTHS.values())
    ]
    return styler.set_table_styles([*_STYLES, *widths], overwrite=False)


def legend() -> str:
    """What each verdict means, as HTML."""
    return "<br>".join(f"{_badge(name)} {_plain(text)}" for name, text in VERDICTS.items())


def _plain(text: str) -> str:
    return html.escape(text, quote=False)


def _small(text: str) -> str:
    return f'<br><span style="color: #666; font-size: 90%">{_plain(text)}</span>'


def _badge(verdict: str) -> str:
    colour = VERDICT_COLOURS[verdict]
    return (
        f'<span style="border-left: 0.7em solid {colour}; padding-left: 0.4em; '
        f'font-weight: 600">{_plain(verdict)}</span>'
    )


def _link(address: str) -> str:
    chapter = address.partition(".html")[0].partition("_")[2].replace("_", " ")
    return f'<a href="{address}">{chapter}</a>'
