"""Skill and tables of forecasts by hand; what becomes of roll-outs, and where they lie."""

import itertools
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tiny import NEURONS, tiny_worms
from wormgnn.errors import ChoiceError
from wormgnn.features import features
from wormgnn.paper.studies import forecasts
from wormgnn.paper.studies.forecasts import FATES, MEASURES, FreeRun, skill
from wormgnn.plan import Experiment, Line, Plan, Profile
from wormgnn.runner import run
from wormgnn.store import Store
from wormgnn.tasks.rollout import FREE_FRAMES

KEYS = ["line", "n_train", "subset", "fold", "worm", "step"]


def made_up(errors):
    """Rows from `{(line, n_train, subset, fold, worm, step): mse}`."""
    table = pd.DataFrame([(*key, mse) for key, mse in errors.items()], columns=[*KEYS, "mse"])
    table.insert(1, "model", table["line"].str.lower())
    table.insert(2, "train", np.nan)  # a column of identity that is empty
    table = table.assign(windows=7, diverged=0)
    return table.assign(mse_trace=table["mse"] / 2, mse_derivative=table["mse"] * 1.5)


def random_rows(seed=0):
    rng = np.random.default_rng(seed)
    sizes = {"a": 1, "b": 1, "c": 1, "a+b": 2}
    keys = [
        (line, sizes[subset], subset, fold, worm, step)
        for line, subset, fold, worm, step in itertools.product(
            ("Persistence", "M"), sizes, (0, 1, 2), "dcab", (1, 8, 16)
        )
        if worm not in subset
    ]
    rows = made_up({key: rng.uniform(0.1, 1) for key in keys})
    return rows.assign(diverged=rng.integers(0, 3, len(rows)))


def diverging():
    """Two members' forecasts of worm a are no numbers in one of three folds, at step 16."""
    rows = random_rows()
    gone = (rows.line == "M") & (rows.worm == "a") & (rows.step == 16) & (rows.fold == 1)
    rows.loc[gone, list(MEASURES)] = np.inf
    return rows.assign(diverged=np.where(gone, 4, 0))


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("baseline", ["Persistence", "M"])
def test_skill_is_one_minus_the_ratio_of_written_out_means(measure, baseline):
    rows = random_rows()
    table = skill(rows, baseline, measure)
    assert len(table) == 2 * 2 * 3
    for line in table.itertuples():
        same = rows[(rows.n_train == line.n_train) & (rows.step == line.step)]
        own, plain = (
            same[same.line == label].groupby("worm")[measure].mean()
            for label in (line.line, baseline)
        )
        assert (line.mse, line.skill) == pytest.approx((own.mean(), (1 - own / plain).mean()))
        mine = same[same.line == line.line]
        assert (line.worms, line.diverged) == (len(own), mine["diverged"].sum())
        assert line.members == len(mine[["subset", "worm"]].drop_duplicates())
        if line.line == baseline and line.worms > 1:
            assert (line.skill, line.skill_low, line.skill_high) == (0, 0, 0)


def test_errors_that_diverged_are_not_averaged_away():
    with pytest.raises(ChoiceError, match="unknown baseline 'Mean': choose one of Persistence, M"):
        skill(random_rows(), baseline="Mean")
    table = skill(diverging())
    by_place = table.set_index(["line", "n_train", "step"])
    line = by_place.loc[("M", 1, 16)]
    assert (line["mse"], line["skill"], line["diverged"]) == (np.inf, -np.inf, 8)
    other = by_place.drop(index=("M", 1, 16))
    assert np.isfinite(other["skill"]).all() and (other["diverged"] == 0).all()
    gone = forecasts.at_steps(table) == "diverged"
    assert gone.loc[("M", 1), ["MSE, 16", "skill (%), 16"]].all() and gone.to_numpy().sum() == 2


T = np.arange(256)
TRUTH = np.stack([np.sin(T / 10), np.cos(T / 10), 0 * T], axis=1)
STILL, MISSING = np.tile(TRUTH[7], (256, 1)), pytest.approx(np.nan, nan_ok=True)


@pytest.mark.parametrize(
    ("path", "fate", "variance"),
    [
        (TRUTH, "cycles", pytest.approx(1, abs=0.1)),
        (TRUTH[:1] * np.exp(-T / 5)[:, None], "stops", pytest.approx(0, abs=1e-6)),
        (STILL, "stops", pytest.approx(0)),
        (np.stack([T / 200, 0 * T, 0 * T], axis=1), "drifts", pytest.approx(0.034, abs=0.002)),
        (np.stack([T / 20, 0 * T, 0 * T], axis=1), "runs away", MISSING),
        (np.where(T[:, None] > 200, np.nan, TRUTH), "runs away", MISSING),
    ],
)
def test_fate_and_variance(path, fate, variance):
    one = FreeRun(("a",), "b", TRUTH, path)
    assert (one.fate, one.variance) == (fate, variance)


PROFILE = Profile("tiny", subsets_per_size=None, folds=(0,), epochs=1, hidden=2)
SIMPLE = {"Persistence": "persistence", "VAR, four frames": "var"}


def computed(folder, sizes=(1, 3), models=SIMPLE):
    plans = {label: Plan(model, "traces", sizes=sizes) for label, model in models.items()}
    lines = tuple(Line(label, plan, neurons=NEURONS) for label, plan in plans.items())
    worms = tiny_worms(4, n_frames=400)
    return run(Experiment("forecasts", "", lines), worms, PROFILE, Store(folder))


def test_paths_lie_beside_the_frames_they_predict(tmp_path):
    table = computed(tmp_path)
    runs = forecasts.free_runs(table, "Persistence")
    assert len(runs) == 4 * 3 + 4  # three members of one worm and one of three for each worm
    assert all(one.worm not in one.subset for one in runs)
    one = runs[0]
    x = features(table.recordings[0], NEURONS, 2).x[0].T
    known, following = x[103], x[104 : 104 + FREE_FRAMES]
    distances = np.linalg.norm(following[:, None] - following[None, :], axis=-1)
    shown = np.linalg.norm(one.truth[:, None] - one.truth[None, :], axis=-1)
    assert (shown <= distances + 1e-6).all()  # a projection
    assert np.linalg.norm(one.truth[0] - one.path[0]) <= np.linalg.norm(following[0] - known) + 1e-6


def test_fates_are_counted(tmp_path, monkeypatch):
    table = computed(tmp_path)
    fates = forecasts.describe_free_runs(table, list(SIMPLE))
    assert (fates[list(FATES)].sum(axis=1) == fates["roll-outs"]).all()
    assert fates["roll-outs"].tolist() == [12, 4, 12, 4]
    assert fates["stops"].tolist()[:2] == [12, 4] and (fates["variance"][:2] < 1e-12).all()
    arrays = table.arrays("VAR, four frames", 0)
    gone = arrays | {"free": np.where(np.arange(FREE_FRAMES) < 100, arrays["free"], np.inf)}
    monkeypatch.setattr(type(table), "arrays", lambda *_: gone)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fates = forecasts.describe_free_runs(table, ["VAR, four frames"])
    assert fates["runs away"].tolist() == [12, 4] and fates["variance"].isna().all()


@pytest.mark.parametrize("sizes, most", [((1, 3), 3), ((1, 4), 1)])  # nobody meets every worm
def test_what_is_shown_is_of_a_member_that_never_met_its_worm(tmp_path, sizes, most):
    table = computed(tmp_path, sizes)
    row, column = forecasts.member_for_show(table, "Persistence")
    worms = table.subsets("Persistence")[row]
    assert len(worms) == most and f"worm-{column + 1}" not in worms
    run = forecasts.free_run(table, "VAR, four frames")
    assert (run.subset, run.worm) == (worms, f"worm-{column + 1}")
    truth, starts, examples = forecasts.gallery(table, list(SIMPLE), NEURONS[1:3])
    stays = np.repeat(truth[:, starts + 3, None], 16, axis=2)
    np.testing.assert_allclose(examples["Persistence"], stays, rtol=1e-6)


def test_figure_4d_by_hand():
    rows = [("Z", 1, 0.00123456, 0.254), ("A", 4, 0.5, -1.026), ("A", 1, 0.02, 0.0)]
    table = pd.DataFrame(rows, columns=["line", "n_train", "mse", "skill"]).assign(step=8)
    table = table.assign(skill_low=table["skill"] - 0.1, skill_high=table["skill"] + 0.104)
    table = table.assign(worms=5, members=20, diverged=0)
    wide = forecasts.at_steps(pd.concat([table, table.assign(step=2, mse=9.0)]), steps=[8])
    assert list(wide) == ["MSE, 8", "skill (%), 8", "worms", "members", "diverged"]
    assert list(wide.index) == [("Z", 1), ("A", 4), ("A", 1)]
    assert wide["MSE, 8"].tolist() == ["12.3", "5000.0", "200.0"]
    wanted = ["25 [15, 36]", "-103 [-113, -92]", "0 [-10, 10]"]
    assert wide["skill (%), 8"].tolist() == wanted
    both = forecasts.beside({"one": table, "other": table[table["n_train"] == 1]})
    trained = [["Z", "fewest"], ["A", "most"], ["A", "fewest"], ["Z", "most"]]
    assert both[["line", "trained on"]].to_numpy().tolist() == trained
    assert both["one"].tolist()[:3] == wanted
    assert both["other"].tolist()[1::2] == [wanted[2], wanted[0]]  # its most are one worm


def test_reference_rows_are_of_the_animals_that_a_line_is_about(tmp_path):
    table = computed(tmp_path, (1,), {"Mean": "mean"})
    every = forecasts.errors(table)
    some = forecasts.errors(replace(table, rows=table.rows.assign(animals="worm-3+worm-4")))
    wanted = every[every["worm"].isin(["worm-3", "worm-4"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, wanted)
