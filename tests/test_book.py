"""The book's Sphinx extension, piece by piece; whole pages are in `test_browser.py`."""

from pathlib import Path
from types import SimpleNamespace

import nbformat
import pybtex.database
import pytest
from docutils import nodes
from nbformat.v4 import new_code_cell, new_notebook
from sphinx.errors import ExtensionError

from wormgnn.paper import book

ROOT = Path(__file__).resolve().parents[1]
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture
def pages(tmp_path):
    """Two notebooks that print their names, and a page that is none."""
    for name in ("a", "b"):
        cells = [new_code_cell(f"import os\nprint('{name}', os.environ['OMP_NUM_THREADS'])")]
        nbformat.write(new_notebook(cells=cells, metadata=KERNEL), tmp_path / f"{name}.ipynb")
    (tmp_path / "intro.md").write_text("# Text")
    paths = {name: tmp_path / f"{name}.ipynb" for name in "ab"} | {"intro": tmp_path / "intro.md"}
    return SimpleNamespace(doc2path=lambda name: str(paths[name]), names=[*paths])


def app(mode, folder=None):
    config = SimpleNamespace(nb_execution_mode=mode, nb_execution_timeout=60)
    return SimpleNamespace(config=config, outdir=folder)


def test_notebooks_are_handed_over_as_they_ran(pages, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    chapters = book.Chapters()
    chapters.execute(app("force"), pages, pages.names)
    assert set(chapters.executed) == {"a", "b"}
    for name in "ab":
        source = ["as committed"]
        chapters.give(app("force"), name, source)
        handed = nbformat.reads(source[0], as_version=4)
        assert handed.cells[0].outputs[0].text == f"{name} 3\n", "what the reader set counts"
        assert handed.metadata["mystnb"] == {"execution_mode": "off"}, "it does not run again"
    (tmp_path / "_sources").mkdir()
    chapters.offer(app("force", tmp_path), None)
    offered = nbformat.read(tmp_path / "_sources" / "a.ipynb", as_version=4)
    assert offered.cells[0].outputs and "mystnb" not in offered.metadata


def test_a_page_without_a_run_and_a_build_without_runs_are_left_alone(pages):
    chapters = book.Chapters()
    chapters.execute(app("off"), pages, pages.names)
    source = ["text"]
    chapters.give(app("off"), "intro", source)
    assert (chapters.executed, source) == ({}, ["text"])


def test_a_failed_cell_stops_the_build_and_names_its_notebook(tmp_path):
    path = tmp_path / "broken.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1 / 0")], metadata=KERNEL), path)
    with pytest.raises(ExtensionError, match=r"(?s)broken\.ipynb: a cell failed.*ZeroDivision"):
        book.run_notebook(path, {}, 60)


def test_formulas_are_mathml_and_refuse_numbers():
    translator = SimpleNamespace(body=[])
    with pytest.raises(nodes.SkipNode):
        book.visit_math(translator, nodes.math("", r"x_{i+1}"))
    assert translator.body[0].startswith("<math") and "<msub>" in translator.body[0]
    with pytest.raises(ExtensionError, match="label"):
        book.visit_displayed_math(translator, nodes.math_block("", "x", number=1))


def test_the_first_paragraphs_are_marked_by_their_bold_words():
    page = nodes.section()
    for opening in ("Answer.", "Answers."):
        page += nodes.paragraph("", "", nodes.Text(""), nodes.strong("", opening))
    book.mark_answers(app("force"), page)
    assert [paragraph["classes"] for paragraph in page] == [["answer"], []]


def test_works_have_the_names_that_citations_give_them():
    works = pybtex.database.parse_file(ROOT / "book" / "references.bib").entries
    labels = dict(zip(works, book.AuthorAndYear().format_labels(works.values()), strict=True))
    assert labels["kato2015global"] == "Kato et al., 2015"
    assert labels["brennan2019quantitative"] == "Brennan and Proekt, 2019"
    assert labels["velickovic2018graph"] == "Veličković et al., 2018"
    assert len(set(labels.values())) == len(labels), "two works have one name"


def code_cell(source, *outputs, **attributes):
    inner = nodes.container("", nodes.Text(source), nb_element="cell_code_source")
    return nodes.container("", inner, *outputs, nb_element="cell_code", **attributes)


def test_hidden_code_goes_to_the_end_of_its_section():
    figure, text, inner = nodes.figure(), nodes.paragraph("", "text"), nodes.section()
    cells = [
        code_cell("parameters", classes=["cell", "tag_parameters"]),
        code_cell("draw", figure, hide_mode="input"),
        code_cell("shown"),
    ]
    inner += code_cell("deeper", hide_mode="input")
    section = nodes.section("", *cells, text, inner)
    book.gather_code(app("force"), section)
    drawn, shown, kept, start, *folded, end, last = section.children
    assert drawn.children == [figure] and shown.astext() == "shown" and kept is text
    assert [one.astext() for one in folded] == ["parameters", "draw"]
    assert (start.astext(), end.astext()) == (inner[0].astext(), "</details>") and last is inner
    assert [child.astext() for child in inner][1] == "deeper"
