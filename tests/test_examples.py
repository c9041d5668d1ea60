"""The example of a model of one's own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from wormgnn.models import CLASSIFIERS, MODELS, classifier

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "my_model.py"


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLE.parent)
    import my_model

    yield my_model
    for names in (MODELS, CLASSIFIERS):
        names.pop("products", None)
    del sys.modules["my_model"]


def test_each_member_adds_products_of_neurons_to_a_linear_map(example):
    model = classifier("products", [0, 1], neurons=3, n_states=4)
    x = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    scores = model(x)
    for m in range(2):
        maps = [model.direct, model.left, model.right, model.products]
        a, u, v, c = [(layer.weight[m], layer.bias[m]) for layer in maps]
        flat = x.flatten(0, 1)
        product = (u[0] @ flat + u[1]) * (v[0] @ flat + v[1])
        expected = a[0] @ flat + a[1] + c[0] @ product + c[1]
        torch.testing.assert_close(scores[m], expected)
    assert example.LINES[0].plan.model == "products"


def test_the_file_runs(tmp_path):
    run = subprocess.run(
        [sys.executable, str(EXAMPLE)],
        env={**os.environ, "WORMGNN_STORE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "difference" in run.stdout or "seen" in run.stdout
