"""Reference tables: their commands, their definitions, how they grow, and what is committed."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from tiny import tiny_worms
from wormgnn import results
from wormgnn.datasets import registry
from wormgnn.errors import StoreError
from wormgnn.neurons import NEURON_SETS, RULES, VOCABULARIES
from wormgnn.paper import reference
from wormgnn.paper.experiments import CUT, EXPERIMENTS, experiment_named, experiment_of
from wormgnn.plan import Profile, profile_named
from wormgnn.recording import PAPER_NEURONS
from wormgnn.runner import Table, run
from wormgnn.store import Store
from wormgnn.tasks import simple_forecasts, states, traces

SMOKE = profile_named("smoke")
COMMITTED, PICTURES = (
    sorted(path.stem for path in results.default_folder().glob(f"*.{ending}"))
    for ending in ("csv", "png")
)


def ran(experiment, folder, profile=SMOKE, seed=0):
    worms = tiny_worms(3, neurons=PAPER_NEURONS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "load", lambda _: worms)
        return run(experiment, "simulated", profile, Store(folder / "store"), seed, "cpu")


TABLE1 = experiment_named("table1")
PAPER = profile_named("paper")
USUAL = Table(pd.DataFrame(), None, TABLE1, "kato", PAPER)
DECOMPOSITION = experiment_named("decomposition")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "table1"),
        ({"dataset": "nichols"}, "table1 --dataset nichols"),
        ({"profile": SMOKE}, "table1 --profile smoke"),
        ({"profile": PAPER.with_folds(3)}, "table1 --folds 3"),
        ({"profile": profile_named("reduced").with_folds(2)}, "table1 --profile reduced --folds 2"),
        ({"seed": 2}, "table1 --seed 2"),
        (
            {"experiment": TABLE1.only(["GNN", "MLP, no norm"])},
            "table1 --line 'MLP, no norm' --line GNN",
        ),
        ({"experiment": DECOMPOSITION, "profile": PAPER.with_folds(3)}, "decomposition"),
    ],
)
def test_a_command_names_what_differs_from_the_reference(changes, words):
    found = reference.command(replace(USUAL, **changes))
    assert shlex.split(found) == shlex.split(f"wormgnn run {words} --reference")
    assert words not in EXPERIMENTS or found == experiment_named(words).command


def test_the_scale_is_that_of_the_reference_unless_told(monkeypatch):
    scales: list[Profile] = []
    monkeypatch.setattr(reference, "run", lambda *a: scales.append(a[2]))
    one_hot = experiment_named("one-hot")  # two folds of the paper's ten
    for profile, folds in ((None, None), ("reduced", None), (None, 1), ("reduced", 4)):
        reference.run_at(one_hot, profile=profile, folds=folds)
    assert [(scale.name, len(scale.folds)) for scale in scales] == [
        *(("paper", 2), ("reduced", 10), ("paper", 1), ("reduced", 4))
    ]


def test_a_table_grows_line_by_line(tmp_path):
    for names in (["GNN"], ["SVM", "MLP"]):
        written = reference.write(ran(TABLE1.only(names), tmp_path), tmp_path)
        names_of = [path.name for path in written]
        assert names_of == ["table1.simulated.csv", "table1-confusion.simulated.csv"]
    found = results.read("table1.simulated", tmp_path)
    assert found is not None
    assert list(found.table["line"].unique()) == ["SVM", "MLP", "GNN"]  # the experiment's order
    every = ran(TABLE1.only(["SVM", "MLP", "GNN"]), tmp_path).rows
    pd.testing.assert_frame_equal(found.table, every, atol=1e-5, rtol=1e-5)
    first, second = found.manifest["command"].split(" && ")
    assert "--line GNN --dataset simulated --profile smoke" in first and "--line SVM" in second
    assert found.manifest["experiment"] == "table1" and len(found.manifest["data"]) == 3
    assert found.manifest["lines"]["GNN"] == _json(
        reference.definition(TABLE1.only(["GNN"]).lines[0])
    )
    longer = replace(SMOKE, epochs=5)
    with pytest.raises(StoreError, match=r"SVM \(epochs\)"):
        reference.write(ran(TABLE1.only(["GNN"]), tmp_path, longer), tmp_path)
    with pytest.raises(StoreError, match="seed"):
        reference.write(ran(TABLE1.only(["GNN"]), tmp_path, seed=1), tmp_path)


def _json(value):
    return json.loads(json.dumps(value))


def test_what_stops_short_of_the_paper_says_why():
    """Its scale is ten folds of 800 epochs; what times a few steps is no such run."""
    trained = {k: e for k, e in EXPERIMENTS.items() if e.lines and e.profile != "smoke"}
    assert set(CUT) == {
        name
        for name, e in trained.items()
        if e.folds
        or e.profile != "paper"
        or not {f"{table}.{e.dataset}" for table in e.makers} & {*COMMITTED}
    }


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_experiments_name_known_models_neurons_and_datasets(name):
    experiment = experiment_named(name)
    labels = [line.label for line in experiment.lines]
    assert experiment.name == name and len(set(labels)) == len(labels)
    assert experiment.dataset in registry.DATASETS
    profile_named(experiment.profile).with_folds(experiment.folds)
    models = {
        "states": {*states.READERS, *states.CLASSIFIERS},
        "traces": {*traces.PREDICTORS, *simple_forecasts.FORECASTS},
    }
    for line in experiment.lines:
        assert line.plan.model in models[line.plan.task]
        sets = (*NEURON_SETS, *RULES, *VOCABULARIES)
        assert not isinstance(line.neurons, str) or line.neurons in sets


@pytest.mark.parametrize("name", COMMITTED)
def test_committed_tables_can_be_computed_again_and_grown(name):
    """Each committed line is today's, but for the versions of its task and model.

    Where a version was raised, the table says of each line by which one it was computed, stays
    readable, and waits for its turn to be computed again.
    """
    found = results.read(name)
    assert found is not None
    assert found.manifest["rows"] == len(found.table) > 0
    experiment = experiment_of(name.rsplit(".", 1)[0])
    assert experiment is not None
    assert found.manifest["command"] == experiment.command
    assert found.manifest["experiment"] == experiment.name
    if "experiment" in found.table:
        assert set(found.table["experiment"]) == {experiment.name}
    if "lines" in found.manifest:
        lines = {line.label: _json(reference.definition(line)) for line in experiment.lines}
        stored = found.manifest["lines"]
        assert stored.keys() == lines.keys() and set(found.table["line"]) <= set(lines)
        for label, line in lines.items():
            before, today = stored[label].pop("versions"), line.pop("versions")
            assert stored[label] == line and all(before[what] <= today[what] for what in today)


def test_committed_pictures_fit_their_manifests_and_every_manifest_has_its_file():
    folder = results.default_folder()
    manifests = {
        path.name.removesuffix(".manifest.json") for path in folder.glob("*.manifest.json")
    }
    assert manifests == {*COMMITTED, *PICTURES}
    for name in PICTURES:
        assert results.picture(name).startswith(b"\x89PNG")
        manifest = json.loads((folder / f"{name}.manifest.json").read_text())
        assert manifest["command"] == experiment_of(name.rsplit(".", 1)[0]).command


def test_pictures_are_written_beside_the_tables(tmp_path, monkeypatch):
    drawn = plt.figure(figsize=(1, 1))
    tables, pictures = {"some": lambda t: pd.DataFrame({"a": [1]})}, {"shown": lambda t: drawn}
    made = replace(experiment_named("recordings"), tables=tables, pictures=pictures)
    monkeypatch.setitem(EXPERIMENTS, "recordings", made)
    run_of = Table(pd.DataFrame(), None, made, "kato", profile_named("paper"))
    names = [path.name for path in reference.write(run_of, tmp_path)]
    assert names == ["some.kato.csv", "shown.kato.png"]
    assert results.picture("shown.kato", tmp_path).startswith(b"\x89PNG")
    (tmp_path / "shown.kato.png").write_bytes(b"\x89PNG another")
    with pytest.raises(StoreError, match=r"shown.kato.png: does not fit"):
        results.picture("shown.kato", tmp_path)
    plt.close(drawn)


def test_the_listing_has_every_experiment_and_every_table_one():
    table = reference.listing().set_index("name")
    assert set(table.index) == set(EXPERIMENTS)
    table1 = table.loc["table1"]
    assert (table1["lines"], table1["profile"], table1["folds"]) == (8, "paper", 10)
    assert table1["fits"] == 8 * 10 * 31  # lines, folds, subsets of five worms
    assert table.loc["transfer", "worms"] == "kato > another lab"
    assert table.loc["manifold", "fits"] < 10 * 31 * 10  # some lines have no folds
    tables = table["tables"].str.split(", ").explode()
    assert tables.is_unique and {"zoo-confusion", "overfitting"} < {*tables.loc["zoo"]}
    assert experiment_of("zoo-confusion") is experiment_of("overfitting") is EXPERIMENTS["zoo"]
    assert experiment_of("nothing") is None


def test_some_lines_never_overwrite_a_table_of_all(tmp_path):
    few = experiment_named("one-hot").where(factor=[1, 100]).trained_on([1])
    written = reference.write(ran(few, tmp_path), tmp_path)
    names = [path.name.split(".")[0] for path in written]
    assert names == ["one-hot", "one-hot-confusion", "one_hot_edges"]  # `examples` has no lines


def test_a_summary_is_of_scores_or_of_the_first_table(tmp_path):
    table = ran(TABLE1.only(["SVM"]), tmp_path)
    found = reference.summary(table)
    assert found[["line", "worms"]].values.tolist() == [
        *(["SVM", "same worm"], ["SVM", "unseen worms"])
    ]
    forecast = ran(experiment_named("figure4c").only(["Persistence", "Mean"]), tmp_path)
    assert len(reference.summary(forecast)) > 0
    facts = Table(pd.DataFrame(), None, EXPERIMENTS["recordings"], "kato", SMOKE)
    made = replace(
        EXPERIMENTS["recordings"], tables={"facts": lambda _: pd.DataFrame({"fact": ["one"]})}
    )
    assert reference.summary(replace(facts, experiment=made))["fact"].tolist() == ["one"]
