"""Datasets by name: find, load and check them, and read any file by its content."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import h5py
import pooch

from wormgnn.datasets import kato, nichols, nwb, tabular, wormwideweb
from wormgnn.datasets.download import download, pinned
from wormgnn.datasets.hdf5 import open_worms
from wormgnn.datasets.simulated import Simulation, simulate, simulate_other_lab
from wormgnn.errors import ChoiceError, DatasetUnavailableError, SourceError, chosen, reading
from wormgnn.files import BZIP2, check_regular
from wormgnn.recording import Recording


@dataclass(frozen=True)
class Dataset:
    """A dataset by name: its files, or patterns of files that users add, and its reader.

    `home` is the page that has its files. `files` tells where each lies in the data folder (it is
    also looked for at the folder's top), and its id on OSF, or None: then OSF's project `home` is
    searched for its name. `patterns` are of the files of a dataset that is not downloaded. `sha256`
    holds checksums: of the published file first (None if there is none), then of other files that
    are known to hold the same recordings.
    """

    reader: Callable[[Path], list[Recording]]
    citation: str
    home: str
    files: tuple[tuple[str, str | None], ...] = ()
    patterns: tuple[str, ...] = ()
    sha256: tuple[str | None, ...] = (None,)


DATASETS: dict[str, Dataset] = {
    "simulated": Dataset(lambda _: simulate(), "simulated by wormgnn", ""),
    "kato": Dataset(
        kato.read,
        "Kato et al. 2015, Cell 163:656-669",
        "https://osf.io/2395t",
        files=(("kato2015/WT_NoStim.mat", None),),
        sha256=(
            "7531811c1718e26a0455f59cb2f8188cf25809278cfea85770dfe03315a0098a",
            # The five worms reassembled from public per-worm copies.
            "5e87d008fbcf9fb6ac8bad726496cafb1368e8e6a40a5fa5e5e8dae99beb7129",
        ),
    ),
    "nichols": Dataset(
        nichols.read,
        "Nichols et al. 2017, Science 356:eaam6851",
        "https://osf.io/kbf38",
        files=(
            ("nichols2017/n2_prelet.mat", "5d24867945253a001939ac2c"),
            ("nichols2017/npr1_prelet.mat", "5d24866f1c5b4a001b9bde6e"),
        ),
    ),
    "wormwideweb": Dataset(
        wormwideweb.read,
        "Dag et al. 2023, Cell 186:2574-2592; other animals as their files say",
        "https://wormwideweb.org",
        patterns=("dag2023/*.json", "wormwideweb/*.json", "wormwideweb/*.json.bz2"),
        sha256=(
            None,
            "ff51c653d5ec65c3f3b750f3e4d465c5a8672b9f10b9f456d590180a74d75bd4",
            "3c188efb4311f4a8ba850222f6afaa839854d7f9779059a30a887c6d2437bdc0",
            "516718187f5a6cf489d0d745020720c4e45f6cee7694f243b58310dfea6060a9",
            "d00e3ddda181fdd5783e6d81b5a2f0c9a6698ac36935401a1ce8e608675bcfbf",
        ),
    ),
}


@dataclass(frozen=True)
class FileStatus:
    """One row of `status`."""

    dataset: str
    file: str
    present: bool
    size: int
    note: str


def data_folder() -> Path:
    """Where recordings lie: `WORMGNN_DATA` if set, else the user's cache."""
    return Path(os.environ.get("WORMGNN_DATA") or pooch.os_cache("wormgnn"))


def _place(file: str) -> Path | None:
    """Where a file of a dataset lies, or None."""
    folder = data_folder()
    return next((p for p in (folder / file, folder / Path(file).name) if p.is_file()), None)


def _locate(name: str) -> list[Path]:
    """All files of a dataset; DatasetUnavailableError naming those that are missing."""
    dataset, folder = DATASETS[name], data_folder()
    places = {file: _place(file) for file, _ in dataset.files}
    # A recording that two folders hold is taken from the first.
    # Hidden files are no recordings: other programs' temporaries, macOS's `._x.json`.
    by_name = {
        path.name: path
        for pattern in reversed(dataset.patterns)
        for path in folder.glob(pattern)
        if path.is_file() and not path.name.startswith(".")
    }
    present = [path for path in places.values() if path] + [by_name[n] for n in sorted(by_name)]
    missing = [file for file, path in places.items() if path is None]
    if present and not missing:
        return present
    how = f"put its JSON files into {folder / 'wormwideweb'} (from {dataset.home})"
    if dataset.files:
        how = (
            f"run `make data` (wormgnn data fetch {name}), or put the file there "
            f"from {dataset.home}, or set WORMGNN_DATA to the folder that has it"
        )
    lacks = ", ".join(missing) or "its files"
    raise DatasetUnavailableError(f"dataset {name!r}: {lacks} not in {folder}: {how}")


def load(dataset: str | Simulation) -> list[Recording]:
    """Recordings of a dataset by name, of a folder, or of a simulation; made once per process.

    All files of a folder are read (see `read`), and its name is the recordings' dataset.
    ChoiceError for no dataset of that name and no folder, DatasetUnavailableError where its files
    are not in the data folder, SourceError or RecordingError for a file that is damaged or not
    what it should be.
    """
    paths: list[Path] = []
    if isinstance(dataset, str) and is_folder(dataset):
        paths = _recordings_in(Path(dataset))
    elif isinstance(dataset, str) and dataset != "simulated":
        paths = _locate(dataset)
    stamps = [(path.stat().st_mtime_ns, path.stat().st_size) for path in paths]
    return list(_load(dataset, tuple(paths), tuple(stamps)))


@lru_cache(maxsize=8)
def _load(dataset: str | Simulation, paths: tuple[Path, ...], _: object) -> tuple[Recording, ...]:
    if isinstance(dataset, Simulation):
        return tuple(dataset.recordings())
    if dataset not in DATASETS:
        name = Path(dataset).resolve().name
        return tuple(replace(worm, dataset=name) for path in paths for worm in read(path))
    reader = DATASETS[dataset].reader
    return tuple(recording for path in paths or (Path(),) for recording in reader(path))


def is_folder(dataset: str) -> bool:
    """Whether recordings come from a folder; ChoiceError if no dataset has that name either."""
    if dataset in DATASETS:
        return False
    if not Path(dataset).is_dir():
        raise ChoiceError("dataset", dataset, [*DATASETS, "a folder with recordings"])
    return True


def _recordings_in(folder: Path) -> list[Path]:
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    if not files:
        raise SourceError(folder, "", "expected recordings in this folder, found no file")
    return files


def other_lab(dataset: str | Simulation) -> list[Recording]:
    """Another laboratory's animals, on which models trained on a dataset are evaluated.

    Real worms go with the freely moving animals of WormWideWeb, simulated ones with
    `simulate_other_lab`. DatasetUnavailableError if the animals are real and not here.
    """
    simulated = isinstance(dataset, Simulation) or dataset == "simulated"
    return simulate_other_lab() if simulated else load("wormwideweb")


def read(path: Path | str, fps: float | None = None) -> list[Recording]:
    """Recordings in a file of any known kind, told by its content.

    `fps`, in frames per second, is for a table that does not tell. SourceError if the file
    is none of: MATLAB v7.3 (Kato, Nichols), NWB, the HDF5 of Dag's laboratory, WormWideWeb
    JSON, NPZ, CSV.
    """
    path = Path(path)
    check_regular(path)
    with reading(path, "", "a file that can be read"), path.open("rb") as file:
        start = file.read(1024)
    if b"\x89HDF\r\n\x1a\n" in start:
        with reading(path, "", "an HDF5 file"), h5py.File(path, "r") as hdf5:
            is_nwb, groups = "nwb_version" in hdf5.attrs, set(hdf5)
        if is_nwb:
            return nwb.read(path)
        if groups >= set(wormwideweb.GROUPS):
            return wormwideweb.read_hdf5(path)
        with open_worms(path, kato.TRACES) as worms:
            reader = nichols.read if "FourStates" in worms[0] else kato.read
        return reader(path)
    if start.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{" or start.startswith(BZIP2):
        return wormwideweb.read(path)
    separated = any(sign in start for sign in (b",", b";", b"\t"))
    older = start.startswith(b"MATLAB 5.0")
    if start[:2] == b"PK" or (separated and b"\0" not in start and not older):
        return tabular.read(path, fps)
    found = f"a file that begins with {start[:20]!r}" if start else "an empty file"
    if older:
        found = "an older MATLAB file: save it anew with -v7.3"
    kinds = "MATLAB v7.3 or NWB (HDF5), WormWideWeb JSON, NPZ or CSV"
    raise SourceError(path, "", f"expected {kinds}, found {found}")


def status() -> list[FileStatus]:
    """What is in the data folder, one row for each file."""
    rows = [FileStatus("simulated", "(computed)", True, 0, "needs no file")]
    for name, dataset in DATASETS.items():
        for file, _ in dataset.files:
            part, path = data_folder() / f"{file}.part", _place(file)
            note = f"absent; see {dataset.home}"
            if part.is_file():
                note = f"half downloaded, {part.stat().st_size} bytes"
            rows.append(_present(name, path) if path else FileStatus(name, file, False, 0, note))
        if dataset.patterns:
            try:
                rows += [_present(name, path) for path in _locate(name)]
            except DatasetUnavailableError as error:
                rows.append(FileStatus(name, dataset.patterns[-1], False, 0, str(error)))
    return rows


def _present(name: str, path: Path) -> FileStatus:
    digest, (published, *copies) = pooch.file_hash(str(path)), DATASETS[name].sha256
    if digest == published:
        note = "published file"
    elif digest in copies:
        note = "known copy"
    elif digest == pinned(path):
        note = f"as first downloaded; SHA-256 {digest}"
    elif published or copies or pinned(path):
        note = f"WARNING: unknown SHA-256 {digest}: another file than the one we know"
    else:
        note = f"no checksum is published; SHA-256 {digest}"
    return FileStatus(name, str(path), True, path.stat().st_size, note)


def fetch(names: Sequence[str], progress: bool = True) -> list[FileStatus]:
    """Download what the named datasets lack, and tell what is there then.

    A file that is there already is kept, whatever its checksum: `status` tells. See
    `download.download` for what is checked, and for its errors; ChoiceError for an unknown dataset,
    DatasetUnavailableError for one that has no address to download from.
    """
    for name, dataset in {name: chosen("dataset", name, DATASETS) for name in names}.items():
        for file, file_id in dataset.files:
            if _place(file) is None:
                target, sha256 = data_folder() / file, dataset.sha256[0]
                download(target, dataset.home, file_id, sha256, dataset.reader, progress)
        if dataset.patterns:
            _locate(name)
    return [row for row in status() if row.dataset in names]
