"""Which neurons a model reads: named sets, rules for animals that lack some, and random draws."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wormgnn.errors import ChoiceError, NeuronError
from wormgnn.recording import PAPER_NEURONS, Recording, shared_neurons

Neurons = tuple[str, ...]

LABEL_DEFINING = ("AVAL", "AVAR")
"""Neurons whose activity Kato et al. segmented into states (of the paper's 15)."""

REVERSAL_COMMAND = (*LABEL_DEFINING, "AIBL", "AIBR", "AVER", "RIML", "RIMR")
"""Those, and the neurons that rise and fall with them: the stricter control."""

SHARED_WITH_NICHOLS = ("AIBR", "AVAL", "VB02")
"""Neurons that the worms of Kato et al. and of Nichols et al. share (paper, "Data Processing")."""

_OF_THE_PAPER = {
    "paper": PAPER_NEURONS,
    "three": SHARED_WITH_NICHOLS,
    "without AVA": tuple(n for n in PAPER_NEURONS if n not in LABEL_DEFINING),
    "without reversal neurons": tuple(n for n in PAPER_NEURONS if n not in REVERSAL_COMMAND),
}

NEURON_SETS = (*_OF_THE_PAPER, "shared")  # sets that every worm has

RULES = ("own", "common", "confident")
"""By which of the paper's neurons another laboratory's animals are decoded: the neurons that this
animal has (one model for each set), those that all animals have, or the animal's own without
identities that the annotator gave less than `MIN_CONFIDENCE`."""

VOCABULARIES = ("paper, where named", "all named")
"""Names of any training worm, for models that read worms that lack some of them."""

MIN_CONFIDENCE = 3.0  # least confidence (1 to 5, the annotator's) that the rule `confident` keeps


def neuron_set(name: str, recordings: Sequence[Recording]) -> Neurons:
    """Neurons of a named set, looked up among those that all recordings share.

    `paper` is the paper's 15 (the older release of the Kato file identifies no others in all
    worms; the current one shares 23), `three` those of them that Nichols' worms have too,
    `shared` whatever is shared, and the others take neurons away from the paper's.

    ChoiceError for an unknown set, NeuronError for neurons of it (of the paper's 15, but for
    `three`) that are not shared.
    """
    if name not in NEURON_SETS:
        raise ChoiceError("set of neurons", name, NEURON_SETS)
    shared = shared_neurons(recordings)
    if name == "shared":
        return shared
    wanted = SHARED_WITH_NICHOLS if name == "three" else PAPER_NEURONS
    missing = sorted(set(wanted) - set(shared))
    if missing:
        raise NeuronError(f"not shared by all recordings: {', '.join(missing)}")
    return _OF_THE_PAPER[name]


def doubtful(animal: Recording) -> Neurons:
    """Identified neurons whose confidence is below `MIN_CONFIDENCE`; none if it is not told."""
    if animal.confidence is None:
        return ()
    sure = dict(zip(animal.neurons, animal.confidence, strict=True))
    return tuple(name for name in animal.identified if sure[name] < MIN_CONFIDENCE)


def named_in_any(recordings: Sequence[Recording]) -> Neurons:
    """Every name in any of the recordings, sorted."""
    return tuple(sorted({name for recording in recordings for name in recording.identified}))


def sets_of(
    neurons: str | Neurons, train: Sequence[Recording], unseen: Sequence[Recording] = ()
) -> list[tuple[Neurons, list[Recording]]]:
    """Sets of neurons by which the worms of a line are decoded, each with its unseen worms.

    `neurons` is one of `NEURON_SETS`, `RULES` or `VOCABULARIES`, or the names themselves. It gives
    one set, except that the rules `own` and `confident` give one for every set that animals have.

    ChoiceError for an unknown set; NeuronError for neurons that are not shared, or an animal of
    which a rule leaves none.
    """
    if not isinstance(neurons, str):
        return [(tuple(neurons), list(unseen))]
    if neurons in NEURON_SETS:
        return [(neuron_set(neurons, [*train, *unseen]), list(unseen))]
    if neurons in VOCABULARIES:
        every = named_in_any(train)
        paper = tuple(name for name in PAPER_NEURONS if name in every)
        return [(every if neurons == "all named" else paper, list(unseen))]
    if neurons not in RULES:
        raise ChoiceError("set of neurons", neurons, [*NEURON_SETS, *RULES, *VOCABULARIES])
    wanted = set(PAPER_NEURONS) & set(shared_neurons(train))
    has = [wanted & set(animal.identified) for animal in unseen]
    if neurons == "common" and has:
        has = [set.intersection(*has)] * len(has)
    elif neurons == "confident":
        has = [own - set(doubtful(animal)) for own, animal in zip(has, unseen, strict=True)]
    groups: dict[Neurons, list[Recording]] = {}
    for own, animal in zip(has, unseen, strict=True):
        if not own:
            names = ", ".join(sorted(wanted))
            raise NeuronError(
                f"{animal.worm}: none of the neurons {names} is left by rule {neurons!r}"
            )
        groups.setdefault(tuple(sorted(own)), []).append(animal)
    # Without others, the training worms are the animals themselves.
    return list(groups.items()) or [(tuple(sorted(wanted)), [])]


def draw_subsets(
    neurons: Sequence[str], sizes: Sequence[int], per_size: int, seed: int = 0
) -> list[Neurons]:
    """Subsets of some sizes: all of a size if they are few, else `per_size` at random.

    Few means no more than `per_size`, or than there are neurons (each alone, all but each).
    At random means balanced: of one size, each neuron appears about as often as any other.
    Names keep the order of `neurons`, and draws of a size do not depend on the other sizes.

    ChoiceError for a size that is not 1 to the number of neurons.
    """
    wrong = [size for size in sizes if not 1 <= size <= len(neurons)]
    if wrong:
        raise ChoiceError("number of neurons", wrong[0], [f"1 to {len(neurons)}"])
    return [subset for size in sizes for subset in _of_size(neurons, size, per_size, seed)]


def _of_size(neurons: Sequence[str], size: int, per_size: int, seed: int) -> list[Neurons]:
    if math.comb(len(neurons), size) <= max(per_size, len(neurons)):
        return list(itertools.combinations(neurons, size))
    rng = np.random.default_rng([seed, size])
    used = np.zeros(len(neurons))
    drawn: dict[Neurons, None] = {}
    while len(drawn) < per_size:
        least = np.sort(np.lexsort((rng.random(len(used)), used))[:size])  # ties at random
        names = tuple(neurons[place] for place in least)
        if names in drawn:  # the least used may make a subset that is there already
            used = used + 0.25 * rng.random(len(neurons))
            continue
        drawn[names] = None
        used[least] += 1
    return list(drawn)


def masks(neurons: Sequence[str], draws: Sequence[Neurons]) -> NDArray[np.bool_]:
    """True where a draw holds a neuron, shape (draws, neurons)."""
    return np.array([[name in draw for name in neurons] for draw in draws])
