"""Every network of the paper, by name."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from wormgnn.errors import ChoiceError
from wormgnn.models.gnn import GNN
from wormgnn.models.mlp import MLP, ConnectomeGNN

CLASSIFIERS: dict[str, type[nn.Module]] = {
    "mlp": MLP,
    "gnn": GNN,
    "gnn-connectome": ConnectomeGNN,
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
    if name not in CLASSIFIERS:
        raise ChoiceError("model", name, CLASSIFIERS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return CLASSIFIERS[name](members=members, neurons=neurons, outputs=n_states, **options)
