"""Another laboratory's animals: who decodes them by which neurons, and the tables of the page."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recordings import small_worms
from wormgnn.comparison import select
from wormgnn.datasets import registry
from wormgnn.datasets.simulated import simulate_other_lab
from wormgnn.paper.experiments import experiment_named
from wormgnn.paper.studies.another_lab import (
    ABROAD,
    HERE,
    HOME,
    THERE,
    WITHIN,
    by_worm,
    decoders,
    essential,
    laboratories,
    of_animals,
)
from wormgnn.paper.studies.decoder import BOTH
from wormgnn.plan import Profile
from wormgnn.runner import run
from wormgnn.store import Store

SCALE = Profile("tiny", subsets_per_size=None, folds=(0, 1), epochs=3)


@pytest.fixture(scope="module")
def train():
    return small_worms(3, duration_s=100.0)


@pytest.fixture(scope="module")
def animals():
    return simulate_other_lab(n_worms=3, duration_s=150.0)


@pytest.fixture(scope="module")
def ran(train, animals, tmp_path_factory):
    """The SVM under every rule and view, and within the other laboratory."""
    sizes = {True: (2,), False: (1, 2, 3)}
    whole = experiment_named("transfer").only(["SVM"])
    lines = [replace(n, plan=replace(n.plan, sizes=sizes[n.alone])) for n in whole.lines]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "other_lab", lambda _: animals)
        store = Store(tmp_path_factory.mktemp("store"))
        return run(replace(whole, lines=tuple(lines)), train, SCALE, store, device="cpu")


def test_each_animal_once_by_the_neurons_it_has(ran):
    rows = ran.rows[of_animals(ran.rows)]
    abroad = rows[rows["train"] == "simulated"]
    counts = abroad.groupby(["neurons", "view", "worm"]).size()
    assert (counts == 7 * 2).all()  # 3 subsets of one, 3 of two, 1 of three; 2 folds
    assert len(counts) == 4 * 3
    own = select(abroad, {"neurons": "own"}).groupby("worm")["n_neurons"].unique()
    assert {worm: n.tolist() for worm, n in own.items()} == {
        "other-1": [11],
        "other-2": [12],
        "other-3": [12],
    }
    assert select(abroad, {"neurons": "common"})["animals"].unique() == ["other-1+other-2+other-3"]


def test_means_are_over_members_of_the_most_training_worms(ran):
    means = by_worm(ran.rows)
    key = {"neurons": "own", "view": "as recorded", "worm": "other-1"}
    members = select(ran.rows, key | {"n_train": 3})
    line = select(means, key | {"case": ABROAD})
    assert line["members"].item() == len(members) == 2
    assert line["accuracy"].item() == pytest.approx(members["accuracy"].mean())
    within = select(means, {"case": WITHIN})
    assert sorted(within["worm"]) == ["other-1", "other-2", "other-3"]
    assert (within["members"] == 2).all()
    home = select(means, {"case": HOME, "neurons": "common", "worm": "simulated-1"})
    left_out = select(ran.rows, {"neurons": "common", "worm": "simulated-1", "n_train": 2})
    left_out = left_out[~left_out["seen"]]
    assert home["accuracy"].item() == pytest.approx(left_out["accuracy"].mean())


def test_the_reference_holds_what_the_page_shows(ran):
    kept = essential(ran)
    assert len(kept) < 0.5 * len(ran.rows)
    pd.testing.assert_frame_equal(by_worm(kept), by_worm(ran.rows))


def test_laboratories_by_decoders(ran):
    means = by_worm(ran.rows)
    worms = means.drop_duplicates("worm").set_index("worm")["majority"]
    scores = pd.DataFrame(
        {
            "n_states": 2,
            "trained_on": np.repeat(["kato", BOTH], len(worms)),
            "laboratory": np.tile(
                np.where(worms.index.str.startswith("other"), "wormwideweb", "kato"), 2
            ),
            "worm": [*worms.index, *worms.index],
            "accuracy": 0.9,
            "balanced_accuracy": np.linspace(0.7, 0.8, 2 * len(worms)),
            "majority": [*worms, *worms],
        }
    )
    rows = decoders(means, scores)
    table = laboratories(rows).set_index(["decoder", "trained_on"])
    assert list(table.index) == [
        ("SVM", HERE), ("BehaviourDecoder", HERE), ("BehaviourDecoder", "both"),
        ("majority class", ""),
    ]  # fmt: skip
    assert list(table)[:2] == [f"{HERE} (n = 3)", f"{HERE}, accuracy"]
    svm = select(means, {"case": ABROAD, "neurons": "own", "view": "as recorded"})
    mean = 100 * svm["balanced_accuracy"].mean()
    assert table[f"{THERE} (n = 3)"].iloc[0].startswith(f"{mean:.1f} [")
    assert table[f"{HERE}, accuracy"].iloc[1] == "90.0"
    majority = 100 * worms[worms.index.str.startswith("other")].mean()
    assert table[f"{THERE}, accuracy"].iloc[-1] == f"{majority:.1f}"
    assert table[f"{THERE} (n = 3)"].iloc[-1].startswith("50.0")
