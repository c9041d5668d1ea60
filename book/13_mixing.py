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
# Why should a graph network decode unseen worms better than an MLP? {cite:t}`wang2020generalizable` speculate that worms differ by *linear transformations* of
# something that all share, and that messages along inferred edges, $H = A X$, undo them: each worm gets its own $A$. On real worms nobody knows the true
# transformation. On simulated worms it is known, and there is a dial for it. Do inferred edges help where worms are mixed linearly?
#
# **Answer.** Real worms first: on Kato's five, trained on one, the GNN minus the MLP with the same classifier is −0.8 points [−2.5, +0.1] on unseen worms (95 % interval
# over worms, ten folds). On simulated worms (one fold) the GNN is better at 4 of 26 places of the dial, by 0.7 to 1.9 points, and worse at none. The true transformation would
# add up to +43.4 points [+30.8, +55.2], and messages make unseen worms no more alike.
#
# **Verdict.** There is room for edges to help, and this GNN finds next to none of it.

# %% tags=["parameters"]
dataset: str = "simulated"  # worms to place on the dial: any with the paper's 15 neurons
profile: str = "quick"  # smoke, quick, reduced or paper (hours)
seed: int = 0  # of folds, initial weights and the order of training
dial: list = [0.0, 0.5]  # places of the dial that this build computes, from 0 to 1
kinds: list = ["neurons"]  # what this build mixes: "loadings", "neurons" or both
worm_seeds: int = 1  # sets of simulated worms at each place
models: list = []  # some of "SVM", "MLP", "MLP, no norm", "GNN"; all if empty
subsets: int = 2  # sets of training worms tried of each size, at most five

# %% tags=["hide-input"]
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from wormgnn import compare, load, plots, profile_named, results, run
from wormgnn.paper import experiments, pages
from wormgnn.paper.studies import mixing, placement

profile = pages.start(dataset, profile)

# %% [markdown]
# ## The dial
#
# {term}`Mixing <mixing>` goes from 0 (worms are alike) to 1 (nothing carries over). It turns one of two things:
#
# - **loadings**: the weights by which each neuron follows the latent behaviour. A rotation leads from the weights that the species shares to the worm's own. A
#   nonlinearity follows, so that no linear map undoes it to the letter.
# - **neurons**: the signals of the 15 neurons among themselves, $A X$ with a random rotation $A$ for each worm. This is the hypothesis literally; the transpose
#   of $A$ undoes it but for the noise.
#
# Behaviour, latent activity and noise stay the same as the dial is turned. The linear map from a worm to what it would have been at 0, fitted by least squares, is the
# best that edges could do: the *true alignment*. It uses no label, but only the simulator knows it. An MLP on aligned worms is a graph network with true edges.
# The truth has no noise, so that the map takes noise away too, even at 0; what undoing the mixture adds is the gain minus the same worm's gain at 0.
#
# Two states, the paper's 15 neurons, two sets of five worms at each place, 300 epochs, one fold. *MLP, no norm* and the GNN have the same classifier and differ in the
# edges alone; *MLP* has the paper's batch norm.

# %% tags=["hide-input"]
reference = results.read("mixing.simulated")
rows = reference.table
names = ("edges.simulated", "checks.simulated", "calibration.kato", "placement.kato")
edges, checks, curves, places = (results.read(f"mixing_{name}").table for name in names)
table1 = results.read("table1.kato").table
pages.reference_note(reference)

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-dial", "caption": "Simulated worms (reference). Accuracy on unseen worms along the dial, two states, trained on one worm (left) and on four (right): mean and 95 % interval over ten worms. Dashed: the same model on worms that were aligned with the truth, which takes noise away too: the gap at 0 is that alone. Dotted: the majority class."}, "image": {"alt": "Four panels of accuracy against mixing. Accuracy falls from about 95 % towards chance as worms differ more; the models with and without edges lie close together. Dashed lines of aligned worms stay high."}}
panel = ["kind", "n_train"]
fig, axes = plt.subplots(2, 2, figsize=(9, 6.2), layout="constrained", sharex=True, sharey=True)
for ax, ((kind, n_train), part) in zip(axes.flat, rows.groupby(panel), strict=True):
    plots.accuracy_against(part, ax, "mixing", style="view", units=mixing.WORM, points=False)
    ax.set_title(f"mixing of {kind}, training worms: {n_train}")
plots.figure_legend(fig)
plt.show()

# %% [markdown]
# ## GNN minus MLP
#
# Both networks are trained on the same worms and evaluated on the same unseen worm. Intervals resample the evaluated worms of both sets. Worms of one set share their
# training worms, so that the intervals are rather too narrow; and one interval in forty lies above zero by chance. Places are not corrected for one another.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-dial-difference", "caption": "Simulated worms (reference). Accuracy of the GNN minus that of the two MLPs on unseen worms, in points, with 95 % intervals over ten worms. Shaded: where four statistics put Kato's real worms. Star: the difference on the real worms (Table 1; five worms, ten folds, 800 epochs)."}, "image": {"alt": "Four panels of the GNN minus two MLPs against mixing: the lines keep near zero, a little above it in the middle of the dial, with wide intervals towards its end. A shaded band near zero mixing holds a star for the real worms, at or just below zero."}}
place, bases = ["kind", "mixing", "n_train"], ["MLP, no norm", "MLP"]
gnn = dict(model="GNN", view="as recorded", seen=False)
plain = gnn | dict(model="MLP, no norm")
gaps = compare(rows, gnn, gnn | dict(model=bases), by=["model", *place], unit=mixing.WORM)
gaps = gaps.rename(columns={"model": "base"}).sort_values("base", ascending=False, kind="stable")
real = compare(table1, gnn, plain, by=["n_train"]).set_index("n_train")
placed = placement.where(places).set_index(["physics", "kind"])
fig, axes = plt.subplots(2, 2, figsize=(9, 6), layout="constrained", sharex=True, sharey=True)
for ax, ((kind, n_train), part) in zip(axes.flat, gaps.groupby(panel), strict=True):
    plots.differences_against(part, ax, "mixing", "base")
    first, last = placed.loc[("default", kind), ["first", "last"]]
    ax.axvspan(first, last, color="#FDF0D5", lw=0, zorder=-1)
    gap = real.loc[n_train]
    ends = [[gap["difference"] - gap["low"]], [gap["high"] - gap["difference"]]]
    ax.errorbar((first + last) / 2, gap["difference"], ends, fmt="k*", ms=9, label="real worms")
    ax.set_title(f"mixing of {kind}, training worms: {n_train}")
plots.figure_legend(fig)
plt.show()

# %% [markdown]
# - **Seldom better, never worse, and by little.** Against *MLP, no norm* the four places are mixed loadings of 0.1 to 0.5. By chance one would expect 0.65. None of
#   them survives a correction for 26 places (the smallest p is 0.006). All places above 0 together: +0.2 points [−0.8, +1.2] trained on one worm, +0.5
#   [−0.7, +1.4] on four. Against the MLP with batch norm the GNN is better at 4 places and worse at 2, against the SVM better at none and worse at 5.
# - **On the worms trained on,** whose own edges it has met, it is better at 12 places and worse at 2: most where four worms are mixed wholly, +4.0 points
#   [+2.1, +6.1]. Edges say which worm it is, and each may be decoded in its own way. An SVM needs no such hint: there it is 9.9 points [5.7, 14.5] better than the GNN.
# - **There is room.** With the true alignment, *MLP, no norm* gains beyond its gain at 0 at 19 of 24 places. The gain at 0, of taking noise away, is 1.0
#   points [0.4, 1.5] trained on one worm and 0.6 [0.4, 0.8] on four.
# - **Real worms fit.** Where the statistics below put them, simulated worms have +0.2 points (both kinds), trained on one; Kato's have −0.8 [−2.5, +0.1]. Trained on four,
#   +0.65 (loadings) and +0.2 (neurons); Kato's 0.0 [−0.3, +0.7]. There the true alignment adds little too: at 0.1, at most 0.6 points.

# %% tags=["hide-input"]
sides = [dict(view="as recorded", model=model) for model in ("GNN", [*bases, "SVM"])]
every = mixing.distinct(compare(rows, *sides, by=["model", "seen", *place], unit=mixing.WORM))
every = every.assign(better=every["low"] > 0, worse=every["high"] < 0)
versus = dict(list(every.groupby(["seen", "model"])))
counts = every.groupby(["seen", "model"])[["better", "worse"]].sum()
assert counts.loc[False].T.to_dict("list") == {"MLP": [4, 2], "MLP, no norm": [4, 0], "SVM": [0, 5]}
unseen, same = (versus[seen, "MLP, no norm"] for seen in (False, True))
ahead = unseen[unseen["better"]]
assert set(ahead["kind"]) == {"loadings"} and round(ahead["p_worms"].min(), 3) == 0.006
assert ahead["difference"].round(1).agg(["min", "max"]).tolist() == [0.7, 1.9]
whole = compare(rows[rows["mixing"] > 0], gnn, plain, by=["n_train"], unit=mixing.WORM)
assert whole["text"].tolist() == ["+0.2 [-0.8, +1.2]", "+0.5 [-0.7, +1.4]"]
assert counts.loc[(True, "MLP, no norm")].tolist() == [12, 2]
most = int(same["difference"].argmax())
assert same.iloc[most][["mixing", "n_train", "text"]].tolist() == [1.0, 4, "+4.0 [+2.1, +6.1]"]
assert versus[True, "SVM"].iloc[most]["text"] == "-9.9 [-14.5, -5.7]"
room = mixing.room(rows)
assert len(room) == 24 and (room["low"] > 0).sum() == 19
assert room.loc[room["difference"].idxmax(), "text"] == "+43.4 [+30.8, +55.2]"
assert room.loc[room["mixing"] == 0.1, "difference"].max().round(1) == 0.6
zero = rows[(rows["mixing"] == 0) & ~rows["seen"] & (rows["model"] == "MLP, no norm")]
noise = compare(zero, dict(view="aligned"), dict(view="as recorded"), by=place, unit=mixing.WORM)
assert noise["text"].tolist()[:2] == ["+1.0 [+0.4, +1.5]", "+0.6 [+0.4, +0.8]"]
assert real.loc[[1, 4], "text"].tolist() == ["-0.8 [-2.5, +0.1]", "+0.0 [-0.3, +0.7]"]
middle = placed.loc["default", ["first", "last"]].mean(axis=1)
groups = gaps[gaps["base"] == "MLP, no norm"].groupby(["n_train", "kind"])
at = [(middle[kind], g["mixing"], g["difference"]) for (_, kind), g in groups]
assert np.allclose([np.interp(*point) for point in at], [0.2, 0.2, 0.65, 0.2], atol=0.05)

# %% [markdown]
# ## Do the edges align?
#
# Accuracy says whether edges help, and not why. With the truth at hand the hypothesis can be tested by itself: a linear map is fitted from the messages $H = A X$ of the
# training worms (here $A = I + w / 15$, with edges $w$ between 0 and 1) to the signals that all worms share, and applied to an unseen worm with the edges that the GNN inferred for it. Edges that are alike in all worms
# change nothing, since the map absorbs them; edges that undo what is each worm's own make the shared signals legible.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-legible", "caption": "Simulated worms (reference). Correlation between the signals that worms share and their linear prediction in an unseen worm, from its traces and from the messages along the edges that the GNN inferred for it: mean and standard deviation over ten worms. The penalty of the map is the best on the unseen worm, for both."}, "image": {"alt": "Four panels of correlation against mixing: it falls from near one as worms differ more. The lines of messages and of traces lie upon each other."}}
fig, axes = plt.subplots(2, 2, figsize=(9, 5.2), layout="constrained", sharex=True, sharey=True)
long = edges.melt(["kind", "mixing", "n_train"], ["traces", "messages"], "from", "correlation")
for ax, ((kind, n_train), part) in zip(axes.flat, long.groupby(panel), strict=True):
    plots.curves(part, ax, "mixing", "correlation", "from")
    ax.set_title(f"mixing of {kind}, training worms: {n_train}")
plots.figure_legend(fig)
plt.show()

# %% [markdown]
# **They do not.** At the 19 of 26 places where the traces show the shared signals at all (a correlation above 0.5), messages show them neither better nor worse: the
# difference is nowhere above 0.02, and 0.00 on average. At the other seven they gain 0.03 at most, of what is hardly there.
#
# They could not do much. Edges are positive, and each brings a neuron at most a fifteenth of another's signal: $A$ lies near one and the same matrix in all worms. What undoes a
# rotation has entries of both signs, and as large as the rotation's own.

# %% tags=["hide-input"]
legible = mixing.distinct(edges).groupby(place)[["traces", "messages"]].mean()
gain, clear = legible["messages"] - legible["traces"], legible["traces"] > 0.5
assert (len(gain), clear.sum()) == (26, 19) and gain[~clear].max() < 0.035
assert gain[clear].abs().max() < 0.02 and abs(gain[clear].mean()) < 0.005

# %% [markdown]
# ## Asked in other ways
#
# A network that finds nothing may have been asked badly. Each line of {numref}`fig-dial-checks` changes one thing: four states; 800 epochs in place of 300; other
# [interpretations](90_readings.ipynb) of the GNN; simulated worms whose traces are as smooth and as low-dimensional as Kato's; and more training worms than any
# laboratory has, since to infer edges is itself a thing to be learned, from one example a worm.
#
# In 18 comparisons the GNN is better in four and worse in none. The greatest lead of the four is +3.0 points [+1.1, +5.2], trained on 48 worms.
# Its other interpretations are better in none of 12, and worse in six, among them all four of the letter.
#
# **Is it the averaging over neurons?** No. With all *edges alike* (one half, by a flat softmax), the network is the same and each neuron still receives the mean of all. It differs from the MLP by
# −1.1 to +0.2 points. So whatever lead the GNN has comes from edges that are each worm's own. It is too small to decide here: GNN minus edges alike,
# trained on four, +0.9 [−1.3, +2.8] and +2.7 points [−0.4, +6.8].

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-dial-checks", "caption": "Simulated worms (reference). Accuracy of the GNN minus that of the MLP without norm on unseen worms, in points, with 95 % intervals over five worms of one set (ten of two sets: Kato-like; eight unseen worms: many worms). Hollow: the interval holds zero, or lies within two points."}, "image": {"alt": "Thirty-four differences of the GNN from the MLP, in groups of changed conditions, with intervals. Those of the GNN scatter around zero, most of them a little above; GNN, as written, lies far left of zero."}}
gnns = dict(model=[name for name in checks["model"].unique() if "MLP" not in name], seen=False)
asked = compare(checks, gnns, plain, by=["model", "check", *place], unit=mixing.WORM)
asked["where"] = [f"{r.kind} {r.mixing:g}, trained on {r.n_train}" for r in asked.itertuples()]
asked["asked"] = asked["check"].where(asked["model"] == "GNN", asked["model"])
fig, ax = plt.subplots(figsize=(7.5, 10.5), layout="constrained")
plots.differences(asked.assign(model="GNN"), ax, "where", "model", group="asked", values=True)
plt.show()

# %% tags=["hide-input"]
asked = asked.assign(better=asked["low"] > 0, worse=asked["high"] < 0).set_index("model")
counts = asked.groupby(level=0, sort=False)[["better", "worse"]].sum()
assert len(asked) == 34 and counts.T.to_numpy().tolist() == [[4, 0, 0, 0, 0], [0, 4, 2, 0, 1]]
ahead = asked[asked["better"]].sort_values("difference")
assert ahead.iloc[-1][["n_train", "text"]].tolist() == [48, "+3.0 [+1.1, +5.2]"]
assert asked["text"]["GNN, edges alike"].str[:4].tolist() == ["+0.0", "+0.2", "-1.1", "-0.2"]
own = pd.concat([rows, checks[checks["model"] == "GNN, edges alike"]])
own = compare(own, gnn, dict(model="GNN, edges alike", seen=False), by=place, on=mixing.WORM)
assert own["text"].tolist()[1::2] == ["+0.9 [-1.3, +2.8]", "+2.7 [-0.4, +6.8]"]

# %% [markdown]
# ## Where worms sit
#
# Four statistics can be computed on any worms and change as the dial is turned: **tuning**, the mean trace and derivative of each neuron in each of four states,
# correlated between worms; **correlations** between neurons, correlated between worms; and **SVM drop**, the balanced accuracy that a support vector machine loses from
# its training worm to another, with two and with four states. Each is calibrated on simulated worms, as many, as long and as fast as Kato's, and then read backwards. The
# interval holds all places whose simulated sets of worms spread so far that the value is no surprise.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-placement", "caption": "Statistics of simulated worms along the dial (reference; mean and standard deviation over sets of five worms, default physics), and their values in Kato's real worms (dashed)."}, "image": {"alt": "Four statistics of simulated worms along the dial, for two kinds of mixing, with a dashed line for Kato's real worms, which the curves cross near zero mixing."}}
whole = places[places["without"].isna()]
values = whole.drop_duplicates("statistic").set_index("statistic")["value"]
fig, axes = plt.subplots(1, 4, figsize=(9, 3), layout="constrained")
default = curves[curves["physics"] == "default"]
for ax, (name, part) in zip(axes, default.groupby("statistic", sort=False), strict=True):
    plots.curves(part, ax, "mixing", "value", "kind")
    ax.axhline(values[name], color="black", ls="--", lw=1, label="Kato's worms")
    ax.set(title=name, ylabel="")
plots.figure_legend(fig)
plt.show()

# %% [markdown]
# With the dial's own physics (*default*), the statistics put Kato's worms between 0.00 and 0.14 for mixing of loadings, and between 0.00 and 0.11 for mixing of neurons: near the
# end where worms are alike. The axis is the simulator's. Whether it fits shows in two ways: the statistics must agree, and the place must not depend on what the
# simulator was told about noise and dimension (its *physics*). *Quiet* and *noisy* change the noise alone, *Kato-like* the noise and how much a neuron differs from its group; these come
# nearest to Kato's traces, and put the worms at 0.13 to 0.18 (loadings), while for mixing of neurons the intervals have no place in common.
#
# Without any one of Kato's worms, a place moves by 0.17 or less (default physics).
# Simulated worms, placed by the other sets, for which the truth is known, come within 0.10 of it on average, and 88 % or more of the intervals hold it.

# %% tags=["hide-input"]
near = curves[curves["mixing"] <= 0.2].groupby("physics")[["roughness", "dimension"]].mean()
band = placed.loc[["default", "Kato-like"], ["first", "last"]].round(2).to_numpy().tolist()
assert band == [[0.0, 0.14], [0.0, 0.11], [0.13, 0.18], [0.07, 0.17]]
assert placed["agree"].drop("noisy", level=0).tolist() == [True, True, True, True, True, False]
assert np.log(near / values[near.columns]).abs().sum(axis=1).idxmin() == "Kato-like"
axis = places[places["physics"] == "default"].set_index(["kind", "statistic"])
moved = axis.loc[axis["without"].notna(), "mixing"] - axis.loc[axis["without"].isna(), "mixing"]
assert round(moved.abs().max(), 2) == 0.17
recovered = placement.recovery(curves)
assert recovered["error"].max() < 0.105 and recovered["covered"].min() >= 0.875
pages.table(
    placed.reset_index().merge(near, on="physics"),
    caption="Kato's real worms on the dial: least and greatest place over the statistics, what all their intervals share (low to high) if they agree; and roughness (share "
    f"of noise) and dimension (participation ratio) of the simulated traces. Kato's: {values['roughness']:.3f}, {values['dimension']:.2f}.",
    digits=2,
)

# %% [markdown]
# ## This build
#
# Short recordings and few epochs: networks that have not learned their own worms yet differ for other reasons than edges. Only the reference can answer.

# %% tags=["hide-input"]
scale = profile_named(profile).with_folds(1)
epochs = 50 if profile == "quick" else scale.epochs
thinned = replace(scale, subsets_per_size=subsets, epochs=epochs)
length_s = 1080.0 if profile in ("reduced", "paper") else 180.0
worlds = mixing.grid(kinds, dial, range(worm_seeds), duration_s=length_s)
experiment = replace(experiments.experiment_named("mixing"), lines=experiments.dial(worlds))
build = run(experiment.only(models or None), profile=thinned, seed=seed).rows
build = build[~build["seen"]].pivot_table("accuracy", place, ["view", "model"], sort=False)
build.columns = [f"{model}{', aligned' * (view == 'aligned')}" for view, model in build.columns]
pages.table(
    (100 * build).reset_index(),
    caption=f"This build ({profile}, simulated worms of {length_s:.0f} s): accuracy on unseen worms in percent.",
    digits=1,
)

# %% tags=["hide-input"]
worms, quick = load(dataset), tuple(placement.DESCRIPTIONS)
physics = {"default": placement.PHYSICS["default"]}
own_curves = placement.calibrate(worms, scale, (0.0, 0.2, 0.5, 1.0), range(2), quick, physics)
own = pd.concat(placement.measure(worms, name, scale) for name in quick)
pages.table(
    placement.placements(own_curves, own).drop(columns=["without", "beyond"]),
    caption=f"This build: place of the worms of dataset {dataset}, with 95 % interval. (Those of the dataset simulated were made to look like Kato's, with a mixing of loadings of 0.1.)",
)
