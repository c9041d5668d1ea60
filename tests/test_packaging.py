"""One version, one set of dependencies, one citation, wherever they stand; what is installed."""

from __future__ import annotations

import ast
import datetime
import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import wormgnn

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
DIRECT = [Requirement(x) for x in [*PROJECT["dependencies"], *EXTRAS["book"], *EXTRAS["dev"]]]


PERSON = {"family-names", "given-names", "name-particle", "name-suffix", "orcid", "affiliation"}
ENTITY = {"name", "website", "orcid"}


def read_yaml(name):
    return yaml.safe_load((ROOT / name).read_text())


CITATION = read_yaml("CITATION.cff")


def locked(name="requirements.lock"):
    """Version and hashes of each package of a lock."""
    text = re.sub(r"^#.*\n", "", (ROOT / name).read_text(), flags=re.MULTILINE)
    hashes = r"((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n"
    pin = re.compile(r"([\w.-]+)==([0-9][\w.!+]*)(?: ; .*?)?" + hashes)
    assert pin.sub("", text) == "", "a package without a plain pin, or without hashes"
    pins = pin.findall(text)
    found = {str(canonicalize_name(n)): (version, files.split()) for n, version, files in pins}
    assert len(found) == len(pins), "a package is pinned twice"
    return found


def test_locks_hold_every_package_once_with_its_hashes():
    every, cuda, cpu = (locked(f"requirements{kind}.lock") for kind in ("", "-cuda", "-cpu"))
    assert not set(every) & set(cuda)
    assert all("nvidia" in name or name.startswith(("cuda", "triton")) for name in cuda)
    assert list(cpu) == ["torch"] and cpu["torch"][0] == f"{every['torch'][0]}+cpu"


@pytest.mark.parametrize("requirement", DIRECT, ids=lambda requirement: requirement.name)
def test_lock_satisfies_direct_dependency(requirement):
    name = str(canonicalize_name(requirement.name))
    assert name in locked(), f"{name} is not in requirements.lock: make lock"
    version = locked()[name][0]
    assert requirement.specifier.contains(version, prereleases=True), f"{requirement} but {version}"


def test_environment_takes_the_lock_and_a_supported_python():
    dependencies = read_yaml("environment.yml")["dependencies"]
    (pip,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    assert pip == ["-r requirements.lock", "-r requirements-cuda.lock"]
    (python,) = [entry for entry in dependencies if str(entry).startswith("python=")]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.removeprefix("python="))
    assert [entry for entry in dependencies if isinstance(entry, str)] == [python, "pip"]


def test_actions_are_pinned_by_commit():
    workflows = (ROOT / ".github" / "workflows").glob("*.yml")
    used = re.findall(r"uses: (.*)", "\n".join(path.read_text() for path in workflows))
    assert len(used) > 4
    assert [use for use in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", use)] == []
    kept_new = {
        entry["package-ecosystem"] for entry in read_yaml(".github/dependabot.yml")["updates"]
    }
    assert kept_new == {"pip", "github-actions"}


def test_one_version_everywhere():
    heading = re.compile(r"^## \[(\d[^\]]*)\] - (\d{4}-\d{2}-\d{2})$", re.MULTILINE)
    newest = heading.search((ROOT / "CHANGELOG.md").read_text())
    assert newest, "CHANGELOG.md has no dated release"
    assert (str(CITATION["version"]), CITATION["date-released"]) == newest.groups()
    assert str(CITATION["version"]) == PROJECT["version"]
    assert CITATION["license"] == PROJECT["license"] == "MIT"
    entry = (ROOT / "README.md").read_text(encoding="utf-8").split("```bibtex")[1]
    assert f"version = {{{CITATION['version']}}}" in entry
    assert f"year    = {{{CITATION['date-released'][:4]}}}" in entry
    assert CITATION["title"] in entry


def test_contents_list_the_pages_that_exist():
    contents = read_yaml("_toc.yml")
    chapters = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    listed = [contents["root"], *chapters]
    existing = [path.stem for path in (ROOT / "book").glob("*.md")]
    existing += [path.stem for path in (ROOT / "book").glob("[0-9]*.ipynb")]
    assert sorted(listed) == sorted(existing)


def test_failed_cell_fails_the_build():
    config = read_yaml("_config.yml")
    assert config["execute"]["execute_notebooks"] == "force"
    assert config["execute"]["allow_errors"] is False
    assert config["sphinx"]["config"]["nb_execution_raise_on_error"] is True


@pytest.mark.parametrize(("venv", "prefix"), [(".other", ".other/bin/"), ("", "")])
def test_make_takes_the_environment_given(venv, prefix):
    inside = ("MAKE", "MFLAGS", "VENV")  # of a `make test` that runs this
    outside = {name: value for name, value in os.environ.items() if not name.startswith(inside)}
    command = ["make", "--dry-run", "test", f"VENV={venv}"]
    plan = subprocess.check_output(command, cwd=ROOT, env=outside, text=True)
    last = plan.splitlines()[-1]  # so that pytest's closing line is the last one
    assert last.endswith(f" {prefix}python -m pytest --nbval-lax tests/ book/")
    assert ("-m venv" in plan) == bool(venv)


def test_the_fields_are_those_of_the_citation_file_format():
    """Of 1.2.0; its schema is on the package index only inside cffconvert, whose pins conflict."""
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


def test_the_research_crate_says_what_the_citation_says(monkeypatch):
    """As `python docs/ro_crate.py` writes it; every entity is described, every folder there."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    written = json.loads((ROOT / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    assert written == importlib.import_module("ro_crate").crate()
    entities = {entity["@id"]: entity for entity in written["@graph"]}
    root = entities["./"]
    links = [*root["hasPart"], *root["author"], root["license"], root["isBasedOn"]]
    assert all(link["@id"] in entities for link in links)
    assert all((ROOT / part["@id"]).is_dir() for part in root["hasPart"])


# --- the names that `import wormgnn` gives --------------------------------------------------------


@pytest.mark.parametrize("name", wormgnn.__all__)
def test_every_name_resolves_and_is_documented(name):
    assert getattr(wormgnn, name) is not None
    assert re.search(rf"`{name}`", wormgnn.__doc__ or "")
    assert name in dir(wormgnn)


def test_type_checkers_see_the_same_names():
    (block,) = (
        node
        for node in ast.parse(Path(wormgnn.__file__).read_text(encoding="utf-8")).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    seen: dict[str, object] = {}
    for statement in block.body:
        exec(ast.unparse(statement), {"__package__": "wormgnn"}, seen)
    assert set(seen) == set(wormgnn.__all__)
    assert all(seen[name] is getattr(wormgnn, name) for name in seen)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        wormgnn.nothing  # noqa: B018


def test_importing_the_package_imports_nothing_slow():
    code = (
        "import sys, wormgnn; print([m for m in sys.modules if m in ('torch', 'pandas', 'numpy')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
