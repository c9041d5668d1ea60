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
    HOME,
    WITHIN,
    by_condition,
    by_worm,
    changes,
    describe,
    essential,
    of_animals,
    opposite_signs,
    tuning,
)
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


def test_changes_pair_animals():
    rows = [
        (ABROAD, "own", "as recorded", 0.5),
        (ABROAD, "own", "derivative", 0.7),
        (WITHIN, "common", "as recorded", 0.9),
        (HOME, "own", "as recorded", 0.95),
        (HOME, "own", "derivative", 0.85),
    ]
    columns = ["case", "neurons", "view", "accuracy"]
    means = pd.DataFrame(rows, columns=columns).assign(model="SVM", scaling="whole")
    shifted = [means.assign(worm=w, accuracy=means["accuracy"] + w / 100) for w in range(4)]
    found = changes(pd.concat(shifted))
    np.testing.assert_allclose(found["difference"], [-40, 20, -10])
    assert (found["n_worms"] == 4).all()


def test_tuning_finds_the_wrong_name(train, animals):
    """`RIML` of the second animal is another neuron, which falls in reversals."""
    table = tuning(animals, ["AVER", "RIML", "XYZ"]).set_index(["worm", "neuron"])
    assert table.loc[("other-2", "RIML"), "trace"] < 0 < table.loc[("other-2", "AVER"), "trace"]
    assert table.loc[("other-2", "RIML"), "confidence"] == 2.0
    assert ("other-1", "RIML") not in table.index


def test_opposite_signs():
    slopes = {"a": [0.2, -0.1, 0.3], "b": [0.1, 0.2, 0.4], "other": [-0.1, -0.4, 0.9]}
    tuned = pd.DataFrame(slopes, index=["AVAL", "RID", "AVAR"]).melt(
        ignore_index=False, var_name="worm", value_name="derivative"
    )
    found = opposite_signs(tuned.rename_axis("neuron").reset_index(), ["a", "b"])
    assert found[["worm", "neuron"]].to_numpy().tolist() == [["other", "AVAL"]]


def test_the_reference_holds_what_the_page_shows(ran):
    kept = essential(ran)
    assert len(kept) < 0.5 * len(ran.rows)
    pd.testing.assert_frame_equal(by_worm(kept), by_worm(ran.rows))


def test_page_table(ran):
    means = by_worm(ran.rows)
    table = by_condition(means)
    assert list(table["trained on"]) == [ABROAD] * 4 + [WITHIN, ""]
    own = select(means, {"case": ABROAD, "neurons": "own", "view": "as recorded"})
    first = own.set_index("worm").loc["other-2", ["accuracy", "balanced_accuracy"]] * 100
    assert table["other-2"].iloc[0] == f"{first.iloc[0]:.1f} ({first.iloc[1]:.1f})"
    majority = own.set_index("worm").loc["other-2", "majority"]
    assert table["other-2"].iloc[-1] == f"{100 * majority:.1f}"
    home = select(means, {"case": HOME, "neurons": "own", "view": "as recorded"})
    assert table[HOME].iloc[0].startswith(f"{100 * home['accuracy'].mean():.1f} (")
    assert table[HOME].iloc[-2] == ""


def test_description(train, animals):
    table = describe(train, animals).set_index("worm")
    assert list(table.index) == [worm.worm for worm in (*train, *animals)]
    assert list(table.loc["other-1":, "own"]) == [11, 12, 12]
    assert table.loc["other-2", "doubtful"].split() == ["AIBR", "RIML"]
    assert table.loc["simulated-1", "lacks"] == "" and pd.isna(table.loc["simulated-1", "own"])
