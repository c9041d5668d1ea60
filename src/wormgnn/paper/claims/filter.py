"""The claims as one table that a reader filters and sorts, and that is whole without a script."""

from __future__ import annotations

import html
from collections.abc import Hashable, Iterable, Mapping

import pandas as pd

from wormgnn.paper.claims.page import badge
from wormgnn.paper.claims.rules import VERDICTS

MARK = "wormgnn-filter"
"""Class of the table's box: pages that hold it get the script."""

_SCROLL = "overflow-x: auto; max-height: 36rem; overflow-y: auto"
_CELL = "text-align: left; vertical-align: top; padding: 0.3em 0.5em; font-size: 85%"
_HEADS = ("topic", "claim", "ours", "verdict")
_WIDTHS = (13, 37, 34, 16)


def claims_filter(findings: pd.DataFrame) -> str:
    """HTML of all findings (rows of `page.check`) with fields for topic, verdict and words.

    The form is hidden until the script has come, and so are the buttons' effects; each claim links
    to its evidence, as in the tables by topic.
    """
    heads = "".join(
        f'<th scope="col" style="{_CELL}; width: {width}%">'
        f'<button type="button">{head}</button></th>'
        for head, width in zip(_HEADS, _WIDTHS, strict=True)
    )
    rows = "".join(_row(row) for row in findings.to_dict("records"))
    return (
        f'<div class="{MARK}">{_form(findings)}<div style="{_SCROLL}" tabindex="0">'
        '<table style="table-layout: fixed; width: 100%; min-width: 40rem">'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></div>"
    )


def _form(findings: pd.DataFrame) -> str:
    fields: dict[str, Iterable[str]] = {"topic": findings["topic"].unique(), "verdict": VERDICTS}
    selects = "".join(
        f'<label>{name} <select name="{name}"><option value="">all</option>'
        + "".join(f"<option>{html.escape(option)}</option>" for option in options)
        + "</select></label> "
        for name, options in fields.items()
    )
    words = '<label>words <input name="words" type="search"></label> '
    return f'<form hidden>{selects}{words}<output aria-live="polite"></output></form>'


def _row(row: Mapping[Hashable, str]) -> str:
    order = f"{list(VERDICTS).index(row['verdict'])}"
    link = f'<a href="{html.escape(row["link"])}">{html.escape(row["claim"], quote=False)}</a>'
    cells = {
        row["topic"]: html.escape(row["topic"], quote=False),
        row["claim"]: link,
        row["ours"]: html.escape(row["ours"], quote=False).replace("\n", "<br>"),
        order: badge(row["verdict"]),
    }
    return (
        f'<tr data-topic="{html.escape(row["topic"])}" data-verdict="{row["verdict"]}">'
        + "".join(
            f'<td style="{_CELL}" data-key="{html.escape(key)}">{cell}</td>'
            for key, cell in cells.items()
        )
        + "</tr>"
    )
