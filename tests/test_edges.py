"""The kernels of edge encoders against what they are, written out."""

from unittest.mock import patch

import pytest
import torch
from hypothesis import given as drawn_from
from hypothesis import settings
from hypothesis import strategies as st

from test_layers import VARIANTS, perturbed
from wormgnn.models import kernels
from wormgnn.models.edges import FrameEdgeScores, RectifiedMean, mean_over_frames
from wormgnn.models.layers import Block


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("hidden_layers, norm", VARIANTS)
def test_mean_over_frames_is_the_mean_of_the_block_over_pairs(hidden_layers, norm, training):
    block = perturbed(Block(2, 6, 3, hidden_layers, norm)).train(training)
    other = Block(2, 6, 3, hidden_layers, norm).double().train(training)
    other.load_state_dict(block.state_dict())
    to_i, from_j = torch.randn(2, 2, 3, 4, 6, dtype=torch.double)
    pairs = (to_i[:, :, :, None] + from_j[:, :, None]).flatten(2)
    wanted = other.rest(pairs).unflatten(2, (16, 6)).mean(-1)
    torch.testing.assert_close(mean_over_frames(block, to_i, from_j, 6), wanted)
    torch.testing.assert_close(dict(block.named_buffers()), dict(other.named_buffers()))


def test_mean_over_frames_stays_finite_where_activations_hardly_vary():
    block = Block(1, 2, 16, 1, "last")
    level = torch.linspace(10, 100, 16)[None, :, None, None].expand(1, 16, 15, 64)
    assert torch.isfinite(mean_over_frames(block.train(), level, level, 64)).all()


def written_out_means(a, b):
    hidden = torch.relu(a[:, :, :, None] + b[:, :, None])
    return hidden.mean(-1), hidden.square().mean((2, 3, 4))


def written_out_scores(a, b, readout):
    hidden = torch.relu(a[:, :, :, None] + b[:, :, None])
    return (torch.einsum("mh,mhijt->mijt", readout, hidden),)


def rectified_mean(a, b):
    return RectifiedMean.apply(a, b)


def scores(a, b, readout):
    return (FrameEdgeScores.apply(a, b, readout),)


WRITTEN_OUT = {rectified_mean: written_out_means, scores: written_out_scores}


def inputs(function, shape, dtype):
    """Arguments whose last axes lie in memory the other way round, as those of a network may."""
    random = torch.Generator().manual_seed(0)
    turned = (*shape[:2], shape[3], shape[2])
    drawn = [torch.randn(turned, generator=random).transpose(2, 3) for _ in range(2)]
    if function is scores:
        drawn.append(torch.randn(shape[:2], generator=random))
    return [x.to(dtype).requires_grad_() for x in drawn]


def with_gradients(function, given):
    outputs = function(*given)
    loss = sum((output.sin() * output).sum() for output in outputs)
    return [*outputs, *torch.autograd.grad(loss, given)]


@settings(max_examples=60, deadline=None)
@drawn_from(
    st.sampled_from([rectified_mean, scores]),
    st.tuples(*(st.integers(1, most) for most in (3, 5, 5, 300))),
    st.booleans(),
)
def test_loops_and_torch_alike_give_what_the_formula_gives(function, shape, loops):
    given, exact = (inputs(function, shape, dtype) for dtype in (torch.float, torch.double))
    wanted = with_gradients(WRITTEN_OUT[function], exact)
    with patch.object(kernels, "suit", lambda x: loops):
        found = with_gradients(function, given)
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("function", [rectified_mean, scores])
def test_what_is_not_a_number_does_not_get_lost(function):
    given = inputs(function, (1, 1, 2, 40), torch.float)
    with torch.no_grad():
        given[0][0, 0, 0, 3] = torch.nan
    wanted = [x.isnan() for x in WRITTEN_OUT[function](*given)]
    assert all(map(torch.equal, wanted, [x.isnan() for x in function(*given)]))
    assert wanted[0].any()
