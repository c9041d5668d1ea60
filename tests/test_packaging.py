"""One set of dependencies and one version, wherever they are written down."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DIRECT = [
    Requirement(line)
    for line in [
        *PROJECT["dependencies"],
        *PROJECT["optional-dependencies"]["book"],
        *PROJECT["optional-dependencies"]["dev"],
    ]
]


def read_yaml(name):
    return yaml.safe_load((ROOT / name).read_text())


def lock_lines():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def locked():
    pairs = (line.split("==") for line in lock_lines())
    return {str(canonicalize_name(name)): version for name, version in pairs}


def test_lock_holds_plain_pins_in_order():
    lines = lock_lines()
    pin = re.compile(r"[A-Za-z0-9._-]+==[0-9][\w.!]*")
    assert [line for line in lines if not pin.fullmatch(line)] == []
    names = [line.split("==")[0].lower() for line in lines]
    assert names == sorted(names)
    assert len(locked()) == len(lines), "a package is pinned twice"


@pytest.mark.parametrize("requirement", DIRECT, ids=lambda requirement: requirement.name)
def test_lock_satisfies_direct_dependency(requirement):
    version = locked().get(str(canonicalize_name(requirement.name)))
    assert version is not None, f"{requirement.name} is not in requirements.lock: make lock"
    assert requirement.specifier.contains(version, prereleases=True), f"{requirement} but {version}"


def test_environment_takes_the_lock_and_a_supported_python():
    dependencies = read_yaml("environment.yml")["dependencies"]
    (pip,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    assert pip == ["-r requirements.lock", "-e ."]
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


def newest_release():
    heading = re.compile(r"^## \[(\d[^\]]*)\] - (\d{4}-\d{2}-\d{2})$", re.MULTILINE)
    found = heading.search((ROOT / "CHANGELOG.md").read_text())
    assert found, "CHANGELOG.md has no dated release"
    return found[1], found[2]


def test_one_version_everywhere():
    citation = read_yaml("CITATION.cff")
    assert (str(citation["version"]), citation["date-released"]) == newest_release()
    assert str(citation["version"]) == PROJECT["version"]
    assert citation["license"] == PROJECT["license"] == "MIT"


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


def make(*arguments):
    """What make prints when it is not itself inside a `make test`."""
    outside = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "VENV"))
    }
    command = ["make", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=outside, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize(("venv", "prefix"), [(".other", ".other/bin/"), ("", "")])
def test_make_takes_the_environment_given(venv, prefix):
    plan = make("--dry-run", "test", f"VENV={venv}")
    last = plan.splitlines()[-1]  # so that pytest's closing line is the last one
    run = f"{prefix}python -m pytest --nbval-lax tests/ book/"
    assert last == f"OMP_NUM_THREADS=1 WORMGNN_JOBS=1 WORMGNN_PROFILE=smoke {run}"
    assert ("-m venv" in plan) == bool(venv)
