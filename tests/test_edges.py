"""Edge encoders by what they must and must not see, and their kernels against written out."""

from unittest.mock import patch

import pytest
import torch
from hypothesis import given as drawn_from
from hypothesis import settings
from hypothesis import strategies as st
from torch.profiler import ProfilerActivity, profile

from test_layers import VARIANTS, perturbed
from wormgnn.errors import ChoiceError
from wormgnn.models import kernels
from wormgnn.models.edges import (
    EdgeEncoder,
    FrameEdges,
    RectifiedMean,
    frame_edge_scores,
    mean_over_frames,
)
from wormgnn.models.layers import Block

MEMBERS, FEATURES, NEURONS, FRAMES, HIDDEN = 2, 2, 4, 6, 5
ENCODERS = {
    "before": lambda: EdgeEncoder(MEMBERS, FEATURES, HIDDEN, edges="before"),
    "after": lambda: EdgeEncoder(MEMBERS, FEATURES, HIDDEN, edges="after"),
    "frame": lambda: EdgeEncoder(MEMBERS, FEATURES, HIDDEN, edges="frame"),
    "lean": lambda: FrameEdges(MEMBERS, FEATURES, HIDDEN),
}


def frames():
    return torch.rand(FEATURES, NEURONS, FRAMES, dtype=torch.double)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("build", ENCODERS.values(), ids=ENCODERS)
def test_permuting_the_neurons_permutes_the_edges(build, training):
    encoder, other = perturbed(build()).train(training), build().double().train(training)
    other.load_state_dict(encoder.state_dict())
    order, context = [2, 0, 3, 1], frames()
    weights = encoder(context)
    assert weights.shape == (MEMBERS, NEURONS, NEURONS) + (FRAMES,) * (encoder.edges == "frame")
    assert ((weights > 0) & (weights < 1)).all() and weights.std() > 0
    torch.testing.assert_close(other(context[:, order]), weights[:, order][:, :, order])


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan")])
def test_a_factor_that_cannot_sharpen_is_refused(factor):
    with pytest.raises(ChoiceError, match="sharpness"):
        EdgeEncoder(1, sharpness=factor)
    with pytest.raises(ChoiceError, match=r"rivals.*receivers.*senders"):
        EdgeEncoder(1, rivals="receivers")


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


@pytest.mark.parametrize("hidden_layers, norm", VARIANTS)
def test_means_of_windows_are_means_of_frames_taken_apart(hidden_layers, norm):
    block = perturbed(Block(2, 6, 3, hidden_layers, norm)).eval()
    to_i, from_j = torch.randn(2, 2, 3, 4, 6, dtype=torch.double)
    windows = mean_over_frames(block, to_i, from_j, 2).unflatten(2, (16, 3))
    for number in range(3):
        own = slice(2 * number, 2 * number + 2)
        alone = mean_over_frames(block, to_i[..., own], from_j[..., own], 2)
        torch.testing.assert_close(windows[..., number], alone)


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
    return (frame_edge_scores(a, b, readout),)


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
@pytest.mark.parametrize("shape", [(2, 2, 3, 4), (1, 1, 1, 1)])
def test_gradients_are_those_of_finite_differences(function, shape):
    given = inputs(function, shape, torch.double)
    torch.testing.assert_close(
        with_gradients(function, given), with_gradients(WRITTEN_OUT[function], given)
    )
    assert torch.autograd.gradcheck(function, given)


@pytest.mark.parametrize("function", [rectified_mean, scores])
def test_what_is_not_a_number_does_not_get_lost(function):
    given = inputs(function, (1, 1, 2, 40), torch.float)
    with torch.no_grad():
        given[0][0, 0, 0, 3] = torch.nan
    wanted = [x.isnan() for x in WRITTEN_OUT[function](*given)]
    assert all(map(torch.equal, wanted, [x.isnan() for x in function(*given)]))
    assert wanted[0].any()


def most_bytes(function):
    """Most bytes that torch's allocator held at once for the function."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        function()
    held, most = 0, 0
    for event in record.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    return most


@pytest.mark.parametrize("shape", [(2, 32, 15, 350), (8, 16, 5, 100), (1, 256, 3, 7)])
def test_torch_holds_three_arrays_beside_what_comes_in_and_goes_out(shape):
    given = [x.detach().contiguous().requires_grad_() for x in inputs(scores, shape, torch.double)]
    (found,) = scores(*given)
    room = 3 * given[0].nbytes
    assert most_bytes(lambda: scores(*given)) <= found.nbytes + room
    backward = most_bytes(lambda: torch.autograd.grad(found, given, torch.ones_like(found)))
    assert backward <= sum(x.nbytes for x in given) + room + found.nbytes
