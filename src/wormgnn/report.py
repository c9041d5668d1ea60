"""What `wormgnn decode` writes: a table, JSON and a page for each recording, and an overview.

`decoded.schema.json` in this package describes the JSON. A page needs no network: plotly's script,
some 4.6 MB, is in it, and its security policy lets no other script run and nothing be loaded.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from wormgnn import __version__
from wormgnn.decoder import UNSURE
from wormgnn.decoding import Decoded, Job, score, summary
from wormgnn.errors import OutputError, chosen, one_line
from wormgnn.files import check_absent, check_writable, write_atomically
from wormgnn.plots.interactive import SCRIPTS, as_html
from wormgnn.plots.style import STATE_COLOURS
from wormgnn.plots.timeline import HEATMAP_COLOURS, bout_table, decoding, drawn_as_one, timeline
from wormgnn.states import bouts

FORMATS = {"csv": ".states.csv", "json": ".json", "html": ".html"}
"""Endings of the outputs of one recording, by the name of the format."""

SUMMARY, INDEX = "summary.csv", "index.html"

SCHEMA = 1
"""Version of the JSON; raised when a field is renamed, removed, or means something else."""

_FIGURE = "Decoded states, their probabilities and the traces of the neurons used, over time"
_STRIP_COLUMNS = 400
_SECURITY = "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; script-src {}"


@dataclass(frozen=True)
class Result:
    """One decoded recording of a file: its outputs by format, its `score` if that was asked for."""

    job: Job
    decoded: Decoded
    paths: dict[str, Path]
    scores: dict[str, float] | None = None

    @cached_property
    def line(self) -> dict[str, Any]:
        """Its file, `summary` and scores."""
        return {"file": self.job.file.name, **summary(self.decoded), **(self.scores or {})}

    @cached_property
    def states(self) -> list[dict[str, Any]]:
        """`bout_table`: name, colour, fraction of frames, bouts and median duration of each."""
        return bout_table(self.decoded)


def parse_formats(text: str) -> tuple[str, ...]:
    """Names of formats with commas between; ChoiceError for an unknown one, or for none."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        chosen("format", name, FORMATS)
    return names


def outputs(job: Job, folder: Path, formats: Sequence[str]) -> dict[str, Path]:
    """Path of each output of one recording, by format."""
    return {name: folder / f"{job.stem}{FORMATS[name]}" for name in formats}


def overview_outputs(n_recordings: int, folder: Path, formats: Sequence[str]) -> list[Path]:
    """The summary, and the index of several pages."""
    index = [folder / INDEX] if n_recordings > 1 and "html" in formats else []
    return [folder / SUMMARY, *index]


def check_outputs(
    jobs: Sequence[Job], folder: Path, formats: Sequence[str], force: bool = False
) -> None:
    """OutputError for outputs of one name, that cannot be written, or exist without `force`."""
    paths = overview_outputs(len(jobs), folder, formats)
    owners: dict[str, Job | None] = {path.name.casefold(): None for path in paths}
    for job in jobs:
        for path in outputs(job, folder, formats).values():
            paths.append(path)
            owner = owners.setdefault(path.name.casefold(), job)
            if owner is job:
                continue
            if owner is not None and (owner.file, owner.stem) == (job.file, job.stem):
                raise OutputError(f"{job.file}: expected each recording once, found it again")
            other = "this command's overview" if owner is None else owner.file
            raise OutputError(
                f"{other} and {job.file} would both be written to {path}: rename one file, "
                "or decode them into two folders"
            )
    check_writable(folder, paths)
    check_absent(paths, force)


def write(
    job: Job, decoded: Decoded, folder: Path, formats: Sequence[str], scored: bool = False
) -> Result:
    """Write the outputs of one recording, each whole or not at all."""
    paths = outputs(job, folder, formats)
    result = Result(job, decoded, paths, score(decoded) if scored else None)
    contents = {
        "csv": lambda: decoded.table().round(4).to_csv(index=False),
        "json": lambda: json.dumps(as_json(result), allow_nan=False),
        "html": lambda: page(result),
    }
    for name, path in paths.items():
        _write_text(path, contents[name]())
    return result


def write_overview(results: Sequence[Result], folder: Path, formats: Sequence[str]) -> list[Path]:
    """Write the summary of all recordings, and an index of their pages if they are several."""
    table = pd.DataFrame([_harmless(result.line) for result in results])
    contents = {
        SUMMARY: lambda: table.to_csv(index=False, float_format="%.5f"),
        INDEX: lambda: index(results),
    }
    paths = overview_outputs(len(results), folder, formats)
    for path in paths:
        _write_text(path, contents[path.name]())
    return paths


def _write_text(path: Path, text: str) -> None:
    write_atomically(path, lambda temporary: temporary.write_text(text, "utf-8", newline=""))


def _harmless(line: Mapping[str, object]) -> dict[str, object]:
    """The line with a ' before what a spreadsheet takes for a formula; no control characters."""
    texts = {name: one_line(value) for name, value in line.items() if isinstance(value, str)}
    return dict(line) | {
        name: f"'{text}" if text[:1] in "=+-@" and text else text for name, text in texts.items()
    }


def for_reading(results: Sequence[Result]) -> str:
    """The results as text for a terminal: a paragraph for each recording, with its outputs."""
    return _templates().get_template("decoded.txt").render(results=results).strip()


# --- JSON ----------------------------------------------------------------------------------------


def as_json(result: Result) -> dict[str, Any]:
    """A decoded recording as plain values, by `decoded.schema.json` of this package."""
    decoded = result.decoded
    recording, trust, decoder = decoded.recording, decoded.trust, decoded.decoder
    table = decoded.table().round(4)
    columns = zip(decoded.vocabulary, decoded.probabilities.T.round(4), strict=True)
    content = {
        "schema": SCHEMA,
        "wormgnn": __version__,
        "recording": {
            "file": result.job.file.name,
            "worm": recording.worm,
            "frames": recording.n_frames,
            "fps": recording.fps,
            "neurons_named": len(recording.identified),
            "sha256": recording.digest,
        },
        "decoder": {
            "version": decoder.version_,
            "sha256": decoder.digest,
            "kind": trust.decoder,
            "like": decoder.like,
            "states": list(decoded.vocabulary),
            "trained_on": {n: list(lab.worms) for n, lab in decoder.laboratories_.items()},
        },
        "trust": {"sentence": trust.sentence(), **trust.facts},
        "neurons": {"used": list(trust.neurons), "missing": list(trust.missing)},
        "unsure_below": UNSURE,
        "score": result.scores,
        "time_s": table["time_s"].tolist(),
        "state": table["state"].tolist(),
        "unsure": table["unsure"].tolist(),
        "probability": {name: column.tolist() for name, column in columns},
    }
    return {name: _finite(value) for name, value in content.items()}


def _finite(value: Any) -> Any:
    """The value with None for numbers that JSON cannot hold."""
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


# --- pages ---------------------------------------------------------------------------------------


@functools.cache
def _templates() -> jinja2.Environment:
    """Templates that escape whatever is put into them."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("wormgnn", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": _percent, "link": lambda path: quote(path.name)}
    environment.filters["one_line"] = one_line
    always = {"version": __version__, "style": _text("report.css"), "unsure_below": UNSURE}
    environment.globals |= always
    return environment


def _text(name: str) -> Markup:
    return Markup((files("wormgnn") / "templates" / name).read_text(encoding="utf-8"))


def _render(template: str, scripts: Sequence[str] = (), **values: Any) -> str:
    """A page whose policy lets these scripts run and no others."""
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()) for text in scripts]
    allowed = " ".join(f"'sha256-{digest.decode()}'" for digest in digests) or "'none'"
    values |= {"policy": _SECURITY.format(allowed), "scripts": [Markup(text) for text in scripts]}
    return _templates().get_template(template).render(values)


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.0f} %"


def page(result: Result) -> str:
    """A page on one recording, whole in itself, with links to its other outputs."""
    decoded = result.decoded
    still = decoding(decoded, Figure(figsize=(9, 5), layout="constrained"))
    return _render(
        "page.html",
        [script.read_text(encoding="utf-8") for script in SCRIPTS.values()],
        result=result,
        decoded=decoded,
        heatmap=HEATMAP_COLOURS,
        drawn_as_one=drawn_as_one(decoded.recording.n_frames),
        figure=Markup(as_html(timeline(decoded), still, _FIGURE)),
    )


def index(results: Sequence[Result]) -> str:
    """A page with one row for each recording, and a link to its page."""
    rows = [(result, _strip(result.decoded), result.paths["html"]) for result in results]
    return _render("index.html", rows=rows, columns=_STRIP_COLUMNS)


def _strip(decoded: Decoded) -> list[tuple[int, int, str]]:
    """Bouts of `_STRIP_COLUMNS` frames at equal distances: first column, width, colour."""
    frames = np.linspace(0, decoded.recording.n_frames - 1, _STRIP_COLUMNS).round().astype(np.int64)
    colours = [STATE_COLOURS[name] for name in decoded.vocabulary]
    return [(b.start, b.stop - b.start, colours[b.state]) for b in bouts(decoded.states[frames])]
