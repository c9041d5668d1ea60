"""The signal-propagation atlas of Randi et al. 2023 with what was measured and found silent.

cect keeps a pair's response where q < 0.05, and zero stands for the rest: not measured, or
measured and not significant. The data file behind it, which the package wormneuroatlas (a
dependency of cect's) installs, tells these apart. It is read here; that package is not
imported.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from wormgnn.errors import NeuronError, SourceError
from wormgnn.recording import canonical_name

SIGNIFICANT = 0.05
"""False discovery rate below which a response counts, as in the paper and in cect."""

_FILE = "wormneuroatlas/data/funatlas.h5"


@dataclass(frozen=True)
class Atlas:
    """Responses among some neurons of the wild type, receiver first, each of shape (N, N).

    Attributes
    ----------
    response
        Mean dF/F of the receiver after its sender was stimulated; NaN where not measured.
    q
        False discovery rate of the response; NaN where not measured.
    events
        Stimulations of the sender in which the receiver was seen.
    """

    response: NDArray[np.float64]
    q: NDArray[np.float64]
    events: NDArray[np.int64]

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Pairs that have a response and its q."""
        return np.isfinite(self.response) & np.isfinite(self.q)

    @property
    def significant(self) -> NDArray[np.bool_]:
        """Pairs with a response beyond chance."""
        return self.measured & (np.nan_to_num(self.q, nan=1.0) < SIGNIFICANT)


def atlas(neurons: Sequence[str]) -> Atlas:
    """The atlas among `neurons`.

    Raises
    ------
    NeuronError
        Neurons that the atlas does not name.
    SourceError
        The data file is not installed, or is not what it should be.
    """
    names, arrays = _load(_path())
    absent = [n for n in neurons if canonical_name(n) not in names]
    if absent:
        raise NeuronError(f"the atlas 'randi2023' has no neuron {', '.join(absent)}")
    places = [names[canonical_name(n)] for n in neurons]
    response, q, events = (arrays[f][np.ix_(places, places)] for f in ("dFF", "q", "occ1"))
    return Atlas(response, q, events.astype(np.int64))


def _path() -> Path:
    try:
        found = importlib.metadata.distribution("wormneuroatlas").locate_file(_FILE)
    except importlib.metadata.PackageNotFoundError as error:
        raise SourceError(_FILE, "", "expected the package wormneuroatlas, found none") from error
    return Path(str(found))


@cache
def _load(path: Path) -> tuple[dict[str, int], dict[str, NDArray[np.float64]]]:
    """Place of each neuron by canonical name, and the wild type's arrays (receiver, sender)."""
    field = "neuron_ids"
    try:
        with h5py.File(path) as file:
            names = [canonical_name(name.decode()) for name in file[field][:]]
            arrays = {}
            for field in ("dFF", "q", "occ1"):
                arrays[field] = np.asarray(file["wt"][field][:], np.float64)
    except (OSError, KeyError) as error:
        raise SourceError(path, field, f"expected the atlas's arrays ({error})") from error
    return {name: place for place, name in enumerate(names)}, arrays
