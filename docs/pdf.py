"""Print the built book as one PDF.

python docs/pdf.py book/_build/html book/_build/book.pdf
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urldefrag

import lxml.html
import yaml
from lxml.html import HtmlElement
from playwright.sync_api import sync_playwright

MARKED = ".//*[self::section or self::figure or self::span or contains(@class, 'citation')][@id]"
"""What links of the book lead to; other ids belong to styles and scripts of their page."""


def main(html: Path, pdf: Path) -> None:
    """Put all pages into one, in the order of the contents, and let Chromium print it."""
    names = ("chromium", "google-chrome")
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not program:
        raise SystemExit("pdf: no Chromium: install it, or name it in the variable CHROMIUM")
    contents = yaml.safe_load((html.parents[1] / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    whole = html / "_print.html"
    whole.write_bytes(one_page(html, [contents["root"], *chapters]))
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            tab = browser.new_page(color_scheme="light")
            tab.goto(whole.absolute().as_uri(), wait_until="networkidle")
            margin = dict.fromkeys(("top", "bottom", "left", "right"), "18mm")
            tab.pdf(path=pdf, format="A4", margin=margin, print_background=True, scale=0.75)
    finally:
        whole.unlink()
    print(f"The book: {pdf}")


def one_page(html: Path, pages: list[str]) -> bytes:
    """HTML of all pages, with the head of the first; links among them lead within it."""
    whole = lxml.html.parse(html / f"{pages[0]}.html").getroot()
    body = whole.find("body")
    for child in list(body):
        body.remove(child)
    for page in pages:
        article = lxml.html.parse(html / f"{page}.html").xpath("//article")[0]
        article.tag, article.attrib["class"] = "section", "bd-article page"
        link_within(article, page, pages)
        body.append(article)
    return lxml.html.tostring(whole, encoding="utf-8", doctype="<!DOCTYPE html>")


def link_within(article: HtmlElement, page: str, pages: list[str]) -> None:
    """Give marks the name of their page, so that they differ, and links their new targets."""
    for element in article.xpath(MARKED):
        element.set("id", f"{page}-{element.get('id')}")
    article.set("id", page)
    for link in article.xpath(".//a[@href]"):
        target, mark = urldefrag(link.get("href"))
        name = target.removesuffix(".html") or page
        if name in pages:
            link.set("href", f"#{name}-{mark}" if mark else f"#{name}")
        if "headerlink" in link.get("class", ""):
            link.drop_tree()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
