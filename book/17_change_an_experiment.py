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
# # Change an experiment
#
# Every table of this book is an experiment that you can change. How do I run one with neurons of my choice, a model of mine, or my own worms?
#
# **Answer.** An experiment is a short list: which model, which neurons, which worms. Change an entry and run it. Everything else stays as in the paper: folds, training,
# and scores on worms that the model has never met. Your neurons take one line of code, your worms a folder of tables, your model a class of some twenty lines.
#
# Each step below runs when this page is made, at a small scale. The numbers show that the code runs, and no more.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated, kato, or a folder of your own labelled recordings
profile: str = "quick"  # smoke, quick, reduced or paper
seed: int = 0  # of folds, initial weights and the order of training
neurons: list = ["AVAL", "RIML", "RMED", "VB02"]  # neurons to compare with the paper's 15

# %% tags=["hide-input"]
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown

from wormgnn import Experiment, Line, Plan, compare, load, plots, read, results, run
from wormgnn.paper import pages

profile = pages.start(dataset, profile)

# %% [markdown]
# ## An experiment in five lines
#
# A *line* is one model with a label. A *plan* says how it is trained: here on one worm, to tell forward from reverse. `run` trains every line on every training worm and
# fold, and gives one row for each evaluated worm. `compare` takes one model from another over the same worms.

# %%
plan = Plan("mlp", n_states=2, options={"norm": "none"}, sizes=(1,))
lines = (Line("SVM", Plan("svm", n_states=2, sizes=(1,))), Line("MLP", plan))
mine = Experiment("mine", "Is an MLP better than an SVM?", lines)
table = run(mine, dataset, profile, seed=seed)
gain = compare(table.rows, {"model": "MLP"}, {"model": "SVM"}, by=["seen"])

# %% tags=["hide-input"]
shown = ["seen", "a", "b", "difference", "low", "high", "n_worms"]
pages.table(
    gain[shown],
    caption=f"This build ({dataset}, {profile}): accuracy of the MLP (a), of the SVM (b), and a − b in "
    "points with a 95 % interval over n worms. Seen: worms that the model trained on.",
    digits=1,
)

# %% [markdown]
# Try another question: `n_states=4` or `7`, `split="blocked"` (test frames far from training frames), `sizes=(1, 4)` (trained on one and on four worms). An unknown name
# is an error that lists the names that there are.
#
# ## Your neurons
#
# `neurons` of a line takes any list of names that all worms have, or the name of a set: `paper`, `shared` (all that the worms share), `without AVA`.

# %%
few = Line("MLP, few neurons", plan, model="MLP", neurons=tuple(neurons))
every = Line("MLP, the paper's 15", plan, model="MLP")
fewer = run(
    Experiment("fewer", "Are few neurons enough?", (few, every)), dataset, profile, seed=seed
)
loss = compare(
    fewer.rows, {"neurons": few.neurons_name}, {"neurons": "paper"}, by=["model", "seen"]
)

# %% tags=["hide-input"]
pages.table(
    loss[shown],
    caption=f"This build ({dataset}, {profile}): accuracy of the MLP on {', '.join(neurons)} (a), on the "
    "paper's 15 neurons (b), and a − b in points with a 95 % interval over n worms.",
    digits=1,
)

# %% [markdown]
# ## Your model
#
# A model is a class with two methods. `__init__` gets the numbers of networks, neurons and outputs; `forward` takes what the neurons do to a score for each
# state. `register` gives it a name, and from then on a plan finds it. This is the whole file, `examples/my_model.py`:
#
# ```{literalinclude} ../examples/my_model.py
# :language: python
# ```
#
# Networks that train on different worms are computed together, so that each layer has one set of weights for each of them (`members`). What a run has computed is
# kept, and found by the model's name, options and version: raise `version` when you change the class.

# %%
sys.path.insert(0, str(results.default_folder().parent / "examples"))
import my_model

products = Experiment("products", "Do products help?", my_model.LINES)
compared = run(products, dataset, profile, seed=seed)
better = compare(compared.rows, {"model": "Products"}, {"model": "MLP"}, by=["seen"])

# %% tags=["hide-input"]
pages.table(
    better[shown],
    caption=f"This build ({dataset}, {profile}): accuracy of the model of one's own (a), of the MLP (b), and "
    "a − b in points with a 95 % interval over n worms.",
    digits=1,
)

# %% [markdown]
# The plots of the book draw any run ({numref}`fig-own-model`).

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-own-model", "caption": "This build: accuracy of the model of one's own and of the MLP. Filled: unseen worms; hollow: test folds of the training worms. Small points are worms, large ones their mean with its 95 % interval. Dotted: majority class."}, "image": {"alt": "Two rows of points, one for each model, on an axis of accuracy in percent. For each model, filled points of unseen worms and hollow points of the training worms, with the mean and its interval."}}
figure, axes = plt.subplots(figsize=(7, 2.2), layout="constrained")
plots.accuracy_by(compared.rows, axes)
plots.figure_legend(figure)
plt.show()

# %% [markdown]
# ## Your worms
#
# One table for each worm, a row for each frame: `time_s`, `state`, and a column for each neuron. (MATLAB, NWB, WormWideWeb's JSON and NPZ are read, too.) States have the
# names that the book uses, such as `forward` and `reverse`; an empty cell is a frame without a label. Here we write such tables from the worms of this page, as you
# would from yours.

# %%
folder = Path(tempfile.mkdtemp()) / "my_worms"
folder.mkdir()
for worm in load(dataset)[:3]:
    names = [*worm.vocabulary, ""]  # the last for frames without a state
    traces = pd.DataFrame(worm.select(neurons).traces, columns=neurons)
    traces.insert(0, "time_s", worm.times)
    traces.insert(1, "state", [names[state] for state in worm.states])
    traces.to_csv(folder / f"{worm.worm}.csv", index=False)

# %% tags=["hide-input"]
pages.table(traces.head(4), caption=f"The first rows of {worm.worm}.csv.", digits=2)

# %% [markdown]
# A folder takes the place of a dataset's name, everywhere: in `run`, in `load`, in `wormgnn run --dataset`, and as the parameter `dataset` of a chapter.
# Recordings in memory will do, too.

# %%
ours = Experiment("ours", "My worms", (few,))
by_folder = run(ours, str(folder), profile, seed=seed)
recordings = [recording for file in sorted(folder.iterdir()) for recording in read(file)]
by_hand = run(ours, recordings, profile, seed=seed)

# %% tags=["hide-input"]
unseen = [ran.rows[~ran.rows["seen"]]["accuracy"].mean() for ran in (by_folder, by_hand)]
Markdown(
    f"This build ({profile}): accuracy on unseen worms of these three, in percent: read from the folder "
    f"{100 * unseen[0]:.1f}, handed over in memory {100 * unseen[1]:.1f}."
)

# %% [markdown]
# ## The same from the command line
#
# ```bash
# wormgnn run table1 --dataset my_worms --line MLP --profile quick   # an experiment of the paper on your folder
# python examples/my_model.py                                       # your model
# papermill book/17_change_an_experiment.ipynb out.ipynb -p dataset my_worms -y 'neurons: [AVAL, RIML]'
# ```
#
# Experiments of the paper read its 15 neurons; if your worms lack some, choose neurons in Python, as above. With papermill, `-p` passes a number or a word, `-y` a list.
# A parameter that a chapter does not have, or of another kind, ends the run at once and names those that there are;
# `papermill --help-notebook book/17_change_an_experiment.ipynb` lists them.
#
# **Further.** A dataset with a reader of its own, a model or an experiment for everybody: see `CONTRIBUTING.md`. To decode worms without labels, see
# [Decode your own worm](07_decode.ipynb).
