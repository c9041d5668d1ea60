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
# # Appendix: interpretations of the text
#
# **Question.** Equations 6 to 14 of {cite:t}`wang2020generalizable` leave room. Is there an interpretation of the graph network (GNN) that
# reaches the printed 97.7 % on unseen worms?
#
# **Answer.** Not by an honest choice. A GNN whose interpretation was chosen without looking at the evaluated worm has 80.0 % with one training worm
# and 86.4 % with three. With one, it is **17.1 points (95 % interval 10.1 to 23.1)** worse than an MLP chosen alike.
#
# **Verdict.** The printed number is *not reached*. In hindsight one of 14 interpretations has 98.1 % with four training worms, but the same network,
# trained again, has 94.2 %. The rest of the book uses that interpretation, the most favourable one for the GNN.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated or kato
profile: str = "quick"  # smoke, quick or paper (hours)
seed: int = 0  # seed of folds, initial weights and the order of training
readings: list = ["mlp", "mlp, no norm", "before g", "after g"]  # interpretations to compute

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from IPython.display import display

from wormgnn import plots, results
from wormgnn.comparison import compare, select
from wormgnn.paper import pages
from wormgnn.paper.experiments import CHOSEN, GNNS, INTERPRETATIONS, MLPS, experiment_named
from wormgnn.paper.studies import interpretations
from wormgnn.plan import profile_named
from wormgnn.runner import run

plots.use_style()
profile = pages.effective_profile(profile)
pages.banner(dataset)

# %% [markdown]
# ## What the text leaves open
#
# Where does the average over time sit, before or after the network *g* that scores an edge? Does "two-layer" count the layer that gives the
# scores? Where is batch norm, and whose statistics does it use on a worm that was never seen? Each line of the table is one answer, trained by the
# protocol of [Table 1](02_two_states.ipynb) on one, three and four worms.
#
# - On the same worm every interpretation has 91.5 % or more. On unseen worms the GNNs go from 52.1 to 82.3 % with one training worm, and from 56.6
#   to 98.1 % with four.
# - The MLPs need no such care: they have 95.3 to 97.3 % with one training worm.
# - An average before *g*, which is equation 9 to the letter, does badly on unseen worms: 55.0 % with one training worm.
#
# Three remarks. Edges inferred anew at every frame (option `edges="frame"`) are left out here, because they take two hundred
# times as many values as the MLP; [another chapter](14_model_zoo.ipynb) has them. The node encoder of equation 8 always has two hidden layers. Edges that hold for a
# whole recording average over 128 evenly spaced frames; [below](edge-frames) is what that costs.

# %% tags=["hide-input"]
reference = results.read("readings.kato")
kato = reference.table
unseen = kato[~kato["seen"]]
means = unseen.groupby(["n_train", "line"])["accuracy"].mean().mul(100).round(1)
graphs, mlps = (means[means.index.isin(names, level="line")] for names in (list(GNNS), list(MLPS)))
assert (graphs[1].min(), graphs[1].max(), graphs[1]["before g"]) == (52.1, 82.3, 55.0)
assert (graphs[4].min(), graphs[4].max(), len(graphs[4])) == (56.6, 98.1, 14)
assert (mlps[1].min(), mlps[1].max()) == (95.3, 97.3)
own = kato[kato["seen"]].groupby("line")["accuracy"].mean()
assert round(100 * own.min(), 1) == 91.5
shown = interpretations.by_training_worms(kato)
assert (shown.pop("members") == 20).all()
shown.insert(0, "taken to mean", pd.Series({n: text for n, (text, _) in INTERPRETATIONS.items()}))
display(
    pages.table(
        shown,
        caption="Real worms of Kato et al. 2015, first of ten folds, 20 members a line: accuracy in percent, mean ± standard "
        "deviation over members and unseen worms. Equations of the MLP above, of the GNN below.",
        index=True,
    ),
    pages.reference_note(reference),
)

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-readings-accuracy", "caption": "Real worms of Kato et al. 2015: accuracy of each interpretation on unseen worms, first of ten folds. Small points are evaluated worms, large ones the mean over worms, bars its 95 % bootstrap interval. Colours: number of training worms. Dotted: majority class."}}
figure, axes = plt.subplots(figsize=(8, 6.5))
plots.accuracy_by(unseen, axes, y="line", hue="n_train", seen=False)
plots.figure_legend(figure)
plt.show()

# %% [markdown]
# ## Choosing without looking
#
# To choose an interpretation for a worm, only models count that have nothing to do with that worm: they were trained on some of the other
# four, and judged on the rest of those four (*inner*). The chosen one's accuracy on the worm itself (*outer*) is then an
# honest estimate. With four training worms there is nobody left to judge on.
#
# The inner accuracy says something about the outer one, but not much ({numref}`fig-readings`): several GNNs that
# read three worms well fail on the fourth. The table gives each choice. With three training worms the GNN is 8.8 points below the MLP, and the difference
# is not decided (−21.1 to +2.3), as both fail on single worms.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-readings", "caption": "Real worms of Kato et al. 2015, three training worms: mean accuracy on other unseen worms (inner) against mean accuracy on the held-out worm (outer), one point for each interpretation and held-out worm. Dotted: both are the same."}}
held_out = interpretations.leave_one_worm_out(kato)
percent = held_out.assign(inner=100 * held_out["inner"], outer=100 * held_out["outer"])
figure, axes = plt.subplots(figsize=(8.5, 4.8))
three = percent[percent["n_train"] == 3]
sns.scatterplot(three, x="inner", y="outer", hue="line", style="line", s=45, ax=axes)
axes.axline((80, 80), slope=1, color="0.5", ls=":", zorder=0)
axes.set(xlabel="inner accuracy (%)", ylabel="outer accuracy (%)")
axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
plt.show()

# %% tags=["hide-input"]
picks = interpretations.choices(held_out, {"GNN": list(GNNS), "MLP": list(MLPS)})
gaps = compare(
    picks,
    dict(network="GNN"),
    dict(network="MLP"),
    score="outer",
    by=["n_train"],
    on=["held_out"],
    unit="held_out",
).set_index("n_train")
columns = ["a", "b", "difference", "low", "high"]
assert gaps.loc[1, columns].astype(float).round(1).tolist() == [80.0, 97.1, -17.1, -23.1, -10.1]
assert gaps.loc[3, columns].astype(float).round(1).tolist() == [86.4, 95.2, -8.8, -21.1, 2.3]
assert gaps.loc[3, "answer"] == "not decided"
printed = pages.paper_reported()["table1_two_state_accuracy_percent"]["GNN"][1][0]
assert printed == 97.7 and (gaps["a"] < printed).all()
cells = picks.assign(
    choice=picks["line"] + " (" + picks["outer"].mul(100).map("{:.1f}".format) + ")",
    trained=picks["network"] + ", trained on " + picks["n_train"].astype(str),
)
pages.table(
    cells.pivot(index="held_out", columns="trained", values="choice").rename_axis(None, axis=1),
    caption="Real worms of Kato et al. 2015: the interpretation chosen for each held-out worm, and in brackets its accuracy on "
    "that worm (%).",
    index=True,
)

# %% [markdown]
# ## What the book uses
#
# The rest of the book uses *after g, norm in encoder* for the GNN and *mlp, no norm* for the MLP. They were chosen with all five worms in sight, and are
# among the best of many. A lucky run is part of that: with four training worms, this table has 98.1 % for the GNN, and
# [Table 1](02_two_states.ipynb) 94.2 % on the same fold, where it was trained in a larger ensemble and so from other initial
# weights. The paper does not say on how many worms the models of its Table 1 were trained.

# %% tags=["hide-input"]
assert CHOSEN == {"gnn": "after g, norm in encoder", "mlp": "mlp, no norm"}
assert graphs[4].idxmax() == CHOSEN["gnn"]
table1 = results.read("table1.kato").table
again = select(table1, dict(model="GNN", n_train=4, fold=0, seen=False))
assert round(100 * again["accuracy"].mean(), 1) == 94.2

# %% [markdown]
# (edge-frames)=
# ## How many frames an edge needs
#
# The trained GNNs of Table 1 (first fold), with edges averaged over more or fewer frames of each unseen worm than the 128 they were trained with.
# Any number from 64 frames on changes their accuracy by 0.2 points at most; a single worm can change by more.

# %% tags=["hide-input"]
frames = results.read("edge_frames.kato")
by_frames = frames.table.set_index("frames")["accuracy"]
assert (by_frames - by_frames["128"]).abs().drop("32").max() < 0.002
display(
    pages.table(frames.table, caption="Real worms of Kato et al. 2015, unseen worms.", digits=4),
    pages.reference_note(frames),
)

# %% [markdown]
# ## This build
#
# The same code on the dataset and at the scale that this page's first cell names.

# %% tags=["hide-input"]
experiment = experiment_named("readings").only(readings)
built = run(experiment, dataset, profile_named(profile), seed=seed).rows
pages.table(
    interpretations.by_training_worms(built),
    caption=f"This build ({dataset}, {profile}): accuracy in percent, as in the first table.",
    index=True,
)
