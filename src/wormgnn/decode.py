"""Decode the behavioural states of a recording, and tell how far to trust the result."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from wormgnn.classification import Worm
from wormgnn.decoder import Decoder
from wormgnn.errors import StateError
from wormgnn.features import features
from wormgnn.metrics import scores
from wormgnn.recording import NO_STATE, Recording
from wormgnn.states import bouts, merge, vocabulary


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
        columns = {
            f"p_{name.replace(' ', '_')}": self.probabilities[:, code]
            for code, name in enumerate(names)
        }
        return pd.DataFrame(
            {
                "frame": np.arange(self.recording.n_frames),
                "time_s": self.recording.times,
                "state": [names[code] for code in self.states],
                **columns,
                "agreement": self.agreement,
            }
        )


@torch.no_grad()
def decode(decoder: Decoder, recording: Recording) -> Decoded:
    """States of a recording by a decoder; the recording's own labels play no part.

    Traces are brought to the decoder's frame rate, and each member's probabilities back to
    the recording's own frame times, linearly.
    """
    unlabelled = replace(
        recording.select(decoder.neurons),
        states=np.full(recording.n_frames, NO_STATE, dtype=np.int64),
        vocabulary=(),
    ).resample(decoder.fps)
    x, context = _inputs(decoder, unlabelled)
    found = decoder.model(x, context).softmax(dim=1).numpy().astype(np.float64)
    own = np.array(
        [[np.interp(recording.times, unlabelled.times, p) for p in member] for member in found]
    )
    probabilities = own.mean(axis=0).T
    states = probabilities.argmax(axis=1)
    agreement = (own.argmax(axis=1) == states).mean(axis=0)
    return Decoded(recording, decoder, probabilities, states, agreement)


def _inputs(decoder: Decoder, recording: Recording) -> tuple[torch.Tensor, ...]:
    """Every frame, and the frames that give edges, as an unseen worm in evaluation has them."""
    plan = decoder.plan
    seen = features(recording, decoder.neurons, plan.n_states, plan.scaling)
    every = replace(seen, y=np.zeros(seen.n_frames, dtype=np.int64))
    worm = Worm.of(every, every.y, torch.device("cpu"), plan.edge_frames)
    return worm.batch(range(decoder.members), None).inputs


def summary(decoded: Decoded) -> dict[str, object]:
    """One line on a decoded recording.

    worm, frames, fps, neurons (used), missing, a fraction of the frames for each state,
    bouts, mean_probability (of the state that was named), agreement, and left_out_accuracy
    and left_out_sd: on training worms that were left out of training, by these very neurons.
    A worm of another laboratory can do much worse.
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
        **{
            f"fraction_{n.replace(' ', '_')}": s for n, s in zip(decoder.states, share, strict=True)
        },
        "bouts": len(bouts(decoded.states)),
        "mean_probability": decoded.probabilities.max(axis=1).mean(),
        "agreement": decoded.agreement.mean(),
        "left_out_accuracy": left_out.mean(),
        "left_out_sd": left_out.std(),
    }


def labels(recording: Recording, n_states: int) -> NDArray[np.int64]:
    """The recording's own labels in a vocabulary; StateError if it has none there."""
    found = merge(recording, n_states)
    if (found == NO_STATE).all():
        wanted, given = " or ".join(vocabulary(n_states)), ", ".join(recording.vocabulary)
        raise StateError(
            f"{recording.worm}: field 'states': expected frames labelled {wanted} to score with, "
            f"found {given or 'no labels'}"
        )
    return found


def score(decoded: Decoded) -> dict[str, float]:
    """scored_frames, accuracy, balanced_accuracy, macro_f1 and majority over labelled frames."""
    n_states = decoded.decoder.plan.n_states
    wanted = labels(decoded.recording, n_states)
    known = wanted != NO_STATE
    counts = np.zeros((1, n_states, n_states), dtype=np.int64)
    np.add.at(counts[0], (wanted[known], decoded.states[known]), 1)
    found = {name: float(values[0]) for name, values in scores(counts).items()}
    return {"scored_frames": int(found.pop("n_frames")), **found}
