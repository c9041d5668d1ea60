"""CITATION.cff is what the Citation File Format 1.2.0 asks of the fields that we use.

Its schema is on the package index only inside cffconvert, whose own pins conflict with the lock, so
the expectations here are our own.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]


def read_citation() -> dict[str, Any]:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert isinstance(citation, dict)
    return citation


def is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def is_authors(value: object) -> bool:
    person = {"family-names", "given-names", "name-particle", "name-suffix", "orcid", "affiliation"}
    entity = {"name", "website", "orcid"}
    return (
        isinstance(value, list)
        and bool(value)
        and all(set(one) <= (entity if "name" in one else person) and one for one in value)
        and all(is_text(text) for one in value for text in one.values())
    )


def is_date(value: object) -> bool:
    return isinstance(value, str) and bool(datetime.date.fromisoformat(value))


def is_identifiers(value: object) -> bool:
    kinds = {"doi", "url", "swh", "other"}
    return isinstance(value, list) and all(
        one.get("type") in kinds
        and is_text(one.get("value"))
        and set(one) <= {"type", "value", "description"}
        for one in value
    )


def is_reference(value: dict[str, object]) -> bool:
    return (
        is_text(value.get("type"))
        and is_text(value.get("title"))
        and is_authors(value.get("authors"))
        and isinstance(value.get("year", 0), int)
        and is_identifiers(value.get("identifiers", []))
    )


CITATION_FIELDS: dict[str, Callable[[Any], bool]] = {
    "cff-version": lambda value: value == "1.2.0",
    "title": is_text,
    "message": is_text,
    "authors": is_authors,
    "type": lambda value: value in {"software", "dataset"},
    "version": is_text,
    "date-released": is_date,
    "license": is_text,
    "keywords": lambda value: bool(value) and all(map(is_text, value)),
    "references": lambda value: bool(value) and all(map(is_reference, value)),
}


def citation_faults(citation: dict[str, Any]) -> list[str]:
    """Fields that are missing, unknown or of the wrong form."""
    missing = [name for name in CITATION_FIELDS if name not in citation]
    wrong = [
        name
        for name, value in citation.items()
        if name not in CITATION_FIELDS or not CITATION_FIELDS[name](value)
    ]
    return missing + wrong


def test_citation_is_valid() -> None:
    assert citation_faults(read_citation()) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cff-version", "1.1.0"),
        ("authors", []),
        ("authors", [{"name": "A group", "given-names": "Ann"}]),
        ("title", " "),
        ("type", "article"),
        ("references", [{"type": "article", "title": "No authors"}]),
        ("licence", "MIT"),
    ],
)
def test_invalid_citation_is_noticed(field: str, value: object) -> None:
    assert citation_faults(read_citation() | {field: value}) == [field]
