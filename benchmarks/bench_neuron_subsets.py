"""MLPs on many sets of neurons: one masked ensemble, against one plain network after another.

A training step, forward and backward, of every network from the same weights. The plain network
is `nn.Linear`, ReLU, `nn.Linear` on the neurons of its set alone. Losses and gradients are
compared before anything is timed. Prints milliseconds of one core (its own time, so that other
work on the machine does not count) and the ratio, for sets of a few sizes and for the number
of sets that train at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from wormgnn.models.subsets import MaskedMLP
from wormgnn.neurons import Neurons, draw_subsets, masks
from wormgnn.recording import PAPER_NEURONS
from wormgnn.tasks.frames import negative_log_likelihood

WORM_SUBSETS, FRAMES, REPEATS = 5, 2100, 15
CASES = [(1, 8), (5, 1), (5, 8), (5, 32), (15, 8)]
"""Neurons in a set, and sets that train at once."""

Step = Callable[[], list[Tensor]]


def drawn(size: int, count: int) -> list[Neurons]:
    """So many sets of a size, again from the first where there are fewer."""
    found = draw_subsets(PAPER_NEURONS, (size,), count)
    return [found[number % len(found)] for number in range(count)]


def plain(model: MaskedMLP, member: int) -> nn.Sequential:
    """A member as a network of its own neurons."""
    seen = model.mask[member, 0] > 0
    network = nn.Sequential(nn.Linear(int(seen.sum()), 16), nn.ReLU(), nn.Linear(16, 2))
    weights = (model.first.weight[member][:, seen], model.first.bias[member, :, 0])
    weights += (model.readout.weight[member], model.readout.bias[member, :, 0])
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), weights, strict=True):
            parameter.copy_(value)
    return network


def ensemble_step(model: MaskedMLP, x: Tensor, y: Tensor) -> Step:
    parameters = list(model.parameters())

    def step() -> list[Tensor]:
        return list(torch.autograd.grad(negative_log_likelihood(model(x), y).sum(), parameters))

    return step


def plain_step(model: MaskedMLP, x: Tensor, y: Tensor) -> Step:
    networks = [plain(model, member) for member in range(len(model.mask))]
    seen = [torch.nonzero(row[0]).flatten() for row in model.mask]
    inputs = [x.flatten(0, 1)[which].T.contiguous() for which in seen]

    def step() -> list[Tensor]:
        gradients = []
        for network, values in zip(networks, inputs, strict=True):
            loss = nn.functional.cross_entropy(network(values), y)
            gradients += torch.autograd.grad(loss, list(network.parameters()))
        return gradients

    return step


def check(model: MaskedMLP, ours: list[Tensor], theirs: list[Tensor]) -> None:
    """Gradients of every member, on its own neurons, and zero on the others."""
    first, first_bias, readout, readout_bias = ours
    for member, row in enumerate(model.mask[:, 0] > 0):
        parts = (first[member][:, row], first_bias[member, :, 0])
        parts += (readout[member], readout_bias[member, :, 0])
        for a, b in zip(parts, theirs[4 * member : 4 * member + 4], strict=True):
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-3)
        assert not first[member][:, ~row].any()


def milliseconds(step: Step) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        step()
        times.append(time.process_time() - start)
    return 1e3 * float(np.median(times))


def main() -> None:
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(0)
    x = torch.rand(2, len(PAPER_NEURONS), FRAMES, generator=random)
    y = torch.randint(2, (FRAMES,), generator=random)
    print("neurons  sets  networks  plain loop (ms)  ensemble (ms)  ratio")
    for size, count in CASES:
        mask = np.repeat(masks(PAPER_NEURONS, drawn(size, count)), WORM_SUBSETS, axis=0)
        model = MaskedMLP(mask, 2, range(len(mask)))
        ours, theirs = ensemble_step(model, x, y), plain_step(model, x, y)
        check(model, ours(), theirs())
        slow, fast = milliseconds(theirs), milliseconds(ours)
        print(f"{size:7d} {count:5d} {len(mask):9d} {slow:16.1f} {fast:14.1f} {slow / fast:6.2f}")


if __name__ == "__main__":
    main()
