"""The registry, and downloads from a server on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from recordings import WRITERS, small_worms, write_nichols
from wormgnn.datasets import download, kato, nichols, registry
from wormgnn.datasets.layouts import write_kato, write_wormwideweb
from wormgnn.datasets.registry import Dataset
from wormgnn.datasets.simulated import Simulation
from wormgnn.errors import ChecksumError, ChoiceError, DatasetUnavailableError, SourceError

KATO = "kato2015/WT_NoStim.mat"
CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `pages`; keeps the Range headers it saw; may break off or ignore ranges."""

    break_after, with_ranges = None, True


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        content = self.server.pages.get(self.path)
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if content is None:
            self.send_error(404)
            return
        start = int(re.findall(r"\d+", asked)[0]) if asked and self.server.with_ranges else 0
        if start and start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        stop = len(content) if self.server.break_after is None else self.server.break_after
        self.wfile.write(content[start : max(start, stop)])

    def log_message(self, *_: object):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Server(("127.0.0.1", 0), Handler)
    server.pages, server.ranges = {"/file": CONTENT}, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def address(server, path="/file"):
    return f"http://127.0.0.1:{server.server_address[1]}{path}"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WORMGNN_DATA", str(tmp_path))
    return tmp_path


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.fixture
def made_up(server, folder, monkeypatch):
    """A dataset of one file on the server; where the file will lie."""
    dataset = Dataset(lambda _: [], "", "", (("new/file.mat", "id"),), sha256=(SHA256,))
    monkeypatch.setitem(registry.DATASETS, "made up", dataset)
    monkeypatch.setattr(download, "OSF_DOWNLOAD", address(server, ""))
    server.pages["/id/"] = CONTENT
    return folder / "new" / "file.mat"


@pytest.mark.parametrize("half", [None, b"half", CONTENT[:9], CONTENT])
@pytest.mark.parametrize("with_ranges", [True, False])
def test_fetch_goes_on_from_what_came_or_begins_anew(server, made_up, half, with_ranges, capsys):
    server.with_ranges = with_ranges
    if half is not None:
        made_up.parent.mkdir()
        made_up.with_name("file.mat.part").write_bytes(half)
    if half == b"half" and with_ranges:  # of another file: four bytes too few come after it
        with pytest.raises(ChecksumError, match=rf"file\.mat: SHA256 .* {SHA256} but got .*again"):
            registry.fetch(["made up"])
        assert files(made_up.parent) == []
        return
    (row,) = registry.fetch(["made up"])
    assert made_up.read_bytes() == CONTENT
    assert files(made_up.parent) == ["file.mat"]
    assert (row.present, row.note, row.size) == (True, "published file", len(CONTENT))
    assert server.ranges == [None if half is None else f"bytes={len(half)}-"]
    server.ranges.clear()
    made_up.write_bytes(b"mine")
    assert "WARNING" in registry.fetch(["made up"])[0].note
    assert server.ranges == []  # what is there is not fetched again
    assert capsys.readouterr() == ("", "")  # no progress without a terminal


@pytest.fixture
def unpublished(server, made_up, monkeypatch):
    """As `made_up`, without a published checksum; the file is one of Nichols's layout."""
    write_nichols(small_worms(), made_up.parent.parent / "source.mat")
    server.pages["/id/"] = (made_up.parent.parent / "source.mat").read_bytes()
    dataset = Dataset(nichols.read, "", "", (("new/file.mat", "id"),))
    monkeypatch.setitem(registry.DATASETS, "made up", dataset)
    return made_up


def test_an_unpublished_checksum_is_pinned_on_first_use(server, unpublished):
    content, pin = server.pages["/id/"], unpublished.with_name("file.mat.sha256")
    (row,) = registry.fetch(["made up"])
    digest = hashlib.sha256(content).hexdigest()
    assert digest in row.note and pin.read_text() == f"{digest}  file.mat\n"
    unpublished.write_bytes(b"another")
    (row,) = registry.fetch(["made up"])
    assert "WARNING: unknown SHA-256" in row.note
    unpublished.unlink()
    write_nichols(small_worms(seed=2), unpublished)
    server.pages["/id/"] = unpublished.read_bytes()
    unpublished.unlink()
    with pytest.raises(ChecksumError, match=rf"and {digest} when it was first .*file\.mat\.sha256"):
        registry.fetch(["made up"])
    assert files(unpublished.parent) == ["file.mat.sha256"]
    server.pages["/id/"] = content
    assert "as first downloaded" in registry.fetch(["made up"])[0].note


def test_an_unpublished_file_begins_anew_and_must_be_one_that_can_be_read(server, unpublished):
    unpublished.parent.mkdir(exist_ok=True)
    unpublished.with_name("file.mat.part").write_bytes(b"half of another file")
    whole, server.pages["/id/"] = server.pages["/id/"], b"<html>please log in</html>"
    with pytest.raises(SourceError, match="expected a MATLAB"):
        registry.fetch(["made up"])
    assert files(unpublished.parent) == []
    server.pages["/id/"] = whole
    unpublished.with_name("file.mat.part").write_bytes(b"half of another file")
    registry.fetch(["made up"])
    assert unpublished.read_bytes() == whole


def test_a_half_download_goes_on_where_it_broke_off(server, made_up):
    server.break_after = 100_000
    with pytest.raises(DatasetUnavailableError, match=r"127\.0\.0\.1 did not deliver file\.mat"):
        registry.fetch(["made up"])
    assert files(made_up.parent) == ["file.mat.part"]
    half = made_up.with_name("file.mat.part").read_bytes()
    assert 80_000 < len(half) <= 100_000
    assert half == CONTENT[: len(half)]
    row = next(row for row in registry.status() if row.dataset == "made up")
    assert row.note == f"half downloaded, {len(half)} bytes"
    server.break_after = None
    server.ranges.clear()
    registry.fetch(["made up"])
    assert server.ranges == [f"bytes={len(half)}-"]
    assert made_up.read_bytes() == CONTENT


def test_offline(made_up, monkeypatch):
    for name in ("OSF_API", "OSF_DOWNLOAD"):
        monkeypatch.setattr(download, name, "http://127.0.0.1:9")
    with pytest.raises(DatasetUnavailableError) as caught:
        registry.fetch(["made up"])
    for part in ("127.0.0.1", "check the network", "http://127.0.0.1:9/id/", str(made_up)):
        assert part in str(caught.value)
    assert files(made_up.parent) == []
    with pytest.raises(DatasetUnavailableError, match=r"127\.0\.0\.1 did not answer .*browser"):
        registry.fetch(["kato"])
    with pytest.raises(DatasetUnavailableError, match="put its JSON files into"):
        registry.fetch(["wormwideweb"])
    assert [row.dataset for row in registry.fetch(["simulated"])] == ["simulated"]


def test_a_missing_page_and_a_folder_that_cannot_be(server, made_up):
    del server.pages["/id/"]
    with pytest.raises(DatasetUnavailableError, match=r"did not deliver .*HTTPError"):
        registry.fetch(["made up"])
    made_up.parent.rmdir()
    made_up.parent.write_bytes(b"")
    with pytest.raises(DatasetUnavailableError, match=r"cannot write .* set WORMGNN_DATA"):
        registry.fetch(["made up"])


def test_fetch_searches_the_folders_and_pages_of_an_osf_project(server, folder, monkeypatch):
    api = "/nodes/2395t/files/osfstorage/"
    related = {"files": {"links": {"related": {"href": address(server, f"{api}inner/")}}}}
    inner = {"attributes": {"kind": "folder", "name": "inner"}, "relationships": related}
    other = {"attributes": {"kind": "file", "name": "WT_Stim.mat"}, "links": {"download": "no"}}
    wanted = {
        "attributes": {"kind": "file", "name": "WT_NoStim.mat"},
        "links": {"download": address(server)},
    }
    second = {"data": [wanted], "links": {"next": None}}
    pages = {
        api: {"data": [other, inner], "links": {"next": None}},
        f"{api}inner/": {"data": [other], "links": {"next": address(server, f"{api}inner/2")}},
        f"{api}inner/2": second,
    }
    server.pages |= {path: json.dumps(page).encode() for path, page in pages.items()}
    monkeypatch.setattr(download, "OSF_API", address(server, ""))
    with pytest.raises(ChecksumError):  # our bytes are not Kato's
        registry.fetch(["kato"])
    assert files(folder) == []
    server.pages[f"{api}inner/2"] = json.dumps({"data": []}).encode()
    with pytest.raises(DatasetUnavailableError, match="OSF project lists no file WT_NoStim"):
        registry.fetch(["kato"])


def test_a_folder_takes_the_place_of_a_dataset(tmp_path):
    lab = tmp_path / "my lab"
    for call in (registry.load, lambda name: registry.fetch([name])):
        with pytest.raises(ChoiceError, match="'mouse': choose one of simulated, kato, nichols, w"):
            call("mouse")
    with pytest.raises(ChoiceError, match="a folder with recordings"):
        registry.load(str(lab))
    lab.mkdir()
    with pytest.raises(SourceError, match="expected recordings in this folder, found no file"):
        registry.load(str(lab))
    for name, worm in zip("ba", small_worms(), strict=True):
        write_wormwideweb(worm, lab / f"{name}.json")
    (lab / ".DS_Store").write_text("no recording")
    worms = registry.load(str(lab))
    assert [(worm.worm, worm.dataset) for worm in worms] == [("a", "my lab"), ("b", "my lab")]
    assert registry.load(str(lab))[0] is worms[0]
    (lab / "b.json").unlink()
    assert [worm.worm for worm in registry.load(str(lab))] == ["a"]


def test_absent_dataset_says_what_to_do(folder, monkeypatch):
    with pytest.raises(DatasetUnavailableError) as caught:
        registry.load("kato")
    for part in (KATO, str(folder), "make data", "https://osf.io/2395t", "WORMGNN_DATA"):
        assert part in str(caught.value)
    assert registry.data_folder() == folder
    monkeypatch.setenv("WORMGNN_DATA", "")
    assert registry.data_folder().name == "wormgnn"


@pytest.mark.parametrize("place", [KATO, "WT_NoStim.mat"])
def test_load_finds_kato_in_two_places_and_reads_it_once(folder, place):
    rows = {row.file: row for row in registry.status()}
    assert not rows[KATO].present and "absent" in rows[KATO].note
    path = folder / place
    path.parent.mkdir(exist_ok=True)
    write_kato(small_worms(), path)
    row = next(row for row in registry.status() if row.dataset == "kato")
    assert row.present and row.size == path.stat().st_size
    assert row.note.startswith("WARNING: unknown SHA-256")  # and is read all the same
    first, again = registry.load("kato"), registry.load("kato")
    assert [worm.worm for worm in first] == ["kato-1", "kato-2"]
    assert first is not again
    assert all(a is b for a, b in zip(first, again, strict=True))
    write_kato(small_worms(seed=2), path)
    os.utime(path, ns=(1, 1))
    assert registry.load("kato")[0].digest != first[0].digest


def test_load_needs_both_of_nichols_files(folder):
    write_nichols(small_worms(), folder / "n2_prelet.mat")
    with pytest.raises(DatasetUnavailableError, match=r"'nichols': nichols2017/npr1_prelet\.mat"):
        registry.load("nichols")
    write_nichols(small_worms(), folder / "npr1_prelet.mat")
    names = [worm.worm for worm in registry.load("nichols")]
    assert names == ["n2_prelet-1", "n2_prelet-2", "npr1_prelet-1", "npr1_prelet-2"]


def test_load_takes_a_doubled_animal_once(folder):
    first, second = small_worms()
    for place, worm in (("dag2023/a", first), ("wormwideweb/a", second), ("wormwideweb/b", second)):
        path = folder / f"{place}.json"
        path.parent.mkdir(exist_ok=True)
        write_wormwideweb(worm, path)
    worms = registry.load("wormwideweb")
    assert [worm.worm for worm in worms] == ["a", "b"]
    np.testing.assert_array_equal(worms[0].traces, first.traces)


def test_load_simulated_worms_and_those_of_another_lab():
    assert [worm.dataset for worm in registry.load("simulated")] == ["simulated"] * 5
    simulation = Simulation(0.3, "neurons", seed=4, n_worms=2, duration_s=20.0)
    first, again = registry.load(simulation), registry.load(simulation)
    assert [worm.digest for worm in first] == [worm.digest for worm in simulation.recordings()]
    assert all(a is b for a, b in zip(first, again, strict=True))
    others = [registry.other_lab(dataset) for dataset in ("simulated", simulation)]
    assert [worm.worm for worm in others[1]] == [f"other-{n}" for n in range(1, 5)]
    assert len({worm.digest for lab in others for worm in lab}) == 4


@pytest.mark.real_data
def test_status_knows_the_reassembled_worms(kato_file, monkeypatch):
    monkeypatch.setenv("WORMGNN_DATA", str(kato_file.parents[1]))
    row = next(row for row in registry.status() if row.dataset == "kato")
    assert row.note in ("known copy", "published file")


def test_read_tells_files_by_their_content(tmp_path):
    worms = small_worms()
    for layout, write in WRITERS.items():
        write(worms, tmp_path / layout)
    (tmp_path / "csv").write_text("AVAL,RID\n1,2\n2,1\n")
    with (tmp_path / "npz").open("wb") as file:
        np.savez(file, traces=worms[0].traces[:, :1], neurons=np.array(["X"]), fps=2.0)
    found = [registry.read(tmp_path / x, fps=2.0)[0].dataset for x in (*WRITERS, "csv", "npz")]
    assert found == ["kato", "kato", "nichols", "wormwideweb", "tabular", "tabular"]


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n\0\0,", b"\0" * 2000])
def test_read_refuses_other_files(tmp_path, content):
    path = tmp_path / "x"
    kinds = {registry.read: r"MATLAB v7\.3 or NWB \(HDF5\)", kato.read: "a MATLAB v7.3"}
    for read, expected in kinds.items():
        with pytest.raises(SourceError, match="x: expected a file that can be read, found none"):
            read(path)
        path.write_bytes(content)
        with pytest.raises(SourceError, match=f"x: expected {expected}"):
            read(path)
        path.unlink()
