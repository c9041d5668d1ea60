"""Fixtures that several tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.axes import Axes

matplotlib.use("Agg")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def axes() -> Iterator[Axes]:
    """Empty axes; what a test drew is rendered before they are closed."""
    figure, axes = plt.subplots(layout="constrained")
    yield axes
    figure.canvas.draw()
    plt.close(figure)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium, `CHROMIUM` or what the system has; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not program:
        pytest.skip("no Chromium: install it, or name it in the variable CHROMIUM")
    flags = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]  # draws 3D
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=flags)
        yield chromium
        chromium.close()


def _data_folder() -> Path:
    return Path(os.environ.get("WORMGNN_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def kato_file() -> Path:
    """The real five worms of Kato et al. 2015; skips where they are absent."""
    path = _data_folder() / "kato2015" / "WT_NoStim.mat"
    if not path.exists():
        pytest.skip("real recordings of Kato et al. 2015 are not on this machine")
    return path


@pytest.fixture(scope="session")
def dag_folder() -> Path:
    """The real four animals of Dag et al. 2023; skips where they are absent."""
    folder = _data_folder() / "dag2023"
    if not folder.exists():
        pytest.skip("real recordings of Dag et al. 2023 are not on this machine")
    return folder


@pytest.fixture(autouse=True)
def own_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make test` sets the profile for the chapters; the tests name theirs themselves."""
    monkeypatch.delenv("WORMGNN_PROFILE", raising=False)


@pytest.fixture(autouse=True)
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests share the cores with each other."""
    monkeypatch.setenv("WORMGNN_JOBS", "1")


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """Random numbers of torch are the same in every test, alone or in company."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
