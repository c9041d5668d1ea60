"""Write ro-crate-metadata.json, which describes this repository to archives, from CITATION.cff."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PARTS = {
    "book/": "Chapters as notebooks: text, calls and figures",
    "src/wormgnn/": "The library, with the weights of a trained decoder",
    "results/": "Reference tables computed on real recordings (CSV), each with a manifest (JSON)",
    "tests/": "Tests of all of it",
}
"""Folders that matter, and what they hold."""


def crate() -> dict[str, Any]:
    """The metadata as RO-Crate 1.1 wants it: a descriptor, the crate, and what it refers to."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    (paper,) = citation["references"]
    arxiv = paper["identifiers"][0]["value"].removeprefix("arXiv:")
    spdx = f"https://spdx.org/licenses/{citation['license']}"
    people = [
        {"@id": "#" + author["name"].replace(" ", "-"), "@type": "Organization", **author}
        for author in citation["authors"]
    ]
    root = {
        **{"@id": "./", "@type": "Dataset", "name": citation["title"]},
        **{"description": citation["message"], "version": str(citation["version"])},
        **{"datePublished": citation["date-released"], "keywords": citation["keywords"]},
        **{"license": {"@id": spdx}, "author": [{"@id": person["@id"]} for person in people]},
        "hasPart": [{"@id": folder} for folder in PARTS],
        "isBasedOn": {"@id": f"https://arxiv.org/abs/{arxiv}"},
    }
    descriptor = {
        **{"@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": {"@id": "./"}},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    }
    folders = [{"@id": f, "@type": "Dataset", "description": text} for f, text in PARTS.items()]
    article = {
        **{"@id": root["isBasedOn"]["@id"], "@type": "ScholarlyArticle", "name": paper["title"]},
        "author": [f"{a['given-names']} {a['family-names']}" for a in paper["authors"]],
        "datePublished": str(paper["year"]),
    }
    licence = {"@id": spdx, "@type": "CreativeWork", "name": citation["license"]}
    graph = [descriptor, root, *folders, *people, article, licence]
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}


if __name__ == "__main__":
    text = json.dumps(crate(), indent=2, ensure_ascii=False)
    (ROOT / "ro-crate-metadata.json").write_text(text + "\n", encoding="utf-8")
