"""Turn whatever a damaged file raises into errors that name the file and the field."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from wormgnn.errors import RecordingError, SourceError

# What h5py, numpy, json, csv and zipfile raise on damaged bytes: no small, documented set.
_LOW_LEVEL = (
    ArithmeticError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    csv.Error,
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def reading(path: object, field: str, expected: str) -> Iterator[None]:
    """Raise SourceError(path, field, expected) in place of any low-level error inside.

    Errors of `wormgnn.errors` pass through as they are.
    """
    try:
        yield
    except SourceError:
        raise
    except _LOW_LEVEL as error:
        found = f"{type(error).__name__}: {error}".splitlines()[0]
        raise SourceError(path, field, f"expected {expected}, found {found}") from error


@contextmanager
def building(path: object) -> Iterator[None]:
    """Put the file's name in front of a RecordingError raised inside."""
    try:
        yield
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}") from error
