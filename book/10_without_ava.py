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
# # Without AVA
#
# {cite:t}`kato2015global` labelled behaviour from the activity of neurons, AVA among them. A network that is given
# AVA and names the state may only be reading the label where it was written. Referees of
# {cite:t}`brennan2019quantitative` objected to that, and the supplement of {cite:t}`wang2020generalizable`
# answers that without AVA there was "no noticeable difference in model performance", without a number.
#
# Here every classification experiment is repeated with two smaller sets of neurons: *without AVA* leaves out
# AVAL and AVAR, and *without reversal neurons* also AIB, AVE and RIM, which rise and fall with AVA.
# Two states are those of [Table 1](02_two_states.ipynb), four and seven those of
# [Figure 4A](03_all_states.ipynb); the full set of neurons is taken from there.
#
# Removing AVA does not make the question less circular by itself. If the neurons that are left tell what AVA does,
# a network can read AVA's labels from them. The stricter set leaves less of that.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated or kato
profile: str = "quick"  # smoke, quick or paper (hours)
seed: int = 0  # seed of folds, initial weights and the order of training
models: list = []  # some of Table 1's; if empty "SVM", "MLP, no norm" at smoke and quick, else all
states: list = []  # some of 2, 4, 7; if empty 2 and 4 at smoke and quick, else all
sizes: list = []  # numbers of training worms, of five at most 4; if empty 1 at smoke and quick, else all
margin: float = 2.0  # percentage points within which a difference is not noticeable

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown, display

from wormgnn import experiments, paired, plots, reference, without_neurons
from wormgnn.datasets.registry import load
from wormgnn.pages import banner, effective_profile, reference_note, table
from wormgnn.plots.paired import grouped_differences, recall_changes
from wormgnn.profiles import profile_named
from wormgnn.store import Store

plots.use_style()
profile = effective_profile(profile)
banner(dataset)


# %% tags=["hide-input"]
def compared(fewer: pd.DataFrame, full: pd.DataFrame) -> pd.DataFrame:
    """Accuracy and balanced accuracy with fewer neurons and with all, paired."""
    partners = without_neurons.partners(fewer["model"].unique())
    scores = ("accuracy", "balanced_accuracy")
    found = paired.effects(fewer, full, partners, scores, margin, seed)
    return without_neurons.described(found)


def states_of(fewer: pd.DataFrame, full: pd.DataFrame) -> pd.DataFrame:
    """Recall of each state of unseen worms with fewer neurons and with all."""
    labels = [name for name in fewer["model"].unique() if ": 2 states" not in name]
    found = without_neurons.recalls(fewer, full, without_neurons.partners(labels), seed)
    return without_neurons.described(found) if len(found) else found


paired.check_unseen(sizes, len(load(dataset)))
scale, store = profile_named(profile), Store()
small = profile in ("smoke", "quick")
models = models or (["SVM", "MLP, no norm"] if small else None)
sizes = sizes or ([1] if small else [])
left = experiments.experiment_named("without-ava").only(models)
left = without_neurons.of_states(left, states or ([2, 4] if small else []))
full = without_neurons.with_all_neurons(left)
own_left, own_full = (
    experiments.run(paired.trained_on(part, sizes), dataset, scale, store, seed)
    for part in (left, full)
)
own = compared(own_left.rows, own_full.rows)
rows_left, rows_full = own_left.rows, own_full.rows
shown, recalls = own, states_of(own_left.confusion, own_full.confusion)
origin = f"this build ({dataset}, {profile})"

# %% tags=["hide-input"]
files = ("without-ava.kato", "table1.kato", "figure4a.kato")
kept = [reference.read(name) for name in files]
counts = [reference.read(f"{name}.confusion") for name in files]
if all(part is not None for part in [*kept, *counts]):
    rows_left, rows_full = kept[0].table, pd.concat([part.table for part in kept[1:]])
    shown = compared(rows_left, rows_full)
    recalls = states_of(counts[0].table, pd.concat([part.table for part in counts[1:]]))
    origin = "reference, real Kato worms"
    display(*map(reference_note, kept))

# %% [markdown]
# ## The answer
#
# "No noticeable difference" needs a number that is named before looking. Here it is the parameter `margin`, in
# percentage points of accuracy. Each model is paired with itself: the same training worms, the same fold, the
# same evaluated worm, the same frames, with all neurons and with fewer. The interval of 95 % resamples
# evaluated worms, which are the independent units, and gives one of three answers:
#
# - *same within the margin*: the whole interval lies within the margin on both sides of zero (a test of
#   equivalence). A difference can be real and still too small to notice;
# - *different*: the interval leaves out zero, and is not within the margin;
# - *not decided*: neither, which is not the same as "no difference".

# %% tags=["hide-input"]
lines = []
for neurons, part in shown.groupby("neurons", sort=False):
    for score, rows in part.groupby("score", sort=False):
        name = score.replace("_", " ")
        lines.append(f"- *{neurons}*, {name}: {without_neurons.verdict(rows, margin)};")
        lines.append(f"  differences {without_neurons.extremes(rows)}.")
display(Markdown("\n".join([f"Over all models and both kinds of worms ({origin}):", "", *lines])))

# %% [markdown]
# Nothing is adjusted for the number of comparisons. That is in order for *same*, as long as the claim is that all of
# them are; but one interval in twenty leaves out zero by chance.


# %% tags=["hide-input"]
def differences(neurons: str) -> plt.Figure:
    """What one set of neurons changes, on the worms trained on and on unseen ones."""
    rows = shown[shown["neurons"] == neurons]
    rows = rows.assign(group=rows["n_states"].astype(str) + " states")
    fig, axes = plt.subplots(
        1, 2, figsize=(10, 4.6), layout="constrained", sharex=True, sharey=True
    )
    for ax, worms in zip(axes, ("same worm", "unseen worms"), strict=True):
        grouped_differences(rows[rows["worms"] == worms], ax, margin, "group")
        ax.set_title("same worms, test fold" if worms == "same worm" else worms)
    handles, names = axes[0].get_legend_handles_labels()
    unique = dict(zip(names, handles, strict=True))
    fig.legend(unique.values(), unique.keys(), loc="outside lower center", ncols=2)
    fig.suptitle(f"{neurons}: {origin}")
    return fig


def numbers(neurons: str) -> None:
    """The same as two tables."""
    rows = without_neurons.listed(shown[shown["neurons"] == neurons])
    for worms in ("unseen worms", "same worm"):
        part = rows[rows["worms"] == worms].drop(columns="worms")
        n_worms = shown["n_worms"].max()
        display(
            table(
                part,
                caption=f"{neurons}, {worms}: accuracy in percent, beside the majority class; differences in percentage points with 95 % "
                f"intervals over {n_worms} worms, Wilcoxon's p over worms: {origin}",
                digits=2,
            )
        )


# %% [markdown]
# ## Without AVA
#
# {numref}`fig-without-ava` shows every model. The grey band is the margin.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-without-ava", "caption": "Accuracy without AVAL and AVAR less accuracy with all 15 neurons, with 95 % intervals over worms, for each model of Table 1 (two states) and Figure 4A (four and seven states). Grey: the margin."}}
differences("without AVA")
plt.show()

# %% tags=["hide-input"]
numbers("without AVA")

# %% [markdown]
# Folds are those that were computed for the model with fewer neurons; pairs are taken from the same folds of the
# full set. With five worms, Wilcoxon's p cannot fall below 0.0625, whatever the difference.
#
# ## Without any reversal neuron
#
# {numref}`fig-without-reversal` is the stricter control. It still does not make the neurons independent of AVA: AVB,
# RID, the RME and the VB neurons are left, and are active when AVA is not.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-without-reversal", "caption": "The same without AVA, AIB, AVE and RIM, on a scale of its own. Grey: the margin."}}
differences("without reversal neurons")
plt.show()

# %% tags=["hide-input"]
numbers("without reversal neurons")

# %% [markdown]
# ## One training worm or four?
#
# The figures above pool all sets of training worms. With few of them, a model on unseen worms may depend more on any
# one neuron:

# %% tags=["hide-input"]
by_size = without_neurons.by_training_worms(rows_left, rows_full, seed)
for neurons, part in by_size.groupby("neurons", sort=False):
    display(
        table(
            part.drop(columns="neurons")
            .rename(columns={"n_states": "states"})
            .sort_values("states", kind="stable"),
            caption=f"{neurons}: difference of accuracy on unseen worms in percentage points (95 % over worms), by the number "
            f"of training worms: {origin}",
        )
    )

# %% [markdown]
# ## Which states suffer?
#
# Accuracy is dominated by the common states. {numref}`fig-without-recall` asks for the recall of each state on unseen
# worms. Counts are pooled over folds and training sets, so that worms are paired here and members are not; every
# member is scored on the same frames of a worm that it never met.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-without-recall", "caption": "Change of each state's recall on unseen worms against the full set of neurons, with 95 % intervals over worms. The two columns have scales of their own."}}
if len(recalls):
    sets, vocabularies = (list(dict.fromkeys(recalls[key])) for key in ("neurons", "n_states"))
    heights = [recalls[recalls["n_states"] == n]["state"].nunique() for n in vocabularies]
    fig, axes = plt.subplots(
        len(vocabularies),
        len(sets),
        figsize=(10, 1.2 + 0.42 * sum(heights)),
        height_ratios=heights,
        squeeze=False,
        sharex="col",
        sharey="row",
        layout="constrained",
    )
    for row, n_states in zip(axes, vocabularies, strict=True):
        for ax, neurons in zip(row, sets, strict=True):
            part = recalls[(recalls["n_states"] == n_states) & (recalls["neurons"] == neurons)]
            recall_changes(part, ax)
            ax.set_title(f"{neurons}, {n_states} states")
    for ax in axes[:-1].flat:
        ax.set_xlabel("")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    fig.suptitle(origin)
    plt.show()
else:
    display(Markdown("*Not computed: no model of four or seven states was chosen.*"))

# %% tags=["hide-input"]
if len(recalls):
    clear = recalls[(recalls["low"] > 0) | (recalls["high"] < 0)]
    display(
        Markdown(
            f"Of {len(recalls)} recalls, {int((clear['difference'] < 0).sum())} fall and "
            f"{int((clear['difference'] > 0).sum())} rise with an interval that leaves out zero "
            f"({origin}); about {len(recalls) / 20:.0f} would by chance."
        )
    )
    listed = clear.sort_values("difference").head(12)
    display(
        table(
            listed[["neurons", "n_states", "model", "state", "plain", "changed"]]
            .assign(difference=listed.apply(without_neurons.interval_text, axis=1))
            .assign(n=listed["n_worms"])
            .rename(
                columns={
                    "n_states": "states",
                    "plain": "all neurons (%)",
                    "changed": "fewer (%)",
                    "n": "n worms",
                }
            ),
            caption=f"The (at most twelve) largest losses among them: {origin}",
            digits=1,
        )
    )

# %% [markdown]
# ## The same on this build's worms
#
# If the figures above are the reference, this table shows what this build found on its own worms. What a simulated
# neuron follows is made up: its labels do not come from AVA, so nothing is circular there.

# %% tags=["hide-input"]
for neurons, part in own.groupby("neurons", sort=False):
    rows = without_neurons.listed(part)
    display(
        table(
            rows[rows["worms"] == "unseen worms"].drop(columns=["worms", "p (Wilcoxon)"]),
            caption=f"{neurons}, unseen worms: this build ({dataset}, {profile}"
            f"{f', trained on {sizes} worms' if sizes else ''})",
            digits=1,
        )
    )
