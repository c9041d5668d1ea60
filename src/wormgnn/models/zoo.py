"""Established graph networks, through the layers of PyTorch Geometric ("Model Selection")."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state
from torch.nn import functional

from wormgnn.models.layers import Norm
from wormgnn.models.predictors import Head, Memory, Predictor, flat


class PerMember(nn.Module):
    """A module without a member axis, once for each member.

    The parameters keep the names they have in the module and gain a leading member axis.
    The module is there for its structure and is called with one member's parameters at a
    time. It must have no buffers.

    Parameters
    ----------
    members
        Number of copies, initialised independently.
    build
        Makes one copy.
    """

    def __init__(self, members: int, build: Callable[[], nn.Module]) -> None:
        super().__init__()
        copies = [build() for _ in range(members)]
        stacked, _ = stack_module_state(copies)
        self.one = copies[0]
        for name, tensor in stacked.items():
            owner, _, leaf = name.rpartition(".")
            setattr(self.one.get_submodule(owner), leaf, nn.Parameter(tensor.detach()))

    @property
    def members(self) -> int:
        """Number of members in the parameters at hand, which `functional_call` may replace."""
        return len(next(self.one.parameters()))

    def forward(self, x: Tensor, *shared: Tensor) -> Tensor:
        """Each member's row of `x` `(members, ...)`, with the same further inputs for all."""
        named = dict(self.one.named_parameters())
        rows = [tensor.unbind() for tensor in named.values()]
        outputs = [
            functional_call(
                self.one, dict(zip(named, of_one, strict=True)), (own, *shared), strict=True
            )
            for own, *of_one in zip(x, *rows, strict=True)
        ]
        return torch.stack(outputs)


class GATPredictor(Predictor):
    """Graph attention among all neurons, itself included, then two layers.

    Attention weighs the messages anew at each frame, as `GNNPredictor` with edges per frame
    does; but the weights that a neuron gives to all senders sum to one, there are several
    sets of them, and what is sent is a learned map of the features (Velickovic et al., 2018,
    eq. 3-5, ELU as there).

    Parameters
    ----------
    members, neurons, features, hidden, norm
        See `Head`.
    heads
        Number of attention heads, each of `hidden // 16` channels (at least 1), concatenated.
    """

    def __init__(
        self,
        members: int,
        neurons: int,
        features: int = 2,
        hidden: int = 256,
        norm: Norm = "none",
        heads: int = 4,
    ) -> None:
        super().__init__(features, hidden)
        from torch_geometric.nn import DenseGATConv  # takes seconds: only for those who need it

        self.heads, self.channels = heads, max(hidden // 16, 1)
        channels = self.channels
        self.attention = PerMember(members, lambda: DenseGATConv(features, channels, heads))
        self.head = Head(members, heads * channels * neurons, neurons, features, hidden, norm)

    def messages(self, x: Tensor) -> Tensor:
        """`([members,] features, neurons, windows)` to `(members, channels, neurons, windows)`."""
        by_window = x.expand(self.attention.members, *x.shape[-3:]).transpose(1, 3)
        everyone = x.new_ones(x.shape[-2], x.shape[-2])
        return self.attention(by_window, everyone).transpose(1, 3)

    def forward(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """See `Predictor.forward`."""
        return self.head(flat(functional.elu(self.messages(x)))), None

    def values(self, neurons: int) -> int:
        """`heads (3 N^2 + 4 N channels) + 4 F N + 3 H`."""
        attention = self.heads * (3 * neurons**2 + 4 * neurons * self.channels)
        return attention + 4 * self.features * neurons + 3 * self.hidden
