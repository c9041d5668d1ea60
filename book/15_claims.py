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
# # The paper's claims, checked
#
# Every sentence of {cite:t}`wang2020generalizable` that can be checked, and some that ought to be but cannot be
# here: what it says (in our words), where, its number, ours, how the two are held against each other, the
# verdict, and a link to the figure with the evidence.
#
# This chapter computes no models. It reads the reference tables of the others, which were
# computed on the five real worms of {cite:t}`kato2015global` (the hypothesis is tested on simulated ones), and applies
# the same few rules to all sentences. The banner below is that of every chapter: with the default
# parameters, too, this page shows real worms.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated or kato; as in every chapter, though the verdicts are those of the reference tables
profile: str = "quick"  # smoke, quick or paper; as in every chapter, nothing is computed at any
seed: int = 0  # as in every chapter; no random numbers are drawn but those of the bootstrap, whose seed is fixed
margin: float = 2.0  # percentage points within which two accuracies count as equal
topics: list = []  # some of wormgnn.claims.catalogue.TOPICS to show, such as "Two states"; all if empty

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import HTML, Markdown, display

from wormgnn import plots, reference
from wormgnn.claims import page
from wormgnn.claims.catalogue import TOPICS, changed, check, counts
from wormgnn.claims.claim import FAILS, HOLDS, IN_PART, NOT_TESTED, OPEN, VERDICTS, Evidence
from wormgnn.errors import chosen
from wormgnn.pages import banner, effective_profile, table
from wormgnn.plots.claims import verdict_strips

plots.use_style()
effective_profile(profile)
shown = [topic for topic in topics if chosen("topic", topic, TOPICS)] or list(TOPICS)
banner(dataset)

# %% [markdown]
# ## How a sentence is judged
#
# A sentence becomes one comparison or several: of models, of numbers of training worms, of states. Each is a mean difference
# with its 95 % bootstrap interval over *worms*, as in the rest of the book, printed as
# `difference [low, high]`, in percentage points unless the row says otherwise. It speaks **for** the
# sentence, **against** it, or neither:
#
# - *A is better than B*: for, if the whole interval lies on that side of zero; against, if on the other.
# - *A equals B*, or *our number equals the paper's*: for, if the whole interval lies within the margin
#   (a parameter of this page, in percentage points); against, if it leaves out zero, and is not within the margin.
# - *A matches or exceeds B*: for, if the interval holds nothing worse than the margin; against, if it
#   does, and leaves out zero.
# - *A depends on a parameter*: for, if the whole interval lies beyond the margin on either side; against, if within it.
#
# A sentence on *all*, *every*, *always* or *no* is refuted by a single comparison against it; its row says so.
# `(2 for, 3 against, 4 open)` counts the comparisons.
#
# Rows that name no number of training worms take all numbers together, as the paper's Table 1 does not say how many
# it used. `a ± b` is a mean and the standard deviation over pairs of a model and a worm. The verdict
# sums the comparisons up:

# %% tags=["hide-input"]
HTML(page.legend())

# %% [markdown]
# Five worms make wide intervals. *Not decided* is then the honest answer, and no sign that a sentence is
# wrong. The comparisons of one row are not independent, nothing is adjusted for
# the number of rows, and a verdict is on the sentence as we read it and on our code: where
# the text allows several readings, [the appendix](90_readings.ipynb) says which one was taken. Where the paper compares with "the MLP",
# two of ours take part: the one of its text, and *MLP, no norm*, which shares its classifier with the GNN.
# {numref}`fig-claims` counts the verdicts.

# %% tags=["hide-input"]
evidence = Evidence(margin=margin)
found = check(evidence, shown)
tally = counts(found)
total = tally.sum()
tested = len(found) - total[NOT_TESTED]

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-claims", "caption": "Verdicts on the paper's claims, by topic."}}
fig, axes = plt.subplots(figsize=(7, 0.3 * len(tally) + 1.0))
verdict_strips(tally, axes)
plt.show()

# %% [markdown]
# ## What we learnt

# %% tags=["hide-input"]
HEADLINES = (
    "svm-matches-same-worm",
    "deep-beats-svm",
    "gnn-beats-mlp",
    "gnn-smaller-spread",
    "four-three-beats-mlp",
    "at-least-mlp",
    "connectome-unseen",
    "more-worms-states",
    "more-worms-forecasts",
    "markovian-gnn",
    "linear-maps",
    "three-neurons",
    "without-ava",
    "one-hot-unseen",
    "no-similarity",
)
"""Sentences that the paper's argument rests on."""

GROUPS = {
    "give a number of the paper's for accuracy": ("table1-", "seven-same-worm", "four-three-worms"),
    "say that inferring a graph helps": (
        "gnn-",
        "four-three-beats-mlp",
        "at-least-mlp",
        "connectome-unseen",
        "markovian-gnn",
        "linear-maps",
    ),
    "say that more training worms help": ("more-worms-",),
}
"""Kinds of sentences, and how their keys begin."""


def summed(starts: tuple) -> str:
    """How many of some claims got which verdict."""
    verdicts = found.loc[found["key"].str.startswith(starts), "verdict"].value_counts()
    return ", ".join(f"{verdicts[name]} *{name}*" for name in VERDICTS if name in verdicts)


lines = [
    f"Of {len(found)} claims, {tested} could be tested: {total[HOLDS]} hold, {total[IN_PART]} hold in part, "
    f"{total[FAILS]} do not hold, and {total[OPEN]} are not decided.",
    *(
        f"Of those that {kind}: {summed(starts) or 'none shown'}."
        for kind, starts in GROUPS.items()
    ),
    "",
    "The sentences that the argument rests on, each with the first of our numbers:",
    "",
    *(
        f"- {row.claim}: **{row.verdict}** ({row.ours.splitlines()[0]})"
        for row in found.itertuples()
        if row.key in HEADLINES and row.verdict != NOT_TESTED
    ),
]
lacking = found[found["key"].isin(HEADLINES) & (found["verdict"] == NOT_TESTED)]
if len(lacking):
    lines += ["", f"Not tested among them: {'; '.join(lacking['claim'])}."]
Markdown("\n".join(lines))

# %% tags=["hide-input"]
sensitive = {
    other: changed(found, check(evidence.within(other), shown))
    for other in (margin / 2, 2.5 * margin)
}
Markdown(
    "How much hangs on the margin: "
    + "; ".join(
        f"with {other:g} in place of {margin:g} points, {len(keys)} of {len(found)} verdicts change"
        + (f" ({', '.join(keys)})" if keys else "")
        for other, keys in sensitive.items()
    )
    + "."
)

# %% [markdown]
# ## Claim by claim

# %% tags=["hide-input", "full-width"]
for topic in shown:
    display(HTML(f"<h3>{topic}</h3>"))
    display(page.claims_table(found[found["topic"] == topic]))

# %% [markdown]
# ## The tables behind it
#
# Not every experiment was run at the scale of the paper.


# %% tags=["hide-input"]
def scale(name: str) -> dict:
    """One reference table: how it was computed, and at which scale."""
    about = reference.read(name).manifest
    ran = about.get("profile")
    ran = ran if isinstance(ran, dict) else {}
    return {
        "table": name,
        "profile": ran.get("name", "–"),
        "folds": f"{len(ran['folds'])} of {ran['n_folds']}" if ran else "–",
        "epochs": str(ran.get("epochs", "–")),
        "note": about.get("note", ""),
    }


behind = pd.DataFrame([scale(name) for name in evidence.used])
styled = table(behind, caption="Reference tables in use")
styled if behind.empty else styled.set_properties(
    subset=["table", "folds"], **{"white-space": "nowrap", "text-align": "left"}
)
