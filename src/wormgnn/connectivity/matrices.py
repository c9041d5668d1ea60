"""What inferred edges are compared with: wiring, responses, and a worm's own correlations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from wormgnn.connectivity.atlas import atlas
from wormgnn.connectome import adjacency, cells_in
from wormgnn.errors import ChoiceError, NeuronError
from wormgnn.features import derivative
from wormgnn.recording import Recording

PARTS = ("as is", "transposed", "symmetric")
"""Sender to sender; sender to receiver; without direction."""

ADULTS = ("white1986", "varshney2011", "cook2019", "witvliet2021-7", "witvliet2021-8")
LARVAE = tuple(f"witvliet2021-{n}" for n in range(1, 7))

_LABELS: Mapping[str, str] = MappingProxyType(
    {"white1986": "White 1986", "varshney2011": "Varshney 2011", "cook2019": "Cook 2019"}
)
_FEWEST = 5
"""Fewest neurons whose 120 orders make a null."""


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
    weights: NDArray[np.float64]
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
        turned = self.weights.swapaxes(1, 2)
        if name == "transposed":
            return replace(self, weights=turned, present=_present(self, lambda p: p.T))
        both = np.where(np.isnan(turned), self.weights, turned)
        mean = (np.where(np.isnan(self.weights), both, self.weights) + both) / 2
        present = _present(self, lambda p: p | p.T)
        return replace(self, weights=mean, present=present, symmetric=True)


def _present(
    matrix: Matrix, change: Callable[[NDArray[np.bool_]], NDArray[np.bool_]]
) -> NDArray[np.bool_] | None:
    return None if matrix.present is None else change(matrix.present)


def label(connectome: str) -> str:
    """Name of a connectome in a table or figure."""
    if connectome in _LABELS:
        return _LABELS[connectome]
    return connectome.replace("witvliet2021-", "Witvliet 2021, animal ")


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
    found: list[Matrix] = []
    for kind in ("chemical", "gap"):
        for connectome in connectomes:
            chosen = _in(neurons, connectome)
            weights = adjacency(chosen, connectome, kind, self_edges=False)
            new = Matrix(
                f"{label(connectome)}, {kind}",
                kind,
                chosen,
                weights[None],
                kind == "gap",
                weights != 0,
            )
            if weights.any():
                _add(found, new)
    return found


def _in(neurons: Sequence[str], connectome: str) -> tuple[str, ...]:
    cells = set(cells_in(connectome))
    absent = [neuron for neuron in neurons if neuron not in cells]
    if len(neurons) - len(absent) < _FEWEST:
        raise NeuronError(
            f"connectome {connectome!r}: expected at least {_FEWEST} of the neurons, "
            f"but it has no {', '.join(absent)}"
        )
    return tuple(neuron for neuron in neurons if neuron in cells)


def _add(found: list[Matrix], new: Matrix) -> None:
    """Append a matrix, or its name to that of one with the same numbers."""
    for place, old in enumerate(found):
        if old.neurons == new.neurons and np.array_equal(old.weights, new.weights):
            first = old.name.removesuffix(f", {old.kind}")
            found[place] = replace(old, name=f"{first} = {new.name}")
            return
    found.append(new)


def functional(neurons: Sequence[str]) -> Matrix:
    """Mean response to stimulation in the atlas of Randi et al. 2023, over measured pairs."""
    found = atlas(neurons)
    response = np.where(found.measured, found.response, np.nan)
    return Matrix(
        "Randi 2023, response", "atlas", tuple(neurons), response[None], False, found.significant
    )


def correlations(recordings: Sequence[Recording], neurons: Sequence[str]) -> list[Matrix]:
    """Each worm's own: correlation of traces, of derivatives, and partial correlation.

    The partial one is between two neurons' traces given the other neurons of the set.
    """
    chosen = [worm.select(neurons) for worm in recordings]
    traces = np.array([np.corrcoef(worm.traces.T) for worm in chosen])
    slopes = np.array([np.corrcoef(derivative(worm).T) for worm in chosen])
    parts = {
        "of traces": traces,
        "of derivatives": slopes,
        "partial": np.array([*map(partial, traces)]),
    }
    return [
        Matrix(f"Correlation, {name}", "correlation", tuple(neurons), weights, True)
        for name, weights in parts.items()
    ]


def halves(recordings: Sequence[Recording], neurons: Sequence[str]) -> NDArray[np.float64]:
    """Correlation of traces in the first and the second half, shape (2, worms, N, N)."""
    traces = [worm.select(neurons).traces for worm in recordings]
    cut = [np.split(values, [len(values) // 2]) for values in traces]
    return np.array([[np.corrcoef(half[side].T) for half in cut] for side in (0, 1)])


def partial(correlation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Partial correlations from correlations, shape (N, N) both; the diagonal is 1."""
    precision = np.linalg.inv(correlation)
    scale = np.sqrt(np.diag(precision))
    found = -precision / np.outer(scale, scale)
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


def references(recordings: Sequence[Recording], neurons: Sequence[str]) -> list[Matrix]:
    """All matrices of the main comparison, in the order of its table."""
    return [*structural(neurons), functional(neurons), *correlations(recordings, neurons)]


def similarity_order(correlation: NDArray[np.float64]) -> NDArray[np.int64]:
    """Places of the neurons along the first eigenvector: neurons alike stand together."""
    return np.asarray(np.argsort(np.linalg.eigh(correlation)[1][:, -1], kind="stable"))
