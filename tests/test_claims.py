"""Claims of the paper: every row is judged, leads somewhere, and flips with the data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_tables import STEP, WORMS, accuracies, two_and_four
from recordings import small_worms
from wormgnn import reference
from wormgnn.claims import page, rules
from wormgnn.claims.catalogue import TOPICS, changed, check, counts
from wormgnn.claims.claim import (
    FAILS,
    HOLDS,
    IN_PART,
    NOT_TESTED,
    OPEN,
    VERDICTS,
    Claim,
    Evidence,
    verdict_of,
)
from wormgnn.claims.commands import command
from wormgnn.claims.facts import facts, runs_of
from wormgnn.claims.places import PLACES, href
from wormgnn.claims.reference import compute
from wormgnn.claims.rules import Gap
from wormgnn.connectivity.verdict import QUESTIONS
from wormgnn.experiment_lines import EXPERIMENTS, SHARPNESS
from wormgnn.features import derivative
from wormgnn.mixing.dial import ALIGNED
from wormgnn.protocol import Classification
from wormgnn.recording import PAPER_NEURONS
from wormgnn.store import Store

ROOT = Path(__file__).resolve().parents[1]
CLAIMS = {claim.key: claim for claims in TOPICS.values() for claim in claims}
Tables = Mapping[str, pd.DataFrame]


def evidence(**tables: pd.DataFrame) -> Evidence:
    """Tables of Kato's worms by name; `__` stands for a dash."""
    named = {f"{name.replace('__', '-')}.kato": table for name, table in tables.items()}
    return Evidence(named.get)


def verdict(key: str, seen: Evidence) -> str:
    return CLAIMS[key].check(seen).verdict


# --- every claim


def test_keys_are_unique() -> None:
    assert len(CLAIMS) == sum(map(len, TOPICS.values()))


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS.keys())
def test_every_claim_is_complete_and_leads_to_its_figure(claim: Claim) -> None:
    assert all((claim.sentence, claim.section, claim.asked(Evidence())))
    chapter, anchor = PLACES[claim.place]
    source = (ROOT / "book" / f"{chapter}.py").read_text(encoding="utf-8")
    assert f'"name": "{anchor}"' in source or f"({anchor})=" in source
    assert href(claim.place) == f"{chapter}.html#{anchor}"


def test_places_are_all_used() -> None:
    assert {claim.place for claim in CLAIMS.values()} <= set(PLACES)


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS.keys())
def test_without_tables_nothing_is_tested_and_the_row_says_why(claim: Claim) -> None:
    found = claim.check(Evidence(lambda _name: None))
    if claim.key == "freely-moving":  # what the authors of the recordings write
        assert found.verdict == FAILS
        return
    assert found.verdict == NOT_TESTED
    assert "not here" in found.ours[0] or ": wormgnn run" in found.ours[0] or "-m" in found.ours[0]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("zoo", "wormgnn run zoo --dataset kato --profile reduced --reference"),
        ("figure4c", "wormgnn run figure4c --dataset kato --profile reduced --folds 1 --reference"),
        ("components_variance", "python -m wormgnn.baselines.admm.reference"),
        ("neuron_singles", "python -m wormgnn.neuron_subsets.reference"),
        ("one_hot_edges", "python -m wormgnn.one_hot"),
    ],
)
def test_command_of_a_table(table: str, words: str) -> None:
    assert command(table) == words


# --- verdicts and rules


@pytest.mark.parametrize(
    ("signs", "wanted"),
    [
        ([1, 1], HOLDS),
        ([1, 0], IN_PART),
        ([1, -1], IN_PART),
        ([0, -1], FAILS),
        ([-1], FAILS),
        ([0, 0], OPEN),
    ],
)
def test_verdict_from_comparisons(signs: list[int], wanted: str) -> None:
    assert verdict_of(signs) == wanted
    assert verdict_of(signs, complete=False) == (IN_PART if wanted == HOLDS else wanted)


def test_verdict_needs_a_comparison() -> None:
    with pytest.raises(ValueError, match="at least one"):
        verdict_of([])


ENDS = st.tuples(*[st.floats(-10, 10)] * 3).map(sorted)


@given(ENDS, st.floats(0.1, 5))
def test_rules_against_their_definitions(ends: list[float], margin: float) -> None:
    low, mean, high = ends
    gap, mirrored = Gap("", mean, low, high, ""), Gap("", -mean, -high, -low, "")
    holds_zero = low <= 0 <= high
    assert rules.above(gap) == (0 if holds_zero else np.sign(mean))
    assert rules.below(gap) == rules.above(mirrored)
    assert (rules.equal(gap, margin) == 1) == (-margin < low and high < margin)
    assert (rules.equal(gap, margin) == -1) <= (not holds_zero)
    assert (rules.at_least(gap, margin) == 1) == (low > -margin)
    assert (rules.at_least(gap, margin) == -1) == (low <= -margin and high < 0)
    assert rules.at_most(gap, margin) == rules.at_least(mirrored, margin)


@pytest.mark.parametrize("rule", [rules.above, rules.below, rules.equal])
def test_one_worm_decides_nothing(rule: rules.Rule) -> None:
    gap = Gap("A − B", 5.0, np.nan, np.nan, "1 worms")
    assert rule(gap, 2.0) == 0
    assert str(gap) == "A − B: +5.0"


def test_what_all_numbers_rest_on_is_said_once() -> None:
    one, two = (Gap(name, -1.0, -2.0, 0.5, "5 worms") for name in "AB")
    assert rules.texts([one]) == ["A: −1.0\u00a0[−2.0,\u00a0+0.5] (5 worms)"]
    assert rules.texts([one, two])[1:] == ["B: −1.0\u00a0[−2.0,\u00a0+0.5]", "(5 worms each)"]


def test_many_comparisons_are_counted() -> None:
    gaps = [Gap(f"gap {k}", k - 4.5, k - 5.0, k - 4.0, "5 worms") for k in range(10)]
    found = rules.concluded(gaps, rules.above, 0.0)
    assert found.ours == (
        "4 of 10 comparisons for, 4 against, 2 neither",
        "least: gap 0: −4.5\u00a0[−5.0,\u00a0−4.0] (5 worms)",
        "greatest: gap 9: +4.5\u00a0[+4.0,\u00a0+5.0] (5 worms)",
    )


# --- judges flip with the data

DEEP = ("MLP", "MLP, no norm", "GNN (connectome)", "GNN")


def table1(**levels: float | tuple[float, float]) -> Evidence:
    names = {"SVM": 0.9, **dict.fromkeys(DEEP, 0.9)}
    given = {name.replace("_", " "): level for name, level in levels.items()}
    return evidence(table1=accuracies({**names, **given}))


@pytest.mark.parametrize(
    ("key", "levels", "wanted"),
    [
        ("table1-GNN-unseen", {"GNN": 0.977}, HOLDS),
        ("table1-GNN-unseen", {"GNN": 0.9}, FAILS),
        ("table1-SVM-same worm", {"SVM": (0.988, 0.5)}, HOLDS),
        ("table1-SVM-same worm", {"SVM": (0.5, 0.988)}, FAILS),
        ("deep-beats-svm", {"SVM": (0.9, 0.8)}, HOLDS),
        ("deep-beats-svm", {"SVM": (0.8, 0.95)}, FAILS),
        ("deep-beats-svm", {"SVM": 0.8, "GNN": 0.7}, IN_PART),
        ("svm-matches-same-worm", {"SVM": (0.9, 0.1)}, HOLDS),
        ("svm-matches-same-worm", {"SVM": (0.8, 0.9)}, FAILS),
        ("gnn-beats-mlp", {"GNN": 0.95}, HOLDS),
        ("gnn-beats-mlp", {"GNN": 0.85}, FAILS),
        ("gnn-beats-mlp", {"GNN": 0.9}, OPEN),
        ("gnn-beats-mlp", {"GNN": 0.9, "MLP": 0.8}, IN_PART),
        ("deep-beats-printed", {}, HOLDS),
        ("deep-beats-printed", dict.fromkeys(DEEP, 0.7), FAILS),
        ("simple-mlp", {}, HOLDS),
        ("simple-mlp", {"MLP": 0.4, "MLP, no norm": 0.4}, FAILS),
    ],
)
def test_table_one(key: str, levels: dict[str, float], wanted: str) -> None:
    assert verdict(key, table1(**levels)) == wanted


def test_spread_is_judged_about_each_models_own_mean() -> None:
    table = accuracies({"GNN": 0.5, "MLP": 0.9, "MLP, no norm": 0.9})
    odd = table["subset"].isin(["a", "a+b+c+d", "b"])
    wide = table.assign(
        accuracy=table["accuracy"] + np.where(odd, 0.2, -0.1) * (table["model"] != "GNN")
    )
    assert verdict("gnn-smaller-spread", evidence(table1=wide)) == HOLDS
    swapped = wide.assign(
        model=wide["model"].map({"GNN": "MLP", "MLP": "GNN", "MLP, no norm": "MLP, no norm"})
    )
    assert verdict("gnn-smaller-spread", evidence(table1=swapped)) != HOLDS


def test_folds_are_no_further_evidence() -> None:
    """Copies of every fold leave the interval over worms as it was."""
    table = accuracies({"GNN": 0.9, "MLP": 0.895, "MLP, no norm": 0.9})
    copies = pd.concat([table.assign(fold=table["fold"] + 2 * k) for k in range(5)])
    lines = [CLAIMS["gnn-beats-mlp"].check(evidence(table1=rows)).ours for rows in (table, copies)]
    assert lines[0][:2] == lines[1][:2] and lines[0][2] != lines[1][2]


def test_a_line_that_is_missing_leaves_it_at_in_part() -> None:
    table = accuracies({"GNN": 0.95, "MLP": 0.9})
    found = CLAIMS["gnn-beats-mlp"].check(evidence(table1=table))
    assert found.verdict == IN_PART
    assert found.ours[-1].startswith("not computed: MLP, no norm (table1); wormgnn run table1 ")


def test_a_broken_table_is_no_missing_one() -> None:
    table = accuracies({"GNN": 0.95, "MLP": 0.9, "MLP, no norm": 0.9})
    with pytest.raises(pd.errors.MergeError):
        verdict("gnn-beats-mlp", evidence(table1=pd.concat([table, table])))


def test_many_missing_lines_are_counted() -> None:
    seen = evidence(zoo=accuracies({"GAT: 2 states": 0.7, "GNN: 2 states": 0.8}))
    found = CLAIMS["best-of-zoo"].check(seen)
    assert found.verdict == IN_PART and len(found.ours) == 3
    assert " and 6 more; wormgnn run zoo " in found.ours[-1]


def test_margin_is_the_evidences() -> None:
    seen = table1(GNN=0.947)
    assert [verdict("table1-GNN-unseen", seen.within(m)) for m in (2.0, 4.0)] == [FAILS, HOLDS]
    asked = {CLAIMS["table1-GNN-unseen"].asked(seen.within(m)) for m in (2.0, 4.0)}
    assert len(asked) == 2


def states(gnn: float | tuple[float, float], few: float = 0.8, many: float = 0.8) -> Evidence:
    """Table 1 and Figure 4A with the GNN apart, and small training sets apart from large."""
    labels = ["MLP", "MLP, no norm", "GNN"]
    tables = []
    for names in (labels, [f"{label}: {n} states" for label in labels for n in (4, 7)]):
        table = accuracies({name: gnn if "GNN" in name else 0.8 for name in names}, (1, 3, 4))
        shift = table["n_train"].map({1: few - 0.8, 3: 0.0, 4: many - 0.8})
        tables.append(table.assign(accuracy=table["accuracy"] + shift))
    return evidence(table1=tables[0], figure4a=tables[1])


@pytest.mark.parametrize(
    ("key", "gnn", "wanted"),
    [
        ("gnn-excels", (0.5, 0.9), HOLDS),
        ("gnn-excels", (0.9, 0.7), FAILS),
        ("at-least-mlp", 0.8, HOLDS),
        ("at-least-mlp", 0.79, HOLDS),
        ("at-least-mlp", 0.7, FAILS),
        ("at-least-mlp", (0.7, 0.9), IN_PART),
        ("four-three-worms", 0.87, HOLDS),
        ("four-three-worms", 0.80, FAILS),
        ("four-three-beats-mlp", 0.9, HOLDS),
        ("four-three-beats-mlp", 0.7, FAILS),
        ("four-three-beats-printed", 0.9, HOLDS),
        ("four-three-beats-printed", 0.7, FAILS),
        ("generalise-within", 0.9, HOLDS),
        ("generalise-within", 0.4, IN_PART),
    ],
)
def test_four_and_seven_states(key: str, gnn: float, wanted: str) -> None:
    assert verdict(key, states(gnn)) == wanted


def test_more_worms_help_where_they_do() -> None:
    assert verdict("more-worms-states", states(0.8, few=0.7)) == HOLDS
    assert verdict("more-worms-states", states(0.8, many=0.7)) == FAILS
    assert verdict("more-worms-states", states(0.8)) == OPEN


STRUCTURE = {label.split(": ")[0] for label in (r.label for r in EXPERIMENTS["structure"].runs)}
ZOO = {run.model for run in EXPERIMENTS["zoo"].runs}


@pytest.mark.parametrize(
    ("key", "changes", "wanted"),
    [
        ("concatenation", {"GNN, sum": 0.7}, HOLDS),
        ("concatenation", {"GNN, sum": 0.9}, FAILS),
        ("steps", {}, HOLDS),
        ("steps", {"GNN, two steps": 0.9, "GNN, three steps": 0.9}, FAILS),
        ("static-edges", {"GNN, edges per frame": 0.7}, HOLDS),
        ("static-edges", {"GNN, edges per frame": 0.9}, FAILS),
        ("hyperparameters", {}, HOLDS),
        ("hyperparameters", {"GNN, 256 hidden": 0.9, "MLP, no norm, 256 hidden": 0.7}, FAILS),
        ("three-neurons", {}, HOLDS),
        (
            "three-neurons",
            {"GNN, three": 0.6, "MLP, no norm, three": 0.6, "SVM, three": 0.6},
            FAILS,
        ),
    ],
)
def test_structure(key: str, changes: dict[str, float], wanted: str) -> None:
    table = accuracies(two_and_four({**dict.fromkeys(STRUCTURE, 0.8), **changes}))
    seen = evidence(structure=table, table1=accuracies({"SVM": 0.8}))
    assert verdict(key, seen) == wanted


@pytest.mark.parametrize(
    ("key", "changes", "wanted"),
    [
        ("gin-0", {}, HOLDS),
        ("gin-0", {"GIN-0": 0.7}, FAILS),
        ("gin-eps", {"GIN-eps": (0.95, 0.6)}, HOLDS),
        ("gin-eps", {"GIN-eps": (0.6, 0.95)}, FAILS),
        ("gin-eps", {"GIN-eps": 0.5}, OPEN),
        ("gat-states", {"GAT": 0.75}, HOLDS),
        ("gat-states", {"GAT": 0.85}, FAILS),
        ("best-of-zoo", {}, HOLDS),
        ("best-of-zoo", dict.fromkeys(ZOO - {"GNN"}, 0.9), FAILS),
    ],
)
def test_zoo(key: str, changes: dict[str, float], wanted: str) -> None:
    table = accuracies(two_and_four({**dict.fromkeys(ZOO, 0.8), **changes}))
    assert verdict(key, evidence(zoo=table)) == wanted


@pytest.mark.parametrize(("rise", "wanted"), [(0.5, HOLDS), (-0.5, FAILS)])
def test_training_curve(rise: float, wanted: str) -> None:
    zoo = accuracies(two_and_four({"GIN-eps": 0.9, "MLP, no norm": 0.9}))
    table = zoo.assign(rise=0.1 + rise * zoo["model"].str.startswith("GIN"))
    assert verdict("gin-eps-curve", evidence(overfitting=table)) == wanted


@pytest.mark.parametrize(("level", "wanted"), [(0.8, HOLDS), (0.7, FAILS)])
def test_without_ava(level: float, wanted: str) -> None:
    lines = [run.label for run in EXPERIMENTS["without-ava"].runs]
    full = {run.label: 0.8 for name in ("table1", "figure4a") for run in EXPERIMENTS[name].runs}
    whole = accuracies(full)
    seen = evidence(
        without__ava=accuracies(dict.fromkeys(lines, level)), table1=whole, figure4a=whole
    )
    assert verdict("without-ava", seen) == verdict("without-reversal", seen) == wanted


def sharpened(level: tuple[float, float]) -> Evidence:
    lines: dict[str, float | tuple[float, float]] = {
        f"GNN: softmax over {rivals}, factor {factor}": level if factor == SHARPNESS[-1] else 0.8
        for rivals in ("types", "senders")
        for factor in SHARPNESS
    }
    return evidence(one__hot=accuracies(lines))


def test_one_hot() -> None:
    breaks, helps = sharpened((0.8, 0.6)), sharpened((0.6, 0.9))
    assert verdict("one-hot-same", breaks) == verdict("one-hot-unseen", breaks) == HOLDS
    assert verdict("one-hot-same", helps) == verdict("one-hot-unseen", helps) == FAILS


@pytest.mark.parametrize(("share", "wanted"), [(0.99, HOLDS), (0.3, FAILS), (0.9, OPEN)])
def test_permutation(share: float, wanted: str) -> None:
    rows = [
        {"rivals": rivals, "factor": factor, "n_members": 5, "share": value, "share_sd": 0.01}
        for rivals in ("types", "senders")
        for factor, value in ((1.0, 0.5), (100.0, share))
    ]
    assert verdict("permutation", evidence(one_hot_edges=pd.DataFrame(rows))) == wanted


def mantel(**p_holm: float) -> Evidence:
    rows = [
        {"family": "main", "statistic": "spearman", "kind": kind, "p": p, "p_holm": p}
        for kind, p in {**dict.fromkeys(QUESTIONS, 0.5), **p_holm}.items()
    ]
    given = [{"family": "given correlation", "kind": "gap", "statistic": "x", "p_holm": 1.0}]
    own = [{"family": "own worm", "kind": "correlation", "p": p_holm.get("own", 0.5)}]
    table = pd.DataFrame([*rows, *given, *own])
    numbers = {"value": 0.3, "low": 0.1, "high": 0.2, "detectable": 0.3, "n_neurons": 15}
    return evidence(connectivity=table.assign(**numbers))


def test_connectome() -> None:
    nothing, gaps = mantel(), mantel(gap=0.001)
    assert verdict("no-similarity", nothing) == OPEN  # absence cannot be shown
    assert verdict("no-similarity", gaps) == FAILS
    assert verdict("functional", gaps) == OPEN
    assert verdict("functional", mantel(correlation=0.001)) == HOLDS
    assert verdict("individual-edges", mantel(own=0.01)) == HOLDS
    assert verdict("individual-edges", nothing) == OPEN


@pytest.mark.parametrize(("lead", "wanted"), [(0.05, HOLDS), (-0.05, FAILS)])
def test_mixing(lead: float, wanted: str) -> None:
    rows = [
        {
            **{"kind": "loadings", "mixing": mixing, "sim_seed": 0, "model": model},
            **{"n_states": 2, "n_train": 1, "seen": False, "worm": worm, "n": 1},
            "accuracy": 0.8 + STEP[name] + lead * (model != "MLP, no norm") * (mixing > 0),
        }
        for mixing in (0.0, 0.5)
        for model in ("GNN", "MLP, no norm", "MLP, no norm" + ALIGNED)
        for worm, name in enumerate(WORMS)
    ]
    table = pd.DataFrame(rows).assign(balanced_accuracy=0.5, majority=0.5)
    seen = Evidence({"mixing.simulated": table}.get)
    assert verdict("linear-maps", seen) == verdict("linear-maps-room", seen) == wanted


@pytest.mark.parametrize(("share", "wanted"), [(0.75, HOLDS), (0.9, HOLDS), (0.4, FAILS)])
def test_one_neuron(share: float, wanted: str) -> None:
    table = accuracies({"x": 0.8}, (1,)).drop(columns="model")
    parts = [
        table.assign(neurons="AVAL", n_neurons=1, information_bits=0.8 * share),
        table.assign(neurons="RID", n_neurons=1, information_bits=0.0, balanced_accuracy=0.1),
        table.assign(neurons="+".join(PAPER_NEURONS), n_neurons=15, information_bits=0.8),
    ]
    rows = pd.concat(parts).assign(method="SVM, retrained")
    assert verdict("one-neuron", evidence(neuron_singles=rows)) == wanted


def knn(own: float, pooled: float) -> Evidence:
    rows = [
        {"projection": way, "peak": False, "worm": worm, "knn_within": value, "knn_across": value}
        for way, value in (
            ("own axes, all neurons", own),
            ("pooled axes, shared neurons", pooled),
        )
        for worm in WORMS
    ]
    return evidence(components=pd.DataFrame(rows))


def test_components() -> None:
    lost, kept = knn(0.9, 0.25), knn(0.6, 0.9)
    for key in ("own-loops", "pooled-lost", "pooled-nothing"):
        assert verdict(key, lost) == HOLDS
    assert verdict("pooled-lost", kept) == verdict("pooled-nothing", kept) == FAILS
    assert verdict("own-loops", knn(0.25, 0.9)) == OPEN


def facts_of(**values: float) -> Evidence:
    rows = [
        {"fact": fact, "unit": worm, "value": value + STEP[worm]}
        for fact, value in values.items()
        for worm in WORMS
    ]
    return evidence(recordings=pd.DataFrame(rows))


def test_recordings() -> None:
    assert verdict("length", facts_of(frames=3500)) == HOLDS
    assert verdict("length", facts_of(frames=500)) == FAILS
    assert verdict("unknown-state", facts_of(**{"unlabelled (%)": 1.0})) == HOLDS
    assert verdict("unknown-state", facts_of(**{"unlabelled (%)": 20.0})) == FAILS
    runs = facts_of(**{"runs within a window (%)": 70.0, "change within a window (%)": 20.0})
    assert verdict("local-variations", runs) == IN_PART


def test_compute_time() -> None:
    def took(seconds: float) -> Evidence:
        columns = {"fold": 0, "networks": 31, "processor": "CPU"}
        return evidence(compute=pd.DataFrame([{"model": "GNN", "seconds": seconds, **columns}]))

    assert verdict("compute", took(10 * 86_400)) == HOLDS
    assert verdict("compute", took(3_600)) == FAILS


# --- the tables of this package


def test_runs_against_a_loop() -> None:
    (worm,) = small_worms(1)
    frames, change = runs_of(worm)
    chosen = worm.select(PAPER_NEURONS)
    slopes, lengths, moved = derivative(chosen) > 0, [], []
    for neuron in range(slopes.shape[1]):
        start = 0
        for frame in range(1, worm.n_frames + 1):
            if frame == worm.n_frames or slopes[frame, neuron] != slopes[start, neuron]:
                trace = chosen.traces[:, neuron]
                lengths.append(frame - start)
                moved.append(abs(trace[frame - 1] - trace[start]) / (trace.max() - trace.min()))
                start = frame
    np.testing.assert_array_equal(frames, lengths)
    np.testing.assert_allclose(change, moved)


def test_facts_of_worms_and_neurons() -> None:
    worms = small_worms(2, duration_s=240.0)
    table = facts(worms, n=9).set_index(["fact", "unit"])["value"]
    assert table["frames", worms[0].worm] == worms[0].n_frames
    assert table["minutes", worms[1].worm] == pytest.approx(4, abs=0.01)
    assert table["paper's neurons named", worms[0].worm] == len(PAPER_NEURONS)
    assert set(table["consistent, bouts"].index) == set(PAPER_NEURONS)
    assert set(table["consistent, frames"]) <= {0.0, 1.0}


def test_compute_reads_the_manifests_of_whole_folds(tmp_path: Path) -> None:
    worms, store = small_worms(2), Store(tmp_path)
    plan = Classification("svm")
    inputs = {
        **{"task": "classification", "neurons": list(PAPER_NEURONS), "fold": 0, "epochs": 800},
        "plan": {**vars(plan), "options": {}, "sizes": None},
        "subsets": [["1"], ["2"], ["1", "2"]],
        "data": [[worm.worm, worm.digest] for worm in worms],
    }
    store.put(inputs, {"x": np.zeros(1)}, 12.0)
    store.put({**inputs, "fold": 1}, {"x": np.zeros(1)}, 3.0)
    store.put({**inputs, "epochs": 3}, {"x": np.zeros(1)}, 1.0)
    store.put({**inputs, "neurons": ["AVAL"]}, {"x": np.zeros(1)}, 1.0)
    found = compute(store, worms)
    assert found[["model", "fold", "networks", "seconds"]].values.tolist() == [
        ["SVM", 0, 3, 12.0],
        ["SVM", 1, 3, 3.0],
    ]


# --- the page


def test_page_has_a_row_for_each_claim_with_its_link() -> None:
    found = check(table1(), ["Two states"])
    html = page.claims_table(found, "Claims").to_html()
    for row in found.itertuples():
        assert f'href="{row.link}"' in html
    assert html.count("<tr>") == len(found) + 1
    assert "<br>MLP, no norm − SVM" in html


def test_tables_of_a_page_have_ids_of_their_own() -> None:
    found = check(table1(), ["Two states", "Forecasts"])
    tables = [page.claims_table(part) for _, part in found.groupby("topic")]
    ids = [table.to_html().split('<table id="')[1].split('"')[0] for table in tables]
    assert len(set(ids)) == 2
    assert tables[0].to_html() == tables[0].to_html()


def test_page_escapes_text() -> None:
    found = check(table1(), ["Two states"]).head(1).assign(ours="a < b\nc & d")
    assert "a &lt; b<br>c &amp; d" in page.claims_table(found).to_html()


def test_legend_names_every_verdict() -> None:
    assert all(name in page.legend() for name in VERDICTS)


def test_counts_and_changes() -> None:
    found = check(table1(), ["Two states", "Forecasts"])
    tally = counts(found)
    assert tally.sum().sum() == len(found) and list(tally.columns) == list(VERDICTS)
    other = found.assign(verdict=found["verdict"].mask(found["key"] == "gnn-beats-mlp", NOT_TESTED))
    assert changed(found, other) == ["gnn-beats-mlp"] and changed(found, found) == []


# --- golden: the committed reference tables

GOLDEN = {
    "table1-SVM-unseen": FAILS,
    "table1-SVM-same worm": HOLDS,
    "table1-18-unseen": FAILS,
    "svm-matches-same-worm": HOLDS,
    "deep-beats-svm": FAILS,
    "gnn-beats-mlp": FAILS,
    "gnn-smaller-spread": FAILS,
    "simple-mlp": HOLDS,
    "seven-same-worm": FAILS,
    "four-three-beats-mlp": FAILS,
    "generalise-within": HOLDS,
    "more-worms-forecasts": HOLDS,
    "no-similarity": FAILS,
    "functional": HOLDS,
    "pooled-nothing": FAILS,
}


@pytest.fixture(scope="module")
def committed() -> Evidence:
    def read(name: str) -> pd.DataFrame | None:
        found = reference.read(name, ROOT / "results")
        return None if found is None else found.table

    return Evidence(read)


@pytest.mark.parametrize(("key", "wanted"), GOLDEN.items(), ids=GOLDEN.keys())
def test_verdict_on_the_reference_tables(key: str, wanted: str, committed: Evidence) -> None:
    assert verdict(key, committed) == wanted


def test_every_verdict_on_the_reference_tables_is_known(committed: Evidence) -> None:
    found = check(committed)
    assert set(found["verdict"]) <= set(VERDICTS)
    assert (found["ours"] != "").all()
    assert not found["ours"].str.contains("nan").any()
