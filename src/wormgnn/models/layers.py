"""Layers with a leading member axis: an ensemble of independent networks, computed at once.

Activations are channels-first, `(members, channels, samples)`; an input without a member
axis, `(channels, samples)`, is shared by all members and meets all their weights in a
single matrix product. One network is an ensemble of one member.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from wormgnn.errors import ChoiceError
from wormgnn.models import kernels

Norm = Literal["last", "none"]
Blocks = Literal["paper", "nri"]

Memory = tuple[Tensor, ...]
"""What a recurrent network carries from frame to frame, each with a leading member axis."""


class Linear(nn.Module):
    """Affine map of the channels, for each member, and for each neuron if their number is given.

    `y[m] = W[m] x[m] + b[m]`, initialised as `torch.nn.Linear` is.
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
        """Normalise `(members, channels, samples)`."""
        if self.use_running and not self.training:
            scale, shift = self.coefficients(self.running_mean, self.running_var, x.shape[-1])
            return torch.addcmul(shift, x, scale)
        if kernels.suit(x):
            normalised, mean, var = _Normalised.apply(x, self.weight, self.bias, self.eps)
        else:  # members and channels together are the channels of torch's own
            flat = x.reshape(1, -1, x.shape[-1])
            given = self.weight.reshape(-1), self.bias.reshape(-1)
            normalised = functional.batch_norm(flat, None, None, *given, True, 0, self.eps)
            normalised = normalised.view_as(x)
            var, mean = torch.var_mean(x.detach(), -1, correction=0, keepdim=True)
        self._follow(mean, var, x.shape[-1])
        return normalised

    def coefficients(self, mean: Tensor, var: Tensor, samples: int) -> tuple[Tensor, Tensor]:
        """Scale and shift for a batch with this mean and biased variance.

        All shapes `(members, channels, 1)`. Training moves the running statistics towards
        the batch's; evaluation uses them in its place (unless `use_running` is false).
        """
        self._follow(mean, var, samples)
        if not self.training and self.use_running:
            mean, var = self.running_mean, self.running_var
        scale = self.weight * torch.rsqrt(var + self.eps)
        return scale, self.bias - mean * scale

    @torch.no_grad()
    def _follow(self, mean: Tensor, var: Tensor, samples: int) -> None:
        """In training, move the running statistics towards a batch's."""
        if self.training:
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var * (samples / max(samples - 1, 1)), self.momentum)


class _Normalised(torch.autograd.Function):
    """Batch norm by the batch at hand, in the loops of `kernels`; mean and variance come along."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """`(members, channels, samples)`, and twice `(members, channels, 1)`."""
        y, *moments = kernels.run(partial(kernels.normalise, eps), x, weight[..., 0], bias[..., 0])
        mean, var = (moment[..., None] for moment in moments)
        ctx.save_for_backward(x, weight, mean, var)
        ctx.mark_non_differentiable(mean, var)
        ctx.eps = eps
        return y, mean, var

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of x, weight and bias."""
        x, *channels = ctx.saved_tensors
        loop = partial(kernels.normalise_backward, ctx.eps)
        of_x, *others = kernels.run(loop, x, *(each[..., 0] for each in channels), grads[0])
        return of_x, *(each[..., None] for each in others), None


class Block(nn.Module):
    """One or two linear layers, each followed by a ReLU, then batch norm ("Model Implementation").

    The paper's two-layer `g` can be read in two ways: the second layer is the one that gives
    the scores (`hidden_layers` 1, followed by a `readout`), or it is hidden too (`hidden_layers`
    2). Or it is the block of the neural relational inference that the paper builds on (`blocks`
    "nri"; Kipf et al. 2018): two hidden layers with ELU, Xavier-normal weights and biases of 0.1.

    The output has `hidden` channels. With `neurons`, each has layers of its own. Batch norm stands
    behind the `last` hidden layer, or there is `none`; `use_running` tells whether evaluation
    normalises by running statistics, or by the batch at hand. ChoiceError for an unknown norm or
    blocks.
    """

    def __init__(
        self,
        members: int,
        inputs: int,
        hidden: int,
        hidden_layers: int = 1,
        norm: Norm = "last",
        use_running: bool = True,
        blocks: Blocks = "paper",
        neurons: int | None = None,
    ) -> None:
        super().__init__()
        if blocks not in ("paper", "nri"):
            raise ChoiceError("blocks", blocks, ("paper", "nri"))
        if norm not in ("last", "none"):
            raise ChoiceError("norm", norm, ("last", "none"))
        self.is_nri, self.neurons = blocks == "nri", neurons
        self.activation = functional.elu if self.is_nri else torch.relu
        self.hidden_layers = 2 if self.is_nri else hidden_layers
        self.first = Linear(members, inputs, hidden, neurons)
        if self.hidden_layers > 1:
            self.second = Linear(members, hidden, hidden, neurons)
        self.norm = BatchNorm(members, hidden, use_running) if norm == "last" else nn.Identity()
        if self.is_nri:
            self.apply(xavier)

    def forward(self, x: Tensor) -> Tensor:
        """`(members, inputs, samples)` or `(inputs, samples)` to `(members, hidden, samples)`."""
        return self.rest(self.first(x))

    def rest(self, activation: Tensor) -> Tensor:
        """Everything behind the first linear layer."""
        hidden = self.activation(activation)
        if self.hidden_layers > 1:
            hidden = self.activation(self.second(hidden))
        normed: Tensor = self.norm(hidden)
        return normed

    def readout(self, outputs: int) -> Linear:
        """A linear map of the hidden channels, to stand behind; drawn as the block's own are."""
        members, hidden = len(self.first.weight), self.first.weight.shape[-2]
        readout = Linear(members, hidden, outputs, self.neurons)
        if self.is_nri:
            xavier(readout)
        return readout


@torch.no_grad()
def xavier(layer: nn.Module) -> None:
    """Draw Xavier-normal weights and set biases to 0.1, where the layer is `Linear`.

    Weights have the variance `2 / (inputs + outputs)`, as in the code of Kipf et al. (2018).
    """
    if isinstance(layer, Linear):
        layer.weight.normal_(0, math.sqrt(2 / sum(layer.weight.shape[-2:])))
        layer.bias.fill_(0.1)


@torch.no_grad()
def silent(layer: Linear) -> Linear:
    """The layer with weights and biases of zero.

    A network of changes that ends in it starts as persistence. From torch's own initial
    weights the first roll-outs run away, and networks end with a higher error on the
    validation windows of their training worms.
    """
    for parameter in layer.parameters():
        parameter.zero_()
    return layer


class Head(nn.Module):
    """The two-layer `g` and a readout into the outputs (eq. 7).

    `starts_silent` tells whether the readout starts at zero (see `silent`); `options` are those of
    `Block`.
    """

    def __init__(
        self,
        members: int,
        inputs: int,
        outputs: int,
        hidden: int,
        starts_silent: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        self.block = Block(members, inputs, hidden, **options)
        readout = self.block.readout(outputs)
        self.readout = silent(readout) if starts_silent else readout
        self.values = 3 * hidden * self.block.hidden_layers
        """Bound on the numbers kept for the backward pass at each sample, inputs aside."""

    def forward(self, x: Tensor) -> Tensor:
        """`([members,] inputs, samples)` to `(members, outputs, samples)`."""
        outputs: Tensor = self.readout(self.block(x))
        return outputs


class LSTMCell(nn.Module):
    """One step of an LSTM for each member; equations and initialisation of `torch.nn.LSTMCell`.

    With `neurons`, each has an LSTM of its own.
    """

    def __init__(self, members: int, inputs: int, hidden: int, neurons: int | None = None) -> None:
        super().__init__()
        bound = 1 / math.sqrt(hidden)
        each = (members,) if neurons is None else (members, neurons)

        def draw(columns: int) -> nn.Parameter:
            drawn = torch.empty(*each, 4 * hidden, columns).uniform_(-bound, bound)
            return nn.Parameter(drawn)

        if neurons is None:
            self.weight_ih, self.weight_hh = draw(inputs), draw(hidden)
            self.bias_ih, self.bias_hh = draw(1), draw(1)
        else:  # in this order, the second time, are the weights of the published results
            for _ in range(2):
                self.weight_ih, self.bias_ih = draw(inputs), draw(1)
                self.weight_hh, self.bias_hh = draw(hidden), draw(1)

    def forward(self, x: Tensor, memory: Memory | None = None) -> Memory:
        """`([members,] [neurons,] inputs, windows)` and `(h, c)` to the next `(h, c)`.

        Each part of the memory is `(members, [neurons,] hidden, windows)`; None is all zeros.
        """
        gates = affine(self.weight_ih, self.bias_ih, x)
        if memory is None:
            gates = gates + self.bias_hh
        else:
            gates = gates + affine(self.weight_hh, self.bias_hh, memory[0])
        take, keep, candidate, show = gates.chunk(4, dim=-2)  # in torch's order
        cell = torch.sigmoid(take) * torch.tanh(candidate)
        if memory is not None:
            cell = cell + torch.sigmoid(keep) * memory[1]
        return torch.sigmoid(show) * torch.tanh(cell), cell
