from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from matplotlib.figure import Figure

from recordings import small_worms
from wormgnn import decoding
from wormgnn.cli import main
from wormgnn.datasets import registry
from wormgnn.decoding import (
    MIN_MEMBERS,
    MODEL,
    decode,
    decoder_plan,
    labels,
    score,
    train_decoder,
    usable_neurons,
)
from wormgnn.errors import ChoiceError, NeuronError, OutputError, StateError
from wormgnn.features import features
from wormgnn.plan import PROFILES, Profile
from wormgnn.plots.decode import decoding as draw
from wormgnn.recording import NO_STATE, PAPER_NEURONS
from wormgnn.store import Store

NEURONS = ("AIBL", "AVAL", "AVAR", "AVBL", "AVER", "RIMR", "RMER", "VB01", "VB02")
SCALE = Profile("tiny", subsets_per_size=None, folds=(0,), epochs=120)


@pytest.fixture(scope="module")
def train():
    return small_worms(3, duration_s=120.0)


@pytest.fixture(scope="module")
def mine():
    """A worm of another rate that the training worms do not hold."""
    worm = small_worms(4, duration_s=100.0)[3]
    return replace(worm, worm="mine").resample(4.3)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def decoder(train, store):
    return train_decoder(train, NEURONS, decoder_plan("mlp", 2), SCALE, store, "cpu")


@pytest.fixture(scope="module")
def decoded(decoder, mine):
    return decode(decoder, mine)


def test_ensemble_has_one_member_for_each_fold(decoder):
    assert decoder.members == MIN_MEMBERS
    assert len(decoder.left_out) == MIN_MEMBERS * 3
    assert decoder.left_out["n_train"].unique().tolist() == [2]
    assert {w in s.split("+") for w, s in decoder.left_out[["worm", "subset"]].to_numpy()} == {
        False
    }


def test_decoder_comes_from_the_store(train, store, decoder, monkeypatch):
    monkeypatch.setattr("wormgnn.tasks.frames.fit", lambda *_: pytest.fail("trained again"))
    again = train_decoder(train, NEURONS, decoder_plan("mlp", 2), SCALE, store, "cpu")
    for a, b in zip(decoder.model.parameters(), again.model.parameters(), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("model", ["mlp", "gnn"])
def test_equals_the_model_itself(model, train, mine, store):
    """At the decoder's own rate nothing is interpolated: the networks' softmax, averaged."""
    scale = replace(SCALE, epochs=2)
    made = train_decoder(train, NEURONS, decoder_plan(model, 2), scale, store, "cpu")
    worm = mine.resample(made.fps)
    x = torch.from_numpy(features(worm, NEURONS, 2).x)
    rows = torch.linspace(0, x.shape[-1] - 1, made.plan.edge_frames).round().long()
    with torch.no_grad():
        wanted = made.model(x, x[..., rows]).softmax(1).mean(0).T.numpy()
    np.testing.assert_allclose(decode(made, worm).probabilities, wanted, atol=1e-5)


def test_it_decodes(decoded, mine):
    found = score(decoded)
    wanted = labels(mine, 2)
    known = wanted != NO_STATE
    assert found["scored_frames"] == known.sum()
    assert found["accuracy"] == pytest.approx((decoded.states == wanted)[known].mean())
    assert found["balanced_accuracy"] > 0.7


def test_nothing_to_score(mine):
    bare = replace(mine, states=np.full(mine.n_frames, NO_STATE))
    with pytest.raises(StateError, match="mine: field 'states': expected frames labelled forward"):
        labels(bare, 2)


def test_usable_neurons(train, mine):
    some = mine.select(["VB01", "AVAL", "RIMR", "ALA"])
    used, missing = usable_neurons(train, some)
    assert used == ("ALA", "AVAL", "RIMR", "VB01")
    assert missing == tuple(n for n in PAPER_NEURONS if n not in used)


def test_too_few_neurons(train, mine):
    with pytest.raises(NeuronError, match=r"mine: expected 3 or more .*AIBL, .*; found AVAL, RID"):
        usable_neurons(train, mine.select(["AVAL", "RID"]))


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        (lambda: decoder_plan("svm", 2), "unknown model 'svm': choose one of mlp, gnn"),
        (lambda: decoder_plan(MODEL, 3), "unknown number of states 3"),
        (lambda: usable_neurons([], None, "all"), "unknown set of neurons 'all'"),
    ],
)
def test_choices(choose, message):
    with pytest.raises(ChoiceError, match=message):
        choose()


def as_csv(recording, path, **changes):
    states = [recording.vocabulary[s] if s != NO_STATE else "" for s in recording.states]
    columns = {n: recording.traces[:, i] for i, n in enumerate(recording.neurons) if n}
    table = pd.DataFrame({"time_s": recording.times, "state": states, **columns})
    table = table.assign(**changes)
    table.to_csv(path, index=False)
    return path


@pytest.fixture
def run(train, store, monkeypatch, tmp_path):
    """The command, with small training worms and a tiny profile."""
    monkeypatch.setenv("WORMGNN_STORE", str(store.folder))
    monkeypatch.setitem(PROFILES, "smoke", replace(SCALE, name="smoke"))
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda n: train if n == "simulated" else load(n))

    def invoke(*arguments):
        common = ("decode", "--train", "simulated", "--profile", "smoke", "--device", "cpu")
        folder = ("--output", tmp_path / "out")
        return CliRunner().invoke(main, [str(a) for a in (*common, *folder, *arguments)])

    return invoke


def test_command(run, mine, tmp_path):
    result = run("--score", as_csv(mine, tmp_path / "mine.csv"))
    assert result.exit_code == 0, result.output
    out = tmp_path / "out"
    assert sorted(p.name for p in out.iterdir()) == ["mine.png", "mine.states.csv", "summary.csv"]
    table = pd.read_csv(out / "mine.states.csv")
    np.testing.assert_allclose(table["time_s"], mine.times)
    np.testing.assert_allclose(table["p_forward"] + table["p_reverse"], 1)
    line = pd.read_csv(out / "summary.csv").iloc[0]
    assert line["neurons"] == " ".join(PAPER_NEURONS)
    assert not line["trained_on"]
    truth = np.array([None, "forward", "reverse"], dtype=object)[labels(mine, 2) + 1]
    known = truth != None  # noqa: E711
    assert line["accuracy"] == pytest.approx((table["state"] == truth)[known].mean(), abs=1e-5)
    assert (out / "mine.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_is_overwritten(run, mine, tmp_path):
    path = as_csv(mine, tmp_path / "mine.csv")
    summary_file = tmp_path / "out" / "summary.csv"
    summary_file.parent.mkdir()
    summary_file.write_text("precious")
    refused = run(path)
    assert refused.exit_code == 1
    assert "not overwritten without --force" in refused.output
    assert str(summary_file) in refused.output
    assert [p.name for p in summary_file.parent.iterdir()] == ["summary.csv"]
    assert run("--force", path).exit_code == 0
    assert summary_file.read_text() != "precious"


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (["time_s", "AVAL", "RID"], (), "found AVAL, RID among the 2"),
        (["time_s", "AVAL", "RID", "ALA"], ("--score",), "found no labels"),
        (["AVAL", "RID", "ALA"], (), "field 'time_s': expected seconds"),
        (["time_s", "AVAL", "RID", "ALA"], ("--states", 5), "unknown number of states 5"),
        (["time_s", "AVAL", "RID", "ALA"], ("--model", "svm"), "unknown model 'svm'"),
    ],
)
def test_refuses_before_it_trains(
    run, mine, tmp_path, columns, options,
    message, monkeypatch,
):  # fmt: skip
    monkeypatch.setattr(decoding, "train_decoder", lambda *_: pytest.fail("trained"))
    table = pd.read_csv(as_csv(mine, tmp_path / "mine.csv"))[columns]
    table.to_csv(tmp_path / "mine.csv", index=False)
    result = run(*options, tmp_path / "mine.csv")
    assert result.exit_code == 1
    assert message in result.output
    assert not (tmp_path / "out").exists()


def test_two_files_of_one_name(train, mine, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    files = [as_csv(mine, tmp_path / folder / "mine.csv") for folder in ("a", "b")]
    settings = decoding.Settings(2, MODEL, "paper", SCALE)
    with pytest.raises(OutputError, match=r"a/mine\.csv and .*b/mine\.csv would both"):
        decoding.jobs(files, train, settings)


def test_training_worm_is_told(decoder, train):
    job = decoding.Job(Path("x.csv"), train[0], NEURONS, (), "x")
    settings = decoding.Settings(2, MODEL, "paper", SCALE)
    found = decode(decoder, train[0])
    assert decoding.summary_line(job, found, train, settings)["trained_on"] is True
    assert decoding.summary_line(job, found, train[1:], settings)["trained_on"] is False


def test_failed_figure_leaves_no_half_file(decoded, tmp_path, monkeypatch):
    def fail(self, path):
        Path(path).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)
    job = decoding.Job(Path("x.csv"), decoded.recording, NEURONS, (), "x")
    with pytest.raises(OutputError, match="disk full"):
        decoding.write(job, decoded, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["x.states.csv"]


def strips(decoded):
    found = draw(decoded, Figure())
    return [axes.get_ylabel() for axes in found.axes if axes.get_ylabel() in STRIPS]


STRIPS = ("decoded", "labelled")


def test_figure_shows_labels_that_it_can(decoded):
    assert strips(decoded) == ["decoded", "labelled"]
    n = decoded.recording.n_frames
    unknown = replace(decoded.recording, states=np.zeros(n, dtype=np.int64), vocabulary=("omega",))
    assert strips(replace(decoded, recording=unknown)) == ["decoded"]
    bare = replace(decoded.recording, states=np.full(n, NO_STATE))
    assert strips(replace(decoded, recording=bare)) == ["decoded"]
