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
# # All states: seven, and four
#
# Forward and backward are the easy part. Figure 4A-B of {cite:t}`wang2020generalizable` asks for
# all seven states that {cite:t}`kato2015global` labelled, on the worms that a model was trained
# on, and for four, merged from them, on worms that it never met.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated or kato
profile: str = "quick"  # smoke, quick or paper (hours)
seed: int = 0  # seed of folds, initial weights and the order of training
models: list = []  # some of "MLP", "MLP, no norm", "GNN" to compute; all if empty

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown, display

from wormgnn import experiments, plots, reference, summary
from wormgnn.errors import DatasetUnavailableError, NeuronError
from wormgnn.pages import banner, effective_profile, paper_reported, reference_note, table
from wormgnn.profiles import profile_named
from wormgnn.states import FOUR, LABELS, SEVEN
from wormgnn.store import Store

plots.use_style()
profile = effective_profile(profile)
said = paper_reported()["text"]
banner(dataset)

# %% [markdown]
# The protocol is the one of the [previous chapter](02_two_states.ipynb); turns now count, and
# seven states become four by merging the three kinds of reversal and the two of forward crawling.

# %% tags=["hide-input"]
scale = profile_named(profile)
figure4a = experiments.experiment_named("figure4a").only(models or None)
results = experiments.run(figure4a, dataset, scale, Store(), seed)
kato = reference.read("figure4a.kato")
kato_confusion = reference.read("figure4a.kato.confusion")
if kato is not None:
    display(reference_note(kato))

# %% [markdown]
# ## Figure 4A


# %% tags=["hide-input"]
def figure_4a(rows: pd.DataFrame) -> plt.Figure:
    """Seven states on the same worm, four on unseen ones."""
    fig, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    plots.accuracy_by_training_worms(rows[rows["n_states"] == 7], axes[0], seen=True)
    plots.accuracy_by_training_worms(rows[rows["n_states"] == 4], axes[1], seen=False)
    axes[0].set_title("7 states, same worms, test fold")
    axes[1].set_title("4 states, unseen worms")
    for ax in axes:
        ax.legend(fontsize="x-small", ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.16))
    return fig


# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-4a", "caption": "This build: accuracy against the number of training worms. Small points are models evaluated on one worm, large ones their mean, bars one standard deviation. Dotted: majority class."}}
figure_4a(results.rows)
plt.show()

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-4a-kato", "caption": "Reference, real Kato worms: the same."}}
if kato is not None:
    figure_4a(kato.table)
    plt.show()

# %% [markdown]
# ## The numbers
#
# Beside each accuracy: the balanced accuracy (mean recall of the states that occur), the mean F1,
# the majority class and the number of pairs of a model and a worm.

# %% tags=["hide-input"]
ours = results.rows if kato is None else kato.table
origin = f"this build ({dataset}, {profile})" if kato is None else "reference, real Kato worms"
means = summary.accuracies(ours, ["model", "n_train"]).reset_index()
for column in ("mean", "sd", "balanced", "macro_f1", "majority"):
    means[column] *= 100
table(means, caption=f"Accuracy in percent: {origin}", digits=1)


# %% [markdown]
# What the paper says in words, beside the same quantity here:


# %% tags=["hide-input"]
def claim(text: str, paper: float, picked: pd.DataFrame) -> dict:
    """A sentence of the paper's and our number for it."""
    values = 100 * picked["accuracy"]
    return {
        "claim": text,
        "paper (%)": paper,
        "ours (%)": values.mean(),
        "sd": values.std(),
        "n": len(values),
    }


seven = ours[(ours["n_states"] == 7) & ours["seen"]]
four = ours[(ours["n_states"] == 4) & ~ours["seen"]]
by_three = four[four["n_train"] == 3]
claims = [
    claim(f"seven states, same worm, {model}", said["seven_state_same_worm_percent"], picked)
    for model, picked in seven.groupby("model", sort=False)
] + [
    claim(
        f"four states, unseen worms, three training worms, {model}",
        said["gnn_four_state_unseen_kato_trained_on_three_percent"]
        if "GNN" in model
        else float("nan"),
        picked,
    )
    for model, picked in by_three.groupby("model", sort=False)
]
table(pd.DataFrame(claims), caption=f"Claims in the text; ours: {origin}", digits=1)

# %% [markdown]
# ## Figure 4B: which states are taken for which
#
# Each row adds up to 100 %; under the percentage stands the number of frames, pooled over models.
# A frame is counted once for every model that predicted it, so the counts show which cells rest
# on many frames, and are not a sample size.


# %% tags=["hide-input"]
def confusions(found: pd.DataFrame, n_states: int, seen: bool, states: tuple) -> plt.Figure:
    """Confusion matrices of the models side by side."""
    chosen = found[(found["n_states"] == n_states) & (found["seen"] == seen)]
    models = list(chosen["model"].unique())
    fig, axes = plt.subplots(
        1, len(models), figsize=(4.6 * len(models), 4.4), squeeze=False, layout="constrained"
    )
    for ax, model in zip(axes[0], models, strict=True):
        counts = chosen[chosen["model"] == model].pivot_table(
            index="labelled", columns="predicted", values="count", aggfunc="sum"
        )
        plots.confusion_matrix(counts.to_numpy(), [LABELS.get(s, s) for s in states], ax)
        ax.set_title(model)
    return fig


pooled = results.confusion if kato_confusion is None else kato_confusion.table

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-4b-seven", "caption": "Seven states on the test fold of the same worms; reference results on real Kato worms where they exist, else this build."}}
confusions(pooled, 7, True, SEVEN)
plt.show()

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-4b-seven-unseen", "caption": "Seven states on unseen worms."}}
confusions(pooled, 7, False, SEVEN)
plt.show()

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-4b-four", "caption": "Four states on unseen worms."}}
confusions(pooled, 4, False, FOUR)
plt.show()

# %% [markdown]
# The paper's own Figure 4B is drawn on the worms of {cite:t}`nichols2017global`. The state codes
# that their laboratory's public script exports name a turn without its side; such turns cannot be
# scored among four states and are left out. Our reader (`wormgnn.datasets.nichols`) takes the finer
# labels where a file has them. We had no such file, so there are no reference results for these
# worms; what follows is computed when they are present and Kato's worms train.

# %% tags=["hide-input"]
try:
    if dataset != "kato":
        raise DatasetUnavailableError(f"the worms that train are {dataset}, not kato")
    four_states = experiments.experiment_named("figure4a-nichols").only(models or None)
    far = experiments.run(four_states, dataset, scale, Store(), seed)
    away = far.confusion[far.confusion["worm"].str.contains("prelet")]
    confusions(away, 4, False, FOUR)
    plt.show()
except (DatasetUnavailableError, NeuronError) as error:
    display(Markdown(f"*Not computed in this build:* {error}"))
