"""Layers with a leading member axis: an ensemble of independent networks, computed at once.

Activations are channels-first, `(members, channels, samples)`; an input without a member
axis, `(channels, samples)`, is shared by all members and meets all their weights in a
single matrix product. One network is an ensemble of one member.
"""

from __future__ import annotations

import math
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

Norm = Literal["last", "each", "none"]
Layer = TypeVar("Layer", bound=nn.Module)


class Linear(nn.Module):
    """Affine map of the channels, one for each member.

    `y[m] = W[m] x[m] + b[m]`, initialised as `torch.nn.Linear` is.

    Parameters
    ----------
    members, inputs, outputs
        Sizes.
    neurons
        If given, each neuron has a map of its own.
    """

    def __init__(self, members: int, inputs: int, outputs: int, neurons: int | None = None) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        each = (members,) if neurons is None else (members, neurons)
        self.weight = nn.Parameter(torch.empty(*each, outputs, inputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(*each, outputs, 1).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """`([members,] [neurons,] inputs, samples)` to `(members, [neurons,] outputs, samples)`."""
        return affine(self.weight, self.bias, x)


def affine(weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    """`weight @ x + bias` over members, or members and neurons; `x` without members is shared."""
    if weight.dim() == 4:
        x = x.expand(len(weight), *x.shape[-3:]).flatten(0, 1)
        product = torch.baddbmm(bias.flatten(0, 1), weight.flatten(0, 1), x)
        return product.unflatten(0, weight.shape[:2])
    if x.dim() == 3:
        return torch.baddbmm(bias, weight, x)
    members, outputs, inputs = weight.shape
    product = torch.addmm(bias.reshape(-1, 1), weight.reshape(-1, inputs), x)
    return product.view(members, outputs, -1)


class BatchNorm(nn.Module):
    """Batch normalisation of each channel over the samples, for each member.

    As `torch.nn.BatchNorm1d` (momentum 0.1, eps 1e-5); with `use_running` false it
    normalises by the batch even in evaluation.
    """

    momentum, eps = 0.1, 1e-5
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, members: int, channels: int, use_running: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(members, channels, 1))
        self.bias = nn.Parameter(torch.zeros(members, channels, 1))
        self.register_buffer("running_mean", torch.zeros(members, channels, 1))
        self.register_buffer("running_var", torch.ones(members, channels, 1))
        self.use_running = use_running

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `(members, channels, samples)`.

        Members and channels together are the channels of torch's own batch norm, whose
        fused kernel takes a fifth of the time of the same thing written out.
        """
        mean, var = self.running_mean.flatten().clone(), self.running_var.flatten().clone()
        frozen = not self.training and not self.use_running
        normalised = functional.batch_norm(
            x.reshape(1, -1, x.shape[-1]),
            None if frozen else mean,
            None if frozen else var,
            self.weight.reshape(-1),
            self.bias.reshape(-1),
            training=self.training or frozen,
            momentum=self.momentum,
            eps=self.eps,
        )
        if self.training:  # the backward pass needs the copies as the kernel left them
            self.running_mean.copy_(mean.view_as(self.running_mean))
            self.running_var.copy_(var.view_as(self.running_var))
        return normalised.view_as(x)

    def coefficients(self, mean: Tensor, var: Tensor, samples: int) -> tuple[Tensor, Tensor]:
        """Scale and shift for a batch with this mean and biased variance.

        All shapes `(members, channels, 1)`. Training moves the running statistics towards
        the batch's; evaluation uses them in its place (unless `use_running` is false).
        """
        if self.training:
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(var * (samples / max(samples - 1, 1)), self.momentum)
        elif self.use_running:
            mean, var = self.running_mean, self.running_var
        scale = self.weight * torch.rsqrt(var + self.eps)
        return scale, self.bias - mean * scale


class Block(nn.Module):
    """Linear layers, each followed by a ReLU, with batch norm (paper, "Model Implementation").

    The paper's two-layer `g` can be read in two ways: the second layer is the one that gives
    the scores (`hidden_layers` 1, followed by a `Linear` readout), or it is hidden too
    (`hidden_layers` 2).

    Parameters
    ----------
    members, inputs, hidden
        Sizes; the output has `hidden` channels.
    hidden_layers
        1 or 2.
    norm
        Batch norm on the output of the `last` hidden layer, of `each`, or `none`.
    use_running
        Whether evaluation normalises by running statistics, or by the batch at hand.
    """

    def __init__(
        self,
        members: int,
        inputs: int,
        hidden: int,
        hidden_layers: int = 1,
        norm: Norm = "last",
        use_running: bool = True,
    ) -> None:
        super().__init__()
        self.hidden_layers = hidden_layers
        first_normed = norm == "each" or (norm == "last" and hidden_layers == 1)
        self.first = Linear(members, inputs, hidden)
        self.first_norm = norm_layer(first_normed, members, hidden, use_running)
        if hidden_layers > 1:
            self.second = Linear(members, hidden, hidden)
            self.second_norm = norm_layer(norm != "none", members, hidden, use_running)

    def forward(self, x: Tensor) -> Tensor:
        """`(members, inputs, samples)` or `(inputs, samples)` to `(members, hidden, samples)`."""
        return self.rest(self.first(x))

    def rest(self, activation: Tensor) -> Tensor:
        """Everything behind the first linear layer."""
        hidden: Tensor = self.first_norm(torch.relu(activation))
        if self.hidden_layers > 1:
            hidden = self.second_norm(torch.relu(self.second(hidden)))
        return hidden


def norm_layer(wanted: bool, members: int, channels: int, use_running: bool = True) -> nn.Module:
    """Batch norm, or nothing."""
    return BatchNorm(members, channels, use_running) if wanted else nn.Identity()


def silent(layer: Layer) -> Layer:
    """The layer with weights and biases of zero.

    A network of changes that ends in it starts as persistence. From torch's own initial
    weights the first roll-outs run away, and networks end with a higher error on the
    validation windows of their training worms.
    """
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
    return layer


class Head(nn.Module):
    """The two-layer `g` and a readout into the outputs (eq. 7).

    Parameters
    ----------
    members, inputs, outputs
        Sizes.
    hidden, hidden_layers, norm
        See `Block`.
    starts_silent
        Whether the readout starts at zero; see `silent`.
    """

    def __init__(
        self,
        members: int,
        inputs: int,
        outputs: int,
        hidden: int,
        hidden_layers: int = 1,
        norm: Norm = "last",
        starts_silent: bool = False,
    ) -> None:
        super().__init__()
        self.block = Block(members, inputs, hidden, hidden_layers, norm)
        readout = Linear(members, hidden, outputs)
        self.readout = silent(readout) if starts_silent else readout
        self.values = 3 * hidden * hidden_layers
        """Bound on the numbers kept for the backward pass at each sample, inputs aside."""

    def forward(self, x: Tensor) -> Tensor:
        """`([members,] inputs, samples)` to `(members, outputs, samples)`."""
        outputs: Tensor = self.readout(self.block(x))
        return outputs
