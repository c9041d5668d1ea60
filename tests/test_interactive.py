"""Figures to turn and to play: what they hold, and what a browser makes of them."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from wormgnn.paper.book import SCRIPTS
from wormgnn.paper.claims import claims_table
from wormgnn.plots import AGREEMENT_COLOURS, STATE_COLOURS, interactive


@pytest.fixture
def paths():
    """Two worms on the manifold, 40 frames each; the second one was not met."""
    turn = np.linspace(0, 4 * np.pi, 40)
    path = pd.DataFrame({"x": np.cos(turn), "y": np.sin(turn), "z": turn / 10})
    path["state"] = ["fwd", "revsus", "dt", None] * 10
    path["time_s"] = np.arange(40.0)
    worms = [path.assign(worm="one", seen=True), path.assign(worm="two", seen=False)]
    return pd.concat(worms, ignore_index=True)


@pytest.fixture
def findings():
    rows = [
        ("Data", "b <i>first</i>", "holds", "01_data.html#fig-a"),
        ("Data", "a second", "does not hold", "01_data.html#fig-b"),
        ("Two states", "c third", "holds", "02_two_states.html#fig-c"),
    ]
    table = pd.DataFrame(rows, columns=["topic", "claim", "verdict", "link"])
    return table.assign(ours="1 < 2\nline", where="Table 1", paper="", criterion="by hand")


@pytest.fixture
def still():
    figure, axes = plt.subplots(figsize=(1, 1))
    axes.plot([0, 1])
    return figure


def told(shown):
    (text,) = re.findall(r"<script[^>]*>(.*?)</script>", shown.data, re.DOTALL)
    return json.loads(text)


def test_the_manifold_has_the_met_worms_as_dots_and_the_other_as_a_run(paths):
    figure = interactive.manifold_run(paths)
    *dots, tail, head = figure["data"]
    assert [dot["name"] for dot in dots] == ["forward", "sustained reverse", "dorsal turn"]
    assert sum(len(dot["x"]) for dot in dots) == 30  # a frame without a state is no dot
    assert dots[0]["marker"]["color"] == STATE_COLOURS["fwd"]
    assert figure["run"]["traces"] == [3, 4] and figure["data"][3:] == [tail, head]
    assert figure["run"]["x"] == paths.loc[~paths["seen"], "x"].round(3).tolist()
    assert figure["run"]["state"][:4] == ["forward", "sustained reverse", "dorsal turn", "no state"]
    assert figure["run"]["tail"] == 30  # frames are one second apart


def test_the_map_shows_one_graph_and_counts_what_is_shared():
    pairs = pd.DataFrame(
        [("gap", "A", "B", "both"), ("gap", "A", "C", "inferred only"),
         ("gap", "B", "C", "reference only"), ("wires", "A", "C", "both")],
        columns=["reference", "a", "b", "kind"],
    )  # fmt: skip
    places = np.arange(9.0).reshape(3, 3)
    figure = interactive.edge_map(pairs, ["A", "B", "C"], places)
    *edges, nodes = figure["data"]
    assert nodes["text"] == ["A", "B", "C"] and nodes["z"] == [2, 5, 8]
    assert (edges[0]["x"], edges[0]["line"]["color"]) == ([0, 3, None], AGREEMENT_COLOURS["both"])
    assert [choice["label"] for choice in figure["choices"]] == ["gap", "wires"]
    assert figure["choices"][0]["visible"] == [True, True, True, False, True]
    notes = [choice["note"].partition(" are ")[0] for choice in figure["choices"]]
    assert notes == ["1 of the 2 pairs", "1 of the 1 pairs"]


def test_without_a_script_there_is_a_picture_with_words(still):
    figure = {"data": [{"name": "</script>"}], "layout": {"height": 9}}
    shown = interactive.show(figure, still, 'a "line"')
    assert 'alt="a &quot;line&quot;"' in shown.data
    (image,) = re.findall(r'base64,([^"]+)"', shown.data)
    assert base64.b64decode(image).startswith(b"\x89PNG")
    assert told(shown) == figure
    assert not plt.fignum_exists(still.number)
    picture = interactive.show(figure, b"\x89PNG", "a picture").data
    assert base64.b64encode(b"\x89PNG").decode() in picture


@pytest.fixture
def page(browser, tmp_path):
    """Opens a page of some HTML beside the scripts; it may neither complain nor use the network."""
    complaints: list[str] = []
    opened = browser.new_page()
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else 0)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda asked: complaints.append(asked.url) if "http" in asked.url else 0)

    def show(body, scripts=True):
        for name, script in SCRIPTS.items():
            (tmp_path / name).write_bytes(script.read_bytes())
        loaded = "".join(f'<script defer src="{name}"></script>' for name in SCRIPTS)
        text = f"<!doctype html><html><head>{loaded * scripts}</head><body>{body}</body></html>"
        Path(tmp_path / "page.html").write_text(text, encoding="utf-8")
        opened.goto((tmp_path / "page.html").as_uri())
        return opened

    yield show
    opened.close()
    assert complaints == []


@pytest.mark.slow
def test_the_worm_runs_in_a_browser(page, paths, still):
    html = interactive.show(interactive.manifold_run(paths), still, "a loop").data
    opened = page(html, scripts=False)
    assert opened.locator("img").is_visible() and opened.locator("canvas").count() == 0
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


def test_a_flat_figure_takes_the_ink_and_the_ground_of_the_page(page, still):
    axis = {"title": {"text": "time"}}
    flat = {"data": [{"y": [1, 2, 3]}], "layout": {"height": 200, "xaxis": axis}}
    style = "<style>body { background: rgb(1, 2, 3); color: rgb(250, 240, 230); }</style>"
    opened = page(style + interactive.show(flat, still, "a line").data)
    opened.wait_for_selector("img", state="hidden")
    layout = opened.evaluate("document.querySelector('.js-plotly-plot').layout")
    assert layout["xaxis"]["color"] == layout["font"]["color"] == "rgb(250, 240, 230)"
    assert layout["hoverlabel"]["bgcolor"] == "rgb(1, 2, 3)"
    assert layout["xaxis"]["title"]["text"] == "time"


def test_claims_are_filtered_and_sorted(page, findings):
    html = claims_table(findings)  # whole without a script
    assert "&lt;i&gt;first" in html and "1 &lt; 2<br>line" in html and "<form hidden>" in html
    opened = page(html)
    said, rows = opened.locator("output"), opened.locator("tbody tr:visible")
    assert said.inner_text() == "3 of 3 claims"
    opened.get_by_label("verdict").select_option("holds")
    assert (said.inner_text(), rows.count()) == ("2 of 3 claims", 2)
    opened.get_by_label("words").fill("THIRD")
    assert said.inner_text() == "1 of 3 claims" and "c third" in rows.inner_text()
    opened.get_by_label("words").fill("")
    opened.get_by_label("verdict").select_option("")
    head = opened.get_by_role("button", name="claim")
    for order, first in (("ascending", "a second"), ("descending", "c third")):
        head.press("Enter")
        assert opened.locator("th[aria-sort]").get_attribute("aria-sort") == order
        assert rows.first.locator("a").inner_text() == first
