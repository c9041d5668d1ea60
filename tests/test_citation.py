"""CITATION.cff has the fields that the Citation File Format 1.2.0 asks for, in its forms.

Its schema is on the package index only inside cffconvert, whose own pins conflict with the lock, so
the expectations here are our own.
"""

import datetime
import importlib
import json
from pathlib import Path

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
    for work in (CITATION, *CITATION["references"]):
        assert work["type"] and work["title"] and isinstance(work.get("year", 0), int)
        assert work["authors"], work["title"]
        for author in work["authors"]:
            assert set(author) <= (ENTITY if "name" in author else PERSON)
        for one in work.get("identifiers", []):
            assert one["type"] in {"doi", "url", "swh", "other"} and one["value"]
            assert set(one) <= {"type", "value", "description"}


def test_the_crate_says_what_the_citation_says(monkeypatch):
    """As `python docs/ro_crate.py` writes it; every entity is described, every folder there."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    written = json.loads((ROOT / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    assert written == importlib.import_module("ro_crate").crate()
    entities = {entity["@id"]: entity for entity in written["@graph"]}
    root = entities["./"]
    links = [*root["hasPart"], *root["author"], root["license"], root["isBasedOn"]]
    assert all(link["@id"] in entities for link in links)
    assert all((ROOT / part["@id"]).is_dir() for part in root["hasPart"])


def test_the_entry_to_copy_names_this_version():
    entry = (ROOT / "README.md").read_text(encoding="utf-8").split("```bibtex")[1]
    assert f"version = {{{CITATION['version']}}}" in entry
    assert f"year    = {{{CITATION['date-released'][:4]}}}" in entry
    assert CITATION["title"] in entry
