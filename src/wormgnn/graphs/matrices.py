"""What inferred edges are compared with: wiring, responses, and a worm's own correlations.

Responses, and where cell bodies lie, are read from what the package wormneuroatlas (a dependency
of cect's, not imported) installs as data.
"""

from __future__ import annotations

import importlib.metadata
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import h5py
import numpy as np
from numpy.typing import NDArray

from wormgnn.connectome import adjacency, cells_in, places_of
from wormgnn.errors import ChoiceError, NeuronError, SourceError
from wormgnn.features import derivative
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


@dataclass(frozen=True)
class Matrix:
    """One matrix, or one for each worm, among some neurons.

    `kind` is chemical, gap, atlas or correlation; `neurons` those of the wanted ones that it has.
    `weights` have the receiver first, shape (1 or worms, N, N), NaN where not measured; `present`
    tells where there is an edge, (N, N), and is None for a matrix that is all degrees.
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

    A kind without a single edge among the neurons has no matrix. ChoiceError for an unknown
    connectome, NeuronError for one that has fewer than five of the neurons, naming the others.
    """
    matrices: dict[tuple[str, tuple[str, ...], bytes], Matrix] = {}
    for kind, connectome in itertools.product(("chemical", "gap"), connectomes):
        cells = set(cells_in(connectome))
        known = tuple(neuron for neuron in neurons if neuron in cells)
        if len(known) < _FEWEST:
            absent = ", ".join(neuron for neuron in neurons if neuron not in cells)
            expected = f"expected at least {_FEWEST} of the neurons, but it has no {absent}"
            raise NeuronError(f"connectome {connectome!r}: {expected}")
        weights = adjacency(known, connectome, kind, self_edges=False)
        if not weights.any():
            continue
        key, label = (kind, known, weights.tobytes()), _LABELS[connectome]
        if key in matrices:
            label = f"{matrices[key].name.removesuffix(f', {kind}')} = {label}"
        name, present = f"{label}, {kind}", weights != 0
        matrices[key] = Matrix(name, kind, known, weights[None], kind == "gap", present)
    return list(matrices.values())


def functional(neurons: Sequence[str]) -> Matrix:
    """Mean response (dF/F) to stimulation in the atlas of Randi et al. 2023, wild type.

    cect keeps a pair's response where q < 0.05, and zero stands for the rest: not measured,
    or measured and not significant. The atlas's data file separates these: weights are NaN where
    not measured, `present` holds the significant pairs. Errors as of `responses`.
    """
    response, q = responses(neurons)
    weights = np.where(np.isfinite(response) & np.isfinite(q), response, np.nan)
    significant = np.isfinite(weights) & (np.nan_to_num(q, nan=1.0) < SIGNIFICANT)
    name = "Randi 2023, response"
    return Matrix(name, "atlas", tuple(neurons), weights[None], False, significant)


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


def positions(neurons: Sequence[str]) -> Floats:
    """Position of each neuron's cell body: towards the tail, to the right, up; shape (neurons, 3).

    Of the anatomical atlas, in its units, the middle of the neurons at zero. Seen with the nose on
    the left, the animal shows its left side. Errors as of `responses`.
    """
    cells, places = _anatomy(_file("anatlas_neuron_positions.txt"))
    left_tail_up = places[places_of(neurons, cells, "the anatomical atlas")]
    left_tail_up = left_tail_up - left_tail_up.mean(axis=0)
    return np.asarray(left_tail_up[:, [1, 0, 2]] * (1, -1, 1))


def responses(neurons: Sequence[str]) -> tuple[Floats, Floats]:
    """Mean responses (dF/F) of the wild type to stimulation, and their false discovery rates.

    Randi et al. 2023. Shapes (neurons, neurons), receiver first; NaN where not measured.
    NeuronError for neurons that the atlas does not name, SourceError where its data file is not
    installed, or not what it should be.
    """
    cells, response, q = _signals(_file("funatlas.h5"))
    places = np.ix_(*[places_of(neurons, cells, "the atlas 'randi2023'")] * 2)
    return response[places], q[places]


def _file(name: str) -> str:
    inside = f"wormneuroatlas/data/{name}"
    try:
        return str(importlib.metadata.distribution("wormneuroatlas").locate_file(inside))
    except importlib.metadata.PackageNotFoundError as error:
        raise SourceError(inside, "", "expected the package wormneuroatlas, found none") from error


@cache
def _signals(path: str) -> tuple[dict[str, int], Floats, Floats]:
    field = "neuron_ids"
    try:
        with h5py.File(path) as file:
            cells = _by_name(name.decode() for name in file[field][:])
            arrays = []
            for field in ("dFF", "q"):
                arrays.append(np.asarray(file["wt"][field][:], np.float64))
    except (OSError, KeyError) as error:
        raise SourceError(path, field, f"expected the atlas's arrays ({error})") from error
    return cells, arrays[0], arrays[1]


def _by_name(names: Iterable[str]) -> dict[str, int]:
    return {canonical_name(name): row for row, name in enumerate(names)}


@cache
def _anatomy(path: str) -> tuple[dict[str, int], Floats]:
    """Row of each name; left, tail and up of each row."""
    try:
        with open(path, encoding="utf-8") as file:
            names, places = file.readline().lstrip("#").split(), np.loadtxt(file, ndmin=2)
    except (OSError, ValueError) as error:
        raise SourceError(path, "", f"expected three numbers a line ({error})") from error
    if places.shape != (len(names), 3):
        found = "x".join(map(str, places.shape))
        raise SourceError(path, "", f"expected {len(names)}x3 numbers, found {found}")
    return _by_name(names), places
