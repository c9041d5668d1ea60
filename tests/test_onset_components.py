"""Onset decoding (Fig. 1E) and principal components (Fig. S1) on recordings with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wormgnn.baselines import components, onset
from wormgnn.errors import RecordingError
from wormgnn.recording import Recording
from wormgnn.states import FOUR

NEURONS = ("AVAL", "AVAR", "RIML", "RIMR")


def worm(name: str, signs: tuple[int, ...], seed: int, n_frames: int = 1500) -> Recording:
    """Reversals of 20 of every 60 frames; each neuron follows them with its own sign."""
    rng = np.random.default_rng(seed)
    frame = np.arange(n_frames)
    reverse = (frame % 60 >= 40).astype(np.int64)
    smooth = np.convolve(reverse, np.ones(5) / 5, mode="same")
    traces = np.outer(smooth, signs) + 0.1 * rng.standard_normal((n_frames, len(signs)))
    return Recording(name, "made", traces, NEURONS, 2.5, reverse, FOUR)


def test_own_neurons_tell_the_onset_and_opposite_worms_do_not() -> None:
    signs = [(1, -1, 1, -1), (-1, 1, -1, 1), (1, -1, 1, -1), (-1, 1, -1, 1)]
    scores, curves = onset.decode_all([worm(f"w{k}", s, k) for k, s in enumerate(signs)], NEURONS)
    auc = scores.groupby("decoder").auc.mean()
    assert auc["own neurons"] > 0.95
    assert auc["average of other worms"] < 0.7
    assert set(scores.decoder) == set(onset.DECODERS) and len(scores) == 12
    peak = curves[curves.decoder == "own neurons"].groupby("lag_s").probability.mean()
    assert abs(peak.idxmax()) <= 1.0


def test_average_of_alike_worms_tells_the_onset() -> None:
    same = [worm(f"w{k}", (1, -1, 1, -1), k) for k in range(3)]
    scores, _ = onset.decode_all(same, NEURONS)
    assert scores[scores.decoder == "average of other worms"].auc.min() > 0.95


def test_average_is_the_mean_over_worms_of_one_onset_each() -> None:
    others = [
        onset.Trials("a", np.full((2, 3, 1), 1.0)),
        onset.Trials("b", np.full((4, 3, 1), 3.0)),
    ]
    mean = onset.averaged(others, np.random.default_rng(0))
    assert mean.shape == (4, 3, 1)
    np.testing.assert_array_equal(mean, 2.0)


def test_worm_without_onsets_is_named() -> None:
    with pytest.raises(RecordingError, match="w9: 3 onsets"):
        onset.trials(worm("w9", (1, 1, 1, 1), 0, 200), NEURONS)


def test_axes_are_principal_and_signed() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 6)) * [5, 3, 2, 0.5, 0.5, 0.5]
    x -= x.mean(axis=0)
    axes = components.axes_of(x)
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(np.abs(axes), np.abs(np.linalg.svd(x)[2][:3].T), atol=1e-9)
    assert (axes[np.abs(axes).argmax(axis=0), range(3)] > 0).all()
    with pytest.raises(RecordingError, match="3 neurons"):
        components.axes_of(x[:, :2])


def test_variance_of_three_signals_is_all() -> None:
    base = worm("w0", (1, 1, 1, 1), 0)
    mixing = np.random.default_rng(1).standard_normal((3, 4))
    latent = np.random.default_rng(2).standard_normal((1500, 3))
    flat = Recording("w1", "made", latent @ mixing, NEURONS, 2.5, base.states, FOUR)
    assert components.own([flat], 4)[0].variance.sum() == pytest.approx(1.0)
    table = components.variance([flat], (1.0,))
    assert list(table.columns) == ["worm", "smoothing_s", "peak", "variance"]
    np.testing.assert_allclose(table.variance, 1.0)


def test_pooled_axes_carry_opposite_worms_apart() -> None:
    """States of one worm look like the opposite states of its mirror image."""
    ramp = np.cumsum(worm("w", (1, 1, 1, 1), 0).states - 1 / 3)[:, None]  # slope says the state
    noise = np.random.default_rng(0).standard_normal((2, 1500, 4))
    base = worm("w", (1, 1, 1, 1), 0)
    alike = [replace(base, traces=ramp * [1, -1, 2, -2] + 0.1 * noise[k]) for k in range(2)]
    mirror = [alike[0], replace(alike[1], traces=-alike[1].traces)]
    good, bad = (components.pooled(w, 2, NEURONS) for w in (alike, mirror))
    assert components.knn_within(good[0]) > 0.8
    assert (
        components.knn_across(good[0], good[1:])
        > 0.8
        > 0.4
        > components.knn_across(bad[0], bad[1:])
    )
    assert components.silhouette(good[:1]) > 0.1
