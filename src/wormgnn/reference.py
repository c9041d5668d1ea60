"""Reference results: small tables, computed on real worms, with a manifest."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from wormgnn.errors import StoreError
from wormgnn.profiles import Profile
from wormgnn.recording import Recording
from wormgnn.store import code_version, environment, write_atomically


def default_folder() -> Path:
    """`$WORMGNN_RESULTS`, else the folder `results/` of the source tree."""
    chosen = os.environ.get("WORMGNN_RESULTS")
    return Path(chosen) if chosen else Path(__file__).resolve().parents[2] / "results"


@dataclass(frozen=True)
class Reference:
    """A reference table and where it comes from.

    Attributes
    ----------
    table
        The numbers.
    manifest
        Command, dataset, data digests, profile, seed, versions, date, seconds.
    """

    table: pd.DataFrame
    manifest: dict[str, Any]


def read(name: str, folder: Path | None = None) -> Reference | None:
    """The reference table of this name, or None where there is none.

    StoreError if one of its two files is missing or broken.
    """
    table, manifest = _paths(name, folder)
    if not table.exists() and not manifest.exists():
        return None
    try:
        return Reference(pd.read_csv(table), json.loads(manifest.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise StoreError(f"{table}: expected a table with its manifest ({error})") from error


def about(
    command: str,
    dataset: str,
    recordings: Sequence[Recording],
    seed: int,
    code: Sequence[str],
    profile: Profile | None = None,
    **more: Any,
) -> dict[str, Any]:
    """What a table was computed from: the part of its manifest that `write` does not add.

    Parameters
    ----------
    command
        Command line that computes the table again.
    dataset, recordings
        Name of the dataset that models were trained on, and every worm that went in.
    seed
        Seed of all random numbers.
    code
        Modules whose code decides the numbers, as for `store.code_version`.
    profile
        Scale of the protocol; None where a table has none.
    more
        What one kind of table adds, as plain JSON.
    """
    scale = {} if profile is None else {"profile": dataclasses.asdict(profile)}
    return {
        "command": command,
        "dataset": dataset,
        "data": {recording.worm: recording.digest for recording in recordings},
        "seed": seed,
        "code": code_version(tuple(code)),
        **scale,
        **more,
    }


_SAME = ("code", "data", "seed")


def with_other_lines(
    name: str,
    table: pd.DataFrame,
    about: dict[str, Any],
    lines: Mapping[str, Any],
    folder: Path | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A table with the lines (column `model`) that only the stored one has, and its manifest.

    Parameters
    ----------
    name, folder
        As for `read`.
    table, about
        The new lines, and where they come from.
    lines
        Every line of the table as it is now, with what defines it as plain JSON. A stored line
        that is no more is dropped.

    Raises
    ------
    StoreError
        Lines would stay that come from another definition, other code, data, epochs, or
        another seed.
    """
    manifest = {**about, "lines": dict(lines)}
    stored = read(name, folder)
    if stored is None:
        return table, manifest
    others = set(lines) - set(table["model"])
    kept = stored.table[stored.table["model"].isin(others)]
    if kept.empty:
        return table, manifest
    differing = _differing(stored.manifest, manifest, [str(line) for line in kept["model"]])
    if differing:
        stay = ", ".join(map(str, kept["model"].unique()))
        raise StoreError(
            f"{_paths(name, folder)[0]}: {stay} would stay, but come from other "
            f"{', '.join(differing)}: write every line"
        )
    commands = dict.fromkeys([*stored.manifest["command"].split(" && "), about["command"]])
    whole = pd.concat([kept, table], ignore_index=True)
    return whole, {**manifest, "command": " && ".join(commands)}


def _differing(old: dict[str, Any], new: dict[str, Any], kept: Sequence[str]) -> list[str]:
    """What the lines that stay do not share with the new ones."""
    differing = [field for field in _SAME if old.get(field) != new[field]]
    scales = [manifest.get("profile", {}) for manifest in (old, new)]
    differing += [
        field
        for field in ("epochs", "n_folds", "subsets_per_size")
        if scales[0].get(field) != scales[1].get(field)
    ]
    definitions = [json.loads(json.dumps(manifest.get("lines", {}))) for manifest in (old, new)]
    if any(definitions[0].get(label) != definitions[1][label] for label in kept):
        differing.append("definition")
    return differing


def write(
    name: str, table: pd.DataFrame, about: dict[str, Any], folder: Path | None = None
) -> Path:
    """Write a table and its manifest; returns the table's path."""
    csv, manifest = _paths(name, folder)
    text = json.dumps({**about, "rows": len(table), **environment()}, indent=2, sort_keys=True)
    write_atomically(csv, lambda path: table.to_csv(path, index=False, float_format="%.6g"))
    write_atomically(manifest, lambda path: path.write_text(text + "\n", encoding="utf-8"))
    return csv


def _paths(name: str, folder: Path | None) -> tuple[Path, Path]:
    folder = folder or default_folder()
    return folder / f"{name}.csv", folder / f"{name}.manifest.json"
