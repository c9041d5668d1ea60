"""Tests of reading fewer neurons, one neuron, and whatever neurons there are."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tiny import NEURONS, tiny_worm, tiny_worms
from wormgnn.classification import batches, negative_log_likelihood
from wormgnn.datasets import kato
from wormgnn.errors import ChoiceError, NeuronError, RecordingError
from wormgnn.features import features
from wormgnn.folds import Role
from wormgnn.models.mlp import MLP
from wormgnn.neuron_subsets import cohort as cohort_module
from wormgnn.neuron_subsets import dropping, rates, reading, reference, singles, study, tables
from wormgnn.neuron_subsets.cohort import Cohort, cohort, vocabulary
from wormgnn.neuron_subsets.draws import draw_subsets
from wormgnn.neuron_subsets.masked import MaskedMLP, filled
from wormgnn.neuron_subsets.rates import faster_mlp
from wormgnn.neuron_subsets.scoring import information_bits
from wormgnn.optimiser import Schedule
from wormgnn.profiles import Profile
from wormgnn.protocol import Classification, classify
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.store import Store
from wormgnn.training import fit

SMALL = Profile("small", subsets_per_size=None, folds=(0,), epochs=6, n_folds=4)
DRAWS = [("AVAL",), ("RIML",), ("AVAL", "VB01"), NEURONS]


def small(worms: list[Recording] | None = None, **changes: object) -> Cohort:
    settings = {"neurons": NEURONS, "profile": SMALL, "sizes": (1, 2), **changes}
    return cohort(tiny_worms(3) if worms is None else worms, **settings)  # type: ignore[arg-type]


# Draws


def test_few_subsets_are_all_of_them() -> None:
    assert draw_subsets("abc", (1, 2, 3), 2) == [
        *[("a",), ("b",), ("c",)],
        *[("a", "b"), ("a", "c"), ("b", "c")],
        ("a", "b", "c"),
    ]


@settings(deadline=None, max_examples=40)
@given(st.integers(4, 12), st.data(), st.integers(1, 12), st.integers(0, 99))
def test_draws_are_distinct_balanced_and_seeded(
    n: int, data: st.DataObject, per_size: int, seed: int
) -> None:
    names = [f"n{i}" for i in range(n)]
    size = data.draw(st.integers(1, n))
    drawn = draw_subsets(names, (size,), per_size, seed)
    assert drawn == draw_subsets(names, (1, size), per_size, seed)[n:] or size == 1
    assert len(set(drawn)) == len(drawn)
    assert all(len(set(d)) == size and list(d) == sorted(d, key=names.index) for d in drawn)
    counts = Counter(itertools.chain(*drawn))
    assert max(counts.values()) - min(counts[name] for name in names) <= 2


def test_draws_differ_with_the_seed() -> None:
    assert draw_subsets(PAPER_NEURONS, (7,), 5, 0) != draw_subsets(PAPER_NEURONS, (7,), 5, 1)


@pytest.mark.parametrize("size", [0, 5])
def test_a_size_that_cannot_be(size: int) -> None:
    with pytest.raises(ChoiceError, match="1 to 4"):
        draw_subsets(NEURONS, (size,), 3)


# The masked network


def masked(mask: list[list[bool]], seed: int = 0) -> MaskedMLP:
    return MaskedMLP(np.array(mask), 2, range(seed, seed + len(mask)), hidden=5)


def test_a_masked_member_is_the_mlp_on_fewer_neurons() -> None:
    mask = [[True, False, True, False], [False, True, True, True]]
    model, x = masked(mask), torch.rand(2, 4, 30)
    for member, row in enumerate(mask):
        some = [i for i, there in enumerate(row) if there]
        mlp = MLP(1, len(some), 2, hidden=5, norm="none")
        columns = [i + 4 * feature for feature in range(2) for i in some]
        with torch.no_grad():
            mlp.block.first.weight.copy_(model.first.weight[member : member + 1, :, columns])
            mlp.block.first.bias.copy_(model.first.bias[member : member + 1])
            mlp.readout.weight.copy_(model.readout.weight[member : member + 1])
            mlp.readout.bias.copy_(model.readout.bias[member : member + 1])
        torch.testing.assert_close(model(x)[member], mlp(x[:, some])[0])


def test_initial_weights_are_as_wide_as_in_the_smaller_network() -> None:
    model = MaskedMLP(np.tile([[True, False, False, False]], (200, 1)), 2, range(200))
    seen = model.first.weight[:, :, [0, 4]]
    assert seen.abs().max() <= 2**-0.5
    assert seen.std().item() == pytest.approx(2**-0.5 / 3**0.5, rel=0.03)
    assert model.first.bias.std().item() == pytest.approx(2**-0.5 / 3**0.5, rel=0.05)
    assert model.readout.weight.std().item() == pytest.approx(0.25 / 3**0.5, rel=0.05)


def test_a_member_starts_alike_in_any_company_and_the_global_generator_stays() -> None:
    before = torch.random.get_rng_state()
    two = MaskedMLP(np.array([[True, False], [True, True]]), 2, [7, 8])
    one = MaskedMLP(np.array([[True, True]]), 2, [8])
    assert torch.equal(torch.random.get_rng_state(), before)
    for a, b in zip(two.parameters(), one.parameters(), strict=True):
        assert torch.equal(a[1:], b)


def test_a_member_without_neurons() -> None:
    with pytest.raises(NeuronError, match="at least one neuron"):
        masked([[True, True], [False, False]])


def test_masked_weights_stay_as_they_were() -> None:
    worms = small()
    model = dropping.network(worms, DRAWS[:1], 0)
    before = model.first.weight.detach().clone()
    fold, members = worms.in_fold(0), list(worms.subsets)
    parts = [batches(fold, members, role) for role in (Role.TRAIN, Role.VALIDATION)]
    fit(model, *parts, negative_log_likelihood, Schedule(epochs=3), 0)
    seen = model.mask.expand_as(before) > 0
    assert torch.equal(model.first.weight[~seen], before[~seen])
    assert not torch.equal(model.first.weight[seen], before[seen])


def test_filled_reads_as_if_the_means_were_put_in() -> None:
    full = masked([[True] * 4, [True] * 4])
    means = np.random.default_rng(0).random((2, 2, 4)).astype(np.float32)
    cases = np.array([[True, False, True, True], [False, False, True, False], [True] * 4])
    scores = filled(full, means, cases)(x := torch.rand(2, 4, 20))
    for case, there in enumerate(cases):
        for member in range(2):
            given = torch.from_numpy(means[member]).clone()[..., None].expand(-1, -1, 20).clone()
            given[:, there] = x[:, there]
            torch.testing.assert_close(scores[2 * case + member], full(given)[member])


# The protocol


def test_folds_and_svm_are_those_of_the_protocol(tmp_path: Path) -> None:
    recordings = tiny_worms(3)
    worms = cohort(recordings, NEURONS, SMALL, (1, 2), seed=3)
    ours = dropping.retrained_svm(worms, [NEURONS], Store(tmp_path))
    plan = Classification("svm", sizes=(1, 2), seed=3)
    theirs = classify(plan, recordings, NEURONS, SMALL, Store(tmp_path)).rows
    pd.testing.assert_frame_equal(ours[theirs.columns], theirs)


def test_svm_on_a_subset_of_the_neurons(tmp_path: Path) -> None:
    recordings = tiny_worms(3)
    ours = dropping.retrained_svm(small(recordings), [("RIML", "AVAL")], Store(tmp_path))
    theirs = classify(
        Classification("svm", sizes=(1, 2)), recordings, ("RIML", "AVAL"), SMALL, Store(tmp_path)
    ).rows
    np.testing.assert_allclose(ours["accuracy"], theirs["accuracy"])


def test_a_set_of_neurons_trains_alike_in_any_company(tmp_path: Path) -> None:
    together = dropping.retrained_mlp(small(), DRAWS, Store(tmp_path), chunk=4)
    alone = dropping.retrained_mlp(small(), DRAWS, Store(tmp_path), chunk=1)
    pd.testing.assert_frame_equal(together, alone)


def test_rows_name_every_set_subset_and_worm(tmp_path: Path) -> None:
    rows = dropping.retrained_svm(small(), DRAWS, Store(tmp_path))
    assert len(rows) == 4 * 6 * 3
    assert rows["seen"].equals(
        pd.Series([w in s.split("+") for w, s in zip(rows["worm"], rows["subset"], strict=True)])
    )
    assert set(rows["neurons"]) == {"AVAL", "RIML", "AVAL+VB01", "+".join(NEURONS)}
    assert (rows["n_neurons"] == rows["neurons"].str.count(r"\+") + 1).all()


def test_mean_filled_in_with_nothing_missing_is_the_full_model(tmp_path: Path) -> None:
    filled_in = dropping.filled_mlp(small(), [NEURONS], Store(tmp_path))
    trained = dropping.retrained_mlp(small(), [NEURONS], Store(tmp_path))
    pd.testing.assert_frame_equal(filled_in.drop(columns="method"), trained.drop(columns="method"))


def test_training_means() -> None:
    worms = small().in_fold(0)
    means = dropping.training_means(worms, [("worm-1",), ("worm-1", "worm-3")])
    parts = [worms[i].x[..., worms[i].roles == Role.TRAIN].numpy() for i in (0, 2)]
    np.testing.assert_allclose(means[0], parts[0].mean(-1), rtol=1e-5)
    np.testing.assert_allclose(means[1], np.concatenate(parts, -1).mean(-1), rtol=1e-5)


def other(worm: Recording) -> Recording:
    """The same worm with other traces and labels."""
    rng = np.random.default_rng(99)
    traces = rng.normal(size=worm.traces.shape)
    return replace(worm, traces=traces, states=rng.permutation(worm.states))


def test_an_evaluation_worm_changes_no_model_and_no_mean(tmp_path: Path) -> None:
    recordings = tiny_worms(3)
    changed = [*recordings[:2], other(recordings[2])]
    rows = [row for row, s in enumerate(small().subsets) if "worm-3" not in s]
    models = []
    for number, worms in enumerate((small(recordings), small(changed))):
        store = Store(tmp_path / str(number))
        found = dropping._trained(worms, DRAWS, 0, store)["parameters"]
        reader = reading.trained(worms, 0, store)
        means = dropping.training_means(worms.in_fold(0), [worms.subsets[r] for r in rows])
        models.append((found.reshape(len(DRAWS), 6, -1)[:, rows], reader, means))
    (first, a, means), (second, b, others) = models
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(means, others)
    for x, y in zip(a.parameters(), b.parameters(), strict=True):
        assert torch.equal(x[rows], y[rows])
        assert not torch.equal(x, y)


# The set reader


def partly_named() -> list[Recording]:
    """Three worms: the second lacks RIML, the third has XXX, which no other has."""
    names = [NEURONS, ("AVAL", "AVAR", "VB01"), (*NEURONS, "XXX")]
    return [tiny_worm(f"worm-{i + 1}", seed=i, neurons=n) for i, n in enumerate(names)]


def test_each_worm_has_its_own_neurons() -> None:
    recordings = partly_named()
    worms = small(recordings, neurons=vocabulary(recordings))
    assert worms.neurons == ("AVAL", "AVAR", "RIML", "VB01", "XXX")
    np.testing.assert_array_equal(
        worms.present, [[1, 1, 1, 1, 0], [1, 1, 0, 1, 0], [1, 1, 1, 1, 1]]
    )
    np.testing.assert_array_equal(worms.known()[1], worms.present[1])
    np.testing.assert_array_equal(worms.known()[3], [1, 1, 1, 1, 0])
    alone = features(recordings[1], ("AVAL", "AVAR", "VB01"), 2)
    np.testing.assert_array_equal(worms.features[1].x[:, [0, 1, 3]], alone.x)
    assert not worms.features[1].x[:, [2, 4]].any()


def test_a_fixed_set_wants_every_neuron_in_every_worm(tmp_path: Path) -> None:
    worms = small(partly_named(), neurons=NEURONS)
    with pytest.raises(NeuronError, match="worm-2: no neuron named RIML"):
        dropping.retrained_mlp(worms, [NEURONS], Store(tmp_path))


def test_a_worm_with_none_of_the_neurons() -> None:
    with pytest.raises(NeuronError, match="worm-1: none of the 1 neurons"):
        small(neurons=("ZZZ",))


def test_two_worms_of_one_name() -> None:
    with pytest.raises(RecordingError, match="worm-1 repeats"):
        small([tiny_worm(), tiny_worm()])


def test_a_name_that_no_training_worm_has_is_not_read(tmp_path: Path) -> None:
    recordings = partly_named()
    names = vocabulary(recordings)
    louder = recordings[2].traces.copy()
    louder[:, recordings[2].neurons.index("XXX")] = np.linspace(0, 9, len(louder))
    found = [
        reading.read_recordings(
            small([*recordings[:2], worm], neurons=names), Store(tmp_path / str(number))
        )
        for number, worm in enumerate((recordings[2], replace(recordings[2], traces=louder)))
    ]
    a, b = (rows[(rows["worm"] == "worm-3") & ~rows["seen"]] for rows in found)
    pd.testing.assert_frame_equal(a, b)
    assert dict(zip(a["subset"], a["n_neurons"], strict=True)) == {
        **{"worm-1": 4, "worm-2": 3},
        "worm-1+worm-2": 4,
    }
    assert set(a["n_present"]) == {5}


def test_reading_a_draw_is_reading_worms_that_lack_the_rest(tmp_path: Path) -> None:
    worms = small()
    rows = reading.read_subsets(worms, [("AVAL", "VB01")], Store(tmp_path))
    model, fold = reading.trained(worms, 0, Store(tmp_path)), worms.in_fold(0)
    for column, worm in enumerate(fold):
        batch = worm.batch([0], None)
        codes = model.read(batch.inputs[0][:, [0, 3]], torch.tensor([0, 3])).argmax(1)
        accuracy = (codes == batch.target).float().mean(1).numpy()
        mine = rows[(rows["worm"] == worm.name) & ~rows["seen"]]
        members = [r for r, s in enumerate(worms.subsets) if worm.name not in s]
        np.testing.assert_allclose(mine["accuracy"], accuracy[members], rtol=1e-6)
        assert column == worms.worms.index(worm.name)


def test_the_reader_learns_to_read_one_neuron(tmp_path: Path) -> None:
    """Worms whose every neuron tells the state: dropping makes each of them enough."""
    recordings = []
    for seed in range(2):
        worm = tiny_worm(f"worm-{seed + 1}", seed=seed)
        level = np.where(worm.states >= 2, 1.0, 0.0)[:, None] * np.array([1, -1, 1, -1.0])
        noise = 0.05 * np.random.default_rng(seed).normal(size=worm.traces.shape)
        recordings.append(replace(worm, traces=level + noise))
    profile = replace(SMALL, epochs=150)
    worms = cohort(recordings, NEURONS, profile, (1,))
    draws = [(name,) for name in NEURONS]
    store = Store(tmp_path)
    means = {
        dropping_too: reading.read_subsets(worms, draws, store, dropping_too)
        .query("not seen")["accuracy"]
        .mean()
        for dropping_too in (True, False)
    }
    assert means[True] > 0.9
    assert means[True] > means[False] + 0.1


def test_another_lab_gives_unseen_worms_alone(tmp_path: Path) -> None:
    train, animals = tiny_worms(2), [tiny_worm("far", seed=9, neurons=("AVAL", "YYY"))]
    animals = [replace(animals[0], fps=2.0, times=np.arange(200) / 2.0)]
    rows = study.another_lab(train, animals, SMALL, Store(tmp_path))
    assert not rows["seen"].any()
    assert set(rows["n_train"]) == {1, 2}
    far = rows[rows["worm"] == "far"]
    assert set(far["n_neurons"]) == {1}
    assert set(rows["names"]) == set(study.VOCABULARIES)


def test_unknown_method(tmp_path: Path) -> None:
    with pytest.raises(ChoiceError, match="SVM, retrained"):
        study.fewer_neurons(small(), DRAWS, Store(tmp_path), ["SVM"])


# Tables


def test_information_bits() -> None:
    counts = np.array([[[5, 0], [0, 5]], [[4, 4], [1, 1]], [[0, 0], [0, 0]], [[3, 1], [1, 3]]])
    entropy = -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))
    np.testing.assert_allclose(information_bits(counts), [1, 0, 0, 1 - entropy], atol=1e-12)


def made_up() -> pd.DataFrame:
    """Two worms, members that train on one of them; neuron a is best at home, b abroad."""
    score = {("a", True): 0.9, ("b", True): 0.8, ("a", False): 0.7, ("b", False): 0.85}
    score |= {("a+b", True): 1.0, ("a+b", False): 0.95}
    return pd.DataFrame(
        {
            "method": "SVM",
            "n_train": 1,
            "n_neurons": neurons.count("+") + 1,
            "neurons": neurons,
            "subset": subset,
            "fold": 0,
            "worm": worm,
            "seen": subset == worm,
            "accuracy": score[neurons, subset == worm],
            "balanced_accuracy": score[neurons, subset == worm],
            "information_bits": score[neurons, subset == worm] / 2,
            "majority": 0.6,
        }
        for neurons in ("a", "b", "a+b")
        for subset in ("w1", "w2")
        for worm in ("w1", "w2")
    )


def test_the_neuron_is_chosen_on_training_worms() -> None:
    chosen = singles.chosen_neuron(made_up())
    assert set(chosen["neuron"]) == {"a"}
    assert set(chosen["accuracy"]) == {0.7}
    assert set(chosen["accuracy_all"]) == {0.95}
    share = singles.kept(chosen).set_index("sense")["share"]
    assert share["accuracy"] == pytest.approx(0.7 / 0.95)
    assert share["above majority"] == pytest.approx(0.1 / 0.35)
    assert share["above chance"] == pytest.approx(0.2 / 0.45)
    assert share["information"] == pytest.approx(0.7 / 0.95)


def test_a_neuron_that_may_not_be_chosen() -> None:
    assert set(singles.chosen_neuron(made_up(), without=["a"])["neuron"]) == {"b"}


def test_single_neurons_by_worm() -> None:
    rows = made_up()
    rows.loc[(rows["neurons"] == "a") & (rows["worm"] == "w2"), "balanced_accuracy"] = 0.1
    wide = singles.by_worm(rows, "SVM", 1)
    assert list(wide.index) == ["b", "a"]
    assert wide.loc["a"].to_dict() == {"w1": 0.7, "w2": 0.1}


def test_tables_by_number_and_neuron() -> None:
    rows = made_up()
    rows.loc[(rows["neurons"] == "a") & (rows["worm"] == "w1") & ~rows["seen"], "accuracy"] = 0.5
    number = tables.by_number(tables.over_members(rows)).set_index("n_neurons")
    assert number.loc[1, "mean"] == pytest.approx((0.5 + 0.7 + 0.85 + 0.85) / 4)
    assert number.loc[1, "sd_sets"] == pytest.approx(np.std([0.6, 0.85], ddof=1))
    assert number.loc[1, "sd_worms"] == pytest.approx(np.std([0.675, 0.775], ddof=1))
    assert (number["worms"] == 2).all()
    assert number["sets"].tolist() == [2, 1]
    assert np.isnan(number.loc[2, "sd_sets"])
    neuron = singles.by_neuron(rows, "accuracy").set_index(["seen", "neurons"])
    assert neuron.loc[(False, "a"), "mean"] == pytest.approx(0.6)
    assert neuron.loc[(True, "b"), "mean"] == pytest.approx(0.8)


def test_versus_pairs_the_same_members_and_worms() -> None:
    rows = made_up()
    found = tables.versus(rows, rows["neurons"] == "b", rows["neurons"] == "a")
    assert found.difference == pytest.approx(15)
    assert (found.n_pairs, found.n_worms) == (2, 2)


def test_every_method_against_one() -> None:
    rows = made_up()
    better = rows.assign(method="MLP", accuracy=rows["accuracy"] - 0.02)
    table = tables.over_members(pd.concat([rows, better])).query("not seen")
    found = tables.against(table, "SVM")
    assert set(found["method"]) == {"MLP"}
    assert found["n_neurons"].tolist() == [1, 2]
    np.testing.assert_allclose(found["difference"], -2)
    assert found["n_pairs"].tolist() == [4, 2]


def test_enough_is_where_a_method_stays_near_its_best() -> None:
    summary = pd.DataFrame({"method": "A", "n_train": 1, "n_neurons": [1, 2, 3, 5, 9]})
    means = {"late": (0.7, 0.95, 0.8, 0.945, 0.95), "first": (0.95,) * 5}
    found = {
        name: tables.enough(summary.assign(mean=mean))["enough"].item()
        for name, mean in means.items()
    }
    assert found == {"late": 5, "first": 1}


def test_readers_beside_a_base() -> None:
    rows = made_up().query("n_neurons == 2").assign(names="two", method="MLP")
    other = rows.assign(method="reader", accuracy=rows["accuracy"] - 0.1, n_neurons=3)
    found = tables.readers(pd.concat([rows, other]), ("MLP", "two")).set_index("method")
    assert found.loc["MLP", "accuracy"] == pytest.approx(0.95)
    assert np.isnan(found.loc["MLP", "difference"])
    assert found.loc["reader", "difference"] == pytest.approx(-10)
    assert found.loc["reader", "worst"] == pytest.approx(0.85)
    assert found.loc["reader", "neurons"] == 3


def test_a_faster_mlp_is_another_one_on_the_same_draws(tmp_path: Path) -> None:
    slow = dropping.retrained_mlp(small(), DRAWS[:2], Store(tmp_path))
    fast = faster_mlp(small(), DRAWS[:2], Store(tmp_path))
    same = ["neurons", "subset", "worm", "seen", "n_frames", "majority"]
    pd.testing.assert_frame_equal(slow[same], fast[same])
    assert not slow["accuracy"].equals(fast["accuracy"])


def test_manifests_name_what_decides_the_numbers() -> None:
    made = ("metrics", *(f"neuron_subsets.{n}" for n in ("scoring", "draws", "study", "tables")))
    assert {f"wormgnn.{name}" for name in made} <= set(reference.CODE)
    keyed = {*dropping.CODE, *dropping.SVM_CODE, *rates.CODE, *reading.CODE, *cohort_module.CODE}
    assert keyed < set(reference.CODE)


def test_reference_tables_hold_what_the_chapter_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "SIZES", (1, 15))
    monkeypatch.setattr(reference, "N_TRAIN", (1,))
    recordings = tiny_worms(2, neurons=PAPER_NEURONS)
    profile = replace(SMALL, epochs=1)
    found = reference.subset_tables(recordings, profile, Store(tmp_path), 1, 0)
    table = tables.with_names(found["neuron_subsets"], found["neuron_draws"])
    worms = cohort(recordings, PAPER_NEURONS, profile, (1,))
    draws = draw_subsets(PAPER_NEURONS, (1, 15), 1)
    rows = study.fewer_neurons(worms, draws, Store(tmp_path))
    wanted = tables.over_members(rows).query("not seen")
    pd.testing.assert_frame_equal(tables.by_number(table), tables.by_number(wanted), atol=1e-4)
    singled = found["neuron_singles"]
    assert set(singled["n_neurons"]) == {1, 15}
    assert len(singles.chosen_neuron(singled)) == 2 * 2


@pytest.mark.real_data
def test_all_named_neurons_of_the_kato_worms(kato_file: Path) -> None:
    recordings = kato.read(kato_file)
    assert len(vocabulary(recordings)) == 58
    worms = cohort(recordings, vocabulary(recordings), SMALL, (4,))
    assert worms.present.sum(axis=1).tolist() == [38, 44, 32, 47, 32]
    assert worms.present.all(axis=0).sum() == 23


@pytest.mark.real_data
def test_one_neuron_reads_an_unseen_kato_worm(kato_file: Path, tmp_path: Path) -> None:
    """AVA, from which the labels were drawn, reads another worm alone; ALA tells nothing."""
    profile = Profile("one", subsets_per_size=1, folds=(0,), epochs=1)
    worms = cohort(kato.read(kato_file), PAPER_NEURONS, profile, (1,))
    rows = dropping.retrained_svm(worms, [("AVAR",), ("ALA",)], Store(tmp_path))
    unseen = rows[~rows["seen"]].groupby("neurons")["balanced_accuracy"]
    assert unseen.min()["AVAR"] > 0.85
    assert unseen.mean()["ALA"] == pytest.approx(0.5, abs=0.05)


@pytest.mark.real_data
def test_one_threshold_on_one_trace_does_as_well(kato_file: Path) -> None:
    """A second way to the surprising number: AVAR above a level chosen on four other worms."""
    worms = [features(worm, ("AVAR",), 2) for worm in kato.read(kato_file)]
    labelled = [(w.x[0, 0, w.y >= 0], w.y[w.y >= 0]) for w in worms]
    for number, (trace, states) in enumerate(labelled):
        others = [pair for other, pair in enumerate(labelled) if other != number]
        x, y = (np.concatenate(part) for part in zip(*others, strict=True))
        levels = np.quantile(x, np.linspace(0.02, 0.98, 49))
        best = levels[np.argmax([((x > level) == y).mean() for level in levels])]
        assert ((trace > best) == states).mean() > 0.9
