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
# Four questions that the paper leaves open, each asked by changing one thing in the protocol of
# [Table 1](02_two_states.ipynb):
#
# 1. **Is the test fold too near to the training folds?** Shuffled windows of eight frames have
#    their neighbours, three seconds away, in the training set. The *blocked split* tests on a
#    contiguous tenth of the recording instead, with a gap of 32 frames on both sides.
# 2. **Does scaling leak the future?** Scaling a trace to [0, 1] over the whole recording tells
#    each frame about the extremes to come. *Causal scaling* uses the past alone (after the first
#    200 frames).
# 3. **Is it circular?** The labels were drawn from the activity of AVA. *Without AVA* removes
#    AVAL and AVAR, as reviewers of {cite:t}`brennan2019quantitative` asked for.
# 4. **And the neurons that move with AVA?** *Without reversal neurons* also removes AIB, AVE and
#    RIM, whose activity rises and falls with AVA's.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated or kato
profile: str = "quick"  # smoke, quick or paper (hours)
seed: int = 0  # seed of folds, initial weights and the order of training
models: list = []  # some of "SVM", "MLP, no norm", "GNN" to compute; all if empty

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import display

from wormgnn import experiments, plots, reference, summary
from wormgnn.pages import banner, effective_profile, reference_note, table
from wormgnn.profiles import profile_named
from wormgnn.statistics import paired_comparison
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
def effect(label: str, seen: bool) -> dict:
    """Changed minus plain accuracy of one model."""
    model, change = label.split(": ")
    keys = ["subset", "fold", "worm"]
    a = changed[(changed["model"] == label) & (changed["seen"] == seen)].set_index(keys)
    b = plain[(plain["model"] == model) & (plain["seen"] == seen)].set_index(keys)
    pair = a[["accuracy"]].join(b["accuracy"].rename("plain"), how="inner")
    found = paired_comparison(
        100 * pair["accuracy"], 100 * pair["plain"], pair.index.get_level_values("worm"), seed
    )
    return {
        "change": change,
        "model": model,
        "worms": "same, test fold" if seen else "unseen",
        "accuracy (%)": 100 * pair["accuracy"].mean(),
        "paper's protocol (%)": 100 * pair["plain"].mean(),
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "Wilcoxon p over worms": found.p_worms,
        "n worms": found.n_worms,
        "n pairs": found.n_pairs,
    }


effects = pd.DataFrame(
    [effect(label, seen) for label in changed["model"].unique() for seen in (True, False)]
)
for worms in ("unseen", "same, test fold"):
    part = effects[effects["worms"] == worms].drop(columns=["worms", "n worms"])
    display(
        table(
            part.rename(columns={"Wilcoxon p over worms": "p (Wilcoxon)"}),
            caption=f"Worms: {worms}. Percent and percentage points, 95 % interval and Wilcoxon's "
            f"test over {effects['n worms'].max()} worms: {origin}",
            digits=2,
        )
    )

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-controls", "caption": "Change of accuracy against the paper's protocol, with 95 % bootstrap intervals over worms; left on the test fold of the training worms, right on unseen worms."}}
fig, axes = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained", sharey=True)
for ax, worms in zip(axes, ("same, test fold", "unseen"), strict=True):
    part = effects[effects["worms"] == worms]
    plots.differences(part.set_index(part["model"] + ": " + part["change"]), ax)
    ax.set_title(f"{worms} worms" if worms == "unseen" else "same worms, test fold")
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
