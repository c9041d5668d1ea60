"""Tests of the reader of any set of neurons."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call

from tiny import randomise
from wormgnn.ensemble import Stack
from wormgnn.models.set_reader import SetReader, random_subsets

MEMBERS, NEURONS, FRAMES = 3, 6, 40


def reader(**changes: object) -> SetReader:
    sizes = {"members": MEMBERS, "neurons": NEURONS, "outputs": 2, "hidden": 8, "embedding": 4}
    return randomise_all(SetReader(**{**sizes, **changes})).eval()  # type: ignore[arg-type]


def randomise_all(model: SetReader) -> SetReader:
    known = model.known.clone()
    randomise(model)
    model.known.copy_(known)
    return model


def inputs(seed: int = 0) -> torch.Tensor:
    return torch.rand(2, NEURONS, FRAMES, generator=torch.Generator().manual_seed(seed))


def plain(model: SetReader, member: int, x: torch.Tensor, which: list[int]) -> torch.Tensor:
    """One member written out: one neuron, one frame and one layer after another."""
    parameters = {name: p[member] for name, p in model.named_parameters()}

    def layer(name: str, value: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear(
            value, parameters[f"{name}.weight"], parameters[f"{name}.bias"][:, 0]
        )

    columns = []
    for frame in range(x.shape[-1]):
        said = [
            torch.relu(
                layer("values", x[:, i, frame]) + layer("names", parameters["embedding"][:, i])
            )
            for i in which
        ]
        pooled = torch.stack(said).mean(0)
        columns.append(layer("readout", torch.relu(layer("rho", pooled))))
    return torch.stack(columns, dim=1)


def test_equals_the_formula_written_out() -> None:
    model, x = reader(), inputs()
    present = torch.tensor([True, False, True, True, False, True])
    scores = model(x, present)
    assert scores.shape == (MEMBERS, 2, FRAMES)
    for member in range(MEMBERS):
        torch.testing.assert_close(
            scores[member], plain(model, member, x, [0, 2, 3, 5]), atol=1e-5, rtol=1e-5
        )


@pytest.mark.parametrize("value", [0.0, 1e6, torch.nan, torch.inf])
def test_an_absent_neuron_has_no_influence(value: float) -> None:
    model, x = reader(), inputs()
    present = torch.tensor([True, False, True, True, True, True])
    changed = x.clone()
    changed[:, 1] = value
    torch.testing.assert_close(model(changed, present), model(x, present), atol=0, rtol=0)


def test_a_present_neuron_has_influence() -> None:
    model, x = reader(), inputs()
    changed = x.clone()
    changed[:, 1] += 0.5
    everything = torch.ones(NEURONS, dtype=torch.bool)
    assert (model(changed, everything) - model(x, everything)).abs().amax((1, 2)).min() > 1e-3


def test_any_order_of_values_and_names_gives_the_same_scores() -> None:
    model, x = reader(), inputs()
    which = torch.tensor([4, 0, 3, 1])
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(
        model.read(x[:, which], which),
        model.read(x[:, which[order]], which[order]),
        atol=1e-6,
        rtol=1e-5,
    )


def test_a_value_under_another_name_reads_differently() -> None:
    model, x = reader(), inputs()
    a, b = (model.read(x[:, :1], torch.tensor([name])) for name in (0, 1))
    assert (a - b).abs().max() > 1e-3


def test_names_that_a_member_does_not_know_count_as_absent() -> None:
    known = torch.ones(MEMBERS, NEURONS)
    known[1, 2:4] = 0
    model, x = reader(known=known), inputs()
    everything = torch.ones(NEURONS, dtype=torch.bool)
    fewer = torch.tensor([True, True, False, False, True, True])
    scores = model(x, everything)
    torch.testing.assert_close(scores[1], model(x, fewer)[1], atol=1e-5, rtol=1e-5)
    assert (scores[0] - model(x, fewer)[0]).abs().max() > 1e-3


def test_a_member_that_knows_no_name_gives_the_same_scores_at_every_frame() -> None:
    known = torch.ones(MEMBERS, NEURONS)
    known[0] = 0
    scores = reader(known=known)(inputs(), torch.ones(NEURONS, dtype=torch.bool))[0]
    torch.testing.assert_close(scores, scores[:, :1].expand_as(scores))


@pytest.mark.parametrize("training", [False, True])
def test_an_empty_set_gives_the_same_scores_at_every_frame(training: bool) -> None:
    model, x = randomise_all(reader()).train(training), inputs()
    scores = model(x, torch.zeros(NEURONS, dtype=torch.bool))
    hidden = torch.relu(model.rho(torch.zeros(MEMBERS, model.rho.weight.shape[-1], x.shape[-1])))
    torch.testing.assert_close(scores, model.readout(hidden))
    unknown = randomise_all(reader(known=torch.zeros(MEMBERS, NEURONS))).eval()
    everything = torch.ones(NEURONS, dtype=torch.bool)
    torch.testing.assert_close(scores, unknown(x, everything))


def test_one_member_alone_is_its_row_of_the_ensemble() -> None:
    model, x = reader(), inputs()
    present = torch.tensor([True, True, False, True, True, True])
    rows = torch.tensor([2])
    stacks = (Stack(dict(model.named_parameters())), Stack(dict(model.named_buffers())))
    named = {name: part for s in stacks for name, part in s.named(s.rows(rows)).items()}
    alone = functional_call(model, named, (x, present))
    torch.testing.assert_close(alone, model(x, present)[2:], atol=1e-5, rtol=1e-5)


def test_dropping_in_training_reads_the_drawn_subsets() -> None:
    model, x = reader(seed=5).train(), inputs()
    everything = torch.ones(NEURONS, dtype=torch.bool)
    scores = model(x, everything)
    step = SetReader(MEMBERS, NEURONS, 2, seed=5)._draws_of_step()
    kept = random_subsets(x, step)
    model.eval()
    for frame in range(0, FRAMES, 7):
        alone = model(x[..., frame : frame + 1], kept[:, frame] > 0)
        torch.testing.assert_close(scores[..., frame : frame + 1], alone, atol=1e-5, rtol=1e-5)


def test_dropping_is_seeded_fresh_and_leaves_the_global_generator() -> None:
    x, everything = inputs(), torch.ones(NEURONS, dtype=torch.bool)
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    steps = []
    for _ in range(2):
        torch.manual_seed(3)  # of the weights
        model = SetReader(MEMBERS, NEURONS, 2, seed=1).train()
        torch.random.set_rng_state(before)
        steps.append([model(x, everything) for _ in range(2)])
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(steps[0][0], steps[1][0])
    assert torch.equal(steps[0][1], steps[1][1])
    assert not torch.equal(steps[0][0], steps[0][1])


def test_without_dropping_training_reads_all() -> None:
    model, x = reader(dropping=False), inputs()
    everything = torch.ones(NEURONS, dtype=torch.bool)
    assert torch.equal(model.train()(x, everything), model.eval()(x, everything))


def test_every_number_of_neurons_is_about_as_likely() -> None:
    kept = random_subsets(torch.zeros(2, 5, 60_000), torch.Generator().manual_seed(0))
    counts = np.bincount(kept.sum(0).long().numpy(), minlength=6)
    assert counts[0] == 0
    share = counts[1:] / counts.sum()
    np.testing.assert_allclose(share, [2 / 6, 1 / 6, 1 / 6, 1 / 6, 1 / 6], atol=0.01)
    np.testing.assert_allclose(kept.mean(1), kept.mean(), atol=0.01)


def test_gradients_of_dropped_and_unknown_neurons_are_zero() -> None:
    known = torch.ones(MEMBERS, NEURONS)
    known[0, 2] = 0
    model = reader(known=known)
    present = torch.tensor([True, False, True, True, True, True])
    model(inputs(), present).square().sum().backward()
    gradient = model.embedding.grad
    assert gradient is not None
    assert not gradient[:, :, 1].any()
    assert not gradient[0, :, 2].any()
    assert gradient[1, :, 2].any()
