"""Edges of every frame: one factored ensemble, against one plain network after another.

A training step, forward and backward, from the same weights. The plain network is the paper's
formula as it stands: `[h_i; h_j]` for every pair and frame, `nn.Linear`, ReLU, `nn.Linear`
into two edge types, softmax. Weights of the edges and gradients are compared before anything
is timed. Prints milliseconds of one core (its own time, so that other work on the machine does
not count), what is kept for the backward pass, and the ratios.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from wormgnn.models.edges import FrameEdges
from wormgnn.models.layers import Linear

MEMBERS, NEURONS, FEATURES, REPEATS = 4, 15, 2, 5
SIZES = [(64, 64), (64, 350), (256, 64)]
"""Hidden channels and windows."""

Step = Callable[[], Tensor]


class PlainEdges(nn.Module):
    """The network of one member."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.node = nn.Sequential(
            nn.Linear(FEATURES, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        )
        self.pair = nn.Sequential(
            nn.Linear(2 * hidden, hidden), nn.ReLU(), nn.Linear(hidden, 2), nn.Softmax(-1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """`(windows, neurons, features)` to `(windows, neurons, neurons)`."""
        nodes = self.node(x)
        shape = (-1, NEURONS, NEURONS, nodes.shape[-1])
        receive, send = nodes[:, :, None].expand(shape), nodes[:, None].expand(shape)
        return self.pair(torch.cat([receive, send], -1))[..., 1]


def copied(linear: Linear, member: int) -> tuple[Tensor, Tensor]:
    """A member's weight and bias."""
    return linear.weight[member], linear.bias[member, :, 0]


def as_plain(ours: FrameEdges, parts: Callable[[Tensor], Tensor | None], m: int) -> list[Tensor]:
    """What `parts` takes of a member's parameters (them or gradients), as the plain ones."""
    block = ours.node

    def of(parameter: Tensor) -> Tensor:
        part = parts(parameter)
        assert part is not None
        return part[m]

    both = torch.cat([of(ours.receive.weight), of(ours.send)], 1)
    pair = [both, of(ours.receive.bias)[:, 0]]
    readout = [of(ours.readout.weight)[0], of(ours.readout.bias)[0, 0]]
    first = [of(block.first.weight), of(block.first.bias)[:, 0]]
    return [*first, of(block.second.weight), of(block.second.bias)[:, 0], *pair, *readout]


def plain(ours: FrameEdges, member: int, hidden: int) -> PlainEdges:
    """A member of the ensemble as a plain network: the second edge type has all the score."""
    network = PlainEdges(hidden)
    *layers, weight, bias = as_plain(ours, lambda parameter: parameter.detach(), member)
    *parameters, last_weight, last_bias = network.parameters()
    with torch.no_grad():
        for parameter, value in zip(parameters, layers, strict=True):
            parameter.copy_(value)
        last_weight.zero_()[1] = weight
        last_bias.zero_()[1] = bias
    return network


def steps(
    hidden: int, windows: int, dtype: torch.dtype
) -> tuple[FrameEdges, list[PlainEdges], Step, Step]:
    """Both sets of weights, and a training step of each that returns the edges."""
    torch.manual_seed(0)
    ours = FrameEdges(MEMBERS, FEATURES, hidden).to(dtype)
    networks = [plain(ours, member, hidden).to(dtype) for member in range(MEMBERS)]
    x = torch.randn(FEATURES, NEURONS, windows, dtype=dtype)
    wanted = torch.rand(MEMBERS, NEURONS, NEURONS, windows, dtype=dtype)
    by_window = x.permute(2, 1, 0).contiguous()

    def ensemble() -> Tensor:
        ours.zero_grad()
        edges = ours(x)
        (edges - wanted).square().sum().backward()
        return edges.detach()

    def one_after_another() -> Tensor:
        found = []
        for network, target in zip(networks, wanted.permute(0, 3, 1, 2), strict=True):
            network.zero_grad()
            edges = network(by_window)
            (edges - target).square().sum().backward()
            found.append(edges.detach().permute(1, 2, 0))
        return torch.stack(found)

    return ours, networks, ensemble, one_after_another


def check(hidden: int, windows: int) -> None:
    """Both ways give the same edges and gradients (in double precision)."""
    ours, networks, ensemble, one_after_another = steps(hidden, windows, torch.float64)
    torch.testing.assert_close(ensemble(), one_after_another())
    for member, network in enumerate(networks):
        found = as_plain(ours, lambda parameter: parameter.grad, member)
        gradients = [parameter.grad for parameter in network.parameters()]
        # Of the two edge types' readouts only the difference counts.
        gradients[-2:] = [gradient[1] for gradient in gradients[-2:]]
        torch.testing.assert_close(found, gradients)


def kept_bytes(step: Step) -> int:
    """Bytes of all storages that autograd keeps from the forward to the backward pass.

    The most at any time: a network's are gone when the next one's turn comes.
    """
    held: dict[int, int] = {}
    most = 0

    class Kept:
        def __init__(self, tensor: Tensor) -> None:
            nonlocal most
            self.tensor, self.key = tensor, tensor.untyped_storage().data_ptr()
            held[self.key] = held.get(self.key, 0) + 1
            most = max(most, sum(sizes[key] for key in held))

        def __del__(self) -> None:
            held[self.key] -= 1
            if not held[self.key]:
                del held[self.key]

    sizes: dict[int, int] = {}

    def keep(tensor: Tensor) -> Kept:
        sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return Kept(tensor)

    with saved_tensors_hooks(keep, lambda kept: kept.tensor):
        step()
    return most


def milliseconds(step: Step) -> float:
    """Time on the processor, best of a few runs."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        step()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def main() -> None:
    """Compare, then time."""
    torch.set_num_threads(1)
    print(f"{MEMBERS} members, {NEURONS} neurons, one thread")
    for hidden, windows in SIZES:
        check(hidden, min(windows, 16))
        _, _, ensemble, one_after_another = steps(hidden, windows, torch.float32)
        torch.testing.assert_close(ensemble(), one_after_another(), rtol=1e-4, atol=1e-5)
        plain_ms, ours_ms = milliseconds(one_after_another), milliseconds(ensemble)
        plain_mib, ours_mib = (kept_bytes(s) / 2**20 for s in (one_after_another, ensemble))
        print(f"hidden {hidden}, {windows} windows")
        print(f"  one after another {plain_ms:.0f} ms, kept for backward {plain_mib:.0f} MiB")
        print(f"  factored ensemble {ours_ms:.0f} ms, kept for backward {ours_mib:.0f} MiB")
        print(f"  ratio {plain_ms / ours_ms:.1f}, memory {plain_mib / ours_mib:.1f}")


if __name__ == "__main__":
    main()
