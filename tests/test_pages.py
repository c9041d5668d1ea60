"""What chapters share."""

import json
import re
from pathlib import Path

import pandas as pd
import papermill
import pytest

from wormgnn.datasets.registry import DATASETS
from wormgnn.errors import ChoiceError, ParameterError
from wormgnn.paper.pages import (
    banner,
    beside_paper,
    check_parameters,
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


def test_a_page_of_ones_own_recordings_keeps_their_place_to_itself(tmp_path):
    (tmp_path / "lab").mkdir()
    found = banner(str(tmp_path / "lab"))
    assert "folder lab" in repr(found) and str(tmp_path) not in repr(found)
    with pytest.raises(ChoiceError, match="a folder with recordings"):
        banner("mouse")


OWN = (
    '# %%\nprofile: str = "quick"  # a scale\nn_train: list = [1, 4]\nmargin: float = (\n    5.0\n)'
)


@pytest.mark.parametrize(
    "injected", ['profile = "smoke"', "n_train = []", "margin = 3", "n_train = [2]\nmargin = -1.5"]
)
def test_parameters_that_a_chapter_has_pass(injected):
    check_parameters(["", OWN, f"# Parameters\n{injected}\n", "proflie = 3"])


@pytest.mark.parametrize(
    ("injected", "message"),
    [
        ('proflie = "smoke"', "no parameter 'proflie' here: choose of profile, n_train, margin"),
        ('n_train = "[1, 4]"', r"'n_train': expected list, as \[1, 4\] is, found '\[1, 4\]'.*-y"),
        ("profile = 3", "'profile': expected str, as 'quick' is, found 3"),
        ("profile = None", "'profile': expected str"),
    ],
)
def test_other_parameters_are_refused(injected, message):
    with pytest.raises(ParameterError, match=message):
        check_parameters(["", OWN, f"# Parameters\n{injected}\n", ""])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("proflie", "smoke", "no parameter 'proflie' here: choose of dataset, profile, seed"),
        ("topics", "Two states", "parameter 'topics': expected list"),
    ],
)
def test_papermill_stops_at_a_wrong_parameter(name, value, message, tmp_path):
    chapter = ROOT / "book" / "15_claims.ipynb"
    with pytest.raises(papermill.PapermillExecutionError, match=message):
        papermill.execute_notebook(
            chapter, tmp_path / "out.ipynb", {name: value}, progress_bar=False
        )


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


def test_a_table_prints_no_false_zero_and_no_empty_decimals():
    numbers = {"partial_p": [0.0001, 0.04, 1], "d": [-0.0001, -2.5, 1], "n": [9999.0, 1e4, 2]}
    data = pd.DataFrame(numbers)
    html = table(data).to_html()
    assert ">partial p<" in html
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", html)
    assert cells[0::3] == ["&lt;0.001", "0.040", "1.000"]
    assert cells[1::3] == ["0.000", "−2.500", "1.000"]
    assert cells[2::3] == ["9\u202f999", "10\u202f000", "2"]


def test_where_numbers_come_from_opens_from_a_line():
    found = Reference(pd.DataFrame({"a": [1]}), {"command": "wormgnn run <b>"})
    shown = reference_note(found)._repr_html_()
    assert shown.startswith('<details class="provenance"><summary>Reference results')
    assert "wormgnn run &lt;b&gt;" in shown and "1 rows" in shown


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
