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
from wormgnn.errors import ChoiceError, WormgnnError
from wormgnn.models import MODELS, PREDICTORS, classifier, predictor, register
from wormgnn.models.edges import EdgeEncoder
from wormgnn.models.gnn import GNN, MESSAGES
from wormgnn.models.pyg import LAYERS
from wormgnn.tasks.rollout import Rollout, mean_square_error

MEMBERS, FEATURES, NEURONS, HIDDEN, SAMPLES, STATES, FRAMES = 3, 2, 4, 5, 6, 3, 3
ADJACENCY = np.random.default_rng(3).random((NEURONS, NEURONS))
EDGES, NORMS = ("before", "after", "frame"), ("last", "none")
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
    ("gnn", {"edges": "before", "norm": "last"}),
    ("gnn", {"lean": False, "steps": 2, "aggregation": "sum"}),
    ("gnn", {"edges": "after", "message": "self"}),
    ("gnn-rnn", {"edges": "after"}),
    ("gnn-rnn", {"edges": "after", "message": "symmetric", "blocks": "nri"}),
]
NORMED = ("mlp", "gnn", "mlp-lags", "mlp-rnn", "gnn-rnn", "gat")


def frames(*lead, n=SAMPLES, seed=1):
    random = torch.Generator().manual_seed(seed)
    return torch.rand(*lead, FEATURES, NEURONS, n, generator=random, dtype=torch.double)


class Unrolled(nn.Module):
    """Changes at some frames one after another; edges of a recording come from other frames."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, xs):
        edges, memory, changes = self.model.edges(frames(seed=2)), None, []
        for x in xs:
            change, memory = self.model.step(x, memory, edges)
            changes.append(change.unflatten(1, (FEATURES, NEURONS)))
        return torch.stack(changes, dim=1)


def reader(name, seeds=range(MEMBERS), **options):
    return randomise(classifier(name, seeds, NEURONS, STATES, **options).double())


def forecaster(name, seeds=range(MEMBERS), **options):
    return randomise(predictor(name, seeds, NEURONS, hidden=HIDDEN, **options).double())


def built(name, options, seeds=range(MEMBERS)):
    """A network of either task, and what it is given."""
    if (name, options) in READERS:
        return reader(name, seeds, **options), (frames(), frames(seed=2))
    return Unrolled(forecaster(name, seeds, **options)), (frames(FRAMES),)


def rows_of(model, members):
    return {key: value[members] for key, value in model.state_dict().items()}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name, options", [*READERS, *FORECASTERS])
def test_a_member_of_an_ensemble_is_the_network_alone(name, options, training):
    model, given = built(name, options)
    outputs = model.train(training)(*given)
    assert (outputs[0] - outputs[1]).abs().max() > 1e-2
    if isinstance(model, Unrolled):
        assert outputs.shape == (MEMBERS, FRAMES, FEATURES, NEURONS, SAMPLES)
        copies = given[0][:, None].expand(-1, MEMBERS, -1, -1, -1)
        torch.testing.assert_close(model(copies), outputs)
    else:
        assert outputs.shape == (MEMBERS, STATES, SAMPLES)
        some = functional_call(model, rows_of(model, [2, 0]), given)
        torch.testing.assert_close(some, model(*given)[[2, 0]])
    for m in range(MEMBERS):
        alone = built(name, options, [0])[0].train(training)
        alone.load_state_dict(rows_of(model, [m]))
        torch.testing.assert_close(alone(*given)[0], model(*given)[m])


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
    model = predictor(name, range(MEMBERS), NEURONS, hidden=HIDDEN, **options).double()
    change = Unrolled(model)(frames(FRAMES))
    assert not change.any()
    (change - 1).square().sum().backward()
    readout = {k: p for k, p in model.named_parameters() if "encoder" not in k and "readout" in k}
    assert len(readout) == 2 and all(p.grad.any() for p in readout.values())


@pytest.mark.parametrize("name, options", [*READERS, *FORECASTERS])
def test_a_members_seed_alone_decides_its_initial_weights(name, options):
    def build(*seeds):
        states = [STATES] if (name, options) in READERS else []
        return (classifier if states else predictor)(name, seeds, NEURONS, *states, **options)

    before = torch.random.get_rng_state()
    together, alone = build(7, 1, 2**32 - 1), build(1)
    assert torch.equal(torch.random.get_rng_state(), before)
    for (key, every), one in zip(together.named_parameters(), alone.parameters(), strict=True):
        assert torch.equal(every[1:2], one)
        constant = one.unique().numel() == 1  # batch norm, and readouts that start silent
        assert constant or not torch.equal(every[0], every[1]), key


def test_a_network_of_ones_own_takes_no_name_of_ours():
    with pytest.raises(WormgnnError, match="model 'mlp' is one of this package: choose another"):
        register("mlp", MODELS["gnn"])


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("hidden_layers", [1, 2])
def test_mlp_is_two_layers_over_everything_in_both_tasks(hidden_layers, norm):
    options = {"hidden_layers": hidden_layers, "norm": norm}
    states, traces = reader("mlp", **options).train(), forecaster("mlp", **options).train()
    x = frames()
    plain = [[plain_head(model.head, m) for m in range(MEMBERS)] for model in (states, traces)]
    scores, (change, memory) = states(x), traces.step(x)
    assert memory is None and not traces.recurrent
    for m in range(MEMBERS):
        wanted, changed = (heads[m].train()(x.flatten(0, 1).T).T for heads in plain)
        torch.testing.assert_close(scores[m], wanted)
        torch.testing.assert_close(change[m], changed)


def loop_edges(encoder, m, context):
    """Eq. 8-11 for one member, pair by pair: weights `[i][j]`, each (frames, windows or 1,)."""
    if encoder.edges == "window":
        n_windows, context = context.shape[2], context.flatten(2)
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
    if encoder.edges == "window":
        hidden = hidden.unflatten(2, (n_windows, -1)).mean(3)
    types = plain_linear(encoder.readout, m)(hidden) * encoder.sharpness
    if encoder.rivals == "types":
        return types.softmax(-1)[..., 1]
    odds = (types[..., 1] - types[..., 0]).exp()
    return odds / odds.sum(1, keepdim=True)


def carried(message, w, i, j):
    """What neuron i takes of neuron j's features, written out from `MESSAGES`."""
    received = [sum(w[n, k] for k in range(NEURONS)) for n in range(NEURONS)]
    itself = 1.0 if i == j else 0.0
    if message == "symmetric":
        return (w[i, j] + itself) / ((received[i] + 1).sqrt() * (received[j] + 1).sqrt())
    return {
        "sum": w[i, j],
        "mean": w[i, j] / NEURONS,
        "self": itself + w[i, j] / NEURONS,
        "row": w[i, j] / received[i],
    }[message]


def loop_gnn(model, m, x, context, message="sum", window=None):
    """Eq. 8-14 for one member: scores (states, frames)."""
    weights = loop_edges(model.encoder, m, x if model.encoder.edges == "frame" else context)
    if window is not None:
        weights = weights[..., window]
    every, nodes = range(NEURONS), [x[:, j] for j in range(NEURONS)]
    for _ in range(model.steps):
        nodes = [sum(carried(message, weights, i, j) * nodes[j] for j in every) for i in every]
    if model.aggregation == "sum":
        graph = sum(nodes)
    else:
        graph = torch.stack([nodes[i][f] for f in range(FEATURES) for i in range(NEURONS)])
    return plain_head(model.head, m).train(model.training)(graph.T).T


GRID = [
    {"edges": edges, **options}
    for edges in (*EDGES, "window")
    for options in (
        *(
            {"aggregation": aggregation, "hidden_layers": layers, "norm": norm, "steps": layers}
            for aggregation, layers, norm in itertools.product(("concat", "sum"), (1, 2), NORMS)
        ),
        *({"sharpness": 2.5, "rivals": rivals} for rivals in ("types", "senders")),
        *({"message": m, "steps": steps} for m, steps in itertools.product(MESSAGES, (1, 2))),
        {"blocks": "nri", "aggregation": "sum", "message": "row"},
    )
]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("options", GRID, ids=lambda options: "-".join(map(str, options.values())))
def test_gnn_is_the_loop_over_nodes_and_edges(options, training):
    model = perturbed(GNN(MEMBERS, NEURONS, STATES, FEATURES, HIDDEN, **options)).train(training)
    x, context, window = frames(), frames(n=15, seed=2), None
    if options["edges"] == "window":  # of three frames each
        context, window = context.unflatten(2, (5, 3)), torch.tensor([4, 4, 0, 1, 0, 3])
    args = x, context, options.get("message", "sum"), window
    scores = torch.stack([loop_gnn(model, m, *args) for m in range(MEMBERS)])
    torch.testing.assert_close(model(x, context, window), scores)
    if window is None:
        stepped, memory = model.step(x, None, model.edges(context))
        assert memory is None
        torch.testing.assert_close(stepped, scores)
    else:
        with pytest.raises(ChoiceError, match=r"edges of a forecast 'window'.*frame"):
            model.step(x)
    if window is not None and not training:
        moved = context.clone()
        moved[:, :, 2] += 1  # a window in which no sample lies
        torch.testing.assert_close(model(x, moved, window), scores)


@pytest.mark.parametrize(
    "build, name, option, value, choices",
    [
        (classifier, "cnn", "model", "cnn", "zoo"),
        (predictor, "zoo", "model", "zoo", "gat"),
        (classifier, "gnn", "message", "max", "sum, mean, self, row, symmetric"),
        (classifier, "gnn", "aggregation", "max", "concat, sum"),
        (classifier, "gnn", "edges", "never", "before, after, window, frame"),
        (classifier, "gnn", "rivals", "receivers", "types, senders"),
        *((classifier, "gnn", "sharpness", x, "numbers above 0") for x in (0.0, -1.0, np.nan)),
        (classifier, "mlp", "norm", "each", "last, none"),
        (classifier, "mlp", "blocks", "kipf", "paper, nri"),
        (classifier, "zoo", "layer", "gcn", ", ".join(LAYERS)),
        (predictor, "gnn", "blocks", "nri", "paper"),
    ],
)
def test_what_cannot_be_names_its_choices(build, name, option, value, choices):
    states, options = [STATES] if build is classifier else [], {option: value}
    with pytest.raises(ChoiceError, match=f"{option}.* {value!r}: choose one of .*{choices}"):
        build(name, [0], NEURONS, *states, **(options if option != "model" else {}))


@pytest.mark.parametrize(
    "name, options",
    [
        ("mlp", {"use_running": False}),
        ("gnn-connectome", {"adjacency": ADJACENCY, "use_running": False}),
        ("gnn", {"head_use_running": False, "encoder_norm": "none"}),
        ("gnn", {"head_use_running": False, "use_running": False, "blocks": "nri"}),
    ],
)
def test_a_worms_own_statistics_take_the_place_of_running_ones(name, options):
    model, other = reader(name, **options), reader(name, **options)
    for key, buffer in other.named_buffers():
        buffer.add_(1.0 if key.endswith("mean") else 2.0)  # of other worms
    given = frames(), frames(seed=2)
    trained = model.train()(*given)
    torch.testing.assert_close(model.eval()(*given), trained)
    torch.testing.assert_close(other.eval()(*given), trained)
    running = {key: True for key in options if key.endswith("use_running")}
    usual = reader(name, **{**options, **running}).eval()
    assert (usual(*given) - trained).abs().max() > 1e-3


def test_lean_edges_of_a_forecast_are_those_of_an_encoder_whose_first_type_scores_nothing():
    network, x = forecaster("gnn"), frames()
    lean, sizes = network.encoder, (MEMBERS, FEATURES, HIDDEN)
    usual = EdgeEncoder(*sizes, edges="frame", norm="none").double()
    state = {k: v for k, v in lean.state_dict().items() if k.startswith("node")}
    state["pair.first.weight"] = torch.cat([lean.receive.weight, lean.send], dim=2)
    state["pair.first.bias"] = lean.receive.bias
    for part, value in lean.readout.named_parameters():
        state[f"readout.{part}"] = torch.cat([0 * value, value], dim=1)
    usual.load_state_dict(state)
    weights = usual(x)
    assert network.edges(x) is None and weights.std() > 1e-2  # so that the comparison is of edges
    torch.testing.assert_close(lean(x), weights)
    messages = torch.einsum("mijt,fjt->mfit", weights, x).flatten(1, 2)
    for m in range(MEMBERS):
        wanted = plain_head(network.head, m)(messages[m].T).T
        torch.testing.assert_close(network.step(x)[0][m], wanted)


@pytest.mark.parametrize("neurons, hidden", [(5, 16), (15, 16), (5, 64)])
@pytest.mark.parametrize("name", PREDICTORS)
def test_values_bound_what_the_backward_pass_keeps(name, neurons, hidden):
    """Values at each window and frame, of one of two members."""
    options, windows = {"norm": "last"} if name in NORMED else {}, 40
    network = predictor(name, range(2), neurons, hidden=hidden, **options)
    model, kept = Rollout(network).train(), []
    known, context = torch.rand(FEATURES, neurons, windows, 8), torch.rand(FEATURES, neurons, 128)
    teacher = torch.rand(windows, 8) < 0.5
    own = {p.untyped_storage().data_ptr() for p in (*model.parameters(), *model.buffers())}

    def keep(tensor):
        kept.append(tensor.untyped_storage())  # held on to, lest its address be used again
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        truth = known[..., model.known_frames :].permute(2, 0, 1, 3)
        mean_square_error(model(known, context, teacher), truth)
    sizes = {s.data_ptr(): s.nbytes() for s in kept}
    found = sum(size for at, size in sizes.items() if at not in own) / (4 * 2 * windows * 7)
    bound = network.values(neurons)
    assert found <= 1.01 * bound  # masks of teachers left out
    assert bound <= 2 * found
