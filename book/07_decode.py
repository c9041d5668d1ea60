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
# # Decode your own worm
#
# What did my worm do, and how far can I trust a decoder that never met it? One command reads a recording of yours and writes, for every frame, the
# behavioural state and how probable it is. You need calcium traces with the names of the neurons; three of the training worms' neurons are the least, and
# more are better.
#
# **Answer.** The default decoder is right on 97.9 % of the frames [95.4, 99.0] of Kato's worms that were left out of training (two states; mean and 95 % interval over five
# worms). On four freely moving animals of another laboratory the same model, on the neurons that they have, is right on 57.5 % [46.7, 63.6], less than the majority class.
#
# **Verdict.** Use it for worms recorded as the training worms were. For any others, label a few minutes of one of them and score it first.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated, kato or nichols: the worms that train the decoder
profile: str = "quick"  # smoke, quick or paper: how long it trains
seed: int = 0  # of folds, initial weights and the order of training
n_states: int = 2  # 2, 4 or 7

# %% tags=["hide-input"]
import csv
import tempfile
from pathlib import Path

import pandas as pd
from click.testing import CliRunner
from IPython.display import Image

from wormgnn import plots, results
from wormgnn.cli import main
from wormgnn.comparison import compare, select
from wormgnn.datasets.simulated import simulate
from wormgnn.decoding import DECODERS, MIN_MEMBERS, MIN_NEURONS, MODEL
from wormgnn.paper import pages
from wormgnn.paper.studies import another_lab
from wormgnn.recording import NO_STATE, UNIDENTIFIED
from wormgnn.statistics import bootstrap_interval

plots.use_style()
profile = pages.effective_profile(profile)
pages.banner(dataset)

# %% tags=["hide-input"]
model = {"model": "MLP, no norm"}
table1 = select(results.read("table1.kato").table, {"seen": False, "n_train": 4})
home = select(table1, model).groupby("worm")["accuracy"].mean()
means = another_lab.by_worm(results.read("transfer.kato").table)
abroad = select(means, {"case": another_lab.ABROAD, **another_lab.AS_RECORDED, **model})
assert [round(float(100 * end), 1) for end in bootstrap_interval(home)] == [97.9, 95.4, 99.0]
accuracy = bootstrap_interval(abroad["accuracy"])
assert [round(float(100 * end), 1) for end in accuracy] == [57.5, 46.7, 63.6]
assert (abroad["accuracy"] < abroad["majority"]).all() and len(abroad) == 4 and len(home) == 5

# %% [markdown]
# ## Your file
#
# Below, a simulated worm stands in the place of yours.
#
# A **CSV table** has one row for each frame and a header. The column `time_s` holds seconds (without it, tell
# `--fps`). Every other column is the trace of the neuron that heads it: ΔF/F₀, or anything that rises with calcium,
# since each trace is scaled to [0, 1]. A header of digits, or with a question mark, is a neuron that
# nobody has identified. A column `state` with the names of the behaviours, empty where there is none, is optional: it
# plays no part in decoding, and is what `--score` compares with.
#
# | also read | what it is |
# |---|---|
# | NPZ | `traces` (frames, neurons), `neurons` (text), `fps` or `times_s`, optional `states` (text); no pickled objects |
# | MATLAB v7.3 | in the layout of {cite:t}`kato2015global` or {cite:t}`nichols2017global` |
# | JSON | of WormWideWeb {cite:p}`atanas2023brainwide,dag2023dissecting` |
#
# The kind is told by the content, not by the file's name. Here is the example:

# %% tags=["hide-input"]
folder = Path(tempfile.mkdtemp())
worm = simulate(n_worms=1, duration_s=240.0, seed=7)[0]
mine = folder / "my_worm.csv"
header = [name if name != UNIDENTIFIED else str(column) for column, name in enumerate(worm.neurons)]
with mine.open("w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file)
    writer.writerow(["time_s", "state", *header])
    for time_s, state, values in zip(worm.times, worm.states, worm.traces, strict=True):
        name = "" if state == NO_STATE else worm.vocabulary[state]
        writer.writerow([f"{time_s:.3f}", name, *(f"{value:.4f}" for value in values)])
shown = ["time_s", "state", "AVAL", "RIMR", "VB01", header[0]]
pages.table(
    pd.read_csv(mine)[shown].head(4),
    caption=f"The first rows of my_worm.csv, {len(shown)} of its {len(header) + 2} columns.",
)

# %% [markdown]
# ## The command

# %% tags=["hide-input"]
common = ["decode", "--train", dataset, "--states", n_states, "--profile", profile, "--seed", seed]
typed = [str(word) for word in (*common, "--score", "--output", folder / "decoded", mine)]
answer = CliRunner().invoke(main, typed, catch_exceptions=False)
print(f"$ wormgnn {' '.join(typed)}\n{answer.output}".replace(f"{folder}/", ""))
assert answer.exit_code == 0

# %% [markdown]
# The first use trains the decoder, for exactly the neurons that your worm shares with the training worms; it is kept, and later uses take seconds. Five networks or
# more (one for each fold) decide together. The default model is the MLP without batch norm: on Kato's worms that were left out of training
# it is right on +4.4 points [+0.2, +13.1] more frames than the GNN, which `--model gnn` takes. Models that give no probabilities, such as the SVM, are not on offer.

# %% tags=["hide-input"]
gap = compare(table1, model, {"model": "GNN"})[["difference", "low", "high"]].iloc[0]
assert list(gap.round(1)) == [4.4, 0.2, 13.1]
assert (
    MODEL == "mlp"
    and set(DECODERS) == {"mlp", "gnn"}
    and DECODERS[MODEL].options == {"norm": "none"}
)
assert MIN_MEMBERS == 5

# %% [markdown]
# ### What it writes
#
# For each worm a table of states and a figure ({numref}`fig-decoded`), and `summary.csv` with one line for each. States
# are given at your own frame times, whatever rate the decoder works at. A file is written whole or not at all, and
# nothing that is there already is overwritten without `--force`.

# %% tags=["hide-input"]
states = pd.read_csv(folder / "decoded" / "my_worm.states.csv")
pages.table(
    states.iloc[100:105],
    caption="Rows of my_worm.states.csv. p_: mean probability over networks; agreement: share of networks that name this state on their own.",
)

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-decoded", "caption": "my_worm.png: decoded states, the labels that the file held, the neurons used, and the probability of each state. Grey: labelled with a state that the decoder does not know (turns, where it knows two states), or with none. It names a state there too; scores leave these frames out."}}
Image(filename=folder / "decoded" / "my_worm.png", width=800)

# %% tags=["hide-input"]
line = pd.read_csv(folder / "decoded" / "summary.csv")
pages.table(
    line.T.reset_index().set_axis(["column", "value"], axis=1),
    caption="summary.csv, turned on its side.",
)

# %% [markdown]
# ## How far to trust it
#
# - `left_out_accuracy` is the accuracy on *training* worms that were left out, by the very neurons that your worm has. It is what to
#   expect of one more worm of that laboratory. The [previous chapter](06_another_lab.ipynb) shows how much less
#   it can be on another laboratory's.
# - `accuracy`, with `--score`, is the only number about *your* worm. Label a few minutes, and look at
#   `balanced_accuracy` and `majority` beside it.
# - `mean_probability` and `agreement` say how sure the networks are, not whether they are right: networks that
#   learned from the same worms make the same mistakes.
# - The whole recording is used for scaling, its future too. Traces that drift or bleach should be corrected first.
# - `trained_on` is true for a recording that the decoder has learned from; nothing about it then holds for others.
#
# ## When it refuses
#
# Everything is checked before anything is trained or written.

# %% tags=["hide-input"]
frame = pd.read_csv(mine)
frame[["time_s", "AVAL", "RIMR", header[0]]].to_csv(folder / "few_neurons.csv", index=False)
frame.drop(columns="state").to_csv(folder / "no_labels.csv", index=False)
frame.drop(columns=["time_s", "state"]).to_csv(folder / "no_times.csv", index=False)
frame.assign(AVAL=[*frame["AVAL"][:-1], "n/a"]).to_csv(folder / "text.csv", index=False)
(folder / "picture.csv").write_bytes(b"\x89PNG\r\n")
other = ["--output", folder / "other"]
refused = [
    [*other, folder / "few_neurons.csv"],
    [*other, "--score", folder / "no_labels.csv"],
    [*other, folder / "no_times.csv"],
    [*other, folder / "text.csv"],
    [*other, folder / "picture.csv"],
    ["--output", folder / "decoded", mine],
]
for arguments in refused:
    typed = [str(word) for word in (*common, *arguments)]
    answer = CliRunner().invoke(main, typed, catch_exceptions=False)
    print(f"$ wormgnn {' '.join(typed)}\n{answer.output}".replace(f"{folder}/", ""))
    assert answer.exit_code == 1
assert not (folder / "other").exists()

# %% [markdown]
# Fewer than three neurons in common are refused. By default the neurons are those of the paper that the training worms share; `--neurons shared` takes all that they
# share, which can be more. `wormgnn decode --help` lists every option.

# %% tags=["hide-input"]
assert MIN_NEURONS == 3
