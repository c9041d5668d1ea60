"""The command `wormgnn`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wormgnn import __version__
from wormgnn.errors import WormgnnError

SEEDS = click.IntRange(0, 2**31 - 1)


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
    from wormgnn.datasets import registry

    registry.fetch(names or ("kato", "nichols"), progress=sys.stderr.isatty())
    _print_status()


@data.command()
def status() -> None:
    """Show which recordings are here, and whether their checksums are known."""
    _print_status()


def _print_status() -> None:
    from wormgnn.datasets import registry

    click.echo(f"folder: {registry.data_folder()}")
    for row in registry.status():
        mark = "present" if row.present else "absent"
        click.echo(f"{row.dataset:12s} {mark:8s} {row.size / 1e6:7.1f} MB  {row.file}  {row.note}")


@data.command()
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--layout", default="kato", show_default=True, help="kato, kato-older, nichols or wormwideweb."
)
@click.option(
    "--worms", default=5, type=click.IntRange(1, 1000), show_default=True, help="Number of worms."
)
@click.option("--seed", default=0, type=SEEDS, show_default=True)
def simulate(output: Path, layout: str, worms: int, seed: int) -> None:
    """Write simulated worms in the file layout of a laboratory."""
    from wormgnn.datasets.layouts import write
    from wormgnn.datasets.simulated import simulate as make

    for path in write(make(n_worms=worms, seed=seed), output, layout):
        click.echo(path)


@main.command()
@click.argument("name", required=False)
@click.option("--list", "listing", is_flag=True, help="Show every experiment, its scale and cost.")
@click.option("--line", "lines", multiple=True, help="Only this line or model; may be repeated.")
@click.option("--dataset", help="Worms that train; those of the reference if left out.")
@click.option("--profile", help="smoke, quick, reduced or paper; the reference's if left out.")
@click.option("--folds", type=int, help="Only so many of the profile's folds.")
@click.option("--seed", default=0, type=SEEDS, show_default=True)
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--reference", is_flag=True, help="Write the tables into results/.")
def run(
    name: str | None,
    listing: bool,
    lines: tuple[str, ...],
    dataset: str | None,
    profile: str | None,
    folds: int | None,
    seed: int,
    device: str,
    reference: bool,
) -> None:
    """Run the experiment NAME (table1, figure4a, transfer, ...) and print its summary.

    Finished folds are kept in the store: a run that was stopped goes on where it was. Dataset and
    scale are those of the reference in results/ unless told otherwise; `--profile quick` takes
    minutes.
    """
    from wormgnn.files import check_writable
    from wormgnn.paper import experiments
    from wormgnn.paper import reference as references
    from wormgnn.results import default_folder

    if listing or name is None:
        click.echo(references.listing().to_string(index=False))
        return
    experiment = experiments.experiment_named(name).only(lines or None)
    if reference:
        check_writable(default_folder())
    table = references.run_at(experiment, dataset, profile, folds, seed, device)
    click.echo(experiment.title)
    click.echo(references.summary(table).to_string(index=False, float_format="{:.3f}".format))
    if reference:
        for path in references.write(table):
            click.echo(path)


@main.command("decode")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--train", default="kato", show_default=True, help="Dataset to learn from.")
@click.option("--states", default=2, show_default=True, help="7, 4 or 2.")
@click.option("--model", default=None, help="mlp or gnn; the default is what decode.py says.")
@click.option("--neurons", default="paper", show_default=True, help="paper (its 15) or shared.")
@click.option("--profile", default="quick", show_default=True, help="smoke, quick or paper.")
@click.option("--fps", type=float, help="Frames per second of tables that do not tell.")
@click.option("--score", is_flag=True, help="Compare with the labels in the files.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default="decoded",
    show_default=True,
)
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@click.option("--seed", default=0, type=SEEDS, show_default=True)
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
def decode_command(
    files: tuple[Path, ...],
    train: str,
    states: int,
    model: str | None,
    neurons: str,
    profile: str,
    fps: float | None,
    score: bool,
    output: Path,
    force: bool,
    seed: int,
    device: str,
) -> None:
    """Decode the behaviour of recordings in FILES with networks trained on a dataset.

    A file is MATLAB v7.3 as published by Kato or Nichols, WormWideWeb JSON, a CSV table (a row
    for each frame, a column for each neuron, optional columns time_s and state), or the same as
    NPZ. Written for each worm: a table of states with probabilities, and a figure; and a summary
    of all. The first use trains a decoder and keeps it.
    """
    from wormgnn import decoding as decode
    from wormgnn.datasets.registry import load
    from wormgnn.plan import profile_named
    from wormgnn.plots.style import use_style
    from wormgnn.store import Store

    scale = profile_named(profile)
    settings = decode.Settings(states, model or decode.MODEL, neurons, scale, seed, device, score)
    worms = load(train)
    every = decode.jobs(files, worms, settings, fps)
    decode.check_outputs(every, output, force)
    use_style()
    lines = []
    for job, decoded in decode.decode_jobs(every, worms, settings, Store()):
        decode.write(job, decoded, output)
        lines.append(decode.summary_line(job, decoded, worms, settings))
        click.echo(job.outputs(output)[0])
    click.echo(decode.write_summary(lines, output))
    click.echo(decode.for_reading(lines))
