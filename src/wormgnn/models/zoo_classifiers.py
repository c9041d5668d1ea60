"""Classifiers from the layers of PyTorch Geometric (paper, "Model Selection").

Nobody knows the edges, so that every layer works on the complete graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from wormgnn.errors import ChoiceError
from wormgnn.models.gnn import Aggregation
from wormgnn.models.layers import Block, Linear, Norm
from wormgnn.models.zoo import PerMember

HEADS = 4
"""Attention heads of GAT, whose channels add up to the hidden ones."""


class ZooClassifier(nn.Module):
    """State scores after one established graph layer on the complete graph.

    `h = layer(x)`, then as our own graph network: aggregate over neurons (eq. 13), two layers.

    Parameters
    ----------
    members, neurons, outputs, features, hidden
        Sizes.
    layer
        One of `LAYERS`:

        - `gin-0`, `gin-eps`: `h_i = net((1 + eps) x_i + sum_{j != i} x_j)` with `eps` zero or
          learned (Xu et al., 2018, eq. 4.1). On the complete graph with `eps` zero the sum is
          the same for every neuron, and none can be told from another.
        - `sage`: `h_i = W x_i + V mean_{j != i} x_j` (Hamilton et al., 2017).
        - `gat`: attention among all neurons, the neuron itself included (Velickovic et al.,
          2018).
        - `global-attention`: `h = sum_i softmax_i(gate(x_i)) net(x_i)`, one vector for all
          neurons, with nothing left to aggregate (Li et al., 2015, eq. 7).
    aggregation
        `concat` or `sum` of the neurons' `h_i`.
    norm
        Batch norm in the last layers; see `Block`.

    Raises
    ------
    ChoiceError
        An unknown layer or aggregation.
    """

    def __init__(
        self,
        members: int,
        neurons: int,
        outputs: int,
        layer: str,
        features: int = 2,
        hidden: int = 16,
        aggregation: Aggregation = "concat",
        norm: Norm = "none",
    ) -> None:
        super().__init__()
        if layer not in LAYERS:
            raise ChoiceError("layer", layer, LAYERS)
        if aggregation not in ("concat", "sum"):
            raise ChoiceError("aggregation", aggregation, ("concat", "sum"))
        build = LAYERS[layer]
        self.layer = PerMember(members, lambda: build(features, hidden))
        self.activation = functional.elu if layer == "gat" else torch.relu
        self.aggregation = aggregation
        pooled = layer == "global-attention" or aggregation == "sum"
        self.block = Block(members, hidden * (1 if pooled else neurons), hidden, norm=norm)
        self.readout = Linear(members, hidden, outputs)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Shared `(features, neurons, frames)` to scores `(members, outputs, frames)`.

        `context` is what edges are inferred from; here they are not.
        """
        neurons = x.shape[1]
        others = 1 - torch.eye(neurons, dtype=x.dtype, device=x.device)
        by_frame = x.permute(2, 1, 0).expand(self.layer.members, -1, -1, -1)
        nodes = self.activation(self.layer(by_frame, others))
        graph = nodes.sum(2) if self.aggregation == "sum" else nodes.flatten(2)
        return self.readout(self.block(graph.transpose(1, 2)))


class _GlobalAttention(nn.Module):
    """Attention pooling with the signature of the other layers: one node for each frame."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        from torch_geometric.nn import AttentionalAggregation

        self.pool = AttentionalAggregation(_two_layers(features, hidden, 1), _net(features, hidden))

    def forward(self, x: Tensor, _others: Tensor) -> Tensor:
        """`(frames, neurons, features)` to `(frames, 1, hidden)`."""
        everyone = torch.zeros(x.shape[1], dtype=torch.long, device=x.device)
        pooled: Tensor = self.pool(x, everyone, dim_size=1, dim=1)
        return pooled


def _net(features: int, hidden: int) -> nn.Module:
    return _two_layers(features, hidden, hidden)


def _two_layers(features: int, hidden: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


# PyTorch Geometric takes seconds to import: only for those who need it.


def _gin_zero(features: int, hidden: int) -> nn.Module:
    from torch_geometric.nn import DenseGINConv

    layer: Any = DenseGINConv(_net(features, hidden))
    del layer.eps  # a buffer, of which each member would need a copy
    layer.eps = 0.0
    built: nn.Module = layer
    return built


def _gin_epsilon(features: int, hidden: int) -> nn.Module:
    from torch_geometric.nn import DenseGINConv

    layer: nn.Module = DenseGINConv(_net(features, hidden), train_eps=True)
    return layer


def _sage(features: int, hidden: int) -> nn.Module:
    from torch_geometric.nn import DenseSAGEConv

    layer: nn.Module = DenseSAGEConv(features, hidden)
    return layer


def _gat(features: int, hidden: int) -> nn.Module:
    from torch_geometric.nn import DenseGATConv

    layer: nn.Module = DenseGATConv(features, max(hidden // HEADS, 1), HEADS)
    return layer


LAYERS: dict[str, Callable[[int, int], nn.Module]] = {
    "gin-0": _gin_zero,
    "gin-eps": _gin_epsilon,
    "sage": _sage,
    "gat": _gat,
    "global-attention": _GlobalAttention,
}
"""One copy of each layer, from its numbers of features and hidden channels."""
