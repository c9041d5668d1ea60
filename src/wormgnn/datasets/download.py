"""Download a file from OSF: go on where it broke off, and check what came."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pooch
import requests
from tqdm import tqdm

from wormgnn.errors import ChecksumError, DatasetUnavailableError, WormgnnError
from wormgnn.files import read_text, write_atomically

OSF_API = "https://api.osf.io/v2"
OSF_DOWNLOAD = "https://osf.io/download"

_TIMEOUT_S = 30
# A break in the middle of a chunk loses that chunk.
_CHUNK_BYTES = 1 << 14
_ATTEMPTS = 3
_MAX_LISTINGS = 50


def download(
    target: Path,
    home: str,
    file_id: str | None,
    sha256: str | None,
    reader: Callable[[Path], object],
    progress: bool,
) -> None:
    """Download one file of the OSF project `home`.

    Bytes gather in `<file>.part`, from which a later call goes on; only a complete file with the
    right checksum gets its name. A bar on standard error shows the `progress`, if that is a
    terminal.

    Where no checksum is published, a later call begins anew, the file must be one that `reader`
    reads, and its checksum is pinned: it goes into `<file>.sha256`, and what is downloaded from
    then on must have it.

    DatasetUnavailableError where the host cannot be reached or breaks off, or the folder cannot be
    written. ChecksumError where what came is not the published file, or not what was pinned, and
    the reader's error where it cannot be read: nothing is left of it then.
    """
    part = target.with_name(target.name + ".part")
    url = f"{OSF_DOWNLOAD}/{file_id}/" if file_id else _osf_url(home, target.name)

    # pooch checks and moves the file; it can neither resume a download nor search OSF.
    def gather(_url: str, output: str, _pooch: pooch.Pooch) -> None:
        if sha256 is None:  # nothing would tell that it began with bytes of another file
            part.unlink(missing_ok=True)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                _append(url, part, progress)
                break
            except (requests.ConnectionError, requests.Timeout):
                # Go on only after a break in the middle: an unreachable host stays unreachable.
                if attempt == _ATTEMPTS or not part.exists():
                    raise
        if sha256 is None:
            _pin(part, target, reader)
        os.replace(part, output)

    pooch.get_logger().setLevel(logging.WARNING)
    try:
        pooch.retrieve(url, sha256, target.name, target.parent, downloader=gather)
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


def pinned(path: Path) -> str | None:
    """The checksum that a file without a published one had when it was first downloaded."""
    pin = path.with_name(f"{path.name}.sha256")
    return read_text(pin, "a checksum").partition(" ")[0] if pin.exists() else None


def _pin(part: Path, target: Path, reader: Callable[[Path], object]) -> None:
    """Pin the checksum of a download that can be read; ValueError if another is pinned already."""
    digest, first = pooch.file_hash(str(part)), pinned(target)
    if first not in (None, digest):
        raise ValueError(
            f"SHA256 hash of downloaded file is {digest}, and {first} when it was first "
            f"downloaded: if it was published anew, remove {target.name}.sha256"
        )
    try:
        reader(part)
    except WormgnnError:
        part.unlink()
        raise
    text = f"{digest}  {target.name}\n"
    write_atomically(target.with_name(f"{target.name}.sha256"), lambda p: p.write_text(text))


def _osf_url(home: str, name: str) -> str:
    """Download address of the file `name` in the public OSF project `home` and its folders."""
    listings = [f"{OSF_API}/nodes/{home.rpartition('/')[2]}/files/osfstorage/"]
    for address in listings:
        if len(listings) > _MAX_LISTINGS:
            break
        try:
            response = requests.get(address, timeout=_TIMEOUT_S)
            response.raise_for_status()
            page = response.json()
            for entry in page["data"]:
                if entry["attributes"]["kind"] == "folder":
                    listings.append(entry["relationships"]["files"]["links"]["related"]["href"])
                elif entry["attributes"]["name"] == name:
                    return str(entry["links"]["download"])
            listings += filter(None, [page.get("links", {}).get("next")])
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise DatasetUnavailableError(
                f"{urlsplit(address).hostname} did not answer {address} ({type(error).__name__}): "
                "check the network, or download the file in a browser and put it into the data "
                "folder"
            ) from error
    raise DatasetUnavailableError(f"the OSF project lists no file {name}: see {home}")


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
