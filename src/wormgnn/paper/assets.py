"""What pages need beside themselves, as an extension of Sphinx: scripts, and chapters' thumbnails.

Both are made while the book is built: the scripts from the installed packages, the thumbnails from
the reference tables, so that neither is ever behind.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wormgnn.paper import thumbnails
from wormgnn.paper.claims import filter as claims_filter
from wormgnn.plots import interactive

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SCRIPTS = {"plotly.min.js": ("plotly", "package_data"), "interactive.js": ("wormgnn", "plots")}
"""Each script of a page, with the package that holds it and the folder therein."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx, for `extensions: [wormgnn.paper.assets]`."""
    app.connect("builder-inited", prepare)
    app.connect("html-page-context", add_scripts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def prepare(app: Sphinx) -> None:
    """Draw the thumbnails where the landing page looks for them, and copy the scripts."""
    thumbnails.draw(Path(app.srcdir) / thumbnails.FOLDER)
    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    for name, (package, folder) in SCRIPTS.items():
        with (files(package) / folder / name).open("rb") as source:
            (static / name).write_bytes(source.read())


def add_scripts(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Let a page load the scripts that what it shows needs."""
    body = str(context.get("body", ""))
    figures = f'class="{interactive.MARK}"' in body
    if figures:
        app.add_js_file("plotly.min.js", loading_method="defer")
    if figures or f'class="{claims_filter.MARK}"' in body:
        app.add_js_file("interactive.js", loading_method="defer")
