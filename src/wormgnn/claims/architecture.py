"""Claims on the parts of the model: aggregation, steps, edges, width, other graph layers."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from wormgnn.claims.claim import Claim, Evidence, NotComputed
from wormgnn.claims.lines import Line, less, partners
from wormgnn.claims.rules import Gap, Maker, above, at_most, below, compared, equal
from wormgnn.statistics import paired_comparison

MODEL = "Model"
SELECTION = "Supplement, model selection"
IMPLEMENTATION = "Supplement, implementation"
LAYERS = ("GIN-0", "GIN-eps", "GraphSAGE", "GAT", "Global attention")
RISE = 0.01
"""Nats by which a validation loss must rise behind its lowest to count as overfitting; ours."""

SETTINGS = "two and four states, one and four trained on"
AT_LENGTH = "four states, one and four trained on, the paper's epochs"


def _lines(table: str, label: str, seen: bool = False) -> Iterator[Line]:
    """A model's lines for two and four states, trained on one worm and on four."""
    for n_states in (2, 4):
        for n_train in (1, 4):
            yield Line(table, f"{label}: {n_states} states", seen, n_train)


def _pairs(table: str, a: str, b: str, seen: bool = False) -> list[Maker]:
    lines = zip(_lines(table, a, seen), _lines(table, b, seen), strict=True)
    return [less(one, other) for one, other in lines]


def _layers(label: str, seen: bool = False) -> Iterator[Line]:
    """A layer's lines at the paper's number of epochs: with fewer, some are still learning."""
    for n_train in (1, 4):
        yield Line("zoo-longer", f"{label}: trained on {n_train}", seen, n_train)


def _zoo(a: str, b: str) -> list[Maker]:
    return [less(one, other) for one, other in zip(_layers(a), _layers(b), strict=True)]


def loss_abroad(a: Line, b: Line) -> Maker:
    """How much more A loses from its own worms to unseen ones than B, in points.

    Each member's accuracy on an unseen worm is taken from its mean over its own worms.
    """

    def make(evidence: Evidence) -> Gap:
        losses = _loss(a, evidence), _loss(b, evidence)
        both = partners(*losses, f"the losses of {a.label} and {b.label}", a.table)
        found = paired_comparison(both["changed"], both["plain"], list(both["worm"]))
        return Gap.of(f"loss of {a.label} − {b.label} ({a.n_train} trained on)", found)

    return make


def _loss(line: Line, evidence: Evidence) -> pd.DataFrame:
    """Rows of a line with its loss in the place of its accuracy."""
    own = Line(line.table, line.label, True, line.n_train).rows(evidence)
    home = own.groupby(["subset", "fold"])["accuracy"].mean().rename("home")
    away = line.rows(evidence).merge(home.reset_index(), on=["subset", "fold"])
    return away.assign(accuracy=away["home"] - away["accuracy"])


def rise(n_states: int) -> Maker:
    """Rise of the GIN-eps's validation loss beyond the MLP's, less `RISE`, in 1e-3 nats.

    A rise is the loss of the last epoch less the lowest of all epochs, so it is never below
    zero, and the MLP's is zero wherever its last epoch is its best: an interval above zero says
    little. Members of one fold are paired. One worm trained on only, so that units are worms:
    sets of four out of five worms overlap in three.
    """

    def make(evidence: Evidence) -> Gap:
        rows = evidence.table("overfitting")
        rows = rows[rows["n_train"] == 1]
        names = [f"{label}: {n_states} states" for label in ("GIN-eps", "MLP, no norm")]
        wide = rows.pivot_table("rise", ["subset", "fold"], "model")
        if not set(names) <= set(wide):
            raise NotComputed(f"the training curve of {names[0]}", "overfitting")
        both = 1e3 * wide[names].dropna()
        if both.empty:
            raise NotComputed(f"the training curve of {names[0]}", "overfitting")
        found = paired_comparison(
            both[names[0]], both[names[1]], list(both.index.get_level_values("subset"))
        )
        least = 1e3 * RISE
        label = (
            f"GIN-eps − MLP, no norm ({n_states} states): {found.difference:.1f}; less {least:g}"
        )
        middle, low, high = (end - least for end in (found.difference, found.low, found.high))
        return Gap(label, middle, low, high, f"{found.n_worms} worms trained on")

    return make


def _overfits() -> list[Maker]:
    lines = zip(_layers("GIN-eps"), _layers("MLP, no norm"), strict=True)
    return [loss_abroad(a, b) for a, b in lines]


_UNSEEN = "accuracy on unseen worms"

CLAIMS = (
    Claim(
        "concatenation",
        MODEL,
        "Aggregation by concatenation does better than by sum",
        f"GNN − GNN with sums, {_UNSEEN}, {SETTINGS}: interval above 0",
        "structure",
        compared(above, *_pairs("structure", "GNN", "GNN, sum")),
    ),
    Claim(
        "steps",
        MODEL,
        "More than one step of message passing brings no improvement",
        f"two or three steps − one, {_UNSEEN}, {SETTINGS}: interval below {{margin:g}} points",
        "structure",
        compared(
            at_most,
            *_pairs("structure", "GNN, two steps", "GNN"),
            *_pairs("structure", "GNN, three steps", "GNN"),
        ),
        universal=True,
    ),
    Claim(
        "static-edges",
        IMPLEMENTATION,
        "For states, edges inferred once for a worm do better than edges of each frame",
        f"GNN − GNN with edges per frame, {_UNSEEN}, {SETTINGS}: interval above 0",
        "structure",
        compared(above, *_pairs("structure", "GNN", "GNN, edges per frame")),
    ),
    Claim(
        "hyperparameters",
        IMPLEMENTATION,
        "The models are robust to hyperparameters: 256 hidden channels in place of 16",
        f"256 − 16, {_UNSEEN}, {SETTINGS}: interval within ± {{margin:g}} points",
        "structure",
        compared(
            equal,
            *_pairs("structure", "GNN, 256 hidden", "GNN"),
            *_pairs("structure", "MLP, no norm, 256 hidden", "MLP, no norm"),
        ),
    ),
    Claim(
        "gin-0",
        SELECTION,
        "The GIN-0 on a full graph comes close to the MLP",
        f"GIN-0 − MLP, {_UNSEEN}, {AT_LENGTH}: interval within ± {{margin:g}} points",
        "zoo",
        compared(equal, *_zoo("GIN-0", "MLP, no norm")),
    ),
    Claim(
        "gin-eps",
        SELECTION,
        "The GIN-eps is prone to overfitting: unseen worms",
        f"loss from own to unseen worms, GIN-eps − MLP, {AT_LENGTH}: interval above 0",
        "zoo",
        compared(above, *_overfits()),
    ),
    Claim(
        "gin-eps-curve",
        SELECTION,
        "The GIN-eps is prone to overfitting: its training curve",
        f"rise of the validation loss behind its lowest (1e-3 nats), one worm trained on (sets of "
        f"four overlap), GIN-eps − MLP less {1e3 * RISE:g} (our bound; a rise is never below 0): "
        "interval above 0",
        "overfitting",
        compared(above, *(rise(n_states) for n_states in (2, 4))),
    ),
    Claim(
        "gat-states",
        SELECTION,
        "On states the GAT does slightly worse than the GNN",
        f"GAT − GNN, {_UNSEEN}, {AT_LENGTH}: interval below 0",
        "zoo",
        compared(below, *_zoo("GAT", "GNN")),
    ),
    Claim(
        "best-of-zoo",
        SELECTION,
        "The GNN was chosen for its performance: no established layer does better",
        f"layer − GNN, {_UNSEEN}, {AT_LENGTH}: interval below {{margin:g}} points",
        "zoo",
        compared(at_most, *(make for layer in LAYERS for make in _zoo(layer, "GNN"))),
        universal=True,
    ),
)
