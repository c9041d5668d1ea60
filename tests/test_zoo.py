"""Networks through PyTorch Geometric against plain copies and its own sparse layers."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call
from torch_geometric.nn import GATConv

from test_layers import plain_block, plain_linear
from tiny import randomise
from wormgnn.models.zoo import GATPredictor, PerMember

MEMBERS, FEATURES, NEURONS, HIDDEN, HEADS, WINDOWS = 3, 2, 4, 32, 2, 5
CHANNELS = HIDDEN // 16


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def build():
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2, bias=False))


def plain(ensemble, m):
    """A copy without a member axis, with the parameters of one member."""
    copy = build().double()
    copy.load_state_dict({k.removeprefix("one."): v[m] for k, v in ensemble.state_dict().items()})
    return copy


def gat():
    return randomise(GATPredictor(MEMBERS, NEURONS, FEATURES, HIDDEN, heads=HEADS).double())


def windows(*lead):
    return torch.randn(*lead, FEATURES, NEURONS, WINDOWS, dtype=torch.double)


def test_per_member_is_a_plain_module_for_each_member():
    ensemble = PerMember(MEMBERS, build).double()
    x = torch.randn(MEMBERS, 7, 3, dtype=torch.double)
    out = ensemble(x)
    (out**2).sum().backward()
    for m in range(MEMBERS):
        copy = plain(ensemble, m)
        wanted = copy(x[m])
        (wanted**2).sum().backward()
        torch.testing.assert_close(out[m], wanted)
        for name, tensor in copy.named_parameters():
            torch.testing.assert_close(ensemble.one.get_parameter(name).grad[m], tensor.grad)


def test_per_member_registers_one_stacked_parameter_for_each_of_the_module():
    ensemble, copy = PerMember(MEMBERS, build), build()
    found = {name: tensor.shape for name, tensor in ensemble.named_parameters()}
    assert found == {f"one.{k}": (MEMBERS, *v.shape) for k, v in copy.named_parameters()}
    assert list(ensemble.state_dict()) == list(found)
    assert all(isinstance(p, nn.Parameter) and p.is_leaf for p in ensemble.parameters())
    assert not torch.equal(ensemble.one[0].weight[0], ensemble.one[0].weight[1])


def test_per_member_follows_an_optimiser_step():
    ensemble = PerMember(MEMBERS, build).double()
    x = torch.randn(MEMBERS, 7, 3, dtype=torch.double)
    before = ensemble(x)
    before.square().sum().backward()
    torch.optim.SGD(ensemble.parameters(), 0.1).step()
    after = ensemble(x)
    assert not torch.allclose(after, before)
    torch.testing.assert_close(after[1], plain(ensemble, 1)(x[1]))


def test_per_member_restores_its_parameters_after_a_call():
    ensemble = PerMember(MEMBERS, build)
    before = dict(ensemble.named_parameters())
    rows = {k: v[:1].detach() for k, v in before.items()}
    functional_call(ensemble, rows, (torch.randn(1, 7, 3),))
    assert all(before[k] is v for k, v in ensemble.named_parameters())


def test_per_member_refuses_other_numbers_of_inputs_than_members():
    with pytest.raises(ValueError):
        PerMember(MEMBERS, build)(torch.randn(MEMBERS - 1, 7, 3))


def test_per_member_refuses_buffers_instead_of_sharing_them():
    ensemble = PerMember(MEMBERS, lambda: nn.BatchNorm1d(3))
    with pytest.raises(RuntimeError, match="running_mean"):
        ensemble(torch.randn(MEMBERS, 7, 3))


def sparse_gat(model, m):
    """`GATConv` with the weights of one member."""
    dense = {k.removeprefix("one."): v[m] for k, v in model.attention.state_dict().items()}
    conv = GATConv(FEATURES, CHANNELS, HEADS, add_self_loops=False).double()
    conv.load_state_dict({k: v.reshape(conv.state_dict()[k].shape) for k, v in dense.items()})
    return conv


def test_messages_are_those_of_the_sparse_layer_on_the_complete_graph():
    model, x = gat(), windows(MEMBERS)
    complete = torch.cartesian_prod(torch.arange(NEURONS), torch.arange(NEURONS)).T
    found = model.messages(x)
    for m in range(MEMBERS):
        conv = sparse_gat(model, m)
        for t in range(WINDOWS):
            wanted, (_, weights) = conv(x[m, :, :, t].T, complete, return_attention_weights=True)
            torch.testing.assert_close(found[m, :, :, t].T, wanted)
            assert weights.std() > 1e-3  # so that the comparison is one of attention


def test_gat_reads_out_through_two_layers():
    model, x = gat(), windows()
    found, memory = model(x)
    assert memory is None and not model.recurrent
    messages = F.elu(model.messages(x)).flatten(1, 2)
    for m in range(MEMBERS):
        head = nn.Sequential(plain_block(model.head.block, m), plain_linear(model.head.readout, m))
        wanted = head(messages[m].T).T.view(FEATURES, NEURONS, WINDOWS)
        torch.testing.assert_close(found[m], wanted)


def test_shared_input_equals_one_copy_for_each_member():
    model, x = gat(), windows()
    found, _ = model(x)
    assert found.shape == (MEMBERS, FEATURES, NEURONS, WINDOWS)
    torch.testing.assert_close(model(x.expand(MEMBERS, -1, -1, -1))[0], found)


@pytest.mark.parametrize("chosen", [[1], [2, 0]])
def test_some_members_alone_are_rows_of_the_whole(chosen):
    model = gat()
    rows = {k: v[chosen] for k, v in model.state_dict().items()}
    shared, own = windows(), windows(MEMBERS)
    for whole, some in ((shared, shared), (own, own[chosen])):
        found, _ = functional_call(model, rows, (some,))
        torch.testing.assert_close(found, model(whole)[0][chosen])


def test_members_do_not_leak_into_each_other():
    model = gat()
    model(windows())[0][0].sum().backward()
    for tensor in model.parameters():
        assert tensor.grad[0].abs().sum() > 0
        assert not tensor.grad[1:].any()


def test_windows_do_not_leak_into_each_other():
    model, x = gat(), windows()
    torch.testing.assert_close(model(x[..., 1:3])[0], model(x)[0][..., 1:3])


def test_permuting_the_neurons_permutes_the_messages():
    model, x, order = gat(), windows(), [2, 0, 3, 1]
    wanted = model.messages(x)[:, :, order]
    torch.testing.assert_close(model.messages(x[:, order]), wanted)
    assert wanted.std(2).max() > 1e-2  # the receiver's own features matter


def test_a_small_network_still_has_a_channel_for_each_head():
    model = GATPredictor(1, NEURONS, hidden=8)
    assert model.messages(windows().float()).shape == (1, 4, NEURONS, WINDOWS)
