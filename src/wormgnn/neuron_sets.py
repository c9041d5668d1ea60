"""Named sets of neurons: the paper's, all that are shared, and those without the labels' own."""

from __future__ import annotations

from collections.abc import Sequence

from wormgnn.errors import ChoiceError, NeuronError
from wormgnn.recording import PAPER_NEURONS, Recording, shared_neurons

LABEL_DEFINING = ("AVAL", "AVAR")
"""Neurons whose activity Kato et al. segmented into states (of the paper's 15)."""

REVERSAL_COMMAND = (*LABEL_DEFINING, "AIBL", "AIBR", "AVER", "RIML", "RIMR")
"""Those, and the neurons that rise and fall with them: the stricter control."""

SHARED_WITH_NICHOLS = ("AIBR", "AVAL", "VB02")
"""Neurons that the worms of Kato et al. and of Nichols et al. share (paper, "Data Processing")."""

_CHOSEN = {
    "paper": PAPER_NEURONS,
    "three": SHARED_WITH_NICHOLS,
    "without AVA": tuple(n for n in PAPER_NEURONS if n not in LABEL_DEFINING),
    "without reversal neurons": tuple(n for n in PAPER_NEURONS if n not in REVERSAL_COMMAND),
}

NEURON_SETS = (*_CHOSEN, "shared")


def neuron_set(name: str, recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Neurons of a named set, found among those that all recordings share.

    `paper` is the paper's 15 (the older release of the Kato file identifies no others in all
    worms; the current one shares 23), `three` those of them that Nichols' worms have too,
    `shared` whatever is shared, and the others take neurons away from the paper's.

    Raises
    ------
    ChoiceError
        An unknown set.
    NeuronError
        Neurons of the paper's that are not shared.
    """
    if name not in NEURON_SETS:
        raise ChoiceError("set of neurons", name, NEURON_SETS)
    shared = shared_neurons(recordings)
    if name == "shared":
        return shared
    missing = sorted(set(PAPER_NEURONS) - set(shared))
    if missing:
        raise NeuronError(f"not shared by all recordings: {', '.join(missing)}")
    return _CHOSEN[name]
