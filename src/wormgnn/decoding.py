"""Decode the behavioural states of a laboratory's own files, and tell how far to trust the result.

The decoder is `wormgnn.decoder.BehaviourDecoder`: the trained one of this package, or one's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from wormgnn.datasets import registry
from wormgnn.decoder import UNSURE, BehaviourDecoder, Trust, as_recording, labels, scores
from wormgnn.errors import NeuronError, RecordingError, StateError
from wormgnn.recording import NO_STATE, Recording
from wormgnn.states import bouts, merge

MIN_FRAMES = 8  # frames of a recording that is decoded: one window

USUAL_FPS = (0.2, 30.0)
"""Frames per second of whole-brain recordings; others are taken for a wrong unit of time."""


@dataclass(frozen=True)
class Decoded:
    """What a decoder made of a recording, and how far to trust it.

    `probabilities` have the shape (frames, states), at the recording's own frames.
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

    @cached_property
    def labelled(self) -> NDArray[np.int64]:
        """The recording's own labels in the decoder's states, shape (frames,); `NO_STATE` if none.

        Labels that the decoder's states cannot express are none either.
        """
        try:
            return merge(self.recording, self.decoder.n_states)
        except StateError:
            return np.full(self.recording.n_frames, NO_STATE, dtype=np.int64)

    @property
    def strips(self) -> dict[str, NDArray[np.int64]]:
        """States `decoded`, and `labelled` where there is any label, each of shape (frames,)."""
        has_labels = (self.labelled != NO_STATE).any()
        return {"decoded": self.states} | ({"labelled": self.labelled} if has_labels else {})

    def table(self, labelled: bool = False) -> pd.DataFrame:
        """One row for each frame: frame, time_s, state, a p_ for each state, unsure.

        With `labelled` its own label before the state, empty where it has none.
        """
        names = np.array([*self.vocabulary, ""])
        labels = {"labelled": names[self.labelled]} if labelled else {}
        columns = {f"p_{_word(n)}": p for n, p in zip(names, self.probabilities.T, strict=False)}
        return pd.DataFrame(
            {
                "frame": np.arange(self.recording.n_frames),
                "time_s": self.recording.times,
                **labels,
                "state": names[self.states],
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
        **trust.facts,
        "in_words": trust.sentence(),
    }


def score(decoded: Decoded) -> dict[str, float]:
    """scored_frames, accuracy, balanced_accuracy, macro_f1 and majority over labelled frames."""
    n_states = decoded.decoder.n_states
    values = scores(labels(decoded.recording, n_states), decoded.states, n_states)
    kept = ("accuracy", "balanced_accuracy", "macro_f1", "majority")
    return {"scored_frames": int(values["n_frames"]), **{name: values[name] for name in kept}}


# --- files ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """One recording, the file that it comes from, and the stem of its outputs' names."""

    file: Path
    recording: Recording
    stem: str


def jobs(
    files: Sequence[Path],
    decoder: BehaviourDecoder,
    fps: float | None = None,
    scored: bool = False,
) -> list[Job]:
    """Recordings in files, each checked for what decoding needs.

    `fps`, in frames per second, is for tables that do not tell; `scored` asks for labels.

    SourceError or RecordingError for a file that cannot be read, times or a frame rate that cannot
    be right; NeuronError for too few of the decoder's neurons; StateError for nothing to score
    with, where scores are wanted.
    """
    return [
        _job(file, recording, decoder, scored)
        for file in tqdm(files, desc="reading", unit="file", delay=1, disable=None, leave=False)
        for recording in registry.read(file, fps)
    ]


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
                "Give them in seconds, or the right --fps"
            )
        decoder.trust(recording)
        if scored:
            labels(recording, decoder.n_states)
    except (NeuronError, RecordingError, StateError) as error:
        raise type(error)(f"{file}: {error}") from error
    name = recording.worm if recording.worm == file.stem else f"{file.stem}.{recording.worm}"
    return Job(file, recording, re.sub(r"[^\w.-]+", "_", name))
