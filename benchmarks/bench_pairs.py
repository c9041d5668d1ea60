"""The edge encoder's average over pairs and frames: slice by slice, against written out.

Forward and backward; outputs and gradients are compared first. Prints milliseconds, the
ratio, and the memory that the written-out activations take.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

from wormgnn.models.edges import RectifiedMean

MEMBERS, HIDDEN, NEURONS, FRAMES, REPEATS = 16, 16, 15, 128, 10


def written_out(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Both means from activations of all pairs at all frames."""
    rectified = torch.relu(a[:, :, :, None] + b[:, :, None])
    return rectified.mean(-1), rectified.square().mean(dim=(2, 3, 4))


def with_gradients(function: Callable[..., tuple[Tensor, Tensor]], a: Tensor, b: Tensor) -> list:
    """Outputs and gradients of a fixed combination of them."""
    mean, square = function(a, b)
    return [mean, square, *torch.autograd.grad((mean**2).sum() + square.sum(), [a, b])]


def milliseconds(function: Callable[..., tuple[Tensor, Tensor]], a: Tensor, b: Tensor) -> float:
    """Best of a few runs."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        with_gradients(function, a, b)
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def main() -> None:
    """Compare, then time."""
    random = torch.Generator().manual_seed(0)
    shape = (MEMBERS, HIDDEN, NEURONS, FRAMES)
    a, b = (torch.randn(shape, generator=random).requires_grad_() for _ in range(2))
    for ours, theirs in zip(
        with_gradients(RectifiedMean.apply, a, b), with_gradients(written_out, a, b), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    sliced, whole = milliseconds(RectifiedMean.apply, a, b), milliseconds(written_out, a, b)
    megabytes = 4 * MEMBERS * HIDDEN * NEURONS**2 * FRAMES / 2**20
    print(f"written out {whole:.1f} ms and {megabytes:.0f} MiB an array, sliced {sliced:.1f} ms")
    print(f"ratio {whole / sliced:.1f}")


if __name__ == "__main__":
    main()
