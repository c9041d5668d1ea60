"""The command `wormgnn`."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import click

from wormgnn import __version__
from wormgnn.errors import WormgnnError, one_line

SEEDS = click.IntRange(0, 2**31 - 1)
PATH = click.Path(path_type=Path)

_force = click.option("--force", is_flag=True, help="Overwrite outputs that exist.")
_states = click.option("--states", default=2, show_default=True, help="7, 4 or 2.")


class _Group(click.Group):
    """Turns the package's own errors into one line and exit status 1, and warnings into one."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show
                return super().invoke(ctx)
        except WormgnnError as error:
            raise click.ClickException(str(error)) from error


def _show(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"Warning: {one_line(str(message))}", err=True)


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
@click.argument("output", type=click.Path(path_type=Path))
@click.option(
    "--worms", default=5, type=click.IntRange(1, 1000), show_default=True, help="Number of worms."
)
@click.option("--seed", default=0, type=SEEDS, show_default=True)
@_force
def simulate(output: Path, worms: int, seed: int, force: bool) -> None:
    """Write simulated worms into OUTPUT, in the layout that its ending stands for.

    .mat is Kato's layout, .json WormWideWeb's, .csv and .npz are tables. But for .mat, each of
    several worms has a file of its own, whose name begins as OUTPUT does.
    """
    from wormgnn.datasets import layouts
    from wormgnn.datasets.simulated import simulate as make
    from wormgnn.files import check_absent, check_writable

    recordings = make(n_worms=worms, seed=seed)
    targets = layouts.targets(recordings, output)
    check_writable(output.parent, targets)
    check_absent(targets, force)
    for path in layouts.write(recordings, output):
        click.echo(path)


@main.command()
@click.argument("name", required=False)
@click.option("--list", "listing", is_flag=True, help="Show every experiment, its scale and cost.")
@click.option("--line", "lines", multiple=True, help="Only this line or model; may be repeated.")
@click.option(
    "--dataset",
    help="Worms that train: a dataset, or a folder of labelled recordings; those of the reference "
    "if left out.",
)
@click.option("--profile", help="smoke, quick, reduced or paper; the reference's if left out.")
@click.option("--folds", type=int, help="Only so many of the profile's folds.")
@click.option("--seed", default=0, type=SEEDS, show_default=True)
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Folds side by side; $WORMGNN_JOBS, else one for each core, if left out.",
)
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
    jobs: int | None,
    reference: bool,
) -> None:
    """Run the experiment NAME (table1, figure4a, transfer, ...) and print its summary.

    Finished folds are kept in the store: a run that was stopped goes on where it was. Dataset and
    scale are those of the reference in results/ unless told otherwise; `--profile quick` takes
    minutes.
    """
    from wormgnn.datasets.registry import DATASETS
    from wormgnn.errors import chosen
    from wormgnn.files import check_writable
    from wormgnn.paper import experiments
    from wormgnn.paper import reference as references
    from wormgnn.results import default_folder

    if listing or name is None:
        click.echo(references.listing().to_string(index=False))
        return
    experiment = experiments.experiment_named(name).only(lines or None)
    if reference:
        if dataset:
            chosen("dataset of reference tables", dataset, DATASETS)
        check_writable(default_folder())
    table = references.run_at(experiment, dataset, profile, folds, seed, device, jobs)
    click.echo(experiment.title)
    click.echo(references.summary(table).to_string(index=False, float_format="{:.3f}".format))
    if reference:
        for path in references.write(table):
            click.echo(path)


@main.command("decode")
@click.argument("files", nargs=-1, required=True, type=PATH)
@click.option(
    "--weights",
    type=PATH,
    help="A decoder that `wormgnn train` wrote; that of this package if left out.",
)
@_states
@click.option(
    "--like",
    default="",
    help="Decode like a worm of this laboratory (kato: it could not move), or `general`; the "
    "recording itself decides if left out.",
)
@click.option("--fps", type=float, help="Frames per second of tables that do not tell.")
@click.option("--score", is_flag=True, help="Compare with the labels in the files.")
@click.option(
    "--formats",
    default="csv,json,html",
    show_default=True,
    help="What to write for each recording, with commas between.",
)
@click.option(
    "-o",
    "--output",
    type=PATH,
    default="decoded",
    show_default=True,
    help="Folder for what is written.",
)
@_force
def decode_command(
    files: tuple[Path, ...],
    weights: Path | None,
    states: int,
    like: str,
    fps: float | None,
    score: bool,
    formats: str,
    output: Path,
    force: bool,
) -> None:
    """Decode the behaviour of the recordings in FILES.

    A file is MATLAB v7.3 as published by Kato or Nichols, NWB, WormWideWeb JSON, a CSV table (a row
    for each frame, a column for each neuron, optional columns time_s and state), or the same as
    NPZ. The HDF5 of Dag's laboratory (UID-data.h5) is read too, but names no neurons, so that it
    cannot be decoded. Written for each worm: a table of states with probabilities (csv), the same
    with all that is known of it (json), and a page to look at, which needs no network (html); for
    all of them summary.csv, and index.html if they are several pages. All say how far to trust
    them.
    """
    from tqdm import tqdm

    from wormgnn import decoding, report
    from wormgnn.decoder import BehaviourDecoder
    from wormgnn.plots.style import use_style

    wanted = report.parse_formats(formats)
    decoder = BehaviourDecoder.load(weights, states).set_params(like=like)
    jobs = decoding.jobs(files, decoder, fps, score)
    report.check_outputs(jobs, output, wanted, force)
    use_style()
    results = [
        report.write(job, decoding.decode(job.recording, decoder), output, wanted, score)
        for job in tqdm(jobs, desc="decoding", unit="worm", delay=1, disable=None, leave=False)
    ]
    overview = report.write_overview(results, output, wanted)
    click.echo(report.for_reading(results) + "\n")
    for path in overview:
        click.echo(path)


@main.command()
@click.option(
    "--on",
    "sources",
    default="kato",
    show_default=True,
    metavar="NAME,...",
    help="Datasets or folders of labelled recordings, with commas between.",
)
@_states
@click.option("-o", "--output", required=True, type=PATH, help="File for the decoder (.npz).")
@_force
def train(sources: str, states: int, output: Path, force: bool) -> None:
    """Train a decoder on labelled recordings, for `wormgnn decode --weights`.

    Each dataset or folder counts as one laboratory: worms of one that a recording resembles
    help it most.
    """
    from wormgnn.datasets import registry
    from wormgnn.decoder import BehaviourDecoder
    from wormgnn.errors import OutputError, TrainingError
    from wormgnn.files import check_absent, check_writable
    from wormgnn.states import vocabulary

    if output.suffix != ".npz":
        found = output.suffix or "no ending"
        raise OutputError(f"{output}: expected a name that ends in .npz, found {found}")
    vocabulary(states)  # asked before long work
    check_absent([output], force)
    recordings = [worm for name in sources.split(",") if name for worm in registry.load(name)]
    if not recordings:
        known = ", ".join(registry.DATASETS)
        raise TrainingError(f"--on: expected folders, or some of {known}, found none")
    check_writable(output.parent, [output])
    click.echo(f"training on {len(recordings)} recordings, each left out in turn", err=True)
    decoder = BehaviourDecoder(states).fit(recordings)
    decoder.save(output)
    click.echo(output)
    columns = ["laboratory", "worm", "decoder", "n_neurons", "balanced_accuracy"]
    rows = decoder.left_out_.groupby(["laboratory", "worm", "decoder"], sort=False).head(1)
    click.echo(rows[columns].to_string(index=False, float_format="{:.3f}".format))
