"""Layers with a member axis against one plain torch.nn network for each member."""

import itertools

import pytest
import torch
from torch import nn

from wormgnn.models.layers import BatchNorm, Block, Linear, affine

MEMBERS, INPUTS, HIDDEN, SAMPLES = 3, 5, 4, 20
VARIANTS = list(itertools.product([1, 2], ["last", "each", "none"]))


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
    layers = [plain_linear(block.first, m), nn.ReLU(), plain_norm(block.first_norm, m)]
    if block.hidden_layers > 1:
        layers += [plain_linear(block.second, m), nn.ReLU(), plain_norm(block.second_norm, m)]
    return nn.Sequential(*layers)


def plain_head(head, m):
    """The two-layer `g` and the readout of a member."""
    return nn.Sequential(plain_block(head.block, m), plain_linear(head.readout, m))


def test_linear_is_initialised_as_torchs():
    linear, plain = Linear(200, 16, 8), nn.Linear(16, 8)
    for ours, theirs in ((linear.weight, plain.weight), (linear.bias, plain.bias)):
        assert ours.abs().max() <= 1 / 4
        assert ours.std().item() == pytest.approx(1 / 4 / 3**0.5, rel=0.05)
        assert ours[0].numel() == theirs.numel()
    assert not torch.equal(linear.weight[0], linear.weight[1])


def test_shared_input_equals_one_copy_for_each_member():
    linear, x = Linear(MEMBERS, INPUTS, HIDDEN).double(), torch.randn(INPUTS, SAMPLES).double()
    shared = affine(linear.weight, linear.bias, x)
    copies = linear(x.expand(MEMBERS, -1, -1))
    assert shared.shape == (MEMBERS, HIDDEN, SAMPLES)
    torch.testing.assert_close(shared, copies)
    for m in range(MEMBERS):
        torch.testing.assert_close(shared[m].T, plain_linear(linear, m)(x.T))


@pytest.mark.parametrize("hidden_layers, norm", VARIANTS)
def test_every_member_is_a_plain_network(hidden_layers, norm):
    block = perturbed(Block(MEMBERS, INPUTS, HIDDEN, hidden_layers, norm))
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


def test_batch_norm_over_the_worm_at_hand_ignores_running_statistics():
    norm = perturbed(BatchNorm(2, 3, use_running=False))
    x = torch.randn(2, 3, SAMPLES, dtype=torch.double)
    trained = norm.train()(x)
    torch.testing.assert_close(norm.eval()(x), trained)
    before = norm.running_mean.clone()
    norm.eval()(x + 5)
    torch.testing.assert_close(norm.running_mean, before)
