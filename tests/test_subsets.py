"""The reader of any set of neurons written out, and masked MLPs against smaller ones."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.func import functional_call

from tiny import randomise
from wormgnn.errors import NeuronError
from wormgnn.models.networks import MLP
from wormgnn.models.subsets import MaskedMLP, SetReader, random_subsets
from wormgnn.tasks.states import drop_neurons
from wormgnn.training import Batch

MEMBERS, NEURONS, FRAMES = 3, 6, 40


def inputs(seed=0):
    return torch.rand(2, NEURONS, FRAMES, generator=torch.Generator().manual_seed(seed))


def plain(model, member, x, which):
    """Scores of one frame, written out: one neuron and one layer after another."""
    own = {name: p[member] for name, p in model.named_parameters()}

    def layer(name, value):
        return own[f"{name}.weight"] @ value + own[f"{name}.bias"][:, 0]

    said = [
        torch.relu(layer("values", x[:, i]) + layer("names", own["embedding"][:, i])) for i in which
    ]
    mean = torch.stack(said).mean(0) if said else torch.zeros(8)
    return layer("readout", torch.relu(layer("rho", mean)))


@pytest.mark.parametrize("absent", [0.0, 1e6, torch.nan, torch.inf])
@pytest.mark.parametrize("dropping", [False, True])
def test_a_set_is_read_as_the_formula_says_whatever_the_others_hold(dropping, absent):
    model, x = randomise(SetReader(MEMBERS, NEURONS, 2, hidden=8, embedding=4)), inputs()
    known = torch.ones(MEMBERS, NEURONS)
    known[1, 2:4], known[2] = 0, 0  # the last member knows nobody
    model.known.copy_(known)
    present = torch.tensor([True, False, True, True, False, True])
    x[:, ~present] = absent
    kept = random_subsets(x, torch.Generator().manual_seed(5)) if dropping else None
    scores = model(x, present, kept)
    seen = (torch.ones(NEURONS, FRAMES) if kept is None else kept) * present[:, None]
    for member, frame in itertools.product(range(MEMBERS), range(FRAMES)):
        which = torch.nonzero(known[member] * seen[:, frame]).flatten().tolist()
        wanted = plain(model, member, x[..., frame], which)
        torch.testing.assert_close(scores[member, :, frame], wanted, atol=1e-5, rtol=1e-5)
    rows = {name: tensor[[1]] for name, tensor in model.state_dict().items()}
    alone = functional_call(model, rows, (x, present, kept))
    torch.testing.assert_close(alone, scores[1:2], atol=1e-5, rtol=1e-5)


def test_training_drops_neurons_that_are_present():
    there = torch.tensor([True, False, True, True, False, True])
    batch = Batch(torch.arange(MEMBERS), (inputs(), there), torch.zeros(FRAMES), "worm")
    draws = [drop_neurons(batch, 0, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    first, again, other = (draw.inputs[2] for draw in draws)
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert not first[~there].any() and first[there].any(0).all()
    assert set(first.unique().tolist()) == {0, 1}
    nothing = replace(batch, inputs=(inputs(), torch.zeros_like(there)))
    assert not drop_neurons(nothing, 0, torch.Generator()).inputs[2].any()


def test_every_number_of_neurons_is_about_as_likely():
    kept = random_subsets(torch.zeros(2, 5, 60_000), torch.Generator().manual_seed(0))
    counts = np.bincount(kept.sum(0).long().numpy(), minlength=6)
    assert counts[0] == 0
    share = counts[1:] / counts.sum()
    np.testing.assert_allclose(share, [2 / 6, 1 / 6, 1 / 6, 1 / 6, 1 / 6], atol=0.01)
    np.testing.assert_allclose(kept.mean(1), kept.mean(), atol=0.01)


def masked(mask, seed=0):
    return MaskedMLP(np.array(mask), 2, range(seed, seed + len(mask)), hidden=5)


def test_a_masked_member_is_the_mlp_on_fewer_neurons():
    mask = [[True, False, True, False], [False, True, True, True]]
    model, x = masked(mask), torch.rand(2, 4, 30)
    for member, row in enumerate(mask):
        some = [i for i, there in enumerate(row) if there]
        mlp = MLP(1, len(some), 2, hidden=5, norm="none")
        columns = [i + 4 * feature for feature in range(2) for i in some]
        state = {k: v[[member]] for k, v in model.state_dict().items() if k != "mask"}
        state["head.block.first.weight"] = state["head.block.first.weight"][..., columns]
        mlp.load_state_dict(state)
        torch.testing.assert_close(model(x)[member], mlp(x[:, some])[0])


def test_a_member_without_neurons():
    with pytest.raises(NeuronError, match="at least one neuron"):
        masked([[True, True], [False, False]])


def test_filled_reads_as_if_the_means_were_put_in():
    full = masked([[True] * 4, [True] * 4])
    means = np.random.default_rng(0).random((2, 2, 4)).astype(np.float32)
    cases = np.array([[True, False, True, True], [False, False, True, False], [True] * 4])
    x = torch.rand(2, 4, 20)
    for there in cases:
        scores = full.filled(means, there)(x)
        for member in range(2):
            given = torch.from_numpy(means[member]).clone()[..., None].expand(-1, -1, 20).clone()
            given[:, there] = x[:, there]
            torch.testing.assert_close(scores[member], full(given)[member])
