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
# # Appendix: the support vector machine's row
#
# **Question.** Table 1 of {cite:t}`wang2020generalizable` gives the support vector machine (SVM) 98.8 ± 0.4 % on its own worms and 82.8 ± 7.6 % on unseen
# ones. With scikit-learn's defaults we find 97.7 % on unseen worms. Which machine gives both of the paper's numbers?
#
# **Answer.** A narrow one. Of 39 machines, those that come near both numbers have a Gaussian kernel ten times narrower than the default (γ of 7 to 10): on the
# trace alone, γ = 10 gives **98.5 ± 0.9 and 79.7 ± 9.9 %**, γ = 7 gives 98.5 and 87.4 %. A penalty a hundred times the default (C = 100) comes near, too: 98.6 and 83.6 %.
#
# **Verdict.** *Explained in kind, not in fact.* Such machines learn their training worms by heart. The paper does not say which it used. Its large gap between the
# SVM and the networks is one between an SVM that overfits and networks that do not: any machine near the defaults reads unseen worms as well as the best network.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated or kato
profile: str = "quick"  # smoke, quick or paper
seed: int = 0  # seed of folds
kernels: list = ["linear", "rbf"]  # of linear, rbf, poly and sigmoid

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import seaborn as sns

from wormgnn import results, run
from wormgnn.comparison import SEEN
from wormgnn.paper import pages
from wormgnn.paper.experiments import experiment_named
from wormgnn.paper.readings import spreads

profile = pages.start(dataset, profile)
reference = results.read("svm-row.kato")
rows = reference.table.astype({"gamma": str})
machine = ["seen_by", "scaling", "kernel", "c", "gamma"]
printed = pages.paper_reported()["table1_two_state_accuracy_percent"]["SVM"]

# %% [markdown]
# ## Machines that the text allows
#
# The paper names neither the kernel nor its parameters, and its features can be read in two ways ([appendix](90_readings.ipynb)). We tried four kernels, penalties C from 0.01 to 100,
# and Gaussian kernels from scikit-learn's own width (`scale`) to very narrow ones (γ from 1 to 15); on trace and derivative, on the trace alone, and with the derivative of
# the scaled trace. Everything else is Table 1's protocol, on one fold, trained on one and on four worms. No machine was chosen for anything.
#
# - **Own worms tell nothing.** All but the sigmoid kernels are right on 97.8 % of the frames or more.
# - **Unseen worms tell much.** From a wide kernel to a narrow one, accuracy falls from 97.7 % to 58.0 %, and passes the paper's 82.8 % on its way ({numref}`fig-svm-row`).
# - **Default machines are right on 94.6 to 97.7 % of the frames** of unseen worms.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-svm-row", "caption": "Real worms of Kato et al. 2015: accuracy of 39 support vector machines on their own worms and on unseen ones, means over subsets of worms and over worms. Star: the paper's row of Table 1."}, "image": {"alt": "Points of machines. Most lie near 99 percent on their own worms and between 90 and 98 percent on unseen ones; narrow Gaussian kernels fall on the right edge from 97 to 58 percent, through the star of the paper at 83 percent."}}
means = rows.groupby([*machine, "seen"], sort=False)["accuracy"].mean().unstack(sort=False)
table = means.mul(100).rename(columns={True: "same", False: "unseen"}).reset_index()
named = {"seen_by": "sees", "c": "C"}
figure, axes = plt.subplots(figsize=(7.5, 4.6))
shown = dict(x="same", y="unseen", hue="kernel", style="sees", s=45)
sns.scatterplot(table.rename(columns=named), **shown, ax=axes)
(same, _), (unseen, _) = printed[:2]
axes.scatter([same], [unseen], marker="*", s=220, color="black", zorder=3)
axes.annotate("paper", (same, unseen), xytext=(-10, -4), textcoords="offset points", ha="right")
axes.set(xlabel="accuracy on the same worms (%)", ylabel="accuracy on unseen worms (%)")
sns.move_legend(axes, "center left", bbox_to_anchor=(1, 0.5), frameon=False)
plt.show()

# %% tags=["hide-input"]
# Own worms count tenfold: there the paper's spread is a tenth and less.
far = (10 * (table["same"] - same)) ** 2 + (table["unseen"] - unseen) ** 2
texts = spreads(rows, [*machine, "seen"]).unstack().rename(columns=SEEN)
near = table.loc[far.nsmallest(6).index, machine]
pages.table(
    near.merge(texts[[*SEEN.values()]], on=machine).rename(columns=named),
    caption="The six machines nearest to both of the paper's numbers: accuracy in percent, mean ± standard deviation over members and worms. C and gamma are those of scikit-learn.",
)

# %% tags=["remove-cell"]
cells = table.set_index(machine).sort_index().round(1)
assert len(table) == 39
assert cells.loc[("trace", "whole", "rbf", 1, "10")].tolist() == [98.5, 79.7]
assert cells.loc[("trace", "whole", "rbf", 1, "7")].tolist() == [98.5, 87.4]
assert cells.loc[("trace", "whole", "rbf", 100, "scale")].tolist() == [98.6, 83.6]
narrow = cells.loc[("both", "whole", "rbf", 1)]["unseen"]
assert narrow["scale"] == 97.7 and narrow.min() == narrow["15"] == 58.0
smooth = table[table["kernel"] != "sigmoid"]
assert smooth["same"].min().round(1) == 97.8
default = table[(table["kernel"] == "rbf") & (table["c"] == 1) & (table["gamma"] == "scale")]
assert default["unseen"].round(1).agg(["min", "max"]).tolist() == [94.6, 97.7]
assert printed[:2] == [[98.8, 0.4], [82.8, 7.6]]

# %% [markdown]
# ## This build
#
# Some of the same machines on the dataset and at the scale that this page's first cell names.

# %% tags=["hide-input"]
some = experiment_named("svm-row").where(kernel=kernels, seen_by="both", scaling="whole")
built = run(some.trained_on([1]), dataset, profile, seed=seed).rows
texts = spreads(built.astype({"gamma": str}), [*machine[2:], "seen"]).unstack()
pages.table(
    texts.rename(columns=SEEN)[[*SEEN.values()]].reset_index(),
    caption=f"This build ({dataset}, {profile}): accuracy in percent, mean ± standard deviation over members and worms.",
)

# %% tags=["hide-input"]
pages.reference_note(reference)
