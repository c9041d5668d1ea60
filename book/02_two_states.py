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
# # Two states: forward or backward
#
# Can a network that was trained on some worms tell whether another worm crawls forward or
# backward, from 15 neurons at a single frame? This chapter repeats Table 1 of
# {cite:t}`wang2020generalizable`, and shows what its averages hide.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated or kato (its worms must share the paper's neurons)
profile: str = "quick"  # smoke, quick or paper (hours)
seed: int = 0  # seed of folds, initial weights and the order of training
models: list = [
    "SVM",
    "SVM, linear",
    "MLP",
    "MLP, no norm",
    "GNN (connectome)",
    "GNN",
]  # lines of Table 1 to compute
connectome: str = "white1986"  # edges of the connectome GNN: any of wormgnn.connectome.CONNECTOMES
synapses: str = "both"  # both, chemical or gap

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown, display

from wormgnn import experiments, plots, reference, summary
from wormgnn.errors import DatasetUnavailableError, NeuronError
from wormgnn.pages import banner, effective_profile, paper_reported, reference_note, table
from wormgnn.profiles import profile_named
from wormgnn.statistics import paired_comparison
from wormgnn.store import Store

plots.use_style()
profile = effective_profile(profile)
scale = profile_named(profile)
reported = paper_reported()
banner(dataset)

# %% [markdown]
# ## The protocol
#
# Every neuron enters with two features, its trace and the derivative, each scaled to [0, 1] over
# the recording. *Reverse* holds the two onsets of reversal and sustained reversal; *forward*
# holds forward crawling and slowing; turns and unlabelled frames are left out of training and of
# scores. For every subset of the worms one model is trained for each fold: one fold of the
# windows tests, the next one validates, eight train. All subsets of a fold train together, as one
# ensemble whose members know nothing of each other.
#
# The columns are the paper's: **same worm** is the test fold of the worms that a model was trained
# on (the paper's "Training Set"), **unseen worms** are whole recordings of worms that it never met
# ("Evaluation Set"). An accuracy means little by itself, so three more stand beside it: the
# *balanced* accuracy, which weighs both states alike, the *majority class*, which is what naming
# the commoner state would score, and *n*, the number of pairs of a model and a worm.
#
# | model | what it is |
# |---|---|
# | SVM | scikit-learn's support vector machine with its default radial kernel; the paper does not name its own |
# | SVM, linear | the same with a linear kernel: does the task need a network at all? |
# | MLP | equations 6 and 7 as written: all neurons concatenated, two layers of which the hidden one has 16 channels and batch norm |
# | MLP, no norm | the same without batch norm: one of the readings that do best on unseen worms, chosen with all five in sight ([appendix](90_readings.ipynb)) |
# | GNN (connectome) | the MLP without norm behind one step of message passing along the wiring of {cite:t}`white1986structure`, from sender to receiver: chemical and gap junctions together, weighted by the number of synapses, with self edges, each receiver's inputs scaled to sum to one |
# | GNN | equations 8 to 14, edges inferred from each worm's activity, again with that classifier; how the text was read, out of many readings and with all five worms in sight, is in the [appendix](90_readings.ipynb) |
#
# The edges of the GNN are inferred from a worm's *unlabelled* activity, all of it for a worm that
# it never met. That is transductive: the decoder may look at the whole recording of the new worm
# before it names a state, though never at its labels.

# %% tags=["hide-input"]
results = experiments.run(
    experiments.experiment_named("table1")
    .only(models)
    .wired(connectome=connectome, synapses=synapses),
    dataset,
    scale,
    Store(),
    seed,
)
rows = results.rows
NAMES = {"GNN (connectome)": "GNN (Connectome)"}
paper = reported["table1_two_state_accuracy_percent"]

# %% [markdown]
# ## Table 1
#
# First what this build computed, then the reference results: the same code on the real worms of
# {cite:t}`kato2015global`, at the scale that the note below them names.


# %% tags=["hide-input"]
def show_beside_paper(scored: pd.DataFrame, names: dict, origin: str) -> None:
    """Two tables, unseen worms and same worm, with the paper's numbers."""
    both = summary.beside_paper(scored, paper, names)
    for kind in reversed(list(summary.SEEN.values())):
        caption = f"{kind.capitalize()}, accuracy in percent (mean ± sd). {origin}"
        display(table(both[kind], caption=caption, index=True))


show_beside_paper(rows, NAMES, f"This build: dataset {dataset}, profile {profile}.")

# %% tags=["hide-input"]
kato = reference.read("table1.kato")
if kato is None:
    display(Markdown("*There are no reference results in this copy of the project.*"))
else:
    name = kato.manifest["profile"]["name"]
    show_beside_paper(kato.table, NAMES, f"Reference: real Kato worms, profile {name}.")
    display(reference_note(kato))

# %% [markdown]
# The row "(18)" of the paper's table, the method of {cite:t}`brennan2019quantitative`, is rebuilt in
# [the chapter on the manifold](04_manifold.ipynb). It learns no network: *same worm* are the test
# windows of one worm and ten folds, *unseen worms* the others' whole recordings.

# %% tags=["hide-input"]
manifold = reference.read("admm_two_states.kato")
if manifold is not None:
    lines = manifold.table[manifold.table["model"].isin(["ADMM (shuffled)", "ADMM"])]
    row = "Manifold, row (18)"
    show_beside_paper(
        lines.assign(model=row, macro_f1=float("nan")),
        {row: "Brennan-Proekt"},
        "Reference: real Kato worms.",
    )

# %% [markdown]
# The spread is over models and worms. Models share worms, and folds share nearly all their
# training frames, so it describes the results and is no standard error; the comparison at the end
# of this page resamples worms.
#
# ## With how many worms it was trained
#
# The paper's table does not say how many worms its models were trained on. The average over all
# subsets hides that it matters: {numref}`fig-two-states-n` has every model as a point.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-two-states-n", "caption": "This build: accuracy against the number of training worms. Small points are models, large ones their mean, bars one standard deviation. Dotted: majority class."}}
fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
for ax, seen in zip(axes, (True, False), strict=True):
    plots.accuracy_by_training_worms(rows, ax, seen=seen)
fig.legend(
    *axes[1].get_legend_handles_labels(), fontsize="small", ncols=6, loc="outside lower center"
)
plt.show()

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-two-states-n-kato", "caption": "Reference, real Kato worms: the same."}}
if kato is not None:
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
    for ax, seen in zip(axes, (True, False), strict=True):
        plots.accuracy_by_training_worms(kato.table, ax, seen=seen)
    fig.legend(
        *axes[1].get_legend_handles_labels(), fontsize="small", ncols=6, loc="outside lower center"
    )
    plt.show()

# %% [markdown]
# ## Which worm is hard
#
# An average over unseen worms can be low because every worm is decoded a little worse, or because
# one worm is decoded badly. {numref}`fig-two-states-worm` tells them apart.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-two-states-worm", "caption": "Accuracy on each worm of the models that never met it; reference results where they exist, else this build. Dotted: majority class of the worm."}}
shown = rows if kato is None else kato.table
fig, ax = plt.subplots(figsize=(9, 3.4), layout="constrained")
plots.accuracy_by_worm(shown, ax)
ax.legend(ncols=4, fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1.0))
plt.show()

# %% [markdown]
# ## Is one model better than another?
#
# The same subset and fold gives one member of each model, evaluated on the same worm; differences
# are taken pair by pair. The interval resamples *worms*: five worms are five independent pieces of
# evidence, however many models were trained on them. Wilcoxon's test over worms cannot give less
# than 0.0625 with five of them.


# %% tags=["hide-input"]
def compare(rows: pd.DataFrame, a: str, b: str) -> dict:
    """Accuracy of a less b on unseen worms, in percentage points."""
    keys = ["subset", "fold", "worm"]
    unseen = rows[~rows["seen"]].set_index(keys)
    pair = (
        unseen[unseen["model"] == a]["accuracy"]
        .to_frame("a")
        .join(unseen[unseen["model"] == b]["accuracy"].rename("b"), how="inner")
    )
    found = paired_comparison(
        100 * pair["a"], 100 * pair["b"], pair.index.get_level_values("worm"), seed
    )
    return {
        "comparison": f"{a} − {b}",
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "Wilcoxon p over worms": found.p_worms,
        "worms": found.n_worms,
        "pairs": found.n_pairs,
    }


PAIRS = (
    ("GNN", "MLP"),
    ("GNN", "MLP, no norm"),
    ("GNN", "GNN (connectome)"),
    ("MLP, no norm", "MLP"),
    ("MLP, no norm", "SVM"),
    ("MLP, no norm", "SVM, linear"),
)
computed = list(shown["model"].unique())
pairs = [(a, b) for a, b in PAIRS if {a, b} <= set(computed)]
comparisons = pd.DataFrame([compare(shown, a, b) for a, b in pairs])
table(
    comparisons,
    caption=f"{'Reference, real Kato worms' if kato is not None else 'This build'}: differences of accuracy on unseen worms, percentage points, 95 % bootstrap interval over worms",
    digits=2,
)

# %% [markdown]
# ## Worms that were recorded later: Nichols
#
# The paper's last column evaluates on 21 worms of {cite:t}`nichols2017global`, with the three
# neurons that those recordings share with Kato's. It is computed here when Kato's worms train and
# both recordings are present (`make data`), with all worms resampled to one frame rate.

# %% tags=["hide-input"]
try:
    if dataset != "kato":
        raise DatasetUnavailableError(f"the worms that train are {dataset}, not kato")
    far = experiments.run(
        experiments.experiment_named("table1-nichols").only(models), dataset, scale, Store(), seed
    )
    away = far.rows[far.rows["worm"].str.contains("prelet")]
    display(table(summary.accuracies(away).reset_index(), caption="Nichols worms, shared neurons"))
except (DatasetUnavailableError, NeuronError) as error:
    display(Markdown(f"*Not computed in this build:* {error}"))
