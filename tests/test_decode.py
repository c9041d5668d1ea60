"""The decoder in scikit-learn's conventions, its files, and the commands `decode` and `train`."""

from __future__ import annotations

import shlex
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.stats import t as student
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from recordings import as_csv, small_worms
from wormgnn.cli import main
from wormgnn.datasets import kato, wormwideweb
from wormgnn.datasets.simulated import simulate, simulate_other_lab
from wormgnn.decoder import (
    BANDS_S,
    UNSURE,
    BehaviourDecoder,
    as_recording,
    labels,
)
from wormgnn.decoding import decode, score, summary
from wormgnn.errors import (
    ChoiceError,
    NeuronError,
    RecordingError,
    SourceError,
    StateError,
    TrainingError,
)
from wormgnn.linear import WHOLE, laboratory_of, views
from wormgnn.paper.studies import decoder as study
from wormgnn.recording import NO_STATE, PAPER_NEURONS
from wormgnn.results import table
from wormgnn.states import merge


@pytest.fixture(scope="module")
def train():
    return small_worms(4, duration_s=120.0)


@pytest.fixture(scope="module")
def mine():
    """A worm of another rate that the training worms do not hold."""
    worm = small_worms(5, duration_s=100.0)[4]
    return replace(worm, worm="mine").resample(4.3)


@pytest.fixture(scope="module")
def decoder(train):
    return BehaviourDecoder().fit(train)


@pytest.fixture(scope="module")
def decoded(decoder, mine):
    return decode(mine, decoder)


# --- features and fit ----------------------------------------------------------------------------


def test_views_are_standardised_and_short_windows_leave_a_slow_drift_aside(mine):
    drift = 3 * np.sin(2 * np.pi * mine.times / 400)[:, None]
    worms = (mine, replace(mine, traces=mine.traces + drift, derivatives=None))
    changed = []
    for seconds in (*BANDS_S, WHOLE):
        neurons, shape = ["AVAL", "NOBODY", "RID"], (mine.n_frames, 3, 2)
        x, other = (views(worm, neurons, seconds).reshape(shape) for worm in worms)
        assert (x[:, 1] == 0).all()
        np.testing.assert_allclose(x[:, [0, 2]].mean(0), 0, atol=1e-9)
        np.testing.assert_allclose(x[:, [0, 2]].std(0), 1)
        changed.append(np.abs(other - x)[..., 0].mean())
    assert changed == sorted(changed) and changed[0] < changed[-1] / 5


def test_local_equals_the_regression_by_hand(train, decoder):
    """Worms and their states weigh alike; missing frames are left out."""
    linear = decoder.laboratories_["simulated"].local
    x, y, weights = [], [], []
    for worm in train:
        codes = merge(worm, 2)
        known = codes != NO_STATE
        x.append(views(worm, linear.neurons, WHOLE)[known])
        y.append(codes[known])
        weights.append(3000 / 2 / np.bincount(codes[known])[codes[known]])
    model = LogisticRegression(C=decoder.C, max_iter=1000)
    model.fit(np.concatenate(x), np.concatenate(y), sample_weight=np.concatenate(weights))
    logits, wanted = linear.logits(train[0]), views(train[0], linear.neurons, WHOLE)
    found = logits[:, 1] - logits[:, 0]
    np.testing.assert_allclose(found, model.decision_function(wanted), atol=1e-4)


@pytest.mark.parametrize("n_states", [2, 4, 7])
def test_it_decodes(train, mine, n_states):
    decoder = BehaviourDecoder(n_states).fit(train)
    found = decoder.predict(mine)
    assert set(found) <= set(decoder.classes_) and len(decoder.classes_) == n_states
    assert decoder.score(mine) > {2: 0.75, 4: 0.6, 7: 0.4}[n_states]


def test_left_out_scores_are_those_of_a_decoder_without_the_worm(train, decoder):
    rest = BehaviourDecoder().fit(train[1:])
    trust, rows = rest.trust(train[0]), decoder.left_out_
    mine = rows[(rows["worm"] == train[0].worm) & (rows["decoder"] == trust.decoder)].iloc[0]
    assert mine["balanced_accuracy"] == pytest.approx(rest.score(train[0]))
    assert mine["distance"] == pytest.approx(trust.distance)
    theirs = simulate_other_lab(n_worms=3, duration_s=200.0)
    both = BehaviourDecoder().fit([*train, *theirs])
    assert list(both.laboratories_) == ["simulated", "elsewhere"]
    rows = both.left_out_.set_index(["decoder", "worm"])
    assert set(rows.index.unique("decoder")) == {"general", "abroad", "local"}
    abroad = rows.loc["abroad"].loc[theirs[0].worm].iloc[0]["balanced_accuracy"]
    alone = BehaviourDecoder(like="general").fit(train)
    assert abroad == pytest.approx(alone.score(theirs[0]))


@pytest.mark.parametrize(
    ("n_states", "change", "error", "message"),
    [
        (2, lambda w: w[:1], TrainingError, "expected two worms or more to train on, found 1"),
        (2, lambda w: [w[0], w[0]], RecordingError, "each worm's name once"),
        (2, lambda w: map(bare, w), StateError, "labelled forward, reverse; found none"),
        (2, lambda w: [x.select(["AVAL", "RID"]) for x in w], NeuronError, "expected 3 neurons"),
        (3, list, ChoiceError, "number of states 3"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(train, n_states, change, error, message):
    with pytest.raises(error, match=message):
        BehaviourDecoder(n_states).fit(change(train))


def bare(worm):
    return replace(worm, states=np.full(worm.n_frames, NO_STATE))


# --- scikit-learn's conventions ------------------------------------------------------------------


def test_conventions(train, mine):
    decoder = BehaviourDecoder(n_states=4, C=1e-3)
    assert clone(decoder).get_params() == decoder.get_params() == {
        "n_states": 4, "C": 1e-3, "bands_s": BANDS_S, "smooth_s": 0.7, "level": 0.99,
        "like": "",
    }  # fmt: skip
    for method in ("predict", "predict_proba", "score", "trust", "intervals", "save"):
        with pytest.raises(NotFittedError):
            getattr(decoder, method)("nothing.npz")
    search = GridSearchCV(BehaviourDecoder(), {"C": [1e-9, 3e-4]}, cv=[([0, 1, 2], [3])])
    search.fit(train)
    assert search.best_estimator_.C == 3e-4
    assert (search.predict(mine) == search.best_estimator_.predict(mine)).all()


def frame_of(worm):
    names = [name for name in worm.neurons if name]
    return pd.DataFrame(worm.select(names).traces, index=worm.times, columns=names)


def test_probabilities(decoder, mine):
    table = decoder.predict_proba(mine)
    assert list(table.columns) == ["forward", "reverse"] and table.index.name == "time_s"
    np.testing.assert_allclose(table.sum(axis=1), 1)
    np.testing.assert_allclose(table.index, mine.times)
    assert (decoder.predict(mine) == table.idxmax(axis=1)).all()
    frame = frame_of(mine)
    for same in decoder.predict_proba([mine, frame]):
        pd.testing.assert_frame_equal(same, table)
    with pytest.raises(TypeError, match="expected a Recording, a DataFrame"):
        decoder.predict(np.zeros((3, 3)))
    with pytest.raises(RecordingError, match="index: expected seconds that rise"):
        as_recording(frame.set_axis(-frame.index))


def test_pynapple_in_and_out(decoder, mine):
    nap = pytest.importorskip("pynapple")
    frame = frame_of(mine)
    given = nap.TsdFrame(t=frame.index.to_numpy(), d=frame.to_numpy(), columns=frame.columns)
    wanted = decoder.predict_proba(mine)
    found = decoder.predict_proba(given)
    assert isinstance(found, nap.TsdFrame) and list(found.columns) == ["forward", "reverse"]
    np.testing.assert_allclose(found.times(), mine.times)
    np.testing.assert_allclose(found.values, wanted)
    states = decoder.predict([mine, given])[1]
    assert isinstance(states, nap.Tsd)
    names = decoder.classes_[states.values.astype(int)]
    np.testing.assert_array_equal(names, decoder.predict(mine))
    intervals = decoder.intervals(given)
    middle = nap.Ts(t=mine.times + 0.25 / mine.fps)
    inside = np.isin(middle.times(), middle.restrict(intervals["reverse"]).times())
    np.testing.assert_array_equal(inside, states.values == 1)
    every = sum(one.tot_length() for one in intervals.values())
    assert every == pytest.approx(mine.n_frames / mine.fps, rel=1e-3)
    assert decode(given, decoder).probabilities.shape == wanted.shape


# --- any neurons, any rate -----------------------------------------------------------------------


def test_labels_scale_and_offset_play_no_part(decoder, mine):
    unlike = {"states": np.zeros(mine.n_frames, dtype=np.int64), "vocabulary": ("omega",)}
    other = replace(mine, traces=100 + 7 * mine.traces, derivatives=None, **unlike)
    pd.testing.assert_frame_equal(decoder.predict_proba(other), decoder.predict_proba(mine))


def test_any_named_neurons(decoder, mine):
    few = mine.select(["VB01", "AVAL", "RIMR", "AVAR"])
    trust = decoder.trust(few)
    assert set(trust.neurons) == {"AVAL", "AVAR", "RIMR", "VB01"}
    assert set(trust.neurons).isdisjoint(trust.missing)
    assert decoder.score(few) > 0.6
    assert trust.expected <= decoder.trust(mine).expected + 0.05
    with pytest.raises(NeuronError, match=r"mine: expected 3 .*AIBL, .*; found AVAL, RID among"):
        decoder.predict(mine.select(["AVAL", "RID"]))


def test_uneven_frames_gaps_and_rates(decoder, mine):
    def of_frames(frames):
        times = mine.times[frames]
        fps = (len(times) - 1) / (times[-1] - times[0])
        arrays = {"traces": mine.traces[frames], "states": mine.states[frames], "times": times}
        return replace(mine, **arrays, fps=fps)

    every = np.arange(mine.n_frames)
    uneven = np.sort(np.random.default_rng(0).choice(every, mine.n_frames // 2, replace=False))
    known = merge(of_frames(uneven), 2) != NO_STATE
    names = decoder.predict(of_frames(uneven)).to_numpy()
    assert (names == decoder.predict(mine).to_numpy()[uneven])[known].mean() > 0.9
    with pytest.raises(RecordingError, match=r"a gap of 10\.\d s after 11\.4 s \(frame 49\)"):
        decoder.predict(of_frames(every[(every < 50) | (every > 92)]))
    with pytest.raises(RecordingError, match=r"4\.3 frames per second by the times, 9 by"):
        decoder.predict(replace(mine, fps=9.0))


def test_an_odd_recording_is_told_by_its_distance():
    """Its traces are dealt anew to the neurons; noise or drift of each neuron is nothing odd."""
    *train, mine = simulate(6, duration_s=200.0, mixing=0.0)
    decoder = BehaviourDecoder().fit(train)
    order = np.random.default_rng(1).permutation(len(mine.neurons))
    found = decoder.trust(replace(mine, traces=mine.traces[:, order], derivatives=None))
    assert found.limit < found.distance and np.isnan(found.expected)
    assert (found.laboratory, found.decoder, found.position) == ("", "general", "unlike")
    for name in (
        "as recorded",
        "drift, half a standard deviation",
        "noise, one standard deviation",
    ):
        changed = study.disturbed(mine, np.random.default_rng(0), **study.DISTURBANCES[name])
        usual = decoder.trust(changed)
        assert (usual.laboratory, usual.decoder) == ("simulated", "local")
        assert usual.distance < usual.limit and usual.position == "near"


def test_the_distance_is_the_angle_of_the_leading_mode(train, mine):
    """By hand: leading singular vectors of z-scored traces, worms weighed alike."""
    lab = laboratory_of(train)
    neurons = [name for name in lab.neurons if name in mine.neurons]

    def mode(worms):
        traces = [w.select(neurons).traces for w in worms]
        z = [(x - x.mean(0)) / x.std(0) / np.sqrt(len(x)) for x in traces]
        return np.linalg.svd(np.concatenate(z), full_matrices=False)[2][0]

    def angle(worm, others):
        return np.arccos(abs(mode([worm]) @ mode(others)))

    own = np.array([angle(w, [o for o in train if o is not w]) for w in train])
    distance, limit = lab.distance(mine, level=0.9)
    assert distance == pytest.approx(angle(mine, train) / own.mean(), rel=1e-3)
    spread = own.std(ddof=1) * np.sqrt(1 + 1 / 4)
    assert limit == pytest.approx(1 + student.ppf(0.9, 3) * spread / own.mean(), rel=1e-3)


def test_who_recorded_the_worm_may_decide(train, decoder, mine):
    general = BehaviourDecoder(like="general").fit(train)
    assert (decoder.trust(mine).decoder, general.trust(mine).decoder) == ("local", "general")
    package = BehaviourDecoder.load()
    (mine,) = simulate(1, 200.0, mixing=1.0)  # unlike a worm of Kato's
    assert package.trust(mine).decoder == "general"
    asked = package.set_params(like="kato").trust(mine)
    assert (asked.decoder, asked.laboratory) == ("local", "kato") and asked.distance > asked.limit
    with pytest.raises(ChoiceError, match="unknown laboratory 'dag': choose one of kato"):
        package.set_params(like="dag").predict(mine)


# --- files ---------------------------------------------------------------------------------------


def test_a_saved_decoder_comes_back(decoder, train, mine, tmp_path):
    decoder.save(tmp_path / "my.npz")
    again = BehaviourDecoder.load(tmp_path / "my.npz")
    assert again.get_params() == decoder.get_params()
    assert (again.digest, again.version_) == (decoder.digest, decoder.version_)
    assert again.trust(train[0]).position == "trained"
    np.testing.assert_allclose(again.predict_proba(mine), decoder.predict_proba(mine), atol=1e-5)
    assert again.trust(mine).sentence() == decoder.trust(mine).sentence()
    pd.testing.assert_frame_equal(again.left_out_, decoder.left_out_)


def test_damaged_and_foreign_decoders_are_refused(decoder, tmp_path):
    path = tmp_path / "my.npz"
    decoder.save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    with pytest.raises(SourceError, match=r"my\.npz: field 'parameters': expected .* 4 states"):
        BehaviourDecoder.load(path, n_states=4)
    np.savez(path, **{**arrays, "general_coef": arrays["general_coef"] * 2})
    with pytest.raises(SourceError, match=r"my\.npz: field 'manifest': expected the checksum"):
        BehaviourDecoder.load(path)
    np.savez(path, manifest=np.array({"pickled": True}, dtype=object))
    for _ in ("pickled", "no archive"):
        with pytest.raises(SourceError, match=r"my\.npz: expected a decoder written by"):
            BehaviourDecoder.load(path)
        path.write_bytes(b"PK")


SHIPPED = {2: (9, "e2f6fbd6"), 4: (5, "12b3b534"), 7: (5, "662999bb")}
"""Worms that trained the decoders of the package (turns are not labelled elsewhere), digests."""


@pytest.mark.parametrize("n_states", SHIPPED)
def test_the_package_has_decoders(n_states, mine):
    decoder = BehaviourDecoder.load(n_states=n_states)
    assert decoder.predict_proba(mine).shape == (mine.n_frames, n_states)
    worms = [worm for lab in decoder.laboratories_.values() for worm in lab.worms]
    assert (len(worms), decoder.digest[:8]) == SHIPPED[n_states]


# --- decoded recordings --------------------------------------------------------------------------


def test_table_summary_and_score_agree(decoded, decoder, mine):
    table, line = decoded.table(), summary(decoded)
    assert line["fraction_reverse"] == pytest.approx((table["state"] == "reverse").mean())
    assert line["bouts"] == 1 + (table["state"] != table["state"].shift()).iloc[1:].sum()
    named = table[["p_forward", "p_reverse"]].max(axis=1)
    np.testing.assert_array_equal(table["unsure"], named < UNSURE)
    found, wanted = score(decoded), labels(mine, 2)
    known = wanted != NO_STATE
    assert found["scored_frames"] == known.sum()
    assert found["accuracy"] == pytest.approx((decoded.states == wanted)[known].mean())
    assert found["balanced_accuracy"] == pytest.approx(decoder.score(mine))
    with pytest.raises(StateError, match="mine: field 'states': expected frames labelled forward"):
        decoder.score(bare(mine))


# --- commands ------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path):
    """The command, with the weights of the package."""

    def invoke(*arguments):
        common = ("decode", "--output", tmp_path / "out")
        return CliRunner().invoke(main, [str(word) for word in (*common, *arguments)])

    return invoke


def test_command(run, mine, tmp_path):
    path, out = as_csv(mine, tmp_path / "mine.csv"), tmp_path / "out"
    result = run("--score", path)
    assert result.exit_code == 0, result.output
    written = {file.name: file.read_bytes() for file in out.iterdir()}
    table = pd.read_csv(out / "mine.states.csv")
    np.testing.assert_allclose(table["time_s"], mine.times, atol=1e-4)
    line = pd.read_csv(out / "summary.csv").iloc[0]
    assert set(PAPER_NEURONS) <= set(line["neurons"].split())
    assert line["in_words"] in result.output
    codes = labels(mine, 2)
    right = table["state"] == np.array(["forward", "reverse", ""])[codes]
    assert line["accuracy"] == pytest.approx(right[codes != NO_STATE].mean(), abs=1e-5)
    refused = run("--states", 4, path)
    assert refused.exit_code == 1 and "not overwritten without --force" in refused.output
    assert {file.name: file.read_bytes() for file in out.iterdir()} == written
    assert run("--states", 4, "--force", path).exit_code == 0
    assert (out / "summary.csv").read_bytes() != written["summary.csv"]


def test_train_and_decode(run, train, mine, tmp_path):
    folder = tmp_path / "lab"
    folder.mkdir()
    for worm in train:
        as_csv(worm, folder / f"{worm.worm}.csv")
    weights = tmp_path / "my.npz"
    command = ["train", "--on", str(folder), "--states", "4", "-o", str(weights)]
    found = CliRunner().invoke(main, command)
    assert found.exit_code == 0, found.output
    assert "lab simulated-1" in " ".join(found.output.split())
    again = CliRunner().invoke(main, command)
    assert again.exit_code == 1 and f"not overwritten without --force: {weights}" in again.output
    path = as_csv(mine, tmp_path / "mine.csv")
    assert run("--weights", weights, "--states", 4, path).exit_code == 0
    assert "p_ventral_turn" in pd.read_csv(tmp_path / "out" / "mine.states.csv")


def some(*columns, unit_s=1.0):
    """A change of a recording's table: some columns, times in another unit."""
    return lambda table: table.assign(time_s=table["time_s"] / unit_s)[list(columns)]


MORE = ("time_s", "AVAL", "RID", "ALA")


@pytest.mark.parametrize(
    ("words", "change", "message"),
    [
        ("mine.csv", some("time_s", "AVAL", "RID"), "found AVAL, RID among the 2"),
        ("mine.csv --score", some(*MORE), "found no labels"),
        ("mine.csv", some(*MORE[1:]), "field 'time_s': expected seconds"),
        ("mine.csv", some(*MORE, unit_s=60), "are the times in minutes or milliseconds?"),
        ("mine.csv", some(*MORE, unit_s=1e-3), "are the times in minutes or milliseconds?"),
        ("mine.csv --fps 9", None, "by the times, 9 by the frame rate"),
        ("mine.csv --fps 900", None, "or the right --fps"),
        ("mine.csv --states 5", None, "unknown number of states 5"),
        ("mine.csv mine.csv", None, "mine.csv: expected each recording once, found it again"),
        ("mine.csv --weights mine.csv", None, "found no NumPy archive"),
        ("mine.csv --weights gone.npz", None, "gone.npz: expected a file that can be read"),
        ("mine.csv --like mars", None, "unknown laboratory 'mars': choose one of kato, general"),
        ("mine.csv --output words.txt/out", None, "cannot write into words.txt/out: Not a dir"),
        (".", None, ": expected a regular file, found a folder: name its files"),
        ("empty.csv", None, "empty.csv: expected MATLAB v7.3 or NWB (HDF5), WormWideWeb JSON, NPZ"),
        ("old.mat", None, "found an older MATLAB file: save it anew with -v7.3"),
        ("words.txt", None, "found a file that begins with b'AVAL RID'"),
    ],
)
def test_a_wrong_call_says_what_was_found_before_it_writes(
    run, mine, tmp_path, monkeypatch, words, change, message
):
    monkeypatch.chdir(tmp_path)
    path = as_csv(mine, tmp_path / "mine.csv")
    if change:
        change(pd.read_csv(path)).to_csv(path, index=False)
    (tmp_path / "empty.csv").touch()
    (tmp_path / "old.mat").write_bytes(b"MATLAB 5.0 MAT-file, Platform: GLNXA64")
    (tmp_path / "words.txt").write_text("AVAL RID")
    before = sorted(tmp_path.iterdir())
    result = run(*words.split())
    assert result.exit_code == 1 and result.output.count("\n") == 1, result.output
    assert message in result.output
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--on ''", "--on: expected folders, or some of simulated, kato"),
        ("--on simulated --states 3", "unknown number of states 3"),
        ("--on x.csv", "a folder with recordings"),
        ("--on empty", "empty: expected recordings in this folder, found no file"),
        ("--on simulated -o my.csv", "my.csv: expected a name that ends in .npz, found"),
        ("--on simulated -o x.csv/my.npz", "cannot write into x.csv: "),
    ],
)
def test_train_refuses_before_it_works(tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").touch()
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(main, ["train", "-o", "my.npz", *shlex.split(words)])
    assert result.exit_code == 1 and message in result.output
    assert "training on" not in result.output
    assert {path.name for path in tmp_path.iterdir()} == {"x.csv", "empty"}


# --- real worms ----------------------------------------------------------------------------------


def test_real_worms_are_decoded_as_the_page_says(kato_file, dag_folder):
    train = kato.read(kato_file)
    scores = table("decoder_scores.kato").query("n_states == 2").set_index(["trained_on", "worm"])
    abroad = BehaviourDecoder().fit(train)
    (animal,) = wormwideweb.read(dag_folder / "2022-07-26-31.json")
    home = BehaviourDecoder().fit(train[1:])
    for decoder, worm in ((abroad, animal), (home, train[0])):
        wanted = scores.loc[("kato", worm.worm)]
        assert decoder.score(worm) == pytest.approx(wanted["balanced_accuracy"], abs=0.005)
        assert decoder.trust(worm).decoder == wanted["decoder"]
