"""What chapters share."""

import json
from pathlib import Path

import pandas as pd
import pytest

from wormgnn.datasets.registry import DATASETS
from wormgnn.errors import ChoiceError
from wormgnn.paper.pages import (
    banner,
    beside_paper,
    effective_profile,
    paper_reported,
    reference_note,
    table,
)
from wormgnn.results import Reference

ROOT = Path(__file__).resolve().parents[1]


def test_simulated_pages_say_so_loudly():
    shown = banner("simulated")._repr_html_()
    assert 'class="admonition warning"' in shown
    assert "Simulated recordings, not the paper" in shown
    assert "Simulated" in banner("simulated")._repr_markdown_()


@pytest.mark.parametrize("dataset", sorted(set(DATASETS) - {"simulated"}))
def test_real_pages_name_their_source(dataset):
    found = banner(dataset)
    assert found.kind == "note"
    assert DATASETS[dataset].home in repr(found)
    assert DATASETS[dataset].citation in repr(found)


@pytest.mark.parametrize(
    ("given", "variable", "expected"),
    [
        ("quick", "", "quick"),
        ("quick", "smoke", "smoke"),
        ("quick", "paper", "paper"),
        ("paper", "smoke", "paper"),
        ("smoke", "paper", "smoke"),
    ],
)
def test_variable_replaces_the_default_alone(given, variable, expected, monkeypatch):
    monkeypatch.setenv("WORMGNN_PROFILE", variable)
    assert effective_profile(given) == expected


@pytest.mark.parametrize(("given", "variable"), [("quik", "smoke"), ("quick", "smok")])
def test_unknown_profile_names_the_choices(given, variable, monkeypatch):
    monkeypatch.setenv("WORMGNN_PROFILE", variable)
    with pytest.raises(ChoiceError, match="smoke, quick, reduced, paper"):
        effective_profile(given)


def test_table_rounds_and_aligns():
    data = pd.DataFrame({"model": ["MLP", "GNN"], "accuracy": [0.93876, None], "n": [12345, 2]})
    html = table(data, "Accuracies", digits=2).to_html()
    assert "0.94" in html and "0.938" not in html
    assert "–" in html and "12\u202f345" in html
    assert "Accuracies" in html
    assert "text-align: right" in html
    assert ">0<" not in html, "row labels are hidden"


def test_paper_numbers_have_one_home():
    reported = paper_reported()
    assert reported["table1_two_state_accuracy_percent"]["GNN"][1] == [97.7, 3.1]
    link = ROOT / "results" / "paper_reported.json"
    assert link.is_symlink() or not link.exists()
    assert json.loads(link.read_text(encoding="utf-8")) == reported


def test_a_note_says_which_lines_have_fewer_folds():
    scale = {"folds": list(range(10)), "n_folds": 10, "epochs": 800}
    found = Reference(pd.DataFrame({"a": [1]}), {"profile": scale, "command": "c"})
    assert "10 of 10 folds, 800 epochs" in reference_note(found).text
    found.manifest["folds"] = {"SVM": 7, "GNN: 7 states": 2, "GNN": 2}
    found.manifest["lines"] = {"GNN: 7 states": {"model": "GNN"}}
    assert "7 (2 for GNN) of 10 folds" in reference_note(found).text


def test_the_papers_numbers_stand_beside_ours():
    """Two models, two members, two worms; the first worm is the one trained on."""
    rows = pd.DataFrame(
        [
            {"model": model, "subset": "w1", "fold": fold, "worm": worm, "seen": worm == "w1"}
            | {"accuracy": 0.7 + 0.1 * fold, "balanced_accuracy": 0.5, "majority": 0.6}
            for model in ("MLP", "GNN")
            for fold in (0, 1)
            for worm in ("w1", "w2")
        ]
    )
    reported = {"MLP": [[99.3, 0.6], [93.9, 10.3], None], "graph": [[99.5, None], None, None]}
    shown = beside_paper(rows, reported, {"GNN": "graph"})
    same, unseen = shown["same worm"], shown["unseen worms"]
    assert unseen.loc["MLP", "paper"] == "93.9\u00a0±\u00a010.3"
    assert same.loc["GNN", "paper"] == "99.5"
    assert unseen.loc["GNN", "paper"] == "–"
    assert unseen.loc["MLP", "ours"] == "75.0\u00a0±\u00a07.1"
    assert (unseen.loc["MLP", "balanced"], unseen.loc["MLP", "n"]) == ("50.0", 2)


def test_unknown_dataset_names_the_choices():
    with pytest.raises(ChoiceError, match="kato"):
        banner("katoo")
