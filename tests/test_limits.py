"""Bad files, bad arguments and full disks: one typed error each, soon, and nothing half-written."""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import socket
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from recordings import edit, small_worms
from tiny import tiny_worm
from wormgnn import decoding, report
from wormgnn.cli import main
from wormgnn.datasets import kato, registry, tabular, wormwideweb
from wormgnn.datasets.layouts import WRITERS_OF_ONE, write_kato, write_wormwideweb
from wormgnn.errors import ChoiceError, OutputError, RecordingError, SourceError, WormgnnError
from wormgnn.files import check_writable, write_atomically
from wormgnn.paper.pages import Banner, table
from wormgnn.recording import Recording
from wormgnn.store import Store

ROOT = "WT_NoStim"
MINE = "time_s,AVAL,RIML,VB01\n" + "".join(f"{n},{n % 3},{n % 5},{n % 7}\n" for n in range(40))


@pytest.fixture
def mat(tmp_path):
    path = tmp_path / "worms.mat"
    write_kato(small_worms(), path)
    return path


def written(path, content):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def decode(*arguments):
    return CliRunner().invoke(main, ["decode", *map(str, arguments)])


# --- 1: time and length -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fps", "message"),
    [
        *(
            (f"time_s,AVAL\n0,1\n1,2\n{last},3\n", None, "mine: field '(times|fps)'")
            for last in ("1e7", "1e17", "1e300")
        ),
        *(
            ("AVAL,RIML\n1,2\n2,1\n1,1\n", fps, ".*field 'fps'")
            for fps in (1e-9, 5e-324, 1e300, -1.0, float("nan"), float("inf"))
        ),
    ],
)
def test_times_and_rates_that_none_has_are_refused(tmp_path, text, fps, message):
    with pytest.raises(WormgnnError, match=rf"mine\.csv: {message}"):
        tabular.read(written(tmp_path / "mine.csv", text), fps)


def test_resampling_is_bounded():
    worm = tiny_worm(n_frames=100)
    with pytest.raises(RecordingError, match=r"worm-1: 33 seconds at 1e\+06 frames per second"):
        worm.resample(1e6)
    slow = Recording("slow", "x", worm.traces, worm.neurons, 1e-3, worm.states, worm.vocabulary)
    with pytest.raises(RecordingError, match="more than 1000000 frames"):
        slow.resample(30.0)
    with pytest.raises(RecordingError):
        worm.resample(float("nan"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MINE.replace("\n39,", "\n900000,"), "expected 0.2 to 30 frames per second"),
        *(
            ("".join(MINE.splitlines(keepends=True)[: n + 1]), f"8 frames or more .*, found {n}")
            for n in (2, 3, 7)
        ),
    ],
)
def test_gaps_and_a_few_frames_are_not_decoded(tmp_path, text, message):
    found = decode("--output", tmp_path / "out", written(tmp_path / "mine.csv", text))
    assert found.exit_code == 1 and re.search(rf"mine\.csv: mine: .*{message}", found.output)
    assert not (tmp_path / "out").exists()


def test_a_recording_has_limits():
    worm = tiny_worm(n_frames=10)
    with pytest.raises(RecordingError, match="worm-1: expected 10000 neurons at most, got 10001"):
        replace(worm, traces=np.ones((1, 10_001)), neurons=("",) * 10_001)
    with pytest.raises(RecordingError, match="expected 1000 states at most"):
        replace(worm, vocabulary=tuple(map(str, range(2000))))


# --- 2: out of the file --------------------------------------------------------------------------


def _replaced(make):
    def change(file):
        frames = file[file[f"{ROOT}/tv"][0, 0]].size
        file[f"{ROOT}/tv"][0, 0] = make(file, frames).ref

    return change


def _virtual(file, frames):
    layout = h5py.VirtualLayout((1, frames), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (1, frames))
    return file["#refs#"].create_virtual_dataset("new", layout)


def _external(file, frames):
    outside = [("/etc/hostname", 0, 8 * frames)]
    return file["#refs#"].create_dataset("new", (1, frames), "f8", external=outside)


def _link(name, link):
    def change(file):
        parent = file if name == ROOT else file[ROOT]
        del parent[name]
        parent[name] = link

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_link("tv", h5py.ExternalLink("pipe", "/tv")), "'tv', a link to somewhere else"),
        (_link(ROOT, h5py.ExternalLink("pipe", "/")), "a link to somewhere else"),
        (_link("tv", h5py.SoftLink("/pipe")), "'tv', a link to somewhere else"),
        (_replaced(_external), "values that lie in another file"),
        (_replaced(_virtual), "values that lie in another file"),
    ],
    ids=["link", "link of all", "soft link", "raw storage", "virtual"],
)
def test_nothing_leads_out_of_an_hdf5_file(mat, change, message):
    os.mkfifo(mat.with_name("pipe"))  # whoever opens it waits for ever
    with pytest.raises(SourceError, match=rf"worms\.mat: .*{message}"):
        registry.read(edit(mat, change))


READERS = {
    "any": registry.read,
    "kato": kato.read,
    "wormwideweb": wormwideweb.read,
    "tabular": tabular.read,
}


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("what", ["pipe", "socket", "device", "folder"])
def test_pipes_and_devices_are_refused(tmp_path, monkeypatch, kind, what):
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    path = Path({"device": "/dev/zero"}.get(what, f"{what}.csv"))
    if what == "pipe":
        os.mkfifo(path)
    elif what == "socket":
        socket.socket(socket.AF_UNIX).bind(str(path))
    elif what == "folder":
        path.mkdir()
    with pytest.raises(SourceError, match=rf"{path.name}: expected a regular file"):
        READERS[kind](path)


# --- 3: bombs ------------------------------------------------------------------------------------


def _nested(file):
    """A hundred references to a hundred references, five deep."""
    node = file["#refs#"].create_dataset("bomb0", data=np.array([[65]], dtype=np.uint16))
    for level in range(1, 6):
        references = np.array([node.ref] * 100, dtype=h5py.ref_dtype)[:, None]
        node = file["#refs#"].create_dataset(f"bomb{level}", data=references)
    file[f"{ROOT}/NeuronNames"][0, 0] = node.ref


def _repeated(file):
    """A hundred thousand references to one name."""
    node = file["#refs#"].create_dataset("name", data=np.array([[65]], dtype=np.uint16))
    references = np.array([node.ref] * 100_000, dtype=h5py.ref_dtype)[:, None]
    names = file["#refs#"].create_dataset("bomb", data=references)
    file[f"{ROOT}/NeuronNames"][0, 0] = names.ref


def _huge(**options):
    def change(file):
        node = file["#refs#"].create_dataset("huge", dtype="u1", **options)
        file[f"{ROOT}/deltaFOverF_bc"][0, 0] = node.ref

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_nested, "NeuronNames': .*more than 5000 references"),
        (_repeated, "NeuronNames': .*more than 5000 references"),
        (_huge(shape=(30_000_000, 1), chunks=(10_000, 1)), "30000000 values, more than"),
        (_huge(shape=(1, 9), maxshape=(1, None), chunks=(1, 30_000_000)), "30000000 values, more"),
    ],
    ids=["nested", "repeated", "many values", "large chunk"],
)
def test_a_bomb_in_a_matlab_file_is_refused_at_once(mat, change, message, monkeypatch):
    monkeypatch.setattr("wormgnn.datasets.hdf5.MAX_REFERENCES", 5000)
    edit(mat, change)
    with mat.open("ab") as file:  # so large that it could hold what it promises
        file.truncate(mat.stat().st_size + 1_000_000)
    start = time.process_time()
    with pytest.raises(SourceError, match=message):
        kato.read(mat)
    assert time.process_time() - start < 15


def test_members_that_nobody_asked_for_are_not_read(tmp_path):
    fields = {"traces": np.arange(6.0).reshape(3, 2), "neurons": np.array(["AVAL", "RID"])}
    np.savez_compressed(
        tmp_path / "mine.npz", fps=2.0, **fields, extra=np.array([{}], dtype=object)
    )
    assert registry.read(tmp_path / "mine.npz")[0].neurons == ("AVAL", "RID")


def _npy(header):
    text = header.ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def _promising(kind, shape):
    return _npy(f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}}}")


@pytest.mark.parametrize(
    ("traces", "message"),
    [
        (_promising("<f8", (10**9, 2)), "an array"),
        (_promising("|S0", (10**12,)), "an array"),
        (_promising("|V0", (10**12,)), "an array"),
        (_npy("(" * 15), "expected a NumPy archive"),  # more than Python's parser takes
    ],
)
def test_an_array_that_promises_too_much_is_refused(tmp_path, traces, message):
    path = tmp_path / "mine.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("traces.npy", traces)
    with pytest.raises(SourceError, match=rf"mine\.npz: .*{message}"):
        registry.read(path)


def test_texts_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("wormgnn.files.MAX_TEXT_BYTES", 100)
    for name, start in (("mine.csv", "AVAL,RID\n"), ("mine.json", "{")):
        with pytest.raises(SourceError, match=rf"{name}: expected 100 bytes at most"):
            registry.read(written(tmp_path / name, start + "1,2\n" * 50))


def test_many_overlapping_reversals_take_no_longer_than_few(tmp_path):
    path = tmp_path / "animal.json"
    write_wormwideweb(small_worms(1, duration_s=60.0)[0], path)
    events = f'"reversal_events": [{",".join(["[0,150]"] * 300_000)}]'
    text = path.read_text()
    start = text.index('"reversal_events"')
    written(path, text[:start] + events + text[text.index("]]", start) + 2 :])
    assert (wormwideweb.read(path)[0].states[:150] == 1).all()


# --- 4: where nothing can be written -------------------------------------------------------------


def _is_file(folder):
    return written(folder / "file", "") / "out"


def _long_name(folder):
    return folder / ("x" * 300)


def _folder_in_the_way(folder):
    (folder / "out" / "mine.html").mkdir(parents=True)
    return folder / "out"


@pytest.mark.parametrize(
    ("place", "name", "message"),
    [
        (_is_file, "mine", "cannot write"),
        (_long_name, "mine", "cannot write"),
        (lambda folder: folder, "x" * 250, "name too long"),
        (_folder_in_the_way, "mine", "mine.html: it is a folder"),
    ],
)
def test_outputs_are_checked_first(tmp_path, place, name, message):
    path, folder = written(tmp_path / f"{name}.csv", MINE), place(tmp_path)
    for force in ([], ["--force"]):
        found = decode(*force, "--output", folder, path)
        assert found.exit_code == 1 and message in found.output, found.output
        assert found.output.startswith("Error: ") and found.output.count("\n") == 1


def _refused_as_a_guest(folder):
    if os.geteuid() == 0:  # root may write anywhere
        os.setuid(65534)
    with pytest.raises(OutputError, match=r"cannot write .*: Permission denied"):
        check_writable(folder)


def test_a_read_only_folder_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    fork = multiprocessing.get_context("fork")
    guest = fork.Process(target=_refused_as_a_guest, args=(tmp_path,))
    guest.start()
    guest.join()
    assert guest.exitcode == 0


def test_a_folder_that_cannot_be_is_refused_before_anything_is_computed(tmp_path):
    with pytest.raises(OutputError, match="cannot write"):
        Store(_is_file(tmp_path)).compute({"a": 1}, lambda: pytest.fail("computed"))
    command = ["data", "simulate", str(tmp_path / "file" / "x.mat"), "--worms", "1"]
    found = CliRunner().invoke(main, command)
    assert found.exit_code == 1 and "Error: cannot write" in found.output


STORE = "from wormgnn.store import Store; Store(path).compute({'a': 1}, lambda: print('computed'))"
LAYOUT = (
    "from wormgnn.datasets import layouts, simulated\n"
    "layouts.write(simulated.simulate(1), path / ('w' + sys.argv[2]))"
)


@pytest.mark.parametrize(
    ("code", "ending"), [(STORE, ""), *((LAYOUT, e) for e in (".mat", *WRITERS_OF_ONE))]
)
def test_a_full_disk_is_one_error_and_leaves_nothing(tmp_path, code, ending):
    """With the limit on the size of files that a process may have set on itself."""

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    script = f"import sys; from pathlib import Path; path = Path(sys.argv[1])\n{code}"
    found = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), ending],
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1 and found.stdout == ""
    assert found.stderr.splitlines()[-1].startswith("wormgnn.errors.OutputError: cannot write")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seed", ["-1", str(10**30)])
@pytest.mark.parametrize("command", [["run", "table1"], ["data", "simulate", "x.mat"]])
def test_seeds_have_a_range(command, seed):
    found = CliRunner().invoke(main, [*command, "--seed", seed])
    assert found.exit_code == 2 and "0<=x<=2147483647" in found.output


# --- 5: what killed writers and other programs leave ---------------------------------------------


def _killed_writer(path):
    """A process that dies while it writes."""
    script = (
        "import os, sys; from pathlib import Path; from wormgnn.files import write_atomically\n"
        "def write(path): path.write_text('half'); os.kill(os.getpid(), 9)\n"
        "write_atomically(Path(sys.argv[1]), write)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)


def test_what_killed_writers_left_goes_with_the_next_write(tmp_path):
    store, single = Store(tmp_path / "store"), tmp_path / "decoder.npz"
    for path in (store.path({"a": 1}), single):
        _killed_writer(path)
        assert [left.name[0] for left in path.parent.glob("*.npz")] == ["."]
    store.compute({"a": 2}, lambda: {"x": np.zeros(2)})
    write_atomically(single, lambda path: path.write_text("whole"))
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(left) == sorted([store.path({"a": 2}), single])


def test_a_writer_that_lives_is_not_disturbed(tmp_path):
    def write(path):
        path.write_text("half")
        check_writable(tmp_path)
        assert path.exists()

    write_atomically(tmp_path / "table.csv", write)
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_hidden_files_in_a_dataset_are_ignored(tmp_path, monkeypatch):
    monkeypatch.setenv("WORMGNN_DATA", str(tmp_path))
    folder = tmp_path / "wormwideweb"
    folder.mkdir()
    write_wormwideweb(small_worms(1)[0], folder / "x.json")
    written(folder / "._x.json", b"\0\5\x16\7 Mac OS X")
    os.mkfifo(folder / "pipe.json")
    assert [worm.worm for worm in registry.load("wormwideweb")] == ["x"]
    assert len([row for row in registry.status() if row.dataset == "wormwideweb"]) == 1


# --- 6: names in pages and spreadsheets ----------------------------------------------------------

EVIL = "<img src=x onerror=alert(1)>"


def test_names_never_become_part_of_a_page():
    data = pd.DataFrame({EVIL: [EVIL, "a & b"], "n": [1, 2]}, index=[EVIL, "b"])
    columns = pd.MultiIndex.from_tuples([(EVIL, "a"), ("b", EVIL)])
    for shown in (data, data.set_axis(columns, axis=1)):
        html = table(shown, caption=f"Worm {EVIL}", index=True).to_html()
        assert "<img" not in html
        assert html.count("&lt;img") >= 4
    banner = Banner("note", EVIL, EVIL)
    assert "<img" not in banner._repr_html_()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_name_becomes_a_formula(tmp_path, start):
    line = {"file": f"{start}1+1.csv", "missing": "", "neurons": "AVAL", "bouts": -3}
    job = decoding.Job(tmp_path / "x.csv", small_worms(1)[0], "x")
    (path,) = report.write_overview([SimpleNamespace(job=job, line=line)], tmp_path, ["csv"])
    found = pd.read_csv(path, keep_default_na=False).iloc[0].to_dict()
    assert found.pop("file")[0] in "'\\"
    assert found == {"missing": "", "neurons": "AVAL", "bouts": -3}


# --- 7: messages ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "listed"),
    [
        (["SVM", "MLP"], "SVM, MLP"),
        ([7, 4, 2], "7, 4, 2"),
        (["MLP", "MLP, no norm"], "'MLP', 'MLP, no norm'"),  # a comma would split one
    ],
)
def test_choices_are_listed(choices, listed):
    assert str(ChoiceError("model", "x", choices)) == f"unknown model 'x': choose one of {listed}"


def test_messages_are_one_line(tmp_path):
    path = written(tmp_path / "a\nb\x1b[31m.csv", "AVAL\n1\n2\n")
    with pytest.raises(SourceError) as caught:
        registry.read(path)
    assert str(caught.value).isprintable() and r"a\nb\x1b[31m.csv" in str(caught.value)
    assert caught.value.path == str(path)
    many = written(tmp_path / "many.csv", "time_s,state\n" + '"x\ny",' * 3 + "1\n")
    with pytest.raises(SourceError) as caught:
        registry.read(many)
    assert str(caught.value).isprintable()
    assert len(str(RecordingError("x" * 10**6))) < 3000
