"""Reference tables: the committed results of `results/`, read and written.

A reference is a CSV file, or a picture, and a manifest that says where it comes from. The two are
one transaction: the manifest holds the file's digest. A writer lays the next manifest beside,
renames the file into place, then the manifest; whoever reads between the two finds the manifest
that fits. Columns of identity that have one value for each line stand in the manifest, under
`identity`, and not in every row of the file; `read` puts them back.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from PIL import Image

from wormgnn.errors import StoreError
from wormgnn.files import remove_leftovers, write_atomically
from wormgnn.store import environment

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OF_LINES = (
    *("experiment", "model", "task", "n_states", "neurons", "n_neurons", "view", "train"),
    *("scaling", "split", "message", "edges", "norm", "blocks", "literal", "reading", "seed"),
    *("seen_by", "kernel", "c", "gamma"),
)
"""Columns that the manifest holds where they have one value for each line."""

_SAME, _SCALE = ("data", "seed"), ("epochs", "n_folds", "subsets_per_size", "hidden")
"""Fields of manifest and profile that all lines of a table share; their folds may differ."""


@dataclass(frozen=True)
class Reference:
    """A reference table, with all columns of identity, and its manifest: where it comes from."""

    table: pd.DataFrame
    manifest: dict[str, Any]


def default_folder() -> Path:
    """`$WORMGNN_RESULTS`, else the folder `results/` of the source tree."""
    named = os.environ.get("WORMGNN_RESULTS")
    return Path(named) if named else Path(__file__).resolve().parents[2] / "results"


def read(name: str, folder: Path | None = None) -> Reference | None:
    """The reference table of this name (`table1.kato`), or None where there is none.

    StoreError if table and manifest do not belong together.
    """
    files = _Files(name, folder)
    if not files.table.exists() and not files.manifest.exists():
        return None
    content, manifest = files.pair()
    table = pd.read_csv(content)
    for column, value in manifest.get("identity", {}).items():
        table[column] = table["line"].map(value) if isinstance(value, dict) else value
    return Reference(table[manifest.get("columns", list(table))], manifest)


def table(name: str, folder: Path | None = None) -> pd.DataFrame:
    """The numbers of a reference table; StoreError says how to make one that is not there."""
    reference = read(name, folder)
    if reference is None:
        raise StoreError(
            f"{folder or default_folder()} lacks {name}: `wormgnn run --list` says which "
            "experiment writes it, `wormgnn run NAME --reference` does"
        )
    return reference.table


def write(
    name: str,
    table: pd.DataFrame,
    about: Mapping[str, Any],
    lines: Mapping[str, Any] | None = None,
    folder: Path | None = None,
) -> Path:
    """Write a table and its manifest, both or neither; returns the table's path.

    - `name`, `folder`: as for `read`.
    - `table`: the numbers; with `lines`, those of some or all lines (column `line`).
    - `about`: where they come from, as plain JSON: `command`, `dataset`, `data` (the digest of each
      worm), `seed`, and the `profile` if there is one.
    - `lines`: every line that belongs to the table, in order, with what defines it as plain JSON
      (its plan, and the versions of task and model). Stored lines that `table` lacks stay as they
      are, so that a table can be computed line by line, and keep their versions in the manifest; a
      line that is no more is dropped.

    StoreError names lines that would stay and come from another definition, other worms, another
    scale or another seed, and what differs.
    """
    files, manifest = _Files(name, folder), {**about, **environment()}
    if lines is not None:
        table, manifest = _with_other_lines(files, table, {**manifest, "lines": dict(lines)})
    identity = _identity(table)
    text = table.drop(columns=list(identity)).to_csv(index=False, float_format="%.6g")
    manifest |= {"rows": len(table), "columns": list(table)}
    manifest |= {"identity": identity} if identity else {}
    files.replace(text.encode(), manifest)
    return files.table


def write_picture(
    name: str, figure: Figure, about: Mapping[str, Any], folder: Path | None = None
) -> Path:
    """Write a figure as PNG beside its manifest, both or neither; returns the picture's path.

    For what may be shown and not given away, such as the traces of a recording. In 256 colours, a
    third of the size. `name` and `folder` as for `read`, `about` as for `write`.
    """
    drawn, image = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    few = Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(image, format="png", optimize=True)
    files = _Files(name, folder, ".png")
    files.replace(image.getvalue(), {**about, **environment()})
    return files.table


def picture(name: str, folder: Path | None = None) -> bytes:
    """A picture (`whole_brain.kato`) as PNG; StoreError if picture and manifest do not fit."""
    content, _ = _Files(name, folder, ".png").pair()
    return content.getvalue()


def _identity(table: pd.DataFrame) -> dict[str, Any]:
    """Columns of `OF_LINES` with one value for each line: that value, or one by line."""
    found: dict[str, Any] = {}
    if "line" in table:
        lines = table.groupby("line", sort=False)
        for column in (name for name in OF_LINES if name in table):
            if (lines[column].nunique(dropna=False) <= 1).all():
                values = lines[column].first()
                found[column] = values.to_dict() if values.nunique() > 1 else values.tolist()[0]
    return found


def _with_other_lines(
    files: _Files, table: pd.DataFrame, manifest: dict[str, Any]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A table with the lines that only the stored one has, in order, and its manifest."""
    lines, written = manifest["lines"], list(table["line"].unique())
    if "fold" in table:
        manifest["folds"] = table.groupby("line")["fold"].nunique().to_dict()
    elif "profile" in manifest:  # pooled over folds, such as confusion counts
        manifest["folds"] = dict.fromkeys(written, len(manifest["profile"]["folds"]))
    try:  # one that is broken is none, so that it can be written again
        stored = read(files.name, files.table.parent)
    except StoreError as error:
        warnings.warn(f"{error}. Writing it anew, without its other lines", stacklevel=3)
        stored = None
    own = pd.DataFrame() if stored is None else stored.table
    if "line" in own:
        own = own[own["line"].isin(set(lines) - set(written))]
    if stored is not None and "line" in own and len(own):
        old, stay = stored.manifest, list(own["line"].unique())
        told = {line: ", ".join(_differing(old, manifest, line)) for line in stay}
        if any(told.values()):
            differ = "; ".join(f"{line} ({names})" for line, names in told.items() if names)
            raise StoreError(
                f"{files.table}: lines would stay that differ in: {differ}. Write every line"
            )
        for line in stay:
            lines[line] = {**lines[line], "versions": old["lines"][line].get("versions", {})}
        folds = {line: n for line, n in old.get("folds", {}).items() if line in stay}
        manifest["folds"] = {**folds, **manifest.get("folds", {})}
        commands = [*old["command"].split(" && "), manifest["command"]]
        manifest["command"] = " && ".join(dict.fromkeys(commands))
        table = pd.concat([own, table], ignore_index=True)
    place = {line: number for number, line in enumerate(lines)}
    return table.sort_values("line", key=lambda own: own.map(place), kind="stable"), manifest


def _differing(old: dict[str, Any], new: dict[str, Any], line: str) -> list[str]:
    """In what a line of two tables comes from something else, but for its versions."""
    before, after = _origin(old, line), _origin(new, line)
    names = dict.fromkeys([*before, *after])
    return [name for of, name in names if before.get((of, name)) != after.get((of, name))]


def _origin(manifest: dict[str, Any], line: str) -> dict[tuple[str, str], Any]:
    """What a line of a table comes from: by whose field it is, and its name."""
    known = json.loads(json.dumps(manifest))  # lists in place of tuples, as in a file
    definition, profile = known.get("lines", {}).get(line, {}), known.get("profile", {})
    fields = {
        "run": {name: known.get(name) for name in _SAME},
        "profile": {name: profile.get(name) for name in _SCALE},
        "plan": definition.pop("plan", {}),
        "line": {name: value for name, value in definition.items() if name != "versions"},
    }
    return {(of, name): value for of, own in fields.items() for name, value in own.items()}


class _Files:
    """The two files of one reference."""

    def __init__(self, name: str, folder: Path | None, ending: str = ".csv") -> None:
        folder = folder or default_folder()
        self.name, self.table = name, folder / f"{name}{ending}"
        self.manifest = folder / f"{name}.manifest.json"

    def pending(self, digest: str) -> Path:
        """Where the manifest of a table with this digest waits until the table is in place."""
        return self.table.with_name(f".next.{self.name}.{digest[:16]}.json")

    def pair(self) -> tuple[io.BytesIO, dict[str, Any]]:
        """The table's content and the manifest that fits it; StoreError if none does."""
        for _ in range(5):  # a writer may rename a file between two of these reads
            content = self.table.read_bytes() if self.table.exists() else b""
            digest = _digest(content)
            for path in (self.manifest, self.pending(digest)):
                manifest = _manifest(path)
                if manifest.get("sha256") != digest:
                    continue
                if path != self.manifest:  # the writer was killed between its two renames
                    with contextlib.suppress(OSError):  # the folder may only be read
                        os.replace(path, self.manifest)
                return io.BytesIO(content), manifest
        experiment = self.name.split(".")[0]
        raise StoreError(
            f"{self.table}: does not fit {self.manifest.name}: run `wormgnn run {experiment} "
            f"--reference`, or take both back with `git checkout -- {self.table} {self.manifest}`"
        )

    def replace(self, table: bytes, manifest: Mapping[str, Any]) -> None:
        """Both files, in an order that leaves a pair that fits wherever it is cut off."""
        digest = _digest(table)
        text = json.dumps({**manifest, "sha256": digest}, indent=2, sort_keys=True) + "\n"
        pending = self.pending(digest)
        write_atomically(pending, lambda path: path.write_bytes(text.encode()))
        write_atomically(self.table, lambda path: path.write_bytes(table))
        with contextlib.suppress(FileNotFoundError):  # a reader was faster
            os.replace(pending, self.manifest)
        remove_leftovers(self.table.parent, f".next.{self.name}.*")


def _manifest(path: Path) -> dict[str, Any]:
    """A manifest; empty where there is none that can be read."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _digest(content: bytes) -> str:
    """SHA-256 of a file; of a table, the same whatever line ends git gave it."""
    text = content if content.startswith(b"\x89PNG") else content.replace(b"\r\n", b"\n")
    return hashlib.sha256(text).hexdigest()
