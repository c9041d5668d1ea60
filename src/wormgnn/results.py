"""Tables of results: what a run gives, and the committed references of `results/`.

A reference is a CSV file, or a picture, and a manifest that says where it comes from. The two are
one transaction: the manifest holds the file's digest. A writer lays the next manifest beside,
renames the file into place, then the manifest; whoever reads between the two finds the manifest
that fits. Columns of identity that have one value for each line stand in the manifest, under
`identity`, and not in every row of the file; `read` puts them back.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from PIL import Image

from wormgnn.errors import ChoiceError, StoreError, chosen
from wormgnn.files import remove_leftovers, write_atomically
from wormgnn.recording import Recording
from wormgnn.store import Arrays, environment

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from wormgnn.cohort import Cohort, Subset
    from wormgnn.plan import Experiment, Profile
    from wormgnn.runner import LineRun

OF_LINES = (
    *("experiment", "model", "task", "n_states", "neurons", "n_neurons", "view", "train"),
    *("scaling", "split", "message", "edges", "norm", "blocks", "literal", "reading", "seed"),
    *("seen_by", "kernel", "c", "gamma"),
)
"""Columns that the manifest holds where they have one value for each line."""

_SAME, _SCALE = ("data", "seed"), ("epochs", "n_folds", "subsets_per_size", "hidden")
"""Fields of manifest and profile that all lines of a table share; their folds may differ."""


@dataclass(frozen=True, eq=False)
class Table:
    """What an experiment gave; what several reference tables need of it can be cached by it.

    Attributes
    ----------
    rows
        One row for each line, fold, member and worm (and frame ahead, for traces): columns of
        identity, the lines' factors, then scores.
    confusion
        Counts pooled over folds and subsets: columns of identity, labelled, predicted (codes of
        states), count. None if no line tells states.
    recordings
        Worms that train and worms that are evaluated only, as they were loaded; none where all are
        simulated for a line.
    runs
        Each line's runs by its label: one, or one for each set of neurons.
    """

    rows: pd.DataFrame
    confusion: pd.DataFrame | None
    experiment: Experiment
    dataset: str | Sequence[Recording]
    profile: Profile
    seed: int = 0
    recordings: Sequence[Recording] = ()
    runs: Mapping[str, Sequence[LineRun]] = field(default_factory=dict, repr=False)

    def arrays(self, line: str, fold: int) -> Arrays:
        """What the store keeps of a fold: counts, seen, edges, validation, best_epoch, ...

        `fold` is -1 where every frame trains. ChoiceError for a line or fold that was not run. Here
        and below, a line with several sets of neurons is told by its first.
        """
        run = self._run(line)
        if fold not in run.folds:
            raise ChoiceError("fold", fold, run.folds)
        return run.arrays(fold)

    def subsets(self, line: str) -> list[Subset]:
        """Worms that each member of a line trained on, in the order of its arrays."""
        return self._run(line).subsets

    def cohort(self, line: str) -> Cohort:
        """Worms, neurons and features of a line."""
        return self._run(line).cohort

    def manifest(self, line: str, fold: int) -> dict[str, Any]:
        """What the store knows of a fold: inputs, seconds, versions, when it was written.

        Of its first members alone, where they are stored by themselves.
        """
        run = self._run(line)
        return run.store.manifest(run.inputs(fold, run.groups[0]))

    def _run(self, line: str) -> LineRun:
        return chosen("line", line, self.runs)[0]


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


def about(
    command: str,
    dataset: str,
    recordings: Sequence[Recording],
    seed: int,
    profile: Profile | None = None,
    **more: Any,
) -> dict[str, Any]:
    """What a table was computed from: the part of its manifest that `write` does not add.

    The command line that computes it again, the dataset that models were trained on, every worm
    that went in, the seed, the scale of the protocol (if it has one), and what one kind of table
    adds, as plain JSON.
    """
    scale = {} if profile is None else {"profile": dataclasses.asdict(profile)}
    data = {recording.worm: recording.digest for recording in recordings}
    known = {"command": command, "dataset": dataset, "data": data, "seed": seed}
    return {**known, **scale, **more}


def write(
    name: str,
    table: pd.DataFrame,
    about: Mapping[str, Any],
    lines: Mapping[str, Any] | None = None,
    folder: Path | None = None,
) -> Path:
    """Write a table and its manifest, both or neither; returns the table's path.

    Parameters
    ----------
    name, folder
        As for `read`.
    table
        The numbers; with `lines`, those of some or all lines (column `line`).
    about
        Where they come from, as from the function `about`.
    lines
        Every line that belongs to the table, in order, with what defines it as plain JSON (its
        plan, and the versions of task and model). Stored lines that `table` lacks stay as they
        are, so that a table can be computed line by line, and keep their versions in the manifest;
        a line that is no more is dropped.

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
    lines = list(manifest["lines"])
    if "fold" in table:
        manifest["folds"] = table.groupby("line")["fold"].nunique().to_dict()
    elif "profile" in manifest:  # pooled over folds, such as confusion counts
        manifest["folds"] = dict.fromkeys(table["line"], len(manifest["profile"]["folds"]))
    try:  # one that is broken is none, so that it can be written again
        stored = read(files.name, files.table.parent)
    except StoreError as error:
        warnings.warn(f"{error}. Writing it anew, without its other lines", stacklevel=3)
        stored = None
    if stored is not None and "line" in stored.table:
        old = stored.manifest
        kept = stored.table[stored.table["line"].isin(set(lines) - set(table["line"]))]
        stay = list(kept["line"].unique())
        _check_same(files, old, manifest, stay)
        for line in stay:
            versions = old["lines"][line].get("versions", {})
            manifest["lines"][line] = {**manifest["lines"][line], "versions": versions}
        if stay:
            folds = {line: n for line, n in old.get("folds", {}).items() if line in stay}
            manifest["folds"] = {**folds, **manifest.get("folds", {})}
            commands = [*old["command"].split(" && "), manifest["command"]]
            manifest["command"] = " && ".join(dict.fromkeys(commands))
            table = pd.concat([kept, table], ignore_index=True)
    place = {line: number for number, line in enumerate(lines)}
    return table.sort_values("line", key=lambda own: own.map(place), kind="stable"), manifest


def _check_same(
    files: _Files, old: dict[str, Any], new: dict[str, Any], stay: Sequence[str]
) -> None:
    """Refuse lines that would stay and do not come from what the new ones come from."""
    before, after = ({line: _origin(m, line) for line in stay} for m in (old, new))
    told = []
    for line in stay:
        names = dict.fromkeys([*before[line], *after[line]])
        differing = [n[1] for n in names if before[line].get(n) != after[line].get(n)]
        told += [f"{line} ({', '.join(differing)})"] if differing else []
    if told:
        raise StoreError(
            f"{files.table}: lines would stay that differ in: {'; '.join(told)}. Write every line"
        )


def _origin(manifest: dict[str, Any], line: str) -> dict[tuple[str, str], Any]:
    """What a line of a table comes from, but for its versions: by whose field it is, and name."""
    known = json.loads(json.dumps(manifest))  # lists in place of tuples, as in a file
    definition = dict(known.get("lines", {}).get(line, {}))
    plan, _ = definition.pop("plan", {}), definition.pop("versions", {})
    fields = {
        "run": {name: known.get(name) for name in _SAME},
        "profile": {name: known.get("profile", {}).get(name) for name in _SCALE},
        "plan": plan,
        "line": definition,
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
