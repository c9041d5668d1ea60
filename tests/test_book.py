"""The book's Sphinx extension, piece by piece; whole pages are in `test_browser.py`."""

from types import SimpleNamespace

import nbformat
import pytest
from docutils import nodes
from nbformat.v4 import new_code_cell, new_notebook, new_output
from sphinx.errors import ExtensionError

from wormgnn.paper import book

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


def app(mode, folder):
    config = SimpleNamespace(nb_execution_mode=mode, nb_execution_timeout=60)
    return SimpleNamespace(config=config, srcdir=folder, outdir=folder)


def test_notebooks_are_handed_over_as_they_ran(pages, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    chapters = book.Chapters()
    chapters.execute(app("off", tmp_path), pages, pages.names)
    source = ["text"]
    chapters.give(app("off", tmp_path), "intro", source)
    assert (chapters.executed, source) == ({}, ["text"]), "a build without runs leaves pages alone"
    chapters.execute(app("force", tmp_path), pages, pages.names)
    assert set(chapters.executed) == {"a", "b"}
    for name in "ab":
        source = ["as committed"]
        chapters.give(app("force", tmp_path), name, source)
        handed = nbformat.reads(source[0], as_version=4)
        assert handed.cells[0].outputs[0].text == f"{name} 3\n", "what the reader set counts"
        assert handed.metadata["mystnb"] == {"execution_mode": "off"}, "it does not run again"
    (tmp_path / "_sources").mkdir()
    chapters.offer(app("force", tmp_path), None)
    offered = nbformat.read(tmp_path / "_sources" / "a.ipynb", as_version=4)
    assert offered.cells[0].outputs and "mystnb" not in offered.metadata


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
    book.mark_answers(None, page)
    assert [paragraph["classes"] for paragraph in page] == [["answer"], []]


def test_the_first_figure_is_the_first_picture_with_a_caption(tmp_path):
    png, svg = {"image/png": "iVBORw0="}, {"image/svg+xml": "<svg/>"}
    still = {"text/html": '<div><img src="data:image/png;base64,iVBORw0="></div>'}
    cells = [new_code_cell(outputs=[new_output("display_data", d)]) for d in (png, svg, still)]
    for cell in cells[1:]:
        cell.metadata["mystnb"] = {"figure": {"name": "fig"}}
    for name, first in (("a", 0), ("b", 2)):
        book.write_first_figure(new_notebook(cells=cells[first:]), tmp_path / name)
    assert (tmp_path / "a.svg").read_text() == "<svg/>" and not (tmp_path / "a.png").exists()
    assert (tmp_path / "b.png").read_bytes() == b"\x89PNG\r"
