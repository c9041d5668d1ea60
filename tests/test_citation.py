"""CITATION.cff has the fields that the Citation File Format 1.2.0 asks for, in its forms.

Its schema is on the package index only inside cffconvert, whose own pins conflict with the lock, so
the expectations here are our own.
"""

import datetime
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
PERSON = {"family-names", "given-names", "name-particle", "name-suffix", "orcid", "affiliation"}
ENTITY = {"name", "website", "orcid"}


def test_the_fields_are_those_of_the_format():
    texts = {"title", "message", "version", "license"}
    assert set(CITATION) == texts | {
        *("cff-version", "authors", "type", "date-released", "keywords", "references")
    }
    assert all(isinstance(CITATION[name], str) and CITATION[name].strip() for name in texts)
    assert (CITATION["cff-version"], CITATION["type"]) == ("1.2.0", "software")
    assert datetime.date.fromisoformat(CITATION["date-released"]) and CITATION["keywords"]


@pytest.mark.parametrize(
    "work", [CITATION, *CITATION["references"]], ids=lambda work: work["title"][:30]
)
def test_every_work_has_authors_and_identifiers_of_known_forms(work):
    assert work["type"] and work["title"] and isinstance(work.get("year", 0), int)
    assert work["authors"]
    for author in work["authors"]:
        assert set(author) <= (ENTITY if "name" in author else PERSON)
        assert all(isinstance(text, str) and text.strip() for text in author.values())
    for one in work.get("identifiers", []):
        assert one["type"] in {"doi", "url", "swh", "other"} and one["value"]
        assert set(one) <= {"type", "value", "description"}
