"""What the chapters of the book share: banner, profile, tables, and the paper's numbers."""

from __future__ import annotations

import hashlib
import html
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas.io.formats.style import Styler

if TYPE_CHECKING:
    from pandas.io.formats.style_render import CSSDict

from wormgnn.comparison import SEEN, percent, summarise
from wormgnn.datasets.registry import DATASETS
from wormgnn.errors import ChoiceError
from wormgnn.plan import profile_named
from wormgnn.results import Reference

DEFAULT_PROFILE = "quick"


@dataclass(frozen=True)
class Banner:
    """Says on a page where its recordings come from; displays itself in a notebook.

    `kind` is the class of the admonition, `title` and `text` are plain text.
    """

    kind: str
    title: str
    text: str

    def _repr_html_(self) -> str:
        title, text = html.escape(self.title), html.escape(self.text)
        return (
            f'<div class="admonition {self.kind}">'
            f'<p class="admonition-title">{title}</p><p>{text}</p></div>'
        )

    def _repr_markdown_(self) -> str:
        title, text = (html.escape(part, quote=False) for part in (self.title, self.text))
        return f"> **{title}.** {text}"

    def __repr__(self) -> str:
        return f"{self.title}. {self.text}"


def banner(dataset: str) -> Banner:
    """What to show on top of a page made from a dataset; ChoiceError for an unknown one."""
    if dataset not in DATASETS:
        raise ChoiceError("dataset", dataset, DATASETS)
    if dataset == "simulated":
        return Banner(
            "warning",
            "Simulated recordings, not the paper's data",
            "The worms on this page are made up by this package so that the book builds "
            "anywhere. Unless a table says otherwise, its numbers say nothing about real "
            "worms. Set the parameter dataset to build it from real recordings.",
        )
    origin = DATASETS[dataset]
    return Banner("note", f"Recordings: {dataset}", f"{origin.citation}. Source: {origin.home}")


def effective_profile(name: str) -> str:
    """The scale to run at: the notebook's own, or `WORMGNN_PROFILE` in place of `quick`.

    The variable lets tests run the whole book small. It replaces the default alone, never
    a scale that somebody asked for. ChoiceError if either is unknown.
    """
    override = os.environ.get("WORMGNN_PROFILE") or name
    for asked in (name, override):
        profile_named(asked)
    return override if name == DEFAULT_PROFILE else name


def table(
    data: pd.DataFrame,
    caption: str = "",
    digits: int = 3,
    index: bool = False,
    markup: bool = False,
) -> Styler:
    """A table for a page: rounded numbers to the right, dashes for what is missing.

    Parameters
    ----------
    data
        What to show, formatted column by column.
    caption
        Printed above the table.
    digits
        Decimals of numbers that are not whole.
    index
        Whether to show the row labels.
    markup
        Whether the cells are HTML, in which the caller has escaped every name. Otherwise they are
        text: names of worms, neurons and files are anybody's, and may not become part of a page.
    """
    escape = None if markup else "html"
    styler = data.style.format(precision=digits, na_rep="–", thousands="\u202f", escape=escape)
    for axis in (0, 1):
        styler.format_index(escape="html", axis=axis)
    # The id that pandas draws at random would make every build of a page differ.
    styler.set_uuid(hashlib.sha256(repr((caption, *data.columns)).encode()).hexdigest()[:12])
    styler.set_table_styles(
        [
            {"selector": "caption", "props": "caption-side: top; text-align: left"},
            {"selector": "th, td", "props": "padding: 0.1em 0.5em; font-size: 85%"},
        ]
    )
    numbers = data.select_dtypes("number").columns
    right: dict[Any, list[CSSDict]] = {
        column: [{"selector": "", "props": "text-align: right"}] for column in numbers
    }
    styler.set_table_styles(right, overwrite=False)
    if caption:
        styler = styler.set_caption(html.escape(caption))
    return styler if index else styler.hide(axis="index")


def paper_reported() -> dict[str, Any]:
    """Numbers that the paper prints, as in the file `paper_reported.json` of this package."""
    text = (files("wormgnn.paper") / "paper_reported.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def beside_paper(
    rows: pd.DataFrame, reported: Mapping[str, Any], names: Mapping[str, str]
) -> pd.DataFrame:
    """Table 1: the paper's numbers and ours side by side, in percent.

    Parameters
    ----------
    rows
        Rows of a run or of a reference table: model, subset, fold, worm, seen and scores.
    reported
        The paper's table: name of a row to `[[mean, sd], ...]` for the training set, Kato and
        Nichols.
    names
        Our model to the paper's name of its row, where they differ.

    Returns
    -------
    table
        A line for each model; two levels of columns, the kind of worm above paper, ours (mean and
        standard deviation), balanced accuracy, majority class and n.
    """
    ours = summarise(rows).set_index(["model", "worms"])
    lines: dict[str, dict[tuple[str, str], Any]] = {}
    for model in rows["model"].unique():
        paper = reported.get(names.get(model, model), [None, None, None])
        lines[model] = {}
        for printed, kind in zip(paper[:2], SEEN.values(), strict=True):
            row = ours.loc[(model, kind)]
            cells = {
                "paper": percent(*printed) if printed else "–",
                "ours": percent(100 * row["mean"], 100 * row["sd"]),
                "balanced": percent(100 * row["balanced"]),
                "majority": percent(100 * row["majority"]),
                "n": int(row["n"]),
            }
            lines[model] |= {(kind, name): cell for name, cell in cells.items()}
    return pd.DataFrame.from_dict(lines, orient="index")


def reference_note(reference: Reference) -> Banner:
    """Where a reference table comes from, in one line."""
    about = reference.manifest
    scale = about.get("profile")
    folds = ""
    if isinstance(scale, dict):
        done = about.get("folds", {}) or {"": len(scale["folds"])}
        folds = f", {_folds(done, about)} of {scale['n_folds']} folds, {scale['epochs']} epochs"
    text = (
        f"computed by {about.get('command', '?')} on {about.get('written', '?')[:10]} (wormgnn "
        f"{about.get('wormgnn', '?')}, torch {about.get('packages', {}).get('torch', '?')}, "
        f"seed {about.get('seed', '?')}{folds}), {len(reference.table)} rows. "
        f"{about.get('note', '')}"
    )
    return Banner("note", "Reference results", text.rstrip())


def _folds(done: Mapping[str, int], about: Mapping[str, Any]) -> str:
    """`10`, or `10 (2 for GNN)` where some models' lines have fewer than most."""
    most = max(done.values())
    model = {line: known["model"] for line, known in about.get("lines", {}).items()}
    fewer: dict[int, dict[str, None]] = {}
    for label, count in done.items():
        if count < most:
            fewer.setdefault(count, {})[model.get(label, label)] = None
    parts = [f"{count} for {'; '.join(models)}" for count, models in sorted(fewer.items())]
    return f"{most} ({', '.join(parts)})" if parts else str(most)
