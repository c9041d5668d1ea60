"""Scores of all pairs at every window, slice by slice, against written out."""

from __future__ import annotations

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.profiler import ProfilerActivity, profile

from wormgnn.models import frame_edges
from wormgnn.models.frame_edges import frame_edge_scores, score_bytes

SHAPES = [(2, 2, 3, 4), (1, 2, 3, 4), (2, 1, 3, 4), (2, 2, 1, 4), (2, 2, 3, 1), (1, 1, 1, 1)]
"""Members, hidden, neurons, windows."""

SLICES = {  # bytes of double precision, for the shape (2, 3, 4, 5): 20 values a channel
    "less than a channel": 8,
    "a channel": 8 * 20,
    "two channels of three": 8 * 40,
    "a member": 8 * 60,
    "both members": 8 * 120,
}


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


@pytest.mark.parametrize("shape", SHAPES)
def test_scores_and_gradients_are_the_written_out_ones(shape):
    given = inputs(shape)
    found = with_gradients(frame_edge_scores, given)
    assert found[0].shape == (shape[0], shape[2], shape[2], shape[3])
    torch.testing.assert_close(found, with_gradients(written_out, given))
    assert torch.autograd.gradcheck(frame_edge_scores, given)


def test_single_precision_at_a_real_size_where_a_member_takes_several_slices():
    given = inputs((2, 64, 15, 300), torch.float)
    assert 4 * given[0][0].numel() > frame_edges.SLICE_BYTES
    found = with_gradients(frame_edge_scores, given)
    exact = with_gradients(written_out, [x.detach().double().requires_grad_() for x in given])
    wanted = [x.float() for x in exact]  # in single precision, written out is the less exact
    torch.testing.assert_close(list(found), wanted, rtol=1e-4, atol=5e-4)


@pytest.mark.parametrize("size", SLICES.values(), ids=SLICES)
def test_slices_of_any_size_give_the_same(monkeypatch, size):
    given = inputs((2, 3, 4, 5))
    wanted = with_gradients(written_out, given)
    monkeypatch.setattr(frame_edges, "SLICE_BYTES", size)
    torch.testing.assert_close(with_gradients(frame_edge_scores, given), wanted)


@pytest.mark.parametrize(
    "budget, steps", [(1, (1, 1)), (45, (1, 2)), (60, (1, 3)), (125, (2, 3)), (1000, (4, 3))]
)
def test_a_slice_keeps_to_its_budget(budget, steps):
    assert frame_edges._steps(members=4, hidden=3, values=20, budget=budget) == steps


def test_members_are_independent():
    to_i, from_j, readout = inputs((3, 2, 4, 5))
    rows = torch.tensor([2, 0])
    some = frame_edge_scores(to_i[rows], from_j[rows], readout[rows])
    torch.testing.assert_close(some, frame_edge_scores(to_i, from_j, readout)[rows])


def test_the_receiving_neuron_comes_first():
    to_i, from_j = torch.zeros(2, 1, 1, 3, 1)
    to_i[0, 0, 2] = 1.0
    scores = frame_edge_scores(to_i, from_j, torch.ones(1, 1))
    assert scores[0, :, :, 0].tolist() == [[0, 0, 0], [0, 0, 0], [1, 1, 1]]


def test_no_gradient_where_the_sum_is_zero():
    to_i, _, readout = inputs((1, 2, 3, 4))
    level = torch.full_like(to_i, 0.3)
    given = (level.requires_grad_(), (-level).detach().requires_grad_(), readout)
    for grad in with_gradients(frame_edge_scores, given):
        assert not grad.any()


def test_gradient_in_any_order_of_axes():
    given = inputs((2, 3, 4, 5))
    grad = torch.randn(2, 5, 4, 4, dtype=torch.double).permute(0, 3, 2, 1)
    found, wanted = (
        torch.autograd.grad(f(*given), given, grad) for f in (frame_edge_scores, written_out)
    )
    torch.testing.assert_close(found, wanted)


def test_inputs_in_any_order_of_axes():
    given = inputs((5, 4, 3, 2))
    turned = [x.permute(*reversed(range(x.dim()))) for x in given[:2]]
    turned.append(inputs((2, 3, 1, 1))[2])
    torch.testing.assert_close(frame_edge_scores(*turned), written_out(*turned))
    found, wanted = (
        torch.autograd.grad(f(*turned).square().sum(), given[:2])
        for f in (frame_edge_scores, written_out)
    )
    torch.testing.assert_close(found, wanted)


def test_only_the_inputs_are_saved():
    given, saved = inputs((2, 8, 6, 7)), []

    def note(tensor):
        saved.append(tensor)
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        frame_edge_scores(*given)
    assert {x.data_ptr() for x in saved} == {x.data_ptr() for x in given}
    assert sum(x.nbytes for x in saved) == sum(x.nbytes for x in given)


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
def test_memory_is_what_the_formula_says(shape):
    members, hidden, neurons, windows = shape
    given = inputs(shape, torch.float)
    formula = score_bytes(members, neurons, windows, hidden)
    scores = frame_edge_scores(*given)
    forward = most_bytes(lambda: frame_edge_scores(*given)) - scores.nbytes
    turned = torch.ones(members, windows, neurons, neurons).permute(0, 3, 2, 1)
    gradients = sum(x.nbytes for x in given)
    backward = most_bytes(lambda: torch.autograd.grad(scores, given, turned)) - gradients
    assert backward == formula  # with the gradient's copy, that the forward pass has no need of
    assert forward == formula - scores.nbytes
    assert formula < 4 * members * hidden * neurons**2 * windows  # a written-out array


def test_second_derivatives_are_refused():
    given = inputs((1, 2, 3, 4))
    first = torch.autograd.grad(frame_edge_scores(*given).square().sum(), given, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first[2].sum().backward()
