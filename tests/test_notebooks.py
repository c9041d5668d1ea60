"""Every chapter is a pair in step, has parameters, and is committed without outputs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import jupytext
import nbformat
import pytest
from jupytext.compare import NotebookDifference, compare_notebooks
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = sorted((ROOT / "book").glob("[0-9]*.ipynb"))
KEEPS_OUTPUT = {"keep_output", "nbval-check-output"}


def tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def check_pair(notebook: Path) -> None:
    """Fail unless the .py beside the notebook has the same cells with the same metadata."""
    script = notebook.with_suffix(".py")
    assert script.exists(), f"{notebook.name} has no {script.name}"
    try:
        compare_notebooks(
            jupytext.read(notebook), jupytext.read(script), "py:percent", compare_outputs=False
        )
    except NotebookDifference as difference:
        pytest.fail(f"{notebook.name} and {script.name} differ: jupytext --sync\n{difference}")


def check_kernel(notebook: Path) -> None:
    kernel = nbformat.read(notebook, as_version=4).metadata.get("kernelspec", {})
    assert kernel.get("language") == "python", f"{notebook.name}: papermill needs the language"


def check_parameters(notebook: Path) -> None:
    cells = nbformat.read(notebook, as_version=4).cells
    found = [cell for cell in cells if "parameters" in tags(cell)]
    assert len(found) == 1, f"{notebook.name}: {len(found)} cells are tagged parameters, not 1"
    assert found[0].cell_type == "code"


def check_outputs(notebook: Path) -> None:
    for index, cell in enumerate(nbformat.read(notebook, as_version=4).cells):
        if cell.cell_type == "code" and not tags(cell) & KEEPS_OUTPUT:
            assert not cell.outputs, f"{notebook.name}: cell {index} has outputs: nbstripout"
            assert cell.execution_count is None, f"{notebook.name}: cell {index} has a count"


CHECKS = [check_pair, check_kernel, check_parameters, check_outputs]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("notebook", CHAPTERS, ids=lambda path: path.stem)
def test_chapter(notebook: Path, check: Callable[[Path], None]) -> None:
    check(notebook)


def test_every_script_has_its_notebook() -> None:
    scripts = {path.stem for path in (ROOT / "book").glob("[0-9]*.py")}
    assert scripts == {path.stem for path in CHAPTERS}


@pytest.fixture
def chapter(tmp_path: Path) -> Path:
    """A sound pair in a folder configured like the book's."""
    shutil.copy(ROOT / "book" / "jupytext.toml", tmp_path)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(
        metadata={"kernelspec": kernel},
        cells=[
            new_markdown_cell("# A chapter"),
            new_code_cell('profile = "quick"', metadata={"tags": ["parameters"]}),
            new_code_cell("1 + 1", metadata={"tags": ["nbval-check-output", "keep_output"]}),
        ],
    )
    notebook.cells[2].outputs = [
        new_output("execute_result", data={"text/plain": "2"}, execution_count=1)
    ]
    path = tmp_path / "01_chapter.ipynb"
    jupytext.write(notebook, path)
    jupytext.write(notebook, path.with_suffix(".py"), fmt="py:percent")
    return path


def edit(path: Path, change: Callable[[NotebookNode], None]) -> None:
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)


@pytest.mark.parametrize("check", CHECKS)
def test_sound_pair_passes(chapter: Path, check: Callable[[Path], None]) -> None:
    check(chapter)


@pytest.mark.parametrize(
    ("old", "new"),
    [('profile = "quick"', 'profile = "paper"'), ("A chapter", "Another"), ('"parameters"', '"x"')],
    ids=["code", "prose", "tag"],
)
def test_edited_script_is_out_of_step(chapter: Path, old: str, new: str) -> None:
    script = chapter.with_suffix(".py")
    text = script.read_text()
    assert old in text
    script.write_text(text.replace(old, new))
    with pytest.raises(pytest.fail.Exception, match="differ"):
        check_pair(chapter)


def test_edited_notebook_is_out_of_step(chapter: Path) -> None:
    edit(chapter, lambda notebook: notebook.cells.append(new_code_cell("new = 1")))
    with pytest.raises(pytest.fail.Exception, match="differ"):
        check_pair(chapter)


def test_missing_script_fails(chapter: Path) -> None:
    chapter.with_suffix(".py").unlink()
    with pytest.raises(AssertionError, match="has no"):
        check_pair(chapter)


def test_unnamed_language_fails(chapter: Path) -> None:
    edit(chapter, lambda notebook: notebook.metadata.kernelspec.pop("language"))
    with pytest.raises(AssertionError, match="language"):
        check_kernel(chapter)


@pytest.mark.parametrize("copies", [0, 2])
def test_parameters_cell_is_one(chapter: Path, copies: int) -> None:
    def change(notebook: NotebookNode) -> None:
        tagged = {"tags": ["parameters"]}
        notebook.cells = [new_code_cell("seed = 0", metadata=tagged) for _ in range(copies)]

    edit(chapter, change)
    with pytest.raises(AssertionError, match="tagged parameters"):
        check_parameters(chapter)


def test_untagged_output_fails(chapter: Path) -> None:
    edit(chapter, lambda notebook: notebook.cells[2].metadata.pop("tags"))
    with pytest.raises(AssertionError, match="outputs"):
        check_outputs(chapter)
