"""Reference tables of this package: `python -m wormgnn.claims.reference`.

Writes `recordings` (facts of the worms) and `compute` (seconds that folds of the paper's
classification experiments took, as the store's manifests tell) into results/.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

from wormgnn import reference
from wormgnn.claims.facts import facts
from wormgnn.datasets.registry import load
from wormgnn.experiment_lines import EXPERIMENTS
from wormgnn.profiles import profile_named
from wormgnn.recording import Recording
from wormgnn.store import Store

CODE = (
    "wormgnn.recording",
    "wormgnn.features",
    "wormgnn.states",
    "wormgnn.statistics",
    "wormgnn.individuality",
    "wormgnn.claims.facts",
)
_COLUMNS = ("model", "fold", "networks", "seconds", "processor", "written")


def compute(store: Store, recordings: list[Recording]) -> pd.DataFrame:
    """Seconds of every stored fold of Table 1 and Figure 4A, at the scale of the paper.

    Columns model (label), fold, networks, seconds, processor (`CPU`, or what torch was
    built for) and written. Of folds that were computed more than once, the last.
    """
    plans = {
        _text({**dataclasses.asdict(run.plan), "options": dict(run.plan.options)}): run.label
        for name in ("table1", "figure4a")
        for run in EXPERIMENTS[name].runs
    }
    data = [[worm.worm, worm.digest] for worm in recordings]
    rows = [_row(manifest, plans, data) for manifest in _manifests(store.folder)]
    table = pd.DataFrame([row for row in rows if row], columns=list(_COLUMNS))
    last = table.sort_values("written").drop_duplicates(["model", "fold"], keep="last")
    return last.sort_values(["model", "fold"], ignore_index=True)


def _manifests(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*/*.npz")):
        with np.load(path, allow_pickle=False) as stored:
            yield json.loads(str(stored["manifest"]))


def _row(
    manifest: dict[str, Any], plans: dict[str, str], data: list[list[str]]
) -> dict[str, object] | None:
    """A row of `compute`, or None for anything else that the store holds."""
    inputs = manifest["inputs"]
    label = plans.get(_text(inputs.get("plan")))
    paper = profile_named("paper")
    if label is None or inputs["data"] != data or inputs["epochs"] != paper.epochs:
        return None
    whole = len(inputs["subsets"]) == 2 ** len(data) - 1 and len(inputs["neurons"]) == 15
    if not whole:
        return None
    return {
        "model": label,
        "fold": inputs["fold"],
        "networks": len(inputs["subsets"]),
        "seconds": manifest["seconds"],
        "processor": manifest["packages"]["torch"].partition("+")[2].upper() or "unknown",
        "written": manifest["written"],
    }


def _text(plan: object) -> str:
    return json.dumps(plan, sort_keys=True)


@click.command()
@click.option("--dataset", default="kato", show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(dataset: str, seed: int) -> None:
    """Write the two tables into results/."""
    recordings = load(dataset)
    command = " ".join(["python -m wormgnn.claims.reference", *sys.argv[1:]])
    about = reference.about(command, dataset, recordings, seed, CODE)
    click.echo(reference.write(f"recordings.{dataset}", facts(recordings, seed=seed), about))
    about["note"] = "As the manifests in the store tell; folds ran beside other jobs."
    click.echo(reference.write(f"compute.{dataset}", compute(Store(), recordings), about))


if __name__ == "__main__":
    main()
