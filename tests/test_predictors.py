"""Networks that predict the next frame against plain torch, neuron by neuron and edge by edge."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.func import functional_call

from test_layers import plain_block, plain_linear
from tiny import randomise
from wormgnn.errors import ChoiceError
from wormgnn.models.forecasters import NETWORKS, network
from wormgnn.models.gnn import EdgeEncoder
from wormgnn.models.predictors import Predictor
from wormgnn.trajectory import Rollout, mean_square_error

MEMBERS, FEATURES, NEURONS, HIDDEN, WINDOWS = 3, 2, 4, 5, 6
VARIANTS = [
    *((name, {}) for name in NETWORKS),
    ("mlp", {"norm": "last"}),
    ("gnn", {"edges": "after"}),
    ("gnn", {"edges": "before", "norm": "each"}),
]
NORMED = ("mlp", "gnn", "mlp-rnn", "gnn-rnn", "gat")


def build(name, members=MEMBERS, **options):
    return randomise(network(name, members, NEURONS, 0, hidden=HIDDEN, **options).double())


def frames(*lead, seed=1):
    random = torch.Generator().manual_seed(seed)
    return torch.rand(*lead, FEATURES, NEURONS, WINDOWS, generator=random, dtype=torch.double)


def changes(model, x):
    """The change at a frame; edges of a whole recording come from other frames."""
    return model(x, None, model.edges(frames(seed=2)))[0]


def of_member(model, name, m, options):
    alone = build(name, 1, **options)
    alone.load_state_dict({key: value[m : m + 1] for key, value in model.state_dict().items()})
    return alone


def plain_head(head, m):
    return nn.Sequential(plain_block(head.block, m), plain_linear(head.readout, m))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name, options", VARIANTS)
def test_every_member_is_a_network_by_itself(name, options, training):
    model, x = build(name, **options), frames()
    alone = [of_member(model, name, m, options).train(training) for m in range(MEMBERS)]
    found = changes(model.train(training), x)
    assert found.shape == (MEMBERS, FEATURES, NEURONS, WINDOWS)
    for m in range(MEMBERS):
        torch.testing.assert_close(found[m], changes(alone[m], x)[0])
    assert (found[0] - found[1]).abs().max() > 1e-2


@pytest.mark.parametrize("name, options", VARIANTS)
def test_shared_input_equals_one_copy_for_each_member(name, options):
    model, x = build(name, **options), frames()
    copies = changes(model, x.expand(MEMBERS, -1, -1, -1))
    torch.testing.assert_close(changes(model, x), copies)


@pytest.mark.parametrize("chosen", [[1], [2, 0]])
@pytest.mark.parametrize("name, options", VARIANTS)
def test_some_members_alone_are_rows_of_the_whole(name, options, chosen):
    model, x = build(name, **options).eval(), frames(MEMBERS)
    rows = {f"model.{key}": value[chosen] for key, value in model.state_dict().items()}
    some = functional_call(Changes(model), rows, (x[chosen],))
    torch.testing.assert_close(some, changes(model, x)[chosen])


class Changes(nn.Module):
    """So that `functional_call` replaces the parameters that edges are inferred by, too."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return changes(self.model, x)


@pytest.mark.parametrize("name, options", VARIANTS)
def test_neither_members_nor_windows_leak_into_each_other(name, options):
    model, x = build(name, **options).eval(), frames(MEMBERS)
    other = x.clone()
    other[1, :, :, 2] += 1
    moved = (changes(model, other) - changes(model, x)).abs().amax((1, 2))
    assert moved[1, 2] > 1e-2
    moved[1, 2] = 0
    assert moved.max() < 1e-12


@pytest.mark.parametrize("name, options", VARIANTS)
def test_an_untrained_network_is_persistence_and_can_learn(name, options):
    model = network(name, MEMBERS, NEURONS, 0, hidden=HIDDEN, **options).double()
    change = changes(model, frames())
    assert not change.any()
    (change - 1).square().sum().backward()
    silent = {k for k, v in model.named_parameters() if not v.any() and "norm" not in k}
    readout = {k for k in silent if k.startswith(("head.readout", "readout"))}
    assert len(readout) == 2 and silent - readout <= {"attention.one.bias"}
    for key in readout:
        assert model.get_parameter(key).grad.any(), key


@pytest.mark.parametrize("norm", ["none", "last", "each"])
def test_mlp_is_two_layers_over_everything(norm):
    model, x = build("mlp", norm=norm).train(), frames()
    plain = [plain_head(model.head, m).train() for m in range(MEMBERS)]
    found, memory = model(x)
    assert memory is None and not model.recurrent
    for m in range(MEMBERS):
        wanted = plain[m](x.reshape(-1, WINDOWS).T).T.view(FEATURES, NEURONS, WINDOWS)
        torch.testing.assert_close(found[m], wanted)


def test_node_mlp_is_a_network_for_each_neuron():
    model, x = build("node-mlp"), frames()
    found, _ = model(x)
    for m in range(MEMBERS):
        for i in range(NEURONS):
            hidden = model.first.weight[m, i] @ x[:, i] + model.first.bias[m, i]
            wanted = model.readout.weight[m, i] @ hidden.relu() + model.readout.bias[m, i]
            torch.testing.assert_close(found[m, :, i], wanted)


@pytest.mark.parametrize("name, alone", [("node-mlp", True), ("mlp", False), ("gnn", False)])
def test_a_neuron_of_the_node_mlp_sees_no_other(name, alone):
    model, x = build(name), frames()
    other = x.clone()
    other[:, 1] += 1
    moved = (model(other)[0] - model(x)[0]).abs().amax((0, 1, 3))
    assert moved[1] > 1e-2
    assert (moved[[0, 2, 3]] == 0).all() == alone


def written_out_edge(encoder, m, x_i, x_j):
    """Weight of the edge from j to i: the second of two types, by a softmax (eq. 8-11)."""
    node = plain_block(encoder.node, m)
    pair = torch.cat([encoder.receive.weight[m], encoder.send[m]], dim=1)
    both = torch.cat([node(x_i), node(x_j)])
    hidden = torch.relu(pair @ both + encoder.receive.bias[m, :, 0])
    score = encoder.readout.weight[m, 0] @ hidden + encoder.readout.bias[m, 0, 0]
    return torch.stack([torch.zeros_like(score), score]).softmax(0)[1]


def test_gnn_passes_messages_along_edges_of_each_frame():
    model, x = build("gnn"), frames()
    assert model.edges(x) is None
    found, memory = model(x)
    assert memory is None
    spread = []
    for m in range(MEMBERS):
        messages = torch.zeros_like(x)
        for t in range(WINDOWS):
            for i in range(NEURONS):
                for j in range(NEURONS):
                    edge = written_out_edge(model.encoder, m, x[:, i, t], x[:, j, t])
                    messages[:, i, t] += edge * x[:, j, t]
                    spread.append(edge)
        wanted = plain_head(model.head, m)(messages.flatten(0, 1).T).T
        torch.testing.assert_close(found[m].flatten(0, 1), wanted)
    assert torch.stack(spread).std() > 1e-2  # so that the comparison is one of edges


@pytest.mark.parametrize("edges", ["before", "after"])
@pytest.mark.parametrize("norm", ["none", "last"])
def test_static_edges_are_the_edge_encoders_and_hold_for_all_frames(edges, norm):
    model, context = build("gnn", edges=edges, norm=norm).eval(), frames(seed=2)
    encoder = EdgeEncoder(MEMBERS, FEATURES, HIDDEN, 1, edges, norm).double().eval()
    encoder.load_state_dict(model.encoder.state_dict())
    found = model.edges(context)
    torch.testing.assert_close(found, encoder(context))
    x, messages = frames(), torch.zeros(MEMBERS, FEATURES, NEURONS, WINDOWS, dtype=torch.double)
    for m in range(MEMBERS):
        for i in range(NEURONS):
            for j in range(NEURONS):
                messages[m, :, i] += found[m, i, j] * x[:, j]
        wanted = plain_head(model.head, m).eval()(messages[m].flatten(0, 1).T).T
        torch.testing.assert_close(model(x, None, found)[0][m].flatten(0, 1), wanted)
    assert (model.edges(frames(seed=3)) - found).abs().max() > 1e-3


def kept_values(name, neurons, hidden, windows, **options):
    """Values kept for the backward pass at each window and frame, of one of two members."""
    model = Rollout(network(name, 2, neurons, 0, hidden=hidden, **options)).train()
    known, context = torch.rand(FEATURES, neurons, windows, 8), torch.rand(FEATURES, neurons, 128)
    teacher = torch.rand(windows, 8) < 0.5
    own = {p.untyped_storage().data_ptr() for p in (*model.parameters(), *model.buffers())}
    kept = []

    def keep(tensor):
        kept.append(tensor.untyped_storage())  # held on to, lest its address be used again
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        truth = known[..., model.known_frames :].permute(2, 0, 1, 3)
        mean_square_error(model(known, context, teacher), truth)
    sizes = {s.data_ptr(): s.nbytes() for s in kept}
    return sum(size for at, size in sizes.items() if at not in own) / (4 * 2 * windows * 7)


SIZES = [(5, 16), (15, 16), (5, 64)]


@pytest.mark.parametrize("neurons, hidden", SIZES)
@pytest.mark.parametrize("name", NETWORKS)
def test_values_bound_what_the_backward_pass_keeps(name, neurons, hidden):
    options = {"norm": "last"} if name in NORMED else {}
    found = kept_values(name, neurons, hidden, 40, **options)
    bound = network(name, 1, neurons, 0, hidden=hidden, **options).values(neurons)
    assert found <= 1.01 * bound  # the masks of teachers are left out
    assert bound <= 2 * found


def test_values_bound_networks_without_batch_norm_too():
    for name in NORMED:
        bound = network(name, 1, 15, 0, hidden=16, norm="none").values(15)
        assert kept_values(name, 15, 16, 60, norm="none") <= 1.01 * bound


@pytest.mark.parametrize("edges", ["after", "before"])
@pytest.mark.parametrize("name", ["gnn", "gnn-rnn"])
def test_values_count_what_grows_with_windows_alone(name, edges):
    """Static edges keep as much for few windows as for many."""
    few, many = (w * kept_values(name, 15, 16, w, edges=edges) for w in (60, 260))
    bound = network(name, 1, 15, 0, hidden=16, edges=edges).values(15)
    assert (many - few) / 200 <= 1.01 * bound


def test_the_seed_decides_the_weights_and_torchs_generator_is_left_alone():
    before = torch.random.get_rng_state()
    same, again, other = (network("mlp", 2, NEURONS, seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.testing.assert_close(same, again, rtol=0, atol=0)
    first = "head.block.first.weight"
    assert not torch.equal(same[first], other[first])
    assert not torch.equal(same[first][0], same[first][1])


def test_unknown_networks_and_unfinished_ones_say_so():
    with pytest.raises(ChoiceError, match=r"model 'cnn'.*node-mlp-rnn"):
        network("cnn", 1, NEURONS, 0)
    bare = Predictor(FEATURES, HIDDEN)
    assert bare.edges(frames()) is None
    for call in (lambda: bare(frames()), lambda: bare.values(NEURONS)):
        with pytest.raises(NotImplementedError):
            call()
