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
# # Other networks
#
# The paper tried established graph layers in place of its own, through PyTorch Geometric, and reports in
# words: GIN-0 does to its input what the MLP does, GIN-ε overfits, GAT is as good on trajectories and
# slightly worse on states. It also says that concatenation beats summation, that more than one step of
# message passing brings nothing, that edges for a whole recording suit states while edges for each frame
# suit trajectories, and that three neurons do nearly as well as fifteen. No numbers are given. Here they are.
#
# Nobody knows the edges, so each layer works on the complete graph among the neurons
# (`models.zoo_classifiers`):
#
# | layer | what it computes | source |
# |---|---|---|
# | GIN-0, GIN-ε | $h_i = \mathrm{net}((1 + \varepsilon)\, x_i + \sum_{j \ne i} x_j)$, with $\varepsilon$ zero or learned | {cite:t}`xu2019powerful` |
# | GraphSAGE | $h_i = W x_i + V\, \mathrm{mean}_{j \ne i}\, x_j$ | {cite:t}`hamilton2017inductive` |
# | GAT | $h_i = \sum_j \alpha_{ij} W x_j$, attention $\alpha$ anew at each frame, four heads | {cite:t}`velickovic2018graph` |
# | Global attention | $h = \sum_i \mathrm{softmax}_i(\mathrm{gate}(x_i))\, \mathrm{net}(x_i)$, one vector for all neurons | {cite:t}`li2016gated` |
#
# Then, as in our own graph network, the $h_i$ are concatenated and read out by two layers. On the complete
# graph GIN-0 adds up all neurons: its $h_i$ are the same for every $i$, and nothing behind them can tell
# one neuron from another. The MLP concatenates and can. Summing over *nodes* is what the two would share
# if the MLP summed; the paper's own MLP does not.

# %% tags=["parameters"]
dataset: str = "simulated"  # simulated or kato
profile: str = "quick"  # smoke, quick, reduced (hours) or paper
seed: int = 0  # seed of folds, initial weights and the order of training
models: list = []  # networks beside "MLP, no norm" and "GNN"; if empty a few at smoke and quick, else all
states: list = []  # some of 2 and 4; if empty 4 at smoke and quick, else both
sizes: list = []  # numbers of training worms; if empty 1 at smoke and quick, else 1 and 4

# %% tags=["hide-input"]
from dataclasses import replace

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown, display

from wormgnn import errors, experiments, paired, plots, reference
from wormgnn.forecast_comparisons import comparisons, over_steps
from wormgnn.overfitting import overfitting
from wormgnn.pages import banner, effective_profile, reference_note, table
from wormgnn.profiles import profile_named
from wormgnn.store import Store
from wormgnn.summary import SEEN, accuracies

plots.use_style()
profile = effective_profile(profile)
banner(dataset)

# %% tags=["hide-input"]
scale, store = profile_named(profile), Store()
BASES = ["MLP, no norm", "GNN"]
FEW = ["GIN-0", "GraphSAGE", "GNN, sum"]
small = profile in ("smoke", "quick")
chosen = models or (FEW if small else [])
wanted_states = states or ([4] if small else [2, 4])


every = {line.model for name in ("zoo", "structure") for line in experiments.EXPERIMENTS[name].runs}
for model in chosen:
    errors.chosen("model", model, dict.fromkeys(every))


def part_of(name: str) -> experiments.Experiment:
    """The experiment with the networks asked for, and those that they are compared with."""
    whole = experiments.experiment_named(name)
    known = {line.model for line in whole.runs}
    some = whole.only([*BASES, *(model for model in chosen if model in known)] if chosen else None)
    runs = tuple(line for line in some.runs if line.plan.n_states in wanted_states)
    return paired.trained_on(replace(some, runs=runs), sizes or ([1] if small else []))


zoo, structure = part_of("zoo"), part_of("structure")
own = {
    "zoo": experiments.run(zoo, dataset, scale, store, seed).rows,
    "structure": experiments.run(structure, dataset, scale, store, seed).rows,
    "overfitting": overfitting(zoo, dataset, scale, store, seed),
}
found = {name: reference.read(f"{name}.kato") for name in own}
shown = {name: own[name] if ref is None else ref.table for name, ref in found.items()}
origin = {
    name: f"this build ({dataset}, {profile})" if ref is None else "reference, real Kato worms"
    for name, ref in found.items()
}
most = {name: int(rows["n_train"].max()) for name, rows in shown.items()}
display(*[reference_note(ref) for ref in found.values() if ref is not None])

# %% [markdown]
# ## The zoo

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-zoo", "caption": "Accuracy of every network on the test fold of the worms that it was trained on (open) and on unseen worms (filled), with 95 % intervals over worms; left two states, right four."}}
NAMES = {"GIN-eps": "GIN-ε"}


def lines(rows: pd.DataFrame, n_states: int) -> dict[str, str]:
    """Labels of so many states, and the models' names."""
    labels = [name for name in rows["model"].unique() if name.endswith(f": {n_states} states")]
    names = [label.removesuffix(f": {n_states} states") for label in labels]
    return {label: NAMES.get(n, n) for label, n in zip(labels, names, strict=True)}


def panels(rows: pd.DataFrame, height: float) -> tuple[plt.Figure, list[plt.Axes]]:
    """Side by side, one for each number of states."""
    count = rows["n_states"].nunique()
    size = (10 if count > 1 else 6.5, height)
    fig, axes = plt.subplots(
        1, count, figsize=size, layout="constrained", sharey=True, squeeze=False
    )
    return fig, list(axes[0])


def both(rows: pd.DataFrame, height: float) -> plt.Figure:
    """A panel for each vocabulary."""
    fig, axes = panels(rows, height)
    for ax, n_states in zip(axes, sorted(rows["n_states"].unique()), strict=True):
        plots.accuracy_of_models(rows[rows["n_states"] == n_states], ax, lines(rows, n_states))
        ax.set_title(f"{n_states} states")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=3, fontsize="small")
    return fig


both(shown["zoo"], 4.2)
plt.show()


# %% tags=["hide-input"]
def scores(rows: pd.DataFrame, caption: str) -> None:
    """Mean ± sd over members and worms, one row for each model and number of training worms."""
    wide = accuracies(rows, ("n_states", "model", "n_train")).reset_index()
    wide["model"] = wide["model"].str.split(": ").str[0].replace(NAMES)
    for column in ("mean", "sd", "balanced", "majority"):
        wide[column] *= 100
    wide = wide[wide["worms"].isin(SEEN.values())].rename(
        columns={"mean": "accuracy", "n_train": "training worms", "n_states": "states"}
    )
    kept = ["states", "model", "training worms", "worms", "accuracy", "sd", "balanced", "majority"]
    display(table(wide[[*kept, "n"]], caption=caption, digits=1))


unseen = shown["zoo"][~shown["zoo"]["seen"]]
scores(unseen, f"Unseen worms, in percent, n members x worms: {origin['zoo']}")


# %% [markdown]
# ### The remarks, checked
#
# Differences are between the same members (training worms, fold) on the same evaluated worm, with 95 %
# intervals over worms; an interval within two percentage points on both sides of zero counts as the same.


# %% tags=["hide-input"]
COLUMNS = {
    "model": "model",
    "base": "against",
    "n_train": "training worms",
    "worms": "worms",
    "changed": "accuracy (%)",
    "plain": "the other's (%)",
    "difference": "difference",
    "low": "low",
    "high": "high",
    "n_pairs": "n pairs",
    "answer": "answer",
}


def against(rows: pd.DataFrame, base: str, others: list[str], n_train: int) -> pd.DataFrame:
    """Differences of some models from one, both kinds of worms and of states."""
    part = rows[rows["n_train"] == n_train]
    partners = {
        f"{name}: {n} states": f"{base}: {n} states"
        for n in (2, 4)
        for name in others
        if {f"{name}: {n} states", f"{base}: {n} states"} <= set(part["model"])
    }
    found = paired.effects(part, part, partners, rng=seed).assign(base=base, n_train=n_train)
    return found if partners else pd.DataFrame(columns=list(COLUMNS))


def compared(effects: pd.DataFrame, origin: str) -> None:
    """A table of differences for unseen worms, and one for the worms trained on."""
    for kind in ("unseen worms", "same worm"):
        part = effects[effects["worms"] == kind].drop(columns="worms")
        named = part.rename(columns=COLUMNS)[[c for c in COLUMNS.values() if c != "worms"]]
        display(table(named, caption=f"{kind.capitalize()}: {origin}", digits=1))


LAYERS = ["GIN-0", "GIN-eps", "GraphSAGE", "GAT", "Global attention"]
rivals = pd.concat(
    [against(shown["zoo"], base, LAYERS, n) for base in ("MLP, no norm", "GNN") for n in (1, 4)]
)
compared(rivals, origin["zoo"])

# %% [markdown]
# *Overfitting* can mean two things. To the worms: a large gap between the same worm and unseen ones. To the
# frames: a validation loss that rises while training goes on ({numref}`fig-overfitting`), which the paper's
# rule, to keep the parameters with the lowest validation loss, takes care of. A network whose best epoch is
# one of the last is the opposite: it was still learning when training ended, and its accuracy is a lower bound.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-overfitting", "caption": "Rise of the validation loss from its lowest value to the last epoch, each trained network a point, medians as bars; left two states, right four."}}
curves = shown["overfitting"].copy()
curves["model"] = curves["model"].str.split(": ").str[0].replace(NAMES)
order = list(curves["model"].unique())
fig, axes = panels(curves, 3.6)
for ax, n_states in zip(axes, sorted(curves["n_states"].unique()), strict=True):
    plots.training_rises(curves[curves["n_states"] == n_states], ax, order)
    ax.set_title(f"{n_states} states")
handles, labels = axes[0].get_legend_handles_labels()
fig.legend(handles, labels, loc="outside lower center", ncols=2, fontsize="small")
plt.show()


# %% tags=["hide-input"]
def gaps(rows: pd.DataFrame) -> pd.DataFrame:
    """Same worm less unseen worms, in percentage points, by model, states and training worms."""
    keys = ["n_states", "model", "n_train"]
    means = 100 * rows.groupby([*keys, "seen"], sort=False)["accuracy"].mean().unstack("seen")
    return (means[True] - means[False]).rename("gap").reset_index()


gap = gaps(shown["zoo"])
gap["model"] = gap["model"].str.split(": ").str[0].replace(NAMES)
epochs = curves["epochs"].iloc[0]
curves["learning"] = 100.0 * (curves["best_epoch"] >= 0.95 * epochs)
keys = ["n_states", "model", "n_train"]
middle = curves.groupby(keys)[["best_epoch", "rise"]].median()
middle["learning"] = curves.groupby(keys)["learning"].mean()
table(
    gap.merge(middle.reset_index(), on=["n_states", "model", "n_train"]).rename(
        columns={
            "n_states": "states",
            "n_train": "training worms",
            "gap": "same worm less unseen (points)",
            "best_epoch": f"best of {epochs} epochs (median)",
            "rise": "rise of the loss (nats, median)",
            "learning": "best in the last 5 % of epochs (% of networks)",
        }
    ),
    caption=f"Two kinds of overfitting: {origin['zoo']}",
    digits=2,
)

# %% [markdown]
# The zoo's reference has fewer epochs than the paper. What the paper's 800 bring in four states, on the same
# training worms and fold, decides whether a layer is worse or only slower:


# %% tags=["hide-input"]
def at_full_length(rows: pd.DataFrame, base: str) -> pd.DataFrame:
    """Differences of every layer from a base on unseen worms, by number of training worms."""
    ends = [f": trained on {n}" for n in (1, 4)]
    partners = {name + end: base + end for end in ends for name in LAYERS}
    here = set(rows["model"])
    partners = {a: b for a, b in partners.items() if {a, b} <= here}
    effects = paired.effects(rows, rows, partners, rng=seed).assign(base=base)
    return effects[effects["worms"] == "unseen worms"]


longer = reference.read("zoo-longer.kato")
if longer is None or found["zoo"] is None:
    display(Markdown("*There are no reference results for this in this copy of the project.*"))
else:
    less = found["zoo"].table
    less = less[(less["n_states"] == 4) & (less["fold"] == 0)]
    names = less["model"].str.removesuffix("4 states")
    less = less.assign(model=names + "trained on " + less["n_train"].astype(str))
    more = paired.effects(longer.table, less, {n: n for n in longer.table["model"].unique()})
    few = f"{found['zoo'].manifest['profile']['epochs']} epochs (%)"
    many = f"{longer.manifest['profile']['epochs']} epochs (%)"
    names = {"model": "model", "worms": "worms", "changed": many, "plain": few}
    names |= {name: name for name in ("difference", "low", "high", "n_pairs")}
    slow = more[(more["worms"] == "unseen worms")].set_index("model")["difference"]
    display(
        table(
            more[list(names)].rename(columns=names).replace("GIN-eps", "GIN-ε", regex=True),
            caption="Accuracy with more epochs: reference, real Kato worms, one fold",
            digits=1,
        ),
        reference_note(longer),
        Markdown(
            f"On unseen worms {slow.idxmax().replace('eps', 'ε')} gains most, {slow.max():+.1f} points; "
            f"{(slow > 2).sum()} of {len(slow)} lines gain more than two. Where a layer gains much, what "
            "the tables above say against it is about its speed of learning."
        ),
    )
    beside = pd.concat([at_full_length(longer.table, base) for base in BASES])
    named = {**COLUMNS, "changed": "accuracy (%)"}
    del named["n_train"]
    display(
        table(
            beside[list(named)].rename(columns=named),
            caption="With the paper's epochs, four states: reference, real Kato worms, one fold",
            digits=1,
        )
    )


# %% tags=["hide-input"]
def told(label: str, base: str, n_states: int = 4, kind: str = "unseen worms") -> str:
    """`-3.1 points [-5.0, -1.2], different`, with the most training worms."""
    chosen = rivals[
        (rivals["model"] == f"{label}: {n_states} states")
        & (rivals["base"] == base)
        & (rivals["worms"] == kind)
        & (rivals["n_train"] == most["zoo"])
    ]
    if chosen.empty:
        return "not computed in this build"
    row = chosen.iloc[0]
    return f"{row['difference']:+.1f} points [{row['low']:.1f}, {row['high']:.1f}], {row['answer']}"


forecasts = reference.read("figure4c.kato")
on_traces = "no reference"
if forecasts is not None:
    pair = comparisons(over_steps(forecasts.table), [("GAT", "GNN")], steps=(0,))
    row = pair[pair["n_train"] == 4].iloc[0]
    on_traces = f"MSE {row['difference']:+.1f}e-4 [{row['low']:.1f}, {row['high']:.1f}]"
Markdown(
    f"Training worms: {most['zoo']}; four states, unseen worms ({origin['zoo']}):\n\n"
    f"- **GIN-0 is close to the MLP**: {told('GIN-0', 'MLP, no norm')}; on the worm it was trained on "
    f"{told('GIN-0', 'MLP, no norm', kind='same worm')}.\n"
    f"- **GIN-ε overfits**: against the MLP on unseen worms {told('GIN-eps', 'MLP, no norm')}; on the "
    f"same worm {told('GIN-eps', 'MLP, no norm', kind='same worm')}.\n"
    f"- **GAT is slightly worse on states**: against our GNN {told('GAT', 'GNN')}; against the MLP "
    f"{told('GAT', 'MLP, no norm')}.\n"
    f"- **GAT is equal on trajectories** (reference of [Figure 4C](08_trajectories.ipynb)): GAT less GNN, "
    f"{on_traces}."
)

# %% [markdown]
# ## What the GNN is made of
#
# One thing is changed at a time, from our GNN with concatenated messages, one step, edges for the whole
# recording and 16 hidden channels. *Three neurons* are those that the worms of both laboratories of the
# paper share.

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-structure", "caption": "As the zoo's figure, for variants of the networks' structure and for three neurons in place of fifteen."}}
both(shown["structure"], 5.6)
plt.show()

# %% tags=["hide-input"]
VARIANTS = [
    *("GNN, sum", "GNN, two steps", "GNN, three steps", "GNN, edges per frame"),
    *("GNN, 256 hidden", "GNN, three"),
]
changes = pd.concat(
    [
        against(shown["structure"], base, others, n)
        for base, others in (
            ("GNN", VARIANTS),
            ("MLP, no norm", ["MLP, no norm, 256 hidden", "MLP, no norm, three"]),
        )
        for n in (1, 4)
    ]
)
compared(changes, origin["structure"])

# %% tags=["hide-input"] mystnb={"figure": {"name": "fig-structure-differences", "caption": "Difference of accuracy on unseen worms from the unchanged network, with as many training worms as there are, with 95 % intervals over worms."}}
part = changes[
    (changes["worms"] == "unseen worms") & (changes["n_train"] == most["structure"])
].astype({name: float for name in ("difference", "low", "high")})
fig, ax = plt.subplots(figsize=(7.5, 0.8 + 0.28 * len(part)), layout="constrained")
plots.differences(part.set_index("model"), ax)
plt.show()


# %% tags=["hide-input"]
def changed_by(label: str) -> str:
    """What a change does on unseen worms, in both vocabularies."""
    parts = []
    for n_states in (2, 4):
        rows = changes[
            (changes["model"] == f"{label}: {n_states} states")
            & (changes["worms"] == "unseen worms")
            & (changes["n_train"] == most["structure"])
        ]
        if len(rows):
            row = rows.iloc[0]
            parts.append(
                f"{n_states} states {row['difference']:+.1f} [{row['low']:.1f}, {row['high']:.1f}], "
                f"{row['answer']}"
            )
    return "; ".join(parts) or "not computed in this build"


Markdown(
    f"On unseen worms, training worms: {most['structure']}, in percentage points ({origin['structure']}):\n\n"
    f"- **Sum in place of concatenation**: {changed_by('GNN, sum')}.\n"
    f"- **Two steps of message passing**: {changed_by('GNN, two steps')}. **Three**: "
    f"{changed_by('GNN, three steps')}.\n"
    f"- **Edges for each frame**: {changed_by('GNN, edges per frame')}. On trajectories, where the paper "
    "prefers them, [the chapter on trajectories](08_trajectories.ipynb) compares both.\n"
    f"- **256 hidden channels**: GNN {changed_by('GNN, 256 hidden')}; MLP "
    f"{changed_by('MLP, no norm, 256 hidden')}.\n"
    f"- **Three neurons**: GNN {changed_by('GNN, three')}; MLP {changed_by('MLP, no norm, three')}."
)

# %% [markdown]
# ## The same on this build's worms

# %% tags=["hide-input"]
for name in ("zoo", "structure"):
    scores(
        own[name][~own[name]["seen"]],
        f"Unseen worms, in percent: this build ({dataset}, {profile})",
    )
