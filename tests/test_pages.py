"""What chapters share."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from wormgnn.datasets.registry import DATASETS
from wormgnn.errors import ChoiceError
from wormgnn.pages import banner, effective_profile, paper_reported, reference_note, table
from wormgnn.reference import Reference

ROOT = Path(__file__).resolve().parents[1]


def test_simulated_pages_say_so_loudly() -> None:
    shown = banner("simulated")._repr_html_()
    assert 'class="admonition warning"' in shown
    assert "Simulated recordings, not the paper" in shown
    assert "Simulated" in banner("simulated")._repr_markdown_()


@pytest.mark.parametrize("dataset", sorted(set(DATASETS) - {"simulated"}))
def test_real_pages_name_their_source(dataset: str) -> None:
    found = banner(dataset)
    assert found.kind == "note"
    assert DATASETS[dataset].home in repr(found)
    assert DATASETS[dataset].citation in repr(found)


def test_unknown_dataset_names_the_choices() -> None:
    with pytest.raises(ChoiceError, match="kato"):
        banner("katoo")


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
def test_variable_replaces_the_default_alone(
    given: str, variable: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORMGNN_PROFILE", variable)
    assert effective_profile(given) == expected


@pytest.mark.parametrize(("given", "variable"), [("quik", "smoke"), ("quick", "smok")])
def test_unknown_profile_names_the_choices(
    given: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORMGNN_PROFILE", variable)
    with pytest.raises(ChoiceError, match="smoke, quick, reduced, paper"):
        effective_profile(given)


def test_table_rounds_and_aligns() -> None:
    data = pd.DataFrame({"model": ["MLP", "GNN"], "accuracy": [0.93876, None], "n": [12345, 2]})
    html = table(data, "Accuracies", digits=2).to_html()
    assert "0.94" in html and "0.938" not in html
    assert "–" in html and "12\u202f345" in html
    assert "Accuracies" in html
    assert "text-align: right" in html
    assert ">0<" not in html, "row labels are hidden"


def test_table_is_the_same_in_every_build() -> None:
    data = pd.DataFrame({"a": [1.0]})
    assert table(data, "x").to_html() == table(data, "x").to_html()
    assert table(data, "x").to_html() != table(data, "y").to_html().replace("y", "x")


def test_paper_numbers_have_one_home() -> None:
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
    assert "7 (2 for GNN) of 10 folds" in reference_note(found).text
