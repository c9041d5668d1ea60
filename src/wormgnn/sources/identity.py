"""From the labels in a file to identities: one name for one neuron, or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wormgnn.recording import UNIDENTIFIED, canonical_name


def unique_names(candidates: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Canonical name of each neuron that has exactly one, and no other neuron has it.

    `candidates` holds the labels of each neuron. Digits, `---` and empty text name nobody;
    two different names leave the neuron unidentified; so does a name that occurs twice.
    """
    found = [{canonical_name(text) for text in texts} - {UNIDENTIFIED} for texts in candidates]
    names = [next(iter(names)) if len(names) == 1 else UNIDENTIFIED for names in found]
    counts = Counter(names)
    return tuple(name if counts[name] == 1 else UNIDENTIFIED for name in names)


def most_confident_names(labels: Sequence[str], confidence: NDArray[np.float64]) -> tuple[str, ...]:
    """Canonical names, each given to the most confident of the neurons that carry it.

    The others of the same name become unidentified, and so do all of them on a tie for
    first place, since then nothing tells them apart. `confidence` has shape (neurons,).
    """
    names = [canonical_name(label) for label in labels]
    best: dict[str, list[int]] = {}
    for column, name in enumerate(names):
        rivals = best.setdefault(name, [column])
        if confidence[column] > confidence[rivals[0]]:
            best[name] = [column]
        elif confidence[column] == confidence[rivals[0]] and column not in rivals:
            rivals.append(column)
    kept = {rivals[0] for rivals in best.values() if len(rivals) == 1}
    return tuple(name if column in kept else UNIDENTIFIED for column, name in enumerate(names))
