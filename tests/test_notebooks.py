"""Every chapter is a pair in step, has parameters and no outputs, defines nothing, and is short."""

import ast
import pydoc
import re
from pathlib import Path

import jupytext
import nbformat
import pytest
from jupytext.compare import NotebookDifference, compare_notebooks
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = sorted((ROOT / "book").glob("[0-9]*.ipynb"))
MOST_LINES, MOST_WORDS, MOST_FIGURES = 150, 1500, 6
"""Of a chapter: lines of code (neither blank nor comment), words of text, named figures."""
KEEPS_OUTPUT = {"keep_output", "nbval-check-output"}


def tags(cell):
    return set(cell.metadata.get("tags", []))


def check_pair(notebook):
    """Fail unless the .py beside the notebook has the same cells with the same metadata."""
    script = notebook.with_suffix(".py")
    assert script.exists(), f"{notebook.name} has no {script.name}"
    try:
        compare_notebooks(
            jupytext.read(notebook), jupytext.read(script), "py:percent", compare_outputs=False
        )
    except NotebookDifference as difference:
        pytest.fail(f"{notebook.name} and {script.name} differ: jupytext --sync\n{difference}")


def check_kernel(notebook):
    kernel = nbformat.read(notebook, as_version=4).metadata.get("kernelspec", {})
    assert kernel.get("language") == "python", f"{notebook.name}: papermill needs the language"


def check_parameters(notebook):
    cells = nbformat.read(notebook, as_version=4).cells
    found = [cell for cell in cells if "parameters" in tags(cell)]
    assert len(found) == 1, f"{notebook.name}: {len(found)} cells are tagged parameters, not 1"
    assert found[0].cell_type == "code"
    checked = "pages.effective_profile(profile)"  # it refuses unknown parameters
    assert any(checked in source for source in sources(notebook, "code")), notebook.name


def check_outputs(notebook):
    for index, cell in enumerate(nbformat.read(notebook, as_version=4).cells):
        if cell.cell_type == "code" and not tags(cell) & KEEPS_OUTPUT:
            assert not cell.outputs, f"{notebook.name}: cell {index} has outputs: nbstripout"
            assert cell.execution_count is None, f"{notebook.name}: cell {index} has a count"


def sources(notebook, kind):
    cells = nbformat.read(notebook, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == kind]


def check_functions(notebook):
    """Logic that can be wrong belongs in a study, under a test: a chapter defines nothing."""
    for source in sources(notebook, "code"):
        plain = "\n".join("" if line[:1] in "%!" else line for line in source.splitlines())
        for node in ast.walk(ast.parse(plain)):
            defined = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            named = isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and isinstance(
                node.value, ast.Lambda
            )
            assert not defined and not named, f"{notebook.name} defines: {ast.unparse(node)}"


def check_length(notebook):
    code = [line.strip() for source in sources(notebook, "code") for line in source.splitlines()]
    lines = sum(bool(line) and not line.startswith("#") for line in code)
    assert lines <= MOST_LINES, f"{notebook.name}: {lines} lines of code, not {MOST_LINES}"
    words = sum(len(source.split()) for source in sources(notebook, "markdown"))
    assert words <= MOST_WORDS, f"{notebook.name}: {words} words, not {MOST_WORDS}"
    cells = nbformat.read(notebook, as_version=4).cells
    figures = sum("figure" in cell.metadata.get("mystnb", {}) for cell in cells)
    assert figures <= MOST_FIGURES, f"{notebook.name}: {figures} figures, not {MOST_FIGURES}"


def check_alternatives(notebook):
    """Who cannot see a figure reads what is on it; the caption says what it is."""
    for cell in nbformat.read(notebook, as_version=4).cells:
        shown = cell.metadata.get("mystnb", {})
        if figure := shown.get("figure"):
            text = shown.get("image", {}).get("alt", "")
            where = f"{notebook.name}: {figure['name']}"
            assert len(text.split()) >= 8, f'{where} wants "image": {{"alt": "what is seen"}}'
            assert text != figure["caption"], f"{where}: the alt text repeats the caption"


def check_names(notebook):
    """What the text calls by its full name is there."""
    for source in sources(notebook, "markdown"):
        for name in re.findall(r"`(wormgnn(?:\.\w+)+)`", source):
            assert pydoc.locate(name) is not None, f"{notebook.name}: there is no {name}"


CHECKS = [check_pair, check_kernel, check_parameters, check_outputs, check_functions, check_length]
CHECKS += [check_alternatives, check_names]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("notebook", CHAPTERS, ids=lambda path: path.stem)
def test_chapter(notebook, check):
    check(notebook)


def test_every_script_has_its_notebook():
    scripts = {path.stem for path in (ROOT / "book").glob("[0-9]*.py")}
    assert scripts == {path.stem for path in CHAPTERS}


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    return 1",
        "class A:\n    pass",
        "f = lambda: 1",
        "for f in (1,):\n    def g(): ...",
    ],
)
def test_a_definition_is_noticed_and_a_function_as_an_argument_passes(tmp_path, source):
    path, passes = tmp_path / "chapter.ipynb", "%matplotlib inline\nsorted([1], key=lambda n: -n)"
    nbformat.write(new_notebook(cells=[new_code_cell(passes)]), path)
    check_functions(path)
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
    with pytest.raises(AssertionError, match="defines"):
        check_functions(path)
