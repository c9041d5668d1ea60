"""What the book adds to Jupyter Book, as a Sphinx extension that `_config.yml` names.

Chapters run side by side, and the first figure of each is its picture on the landing page; the code
of a section folds into one place; question, answer and verdict stand out; formulas need no script,
and pages load only the scripts of what they show.
"""

from __future__ import annotations

import base64
import os
import re
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from time import perf_counter
from typing import Any

import nbformat
from docutils import nodes  # type: ignore[import-untyped]
from docutils.utils.math.latex2mathml import tex2mathml  # type: ignore[import-untyped]
from joblib import cpu_count
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

from wormgnn.paper.claims import MARK as CLAIMS
from wormgnn.plots.interactive import MARK as FIGURE
from wormgnn.plots.interactive import SCRIPTS

MOST_KERNELS = 8
"""A kernel takes about 700 MB of memory."""

OPENINGS = ("Question.", "Answer.", "Verdict.")
"""Bold words with which a chapter's first paragraphs begin."""

FIRST_FIGURES = "_build/first_figures"
"""Where the landing page finds the first figure of each chapter, below the book's folder."""

LOGGER = logging.getLogger(__name__)


class Chapters:
    """Runs the notebooks that Sphinx is about to read, one on each core, and hands them over.

    Jupyter Book would run one after another. Every build runs all that it reads, so that no page
    shows a number of another build.
    """

    def __init__(self) -> None:
        self.executed: dict[str, nbformat.NotebookNode] = {}

    def execute(self, app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
        """Run the notebooks among these pages; ExtensionError with the traceback if one fails."""
        if app.config.nb_execution_mode != "force":
            return
        paths = {name: Path(env.doc2path(name)) for name in docnames}
        paths = {name: path for name, path in paths.items() if path.suffix == ".ipynb"}
        cores = cpu_count()
        kernels = max(1, min(cores, len(paths), MOST_KERNELS))
        environment = {"OMP_NUM_THREADS": str(max(1, cores // kernels))} | os.environ
        timeout = app.config.nb_execution_timeout
        with ThreadPoolExecutor(kernels) as pool:
            runs = pool.map(lambda path: run_notebook(path, environment, timeout), paths.values())
            self.executed |= dict(zip(paths, runs, strict=True))
        folder = Path(app.srcdir) / FIRST_FIGURES
        folder.mkdir(parents=True, exist_ok=True)
        for name in paths:
            write_first_figure(self.executed[name], folder / name)

    def give(self, app: Sphinx, docname: str, source: list[str]) -> None:
        """Let Sphinx read a notebook as it came out of its run."""
        if docname in self.executed:
            notebook = deepcopy(self.executed[docname])
            notebook.metadata["mystnb"] = {"execution_mode": "off"}  # it has run
            source[0] = nbformat.writes(notebook)

    def offer(self, app: Sphinx, failure: Exception | None) -> None:
        """Put the executed notebooks where the pages' download buttons look for the sources."""
        folder = Path(app.outdir) / "_sources"
        for docname, notebook in self.executed.items():
            if folder.is_dir():
                nbformat.write(notebook, folder / f"{docname}.ipynb")


def run_notebook(path: Path, environment: dict[str, str], timeout: int) -> nbformat.NotebookNode:
    """A notebook with the outputs of all its cells; ExtensionError where a cell fails.

    `environment` holds the kernel's variables, `timeout` the most seconds that a cell may take.
    """
    notebook, start = nbformat.read(path, as_version=4), perf_counter()
    where = {"metadata": {"path": str(path.parent)}}
    try:
        NotebookClient(notebook, timeout=timeout, resources=where).execute(env=environment)
    except (CellExecutionError, CellTimeoutError) as error:
        raise ExtensionError(f"{path}: a cell failed\n{error}") from error
    LOGGER.info("%s: run in %.1f s", path.name, perf_counter() - start)
    return notebook


def write_first_figure(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write the first picture of a cell with a caption as `path` with its kind behind it."""
    captioned = (cell for cell in notebook.cells if "figure" in cell.metadata.get("mystnb", {}))
    for data in (output.get("data", {}) for cell in captioned for output in cell.outputs):
        still = re.search(r'src="data:image/png;base64,([^"]+)"', data.get("text/html", ""))
        if "image/svg+xml" in data:
            path.with_name(f"{path.name}.svg").write_text(data["image/svg+xml"], encoding="utf-8")
            return
        if png := data.get("image/png") or (still and still[1]):  # of a figure to turn or to play
            path.with_name(f"{path.name}.png").write_bytes(base64.b64decode(png))
            return


def gather_code(app: Sphinx, page: nodes.document) -> None:
    """Put the hidden code of a section's cells into one fold at its end.

    Text, tables and figures then follow each other, and the cell of parameters is no wall before
    them. Code that a chapter means to show stays where it is.
    """
    for section in list(page.findall(nodes.section)):
        sources: list[nodes.Node] = []
        for cell in filter(_hides_code, list(section.children)):
            sources += filter(_is_source, cell.children)
            cell.children = [child for child in cell.children if not _is_source(child)]
            cell.attributes.pop("hide_mode", None)
            if not cell.children:
                section.remove(cell)
        if sources:
            start = '<details class="code-fold"><summary>Code</summary>'
            fold = [_html(start), *sources, _html("</details>")]
            inner = [isinstance(child, nodes.section) for child in section.children]
            at = inner.index(True) if True in inner else len(inner)
            section[at:at] = fold


def _hides_code(node: nodes.Node) -> bool:
    if not isinstance(node, nodes.container) or node.get("nb_element") != "cell_code":
        return False
    return node.get("hide_mode") == "input" or "tag_parameters" in node["classes"]


def _is_source(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code_source"


def _html(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def mark_answers(app: Sphinx, page: nodes.document) -> None:
    """Give the paragraphs `**Question.** ...`, `**Answer.** ...` and `**Verdict.** ...` a class."""
    for paragraph in page.findall(nodes.paragraph):
        first = next((child for child in paragraph.children if child.astext()), None)
        if isinstance(first, nodes.strong) and first.astext() in OPENINGS:
            paragraph["classes"].append(first.astext().rstrip(".").lower())


def visit_math(translator: Any, node: nodes.math) -> None:
    """Write a formula as MathML, which browsers draw by themselves, without a network."""
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def visit_displayed_math(translator: Any, node: nodes.math_block) -> None:
    """Write a displayed formula as MathML; ExtensionError for one that wants a number."""
    if node["number"]:
        raise ExtensionError(f"a formula with a label, which pages cannot number: {node.astext()}")
    translator.body.append(f'<div class="math">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def copy_scripts(app: Sphinx) -> None:
    """Let Sphinx copy the scripts beside the book's style."""
    app.config.html_static_path += [str(path) for path in SCRIPTS.values()]


def add_scripts(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Let a page load the scripts that what it shows needs."""
    body = str(context.get("body", ""))
    figures, claims = (f'class="{mark}"' in body for mark in (FIGURE, CLAIMS))
    if figures:
        app.add_js_file("plotly.min.js", loading_method="defer")
    if figures or claims:
        app.add_js_file("interactive.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect all of it to Sphinx."""
    chapters = Chapters()
    app.connect("builder-inited", copy_scripts)
    app.connect("env-before-read-docs", chapters.execute)
    app.connect("source-read", chapters.give)
    app.connect("build-finished", chapters.offer)
    app.connect("doctree-read", gather_code)
    app.connect("doctree-read", mark_answers)
    app.connect("html-page-context", add_scripts)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displayed_math, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
