"""Download a file: resumed where it broke off, checked, and only then put in place."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pooch
import requests
from tqdm import tqdm

from wormgnn.errors import ChecksumError, DatasetUnavailableError

OSF_API = "https://api.osf.io/v2"
OSF_DOWNLOAD = "https://osf.io/download"

_TIMEOUT_S = 30
# A break in the middle of a chunk loses that chunk.
_CHUNK_BYTES = 1 << 14
_ATTEMPTS = 3
_MAX_LISTINGS = 50


def download(url: str, target: Path, sha256: str | None, progress: bool = True) -> None:
    """Download `url` to `target`.

    Bytes gather in `<target>.part`; a later call goes on from there. Only a complete file
    with the right checksum is moved to `target`.

    Parameters
    ----------
    url
        Where the file is.
    target
        Where it shall be; folders are made.
    sha256
        The published checksum, or None where none is published.
    progress
        Show a bar on standard error, if that is a terminal.

    Raises
    ------
    DatasetUnavailableError
        The host cannot be reached or breaks off; what came stays in `<target>.part`.
    ChecksumError
        The bytes are not the published ones; they are removed.
    """
    part = target.with_name(target.name + ".part")
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _append(url, part, progress)
            break
        except (requests.ConnectionError, requests.Timeout) as error:
            # Go on only after a break in the middle: an unreachable host stays unreachable.
            if attempt == _ATTEMPTS or not part.exists():
                raise _unavailable(url, target, part, error) from error
        except requests.RequestException as error:
            raise _unavailable(url, target, part, error) from error
        except OSError as error:
            raise DatasetUnavailableError(
                f"cannot write {part} ({error.strerror}): set WORMGNN_DATA to a folder of yours"
            ) from error
    _check(part, target, sha256)
    os.replace(part, target)


def osf_url(node: str, name: str) -> str:
    """Download address of the file `name` in the public OSF project `node`.

    Folders are searched too. DatasetUnavailableError if OSF cannot be reached or the
    project holds no such file.
    """
    listings = [f"{OSF_API}/nodes/{node}/files/osfstorage/"]
    for listing in listings:
        if len(listings) > _MAX_LISTINGS:
            break
        page = _json(listing)
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
    except (requests.RequestException, ValueError) as error:
        raise DatasetUnavailableError(
            f"{urlsplit(url).hostname} did not answer {url} ({type(error).__name__}): check the "
            "network, or download the file in a browser and put it into the data folder"
        ) from error
    if not isinstance(content, dict):
        raise DatasetUnavailableError(f"{urlsplit(url).hostname} answered {url} with no listing")
    return content


def _append(url: str, part: Path, progress: bool) -> None:
    """Add to `part` what is missing of it."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            # All bytes are there, or bytes of something else: the checksum tells.
            return
        response.raise_for_status()
        if response.status_code != requests.codes.partial_content:
            have = 0
        part.parent.mkdir(parents=True, exist_ok=True)
        total = have + int(response.headers.get("Content-Length", 0))
        with part.open("ab" if have else "wb") as file, _bar(part, have, total, progress) as bar:
            for chunk in response.iter_content(_CHUNK_BYTES):
                bar.update(file.write(chunk))
    if part.stat().st_size < total:
        raise requests.ConnectionError(f"{part.stat().st_size} of {total} bytes came")


def _bar(part: Path, have: int, total: int, progress: bool) -> tqdm[NoReturn]:
    return tqdm(
        desc=part.name.removesuffix(".part"),
        initial=have,
        total=total or None,
        unit="B",
        unit_scale=True,
        disable=not (progress and sys.stderr.isatty()),
    )


def _check(part: Path, target: Path, sha256: str | None) -> None:
    if sha256 is None:
        return
    found = pooch.file_hash(str(part))
    if found != sha256:
        part.unlink()
        raise ChecksumError(target, "", f"expected SHA-256 {sha256}, downloaded {found}; try again")


def _unavailable(url: str, target: Path, part: Path, error: Exception) -> DatasetUnavailableError:
    kept = f"; {part.stat().st_size} bytes are kept in {part}" if part.exists() else ""
    return DatasetUnavailableError(
        f"{urlsplit(url).hostname} did not deliver {target.name} ({type(error).__name__}){kept}: "
        f"check the network and run the command again, or download {url} in a browser and "
        f"save it as {target}"
    )
