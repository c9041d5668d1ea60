"""A member is the same network in whatever company and on however many threads it trains."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from tiny import NEURONS, tiny_worms
from wormgnn.cohort import Cohort
from wormgnn.plan import Plan, Profile
from wormgnn.runner import TASKS
from wormgnn.tasks.frames import member_seeds

WORMS = ("worm-1", "worm-2", "worm-3", "worm-4", "worm-5")
SUBSET = ("worm-2", "worm-4")
COMPANIES = {1: (SUBSET,), 3: (("worm-1",), SUBSET, ("worm-1", "worm-2", "worm-5"))}
ENCODER = {"norm": "none", "encoder_norm": "last"}
NO_NORM = [
    Plan("mlp", options={"norm": "none"}),
    Plan("gnn", options={"norm": "none"}),
    Plan("gnn-connectome", options={"norm": "none"}),
    *(Plan("zoo", options={"layer": layer}) for layer in ("gat", "sage")),
    Plan("set-reader"),
    Plan("masked-mlp", options={"draws": [["AVAL", "RIML"], ["VB01"]]}),
    *(Plan(model, "traces") for model in ("mlp", "gnn", "gat", "gnn-rnn")),
]
NORMED = [
    Plan("mlp"),
    Plan("gnn"),
    Plan("gnn", options={**ENCODER, "edges": "before"}),
    Plan("mlp", "traces", options={"norm": "last"}),
]
PLANS = [*((plan, 1e-5) for plan in NO_NORM), *((plan, 1e-3) for plan in NORMED)]


@dataclass(frozen=True)
class Company(Profile):
    """A profile whose worm subsets are given; all of them if None."""

    members: tuple[tuple[str, ...], ...] | None = None

    def subsets(self, worms, sizes=None):
        return super().subsets(worms, sizes) if self.members is None else list(self.members)


def trained(plan, members):
    """What a fold keeps of one member, with its subset's rows alone."""
    worms = tiny_worms(5, n_frames=120)
    profile = Company("company", None, (1,), epochs=4, n_folds=5, hidden=6, members=members)
    cohort = Cohort.of(worms, NEURONS, profile)
    arrays = TASKS[plan.task].run_fold(plan, cohort, 1, "cpu")
    subsets = TASKS[plan.task].subsets(plan, cohort)
    own = np.arange(len(arrays["seen"])) % len(subsets) == subsets.index(SUBSET)
    kept = ("parameters", "statistics", "counts", "edges", "mse", "free", "validation")
    arrays = {name: arrays[name] for name in kept if name in arrays and arrays[name].size}
    if plan.task == "states" and "validation" in arrays:
        arrays["validation"] = arrays["validation"].T  # members first
    return {name: array[own] for name, array in arrays.items()}


@pytest.mark.parametrize("company", [3, 31])
@pytest.mark.parametrize(
    ("plan", "tolerance"), PLANS, ids=lambda p: f"{p.model}-{p.task}" if isinstance(p, Plan) else p
)
def test_a_member_is_the_same_network_in_any_company(plan, tolerance, company):
    alone, among = (trained(plan, COMPANIES.get(size)) for size in (1, company))
    assert alone.keys() == among.keys() and alone
    for name, array in alone.items():
        if name == "counts":  # of frames, of which rounding may turn one
            assert abs(array - among[name]).sum() <= 2
        else:
            apart = abs(array - among[name]) > tolerance * (1 + abs(array))
            # Batch norm takes out the bias in front of it wherever the ReLU between them is always
            # on: its gradient is rounding, of which Adam makes a step all the same.
            free = tolerance > 1e-4 and name in ("parameters", "statistics")
            assert apart.mean() <= (0.05 if free else 0), name


def test_another_seed_fold_or_subset_is_another_network():
    plan = Plan("mlp", options={"norm": "none"})
    seeds = [
        member_seeds(p, fold, [SUBSET]) for p in (plan, replace(plan, seed=1)) for fold in (0, 1)
    ]
    seeds += [member_seeds(replace(plan, model="gnn"), 0, [SUBSET])]
    seeds += [member_seeds(plan, 0, [WORMS[:2]]), member_seeds(plan, 0, [SUBSET], NEURONS)]
    assert len({seed for (seed,) in seeds}) == len(seeds)
    assert member_seeds(plan, 0, [SUBSET]) == member_seeds(plan, 0, [SUBSET[::-1]])
    initial = [trained(replace(plan, seed=seed), COMPANIES[1])["parameters"] for seed in (0, 1)]
    assert abs(initial[0] - initial[1]).max() > 0.01


BITS = [Plan("mlp", sizes=(2,)), Plan("gnn", sizes=(2,)), Plan("gnn", task="traces", sizes=(1,))]
LONG = 2000  # so many frames that operations are shared out among threads


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def fold(plan, device="cpu"):
    scale = Profile("tiny", subsets_per_size=1, folds=(0,), epochs=1, n_folds=4, hidden=8)
    cohort = Cohort.of(tiny_worms(2, n_frames=LONG), NEURONS, scale)
    return TASKS[plan.task].run_fold(plan, cohort, 0, device)


@pytest.mark.parametrize("plan", BITS, ids=lambda plan: f"{plan.model}-{plan.task}")
@pytest.mark.usefixtures("threads")
def test_threads_do_not_change_a_bit(plan):
    torch.set_num_threads(1)
    one = fold(plan)
    torch.set_num_threads(2)
    two, other = fold(plan), fold(replace(plan, seed=1))
    assert {name: array.tobytes() for name, array in one.items()} == {
        name: array.tobytes() for name, array in two.items()
    }
    assert any(array.tobytes() != one[name].tobytes() for name, array in other.items())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("plan", BITS, ids=lambda plan: f"{plan.model}-{plan.task}")
def test_a_gpu_gives_the_same_scores_to_two_in_a_hundred(plan):
    here, there = fold(plan), fold(plan, "cuda")
    assert here.keys() == there.keys()
    for name in here.keys() - {"parameters", "statistics", "edges", "weights", "curves"}:
        apart = abs(here[name].astype(float) - there[name]).sum()
        assert apart <= 0.02 * abs(here[name]).sum(), name
