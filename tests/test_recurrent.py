"""LSTMs with a member axis against torch.nn.LSTMCell, and the networks built on them."""

import itertools

import pytest
import torch
from torch import nn

from test_layers import plain_head
from tiny import randomise
from wormgnn.models import predictor
from wormgnn.models.recurrent import LSTMCell

MEMBERS, FEATURES, NEURONS, HIDDEN, WINDOWS, FRAMES = 3, 2, 4, 5, 6, 4
RECURRENT = ("mlp-rnn", "node-mlp-rnn", "gnn-rnn")
NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def build(name, **options):
    return randomise(predictor(name, range(MEMBERS), NEURONS, hidden=HIDDEN, **options).double())


def windows(*lead, frames=FRAMES):
    """One input for each frame."""
    return torch.rand(frames, *lead, FEATURES, NEURONS, WINDOWS, dtype=torch.double)


def unroll(model, xs, memory=None, **given):
    changes = []
    for x in xs:
        change, memory = model(x, memory, **given)
        changes.append(change)
    return torch.stack(changes), memory


def plain_cell(lstm, *at):
    """A torch cell with the parameters of one member, or of one neuron of it."""
    parameters = {name: getattr(lstm, name)[at].detach() for name in NAMES}
    rows, inputs = parameters["weight_ih"].shape
    cell = nn.LSTMCell(inputs, rows // 4).double()
    shapes = {name: tensor.shape for name, tensor in cell.state_dict().items()}
    cell.load_state_dict({k: v.reshape(shapes[k]) for k, v in parameters.items()})
    return cell


def run(lstm, xs):
    """States `(frames, ..., hidden, windows)` of `h` and `c` over the inputs of each frame."""
    plain = isinstance(lstm, nn.LSTMCell)
    state, states = None, []
    for x in xs:
        state = lstm(x.T if plain else x, state)
        states.append(state)
    parts = [torch.stack(part) for part in zip(*states, strict=True)]
    return [part.transpose(1, 2) for part in parts] if plain else parts


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("neurons", [None, NEURONS])
def test_every_member_or_neuron_has_torchs_lstm_cell(neurons, shared):
    lstm = randomise(LSTMCell(MEMBERS, 3, HIDDEN, neurons).double())
    each = (MEMBERS,) if neurons is None else (MEMBERS, neurons)
    xs = torch.randn(FRAMES, *each[shared:], 3, WINDOWS, dtype=torch.double)
    states = run(lstm, xs)
    sum((part**2).sum() for part in states).backward()
    for at in itertools.product(*map(range, each)):
        cell = plain_cell(lstm, *at)
        wanted = run(cell, xs[(slice(None), *at[shared:])])
        sum((part**2).sum() for part in wanted).backward()
        torch.testing.assert_close([part[(slice(None), *at)] for part in states], wanted)
        for name in NAMES:
            grad = cell.get_parameter(name).grad
            torch.testing.assert_close(getattr(lstm, name).grad[at].reshape(grad.shape), grad)


@pytest.mark.parametrize("build", [lambda h: LSTMCell(60, 3, h), lambda h: LSTMCell(4, 3, h, 15)])
def test_cells_are_initialised_as_torchs(build):
    lstm, bound = build(16), 1 / 4
    assert len(list(lstm.parameters())) == 4
    for tensor in lstm.parameters():
        assert tensor.abs().max() <= bound
        assert tensor.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
        assert not torch.equal(tensor[0], tensor[1])


@pytest.mark.parametrize("name", RECURRENT)
def test_memory_carries_over(name):
    model, xs = build(name), windows()
    whole, last = unroll(model, xs)
    first, memory = unroll(model, xs[:2])
    rest, again = unroll(model, xs[2:], memory)
    torch.testing.assert_close((torch.cat([first, rest]), again), (whole, last))
    forgetful, _ = model(xs[1])
    assert (forgetful - whole[1]).abs().max() > 1e-3


def test_mlp_rnn_is_torchs_cell_then_two_layers():
    model, xs = build("mlp-rnn"), windows()
    found, _ = unroll(model, xs)
    for m in range(MEMBERS):
        hidden, _ = run(plain_cell(model.network.lstm, m), xs.flatten(1, 2))
        wanted = plain_head(model.network.head, m)(hidden.transpose(1, 2)).transpose(1, 2)
        torch.testing.assert_close(found[:, m].flatten(1, 2), wanted)


def test_node_mlp_rnn_is_a_network_for_each_neuron():
    model, xs = build("node-mlp-rnn"), windows()
    mlp, (found, _) = model.network.mlp, unroll(model, xs)
    for m in range(MEMBERS):
        for i in range(NEURONS):
            hidden, _ = run(plain_cell(model.network.lstm, m, i), xs[:, :, i])
            first, readout = (layer.weight[m, i] for layer in (mlp.first, mlp.readout))
            hidden = torch.relu(first @ hidden + mlp.first.bias[m, i])
            torch.testing.assert_close(found[:, m, :, i], readout @ hidden + mlp.readout.bias[m, i])


def mlp_rnn_of(model):
    """The MLP-RNN behind the messages of a GNN-RNN."""
    mlp = build("mlp-rnn")
    mlp.load_state_dict({k: v for k, v in model.state_dict().items() if "encoder" not in k})
    return mlp


@pytest.mark.parametrize("edges", ["frame", "before", "after"])
def test_gnn_rnn_is_the_mlp_rnn_on_its_messages(edges):
    model, xs = build("gnn-rnn", edges=edges), windows()
    given = model.edges(xs[0])
    assert (given is None) == (edges == "frame")
    found, _ = unroll(model, xs, edges=given)
    messages = torch.stack([model.network.messages(x, given) for x in xs])
    torch.testing.assert_close(found, unroll(mlp_rnn_of(model), messages)[0])
    assert not torch.allclose(found, unroll(mlp_rnn_of(model), xs)[0])


@pytest.mark.parametrize("linear", [True, False])
def test_lagged_mlp_is_two_layers_on_the_last_frames_and_a_linear_map_beside_them(linear):
    model, xs = build("mlp-lags", linear=linear, lags=3), windows()
    network, (found, _) = model.network, unroll(model, xs)
    for m in range(MEMBERS):
        for t in range(FRAMES):
            seen = torch.cat([xs[max(t - lag, 0)].flatten(0, 1) for lag in range(3)])
            wanted = plain_head(network.head, m)(seen.T).T
            if linear:
                wanted = wanted + network.linear.weight[m] @ seen + network.linear.bias[m]
            torch.testing.assert_close(found[t, m].flatten(0, 1), wanted)
