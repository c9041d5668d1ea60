"""Every network by name: those that read behavioural states, and those that predict traces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wormgnn.errors import chosen
from wormgnn.models.ensemble import initialised
from wormgnn.models.networks import GNN, MLP, ConnectomeGNN, Network, NodeMLP, Predictor
from wormgnn.models.pyg import GAT, GraphLayer
from wormgnn.models.recurrent import GNNRNN, MLPRNN, NodeMLPRNN


@dataclass(frozen=True)
class Model:
    """A network of the registry.

    Attributes
    ----------
    network
        Builds the ensemble from members, neurons, outputs and options.
    states, traces
        Options of the network in this task where they differ from its own defaults; None if
        the network does not serve the task.
    needs
        Arguments beside sizes that have no default and are no plain JSON.
    version
        Part of the key of stored results. Raise it when a result is meant to change.
    """

    network: Callable[..., Network]
    states: Mapping[str, Any] | None = None
    traces: Mapping[str, Any] | None = None
    needs: tuple[str, ...] = ()
    version: int = 1


_BY_NODE = {"hidden": 256, "starts_silent": True}
_TRACES = {**_BY_NODE, "norm": "none"}
_EDGES = {"edges": "frame", "lean": True}

MODELS: dict[str, Model] = {
    "mlp": Model(MLP, states={}, traces=_TRACES),
    "node-mlp": Model(NodeMLP, traces=_BY_NODE),
    "gnn": Model(GNN, states={}, traces=_TRACES | _EDGES),
    "gnn-connectome": Model(ConnectomeGNN, states={}, needs=("adjacency",)),
    "zoo": Model(GraphLayer, states={}),
    "gat": Model(GAT, traces=_TRACES),
    "mlp-rnn": Model(MLPRNN, traces=_TRACES),
    "node-mlp-rnn": Model(NodeMLPRNN, traces=_BY_NODE),
    "gnn-rnn": Model(GNNRNN, traces=_TRACES | _EDGES),
}

CLASSIFIERS = {name: model for name, model in MODELS.items() if model.states is not None}
PREDICTORS = {name: model for name, model in MODELS.items() if model.traces is not None}


def classifier(
    name: str, members: int, neurons: int, n_states: int, seed: int, **options: Any
) -> Network:
    """An ensemble of untrained networks that read states; its outputs are their scores.

    Parameters
    ----------
    name
        A key of `CLASSIFIERS`.
    members, neurons, n_states
        Sizes.
    seed
        Of the initial weights; torch's global generator is left as it was.
    options
        Further arguments of the network.

    ChoiceError for an unknown name.
    """
    model = chosen("model", name, CLASSIFIERS)
    options = {**(model.states or {}), **options}
    return initialised(
        lambda: model.network(members=members, neurons=neurons, outputs=n_states, **options), seed
    )


def predictor(
    name: str, members: int, neurons: int, seed: int, features: int = 2, **options: Any
) -> Predictor:
    """An ensemble of untrained networks that predict how `features` of each neuron change.

    Parameters
    ----------
    name
        A key of `PREDICTORS`.
    members, neurons, features
        Sizes.
    seed
        Of the initial weights; torch's global generator is left as it was.
    options
        Further arguments of the network.

    ChoiceError for an unknown name.
    """
    model = chosen("model", name, PREDICTORS)
    sizes = {"members": members, "neurons": neurons, "features": features}
    options = {**(model.traces or {}), **options, **sizes, "outputs": features * neurons}
    return Predictor(initialised(lambda: model.network(**options), seed), features)
