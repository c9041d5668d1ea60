"""What the chapters of the book share: banner, profile, tables, and the paper's numbers."""

from __future__ import annotations

import ast
import hashlib
import html
import itertools
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas.io.formats.style import Styler

if TYPE_CHECKING:
    from pandas.io.formats.style_render import CSSDict

from wormgnn.comparison import SEEN, percent, summarise
from wormgnn.datasets.registry import DATASETS, is_folder
from wormgnn.errors import DatasetUnavailableError, NeuronError, ParameterError
from wormgnn.plan import Experiment, profile_named
from wormgnn.plots.style import use_style
from wormgnn.results import Reference
from wormgnn.runner import run

DEFAULT_PROFILE = "quick"
HEADINGS = {"n_states": "states", "n_train": "training worms", "macro_f1": "macro F1"}
"""What tables call some columns; others by their name, with spaces."""

STYLE = {
    "caption": "caption-side: top; text-align: left",
    "th, td": "padding: 0.1em 0.5em; font-size: 85%",
    "tbody th": "white-space: nowrap",
}
"""Of every table."""


@dataclass(frozen=True)
class Banner:
    """Says on a page where its recordings or its numbers come from; displays itself in a notebook.

    `kind` is the class of the admonition, or `provenance` for a line that opens; `title` and `text`
    are plain text.
    """

    kind: str
    title: str
    text: str

    def _repr_html_(self) -> str:
        title, text = html.escape(self.title), html.escape(self.text)
        if self.kind == "provenance":
            return f'<details class="provenance"><summary>{title}</summary><p>{text}</p></details>'
        title = f'<p class="admonition-title">{title}</p>'
        return f'<div class="admonition {self.kind}">{title}<p>{text}</p></div>'


def banner(dataset: str) -> Banner:
    """What to show on top of a page made from a dataset; ChoiceError for an unknown one.

    A folder is named by its last part alone: where it lies is nobody's business.
    """
    if is_folder(dataset):
        name = Path(dataset).resolve().name
        return Banner("note", f"Recordings: the folder {name}", "Read from files of your own.")
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


def start(dataset: str | None, profile: str) -> str:
    """Begin a chapter: check its parameters, show its banner, and give the scale to run at.

    A chapter that reads no recordings, but reference tables alone, gives None for the dataset.
    ParameterError or ChoiceError for parameters, a dataset or a profile that there are not.
    """
    profile = effective_profile(profile)
    use_style()
    if dataset is not None:
        from IPython.display import display  # not needed where no notebook runs

        display(banner(dataset))
    return profile


def effective_profile(name: str) -> str:
    """The scale to run at: the notebook's own, or `WORMGNN_PROFILE` in place of `quick`.

    The variable lets tests run the whole book small. It replaces the default alone, never
    a scale that somebody asked for. Parameters that a chapter does not have end it here
    (`check_parameters`). ChoiceError if either scale is unknown.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    check_parameters(shell.user_ns.get("In", []) if shell is not None else [])
    override = os.environ.get("WORMGNN_PROFILE") or name
    for asked in (name, override):
        profile_named(asked)
    return override if name == DEFAULT_PROFILE else name


_INJECTED = "# Parameters\n"
"""How the cell begins that papermill puts behind a notebook's own parameters."""


def check_parameters(cells: Sequence[str]) -> None:
    """Refuse parameters that a chapter does not have, or of another kind; papermill only warns.

    ParameterError names the parameters that there are, or the kind that was expected.
    """
    for own, injected in itertools.pairwise(cells):
        if not injected.startswith(_INJECTED):
            continue
        known = _assigned(own)
        for name, value in _assigned(injected).items():
            if name not in known:
                raise ParameterError(f"no parameter {name!r} here: choose of {', '.join(known)}")
            wanted, found = type(known[name]), type(value)
            if found is not wanted and (wanted, found) != (float, int):
                how = f"With papermill, -r {name} TEXT gives text, -y '{name}: [1, 4]' a list"
                was = f"expected {wanted.__name__}, as {known[name]!r} is, found {value!r}"
                raise ParameterError(f"parameter {name!r}: {was}. {how}")


def _assigned(cell: str) -> dict[str, Any]:
    """Names that a cell of parameters assigns, with their plain values."""
    values = {}
    for node in ast.parse(cell).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            values[ast.unparse(target)] = ast.literal_eval(node.value)
    return values


def table(data: pd.DataFrame, caption: str = "", digits: int = 3, index: bool = False) -> Styler:
    """A table for a page: rounded numbers to the right, dashes for what is missing.

    A column of whole numbers has no decimals, and a p-value that would look like zero is `<0.001`.
    Row labels are shown if `index`.
    """
    # Names of worms, neurons and files are anybody's, and may not become part of a page.
    styler = data.style.format(precision=digits, na_rep="–", escape="html")
    for column in data.select_dtypes("number"):
        known = data[column].dropna()
        places = 0 if (known == known.round()).all() else digits
        is_p = re.search(r"\bp\b", str(column).replace("_", " ")) is not None
        show = partial(_number_html, digits=places, is_p=is_p)
        styler.format(show, subset=[column], na_rep="–")
    styler.format_index(escape="html", axis=0)
    styler.format_index(
        lambda name: html.escape(HEADINGS.get(str(name), str(name).replace("_", " "))), axis=1
    )
    # The id that pandas draws at random would make every build of a page differ.
    styler.set_uuid(hashlib.sha256(repr((caption, *data.columns)).encode()).hexdigest()[:12])
    styler.set_table_styles(
        [{"selector": selector, "props": props} for selector, props in STYLE.items()]
    )
    looks: dict[Any, list[CSSDict]] = {
        column: [{"selector": "td", "props": _look(data[column])}] for column in data.columns
    }
    styler.set_table_styles(looks, overwrite=False)
    if caption:
        styler = styler.set_caption(html.escape(caption))
    return styler if index else styler.hide(axis="index")


def _look(column: pd.Series) -> str:
    """Numbers to the right; short texts on one line, so that the table scrolls and they do not."""
    if pd.api.types.is_numeric_dtype(column):
        return "text-align: right; white-space: nowrap"
    longest = column.astype(str).str.len().max()
    return "text-align: left; " + ("white-space: nowrap" if longest <= 28 else "min-width: 14em")


def _number_html(value: float, digits: int, is_p: bool) -> str:
    """`1 234.5`, `−0.25`; zero has no sign, and is `<0.001` if it is a p-value."""
    text = f"{value:,.{digits}f}".replace(",", "\u202f")
    if float(f"{value:.{digits}f}") == 0:
        return f"&lt;{10.0**-digits:.{digits}f}" if is_p else text.lstrip("-")
    return text.replace("-", "−")


def paper_reported() -> dict[str, Any]:
    """Numbers that the paper prints, as in the file `paper_reported.json` of this package."""
    text = (files("wormgnn.paper") / "paper_reported.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def beside_paper(
    rows: pd.DataFrame, reported: Mapping[str, Any], names: Mapping[str, str]
) -> pd.DataFrame:
    """Table 1: the paper's numbers and ours side by side, in percent.

    `reported` has a row's `[[mean, sd], ...]` for the training set, Kato and Nichols; `names` the
    paper's name of a model where it differs. The result has a line for each model, and two levels
    of columns: the kind of worm above paper, ours (mean and standard deviation), balanced accuracy,
    majority class and n.
    """
    cells: dict[str, dict[tuple[str, str], Any]] = {}
    for row in summarise(rows).to_dict("records"):
        model, kind = row["model"], row["worms"]
        printed = (reported.get(names.get(model, model)) or [None, None])[kind != SEEN[True]]
        cells[model] = cells.get(model, {}) | {
            (kind, "paper"): percent(*printed) if printed else "–",
            (kind, "ours"): percent(100 * row["mean"], 100 * row["sd"]),
            (kind, "balanced"): percent(100 * row["balanced"]),
            (kind, "majority"): percent(100 * row["majority"]),
            (kind, "n"): int(row["n"]),
        }
    return pd.DataFrame.from_dict(cells, orient="index")[list(SEEN.values())]


def this_build(rows: pd.DataFrame, by: Sequence[str], dataset: str, profile: str) -> Styler:
    """What a page's own run scores on unseen worms, in percent, a line for each value of `by`."""
    found = summarise(rows[~rows["seen"]], by).drop(columns=["worms", "lowest", "macro_f1"])
    found[["mean", "sd", "balanced", "majority"]] *= 100
    caption = (
        f"This build ({dataset}, {profile}): accuracy on unseen worms (%), mean and sd over n "
        "members and worms."
    )
    return table(found, caption, digits=1)


def nichols(
    experiment: Experiment, home: pd.DataFrame, dataset: str, profile: str, seed: int, caption: str
) -> Styler | Banner:
    """Scores on Nichols's worms, which are not among those of the rows `home`, as fractions.

    A note in its place where Kato's worms do not train, or either recordings are not here.
    """
    try:
        if dataset != "kato":
            raise DatasetUnavailableError(f"the worms that train are {dataset}, not kato")
        rows = run(experiment, dataset, profile, seed=seed).rows
    except (DatasetUnavailableError, NeuronError) as error:
        return Banner("note", "Not computed in this build", str(error))
    return table(summarise(rows[~rows["worm"].isin(home["worm"])]), caption)


def reference_note(reference: Reference) -> Banner:
    """Where a reference table comes from, in a line that opens."""
    about, folds = reference.manifest, ""
    scale = about.get("profile")
    if isinstance(scale, dict):
        folds = f", {folds_done(about)} of {scale['n_folds']} folds, {scale['epochs']} epochs"
    text = (
        f"Computed by {about.get('command', '?')} on {about.get('written', '?')[:10]} (wormgnn "
        f"{about.get('wormgnn', '?')}, torch {about.get('packages', {}).get('torch', '?')}, "
        f"seed {about.get('seed', '?')}{folds}), {len(reference.table)} rows. "
        f"{about.get('note', '')}"
    )
    return Banner("provenance", "Reference results: how they were computed", text.rstrip())


def folds_done(about: Mapping[str, Any]) -> str:
    """By a manifest: `10`, or `10 (2 for GNN)` where some models' lines have fewer."""
    done = about.get("folds") or {"": len(about["profile"]["folds"])}
    most = max(done.values())
    model = {line: known["model"] for line, known in about.get("lines", {}).items()}
    fewer: dict[int, dict[str, None]] = {}
    for label, count in done.items():
        if count < most:
            fewer.setdefault(count, {})[model.get(label, label)] = None
    parts = [f"{count} for {'; '.join(models)}" for count, models in sorted(fewer.items())]
    return f"{most} ({', '.join(parts)})" if parts else str(most)
