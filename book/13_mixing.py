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
# # Where inferred edges help
#
# Why should a graph network read unseen worms better than an MLP? {cite:t}`wang2020generalizable` speculate that
# worms differ by *linear transformations* of something that all share, and that messages along inferred edges,
# $H = A X$, undo them: each worm gets its own $A$. On real worms nobody knows the true
# transformation. On simulated worms it is known, and there is a dial for it.
#
# The dial, *mixing*, goes from 0 (worms are alike) to 1 (nothing carries over). It turns one of two things:
#
# - **loadings**: the weights by which each neuron follows the latent behaviour. A rotation leads from the
#   weights that the species shares to the worm's own. A nonlinearity follows, so that no linear map undoes
#   it to the letter.
# - **neurons**: the signals of the 15 neurons among themselves, $A X$ with a random rotation $A$ for each worm.
#   This is the hypothesis literally, and the transpose of $A$ undoes it but for the noise.
#
# Behaviour, latent activity and noise stay the same as the dial is turned. A worm at 0 is therefore what the same
# worm would have been, and the linear map that leads there, fitted by least squares to the truth, is the best
# that edges could do: the *true alignment*. It uses no label, and nobody without the simulator could
# know it. An MLP on aligned worms is a graph network with true edges. The truth has no noise, so that the map takes
# noise away too, even at 0, where it has nothing to undo. What undoing the mixture adds is therefore the gain
# less the same worm's gain at 0.

# %% tags=["parameters"]
dataset: str = "simulated"  # worms to place on the dial: any with the paper's 15 neurons
profile: str = "quick"  # smoke, quick, reduced or paper (hours)
seed: int = 0  # seed of folds, initial weights and the order of training
dial: list = [0.0, 0.5]  # places of the dial that this build computes, from 0 to 1
kinds: list = ["neurons"]  # what this build mixes: "loadings", "neurons" or both
worm_seeds: int = 1  # sets of simulated worms at each place
models: list = []  # some of "SVM", "MLP", "MLP, no norm", "GNN"; all if empty
subsets: int = 2  # sets of training worms tried of each size, at most five

# %% tags=["hide-input"]
import inspect
from dataclasses import replace

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown, display

from wormgnn import plots, reference
from wormgnn.datasets.registry import load
from wormgnn.datasets.simulated import simulate
from wormgnn.errors import chosen
from wormgnn.mixing import verdict
from wormgnn.mixing.calibration import PHYSICS, calibrate, placements, recovery
from wormgnn.mixing.dial import MODELS, ORACLES, grid, run
from wormgnn.mixing.differences import differences, headroom, real_differences
from wormgnn.mixing.edges import legible
from wormgnn.mixing.placement import STATISTICS, describe, measure
from wormgnn.pages import banner, effective_profile, reference_note, table
from wormgnn.plots import mixing as figures
from wormgnn.profiles import profile_named
from wormgnn.store import Store

plots.use_style()
profile = effective_profile(profile)
scale, store = profile_named(profile).with_folds(1), Store()
thinned = replace(
    scale,
    subsets_per_size=min(subsets, scale.subsets_per_size or subsets),
    epochs=min(scale.epochs, 50) if profile == "quick" else scale.epochs,
)
banner(dataset)

# %% tags=["hide-input"]
length_s = 1080.0 if profile in ("reduced", "paper") else 180.0
settings = grid(kinds, dial, range(worm_seeds), duration_s=length_s)
wanted = {name: chosen("model", name, MODELS) for name in models or MODELS}
wanted |= {name: plan for name, plan in ORACLES.items() if plan in wanted.values()}
own = run(settings, wanted, thinned, store, seed)
own_legible = legible(settings, thinned, store, seed) if "GNN" in wanted else None
worms = load(dataset)
quick = [name for name, statistic in STATISTICS.items() if not statistic.trains]
own_curves = calibrate(
    worms, scale, store, (0.0, 0.2, 0.5, 1.0), range(2), quick, {"default": PHYSICS["default"]}
)
own_places = placements(
    own_curves, pd.concat([measure(worms, name, scale, store, each=True) for name in quick])
)

names = (
    "mixing.simulated",
    "mixing_edges.simulated",
    "mixing_checks.simulated",
    "mixing_calibration.kato",
    "mixing_placement.kato",
    "table1.kato",
)
kept = {name: reference.read(name) for name in names}
complete = dataset in ("simulated", "kato") and all(part is not None for part in kept.values())
rows, legibility, curves = own, own_legible, own_curves
places = pd.concat([own_places, describe(worms)])
origin, worm_origin = f"this build ({profile})", f"this build's worms ({dataset})"
if complete:
    rows, legibility, checks, curves, places, table1 = (part.table for part in kept.values())
    origin, worm_origin = "reference", "the real worms of Kato et al."
    display(reference_note(kept["mixing.simulated"]))
    display(reference_note(kept["mixing_placement.kato"]))

# %% [markdown]
# ## The answer

# %% tags=["hide-input"]
found = differences(rows)
placed = verdict.where(places)
sentences = []
if {"GNN", "MLP, no norm"} <= set(rows["model"]):
    sentences += [verdict.headline(rows), verdict.same_worms(rows)]
if legibility is not None:
    sentences.append(verdict.legible_sentence(legibility))
if complete:
    compared = verdict.checks_table(checks)
    sentences.append(verdict.checks_sentence(compared))
default = placed[placed["physics"] == "default"]
nearest = verdict.nearest_physics(curves, places)
sentences.append(
    verdict.where_sentence(placed[placed["physics"].isin(["default", nearest])], worm_origin)
    + f" The physics *{nearest}* come nearest to the worms in noise and dimension."
)
if complete:
    matched = found[found["other"] == "MLP, no norm"]
    sentences.append(verdict.real_sentence(matched, default, real_differences(table1)))
else:
    sentences.append(
        f"This build trained for {thinned.epochs} epochs on recordings of {length_s:.0f} s: networks that "
        "have not learned their own worms yet differ for other reasons than edges. Only the "
        "reference can answer."
    )
display(Markdown("\n\n".join(sentences) + f"\n\n({origin}.)"))

# %% [markdown]
# ## Accuracy along the dial
#
# Two states, the paper's 15 neurons, five worms in each set. *MLP, no norm* and the GNN have the same classifier, so
# that they differ in the edges alone; *MLP* follows the paper's text (batch norm). The GNN has the reading that was
# [chosen](90_readings.ipynb) for the rest of the book.
#
# In {numref}`fig-dial` the gap between a full line and the dashed line of the same colour is what the true
# alignment gains. It is there at 0 already; the room for edges is what comes on top.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-dial", "caption": "Accuracy on unseen worms along the dial, two states, trained on one worm (left) and on four (right). Dots and bars: mean and standard deviation over worms. Dashed: the same model on worms that were aligned with the truth, which takes noise away too: the gap at 0 is that alone. Dotted: the majority class."}}
shown_kinds = list(rows["kind"].unique())
fig, axes = plt.subplots(
    len(shown_kinds), 2, figsize=(8, 0.8 + 2.5 * len(shown_kinds)), sharey=True, squeeze=False
)
for line, kind in zip(axes, shown_kinds, strict=True):
    for ax, n_train in zip(line, (1, 4), strict=True):
        figures.dial_curves(rows[(rows["kind"] == kind) & (rows["n_train"] == n_train)], ax)
        ax.set_title(f"mixing of {kind}, trained on {n_train}")
    line[1].set_ylabel("")
figures.dial_legend(list(rows["model"].unique()), axes[0, 0])
plt.show()

# %% tags=["hide-input"]
unseen = rows[~rows["seen"]]
means = 100 * unseen.pivot_table(
    index=["kind", "n_train", "mixing"], columns="model", values="accuracy", sort=False
)
majority = 100 * unseen.groupby(["kind", "n_train", "mixing"])["majority"].mean()
counted = unseen[["sim_seed", "worm"]].drop_duplicates()
table(
    means.assign(majority=majority).reset_index(),
    caption=f"Accuracy on unseen worms in percent, mean over {len(counted)} worms in "
    f"{unseen['sim_seed'].nunique()} sets: {origin}",
    digits=1,
)

# %% tags=["hide-input"]
same = rows[rows["seen"]].pivot_table(
    index=["kind", "n_train", "mixing"], columns="model", values="accuracy", sort=False
)
table(
    (100 * same).reset_index(),
    caption=f"The same on the test fold of the worms trained on, in percent: {origin}",
    digits=1,
)

# %% [markdown]
# ## GNN less MLP
#
# The differences in {numref}`fig-dial-difference` are between networks trained on the same worms and evaluated on the same unseen worm. Intervals resample
# evaluated worms of all sets. Worms of one set share their training worms, so the intervals are rather too
# narrow; and of many intervals, one in forty lies above zero by chance. The star of the real worms comes from
# [Table 1](02_two_states.ipynb), which has more folds and epochs.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-dial-difference", "caption": "Accuracy of the GNN less that of the MLPs on unseen worms, in percentage points, with 95 % bootstrap intervals over worms. Shaded: from the least to the greatest place at which a statistic puts the worms of the placement below. Star: the difference that was measured on real worms (Table 1), where there is a reference."}}
real = real_differences(table1).set_index("n_train") if complete else None
fig, axes = plt.subplots(
    len(shown_kinds), 2, figsize=(8, 0.8 + 2.3 * len(shown_kinds)), sharey=True, squeeze=False
)
for line, kind in zip(axes, shown_kinds, strict=True):
    band = default[default["kind"] == kind][["first", "last"]].to_numpy()
    for ax, n_train in zip(line, (1, 4), strict=True):
        if found.empty:
            continue
        part = found[(found["kind"] == kind) & (found["n_train"] == n_train)]
        point = real.loc[n_train].to_dict() if real is not None else None
        figures.difference_curve(part, ax, tuple(band[0]) if len(band) else None, point)
        ax.set_title(f"mixing of {kind}, trained on {n_train}")
    line[1].set_ylabel("")
handles, labels = axes[0, 0].get_legend_handles_labels()
fig.legend(handles, labels, loc="outside lower center", ncols=3)
plt.show()


# %% tags=["hide-input"]
def in_points(data: pd.DataFrame) -> pd.DataFrame:
    """Differences and their ends in percentage points."""
    return data.assign(**{name: 100 * data[name] for name in ("difference", "low", "high")})


if not found.empty:
    display(
        table(
            in_points(found.drop(columns=["n_states", "accuracy", "majority"])).rename(
                columns={"p": "p (Wilcoxon)"}
            ),
            caption=f"GNN less MLP on unseen worms, percentage points, 95 % interval over worms: {origin}",
        )
    )
fitted = differences(rows, others=["MLP, no norm"], seen=True)
if not fitted.empty:
    display(
        table(
            in_points(fitted.drop(columns=["n_states", "accuracy", "majority"])).rename(
                columns={"p": "p (Wilcoxon)"}
            ),
            caption="GNN less MLP without norm on the test fold of the worms trained on, whose own edges the "
            f"network has met: {origin}",
        )
    )
room = headroom(rows)
if not room.empty:
    display(
        table(
            in_points(room.drop(columns=["n_states", "p", "accuracy", "majority"]))
            .assign(**{name: 100 * room[name] for name in ("whole", "at_zero")})
            .drop(columns=["at_zero_low", "at_zero_high"])
            .rename(columns={"whole": "whole gain", "at_zero": "gain at 0"}),
            caption="What undoing the mixture adds to the MLP without norm on unseen worms, percentage points: the "
            "gain by the true alignment less the same worm's gain at mixing 0, with 95 % interval over worms; "
            f"beside it both gains: {origin}",
            digits=2,
        )
    )

# %% [markdown]
# ## Do the edges align?
#
# Accuracy says whether edges help, and not why. With the truth at hand the hypothesis can be tested by itself: a
# linear map is fitted from the messages $H = A X$ of the training worms to the signals that all worms share,
# and applied to an unseen worm with the edges that the GNN inferred for it. Edges that are alike in all worms
# change nothing, since the map absorbs them; edges that undo what is each worm's own make the shared signals
# legible. {numref}`fig-legible` compares that with the same map from the traces themselves (the penalty of the
# map is the best on the unseen worm, for both).

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-legible", "caption": "Correlation between the signals that worms share and their linear prediction in an unseen worm, from its traces and from the messages along the edges that the GNN inferred for it: mean and standard deviation over unseen worms."}}
fig, axes = plt.subplots(
    len(shown_kinds), 2, figsize=(8, 0.8 + 2.3 * len(shown_kinds)), sharey=True, squeeze=False
)
for line, kind in zip(axes, shown_kinds, strict=True):
    for ax, n_train in zip(line, (1, 4), strict=True):
        if legibility is None:
            continue
        part = legibility[(legibility["kind"] == kind) & (legibility["n_train"] == n_train)]
        figures.legibility_curves(part, ax)
        ax.set_title(f"mixing of {kind}, trained on {n_train}")
    line[1].set_ylabel("")
axes[0, 0].legend()
plt.show()

# %% [markdown]
# ## Asked in other ways
#
# A network that finds nothing may have been asked badly. Each line below changes one thing: four states; 800
# epochs, as in the paper, in place of 300; other [readings](90_readings.ipynb) of the GNN; simulated worms whose
# traces are as smooth and as low-dimensional as Kato's; and more training worms than any laboratory has.
# The last one matters most, since to infer edges is itself a thing to be learned, from one example a worm
# ({numref}`fig-many-worms`).

# %% tags=["hide-input"]
if complete:
    display(
        table(
            in_points(compared.drop(columns="accuracy")).assign(
                **{name: 100 * compared[name] for name in ("GNN", "MLP, no norm", "majority")}
            ),
            caption="GNN and MLP on unseen worms, percent and percentage points, 95 % interval over "
            f"worms: {origin}",
            digits=1,
        )
    )

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-many-worms", "caption": "Accuracy on the same unseen worms against the number of training worms (each of six minutes), mean and standard deviation over unseen worms. Empty without a reference."}}
fig, axes = plt.subplots(1, 2, figsize=(8, 2.8), sharey=True)
if complete:
    many = checks[checks["check"] == "many worms"]
    for ax, kind in zip(axes, ("loadings", "neurons"), strict=True):
        part = many[many["kind"] == kind]
        figures.training_worm_curves(part, ax)
        ax.set_title(f"mixing of {kind}, {part['mixing'].iloc[0]:g}")
    axes[1].set_ylabel("")
    axes[0].legend()
else:
    axes[0].set_title("no reference: python -m wormgnn.mixing.reference")
plt.show()

# %% [markdown]
# ## Where worms sit
#
# Four statistics can be computed on any worms, real or simulated, and change as the dial is turned:
#
# - **tuning**: the mean trace and derivative of each neuron in each of four states, correlated between worms;
# - **correlations**: the matrix of correlations between neurons, correlated between worms;
# - **SVM drop**: how much balanced accuracy a support vector machine loses from the test fold of its
#   training worm to another worm, with two and with four states.
#
# Each is calibrated on simulated worms ({numref}`fig-placement`), as many, as long and as fast as the worms to be placed, and then read
# backwards. The interval holds all places whose simulated sets of worms spread so far that the value is no surprise.
# *Beyond* says that a value lies off the dial.
#
# The axis is the simulator's. Whether it fits shows in two ways: the statistics must agree on the place, and the
# place must not depend on what the simulator was told about noise and dimension (its *physics*). Where the
# intervals have no place in common, simulated worms of that kind and physics are unlike the worms placed, wherever
# the dial stands.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-placement", "caption": "Statistics of simulated worms along the dial (mean and standard deviation over sets of worms, default physics), and the value of the worms that are placed (dashed)."}}
whole = places[places["without"].isna() | (places["without"] == "")]
values = whole.drop_duplicates("statistic").set_index("statistic")["value"]
drawn = list(curves["statistic"].unique())
fig, axes = plt.subplots(1, len(drawn), figsize=(2.3 * len(drawn) + 0.6, 2.9))
for ax, name in zip(axes, drawn, strict=True):
    part = curves[(curves["statistic"] == name) & (curves["physics"] == "default")]
    figures.calibration_curves(part, ax, values[name], "the worms placed")
    ax.set_title(name)
handles, labels = axes[0].get_legend_handles_labels()
fig.legend(handles, labels, loc="outside lower center", ncols=3)
plt.show()

# %% tags=["hide-input"]
columns = ["physics", "kind", "statistic", "value", "mixing", "low", "high", "beyond"]
display(
    table(
        whole.dropna(subset="kind")[columns].fillna({"beyond": ""}),
        caption=f"Place of {worm_origin} on the dial, with 95 % interval",
    )
)
display(
    table(
        placed,
        caption="What the statistics say together. First, last: least and greatest place; low, high: what all "
        f"their intervals share, if they agree: {worm_origin}",
    )
)

# %% [markdown]
# How alike is the simulator? Roughness is the share of noise in a trace, dimension the effective number of
# dimensions of the 15 traces (participation ratio). Where they differ from the worms', the place is
# to be taken from the physics that come nearest. *Quiet* and *noisy* change the noise alone, *Kato-like* the noise and how
# much a neuron differs from its group.

# %% tags=["hide-input"]
traces = curves[curves["mixing"] <= verdict.NEAR].groupby("physics", sort=False)
traces = traces[["roughness", "dimension"]].mean().reset_index()
described = whole[whole["kind"].isna()].set_index("statistic")["value"]
traces.loc[len(traces)] = [worm_origin, described["roughness"], described["dimension"]]
display(
    table(
        traces,
        caption=f"Simulated traces (mixing up to {verdict.NEAR:g}) beside those of the worms placed",
    )
)

# %% tags=["hide-input"]
one_out = places.dropna(subset=["kind", "without"])
one_out = one_out[(one_out["without"] != "") & (one_out["physics"] == "default")]
display(
    table(
        one_out.pivot_table(
            index=["kind", "statistic"], columns="without", values="mixing", sort=False
        ).reset_index(),
        caption=f"Place without one of the worms, default physics: {worm_origin}",
    )
)
display(
    table(
        recovery(curves),
        caption="Simulated worms placed by other sets, for which the truth is known (mixing up to 0.5): mean "
        "absolute error, share of 95 % intervals that hold the truth, and n",
    )
)

# %% [markdown]
# ## This build
#
# What this build computed itself.

# %% tags=["hide-input"]
if dataset == "simulated":
    truth = inspect.signature(simulate).parameters["mixing"].default
    display(
        Markdown(
            "The dataset *simulated* is placed by worms of the same simulator, and the truth is known: "
            f"its worms were made with a mixing of loadings of {truth:g}."
        )
    )
computed = own[~own["seen"]].pivot_table(
    index=["kind", "mixing", "n_train"], columns="model", values="accuracy", sort=False
)
display(
    table(
        (100 * computed).reset_index(),
        caption=f"Accuracy on unseen worms in percent: this build ({profile}, worms of {length_s:.0f} s)",
        digits=1,
    )
)
display(
    table(
        own_places[own_places["without"] == ""][columns],
        caption=f"Place of the worms of dataset {dataset}: this build",
    )
)
