"""Files: what is read is a regular file of bounded size; what is written is written whole."""

from __future__ import annotations

import bz2
import contextlib
import functools
import hashlib
import os
import platform
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from wormgnn.errors import OutputError, SourceError, reading

MAX_TEXT_BYTES = 1 << 26
"""Size of a CSV or JSON file: 64 MiB, which take some twenty times as much once they are parsed."""

TEMPORARY = ".wormgnn-"
"""What the names of temporary files begin with: hidden, so that none is taken for a result."""

BZIP2 = b"BZh"  # what a file compressed with bzip2 begins with
MOST_NAMED = 5  # most files that one message names

_LEFTOVER_S = 24 * 3600.0
"""Age at which a temporary file must be that of a killed writer, whichever computer it was on."""

_PROBE_BYTES = 1 << 20


def check_regular(path: Path) -> None:
    """SourceError for what is no regular file: to open a pipe or a device may take for ever."""
    with reading(path, "", "a file that can be read"):
        if path.is_dir():
            raise SourceError(path, "", "expected a regular file, found a folder: name its files")
        if path.exists() and not path.is_file():
            raise SourceError(path, "", "expected a regular file, found a pipe or device")
        if not path.exists():
            raise SourceError(path, "", "expected a file that can be read, found none")


def read_text(path: Path, expected: str) -> str:
    """A whole text file in UTF-8; SourceError if it is longer than `MAX_TEXT_BYTES`.

    It may be compressed with bzip2, and begin with a byte-order mark, which is left out.
    """
    check_regular(path)
    with reading(path, "", expected), path.open("rb") as file:
        content = file.read(MAX_TEXT_BYTES + 1)
        if content.startswith(BZIP2):
            content = bz2.BZ2Decompressor().decompress(content, MAX_TEXT_BYTES + 1)
        if len(content) > MAX_TEXT_BYTES:
            raise SourceError(path, "", f"expected {MAX_TEXT_BYTES} bytes at most, found more")
        return content.decode("utf-8-sig")


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it; on failure leave nothing.

    Temporary files that killed writers left in the folder go. OutputError if the computer refuses.
    """
    temporary = _new_temporary(path.parent, path.suffix, path)
    try:
        with _writing(path):
            write(temporary)
            os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def check_writable(folder: Path, outputs: Iterable[Path] = ()) -> None:
    """OutputError unless files can be written into a folder, and under the paths of `outputs`.

    For use before long work: creates the folder, and writes and removes a file of a megabyte.
    """
    probe = _new_temporary(folder, "", f"into {folder}")
    try:
        with _writing(f"into {folder}"), probe.open("wb") as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    for path in outputs:
        with _writing(path):
            if path.is_dir():  # raises if the name is too long
                raise OutputError(f"cannot write {path}: it is a folder")


def _new_temporary(folder: Path, suffix: str, what: object) -> Path:
    """A name for a temporary file in a folder, which is made and rid of what killed writers left.

    Not mkstemp, whose files no other user of a shared store could read.
    """
    with _writing(what):
        folder.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder, f"{TEMPORARY}*")
    return folder / f"{TEMPORARY}{_computer()}-{os.getpid()}-{uuid.uuid4().hex}{suffix}"


def check_absent(outputs: Iterable[Path], force: bool = False) -> None:
    """OutputError naming outputs that are there already, unless they are to be overwritten."""
    there = [str(path) for path in outputs if path.exists() and not force]
    if there:
        more = f" and {len(there) - MOST_NAMED} more" if len(there) > MOST_NAMED else ""
        raise OutputError(f"not overwritten without --force: {', '.join(there[:MOST_NAMED])}{more}")


def remove_leftovers(folder: Path, pattern: str) -> None:
    """Remove temporary files of a pattern whose writers were killed.

    They are known by the number of a process of this computer that is no more, or by their age.
    """
    if not os.access(folder, os.W_OK):
        return
    for leftover in folder.glob(pattern):
        with contextlib.suppress(OSError):  # another process was faster, or may not be disturbed
            age_s = time.time() - leftover.stat().st_mtime
            if age_s > _LEFTOVER_S or _is_orphan(leftover.name):
                leftover.unlink()


def _is_orphan(name: str) -> bool:
    computer, _, rest = name.removeprefix(TEMPORARY).partition("-")
    number = rest.partition("-")[0]
    if os.name != "posix" or computer != _computer() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)  # asks, and sends nothing
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


@functools.cache
def _computer() -> str:
    """Name of what numbers its processes by itself: one start of a computer, or a container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        space = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        boot, space = platform.node(), 0
    return hashlib.sha256(f"{boot} {space}".encode()).hexdigest()[:12]


@contextlib.contextmanager
def _writing(what: object) -> Iterator[None]:
    """OutputError in place of what the operating system says."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {what}: {error.strerror or error}") from error
