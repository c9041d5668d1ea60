"""What is said of the dial, and the command that writes its tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mixing_tables import SHORT, TINY, calibrated, made_up
from wormgnn import reference
from wormgnn.mixing import checks, dial, edges, verdict
from wormgnn.mixing import reference as command
from wormgnn.mixing.differences import differences, headroom
from wormgnn.store import Store


def test_the_headline_counts_places() -> None:
    worse = made_up(0.6, 0.7, mixing=0.5)
    text = verdict.headline(pd.concat([made_up(0.8, 0.7), worse, made_up(0.7, 0.7, mixing=0.75)]))
    assert "better at 1 of 3 places" in text and "class), worse at 1, and neither at 1" in text
    assert "at 1 of these it is also above the majority" in text
    guessing = verdict.headline(made_up(0.5, 0.4))
    assert "better at 1 of 1" in guessing and "at 0 of these" in guessing
    found = differences(made_up(0.8, 0.7))["difference"].item()
    assert f"best it differs from *MLP, no norm* by {100 * found:+.1f} points" in text
    assert "n = 15 worms; mixing 0.2 of loadings, 1 training worm)" in text
    assert "room" not in text  # without mixing 0 nothing can be said of it


def test_room_is_said_less_that_without_mixing() -> None:
    table = pd.concat([made_up(0.7, 0.85, mixing=0.0), made_up(0.7, 0.7)])
    text, row = verdict.headline(table), headroom(table).iloc[0]
    assert row["difference"] == pytest.approx(0.15, abs=0.01) and row["whole"] > 0.19
    assert "There is room for edges to help" in text
    assert f"gains up to {100 * row['difference']:+.1f} points" in text
    assert "above zero at 1 of 1 places above 0. This is the gain less the same worm's" in text
    assert f"noise away: {100 * row['at_zero']:+.1f} points (" in text and "trained on 1." in text
    only_noise = pd.concat([made_up(0.7, 0.7, mixing=0.0), made_up(0.7, 0.7)])
    assert "No room for edges to help shows" in verdict.headline(only_noise)


def test_worms_trained_on_are_counted_for_each_number_of_them() -> None:
    four = made_up(0.9, 0.8, seen=True, n_train=4)
    text = verdict.same_worms(pd.concat([made_up(0.7, 0.8, seen=True), four, made_up(0.9, 0.1)]))
    assert "trained on 1, better at 0 of 1 places and worse at 1" in text
    assert "trained on 4, better at 1 of 1 places and worse at 0" in text


def test_checks_are_counted_each_by_itself() -> None:
    a, b = made_up(0.8, 0.7).assign(check="a"), made_up(0.5, 0.7).assign(check="b")
    other = b[b["model"] == "GNN"].assign(model="GNN: sum")
    table = verdict.checks_table(pd.concat([a, b, other]))
    assert list(table["model"]) == ["GNN", "GNN", "GNN: sum"]
    assert table["GNN"].tolist() == pytest.approx([0.8, 0.5, 0.5], abs=0.05)
    text = verdict.checks_sentence(table)
    assert "2 further ways (3 comparisons), the GNN is better in 1 (1 above" in text
    assert "and worse in 2" in text


def placed(*intervals: tuple[float, float]) -> pd.DataFrame:
    rows = [
        {"statistic": str(k), "without": "", "mixing": (a + b) / 2, "low": a, "high": b}
        for k, (a, b) in enumerate(intervals)
    ]
    return pd.DataFrame(rows).assign(physics="default", kind="loadings")


@pytest.mark.parametrize(
    ("intervals", "agree"),
    [
        (((0.0, 0.2), (0.1, 0.3)), True),
        (((0.0, 0.1), (0.2, 0.3)), False),
        (((0.0, 0.2), (np.nan, np.nan)), False),
    ],
)
def test_statistics_agree_if_their_intervals_share_a_place(
    intervals: tuple[tuple[float, float], ...], agree: bool
) -> None:
    found = verdict.where(placed(*intervals))
    assert found["agree"].item() == agree
    text = verdict.where_sentence(found, "five worms")
    assert ("no place in common" in text) is not agree


def test_a_worm_left_out_is_not_a_statistic_of_all() -> None:
    table = placed((0.0, 0.2), (0.1, 0.3))
    without = table.assign(without="kato-1", mixing=0.9, low=0.8, high=1.0)
    pd.testing.assert_frame_equal(verdict.where(pd.concat([table, without])), verdict.where(table))


def test_the_place_without_mixing_counts_once() -> None:
    twice = pd.concat(
        [made_up(0.8, 0.7, mixing=0.0, kind=kind) for kind in ("loadings", "neurons")]
    )
    assert "better at 1 of 1 places" in verdict.headline(twice)


def test_real_worms_stand_beside_simulated_ones_at_their_place() -> None:
    found = differences(pd.concat([made_up(0.7, 0.7, mixing=0.0), made_up(0.6, 0.7, mixing=0.4)]))
    real = pd.DataFrame(
        {"n_train": [1, 2], "difference": -0.02, "low": -0.1, "high": 0.1, "n_worms": 5}
    )
    text = verdict.real_sentence(found, verdict.where(placed((0.1, 0.3))), real)
    half = 100 * found["difference"].mean()  # 0.2 lies halfway between 0 and 0.4
    assert "-2.0 points (95 % interval -10.0 to +10.0, n = 5 worms) measured" in text
    assert f"simulated worms have {half:+.1f} (loadings)" in text
    assert "trained on 2" not in text


def test_the_nearest_physics_have_the_worms_noise_and_dimension() -> None:
    table = pd.DataFrame(
        {
            "physics": ["a", "b", "a", "b"],
            "mixing": [0.0, 0.0, 1.0, 1.0],
            "roughness": [0.2, 0.05, 0.1, 9.0],
            "dimension": [2.0, 2.5, 2.0, 9.0],
        }
    )
    described = pd.DataFrame(
        {"statistic": ["roughness", "dimension"], "kind": np.nan, "value": [0.06, 2.0]}
    )
    assert verdict.nearest_physics(table, described) == "b"  # far along the dial it would not be


def test_messages_are_counted_where_traces_say_something() -> None:
    table = pd.DataFrame(
        {
            "kind": "loadings",
            "mixing": [0.1, 0.5, 1.0],
            "n_train": 1,
            "traces": [0.9, 0.7, 0.1],
            "messages": [0.8, 0.6, 0.3],
        }
    )
    text = verdict.legible_sentence(table)
    assert "at 1 of 3 places, and at 0 of the 2" in text and "lose 0.10 on average" in text


def test_the_command_writes_tables_that_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORMGNN_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("WORMGNN_STORE", str(tmp_path / "store"))
    rows = dial.run([dial.Setting(0.1, **SHORT)], {"SVM": dial.MODELS["SVM"]}, TINY, Store())  # type: ignore[arg-type]
    monkeypatch.setattr(dial, "run", lambda *_: rows)
    kept = pd.DataFrame({"traces": [0.9], "messages": [0.8]})
    monkeypatch.setattr(edges, "legible", lambda *_: kept)
    monkeypatch.setattr(checks, "run_all", lambda *_: rows.assign(check="none"))
    monkeypatch.setattr(command, "calibration", lambda *_: calibrated(0.01))
    monkeypatch.setattr(
        command,
        "measured",
        lambda *_: pd.DataFrame({"statistic": ["tuning"], "without": [""], "value": [0.8]}),
    )
    monkeypatch.setattr(command, "load", lambda _: dial.Setting(0.1, **SHORT).recordings())  # type: ignore[arg-type]
    result = CliRunner().invoke(command.main, ["--dataset", "tiny"], catch_exceptions=False)
    assert result.exit_code == 0
    of_dial = {f"{name}.simulated" for name in ("mixing", "mixing_edges", "mixing_checks")}
    of_worms = {f"{name}.tiny" for name in ("mixing_calibration", "mixing_placement")}
    found = {path.stem: reference.read(path.stem) for path in (tmp_path / "results").glob("*.csv")}
    assert set(found) == of_dial | of_worms
    table = found["mixing_placement.tiny"].table  # type: ignore[union-attr]
    assert verdict.where(table)["statistics"].tolist() == [1]  # roughness places nobody
