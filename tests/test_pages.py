"""What chapters share."""

import itertools
import json
import re
from pathlib import Path

import pandas as pd
import papermill
import pytest

from wormgnn.datasets.registry import DATASETS
from wormgnn.errors import ChoiceError, ParameterError
from wormgnn.paper import pages
from wormgnn.results import Reference

ROOT = Path(__file__).resolve().parents[1]


def test_a_page_says_where_its_recordings_are_from(tmp_path):
    assert "Simulated recordings, not the paper" in pages.banner("simulated")._repr_html_()
    assert DATASETS["kato"].home in pages.banner("kato")._repr_html_()
    (tmp_path / "lab").mkdir()
    found = pages.banner(str(tmp_path / "lab"))
    assert "folder lab" in repr(found) and str(tmp_path) not in repr(found)
    with pytest.raises(ChoiceError, match="kato"):
        pages.banner("katoo")


OWN = (
    '# %%\nprofile: str = "quick"  # a scale\nn_train: list = [1, 4]\nmargin: float = (\n    5.0\n)'
)


def test_parameters_that_a_chapter_has_pass():
    for injected in ('profile = "smoke"', "n_train = []\nmargin = 3", "margin = -1.5"):
        pages.check_parameters(["", OWN, f"# Parameters\n{injected}\n", "proflie = 3"])


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
        pages.check_parameters(["", OWN, f"# Parameters\n{injected}\n", ""])


def test_papermill_stops_at_a_wrong_parameter(tmp_path):
    book, out = ROOT / "book" / "15_claims.ipynb", tmp_path / "out.ipynb"
    message = "no parameter 'proflie' here: choose of dataset, profile, seed"
    with pytest.raises(papermill.PapermillExecutionError, match=message):
        papermill.execute_notebook(book, out, {"proflie": "smoke"}, progress_bar=False)


def test_the_variable_replaces_the_default_profile_alone(monkeypatch):
    for given, variable in {"quick": "paper", "paper": "smoke"}.items():
        monkeypatch.setenv("WORMGNN_PROFILE", variable)
        assert pages.effective_profile(given) == "paper"
    for given, variable in {"quik": "smoke", "quick": "smok"}.items():
        monkeypatch.setenv("WORMGNN_PROFILE", variable)
        with pytest.raises(ChoiceError, match="smoke, quick, reduced, paper"):
            pages.effective_profile(given)


def test_a_table_prints_no_false_zero_and_no_empty_decimals():
    numbers = {"partial_p": [0.0001, 0.04, 1], "d": [-0.0001, -2.5, 1], "n": [9999.0, 1e4, 2]}
    data = pd.DataFrame(numbers)
    html = pages.table(data, "Some <numbers>").to_html()
    assert ">partial p<" in html and "Some &lt;numbers&gt;" in html and "text-align: right" in html
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", html)
    assert cells[0::3] == ["&lt;0.001", "0.040", "1.000"]
    assert cells[1::3] == ["0.000", "−2.500", "1.000"]
    assert cells[2::3] == ["9\u202f999", "10\u202f000", "2"]


def test_paper_numbers_have_one_home():
    link = (ROOT / "results" / "paper_reported.json").read_text(encoding="utf-8")
    assert json.loads(link) == pages.paper_reported()


def test_a_note_says_which_lines_have_fewer_folds():
    scale = {"folds": list(range(10)), "n_folds": 10, "epochs": 800}
    manifest = {"profile": scale, "command": "wormgnn run <b>"}
    found = Reference(pd.DataFrame({"a": [1]}), manifest)
    shown = pages.reference_note(found)._repr_html_()
    assert shown.startswith('<details class="provenance"><summary>Reference results')
    assert "wormgnn run &lt;b&gt;" in shown and "10 of 10 folds, 800 epochs" in shown
    found.manifest["folds"] = {"SVM": 7, "GNN: 7 states": 2, "GNN": 2}
    found.manifest["lines"] = {"GNN: 7 states": {"model": "GNN"}}
    assert "7 (2 for GNN) of 10 folds" in pages.reference_note(found).text


def test_the_papers_numbers_stand_beside_ours():
    """Two models, two members, two worms; the first worm is the one trained on."""
    places = itertools.product(("MLP", "GNN"), (0, 1), ("w1", "w2"))
    rows = pd.DataFrame(places, columns=["model", "fold", "worm"])
    rows = rows.assign(subset="w1", seen=rows["worm"] == "w1", accuracy=0.7 + 0.1 * rows["fold"])
    rows = rows.assign(balanced_accuracy=0.5, majority=0.6)
    reported = {"MLP": [[99.3, 0.6], [93.9, 10.3], None], "graph": [[99.5, None], None, None]}
    shown = pages.beside_paper(rows, reported, {"GNN": "graph"})
    same, unseen = shown["same worm"], shown["unseen worms"]
    assert unseen["paper"].tolist() == ["93.9\u00a0±\u00a010.3", "–"]
    assert same.loc["GNN", "paper"] == "99.5"
    assert unseen.loc["MLP", "ours"] == "75.0\u00a0±\u00a07.1"
    assert (unseen.loc["MLP", "balanced"], unseen.loc["MLP", "n"]) == ("50.0", 2)
