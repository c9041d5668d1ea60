"""Tiny made-up worms and networks for the tests of the engine: no simulator, no file."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch
from torch import nn

from wormgnn.recording import Recording
from wormgnn.states import SEVEN

NEURONS = ("AVAL", "AVAR", "RIML", "VB01")


def tiny_worm(
    name: str = "worm-1",
    n_frames: int = 200,
    seed: int = 0,
    neurons: tuple[str, ...] = NEURONS,
    vocabulary: tuple[str, ...] = SEVEN,
) -> Recording:
    """Bouts of ten frames; each neuron follows the state with noise, so that it can be learned."""
    rng = np.random.default_rng(seed)
    bouts = rng.permutation(np.arange(-(-n_frames // 10)) % (len(vocabulary) + 1)) - 1
    states = np.repeat(bouts, 10)[:n_frames].astype(np.int64)
    tuning = rng.normal(size=(len(vocabulary) + 1, len(neurons)))
    traces = tuning[states] + 0.3 * rng.normal(size=(n_frames, len(neurons)))
    return Recording(name, "tiny", traces, neurons, 3.0, states, vocabulary)


def tiny_worms(n_worms: int = 4, **changes: object) -> list[Recording]:
    return [tiny_worm(f"worm-{i + 1}", seed=i, **changes) for i in range(n_worms)]  # type: ignore[arg-type]


def partly_named() -> list[Recording]:
    """Three worms: the second lacks RIML, the third has XXX, which no other has."""
    names = [NEURONS, ("AVAL", "AVAR", "VB01"), (*NEURONS, "XXX")]
    return [tiny_worm(f"worm-{i + 1}", seed=i, neurons=n) for i, n in enumerate(names)]


Module = TypeVar("Module", bound=nn.Module)


def randomise(module: Module, seed: int = 0, scale: float = 0.6) -> Module:
    """The module with all parameters and statistics drawn anew: none is zero, no two members alike.

    Networks that predict trajectories start as persistence, whatever they would compute.
    """
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            tensor.copy_(scale * torch.randn(tensor.shape, generator=random))
            if name.endswith("running_var"):
                tensor.abs_().add_(0.5)
    return module


def count_folds(monkeypatch, module, function: str) -> list[tuple[str, int]]:  # type: ignore[no-untyped-def]
    """Model and fold of each later call of a function that runs one, in the order of the calls.

    Its first argument is the plan, its last two are the fold and the device.
    """
    seen, run_fold = [], getattr(module, function)

    def counted(plan, *rest):  # type: ignore[no-untyped-def]
        seen.append((plan.model, rest[-2]))
        return run_fold(plan, *rest)

    monkeypatch.setattr(module, function, counted)
    return seen
