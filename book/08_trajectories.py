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
# # Predicting every neuron, frame by frame
#
# The second task of {cite:t}`wang2020generalizable` names no states. From what all neurons do now, a
# model predicts what each of them does next, goes on from its own prediction, and is judged 16
# frames later, on a worm that it never met.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated or kato: the worms that train
profile: str = "quick"  # smoke, quick, reduced (hours) or paper
seed: int = 0  # seed of folds, initial weights, the order of training and of sampling
models: list = []  # some of the models of wormgnn.forecast_experiments to compute, such as "MLP"; if empty, all, or at smoke and quick the cheaper ones

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown, display

from wormgnn import free_runs, plots, reference
from wormgnn.claims.claim import VERDICTS
from wormgnn.claims.forecasts import claims
from wormgnn.errors import DatasetUnavailableError, NeuronError
from wormgnn.features import features
from wormgnn.forecast_comparisons import (
    beside,
    best_models,
    comparisons,
    differences_for_page,
    for_page,
)
from wormgnn.forecast_experiments import PERSISTENCE, SIMPLE, forecast_named, run
from wormgnn.forecast_tables import skill
from wormgnn.pages import banner, effective_profile, reference_note, table
from wormgnn.profiles import profile_named
from wormgnn.rollouts import FREE_FRAMES, example_starts
from wormgnn.store import Store

plots.use_style()
profile = effective_profile(profile)
banner(dataset)

# %% [markdown]
# ## What is predicted, and how
#
# The features of all neurons in one frame, trace and derivative scaled to [0, 1], are $X(t)$, and a
# network $f$ gives their change until the next frame (equations 4-5 of the paper):
#
# $$X(t + 1) = X(t) + f(X(t)).$$
#
# Recordings are cut into windows of eight frames. A *Markovian* network knows the first frame of a
# window and predicts seven. In training, each input is replaced by the true frame with a probability that falls
# from one to zero over the first 300 of 800 epochs, which is scheduled sampling
# {cite:p}`bengio2015scheduled`; the paper writes "300 timesteps", which we read as epochs, and
# shorter profiles use the same share. A *recurrent* network, an LSTM {cite:p}`hochreiter1997long` before the same layers, sees four true frames
# and predicts four. One fold of windows chooses the epoch that is kept; there is no test fold. The paper predicts 16 frames
# in validation too, which windows of eight cannot hold: here validation runs to the end of a window, on
# the model's own predictions. Errors are
# measured on whole recordings of worms that the model never met: a forecast starts every eight
# frames, goes on from the last known frame, and runs for 16.
#
# | model | sees | |
# |---|---|---|
# | Persistence | the last frame | stays there |
# | Damped persistence | the last frame | each feature of each neuron returns to its mean by itself |
# | Constant derivative | the last frame | goes on at its slope |
# | Mean | nothing | average of the training worms |
# | Ridge, one frame | the last frame | linear, all neurons: what a Markovian network sees |
# | VAR, four frames | four frames | linear, all neurons: what a recurrent network sees |
# | MLP, Node MLP | the last frame | all neurons together; each neuron by a network of its own |
# | GNN | the last frame | edges inferred at each frame |
# | GNN, static edges | the last frame, and 128 frames of the whole recording | edges inferred once for a worm, from frames that lie ahead too |
# | GAT | the last frame | graph attention {cite:p}`velickovic2018graph` of PyTorch Geometric {cite:p}`fey2019fast` |
# | MLP-RNN, Node MLP-RNN, GNN-RNN | four frames | an LSTM before each; the last is the paper's "future work" |
#
# Choices of ours, where the paper is silent:
#
# - **Networks start as persistence**: the last layer begins at zero. From random weights the first
#   roll-outs run away. Lowest validation error of MLPs trained on one real worm, mean over Kato's five
#   (64 hidden channels, 200 epochs, first fold, seed 0): 33.5 (1e-4) from zero, 39.9 from torch's own initial weights.
# - **No batch norm.** What it does to forecasts of unseen worms is measured [below](#trajectories-sampling).
# - **Gradients flow through a model's own predictions**, over the whole window.
# - **A worm is a batch**, as in the paper, so an epoch is one step of the optimiser for one training worm and
#   four for four: numbers of worms are compared at equal epochs, not at equal steps.
# - **Only predicted frames count in the loss**: seven of a window for a Markovian network, four for a
#   recurrent one. Validation errors of the two kinds are therefore not comparable; errors on unseen
#   worms are, since all forecast the same frames.
# - The profile `reduced` (64 hidden channels in place of 256, 300 epochs in place of 800) exists because edges
#   inferred at every frame put the full protocol out of reach of two cores. The profile `paper` is
#   the same command with another word.

# %% tags=["hide-input"]
scale, store = profile_named(profile), Store()
brief = profile in ("smoke", "quick")
forecast_named("figure4c").only(models)  # a model that does not exist is an error here
DAMPED, LINEAR = "Damped persistence", ["Ridge, one frame", "VAR, four frames"]


def build(name: str, cheap: list):
    """An experiment at this chapter's scale; `cheap` is what the brief profiles run of it."""
    lines = forecast_named(name).lines
    wanted = models or (cheap if brief else lines)
    chosen = [label for label in lines if label in wanted]
    return run(forecast_named(name).only(chosen or [PERSISTENCE]), dataset, scale, store, seed)


found = build(
    "figure4c",
    [DAMPED, "Constant derivative", "Mean", *LINEAR, "MLP", "Node MLP", "GNN", "MLP-RNN"],
)
here = skill(found.rows)
this_build = f"this build: {dataset}, {profile}"
kato = reference.read("figure4c.kato")
rows, origin = (found.rows, this_build)
if kato is not None:
    ran = kato.manifest["profile"]
    rows, origin = (
        kato.table,
        f"reference, real Kato worms, {ran['name']}: {ran['hidden']} hidden channels, "
        f"{ran['epochs']} epochs, {len(ran['folds'])} of {ran['n_folds']} folds",
    )
    display(reference_note(kato))
ours = skill(rows)
left_out = [label for label in forecast_named("figure4c").lines if label not in found.lines]
Markdown(f"Not run in this build: {', '.join(left_out)}." if left_out else "")

# %% [markdown]
# ## Figure 4C: error against frames ahead
#
# The caption of the paper's figure says that models were evaluated on Kato's worms, its text on Nichols's. Here
# worms that trained a model are left out of its evaluation, so of five at most four train.


# %% tags=["hide-input"]
def figure_4c(errors: pd.DataFrame) -> None:
    """MSE against frames ahead, for one training worm and for more."""
    sizes = sorted(errors["n_train"].unique())
    fig, axes = plt.subplots(1, len(sizes), figsize=(8, 4), sharey=True, squeeze=False)
    for ax, n_train in zip(axes[0], sizes, strict=True):
        plots.error_curves(errors, ax, n_train)
        ax.label_outer()
    plots.forecast_legend(fig)
    plt.show()


def figure_skill(errors: pd.DataFrame) -> None:
    """Skill against frames ahead, by kind of model."""
    shape = errors["n_train"].nunique(), len(plots.groups_of(errors))
    fig, grid = plt.subplots(*shape, figsize=(8, 5.4), sharex=True, sharey=True, squeeze=False)
    plots.skill_grid(errors, grid)
    plots.forecast_legend(fig)
    plt.show()


# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-4c", "caption": "This build: MSE of forecasts of unseen worms against frames ahead, mean over trace and derivative. Bands: 95 % bootstrap intervals over worms."}}
figure_4c(here)

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-4c-kato", "caption": "Reference, real Kato worms: the same."}}
if kato is not None:
    figure_4c(ours)

# %% [markdown]
# Worms differ in how much they move, which widens the bands. *Skill*, one minus the ratio of the
# model's MSE to that of persistence on the same worm, takes this out: zero is as good as predicting no change, one hundred percent is
# perfect. Skill above zero does not yet show a learned transition: the derivative is forgotten within a few
# seconds, and a forecast that lets it decay towards its mean beats persistence without knowing what
# comes next. *Damped persistence* does just that and nothing else, so it is the bar for a network, and a
# linear map of all neurons the next.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-skill", "caption": "This build: skill over persistence (dashed line at 0) against frames ahead. Bands: 95 % bootstrap intervals over worms. Models that leave a panel are named in its corner with their lowest skill."}}
figure_skill(here)

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-skill-kato", "caption": "Reference, real Kato worms: the same."}}
if kato is not None:
    figure_skill(ours)

# %% [markdown]
# ## Figure 4D: the numbers
#
# The paper's table is an image without numbers in the text, so there is nothing to print beside ours.


# %% tags=["hide-input"]
def numbers(errors: pd.DataFrame, caption: str):
    """Figure 4D for a page."""
    return table(
        for_page(errors).rename(columns={"n_train": "worms trained on", "members": "pairs"}),
        caption=f"{caption}: MSE (1e-4) and skill over persistence (percent, with 95 % interval "
        "over worms) at 1, 8 and 16 frames ahead; number of evaluated worms, of pairs of a "
        "model and a worm, and of windows in which a model diverged.",
    )


display(numbers(ours, origin))
parts = pd.concat(
    [
        for_page(skill(rows, measure=measure)).assign(feature=feature)
        for measure, feature in (("mse_trace", "trace"), ("mse_derivative", "derivative"))
    ]
)
for feature, part in parts.groupby("feature", sort=False):
    display(
        table(
            part.drop(columns=["feature", "worms", "members", "diverged"]).rename(
                columns={"n_train": "worms trained on"}
            ),
            caption=f"The {feature} alone: {origin}.",
        )
    )

# %% [markdown]
# ### Does a simple forecast win?

# %% tags=["hide-input"]
best = best_models(ours)
wins = best["lowest MSE"] == "simple"
display(
    Markdown(
        f"**A simple forecast has the lowest error in {wins.sum()} of {len(best)} cases** "
        f"({origin}); a case is a number of training worms and of frames ahead, as in the table."
    ),
    table(
        best.rename(
            columns={
                "n_train": "worms trained on",
                "step": "frames ahead",
                "simple": "best simple forecast",
                "network": "best network",
            }
        ),
        caption=f"Best simple forecast and best network, chosen by the error that is shown: {origin}.",
        digits=1,
    ),
)
rivals = ["MLP", "Node MLP", "MLP-RNN", "Node MLP-RNN", DAMPED, *LINEAR]
paired = comparisons(rows, [("GNN", other) for other in rivals], rng=seed)
if len(paired):
    display(
        table(
            differences_for_page(paired).rename(
                columns={"n_train": "worms trained on", "n_worms": "worms", "n_pairs": "pairs"}
            ),
            caption="MSE of the GNN less that of another model (1e-4; negative: the GNN is better) for "
            "the same training and evaluated worms, with 95 % bootstrap intervals over evaluated "
            f"worms: {origin}.",
        )
    )

# %% [markdown]
# ## How much of the future do the known frames hold?
#
# Where a recording comes without derivatives, ours are taken with a Gaussian of 0.7 s that looks as far ahead
# as back, and both features are scaled by the range of the whole recording. The last known frame therefore
# tells a little of the frames behind it, and every model can use that. Here scale and derivative come
# from the past alone (but for the first 200 frames, which share the range of all 200); persistence, with which
# skill compares, changes with them.

# %% tags=["hide-input"]
ways = ("as in the paper", "from the past")
causal = build("figure4c-causal", [DAMPED, "Mean", *LINEAR])
caption = "Skill over persistence (percent) at 1, 8 and 16 frames ahead"
TRAINED = {"n_train": "worms trained on"}
display(
    table(
        beside(here, skill(causal.rows), ways).rename(columns=TRAINED),
        caption=f"{caption}: {this_build}.",
    )
)
past = reference.read("figure4c-causal.kato")
if past is not None and kato is not None:
    display(reference_note(past))
    both = beside(ours, skill(past.table), ways).rename(columns=TRAINED)
    display(table(both, caption=f"{caption}: {origin}."))

# %% [markdown]
# ## Three neurons, other animals
#
# *Three neurons*: AIBR, AVAL and VB02, which Kato's and Nichols's worms have in common. *Another laboratory's animals*: trained on
# one worm or on all five, evaluated on animals of {cite:t}`dag2023dissecting`, all recordings resampled to the
# lowest frame rate, with those of the paper's neurons that every animal has. On simulated worms the other
# laboratory is simulated too (see [its chapter](06_another_lab.ipynb)).

# %% tags=["hide-input"]
for name, cheap, what in (
    ("figure4c-three", [DAMPED, *LINEAR, "MLP"], "Three neurons"),
    ("figure4c-abroad", [DAMPED, *LINEAR, "MLP"], "Another laboratory's animals"),
):
    try:
        there = build(name, cheap)
        count = len(there.neurons)
        display(numbers(skill(there.rows), f"{what} ({count} neurons), {this_build}"))
    except (DatasetUnavailableError, NeuronError) as error:
        display(Markdown(f"*{what}: not computed in this build:* {error}"))
    real = reference.read(f"{name}.kato")
    if real is not None:
        count = real.table["n_neurons"].iloc[0]
        display(reference_note(real))
        display(numbers(skill(real.table), f"{what} ({count} neurons), reference, real worms"))

# %% [markdown]
# Nichols's worms are forecast when they are present and Kato's train.

# %% tags=["hide-input"]
try:
    if dataset != "kato":
        raise DatasetUnavailableError(f"the worms that train are {dataset}, not kato")
    nichols = build("figure4c-nichols", [DAMPED, *LINEAR, "MLP"])
    display(numbers(skill(nichols.rows), f"Nichols's worms, {this_build}"))
except (DatasetUnavailableError, NeuronError) as error:
    display(Markdown(f"*Not computed in this build:* {error}"))

# %% [markdown]
# ## Gallery
#
# Forecasts of this build beside the truth. Nothing is picked by eye: the worm is the first that is left out by a
# model with most training worms, and the starts are evenly spaced over the recording.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-gallery", "caption": "Predicted and true traces (scaled to [0, 1]) of some neurons of an unseen worm, this build. Rows: neurons; columns: starts, evenly spaced over the recording. The line at 0 is the last known frame."}}
networks = [label for label in found.lines if label not in SIMPLE]
shown = [label for label in ("MLP", "GNN") if label in found.lines] or networks[:2]
line = found.lines[(shown or [PERSISTENCE])[0]]
row, column = free_runs.member_for_show(line)
worm = found.recordings[column]
names = [n for n in ("AVAL", "AVBL", "RMED", "VB02") if n in found.neurons] or found.neurons[:4]
places = [found.neurons.index(name) for name in names]
kept = slice(1, None, 2)
first = example_starts(worm.n_frames)[kept]
examples = {
    label: found.lines[label].folds[0].examples[row, column, 0][places, kept]
    for label in (PERSISTENCE, *shown)
}
fig, grid = plt.subplots(
    len(names),
    len(first),
    figsize=(9, 1.35 * len(names) + 0.7),
    sharex=True,
    sharey=True,
    squeeze=False,
)
truth = features(worm, found.neurons, 2).x[0][places]
plots.example_forecasts(truth, first, examples, names, grid)
plots.forecast_legend(fig)
plt.show()

# %% tags=["hide-input"]
Markdown(f"Worm: {worm.worm}. Trained on: {', '.join(line.subsets[row])}.")

# %% [markdown]
# ## Left to run
#
# Sixteen frames are some five seconds. A model of the dynamics could run on for longer and keep to the worm's
# cycle; it could also come to rest, or run away. From one start in each unseen worm the models run
# on their own predictions for 256 frames, drawn on the first principal components of that worm's true traces.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-free", "caption": "Free roll-outs (colour) beside the true path of the same frames (grey) on the first two principal components of the unseen worm's traces, this build. Dot: first predicted frame; square: last."}}
runners = [label for label in ("VAR, four frames", *networks) if label in found.lines]
for_show = {}
for label in runners:
    runs = free_runs.free_runs(found, label)
    for_show[label] = next(r for r in runs if r.worm == worm.worm and r.subset == line.subsets[row])
fig, grid = plt.subplots(
    -(-max(len(runners), 1) // 3),
    3,
    figsize=(8, 2.5 * -(-max(len(runners), 1) // 3)),
    squeeze=False,
)
for ax in grid.flat[len(runners) :]:
    ax.set_visible(False)
for ax, (label, shown_run) in zip(grid.flat, for_show.items(), strict=False):
    plots.free_paths(shown_run.truth, {label: shown_run.path}, ax)
    ax.set_title(f"{label}: {shown_run.fate}")
plt.show()

# %% tags=["hide-input"]
fates = free_runs.describe(found, [PERSISTENCE, *runners])
display(
    table(
        fates.rename(columns={"n_train": "worms trained on"}),
        caption=f"What roll-outs of {FREE_FRAMES} frames do in the end, counted over models and unseen worms, and the "
        "variance of their second half as a share of the true path's (median of those that do not run away): "
        f"{this_build}. Stops: moves by less than a tenth of the true standard deviation; runs away: leaves the true "
        "range by twice its width; cycles: crosses its own mean three times or more; drifts: none of these.",
    )
)
total = (
    fates[fates["model"].isin(networks)]
    .drop(columns=["n_train", "variance"])
    .sum(numeric_only=True)
)
Markdown(
    f"Of {total.get('roll-outs', 0)} roll-outs of networks, "
    + ", ".join(f"{total.get(fate, 0)} end as *{fate}*" for fate in free_runs.FATES)
    + f" ({this_build})."
)

# %% [markdown]
# (trajectories-sampling)=
# ## Scheduled sampling and batch norm
#
# *Own predictions only*: no true frame is ever shown behind the first. *True frames only*: always, so that the network
# learns single steps. *Batch norm*: on the output of the hidden layer.

# %% tags=["hide-input"]
sampled = reference.read("sampling.kato")
if sampled is None:
    lines = forecast_named("sampling").lines
    variants = list(lines) if not models or "MLP" in models else [PERSISTENCE]
    trained = run(forecast_named("sampling").only(variants), dataset, scale, store, seed).rows
    display(numbers(skill(trained), this_build))
else:
    display(reference_note(sampled))
    display(numbers(skill(sampled.table), "Reference, real Kato worms"))

# %% [markdown]
# ## What the paper says
#
# Its sentences (those that ask *more strictly* are ours), what we take them to ask, and our answer, judged by 95 %
# intervals over worms. All other sentences of the paper are judged in the same words in
# [their own chapter](15_claims.ipynb).

# %% tags=["hide-input"]
judged = claims(rows)
display(
    table(judged, caption=f"Claims of the paper, judged by {origin}; 95 % intervals over worms."),
    Markdown("; ".join(f"*{name}*: {text}" for name, text in VERDICTS.items()) + "."),
)
