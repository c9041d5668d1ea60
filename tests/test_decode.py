"""The decoder in scikit-learn's conventions, its files, and the commands `decode` and `train`."""

from __future__ import annotations

import bz2
import json
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
from sklearn.model_selection import GridSearchCV, LeaveOneOut, cross_val_score

from recordings import as_csv, small_worms
from wormgnn import decoding
from wormgnn.cli import main
from wormgnn.datasets import kato, registry, wormwideweb
from wormgnn.datasets.layouts import write as write_layout
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
from wormgnn.linear import MIN_NEURONS, WHOLE, laboratory_of, views
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
    drifting = replace(mine, traces=mine.traces + drift, derivatives=None)
    changed = []
    for seconds in (*BANDS_S, WHOLE):
        x, other = (
            views(worm, ["AVAL", "NOBODY", "RID"], seconds).reshape(mine.n_frames, 3, 2)
            for worm in (mine, drifting)
        )
        assert (x[:, 1] == 0).all()
        np.testing.assert_allclose(x[:, [0, 2]].mean(0), 0, atol=1e-9)
        np.testing.assert_allclose(x[:, [0, 2]].std(0), 1)
        changed.append(np.abs(other - x)[..., 0].mean())
    assert changed == sorted(changed) and changed[0] < changed[-1] / 5


def test_local_equals_the_regression_by_hand(train, decoder):
    """Worms and their states weigh alike; missing frames are left out."""
    linear = decoder.laboratories_["simulated"].local
    x = np.concatenate([views(worm, linear.neurons, WHOLE) for worm in train])
    y = np.concatenate([merge(worm, 2) for worm in train])
    counts = [np.bincount(merge(w, 2)[merge(w, 2) >= 0]) for w in train]
    of_frame = np.concatenate([np.full(w.n_frames, i) for i, w in enumerate(train)])
    weights = 3000 / 2 / np.array(counts)[of_frame, y]
    known = y != NO_STATE
    model = LogisticRegression(C=decoder.C, max_iter=1000)
    model.fit(x[known], y[known], sample_weight=weights[known])
    logits = linear.logits(train[0])
    np.testing.assert_allclose(
        logits[:, 1] - logits[:, 0],
        model.decision_function(views(train[0], linear.neurons, WHOLE)),
        atol=1e-4,
    )


@pytest.mark.parametrize("n_states", [2, 4, 7])
def test_it_decodes(train, mine, n_states):
    decoder = BehaviourDecoder(n_states).fit(train)
    found = decoder.predict(mine)
    assert set(found) <= set(decoder.classes_) and len(decoder.classes_) == n_states
    assert decoder.score(mine) > {2: 0.75, 4: 0.6, 7: 0.4}[n_states]


def test_left_out_scores_are_those_of_a_decoder_without_the_worm(train, decoder):
    rest = BehaviourDecoder().fit(train[1:])
    rows = decoder.left_out_
    mine = rows[(rows["worm"] == train[0].worm) & (rows["decoder"] == rest.trust(train[0]).decoder)]
    assert mine["balanced_accuracy"].iloc[0] == pytest.approx(rest.score(train[0]))
    assert mine["distance"].iloc[0] == pytest.approx(rest.trust(train[0]).distance)


def test_two_laboratories(train):
    theirs = simulate_other_lab(n_worms=3, duration_s=200.0)
    both = BehaviourDecoder().fit([*train, *theirs])
    assert list(both.laboratories_) == ["simulated", "elsewhere"]
    assert set(both.left_out_["decoder"]) == {"general", "abroad", "local"}
    alone = BehaviourDecoder(like="general").fit(train)
    rows = both.left_out_[both.left_out_["decoder"] == "abroad"].set_index("worm")
    found = rows.loc[theirs[0].worm, "balanced_accuracy"].iloc[0]
    assert found == pytest.approx(alone.score(theirs[0]))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda w: w[:1], TrainingError, "expected two worms or more to train on, found 1"),
        (lambda w: [w[0], w[0]], RecordingError, "each worm's name once"),
        (
            lambda w: [replace(x, states=np.full(x.n_frames, NO_STATE)) for x in w],
            StateError,
            "expected worms labelled forward, reverse; found none",
        ),
        (lambda w: [x.select(["AVAL", "RID"]) for x in w], NeuronError, "expected 3 neurons"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(train, change, error, message):
    with pytest.raises(error, match=message):
        BehaviourDecoder().fit(change(train))


# --- scikit-learn's conventions ------------------------------------------------------------------


def test_conventions(train, mine):
    decoder = BehaviourDecoder(n_states=4, C=1e-3)
    assert clone(decoder).get_params() == decoder.get_params() == {
        "n_states": 4, "C": 1e-3, "bands_s": BANDS_S, "smooth_s": 0.7, "level": 0.99,
        "like": "",
    }  # fmt: skip
    for method in ("predict", "predict_proba", "score", "trust", "intervals"):
        with pytest.raises(NotFittedError):
            getattr(decoder, method)(mine)
    with pytest.raises(NotFittedError):
        decoder.save("nothing.npz")
    with pytest.raises(ValueError, match="Invalid parameter 'c'"):
        decoder.set_params(c=1)
    with pytest.raises(ChoiceError, match="number of states 3"):
        BehaviourDecoder(3).fit(train)
    scores = cross_val_score(BehaviourDecoder(), train, cv=LeaveOneOut())
    assert scores.shape == (4,) and scores.mean() > 0.7
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
    states = decoder.predict(given)
    assert isinstance(states, nap.Tsd)
    np.testing.assert_array_equal(
        decoder.classes_[states.values.astype(int)], decoder.predict(mine)
    )
    intervals = decoder.intervals(given)
    assert set(intervals) == {"forward", "reverse"}
    reverse = intervals["reverse"]
    assert isinstance(reverse, nap.IntervalSet) and len(reverse) > 1
    middle = nap.Ts(t=mine.times + 0.25 / mine.fps)
    inside = np.isin(middle.times(), middle.restrict(reverse).times())
    np.testing.assert_array_equal(inside, states.values == 1)
    every = sum(one.tot_length() for one in intervals.values())
    assert every == pytest.approx(mine.n_frames / mine.fps, rel=1e-3)
    pd.testing.assert_series_equal(decoder.predict([mine, given])[0], decoder.predict(mine))
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
    assert MIN_NEURONS == 3


def test_uneven_frames_gaps_and_rates(decoder, mine):
    every = np.arange(mine.n_frames)
    uneven = np.sort(np.random.default_rng(0).choice(every, mine.n_frames // 2, replace=False))
    some = of_frames(mine, uneven)
    known = merge(some, 2) != NO_STATE
    agree = decoder.predict(some).to_numpy() == decoder.predict(mine).to_numpy()[uneven]
    assert agree[known].mean() > 0.9
    with pytest.raises(RecordingError, match=r"a gap of 10\.\d s after 11\.4 s \(frame 49\)"):
        decoder.predict(of_frames(mine, every[(every < 50) | (every > 92)]))
    with pytest.raises(RecordingError, match=r"4\.3 frames per second by the times, 9 by"):
        decoder.predict(replace(mine, fps=9.0))


def of_frames(recording, frames):
    times = recording.times[frames]
    return replace(
        recording,
        traces=recording.traces[frames],
        states=recording.states[frames],
        times=times,
        fps=(len(times) - 1) / (times[-1] - times[0]),
    )


def test_an_odd_recording_is_told_by_its_distance():
    """One whose traces are dealt anew to the neurons; not one with noise or drift of each neuron.

    What neurons do not share hides the leading mode of activity, but turns it little.
    """
    *train, mine = simulate(6, duration_s=200.0, mixing=0.0)
    decoder = BehaviourDecoder().fit(train)
    order = np.random.default_rng(1).permutation(len(mine.neurons))
    odd = replace(mine, traces=mine.traces[:, order], derivatives=None)
    found = decoder.trust(odd)
    assert found.limit < found.distance and np.isnan(found.expected)
    assert (found.laboratory, found.decoder) == ("", "general")
    assert "unlike the training worms" in found.sentence()
    assert "label some minutes" in found.sentence()
    names = ("as recorded", "drift, half a standard deviation", "noise, one standard deviation")
    for how in (study.DISTURBANCES[name] for name in names):
        usual = decoder.trust(study.disturbed(mine, np.random.default_rng(0), **how))
        assert (usual.laboratory, usual.decoder) == ("simulated", "local")
        assert usual.distance < usual.limit
        assert "as near to the training worms of simulated" in usual.sentence()


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
    assert "like a worm of kato, as was asked, but is unlike them" in asked.sentence()
    with pytest.raises(ChoiceError, match="unknown laboratory 'dag': choose one of kato"):
        package.set_params(like="dag").predict(mine)


# --- files ---------------------------------------------------------------------------------------


def test_a_saved_decoder_comes_back(decoder, train, mine, tmp_path):
    decoder.save(tmp_path / "my.npz")
    again = BehaviourDecoder.load(tmp_path / "my.npz")
    assert again.get_params() == decoder.get_params()
    assert (again.digest, again.version_) == (decoder.digest, decoder.version_)
    assert BehaviourDecoder.load().digest != again.digest
    assert "trained on this recording" in again.trust(train[0]).sentence()
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
    pickled, damaged = tmp_path / "pickled.npz", tmp_path / "damaged.npz"
    np.savez(pickled, manifest=np.array({"pickled": True}, dtype=object))
    damaged.write_bytes(b"PK")
    for other in (pickled, damaged):
        with pytest.raises(SourceError, match=rf"{other.name}: expected a decoder written by"):
            BehaviourDecoder.load(other)


@pytest.mark.parametrize("n_states", [2, 4, 7])
def test_the_package_has_weights(n_states, mine):
    decoder = BehaviourDecoder.load(n_states=n_states)
    assert len(decoder.classes_) == n_states
    assert decoder.predict_proba(mine).shape == (mine.n_frames, n_states)
    path = registry.Path(decoding.__file__).parent / "weights" / f"decoder-{n_states}.npz"
    assert path.stat().st_size < 1_000_000
    with np.load(path, allow_pickle=False) as archive:
        manifest = json.loads(str(archive["manifest"]))
    worms = [worm for lab in manifest["laboratories"] for worm in lab["worms"]]
    assert len(worms) == (9 if n_states == 2 else 5)  # turns are not labelled elsewhere


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
    bare = replace(mine, states=np.full(mine.n_frames, NO_STATE))
    with pytest.raises(StateError, match="mine: field 'states': expected frames labelled forward"):
        decoder.score(bare)


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
    assert set(written) == {"mine.html", "mine.json", "mine.states.csv", "summary.csv"}
    table = pd.read_csv(out / "mine.states.csv")
    np.testing.assert_allclose(table["time_s"], mine.times, atol=1e-4)
    np.testing.assert_allclose(table["p_forward"] + table["p_reverse"], 1, atol=2e-4)
    line = pd.read_csv(out / "summary.csv").iloc[0]
    assert set(PAPER_NEURONS) <= set(line["neurons"].split())
    assert line["in_words"] in result.output
    codes = labels(mine, 2)
    right = table["state"] == np.array(["forward", "reverse", ""])[codes]
    assert line["accuracy"] == pytest.approx(right[codes != NO_STATE].mean(), abs=1e-5)
    refused = run("--states", 4, path)
    assert refused.exit_code == 1 and "not overwritten without --force" in refused.output
    assert str(out / "summary.csv") in refused.output
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


MORE = ["time_s", "AVAL", "RID", "ALA"]


@pytest.mark.parametrize(
    ("columns", "unit_s", "options", "message"),
    [
        (["time_s", "AVAL", "RID"], 1, (), "found AVAL, RID among the 2"),
        (MORE, 1, ("--score",), "found no labels"),
        (["AVAL", "RID", "ALA"], 1, (), "field 'time_s': expected seconds"),
        (MORE, 1, ("--states", 5), "unknown number of states 5"),
        (MORE, 1, ("--fps", 9), "by the times, 9 by the frame rate"),
        (MORE, 60, (), "are the times in minutes or milliseconds?"),
        (MORE, 1e-3, (), "are the times in minutes or milliseconds?"),
    ],
)
def test_refuses_before_it_writes(run, mine, tmp_path, columns, unit_s, options, message):
    table = pd.read_csv(as_csv(mine, tmp_path / "mine.csv"))
    table = table.assign(time_s=table["time_s"] / unit_s)[columns]
    table.to_csv(tmp_path / "mine.csv", index=False)
    result = run(*options, tmp_path / "mine.csv")
    assert result.exit_code == 1
    assert message in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["."], ": expected a regular file, found a folder: name its files"),
        (["empty.csv"], "empty.csv: expected MATLAB v7.3 or NWB (HDF5), WormWideWeb JSON, NPZ or"),
        (["old.mat"], "found an older MATLAB file: save it anew with -v7.3"),
        (["words.txt"], "found a file that begins with b'AVAL RID'"),
        (["mine.csv", "mine.csv"], "mine.csv: expected each recording once, found it again"),
        (["mine.csv", "--weights", "mine.csv"], "found no NumPy archive"),
        (["mine.csv", "--weights", "gone.npz"], "gone.npz: expected a file that can be read"),
        (["mine.csv", "--like", "mars"], "unknown laboratory 'mars': choose one of kato, general"),
        (["mine.csv", "--fps", "900"], "or the right --fps"),
        (["mine.csv", "--output", "words.txt/out"], "cannot write into words.txt/out: Not a dir"),
    ],
)
def test_a_wrong_call_says_what_was_found(run, mine, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    as_csv(mine, tmp_path / "mine.csv")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "old.mat").write_bytes(b"MATLAB 5.0 MAT-file, Platform: GLNXA64")
    (tmp_path / "words.txt").write_text("AVAL RID")
    before = sorted(tmp_path.iterdir())
    result = run(*words)
    assert result.exit_code == 1 and result.output.count("\n") == 1, result.output
    assert message in result.output
    assert sorted(path for path in tmp_path.iterdir() if path.name != "out") == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--on ''", "--on: expected folders, or some of simulated, kato"),
        ("--on simulated --states 3", "unknown number of states 3"),
        ("--on x.csv", "unknown dataset 'x.csv': choose one of simulated, kato"),
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


# --- files that laboratories have ----------------------------------------------------------------


def table_of(mine, path, sep=",", decimal=".", turned=False, **options):
    names = [name for name in mine.neurons if name]
    table = pd.DataFrame(mine.select(names).traces, columns=names)
    table.insert(0, "time_s", mine.times)
    if turned:
        table.T.to_csv(path, header=False)
    else:
        table.to_csv(path, sep=sep, decimal=decimal, index=False, **options)
    return path


@pytest.mark.parametrize(
    "options",
    [
        {"encoding": "utf-8-sig"},
        {"sep": ";"},
        {"sep": "\t"},
        {"sep": ";", "decimal": ","},
        {"sep": "\t", "decimal": ",", "encoding": "utf-8-sig"},
        {"turned": True},
    ],
    ids=str,
)
def test_tables_of_every_kind_are_read_alike(mine, tmp_path, options):
    (found,) = registry.read(table_of(mine, tmp_path / "mine.csv", **options))
    (wanted,) = registry.read(table_of(mine, tmp_path / "plain.csv"))
    assert found.neurons == wanted.neurons and "AVAL" in found.neurons
    np.testing.assert_allclose(found.traces, wanted.traces)
    np.testing.assert_allclose(found.times, wanted.times)


def test_a_frame_rate_stands_in_for_times(run, mine, tmp_path):
    path, names = tmp_path / "mine.csv", [name for name in mine.neurons if name]
    traces = mine.select(names).traces
    pd.DataFrame(traces.T, index=names).to_csv(path)  # turned; its header is 0, 1, 2, ...
    (found,) = registry.read(path, fps=4.3)
    np.testing.assert_allclose(found.traces, traces)
    with pytest.raises(SourceError, match=r"mine\.csv: field 'time_s': expected seconds"):
        registry.read(path)
    assert run("--fps", 4.3, path).exit_code == 0
    times = pd.read_csv(tmp_path / "out" / "mine.states.csv")["time_s"]
    np.testing.assert_allclose(times, np.arange(mine.n_frames) / 4.3, atol=1e-4)


def test_short_gaps_are_filled_and_long_ones_refused(mine, tmp_path):
    path = table_of(mine, tmp_path / "mine.csv")
    table = pd.read_csv(path)
    table.loc[10:12, "AVAL"] = np.nan
    table.to_csv(path, index=False)
    with pytest.warns(UserWarning, match=r"mine\.csv: field 'AVAL': 3 empty cells were"):
        (found,) = registry.read(path)
    trace = found.select(["AVAL"]).traces[:, 0]
    np.testing.assert_allclose(trace[9:14], np.linspace(trace[9], trace[13], 5))
    table.loc[13, "AVAL"] = np.nan
    table.to_csv(path, index=False)
    wanted = r"mine\.csv: field 'AVAL': expected 3 empty .*, found 4 empty cells from row 12"
    with pytest.raises(SourceError, match=wanted):
        registry.read(path)
    table.assign(AVAL=1.0, time_s=table["time_s"].mask(table.index == 5)).to_csv(path, index=False)
    with pytest.raises(SourceError, match=r"field 'time_s': expected a number in every frame"):
        registry.read(path)


def in_2026(content):
    """A file's fields as wormwideweb.org serves them since 2026."""
    return {
        "timing": {"timestamp_confocal": content["timestamp_confocal"], "max_t": 1},
        "gcamp": {"trace_array_original": content["trace_original"]},
        "behavior": {name: content[name] for name in ("velocity", "reversal_events")},
        "metadata": {"uid": "x"},
        "label": content["labeled"],
    }


def test_wormwideweb_of_2026(tmp_path):
    (worm,) = small_worms(1)
    (old,) = write_layout([worm], tmp_path / "old.json")
    content = json.loads(old.read_text())
    text = json.dumps(in_2026(content))
    (tmp_path / "new.json").write_text(text)
    (tmp_path / "new.json.bz2").write_bytes(bz2.compress(text.encode()))
    (wanted,) = registry.read(old)
    for name in ("new.json", "new.json.bz2"):
        (found,) = registry.read(tmp_path / name)
        assert found.worm == "new" and found.digest == wanted.digest
    (tmp_path / "bad.json").write_text(text.replace('"label"', '"labels"'))
    with pytest.raises(SourceError, match=r"bad\.json: field 'labeled'"):
        registry.read(tmp_path / "bad.json")
    (tmp_path / "bad.json.bz2").write_bytes(bz2.compress(text.encode())[:50])
    with pytest.raises(SourceError, match=r"bad\.json\.bz2: expected a JSON file"):
        registry.read(tmp_path / "bad.json.bz2")


def test_reversals_past_the_end_are_cut_off(tmp_path):
    (path,) = write_layout(small_worms(1), tmp_path / "x.json")
    content = json.loads(path.read_text())
    frames = len(content["timestamp_confocal"])
    content["reversal_events"] = [[2, 5], [frames - 1, frames + 1], [frames + 4, frames + 9]]
    path.write_text(json.dumps(content))
    with pytest.warns(UserWarning, match=rf"2 of 3 end past the {frames} frames"):
        (found,) = registry.read(path)
    assert np.flatnonzero(found.states == 1).tolist() == [2, 3, 4, frames - 1]
    content["reversal_events"] = [[2, frames + 5], [6, 8]]
    path.write_text(json.dumps(content))
    with pytest.raises(SourceError, match="reversal_events"):
        registry.read(path)


def test_real_files_of_2026(dag_folder):
    folder = dag_folder.parent / "wormwideweb2026"
    (wanted,) = registry.read(dag_folder / "2022-07-26-31.json")
    for path in folder.glob("*.json*"):
        assert registry.read(path)[0].digest == wanted.digest
