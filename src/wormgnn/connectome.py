"""Adjacency among chosen neurons, from the published connectomes that cect ships."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from wormgnn.errors import ChoiceError, NeuronError, chosen
from wormgnn.recording import canonical_name

WEIGHTINGS = ("count", "binary", "normalised")
"""How the weights of edges are expressed, see `adjacency`."""

_WIRING: Mapping[str, str] = MappingProxyType({"chemical": "Generic_CS", "gap": "Generic_GJ"})
_RESPONSES: Mapping[str, str] = MappingProxyType({"functional": "Functional"})


@dataclass(frozen=True)
class Connectome:
    """One published set of connections.

    Parameters
    ----------
    cached
        Name of cect's own copy.
    citation
        Authors, year, journal, DOI.
    reference
        Key in the book's bibliography.
    weight
        What the number on an edge is.
    kinds
        Kinds of edges it has, each with the name that cect gives them.
    """

    cached: str
    citation: str
    reference: str
    weight: str
    kinds: Mapping[str, str] = field(default_factory=lambda: _WIRING)

    @property
    def synapses(self) -> dict[str, list[str]]:
        """Kinds of edges for each value that `adjacency` takes for `synapses`; `both` has all."""
        single = {name: [kind] for name, kind in self.kinds.items()}
        return {"both": list(self.kinds.values()), **single}


def _witvliet(dataset: int, stage: str) -> Connectome:
    """Dataset 1 (just hatched) to 8 (adult) of Witvliet et al. 2021."""
    return Connectome(
        cached=f"WitvlietDataReader{dataset}",
        citation="Witvliet et al. 2021, Nature 596:257-261, doi:10.1038/s41586-021-03778-8",
        reference="witvliet2021connectomes",
        weight=f"synapses in the brain of one {stage} animal (no ventral cord; "
        "gap junctions incomplete)",
    )


_STAGES = {1: "L1", 2: "L1", 3: "L1", 4: "L1", 5: "L2", 6: "L3", 7: "adult", 8: "adult"}

CONNECTOMES: Mapping[str, Connectome] = MappingProxyType(
    {
        "white1986": Connectome(
            cached="White_whole",
            citation="White, Southgate, Thomson and Brenner 1986, "
            "Phil. Trans. R. Soc. Lond. B 314:1-340, doi:10.1098/rstb.1986.0056",
            reference="white1986structure",
            weight="synaptic contacts, as Varshney et al. 2011 counted them, pharynx included",
        ),
        "varshney2011": Connectome(
            cached="VarshneyDataReader",
            citation="Varshney, Chen, Paniagua, Hall and Chklovskii 2011, "
            "PLoS Comput. Biol. 7:e1001066, doi:10.1371/journal.pcbi.1001066",
            reference="varshney2011structural",
            weight="synaptic contacts, corrected and completed from White et al. 1986",
        ),
        "cook2019": Connectome(
            cached="Cook2019HermReader",
            citation="Cook et al. 2019 (hermaphrodite), "
            "Nature 571:63-71, doi:10.1038/s41586-019-1352-7",
            reference="cook2019whole",
            weight="electron-microscope sections that show the connection "
            "(number and size of synapses together)",
        ),
        **{f"witvliet2021-{n}": _witvliet(n, stage) for n, stage in _STAGES.items()},
        "randi2023": Connectome(
            cached="WormNeuroAtlasFuncReader",
            citation="Randi, Sharma, Dvali and Leifer 2023, "
            "Nature 623:406-414, doi:10.1038/s41586-023-06683-4",
            reference="randi2023neural",
            weight="mean calcium response (dF/F) of the receiver to stimulation of the sender, "
            "where q < 0.05; zero means not significant or not measured",
            kinds=_RESPONSES,
        ),
    }
)
"""Connectomes by name; structural but for the last, the functional atlas."""


def cells_in(connectome: str) -> tuple[str, ...]:
    """Sorted canonical names of the cells with an edge in a connectome (muscles included).

    Raises
    ------
    ChoiceError
        A name that is not in `CONNECTOMES`.
    """
    return tuple(sorted(_load(chosen("connectome", connectome, CONNECTOMES).cached)[0]))


def adjacency(
    neurons: Sequence[str],
    connectome: str = "white1986",
    synapses: str = "both",
    weighting: str = "count",
    self_edges: bool = True,
) -> NDArray[np.float64]:
    """Weighted adjacency among `neurons`: `A[i, j]` is the edge from neuron j to neuron i.

    Receiver first, so that `A @ x` is the sum of equation 12, `H_i = sum_j w_ij x_j`.
    Gap junctions run both ways: that part of `A` is symmetric, unless normalised.

    Parameters
    ----------
    neurons
        N distinct names in the order of rows and columns; `VB1` and `VB01` are the same.
    connectome
        Name in `CONNECTOMES`.
    synapses
        `chemical`, `gap`, or `both` for their sum; `both` or `functional` for `randi2023`.
    weighting
        `count`: the connectome's own weight (see `Connectome.weight`). `binary`: 1 for
        each edge, whatever its weight and sign. `normalised`: each row divided by the sum
        of its absolute weights, so that a receiver takes the mean of its inputs; a row
        without inputs stays zero.
    self_edges
        True adds the identity, on top of autapses that the connectome has, before the
        weighting. False leaves the diagonal zero, autapses dropped: neurons that have no
        partner among `neurons` then have zero rows.

    Returns
    -------
    Array of shape (N, N), without unit.

    Raises
    ------
    ChoiceError
        Unknown connectome, synapses (or none of that kind in it) or weighting.
    NeuronError
        No neurons, one given twice, or some that the connectome does not have.
    """
    source = chosen("connectome", connectome, CONNECTOMES)
    kinds = chosen(f"synapses of connectome {connectome!r}", synapses, source.synapses)
    if weighting not in WEIGHTINGS:
        raise ChoiceError("weighting", weighting, WEIGHTINGS)
    cells, arrays = _load(source.cached)
    places = _places(neurons, cells, connectome)
    sent = np.sum([arrays[kind][np.ix_(places, places)] for kind in kinds], axis=0)
    received = np.ascontiguousarray(sent.T)  # cect has the sender first
    np.fill_diagonal(received, received.diagonal() + 1.0 if self_edges else 0.0)
    return _weigh(received, weighting)


@cache
def _load(cached: str) -> tuple[Mapping[str, int], Mapping[str, NDArray[np.float64]]]:
    """Place of each cell by canonical name, and cect's arrays (sender, receiver) by kind."""
    # here, as the import takes a second; from its copy, as its readers print and may go online
    from cect.ConnectomeDataset import get_cache_filename, load_connectome_dataset_file

    dataset = load_connectome_dataset_file(get_cache_filename(cached))
    cells = {canonical_name(node): place for place, node in enumerate(dataset.nodes)}
    return cells, {kind: np.asarray(a, np.float64) for kind, a in dataset.connections.items()}


def _places(neurons: Sequence[str], cells: Mapping[str, int], connectome: str) -> list[int]:
    names = [canonical_name(neuron) for neuron in neurons]
    if not names:
        raise NeuronError("neurons: expected at least one name, found none")
    absent = [given for given, name in zip(neurons, names, strict=True) if name not in cells]
    if absent:
        raise NeuronError(f"connectome {connectome!r} has no neuron {', '.join(absent)}")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise NeuronError(f"neurons: expected distinct names, found twice {', '.join(repeated)}")
    return [cells[name] for name in names]


def _weigh(weights: NDArray[np.float64], weighting: str) -> NDArray[np.float64]:
    if weighting == "count":
        return weights
    if weighting == "binary":
        return (weights != 0).astype(np.float64)
    # absolute: the functional atlas has negative responses
    total = np.abs(weights).sum(axis=1, keepdims=True)
    return weights / np.where(total > 0, total, 1.0)
