"""Decode recordings in files: read them, refuse early what cannot work, write what was found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from wormgnn.datasets.registry import read as read_any
from wormgnn.decode import Decoded, decode, labels, score, summary
from wormgnn.decoder import plan_named, train_decoder, usable_neurons
from wormgnn.errors import NeuronError, OutputError, StateError
from wormgnn.plots.decoding import decoding
from wormgnn.profiles import Profile
from wormgnn.recording import Recording
from wormgnn.store import Store, write_atomically

SUMMARY = "summary.csv"


@dataclass(frozen=True)
class Settings:
    """How to decode.

    Attributes
    ----------
    n_states
        7, 4 or 2.
    model
        One of `decoder.MODELS`.
    neurons
        `paper` or `shared`; see `decoder.usable_neurons`.
    profile
        How long the decoder trains.
    seed, device
        Of its training.
    score
        Whether to compare with the labels of the recordings.
    """

    n_states: int
    model: str
    neurons: str
    profile: Profile
    seed: int = 0
    device: str = "auto"
    score: bool = False


@dataclass(frozen=True)
class Job:
    """One recording, where it comes from, what to read it by, and the stem of its outputs."""

    file: Path
    recording: Recording
    neurons: tuple[str, ...]
    missing: tuple[str, ...]
    stem: str

    def outputs(self, folder: Path) -> tuple[Path, Path]:
        """Table of states and figure."""
        return folder / f"{self.stem}.states.csv", folder / f"{self.stem}.png"


def jobs(
    files: Sequence[Path], train: Sequence[Recording], settings: Settings, fps: float | None = None
) -> list[Job]:
    """Recordings in files, each checked for what decoding needs.

    `fps`, in frames per second, is for tables that do not tell.

    Raises
    ------
    SourceError, RecordingError
        A file that cannot be read.
    NeuronError
        Too few neurons in common with the training worms.
    StateError
        Nothing to score with, where scores are wanted.
    OutputError
        Two recordings whose outputs would have one name.
    """
    found = [_job(file, r, train, settings) for file in files for r in read_any(file, fps)]
    by_stem: dict[str, Job] = {}
    for job in found:
        other = by_stem.setdefault(job.stem, job)
        if other is not job:
            raise OutputError(
                f"{other.file} and {job.file} would both be written to {job.stem}.states.csv: "
                "rename one, or decode them into two folders"
            )
    return found


def _job(file: Path, recording: Recording, train: Sequence[Recording], settings: Settings) -> Job:
    try:
        used, missing = usable_neurons(train, recording, settings.neurons)
        if settings.score:
            labels(recording, settings.n_states)
    except (NeuronError, StateError) as error:
        raise type(error)(f"{file}: {error}") from error
    name = recording.worm if recording.worm == file.stem else f"{file.stem}.{recording.worm}"
    return Job(file, recording, used, missing, re.sub(r"[^\w.-]+", "_", name))


def check_outputs(found: Sequence[Job], folder: Path) -> None:
    """OutputError naming the outputs that exist already."""
    paths = [path for job in found for path in job.outputs(folder)] + [folder / SUMMARY]
    there = [str(path) for path in paths if path.exists()]
    if there:
        raise OutputError(f"not overwritten without --force: {', '.join(there)}")


def decode_jobs(
    found: Sequence[Job], train: Sequence[Recording], settings: Settings, store: Store
) -> Iterator[tuple[Job, Decoded]]:
    """Decode recordings; those that share a set of neurons share a decoder."""
    plan = plan_named(settings.model, settings.n_states, settings.seed)
    for neurons in dict.fromkeys(job.neurons for job in found):
        decoder = train_decoder(train, neurons, plan, settings.profile, store, settings.device)
        for job in found:
            if job.neurons == neurons:
                yield job, decode(decoder, job.recording)


def write(job: Job, decoded: Decoded, folder: Path) -> None:
    """Write the table of states and the figure of one recording, each whole or not at all."""
    table, picture = job.outputs(folder)
    write_atomically(table, lambda path: decoded.table().to_csv(path, index=False))
    figure = decoding(decoded, Figure(figsize=(9, 5)))
    write_atomically(picture, lambda path: figure.savefig(path))


def line(
    job: Job, decoded: Decoded, train: Sequence[Recording], settings: Settings
) -> dict[str, object]:
    """One line of the summary: see `decode.summary`; further file, missing and trained_on.

    `trained_on` is True for a recording that is itself among the training worms: nothing that
    the line says of it holds for another worm. With scores, also what `decode.score` gives.
    """
    known = {recording.digest for recording in train}
    about = {
        "file": job.file.name,
        **summary(decoded),
        "missing": " ".join(job.missing),
        "trained_on": job.recording.digest in known,
    }
    return about | (score(decoded) if settings.score else {})


def write_summary(lines: Sequence[dict[str, object]], folder: Path) -> Path:
    """Write the summary of all recordings; returns its path."""
    path = folder / SUMMARY
    table = pd.DataFrame(lines)
    write_atomically(path, lambda p: table.to_csv(p, index=False, float_format="%.5f"))
    return path


def for_reading(lines: Sequence[dict[str, object]]) -> str:
    """The summary as text for a terminal: a block for each recording."""
    blocks = []
    for row in lines:
        texts = {name: f"{v:.3f}" if isinstance(v, float) else str(v) for name, v in row.items()}
        blocks.append("\n".join(f"{name:20s} {text or 'none'}" for name, text in texts.items()))
    return "\n\n".join(blocks)
