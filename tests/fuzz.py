"""Read damaged files of every kind: each gives a sound recording or a typed error, soon.

    python tests/fuzz.py 10000          also from real files, if $WORMGNN_DATA has some

Case n is the same on every machine that has the same files. A worker process that takes longer
than `SECONDS` for a case is ended and named; so is the memory that any took.
"""

from __future__ import annotations

import bz2
import faulthandler
import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from recordings import WRITERS, small_worms, write_flavell, write_nwb
from wormgnn.datasets import layouts, registry
from wormgnn.errors import WormgnnError
from wormgnn.features import features
from wormgnn.recording import UNIDENTIFIED, Recording
from wormgnn.states import vocabulary
from wormgnn.store import Store

SECONDS, BYTES = 20.0, 2 << 30
INPUTS, ARRAYS = {"seed": 1}, {"counts": np.arange(600), "seen": np.ones(3, dtype=bool)}
JUNK = (
    *("", "nan", "inf", "-1", "0", "1e7", "1e17", "1e308", "1e-320", "9" * 400, "=1+1", "\0"),
    *("\n", '"', ",", "AVAL", "VB1", "time_s", "state", "<img src=x>", "é\ud83e", "x" * 5000),
)
NUMBERS = (0, -1, 1, 255, 2**31 - 1, 2**32 - 1, 2**63 - 1, 1e17, 1e308, float("nan"))
SMALL = ((), (0,), (1,), (3,), (2, 3), (1, 17), (17, 1), (5, 4, 3), (0, 7))
SHAPES = (*SMALL, (10**9, 2), (10**6, 30))
TYPES = ("f8", "f4", "f2", "i8", "u2", "u1", "?", "S3", "S0", "U5", "c16", "V4", "O", "M8[s]")


def sources(folder: Path) -> dict[str, list[Path]]:
    """Whole files by kind: simulated ones, and real ones where there are some."""
    worms = small_worms(duration_s=8.0)
    for layout in ("kato", "kato-older", "nichols"):
        WRITERS[layout](worms, folder / f"{layout}.mat")
    write_flavell(worms[0], folder / "animal.h5")
    write_nwb(worms[0], folder / "animal.nwb")
    for ending, write in layouts.WRITERS_OF_ONE.items():
        write(worms[0], folder / f"animal{ending}")
    with np.load(folder / "animal.npz") as arrays:
        np.savez(folder / "stored.npz", **arrays)
    (folder / "animal.json.bz2").write_bytes(bz2.compress((folder / "animal.json").read_bytes()))
    paths = [*folder.iterdir()]
    data = os.environ.get("WORMGNN_DATA")
    if data:
        paths += [p for p in sorted(Path(data).rglob("*")) if p.is_file()]
    kinds = dict.fromkeys((".mat", ".h5", ".nwb"), "hdf5") | {".json": "json", ".bz2": "json"}
    kinds |= {".csv": "csv", ".npz": "npz"}
    found: dict[str, list[Path]] = {}
    for path in sorted(paths):
        if path.suffix in kinds:
            found.setdefault(kinds[path.suffix], []).append(path)
    return found


# --- damage --------------------------------------------------------------------------------------


def bytes_changed(content: bytes, rng: random.Random, other: bytes) -> bytes:
    """Some bytes overwritten, cut out, doubled, moved, or taken from another file."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5, 30))):
        size = len(data)
        if not size:
            break
        # Structure lies at the beginning and at the end.
        start = rng.choice((rng.randrange(size), rng.randrange(min(size, 3000)), max(0, size - 1)))
        start = max(0, start - rng.choice((0, 0, rng.randrange(300))))
        width = rng.choice((1, 1, 2, 4, 8, 64, 3000))
        piece = data[start : start + width]
        match rng.randrange(7):
            case 0:
                data[start : start + width] = rng.randbytes(len(piece))
            case 1:
                data[start] ^= 1 << rng.randrange(8)
            case 2:
                value = rng.choice((0, 1, 0x7F, 0xFF)).to_bytes(1, "little")
                data[start : start + len(piece)] = value * len(piece)
            case 3:
                del data[start : start + width]
            case 4:
                data[start:start] = piece * rng.choice((1, 2, 50))
            case 5:
                place = rng.randrange(max(1, len(other)))
                data[start : start + len(piece)] = other[place : place + len(piece)]
            case 6:
                del data[rng.randrange(size) :]
    return bytes(data)


def json_changed(content: bytes, rng: random.Random) -> bytes:
    """Values somewhere in the tree replaced by others, or left out."""
    tree = json.loads(content)
    for _ in range(rng.choice((1, 1, 2, 4))):
        parent: Any = tree
        key: Any = rng.choice(sorted(parent))
        while isinstance(parent[key], dict | list) and parent[key] and rng.random() < 0.6:
            parent = parent[key]
            keys = sorted(parent) if isinstance(parent, dict) else range(len(parent))
            key = rng.choice((rng.choice(keys), keys[-1]))
        junk: list[Any] = [None, True, {}, [], [[]], rng.choice(JUNK), rng.choice(NUMBERS)]
        times = 1 if isinstance(parent[key], dict | list) else 1000
        junk += [[parent[key]] * rng.choice((1, times)), {"1": parent[key]}, 10**400]
        if rng.random() < 0.2:
            del parent[key]
            break
        parent[key] = rng.choice(junk)
    text = json.dumps(tree)
    return (text.replace("[", "[" * 100_000, 1) if rng.random() < 0.02 else text).encode()


def csv_changed(content: bytes, rng: random.Random) -> bytes:
    """Cells, headers, rows and columns replaced, doubled or left out."""
    rows = [line.split(",") for line in content.decode("utf-8", "replace").splitlines()]
    for _ in range(rng.choice((1, 1, 2, 6))):
        row = rows[rng.choice((0, 0, len(rows) - 1, rng.randrange(len(rows))))]
        column = rng.choice((0, rng.randrange(len(row)))) if row else 0  # the first is the time
        match rng.randrange(6):
            case 0 | 1 | 2:
                row[column : column + 1] = [rng.choice(JUNK)]
            case 3:
                del rows[rng.randrange(len(rows)) :]
            case 4:
                rows.append(row * rng.choice((1, 2, 3000 if len(row) < 3000 else 1)))
            case 5:
                for each in rows:
                    del each[column : column + 1]
        rows = rows or [[]]
    text = rng.choice(("\n", "\r\n")).join(",".join(row) for row in rows)
    return text.encode(rng.choice(("utf-8", "utf-8", "utf-8", "utf-16")), "surrogatepass")


def array_of(rng: random.Random) -> np.ndarray:
    """A small array of any type."""
    return np.ones(rng.choice(SMALL), dtype=rng.choice(TYPES[:12]))


def npz_changed(content: bytes, rng: random.Random) -> bytes:
    """Members replaced by other arrays, by headers that lie, by bombs, or left out."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name in rng.sample(sorted(members), rng.choice((1, 1, 2))):
        made = io.BytesIO()
        match rng.randrange(6):
            case 0:
                del members[name]
            case 1 | 2:
                np.save(made, array_of(rng), allow_pickle=True)
                members[name] = made.getvalue()
            case 3:
                shape, kind = rng.choice(SHAPES), rng.choice(TYPES)
                order = rng.random() < 0.5
                text = f"{{'descr': {kind!r}, 'fortran_order': {order}, 'shape': {shape}}}"
                text = rng.choice((text, text, "(" * 500, "[" * 9000, "{}", text[:-3]))
                header = text.encode().ljust(200) + b"\n"
                start = b"\x93NUMPY" + bytes((rng.choice((1, 1, 1, 2, 3, 9)), 0))
                members[name] = start + len(header).to_bytes(2, "little") + header + b"\0" * 900
            case 4:
                members[name] += bytes(rng.choice((10, 10**6)))
            case 5:
                members[rng.choice(("extra.npy", "fps.npy", "times_s.npy", "a/b.npy"))] = members[
                    name
                ]
    packed = io.BytesIO()
    way = rng.choice(
        (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)
    )
    with zipfile.ZipFile(packed, "w", way) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return packed.getvalue()


def hdf5_changed(content: bytes, rng: random.Random) -> bytes:
    """Objects replaced by others, by links, loops and bombs, or left out."""
    packed = io.BytesIO(content)
    with h5py.File(packed, "r+") as file:
        nodes: list[str] = []
        file.visit(nodes.append)
        for name in rng.sample(nodes, min(len(nodes), rng.choice((1, 1, 2, 4)))):
            _change_node(file, name, rng, nodes)
    return packed.getvalue()


def _change_node(file: h5py.File, name: str, rng: random.Random, nodes: list[str]) -> None:
    if name not in file:
        return
    node, what = file[name], rng.randrange(10)
    if isinstance(node, h5py.Dataset) and node.dtype == h5py.ref_dtype and what < 5:
        place = tuple(rng.randrange(n) for n in node.shape)
        target = rng.choice(nodes)
        if node.size and target in file:
            node[place] = rng.choice((file[target].ref, node.ref, h5py.Reference()))
        return
    if what == 0:
        node.attrs["MATLAB_empty"] = rng.choice((1, 0, np.ones(50), "x", np.ones((2, 2), "u1")))
        return
    del file[name]
    if what < 5:
        file[name] = array_of(rng)
    elif what == 5:
        size = rng.choice((10**3, 10**6, 10**8, 10**10))
        file.create_dataset(name, (size, 2), rng.choice(("f8", "u1", "u2")), chunks=(1000, 2))
    elif what == 6:
        outside = rng.choice((h5py.ExternalLink("/dev/zero", "/"), h5py.SoftLink("/nowhere")))
        file[name] = rng.choice((outside, h5py.SoftLink("/")))
    elif what == 7:
        reference = file[rng.choice(sorted(file))].ref
        several = np.array([reference] * rng.choice((1, 100, 60_000)), dtype=h5py.ref_dtype)
        file.create_dataset(name, data=several[:, None])
    elif what == 8:
        file.create_dataset(name, (1, 20), "f8", external=[("/dev/zero", 0, 160)])


CHANGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "json": json_changed,
    "csv": csv_changed,
    "npz": npz_changed,
    "hdf5": hdf5_changed,
}


def damaged(kinds: dict[str, list[Path]], rng: random.Random) -> bytes:
    """A damaged copy of a file, small ones more often than real ones."""
    kind = rng.choice(sorted(kinds))
    paths = sorted(kinds[kind], key=lambda path: path.stat().st_size)
    path = paths[min(rng.randrange(len(paths)) for _ in range(2))]
    content = path.read_bytes()
    if rng.random() < 0.6:
        try:
            content = CHANGES[kind](content, rng)
        except Exception:  # not every whole file is one that is understood here
            content = content[: rng.randrange(len(content))]
    if rng.random() < 0.6:
        other = rng.choice(kinds[rng.choice(sorted(kinds))])
        content = bytes_changed(content, rng, other.read_bytes()[:100_000])
    return content


# --- what a damaged file gives -------------------------------------------------------------------


def check_recording(recording: Recording) -> None:
    """A recording that was read is sound, and can be seen as a model would, or is refused."""
    named = [n for n, name in enumerate(recording.neurons) if name != UNIDENTIFIED]
    assert np.isfinite(recording.traces[:, named]).all() and len(recording.digest) == 64
    assert (np.diff(recording.times) > 0).all() and np.isfinite(recording.times).all()
    assert recording.states.min() >= -1 and recording.states.max() < len(recording.vocabulary)
    try:
        seen = recording.select(recording.identified[:15]).resample(2.8)
        for n_states in (2, 7):
            given = features(seen, seen.neurons, n_states)
            assert np.isfinite(given.x).all() and given.y.max() < len(vocabulary(n_states))
    except WormgnnError as error:
        assert str(error).isprintable()


def outcome(number: int, kinds: dict[str, list[Path]], folder: Path) -> str:
    """Run one case; AssertionError, or whatever else escapes, for a defect."""
    rng = random.Random(number)
    if rng.random() < 0.1:
        return _store_outcome(rng, folder)
    path = folder / "damaged"
    path.write_bytes(damaged(kinds, rng))
    signal.setitimer(
        signal.ITIMER_PROF, SECONDS
    )  # of this process; what waits for ever is ended too
    faulthandler.dump_traceback_later(30 * SECONDS, exit=True)  # what waits for ever
    try:
        for recording in registry.read(path, rng.choice((None, None, 3.0, 1e-9))):
            check_recording(recording)
    except WormgnnError as error:
        assert "damaged" in str(error), f"no file named: {error}"
        assert str(error).isprintable() and len(str(error)) < 3000, repr(str(error))[:500]
        return type(error).__name__
    return "recording"


def _store_outcome(rng: random.Random, folder: Path) -> str:
    store = Store(folder / "store")
    store.put(INPUTS, ARRAYS, 1.0)
    path = store.path(INPUTS)
    content = path.read_bytes()
    packed_anew = rng.random() < 0.5  # with right checksums of wrong members
    change = npz_changed(content, rng) if packed_anew else bytes_changed(content, rng, b"\0")
    path.write_bytes(change)
    found = store.get(INPUTS)
    if found is None:
        return "computed again"
    assert set(found) == set(ARRAYS)
    assert packed_anew or all((found[name] == array).all() for name, array in ARRAYS.items())
    return "stored"


def work(numbers: range) -> None:
    """Run cases; print number, outcome, seconds and peak memory of each as a line of JSON."""
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    faulthandler.register(signal.SIGPROF, chain=True)  # tells where, and ends
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "whole").mkdir()
        kinds = sources(folder / "whole")
        for number in numbers:
            start = time.process_time()  # of this process alone
            try:
                found = outcome(number, kinds, folder)
            except BaseException:
                found = f"TRACEBACK {traceback.format_exc()[-1500:]}"
            faulthandler.cancel_dump_traceback_later()
            signal.setitimer(signal.ITIMER_PROF, 0)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            print(json.dumps([number, found, time.process_time() - start, peak]), flush=True)


def results(numbers: range) -> list[tuple[int, str, float, int]]:
    """What cases gave in another process; one that a case ends is begun again behind it."""
    found: list[tuple[int, str, float, int]] = []
    while numbers:
        command = [sys.executable, __file__, "--work", str(numbers.start), str(numbers.stop)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        found += lines
        numbers = numbers[len(lines) :]
        if numbers:
            found.append((numbers[0], f"ENDED: over {SECONDS:g} s, or killed", SECONDS, 0))
            numbers = numbers[1:]
    return found


def run(cases: int, first: int = 0, workers: int = 2) -> dict[str, Any]:
    """Run cases in processes; what they gave, and those that failed."""
    edges = [first + cases * worker // workers for worker in range(workers + 1)]
    with ThreadPool(workers) as pool:
        parts = pool.map(results, [range(*pair) for pair in pairwise(edges)])
    every = [result for part in parts for result in part]
    bad = {n: f for n, f, _, peak in every if f[:5] in ("TRACE", "ENDED") or peak > BYTES}
    return {
        "cases": len(every),
        "outcomes": dict(Counter(found.split()[0] for _, found, _, _ in every)),
        "slowest_s": round(max(seconds for _, _, seconds, _ in every), 2),
        "peak_bytes": max(peak for *_, peak in every),
        "bad": bad,
    }


if __name__ == "__main__":
    if sys.argv[1] == "--work":
        work(range(*map(int, sys.argv[2:])))
        sys.exit()
    report = run(*map(int, sys.argv[1:]))
    for number, text in report["bad"].items():
        print(f"--- case {number}\n{text}", file=sys.stderr)
    print(json.dumps(report | {"bad": sorted(report["bad"])}))
    sys.exit(bool(report["bad"]))
