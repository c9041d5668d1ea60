"""Layers with a member axis against one plain torch.nn network for each member."""

import itertools

import pytest
import torch
from torch import nn

from wormgnn.models.layers import BatchNorm, Block, Head, Linear

MEMBERS, INPUTS, HIDDEN, SAMPLES = 3, 5, 4, 20
VARIANTS = list(itertools.product([1, 2], ["last", "none"]))
BLOCKS = [*((*variant, "paper") for variant in VARIANTS), (1, "last", "nri"), (2, "none", "nri")]


def perturbed(module):
    """Double precision, and no parameter or statistic left at its round initial value."""
    module = module.double()
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            tensor.add_(0.3 * torch.rand_like(tensor))
    return module


def plain_linear(linear, m):
    plain = nn.Linear(linear.weight.shape[2], linear.weight.shape[1]).double()
    plain.weight.data, plain.bias.data = linear.weight[m].detach(), linear.bias[m, :, 0].detach()
    return plain


def plain_norm(norm, m):
    if isinstance(norm, nn.Identity):
        return nn.Identity()
    plain = nn.BatchNorm1d(norm.weight.shape[1]).double()
    plain.weight.data, plain.bias.data = norm.weight[m, :, 0].detach(), norm.bias[m, :, 0].detach()
    plain.running_mean = norm.running_mean[m, :, 0].clone()
    plain.running_var = norm.running_var[m, :, 0].clone()
    return plain


def plain_block(block, m):
    activation = nn.ReLU() if block.activation is torch.relu else nn.ELU()
    layers = [plain_linear(block.first, m), activation]
    if block.hidden_layers > 1:
        layers += [plain_linear(block.second, m), activation]
    return nn.Sequential(*layers, plain_norm(block.norm, m))


def plain_head(head, m):
    """The two-layer `g` and the readout of a member."""
    return nn.Sequential(plain_block(head.block, m), plain_linear(head.readout, m))


@pytest.mark.parametrize("samples", [2, 31, 128, 300])
@pytest.mark.parametrize("use_running", [True, False])
def test_batch_norm_in_loops_is_torchs(samples, use_running):
    random = torch.Generator().manual_seed(samples)
    norm = perturbed(BatchNorm(MEMBERS, HIDDEN, use_running)).float()
    plain = [plain_norm(norm, m).float() for m in range(MEMBERS)]
    x = 3 + torch.randn(MEMBERS, samples, HIDDEN, generator=random)
    ours, theirs = (x.clone().requires_grad_() for _ in range(2))
    for training in (True, False):
        norm.train(training)
        outputs = norm(ours.transpose(1, 2)).transpose(1, 2)
        wanted = [
            one.train(training or not use_running)(y) for one, y in zip(plain, theirs, strict=True)
        ]
        wanted = torch.stack(wanted)
        torch.testing.assert_close(outputs, wanted, rtol=1e-4, atol=1e-4)
        of_ours = torch.autograd.grad(outputs.sin().sum(), [ours, norm.weight, norm.bias])
        given = [theirs, *(one.weight for one in plain), *(one.bias for one in plain)]
        of_x, *others = torch.autograd.grad(wanted.sin().sum(), given)
        torch.testing.assert_close(of_ours[0], of_x, rtol=1e-4, atol=1e-4)
        found = torch.cat([each.flatten() for each in of_ours[1:]])
        torch.testing.assert_close(found, torch.cat(others), rtol=1e-4, atol=1e-3)
        if training:
            variance = torch.stack([one.running_var for one in plain])
            torch.testing.assert_close(norm.running_var[..., 0], variance)


@pytest.mark.parametrize("hidden_layers, norm, blocks", BLOCKS)
def test_every_member_is_a_plain_network(hidden_layers, norm, blocks):
    block = perturbed(Block(MEMBERS, INPUTS, HIDDEN, hidden_layers, norm, blocks=blocks))
    assert block.hidden_layers == (2 if blocks == "nri" else hidden_layers)
    plain = [plain_block(block, m) for m in range(MEMBERS)]
    for training in (True, True, False):  # running statistics after two steps, then their use
        x = torch.randn(INPUTS, SAMPLES, dtype=torch.double)
        block.train(training)
        out = block(x)
        block.zero_grad()
        (out**2).sum().backward()
        for m in range(MEMBERS):
            wanted = plain[m].train(training)(x.T)
            plain[m].zero_grad()
            (wanted**2).sum().backward()
            torch.testing.assert_close(out[m].T, wanted)
            torch.testing.assert_close(block.first.weight.grad[m], plain[m][0].weight.grad)


def test_layers_start_as_torchs_and_those_of_relational_inference_as_kipfs():
    linear, layer = Linear(200, 16, 8), Head(300, 6, 2, 10, blocks="nri").block.second
    for ours in (linear.weight, linear.bias):
        assert ours.abs().max() <= 1 / 4  # uniform
        assert ours.std().item() == pytest.approx(1 / 4 / 3**0.5, rel=0.05)
    outputs, inputs = layer.weight.shape[1:]
    torch.testing.assert_close(layer.bias, torch.full_like(layer.bias, 0.1))
    assert layer.weight.std().item() == pytest.approx((2 / (inputs + outputs)) ** 0.5, rel=0.05)
    assert layer.weight.abs().max() > 2.5 * layer.weight.std()  # a normal one has tails
