"""Errors that a user can act on: each names the file or field, and what was expected."""

from __future__ import annotations

import copyreg
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

MAX_MESSAGE = 2_000  # characters of an error's message

Value = TypeVar("Value")


def one_line(text: str) -> str:
    """A text with line ends and control characters escaped, and its middle cut out if it is long.

    Names in files are anybody's: they may not break a message, nor steer a terminal.
    """
    if len(text) > MAX_MESSAGE:
        text = f"{text[: MAX_MESSAGE // 2]} ... {text[-MAX_MESSAGE // 2 :]}"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class WormgnnError(Exception):
    """Base of every error that this package raises on purpose; its message is one line."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))

    def __reduce__(self) -> tuple[Any, ...]:
        """As it is, whatever it was made of: errors of other processes come back pickled."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class RecordingError(WormgnnError):
    """A recording breaks a rule: lengths that differ, NaN or constant traces, duplicate names."""


class SourceError(WormgnnError):
    """A file cannot be read as what it should be.

    `field` is the field inside it (`""` for the whole file), `expected` what should have been
    there, and what was found instead.
    """

    def __init__(self, path: object, field: str, expected: str) -> None:
        self.path, self.field, self.expected = str(path), field, expected
        where = f"{path}: field {field!r}" if field else str(path)
        super().__init__(f"{where}: {expected}")


class ChecksumError(SourceError):
    """A file's SHA-256 is not the published one."""


class DatasetUnavailableError(WormgnnError):
    """A dataset is not on this machine (and could not be downloaded)."""


class ChoiceError(WormgnnError, ValueError):
    """An unknown name where one of a few is expected."""

    def __init__(self, what: str, given: object, choices: Iterable[object]) -> None:
        names = [str(choice) for choice in choices]
        if any("," in name for name in names):  # bare, one name would read as two
            names = [repr(name) for name in names]
        super().__init__(f"unknown {what} {given!r}: choose one of {', '.join(names)}")


class ParameterError(WormgnnError, ValueError):
    """A parameter that a notebook does not have, or a value of another kind."""


def chosen(what: str, name: str, choices: Mapping[str, Value]) -> Value:
    """The choice of this name; ChoiceError names them all."""
    if name not in choices:
        raise ChoiceError(what, name, choices)
    return choices[name]


class StateError(WormgnnError):
    """A behavioural state that the wanted vocabulary cannot express."""


class NeuronError(WormgnnError):
    """Neurons that are missing, ambiguous or not shared."""


class StoreError(WormgnnError):
    """A stored result that cannot be read back."""


class TrainingError(WormgnnError):
    """Training that cannot start or that diverged."""


class OutputError(WormgnnError):
    """A file that cannot be written, would be overwritten, or would be written twice."""


@contextmanager
def reading(path: object, field: str, expected: str) -> Iterator[None]:
    """Raise SourceError(path, field, expected) in place of any other error inside.

    Errors of this module pass through as they are. Whatever else h5py, numpy, json, csv or
    zipfile raise on damaged bytes is caught: they document no small set.
    """
    try:
        yield
    except WormgnnError:
        raise
    except Exception as error:
        found = f"{type(error).__name__}: {error}".splitlines()[0]
        raise SourceError(path, field, f"expected {expected}, found {found}") from error


@contextmanager
def building(path: object) -> Iterator[None]:
    """Put the file's name in front of a RecordingError raised inside."""
    try:
        yield
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}") from error
