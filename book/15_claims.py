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
# **Question.** Which sentences of {cite:t}`wang2020generalizable` hold on the real worms of {cite:t}`kato2015global`, when we rebuild the models
# from the paper's text?
#
# **Answer.** Of 83 sentences, 75 can be tested: 26 hold, 17 hold in part, 23 do not hold and 9 are not decided. In one reading of the text the
# GNN reaches the paper's number for two states of unseen worms, 97.6 against 97.7 %. It is **2.2 points better than the MLP (95 % interval
# −0.3 to 8.1)**, which five worms do not decide; the paper prints 3.8 points.
#
# **Verdict.** States of unseen worms *can be decoded*. That *inferred graphs do it better is not supported*: an MLP with the GNN's own classifier,
# without batch norm, does better there than the GNN at two, four and seven states. Neither is the explanation that graphs undo linear
# transformations between worms.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated or kato; as in every chapter, though this one shows the reference tables alone
profile: str = "quick"  # smoke, quick or paper; as in every chapter, nothing is computed at any
seed: int = 0  # as in every chapter; nothing is drawn but the bootstrap, whose seed is fixed
margin: float = (
    2.0  # percentage points within which two accuracies count as equal, in the tables below
)
topics: list = []  # some of wormgnn.paper.claims.sentences.TOPICS to show, such as "Two states"; all if empty

# %% tags=["hide-input"]
from dataclasses import replace

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import HTML, display

from wormgnn import compare, plots, read_reference
from wormgnn.paper import pages
from wormgnn.paper.claims.comparisons import Evidence
from wormgnn.paper.claims.filter import claims_filter
from wormgnn.paper.claims.judges import judged
from wormgnn.paper.claims.page import badge, check, claims_table, counts
from wormgnn.paper.claims.rules import VERDICTS
from wormgnn.paper.claims.sentences import CLAIMS, PAPERS_GNN, TOPICS

plots.use_style()
profile = pages.effective_profile(profile)
evidence = Evidence()
found = check(evidence)
verdict = found.set_index("key")["verdict"]
pages.banner(dataset)

# %% [markdown]
# ## All claims at once
#
# Choose a topic or a verdict, search for words, click a heading to sort. Each claim leads to its evidence; its criterion is in
# the tables below.

# %% tags=["hide-input", "full-width"]
HTML(claims_filter(found))

# %% [markdown]
# This chapter computes no models. It reads the reference tables of the others, which were computed on five real worms (the hypothesis is tested
# on simulated ones), and applies the same few rules to all sentences. With the banner's dataset, too, this page shows those tables.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-claims", "caption": "Reference tables (real worms; simulated ones for the hypothesis): number of the paper's claims with each verdict, by topic."}, "image": {"alt": "Bars for eight topics, as long as the paper makes claims in each, cut by verdict. The bar of two states is the longest, and green, holds, its largest piece."}}
fig, axes = plt.subplots(figsize=(7, 3.4))
plots.verdict_counts(counts(found), axes)
plt.show()

# %% tags=["hide-input"]
tally = counts(found).sum()
assert len(found) == 83 and tally.to_dict() == {
    "holds": 26,
    "holds in part": 17,
    "does not hold": 23,
    "not decided": 9,
    "not tested": 8,
}
table1 = read_reference("table1.kato").table
ends = ["difference", "low", "high"]
models = (PAPERS_GNN, "MLP", "MLP, no norm", "GNN (connectome)", "SVM")
unseen = {model: dict(model=model, seen=False) for model in models}
gaps = {model: compare(table1, unseen[PAPERS_GNN], unseen[model]).iloc[0] for model in models[1:]}
assert [round(value, 1) for value in gaps["MLP"][ends]] == [2.2, -0.3, 8.1]
reported = pages.paper_reported()["table1_two_state_accuracy_percent"]
assert [round(gaps["MLP"]["a"], 1), reported["GNN"][1][0]] == [97.6, 97.7]
assert round(reported["GNN"][1][0] - reported["MLP"][1][0], 1) == 3.8

# %% [markdown]
# ## What we learnt
#
# **Which GNN.** In Table 1 and Figure 4A "the GNN" is our row `GNN, self edge`: each neuron keeps what it has and adds the mean of its messages
# ("potentially along self edges"). To the letter the text is another row, `GNN, as written`, and a third one, `GNN`, has the bare sum of messages. The
# other tables have the bare sum alone, and claims on them are judged by it. "The MLP" is that of the text; where a row sets the GNN against it, our MLP without batch norm, which shares the GNN's classifier, stands beside it
# and decides nothing. If it decided, too, three verdicts would be worse for the GNN: two of *not decided* would be *does not hold*, and one of
# *holds* would be *holds in part*.
#
# **Holds.** The GNN reaches the paper's accuracies at two states, on the same worm and on unseen ones, and there its accuracies spread less than the
# MLP's. Trained on three worms it exceeds on four states what the earlier method is said to reach on two. An SVM matches the networks on the test fold of its own worms. A simple MLP does well on unseen worms, and the models beat the majority
# class there at two, four and seven states. More training worms improve the forecasts of the MLP and the GNN. Inferred edges resemble the
# correlations of the worm's own traces, and they fit their own worm better than another.

# %% tags=["hide-input"]
keys = ["svm-matches-same-worm", "simple-mlp", "generalise-within", "more-worms-forecasts"]
keys += ["table1-GNN-same worm", "table1-GNN-unseen", "gnn-smaller-spread"]
keys += ["four-three-beats-printed"]
assert (verdict[[*keys, "functional", "individual-edges"]] == "holds").all()
both = [
    replace(c, contrasts=(*c.comparisons, *c.shown_beside)) for c in CLAIMS.values() if c.beside
]
anew = Evidence()
assert {c.key: new for c in both if (new := judged(c, anew).verdict) != verdict[c.key]} == {
    "gnn-beats-mlp": "does not hold",
    "four-three-beats-mlp": "does not hold",
    "gnn-smaller-spread": "holds in part",
}
assert (verdict[["gnn-beats-mlp", "four-three-beats-mlp"]] == "not decided").all()

# %% [markdown]
# **Holds in part.** On unseen worms the GNN is better than the MLP at seven states, by 5.8 points (1.3 to 14.0); at two and four that is not
# decided. Beside it, the MLP with the GNN's classifier is better than the GNN at all three. More training worms improve the GNN's
# classification at two and four states; at seven, and for the MLP, that is not decided. In forecasts the GNN beats the recurrent networks, and
# does not differ clearly from the MLP. It forecasts better than persistence 16 frames ahead if four worms train it, and
# worse if one does. The true map between simulated worms would help a decoder.

# %% tags=["hide-input"]
keys = ["more-worms-states", "markovian-gnn", "sixteen-frames", "linear-maps-room"]
assert (verdict[["gnn-excels", *keys]] == "holds in part").all()
ours = found.set_index("key")["ours"].str.split("\n")
excels = ours["gnn-excels"]
assert "7 states, unseen): +5.8\u00a0[+1.3,\u00a0+14.0]" in excels[2]
assert "(1 for, 0 against, 2 open)" in excels and "(0 for, 3 against, 0 open)" in excels
gnn = [line for line in ours["more-worms-states"] if "(GNN," in line]
assert [line.count("+") for line in gnn] == [3, 3, 1]
texts = [line for line in ours["more-worms-states"] if "(MLP, " in line]
assert len(texts) == 3 and all("\u00a0[−" in line and "\u00a0+" in line for line in texts)
rnn = [line for line in ours["markovian-gnn"] if "-RNN (" in line]
mlp = [line for line in ours["markovian-gnn"] if " MLP (" in line]
assert len(rnn) == len(mlp) == 4 and all(line.count("−") == 4 for line in rnn)
assert all("\u00a0[−" in line and "\u00a0+" in line for line in mlp)  # each interval holds 0
one, four = ours["sixteen-frames"][:2]
assert "1 trained on): −28.5" in one and "4 trained on): +20.7" in four

# %% [markdown]
# **Not decided.** Whether the GNN decodes unseen worms better than the MLP at two states, and at four when three worms train it; beside these,
# the MLP with the GNN's classifier is better than the GNN, by 0.3 (0.1 to 0.5) and 1.7 points. Whether inferred edges do better at two
# states than the connectome's (0.1 points worse, −1.7 to 0.8).

# %% tags=["hide-input"]
keys = ["gnn-beats-mlp", "four-three-beats-mlp", "connectome-unseen", "connectome-beats-mlp"]
assert (verdict[keys] == "not decided").all()
assert "3 trained on): −1.7\u00a0[−3.3,\u00a0−0.5]" in ours["four-three-beats-mlp"][2]
assert [round(value, 1) for value in gaps["GNN (connectome)"][ends]] == [-0.1, -1.7, 0.8]
assert [round(value, 1) for value in gaps["MLP, no norm"][ends]] == [-0.3, -0.5, -0.1]

# %% [markdown]
# **Does not hold.** No network generalises better than the SVM; the MLP is worse. The GNN does not always match the
# MLP: on the same worm, at seven states, it is 1.5 points worse (0.4 to 2.8). On simulated worms that differ by linear maps the GNN never beats the MLP. Three neurons in place of 15 cost the MLP 3.3 points at four states (2.4 to 4.5, one
# training worm). Inferred edges do resemble the connectome's gap junctions, but not beyond what the worm's own correlations explain.

# %% tags=["hide-input"]
keys = ["deep-beats-svm", "at-least-mlp", "linear-maps", "three-neurons"]
assert (verdict[[*keys, "no-similarity", "permutation"]] == "does not hold").all()
assert compare(table1, unseen["MLP"], unseen["SVM"])["high"].item() < 0 < gaps["SVM"]["high"]
assert "(0 for, 1 against, 2 open)" in ours["deep-beats-svm"]
assert "7 states, same worm): −1.5\u00a0[−2.8,\u00a0−0.4]" in ours["at-least-mlp"][4]
assert "(5 for, 1 against, 0 open)" in ours["at-least-mlp"]
assert "(0 for, 18 against, 6 open)" in ours["linear-maps"]
assert "4 states, unseen, 1 trained on): −3.3\u00a0[−4.5,\u00a0−2.4]" in ours["three-neurons"][2]
junctions = ours["no-similarity"][1]
assert "4 of 4 tests below 0.05 after Holm" in junctions and "correlations 0 of 4" in junctions

# %% [markdown]
# **The paper's numbers.** Of twelve accuracies that we can compare with print, six agree within two points, four do not, and two are not decided.
# Three of the four are higher here: the SVM on unseen worms, and the manifold method on both kinds of worm. The
# lower one is seven states on the same worm.

# %% tags=["hide-input"]
starts = ("table1-", "seven-same-worm", "four-three-worms")
numbers = verdict[verdict.index.str.startswith(starts) & (verdict != "not tested")]
assert numbers.value_counts().to_dict() == {"holds": 6, "does not hold": 4, "not decided": 2}
higher = ["table1-SVM-unseen", "table1-18-unseen", "table1-18-same worm"]
lower = ["seven-same-worm"]
assert set(numbers.index[numbers == "does not hold"]) == {*higher, *lower}
assert all("; minus" in ours[key][0] and ": +" in ours[key][0] for key in higher)
assert all(": −" in line for key in lower for line in ours[key] if "; minus" in line)

# %% [markdown]
# **The margin.** Halving it to one point changes five verdicts, both on the GNN's accuracies in Table 1 among them, which are then not decided; five
# points change four, one of them to the opposite: with 3 points or more the GNN does always match or exceed the MLP.
# Five worms make wide intervals: *not decided* is then the honest answer, and no sign that a sentence is wrong.

# %% tags=["hide-input"]
others = {points: check(evidence.within(points))["verdict"] for points in (1.0, 5.0)}
changes = {points: found["verdict"] != other for points, other in others.items()}
assert [int(changed.sum()) for changed in changes.values()] == [5, 4]
assert changes[1.0][found["key"].str.startswith("table1-GNN-")].all()
opposite = found["verdict"].map({"holds": "does not hold", "does not hold": "holds"})
turned = {points: found["key"][opposite == other].tolist() for points, other in others.items()}
assert turned == {1.0: [], 5.0: ["at-least-mlp"]}
assert check(evidence.within(3.0), keys=["at-least-mlp"])["verdict"].tolist() == ["holds"]

# %% [markdown]
# ## How a sentence is judged
#
# A sentence becomes one comparison or several: of models, of numbers of training worms, of states. Each is a mean difference with its 95 %
# bootstrap interval over *worms*, printed as `difference [low, high]`, in percentage points unless the row says otherwise. It speaks **for**
# the sentence, **against** it, or neither:
#
# - *A is better than B*: for, if the whole interval lies on that side of zero; against, if on the other.
# - *A equals B*, or *our number equals the paper's*: for, if the whole interval lies within the margin; against, if wholly beyond it.
# - *A matches or exceeds B*: for, if the interval holds nothing worse than the margin; against, if it does, and leaves out zero.
# - *A depends on a parameter*: for, if the whole interval lies beyond the margin on either side; against, if within it.
#
# A sentence on *all*, *every*, *always* or *no* is refuted by a single comparison against it; its row says so. `(2 for, 3 against, 4 open)` counts
# the comparisons. Rows that name no number of training worms take all numbers together, as the paper's Table 1 does not say how many it used.
# `a ± b` is a mean and the standard deviation over pairs of a model and a worm.
#
# The comparisons of one row are not independent, and nothing is adjusted for the number of rows. A verdict is on our interpretation of the
# sentence and on our code; [the appendix](90_readings.ipynb) says which interpretation we took where the text allows several.

# %% tags=["hide-input"]
HTML("<br>".join(f"{badge(name)} {meaning}" for name, meaning in VERDICTS.items()))

# %% [markdown]
# ## Claim by claim

# %% tags=["hide-input", "full-width"]
asked = check(evidence.within(margin), topics or TOPICS)
for topic, rows in asked.groupby("topic", sort=False):
    display(HTML(f"<h3>{topic}</h3>"), claims_table(rows))

# %% [markdown]
# ## The tables behind it
#
# Not every experiment was run at the scale of the paper.

# %% tags=["hide-input"]
abouts = {name: read_reference(name).manifest for name in evidence.used}
scales = {
    name: about["profile"] if isinstance(about.get("profile"), dict) else {}
    for name, about in abouts.items()
}
behind = pd.DataFrame(
    {
        "table": list(abouts),
        "profile": [scale.get("name", "–") for scale in scales.values()],
        "folds": [f"{len(s['folds'])} of {s['n_folds']}" if s else "–" for s in scales.values()],
        "epochs": [str(scale.get("epochs", "–")) for scale in scales.values()],
        "note": [about.get("note", "") for about in abouts.values()],
    }
)
pages.table(behind, caption="Reference tables in use")
