"""One set of dependencies and one version, wherever they are written down."""

from __future__ import annotations

import importlib.metadata
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


def read_yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def lock_lines() -> list[str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def locked() -> dict[str, str]:
    pairs = (line.split("==") for line in lock_lines())
    return {str(canonicalize_name(name)): version for name, version in pairs}


def test_lock_holds_plain_pins_in_order() -> None:
    lines = lock_lines()
    pin = re.compile(r"[A-Za-z0-9._-]+==[0-9][\w.!]*")
    assert [line for line in lines if not pin.fullmatch(line)] == []
    names = [line.split("==")[0].lower() for line in lines]
    assert names == sorted(names)
    assert len(locked()) == len(lines), "a package is pinned twice"


def test_lock_names_no_host_path_or_cuda() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"https?:|file:|^-|@|nvidia|\+cu|\+cpu", text, re.MULTILINE)
    assert locked()["torch"] == "2.13.0"
    assert "pip-tools" not in locked()


@pytest.mark.parametrize("requirement", DIRECT, ids=lambda requirement: requirement.name)
def test_lock_satisfies_direct_dependency(requirement: Requirement) -> None:
    version = locked().get(str(canonicalize_name(requirement.name)))
    assert version is not None, f"{requirement.name} is not in requirements.lock: make lock"
    assert requirement.specifier.contains(version, prereleases=True), f"{requirement} but {version}"


def indirect_conflicts(pins: dict[str, str]) -> list[str]:
    """Requirements of installed pinned packages that the pins do not meet."""
    conflicts = []
    for name in pins:
        for line in importlib.metadata.requires(name) or []:
            needed = Requirement(line)
            if needed.marker and not needed.marker.evaluate({"extra": ""}):
                continue
            version = pins.get(str(canonicalize_name(needed.name)))
            if version is None and name != "torch":  # whose CUDA build brings its own libraries
                conflicts.append(f"{name} needs {needed.name}, which is not pinned")
            elif version and not needed.specifier.contains(version, prereleases=True):
                conflicts.append(f"{name} needs {needed}, but {version} is pinned")
    return conflicts


needs_the_lock = pytest.mark.skipif(
    sys.platform != "linux" or sys.version_info[:2] != (3, 11),
    reason="the lock was resolved for Python 3.11 on Linux; elsewhere markers add packages",
)


@needs_the_lock
def test_lock_is_closed_and_consistent() -> None:
    assert indirect_conflicts(locked()) == []


@needs_the_lock
@pytest.mark.parametrize("broken", [{"numpy": "2.4.0"}, {"numpy": None}])
def test_inconsistent_lock_is_noticed(broken: dict[str, str | None]) -> None:
    pins = {name: version for name, version in (locked() | broken).items() if version}
    assert any("numpy" in conflict for conflict in indirect_conflicts(pins))


def test_environment_takes_the_lock_and_a_supported_python() -> None:
    dependencies = read_yaml("environment.yml")["dependencies"]
    (pip,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    assert pip == ["-r requirements.lock", "-e ."]
    (python,) = [entry for entry in dependencies if str(entry).startswith("python=")]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.removeprefix("python="))
    assert [entry for entry in dependencies if isinstance(entry, str)] == [python, "pip"]


def newest_release() -> tuple[str, str]:
    heading = re.compile(r"^## \[(\d[^\]]*)\] - (\d{4}-\d{2}-\d{2})$", re.MULTILINE)
    found = heading.search((ROOT / "CHANGELOG.md").read_text())
    assert found, "CHANGELOG.md has no dated release"
    return found[1], found[2]


def test_one_version_everywhere() -> None:
    citation = read_yaml("CITATION.cff")
    assert (str(citation["version"]), citation["date-released"]) == newest_release()
    assert str(citation["version"]) == PROJECT["version"]
    assert citation["license"] == PROJECT["license"] == "MIT"


@pytest.mark.parametrize("name", ["_config.yml", "_toc.yml"])
def test_book_configuration_is_the_one_at_the_root(name: str) -> None:
    assert (ROOT / "book" / name).is_symlink()
    assert (ROOT / "book" / name).resolve() == ROOT / name


def test_contents_list_the_pages_that_exist() -> None:
    contents = read_yaml("_toc.yml")
    chapters = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    listed = [contents["root"], *chapters]
    existing = [path.stem for path in (ROOT / "book").glob("*.md")]
    existing += [path.stem for path in (ROOT / "book").glob("[0-9]*.ipynb")]
    assert sorted(listed) == sorted(existing)


def test_failed_cell_fails_the_build() -> None:
    config = read_yaml("_config.yml")
    assert config["execute"]["execute_notebooks"] == "force"
    assert config["execute"]["allow_errors"] is False
    assert config["sphinx"]["config"]["nb_execution_raise_on_error"] is True


def make(*arguments: str) -> str:
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


def test_make_lists_its_targets() -> None:
    listed = re.findall(r"^  make (\w+)", make("help"), re.MULTILINE)
    assert {"book", "test", "lint", "data", "paper", "bench", "clean", "help"} <= set(listed)


@pytest.mark.parametrize(("venv", "prefix"), [(".other", ".other/bin/"), ("", "")])
def test_make_takes_the_environment_given(venv: str, prefix: str) -> None:
    plan = make("--dry-run", "test", f"VENV={venv}")
    last = plan.splitlines()[-1]  # so that pytest's closing line is the last one
    run = f"{prefix}python -m pytest --nbval-lax tests/ book/"
    assert last == f"OMP_NUM_THREADS=1 WORMGNN_PROFILE=smoke {run}"
    assert ("-m venv" in plan) == bool(venv)
