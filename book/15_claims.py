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
# **Answer.** Of 83 sentences, 75 can be tested: 28 hold, 15 hold in part, 22 do not hold and 10 are not decided. In one reading of the text the
# GNN reaches the paper's number for two states of unseen worms, 97.6 against 97.7 %. It is **2.2 points better than the MLP (95 % interval
# −0.4 to 8.2)**, which five worms do not decide; the paper prints 3.8 points.
#
# **Verdict.** States of unseen worms *can be decoded*. That *inferred graphs do it better is not supported*: an MLP with the GNN's own classifier,
# without batch norm, does better there than the GNN at two, four and seven states. Neither is the explanation that graphs undo linear
# transformations between worms.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated or kato; as in every chapter, though this one shows the reference tables alone
profile: str = "quick"  # smoke, quick or paper; as in every chapter, nothing is computed at any
seed: int = 0  # as in every chapter; nothing is drawn but the bootstrap, whose seed is fixed
margin: float = 2.0  # percentage points within which two accuracies count as equal
topics: list = []  # some of wormgnn.paper.claims.sentences.TOPICS to show, such as "Two states"; all if empty

# %% tags=["hide-input"]
from dataclasses import replace

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import HTML

from wormgnn import compare, plots, read_reference
from wormgnn.paper import pages
from wormgnn.paper.claims import check, claims_table, counts
from wormgnn.paper.claims.comparisons import Evidence
from wormgnn.paper.claims.judges import VERDICTS, judged
from wormgnn.paper.claims.sentences import CLAIMS, GNN, TOPICS

profile = pages.start(dataset, profile)
evidence = Evidence()
found = check(evidence)
verdict = found.set_index("key")["verdict"]

# %% [markdown]
# ## All claims at once
#
# Choose a topic or a verdict, search for words, click a heading to sort. Each claim leads to its evidence; what the
# numbers mean stands below.

# %% tags=["hide-input", "full-width"]
HTML(claims_table(check(evidence, margin, topics or TOPICS)))

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
    "holds": 28,
    "holds in part": 15,
    "does not hold": 22,
    "not decided": 10,
    "not tested": 8,
}
table1 = read_reference("table1.kato").table
ends = ["difference", "low", "high"]
models = (GNN, "MLP", "MLP, no norm", "GNN (connectome)", "SVM")
unseen = {model: dict(model=model, seen=False) for model in models}
gaps = {model: compare(table1, unseen[GNN], unseen[model]).iloc[0] for model in models[1:]}
assert [round(value, 1) for value in gaps["MLP"][ends]] == [2.2, -0.4, 8.2]
reported = pages.paper_reported()["table1_two_state_accuracy_percent"]
assert [round(gaps["MLP"]["a"], 1), reported["GNN"][1][0]] == [97.6, 97.7]
assert round(reported["GNN"][1][0] - reported["MLP"][1][0], 1) == 3.8

# %% [markdown]
# ## What we learnt
#
# **Which GNN.** In all tables of states "the GNN" is one reading of the text: each neuron keeps what it has and adds the mean of its messages
# ("potentially along self edges"). The forecasting GNN is that of the text, with edges anew at every frame. "The MLP" is that of the text. Where
# a row sets the two against each other, a second pair stands beside it and decides nothing: our MLP without batch norm, which shares the GNN's
# classifier, or a forecasting GNN with self edges. In the place of the first pair, the MLP without batch norm would make four verdicts *does not hold*:
# the GNN does not beat it. With self edges, the sentence that in forecasts the GNN at least matches the MLP would hold.
#
# **Holds.** The GNN reaches the paper's accuracies at two states, on the same worm and on unseen ones, and there its accuracies spread less than the
# MLP's. Trained on three worms it exceeds on four states what the earlier method is said to reach on two. An SVM matches the networks on the test fold of its own worms. A simple MLP does well on unseen worms, and the models beat the majority
# class there at two, four and seven states. Concatenation beats a sum over neurons. Edges that come near to one-hot cost nothing on the same worm.
# More training worms improve the forecasts of the MLP and the GNN, and edges anew at each frame forecast better than one edge map of bare sums. Inferred
# edges resemble the correlations of the worm's own traces, and they fit their own worm better than another.

# %% tags=["hide-input"]
keys = ["svm-matches-same-worm", "simple-mlp", "generalise-within", "more-worms-forecasts"]
keys += ["table1-GNN-same worm", "table1-GNN-unseen", "gnn-smaller-spread"]
keys += ["four-three-beats-printed", "concatenation", "one-hot-same", "dynamic-edges"]
assert (verdict[[*keys, "functional", "individual-edges"]] == "holds").all()
instead = {k: replace(c, beside={}, **c.beside) for k, c in CLAIMS.items() if c.beside}
anew = Evidence()
others = {key: judged(claim, anew).verdict for key, claim in instead.items()}
worse = ["gnn-beats-mlp", "gnn-smaller-spread", "four-three-beats-mlp", "gnn-excels"]
assert {key: other for key, other in others.items() if other != verdict[key]} == {
    **dict.fromkeys(worse, "does not hold"),
    "at-least-mlp-forecasts": "holds",
}
assert (verdict[["gnn-beats-mlp", "four-three-beats-mlp"]] == "not decided").all()

# %% [markdown]
# **Holds in part.** On unseen worms the GNN is better than the MLP at seven states, by 6.3 points (1.2 to 15.1); at two and four that is not
# decided. Beside it, the MLP with the GNN's classifier is better than the GNN at all three. More training worms improve the GNN's
# classification at two and four states and the MLP's at seven. Without AVA nothing is lost at two and four states; balanced accuracy at seven falls. The GNN forecasts
# better than persistence 16 frames ahead if four worms train it, and worse if one does. The true map between simulated worms would help a decoder, and on
# simulated worms that differ by linear maps the GNN beats the MLP at 4 of 24 places and loses at none. Edges near to one-hot lose unseen worms where messages are summed
# and one worm trains; otherwise that is not decided.

# %% tags=["hide-input"]
keys = ["more-worms-states", "sixteen-frames", "linear-maps-room", "linear-maps", "without-ava"]
keys += ["one-hot-unseen"]
assert (verdict[["gnn-excels", *keys]] == "holds in part").all()
ours = found.set_index("key")["ours"].str.split("\n")
excels = ours["gnn-excels"]
assert "7 states, unseen): +6.3\u00a0[+1.2,\u00a0+15.1]" in excels[2]
assert "(1 for, 0 against, 2 open)" in excels and "(0 for, 3 against, 0 open)" in excels
more = [
    line.split("): ")[1].startswith("+") and "[+" in line for line in ours["more-worms-states"][:6]
]
assert more == [False, True, False, True, True, False]  # MLP and GNN at two, four and seven states
assert "(4 for, 0 against, 20 open)" in ours["linear-maps"]
one, four = ours["sixteen-frames"][:2]
assert "1 trained on): −9.8" in one and "4 trained on): +24.4" in four

# %% [markdown]
# **Not decided.** Whether the GNN decodes unseen worms better than the MLP at two states, and at four when three worms train it; beside these,
# the MLP with the GNN's classifier is better than the GNN, by 0.3 (0.1 to 0.6) and 1.6 points. Whether inferred edges do better at two
# states than the connectome's (0.1 points worse, −1.6 to 0.8). Whether one edge map is better than
# edges of each frame, and whether a GAT is worse than the GNN.

# %% tags=["hide-input"]
keys = ["gnn-beats-mlp", "four-three-beats-mlp", "connectome-unseen", "connectome-beats-mlp"]
keys += ["static-edges", "gat-states"]
assert (verdict[keys] == "not decided").all()
assert "3 trained on): −1.6\u00a0[−3.0,\u00a0−0.4]" in ours["four-three-beats-mlp"][2]
assert [round(value, 1) for value in gaps["GNN (connectome)"][ends]] == [-0.1, -1.6, 0.8]
assert [round(value, 1) for value in gaps["MLP, no norm"][ends]] == [-0.3, -0.6, -0.1]

# %% [markdown]
# **Does not hold.** No network generalises better than the SVM; the MLP is worse. The GNN does not always match the
# MLP: on the same worm, at seven states, it is 1.5 points worse (0.5 to 2.7). The GNN of the text forecasts no better than networks without a graph, and worse than a GAT if one worm trains it. Three neurons
# in place of 15 cost the MLP 9.6 points at two states (2.4 to 13.0, one training worm). Edges that come near to one-hot are no permutations. Inferred edges do resemble the
# connectome's gap junctions, but not beyond what the worm's own correlations explain.

# %% tags=["hide-input"]
keys = ["deep-beats-svm", "at-least-mlp", "markovian-gnn", "gat-forecasts", "three-neurons"]
assert (verdict[[*keys, "no-similarity", "permutation"]] == "does not hold").all()
assert compare(table1, unseen["MLP"], unseen["SVM"])["high"].item() < 0 < gaps["SVM"]["high"]
assert "(0 for, 1 against, 2 open)" in ours["deep-beats-svm"]
assert "7 states, same worm): −1.5\u00a0[−2.7,\u00a0−0.5]" in ours["at-least-mlp"][4]
assert "(5 for, 1 against, 0 open)" in ours["at-least-mlp"]
assert "2 states, unseen, 1 trained on): −9.6\u00a0[−13.0,\u00a0−2.4]" in ours["three-neurons"][0]
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
# **The margin.** Halving it to one point changes six verdicts, the accuracies of both graph networks in Table 1 among them, which are then not decided; five
# points change four, one of them to the opposite: with 3 points or more the GNN does always match or exceed the MLP.
# Five worms make wide intervals: *not decided* is then the honest answer, and no sign that a sentence is wrong.

# %% tags=["hide-input"]
at = {points: check(evidence, points)["verdict"] for points in (1.0, 5.0)}
changes = {points: found["verdict"] != other for points, other in at.items()}
assert [int(changed.sum()) for changed in changes.values()] == [6, 4]
assert changes[1.0][found["key"].str.startswith("table1-GNN-")].all()
opposite = found["verdict"].map({"holds": "does not hold", "does not hold": "holds"})
turned = {points: found["key"][opposite == other].tolist() for points, other in at.items()}
assert turned == {1.0: [], 5.0: ["at-least-mlp"]}
assert check(evidence, 3.0, keys=["at-least-mlp"])["verdict"].tolist() == ["holds"]

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
pages.table(pd.DataFrame(VERDICTS.items(), columns=["verdict", "meaning"]))

# %% [markdown]
# ## The tables behind it
#
# Not every experiment was run at the scale of the paper.

# %% tags=["hide-input"]
names = sorted({name for claim in CLAIMS.values() for name in claim.tables})
abouts = {name: read_reference(name).manifest for name in names}
scales = {
    name: about["profile"] if isinstance(about.get("profile"), dict) else {}
    for name, about in abouts.items()
}
behind = pd.DataFrame(
    {
        "table": list(abouts),
        "profile": [scale.get("name", "–") for scale in scales.values()],
        "folds of ten": [pages.folds_done(abouts[n]) if s else "–" for n, s in scales.items()],
        "epochs": [str(scale.get("epochs", "–")) for scale in scales.values()],
        "note": [about.get("note", "") for about in abouts.values()],
    }
)
pages.table(behind, caption="Reference tables in use")
