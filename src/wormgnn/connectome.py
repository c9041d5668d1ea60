"""Adjacency among chosen neurons, from the published connectomes that cect ships."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from wormgnn.errors import ChoiceError, NeuronError, chosen
from wormgnn.recording import canonical_name

WEIGHTINGS = ("count", "normalised")
"""How the weights of edges are expressed, see `adjacency`."""

CONNECTOMES: Mapping[str, str] = {
    "white1986": "White_whole",
    "varshney2011": "VarshneyDataReader",
    "cook2019": "Cook2019HermReader",
    **{f"witvliet2021-{number}": f"WitvlietDataReader{number}" for number in range(1, 9)},
    "randi2023": "WormNeuroAtlasFuncReader",
}
"""Name of cect's own copy of each connectome. The number on an edge is, in

- `white1986` (doi:10.1098/rstb.1986.0056), synaptic contacts as Varshney et al. 2011 counted them,
  pharynx included;
- `varshney2011` (doi:10.1371/journal.pcbi.1001066), synaptic contacts, corrected and completed from
  White et al. 1986;
- `cook2019` (hermaphrodite, doi:10.1038/s41586-019-1352-7), electron-microscope sections that show
  the connection (number and size of synapses together);
- `witvliet2021-1` (just hatched) to `-8` (adult; doi:10.1038/s41586-021-03778-8), synapses in the
  brain of one animal (no ventral cord; gap junctions incomplete): L1 for 1 to 4, L2 for 5, L3 for
  6, adults for 7 and 8;
- `randi2023` (doi:10.1038/s41586-023-06683-4), the functional atlas: mean calcium response (dF/F)
  of the receiver to stimulation of the sender, where q < 0.05; zero: not significant or not
  measured.
"""

_KINDS = {"chemical": "Generic_CS", "gap": "Generic_GJ"}
"""Kinds of edges, by cect's name for them; the functional atlas has one of its own."""


def cells_in(connectome: str) -> tuple[str, ...]:
    """Sorted canonical names of the cells with an edge in a connectome (muscles included).

    ChoiceError for a name that is not in `CONNECTOMES`.
    """
    return tuple(sorted(_load(chosen("connectome", connectome, CONNECTOMES))[0]))


def adjacency(
    neurons: Sequence[str],
    connectome: str = "white1986",
    synapses: str = "both",
    weighting: str = "count",
    self_edges: bool = True,
) -> NDArray[np.float64]:
    """Weighted adjacency among N `neurons`, shape (N, N): `A[i, j]` is the edge from j to i.

    Receiver first, so that `A @ x` is the sum of equation 12, `H_i = sum_j w_ij x_j`.
    Gap junctions run both ways: that part of `A` is symmetric, unless normalised.

    Parameters
    ----------
    neurons
        N distinct names in the order of rows and columns; `VB1` and `VB01` are the same.
    synapses
        `chemical`, `gap`, or `both` for their sum; `both` or `functional` for `randi2023`.
    weighting
        `count`: the connectome's own weight (see `CONNECTOMES`). `normalised`: each row divided
        by the sum of its absolute weights, so that a receiver takes the mean of its inputs; a row
        without inputs stays zero.
    self_edges
        True adds the identity, on top of autapses that the connectome has, before the
        weighting. False leaves the diagonal zero, autapses dropped: neurons that have no
        partner among `neurons` then have zero rows.

    ChoiceError for an unknown connectome (a key of `CONNECTOMES`), synapses (or none of that kind
    in it) or weighting; NeuronError for no neurons, one given twice, or some that the connectome
    does not have.
    """
    source = chosen("connectome", connectome, CONNECTOMES)
    known = {"functional": "Functional"} if connectome == "randi2023" else _KINDS
    choices = {"both": [*known.values()]} | {name: [kind] for name, kind in known.items()}
    kinds = chosen(f"synapses of connectome {connectome!r}", synapses, choices)
    if weighting not in WEIGHTINGS:
        raise ChoiceError("weighting", weighting, WEIGHTINGS)
    cells, arrays = _load(source)
    if not neurons:
        raise NeuronError("neurons: expected at least one name, found none")
    places = places_of(neurons, cells, f"connectome {connectome!r}")
    sent = np.sum([arrays[kind][np.ix_(places, places)] for kind in kinds], axis=0)
    received = np.ascontiguousarray(sent.T)  # cect has the sender first
    np.fill_diagonal(received, received.diagonal() + 1.0 if self_edges else 0.0)
    if weighting == "count":
        return received
    # absolute: the functional atlas has negative responses
    total = np.abs(received).sum(axis=1, keepdims=True)
    return np.asarray(received / np.where(total > 0, total, 1.0))


@cache
def _load(cached: str) -> tuple[Mapping[str, int], Mapping[str, NDArray[np.float64]]]:
    """Place of each cell by canonical name, and cect's arrays (sender, receiver) by kind."""
    # here, as the import takes a second; from its copy, as its readers print and may go online
    from cect.ConnectomeDataset import get_cache_filename, load_connectome_dataset_file

    dataset = load_connectome_dataset_file(get_cache_filename(cached))
    cells = {canonical_name(node): place for place, node in enumerate(dataset.nodes)}
    return cells, {kind: np.asarray(a, np.float64) for kind, a in dataset.connections.items()}


def places_of(neurons: Sequence[str], cells: Mapping[str, int], whose: str) -> list[int]:
    """Places of neurons among cells by canonical name; NeuronError for absent or repeated ones."""
    names = [canonical_name(neuron) for neuron in neurons]
    absent = [given for given, name in zip(neurons, names, strict=True) if name not in cells]
    if absent:
        raise NeuronError(f"{whose} has no neuron {', '.join(absent)}")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise NeuronError(f"neurons: expected distinct names, found twice {', '.join(repeated)}")
    return [cells[name] for name in names]
