"""Every chapter is a pair in step, has parameters and no outputs, defines nothing, and is short."""

import ast
import pydoc
import re
from pathlib import Path

import jupytext
import pytest
from jupytext.compare import compare_notebooks

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = sorted((ROOT / "book").glob("[0-9]*.ipynb"))
MOST_LINES, MOST_WORDS, MOST_FIGURES = 150, 1500, 6
"""Of a chapter: lines of code (neither blank nor comment), words of text, named figures."""
KEEPS_OUTPUT = {"keep_output", "nbval-check-output"}


@pytest.fixture(scope="module", params=CHAPTERS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture(scope="module")
def notebook(path):
    return jupytext.read(path)


def tags(cell):
    return set(cell.metadata.get("tags", []))


def sources(notebook, kind):
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def test_the_script_has_the_same_cells_with_the_same_metadata(notebook, path):
    script = jupytext.read(path.with_suffix(".py"))
    compare_notebooks(notebook, script, "py:percent", compare_outputs=False)  # jupytext --sync


def test_papermill_has_a_language_and_parameters_that_are_checked(notebook):
    assert notebook.metadata.kernelspec.language == "python"
    (cell,) = (cell for cell in notebook.cells if "parameters" in tags(cell))
    assert cell.cell_type == "code"
    checked = r"pages\.start\("  # it refuses unknown parameters
    assert re.search(checked, "\n".join(sources(notebook, "code")))


def test_no_output_is_kept(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code" and not tags(cell) & KEEPS_OUTPUT:
            assert not cell.outputs and cell.execution_count is None, f"nbstripout: {cell.source}"


def test_a_chapter_defines_nothing(notebook):
    """Logic that can be wrong belongs in a study, under a test."""
    for source in sources(notebook, "code"):
        plain = "\n".join("" if line[:1] in "%!" else line for line in source.splitlines())
        for node in ast.walk(ast.parse(plain)):
            defined = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            named = isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and isinstance(
                node.value, ast.Lambda
            )
            assert not defined and not named, ast.unparse(node)


def test_a_chapter_is_short(notebook):
    code = [line.strip() for source in sources(notebook, "code") for line in source.splitlines()]
    assert sum(bool(line) and not line.startswith("#") for line in code) <= MOST_LINES
    assert sum(len(source.split()) for source in sources(notebook, "markdown")) <= MOST_WORDS
    shown = [cell.metadata.get("mystnb", {}) for cell in notebook.cells]
    assert sum("figure" in one for one in shown) <= MOST_FIGURES


def test_who_cannot_see_a_figure_reads_what_is_on_it(notebook):
    """The caption says what it is."""
    for cell in notebook.cells:
        shown = cell.metadata.get("mystnb", {})
        if figure := shown.get("figure"):
            text = shown.get("image", {}).get("alt", "")
            assert len(text.split()) >= 8 and text != figure["caption"], figure["name"]


def test_what_the_text_calls_by_its_full_name_is_there(notebook):
    for source in sources(notebook, "markdown"):
        for name in re.findall(r"`(wormgnn(?:\.\w+)+)`", source):
            assert pydoc.locate(name) is not None, name


def test_every_script_has_its_notebook():
    scripts = {path.stem for path in (ROOT / "book").glob("[0-9]*.py")}
    assert scripts == {path.stem for path in CHAPTERS}
