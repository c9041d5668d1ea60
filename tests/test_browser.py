"""What a reader's browser makes of the pages: wide, narrow and in the dark.

`make browser` runs this on the built book, by `WORMGNN_BOOK=book/_build/html`. Without it
a book of two small pages is built by the book's own configuration, and held to the same.
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

import lxml.html
import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[1]
LIST_OF_WORKS = "bibliography"
WITHOUT_ANSWER = {LIST_OF_WORKS, "glossary"}
"""Pages that ask nothing."""
VIEWS = {"wide": (1280, 900, "light"), "narrow": (400, 800, "light"), "dark": (1280, 900, "dark")}
LEAST_CONTRAST = 4.5
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}

PROBE = (ROOT / "tests" / "probe.js").read_text(encoding="utf-8")


class Visit(NamedTuple):
    """One page in one view: what the probe found, the console's errors, what it asked elsewhere."""

    page: str
    view: str
    found: dict[str, Any]
    errors: list[str]
    elsewhere: list[str]


def chapter() -> nbformat.NotebookNode:
    """A page with one of everything that chapters show."""
    opening = "# A page\n\n**Question.** What is seen?\n\n**Answer.** All of it: **1 of 1**.\n\n"
    opening += "**Verdict.** It *holds*.\n\n{numref}`fig-line` shows {cite:t}`kato2015global`."
    formula = "A worm $w$, and\n\n$$h_i = \\frac{1}{N} \\sum_{j \\ne i} w_{ij} x_j.$$\n\n"
    notes = "from wormgnn import plots, results\nfrom wormgnn.paper import pages\n"
    image = {"alt": "A line that rises from the lower left to the upper right."}
    shown = {"figure": {"name": "fig-line", "caption": "A line. n = 2."}, "image": image}

    def code(source: str, *tags: str, **metadata: object) -> nbformat.NotebookNode:
        return new_code_cell(source, metadata={"tags": [*tags, "hide-input"], **metadata})

    cells = [
        new_markdown_cell(opening),
        code("seed: int = 0", "parameters"),
        code(notes + "plots.use_style()\npages.banner('simulated')"),
        new_markdown_cell("## The numbers\n\n" + formula),
        code("pages.reference_note(results.read('table1.kato'))"),
        code("pages.table(results.read('table1.kato').table.head(3), 'Rows.')"),
        code("import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.show()", mystnb=shown),
    ]
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


def build(folder: Path) -> Path:
    """A book of two pages, by the book's own configuration; returns the folder of its pages."""
    shutil.copytree(ROOT / "book" / "_static", folder / "_static")
    for name in ("_config.yml", "references.bib", "bibliography.md"):
        shutil.copy(ROOT / "book" / name, folder)
    files = [{"file": "page"}, {"file": LIST_OF_WORKS}]
    toc = {"format": "jb-book", "root": "intro", "chapters": files}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc))
    (folder / "intro.md").write_text(
        "# A book\n\n## Results at a glance\n\n[A page](page.ipynb).\n"
    )
    nbformat.write(chapter(), folder / "page.ipynb")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", folder, "-W", "-n"]
    done = subprocess.run([*command, "--keep-going"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder / "_build" / "html"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Folder of the pages: of the book that the variable names, or of the small one."""
    named = os.environ.get("WORMGNN_BOOK")
    if not named:
        return build(tmp_path_factory.mktemp("book"))
    if not (ROOT / named / "intro.html").is_file():
        pytest.skip(f"no built book in {named}: make book")
    return ROOT / named


def pages_of(book: Path) -> list[str]:
    """Names of the pages, in the order in which they are read."""
    contents = yaml.safe_load((book.parents[1] / "_toc.yml").read_text())
    parts = contents.get("parts", [contents])
    return [contents["root"], *(entry["file"] for part in parts for entry in part["chapters"])]


class Silent(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/favicon.ico":  # browsers ask for it by themselves
            self.send_error(204)
        else:
            super().do_GET()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(book):
    """Where a server on this machine gives the pages."""
    handler = functools.partial(Silent, directory=str(book))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def visits(book, address, browser):
    """Every page in every view."""
    return [
        visit(browser, address, page, view, *how)
        for view, how in VIEWS.items()
        for page in pages_of(book)
    ]


def visit(browser, address, page, view, width, height, scheme) -> Visit:
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    tab = context.new_page()
    errors: list[str] = []
    elsewhere: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    tab.on("request", lambda asked: elsewhere.append(asked.url))
    tab.goto(f"{address}{page}.html", wait_until="networkidle")
    found = tab.evaluate(PROBE, LEAST_CONTRAST)
    context.close()
    inside = (address, "data:", "blob:")
    return Visit(
        page, view, found, errors, [url for url in elsewhere if not url.startswith(inside)]
    )


def test_a_section_has_one_fold_of_code_and_none_beside_it(book):
    for page in pages_of(book):
        article = lxml.html.parse(book / f"{page}.html").xpath("//article")[0]
        cells = "//div[contains(@class, 'tag_hide-input') or contains(@class, 'tag_parameters')]"
        assert not article.xpath(f".{cells}//div[contains(@class, 'cell_input')]"), page
        folds = "count(details[@class='code-fold'])"
        assert all(section.xpath(folds) <= 1 for section in article.iter("section")), page


@pytest.mark.parametrize(
    "fault",
    [
        lambda visit: visit.errors,
        lambda visit: visit.elsewhere,  # what a page asks the network
        lambda visit: [image["name"] for image in visit.found["images"] if image["blank"]],
        lambda visit: [image["name"] for image in visit.found["images"] if mute(image["alt"])],
        lambda visit: visit.found["faint"],
        lambda visit: visit.found["wide"],
    ],
    ids=["errors", "network", "blank images", "images without a text", "faint text", "too wide"],
)
def test_every_page_in_every_view_is_without(fault, visits):
    assert sum(len(visit.found["images"]) for visit in visits)
    assert all(visit.found["texts"] for visit in visits)
    assert [f"{visit.page}, {visit.view}: {one}" for visit in visits for one in fault(visit)] == []


def mute(text: str) -> bool:
    """Whether an image says nothing: Sphinx gives the file's name to one without a text."""
    return len(text) < 20 or "_images/" in text


def test_every_first_screen_holds_an_answer_and_figures_are_numbered_in_order(visits):
    asked = [visit for visit in visits if visit.page not in WITHOUT_ANSWER]
    assert [(visit.page, visit.view) for visit in asked if not visit.found["answered"]] == []
    numbers = [n for visit in visits if visit.view == "wide" for n in visit.found["numbers"]]
    assert numbers == list(range(1, len(numbers) + 1)) and numbers


def test_links_within_the_book_lead_somewhere(book):
    documents = {path.name: lxml.html.parse(path).getroot() for path in book.glob("*.html")}
    marks = {name: set(page.xpath("//@id | //a/@name")) for name, page in documents.items()}
    dead = []
    for name in (f"{page}.html" for page in pages_of(book)):
        for href in documents[name].xpath("//a/@href"):
            target, mark = urldefrag(href)
            if ":" in target:  # another site, or mail
                continue
            file = unquote(urljoin(name, target)).lstrip("/")
            mark = unquote(mark)
            known = file in marks and (not mark or mark in marks[file])
            if not known and not (file not in marks and (book / file).is_file()):
                dead.append(f"{name}: {href}")
    assert dead == []


def test_a_download_is_the_notebook_as_it_ran(book):
    """The button of a page gives its notebook with outputs."""
    for page in pages_of(book):
        path = book / "_sources" / f"{page}.ipynb"
        if path.exists():
            cells = nbformat.read(path, as_version=4).cells
            assert any(cell.get("outputs") for cell in cells), f"{page}: no cell has an output"
            source = f"//a[@href='_sources/{page}.ipynb']"
            assert lxml.html.parse(book / f"{page}.html").xpath(source), f"{page}: no button"
