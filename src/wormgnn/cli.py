"""The command `wormgnn`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from wormgnn import __version__
from wormgnn.errors import WormgnnError


class _Group(click.Group):
    """Turns the package's own errors into one clear line and exit status 1."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except WormgnnError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Behaviour and dynamics of C. elegans from whole-brain calcium recordings."""


@main.group()
def data() -> None:
    """Recordings: download, check, simulate."""


@data.command()
@click.argument("names", nargs=-1, metavar="[DATASET]...")
def fetch(names: tuple[str, ...]) -> None:
    """Download datasets (kato and nichols if none is named) with checksums."""
    from wormgnn.sources import registry

    registry.fetch(names or ("kato", "nichols"), progress=sys.stderr.isatty())
    _print_status()


@data.command()
def status() -> None:
    """Show which recordings are here, and whether their checksums are known."""
    _print_status()


def _print_status() -> None:
    from wormgnn.sources import registry

    click.echo(f"folder: {registry.data_folder()}")
    for row in registry.status():
        mark = "present" if row.present else "absent"
        click.echo(f"{row.dataset:12s} {mark:8s} {row.size / 1e6:7.1f} MB  {row.file}  {row.note}")


@data.command()
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--layout", default="kato", help="kato, kato-older, nichols or wormwideweb.")
@click.option("--worms", default=5, show_default=True, help="Number of worms.")
@click.option("--seed", default=0, show_default=True)
def simulate(output: Path, layout: str, worms: int, seed: int) -> None:
    """Write simulated worms in the file layout of a laboratory."""
    from wormgnn.sources.layouts import write
    from wormgnn.sources.simulated import simulate as make

    for path in write(make(n_worms=worms, seed=seed), output, layout):
        click.echo(path)


@main.command()
@click.argument("experiment")
@click.option("--dataset", default="simulated", show_default=True)
@click.option("--profile", default="quick", show_default=True, help="smoke, quick or paper.")
@click.option("--model", "models", multiple=True, help="Only this line; may be repeated.")
@click.option("--seed", default=0, show_default=True)
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--reference", is_flag=True, help="Write the tables into results/, with a manifest.")
def run(
    experiment: str,
    dataset: str,
    profile: str,
    models: tuple[str, ...],
    seed: int,
    device: str,
    reference: bool,
) -> None:
    """Run an EXPERIMENT (table1, figure4a, controls, readings, ...) and print its summary.

    Finished folds are kept in the store: a run that was stopped goes on where it was.
    """
    from wormgnn import experiments, summary
    from wormgnn.profiles import profile_named
    from wormgnn.store import Store

    chosen = experiments.experiment_named(experiment).only(models or None)
    start = time.perf_counter()
    results = experiments.run(chosen, dataset, profile_named(profile), Store(), seed, device)
    click.echo(chosen.title)
    click.echo(summary.accuracies(results.rows).to_string(float_format="{:.3f}".format))
    if reference:
        about = {
            "command": f"wormgnn run {experiment} --dataset {dataset} --profile {profile}"
            f" --seed {seed} --reference",
            "seconds": round(time.perf_counter() - start, 1),
        }
        for path in experiments.write_reference(experiment, results, dataset, profile, seed, about):
            click.echo(path)
