"""Established graph networks, through the layers of PyTorch Geometric ("Model Selection").

Nobody knows the edges, so that every layer works on the complete graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state
from torch.nn import functional

from wormgnn.errors import ChoiceError
from wormgnn.models.networks import Gathering

HEADS = 4
"""Attention heads of GAT, whose channels add up to those of a neuron."""

LAYERS = ("gin-0", "gin-eps", "sage", "gat", "global-attention")


class PerMember(nn.Module):
    """A module without a member axis, once for each member.

    The parameters of independently initialised copies keep their names and gain a leading member
    axis. The module is called with one member's parameters at a time, and must have no buffers.
    """

    def __init__(self, members: int, build: Callable[[], nn.Module]) -> None:
        super().__init__()
        copies = [build() for _ in range(members)]
        stacked, _ = stack_module_state(copies)
        self.one = copies[0]
        for name, tensor in stacked.items():
            owner, _, leaf = name.rpartition(".")
            setattr(self.one.get_submodule(owner), leaf, nn.Parameter(tensor.detach()))

    def forward(self, x: Tensor, *shared: Tensor) -> Tensor:
        """An `x` `(members, ...)` for each, or one with a first axis of 1; all share the rest."""
        named = dict(self.one.named_parameters())  # which `functional_call` may have replaced
        rows = [tensor.unbind() for tensor in named.values()]
        x = x.expand(len(rows[0]), *x.shape[1:])
        outputs = [
            functional_call(
                self.one, dict(zip(named, of_one, strict=True)), (own, *shared), strict=True
            )
            for own, *of_one in zip(x, *rows, strict=True)
        ]
        return torch.stack(outputs)


class GraphLayer(Gathering):
    """One established graph layer on the complete graph, then two layers and a readout.

    `h = layer(x)`, then as our own graph network: neurons concatenated (eq. 13), `Head`, which
    takes the `options`. `channels` are those of the layer's output for a neuron, `hidden` if None;
    `layer` is one of `LAYERS` (else ChoiceError):

    - `gin-0`, `gin-eps`: `h_i = net((1 + eps) x_i + sum_{j != i} x_j)` with `eps` zero or learned
      (Xu et al., 2018, eq. 4.1). On the complete graph with `eps` zero the sum is the same for
      every neuron, and the network cannot see which is which.
    - `sage`: `h_i = W x_i + V mean_{j != i} x_j` (Hamilton et al., 2017).
    - `gat`: attention among all neurons, the neuron itself included (Velickovic et al., 2018, eq.
      3-5, ELU as there).
    - `global-attention`: `h = sum_i softmax_i(gate(x_i)) net(x_i)`, one vector for all neurons,
      with nothing left to concatenate (Li et al., 2015, eq. 7).
    """

    def build(self, layer: str, channels: int | None = None, **options: Any) -> None:
        """See `Gathering.build`."""
        if layer not in LAYERS:
            raise ChoiceError("layer", layer, LAYERS)
        self.channels = channels = channels or self.hidden
        self.layer = PerMember(self.members, lambda: _layer(layer, self.features, channels))
        self.activation = functional.elu if layer == "gat" else torch.relu
        width = channels * (1 if layer == "global-attention" else self.neurons)
        self.read(width, **{"norm": "none", **options})

    def nodes(self, x: Tensor) -> Tensor:
        """`h_i` of every neuron: `(members, samples, neurons or 1, channels)`."""
        neurons = x.shape[-2]
        others = 1 - torch.eye(neurons, dtype=x.dtype, device=x.device)
        by_sample = x.view(-1, *x.shape[-3:]).transpose(1, 3)
        return self.activation(self.layer(by_sample, others))

    def gathered(self, x: Tensor, edges: Tensor | None = None) -> Tensor:
        """`h`, in the order (neuron, channel)."""
        return self.nodes(x).flatten(2).transpose(1, 2)


class GAT(GraphLayer):
    """Graph attention among all neurons, for forecasts.

    Attention weighs the messages anew at each frame, as `GNN` with edges of each frame does;
    but the weights that a neuron gives to all senders sum to one, there are several sets of
    them, and what is sent is a learned map of the features. Each of `HEADS` has `hidden // 16`
    channels (at least 1). `options` are further arguments of `GraphLayer`.
    """

    def build(self, layer: str = "gat", channels: int | None = None, **options: Any) -> None:
        """See `Gathering.build`."""
        super().build(layer, channels or HEADS * max(self.hidden // 16, 1), **options)

    def gathered(self, x: Tensor, edges: Tensor | None = None) -> Tensor:
        """`h`, in the order (channel, neuron)."""
        return self.nodes(x).transpose(2, 3).flatten(2).transpose(1, 2)

    def values(self, neurons: int) -> int:
        """`HEADS (3 N^2 + 4 N C) + 4 F N + 3 H`, with C channels a head."""
        attention = 3 * HEADS * neurons**2 + 4 * neurons * self.channels
        return attention + 4 * self.features * neurons + self.kept


class _GlobalAttention(nn.Module):
    """Attention pooling with the signature of the other layers: one node for each sample."""

    def __init__(self, features: int, channels: int) -> None:
        super().__init__()
        from torch_geometric.nn import AttentionalAggregation

        gate, net = _two_layers(features, channels, 1), _two_layers(features, channels, channels)
        self.pool = AttentionalAggregation(gate, net)

    def forward(self, x: Tensor, _others: Tensor) -> Tensor:
        """`(samples, neurons, features)` to `(samples, 1, channels)`."""
        everyone = torch.zeros(x.shape[1], dtype=torch.long, device=x.device)
        pooled: Tensor = self.pool(x, everyone, dim_size=1, dim=1)
        return pooled


def _two_layers(features: int, hidden: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


def _layer(name: str, features: int, channels: int) -> nn.Module:
    """One copy of a layer."""
    from torch_geometric import nn as pyg  # takes seconds: only for those who need it

    layer: Any
    if name == "gat":
        layer = pyg.DenseGATConv(features, channels // HEADS, HEADS)
    elif name == "sage":
        layer = pyg.DenseSAGEConv(features, channels)
    elif name == "global-attention":
        layer = _GlobalAttention(features, channels)
    else:
        net = _two_layers(features, channels, channels)
        layer = pyg.DenseGINConv(net, train_eps=name == "gin-eps")
        if name == "gin-0":
            del layer.eps  # a buffer, of which each member would need a copy
            layer.eps = 0.0
    return layer
