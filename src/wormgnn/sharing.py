"""By which neurons to read the animals of another laboratory, and what those neurons do there.

No animal needs to have every neuron of the training worms. By which it is read is a rule:

`own`
    The wanted neurons that this animal has; one model is trained for each set of neurons.
`common`
    Those that all animals have: one model for all, on fewer neurons.
`confident`
    As `own`, without identities that the annotator gave less than `MIN_CONFIDENCE`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wormgnn.errors import ChoiceError, NeuronError
from wormgnn.features import derivative
from wormgnn.recording import NO_STATE, Recording
from wormgnn.states import TWO, merge

Neurons = tuple[str, ...]

RULES = ("own", "common", "confident")

MIN_CONFIDENCE = 3.0
"""Least confidence (1 to 5, the annotator's) that the rule `confident` keeps."""


def neurons_by_rule(
    rule: str, wanted: Sequence[str], animals: Sequence[Recording]
) -> dict[str, Neurons]:
    """Neurons by which each animal is read, sorted, by the animal's name.

    `wanted` are the training worms' neurons. ChoiceError for an unknown rule, NeuronError
    if nothing is left of an animal.
    """
    if rule not in RULES:
        raise ChoiceError("rule", rule, RULES)
    found = {animal.worm: set(wanted) & set(animal.identified) for animal in animals}
    if rule == "common":
        found = dict.fromkeys(found, set.intersection(*found.values()))
    if rule == "confident":
        found = {a.worm: found[a.worm] - set(doubtful(a)) for a in animals}
    empty = [worm for worm, names in found.items() if not names]
    if empty:
        raise NeuronError(
            f"{', '.join(empty)}: none of the neurons {', '.join(wanted)} is left by rule {rule!r}"
        )
    return {worm: tuple(sorted(names)) for worm, names in found.items()}


def doubtful(animal: Recording) -> Neurons:
    """Identified neurons whose confidence is below `MIN_CONFIDENCE`; none if it is not told."""
    if animal.confidence is None:
        return ()
    sure = dict(zip(animal.neurons, animal.confidence, strict=True))
    return tuple(name for name in animal.identified if sure[name] < MIN_CONFIDENCE)


def tuning(recordings: Sequence[Recording], neurons: Sequence[str]) -> pd.DataFrame:
    """How each neuron's trace and its derivative correlate with reversing.

    Columns worm, neuron, confidence (NaN where none is told), trace, derivative: correlations
    over the frames that are labelled forward or reverse. Neurons that a worm lacks have no row.
    """
    rows = []
    for recording in recordings:
        chosen = recording.select([n for n in neurons if n in recording.identified])
        states = merge(chosen, 2)
        known = states != NO_STATE
        reversing = states[known] == TWO.index("reverse")
        slopes = derivative(chosen)
        for column, neuron in enumerate(chosen.neurons):
            rows.append(
                {
                    "worm": chosen.worm,
                    "neuron": neuron,
                    "confidence": np.nan
                    if chosen.confidence is None
                    else chosen.confidence[column],
                    "trace": np.corrcoef(chosen.traces[known, column], reversing)[0, 1],
                    "derivative": np.corrcoef(slopes[known, column], reversing)[0, 1],
                }
            )
    return pd.DataFrame(rows)
