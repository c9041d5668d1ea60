"""Networks against loops over nodes and edges, and against torch_geometric."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from test_layers import perturbed, plain_block, plain_linear
from wormgnn.errors import ChoiceError
from wormgnn.models import CLASSIFIERS, classifier
from wormgnn.models.gnn import GNN, EdgeEncoder

MEMBERS, FEATURES, NEURONS, FRAMES, STATES, HIDDEN = 2, 2, 4, 6, 3, 5
EDGES, NORMS = ("before", "after", "frame"), ("last", "each", "none")


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def frames(n=FRAMES, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(FEATURES, NEURONS, n, dtype=torch.double, generator=generator)


def loop_edges(encoder, m, context):
    """Eq. 8-11 for one member, pair by pair: weights `[i][j]`, each of shape (frames or 1,)."""
    n_frames = context.shape[-1]
    samples = torch.stack([context[:, i, t] for i in range(NEURONS) for t in range(n_frames)])
    nodes = plain_block(encoder.node, m).train(encoder.training)(samples)
    nodes = nodes.view(NEURONS, n_frames, -1)
    if encoder.edges == "before":
        nodes = nodes.mean(1, keepdim=True)
    joined = [
        torch.cat([nodes[i], nodes[j]], dim=1) for i in range(NEURONS) for j in range(NEURONS)
    ]
    hidden = plain_block(encoder.pair, m).train(encoder.training)(torch.cat(joined))
    hidden = hidden.view(NEURONS, NEURONS, nodes.shape[1], -1)
    if encoder.edges == "after":
        hidden = hidden.mean(2, keepdim=True)
    types = plain_linear(encoder.readout, m)(hidden) * encoder.sharpness
    kept = 1 - torch.eye(NEURONS)[..., None] * (not encoder.self_edges)
    if encoder.rivals == "types":
        return types.softmax(-1)[..., 1] * kept
    odds = (types[..., 1] - types[..., 0]).exp() * kept
    return odds / odds.sum(1, keepdim=True)


def loop_gnn(model, m, x, context):
    """Eq. 8-14 for one member: scores (frames, states)."""
    weights = loop_edges(model.encoder, m, x if model.encoder.edges == "frame" else context)
    nodes = [x[:, j] for j in range(NEURONS)]
    for _ in range(model.steps):
        nodes = [sum(weights[i, j] * nodes[j] for j in range(NEURONS)) for i in range(NEURONS)]
    if model.aggregation == "sum":
        graph = sum(nodes)
    else:
        graph = torch.stack([nodes[i][f] for f in range(FEATURES) for i in range(NEURONS)])
    hidden = plain_block(model.block, m).train(model.training)(graph.T)
    return plain_linear(model.readout, m)(hidden)


GRID = list(itertools.product(EDGES, ("concat", "sum"), (1, 2), (1, 2), NORMS, (True, False)))


@pytest.mark.parametrize("edges, aggregation, steps, hidden_layers, norm, training", GRID)
def test_gnn_is_the_loop_over_nodes_and_edges(
    edges, aggregation, steps, hidden_layers, norm, training
):
    options = {"edges": edges, "aggregation": aggregation, "steps": steps, "norm": norm}
    model = GNN(
        MEMBERS, NEURONS, STATES, FEATURES, HIDDEN, hidden_layers, self_edges=steps == 1, **options
    )
    model = perturbed(model).train(training)
    x, context = frames(), frames(7, seed=2)
    wanted = torch.stack([loop_gnn(model, m, x, context).T for m in range(MEMBERS)])
    torch.testing.assert_close(model(x, context), wanted)


@pytest.mark.parametrize("rivals", ["types", "senders"])
@pytest.mark.parametrize("edges", EDGES)
@pytest.mark.parametrize("self_edges", [True, False])
def test_sharper_edges_are_the_loop_with_a_factor_in_the_softmax(rivals, edges, self_edges):
    options = {"edges": edges, "self_edges": self_edges, "sharpness": 2.5, "rivals": rivals}
    model = perturbed(GNN(MEMBERS, NEURONS, STATES, FEATURES, HIDDEN, **options)).train()
    x, context = frames(), frames(7, seed=2)
    wanted = torch.stack([loop_gnn(model, m, x, context).T for m in range(MEMBERS)])
    torch.testing.assert_close(model(x, context), wanted)


def test_a_large_factor_makes_edges_one_hot():
    def edges(sharpness, rivals):
        encoder = EdgeEncoder(MEMBERS, FEATURES, HIDDEN, sharpness=sharpness, rivals=rivals)
        encoder.load_state_dict(plain.state_dict())
        return encoder.double().eval()(frames())

    plain = perturbed(EdgeEncoder(MEMBERS, FEATURES, HIDDEN)).eval()
    types, senders = edges(1e6, "types"), edges(1e6, "senders")
    torch.testing.assert_close(types, (plain(frames()) > 0.5).double())
    best = nn.functional.one_hot(plain(frames()).argmax(2), NEURONS).double()
    torch.testing.assert_close(senders, best)


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan")])
def test_a_factor_that_cannot_sharpen_is_refused(factor):
    with pytest.raises(ChoiceError, match="sharpness"):
        EdgeEncoder(1, sharpness=factor)
    with pytest.raises(ChoiceError, match=r"rivals.*receivers.*senders"):
        EdgeEncoder(1, rivals="receivers")


@pytest.mark.parametrize("name", ["mlp", "gnn"])
@pytest.mark.parametrize("training", [True, False])
def test_a_member_is_the_network_alone(name, training):
    ensemble = perturbed(classifier(name, 3, NEURONS, STATES, seed=0)).train(training)
    for m in range(3):
        alone = classifier(name, 1, NEURONS, STATES, seed=9).double().train(training)
        alone.load_state_dict({k: v[m : m + 1] for k, v in ensemble.state_dict().items()})
        out = ensemble(frames(), frames(7))[m]
        torch.testing.assert_close(alone(frames(), frames(7))[0], out)


@pytest.mark.parametrize("edges", EDGES)
def test_an_ensemble_gives_what_its_members_give(edges):
    """Different members in one call, in one order or another."""
    model = perturbed(GNN(3, NEURONS, STATES, hidden=HIDDEN, edges=edges)).eval()
    order = [2, 0, 1]
    other = GNN(3, NEURONS, STATES, hidden=HIDDEN, edges=edges).double().eval()
    other.load_state_dict({k: v[order] for k, v in model.state_dict().items()})
    torch.testing.assert_close(other(frames()), model(frames())[order])


def test_mlp_is_two_layers_on_all_features():
    model = perturbed(classifier("mlp", MEMBERS, NEURONS, STATES, seed=0)).eval()
    x = frames()
    for m in range(MEMBERS):
        plain = nn.Sequential(plain_block(model.block, m), plain_linear(model.readout, m)).eval()
        torch.testing.assert_close(model(x)[m].T, plain(x.reshape(-1, FRAMES).T))


@pytest.mark.parametrize("steps", [1, 2])
def test_messages_are_those_of_torch_geometric(steps):
    conv = pytest.importorskip("torch_geometric.nn").SimpleConv(aggr="sum")
    model = perturbed(GNN(1, NEURONS, STATES, hidden=HIDDEN, edges="frame", steps=steps)).eval()
    x = frames()
    weights = model.encoder(x)
    receive, send = torch.cartesian_prod(torch.arange(NEURONS), torch.arange(NEURONS)).T
    passed = model._pass(x, weights)
    for t in range(FRAMES):
        nodes = x[:, :, t].T
        for _ in range(steps):
            nodes = conv(nodes, torch.stack([send, receive]), weights[0, receive, send, t])
        torch.testing.assert_close(passed[0, :, :, t].T, nodes)


@pytest.mark.parametrize("aggregation", ["concat", "sum"])
def test_folding_the_edges_into_the_layer_changes_nothing(aggregation):
    model = GNN(MEMBERS, NEURONS, STATES, hidden=HIDDEN, aggregation=aggregation, steps=3)
    model = perturbed(model).eval()
    x, weights = frames(), torch.rand(MEMBERS, NEURONS, NEURONS, dtype=torch.double)
    every_frame = weights[..., None].expand(-1, -1, -1, FRAMES)
    torch.testing.assert_close(model.classify(x, weights), model.classify(x, every_frame))


@pytest.mark.parametrize("edges", EDGES)
@pytest.mark.parametrize("training", [True, False])
def test_permuting_the_neurons_permutes_the_edges(edges, training):
    encoder = perturbed(EdgeEncoder(MEMBERS, FEATURES, HIDDEN, edges=edges)).train(training)
    order, context = [2, 0, 3, 1], frames()
    other = perturbed(EdgeEncoder(MEMBERS, FEATURES, HIDDEN, edges=edges)).train(training)
    other.load_state_dict(encoder.state_dict())
    wanted = encoder(context)[:, order][:, :, order]
    torch.testing.assert_close(other(context[:, order]), wanted)
    assert wanted.std() > 0


@pytest.mark.parametrize("edges", EDGES)
def test_edges_are_probabilities_and_self_edges_can_go(edges):
    encoder = perturbed(EdgeEncoder(MEMBERS, FEATURES, HIDDEN, edges=edges)).eval()
    weights = encoder(frames())
    assert weights.shape == (MEMBERS, NEURONS, NEURONS) + (FRAMES,) * (edges == "frame")
    assert ((weights > 0) & (weights < 1)).all()
    encoder.self_edges = False
    bare = encoder(frames())
    diagonal = torch.eye(NEURONS, dtype=torch.bool)
    assert (bare[:, diagonal] == 0).all()
    torch.testing.assert_close(bare[:, ~diagonal], weights[:, ~diagonal])


@pytest.mark.parametrize("edges", ["before", "after"])
def test_static_edges_ignore_the_order_of_frames(edges):
    encoder = perturbed(EdgeEncoder(MEMBERS, FEATURES, HIDDEN, edges=edges)).eval()
    torch.testing.assert_close(encoder(frames()), encoder(frames().flip(-1)))


def test_edges_per_frame_know_their_frame_alone():
    model = perturbed(GNN(MEMBERS, NEURONS, STATES, edges="frame")).eval()
    x = frames()
    torch.testing.assert_close(model(x)[..., :2], model(x[..., :2]))
    torch.testing.assert_close(model(x, frames(9, seed=3)), model(x))


def test_seed_alone_decides_the_initial_weights():
    state = torch.random.get_rng_state()
    first, again, other = (classifier("gnn", 2, NEURONS, STATES, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(first.readout.weight, again.readout.weight)
    assert not torch.equal(first.readout.weight, other.readout.weight)


def test_connectome_gnn_passes_messages_along_given_edges():
    adjacency = torch.rand(NEURONS, NEURONS, generator=torch.Generator().manual_seed(3)).numpy()
    mlp = classifier("mlp", MEMBERS, NEURONS, STATES, seed=0).eval()
    model = classifier("gnn-connectome", MEMBERS, NEURONS, STATES, 0, adjacency=adjacency).eval()
    state = {k: v for k, v in mlp.state_dict().items() if k in model.state_dict()}
    model.load_state_dict(state, strict=False)
    x = frames().float()
    passed = torch.einsum("ij,fjt->fit", torch.from_numpy(adjacency), x)
    assert F.mse_loss(model(x), mlp(x)) > 1e-6
    torch.testing.assert_close(model(x), mlp(passed))


def test_an_unknown_model_names_the_choices():
    with pytest.raises(ChoiceError, match=f"model 'cnn': choose one of {', '.join(CLASSIFIERS)}"):
        classifier("cnn", 1, 2, 3, 4)
