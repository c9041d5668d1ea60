"""The same seed gives the same bits, whatever the number of threads; on a GPU nearly the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from tiny import NEURONS, tiny_worms
from wormgnn.cohort import Cohort
from wormgnn.plan import Plan, Profile
from wormgnn.runner import TASKS
from wormgnn.store import Arrays

SCALE = Profile("tiny", subsets_per_size=1, folds=(0,), epochs=1, n_folds=4, hidden=8)
N_FRAMES = 2000  # so many that operations are shared out among threads
PLANS = [Plan("mlp", sizes=(2,)), Plan("gnn", sizes=(2,)), Plan("gnn", task="traces", sizes=(1,))]


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def fold(plan: Plan, device: str = "cpu") -> Arrays:
    cohort = Cohort.of(tiny_worms(2, n_frames=N_FRAMES), NEURONS, SCALE)
    return TASKS[plan.task].run_fold(plan, cohort, 0, device)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: f"{plan.model}-{plan.task}")
@pytest.mark.usefixtures("threads")
def test_threads_do_not_change_a_bit(plan: Plan) -> None:
    torch.set_num_threads(1)
    one = fold(plan)
    torch.set_num_threads(2)
    two, other = fold(plan), fold(replace(plan, seed=1))
    assert {name: array.tobytes() for name, array in one.items()} == {
        name: array.tobytes() for name, array in two.items()
    }
    assert any(array.tobytes() != one[name].tobytes() for name, array in other.items())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: f"{plan.model}-{plan.task}")
def test_a_gpu_gives_the_same_scores_to_two_in_a_hundred(plan: Plan) -> None:
    here, there = fold(plan), fold(plan, "cuda")
    assert here.keys() == there.keys()
    for name in here.keys() - {"parameters", "statistics", "edges", "weights", "curves"}:
        apart = abs(here[name].astype(float) - there[name]).sum()
        assert apart <= 0.02 * abs(here[name]).sum(), name
