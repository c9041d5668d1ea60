"""Decode the behavioural states of a laboratory's own files, and tell how far to trust the result.

The decoder is `wormgnn.decoder.BehaviourDecoder`: the trained one of this package, or one's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wormgnn import metrics
from wormgnn.datasets import registry
from wormgnn.decoder import UNSURE, BehaviourDecoder, Trust, as_recording, confusion, labels
from wormgnn.errors import (
    NeuronError,
    OutputError,
    RecordingError,
    SourceError,
    StateError,
    one_line,
)
from wormgnn.files import check_writable, write_atomically
from wormgnn.limits import MIN_FRAMES
from wormgnn.plots.decode import decoding
from wormgnn.recording import Recording
from wormgnn.states import bouts

SUMMARY = "summary.csv"

USUAL_FPS = (0.2, 30.0)
"""Frames per second of whole-brain recordings; others are taken for a wrong unit of time."""


@dataclass(frozen=True)
class Decoded:
    """What a decoder made of a recording, at the recording's own frames.

    Attributes
    ----------
    recording
        As it was given.
    decoder
        Who decoded it.
    trust
        How far to trust it.
    probabilities
        Shape (frames, states).
    """

    recording: Recording
    decoder: BehaviourDecoder
    trust: Trust
    probabilities: NDArray[np.float64]

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Names of the states, in the order of their codes."""
        return tuple(str(name) for name in self.decoder.classes_)

    @cached_property
    def states(self) -> NDArray[np.int64]:
        """Code of the likeliest state, shape (frames,)."""
        return self.probabilities.argmax(axis=1)

    @cached_property
    def unsure(self) -> NDArray[np.bool_]:
        """Whether no state is likelier than `UNSURE`, shape (frames,)."""
        return self.probabilities.max(axis=1) < UNSURE

    def table(self) -> pd.DataFrame:
        """One row for each frame: frame, time_s, state, a p_ for each state, unsure."""
        names = self.vocabulary
        columns = {f"p_{_word(n)}": self.probabilities[:, code] for code, n in enumerate(names)}
        return pd.DataFrame(
            {
                "frame": np.arange(self.recording.n_frames),
                "time_s": self.recording.times,
                "state": [names[code] for code in self.states],
                **columns,
                "unsure": self.unsure,
            }
        )


def _word(state: str) -> str:
    return state.replace(" ", "_")


def decode(recording: object, decoder: BehaviourDecoder | None = None) -> Decoded:
    """States of a recording (or DataFrame, or pynapple `TsdFrame`); its labels play no part.

    By the decoder of two states that comes with this package, unless another one is named.
    """
    decoder = BehaviourDecoder.load() if decoder is None else decoder
    worm = as_recording(recording)
    return Decoded(worm, decoder, decoder.trust(worm), decoder.predict_proba(worm).to_numpy())


def summary(decoded: Decoded) -> dict[str, object]:
    """One line on a decoded recording.

    worm, frames, fps, n_neurons and neurons (used), n_missing, missing (the ten of most weight), a
    fraction of the frames for each state, bouts, unsure (fraction of the frames), decoder,
    resembles (laboratory), distance, limit, expected and lowest (balanced accuracy on unseen
    worms), trained_on, and in_words: see `Trust`.
    """
    recording, trust = decoded.recording, decoded.trust
    share = np.bincount(decoded.states, minlength=len(decoded.vocabulary)) / recording.n_frames
    fractions = zip(decoded.vocabulary, share, strict=True)
    return {
        "worm": recording.worm,
        "frames": recording.n_frames,
        "fps": recording.fps,
        "n_neurons": len(trust.neurons),
        "neurons": " ".join(sorted(trust.neurons)),
        "n_missing": len(trust.missing),
        "missing": " ".join(trust.missing[:10]),
        **{f"fraction_{_word(name)}": float(part) for name, part in fractions},
        "bouts": len(bouts(decoded.states)),
        "unsure": float(decoded.unsure.mean()),
        "decoder": trust.decoder,
        "resembles": trust.laboratory,
        "distance": trust.distance,
        "limit": trust.limit,
        "expected": trust.expected,
        "lowest": trust.lowest,
        "trained_on": trust.trained_on,
        "in_words": trust.sentence(),
    }


def score(decoded: Decoded) -> dict[str, float]:
    """scored_frames, accuracy, balanced_accuracy, macro_f1 and majority over labelled frames."""
    wanted = labels(decoded.recording, decoded.decoder.n_states)
    counts = confusion(wanted, decoded.states, decoded.decoder.n_states)
    values = {name: float(column[0]) for name, column in metrics.scores(counts).items()}
    kept = ("accuracy", "balanced_accuracy", "macro_f1", "majority")
    return {"scored_frames": int(values["n_frames"]), **{name: values[name] for name in kept}}


# --- files ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """One recording, where it comes from, how far to trust a decoder, and the stem of outputs."""

    file: Path
    recording: Recording
    trust: Trust
    stem: str

    def outputs(self, folder: Path) -> tuple[Path, Path]:
        """Table of states and figure."""
        return folder / f"{self.stem}.states.csv", folder / f"{self.stem}.png"


def jobs(
    files: Sequence[Path],
    decoder: BehaviourDecoder,
    fps: float | None = None,
    scored: bool = False,
) -> list[Job]:
    """Recordings in files, each checked for what decoding needs.

    `fps`, in frames per second, is for tables that do not tell; `scored` asks for labels.

    Raises
    ------
    SourceError, RecordingError
        A file that cannot be read; times or a frame rate that cannot be right.
    NeuronError
        Too few of the decoder's neurons.
    StateError
        Nothing to score with, where scores are wanted.
    OutputError
        Two recordings whose outputs would have one name.
    """
    every = [
        _job(file, recording, decoder, scored)
        for file in files
        for recording in registry.read(file, fps)
    ]
    by_stem: dict[str, Job] = {}
    for job in every:
        other = by_stem.setdefault(job.stem, job)
        if other is not job:
            raise OutputError(
                f"{other.file} and {job.file} would both be written to {job.stem}.states.csv: "
                "rename one, or decode them into two folders"
            )
    return every


def _job(file: Path, recording: Recording, decoder: BehaviourDecoder, scored: bool) -> Job:
    try:
        if recording.n_frames < MIN_FRAMES:
            raise RecordingError(
                f"{recording.worm}: expected {MIN_FRAMES} frames or more to decode, "
                f"found {recording.n_frames}"
            )
        if not USUAL_FPS[0] <= recording.fps <= USUAL_FPS[1]:
            raise RecordingError(
                f"{recording.worm}: expected {USUAL_FPS[0]:g} to {USUAL_FPS[1]:g} frames per "
                f"second, found {recording.fps:.3g}: are the times in minutes or milliseconds? "
                "Give them in seconds"
            )
        trust = decoder.trust(recording)
        if scored:
            labels(recording, decoder.n_states)
    except (NeuronError, RecordingError, StateError) as error:
        raise type(error)(f"{file}: {error}") from error
    name = recording.worm if recording.worm == file.stem else f"{file.stem}.{recording.worm}"
    return Job(file, recording, trust, re.sub(r"[^\w.-]+", "_", name))


def check_outputs(every: Sequence[Job], folder: Path, force: bool = False) -> None:
    """OutputError naming the outputs that cannot be written, or exist already without `force`."""
    paths = [path for job in every for path in job.outputs(folder)] + [folder / SUMMARY]
    check_writable(folder, paths)
    there = [str(path) for path in paths if path.exists()]
    if there and not force:
        raise OutputError(f"not overwritten without --force: {', '.join(there)}")


def write(job: Job, decoded: Decoded, folder: Path) -> None:
    """Write the table of states and the figure of one recording, each whole or not at all."""
    table, picture = job.outputs(folder)
    write_atomically(table, lambda path: decoded.table().to_csv(path, index=False))
    figure = decoding(decoded, Figure(figsize=(9, 5)))
    write_atomically(picture, lambda path: figure.savefig(path))


def summary_line(job: Job, decoded: Decoded, scored: bool = False) -> dict[str, object]:
    """One line of the summary: file, `summary`, and, if wanted, what `score` gives."""
    about = {"file": job.file.name, **summary(decoded)}
    return about | (score(decoded) if scored else {})


def write_summary(lines: Sequence[dict[str, object]], folder: Path) -> Path:
    """Write the summary of all recordings; returns its path."""
    path, table = folder / SUMMARY, pd.DataFrame([_harmless(line) for line in lines])
    write_atomically(path, lambda p: table.to_csv(p, index=False, float_format="%.5f"))
    return path


def _harmless(line: dict[str, object]) -> dict[str, object]:
    """The line with a ' before what a spreadsheet takes for a formula; no control characters."""
    texts = {name: one_line(value) for name, value in line.items() if isinstance(value, str)}
    return line | {
        name: f"'{text}" if text[:1] in "=+-@" and text else text for name, text in texts.items()
    }


def for_reading(lines: Sequence[dict[str, object]]) -> str:
    """The summary as text for a terminal: a block for each recording."""
    blocks = []
    for row in lines:
        texts = {name: f"{v:.3f}" if isinstance(v, float) else str(v) for name, v in row.items()}
        blocks.append("\n".join(f"{name:20s} {text or 'none'}" for name, text in texts.items()))
    return "\n\n".join(blocks)


def training_recordings(sources: Sequence[str]) -> list[Recording]:
    """Labelled recordings of datasets by name, or of all files in folders, to train on.

    SourceError for what is neither.
    """
    recordings: list[Recording] = []
    for source in sources:
        if source in registry.DATASETS:
            recordings += registry.load(source)
        else:
            recordings += _of_folder(Path(source))
    return recordings


def _of_folder(folder: Path) -> list[Recording]:
    if not folder.is_dir():
        names = ", ".join(registry.DATASETS)
        raise SourceError(folder, "", f"expected a folder, or one of {names}")
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    if not files:
        raise SourceError(folder, "", "expected recordings in this folder, found no file")
    name = folder.resolve().name
    return [replace(recording, dataset=name) for file in files for recording in registry.read(file)]
