"""Figures to turn and to play: what they hold, and what a browser makes of them."""

from __future__ import annotations

import base64
import json
import re
import shutil
from importlib.resources import files
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from wormgnn.paper.assets import SCRIPTS
from wormgnn.paper.claims.filter import claims_filter
from wormgnn.plots import AGREEMENT_COLOURS, STATE_COLOURS, interactive
from wormgnn.plots.interactive import Interactive

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
def paths() -> pd.DataFrame:
    """Two worms on the manifold, 40 frames each; the second one was not met."""
    turn = np.linspace(0, 4 * np.pi, 40)
    path = pd.DataFrame({"x": np.cos(turn), "y": np.sin(turn), "z": turn / 10})
    path["state"] = ["fwd", "revsus", "dt", None] * 10
    path["time_s"] = np.arange(40.0)
    worms = [path.assign(worm="one", seen=True), path.assign(worm="two", seen=False)]
    return pd.concat(worms, ignore_index=True)


@pytest.fixture
def findings() -> pd.DataFrame:
    rows = [
        ("Data", "b <i>first</i>", "holds", "01_data.html#fig-a"),
        ("Data", "a second", "does not hold", "01_data.html#fig-b"),
        ("Two states", "c third", "holds", "02_two_states.html#fig-c"),
    ]
    table = pd.DataFrame(rows, columns=["topic", "claim", "verdict", "link"])
    return table.assign(ours="1 < 2\nline")


def told(shown: interactive.Shown) -> dict[str, object]:
    (text,) = re.findall(r"<script[^>]*>(.*?)</script>", shown.html, re.DOTALL)
    found: dict[str, object] = json.loads(text)
    return found


def test_the_manifold_has_the_met_worms_as_dots_and_the_other_as_a_run(paths: pd.DataFrame) -> None:
    figure = interactive.manifold_run(paths)
    *dots, tail, head = figure.data
    assert [dot["name"] for dot in dots] == ["forward", "sustained reverse", "dorsal turn"]
    assert sum(len(dot["x"]) for dot in dots) == 30  # a frame without a state is no dot
    assert dots[0]["marker"]["color"] == STATE_COLOURS["fwd"]
    assert figure.run["traces"] == [3, 4] and figure.data[3:] == [tail, head]
    assert figure.run["x"] == paths.loc[~paths["seen"], "x"].round(3).tolist()
    assert figure.run["state"][:4] == ["forward", "sustained reverse", "dorsal turn", "no state"]
    assert figure.run["tail"] == 30  # frames are one second apart


def test_the_map_shows_one_graph_and_counts_what_is_shared() -> None:
    pairs = pd.DataFrame(
        [("gap", "A", "B", "both"), ("gap", "A", "C", "inferred only"),
         ("gap", "B", "C", "reference only"), ("wires", "A", "C", "both")],
        columns=["reference", "a", "b", "kind"],
    )  # fmt: skip
    places = np.arange(9.0).reshape(3, 3)
    figure = interactive.edge_map(pairs, ["A", "B", "C"], places)
    *edges, nodes = figure.data
    assert nodes["text"] == ["A", "B", "C"] and nodes["z"] == [2, 5, 8]
    assert (edges[0]["x"], edges[0]["line"]["color"]) == ([0, 3, None], AGREEMENT_COLOURS["both"])
    assert [choice["label"] for choice in figure.choices] == ["gap", "wires"]
    assert figure.choices[0]["visible"] == [True, True, True, False, True]
    assert figure.choices[0]["note"] == "1 of the 2 pairs are among the 2 strongest inferred edges."
    assert figure.choices[1]["note"] == "1 of the 1 pairs are among the 1 strongest inferred edges."


def test_without_a_script_there_is_a_picture_with_words() -> None:
    still, axes = plt.subplots(figsize=(1, 1))
    axes.plot([0, 1])
    figure = Interactive([{"name": "</script>"}], {"height": 9})
    shown = interactive.show(figure, still, 'a "line"')
    assert shown._repr_html_() == shown.html and 'alt="a &quot;line&quot;"' in shown.html
    (image,) = re.findall(r'base64,([^"]+)"', shown.html)
    assert base64.b64decode(image).startswith(b"\x89PNG")
    assert told(shown) == {"data": [{"name": "</script>"}], "layout": {"height": 9}}
    assert not plt.fignum_exists(still.number)  # type: ignore[attr-defined]


def test_a_picture_that_is_there_stands_for_the_figure() -> None:
    shown = interactive.show(Interactive([], {"height": 9}), b"\x89PNG", "a picture")
    (image,) = re.findall(r'base64,([^"]+)"', shown.html)
    assert base64.b64decode(image) == b"\x89PNG"


def test_the_claims_are_whole_without_a_script(findings: pd.DataFrame) -> None:
    page = claims_filter(findings)
    assert page.count("<tr data-topic") == 3 and "<form hidden>" in page
    assert "&lt;i&gt;first" in page and "1 &lt; 2<br>line" in page
    assert '<a href="02_two_states.html#fig-c">c third</a>' in page


@pytest.fixture(scope="module")
def browser():  # type: ignore[no-untyped-def]
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    with api.sync_playwright() as play:
        flags = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        opened = play.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield opened
        opened.close()


@pytest.fixture
def page(browser, tmp_path):  # type: ignore[no-untyped-def]
    """Opens a page of some HTML beside the scripts; it may neither complain nor use the network."""
    complaints: list[str] = []
    opened = browser.new_page()
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else 0)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda asked: complaints.append(asked.url) if "http" in asked.url else 0)

    def show(body: str, scripts: bool = True):  # type: ignore[no-untyped-def]
        for name, (package, folder) in SCRIPTS.items():
            (tmp_path / name).write_bytes((files(package) / folder / name).read_bytes())
        loaded = "".join(f'<script defer src="{name}"></script>' for name in SCRIPTS)
        text = f"<!doctype html><html><head>{loaded * scripts}</head><body>{body}</body></html>"
        Path(tmp_path / "page.html").write_text(text, encoding="utf-8")
        opened.goto((tmp_path / "page.html").as_uri())
        return opened

    yield show
    opened.close()
    assert complaints == []


@pytest.mark.slow
def test_the_worm_runs_in_a_browser(page, paths: pd.DataFrame) -> None:  # type: ignore[no-untyped-def]
    still, axes = plt.subplots(figsize=(2, 1))
    axes.plot([0, 1])
    html = interactive.show(interactive.manifold_run(paths), still, "a loop").html
    opened = page(html)
    opened.wait_for_selector("output")
    assert opened.locator("img").is_hidden() and opened.locator("canvas").count() > 0
    assert opened.locator("output").inner_text() == "30 s: dorsal turn"
    opened.locator("input[type=range]").focus()
    opened.keyboard.press("ArrowRight")
    assert opened.locator("output").inner_text() == "31 s: no state"
    opened.get_by_role("button", name="Play").press("Enter")
    opened.wait_for_function("!document.querySelector('output').innerText.startsWith('31 s')")
    opened.get_by_role("button", name="Pause").click()
    assert opened.get_by_role("button", name="Play").is_visible()


def test_a_flat_figure_takes_the_ink_and_the_ground_of_the_page(page) -> None:  # type: ignore[no-untyped-def]
    still, axes = plt.subplots(figsize=(2, 1))
    axes.plot([0, 1])
    axis = {"title": {"text": "time"}}
    flat = Interactive([{"y": [1, 2, 3]}], {"height": 200, "xaxis": axis})
    style = "<style>body { background: rgb(1, 2, 3); color: rgb(250, 240, 230); }</style>"
    opened = page(style + interactive.show(flat, still, "a line").html)
    opened.wait_for_selector("img", state="hidden")
    layout = opened.evaluate("document.querySelector('.js-plotly-plot').layout")
    assert layout["xaxis"]["color"] == layout["font"]["color"] == "rgb(250, 240, 230)"
    assert layout["hoverlabel"]["bgcolor"] == "rgb(1, 2, 3)"
    assert layout["xaxis"]["title"]["text"] == "time"


def test_without_scripts_the_picture_stays(page, paths: pd.DataFrame) -> None:  # type: ignore[no-untyped-def]
    still, axes = plt.subplots(figsize=(2, 1))
    axes.plot([0, 1])
    opened = page(interactive.show(interactive.manifold_run(paths), still, "a loop").html, False)
    assert opened.locator("img").is_visible() and opened.locator("canvas").count() == 0


def test_claims_are_filtered_and_sorted(page, findings: pd.DataFrame) -> None:  # type: ignore[no-untyped-def]
    opened = page(claims_filter(findings))
    said, rows = opened.locator("output"), opened.locator("tbody tr:visible")
    assert said.inner_text() == "3 of 3 claims"
    opened.get_by_label("verdict").select_option("holds")
    assert (said.inner_text(), rows.count()) == ("2 of 3 claims", 2)
    opened.get_by_label("words").fill("THIRD")
    assert (said.inner_text(), rows.all_inner_texts()[0].split("\t")[1]) == (
        "1 of 3 claims",
        "c third",
    )
    opened.get_by_label("words").fill("")
    opened.get_by_label("verdict").select_option("")
    head = opened.get_by_role("button", name="claim")
    for order, first in (("ascending", "a second"), ("descending", "c third")):
        head.press("Enter")
        assert opened.locator("th[aria-sort]").get_attribute("aria-sort") == order
        assert rows.first.locator("a").inner_text() == first
