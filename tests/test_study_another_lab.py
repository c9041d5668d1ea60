"""Another laboratory's animals: who decodes them by which neurons; and worms without names."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from recordings import small_worms
from wormgnn.comparison import select
from wormgnn.datasets import registry
from wormgnn.datasets.simulated import simulate, simulate_other_lab
from wormgnn.paper.experiments import experiment_named
from wormgnn.paper.studies import another_lab as study
from wormgnn.paper.studies.another_lab import SIDED, SKEWNESS, STATISTICS, TOLD, UNNAMED
from wormgnn.paper.studies.decoder import BOTH, intervals
from wormgnn.plan import Profile
from wormgnn.runner import run
from wormgnn.store import Store

SCALE = Profile("tiny", subsets_per_size=None, folds=(0, 1), epochs=3)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The SVM under every rule and view, and within the other laboratory."""
    train = small_worms(3, duration_s=100.0)
    animals = simulate_other_lab(n_worms=3, duration_s=150.0)
    sizes = {True: (2,), False: (1, 2, 3)}
    whole = experiment_named("transfer").only(["SVM"])
    lines = [replace(n, plan=replace(n.plan, sizes=sizes[n.alone])) for n in whole.lines]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "other_lab", lambda _: animals)
        store = Store(tmp_path_factory.mktemp("store"))
        return run(replace(whole, lines=tuple(lines)), train, SCALE, store, device="cpu")


def test_means_are_over_members_of_the_most_training_worms_and_the_reference_has_all_of_them(ran):
    means = study.by_worm(ran.rows)
    key = {"neurons": "own", "view": "as recorded", "worm": "other-1"}
    members = select(ran.rows, key | {"n_train": 3})
    line = select(means, key | {"case": study.ABROAD})
    assert line["members"].item() == len(members) == 2
    assert line["accuracy"].item() == pytest.approx(members["accuracy"].mean())
    within = select(means, {"case": study.WITHIN})
    assert sorted(within["worm"]) == ["other-1", "other-2", "other-3"]
    assert (within["members"] == 2).all()
    home = select(means, {"case": study.HOME, "neurons": "common", "worm": "simulated-1"})
    left_out = select(ran.rows, {"neurons": "common", "worm": "simulated-1", "n_train": 2})
    left_out = left_out[~left_out["seen"]]
    assert home["accuracy"].item() == pytest.approx(left_out["accuracy"].mean())
    kept = study.essential(ran)
    assert len(kept) < 0.5 * len(ran.rows)
    pd.testing.assert_frame_equal(study.by_worm(kept), means)


def test_laboratories_by_decoders(ran):
    means = study.by_worm(ran.rows)
    worms = means.drop_duplicates("worm").set_index("worm")["majority"]
    far = np.tile(np.where(worms.index.str.startswith("other"), "wormwideweb", "kato"), 2)
    scores = pd.DataFrame({"worm": [*worms.index] * 2, "majority": [*worms] * 2}).assign(
        **{"n_states": 2, "trained_on": np.repeat(["kato", BOTH], len(worms)), "laboratory": far},
        **{"accuracy": 0.9, "balanced_accuracy": np.linspace(0.7, 0.8, 2 * len(worms))},
    )
    table = study.laboratories(study.decoders(means, scores)).set_index(["decoder", "trained_on"])
    assert list(table.index) == [
        ("SVM", study.HERE), ("BehaviourDecoder", study.HERE), ("BehaviourDecoder", "both"),
        ("majority class", ""),
    ]  # fmt: skip
    assert list(table)[:2] == [f"{study.HERE} (n = 3)", f"{study.HERE}, accuracy"]
    svm = select(means, {"case": study.ABROAD, "neurons": "own", "view": "as recorded"})
    mean = 100 * svm["balanced_accuracy"].mean()
    assert table[f"{study.THERE} (n = 3)"].iloc[0].startswith(f"{mean:.1f} [")
    assert table[f"{study.HERE}, accuracy"].iloc[1] == "90.0"
    majority = 100 * worms[worms.index.str.startswith("other")].mean()
    assert table[f"{study.THERE}, accuracy"].iloc[-1] == f"{majority:.1f}"


def test_whether_the_distance_predicts():
    worms, distance = np.repeat([f"w{n}" for n in range(6)], 3), np.arange(18.0)
    table = pd.DataFrame({"worm": worms, "distance": distance, "balanced_accuracy": -distance})
    found = study.distance_predicts(table, n=200)
    assert found["correlation"] == found["low"] == found["high"] == pytest.approx(-1)
    noise = table.assign(balanced_accuracy=np.random.default_rng(0).normal(size=18))
    found = study.distance_predicts(noise, n=200)
    wanted = spearmanr(noise["distance"], noise["balanced_accuracy"]).statistic
    assert found["correlation"] == pytest.approx(wanted)
    assert found["low"] < wanted < found["high"]


# --- without names


@pytest.fixture(scope="module")
def train():
    return simulate(3, duration_s=150.0, mixing=0.0)


@pytest.fixture(scope="module")
def animals():
    return simulate_other_lab(n_worms=2, duration_s=150.0)


def test_neither_names_nor_the_order_of_neurons_play_a_part_and_labels_tell_but_the_side(train):
    worm = train[0]
    order = np.random.default_rng(0).permutation(len(worm.neurons))
    nameless_neurons = {"derivatives": None, "neurons": ("",) * len(worm.neurons)}
    dealt = replace(worm, traces=worm.traces[:, order], **nameless_neurons)
    blind = replace(worm, states=np.roll(worm.states, 100))
    others = [study.bare(one) for one in train[1:]]
    one, two, three = (study.frames(study.bare(w), others) for w in (worm, dealt, blind))
    for way in (TOLD, SIDED, STATISTICS):
        np.testing.assert_allclose(one[way], two[way], atol=1e-6)
    for way in (SKEWNESS, SIDED, STATISTICS):
        np.testing.assert_allclose(one[way], three[way])


def test_worms_that_are_alike_are_read(train, animals, tmp_path, monkeypatch):
    """Animals without names come from the data folder."""
    monkeypatch.setenv("WORMGNN_DATA", str(tmp_path))
    (tmp_path / "dag2023_unnamed").mkdir()
    (tmp_path / "dag2023_unnamed" / "x-data.h5").write_bytes(b"")
    unnamed = replace(animals[0], worm="x", neurons=("",) * len(animals[0].neurons))
    monkeypatch.setattr(study.registry, "read", lambda path: [unnamed])
    rows = study.of_table(SimpleNamespace(recordings=(*train, *animals[1:])))
    counts = rows.groupby("laboratory")["worm"].nunique().to_dict()
    assert counts == {"simulated": 3, "elsewhere": 1, UNNAMED: 1}
    mean = rows[rows["laboratory"] == "simulated"].groupby("way")["balanced_accuracy"].mean()
    assert mean[TOLD] > 0.75 and mean[TOLD] > mean[STATISTICS]
    lines = intervals(rows, ["way", "laboratory"]).set_index(["way", "laboratory"])
    line = lines.loc[(TOLD, "simulated")]
    assert line["n"] == 3 and line["low"] <= line["mean"] <= line["high"]
    assert line["mean"] == pytest.approx(100 * mean[TOLD])
