"""Claims on the parts of the model: aggregation, steps, edges, width, other graph layers."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from wormgnn.claims.claim import Claim, Evidence, NotComputed
from wormgnn.claims.lines import Line, less
from wormgnn.claims.rules import Gap, Maker, above, at_most, below, compared, equal
from wormgnn.paired import pairs
from wormgnn.statistics import paired_comparison

MODEL = "Model"
SELECTION = "Supplement, model selection"
IMPLEMENTATION = "Supplement, implementation"
LAYERS = ("GIN-0", "GIN-eps", "GraphSAGE", "GAT", "Global attention")
SETTINGS = "two and four states, one and four trained on"


def _lines(table: str, label: str, seen: bool = False) -> Iterator[Line]:
    """A model's lines for two and four states, trained on one worm and on four."""
    for n_states in (2, 4):
        for n_train in (1, 4):
            yield Line(table, f"{label}: {n_states} states", seen, n_train)


def _pairs(table: str, a: str, b: str, seen: bool = False) -> list[Maker]:
    lines = zip(_lines(table, a, seen), _lines(table, b, seen), strict=True)
    return [less(one, other) for one, other in lines]


def loss_abroad(a: Line, b: Line) -> Maker:
    """How much more A loses from its own worms to unseen ones than B, in points.

    Each member's accuracy on an unseen worm is taken from its mean over its own worms.
    """

    def make(evidence: Evidence) -> Gap:
        both = pairs(_loss(a, evidence), _loss(b, evidence))
        found = paired_comparison(both["changed"], both["plain"], list(both["worm"]))
        return Gap.of(f"loss of {a.label} − {b.label} ({a.n_train} trained on)", found)

    return make


def _loss(line: Line, evidence: Evidence) -> pd.DataFrame:
    """Rows of a line with its loss in the place of its accuracy."""
    own = Line(line.table, line.label, True, line.n_train).rows(evidence)
    home = own.groupby(["subset", "fold"])["accuracy"].mean().rename("home")
    away = line.rows(evidence).merge(home.reset_index(), on=["subset", "fold"])
    return away.assign(accuracy=away["home"] - away["accuracy"])


def rise(n_states: int, n_train: int) -> Maker:
    """Validation loss of the last epoch less the lowest: the GIN-eps less the MLP.

    Members of one fold are paired; the unit is the set of training worms.
    """

    def make(evidence: Evidence) -> Gap:
        rows = evidence.table("overfitting")
        rows = rows[rows["n_train"] == n_train]
        names = [f"{label}: {n_states} states" for label in ("GIN-eps", "MLP, no norm")]
        wide = rows.pivot_table("rise", ["subset", "fold"], "model")
        if not set(names) <= set(wide):
            raise NotComputed(f"the training curve of {names[0]}", "overfitting")
        both = 1e3 * wide[names].dropna()
        found = paired_comparison(
            both[names[0]], both[names[1]], list(both.index.get_level_values("subset"))
        )
        label = f"GIN-eps − MLP, no norm ({n_states} states, {n_train} trained on)"
        n = f"{found.n_worms} training sets"
        return Gap(label, found.difference, found.low, found.high, n)

    return make


def _overfits() -> list[Maker]:
    lines = zip(_lines("zoo", "GIN-eps"), _lines("zoo", "MLP, no norm"), strict=True)
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
        f"GIN-0 − MLP, {_UNSEEN}, {SETTINGS}: interval within ± {{margin:g}} points",
        "zoo",
        compared(equal, *_pairs("zoo", "GIN-0", "MLP, no norm")),
    ),
    Claim(
        "gin-eps",
        SELECTION,
        "The GIN-eps is prone to overfitting: unseen worms",
        f"loss from own to unseen worms, GIN-eps − MLP, {SETTINGS}: interval above 0",
        "zoo",
        compared(above, *_overfits()),
    ),
    Claim(
        "gin-eps-curve",
        SELECTION,
        "The GIN-eps is prone to overfitting: its training curve",
        "rise of the validation loss behind its lowest (1e-3 nats), GIN-eps − MLP: interval "
        "above 0",
        "overfitting",
        compared(above, *(rise(n_states, n_train) for n_states in (2, 4) for n_train in (1, 4))),
    ),
    Claim(
        "gat-states",
        SELECTION,
        "On states the GAT does slightly worse than the GNN",
        f"GAT − GNN, {_UNSEEN}, {SETTINGS}: interval below 0",
        "zoo",
        compared(below, *_pairs("zoo", "GAT", "GNN")),
    ),
    Claim(
        "best-of-zoo",
        SELECTION,
        "The GNN was chosen for its performance: no established layer does better",
        f"layer − GNN, {_UNSEEN}, {SETTINGS}: interval below {{margin:g}} points",
        "zoo",
        compared(at_most, *(make for layer in LAYERS for make in _pairs("zoo", layer, "GNN"))),
    ),
)
