"""Another laboratory's animals, to be read by models that never met their kind.

Real training worms are paired with the freely moving animals of WormWideWeb. Where the
training worms are simulated, so are these: made with another seed, at another frame rate, with
a slower indicator, more bleaching and more noise; some of the paper's neurons are not
named, and in the second animal one name is given to the wrong neuron, with low confidence.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from wormgnn.recording import PAPER_NEURONS, UNIDENTIFIED, Recording
from wormgnn.sources import registry
from wormgnn.sources.simulated import Physics, simulate

_PHYSICS = Physics(
    decay_s=5.0, noise=0.12, bleach_fraction=0.3, named_fraction=0.4, n_unidentified=40
)
_UNNAMED = (
    ("AVBL", "RIML", "VB01", "VB02"),
    ("ALA", "VB01", "VB02"),
    ("ALA", "RMED", "VB01"),
    ("AVBL", "VB02"),
)
"""Neurons of the paper that nobody named, one group for each animal in turn."""

_MISTAKEN = ("RIML", "VB02")
"""The second animal: the name, and the neuron of the paper that carries it by mistake."""

_SURE, _UNSURE = 5.0, 2.0


def another_lab(dataset: str) -> list[Recording]:
    """Animals to evaluate models on that were trained on a dataset.

    DatasetUnavailableError if they are real and not here.
    """
    return simulate_another_lab() if dataset == "simulated" else registry.load("wormwideweb")


def simulate_another_lab(
    n_worms: int = 4, duration_s: float = 480.0, seed: int = 100
) -> list[Recording]:
    """Simulated animals of another laboratory; the same for the same arguments."""
    worms = simulate(n_worms, duration_s, fps=1.7, seed=seed, mixing=0.4, physics=_PHYSICS)
    return [_relabelled(worm, number) for number, worm in enumerate(worms)]


def _relabelled(worm: Recording, number: int) -> Recording:
    """The worm under its laboratory's name, with the identities that were called there."""
    mistaken = dict([_MISTAKEN[::-1]]) if number == 1 else {}
    unnamed = {*_UNNAMED[number % len(_UNNAMED)], *mistaken.values()} - {*mistaken}
    names = [mistaken.get(n, UNIDENTIFIED if n in unnamed else n) for n in worm.neurons]
    doubtful = {*mistaken.values(), PAPER_NEURONS[number]}
    confidence = [_UNSURE if n in doubtful else _SURE for n in names]
    return replace(
        worm,
        worm=f"other-{number + 1}",
        dataset="elsewhere",
        neurons=tuple(names),
        confidence=np.array([c if n else 0.0 for n, c in zip(names, confidence, strict=True)]),
    )
