"""Networks through PyTorch Geometric against plain copies, its sparse layers and what they see."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch_geometric.nn import AttentionalAggregation, GATConv, GINConv, SAGEConv

from test_layers import plain_head
from tiny import randomise
from wormgnn.errors import ChoiceError
from wormgnn.models import classifier, predictor
from wormgnn.models.pyg import HEADS, LAYERS, GraphLayer, PerMember

MEMBERS, FEATURES, NEURONS, HIDDEN, SAMPLES, STATES = 3, 2, 4, 8, 5, 3
OTHERS = torch.tensor([(i, j) for i in range(NEURONS) for j in range(NEURONS) if i != j]).T
ORDER = [2, 0, 3, 1]


def samples(*lead):
    return torch.randn(*lead, FEATURES, NEURONS, SAMPLES, dtype=torch.double)


def small():
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2, bias=False))


def plain(ensemble, m):
    """A copy without a member axis, with the parameters of one member."""
    copy = small().double()
    copy.load_state_dict({k.removeprefix("one."): v[m] for k, v in ensemble.state_dict().items()})
    return copy


def test_per_member_is_a_plain_module_for_each_member_before_and_after_a_step():
    ensemble, x = PerMember(MEMBERS, small).double(), torch.randn(MEMBERS, 7, 3).double()
    optimiser = torch.optim.SGD(ensemble.parameters(), 0.1)
    for _ in range(2):
        optimiser.zero_grad()
        out = ensemble(x)
        out.square().sum().backward()
        for m in range(MEMBERS):
            copy = plain(ensemble, m)
            wanted = copy(x[m])
            wanted.square().sum().backward()
            torch.testing.assert_close(out[m], wanted)
            for name, tensor in copy.named_parameters():
                torch.testing.assert_close(ensemble.one.get_parameter(name).grad[m], tensor.grad)
        optimiser.step()
    assert not torch.allclose(ensemble(x), out)


def test_per_member_refuses_other_numbers_of_inputs_and_buffers():
    with pytest.raises(ValueError):
        PerMember(MEMBERS, small)(torch.randn(MEMBERS - 1, 7, 3))
    with pytest.raises(RuntimeError, match="running_mean"):
        PerMember(MEMBERS, lambda: nn.BatchNorm1d(3))(torch.randn(MEMBERS, 7, 3))


def build(layer, **options):
    model = classifier(
        "zoo", range(MEMBERS), NEURONS, STATES, layer=layer, hidden=HIDDEN, **options
    )
    return randomise(model.double()).eval()


def net(outputs=HIDDEN):
    return nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, outputs))


def sparse(layer):
    """The layer as PyTorch Geometric writes it for lists of edges."""
    return {
        "gin-0": lambda: GINConv(net()),
        "gin-eps": lambda: GINConv(net(), train_eps=True),
        "sage": lambda: SAGEConv(FEATURES, HIDDEN),
        "gat": lambda: GATConv(FEATURES, HIDDEN // HEADS, HEADS),
        "global-attention": lambda: AttentionalAggregation(net(1), net()),
    }[layer]().double()


NAMES = {
    "lin_rel.weight": "lin_l.weight",
    "lin_root.weight": "lin_r.weight",
    "lin_root.bias": "lin_l.bias",
}
"""The dense GraphSAGE has its bias with the neuron's own features, the sparse one with the mean."""


def with_weights_of(other, layer, m):
    """The sparse layer with the parameters of one member."""
    shapes = {name: tensor.shape for name, tensor in other.state_dict().items()}
    state = {k.removeprefix("one."): v[m] for k, v in layer.state_dict().items()}
    state = {k.removeprefix("pool."): v for k, v in state.items()}
    state = {NAMES.get(k, k): v for k, v in state.items()}
    if "eps" in shapes and "eps" not in state:
        state["eps"] = torch.zeros(shapes["eps"])
    other.load_state_dict({k: v.reshape(shapes[k]) for k, v in state.items()})
    return other


def written_out(model, layer, m, x):
    """Scores of one member, sample by sample, through the sparse layer."""
    other, head = with_weights_of(sparse(layer), model.layer, m), plain_head(model.head, m).eval()
    everyone = torch.zeros(NEURONS, dtype=torch.long)
    scores = []
    for t in range(SAMPLES):
        hidden = other(x[:, :, t].T, everyone if layer == "global-attention" else OTHERS)
        hidden = F.elu(hidden) if layer == "gat" else torch.relu(hidden)
        graph = hidden.sum(0) if model.aggregation == "sum" else hidden.flatten()
        scores.append(head(graph[None])[0])
    return torch.stack(scores, dim=1)


@pytest.mark.parametrize("aggregation", ["concat", "sum"])
@pytest.mark.parametrize("layer", LAYERS)
def test_scores_are_those_of_the_sparse_layer_on_the_complete_graph(layer, aggregation):
    model, x = build(layer, aggregation=aggregation), samples()
    scores = model(x)
    for m in range(MEMBERS):
        torch.testing.assert_close(scores[m], written_out(model, layer, m, x))


def test_unknown_layers_and_aggregations_name_the_choices():
    with pytest.raises(ChoiceError, match=r"layer 'gcn'.*gin-eps"):
        GraphLayer(1, NEURONS, STATES, "gcn")
    with pytest.raises(ChoiceError, match=r"aggregation 'max'.*sum"):
        GraphLayer(1, NEURONS, STATES, "sage", aggregation="max")


def test_a_forecasting_gat_is_the_sparse_layer_then_two_layers():
    heads, channels = 2, 2
    model = randomise(predictor("gat", range(MEMBERS), NEURONS, hidden=32, heads=heads).double())
    network, x = model.network, samples(MEMBERS)
    change, memory = model(x)
    assert memory is None and not model.recurrent
    for m in range(MEMBERS):
        conv = GATConv(FEATURES, channels, heads).double()
        conv = with_weights_of(conv, network.layer, m)
        for t in range(SAMPLES):
            nodes, (_, weights) = conv(x[m, :, :, t].T, OTHERS, return_attention_weights=True)
            wanted = plain_head(network.head, m)(F.elu(nodes).T.reshape(1, -1))
            torch.testing.assert_close(change[m, :, :, t].reshape(1, -1), wanted)
            assert weights.std() > 1e-3  # so that the comparison is one of attention


def test_permuting_the_neurons_permutes_their_nodes():
    network = randomise(predictor("gat", range(MEMBERS), NEURONS, hidden=32).double()).network
    x = samples()
    nodes = network.nodes(x)
    torch.testing.assert_close(network.nodes(x[:, ORDER]), nodes[:, :, ORDER])
    assert nodes.std(2).max() > 1e-2  # the receiver's own features matter


def test_a_small_network_still_has_a_channel_for_each_head():
    network = predictor("gat", [0], NEURONS, hidden=8).network
    assert network.nodes(samples().float()).shape == (1, SAMPLES, NEURONS, HEADS)
