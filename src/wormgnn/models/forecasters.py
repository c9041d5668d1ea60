"""Every network that predicts trajectories, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from wormgnn.errors import ChoiceError
from wormgnn.models.predictors import GNNPredictor, MLPPredictor, NodeMLPPredictor, Predictor
from wormgnn.models.recurrent import GNNRNNPredictor, MLPRNNPredictor, NodeMLPRNNPredictor
from wormgnn.models.zoo import GATPredictor

NETWORKS: dict[str, Callable[..., Predictor]] = {
    "mlp": MLPPredictor,
    "node-mlp": NodeMLPPredictor,
    "gnn": GNNPredictor,
    "mlp-rnn": MLPRNNPredictor,
    "node-mlp-rnn": NodeMLPRNNPredictor,
    "gnn-rnn": GNNRNNPredictor,
    "gat": GATPredictor,
}


def network(name: str, members: int, neurons: int, seed: int, **options: Any) -> Predictor:
    """An ensemble of untrained networks.

    Parameters
    ----------
    name
        A key of `NETWORKS`.
    members, neurons
        Sizes.
    seed
        Of the initial weights; torch's global generator is left as it was.
    options
        Further arguments of the class.
    """
    if name not in NETWORKS:
        raise ChoiceError("model", name, NETWORKS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NETWORKS[name](members=members, neurons=neurons, **options)
