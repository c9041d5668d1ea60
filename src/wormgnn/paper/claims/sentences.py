"""Every sentence of the paper that can be checked, or that ought to be, as data.

The sentences are in our words; the paper's numbers come from `paper_reported.json`.
"""

from __future__ import annotations

from wormgnn.comparison import percent
from wormgnn.paper.claims.rules import EVERY, FAILS, FEWEST, MOST, Claim, Contrast
from wormgnn.paper.pages import paper_reported
from wormgnn.recording import PAPER_NEURONS

_REPORTED = paper_reported()
_TEXT = _REPORTED["text"]
_TABLE1 = {
    row: dict(zip(("same worm", "unseen", "nichols"), entries, strict=True))
    for row, entries in _REPORTED["table1_two_state_accuracy_percent"].items()
    if row != "columns"
}


def _printed(row: str, column: str) -> str:
    """`97.7 ± 3.1` from the paper's Table 1."""
    return percent(*_TABLE1[row][column])


_MANIFOLD = _TABLE1["Brennan-Proekt"]["unseen"][0]
"""What the paper prints for the manifold method on unseen worms, two states, in percent."""

NICHOLS = "the recordings of Nichols et al. are not here"
"""Why a claim on them is not tested."""

# --- models of the tables

PAPERS_GNN = "GNN, self edge"
"""The row by which claims on the GNN of Table 1 and Figure 4A are judged: the mean of messages,
and a self edge of one. Other tables have the bare sum of messages alone, which is their `GNN`."""

OURS = {"SVM": "SVM", "MLP": "MLP", "GNN (Connectome)": "GNN (connectome)", "GNN": PAPERS_GNN}
"""Rows of the paper's Table 1, and our models for them."""

NO_NORM = "MLP, no norm"
"""The MLP with the GNN's classifier; it does better than the MLP of the paper's text."""

DEEP = ("MLP", "GNN (connectome)", PAPERS_GNN)
"""The paper's deep models in Table 1: its MLP as written, and its two graph networks."""

NETWORKS = ("MLP", PAPERS_GNN)
"""Those of Figure 4A."""

OF_SUPPLEMENT = ("MLP", NO_NORM, "GNN")
"""Networks of the tables without AVA that were trained on all numbers of states."""

LAYERS = ("GIN-0", "GIN-eps", "GraphSAGE", "GAT", "Global attention")

RIVALS = ("MLP", "Node MLP", "MLP-RNN", "Node MLP-RNN")
"""The paper's "all MLP models and their derived RNN variants"."""

FORECASTERS = ("GNN", *RIVALS)
"""Networks of the paper's Figure 4C; those that we add are not what its sentences are about."""

# --- where the paper says it

DATA = "Data"
TABLE = "Table 1"
STATES = "Results, states"
FORECASTS = "Results, trajectories"
MODEL = "Model"
SELECTION = "Supplement, model selection"
IMPLEMENTATION = "Supplement, implementation"
PROCEDURES = "Supplement, procedures"
BACKGROUND = "Background, citing Kato et al. and (18)"
NO_AVA = "Supplement, experiments without AVA"
ONE_HOT = "Supplement, one-hot encoding of edges"
CONNECTOME = "Supplement, inferred edges and connectome"

# --- what is compared

_NUMBER = "ours − the paper's"
_UNSEEN = "difference of accuracy on unseen worms"
_ALL = ("table1", "figure4a")
_BOTH_ALL = {"n_states": (2, 4, 7), "seen": (True, False)}
_UNSEEN_ALL = {**_BOTH_ALL, "seen": False}
_SIZES = {"n_states": (2, 4), "seen": False, "n_train": (1, 4)}
_STRUCTURE = {"neurons": "paper", **_SIZES}
_SETTINGS = "accuracy on unseen worms, two and four states, one and four trained on"
_LAYER = {"seen": False, "n_train": (1, 4)}
_AT_LENGTH = "accuracy on unseen worms, four states, one and four trained on, the paper's epochs"
_DIAL = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
_PLACES = {"kind": ("loadings", "neurons"), "n_states": 2, "n_train": (1, 4)}
_WORM_OF_SEED = ("sim_seed", "worm")
_MEAN = "(1e-4, mean over 16 frames)"
_FRAMES = ("step", "fold")

# The claims are a table that is read line by line, so its lines are ours:
# fmt: off
RECORDINGS = (
    Claim("freely-moving", DATA, "01_data#fig-heatmap",
        "The recordings used are of freely moving worms",
        "what the authors of the recordings write (no measurement)", verdict=FAILS,
        reason="Kato et al. 2015 describe the recordings of this file as of immobilised worms"),
    Claim("length", DATA, "01_data#fig-heatmap",
        "A recording has some thousands of frames",
        "frames of every worm within the paper's range",
        judge="in range", options={"fact": "frames", "low": _TEXT["recording_frames"][0],
            "high": _TEXT["recording_frames"][1], "unit": "frames"},
        paper=f"~{_TEXT['recording_frames'][0]} to {_TEXT['recording_frames'][1]}"),
    Claim("duration", DATA, "01_data#fig-heatmap",
        "A recording lasts a quarter of an hour or more",
        "minutes of every worm within one of the paper's number",
        judge="in range", options={"fact": "minutes", "low": _TEXT["recording_minutes"] - 1,
            "high": _TEXT["recording_minutes"] + 1, "unit": "minutes"},
        paper=f"~{_TEXT['recording_minutes']} min"),
    Claim("neurons", DATA, "01_data#fig-heatmap",
        "A recording holds about a hundred neurons",
        "neurons of every worm within half the paper's number of it",
        judge="in range", options={"fact": "neurons", "low": 0.5 * _TEXT["recorded_neurons"],
            "high": 1.5 * _TEXT["recorded_neurons"], "unit": "neurons"},
        paper=f"~{_TEXT['recorded_neurons']:g}"),
    Claim("window-seconds", DATA, "01_data#fig-folds",
        "A window of eight frames lasts a few seconds",
        "seconds in every worm within half a second of the paper's number",
        judge="in range", options={"fact": "window (s)", "low": _TEXT["window_s"] - 0.5,
            "high": _TEXT["window_s"] + 0.5, "unit": "s"}, paper=f"~{_TEXT['window_s']:g} s"),
    Claim("fifteen-named", DATA, "01_data#fig-heatmap",
        "The paper's neurons are named in all five worms",
        "every one of them named in every worm (one in worm 5, by an older file)",
        judge="in range", options={"fact": "paper's neurons named", "low": len(PAPER_NEURONS),
            "high": len(PAPER_NEURONS), "unit": f"of {len(PAPER_NEURONS)}"}, universal=True,
        paper=f"{_TEXT['consistent_neurons'][1]} neurons"),
    Claim("consistent-neurons", "Background, citing (18)", "01_data#fig-consistency",
        "Few neurons behave alike in all worms",
        "neurons for which no pair of worms differs in any of four states (Holm, 5 %): no more "
        "than the paper's, by tests of bouts and of frames",
        judge="few", options={"facts": {"shuffled bouts": "consistent, bouts",
            "independent frames": "consistent, frames"}, "most": _TEXT["consistent_neurons"][0]},
        paper="{} of {}".format(*_TEXT["consistent_neurons"])),
    Claim("local-variations", DATA, "01_data#fig-folds",
        "Most local variations of a trace are over within one window",
        "rises and falls (runs of one sign of the derivative) no longer than a window, and their "
        "share of all change, in percent − 50", "above",
        Contrast("recordings", {"fact": ("runs within a window (%)", "change within a window (%)")},
            score="value", against=50.0, unit="unit", scale=1.0),
        paper=f"{_TEXT['window_frames']:g} frames"),
    Claim("unknown-state", PROCEDURES, "01_data#fig-heatmap",
        "The unknown state is a very small share of the frames",
        "share in percent − 5 (our bound)", "below",
        Contrast("recordings", {"fact": "unlabelled (%)"}, score="value", against=5.0, unit="unit",
            scale=1.0)),
    Claim("strains", DATA, "01_data#fig-heatmap",
        "The two strains of Nichols et al. do not differ significantly",
        "difference between strains", reason=NICHOLS),
    Claim("three-shared", DATA, "01_data#fig-heatmap",
        "Three neurons are named in every worm of both datasets",
        "neurons named in every worm", universal=True, paper="AIBR, AVAL, VB02", reason=NICHOLS),
    Claim("mlp-validated-abroad", PROCEDURES, "02_two_states#fig-two-states-n-kato",
        "Validated on Nichols's worms, the MLP does significantly better",
        "difference of accuracy", reason=NICHOLS),
    Claim("compute", PROCEDURES, "02_two_states#fig-two-states-n-kato",
        "Training and evaluating one model takes a week or two",
        "seconds of all folds of our slowest classifier (other hardware, other code)",
        judge="slowest", paper="{} to {} days".format(*_TEXT["compute_days"]),
        reason="our code is not the authors'"),
)

EARLIER_WORK = (
    Claim("three-components", BACKGROUND, "04_manifold#fig-own-components",
        "Three principal components hold most of the variance of a worm's derivatives",
        "share of the variance − 50 %, for each scaling and width of derivative", "above",
        Contrast("components_variance", by={"peak": (False, True), "smoothing_s": EVERY},
            score="variance", against=50.0),
        paper=f"~{_TEXT['three_components_variance_percent']:g} %"),
    Claim("own-loops", BACKGROUND, "04_manifold#fig-own-components",
        "On a worm's own components the states lie apart, in every worm",
        "state decoded from neighbours, balanced accuracy − chance (four states): interval above "
        "0, and the least worm above 0",
        contrasts=Contrast("components", {"projection": "own axes, all neurons", "peak": False},
            score="knn_within", against=25.0), judge="every worm", universal=True),
    Claim("pooled-lost", f"{BACKGROUND}; Discussion", "04_manifold#fig-own-components",
        "On components of all worms pooled that structure is not seen any more",
        "the same, pooled components − a worm's own", "below",
        Contrast("components", {"projection": "pooled axes, shared neurons"},
            {"projection": "own axes, all neurons"}, by={"peak": False}, score=("knn_within",
            "knn_across"))),
    Claim("pooled-nothing", "Discussion", "04_manifold#fig-own-components",
        "There is no meaningful structure at all on shared components",
        "the same, pooled components − chance", "equal",
        Contrast("components", {"projection": "pooled axes, shared neurons", "peak": False},
            score=("knn_within", "knn_across"), against=25.0), universal=True),
    Claim("onset-average", "Figure 1E, from (18)", "04_manifold#fig-onset-decoding",
        "Averages of the other worms decode the onset of a reversal worse than own neurons",
        "area under the ROC curve (%), average − own", "below",
        Contrast("onset", {"decoder": "average of other worms"}, {"decoder": "own neurons"},
            by={"standardised": (True, False)}, score="auc")),
    Claim("manifold-ahead", BACKGROUND, "04_manifold#fig-horizon",
        "The manifold predicts motor states well ahead",
        f"accuracy {_TEXT['manifold_ahead_s']:g} s ahead, manifold − commonest state, "
        "− persistence, − dwell times", "above",
        Contrast("admm_horizon", {"model": "manifold"}, {"model": ("marginal", "persistence",
            "dwell times")}, by={"horizon_s": _TEXT["manifold_ahead_s"]}),
        paper=f"up to {_TEXT['manifold_ahead_s']:g} s"),
    Claim("manifold-parameters", BACKGROUND, "04_manifold#fig-sensitivity",
        "The manifold method depends heavily on its parameters",
        "balanced accuracy on unseen worms (four states), each value of a parameter that was "
        "tried − the default", "apart",
        Contrast("admm_sensitivity", {"default": False, "value": EVERY}, {"default": True},
            by={"parameter": EVERY}, score="balanced_accuracy")),
)

TWO_STATES = (
    *(
        Claim(f"table1-18-{column}", TABLE, "04_manifold#fig-manifold-unseen",
            f"The manifold method (18): accuracy on {worms}",
            _NUMBER, "equal",
            Contrast("admm_two_states", {"model": model, "seen": column == "same worm"},
                against=_TABLE1["Brennan-Proekt"][column][0]),
            paper=f"{_TABLE1['Brennan-Proekt'][column][0]:g} %")
        for column, worms, model in (
            ("same worm", "the same worm", "ADMM (shuffled)"), ("unseen", "unseen worms", "ADMM"),
        )
    ),
    *(
        Claim(f"table1-{row}-{column}", TABLE, "02_two_states#fig-two-states-n-kato",
            f"{row}: accuracy on {worms}",
            _NUMBER, "equal", Contrast("table1", {"model": model, "seen": column == "same worm"},
                against=_TABLE1[row][column][0]), paper=f"{_printed(row, column)} %")
        for row, model in OURS.items()
        for column, worms in (("same worm", "the same worm"), ("unseen", "unseen worms"))
    ),
    Claim("table1-nichols", TABLE, "02_two_states#fig-two-states-n-kato",
        "SVM, MLP, GNN (Connectome), GNN: accuracy on the worms of Nichols et al., three neurons",
        _NUMBER, "equal", paper="; ".join(f"{row}: {_printed(row, 'nichols')} %" for row in OURS),
        reason=f"{NICHOLS}; with them: wormgnn run table1-nichols --dataset kato"),
    Claim("deep-beats-svm", STATES, "02_two_states#fig-two-states-n-kato",
        "Deep models generalise to unseen worms significantly better than the SVM",
        f"deep model − SVM, {_UNSEEN}", "above",
        Contrast("table1", {"model": DEEP}, {"model": "SVM"}, by={"seen": False}),
        paper=f"{_printed('SVM', 'unseen')} % against {_printed('MLP', 'unseen')} to "
        f"{_printed('GNN', 'unseen')} %"),
    Claim("svm-matches-same-worm", STATES, "02_two_states#fig-two-states-n-kato",
        "On the test fold of its own worms the SVM matches the deep models",
        "SVM − deep model, same worm", "equal",
        Contrast("table1", {"model": "SVM"}, {"model": DEEP}, by={"seen": True}),
        paper=f"{_printed('SVM', 'same worm')} % against {_printed('GNN', 'same worm')} %"),
    Claim("deep-beats-printed", STATES, "02_two_states#fig-two-states-n-kato",
        "Deep models exceed the state of the art, (18), on unseen worms: the number printed for it",
        "our deep model − the printed number", "above",
        Contrast("table1", {"model": DEEP, "seen": False}, against=_MANIFOLD),
        paper=f"{_MANIFOLD:g} %"),
    Claim("deep-beats-rebuilt", STATES, "04_manifold#fig-manifold-unseen",
        "The same, against that method as rebuilt here",
        f"deep model − ADMM, {_UNSEEN}", "above",
        Contrast(("table1", "admm_two_states"), {"model": DEEP}, {"model": "ADMM"},
            by={"seen": False}, over=("fold",), whole=True)),
    Claim("connectome-same-worm", STATES, "02_two_states#fig-two-states-n-kato",
        "With the connectome's edges the GNN does well on the test fold",
        "GNN (connectome) − GNN, same worm", "equal",
        Contrast("table1", {"model": "GNN (connectome)"}, {"model": PAPERS_GNN}, by={"seen": True}),
        paper=f"{_printed('GNN (Connectome)', 'same worm')} % against "
        f"{_printed('GNN', 'same worm')} %"),
    Claim("connectome-unseen", STATES, "02_two_states#fig-two-states-worm",
        "With the connectome's edges the GNN generalises worse than with inferred ones",
        "GNN (connectome) − GNN, unseen worms", "below",
        Contrast("table1", {"model": "GNN (connectome)"}, {"model": PAPERS_GNN},
            by={"seen": False}),
        paper=f"{_printed('GNN (Connectome)', 'unseen')} % against {_printed('GNN', 'unseen')} %"),
    Claim("gnn-beats-mlp", TABLE, "02_two_states#fig-two-states-worm",
        "The GNN generalises better than the MLP",
        f"GNN − MLP, {_UNSEEN}", "above",
        Contrast("table1", {"model": PAPERS_GNN}, {"model": "MLP"}, by={"seen": False}),
        beside=Contrast("table1", {"model": PAPERS_GNN}, {"model": NO_NORM}, by={"seen": False}),
        paper=f"{_printed('GNN', 'unseen')} % against {_printed('MLP', 'unseen')} %"),
    Claim("connectome-beats-mlp", TABLE, "02_two_states#fig-two-states-worm",
        "The GNN with the connectome's edges generalises better than the MLP",
        f"GNN (connectome) − MLP, {_UNSEEN}", "above",
        Contrast("table1", {"model": "GNN (connectome)"}, {"model": "MLP"}, by={"seen": False}),
        beside=Contrast("table1", {"model": "GNN (connectome)"}, {"model": NO_NORM},
            by={"seen": False}),
        paper=f"{_printed('GNN (Connectome)', 'unseen')} % against {_printed('MLP', 'unseen')} %"),
    Claim("gnn-smaller-spread", TABLE, "02_two_states#fig-two-states-worm",
        "Over unseen worms the GNN's accuracies spread less than the MLP's",
        "distance of an accuracy from its model's mean, GNN − MLP (Levene)", "below",
        Contrast("table1", {"model": PAPERS_GNN}, {"model": "MLP"}, by={"seen": False},
            score="spread"),
        beside=Contrast("table1", {"model": PAPERS_GNN}, {"model": NO_NORM}, by={"seen": False},
            score="spread"),
        paper=f"sd {_TABLE1['GNN']['unseen'][1]} % against {_TABLE1['MLP']['unseen'][1]} %"),
    Claim("simple-mlp", "Conclusion", "02_two_states#fig-two-states-n-kato",
        "A simple MLP does remarkably well on unseen worms",
        f"MLP − majority class, {_UNSEEN}", "above",
        Contrast("table1", {"model": "MLP", "seen": False}, "majority"),
        paper=f"{_printed('MLP', 'unseen')} %"),
)

_THREE = _TEXT["gnn_four_state_unseen_kato_trained_on_three_percent"]
_ON_THREE = {"n_states": 4, "seen": False, "n_train": 3}

ALL_STATES = (
    Claim("seven-same-worm", STATES, "03_all_states#fig-4a-kato",
        "Seven states, same worm: accuracy of the models",
        _NUMBER, "equal", Contrast("figure4a", {"model": NETWORKS, "n_states": 7,
            "seen": True}, against=_TEXT["seven_state_same_worm_percent"]),
        paper=f"~{_TEXT['seven_state_same_worm_percent']:g} %"),
    Claim("four-three-worms", STATES, "03_all_states#fig-4a-kato",
        "Four states, unseen worms: accuracy of the GNN trained on three worms",
        _NUMBER, "equal",
        Contrast("figure4a", {"model": PAPERS_GNN, **_ON_THREE}, against=_THREE),
        paper=f"{_THREE:g} %"),
    Claim("four-three-beats-mlp", STATES, "03_all_states#fig-4a-kato",
        "Trained on three worms, the GNN decodes four states substantially better than the MLP",
        "GNN − MLP, four states, unseen worms, three trained on", "above",
        Contrast("figure4a", {"model": PAPERS_GNN}, {"model": "MLP"}, by=_ON_THREE),
        beside=Contrast("figure4a", {"model": PAPERS_GNN}, {"model": NO_NORM}, by=_ON_THREE),
        paper=f"{_THREE:g} %, the MLP's in a figure"),
    Claim("four-three-beats-printed", STATES, "03_all_states#fig-4a-kato",
        "Trained on three worms, the GNN exceeds on four states what (18) reports on two",
        "ours − the printed number", "above",
        Contrast("figure4a", {"model": PAPERS_GNN, **_ON_THREE}, against=_MANIFOLD),
        paper=f"{_THREE:g} % against {_MANIFOLD:g} %"),
    Claim("four-nichols", STATES, "03_all_states#fig-4a-kato",
        "Four states, worms of Nichols et al.: MLP and GNN generalise equally well",
        _NUMBER, "equal", paper=f"~{_TEXT['four_state_nichols_percent']:g} %",
        reason=f"{NICHOLS}; with them: wormgnn run figure4a-nichols --dataset kato"),
    Claim("gnn-excels", "Abstract", "03_all_states#fig-4a-kato",
        "GNNs generally outperform models without a graph, and excel on unseen worms",
        "GNN − MLP on unseen worms, two, four and seven states", "above",
        Contrast(_ALL, {"model": PAPERS_GNN}, {"model": "MLP"}, by=_UNSEEN_ALL),
        beside=Contrast(_ALL, {"model": PAPERS_GNN}, {"model": NO_NORM}, by=_UNSEEN_ALL)),
    Claim("at-least-mlp", "Discussion; Conclusion", "03_all_states#fig-4a-kato",
        "In classification the GNN always matches or exceeds the MLP",
        "GNN − MLP, same and unseen worms, all numbers of states", "at_least",
        Contrast(_ALL, {"model": PAPERS_GNN}, {"model": "MLP"}, by=_BOTH_ALL),
        beside=Contrast(_ALL, {"model": PAPERS_GNN}, {"model": NO_NORM}, by=_BOTH_ALL),
        universal=True),
    Claim("generalise-within", "Conclusion", "03_all_states#fig-4a-kato",
        "The models generalise to unseen worms of the same study",
        "accuracy − majority class on unseen worms", "above",
        Contrast(_ALL, {"model": NETWORKS}, "majority", by=_UNSEEN_ALL)),
    Claim("generalise-beyond", "Conclusion", "06_another_lab#fig-animals",
        "They generalise to a separate experiment, years apart",
        "accuracy − majority class on Nichols's worms; ours on animals of another laboratory, two "
        "states: balanced accuracy − 50",
        contrasts=Contrast("transfer", {"model": (NO_NORM, "GNN"), "train": "kato",
            "neurons": "own", "view": "as recorded", "scaling": "whole", "n_train": 5},
            score="balanced_accuracy", against=50.0), reason=NICHOLS),
    Claim("more-worms-states", "Results; Conclusion", "03_all_states#fig-4a-kato",
        "More training worms improve generalisation: classification",
        "accuracy on unseen worms, most − fewest training worms", "above",
        Contrast(_ALL, {"n_train": MOST}, {"n_train": FEWEST}, by={**_UNSEEN_ALL,
            "model": NETWORKS}, over=("subset", "fold"))),
)

TRAJECTORIES = (
    Claim("learn-transitions", FORECASTS, "08_trajectories#fig-4c-kato",
        "All deep learning models learn transitions",
        "skill over persistence (%) 8 frames ahead", "above",
        Contrast("figure4c", {"model": FORECASTERS, "step": 8}, by={"n_train": EVERY},
            score="skill", group="n_train"), universal=True),
    Claim("learn-return", FORECASTS, "08_trajectories#fig-4c-kato",
        "The same, more strictly (ours): more than a return to the mean",
        f"MSE minus that of Damped persistence {_MEAN}", "below",
        Contrast("figure4c", {"model": FORECASTERS}, {"model": "Damped persistence"},
            by={"n_train": EVERY}, score="mse", over=_FRAMES, scale=1e4, group="n_train"),
        universal=True),
    Claim("learn-linear", FORECASTS, "08_trajectories#fig-4c-kato",
        "The same, more strictly (ours): better than a linear map",
        f"MSE minus that of Ridge, one frame {_MEAN}", "below",
        Contrast("figure4c", {"model": FORECASTERS}, {"model": "Ridge, one frame"},
            by={"n_train": EVERY}, score="mse", over=_FRAMES, scale=1e4, group="n_train"),
        universal=True),
    Claim("more-worms-forecasts", FORECASTS, "08_trajectories#fig-4c-kato",
        "More training worms improve the forecasts of MLP and GNN",
        f"MSE {_MEAN}, most − fewest training worms", "below",
        Contrast("figure4c", {"n_train": MOST}, {"n_train": FEWEST}, by={"model": ("MLP", "GNN")},
            score="mse", over=("subset", *_FRAMES), scale=1e4)),
    Claim("markovian-gnn", FORECASTS, "08_trajectories#fig-4c-kato",
        "The Markovian GNN outperforms all MLP and RNN variants",
        f"MSE of the GNN minus theirs {_MEAN}", "below",
        Contrast("figure4c", {"model": "GNN"}, {"model": RIVALS}, by={"n_train": EVERY},
            score="mse", over=_FRAMES, scale=1e4), universal=True),
    Claim("sixteen-frames", FORECASTS, "08_trajectories#fig-4c-kato",
        "The GNN predicts for at least 16 frames",
        "skill of the GNN (%) at 16 frames", "above",
        Contrast("figure4c", {"model": "GNN", "step": 16}, by={"n_train": EVERY}, score="skill")),
    Claim("gat-forecasts", SELECTION, "08_trajectories#fig-4c-kato",
        "In forecasts a GAT performs equally",
        "error of the GAT minus the GNN's, in percent of persistence's (mean over 16 frames)",
        "equal", Contrast("figure4c", {"model": "GAT"}, {"model": "GNN"}, by={"n_train": EVERY},
            score="relative", over=_FRAMES)),
    Claim("dynamic-edges", IMPLEMENTATION, "08_trajectories#fig-4c-kato",
        "In forecasts edges inferred at each frame do better",
        f"MSE of the GNN minus that with static edges {_MEAN}", "below",
        Contrast("figure4c", {"model": "GNN"}, {"model": "GNN, static edges"},
            by={"n_train": EVERY}, score="mse", over=_FRAMES, scale=1e4)),
    Claim("at-least-mlp-forecasts", "Discussion; Conclusion", "08_trajectories#fig-4c-kato",
        "In forecasts the GNN matches or exceeds the MLP",
        "error of the GNN minus the MLP's, in percent of persistence's", "at_most",
        Contrast("figure4c", {"model": "GNN"}, {"model": "MLP"}, by={"n_train": EVERY},
            score="relative", over=_FRAMES)),
    Claim("forecasts-nichols", FORECASTS, "08_trajectories#fig-4c-kato",
        "On the worms of Nichols et al. the GNN clearly outperforms all others at 16 frames",
        f"MSE of the GNN minus theirs {_MEAN}", "below", universal=True,
        reason=f"{NICHOLS}; with them: wormgnn run figure4c-nichols --dataset kato"),
    Claim("scheduled-sampling", FORECASTS, "08_trajectories#fig-sampling",
        "Scheduled sampling keeps errors from adding up",
        "MSE of the MLP in the sixteenth frame (1e-4) minus that of one trained on true frames "
        "only", "below",
        Contrast("sampling", {"model": "MLP"}, {"model": "MLP, true frames only"}, by={"step": 16,
            "n_train": EVERY}, score="mse", over=("fold",), scale=1e4)),
)

_RISE = 10.0
"""Thousandths of a nat by which a validation loss must rise behind its lowest to count as
overfitting; ours."""

ARCHITECTURE = (
    Claim("concatenation", MODEL, "14_model_zoo#fig-structure-differences",
        "Aggregation by concatenation does better than by sum",
        f"GNN − GNN with sums, {_SETTINGS}", "above",
        Contrast("structure", {"model": "GNN"}, {"model": "GNN, sum"}, by=_STRUCTURE)),
    Claim("steps", MODEL, "14_model_zoo#fig-structure-differences",
        "More than one step of message passing brings no improvement",
        f"two or three steps − one, {_SETTINGS}", "at_most",
        Contrast("structure", {"model": ("GNN, two steps", "GNN, three steps")}, {"model": "GNN"},
            by=_STRUCTURE), universal=True),
    Claim("static-edges", IMPLEMENTATION, "14_model_zoo#fig-structure-differences",
        "For states, edges inferred once for a worm do better than edges of each frame",
        f"GNN − GNN with edges per frame, {_SETTINGS}", "above",
        Contrast("structure", {"model": "GNN"}, {"model": "GNN, edges per frame"}, by=_STRUCTURE)),
    Claim("hyperparameters", IMPLEMENTATION, "14_model_zoo#fig-structure-differences",
        "The models are robust to hyperparameters: 256 hidden channels in place of 16",
        f"256 − 16, {_SETTINGS}", "equal", (
            Contrast("structure", {"model": "GNN, 256 hidden"}, {"model": "GNN"}, by=_STRUCTURE),
            Contrast("structure", {"model": f"{NO_NORM}, 256 hidden"}, {"model": NO_NORM},
                by=_STRUCTURE),
        )),
    Claim("gin-0", SELECTION, "14_model_zoo#fig-zoo",
        "The GIN-0 on a full graph comes close to the MLP",
        f"GIN-0 − MLP, {_AT_LENGTH}", "equal",
        Contrast("zoo-longer", {"model": "GIN-0"}, {"model": NO_NORM}, by=_LAYER)),
    Claim("gin-eps", SELECTION, "14_model_zoo#fig-zoo",
        "The GIN-eps is prone to overfitting: unseen worms",
        "loss of accuracy from own to unseen worms, GIN-eps − MLP, four states, one and four "
        "trained on, the paper's epochs", "above",
        Contrast("zoo-longer", {"model": "GIN-eps"}, {"model": NO_NORM}, by=_LAYER, score="loss")),
    Claim("gin-eps-curve", SELECTION, "14_model_zoo#fig-overfitting",
        "The GIN-eps is prone to overfitting: its training curve",
        # A rise is never below 0, and the MLP's is 0 wherever its last epoch is its best, so that
        # an interval above 0 says little. One worm trained on, so that units are worms.
        "rise of the validation loss behind its lowest (1e-3 nats), one worm trained on (sets of "
        f"four overlap), GIN-eps − MLP − {_RISE:g} (our bound; a rise is never below 0)", "above",
        Contrast("overfitting", {"model": "GIN-eps"}, {"model": NO_NORM}, by={"n_states": (2, 4),
            "n_train": 1}, score="rise", against=_RISE, unit="subset", scale=1e3)),
    Claim("gat-states", SELECTION, "14_model_zoo#fig-zoo",
        "On states the GAT does slightly worse than the GNN",
        f"GAT − GNN, {_AT_LENGTH}", "below",
        Contrast("zoo-longer", {"model": "GAT"}, {"model": "GNN"}, by=_LAYER)),
    Claim("best-of-zoo", SELECTION, "14_model_zoo#fig-zoo",
        "The GNN was chosen for its performance: no established layer does better",
        f"layer − GNN, {_AT_LENGTH}", "at_most",
        Contrast("zoo-longer", {"model": LAYERS}, {"model": "GNN"}, by=_LAYER), universal=True),
)

HYPOTHESIS = (
    Claim("linear-maps", "Discussion", "13_mixing#fig-dial-difference",
        "Message passing along inferred edges undoes the linear transformations between worms",
        "simulated worms with linear mixing, GNN − MLP with the same classifier, unseen worms, "
        "every place of the dial above 0", "above",
        Contrast("mixing.simulated", {"model": "GNN"}, {"model": NO_NORM},
            by={"view": "as recorded", "seen": False, "mixing": _DIAL, **_PLACES},
            unit=_WORM_OF_SEED)),
    Claim("linear-maps-room", "Discussion", "13_mixing#fig-dial-difference",
        "Undoing those transformations would help (ours: with the true map of each worm)",
        # Aligned traces are also less noisy, which helps where nothing is to be undone.
        "simulated worms, same classifier, gain from the true map (aligned − not aligned) minus "
        "the same worm's gain at mixing 0, where it only takes noise away", "above",
        Contrast("mixing.simulated", {"mixing": _DIAL}, {"mixing": 0.0}, by={"model": NO_NORM,
            "seen": False, **_PLACES}, score="gain", unit=_WORM_OF_SEED)),
    Claim("three-neurons", "Discussion", "14_model_zoo#fig-structure",
        "Three neurons in place of 15 have no significant impact on performance",
        "networks, three − 15 neurons, unseen worms, two and four states", "equal",
        Contrast("structure", {"neurons": "three"}, {"neurons": "paper"}, by={"model": (NO_NORM,
            "GNN"), **_SIZES}), universal=True),
    Claim("one-neuron", "Discussion, citing (18)", "12_any_neurons#fig-single-neurons",
        "One well-chosen neuron keeps most of the information of 15",
        "mutual information of label and prediction, one neuron's as a share of all 15's, minus "
        "the paper's", "at_least",
        judge="share kept", options={"against": _TEXT["one_neuron_information_percent"]},
        paper=f"~{_TEXT['one_neuron_information_percent']:g} %"),
)

_NEAR = 90.0
"""Percent of all weight on one permutation from which edges count as a permutation matrix."""

SUPPLEMENT = (
    *(
        Claim(key, NO_AVA, place,
            sentence,
            measure, "equal", (
                Contrast(("without-ava", "table1"), {"neurons": neurons}, {"neurons": "paper"},
                    by={"model": ("SVM", "SVM, linear", "GNN (connectome)", *OF_SUPPLEMENT),
                    "n_states": 2, "seen": (True, False)}),
                Contrast(("without-ava", "figure4a"), {"neurons": neurons}, {"neurons": "paper"},
                    by={"model": OF_SUPPLEMENT, "n_states": (4, 7), "seen": (True, False)}),
            ), universal=True)
        for key, neurons, sentence, place, measure in (
            ("without-ava", "without AVA",
                "Without the neurons AVA there is no noticeable difference in performance",
                "10_without_ava#fig-without-ava",
                "without − with AVAL and AVAR, all models and states"),
            ("without-reversal", "without reversal neurons",
                "The same, more strictly (ours): without all neurons that move with AVA",
                "10_without_ava#fig-without-reversal",
                "without − with AIB, AVA, AVE and RIM"),
        )
    ),
    Claim("one-hot-same", ONE_HOT, "11_one_hot#fig-one-hot-accuracy",
        "With one-hot edges accuracy on the same worm is similar",
        "both interpretations, largest factor − the main text's GNN (softmax over types, factor "
        "1), same worm", "equal",
        Contrast("one-hot", {"rivals": ("types", "senders"), "factor": 100}, {"rivals": "types",
            "factor": 1}, by={"seen": True, "n_train": (1, 4)})),
    Claim("one-hot-unseen", ONE_HOT, "11_one_hot#fig-one-hot-accuracy",
        "With one-hot edges the GNN fails to generalise",
        "both interpretations, largest factor − the main text's GNN, unseen worms", "below",
        Contrast("one-hot", {"rivals": ("types", "senders"), "factor": 100}, {"rivals": "types",
            "factor": 1}, by={"seen": False, "n_train": (1, 4)})),
    Claim("permutation", ONE_HOT, "11_one_hot#fig-one-hot-edges",
        "One-hot edges are in effect a permutation matrix",
        "weight on the best permutation, unseen worms, mean ± 2 sd over networks, in percent "
        f"− {_NEAR:g}", "above", judge="permutation", options={"against": _NEAR}),
    Claim("no-similarity", CONNECTOME, "09_connectomes#fig-agreement",
        "Inferred edges have no similarity with the connectome",
        "Mantel's tests against synapses and gap junctions: rho above 0, p below 0.05 after Holm "
        "speaks against it; all others, an opposite pattern too, leave it open",
        judge="mantel", options={"kinds": {"chemical": "chemical synapses", "gap": "gap junctions"},
            "alike": -1, "opposite": 0}, universal=True),
    Claim("functional", f"{CONNECTOME}; Results", "09_connectomes#fig-agreement",
        "Inferred edges stand for functional connectivity instead",
        "Mantel's tests against the worm's own correlations, p below 0.05 after Holm: for it with "
        "rho above 0, against it with rho below 0",
        judge="mantel", options={"kinds": {"correlation": "the worm's own correlations"},
            "alike": 1, "opposite": -1}),
    Claim("individual-edges", CONNECTOME, "09_connectomes#fig-agreement",
        "Functional connectivity, and so the edges, are an individual's own",
        "edges fit their own worm's correlations better than another's: p below 0.05",
        judge="own worm"),
)

# fmt: on

TOPICS: dict[str, tuple[Claim, ...]] = {
    "The recordings and the protocol": RECORDINGS,
    "Earlier work that the paper builds on": EARLIER_WORK,
    "Two states": TWO_STATES,
    "Four and seven states": ALL_STATES,
    "Forecasts": TRAJECTORIES,
    "The model and its rivals": ARCHITECTURE,
    "The hypothesis, and fewer neurons": HYPOTHESIS,
    "Additional experiments": SUPPLEMENT,
}
"""Claims by topic, in the order of the chapter."""

CLAIMS = {claim.key: claim for claims in TOPICS.values() for claim in claims}
"""Every claim by its key."""
