"""Networks through PyTorch Geometric against plain copies, its sparse layers and what they see."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch_geometric.nn import AttentionalAggregation, GATConv, GINConv, SAGEConv

from test_layers import plain_head
from tiny import randomise
from wormgnn.models import classifier, predictor
from wormgnn.models.pyg import HEADS, LAYERS

MEMBERS, FEATURES, NEURONS, HIDDEN, SAMPLES, STATES = 3, 2, 4, 8, 5, 3
OTHERS = torch.tensor([(i, j) for i in range(NEURONS) for j in range(NEURONS) if i != j]).T


def samples(*lead):
    return torch.randn(*lead, FEATURES, NEURONS, SAMPLES, dtype=torch.double)


def build(layer):
    model = classifier("zoo", range(MEMBERS), NEURONS, STATES, layer=layer, hidden=HIDDEN)
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
        scores.append(head(hidden.reshape(1, -1))[0])
    return torch.stack(scores, dim=1)


@pytest.mark.parametrize("layer", LAYERS)
def test_scores_are_those_of_the_sparse_layer_on_the_complete_graph(layer):
    model, x = build(layer), samples()
    scores = model(x)
    for m in range(MEMBERS):
        torch.testing.assert_close(scores[m], written_out(model, layer, m, x))


@pytest.mark.parametrize("hidden, channels", [(8, 1), (32, 2)])
def test_a_forecasting_gat_is_the_sparse_layer_then_two_layers(hidden, channels):
    network = randomise(predictor("gat", range(MEMBERS), NEURONS, hidden=hidden).double())
    x = samples(MEMBERS)
    change, memory = network.step(x)
    assert memory is None and not network.recurrent
    for m in range(MEMBERS):
        conv = with_weights_of(GATConv(FEATURES, channels, HEADS).double(), network.layer, m)
        for t in range(SAMPLES):
            nodes, (_, weights) = conv(x[m, :, :, t].T, OTHERS, return_attention_weights=True)
            wanted = plain_head(network.head, m)(F.elu(nodes).T.reshape(1, -1))
            torch.testing.assert_close(change[m, :, t].reshape(1, -1), wanted)
            assert weights.std() > 1e-3  # so that the comparison is one of attention
