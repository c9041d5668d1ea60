"""LSTMs with a member axis against torch.nn.LSTMCell, and the networks with a memory."""

import itertools

import pytest
import torch
from torch import nn

from test_layers import plain_head
from tiny import randomise
from wormgnn.models import predictor
from wormgnn.models.layers import LSTMCell

MEMBERS, FEATURES, NEURONS, HIDDEN, WINDOWS, FRAMES = 3, 2, 4, 5, 6, 4
NETWORKS = [("mlp-rnn", {}), ("node-mlp-rnn", {})]
NETWORKS += [("gnn-rnn", {"edges": edges}) for edges in ("frame", "before", "after")]
NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def build(name, **options):
    return randomise(predictor(name, range(MEMBERS), NEURONS, hidden=HIDDEN, **options).double())


def windows(*lead):
    """One input for each frame."""
    return torch.rand(FRAMES, *lead, FEATURES, NEURONS, WINDOWS, dtype=torch.double)


def unroll(model, xs, memory=None, **given):
    changes = []
    for x in xs:
        change, memory = model.step(x, memory, **given)
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


@pytest.mark.parametrize("lstm", [LSTMCell(60, 3, 16), LSTMCell(4, 3, 16, 15)])
def test_cells_are_initialised_as_torchs(lstm):
    for tensor in lstm.parameters():
        assert tensor.abs().max() <= 1 / 4
        assert tensor.std().item() == pytest.approx(1 / 4 / 3**0.5, rel=0.05)


@pytest.mark.parametrize("name, options", NETWORKS)
def test_a_recurrent_network_reads_torchs_cell_over_what_it_gathers(name, options):
    network, xs = build(name, **options), windows()
    edges = network.edges(xs[0])
    whole, last = unroll(network, xs, edges=edges)
    seen = xs.flatten(1, 2)[:, None].expand(-1, MEMBERS, -1, -1)
    if name == "gnn-rnn":
        seen = torch.stack([network.messages(x, edges).flatten(1, 2) for x in xs])
    for m, i in itertools.product(range(MEMBERS), range(NEURONS)):
        if name == "node-mlp-rnn":
            hidden, _ = run(plain_cell(network.lstm, m, i), xs[:, :, i])
            (w, b), (v, c) = (
                (layer.weight[m, i], layer.bias[m, i])
                for layer in (network.head.block.first, network.head.readout)
            )
            torch.testing.assert_close(whole[:, m, i::NEURONS], v @ torch.relu(w @ hidden + b) + c)
        else:
            hidden, _ = run(plain_cell(network.lstm, m), seen[:, m])
            wanted = plain_head(network.head, m)(hidden.transpose(1, 2)).transpose(1, 2)
            torch.testing.assert_close(whole[:, m], wanted)
    first, memory = unroll(network, xs[:2], edges=edges)
    rest, again = unroll(network, xs[2:], memory, edges=edges)
    torch.testing.assert_close((torch.cat([first, rest]), again), (whole, last))


@pytest.mark.parametrize("linear", [True, False])
def test_lagged_mlp_is_two_layers_on_the_last_frames_and_a_linear_map_beside_them(linear):
    network, xs = build("mlp-lags", linear=linear, lags=3), windows()
    found, _ = unroll(network, xs)
    for m in range(MEMBERS):
        for t in range(FRAMES):
            seen = torch.cat([xs[max(t - lag, 0)].flatten(0, 1) for lag in range(3)])
            wanted = plain_head(network.head, m)(seen.T).T
            if linear:
                wanted = wanted + network.linear.weight[m] @ seen + network.linear.bias[m]
            torch.testing.assert_close(found[t, m], wanted)
