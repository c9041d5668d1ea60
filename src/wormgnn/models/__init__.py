"""Every network by name: those that read behavioural states, and those that predict traces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import nn

from wormgnn.errors import WormgnnError, chosen
from wormgnn.models.gnn import GNN, GNNRNN
from wormgnn.models.networks import (
    MLP,
    MLPRNN,
    ConnectomeGNN,
    LaggedMLP,
    Network,
    NodeMLP,
    NodeMLPRNN,
)
from wormgnn.models.pyg import GAT, GraphLayer

Ensemble = TypeVar("Ensemble", bound=nn.Module)


@dataclass(frozen=True)
class Model:
    """A network of the registry.

    `network` builds the ensemble from members, neurons, outputs and options; `states` and `traces`
    are its options in either task where they differ from its own defaults, or None if it does not
    serve the task. `version` is part of the key of stored results: raise it when a result is meant
    to change.
    """

    network: Callable[..., Network]
    states: Mapping[str, Any] | None = None
    traces: Mapping[str, Any] | None = None
    version: int = 1


_BY_NODE = {"hidden": 256, "starts_silent": True}
_TRACES = {**_BY_NODE, "norm": "none"}
_EDGES = {"edges": "frame", "lean": True}

MODELS: dict[str, Model] = {
    "mlp": Model(MLP, states={}, traces=_TRACES, version=2),
    "node-mlp": Model(NodeMLP, traces=_BY_NODE, version=2),
    "gnn": Model(GNN, states={}, traces=_TRACES | _EDGES, version=2),
    "gnn-connectome": Model(ConnectomeGNN, states={}, version=2),
    "zoo": Model(GraphLayer, states={}, version=2),
    "gat": Model(GAT, traces=_TRACES, version=2),
    "mlp-lags": Model(LaggedMLP, traces=_TRACES),
    "mlp-rnn": Model(MLPRNN, traces=_TRACES, version=3),
    "node-mlp-rnn": Model(NodeMLPRNN, traces=_BY_NODE, version=3),
    "gnn-rnn": Model(GNNRNN, traces=_TRACES | _EDGES, version=3),
}

CLASSIFIERS = {name: model for name, model in MODELS.items() if model.states is not None}
PREDICTORS = {name: model for name, model in MODELS.items() if model.traces is not None}
_SHIPPED = frozenset(MODELS)


def register(name: str, model: Model) -> None:
    """Add a network of one's own, which `Plan(name)` then runs; a second time replaces the first.

    WormgnnError for the name of a network of this package.
    """
    if name in _SHIPPED:
        raise WormgnnError(f"model {name!r} is one of this package: choose another name")
    MODELS[name] = model
    for networks, options in ((CLASSIFIERS, model.states), (PREDICTORS, model.traces)):
        networks.pop(name, None)
        if options is not None:
            networks[name] = model


def classifier(
    name: str, seeds: Sequence[int], neurons: int, n_states: int, **options: Any
) -> Network:
    """An ensemble of untrained networks that read states; its outputs are their scores.

    `name` is a key of `CLASSIFIERS` (else ChoiceError), `options` are further arguments of the
    network. Each member's initial weights follow from its seed; torch's global generator is left as
    it was.
    """
    model = chosen("model", name, CLASSIFIERS)
    options = {**(model.states or {}), **options}
    sizes = {"neurons": neurons, "outputs": n_states}
    return initialised(lambda n: model.network(members=n, **sizes, **options), seeds)


def predictor(
    name: str, seeds: Sequence[int], neurons: int, features: int = 2, **options: Any
) -> Network:
    """An ensemble of untrained networks that predict how `features` of each neuron change.

    As `classifier`, for a key of `PREDICTORS`; their outputs are in the order (feature, neuron).
    """
    model = chosen("model", name, PREDICTORS)
    sizes = {"neurons": neurons, "features": features, "outputs": features * neurons}
    options = {**(model.traces or {}), **options, **sizes}
    return initialised(lambda n: model.network(members=n, **options), seeds)


def initialised(build: Callable[[int], Ensemble], seeds: Sequence[int]) -> Ensemble:
    """An ensemble of which each member is the network alone that its seed gives.

    `build` makes an ensemble of so many members, with parameters that have a leading member axis.
    Torch's global generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        network, rows = build(len(seeds)), []
        for seed in seeds:
            torch.manual_seed(seed)
            rows.append(dict(build(1).named_parameters()))
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(torch.cat([row[name] for row in rows]))
    return network
