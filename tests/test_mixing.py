"""The dial, the differences along it, and the edges."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mixing_tables import SHORT, TINY, made_up
from wormgnn.datasets.simulated import Physics
from wormgnn.mixing import checks, dial, edges
from wormgnn.mixing.differences import differences, headroom, real_differences
from wormgnn.protocol import classify
from wormgnn.recording import PAPER_NEURONS
from wormgnn.store import Store


def test_the_true_map_undoes_a_mixture_of_neurons() -> None:
    plain = Physics(noise=0.0, bleach_fraction=0.0)
    setting = dial.Setting(0.7, "neurons", **SHORT, physics=plain)  # type: ignore[arg-type]
    worms, shared = setting.recordings(), setting.shared()
    for found, wanted in zip(dial.aligned(worms, shared, PAPER_NEURONS), shared, strict=True):
        np.testing.assert_allclose(found.traces, wanted.select(PAPER_NEURONS).traces, atol=1e-6)


def test_what_worms_share_does_not_depend_on_the_dial() -> None:
    settings = [
        dial.Setting(m, kind, **SHORT) for m in (0.2, 0.9) for kind in ("loadings", "neurons")
    ]  # type: ignore[arg-type]
    assert len({worm.digest for s in settings for worm in s.shared()}) == 3
    assert len({worm.digest for s in settings for worm in s.recordings()}) == 12


def test_no_label_takes_part_in_the_true_map() -> None:
    setting = dial.Setting(0.4, **SHORT)  # type: ignore[arg-type]
    worm, shared = setting.recordings()[0], setting.shared()[0]
    other = replace(worm, states=np.zeros_like(worm.states))
    maps = [dial.alignment(w, shared, PAPER_NEURONS) for w in (worm, other)]
    np.testing.assert_array_equal(*maps)
    assert maps[0].shape == (16, 15)


def test_rows_are_means_over_subsets(tmp_path: Path) -> None:
    setting = dial.Setting(0.3, **SHORT)  # type: ignore[arg-type]
    plan = replace(dial.MODELS["MLP"], sizes=(1, 2))
    plans = {"MLP": plan, "MLP" + dial.ALIGNED: plan}
    table = dial.run([setting], plans, TINY, Store(tmp_path))
    assert list(table.columns) == list(dial.COLUMNS)
    rows = classify(plan, setting.recordings(), PAPER_NEURONS, TINY, Store(tmp_path)).rows
    for row in table[table["model"] == "MLP"].to_dict("records"):
        same = rows[
            (rows["n_train"] == row["n_train"])
            & (rows["seen"] == row["seen"])
            & (rows["worm"] == f"simulated-{row['worm']}")
        ]
        assert row["n"] == len(same)
        assert row["accuracy"] == pytest.approx(same["accuracy"].mean())
    pair = [part["accuracy"].to_numpy() for _, part in table.groupby("model")]
    assert not np.array_equal(*pair)  # the second sees other traces


def test_the_grid_has_every_place() -> None:
    settings = dial.grid(("loadings", "neurons"), (0.0, 1.0), (3, 4, 5), n_worms=2)
    assert len({(s.kind, s.mixing, s.seed) for s in settings}) == 12
    assert {s.n_worms for s in settings} == {2}


def test_more_training_worms_are_judged_on_the_same_others(tmp_path: Path) -> None:
    rows = checks.many_worms((0,), TINY, Store(tmp_path), counts=(1, 3))
    unseen = rows[~rows["seen"]]
    assert {tuple(part["worm"]) for _, part in unseen.groupby(["kind", "model", "n_train"])} == {
        tuple(range(4, 4 + checks.N_UNSEEN))
    }
    assert set(rows.loc[rows["seen"], "worm"]) == {1, 2, 3}


def test_each_check_compares_a_gnn_with_its_mlp() -> None:
    for check in checks.checks().values():
        assert check.settings and "MLP, no norm" in check.plans
        assert any(name.startswith("GNN") for name in check.plans)


def test_differences_are_paired_by_worm() -> None:
    table = made_up(0.8, 0.7)
    seen = made_up(0.1, 0.9, seen=True)
    found = differences(pd.concat([table, seen]).sample(frac=1, random_state=1))
    assert list(found["other"]) == ["MLP, no norm"]  # "MLP" is not there
    wide = table.pivot(index=["sim_seed", "worm"], columns="model", values="accuracy")
    row = found.iloc[0]
    assert row["difference"] == pytest.approx((wide["GNN"] - wide["MLP, no norm"]).mean())
    assert row["n_worms"] == 15
    assert 0.09 < row["low"] < row["difference"] < row["high"] < 0.11  # not the worms' 5 points


def test_worms_trained_on_are_compared_by_themselves() -> None:
    both = pd.concat([made_up(0.8, 0.7), made_up(0.5, 0.9, seen=True)])
    found = [differences(both, seen=seen)["difference"].item() for seen in (False, True)]
    assert found == pytest.approx([0.1, -0.4], abs=0.01)


def test_without_the_model_there_is_nothing_to_compare() -> None:
    assert differences(made_up(0.8, 0.7), "SVM").empty


def dialled(gains: dict[float, float], **changes: object) -> pd.DataFrame:
    """Worms along the dial, whose true alignment (0.9) adds so much at each place."""
    places = [made_up(0.8, 0.9 - gain, mixing=m, **changes) for m, gain in gains.items()]
    return pd.concat(places, ignore_index=True)


def test_room_is_what_the_true_map_adds_beyond_what_it_adds_without_mixing() -> None:
    found = headroom(dialled({0.0: 0.05, 0.2: 0.2}))
    assert found["mixing"].tolist() == [0.2]  # at 0 there is nothing to undo
    row = found.iloc[0]
    assert row["difference"] == pytest.approx(0.15, abs=0.005)
    assert row["whole"] == pytest.approx(0.2, abs=0.005)
    assert row["at_zero"] == pytest.approx(0.05, abs=0.005)
    assert row["at_zero_low"] < row["at_zero"] < row["at_zero_high"]
    assert row["n_worms"] == 15 and row["accuracy"] == pytest.approx(0.9, abs=0.05)


def test_a_map_that_only_takes_noise_away_leaves_no_room() -> None:
    row = headroom(dialled({0.0: 0.1, 0.5: 0.1})).iloc[0]
    assert row["difference"] == pytest.approx(0) and row["low"] <= 0 <= row["high"]


def test_room_is_paired_by_worm_set_and_number_of_training_worms() -> None:
    one, four = dialled({0.0: 0.05, 0.2: 0.2}), dialled({0.0: 0.0, 0.2: 0.1}, n_train=4)
    table = pd.concat([one, four, one.assign(seen=True, accuracy=0.5)])
    better = (table["worm"] == 3) & table["model"].str.endswith("alignment")
    table.loc[better, "accuracy"] += 0.05  # at 0 as well: it is the worm's own
    shuffled = table.sample(frac=1, random_state=2)
    found = headroom(shuffled).set_index("n_train")["difference"]
    assert found.to_dict() == pytest.approx({1: 0.15, 4: 0.1}, abs=0.005)
    wide = one[~one["seen"]].pivot_table("accuracy", ["mixing", "sim_seed", "worm"], "model")
    gain = (wide["MLP, no norm, true alignment"] - wide["MLP, no norm"]).unstack("mixing")
    assert found[1] == pytest.approx((gain[0.2] - gain[0.0]).mean())


@pytest.mark.parametrize("gains", [{0.2: 0.2}, {0.0: 0.1}])
def test_without_both_places_no_room_is_measured(gains: dict[float, float]) -> None:
    assert headroom(dialled(gains)).empty


def test_real_worms_are_the_units_of_table_1() -> None:
    rows = pd.DataFrame(
        [
            (1, model, worm, fold, False, (0.9 if model == "GNN" else 0.8) + 0.01 * fold)
            for model in ("GNN", "MLP, no norm", "SVM")
            for worm in "abcde"
            for fold in range(2)
        ],
        columns=["n_train", "model", "worm", "fold", "seen", "accuracy"],
    )
    found = real_differences(rows).iloc[0]
    assert (found["n_train"], found["n_worms"]) == (1, 5)
    assert found["difference"] == pytest.approx(0.1)


def signals(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What a worm shares, and its own mixture of it."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(200, 4))
    return shared, shared @ rng.normal(size=(4, 4))


def test_edges_that_undo_the_mixture_make_the_shared_signals_legible() -> None:
    (a, own_a), (b, own_b) = signals(0), signals(1)
    assert edges.legibility([(a, a)], b, b) == pytest.approx(1, abs=1e-6)
    assert edges.legibility([(own_a, a)], own_b, b) < 0.9


def test_edges_that_all_worms_share_change_nothing() -> None:
    (a, own_a), (b, own_b) = signals(0), signals(1)
    common = np.random.default_rng(2).normal(size=(4, 4)) + 4 * np.eye(4)
    met = [edges.legibility([(own_a @ m, a)], own_b @ m, b) for m in (np.eye(4), common)]
    assert met[0] == pytest.approx(met[1], abs=0.05)


def test_legibility_is_of_unseen_worms_alone(tmp_path: Path) -> None:
    setting = dial.Setting(0.2, **SHORT)  # type: ignore[arg-type]
    found = edges.legible([setting], TINY, Store(tmp_path))
    # Two subsets of one worm each; of size four there is none among three worms.
    assert set(found["n_train"]) == {1}
    assert found["n"].sum() == 4
    assert found[["traces", "messages"]].abs().max().max() <= 1
