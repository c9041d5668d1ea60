"""Networks of both tasks against loops over neurons and edges, and each member against itself."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.func import functional_call

from test_layers import perturbed, plain_block, plain_head, plain_linear
from tiny import randomise
from wormgnn.errors import ChoiceError
from wormgnn.models import CLASSIFIERS, MODELS, PREDICTORS, Model, classifier, predictor
from wormgnn.models.networks import GNN, Network
from wormgnn.models.pyg import LAYERS
from wormgnn.tasks.rollout import Rollout, mean_square_error

MEMBERS, FEATURES, NEURONS, HIDDEN, SAMPLES, STATES, FRAMES = 3, 2, 4, 5, 6, 3, 3
ADJACENCY = np.random.default_rng(3).random((NEURONS, NEURONS))
EDGES, NORMS = ("before", "after", "frame"), ("last", "each", "none")
READERS = [
    ("mlp", {}),
    *(("gnn", {"edges": edges}) for edges in EDGES),
    ("gnn-connectome", {"adjacency": ADJACENCY}),
    *(("zoo", {"layer": layer}) for layer in LAYERS),
]
FORECASTERS = [
    *((name, {}) for name in PREDICTORS),
    ("mlp", {"norm": "last"}),
    ("gnn", {"edges": "after"}),
    ("gnn", {"edges": "before", "norm": "each"}),
    ("gnn", {"lean": False, "steps": 2, "aggregation": "sum"}),
    ("gnn-rnn", {"edges": "after"}),
]
NORMED = ("mlp", "gnn", "mlp-rnn", "gnn-rnn", "gat")


def frames(*lead, n=SAMPLES, seed=1):
    random = torch.Generator().manual_seed(seed)
    return torch.rand(*lead, FEATURES, NEURONS, n, generator=random, dtype=torch.double)


def reader(name, members=MEMBERS, **options):
    return randomise(classifier(name, members, NEURONS, STATES, 0, **options).double())


def forecaster(name, members=MEMBERS, **options):
    return randomise(predictor(name, members, NEURONS, 0, hidden=HIDDEN, **options).double())


class Unrolled(nn.Module):
    """Changes at some frames one after another; edges of a recording come from other frames."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, xs):
        edges, memory, changes = self.model.edges(frames(seed=2)), None, []
        for x in xs:
            change, memory = self.model(x, memory, edges)
            changes.append(change)
        return torch.stack(changes, dim=1)


def rows_of(model, members):
    return {key: value[members] for key, value in model.state_dict().items()}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name, options", READERS)
def test_a_member_of_an_ensemble_is_the_network_alone(name, options, training):
    model, given = reader(name, **options).train(training), (frames(), frames(seed=2))
    scores = model(*given)
    assert scores.shape == (MEMBERS, STATES, SAMPLES)
    assert (scores[0] - scores[1]).abs().max() > 1e-2
    for m in range(MEMBERS):
        alone = reader(name, 1, **options).train(training)
        alone.load_state_dict(rows_of(model, [m]))
        torch.testing.assert_close(alone(*given)[0], model(*given)[m])
    some = functional_call(model, rows_of(model, [2, 0]), given)
    torch.testing.assert_close(some, model(*given)[[2, 0]])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name, options", FORECASTERS)
def test_a_member_that_forecasts_is_the_network_alone(name, options, training):
    model, xs = Unrolled(forecaster(name, **options)).train(training), frames(FRAMES)
    changes = model(xs)
    assert changes.shape == (MEMBERS, FRAMES, FEATURES, NEURONS, SAMPLES)
    assert (changes[0] - changes[1]).abs().max() > 1e-2
    copies = xs[:, None].expand(-1, MEMBERS, -1, -1, -1)
    torch.testing.assert_close(model(copies), changes)
    for m in range(MEMBERS):
        alone = Unrolled(forecaster(name, 1, **options)).train(training)
        alone.load_state_dict(rows_of(model, [m]))
        torch.testing.assert_close(alone(xs)[0], model(xs)[m])


@pytest.mark.parametrize("name, options", FORECASTERS)
def test_neither_members_nor_windows_leak_into_each_other(name, options):
    model, xs = Unrolled(forecaster(name, **options)).eval(), frames(FRAMES, MEMBERS)
    some = functional_call(model, rows_of(model, [2, 0]), (xs[:, [2, 0]],))
    torch.testing.assert_close(some, model(xs)[[2, 0]])
    other = xs.clone()
    other[:, 1, :, :, 2] += 1
    moved = (model(other) - model(xs)).abs().amax((1, 2, 3))
    assert moved[1, 2] > 1e-2
    moved[1, 2] = 0
    assert moved.max() < 1e-12


@pytest.mark.parametrize("name, options", FORECASTERS)
def test_an_untrained_forecaster_is_persistence_and_can_learn(name, options):
    model = predictor(name, MEMBERS, NEURONS, 0, hidden=HIDDEN, **options).double()
    change = Unrolled(model)(frames(FRAMES))
    assert not change.any()
    (change - 1).square().sum().backward()
    readout = {k: p for k, p in model.named_parameters() if "encoder" not in k and "readout" in k}
    assert len(readout) == 2 and all(p.grad.any() for p in readout.values())


@pytest.mark.parametrize(
    "build",
    [
        lambda seed: classifier("gnn", 2, NEURONS, STATES, seed),
        lambda seed: classifier("zoo", 2, NEURONS, STATES, seed, layer="gin-0"),
        lambda seed: predictor("mlp-rnn", 2, NEURONS, seed, hidden=HIDDEN),
    ],
)
def test_the_seed_alone_decides_the_initial_weights(build):
    before = torch.random.get_rng_state()
    same, again, other = (next(iter(build(seed).parameters())) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(same, again)
    assert not torch.equal(same, other) and not torch.equal(same[0], same[1])


def test_the_registry_names_its_choices_and_what_each_needs():
    with pytest.raises(ChoiceError, match=f"model 'cnn': choose one of {', '.join(CLASSIFIERS)}"):
        classifier("cnn", 1, 2, 3, 4)
    with pytest.raises(ChoiceError, match=r"model 'zoo'.*node-mlp-rnn"):
        predictor("zoo", 1, NEURONS, 0)
    assert MODELS == CLASSIFIERS | PREDICTORS
    assert all(isinstance(model, Model) and model.version >= 1 for model in MODELS.values())
    for name, model in CLASSIFIERS.items():
        given = {"adjacency": ADJACENCY} if model.needs else {}
        layer = {"layer": "sage"} if name == "zoo" else {}
        assert isinstance(classifier(name, 1, NEURONS, STATES, 0, **given, **layer), Network)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("hidden_layers", [1, 2])
def test_mlp_is_two_layers_over_everything_in_both_tasks(hidden_layers, norm):
    options = {"hidden_layers": hidden_layers, "norm": norm}
    states, traces = reader("mlp", **options).train(), forecaster("mlp", **options).train()
    x = frames()
    plain = [
        [plain_head(model.head, m) for m in range(MEMBERS)] for model in (states, traces.network)
    ]
    scores, (change, memory) = states(x), traces(x)
    assert memory is None and not traces.recurrent
    for m in range(MEMBERS):
        wanted, changed = (heads[m].train()(x.flatten(0, 1).T).T for heads in plain)
        torch.testing.assert_close(scores[m], wanted)
        torch.testing.assert_close(change[m].flatten(0, 1), changed)


def test_node_mlp_is_a_network_for_each_neuron():
    model, x = forecaster("node-mlp"), frames()
    changes, first, readout = model(x)[0], model.network.first, model.network.readout
    for m in range(MEMBERS):
        for i in range(NEURONS):
            hidden = first.weight[m, i] @ x[:, i] + first.bias[m, i]
            wanted = readout.weight[m, i] @ hidden.relu() + readout.bias[m, i]
            torch.testing.assert_close(changes[m, :, i], wanted)


def loop_edges(encoder, m, context):
    """Eq. 8-11 for one member, pair by pair: weights `[i][j]`, each of shape (frames or 1,)."""
    neurons, n_frames = context.shape[1:]
    samples = torch.stack([context[:, i, t] for i in range(neurons) for t in range(n_frames)])
    nodes = plain_block(encoder.node, m).train(encoder.training)(samples)
    nodes = nodes.view(neurons, n_frames, -1)
    if encoder.edges == "before":
        nodes = nodes.mean(1, keepdim=True)
    pairs = [torch.cat([nodes[i], nodes[j]], dim=1) for i in range(neurons) for j in range(neurons)]
    hidden = plain_block(encoder.pair, m).train(encoder.training)(torch.cat(pairs))
    hidden = hidden.view(neurons, neurons, nodes.shape[1], -1)
    if encoder.edges == "after":
        hidden = hidden.mean(2, keepdim=True)
    types = plain_linear(encoder.readout, m)(hidden) * encoder.sharpness
    kept = 1 - torch.eye(neurons)[..., None] * (not encoder.self_edges)
    if encoder.rivals == "types":
        return types.softmax(-1)[..., 1] * kept
    odds = (types[..., 1] - types[..., 0]).exp() * kept
    return odds / odds.sum(1, keepdim=True)


def loop_frame_edges(encoder, m, x):
    """The same for `FrameEdges`: the second of two types has all the score."""
    neurons, node = x.shape[1], plain_block(encoder.node, m)
    layer = torch.cat([encoder.receive.weight[m], encoder.send[m]], dim=1)
    weights = x.new_zeros(neurons, neurons, x.shape[-1])
    for i, j, t in itertools.product(*map(range, weights.shape)):
        both = torch.cat([node(x[:, i, t]), node(x[:, j, t])])
        hidden = torch.relu(layer @ both + encoder.receive.bias[m, :, 0])
        score = encoder.readout.weight[m, 0] @ hidden + encoder.readout.bias[m, 0, 0]
        weights[i, j, t] = torch.stack([torch.zeros_like(score), score]).softmax(0)[1]
    return weights


def loop_gnn(model, m, x, context):
    """Eq. 8-14 for one member: scores (states, frames)."""
    weights = loop_edges(model.encoder, m, x if model.encoder.edges == "frame" else context)
    nodes = [x[:, j] for j in range(NEURONS)]
    for _ in range(model.steps):
        nodes = [sum(weights[i, j] * nodes[j] for j in range(NEURONS)) for i in range(NEURONS)]
    if model.aggregation == "sum":
        graph = sum(nodes)
    else:
        graph = torch.stack([nodes[i][f] for f in range(FEATURES) for i in range(NEURONS)])
    return plain_head(model.head, m).train(model.training)(graph.T).T


GRID = [
    *(
        {"edges": edges, "aggregation": aggregation, "hidden_layers": layers, "norm": norm}
        | {"steps": layers, "self_edges": aggregation == "concat"}
        for edges, aggregation, layers, norm in itertools.product(
            EDGES, ("concat", "sum"), (1, 2), NORMS
        )
    ),
    *(
        {"edges": edges, "self_edges": self_edges, "sharpness": 2.5, "rivals": rivals}
        for edges, self_edges, rivals in itertools.product(
            EDGES, (True, False), ("types", "senders")
        )
    ),
]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("options", GRID, ids=lambda options: "-".join(map(str, options.values())))
def test_gnn_is_the_loop_over_nodes_and_edges(options, training):
    model = perturbed(GNN(MEMBERS, NEURONS, STATES, FEATURES, HIDDEN, **options)).train(training)
    x, context = frames(), frames(n=7, seed=2)
    scores = torch.stack([loop_gnn(model, m, x, context) for m in range(MEMBERS)])
    torch.testing.assert_close(model(x, context), scores)
    stepped, memory = model.step(x, None, model.edges(context))
    assert memory is None
    torch.testing.assert_close(stepped, scores)


@pytest.mark.parametrize("edges", EDGES)
@pytest.mark.parametrize("lean", [True, False])
def test_a_forecasting_gnn_is_the_loop_over_nodes_and_edges(edges, lean):
    model, x, context = forecaster("gnn", edges=edges, lean=lean), frames(), frames(seed=2)
    network, given = model.network, model.edges(context)
    assert (given is None) == (edges == "frame")
    if given is not None:
        torch.testing.assert_close(given, network.encoder(context))
    changes, spread = model(x, None, given)[0], []
    for m in range(MEMBERS):
        loop = loop_frame_edges if lean and edges == "frame" else loop_edges
        weights = loop(network.encoder, m, x if edges == "frame" else context)
        messages = sum(weights[:, j] * x[:, None, j] for j in range(NEURONS))
        wanted = plain_head(network.head, m)(messages.flatten(0, 1).T).T
        torch.testing.assert_close(changes[m].flatten(0, 1), wanted)
        spread.append(weights)
    assert torch.stack(spread).std() > 1e-2  # so that the comparison is one of edges


@pytest.mark.parametrize("steps", [1, 2])
def test_messages_are_those_of_torch_geometric(steps):
    conv = pytest.importorskip("torch_geometric.nn").SimpleConv(aggr="sum")
    model, x = reader("gnn", 1, edges="frame", steps=steps).eval(), frames()
    weights = model.encoder(x)
    receive, send = torch.cartesian_prod(torch.arange(NEURONS), torch.arange(NEURONS)).T
    messages = model.messages(x)
    for t in range(SAMPLES):
        nodes = x[:, :, t].T
        for _ in range(steps):
            nodes = conv(nodes, torch.stack([send, receive]), weights[0, receive, send, t])
        torch.testing.assert_close(messages[0, :, :, t].T, nodes)


def test_edges_per_frame_know_their_frame_alone():
    model, x = reader("gnn", edges="frame").eval(), frames()
    assert model.edges(x) is None
    torch.testing.assert_close(model(x)[..., :2], model(x[..., :2]))
    torch.testing.assert_close(model(x, frames(n=9, seed=3)), model(x))


def test_an_option_that_no_encoder_has_is_refused():
    for lean in (False, True):
        with pytest.raises(TypeError, match="colour"):
            predictor("gnn", 1, NEURONS, 0, lean=lean, colour="red")


def kept_values(name, neurons, hidden, windows, **options):
    """Values kept for the backward pass at each window and frame, of one of two members."""
    model = Rollout(predictor(name, 2, neurons, 0, hidden=hidden, **options)).train()
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


def bound(name, neurons, hidden, **options):
    return predictor(name, 1, neurons, 0, hidden=hidden, **options).values(neurons)


@pytest.mark.parametrize("neurons, hidden", [(5, 16), (15, 16), (5, 64)])
@pytest.mark.parametrize("name", PREDICTORS)
def test_values_bound_what_the_backward_pass_keeps(name, neurons, hidden):
    options = {"norm": "last"} if name in NORMED else {}
    kept = kept_values(name, neurons, hidden, 40, **options)
    assert kept <= 1.01 * bound(name, neurons, hidden, **options)  # masks of teachers left out
    assert bound(name, neurons, hidden, **options) <= 2 * kept
