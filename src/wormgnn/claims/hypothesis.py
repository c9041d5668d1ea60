"""Claims of the discussion: why edges should help, and how few neurons are enough."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from wormgnn.claims.claim import Claim, Evidence, Finding, NotComputed
from wormgnn.claims.lines import Line, less
from wormgnn.claims.reported import said
from wormgnn.claims.rules import Gap, Maker, above, at_least, compared, concluded, equal
from wormgnn.mixing.differences import PLACE, differences, headroom
from wormgnn.neuron_subsets.singles import chosen_neuron, kept

_SHARE = said("one_neuron_information_percent")
_ALIGNED = "models that see worms aligned with the truth"

PLAIN = "MLP, no norm"
"""Shares its classifier with the GNN."""


def advantage(evidence: Evidence) -> Finding:
    """The GNN less the MLP with its classifier, wherever simulated worms are mixed."""
    table = evidence.table("mixing", "simulated")
    found = differences(table, "GNN", [PLAIN])
    if found.empty:
        raise NotComputed(f"the GNN beside {PLAIN} on simulated worms", "mixing")
    return concluded(list(_places(found[found["mixing"] > 0], f"GNN − {PLAIN}")), above, 0.0)


def room(evidence: Evidence) -> Finding:
    """What the true linear map of each simulated worm adds, beyond what it adds to unmixed worms.

    Traces aligned with the truth are also less noisy, which helps where nothing is to be undone;
    each worm's gain is therefore taken less the same worm's gain at mixing 0.
    """
    table = evidence.table("mixing", "simulated")
    found = headroom(table, PLAIN)
    if len(found) < table[table["mixing"] > 0].groupby(PLACE).ngroups:
        raise NotComputed(f"{_ALIGNED}, and unmixed ones of each kind", "mixing")
    return concluded(list(_places(found, "gain − gain at 0")), above, 0.0)


def _places(found: pd.DataFrame, label: str) -> Iterator[Gap]:
    for row in found.to_dict("records"):
        where = f"mixing {row['mixing']:g} of {row['kind']}, {row['n_train']} trained on"
        yield Gap.read(f"{label} ({where})", row, scale=100)


def three_neurons() -> Iterator[Maker]:
    """Three neurons less fifteen, on unseen worms."""
    for label in ("SVM", "MLP, no norm", "GNN"):
        # Table 1 has the SVM of 15 neurons; it knows no epochs, so that the scale is the same.
        every = (2,) if label == "SVM" else (2, 4)
        for n_states in every:
            for n_train in (1, 4):
                few = Line("structure", f"{label}, three: {n_states} states", n_train=n_train)
                all_15 = f"{label}: {n_states} states"
                table, name = ("table1", label) if label == "SVM" else ("structure", all_15)
                yield less(few, Line(table, name, n_train=n_train))


def one_neuron(evidence: Evidence) -> Finding:
    """Share of the information that the best neuron keeps, chosen on the training worms."""
    found = kept(chosen_neuron(evidence.table("neuron_singles")))
    gaps = []
    for row in found[found["sense"] == "information"].to_dict("records"):
        share = f"{100 * row['share']:.0f} % of the information; less {_SHARE:g}"
        label = f"{row['method']}, {row['n_train']} trained on: {share}"
        gaps.append(Gap.read(label, row, ("share", "low", "high"), 100, _SHARE))
    if not gaps:
        raise NotComputed("single neurons beside all", "neuron_singles")
    return concluded(gaps, at_least, evidence.margin)


CLAIMS = (
    Claim(
        "linear-maps",
        "Discussion",
        "Message passing along inferred edges undoes the linear transformations between worms",
        "simulated worms with linear mixing, GNN − MLP with the same classifier, unseen worms, "
        "every place of the dial above 0: interval above 0",
        "mixing",
        advantage,
    ),
    Claim(
        "linear-maps-room",
        "Discussion",
        "Undoing those transformations would help (ours: with the true map of each worm)",
        "simulated worms, same classifier, gain from the true map (aligned − not aligned) less the "
        "same worm's gain at mixing 0, where it only takes noise away: interval above 0",
        "mixing",
        room,
    ),
    Claim(
        "three-neurons",
        "Discussion",
        "Three neurons in place of 15 have no significant impact on performance",
        "three − 15 neurons, unseen worms, two and four states: interval within "
        "± {margin:g} points",
        "three neurons",
        compared(equal, *three_neurons()),
        universal=True,
    ),
    Claim(
        "one-neuron",
        "Discussion, citing (18)",
        "One well-chosen neuron keeps most of the information of 15",
        "mutual information of label and prediction, one neuron's as a share of all 15's, less "
        "the paper's: interval above −{margin:g} points",
        "single neurons",
        one_neuron,
        f"~{_SHARE:g} %",
    ),
)
