"""Reference results: small tables, computed on real worms at the paper's scale, with a manifest."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from wormgnn.errors import StoreError
from wormgnn.store import environment, write_atomically


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


def write(
    name: str, table: pd.DataFrame, about: dict[str, Any], folder: Path | None = None
) -> Path:
    """Write a table and its manifest; returns the table's path."""
    csv, manifest = _paths(name, folder)
    text = json.dumps({**about, "rows": len(table), **environment()}, indent=2, sort_keys=True)
    write_atomically(csv, lambda path: table.to_csv(path, index=False, float_format="%.5f"))
    write_atomically(manifest, lambda path: path.write_text(text + "\n", encoding="utf-8"))
    return csv


def _paths(name: str, folder: Path | None) -> tuple[Path, Path]:
    folder = folder or default_folder()
    return folder / f"{name}.csv", folder / f"{name}.manifest.json"
