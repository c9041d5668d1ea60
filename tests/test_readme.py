"""What the README tells readers to type and to open is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from wormgnn.cli import main
from wormgnn.datasets.registry import DATASETS
from wormgnn.experiments import EXPERIMENTS
from wormgnn.forecast_experiments import FORECASTS
from wormgnn.profiles import PROFILES

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^wormgnn (.*?) *(?:#.*)?$", README, re.MULTILINE)


def parse(words: list[str]) -> dict[str, object]:
    """Arguments as the command would get them; ClickException if it would refuse."""
    command: click.Command = main
    while isinstance(command, click.Group):
        name, *words = words
        assert name in command.commands, name
        command = command.commands[name]
    return command.make_context("wormgnn", words).params


@pytest.mark.parametrize("text", COMMANDS)
def test_commands_parse(text: str, tmp_path: Path) -> None:
    file = tmp_path / "worm.csv"
    file.touch()
    given = parse([str(file) if word == "FILE..." else word for word in shlex.split(text)])
    assert given.get("experiment", "table1") in {*EXPERIMENTS, *FORECASTS}
    assert given.get("profile", "quick") in PROFILES
    assert {given.get("dataset", "kato"), given.get("train", "kato")} <= set(DATASETS)


def test_commands_are_found_and_a_wrong_one_is_refused() -> None:
    assert {text.split()[0] for text in COMMANDS} == {"data", "run", "decode"}
    with pytest.raises(click.MissingParameter, match="output"):
        parse(["data", "simulate"])


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_local_links_lead_somewhere(page: str) -> None:
    text = re.sub(r"<!--.*?-->", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []
