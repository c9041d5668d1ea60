"""Load, fetch and check datasets by name, and read any file by its content."""

from __future__ import annotations

import codecs
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pooch
import requests
from tqdm import tqdm

from wormgnn.datasets import flavell, kato, nichols, nwb, tabular, wormwideweb
from wormgnn.datasets.matlab import open_worms
from wormgnn.datasets.simulated import Simulation, simulate, simulate_other_lab
from wormgnn.errors import (
    ChecksumError,
    ChoiceError,
    DatasetUnavailableError,
    SourceError,
    WormgnnError,
    chosen,
    reading,
)
from wormgnn.files import BZIP2, check_regular, read_text, write_atomically
from wormgnn.recording import Recording

OSF_API = "https://api.osf.io/v2"
OSF_DOWNLOAD = "https://osf.io/download"

_TIMEOUT_S = 30
# A break in the middle of a chunk loses that chunk.
_CHUNK_BYTES = 1 << 14
_ATTEMPTS = 3
_MAX_LISTINGS = 50


@dataclass(frozen=True)
class DataFile:
    """One file of a dataset.

    Parameters
    ----------
    path
        Where it lies in the data folder; it is also looked for at the folder's top.
    node
        OSF project that publishes it.
    file_id
        Its id on OSF, or None: then OSF is asked for it by name when it is fetched.
    sha256
        The published checksum, or None where we know none.
    copies
        Checksums of other files that are known to hold the same recordings.
    size
        Bytes as published, about.
    """

    path: str
    node: str
    file_id: str | None = None
    sha256: str | None = None
    copies: tuple[str, ...] = ()
    size: int = 0

    def locate(self, folder: Path) -> Path | None:
        """The file in a data folder, or None."""
        candidates = (folder / self.path, folder / Path(self.path).name)
        return next((path for path in candidates if path.is_file()), None)


@dataclass(frozen=True)
class Dataset:
    """A dataset by name: its files, or patterns of files that users add, and its reader."""

    name: str
    reader: Callable[[Path], list[Recording]]
    citation: str
    home: str
    files: tuple[DataFile, ...] = ()
    patterns: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()

    def locate(self, folder: Path) -> list[Path]:
        """All of its files; DatasetUnavailableError naming those that are missing."""
        paths = {file.path: file.locate(folder) for file in self.files}
        present = [path for path in paths.values() if path is not None]
        # A recording that two folders hold is taken from the first.
        # Hidden files are no recordings: other programs' temporaries, macOS's `._x.json`.
        by_name = {
            path.name: path
            for pattern in reversed(self.patterns)
            for path in folder.glob(pattern)
            if path.is_file() and not path.name.startswith(".")
        }
        present += [by_name[name] for name in sorted(by_name)]
        missing = [name for name, path in paths.items() if path is None]
        if present and not missing:
            return present
        if self.patterns:
            how = f"put its JSON files into {folder / 'wormwideweb'} (from {self.home})"
        else:
            how = f"run `make data` (wormgnn data fetch {self.name}), or put the file there "
            how += f"from {self.home}, or set WORMGNN_DATA to the folder that has it"
        lacks = ", ".join(missing) or "its files"
        raise DatasetUnavailableError(f"dataset {self.name!r}: {lacks} not in {folder}: {how}")


DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset("simulated", lambda _: simulate(), "simulated by wormgnn", ""),
        Dataset(
            "kato",
            kato.read,
            "Kato et al. 2015, Cell 163:656-669",
            "https://osf.io/2395t",
            files=(
                DataFile(
                    "kato2015/WT_NoStim.mat",
                    "2395t",
                    sha256="7531811c1718e26a0455f59cb2f8188cf25809278cfea85770dfe03315a0098a",
                    # The five worms reassembled from public per-worm copies.
                    copies=("5e87d008fbcf9fb6ac8bad726496cafb1368e8e6a40a5fa5e5e8dae99beb7129",),
                    size=56_000_000,
                ),
            ),
        ),
        Dataset(
            "nichols",
            nichols.read,
            "Nichols et al. 2017, Science 356:eaam6851",
            "https://osf.io/kbf38",
            files=(
                DataFile("nichols2017/n2_prelet.mat", "kbf38", "5d24867945253a001939ac2c"),
                DataFile("nichols2017/npr1_prelet.mat", "kbf38", "5d24866f1c5b4a001b9bde6e"),
            ),
        ),
        Dataset(
            "wormwideweb",
            wormwideweb.read,
            "Dag et al. 2023, Cell 186:2574-2592; other animals as their files say",
            "https://wormwideweb.org",
            patterns=("dag2023/*.json", "wormwideweb/*.json", "wormwideweb/*.json.bz2"),
            digests=(
                "ff51c653d5ec65c3f3b750f3e4d465c5a8672b9f10b9f456d590180a74d75bd4",
                "3c188efb4311f4a8ba850222f6afaa839854d7f9779059a30a887c6d2437bdc0",
                "516718187f5a6cf489d0d745020720c4e45f6cee7694f243b58310dfea6060a9",
                "d00e3ddda181fdd5783e6d81b5a2f0c9a6698ac36935401a1ce8e608675bcfbf",
            ),
        ),
    )
}


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
    return Path(_published().abspath)


def load(dataset: str | Simulation) -> list[Recording]:
    """Recordings of a dataset by name, of a folder, or of a simulation; made once per process.

    All files of a folder are read (see `read`), and its name is the recordings' dataset.

    Raises
    ------
    ChoiceError
        No dataset of that name, and no folder.
    DatasetUnavailableError
        Its files are not in the data folder.
    SourceError, RecordingError
        A file that is damaged or not what it should be.
    """
    paths: list[Path] = []
    if isinstance(dataset, str) and is_folder(dataset):
        paths = _recordings_in(Path(dataset))
    elif isinstance(dataset, str) and dataset != "simulated":
        paths = DATASETS[dataset].locate(data_folder())
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
        if nwb.is_nwb(path):
            return nwb.read(path)
        if flavell.is_flavell(path):
            return flavell.read(path)
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
    folder = data_folder()
    rows = [FileStatus("simulated", "(computed)", True, None, 0, "needs no file")]
    for dataset in DATASETS.values():
        for file in dataset.files:
            path, part = file.locate(folder), folder / f"{file.path}.part"
            if path is None:
                half = part.stat().st_size if part.exists() else 0
                note = f"half downloaded, {half} bytes" if half else f"absent; see {dataset.home}"
                rows.append(FileStatus(dataset.name, file.path, False, None, file.size, note))
            else:
                rows.append(_present(dataset.name, path, file.copies, file.sha256))
        if dataset.patterns:
            try:
                paths = dataset.locate(folder)
                rows += [_present(dataset.name, path, dataset.digests, None) for path in paths]
            except DatasetUnavailableError as error:
                pattern = dataset.patterns[-1]
                rows.append(FileStatus(dataset.name, pattern, False, None, 0, str(error)))
    return rows


def _present(name: str, path: Path, copies: Sequence[str], published: str | None) -> FileStatus:
    digest, pinned = pooch.file_hash(str(path)), _pinned(path)
    known = {*copies, published, pinned} - {None}
    note, ok = f"no checksum is published; SHA-256 {digest}", digest in known if known else None
    if ok:
        note = "published file" if digest == published else "known copy"
        note = f"as first downloaded; SHA-256 {digest}" if digest == pinned else note
    elif ok is False:
        note = f"WARNING: unknown SHA-256 {digest}: another file than the one we know"
    return FileStatus(name, str(path), True, ok, path.stat().st_size, note)


def fetch(names: Sequence[str], progress: bool = True) -> list[FileStatus]:
    """Download what the named datasets lack, and tell what is there then.

    A file that is there already is kept, whatever its checksum: `status` tells. Bytes gather
    in `<file>.part`, from which a later call goes on; only a complete file with the right
    checksum gets its name. A bar on standard error shows the `progress`, if that is a terminal.

    Where no checksum is published, a later call begins anew, the file must be one that the
    dataset's reader reads, and its checksum is pinned: it goes into `<file>.sha256`, and what is
    downloaded from then on must have it.

    Raises
    ------
    ChoiceError
        No dataset of that name.
    DatasetUnavailableError
        The host cannot be reached or breaks off, the folder cannot be written, or the dataset
        has no address to download from.
    ChecksumError
        What came is not the published file, or not what was pinned; nothing is left of it.
    SourceError, RecordingError
        What came without a published checksum cannot be read; nothing is left of it.
    """
    datasets, folder = [chosen("dataset", name, DATASETS) for name in names], data_folder()
    for dataset in datasets:
        for file in dataset.files:
            if file.locate(folder) is None:
                _download(file, dataset.reader, progress)
        if dataset.patterns:
            dataset.locate(folder)
    return [row for row in status() if row.dataset in names]


def _published() -> pooch.Pooch:
    """Checksum and address (or its project's page) of each file that can be downloaded."""
    pooch.get_logger().setLevel(logging.WARNING)
    files = [file for dataset in DATASETS.values() for file in dataset.files]
    return pooch.create(
        path=pooch.os_cache("wormgnn"),
        env="WORMGNN_DATA",
        base_url="",
        registry={file.path: file.sha256 for file in files},
        urls={
            file.path: f"{OSF_DOWNLOAD}/{file.file_id}/"
            if file.file_id
            else f"https://osf.io/{file.node}"
            for file in files
        },
    )


def _pinned(path: Path) -> str | None:
    """The checksum that a file without a published one had when it was first downloaded."""
    pin = path.with_name(f"{path.name}.sha256")
    return read_text(pin, "a checksum").partition(" ")[0] if pin.exists() else None


def _check_unpublished(part: Path, target: Path, reader: Callable[[Path], object]) -> None:
    """Check the structure of a download that nobody published a checksum of, and pin what it has.

    ValueError if it is pinned already, and differs.
    """
    digest, pinned = pooch.file_hash(str(part)), _pinned(target)
    if pinned not in (None, digest):
        raise ValueError(
            f"SHA256 hash of downloaded file is {digest}, and {pinned} when it was first "
            f"downloaded: if it was published anew, remove {target.name}.sha256"
        )
    try:
        reader(part)
    except WormgnnError:
        part.unlink()
        raise
    text = f"{digest}  {target.name}\n"
    write_atomically(
        target.with_name(f"{target.name}.sha256"), lambda path: path.write_text(text, "utf-8")
    )


def _download(file: DataFile, reader: Callable[[Path], object], progress: bool) -> None:
    published = _published()
    target = Path(published.abspath) / file.path
    part = target.with_name(target.name + ".part")
    url = published.get_url(file.path)
    if file.file_id is None:
        url = _osf_url(file.node, target.name)

    # pooch checks and moves the file; it can neither resume a download nor search OSF.
    def download(_url: str, output: str, _pooch: pooch.Pooch) -> None:
        if file.sha256 is None:  # nothing would tell that it began with bytes of another file
            part.unlink(missing_ok=True)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                _append(url, part, progress)
                break
            except (requests.ConnectionError, requests.Timeout):
                # Go on only after a break in the middle: an unreachable host stays unreachable.
                if attempt == _ATTEMPTS or not part.exists():
                    raise
        if file.sha256 is None:
            _check_unpublished(part, target, reader)
        os.replace(part, output)

    try:
        published.fetch(file.path, downloader=download)
    except requests.RequestException as error:
        kept = f"; {part.stat().st_size} bytes are kept in {part}" if part.exists() else ""
        raise DatasetUnavailableError(
            f"{urlsplit(url).hostname} did not deliver {target.name} ({type(error).__name__})"
            f"{kept}: check the network and run the command again, or download {url} in a "
            f"browser and save it as {target}"
        ) from error
    except OSError as error:
        raise DatasetUnavailableError(
            f"cannot write {part} ({error.strerror or error}): "
            "set WORMGNN_DATA to a folder of yours"
        ) from error
    except ValueError as error:
        part.unlink(missing_ok=True)
        raise ChecksumError(target, "", f"{error}; try again") from error


def _osf_url(node: str, name: str) -> str:
    """Download address of the file `name` in the public OSF project `node` and its folders."""
    listings = [f"{OSF_API}/nodes/{node}/files/osfstorage/"]
    for address in listings:
        if len(listings) > _MAX_LISTINGS:
            break
        page = _json(address)
        for entry in page.get("data", []):
            attributes = entry.get("attributes", {})
            if attributes.get("kind") == "folder":
                listings.append(entry["relationships"]["files"]["links"]["related"]["href"])
            elif attributes.get("name") == name:
                return str(entry["links"]["download"])
        if page.get("links", {}).get("next"):
            listings.append(page["links"]["next"])
    raise DatasetUnavailableError(
        f"OSF project {node} lists no file {name}: see https://osf.io/{node}"
    )


def _json(url: str) -> dict[str, Any]:
    try:
        response = requests.get(url, timeout=_TIMEOUT_S)
        response.raise_for_status()
        content = response.json()
        if not isinstance(content, dict):
            raise ValueError("no listing")
    except (requests.RequestException, ValueError) as error:
        raise DatasetUnavailableError(
            f"{urlsplit(url).hostname} did not answer {url} ({type(error).__name__}): check the "
            "network, or download the file in a browser and put it into the data folder"
        ) from error
    return content


def _append(url: str, part: Path, progress: bool) -> None:
    """Add to `part` what is missing of it."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            # All bytes are there, or bytes of something else: the checksum tells.
            return
        response.raise_for_status()
        if response.status_code != requests.codes.partial_content:
            have = 0
        total = have + int(response.headers.get("Content-Length", 0))
        bar: tqdm[Any] = tqdm(
            desc=part.name.removesuffix(".part"),
            initial=have,
            total=total or None,
            unit="B",
            unit_scale=True,
            disable=not (progress and sys.stderr.isatty()),
        )
        with part.open("ab" if have else "wb") as file, bar:
            for chunk in response.iter_content(_CHUNK_BYTES):
                bar.update(file.write(chunk))
    if part.stat().st_size < total:
        raise requests.ConnectionError(f"{part.stat().st_size} of {total} bytes came")
