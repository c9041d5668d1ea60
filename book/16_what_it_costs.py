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
# # What it costs
#
# {cite:t}`wang2020generalizable` write that training and evaluating each model took a week or two. How long does it take here, how much memory, and what does it depend on?
#
# **Answer.** All networks of Table 1 take 42 minutes of one core, and those of Figure 4A in seven and four states another 38: 81 core-minutes for 3,720 networks. No row takes more than 14.
# Networks that train together share their work: one among 31 needs about half the time of one alone.
#
# **Verdict.** A laptop is enough for the states. The hardware and the code differ from the paper's, so the ratio says nothing about either alone.

# %% tags=["parameters"]
dataset: str = "simulated"  # as in every chapter, though this one shows reference tables alone
profile: str = "quick"  # smoke, quick, reduced or paper; as in every chapter
seed: int = 0  # as in every chapter; nothing is drawn

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd

from wormgnn import plots, profile_named, results
from wormgnn.paper import pages
from wormgnn.paper.experiments import CUT, experiment_named

profile = pages.start(None, profile)
reported = pages.paper_reported()["text"]
steps, compute = results.read("costs.simulated"), results.read("compute.kato")
pages.reference_note(compute)

# %% [markdown]
# ## A row of a table
#
# A fold has a network for each subset of five worms, 31 in all, and ten folds make a row. The store keeps the seconds of every fold. These come from a machine with
# two cores and no GPU, one core for a fold. Folds ran beside other work, so the minutes are upper bounds. The loops over pairs of neurons are compiled. SVMs and the manifold are not
# in the table. The paper had an i9-9900K and an RTX 2080 Ti.

# %% tags=["hide-input"]
folds = compute.table.groupby("line", sort=False)
rows = folds.agg(folds=("fold", "nunique"), networks=("networks", "sum"))
rows["minutes"] = folds["seconds"].sum() / 60
rows["networks_a_minute"] = rows["networks"] / rows["minutes"]
paper = "{} to {} days".format(*reported["compute_days"])
pages.table(
    rows.reset_index(),
    caption=f"Real worms (Kato): minutes of one core for all ten folds. The paper: {paper} for each model",
    digits=1,
)

# %% tags=["remove-cell"]
assert reported["compute_days"] == [7, 14]
assert (rows["minutes"] < 14).all() and (rows["networks"] == 310).all() and len(rows) == 12
assert rows["minutes"].groupby(rows.index.str.contains("states")).sum().round().tolist() == [42, 38]
assert rows["minutes"].sum().round() == 81 and rows["networks"].sum() == 3720

# %% [markdown]
# ## Members, neurons, frames
#
# A step of training takes one worm and all the networks that train on it. It is timed here on one core, in processor time, with one size varied and the others at 31 networks, 15 neurons and 2,500 frames.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-costs", "caption": "Made-up frames, one core, two states. Above: processor time of a step for each network. Below: peak memory that training adds to the process. Left to right: number of networks that train together, of neurons, and of training frames."}, "image": {"alt": "Six panels with logarithmic axes, processor time above and memory below, one line for each network. The time for each network falls as more train together, up to a hundred; the GNN is always slowest, and its time climbs steeply with the number of neurons; memory grows along all three axes."}}
units = {"cpu_ms_each": "ms for each network", "memory_mib": "MiB"}
fig, axes = plt.subplots(2, 3, figsize=(10, 6), layout="constrained", sharey="row")
for column, (varied, values) in zip(axes.T, steps.table.groupby("varied", sort=False), strict=True):
    for ax, (cost, unit) in zip(column, units.items(), strict=True):
        plots.curves(values, ax, varied, cost, hue="line", log=True)
        ax.set(yscale="log", xlabel=varied, ylabel=unit)
plots.figure_legend(fig)
plt.show()

# %% tags=["remove-cell"]
each, wide, long = (
    steps.table[steps.table["varied"] == varied].pivot(index=varied, columns="line", values=cost)
    for varied, cost in (
        ("members", "cpu_ms_each"),
        ("neurons", "cpu_ms_each"),
        ("frames", "memory_mib"),
    )
)
assert (each.loc[31] / each.loc[1]).round(1).between(0.3, 0.6).all()
growth = wide.loc[50] / wide.loc[15]
assert growth["GNN"] > growth["MLP"]
assert (long.loc[8000] > long.loc[250]).all()

# %% [markdown]
# - **Networks.** One among 31 takes 0.3 to 0.6 of the time that it takes alone ({numref}`fig-costs`): the worm's frames are read once, and one call serves all. With 310, a core's cache is too small, and each takes longer again.
# - **Neurons.** From 15 to 50 the GNN's time grows more than the MLP's. It looks at every pair of neurons, the MLP at every neuron.
# - **Frames.** Memory grows with the frames. All networks that train on a worm hold their hidden layer of every frame at once.
#
# ## What is smaller than in the paper
#
# The paper's scale is ten folds of 800 epochs. These experiments stop short of it, all others do not; those on Nichols's worms are plans so far. `wormgnn run NAME --folds 10 --reference` goes on from the folds that are done.

# %% tags=["hide-input"]
short = [
    {
        "experiment": experiment.name,
        "folds": experiment.folds or 10,
        "epochs": profile_named(experiment.profile).epochs,
        "why": CUT[experiment.name],
    }
    for experiment in map(experiment_named, CUT)
]
pages.table(pd.DataFrame(short), caption="References below the paper's scale, and why.", digits=0)

# %% [markdown]
# ## Where to run it
#
# | machine | command | cost |
# |---|---|---|
# | laptop, two cores | `wormgnn run table1 --reference` | the minutes above, and the SVMs |
# | more cores | `wormgnn run table1 --jobs 8` | folds run side by side, one core each |
# | GPU | the same: `--device auto` takes it | not measured |
# | cluster | `make paper SNAKEMAKE_ARGS="--workflow-profile workflow/slurm"` | one job for each part of a chapter, in `threads` folds at once; not measured |
#
# Whatever was stopped goes on from its last fold. `wormgnn run costs --reference` measures the figure again, and `wormgnn run compute --reference` collects the table.
