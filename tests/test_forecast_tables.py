"""Skill, tables and experiments of the second task."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recordings import small_worms
from wormgnn import forecast_experiments as experiments
from wormgnn import reference
from wormgnn.baselines.forecasts import BASELINES
from wormgnn.errors import ChoiceError, DatasetUnavailableError, NeuronError, RecordingError
from wormgnn.forecast import CODE, forecast
from wormgnn.forecast_experiments import FORECASTS, PERSISTENCE, forecast_named
from wormgnn.forecast_tables import KEYS, MEASURES, at_steps, over_folds, skill
from wormgnn.models.forecasters import NETWORKS, network
from wormgnn.neuron_sets import SHARED_WITH_NICHOLS
from wormgnn.profiles import profile_named
from wormgnn.recording import PAPER_NEURONS
from wormgnn.statistics import bootstrap_interval
from wormgnn.store import Store, code_version

SMOKE = profile_named("smoke")
INFINITE = float("inf")


def made_up(errors):
    """Rows from `{(model, n_train, subset, fold, worm, step): mse}`."""
    names = ["model", "n_train", "subset", "fold", "worm", "step"]
    rows = [{**dict(zip(names, key, strict=True)), "mse": mse} for key, mse in errors.items()]
    table = pd.DataFrame(rows).assign(n_neurons=3, windows=7, diverged=0)
    return table.assign(mse_trace=table["mse"] / 2, mse_derivative=table["mse"] * 1.5)


def two_worms():
    """Persistence and another model that learn from one of three worms and forecast two."""
    return made_up(
        {
            **{(PERSISTENCE, 1, "c", 0, worm, 1): e for worm, e in (("a", 0.4), ("b", 0.2))},
            ("M", 1, "c", 0, "a", 1): 0.1,
            ("M", 1, "b", 0, "a", 1): 0.3,
            ("M", 1, "c", 0, "b", 1): 0.15,
        }
    )


def random_rows(seed=0):
    rng = np.random.default_rng(seed)
    sizes = {"a": 1, "b": 1, "c": 1, "a+b": 2}
    keys = [
        (model, sizes[subset], subset, fold, worm, step)
        for model, subset, fold, worm, step in itertools.product(
            (PERSISTENCE, "M"), sizes, (0, 1, 2), "dcab", (1, 8, 16)
        )
        if worm not in subset
    ]
    rows = made_up({key: rng.uniform(0.1, 1) for key in keys})
    return rows.assign(diverged=rng.integers(0, 3, len(rows)))


def test_skill_by_hand():
    table = skill(two_worms())
    assert table["model"].tolist() == [PERSISTENCE, "M"]
    plain, other = (table.iloc[i] for i in (0, 1))
    assert (plain.n_train, plain.step, plain.worms, plain.members) == (1, 1, 2, 2)
    assert plain.mse == pytest.approx(0.3)
    assert (other.worms, other.members, other.diverged) == (2, 3, 0)
    assert other.mse == pytest.approx((0.2 + 0.15) / 2)  # two members on worm a, averaged first
    assert other.skill == pytest.approx(((1 - 0.2 / 0.4) + (1 - 0.15 / 0.2)) / 2)


@pytest.mark.parametrize("level", [0.95, 0.5])
def test_intervals_are_over_worms(level):
    other = skill(two_worms(), level=level).iloc[1]
    for name, values in (("mse", [0.2, 0.15]), ("skill", [0.5, 0.25])):
        wanted = bootstrap_interval(values, level)
        found = (other[name], other[f"{name}_low"], other[f"{name}_high"])
        assert found == pytest.approx(tuple(float(part) for part in wanted))
        assert found[1] < found[0] < found[2]


@pytest.mark.parametrize("measure", MEASURES)
def test_skill_is_one_less_the_ratio_of_written_out_means(measure):
    rows = random_rows()
    table = skill(rows, measure=measure)
    assert len(table) == 2 * 2 * 3
    for line in table.itertuples():
        errors, ratios = [], []
        for worm in "abcd":
            same = rows[
                (rows.n_train == line.n_train) & (rows.step == line.step) & (rows.worm == worm)
            ]
            own, plain = (
                [row[measure] for _, row in same.iterrows() if row.model == model]
                for model in (line.model, PERSISTENCE)
            )
            if own:
                errors.append(np.mean(own))
                ratios.append(1 - np.mean(own) / np.mean(plain))
        assert line.worms == len(errors)
        assert (line.mse, line.skill) == pytest.approx((np.mean(errors), np.mean(ratios)))
        mine = rows[rows.model == line.model]
        mine = mine[(mine.n_train == line.n_train) & (mine.step == line.step)]
        assert line.diverged == mine["diverged"].sum()
        assert line.members == len(mine[["subset", "worm"]].drop_duplicates())


def test_persistence_has_no_skill_and_neither_has_any_other_baseline_beside_itself():
    rows = random_rows()
    for baseline in (PERSISTENCE, "M"):
        table = skill(rows, baseline).set_index("model")
        own = table.loc[baseline]
        assert (own["skill"] == 0).all()
        assert (own.loc[own["worms"] > 1, ["skill_low", "skill_high"]] == 0).all(axis=None)
    assert (table.loc[PERSISTENCE, "skill"] != 0).all()


def test_over_folds_is_the_mean_over_folds():
    rows = random_rows()
    found = over_folds(rows)
    assert list(found.columns) == [*KEYS, "folds", "windows", "diverged", *MEASURES, "mse_sd"]
    assert len(found) == len(rows) / 3
    for line in found.itertuples():
        same = rows[np.logical_and.reduce([rows[key] == getattr(line, key) for key in KEYS])]
        assert (line.folds, line.windows, line.diverged) == (3, 7, same["diverged"].sum())
        for measure in MEASURES:
            assert getattr(line, measure) == pytest.approx(same[measure].mean())
        assert line.mse_sd == pytest.approx(np.std(same["mse"], ddof=1))


def test_over_folds_twice_is_over_folds_once():
    rows = random_rows()
    once = over_folds(rows)
    pd.testing.assert_frame_equal(over_folds(once), once)
    pd.testing.assert_frame_equal(skill(once), skill(rows))


def diverging():
    """Two members' forecasts of worm a are no numbers in one of three folds, at step 16."""
    rows = random_rows()
    gone = (rows.model == "M") & (rows.worm == "a") & (rows.step == 16) & (rows.fold == 1)
    rows.loc[gone, list(MEASURES)] = INFINITE
    return rows.assign(diverged=np.where(gone, 4, 0))


def test_errors_that_diverged_are_not_averaged_away():
    table = skill(diverging()).set_index(["model", "n_train", "step"])
    line = table.loc[("M", 1, 16)]
    assert (line["mse"], line["skill"], line["diverged"]) == (INFINITE, -INFINITE, 8)
    other = table.drop(index=("M", 1, 16))
    assert np.isfinite(other["skill"]).all() and (other["diverged"] == 0).all()


def test_figure_4d_says_what_diverged():
    wide = at_steps(skill(diverging()))
    cells = [(measure, step) for measure in ("MSE", "skill (%)") for step in (1, 8, 16)]
    assert list(wide.columns) == cells
    gone = wide == "diverged"
    assert gone.loc[("M", 1), [("MSE", 16), ("skill (%)", 16)]].all()
    assert gone.to_numpy().sum() == 2


def test_figure_4d_by_hand():
    rows = [("Z", 1, 0.00123456, 0.254), ("A", 4, 0.5, -1.026), ("A", 1, 0.02, 0.0)]
    table = pd.DataFrame(rows, columns=["model", "n_train", "mse", "skill"]).assign(step=8)
    table = table.assign(skill_low=table["skill"] - 0.1, skill_high=table["skill"] + 0.104)
    wide = at_steps(pd.concat([table, table.assign(step=2, mse=9.0)]), steps=[8])
    assert list(wide.index) == [("Z", 1), ("A", 4), ("A", 1)]
    assert wide[("MSE", 8)].tolist() == ["12.3", "5000.0", "200.0"]
    wanted = ["25 [15, 36]", "-103 [-113, -92]", "0 [-10, 10]"]
    assert wide[("skill (%)", 8)].tolist() == wanted


def test_figure_4d_leaves_out_the_interval_of_a_single_worm():
    rows = two_worms()
    wide = at_steps(skill(rows[rows["worm"] == "b"]), steps=[1])
    assert wide[("skill (%)", 1)].tolist() == ["0", "25"]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.mark.parametrize("name", FORECASTS)
def test_every_experiment_can_be_built(name):
    experiment = forecast_named(name)
    assert experiment.lines[PERSISTENCE].model == "persistence"
    for label, plan in experiment.lines.items():
        assert plan.model in {*BASELINES, *NETWORKS}, label
        assert plan.sizes == ((1, 5) if experiment.unseen else (1, 4))
        if plan.model in NETWORKS:
            network(plan.model, 1, 3, 0, hidden=2, **plan.options)
    causal = [plan for plan in experiment.lines.values() if plan.scaling == "causal"]
    assert len(causal) == (len(experiment.lines) if name == "figure4c-causal" else 0)
    assert not any(plan.model == "constant-derivative" for plan in causal)


def test_every_model_is_in_figure_4c():
    for name in ("figure4c", "figure4c-three", "figure4c-nichols", "figure4c-abroad"):
        models = {plan.model for plan in FORECASTS[name].lines.values()}
        assert models == {*BASELINES, *NETWORKS}


def test_lines_are_chosen_by_label_beside_persistence():
    experiment = forecast_named("figure4c")
    assert list(experiment.only(["GNN", "MLP"]).lines) == [PERSISTENCE, "MLP", "GNN"]
    assert list(experiment.only([PERSISTENCE]).lines) == [PERSISTENCE]
    assert experiment.only(None) is experiment and experiment.only([]) is experiment
    assert experiment.only(["GNN"]).lines["GNN"] == experiment.lines["GNN"]
    with pytest.raises(ChoiceError, match=r"model 'SVM': .*'Ridge, one frame'"):
        experiment.only(["MLP", "SVM"])
    with pytest.raises(ChoiceError, match=r"experiment 'figure5'.*figure4c-abroad"):
        forecast_named("figure5")


@pytest.fixture
def found(store):
    """One cheap line on the simulated worms."""
    return experiments.run(forecast_named("figure4c").only(["Mean"]), "simulated", SMOKE, store)


def test_an_experiment_runs_on_simulated_worms(found, store):
    assert list(found.lines) == [PERSISTENCE, "Mean"]
    assert found.neurons == PAPER_NEURONS and (found.rows["n_neurons"] == 15).all()
    assert [worm.worm for worm in found.recordings] == [f"simulated-{i}" for i in range(1, 6)]
    for label, line in found.lines.items():
        own = found.rows[found.rows["model"] == label].drop(columns=["model", "n_neurons"])
        pd.testing.assert_frame_equal(own.reset_index(drop=True), line.rows)
    again = experiments.run(forecast_named("figure4c").only(["Mean"]), "simulated", SMOKE, store)
    pd.testing.assert_frame_equal(again.rows, found.rows)
    table = skill(found.rows).set_index(["model", "n_train", "step"])["skill"]
    assert len(table) == 2 * 2 * 16
    assert (table[PERSISTENCE] == 0).all()
    assert table["Mean"].min() < 0 < table["Mean"].max()  # worse at first, better far ahead


def test_a_line_is_its_plan_with_the_seed_of_the_run(store):
    experiment = forecast_named("figure4c-three").only(["Mean"])
    found = experiments.run(experiment, "simulated", SMOKE, store, seed=3)
    plan = replace(experiment.lines["Mean"], seed=3)
    wanted = forecast(plan, found.recordings, SHARED_WITH_NICHOLS, SMOKE, store)
    pd.testing.assert_frame_equal(found.lines["Mean"].rows, wanted.rows)
    other = forecast(replace(plan, seed=4), found.recordings, SHARED_WITH_NICHOLS, SMOKE, store)
    assert (other.rows["mse"] != wanted.rows["mse"]).any()
    assert found.neurons == SHARED_WITH_NICHOLS and (found.rows["n_neurons"] == 3).all()


def test_another_laboratorys_animals_are_forecast_at_one_frame_rate(store):
    found = experiments.run(
        forecast_named("figure4c-abroad").only(["Mean"]), "simulated", SMOKE, store
    )
    assert sorted(found.rows["worm"].unique()) == [f"other-{i}" for i in range(1, 5)]
    assert len({worm.fps for worm in found.recordings}) == 1
    assert len(found.recordings) == 9
    assert set(found.neurons) < set(PAPER_NEURONS)
    assert all(set(found.neurons) <= set(worm.identified) for worm in found.recordings)
    assert sorted(found.rows["n_train"].unique()) == [1, 5]


def test_nichols_worms_are_forecast_where_they_are(store, monkeypatch):
    experiment = forecast_named("figure4c-nichols").only([PERSISTENCE])
    monkeypatch.setenv("WORMGNN_DATA", str(store.folder / "nothing"))
    with pytest.raises(DatasetUnavailableError, match="nichols"):
        experiments.run(experiment, "simulated", SMOKE, store)
    here = small_worms(5, duration_s=60.0)
    elsewhere = [replace(worm, worm=f"n-{i}") for i, worm in enumerate(small_worms(2, 40.0, 2))]
    monkeypatch.setattr(experiments, "load", lambda name: elsewhere if name == "nichols" else here)
    found = experiments.run(experiment, "simulated", SMOKE, store)
    assert set(found.rows["worm"]) == {"n-0", "n-1"}
    assert found.neurons == SHARED_WITH_NICHOLS


def test_worms_without_the_three_neurons_are_named(store, monkeypatch):
    worms = small_worms(2, 60.0)
    lacking = worms[1].select([n for n in worms[1].identified if n != "VB02"])
    monkeypatch.setattr(experiments, "load", lambda name: [worms[0], lacking])
    with pytest.raises(NeuronError, match=r"simulated-2: no neuron named VB02"):
        experiments.run(forecast_named("figure4c-three"), "simulated", SMOKE, store)


def test_a_reference_comes_back_with_the_same_numbers(found, tmp_path, monkeypatch):
    monkeypatch.setenv("WORMGNN_RESULTS", str(tmp_path / "results"))
    path = experiments.write_reference("figure4c", found, "simulated", SMOKE, 0, "a command")
    assert path == tmp_path / "results" / "figure4c.simulated.csv"
    back = reference.read("figure4c.simulated")
    assert back is not None
    table = over_folds(found.rows)
    pd.testing.assert_frame_equal(back.table, table, rtol=5e-6, atol=0, check_dtype=False)
    assert not np.array_equal(back.table["mse"], table["mse"])  # they are written at six digits
    tables = skill(back.table), skill(found.rows)
    pd.testing.assert_frame_equal(*tables, rtol=1e-4, atol=1e-4)
    manifest = back.manifest
    about = [manifest[key] for key in ("command", "dataset", "seed")]
    assert about == ["a command", "simulated", 0]
    assert manifest["data"] == {worm.worm: worm.digest for worm in found.recordings}
    assert manifest["code"] == code_version(CODE)
    assert (manifest["neurons"], manifest["rows"]) == (list(PAPER_NEURONS), len(table))
    assert manifest["profile"]["epochs"] == SMOKE.epochs


def test_errors_that_diverged_come_back_from_a_reference(found, tmp_path, monkeypatch):
    monkeypatch.setenv("WORMGNN_RESULTS", str(tmp_path))
    experiments.write_reference(
        "figure4c", replace(found, rows=diverging()), "simulated", SMOKE, 0, "a command"
    )
    back = reference.read("figure4c.simulated")
    assert back is not None
    pd.testing.assert_frame_equal(at_steps(skill(back.table)), at_steps(skill(diverging())))


def test_one_worm_alone_leaves_none_to_forecast(store, monkeypatch):
    monkeypatch.setattr(experiments, "load", lambda name: small_worms(1, 60.0))
    with pytest.raises(RecordingError, match="another worm than those that train"):
        experiments.run(forecast_named("figure4c").only(["Mean"]), "simulated", SMOKE, store)


def test_a_baseline_that_was_not_run_is_named():
    with pytest.raises(ChoiceError, match="unknown baseline 'Mean': choose one of Persistence, M"):
        skill(two_worms(), baseline="Mean")


def test_there_is_no_negative_zero():
    rows = two_worms()
    rows.loc[rows["model"] == "M", "mse"] = 0.2006
    rows.loc[rows["model"] == "M", "worm"] = "b"
    assert at_steps(skill(rows), [1]).loc[("M", 1), ("skill (%)", 1)] == "0"
