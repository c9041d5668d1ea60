"""The dial, the differences along it, the edges, and where worms sit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiny import tiny_worms
from wormgnn.cohort import aligned, alignment
from wormgnn.datasets import kato
from wormgnn.datasets.simulated import Physics, Simulation
from wormgnn.errors import ChoiceError, RecordingError
from wormgnn.features import features
from wormgnn.paper.experiments import experiment_named
from wormgnn.paper.studies import mixing, placement
from wormgnn.plan import Profile
from wormgnn.recording import PAPER_NEURONS
from wormgnn.runner import run
from wormgnn.store import Store

TINY = Profile("smoke", subsets_per_size=2, folds=(0,), epochs=1)


def short(mixing=0.4, kind="loadings", **changes):
    return Simulation(mixing, kind, **{"n_worms": 3, "duration_s": 60.0, **changes})


def test_the_true_map_undoes_a_mixture_of_neurons_and_no_label_takes_part():
    world = short(0.7, "neurons", physics=Physics(noise=0.0, bleach_fraction=0.0))
    worms, shared = world.recordings(), world.shared()
    for worm, wanted in zip(aligned(worms, world, PAPER_NEURONS), shared, strict=True):
        np.testing.assert_allclose(worm.traces, wanted.select(PAPER_NEURONS).traces, atol=1e-6)
    own, truth = worms[0].select(PAPER_NEURONS), shared[0].select(PAPER_NEURONS)
    maps = [alignment(w, truth) for w in (own, replace(own, states=np.zeros_like(own.states)))]
    np.testing.assert_array_equal(*maps)
    assert maps[0].shape == (16, 15)
    with pytest.raises(ChoiceError, match="aligned"):
        aligned(worms, "simulated", PAPER_NEURONS)


def test_edges_that_undo_the_mixture_make_shared_signals_legible_and_common_ones_do_not():
    a, b = (np.random.default_rng(seed).normal(size=(200, 4)) for seed in (0, 1))
    own_a, own_b = (
        x @ np.random.default_rng(9 + k).normal(size=(4, 4)) for k, x in ((0, a), (1, b))
    )
    assert mixing.legibility([(a, a)], b, b) == pytest.approx(1, abs=1e-6)
    assert mixing.legibility([(own_a, a)], own_b, b) < 0.9
    common = np.random.default_rng(2).normal(size=(4, 4)) + 4 * np.eye(4)
    met = [mixing.legibility([(own_a @ m, a)], own_b @ m, b) for m in (np.eye(4), common)]
    assert met[0] == pytest.approx(met[1], abs=0.05)


def dialled(gains, **changes):
    """Unseen worms along the dial, to which their true alignment adds so much at each place."""
    rng, rows = np.random.default_rng(0), []
    for (place, gain), seed, worm in (
        (item, *unit) for item in gains.items() for unit in np.ndindex(3, 5)
    ):
        base = rng.normal(0, 0.05)
        for view, mean in (("aligned", 0.9), ("as recorded", 0.9 - gain)):
            rows.append((place, seed, worm + 1, view, mean + base + rng.normal(0, 0.002)))
    table = pd.DataFrame(rows, columns=["mixing", "sim_seed", "worm", "view", "accuracy"])
    known = {"model": "MLP, no norm", "kind": "loadings", "n_states": 2, "n_train": 1}
    return table.assign(**{**known, "seen": False, "majority": 0.55, **changes})


def test_room_is_what_the_true_map_adds_beyond_what_it_adds_without_mixing():
    one, four = dialled({0.0: 0.05, 0.2: 0.2}), dialled({0.0: 0.1, 0.2: 0.1}, n_train=4)
    table = pd.concat([one, four, one.assign(seen=True, accuracy=0.5)])
    better = (table["worm"] == 3) & (table["view"] == "aligned")
    table.loc[better, "accuracy"] += 0.05  # at 0 as well: it is the worm's own
    found = mixing.room(table.sample(frac=1, random_state=2)).set_index("n_train")
    assert found["mixing"].tolist() == [0.2, 0.2]  # at 0 there is nothing to undo
    assert found["difference"].to_dict() == pytest.approx({1: 15, 4: 0}, abs=0.5)
    assert found.loc[1, ["a", "b"]].tolist() == pytest.approx([21, 6], abs=0.5)
    assert found.loc[4, "low"] <= 0 <= found.loc[4, "high"]  # that map only took noise away
    for lacking in (dialled({0.2: 0.2}), dialled({0.0: 0.1}), one[one["view"] == "as recorded"]):
        with pytest.raises(ChoiceError):
            mixing.room(lacking)


def test_tuning_is_that_of_a_loop_and_a_state_never_shown_is_left_out(monkeypatch):
    first, second = (features(w, ("AVAL", "AVAR", "RIML", "VB01"), 4) for w in tiny_worms(2))
    for feature, neuron in np.ndindex(2, 4):
        x, y = first.x[feature, neuron], first.y
        means = np.array([x[y == s].mean(dtype=float) for s in range(4)])
        tuned = placement.tuning(first)[feature, neuron]
        np.testing.assert_allclose(tuned, means - means.mean(), atol=1e-6)
    lacking = replace(first, y=np.where(first.y == 3, -1, first.y))
    a, b = (placement.tuning(worm) for worm in (lacking, second))
    assert np.isnan(a[..., 3]).all() and np.isfinite(a[..., :3]).all()
    monkeypatch.setattr(placement, "features", lambda worm, *_: worm)
    both = np.corrcoef(a[..., :3].ravel(), b[..., :3].ravel())[0, 1]
    assert value([lacking, second], "tuning") == pytest.approx(both)


def value(worms, name, store=None):
    return float(placement.measure(worms, name, TINY, store)["value"].item())


@pytest.mark.parametrize("name", placement.DESCRIPTIONS)
def test_a_statistic_falls_along_the_dial(name):
    worlds = [short(m, "neurons", duration_s=300.0).recordings() for m in (0.0, 0.35, 1.0)]
    alike, middle, apart = (value(worms, name) for worms in worlds)
    assert alike > middle + 0.1 > apart + 0.3


@pytest.mark.parametrize("name", ["tuning", "SVM drop, 2 states"])
def test_without_a_worm_is_as_if_it_were_not_there(name, tmp_path):
    worms, store = short(0.2).recordings(), Store(tmp_path)
    each = placement.measure(worms, name, TINY, store, each=True).set_index("without")["value"]
    assert list(each.index) == ["", *(worm.worm for worm in worms)]
    # The last worm's absence moves no other's folds.
    assert each[worms[-1].worm] == pytest.approx(value(worms[:-1], name, store))
    with pytest.raises(ChoiceError, match="unknown statistic 'charm'"):
        value(worms, "charm")
    with pytest.raises(RecordingError, match="two or more, got 1"):
        placement.calibrate(worms[:1], TINY, (0.0,), (0,))


@pytest.mark.real_data
def test_real_worms_are_alike(kato_file):
    worms = kato.read(kato_file)
    assert value(worms, "tuning") == pytest.approx(0.8864, abs=1e-3)
    assert value(worms, "correlations") == pytest.approx(0.9522, abs=1e-3)
    described = placement.describe(worms).set_index("statistic")["value"].to_dict()
    assert described == pytest.approx({"roughness": 0.0709, "dimension": 2.146}, abs=0.01)


def line(slope=-1.0, sd=0.05, n=12):
    """Twelve seeds along a dial, whose mean is a straight line."""
    spread = np.resize([-1.0, 1.0], n) * sd * np.sqrt((n - 1) / n)
    places = [(place, slope * place + off) for place in (0.0, 0.25, 1.0) for off in spread]
    return pd.DataFrame(places, columns=["mixing", "value"])


@given(st.floats(0, 1), st.sampled_from([-1.0, 2.0]))
def test_a_value_on_the_curve_gives_its_place(mixing, slope):
    (found,) = placement.place([slope * mixing], line(slope)).to_dict("records")
    assert found["mixing"] == pytest.approx(mixing, abs=1e-6)
    assert found["low"] <= mixing + 0.002 and found["high"] >= mixing - 0.002


def test_intervals_are_as_wide_as_simulated_worms_spread_and_end_with_the_dial():
    found, reach = placement.place([-0.5, 0.1, -5.0], line()), 2.201 * 0.05 * np.sqrt(13 / 12)
    assert found["mixing"].tolist()[1:] == [0, 1] and found["beyond"].tolist()[1:] == [
        "start",
        "end",
    ]
    assert found["low"].tolist()[:2] == pytest.approx([0.5 - reach, 0], abs=0.002)
    assert found["high"][0] == pytest.approx(0.5 + reach, abs=0.002)
    assert np.isnan(found.loc[2, ["low", "high"]].astype(float)).all()


def test_reference_tables_are_of_worms_like_those_of_the_run(tmp_path, monkeypatch):
    monkeypatch.setenv("WORMGNN_STORE", str(tmp_path))
    monkeypatch.setattr(placement, "PLACES", (0.0, 1.0))
    monkeypatch.setattr(placement, "TRAINED_PLACES", (0.0, 0.5))
    like = short(0.2, duration_s=150.0, fps=2.0).recordings()
    table = run(experiment_named("mixing-placement"), like, TINY, device="cpu")
    curves = placement.calibration(table)
    assert curves.groupby("statistic").size().tolist() == [16, 16, 128, 128]
    placed = placement.placement(table)
    described = placed[placed["kind"].isna()]["statistic"].tolist()
    assert described == ["roughness", "dimension"] and len(placed) == 20 * 4 + 2
    assert placement.where(placed)["statistics"].tolist()[:3] == [4, 4, 2]
