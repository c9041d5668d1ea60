"""Every network that reads behavioural states, by name."""

from __future__ import annotations

from typing import Any

from torch import nn

from wormgnn.ensemble import initialised
from wormgnn.errors import chosen
from wormgnn.models.gnn import GNN
from wormgnn.models.mlp import MLP, ConnectomeGNN
from wormgnn.models.zoo_classifiers import ZooClassifier

CLASSIFIERS: dict[str, type[nn.Module]] = {
    "mlp": MLP,
    "gnn": GNN,
    "gnn-connectome": ConnectomeGNN,
    "zoo": ZooClassifier,
}


def classifier(
    name: str, members: int, neurons: int, n_states: int, seed: int, **options: Any
) -> nn.Module:
    """An ensemble of untrained classifiers.

    Parameters
    ----------
    name
        A key of `CLASSIFIERS`.
    members, neurons, n_states
        Sizes.
    seed
        Of the initial weights; torch's global generator is left as it was.
    options
        Further arguments of the class.
    """
    build = chosen("model", name, CLASSIFIERS)
    return initialised(
        lambda: build(members=members, neurons=neurons, outputs=n_states, **options), seed
    )
