"""The manifold as a reader and its tables, onset decoding (Fig. 1E) and components (Fig. S1)."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cycles import CYCLE, cycle
from wormgnn.errors import RecordingError
from wormgnn.paper.studies import components, manifold
from wormgnn.paper.studies.manifold import horizon, score, sensitivity
from wormgnn.recording import Recording
from wormgnn.states import FOUR

NEURONS = ("AVAL", "AVAR", "RIML", "RIMR")


def test_choice_never_sees_the_worm_it_is_for():
    """For worm a the pairs without a must decide, however good the other choice is on a."""
    table = pd.DataFrame(
        [
            (choice, "+".join(subset), n, worm, ("a" in (*subset, worm)) == (choice == 0))
            for choice, n in itertools.product((0, 1), (1, 2))
            for subset in itertools.combinations("abc", n)
            for worm in sorted(set("abc") - set(subset))
        ],
        columns=["choice", "subset", "n_train", "worm", "balanced_accuracy"],
    ).assign(model=manifold.CHOICE, seen=False, split="none", n_frames=9)
    lines = "choice " + table["choice"].astype(str)
    table = table.assign(line=lines, macro_f1=0, information_bits=0)
    plain = table[:1].assign(model="ADMM", line="ADMM")
    trained_on = plain.assign(seen=True, n_frames=0)  # no frame is left to score
    with_folds = plain.assign(split="shuffled")  # scored on its own worm alone
    both = SimpleNamespace(rows=pd.concat([plain, trained_on, with_folds, table]))
    found = manifold.two_states(both).set_index("worm")
    assert list(found["line"]) == ["ADMM", *[manifold.CHOICE] * 3]
    chosen = found[found["line"] == manifold.CHOICE]
    assert (chosen["n_train"] == 2).all()
    # choice 0 is right wherever a takes part, and there alone; for a choice 1 was taken
    assert chosen["balanced_accuracy"].astype(int).to_dict() == {"a": 0, "b": 1, "c": 1}


def test_worms_left_out_and_horizons_on_a_cycle():
    worms = [cycle(name, 400, seed=k) for k, name in enumerate("abc")]
    varied = sensitivity(worms, CYCLE, {"n_phases": (4, 20)})
    assert all(row.worm not in row.subset.split("+") for row in varied.itertuples())
    assert varied.groupby("value")["default"].all().to_dict() == {"20": True, "4": False}
    table = horizon(worms, replace(CYCLE, n_phases=50), dict.fromkeys("abc", 5.0), (0.0, 5.0))
    means = table[table.horizon_s == 5.0].groupby("model").accuracy.mean()
    assert means["manifold"] > 0.85
    assert means["persistence"] < 0.1 and means["marginal"] < 0.6
    assert means["dwell times"] > 0.9  # a square wave of two states is known from its state


def test_score_by_hand():
    found = score(np.array([0, 0, 1, 0, 1]), np.array([0, 0, 0, 1, -1]))
    expected = {"accuracy": 0.5, "balanced_accuracy": 1 / 3, "majority": 0.75, "n_frames": 4}
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    with pytest.raises(RecordingError):
        score(np.array([0]), np.array([-1]))


def worm(name, signs, seed, n_frames=1500):
    """Reversals of 20 of every 60 frames; each neuron follows them with its own sign."""
    rng = np.random.default_rng(seed)
    frame = np.arange(n_frames)
    reverse = (frame % 60 >= 40).astype(np.int64)
    smooth = np.convolve(reverse, np.ones(5) / 5, mode="same")
    traces = np.outer(smooth, signs) + 0.1 * rng.standard_normal((n_frames, len(signs)))
    return Recording(name, "made", traces, NEURONS, 2.5, reverse, FOUR)


def test_own_neurons_tell_the_onset_and_other_worms_only_if_alike():
    signs = [(1, -1, 1, -1), (-1, 1, -1, 1)] * 2
    differ, alike = ([worm(f"w{k}", s, k) for k, s in enumerate(s)] for s in (signs, signs[::2]))
    scores, curves = components.decode_onsets(differ, NEURONS)
    auc = scores.groupby("decoder").auc.mean()
    assert auc["own neurons"] > 0.95 and auc["average of other worms"] < 0.7
    peak = curves[curves.decoder == "own neurons"].groupby("lag_s").probability.mean()
    assert abs(peak.idxmax()) <= 1.0
    scores, _ = components.decode_onsets([*alike, worm("w9", signs[0], 9)], NEURONS)
    assert scores[scores.decoder == "average of other worms"].auc.min() > 0.95


def test_axes_are_principal_and_signed():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 6)) * [5, 3, 2, 0.5, 0.5, 0.5]
    x -= x.mean(axis=0)
    axes = components.axes_of(x)
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(np.abs(axes), np.abs(np.linalg.svd(x)[2][:3].T), atol=1e-9)
    assert (axes[np.abs(axes).argmax(axis=0), range(3)] > 0).all()
    with pytest.raises(RecordingError, match="3 neurons"):
        components.axes_of(x[:, :2])
