"""The Snakefile plans a job for every shard of every chapter, and shards cover their chapter."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wormgnn.paper.experiments import EXPERIMENTS, SHARPNESS

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = sorted(path.stem for path in (ROOT / "book").glob("[0-9]*.ipynb"))


def models(*names):
    """Models of some experiments."""
    return {line.model_name for name in names for line in EXPERIMENTS[name].lines}


LINES: dict[str, set[Any]] = {
    "03_all_states": models("figure4a"),
    "05_controls": models("controls"),
    "08_trajectories": models("figure4c"),
    "10_without_ava": models("without-ava"),
    "11_one_hot": set(SHARPNESS),
    "14_model_zoo": models("zoo", "structure"),
}
"""Models that an empty `models` stands for, where a chapter's default is empty."""


def shards():
    text = (ROOT / "Snakefile").read_text(encoding="utf-8")
    found = re.search(r"^SHARDS\b.*? = (\{.*?^\})", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    value: dict[str, list[dict[str, list[Any]]]] = ast.literal_eval(found[1])
    return value


def default(chapter, parameter):
    """Value that a chapter's parameters cell gives to a parameter."""
    source = (ROOT / "book" / f"{chapter}.py").read_text(encoding="utf-8")
    for line in ast.walk(ast.parse(source)):
        if isinstance(line, ast.AnnAssign) and ast.unparse(line.target) == parameter and line.value:
            return ast.literal_eval(line.value)
    raise AssertionError(f"{chapter} has no parameter {parameter}")


def test_a_job_is_planned_for_every_shard_of_every_chapter():
    command = "-m snakemake --dry-run --cores 1 --quiet host --printshellcmds --nolock --config"
    command = [sys.executable, *command.split(), "datasets=simulated", "profile=smoke"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = done.stdout + done.stderr
    assert "rule render" in text
    planned = set(re.findall(r"output: .*/seed-0/(.+)\.ipynb", text))
    wanted = {
        f"{chapter}.{shard}"
        for chapter in CHAPTERS
        for shard in range(len(shards().get(chapter, [{}])))
    }
    assert planned == wanted
    assert """-y '{"models": ["GNN"]}'""" in text


def test_files_that_pages_show_lie_beside_the_rendered_book(tmp_path):
    text = (ROOT / "Snakefile").read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith(("cp ", "ln "))]
    (tmp_path / "book").mkdir()
    for line in lines:
        command = line.replace("{params.book:q}", str(tmp_path / "book"))
        subprocess.run(command, shell=True, cwd=ROOT, check=True)
    for page in [*(ROOT / "book").glob("*.md"), *(ROOT / "book").glob("[0-9]*.py")]:
        shown = page.read_text(encoding="utf-8")
        for name in re.findall(r"\{(?:figure|literalinclude|image)\} (\S+)", shown):
            assert (tmp_path / "book" / name).is_file(), f"{page.name}: {name}"


@pytest.mark.parametrize("chapter", shards())
def test_shards_divide_what_their_chapter_computes(chapter):
    (parameter,) = {name for shard in shards()[chapter] for name in shard}
    divided = [line for shard in shards()[chapter] for line in shard[parameter]]
    assert sorted(divided) == sorted(default(chapter, parameter) or LINES[chapter])
