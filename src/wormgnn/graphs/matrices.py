"""What inferred edges are compared with: wiring, responses, and a worm's own correlations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from wormgnn.connectome import adjacency, cells_in
from wormgnn.errors import ChoiceError, NeuronError, SourceError
from wormgnn.features import derivative
from wormgnn.graphs.positions import atlas_file
from wormgnn.recording import Recording, canonical_name

Floats = NDArray[np.float64]

PARTS = ("as is", "transposed", "symmetric")
"""Sender to sender; sender to receiver; without direction."""

ADULTS = ("white1986", "varshney2011", "cook2019", "witvliet2021-7", "witvliet2021-8")
LARVAE = tuple(f"witvliet2021-{n}" for n in range(1, 7))
SIGNIFICANT = 0.05
"""False discovery rate below which a response counts, as in Randi et al. 2023 and in cect."""

_LABELS = {"white1986": "White 1986", "varshney2011": "Varshney 2011", "cook2019": "Cook 2019"} | {
    f"witvliet2021-{n}": f"Witvliet 2021, animal {n}" for n in range(1, 9)
}
_FEWEST = 5
"""Fewest neurons whose 120 orders make a null."""

_ATLAS = "funatlas.h5"


@dataclass(frozen=True)
class Matrix:
    """One matrix, or one for each worm, among some neurons.

    Attributes
    ----------
    name, kind
        What it is; `chemical`, `gap`, `atlas` or `correlation`.
    neurons
        Rows and columns: those of the wanted neurons that it has.
    weights
        Receiver first, shape (1 or worms, N, N); NaN where not measured.
    symmetric
        Whether it has no direction.
    present
        Where there is an edge, shape (N, N); None for a matrix that is all degrees.
    """

    name: str
    kind: str
    neurons: tuple[str, ...]
    weights: Floats
    symmetric: bool
    present: NDArray[np.bool_] | None = None

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Pairs with a value, shape (N, N), the diagonal left out."""
        measured = np.isfinite(self.weights).all(axis=0)
        return np.asarray(measured & ~np.eye(len(self.neurons), dtype=bool))

    @property
    def n_pairs(self) -> int:
        """Number of measured pairs; of unordered ones where there is no direction."""
        count = int(self.measured.sum())
        return count // 2 if self.symmetric else count

    @property
    def parts(self) -> tuple[str, ...]:
        """What of `PARTS` there is to compare."""
        return ("symmetric",) if self.symmetric else PARTS

    def part(self, name: str) -> Matrix:
        """The matrix, its transpose or its symmetric part; ChoiceError for another name."""
        if name not in self.parts:
            raise ChoiceError(f"part of {self.name!r}", name, self.parts)
        if name == "as is" or self.symmetric:
            return self
        turned, edges = self.weights.swapaxes(1, 2), self.present
        if name == "transposed":
            return replace(self, weights=turned, present=None if edges is None else edges.T)
        # a pair that was measured in one direction keeps that value
        there = np.where(np.isnan(self.weights), turned, self.weights)
        back = np.where(np.isnan(turned), self.weights, turned)
        either = None if edges is None else edges | edges.T
        return replace(self, weights=(there + back) / 2, present=either, symmetric=True)


def structural(neurons: Sequence[str], connectomes: Sequence[str] = ADULTS) -> list[Matrix]:
    """Chemical and gap-junction matrices; one that repeats another joins its name to it.

    A kind without a single edge among the neurons has no matrix.

    Raises
    ------
    ChoiceError
        An unknown connectome.
    NeuronError
        A connectome that has fewer than five of the neurons, with the names of the others.
    """
    matrices: dict[tuple[str, tuple[str, ...], bytes], Matrix] = {}
    for kind in ("chemical", "gap"):
        for connectome in connectomes:
            known = _known(neurons, connectome)
            weights = adjacency(known, connectome, kind, self_edges=False)
            if not weights.any():
                continue
            key, label = (kind, known, weights.tobytes()), _LABELS[connectome]
            if key in matrices:
                label = f"{matrices[key].name.removesuffix(f', {kind}')} = {label}"
            matrices[key] = Matrix(
                f"{label}, {kind}", kind, known, weights[None], kind == "gap", weights != 0
            )
    return list(matrices.values())


def _known(neurons: Sequence[str], connectome: str) -> tuple[str, ...]:
    """The neurons that a connectome has."""
    cells = set(cells_in(connectome))
    absent = [neuron for neuron in neurons if neuron not in cells]
    if len(neurons) - len(absent) < _FEWEST:
        raise NeuronError(
            f"connectome {connectome!r}: expected at least {_FEWEST} of the neurons, "
            f"but it has no {', '.join(absent)}"
        )
    return tuple(neuron for neuron in neurons if neuron in cells)


def functional(neurons: Sequence[str]) -> Matrix:
    """Mean response (dF/F) to stimulation in the atlas of Randi et al. 2023, wild type.

    cect keeps a pair's response where q < 0.05, and zero stands for the rest: not measured,
    or measured and not significant. The data file behind it (see `atlas_file`) separates these:
    weights are NaN where not measured, `present` holds the significant pairs.

    Raises
    ------
    NeuronError
        Neurons that the atlas does not name.
    SourceError
        The data file is not installed, or is not what it should be.
    """
    names, responses, rates = _atlas(atlas_file(_ATLAS))
    absent = [n for n in neurons if canonical_name(n) not in names]
    if absent:
        raise NeuronError(f"the atlas 'randi2023' has no neuron {', '.join(absent)}")
    places = [names[canonical_name(n)] for n in neurons]
    response, q = (a[np.ix_(places, places)] for a in (responses, rates))
    weights = np.where(np.isfinite(response) & np.isfinite(q), response, np.nan)
    significant = np.isfinite(weights) & (np.nan_to_num(q, nan=1.0) < SIGNIFICANT)
    name = "Randi 2023, response"
    return Matrix(name, "atlas", tuple(neurons), weights[None], False, significant)


@cache
def _atlas(path: Path) -> tuple[dict[str, int], Floats, Floats]:
    """Place of each neuron by canonical name; responses and their false discovery rates."""
    field = "neuron_ids"
    try:
        with h5py.File(path) as file:
            names = [canonical_name(name.decode()) for name in file[field][:]]
            arrays = []
            for field in ("dFF", "q"):  # receiver first
                arrays.append(np.asarray(file["wt"][field][:], np.float64))
    except (OSError, KeyError) as error:
        raise SourceError(path, field, f"expected the atlas's arrays ({error})") from error
    return {name: place for place, name in enumerate(names)}, arrays[0], arrays[1]


def correlations(recordings: Sequence[Recording], neurons: Sequence[str]) -> list[Matrix]:
    """Each worm's own: correlation of traces, of derivatives, and partial correlation.

    The partial one is between two neurons' traces given the other neurons of the set.
    """
    worms = [worm.select(neurons) for worm in recordings]
    traces = np.array([np.corrcoef(worm.traces.T) for worm in worms])
    slopes = np.array([np.corrcoef(derivative(worm).T) for worm in worms])
    partials = np.array([partial(correlation) for correlation in traces])
    kinds = {"of traces": traces, "of derivatives": slopes, "partial": partials}
    return [
        Matrix(f"Correlation, {name}", "correlation", tuple(neurons), weights, True)
        for name, weights in kinds.items()
    ]


def partial(correlation: Floats) -> Floats:
    """Partial correlations from correlations, shape (N, N) both; the diagonal is 1."""
    precision = np.linalg.inv(correlation)
    scale = np.sqrt(np.diag(precision))
    partials = -precision / np.outer(scale, scale)
    np.fill_diagonal(partials, 1.0)
    return np.asarray(partials)


def references(recordings: Sequence[Recording], neurons: Sequence[str]) -> list[Matrix]:
    """All matrices of the main comparison, in the order of its table."""
    return [*structural(neurons), functional(neurons), *correlations(recordings, neurons)]


def similarity_order(correlation: Floats) -> NDArray[np.int64]:
    """Places of the neurons along the first eigenvector: neurons alike stand together."""
    return np.asarray(np.argsort(np.linalg.eigh(correlation)[1][:, -1], kind="stable"))
