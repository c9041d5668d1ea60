"""Training all worm subsets of a fold as one ensemble, against one plain network after another.

Both do the same steps on the same samples from the same weights; the outputs are compared
before anything is timed. Prints seconds and the ratio.
"""

from __future__ import annotations

import time

import torch
from torch import nn

from wormgnn.models import classifier
from wormgnn.tasks.frames import negative_log_likelihood
from wormgnn.training import Batch, Schedule, Trainer

MEMBERS, NEURONS, FRAMES, STATES = 16, 15, 2080, 2
STEPS, CHECKED_STEPS = 40, 5


def plain(model: nn.Module, member: int) -> nn.Sequential:
    """One member of the ensemble as ordinary layers."""
    block, readout = model.head.block, model.head.readout
    network = nn.Sequential(
        nn.Linear(2 * NEURONS, 16), nn.ReLU(), nn.BatchNorm1d(16), nn.Linear(16, STATES)
    )
    with torch.no_grad():
        for layer, linear in ((network[0], block.first), (network[3], readout)):
            layer.weight.copy_(linear.weight[member])
            layer.bias.copy_(linear.bias[member, :, 0])
    return network


def train_plain(
    networks: list[nn.Sequential], x: torch.Tensor, y: torch.Tensor, steps: int
) -> None:
    """Train the networks one after another."""
    samples = x.flatten(0, 1).T.contiguous()
    for network in networks:
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
        for _ in range(steps):
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(samples), y).backward()
            optimiser.step()


def prepare(dtype: torch.dtype) -> tuple[list[nn.Sequential], Trainer, Batch]:
    """The same untrained networks twice, and samples."""
    random = torch.Generator().manual_seed(0)
    x = torch.rand(2, NEURONS, FRAMES, generator=random, dtype=dtype)
    y = torch.randint(0, STATES, (FRAMES,), generator=random)
    model = classifier("mlp", MEMBERS, NEURONS, STATES, seed=0).to(dtype)
    networks = [plain(model, member).to(dtype) for member in range(MEMBERS)]
    batch = Batch(torch.arange(MEMBERS), (x, x[..., :128]), y)
    return networks, Trainer(model, negative_log_likelihood, Schedule()), batch


def check() -> None:
    """Both ways give the same weights (in double precision, where rounding cannot grow)."""
    networks, trainer, batch = prepare(torch.float64)
    train_plain(networks, batch.inputs[0], batch.target, CHECKED_STEPS)
    for _ in range(CHECKED_STEPS):
        trainer.step(batch)
    assert trainer.parameters.flat is not None
    ours = trainer.parameters.named(trainer.parameters.flat)["head.block.first.weight"]
    theirs = torch.stack([network[0].weight.detach() for network in networks])
    torch.testing.assert_close(ours, theirs)


def main() -> None:
    """Compare, then time."""
    check()
    networks, trainer, batch = prepare(torch.float32)
    start = time.perf_counter()
    train_plain(networks, batch.inputs[0], batch.target, STEPS)
    plain_s = time.perf_counter() - start
    start = time.perf_counter()
    for _ in range(STEPS):
        trainer.step(batch)
    ensemble_s = time.perf_counter() - start
    print(f"{MEMBERS} members, {STEPS} steps, {FRAMES} frames, {torch.get_num_threads()} threads")
    print(f"one after another {plain_s:.2f} s, ensemble {ensemble_s:.2f} s")
    print(f"ratio {plain_s / ensemble_s:.1f}")


if __name__ == "__main__":
    main()
