"""Decode the behavioural states of a lab's own recordings, and tell how far to trust the result.

A decoder is an ensemble trained on all worms of a dataset, one network for each fold; for each
training worm the networks that were not trained on it tell what to expect of a worm that nobody has
labelled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import nn

from wormgnn import metrics
from wormgnn.datasets import registry
from wormgnn.errors import NeuronError, OutputError, RecordingError, StateError, chosen, one_line
from wormgnn.features import features
from wormgnn.files import check_writable, write_atomically
from wormgnn.limits import MIN_FRAMES
from wormgnn.models.ensemble import load_flat_state
from wormgnn.plan import Experiment, Line, Plan, Profile
from wormgnn.plots.decode import decoding
from wormgnn.recording import NO_STATE, PAPER_NEURONS, Recording, at_one_rate, shared_neurons
from wormgnn.runner import run
from wormgnn.states import bouts, merge, vocabulary
from wormgnn.store import Store
from wormgnn.tasks.frames import Worm
from wormgnn.tasks.readers import network

MODEL = "mlp"
"""Decoder unless told otherwise: the better one on worms left out of training (Kato's five)."""

DECODERS = {
    "mlp": Plan("mlp", options={"norm": "none"}),
    "gnn": Plan("gnn", options={"edges": "after", "norm": "none", "encoder_norm": "last"}),
}
"""Decoders by name. An SVM is not among them: it gives no probabilities."""

READABLE = ("paper", "shared")
"""Which of the training worms' neurons a decoder may read; see `usable_neurons`."""

MIN_NEURONS = 3
"""Fewest neurons that a recording must have in common with the training worms."""

MIN_MEMBERS = 5
"""Fewest networks that decide together: a profile with fewer folds runs so many."""

SUMMARY = "summary.csv"


@dataclass(frozen=True)
class Decoder:
    """An ensemble that was trained on all worms of a dataset.

    Attributes
    ----------
    plan
        Model, number of states, scaling.
    neurons
        Names of the neurons it reads.
    fps
        Frames per second at which it reads them.
    model
        The networks, with a leading member axis.
    members
        Their number.
    left_out
        Scores on each training worm of networks that were not trained on it, one row for
        each fold and worm.
    """

    plan: Plan
    neurons: tuple[str, ...]
    fps: float
    model: nn.Module
    members: int
    left_out: pd.DataFrame

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states, in the order of their codes."""
        return vocabulary(self.plan.n_states)


def decoder_plan(model: str, n_states: int, seed: int = 0) -> Plan:
    """The plan of a decoder by its name; ChoiceError for an unknown model or number of states."""
    vocabulary(n_states)
    return replace(chosen("model", model, DECODERS), n_states=n_states, seed=seed)


def usable_neurons(
    train: Sequence[Recording], recording: Recording, neurons: str = "paper"
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names by which a recording can be decoded, and those of the training worms that it lacks.

    `neurons` is `paper`, the paper's among those that all training worms share, or `shared`,
    all that they share. NeuronError if fewer than `MIN_NEURONS` can be used.
    """
    chosen("set of neurons", neurons, dict.fromkeys(READABLE))
    wanted = shared_neurons(train)
    if neurons == "paper":
        wanted = tuple(name for name in wanted if name in PAPER_NEURONS)
    used = tuple(name for name in wanted if name in recording.identified)
    if len(used) < MIN_NEURONS:
        raise NeuronError(
            f"{recording.worm}: expected {MIN_NEURONS} or more of the neurons "
            f"{', '.join(wanted)}; found {', '.join(used) or 'none'} among the "
            f"{len(recording.identified)} that are named there"
        )
    return used, tuple(name for name in wanted if name not in used)


def train_decoder(
    train: Sequence[Recording],
    neurons: Sequence[str],
    plan: Plan,
    profile: Profile,
    store: Store,
    device: str = "auto",
) -> Decoder:
    """Train a decoder, or take it from the store.

    All worms are brought to the lowest frame rate among them. Features are derivatives per
    second and their filter is in seconds, so a recording of another rate can be read too.
    """
    (worms,) = at_one_rate(train)
    plan = replace(plan, sizes=(len(worms) - 1, len(worms)))
    wanted = range(min(MIN_MEMBERS, profile.n_folds))
    profile = replace(profile, folds=tuple(sorted({*profile.folds, *wanted})))
    line = Line("decoder", plan, neurons=tuple(neurons))
    experiment = Experiment("decoder", "A decoder of behavioural states", (line,))
    table = run(experiment, worms, profile, store, plan.seed, device)
    folds = [table.arrays("decoder", fold) for fold in profile.folds]
    names = [name for name in folds[0] if name in ("parameters", "statistics")]
    # The subset of all worms is the only one of its size, and the last.
    state = {name: np.concatenate([arrays[name][-1:] for arrays in folds]) for name in names}
    model = network(plan, len(folds), neurons, plan.seed)
    load_flat_state(model, state)
    unseen = table.rows[~table.rows["seen"] & (table.rows["n_train"] == len(worms) - 1)]
    left_out = unseen.reset_index(drop=True)
    return Decoder(plan, tuple(neurons), worms[0].fps, model, len(folds), left_out)


@dataclass(frozen=True)
class Decoded:
    """What a decoder made of a recording, at the recording's own frames.

    Attributes
    ----------
    recording
        As it was given.
    decoder
        Who decoded it.
    probabilities
        Mean over members, shape (frames, states).
    states
        Code of the likeliest state, shape (frames,).
    agreement
        Share of the members that name this state on their own, shape (frames,).
    """

    recording: Recording
    decoder: Decoder
    probabilities: NDArray[np.float64]
    states: NDArray[np.int64]
    agreement: NDArray[np.float64]

    def table(self) -> pd.DataFrame:
        """One row for each frame: frame, time_s, state, a p_ for each state, agreement."""
        names = self.decoder.states
        columns = {f"p_{_word(n)}": self.probabilities[:, code] for code, n in enumerate(names)}
        return pd.DataFrame(
            {
                "frame": np.arange(self.recording.n_frames),
                "time_s": self.recording.times,
                "state": [names[code] for code in self.states],
                **columns,
                "agreement": self.agreement,
            }
        )


def _word(state: str) -> str:
    return state.replace(" ", "_")


@torch.no_grad()
def decode(decoder: Decoder, recording: Recording) -> Decoded:
    """States of a recording by a decoder; the recording's own labels play no part.

    Traces are brought to the decoder's frame rate, and each member's probabilities back to
    the recording's own frame times, linearly.
    """
    unlabelled = _as_seen(recording, decoder.neurons, decoder.fps)
    plan = decoder.plan
    x = torch.from_numpy(features(unlabelled, decoder.neurons, plan.n_states, plan.scaling).x)
    nothing = torch.zeros(x.shape[-1], dtype=torch.long)  # every frame counts, with any label
    worm = Worm(recording.worm, x, nothing, nothing, plan.edge_frames)
    inputs = worm.batch(range(decoder.members), None).inputs
    members = decoder.model(*inputs).softmax(dim=1).numpy().astype(np.float64)
    own = np.array(
        [[np.interp(recording.times, unlabelled.times, p) for p in member] for member in members]
    )
    probabilities = own.mean(axis=0).T
    states = probabilities.argmax(axis=1)
    agreement = (own.argmax(axis=1) == states).mean(axis=0)
    return Decoded(recording, decoder, probabilities, states, agreement)


def _as_seen(recording: Recording, neurons: Sequence[str], fps: float) -> Recording:
    """A recording as a decoder sees it: some neurons, at its frame rate, without labels."""
    unlabelled = np.full(recording.n_frames, NO_STATE, dtype=np.int64)
    return replace(recording.select(neurons), states=unlabelled, vocabulary=()).resample(fps)


def summary(decoded: Decoded) -> dict[str, object]:
    """One line on a decoded recording.

    worm, frames, fps, neurons (used), a fraction of the frames for each state, bouts,
    mean_probability (of the state that was named), agreement, and left_out_accuracy and
    left_out_sd: on training worms that were left out of training, by these very neurons. A worm of
    another laboratory can do much worse.
    """
    recording, decoder = decoded.recording, decoded.decoder
    share = np.bincount(decoded.states, minlength=len(decoder.states)) / recording.n_frames
    left_out = decoder.left_out["accuracy"]
    return {
        "worm": recording.worm,
        "frames": recording.n_frames,
        "fps": recording.fps,
        "n_neurons": len(decoder.neurons),
        "neurons": " ".join(decoder.neurons),
        **{f"fraction_{_word(n)}": s for n, s in zip(decoder.states, share, strict=True)},
        "bouts": len(bouts(decoded.states)),
        "mean_probability": decoded.probabilities.max(axis=1).mean(),
        "agreement": decoded.agreement.mean(),
        "left_out_accuracy": left_out.mean(),
        "left_out_sd": left_out.std(),
    }


def labels(recording: Recording, n_states: int) -> NDArray[np.int64]:
    """The recording's own labels in a vocabulary; StateError if it has none there."""
    codes = merge(recording, n_states)
    if (codes == NO_STATE).all():
        wanted, own = " or ".join(vocabulary(n_states)), ", ".join(recording.vocabulary)
        raise StateError(
            f"{recording.worm}: field 'states': expected frames labelled {wanted} to score with, "
            f"found {own or 'no labels'}"
        )
    return codes


def score(decoded: Decoded) -> dict[str, float]:
    """scored_frames, accuracy, balanced_accuracy, macro_f1 and majority over labelled frames."""
    n_states = decoded.decoder.plan.n_states
    wanted = labels(decoded.recording, n_states)
    known = wanted != NO_STATE
    counts = np.zeros((1, n_states, n_states), dtype=np.int64)
    np.add.at(counts[0], (wanted[known], decoded.states[known]), 1)
    values = {name: float(column[0]) for name, column in metrics.scores(counts).items()}
    kept = ("accuracy", "balanced_accuracy", "macro_f1", "majority")
    return {"scored_frames": int(values["n_frames"]), **{name: values[name] for name in kept}}


# --- files ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """How to decode.

    Attributes
    ----------
    n_states
        7, 4 or 2.
    model
        A key of `DECODERS`.
    neurons
        `paper` or `shared`; see `usable_neurons`.
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
    ChoiceError
        An unknown model, set of neurons or number of states.
    OutputError
        Two recordings whose outputs would have one name.
    """
    decoder_plan(settings.model, settings.n_states)
    rate = min(recording.fps for recording in train)
    every = [
        _job(file, recording, train, settings, rate)
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


def _job(
    file: Path, recording: Recording, train: Sequence[Recording], settings: Settings, fps: float
) -> Job:
    try:
        used, missing = usable_neurons(train, recording, settings.neurons)
        if settings.score:
            labels(recording, settings.n_states)
        seen = _as_seen(recording, used, fps)
        if min(seen.n_frames, recording.n_frames) < MIN_FRAMES:
            raise RecordingError(
                f"{recording.worm}: expected {MIN_FRAMES} frames or more to decode, found "
                f"{recording.n_frames}, or {seen.n_frames} at {fps:.3g} frames per second"
            )
        features(seen, used, settings.n_states)
    except (NeuronError, RecordingError, StateError) as error:
        raise type(error)(f"{file}: {error}") from error
    name = recording.worm if recording.worm == file.stem else f"{file.stem}.{recording.worm}"
    return Job(file, recording, used, missing, re.sub(r"[^\w.-]+", "_", name))


def check_outputs(every: Sequence[Job], folder: Path, force: bool = False) -> None:
    """OutputError naming the outputs that cannot be written, or exist already without `force`."""
    paths = [path for job in every for path in job.outputs(folder)] + [folder / SUMMARY]
    check_writable(folder, paths)
    there = [str(path) for path in paths if path.exists()]
    if there and not force:
        raise OutputError(f"not overwritten without --force: {', '.join(there)}")


def decode_jobs(
    every: Sequence[Job], train: Sequence[Recording], settings: Settings, store: Store
) -> Iterator[tuple[Job, Decoded]]:
    """Decode recordings; those that share a set of neurons share a decoder."""
    plan = decoder_plan(settings.model, settings.n_states, settings.seed)
    for neurons in dict.fromkeys(job.neurons for job in every):
        decoder = train_decoder(train, neurons, plan, settings.profile, store, settings.device)
        for job in every:
            if job.neurons == neurons:
                yield job, decode(decoder, job.recording)


def write(job: Job, decoded: Decoded, folder: Path) -> None:
    """Write the table of states and the figure of one recording, each whole or not at all."""
    table, picture = job.outputs(folder)
    write_atomically(table, lambda path: decoded.table().to_csv(path, index=False))
    figure = decoding(decoded, Figure(figsize=(9, 5)))
    write_atomically(picture, lambda path: figure.savefig(path))


def summary_line(
    job: Job, decoded: Decoded, train: Sequence[Recording], settings: Settings
) -> dict[str, object]:
    """One line of the summary: see `summary`; further file, missing and trained_on.

    `trained_on` is True for a recording that is itself among the training worms: nothing that
    the line says of it holds for another worm. With scores, also what `score` gives.
    """
    about = {
        "file": job.file.name,
        **summary(decoded),
        "missing": " ".join(job.missing),
        "trained_on": job.recording.digest in {recording.digest for recording in train},
    }
    return about | (score(decoded) if settings.score else {})


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
