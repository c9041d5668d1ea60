from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from wormgnn.errors import TrainingError
from wormgnn.models import classifier
from wormgnn.training import Adam, Batch, Plateau, Schedule, Trainer, fit

NEURONS, STATES = 3, 2


def squared_error(outputs, target):
    """A loss of each member that any shape fits."""
    return ((outputs.sum(1) - target) ** 2).mean(-1)


def batch(members, n_frames=12, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(2, NEURONS, n_frames, generator=generator)
    return Batch(torch.tensor(members), (x,), x.sum((0, 1)).sin(), f"worm-{seed}")


def network(members):
    return classifier("mlp", range(members), NEURONS, STATES)


def test_adam_is_torchs_for_members_that_step_at_different_times():
    generator = torch.Generator().manual_seed(0)
    flat = torch.randn(3, 4, generator=generator)
    plain = [row.clone().requires_grad_() for row in flat]
    optimisers = [torch.optim.Adam([row], lr=1e-2 * (m + 1)) for m, row in enumerate(plain)]
    adam = Adam(flat, 1e-2)
    adam.rate *= torch.tensor([[1.0], [2.0], [3.0]])
    for members in ([0, 1, 2], [1], [2, 0], [1, 2], [1], [0, 1, 2]):
        gradient = torch.randn(len(members), 4, generator=generator)
        rows = torch.tensor(members)
        flat[rows] = adam.step(rows, flat[rows], gradient)
        for m, g in zip(members, gradient, strict=True):
            plain[m].grad = g.clone()
            optimisers[m].step()
    torch.testing.assert_close(flat, torch.stack([row.detach() for row in plain]))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([2.0, 1.0, 0.99995, 0.9998, 0.5, 0.1, 3.0]), max_size=40))
def test_plateau_is_torchs(losses):
    schedule = Schedule(patience_epochs=2, factor=0.25)
    ours, rate = Plateau(2, schedule, torch.device("cpu")), torch.ones(2, 1)
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.25, patience=2, eps=0)
    for epoch, loss in enumerate(losses):
        ours.step(torch.tensor([loss, 1.0 / (epoch + 1)]), rate)
        theirs.step(loss)
        assert rate[0].item() == optimiser.param_groups[0]["lr"]
    assert rate[1] == 1  # the member that keeps improving keeps its rate


def test_one_step_is_that_of_plain_torch():
    model = network(1)
    plain = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.BatchNorm1d(16), nn.Linear(16, 2))
    for layer, ours in ((plain[0], model.head.block.first), (plain[3], model.head.readout)):
        layer.weight.data = ours.weight[0].detach().clone()
        layer.bias.data = ours.bias[0, :, 0].detach().clone()
    optimiser = torch.optim.Adam(plain.parameters(), lr=1e-3)
    trainer, samples = Trainer(model, squared_error, Schedule()), batch([0])
    for _ in range(5):
        trainer.step(samples)
        optimiser.zero_grad()
        outputs = plain(samples.inputs[0].flatten(0, 1).T).T[None]
        squared_error(outputs, samples.target).backward()
        optimiser.step()
    trained = trainer.stack.named(trainer.stack.flats)
    for name, wanted in (
        ("readout.weight", plain[3].weight),
        ("block.norm.running_var", plain[2].running_var[:, None]),
    ):
        torch.testing.assert_close(trained[f"head.{name}"][0], wanted, rtol=1e-5, atol=1e-6)


def test_the_parameters_of_the_lowest_validation_loss_are_kept():
    model, validation = network(3), [batch([0, 1, 2], seed=7), batch([1], 5, seed=8)]
    schedule = Schedule(epochs=30, learning_rate=0.5)
    history = fit(model, [batch([0, 1, 2])], validation, squared_error, schedule, seed=0)
    lowest, epoch = history.validation.min(0)
    again = Trainer(model, squared_error, schedule).validate(validation)
    torch.testing.assert_close(again, lowest)
    assert torch.equal(history.best_epoch, epoch)
    assert (epoch < 29).any()
    assert not model.training


def met(train, seed, epochs=40):
    """Names of the batches, and what is drawn for each, in the order that training meets them."""
    seen = []

    def draw(batch, epoch, random):
        seen.append((epoch, batch.name, torch.rand((), generator=random).item()))
        return batch

    members = 1 + max(row for one in train for row in one.members.tolist())
    everyone = [batch(list(range(members)))]
    schedule = Schedule(epochs=epochs)
    fit(network(members), train, everyone, squared_error, schedule, seed, draw=draw)
    return seen


def test_what_a_member_meets_does_not_depend_on_others():
    one, two, three = (batch([0], seed=seed) for seed in (1, 2, 3))
    every, some = met([one, two, three], 5), met([three, one], 5)
    assert [what for what in every if what[1] != two.name] == some
    orders = [tuple(name for at, name, _ in every if at == epoch) for epoch in range(40)]
    assert len(set(orders)) == 6  # every order comes
    assert len({drawn for *_, drawn in every}) == len(every)  # anew for every batch and epoch
    split = met([one, two, replace(one, members=torch.tensor([1]))], 5)
    drawn = {(epoch, name): value for epoch, name, value in split}
    assert all(drawn[epoch, name] == value for epoch, name, value in split)  # groups of a worm
    assert met([one, two, three], 6) != every


def test_training_that_cannot_start_or_diverges_says_why():
    broken = network(3)
    with torch.no_grad():
        broken.head.readout.bias[1] = torch.nan
    whole = [batch([0, 1, 2])]
    for model, train, validation, message in (
        (network(2), [batch([0])], [batch([0, 1])], r"no training samples for members \[1\]"),
        (network(2), whole, [batch([0], 0), batch([1])], r"no validation samples .* \[0\]"),
        (nn.Identity(), whole, whole, "Identity has no parameters"),
        (broken, whole, whole, r"members \[1\] is not finite at epoch 0"),
    ):
        with pytest.raises(TrainingError, match=message):
            fit(model, train, validation, squared_error, Schedule(epochs=2), 0)
