"""Every network that predicts trajectories, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wormgnn.ensemble import initialised
from wormgnn.errors import chosen
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
    build = chosen("model", name, NETWORKS)
    return initialised(lambda: build(members=members, neurons=neurons, **options), seed)
