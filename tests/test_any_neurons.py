"""States read from fewer neurons, from one, and from whatever neurons there are."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tiny import NEURONS, partly_named, tiny_worm, tiny_worms
from wormgnn.datasets import registry
from wormgnn.neurons import named_in_any
from wormgnn.paper.experiments import experiment_named
from wormgnn.paper.studies import any_neurons
from wormgnn.plan import Experiment, Line, Profile
from wormgnn.runner import run
from wormgnn.store import Store

SMALL = Profile("small", subsets_per_size=None, folds=(0,), epochs=1, n_folds=4)


def test_a_name_that_no_training_worm_has_is_not_read(tmp_path):
    worms = partly_named()
    louder = worms[2].traces.copy()
    louder[:, worms[2].neurons.index("XXX")] = np.linspace(0, 9, len(louder))
    reader = replace(any_neurons.METHODS["set reader"], sizes=(1, 2))
    tiny = Experiment("tiny", "", (Line("set reader", reader, neurons=named_in_any(worms)),))
    profile, rows = replace(SMALL, epochs=6), []
    for number, last in enumerate((worms[2], replace(worms[2], traces=louder))):
        store = Store(tmp_path / str(number))
        table = run(tiny, [*worms[:2], last], profile, store, device="cpu").rows
        rows.append(table[(table["worm"] == "worm-3") & ~table["seen"]])
    pd.testing.assert_frame_equal(*rows)
    used = dict(zip(rows[0]["subset"], rows[0]["n_neurons"], strict=True))
    assert used == {"worm-1": 4, "worm-2": 3, "worm-1+worm-2": 4}
    assert set(rows[0]["n_present"]) == {5}


def test_another_lab_is_read_by_the_neurons_it_has(tmp_path, monkeypatch):
    far = replace(tiny_worm("far", seed=9, neurons=("AVAL", "YYY")), fps=2.0)
    far = replace(far, times=np.arange(200) / 2.0)
    monkeypatch.setattr(registry, "other_lab", lambda _: [far])
    experiment = experiment_named("readers-abroad").only(["set reader"]).trained_on((1, 2))
    table = run(experiment, tiny_worms(2), SMALL, Store(tmp_path), device="cpu")
    unseen = any_neurons.unseen_rows(table)
    assert not unseen["seen"].any() and set(unseen["n_train"]) == {1, 2}
    assert set(unseen.loc[unseen["worm"] == "far", "n_neurons"]) == {1}


def test_reference_tables_hold_what_the_chapter_needs(tmp_path):
    lines = any_neurons.lines([("AVAL",), ("RIML",), ("AVAL", "VB01"), NEURONS], (1,))
    tiny = Experiment("tiny", "", tuple(replace(line, neurons=NEURONS) for line in lines))
    table = run(tiny, tiny_worms(3), SMALL, Store(tmp_path), device="cpu")
    rows = table.rows
    means = any_neurons.over_members(table).merge(any_neurons.draws(table), on="draw")
    summaries = [any_neurons.by_number(t) for t in (means, any_neurons.by_set(rows))]
    pd.testing.assert_frame_equal(*summaries, atol=1e-4)
    singles = any_neurons.singles(table)
    assert set(singles["n_neurons"]) == {1, 4}
    assert len(any_neurons.chosen_neuron(singles)) == 2 * 3 * 2


def made_up(**changes):
    """Two worms, members that train on one of them; neuron a is best at home, b abroad."""
    home, away = {"a": 0.9, "b": 0.8, "a+b": 1.0}, {"a": 0.7, "b": 0.85, "a+b": 0.95}
    table = pd.DataFrame(
        [
            (neurons, worm, subset, worm == subset, (home if worm == subset else away)[neurons])
            for neurons in ("a", "b", "a+b")
            for subset in ("w1", "w2")
            for worm in ("w1", "w2")
        ],
        columns=["neurons", "worm", "subset", "seen", "accuracy"],
    )
    score, number = table["accuracy"], table["neurons"].str.count(r"\+") + 1
    more = {"balanced_accuracy": score, "information_bits": score / 2, "majority": 0.6}
    same = {"model": "SVM", "line": "SVM", "n_train": 1, "fold": 0, "n_neurons": number}
    return table.assign(**{**same, **more, **changes})


def test_the_neuron_is_chosen_on_training_worms():
    chosen = any_neurons.chosen_neuron(made_up())
    assert set(chosen["neuron"]) == {"a"}
    assert set(chosen["accuracy"]) == {0.7} and set(chosen["accuracy_all"]) == {0.95}
    share = any_neurons.kept(chosen).set_index("sense")["share"].to_dict()
    wanted = {"accuracy": 0.7 / 0.95, "above majority": 0.1 / 0.35, "above chance": 0.2 / 0.45}
    assert share == pytest.approx(wanted | {"information": 0.7 / 0.95})
    assert set(any_neurons.chosen_neuron(made_up(), without=["a"])["neuron"]) == {"b"}
