"""LSTMs with a member axis against torch.nn.LSTMCell, and the predictors built on them."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.func import functional_call

from test_layers import plain_block, plain_linear
from tiny import randomise
from wormgnn.models.recurrent import (
    GNNRNNPredictor,
    LSTMCell,
    MLPRNNPredictor,
    NodeLSTMCell,
    NodeMLPRNNPredictor,
)

MEMBERS, FEATURES, NEURONS, HIDDEN, WINDOWS, FRAMES = 3, 2, 4, 5, 6, 4
PREDICTORS = {
    "mlp-rnn": MLPRNNPredictor,
    "node-mlp-rnn": NodeMLPRNNPredictor,
    "gnn-rnn": GNNRNNPredictor,
}
NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def predictor(name, members=MEMBERS, **options):
    return randomise(PREDICTORS[name](members, NEURONS, FEATURES, HIDDEN, **options).double())


def windows(*lead, frames=FRAMES):
    """One input for each frame."""
    return torch.rand(frames, *lead, FEATURES, NEURONS, WINDOWS, dtype=torch.double)


def unroll(model, xs, memory=None, **given):
    changes = []
    for x in xs:
        change, memory = model(x, memory, **given)
        changes.append(change)
    return torch.stack(changes), memory


def cell_of_member(lstm, m):
    return plain({name: getattr(lstm, name)[m] for name in NAMES})


def node_parameters(lstm):
    """`NAMES` to the parameters of a cell for each neuron."""
    linears = {"ih": lstm.from_input, "hh": lstm.from_hidden}
    return {name: getattr(linears[name[-2:]], name.split("_")[0]) for name in NAMES}


def plain(parameters):
    """A torch cell with the parameters of one member, or of one neuron of it."""
    rows, inputs = parameters["weight_ih"].shape
    cell = nn.LSTMCell(inputs, rows // 4).double()
    shapes = {name: tensor.shape for name, tensor in cell.state_dict().items()}
    cell.load_state_dict({k: v.detach().reshape(shapes[k]) for k, v in parameters.items()})
    return cell


def run_plain(cell, xs):
    """States `(frames, hidden, windows)` of `h` and `c` over inputs `(frames, inputs, windows)`."""
    state, states = None, []
    for x in xs:
        state = cell(x.T, state)
        states.append(state)
    return [torch.stack(part).transpose(1, 2) for part in zip(*states, strict=True)]


def run(lstm, xs):
    state, states = None, []
    for x in xs:
        state = lstm(x, state)
        states.append(state)
    return [torch.stack(part) for part in zip(*states, strict=True)]


@pytest.mark.parametrize("lead", [(), (MEMBERS,)])
def test_every_member_is_torchs_lstm_cell(lead):
    lstm = randomise(LSTMCell(MEMBERS, 3, HIDDEN).double())
    xs = torch.randn(FRAMES, *lead, 3, WINDOWS, dtype=torch.double)
    found = run(lstm, xs)
    sum((part**2).sum() for part in found).backward()
    for m in range(MEMBERS):
        cell = cell_of_member(lstm, m)
        wanted = run_plain(cell, xs[:, m] if lead else xs)
        sum((part**2).sum() for part in wanted).backward()
        torch.testing.assert_close([part[:, m] for part in found], wanted)
        for name in NAMES:
            grad = getattr(lstm, name).grad[m]
            torch.testing.assert_close(
                grad.reshape(getattr(cell, name).shape), cell.get_parameter(name).grad
            )


@pytest.mark.parametrize("lead", [(), (MEMBERS,)])
def test_every_neuron_has_a_cell_of_its_own(lead):
    lstm = randomise(NodeLSTMCell(MEMBERS, NEURONS, 3, HIDDEN).double())
    xs = torch.randn(FRAMES, *lead, NEURONS, 3, WINDOWS, dtype=torch.double)
    found = run(lstm, xs)
    sum((part**2).sum() for part in found).backward()
    parameters = node_parameters(lstm)
    for m in range(MEMBERS):
        for i in range(NEURONS):
            cell = plain({name: tensor[m, i] for name, tensor in parameters.items()})
            wanted = run_plain(cell, xs[:, m, i] if lead else xs[:, i])
            sum((part**2).sum() for part in wanted).backward()
            torch.testing.assert_close([part[:, m, i] for part in found], wanted)
            for name, tensor in parameters.items():
                grad = cell.get_parameter(name).grad
                torch.testing.assert_close(tensor.grad[m, i].reshape(grad.shape), grad)


@pytest.mark.parametrize(
    "build", [lambda h: LSTMCell(60, 3, h), lambda h: NodeLSTMCell(4, 15, 3, h)]
)
def test_cells_are_initialised_as_torchs(build):
    lstm, bound = build(16), 1 / 4
    assert len(list(lstm.parameters())) == 4
    for tensor in lstm.parameters():
        assert tensor.abs().max() <= bound
        assert tensor.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
        assert not torch.equal(tensor[0], tensor[1])


@pytest.mark.parametrize("name", PREDICTORS)
def test_no_memory_is_a_memory_of_zeros(name):
    model, (x,) = predictor(name), windows(frames=1)
    assert model.recurrent
    change, memory = model(x)
    zeros = tuple(torch.zeros_like(part) for part in memory)
    torch.testing.assert_close(model(x, zeros), (change, memory))


@pytest.mark.parametrize("name", PREDICTORS)
def test_shared_input_equals_one_copy_for_each_member(name):
    model, xs = predictor(name), windows()
    found, memory = unroll(model, xs)
    assert found.shape == (FRAMES, MEMBERS, FEATURES, NEURONS, WINDOWS)
    assert all(len(part) == MEMBERS and part.shape[-1] == WINDOWS for part in memory)
    copies = unroll(model, xs[:, None].expand(-1, MEMBERS, -1, -1, -1))
    torch.testing.assert_close(copies, (found, memory))
    assert not torch.allclose(found[:, 0], found[:, 1])


@pytest.mark.parametrize("name", PREDICTORS)
@pytest.mark.parametrize("chosen", [[1], [2, 0]])
def test_some_members_alone_are_rows_of_the_whole(name, chosen):
    model, xs = predictor(name), windows(MEMBERS)
    rows = {k: v[chosen] for k, v in model.state_dict().items()}

    def some(x, memory):
        return functional_call(model, rows, (x, memory))

    found, memory = unroll(some, xs[:, chosen])
    whole, whole_memory = unroll(model, xs)
    torch.testing.assert_close(found, whole[:, chosen])
    torch.testing.assert_close(memory, tuple(part[chosen] for part in whole_memory))


@pytest.mark.parametrize("name", PREDICTORS)
def test_members_do_not_leak_into_each_other(name):
    model = predictor(name)
    unroll(model, windows())[0][:, 0].sum().backward()
    grads = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    assert len(grads) > 7
    for name, grad in grads.items():
        assert grad[0].any(), name
        assert not grad[1:].any(), name


@pytest.mark.parametrize("name", PREDICTORS)
def test_windows_do_not_leak_into_each_other(name):
    model, xs = predictor(name), windows()
    found, _ = unroll(model, xs)
    torch.testing.assert_close(unroll(model, xs[..., 2:4])[0], found[..., 2:4])


@pytest.mark.parametrize("name", PREDICTORS)
def test_memory_carries_over(name):
    model, xs = predictor(name), windows()
    whole, last = unroll(model, xs)
    first, memory = unroll(model, xs[:2])
    rest, again = unroll(model, xs[2:], memory)
    torch.testing.assert_close((torch.cat([first, rest]), again), (whole, last))
    forgetful, _ = model(xs[1])
    assert (forgetful - whole[1]).abs().max() > 1e-3


def test_mlp_rnn_is_torchs_cell_then_two_layers():
    model, xs = predictor("mlp-rnn"), windows()
    found, _ = unroll(model, xs)
    for m in range(MEMBERS):
        hidden, _ = run_plain(cell_of_member(model.lstm, m), xs.flatten(1, 2))
        head = nn.Sequential(plain_block(model.head.block, m), plain_linear(model.head.readout, m))
        wanted = head(hidden.transpose(1, 2)).transpose(1, 2)
        torch.testing.assert_close(found[:, m].flatten(1, 2), wanted)


def test_node_mlp_rnn_is_a_network_for_each_neuron():
    model, xs = predictor("node-mlp-rnn"), windows()
    found, _ = unroll(model, xs)
    for m in range(MEMBERS):
        for i in range(NEURONS):
            cell = plain({name: p[m, i] for name, p in node_parameters(model.lstm).items()})
            hidden, _ = run_plain(cell, xs[:, :, i])
            first, readout = (layer.weight[m, i] for layer in (model.first, model.readout))
            hidden = torch.relu(first @ hidden + model.first.bias[m, i])
            torch.testing.assert_close(
                found[:, m, :, i], readout @ hidden + model.readout.bias[m, i]
            )


def test_a_neuron_of_node_mlp_rnn_sees_no_other():
    model, xs = predictor("node-mlp-rnn"), windows()
    other = xs.clone()
    other[:, :, 1] += 1
    moved = (unroll(model, other)[0] - unroll(model, xs)[0]).abs().amax((0, 1, 2, 4))
    assert moved[1] > 1e-3
    assert not moved[[0, 2, 3]].any()


def mlp_rnn_of(model):
    """The MLP-RNN behind the messages of a GNN-RNN."""
    mlp = predictor("mlp-rnn")
    mlp.load_state_dict({k: v for k, v in model.state_dict().items() if "encoder" not in k})
    return mlp


@pytest.mark.parametrize("edges", ["frame", "before", "after"])
def test_gnn_rnn_is_the_mlp_rnn_on_its_messages(edges):
    model, xs = predictor("gnn-rnn", edges=edges), windows()
    given = model.edges(xs[0])
    assert (given is None) == (edges == "frame")
    found, _ = unroll(model, xs, edges=given)
    messages = torch.stack([model.messages(x, given) for x in xs])
    torch.testing.assert_close(found, unroll(mlp_rnn_of(model), messages)[0])
    assert not torch.allclose(found, unroll(mlp_rnn_of(model), xs)[0])


def test_gnn_rnn_uses_the_edges_it_is_given():
    model, xs = predictor("gnn-rnn", edges="after"), windows()
    mlp = mlp_rnn_of(model)
    alone = torch.eye(NEURONS, dtype=torch.double).expand(MEMBERS, -1, -1)
    torch.testing.assert_close(unroll(model, xs, edges=alone)[0], unroll(mlp, xs)[0])
    order = [2, 0, 3, 1]  # row i receives from neuron order[i]
    found, _ = unroll(model, xs, edges=alone[:, order])
    torch.testing.assert_close(found, unroll(mlp, xs[:, :, order])[0])


@pytest.mark.parametrize("name", PREDICTORS)
def test_gradient_reaches_the_first_frame_through_the_memory(name):
    model, xs = predictor(name), windows().requires_grad_()
    unroll(model, xs)[0][-1].sum().backward()
    assert (xs.grad.abs().amax((1, 2, 3)) > 1e-9).all()
