"""Claims on Figure 4A, and those of the discussion on both classification tasks."""

from __future__ import annotations

import pandas as pd

from wormgnn.claims.claim import NICHOLS, NOT_TESTED, Claim, Evidence, Finding, NotComputed, cannot
from wormgnn.claims.lines import Line, beyond_majority, beyond_number, in_states, less, more_worms
from wormgnn.claims.reported import said, table_one
from wormgnn.claims.rules import Gap, above, at_least, compared, equal, texts
from wormgnn.claims.two_states import SAME_NUMBER, TEXT
from wormgnn.statistics import paired_comparison

STATES = (2, 4, 7)
MLPS = ("MLP", "MLP, no norm")
NETWORKS = (*MLPS, "GNN")


def line(model: str, n_states: int, seen: bool = False, n_train: int | None = None) -> Line:
    """A model's line of Table 1 or Figure 4A."""
    return Line(*in_states(model, n_states), seen, n_train)


def _everywhere(seen: tuple[bool, ...] = (True, False)) -> list[tuple[Line, Line]]:
    """The GNN's lines beside both MLPs', for every number of states."""
    return [
        (line("GNN", n, on), line(other, n, on)) for n in STATES for other in MLPS for on in seen
    ]


def another_lab(evidence: Evidence) -> Finding:
    """Not the paper's test; says what the nearest one that we have gives."""
    try:
        rows = evidence.table("transfer", "kato-wormwideweb")
        chosen = rows[(rows["train"] == "kato") & (rows["rule"] == "own") & (rows["n_train"] == 5)]
        gaps = texts([_beyond_half(chosen, model) for model in ("MLP, no norm", "GNN")])
    except NotComputed:
        return Finding(NOT_TESTED, (NICHOLS,))
    return Finding(NOT_TESTED, (f"{NICHOLS}; on animals of another laboratory, two states:", *gaps))


def _beyond_half(rows: pd.DataFrame, model: str) -> Gap:
    own = rows[rows["model"] == model]
    if own.empty:
        raise NotComputed(f"{model} on animals of another laboratory", "transfer")
    score = 100 * own["balanced_accuracy"]
    found = paired_comparison(score, 0 * score + 50, list(own["worm"]))
    return Gap.of(f"{model}: balanced accuracy − 50 %", found)


_SEVEN = said("seven_state_same_worm_percent")
_THREE = said("gnn_four_state_unseen_kato_trained_on_three_percent")
_NICHOLS = said("four_state_nichols_percent")
_PRINTED, _ = table_one("Brennan-Proekt", "unseen")

CLAIMS = (
    Claim(
        "seven-same-worm",
        TEXT,
        "Seven states, same worm: accuracy of the models",
        SAME_NUMBER,
        "all states",
        compared(equal, *(beyond_number(line(m, 7, True), _SEVEN) for m in NETWORKS)),
        f"~{_SEVEN:g} %",
    ),
    Claim(
        "four-three-worms",
        TEXT,
        "Four states, unseen worms: accuracy of the GNN trained on three worms",
        SAME_NUMBER,
        "all states",
        compared(equal, beyond_number(line("GNN", 4, False, 3), _THREE)),
        f"{_THREE:g} %",
    ),
    Claim(
        "four-three-beats-mlp",
        TEXT,
        "Trained on three worms, the GNN tells four states substantially better than the MLP",
        "GNN − MLP, four states, unseen worms, three trained on: interval above 0",
        "all states",
        compared(
            above, *(less(line("GNN", 4, False, 3), line(other, 4, False, 3)) for other in MLPS)
        ),
        f"{_THREE:g} %, the MLP's in a figure",
    ),
    Claim(
        "four-three-beats-printed",
        TEXT,
        "Trained on three worms, the GNN exceeds on four states what (18) reports on two",
        "ours less the printed number: interval above 0",
        "all states",
        compared(above, beyond_number(line("GNN", 4, False, 3), _PRINTED)),
        f"{_THREE:g} % against {_PRINTED:g} %",
    ),
    Claim(
        "four-nichols",
        TEXT,
        "Four states, worms of Nichols et al.: MLP and GNN generalise equally well",
        SAME_NUMBER,
        "all states",
        cannot(f"{NICHOLS}; with them: wormgnn run figure4a-nichols --dataset kato"),
        f"~{_NICHOLS:g} %",
    ),
    Claim(
        "gnn-excels",
        "Abstract",
        "GNNs generally outperform models without a graph, and excel on unseen worms",
        "GNN − MLP on unseen worms, two, four and seven states: interval above 0",
        "all states",
        compared(above, *(less(a, b) for a, b in _everywhere((False,)))),
    ),
    Claim(
        "at-least-mlp",
        "Discussion; Conclusion",
        "In classification the GNN always matches or exceeds the MLP",
        "GNN − MLP, same and unseen worms, all numbers of states: interval above "
        "−{margin:g} points",
        "all states",
        compared(at_least, *(less(a, b) for a, b in _everywhere())),
        universal=True,
    ),
    Claim(
        "generalise-within",
        "Conclusion",
        "The models generalise to unseen worms of the same study",
        "accuracy − majority class on unseen worms: interval above 0",
        "all states",
        compared(above, *(beyond_majority(line(m, n)) for n in STATES for m in ("MLP", "GNN"))),
    ),
    Claim(
        "generalise-beyond",
        "Conclusion",
        "They generalise to a separate experiment, years apart",
        "accuracy − majority class on Nichols's worms",
        "another lab",
        another_lab,
    ),
    Claim(
        "more-worms-states",
        "Results; Conclusion",
        "More training worms improve generalisation: classification",
        "accuracy on unseen worms, most − fewest training worms: interval above 0",
        "all states",
        compared(above, *(more_worms(*in_states(m, n)) for n in STATES for m in NETWORKS)),
    ),
)
