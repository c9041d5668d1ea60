"""Named sets of neurons."""

from __future__ import annotations

import pytest

from tiny import tiny_worms
from wormgnn.errors import ChoiceError, NeuronError
from wormgnn.neuron_sets import neuron_set
from wormgnn.recording import PAPER_NEURONS


def test_neuron_sets_take_neurons_away_from_the_papers() -> None:
    worms = tiny_worms(3, neurons=(*PAPER_NEURONS, "ASKL"))
    assert neuron_set("paper", worms) == PAPER_NEURONS
    assert set(neuron_set("shared", worms)) == {*PAPER_NEURONS, "ASKL"}
    without = neuron_set("without AVA", worms)
    assert set(PAPER_NEURONS) - set(without) == {"AVAL", "AVAR"}
    assert not set(neuron_set("without reversal neurons", worms)) & {
        *("AVAL", "AVAR", "AIBL", "AIBR", "AVER", "RIML", "RIMR")
    }
    assert neuron_set("three", worms) == ("AIBR", "AVAL", "VB02")
    with pytest.raises(ChoiceError, match="set of neurons 'all'"):
        neuron_set("all", worms)
    with pytest.raises(NeuronError, match="AIBL"):
        neuron_set("paper", tiny_worms(2))
