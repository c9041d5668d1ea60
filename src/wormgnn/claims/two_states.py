"""Claims on Table 1: forward and reverse crawling."""

from __future__ import annotations

import pandas as pd

from wormgnn.claims.claim import NICHOLS, Claim, Evidence, NotComputed, cannot
from wormgnn.claims.lines import Line, beyond_majority, beyond_number, less, partners, spread_less
from wormgnn.claims.reported import entry, table_one
from wormgnn.claims.rules import Gap, Maker, above, below, compared, equal
from wormgnn.statistics import paired_comparison

SECTION = "Table 1"
TEXT = "Results, states"
UNSEEN_DIFFERENCE = "difference of accuracy on unseen worms: interval above 0"
SAME_NUMBER = "ours less the paper's: interval within ± {margin:g} points"
WITHIN = "interval within ± {margin:g} points"

ROWS = {
    "SVM": ("SVM",),
    "MLP": ("MLP", "MLP, no norm"),
    "GNN (Connectome)": ("GNN (connectome)",),
    "GNN": ("GNN",),
}
"""Rows of the paper's table, and our models for it. The first is the paper's text; `MLP, no norm`
has the GNN's classifier, and does better than the text."""

DEEP = ("MLP", "MLP, no norm", "GNN (connectome)", "GNN")


def ours(label: str, seen: bool = False) -> Line:
    """A line of our Table 1."""
    return Line("table1", label, seen)


def _number(row: str, seen: bool) -> Claim:
    column = "same worm" if seen else "unseen"
    number, _ = table_one(row, column)
    return Claim(
        f"table1-{row}-{column}",
        SECTION,
        f"{row}: accuracy on {'the same worm' if seen else 'unseen worms'}",
        SAME_NUMBER,
        "two states",
        compared(equal, beyond_number(ours(ROWS[row][0], seen), number)),
        f"{entry(row, column)} %",
    )


def _manifold(seen: bool) -> Claim:
    column = "same worm" if seen else "unseen"
    number, _ = table_one("Brennan-Proekt", column)
    line = Line("admm_two_states", "ADMM (shuffled)" if seen else "ADMM", seen)
    return Claim(
        f"table1-18-{column}",
        SECTION,
        f"The manifold method (18): accuracy on {'the same worm' if seen else 'unseen worms'}",
        SAME_NUMBER,
        "manifold",
        compared(equal, beyond_number(line, number)),
        f"{number:g} %",
    )


def less_manifold(label: str) -> Maker:
    """A model less the manifold rebuilt here, over the same training and evaluated worms.

    NotComputed unless the model was trained on all sets of worms that the manifold was.
    """
    table = "admm_two_states"

    def make(evidence: Evidence) -> Gap:
        a, b = (_by_subset(line.rows(evidence)) for line in (ours(label), Line(table, "ADMM")))
        both = partners(a, b, f"{label} and ADMM", table, _PAIR)
        if len(both) < len(b):
            raise NotComputed(f"{len(b) - len(both)} of ADMM's pairs, by {label}", "table1")
        found = paired_comparison(both["changed"], both["plain"], list(both["worm"]))
        return Gap.of(f"{label} − ADMM (unseen)", found)

    return make


_PAIR = ("subset", "worm")


def _by_subset(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over folds; the manifold's tables part the names of training worms by blanks."""
    named = rows.assign(subset=rows["subset"].str.replace(" ", "+"))
    return named.groupby(list(_PAIR))[["accuracy", "majority"]].mean().reset_index()


_printed, _ = table_one("Brennan-Proekt", "unseen")

CLAIMS = (
    *(_manifold(seen) for seen in (True, False)),
    *(_number(row, seen) for row in ROWS for seen in (True, False)),
    Claim(
        "table1-nichols",
        SECTION,
        "SVM, MLP, GNN (Connectome), GNN: accuracy on the worms of Nichols et al., three neurons",
        SAME_NUMBER,
        "two states",
        cannot(f"{NICHOLS}; with them: wormgnn run table1-nichols --dataset kato"),
        "; ".join(f"{row}: {entry(row, 'nichols')} %" for row in ROWS),
    ),
    Claim(
        "deep-beats-svm",
        TEXT,
        "Deep models generalise to unseen worms significantly better than the SVM",
        f"deep model − SVM, {UNSEEN_DIFFERENCE}",
        "two states",
        compared(above, *(less(ours(label), ours("SVM")) for label in DEEP)),
        f"{entry('SVM', 'unseen')} % against {entry('MLP', 'unseen')} to "
        f"{entry('GNN', 'unseen')} %",
    ),
    Claim(
        "svm-matches-same-worm",
        TEXT,
        "On the test fold of its own worms the SVM matches the deep models",
        f"SVM − deep model, same worm: {WITHIN}",
        "two states",
        compared(equal, *(less(ours("SVM", True), ours(label, True)) for label in DEEP)),
        f"{entry('SVM', 'same worm')} % against {entry('GNN', 'same worm')} %",
    ),
    Claim(
        "deep-beats-printed",
        TEXT,
        "Deep models exceed the state of the art, (18), on unseen worms: the number printed for it",
        "our deep model less the printed number: interval above 0",
        "two states",
        compared(above, *(beyond_number(ours(label), _printed) for label in DEEP)),
        f"{_printed:g} %",
    ),
    Claim(
        "deep-beats-rebuilt",
        TEXT,
        "The same, against that method as rebuilt here",
        f"deep model − ADMM, {UNSEEN_DIFFERENCE}",
        "manifold",
        compared(above, *(less_manifold(label) for label in DEEP)),
    ),
    Claim(
        "connectome-same-worm",
        TEXT,
        "With the connectome's edges the GNN does well on the test fold",
        f"GNN (connectome) − GNN, same worm: {WITHIN}",
        "two states",
        compared(equal, less(ours("GNN (connectome)", True), ours("GNN", True))),
        f"{entry('GNN (Connectome)', 'same worm')} % against {entry('GNN', 'same worm')} %",
    ),
    Claim(
        "connectome-unseen",
        TEXT,
        "With the connectome's edges the GNN generalises worse than with inferred ones",
        "GNN (connectome) − GNN, unseen worms: interval below 0",
        "two states, each worm",
        compared(below, less(ours("GNN (connectome)"), ours("GNN"))),
        f"{entry('GNN (Connectome)', 'unseen')} % against {entry('GNN', 'unseen')} %",
    ),
    Claim(
        "gnn-beats-mlp",
        SECTION,
        "The GNN generalises better than the MLP",
        f"GNN − MLP (as in the text; with the GNN's classifier), {UNSEEN_DIFFERENCE}",
        "two states, each worm",
        compared(above, *(less(ours("GNN"), ours(label)) for label in ROWS["MLP"])),
        f"{entry('GNN', 'unseen')} % against {entry('MLP', 'unseen')} %",
    ),
    Claim(
        "connectome-beats-mlp",
        SECTION,
        "The GNN with the connectome's edges generalises better than the MLP",
        f"GNN (connectome) − MLP, {UNSEEN_DIFFERENCE}",
        "two states, each worm",
        compared(above, *(less(ours("GNN (connectome)"), ours(label)) for label in ROWS["MLP"])),
        f"{entry('GNN (Connectome)', 'unseen')} % against {entry('MLP', 'unseen')} %",
    ),
    Claim(
        "gnn-smaller-spread",
        SECTION,
        "Over unseen worms the GNN's accuracies spread less than the MLP's",
        "distance of an accuracy from its model's mean, GNN − MLP (Levene): interval below 0",
        "two states, each worm",
        compared(below, *(spread_less(ours("GNN"), ours(label)) for label in ROWS["MLP"])),
        "sd " + " against ".join(f"{table_one(row, 'unseen')[1]} %" for row in ("GNN", "MLP")),
    ),
    Claim(
        "simple-mlp",
        "Conclusion",
        "A simple MLP does remarkably well on unseen worms",
        f"MLP − majority class, {UNSEEN_DIFFERENCE}",
        "two states",
        compared(above, *(beyond_majority(ours(label)) for label in ROWS["MLP"])),
        f"{entry('MLP', 'unseen')} %",
    ),
)
