"""Classifiers through PyTorch Geometric against its sparse layers and what they must not see."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch_geometric.nn import AttentionalAggregation, GATConv, GINConv, SAGEConv

from test_layers import plain_block, plain_linear
from tiny import randomise
from wormgnn.errors import ChoiceError
from wormgnn.models import classifier
from wormgnn.models.zoo_classifiers import HEADS, LAYERS, ZooClassifier

MEMBERS, FEATURES, NEURONS, HIDDEN, FRAMES, STATES = 3, 2, 4, 8, 5, 3
OTHERS = torch.tensor([(i, j) for i in range(NEURONS) for j in range(NEURONS) if i != j]).T


def build(layer: str, **options):
    model = classifier("zoo", MEMBERS, NEURONS, STATES, seed=0, layer=layer, **options)
    return randomise(model.double())


def frames(seed=1):
    random = torch.Generator().manual_seed(seed)
    return torch.randn(FEATURES, NEURONS, FRAMES, dtype=torch.double, generator=random)


def net(outputs=HIDDEN):
    return nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, outputs))


def sparse(layer: str):
    """The layer as PyTorch Geometric writes it for lists of edges."""
    return {
        "gin-0": lambda: GINConv(net()),
        "gin-eps": lambda: GINConv(net(), train_eps=True),
        "sage": lambda: SAGEConv(FEATURES, HIDDEN),
        "gat": lambda: GATConv(FEATURES, HIDDEN // HEADS, HEADS),
        "global-attention": lambda: AttentionalAggregation(net(1), net()),
    }[layer]()


NAMES = {"lin_rel.weight": "lin_l.weight", "lin_root.weight": "lin_r.weight"}
"""The dense GraphSAGE has its bias with the neuron's own features, the sparse one with the mean."""


def own_state(model, m):
    """One member's parameters under the names of the sparse layer."""
    state = {k.removeprefix("layer.one."): v[m] for k, v in model.state_dict().items()}
    named = {k.removeprefix("pool."): v for k, v in state.items() if not k.startswith("block")}
    named = {NAMES.get(k, k.replace("lin_root.bias", "lin_l.bias")): v for k, v in named.items()}
    return {k: v for k, v in named.items() if not k.startswith("readout")}


def written_out(model, layer, m, x):
    """Scores of one member, frame by frame, through the sparse layer."""
    other = sparse(layer).double()
    wanted = other.state_dict()
    given = {k: v.reshape(wanted[k].shape) for k, v in own_state(model, m).items()}
    if layer == "gin-0":
        given["eps"] = torch.zeros_like(wanted["eps"])
    other.load_state_dict(given)
    head = nn.Sequential(plain_block(model.block, m), plain_linear(model.readout, m)).eval()
    scores = []
    for t in range(FRAMES):
        nodes = x[:, :, t].T
        if layer == "global-attention":
            hidden = other(nodes, torch.zeros(NEURONS, dtype=torch.long))
        else:
            hidden = other(nodes, OTHERS)
        hidden = F.elu(hidden) if layer == "gat" else torch.relu(hidden)
        graph = hidden.sum(0) if model.aggregation == "sum" else hidden.flatten()
        scores.append(head(graph[None])[0])
    return torch.stack(scores, dim=1)


@pytest.mark.parametrize("aggregation", ["concat", "sum"])
@pytest.mark.parametrize("layer", LAYERS)
def test_scores_are_those_of_the_sparse_layer_on_the_complete_graph(layer, aggregation):
    model, x = build(layer, hidden=HIDDEN, aggregation=aggregation).eval(), frames()
    found = model(x)
    assert found.shape == (MEMBERS, STATES, FRAMES)
    for m in range(MEMBERS):
        torch.testing.assert_close(found[m], written_out(model, layer, m, x))


@pytest.mark.parametrize("layer", LAYERS)
def test_some_members_alone_are_rows_of_the_whole(layer):
    model, x, chosen = build(layer), frames(), torch.tensor([2, 0])
    named = {k: v[chosen] for k, v in model.named_parameters()}
    some = torch.func.functional_call(model, named, (x,))
    torch.testing.assert_close(some, model(x)[chosen])


ORDER = [2, 0, 3, 1]


@pytest.mark.parametrize("layer", ["gin-0", "global-attention"])
def test_gin_zero_and_pooling_cannot_tell_neurons_apart(layer):
    model, x = build(layer), frames()
    torch.testing.assert_close(model(x[:, ORDER]), model(x))


@pytest.mark.parametrize("layer", ["gin-eps", "sage", "gat"])
def test_the_others_can_but_for_sums(layer):
    x = frames()
    assert not torch.allclose(build(layer)(x[:, ORDER]), build(layer)(x))
    summed = build(layer, aggregation="sum")
    torch.testing.assert_close(summed(x[:, ORDER]), summed(x))


@pytest.mark.parametrize("layer", LAYERS)
def test_every_parameter_learns(layer):
    model = build(layer)
    model(frames()).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


def test_the_seed_decides_the_weights_and_members_differ():
    one, same, other = (seeded_by(seed) for seed in (3, 3, 4))
    for name, tensor in one.named_parameters():
        torch.testing.assert_close(tensor, same.get_parameter(name))
    assert any(not torch.equal(t, other.get_parameter(k)) for k, t in one.named_parameters())
    first = next(one.layer.parameters())
    assert not torch.equal(first[0], first[1])


def seeded_by(seed):
    return classifier("zoo", MEMBERS, NEURONS, STATES, seed=seed, layer="gin-0")


def test_unknown_layers_and_aggregations_name_the_choices():
    with pytest.raises(ChoiceError, match=r"layer 'gcn'.*gin-eps"):
        ZooClassifier(1, NEURONS, STATES, "gcn")
    with pytest.raises(ChoiceError, match=r"aggregation 'max'.*sum"):
        ZooClassifier(1, NEURONS, STATES, "sage", aggregation="max")
