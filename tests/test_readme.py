"""What the README tells readers to type and to open is there, and the example runs."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from importlib import reload
from pathlib import Path

import click
import pandas as pd
import pytest
import torch
from click.testing import CliRunner

from wormgnn.cli import main
from wormgnn.datasets.registry import DATASETS
from wormgnn.models import CLASSIFIERS, MODELS, classifier
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


EXAMPLE = ROOT / "examples" / "my_model.py"
"""A model of one's own: a file that runs, and that a notebook may import twice."""


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLE.parent)
    import my_model

    yield reload(my_model)
    for names in (MODELS, CLASSIFIERS, sys.modules):
        names.pop("my_model" if names is sys.modules else "products")


@pytest.mark.usefixtures("example")
def test_each_member_of_the_example_adds_products_of_neurons_to_a_linear_map():
    model = classifier("products", [0, 1], neurons=3, n_states=4)
    x = torch.randn(2, 3, 5)
    scores = model(x)
    for m in range(2):
        maps = [model.direct, model.left, model.right, model.products]
        a, u, v, c = [(layer.weight[m], layer.bias[m]) for layer in maps]
        flat = x.flatten(0, 1)
        product = (u[0] @ flat + u[1]) * (v[0] @ flat + v[1])
        torch.testing.assert_close(scores[m], a[0] @ flat + a[1] + c[0] @ product + c[1])


def test_the_example_runs(tmp_path):
    environment = {**os.environ, "WORMGNN_STORE": str(tmp_path)}
    run = subprocess.run([sys.executable, EXAMPLE], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "difference" in run.stdout or "seen" in run.stdout
