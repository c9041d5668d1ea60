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
# # Controls
#
# Two questions that the paper leaves open, each asked by changing one thing in the protocol of
# [Table 1](02_two_states.ipynb):
#
# 1. **Is the test fold too near to the training folds?** Shuffled windows of eight frames have
#    their neighbours, three seconds away, in the training set. The *blocked split* tests on a
#    contiguous tenth of the recording instead, with a gap of 32 frames on both sides.
# 2. **Does scaling leak the future?** Scaling a trace to [0, 1] over the whole recording tells
#    each frame about the extremes to come. *Causal scaling* uses the past alone (after the first
#    200 frames).
#
# Whether it is circular to read states from the neurons that define them is asked in
# [a chapter of its own](10_without_ava.ipynb).

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated or kato
profile: str = "quick"  # smoke, quick or paper (hours)
seed: int = 0  # seed of folds, initial weights and the order of training
models: list = []  # some of "SVM", "MLP, no norm", "GNN" to compute; all if empty

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import display

from wormgnn import experiments, paired, plots, reference, summary
from wormgnn.pages import banner, effective_profile, reference_note, table
from wormgnn.profiles import profile_named
from wormgnn.store import Store

plots.use_style()
profile = effective_profile(profile)
banner(dataset)

# %% tags=["hide-input"]
scale, store = profile_named(profile), Store()
controls = experiments.experiment_named("controls").only(models or None)
names = list(dict.fromkeys(line.model for line in controls.runs))
changed = experiments.run(controls, dataset, scale, store, seed).rows
plain = experiments.run(
    experiments.experiment_named("table1").only(names), dataset, scale, store, seed
).rows
origin = f"this build ({dataset}, {profile})"
references = [reference.read("controls.kato"), reference.read("table1.kato")]
if all(found is not None for found in references):
    changed, plain = (found.table for found in references)
    origin = "reference, real Kato worms"
    display(*map(reference_note, references))

# %% [markdown]
# ## What each change does
#
# Differences are between the same members, one trained under the changed protocol and one under
# the paper's, evaluated on the same worm; the interval resamples worms. On unseen worms both see
# the same frames. On the test fold of the same worms, a blocked and a shuffled split test on
# different frames of a worm, so that row compares worms, not frames.

# %% tags=["hide-input"]
partners = {line: line.split(": ")[0] for line in changed["model"].unique()}
effects = paired.effects(changed, plain, partners, rng=seed)
names_of = effects["model"].str.split(": ", expand=True)
effects = effects.assign(model=names_of[0], change=names_of[1])
titles = {"unseen worms": "unseen worms", "same worm": "same worms, test fold"}
columns = {
    "change": "change",
    "model": "model",
    "changed": "accuracy (%)",
    "plain": "paper's protocol (%)",
    "difference": "difference",
    "low": "low",
    "high": "high",
    "p_worms": "p (Wilcoxon)",
    "n_pairs": "n pairs",
}
for worms, title in titles.items():
    part = effects[effects["worms"] == worms]
    display(
        table(
            part[list(columns)].rename(columns=columns),
            caption=f"{title.capitalize()}. Percent and percentage points, 95 % interval and Wilcoxon's "
            f"test over {part['n_worms'].max()} worms: {origin}",
            digits=2,
        )
    )

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-controls", "caption": "Change of accuracy against the paper's protocol, with 95 % bootstrap intervals over worms; left on the test fold of the training worms, right on unseen worms."}}
fig, axes = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained", sharey=True)
for ax, worms in zip(axes, ("same worm", "unseen worms"), strict=True):
    part = effects[effects["worms"] == worms]
    plots.differences(part.set_index(part["model"] + ": " + part["change"]), ax)
    ax.set_title(titles[worms])
plt.show()

# %% [markdown]
# ## Scores that the majority class cannot win
#
# Accuracy rewards a model that knows only which state is common. Balanced accuracy and the mean
# F1 do not: for a model of two states that always says the same, the first is one half and the second
# less.

# %% tags=["hide-input"]
scores = summary.accuracies(pd.concat([plain, changed]), ["model"]).reset_index()
for column in ("mean", "sd", "balanced", "macro_f1", "majority"):
    scores[column] *= 100
table(scores, caption=f"In percent: {origin}", digits=1)
