"""The Snakefile plans a job for every shard of every chapter, and shards cover their chapter."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
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
    cells = nbformat.read(ROOT / "book" / f"{chapter}.ipynb", as_version=4).cells
    (cell,) = (c for c in cells if "parameters" in c.metadata.get("tags", []))
    values = {
        line.target.id: ast.literal_eval(line.value)
        for line in ast.parse(cell.source).body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value
    }
    return values[parameter]


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


@pytest.mark.parametrize("chapter", shards())
def test_shards_divide_what_their_chapter_computes(chapter):
    (parameter,) = {name for shard in shards()[chapter] for name in shard}
    divided = [line for shard in shards()[chapter] for line in shard[parameter]]
    every = default(chapter, parameter)
    if not every:
        every = LINES[chapter]
    assert sorted(divided) == sorted(every)
