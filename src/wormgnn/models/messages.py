"""How inferred edges carry messages from neuron to neuron (eq. 12, 14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Message = Literal["sum", "mean", "self", "row", "symmetric"]
"""A key of `MESSAGES`."""


def _with_self(weights: Tensor, share: float = 1.0) -> Tensor:
    """`I + share A`, of edges `(members, neurons, neurons, frames or 1)`."""
    itself = torch.eye(weights.shape[1], dtype=weights.dtype, device=weights.device)
    return itself[..., None] + share * weights


def _symmetric(weights: Tensor) -> Tensor:
    looped = _with_self(weights)
    root = looped.sum(2).rsqrt()  # of what each neuron receives
    return root[:, :, None] * looped * root[:, None]


MESSAGES: dict[str, Callable[[Tensor], Tensor]] = {
    "sum": lambda weights: weights,
    "mean": lambda weights: weights / weights.shape[1],
    "self": lambda weights: _with_self(weights, 1 / weights.shape[1]),
    "row": lambda weights: weights / weights.sum(2, keepdim=True),
    "symmetric": _symmetric,
}
"""How inferred edges carry messages, `H = A X`: from edges w to A, over N neurons.

- `sum`: `A = w` (eq. 12 to the letter).
- `mean`: `A = w / N`.
- `self`: `A = I + w / N`, the mean of the messages and a self edge of one.
- `row`: `A_ij = w_ij / sum_k w_ik`.
- `symmetric`: `A = D^-1/2 (w + I) D^-1/2`, D the row sums of `w + I` (Kipf and Welling 2017).
"""
