from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner, Result
from matplotlib.figure import Figure

from recordings import small_worms
from wormgnn import decode_files
from wormgnn.cli import main
from wormgnn.datasets import registry
from wormgnn.datasets.layouts import write as write_layout
from wormgnn.decode import Decoded, decode, labels, score, summary
from wormgnn.decoder import (
    MIN_MEMBERS,
    MODEL,
    Decoder,
    plan_named,
    train_decoder,
    usable_neurons,
)
from wormgnn.errors import ChoiceError, NeuronError, OutputError, StateError
from wormgnn.features import features
from wormgnn.plots.decoding import decoding
from wormgnn.profiles import PROFILES, Profile
from wormgnn.recording import NO_STATE, PAPER_NEURONS, Recording
from wormgnn.store import Store

NEURONS = ("AIBL", "AVAL", "AVAR", "AVBL", "AVER", "RIMR", "RMER", "VB01", "VB02")
SCALE = Profile("tiny", subsets_per_size=None, folds=(0,), epochs=120)


@pytest.fixture(scope="module")
def train() -> list[Recording]:
    return small_worms(3, duration_s=120.0)


@pytest.fixture(scope="module")
def mine() -> Recording:
    """A worm of another rate that the training worms do not hold."""
    worm = small_worms(4, duration_s=100.0)[3]
    return replace(worm, worm="mine").resample(4.3)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def decoder(train: list[Recording], store: Store) -> Decoder:
    return train_decoder(train, NEURONS, plan_named("mlp", 2), SCALE, store, "cpu")


@pytest.fixture(scope="module")
def decoded(decoder: Decoder, mine: Recording) -> Decoded:
    return decode(decoder, mine)


def test_ensemble_has_one_member_for_each_fold(decoder: Decoder) -> None:
    assert decoder.members == MIN_MEMBERS
    assert len(decoder.left_out) == MIN_MEMBERS * 3
    assert decoder.left_out["n_train"].unique().tolist() == [2]
    assert {w in s.split("+") for w, s in decoder.left_out[["worm", "subset"]].to_numpy()} == {
        False
    }


def test_members_differ(decoder: Decoder) -> None:
    weights = next(iter(decoder.model.parameters()))
    assert not torch.allclose(weights[0], weights[1])


def test_decoder_comes_from_the_store(
    train: list[Recording], store: Store, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wormgnn.protocol.fit", lambda *_: pytest.fail("trained again"))
    again = train_decoder(train, NEURONS, plan_named("mlp", 2), SCALE, store, "cpu")
    for a, b in zip(decoder.model.parameters(), again.model.parameters(), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("model", ["mlp", "gnn"])
def test_equals_the_model_itself(
    model: str, train: list[Recording], mine: Recording, store: Store
) -> None:
    """At the decoder's own rate nothing is interpolated: the networks' softmax, averaged."""
    scale = replace(SCALE, epochs=2)
    made = train_decoder(train, NEURONS, plan_named(model, 2), scale, store, "cpu")
    worm = mine.resample(made.fps)
    x = torch.from_numpy(features(worm, NEURONS, 2).x)
    rows = torch.linspace(0, x.shape[-1] - 1, made.plan.edge_frames).round().long()
    with torch.no_grad():
        wanted = made.model(x, x[..., rows]).softmax(1).mean(0).T.numpy()
    np.testing.assert_allclose(decode(made, worm).probabilities, wanted, atol=1e-5)


def test_probabilities(decoded: Decoded, mine: Recording) -> None:
    assert decoded.probabilities.shape == (mine.n_frames, 2)
    np.testing.assert_allclose(decoded.probabilities.sum(1), 1, atol=1e-6)
    np.testing.assert_array_equal(decoded.states, decoded.probabilities.argmax(1))
    assert decoded.agreement.min() >= 1 / MIN_MEMBERS
    assert decoded.agreement.max() <= 1


def test_labels_play_no_part(decoder: Decoder, decoded: Decoded, mine: Recording) -> None:
    other = replace(mine, states=np.zeros(mine.n_frames, dtype=np.int64), vocabulary=("omega",))
    np.testing.assert_array_equal(decode(decoder, other).probabilities, decoded.probabilities)


def test_it_decodes(decoded: Decoded, mine: Recording) -> None:
    found = score(decoded)
    wanted = labels(mine, 2)
    known = wanted != NO_STATE
    assert found["scored_frames"] == known.sum()
    assert found["accuracy"] == pytest.approx((decoded.states == wanted)[known].mean())
    assert found["balanced_accuracy"] > 0.7


def test_table_and_summary_agree(decoded: Decoded, mine: Recording) -> None:
    table, line = decoded.table(), summary(decoded)
    np.testing.assert_array_equal(table["time_s"], mine.times)
    assert line["fraction_reverse"] == pytest.approx((table["state"] == "reverse").mean())
    assert line["bouts"] == 1 + (table["state"] != table["state"].shift()).iloc[1:].sum()
    named = table[["p_forward", "p_reverse"]].max(axis=1)
    assert line["mean_probability"] == pytest.approx(named.mean())


def test_nothing_to_score(mine: Recording) -> None:
    bare = replace(mine, states=np.full(mine.n_frames, NO_STATE))
    with pytest.raises(StateError, match="mine: field 'states': expected frames labelled forward"):
        labels(bare, 2)


def test_usable_neurons(train: list[Recording], mine: Recording) -> None:
    some = mine.select(["VB01", "AVAL", "RIMR", "ALA"])
    used, missing = usable_neurons(train, some)
    assert used == ("ALA", "AVAL", "RIMR", "VB01")
    assert missing == tuple(n for n in PAPER_NEURONS if n not in used)


def test_too_few_neurons(train: list[Recording], mine: Recording) -> None:
    with pytest.raises(NeuronError, match=r"mine: expected 3 or more .*AIBL, .*; found AVAL, RID"):
        usable_neurons(train, mine.select(["AVAL", "RID"]))


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        (lambda: plan_named("svm", 2), "unknown model 'svm': choose one of mlp, gnn"),
        (lambda: plan_named(MODEL, 3), "unknown number of states 3"),
        (lambda: usable_neurons([], None, "all"), "unknown set of neurons 'all'"),  # type: ignore[arg-type]
    ],
)
def test_choices(choose: object, message: str) -> None:
    with pytest.raises(ChoiceError, match=message):
        choose()  # type: ignore[operator]


def as_csv(recording: Recording, path: Path, **changes: object) -> Path:
    states = [recording.vocabulary[s] if s != NO_STATE else "" for s in recording.states]
    columns = {n: recording.traces[:, i] for i, n in enumerate(recording.neurons) if n}
    table = pd.DataFrame({"time_s": recording.times, "state": states, **columns})
    table = table.assign(**changes)
    table.to_csv(path, index=False)
    return path


@pytest.fixture
def run(
    train: list[Recording], store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> object:
    """The command, with small training worms and a tiny profile."""
    monkeypatch.setenv("WORMGNN_STORE", str(store.folder))
    monkeypatch.setitem(PROFILES, "smoke", replace(SCALE, name="smoke"))
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda n: train if n == "simulated" else load(n))

    def invoke(*arguments: object) -> Result:
        common = ("decode", "--train", "simulated", "--profile", "smoke", "--device", "cpu")
        folder = ("--output", tmp_path / "out")
        return CliRunner().invoke(main, [str(a) for a in (*common, *folder, *arguments)])

    return invoke


def test_command(run, mine: Recording, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
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


def test_nothing_is_overwritten(run, mine: Recording, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
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
def test_refuses_before_it_trains(  # type: ignore[no-untyped-def]
    run, mine: Recording, tmp_path: Path, columns: list[str], options: tuple[object, ...],
    message: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(decode_files, "train_decoder", lambda *_: pytest.fail("trained"))
    table = pd.read_csv(as_csv(mine, tmp_path / "mine.csv"))[columns]
    table.to_csv(tmp_path / "mine.csv", index=False)
    result = run(*options, tmp_path / "mine.csv")
    assert result.exit_code == 1
    assert message in result.output
    assert not (tmp_path / "out").exists()


def test_frame_rate_from_the_command(run, mine: Recording, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = as_csv(mine, tmp_path / "mine.csv")
    pd.read_csv(path).drop(columns="time_s").to_csv(path, index=False)
    assert run("--fps", 4.3, path).exit_code == 0
    times = pd.read_csv(tmp_path / "out" / "mine.states.csv")["time_s"]
    np.testing.assert_allclose(times, np.arange(mine.n_frames) / 4.3)


def test_unknown_format(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "mine.csv"
    path.write_bytes(b"\x89PNG\r\n")
    assert "expected MATLAB v7.3 (HDF5), WormWideWeb JSON, NPZ or CSV" in run(path).output


def test_two_files_of_one_name(train: list[Recording], mine: Recording, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    files = [as_csv(mine, tmp_path / folder / "mine.csv") for folder in ("a", "b")]
    settings = decode_files.Settings(2, MODEL, "paper", SCALE)
    with pytest.raises(OutputError, match=r"a/mine\.csv and .*b/mine\.csv would both"):
        decode_files.jobs(files, train, settings)


def test_training_worm_is_told(decoder: Decoder, train: list[Recording]) -> None:
    job = decode_files.Job(Path("x.csv"), train[0], NEURONS, (), "x")
    settings = decode_files.Settings(2, MODEL, "paper", SCALE)
    found = decode(decoder, train[0])
    assert decode_files.line(job, found, train, settings)["trained_on"] is True
    assert decode_files.line(job, found, train[1:], settings)["trained_on"] is False


def test_failed_figure_leaves_no_half_file(
    decoded: Decoded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object, path: Path) -> None:
        Path(path).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)
    job = decode_files.Job(Path("x.csv"), decoded.recording, NEURONS, (), "x")
    with pytest.raises(OSError, match="disk full"):
        decode_files.write(job, decoded, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["x.states.csv"]


@pytest.mark.parametrize("layout", ["kato", "kato-older", "nichols", "wormwideweb"])
def test_every_layout_is_decoded(
    layout: str, train: list[Recording], store: Store, tmp_path: Path
) -> None:
    worms = small_worms(2, duration_s=60.0, seed=9)
    files = write_layout(
        worms, tmp_path / f"theirs{'.json' if layout[0] == 'w' else '.mat'}", layout
    )
    settings = decode_files.Settings(2, MODEL, "paper", SCALE, score=True)
    found = decode_files.jobs(files, train, settings)
    for job, decoded in decode_files.decode_jobs(found, train, settings, store):
        decode_files.write(job, decoded, tmp_path)
    tables = sorted(tmp_path.glob("*.states.csv"))
    assert len(tables) == 2
    assert [len(pd.read_csv(path)) for path in tables] == [worm.n_frames for worm in worms]


def strips(decoded: Decoded) -> list[str]:
    found = decoding(decoded, Figure())
    return [axes.get_ylabel() for axes in found.axes if axes.get_ylabel() in STRIPS]


STRIPS = ("decoded", "labelled")


def test_figure_shows_labels_that_it_can(decoded: Decoded) -> None:
    assert strips(decoded) == ["decoded", "labelled"]
    n = decoded.recording.n_frames
    unknown = replace(decoded.recording, states=np.zeros(n, dtype=np.int64), vocabulary=("omega",))
    assert strips(replace(decoded, recording=unknown)) == ["decoded"]
    bare = replace(decoded.recording, states=np.full(n, NO_STATE))
    assert strips(replace(decoded, recording=bare)) == ["decoded"]
