"""The reader of any set of neurons written out, and masked MLPs against smaller ones."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.func import functional_call

from tiny import randomise
from wormgnn.errors import NeuronError
from wormgnn.models.networks import MLP
from wormgnn.models.subsets import MaskedMLP, SetReader, filled, random_subsets
from wormgnn.tasks.readers import drop_neurons
from wormgnn.training import Batch

MEMBERS, NEURONS, FRAMES = 3, 6, 40
EVERY = torch.ones(NEURONS, dtype=torch.bool)


def reader(**changes):
    sizes = {"members": MEMBERS, "neurons": NEURONS, "outputs": 2, "hidden": 8, "embedding": 4}
    model = SetReader(**{**sizes, **changes}).eval()
    known = model.known.clone()
    randomise(model)
    model.known.copy_(known)
    return model


def inputs(seed=0):
    return torch.rand(2, NEURONS, FRAMES, generator=torch.Generator().manual_seed(seed))


def plain(model, member, x, which):
    """One member written out: one neuron, one frame and one layer after another."""
    own = {name: p[member] for name, p in model.named_parameters()}

    def layer(name, value):
        return own[f"{name}.weight"] @ value + own[f"{name}.bias"][:, 0]

    columns = []
    for frame in range(x.shape[-1]):
        said = [
            torch.relu(layer("values", x[:, i, frame]) + layer("names", own["embedding"][:, i]))
            for i in which
        ]
        hidden = torch.relu(layer("rho", torch.stack(said).mean(0)))
        columns.append(layer("readout", hidden))
    return torch.stack(columns, dim=1)


def test_equals_the_formula_written_out_in_any_order_and_company():
    model, x = reader(), inputs()
    scores = model(x, torch.tensor([True, False, True, True, False, True]))
    assert scores.shape == (MEMBERS, 2, FRAMES)
    for member in range(MEMBERS):
        wanted = plain(model, member, x, [0, 2, 3, 5])
        torch.testing.assert_close(scores[member], wanted, atol=1e-5, rtol=1e-5)
    which = torch.tensor([3, 0, 5, 2])
    torch.testing.assert_close(model.read(x[:, which], which), scores, atol=1e-6, rtol=1e-5)
    rows = {name: tensor[[2]] for name, tensor in model.state_dict().items()}
    alone = functional_call(model, rows, (x, EVERY))
    torch.testing.assert_close(alone, model(x, EVERY)[2:], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("value", [0.0, 1e6, torch.nan, torch.inf])
def test_an_absent_neuron_has_no_influence(value):
    model, x = reader(), inputs()
    present = torch.tensor([True, False, True, True, True, True])
    changed = x.clone()
    changed[:, 1] = value
    torch.testing.assert_close(model(changed, present), model(x, present), atol=0, rtol=0)


def test_names_that_a_member_does_not_know_count_as_absent():
    known = torch.ones(MEMBERS, NEURONS)
    known[1, 2:4] = 0
    model, x = reader(known=known), inputs()
    fewer = torch.tensor([True, True, False, False, True, True])
    scores = model(x, EVERY)
    torch.testing.assert_close(scores[1], model(x, fewer)[1], atol=1e-5, rtol=1e-5)
    assert (scores[0] - model(x, fewer)[0]).abs().max() > 1e-3


@pytest.mark.parametrize("training", [False, True])
def test_an_empty_set_gives_the_same_scores_at_every_frame(training):
    model, x = reader().train(training), inputs()
    scores = model(x, torch.zeros(NEURONS, dtype=torch.bool))
    hidden = torch.relu(model.rho(torch.zeros(MEMBERS, model.rho.weight.shape[-1], x.shape[-1])))
    torch.testing.assert_close(scores, model.readout(hidden))
    unknown = reader(known=torch.zeros(MEMBERS, NEURONS))
    torch.testing.assert_close(scores, unknown(x, EVERY))


def test_dropped_neurons_are_those_that_are_not_there():
    model, x = reader(), inputs()
    kept = random_subsets(x, torch.Generator().manual_seed(5))
    scores = model(x, EVERY, kept)
    for frame in range(0, FRAMES, 7):
        alone = model(x[..., frame : frame + 1], kept[:, frame] > 0)
        torch.testing.assert_close(scores[..., frame : frame + 1], alone, atol=1e-5, rtol=1e-5)
    assert (scores - model(x, EVERY)).abs().max() > 1e-3


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
        with torch.no_grad():
            mlp.head.block.first.weight.copy_(model.first.weight[member : member + 1, :, columns])
            mlp.head.block.first.bias.copy_(model.first.bias[member : member + 1])
            mlp.head.readout.weight.copy_(model.readout.weight[member : member + 1])
            mlp.head.readout.bias.copy_(model.readout.bias[member : member + 1])
        torch.testing.assert_close(model(x)[member], mlp(x[:, some])[0])


def test_a_member_without_neurons():
    with pytest.raises(NeuronError, match="at least one neuron"):
        masked([[True, True], [False, False]])


def test_filled_reads_as_if_the_means_were_put_in():
    full = masked([[True] * 4, [True] * 4])
    means = np.random.default_rng(0).random((2, 2, 4)).astype(np.float32)
    cases = np.array([[True, False, True, True], [False, False, True, False], [True] * 4])
    scores = filled(full, means, cases)(x := torch.rand(2, 4, 20))
    for case, there in enumerate(cases):
        for member in range(2):
            given = torch.from_numpy(means[member]).clone()[..., None].expand(-1, -1, 20).clone()
            given[:, there] = x[:, there]
            torch.testing.assert_close(scores[2 * case + member], full(given)[member])
