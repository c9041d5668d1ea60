"""Reference tables of the hypothesis: `python -m wormgnn.mixing.reference`.

Writes `mixing.simulated` (the dial), `mixing_edges.simulated` (what the messages keep),
`mixing_calibration.<dataset>` (simulated worms as many, as long and as fast as the dataset's)
and `mixing_placement.<dataset>` (where these worms sit), and `mixing_checks.simulated` (second
ways to ask) into results/, each as soon as it is there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
import pandas as pd

from wormgnn import reference
from wormgnn.datasets.registry import load
from wormgnn.datasets.simulated import MIXINGS
from wormgnn.mixing import checks, dial, edges
from wormgnn.mixing.calibration import PHYSICS, calibrate, placements
from wormgnn.mixing.placement import STATISTICS, describe, measure
from wormgnn.profiles import Profile, profile_named
from wormgnn.protocol import code_of
from wormgnn.recording import Recording
from wormgnn.store import Store

PLACES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
TRAINED_PLACES = (0.0, 0.1, 0.2, 0.35, 0.6)
"""Of the calibration: of statistics that train nothing, and of those that train a classifier."""

TRAINED = ("default",)
"""Physics with which the statistics that need a classifier are calibrated too."""

OWN_CODE = (
    *code_of(["svm", "mlp", "gnn"]),
    "wormgnn.readings",
    *(f"wormgnn.datasets.{name}" for name in ("simulated",)),
    *(f"wormgnn.mixing.{name}" for name in ("dial", "edges", "checks", "placement", "calibration")),
)
"""Modules named in the manifests; no key of the store is made of this."""


def calibration(like: Sequence[Recording], profile: Profile, store: Store) -> pd.DataFrame:
    """All statistics on simulated worms; those that train nothing at more places and seeds."""
    quick = [name for name, statistic in STATISTICS.items() if not statistic.trains]
    slow = [name for name in STATISTICS if name not in quick]
    chosen = {name: PHYSICS[name] for name in TRAINED}
    return pd.concat(
        [
            calibrate(like, profile, store, PLACES, range(8), quick),
            calibrate(like, profile, store, TRAINED_PLACES, range(4), slow, chosen),
        ],
        ignore_index=True,
    )


def measured(worms: Sequence[Recording], profile: Profile, store: Store) -> pd.DataFrame:
    """Every statistic of some worms, also without each of them."""
    return pd.concat(
        [measure(worms, name, profile, store, each=True) for name in STATISTICS],
        ignore_index=True,
    )


@click.command()
@click.option("--dataset", default="kato", show_default=True, help="worms to place on the dial")
@click.option("--profile", default="reduced", show_default=True)
@click.option("--folds", default=1, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--worm-seeds", default=2, show_default=True, help="sets of five worms on the dial")
def main(dataset: str, profile: str, folds: int, seed: int, worm_seeds: int) -> None:
    """Compute the five tables and write them into results/."""
    scale, store = profile_named(profile).with_folds(folds), Store()
    command = " ".join(["python -m wormgnn.mixing.reference", *sys.argv[1:]])
    made = reference.about(
        command, "simulated", [], seed, OWN_CODE, scale, dial=list(dial.DIAL), sets=worm_seeds
    )
    settings = dial.grid(MIXINGS, dial.DIAL, range(worm_seeds))
    rows = dial.run(settings, {**dial.MODELS, **dial.ORACLES}, scale, store, seed)
    click.echo(reference.write("mixing.simulated", rows, made))
    kept = edges.legible(settings, scale, store, seed)
    click.echo(reference.write("mixing_edges.simulated", kept, made))
    _place(dataset, command, scale, store, seed)
    click.echo(reference.write("mixing_checks.simulated", checks.run_all(store, seed), made))


def _place(dataset: str, command: str, scale: Profile, store: Store, seed: int) -> None:
    """Write the calibration and where a dataset's worms sit."""
    worms = load(dataset)
    about = reference.about(command, dataset, worms, seed, OWN_CODE, scale)
    curves = calibration(worms, scale, store)
    click.echo(reference.write(f"mixing_calibration.{dataset}", curves, about))
    placed = placements(curves, measured(worms, scale, store))
    table = pd.concat([placed, describe(worms)], ignore_index=True)
    click.echo(reference.write(f"mixing_placement.{dataset}", table, about))


if __name__ == "__main__":
    main()
