"""What `wormgnn decode` writes: JSON by its schema, and pages that Chromium shows offline."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

from recordings import small_worms
from wormgnn import report
from wormgnn.cli import main
from wormgnn.datasets.layouts import write as write_layout
from wormgnn.decoder import UNSURE, BehaviourDecoder
from wormgnn.decoding import Job, decode, score
from wormgnn.errors import OutputError
from wormgnn.plots import timeline
from wormgnn.plots.style import STATE_COLOURS
from wormgnn.recording import NO_STATE
from wormgnn.states import bouts

ALL = tuple(report.FORMATS)
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def worms():
    return small_worms(4, duration_s=90.0)


@pytest.fixture(scope="module")
def decoded(worms):
    return decode(worms[3], BehaviourDecoder().fit(worms[:3]))


@pytest.fixture(scope="module")
def hostile(worms):
    """A worm and neurons whose names are code."""
    names = {"AVAL": f"A{EVIL}</script>", "RID": "R<b>$x^2$%{y}</b>"}
    evil = [
        replace(w, worm=f"w{n}{EVIL}", neurons=tuple(names.get(name, name) for name in w.neurons))
        for n, w in enumerate(worms)
    ]
    return decode(evil[3], BehaviourDecoder().fit(evil[:3]))


def written(decoded, folder, scored=False):
    job = Job(Path(f"{decoded.recording.worm}.csv"), decoded.recording, "mine")
    return report.write(job, decoded, folder, ALL, scored)


def check_json(content):
    schema = json.loads((Path(report.__file__).parent / "decoded.schema.json").read_text())
    jsonschema.validate(content, schema, jsonschema.Draft202012Validator)


def rows_of(figure):
    """Named traces of a figure."""
    go.Figure(figure)  # raises for a field that plotly does not know
    return {trace["name"]: trace for trace in figure["data"] if "name" in trace}


@pytest.mark.parametrize("scored", [False, True])
def test_json_follows_its_schema_and_says_what_the_table_says(decoded, tmp_path, scored):
    unknown = dict.fromkeys(("distance", "limit", "expected", "lowest"), np.nan)
    found = decoded if scored else replace(decoded, trust=replace(decoded.trust, **unknown))
    written(found, tmp_path, scored)
    content = json.loads((tmp_path / "mine.json").read_text())
    check_json(content)
    with pytest.raises(jsonschema.ValidationError):
        check_json(content | {"unsure_below": 2})
    table = pd.read_csv(tmp_path / "mine.states.csv")
    for name in ("time_s", "state", "unsure"):
        assert content[name] == table[name].tolist()
    assert content["probability"]["reverse"] == table["p_reverse"].tolist()
    assert content["decoder"]["sha256"] == decoded.decoder.digest
    assert content["score"] == (score(decoded) if scored else None)
    assert (content["trust"]["distance"] is None) == (not scored), "what is not known is null"
    named = set(content["neurons"]["used"]) | set(content["neurons"]["missing"])
    assert named == set(decoded.decoder.laboratories_["simulated"].local.neurons)


def test_rows_of_the_figure(decoded):
    rows = rows_of(timeline.timeline(decoded))
    assert {"decoded", "labelled", "p(forward)", "p(reverse)"} <= set(rows)
    heat = rows[""]
    assert set(heat["y"]) == set(decoded.trust.neurons)
    first, last = (decoded.recording.select([heat["y"][at]]).traces[:, 0] for at in (0, -1))
    reversing = decoded.probabilities[:, 1]
    assert np.corrcoef(first, reversing)[0, 1] > np.corrcoef(last, reversing)[0, 1]
    z = (first - first.mean()) / first.std()
    np.testing.assert_allclose(heat["z"][0], z, atol=0.051)
    assert rows["p(reverse)"]["fillcolor"] == STATE_COLOURS["reverse"]
    bout, told = bouts(decoded.states)[-2], rows["decoded"]["text"]
    text = told[bout.start]
    assert text.startswith(decoded.vocabulary[bout.state])
    start = float(re.findall(r"[\d.]+", text)[0])
    assert start == pytest.approx(decoded.recording.times[bout.start], abs=0.051)
    assert told[bout.stop - 1] == text != told[bout.stop]
    alone = rows_of(timeline.timeline_of(decoded.table(labelled=True)))
    assert set(alone) == set(rows) - {""}  # a table has no traces
    for name, trace in alone.items():
        assert trace == rows[name] | {"yaxis": trace["yaxis"]}


def test_labels_are_shown_where_there_are_any(decoded):
    n = decoded.recording.n_frames
    unknown = replace(decoded.recording, states=np.zeros(n, dtype=np.int64), vocabulary=("omega",))
    bare = replace(decoded.recording, states=np.full(n, NO_STATE))
    for recording, labels in ((decoded.recording, True), (unknown, False), (bare, False)):
        shown = replace(decoded, recording=recording)
        still = timeline.decoding(shown, Figure())
        assert ("labelled" in [axes.get_ylabel() for axes in still.axes]) == labels
        assert ("labelled" in rows_of(timeline.timeline(shown))) == labels


def test_a_long_recording_is_drawn_by_means(decoded, tmp_path, monkeypatch):
    written(decoded, tmp_path)
    assert "are means over" not in (tmp_path / "mine.html").read_text()
    monkeypatch.setattr(timeline, "MOST_COLUMNS", 100)
    rows = rows_of(timeline.timeline(decoded))
    step = -(-decoded.recording.n_frames // 100)
    drawn = rows["p(reverse)"]["y"]
    assert len(drawn) == len(rows["decoded"]["text"]) <= 100
    for place in (0, len(drawn) - 1):
        mean = decoded.probabilities[place * step : (place + 1) * step, 1].mean()
        assert drawn[place] == pytest.approx(mean, abs=1e-3)
    written(decoded, tmp_path)
    assert f"traces are means over {step} frames each" in (tmp_path / "mine.html").read_text()


def test_durations_of_bouts(decoded):
    table = {row["name"]: row for row in timeline.bout_table(decoded)}
    assert sum(row["fraction"] for row in table.values()) == pytest.approx(1)
    own = [b for b in bouts(decoded.states) if b.state == 1]
    frames = float(np.median([b.stop - b.start for b in own]))
    assert table["reverse"]["bouts"] == len(own)
    assert table["reverse"]["median_s"] == pytest.approx(frames / decoded.recording.fps, rel=0.01)
    none = replace(decoded, probabilities=np.tile([1.0, 0.0], (decoded.recording.n_frames, 1)))
    assert timeline.bout_table(none)[1]["median_s"] is None


def test_formats_and_overview(worms, tmp_path):
    files = write_layout(worms[2:], tmp_path / "mine.json")
    stems = [path.stem for path in files]

    def run(name, *words):
        """Names of the files that the command wrote, and what it said."""
        arguments = ["decode", *map(str, words), "-o", str(tmp_path / name)]
        said = CliRunner().invoke(main, arguments).output
        return {path.name for path in (tmp_path / name).glob("*")}, said

    names, said = run("all", *files)
    wanted = {f"{stem}{ending}" for stem in stems for ending in report.FORMATS.values()}
    assert names == wanted | {"summary.csv", "index.html"}
    assert "%|" not in said  # a bar is for a terminal
    index = (tmp_path / "all" / "index.html").read_text()
    assert all(f'href="{stem}.html"' in index for stem in stems)
    assert index.count("<tr>") == 3 and len(index) < 100_000
    names, _ = run("one", files[0], "--formats", "html, csv")
    assert names == {f"{stems[0]}.html", f"{stems[0]}.states.csv", "summary.csv"}
    names, said = run("none", *files, "--formats", "csv,pdf")
    assert not names and "unknown format 'pdf': choose one of csv, json, html" in said


def test_two_outputs_of_one_name_are_refused(decoded, tmp_path):
    jobs = [Job(tmp_path / d / "mine.csv", decoded.recording, s) for d, s in ("am", "bM")]
    with pytest.raises(OutputError, match=r"a/mine\.csv and .*b/mine\.csv would both be written"):
        report.check_outputs(jobs, tmp_path, ALL)
    jobs = [replace(jobs[0], stem="index"), jobs[1]]
    with pytest.raises(OutputError, match=r"this command's overview and .*index\.html"):
        report.check_outputs(jobs, tmp_path, ALL)
    report.check_outputs(jobs, tmp_path, ("csv", "json"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["page", "as_json"])
def test_nothing_is_half_written(decoded, tmp_path, monkeypatch, name):
    def fail(*_: object) -> str:
        raise OSError("disk full")

    monkeypatch.setattr(report, name, fail)
    with pytest.raises(OSError, match="disk full"):
        written(decoded, tmp_path)
    whole = {"page": {"mine.states.csv", "mine.json"}, "as_json": {"mine.states.csv"}}
    assert {path.name for path in tmp_path.iterdir()} == whole[name]


def test_every_name_is_text_and_a_page_is_whole(hostile, tmp_path):
    result = written(hostile, tmp_path)
    report.write_overview([result, result], tmp_path, ALL)
    for name in ("mine.html", "index.html"):
        text = (tmp_path / name).read_text()
        assert "<img src=x" not in text and "&lt;img src=x" in text
    page = (tmp_path / "mine.html").read_text()
    assert len(re.findall("</script>", page)) == 3
    assert re.search(r"script-src 'sha256-[^ ]+' 'sha256-[^ ]+'\"", page.replace("&#39;", "'"))
    assert 4_500_000 < len(page) < 6_000_000
    assert re.search(r'<img [^>]*alt="[^"]+" src="data:image/png;base64,iVBOR', page)
    body = page[page.index("<main>") : page.index("<script")]
    assert hostile.trust.sentence() in body and f"{UNSURE:.0%}".replace("%", " %") in body
    assert not re.search(r'(src|href)="(https?:)?//', body)


@pytest.fixture
def show(browser):
    """Open a file; at the end nothing else may have been asked for, and nothing complained."""
    complaints, requests, opened = [], [], []

    def open_page(path, width=1200, **options):
        page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        opened.append(path.as_uri())
        if path.stem != "index":
            page.wait_for_selector(".js-plotly-plot .heatmaplayer image")
        return page

    yield open_page
    assert complaints == []
    assert requests == opened
    for context in browser.contexts:
        context.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [400, 1200])
def test_nothing_is_wider_than_the_window(show, hostile, tmp_path, width):
    result = written(hostile, tmp_path)
    report.write_overview([result, result], tmp_path, ALL)
    for name in ("mine.html", "index.html"):
        page = show(tmp_path / name, width)
        widest = "Math.max(...[...document.querySelectorAll('body *')].map("
        widest += "e => e.getBoundingClientRect().right))"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(widest) <= width + 1
    links = page.locator("a").evaluate_all("all => all.map(link => link.href)")
    assert [Path(link).name for link in links] == ["mine.html"] * 2


@pytest.mark.slow
def test_dark_where_the_reader_wants_it(show, decoded, tmp_path):
    written(decoded, tmp_path)
    page = show(tmp_path / "mine.html", color_scheme="dark")
    for ink, ground, following in (
        ("rgb(230, 234, 237)", "rgb(20, 24, 27)", "light"),
        ("rgb(29, 36, 41)", "rgb(255, 255, 255)", "dark"),
    ):
        seen = "document.querySelector('.js-plotly-plot')._fullLayout.font.color"
        for _ in range(200):  # the page's policy lets it evaluate no text, so we ask from outside
            if page.evaluate(seen) == ink:
                break
            page.wait_for_timeout(50)
        assert page.evaluate(seen) == ink
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
        page.emulate_media(color_scheme=following)
