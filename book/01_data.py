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
# # The recordings
#
# **Question.** Does the same neuron do the same in every animal, and what does a model get to see of it?
#
# **Answer.** On the five real worms of {cite:t}`kato2015global`, no neuron of the paper's 15 is consistent
# in every behavioural state: **0 of 15** by our test, where the paper cites 3 of 15. A decoder for
# unseen animals cannot rest on one neuron.
#
# **Verdict.** That few neurons behave alike in all worms *holds*, and more strictly than the paper says.
#
# The figures follow Figures 1 and 3A of {cite:t}`wang2020generalizable`. Those of real worms come first; tables and figures of
# this build say so.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated, kato, nichols or wormwideweb
profile: str = "quick"  # smoke, quick or paper: shuffles in each test
seed: int = 0  # seed of bootstraps, shuffles and folds

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Image, Markdown

from wormgnn import plots, results
from wormgnn.datasets.registry import load
from wormgnn.features import WINDOW_FRAMES, features, scale, scale_causally
from wormgnn.folds import PURGE_FRAMES, roles
from wormgnn.paper import pages
from wormgnn.paper.studies import real_worms
from wormgnn.recording import NO_STATE, PAPER_NEURONS, shared_neurons
from wormgnn.states import LABELS

profile = pages.start(dataset, profile)
recordings = load(dataset)
worms = [recording.worm for recording in recordings]
first = recordings[0]

# %% [markdown]
# ## A whole head in action
#
# A recording holds the fluorescence of the neurons in a worm's head over time, relative to its baseline
# (ΔF/F₀), and a behavioural state for nearly every frame. Many neurons share a few time courses that follow the behaviour
# ({numref}`fig-heatmap`): the low-dimensional dynamics of {cite:t}`kato2015global`.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-heatmap", "caption": "A real worm, the first of Kato et al. 2015 (data: OSF 2395t), after Fig. 1A and 1B of the paper. Top: behavioural state. Middle: all 109 recorded neurons, each over its own range, sorted by their correlation with the reversal neuron AVAL: above, active in backward crawling; below, in forward crawling. Bottom: four neurons (\u0394F/F\u2080), coloured by the state. AVAL and RIML rise with backward crawling, AVBL with forward crawling, SMDVR with ventral turns."}, "image": {"alt": "A strip of behavioural states lies above a heat map of all neurons of a real worm. Blocks of neurons brighten and darken together as the state changes. Below, four traces coloured by state: AVAL and RIML are high in reversals, AVBL in forward crawling, SMDVR in ventral turns."}}
Image(results.picture("whole_brain.kato"), width=800)

# %% [markdown]
# Kato's five worms were recorded for 18 minutes each: 3,021 to 3,311 frames, and 109 to 135 neurons, of which only some have been
# identified. The paper's 15 neurons have a name in all five. A {term}`window` of eight frames, the unit in which recordings are divided, lasts
# 2.6 to 2.9 s. About two thirds of a trace's rises and falls (65 to 73 %) end within one window, but
# these hold only 19 to 36 % of its change.

# %% tags=["hide-input"]
reference = results.read("recordings.kato")
facts = reference.table.groupby("fact")["value"].agg(["min", "max", "sum", "count"])
ends = facts[["min", "max"]].round().astype(int)
assert (facts.loc["consistent, bouts", "sum"], facts.loc["consistent, bouts", "count"]) == (0, 15)
assert facts.loc["consistent, frames", "sum"] == 0
assert pages.paper_reported()["text"]["consistent_neurons"] == [3, 15]
assert (ends.loc["minutes"] == 18).all() and (ends.loc["paper's neurons named"] == 15).all()
assert ends.loc["frames"].tolist() == [3021, 3311] and ends.loc["neurons"].tolist() == [109, 135]
assert facts.loc["window (s)", ["min", "max"]].round(1).tolist() == [2.6, 2.9]
assert ends.loc["runs within a window (%)"].tolist() == [65, 73]
assert ends.loc["change within a window (%)"].tolist() == [19, 36]
pages.reference_note(reference)

# %% [markdown]
# ## The same neuron in different animals
#
# {cite:t}`brennan2019quantitative` observed that an identified neuron need not do the same thing in two animals that show the
# same behaviour. {numref}`fig-onset` looks at the paper's two examples, ALA and RIML, at the onset of
# reverse crawling and of a dorsal turn. RIML follows both states in all worms, at another level in each; ALA follows neither.
#
# The paper does not say what its intervals are taken over. Neighbouring frames of a calcium trace are nearly copies of one
# another, so ours resample whole {term}`bouts <bout>`. They are wide where a worm entered a state only a few times.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-onset", "caption": "Five real worms of Kato et al. 2015 (data: OSF 2395t): activity of two neurons around the onset of a state (after Fig. 1C of the paper); traces scaled to [0, 1] over each recording. Coloured lines: mean over the bouts of one worm. Shades: 95 % bootstrap intervals over bouts. Dashed: mean over worms."}, "image": {"alt": "Four panels of activity against seconds since the onset of reverse and of a dorsal turn. The worms' lines for ALA are flat and far apart; those for RIML rise after a reverse and fall after a turn, at different levels."}}
Image(results.picture("onsets.kato"), width=800)

# %% [markdown]
# ### One distribution, or two?
#
# For each neuron, state and pair of worms we compare the distributions of the scaled activity by the two-sample
# Kolmogorov–Smirnov statistic. Its textbook p-value takes frames to be independent, and calls almost
# everything different. We shuffle the *bouts* of both worms instead, each in one piece. {numref}`fig-pairs`
# gives these probabilities for three neurons.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-pairs", "caption": "Five real worms of Kato et al. 2015: probability that the activity of a neuron in one state would differ as much between two worms if both drew it from one distribution (after Fig. 1D of the paper). Rows and columns of a matrix are worms. Grey: the worm itself, or too few bouts to say."}, "image": {"alt": "A grid of small matrices, a row for each neuron and a column for each state. Each matrix compares worms in pairs: red squares where two worms differ, blue where they are alike. Most matrices hold both."}}
real = results.read("consistency.kato").table
alike = real_worms.consistent(real)
states, examples = list(alike.columns), ("ALA", "RIML", "VB01")
kato = [f"kato-{number}" for number in range(1, 6)]
figure, grid = plt.subplots(3, len(states), figsize=(7.5, 5.4), squeeze=False)
for row, neuron in zip(grid, examples, strict=True):
    for axes, state in zip(row, states, strict=True):
        plots.probability_matrix(real_worms.pair_matrix(real, neuron, state, kato), axes)
        axes.set(title=state, ylabel=neuron)
        axes.label_outer()
figure.colorbar(
    grid[0, 0].collections[0],
    **dict(ax=grid, format="%g", shrink=0.7, label="probability of one distribution"),
)
plt.show()

# %% [markdown]
# {numref}`fig-consistency` shows all neurons. We call a neuron *consistent in a state* if no pair of worms differs
# at the 5 % level, after Holm's correction for the number of pairs. This criterion is ours: the paper cites how many
# neurons were consistent, but not by which rule. Two limits: a state with few bouts, such as the dorsal turn, makes neurons
# look consistent, and a neuron near the limit may change sides with the seed of the shuffles.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-consistency", "caption": "Five real worms of Kato et al. 2015: share of the ten pairs of worms whose activity differs (p < 0.05 before correction), for each neuron and state. Dots: consistent, that is, no pair differs after Holm's correction."}, "image": {"alt": "A heat map of states by neurons: the redder, the more pairs of worms differ. Most columns have a dark cell somewhere; dots mark the cells where no pair differs."}}
assert not alike.eq(True).all(axis=1).any()
differ = real["p"].lt(0.05).groupby([real["neuron"], real["state"]]).mean().unstack()
differ = differ.loc[alike.index, alike.columns].T
dots = np.where(alike.T.eq(True), "●", "")
figure, axes = plt.subplots(figsize=(7.5, 2.8))
label = "share of pairs\nwith p < 0.05"
plots.number_matrix(differ, axes, label, (0, 1), "Reds", dots)
axes.set(xlabel="", ylabel="")
plt.show()

# %% [markdown]
# ## Neurons that all worms share
#
# A decoder that is to read an unseen animal can only use neurons that were identified there too. We find them by
# intersecting the names. Kato's file exists in two releases, which name different neurons. The paper's 15 are exactly those that the older
# release identifies in all five worms. The current one, which the reference results use, shares more, and holds them
# all once the fifth worm's unnamed VB01 has the name that the older release gives it.
#
# Seven states become four when the reversals merge into *reverse*, and *slowing* into *forward*. Two states
# are forward and reverse alone. Frames without a state, or with one that is left out, count neither in
# training nor in scores.
#
# ### The recordings of this build

# %% tags=["hide-input"]
shared = shared_neurons(recordings)
of_paper = tuple(name for name in PAPER_NEURONS if name in shared)
focus = of_paper or shared[:15]
pages.table(
    pd.DataFrame(
        {
            "worm": recording.worm,
            "frames": recording.n_frames,
            "frames per s": recording.fps,
            "duration (s)": round(recording.times[-1] - recording.times[0] + 1 / recording.fps),
            "neurons": len(recording.neurons),
            "identified": len(recording.identified),
        }
        for recording in recordings
    ),
    caption=f"Worms of this build ({dataset}). {len(shared)} neurons are identified in all of them, {len(of_paper)} of these are "
    f"among the paper's {len(PAPER_NEURONS)}.",
    digits=2,
)

# %% tags=["hide-input"]
codes = [*range(len(first.vocabulary)), NO_STATE]
counts = pd.DataFrame({r.worm: [(r.states == code).sum() for code in codes] for r in recordings})
counts.insert(0, "state", [*(LABELS.get(name, name) for name in first.vocabulary), "no state"])
counts["all"] = counts[worms].sum(axis=1)
pages.table(counts, caption=f"Frames of each behavioural state in this build ({dataset}).")

# %% tags=["hide-input"]
shuffles = {"smoke": 499, "quick": 4999}.get(profile, 9999)
tests = real_worms.compare_worms(recordings, focus, n_states=4, n=shuffles, seed=seed)
pages.table(
    real_worms.tally(tests),
    caption=f"Consistent neurons in this build ({dataset}): {len(tests)} tests, {shuffles} shuffles each, for worms "
    f"with {real_worms.MIN_BOUTS} bouts of a state or more.",
    digits=0,
)

# %% [markdown]
# ## What a model sees
#
# Models get two features of each neuron at each frame: its trace and its time derivative, each scaled to [0, 1]. The
# derivative is the source's own where the file has one, and otherwise a Gaussian derivative. A recording becomes a
# *temporal graph* ({numref}`fig-graph`): one graph for each frame, its nodes the neurons.
#
# The paper scales each trace by its minimum and maximum over the entire recording. A frame then knows something of its
# future, and a decoder could not run while the worm is still being recorded. Our causal variant scales each frame by
# the range seen so far. What that costs is in the [controls](05_controls.ipynb).

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-graph", "caption": "A temporal graph (after Fig. 3A of the paper), on one worm of this build (simulated unless the banner names real ones). Top: all of its neurons. Left: the graph at two successive frames, nodes shaded by their scaled trace; a model decides which pairs are joined, and how strongly. Right: scaled trace (top) and derivative (bottom) of the ringed neuron; dots are its features at frame t' = t + 1. Bottom: one trace scaled by the whole recording (the paper's way) and by its past alone."}, "image": {"alt": "A heat map of all neurons of one worm. Two rings of named neurons, shaded by activity and joined all to all, show it at two successive frames. Beside them, the trace and the derivative of one neuron; below, a trace scaled by the whole recording and by its past, which differ at the start."}}
inputs = [features(recording, focus, n_states=4) for recording in recordings]
reverse = np.flatnonzero(np.diff((inputs[0].y == 1).astype(int)) == 1)
frame = int(reverse[len(reverse) // 2])
example = "AVAL" if "AVAL" in shared else focus[0]
pair = [name for name in ("ALA", "RIML") if name in shared]
pair = pair if len(pair) == 2 else list(focus[:2])
figure, panels = plt.subplot_mosaic(
    [["heat", "heat"], ["graph", "node"], ["scaling", "scaling"]],
    figsize=(7.5, 6),
    width_ratios=(2.1, 1),
    height_ratios=(0.7, 1, 0.6),
)
plots.neural_activity(first, panels["heat"])
plots.temporal_graph(inputs[0], [frame, frame + 1], panels["graph"], highlight=pair[1])
plots.node_features(inputs[0], pair[1], frame, first.fps, panels["node"])
panels["node"].set_title(pair[1])
alone, axes = first.select([example]).traces, panels["scaling"]
for name, scaled in {"its past alone": scale_causally, "the whole recording": scale}.items():
    axes.plot(np.arange(len(alone)) / first.fps, scaled(alone), lw=1, label=f"by {name}")
axes.set(title=example, ylim=(-0.02, 1.02), xlabel="time (s)", ylabel="scaled trace")
axes.margins(x=0)
axes.legend(loc="upper right", bbox_to_anchor=(1, 1.2), ncols=2)
plt.show()

# %% [markdown]
# ### Windows and folds
#
# The paper shuffles the windows of a recording before it divides them into ten folds. A test window then mostly has training
# windows on both sides, and windows that close are alike ({numref}`fig-folds`): accuracy on a training worm's own test
# fold is partly memory. Beside it we use a *blocked* split, with contiguous folds and a gap around them. None of this touches
# unseen worms, which have no window in the training set.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-folds", "caption": "This build. Left: role of every frame of one recording when the fifth of ten folds tests: windows shuffled (the paper's way), and folds in contiguous blocks. Right: correlation between the mean activity of two windows against their distance in time, averaged over neurons, one line for each worm of this build."}, "image": {"alt": "Left: two strips of frames. In the shuffled one narrow test windows are scattered among the training windows; in the blocked one test and validation are single blocks between gaps. Right: the correlation between windows falls with their distance, for every worm."}}
splits = {split: roles(first.n_frames, 4, 10, split, seed) for split in ("shuffled", "blocked")}
correlations = pd.concat(
    pd.DataFrame({"worm": one.worm, "correlation": real_worms.window_correlation(one)})
    for one in inputs
).reset_index(names="windows apart")
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), width_ratios=(1.4, 1))
plots.fold_strips(splits, first.fps, left)
plots.curves(correlations, right, "windows apart", "correlation", hue="worm", errorbar=None)
right.legend()
plt.show()

# %% tags=["hide-input"]
nearest = {name: real_worms.frames_to_training(frames) for name, frames in splits.items()}
touching = {name: f"{100 * (frames == 1).mean():.0f} %" for name, frames in nearest.items()}
by_distance = correlations.groupby("windows apart")["correlation"].mean()
Markdown(
    f"On the recordings of this page, the activity of adjacent windows correlates at {by_distance[1]:.2f}. In "
    f"the shuffled split, {touching['shuffled']} of the test windows touch a training window; in the blocked "
    f"split, {touching['blocked']}. There the nearest training frame is {nearest['blocked'].min()} frames away "
    f"or more, and at the distance of the gap ({PURGE_FRAMES} frames) windows still correlate at "
    f"{by_distance[1 + PURGE_FRAMES // WINDOW_FRAMES]:.2f}: a block is further from the training set, not "
    "independent of it."
)
