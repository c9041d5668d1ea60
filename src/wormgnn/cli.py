"""The command `wormgnn`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wormgnn import __version__
from wormgnn.errors import ChoiceError, WormgnnError

if TYPE_CHECKING:
    from wormgnn.profiles import Profile


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
    "--worms", default=5, type=click.IntRange(min=1), show_default=True, help="Number of worms."
)
@click.option("--seed", default=0, show_default=True)
def simulate(output: Path, layout: str, worms: int, seed: int) -> None:
    """Write simulated worms in the file layout of a laboratory."""
    from wormgnn.datasets.layouts import write
    from wormgnn.datasets.simulated import simulate as make

    for path in write(make(n_worms=worms, seed=seed), output, layout):
        click.echo(path)


@main.command()
@click.argument("experiment")
@click.option("--dataset", default="simulated", show_default=True)
@click.option(
    "--profile", default="quick", show_default=True, help="smoke, quick, reduced or paper."
)
@click.option("--model", "models", multiple=True, help="Only this line; may be repeated.")
@click.option("--folds", type=int, help="Only so many of the profile's folds.")
@click.option("--seed", default=0, show_default=True)
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--reference", is_flag=True, help="Write the lines into the tables in results/.")
def run(
    experiment: str,
    dataset: str,
    profile: str,
    models: tuple[str, ...],
    folds: int | None,
    seed: int,
    device: str,
    reference: bool,
) -> None:
    """Run an EXPERIMENT (table1, figure4a, controls, transfer, figure4c, ...); print its summary.

    Finished folds are kept in the store: a run that was stopped goes on where it was.
    """
    from wormgnn import experiments, summary
    from wormgnn.forecast_experiments import FORECASTS
    from wormgnn.profiles import profile_named
    from wormgnn.store import Store

    if reference and models and experiment == "transfer":
        raise click.UsageError("--reference holds every line: leave --model out")
    scale = profile_named(profile).with_folds(folds)
    if experiment == "transfer":
        return _transfer(dataset, scale, models, seed, device, reference)
    if experiment in FORECASTS:
        return _forecast(experiment, dataset, scale, models, seed, device, reference)
    if experiment not in experiments.EXPERIMENTS:
        raise ChoiceError(
            "experiment", experiment, [*experiments.EXPERIMENTS, "transfer", *FORECASTS]
        )
    chosen = experiments.EXPERIMENTS[experiment].only(models or None)
    results = experiments.run(chosen, dataset, scale, Store(), seed, device)
    click.echo(chosen.title)
    click.echo(summary.accuracies(results.rows).to_string(float_format="{:.3f}".format))
    if reference:
        for path in experiments.write_reference(
            experiment, results, dataset, scale, seed, _as_typed()
        ):
            click.echo(path)


def _as_typed() -> str:
    """The command line, so that it can be pasted."""
    return shlex.join(["wormgnn", *sys.argv[1:]])


def _transfer(
    dataset: str,
    profile: Profile,
    models: tuple[str, ...],
    seed: int,
    device: str,
    reference: bool,
) -> None:
    """Evaluate another laboratory's animals: real ones for real worms, simulated for simulated."""
    from wormgnn import transfer
    from wormgnn.datasets.registry import load
    from wormgnn.datasets.registry import other_lab as another_lab
    from wormgnn.store import Store
    from wormgnn.transfer_tables import per_animal

    train, animals = load(dataset), another_lab(dataset)
    chosen = transfer.plans(models, seed)
    found = transfer.everything(train, animals, chosen, profile, Store(), device)
    click.echo(per_animal(found).to_string(index=False, float_format="{:.3f}".format))
    if reference:
        click.echo(transfer.write_reference(found, train, animals, profile, seed, _as_typed()))


def _forecast(
    name: str,
    dataset: str,
    profile: Profile,
    models: tuple[str, ...],
    seed: int,
    device: str,
    reference: bool,
) -> None:
    """Predict trajectories of unseen worms; error and skill against persistence."""
    from wormgnn import forecast_experiments
    from wormgnn.forecast_tables import at_steps, skill
    from wormgnn.store import Store

    experiment = forecast_experiments.FORECASTS[name].only(models)
    found = forecast_experiments.run(experiment, dataset, profile, Store(), seed, device)
    click.echo(f"{experiment.title}: MSE in 1e-4, skill in percent, by frames ahead")
    click.echo(at_steps(skill(found.rows)).to_string())
    if reference:
        click.echo(
            forecast_experiments.write_reference(name, found, dataset, profile, seed, _as_typed())
        )


@main.command("decode")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--train", default="kato", show_default=True, help="Dataset to learn from.")
@click.option("--states", default=2, show_default=True, help="7, 4 or 2.")
@click.option("--model", default=None, help="mlp or gnn; the default is what decoder.py says.")
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
@click.option("--seed", default=0, show_default=True)
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
    from wormgnn import decode_files
    from wormgnn.datasets.registry import load
    from wormgnn.decoder import MODEL
    from wormgnn.plots.style import use_style
    from wormgnn.profiles import profile_named
    from wormgnn.store import Store

    scale = profile_named(profile)
    settings = decode_files.Settings(states, model or MODEL, neurons, scale, seed, device, score)
    worms = load(train)
    found = decode_files.jobs(files, worms, settings, fps)
    if not force:
        decode_files.check_outputs(found, output)
    use_style()
    lines = []
    for job, decoded in decode_files.decode_jobs(found, worms, settings, Store()):
        decode_files.write(job, decoded, output)
        lines.append(decode_files.line(job, decoded, worms, settings))
        click.echo(job.outputs(output)[0])
    click.echo(decode_files.write_summary(lines, output))
    click.echo(decode_files.for_reading(lines))
