"""What `wormgnn decode` writes: JSON by its schema, and pages that Chromium shows offline."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from click.testing import CliRunner

from recordings import small_worms
from wormgnn import report
from wormgnn.cli import main
from wormgnn.datasets.layouts import write as write_layout
from wormgnn.decoder import UNSURE, BehaviourDecoder
from wormgnn.decoding import Decoded, Job, decode
from wormgnn.errors import ChoiceError, OutputError
from wormgnn.plots import timeline
from wormgnn.plots.style import STATE_COLOURS
from wormgnn.recording import NO_STATE, Recording
from wormgnn.states import bouts

ALL = tuple(report.FORMATS)
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def worms() -> list[Recording]:
    return small_worms(4, duration_s=90.0)


@pytest.fixture(scope="module")
def decoded(worms: list[Recording]) -> Decoded:
    return decode(worms[3], BehaviourDecoder().fit(worms[:3]))


@pytest.fixture(scope="module")
def hostile(worms: list[Recording]) -> Decoded:
    """A worm and neurons whose names are code."""
    names = {"AVAL": f"A{EVIL}</script>", "RID": "R<b>$x^2$%{y}</b>"}
    evil = [
        replace(
            worm, worm=f"w{n}{EVIL}", neurons=tuple(names.get(name, name) for name in worm.neurons)
        )
        for n, worm in enumerate(worms)
    ]
    return decode(evil[3], BehaviourDecoder().fit(evil[:3]))


def written(
    decoded: Decoded, folder: Path, stem: str = "mine", scored: bool = False
) -> report.Result:
    job = Job(Path(f"{decoded.recording.worm}.csv"), decoded.recording, stem)
    return report.write(job, decoded, folder, ALL, scored)


# --- JSON ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scored", [False, True])
def test_json_follows_its_schema(decoded: Decoded, tmp_path: Path, scored: bool) -> None:
    written(decoded, tmp_path, scored=scored)
    content = json.loads((tmp_path / "mine.json").read_text())
    jsonschema.Draft202012Validator.check_schema(report.schema())
    jsonschema.validate(content, report.schema(), jsonschema.Draft202012Validator)
    table = pd.read_csv(tmp_path / "mine.states.csv")
    assert content["time_s"] == table["time_s"].tolist()
    assert content["state"] == table["state"].tolist()
    assert content["unsure"] == table["unsure"].tolist()
    assert content["probability"]["reverse"] == table["p_reverse"].tolist()
    assert content["trust"]["sentence"] == decoded.trust.sentence()
    assert content["decoder"]["sha256"] == decoded.decoder.digest
    assert (content["score"] is not None) == scored
    named = set(content["neurons"]["used"]) | set(content["neurons"]["missing"])
    assert named == set(decoded.decoder.laboratories_["simulated"].local.neurons)


def test_what_is_not_known_is_null(decoded: Decoded) -> None:
    trust = replace(decoded.trust, distance=np.nan, limit=np.nan, expected=np.nan, lowest=np.nan)
    content = report.as_json("x.csv", replace(decoded, trust=trust))
    assert content["trust"]["distance"] is content["trust"]["expected"] is None
    jsonschema.validate(content, report.schema(), jsonschema.Draft202012Validator)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content | {"unsure_below": 2}, report.schema())


def test_a_saved_decoder_keeps_its_digest_and_version(decoded: Decoded, tmp_path: Path) -> None:
    decoded.decoder.save(tmp_path / "my.npz")
    again = BehaviourDecoder.load(tmp_path / "my.npz")
    assert again.digest == decoded.decoder.digest
    assert again.version_ == decoded.decoder.version_
    assert BehaviourDecoder.load().digest != again.digest


# --- the figure ----------------------------------------------------------------------------------


def test_the_figure_is_one_that_plotly_takes(decoded: Decoded) -> None:
    figure = timeline.timeline(decoded)
    go.Figure(figure)  # raises for a field that plotly does not know
    rows = {trace["name"]: trace for trace in figure["data"] if "name" in trace}
    assert {"decoded", "labelled", "p(forward)", "p(reverse)"} <= set(rows)
    heat = rows[""]
    assert set(heat["y"]) == set(decoded.trust.neurons)
    first, last = (decoded.recording.select([heat["y"][at]]).traces[:, 0] for at in (0, -1))
    reversing = decoded.probabilities[:, 1]
    assert np.corrcoef(first, reversing)[0, 1] > np.corrcoef(last, reversing)[0, 1]
    z = (first - first.mean()) / first.std()
    np.testing.assert_allclose(heat["z"][0], z, atol=0.051)
    assert rows["p(reverse)"]["fillcolor"] == STATE_COLOURS["reverse"]


def test_a_table_alone_gives_the_same_figure_without_traces(decoded: Decoded) -> None:
    names = np.array([*decoded.vocabulary, None])
    table = decoded.table().assign(labelled=names[decoded.labelled])
    figure = timeline.timeline_of(table)
    go.Figure(figure)
    whole = {t.get("name"): t for t in timeline.timeline(decoded)["data"]}
    for trace in (t for t in figure["data"] if "name" in t):
        same = whole[trace["name"]]
        assert {k: v for k, v in trace.items() if k != "yaxis"} == {
            k: v for k, v in same.items() if k != "yaxis"
        }
    assert {t["name"] for t in figure["data"] if "name" in t} == set(whole) - {None, ""}
    assert not any("z" in t and len(t["z"]) > 1 for t in figure["data"]), "no trace is in it"
    assert figure["layout"]["xaxis"]["anchor"] == "y4"


def test_hover_tells_the_bout(decoded: Decoded) -> None:
    rows = {t["name"]: t for t in timeline.timeline(decoded)["data"] if "name" in t}
    bout = bouts(decoded.states)[-2]
    text = rows["decoded"]["text"][bout.start]
    start = float(re.findall(r"[\d.]+", text)[0])
    assert text.startswith(decoded.vocabulary[bout.state])
    assert start == pytest.approx(decoded.recording.times[bout.start], abs=0.051)
    assert rows["decoded"]["text"][bout.stop - 1] == text != rows["decoded"]["text"][bout.stop]


def test_a_long_recording_is_drawn_by_means(decoded: Decoded, monkeypatch: Any) -> None:
    monkeypatch.setattr(timeline, "MOST_COLUMNS", 100)
    rows = {t["name"]: t for t in timeline.timeline(decoded)["data"] if "name" in t}
    step = -(-decoded.recording.n_frames // 100)
    assert len(rows["p(reverse)"]["y"]) == len(rows["decoded"]["text"]) <= 100
    mean = decoded.probabilities[:step, 1].mean()
    assert rows["p(reverse)"]["y"][0] == pytest.approx(mean, abs=1e-3)
    rest = decoded.probabilities[(len(rows["p(reverse)"]["y"]) - 1) * step :, 1]
    assert rows["p(reverse)"]["y"][-1] == pytest.approx(rest.mean(), abs=1e-3)


def test_durations_of_bouts(decoded: Decoded) -> None:
    table = {row["name"]: row for row in timeline.bout_table(decoded)}
    assert sum(row["fraction"] for row in table.values()) == pytest.approx(1)
    own = [b for b in bouts(decoded.states) if b.state == 1]
    frames = float(np.median([b.stop - b.start for b in own]))
    assert table["reverse"]["bouts"] == len(own)
    assert table["reverse"]["median_s"] == pytest.approx(frames / decoded.recording.fps, rel=0.01)
    none = replace(decoded, probabilities=np.tile([1.0, 0.0], (decoded.recording.n_frames, 1)))
    assert timeline.bout_table(none)[1]["median_s"] is None


# --- files ---------------------------------------------------------------------------------------


def run(*words: object) -> Any:
    return CliRunner().invoke(main, [str(word) for word in ("decode", *words)])


@pytest.fixture
def files(worms: list[Recording], tmp_path: Path) -> list[Path]:
    return write_layout(worms[2:], tmp_path / "mine.json", "wormwideweb")


def test_formats_and_overview(files: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = run(*files, "-o", out)
    assert found.exit_code == 0, found.output
    assert "%|" not in found.output  # a bar is for a terminal
    stems = [path.stem for path in files]
    wanted = {f"{stem}{ending}" for stem in stems for ending in report.FORMATS.values()}
    assert {path.name for path in out.iterdir()} == wanted | {"summary.csv", "index.html"}
    index = (out / "index.html").read_text()
    assert all(f'href="{stem}.html"' in index for stem in stems)
    assert index.count("<tr>") == 3 and len(index) < 100_000
    assert all(str(out / f"{stem}.html") in found.output for stem in stems)
    few = tmp_path / "few"
    assert run(*files, "-o", few, "--formats", "json").exit_code == 0
    assert {p.name for p in few.iterdir()} == {*(f"{s}.json" for s in stems), "summary.csv"}
    one = tmp_path / "one"
    assert run(files[0], "-o", one, "--formats", "html, csv").exit_code == 0
    assert not (one / "index.html").exists()
    assert ".json" not in (one / f"{stems[0]}.html").read_text().split("<footer")[1][:500]


def test_an_unknown_format(files: list[Path], tmp_path: Path) -> None:
    found = run(*files, "-o", tmp_path / "out", "--formats", "csv,pdf")
    assert "unknown format 'pdf': choose one of csv, json, html" in found.output
    with pytest.raises(ChoiceError):
        report.parse_formats("")
    assert not (tmp_path / "out").exists()


def test_two_outputs_of_one_name_are_refused(decoded: Decoded, tmp_path: Path) -> None:
    jobs = [Job(tmp_path / d / "mine.csv", decoded.recording, s) for d, s in ("am", "bM")]
    with pytest.raises(OutputError, match=r"a/mine\.csv and .*b/mine\.csv would both be written"):
        report.check_outputs(jobs, tmp_path, ALL)
    jobs = [replace(jobs[0], stem="index"), jobs[1]]
    with pytest.raises(OutputError, match=r"this command's overview and .*index\.html"):
        report.check_outputs(jobs, tmp_path, ALL)
    report.check_outputs(jobs, tmp_path, ("csv", "json"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["page", "as_json"])
def test_nothing_is_half_written(
    decoded: Decoded, tmp_path: Path, monkeypatch: Any, name: str
) -> None:
    def fail(*_: object) -> str:
        raise OSError("disk full")

    monkeypatch.setattr(report, name, fail)
    with pytest.raises(OSError, match="disk full"):
        written(decoded, tmp_path)
    whole = {"page": {"mine.states.csv", "mine.json"}, "as_json": {"mine.states.csv"}}
    assert {path.name for path in tmp_path.iterdir()} == whole[name]


# --- pages ---------------------------------------------------------------------------------------


def test_every_name_is_text(hostile: Decoded, tmp_path: Path) -> None:
    result = written(hostile, tmp_path)
    report.write_overview([result, result], tmp_path, ALL)
    for name in ("mine.html", "index.html"):
        text = (tmp_path / name).read_text()
        assert "<img src=x" not in text and "&lt;img src=x" in text
    page = (tmp_path / "mine.html").read_text()
    assert len(re.findall("</script>", page)) == 3
    assert re.search(r"script-src 'sha256-[^ ]+' 'sha256-[^ ]+'\"", page.replace("&#39;", "'"))


def test_a_page_is_whole_and_of_known_weight(decoded: Decoded, tmp_path: Path) -> None:
    written(decoded, tmp_path)
    size = (tmp_path / "mine.html").stat().st_size
    assert 4_500_000 < size < 6_000_000
    page = (tmp_path / "mine.html").read_text()
    assert re.search(r'<noscript><img alt="[^"]+" src="data:image/png;base64,iVBOR', page)
    body = page[page.index("<main>") : page.index("<script")]
    assert body.index(decoded.trust.sentence()) < body.index("<table") < body.index('id="figure"')
    assert f"{UNSURE:.0%}".replace("%", " %") in body
    assert not re.search(r'(src|href)="(https?:)?//', body)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's Chromium; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
    if path is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def show(browser: Any) -> Iterator[Any]:
    """Open a file; at the end nothing else may have been asked for, and nothing complained."""
    complaints: list[str] = []
    requests: list[str] = []
    opened: list[Any] = []

    def open_page(path: Path, width: int = 1200, **options: Any) -> Any:
        page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        opened.append(path.as_uri())
        return page

    yield open_page
    assert complaints == []
    assert requests == opened
    for context in browser.contexts:
        context.close()


def drawn(page: Any) -> Any:
    """The page, once plotly has drawn its figure."""
    page.wait_for_selector("#figure .heatmaplayer image")
    return page


def until(page: Any, condition: str) -> None:
    """Wait for a condition; the page's policy lets it evaluate no text, so we ask from outside."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {condition}")


def ranges(page: Any) -> list[list[float]]:
    layout = "document.getElementById('figure')._fullLayout"
    return page.evaluate(f"[{layout}.xaxis.range, {layout}.xaxis2.range]")


@pytest.mark.slow
def test_drag_zooms_every_row_and_hover_tells(show: Any, decoded: Decoded, tmp_path: Path) -> None:
    written(decoded, tmp_path)
    page = drawn(show(tmp_path / "mine.html"))
    whole = ranges(page)
    assert whole[0] == whole[1] == pytest.approx([0, 90], abs=0.5)
    box = page.locator("#figure .nsewdrag").nth(3).bounding_box()
    x, y = box["x"], box["y"] + box["height"] / 2
    page.mouse.move(x + 0.5 * box["width"], y)
    page.wait_for_selector("#figure .hoverlayer text")
    texts = " ".join(page.locator("#figure .hoverlayer text").all_text_contents())
    assert "p(reverse)" in texts and re.search(r"decoded : (forward|reverse), [\d.]+ to", texts)
    page.mouse.move(x + 0.25 * box["width"], y)
    page.mouse.down()
    page.mouse.move(x + 0.5 * box["width"], y, steps=5)
    page.mouse.up()
    until(page, "document.getElementById('figure')._fullLayout.xaxis.range[0] > 10")
    zoomed = ranges(page)
    assert zoomed[0] == zoomed[1] == pytest.approx([22.5, 45], abs=1)
    axes = "new Set(document.getElementById('figure')._fullData.map(trace => trace.xaxis))"
    assert page.evaluate(f"[...{axes}].sort()") == ["x", "x2"]


@pytest.mark.slow
@pytest.mark.parametrize("width", [400, 1200])
@pytest.mark.parametrize("kind", ["decoded", "hostile"])
def test_nothing_is_wider_than_the_window(
    show: Any, request: Any, tmp_path: Path, width: int, kind: str
) -> None:
    result = written(request.getfixturevalue(kind), tmp_path)
    report.write_overview([result, result], tmp_path, ALL)
    for name in ("mine.html", "index.html"):
        page = show(tmp_path / name, width)
        if name == "mine.html":
            drawn(page)
        widest = "Math.max(...[...document.querySelectorAll('body *')].map("
        widest += "e => e.getBoundingClientRect().right))"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(widest) <= width + 1
    links = page.locator("a").evaluate_all("all => all.map(link => link.href)")
    assert [Path(link).name for link in links] == ["mine.html"] * 2


@pytest.mark.slow
def test_dark_where_the_reader_wants_it(show: Any, decoded: Decoded, tmp_path: Path) -> None:
    written(decoded, tmp_path)
    page = drawn(show(tmp_path / "mine.html", color_scheme="dark"))
    light = "document.getElementById('figure')._fullLayout.font.color"
    until(page, f"{light} === '#e6eaed'")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 27)"
    page.emulate_media(color_scheme="light")
    until(page, f"{light} === '#1d2429'")


@pytest.mark.slow
def test_a_picture_without_scripts(show: Any, decoded: Decoded, tmp_path: Path) -> None:
    bare = replace(decoded.recording, states=np.full(decoded.recording.n_frames, NO_STATE))
    written(replace(decoded, recording=bare), tmp_path)
    page = show(tmp_path / "mine.html", 400, java_script_enabled=False)
    image = page.locator("noscript img")
    assert image.is_visible() and image.bounding_box()["width"] <= 400
