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
# What is in a recording, which neurons can be compared between animals, how much the same neuron
# differs from animal to animal, and what a model gets to see of it. The figures follow Figures 1
# and 3A of {cite:t}`wang2020generalizable`; the recordings are those of {cite:t}`kato2015global`
# when `dataset` says so.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated, kato, nichols or wormwideweb
profile: str = "quick"  # smoke, quick or paper: shuffles in each test
seed: int = 0  # seed of bootstraps, shuffles and folds

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

from wormgnn import plots
from wormgnn.datasets.registry import load
from wormgnn.errors import StateError
from wormgnn.features import WINDOW_FRAMES, features, scale, scale_causally
from wormgnn.folds import PURGE_FRAMES, roles
from wormgnn.individuality import (
    MIN_BOUTS,
    activity_at_onset,
    compare_worms,
    consistent,
    pair_matrix,
)
from wormgnn.leakage import frames_to_training, window_correlation
from wormgnn.pages import banner, effective_profile, paper_reported, table
from wormgnn.recording import NO_STATE, PAPER_NEURONS, shared_neurons
from wormgnn.states import LABELS, VOCABULARIES, merge

plots.use_style()
profile = effective_profile(profile)
recordings = load(dataset)
worms = [recording.worm for recording in recordings]
first = recordings[0]
banner(dataset)

# %% [markdown]
# ## The worms
#
# Each recording holds the fluorescence of the neurons in a worm's head over time, relative to its
# baseline (ΔF/F₀), and a behavioural state for nearly every frame. The frame rate differs
# from worm to worm. Only some of the neurons have been identified.

# %% tags=["hide-input"]
table(
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
    caption="The recordings.",
    digits=2,
)

# %% tags=["hide-input"]
codes = {LABELS.get(name, name): code for code, name in enumerate(first.vocabulary)}
counts = pd.DataFrame(
    {
        r.worm: [int((r.states == code).sum()) for code in (*codes.values(), NO_STATE)]
        for r in recordings
    }
)
counts.insert(0, "state", [*codes, "no state"])
counts["all"] = counts[worms].sum(axis=1)
table(counts, caption="Frames of each behavioural state.")

# %% [markdown]
# ## Neurons that all worms share
#
# A decoder that is to read an unseen animal can only use neurons that were identified there too.
# We find them by intersecting the names, rather than from a list.

# %% tags=["hide-input"]
shared = shared_neurons(recordings)
of_paper = tuple(name for name in PAPER_NEURONS if name in shared)
others = [name for name in shared if name not in PAPER_NEURONS]
missing = [name for name in PAPER_NEURONS if name not in shared]
focus = of_paper or shared[:15]
Markdown(
    f"**{len(shared)} neurons** are identified in all {len(recordings)} worms. "
    f"{len(of_paper)} of them are among the paper's {len(PAPER_NEURONS)}"
    + (f" (missing: {', '.join(missing)})" if missing else "")
    + f": {', '.join(of_paper) or 'none'}. "
    + f"{len(others)} are not: {', '.join(others) or 'none'}."
)

# %% [markdown]
# Kato's file exists in two releases, which name different neurons. The neurons that the paper lists
# are exactly those that the older release identifies in all five worms; the intersection of the
# current one, which the reference results use, is larger and holds them all, once one neuron of the
# fifth worm that it leaves without a name is given the older release's name for it (VB01). The
# chapters that follow use the paper's neurons where they compare with the paper.
#
# ## Activity of a whole head
#
# {numref}`fig-heatmap` shows one worm, and {numref}`fig-trace` one of its neurons. Many neurons share a few
# time courses that follow the worm's behaviour: the low-dimensional dynamics of
# {cite:t}`kato2015global`.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-heatmap", "caption": "Activity of all recorded neurons of one worm (after Fig. 1A of the paper). The neurons above the red line are identified in every worm. Those beneath it are sorted by their correlation with the reversal neuron AVAL. The strip on top shows the behavioural state."}}
figure, (strip, main) = plt.subplots(2, 1, figsize=(7, 5.2), height_ratios=(0.04, 1), sharex=True)
plots.ethogram(first, strip)
strip.set_title(first.worm)
strip.tick_params(bottom=False, labelbottom=False)
plots.heatmap(first, shared if len(shared) <= 30 else focus, main)
plots.state_legend(main, first.vocabulary, unlabelled=True)
plt.show()

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-trace", "caption": "Trace of one shared neuron, coloured by the behavioural state (after Fig. 1B of the paper)."}}
example = "AVAL" if "AVAL" in shared else focus[0]
figure, axes = plt.subplots(figsize=(7, 2.4))
plots.coloured_trace(first, example, axes)
axes.set_title(f"{first.worm}, {example}")
plots.state_legend(axes, first.vocabulary, unlabelled=True)
plt.show()

# %% [markdown]
# ## The same neuron in different animals
#
# {cite:t}`brennan2019quantitative` observed that an identified neuron need not do the same thing in
# two animals that show the same behaviour. {numref}`fig-onset` looks at the paper's two examples, ALA and
# RIML (or two others, where these are not shared), at the onset of reverse crawling and of a dorsal turn,
# where turns are labelled. Traces are scaled to [0, 1] over each recording.
#
# The paper does not say what its intervals are taken over. Neighbouring frames of a calcium
# trace are nearly copies of one another, so ours resample whole *bouts* (stretches of one state).
# They are wide where a worm entered a state only a few times.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-onset", "caption": "Activity of two neurons around the onset of a state (after Fig. 1C of the paper). Coloured lines: mean over the bouts of one worm. Shades: 95 % bootstrap intervals over bouts. Dashed: mean over worms. A bout may end within the time shown, and a worm with fewer than three bouts is left out."}}
lags_s = np.arange(-4, 8.01, 0.25)
pair = [name for name in ("ALA", "RIML") if name in shared]
pair = pair if len(pair) == 2 else list(focus[:2])
shown = ["reverse", "dorsal turn"]
shown = [
    state
    for state in shown
    if all(len(activity_at_onset(r, pair[0], state, lags_s)) for r in recordings)
]
figure, grid = plt.subplots(
    len(pair), len(shown), figsize=(7, 4.4), sharex=True, sharey="row", squeeze=False
)
for row, neuron in zip(grid, pair, strict=True):
    for axes, state in zip(row, shown, strict=True):
        around = {r.worm: activity_at_onset(r, neuron, state, lags_s) for r in recordings}
        plots.state_means(around, lags_s, axes, seed)
        axes.set_title(f"{neuron}: {state}")
    row[0].set_ylabel("scaled activity")
for axes in grid[-1]:
    axes.set_xlabel("time since onset (s)")
handles = [line for line in grid[0, 0].get_lines() if not line.get_label().startswith("_")]
names = [*worms, "mean over worms"]
figure.legend(handles, names, loc="outside lower center", ncols=6)
plt.show()

# %% [markdown]
# ### Are two worms' activities drawn from one distribution?
#
# For each neuron, state and pair of worms we compare the distributions of the scaled activity by the
# two-sample Kolmogorov–Smirnov statistic. Its textbook p-value takes frames to be independent, and so
# calls almost anything different. We therefore compare it with what comes of dealing the *bouts* of both
# worms out anew, each in one piece. {numref}`fig-pairs` gives these probabilities for three neurons.

# %% tags=["hide-input"]
shuffles = {"smoke": 499, "quick": 4999}.get(profile, 9999)
tests = compare_worms(recordings, focus, n_states=4, n=shuffles, seed=seed)
verdict = consistent(tests)
verdict_frames = consistent(tests, "p_frames")

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-pairs", "caption": "Probability that the activity of a neuron in one state would differ as much between two worms if both drew it from one distribution (after Fig. 1D of the paper). Rows and columns of a matrix are worms, in the order of the first table. Grey: the worm itself, or too few bouts to tell."}}
examples = [name for name in ("ALA", "RIML", "VB01") if name in focus] or list(focus[:3])
states = list(verdict.columns)
figure, grid = plt.subplots(
    len(examples),
    len(states),
    figsize=(1.65 * len(states) + 1.2, 1.7 * len(examples)),
    squeeze=False,
)
for row, neuron in zip(grid, examples, strict=True):
    for axes, state in zip(row, states, strict=True):
        matrix = pair_matrix(tests, neuron, state, worms)
        image = plots.probability_matrix(matrix, axes)
    row[0].set_ylabel(neuron)
for axes, state in zip(grid[0], states, strict=True):
    axes.set_title(state, loc="center")
plots.probability_bar(image, grid.ravel().tolist())
plt.show()

# %% [markdown]
# {numref}`fig-consistency` sums all neurons up. We call a neuron *consistent in a state* if no pair of
# worms differs at the 5 % level, after Holm's correction for the number of pairs. This criterion is ours:
# the paper reports how many neurons were consistent, but not by which rule. Not to be told apart is not
# the same as to be alike. A state with few bouts, such as the dorsal turn, makes neurons look consistent; and as the shuffles are random,
# a neuron close to the limit may change sides with the seed.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-consistency", "caption": "Share of pairs of worms whose activity differs (p < 0.05 before correction), for each neuron and state. Dots: consistent, that is, no pair differs after Holm's correction."}}
figure, axes = plt.subplots(figsize=(7, 2.6))
plots.consistency(tests, verdict, axes)
plt.show()


# %% tags=["hide-input"]
def tally(name: str, column: str, table: pd.DataFrame) -> dict[str, object]:
    """Row of the summary: how many combinations and neurons are consistent."""
    always = [str(neuron) for neuron in table.index if (table.loc[neuron] == True).all()]  # noqa: E712
    return {
        "test": name,
        "pairs with p < 0.05": f"{100 * (tests[column] < 0.05).mean():.0f} %",
        "consistent neuron and state": f"{int((table == True).sum().sum())} of {table.size}",  # noqa: E712
        "consistent in every state": f"{len(always)} of {len(table)}",
        "which": ", ".join(always) or "none",
    }


table(
    pd.DataFrame(
        [
            tally("shuffled bouts", "p", verdict),
            tally("independent frames", "p_frames", verdict_frames),
        ]
    ),
    caption=f"Consistent neurons: {len(tests)} tests, {shuffles} shuffles each, for worms with "
    f"{MIN_BOUTS} bouts of a state or more.",
)

# %% [markdown]
# What {cite:t}`brennan2019quantitative` counted is not quite what we count, and the table shows how
# much hangs on what is taken to be independent. It also depends on the scaling: a single large transient
# lowers a worm's scaled activity everywhere else.

# %% tags=["hide-input"]
n_consistent, n_neurons = paper_reported()["text"]["consistent_neurons"]
varying = sum(bool((verdict.loc[neuron] == False).any()) for neuron in verdict.index)  # noqa: E712
Markdown(
    f"The paper cites **{n_consistent} of {n_neurons}** neurons as consistent among the five worms of Kato et al. "
    f"On the {dataset} recordings of this page, **{varying} of {len(verdict)}** neurons differ between some "
    "pair of worms in at least one state, by the test that shuffles bouts."
)

# %% [markdown]
# ## What a model sees
#
# Models get two features of each neuron at each frame: its trace and its time derivative, each scaled to
# [0, 1]. The derivative is the source's own where the file has one, and otherwise a Gaussian
# derivative. A recording becomes a *temporal graph* ({numref}`fig-graph`): one graph per frame, its nodes
# the neurons.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-graph", "caption": "A temporal graph (after Fig. 3A of the paper). Left: the graph at two successive frames, nodes shaded by their scaled trace; which pairs are joined, and how strongly, a model decides. Right: scaled trace (top) and derivative (bottom) of the ringed neuron. The dashed line marks frame t' = t + 1, and the dots the features at that frame."}}
n_states = 4
inputs = [features(recording, focus, n_states) for recording in recordings]
reverse = np.flatnonzero(np.diff((inputs[0].y == 1).astype(int)) == 1)
frame = int(reverse[len(reverse) // 2])
figure, (left, right) = plt.subplots(1, 2, figsize=(7.5, 2.7), width_ratios=(2.1, 1))
plots.temporal_graph(inputs[0], [frame, frame + 1], left, highlight=pair[1])
plots.node_features(inputs[0], pair[1], frame, first.fps, right)
right.set_title(pair[1])
plt.show()

# %% [markdown]
# ### Scaling by the whole recording, or by the past
#
# The paper scales each trace by its minimum and maximum over the entire recording. That keeps relative
# magnitudes, which carry information about behaviour, but a frame then knows something of its future: a
# decoder that runs while the worm is still being recorded could not do it. The causal variant scales
# each frame by the range seen so far ({numref}`fig-scaling`).

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-scaling", "caption": "A trace scaled by the whole recording (the paper's way) and by its past alone."}}
trace = first.select([example]).traces
whole, causal = scale(trace)[:, 0], scale_causally(trace)[:, 0]
figure, axes = plt.subplots(figsize=(7, 2.2))
plots.scalings(whole, causal, first.fps, axes)
axes.set_title(f"{first.worm}, {example}")
plt.show()

# %% tags=["hide-input"]
gaps = [
    np.abs(scale(r.select(focus).traces) - scale_causally(r.select(focus).traces)).mean(axis=1)
    for r in recordings
]
half = [len(gap) // 2 for gap in gaps]
early = np.mean([gap[:middle].mean() for gap, middle in zip(gaps, half, strict=True)])
late = np.mean([gap[middle:].mean() for gap, middle in zip(gaps, half, strict=True)])
Markdown(
    f"Over all worms and {len(focus)} neurons, the two differ by {early:.3f} on average in the first half "
    f"of a recording and by {late:.3f} in the second."
)

# %% [markdown]
# ### Windows and folds
#
# Recordings are cut into windows of a fixed number of frames. The paper shuffles the windows before it
# divides them into ten folds. A test window then mostly has training windows on both sides, and
# windows that close look alike ({numref}`fig-leak`): accuracy on the training worm's own test fold is partly
# memory. Beside it we use a *blocked* split, with contiguous folds and a purged gap around them
# ({numref}`fig-folds`). None of this touches
# accuracy on unseen worms, which have no window in the training set.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-folds", "caption": "Role of every frame of one recording when the fifth of ten folds tests: windows shuffled (the paper's way), and folds in contiguous blocks."}}
splits = {split: roles(first.n_frames, 4, 10, split, seed) for split in ("shuffled", "blocked")}
figure, axes = plt.subplots(figsize=(7, 1.9))
plots.fold_strips(splits, first.fps, axes)
plt.show()

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-leak", "caption": "Correlation between the mean activity of two windows, by their distance in time. Averaged over neurons, one line for each worm."}}
correlations = {one.worm: window_correlation(one) for one in inputs}
figure, axes = plt.subplots(figsize=(5, 2.8))
plots.window_correlations(correlations, WINDOW_FRAMES / first.fps, axes)
plt.show()

# %% tags=["hide-input"]
distances = {split: frames_to_training(frames) for split, frames in splits.items()}
touching = {split: 100 * (found == 1).mean() for split, found in distances.items()}
nearby = np.mean([correlation[1] for correlation in correlations.values()])
beyond = np.mean(
    [correlation[1 + PURGE_FRAMES // WINDOW_FRAMES] for correlation in correlations.values()]
)
Markdown(
    f"A window holds {WINDOW_FRAMES} frames, {WINDOW_FRAMES / first.fps:.1f} s. The activity of adjacent windows "
    f"correlates at {nearby:.2f}. In the shuffled split {touching['shuffled']:.0f} % of the test windows touch "
    f"a training window; in the blocked split {touching['blocked']:.0f} % do, and the nearest training frame is "
    f"{distances['blocked'].min()} frames away or more (gap: {PURGE_FRAMES} frames). At that distance windows still "
    f"correlate at {beyond:.2f}: a block is further from the training set than a shuffled window, not independent of it."
)

# %% [markdown]
# ### Seven, four and two states
#
# Kato's seven states merge into the four that the paper compares between datasets, and into forward and
# reverse, which leave the turns out. Frames without a state, or with one that a vocabulary leaves out,
# are ignored in training and in evaluation.


# %% tags=["hide-input"]
def merged(n_states: int) -> str:
    """Frames of each state over all worms, and those left out."""
    try:
        codes = np.concatenate([merge(recording, n_states) for recording in recordings])
    except StateError as error:
        return f"not available: {error}"
    counts = [
        f"{LABELS.get(n, n)} {(codes == i).sum()}" for i, n in enumerate(VOCABULARIES[n_states])
    ]
    return ", ".join([*counts, f"left out {(codes == NO_STATE).sum()}"])


table(
    pd.DataFrame(
        {"states": n_states, "frames over all worms": merged(n_states)} for n_states in VOCABULARIES
    ),
    caption="The three vocabularies.",
)
