"""Bad files, bad arguments and full disks: one typed error each, soon, and nothing half-written."""

from __future__ import annotations

import multiprocessing
import os
import resource
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from recordings import edit, small_worms
from tiny import tiny_worm
from wormgnn import decoding, report
from wormgnn.cli import main
from wormgnn.datasets import kato, registry, tabular, wormwideweb
from wormgnn.datasets.layouts import WRITERS_OF_ONE, write_kato, write_wormwideweb
from wormgnn.errors import (
    OutputError,
    RecordingError,
    SourceError,
    WormgnnError,
)
from wormgnn.files import check_writable, write_atomically
from wormgnn.paper.pages import Banner, table
from wormgnn.recording import Recording
from wormgnn.store import Store

ROOT = "WT_NoStim"
MINE = "time_s,AVAL,RIML,VB01\n" + "".join(f"{n},{n % 3},{n % 5},{n % 7}\n" for n in range(40))


@pytest.fixture
def mat(tmp_path: Path) -> Path:
    path = tmp_path / "worms.mat"
    write_kato(small_worms(), path)
    return path


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def decode(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["decode", *map(str, arguments)])


# --- 1: time -------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", ["1e7", "1e17", "1e300"])
def test_a_bad_last_time_is_refused(tmp_path: Path, last: str) -> None:
    path = written(tmp_path / "mine.csv", f"time_s,AVAL\n0,1\n1,2\n{last},3\n")
    with pytest.raises(RecordingError, match=r"mine\.csv: mine: field '(times|fps)'"):
        tabular.read(path)


@pytest.mark.parametrize("fps", [1e-9, 5e-324, 1e300, -1.0, float("nan"), float("inf")])
def test_a_frame_rate_that_none_has_is_refused(tmp_path: Path, fps: float) -> None:
    path = written(tmp_path / "mine.csv", "AVAL,RIML\n1,2\n2,1\n1,1\n")
    with pytest.raises(WormgnnError, match=r"mine\.csv.* field 'fps'"):
        tabular.read(path, fps)


def test_resampling_is_bounded() -> None:
    worm = tiny_worm(n_frames=100)
    with pytest.raises(RecordingError, match=r"worm-1: 33 seconds at 1e\+06 frames per second"):
        worm.resample(1e6)
    slow = Recording("slow", "x", worm.traces, worm.neurons, 1e-3, worm.states, worm.vocabulary)
    with pytest.raises(RecordingError, match="more than 1000000 frames"):
        slow.resample(30.0)
    with pytest.raises(RecordingError):
        worm.resample(float("nan"))


def test_a_recording_with_a_gap_is_refused(tmp_path: Path) -> None:
    late = MINE.replace("\n39,", "\n900000,")
    found = decode("--output", tmp_path / "out", written(tmp_path / "mine.csv", late))
    assert found.exit_code == 1, found.output
    assert "mine.csv: mine: expected 0.2 to 30 frames per second" in found.output


# --- 2: headers that Python cannot read ----------------------------------------------------------


def test_a_header_of_brackets_in_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("traces.npy", b"\x93NUMPY\x01\x00\x10\x00" + b"(" * 15 + b"\n")
    with pytest.raises(SourceError, match=r"mine\.npz: expected a NumPy archive"):
        registry.read(path)


# --- 3: out of the file --------------------------------------------------------------------------


def _replaced(make: Callable[[h5py.File, int], h5py.Dataset]) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        frames = file[file[f"{ROOT}/tv"][0, 0]].size
        file[f"{ROOT}/tv"][0, 0] = make(file, frames).ref

    return change


def _virtual(file: h5py.File, frames: int) -> h5py.Dataset:
    layout = h5py.VirtualLayout((1, frames), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (1, frames))
    return file["#refs#"].create_virtual_dataset("new", layout)


def _external(file: h5py.File, frames: int) -> h5py.Dataset:
    outside = [("/etc/hostname", 0, 8 * frames)]
    return file["#refs#"].create_dataset("new", (1, frames), "f8", external=outside)


def _link(name: str, link: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
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
def test_nothing_leads_out_of_an_hdf5_file(
    mat: Path, change: Callable[[h5py.File], None], message: str
) -> None:
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
def test_pipes_and_devices_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, what: str
) -> None:
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


def test_a_pipe_as_an_argument(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.csv")
    assert "x.csv: expected a regular file" in decode(tmp_path / "x.csv").output


# --- 4: bombs ------------------------------------------------------------------------------------


def _nested(file: h5py.File) -> None:
    """A hundred references to a hundred references, five deep."""
    node = file["#refs#"].create_dataset("bomb0", data=np.array([[65]], dtype=np.uint16))
    for level in range(1, 6):
        references = np.array([node.ref] * 100, dtype=h5py.ref_dtype)[:, None]
        node = file["#refs#"].create_dataset(f"bomb{level}", data=references)
    file[f"{ROOT}/NeuronNames"][0, 0] = node.ref


def _repeated(file: h5py.File) -> None:
    """A hundred thousand references to one name."""
    node = file["#refs#"].create_dataset("name", data=np.array([[65]], dtype=np.uint16))
    references = np.array([node.ref] * 100_000, dtype=h5py.ref_dtype)[:, None]
    names = file["#refs#"].create_dataset("bomb", data=references)
    file[f"{ROOT}/NeuronNames"][0, 0] = names.ref


def _huge(**options: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
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
def test_a_bomb_in_a_matlab_file_is_refused_at_once(
    mat: Path,
    change: Callable[[h5py.File], None],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wormgnn.datasets.hdf5.MAX_REFERENCES", 5000)
    edit(mat, change)
    with mat.open("ab") as file:  # so large that it could hold what it promises
        file.truncate(mat.stat().st_size + 1_000_000)
    start = time.process_time()
    with pytest.raises(SourceError, match=message):
        kato.read(mat)
    assert time.process_time() - start < 15


def test_members_that_nobody_asked_for_are_not_read(tmp_path: Path) -> None:
    fields = {"traces": np.arange(6.0).reshape(3, 2), "neurons": np.array(["AVAL", "RID"])}
    np.savez_compressed(
        tmp_path / "mine.npz", fps=2.0, **fields, extra=np.array([{}], dtype=object)
    )
    assert registry.read(tmp_path / "mine.npz")[0].neurons == ("AVAL", "RID")


def _npy(header: str) -> bytes:
    text = header.ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    ("kind", "shape"), [("<f8", (10**9, 2)), ("|S0", (10**12,)), ("|V0", (10**12,))]
)
def test_an_array_that_promises_too_much_is_refused(
    tmp_path: Path, kind: str, shape: tuple[int, ...]
) -> None:
    path = tmp_path / "mine.npz"
    with zipfile.ZipFile(path, "w") as archive:
        header = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}}}"
        archive.writestr("traces.npy", _npy(header))
    with pytest.raises(SourceError, match="an array"):
        registry.read(path)


def test_texts_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wormgnn.files.MAX_TEXT_BYTES", 100)
    for name, start in (("mine.csv", "AVAL,RID\n"), ("mine.json", "{")):
        with pytest.raises(SourceError, match=rf"{name}: expected 100 bytes at most"):
            registry.read(written(tmp_path / name, start + "1,2\n" * 50))


def test_many_overlapping_reversals_take_no_longer_than_few(tmp_path: Path) -> None:
    path = tmp_path / "animal.json"
    write_wormwideweb(small_worms(1, duration_s=60.0)[0], path)
    events = f'"reversal_events": [{",".join(["[0,150]"] * 300_000)}]'
    text = path.read_text()
    start = text.index('"reversal_events"')
    written(path, text[:start] + events + text[text.index("]]", start) + 2 :])
    assert (wormwideweb.read(path)[0].states[:150] == 1).all()


def test_a_recording_has_limits() -> None:
    worm = tiny_worm(n_frames=10)
    with pytest.raises(RecordingError, match="worm-1: expected 10000 neurons at most, got 10001"):
        Recording(
            "worm-1", "x", np.ones((1, 10_001)), ("",) * 10_001, 3.0, np.array([0]), ("forward",)
        )
    with pytest.raises(RecordingError, match="expected 1000 states at most"):
        Recording(
            "w", "x", worm.traces, worm.neurons, 3.0, worm.states, tuple(map(str, range(2000)))
        )


# --- 6: where nothing can be written -------------------------------------------------------------


def _is_file(folder: Path) -> Path:
    return written(folder / "file", "") / "out"


def _long_name(folder: Path) -> Path:
    return folder / ("x" * 300)


@pytest.mark.parametrize("place", [_is_file, _long_name])
def test_outputs_are_checked_first(tmp_path: Path, place: Callable[[Path], Path]) -> None:
    mine = written(tmp_path / "mine.csv", MINE)
    found = decode("--output", place(tmp_path), mine)
    assert found.exit_code == 1 and "Error: cannot write" in found.output, found.output
    assert found.output.count("\n") == 1


def test_a_stem_that_is_too_long_and_a_folder_in_the_way(tmp_path: Path) -> None:
    long = written(tmp_path / f"{'x' * 250}.csv", MINE)
    mine = written(tmp_path / "mine.csv", MINE)
    (tmp_path / "out" / "mine.html").mkdir(parents=True)
    for path, message in ((long, "name too long"), (mine, "mine.html: it is a folder")):
        for force in ([], ["--force"]):
            found = decode(*force, "--output", tmp_path / "out", path)
            assert found.exit_code == 1 and message in found.output, found.output


def _refused_as_a_guest(folder: Path) -> None:
    if os.geteuid() == 0:  # root may write anywhere
        os.setuid(65534)
    with pytest.raises(OutputError, match=r"cannot write .*: Permission denied"):
        check_writable(folder)


def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    fork = multiprocessing.get_context("fork")
    guest = fork.Process(target=_refused_as_a_guest, args=(tmp_path,))
    guest.start()
    guest.join()
    assert guest.exitcode == 0


def test_a_store_that_cannot_be_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        Store(_is_file(tmp_path)).compute({"a": 1}, lambda: pytest.fail("computed"))


STORE = "from wormgnn.store import Store; Store(path).compute({'a': 1}, lambda: print('computed'))"
LAYOUT = (
    "from wormgnn.datasets import layouts, simulated\n"
    "layouts.write(simulated.simulate(1), path / ('w' + sys.argv[2]))"
)


@pytest.mark.parametrize(
    ("code", "ending"), [(STORE, ""), *((LAYOUT, e) for e in (".mat", *WRITERS_OF_ONE))]
)
def test_a_full_disk_is_one_error_and_leaves_nothing(
    tmp_path: Path, code: str, ending: str
) -> None:
    """With the limit on the size of files that a process may have set on itself."""

    def limited() -> None:
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


def test_simulated_worms_are_written_or_refused(tmp_path: Path) -> None:
    command = ["data", "simulate", str(_is_file(tmp_path) / "x.mat"), "--worms", "1"]
    found = CliRunner().invoke(main, command)
    assert found.exit_code == 1 and "Error: cannot write" in found.output


@pytest.mark.parametrize("seed", ["-1", str(10**30)])
@pytest.mark.parametrize("command", [["run", "table1"], ["data", "simulate", "x.mat"]])
def test_seeds_have_a_range(command: list[str], seed: str) -> None:
    found = CliRunner().invoke(main, [*command, "--seed", seed])
    assert found.exit_code == 2 and "0<=x<=2147483647" in found.output


# --- 7: what killed writers and other programs leave ---------------------------------------------


def _killed_writer(path: Path) -> None:
    """A process that dies while it writes."""
    script = (
        "import os, sys; from pathlib import Path; from wormgnn.files import write_atomically\n"
        "def write(path): path.write_text('half'); os.kill(os.getpid(), 9)\n"
        "write_atomically(Path(sys.argv[1]), write)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)


def test_temporaries_of_killed_writers_go_with_the_next_write(tmp_path: Path) -> None:
    store = Store(tmp_path)
    _killed_writer(store.path({"a": 1}))
    assert [path.name[0] for path in tmp_path.rglob("*.npz")] == ["."]
    store.compute({"a": 2}, lambda: {"x": np.zeros(2)})
    assert [path for path in tmp_path.rglob("*.npz")] == [store.path({"a": 2})]


def test_a_single_file_written_again_clears_what_a_killed_writer_left(tmp_path: Path) -> None:
    _killed_writer(tmp_path / "decoder.npz")
    assert [path.name[0] for path in tmp_path.iterdir()] == ["."]
    write_atomically(tmp_path / "decoder.npz", lambda path: path.write_text("whole"))
    assert [path.name for path in tmp_path.iterdir()] == ["decoder.npz"]


def test_a_writer_that_lives_is_not_disturbed(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        path.write_text("half")
        check_writable(tmp_path)
        assert path.exists()

    write_atomically(tmp_path / "table.csv", write)
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_hidden_files_in_a_dataset_are_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORMGNN_DATA", str(tmp_path))
    folder = tmp_path / "wormwideweb"
    folder.mkdir()
    write_wormwideweb(small_worms(1)[0], folder / "x.json")
    written(folder / "._x.json", b"\0\5\x16\7 Mac OS X")
    os.mkfifo(folder / "pipe.json")
    assert [worm.worm for worm in registry.load("wormwideweb")] == ["x"]
    assert len([row for row in registry.status() if row.dataset == "wormwideweb"]) == 1


# --- 8: names in pages and spreadsheets ----------------------------------------------------------

EVIL = "<img src=x onerror=alert(1)>"


def test_names_never_become_part_of_a_page() -> None:
    data = pd.DataFrame({EVIL: [EVIL, "a & b"], "n": [1, 2]}, index=[EVIL, "b"])
    columns = pd.MultiIndex.from_tuples([(EVIL, "a"), ("b", EVIL)])
    for shown in (data, data.set_axis(columns, axis=1)):
        html = table(shown, caption=f"Worm {EVIL}", index=True).to_html()
        assert "<img" not in html
        assert html.count("&lt;img") >= 4
    banner = Banner("note", EVIL, EVIL)
    assert "<img" not in banner._repr_html_()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_name_becomes_a_formula(tmp_path: Path, start: str) -> None:
    line = {"file": f"{start}1+1.csv", "missing": "", "neurons": "AVAL", "bouts": -3}
    job = decoding.Job(tmp_path / "x.csv", small_worms(1)[0], "x")
    (path,) = report.write_overview([SimpleNamespace(job=job, line=line)], tmp_path, ["csv"])
    found = pd.read_csv(path, keep_default_na=False).iloc[0].to_dict()
    assert found.pop("file")[0] in "'\\"
    assert found == {"missing": "", "neurons": "AVAL", "bouts": -3}


# --- 10: very short recordings, and messages -----------------------------------------------------


@pytest.mark.parametrize("frames", [2, 3, 7])
def test_a_recording_of_a_few_frames_is_refused_by_name(tmp_path: Path, frames: int) -> None:
    text = "".join(MINE.splitlines(keepends=True)[: frames + 1])
    found = decode("--output", tmp_path / "out", written(tmp_path / "short.csv", text))
    assert found.exit_code == 1, found.output
    assert f"short.csv: short: expected 8 frames or more to decode, found {frames}" in found.output
    assert not (tmp_path / "out").exists()


def test_messages_are_one_line(tmp_path: Path) -> None:
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
