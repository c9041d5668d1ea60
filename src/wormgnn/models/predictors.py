"""Networks that predict how every neuron's features change until the next frame (eq. 4-5)."""

from __future__ import annotations

from typing import Literal, TypeVar

import torch
from torch import Tensor, nn

from wormgnn.models.frame_edges import frame_edge_scores
from wormgnn.models.gnn import EdgeEncoder
from wormgnn.models.layers import Block, Linear, Norm, affine

Memory = tuple[Tensor, ...]
"""What a recurrent predictor carries from frame to frame, each with a leading member axis."""


class Predictor(nn.Module):
    """An ensemble of networks `f` in `X(t+1) = X(t) + f(X(t))`.

    A subclass defines `forward` and `values`; a recurrent one also sets `recurrent`.

    Parameters
    ----------
    features, hidden
        Features of a neuron, and hidden channels.
    """

    recurrent = False

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.features, self.hidden = features, hidden

    def edges(self, context: Tensor) -> Tensor | None:
        """Edges that hold for a whole recording, `(members, neurons, neurons)`, or None.

        `context` are frames of the worm, shared `(features, neurons, frames)`.
        """
        return None

    def forward(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """Change until the next frame, and what to carry along.

        Parameters
        ----------
        x
            Shared `(features, neurons, windows)`, or `(members, features, neurons, windows)`.
        memory
            What the call for the frame before returned; None at the first frame.
        edges
            What `edges` returned for this worm.

        Returns
        -------
        change, memory
            `(members, features, neurons, windows)`, and the memory after this frame.
        """
        raise NotImplementedError

    def values(self, neurons: int) -> int:
        """Numbers kept for the backward pass at each window and frame, of one member.

        A bound, in hidden channels H, features F and neurons N: how memory grows.
        """
        raise NotImplementedError


def flat(x: Tensor) -> Tensor:
    """Features and neurons as one axis of channels."""
    return x.flatten(-3, -2)


Layer = TypeVar("Layer", bound=nn.Module)


def silent(layer: Layer) -> Layer:
    """The layer with weights and biases of zero: a network that ends in it starts as persistence.

    From torch's own initial weights the first roll-outs run away, and networks end with a
    higher error on the validation windows of their training worms.
    """
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
    return layer


class Head(nn.Module):
    """The two-layer `g` and a readout into the change of each neuron's features.

    Parameters
    ----------
    members, inputs, neurons, features, hidden
        Sizes.
    norm
        Batch norm on the output of the hidden layer (`last`, `each`) or `none`.
    """

    def __init__(
        self,
        members: int,
        inputs: int,
        neurons: int,
        features: int = 2,
        hidden: int = 256,
        norm: Norm = "none",
    ) -> None:
        super().__init__()
        self.block = Block(members, inputs, hidden, 1, norm)
        self.readout = silent(Linear(members, hidden, features * neurons))
        self.features = features

    def forward(self, x: Tensor) -> Tensor:
        """`([members,] inputs, windows)` to `(members, features, neurons, windows)`."""
        change: Tensor = self.readout(self.block(x))
        return change.unflatten(1, (self.features, -1))


class MLPPredictor(Predictor):
    """All neurons' features concatenated, two layers (eq. 6-7).

    Parameters
    ----------
    members, neurons, features, hidden, norm
        See `Head`.
    """

    def __init__(
        self, members: int, neurons: int, features: int = 2, hidden: int = 256, norm: Norm = "none"
    ) -> None:
        super().__init__(features, hidden)
        self.head = Head(members, features * neurons, neurons, features, hidden, norm)

    def forward(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """See `Predictor.forward`."""
        return self.head(flat(x)), None

    def values(self, neurons: int) -> int:
        """`2 F N + 3 H`, the batch norm included."""
        return 3 * self.hidden + 2 * self.features * neurons


class NodeLinear(nn.Module):
    """Affine map of each neuron's channels by weights of its own, for each member.

    Parameters
    ----------
    members, neurons, inputs, outputs
        Sizes.
    """

    def __init__(self, members: int, neurons: int, inputs: int, outputs: int) -> None:
        super().__init__()
        one = Linear(members * neurons, inputs, outputs)
        self.weight = nn.Parameter(one.weight.detach().unflatten(0, (members, neurons)))
        self.bias = nn.Parameter(one.bias.detach().unflatten(0, (members, neurons)))

    def forward(self, x: Tensor) -> Tensor:
        """`(members, neurons, inputs, windows)` or without members to as many outputs."""
        members = len(self.weight)
        x = x.expand(members, *x.shape[-3:]).flatten(0, 1)
        out = affine(self.weight.flatten(0, 1), self.bias.flatten(0, 1), x)
        return out.unflatten(0, (members, -1))


class NodeMLPPredictor(Predictor):
    """Each neuron by an MLP of its own, which sees no other ("Model Implementation").

    Parameters
    ----------
    members, neurons, features, hidden
        Sizes; `hidden` channels for each neuron.
    """

    def __init__(self, members: int, neurons: int, features: int = 2, hidden: int = 256) -> None:
        super().__init__(features, hidden)
        self.first = NodeLinear(members, neurons, features, hidden)
        self.readout = silent(NodeLinear(members, neurons, hidden, features))

    def forward(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """See `Predictor.forward`."""
        by_neuron = x.transpose(-3, -2)
        change: Tensor = self.readout(torch.relu(self.first(by_neuron)))
        return change.transpose(1, 2), None

    def values(self, neurons: int) -> int:
        """`N (H + 2 F)`."""
        return neurons * (self.hidden + 2 * self.features)


class FrameEdges(nn.Module):
    """Weights of the edges between all pairs of neurons, inferred anew at each frame (eq. 8-11).

    `h_i = g_enc(x_i)`, `w_ij = softmax(V relu(W [h_i; h_j] + b))_2`. The first layer of the
    pair is factored, `W [h_i; h_j] = W_a h_i + W_b h_j`: one product a neuron, not one a
    pair; and of the softmax over two edge types only the difference of the scores counts.

    Parameters
    ----------
    members, features, hidden
        Sizes.
    """

    def __init__(self, members: int, features: int = 2, hidden: int = 256) -> None:
        super().__init__()
        self.node = Block(members, features, hidden, 2, "none")
        self.receive = Linear(members, hidden, hidden)
        self.send = nn.Parameter(Linear(members, hidden, hidden).weight.detach())
        self.readout = Linear(members, hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`([members,] features, neurons, windows)` to `(members, neurons, neurons, windows)`.

        `weights[m, i, j]` is the edge from neuron j to neuron i.
        """
        neurons = x.shape[-2]
        nodes = self.node(x.flatten(-2))
        to_i = self.receive(nodes).unflatten(2, (neurons, -1))
        from_j = torch.bmm(self.send, nodes).unflatten(2, (neurons, -1))
        scores = frame_edge_scores(to_i, from_j, self.readout.weight.squeeze(1))
        return torch.sigmoid(scores + self.readout.bias[..., None])


class GNNPredictor(Predictor):
    """Messages along inferred edges, concatenated, two layers (eq. 8-14).

    Parameters
    ----------
    members, neurons, features, hidden, norm
        See `Head`.
    edges
        Inferred anew at each `frame` (the paper's choice for this task), or once for a worm
        from the frames of its recording, averaged `after` or `before` the pair's layer.
    """

    def __init__(
        self,
        members: int,
        neurons: int,
        features: int = 2,
        hidden: int = 256,
        norm: Norm = "none",
        edges: Literal["frame", "after", "before"] = "frame",
    ) -> None:
        super().__init__(features, hidden)
        self.encoder = (
            FrameEdges(members, features, hidden)
            if edges == "frame"
            else EdgeEncoder(members, features, hidden, 1, edges, norm)
        )
        self.head = Head(members, features * neurons, neurons, features, hidden, norm)

    def edges(self, context: Tensor) -> Tensor | None:
        """See `Predictor.edges`."""
        return None if isinstance(self.encoder, FrameEdges) else self.encoder(context)

    def messages(self, x: Tensor, edges: Tensor | None = None) -> Tensor:
        """`H = A X` (eq. 14): `(members, features, neurons, windows)`."""
        to_all = "mfjt" if x.dim() == 4 else "fjt"
        if edges is None:
            return torch.einsum(f"mijt,{to_all}->mfit", self.encoder(x), x)
        return torch.einsum(f"mij,{to_all}->mfit", edges, x)

    def forward(
        self, x: Tensor, memory: Memory | None = None, edges: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """See `Predictor.forward`."""
        return self.head(flat(self.messages(x, edges))), None

    def values(self, neurons: int) -> int:
        """`4 F N + 3 H`, and `4 H N + 2 N^2` with edges of each frame.

        The hidden layer of the pairs is not kept. Edges that hold for a recording cost as much
        whatever the number of windows, and are not counted.
        """
        head = 4 * self.features * neurons + 3 * self.hidden
        each_frame = 4 * self.hidden * neurons + 2 * neurons**2
        return head + (each_frame if isinstance(self.encoder, FrameEdges) else 0)
