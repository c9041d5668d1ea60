"""Edge encoders by what they must and must not see, and their kernels against written out."""

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from test_layers import VARIANTS, perturbed
from wormgnn.errors import ChoiceError
from wormgnn.models import edges as kernels
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


def written_out_means(a, b):
    hidden = torch.relu(a[:, :, :, None] + b[:, :, None])
    return hidden.mean(-1), hidden.square().mean((2, 3, 4))


def test_rectified_mean_is_the_written_out_one():
    a, b = (torch.randn(2, 3, 4, 5, dtype=torch.double, requires_grad=True) for _ in range(2))
    means, wanted = RectifiedMean.apply(a, b), written_out_means(a, b)
    weights = [torch.randn_like(mean) for mean in wanted]
    grads = [
        torch.autograd.grad(sum((w * p).sum() for w, p in zip(weights, both, strict=True)), (a, b))
        for both in (means, wanted)
    ]
    torch.testing.assert_close(means, wanted)
    torch.testing.assert_close(*grads)
    assert torch.autograd.gradcheck(RectifiedMean.apply, (a, b))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("hidden_layers, norm", VARIANTS)
def test_mean_over_frames_is_the_mean_of_the_block_over_pairs(hidden_layers, norm, training):
    block = perturbed(Block(2, 6, 3, hidden_layers, norm)).train(training)
    other = Block(2, 6, 3, hidden_layers, norm).double().train(training)
    other.load_state_dict(block.state_dict())
    to_i, from_j = torch.randn(2, 2, 3, 4, 5, dtype=torch.double)
    pairs = (to_i[:, :, :, None] + from_j[:, :, None]).flatten(2)
    wanted = other.rest(pairs).unflatten(2, (16, 5)).mean(-1)
    torch.testing.assert_close(mean_over_frames(block, to_i, from_j), wanted)
    torch.testing.assert_close(dict(block.named_buffers()), dict(other.named_buffers()))


def test_mean_over_frames_stays_finite_where_activations_hardly_vary():
    block = Block(1, 2, 16, 1, "last")
    level = torch.linspace(10, 100, 16)[None, :, None, None].expand(1, 16, 15, 64)
    assert torch.isfinite(mean_over_frames(block.train(), level, level)).all()


def written_out(to_i, from_j, readout):
    hidden = torch.relu(to_i[:, :, :, None] + from_j[:, :, None])
    return torch.einsum("mh,mhijt->mijt", readout, hidden)


def inputs(shape, dtype=torch.double):
    random = torch.Generator().manual_seed(0)
    sizes = (shape, shape, shape[:2])
    return tuple(torch.randn(s, generator=random, dtype=dtype).requires_grad_() for s in sizes)


def with_gradients(function, given):
    scores = function(*given)
    return scores, *torch.autograd.grad((scores.sin() * scores).sum(), given)


@pytest.mark.parametrize(
    "shape", [(2, 2, 3, 4), (1, 2, 3, 4), (2, 1, 3, 4), (2, 2, 1, 4), (2, 2, 3, 1), (1, 1, 1, 1)]
)
def test_scores_and_gradients_are_the_written_out_ones(shape):
    given = inputs(shape)
    both = with_gradients(frame_edge_scores, given)
    torch.testing.assert_close(both, with_gradients(written_out, given))
    assert torch.autograd.gradcheck(frame_edge_scores, given)


@pytest.mark.parametrize("values", [1, 20, 40, 60, 120])  # of 20 a channel and 60 a member
def test_slices_of_any_size_give_the_same(monkeypatch, values):
    given = inputs((2, 3, 4, 5))
    wanted = with_gradients(written_out, given)
    monkeypatch.setattr(kernels, "SLICE_BYTES", 8 * values)
    torch.testing.assert_close(with_gradients(frame_edge_scores, given), wanted)


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
def test_a_slice_is_all_that_it_holds_beside_what_comes_in_and_goes_out(shape):
    members, _, neurons, windows = shape
    given = inputs(shape, torch.float)
    scores = frame_edge_scores(*given)
    assert most_bytes(lambda: frame_edge_scores(*given)) <= scores.nbytes + kernels.SLICE_BYTES
    turned = torch.ones(members, windows, neurons, neurons).permute(0, 3, 2, 1)
    backward = most_bytes(lambda: torch.autograd.grad(scores, given, turned))
    copied = scores.nbytes  # of the gradient, which came in another order of axes
    assert backward <= sum(x.nbytes for x in given) + kernels.SLICE_BYTES + copied
