"""Statistics of worms, and the places that they give them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixing_tables import SHORT, TINY, calibrated
from tiny import tiny_worms
from wormgnn.datasets.kato import read as read_kato
from wormgnn.datasets.simulated import Physics
from wormgnn.errors import ChoiceError, RecordingError
from wormgnn.features import features
from wormgnn.mixing import calibration, dial, placement
from wormgnn.mixing.calibration import Curve, calibrate, curve, place, placements, recovery
from wormgnn.store import Store


def test_tuning_is_that_of_a_loop() -> None:
    worm = features(tiny_worms(1)[0], ("AVAL", "AVAR", "RIML", "VB01"), 4)
    found = placement.tuning(worm)
    for feature in range(2):
        for neuron in range(4):
            means = [worm.x[feature, neuron, worm.y == s].mean(dtype=float) for s in range(4)]
            np.testing.assert_allclose(
                found[feature, neuron], np.array(means) - np.mean(means), atol=1e-6
            )


def test_a_state_that_a_worm_never_shows_is_left_out() -> None:
    worms = [features(w, ("AVAL", "AVAR", "RIML", "VB01"), 4) for w in tiny_worms(2)]
    lacking = replace(worms[0], y=np.where(worms[0].y == 3, -1, worms[0].y))
    tunings = [placement.tuning(worm) for worm in (lacking, worms[1])]
    assert np.isnan(tunings[0][..., 3]).all() and np.isfinite(tunings[0][..., :3]).all()
    matrix = placement.likeness(tunings)
    both = np.corrcoef(*[t[..., :3].ravel() for t in tunings])[0, 1]
    assert matrix[0, 1] == pytest.approx(both)


def test_summaries_of_a_matrix() -> None:
    matrix = np.array([[9.0, 1.0, 2.0], [3.0, 8.0, 4.0], [5.0, 6.0, 7.0]])
    assert placement.between(matrix) == pytest.approx(3.5)
    assert placement.drop(matrix) == pytest.approx(4.5)


@pytest.mark.parametrize("name", ["tuning", "correlations"])
def test_a_statistic_falls_along_the_dial(name: str, tmp_path: Path) -> None:
    for kind in ("loadings", "neurons"):
        values = [
            placement.measure(
                dial.Setting(m, kind, n_worms=3, duration_s=300.0).recordings(),  # type: ignore[arg-type]
                name,
                TINY,
                Store(tmp_path),
            )["value"].item()
            for m in (0.0, 0.35, 1.0)
        ]
        assert values[0] > values[1] + 0.1 > values[2] + 0.3


@pytest.mark.parametrize("name", ["tuning", "SVM drop, 2 states"])
def test_without_a_worm_is_as_if_it_were_not_there(name: str, tmp_path: Path) -> None:
    worms, store = dial.Setting(0.2, **SHORT).recordings(), Store(tmp_path)  # type: ignore[arg-type]
    found = placement.measure(worms, name, TINY, store, each=True).set_index("without")["value"]
    assert list(found.index) == ["", *(worm.worm for worm in worms)]
    # The last worm's absence moves no other's folds.
    rest = placement.measure(worms[:-1], name, TINY, store)["value"].item()
    assert found[worms[-1].worm] == pytest.approx(rest)


def test_an_unknown_statistic_names_the_choices(tmp_path: Path) -> None:
    with pytest.raises(ChoiceError, match="unknown statistic 'charm'"):
        placement.measure(tiny_worms(2), "charm", TINY, Store(tmp_path))


def test_noise_and_dimension_of_traces() -> None:
    smooth, rough = (
        dial.Setting(0.0, duration_s=200.0, physics=Physics(noise=noise)).recordings()
        for noise in (0.01, 0.3)
    )
    assert placement.roughness(rough) > 5 * placement.roughness(smooth)
    assert placement.dimension(rough) > placement.dimension(smooth) > 1


def line(slope: float = -1.0, sd: float = 0.05, n: int = 12) -> Curve:
    at = np.linspace(0, 1, calibration.N_FINE)
    return Curve(at, slope * at, np.full_like(at, sd), n)


@given(st.floats(0, 1), st.sampled_from([-1.0, 2.0]))
def test_a_value_on_the_curve_gives_its_place(mixing: float, slope: float) -> None:
    found = place(slope * mixing, line(slope))
    assert found["mixing"] == pytest.approx(mixing, abs=1e-6)
    assert found["low"] <= mixing + 0.002 and found["high"] >= mixing - 0.002  # type: ignore[operator]
    assert found["beyond"] == ""


def test_the_interval_is_as_wide_as_the_spread_of_simulated_worms() -> None:
    found = place(-0.5, line(sd=0.05, n=12))
    reach = 2.201 * 0.05 * np.sqrt(13 / 12)
    assert (found["low"], found["high"]) == pytest.approx((0.5 - reach, 0.5 + reach), abs=0.002)


def test_a_value_off_the_dial_says_so() -> None:
    above, below = place(0.01, line()), place(-5.0, line())
    assert (above["mixing"], above["beyond"]) == (0.0, "start")
    assert above["low"] == 0.0 and above["high"] > 0  # type: ignore[operator]
    assert (below["mixing"], below["beyond"]) == (1.0, "end")
    assert np.isnan([below["low"], below["high"]]).all()  # type: ignore[list-item]


def test_a_curve_goes_one_way() -> None:
    rows = calibrated()
    rows.loc[rows["mixing"] == 0.5, "value"] = 0.9
    assert (np.diff(curve(rows).mean) <= 0).all()
    assert curve(rows).n == 5


def test_simulated_worms_are_found_where_they_are() -> None:
    exact, noisy = recovery(calibrated()).iloc[0], recovery(calibrated(0.05)).iloc[0]
    assert exact["error"] == pytest.approx(0, abs=1e-6)
    assert 0 < noisy["error"] < 0.1
    assert noisy["covered"] > 0.8
    assert noisy["n"] == 15  # the place at 1.0 is not asked for


def test_placements_have_a_row_for_each_axis_and_worm_left_out() -> None:
    measured = pd.DataFrame(
        {
            "statistic": ["tuning", "tuning", "other"],
            "without": ["", "a", ""],
            "value": [0.9, 0.6, 0],
        }
    )
    found = placements(calibrated(0.01), measured)
    np.testing.assert_allclose(found["mixing"], [0.1, 0.4], atol=0.03)
    assert list(found["without"]) == ["", "a"]


def test_simulated_worms_for_a_calibration_are_like_the_recordings(tmp_path: Path) -> None:
    like = dial.Setting(0.0, n_worms=4, duration_s=50.0, fps=2.0).recordings()
    assert calibration._size(like) == pytest.approx((4, 50.0, 2.0), rel=0.05)
    rows = calibrate(
        like, TINY, Store(tmp_path), (0.0, 1.0), (0, 1), ("tuning",), kinds=("neurons",)
    )
    assert len(rows) == 2 * 2 * len(calibration.PHYSICS)
    with pytest.raises(RecordingError, match="two or more, got 1"):
        calibrate(like[:1], TINY, Store(tmp_path), (0.0,), (0,))


def test_real_worms_are_alike(kato_file: Path, tmp_path: Path) -> None:
    worms = read_kato(kato_file)
    store = Store(tmp_path)
    values = {
        name: placement.measure(worms, name, TINY, store)["value"].item()
        for name in ("tuning", "correlations")
    }
    assert values == pytest.approx({"tuning": 0.8864, "correlations": 0.9522}, abs=1e-3)
    described = placement.describe(worms).set_index("statistic")["value"]
    assert described["roughness"] == pytest.approx(0.0709, abs=1e-3)
    assert described["dimension"] == pytest.approx(2.146, abs=0.01)
