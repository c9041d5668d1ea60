"""The readings of the text as data: their columns, and that each is a network of its own."""

from dataclasses import replace

import numpy as np
import pytest

from wormgnn.models import classifier
from wormgnn.paper.experiments import EXPERIMENTS, MODELS
from wormgnn.paper.readings import (
    AXES,
    BARE_SUM,
    CHOSEN,
    FINALISTS,
    LITERAL,
    READINGS,
    SEEDS,
    SIXTH,
)
from wormgnn.runner import json_of

_EVERY = (*EXPERIMENTS["readings"].lines, *EXPERIMENTS["decomposition"].lines)
LINES = {line.label: line for line in _EVERY}


@pytest.mark.parametrize("label", LINES)
def test_a_readings_columns_say_what_its_network_is(label):
    line = LINES[label]
    options, axes = dict(line.plan.options), {**line.factors, "scaling": line.plan.scaling}
    assert axes.keys() == {*AXES, "literal"}
    given = {"adjacency": np.eye(2)} if options.pop("weighting", None) else {}
    network = classifier(line.plan.model, [0], 2, 2, **options, **given)
    block = network.head.block
    own = getattr(block.norm, "use_running", None)
    assert block.hidden_layers == (1 if axes["blocks"] == "paper" else 2)
    assert own == {"last": True, "own": False}.get(axes["norm"])
    if line.model == "GNN":
        encoder = network.encoder
        assert encoder.edges == axes["edges"]
        assert (encoder.rivals == "senders") == (axes["message"] == "senders")
        own = getattr(encoder.node.norm, "use_running", None)
        assert own == {"last": True, "encoder": True, "own": False}.get(axes["norm"])
    for axis, values in AXES.items():
        assert axes[axis] in {*values, "", "connectome"}


def test_no_two_readings_are_the_same_network():
    plans = [json_of(line.plan) for line in READINGS.values()]
    assert all(plan not in plans[:number] for number, plan in enumerate(plans))
    literal = [label for label, line in READINGS.items() if line.factors["literal"]]
    assert literal == [line.label for line in LITERAL.values()]
    runs = (*LITERAL.values(), *CHOSEN.values(), BARE_SUM, *SIXTH)
    assert {line.label for line in runs} <= {line.label for line in FINALISTS} <= set(READINGS)
    assert MODELS["GNN"] == CHOSEN["gnn"].plan and MODELS["GNN, bare sum"] == BARE_SUM.plan
    assert MODELS["MLP, no norm"] == CHOSEN["mlp"].plan and MODELS["MLP"] == LITERAL["mlp"].plan


def test_finalists_differ_from_their_readings_by_the_seed_alone():
    lines = EXPERIMENTS["finalists"].lines
    for line in lines:
        seed, whole = line.factors["seed"], READINGS[line.factors["reading"]]
        assert line.plan == replace(whole.plan, seed=seed)
    found = {(line.factors["reading"], line.factors["seed"]) for line in lines}
    several = {(line.label, seed) for line in SIXTH for seed in SEEDS}
    assert found >= {(line.label, SEEDS[0]) for line in FINALISTS} | several
    assert len(found) == len(lines)
