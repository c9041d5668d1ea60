# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Inferred edges and the connectome
#
# The graph network of [Table 1](02_two_states.ipynb) infers a weight for every pair of neurons. What
# are these weights like? {cite:t}`wang2020generalizable` found nothing in common with the connectome, and
# gave no number. Here the same edges stand beside three kinds of connectivity:
#
# - **structural**: chemical synapses and gap junctions in the wiring diagrams of
#   {cite:t}`white1986structure`, {cite:t}`varshney2011structural`, {cite:t}`cook2019whole` and
#   {cite:t}`witvliet2021connectomes`;
# - **effective**: how a neuron responds when another one is stimulated, from the signal-propagation atlas
#   of {cite:t}`randi2023neural`, which did not exist when the paper was written;
# - **functional**: the correlation of the two neurons' activity in the same worm.

# %% tags=["parameters"]
dataset: str = "simulated"  # any whose worms share the paper's 15 neurons
profile: str = "quick"  # smoke, quick or paper (hours)
seed: int = 0  # seed of folds, initial weights, and the random draws of every test
permutations: int = 4999  # exchanges of neurons, and rewirings; below 1999 none passes Holm

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown, display

from wormgnn import plots, reference
from wormgnn.connectivity import matrices, reliability, verdict
from wormgnn.connectivity.comparison import compare
from wormgnn.connectivity.edges import inferred
from wormgnn.connectivity.power import detectable, power
from wormgnn.connectivity.reference import averages, matrix
from wormgnn.datasets.registry import load
from wormgnn.pages import banner, effective_profile, reference_note, table
from wormgnn.profiles import profile_named
from wormgnn.store import Store

plots.use_style()
profile = effective_profile(profile)
banner(dataset)

# %% tags=["hide-input"]
recordings = load(dataset)
found = inferred(recordings, profile_named(profile), Store(), seed)
draws = min(permutations, 199) if profile == "smoke" else permutations  # smoke: it runs, no more
own = {
    "connectivity": compare(found, recordings, draws, draws, seed),
    "edge_reliability": reliability.reliability(found, seed),
    "edge_pairs": reliability.histogram(found),
    "connectivity_matrices": averages(found, recordings),
}
shown, origin = own, f"this build ({dataset}, {profile})"
kept = {name: reference.read(f"{name}.kato") for name in own}
if dataset in ("simulated", "kato") and all(part is not None for part in kept.values()):
    shown = {name: part.table for name, part in kept.items()}
    origin = "reference, real Kato worms"
    display(reference_note(kept["connectivity"]))
tests, pairs, spread, mean = shown.values()

# %% [markdown]
# ## The answer

# %% tags=["hide-input"]
display(
    Markdown(
        f"{verdict.headline(tests, pairs)} ({origin}; {pairs['n'].iloc[0]} pairs of networks.)"
    )
)

# %% tags=["hide-input"]
table(
    verdict.verdicts(tests).rename(columns={"n": "n neurons"}),
    caption="Spearman's rho of aligned edges (explained below), range over the tests of a kind, p after Holm "
    "over all tests of the figure below. Detectable: every test of the kind would find so strong a true "
    "correlation in 80 % of trials, at p < 0.05 before adjustment. Partial: what is left when the worm's own correlation is taken out of "
    f"both (the largest rho, the least p): {origin}",
)

# %% [markdown]
# ## An edge, or its absence
#
# An inferred weight is the probability of the second of two edge types, and nothing tells the network which
# type to call the second. Messages along $w_{ij}$ and along $1 - w_{ij}$ differ by the sum over all neurons,
# which the next layer can add or take away. So two networks may agree on the pattern of edges and disagree
# on its sign. {numref}`fig-edge-pairs` shows whether they do: where networks settle on one pattern with
# either sign, the correlations between them pile up near -1 and +1, and an average over networks
# loses contrast and says little.
#
# Edges are therefore *aligned* before they are averaged: in some networks all $w$ become $1 - w$, so that the
# networks' ranks add up the most (the sign of each network on their first principal component). No
# connectome takes part in this. The one sign that is left is chosen so that a neuron's edge to itself, which
# is compared with nothing, weighs more than the others; every test is two-sided.
#
# The table bounds everything that follows: a matrix that does not agree with itself cannot agree with a
# connectome. Folds differ in the frames trained on *and* in initial weights, and so do subsets of
# training worms; the stored networks do not tell the two apart.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-edge-pairs", "caption": "Rank correlation of the edges that two networks infer for one worm (other fold, or other training worms), and that one network infers for two worms."}}
fig, ax = plt.subplots(figsize=(7, 3))
plots.network_pairs(spread, ax)
ax.set_title(origin)
plt.show()

# %% tags=["hide-input"]
listed = pairs.rename(columns={"mean_abs": "mean |rho|", "chance_abs": "chance |rho|"})
display(
    table(
        listed,
        caption="Spearman's rho between two sets of inferred edges: mean, sd, 5 and 95 %, share below zero, mean "
        f"absolute value, and that when the neurons of one are exchanged at random: {origin}",
    )
)
halves = pairs.set_index("pairs")["mean"].get(reliability.ALIGNED_HALVES)
if halves is not None:
    display(
        Markdown(
            f"The average over all aligned networks has a reliability of {reliability.of_average(halves):.3f} "
            "(Spearman and Brown), so no correlation with anything else should be expected above "
            f"{reliability.bound(halves):.3f}."
        )
    )

# %% [markdown]
# ## Side by side
#
# Receivers are rows, senders columns, and neurons stand in the order of their correlation. Wiring is that of
# {cite:t}`cook2019whole`. Among these 15 neurons, the counts of {cite:t}`white1986structure` and
# {cite:t}`varshney2011structural` are the same, so they are one test. The reconstructions of
# {cite:t}`witvliet2021connectomes` end before the ventral cord: without VB01 and VB02 they are compared
# over 13 neurons.
#
# **What is known of the responses.** cect keeps a pair of the atlas if its response has a false
# discovery rate below 0.05, and a zero for all others, so that "never measured" and "measured, no response"
# look alike. The atlas's own data file, which is installed with cect, tells them apart, and is read here:

# %% tags=["hide-input"]
seen = matrices.functional(found.neurons)
counts = pd.DataFrame(
    {
        "ordered pairs": [len(found.neurons) * (len(found.neurons) - 1)],
        "measured": [int(seen.measured.sum())],
        "significant (all that cect keeps)": [int((seen.present & seen.measured).sum())],
    }
)
table(counts, caption="The signal-propagation atlas among the neurons of this page")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-connectivity", "caption": "Connectivity among the paper's neurons: chemical synapses and gap junctions (number of sections, on the scale of square roots), responses to stimulation where measured, correlation of traces (mean over worms), and inferred edges averaged over worms, folds and training sets, as they are and with signs aligned. Grey or beige: the diagonal, or not measured."}}
wiring = {m.kind: m.weights[0] for m in matrices.structural(found.neurons, ["cook2019"])}
panels = {
    "chemical synapses": (wiring["chemical"], "sections", None),
    "gap junctions": (wiring["gap"], "sections", None),
    "signal propagation": (seen.weights[0], "dF/F, cut at 0.3", (-0.3, 0.3)),
    "correlation of traces": (matrix(mean, "correlation").to_numpy(), "r", (-1, 1)),
    "inferred edges, average": (matrix(mean, "average").to_numpy(), "weight", (0, 1)),
    "inferred edges, aligned": (matrix(mean, "aligned").to_numpy(), "weight", (0, 1)),
}
order = matrices.similarity_order(panels["correlation of traces"][0])
names = [found.neurons[place] for place in order]
fig, axes = plt.subplots(2, 3, figsize=(10, 6.4))
for ax, (title, (values, label, limits)) in zip(axes.flat, panels.items(), strict=True):
    plots.connection_matrix(values[order][:, order], names, ax, label, limits)
    ax.set_title(title)
plt.show()

# %% [markdown]
# ## How far they agree
#
# Entries of a matrix are not independent, since each neuron gives a row and a column. Two nulls respect that:
#
# - **Mantel's test**: Spearman's correlation over pairs of different neurons, against the same with the
#   neurons of one matrix exchanged, rows and columns together.
# - **AUROC**: the probability that a pair with an edge has the larger inferred weight, against random
#   wirings in which every neuron keeps its number of partners (as senders and as receivers). The number
#   of different rewirings that were drawn is in the table below.
#
# *As is* compares sender with sender, *transposed* asks whether edges run against the wiring, *symmetric*
# forgets direction, and is all there is for gap junctions and correlations. A worm's edges are compared
# with its own correlations, and the result averaged over worms.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-agreement", "caption": "Agreement of aligned inferred edges with every matrix: rank correlation against exchanged neurons (left), and presence of an edge against wirings with the same degrees (right). Grey: 95 % of the null. Filled: p < 0.05 after Holm over both panels."}}
main = tests[tests["family"] == "main"]
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 5.6), width_ratios=[1.2, 1])
plots.agreement(main[main["statistic"] == "spearman"], left)
left.set_xlabel("Spearman's rho")
plots.agreement(main[main["statistic"] == "auroc"], right, neutral=0.5)
right.set_xlabel("AUROC")
left.set_title(origin)
plots.agreement_legend(left)
plt.show()

# %% tags=["hide-input"]
columns = ["matrix", "part", "value", "low", "high", "p", "p_holm", "n_neurons", "n_pairs"]


def part(family: str, statistic: str, *more: str) -> pd.DataFrame:
    """Rows of a family, as shown."""
    rows = tests[(tests["family"] == family) & (tests["statistic"] == statistic)]
    return rows[[*columns, *more]].rename(
        columns={
            "p_holm": "p (Holm)",
            "n_neurons": "neurons",
            "n_pairs": "pairs",
            "n_rewired": "rewirings",
        }
    )


display(
    table(part("main", "spearman", "detectable"), caption=f"Spearman's rho with its null: {origin}")
)
display(table(part("main", "auroc", "n_rewired"), caption=f"AUROC with its null: {origin}"))

# %% [markdown]
# ## Is it the wiring, or the activity?
#
# Neurons that are wired together are active together. A resemblance of edges and wiring may come from there:
# the next table compares the worms' *correlations* with wiring and responses, in place of inferred edges, and
# then asks what inferred edges share with each matrix beyond the correlation (partial rank correlation,
# without direction). Left and right homologues such as AVAL and AVAR are alike in every respect, and might
# make any two matrices agree: they are left out in the third.

# %% tags=["hide-input"]
beside = {
    "correlation": ("spearman", "Correlation of traces in place of edges"),
    "given correlation": ("partial spearman", "Edges and matrix, given the correlation"),
    "without homologues": ("spearman", "Edges, without pairs of homologues"),
}
for family, (statistic, caption) in beside.items():
    rows = part(family, statistic)
    display(table(rows[rows["part"] == "symmetric"], caption=f"{caption}: {origin}"))

# %% [markdown]
# ## Single networks, plain averages, larvae
#
# The three remaining ways to look: the mean absolute correlation of single networks, which needs no
# alignment; the plain average, in which signs cancel; and the wiring of the six larvae of
# {cite:t}`witvliet2021connectomes` (a kind of synapse without any among these neurons has no row). Each table is a family of its own for Holm's adjustment.

# %% tags=["hide-input"]
for family, statistic, caption in (
    ("single networks", "mean abs(spearman)", "Mean |rho| of single networks"),
    ("plain", "spearman", "Plain average"),
    ("development", "spearman", "Wiring of larvae"),
):
    rows = part(family, statistic)
    display(
        table(rows[rows["part"] == "symmetric"], caption=f"{caption}, without direction: {origin}")
    )

# %% [markdown]
# ## Would the test have seen it?
#
# A test that finds nothing means little unless it would have found something. {numref}`fig-power` mixes the
# ranks of a connectome with noise, at a true correlation chosen in advance, and counts how often Mantel's test
# notices. Noise is either independent for each pair, or has the structure of inferred edges: the aligned
# average with its neurons in random order. The second is the honest one.
#
# Positive controls follow: matrices that must agree.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-power", "caption": "Power of Mantel's test for these neurons: share of simulated edges found, against their true correlation with the chemical synapses (left) and gap junctions (right) of Cook et al. 2019. Dotted: 80 % and 5 %."}}
edges = matrix(mean, "aligned").to_numpy()
noises = {
    "chemical": {"structured noise": edges, "independent noise": None},
    "gap": {"structured noise": (edges + edges.T) / 2, "independent noise": None},
}
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
for ax, (kind, noise) in zip(axes, noises.items(), strict=True):
    curves = {name: power(wiring[kind], how, rng=seed) for name, how in noise.items()}
    curves = {f"{name}: 80 % at {detectable(c):.2f}": c for name, c in curves.items()}
    plots.power_curves(curves, ax)
    ax.set_title("chemical synapses" if kind == "chemical" else "gap junctions")
axes[1].set_ylabel("")
plt.show()

# %% tags=["hide-input"]
control = tests[tests["family"].isin(["control", "own worm"])]
table(
    control[["edges", *columns]].rename(
        columns={
            "edges": "what",
            "matrix": "against",
            "p_holm": "p (Holm)",
            "n_neurons": "neurons",
            "n_pairs": "pairs",
        }
    ),
    caption="Controls. Last row: whether edges fit their own worm's correlation better than another's (mean rho, "
    f"95 % of all orders of the worms, one-sided p; with five worms it cannot fall below 1/120): {origin}",
)

# %% [markdown]
# ## The same on this build's worms
#
# If the tables above are the reference, this one shows what this build found on its own worms. Simulated neurons
# follow the same behaviour as the real neurons they are named after, so they may resemble the wiring, too,
# without any.

# %% tags=["hide-input"]
table(
    verdict.verdicts(own["connectivity"]).rename(columns={"n": "n neurons"}),
    caption=f"As the first table: this build ({dataset}, {profile})",
)
