"""What becomes of roll-outs: cycles, rest, drift, escape; and which frames they lie beside."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tiny import tiny_worms
from wormgnn.errors import RecordingError
from wormgnn.features import features
from wormgnn.forecast import Forecast, Forecasted, forecast
from wormgnn.forecast_experiments import Found
from wormgnn.free_runs import FATES, FreeRun, describe, free_runs, member_for_show
from wormgnn.profiles import Profile
from wormgnn.rollouts import FREE_FRAMES
from wormgnn.store import Store

T = np.arange(256)
TRUTH = np.stack([np.sin(T / 10), np.cos(T / 10), 0 * T], axis=1)


def run(path: np.ndarray) -> FreeRun:
    return FreeRun(("a",), "b", TRUTH, path)


@pytest.mark.parametrize(
    ("path", "fate"),
    [
        (TRUTH, "cycles"),
        (TRUTH[:1] * np.exp(-T / 5)[:, None], "stops"),
        (np.tile(TRUTH[7], (256, 1)), "stops"),
        (0.01 * TRUTH, "stops"),
        (np.stack([T / 200, 0 * T, 0 * T], axis=1), "drifts"),
        (np.stack([T / 20, 0 * T, 0 * T], axis=1), "runs away"),
        (np.where(T[:, None] > 200, np.nan, TRUTH), "runs away"),
        (np.where(T[:, None] == 3, np.inf, TRUTH), "runs away"),
    ],
)
def test_fate(path: np.ndarray, fate: str) -> None:
    assert run(path).fate == fate


def test_variance_is_a_share_of_the_truth() -> None:
    assert run(TRUTH).variance == pytest.approx(1, abs=0.1)
    assert run(0.5 * TRUTH).variance == pytest.approx(0.25, abs=0.03)
    assert run(np.tile(TRUTH[7], (256, 1))).variance == pytest.approx(0)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Persistence and a linear forecast on four tiny worms."""
    worms, store = tiny_worms(4, n_frames=400), Store(tmp_path_factory.mktemp("store"))
    profile = Profile("tiny", subsets_per_size=None, folds=(0,), epochs=1, hidden=2)
    neurons = worms[0].neurons
    lines = {
        label: forecast(Forecast(model, sizes=(1, 3)), worms, neurons, profile, store)
        for label, model in (("Persistence", "persistence"), ("VAR, four frames", "var"))
    }
    return Found(pd.DataFrame(), lines, tuple(worms), neurons)


def test_paths_lie_beside_the_frames_they_predict(found: Found) -> None:
    runs = free_runs(found, "Persistence")
    assert len(runs) == 4 * 3 + 4  # three members of one worm and one of three for each worm
    assert all(one.worm not in one.subset for one in runs)
    one = runs[0]
    assert one.worm == "worm-1"
    x = features(found.recordings[0], found.neurons, 2).x[0].T
    known, following = x[103], x[104 : 104 + FREE_FRAMES]
    distances = np.linalg.norm(following[:, None] - following[None, :], axis=-1)
    shown = np.linalg.norm(one.truth[:, None] - one.truth[None, :], axis=-1)
    assert (shown <= distances + 1e-6).all()  # a projection
    assert one.path.std(axis=0).max() < 1e-6
    step = np.linalg.norm(one.truth[0] - one.path[0])
    assert step <= np.linalg.norm(following[0] - known) + 1e-6


def test_fates_are_counted(found: Found) -> None:
    table = describe(found, ["Persistence", "VAR, four frames"])
    assert (table[list(FATES)].sum(axis=1) == table["roll-outs"]).all()
    assert table["roll-outs"].tolist() == [12, 4, 12, 4]
    still = table[table["model"] == "Persistence"]
    assert (still["stops"] == still["roll-outs"]).all() and (still["variance"] < 1e-12).all()


def test_the_member_for_show_never_met_its_worm(found: Found) -> None:
    line = found.lines["VAR, four frames"]
    row, column = member_for_show(line)
    assert len(line.subsets[row]) == 3 and column == 0
    assert "worm-1" not in line.subsets[row]


def tiny_line(n_worms: int, sizes: tuple[int, ...], store: Store) -> Forecasted:
    profile = Profile("tiny", subsets_per_size=None, folds=(0,), epochs=1, hidden=2)
    worms = tiny_worms(n_worms, n_frames=200)
    plan = Forecast("persistence", sizes=sizes)
    return forecast(plan, worms, worms[0].neurons, profile, store)


def test_nobody_meets_every_worm(tmp_path: Path) -> None:
    line = tiny_line(4, (1, 4), Store(tmp_path))
    row, column = member_for_show(line)
    assert len(line.subsets[row]) == 1 and not line.folds[0].seen[row, column]


def test_without_an_unseen_worm_there_is_nothing_to_forecast(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="another worm than those that train: 2 worms"):
        tiny_line(2, (2,), Store(tmp_path))


def test_a_roll_out_that_is_no_number_has_no_variance(found: Found) -> None:
    line = found.lines["VAR, four frames"]
    broken = line.folds[0].free.copy()
    broken[..., 100:] = np.inf
    fold = replace(line.folds[0], free=broken)
    lines = {"VAR, four frames": replace(line, folds=(fold,))}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = describe(replace(found, lines=lines), ["VAR, four frames"])
    assert (table["runs away"] == table["roll-outs"]).all() and table["variance"].isna().all()
