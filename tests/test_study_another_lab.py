"""Another laboratory's animals: who decodes them by which neurons, and the tables of the page."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from recordings import small_worms
from wormgnn.comparison import select
from wormgnn.datasets import registry
from wormgnn.datasets.simulated import simulate_other_lab
from wormgnn.paper.experiments import experiment_named
from wormgnn.paper.studies import another_lab as study
from wormgnn.paper.studies.decoder import BOTH
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


def test_each_animal_once_by_the_neurons_it_has(ran):
    rows = ran.rows[study.of_animals(ran.rows)]
    abroad = rows[rows["train"] == "simulated"]
    counts = abroad.groupby(["neurons", "view", "worm"]).size()
    assert (counts == 7 * 2).all()  # 3 subsets of one, 3 of two, 1 of three; 2 folds
    assert len(counts) == 4 * 3
    own = select(abroad, {"neurons": "own"}).groupby("worm")["n_neurons"].unique()
    assert [n.tolist() for n in own] == [[11], [12], [12]]
    assert select(abroad, {"neurons": "common"})["animals"].unique() == ["other-1+other-2+other-3"]


def test_means_are_over_members_of_the_most_training_worms(ran):
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


def test_the_reference_holds_what_the_page_shows(ran):
    kept = study.essential(ran)
    assert len(kept) < 0.5 * len(ran.rows)
    pd.testing.assert_frame_equal(study.by_worm(kept), study.by_worm(ran.rows))


def test_laboratories_by_decoders(ran):
    means = study.by_worm(ran.rows)
    worms = means.drop_duplicates("worm").set_index("worm")["majority"]
    far = np.tile(np.where(worms.index.str.startswith("other"), "wormwideweb", "kato"), 2)
    scores = pd.DataFrame({"worm": [*worms.index] * 2, "majority": [*worms] * 2}).assign(
        n_states=2,
        trained_on=np.repeat(["kato", BOTH], len(worms)),
        laboratory=far,
        accuracy=0.9,
        balanced_accuracy=np.linspace(0.7, 0.8, 2 * len(worms)),
    )
    rows = study.decoders(means, scores)
    table = study.laboratories(rows).set_index(["decoder", "trained_on"])
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
    assert table[f"{study.THERE} (n = 3)"].iloc[-1].startswith("50.0")


def test_whether_the_distance_predicts():
    worms = np.repeat([f"w{n}" for n in range(6)], 3)
    distance = np.arange(18.0)
    table = pd.DataFrame({"worm": worms, "distance": distance, "balanced_accuracy": -distance})
    found = study.distance_predicts(table, n=200)
    assert found["correlation"] == found["low"] == found["high"] == pytest.approx(-1)
    assert (found["worms"], found["recordings"]) == (6, 18)
    noise = table.assign(balanced_accuracy=np.random.default_rng(0).normal(size=18))
    found = study.distance_predicts(noise, n=200)
    assert found["low"] < found["correlation"] < found["high"]
    wanted = spearmanr(noise["distance"], noise["balanced_accuracy"]).statistic
    assert found["correlation"] == pytest.approx(wanted)
