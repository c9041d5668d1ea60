"""What the README tells readers to type and to open is there."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import click
import pandas as pd
import pytest
from click.testing import CliRunner

from wormgnn.cli import main
from wormgnn.datasets.registry import DATASETS
from wormgnn.paper.experiments import experiment_named
from wormgnn.plan import PROFILES

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^wormgnn (.*?) *(?:#.*)?$", README, re.MULTILINE)


def parse(words):
    """Arguments as the command would get them; ClickException if it would refuse."""
    command: click.Command = main
    while isinstance(command, click.Group):
        name, *words = words
        assert name in command.commands, name
        command = command.commands[name]
    return command.make_context("wormgnn", words).params


@pytest.mark.parametrize("text", COMMANDS)
def test_commands_parse(text, tmp_path):
    file = tmp_path / "worm.csv"
    file.touch()
    words = (str(file) if word in ("FILE...", "worm.csv") else word for word in shlex.split(text))
    given = parse(list(words))
    if name := given.get("name"):
        assert experiment_named(str(name)).only(given["lines"] or None).lines  # type: ignore[arg-type]
    assert given.get("profile") in {None, *PROFILES}
    assert {given.get("dataset"), given.get("train")} <= {None, "my_worms", *DATASETS}


def test_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.setenv("WORMGNN_STORE", str(tmp_path))
    names: dict[str, object] = {}
    exec(code, names)
    assert names["table"].rows["model"].unique().tolist() == ["GNN", "MLP"]  # type: ignore[attr-defined]


def test_the_decoded_table_is_what_the_commands_write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = pd.read_csv(io.StringIO(re.search(r"  frame,.*?(?=  ```)", README, re.DOTALL)[0]))
    shown.columns = shown.columns.str.strip()
    for text in ("data simulate worm.csv --worms 1", "decode worm.csv"):
        assert text in COMMANDS
        result = CliRunner().invoke(main, shlex.split(text))
        assert result.exit_code == 0, result.output
    table = pd.read_csv("decoded/worm.states.csv").iloc[shown["frame"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(shown, table, atol=0.005)
    written = {path.name for path in (tmp_path / "decoded").iterdir()}
    assert written == {"worm.states.csv", "worm.json", "worm.html", "summary.csv"}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_local_links_lead_somewhere(page):
    text = re.sub(r"<!--.*?-->", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []
