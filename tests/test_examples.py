"""The example of a model of one's own: a file that runs, and that a notebook may import twice."""

import os
import subprocess
import sys
from importlib import reload
from pathlib import Path

import pytest
import torch

from wormgnn.models import CLASSIFIERS, MODELS, classifier

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "my_model.py"


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLE.parent)
    import my_model

    yield reload(my_model)
    for names in (MODELS, CLASSIFIERS, sys.modules):
        names.pop("my_model" if names is sys.modules else "products")


@pytest.mark.usefixtures("example")
def test_each_member_adds_products_of_neurons_to_a_linear_map():
    model = classifier("products", [0, 1], neurons=3, n_states=4)
    x = torch.randn(2, 3, 5)
    scores = model(x)
    for m in range(2):
        maps = [model.direct, model.left, model.right, model.products]
        a, u, v, c = [(layer.weight[m], layer.bias[m]) for layer in maps]
        flat = x.flatten(0, 1)
        product = (u[0] @ flat + u[1]) * (v[0] @ flat + v[1])
        torch.testing.assert_close(scores[m], a[0] @ flat + a[1] + c[0] @ product + c[1])


def test_the_file_runs(tmp_path):
    environment = {**os.environ, "WORMGNN_STORE": str(tmp_path)}
    run = subprocess.run([sys.executable, EXAMPLE], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "difference" in run.stdout or "seen" in run.stdout
