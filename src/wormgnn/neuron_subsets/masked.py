"""MLPs on many sets of neurons in one ensemble: each member sees its own neurons alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wormgnn.errors import NeuronError
from wormgnn.models.layers import Linear, affine


class MaskedMLP(nn.Module):
    """`models.mlp.MLP` without batch norm, each member on its own subset of the neurons.

    Weights from the other neurons are multiplied by zero, so that all members share one
    matrix product; the initial weights are those of the smaller network.

    Parameters
    ----------
    mask
        True where a member sees a neuron, shape (members, neurons).
    outputs
        Number of states.
    seeds
        Seed of each member's initial weights: what a member becomes does not depend on the
        others in the ensemble. torch's global generator is left as it was.
    features, hidden
        Sizes of a neuron's input and of the hidden layer (paper: 16).

    NeuronError for a member without neurons.
    """

    mask: Tensor

    def __init__(
        self,
        mask: NDArray[np.bool_],
        outputs: int,
        seeds: Sequence[int],
        features: int = 2,
        hidden: int = 16,
    ) -> None:
        super().__init__()
        if not mask.any(axis=1).all():
            raise NeuronError("expected at least one neuron for each member of the ensemble")
        members, neurons = mask.shape
        inputs = torch.from_numpy(np.tile(mask, features)).float()[:, None]
        with torch.random.fork_rng(devices=[]):
            self.first = Linear(members, features * neurons, hidden)
            self.readout = Linear(members, hidden, outputs)
        self.register_buffer("mask", inputs)
        self._initialise(seeds)

    @torch.no_grad()
    def _initialise(self, seeds: Sequence[int]) -> None:
        """Uniform within one over the square root of the inputs that a member really has."""
        for member, seed in enumerate(seeds):
            random = torch.Generator().manual_seed(seed)
            seen = float(self.mask[member].sum())
            hidden = float(self.readout.weight.shape[-1])
            for layer, inputs in ((self.first, seen), (self.readout, hidden)):
                for tensor in (layer.weight[member], layer.bias[member]):
                    tensor.uniform_(-(inputs**-0.5), inputs**-0.5, generator=random)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Shared `(features, neurons, frames)` to scores `(members, outputs, frames)`.

        `context` is what other networks take beside the neurons; this one needs none.
        """
        hidden = affine(self.first.weight * self.mask, self.first.bias, x.flatten(0, 1))
        scores: Tensor = self.readout(torch.relu(hidden))
        return scores


@torch.no_grad()
def filled(full: MaskedMLP, means: NDArray[np.float32], masks: NDArray[np.bool_]) -> MaskedMLP:
    """The same networks where neurons are missing and a mean stands for each.

    A constant input is a shift of the bias, so this is an ensemble of masked networks.

    Parameters
    ----------
    full
        Networks that see all neurons.
    means
        What each of them is given for a missing neuron, shape (members, features, neurons).
    masks
        True where a neuron is there, shape (cases, neurons).

    Returns
    -------
    model
        Members in the order (case, member of `full`).
    """
    members, features = len(full.mask), means.shape[1]
    model = MaskedMLP(
        np.repeat(masks, members, axis=0),
        full.readout.weight.shape[1],
        [0] * (members * len(masks)),
        features,
        full.first.weight.shape[1],
    )
    for name, tensor in full.named_parameters():
        model.get_parameter(name).copy_(tensor.repeat(len(masks), 1, 1))
    given = torch.from_numpy(means).flatten(1)[:, None].repeat(len(masks), 1, 1)
    missing = model.first.weight * given * (1 - model.mask)
    model.first.bias.add_(missing.sum(2, keepdim=True))
    model.eval()
    return model
