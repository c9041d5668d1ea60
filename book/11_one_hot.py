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
# # One-hot edges
#
# The supplement of {cite:t}`wang2020generalizable` sharpens the inferred edges by "adding a scaling factor within the
# softmax". Accuracy on the worms trained on stayed as in the main text, but the network "failed to generalize well
# to unseen worms", because one-hot edges are "effectively a permutation matrix which simply permutes
# node features". No factor and no number is given. This chapter draws the curve, and measures how near the edges come to a
# permutation.
#
# **Which softmax?** The text allows two readings:
#
# - over the two *types* of an edge, which is equation 10: a probability for each pair of neurons by itself. A large factor
#   makes each weight zero or one, and a neuron can have any number of senders. Nothing here pulls towards a permutation,
#   whose rows and columns hold a single one each;
# - over all *senders* of a neuron: its weights sum to one, and a large factor leaves one sender to each receiver. That
#   is the row-wise half of a permutation. Two receivers may still choose the same sender, and then another one is lost.
#
# **Would a permutation hurt?** The network concatenates the neurons' messages before its last layers (equation 13), which
# can learn any order of inputs. One permutation for all worms would make the graph network an MLP, and
# {numref}`fig-one-hot-accuracy` shows how well that generalises. Harm needs choices that *differ between worms*, or
# senders that are lost; both are measured below.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated or kato
profile: str = "quick"  # smoke, quick or paper (hours)
seed: int = 0  # seed of folds, initial weights and the order of training
factors: list = []  # some of 1, 3, 10, 30, 100; if empty 1, 10, 100 at smoke and quick, else all
sizes: list = []  # numbers of training worms, of 1 to 4; if empty 1 at smoke and quick, else 1 and 4
margin: float = 2.0  # percentage points within which a difference is not noticeable

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown, display

from wormgnn import experiments, one_hot, one_hot_verdict, paired, plots, reference
from wormgnn.pages import banner, effective_profile, reference_note, table
from wormgnn.plots.one_hot import accuracy_by_factor, edge_measure, example_edges
from wormgnn.profiles import profile_named
from wormgnn.store import Store

plots.use_style()
profile = effective_profile(profile)
banner(dataset)

# %% tags=["hide-input"]
small = profile in ("smoke", "quick")
sharpened = one_hot.some(factors or ([1, 10, 100] if small else []))
sharpened = paired.trained_on(sharpened, sizes or ([1] if small else []))
others = paired.trained_on(
    experiments.experiment_named("table1").only(["MLP, no norm"]), sharpened.runs[0].plan.sizes
)
scale, store = profile_named(profile), Store()
rows, trained = one_hot.run(sharpened, dataset, scale, store, seed)
plain = experiments.run(others, dataset, scale, store, seed).rows
own = dict(one_hot.tables(sharpened, trained, dataset, seed))
edges, examples = own.values()
origin = f"this build ({dataset}, {profile})"
own_rows, own_edges = rows, edges

# %% tags=["hide-input"]
names = ("one-hot.kato", "one_hot_edges.kato", "one_hot_examples.kato", "table1.kato")
kept = [reference.read(name) for name in names]
if all(part is not None for part in kept):
    rows, edges, examples, plain = (part.table for part in kept)
    rows = one_hot.described(rows)
    origin = "reference, real Kato worms"
    display(*map(reference_note, kept[:2]))
changed = one_hot_verdict.changes(rows, margin, seed)

# %% [markdown]
# ## The answer
#
# Accuracies are compared with those of the graph network of the main text: softmax over types, factor one. Members are paired
# by training worms, fold and evaluated worm, as in [the chapter before](10_without_ava.ipynb), and the same margin says what is
# noticeable. Edges count as a permutation matrix if a part of their weight that was named in advance lies on a single permutation.

# %% tags=["hide-input"]
display(
    Markdown(
        f"{one_hot_verdict.headline(changed, edges, margin)}\n\n({origin}; margin {margin:g} points, at least "
        f"{100 * one_hot_verdict.NEAR:.0f} % of the weight for a permutation.)"
    )
)
table(
    one_hot_verdict.verdicts(changed, edges, margin),
    caption=f"The paper's sentences at the largest factor: {origin}",
    digits=0,
)

# %% [markdown]
# ## Accuracy against the factor

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-one-hot-accuracy", "caption": "Accuracy in two states against the factor within the softmax, on the test fold of the training worms (left) and on unseen worms (right), trained on one worm or on four. Large points: mean with its 95 % interval over evaluated worms; small ones: each network. Lines: the MLP that shares the graph network's classifier, trained on the same worms and folds, and the majority class."}}
counts = sorted(rows["n_train"].unique())
fig, axes = plt.subplots(
    len(counts),
    2,
    figsize=(9, 3 * len(counts) + 0.6),
    squeeze=False,
    sharex=True,
    sharey="row",
    layout="constrained",
)
for row, n_train in zip(axes, counts, strict=True):
    for ax, seen in zip(row, (True, False), strict=True):
        part = rows[(rows["n_train"] == n_train) & (rows["seen"] == seen)]
        accuracy_by_factor(part, ax, one_hot.levels(part, plain, ["MLP, no norm"]))
        worms = "same worms, test fold" if seen else "unseen worms"
        ax.set_title(f"{worms}; trained on {n_train}")
for ax in axes[:, 1]:
    ax.set_ylabel("")
for ax in axes[:-1].flat:
    ax.set_xlabel("")
fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
fig.suptitle(origin)
plt.show()

# %% tags=["hide-input"]
columns = {
    "rivals": "softmax over",
    "factor": "factor",
    "n_train": "trained on",
    "majority": "majority (%)",
    "plain": "main text (%)",
    "changed": "accuracy (%)",
    "difference": "difference",
    "low": "low",
    "high": "high",
    "p_worms": "p (Wilcoxon)",
    "answer": "answer",
    "n_pairs": "n pairs",
}
for worms in ("unseen worms", "same worm"):
    part = changed[changed["worms"] == worms]
    display(
        table(
            part[list(columns)].rename(columns=columns),
            caption=f"{worms}: difference from the graph network of the main text in percentage points, 95 % interval "
            f"and Wilcoxon's test over {part['n_worms'].max()} worms, {part['n_folds'].max()} folds: {origin}",
            digits=2,
        )
    )

# %% [markdown]
# ## What the edges become
#
# Measured on the edges that every network infers for worms that it was *not* trained on:
#
# - *one-hotness*: the mean of max(w, 1 - w) over pairs for types (at least one half), and of the largest weight of each receiver
#   for senders (at least one in fifteen);
# - *nearness to a permutation*: the part of all weight that the best one-to-one assignment of senders to receivers collects. It is one
#   for a permutation matrix, or a multiple of one. With types the edges or their absence are taken, whichever is nearer, since they serve
#   a network alike ([Inferred edges](09_connectomes.ipynb));
# - *effective rank*: how many dimensions of the neurons' activity X the messages A X can keep. A permutation keeps all 15;
# - *same choice as in training worms*: how many edge types, or strongest senders, are the same as in the worms that the network was
#   trained on.
#
# Dotted lines are chance: for types, random zeros and ones with the same mean; for senders, one random sender for each receiver; for
# the last measure, choices as frequent in each worm, but anywhere.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-one-hot-edges", "caption": "Edges on unseen worms against the factor: mean and standard deviation over the networks of a fold. Dotted: chance for each line, as explained in the text."}}
by_size = one_hot_verdict.pooled(edges, ("rivals", "factor", "n_train"))
panels = {
    "one_hot": ("one-hotness", None),
    "share": ("weight on the best permutation", "null_share"),
    "effective_rank": ("effective rank of A", "null_effective_rank"),
    "same": ("same choice as in training worms", "chance"),
}
fig, axes = plt.subplots(2, 2, figsize=(9, 6.4), sharex=True, layout="constrained")
for ax, (name, (title, null)) in zip(axes.flat, panels.items(), strict=True):
    edge_measure(by_size, ax, name, null)
    ax.set_title(title)
    ax.set_ylim(0, 15.5 if name == "effective_rank" else 1.04)
for ax in axes[0]:
    ax.set_xlabel("")
fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
fig.suptitle(origin)
plt.show()


# %% tags=["hide-input"]
def measures(found: pd.DataFrame, source: str) -> None:
    """One table for each reading."""
    means = one_hot_verdict.pooled(found)
    named = {
        "factor": "factor",
        "one_hot": "one-hotness",
        "bits": "entropy (bits)",
        "share": "on one permutation",
        "null_share": "(random)",
        "distance": "distance",
        "null_distance": "(random) ",
        "scaled_distance": "scaled distance",
        "null_scaled_distance": "(random)  ",
        "distinct": "senders chosen",
        "null_distinct": "(random)   ",
        "degree": "senders above 1/2",
        "effective_rank": "effective rank",
        "null_effective_rank": "(random)    ",
        "rank": "rank",
        "n_matrices": "n matrices",
    }
    for rivals, part in means.groupby("rivals", sort=False):
        display(
            table(
                part[list(named)].dropna(axis=1, how="all").rename(columns=named),
                caption=f"Softmax over {rivals}, unseen worms; each measure beside that of random matrices. Distance: to the "
                "nearest permutation matrix (Frobenius, 0: is one, 1: as far as no edges); scaled: to the "
                f"nearest multiple of one (0 to 1). Rank: singular values above 1 % of the largest: {source}",
                digits=2,
            )
        )


measures(edges, origin)

# %% [markdown]
# ## How they look
#
# {numref}`fig-one-hot-examples` shows a single network at each factor, for one worm that it was not trained on: the first
# of each by number, not the most telling.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-one-hot-examples", "caption": "Inferred edges of one network at each factor for a worm that it was not trained on; receivers down, senders across."}}
shown = list(examples["factor"].unique())
fig, axes = plt.subplots(
    2, len(shown), figsize=(1.2 + 1.9 * len(shown), 4.6), squeeze=False, layout="constrained"
)
for row, rivals in zip(axes, ("types", "senders"), strict=True):
    for ax, factor in zip(row, shown, strict=True):
        part = examples[(examples["rivals"] == rivals) & (examples["factor"] == factor)]
        image = example_edges(part, ax, ticks=ax is row[0])
        ax.set_title(f"{rivals}, {factor:g}")
fig.colorbar(image, ax=axes, fraction=0.03, label="weight")
fig.suptitle(f"trained on {examples['n_train'].max()}; {examples['worm'].iloc[0]}; {origin}")
plt.show()

# %% [markdown]
# ## What was not done
#
# Only two states, and one or four training worms, since every factor is an experiment of its own. The factor was neither chosen nor
# annealed: a network trained with a large one from the start has small gradients wherever an edge is already decided,
# so that a poor result can be one of optimisation as well as of permuted features. The paper says nothing of its own schedule.
#
# ## The same on this build's worms

# %% tags=["hide-input"]
source = f"this build ({dataset}, {profile})"
display(
    table(
        one_hot_verdict.verdicts(
            one_hot_verdict.changes(own_rows, margin, seed), own_edges, margin
        ),
        caption=f"As the first table: {source}",
        digits=0,
    )
)
measures(own_edges, source)
