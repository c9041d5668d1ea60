"""Every sentence of the paper that can be checked, or that ought to be, as data.

The sentences are in our words; the paper's numbers come from `paper_reported.json`.
"""

from __future__ import annotations

from functools import partial

from wormgnn.comparison import percent
from wormgnn.paper.claims import judges
from wormgnn.paper.claims.comparisons import EVERY, Claim
from wormgnn.paper.pages import paper_reported

# --- what the paper prints

_REPORTED = paper_reported()
_TEXT = _REPORTED["text"]
_TABLE1 = {
    row: dict(zip(("same worm", "unseen", "nichols"), entries, strict=True))
    for row, entries in _REPORTED["table1_two_state_accuracy_percent"].items()
    if row != "columns"
}


def _printed(*rows: str, worms: str = "unseen") -> str:
    """`97.7 ± 3.1 %` of a row of the paper's Table 1, or one such against another."""
    return " against ".join(f"{percent(*_TABLE1[row][worms])} %" for row in rows)


_MANIFOLD = _TABLE1["Brennan-Proekt"]["unseen"][0]
"""What the paper prints for the manifold method on unseen worms, two states, in percent."""

_THREE = _TEXT["gnn_four_state_unseen_kato_trained_on_three_percent"]
_FEWEST, _MOST = _TEXT["recording_frames"]
_MINUTES, _NEURONS = _TEXT["recording_minutes"], _TEXT["recorded_neurons"]
_WINDOW_S, _AHEAD_S = _TEXT["window_s"], _TEXT["manifold_ahead_s"]
_CONSISTENT, _NAMED = _TEXT["consistent_neurons"]
_SEVEN = _TEXT["seven_state_same_worm_percent"]

NICHOLS = "the recordings of Nichols et al. are not here"
"""Why a claim on them is not tested."""

# --- models of the tables

GNN = "GNN"
"""The reading that claims on the paper's GNN are judged by: the mean of messages, and a self edge
of one."""

CONNECTOME_GNN = "GNN (connectome)"

NO_NORM = "MLP, no norm"
"""The MLP with the GNN's classifier; it does better than the MLP of the paper's text."""

OURS = {"SVM": "SVM", "MLP": "MLP", "GNN (Connectome)": CONNECTOME_GNN, "GNN": GNN}
"""Rows of the paper's Table 1, and our models for them."""

DEEP = ("MLP", CONNECTOME_GNN, GNN)
"""The paper's deep models in Table 1: its MLP as written, and its two graph networks."""

NETWORKS = ("MLP", GNN)
"""Those of Figure 4A."""

OF_SUPPLEMENT = ("MLP", NO_NORM, GNN)
"""Networks of the tables without AVA that were trained on all numbers of states."""

LAYERS = ("GIN-0", "GIN-eps", "GraphSAGE", "GAT", "Global attention")

RIVALS = ("MLP", "Node MLP", "MLP-RNN")
"""Of the paper's "all MLP models and their derived RNN variants", those that we run."""

FORECASTERS = (GNN, *RIVALS)
"""Networks of the paper's Figure 4C; those that we add are not what its sentences are about."""

SELF_EDGE = "GNN, self edge"
"""Shown beside the forecasting GNN of the text, which sums its messages along edges of each frame:
the GNN of Table 1, with one edge map for a worm."""

# --- where the paper says it

TABLE = "Table 1"
STATES = "Results, states"
SELECTION = "Supplement, model selection"
IMPLEMENTATION = "Supplement, implementation"
PROCEDURES = "Supplement, procedures"
BACKGROUND = "Background, citing Kato et al. and (18)"
CONNECTOME = "Supplement, inferred edges and connectome"

# --- what is compared

_NUMBER = "ours − the paper's"
_UNSEEN = "difference of accuracy on unseen worms"
_SETTINGS = "accuracy on unseen worms, two and four states, one and four trained on"
_AT_LENGTH = "accuracy on unseen worms, four states, one and four trained on, the paper's epochs"
_MEAN = "(1e-4, mean over 16 frames)"

_BOTH_ALL = dict(n_states=(2, 4, 7), seen=(True, False))
_UNSEEN_ALL = dict(n_states=(2, 4, 7), seen=False)
_TRAINED = dict(n_train=(1, 4))
_SIZES = dict(n_states=(2, 4), seen=False, **_TRAINED)

_RISE = 10.0
"""Thousandths of a nat by which a validation loss must rise behind its lowest to count as
overfitting; ours."""

_NEAR = 90.0
"""Percent of all weight on one permutation from which edges count as a permutation matrix."""

# The claims are a table that is read line by line, so its lines are ours. What several of them
# share is said once, before them.
# fmt: off
_recordings = partial(Claim, section="Data", place="01_data#fig-heatmap")
_facts = partial(_recordings, table="recordings")
_numbers = partial(_facts, score="value", unit="unit", scale=1.0)

RECORDINGS = (
    _recordings("freely-moving", "The recordings used are of freely moving worms",
        "what the authors of the recordings write (no measurement)", verdict=judges.FAILS,
        reason="Kato et al. 2015 describe the recordings of this file as of immobilised worms"),
    _facts("length", "A recording has some thousands of frames",
        "frames of every worm within the paper's range", paper=f"~{_FEWEST} to {_MOST}",
        judge=partial(judges.in_range, "frames", _FEWEST, _MOST, "frames")),
    _facts("duration", "A recording lasts a quarter of an hour or more",
        "minutes of every worm within one of the paper's number", paper=f"~{_MINUTES} min",
        judge=partial(judges.in_range, "minutes", _MINUTES - 1, _MINUTES + 1, "minutes")),
    _facts("neurons", "A recording holds about a hundred neurons",
        "neurons of every worm within half the paper's number of it", paper=f"~{_NEURONS:g}",
        judge=partial(judges.in_range, "neurons", 0.5 * _NEURONS, 1.5 * _NEURONS, "neurons")),
    _facts("window-seconds", "A window of eight frames lasts a few seconds",
        "seconds in every worm within half a second of the paper's number",
        judge=partial(judges.in_range, "window (s)", _WINDOW_S - 0.5, _WINDOW_S + 0.5, "s"),
        paper=f"~{_WINDOW_S:g} s", place="01_data#fig-folds"),
    _facts("fifteen-named", "The paper's neurons are named in all five worms",
        "every one of them named in every worm (one in worm 5, by an older file)", universal=True,
        judge=partial(judges.in_range, "paper's neurons named", _NAMED, _NAMED, f"of {_NAMED}"),
        paper=f"{_NAMED} neurons"),
    _facts("consistent-neurons", "Few neurons behave alike in all worms",
        "neurons for which no pair of worms differs in any of four states (Holm, 5 %): no more "
        "than the paper's, by tests of bouts and of frames",
        judge=partial(judges.few, _CONSISTENT, {"shuffled bouts": "consistent, bouts",
            "independent frames": "consistent, frames"}), paper=f"{_CONSISTENT} of {_NAMED}",
        section="Background, citing (18)", place="01_data#fig-consistency"),
    _numbers("local-variations", "Most local variations of a trace are over within one window",
        "rises and falls (runs of one sign of the derivative) no longer than a window, and their "
        "share of all change, in percent − 50", "above",
        dict(fact=("runs within a window (%)", "change within a window (%)")), against=50.0,
        place="01_data#fig-folds", paper=f"{_TEXT['window_frames']:g} frames"),
    _numbers("unknown-state", "The unknown state is a very small share of the frames",
        "share in percent − 5 (our bound)", "below", dict(fact="unlabelled (%)"), against=5.0,
        section=PROCEDURES),
    _recordings("strains", "The two strains of Nichols et al. do not differ significantly",
        "difference between strains", reason=NICHOLS),
    _recordings("three-shared", "Three neurons are named in every worm of both datasets",
        "neurons named in every worm", universal=True, paper="AIBR, AVAL, VB02", reason=NICHOLS),
    Claim("mlp-validated-abroad", "Validated on Nichols's worms, the MLP does significantly better",
        "difference of accuracy", reason=NICHOLS,
        section=PROCEDURES, place="02_two_states#fig-two-states-n-kato"),
    Claim("compute", "Training and evaluating one model takes a week or two",
        "seconds of all folds of our slowest classifier (other hardware, other code)",
        table="compute", judge=judges.slowest, paper="{} to {} days".format(*_TEXT["compute_days"]),
        reason="our code is not the authors'",
        section=PROCEDURES, place="02_two_states#fig-two-states-n-kato"),
)

_earlier = partial(Claim, section=BACKGROUND, place="04_manifold#fig-own-components")
_components = partial(_earlier, table="components")
_OWN, _POOLED = "own axes, all neurons", "pooled axes, shared neurons"

EARLIER_WORK = (
    _earlier("three-components",
        "Three principal components hold most of the variance of a worm's derivatives",
        "share of the variance − 50 %, for each scaling and width of derivative", "above",
        table="components_variance", by=dict(peak=(False, True), smoothing_s=(0.7, 1.5, 3.0)),
        score="variance", against=50.0,
        paper=f"~{_TEXT['three_components_variance_percent']:g} %"),
    _components("own-loops", "On a worm's own components the states lie apart, in every worm",
        "state decoded from neighbours, balanced accuracy − chance (four states): interval above "
        "0, and the least worm above 0", "", dict(projection=_OWN, peak=False),
        score="knn_within", against=25.0, judge=judges.every_worm, universal=True),
    _components("pooled-lost",
        "On components of all worms pooled that structure is not seen any more",
        "the same, pooled components − a worm's own", "below",
        dict(projection=_POOLED), dict(projection=_OWN), by=dict(peak=False),
        score=("knn_within", "knn_across"), section=f"{BACKGROUND}; Discussion"),
    _components("pooled-nothing", "There is no meaningful structure at all on shared components",
        "the same, pooled components − chance", "equal", dict(projection=_POOLED, peak=False),
        score=("knn_within", "knn_across"), against=25.0, universal=True, section="Discussion"),
    _earlier("onset-average",
        "Averages of the other worms decode the onset of a reversal worse than own neurons",
        "area under the ROC curve (%), average − own", "below",
        dict(decoder="average of other worms"), dict(decoder="own neurons"), table="onset",
        by=dict(standardised=(True, False)), score="auc",
        section="Figure 1E, from (18)", place="04_manifold#fig-onset-decoding"),
    _earlier("manifold-ahead", "The manifold predicts motor states well ahead",
        f"accuracy {_AHEAD_S:g} s ahead, manifold − commonest state, − persistence, − dwell times",
        "above", "manifold", ("marginal", "persistence", "dwell times"), table="admm_horizon",
        by=dict(horizon_s=_AHEAD_S), paper=f"up to {_AHEAD_S:g} s",
        place="04_manifold#fig-horizon"),
    _earlier("manifold-parameters", "The manifold method depends heavily on its parameters",
        "balanced accuracy on unseen worms (four states), each value of a parameter that was "
        "tried − the default", "apart", dict(default=False, value=EVERY), dict(default=True),
        table="admm_sensitivity", by=dict(parameter=EVERY), score="balanced_accuracy",
        place="04_manifold#fig-sensitivity"),
)

_two_states = partial(Claim, place="02_two_states#fig-two-states-n-kato", table="table1")
_unseen = partial(_two_states, by=dict(seen=False))
_same_worm = partial(_two_states, by=dict(seen=True))
_by_worm = partial(_unseen, section=TABLE, place="02_two_states#fig-two-states-worm")

TWO_STATES = (
    *(
        Claim(f"table1-18-{column}", f"The manifold method (18): accuracy on {worms}",
            _NUMBER, "equal", dict(model=model, seen=column == "same worm"),
            table="admm_two_states", against=_TABLE1["Brennan-Proekt"][column][0],
            paper=f"{_TABLE1['Brennan-Proekt'][column][0]:g} %",
            section=TABLE, place="04_manifold#fig-manifold-unseen")
        for column, worms, model in (
            ("same worm", "the same worm", "ADMM (shuffled)"), ("unseen", "unseen worms", "ADMM"),
        )
    ),
    *(
        _two_states(f"table1-{row}-{column}", f"{row}: accuracy on {worms}",
            _NUMBER, "equal", dict(model=model, seen=column == "same worm"),
            against=_TABLE1[row][column][0], paper=_printed(row, worms=column), section=TABLE)
        for row, model in OURS.items()
        for column, worms in (("same worm", "the same worm"), ("unseen", "unseen worms"))
    ),
    _two_states("table1-nichols",
        "SVM, MLP, GNN (Connectome), GNN: accuracy on the worms of Nichols et al., three neurons",
        _NUMBER, "equal", table=(), section=TABLE,
        paper="; ".join(f"{row}: {_printed(row, worms='nichols')}" for row in OURS),
        reason=f"{NICHOLS}; with them: wormgnn run table1-nichols --dataset kato"),
    _unseen("deep-beats-svm",
        "Deep models generalise to unseen worms significantly better than the SVM",
        f"deep model − SVM, {_UNSEEN}", "above", DEEP, "SVM", section=STATES,
        paper=f"{_printed('SVM', 'MLP').removesuffix(' %')} to {_printed('GNN')}"),
    _same_worm("svm-matches-same-worm",
        "On the test fold of its own worms the SVM matches the deep models",
        "SVM − deep model, same worm", "equal", "SVM", DEEP, section=STATES,
        paper=_printed("SVM", "GNN", worms="same worm")),
    _two_states("deep-beats-printed",
        "Deep models exceed the state of the art, (18), on unseen worms: the number printed for it",
        "our deep model − the printed number", "above", dict(model=DEEP, seen=False),
        against=_MANIFOLD, paper=f"{_MANIFOLD:g} %", section=STATES),
    _unseen("deep-beats-rebuilt", "The same, against that method as rebuilt here",
        f"deep model − ADMM, {_UNSEEN}", "above", DEEP, "ADMM", over=("fold",), section=STATES,
        table=("table1", "admm_two_states"), place="04_manifold#fig-manifold-unseen"),
    _same_worm("connectome-same-worm",
        "With the connectome's edges the GNN does well on the test fold",
        "GNN (connectome) − GNN, same worm", "equal", CONNECTOME_GNN, GNN, section=STATES,
        paper=_printed("GNN (Connectome)", "GNN", worms="same worm")),
    _by_worm("connectome-unseen",
        "With the connectome's edges the GNN generalises worse than with inferred ones",
        "GNN (connectome) − GNN, unseen worms", "below", CONNECTOME_GNN, GNN,
        section=STATES, paper=_printed("GNN (Connectome)", "GNN")),
    _by_worm("gnn-beats-mlp", "The GNN generalises better than the MLP",
        f"GNN − MLP, {_UNSEEN}", "above", GNN, "MLP", beside=dict(B=NO_NORM),
        paper=_printed("GNN", "MLP")),
    _by_worm("connectome-beats-mlp",
        "The GNN with the connectome's edges generalises better than the MLP",
        f"GNN (connectome) − MLP, {_UNSEEN}", "above", CONNECTOME_GNN, "MLP",
        beside=dict(B=NO_NORM), paper=_printed("GNN (Connectome)", "MLP")),
    _by_worm("gnn-smaller-spread",
        "Over unseen worms the GNN's accuracies spread less than the MLP's",
        "distance of an accuracy from its model's mean, GNN − MLP (Levene)", "below",
        GNN, "MLP", score="spread", beside=dict(B=NO_NORM),
        paper=f"sd {_TABLE1['GNN']['unseen'][1]} % against {_TABLE1['MLP']['unseen'][1]} %"),
    _two_states("simple-mlp", "A simple MLP does remarkably well on unseen worms",
        f"MLP − majority class, {_UNSEEN}", "above", dict(model="MLP", seen=False),
        score="above_majority", paper=_printed("MLP"), section="Conclusion"),
)

_all_states = partial(Claim, section=STATES, place="03_all_states#fig-4a-kato", table="figure4a")
_with_two = partial(_all_states, table=("table1", "figure4a"))
_ON_THREE = dict(n_states=4, seen=False, n_train=3)

ALL_STATES = (
    _all_states("seven-same-worm", "Seven states, same worm: accuracy of the models",
        _NUMBER, "equal", dict(model=NETWORKS, n_states=7, seen=True), against=_SEVEN,
        paper=f"~{_SEVEN:g} %"),
    _all_states("four-three-worms",
        "Four states, unseen worms: accuracy of the GNN trained on three worms",
        _NUMBER, "equal", dict(model=GNN, **_ON_THREE), against=_THREE,
        paper=f"{_THREE:g} %"),
    _all_states("four-three-beats-mlp",
        "Trained on three worms, the GNN decodes four states substantially better than the MLP",
        "GNN − MLP, four states, unseen worms, three trained on", "above", GNN, "MLP",
        by=_ON_THREE, beside=dict(B=NO_NORM), paper=f"{_THREE:g} %, the MLP's in a figure"),
    _all_states("four-three-beats-printed",
        "Trained on three worms, the GNN exceeds on four states what (18) reports on two",
        "ours − the printed number", "above", dict(model=GNN, **_ON_THREE),
        against=_MANIFOLD, paper=f"{_THREE:g} % against {_MANIFOLD:g} %"),
    _all_states("four-nichols",
        "Four states, worms of Nichols et al.: MLP and GNN generalise equally well",
        _NUMBER, "equal", table=(), paper=f"~{_TEXT['four_state_nichols_percent']:g} %",
        reason=f"{NICHOLS}; with them: wormgnn run figure4a-nichols --dataset kato"),
    _with_two("gnn-excels",
        "GNNs generally outperform models without a graph, and excel on unseen worms",
        "GNN − MLP on unseen worms, two, four and seven states", "above", GNN, "MLP",
        by=_UNSEEN_ALL, beside=dict(B=NO_NORM), section="Abstract"),
    _with_two("at-least-mlp", "In classification the GNN always matches or exceeds the MLP",
        "GNN − MLP, same and unseen worms, all numbers of states", "at_least", GNN, "MLP",
        by=_BOTH_ALL, beside=dict(B=NO_NORM), universal=True, section="Discussion; Conclusion"),
    _with_two("generalise-within", "The models generalise to unseen worms of the same study",
        "accuracy − majority class on unseen worms", "above", NETWORKS, by=_UNSEEN_ALL,
        score="above_majority", section="Conclusion"),
    Claim("generalise-beyond", "They generalise to a separate experiment, years apart",
        "accuracy − majority class on Nichols's worms; ours on animals of another laboratory, two "
        "states: balanced accuracy − 50", "", (NO_NORM, GNN), table="transfer", by=dict(
            train="kato", neurons="own", view="as recorded", scaling="whole", n_train=5),
        score="balanced_accuracy", against=50.0, reason=NICHOLS,
        section="Conclusion", place="06_another_lab#fig-animals"),
    _with_two("more-worms-states", "More training worms improve generalisation: classification",
        "accuracy on unseen worms, most − fewest training worms", "above",
        dict(n_train=4), dict(n_train=1), by=dict(**_UNSEEN_ALL, model=NETWORKS),
        over=("subset", "fold"), section="Results; Conclusion"),
)

_forecasts = partial(Claim, section="Results, trajectories", place="08_trajectories#fig-4c-kato",
    table="figure4c-causal", by=_TRAINED)
_errors = partial(_forecasts, score="mse", over=("step", "fold"), scale=1e4)
_relative = partial(_forecasts, score="relative", over=("step", "fold"))

TRAJECTORIES = (
    _forecasts("learn-transitions", "All deep learning models learn transitions",
        "skill over persistence (%) 8 frames ahead", "above", dict(model=FORECASTERS, step=8),
        score="skill", group="n_train", universal=True),
    *(
        _errors(key, f"The same, more strictly (ours): {sentence}",
            f"MSE minus that of {simple} {_MEAN}", "below", FORECASTERS, simple,
            group="n_train", universal=True)
        for key, sentence, simple in (
            ("learn-return", "more than a return to the mean", "Damped persistence"),
            ("learn-linear", "better than a linear map", "Ridge, one frame"),
        )
    ),
    _errors("more-worms-forecasts", "More training worms improve the forecasts of MLP and GNN",
        f"MSE {_MEAN}, most − fewest training worms", "below", dict(n_train=4), dict(n_train=1),
        by=dict(model=("MLP", GNN)), over=("subset", "step", "fold")),
    _errors("markovian-gnn", "The Markovian GNN outperforms all MLP and RNN variants",
        f"MSE of the GNN minus theirs {_MEAN}", "below", GNN, RIVALS, beside=dict(A=SELF_EDGE),
        universal=True),
    _forecasts("sixteen-frames", "The GNN predicts for at least 16 frames",
        "skill of the GNN (%) at 16 frames", "above", dict(model=GNN, step=16),
        score="skill", beside=dict(A=dict(model=SELF_EDGE, step=16))),
    _relative("gat-forecasts", "In forecasts a GAT performs equally",
        "error of the GAT minus the GNN's, in percent of persistence's (mean over 16 frames)",
        "equal", "GAT", GNN, section=SELECTION, table="figure4c"),
    _errors("dynamic-edges", "In forecasts edges inferred at each frame do better",
        f"MSE of the GNN minus that with static edges {_MEAN}", "below",
        GNN, "GNN, static edges", section=IMPLEMENTATION),
    _relative("at-least-mlp-forecasts", "In forecasts the GNN matches or exceeds the MLP",
        "error of the GNN minus the MLP's, in percent of persistence's", "at_most",
        GNN, "MLP", beside=dict(A=SELF_EDGE), section="Discussion; Conclusion"),
    _forecasts("forecasts-nichols",
        "On the worms of Nichols et al. the GNN clearly outperforms all others at 16 frames",
        f"MSE of the GNN minus theirs {_MEAN}", "below", table=(), universal=True,
        reason=f"{NICHOLS}; with them: wormgnn run figure4c-nichols --dataset kato"),
    _errors("scheduled-sampling", "Scheduled sampling keeps errors from adding up",
        "MSE of the MLP in the sixteenth frame (1e-4) minus that of one trained on true frames "
        "only", "below", "MLP", "MLP, true frames only", table="sampling",
        by=dict(step=16, **_TRAINED), over=("fold",), place="08_trajectories#fig-sampling"),
)

_structure = partial(Claim, section="Model", place="14_model_zoo#fig-structure-differences",
    table="structure", by=dict(neurons="paper", **_SIZES))
_zoo = partial(Claim, section=SELECTION, place="14_model_zoo#fig-zoo", table="zoo-longer",
    by=dict(seen=False, **_TRAINED))

ARCHITECTURE = (
    _structure("concatenation", "Aggregation by concatenation does better than by sum",
        f"GNN − GNN with sums, {_SETTINGS}", "above", GNN, "GNN, sum"),
    _structure("steps", "More than one step of message passing brings no improvement",
        f"two or three steps − one, {_SETTINGS}", "at_most",
        ("GNN, two steps", "GNN, three steps"), GNN, universal=True),
    _structure("static-edges",
        "For states, edges inferred once for a worm do better than edges of each frame",
        f"GNN − GNN with edges per frame, {_SETTINGS}", "above",
        GNN, "GNN, edges per frame", section=IMPLEMENTATION),
    _structure("hyperparameters",
        "The models are robust to hyperparameters: 256 hidden channels in place of 16",
        f"256 − 16, {_SETTINGS}", "equal", ("GNN, 256 hidden", f"{NO_NORM}, 256 hidden"),
        (GNN, NO_NORM), section=IMPLEMENTATION),
    _zoo("gin-0", "The GIN-0 on a full graph comes close to the MLP",
        f"GIN-0 − MLP, {_AT_LENGTH}", "equal", "GIN-0", NO_NORM),
    _zoo("gin-eps", "The GIN-eps is prone to overfitting: unseen worms",
        "loss of accuracy from own to unseen worms, GIN-eps − MLP, four states, one and four "
        "trained on, the paper's epochs", "above", "GIN-eps", NO_NORM, score="loss"),
    _zoo("gin-eps-curve", "The GIN-eps is prone to overfitting: its training curve",
        # A rise is never below 0, and the MLP's is 0 wherever its last epoch is its best, so that
        # an interval above 0 says little. One worm trained on, so that units are worms.
        "rise of the validation loss behind its lowest (1e-3 nats), one worm trained on (sets of "
        f"four overlap), GIN-eps − MLP − {_RISE:g} (our bound; a rise is never below 0)", "above",
        "GIN-eps", NO_NORM, table="overfitting", by=dict(n_states=(2, 4), n_train=1),
        score="rise", against=_RISE, unit="subset", scale=1e3,
        place="14_model_zoo#fig-overfitting"),
    _zoo("gat-states", "On states the GAT does slightly worse than the GNN",
        f"GAT − GNN, {_AT_LENGTH}", "below", "GAT", GNN),
    _zoo("best-of-zoo", "The GNN was chosen for its performance: no established layer does better",
        f"layer − GNN, {_AT_LENGTH}", "at_most", LAYERS, GNN, universal=True),
)

_simulated = partial(Claim, section="Discussion", place="13_mixing#fig-dial-difference",
    table="mixing.simulated", unit=("sim_seed", "worm"))
_PLACES = dict(kind=("loadings", "neurons"), n_states=2, seen=False, **_TRAINED)
_DIAL = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0)

HYPOTHESIS = (
    _simulated("linear-maps",
        "Message passing along inferred edges undoes the linear transformations between worms",
        "simulated worms with linear mixing, GNN − MLP with the same classifier, unseen worms, "
        "every place of the dial above 0", "above", GNN, NO_NORM,
        by=dict(view="as recorded", mixing=_DIAL, **_PLACES)),
    _simulated("linear-maps-room",
        "Undoing those transformations would help (ours: with the true map of each worm)",
        # Aligned traces are also less noisy, which helps where nothing is to be undone.
        "simulated worms, same classifier, gain from the true map (aligned − not aligned) minus "
        "the same worm's gain at mixing 0, where it only takes noise away", "above",
        dict(mixing=_DIAL), dict(mixing=0.0), by=dict(model=NO_NORM, **_PLACES), score="gain"),
    Claim("three-neurons",
        "Three neurons in place of 15 have no significant impact on performance",
        "networks, three − 15 neurons, unseen worms, two and four states", "equal",
        dict(neurons="three"), dict(neurons="paper"), table="structure",
        by=dict(model=(NO_NORM, GNN), **_SIZES), universal=True,
        section="Discussion", place="14_model_zoo#fig-structure"),
    Claim("one-neuron", "One well-chosen neuron keeps most of the information of 15",
        "mutual information of label and prediction, one neuron's as a share of all 15's, minus "
        "the paper's", "at_least", table="neuron_singles", judge=judges.share_kept,
        against=_TEXT["one_neuron_information_percent"],
        paper=f"~{_TEXT['one_neuron_information_percent']:g} %",
        section="Discussion, citing (18)", place="12_any_neurons#fig-single-neurons"),
)

_fewer = partial(Claim, section="Supplement, experiments without AVA",
    place="10_without_ava#fig-without-ava", B=dict(neurons="paper"), universal=True,
    table=("without-ava", "table1", "figure4a"), by=(
        dict(model=("SVM", "SVM, linear", CONNECTOME_GNN, *OF_SUPPLEMENT), n_states=2,
            seen=(True, False)),
        dict(model=OF_SUPPLEMENT, n_states=(4, 7), seen=(True, False))))
_one_hot = partial(Claim, section="Supplement, one-hot encoding of edges",
    place="11_one_hot#fig-one-hot-accuracy", table=("one-hot", "one-hot-sum"), A=(
        dict(model="GNN", rivals=("types", "senders"), factor=100),
        dict(model="GNN, bare sum", rivals="types", factor=100)),
    B=(dict(model="GNN", rivals="types", factor=1),
        dict(model="GNN, bare sum", rivals="types", factor=1)))
_edges = partial(Claim, section=CONNECTOME, place="09_connectomes#fig-agreement",
    table="connectivity")

SUPPLEMENT = (
    _fewer("without-ava",
        "Without the neurons AVA there is no noticeable difference in performance",
        "without − with AVAL and AVAR, all models and states", "equal",
        dict(neurons="without AVA")),
    _fewer("without-reversal",
        "The same, more strictly (ours): without all neurons that move with AVA",
        "without − with AIB, AVA, AVE and RIM", "equal",
        dict(neurons="without reversal neurons"), place="10_without_ava#fig-without-reversal"),
    _one_hot("one-hot-same", "With one-hot edges accuracy on the same worm is similar",
        "both interpretations, and a bare sum of messages; largest factor − factor 1 (softmax over "
        "types), same worm", "equal", by=dict(seen=True, **_TRAINED)),
    _one_hot("one-hot-unseen", "With one-hot edges the GNN fails to generalise",
        "both interpretations, and a bare sum of messages; largest factor − factor 1, unseen worms",
        "below",
        by=dict(seen=False, **_TRAINED)),
    _one_hot("permutation", "One-hot edges are in effect a permutation matrix",
        "weight on the best permutation, unseen worms, mean ± 2 sd over networks, in percent "
        f"− {_NEAR:g}", "above", table="one_hot_edges", judge=judges.permutation, against=_NEAR,
        place="11_one_hot#fig-one-hot-edges"),
    _edges("no-similarity", "Inferred edges have no similarity with the connectome",
        "Mantel's tests against synapses and gap junctions: rho above 0, p below 0.05 after Holm "
        "speaks against it; all others, an opposite pattern too, leave it open", universal=True,
        judge=partial(judges.mantel, -1, 0, {
            "chemical": "chemical synapses", "gap": "gap junctions"})),
    _edges("functional", "Inferred edges stand for functional connectivity instead",
        "Mantel's tests against the worm's own correlations, p below 0.05 after Holm: for it with "
        "rho above 0, against it with rho below 0", section=f"{CONNECTOME}; Results",
        judge=partial(judges.mantel, 1, -1, {"correlation": "the worm's own correlations"})),
    _edges("individual-edges",
        "Functional connectivity, and so the edges, are an individual's own",
        "edges fit their own worm's correlations better than another's: p below 0.05",
        judge=judges.own_worm),
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
