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
# **Question.** A graph network of [Table 1](02_two_states.ipynb) (*GNN*) infers a weight for every pair of neurons.
# {cite:t}`wang2020generalizable` found nothing in these weights in common with the connectome, and gave no number. What are they like?
#
# **Answer.** On the five real worms of {cite:t}`kato2015global` they follow the correlation of the two neurons' activity in the same
# worm, with a rank correlation of **0.90 (95 % of the null: −0.09 to 0.26)**. They also resemble gap junctions (0.40 to 0.56), and no test
# finds anything of that once the correlation is taken out of both (0.17 to 0.22).
#
# **Verdict.** "No similarity with the connectome" *does not hold* for gap junctions. For chemical synapses (0.12 to 0.39) and for responses to
# stimulation (0.28 to 0.29) it is *not decided*: no test passes after adjustment (the least p: 0.06), and all point the same way. That edges stand for
# functional connectivity *holds*.

# %% tags=["parameters"]
dataset: str = "simulated"  # any whose worms share the paper's 15 neurons
profile: str = "quick"  # smoke, quick or paper (hours)
seed: int = 0  # seed of folds, initial weights, and the random draws of every test
permutations: int = 4999  # exchanges of neurons, and rewirings; below 1999 none passes Holm

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import display

from wormgnn import plots, results
from wormgnn.graphs import matrices
from wormgnn.graphs.agreement import LEVEL, POWER, detectable, power
from wormgnn.graphs.inferred import ALIGNED_HALVES, bound, matrix, of_average
from wormgnn.paper import pages
from wormgnn.paper.experiments import experiment_named
from wormgnn.paper.studies import connectomes
from wormgnn.plots import interactive
from wormgnn.runner import run

profile = pages.start(dataset, profile)

# %% [markdown]
# Three kinds of connectivity stand beside the edges:
#
# - **structural**: chemical synapses and gap junctions in the wiring diagrams of {cite:t}`white1986structure`,
#   {cite:t}`varshney2011structural`, {cite:t}`cook2019whole` and {cite:t}`witvliet2021connectomes`;
# - **effective**: how a neuron responds when another one is stimulated, from the signal-propagation atlas of
#   {cite:t}`randi2023neural`, which did not exist when the paper was written;
# - **functional**: the correlation of the two neurons' activity in the same worm.
#
# Tables and figures are of real worms and of ten folds, 310 networks, but for the last table.

# %% tags=["hide-input"]
tests, edges = (results.read(f"{name}.kato") for name in ("connectivity", "connectivity_matrices"))
by_kind = connectomes.by_kind(tests.table)
rho = by_kind[["rho_low", "rho_high"]].round(2)
assert rho.loc["chemical"].tolist() == [0.12, 0.39] and rho.loc["gap"].tolist() == [0.40, 0.56]
assert rho.loc["atlas"].tolist() == [0.28, 0.29] and rho.loc["correlation", "rho_high"] == 0.90
assert by_kind["significant"].to_dict() == {"chemical": 0, "gap": 4, "atlas": 0, "correlation": 3}
assert by_kind.loc["gap", "partial_p"] > LEVEL
main = tests.table[tests.table["family"] == "main"]
mantel = main[main["statistic"] == "spearman"]
assert mantel.loc[mantel["kind"].isin(["chemical", "atlas"]), "p_holm"].min().round(2) == 0.06
own = mantel.set_index("matrix").loc["Correlation, of traces"]
assert own[["value", "low", "high"]].astype(float).round(2).tolist() == [0.90, -0.09, 0.26]
display(
    pages.table(
        by_kind.rename(index=connectomes.KINDS).rename_axis("edges against").reset_index(),
        caption="Real worms of Kato et al. 2015: Spearman's rho of aligned edges, range over the tests of a kind; n_neurons: fewest; detectable: every test of the "
        "kind finds so strong a true correlation in 80 % of trials, at p < 0.05 before adjustment. Partial: the rho farthest from 0, and the least p (Holm), "
        "with the own correlation taken out of both.",
        digits=2,
    ),
    pages.reference_note(tests),
)

# %% [markdown]
# ## An edge, or its absence
#
# An inferred weight is the probability of the second of two edge types, and nothing tells the network which type to call the
# second. Where messages are summed and a neuron keeps nothing of its own, messages along $w_{ij}$ and along $1 - w_{ij}$ differ by the sum over all neurons,
# which the next layer can add or take away: of two such networks, half had opposite edges. The self edge of this GNN breaks the symmetry, since a
# message now adds to a neuron's own activity or takes from it. Of two networks that saw the same worms in different folds, 2 % have opposite edges, and the
# mean absolute correlation is 0.64, where exchanged neurons give 0.07 ({numref}`fig-edge-pairs`).
#
# Edges are still *aligned* before they are averaged: in some networks all $w$ become $1 - w$, so that the networks' ranks add
# up the most (the sign of each network on their first principal component). No connectome takes part in this. The one sign that
# is left is chosen so that a neuron's edge to itself, which is compared with nothing, weighs more than the others; every test is
# two-sided. Alignment changes no average by more than 0.003.
#
# A matrix that does not agree with itself cannot agree with a connectome. Aligned averages of two halves of the networks
# correlate at 0.992, so the average of all has a reliability of 0.996 (Spearman and Brown), and no correlation with anything
# else should be expected above 0.998. Folds differ in the frames trained on *and* in initial weights, and so do subsets of
# training worms; the stored networks do not separate the two.

# %% tags=["hide-input"]
pairs = results.read("edge_reliability.kato").table.set_index("pairs")
folds = pairs.loc["same worm and training worms, other fold"].round(2)
assert folds[["negative", "mean_abs", "chance_abs"]].tolist() == [0.02, 0.64, 0.07]
halves = pairs.loc[ALIGNED_HALVES, "mean"]
assert [round(v, 3) for v in (halves, of_average(halves), bound(halves))] == [0.992, 0.996, 0.998]
assert (edges.table["aligned"] - edges.table["average"]).abs().max() < 0.003

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-edge-pairs", "caption": "Real worms of Kato et al. 2015, 310 networks: rank correlation of the edges that two networks infer for one worm (other fold, or other training worms), and that one network infers for two worms."}, "image": {"alt": "Histograms of correlations between the edges of two networks. All three rise from zero towards one, with few pairs below zero; those of networks that saw the same worms rise highest near one."}}
figure, axes = plt.subplots(figsize=(8, 3.4))
shares = results.read("edge_pairs.kato").table
colours = plots.palette(shares["pairs"])
for name, part in shares.groupby("pairs", sort=False):
    axes.stairs(part["share"], [*part["low"], 1], color=colours[name], lw=1.4, label=name)
axes.set(xlim=(-1, 1), xlabel="Spearman's correlation of edges", ylabel="share of pairs")
axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
plt.show()

# %% [markdown]
# ## Side by side
#
# In {numref}`fig-connectivity` receivers are rows, senders columns, and neurons stand in the order of their correlation. Wiring is that of
# {cite:t}`cook2019whole`. Among these 15 neurons the counts of {cite:t}`white1986structure` and
# {cite:t}`varshney2011structural` are the same, so they are one test. The reconstructions of
# {cite:t}`witvliet2021connectomes` end before the ventral cord: without VB01 and VB02 they are compared over 13 neurons.
#
# cect keeps a pair of the atlas if its response has a false discovery rate below 0.05, and a zero for all others, so that "never
# measured" and "measured, no response" look alike. The atlas's own data file, which is installed with cect, distinguishes them: of the 210
# ordered pairs of these neurons 151 were measured, and 12 have a significant response.

# %% tags=["hide-input"]
mean = edges.table
neurons = tuple(mean["receiver"].unique())
atlas = matrices.functional(neurons)
assert (len(neurons) * (len(neurons) - 1), atlas.measured.sum()) == (210, 151)
assert (atlas.present & atlas.measured).sum() == 12

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-connectivity", "caption": "Connectivity among the paper's 15 neurons: chemical synapses and gap junctions (number of sections, on the scale of square roots), responses to stimulation where measured; and of five real worms of Kato et al. 2015 the correlation of traces (mean over worms), and inferred edges averaged over worms, folds and training sets, as they are and with signs aligned. Grey or beige: the diagonal, or not measured."}, "image": {"alt": "Six matrices among 15 neurons: chemical synapses and gap junctions are sparse; the correlation of traces has two blocks of opposite sign, and inferred edges, averaged and aligned alike, show the same two blocks as strong edges."}}
wiring = {m.kind: m.weights[0] for m in matrices.structural(neurons, ["cook2019"])}
of = {name: matrix(mean, name).to_numpy() for name in ("correlation", "average", "aligned")}
panels = {
    "chemical synapses": (wiring["chemical"], "sections", None),
    "gap junctions": (wiring["gap"], "sections", None),
    "signal propagation": (atlas.weights[0], "dF/F, cut at 0.3", (-0.3, 0.3)),
    "correlation of traces": (of["correlation"], "r", (-1, 1)),
    "inferred edges, average": (of["average"], "weight", (0, 1)),
    "inferred edges, aligned": (of["aligned"], "weight", (0, 1)),
}
order = matrices.similarity_order(of["correlation"])
names = [neurons[place] for place in order]
figure, grid = plt.subplots(2, 3, figsize=(9, 7))
for axes, (title, (values, label, limits)) in zip(grid.flat, panels.items(), strict=True):
    plots.connection_matrix(values[order][:, order], names, axes, label, limits)
    axes.set_title(title)
plt.show()

# %% [markdown]
# {numref}`fig-edge-map` puts it on the worm: of the strongest inferred edges, as many as the other graph has, which are shared?

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-edge-map", "caption": "Inferred edges (aligned, mean of five real worms of Kato et al. 2015) on the cell bodies of 15 neurons in the head, seen from the left and above; the nose is on the left. Green: pairs that are among the strongest inferred edges and edges of the other graph. Orange: inferred alone. Grey: the other graph alone. With scripts: drag to turn it, and choose the other graph: the wiring of Cook et al. 2019, or the 30 most correlated pairs. Positions: the anatomical atlas of wormneuroatlas."}, "image": {"alt": "Fifteen neurons in the head of a worm, joined by lines: those that inferred edges and gap junctions share, and those that only one of them has."}}
graphs = {
    "gap junctions": wiring["gap"],
    "chemical synapses": wiring["chemical"],
    "correlation of traces": connectomes.strongest(of["correlation"], 30),
}
shared = connectomes.shared_pairs(of["aligned"], graphs, neurons)
places = matrices.positions(neurons)
still, axes = plt.subplots(figsize=(7.5, 4))
plots.shared_edges(shared[shared["reference"] == "gap junctions"], neurons, places, axes)
words = "Fifteen neurons in the head of a worm, joined by inferred edges and by gap junctions."
interactive.show(interactive.edge_map(shared, neurons, places), still, words)

# %% [markdown]
# ## How far they agree
#
# Entries of a matrix are not independent, since each neuron gives a row and a column. Two nulls respect that:
#
# - **Mantel's test**: Spearman's correlation over pairs of different neurons, against the same with the neurons of one matrix
#   exchanged, rows and columns together.
# - **AUROC**: the probability that a pair with an edge has the larger inferred weight, against random wirings in which every
#   neuron keeps its number of partners (as senders and as receivers).
#
# *As is* compares sender with sender, *transposed* asks whether edges run against the wiring, *symmetric* forgets direction, and is
# all there is for gap junctions and correlations. A worm's edges are compared with its own correlations, and the result averaged
# over worms. Holm's adjustment runs over all tests of {numref}`fig-agreement`.
#
# All four gap-junction matrices pass both tests (AUROC 0.81 to 0.95), no chemical one passes either.

# %% tags=["hide-input"]
auroc = main[main["statistic"] == "auroc"]
passing = auroc[auroc["p_holm"] < LEVEL]
assert passing["kind"].tolist() == ["gap"] * 4 == auroc.loc[auroc["kind"] == "gap", "kind"].tolist()
assert (passing["value"].min().round(2), passing["value"].max().round(2)) == (0.81, 0.95)

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-agreement", "caption": "Real worms of Kato et al. 2015: agreement of aligned inferred edges with every matrix. Left: rank correlation, against exchanged neurons. Right: presence of an edge, against wirings with the same degrees. Grey: 95 % of the null. Filled: p < 0.05 after Holm over both panels."}, "image": {"alt": "Rank correlation and AUROC of inferred edges with each matrix, beside grey bars of the null. Gap junctions and correlations of traces lie to the right of their bars and are filled; chemical synapses lie within their bars or a little to the right, and are hollow."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 6.2), width_ratios=[1.2, 1])
plots.agreement(mantel, left)
left.set_xlabel("Spearman's rho")
plots.agreement(auroc, right, neutral=0.5)
right.set_xlabel("AUROC")
plots.figure_legend(figure)
plt.show()

# %% [markdown]
# ## Is it the wiring, or the activity?
#
# Neurons that are wired together are active together, and a resemblance of edges and wiring may come from there. Without direction:
#
# - The worms' *correlations*, in place of edges, resemble wiring as much: gap junctions at 0.36 to 0.53, chemical synapses at
#   0.26 to 0.40.
# - With the own correlation taken out of both, edges share nothing with gap junctions that a test finds, though all four point the same way (rho 0.17 to 0.22), nor with
#   chemical synapses (−0.10 to 0.06) or responses (0.06).
# - Left and right homologues such as AVAL and AVAR are alike in every respect, and might make any two matrices agree. Without these
#   pairs gap junctions stay at 0.40 to 0.55, and three of the four chemical matrices pass Holm's adjustment, which here runs over nine
#   tests.
# - Single networks, which need no alignment, have a mean |rho| of 0.28 to 0.41 with gap junctions; the plain average of all
#   networks 0.40 to 0.56. Of the plain average's twelve tests of chemical synapses, four pass an adjustment over its 22 tests: whether these synapses count hangs
#   on how many tests stand beside them.
# - In the larvae of {cite:t}`witvliet2021connectomes` gap junctions agree in four of the five animals tested (0.34 to 0.48; not in the third), and chemical
#   synapses in none of the six.

# %% tags=["hide-input"]
rows = tests.table[(tests.table["part"] == "symmetric") & (tests.table["statistic"] != "auroc")]
spread = rows.groupby(["family", "kind"])["value"].agg(["min", "max"]).round(2)
passed = rows[rows["p_holm"] < LEVEL].groupby(["family", "kind"]).size()
for family, kind, low, high in (
    ("correlation", "gap", 0.36, 0.53),
    ("correlation", "chemical", 0.26, 0.40),
    ("given correlation", "gap", 0.17, 0.22),
    ("given correlation", "chemical", -0.10, 0.06),
    ("given correlation", "atlas", 0.06, 0.06),
    ("without homologues", "gap", 0.40, 0.55),
    ("single networks", "gap", 0.28, 0.41),
    ("plain", "gap", 0.40, 0.56),
):
    assert spread.loc[(family, kind)].tolist() == [low, high], (family, kind)
assert "given correlation" not in passed and passed["without homologues", "chemical"] == 3
plain = tests.table[tests.table["family"] == "plain"].set_index("kind")["p_holm"]
assert (len(plain), len(plain["chemical"]), (plain["chemical"] < LEVEL).sum()) == (22, 12, 4)
larvae = rows[(rows["family"] == "development") & (rows["p_holm"] < LEVEL)]
assert larvae["matrix"].str[-6:].tolist() == ["2, gap", "4, gap", "5, gap", "6, gap"]
assert (larvae["value"].min().round(2), larvae["value"].max().round(2)) == (0.34, 0.48)

# %% [markdown]
# ## Would the test have seen it?
#
# A test that finds nothing means little unless it would have found something. {numref}`fig-power` mixes the ranks of a connectome
# with noise, at a true correlation chosen in advance, and counts how often Mantel's test notices. Noise is either independent
# for each pair, or has the structure of inferred edges: the aligned average with its neurons in random order. The second is the
# honest one. With it every test of chemical synapses finds a correlation of 0.39 in four trials of five, before adjustment. Weaker resemblance, and
# 0.12 to 0.39 were observed, may be missed.
#
# Matrices that must agree do: the correlation in the two halves of a recording (0.95), and the two reconstructions of one wiring (0.80 for
# chemical synapses, 0.86 for gap junctions). Edges fit their own worm's correlation (0.904) better than another worm's (95 % of all
# orders of the worms: 0.850 to 0.893; p = 1/120, the least that five worms can give).

# %% tags=["hide-input"]
assert by_kind.loc["chemical", "detectable"].round(2) == 0.39
control = tests.table[tests.table["family"] == "control"]
assert control["value"].round(2).tolist() == [0.95, 0.80, 0.86]
(row,) = tests.table[tests.table["family"] == "own worm"].to_dict("records")
assert [round(row[name], 3) for name in ("value", "low", "high")] == [0.904, 0.850, 0.893]
assert round(row["p"] * 120) == 1

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-power", "caption": "Power of Mantel's test among 15 neurons: share of 300 simulated matrices found, against their true correlation with the chemical synapses (left) and gap junctions (right) of Cook et al. 2019. Structured noise: edges inferred for real worms, neurons in random order. Dotted: 80 % and 5 %."}, "image": {"alt": "Share of simulated matrices found against their true rank correlation. Curves rise from 5 % to 100 % and cross 80 % between 0.2 and 0.3; for chemical synapses those of structured noise lie to the right."}}
aligned = of["aligned"]
noises = {"chemical": aligned, "gap": (aligned + aligned.T) / 2}
figure, panels = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
for axes, (kind, structured) in zip(panels, noises.items(), strict=True):
    found = {
        name: power(wiring[kind], noise, rng=seed)
        for name, noise in {"structured noise": structured, "independent noise": None}.items()
    }
    named = {f"{name}: 80 % at {detectable(c):.2f}": c for name, c in found.items()}
    table = pd.concat(curve.assign(noise=name) for name, curve in named.items())
    plots.curves(table, axes, x="r", y="power", hue="noise", errorbar=None)
    for level in (POWER, LEVEL):
        axes.axhline(level, color="0.5", ls=":", lw=1)
    axes.set(title=connectomes.KINDS[kind], xlabel="true rank correlation")
    axes.legend(loc="lower right")
plt.show()

# %% [markdown]
# ## This build
#
# Simulated neurons follow the same behaviour as the real neurons they are named after, so they may resemble the wiring, too,
# without any.

# %% tags=["hide-input"]
built = run(experiment_named("connectomes"), dataset, profile, seed=seed)
draws = min(permutations, 199) if profile == "smoke" else permutations
here = connectomes.connectome_table(
    connectomes.inferred(built), built.recordings, draws, draws, seed
)
pages.table(
    connectomes.by_kind(here).rename(index=connectomes.KINDS).rename_axis("edges against"),
    caption=f"This build: dataset {dataset}, profile {profile}. Columns as in the first table.",
    digits=2,
    index=True,
)
