"""Training an ensemble, against one plain `nn.Module` after another and PyTorch Geometric.

All take the same steps of Adam on the same samples from the same weights. Plain networks are the
paper's formula as it stands, with `[h_i; h_j]` for every pair of neurons and frame; through PyTorch
Geometric every frame is a graph of its own, which its loader collates for each step, as it does by
default, or once for all. Outputs are compared before anything is timed, also after some training.

Prints member-steps a second of one core (its own time, so that other work on the machine does not
count), what ours is as a multiple of the others, and the share of matrix products in the rate at
which this core multiplies large matrices; the compiled loops of ours come on top and are not
counted. Every plain network takes as long as the next: a few are timed, however many there are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from torch_geometric.nn import SimpleConv

from wormgnn.models import classifier
from wormgnn.models.gnn import GNN
from wormgnn.models.networks import Network
from wormgnn.tasks.frames import negative_log_likelihood
from wormgnn.training import Batch, Loss, Schedule, Trainer, keep_freed_memory

FEATURES, NEURONS, CONTEXT, CHECKED_STEPS, REPEATS = 2, 15, 128, 3, 5
ALL_PAIRS = torch.cartesian_prod(torch.arange(NEURONS), torch.arange(NEURONS)).T  # receiver first


@dataclass(frozen=True)
class Case:
    """A model and task: sizes, and how many members are timed together."""

    name: str
    build: Callable[[int], Network]
    outputs: int
    hidden: int
    frames: int
    members: tuple[int, ...]
    loss: Loss
    graph: bool = True
    each_frame: bool = False

    def batch(self, members: int, dtype: torch.dtype) -> Batch:
        """Random samples for all members."""
        random = torch.Generator().manual_seed(0)
        x = torch.rand(FEATURES, NEURONS, self.frames, generator=random, dtype=dtype)
        y = torch.randint(self.outputs, (self.frames,), generator=random)
        if self.each_frame:
            y = torch.rand(self.outputs, self.frames, generator=random, dtype=dtype)
        return Batch(torch.arange(members), (x, x[..., :CONTEXT].clone()), y, "worm")


def squared_error(outputs: Tensor, target: Tensor) -> Tensor:
    return (outputs - target).square().mean((1, 2))


CASES = [
    Case(
        "states, MLP",
        lambda members: classifier("mlp", range(members), NEURONS, 2),
        *(2, 16, 2400, (1, 31, 310), negative_log_likelihood, False),
    ),
    Case(
        "states, GNN",
        lambda members: classifier(
            "gnn", range(members), NEURONS, 2, norm="none", encoder_norm="last"
        ),
        *(2, 16, 2400, (1, 31, 310), negative_log_likelihood),
    ),
    Case(
        "traces, GNN",
        lambda members: GNN(
            members, NEURONS, 30, hidden=256, edges="frame", norm="none", lean=True
        ),
        *(30, 256, 64, (1, 31), squared_error, True, True),
    ),
]


class Plain(nn.Module):
    """A member of a case as ordinary layers."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case, hidden = case, case.hidden

        def linear(inputs: int, outputs: int = hidden) -> list[nn.Module]:
            return [nn.Linear(inputs, outputs), nn.ReLU()]

        node, pair, head = linear(FEATURES) + linear(hidden), linear(2 * hidden), linear(30)
        if not case.each_frame:
            for layers in (node, pair) if case.graph else (head,):
                layers.append(nn.BatchNorm1d(hidden))
        self.head = nn.Sequential(*head, nn.Linear(hidden, case.outputs))
        if case.graph:
            self.node, self.pair = nn.Sequential(*node), nn.Sequential(*pair)
            self.readout = nn.Linear(hidden, 1 if case.each_frame else 2)

    def edges(self, context: Tensor) -> Tensor:
        """`(features, neurons, frames)` to `([frames,] neurons, neurons)`."""
        nodes = self.node(context.permute(2, 1, 0).flatten(0, 1)).unflatten(0, (-1, NEURONS))
        receive, send = (nodes[:, which] for which in ALL_PAIRS)
        hidden = self.pair(torch.cat([receive, send], -1).flatten(0, 1))
        hidden = hidden.unflatten(0, (-1, NEURONS, NEURONS))
        if self.case.each_frame:
            return torch.sigmoid(self.readout(hidden))[..., 0]
        return torch.softmax(self.readout(hidden.mean(0)), -1)[..., 1]

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """Outputs `(1, outputs, frames)`."""
        if self.case.graph:
            weights = self.edges(x if self.case.each_frame else context)
            x = self.messages(weights, x)
        return self.head(x.flatten(0, 1).T).T[None]

    def messages(self, weights: Tensor, x: Tensor) -> Tensor:
        pairs = "tij" if self.case.each_frame else "ij"
        return torch.einsum(f"{pairs},fjt->fit", weights, x)


class Geometric(Plain):
    """The same, its messages through PyTorch Geometric."""

    def __init__(self, case: Case, x: Tensor, collate_each: bool) -> None:
        super().__init__(case)
        self.sum = SimpleConv(aggr="sum")
        graphs = [Data(frame, ALL_PAIRS.flip(0)) for frame in x.permute(2, 1, 0)]
        self.loader = DataLoader(graphs, batch_size=len(graphs))
        self.once = None if collate_each else next(iter(self.loader))

    def messages(self, weights: Tensor, x: Tensor) -> Tensor:
        frames = self.once or next(iter(self.loader))
        weights = weights.expand(x.shape[-1], -1, -1).flatten()
        messages = self.sum(frames.x, frames.edge_index, weights)
        return messages.unflatten(0, (-1, NEURONS)).permute(2, 1, 0)


def load(plain: Plain, ours: nn.Module, member: int) -> None:
    """Give a plain network a member's weights."""
    named = {name: value.detach()[member] for name, value in ours.named_parameters()}
    rows = [v.squeeze(-1) if v.shape[-1] == 1 and "bias" in k else v for k, v in named.items()]
    named = dict(zip(named, rows, strict=True))
    if "encoder.send" in named:
        both = torch.cat([named.pop("encoder.receive.weight"), named.pop("encoder.send")], 1)
        named["encoder.pair.first.weight"] = both
        named["encoder.pair.first.bias"] = named.pop("encoder.receive.bias")
    parts = ["head", *(f"encoder.{part}" for part in ("node", "pair", "readout"))]
    given = [value for part in parts for name, value in named.items() if name.startswith(part)]
    with torch.no_grad():
        for parameter, value in zip(plain.parameters(), given, strict=True):
            parameter.copy_(value.view_as(parameter))


def plain_steps(network: Plain, batch: Batch, steps: int) -> None:
    """So many steps of training."""
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(steps):
        optimiser.zero_grad()
        network.case.loss(network(*batch.inputs), batch.target).sum().backward()
        optimiser.step()


def check(case: Case) -> None:
    """The same outputs at first (as timed) and after some steps (in double precision)."""
    case = replace(case, frames=CONTEXT)
    for dtype, steps, near in ((torch.float32, 0, 1e-4), (torch.float64, CHECKED_STEPS, 1e-5)):
        batch, model = case.batch(2, dtype), case.build(2).to(dtype)
        others = [Plain(case)]
        others += [Geometric(case, batch.inputs[0], each) for each in (True, False) if case.graph]
        for network in others:
            load(network.to(dtype), model, 1)
            plain_steps(network, batch, steps)
        trainer = Trainer(model, case.loss, Schedule())
        for _ in range(steps):
            trainer.step(batch)
        values = trainer.stack.named(trainer.stack.flats)
        found = functional_call(model.train(), values, batch.inputs)[1]
        for network in others:
            torch.testing.assert_close(network(*batch.inputs)[0], found, rtol=near, atol=near)


def seconds(step: Callable[[], None]) -> float:
    """Of the processor, best of a few runs."""
    step()
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        step()
        times.append(time.process_time() - start)
    return min(times)


def products_per_second(size: int = 1024) -> float:
    """Floating-point operations a second of one core in large matrix products."""
    a, b = torch.rand(2, size, size)
    return 2 * size**3 / seconds(lambda: torch.mm(a, b))


def operations(step: Callable[[], None]) -> int:
    """Floating-point operations in matrix products."""
    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops()


def report(case: Case, peak: float) -> None:
    """Time ours for each number of members, and one network of the others."""
    batch = case.batch(1, torch.float32)
    others = {"nn.Module": Plain(case)}
    if case.graph:
        others["PyG, collated once"] = Geometric(case, batch.inputs[0], False)
        others["PyG"] = Geometric(case, batch.inputs[0], True)
    slow = {k: 1 / seconds(partial(plain_steps, one, batch, 1)) for k, one in others.items()}
    print(f"{case.name}: {case.frames} frames, {case.hidden} hidden channels")
    print("  ".join(["", *(f"{name} {rate:.1f} member-steps/s" for name, rate in slow.items())]))
    for members in case.members:
        trainer = Trainer(case.build(members), case.loss, Schedule())
        step = partial(trainer.step, case.batch(members, torch.float32))
        rate, count = members / seconds(step), operations(step) / members
        ratios = [f"{rate / other:.1f} x {name}" for name, other in slow.items()]
        share = f"{100 * rate * count / peak:.0f} % of large matrix products"
        print("  ".join(["", f"{members} members: {rate:.0f} member-steps/s", *ratios, share]))


def main() -> None:
    """Compare all, then time all."""
    torch.set_num_threads(1)
    keep_freed_memory()
    for case in CASES:
        check(case)
    peak = products_per_second()
    print(f"one core; large matrix products {peak / 1e9:.0f} GFLOP/s")
    for case in CASES:
        report(case, peak)


if __name__ == "__main__":
    main()
