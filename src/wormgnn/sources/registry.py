"""Load, fetch and check datasets by name, and read any file by its content."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pooch

from wormgnn.errors import ChoiceError, DatasetUnavailableError, SourceError
from wormgnn.recording import Recording
from wormgnn.sources import download, kato, nichols, tabular, wormwideweb
from wormgnn.sources.catalogue import DATASETS, DataFile, Dataset
from wormgnn.sources.guard import reading
from wormgnn.sources.matlab import open_worms

__all__ = [
    "DATASETS",
    "DataFile",
    "Dataset",
    "FileStatus",
    "data_folder",
    "fetch",
    "load",
    "read_any",
    "status",
]


@dataclass(frozen=True)
class FileStatus:
    """One row of `status`: `checksum` is None where no known checksum can decide."""

    dataset: str
    file: str
    present: bool
    checksum: bool | None
    size: int
    note: str


def data_folder() -> Path:
    """Where recordings lie: `WORMGNN_DATA` if set, else the user's cache."""
    chosen = os.environ.get("WORMGNN_DATA")
    return Path(chosen).expanduser() if chosen else Path(pooch.os_cache("wormgnn"))


def load(name: str) -> list[Recording]:
    """Recordings of a dataset, read once per process for the same files.

    Raises
    ------
    ChoiceError
        No dataset of that name.
    DatasetUnavailableError
        Its files are not in the data folder.
    SourceError, RecordingError
        A file that is damaged or not what it should be.
    """
    dataset = _dataset(name)
    paths = [] if name == "simulated" else dataset.locate(data_folder())
    stamps = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths)
    return list(_read(name, stamps))


@lru_cache(maxsize=8)
def _read(name: str, stamps: tuple[tuple[Path, int, int], ...]) -> tuple[Recording, ...]:
    reader = DATASETS[name].reader
    paths = [path for path, _, _ in stamps] or [Path()]
    return tuple(recording for path in paths for recording in reader(path))


def fetch(names: Sequence[str], progress: bool = True) -> list[FileStatus]:
    """Download what the named datasets lack, and tell what is there then.

    A file that is there already is kept, whatever its checksum: `status` tells.

    Raises
    ------
    ChoiceError
        No dataset of that name.
    DatasetUnavailableError
        The host cannot be reached, or the dataset has no address to download from.
    ChecksumError
        What came is not the published file; nothing is left of it.
    """
    datasets, folder = [_dataset(name) for name in names], data_folder()
    for dataset in datasets:
        for file in dataset.files:
            if file.locate(folder) is None:
                download.download(file.url(), folder / file.path, file.sha256, progress)
        if dataset.patterns:
            dataset.locate(folder)
    return [row for row in status() if row.dataset in names]


def status() -> list[FileStatus]:
    """What is in the data folder, one row for each file."""
    folder = data_folder()
    rows = [FileStatus("simulated", "(computed)", True, None, 0, "needs no file")]
    for dataset in DATASETS.values():
        rows += [_file_status(dataset, file, folder) for file in dataset.files]
        rows += _pattern_status(dataset, folder)
    return rows


def read_any(path: Path | str, fps: float | None = None) -> list[Recording]:
    """Recordings in a file of any known kind, told by its content.

    `fps`, in frames per second, is for a table that does not tell. SourceError if the file
    is none of: MATLAB v7.3 (Kato, Nichols), WormWideWeb JSON, NPZ, CSV.
    """
    path = Path(path)
    with reading(path, "", "a file that can be read"), path.open("rb") as file:
        start = file.read(1024)
    if b"\x89HDF\r\n\x1a\n" in start:
        with open_worms(path, kato.TRACES) as worms:
            reader = nichols.read if "FourStates" in worms[0] else kato.read
        return reader(path)
    if start.lstrip()[:1] == b"{":
        return wormwideweb.read(path)
    if start[:2] == b"PK" or (b"," in start and b"\0" not in start):
        return tabular.read(path, fps)
    raise SourceError(path, "", "expected MATLAB v7.3 (HDF5), WormWideWeb JSON, NPZ or CSV")


def _dataset(name: str) -> Dataset:
    if name not in DATASETS:
        raise ChoiceError("dataset", name, DATASETS)
    return DATASETS[name]


def _file_status(dataset: Dataset, file: DataFile, folder: Path) -> FileStatus:
    path = file.locate(folder)
    if path is None:
        part = folder / (file.path + ".part")
        half = part.stat().st_size if part.exists() else 0
        note = f"half downloaded, {half} bytes" if half else f"absent; see {dataset.home}"
        return FileStatus(dataset.name, file.path, False, None, file.size, note)
    known = [digest for digest in (file.sha256, *file.copies) if digest]
    return _present(dataset.name, path, known, file.sha256)


def _pattern_status(dataset: Dataset, folder: Path) -> list[FileStatus]:
    if not dataset.patterns:
        return []
    try:
        paths = dataset.locate(folder)
    except DatasetUnavailableError as error:
        return [FileStatus(dataset.name, dataset.patterns[-1], False, None, 0, str(error))]
    return [_present(dataset.name, path, dataset.digests, None) for path in paths]


def _present(name: str, path: Path, known: Sequence[str], published: str | None) -> FileStatus:
    digest = pooch.file_hash(str(path))
    ok = digest in known if known else None
    note = "no checksum is published"
    if known:
        note = "published file" if digest == published else "known copy"
    if ok is False:
        note = f"WARNING: unknown SHA-256 {digest}: another file than the one we know"
    return FileStatus(name, str(path), True, ok, path.stat().st_size, note)
